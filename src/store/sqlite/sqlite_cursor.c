/*
 * SQLite backend: how far something outside was read.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

bool sqlite_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
		       struct str *value, struct err *err)
{
	struct query select;
	struct tx tx;

	*value = STR("");
	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	select = query(&tx, "SELECT value FROM cursor WHERE account_id = ?1 AND name = ?2");
	put_int(&select, 1, account_id);
	put_text(&select, 2, name);
	if (query_row(&select)) {
		*value = get_text(&select, 0, arena);
		query_end(&select);
	}
	return tx_commit(&tx, err);
}

bool sqlite_cursor_put(struct db *db, int64_t now_ms, int64_t account_id, struct str name, struct str value,
		       struct err *err)
{
	struct query write;
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_cursor_put, now_ms, err))
		return false;
	write = query(
		&tx,
		"INSERT INTO cursor VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value");
	put_int(&write, 1, account_id);
	put_text(&write, 2, name);
	put_text(&write, 3, value);
	query_run(&write);
	return tx_commit(&tx, err);
}
