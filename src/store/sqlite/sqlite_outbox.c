/*
 * SQLite backend: lanes, and taking deliveries out of one.
 */
#include "base/mutant.h"
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
			.kind = get_klaviyo_kind(&select, 1),
			.op = get_delivery_op(&select, 2),
			.priority = get_priority(&select, 3),
			.n_ready = get_int(&select, 4),
			.n_blocked = get_int(&select, 5),
			.n_waiting = get_int(&select, 6),
			.n_sending = get_int(&select, 7),
			.next_due_ms = INT64_MAX,
		};
	for (size_t i = 0; i < *n; i++)
		for (int blocked = 0; blocked < 2 && lane[i].n_waiting > 0; blocked++)
			count_due(tx, now_ms, blocked, &lane[i]);
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
	struct tx *tx;
	const struct outbox_claim *claim;
	bool anybody_moved; /* events: of the account */
	struct arena *arena;
	struct delivery_row *row;
	size_t n;
	int64_t bytes;
	bool ended; /* a row did not fit: what comes after it must not overtake it */
};

/* What the query of the claim cannot tell of people who move. Names the person of an event. */
static bool waits_for_move(const struct taking *taking, struct delivery *delivery)
{
	if (mutant_is(MUTANT_move_overtaken) || mutant_is(MUTANT_former_told))
		return false;
	if (delivery->kind == KLAVIYO_EVENT && taking->anybody_moved) {
		delivery->person_now = sent_person_now(taking->tx, delivery, taking->arena);
		return event_waits(taking->tx, delivery);
	}
	return delivery->kind == KLAVIYO_PROFILE && delivery->parent_external_id.len > 0 &&
	       move_waits(taking->tx, delivery, taking->arena);
}

/* False: the batch has ended. */
static bool take(struct taking *taking, const struct query *select)
{
	const struct outbox_claim *claim = taking->claim;
	struct delivery_row row;

	if (taking->n == claim->max_n)
		return false;
	delivery_read(select, taking->arena, &row);
	if (waits_for_move(taking, &row.delivery))
		return true;
	if (taking->n > 0 && !store_may_share(&taking->row[0].delivery, taking->n, &row.delivery))
		return false;
	taking->bytes += row.bytes;
	if (taking->n > 0 && (uint64_t)taking->bytes > claim->max_bytes)
		return false;
	taking->row[taking->n++] = row;
	return true;
}

#define HOLD_TEXT(n)   #n
#define HOLD_EXPAND(n) HOLD_TEXT(n)
#define HOLD_ATTEMPTS  HOLD_EXPAND(STORE_HOLD_ATTEMPTS)

static void take_rows(struct query *select, struct taking *taking)
{
	const struct outbox_claim *claim = taking->claim;

	put_int(select, 1, claim->account_id);
	put_int(select, 2, claim->kind);
	put_int(select, 3, claim->op);
	put_int(select, 4, claim->priority);
	while (query_row(select)) {
		if (!take(taking, select)) {
			taking->ended = true;
			query_end(select);
			return;
		}
	}
}

/*
 * An event or notice waits while an older one of its person or store, and priority, holds it back (store.h).
 * An event that waited and is due does not: it comes first, and a batch has no gaps.
 */
#define NO_OLDER(kind, above, below, holds) \
	" AND (kind <> " kind " OR NOT EXISTS (SELECT 1 FROM delivery o WHERE o.account_id = ?1 AND" \
	" o.parent_external_id = delivery.parent_external_id AND o.kind > " above " AND o.kind < " below \
	" AND o.priority = ?4 AND o.id < delivery.id AND o.state IN (1, 2)" holds "))"
#define EVENT_HOLDS \
	" AND o.attempts < " HOLD_ATTEMPTS " AND o.due_ms <= ?6 AND (o.state = 2 OR o.due_ms >" \
	" CASE delivery.state WHEN 1 THEN delivery.due_ms ELSE ?7 END)"
/*
 * Of somebody who is about to be looked at: perhaps they have just left. Who only waits for a time was
 * looked at.
 */
#define NOT_IN_DOUBT \
	" AND (kind <> 5 OR op <> 0 OR NOT EXISTS (SELECT 1 FROM due WHERE due.store_id = delivery.store_id" \
	" AND due.kind = delivery.root_kind AND due.id = delivery.root_id AND due.due_ms <= ?6))"
/*
 * Of somebody whose profile is about to get another address: told under that one before, there would be
 * two. So there would with what is told of the former one and arrives after it was looked for: events and
 * consents that are on their way then end first, those that wait go behind: events under the new one
 * (person_now), consents never (former_end).
 * The profile itself waits for what was told under the former one.
 */
#define NOT_MOVING \
	" AND (kind NOT IN (3, 5) OR NOT EXISTS (SELECT 1 FROM delivery m INDEXED BY delivery_move WHERE" \
	" m.account_id = ?1 AND m.external_id = iif(delivery.kind = 3, delivery.parent_external_id," \
	" delivery.root_id) AND m.kind > 3 AND m.kind < 5 AND m.parent_external_id <> '' AND m.state <= 2" \
	" AND m.attempts < " HOLD_ATTEMPTS "))" \
	" AND (kind <> 4 OR op <> 0 OR NOT EXISTS (SELECT 1 FROM delivery m WHERE m.account_id = ?1" \
	" AND m.kind = 4 AND m.external_id = delivery.parent_external_id AND m.id < delivery.id" \
	" AND m.kind <> 3 AND m.state <= 2 AND m.attempts < " HOLD_ATTEMPTS "))" \
	" AND (kind <> 3 OR NOT EXISTS (SELECT 1 FROM delivery m INDEXED BY delivery_former WHERE" \
	" m.account_id = ?1 AND m.parent_external_id = delivery.parent_external_id AND m.id > delivery.id" \
	" AND m.kind > 3 AND m.kind < 5 AND m.parent_external_id <> '' AND m.state <= 2" \
	" AND (m.state = 2 OR m.op = 1) AND m.attempts < " HOLD_ATTEMPTS "))" \
	" AND (kind <> 4 OR parent_external_id = '' OR NOT EXISTS (SELECT 1 FROM delivery o INDEXED BY" \
	" delivery_person WHERE o.account_id = ?1 AND o.parent_external_id = delivery.parent_external_id" \
	" AND o.kind > 2 AND o.kind < 4 AND o.state IN (1, 2) AND o.state > 1))" \
	" AND (kind <> 5 OR NOT EXISTS (SELECT 1 FROM delivery m INDEXED BY delivery_former WHERE" \
	" m.account_id = ?1 AND 'email:' || m.parent_external_id = delivery.external_id" \
	" AND m.parent_external_id = substr(delivery.external_id, 7)" \
	" AND m.kind > 3 AND m.kind < 5 AND m.parent_external_id <> '' AND m.state <= 2" \
	" AND (m.state = 2 OR m.op = 1) AND m.attempts < " HOLD_ATTEMPTS "))" \
	" AND (kind <> 4 OR parent_external_id = '' OR NOT EXISTS (SELECT 1 FROM delivery o WHERE" \
	" o.account_id = ?1 AND o.kind = 5 AND o.external_id = 'email:' || delivery.parent_external_id" \
	" AND o.kind <> 3 AND o.state <= 2 AND o.state > 1))"
/* A deletion of somebody of whom other things could still leave behind it, and bring the profile back. */
#define ALL_STOPPED \
	" AND (kind <> 4 OR op <> 2 OR NOT EXISTS (SELECT 1 FROM erase WHERE erase.store_id =" \
	" delivery.store_id AND erase.id = delivery.root_id AND erase.phase < 2))"
/* An event of who is back before their deletion would go with it; a refused one holds nothing. */
#define NOT_BEFORE_DELETION \
	" AND (kind <> 3 OR NOT EXISTS (SELECT 1 FROM erase WHERE erase.store_id = delivery.store_id" \
	" AND erase.id = delivery.parent_external_id AND (erase.phase < 2 OR EXISTS (SELECT 1" \
	" FROM delivery m WHERE m.account_id = ?1 AND m.kind = 4 AND m.kind <> 3 AND m.state <= 2" \
	" AND m.external_id = delivery.parent_external_id))))"
#define HELD_BACK_BY(moves) \
	NO_OLDER("3", "2", "4", EVENT_HOLDS) \
	NO_OLDER("6", "5", "7", "") NOT_IN_DOUBT moves ALL_STOPPED NOT_BEFORE_DELETION
#define NOT_HELD_BACK HELD_BACK_BY(NOT_MOVING)

#define READY_ROWS(condition) \
	"SELECT " DELIVERY_COLUMNS " FROM delivery INDEXED BY delivery_ready WHERE account_id = ?1" \
	" AND kind = ?2 AND op = ?3 AND priority = ?4 AND blocked = 0 AND state = 0 AND id <= ?5" condition \
	" ORDER BY id"

/* What may leave now, in order: first what waited, by the time it was due, then by id. */
static void take_batch(struct tx *tx, struct taking *taking)
{
	int64_t last_id = last_free_id(tx, taking->claim);
	struct query select;

	if (last_id == 0)
		return;
	taking->row = ARENA_ARRAY(taking->arena, taking->claim->max_n, struct delivery_row);
	taking->tx = tx;
	taking->anybody_moved =
		taking->claim->kind == KLAVIYO_EVENT && sent_anybody_moved(tx, taking->claim->account_id);
	select = query(
		tx,
		"SELECT " DELIVERY_COLUMNS " FROM delivery INDEXED BY delivery_waiting WHERE account_id = ?1"
		" AND kind = ?2 AND op = ?3 AND priority = ?4 AND blocked = 0 AND state = 1 AND due_ms <= ?7"
		" AND id <= ?5" NOT_HELD_BACK " ORDER BY due_ms, id");
	put_int(&select, 5, last_id);
	put_int(&select, 6, tx->now_ms + STORE_HOLD_MS);
	put_int(&select, 7, tx->now_ms);
	take_rows(&select, taking);
	if (taking->ended)
		return;
	select = query(tx, mutant_is(MUTANT_order_at_retry)   ? READY_ROWS(" AND ?6 > ?7")
			   : mutant_is(MUTANT_move_overtaken) ? READY_ROWS(HELD_BACK_BY(""))
							      : READY_ROWS(NOT_HELD_BACK));
	put_int(&select, 5, last_id);
	put_int(&select, 6, tx->now_ms + STORE_HOLD_MS);
	put_int(&select, 7, tx->now_ms);
	take_rows(&select, taking);
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

/* A planted bug takes the membership from the last of several. */
static void take_all(struct tx *tx, const struct taking *taking, int64_t batch_id)
{
	size_t n_lost = mutant_is(MUTANT_lost_membership) && taking->n > 1;

	batch_take(tx, taking->row, taking->n - n_lost, batch_id, taking->arena);
	if (n_lost > 0)
		batch_take(tx, &taking->row[taking->n - 1], 1, 0, taking->arena);
	batch_bodies_read(tx, taking->row, taking->n, taking->arena);
}

static void make_batch(struct tx *tx, const struct taking *taking, struct outbox_batch *batch)
{
	const struct outbox_claim *claim = taking->claim;
	bool alone = taking->n == 1 && claim->alone.endpoint.len > 0;
	struct str endpoint = alone ? claim->alone.endpoint : claim->endpoint;
	struct delivery *delivery = ARENA_ARRAY(taking->arena, taking->n, struct delivery);

	*batch = (struct outbox_batch){
		.id = tx_id(tx),
		.account_id = claim->account_id,
		.endpoint = arena_dup(taking->arena, endpoint),
		.started_ms = tx->now_ms,
		.delivery = delivery,
		.n = taking->n,
	};
	batch_insert(tx, batch, claim);
	take_all(tx, taking, batch->id);
	for (size_t i = 0; i < taking->n; i++) {
		struct audit_row audit =
			delivery_audit(&taking->row[i].delivery, AUDIT_DELIVERY_SENT, endpoint);

		audit_add(tx, &audit);
		delivery[i] = taking->row[i].delivery;
	}
	budget_put(tx, alone ? &claim->alone : &claim->budget);
}

static void skip_all(struct tx *tx, const struct taking *taking)
{
	for (size_t i = 0; i < taking->n; i++) {
		delivery_skip(tx, &taking->row[i], AUDIT_DELIVERY_SKIPPED, taking->claim->unwanted,
			      taking->arena);
		ops_renew(tx, &taking->row[i].delivery, taking->arena);
	}
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
	if (claim->unwanted.len > 0)
		skip_all(&tx, &taking);
	else if (taking.n > 0)
		make_batch(&tx, &taking, batch);
	batch->n_skipped = taking.n - batch->n;
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
