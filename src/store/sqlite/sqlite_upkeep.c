/*
 * SQLite backend: upkeep. Checkpoints on a connection of their own, so that a commit never waits for one;
 * then one slice of everything else that has to be done some time.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <sys/stat.h>

#define PAGE_BYTES	  16384
#define CHECKPOINT_FRAMES (((int64_t)4 << 20) / PAGE_BYTES)
#define TRUNCATE_FRAMES	  (((int64_t)64 << 20) / PAGE_BYTES)
#define TRUNCATE_WAIT_MS  50 /* so long writers may have to wait for a truncation */

int64_t sqlite_log_bytes(const struct sqlite *sqlite)
{
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(sqlite->upkeep.handle, "main"));
	struct stat stat_of;

	return stat(path, &stat_of) == 0 ? (int64_t)stat_of.st_size : 0;
}

/* ---- checkpoint ---- */

static bool run_checkpoint(struct sqlite *sqlite, int mode, int *n_log, int *n_done, struct err *err)
{
	int rc;

	(void)sqlite3_busy_timeout(sqlite->upkeep.handle,
				   mode == SQLITE_CHECKPOINT_TRUNCATE ? TRUNCATE_WAIT_MS : 0);
	rc = sqlite3_wal_checkpoint_v2(sqlite->upkeep.handle, "main", mode, n_log, n_done);
	/* Somebody is in the way: then less is moved, and the rest the next time. */
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
	       sqlite_err(sqlite, err, rc, sqlite3_errmsg(sqlite->upkeep.handle));
}

/*
 * Moves the log into the database when it has grown by 4 MB; the next writer then starts it anew. Empties
 * it when nothing was written since the last upkeep, or when it has grown past 64 MB because some reader
 * was always in the way.
 */
static bool checkpoint_locked(struct sqlite *sqlite, bool *more, struct err *err)
{
	int64_t n_frame = sqlite->log_frames, n_commit = sqlite->n_commit;
	bool idle = n_commit == sqlite->n_commit_seen;
	int n_log = 0, n_done = 0;

	sqlite->n_commit_seen = n_commit;
	if (n_frame == 0 || (!idle && n_frame < CHECKPOINT_FRAMES))
		return true;
	if (!run_checkpoint(sqlite, SQLITE_CHECKPOINT_PASSIVE, &n_log, &n_done, err))
		return false;
	if ((idle || n_log > TRUNCATE_FRAMES) &&
	    !run_checkpoint(sqlite, SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done, err))
		return false;
	if (idle && n_log == 0)
		sqlite->log_frames = 0;
	*more = n_log - n_done > CHECKPOINT_FRAMES;
	return true;
}

static bool checkpoint(struct sqlite *sqlite, bool *more, struct err *err)
{
	bool ok;

	if (!connection_lock(&sqlite->upkeep, err))
		return false;
	ok = checkpoint_locked(sqlite, more, err);
	(void)pthread_mutex_unlock(&sqlite->upkeep.lock);
	return ok;
}

/* ---- the rest ---- */

/* Looked at without the writer: mostly there is nothing to do. */
static bool is_wanted(struct db *db, int64_t now_ms, const struct retention *retention, bool *wanted,
		      struct err *err)
{
	struct tx tx;

	*wanted = true;
	if (seen_is_full(sqlite_of(db)->seen))
		return true;
	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*wanted = retain_wanted(&tx, now_ms, retention) || purge_wanted(&tx);
	return tx_commit(&tx, err);
}

static bool slice(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		  struct err *err)
{
	struct arena arena;
	struct tx tx;
	bool again, ok;

	if (!tx_begin_write(&tx, db, CRASH_retain, now_ms, err))
		return false;
	arena_init(&arena);
	again = seen_flush(&tx);
	again = retain_step(&tx, retention) || again;
	again = purge_step(&tx, &arena) || again;
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	*more = *more || again;
	return ok;
}

bool sqlite_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		     struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);
	bool wanted;

	*more = false;
	if (sqlite->broken)
		return err_set(err, ERR_FATAL, "database: the disk has failed before");
	if (!checkpoint(sqlite, more, err) || !is_wanted(db, now_ms, retention, &wanted, err))
		return false;
	return !wanted || slice(db, now_ms, retention, more, err);
}
