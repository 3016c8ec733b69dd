#ifndef PANNIER_CATALOG_MERGE_H
#define PANNIER_CATALOG_MERGE_H

#include "base/arena.h"
#include "model/catalog.h"
#include "store/store_rows.h"

/*
 * Merging: all facts of one product or category -> what Klaviyo should hold. Pure; the order of root->fact does not matter, only
 * version and seq do. Rules come from the store's settings.
 */

enum price_source { PRICE_SALE, PRICE_BASE, PRICE_REFERENCE };

struct catalog_rules {
	struct str id_prefix;
	struct str market;
	struct str store_group;
	struct str language;
	struct str url_template;
	bool category_path;        /* "A > B > C" */
	enum price_source price_source;
	int64_t price_divisor;
	bool delete_unpublished;
	bool hold_without_price;
	int64_t stock_unknown;
};

/* What should be in Klaviyo for a root. For a category: category; for a product: item and variants. */
struct catalog_view {
	bool present;              /* false: nothing of it should be there (deleted, or unpublished and so set) */
	bool has_category;
	struct catalog_category category;
	bool has_item;
	struct catalog_item item;
	const struct catalog_variant *variant;
	size_t n_variant;
	const struct str *kept_variant; /* external ids of variants that are not shown but stay as Klaviyo has them */
	size_t n_kept_variant;
	struct str held;           /* why all or some of it is not shown, "" = complete; a whole product is held: has_item false */
	struct str note;           /* what was mended or left out */
};

/* Never fails: facts that make no sense are left out and noted. Texts live in the arena or in root. */
void catalog_merge(const struct catalog_rules *rules, const struct catalog_root *root, struct arena *arena,
		   struct catalog_view *out);

/*
 * The id under which Klaviyo knows an entity: prefix + id, bytes outside [A-Za-z0-9._-] as ~XX, at most 128 bytes (longer ones
 * are cut and end in ~ and 16 hex digits of their digest). Different ids give different external ids.
 */
struct str catalog_external_id(struct str prefix, struct str id, struct arena *arena);

/* Text of an HTML fragment: tags dropped, blocks and <br> as line breaks, entities decoded, white space folded; scripts and
 * styles dropped whole. At most max_bytes, cut at a character. */
struct str catalog_html_text(struct str html, size_t max_bytes, struct arena *arena);

#endif
