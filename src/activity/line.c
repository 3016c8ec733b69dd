/*
 * Lines of an order or cart: read, priced, and filled up from the catalog.
 *
 * Keeps:   every line has a quantity, and with `ids` a line_id that no other line of the list has. The total
 *          of a line is what the shop says, else price times quantity, and the other way round; in whole
 *          minor units.
 * Pure.
 */
#include "activity/fold_internal.h"

#define MILLION	  INT64_C(1000000)
#define MINOR_MAX INT64_C(10000000000000) /* as money_parse */

/* amount * number / divisor; false if it leaves the range of money. */
static bool scale(struct money amount, int64_t number, int64_t divisor, struct money *out)
{
	if (divisor <= 0 || __builtin_mul_overflow(amount.minor, number, &amount.minor))
		return false;
	*out = money_divide(amount, divisor);
	return out->minor <= MINOR_MAX && out->minor >= -MINOR_MAX;
}

/* Whole numbers are scaled as such: their products stay far from the end of 64 bits. */
void line_price(struct activity_line *line, const struct activity_amount *unit,
		const struct activity_amount *total, int64_t quantity)
{
	bool whole = quantity % MILLION == 0;
	int64_t number = whole ? quantity / MILLION : quantity, one = whole ? 1 : MILLION;

	line->has_price = unit->known || total->known;
	line->unit_price = unit->amount;
	line->row_total = total->amount;
	if (unit->known && !total->known)
		line->has_price = scale(unit->amount, number, one, &line->row_total);
	if (total->known && !unit->known && quantity > 0)
		line->has_price = scale(total->amount, one, number, &line->unit_price);
	else if (total->known && !unit->known)
		line->unit_price = total->amount;
}

/* Viewed products have one price, which may stand under "price". */
static void read_amounts(struct fold *fold, const struct json *json, struct str currency, int64_t quantity,
			 struct activity_line *out)
{
	struct activity_amount unit = fold_amount(fold, json, "unit_price", currency);
	struct activity_amount total = fold_amount(fold, json, "row_total", currency);
	struct activity_amount compare = fold_amount(fold, json, "compare_at_price", currency);
	struct activity_amount discount = fold_amount(fold, json, "discount", currency);
	struct activity_amount tax = fold_amount(fold, json, "tax", currency);

	if (!unit.known)
		unit = fold_amount(fold, json, "price", currency);
	line_price(out, &unit, &total, quantity);
	out->has_compare_at_price = compare.known;
	out->compare_at_price = compare.amount;
	out->has_discount = discount.known;
	out->discount = discount.amount;
	out->has_tax = tax.known;
	out->tax = tax.amount;
}

static int64_t read_quantity(struct fold *fold, const struct json *json, struct activity_line *out)
{
	struct str text = fold_text(fold, json, "quantity");
	int64_t quantity = MILLION;

	if (text.len > 0 && fold_quantity(fold, text, &out->quantity, &quantity))
		return quantity;
	if (text.len > 0)
		fold_note(fold, "a quantity could not be read: taken as 1");
	out->quantity = STR("1");
	return quantity;
}

void line_read(struct fold *fold, const struct json *json, struct str currency, struct activity_line *out)
{
	int64_t quantity;

	*out = (struct activity_line){
		.line_id = fold_text(fold, json, "line_id"),
		.product_id = fold_text(fold, json, "product_id"),
		.variant_id = fold_text(fold, json, "variant_id"),
		.sku = fold_text(fold, json, "sku"),
		.name = fold_text(fold, json, "name"),
		.variant_name = fold_text(fold, json, "variant_name"),
		.brand = fold_text(fold, json, "brand"),
		.image_url = fold_text(fold, json, "image_url"),
		.product_url = fold_text(fold, json, "product_url"),
	};
	out->category = fold_texts(fold, json_get(json, "categories"), &out->n_category);
	quantity = read_quantity(fold, json, out);
	read_amounts(fold, json, currency, quantity, out);
	line_product_fill(fold, out, currency);
}

static bool has_id(const struct activity_line *line, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(line[i].line_id, id))
			return true;
	return false;
}

/* Position n of line has an id of its own afterwards: what the shop says, else what is sold. */
static void identify(struct fold *fold, struct activity_line *line, size_t n)
{
	struct str id = line[n].line_id;

	if (id.len == 0)
		fold_note(fold, "a line has no id");
	if (id.len == 0)
		id = line[n].variant_id.len > 0 ? line[n].variant_id : line[n].product_id;
	if (id.len == 0)
		id = line[n].sku;
	line[n].line_id = id;
	for (size_t again = 2; line[n].line_id.len == 0 || has_id(line, n, line[n].line_id); again++)
		line[n].line_id = arena_printf(fold->arena, "%.*s#%zu", STR_ARG(id), again);
	if (line[n].line_id.p != id.p)
		fold_note(fold, "two lines have one id");
}

const struct activity_line *lines_read(struct fold *fold, const struct json *list, struct str currency,
				       bool ids, size_t *n)
{
	size_t len = json_type(list) == JSON_ARRAY ? json_len(list) : 0;
	struct activity_line *line;

	*n = 0;
	if (len > FOLD_LINES_MAX) {
		fold_note(fold, "only the first %d lines are sent", FOLD_LINES_MAX);
		len = FOLD_LINES_MAX;
	}
	line = ARENA_ARRAY(fold->arena, len, struct activity_line);
	for (size_t i = 0; i < len; i++) {
		if (json_type(json_at(list, i)) != JSON_OBJECT)
			continue;
		line_read(fold, json_at(list, i), currency, &line[*n]);
		if (ids)
			identify(fold, line, *n);
		++*n;
	}
	return line;
}
