/* Model test of the store: ops of the outbox. */
#include "contract/random_side.h"

/* ---- ops: outbox ---- */

static void say_lane(struct side *side, const struct outbox_lane *lane)
{
	say_line(side, "lane");
	say_id(side, lane->account_id);
	say_int(side, lane->kind);
	say_int(side, lane->op);
	say_int(side, lane->priority);
	say_int(side, lane->n_ready);
	say_int(side, lane->n_blocked);
	say_int(side, lane->n_waiting);
	say_int(side, lane->n_sending);
	say_int(side, lane->next_due_ms);
}

static void say_batch(struct side *side, const struct outbox_batch *batch)
{
	say_line(side, "batch");
	say_id(side, batch->id);
	say_id(side, batch->account_id);
	say_text(side, batch->endpoint);
	say_text(side, batch->job_id);
	say_int(side, batch->started_ms);
	say_int(side, (int64_t)batch->n_skipped);
	for (size_t i = 0; i < batch->n; i++) {
		say_delivery(side, &batch->delivery[i]);
		pool_add(&side->delivery, batch->delivery[i].id);
	}
	if (batch->n > 0)
		pool_add(&side->batch, batch->id);
}

/* The whole batch, for the same reason. */
static void accept_all(struct side *side, const struct outbox_batch *batch)
{
	struct delivery_settlement *settlement =
		ARENA_ARRAY(&side->arena, batch->n, struct delivery_settlement);
	struct outbox_settlement settled = {
		.batch_id = batch->id,
		.delivery = settlement,
		.n = batch->n,
		.http_status = 202,
		.latency_ms = (int64_t)below(side, 300),
	};
	struct str reason = str_from(numbered(side, "answer", 4));
	struct err err = { 0 };

	for (size_t i = 0; i < batch->n; i++)
		settlement[i] = (struct delivery_settlement){
			.delivery_id = batch->delivery[i].id,
			.state = DELIVERY_ACCEPTED,
			.exists = batch->delivery[i].op != DELIVERY_DELETE,
			.reason = reason,
		};
	(void)say_result(side, db_outbox_settle(side->db, side->now_ms, &settled, &err), &err);
}

void op_send(struct side *side)
{
	struct outbox_lane *lane;
	struct outbox_claim claim;
	struct outbox_batch batch;
	struct err err = { 0 };
	size_t n, at;

	if (!say_result(side, db_outbox_lanes(side->db, side->now_ms, &side->arena, &lane, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++)
		say_lane(side, &lane[i]);
	if (n == 0)
		return;
	at = below(side, n);
	claim = (struct outbox_claim){
		.account_id = lane[at].account_id,
		.kind = lane[at].kind,
		.op = lane[at].op,
		.priority = lane[at].priority,
		.max_n = 1 + below(side, 4),
		.max_bytes = below(side, 40),
		.endpoint = str_from(numbered(side, "endpoint", 3)),
	};
	claim.budget =
		(struct budget_row){ claim.account_id, claim.endpoint, str_from(numbered(side, "b", 50)) };
	if (chance(side, 30))
		claim.alone = (struct budget_row){ claim.account_id, str_from(numbered(side, "alone", 3)),
						   str_from(numbered(side, "a", 50)) };
	if (chance(side, 10))
		claim.unwanted = STR("nobody wants it");
	if (!say_result(side, db_outbox_claim(side->db, side->now_ms, &claim, &side->arena, &batch, &err),
			&err))
		return;
	say_batch(side, &batch);
	if (batch.n > 0 && chance(side, 30))
		(void)say_result(side,
				 db_outbox_job(side->db, side->now_ms, batch.id,
					       str_from(numbered(side, "job", 9)), &err),
				 &err);
	if (batch.n > 0 && chance(side, 40))
		accept_all(side, &batch);
}

static struct delivery_settlement choose_settlement(struct side *side, const struct delivery *delivery)
{
	static const enum delivery_state state[] = { DELIVERY_ACCEPTED, DELIVERY_ACCEPTED, DELIVERY_ACCEPTED,
						     DELIVERY_READY,	DELIVERY_WAITING,  DELIVERY_FAILED,
						     DELIVERY_SKIPPED };
	struct delivery_settlement settlement = {
		.delivery_id = delivery->id,
		.state = state[below(side, 7)],
		.due_ms = side->now_ms + (int64_t)below(side, 5000),
		.op = delivery->op,
		.count_attempt = chance(side, 50),
		.batch_max = chance(side, 15) ? 1 + (int)below(side, 3) : 0,
		.exists = delivery->op != DELIVERY_DELETE,
		.reason = str_from(numbered(side, "answer", 4)),
	};

	if (!klaviyo_kind_is_catalog(delivery->kind)) {
		if (settlement.state == DELIVERY_READY && chance(side, 50))
			settlement.body = str_from(numbered(side, "mended", 3));
		return settlement;
	}
	if (delivery->op != DELIVERY_DELETE && chance(side, 30))
		settlement.op = delivery->op == DELIVERY_CREATE ? DELIVERY_UPDATE : DELIVERY_CREATE;
	return settlement;
}

void op_settle(struct side *side)
{
	int64_t batch_id = pool_choose(side, &side->batch);
	struct delivery_settlement *settlement =
		ARENA_ARRAY(&side->arena, side->delivery.n + 1, struct delivery_settlement);
	struct outbox_settlement settled = {
		.batch_id = batch_id,
		.delivery = settlement,
		.http_status = chance(side, 80) ? 200 : 0,
		.latency_ms = (int64_t)below(side, 300),
	};
	struct err err = { 0 };

	/* Any known delivery may be named: those that are not of this batch are passed over. */
	for (size_t i = 0; i < side->delivery.n; i++) {
		struct delivery delivery;

		if (!db_delivery_get(side->db, side->delivery.id[i], &side->arena, &delivery, NULL) ||
		    delivery.state != DELIVERY_SENDING || chance(side, 20))
			continue;
		settlement[settled.n++] = choose_settlement(side, &delivery);
	}
	(void)say_result(side, db_outbox_settle(side->db, side->now_ms, &settled, &err), &err);
}

void op_recover(struct side *side)
{
	struct outbox_batch *batch;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side, db_outbox_recover(side->db, side->now_ms, &side->arena, &batch, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++)
		say_batch(side, &batch[i]);
}

void op_budgets(struct side *side)
{
	struct budget_row *row;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side, db_budget_load(side->db, &side->arena, &row, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "budget");
		say_id(side, row[i].account_id);
		say_text(side, row[i].endpoint);
		say_text(side, row[i].blob);
	}
}

void op_delivery_get(struct side *side)
{
	struct delivery delivery;
	struct err err = { 0 };

	if (say_result(side,
		       db_delivery_get(side->db, pool_choose(side, &side->delivery), &side->arena, &delivery,
				       &err),
		       &err))
		say_delivery(side, &delivery);
}
