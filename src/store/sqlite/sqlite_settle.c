/*
 * SQLite backend: what became of a batch.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

/* The next SENDING delivery of the batch behind after_id; false at the end. */
static bool next_sending(struct tx *tx, int64_t batch_id, int64_t after_id, struct arena *arena,
			 struct delivery_row *out)
{
	struct query select = query(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE batch_id = ?1"
					" AND batch_id <> 0 AND state = 2 AND id > ?2 ORDER BY id LIMIT 1");

	put_int(&select, 1, batch_id);
	put_int(&select, 2, after_id);
	return delivery_read_one(&select, arena, out);
}

bool sqlite_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err)
{
	struct delivery_row row;
	struct query update;
	struct arena arena;
	struct tx tx;
	bool ok = false;

	if (!tx_begin_write(&tx, db, CRASH_outbox_job, now_ms, err))
		return false;
	arena_init(&arena);
	update = query(&tx, "UPDATE batch SET job_id = ?2 WHERE id = ?1");
	put_int(&update, 1, batch_id);
	put_text(&update, 2, job_id);
	query_run(&update);
	if (query_changes(&update) == 0 && tx.rc == SQLITE_OK) {
		tx_abort(&tx);
		(void)err_set(err, ERR_NOT_FOUND, "no open batch %" PRId64, batch_id);
		goto out;
	}
	for (int64_t after = 0; next_sending(&tx, batch_id, after, &arena, &row); after = row.delivery.id) {
		struct audit_row audit = delivery_audit(&row.delivery, AUDIT_DELIVERY_JOB, job_id);

		audit_add(&tx, &audit);
	}
	ok = tx_commit(&tx, err);
out:
	arena_release(&arena);
	return ok;
}

/* ---- one delivery ---- */

struct settling {
	struct tx *tx;
	struct arena *arena;
	const struct delivery_settlement *settlement;
	struct str audit_reason;
};

/* The oldest newer queued delivery of the entity that makes `delivery` pointless; 0 = none. */
static int64_t replacement(const struct settling *settling, const struct delivery *delivery,
			   const struct sent_state *sent)
{
	struct delivery_row newer;

	if (!store_kind_replaces(delivery->kind))
		return 0;
	for (int64_t after = delivery->id;
	     delivery_of_entity(settling->tx, delivery, after, settling->arena, &newer);
	     after = newer.delivery.id) {
		if (!delivery_queued(&newer.delivery) ||
		    move_stays(settling->tx, delivery, &newer.delivery, settling->arena))
			continue;
		if (delivery->op == DELIVERY_DELETE && newer.delivery.op != DELIVERY_DELETE &&
		    store_sent_moves(sent, newer.delivery.parent_external_id))
			return 0;
		return newer.delivery.id;
	}
	return 0;
}

static void put_back(const struct settling *settling, const struct delivery_row *row)
{
	const struct delivery_settlement *settlement = settling->settlement;
	struct delivery_row after = *row;
	struct audit_row audit;

	after.delivery.state = store_back(row->delivery.kind, settlement, &after.delivery.due_ms);
	if (settlement->state == DELIVERY_READY)
		after.delivery.op = settlement->op;
	after.delivery.attempts += settlement->count_attempt;
	after.delivery.batch_max = settlement->batch_max;
	after.delivery.reason = settlement->reason;
	after.batch_id = 0;
	if (settlement->body.len > 0)
		after.bytes = delivery_body_write(settling->tx, row->delivery.id, settlement->body);
	delivery_update(settling->tx, row, &after, settling->arena);
	audit = delivery_audit(&after.delivery, AUDIT_DELIVERY_RETRY, settling->audit_reason);
	audit_add(settling->tx, &audit);
}

/* Back into the queue, or out of it when there is no more use for it. */
static void requeue(const struct settling *settling, const struct delivery_row *row,
		    const struct sent_state *sent)
{
	int64_t by;

	if (account_of_store(settling->tx, row->delivery.store_id) == 0) {
		delivery_skip(settling->tx, row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_STORE_REMOVED),
			      settling->arena);
		return;
	}
	by = replacement(settling, &row->delivery, sent);
	if (consent_has_moved(settling->tx, &row->delivery, settling->arena))
		delivery_skip(settling->tx, row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_MOVED),
			      settling->arena);
	else if (by != 0)
		delivery_skip(settling->tx, row, AUDIT_DELIVERY_SKIPPED,
			      store_text_replaced(settling->arena, by), settling->arena);
	else
		put_back(settling, row);
}

static void accept(const struct settling *settling, const struct delivery_row *row,
		   const struct sent_row *before)
{
	struct audit_row audit =
		delivery_audit(&row->delivery, AUDIT_DELIVERY_ACCEPTED, settling->audit_reason);
	struct sent_row sent = *before;

	if (row->delivery.kind != KLAVIYO_EVENT) {
		store_sent_accept(&sent.state, &row->delivery, settling->settlement->exists);
		sent_put(settling->tx, before, &sent);
	}
	delivery_finish(settling->tx, row, DELIVERY_ACCEPTED, settling->settlement->reason, settling->arena);
	audit_add(settling->tx, &audit);
	former_end(settling->tx, &row->delivery, settling->arena);
}

static void fail(const struct settling *settling, const struct delivery_row *row,
		 const struct sent_row *before)
{
	struct audit_row audit =
		delivery_audit(&row->delivery, AUDIT_DELIVERY_FAILED, settling->audit_reason);
	struct delivery_row after = *row;
	struct sent_row sent = *before;

	if (account_of_store(settling->tx, row->delivery.store_id) == 0) {
		delivery_skip(settling->tx, row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_STORE_REMOVED),
			      settling->arena);
		return;
	}
	if (row->delivery.kind != KLAVIYO_EVENT) {
		store_sent_revert(&sent.state, row->delivery.kind, row->delivery.id);
		sent_put(settling->tx, before, &sent);
	}
	after.delivery.state = DELIVERY_FAILED;
	after.delivery.attempts += settling->settlement->count_attempt;
	after.delivery.reason = settling->settlement->reason;
	after.batch_id = 0;
	after.ended_ms = settling->tx->now_ms;
	delivery_update(settling->tx, row, &after, settling->arena);
	count_account(settling->tx,
		      &(struct account_change){ .account_id = row->delivery.account_id, .failed = 1 });
	audit_add(settling->tx, &audit);
}

void ops_renew(struct tx *tx, const struct delivery *entity, struct arena *arena)
{
	struct delivery_row row;
	struct sent_row sent;

	if (!klaviyo_kind_is_catalog(entity->kind))
		return;
	for (int64_t after = 0; delivery_of_entity(tx, entity, after, arena, &row); after = row.delivery.id) {
		struct delivery_row renewed = row;

		if (!delivery_queued(&row.delivery) || row.delivery.op == DELIVERY_DELETE)
			continue;
		(void)sent_get(tx, entity->account_id, entity->kind, entity->external_id, arena, &sent);
		renewed.delivery.op = store_upsert_op(&sent.state, delete_ahead(tx, &row.delivery));
		if (renewed.delivery.op != row.delivery.op)
			delivery_update(tx, &row, &renewed, arena);
	}
}

/* Notes what the answer says of the entity, if it is not that it was accepted. */
static void learn(const struct settling *settling, const struct delivery *delivery, struct sent_row *sent)
{
	const struct delivery_settlement *settlement = settling->settlement;
	struct sent_row before = *sent;

	sent->state.left = true;
	if (settlement->state == DELIVERY_READY && settlement->op != delivery->op)
		store_sent_learn(&sent->state, settlement->op == DELIVERY_UPDATE);
	sent_put(settling->tx, &before, sent);
}

static void settle_one(const struct settling *settling, const struct delivery_row *row)
{
	const struct delivery_settlement *settlement = settling->settlement;
	const struct delivery *delivery = &row->delivery;
	struct sent_row sent = { 0 };

	/* An event is told once, whatever becomes of it: nothing is learnt. */
	if (delivery->kind != KLAVIYO_EVENT)
		(void)sent_get(settling->tx, delivery->account_id, delivery->kind, delivery->external_id,
			       settling->arena, &sent);
	if (settlement->state != DELIVERY_ACCEPTED && delivery->kind != KLAVIYO_EVENT)
		learn(settling, delivery, &sent);
	former_learn(settling->tx, delivery, settlement, settling->arena);
	switch (settlement->state) {
	case DELIVERY_READY:
	case DELIVERY_WAITING:
		requeue(settling, row, &sent.state);
		break;
	case DELIVERY_ACCEPTED:
		accept(settling, row, &sent);
		break;
	case DELIVERY_FAILED:
		fail(settling, row, &sent);
		break;
	case DELIVERY_SKIPPED:
	case DELIVERY_SENDING:
		delivery_skip(settling->tx, row, AUDIT_DELIVERY_SKIPPED, settlement->reason, settling->arena);
		break;
	}
	ops_renew(settling->tx, delivery, settling->arena);
}

static void close_batch(struct tx *tx, int64_t batch_id)
{
	struct query remove =
		query(tx, "DELETE FROM batch WHERE id = ?1 AND NOT EXISTS"
			  " (SELECT 1 FROM delivery WHERE batch_id = ?1 AND batch_id <> 0 AND state = 2)");

	put_int(&remove, 1, batch_id);
	query_run(&remove);
}

static void settle_each(struct tx *tx, const struct outbox_settlement *settlement, struct arena *arena)
{
	for (size_t i = 0; i < settlement->n && tx->rc == SQLITE_OK; i++) {
		const struct delivery_settlement *one = &settlement->delivery[i];
		struct settling settling = {
			.tx = tx,
			.arena = arena,
			.settlement = one,
			.audit_reason = store_text_settled(arena, one->reason, settlement->http_status,
							   settlement->latency_ms),
		};
		struct delivery_row row;

		if (delivery_find(tx, one->delivery_id, arena, &row) &&
		    row.delivery.state == DELIVERY_SENDING &&
		    (row.batch_id == settlement->batch_id || mutant_is(MUTANT_stale_settlement)))
			settle_one(&settling, &row);
	}
}

/* True: all were accepted, and there is nothing left to settle. */
static bool settle_together(struct tx *tx, const struct outbox_settlement *settlement, struct arena *arena)
{
	return settlement->n > 0 &&
	       batch_accept(tx, settlement,
			    store_text_settled(arena, settlement->delivery[0].reason, settlement->http_status,
					       settlement->latency_ms),
			    arena);
}

bool sqlite_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			  struct err *err)
{
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_outbox_settle, now_ms, err))
		return false;
	arena_init(&arena);
	if (!settle_together(&tx, settlement, &arena))
		settle_each(&tx, settlement, &arena);
	close_batch(&tx, settlement->batch_id);
	budget_put(&tx, &settlement->budget);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}

/* ---- recover ---- */

/* A planted bug, or another. */
static bool is_forgotten(const struct delivery *row)
{
	return mutant_is(MUTANT_lost_on_recovery) ||
	       (mutant_is(MUTANT_deletion_lost) && row->kind == KLAVIYO_PROFILE &&
		row->op == DELIVERY_DELETE);
}

static void give_back(struct tx *tx, int64_t batch_id, struct arena *arena)
{
	struct delivery_row row;

	for (int64_t after = 0; next_sending(tx, batch_id, after, arena, &row); after = row.delivery.id) {
		struct delivery_settlement lost = {
			.state = is_forgotten(&row.delivery) ? DELIVERY_ACCEPTED : DELIVERY_READY,
			.op = row.delivery.op,
			.batch_max = row.delivery.batch_max,
			.reason = STR(STORE_TEXT_ANSWER_LOST),
		};
		struct settling settling = { tx, arena, &lost, lost.reason };

		settle_one(&settling, &row);
	}
	close_batch(tx, batch_id);
}

static void read_deliveries(struct tx *tx, struct outbox_batch *batch, struct arena *arena)
{
	struct query count = query(
		tx, "SELECT count(*) FROM delivery WHERE batch_id = ?1 AND batch_id <> 0 AND state = 2");
	struct query select;
	struct delivery *delivery;

	put_int(&count, 1, batch->id);
	delivery = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct delivery);
	batch->delivery = delivery;
	select = query(tx, "SELECT " DELIVERY_COLUMNS
			   " FROM delivery WHERE batch_id = ?1 AND batch_id <> 0 AND state = 2"
			   " ORDER BY id");
	put_int(&select, 1, batch->id);
	while (query_row(&select)) {
		struct delivery_row row;

		delivery_read(&select, arena, &row);
		delivery[batch->n++] = row.delivery;
	}
	for (size_t i = 0; i < batch->n; i++)
		delivery[i].body = delivery_body_read(tx, delivery[i].id, arena);
}

static struct outbox_batch *read_batches(struct tx *tx, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM batch");
	struct outbox_batch *batch = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct outbox_batch);
	struct query select =
		query(tx, "SELECT id, account_id, endpoint, job_id, started_ms FROM batch ORDER BY id");

	for (*n = 0; query_row(&select); (*n)++)
		batch[*n] = (struct outbox_batch){
			.id = get_int(&select, 0),
			.account_id = get_int(&select, 1),
			.endpoint = get_text(&select, 2, arena),
			.job_id = get_text(&select, 3, arena),
			.started_ms = get_int(&select, 4),
		};
	return batch;
}

bool sqlite_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
			   size_t *n, struct err *err)
{
	size_t n_open = 0;
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_outbox_recover, now_ms, err))
		return false;
	*batch = read_batches(&tx, arena, &n_open);
	*n = 0;
	for (size_t i = 0; i < n_open; i++) {
		if ((*batch)[i].job_id.len == 0)
			give_back(&tx, (*batch)[i].id, arena);
		else
			(*batch)[(*n)++] = (*batch)[i];
	}
	for (size_t i = 0; i < *n; i++)
		read_deliveries(&tx, &(*batch)[i], arena);
	return tx_commit(&tx, err);
}
