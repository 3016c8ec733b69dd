#ifndef PANNIER_CATALOG_MERGE_INTERNAL_H
#define PANNIER_CATALOG_MERGE_INTERNAL_H

#include "base/json.h"
#include "catalog/merge.h"

/*
 * What the files of the merge share. A merge_* file answers one question about a product: which fact counts
 * (fact), which words (text), which price, how many in stock, which addresses (url), which side information
 * (meta), which variants. Nothing here keeps state but struct merge.
 *
 * Texts taken from a body die with the merge: what goes into the view is copied by merge_keep.
 */

/* One part of one entity; body NULL = it could not be read. */
struct merge_fact {
	const struct root_fact *row;
	struct json *body;
};

/* Facts of one entity, in the order of their parts. */
struct merge_range {
	const struct merge_fact *fact;
	size_t n;
};

/* The market whose prices, language and addresses are used. Texts kept. */
struct merge_market {
	bool known;
	struct str id;
	struct str slug;
	struct str country;
	struct str locale;
	struct str currency;
};

struct merge {
	const struct catalog_rules *rules;
	const struct catalog_root *root;
	struct arena *arena;
	struct merge_fact *fact; /* by kind, id, part; one for each part */
	size_t n_fact;
	struct entity *deleted; /* sorted */
	size_t n_deleted;
	struct merge_market market;
	struct strbuf held;
	struct strbuf note;
};

/* ---- merge_fact.c: facts in one order, whatever order they came in ---- */

void merge_open(struct merge *merge, const struct catalog_rules *rules, const struct catalog_root *root,
		struct arena *arena);
void merge_close(struct merge *merge);
struct merge_range merge_entity(const struct merge *merge, enum entity_kind kind, struct str id);
/* The part of that name, or NULL; also NULL if its body could not be read. */
const struct merge_fact *merge_part(const struct merge *merge, enum entity_kind kind, struct str id,
				    const char *part);
/* Is it part "name" or "name.KEY"? */
bool merge_part_key(const struct merge_fact *fact, const char *name, struct str *key);
/* Does a replace b? Of two from one message a does. Either may be NULL: the other one wins. */
bool merge_later(const struct merge_fact *a, const struct merge_fact *b);
bool merge_is_deleted(const struct merge *merge, enum entity_kind kind, struct str id);
/* The texts of a list of ids, sorted; borrowed from the body. */
struct merge_ids {
	struct str *id;
	size_t n;
};
struct merge_ids merge_ids_of(const struct merge *merge, const struct json *list);
bool merge_ids_have(const struct merge_ids *ids, struct str id);
/* Adds a reason, once. For people: "a; b". */
void merge_hold(struct merge *merge, const char *format, ...) PRINTF_LIKE(2, 3);
void merge_note(struct merge *merge, const char *format, ...) PRINTF_LIKE(2, 3);
struct str merge_keep(const struct merge *merge, struct str text);
/* A string, number or boolean as text, trimmed, in the arena; "" for anything else. */
struct str merge_scalar(const struct merge *merge, const struct json *value);
struct str merge_scalar_of(const struct merge *merge, const struct json *object, const char *name);

/* ---- merge_text.c: languages, titles, descriptions ---- */

struct merge_language {
	struct str key; /* borrowed */
	const struct json *text;
};

/* Languages of a base body, by key. Borrows from the body. */
struct merge_language *merge_languages(const struct merge *merge, const struct json *base, size_t *n);
/* The key of the language to show, "" = the texts that have no language. Kept. */
struct str merge_language_of(const struct merge *merge, const struct json *base);
/* Says so if the language of the settings is not among those of the base. */
void merge_note_language(struct merge *merge, const struct json *base);
/*
 * Member in that language, else without language, else in the first language that has it; "" if nowhere.
 * Kept.
 */
struct str merge_text_of(const struct merge *merge, const struct json *base, struct str language,
			 const char *name);
/* Plain description, or that of the HTML; otherwise as above. */
struct str merge_description_of(const struct merge *merge, const struct json *base, struct str language);
/* What texts (base or one language) say as description, "" if nothing. Kept. */
struct str merge_plain_description(const struct merge *merge, const struct json *texts);
/* Name of a category: leaf or path, as the rules say. "" if nothing is known of it. */
struct str merge_category_name(struct merge *merge, struct str id);

/* ---- merge_market.c ---- */

/* Sets merge->market from the product's base body (may be NULL) and what is known of its markets. */
void merge_market_choose(struct merge *merge, const struct merge_fact *base);
/* Is this market, by its id or slug, active? rows: "markets" of the product. */
bool merge_market_is_active(const struct merge *merge, const struct merge_fact *base, const struct json *row);
/* Does the text name the market (id, slug or country)? */
bool merge_market_is(const struct merge_market *market, struct str text);

/* ---- merge_price.c ---- */

struct merge_price {
	bool known;
	struct money price;
	bool has_compare;
	struct money compare;
};

/*
 * Price of a product or variant from its price parts and its base. currency: what is meant where none is
 * said.
 */
struct merge_price merge_price_of(struct merge *merge, enum entity_kind kind, struct str id,
				  struct str currency);

/* ---- merge_stock.c ---- */

struct merge_stock {
	int64_t quantity;
	enum stock_policy policy;
};

/* Stock of a product or variant, with what is known under its SKU ("" = none). */
struct merge_stock merge_stock_of(struct merge *merge, enum entity_kind kind, struct str id, struct str sku);

/* ---- merge_url.c ---- */

struct merge_link {
	struct str id;
	struct str slug;
	struct str sku;
	struct str language;
};

bool merge_url_is_absolute(struct str url);
/* The template with its placeholders replaced. Kept. */
struct str merge_url_expand(const struct merge *merge, const struct merge_link *link);
/* Own absolute address of a body, else by the template, else relative (noted). */
struct str merge_url_of(struct merge *merge, const struct json *base, const struct merge_link *link);
/* Absolute image addresses of a body, in order, each once. Kept. */
const struct str *merge_images(struct merge *merge, const struct json *base, size_t *n);

/* ---- merge_name.c: names behind ids; all kept ---- */

struct merge_product;

/*
 * Name of the product's brand or series: as its own message says if that is later, else as the product
 * does.
 */
struct str merge_named(struct merge *merge, const struct merge_fact *base, enum entity_kind kind,
		       const char *member);
/* "a, b": titles of the tags of a body; of the product and all its variants. */
struct str merge_tags_of(struct merge *merge, const struct json *base, struct str language);
struct str merge_all_tags(struct merge *merge, const struct merge_product *product);
/* Slug, country or id of one of the product's markets; of all in which it is offered. */
struct str merge_market_name(const struct merge *merge, const struct json *row);
struct str merge_market_names(struct merge *merge, const struct merge_product *product);

/* ---- merge_meta.c ---- */

/* Side information of the item; tags: of the product and its variants. */
void merge_meta_item(struct merge *merge, const struct merge_product *product, struct catalog_item *item);
/* base NULL: nothing is known of the variant but its price. */
void merge_meta_variant(struct merge *merge, const struct json *base, const struct merge_price *price,
			struct str language, struct catalog_variant *variant);

/* ---- merge_product.c, merge_variant.c ---- */

/* What the item and its variants both need. Texts kept. */
struct merge_product {
	struct str id;
	const struct merge_fact *base;
	struct str external_id;
	struct str language;
	struct str title;
	struct str description;
	struct str sku;
	struct str slug;
	struct str url;
	bool url_is_own; /* absolute, from the shop */
	struct str status;
	bool published;
	struct str currency;	  /* what is meant where none is said */
	struct merge_price price; /* of the product itself */
	struct merge_price shown; /* of the item: lowest of its variants, else its own */
	const struct str *image;
	size_t n_image;
};

/* Published? From base and status, whichever is later. *status: kept, may be NULL. */
bool merge_published(const struct merge *merge, enum entity_kind kind, struct str id, struct str *status);
/* Fills variants of the view, and product->shown. */
void merge_variants(struct merge *merge, struct merge_product *product, struct catalog_view *out);
void merge_product(struct merge *merge, struct catalog_view *out);

#endif
