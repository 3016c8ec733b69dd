/*
 * Merging orders, persons and visitors: which of them a root is.
 *
 * Pure.
 */
#include "activity/merge.h"

void activity_merge(const struct activity_rules *rules, const struct catalog_root *root,
		    const struct activity_product *product, size_t n_product, int64_t now_ms,
		    struct arena *arena, struct activity_view *out)
{
	(void)rules;
	(void)root;
	(void)product;
	(void)n_product;
	(void)now_ms;
	(void)arena;
	*out = (struct activity_view){ 0 };
}

size_t activity_products_named(const struct catalog_root *root, struct arena *arena, struct entity **entity)
{
	(void)root;
	(void)arena;
	*entity = NULL;
	return 0;
}
