/*
 * SQLite backend: lanes, and taking deliveries out of one.
 */
#include "store/sqlite/sqlite_internal.h"

#include <string.h>

/* ---- lanes ---- */

static void put_lane(struct query *query, const struct outbox_lane *lane)
{
	put_int(query, 1, lane->account_id);
	put_int(query, 2, lane->kind);
	put_int(query, 3, lane->op);
	put_int(query, 4, lane->priority);
}

/* Moves WAITING deliveries that are due to ready or blocked; the first that is not due says when. */
static void count_due(struct tx *tx, int64_t now_ms, struct outbox_lane *lane)
{
	struct query select = query(tx, "SELECT due_ms, blocked FROM delivery INDEXED BY delivery_due WHERE account_id = ?1"
					" AND kind = ?2 AND op = ?3 AND priority = ?4 AND state = 1 ORDER BY due_ms LIMIT ?5");

	put_lane(&select, lane);
	put_int(&select, 5, STORE_DUE_COUNT_MAX + 1);
	while (query_row(&select)) {
		if (get_int(&select, 0) > now_ms) {
			lane->next_due_ms = get_int(&select, 0);
			query_end(&select);
			return;
		}
		lane->n_waiting--;
		lane->n_blocked += get_bool(&select, 1);
		lane->n_ready += !get_bool(&select, 1);
	}
}

/* The smallest id of each state is the oldest of it; creation times follow ids. */
static int64_t oldest_ms(struct tx *tx, const struct outbox_lane *lane)
{
	struct query select = query(tx,
		"SELECT min(created_ms) FROM delivery WHERE id IN ("
		"SELECT (SELECT min(id) FROM delivery d INDEXED BY delivery_lane WHERE d.account_id = ?1 AND d.kind = ?2"
		" AND d.op = ?3 AND d.priority = ?4 AND d.state = s.column1 AND d.blocked = s.column2)"
		" FROM (VALUES (0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)) s)");

	put_lane(&select, lane);
	return query_int(&select, INT64_MAX);
}

struct outbox_lane *read_lanes(struct tx *tx, int64_t now_ms, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM lane");
	struct outbox_lane *lane = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct outbox_lane);
	struct query select = query(tx, "SELECT account_id, kind, op, priority, n_ready, n_blocked, n_waiting, n_sending FROM lane"
					" WHERE n_ready + n_blocked + n_waiting + n_sending > 0"
					" ORDER BY account_id, kind, op, priority");

	for (*n = 0; query_row(&select); (*n)++)
		lane[*n] = (struct outbox_lane){
			.account_id = get_int(&select, 0),
			.kind = (enum klaviyo_kind)get_int(&select, 1),
			.op = (enum delivery_op)get_int(&select, 2),
			.priority = (enum priority)get_int(&select, 3),
			.n_ready = get_int(&select, 4),
			.n_blocked = get_int(&select, 5),
			.n_waiting = get_int(&select, 6),
			.n_sending = get_int(&select, 7),
			.next_due_ms = INT64_MAX,
		};
	for (size_t i = 0; i < *n; i++) {
		if (lane[i].n_waiting > 0)
			count_due(tx, now_ms, &lane[i]);
		lane[i].oldest_ms = oldest_ms(tx, &lane[i]);
	}
	return lane;
}

bool sqlite_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n,
			 struct err *err)
{
	struct tx tx;

	if (!tx_begin_read(&tx, db, err))
		return false;
	*lane = read_lanes(&tx, now_ms, arena, n);
	return tx_commit(&tx, err);
}

/* ---- claim ---- */

/* Are there READY or SENDING deliveries of this kind and op in the account? */
static bool has_active(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, enum delivery_op op)
{
	struct query select = query(tx, "SELECT sum(n_ready + n_blocked + n_sending) FROM lane WHERE account_id = ?1"
					" AND kind = ?2 AND op = ?3");

	put_int(&select, 1, account_id);
	put_int(&select, 2, kind);
	put_int(&select, 3, op);
	return query_int(&select, 0) > 0;
}

/* The smallest id among them; INT64_MAX if there is none. */
static int64_t first_active(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, enum delivery_op op)
{
	struct query select;

	if (!has_active(tx, account_id, kind, op))
		return INT64_MAX;
	select = query(tx, "SELECT min(id) FROM delivery WHERE account_id = ?1 AND kind = ?2 AND op = ?3"
			   " AND priority IN (0, 1, 2, 3) AND state IN (0, 2)");
	put_int(&select, 1, account_id);
	put_int(&select, 2, kind);
	put_int(&select, 3, op);
	return query_int(&select, INT64_MAX);
}

/* Deliveries with a greater id have to wait for something the whole account has to finish first. */
static int64_t last_free_id(struct tx *tx, const struct outbox_claim *claim)
{
	if (claim->kind == KLAVIYO_ITEM && claim->op != DELIVERY_DELETE &&
	    has_active(tx, claim->account_id, KLAVIYO_CATEGORY, DELIVERY_CREATE))
		return 0;
	if (claim->kind == KLAVIYO_CATEGORY && claim->op == DELIVERY_DELETE)
		return first_active(tx, claim->account_id, KLAVIYO_ITEM, DELIVERY_UPDATE);
	return INT64_MAX;
}

struct taking {
	const struct outbox_claim *claim;
	struct arena *arena;
	struct delivery_row *row;
	size_t n;
	size_t bytes;
};

/* False: the batch is full. */
static bool take(struct taking *taking, const struct query *select)
{
	struct delivery_row row;

	if (taking->n == taking->claim->max_n || (taking->n > 0 && taking->row[0].delivery.solo))
		return false;
	delivery_read(select, taking->arena, &row);
	taking->bytes += row.delivery.body.len;
	if (taking->n > 0 && (taking->bytes > taking->claim->max_bytes || row.delivery.solo))
		return false;
	taking->row[taking->n++] = row;
	return true;
}

/* What may leave now, in order: first what waited, by the time it was due, then by id. */
static void take_rows(struct tx *tx, const char *sql, int64_t last_id, struct taking *taking)
{
	struct query select = query(tx, sql);

	put_int(&select, 1, taking->claim->account_id);
	put_int(&select, 2, taking->claim->kind);
	put_int(&select, 3, taking->claim->op);
	put_int(&select, 4, taking->claim->priority);
	put_int(&select, 5, last_id);
	put_int(&select, 6, tx->now_ms);
	while (query_row(&select)) {
		if (!take(taking, &select)) {
			query_end(&select);
			return;
		}
	}
}

static void take_batch(struct tx *tx, struct taking *taking)
{
	int64_t last_id = last_free_id(tx, taking->claim);

	taking->row = ARENA_ARRAY(taking->arena, taking->claim->max_n, struct delivery_row);
	if (last_id == 0)
		return;
	take_rows(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery INDEXED BY delivery_due WHERE account_id = ?1 AND kind = ?2"
		      " AND op = ?3 AND priority = ?4 AND state = 1 AND due_ms <= ?6 AND blocked = 0 AND id <= ?5"
		      " ORDER BY due_ms, id", last_id, taking);
	take_rows(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery INDEXED BY delivery_lane WHERE account_id = ?1 AND kind = ?2"
		      " AND op = ?3 AND priority = ?4 AND state = 0 AND blocked = 0 AND id <= ?5 AND ?6 = ?6"
		      " ORDER BY id", last_id, taking);
}

static void mark_left(struct tx *tx, const struct delivery *delivery)
{
	struct query update = query(tx, "UPDATE sent SET left_us = 1 WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3");

	put_int(&update, 1, delivery->account_id);
	put_int(&update, 2, delivery->kind);
	put_text(&update, 3, delivery->external_id);
	query_run(&update);
}

static void send(struct tx *tx, const struct delivery_row *row, int64_t batch_id, struct str endpoint,
		 struct arena *arena, struct delivery *out)
{
	struct audit_row audit = delivery_audit(&row->delivery, AUDIT_DELIVERY_SENT, endpoint);
	struct delivery_row after = *row;

	after.delivery.state = DELIVERY_SENDING;
	after.delivery.due_ms = 0;
	after.delivery.reason = STR("");
	after.batch_id = batch_id;
	delivery_update(tx, row, &after, arena);
	mark_left(tx, &row->delivery);
	audit_add(tx, &audit);
	*out = after.delivery;
}

static void batch_insert(struct tx *tx, const struct outbox_batch *batch)
{
	struct query insert = query(tx, "INSERT INTO batch VALUES (?1, ?2, ?3, '', ?4)");

	put_int(&insert, 1, batch->id);
	put_int(&insert, 2, batch->account_id);
	put_text(&insert, 3, batch->endpoint);
	put_int(&insert, 4, batch->started_ms);
	query_run(&insert);
}

static void make_batch(struct tx *tx, const struct taking *taking, struct outbox_batch *batch)
{
	const struct outbox_claim *claim = taking->claim;
	struct delivery *delivery = ARENA_ARRAY(taking->arena, taking->n, struct delivery);

	*batch = (struct outbox_batch){
		.id = tx_id(tx),
		.account_id = claim->account_id,
		.endpoint = arena_dup(taking->arena, claim->endpoint),
		.started_ms = tx->now_ms,
		.delivery = delivery,
		.n = taking->n,
	};
	batch_insert(tx, batch);
	for (size_t i = 0; i < taking->n; i++)
		send(tx, &taking->row[i], batch->id, claim->endpoint, taking->arena, &delivery[i]);
	budget_put(tx, &claim->budget);
}

bool sqlite_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			 struct outbox_batch *batch, struct err *err)
{
	struct taking taking = { .claim = claim, .arena = arena };
	struct tx tx;

	*batch = (struct outbox_batch){ 0 };
	if (!tx_begin_write(&tx, db, CRASH_outbox_claim, now_ms, err))
		return false;
	take_batch(&tx, &taking);
	if (taking.n == 0 && tx.rc == SQLITE_OK) {
		tx_abort(&tx);
		return true;
	}
	if (taking.n > 0)
		make_batch(&tx, &taking, batch);
	return tx_commit(&tx, err);
}

/* ---- budgets ---- */

void budget_put(struct tx *tx, const struct budget_row *budget)
{
	struct query write;

	if (budget->endpoint.len == 0)
		return;
	write = query(tx, "INSERT OR REPLACE INTO budget VALUES (?1, ?2, ?3)");
	put_int(&write, 1, budget->account_id);
	put_text(&write, 2, budget->endpoint);
	put_text(&write, 3, budget->blob);
	query_run(&write);
}

bool sqlite_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err)
{
	struct query count, select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM budget");
	*row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct budget_row);
	select = query(&tx, "SELECT account_id, endpoint, blob FROM budget ORDER BY account_id, endpoint");
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = (struct budget_row){
			.account_id = get_int(&select, 0),
			.endpoint = get_text(&select, 1, arena),
			.blob = get_text(&select, 2, arena),
		};
	return tx_commit(&tx, err);
}
