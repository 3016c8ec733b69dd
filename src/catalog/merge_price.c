/*
 * What a product or variant costs.
 *
 * Two sources: price lists (parts price.G, with a row for each market) and the price in the base, which
 * shops with one list send. Of the two the later counts; the first list by name that has a usable row,
 * unless the settings name one.
 * Keeps:   no price is ever guessed: a row that cannot be read, of a market that is not ours or not active,
 *          is none.
 * Pure.
 */
#include "catalog/merge_internal.h"

/* Amounts of one row, as far as they could be read. */
struct amounts {
	bool has_base;
	struct money base;
	bool has_sale;
	struct money sale;
	bool has_reference;
	struct money reference;
};

/* "eur" -> "EUR"; "" for anything that is no currency code. */
static struct str currency_code(const struct merge *merge, struct str text)
{
	char *code;

	if (text.len != 3)
		return (struct str){ 0 };
	code = arena_cstr(merge->arena, text);
	for (size_t i = 0; i < text.len; i++)
		if (code[i] >= 'a' && code[i] <= 'z')
			code[i] = (char)(code[i] - ('a' - 'A'));
	return str_of(code, text.len);
}

/* False if there is none, or none that makes sense. */
static bool read_amount(struct merge *merge, const struct json *row, const char *name, struct str currency,
			struct money *out)
{
	struct str text = merge_scalar_of(merge, row, name);

	if (text.len == 0)
		return false;
	if (!money_parse(text, currency, out) || out->minor < 0) {
		merge_note(merge, "price \"%.*s\" could not be read", text.len < 40 ? (int)text.len : 40,
			   text.p);
		return false;
	}
	*out = money_divide(*out, merge->rules->price_divisor);
	return true;
}

static struct money greater(struct money a, struct money b)
{
	return money_cmp(a, b) >= 0 ? a : b;
}

static void set_compare(struct merge_price *price, struct money compare)
{
	price->has_compare = money_cmp(compare, price->price) > 0;
	price->compare = compare;
}

static struct merge_price as_price(bool known, struct money money)
{
	return (struct merge_price){ .known = known, .price = money };
}

/* The sale price, with what it was compared to. */
static struct merge_price sale_price(const struct amounts *amounts)
{
	struct merge_price price = as_price(true, amounts->sale);

	if (amounts->has_base && amounts->has_reference)
		set_compare(&price, greater(amounts->base, amounts->reference));
	else if (amounts->has_base)
		set_compare(&price, amounts->base);
	else if (amounts->has_reference)
		set_compare(&price, amounts->reference);
	return price;
}

static struct merge_price choose_amount(enum price_source source, bool on_sale, const struct amounts *amounts)
{
	switch (source) {
	case PRICE_SALE:
		if (on_sale && amounts->has_sale)
			return sale_price(amounts);
		break;
	case PRICE_BASE:
		break;
	case PRICE_REFERENCE:
		if (amounts->has_reference)
			return as_price(true, amounts->reference);
		break;
	}
	return as_price(amounts->has_base, amounts->base);
}

/* ---- price lists ---- */

static struct merge_price read_row(struct merge *merge, const struct json *row, struct str currency)
{
	struct str market = json_get_text(row, "market");
	struct str code = currency_code(merge, str_trim(json_get_text(row, "currency")));
	struct amounts amounts = { 0 };

	if (!json_get_bool(row, "active", true) ||
	    (market.len > 0 && merge_is_deleted(merge, ENTITY_MARKET, market)))
		return (struct merge_price){ 0 };
	if (code.len == 0)
		code = currency;
	amounts.has_base = read_amount(merge, row, "base", code, &amounts.base);
	amounts.has_sale = read_amount(merge, row, "sale", code, &amounts.sale);
	amounts.has_reference = read_amount(merge, row, "reference", code, &amounts.reference);
	return choose_amount(merge->rules->price_source, json_get_bool(row, "on_sale", false), &amounts);
}

static bool row_in_country(const struct json *row, struct str country)
{
	const struct json *countries = json_get(row, "countries");

	for (size_t i = 0; i < json_len(countries); i++)
		if (country.len > 0 && str_eq_nocase(json_text(json_at(countries, i)), country))
			return true;
	return false;
}

/* The row of our market: by its name, else by its country. */
static const struct json *market_row(const struct merge *merge, const struct json *rows)
{
	for (size_t i = 0; i < json_len(rows); i++)
		if (merge_market_is(&merge->market, json_get_text(json_at(rows, i), "market")))
			return json_at(rows, i);
	for (size_t i = 0; i < json_len(rows); i++)
		if (row_in_country(json_at(rows, i), merge->market.country))
			return json_at(rows, i);
	return NULL;
}

/* Nothing says which market is meant: the first by its name that has a price. */
static struct merge_price first_row(struct merge *merge, const struct json *rows, struct str currency)
{
	struct merge_price best = { 0 };
	struct str best_market = { 0 };

	for (size_t i = 0; i < json_len(rows); i++) {
		struct str market = json_get_text(json_at(rows, i), "market");
		struct merge_price price = read_row(merge, json_at(rows, i), currency);

		if (price.known && (!best.known || str_cmp(market, best_market) < 0)) {
			best = price;
			best_market = market;
		}
	}
	return best;
}

static struct merge_price list_price(struct merge *merge, const struct merge_fact *list, struct str currency)
{
	const struct json *rows = json_get(list->body, "prices");
	const struct json *row = market_row(merge, rows);

	if (!row && json_len(rows) == 1)
		row = json_at(rows, 0);
	if (row)
		return read_row(merge, row, currency);
	return merge->market.known ? (struct merge_price){ 0 } : first_row(merge, rows, currency);
}

static bool list_is(const struct merge *merge, const struct merge_fact *list, struct str key, struct str wish)
{
	const struct merge_fact *group = merge_part(merge, ENTITY_STORE_GROUP, key, "base");

	return str_eq_nocase(key, wish) ||
	       str_eq_nocase(str_trim(json_get_text(list->body, "group")), wish) ||
	       (group && str_eq_nocase(str_trim(json_get_text(group->body, "slug")), wish));
}

static bool list_may_count(const struct merge *merge, const struct merge_fact *list, struct str key)
{
	struct str wish = merge->rules->store_group;

	if (key.len > 0 && merge_is_deleted(merge, ENTITY_STORE_GROUP, key))
		return false;
	return wish.len == 0 || list_is(merge, list, key, wish);
}

/* The only list says, later than the base, that there is no price any more. */
static bool is_withdrawn(const struct merge_fact *list, struct str key)
{
	const struct json *rows = json_get(list->body, "prices");

	return key.len == 0 && json_type(rows) == JSON_ARRAY && json_len(rows) == 0;
}

/* ---- the price in the base ---- */

/* Here compare_at_price is the ordinary price while price is reduced. */
static struct merge_price base_price(struct merge *merge, const struct merge_fact *base, struct str currency)
{
	struct str code = currency_code(merge, str_trim(json_get_text(base->body, "currency")));
	struct merge_price price = { 0 };
	struct money compare;

	if (code.len == 0)
		code = currency;
	price.known = read_amount(merge, base->body, "price", code, &price.price);
	if (!price.known || !read_amount(merge, base->body, "compare_at_price", code, &compare))
		return price;
	if (merge->rules->price_source == PRICE_SALE)
		set_compare(&price, compare);
	else
		price.price = greater(price.price, compare);
	return price;
}

struct merge_price merge_price_of(struct merge *merge, enum entity_kind kind, struct str id,
				  struct str currency)
{
	const struct merge_fact *base = merge_part(merge, kind, id, "base");
	struct str code = currency_code(merge, currency);
	struct merge_price own = base ? base_price(merge, base, code) : (struct merge_price){ 0 };
	struct merge_range range = merge_entity(merge, kind, id);

	for (size_t i = 0; i < range.n; i++) {
		const struct merge_fact *list = &range.fact[i];
		struct merge_price price;
		struct str key;

		if (!merge_part_key(list, "price", &key) || !list_may_count(merge, list, key))
			continue;
		if (own.known && !merge_later(list, base))
			continue;
		if (is_withdrawn(list, key))
			own.known = false;
		price = list_price(merge, list, code);
		if (price.known)
			return price;
	}
	return own;
}
