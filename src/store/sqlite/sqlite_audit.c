/*
 * SQLite backend: the audit, by day. A row is written in the transaction that changes what it tells of.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#define ROOT_BUCKETS 16

#define AUDIT_COLUMNS \
	"id, at_ms, code, store_id, account_id, message_id, delivery_id, " \
	"root_kind, root_id, reason"

/* The part of the root index that an id belongs to. */
int64_t audit_root_bucket(struct str root_id)
{
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < root_id.len; i++)
		hash = (hash ^ (unsigned char)root_id.p[i]) * UINT32_C(16777619);
	return (hash ^ (hash >> 16)) % ROOT_BUCKETS;
}

void audit_add(struct tx *tx, const struct audit_row *row)
{
	int64_t id = tx_id(tx);
	int64_t day = store_id_day(id);
	struct query insert;

	day_ensure(tx, DAY_AUDIT, day);
	insert = query_day(tx, "INSERT INTO audit_%s VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
			   day);
	put_int(&insert, 1, id);
	put_int(&insert, 2, tx->now_ms);
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
	query_run(&insert);
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

static struct audit_row audit_read(const struct query *select, struct arena *arena)
{
	return (struct audit_row){
		.id = get_int(select, 0),
		.at_ms = get_int(select, 1),
		.code = (enum audit_code)get_int(select, 2),
		.store_id = get_int(select, 3),
		.account_id = get_int(select, 4),
		.message_id = get_int(select, 5),
		.delivery_id = get_int(select, 6),
		.root = { (enum entity_kind)get_int(select, 7), get_text(select, 8, arena) },
		.reason = get_text(select, 9, arena),
	};
}

#define AUDIT_REST \
	" AND id < ?1 AND at_ms >= ?2 AND (?3 = 0 OR store_id = ?3) AND (?4 = 0 OR " \
	"account_id = ?4)" \
	" AND (?5 = 0 OR message_id = ?5) AND (?6 = 0 OR delivery_id = ?6) AND (?7 " \
	"= '' OR (root_id = ?7 AND root_kind = ?8))" \
	" AND (?9 = -1 OR code = ?9) ORDER BY id DESC LIMIT ?10"

/* The statement whose index fits the filter best. */
static const char *audit_sql(const struct audit_filter *filter)
{
	if (filter->delivery_id != 0)
		return "SELECT " AUDIT_COLUMNS
		       " FROM audit_%s WHERE delivery_id = ?6 AND delivery_id <> 0" AUDIT_REST;
	if (filter->message_id != 0)
		return "SELECT " AUDIT_COLUMNS
		       " FROM audit_%s WHERE message_id = ?5 AND message_id <> 0" AUDIT_REST;
	if (filter->root.id.len > 0)
		return "SELECT " AUDIT_COLUMNS
		       " FROM audit_%s WHERE root_bucket = ?11 AND root_bucket IS NOT NULL" AUDIT_REST;
	return "SELECT " AUDIT_COLUMNS " FROM audit_%s WHERE id > 0" AUDIT_REST;
}

static void list_day(struct tx *tx, const struct audit_filter *filter, int64_t day, struct arena *arena,
		     struct audit_row *row, size_t *n)
{
	struct query select = query_day_once(tx, audit_sql(filter), day);

	put_int(&select, 1, filter->before_id ? filter->before_id : INT64_MAX);
	put_int(&select, 2, filter->since_ms);
	put_int(&select, 3, filter->store_id);
	put_int(&select, 4, filter->account_id);
	put_int(&select, 5, filter->message_id);
	put_int(&select, 6, filter->delivery_id);
	put_text(&select, 7, filter->root.id);
	put_int(&select, 8, filter->root.kind);
	put_int(&select, 9, filter->by_code ? (int64_t)filter->code : -1);
	put_int(&select, 10, (int64_t)(filter->max_n - *n));
	if (filter->root.id.len > 0 && filter->delivery_id == 0 && filter->message_id == 0)
		put_int(&select, 11, audit_root_bucket(filter->root.id));
	while (query_row(&select))
		row[(*n)++] = audit_read(&select, arena);
}

bool sqlite_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		       struct audit_row **row, size_t *n, struct err *err)
{
	const int64_t *day;
	size_t n_day;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*row = ARENA_ARRAY(arena, filter->max_n, struct audit_row);
	*n = 0;
	day = day_list(&tx, DAY_AUDIT, false, arena, &n_day);
	for (size_t i = 0; i < n_day && *n < filter->max_n; i++)
		if (filter->before_id == 0 || day[i] <= store_id_day(filter->before_id))
			list_day(&tx, filter, day[i], arena, *row, n);
	return tx_commit(&tx, err);
}
