/*
 * SQLite backend: claiming pending messages, in turn over the stores, and reading one.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

#define MESSAGE_COLUMNS "id, store_id, received_ms, topic, source_id, priority, body"

int64_t account_of_store(struct tx *tx, int64_t store_id)
{
	struct query select = query(tx, "SELECT account_id FROM store WHERE id = ?1");

	put_int(&select, 1, store_id);
	return query_int(&select, 0);
}

static struct inbox_message message_read(const struct query *select, struct arena *arena)
{
	return (struct inbox_message){
		.id = get_int(select, 0),
		.store_id = get_int(select, 1),
		.received_ms = get_int(select, 2),
		.topic = get_text(select, 3, arena),
		.source_id = get_text(select, 4, arena),
		.priority = get_priority(select, 5),
		.body = get_text(select, 6, arena),
		.state = MESSAGE_PENDING,
	};
}

static bool read_one(struct query *select, int64_t id, struct arena *arena, struct inbox_message *out)
{
	put_int(select, 1, id);
	if (!query_row(select))
		return false;
	*out = message_read(select, arena);
	query_end(select);
	return true;
}

/* From its day, or from those that were kept when their day was dropped. */
bool message_find(struct tx *tx, int64_t id, struct arena *arena, struct inbox_message *out)
{
	int64_t day = store_id_day(id);
	struct query select;

	if (day_exists(tx, DAY_MESSAGE, day)) {
		select = query_day(tx, "SELECT " MESSAGE_COLUMNS " FROM message_%s WHERE id = ?1", day);
		if (read_one(&select, id, arena, out))
			return true;
	}
	select = query(tx, "SELECT " MESSAGE_COLUMNS " FROM message_kept WHERE id = ?1");
	return read_one(&select, id, arena, out);
}

/* ---- claim ---- */

struct claim {
	struct tx *tx;
	struct arena *arena;
	struct inbox_message *message;
	size_t n;
	size_t max_n;
	size_t bytes;
	size_t max_bytes;
	const int64_t *day; /* days that have messages, oldest first */
	size_t n_day;
};

/* A store's part in a claim, and how much of it is taken. */
struct share {
	int64_t store_id;
	int64_t cursor_id;
	int64_t after_id; /* the last one given */
	size_t n;
	size_t max_n;
	size_t bytes;
	size_t max_bytes;
};

static bool claim_full(const struct claim *claim)
{
	return claim->n > 0 && (claim->n >= claim->max_n || claim->bytes >= claim->max_bytes);
}

static bool has_room(const struct claim *claim, const struct share *share)
{
	return !claim_full(claim) &&
	       (share->n == 0 || (share->n < share->max_n && share->bytes < share->max_bytes));
}

static void claim_take(struct claim *claim, struct share *share, const struct inbox_message *message)
{
	claim->message[claim->n++] = *message;
	claim->bytes += message->body.len;
	share->bytes += message->body.len;
	share->n++;
	share->after_id = message->id;
}

static int64_t next_again(struct tx *tx, const struct share *share, int64_t *priority)
{
	struct query select = query(tx, "SELECT id, priority FROM message_again WHERE store_id = ?1"
					" AND id > ?2 ORDER BY id LIMIT 1");
	int64_t id;

	put_int(&select, 1, share->store_id);
	put_int(&select, 2, share->after_id);
	if (!query_row(&select))
		return 0;
	id = get_int(&select, 0);
	*priority = get_int(&select, 1) < 0 ? -1 : (int64_t)get_priority(&select, 1);
	query_end(&select);
	return id;
}

/* Messages to be mapped again lie at or before the cursor. False: no more room. */
static bool claim_again(struct claim *claim, struct share *share)
{
	struct inbox_message message;
	int64_t id, priority = -1;

	while ((id = next_again(claim->tx, share, &priority)) != 0) {
		if (!has_room(claim, share))
			return false;
		if (!message_find(claim->tx, id, claim->arena, &message))
			return true;
		if (priority >= 0)
			message.priority = (enum priority)priority;
		claim_take(claim, share, &message);
	}
	return true;
}

static int64_t share_position(const struct share *share)
{
	return share->after_id > share->cursor_id ? share->after_id : share->cursor_id;
}

static bool claim_day(struct claim *claim, struct share *share, int64_t day)
{
	struct query select = query_day(claim->tx,
					"SELECT " MESSAGE_COLUMNS " FROM message_%s WHERE store_id = ?1"
					" AND id > ?2 ORDER BY id",
					day);

	put_int(&select, 1, share->store_id);
	put_int(&select, 2, share_position(share));
	while (query_row(&select)) {
		struct inbox_message message;

		if (!has_room(claim, share)) {
			query_end(&select);
			return false;
		}
		message = message_read(&select, claim->arena);
		claim_take(claim, share, &message);
	}
	return true;
}

static void claim_store(struct claim *claim, struct share *share, size_t max_n, size_t max_bytes)
{
	share->n = 0;
	share->max_n = max_n;
	share->bytes = 0;
	share->max_bytes = max_bytes;
	if (share->after_id <= share->cursor_id && !claim_again(claim, share))
		return;
	for (size_t i = 0; i < claim->n_day; i++)
		if (claim->day[i] >= store_id_day(share_position(share)) &&
		    !claim_day(claim, share, claim->day[i]))
			return;
}

/* Stores with something pending, in turn from the one after the last served. */
static struct share *shares_in_turn(struct tx *tx, int64_t turn_store_id, struct arena *arena, size_t *n)
{
	struct share *share = ARENA_ARRAY(arena, STORE_TURN_SEEN, struct share);

	*n = 0;
	for (int round = 0; round < 2; round++) {
		struct query select =
			query(tx, "SELECT store_id, cursor_id FROM store_count WHERE pending > 0"
				  " AND store_id > ?1 AND store_id <= ?2 ORDER BY store_id LIMIT ?3");

		put_int(&select, 1, round == 0 ? turn_store_id : 0);
		put_int(&select, 2, round == 0 ? INT64_MAX : turn_store_id);
		put_int(&select, 3, (int64_t)(STORE_TURN_SEEN - *n));
		while (query_row(&select))
			share[(*n)++] = (struct share){ .store_id = get_int(&select, 0),
							.cursor_id = get_int(&select, 1) };
	}
	return share;
}

bool sqlite_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);
	struct tx tx;
	struct claim claim = { .tx = &tx, .arena = arena, .max_n = max_n, .max_bytes = max_bytes };
	struct share *share;
	size_t n_share, rows;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	share = shares_in_turn(&tx, sqlite->turn_store_id, arena, &n_share);
	rows = store_turn_rows(n_share);
	if (n_share > 0) {
		claim.message = ARENA_ARRAY(arena, max_n, struct inbox_message);
		claim.day = day_list(&tx, DAY_MESSAGE, true, arena, &claim.n_day);
	}
	for (size_t i = 0; i < n_share && !claim_full(&claim); i++) {
		claim_store(&claim, &share[i], rows, store_turn_bytes(rows, max_n, max_bytes));
		sqlite->turn_store_id = share[i].store_id;
	}
	for (size_t i = 0; i < n_share && !claim_full(&claim); i++)
		claim_store(&claim, &share[i], max_n, max_bytes);
	*message = claim.message;
	*n = claim.n;
	return tx_commit(&tx, err);
}

/* ---- get ---- */

static int64_t int_of(struct query *select, int64_t id, int64_t otherwise)
{
	put_int(select, 1, id);
	return query_int(select, otherwise);
}

/* What became of it, where that is written down; -1 = nowhere. */
static int64_t marked_state(struct tx *tx, const struct inbox_message *message)
{
	struct query select = query(tx, "SELECT 1 FROM message_failed WHERE id = ?1");
	int64_t day = store_id_day(message->id);

	if (int_of(&select, message->id, 0) == 1)
		return MESSAGE_FAILED;
	select = query(tx, "SELECT 1 FROM message_again WHERE id = ?1 AND store_id = ?2");
	put_int(&select, 2, message->store_id);
	if (int_of(&select, message->id, 0) == 1)
		return MESSAGE_PENDING;
	select = day_exists(tx, DAY_MESSAGE, day)
			 ? query_day(tx, "SELECT state FROM message_end_%s WHERE id = ?1", day)
			 : query(tx, "SELECT state FROM message_kept WHERE id = ?1");
	return int_of(&select, message->id, -1);
}

enum message_state message_state_of(struct tx *tx, const struct inbox_message *message)
{
	struct query select =
		query(tx, "SELECT cursor_id, discarded_from_id FROM store_count WHERE store_id = ?1");
	enum message_state state = MESSAGE_PENDING;
	int64_t marked;

	put_int(&select, 1, message->store_id);
	if (query_row(&select)) {
		if (message->id > get_int(&select, 1))
			state = MESSAGE_DISCARDED;
		else if (message->id <= get_int(&select, 0))
			state = MESSAGE_MAPPED;
		query_end(&select);
	}
	marked = marked_state(tx, message);
	if (marked > MESSAGE_DISCARDED)
		tx_fail(tx, SQLITE_CORRUPT);
	return marked >= 0 ? (enum message_state)marked : state;
}

bool sqlite_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
		      struct err *err)
{
	bool found;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	found = message_find(&tx, id, arena, out);
	if (found)
		out->state = message_state_of(&tx, out);
	if (!tx_commit(&tx, err))
		return false;
	return found || err_set(err, ERR_NOT_FOUND, "no message %" PRId64, id);
}
