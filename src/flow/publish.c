/*
 * Publish: products and categories that have come to rest are merged from their facts and compared with what
 * Klaviyo was last told; the difference becomes deliveries.
 *
 * Does:    up to CLAIM_MAX due roots at a time; when nothing is due, looks on at roots that a change of
 *          settings concerns.
 * Doesn't: decide what is due (the store's debounce) or what differs (catalog/).
 * Keeps:   what is wanted and its deliveries are recorded in one transaction; a root that changed meanwhile
 *          stays due.
 * Threads: one publish role per database.
 */
#include "flow/flow.h"

#include "base/counter.h"
#include "flow/flow_internal.h"

#define CLAIM_MAX 32 /* the writer is held for some 5 ms, which acknowledgements wait for */
#define SWEEP_MAX 500

static bool told_before(const struct catalog_root *root)
{
	return root->n_sent > 0;
}

/*
 * A category's path stands in the names of the categories below it. The first time a category is told, the
 * store itself has made all that name it due.
 */
static bool path_changed(const struct flow_rules *rules, const struct catalog_root *root,
			 const struct flow_plan *plan)
{
	return rules->catalog.category_path && root->root.kind == ENTITY_CATEGORY && plan->n_delivery > 0 &&
	       told_before(root);
}

static void publish_root(const struct settings_store *store, const struct flow_rules *rules,
			 const struct catalog_root *root, int64_t now_ms, struct arena *arena,
			 struct catalog_publication *out)
{
	struct flow_plan plan;

	flow_plan_root(rules, root, now_ms, arena, &plan);
	*out = (struct catalog_publication){
		.store_id = root->store_id,
		.account_id = store->account->id,
		.root = root->root,
		.due_seq = root->due_seq,
		.message_id = root->message_id,
		.delivery = plan.delivery,
		.n_delivery = plan.n_delivery,
		.held = plan.held,
		.note = plan.note,
		.withdraw = plan.withdraw,
		.n_withdraw = plan.n_withdraw,
		.withdraw_reason = STR("has opted out in Klaviyo"),
		.again_ms = plan.again_ms,
		.forget = plan.forget,
		.n_forget = plan.n_forget,
		.touch_dependants = path_changed(rules, root, &plan),
	};
}

static void count_publications(const struct catalog_publication *publication, size_t n)
{
	size_t n_held = 0, n_delivery = 0;

	for (size_t i = 0; i < n; i++) {
		n_held += publication[i].held.len > 0;
		n_delivery += publication[i].n_delivery;
	}
	counter_add(COUNTER_roots_published, n);
	counter_add(COUNTER_roots_held, n_held);
	counter_add(COUNTER_deliveries_created, n_delivery);
}

/* The rules of one store after another: roots of a store mostly come together. */
struct publish_rules {
	int64_t store_id; /* 0 = none yet */
	struct flow_rules rules;
};

static bool rules_of(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
		     struct publish_rules *out, struct err *err)
{
	struct flow_account_facts facts;

	if (out->store_id == store->id)
		return true;
	if (!flow_account_facts(ctx, store, arena, &facts, err))
		return false;
	out->store_id = store->id;
	out->rules = flow_rules(store, &facts);
	return true;
}

/* Ends n claimed roots. Those of a store that is gone are left to the store. */
static bool publish_roots(struct flow_ctx *ctx, const struct catalog_root *root, size_t n,
			  struct arena *arena, size_t *n_done, struct err *err)
{
	const struct snapshot *settings = flow_settings(ctx, err);
	struct publish_rules rules = { 0 };
	int64_t now_ms = clock_wall_ms(ctx->clock);
	struct catalog_publication *publication;
	bool ok = false;

	*n_done = 0;
	if (!settings)
		return false;
	publication = ARENA_ARRAY(arena, n, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		const struct settings_store *store = snapshot_store(settings, root[i].store_id);

		if (!store)
			continue;
		if (!rules_of(ctx, store, arena, &rules, err))
			goto out;
		publish_root(store, &rules.rules, &root[i], now_ms, arena, &publication[(*n_done)++]);
	}
	if (*n_done > 0 && !db_catalog_publish(ctx->db, now_ms, publication, *n_done, err)) {
		(void)err_wrap(err, "publish %zu products and categories", *n_done);
		goto out;
	}
	count_publications(publication, *n_done);
	if (*n_done > 0 && ctx->wake && ctx->wake->deliver)
		http_client_wakeup(ctx->wake->deliver);
	ok = true;
out:
	settings_release(ctx->settings, settings);
	return ok;
}

static bool sweep(struct flow_ctx *ctx, struct flow_next *next, struct err *err)
{
	bool more = false;

	if (!db_catalog_sweep(ctx->db, clock_wall_ms(ctx->clock), SWEEP_MAX, &more, err))
		return err_wrap(err, "look for products that a change of settings concerns");
	if (more)
		next->wait_ms = 0;
	return true;
}

static int64_t wait_until(int64_t now_ms, int64_t due_ms)
{
	if (due_ms <= now_ms)
		return 1;
	return due_ms - now_ms < FLOW_POLL_MS ? due_ms - now_ms : FLOW_POLL_MS;
}

bool publish_run_once(struct flow_ctx *ctx, struct flow_next *next, struct err *err)
{
	struct arena arena;
	struct catalog_root *root = NULL;
	size_t n = 0;
	int64_t next_due_ms = INT64_MAX;
	int64_t now_ms = clock_wall_ms(ctx->clock);
	bool ok = false;

	*next = (struct flow_next){ .wait_ms = FLOW_POLL_MS };
	arena_init(&arena);
	if (!db_catalog_claim(ctx->db, now_ms, CLAIM_MAX, &arena, &root, &n, &next_due_ms, err)) {
		(void)err_wrap(err, "read what is due");
		goto out;
	}
	if (n == 0) {
		next->wait_ms = wait_until(now_ms, next_due_ms);
		ok = sweep(ctx, next, err);
		goto out;
	}
	if (!publish_roots(ctx, root, n, &arena, &next->n_done, err))
		goto out;
	if (next->n_done > 0)
		next->wait_ms = 0;
	ok = true;
out:
	arena_release(&arena);
	return ok;
}
