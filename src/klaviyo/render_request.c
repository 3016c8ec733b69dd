/*
 * Requests: from the resources stored with deliveries to the body of whichever call is made.
 *
 * An update is taken from the stored create without building a tree: members are copied as they stand, so
 * that amounts stay exact.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "klaviyo/render.h"

#include "base/json.h"
#include "klaviyo/render_internal.h"
#include "net/http_client.h"
#include "net/url.h"

#include <assert.h>

#define MEMBERS_MAX 24

/* ---- one row of a request ---- */

static bool bad_body(const struct delivery *delivery, struct err *err)
{
	return err_set(err, ERR_INVALID, "stored body of %s '%.*s' is not a %s",
		       klaviyo_kind_text(delivery->kind), STR_ARG(delivery->external_id),
		       render_kind(delivery->kind)->type);
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
	    !str_eq(str_of(type.p + 1, type.len - 2), str_from(render_kind(delivery->kind)->type)) ||
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
	strbuf_addf(out, "{\"type\":\"%s\"", render_kind(delivery->kind)->type);
	render_put_text(out, "id", klaviyo_compound_id(delivery->external_id, arena));
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
	render_put_reference(out, delivery->kind, delivery->external_id, arena);
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
	return render_take(&url, arena);
}

static void open_job(struct strbuf *out, enum klaviyo_kind kind, enum delivery_op op)
{
	strbuf_addf(out, "{\"data\":{\"type\":\"%s-bulk-%s-job\",\"attributes\":{\"%s\":{\"data\":[",
		    render_kind(kind)->type, delivery_op_text(op), render_kind(kind)->list);
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
	return (struct klaviyo_request){ endpoint, "GET", render_take(&url, arena), { 0 } };
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
