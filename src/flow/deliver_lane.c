/*
 * Lanes: what may leave now, in which form, in which order.
 *
 * Does:    accounts in turn, one request each; within an account realtime first, then retry, replay and
 *          backfill in turn (one start in eight begins with those, so that nothing starves); within a
 *          priority what others depend on first. A few deliveries leave as single calls, many as bulk jobs;
 *          a job that would not be full waits a moment for more, if there is more to come.
 * Doesn't: keep the order of one entity's deliveries: that is db_outbox_claim's.
 * Keeps:   per account, kind and op at most DELIVER_CLASS_MAX requests are under way, DELIVER_TOTAL_MAX in
 *          all; a lane that may not send now notes when to look again.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include <string.h>

/* How long a few deliveries, or a job that is not full, wait for company while more is on its way. */
#define GATHER_SINGLE_MS 300
#define GATHER_BULK_MS	 1500
/* On its way: from so many roots and messages on it is not a lone change. */
#define PRESSURE_MANY 10
/* A lane that sent jobs a moment ago is in the middle of many changes: its rest leaves as a job, too. */
#define BULK_AGAIN_MS	10000
#define BULK_AGAIN_ROWS 3
/* Claims that found nothing are tried again after so long, or when something of the account has ended. */
#define EMPTY_WAIT_MS 250

struct lane_class {
	enum klaviyo_kind kind;
	enum delivery_op op;
};

/* What others depend on first; deletes the other way round. Who leaves goes before who comes. */
static const struct lane_class lane_order[] = {
	{ KLAVIYO_CATEGORY, DELIVERY_CREATE }, { KLAVIYO_CATEGORY, DELIVERY_UPDATE },
	{ KLAVIYO_ITEM, DELIVERY_CREATE },     { KLAVIYO_ITEM, DELIVERY_UPDATE },
	{ KLAVIYO_VARIANT, DELIVERY_CREATE },  { KLAVIYO_VARIANT, DELIVERY_UPDATE },
	{ KLAVIYO_VARIANT, DELIVERY_DELETE },  { KLAVIYO_ITEM, DELIVERY_DELETE },
	{ KLAVIYO_CATEGORY, DELIVERY_DELETE }, { KLAVIYO_PROFILE, DELIVERY_DELETE },
	{ KLAVIYO_CONSENT, DELIVERY_DELETE },  { KLAVIYO_EVENT, DELIVERY_CREATE },
	{ KLAVIYO_PROFILE, DELIVERY_UPDATE },  { KLAVIYO_CONSENT, DELIVERY_CREATE },
};

/* ---- reading ---- */

typedef void lane_visit(struct deliver *deliver, struct deliver_account *account, struct deliver_lane *lane);

static void visit_lanes(struct deliver *deliver, struct deliver_account *account, lane_visit *visit)
{
	for (enum klaviyo_kind kind = 0; kind < KLAVIYO_KIND_COUNT; kind++)
		for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
			for (enum priority priority = 0; priority < PRIORITY_COUNT; priority++)
				visit(deliver, account, &account->lane[kind][op][priority]);
}

static void forget_reading(struct deliver *deliver, struct deliver_account *account,
			   struct deliver_lane *lane)
{
	(void)deliver;
	(void)account;
	lane->n_read = lane->n_blocked = 0;
}

static void unblock(struct deliver *deliver, struct deliver_account *account, struct deliver_lane *lane)
{
	(void)deliver;
	(void)account;
	lane->not_before_ms = 0;
}

/* A new reading of a lane against the one before. */
static void heed_reading(struct deliver *deliver, struct deliver_account *account, struct deliver_lane *lane)
{
	int64_t age_ms = deliver->now_wall_ms - lane->oldest_wall_ms;

	if (lane->n_read > lane->n_ready)
		lane->not_before_ms = 0;
	if (lane->n_ready == 0 && lane->n_read > 0) {
		lane->ready_at_ms = deliver->now_ms;
		/* At a start, what has waited already counts. */
		if (deliver->lanes_at_ms < 0 && age_ms > 0)
			lane->ready_at_ms -= age_ms;
	}
	if (lane->n_read == 0)
		lane->flushing = false;
	lane->n_ready = lane->n_read;
	account->ready |= lane->n_ready > 0;
}

static void take_row(struct deliver *deliver, const struct outbox_lane *row)
{
	struct deliver_account *account = deliver_account_get(deliver, row->account_id);
	struct deliver_lane *lane = &account->lane[row->kind][row->op][row->priority];

	lane->n_read = row->n_ready;
	lane->n_blocked = row->n_blocked;
	lane->oldest_wall_ms = row->oldest_ms;
	if (row->next_due_ms < account->next_due_wall_ms)
		account->next_due_wall_ms = row->next_due_ms;
}

static void heed_rows(struct deliver *deliver, const struct outbox_lane *row, size_t n)
{
	for (size_t i = 0; i < deliver->n_account; i++) {
		visit_lanes(deliver, deliver->account[i], forget_reading);
		deliver->account[i]->next_due_wall_ms = INT64_MAX;
		deliver->account[i]->ready = false;
	}
	for (size_t i = 0; i < n; i++)
		take_row(deliver, &row[i]);
	for (size_t i = 0; i < deliver->n_account; i++)
		visit_lanes(deliver, deliver->account[i], heed_reading);
}

bool deliver_lanes_read(struct deliver *deliver, struct err *err)
{
	struct arena arena;
	struct outbox_lane *row = NULL;
	size_t n = 0;
	bool ok;

	arena_init(&arena);
	ok = db_outbox_lanes(deliver->ctx->db, deliver->now_wall_ms, &arena, &row, &n, err);
	if (ok)
		heed_rows(deliver, row, n);
	arena_release(&arena);
	if (!ok)
		return err_wrap(err, "read lanes");
	deliver->lanes_at_ms = deliver->now_ms;
	deliver->lanes_stale = false;
	return true;
}

void deliver_lanes_unblock(struct deliver_account *account)
{
	visit_lanes(NULL, account, unblock);
}

/* ---- choosing ---- */

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

/* Is more of this lane about to come, so that waiting a moment saves a request? */
static bool still_gathering(struct deliver *deliver, const struct deliver_account *account,
			    const struct deliver_lane *lane, bool bulk, size_t rows_max)
{
	int64_t until_ms = lane->ready_at_ms + (bulk ? GATHER_BULK_MS : GATHER_SINGLE_MS);
	bool more = account->pressure >= (bulk ? 1 : PRESSURE_MANY) || (bulk && lane->n_blocked > 0);

	if (lane->n_ready >= (int64_t)rows_max || !more || deliver->now_ms >= until_ms)
		return false;
	deliver_wake_at(deliver, until_ms);
	return true;
}

static bool budget_is_there(struct deliver *deliver, struct deliver_account *account, enum endpoint endpoint)
{
	int64_t wait_ms = 0;

	if (budget_allows(&account->budget[endpoint], deliver->now_wall_ms, &wait_ms))
		return true;
	deliver_wake_at(deliver, deliver->now_ms + wait_ms);
	return false;
}

static bool something_to_send(struct deliver *deliver, struct deliver_account *account,
			      const struct lane_class *class, enum priority priority)
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

/* What to send of a lane, if anything may leave it now. */
static bool choose(struct deliver *deliver, struct deliver_account *account, const struct lane_class *class,
		   enum priority priority, bool probe, struct deliver_order *order)
{
	struct deliver_lane *lane = &account->lane[class->kind][class->op][priority];
	bool bulk = !probe && wants_bulk(deliver, lane);
	enum endpoint endpoint = endpoint_for(class->kind, class->op, bulk);
	size_t rows_max = endpoint_rows_max(endpoint_for(class->kind, class->op, true));

	rows_max = rows_max < DELIVER_ROWS_MAX ? rows_max : DELIVER_ROWS_MAX;
	if (!something_to_send(deliver, account, class, priority))
		return false;
	if (!probe && still_gathering(deliver, account, lane, bulk, rows_max))
		return false;
	if (endpoint_has_job(endpoint) && account->n_jobs >= DELIVER_JOBS_MAX)
		return false;
	if (!budget_is_there(deliver, account, endpoint))
		return false;
	*order = (struct deliver_order){
		.account = account,
		.kind = class->kind,
		.op = class->op,
		.priority = priority,
		.bulk = bulk,
		.max_n = bulk ? rows_max : 1,
	};
	return true;
}

/* ---- starting ---- */

/* What a claim of n deliveries says of the lane until it is read again. */
static void heed_claim(struct deliver *deliver, const struct deliver_order *order, size_t n)
{
	struct deliver_lane *lane = &order->account->lane[order->kind][order->op][order->priority];

	lane->n_ready -= (int64_t)n;
	if (n == 0) {
		lane->not_before_ms = deliver->now_ms + EMPTY_WAIT_MS;
		deliver_wake_at(deliver, lane->not_before_ms);
	}
	if (n > 0 && order->bulk) {
		lane->bulk_at_ms = deliver->now_ms;
		lane->ready_at_ms = deliver->now_ms;
	}
}

/* The priority that comes at this place of the order. */
static enum priority priority_at(const struct deliver_account *account, int place)
{
	static const enum priority later[] = { PRIORITY_RETRY, PRIORITY_REPLAY, PRIORITY_BACKFILL };
	unsigned turn = account->starts;
	bool realtime_first = turn % 8 != 7;

	if (place == (realtime_first ? 0 : 3))
		return PRIORITY_REALTIME;
	return later[((unsigned)place - realtime_first + turn) % ARRAY_LEN(later)];
}

/* One request of this account, if it may send one. */
static bool start_one(struct deliver *deliver, struct deliver_account *account, bool *started,
		      struct err *err)
{
	struct deliver_order order;
	bool probe;

	*started = false;
	deliver_wake_at_wall(deliver, account->next_due_wall_ms);
	if (!account->ready || !deliver_account_allows(deliver, account, &probe))
		return true;
	for (int place = 0; place < PRIORITY_COUNT; place++) {
		for (size_t i = 0; i < ARRAY_LEN(lane_order); i++) {
			size_t n = 0;

			if (!choose(deliver, account, &lane_order[i], priority_at(account, place), probe,
				    &order))
				continue;
			if (!deliver_send_batch(deliver, &order, &n, err))
				return false;
			heed_claim(deliver, &order, n);
			if (n == 0)
				continue;
			account->starts++;
			*started = true;
			return true;
		}
	}
	return true;
}

static bool anything_ready(const struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->n_account; i++)
		if (deliver->account[i]->ready)
			return true;
	return false;
}

bool deliver_lanes_start(struct deliver *deliver, struct err *err)
{
	bool progress = true;

	if (anything_ready(deliver) && !deliver_pressure_read(deliver, err))
		return false;
	while (progress && deliver->n_in_flight < DELIVER_TOTAL_MAX) {
		progress = false;
		for (size_t i = 0; i < deliver->n_account && deliver->n_in_flight < DELIVER_TOTAL_MAX; i++) {
			size_t at = (deliver->turn + i) % deliver->n_account;
			bool started;

			if (!start_one(deliver, deliver->account[at], &started, err))
				return false;
			progress |= started;
		}
		deliver->turn++;
	}
	return true;
}
