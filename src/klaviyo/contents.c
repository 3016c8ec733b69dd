/*
 * Contents of things of the catalog: reading what Klaviyo holds, and comparing it with what was told.
 *
 * Doesn't: keep texts: a digest for each attribute is enough to say what differs.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15, get_catalog_items, _variants, _categories and
 * get_item_ids_for_catalog_category.
 */
#include "klaviyo/contents.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "klaviyo/lookup.h"
#include "klaviyo/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each attribute so many digits are kept; '-' = it has no value. */
#define DIGITS	      12
#define COMPOUND      "$custom:::$default:::"
#define CANONICAL_MAX ((size_t)8 << 20)
#define LINK_BYTES    5

/* In the order of the contents; the item is no attribute but is compared like one. */
static const char *const attribute[] = {
	"title",	   "description", "url", "price", "image_full_url",   "image_thumbnail_url", "images",
	"custom_metadata", "published",	  "sku", "name",  "inventory_policy", "inventory_quantity",  "item",
};
#define ITEM_AT (ARRAY_LEN(attribute) - 1)

/* ---- one value ---- */

static bool is_nothing(const struct json *value)
{
	switch (json_type(value)) {
	case JSON_NULL:
		return true;
	case JSON_STRING:
		return str_trim(json_text(value)).len == 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_len(value) == 0;
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_INTEGER:
	case JSON_REAL:
		break;
	}
	return false;
}

static struct json *canonical_number(double value)
{
	char number[64];

	(void)snprintf(number, sizeof(number), "#%.10g", value);
	return json_new_text(str_from(number));
}

/* "9.90", not "007" or "1e3": as a number it says the same. */
static bool is_decimal(struct str text)
{
	size_t i = text.len > 0 && text.p[0] == '-', digits = 0, dots = 0;

	if (i + 1 < text.len && text.p[i] == '0' && text.p[i + 1] != '.')
		return false;
	for (; i < text.len; i++) {
		digits += text.p[i] >= '0' && text.p[i] <= '9';
		dots += text.p[i] == '.';
		if (text.p[i] != '.' && (text.p[i] < '0' || text.p[i] > '9'))
			return false;
	}
	return digits > 0 && digits <= 10 && dots <= 1 && text.p[text.len - 1] != '.';
}

/* Blanks of any kind and number are one. */
static struct json *canonical_words(struct str text)
{
	struct json *json;
	struct strbuf out;
	bool blank = false;

	strbuf_init(&out, CANONICAL_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == ' ' || (text.p[i] >= '\t' && text.p[i] <= '\r')) {
			blank = true;
			continue;
		}
		if (blank)
			strbuf_add_char(&out, ' ');
		blank = false;
		strbuf_add_char(&out, text.p[i]);
	}
	json = json_new_text(strbuf_str(&out));
	strbuf_release(&out);
	return json;
}

/* loose: of custom_metadata, where texts may say what numbers and yes or no say. */
static struct json *canonical_text(struct str text, bool loose)
{
	int64_t at_ms;

	text = str_trim(text);
	if (str_find_char(text, 'T') == 10 && time_parse_rfc3339(text, &at_ms))
		return canonical_number((double)at_ms);
	if (loose && is_decimal(text)) {
		char copy[16];

		(void)snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
		return canonical_number(strtod(copy, NULL));
	}
	if (loose && (str_eq(text, STR("true")) || str_eq(text, STR("false"))))
		return json_new_bool(str_eq(text, STR("true")));
	return canonical_words(text);
}

/* The value with its numbers and texts in one form. */
static struct json *canonical(const struct json *value, bool loose)
{
	struct json *copy;

	switch (json_type(value)) {
	case JSON_INTEGER:
	case JSON_REAL:
		return canonical_number(json_number(value));
	case JSON_STRING:
		return canonical_text(json_text(value), loose);
	case JSON_ARRAY:
		copy = json_new_array();
		for (size_t i = 0; i < json_len(value); i++)
			json_append(copy, canonical(json_at(value, i), loose));
		return copy;
	case JSON_OBJECT:
		copy = json_new_object();
		for (void *it = json_first(value); it; it = json_next(value, it))
			if (!is_nothing(json_member_value(it)))
				json_set_n(copy, json_member_name(it),
					   canonical(json_member_value(it), loose));
		return copy;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	return json_clone(value);
}

static void put_digits(struct strbuf *out, struct str text)
{
	struct digest16 digest = digest16_of(&text, 1);
	char hex[2 * sizeof(digest) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	strbuf_add(out, hex, DIGITS);
}

static void put_nothing(struct strbuf *out)
{
	strbuf_add_text(out, "------------");
}

/* What Klaviyo takes where nothing is said. Source: create_catalog_item, create_catalog_variant. */
static bool is_default(const char *name, const struct json *value)
{
	if (strcmp(name, "published") == 0)
		return json_is_true(value);
	return strcmp(name, "inventory_policy") == 0 && json_type(value) == JSON_INTEGER &&
	       json_number(value) < 0.5;
}

static void put_value(struct strbuf *out, const char *name, const struct json *value)
{
	struct json *copy;
	struct strbuf text;

	if (is_nothing(value) || is_default(name, value)) {
		put_nothing(out);
		return;
	}
	copy = canonical(value, strcmp(name, "custom_metadata") == 0);
	strbuf_init(&text, CANONICAL_MAX);
	json_write(copy, true, &text);
	put_digits(out, strbuf_str(&text));
	strbuf_release(&text);
	json_free(copy);
}

/* ---- one thing ---- */

static struct str external_id_of(struct str compound_id, struct arena *arena)
{
	if (!str_starts(compound_id, STR(COMPOUND)))
		return STR("");
	return arena_dup(arena, str_skip(compound_id, sizeof(COMPOUND) - 1));
}

static struct str related_item(const struct json *resource, struct arena *arena)
{
	const struct json *item = json_get(json_get(resource, "relationships"), "item");

	return external_id_of(json_get_text(json_get(item, "data"), "id"), arena);
}

static struct digest16 alike(enum klaviyo_kind kind, const struct json *attributes)
{
	struct str text = str_trim(json_get_text(attributes, kind == KLAVIYO_VARIANT ? "sku"
							     : kind == KLAVIYO_ITEM  ? "url"
										     : "name"));

	if (text.len == 0 && kind == KLAVIYO_ITEM)
		text = str_trim(json_get_text(attributes, "title"));
	return text.len > 0 ? digest16_of(&text, 1) : (struct digest16){ { 0 } };
}

static struct str contents_of(const struct json *attributes, struct str item, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, KLAVIYO_CONTENTS_BYTES);
	for (size_t i = 0; i < ITEM_AT; i++)
		put_value(&out, attribute[i], json_get(attributes, attribute[i]));
	if (item.len > 0)
		put_digits(&out, item);
	else
		put_nothing(&out);
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static struct klaviyo_thing thing_of(enum klaviyo_kind kind, const struct json *resource, struct arena *arena)
{
	const struct json *attributes = json_get(resource, "attributes");
	struct klaviyo_thing thing = { .alike = alike(kind, attributes) };

	thing.external_id = external_id_of(json_get_text(resource, "id"), arena);
	if (kind == KLAVIYO_VARIANT)
		thing.parent_external_id = related_item(resource, arena);
	thing.contents = contents_of(attributes, thing.parent_external_id, arena);
	return thing;
}

int64_t klaviyo_link_sum(struct str category_external_id)
{
	struct digest16 digest = digest16_of(&category_external_id, 1);
	int64_t sum = 0;

	for (size_t i = 0; i < LINK_BYTES; i++)
		sum = sum * 256 + digest.byte[i];
	return sum;
}

bool klaviyo_thing_told(enum klaviyo_kind kind, struct str body, struct arena *arena,
			struct klaviyo_thing *out, struct err *err)
{
	const struct json *categories;
	struct json *resource;

	if (!json_parse(body, &resource, err))
		return err_wrap(err, "a stored resource");
	*out = thing_of(kind, resource, arena);
	out->external_id = arena_dup(arena, json_get_text(json_get(resource, "attributes"), "external_id"));
	categories = json_get(json_get(json_get(resource, "relationships"), "categories"), "data");
	for (size_t i = 0; i < json_len(categories); i++)
		out->links +=
			klaviyo_link_sum(external_id_of(json_get_text(json_at(categories, i), "id"), arena));
	json_free(resource);
	return out->external_id.len > 0 || err_set(err, ERR_INVALID, "a stored resource has no external_id");
}

struct str klaviyo_contents_differ(struct str told, struct str held, struct arena *arena)
{
	struct str text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(attribute); i++) {
		struct str ours = str_of(str_skip(told, i * DIGITS).p, DIGITS);
		struct str theirs = str_of(str_skip(held, i * DIGITS).p, DIGITS);

		if (told.len < (i + 1) * DIGITS || held.len < (i + 1) * DIGITS)
			return STR("contents");
		if (str_eq(ours, theirs) || (i == ITEM_AT && (ours.p[0] == '-' || theirs.p[0] == '-')))
			continue;
		text = arena_printf(arena, "%.*s%s%s", STR_ARG(text), text.len > 0 ? ", " : "", attribute[i]);
	}
	return text;
}

/* ---- pages ---- */

bool klaviyo_read_things(enum klaviyo_kind kind, const struct http_answer *answer, struct arena *arena,
			 struct klaviyo_thing **thing, size_t *n, struct str *next, struct err *err)
{
	const struct json *data;
	struct json *body;

	if (!klaviyo_read_list_body(answer, arena, &body, err))
		return false;
	data = json_get(body, "data");
	*n = json_len(data);
	*thing = ARENA_ARRAY(arena, *n, struct klaviyo_thing);
	for (size_t i = 0; i < *n; i++)
		(*thing)[i] = thing_of(kind, json_at(data, i), arena);
	*next = klaviyo_page_next(answer, arena);
	json_free(body);
	return true;
}

bool klaviyo_read_links(const struct http_answer *answer, struct arena *arena, struct str **item, size_t *n,
			struct str *next, struct err *err)
{
	const struct json *data;
	struct json *body;

	if (!klaviyo_read_list_body(answer, arena, &body, err))
		return false;
	data = json_get(body, "data");
	*n = json_len(data);
	*item = ARENA_ARRAY(arena, *n, struct str);
	for (size_t i = 0; i < *n; i++)
		(*item)[i] = external_id_of(json_get_text(json_at(data, i), "id"), arena);
	*next = klaviyo_page_next(answer, arena);
	json_free(body);
	return true;
}
