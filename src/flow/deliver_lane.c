/*
 * Lanes: whose turn it is.
 *
 * Does:    accounts in turn, one request each; within an account realtime first, what others depend on
 *          first; what realtime leaves of a kind and op goes to retry, replay and backfill by bytes,
 *          2 : 1 : 1 (deficit round robin). Of what starts one in LOWER_EVERY is theirs in any case:
 *          nothing starves.
 * Doesn't: decide whether a lane may send now (deliver_choose.c), or keep the order of one entity's
 *          deliveries: that is db_outbox_claim's.
 * Keeps:   at most DELIVER_TOTAL_MAX requests are under way, and none begins beyond DELIVER_BYTES_MAX.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include <string.h>

/* Claims that found nothing are tried again after so long, or when something of the account has ended. */
#define EMPTY_WAIT_MS 250
/* Of the requests of a kind and op, and so of each budget, at least 6 % are for the lower lanes. */
#define LOWER_EVERY 16
/* Bytes that a lower lane of weight 1 gets in a round. */
#define QUANTUM_BYTES 200000
/* A round that took so long starts nothing more: what it started is to leave. */
#define ROUND_MS 200
/* Longer than anything gathers. */
#define WAITED_MS MS_PER_HOUR

/* What others depend on first; deletes the other way round. Who leaves goes before who comes. */
static const struct deliver_class lane_order[] = {
	{ KLAVIYO_CATEGORY, DELIVERY_CREATE }, { KLAVIYO_CATEGORY, DELIVERY_UPDATE },
	{ KLAVIYO_ITEM, DELIVERY_CREATE },     { KLAVIYO_ITEM, DELIVERY_UPDATE },
	{ KLAVIYO_VARIANT, DELIVERY_CREATE },  { KLAVIYO_VARIANT, DELIVERY_UPDATE },
	{ KLAVIYO_VARIANT, DELIVERY_DELETE },  { KLAVIYO_ITEM, DELIVERY_DELETE },
	{ KLAVIYO_CATEGORY, DELIVERY_DELETE }, { KLAVIYO_PROFILE, DELIVERY_DELETE },
	{ KLAVIYO_PROFILE, DELIVERY_CREATE },  { KLAVIYO_CONSENT, DELIVERY_DELETE },
	{ KLAVIYO_EVENT, DELIVERY_CREATE },    { KLAVIYO_PROFILE, DELIVERY_UPDATE },
	{ KLAVIYO_CONSENT, DELIVERY_CREATE },
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
	if (lane->n_read > lane->n_ready)
		lane->not_before_ms = 0;
	/* At a start nobody asks how long it has waited: it has. */
	if (lane->n_ready == 0 && lane->n_read > 0)
		lane->ready_at_ms = deliver->lanes_at_ms < 0 ? deliver->now_ms - WAITED_MS : deliver->now_ms;
	if (lane->n_read == 0)
		lane->flushing = false;
	lane->n_ready = lane->n_read;
	account->ready |= lane->n_ready > 0;
}

/* Notices are not for Klaviyo (notify.c). */
static void take_row(struct deliver *deliver, const struct outbox_lane *row)
{
	struct deliver_account *account = deliver_account_get(deliver, row->account_id);
	struct deliver_lane *lane = &account->lane[row->kind][row->op][row->priority];

	if (row->kind == KLAVIYO_NOTICE)
		return;
	account->listed_now = true;
	lane->n_read = row->n_ready;
	lane->n_blocked = row->n_blocked;
	if (row->next_due_ms < account->next_due_wall_ms)
		account->next_due_wall_ms = row->next_due_ms;
}

/* Of many accounts few have something: the others' lanes are as the reading before left them, empty. */
static void heed_rows(struct deliver *deliver, const struct outbox_lane *row, size_t n)
{
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		if (account->listed)
			visit_lanes(deliver, account, forget_reading);
		account->next_due_wall_ms = INT64_MAX;
		account->ready = false;
	}
	for (size_t i = 0; i < n; i++)
		take_row(deliver, &row[i]);
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		if (account->listed || account->listed_now)
			visit_lanes(deliver, account, heed_reading);
		account->listed = account->listed_now;
		account->listed_now = false;
	}
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

static bool is_waiting(const struct deliver_account *account, const struct deliver_class *class,
		       enum priority priority)
{
	return account->lane[class->kind][class->op][priority].n_ready > 0;
}

/* A new round among the lower lanes that have something, once all of them have used theirs up. */
static void renew_deficits(const struct deliver_account *account, const struct deliver_class *class,
			   struct deliver_turn *turn)
{
	static const int weight[PRIORITY_COUNT] = {
		[PRIORITY_RETRY] = 2, [PRIORITY_REPLAY] = 1, [PRIORITY_BACKFILL] = 1
	};
	int64_t most = 0;
	bool any = false;

	for (enum priority lower = PRIORITY_RETRY; lower < PRIORITY_COUNT; lower++) {
		if (!is_waiting(account, class, lower)) {
			turn->deficit[lower] = 0;
			continue;
		}
		any = true;
		most = turn->deficit[lower] > most ? turn->deficit[lower] : most;
	}
	while (any && most <= 0)
		for (enum priority lower = PRIORITY_RETRY; lower < PRIORITY_COUNT; lower++) {
			if (is_waiting(account, class, lower))
				turn->deficit[lower] += (int64_t)weight[lower] * QUANTUM_BYTES;
			most = turn->deficit[lower] > most ? turn->deficit[lower] : most;
		}
}

/* What comes at this place: realtime, then the lower lanes, first the one with most left of this round. */
static enum priority priority_at(const struct deliver_account *account, const struct deliver_class *class,
				 const struct deliver_turn *turn, int place)
{
	bool lower_first = turn->starts % LOWER_EVERY == LOWER_EVERY - 1;
	enum priority order[] = { PRIORITY_RETRY, PRIORITY_REPLAY, PRIORITY_BACKFILL };
	int rank = lower_first ? place : place - 1;

	if (place == (lower_first ? PRIORITY_COUNT - 1 : 0))
		return PRIORITY_REALTIME;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (size_t k = i + 1; k < ARRAY_LEN(order); k++) {
			bool better = is_waiting(account, class, order[k]) &&
				      (!is_waiting(account, class, order[i]) ||
				       turn->deficit[order[k]] > turn->deficit[order[i]]);
			enum priority other = order[i];

			if (!better)
				continue;
			order[i] = order[k];
			order[k] = other;
		}
	}
	return order[rank];
}

static void count_start(const struct deliver_order *order, size_t bytes, int64_t now_ms)
{
	struct deliver_turn *turn = &order->account->turn[order->kind][order->op];

	turn->starts++;
	turn->started_at_ms[order->bulk] = now_ms;
	if (order->priority != PRIORITY_REALTIME)
		turn->deficit[order->priority] -= (int64_t)bytes;
}

/* One request of this account, if it may send one. */
static bool start_one(struct deliver *deliver, struct deliver_account *account, bool *started,
		      struct err *err)
{
	struct deliver_order order;

	*started = false;
	deliver_wake_when_due(deliver, account->next_due_wall_ms);
	if (!account->ready)
		return true;
	for (int place = 0; place < PRIORITY_COUNT; place++) {
		for (size_t i = 0; i < ARRAY_LEN(lane_order); i++) {
			const struct deliver_class *class = &lane_order[i];
			struct deliver_turn *turn = &account->turn[class->kind][class->op];
			size_t n = 0, bytes = 0;

			renew_deficits(account, class, turn);
			if (!deliver_choose(deliver, account, class, priority_at(account, class, turn, place),
					    place == 0, &order))
				continue;
			if (!deliver_send_batch(deliver, &order, &n, &bytes, err))
				return false;
			heed_claim(deliver, &order, n);
			if (n == 0)
				continue;
			count_start(&order, bytes, deliver->now_ms);
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

/* What was started leaves when the round is over: behind a slow disk that has to be soon. */
static bool may_start(struct deliver *deliver, int64_t from_ms)
{
	if (deliver->n_in_flight >= DELIVER_TOTAL_MAX || deliver->bytes_in_flight >= DELIVER_BYTES_MAX)
		return false;
	if (clock_mono_ms(deliver->ctx->clock) - from_ms < ROUND_MS)
		return true;
	deliver_wake_at(deliver, deliver->now_ms);
	return false;
}

bool deliver_lanes_start(struct deliver *deliver, struct err *err)
{
	bool progress = true;
	int64_t from_ms;

	if (anything_ready(deliver) && !deliver_pressure_read(deliver, err))
		return false;
	from_ms = clock_mono_ms(deliver->ctx->clock);
	while (progress && may_start(deliver, from_ms)) {
		size_t first = deliver->turn, i = 0;

		progress = false;
		for (; i < deliver->n_account && may_start(deliver, from_ms); i++) {
			size_t at = (first + i) % deliver->n_account;
			bool started;

			if (!start_one(deliver, deliver->account[at], &started, err))
				return false;
			progress |= started;
		}
		/* Whoever found no room comes first in the next round. */
		deliver->turn = first + (i < deliver->n_account ? i : 1);
	}
	return true;
}
