/*
 * Deliver: deliveries leave for Klaviyo, and what Klaviyo answers is settled.
 *
 * Does:    one round: settle what was answered, read the lanes, poll jobs, start what may start, wait.
 * Doesn't: decide what an answer means (klaviyo/outcome), when to try again (queue/outbox_policy), or how
 *          much may be sent (klaviyo/budget).
 * Keeps:   a claimed delivery is settled, or the next start recovers it; nothing else ends it. Everything
 *          that is needed after a crash is in the store; what is kept here only says what is worth trying
 *          now.
 * Threads: one deliver role per database; the client belongs to it.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/mutant.h"

/* The store hears what time it is at least so often. */
#define NOTE_EVERY_MS (10 * MS_PER_MIN)
/* Less is how clocks are kept right all the time. */
#define STEP_MS MS_PER_S

void deliver_wake_at(struct deliver *deliver, int64_t at_ms)
{
	if (at_ms < deliver->wake_at_ms)
		deliver->wake_at_ms = at_ms;
}

void deliver_wake_when_due(struct deliver *deliver, int64_t due_wall_ms)
{
	int64_t readable_ms = deliver->lanes_at_ms + DELIVER_LANES_FRESH_MS, at_ms;

	if (due_wall_ms == INT64_MAX)
		return;
	at_ms = deliver->now_ms + due_wall_ms - deliver->now_wall_ms;
	deliver_wake_at(deliver, at_ms > readable_ms ? at_ms : readable_ms);
}

/* ---- open, close ---- */

static bool recover_jobs(struct deliver *deliver, struct err *err)
{
	struct arena arena;
	struct outbox_batch *batch = NULL;
	size_t n = 0;
	bool ok;

	arena_init(&arena);
	ok = db_outbox_recover(deliver->ctx->db, deliver->now_wall_ms, &arena, &batch, &n, err);
	for (size_t i = 0; ok && i < n; i++) {
		enum endpoint endpoint;

		if (batch[i].n == 0)
			continue;
		/* A name that this version does not know: the job is of this kind all the same. */
		if (!endpoint_find(batch[i].endpoint, &endpoint))
			endpoint = endpoint_for(batch[i].delivery[0].kind, batch[i].delivery[0].op, true);
		deliver_job_add(deliver, deliver_account_get(deliver, batch[i].account_id), &batch[i],
				endpoint, batch[i].started_ms);
	}
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "recover deliveries");
}

static void read_clocks(struct deliver *deliver)
{
	deliver->now_ms = clock_mono_ms(deliver->ctx->clock);
	deliver->now_wall_ms = clock_wall_ms(deliver->ctx->clock);
}

/* ---- the wall clock ---- */

/* The wall clock runs as it did when it was noted. */
static bool runs_evenly(struct moment noted, struct moment now)
{
	int64_t step_ms = (now.wall_ms - noted.wall_ms) - (now.mono_ms - noted.mono_ms);

	return noted.wall_ms != 0 && step_ms > -STEP_MS && step_ms < STEP_MS &&
	       now.mono_ms - noted.mono_ms < NOTE_EVERY_MS;
}

static bool note_clock(struct deliver *deliver, struct err *err)
{
	struct moment now = clock_moment(deliver->ctx->clock);
	int64_t back_ms = 0;

	if (runs_evenly(deliver->noted, now))
		return true;
	if (!db_clock_note(deliver->ctx->db, now, &back_ms, err))
		return err_wrap(err, "note the time");
	deliver->noted = now;
	if (back_ms == 0)
		return true;
	deliver->lanes_stale = true;
	log_warn("deliver", "the clock was set back by %lld s: what waits is due earlier by as much",
		 (long long)(back_ms / MS_PER_S));
	return true;
}

/* Everything of a round that needs the settings. */
static bool with_settings(struct deliver *deliver, bool (*step)(struct deliver *deliver, struct err *err),
			  struct err *err)
{
	bool ok;

	deliver->settings = flow_settings(deliver->ctx, err);
	if (!deliver->settings)
		return false;
	for (size_t i = 0; i < deliver->n_account; i++)
		deliver_account_configure(deliver, deliver->account[i]);
	ok = step(deliver, err);
	settings_release(deliver->ctx->settings, deliver->settings);
	deliver->settings = NULL;
	return ok;
}

static bool start_over(struct deliver *deliver, struct err *err)
{
	return deliver_gates_open(deliver, err) &&
	       (mutant_is(MUTANT_budget_forgotten) || deliver_budgets_load(deliver, err)) &&
	       recover_jobs(deliver, err);
}

bool deliver_open(struct flow_ctx *ctx, struct http_client *client, struct deliver **out, struct err *err)
{
	struct deliver *deliver = mem_zalloc(1, sizeof(*deliver));

	deliver->ctx = ctx;
	deliver->client = client;
	deliver->lanes_stale = true;
	deliver->lanes_at_ms = deliver->pressure_at_ms = INT64_MIN / 2;
	deliver->wake_at_ms = INT64_MAX;
	read_clocks(deliver);
	if (!note_clock(deliver, err) || !with_settings(deliver, start_over, err)) {
		deliver_close(deliver);
		return false;
	}
	*out = deliver;
	return true;
}

static void free_sends(struct deliver_send *send)
{
	while (send) {
		struct deliver_send *next = send->next;

		deliver_send_free(send);
		send = next;
	}
}

void deliver_close(struct deliver *deliver)
{
	if (!deliver)
		return;
	free_sends(deliver->in_flight);
	free_sends(deliver->ended);
	for (size_t i = 0; i < deliver->n_account; i++)
		deliver_account_free(deliver->account[i]);
	deliver_gates_free(deliver);
	mem_free(deliver->account);
	mem_free(deliver);
}

/* ---- one round ---- */

static bool lanes_due(const struct deliver *deliver)
{
	return deliver->lanes_stale || deliver->now_ms - deliver->lanes_at_ms >= DELIVER_LANES_FRESH_MS;
}

static bool start_work(struct deliver *deliver, struct err *err)
{
	deliver_poll(deliver);
	if (lanes_due(deliver)) {
		if (!deliver_lanes_read(deliver, err))
			return false;
	} else {
		deliver_wake_at(deliver, deliver->lanes_at_ms + DELIVER_LANES_FRESH_MS);
	}
	return deliver_lookups_start(deliver, err) && deliver_lanes_start(deliver, err);
}

static bool settle(struct deliver *deliver, struct flow_next *next, struct err *err)
{
	size_t n_done = 0;
	bool ok = deliver_settle_all(deliver, &n_done, err) && deliver_gates_write(deliver, err);

	next->n_done += n_done;
	return ok;
}

static int64_t round_wait_ms(const struct deliver *deliver, int64_t max_wait_ms)
{
	int64_t wait_ms = deliver->wake_at_ms - deliver->now_ms;

	if (deliver->ended)
		return 0;
	if (wait_ms < 0)
		return 0;
	return wait_ms < max_wait_ms ? wait_ms : max_wait_ms;
}

bool deliver_run_once(struct deliver *deliver, int64_t max_wait_ms, struct flow_next *next, struct err *err)
{
	bool ok;

	*next = (struct flow_next){ 0 };
	read_clocks(deliver);
	deliver->wake_at_ms = INT64_MAX;
	if (!note_clock(deliver, err) || !settle(deliver, next, err))
		return false;
	ok = with_settings(deliver, start_work, err);
	/* What was started before something failed leaves all the same, and is counted now. */
	deliver_sends_leave(deliver);
	(void)http_client_run(deliver->client, ok ? round_wait_ms(deliver, max_wait_ms) : 0);
	if (!ok)
		return false;
	read_clocks(deliver);
	return settle(deliver, next, err);
}
