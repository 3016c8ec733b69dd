/*
 * The variants of a product.
 *
 * Keeps:   an item always has a variant, because Klaviyo's stock and price features work on variants: a
 *          product without any gets one of its own. A variant without a price is not shown while others
 *          have one; what Klaviyo has of it stays.
 * Pure.
 */
#include "catalog/merge_internal.h"

/* A variant that belongs to the product. */
struct candidate {
	struct str id;
	const struct merge_fact *base; /* NULL: known only by its price or stock */
	struct merge_price price;
	bool published;
};

struct candidates {
	struct candidate *row;
	size_t n;
};

/* ---- which ---- */

/* The product's set of variants; fact NULL = it has not told one. */
struct variant_set {
	const struct merge_fact *fact;
	struct merge_ids ids;
};

/* In the product's set of variants, or told of since. */
static bool belongs(const struct merge *merge, const struct variant_set *set, struct str id,
		    const struct merge_fact *base)
{
	if (merge_is_deleted(merge, ENTITY_VARIANT, id))
		return false;
	return !set->fact || merge_ids_have(&set->ids, id) || (base && !merge_later(set->fact, base));
}

static void add_candidate(struct merge *merge, const struct merge_product *product,
			  const struct variant_set *set, struct str id, struct candidates *list)
{
	const struct merge_fact *base = merge_part(merge, ENTITY_VARIANT, id, "base");
	struct candidate *row = &list->row[list->n];

	if (!belongs(merge, set, id, base))
		return;
	*row = (struct candidate){ .id = id, .base = base };
	row->published = merge_published(merge, ENTITY_VARIANT, id, NULL);
	row->price = merge_price_of(merge, ENTITY_VARIANT, id, product->currency);
	if (!row->price.known)
		row->price = product->price;
	list->n++;
}

/* Facts are sorted, so the variants come by id. */
static struct candidates find_candidates(struct merge *merge, const struct merge_product *product)
{
	struct candidates list = { .row = ARENA_ARRAY(merge->arena, merge->n_fact, struct candidate) };
	struct variant_set set = { .fact = merge_part(merge, ENTITY_PRODUCT, product->id, "variants") };
	struct str last = { 0 };

	if (set.fact)
		set.ids = merge_ids_of(merge, json_get(set.fact->body, "ids"));
	for (size_t i = 0; i < merge->n_fact; i++) {
		struct entity entity = merge->fact[i].row->entity;

		if (entity.kind != ENTITY_VARIANT || (last.p && str_eq(entity.id, last)))
			continue;
		last = entity.id;
		add_candidate(merge, product, &set, entity.id, &list);
	}
	return list;
}

/* ---- the price of the item ---- */

static struct str currency_of(const struct merge_price *price)
{
	return str_from(price->price.currency);
}

/* May this one give the item its price? Published ones only, if there are any. */
static bool counts(const struct candidate *row, bool published_only)
{
	return row->price.known && (row->published || !published_only);
}

/* The market's currency if a variant has it, else that of the first. */
static struct str item_currency(const struct merge *merge, struct candidates list, bool published_only)
{
	struct str first = { 0 };

	for (size_t i = 0; i < list.n; i++) {
		const struct candidate *row = &list.row[i];

		if (!counts(row, published_only))
			continue;
		if (str_eq_nocase(currency_of(&row->price), merge->market.currency))
			return currency_of(&row->price);
		if (!first.p)
			first = currency_of(&row->price);
	}
	return first;
}

static struct merge_price lowest_price(const struct merge *merge, struct candidates list)
{
	struct merge_price lowest = { 0 };
	bool published_only = false;
	struct str currency;

	for (size_t i = 0; i < list.n; i++)
		published_only = published_only || counts(&list.row[i], true);
	currency = item_currency(merge, list, published_only);
	for (size_t i = 0; i < list.n; i++) {
		const struct merge_price *price = &list.row[i].price;

		if (counts(&list.row[i], published_only) && str_eq(currency_of(price), currency) &&
		    (!lowest.known || money_cmp(price->price, lowest.price) < 0))
			lowest = *price;
	}
	return lowest;
}

/* ---- one variant ---- */

/* Its own SKU; shops without a base message name it beside price or stock. */
static struct str find_sku(const struct merge *merge, const struct candidate *row)
{
	struct merge_range range = merge_entity(merge, ENTITY_VARIANT, row->id);
	struct str sku = { 0 };

	if (row->base)
		sku = merge_scalar_of(merge, row->base->body, "sku");
	for (size_t i = 0; i < range.n && sku.len == 0; i++)
		sku = merge_scalar_of(merge, range.fact[i].body, "sku");
	return sku;
}

static struct str variant_url(struct merge *merge, const struct merge_product *product,
			      const struct json *base, struct str language, struct str sku)
{
	struct merge_link link = {
		.id = product->id,
		.slug = merge_text_of(merge, base, language, "slug"),
		.sku = sku.len > 0 ? sku : product->sku,
		.language = product->language,
	};

	if (merge_url_is_absolute(str_trim(json_get_text(base, "url"))))
		return merge_url_of(merge, base, &link);
	if (product->url_is_own || merge->rules->url_template.len == 0)
		return product->url;
	if (link.slug.len == 0)
		link.slug = product->slug;
	return merge_url_expand(merge, &link);
}

static void set_images(struct merge *merge, const struct merge_product *product, const struct json *base,
		       struct catalog_variant *variant)
{
	variant->image = merge_images(merge, base, &variant->n_image);
	if (variant->n_image == 0 && product->n_image > 0) {
		variant->image = product->image;
		variant->n_image = 1;
	}
	if (variant->n_image > 0)
		variant->image_url = variant->image[0];
}

static void set_stock(struct catalog_variant *variant, struct merge_stock stock)
{
	variant->quantity = stock.quantity;
	variant->policy = stock.policy;
}

static struct str either(struct str text, struct str otherwise)
{
	return text.len > 0 ? text : otherwise;
}

static void fill_variant(struct merge *merge, const struct merge_product *product,
			 const struct candidate *row, struct catalog_variant *out)
{
	const struct json *base = row->base ? row->base->body : NULL;
	struct str language = merge_language_of(merge, base);
	struct str sku = find_sku(merge, row);

	*out = (struct catalog_variant){
		.external_id = catalog_external_id(merge->rules->id_prefix, row->id, merge->arena),
		.item_external_id = product->external_id,
		.title = either(merge_text_of(merge, base, language, "title"), product->title),
		.description = either(merge_description_of(merge, base, language), product->description),
		.sku = either(sku, row->id),
		.url = variant_url(merge, product, base, language, sku),
		.price = row->price.price,
		.published = product->published && row->published,
	};
	set_images(merge, product, base, out);
	set_stock(out, merge_stock_of(merge, ENTITY_VARIANT, row->id, sku));
	merge_meta_variant(merge, base, &row->price, product->language, out);
}

/* The variant of a product that has none. */
static void fill_only_variant(struct merge *merge, const struct merge_product *product,
			      struct catalog_variant *out)
{
	*out = (struct catalog_variant){
		.external_id = product->external_id,
		.item_external_id = product->external_id,
		.title = product->title,
		.description = product->description,
		.sku = either(product->sku, product->id),
		.url = product->url,
		.image_url = product->n_image > 0 ? product->image[0] : (struct str){ 0 },
		.image = product->image,
		.n_image = product->n_image,
		.price = product->price.price,
		.published = product->published,
	};
	set_stock(out, merge_stock_of(merge, ENTITY_PRODUCT, product->id, product->sku));
	merge_meta_variant(merge, NULL, &product->price, product->language, out);
}

/* ---- all of them ---- */

static void note_currency(struct merge *merge, const struct merge_product *product,
			  const struct candidate *row)
{
	struct str currency = currency_of(&row->price);

	if (!str_eq(currency, currency_of(&product->shown)))
		merge_note(merge, "variant %.*s is priced in %.*s, the item in %s", STR_ARG(row->id),
			   STR_ARG(currency), product->shown.price.currency);
}

static void show_candidates(struct merge *merge, const struct merge_product *product, struct candidates list,
			    struct catalog_view *out)
{
	struct catalog_variant *variant = ARENA_ARRAY(merge->arena, list.n, struct catalog_variant);
	struct str *kept = ARENA_ARRAY(merge->arena, list.n, struct str);

	for (size_t i = 0; i < list.n; i++) {
		const struct candidate *row = &list.row[i];

		if (row->price.known) {
			fill_variant(merge, product, row, &variant[out->n_variant++]);
			note_currency(merge, product, row);
			continue;
		}
		kept[out->n_kept_variant++] =
			catalog_external_id(merge->rules->id_prefix, row->id, merge->arena);
		if (row->published && product->shown.known)
			merge_hold(merge, "variant %.*s: no price known yet", STR_ARG(row->id));
	}
	out->variant = variant;
	out->kept_variant = kept;
}

static void show_only_variant(struct merge *merge, struct merge_product *product, struct catalog_view *out)
{
	struct catalog_variant *variant = ARENA_NEW(merge->arena, struct catalog_variant);
	struct str *kept = ARENA_NEW(merge->arena, struct str);

	product->shown = product->price;
	if (product->shown.known)
		product->currency = merge_keep(merge, currency_of(&product->shown));
	*kept = product->external_id;
	out->kept_variant = kept;
	out->n_kept_variant = product->price.known ? 0 : 1;
	out->variant = variant;
	out->n_variant = product->price.known ? 1 : 0;
	if (product->price.known)
		fill_only_variant(merge, product, variant);
}

void merge_variants(struct merge *merge, struct merge_product *product, struct catalog_view *out)
{
	struct candidates list = find_candidates(merge, product);

	if (list.n == 0) {
		show_only_variant(merge, product, out);
		return;
	}
	product->shown = lowest_price(merge, list);
	if (product->shown.known)
		product->currency = merge_keep(merge, currency_of(&product->shown));
	show_candidates(merge, product, list, out);
}
