#ifndef PANNIER_MODEL_CATALOG_H
#define PANNIER_MODEL_CATALOG_H

#include "base/str.h"
#include "model/money.h"

#include <stddef.h>

/* What Klaviyo is to be told of one product or category: the canonical result of merging its facts. Borrowed texts. */

/* A flat name and text; order is kept. */
struct meta {
	struct str name;
	struct str value;
};

enum stock_policy {
	STOCK_SHOW_ALWAYS,       /* not tracked, or may be sold when out of stock */
	STOCK_HIDE_WHEN_OUT
};

struct catalog_category {
	struct str external_id;
	struct str name;
};

struct catalog_variant {
	struct str external_id;
	struct str item_external_id;
	struct str title;
	struct str description;
	struct str sku;
	struct str url;
	struct str image_url;
	const struct str *image;    /* all images */
	size_t n_image;
	struct money price;
	int64_t quantity;           /* >= 0 */
	enum stock_policy policy;
	bool published;
	const struct meta *meta;
	size_t n_meta;
};

struct catalog_item {
	struct str external_id;
	struct str title;
	struct str description;
	struct str url;
	struct str image_url;
	const struct str *image;
	size_t n_image;
	bool has_price;
	struct money price;
	bool published;
	const struct str *category_external_id;
	size_t n_category;
	const struct meta *meta;
	size_t n_meta;
};

#endif
