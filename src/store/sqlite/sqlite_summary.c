/*
 * SQLite backend: the summary, what is on its way, and the conservation check.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

/* ---- summary ---- */

static struct store_summary *read_stores(struct tx *tx, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM store_count");
	struct store_summary *store = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct store_summary);
	struct query select =
		query(tx, "SELECT store_id, received, pending, mapped, ignored, duplicate, failed, discarded,"
			  " last_message_ms, n_due, n_held, last_shop_ms FROM store_count ORDER BY store_id");

	for (*n = 0; query_row(&select); (*n)++)
		store[*n] = (struct store_summary){
			.store_id = get_int(&select, 0),
			.received = get_int(&select, 1),
			.pending = get_int(&select, 2),
			.mapped = get_int(&select, 3),
			.ignored = get_int(&select, 4),
			.duplicate = get_int(&select, 5),
			.failed = get_int(&select, 6),
			.discarded = get_int(&select, 7),
			.last_message_ms = get_int(&select, 8),
			.due = get_int(&select, 9),
			.held = get_int(&select, 10),
			.last_shop_ms = get_int(&select, 11),
		};
	return store;
}

static struct account_summary *read_accounts(struct tx *tx, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM account_count");
	struct account_summary *account =
		ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct account_summary);
	struct query select =
		query(tx, "SELECT account_id, created, accepted, failed, skipped FROM account_count"
			  " ORDER BY account_id");

	for (*n = 0; query_row(&select); (*n)++)
		account[*n] = (struct account_summary){
			.account_id = get_int(&select, 0),
			.created = get_int(&select, 1),
			.accepted = get_int(&select, 2),
			.failed = get_int(&select, 3),
			.skipped = get_int(&select, 4),
			.next_due_ms = INT64_MAX,
		};
	return account;
}

/* The smallest id of the lane: each state has an index of its own that begins with it. */
static int64_t oldest_id(struct tx *tx, const struct outbox_lane *lane)
{
	struct query select = query(
		tx,
		"SELECT min(id) FROM (SELECT min(id) AS id FROM delivery WHERE account_id = ?1 AND kind = ?2"
		" AND op = ?3 AND priority = ?4 AND blocked = 0 AND state = 0"
		" UNION ALL SELECT min(id) FROM delivery WHERE account_id = ?1 AND kind = ?2 AND op = ?3"
		" AND priority = ?4 AND blocked = 1 AND state = 0"
		" UNION ALL SELECT min(id) FROM delivery INDEXED BY delivery_waiting_age WHERE account_id ="
		" ?1 AND kind = ?2 AND op = ?3 AND priority = ?4 AND state = 1"
		" UNION ALL SELECT min((SELECT min(d.id) FROM delivery d WHERE d.batch_id = batch.id AND"
		" d.batch_id <> 0)) FROM batch WHERE account_id = ?1 AND kind = ?2 AND op = ?3"
		" AND priority = ?4)");

	put_int(&select, 1, lane->account_id);
	put_int(&select, 2, lane->kind);
	put_int(&select, 3, lane->op);
	put_int(&select, 4, lane->priority);
	return query_int(&select, INT64_MAX);
}

static int64_t created_ms(struct tx *tx, int64_t delivery_id)
{
	struct query select = query(tx, "SELECT created_ms FROM delivery WHERE id = ?1");

	put_int(&select, 1, delivery_id);
	return query_int(&select, 0);
}

static void add_lane(struct account_summary *account, const struct outbox_lane *lane)
{
	account->ready += lane->n_ready + lane->n_blocked;
	account->waiting += lane->n_waiting;
	account->sending += lane->n_sending;
	if (lane->next_due_ms < account->next_due_ms)
		account->next_due_ms = lane->next_due_ms;
}

/* Both come by account. */
static void add_lanes(struct tx *tx, struct account_summary *account, size_t n_account,
		      const struct outbox_lane *lane, size_t n_lane)
{
	for (size_t i = 0, at = 0; i < n_account; i++) {
		int64_t oldest = INT64_MAX;

		while (at < n_lane && lane[at].account_id < account[i].account_id)
			at++;
		for (; at < n_lane && lane[at].account_id == account[i].account_id; at++) {
			int64_t id = oldest_id(tx, &lane[at]);

			add_lane(&account[i], &lane[at]);
			oldest = id < oldest ? id : oldest;
		}
		if (oldest != INT64_MAX)
			account[i].oldest_ms = created_ms(tx, oldest);
	}
}

static int64_t database_bytes(struct tx *tx)
{
	struct query count = query(tx, "PRAGMA page_count");
	struct query size = query(tx, "PRAGMA page_size");

	return query_int(&count, 0) * query_int(&size, 0);
}

static void judge_idle(struct summary *summary, const struct outbox_lane *lane, size_t n_lane)
{
	summary->idle = !summary->sweeping;
	for (size_t i = 0; i < summary->n_store; i++)
		summary->idle = summary->idle && summary->store[i].pending == 0 && summary->store[i].due == 0;
	for (size_t i = 0; i < n_lane; i++)
		summary->idle = summary->idle && lane[i].n_ready == 0 && lane[i].n_sending == 0;
}

bool sqlite_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err)
{
	struct account_summary *account;
	struct outbox_lane *lane;
	size_t n_lane;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*out = (struct summary){ 0 };
	lane = read_lanes(&tx, now_ms, arena, &n_lane);
	out->store = read_stores(&tx, arena, &out->n_store);
	account = read_accounts(&tx, arena, &out->n_account);
	add_lanes(&tx, account, out->n_account, lane, n_lane);
	out->account = account;
	out->sweeping = any_sweep(&tx);
	out->bytes = database_bytes(&tx) + sqlite_log_bytes(sqlite_of(db));
	judge_idle(out, lane, n_lane);
	out->idle = out->idle && !import_any_open(&tx) && !task_any_open(&tx) && !erase_any_due(&tx, arena);
	return tx_commit(&tx, err);
}

/* ---- pressure ---- */

bool sqlite_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
		     struct err *err)
{
	struct query count, select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM store_count");
	*row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct store_pressure);
	select = query(&tx, "SELECT store_id, pending, n_due FROM store_count WHERE pending + n_due > 0"
			    " ORDER BY store_id");
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = (struct store_pressure){
			.store_id = get_int(&select, 0),
			.pending = get_int(&select, 1),
			.due = get_int(&select, 2),
		};
	return tx_commit(&tx, err);
}

/* ---- conserve ---- */

/* Messages behind the store's cursor, counted from the rows, and those to be mapped again. */
static int64_t count_pending(struct tx *tx, int64_t store_id, struct arena *arena)
{
	struct query cursor = query(tx, "SELECT cursor_id FROM store_count WHERE store_id = ?1");
	struct query again = query(tx, "SELECT count(*) FROM message_again WHERE store_id = ?1");
	int64_t cursor_id, pending;
	const int64_t *day;
	size_t n;

	put_int(&cursor, 1, store_id);
	cursor_id = query_int(&cursor, 0);
	put_int(&again, 1, store_id);
	pending = query_int(&again, 0);
	day = day_list(tx, DAY_MESSAGE, true, arena, &n);
	for (size_t i = 0; i < n; i++) {
		struct query count;

		if (day[i] < store_id_day(cursor_id))
			continue;
		count = query_day(tx, "SELECT count(*) FROM message_%s WHERE store_id = ?1 AND id > ?2",
				  day[i]);
		put_int(&count, 1, store_id);
		put_int(&count, 2, cursor_id);
		pending += query_int(&count, 0);
	}
	return pending;
}

static int64_t count_of_store(struct query *count, int64_t store_id)
{
	put_int(count, 1, store_id);
	return query_int(count, 0);
}

static struct str check_store(struct tx *tx, const struct store_summary *count, struct arena *arena)
{
	struct query failed_rows = query(tx, "SELECT count(*) FROM message_failed WHERE store_id = ?1");
	struct query due_rows = query(tx, "SELECT count(*) FROM due WHERE store_id = ?1");
	struct query held_rows = query(tx, "SELECT count(*) FROM held WHERE store_id = ?1");
	int64_t pending = count_pending(tx, count->store_id, arena);
	int64_t failed = count_of_store(&failed_rows, count->store_id);
	int64_t due = count_of_store(&due_rows, count->store_id);
	int64_t held = count_of_store(&held_rows, count->store_id);
	int64_t sum = pending + count->mapped + count->ignored + count->duplicate + failed + count->discarded;

	if (count->received != sum || count->pending != pending || count->failed != failed)
		return arena_printf(arena,
				    "store %" PRId64 ": received %" PRId64 ", but %" PRId64
				    " pending (counted %" PRId64 ") and %" PRId64 " failed (counted %" PRId64
				    ") make %" PRId64,
				    count->store_id, count->received, pending, count->pending, failed,
				    count->failed, sum);
	if (count->due != due || count->held != held)
		return arena_printf(arena,
				    "store %" PRId64 ": %" PRId64 " due (counted %" PRId64 "), %" PRId64
				    " held (counted %" PRId64 ")",
				    count->store_id, due, count->due, held, count->held);
	return STR("");
}

static struct str check_account(struct tx *tx, const struct account_summary *count, struct arena *arena)
{
	struct query select =
		query(tx, "SELECT count(*) FILTER (WHERE state <= 2), count(*) FILTER (WHERE state = 4)"
			  " FROM delivery WHERE account_id = ?1");
	int64_t pending = 0, failed = 0, sum;

	put_int(&select, 1, count->account_id);
	if (query_row(&select)) {
		pending = get_int(&select, 0);
		failed = get_int(&select, 1);
		query_end(&select);
	}
	sum = pending + count->accepted + failed + count->skipped;
	if (count->created == sum && count->failed == failed)
		return STR("");
	return arena_printf(arena,
			    "account %" PRId64 ": created %" PRId64 ", but %" PRId64 " pending and %" PRId64
			    " failed (counted %" PRId64 ") make %" PRId64,
			    count->account_id, count->created, pending, failed, count->failed, sum);
}

static struct str check_batches(struct tx *tx, struct arena *arena)
{
	struct query select =
		query(tx, "SELECT id FROM delivery WHERE state = 2 AND batch_id NOT IN (SELECT id FROM batch)"
			  " LIMIT 1");
	int64_t id = query_int(&select, 0);

	return id == 0 ? STR("") : arena_printf(arena, "delivery %" PRId64 " is sending in no batch", id);
}

static struct str check_lanes(struct tx *tx, struct arena *arena)
{
	struct query select = query(
		tx,
		"SELECT account_id, kind, op, priority FROM (SELECT account_id, kind, op, priority, n_ready,"
		" n_blocked, n_waiting, n_sending FROM lane"
		" WHERE n_ready + n_blocked + n_waiting + n_sending <> 0"
		" EXCEPT SELECT account_id, kind, op, priority, count(*) FILTER (WHERE state = 0 AND NOT"
		" blocked),"
		" count(*) FILTER (WHERE state = 0 AND blocked), count(*) FILTER (WHERE state = 1),"
		" count(*) FILTER (WHERE state = 2) FROM delivery WHERE state <= 2 GROUP BY account_id,"
		" kind, op, priority)"
		" LIMIT 1");
	struct str error = STR("");

	if (query_row(&select)) {
		error = arena_printf(arena,
				     "lane of account %" PRId64 " (%s %s, %s) disagrees with its deliveries",
				     get_int(&select, 0), delivery_op_text(get_delivery_op(&select, 2)),
				     klaviyo_kind_text(get_klaviyo_kind(&select, 1)),
				     priority_text(get_priority(&select, 3)));
		query_end(&select);
	}
	return error;
}

bool sqlite_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err)
{
	const struct store_summary *store;
	const struct account_summary *account;
	size_t n_store, n_account;
	struct tx tx;

	if (sqlite_of(db)->interrupted)
		return sqlite_err(NULL, err, SQLITE_INTERRUPT, "");
	if (!tx_begin_read(&tx, db, READER_CHECK, err))
		return false;
	out->error = check_batches(&tx, arena);
	store = read_stores(&tx, arena, &n_store);
	for (size_t i = 0; i < n_store && out->error.len == 0; i++)
		out->error = check_store(&tx, &store[i], arena);
	account = read_accounts(&tx, arena, &n_account);
	for (size_t i = 0; i < n_account && out->error.len == 0; i++)
		out->error = check_account(&tx, &account[i], arena);
	if (out->error.len == 0)
		out->error = check_lanes(&tx, arena);
	return tx_commit(&tx, err);
}
