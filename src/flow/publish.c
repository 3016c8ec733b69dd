/*
 * Publish: products and categories that have come to rest are merged from their facts and compared with what
 * Klaviyo was last told; the difference becomes deliveries.
 *
 * Does:    some due roots at a time; when nothing is due, looks on at roots that a change of
 *          settings concerns.
 * Doesn't: decide what is due (the store's debounce) or what differs (catalog/).
 * Keeps:   what is wanted and its deliveries are recorded in one transaction; a root that changed meanwhile
 *          stays due.
 * Threads: one publish role per database.
 */
#include "flow/flow.h"

#include "base/counter.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "flow/schedule.h"

/* The writer is held for some 5 ms, which acknowledgements wait for; when nobody waits, for 20 ms. */
#define CLAIM_LEAST 32
#define CLAIM_MOST  128
#define SWEEP_MAX   500

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

/* The rules of one store after another: roots of a store mostly come together. */
struct publish_rules {
	int64_t store_id; /* 0 = none yet */
	struct flow_rules rules;
	struct schedules schedules;
	bool holds;
};

/* 0: at once. */
static int64_t told_at_ms(const struct schedules *schedules, const struct catalog_root *root,
			  const struct delivery_new *delivery)
{
	enum schedule_kind kind = flow_schedule_of(delivery->kind, delivery->op);
	int64_t since_ms = root->due_first_ms - (mutant_is(MUTANT_told_early) ? MS_PER_HOUR : 0);
	int64_t due_ms =
		kind == SCHEDULE_KIND_COUNT ? INT64_MAX : schedule_next_ms(&schedules->of[kind], since_ms);

	return due_ms == INT64_MAX ? 0 : due_ms;
}

/*
 * Of the deliveries those stay whose time has come since the root was touched; the rest is planned again at
 * its time, from what is true then, and what comes until then has a time of its own. Variants do not go
 * without an item that is not there yet.
 */
static void hold_back(const struct schedules *schedules, const struct catalog_root *root, int64_t now_ms,
		      struct arena *arena, struct flow_plan *plan)
{
	int64_t next_ms = INT64_MAX;
	bool item_waits = false;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_delivery; i++) {
		const struct delivery_new *one = &plan->delivery[i];
		int64_t due_ms = told_at_ms(schedules, root, one);

		if (due_ms > now_ms || (item_waits && one->kind == KLAVIYO_VARIANT)) {
			item_waits |= one->kind == KLAVIYO_ITEM && one->op == DELIVERY_CREATE;
			next_ms = due_ms > now_ms && due_ms < next_ms ? due_ms : next_ms;
		} else {
			plan->delivery[n++] = *one;
		}
	}
	if (n == plan->n_delivery)
		return;
	flow_add_note(&plan->note, STR("schedule"),
		      arena_printf(arena, "%zu wait for their time", plan->n_delivery - n), arena);
	plan->n_delivery = n;
	plan->n_forget = 0;
	/* Variants go with their item, though their own time has passed. */
	plan->again_first_ms = item_waits ? 0 : now_ms;
	if (mutant_is(MUTANT_waited_away))
		return;
	if (plan->again_ms == 0 || next_ms < plan->again_ms)
		plan->again_ms = next_ms;
}

static void publish_root(const struct settings_store *store, const struct publish_rules *all,
			 const struct catalog_root *root, int64_t now_ms, struct arena *arena,
			 struct catalog_publication *out)
{
	const struct flow_rules *rules = &all->rules;
	struct flow_plan plan;

	flow_plan_root(rules, root, now_ms, arena, &plan);
	if (all->holds && root->priority == PRIORITY_REALTIME)
		hold_back(&all->schedules, root, now_ms, arena, &plan);
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
		.withdraw_reason = STR("has left since"),
		.again_ms = plan.again_ms,
		.again_first_ms = plan.again_first_ms,
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
	flow_schedules(store, arena, &out->schedules);
	out->holds = flow_schedules_hold(&out->schedules);
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
		publish_root(store, &rules, &root[i], now_ms, arena, &publication[(*n_done)++]);
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
	if (!db_catalog_claim(ctx->db, now_ms, flow_batch_size(&ctx->publish, CLAIM_LEAST), &arena, &root, &n,
			      &next_due_ms, err)) {
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
	flow_batch_heed(ctx, &ctx->publish, CLAIM_LEAST, CLAIM_MOST, n);
	if (next->n_done > 0)
		next->wait_ms = 0;
	ok = true;
out:
	arena_release(&arena);
	return ok;
}
