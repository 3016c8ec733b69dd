/*
 * Pages of catalog resources: filter, order, cursor.
 *
 * Does:    a whole collection is read from the cursor on, without touching what lies before it; ids that a
 *          filter names are looked up; links of an entity are gathered and ordered.
 * Keeps:   order is the order of creation (of the thing, or of the link), so a cursor stays right under
 *          changes.
 * Threads: the server's thread.
 */
#define _GNU_SOURCE /* memmem */
#include "sandbox/list.h"

#include "sandbox/render.h"

#include <stdlib.h>
#include <string.h>

/* Which filters a kind knows. Source: the list operations of the specification. */
static const struct filter_row {
	enum kind kind;
	const char *op, *field;
	bool list;
} filter_row[] = {
	{ KIND_ITEM, "any", "ids", true },
	{ KIND_ITEM, "equals", "category.id", false },
	{ KIND_ITEM, "contains", "title", false },
	{ KIND_ITEM, "equals", "published", false },
	{ KIND_VARIANT, "any", "ids", true },
	{ KIND_VARIANT, "equals", "item.id", false },
	{ KIND_VARIANT, "equals", "sku", false },
	{ KIND_VARIANT, "contains", "title", false },
	{ KIND_VARIANT, "equals", "published", false },
	{ KIND_CATEGORY, "any", "ids", true },
	{ KIND_CATEGORY, "equals", "item.id", false },
	{ KIND_CATEGORY, "contains", "name", false },
};

static bool term_known(enum kind kind, const struct filter_term *term)
{
	for (size_t i = 0; i < ARRAY_LEN(filter_row); i++)
		if (filter_row[i].kind == kind && str_eq(term->op, str_from(filter_row[i].op)) &&
		    str_eq(term->field, str_from(filter_row[i].field)) && term->list == filter_row[i].list)
			return true;
	return false;
}

static bool filter_known(struct call *call, enum kind kind, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];

		if (!term_known(kind, term))
			error_add_parameter(&call->errors, STR("filter"),
					    "'%.*s' is not a valid filter on '%.*s' for the resource '%s'.",
					    STR_ARG(term->op), STR_ARG(term->field), kind_row(kind)->type);
	}
	return call->errors.n == 0;
}

static bool text_contains(struct str text, struct str part)
{
	return part.len == 0 || (text.len > 0 && memmem(text.p, text.len, part.p, part.len) != NULL);
}

static bool id_matches(const struct entity *entity, struct str id)
{
	struct str external_id;

	return shape_catalog_id(id, &external_id) && str_eq(entity->external_id, external_id);
}

static bool linked_with(const struct entity *entity, enum relation relation, struct str id)
{
	int side = link_side(entity);

	for (const struct link *link = entity->links[relation].first; link; link = link->next[side])
		if (id_matches(link->end[!side], id))
			return true;
	return false;
}

static bool term_matches(const struct entity *entity, const struct filter_term *term)
{
	struct str field = term->field;

	if (str_eq(field, STR("ids"))) {
		for (size_t i = 0; i < term->n; i++)
			if (id_matches(entity, term->value[i]))
				return true;
		return false;
	}
	if (str_eq(field, STR("category.id")))
		return linked_with(entity, RELATION_CATEGORIES, term->value[0]);
	if (str_eq(field, STR("item.id")))
		return linked_with(entity,
				   entity->kind == KIND_VARIANT ? RELATION_VARIANTS : RELATION_CATEGORIES,
				   term->value[0]);
	if (str_eq(field, STR("published")))
		return json_is_true(json_get(entity->attributes, "published")) ==
		       str_eq(term->value[0], STR("true"));
	if (str_eq(field, STR("sku")))
		return str_eq(json_get_text(entity->attributes, "sku"), term->value[0]);
	return text_contains(
		json_get_text(entity->attributes, entity->kind == KIND_CATEGORY ? "name" : "title"),
		term->value[0]);
}

static bool entity_matches(const struct entity *entity, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!term_matches(entity, &filter->term[i]))
			return false;
	return true;
}

/* ---- candidates: slots in rising order ---- */

struct candidates {
	const struct entity_slot *slot;
	size_t n;
};

static int compare_slots(const void *a, const void *b)
{
	const struct entity_slot *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static struct candidates linked_candidates(struct call *call, const struct list_source *source)
{
	const struct link_list *links = &source->of->links[source->relation];
	struct entity_slot *slot = ARENA_ARRAY(call->arena, links->n + 1, struct entity_slot);
	int side = link_side(source->of);
	size_t n = 0;

	for (const struct link *link = links->first; link; link = link->next[side])
		slot[n++] = (struct entity_slot){ .number = link->number, .entity = link->end[!side] };
	return (struct candidates){ slot, n };
}

static struct candidates named_candidates(struct call *call, const struct list_source *source,
					  const struct filter_term *ids)
{
	struct entity_slot *slot = ARENA_ARRAY(call->arena, ids->n + 1, struct entity_slot);
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < ids->n; i++) {
		struct str external_id;
		struct entity *entity = NULL;

		if (shape_catalog_id(ids->value[i], &external_id))
			entity = catalog_find(&call->account->catalog, source->kind, external_id);
		if (entity)
			slot[n++] = (struct entity_slot){ .number = entity->number, .entity = entity };
	}
	qsort(slot, n, sizeof(*slot), compare_slots);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || slot[i].number != slot[i - 1].number)
			slot[kept++] = slot[i];
	return (struct candidates){ slot, kept };
}

static struct candidates find_candidates(struct call *call, const struct list_source *source,
					 const struct query *query)
{
	const struct collection *all = &call->account->catalog.collection[source->kind];

	if (source->of)
		return linked_candidates(call, source);
	for (size_t i = 0; i < query->filter.n; i++)
		if (str_eq(query->filter.term[i].field, STR("ids")))
			return named_candidates(call, source, &query->filter.term[i]);
	return (struct candidates){ all->slot, all->n };
}

/* ---- one page ---- */

struct page {
	struct entity *entity[PAGE_SIZE_MAX];
	size_t n;
	int64_t last;
	bool more;
};

static void take(const struct entity_slot *slot, const struct query *query, struct page *page)
{
	if (!slot->entity || !entity_matches(slot->entity, &query->filter))
		return;
	if (page->n == query->size) {
		page->more = true;
		return;
	}
	page->entity[page->n++] = slot->entity;
	page->last = slot->number;
}

static void fill_page(const struct candidates *candidates, const struct query *query, struct page *page)
{
	size_t at;

	if (query->descending) {
		at = query->has_cursor ? slot_seek(candidates->slot, candidates->n, query->cursor - 1)
				       : candidates->n;
		while (at > 0 && !page->more)
			take(&candidates->slot[--at], query, page);
	} else {
		at = query->has_cursor ? slot_seek(candidates->slot, candidates->n, query->cursor) : 0;
		while (at < candidates->n && !page->more)
			take(&candidates->slot[at++], query, page);
	}
}

static void render_page(struct call *call, const struct list_source *source, const struct query *query,
			const struct page *page, struct strbuf *out)
{
	strbuf_add_text(out, "{\"data\":[");
	for (size_t i = 0; i < page->n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		if (source->ids_only)
			render_identifier(page->entity[i], out);
		else
			render_entity(call, page->entity[i], query, out);
	}
	strbuf_add_char(out, ']');
	if (query->include)
		render_included(call, page->entity, page->n, query, out);
	strbuf_add_text(out, ",\"links\":");
	query_render_links(call, query, page->more, page->last, out);
	strbuf_add_char(out, '}');
}

void reply_page(struct call *call, const struct list_source *source)
{
	struct query query;
	struct candidates candidates;
	struct page page = { .n = 0 };
	struct strbuf out;

	if (!query_read(call, &query) || !filter_known(call, source->kind, &query.filter))
		return;
	candidates = find_candidates(call, source, &query);
	fill_page(&candidates, &query, &page);
	strbuf_init(&out, REPLY_BYTES_MAX);
	render_page(call, source, &query, &page, &out);
	reply_take(call, 200, &out);
}
