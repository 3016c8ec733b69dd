/*
 * variant.upserted and variant.deleted, and the variants that a product carries.
 */
#include "platform/generic/generic_internal.h"

void generic_add_variant(struct mapping *mapping, const struct generic_message *message,
			 const struct json *data, struct str id, struct str root_id)
{
	struct entity variant = { .kind = ENTITY_VARIANT, .id = id };
	struct ref_list refs = { .arena = mapping->arena };
	struct json *body = json_new_object();

	generic_put_common(mapping, body, data);
	payload_put_text(body, "barcode", data, "barcode");
	payload_put_filled(body, "options", payload_flat(json_get(data, "options"), mapping->arena));
	ref_list_add(&refs, ENTITY_SKU, payload_id(data, "sku", mapping->arena));
	mapping_add(mapping, (struct fact){
		.entity = variant,
		.part = STR("base"),
		.root_id = root_id,
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
	generic_add_price(mapping, message, data, variant, root_id);
	generic_add_stock(mapping, message, data, variant, root_id);
}

void generic_map_variant(struct mapping *mapping, const struct generic_message *message)
{
	struct str id = generic_need_id(mapping, message, "id|variant_id", true);
	struct str root_id = generic_need_id(mapping, message, "product_id", false);

	if (id.len && root_id.len)
		generic_add_variant(mapping, message, message->data, id, root_id);
}

void generic_map_variant_deleted(struct mapping *mapping, const struct generic_message *message)
{
	generic_add_deleted(mapping, message, ENTITY_VARIANT, "id|variant_id",
			    payload_id(message->data, "product_id", mapping->arena));
}
