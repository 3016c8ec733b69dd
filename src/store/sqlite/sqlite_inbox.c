/*
 * SQLite backend: the inbox. Appending writes one row and one key per message; mapping moves a cursor per store. Nothing is deleted.
 */
#include "store/sqlite/sqlite_internal.h"

#include "base/clock.h"

#include <inttypes.h>

int64_t account_of_store(struct tx *tx, int64_t store_id)
{
	struct query select = query(tx, "SELECT account_id FROM store WHERE id = ?1");

	put_int(&select, 1, store_id);
	return query_int(&select, 0);
}

/* ---- append ---- */

/* Counts of one store, written when the next store comes. */
struct tally {
	int64_t store_id;
	bool known;
	int64_t received;
	int64_t duplicate;
	int64_t last_message_ms;
};

struct append {
	struct tx *tx;
	struct tally tally;
	int64_t day;               /* today, by the last id; its tables are there */
	int64_t past[STORE_DUPLICATE_DAYS]; /* days before it that have keys, newest first */
	size_t n_past;
};

static void tally_write(struct append *append)
{
	const struct tally *tally = &append->tally;
	int64_t n_new = tally->received - tally->duplicate;
	struct query update;

	if (tally->received == 0)
		return;
	update = query(append->tx,
		       "INSERT INTO store_count (store_id, received, duplicate, pending, discarded, last_message_ms)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (store_id) DO UPDATE SET"
		       " received = received + ?2, duplicate = duplicate + ?3, pending = pending + ?4,"
		       " discarded = discarded + ?5, last_message_ms = ?6");
	put_int(&update, 1, tally->store_id);
	put_int(&update, 2, tally->received);
	put_int(&update, 3, tally->duplicate);
	put_int(&update, 4, tally->known ? n_new : 0);
	put_int(&update, 5, tally->known ? 0 : n_new);
	put_int(&update, 6, tally->last_message_ms);
	query_run(&update);
}

static void tally_store(struct append *append, int64_t store_id)
{
	if (append->tally.store_id == store_id)
		return;
	tally_write(append);
	append->tally = (struct tally){ .store_id = store_id, .known = account_of_store(append->tx, store_id) != 0 };
}

static void turn_day(struct append *append, int64_t day)
{
	if (append->day == day)
		return;
	append->day = day;
	append->n_past = 0;
	day_ensure(append->tx, DAY_MESSAGE, day);
	day_ensure(append->tx, DAY_SEEN, day);
	for (int64_t past = day - 1; past >= day - STORE_DUPLICATE_DAYS; past--)
		if (day_exists(append->tx, DAY_SEEN, past))
			append->past[append->n_past++] = past;
}

/* The newest message of the record's slot on that day; false if there is none. */
static bool seen_find(struct tx *tx, int64_t day, const struct inbox_record *record, struct digest16 *key, int64_t *id)
{
	struct query select = query_day(tx, "SELECT key, message_id FROM seen_%s WHERE store_id = ?1 AND slot = ?2", day);

	put_int(&select, 1, record->store_id);
	put_digest(&select, 2, &record->slot);
	if (!query_row(&select))
		return false;
	*key = get_digest(&select, 0);
	*id = get_int(&select, 1);
	query_end(&select);
	return true;
}

static bool is_duplicate(struct append *append, const struct inbox_record *record, int64_t *id)
{
	struct digest16 key;

	if (seen_find(append->tx, append->day, record, &key, id))
		return digest16_eq(key, record->key);
	for (size_t i = 0; i < append->n_past; i++)
		if (seen_find(append->tx, append->past[i], record, &key, id))
			return digest16_eq(key, record->key);
	return false;
}

static void message_insert(struct append *append, const struct inbox_record *record, int64_t id)
{
	struct query insert = query_day(append->tx, "INSERT INTO message_%s VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
					store_id_day(id));
	struct query seen;

	put_int(&insert, 1, id);
	put_int(&insert, 2, record->store_id);
	put_int(&insert, 3, record->received_ms);
	put_text(&insert, 4, record->topic);
	put_text(&insert, 5, record->source_id);
	put_blob(&insert, 6, record->body);
	query_run(&insert);
	seen = query_day(append->tx, "INSERT OR REPLACE INTO seen_%s VALUES (?1, ?2, ?3, ?4)", append->day);
	put_int(&seen, 1, record->store_id);
	put_digest(&seen, 2, &record->slot);
	put_digest(&seen, 3, &record->key);
	put_int(&seen, 4, id);
	query_run(&seen);
}

static void mark(struct tx *tx, int64_t id, int64_t store_id, enum message_state state, struct str reason)
{
	struct query insert = query(tx, "INSERT OR REPLACE INTO message_mark VALUES (?1, ?2, ?3, ?4, ?5)");

	put_int(&insert, 1, id);
	put_int(&insert, 2, store_id);
	put_int(&insert, 3, state);
	put_int(&insert, 4, tx->now_ms);
	put_text(&insert, 5, reason);
	query_run(&insert);
}

static void unmark(struct tx *tx, int64_t id)
{
	struct query remove = query(tx, "DELETE FROM message_mark WHERE id = ?1");

	put_int(&remove, 1, id);
	query_run(&remove);
}

/* A store that was removed while the message was on its way. */
static void discard_new(struct tx *tx, const struct inbox_record *record, int64_t id)
{
	mark(tx, id, record->store_id, MESSAGE_DISCARDED, STR(STORE_TEXT_STORE_REMOVED));
	audit_add(tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
					   .store_id = record->store_id,
					   .message_id = id,
					   .reason = STR(STORE_TEXT_STORE_REMOVED) });
}

static struct inbox_receipt append_record(struct append *append, const struct inbox_record *record)
{
	struct tx *tx = append->tx;
	int64_t id = 0;

	tx->now_ms = record->received_ms;
	tally_store(append, record->store_id);
	append->tally.received++;
	append->tally.last_message_ms = record->received_ms;
	turn_day(append, time_day(record->received_ms) > append->day ? time_day(record->received_ms) : append->day);
	if (is_duplicate(append, record, &id)) {
		append->tally.duplicate++;
		audit_add(tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DUPLICATE,
						   .store_id = record->store_id,
						   .message_id = id,
						   .reason = record->topic });
		return (struct inbox_receipt){ INBOX_DUPLICATE, id };
	}
	id = tx_id(tx);
	message_insert(append, record, id);
	if (!append->tally.known)
		discard_new(tx, record, id);
	return (struct inbox_receipt){ INBOX_NEW, id };
}

/* Today by the sequence, which never goes back even if the clock does. */
static int64_t sequence_day(struct tx *tx)
{
	struct query select = query(tx, "SELECT value FROM meta WHERE name = 'last_id'");

	return store_id_day(store_id_next(query_int(&select, 0), tx->now_ms));
}

bool sqlite_inbox_append(struct db *db, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt,
			 struct err *err)
{
	struct tx tx;
	struct append append = { .tx = &tx, .day = INT64_MIN };

	if (n == 0)
		return true;
	if (!tx_begin_write(&tx, db, CRASH_inbox_append, record[0].received_ms, err))
		return false;
	turn_day(&append, sequence_day(&tx));
	for (size_t i = 0; i < n && tx.rc == SQLITE_OK; i++)
		receipt[i] = append_record(&append, &record[i]);
	tally_write(&append);
	return tx_commit(&tx, err);
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
	const int64_t *day;        /* days that have messages, oldest first */
	size_t n_day;
};

/* A store's part in a claim. */
struct share {
	int64_t store_id;
	int64_t cursor_id;
	int64_t after_id;          /* the last one given */
	size_t n;
	size_t bytes;
};

static bool claim_full(const struct claim *claim)
{
	return claim->n > 0 && (claim->n >= claim->max_n || claim->bytes >= claim->max_bytes);
}

/* columns: id, store_id, received_ms, topic, source_id, body */
static struct inbox_message message_read(const struct query *select, struct arena *arena)
{
	return (struct inbox_message){
		.id = get_int(select, 0),
		.store_id = get_int(select, 1),
		.received_ms = get_int(select, 2),
		.topic = get_text(select, 3, arena),
		.source_id = get_text(select, 4, arena),
		.body = get_text(select, 5, arena),
		.state = MESSAGE_PENDING,
	};
}

/* False: the share or the claim is full. */
static bool claim_room(const struct claim *claim, const struct share *share, size_t share_n, size_t share_bytes)
{
	return !claim_full(claim) && (share->n == 0 || (share->n < share_n && share->bytes < share_bytes));
}

static void claim_take(struct claim *claim, struct share *share, const struct query *select)
{
	struct inbox_message *message = &claim->message[claim->n++];

	*message = message_read(select, claim->arena);
	claim->bytes += message->body.len;
	share->bytes += message->body.len;
	share->n++;
	share->after_id = message->id;
}

/* Messages that a person wants mapped again lie at or before the cursor. */
static bool claim_again(struct claim *claim, struct share *share, size_t share_n, size_t share_bytes)
{
	struct query next = query(claim->tx, "SELECT id FROM message_mark WHERE state = 0 AND id > ?1 AND store_id = ?2"
					     " ORDER BY id LIMIT 1");

	while (claim_room(claim, share, share_n, share_bytes)) {
		struct query select;
		int64_t id;

		put_int(&next, 1, share->after_id);
		put_int(&next, 2, share->store_id);
		id = query_int(&next, 0);
		if (id == 0)
			return true;
		select = query_day(claim->tx, "SELECT id, store_id, received_ms, topic, source_id, body FROM message_%s"
					      " WHERE id = ?1", store_id_day(id));
		put_int(&select, 1, id);
		if (!query_row(&select))
			return true;
		claim_take(claim, share, &select);
		query_end(&select);
	}
	return false;
}

static bool claim_day(struct claim *claim, struct share *share, int64_t day, size_t share_n, size_t share_bytes)
{
	struct query select = query_day(claim->tx, "SELECT id, store_id, received_ms, topic, source_id, body FROM message_%s"
						   " WHERE store_id = ?1 AND id > ?2 ORDER BY id", day);
	int64_t after = share->after_id > share->cursor_id ? share->after_id : share->cursor_id;

	put_int(&select, 1, share->store_id);
	put_int(&select, 2, after);
	while (query_row(&select)) {
		if (!claim_room(claim, share, share_n, share_bytes)) {
			query_end(&select);
			return false;
		}
		claim_take(claim, share, &select);
	}
	return true;
}

static void claim_store(struct claim *claim, struct share *share, size_t share_n, size_t share_bytes)
{
	share->n = 0;
	share->bytes = 0;
	if (share->after_id <= share->cursor_id && !claim_again(claim, share, share_n, share_bytes))
		return;
	for (size_t i = 0; i < claim->n_day; i++) {
		int64_t after = share->after_id > share->cursor_id ? share->after_id : share->cursor_id;

		if (claim->day[i] < store_id_day(after))
			continue;
		if (!claim_day(claim, share, claim->day[i], share_n, share_bytes))
			return;
	}
}

/* Stores with something pending, in turn from the one after the last served; at most max_n. */
static struct share *shares_in_turn(struct tx *tx, int64_t turn_store_id, size_t max_n, struct arena *arena, size_t *n)
{
	struct query select = query(tx, "SELECT store_id, cursor_id FROM store_count WHERE pending > 0"
					" ORDER BY store_id <= ?1, store_id LIMIT ?2");
	struct share *share = ARENA_ARRAY(arena, max_n, struct share);

	put_int(&select, 1, turn_store_id);
	put_int(&select, 2, (int64_t)max_n);
	for (*n = 0; query_row(&select);)
		share[(*n)++] = (struct share){ .store_id = get_int(&select, 0), .cursor_id = get_int(&select, 1) };
	return share;
}

bool sqlite_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);
	struct tx tx;
	struct claim claim = { .tx = &tx, .arena = arena, .max_n = max_n, .max_bytes = max_bytes };
	struct share *share;
	size_t n_share;

	if (!tx_begin_read(&tx, db, err))
		return false;
	share = shares_in_turn(&tx, sqlite->turn_store_id, max_n, arena, &n_share);
	claim.message = ARENA_ARRAY(arena, max_n, struct inbox_message);
	if (n_share > 0)
		claim.day = day_list(&tx, DAY_MESSAGE, true, arena, &claim.n_day);
	for (size_t i = 0; i < n_share && !claim_full(&claim); i++) {
		claim_store(&claim, &share[i], max_n / n_share, max_bytes / n_share);
		sqlite->turn_store_id = share[i].store_id;
	}
	for (size_t i = 0; i < n_share && !claim_full(&claim); i++)
		claim_store(&claim, &share[i], max_n, max_bytes);
	*message = claim.message;
	*n = claim.n;
	return tx_commit(&tx, err);
}

/* ---- complete ---- */

/* A store's cursor and counts while results are gone through. */
struct progress {
	int64_t store_id;
	int64_t cursor_id;
	int64_t n[MESSAGE_DISCARDED + 1];
	struct progress *next;
};

struct completion {
	struct tx *tx;
	struct arena *arena;
	struct progress *progress; /* newest first */
	const int64_t *day;
	size_t n_day;
	int64_t due_seq;
};

static struct progress *progress_of(struct completion *completion, int64_t store_id)
{
	struct progress *progress = completion->progress;
	struct query select;

	while (progress && progress->store_id != store_id)
		progress = progress->next;
	if (progress)
		return progress;
	progress = ARENA_NEW(completion->arena, struct progress);
	select = query(completion->tx, "SELECT cursor_id FROM store_count WHERE store_id = ?1");
	put_int(&select, 1, store_id);
	progress->store_id = store_id;
	progress->cursor_id = query_int(&select, INT64_MAX);
	progress->next = completion->progress;
	completion->progress = progress;
	return progress;
}

static bool is_again(struct tx *tx, const struct inbox_result *result)
{
	struct query select = query(tx, "SELECT 1 FROM message_mark WHERE id = ?1 AND store_id = ?2 AND state = 0");

	put_int(&select, 1, result->message_id);
	put_int(&select, 2, result->store_id);
	return query_int(&select, 0) == 1;
}

/* The first message of the store behind its cursor; 0 if there is none. */
static int64_t next_message(struct completion *completion, const struct progress *progress)
{
	for (size_t i = 0; i < completion->n_day; i++) {
		struct query select;
		int64_t id;

		if (completion->day[i] < store_id_day(progress->cursor_id))
			continue;
		select = query_day(completion->tx, "SELECT id FROM message_%s WHERE store_id = ?1 AND id > ?2 ORDER BY id"
						   " LIMIT 1", completion->day[i]);
		put_int(&select, 1, progress->store_id);
		put_int(&select, 2, progress->cursor_id);
		id = query_int(&select, 0);
		if (id != 0)
			return id;
	}
	return 0;
}

/* Takes the message out of what is pending; false if it is not its turn. */
static bool pass(struct completion *completion, const struct inbox_result *result)
{
	struct progress *progress = progress_of(completion, result->store_id);

	if (is_again(completion->tx, result))
		unmark(completion->tx, result->message_id);
	else if (next_message(completion, progress) == result->message_id)
		progress->cursor_id = result->message_id;
	else
		return false;
	progress->n[result->state]++;
	return true;
}

static void progress_write(struct tx *tx, const struct progress *progress)
{
	int64_t mapped = progress->n[MESSAGE_MAPPED], ignored = progress->n[MESSAGE_IGNORED];
	int64_t failed = progress->n[MESSAGE_FAILED];
	struct query update = query(tx, "UPDATE store_count SET cursor_id = ?2, pending = pending - ?3, mapped = mapped + ?4,"
					" ignored = ignored + ?5, failed = failed + ?6 WHERE store_id = ?1");

	put_int(&update, 1, progress->store_id);
	put_int(&update, 2, progress->cursor_id);
	put_int(&update, 3, mapped + ignored + failed);
	put_int(&update, 4, mapped);
	put_int(&update, 5, ignored);
	put_int(&update, 6, failed);
	query_run(&update);
}

static enum audit_code result_code(enum message_state state)
{
	if (state == MESSAGE_MAPPED)
		return AUDIT_MESSAGE_MAPPED;
	return state == MESSAGE_FAILED ? AUDIT_MESSAGE_FAILED : AUDIT_MESSAGE_IGNORED;
}

static void complete_one(struct completion *completion, const struct inbox_result *result)
{
	struct tx *tx = completion->tx;
	struct fact_cause cause = {
		.store_id = result->store_id,
		.message_id = result->message_id,
		.due_seq = completion->due_seq,
		.result = result,
	};
	struct audit_row audit = { .code = result_code(result->state),
				   .store_id = result->store_id,
				   .message_id = result->message_id,
				   .reason = result->reason };
	struct fact_count count = { 0 };

	if (result->state == MESSAGE_MAPPED) {
		for (size_t i = 0; i < result->n_fact; i++)
			fact_apply(tx, &cause, &result->fact[i], completion->arena, &count);
		for (size_t i = 0; i < result->n_fact && audit.root.id.len == 0; i++)
			audit.root = root_of(tx, result->store_id, result->fact[i].entity, completion->arena);
		audit.reason = store_text_mapped(completion->arena, &count, result->reason);
	} else {
		mark(tx, result->message_id, result->store_id, result->state, result->reason);
	}
	audit_add(tx, &audit);
}

bool sqlite_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n, struct err *err)
{
	struct tx tx;
	struct arena arena;
	struct completion completion = { .tx = &tx, .arena = &arena };
	bool ok = false;

	if (!tx_begin_write(&tx, db, CRASH_inbox_complete, now_ms, err))
		return false;
	arena_init(&arena);
	completion.day = day_list(&tx, DAY_MESSAGE, true, &arena, &completion.n_day);
	for (size_t i = 0; i < n; i++) {
		if (pass(&completion, &result[i]) || tx.rc != SQLITE_OK)
			continue;
		tx_abort(&tx);
		(void)err_set(err, ERR_CONFLICT, "message %" PRId64 " is not the next of its store", result[i].message_id);
		goto out;
	}
	completion.due_seq = tx_id(&tx);
	for (size_t i = 0; i < n && tx.rc == SQLITE_OK; i++)
		complete_one(&completion, &result[i]);
	for (const struct progress *progress = completion.progress; progress; progress = progress->next)
		progress_write(&tx, progress);
	ok = tx_commit(&tx, err);
out:
	arena_release(&arena);
	return ok;
}

/* ---- get ---- */

static enum message_state message_state(struct tx *tx, const struct inbox_message *message)
{
	struct query mark_state = query(tx, "SELECT state FROM message_mark WHERE id = ?1");
	struct query select;
	enum message_state state = MESSAGE_PENDING;
	int64_t marked;

	put_int(&mark_state, 1, message->id);
	marked = query_int(&mark_state, -1);
	if (marked >= 0)
		return (enum message_state)marked;
	select = query(tx, "SELECT cursor_id, discarded_from_id FROM store_count WHERE store_id = ?1");
	put_int(&select, 1, message->store_id);
	if (query_row(&select)) {
		if (message->id > get_int(&select, 1))
			state = MESSAGE_DISCARDED;
		else if (message->id <= get_int(&select, 0))
			state = MESSAGE_MAPPED;
		query_end(&select);
	}
	return state;
}

bool sqlite_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err)
{
	struct query select;
	bool found = false;
	struct tx tx;

	if (!tx_begin_read(&tx, db, err))
		return false;
	if (id > 0 && day_exists(&tx, DAY_MESSAGE, store_id_day(id))) {
		select = query_day(&tx, "SELECT id, store_id, received_ms, topic, source_id, body FROM message_%s"
					" WHERE id = ?1", store_id_day(id));
		put_int(&select, 1, id);
		found = query_row(&select);
		if (found) {
			*out = message_read(&select, arena);
			query_end(&select);
			out->state = message_state(&tx, out);
		}
	}
	if (!tx_commit(&tx, err))
		return false;
	return found || err_set(err, ERR_NOT_FOUND, "no message %" PRId64, id);
}
