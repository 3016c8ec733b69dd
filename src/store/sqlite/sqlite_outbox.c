/*
 * SQLite backend: lanes, and taking deliveries out of one.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

/* ---- lanes ---- */

static void put_lane(struct query *query, const struct outbox_lane *lane)
{
	put_int(query, 1, lane->account_id);
	put_int(query, 2, lane->kind);
	put_int(query, 3, lane->op);
	put_int(query, 4, lane->priority);
}

/* Moves WAITING deliveries that are due to ready or blocked; the first that is not due says when. */
static void count_due(struct tx *tx, int64_t now_ms, bool blocked, struct outbox_lane *lane)
{
	struct query select =
		query(tx, "SELECT due_ms FROM delivery WHERE account_id = ?1 AND kind = ?2 AND op = ?3"
			  " AND priority = ?4 AND blocked = ?5 AND state = 1 ORDER BY due_ms LIMIT ?6");

	put_lane(&select, lane);
	put_bool(&select, 5, blocked);
	put_int(&select, 6, STORE_DUE_COUNT_MAX + 1);
	while (query_row(&select)) {
		int64_t due_ms = get_int(&select, 0);

		if (due_ms > now_ms) {
			lane->next_due_ms = due_ms < lane->next_due_ms ? due_ms : lane->next_due_ms;
			query_end(&select);
			return;
		}
		lane->n_waiting--;
		lane->n_blocked += blocked;
		lane->n_ready += !blocked;
	}
}

/* The smallest id of each state is the oldest of it. */
static int64_t oldest_ms(struct tx *tx, const struct outbox_lane *lane)
{
	struct query select = query(
		tx,
		"SELECT created_ms FROM delivery WHERE id = (SELECT min(id) FROM (SELECT min(id) AS id FROM"
		" delivery WHERE account_id = ?1 AND kind = ?2 AND op = ?3 AND priority = ?4"
		" AND blocked = 0 AND state = 0"
		" UNION ALL SELECT min(id) FROM delivery WHERE account_id = ?1 AND kind = ?2 AND op = ?3 AND"
		" priority = ?4"
		" AND blocked = 1 AND state = 0"
		" UNION ALL SELECT min(id) FROM delivery INDEXED BY delivery_waiting_age WHERE account_id ="
		" ?1 AND kind = ?2"
		" AND op = ?3 AND priority = ?4 AND state = 1"
		" UNION ALL SELECT min((SELECT min(d.id) FROM delivery d WHERE d.batch_id = batch.id AND"
		" d.batch_id <> 0))"
		" FROM batch WHERE account_id = ?1 AND kind = ?2 AND op = ?3 AND priority = ?4))");

	put_lane(&select, lane);
	return query_int(&select, 0);
}

struct outbox_lane *read_lanes(struct tx *tx, int64_t now_ms, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM lane");
	struct outbox_lane *lane = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct outbox_lane);
	struct query select = query(
		tx,
		"SELECT account_id, kind, op, priority, n_ready, n_blocked, n_waiting, n_sending FROM lane"
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
		for (int blocked = 0; blocked < 2 && lane[i].n_waiting > 0; blocked++)
			count_due(tx, now_ms, blocked, &lane[i]);
		lane[i].oldest_ms = oldest_ms(tx, &lane[i]);
	}
	return lane;
}

bool sqlite_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			 size_t *n, struct err *err)
{
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	*lane = read_lanes(&tx, now_ms, arena, n);
	return tx_commit(&tx, err);
}

/* ---- claim ---- */

/* Are there READY or SENDING deliveries of this kind and op in the account? */
static bool has_active(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, enum delivery_op op)
{
	struct query select =
		query(tx, "SELECT sum(n_ready + n_blocked + n_sending) FROM lane WHERE account_id = ?1"
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
	select = query(
		tx,
		"SELECT min(id) FROM (SELECT (SELECT min(d.id) FROM delivery d WHERE d.account_id = ?1 AND"
		" d.kind = ?2"
		" AND d.op = ?3 AND d.priority = p.column1 AND d.blocked = b.column1 AND d.state = 0) AS id"
		" FROM (VALUES (0), (1), (2), (3)) AS p CROSS JOIN (VALUES (0), (1)) AS b"
		" UNION ALL SELECT (SELECT min(d.id) FROM delivery d WHERE d.batch_id = batch.id AND"
		" d.batch_id <> 0) FROM batch"
		" WHERE account_id = ?1 AND kind = ?2 AND op = ?3)");
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
	int64_t bytes;
};

/* False: the batch is full. */
static bool take(struct taking *taking, const struct query *select)
{
	const struct outbox_claim *claim = taking->claim;
	struct delivery_row row;

	if (taking->n == claim->max_n || (taking->n > 0 && taking->row[0].delivery.solo))
		return false;
	delivery_read(select, taking->arena, &row);
	if (taking->n > 0 && !store_may_share(&taking->row[0].delivery, &row.delivery))
		return false;
	taking->bytes += row.bytes;
	if (taking->n > 0 && ((uint64_t)taking->bytes > claim->max_bytes || row.delivery.solo))
		return false;
	taking->row[taking->n++] = row;
	return true;
}

static void take_rows(struct query *select, struct taking *taking)
{
	const struct outbox_claim *claim = taking->claim;

	put_int(select, 1, claim->account_id);
	put_int(select, 2, claim->kind);
	put_int(select, 3, claim->op);
	put_int(select, 4, claim->priority);
	while (query_row(select)) {
		if (!take(taking, select)) {
			query_end(select);
			return;
		}
	}
}

/* An event waits while an older one of its person and priority is under way or waits for its next try. */
#define NOT_HELD_BACK \
	" AND (kind <> 3 OR NOT EXISTS (SELECT 1 FROM delivery o WHERE o.account_id = ?1 AND" \
	" o.parent_external_id = delivery.parent_external_id AND o.kind = 3 AND o.priority = ?4" \
	" AND o.id < delivery.id AND o.state IN (1, 2)))"

/* What may leave now, in order: first what waited, by the time it was due, then by id. */
static void take_batch(struct tx *tx, struct taking *taking)
{
	int64_t last_id = last_free_id(tx, taking->claim);
	struct query select;

	if (last_id == 0)
		return;
	taking->row = ARENA_ARRAY(taking->arena, taking->claim->max_n, struct delivery_row);
	select = query(
		tx,
		"SELECT " DELIVERY_COLUMNS " FROM delivery INDEXED BY delivery_waiting WHERE account_id = ?1"
		" AND kind = ?2 AND op = ?3 AND priority = ?4 AND blocked = 0 AND state = 1 AND due_ms <= ?6"
		" AND id <= ?5" NOT_HELD_BACK " ORDER BY due_ms, id");
	put_int(&select, 5, last_id);
	put_int(&select, 6, tx->now_ms);
	take_rows(&select, taking);
	select = query(tx, "SELECT " DELIVERY_COLUMNS
			   " FROM delivery INDEXED BY delivery_ready WHERE account_id = ?1"
			   " AND kind = ?2 AND op = ?3 AND priority = ?4 AND blocked = 0 AND state = 0 AND "
			   "id <= ?5" NOT_HELD_BACK " ORDER BY id");
	put_int(&select, 5, last_id);
	take_rows(&select, taking);
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
	audit_add(tx, &audit);
	*out = after.delivery;
	out->body = delivery_body_read(tx, out->id, arena);
}

static void batch_insert(struct tx *tx, const struct outbox_batch *batch, const struct outbox_claim *claim)
{
	struct query insert = query(tx, "INSERT INTO batch VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7)");

	put_int(&insert, 1, batch->id);
	put_int(&insert, 2, batch->account_id);
	put_int(&insert, 3, claim->kind);
	put_int(&insert, 4, claim->op);
	put_int(&insert, 5, claim->priority);
	put_text(&insert, 6, batch->endpoint);
	put_int(&insert, 7, batch->started_ms);
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
	batch_insert(tx, batch, claim);
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
	write = query(tx, "INSERT INTO budget VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET blob = ?3");
	put_int(&write, 1, budget->account_id);
	put_text(&write, 2, budget->endpoint);
	put_blob(&write, 3, budget->blob);
	query_run(&write);
}

bool sqlite_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			struct err *err)
{
	struct query count, select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
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
