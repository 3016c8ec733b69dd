/*
 * What the catalog knows of the product or variant that a line names.
 *
 * Keeps:   what a line says itself wins; only the ids are always Klaviyo's when the product is known. A SKU
 *          that two products have says nothing. A price in another currency than the order's is none.
 * Pure.
 */
#include "activity/fold_internal.h"

#include <stdlib.h>

/* ---- names to products ---- */

static int compare_product(const void *left, const void *right)
{
	const struct fold_product *a = left;
	const struct fold_product *b = right;
	int order = str_cmp(a->name, b->name);

	if (order == 0)
		order = str_cmp(a->product->product_id, b->product->product_id);
	if (order == 0)
		order = str_cmp(a->variant ? a->variant->variant_id : STR(""),
				b->variant ? b->variant->variant_id : STR(""));
	return order;
}

static void index_add(struct fold_index *index, struct str name, const struct activity_product *product,
		      const struct activity_line *variant)
{
	if (name.len > 0)
		index->row[index->n++] = (struct fold_product){ name, product, variant };
}

static void index_sort(struct fold_index *index)
{
	if (index->n > 1)
		qsort(index->row, index->n, sizeof(index->row[0]), compare_product);
}

/* The first row of that name, or NULL. */
static const struct fold_product *index_find(const struct fold_index *index, struct str name)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(index->row[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->n && str_eq(index->row[low].name, name) ? &index->row[low] : NULL;
}

/* Of one product alone. */
static bool is_unique(const struct fold_index *index, const struct fold_product *found)
{
	const struct fold_product *end = index->row + index->n;

	for (const struct fold_product *next = found + 1; next < end && str_eq(next->name, found->name);
	     next++)
		if (next->product != found->product)
			return false;
	return true;
}

void line_product_open(struct fold *fold, const struct activity_product *product, size_t n)
{
	size_t n_variant = 0;

	for (size_t i = 0; i < n; i++)
		n_variant += product[i].n_variant;
	fold->by_product.row = ARENA_ARRAY(fold->arena, n, struct fold_product);
	fold->by_variant.row = ARENA_ARRAY(fold->arena, n_variant, struct fold_product);
	fold->by_sku.row = ARENA_ARRAY(fold->arena, n + n_variant, struct fold_product);
	for (size_t i = 0; i < n; i++) {
		index_add(&fold->by_product, product[i].product_id, &product[i], NULL);
		index_add(&fold->by_sku, product[i].item.sku, &product[i], NULL);
		for (size_t k = 0; k < product[i].n_variant; k++) {
			const struct activity_line *variant = &product[i].variant[k];

			index_add(&fold->by_variant, product[i].variant_id[k], &product[i], variant);
			index_add(&fold->by_sku, variant->sku, &product[i], variant);
		}
	}
	index_sort(&fold->by_product);
	index_sort(&fold->by_variant);
	index_sort(&fold->by_sku);
}

static const struct activity_line *variant_of(const struct activity_product *product, struct str variant_id,
					      struct str sku)
{
	for (size_t i = 0; i < product->n_variant && variant_id.len > 0; i++)
		if (str_eq(product->variant_id[i], variant_id))
			return &product->variant[i];
	for (size_t i = 0; i < product->n_variant && variant_id.len == 0 && sku.len > 0; i++)
		if (str_eq(product->variant[i].sku, sku))
			return &product->variant[i];
	return NULL;
}

/* By the first of product, variant and SKU that the line names. */
static bool find(const struct fold *fold, const struct activity_line *line, struct fold_product *out)
{
	const struct fold_product *found = NULL;

	if (line->product_id.len > 0)
		found = index_find(&fold->by_product, line->product_id);
	else if (line->variant_id.len > 0)
		found = index_find(&fold->by_variant, line->variant_id);
	else if (line->sku.len > 0)
		found = index_find(&fold->by_sku, line->sku);
	if (!found || (line->product_id.len + line->variant_id.len == 0 && !is_unique(&fold->by_sku, found)))
		return false;
	*out = *found;
	if (!out->variant)
		out->variant = variant_of(out->product, line->variant_id, line->sku);
	return true;
}

/* ---- filling ---- */

static struct str fill_text(struct str own, const struct activity_line *variant, struct str of_variant,
			    struct str of_item)
{
	if (own.len > 0)
		return own;
	return variant && of_variant.len > 0 ? of_variant : of_item;
}

static bool fits(struct money money, struct str currency)
{
	return currency.len == 0 || str_eq(str_from(money.currency), currency);
}

static void fill_prices(const struct fold *fold, struct activity_line *line, const struct activity_line *from,
			struct str currency)
{
	struct activity_amount unit = { from->has_price && fits(from->unit_price, currency),
					from->unit_price };
	struct activity_amount none = { 0 };
	struct str text;
	int64_t quantity;

	if (!line->has_price && fold_quantity(fold, line->quantity, &text, &quantity))
		line_price(line, &unit, &none, quantity);
	if (!line->has_compare_at_price && from->has_compare_at_price &&
	    fits(from->compare_at_price, currency)) {
		line->has_compare_at_price = true;
		line->compare_at_price = from->compare_at_price;
	}
}

static void fill_categories(struct activity_line *line, const struct activity_line *from)
{
	if (line->n_category > 0)
		return;
	line->category = from->category;
	line->n_category = from->n_category;
}

static void fill(const struct fold *fold, struct activity_line *line, const struct activity_line *item,
		 const struct activity_line *variant, struct str currency)
{
	const struct activity_line *from = variant ? variant : item;

	line->sku = fill_text(line->sku, variant, from->sku, variant ? STR("") : item->sku);
	line->name = fill_text(line->name, NULL, STR(""), item->name.len > 0 ? item->name : from->name);
	line->variant_name = fill_text(line->variant_name, variant, from->variant_name, STR(""));
	line->brand = fill_text(line->brand, variant, from->brand, item->brand);
	line->image_url = fill_text(line->image_url, variant, from->image_url, item->image_url);
	line->product_url = fill_text(line->product_url, variant, from->product_url, item->product_url);
	fill_prices(fold, line, from, currency);
	fill_prices(fold, line, item, currency);
	fill_categories(line, from);
	fill_categories(line, item);
}

static struct str prefixed(const struct fold *fold, struct str id)
{
	struct str prefix = fold->rules->id_prefix;

	if (id.len == 0 || prefix.len == 0)
		return id;
	return arena_printf(fold->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(id));
}

/* A line that says all of these itself waits for nothing. */
static bool lacks_something(const struct activity_line *line)
{
	return line->name.len == 0 || line->image_url.len == 0 || line->product_url.len == 0 ||
	       line->brand.len == 0 || line->n_category == 0;
}

void line_product_fill(struct fold *fold, struct activity_line *line, struct str currency)
{
	struct str named = line->product_id.len > 0 ? line->product_id : line->variant_id;
	struct fold_product found;

	if (find(fold, line, &found)) {
		line->product_id = found.product->item.product_id;
		line->variant_id =
			found.variant ? found.variant->variant_id : prefixed(fold, line->variant_id);
		fill(fold, line, &found.product->item, found.variant, currency);
		return;
	}
	if (fold->unknown.len == 0 && lacks_something(line))
		fold->unknown = named;
	line->product_id = prefixed(fold, line->product_id);
	line->variant_id = prefixed(fold, line->variant_id);
}
