#ifndef PANNIER_CATALOG_PLAN_H
#define PANNIER_CATALOG_PLAN_H

#include "catalog/merge.h"

/*
 * Planning: what Klaviyo should hold against what it was last told -> the least to tell it.
 *
 * resource: one per category, item and variant of the view, rendered by the caller (klaviyo/render.h) as the body of a create.
 * Rules: contents equal to root_sent.wanted -> nothing; exists -> update, else create; sent but no longer in the view -> delete
 * (unless a delete is already wanted, or it never existed and nothing is wanted). A held product is neither created nor deleted: what Klaviyo has
 * of it stays. A variant whose item changed (parent_external_id differs) is deleted and created anew.
 * Order: categories, items, variants for upserts; variants, items, categories for deletes.
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
