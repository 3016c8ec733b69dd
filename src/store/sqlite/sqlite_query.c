/*
 * SQLite backend: statements, kept prepared per connection, and their values.
 *
 * Keeps:   a statement is stepped to its end, or ended, before it is used again (asserted).
 * Threads: as the connection they belong to.
 */
#include "store/sqlite/sqlite_tx.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define DAY_SQL_BYTES_MAX 1024

/* ---- prepared statements ---- */

static size_t slot_of(const char *sql, int64_t day)
{
	uint64_t hash = ((uint64_t)(uintptr_t)sql + (uint64_t)day * UINT64_C(0x9e3779b97f4a7c15)) *
			UINT64_C(0xff51afd7ed558ccd);

	return (size_t)(hash >> 32) % STATEMENTS_MAX;
}

void statements_clear(struct connection *connection)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(connection->statement[i].stmt);
	memset(connection->statement, 0, sizeof(connection->statement));
	connection->n_statement = 0;
}

static struct statement *statement_slot(struct connection *connection, const char *sql, int64_t day)
{
	size_t at = slot_of(sql, day);

	while (connection->statement[at].sql &&
	       (connection->statement[at].sql != sql || connection->statement[at].day != day))
		at = (at + 1) % STATEMENTS_MAX;
	return &connection->statement[at];
}

/* text: what is prepared when the statement is new. */
static sqlite3_stmt *statement_make(struct tx *tx, struct statement *statement, const char *text)
{
	assert(tx->connection->n_statement < STATEMENTS_MAX - 1);
	tx->rc = sqlite3_prepare_v3(tx->connection->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
				    &statement->stmt, NULL);
	if (tx->rc == SQLITE_OK)
		tx->connection->n_statement++;
	return statement->stmt;
}

struct query query(struct tx *tx, const char *sql)
{
	struct query query = { .tx = tx };
	struct statement *statement;

	if (tx->rc != SQLITE_OK)
		return query;
	statement = statement_slot(tx->connection, sql, 0);
	*statement = (struct statement){ sql, 0, statement->stmt };
	query.stmt = statement->stmt ? statement->stmt : statement_make(tx, statement, sql);
	assert(!query.stmt || !sqlite3_stmt_busy(query.stmt));
	return query;
}

static void day_sql(const char *sql, int64_t day, char text[static DAY_SQL_BYTES_MAX])
{
	char day_text[9];
	size_t len = 0;

	time_day_text(day, day_text);
	while (*sql && len < DAY_SQL_BYTES_MAX - sizeof(day_text)) {
		if (sql[0] == '%' && sql[1] == 's') {
			memcpy(text + len, day_text, 8);
			len += 8;
			sql += 2;
		} else {
			text[len++] = *sql++;
		}
	}
	assert(!*sql);
	text[len] = '\0';
}

struct query query_day(struct tx *tx, const char *sql, int64_t day)
{
	struct query query = { .tx = tx };
	struct statement *statement;
	char text[DAY_SQL_BYTES_MAX];

	if (tx->rc != SQLITE_OK)
		return query;
	statement = statement_slot(tx->connection, sql, day + 1); /* 0 is for statements without a day */
	query.stmt = statement->stmt;
	if (!query.stmt) {
		day_sql(sql, day, text);
		*statement = (struct statement){ sql, day + 1, NULL };
		query.stmt = statement_make(tx, statement, text);
	}
	assert(!query.stmt || !sqlite3_stmt_busy(query.stmt));
	return query;
}

struct query query_day_once(struct tx *tx, const char *sql, int64_t day)
{
	struct query query = { .tx = tx, .once = true };
	char text[DAY_SQL_BYTES_MAX];

	if (tx->rc != SQLITE_OK)
		return query;
	day_sql(sql, day, text);
	tx->rc = sqlite3_prepare_v3(tx->connection->handle, text, -1, 0, &query.stmt, NULL);
	return query;
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

void put_null(struct query *query, int at)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_null(query->stmt, at));
}

void put_bool(struct query *query, int at, bool value)
{
	put_int(query, at, value ? 1 : 0);
}

void put_text(struct query *query, int at, struct str text)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_text64(query->stmt, at, text.p ? text.p : "", text.len,
						    SQLITE_STATIC, SQLITE_UTF8));
}

void put_blob(struct query *query, int at, struct str bytes)
{
	if (query->stmt)
		put_done(query, sqlite3_bind_blob64(query->stmt, at, bytes.p ? bytes.p : "", bytes.len,
						    SQLITE_STATIC));
}

void put_digest(struct query *query, int at, const struct digest16 *digest)
{
	put_blob(query, at, (struct str){ (const char *)digest->byte, sizeof(digest->byte) });
}

bool query_row(struct query *query)
{
	int rc;

	if (!query->stmt || query->tx->rc != SQLITE_OK) {
		query_end(query);
		return false;
	}
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
	if (query->once) {
		(void)sqlite3_finalize(query->stmt);
		query->stmt = NULL;
	} else if (query->stmt) {
		(void)sqlite3_reset(query->stmt);
	}
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
		if (sqlite3_column_type(query->stmt, 0) != SQLITE_NULL)
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

int get_choice(const struct query *query, int column, int n)
{
	int64_t value = get_int(query, column);

	if (value >= 0 && value < n)
		return (int)value;
	log_error("store", "%s: %" PRId64 " is no value of this column",
		  sqlite3_column_name(query->stmt, column), value);
	tx_fail(query->tx, SQLITE_CORRUPT);
	return 0;
}

enum entity_kind get_entity_kind(const struct query *query, int column)
{
	return (enum entity_kind)get_choice(query, column, ENTITY_KIND_COUNT);
}

enum klaviyo_kind get_klaviyo_kind(const struct query *query, int column)
{
	return (enum klaviyo_kind)get_choice(query, column, KLAVIYO_KIND_COUNT);
}

enum delivery_op get_delivery_op(const struct query *query, int column)
{
	return (enum delivery_op)get_choice(query, column, DELIVERY_OP_COUNT);
}

enum delivery_state get_delivery_state(const struct query *query, int column)
{
	return (enum delivery_state)get_choice(query, column, DELIVERY_SKIPPED + 1);
}

enum priority get_priority(const struct query *query, int column)
{
	return (enum priority)get_choice(query, column, PRIORITY_COUNT);
}

struct str get_text(const struct query *query, int column, struct arena *arena)
{
	return arena_dup(arena, peek_text(query, column));
}

struct str peek_text(const struct query *query, int column)
{
	const char *p = sqlite3_column_blob(query->stmt, column);

	return (struct str){ p, (size_t)sqlite3_column_bytes(query->stmt, column) };
}

struct digest16 get_digest(const struct query *query, int column)
{
	struct digest16 digest = { { 0 } };
	const void *p = sqlite3_column_blob(query->stmt, column);

	if (p && sqlite3_column_bytes(query->stmt, column) == (int)sizeof(digest.byte))
		memcpy(digest.byte, p, sizeof(digest.byte));
	return digest;
}
