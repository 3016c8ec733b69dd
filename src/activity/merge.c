/*
 * Merging orders, persons and visitors: opens the facts, lets the file for the kind of root answer, and hands
 * over the reasons.
 *
 * Doesn't: know how anything is written for Klaviyo (klaviyo/render.h), or what of it is told (plan.c).
 * Keeps:   pure and deterministic: the order of facts, products and sent rows does not matter.
 * Threads: any; nothing is shared.
 */
#include "activity/fold_internal.h"

#include <assert.h>

void activity_merge(const struct activity_rules *rules, const struct catalog_root *root,
		    const struct activity_product *product, size_t n_product, int64_t now_ms,
		    struct arena *arena, struct activity_view *out)
{
	enum entity_kind kind = root->root.kind;
	struct fold fold;

	assert(kind == ENTITY_ORDER || kind == ENTITY_PERSON || kind == ENTITY_VISITOR);
	*out = (struct activity_view){ 0 };
	fold_open(&fold, rules, root, arena);
	fold.now_ms = now_ms;
	fold.view = out;
	line_product_open(&fold, product, n_product);
	if (kind == ENTITY_ORDER)
		order_merge(&fold);
	else if (kind == ENTITY_PERSON)
		person_merge(&fold);
	else
		visitor_merge(&fold);
	out->held = fold_reasons_text(&fold.held, arena);
	out->note = fold_reasons_text(&fold.note, arena);
	fold_close(&fold);
}
