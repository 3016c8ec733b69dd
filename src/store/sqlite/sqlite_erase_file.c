/*
 * SQLite backend: writing the files anew, so that what was deleted is in none of their bytes.
 *
 * Keeps:   it is noted as done only when the log was emptied after it. Somebody in the way is no error.
 */
#include "store/sqlite/sqlite_rows.h"

#define BUSY_MS 1000 /* so long it waits for others to let it */

static bool run(struct sqlite *sqlite, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(sqlite->upkeep.handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || sqlite_err((rc & 0xff) == SQLITE_BUSY ? NULL : sqlite, err, rc,
					     sqlite3_errmsg(sqlite->upkeep.handle));
}

/* All pages written anew, the log emptied. In a file of its own while that goes on, not in memory. */
static bool rewrite_locked(struct sqlite *sqlite, bool *done, struct err *err)
{
	int n_log = 0, n_done = 0, rc;

	(void)sqlite3_busy_timeout(sqlite->upkeep.handle, BUSY_MS);
	if (!run(sqlite, "PRAGMA temp_store = FILE", err) || !run(sqlite, "VACUUM", err))
		return false;
	rc = sqlite3_wal_checkpoint_v2(sqlite->upkeep.handle, "main", SQLITE_CHECKPOINT_TRUNCATE, &n_log,
				       &n_done);
	*done = rc == SQLITE_OK && n_log == 0;
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
	       sqlite_err(sqlite, err, rc, sqlite3_errmsg(sqlite->upkeep.handle));
}

static bool rewrite(struct sqlite *sqlite, bool *done, struct err *err)
{
	bool ok;

	*done = false;
	if (!connection_lock(&sqlite->upkeep, err))
		return false;
	crash_point_before(CRASH_person_purge);
	ok = rewrite_locked(sqlite, done, err);
	crash_point_after(CRASH_person_purge);
	(void)sqlite3_exec(sqlite->upkeep.handle, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
	(void)pthread_mutex_unlock(&sqlite->upkeep.lock);
	return ok;
}

static bool rewrite_noted(struct db *db, int64_t now_ms, struct err *err)
{
	struct query update;
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_person_purge, now_ms, err))
		return false;
	update = query(&tx, "UPDATE erase_file SET wanted = 0");
	query_run(&update);
	return tx_commit(&tx, err);
}

/* Somebody in the way is no error: the next call tries again. */
bool erase_file(struct db *db, int64_t now_ms, struct err *err)
{
	struct err problem = { ERR_NONE, "" };
	bool done;

	if (!rewrite(sqlite_of(db), &done, &problem))
		return problem.code == ERR_BUSY || err_set(err, problem.code, "%s", problem.msg);
	return !done || rewrite_noted(db, now_ms, err);
}
