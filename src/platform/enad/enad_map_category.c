/*
 * category.*, category_relationship.*. The members of a relationship are not documented, so several are
 * tried.
 */
#include "platform/enad/enad_internal.h"

static struct json *category_body(struct mapping *mapping, const struct json *payload, struct str parent_id)
{
	const struct json *translations = json_get(payload, "translations");
	struct json *body = json_new_object(), *text = json_new_object();
	bool published;

	payload_put_text(body, "title", payload, "name");
	payload_put_text(body, "slug", payload, "slug");
	payload_put_text(body, "path", payload, "full_uri");
	payload_put_text(body, "status", payload, "status");
	json_set_text(body, "parent_id", parent_id);
	if (enad_published(payload, &published))
		json_set(body, "published", json_new_bool(published));
	enad_put_translations(mapping, text, "title", json_get(translations, "name"));
	enad_put_translations(mapping, text, "slug", json_get(translations, "slug"));
	payload_put_filled(body, "text", text);
	return body;
}

void enad_map_category(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "category_id|id");
	struct str parent_id = payload_id(payload, "parent_id", mapping->arena);
	struct ref_list refs = { .arena = mapping->arena };

	(void)received_ms;
	if (id.len == 0)
		return;
	ref_list_add(&refs, ENTITY_CATEGORY, parent_id);
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_CATEGORY, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.body = mapping_body(mapping, category_body(mapping, payload, parent_id)),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}

void enad_map_category_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_CATEGORY, "category_id|id", STR(""));
}

/* The fact of one relationship, to be completed; false: an id is missing, the mapping has failed. */
static bool start_link(struct mapping *mapping, const struct json *payload, struct fact *out,
		       struct str *category_id)
{
	struct str product_id = enad_need_id(mapping, payload, "product_id|product_parent_id|product.id");

	*category_id = enad_need_id(mapping, payload, "category_id|category.id");
	*out = (struct fact){
		.entity = { .kind = ENTITY_PRODUCT, .id = product_id },
		.part = mapping_part(mapping, "link.", *category_id),
	};
	return mapping->state == MAP_DONE;
}

void enad_map_link(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct ref_list refs = { .arena = mapping->arena };
	struct str category_id;
	struct fact fact;

	(void)received_ms;
	if (!start_link(mapping, payload, &fact, &category_id))
		return;
	ref_list_add(&refs, ENTITY_CATEGORY, category_id);
	fact.op = FACT_SET;
	fact.body = STR("{}");
	fact.ref = refs.ref;
	fact.n_ref = refs.n;
	mapping_add(mapping, fact);
}

void enad_map_unlink(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str category_id;
	struct fact fact;

	(void)received_ms;
	if (!start_link(mapping, payload, &fact, &category_id))
		return;
	fact.op = FACT_CLEAR;
	mapping_add(mapping, fact);
}
