/*
 * Reconcile: does Klaviyo hold what the shop holds? Which task is worked on, and what comes next.
 *
 * Does:    per call one piece of one task: a page, some roots, some rows. Stores in turn.
 * Doesn't: send: what is to be mended becomes deliveries as everything does.
 * Keeps:   a piece and the place behind it are one transaction, so that a kill costs at most the page under
 *          way; memory is bounded by a page, however large the catalog.
 * Threads: one reconcile role per database, or a command while no daemon runs; a task that somebody else
 *          works on at the same time is left to whoever is faster.
 */
#include "flow/reconcile_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "flow/feed.h"

#define POLL_MS	   1000
#define FORGET_MAX 2000

struct reconcile *reconcile_open(struct flow_ctx *ctx, struct http_client *client)
{
	struct reconcile *reconcile = mem_zalloc(1, sizeof(*reconcile));

	reconcile->ctx = ctx;
	reconcile->client = client;
	arena_init(&reconcile->asked);
	return reconcile;
}

void reconcile_close(struct reconcile *reconcile)
{
	if (!reconcile)
		return;
	reconcile_accounts_free(reconcile);
	arena_release(&reconcile->asked);
	mem_free(reconcile);
}

bool reconcile_start(struct db *db, int64_t now_ms, int64_t store_id, const struct reconcile_options *options,
		     struct str by, int64_t *id, struct err *err)
{
	struct task_row task = { .store_id = store_id, .kind = TASK_RECONCILE, .reason = by };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	task.options = reconcile_options_text(options, &arena);
	ok = db_task_put(db, now_ms, &task, id, err);
	arena_release(&arena);
	return ok;
}

bool reconcile_last(struct db *db, int64_t store_id, struct arena *arena, struct task_row *out,
		    struct err *err)
{
	struct task_row *task;
	size_t n;

	*out = (struct task_row){ 0 };
	if (!db_task_list(db, store_id, arena, &task, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (task[i].kind == TASK_RECONCILE)
			*out = task[i];
	return true;
}

/* ---- what is wanted ---- */

bool reconcile_wants(const struct reconcile_work *work, enum klaviyo_kind kind)
{
	return work->options.kinds == 0 || (work->options.kinds & 1u << kind);
}

bool reconcile_wants_links(const struct reconcile_work *work)
{
	return reconcile_wants(work, KLAVIYO_CATEGORY) && reconcile_wants(work, KLAVIYO_ITEM);
}

bool reconcile_may_be_ours(const struct reconcile_work *work, struct str external_id, bool *ambiguous)
{
	struct str own = catalog_external_id(setting_text(work->store->value, SETTING_KEY_id_prefix), STR(""),
					     work->arena);

	*ambiguous = false;
	if (!str_starts(external_id, own))
		return false;
	for (size_t i = 0; i < work->settings->n_store; i++) {
		const struct settings_store *other = &work->settings->store[i];
		struct str prefix = catalog_external_id(setting_text(other->value, SETTING_KEY_id_prefix),
							STR(""), work->arena);

		if (other->id == work->store->id || other->account->id != work->store->account->id)
			continue;
		*ambiguous |= str_eq(prefix, own);
		if (prefix.len > own.len && str_starts(external_id, prefix))
			return false;
	}
	return true;
}

/* ---- stages ---- */

static bool is_skipped(const struct reconcile_work *work, enum reconcile_stage stage)
{
	const struct reconcile_report *report = &work->report;

	switch (stage) {
	case STAGE_CATEGORIES:
		return !reconcile_wants(work, KLAVIYO_CATEGORY);
	case STAGE_ITEMS:
		return !reconcile_wants(work, KLAVIYO_ITEM);
	case STAGE_VARIANTS:
		return !reconcile_wants(work, KLAVIYO_VARIANT);
	case STAGE_LINKS:
		return !reconcile_wants_links(work);
	case STAGE_RETELL:
		return !work->options.fix;
	case STAGE_DELETE_VARIANTS:
	case STAGE_DELETE_ITEMS:
	case STAGE_DELETE_CATEGORIES:
		return !work->options.fix || report->n_withheld > 0;
	case STAGE_FORGET:
	case STAGE_COMPARE:
	case STAGE_JUDGE:
	case STAGE_TIDY:
	case STAGE_COUNT:
		break;
	}
	return false;
}

/* Everything was read and judged: are there so many to be deleted that it is rather we who are wrong? */
static void weigh_deletions(struct reconcile_work *work)
{
	int64_t n = reconcile_count(&work->report, FOUND_ORPHAN) +
		    reconcile_count(&work->report, FOUND_DUPLICATE);

	if (work->options.fix && !work->options.confirmed &&
	    n * 100 > work->report.n_there * RECONCILE_DELETE_PERCENT)
		work->report.n_withheld = n;
}

void reconcile_next_stage(struct reconcile_work *work)
{
	enum reconcile_stage stage = work->place.stage;

	if (stage == STAGE_JUDGE)
		weigh_deletions(work);
	do
		stage++;
	while (is_skipped(work, stage));
	work->place = (struct reconcile_place){ .stage = stage };
}

/* ---- the end of a piece ---- */

bool reconcile_end_piece(struct reconcile_work *work, struct task_step *step, size_t *n_forgotten,
			 struct err *err)
{
	struct flow_ctx *ctx = work->ctx;

	step->task_id = work->task->id;
	step->from = work->task->place;
	step->to = reconcile_place_text(&work->place, work->arena);
	step->report = reconcile_report_text(&work->report, work->arena);
	step->priority = PRIORITY_REPLAY;
	if (!db_task_step(ctx->db, clock_wall_ms(ctx->clock), step, n_forgotten, err))
		return false;
	if (step->n_learn > 0 && ctx->wake && ctx->wake->publish)
		wake_send(ctx->wake->publish);
	if (step->n_publication > 0 && ctx->wake && ctx->wake->deliver)
		http_client_wakeup(ctx->wake->deliver);
	return true;
}

bool reconcile_fail(struct reconcile_work *work, struct str reason, struct err *err)
{
	struct task_step step = { .state = IMPORT_FAILED, .reason = reason };
	size_t n;

	log_warn("reconcile", "store=%.*s task=%lld failed: %.*s", STR_ARG(work->store->name),
		 (long long)work->task->id, STR_ARG(reason));
	return reconcile_end_piece(work, &step, &n, err);
}

static bool forget(struct reconcile_work *work, struct err *err)
{
	struct task_step step = { .forget = TASK_FORGET_OTHERS, .forget_max = FORGET_MAX };
	struct task_row *moved = ARENA_NEW(work->arena, struct task_row);
	size_t n;

	if (!reconcile_end_piece(work, &step, &n, err))
		return false;
	if (n == FORGET_MAX)
		return true;
	*moved = *work->task;
	moved->place = step.to;
	work->task = moved;
	reconcile_next_stage(work);
	step = (struct task_step){ 0 };
	return reconcile_end_piece(work, &step, &n, err);
}

/* What agrees is not kept; the last piece finds no more of it, and says what came of it all. */
static bool tidy(struct reconcile_work *work, struct err *err)
{
	struct task_step step = { .forget = TASK_FORGET_AGREED, .forget_max = FORGET_MAX };
	struct found_query agreed = {
		.task_id = work->task->id,
		.verdicts = (1u << FOUND_STALE) - 1,
		.max_n = 1,
	};
	struct found *found;
	size_t n;

	if (!db_found_list(work->ctx->db, &agreed, work->arena, &found, &n, err))
		return false;
	if (n == 0) {
		step = (struct task_step){ .state = IMPORT_DONE };
		step.reason = reconcile_summary(&work->report, work->options.fix, work->arena);
		log_info("reconcile", "store=%.*s task=%lld done: %.*s", STR_ARG(work->store->name),
			 (long long)work->task->id, STR_ARG(step.reason));
	}
	return reconcile_end_piece(work, &step, &n, err);
}

static bool do_piece(struct reconcile_work *work, struct flow_next *next, struct err *err)
{
	switch (work->place.stage) {
	case STAGE_FORGET:
		return forget(work, err);
	case STAGE_CATEGORIES:
	case STAGE_ITEMS:
	case STAGE_VARIANTS:
	case STAGE_LINKS:
		return reconcile_ask(work, next, err);
	case STAGE_COMPARE:
		return reconcile_compare(work, err);
	case STAGE_JUDGE:
		return reconcile_judge(work, err);
	case STAGE_RETELL:
		return reconcile_retell(work, err);
	case STAGE_DELETE_VARIANTS:
		return reconcile_delete(work, KLAVIYO_VARIANT, err);
	case STAGE_DELETE_ITEMS:
		return reconcile_delete(work, KLAVIYO_ITEM, err);
	case STAGE_DELETE_CATEGORIES:
		return reconcile_delete(work, KLAVIYO_CATEGORY, err);
	case STAGE_TIDY:
	case STAGE_COUNT:
		break;
	}
	return tidy(work, err);
}

/* ---- which task ---- */

/* The one that waits for its answer, or the first open one of the store after the last one served. */
static const struct task_row *next_task(const struct reconcile *reconcile, const struct task_row *task,
					size_t n)
{
	const struct task_row *first = NULL;

	for (size_t i = 0; i < n; i++) {
		if (task[i].kind != TASK_RECONCILE || task[i].state != IMPORT_OPEN)
			continue;
		if (reconcile->answered ? task[i].id == reconcile->task_id
					: task[i].store_id > reconcile->last_store_id)
			return &task[i];
		first = first ? first : &task[i];
	}
	return reconcile->answered ? NULL : first;
}

static bool serve(struct reconcile *reconcile, const struct task_row *task, struct arena *arena,
		  struct flow_next *next, struct err *err)
{
	const struct snapshot *settings = flow_settings(reconcile->ctx, err);
	struct reconcile_work work = {
		.reconcile = reconcile,
		.ctx = reconcile->ctx,
		.arena = arena,
		.settings = settings,
		.task = task,
		.options = reconcile_options_read(task->options),
		.place = reconcile_place_read(task->place, arena),
		.report = reconcile_report_read(task->report),
	};
	bool answered = reconcile->answered, ok = true;

	if (!settings)
		return false;
	reconcile->last_store_id = task->store_id;
	work.store = snapshot_store(settings, task->store_id);
	next->wait_ms = 0;
	next->n_done = 1;
	if (!work.store)
		next->wait_ms = POLL_MS; /* just removed: its tasks go with it */
	else if (feed_is_wanted(work.store->account))
		ok = reconcile_fail(&work,
				    STR("Klaviyo reads its catalog as a feed (catalog_source): there is "
					"nothing to compare"),
				    err);
	else if (answered)
		ok = reconcile_settle(&work, next, err);
	else
		ok = do_piece(&work, next, err);
	settings_release(reconcile->ctx->settings, settings);
	/* Paused or cancelled in between, or somebody was faster. */
	ok = ok || err->code == ERR_CONFLICT;
	if (answered && ok)
		reconcile->answered = false;
	return ok;
}

bool reconcile_run_once(struct reconcile *reconcile, int64_t max_wait_ms, struct flow_next *next,
			struct err *err)
{
	const struct task_row *task;
	struct task_row *all;
	struct arena arena;
	size_t n;
	bool ok;

	*next = (struct flow_next){ .wait_ms = POLL_MS };
	if (reconcile->in_flight)
		(void)http_client_run(reconcile->client, max_wait_ms);
	if (reconcile->in_flight) {
		next->wait_ms = 0;
		return true;
	}
	arena_init(&arena);
	ok = db_task_list(reconcile->ctx->db, 0, &arena, &all, &n, err) || err_wrap(err, "read tasks");
	task = ok ? next_task(reconcile, all, n) : NULL;
	if (task)
		ok = serve(reconcile, task, &arena, next, err);
	else if (ok)
		reconcile->answered = false;
	arena_release(&arena);
	return ok;
}
