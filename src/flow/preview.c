/*
 * Preview: what a message would cause, without causing it.
 *
 * Does:    the same steps as ingest, map, publish and deliver, on copies in memory.
 * Doesn't: show what follows from other roots looking at theirs again (a renamed brand, a deleted category),
 *          or look up a brand, series or tag that a product names for the first time.
 * Threads: any; reads the database only.
 */
#include "flow/preview.h"

#include "flow/flow_internal.h"
#include "flow/preview_apply.h"
#include "klaviyo/render.h"

#define MESSAGES_MAX 200
#define ROOTS_MAX    200

struct preview_run {
	struct flow_ctx *ctx;
	const struct settings_store *store;
	struct arena *arena;
	struct err *err;
};

/* The roots that the facts of one message touch, and which fact goes where. */
struct touched {
	struct entity root[ROOTS_MAX];
	size_t n;
	bool cut;
};

static void touch(struct touched *touched, struct entity root)
{
	for (size_t i = 0; i < touched->n; i++)
		if (touched->root[i].kind == root.kind && str_eq(touched->root[i].id, root.id))
			return;
	if (touched->n == ROOTS_MAX)
		touched->cut = true;
	else
		touched->root[touched->n++] = root;
}

/* Roots of entities that the database knows by this fact's id (a variant), or by its SKU. */
static bool touch_known(struct preview_run *run, const struct fact *fact, struct touched *touched)
{
	struct catalog_match *match = NULL;
	size_t n = 0;

	if (!db_catalog_find(run->ctx->db, run->store->id, fact->entity.id, run->arena, &match, &n, run->err))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool same = match[i].entity.kind == fact->entity.kind || fact->entity.kind == ENTITY_SKU;

		if (same && match[i].root.id.len > 0)
			touch(touched, match[i].root);
	}
	return true;
}

static bool is_root(enum entity_kind kind)
{
	return kind == ENTITY_PRODUCT || kind == ENTITY_CATEGORY || kind == ENTITY_ORDER ||
	       kind == ENTITY_PERSON || kind == ENTITY_VISITOR;
}

static bool touch_roots(struct preview_run *run, const struct fact *fact, struct touched *touched)
{
	if (is_root(fact->entity.kind)) {
		touch(touched, fact->entity);
		return true;
	}
	if (fact->entity.kind == ENTITY_VARIANT && fact->root_id.len > 0) {
		touch(touched, (struct entity){ ENTITY_PRODUCT, fact->root_id });
		return true;
	}
	return touch_known(run, fact, touched);
}

/* Is the fact part of what this root is merged from? */
static bool concerns(const struct catalog_root *root, const struct fact *fact)
{
	if (fact->entity.kind == root->root.kind && str_eq(fact->entity.id, root->root.id))
		return true;
	if (fact->entity.kind == ENTITY_VARIANT && root->root.kind == ENTITY_PRODUCT && fact->root_id.len > 0)
		return str_eq(fact->root_id, root->root.id);
	for (size_t i = 0; i < root->n_entity; i++)
		if (root->entity[i].entity.kind == fact->entity.kind &&
		    str_eq(root->entity[i].entity.id, fact->entity.id))
			return true;
	return fact->entity.kind == ENTITY_SKU;
}

static bool load_root(struct preview_run *run, struct entity root, struct catalog_root *out)
{
	struct err err = { 0 };

	*out = (struct catalog_root){ 0 };
	if (!db_catalog_get(run->ctx->db, run->store->id, root, run->arena, out, &err)) {
		if (err.code != ERR_NOT_FOUND) {
			*run->err = err;
			return err_wrap(run->err, "read '%.*s'", STR_ARG(root.id));
		}
		*out = (struct catalog_root){ .store_id = run->store->id, .root = root };
	}
	return true;
}

/* ---- requests ---- */

bool preview_request(const struct settings_account *account, const struct delivery *delivery, size_t n,
		     enum delivery_op op, bool bulk, int64_t at_ms, struct arena *arena,
		     struct preview_request *out, struct err *err)
{
	struct klaviyo_request rendered;
	struct metric_windows window;

	(void)metric_windows_read(setting_text(account->value, SETTING_KEY_flow_windows), &window);
	if (!klaviyo_render_request(setting_text(account->value, SETTING_KEY_api_url), delivery, n, op, bulk,
				    at_ms, &window, arena, &rendered, err))
		return err_wrap(err, "render %s %s", delivery_op_text(op), klaviyo_kind_text(delivery->kind));
	*out = (struct preview_request){
		.method = arena_dup(arena, str_from(rendered.method)),
		.url = arena_dup(arena, rendered.url),
		.body = rendered.body,
	};
	return true;
}

static bool add_request(struct preview_run *run, const struct delivery_new *planned, struct preview *preview,
			struct preview_request *request)
{
	struct delivery delivery = {
		.account_id = run->store->account->id,
		.store_id = run->store->id,
		.kind = planned->kind,
		.op = planned->op,
		.external_id = planned->external_id,
		.parent_external_id = planned->parent_external_id,
		.body = planned->body,
		.hash = planned->hash,
	};

	return preview_request(run->store->account, &delivery, 1, planned->op,
			       endpoint_takes_many(endpoint_for(planned->kind, planned->op, false)),
			       clock_wall_ms(run->ctx->clock), run->arena, &request[preview->n_request++],
			       run->err);
}

static struct str join(struct arena *arena, struct str text, struct str more)
{
	if (more.len == 0)
		return text;
	if (text.len == 0)
		return arena_dup(arena, more);
	return arena_printf(arena, "%.*s; %.*s", STR_ARG(text), STR_ARG(more));
}

static bool add_requests(struct preview_run *run, const struct flow_plan *plan, struct preview *preview)
{
	struct preview_request *request =
		ARENA_ARRAY(run->arena, preview->n_request + plan->n_delivery + 1, struct preview_request);

	for (size_t i = 0; i < preview->n_request; i++)
		request[i] = preview->request[i];
	preview->request = request;
	for (size_t i = 0; i < plan->n_delivery; i++)
		if (!add_request(run, &plan->delivery[i], preview, request))
			return false;
	preview->held = join(run->arena, preview->held, plan->held);
	preview->note = join(run->arena, preview->note, plan->note);
	return true;
}

/* ---- one message ---- */

static bool has_entity(const struct catalog_root *root, struct entity entity)
{
	for (size_t i = 0; i < root->n_entity; i++)
		if (root->entity[i].entity.kind == entity.kind &&
		    str_eq(root->entity[i].entity.id, entity.id))
			return true;
	return false;
}

/* Categories that the facts name and the root does not know yet. */
static bool load_named(struct preview_run *run, const struct catalog_root *root,
		       const struct map_result *result, struct catalog_root **other, size_t *n)
{
	size_t room = 0;

	for (size_t i = 0; i < result->n_fact; i++)
		room += result->fact[i].n_ref;
	*other = ARENA_ARRAY(run->arena, room, struct catalog_root);
	*n = 0;
	for (size_t i = 0; i < result->n_fact; i++) {
		for (size_t j = 0; concerns(root, &result->fact[i]) && j < result->fact[i].n_ref; j++) {
			struct entity named = result->fact[i].ref[j];

			if (named.kind != ENTITY_CATEGORY || has_entity(root, named))
				continue;
			if (!load_root(run, named, &(*other)[*n]))
				return false;
			(*n)++;
		}
	}
	return true;
}

static bool preview_root(struct preview_run *run, struct entity root, const struct map_result *result,
			 struct preview *preview)
{
	struct catalog_root *other;
	size_t n_other;
	struct flow_account_facts facts;
	struct flow_rules rules;
	struct catalog_root stored;
	struct preview_root copy;
	struct flow_plan plan;

	if (!load_root(run, root, &stored) ||
	    !flow_account_facts(run->ctx, run->store, run->arena, &facts, run->err))
		return false;
	rules = flow_rules(run->store, &facts);
	if (!load_named(run, &stored, result, &other, &n_other))
		return false;
	preview_root_init(&copy, &stored, other, n_other, result->n_fact, run->arena);
	for (size_t i = 0; i < result->n_fact; i++)
		if (concerns(&copy.root, &result->fact[i]))
			preview_root_apply(&copy, &result->fact[i]);
	if (copy.stopped > 0)
		preview->note =
			join(run->arena, preview->note,
			     arena_printf(run->arena, "%zu facts are stopped by a deletion", copy.stopped));
	flow_plan_root(&rules, &copy.root, clock_wall_ms(run->ctx->clock), run->arena, &plan);
	return add_requests(run, &plan, preview);
}

static bool preview_one(struct preview_run *run, const struct platform_ops *platform,
			const struct platform_message *message, struct preview *preview)
{
	struct platform_store view = flow_platform_store(run->store);
	struct map_result result = { 0 };
	struct touched *touched = ARENA_NEW(run->arena, struct touched);

	platform->map(&view, message->topic, message->body, clock_wall_ms(run->ctx->clock), run->arena,
		      &result);
	preview->topic = arena_dup(run->arena, message->topic);
	preview->map_reason = arena_dup(run->arena, result.reason);
	if (result.state != MAP_DONE)
		return true;
	preview->n_fact = result.n_fact;
	for (size_t i = 0; i < result.n_fact; i++)
		if (!touch_roots(run, &result.fact[i], touched))
			return false;
	for (size_t i = 0; i < touched->n; i++)
		if (!preview_root(run, touched->root[i], &result, preview))
			return false;
	if (touched->cut)
		preview->note = join(run->arena, preview->note, STR("only the first 200 products are shown"));
	return true;
}

/* ---- the request ---- */

static struct str only_content_type(const void *from, const char *name)
{
	const struct str *content_type = from;

	return str_eq_nocase(str_from(name), STR("Content-Type")) ? *content_type : (struct str){ 0 };
}

static bool preview_messages(struct preview_run *run, struct str content_type, struct str body,
			     struct preview **preview, size_t *n)
{
	const struct platform_ops *platform = platform_find(run->store->platform);
	struct platform_store view = flow_platform_store(run->store);
	struct platform_request request = {
		.content_type = content_type,
		.body = body,
		.header = only_content_type,
		.from = &content_type,
		.now_ms = clock_wall_ms(run->ctx->clock),
	};
	struct platform_message *message = NULL;
	size_t n_message = 0;

	if (!platform)
		return err_set(run->err, ERR_INVALID, "no platform '%.*s'", STR_ARG(run->store->platform));
	if (!platform->identify(&view, &request, MESSAGES_MAX, run->arena, &message, &n_message, run->err))
		return false;
	*preview = ARENA_ARRAY(run->arena, n_message + 1, struct preview);
	for (size_t i = 0; i < n_message; i++)
		if (!preview_one(run, platform, &message[i], &(*preview)[i]))
			return false;
	*n = n_message;
	return true;
}

bool preview_message(struct flow_ctx *ctx, struct str store, struct str content_type, struct str body,
		     struct arena *arena, struct preview **preview, size_t *n, struct err *err)
{
	struct preview_run run = { .ctx = ctx, .arena = arena, .err = err };
	const struct snapshot *settings = flow_settings(ctx, err);
	bool ok = false;

	if (!settings)
		return false;
	run.store = snapshot_find_store(settings, store);
	if (run.store)
		ok = preview_messages(&run, content_type, body, preview, n);
	else
		(void)err_set(err, ERR_NOT_FOUND, "no store '%.*s'", STR_ARG(store));
	settings_release(ctx->settings, settings);
	return ok;
}
