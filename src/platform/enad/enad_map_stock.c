/*
 * variant_stock.*, variant_stock_delta.updated: the total of one variant in one inventory.
 *
 * The delta message knows a variant by its number only, so all stock hangs on the number (entity sku) where
 * there is one: whatever comes last then counts. A variant names its number in its refs.
 */
#include "platform/enad/enad_internal.h"

struct place {
	struct entity entity;
	struct str root_id;
	struct str part;
};

/* False: there is no id; the mapping has failed. */
static bool find_place(struct mapping *mapping, const struct json *payload, struct place *out)
{
	struct str number = payload_id(payload, "product_variant_number|variant_number", mapping->arena);
	struct str inventory = payload_id(payload, "inventory_id", mapping->arena);

	*out = (struct place){ .part = mapping_part(mapping, "stock.", inventory) };
	if (number.len) {
		out->entity = (struct entity){ .kind = ENTITY_SKU, .id = number };
		return true;
	}
	out->entity.kind = ENTITY_VARIANT;
	out->entity.id = payload_id(payload, "product_variant_id|variant_id", mapping->arena);
	out->root_id = payload_id(payload, "product_parent_id|product_id", mapping->arena);
	if (out->entity.id.len == 0)
		mapping_fail(mapping,
			     "payload.product_variant_number and payload.product_variant_id are missing");
	return out->entity.id.len > 0;
}

void enad_map_stock(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct place place;
	struct json *body;
	int64_t quantity;

	(void)received_ms;
	if (!find_place(mapping, payload, &place))
		return;
	if (!payload_int(json_get(payload, "quantity"), &quantity)) {
		mapping_fail(mapping, "payload.quantity is missing or not a whole number");
		return;
	}
	body = json_new_object();
	json_set(body, "quantity", json_new_int(quantity));
	payload_put_bool(body, "available", payload, "available_online");
	mapping_add(mapping, (struct fact){
		.entity = place.entity,
		.part = place.part,
		.root_id = place.root_id,
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
	});
}

/* Nothing is left there, which is something known: without its last inventory a variant is out of stock. */
void enad_map_stock_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct json *body;
	struct place place;

	(void)received_ms;
	if (!find_place(mapping, payload, &place))
		return;
	body = json_new_object();
	json_set(body, "quantity", json_new_int(0));
	json_set(body, "available", json_new_bool(false));
	mapping_add(mapping, (struct fact){
		.entity = place.entity,
		.part = place.part,
		.root_id = place.root_id,
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
	});
}
