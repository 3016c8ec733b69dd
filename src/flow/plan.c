/*
 * One root on its way from facts to deliveries: merged, rendered, compared with what Klaviyo was last told.
 *
 * Does:    calls the three pure steps in their order, for publish and for preview alike, so that a preview
 *          shows what would happen.
 * Doesn't: decide anything itself.
 * Pure.
 */
#include "flow/flow_internal.h"

#include "catalog/plan.h"
#include "flow/feed.h"
#include "klaviyo/render.h"

void flow_add_note(struct str *note, struct str what, struct str mended, struct arena *arena)
{
	if (mended.len == 0)
		return;
	*note = arena_printf(arena, "%.*s%s%.*s: %.*s", STR_ARG(*note), note->len ? "; " : "", STR_ARG(what),
			     STR_ARG(mended));
}

/* The view as resources, one for each thing that Klaviyo should hold. */
static size_t render_view(struct catalog_view *view, struct arena *arena, struct plan_resource **resource)
{
	size_t n = 0;
	struct str mended = { 0 };
	struct plan_resource *row = ARENA_ARRAY(arena, view->n_variant + 2, struct plan_resource);

	if (view->has_category)
		row[n++] = (struct plan_resource){
			.kind = KLAVIYO_CATEGORY,
			.external_id = view->category.external_id,
			.body = klaviyo_render_category(&view->category, arena),
		};
	if (view->has_item) {
		row[n++] = (struct plan_resource){
			.kind = KLAVIYO_ITEM,
			.external_id = view->item.external_id,
			.body = klaviyo_render_item(&view->item, arena, &mended),
		};
		flow_add_note(&view->note, STR("item"), mended, arena);
	}
	for (size_t i = 0; i < view->n_variant; i++) {
		const struct catalog_variant *variant = &view->variant[i];

		mended = (struct str){ 0 };
		row[n++] = (struct plan_resource){
			.kind = KLAVIYO_VARIANT,
			.external_id = variant->external_id,
			.parent_external_id = variant->item_external_id,
			.body = klaviyo_render_variant(variant, arena, &mended),
		};
		flow_add_note(&view->note, variant->external_id, mended, arena);
	}
	*resource = row;
	return n;
}

void flow_plan_catalog(const struct flow_rules *rules, const struct catalog_root *root, struct arena *arena,
		       struct flow_plan *out)
{
	struct plan_resource *resource;
	struct catalog_view view;
	size_t n;

	catalog_merge(&rules->catalog, root, arena, &view);
	n = render_view(&view, arena, &resource);
	*out = (struct flow_plan){ .held = view.held, .note = view.note };
	if (rules->feed) {
		flow_add_note(&out->note, STR("catalog"), STR(FLOW_READ_AS_FEED), arena);
		return;
	}
	catalog_plan(root, &view, resource, n, arena, &out->delivery, &out->n_delivery);
}

void flow_plan_root(const struct flow_rules *rules, const struct catalog_root *root, int64_t now_ms,
		    struct arena *arena, struct flow_plan *out)
{
	if (root->root.kind == ENTITY_PRODUCT || root->root.kind == ENTITY_CATEGORY)
		flow_plan_catalog(rules, root, arena, out);
	else
		flow_plan_activity(rules, root, now_ms, arena, out);
}
