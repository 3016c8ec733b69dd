/*
 * product.* and product_status.changed. A product message is whole, not a diff: its base replaces the one
 * before.
 *
 * The status comes a second time as a part of its own, because product_status.changed sends it alone: the
 * newest message of either kind then decides.
 */
#include "platform/enad/enad_internal.h"

static struct json *market_list(struct mapping *mapping, const struct json *markets, struct ref_list *refs)
{
	struct json *list = json_new_array();

	for (size_t i = 0; json_type(markets) == JSON_ARRAY && i < json_len(markets); i++) {
		const struct json *market = json_at(markets, i);
		struct str id = payload_id(market, "id", mapping->arena);
		struct json *body = json_new_object();

		json_set_text(body, "id", id);
		payload_put_text(body, "name", market, "name");
		payload_put_text(body, "slug", market, "slug");
		json_set_text(body, "country",
			      payload_code(json_get_text(market, "country_code"), 2, mapping->arena));
		payload_put_text(body, "locale", market, "locale");
		json_set_text(body, "currency",
			      payload_code(json_get_text(market, "currency_code"), 3, mapping->arena));
		payload_put_bool(body, "active", market, "active");
		ref_list_add(refs, ENTITY_MARKET, id);
		if (json_len(body))
			json_append(list, body);
		else
			json_free(body);
	}
	return list;
}

/* Links and files: only those with an address. */
static struct json *address_list(const struct json *items, bool typed)
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
		payload_put_text(body, "title", item, "title|name");
		payload_put_text(body, "url", item, "url");
		json_append(list, body);
	}
	return list;
}

static struct json *text_by_language(struct mapping *mapping, const struct json *payload)
{
	const struct json *translations = json_get(payload, "translations");
	const struct json *seo = json_get(payload, "seo");
	struct json *text = json_new_object();

	enad_put_translations(mapping, text, "title", json_get(translations, "name"));
	enad_put_translations(mapping, text, "description", json_get(translations, "description"));
	enad_put_translations(mapping, text, "html", json_get(translations, "html_description"));
	enad_put_translations(mapping, text, "slug", json_get(translations, "slug"));
	enad_put_translations(mapping, text, "meta_title", json_get(seo, "meta_title_translations"));
	enad_put_translations(mapping, text, "meta_description",
			      json_get(seo, "meta_description_translations"));
	return text;
}

static struct json *product_body(struct mapping *mapping, const struct json *payload, struct ref_list *refs)
{
	const struct json *brand = json_get(payload, "brand");
	struct json *body = json_new_object();
	bool published;

	payload_put_text(body, "sku", payload, "product_number");
	/* Stock of a product without variants hangs on its number. */
	ref_list_add(refs, ENTITY_SKU, payload_id(payload, "product_number", mapping->arena));
	payload_put_text(body, "title", payload, "product_name");
	payload_put_text(body, "description", payload, "description");
	payload_put_text(body, "html", payload, "html_description");
	payload_put_text(body, "slug", payload, "slug");
	payload_put_text(body, "status", payload, "status");
	payload_put_text(body, "meta_title", payload, "seo.meta_title");
	payload_put_text(body, "meta_description", payload, "seo.meta_description");
	if (enad_published(payload, &published))
		json_set(body, "published", json_new_bool(published));
	payload_put_filled(body, "text", text_by_language(mapping, payload));
	payload_put_filled(body, "images", enad_images(mapping, json_get(payload, "images"), STR("")));
	json_set(body, "brand", enad_named(mapping, brand, ENTITY_BRAND, refs));
	json_set(body, "series", enad_named(mapping, json_get(brand, "series"), ENTITY_SERIES, refs));
	payload_put_filled(body, "tags", enad_tags(mapping, json_get(payload, "tags"), refs));
	payload_put_filled(body, "markets", market_list(mapping, json_get(payload, "markets"), refs));
	payload_put_filled(body, "custom", payload_flat(json_get(payload, "custom"), mapping->arena));
	payload_put_filled(body, "links", address_list(json_get(payload, "third_party_links"), true));
	payload_put_filled(body, "files", address_list(json_get(payload, "files"), false));
	return body;
}

void enad_map_product(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "product_id|id");
	struct entity product = { .kind = ENTITY_PRODUCT, .id = id };
	struct ref_list refs = { .arena = mapping->arena };
	struct str body;

	(void)received_ms;
	if (id.len == 0)
		return;
	body = mapping_body(mapping, product_body(mapping, payload, &refs));
	mapping_add(mapping, (struct fact){
		.entity = product,
		.part = STR("base"),
		.op = FACT_SET,
		.body = body,
		.ref = refs.ref,
		.n_ref = refs.n,
	});
	enad_add_status(mapping, payload, product, STR(""));
}

void enad_map_product_status(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "product_id|id");

	(void)received_ms;
	enad_add_status(mapping, payload, (struct entity){ .kind = ENTITY_PRODUCT, .id = id }, STR(""));
	if (mapping->n_fact == 0)
		mapping_ignore(mapping, "it says neither status nor is_active");
}

void enad_map_product_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_PRODUCT, "product_id|id", STR(""));
}
