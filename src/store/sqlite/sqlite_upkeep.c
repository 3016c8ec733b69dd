/*
 * SQLite backend: upkeep. Checkpoints on a connection of their own, so that a commit never waits for one;
 * then one slice of everything else that has to be done some time.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <sys/stat.h>

#define PAGE_BYTES	  16384
#define CHECKPOINT_FRAMES (((int64_t)4 << 20) / PAGE_BYTES)
#define RESTART_FRAMES	  (((int64_t)32 << 20) / PAGE_BYTES)
#define TRUNCATE_FRAMES	  (((int64_t)128 << 20) / PAGE_BYTES)
#define IDLE_MS		  500 /* nothing written for so long: the log may as well be emptied */
#define TRUNCATE_WAIT_MS  50  /* so long writers may have to wait for a truncation */
#define RESTART_WAIT_MS	  2   /* the same for a restart, beside what it has left to move: */
#define RESTART_LEFT	  64
#define RESTART_ROUNDS	  4

int64_t sqlite_log_bytes(const struct sqlite *sqlite)
{
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(sqlite->upkeep.handle, "main"));
	struct stat stat_of;

	return stat(path, &stat_of) == 0 ? (int64_t)stat_of.st_size : 0;
}

/* ---- checkpoint ---- */

static bool run_checkpoint(struct sqlite *sqlite, int mode, int wait_ms, int *n_log, int *n_done,
			   struct err *err)
{
	int rc;

	(void)sqlite3_busy_timeout(sqlite->upkeep.handle, wait_ms);
	rc = sqlite3_wal_checkpoint_v2(sqlite->upkeep.handle, "main", mode, n_log, n_done);
	/* Somebody is in the way: then less is moved, and the rest the next time. */
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ||
	       sqlite_err(sqlite, err, rc, sqlite3_errmsg(sqlite->upkeep.handle));
}

/*
 * Who writes all the time never finds the log moved whole, and it would grow. So what came in during a
 * checkpoint is moved, again and again, until little is left; the rest is moved while writers wait, and they
 * begin the log anew in the same file: a sync of a file that does not grow costs the least.
 */
static bool restart(struct sqlite *sqlite, int *n_log, int *n_done, struct err *err)
{
	bool ok = true;

	for (int i = 0; ok && i < RESTART_ROUNDS && sqlite->log_frames - *n_done > RESTART_LEFT; i++)
		ok = run_checkpoint(sqlite, SQLITE_CHECKPOINT_PASSIVE, 0, n_log, n_done, err);
	/* Ours wait for the lock, and not in steps as SQLite's own waiting goes. */
	if (!ok || !connection_lock(&sqlite->writer, err))
		return false;
	ok = run_checkpoint(sqlite, SQLITE_CHECKPOINT_RESTART, RESTART_WAIT_MS, n_log, n_done, err);
	(void)pthread_mutex_unlock(&sqlite->writer.lock);
	return ok;
}

static bool is_idle(struct sqlite *sqlite, int64_t now_ms)
{
	int64_t n_commit = sqlite->n_commit, since_ms = now_ms - sqlite->commit_seen_ms;

	if (n_commit == sqlite->n_commit_seen)
		return since_ms < 0 || since_ms >= IDLE_MS;
	sqlite->n_commit_seen = n_commit;
	sqlite->commit_seen_ms = now_ms;
	return false;
}

/*
 * Moves the log into the database when it has grown by 4 MB; the next writer then starts it anew. Empties
 * it when nothing was written for a while, or when it has grown past 128 MB because some reader was always
 * in the way.
 */
static bool checkpoint_locked(struct sqlite *sqlite, int64_t now_ms, bool *more, struct err *err)
{
	int64_t n_frame = sqlite->log_frames;
	bool idle = is_idle(sqlite, now_ms);
	int n_log = 0, n_done = 0;

	if (n_frame == 0 || (!idle && n_frame < CHECKPOINT_FRAMES))
		return true;
	if (!run_checkpoint(sqlite, SQLITE_CHECKPOINT_PASSIVE, 0, &n_log, &n_done, err))
		return false;
	if (!idle && n_log > RESTART_FRAMES && !restart(sqlite, &n_log, &n_done, err))
		return false;
	if ((idle || n_log > TRUNCATE_FRAMES) &&
	    !run_checkpoint(sqlite, SQLITE_CHECKPOINT_TRUNCATE, TRUNCATE_WAIT_MS, &n_log, &n_done, err))
		return false;
	if (idle && n_log == 0)
		sqlite->log_frames = 0;
	*more = n_log - n_done > CHECKPOINT_FRAMES;
	return true;
}

static bool checkpoint(struct sqlite *sqlite, int64_t now_ms, bool *more, struct err *err)
{
	bool ok;

	if (!connection_lock(&sqlite->upkeep, err))
		return false;
	ok = checkpoint_locked(sqlite, now_ms, more, err);
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
	if (!checkpoint(sqlite, now_ms, more, err) || !is_wanted(db, now_ms, retention, &wanted, err))
		return false;
	return !wanted || slice(db, now_ms, retention, more, err);
}
