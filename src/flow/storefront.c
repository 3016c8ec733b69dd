/*
 * Storefront: the script of a store's pages, and its cart links.
 *
 * Does:    puts the store's configuration into assets/storefront/pannier.js and serves it with a digest.
 * Doesn't: take anything in (beacon.c).
 * Keeps:   nothing secret is in the script: the publishable key and the public one may be seen by anybody.
 * Threads: HTTP.
 */
#include "flow/storefront.h"

#include "base/json.h"
#include "flow/cart_link.h"
#include "flow/reply.h"

#include <string.h>

#define SCRIPT_BYTES_MAX ((size_t)64 << 10)
#define MARK		 "{} /* config */"
#define CACHE		 "public, max-age=300"

extern const char asset_storefront_js[];
extern const size_t asset_storefront_js_len;

static struct str config_of(const struct settings_store *store, struct arena *arena)
{
	static const struct {
		const char *name;
		enum setting setting;
	} row[] = {
		{ "mode", SETTING_KEY_storefront_mode },
		{ "key", SETTING_KEY_storefront_key },
		{ "consent", SETTING_KEY_storefront_consent },
		{ "id_prefix", SETTING_KEY_id_prefix },
	};
	struct json *json = json_new_object();
	struct str text;

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		json_set(json, row[i].name, json_new_text(setting_text(store->value, row[i].setting)));
	json_set(json, "public_key",
		 json_new_text(setting_text(store->account->value, SETTING_KEY_public_key)));
	text = json_write_arena(json, false, arena);
	json_free(json);
	return text;
}

struct str storefront_text(const struct settings_store *store, struct arena *arena, struct str *etag)
{
	const char *mark = strstr(asset_storefront_js, MARK);
	size_t before = mark ? (size_t)(mark - asset_storefront_js) : asset_storefront_js_len;
	char hex[2 * sizeof(struct digest16) + 1];
	struct digest16 digest;
	struct strbuf buf;
	struct str text;

	strbuf_init(&buf, SCRIPT_BYTES_MAX);
	strbuf_add(&buf, asset_storefront_js, before);
	if (mark) {
		strbuf_add_str(&buf, config_of(store, arena));
		strbuf_add_text(&buf, mark + sizeof(MARK) - 1);
	}
	text = arena_dup(arena, strbuf_str(&buf));
	strbuf_release(&buf);
	digest = digest16_of(&text, 1);
	hex_encode(digest.byte, sizeof(digest.byte), hex);
	*etag = arena_printf(arena, "\"%s\"", hex);
	return text;
}

static void send_script(struct http_exchange *exchange, const struct settings_store *store)
{
	struct arena *arena = http_exchange_arena(exchange);
	struct str etag, text = storefront_text(store, arena, &etag);
	const struct http_header header[] = {
		{ STR("Content-Type"), STR("text/javascript; charset=utf-8") },
		{ STR("Cache-Control"), STR(CACHE) },
		{ STR("ETag"), etag },
		{ STR("X-Content-Type-Options"), STR("nosniff") },
		{ STR("Access-Control-Allow-Origin"), STR("*") },
		{ STR("Cross-Origin-Resource-Policy"), STR("cross-origin") },
	};
	bool known = reply_names_etag(http_exchange_header(exchange, "If-None-Match"), etag);

	http_reply(exchange, known ? 304 : 200, header, ARRAY_LEN(header), known ? STR("") : text);
}

void storefront_script(struct flow_ctx *ctx, struct http_exchange *exchange, struct str file)
{
	const struct snapshot *snapshot = settings_take(ctx->settings);
	const struct settings_store *store = NULL;

	if (str_ends(file, STR(".js")))
		store = snapshot_find_store(snapshot, str_of(file.p, file.len - 3));
	if (store)
		send_script(exchange, store);
	else
		reply_error(exchange, 404, 0, STR("no such store"));
	settings_release(ctx->settings, snapshot);
}

static void redirect(struct http_exchange *exchange, struct str url)
{
	const struct http_header header[] = {
		{ STR("Location"), url },
		{ STR("Cache-Control"), STR("no-store") },
		{ STR("Referrer-Policy"), STR("no-referrer") },
	};

	if (url.len > 0)
		http_reply(exchange, 302, header, ARRAY_LEN(header), STR(""));
	else
		reply_error(exchange, 404, 0, STR("there is no such cart"));
}

static struct str destination(const struct settings_store *store, struct str token, int64_t now_s,
			      struct arena *arena)
{
	struct str cart_id;

	if (setting_text(store->value, SETTING_KEY_cart_url_template).len > 0 &&
	    cart_link_open(store->secret, store->n_secret, store->name, token, now_s, arena, &cart_id) ==
		    CART_LINK_GOOD)
		return cart_link_target(store, cart_id, arena);
	return cart_link_home(store, arena);
}

void storefront_cart(struct flow_ctx *ctx, struct http_exchange *exchange, struct str name, struct str token)
{
	struct arena *arena = http_exchange_arena(exchange);
	const struct snapshot *snapshot = settings_take(ctx->settings);
	const struct settings_store *store = snapshot_find_store(snapshot, name);

	if (store)
		redirect(exchange, destination(store, token, clock_wall_ms(ctx->clock) / MS_PER_S, arena));
	else
		reply_error(exchange, 404, 0, STR("no such store"));
	settings_release(ctx->settings, snapshot);
}
