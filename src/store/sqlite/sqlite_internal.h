#ifndef PANNIER_STORE_SQLITE_SQLITE_INTERNAL_H
#define PANNIER_STORE_SQLITE_SQLITE_INTERNAL_H

#include "base/crash_point.h"
#include "store/store_rules.h"

#include <pthread.h>
#include <sqlite3.h>

/* ---- connections and transactions (sqlite.c, sqlite_tx.c) ---- */

#define STATEMENTS_MAX 256

/* A prepared statement under its text. */
struct statement {
	char *sql;
	sqlite3_stmt *stmt;
};

struct connection {
	pthread_mutex_t lock;
	sqlite3 *handle;
	struct statement statement[STATEMENTS_MAX]; /* open hash table by text */
	size_t n_statement;
};

struct sqlite {
	struct db db;
	char *path;
	struct connection writer;
	struct connection reader;
	struct connection upkeep;      /* checkpoints */
	int64_t turn_store_id;         /* the last store served by a claim; under reader.lock */
};

/*
 * One transaction. Errors stick: after the first one queries do nothing and tx_commit rolls back and reports it, so that code
 * between begin and commit reads from top to bottom.
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
};

struct sqlite *sqlite_of(struct db *db); /* checks that db is ours */

/* Takes the writer and BEGIN IMMEDIATE. False: err says why, nothing is held. */
bool tx_begin_write(struct tx *tx, struct db *db, enum crash_point point, int64_t now_ms, struct err *err) MUST_CHECK;
/* Takes the reader and a snapshot. */
bool tx_begin_read(struct tx *tx, struct db *db, struct err *err) MUST_CHECK;
/* Ends it: commits and syncs, or rolls back if anything failed. */
bool tx_commit(struct tx *tx, struct err *err) MUST_CHECK;
/* Ends it without effect. */
void tx_abort(struct tx *tx);
/* The next id of the one sequence; 0 after an error. */
int64_t tx_id(struct tx *tx);
/* Fails the transaction with a code of SQLite's. */
void tx_fail(struct tx *tx, int rc);
/* Maps a code of SQLite's to ours. */
bool sqlite_err(struct err *err, int rc, const char *text);

/* ---- statements ---- */

struct query {
	struct tx *tx;
	sqlite3_stmt *stmt; /* NULL after an error */
};

/* sql: a text that always names the same statement; kept prepared. */
struct query query(struct tx *tx, const char *sql);
/* The same with %s replaced by a day ("20260730"). */
struct query query_day(struct tx *tx, const char *sql, int64_t day);
void put_int(struct query *query, int at, int64_t value);
void put_bool(struct query *query, int at, bool value);
void put_text(struct query *query, int at, struct str text);     /* borrowed until the statement is stepped to its end */
void put_blob(struct query *query, int at, struct str bytes);
void put_digest(struct query *query, int at, const struct digest16 *digest);
bool query_row(struct query *query);   /* true: a row; false: at its end (or failed), the statement is free again */
void query_end(struct query *query);   /* for leaving a loop early */
void query_run(struct query *query);   /* to its end, no rows wanted */
int64_t query_int(struct query *query, int64_t otherwise); /* first column of the first row */
int query_changes(const struct query *query);
int64_t get_int(const struct query *query, int column);
bool get_bool(const struct query *query, int column);
struct str get_text(const struct query *query, int column, struct arena *arena); /* a copy */
struct digest16 get_digest(const struct query *query, int column);
bool query_is_null(const struct query *query, int column);

/* ---- day tables (sqlite_day.c) ---- */

enum day_kind { DAY_MESSAGE, DAY_SEEN, DAY_DELIVERY, DAY_AUDIT, DAY_KIND_COUNT };
/* Makes the tables of that day if they are not there. */
void day_ensure(struct tx *tx, enum day_kind kind, int64_t day);
bool day_exists(struct tx *tx, enum day_kind kind, int64_t day);
/* Days that have a table, descending or ascending, in the arena. */
int64_t *day_list(struct tx *tx, enum day_kind kind, bool ascending, struct arena *arena, size_t *n);
void day_drop(struct tx *tx, enum day_kind kind, int64_t day);

/* ---- schema (sqlite_schema.c) ---- */

bool sqlite_migrate(struct sqlite *sqlite, struct err *err) MUST_CHECK;

/* ---- shared between the nouns ---- */

/* Writes an audit row; id and at_ms are given here. */
void audit_add(struct tx *tx, const struct audit_row *row);
int64_t account_of_store(struct tx *tx, int64_t store_id); /* 0: unknown or removed */

/* sqlite_fact.c: applying facts */
struct fact_cause {
	int64_t store_id;
	int64_t message_id;
	int64_t due_seq;
	const struct inbox_result *result;
};
void fact_apply(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena,
		struct fact_count *count);

/* sqlite_due.c: what is to be looked at */
void due_touch(struct tx *tx, const struct fact_cause *cause, struct entity root);
/* Makes due at once, as backfill; what is due already only gets the new seq. */
void due_now(struct tx *tx, int64_t store_id, struct entity root, int64_t seq);
/* Roots that name target, behind `after`, in order, at most max_n. */
struct entity *dependants(struct tx *tx, int64_t store_id, struct entity target, struct entity after, size_t max_n,
			  struct arena *arena, size_t *n);
void sweep_add(struct tx *tx, int64_t store_id, struct entity target, struct entity after);

/* sqlite_sent.c: what Klaviyo was told */
struct sent_row {
	int64_t account_id;
	enum klaviyo_kind kind;
	struct str external_id;
	int64_t store_id;
	struct entity root;
	struct sent_state state;
};
bool sent_get(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, struct str external_id, struct arena *arena,
	      struct sent_row *out);
void sent_put(struct tx *tx, const struct sent_row *row);

/* sqlite_delivery.c: rows of the outbox */
#define DELIVERY_COLUMNS_WITH(body) \
	"id, account_id, store_id, kind, op, priority, state, external_id, parent_external_id, " body ", hash, root_kind," \
	" root_id, message_id, created_ms, due_ms, attempts, solo, reason, batch_id, ended_ms, blocked"
#define DELIVERY_COLUMNS DELIVERY_COLUMNS_WITH("body")
#define DELIVERY_COLUMNS_NO_BODY DELIVERY_COLUMNS_WITH("''")
struct delivery_row {
	struct delivery delivery;
	int64_t batch_id;          /* SENDING */
	int64_t ended_ms;          /* FAILED, and in the history */
	bool blocked;              /* another delivery has to end first (see db_outbox_claim); kept for queued ones */
};
void delivery_read(const struct query *query, struct arena *arena, struct delivery_row *out);
/* The only row, or false. */
bool delivery_read_one(struct query *query, struct arena *arena, struct delivery_row *out);
void delivery_insert(struct tx *tx, struct delivery_row *row, struct arena *arena);
/* An undone or failed row; its body is left out, as in all that follow. */
bool delivery_find(struct tx *tx, int64_t id, struct arena *arena, struct delivery_row *out);
/* Writes back what may change of an undone or failed row; before: as it was read. Keeps lanes and what is blocked. */
void delivery_update(struct tx *tx, const struct delivery_row *before, struct delivery_row *after, struct arena *arena);
/* Takes an undone or failed row out into the history, as ACCEPTED or SKIPPED. */
void delivery_finish(struct tx *tx, const struct delivery_row *row, enum delivery_state state, struct str reason,
		     struct arena *arena);
/* Ends a row as SKIPPED, with its audit row and what it means for what is wanted. */
void delivery_skip(struct tx *tx, const struct delivery_row *row, enum audit_code code, struct str reason,
		   struct arena *arena);
struct audit_row delivery_audit(const struct delivery *delivery, enum audit_code code, struct str reason);
bool delivery_undone(const struct delivery *delivery);
bool delivery_queued(const struct delivery *delivery);
/* The next delivery of an entity behind after_id (undone or failed), by id; false at the end. */
bool delivery_of_entity(struct tx *tx, const struct delivery *entity, int64_t after_id, struct arena *arena,
			struct delivery_row *out);
/* Is a delete of the same entity undone with a smaller id? */
bool delete_ahead(struct tx *tx, const struct delivery *delivery);
void account_count_add(struct tx *tx, int64_t account_id, int created, int accepted, int failed, int skipped);

/* sqlite_block.c: what may not leave before another has ended */
bool is_blocked(struct tx *tx, const struct delivery *delivery);
/* After `delivery` came, went or changed its op: renews what that blocks or frees, its own entity included. */
void blocked_renew(struct tx *tx, const struct delivery *delivery, struct arena *arena);
/* Lane counters for one row that enters (+1) or leaves (-1) its lane. */
void lane_add(struct tx *tx, const struct delivery_row *row, int n);

/* sqlite_outbox.c: lanes with something in them */
struct outbox_lane *read_lanes(struct tx *tx, int64_t now_ms, struct arena *arena, size_t *n);

/* sqlite_settle.c */
/* Sets the op of all queued upserts of the entity to what is known now. */
void ops_renew(struct tx *tx, const struct delivery *entity, struct arena *arena);
void budget_put(struct tx *tx, const struct budget_row *budget);

/* sqlite_fact.c */
bool entity_alive(struct tx *tx, int64_t store_id, struct entity entity); /* a part is set */
/* The product or category an entity belongs to; id "" if it has none or none is known. */
struct entity root_of(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena);

/* sqlite_catalog.c */
bool entity_is_deleted(struct tx *tx, int64_t store_id, struct entity entity);

/* ---- verbs ---- */

bool sqlite_config_version(struct db *db, int64_t *version, struct err *err);
bool sqlite_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err);
bool sqlite_config_change(struct db *db, const struct config_change *change, struct err *err);
bool sqlite_inbox_append(struct db *db, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt,
			 struct err *err);
bool sqlite_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err);
bool sqlite_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			   struct err *err);
bool sqlite_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err);
bool sqlite_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena, struct catalog_root **root,
			  size_t *n, int64_t *next_due_ms, struct err *err);
bool sqlite_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			struct catalog_root *out, struct err *err);
bool sqlite_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication, size_t n,
			    struct err *err);
bool sqlite_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);
bool sqlite_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			 struct catalog_match **match, size_t *n, struct err *err);
bool sqlite_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n,
			 struct err *err);
bool sqlite_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			 struct outbox_batch *batch, struct err *err);
bool sqlite_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err);
bool sqlite_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			  struct err *err);
bool sqlite_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch, size_t *n,
			   struct err *err);
bool sqlite_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err);
bool sqlite_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			struct failed_row **row, size_t *n, struct err *err);
bool sqlite_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change, size_t *n_changed,
			  struct err *err);
bool sqlite_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena, struct audit_row **row,
		       size_t *n, struct err *err);
bool sqlite_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err);
bool sqlite_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena, struct held_row **row,
		      size_t *n, struct err *err);
bool sqlite_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out, struct err *err);
bool sqlite_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err);
bool sqlite_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err);
bool sqlite_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more, struct err *err);

#endif
