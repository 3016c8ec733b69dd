/*
 * SQLite backend: writing the audit, by day. A row is written in the transaction that changes what it tells
 * of.
 *
 * Keeps:   rows of one transaction that tell the same of several deliveries, one after the other, become a
 *          run: one row of the table. Their ids are given when they are added, so that a run covers its ids
 *          alone.
 */
#include "store/sqlite/sqlite_audit.h"
#include "store/sqlite/sqlite_verbs.h"

/* Each is a page of the index that every transaction writes; a search for a root reads one of them. */
#define ROOT_BUCKETS	  4
#define ROOT_BUCKETS_ONCE 16 /* in days that were written before there were so few */

static uint32_t root_hash(struct str root_id)
{
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < root_id.len; i++)
		hash = (hash ^ (unsigned char)root_id.p[i]) * UINT32_C(16777619);
	return hash ^ (hash >> 16);
}

int64_t audit_root_bucket(struct str root_id)
{
	return root_hash(root_id) % ROOT_BUCKETS;
}

int64_t audit_root_bucket_once(struct str root_id)
{
	return root_hash(root_id) % ROOT_BUCKETS_ONCE;
}

bool audit_is_seldom(enum audit_code code)
{
	_Static_assert(AUDIT_MESSAGE_MAPPED == 2 && AUDIT_ROOT_PUBLISHED == 6 && AUDIT_ROOT_UNCHANGED == 7 &&
			       AUDIT_DELIVERY_CREATED == 10 && AUDIT_DELIVERY_SENT == 11 &&
			       AUDIT_DELIVERY_JOB == 12 && AUDIT_DELIVERY_ACCEPTED == 13,
		       "AUDIT_SELDOM has other numbers");
	return code != AUDIT_MESSAGE_MAPPED && code != AUDIT_ROOT_PUBLISHED && code != AUDIT_ROOT_UNCHANGED &&
	       code != AUDIT_DELIVERY_CREATED && code != AUDIT_DELIVERY_SENT && code != AUDIT_DELIVERY_JOB &&
	       code != AUDIT_DELIVERY_ACCEPTED;
}

/* ---- rows of the table ---- */

/* What a run has beside the row; low, high: least and greatest delivery, 0 if root and message find it. */
struct run_columns {
	int64_t low;
	int64_t high;
	struct str entries; /* "" = no run */
};

static void insert_row(struct tx *tx, const struct audit_row *row, const struct run_columns *run)
{
	int64_t day = store_id_day(row->id);
	struct query insert;

	day_ensure(tx, DAY_AUDIT, day);
	insert = query_day(
		tx,
		"INSERT INTO audit_%s VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		day);
	put_int(&insert, 1, row->id);
	put_int(&insert, 2, row->at_ms);
	put_int(&insert, 3, row->code);
	put_int(&insert, 4, row->store_id);
	put_int(&insert, 5, row->account_id);
	put_int(&insert, 6, row->message_id);
	put_int(&insert, 7, row->delivery_id);
	put_int(&insert, 8, row->root.kind);
	put_text(&insert, 9, row->root.id);
	if (row->root.id.len > 0)
		put_int(&insert, 10, audit_root_bucket(row->root.id));
	else
		put_null(&insert, 10);
	put_text(&insert, 11, row->reason);
	put_int(&insert, 12, run->low);
	put_int(&insert, 13, run->high);
	if (run->entries.len > 0)
		put_blob(&insert, 14, run->entries);
	else
		put_null(&insert, 14);
	query_run(&insert);
}

/* ---- runs ---- */

/* Deliveries of one root and message are found by these; those of a batch have nothing in common. */
static bool is_family(const struct audit_row *row)
{
	return row->code == AUDIT_DELIVERY_CREATED;
}

static bool goes_on(const struct audit_row *last, const struct audit_row *row)
{
	if (last->delivery_id == 0 || row->delivery_id == 0 || last->code != row->code ||
	    last->account_id != row->account_id || last->at_ms != row->at_ms ||
	    !str_eq(last->reason, row->reason) || store_id_day(last->id) != store_id_day(row->id))
		return false;
	return !is_family(row) || (last->store_id == row->store_id && last->message_id == row->message_id &&
				   entity_eq(last->root, row->root));
}

static void insert_run(struct tx *tx, const struct audit_row *row, size_t n)
{
	struct audit_row shared = row[0];
	struct run_columns run = { 0 };
	struct arena arena;

	arena_init(&arena);
	run.entries = audit_entries_write(row, n, &arena);
	if (!is_family(row)) {
		run.low = run.high = row[0].delivery_id;
		for (size_t i = 1; i < n; i++) {
			run.low = row[i].delivery_id < run.low ? row[i].delivery_id : run.low;
			run.high = row[i].delivery_id > run.high ? row[i].delivery_id : run.high;
		}
		shared.message_id = shared.delivery_id = 0;
		shared.root = (struct entity){ .id = STR("") };
	}
	insert_row(tx, &shared, &run);
	arena_release(&arena);
}

void audit_flush(struct tx *tx)
{
	struct audit_pending *pending = &tx->sqlite->audit;

	if (pending->n == 1)
		insert_row(tx, &pending->row[0], &(struct run_columns){ .entries = STR("") });
	else if (pending->n > 1)
		insert_run(tx, pending->row, pending->n);
	pending->n = 0;
}

void audit_add(struct tx *tx, const struct audit_row *row)
{
	struct audit_pending *pending = &tx->sqlite->audit;
	struct audit_row added = *row;

	added.id = tx_id(tx);
	added.at_ms = tx->now_ms;
	if (pending->n > 0 &&
	    (pending->n == AUDIT_RUN_MAX || !goes_on(&pending->row[pending->n - 1], &added)))
		audit_flush(tx);
	if (added.delivery_id == 0)
		insert_row(tx, &added, &(struct run_columns){ .entries = STR("") });
	else
		pending->row[pending->n++] = added;
}

bool sqlite_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err)
{
	struct tx tx;

	if (n == 0)
		return true;
	if (!tx_begin_write(&tx, db, CRASH_audit_append, row[0].at_ms, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		tx.now_ms = row[i].at_ms;
		audit_add(&tx, &row[i]);
	}
	return tx_commit(&tx, err);
}
