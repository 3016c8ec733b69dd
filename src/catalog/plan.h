#ifndef PANNIER_CATALOG_PLAN_H
#define PANNIER_CATALOG_PLAN_H

#include "catalog/merge.h"

/*
 * Planning: what Klaviyo should hold against what it was last told -> the least to tell it.
 *
 * resource: one per category, item and variant of the view, rendered by the caller (klaviyo/render.h) as the body of a
 * create. Rules:
 *   contents equal to root_sent.wanted    nothing
 *   other contents                        update if it exists, else create
 *   sent, but no longer in the view       delete; unless that is wanted already, it never existed and nothing is wanted, or
 *                                         the view keeps it (kept_variant)
 *   a held product                        nothing: what Klaviyo has of it stays
 *   a variant whose item changed          delete, then create: a variant's item (parent_external_id) is fixed
 * Order: deletes first, of variants, items, categories; then upserts of categories, items, variants.
 */
struct plan_resource {
	enum klaviyo_kind kind;
	struct str external_id;
	struct str parent_external_id;
	struct str body;
};

void catalog_plan(const struct catalog_root *root, const struct catalog_view *view, const struct plan_resource *resource,
		  size_t n, struct arena *arena, struct delivery_new **delivery, size_t *n_delivery);

#endif
