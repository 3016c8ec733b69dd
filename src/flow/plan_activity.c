/*
 * One order, person or visitor on its way from facts to deliveries: what the catalog knows of the products it
 * names, merged, rendered, compared with what Klaviyo was told.
 *
 * Doesn't: decide anything itself.
 * Pure.
 */
#include "flow/flow_internal.h"

#include "activity/plan.h"
#include "flow/notice.h"
#include "klaviyo/render.h"

#include <inttypes.h>

#define LOOK_AGAIN_MS 1000

/* ---- products that lines name ---- */

static bool belongs(const struct root_entity *entity, struct entity product)
{
	return entity->entity.kind != ENTITY_VARIANT || str_eq(entity->root_id, product.id);
}

static const struct root_entity *find_entity(const struct catalog_root *root, struct entity entity)
{
	for (size_t i = 0; i < root->n_entity; i++)
		if (root->entity[i].entity.kind == entity.kind &&
		    str_eq(root->entity[i].entity.id, entity.id))
			return &root->entity[i];
	return NULL;
}

/* The product as a root of its own, out of what came with the order. */
static struct catalog_root product_root(const struct catalog_root *root, struct entity product,
					struct arena *arena)
{
	struct root_entity *entity = ARENA_ARRAY(arena, root->n_entity, struct root_entity);
	struct root_fact *fact = ARENA_ARRAY(arena, root->n_fact, struct root_fact);
	struct catalog_root out = {
		.store_id = root->store_id, .root = product, .entity = entity, .fact = fact
	};

	for (size_t i = 0; i < root->n_entity; i++)
		if (belongs(&root->entity[i], product))
			entity[out.n_entity++] = root->entity[i];
	for (size_t i = 0; i < root->n_fact; i++) {
		const struct root_entity *of = find_entity(root, root->fact[i].entity);

		if (of && belongs(of, product))
			fact[out.n_fact++] = root->fact[i];
	}
	return out;
}

static struct str meta_value(const struct catalog_item *item, const char *name)
{
	for (size_t i = 0; i < item->n_meta; i++)
		if (str_eq(item->meta[i].name, str_from(name)))
			return item->meta[i].value;
	return (struct str){ 0 };
}

/* Names of the item's categories. */
static const struct str *category_names(const struct flow_rules *rules, const struct catalog_root *root,
					const struct catalog_item *item, struct arena *arena, size_t *n)
{
	struct str *name = ARENA_ARRAY(arena, item->n_category, struct str);

	*n = 0;
	for (size_t i = 0; i < root->n_entity && *n < item->n_category; i++) {
		struct entity category = root->entity[i].entity;
		struct catalog_root of = *root;
		struct catalog_view view;

		if (category.kind != ENTITY_CATEGORY)
			continue;
		of.root = category;
		catalog_merge(&rules->catalog, &of, arena, &view);
		for (size_t j = 0; view.has_category && j < item->n_category; j++)
			if (str_eq(view.category.external_id, item->category_external_id[j]))
				name[(*n)++] = view.category.name;
	}
	return name;
}

static struct activity_line item_line(const struct flow_rules *rules, const struct catalog_root *root,
				      const struct catalog_item *item, struct arena *arena)
{
	struct activity_line line = {
		.product_id = item->external_id,
		.name = item->title,
		.has_price = item->has_price,
		.unit_price = item->price,
		.brand = meta_value(item, "brand"),
		.image_url = item->image_url,
		.product_url = item->url,
	};

	line.category = category_names(rules, root, item, arena, &line.n_category);
	return line;
}

static struct activity_line variant_line(const struct activity_line *item,
					 const struct catalog_variant *variant)
{
	struct activity_line line = *item;

	line.variant_id = variant->external_id;
	line.sku = variant->sku;
	line.variant_name = variant->title;
	line.has_price = true;
	line.unit_price = variant->price;
	if (variant->image_url.len > 0)
		line.image_url = variant->image_url;
	if (variant->url.len > 0)
		line.product_url = variant->url;
	return line;
}

static const struct catalog_variant *find_variant(const struct catalog_view *view, struct str external_id)
{
	for (size_t i = 0; i < view->n_variant; i++)
		if (str_eq(view->variant[i].external_id, external_id))
			return &view->variant[i];
	return NULL;
}

static void add_variants(const struct flow_rules *rules, const struct catalog_root *root,
			 const struct catalog_view *view, struct arena *arena, struct activity_product *out)
{
	struct str *id = ARENA_ARRAY(arena, root->n_entity, struct str);
	struct activity_line *line = ARENA_ARRAY(arena, root->n_entity, struct activity_line);

	for (size_t i = 0; i < root->n_entity; i++) {
		struct entity entity = root->entity[i].entity;
		const struct catalog_variant *variant;

		if (entity.kind != ENTITY_VARIANT)
			continue;
		variant = find_variant(view, catalog_external_id(rules->catalog.id_prefix, entity.id, arena));
		if (!variant)
			continue;
		id[out->n_variant] = entity.id;
		line[out->n_variant++] = variant_line(&out->item, variant);
	}
	out->variant_id = id;
	out->variant = line;
}

/* False: the catalog does not know enough of it. */
static bool read_product(const struct flow_rules *rules, const struct catalog_root *order,
			 struct entity product, struct arena *arena, struct activity_product *out)
{
	struct catalog_root root = product_root(order, product, arena);
	struct catalog_rules shown = rules->catalog;
	struct catalog_view view;

	shown.hold_without_price = false;
	catalog_merge(&shown, &root, arena, &view);
	if (!view.has_item)
		return false;
	*out = (struct activity_product){
		.product_id = product.id,
		.item = item_line(rules, &root, &view.item, arena),
	};
	add_variants(rules, &root, &view, arena, out);
	return true;
}

static size_t read_products(const struct flow_rules *rules, const struct catalog_root *root,
			    struct arena *arena, struct activity_product **product)
{
	size_t n = 0;

	*product = ARENA_ARRAY(arena, root->n_entity, struct activity_product);
	for (size_t i = 0; i < root->n_entity; i++)
		if (root->entity[i].entity.kind == ENTITY_PRODUCT && !root->entity[i].deleted &&
		    read_product(rules, root, root->entity[i].entity, arena, &(*product)[n]))
			n++;
	return n;
}

/* ---- resources ---- */

struct rendering {
	const struct flow_rules *rules;
	const struct catalog_root *root;
	const struct activity_view *view;
	struct arena *arena;
	struct activity_resource *resource;
	size_t n;
	struct str note;
};

/* Whose events leave in one order. */
static struct str person_of(const struct activity_profile *profile)
{
	if (profile->email.len > 0)
		return profile->email;
	return profile->phone.len > 0 ? profile->phone : profile->exchange_id;
}

static void render_events(struct rendering *rendering)
{
	const struct activity_view *view = rendering->view;

	for (size_t i = 0; i < view->n_event; i++) {
		const struct activity_event *event = &view->event[i];
		struct str mended = { 0 };

		rendering->resource[rendering->n++] = (struct activity_resource){
			.kind = KLAVIYO_EVENT,
			.op = DELIVERY_CREATE,
			.external_id = klaviyo_event_external_id(event, rendering->arena),
			.parent_external_id = person_of(&event->profile),
			.body = klaviyo_render_event(event, rendering->rules->canceled, rendering->arena,
						     &mended),
			.key = view->event_key[i],
		};
		flow_add_note(&rendering->note, str_from(metric_row(event->metric)->name), mended,
			      rendering->arena);
	}
}

static void render_profile(struct rendering *rendering)
{
	const struct activity_view *view = rendering->view;
	struct str mended = { 0 };

	if (!view->has_profile && !view->erase)
		return;
	rendering->resource[rendering->n++] = (struct activity_resource){
		.kind = KLAVIYO_PROFILE,
		.op = view->erase	     ? DELIVERY_DELETE
		      : view->former.len > 0 ? DELIVERY_CREATE
					     : DELIVERY_UPDATE,
		.external_id = rendering->root->root.id,
		.parent_external_id = view->former,
		.body = klaviyo_render_profile(&view->profile, rendering->arena, &mended),
	};
	flow_add_note(&rendering->note, STR("profile"), mended, rendering->arena);
}

static void render_consent(struct rendering *rendering)
{
	const struct activity_view *view = rendering->view;

	for (size_t i = 0; i < view->n_consent; i++) {
		const struct activity_consent *consent = &view->consent[i];

		rendering->resource[rendering->n++] = (struct activity_resource){
			.kind = KLAVIYO_CONSENT,
			.op = consent->subscribed ? DELIVERY_CREATE : DELIVERY_DELETE,
			.external_id = arena_printf(rendering->arena, "%s:%.*s",
						    consent_channel_text(consent->channel),
						    STR_ARG(consent->address)),
			.parent_external_id = klaviyo_consent_group(consent, rendering->arena),
			.body = klaviyo_render_consent(consent, rendering->arena),
			.key = view->consent_key[i],
		};
	}
}

static void render_optouts(struct rendering *rendering)
{
	const struct activity_view *view = rendering->view;

	for (size_t i = 0; i < view->n_optout; i++) {
		const struct activity_optout *optout = &view->optout[i];
		int64_t store_id = rendering->root->store_id;

		rendering->resource[rendering->n++] = (struct activity_resource){
			.kind = KLAVIYO_NOTICE,
			.op = DELIVERY_CREATE,
			.external_id = notice_id(store_id, optout, rendering->arena),
			.parent_external_id = arena_printf(rendering->arena, "store:%" PRId64, store_id),
			.body = notice_body(optout, rendering->arena),
		};
	}
}

/* ---- withdrawing ---- */

static bool stays(const struct rendering *rendering, struct str external_id)
{
	for (size_t i = 0; i < rendering->n; i++)
		if (rendering->resource[i].kind == KLAVIYO_CONSENT &&
		    rendering->resource[i].op == DELIVERY_CREATE &&
		    str_eq(rendering->resource[i].external_id, external_id))
			return true;
	return false;
}

/* Told, or on its way, and the ledger does not say it any more: they have left, in Klaviyo or at the shop. */
static void withdraw(const struct rendering *rendering, struct flow_plan *out)
{
	const struct catalog_root *root = rendering->root;

	out->withdraw = ARENA_ARRAY(rendering->arena, root->n_sent, struct str);
	for (size_t i = 0; i < root->n_sent; i++)
		if (root->sent[i].kind == KLAVIYO_CONSENT && !root->sent[i].wanted_deleted &&
		    !stays(rendering, root->sent[i].external_id))
			out->withdraw[out->n_withdraw++] = root->sent[i].external_id;
}

/* ---- parts that are done with ---- */

/* A browser's events are told, or nothing will ever come of them. Those that wait stay. */
static void forget_parts(const struct catalog_root *root, const struct activity_view *view,
			 struct arena *arena, struct flow_plan *out)
{
	if (root->root.kind != ENTITY_VISITOR)
		return;
	out->forget = ARENA_ARRAY(arena, view->n_event + view->n_idle_part, struct str);
	for (size_t i = 0; i < view->n_event; i++)
		out->forget[out->n_forget++] = view->event_part[i];
	for (size_t i = 0; i < view->n_idle_part; i++)
		out->forget[out->n_forget++] = view->idle_part[i];
}

void flow_plan_activity(const struct flow_rules *rules, const struct catalog_root *root, int64_t now_ms,
			struct arena *arena, struct flow_plan *out)
{
	struct activity_product *product;
	struct activity_view view;
	struct rendering rendering = { .rules = rules, .root = root, .view = &view, .arena = arena };
	size_t n_product = read_products(rules, root, arena, &product);

	activity_merge(&rules->activity, root, product, n_product, now_ms, arena, &view);
	rendering.resource = ARENA_ARRAY(arena, view.n_event + view.n_consent + view.n_optout + 1,
					 struct activity_resource);
	rendering.note = view.note;
	render_events(&rendering);
	render_profile(&rendering);
	render_consent(&rendering);
	render_optouts(&rendering);
	*out = (struct flow_plan){ .held = view.held, .note = rendering.note, .again_ms = view.again_ms };
	/* What it waits for may come any moment, and rings no bell. */
	if (out->again_ms > now_ms + LOOK_AGAIN_MS)
		out->again_ms = now_ms + LOOK_AGAIN_MS;
	activity_plan(root, rendering.resource, rendering.n, arena, &out->delivery, &out->n_delivery);
	withdraw(&rendering, out);
	forget_parts(root, &view, arena, out);
}
