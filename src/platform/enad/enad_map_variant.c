/*
 * variant.* and product_variant_status.changed. As with products, the status is also a part of its own.
 */
#include "platform/enad/enad_internal.h"

#define OPTION_BYTES_MAX 1000 /* of one option's values together */
#define VARIANT_ID	 "variant_id|product_variant_id|id"
#define PRODUCT_ID	 "product_id|product_parent_id|product.id"

/*
 * "S, M": the texts of one attribute's values, whatever key they stand under. What does not fit is left out.
 */
static struct str attribute_text(struct mapping *mapping, const struct json *values)
{
	struct strbuf text;
	struct str copy;

	if (json_type(values) != JSON_OBJECT)
		return STR("");
	strbuf_init(&text, OPTION_BYTES_MAX);
	for (void *it = json_first(values); it; it = json_next(values, it)) {
		const struct json *list = json_member_value(it);

		for (size_t i = 0; json_type(list) == JSON_ARRAY && i < json_len(list); i++) {
			struct str value = json_get_text(json_at(list, i), "value");

			if (value.len)
				strbuf_addf(&text, "%s%.*s", text.len ? ", " : "", STR_ARG(value));
		}
	}
	copy = arena_dup(mapping->arena, strbuf_str(&text));
	strbuf_release(&text);
	return copy;
}

static struct json *options(struct mapping *mapping, const struct json *attributes)
{
	struct json *body = json_new_object();

	for (size_t i = 0; json_type(attributes) == JSON_ARRAY && i < json_len(attributes); i++) {
		const struct json *attribute = json_at(attributes, i);
		struct str name = json_text(payload_find(attribute, "name|key"));
		struct str text = attribute_text(mapping, json_get(attribute, "values"));

		if (name.len && text.len)
			json_set_n(body, name, json_new_text(text));
	}
	return body;
}

static struct json *text_by_language(struct mapping *mapping, const struct json *payload)
{
	const struct json *translations = json_get(payload, "translations");
	struct json *text = json_new_object();

	enad_put_translations(mapping, text, "title", json_get(translations, "variant_name"));
	enad_put_translations(mapping, text, "description", json_get(translations, "variant_description"));
	enad_put_translations(mapping, text, "slug", json_get(translations, "product_slug_translations"));
	return text;
}

static struct json *variant_body(struct mapping *mapping, const struct json *payload, struct ref_list *refs)
{
	struct json *body = json_new_object(), *custom = json_new_object();
	bool published;

	payload_put_text(body, "sku", payload, "variant_number");
	payload_put_text(body, "title", payload, "variant_name");
	payload_put_text(body, "description", payload, "description");
	payload_put_text(body, "slug", payload, "product_slug");
	payload_put_text(body, "status", payload, "status");
	payload_put_bool(body, "track_stock", payload, "validate_stock");
	if (enad_published(payload, &published))
		json_set(body, "published", json_new_bool(published));
	payload_put_filled(body, "text", text_by_language(mapping, payload));
	payload_put_filled(
		body, "images",
		enad_images(mapping, json_get(payload, "images"), json_get_text(payload, "image_url")));
	payload_put_filled(body, "options", options(mapping, json_get(payload, "attributes")));
	payload_put_text(custom, "variant_group", payload, "variant_group.name");
	payload_put_filled(body, "custom", custom);
	ref_list_add(refs, ENTITY_SKU, payload_id(payload, "variant_number", mapping->arena));
	payload_put_filled(body, "tags", enad_tags(mapping, json_get(payload, "tags"), refs));
	ref_list_add(refs, ENTITY_BRAND, payload_id(payload, "brand.id", mapping->arena));
	return body;
}

void enad_map_variant(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, VARIANT_ID);
	struct str root_id = payload_id(payload, PRODUCT_ID, mapping->arena);
	struct entity variant = { .kind = ENTITY_VARIANT, .id = id };
	struct ref_list refs = { .arena = mapping->arena };
	struct str body;

	(void)received_ms;
	if (id.len == 0)
		return;
	body = mapping_body(mapping, variant_body(mapping, payload, &refs));
	mapping_add(mapping, (struct fact){
		.entity = variant,
		.part = STR("base"),
		.root_id = root_id,
		.op = FACT_SET,
		.body = body,
		.ref = refs.ref,
		.n_ref = refs.n,
	});
	enad_add_status(mapping, payload, variant, root_id);
}

void enad_map_variant_status(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, VARIANT_ID);
	struct str root_id = payload_id(payload, PRODUCT_ID, mapping->arena);

	(void)received_ms;
	enad_add_status(mapping, payload, (struct entity){ .kind = ENTITY_VARIANT, .id = id }, root_id);
	if (mapping->n_fact == 0)
		mapping_ignore(mapping, "it says neither status nor is_active");
}

void enad_map_variant_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_VARIANT, VARIANT_ID,
			 payload_id(payload, PRODUCT_ID, mapping->arena));
}
