/*
 * SQLite backend: writing the files anew, so that what was deleted is in none of their bytes.
 *
 * Does:    first the database (VACUUM), then the log, which is emptied once nobody reads from it any more.
 *          How far that is stands in erase_file.wanted.
 * Keeps:   somebody in the way, or no space, is no reason to trust the database less: the next call tries
 *          again.
 */
#include "store/sqlite/sqlite_rows.h"

#define BUSY_MS 1000 /* so long it waits for others to let it */

enum { FILE_CLEAN, FILE_DIRTY, FILE_LOG };

/* Somebody is in the way. */
static bool passes(int rc)
{
	int code = rc & 0xff;

	return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

static bool failed(struct sqlite *sqlite, int rc, struct err *err)
{
	const char *text = sqlite3_errmsg(sqlite->upkeep.handle);

	if ((rc & 0xff) == SQLITE_CANTOPEN)
		return err_set(err, ERR_TOO_LARGE, "no place for the file that a rewriting needs: %s", text);
	return sqlite_err(sqlite, err, rc, text);
}

/* In a file of its own while that goes on, not in memory. */
static int vacuum(struct sqlite *sqlite)
{
	sqlite3 *handle = sqlite->upkeep.handle;
	int rc = sqlite3_exec(handle, "PRAGMA temp_store = FILE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(handle, "VACUUM", NULL, NULL, NULL);
	if ((rc & 0xff) == SQLITE_IOERR)
		sqlite_log_cut(handle);
	return rc;
}

/* SQLITE_BUSY while some reader still needs what the log has. */
static int empty_log(struct sqlite *sqlite)
{
	int n_log = 0, n_done = 0;
	int rc = sqlite3_wal_checkpoint_v2(sqlite->upkeep.handle, "main", SQLITE_CHECKPOINT_TRUNCATE, &n_log,
					   &n_done);

	return rc == SQLITE_OK && n_log != 0 ? SQLITE_BUSY : rc;
}

/* One of the two steps; *done: it needs no other try. */
static bool step(struct sqlite *sqlite, int64_t wanted, bool *done, struct err *err)
{
	bool ok = true;
	int rc;

	*done = false;
	if (!connection_lock(&sqlite->upkeep, err))
		return false;
	crash_point_before(CRASH_person_purge);
	(void)sqlite3_busy_timeout(sqlite->upkeep.handle, BUSY_MS);
	rc = wanted == FILE_DIRTY ? vacuum(sqlite) : empty_log(sqlite);
	crash_point_after(CRASH_person_purge);
	*done = rc == SQLITE_OK;
	if (rc != SQLITE_OK && !passes(rc))
		ok = failed(sqlite, rc, err);
	if (wanted == FILE_DIRTY)
		(void)sqlite3_exec(sqlite->upkeep.handle, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
	(void)pthread_mutex_unlock(&sqlite->upkeep.lock);
	return ok;
}

static bool note(struct db *db, int64_t now_ms, int64_t wanted, struct err *err)
{
	struct query update;
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_person_purge, now_ms, err))
		return false;
	update = query(&tx, "UPDATE erase_file SET wanted = ?1");
	put_int(&update, 1, wanted);
	query_run(&update);
	return tx_commit(&tx, err);
}

bool erase_file(struct db *db, int64_t now_ms, int64_t wanted, bool *more, struct err *err)
{
	bool done;

	if (!step(sqlite_of(db), wanted, &done, err))
		return false;
	*more = done && wanted == FILE_DIRTY;
	return !done || note(db, now_ms, wanted == FILE_DIRTY ? FILE_LOG : FILE_CLEAN, err);
}
