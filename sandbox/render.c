/*
 * Resources of the catalog as JSON:API, with the links Klaviyo gives.
 *
 * Keeps:   attributes come in the order of the specification; integration_type and catalog_type are never
 *          echoed.
 * Threads: the server's thread.
 */
#include "sandbox/render.h"

#include "net/url.h"

static bool after_open(const struct strbuf *out)
{
	return out->len == 0 || out->p[out->len - 1] == '{' || out->p[out->len - 1] == '[';
}

static void separate(struct strbuf *out)
{
	if (!after_open(out))
		strbuf_add_char(out, ',');
}

void render_time(const char *name, int64_t wall_ms, struct strbuf *out)
{
	separate(out);
	strbuf_addf(out, "\"%s\":\"", name);
	time_format_rfc3339(wall_ms, out);
	strbuf_add_char(out, '"');
}

static void add_id(const struct entity *entity, struct strbuf *out)
{
	struct strbuf id;

	strbuf_init(&id, entity->external_id.len + 32);
	strbuf_add_text(&id, "$custom:::$default:::");
	strbuf_add_str(&id, entity->external_id);
	json_write_text(strbuf_str(&id), out);
	strbuf_release(&id);
}

void render_identifier(const struct entity *entity, struct strbuf *out)
{
	strbuf_addf(out, "{\"type\":\"%s\",\"id\":", kind_row(entity->kind)->type);
	add_id(entity, out);
	strbuf_add_char(out, '}');
}

void render_attributes(const struct entity *entity, struct str fields, struct strbuf *out)
{
	const struct kind_row *row = kind_row(entity->kind);

	for (const char *const *name = row->attribute; *name; name++) {
		if (!fields_want(fields, *name))
			continue;
		separate(out);
		strbuf_addf(out, "\"%s\":", *name);
		json_write(json_get(entity->attributes, *name), false, out);
	}
	if (row->has_created && fields_want(fields, "created"))
		render_time("created", entity->created_ms, out);
	if (fields_want(fields, "updated"))
		render_time("updated", entity->updated_ms, out);
}

/* "base/api/catalog-items/<id><tail>" in quotes */
static void add_url(struct call *call, const struct entity *entity, const char *tail, struct strbuf *out)
{
	struct strbuf url;

	strbuf_init(&url, entity->external_id.len * 3 + 1000);
	strbuf_add_str(&url, query_base(call));
	strbuf_addf(&url, "%s/$custom:::$default:::", kind_row(entity->kind)->path);
	url_encode(entity->external_id, "", &url);
	strbuf_add_text(&url, tail);
	json_write_text(strbuf_str(&url), out);
	strbuf_release(&url);
}

static void add_relation_links(struct call *call, const struct entity *entity, const char *name,
			       struct strbuf *out)
{
	struct str self = arena_printf(call->arena, "/relationships/%s", name);
	struct str related = arena_printf(call->arena, "/%s", name);

	strbuf_add_text(out, "\"links\":{\"self\":");
	add_url(call, entity, self.p, out);
	strbuf_add_text(out, ",\"related\":");
	add_url(call, entity, related.p, out);
	strbuf_add_text(out, "}");
}

/* The relation Klaviyo shows of a kind: an item's variants (their ids when included), a category's items. */
static void add_relations(struct call *call, const struct entity *entity, bool include, struct strbuf *out)
{
	static const char *const name[KIND_COUNT] = { "variants", "item", "items" };

	strbuf_addf(out, ",\"relationships\":{\"%s\":{", name[entity->kind]);
	if (entity->kind == KIND_VARIANT) {
		strbuf_add_text(out, "\"data\":");
		render_identifier(variant_item(entity), out);
		strbuf_add_char(out, ',');
	} else if (entity->kind == KIND_ITEM && include) {
		strbuf_add_text(out, "\"data\":[");
		for (const struct link *link = entity->links[RELATION_VARIANTS].first; link;
		     link = link->next[0]) {
			separate(out);
			render_identifier(link->end[1], out);
		}
		strbuf_add_text(out, "],");
	}
	add_relation_links(call, entity, name[entity->kind], out);
	strbuf_add_text(out, "}}");
}

void render_entity(struct call *call, const struct entity *entity, const struct query *query,
		   struct strbuf *out)
{
	struct str all = { 0 };

	strbuf_addf(out, "{\"type\":\"%s\",\"id\":", kind_row(entity->kind)->type);
	add_id(entity, out);
	strbuf_add_text(out, ",\"attributes\":{");
	render_attributes(entity, query ? query->fields[entity->kind] : all, out);
	strbuf_add_char(out, '}');
	add_relations(call, entity, query && query->include, out);
	strbuf_add_text(out, ",\"links\":{\"self\":");
	add_url(call, entity, "", out);
	strbuf_add_text(out, "}}");
}

void render_included(struct call *call, struct entity *const *item, size_t n, const struct query *query,
		     struct strbuf *out)
{
	strbuf_add_text(out, ",\"included\":[");
	for (size_t i = 0; i < n; i++) {
		for (const struct link *link = item[i]->links[RELATION_VARIANTS].first; link;
		     link = link->next[0]) {
			separate(out);
			render_entity(call, link->end[1], query, out);
		}
	}
	strbuf_add_char(out, ']');
}

void reply_entity(struct call *call, int status, struct entity *entity, const struct query *query)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_entity(call, entity, query, &out);
	if (query && query->include)
		render_included(call, &entity, 1, query, &out);
	strbuf_add_text(&out, ",\"links\":{\"self\":");
	add_url(call, entity, "", &out);
	strbuf_add_text(&out, "}}");
	reply_take(call, status, &out);
}
