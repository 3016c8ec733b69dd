/*
 * The durable format: tables, their invariants, and the steps that lead from an older one to this.
 *
 * One sequence (meta last_id, store_rules.h) numbers messages, deliveries, batches and audit rows; it is read and written inside the
 * transaction that uses it, so no row can appear behind one that a reader has passed.
 *
 * message_D     raw messages by the day of their id; append-only. A store's messages are pending while their id is greater than its
 *               store_count.cursor_id; the rest are mapped unless message_mark says otherwise.
 * message_mark  what is not simply pending or mapped: failed, ignored, discarded, and pending again because a person said so.
 * seen_D        newest key of each slot by day: duplicates. A slot's newest day decides.
 * fact          newest fact of each (entity, part); is_set 0 = cleared, remembered for its version and seq.
 * entity        what exists or was deleted; a variant's root; tombstones.
 * ref           what the root of (owner, part) depends on.
 * due           roots to be looked at; seq changes with every fact, so that publish sees what came in between.
 * sent          what Klaviyo was told of each of its entities: wanted = newest delivery, accepted = last accepted one.
 * delivery      undone and failed deliveries; finished ones move to delivery_D by the day they ended.
 *               blocked: READY or WAITING, but another delivery has to end first; kept up to date with every change.
 * lane          counters over undone deliveries: READY and free, READY and blocked, WAITING, SENDING.
 * batch         requests under way; their deliveries have its batch_id and are SENDING.
 * day           which day tables exist, by kind (0 message, 1 seen, 2 delivery, 3 audit).
 *
 * Every table is written only inside the verbs of store.h.
 */
#include "store/sqlite/sqlite_internal.h"

static const char *const step_1[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",
	"INSERT INTO meta VALUES ('last_id', 0), ('config_version', 1);",
	"CREATE TABLE day (kind INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (kind, day)) WITHOUT ROWID;",

	"CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, key_sealed BLOB NOT NULL,"
	" key_last4 TEXT NOT NULL, settings TEXT NOT NULL, created_ms INTEGER NOT NULL);",
	"CREATE TABLE store (id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,"
	" platform TEXT NOT NULL, secret_sealed BLOB NOT NULL, secret_last4 TEXT NOT NULL, settings TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL);",
	"CREATE TABLE store_count (store_id INTEGER PRIMARY KEY, cursor_id INTEGER NOT NULL DEFAULT 0,"
	" received INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0, mapped INTEGER NOT NULL DEFAULT 0,"
	" ignored INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,"
	" discarded INTEGER NOT NULL DEFAULT 0, last_message_ms INTEGER NOT NULL DEFAULT 0,"
	" discarded_from_id INTEGER NOT NULL DEFAULT 9223372036854775807);",
	"CREATE TABLE account_count (account_id INTEGER PRIMARY KEY, created INTEGER NOT NULL DEFAULT 0,"
	" accepted INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0);",

	"CREATE TABLE message_mark (id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL, state INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, reason TEXT NOT NULL);",
	"CREATE INDEX message_mark_state ON message_mark (state, id) WHERE state IN (0, 3);",

	"CREATE TABLE entity (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
	" root_id TEXT NOT NULL DEFAULT '', root_version INTEGER NOT NULL DEFAULT 0, root_seq INTEGER NOT NULL DEFAULT 0,"
	" deleted_ms INTEGER NOT NULL DEFAULT 0, deleted_version INTEGER NOT NULL DEFAULT 0,"
	" deleted_seq INTEGER NOT NULL DEFAULT 0, sku TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY (store_id, kind, id)) WITHOUT ROWID;",
	"CREATE INDEX entity_root ON entity (store_id, root_id, id) WHERE root_id <> '';",
	"CREATE INDEX entity_sku ON entity (sku) WHERE sku <> '';",
	"CREATE INDEX entity_deleted ON entity (deleted_ms) WHERE deleted_ms > 0;",
	"CREATE TABLE fact (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, part TEXT NOT NULL,"
	" version INTEGER NOT NULL, seq INTEGER NOT NULL, is_set INTEGER NOT NULL, body TEXT NOT NULL,"
	" PRIMARY KEY (store_id, kind, id, part)) WITHOUT ROWID;",
	"CREATE TABLE ref (store_id INTEGER NOT NULL, owner_kind INTEGER NOT NULL, owner_id TEXT NOT NULL, part TEXT NOT NULL,"
	" target_kind INTEGER NOT NULL, target_id TEXT NOT NULL,"
	" PRIMARY KEY (store_id, owner_kind, owner_id, part, target_kind, target_id)) WITHOUT ROWID;",
	"CREATE INDEX ref_target ON ref (store_id, target_kind, target_id);",
	"CREATE TABLE due (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, due_ms INTEGER NOT NULL,"
	" first_ms INTEGER NOT NULL, seq INTEGER NOT NULL, message_id INTEGER NOT NULL, priority INTEGER NOT NULL,"
	" PRIMARY KEY (store_id, kind, id)) WITHOUT ROWID;",
	"CREATE INDEX due_time ON due (due_ms);",
	"CREATE TABLE held (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, since_ms INTEGER NOT NULL,"
	" reason TEXT NOT NULL, PRIMARY KEY (store_id, kind, id)) WITHOUT ROWID;",
	"CREATE INDEX held_since ON held (since_ms);",
	"CREATE TABLE sent (account_id INTEGER NOT NULL, kind INTEGER NOT NULL, external_id TEXT NOT NULL,"
	" store_id INTEGER NOT NULL, root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, parent_external_id TEXT NOT NULL,"
	" accepted_parent TEXT NOT NULL, exists_there INTEGER NOT NULL, left_us INTEGER NOT NULL, wanted BLOB NOT NULL,"
	" wanted_deleted INTEGER NOT NULL, accepted BLOB NOT NULL, accepted_deleted INTEGER NOT NULL,"
	" newest_id INTEGER NOT NULL, PRIMARY KEY (account_id, kind, external_id)) WITHOUT ROWID;",
	"CREATE INDEX sent_root ON sent (store_id, root_kind, root_id);",
	"CREATE INDEX sent_external ON sent (external_id);",
	"CREATE TABLE sweep (id INTEGER PRIMARY KEY AUTOINCREMENT, store_id INTEGER NOT NULL, target_kind INTEGER NOT NULL,"
	" target_id TEXT NOT NULL, after_kind INTEGER NOT NULL, after_id TEXT NOT NULL);",

	"CREATE TABLE delivery (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, store_id INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, op INTEGER NOT NULL, priority INTEGER NOT NULL, state INTEGER NOT NULL,"
	" external_id TEXT NOT NULL, parent_external_id TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL,"
	" root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, message_id INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, solo INTEGER NOT NULL, reason TEXT NOT NULL,"
	" batch_id INTEGER NOT NULL, ended_ms INTEGER NOT NULL, blocked INTEGER NOT NULL);",
	"CREATE INDEX delivery_lane ON delivery (account_id, kind, op, priority, state, blocked, id);",
	"CREATE INDEX delivery_due ON delivery (account_id, kind, op, priority, due_ms) WHERE state = 1;",
	"CREATE INDEX delivery_entity ON delivery (account_id, kind, external_id, id);",
	"CREATE INDEX delivery_parent ON delivery (account_id, parent_external_id) WHERE parent_external_id <> '';",
	"CREATE INDEX delivery_batch ON delivery (batch_id) WHERE batch_id <> 0;",
	"CREATE INDEX delivery_failed ON delivery (id) WHERE state = 4;",
	"CREATE INDEX delivery_store ON delivery (store_id);",
	"CREATE TABLE lane (account_id INTEGER NOT NULL, kind INTEGER NOT NULL, op INTEGER NOT NULL,"
	" priority INTEGER NOT NULL, n_ready INTEGER NOT NULL, n_blocked INTEGER NOT NULL, n_waiting INTEGER NOT NULL,"
	" n_sending INTEGER NOT NULL,"
	" PRIMARY KEY (account_id, kind, op, priority)) WITHOUT ROWID;",
	"CREATE TABLE batch (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, endpoint TEXT NOT NULL, job_id TEXT NOT NULL,"
	" started_ms INTEGER NOT NULL);",
	"CREATE TABLE budget (account_id INTEGER NOT NULL, endpoint TEXT NOT NULL, blob TEXT NOT NULL,"
	" PRIMARY KEY (account_id, endpoint)) WITHOUT ROWID;",
	NULL,
};

/* Format N+1 is format N after step N; a step is a list of texts that ends in NULL. */
static const char *const *const steps[] = { step_1 };

static int64_t schema_version(struct sqlite *sqlite)
{
	sqlite3_stmt *stmt = NULL;
	int64_t version = -1;

	if (sqlite3_prepare_v2(sqlite->writer.handle, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		version = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return version;
}

static void run_text(struct tx *tx, const char *sql)
{
	if (tx->rc == SQLITE_OK && sqlite3_exec(tx->connection->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		tx->rc = sqlite3_extended_errcode(tx->connection->handle);
}

/* One step, unless another process has been faster. */
static bool migrate_step(struct sqlite *sqlite, int64_t from, struct err *err)
{
	char pragma[64];
	struct tx tx;

	if (!tx_begin_write(&tx, &sqlite->db, CRASH_migrate, 0, err))
		return false;
	if (schema_version(sqlite) == from) {
		for (const char *const *sql = steps[from]; *sql; sql++)
			run_text(&tx, *sql);
		(void)sqlite3_snprintf((int)sizeof(pragma), pragma, "PRAGMA user_version = %lld", (long long)from + 1);
		run_text(&tx, pragma);
	}
	return tx_commit(&tx, err);
}

bool sqlite_migrate(struct sqlite *sqlite, struct err *err)
{
	int64_t known = (int64_t)ARRAY_LEN(steps);
	int64_t version = schema_version(sqlite);

	if (version < 0)
		return err_set(err, ERR_FATAL, "database: cannot read its version");
	if (version > known)
		return err_set(err, ERR_INVALID, "the database has format %lld, this program knows up to %lld: use a newer one",
			       (long long)version, (long long)known);
	for (; version < known; version++)
		if (!migrate_step(sqlite, version, err))
			return err_wrap(err, "bring the database to format %lld", (long long)version + 1);
	return true;
}
