/*
 * Merchants and their wishes.
 *
 * Keeps:   a wish is asked for until it is taken: the process may be down, or busy with another one of its
 *          kind.
 */
#include "sim/merchant.h"

#include "base/alloc.h"
#include "flow/pull.h"
#include "flow/reconcile.h"
#include "flow/replay.h"
#include "sim/check.h"
#include "sim/defaults.h"
#include "sim/erasure.h"
#include "sim/history.h"
#include "sim/klaviyo.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"

#define AGAIN_MS   1000
#define OLD_MAX_MS (20 * MS_PER_HOUR) /* after a day what was deleted may come back (tombstone_hours) */

enum wish_kind { WISH_PULL, WISH_REPLAY, WISH_RECONCILE, WISH_IMPORT, WISH_ERASE, WISH_DEFAULT, WISH_COUNT };

struct wish {
	enum wish_kind kind;
	int shop;
	enum pull_kind pull;
	bool messages; /* replay */
	bool live;
	bool anew;    /* pull: of all pages, and not the one under way, which has read some */
	bool fix;     /* reconcile */
	int file;     /* import; -1 = not written yet */
	int person;   /* erase */
	bool by_shop; /* it is the shop that says it */
};

static const enum option option_of[WISH_COUNT] = { OPTION_pulls,   OPTION_replays, OPTION_reconciles,
						   OPTION_imports, OPTION_erased,  OPTION_defaults };
static const enum pull_kind pulled[] = { PULL_CATEGORIES, PULL_PRODUCTS, PULL_CUSTOMERS, PULL_ORDERS };
static int n_open;		/* wishes that nobody has taken yet */
static int old_file[SHOPS_MAX]; /* -1 = none */

/* ---- asking ---- */

/* Something between answered in place of the shop, as one that refuses: a merchant lets it go on. */
static void resume(struct db *db, const struct import_job *job)
{
	struct import_change change = { .action = IMPORT_RESUME };
	struct err err = { 0 };

	sim_trace("merchant: lets import %d go on: %.*s", (int)job->id, STR_ARG(job->reason));
	if (!db_import_change(db, clock_wall_ms(&sim.clock), job->id, &change, &err))
		sim_fail("imports", "'%.*s' cannot go on: %s", STR_ARG(job->path), err.msg);
	node_wake();
}

/* Of a store (0 = all) and path ("" = all); those that stopped are let go on. */
static bool imports_are_done(struct db *db, int64_t store_id, struct str path, struct arena *arena)
{
	struct import_job *job = NULL;
	struct err err;
	size_t n = 0;
	bool done = db_import_list(db, store_id, arena, &job, &n, &err);

	for (size_t i = 0; done && i < n; i++) {
		if (path.len > 0 && !str_eq(job[i].path, path))
			continue;
		done = job[i].state != IMPORT_OPEN && job[i].state != IMPORT_FAILED &&
		       job[i].state != IMPORT_PAUSED;
		if (job[i].state == IMPORT_FAILED || job[i].state == IMPORT_PAUSED)
			resume(db, &job[i]);
	}
	return done;
}

static bool may_ask(struct db *db, const struct wish *wish, struct err *err)
{
	struct arena arena;
	bool ok;

	if (!wish->anew)
		return true;
	arena_init(&arena);
	sim.looking = true;
	ok = imports_are_done(db, node_store_id(wish->shop), str_from(pull_kind_text(wish->pull)), &arena);
	sim.looking = false;
	arena_release(&arena);
	return ok || err_set(err, ERR_BUSY, "one is under way");
}

static bool ask_pull(struct flow_ctx *ctx, struct db *db, const struct wish *wish, struct err *err)
{
	const struct snapshot *settings = settings_take(ctx->settings);
	const struct settings_store *store = snapshot_store(settings, node_store_id(wish->shop));
	struct pull_wish what = { .kind = wish->pull, .live = wish->live };
	int64_t id;
	bool ok = store && pull_register(db, clock_wall_ms(&sim.clock), store, &what, 0, &id, err);

	if (ok)
		check_pull_asked(id, wish->shop, str_from(pull_kind_text(wish->pull)));
	settings_release(ctx->settings, settings);
	return ok;
}

static bool ask_replay(struct db *db, const struct wish *wish, struct err *err)
{
	struct replay_options options = {
		.messages = wish->messages,
		.kinds = replay_kinds_usual(),
		.states = replay_states_usual(wish->messages),
		.live = wish->live,
	};
	int64_t id;

	return replay_start(db, clock_wall_ms(&sim.clock), node_store_id(wish->shop), &options,
			    STR("a merchant"), &id, err);
}

static bool ask_reconcile(struct db *db, const struct wish *wish, struct err *err)
{
	struct reconcile_options options = { .fix = wish->fix, .confirmed = wish->fix };
	int64_t id;

	return reconcile_start(db, clock_wall_ms(&sim.clock), node_store_id(wish->shop), &options,
			       STR("a merchant"), &id, err);
}

static bool ask(const struct wish *wish)
{
	struct flow_ctx *ctx = node_ctx();
	struct err err = { 0 };
	bool ok = false;

	if (!ctx)
		return false;
	if (wish->kind == WISH_PULL)
		ok = may_ask(node_db(), wish, &err) && ask_pull(ctx, node_db(), wish, &err);
	else if (wish->kind == WISH_REPLAY)
		ok = ask_replay(node_db(), wish, &err);
	else if (wish->kind == WISH_RECONCILE)
		ok = ask_reconcile(node_db(), wish, &err);
	else if (wish->kind == WISH_ERASE)
		ok = erasure_ask(node_db(), wish->shop, wish->person, &err);
	else if (wish->kind == WISH_DEFAULT)
		ok = defaults_change(node_db(), &err);
	else
		ok = history_ask(node_db(), wish->file, &err);
	sim_trace("merchant: asks shop%d for %d: %s", wish->shop, (int)wish->kind,
		  ok ? "taken" : err_code_name(err.code));
	/* The handle is the process's, too: exit code 70. */
	if (!ok && err.code == ERR_FATAL)
		disk_die();
	node_look_after();
	return ok;
}

static void wish_now(void *arg)
{
	struct wish *wish = arg;

	sim.busy_at_ms = sim.now_ms;
	if (wish->kind == WISH_IMPORT && wish->file < 0)
		wish->file = history_write(wish->shop, false);
	if (wish->by_shop)
		shop_tell_erased(&shop[wish->shop], wish->person);
	else if (!sim.closing && !ask(wish)) {
		sim_at(sim.now_ms + AGAIN_MS, wish_now, wish);
		return;
	}
	n_open--;
	mem_free(wish);
	node_wake();
}

static void plan(int64_t at_ms, struct wish wish)
{
	struct wish *kept = mem_alloc(sizeof(*kept));

	*kept = wish;
	n_open++;
	sim.n_hit[option_of[wish.kind]]++;
	sim_at(at_ms, wish_now, kept);
}

/* ---- when ---- */

static struct wish draw_erasure(void)
{
	return (struct wish){
		.kind = WISH_ERASE,
		.shop = (int)sim_draw(OPTION_erased, 0, sim_option(OPTION_shops) - 1),
		.person = (int)sim_draw(OPTION_erased, 0, sim_option(OPTION_people) - 1),
		.by_shop = sim_chance(OPTION_erased, 500),
	};
}

static struct wish draw(enum wish_kind kind)
{
	enum option option = option_of[kind];

	if (kind == WISH_ERASE)
		return draw_erasure();
	return (struct wish){
		.kind = kind,
		.shop = (int)sim_draw(option, 0, sim_option(OPTION_shops) - 1),
		.pull = pulled[sim_draw(option, 0, ARRAY_LEN(pulled) - 1)],
		.messages = sim_draw(option, 0, 1),
		.live = sim_draw(option, 0, 1),
		.fix = sim_draw(option, 0, 1),
		.file = -1,
	};
}

static void write_old(void *arg)
{
	int number = (int)sim_draw(OPTION_imports, 0, sim_option(OPTION_shops) - 1);

	(void)arg;
	if (!sim.closing && old_file[number] < 0)
		old_file[number] = history_write(number, true);
}

static void meddle(void *arg)
{
	(void)arg;
	if (sim.healed)
		return;
	if (node_db())
		history_meddle(node_db());
	node_look_after();
	node_wake();
	sim_at(sim.now_ms + sim_draw(OPTION_imports, 1000, 30000), meddle, NULL);
}

static void begin_history(int64_t until_ms)
{
	for (int i = 0; i < SHOPS_MAX; i++)
		old_file[i] = -1;
	if (!history_is_read())
		return;
	if (sim_option(OPTION_imports) > 0)
		sim_at(sim_draw(OPTION_imports, 1000, until_ms), write_old, NULL);
	sim_at(sim_draw(OPTION_imports, 1000, until_ms), meddle, NULL);
}

void merchant_begin(int64_t until_ms)
{
	n_open = 0;
	begin_history(until_ms);
	for (int kind = 0; kind < WISH_COUNT; kind++)
		for (int64_t i = 0; i < sim_option(option_of[kind]); i++)
			plan(sim_draw(option_of[kind], 1000, until_ms), draw((enum wish_kind)kind));
}

void merchant_asks_all(void)
{
	if (sim_option(OPTION_pulls_heal) == 0)
		return;
	sim.n_hit[OPTION_pulls_heal]++;
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		for (size_t k = 0; k < ARRAY_LEN(pulled); k++)
			plan(sim.now_ms + 1,
			     (struct wish){ .kind = WISH_PULL, .shop = i, .pull = pulled[k], .anew = true });
}

static int shops_of(int account)
{
	int n = 0;

	for (int i = 0; i < sim_option(OPTION_shops); i++)
		n += node_account_of_shop(i) == account;
	return n;
}

static void estrange(void)
{
	for (int64_t i = 0; i < sim_option(OPTION_estranged); i++) {
		int account = (int)sim_draw(OPTION_estranged, 0, sim_option(OPTION_accounts) - 1);

		/* Of two shops with the same prefix nobody knows whose it is. */
		sim.n_hit[OPTION_estranged] += klaviyo_estrange(account, shops_of(account) == 1);
	}
}

bool merchant_has_last_wishes(void)
{
	bool replays = sim_option(OPTION_replays) > 0, changes = sim_option(OPTION_defaults) > 0;
	bool reads = false;

	if (changes)
		plan(sim.now_ms + 1, (struct wish){ .kind = WISH_DEFAULT });
	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		if (replays)
			plan(sim.now_ms + 1,
			     (struct wish){ .kind = WISH_REPLAY, .shop = i, .messages = i % 2 });
		if (old_file[i] >= 0 && sim.now_ms < sim.healed_ms + OLD_MAX_MS)
			plan(sim.now_ms + 1,
			     (struct wish){ .kind = WISH_IMPORT, .shop = i, .file = old_file[i] });
		reads |= old_file[i] >= 0;
	}
	return replays || reads || changes;
}

void merchant_mends_again(void)
{
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		plan(sim.now_ms + 1, (struct wish){ .kind = WISH_RECONCILE, .shop = i, .fix = true });
}

bool merchant_has_to_mend(void)
{
	if (sim_option(OPTION_estranged) == 0)
		return false;
	estrange();
	merchant_mends_again();
	return true;
}

/* ---- done ---- */

static void trace_task(const struct task_row *task)
{
	struct reconcile_view view;

	if (task->kind != TASK_RECONCILE)
		return;
	reconcile_read(task, &view);
	sim_trace("task %d: %s, state %d, %d differ, %d told, %d deleted", (int)task->id, view.stage,
		  (int)task->state, (int)reconcile_differ(&view.report), (int)view.report.n_told,
		  (int)view.report.n_deleted);
}

static bool tasks_are_done(struct db *db, struct arena *arena)
{
	struct task_row *task = NULL;
	struct err err;
	size_t n = 0;
	bool done = db_task_list(db, 0, arena, &task, &n, &err);

	for (size_t i = 0; done && i < n; i++)
		done = task[i].state != IMPORT_OPEN;
	for (size_t i = 0; i < n && (done || sim.verbose); i++)
		trace_task(&task[i]);
	return done;
}

bool merchant_is_done(struct db *db)
{
	struct arena arena;
	bool done;

	if (n_open > 0)
		return false;
	arena_init(&arena);
	sim.looking = true;
	done = imports_are_done(db, 0, STR(""), &arena) && tasks_are_done(db, &arena);
	sim.looking = false;
	arena_release(&arena);
	return done;
}
