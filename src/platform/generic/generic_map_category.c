/*
 * category.upserted, category.deleted, category.product_linked and category.product_unlinked.
 */
#include "platform/generic/generic_internal.h"

void generic_map_category(struct mapping *mapping, const struct generic_message *message)
{
	const struct json *data = message->data;
	struct str id = generic_need_id(mapping, message, "id|category_id", true);
	struct str parent_id = payload_id(data, "parent_id", mapping->arena);
	struct ref_list refs = { .arena = mapping->arena };
	struct json *body = json_new_object();

	if (json_len(data) == 0)
		mapping_fail(mapping, "'data' is missing or empty");
	generic_put_texts(mapping, body, data);
	payload_put_text(body, "path", data, "path");
	json_set_text(body, "parent_id", parent_id);
	payload_put_bool(body, "published", data, "published");
	payload_put_text(body, "status", data, "status");
	ref_list_add(&refs, ENTITY_CATEGORY, parent_id);
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_CATEGORY, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}

void generic_map_category_deleted(struct mapping *mapping, const struct generic_message *message)
{
	generic_add_deleted(mapping, message, ENTITY_CATEGORY, "id|category_id", STR(""));
}

/*
 * An unlink is a fact, not a cleared one: it also takes the product out of a set that a product message gave.
 */
static void add_link(struct mapping *mapping, const struct generic_message *message, bool removed)
{
	struct str product_id = generic_need_id(mapping, message, "product_id", false);
	struct str category_id = generic_need_id(mapping, message, "category_id", false);
	struct ref_list refs = { .arena = mapping->arena };

	if (!removed)
		ref_list_add(&refs, ENTITY_CATEGORY, category_id);
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_PRODUCT, .id = product_id },
		.part = mapping_part(mapping, "link.", category_id),
		.op = FACT_SET,
		.version = message->version,
		.body = removed ? STR("{\"removed\":true}") : STR("{}"),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}

void generic_map_link(struct mapping *mapping, const struct generic_message *message)
{
	add_link(mapping, message, false);
}

void generic_map_unlink(struct mapping *mapping, const struct generic_message *message)
{
	add_link(mapping, message, true);
}
