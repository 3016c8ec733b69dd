/*
 * Fields of beacons: which members a browser may send, and what each may be.
 *
 * Does:    copies members by list: types checked, texts cut, ids and amounts brought to one form.
 * Doesn't: know what an event needs (beacon_read.c).
 * Keeps:   a member of the wrong type refuses its event; one of the right type that makes no sense (an
 *          address that is none, a link that leads away from the shop) is left out.
 * Pure.
 */
#include "flow/beacon_field.h"

#include "base/utf8.h"
#include "flow/beacon_read.h"
#include "model/money.h"
#include "model/person.h"
#include "net/url.h"

#define URL_MAX		 1000
#define NAME_MAX	 300
#define ID_MAX		 200
#define WORD_MAX	 200
#define AMOUNT_BYTES_MAX 20

static const struct field visitor_fields[] = {
	{ "anonymous_id", NULL, FIELD_TOKEN, 64 },
	{ "session_id", NULL, FIELD_TOKEN, 64 },
	{ "email", NULL, FIELD_EMAIL, 0 },
	{ "exchange_token", NULL, FIELD_TOKEN, 600 },
	{ "page_url", NULL, FIELD_OWN_URL, URL_MAX },
};
static const struct field product_fields[] = {
	{ "product_id", NULL, FIELD_ID, ID_MAX },
	{ "variant_id", NULL, FIELD_ID, ID_MAX },
	{ "sku", NULL, FIELD_ID, ID_MAX },
	{ "name", NULL, FIELD_TEXT, NAME_MAX },
	{ "variant_name", NULL, FIELD_TEXT, NAME_MAX },
	{ "price", NULL, FIELD_AMOUNT, 0 },
	{ "compare_at_price", NULL, FIELD_AMOUNT, 0 },
	{ "currency", NULL, FIELD_TEXT, 3 },
	{ "brand", NULL, FIELD_TEXT, WORD_MAX },
	{ "categories", NULL, FIELD_TEXTS, WORD_MAX },
	{ "image_url", NULL, FIELD_URL, URL_MAX },
	{ "url", NULL, FIELD_OWN_URL, URL_MAX },
};
static const struct field line_fields[] = {
	{ "line_id", NULL, FIELD_ID, ID_MAX },
	{ "product_id", NULL, FIELD_ID, ID_MAX },
	{ "variant_id", NULL, FIELD_ID, ID_MAX },
	{ "sku", NULL, FIELD_ID, ID_MAX },
	{ "name", NULL, FIELD_TEXT, NAME_MAX },
	{ "variant_name", NULL, FIELD_TEXT, NAME_MAX },
	{ "quantity", NULL, FIELD_COUNT, 0 },
	{ "price", "unit_price", FIELD_AMOUNT, 0 },
	{ "unit_price", NULL, FIELD_AMOUNT, 0 },
	{ "row_total", NULL, FIELD_AMOUNT, 0 },
	{ "brand", NULL, FIELD_TEXT, WORD_MAX },
	{ "categories", NULL, FIELD_TEXTS, WORD_MAX },
	{ "image_url", NULL, FIELD_URL, URL_MAX },
	{ "url", "product_url", FIELD_OWN_URL, URL_MAX },
	{ "product_url", NULL, FIELD_OWN_URL, URL_MAX },
};
static const struct field cart_fields[] = {
	{ "cart_id", NULL, FIELD_ID, 100 },
	{ "currency", NULL, FIELD_TEXT, 3 },
	{ "total", NULL, FIELD_AMOUNT, 0 },
	{ "url", "recover_url", FIELD_OWN_URL, URL_MAX },
	{ "recover_url", NULL, FIELD_OWN_URL, URL_MAX },
};
static const struct field category_fields[] = {
	{ "id", NULL, FIELD_ID, ID_MAX },
	{ "name", NULL, FIELD_TEXT, WORD_MAX },
	{ "url", NULL, FIELD_OWN_URL, URL_MAX },
	{ "image_url", NULL, FIELD_URL, URL_MAX },
};
static const struct field search_fields[] = {
	{ "term", NULL, FIELD_TEXT, WORD_MAX },
	{ "corrected", NULL, FIELD_TEXT, WORD_MAX },
	{ "results", NULL, FIELD_COUNT, 0 },
};

const struct field_list beacon_visitor_fields = { visitor_fields, ARRAY_LEN(visitor_fields) };
const struct field_list beacon_product_fields = { product_fields, ARRAY_LEN(product_fields) };
const struct field_list beacon_line_fields = { line_fields, ARRAY_LEN(line_fields) };
const struct field_list beacon_cart_fields = { cart_fields, ARRAY_LEN(cart_fields) };
const struct field_list beacon_category_fields = { category_fields, ARRAY_LEN(category_fields) };
const struct field_list beacon_search_fields = { search_fields, ARRAY_LEN(search_fields) };

static bool is_number(const struct json *value)
{
	return json_type(value) == JSON_INTEGER || json_type(value) == JSON_REAL;
}

/* A string, or a number as it would be written. */
static struct str scalar(const struct json *value, struct arena *arena)
{
	return str_trim(is_number(value) ? json_write_arena(value, false, arena) : json_text(value));
}

static bool has_type(enum field_kind kind, const struct json *value)
{
	switch (kind) {
	case FIELD_TEXT:
	case FIELD_TOKEN:
	case FIELD_EMAIL:
	case FIELD_URL:
	case FIELD_OWN_URL:
		return json_type(value) == JSON_STRING;
	case FIELD_ID:
		return json_type(value) == JSON_STRING || json_type(value) == JSON_INTEGER;
	case FIELD_AMOUNT:
	case FIELD_COUNT:
		return json_type(value) == JSON_STRING || is_number(value);
	case FIELD_TEXTS:
		return json_type(value) == JSON_ARRAY;
	}
	return false;
}

static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= 0x20 || text.p[i] >= 0x7f)
			return false;
	return text.len > 0;
}

static struct json *new_amount(struct str text, bool count)
{
	struct money money;
	int64_t number;

	if (text.len > AMOUNT_BYTES_MAX || !money_parse(text, STR(""), &money) || money.minor < 0)
		return NULL;
	return count && str_to_int64(text, &number) ? json_new_int(number) : json_new_text(text);
}

static struct json *new_texts(const struct json *list, size_t max)
{
	struct json *texts = json_new_array();

	for (size_t i = 0; i < json_len(list) && json_len(texts) < BEACON_TEXTS_MAX; i++) {
		struct str text = str_trim(json_text(json_at(list, i)));

		if (text.len > 0)
			json_append(texts, json_new_text(utf8_cut(text, max)));
	}
	return texts;
}

static bool is_url(struct str text, size_t max)
{
	struct url url;

	return text.len <= max && url_parse(text, &url, NULL);
}

/* The value as it is kept; NULL: it makes no sense. */
static struct json *new_value(const struct field *field, const struct settings_store *store,
			      const struct json *from, struct arena *arena)
{
	struct str origins = setting_text(store->value, SETTING_KEY_storefront_origins);
	struct str text = scalar(from, arena), email;

	switch (field->kind) {
	case FIELD_TEXT:
		return text.len > 0 ? json_new_text(utf8_cut(text, field->max)) : NULL;
	case FIELD_ID:
		return text.len > 0 && text.len <= field->max ? json_new_text(text) : NULL;
	case FIELD_TOKEN:
		return text.len <= field->max && is_visible(text) ? json_new_text(text) : NULL;
	case FIELD_EMAIL:
		return person_email(text, arena, &email) ? json_new_text(email) : NULL;
	case FIELD_AMOUNT:
		return new_amount(text, false);
	case FIELD_COUNT:
		return new_amount(text, true);
	case FIELD_URL:
		return is_url(text, field->max) ? json_new_text(text) : NULL;
	case FIELD_OWN_URL:
		return is_url(text, field->max) && beacon_origin_allowed(origins, text) ? json_new_text(text)
											: NULL;
	case FIELD_TEXTS:
		return new_texts(from, field->max);
	}
	return NULL;
}

bool beacon_copy(const struct field_list *list, const struct settings_store *store, const struct json *from,
		 struct arena *arena, struct json *to, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct field *field = &list->field[i];
		const struct json *value = json_get(from, field->name);

		if (json_type(value) == JSON_NULL)
			continue;
		if (!has_type(field->kind, value))
			return err_set(err, ERR_INVALID, "'%s' is of the wrong type", field->name);
		json_set(to, field->as ? field->as : field->name, new_value(field, store, value, arena));
	}
	return true;
}
