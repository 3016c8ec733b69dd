/*
 * Demo shop: the pages of assets/demo on a port of their own, and the orders placed there.
 *
 * Does:    serves the one page, its script and style under a strict Content-Security-Policy; makes a signed
 *          order.placed of what the checkout sends.
 * Doesn't: know prices: what the page says is believed. Nobody can buy anything here.
 * Threads: that of its HTTP server, which waits for the daemon's answer while an order is told; start and
 *          stop from the main thread.
 */
#include "cli/demo_site.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/rand.h"
#include "cli/demo.h"
#include "net/http_server.h"
#include "platform/webhook_sign.h"

#include <string.h>

#define BODY_BYTES_MAX ((size_t)16 << 10)
#define PAGE_BYTES_MAX ((size_t)64 << 10)
#define TIMEOUT_MS     5000
#define ID_BYTES       6

extern const char asset_demo_html[], asset_demo_js[], asset_demo_css[];
extern const size_t asset_demo_html_len, asset_demo_js_len, asset_demo_css_len;

struct demo_site {
	struct demo_site_config config;
	struct http_server *server;
	struct http_client *client; /* of the server's thread */
	struct arena arena;
	struct str url;
};

/* ---- pages ---- */

/* The page with its {marks} replaced. */
static struct str page_text(const struct demo_site *site, struct arena *arena)
{
	struct str rest = str_of(asset_demo_html, asset_demo_html_len), text;
	struct strbuf out;

	strbuf_init(&out, PAGE_BYTES_MAX);
	while (rest.len > 0) {
		if (str_starts(rest, STR("{pannier}"))) {
			strbuf_add_str(&out, site->config.script_url);
			rest = str_skip(rest, sizeof("{pannier}") - 1);
		} else if (str_starts(rest, STR("{sandbox}"))) {
			strbuf_add_str(&out, site->config.sandbox_url);
			rest = str_skip(rest, sizeof("{sandbox}") - 1);
		} else {
			strbuf_add_char(&out, rest.p[0]);
			rest = str_skip(rest, 1);
		}
	}
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static void send_page(const struct demo_site *site, struct http_exchange *exchange)
{
	struct arena *arena = http_exchange_arena(exchange);
	struct str daemon = site->config.daemon_url;
	const struct http_header header[] = {
		{ STR("Content-Type"), STR("text/html; charset=utf-8") },
		{ STR("Cache-Control"), STR("no-store") },
		{ STR("Content-Security-Policy"),
		  arena_printf(arena,
			       "default-src 'none'; script-src 'self' %.*s; connect-src 'self' %.*s; "
			       "style-src 'self'; "
			       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			       STR_ARG(daemon), STR_ARG(daemon)) },
	};

	http_reply(exchange, 200, header, ARRAY_LEN(header), page_text(site, arena));
}

static void send_asset(struct http_exchange *exchange, struct str type, struct str text)
{
	const struct http_header header[] = { { STR("Content-Type"), type },
					      { STR("Cache-Control"), STR("no-store") } };

	http_reply(exchange, 200, header, ARRAY_LEN(header), text);
}

static bool is_page(struct str path)
{
	static const char *const known[] = { "/", "/product", "/cart", "/checkout", "/thanks" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(path, str_from(known[i])))
			return true;
	return false;
}

/* ---- orders ---- */

static struct str now_text(const struct demo_site *site, struct arena *arena)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 64);
	time_format_rfc3339(clock_wall_ms(site->config.clock), &text);
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

/* order.placed of what the checkout sent. */
static struct str order_message(const struct demo_site *site, const struct json *from, struct str id,
				struct arena *arena)
{
	static const char *const copied[] = { "customer", "currency", "total", "lines" };
	struct json *message = json_new_object(), *data = json_new_object();
	struct str now = now_text(site, arena), text;

	json_set_text(data, "order_id", id);
	json_set_text(data, "number", id);
	json_set_text(data, "placed_at", now);
	for (size_t i = 0; i < ARRAY_LEN(copied); i++)
		if (json_get(from, copied[i]))
			json_set(data, copied[i], json_clone(json_get(from, copied[i])));
	json_set_text(message, "id", arena_printf(arena, "order-%.*s", STR_ARG(id)));
	json_set_text(message, "type", STR("order.placed"));
	json_set_text(message, "occurred_at", now);
	json_set(message, "data", data);
	text = json_write_arena(message, false, arena);
	json_free(message);
	return text;
}

static bool tell_order(struct demo_site *site, struct str id, struct str body, struct arena *arena,
		       struct err *err)
{
	struct http_header header[WEBHOOK_SIGN_HEADERS + 1] = { { STR("Content-Type"),
								  STR("application/json") } };
	struct http_call call = {
		.method = "POST",
		.url = site->config.hook_url,
		.header = header,
		.n_header = ARRAY_LEN(header),
		.body = body,
		.timeout_ms = TIMEOUT_MS,
	};
	struct str answer;
	int status = 0;

	webhook_sign(&site->config.secret, 1, arena_printf(arena, "msg_%.*s", STR_ARG(id)), body,
		     clock_wall_ms(site->config.clock), arena, header + 1);
	if (!http_client_fetch(site->client, &call, arena, &status, &answer, err))
		return false;
	return status < 300 || err_set(err, ERR_UNREACHABLE, "the daemon answered %d", status);
}

/* Only the shop's own pages: the port is open to whatever else the browser shows. */
static bool from_own_page(const struct demo_site *site, const struct http_exchange *exchange)
{
	return str_eq(http_exchange_header(exchange, "Origin"), demo_site_url(site));
}

static void take_order(struct demo_site *site, struct http_exchange *exchange)
{
	struct arena *arena = http_exchange_arena(exchange);
	unsigned char bytes[ID_BYTES];
	char hex[2 * ID_BYTES + 1];
	struct json *from = NULL;
	struct err err;
	struct str body;

	if (!from_own_page(site, exchange) ||
	    !json_parse(http_exchange_request(exchange)->body, &from, &err)) {
		http_reply(exchange, 400, NULL, 0, STR("that is no order\n"));
		return;
	}
	rand_fill(rand_system(), bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), hex);
	body = order_message(site, from, str_from(hex), arena);
	json_free(from);
	if (tell_order(site, str_from(hex), body, arena, &err))
		send_asset(exchange, STR("application/json"),
			   arena_printf(arena, "{\"order_id\":\"%s\"}\n", hex));
	else
		http_reply(exchange, 503, NULL, 0, arena_printf(arena, "%s\n", err.msg));
}

/* ---- the server ---- */

static void handle(void *ctx, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct demo_site *site = ctx;

	if (str_eq(request->method, STR("POST")) && str_eq(request->path, STR("/order")))
		take_order(site, exchange);
	else if (!str_eq(request->method, STR("GET")))
		http_reply(exchange, 405, NULL, 0, STR("pages are read\n"));
	else if (is_page(request->path))
		send_page(site, exchange);
	else if (str_eq(request->path, STR("/shop.js")))
		send_asset(exchange, STR("text/javascript; charset=utf-8"),
			   str_of(asset_demo_js, asset_demo_js_len));
	else if (str_eq(request->path, STR("/shop.css")))
		send_asset(exchange, STR("text/css; charset=utf-8"),
			   str_of(asset_demo_css, asset_demo_css_len));
	else
		http_reply(exchange, 404, NULL, 0, STR("there is no such page\n"));
}

bool demo_site_start(const struct demo_site_config *config, struct demo_site **out, struct err *err)
{
	struct demo_site *site = mem_zalloc(1, sizeof(*site));
	struct http_client_config client = { .user_agent = "pannier-demo-shop" };
	struct http_server_config server = {
		.listen = config->listen,
		.body_bytes_max = BODY_BYTES_MAX,
		.ctx = site,
		.handle = handle,
	};

	site->config = *config;
	arena_init(&site->arena);
	if (!http_client_new(&client, &site->client, err) ||
	    !http_server_start(&server, &site->server, err)) {
		demo_site_stop(site);
		return err_wrap(err, "start the demo's shop");
	}
	site->url = arena_printf(&site->arena, "http://%.*s:%d",
				 (int)(strrchr(config->listen, ':') - config->listen), config->listen,
				 http_server_port(site->server));
	*out = site;
	return true;
}

struct str demo_site_url(const struct demo_site *site)
{
	return site->url;
}

void demo_site_stop(struct demo_site *site)
{
	if (!site)
		return;
	http_server_stop(site->server);
	http_client_free(site->client);
	arena_release(&site->arena);
	mem_free(site);
}
