/*
 * Errands: schedule, backfill, pull, replay and reconcile, one after the other.
 */
#include "sim/errands.h"

#include "base/alloc.h"
#include "flow/backfill.h"
#include "flow/pull.h"
#include "flow/reconcile.h"
#include "flow/replay.h"
#include "flow/schedule.h"
#include "sim/history.h"
#include "sim/sim.h"
#include "sim/timetable.h"
#include "sim/wire.h"

struct errands {
	struct flow_ctx *ctx;
	struct http_client *pull_client;
	struct http_client *reconcile_client;
	struct pull *pull;
	struct reconcile *reconcile;
	struct schedule_run *schedule; /* NULL: nothing is scheduled */
	struct backfill *backfill;     /* NULL: there are no files */
	int64_t replay_store_id;
};

bool errands_ask_shops(void)
{
	return sim_option(OPTION_pulls) > 0 || sim_option(OPTION_pulls_heal) > 0 || timetable_asks();
}

bool errands_are_wanted(void)
{
	static const enum option asks[] = { OPTION_pulls,      OPTION_pulls_heal, OPTION_replays,
					    OPTION_reconciles, OPTION_estranged,  OPTION_scheduled,
					    OPTION_imports,    OPTION_uploads };

	for (size_t i = 0; i < ARRAY_LEN(asks); i++)
		if (sim_option(asks[i]) > 0)
			return true;
	return false;
}

struct errands *errands_open(struct flow_ctx *ctx, void (*ring)(void))
{
	struct errands *errands = mem_zalloc(1, sizeof(*errands));

	errands->ctx = ctx;
	errands->pull_client = wire_client_new(ring);
	errands->reconcile_client = wire_client_new(ring);
	errands->pull = pull_open(ctx, errands->pull_client);
	errands->reconcile = reconcile_open(ctx, errands->reconcile_client);
	if (sim_option(OPTION_scheduled) > 0)
		errands->schedule = schedule_new(ctx);
	if (history_is_read())
		errands->backfill = backfill_new(ctx);
	return errands;
}

void errands_close(struct errands *errands)
{
	if (!errands)
		return;
	backfill_free(errands->backfill);
	schedule_free(errands->schedule);
	reconcile_close(errands->reconcile);
	pull_close(errands->pull);
	http_client_free(errands->reconcile_client);
	http_client_free(errands->pull_client);
	mem_free(errands);
}

static void sooner(int64_t *wait_ms, int64_t other_ms)
{
	if (other_ms < *wait_ms)
		*wait_ms = other_ms;
}

static bool run_schedule(struct errands *errands, struct flow_next *next, struct err *err)
{
	bool ok;

	*next = (struct flow_next){ .wait_ms = INT64_MAX };
	if (!errands->schedule)
		return true;
	timetable_turn(true);
	ok = schedule_run_once(errands->schedule, next, err);
	timetable_turn(false);
	return ok;
}

static bool run_backfill(struct errands *errands, struct flow_next *next, struct err *err)
{
	*next = (struct flow_next){ .wait_ms = INT64_MAX };
	return !errands->backfill || backfill_run_once(errands->backfill, next, err);
}

bool errands_run_once(struct errands *errands, int64_t max_wait_ms, int64_t *wait_ms, struct err *err)
{
	struct flow_next replay = { 0 }, pull = { 0 }, reconcile = { 0 }, schedule, backfill;

	if (!run_schedule(errands, &schedule, err) || !run_backfill(errands, &backfill, err) ||
	    !replay_run_once(errands->ctx, &errands->replay_store_id, &replay, err) ||
	    !pull_run_once(errands->pull, max_wait_ms, &pull, err) ||
	    !reconcile_run_once(errands->reconcile, max_wait_ms, &reconcile, err))
		return false;
	*wait_ms = max_wait_ms;
	sooner(wait_ms, schedule.wait_ms);
	sooner(wait_ms, backfill.wait_ms);
	sooner(wait_ms, replay.wait_ms);
	sooner(wait_ms, pull.n_done > 0 ? 0 : wire_wait_ms(errands->pull_client));
	sooner(wait_ms, reconcile.wait_ms == 0 && wire_is_waiting(errands->reconcile_client)
				? wire_wait_ms(errands->reconcile_client)
				: reconcile.wait_ms);
	return true;
}
