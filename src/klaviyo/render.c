/*
 * Rendering: canonical catalog -> JSON:API.
 *
 * Resources are written as text, member by member, so that amounts are exact and the same content always
 * gives the same bytes (their digest decides whether anything is sent). Every attribute that may be emptied
 * is always there: an update that left it out would leave the old value in Klaviyo.
 *
 * An update is taken from the stored create without building a tree: members are copied as they stand.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "klaviyo/render.h"

#include "base/json.h"
#include "base/utf8.h"
#include "net/http_client.h"
#include "net/url.h"

#include <assert.h>

#define TITLE_BYTES_MAX	      10000
#define DESCRIPTION_BYTES_MAX 100000
#define METADATA_BYTES_MAX    100000
#define RESOURCE_BYTES_MAX    ((size_t)KLAVIYO_BODY_BYTES_MAX)
#define NAMES_BYTES_MAX	      200
#define ID_PREFIX	      "$custom:::$default:::"

/* inventory_policy: 1 = not in recommendations when out of stock, 2 = always. */
#define POLICY_HIDE 1
#define POLICY_SHOW 2

struct kind_row {
	const char *type;
	const char *list; /* name of the list in a bulk job */
};

static const struct kind_row kind_row[KLAVIYO_KIND_COUNT] = {
	[KLAVIYO_CATEGORY] = { "catalog-category", "categories" },
	[KLAVIYO_ITEM] = { "catalog-item", "items" },
	[KLAVIYO_VARIANT] = { "catalog-variant", "variants" },
};

struct str klaviyo_compound_id(struct str external_id, struct arena *arena)
{
	return arena_printf(arena, ID_PREFIX "%.*s", STR_ARG(external_id));
}

/* ---- members ---- */

static void put_text(struct strbuf *out, const char *name, struct str text)
{
	strbuf_addf(out, ",\"%s\":", name);
	json_write_text(text, out);
}

static void put_text_or_null(struct strbuf *out, const char *name, struct str text)
{
	if (text.len > 0)
		put_text(out, name, text);
	else
		strbuf_addf(out, ",\"%s\":null", name);
}

static void put_bool(struct strbuf *out, const char *name, bool value)
{
	strbuf_addf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_money(struct strbuf *out, const char *name, struct money money, struct arena *arena)
{
	strbuf_addf(out, ",\"%s\":", name);
	strbuf_add_str(out, money_text(money, arena));
}

static void put_images(struct strbuf *out, struct str first, const struct str *image, size_t n)
{
	put_text_or_null(out, "image_full_url", first);
	put_text_or_null(out, "image_thumbnail_url", first);
	strbuf_add_text(out, ",\"images\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		json_write_text(image[i], out);
	}
	strbuf_add_char(out, ']');
}

/* "type":..,"id":".." of something referred to. */
static void put_reference(struct strbuf *out, enum klaviyo_kind kind, struct str external_id,
			  struct arena *arena)
{
	strbuf_addf(out, "{\"type\":\"%s\"", kind_row[kind].type);
	put_text(out, "id", klaviyo_compound_id(external_id, arena));
	strbuf_add_char(out, '}');
}

/* ---- what was cut ---- */

static void add_mended(struct strbuf *mended, const char *what)
{
	strbuf_addf(mended, "%s%s", mended->len > 0 ? "; " : "", what);
}

static struct str cut(struct str text, size_t max_bytes, const char *what, struct strbuf *mended)
{
	if (text.len <= max_bytes)
		return text;
	add_mended(mended, what);
	return utf8_cut(text, max_bytes);
}

static void put_title(struct strbuf *out, struct str title, struct str description, struct strbuf *mended)
{
	put_text(out, "title", cut(title, TITLE_BYTES_MAX, "title cut at 10,000 bytes", mended));
	put_text(out, "description",
		 cut(description, DESCRIPTION_BYTES_MAX, "description cut at 100,000 bytes", mended));
}

/* Members from n on did not fit. */
static void name_dropped(const struct meta *meta, size_t from, size_t n, struct strbuf *mended)
{
	struct strbuf names;

	strbuf_init(&names, NAMES_BYTES_MAX);
	for (size_t i = from; i < n && !names.overflow; i++)
		strbuf_addf(&names, "%s%.*s", i > from ? ", " : "", STR_ARG(meta[i].name));
	add_mended(mended, "custom_metadata is full, left out: ");
	strbuf_addf(mended, "%s%s (%zu)", names.p, names.overflow ? " ..." : "", n - from);
	strbuf_release(&names);
}

/* As many members, from the first, as fit. */
static void put_metadata(struct strbuf *out, const struct meta *meta, size_t n, struct strbuf *mended)
{
	struct strbuf list;
	size_t len = 0;
	size_t i;

	strbuf_init(&list, RESOURCE_BYTES_MAX);
	strbuf_add_char(&list, '{');
	for (i = 0; i < n; i++) {
		len = list.len;
		if (i > 0)
			strbuf_add_char(&list, ',');
		json_write_text(meta[i].name, &list);
		strbuf_add_char(&list, ':');
		json_write_text(meta[i].value, &list);
		if (list.overflow || list.len + 1 > METADATA_BYTES_MAX) {
			list.len = len;
			name_dropped(meta, i, n, mended);
			break;
		}
	}
	strbuf_add_text(out, ",\"custom_metadata\":");
	strbuf_add(out, list.p, list.len);
	strbuf_add_char(out, '}');
	strbuf_release(&list);
}

/* ---- resources ---- */

static void open_resource(struct strbuf *out, enum klaviyo_kind kind, struct str external_id)
{
	strbuf_init(out, RESOURCE_BYTES_MAX);
	strbuf_addf(out, "{\"type\":\"%s\",\"attributes\":{\"external_id\":", kind_row[kind].type);
	json_write_text(external_id, out);
	strbuf_add_text(out, ",\"integration_type\":\"$custom\",\"catalog_type\":\"$default\"");
}

static struct str close_buffer(struct strbuf *buffer, struct arena *arena)
{
	struct str text = arena_dup(arena, strbuf_str(buffer));

	strbuf_release(buffer);
	return text;
}

struct str klaviyo_render_category(const struct catalog_category *category, struct arena *arena)
{
	struct strbuf out;

	open_resource(&out, KLAVIYO_CATEGORY, category->external_id);
	put_text(&out, "name", utf8_cut(category->name, TITLE_BYTES_MAX));
	strbuf_add_text(&out, "}}");
	return close_buffer(&out, arena);
}

static void put_categories(struct strbuf *out, const struct str *external_id, size_t n, struct arena *arena)
{
	strbuf_add_text(out, ",\"relationships\":{\"categories\":{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		put_reference(out, KLAVIYO_CATEGORY, external_id[i], arena);
	}
	strbuf_add_text(out, "]}}");
}

struct str klaviyo_render_item(const struct catalog_item *item, struct arena *arena, struct str *mended)
{
	struct strbuf out, cuts;

	strbuf_init(&cuts, 1000);
	open_resource(&out, KLAVIYO_ITEM, item->external_id);
	put_title(&out, item->title, item->description, &cuts);
	put_text(&out, "url", item->url);
	if (item->has_price)
		put_money(&out, "price", item->price, arena);
	else
		put_text_or_null(&out, "price", (struct str){ 0 });
	put_images(&out, item->image_url, item->image, item->n_image);
	put_metadata(&out, item->meta, item->n_meta, &cuts);
	put_bool(&out, "published", item->published);
	strbuf_add_char(&out, '}');
	put_categories(&out, item->category_external_id, item->n_category, arena);
	strbuf_add_char(&out, '}');
	*mended = close_buffer(&cuts, arena);
	return close_buffer(&out, arena);
}

static int policy_number(enum stock_policy policy)
{
	switch (policy) {
	case STOCK_SHOW_ALWAYS:
		return POLICY_SHOW;
	case STOCK_HIDE_WHEN_OUT:
		return POLICY_HIDE;
	}
	return POLICY_SHOW;
}

struct str klaviyo_render_variant(const struct catalog_variant *variant, struct arena *arena,
				  struct str *mended)
{
	struct strbuf out, cuts;

	strbuf_init(&cuts, 1000);
	open_resource(&out, KLAVIYO_VARIANT, variant->external_id);
	put_title(&out, variant->title, variant->description, &cuts);
	put_text(&out, "sku", variant->sku);
	strbuf_addf(&out, ",\"inventory_policy\":%d,\"inventory_quantity\":%lld",
		    policy_number(variant->policy), (long long)variant->quantity);
	put_money(&out, "price", variant->price, arena);
	put_text(&out, "url", variant->url);
	put_images(&out, variant->image_url, variant->image, variant->n_image);
	put_metadata(&out, variant->meta, variant->n_meta, &cuts);
	put_bool(&out, "published", variant->published);
	strbuf_add_text(&out, "},\"relationships\":{\"item\":{\"data\":");
	put_reference(&out, KLAVIYO_ITEM, variant->item_external_id, arena);
	strbuf_add_text(&out, "}}}");
	*mended = close_buffer(&cuts, arena);
	return close_buffer(&out, arena);
}

/* ---- one row of a request ---- */

#define MEMBERS_MAX 24

static bool bad_body(const struct delivery *delivery, struct err *err)
{
	return err_set(err, ERR_INVALID, "stored body of %s '%.*s' is not a %s",
		       klaviyo_kind_text(delivery->kind), STR_ARG(delivery->external_id),
		       kind_row[delivery->kind].type);
}

static struct str find_member(const struct json_member *member, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(member[i].name, str_from(name)))
			return member[i].value;
	return (struct str){ 0 };
}

/* Is the body an object of the right type? Its members go to member. */
static bool read_resource(const struct delivery *delivery, struct json_member member[static MEMBERS_MAX],
			  size_t *n, struct err *err)
{
	struct str type;

	if (!json_scan(delivery->body, member, MEMBERS_MAX, n, NULL, NULL))
		return bad_body(delivery, err);
	type = find_member(member, *n, "type");
	if (type.len < 2 ||
	    !str_eq(str_of(type.p + 1, type.len - 2), str_from(kind_row[delivery->kind].type)) ||
	    find_member(member, *n, "attributes").len == 0)
		return bad_body(delivery, err);
	return true;
}

/* Fixed at creation; a PATCH that names one of them is refused. */
static bool is_fixed(struct str name)
{
	return str_eq(name, STR("external_id")) || str_eq(name, STR("integration_type")) ||
	       str_eq(name, STR("catalog_type"));
}

static bool put_changeable(const struct delivery *delivery, struct str attributes, struct strbuf *out,
			   struct err *err)
{
	struct json_member member[MEMBERS_MAX];
	size_t n;
	bool first = true;

	if (!json_scan(attributes, member, MEMBERS_MAX, &n, NULL, NULL) || n == MEMBERS_MAX)
		return bad_body(delivery, err);
	strbuf_add_text(out, ",\"attributes\":{");
	for (size_t i = 0; i < n; i++) {
		if (is_fixed(member[i].name))
			continue;
		strbuf_addf(out, "%s\"%.*s\":", first ? "" : ",", STR_ARG(member[i].name));
		strbuf_add_str(out, member[i].value);
		first = false;
	}
	strbuf_add_char(out, '}');
	return true;
}

/* A variant's item is fixed too; an item's categories are replaced by those named. */
static bool put_update(const struct delivery *delivery, struct strbuf *out, struct arena *arena,
		       struct err *err)
{
	struct json_member member[MEMBERS_MAX];
	struct str relationships;
	size_t n;

	if (!read_resource(delivery, member, &n, err))
		return false;
	strbuf_addf(out, "{\"type\":\"%s\"", kind_row[delivery->kind].type);
	put_text(out, "id", klaviyo_compound_id(delivery->external_id, arena));
	if (!put_changeable(delivery, find_member(member, n, "attributes"), out, err))
		return false;
	relationships = find_member(member, n, "relationships");
	if (delivery->kind == KLAVIYO_ITEM && relationships.len > 0) {
		strbuf_add_text(out, ",\"relationships\":");
		strbuf_add_str(out, relationships);
	}
	strbuf_add_char(out, '}');
	return true;
}

static bool put_row(const struct delivery *delivery, enum delivery_op op, struct strbuf *out,
		    struct arena *arena, struct err *err)
{
	struct json_member member[MEMBERS_MAX];
	size_t n;

	switch (op) {
	case DELIVERY_CREATE:
		if (!read_resource(delivery, member, &n, err))
			return false;
		strbuf_add_str(out, delivery->body);
		return true;
	case DELIVERY_UPDATE:
		return put_update(delivery, out, arena, err);
	case DELIVERY_DELETE:
	case DELIVERY_OP_COUNT:
		break;
	}
	put_reference(out, delivery->kind, delivery->external_id, arena);
	return true;
}

/* ---- requests ---- */

/* Klaviyo's own address without a slash at its end. */
static struct str base_url(struct str api_url)
{
	while (str_ends(api_url, STR("/")))
		api_url.len--;
	return api_url;
}

/* {id} becomes the compound id; '$' and ':' are as good as any in a path. */
static struct str url_of(struct str api_url, enum endpoint endpoint, struct str external_id,
			 struct arena *arena)
{
	struct str path = str_from(endpoint_row(endpoint)->path);
	size_t at = str_find_char(path, '{');
	struct strbuf url;

	strbuf_init(&url, 8192);
	strbuf_add_str(&url, base_url(api_url));
	strbuf_add(&url, path.p, at);
	if (at < path.len)
		url_encode(klaviyo_compound_id(external_id, arena), "$:", &url);
	return close_buffer(&url, arena);
}

static void open_job(struct strbuf *out, enum klaviyo_kind kind, enum delivery_op op)
{
	strbuf_addf(out, "{\"data\":{\"type\":\"%s-bulk-%s-job\",\"attributes\":{\"%s\":{\"data\":[",
		    kind_row[kind].type, delivery_op_text(op), kind_row[kind].list);
}

static bool put_body(const struct delivery *delivery, size_t n, enum delivery_op op, bool bulk,
		     struct strbuf *out, struct arena *arena, struct err *err)
{
	if (bulk)
		open_job(out, delivery->kind, op);
	else
		strbuf_add_text(out, "{\"data\":");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		if (!put_row(&delivery[i], op, out, arena, err))
			return false;
	}
	strbuf_add_text(out, bulk ? "]}}}}" : "}");
	if (out->overflow)
		return err_set(err, ERR_TOO_LARGE, "%zu rows make a body of more than %u bytes", n,
			       KLAVIYO_BODY_BYTES_MAX);
	return true;
}

bool klaviyo_render_request(struct str api_url, const struct delivery *delivery, size_t n,
			    enum delivery_op op, bool bulk, struct arena *arena, struct klaviyo_request *out,
			    struct err *err)
{
	enum endpoint endpoint;
	struct strbuf body;
	bool ok = false;

	assert(n > 0 && (bulk || n == 1));
	endpoint = endpoint_for(delivery->kind, op, bulk);
	assert(n <= endpoint_row(endpoint)->rows_max);
	strbuf_init(&body, KLAVIYO_BODY_BYTES_MAX);
	if ((bulk || op != DELIVERY_DELETE) && !put_body(delivery, n, op, bulk, &body, arena, err))
		goto out;
	*out = (struct klaviyo_request){
		.endpoint = endpoint,
		.method = endpoint_row(endpoint)->method,
		.url = url_of(api_url, endpoint, delivery->external_id, arena),
		.body = arena_dup(arena, strbuf_str(&body)),
	};
	ok = true;
out:
	strbuf_release(&body);
	return ok;
}

struct klaviyo_request klaviyo_render_poll(struct str api_url, enum endpoint endpoint, struct str job_id,
					   struct arena *arena)
{
	struct strbuf url;

	assert(endpoint_is_bulk(endpoint));
	strbuf_init(&url, 8192);
	strbuf_add_str(&url, base_url(api_url));
	strbuf_add_text(&url, endpoint_row(endpoint)->path);
	if (job_id.len > 0) {
		strbuf_add_char(&url, '/');
		url_encode(job_id, "", &url);
	}
	return (struct klaviyo_request){ endpoint, "GET", close_buffer(&url, arena), { 0 } };
}

struct klaviyo_request klaviyo_render_account(struct str api_url, struct arena *arena)
{
	return (struct klaviyo_request){
		.endpoint = ENDPOINT_accounts_get,
		.method = endpoint_row(ENDPOINT_accounts_get)->method,
		.url = url_of(api_url, ENDPOINT_accounts_get, (struct str){ 0 }, arena),
	};
}

const struct http_header *klaviyo_headers(struct str key, bool with_body, struct arena *arena, size_t *n)
{
	const struct http_header all[] = {
		{ STR("Authorization"), arena_printf(arena, "Klaviyo-API-Key %.*s", STR_ARG(key)) },
		{ STR("revision"), STR(KLAVIYO_REVISION) },
		{ STR("Accept"), STR("application/vnd.api+json") },
		{ STR("Content-Type"), STR("application/vnd.api+json") },
	};
	struct http_header *header = ARENA_ARRAY(arena, ARRAY_LEN(all), struct http_header);

	*n = with_body ? ARRAY_LEN(all) : ARRAY_LEN(all) - 1;
	for (size_t i = 0; i < *n; i++)
		header[i] = all[i];
	return header;
}
