/*
 * A product as Klaviyo's item.
 *
 * Keeps:   an item is shown only when it is known and has a price (unless the rules say otherwise); until
 *          then it is held, whole, with the reason.
 * Pure.
 */
#include "catalog/merge_internal.h"

#include <stdlib.h>

/* ---- published ---- */

static bool hides(struct str status)
{
	static const char *const hidden[] = { "inactive", "draft", "archived", "disabled", "hidden" };

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (str_eq_nocase(status, str_from(hidden[i])))
			return true;
	return false;
}

/* Does the fact say whether it is published? */
static bool says_published(const struct merge_fact *fact, bool *published, struct str *status)
{
	const struct json *flag = fact ? json_get(fact->body, "published") : NULL;
	bool has_flag = json_type(flag) == JSON_TRUE || json_type(flag) == JSON_FALSE;

	*status = fact ? str_trim(json_get_text(fact->body, "status")) : (struct str){ 0 };
	*published = json_type(flag) != JSON_FALSE && !hides(*status);
	return has_flag || status->len > 0;
}

bool merge_published(const struct merge *merge, enum entity_kind kind, struct str id, struct str *status)
{
	const struct merge_fact *base = merge_part(merge, kind, id, "base");
	const struct merge_fact *change = merge_part(merge, kind, id, "status");
	bool change_first = merge_later(change, base);
	struct str text;
	bool published;

	if (!says_published(change_first ? change : base, &published, &text) &&
	    !says_published(change_first ? base : change, &published, &text))
		published = true;
	if (status)
		*status = merge_keep(merge, text);
	return published;
}

/* ---- categories ---- */

/* A category that the product's facts name: by a link of its own, or (link NULL) in the set of all. */
struct named {
	struct str id;
	const struct merge_fact *link;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left;
	const struct named *b = right;

	return str_cmp(a->id, b->id);
}

/* All that are named, by id, with doubles. */
static struct named *named_categories(const struct merge *merge, struct merge_range range,
				      const struct merge_fact *links, size_t *n)
{
	const struct json *ids = links ? json_get(links->body, "ids") : NULL;
	struct named *named = ARENA_ARRAY(merge->arena, range.n + json_len(ids), struct named);

	*n = 0;
	for (size_t i = 0; i < json_len(ids); i++)
		named[(*n)++].id = json_text(json_at(ids, i));
	for (size_t i = 0; i < range.n; i++) {
		if (!merge_part_key(&range.fact[i], "link", &named[*n].id))
			continue;
		named[(*n)++].link = &range.fact[i];
	}
	if (*n > 1)
		qsort(named, *n, sizeof(named[0]), compare_named);
	return named;
}

/* The link of its own or the set, whichever is later, says whether the product is in the category. */
static bool is_linked(const struct named *named, size_t n, const struct merge_fact *links)
{
	const struct merge_fact *link = NULL;
	bool in_set = false;

	for (size_t i = 0; i < n; i++) {
		if (named[i].link)
			link = named[i].link;
		else
			in_set = true;
	}
	if (link && merge_later(link, links))
		return !json_get_bool(link->body, "removed", false);
	return in_set;
}

static bool is_known_category(struct merge *merge, struct str id)
{
	if (id.len == 0 || merge_is_deleted(merge, ENTITY_CATEGORY, id))
		return false;
	if (merge_part(merge, ENTITY_CATEGORY, id, "base"))
		return true;
	merge_note(merge, "category %.*s is not known yet", STR_ARG(id));
	return false;
}

static void add_categories(struct merge *merge, const struct merge_product *product,
			   struct catalog_item *item)
{
	const struct merge_fact *links = merge_part(merge, ENTITY_PRODUCT, product->id, "links");
	struct merge_range range = merge_entity(merge, ENTITY_PRODUCT, product->id);
	size_t n_named, n_same;
	const struct named *named = named_categories(merge, range, links, &n_named);
	struct str *external = ARENA_ARRAY(merge->arena, n_named, struct str);

	item->category_external_id = external;
	for (size_t i = 0; i < n_named; i += n_same) {
		for (n_same = 1; i + n_same < n_named && str_eq(named[i + n_same].id, named[i].id);)
			n_same++;
		if (is_linked(&named[i], n_same, links) && is_known_category(merge, named[i].id))
			external[item->n_category++] =
				catalog_external_id(merge->rules->id_prefix, named[i].id, merge->arena);
	}
}

/* ---- the product ---- */

static void read_texts(struct merge *merge, struct merge_product *product)
{
	const struct json *base = product->base->body;

	product->language = merge_language_of(merge, base);
	merge_note_language(merge, base);
	product->sku = merge_scalar_of(merge, base, "sku");
	product->slug = merge_text_of(merge, base, product->language, "slug");
	product->title = merge_text_of(merge, base, product->language, "title");
	if (product->title.len == 0)
		product->title = product->sku.len > 0 ? product->sku : product->id;
	product->description = merge_description_of(merge, base, product->language);
	if (product->description.len == 0)
		product->description = product->title;
}

static void read_product(struct merge *merge, struct merge_product *product)
{
	const struct json *base = product->base->body;
	struct merge_link link;

	product->external_id = catalog_external_id(merge->rules->id_prefix, product->id, merge->arena);
	read_texts(merge, product);
	link = (struct merge_link){ product->id, product->slug, product->sku, product->language };
	product->url = merge_url_of(merge, base, &link);
	product->url_is_own = merge_url_is_absolute(str_trim(json_get_text(base, "url")));
	product->image = merge_images(merge, base, &product->n_image);
	product->currency = merge_scalar_of(merge, base, "currency");
	if (product->currency.len == 0)
		product->currency = merge->market.currency;
	product->price = merge_price_of(merge, ENTITY_PRODUCT, product->id, product->currency);
}

static void fill_item(struct merge *merge, const struct merge_product *product, struct catalog_view *out)
{
	struct catalog_item *item = &out->item;

	out->has_item = true;
	*item = (struct catalog_item){
		.external_id = product->external_id,
		.title = product->title,
		.description = product->description,
		.url = product->url,
		.image_url = product->n_image > 0 ? product->image[0] : (struct str){ 0 },
		.image = product->image,
		.n_image = product->n_image,
		.has_price = product->shown.known,
		.price = product->shown.price,
		.published = product->published,
	};
	add_categories(merge, product, item);
	merge_meta_item(merge, product, item);
}

static bool has_price_facts(const struct merge *merge)
{
	struct str key;

	for (size_t i = 0; i < merge->n_fact; i++)
		if (merge_part_key(&merge->fact[i], "price", &key))
			return true;
	return false;
}

/* No price: held, or shown without one if the rules allow that. */
static bool may_show_unpriced(struct merge *merge)
{
	if (!merge->rules->hold_without_price) {
		merge_note(merge, "no price known yet: sent without price and variants");
		return true;
	}
	if (has_price_facts(merge))
		merge_hold(merge, "no price known yet for this market and price list");
	else
		merge_hold(merge, "no price known yet");
	return false;
}

void merge_product(struct merge *merge, struct catalog_view *out)
{
	struct merge_product product = { .id = merge->root->root.id };

	product.base = merge_part(merge, ENTITY_PRODUCT, product.id, "base");
	out->present = product.base || !merge->root->deleted;
	if (!product.base) {
		if (out->present)
			merge_hold(merge, "product not known yet (only prices, stock)");
		return;
	}
	product.published = merge_published(merge, ENTITY_PRODUCT, product.id, &product.status);
	if (!product.published && merge->rules->delete_unpublished) {
		out->present = false;
		return;
	}
	merge_market_choose(merge, product.base);
	read_product(merge, &product);
	merge_variants(merge, &product, out);
	if (product.shown.known || may_show_unpriced(merge))
		fill_item(merge, &product, out);
}
