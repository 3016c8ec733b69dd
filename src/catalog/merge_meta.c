/*
 * Side information: what Klaviyo has no field for, as flat names and texts (custom_metadata).
 *
 * Keeps:   the same facts give the same list in the same order, so that nothing is sent for nothing: what a
 *          shop may send in any order (languages, custom attributes, options, tags, markets) is sorted. The
 *          important names come first and the long texts last, because the renderer drops from the end what
 *          is too much.
 * Pure.
 */
#include "catalog/merge_internal.h"

#include <stdlib.h>

#define META_MAX       1000
#define NAME_BYTES_MAX 100
#define SAME_NAME_MAX  9

struct meta_list {
	struct merge *merge;
	struct meta *row;
	size_t n;
	size_t capacity;
};

/* ---- the list ---- */

/* Letters, digits and single underscores. */
static struct str clean_name(const struct merge *merge, const char *prefix, struct str name,
			     const char *suffix)
{
	struct str whole = arena_printf(merge->arena, "%s%.*s%s", prefix, STR_ARG(name), suffix);
	char *text = arena_cstr(merge->arena, whole);
	size_t len = 0;

	for (size_t i = 0; i < whole.len && len < NAME_BYTES_MAX; i++) {
		char c = whole.p[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			     c == '_';

		if (plain)
			text[len++] = c;
		else if (len == 0 || text[len - 1] != '_')
			text[len++] = '_';
	}
	return str_of(text, len);
}

static bool is_taken(const struct meta_list *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->row[i].name, name))
			return true;
	return false;
}

/* Two names may become one when cleaned: then "name_2". */
static bool free_name(const struct meta_list *list, struct str *name)
{
	struct str first = *name;

	for (int i = 2; i <= SAME_NAME_MAX && is_taken(list, *name); i++)
		*name = arena_printf(list->merge->arena, "%.*s_%d", STR_ARG(first), i);
	return !is_taken(list, *name);
}

/* value: kept. An empty one is not added. */
static void add(struct meta_list *list, const char *prefix, struct str name, const char *suffix,
		struct str value)
{
	struct meta row = { .value = value };

	if (value.len == 0)
		return;
	row.name = clean_name(list->merge, prefix, name, suffix);
	if (list->n == META_MAX || !free_name(list, &row.name)) {
		merge_note(list->merge, "too many custom attributes: some are left out");
		return;
	}
	if (list->n == list->capacity) {
		struct meta *old = list->row;

		list->capacity = list->capacity ? list->capacity * 2 : 32;
		list->row = ARENA_ARRAY(list->merge->arena, list->capacity, struct meta);
		for (size_t i = 0; i < list->n; i++)
			list->row[i] = old[i];
	}
	list->row[list->n++] = row;
}

static void add_plain(struct meta_list *list, const char *name, struct str value)
{
	add(list, name, (struct str){ 0 }, "", value);
}

static void add_member(struct meta_list *list, const char *prefix, struct str name, const char *suffix,
		       const struct json *object, const char *member)
{
	add(list, prefix, name, suffix, merge_scalar_of(list->merge, object, member));
}

/* ---- sorted members ---- */

struct member {
	struct str name;
	const struct json *value;
};

static int compare_member(const void *left, const void *right)
{
	const struct member *a = left;
	const struct member *b = right;

	return str_cmp(a->name, b->name);
}

/* All members of an object as prefix_NAME, by name. */
static void add_members(struct meta_list *list, const char *prefix, const struct json *object)
{
	struct member *member = ARENA_ARRAY(list->merge->arena, json_len(object), struct member);
	size_t n = 0;

	if (json_type(object) != JSON_OBJECT)
		return;
	for (void *it = json_first(object); it; it = json_next(object, it))
		member[n++] = (struct member){ json_member_name(it), json_member_value(it) };
	if (n > 1)
		qsort(member, n, sizeof(member[0]), compare_member);
	for (size_t i = 0; i < n; i++)
		add(list, prefix, member[i].name, "", merge_scalar(list->merge, member[i].value));
}

/* ---- groups ---- */

/* market_us: "United States, US, en-US, USD" */
static void add_markets(struct meta_list *list, const struct json *rows)
{
	static const char *const member[] = { "name", "country", "locale", "currency" };

	for (size_t i = 0; i < json_len(rows); i++) {
		const struct json *row = json_at(rows, i);
		struct strbuf out;

		strbuf_init(&out, 1000);
		for (size_t k = 0; k < ARRAY_LEN(member); k++) {
			struct str text = merge_scalar_of(list->merge, row, member[k]);

			if (out.len > 0 && text.len > 0)
				strbuf_add_text(&out, ", ");
			strbuf_add_str(&out, text);
		}
		add(list, "market_", merge_market_name(list->merge, row), "",
		    merge_keep(list->merge, strbuf_str(&out)));
		strbuf_release(&out);
	}
}

static void add_price(struct meta_list *list, const struct merge_price *price, struct str currency)
{
	add_plain(list, "currency", currency);
	if (price->known && price->has_compare)
		add_plain(list, "compare_at_price", money_text(price->compare, list->merge->arena));
}

/* NAME_LANG of one member in every language. */
static void add_languages(struct meta_list *list, const struct json *base, const char *prefix,
			  const char *member)
{
	size_t n;
	const struct merge_language *language = merge_languages(list->merge, base, &n);

	for (size_t i = 0; i < n; i++)
		add_member(list, prefix, language[i].key, "", language[i].text, member);
}

static void add_descriptions(struct meta_list *list, const struct json *base)
{
	size_t n;
	const struct merge_language *language = merge_languages(list->merge, base, &n);

	for (size_t i = 0; i < n; i++)
		add(list, "description_", language[i].key, "",
		    merge_plain_description(list->merge, language[i].text));
}

/* Addresses of the page in each language, where the template makes them. */
static void add_urls(struct meta_list *list, const struct merge_product *product)
{
	size_t n;
	const struct merge_language *language = merge_languages(list->merge, product->base->body, &n);

	if (product->url_is_own || list->merge->rules->url_template.len == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct merge_link link = {
			.id = product->id,
			.slug = merge_scalar_of(list->merge, language[i].text, "slug"),
			.sku = product->sku,
			.language = language[i].key,
		};

		if (link.slug.len > 0)
			add(list, "url_", language[i].key, "", merge_url_expand(list->merge, &link));
	}
}

/* link_1_title ... of a list of objects; the first has no number when first_bare. */
static void add_rows(struct meta_list *list, const struct json *rows, const char *prefix, bool first_bare,
		     const char *const *member)
{
	for (size_t i = 0; i < json_len(rows); i++) {
		struct str number = { 0 };

		if (i > 0 || !first_bare)
			number = arena_printf(list->merge->arena, "%zu_", i + 1);
		for (size_t k = 0; member[k]; k++)
			add_member(list, prefix, number, member[k], json_at(rows, i), member[k]);
	}
}

static void add_lists(struct meta_list *list, const struct json *base)
{
	static const char *const link[] = { "type", "title", "url", NULL };
	static const char *const file[] = { "title", "url", NULL };

	add_rows(list, json_get(base, "links"), "link_", false, link);
	add_rows(list, json_get(base, "files"), "file_", false, file);
}

static void add_image_texts(struct meta_list *list, const struct json *base)
{
	static const char *const image[] = { "alt", "title", NULL };

	add_rows(list, json_get(base, "images"), "image_", true, image);
}

void merge_meta_item(struct merge *merge, const struct merge_product *product, struct catalog_item *item)
{
	struct meta_list list = { .merge = merge };
	const struct json *base = product->base->body;

	add_plain(&list, "sku", product->sku);
	add_plain(&list, "brand", merge_named(merge, product->base, ENTITY_BRAND, "brand"));
	add_plain(&list, "series", merge_named(merge, product->base, ENTITY_SERIES, "series"));
	add_plain(&list, "status", product->status);
	add_price(&list, &product->shown, product->currency);
	add_plain(&list, "markets", merge_market_names(merge, product));
	add_plain(&list, "language", product->language);
	add_plain(&list, "slug", product->slug);
	add_plain(&list, "tags", merge_all_tags(merge, product));
	add_plain(&list, "meta_title", merge_text_of(merge, base, product->language, "meta_title"));
	add_plain(&list, "meta_description",
		  merge_text_of(merge, base, product->language, "meta_description"));
	add_members(&list, "custom_", json_get(base, "custom"));
	add_languages(&list, base, "title_", "title");
	add_languages(&list, base, "slug_", "slug");
	add_urls(&list, product);
	add_image_texts(&list, base);
	add_languages(&list, base, "meta_title_", "meta_title");
	add_languages(&list, base, "meta_description_", "meta_description");
	add_lists(&list, base);
	add_markets(&list, json_get(base, "markets"));
	add_descriptions(&list, base);
	item->meta = list.row;
	item->n_meta = list.n;
}

void merge_meta_variant(struct merge *merge, const struct json *base, const struct merge_price *price,
			struct str language, struct catalog_variant *variant)
{
	struct str currency = merge_keep(merge, str_from(price->price.currency));
	struct meta_list list = { .merge = merge };

	add_members(&list, "option_", json_get(base, "options"));
	add_member(&list, "barcode", (struct str){ 0 }, "", base, "barcode");
	add_price(&list, price, currency);
	add_plain(&list, "tags", merge_tags_of(merge, base, language));
	add_members(&list, "custom_", json_get(base, "custom"));
	add_languages(&list, base, "title_", "title");
	add_languages(&list, base, "slug_", "slug");
	add_image_texts(&list, base);
	add_descriptions(&list, base);
	variant->meta = list.row;
	variant->n_meta = list.n;
}
