/*
 * What is done by the clock: shops are asked for what is new, Klaviyo's catalog is compared.
 *
 * Does:    for each store and kind with a schedule, at its times, one run; how far that is, is kept.
 * Doesn't: ask itself (pull.c), compare itself (reconcile.c), or hold anything back (publish.c).
 * Keeps:   times that passed are caught up by one run. No run begins while one of its kind is not done.
 *          What is asked for overlaps with the run before, so that clocks that differ lose nothing.
 * Threads: one schedule role per database.
 */
#include "flow/schedule_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "flow/reconcile.h"

#define LOOK_MS	   1000
#define BUSY_MS	   5000 /* one of the kind is not done */
#define LONGEST_MS MS_PER_MIN
#define OVERLAP_MS (10 * MS_PER_MIN)
#define MISSED_MS  (10 * MS_PER_S) /* of a planted bug */

struct schedule_run {
	struct flow_ctx *ctx;
	int64_t version;    /* of the settings that were looked at */
	int64_t due_ms;	    /* wall: the next time of any schedule */
	int64_t look_at_ms; /* monotonic: not later, whatever the wall clock does */
};

struct schedule_run *schedule_new(struct flow_ctx *ctx)
{
	struct schedule_run *run = mem_zalloc(1, sizeof(*run));

	run->ctx = ctx;
	return run;
}

void schedule_free(struct schedule_run *run)
{
	mem_free(run);
}

/* ---- is one under way? ---- */

static const struct import_job *job_of(const struct import_job *job, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (job[i].id == id)
			return &job[i];
	return NULL;
}

/* An import that is not done: of the run before, or one that a person began. */
static bool import_under_way(const struct import_job *job, size_t n, const struct settings_store *store,
			     enum schedule_kind kind)
{
	enum pull_kind pull[SCHEDULE_IMPORTS_MAX];
	size_t n_pull = schedule_pulls(kind, pull);

	for (size_t i = 0; i < n; i++) {
		if (!job[i].pull || job[i].store_id != store->id ||
		    (job[i].state != IMPORT_OPEN && job[i].state != IMPORT_PAUSED))
			continue;
		for (size_t k = 0; k < n_pull; k++)
			if (str_eq(job[i].path, str_from(pull_kind_text(pull[k]))))
				return true;
	}
	return false;
}

/*
 * Looks at the imports of the newest run; *changed: they have ended. Those that failed go on with the next
 * run.
 */
static void heed_imports(struct schedule_state *state, const struct import_job *job, size_t n, bool *changed)
{
	bool all_done = true, any = false, open = false;

	for (size_t i = 0; i < SCHEDULE_IMPORTS_MAX; i++) {
		const struct import_job *one =
			state->import_id[i] ? job_of(job, n, state->import_id[i]) : NULL;

		if (state->import_id[i] == 0)
			continue;
		any = true;
		all_done &= one && one->state == IMPORT_DONE;
		open |= one && !(one->state == IMPORT_DONE || one->state == IMPORT_CANCELLED);
	}
	if (!any || open)
		return;
	*changed = true;
	state->done_ms = all_done ? state->began_ms : state->done_ms;
	state->import_id[0] = state->import_id[1] = 0;
}

/* ---- a run ---- */

struct turn {
	struct flow_ctx *ctx;
	struct arena *arena;
	const struct settings_store *store;
	const struct import_job *job;
	size_t n_job;
	int64_t now_ms;
};

static bool under_way(const struct turn *turn, enum schedule_kind kind, bool *out, struct err *err)
{
	struct task_row task = { 0 };

	*out = import_under_way(turn->job, turn->n_job, turn->store, kind);
	if (kind != SCHEDULE_RECONCILE)
		return true;
	if (!reconcile_last(turn->ctx->db, turn->store->id, turn->arena, &task, err))
		return false;
	*out = task.id != 0 && (task.state == IMPORT_OPEN || task.state == IMPORT_PAUSED);
	return true;
}

static bool ask_one(const struct turn *turn, enum pull_kind kind, const struct schedule_state *state,
		    int64_t *id, struct err *err)
{
	struct pull_wish wish = { .kind = kind };
	struct err why = { 0 };
	bool by_date;

	*id = 0;
	if (!pull_offered(turn->store, kind, &by_date, &why))
		return true;
	if (by_date && state->done_ms > 0) {
		wish.from_ms = state->done_ms - OVERLAP_MS;
		wish.live = true;
	}
	if (!pull_register(turn->ctx->db, turn->now_ms, turn->store, &wish, 0, id, err))
		return err_wrap(err, "ask store '%.*s' for %s", STR_ARG(turn->store->name),
				pull_kind_text(kind));
	return true;
}

/* One that was there already goes on where it is: what it has read is as old as it is. */
static void heed_age(const struct turn *turn, int64_t id, struct schedule_state *state)
{
	const struct import_job *before = job_of(turn->job, turn->n_job, id);

	if (before && before->created_ms < state->began_ms)
		state->began_ms = before->created_ms;
}

/* Failed ones of the run before go on where they were. */
static bool resume_failed(const struct turn *turn, const struct schedule_state *state, bool *resumed,
			  struct err *err)
{
	static const struct import_change resume = { .action = IMPORT_RESUME };

	*resumed = false;
	for (size_t i = 0; i < SCHEDULE_IMPORTS_MAX; i++) {
		const struct import_job *job = job_of(turn->job, turn->n_job, state->import_id[i]);

		if (!job || job->state != IMPORT_FAILED)
			continue;
		if (!db_import_change(turn->ctx->db, turn->now_ms, job->id, &resume, err))
			return false;
		*resumed = true;
	}
	return true;
}

static bool begin_pulls(const struct turn *turn, enum schedule_kind kind, struct schedule_state *state,
			struct err *err)
{
	enum pull_kind pull[SCHEDULE_IMPORTS_MAX];
	size_t n = schedule_pulls(kind, pull);
	bool resumed;

	if (!resume_failed(turn, state, &resumed, err))
		return false;
	if (resumed)
		return true;
	state->began_ms = turn->now_ms;
	for (size_t i = 0; i < n; i++) {
		if (!ask_one(turn, pull[i], state, &state->import_id[i], err))
			return false;
		if (state->import_id[i])
			state->last_import_id = state->import_id[i];
		heed_age(turn, state->import_id[i], state);
	}
	if (!state->import_id[0] && !state->import_id[1])
		state->done_ms = state->began_ms; /* what was held is told, no more is to be done */
	return true;
}

static bool begin_reconcile(const struct turn *turn, struct err *err)
{
	struct reconcile_options options = {
		.fix = setting_bool(turn->store->value, SETTING_KEY_reconcile_fix),
	};
	int64_t id;

	return reconcile_start(turn->ctx->db, turn->now_ms, turn->store->id, &options, STR("by its schedule"),
			       &id, err) ||
	       err_wrap(err, "compare store '%.*s' with Klaviyo", STR_ARG(turn->store->name));
}

static bool begin(const struct turn *turn, enum schedule_kind kind, struct schedule_state *state,
		  struct err *err)
{
	if (kind == SCHEDULE_RECONCILE)
		return begin_reconcile(turn, err);
	return begin_pulls(turn, kind, state, err);
}

static void look_by(int64_t *next_ms, int64_t at_ms)
{
	if (at_ms < *next_ms)
		*next_ms = at_ms;
}

/* The state of a schedule that is another one by now begins anew: what was due before does not count. */
static bool read_state(const struct turn *turn, enum schedule_kind kind, const struct schedule *schedule,
		       struct schedule_state *state, bool *changed, struct err *err)
{
	struct str when = schedule_text(schedule, turn->arena);

	if (!schedule_state_read(turn->ctx->db, turn->store, kind, turn->arena, state, err))
		return false;
	*changed = !str_eq(state->when, when);
	if (*changed) {
		state->when = when;
		state->seen_ms = turn->now_ms;
	}
	return true;
}

static bool turn_kind(const struct turn *turn, enum schedule_kind kind, const struct schedule *schedule,
		      int64_t *next_ms, struct err *err)
{
	struct schedule_state state;
	bool changed, due, busy = false;
	int64_t due_ms;

	if (schedule->mode == SCHEDULE_REALTIME || schedule->mode == SCHEDULE_OFF)
		return true;
	if (!read_state(turn, kind, schedule, &state, &changed, err))
		return false;
	heed_imports(&state, turn->job, turn->n_job, &changed);
	due_ms = schedule_next_ms(schedule, schedule_since_ms(&state));
	due = due_ms <= turn->now_ms;
	if (mutant_is(MUTANT_never_caught_up) && due_ms < turn->now_ms - MISSED_MS)
		due = false;
	if (due && !mutant_is(MUTANT_runs_overlap) && !under_way(turn, kind, &busy, err))
		return false;
	if (busy) {
		look_by(next_ms, turn->now_ms + BUSY_MS);
	} else {
		if (due && !begin(turn, kind, &state, err))
			return false;
		if (due)
			state.last_ms = mutant_is(MUTANT_caught_up_each) ? due_ms : turn->now_ms;
		changed |= due;
		look_by(next_ms, schedule_next_ms(schedule, schedule_since_ms(&state)));
	}
	return !changed || schedule_state_write(turn->ctx, turn->store, kind, &state, turn->arena, err);
}

static bool turn_store(const struct turn *turn, int64_t *next_ms, struct err *err)
{
	struct schedules schedules;

	flow_schedules(turn->store, turn->arena, &schedules);
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		if (!turn_kind(turn, kind, &schedules.of[kind], next_ms, err))
			return false;
	return true;
}

static bool turn_all(struct schedule_run *run, const struct snapshot *settings, struct err *err)
{
	struct turn turn = { .ctx = run->ctx, .now_ms = clock_wall_ms(run->ctx->clock) };
	int64_t next_ms = INT64_MAX;
	struct arena arena;
	struct import_job *job;
	bool ok;

	arena_init(&arena);
	turn.arena = &arena;
	ok = db_import_list(run->ctx->db, 0, &arena, &job, &turn.n_job, err) || err_wrap(err, "read imports");
	turn.job = ok ? job : NULL;
	for (size_t i = 0; ok && i < settings->n_store; i++) {
		turn.store = &settings->store[i];
		ok = turn_store(&turn, &next_ms, err);
	}
	arena_release(&arena);
	if (!ok)
		return false;
	run->version = settings->version;
	run->due_ms = next_ms;
	run->look_at_ms = clock_mono_ms(run->ctx->clock) + LONGEST_MS;
	return true;
}

bool schedule_run_once(struct schedule_run *run, struct flow_next *next, struct err *err)
{
	const struct snapshot *settings = flow_settings(run->ctx, err);
	bool ok = true;

	*next = (struct flow_next){ .wait_ms = LOOK_MS };
	if (!settings)
		return false;
	if (settings->version != run->version || clock_wall_ms(run->ctx->clock) >= run->due_ms ||
	    clock_mono_ms(run->ctx->clock) >= run->look_at_ms)
		ok = turn_all(run, settings, err);
	settings_release(run->ctx->settings, settings);
	return ok;
}
