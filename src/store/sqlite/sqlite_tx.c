/*
 * Transactions and statements: a thin, sticky-error layer over SQLite's C interface.
 *
 * Keeps:   every statement is reset before the COMMIT (an open one would keep the log from being emptied). A failed commit or sync is
 *          never tried again: ERR_FATAL, and the process has to end.
 * Threads: a connection belongs to the thread that holds its lock, from begin to commit or abort.
 */
#include "store/sqlite/sqlite_internal.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_SQL_BYTES_MAX 1024

struct sqlite *sqlite_of(struct db *db)
{
	assert(db->ops == &db_sqlite_ops);
	return (struct sqlite *)db;
}

bool sqlite_err(struct err *err, int rc, const char *text)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_BUSY, "the database is in use: %s", text);
	case SQLITE_FULL:
		return err_set(err, ERR_TOO_LARGE, "no space left for the database: %s", text);
	case SQLITE_CONSTRAINT:
		return err_set(err, ERR_CONFLICT, "the database refuses a row: %s", text);
	default:
		return err_set(err, ERR_FATAL, "database: %s (%d)", text, rc);
	}
}

/* ---- prepared statements by their text ---- */

static size_t slot_of(const char *sql)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *sql; sql++)
		hash = (hash ^ (unsigned char)*sql) * UINT64_C(1099511628211);
	return (size_t)(hash % STATEMENTS_MAX);
}

static void statements_clear(struct connection *connection)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		(void)sqlite3_finalize(connection->statement[i].stmt);
		mem_free(connection->statement[i].sql);
	}
	memset(connection->statement, 0, sizeof(connection->statement));
	connection->n_statement = 0;
}

static void statements_reset(struct connection *connection)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		if (connection->statement[i].stmt && sqlite3_stmt_busy(connection->statement[i].stmt))
			(void)sqlite3_reset(connection->statement[i].stmt);
}

static struct statement *statement_slot(struct connection *connection, const char *sql)
{
	size_t at = slot_of(sql);

	while (connection->statement[at].sql && strcmp(connection->statement[at].sql, sql) != 0)
		at = (at + 1) % STATEMENTS_MAX;
	return &connection->statement[at];
}

static sqlite3_stmt *statement_get(struct tx *tx, const char *sql)
{
	struct connection *connection = tx->connection;
	struct statement *statement = statement_slot(connection, sql);

	if (statement->stmt)
		return statement->stmt;
	tx->rc = sqlite3_prepare_v3(connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->stmt, NULL);
	if (tx->rc != SQLITE_OK)
		return NULL;
	statement->sql = mem_strdup(sql);
	connection->n_statement++;
	return statement->stmt;
}

/* ---- transactions ---- */

static bool execute(struct connection *connection, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(connection->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ||
	       sqlite_err(err, sqlite3_extended_errcode(connection->handle), sqlite3_errmsg(connection->handle));
}

static bool begin(struct tx *tx, const char *sql, struct err *err)
{
	struct connection *connection = tx->connection;

	(void)pthread_mutex_lock(&connection->lock);
	/* Old days' statements would gather; between transactions none is in use. */
	if (connection->n_statement > STATEMENTS_MAX * 3 / 4)
		statements_clear(connection);
	if (execute(connection, sql, err))
		return true;
	(void)pthread_mutex_unlock(&connection->lock);
	return false;
}

bool tx_begin_write(struct tx *tx, struct db *db, enum crash_point point, int64_t now_ms, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);

	*tx = (struct tx){
		.sqlite = sqlite, .connection = &sqlite->writer, .point = point, .write = true, .now_ms = now_ms,
	};
	return begin(tx, "BEGIN IMMEDIATE", err);
}

bool tx_begin_read(struct tx *tx, struct db *db, struct err *err)
{
	struct sqlite *sqlite = sqlite_of(db);

	*tx = (struct tx){ .sqlite = sqlite, .connection = &sqlite->reader };
	return begin(tx, "BEGIN", err);
}

static void roll_back(struct tx *tx)
{
	statements_reset(tx->connection);
	if (!sqlite3_get_autocommit(tx->connection->handle))
		(void)sqlite3_exec(tx->connection->handle, "ROLLBACK", NULL, NULL, NULL);
	(void)pthread_mutex_unlock(&tx->connection->lock);
}

static void save_last_id(struct tx *tx)
{
	struct query update;

	if (!tx->last_id_changed)
		return;
	update = query(tx, "UPDATE meta SET value = ?1 WHERE name = 'last_id'");
	put_int(&update, 1, tx->last_id);
	query_run(&update);
}

bool tx_commit(struct tx *tx, struct err *err)
{
	bool ok;

	save_last_id(tx);
	if (tx->rc != SQLITE_OK) {
		(void)sqlite_err(err, tx->rc, sqlite3_errmsg(tx->connection->handle));
		roll_back(tx);
		return false;
	}
	statements_reset(tx->connection);
	if (tx->write)
		crash_point_before(tx->point);
	ok = execute(tx->connection, "COMMIT", err);
	if (!ok) {
		roll_back(tx);
		return false;
	}
	if (tx->write)
		crash_point_after(tx->point);
	(void)pthread_mutex_unlock(&tx->connection->lock);
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

int64_t tx_id(struct tx *tx)
{
	if (tx->last_id == 0) {
		struct query select = query(tx, "SELECT value FROM meta WHERE name = 'last_id'");

		tx->last_id = query_int(&select, 0);
	}
	tx->last_id = store_id_next(tx->last_id, tx->now_ms);
	tx->last_id_changed = true;
	return tx->last_id;
}

/* ---- queries ---- */

struct query query(struct tx *tx, const char *sql)
{
	struct query query = { .tx = tx };

	if (tx->rc != SQLITE_OK)
		return query;
	query.stmt = statement_get(tx, sql);
	assert(!query.stmt || !sqlite3_stmt_busy(query.stmt));
	return query;
}

struct query query_day(struct tx *tx, const char *sql, int64_t day)
{
	char text[DAY_SQL_BYTES_MAX];
	char day_text[9];
	const char *from = sql;
	size_t len = 0;

	time_day_text(day, day_text);
	while (*from && len < sizeof(text) - sizeof(day_text)) {
		if (from[0] == '%' && from[1] == 's') {
			memcpy(text + len, day_text, 8);
			len += 8;
			from += 2;
		} else {
			text[len++] = *from++;
		}
	}
	assert(!*from);
	text[len] = '\0';
	return query(tx, text);
}

static void put_done(struct query *query, int rc)
{
	if (rc != SQLITE_OK)
		tx_fail(query->tx, rc);
}

void put_int(struct query *query, int at, int64_t value)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_int64(query->stmt, at, value));
}

void put_bool(struct query *query, int at, bool value)
{
	put_int(query, at, value ? 1 : 0);
}

void put_text(struct query *query, int at, struct str text)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_text64(query->stmt, at, text.p ? text.p : "", text.len, SQLITE_STATIC,
						    SQLITE_UTF8));
}

void put_blob(struct query *query, int at, struct str bytes)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_blob64(query->stmt, at, bytes.p ? bytes.p : "", bytes.len, SQLITE_STATIC));
}

void put_digest(struct query *query, int at, const struct digest16 *digest)
{
	put_blob(query, at, (struct str){ (const char *)digest->byte, sizeof(digest->byte) });
}

bool query_row(struct query *query)
{
	int rc;

	if (!query->stmt || query->tx->rc != SQLITE_OK)
		return false;
	rc = sqlite3_step(query->stmt);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		tx_fail(query->tx, sqlite3_extended_errcode(query->tx->connection->handle));
	query_end(query);
	return false;
}

void query_end(struct query *query)
{
	if (query->stmt)
		(void)sqlite3_reset(query->stmt);
}

void query_run(struct query *query)
{
	while (query_row(query))
		;
}

int64_t query_int(struct query *query, int64_t otherwise)
{
	int64_t value = otherwise;

	if (query_row(query)) {
		if (!query_is_null(query, 0))
			value = get_int(query, 0);
		query_end(query);
	}
	return value;
}

int query_changes(const struct query *query)
{
	return query->tx->rc == SQLITE_OK ? sqlite3_changes(query->tx->connection->handle) : 0;
}

int64_t get_int(const struct query *query, int column)
{
	return sqlite3_column_int64(query->stmt, column);
}

bool get_bool(const struct query *query, int column)
{
	return get_int(query, column) != 0;
}

bool query_is_null(const struct query *query, int column)
{
	return sqlite3_column_type(query->stmt, column) == SQLITE_NULL;
}

struct str get_text(const struct query *query, int column, struct arena *arena)
{
	const char *p = sqlite3_column_blob(query->stmt, column);

	return arena_dup(arena, (struct str){ p, (size_t)sqlite3_column_bytes(query->stmt, column) });
}

struct digest16 get_digest(const struct query *query, int column)
{
	struct digest16 digest = { { 0 } };
	const void *p = sqlite3_column_blob(query->stmt, column);

	if (p && sqlite3_column_bytes(query->stmt, column) == (int)sizeof(digest.byte))
		memcpy(digest.byte, p, sizeof(digest.byte));
	return digest;
}
