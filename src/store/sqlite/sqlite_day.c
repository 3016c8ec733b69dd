/*
 * Day tables: history by day, made when first needed (db_maintain makes tomorrow's ahead) and dropped whole.
 */
#include "store/sqlite/sqlite_internal.h"

#include "base/clock.h"

#include <stdio.h>

#define DAY_STATEMENTS_MAX 4

/* One row per kind: the statements that make a day's tables (%s = the day) and the table that is dropped. */
static const struct {
	const char *make[DAY_STATEMENTS_MAX];
	const char *drop;
} day_tables[DAY_KIND_COUNT] = {
	[DAY_MESSAGE] = {
		{ "CREATE TABLE IF NOT EXISTS message_%s (id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL,"
		  " received_ms INTEGER NOT NULL, topic TEXT NOT NULL, source_id TEXT NOT NULL, body BLOB NOT NULL)",
		  "CREATE INDEX IF NOT EXISTS message_store_%s ON message_%s (store_id, id)" },
		"DROP TABLE IF EXISTS message_%s",
	},
	[DAY_SEEN] = {
		{ "CREATE TABLE IF NOT EXISTS seen_%s (store_id INTEGER NOT NULL, slot BLOB NOT NULL, key BLOB NOT NULL,"
		  " message_id INTEGER NOT NULL, PRIMARY KEY (store_id, slot)) WITHOUT ROWID" },
		"DROP TABLE IF EXISTS seen_%s",
	},
	[DAY_DELIVERY] = {
		{ "CREATE TABLE IF NOT EXISTS delivery_%s (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
		  " store_id INTEGER NOT NULL, kind INTEGER NOT NULL, op INTEGER NOT NULL, priority INTEGER NOT NULL,"
		  " state INTEGER NOT NULL, external_id TEXT NOT NULL, parent_external_id TEXT NOT NULL, body TEXT NOT NULL,"
		  " hash BLOB NOT NULL, root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, message_id INTEGER NOT NULL,"
		  " created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, solo INTEGER NOT NULL,"
		  " reason TEXT NOT NULL, batch_id INTEGER NOT NULL, ended_ms INTEGER NOT NULL, blocked INTEGER NOT NULL)" },
		"DROP TABLE IF EXISTS delivery_%s",
	},
	[DAY_AUDIT] = {
		{ "CREATE TABLE IF NOT EXISTS audit_%s (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, code INTEGER NOT NULL,"
		  " store_id INTEGER NOT NULL, account_id INTEGER NOT NULL, message_id INTEGER NOT NULL,"
		  " delivery_id INTEGER NOT NULL, root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, reason TEXT NOT NULL)",
		  "CREATE INDEX IF NOT EXISTS audit_root_%s ON audit_%s (root_id, id) WHERE root_id <> ''",
		  "CREATE INDEX IF NOT EXISTS audit_message_%s ON audit_%s (message_id, id) WHERE message_id <> 0",
		  "CREATE INDEX IF NOT EXISTS audit_delivery_%s ON audit_%s (delivery_id, id) WHERE delivery_id <> 0" },
		"DROP TABLE IF EXISTS audit_%s",
	},
};

bool day_exists(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query select = query(tx, "SELECT 1 FROM day WHERE kind = ?1 AND day = ?2");

	put_int(&select, 1, kind);
	put_int(&select, 2, day);
	return query_int(&select, 0) == 1;
}

void day_ensure(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query insert;

	if (day_exists(tx, kind, day))
		return;
	for (size_t i = 0; i < DAY_STATEMENTS_MAX && day_tables[kind].make[i]; i++) {
		struct query make = query_day(tx, day_tables[kind].make[i], day);

		query_run(&make);
	}
	insert = query(tx, "INSERT INTO day VALUES (?1, ?2)");
	put_int(&insert, 1, kind);
	put_int(&insert, 2, day);
	query_run(&insert);
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
	select = query(tx, ascending ? "SELECT day FROM day WHERE kind = ?1 ORDER BY day" :
				       "SELECT day FROM day WHERE kind = ?1 ORDER BY day DESC");
	put_int(&select, 1, kind);
	for (*n = 0; query_row(&select);)
		day[(*n)++] = get_int(&select, 0);
	return day;
}

void day_drop(struct tx *tx, enum day_kind kind, int64_t day)
{
	struct query drop = query_day(tx, day_tables[kind].drop, day);
	struct query remove;

	query_run(&drop);
	remove = query(tx, "DELETE FROM day WHERE kind = ?1 AND day = ?2");
	put_int(&remove, 1, kind);
	put_int(&remove, 2, day);
	query_run(&remove);
}
