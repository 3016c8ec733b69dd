/*
 * SQLite backend: what a person looks at and decides.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

/* ---- failed ---- */

/* Failed messages and deliveries (state 4) of a store (0 = any) behind after_id, by id. */
static struct failed_row *failed_rows(struct tx *tx, const struct failed_filter *filter, struct arena *arena,
				      size_t *n)
{
	struct query select = query(
		tx,
		"SELECT 1, id, store_id, failed_ms, reason, topic, 0, 0, '' FROM message_failed WHERE id > ?1"
		" AND (?2 = 0 OR store_id = ?2)"
		" UNION ALL SELECT 0, id, store_id, ended_ms, reason, '', op, kind, external_id FROM delivery"
		" WHERE state = 4 AND id > ?1 AND (?2 = 0 OR store_id = ?2) ORDER BY 2 LIMIT ?3");
	struct failed_row *row = ARENA_ARRAY(arena, filter->max_n, struct failed_row);

	put_int(&select, 1, filter->after_id);
	put_int(&select, 2, filter->store_id);
	put_int(&select, 3, (int64_t)filter->max_n);
	for (*n = 0; query_row(&select); (*n)++) {
		row[*n] = (struct failed_row){
			.is_message = get_bool(&select, 0),
			.id = get_int(&select, 1),
			.store_id = get_int(&select, 2),
			.failed_ms = get_int(&select, 3),
			.reason = get_text(&select, 4, arena),
			.what = get_text(&select, 5, arena),
		};
		if (!row[*n].is_message)
			row[*n].what = store_text_delivery(arena, get_delivery_op(&select, 6),
							   get_klaviyo_kind(&select, 7),
							   get_text(&select, 8, arena));
	}
	return row;
}

bool sqlite_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			struct failed_row **row, size_t *n, struct err *err)
{
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*row = failed_rows(&tx, filter, arena, n);
	return tx_commit(&tx, err);
}

struct change {
	struct tx *tx;
	struct arena *arena;
	const struct failed_change *change;
};

/* The store of a failed message; 0 if it is none. */
static int64_t failed_message_store(struct tx *tx, int64_t id)
{
	struct query select = query(tx, "SELECT store_id FROM message_failed WHERE id = ?1");

	put_int(&select, 1, id);
	return query_int(&select, 0);
}

static void again_insert(struct tx *tx, int64_t id, int64_t store_id)
{
	struct query insert = query(tx, "INSERT INTO message_again (store_id, id) VALUES (?1, ?2)");

	put_int(&insert, 1, store_id);
	put_int(&insert, 2, id);
	query_run(&insert);
}

static void change_message(const struct change *change, int64_t id, int64_t store_id)
{
	bool retry = change->change->action == FAILED_RETRY;
	struct query update = query(change->tx, "DELETE FROM message_failed WHERE id = ?1");

	put_int(&update, 1, id);
	query_run(&update);
	if (retry)
		again_insert(change->tx, id, store_id);
	else
		message_end(change->tx, id, MESSAGE_DISCARDED);
	update = query(change->tx, "UPDATE store_count SET failed = failed - 1, pending = pending + ?2,"
				   " discarded = discarded + ?3 WHERE store_id = ?1");
	put_int(&update, 1, store_id);
	put_bool(&update, 2, retry);
	put_bool(&update, 3, !retry);
	query_run(&update);
	audit_add(change->tx,
		  &(struct audit_row){ .code = retry ? AUDIT_PERSON_RETRIED : AUDIT_PERSON_DISCARDED,
				       .store_id = store_id,
				       .message_id = id,
				       .reason = change->change->reason });
}

/* A newer delivery of the entity makes the failed one pointless. */
static void retry_delivery(const struct change *change, const struct delivery_row *row)
{
	struct tx *tx = change->tx;
	struct delivery_row after = *row;
	struct audit_row audit = delivery_audit(&row->delivery, AUDIT_PERSON_RETRIED, change->change->reason);
	struct sent_row sent, before;
	bool known = sent_get(tx, row->delivery.account_id, row->delivery.kind, row->delivery.external_id,
			      change->arena, &sent);

	if (!known || sent.state.newest_id != row->delivery.id) {
		delivery_skip(tx, row, AUDIT_DELIVERY_SKIPPED,
			      store_text_replaced(change->arena, known ? sent.state.newest_id : 0),
			      change->arena);
		return;
	}
	if (consent_has_moved(tx, &row->delivery, change->arena)) {
		delivery_skip(tx, row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_MOVED), change->arena);
		return;
	}
	before = sent;
	count_account(tx, &(struct account_change){ .account_id = row->delivery.account_id, .failed = -1 });
	after.delivery.state = DELIVERY_READY;
	if (after.delivery.priority != PRIORITY_REPLAY)
		after.delivery.priority = PRIORITY_RETRY;
	after.delivery.attempts = 0;
	after.delivery.reason = change->change->reason;
	delivery_update(tx, row, &after, change->arena);
	store_sent_want(&sent.state, row->delivery.id, row->delivery.op, row->delivery.hash,
			row->delivery.parent_external_id);
	sent_put(tx, &before, &sent);
	audit_add(tx, &audit);
	ops_renew(tx, &row->delivery, change->arena);
}

/* False: it is neither a failed message nor a failed delivery. */
static bool change_one(const struct change *change, int64_t id)
{
	int64_t store_id = failed_message_store(change->tx, id);
	struct delivery_row row;

	if (store_id != 0) {
		change_message(change, id, store_id);
		return true;
	}
	if (!delivery_find(change->tx, id, change->arena, &row) || row.delivery.state != DELIVERY_FAILED)
		return false;
	if (change->change->action == FAILED_RETRY)
		retry_delivery(change, &row);
	else
		delivery_skip(change->tx, &row, AUDIT_PERSON_DISCARDED, change->change->reason,
			      change->arena);
	return true;
}

static bool is_failed(struct tx *tx, int64_t id, struct arena *arena)
{
	struct delivery_row row;

	return failed_message_store(tx, id) != 0 ||
	       (delivery_find(tx, id, arena, &row) && row.delivery.state == DELIVERY_FAILED);
}

static size_t change_all(const struct change *change)
{
	struct failed_filter filter = { .store_id = change->change->store_id,
					.max_n = STORE_FAILED_CHANGE_MAX };
	size_t n, n_changed = 0;
	const struct failed_row *row = failed_rows(change->tx, &filter, change->arena, &n);

	for (size_t i = 0; i < n; i++)
		n_changed += change_one(change, row[i].id);
	return n_changed;
}

bool sqlite_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
			  size_t *n_changed, struct err *err)
{
	struct arena arena;
	struct tx tx;
	struct change context = { &tx, &arena, change };
	bool ok = false;

	if (!tx_begin_write(&tx, db, CRASH_failed_change, now_ms, err))
		return false;
	arena_init(&arena);
	for (size_t i = 0; i < change->n; i++) {
		if (is_failed(&tx, change->id[i], &arena) || tx.rc != SQLITE_OK)
			continue;
		tx_abort(&tx);
		(void)err_set(err, ERR_NOT_FOUND, "%" PRId64 " is not a failed message or delivery",
			      change->id[i]);
		goto out;
	}
	*n_changed = 0;
	for (size_t i = 0; i < change->n; i++)
		*n_changed += change_one(&context, change->id[i]);
	if (change->n == 0)
		*n_changed = change_all(&context);
	ok = tx_commit(&tx, err);
out:
	arena_release(&arena);
	return ok;
}

/* ---- held ---- */

bool sqlite_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
		      struct held_row **row, size_t *n, struct err *err)
{
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	select = query(&tx,
		       "SELECT store_id, kind, id, since_ms, reason FROM held WHERE ?1 = 0 OR store_id = ?1"
		       " ORDER BY since_ms, store_id, kind, id LIMIT ?2");
	put_int(&select, 1, store_id);
	put_int(&select, 2, (int64_t)max_n);
	*row = ARENA_ARRAY(arena, max_n, struct held_row);
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = (struct held_row){
			.store_id = get_int(&select, 0),
			.root = { get_entity_kind(&select, 1), get_text(&select, 2, arena) },
			.since_ms = get_int(&select, 3),
			.reason = get_text(&select, 4, arena),
		};
	return tx_commit(&tx, err);
}

/* ---- deliveries ---- */

/* Among what has ended: on its own day or a later one. */
static bool find_ended(struct tx *tx, int64_t id, struct arena *arena, struct delivery_row *row)
{
	size_t n;
	const int64_t *day = day_list(tx, DAY_DELIVERY, true, arena, &n);

	for (size_t i = 0; i < n; i++) {
		struct query select;

		if (day[i] < store_id_day(id))
			continue;
		select = query_day_once(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery_%s WHERE id = ?1",
					day[i]);
		put_int(&select, 1, id);
		if (delivery_read_one(&select, arena, row))
			return true;
	}
	return false;
}

bool sqlite_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			 struct err *err)
{
	struct delivery_row row;
	struct tx tx;
	bool found;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	found = delivery_find(&tx, id, arena, &row) || find_ended(&tx, id, arena, &row);
	if (found) {
		*out = row.delivery;
		out->body = delivery_body_read(&tx, id, arena);
		if (out->kind == KLAVIYO_EVENT)
			out->person_now = sent_person_to_be(&tx, out, arena);
	}
	if (!tx_commit(&tx, err))
		return false;
	return found || err_set(err, ERR_NOT_FOUND, "no delivery %" PRId64, id);
}
