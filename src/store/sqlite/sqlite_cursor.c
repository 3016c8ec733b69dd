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

bool sqlite_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			size_t *n, struct err *err)
{
	struct query count, select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM cursor WHERE substr(name, 1, length(?1)) = ?1");
	put_text(&count, 1, prefix);
	*row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct cursor_row);
	select = query(&tx, "SELECT account_id, name, value FROM cursor"
			    " WHERE substr(name, 1, length(?1)) = ?1 ORDER BY account_id, name");
	put_text(&select, 1, prefix);
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = (struct cursor_row){
			.account_id = get_int(&select, 0),
			.name = get_text(&select, 1, arena),
			.value = get_text(&select, 2, arena),
		};
	return tx_commit(&tx, err);
}

static void put(struct tx *tx, const struct cursor_row *row)
{
	struct query write = query(
		tx,
		"INSERT INTO cursor VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value");

	put_int(&write, 1, row->account_id);
	put_text(&write, 2, row->name);
	put_text(&write, 3, row->value);
	query_run(&write);
}

bool sqlite_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
			   struct err *err)
{
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_cursor_put, now_ms, err))
		return false;
	for (size_t i = 0; i < n; i++)
		put(&tx, &row[i]);
	return tx_commit(&tx, err);
}
