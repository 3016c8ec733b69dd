/*
 * product.upserted and product.deleted. A product is whole: what it does not name is not so, but for price,
 * stock, categories and variants, which have messages of their own and stay as they are where a product does
 * not speak of them.
 */
#include "platform/generic/generic_internal.h"

/* "Acme", or {id, name}. */
static struct json *named(struct mapping *mapping, const struct json *value, enum entity_kind kind,
			  struct ref_list *refs)
{
	struct json *body = json_new_object();
	struct str id = payload_id(value, "id", mapping->arena);

	json_set_text(body, "id", id);
	if (json_type(value) == JSON_STRING)
		json_set_text(body, "name", json_text(value));
	else
		payload_put_text(body, "name", value, "name|title");
	ref_list_add(refs, kind, id);
	return body;
}

/* [{type, title, url}]: only those with an address. */
static struct json *addresses(const struct json *items, bool typed)
{
	struct json *list = json_new_array();

	for (size_t i = 0; json_type(items) == JSON_ARRAY && i < json_len(items); i++) {
		const struct json *item = json_at(items, i);
		struct json *body;

		if (json_get_text(item, "url").len == 0)
			continue;
		body = json_new_object();
		if (typed)
			payload_put_text(body, "type", item, "type");
		payload_put_text(body, "title", item, "title");
		payload_put_text(body, "url", item, "url");
		json_append(list, body);
	}
	return list;
}

static void add_base(struct mapping *mapping, const struct generic_message *message, struct entity product)
{
	const struct json *data = message->data;
	struct ref_list refs = { .arena = mapping->arena };
	struct json *body = json_new_object();

	generic_put_common(mapping, body, data);
	payload_put_filled(body, "brand", named(mapping, json_get(data, "brand"), ENTITY_BRAND, &refs));
	payload_put_filled(body, "series", named(mapping, json_get(data, "series"), ENTITY_SERIES, &refs));
	payload_put_filled(body, "links", addresses(json_get(data, "links"), true));
	payload_put_filled(body, "files", addresses(json_get(data, "files"), false));
	ref_list_add(&refs, ENTITY_SKU, payload_id(data, "sku", mapping->arena));
	mapping_add(mapping, (struct fact){
		.entity = product,
		.part = STR("base"),
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}

/* A whole set of ids; refs may be NULL. */
static void add_set(struct mapping *mapping, const struct generic_message *message, struct entity product,
		    struct str part, struct json *ids, const struct ref_list *refs)
{
	struct json *body = json_new_object();

	json_set(body, "ids", ids);
	mapping_add(mapping, (struct fact){
		.entity = product,
		.part = part,
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs ? refs->ref : NULL,
		.n_ref = refs ? refs->n : 0,
	});
}

static void add_links(struct mapping *mapping, const struct generic_message *message, struct entity product)
{
	const struct json *categories = json_get(message->data, "categories");
	struct ref_list refs = { .arena = mapping->arena };
	struct json *ids;

	if (json_type(categories) != JSON_ARRAY)
		return;
	ids = json_new_array();
	for (size_t i = 0; i < json_len(categories); i++) {
		const struct json *category = json_at(categories, i);
		struct str id = json_type(category) == JSON_OBJECT
					? payload_id(category, "id|category_id", mapping->arena)
					: payload_value_id(category, mapping->arena);

		if (id.len == 0) {
			mapping_note(mapping, "category %zu has no id and was left out", i + 1);
			continue;
		}
		json_append(ids, json_new_text(id));
		ref_list_add(&refs, ENTITY_CATEGORY, id);
	}
	add_set(mapping, message, product, STR("links"), ids, &refs);
}

static void add_variants(struct mapping *mapping, const struct generic_message *message,
			 struct entity product)
{
	const struct json *variants = json_get(message->data, "variants");
	struct json *ids;

	if (json_type(variants) != JSON_ARRAY)
		return;
	if (json_len(variants) > GENERIC_VARIANTS_MAX) {
		mapping_fail(mapping, "data.variants has more than %d elements", GENERIC_VARIANTS_MAX);
		return;
	}
	ids = json_new_array();
	for (size_t i = 0; i < json_len(variants); i++) {
		struct str id = payload_id(json_at(variants, i), "id|variant_id", mapping->arena);

		if (id.len == 0) {
			mapping_note(mapping, "variant %zu has no id and was left out", i + 1);
			continue;
		}
		json_append(ids, json_new_text(id));
		generic_add_variant(mapping, message, json_at(variants, i), id, product.id);
	}
	add_set(mapping, message, product, STR("variants"), ids, NULL);
}

void generic_map_product(struct mapping *mapping, const struct generic_message *message)
{
	struct entity product = {
		.kind = ENTITY_PRODUCT,
		.id = generic_need_id(mapping, message, "id|product_id", true),
	};
	struct generic_message inner = *message;

	if (json_len(message->data) == 0)
		mapping_fail(mapping, "'data' is missing or empty");
	if (mapping->state != MAP_DONE)
		return;
	if (json_get_text(message->data, "currency").len)
		inner.currency = json_get_text(message->data, "currency"); /* its variants' too */
	add_base(mapping, &inner, product);
	generic_add_price(mapping, &inner, inner.data, product, STR(""));
	generic_add_stock(mapping, &inner, inner.data, product, STR(""));
	add_links(mapping, &inner, product);
	add_variants(mapping, &inner, product);
}

void generic_map_product_deleted(struct mapping *mapping, const struct generic_message *message)
{
	generic_add_deleted(mapping, message, ENTITY_PRODUCT, "id|product_id", STR(""));
}
