/*
 * SQLite backend: day tables. History by day, made when first needed
 * (db_maintain makes tomorrow's ahead) and dropped whole.
 *
 * Keeps:   the table `day` names exactly the days whose tables are there.
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/clock.h"
#include "store/sqlite/sqlite_audit.h"

#define DAY_STATEMENTS_MAX 6

/* One row per kind: the statements that make a day's tables, and those that drop them (%s = the day). */
static const struct {
	const char *make[DAY_STATEMENTS_MAX];
	const char *drop[DAY_STATEMENTS_MAX];
} day_tables[DAY_KIND_COUNT] = {
	/* clang-format off */
	[DAY_MESSAGE] = {
		{ "CREATE TABLE message_%s (id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL,"
		  " received_ms INTEGER NOT NULL, slot BLOB NOT NULL, key BLOB NOT NULL,"
		  " topic TEXT NOT NULL, source_id TEXT NOT NULL, priority INTEGER NOT NULL,"
		  " body BLOB NOT NULL) STRICT",
		  "CREATE INDEX message_store_%s ON message_%s (store_id, id)",
		  "CREATE TABLE message_end_%s (id INTEGER PRIMARY KEY, state INTEGER NOT NULL) STRICT" },
		{ "DROP TABLE message_%s", "DROP TABLE message_end_%s" },
	},
	/* Those up to format 15; none is made any more. */
	[DAY_SEEN] = { { NULL }, { "DROP TABLE seen_%s" } },
	[DAY_SEEN_BUCKET] = {
		{ "CREATE TABLE seen_bucket_%s (id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT" },
		{ "DROP TABLE seen_bucket_%s" },
	},
	[DAY_BODY] = {
		{ "CREATE TABLE body_%s (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT" },
		{ "DROP TABLE body_%s" },
	},
	[DAY_DELIVERY] = {
		{ "CREATE TABLE delivery_%s (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
		  " store_id INTEGER NOT NULL, kind INTEGER NOT NULL, op INTEGER NOT NULL,"
		  " priority INTEGER NOT NULL, state INTEGER NOT NULL, external_id TEXT NOT NULL,"
		  " parent_external_id TEXT NOT NULL, bytes INTEGER NOT NULL, hash BLOB NOT NULL,"
		  " root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, message_id INTEGER NOT NULL,"
		  " created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,"
		  " batch_max INTEGER NOT NULL, reason TEXT NOT NULL, batch_id INTEGER NOT NULL,"
		  " ended_ms INTEGER NOT NULL, blocked INTEGER NOT NULL,"
		  " copy_of INTEGER NOT NULL DEFAULT 0) STRICT" },
		{ "DROP TABLE delivery_%s" },
	},
	[DAY_AUDIT] = {
		{ "CREATE TABLE audit_%s (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
		  " code INTEGER NOT NULL, store_id INTEGER NOT NULL, account_id INTEGER NOT NULL,"
		  " message_id INTEGER NOT NULL, delivery_id INTEGER NOT NULL,"
		  " root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, root_bucket INTEGER,"
		  " reason TEXT NOT NULL, low_delivery INTEGER NOT NULL, high_delivery INTEGER NOT NULL,"
		  " entries BLOB) STRICT",
		  "CREATE INDEX audit_root_%s ON audit_%s (root_bucket, id, root_id) WHERE root_bucket IS"
		  " NOT NULL",
		  "CREATE INDEX audit_message_%s ON audit_%s (message_id, id) WHERE message_id <> 0",
		  "CREATE INDEX audit_delivery_%s ON audit_%s (delivery_id, id) WHERE delivery_id <> 0",
		  "CREATE INDEX audit_run_%s ON audit_%s (id, low_delivery, high_delivery)"
		  " WHERE high_delivery > 0",
		  "CREATE INDEX audit_code_%s ON audit_%s (code, id) WHERE " AUDIT_SELDOM },
		{ "DROP TABLE audit_%s" },
	},
	/* clang-format on */
};

int64_t day_first_id(int64_t day)
{
	return day * MS_PER_DAY * (INT64_C(1) << STORE_ID_SHIFT);
}

bool day_exists(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query select;
	bool exists;

	if (tx->day_ready[kind] == day)
		return true;
	select = query(tx, "SELECT 1 FROM day WHERE kind = ?1 AND day = ?2");
	put_int(&select, 1, kind);
	put_int(&select, 2, day);
	exists = query_int(&select, 0) == 1;
	if (exists)
		tx->day_ready[kind] = day;
	return exists;
}

static void run_all(struct tx *tx, const char *const *sql, int64_t day)
{
	for (size_t i = 0; i < DAY_STATEMENTS_MAX && sql[i]; i++) {
		struct query statement = query_day(tx, sql[i], day);

		query_run(&statement);
	}
}

void day_ensure(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query insert;

	if (day_exists(tx, kind, day))
		return;
	run_all(tx, day_tables[kind].make, day);
	insert = query(tx, "INSERT INTO day VALUES (?1, ?2)");
	put_int(&insert, 1, kind);
	put_int(&insert, 2, day);
	query_run(&insert);
	tx->day_ready[kind] = day;
}

int64_t *day_list(struct tx *tx, enum day_kind kind, bool ascending, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM day WHERE kind = ?1");
	struct query select;
	int64_t *day;
	size_t max;

	put_int(&count, 1, kind);
	max = (size_t)query_int(&count, 0);
	day = ARENA_ARRAY(arena, max, int64_t);
	select = ascending ? query(tx, "SELECT day FROM day WHERE kind = ?1 ORDER BY day")
			   : query(tx, "SELECT day FROM day WHERE kind = ?1 ORDER BY day DESC");
	put_int(&select, 1, kind);
	for (*n = 0; query_row(&select);)
		day[(*n)++] = get_int(&select, 0);
	return day;
}

void day_drop(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query remove;

	run_all(tx, day_tables[kind].drop, day);
	remove = query(tx, "DELETE FROM day WHERE kind = ?1 AND day = ?2");
	put_int(&remove, 1, kind);
	put_int(&remove, 2, day);
	query_run(&remove);
	tx->day_ready[kind] = INT64_MIN;
}
