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

/* ---- one row of a request ---- */

bool render_bad_body(const struct delivery *delivery, struct err *err)
{
	return err_set(err, ERR_INVALID, "stored body of %s '%.*s' is not a %s",
		       klaviyo_kind_text(delivery->kind), STR_ARG(delivery->external_id),
		       render_kind(delivery->kind)->type);
}

struct str render_find_member(const struct json_member *member, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(member[i].name, str_from(name)))
			return member[i].value;
	return (struct str){ 0 };
}

bool render_read_resource(const struct delivery *delivery,
			  struct json_member member[static RENDER_MEMBERS_MAX], size_t *n, struct err *err)
{
	struct str type;

	if (!json_scan(delivery->body, member, RENDER_MEMBERS_MAX, n, NULL, NULL))
		return render_bad_body(delivery, err);
	type = render_find_member(member, *n, "type");
	if (type.len < 2 ||
	    !str_eq(str_of(type.p + 1, type.len - 2), str_from(render_kind(delivery->kind)->type)) ||
	    render_find_member(member, *n, "attributes").len == 0)
		return render_bad_body(delivery, err);
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
	struct json_member member[RENDER_MEMBERS_MAX];
	size_t n;
	bool first = true;

	if (!json_scan(attributes, member, RENDER_MEMBERS_MAX, &n, NULL, NULL) || n == RENDER_MEMBERS_MAX)
		return render_bad_body(delivery, err);
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
	struct json_member member[RENDER_MEMBERS_MAX];
	struct str relationships;
	size_t n;

	if (!render_read_resource(delivery, member, &n, err))
		return false;
	strbuf_addf(out, "{\"type\":\"%s\"", render_kind(delivery->kind)->type);
	render_put_text(out, "id", klaviyo_compound_id(delivery->external_id, arena));
	if (!put_changeable(delivery, render_find_member(member, n, "attributes"), out, err))
		return false;
	relationships = render_find_member(member, n, "relationships");
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
	struct json_member member[RENDER_MEMBERS_MAX];
	size_t n;

	switch (op) {
	case DELIVERY_CREATE:
		if (!render_read_resource(delivery, member, &n, err))
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

/* '$' and ':' are as good as any in a path. */
struct str render_url(struct str api_url, enum endpoint endpoint, struct str external_id, struct arena *arena)
{
	struct str path = str_from(endpoint_row(endpoint)->path);
	size_t at = str_find_char(path, '{');
	struct strbuf url;

	strbuf_init(&url, 8192);
	strbuf_add_str(&url, base_url(api_url));
	strbuf_add(&url, path.p, at);
	if (at < path.len)
		url_encode(klaviyo_compound_id(external_id, arena), "$:", &url);
	strbuf_add_str(&url, str_skip(path, at + sizeof("{id}") - 1));
	return render_take(&url, arena);
}

static void open_job(struct strbuf *out, enum klaviyo_kind kind, enum delivery_op op)
{
	strbuf_addf(out, "{\"data\":{\"type\":\"%s-bulk-%s-job\",\"attributes\":{\"%s\":{\"data\":[",
		    render_kind(kind)->type, delivery_op_text(op), render_kind(kind)->list);
}

static bool put_catalog(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	if (batch->bulk)
		open_job(out, batch->delivery->kind, batch->op);
	else
		strbuf_add_text(out, "{\"data\":");
	for (size_t i = 0; i < batch->n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		if (!put_row(&batch->delivery[i], batch->op, out, batch->arena, err))
			return false;
	}
	strbuf_add_text(out, batch->bulk ? "]}}}}" : "}");
	return true;
}

static bool put_kind(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	switch (batch->delivery->kind) {
	case KLAVIYO_EVENT:
		return render_events(batch, out, err);
	case KLAVIYO_PROFILE:
		return render_profiles(batch, out, err);
	case KLAVIYO_CONSENT:
		return render_consents(batch, out, err);
	case KLAVIYO_CATEGORY:
	case KLAVIYO_ITEM:
	case KLAVIYO_VARIANT:
	case KLAVIYO_NOTICE: /* not Klaviyo's */
	case KLAVIYO_KIND_COUNT:
		break;
	}
	return put_catalog(batch, out, err);
}

static bool put_body(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	/* A single delete of the catalog says all in its path. */
	if (klaviyo_kind_is_catalog(batch->delivery->kind) && !batch->bulk && batch->op == DELIVERY_DELETE)
		return true;
	if (!put_kind(batch, out, err))
		return false;
	if (out->overflow)
		return err_set(err, ERR_TOO_LARGE, "%zu rows make a body of more than %u bytes", batch->n,
			       KLAVIYO_BODY_BYTES_MAX);
	return true;
}

bool klaviyo_render_request(struct str api_url, const struct delivery *delivery, size_t n,
			    enum delivery_op op, bool bulk, int64_t now_ms,
			    const struct metric_windows *window, struct arena *arena,
			    struct klaviyo_request *out, struct err *err)
{
	enum endpoint endpoint = endpoint_for(delivery->kind, op, bulk);
	const struct endpoint_row *row = endpoint_row(endpoint);
	struct render_batch batch = { delivery, n, op, bulk, now_ms, window, arena };
	struct strbuf body;
	bool ok;

	assert(n > 0 && n <= row->rows_max && (bulk || n == 1));
	if (endpoint == ENDPOINT_profiles_get) {
		*out = render_profile_question(api_url, delivery->parent_external_id, arena);
		return true;
	}
	strbuf_init(&body, KLAVIYO_BODY_BYTES_MAX);
	ok = put_body(&batch, &body, err);
	if (ok)
		*out = (struct klaviyo_request){
			.endpoint = endpoint,
			.method = row->method,
			.url = render_url(api_url, endpoint, delivery->external_id, arena),
			.body = arena_dup(arena, strbuf_str(&body)),
		};
	strbuf_release(&body);
	return ok;
}

struct klaviyo_request klaviyo_render_poll(struct str api_url, enum endpoint endpoint, struct str job_id,
					   struct arena *arena)
{
	struct strbuf url;

	assert(endpoint_has_job(endpoint));
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
		.url = render_url(api_url, ENDPOINT_accounts_get, (struct str){ 0 }, arena),
	};
}

const struct http_header *klaviyo_headers(struct str key, bool bearer, bool with_body, struct arena *arena,
					  size_t *n)
{
	const struct http_header all[] = {
		{ STR("Authorization"),
		  arena_printf(arena, "%s %.*s", bearer ? "Bearer" : "Klaviyo-API-Key", STR_ARG(key)) },
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
