/*
 * SQLite backend: transactions.
 *
 * Keeps:   every statement is reset before the COMMIT (an open one would keep the log from being emptied).
 *          A failed commit or sync is never tried again: ERR_FATAL now and ever after, and the process has
 *          to end.
 * Threads: a connection belongs to the thread that holds its lock, from begin to commit or abort.
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/clock.h"
#include "base/turn.h"

#include <assert.h>
#include <time.h>

#define LOCK_WAIT_MS 5000
#define IN_USE	     "the database is in use by another thread"

struct sqlite *sqlite_of(struct db *db)
{
	assert(db->ops == &db_sqlite_ops);
	return (struct sqlite *)db;
}

bool sqlite_err(struct sqlite *sqlite, struct err *err, int rc, const char *text)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_BUSY, "the database is in use: %s", text);
	case SQLITE_INTERRUPT:
		return err_set(err, ERR_BUSY, "the check of the books was interrupted");
	case SQLITE_FULL:
		return err_set(err, ERR_TOO_LARGE, "no space left for the database: %s", text);
	default:
		if (sqlite)
			sqlite->broken = true;
		return err_set(err, ERR_FATAL, "database: %s (%d)", text, rc);
	}
}

/* ---- transactions ---- */

/*
 * By the wall clock, as the simplest timed lock wants it: a clock that jumps only makes the wait shorter or
 * longer.
 */
bool connection_lock(struct connection *connection, struct err *err)
{
	struct timespec until;
	int64_t until_ms;

	if (pthread_mutex_trylock(&connection->lock) == 0)
		return true;
	until_ms = clock_wall_ms(clock_system()) + LOCK_WAIT_MS;
	until = (struct timespec){ .tv_sec = until_ms / MS_PER_S, .tv_nsec = until_ms % MS_PER_S * 1000000 };
	if (pthread_mutex_timedlock(&connection->lock, &until) == 0)
		return true;
	return err_set(err, ERR_BUSY, IN_USE);
}

static bool execute(struct tx *tx, const char *sql, struct err *err)
{
	struct query statement = query(tx, sql);

	query_run(&statement);
	return tx->rc == SQLITE_OK ||
	       sqlite_err(tx->sqlite, err, tx->rc, sqlite3_errmsg(tx->connection->handle));
}

/* The stages write in turn. Taking in messages does not wait in line: it is what others wait for. */
static bool in_turn(const struct tx *tx)
{
	return tx->write && tx->point != CRASH_inbox_append;
}

static bool take_lock(struct tx *tx, struct err *err)
{
	if (in_turn(tx) && !turn_take(tx->sqlite->turn, LOCK_WAIT_MS))
		return err_set(err, ERR_BUSY, IN_USE);
	if (connection_lock(tx->connection, err))
		return true;
	if (in_turn(tx))
		turn_pass(tx->sqlite->turn);
	return false;
}

static void free_lock(struct tx *tx)
{
	(void)pthread_mutex_unlock(&tx->connection->lock);
	if (in_turn(tx))
		turn_pass(tx->sqlite->turn);
}

static bool begin(struct tx *tx, const char *sql, struct err *err)
{
	struct connection *connection = tx->connection;

	if (tx->sqlite->broken)
		return err_set(err, ERR_FATAL, "database: the disk has failed before");
	if (!take_lock(tx, err))
		return false;
	/* Old days' statements would gather; between transactions none is in use. */
	if (connection->n_statement > STATEMENTS_MAX / 2)
		statements_clear(connection);
	if (execute(tx, sql, err))
		return true;
	free_lock(tx);
	return false;
}

static void days_unknown(struct tx *tx)
{
	for (int i = 0; i < DAY_KIND_COUNT; i++)
		tx->day_ready[i] = INT64_MIN;
}

bool tx_begin_write(struct tx *tx, struct db *db, enum crash_point point, int64_t now_ms, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);

	*tx = (struct tx){
		.sqlite = sqlite,
		.connection = &sqlite->writer,
		.point = point,
		.write = true,
		.now_ms = now_ms,
	};
	days_unknown(tx);
	if (!begin(tx, "BEGIN IMMEDIATE", err))
		return false;
	sqlite->audit.n = 0;
	return true;
}

bool tx_begin_read(struct tx *tx, struct db *db, enum reader reader, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);

	*tx = (struct tx){ .sqlite = sqlite, .connection = &sqlite->reader[reader] };
	days_unknown(tx);
	return begin(tx, "BEGIN", err);
}

static void statements_reset(struct connection *connection)
{
	sqlite3_stmt *stmt = NULL;

	while ((stmt = sqlite3_next_stmt(connection->handle, stmt)))
		if (sqlite3_stmt_busy(stmt))
			(void)sqlite3_reset(stmt);
}

static void leave(struct tx *tx, bool committed)
{
	if (tx->seen_used)
		seen_settle(tx->sqlite->seen, committed);
	free_lock(tx);
}

static void undo(struct tx *tx)
{
	statements_reset(tx->connection);
	if (!sqlite3_get_autocommit(tx->connection->handle))
		(void)sqlite3_exec(tx->connection->handle, "ROLLBACK", NULL, NULL, NULL);
}

static void roll_back(struct tx *tx)
{
	undo(tx);
	leave(tx, false);
}

static void save_sequence(struct tx *tx)
{
	struct query update;

	if (!tx->last_id_changed)
		return;
	update = query(tx, "UPDATE sequence SET last_id = ?1, last_message_id = max(last_message_id, ?2)");
	put_int(&update, 1, tx->last_id);
	put_int(&update, 2, tx->last_message_id);
	query_run(&update);
}

bool tx_commit(struct tx *tx, struct err *err)
{
	if (tx->write) {
		audit_flush(tx);
		counts_write(tx);
		save_sequence(tx);
	}
	if (tx->rc != SQLITE_OK) {
		(void)sqlite_err(tx->sqlite, err, tx->rc, sqlite3_errmsg(tx->connection->handle));
		roll_back(tx);
		return false;
	}
	if (tx->write)
		crash_point_before(tx->point);
	if (!execute(tx, "COMMIT", err)) {
		undo(tx);
		if (tx->write && (tx->rc & 0xff) == SQLITE_IOERR)
			sqlite_log_cut(tx->connection->handle);
		leave(tx, false);
		return false;
	}
	if (tx->write)
		crash_point_after(tx->point);
	leave(tx, true);
	return true;
}

void tx_abort(struct tx *tx)
{
	roll_back(tx);
}

void tx_fail(struct tx *tx, int rc)
{
	if (tx->rc == SQLITE_OK)
		tx->rc = rc;
}

int64_t tx_last_id(struct tx *tx)
{
	if (tx->last_id == 0) {
		struct query select = query(tx, "SELECT last_id FROM sequence");

		tx->last_id = query_int(&select, 0);
		if (tx->last_id < 0 || tx->last_id > STORE_ID_MAX) {
			tx_fail(tx, SQLITE_CORRUPT);
			tx->last_id = 0;
		}
	}
	return tx->last_id;
}

int64_t tx_id(struct tx *tx)
{
	tx->last_id = store_id_next(tx_last_id(tx), tx->now_ms);
	tx->last_id_changed = true;
	return tx->last_id;
}

int64_t tx_sequence_ms(struct tx *tx)
{
	return store_id_ms(store_id_next(tx_last_id(tx), tx->now_ms));
}
