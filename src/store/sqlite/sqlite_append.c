/*
 * SQLite backend: taking messages in. The hot path: one row per message at the end of today's table and its
 * index, one row of counters per store and commit.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#define TALLIES_MAX 64

/* What one call changes of one store. */
struct tally {
	int64_t store_id; /* 0 = free */
	bool known;
	int64_t received;
	int64_t duplicate;
	int64_t last_message_ms;
	int64_t last_shop_ms; /* 0 = none */
	int64_t first_id;     /* of the new ones; 0 = none */
	int64_t last_id;
};

struct append {
	struct tx *tx;
	struct tally tally[TALLIES_MAX];
	size_t n_tally;
	int64_t day; /* its tables are there */
};

/*
 * A store with nothing pending has its cursor moved to just before what comes, so that nobody walks the
 * days in between. What comes for a store that is not configured is never pending.
 */
static void tally_write(struct tx *tx, const struct tally *tally)
{
	int64_t n_new = tally->received - tally->duplicate;
	struct query update = query(
		tx, "INSERT INTO store_count (store_id, received, duplicate, pending, discarded,"
		    " last_message_ms, cursor_id, last_shop_ms)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9) ON CONFLICT DO UPDATE SET cursor_id ="
		    " CASE WHEN pending = 0 OR ?8 THEN max(cursor_id, ?7) ELSE cursor_id END, received ="
		    " received + ?2,"
		    " duplicate = duplicate + ?3, pending = pending + ?4, discarded = discarded + ?5,"
		    " last_message_ms = ?6, last_shop_ms = CASE WHEN ?9 > 0 THEN ?9 ELSE last_shop_ms END");

	put_int(&update, 1, tally->store_id);
	put_int(&update, 2, tally->received);
	put_int(&update, 3, tally->duplicate);
	put_int(&update, 4, tally->known ? n_new : 0);
	put_int(&update, 5, tally->known ? 0 : n_new);
	put_int(&update, 6, tally->last_message_ms);
	put_int(&update, 7, n_new == 0 ? 0 : tally->known ? tally->first_id - 1 : tally->last_id);
	put_bool(&update, 8, !tally->known);
	put_int(&update, 9, tally->last_shop_ms);
	query_run(&update);
}

static void tallies_write(struct append *append)
{
	for (size_t i = 0; i < append->n_tally; i++)
		tally_write(append->tx, &append->tally[i]);
	append->n_tally = 0;
}

static struct tally *tally_of(struct append *append, int64_t store_id)
{
	for (size_t i = append->n_tally; i-- > 0;)
		if (append->tally[i].store_id == store_id)
			return &append->tally[i];
	if (append->n_tally == TALLIES_MAX)
		tallies_write(append);
	append->tally[append->n_tally] = (struct tally){
		.store_id = store_id,
		.known = account_of_store(append->tx, store_id) != 0,
	};
	return &append->tally[append->n_tally++];
}

static bool is_duplicate(struct append *append, const struct inbox_record *record, int64_t *id)
{
	struct digest16 key;

	return seen_find(append->tx, record, &key, id) && digest16_eq(key, record->key) &&
	       store_id_day(*id) >= append->day - STORE_DUPLICATE_DAYS;
}

void message_insert(struct tx *tx, const struct inbox_record *record, int64_t id)
{
	struct query insert = query_day(
		tx, "INSERT INTO message_%s VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", store_id_day(id));

	put_int(&insert, 1, id);
	put_int(&insert, 2, record->store_id);
	put_int(&insert, 3, record->received_ms);
	put_digest(&insert, 4, &record->slot);
	put_digest(&insert, 5, &record->key);
	put_text(&insert, 6, record->topic);
	put_text(&insert, 7, record->source_id);
	put_int(&insert, 8, record->priority);
	put_blob(&insert, 9, record->body);
	query_run(&insert);
}

/* A store that was removed while the message was on its way. */
static void discard_new(struct tx *tx, const struct inbox_record *record, int64_t id)
{
	message_end(tx, id, MESSAGE_DISCARDED);
	audit_add(tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
					   .store_id = record->store_id,
					   .message_id = id,
					   .reason = STR(STORE_TEXT_STORE_REMOVED) });
}

static struct inbox_receipt append_duplicate(struct append *append, const struct inbox_record *record,
					     struct tally *tally, int64_t id)
{
	tally->duplicate++;
	tally->received -= mutant_is(MUTANT_miscounted);
	audit_add(append->tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DUPLICATE,
						   .store_id = record->store_id,
						   .message_id = id,
						   .reason = record->topic });
	return (struct inbox_receipt){ INBOX_DUPLICATE, id };
}

static struct inbox_receipt append_record(struct append *append, const struct inbox_record *record)
{
	struct tx *tx = append->tx;
	struct tally *tally = tally_of(append, record->store_id);
	int64_t id = 0;

	tx->now_ms = record->received_ms;
	tally->received++;
	tally->last_message_ms = record->received_ms;
	if (store_from_shop(record))
		tally->last_shop_ms = record->received_ms;
	append->day = store_id_day(store_id_next(tx_last_id(tx), tx->now_ms));
	if (is_duplicate(append, record, &id))
		return append_duplicate(append, record, tally, id);
	day_ensure(tx, DAY_MESSAGE, append->day);
	id = tx_id(tx);
	message_insert(append->tx, record, id);
	seen_add(tx, record, id);
	tx->last_message_id = id;
	tally->last_id = id;
	if (tally->first_id == 0)
		tally->first_id = id;
	if (!tally->known)
		discard_new(tx, record, id);
	return (struct inbox_receipt){ INBOX_NEW, id };
}

void append_records(struct tx *tx, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt)
{
	struct append append = { .tx = tx };

	seen_begin(tx, n);
	for (size_t i = 0; i < n && tx->rc == SQLITE_OK; i++)
		receipt[i] = append_record(&append, &record[i]);
	tallies_write(&append);
}

bool sqlite_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err)
{
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_inbox_append, record[0].received_ms, err))
		return false;
	append_records(&tx, record, n, receipt);
	return tx_commit(&tx, err);
}
