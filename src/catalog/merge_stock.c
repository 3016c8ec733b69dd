/*
 * How many of a product or variant are there.
 *
 * Shops report stock for an inventory of a variant, for an inventory of a SKU, or in the base. For one
 * inventory the later report counts, whichever of the first two it is; the base counts when it is later
 * than all of them.
 * Pure.
 */
#include "catalog/merge_internal.h"

#define QUANTITY_MAX INT64_C(1000000000000)

/* Whole number of a member; a fraction is cut, text is read. */
static bool read_quantity(const struct merge *merge, const struct json *body, const char *name, int64_t *out)
{
	const struct json *value = json_get(body, name);
	double number = json_number(value);

	if (json_get_int(body, name, out))
		return true;
	if (json_type(value) == JSON_STRING)
		return str_to_int64(merge_scalar(merge, value), out);
	if (json_type(value) != JSON_REAL || number > (double)QUANTITY_MAX || number < -(double)QUANTITY_MAX)
		return false;
	*out = (int64_t)number;
	return true;
}

static const struct merge_fact *find_inventory(struct merge_range range, struct str inventory)
{
	struct str key;

	for (size_t i = 0; i < range.n; i++)
		if (merge_part_key(&range.fact[i], "stock", &key) && str_eq(key, inventory))
			return &range.fact[i];
	return NULL;
}

struct sum {
	int64_t quantity;
	bool known;
	bool newer; /* a report is later than the base */
};

static void add_report(struct merge *merge, const struct merge_fact *report, const struct merge_fact *base,
		       struct sum *sum)
{
	int64_t quantity;

	if (!read_quantity(merge, report->body, "quantity", &quantity)) {
		merge_note(merge, "stock of %.*s could not be read", STR_ARG(report->row->entity.id));
		return;
	}
	sum->known = true;
	sum->newer = sum->newer || merge_later(report, base);
	if (!json_get_bool(report->body, "available", true))
		return;
	if (__builtin_add_overflow(sum->quantity, quantity, &sum->quantity))
		sum->quantity = quantity > 0 ? QUANTITY_MAX : 0;
}

/* Reports of own, each unless shared has a later one of the same inventory (or as late, if it yields). */
static void add_reports(struct merge *merge, struct merge_range own, struct merge_range shared, bool yields,
			const struct merge_fact *base, struct sum *sum)
{
	for (size_t i = 0; i < own.n; i++) {
		const struct merge_fact *report = &own.fact[i];
		const struct merge_fact *other;
		struct str key;

		if (!merge_part_key(report, "stock", &key))
			continue;
		other = find_inventory(shared, key);
		if (!other || (yields ? !merge_later(other, report) : merge_later(report, other)))
			add_report(merge, report, base, sum);
	}
}

/* "track_stock" of the variant, else of its product; otherwise as given. */
static bool is_tracked(const struct merge *merge, const struct merge_fact *base, bool otherwise)
{
	const struct merge_fact *product = merge_part(merge, ENTITY_PRODUCT, merge->root->root.id, "base");

	if (product)
		otherwise = json_get_bool(product->body, "track_stock", otherwise);
	return base ? json_get_bool(base->body, "track_stock", otherwise) : otherwise;
}

struct merge_stock merge_stock_of(struct merge *merge, enum entity_kind kind, struct str id, struct str sku)
{
	const struct merge_fact *base = merge_part(merge, kind, id, "base");
	struct merge_range own = merge_entity(merge, kind, id);
	struct merge_range shared = { 0 };
	struct sum sum = { 0 };
	int64_t in_base;

	if (sku.len > 0)
		shared = merge_entity(merge, ENTITY_SKU, sku);
	add_reports(merge, own, shared, false, base, &sum);
	add_reports(merge, shared, own, true, base, &sum);
	if (base && !sum.newer && read_quantity(merge, base->body, "stock", &in_base))
		sum = (struct sum){ .quantity = in_base, .known = true };
	if (!sum.known || !is_tracked(merge, base, true))
		return (struct merge_stock){ merge->rules->stock_unknown, is_tracked(merge, base, false)
										  ? STOCK_HIDE_WHEN_OUT
										  : STOCK_SHOW_ALWAYS };
	sum.quantity = sum.quantity < 0 ? 0 : sum.quantity;
	return (struct merge_stock){ sum.quantity < QUANTITY_MAX ? sum.quantity : QUANTITY_MAX,
				     STOCK_HIDE_WHEN_OUT };
}
