/*
 * Lines of orders and carts, and the product that was looked at: LINE bodies.
 *
 * Keeps:   a line names its product and variant in refs only if it lacks what the catalog may know, so that a
 *          complete line waits for nothing.
 */
#include "platform/generic/generic_internal.h"

static const struct field ids[] = { { "line_id", FIELD_ID, "line_id|id" } };

static const struct field line_fields[] = {
	{ "product_id", FIELD_ID, "product_id" },
	{ "variant_id", FIELD_ID, "variant_id" },
	{ "sku", FIELD_ID, "sku" },
	{ "name", FIELD_TEXT, "name|title|product_name" },
	{ "variant_name", FIELD_TEXT, "variant_name|variant_title" },
	{ "unit_price", FIELD_AMOUNT, "unit_price|price" },
	{ "row_total", FIELD_AMOUNT, "row_total|total" },
	{ "discount", FIELD_AMOUNT, "discount" },
	{ "tax", FIELD_AMOUNT, "tax" },
	{ "brand", FIELD_TEXT, "brand|brand.name" },
	{ "image_url", FIELD_TEXT, "image_url|image" },
	{ "product_url", FIELD_TEXT, "product_url|url" },
};

static const struct field viewed_fields[] = {
	{ "product_id", FIELD_ID, "product_id|id" },
	{ "variant_id", FIELD_ID, "variant_id" },
	{ "sku", FIELD_ID, "sku" },
	{ "name", FIELD_TEXT, "name|title|product_name" },
	{ "variant_name", FIELD_TEXT, "variant_name|variant_title" },
	{ "price", FIELD_AMOUNT, "price|unit_price" },
	{ "compare_at_price", FIELD_AMOUNT, "compare_at_price" },
	{ "currency", FIELD_CURRENCY, "currency" },
	{ "brand", FIELD_TEXT, "brand|brand.name" },
	{ "image_url", FIELD_TEXT, "image_url|image" },
	{ "product_url", FIELD_TEXT, "product_url|url" },
};

static void put_categories(struct mapping *mapping, struct json *body, const struct json *line)
{
	payload_put_filled(
		body, "categories",
		field_texts(mapping, "categories", payload_find(line, "categories|category"), "name|title"));
}

static void add_refs(const struct json *body, struct ref_list *refs)
{
	static const char *const shown[] = { "name", "image_url", "product_url", "brand", "categories" };

	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		if (json_get(body, shown[i]))
			continue;
		ref_list_add(refs, ENTITY_PRODUCT, arena_dup(refs->arena, json_get_text(body, "product_id")));
		ref_list_add(refs, ENTITY_VARIANT, arena_dup(refs->arena, json_get_text(body, "variant_id")));
		return;
	}
}

/* A whole number, or a decimal as text; 1 where there is none. */
static void put_quantity(struct mapping *mapping, struct json *body, const struct json *line)
{
	const struct json *value = payload_find(line, "quantity|qty");
	struct str text = payload_decimal(value, mapping->arena);
	int64_t whole = 1;

	if (!payload_int(value, &whole) && text.len) {
		json_set_text(body, "quantity", text);
		return;
	}
	if (text.len == 0)
		mapping_note(mapping, "a line without a quantity counts as one piece");
	json_set(body, "quantity", json_new_int(whole));
}

struct json *generic_added(struct mapping *mapping, const struct json *line, struct ref_list *refs)
{
	struct json *body;

	if (json_type(line) != JSON_OBJECT)
		return NULL;
	body = json_new_object();
	field_copy(mapping, body, line, line_fields, ARRAY_LEN(line_fields));
	put_quantity(mapping, body, line);
	put_categories(mapping, body, line);
	add_refs(body, refs);
	return body;
}

struct json *generic_viewed(struct mapping *mapping, const struct json *product, struct ref_list *refs)
{
	struct json *body = json_new_object();

	field_copy(mapping, body, product, viewed_fields, ARRAY_LEN(viewed_fields));
	put_categories(mapping, body, product);
	add_refs(body, refs);
	return body;
}

static size_t count_of(struct mapping *mapping, const struct json *list)
{
	size_t n = json_type(list) == JSON_ARRAY ? json_len(list) : 0;

	if (json_type(list) != JSON_ARRAY && json_type(list) != JSON_NULL)
		mapping_note(mapping, "'lines' is no list and was left out");
	if (n <= GENERIC_LINES_MAX)
		return n;
	mapping_note(mapping, "%zu lines: those after the first %d were left out", n, GENERIC_LINES_MAX);
	return GENERIC_LINES_MAX;
}

struct json *generic_lines(struct mapping *mapping, const struct json *list, struct ref_list *refs)
{
	size_t n = count_of(mapping, list);
	struct json *lines = json_new_array();

	for (size_t i = 0; i < n; i++) {
		const struct json *line = json_at(list, i);
		struct json *body = generic_added(mapping, line, refs);

		if (!body) {
			mapping_note(mapping, "line %zu is no object and was left out", i + 1);
			continue;
		}
		field_copy(mapping, body, line, ids, ARRAY_LEN(ids));
		if (!json_get(body, "line_id"))
			json_set_text(body, "line_id", arena_printf(mapping->arena, "%zu", i + 1));
		json_append(lines, body);
	}
	return lines;
}

struct json *generic_line_quantities(struct mapping *mapping, const struct json *list)
{
	size_t n = count_of(mapping, list);
	struct json *lines = json_new_array();

	for (size_t i = 0; i < n; i++) {
		const struct json *line = json_at(list, i);
		struct json *body = json_new_object();

		field_copy(mapping, body, line, ids, ARRAY_LEN(ids));
		if (!json_get(body, "line_id")) {
			mapping_note(mapping,
				     "line %zu of a shipment or refund has no line_id and was left out",
				     i + 1);
			json_free(body);
			continue;
		}
		if (payload_find(line, "quantity|qty"))
			put_quantity(mapping, body, line);
		json_append(lines, body);
	}
	return lines;
}
