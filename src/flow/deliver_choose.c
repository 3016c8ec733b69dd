/*
 * Choosing: what of a lane may leave now, and in which form.
 *
 * Does:    a few deliveries leave as single calls, many as bulk jobs; a job that would not be full waits a
 *          moment for more, if there is more to come. Lower lanes take a minute's budget evenly, so that at
 *          any moment something of it is left for what happens now. Events of now leave as single calls,
 *          too, while no bulk request may be sent.
 * Keeps:   per account, kind and op at most DELIVER_CLASS_MAX requests are under way; a lane that may not
 *          send now notes when to look again.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

/* How long a few deliveries, or a job that is not full, wait for company while more is on its way. */
#define GATHER_SINGLE_MS 300
#define GATHER_BULK_MS	 1500
/* History is in no hurry: while more of it comes, what is not a full request waits. */
#define GATHER_HISTORY_MS MS_PER_MIN
/* On its way: from so many roots and messages on it is not a lone change. */
#define PRESSURE_MANY 10
/* A lane that sent jobs a moment ago is in the middle of many changes: its rest leaves as a job, too. */
#define BULK_AGAIN_MS	10000
#define BULK_AGAIN_ROWS 3
/* Events of now wait so long for the budget of bulk requests, not longer. */
#define BULK_WAIT_MS 2000

/* New deliveries of an account that collects wait until the oldest has waited long enough; then all leave. */
static bool still_collecting(struct deliver *deliver, const struct deliver_account *account,
			     struct deliver_lane *lane, enum priority priority)
{
	int64_t flush_at_ms = lane->ready_at_ms + outbox_policy_flush_ms(account->preset);

	if (priority != PRIORITY_REALTIME || lane->flushing)
		return false;
	lane->flushing = deliver->now_ms >= flush_at_ms;
	if (!lane->flushing)
		deliver_wake_at(deliver, flush_at_ms);
	return !lane->flushing;
}

static bool wants_bulk(const struct deliver *deliver, const struct deliver_lane *lane)
{
	bool lately = lane->bulk_at_ms != 0 && deliver->now_ms - lane->bulk_at_ms < BULK_AGAIN_MS;

	return lane->n_ready >= (lately ? BULK_AGAIN_ROWS : DELIVER_SINGLE_BELOW);
}

static int64_t gather_ms(enum priority priority, bool bulk)
{
	if (priority == PRIORITY_BACKFILL)
		return GATHER_HISTORY_MS;
	return bulk ? GATHER_BULK_MS : GATHER_SINGLE_MS;
}

/* So much history waits for its turn that nothing is lost when the rest of it waits for company meanwhile. */
static bool history_waits(const struct deliver_account *account)
{
	for (enum klaviyo_kind kind = 0; kind < KLAVIYO_KIND_COUNT; kind++)
		if (account->lane[kind][DELIVERY_CREATE][PRIORITY_BACKFILL].n_ready >= DELIVER_ROWS_MAX)
			return true;
	return false;
}

/* Is more of this lane about to come, so that waiting a moment saves a request? */
static bool still_gathering(struct deliver *deliver, const struct deliver_account *account,
			    const struct deliver_lane *lane, const struct deliver_order *order)
{
	int64_t until_ms = lane->ready_at_ms + gather_ms(order->priority, order->bulk);
	bool history = order->priority == PRIORITY_BACKFILL;
	bool more = account->pressure >= (order->bulk || history ? 1 : PRESSURE_MANY) ||
		    (order->bulk && lane->n_blocked > 0) || (history && history_waits(account));

	if (lane->n_ready >= (int64_t)order->max_n || !more || deliver->now_ms >= until_ms)
		return false;
	deliver_wake_at(deliver, until_ms);
	return true;
}

/* Lower lanes take the budget of a minute evenly. */
static bool is_paced(struct deliver *deliver, const struct deliver_order *order, enum endpoint endpoint)
{
	const struct deliver_turn *turn = &order->account->turn[order->kind][order->op];
	int64_t per_min = budget_steady_now(deliver_budget(order->account, endpoint, false), deliver->now_ms);
	int64_t next_ms = turn->started_at_ms[order->bulk] + MS_PER_MIN / per_min;

	if (deliver->now_ms >= next_ms)
		return true;
	deliver_wake_at(deliver, next_ms);
	return false;
}

/* No bulk request may leave for a while, and a single one may. */
static bool rather_single(struct deliver *deliver, struct deliver_account *account,
			  const struct deliver_order *order)
{
	enum endpoint bulk = endpoint_for(order->kind, order->op, true);
	enum endpoint single = endpoint_for(order->kind, order->op, false);
	int64_t wait_ms = 0;

	return order->kind == KLAVIYO_EVENT && order->priority == PRIORITY_REALTIME &&
	       !budget_allows(deliver_budget(account, bulk, false), deliver->now_ms, &wait_ms) &&
	       wait_ms > BULK_WAIT_MS &&
	       budget_allows(deliver_budget(account, single, false), deliver->now_ms, &wait_ms);
}

static bool something_to_send(struct deliver *deliver, struct deliver_account *account,
			      const struct deliver_class *class, enum priority priority)
{
	struct deliver_lane *lane = &account->lane[class->kind][class->op][priority];

	if (lane->n_ready <= 0 || account->in_flight[class->kind][class->op] >= DELIVER_CLASS_MAX)
		return false;
	if (deliver_lookups_hold(deliver, account, class->kind))
		return false;
	if (deliver->now_ms < lane->not_before_ms) {
		deliver_wake_at(deliver, lane->not_before_ms);
		return false;
	}
	return !still_collecting(deliver, account, lane, priority);
}

/* How many rows make a full request. */
static size_t rows_max(const struct deliver_class *class, enum priority priority)
{
	size_t most = priority == PRIORITY_BACKFILL ? DELIVER_HISTORY_ROWS_MAX : DELIVER_ROWS_MAX;
	size_t rows = endpoint_rows_max(endpoint_for(class->kind, class->op, true));

	return rows < most ? rows : most;
}

bool deliver_choose(struct deliver *deliver, struct deliver_account *account,
		    const struct deliver_class *class, enum priority priority, bool sure,
		    struct deliver_order *order)
{
	enum api_family family = endpoint_row(endpoint_for(class->kind, class->op, false))->family;
	struct deliver_lane *lane = &account->lane[class->kind][class->op][priority];
	enum endpoint endpoint;
	bool probe;

	if (!something_to_send(deliver, account, class, priority) ||
	    !deliver_gate_passes(deliver, account, family, &probe))
		return false;
	*order = (struct deliver_order){
		.account = account,
		.kind = class->kind,
		.op = class->op,
		.priority = priority,
		.bulk = !probe && wants_bulk(deliver, lane),
		.max_n = rows_max(class, priority),
	};
	if (!probe && still_gathering(deliver, account, lane, order))
		return false;
	if (order->bulk && rather_single(deliver, account, order))
		order->bulk = false;
	endpoint = endpoint_for(class->kind, class->op, order->bulk);
	if (priority != PRIORITY_REALTIME && !sure && !is_paced(deliver, order, endpoint))
		return false;
	if (endpoint_has_job(endpoint) && account->n_jobs >= DELIVER_JOBS_MAX)
		return false;
	if (!deliver_budget_allows(deliver, account, endpoint, false))
		return false;
	if (!order->bulk)
		order->max_n = 1;
	return true;
}
