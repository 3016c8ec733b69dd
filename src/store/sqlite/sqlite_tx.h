#ifndef PANNIER_STORE_SQLITE_SQLITE_TX_H
#define PANNIER_STORE_SQLITE_SQLITE_TX_H

#include "base/crash_point.h"
#include "store/store_rules.h"

#include <pthread.h>
#include <sqlite3.h>

/* Connections, transactions and statements: a thin, sticky-error layer over SQLite's C interface. */

/* ---- connections ---- */

#define STATEMENTS_MAX 512

/* A prepared statement, by the address of its text and the day put into it. */
struct statement {
	const char *sql;           /* NULL: free */
	int64_t day;
	sqlite3_stmt *stmt;
};

struct connection {
	pthread_mutex_t lock;
	sqlite3 *handle;
	struct statement statement[STATEMENTS_MAX]; /* open hash table */
	size_t n_statement;
};

/* Who reads: the stages of the road never wait for what a person looks at, and nobody for the check of all rows. */
enum reader { READER_STAGES, READER_PEOPLE, READER_CHECK, READER_COUNT };

struct seen;

#define AUDIT_RUN_MAX 256

/* Audit rows of deliveries that are not written yet (sqlite_audit.c): at most until the transaction ends. */
struct audit_pending {
	struct audit_row row[AUDIT_RUN_MAX];
	size_t n;
};

struct sqlite {
	struct db db;
	char *path;
	struct connection writer;
	struct turn *turn;             /* of the stages and people that want the writer */
	struct connection reader[READER_COUNT];
	struct connection upkeep;      /* checkpoints */
	_Atomic bool broken;           /* the disk failed: nothing is tried any more */
	_Atomic bool interrupted;      /* the check of all rows is to end */
	struct seen *seen;             /* keys of messages, for duplicates; under writer.lock */
	struct audit_pending audit;    /* under writer.lock */
	int64_t turn_store_id;         /* the last store served by a claim; under the stages' reader.lock */
	int64_t due_turn[PRIORITY_COUNT]; /* the same for due roots, by priority */
	_Atomic int64_t log_frames;    /* pages in the log after the last commit of this process */
	_Atomic int64_t n_commit;
	int64_t n_commit_seen;         /* by upkeep, and when that had changed; under upkeep.lock */
	int64_t commit_seen_ms;
};

struct sqlite *sqlite_of(struct db *db); /* checks that db is ours */
/* Takes a connection's lock, waiting at most 5 s: ERR_BUSY. */
bool connection_lock(struct connection *connection, struct err *err) MUST_CHECK;
/* Maps a code of SQLite's to ours. sqlite: where a broken disk is remembered; NULL = nowhere. */
bool sqlite_err(struct sqlite *sqlite, struct err *err, int rc, const char *text);

/* ---- transactions ---- */

/* Counters that many rows of a transaction change are gathered and written once, before the commit (sqlite_count.c). */
struct lane_change {
	int64_t account_id;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	int64_t n_ready;
	int64_t n_blocked;
	int64_t n_waiting;
	int64_t n_sending;
};

struct account_change {
	int64_t account_id;
	int64_t created;
	int64_t accepted;
	int64_t failed;
	int64_t skipped;
};

struct store_change {
	int64_t store_id;
	int64_t n_due;
	int64_t n_held;
};

#define LANE_CHANGES_MAX 32
#define ACCOUNT_CHANGES_MAX 8
#define STORE_CHANGES_MAX 16

enum day_kind { DAY_MESSAGE, DAY_SEEN, DAY_BODY, DAY_DELIVERY, DAY_AUDIT, DAY_SEEN_BUCKET, DAY_KIND_COUNT };

/*
 * One transaction. Errors stick: after the first one queries do nothing and tx_commit rolls back and reports it, so that
 * code between begin and commit reads from top to bottom.
 */
struct tx {
	struct sqlite *sqlite;
	struct connection *connection;
	enum crash_point point;
	bool write;
	int rc;                        /* SQLite's extended code, SQLITE_OK so far */
	int64_t now_ms;
	int64_t last_id;               /* 0 = not read yet */
	bool last_id_changed;
	int64_t last_message_id;       /* appended; 0 = none */
	bool seen_used;                /* sqlite->seen takes part */
	int64_t day_ready[DAY_KIND_COUNT]; /* a day whose tables are known to be there */
	int64_t nobody_erased_store_id; /* a store of which nobody was erased; 0 = not known (sqlite_erase.c) */
	struct entity touched;         /* the root that due_touch wrote last, and for which message */
	int64_t touched_by;
	struct lane_change lane[LANE_CHANGES_MAX];
	size_t n_lane;
	struct account_change account[ACCOUNT_CHANGES_MAX];
	size_t n_account;
	struct store_change store[STORE_CHANGES_MAX];
	size_t n_store;
};

/* Takes the writer and BEGIN IMMEDIATE. False: err says why, nothing is held. */
bool tx_begin_write(struct tx *tx, struct db *db, enum crash_point point, int64_t now_ms, struct err *err) MUST_CHECK;
/* Takes a reader and a snapshot. */
bool tx_begin_read(struct tx *tx, struct db *db, enum reader reader, struct err *err) MUST_CHECK;
/* Ends it: commits and syncs, or rolls back if anything failed. */
bool tx_commit(struct tx *tx, struct err *err) MUST_CHECK;
/* Ends it without effect. */
void tx_abort(struct tx *tx);
/* The next id of the one sequence; 0 after an error. */
int64_t tx_id(struct tx *tx);
int64_t tx_last_id(struct tx *tx);
/* Where the sequence stands: now, or later if the clock has gone back. */
int64_t tx_sequence_ms(struct tx *tx);
/* Fails the transaction with a code of SQLite's. */
void tx_fail(struct tx *tx, int rc);

/* ---- statements (sqlite_query.c) ---- */

struct query {
	struct tx *tx;
	sqlite3_stmt *stmt; /* NULL after an error */
	bool once;
};

/* sql: a literal; its address is the name under which the statement is kept prepared. */
struct query query(struct tx *tx, const char *sql);
/* The same with every %s replaced by a day ("20260730"). */
struct query query_day(struct tx *tx, const char *sql, int64_t day);
/* The same, not kept: for walks over many days. It has to be read or run to its end, or ended. */
struct query query_day_once(struct tx *tx, const char *sql, int64_t day);
/* Texts and blobs are borrowed until the statement has been stepped to its end. */
void put_int(struct query *query, int at, int64_t value);
void put_bool(struct query *query, int at, bool value);
void put_null(struct query *query, int at);
void put_text(struct query *query, int at, struct str text);
void put_blob(struct query *query, int at, struct str bytes);
void put_digest(struct query *query, int at, const struct digest16 *digest);
/* True: a row; false: at its end (or failed), the statement is free again. */
bool query_row(struct query *query);
void query_end(struct query *query); /* for leaving a loop early */
void query_run(struct query *query); /* to its end, no rows wanted */
int64_t query_int(struct query *query, int64_t otherwise); /* first column of the first row */
int query_changes(const struct query *query);
int64_t get_int(const struct query *query, int column);
bool get_bool(const struct query *query, int column);
/* One of 0..n-1; another value fails the transaction as one of a broken database, and 0 stands for it. */
int get_choice(const struct query *query, int column, int n);
enum entity_kind get_entity_kind(const struct query *query, int column);
enum klaviyo_kind get_klaviyo_kind(const struct query *query, int column);
enum delivery_op get_delivery_op(const struct query *query, int column);
enum delivery_state get_delivery_state(const struct query *query, int column);
enum priority get_priority(const struct query *query, int column);
struct str get_text(const struct query *query, int column, struct arena *arena); /* a copy */
struct str peek_text(const struct query *query, int column); /* until the statement is stepped or ended */
struct digest16 get_digest(const struct query *query, int column);
/* Forgets all statements of the connection; none may be in use. */
void statements_clear(struct connection *connection);

#endif
