/*
 * Merging: all facts of a root -> what Klaviyo should hold of it.
 *
 * Does:    opens the facts, lets merge_product.c or the category below answer, and hands over the reasons.
 * Doesn't: know what Klaviyo was told (plan.c) or how it is written (klaviyo/render.c).
 * Keeps:   pure and deterministic: the order of facts, entities and sent rows does not matter.
 * Threads: any; nothing is shared.
 */
#include "catalog/merge.h"

#include "catalog/merge_internal.h"

#include <assert.h>

/* A category has nothing that could be unpublished: it is there or it is not. */
static void merge_category(struct merge *merge, struct catalog_view *out)
{
	struct str id = merge->root->root.id;
	bool known = merge_part(merge, ENTITY_CATEGORY, id, "base") != NULL;

	out->present = known || !merge->root->deleted;
	if (!out->present)
		return;
	if (!known) {
		merge_hold(merge, "category not known yet");
		return;
	}
	merge_market_choose(merge, NULL);
	out->has_category = true;
	out->category = (struct catalog_category){
		.external_id = catalog_external_id(merge->rules->id_prefix, id, merge->arena),
		.name = merge_category_name(merge, id),
	};
}

void catalog_merge(const struct catalog_rules *rules, const struct catalog_root *root, struct arena *arena,
		   struct catalog_view *out)
{
	struct merge merge;

	assert(root->root.kind == ENTITY_PRODUCT || root->root.kind == ENTITY_CATEGORY);
	assert(rules->price_divisor > 0);
	*out = (struct catalog_view){ 0 };
	merge_open(&merge, rules, root, arena);
	if (root->root.kind == ENTITY_PRODUCT)
		merge_product(&merge, out);
	else
		merge_category(&merge, out);
	out->held = merge_keep(&merge, strbuf_str(&merge.held));
	out->note = merge_keep(&merge, strbuf_str(&merge.note));
	merge_close(&merge);
}
