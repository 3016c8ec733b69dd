/*
 * The durable format: tables, their invariants, and the steps that lead from an older one to this.
 *
 * One sequence (store_rules.h) numbers messages, deliveries, batches and audit rows. It is read and written
 * inside the transaction that uses it, so no row can appear behind one that a reader has passed.
 *
 * Day tables (name_YYYYMMDD; sqlite_day.c makes and drops them, `day` names those that are there):
 *
 * message_D      raw messages by the day of their id; append-only.
 * message_end_D  those that ended otherwise than mapped: ignored, discarded.
 * seen_bucket_D  older keys of messages, in runs of SEEN_BUCKETS rows (sqlite_seen.c).
 * seen_D         the same with a row for each key, of days that an older program wrote.
 * body_D         bodies of deliveries by the day they were made; written once, never moved.
 * delivery_D     ended deliveries by the day they ended, without their bodies; columns as in delivery.
 * audit_D        audit rows by the day of their id. root_bucket spreads roots over few places of the index,
 *                each of which grows at its end: a row costs no page of its own, a search reads one bucket.
 *                With entries it is a run of rows (sqlite_audit_run.c): deliveries created for one root, with
 *                that root and message and the first delivery in their columns; or deliveries of a batch,
 *                with none of these but the least and greatest delivery.
 *
 * Of a store's messages those are pending whose id is greater than store_count.cursor_id, and those in
 * message_again (retried by a person, replayed, or of a day that is dropped). message_failed has the failed
 * ones.
 * Bodies of both that outlive their day are in message_kept. The rest is mapped, unless message_end_D (or
 * message_kept.state) says otherwise, or discarded if its id is greater than discarded_from_id (the cursor
 * at the time the store was removed).
 *
 * entity    what exists or was deleted: n_set parts are set; a variant's root; tombstones.
 * fact      newest fact of each (entity, part); is_set 0 = cleared, remembered for its version and seq.
 * ref       what the root of (owner, part) depends on.
 * due       roots to be looked at; seq changes with every fact, so that publish sees what came in between.
 *           priority is 0 REALTIME, 2 REPLAY or 3 BACKFILL.
 * sent      what Klaviyo was told of each of its entities: wanted = newest delivery, accepted = last
 *           accepted one.
 * sweep     roots still to be made due: all of a store (target_id ''), or those that name target; behind
 *           after_*.
 * purge     removed stores whose catalog db_maintain still has to delete.
 * delivery  undone and failed deliveries. blocked: READY or WAITING, but another one has to end first; kept
 *           true with every change. Bodies that outlive their day are in body_kept.
 * batch     requests under way, by the lane they were taken from; their deliveries have its batch_id and
 *           are SENDING.
 * lane      counts of undone deliveries: READY and free, READY and blocked, WAITING, SENDING.
 * store_count, account_count  the other counters of db_conserve.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

static const char *const step_1[] = {
	"CREATE TABLE sequence (last_id INTEGER NOT NULL, last_message_id INTEGER NOT NULL,"
	" seen_flushed_id INTEGER NOT NULL, seen_run INTEGER NOT NULL) STRICT",
	"INSERT INTO sequence VALUES (0, 0, 0, 0)",
	"CREATE TABLE day (kind INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (kind, day)) STRICT,"
	" WITHOUT ROWID",
	"CREATE TABLE seen_run (run INTEGER PRIMARY KEY, day INTEGER NOT NULL, filter BLOB NOT NULL) STRICT",

	"CREATE TABLE config (version INTEGER NOT NULL, last_account_id INTEGER NOT NULL,"
	" last_store_id INTEGER NOT NULL) STRICT",
	"INSERT INTO config VALUES (1, 0, 0)",
	"CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" key_sealed BLOB NOT NULL, key_last4 TEXT NOT NULL, settings TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL) STRICT",
	"CREATE TABLE store (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
	" name TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, secret_sealed BLOB NOT NULL,"
	" secret_last4 TEXT NOT NULL, settings TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT",
	"CREATE TABLE store_count (store_id INTEGER PRIMARY KEY, cursor_id INTEGER NOT NULL DEFAULT 0,"
	" received INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0,"
	" mapped INTEGER NOT NULL DEFAULT 0, ignored INTEGER NOT NULL DEFAULT 0,"
	" duplicate INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,"
	" discarded INTEGER NOT NULL DEFAULT 0, last_message_ms INTEGER NOT NULL DEFAULT 0,"
	" discarded_from_id INTEGER NOT NULL DEFAULT 9223372036854775807,"
	" n_due INTEGER NOT NULL DEFAULT 0, n_held INTEGER NOT NULL DEFAULT 0) STRICT",
	"CREATE INDEX store_count_pending ON store_count (store_id) WHERE pending > 0",
	"CREATE TABLE account_count (account_id INTEGER PRIMARY KEY, created INTEGER NOT NULL,"
	" accepted INTEGER NOT NULL, failed INTEGER NOT NULL, skipped INTEGER NOT NULL) STRICT",

	"CREATE TABLE message_failed (id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL,"
	" failed_ms INTEGER NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL) STRICT",
	"CREATE TABLE message_again (store_id INTEGER NOT NULL, id INTEGER NOT NULL,"
	" PRIMARY KEY (store_id, id)) STRICT, WITHOUT ROWID",
	"CREATE TABLE message_kept (id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL,"
	" received_ms INTEGER NOT NULL, topic TEXT NOT NULL, source_id TEXT NOT NULL, body BLOB NOT NULL,"
	" state INTEGER) STRICT",

	"CREATE TABLE entity (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
	" n_set INTEGER NOT NULL, root_id TEXT NOT NULL, root_version INTEGER NOT NULL,"
	" root_seq INTEGER NOT NULL, deleted_ms INTEGER NOT NULL, deleted_version INTEGER NOT NULL,"
	" deleted_seq INTEGER NOT NULL, sku TEXT NOT NULL, PRIMARY KEY (store_id, kind, id)) STRICT,"
	" WITHOUT ROWID",
	"CREATE INDEX entity_root ON entity (store_id, root_id, id) WHERE root_id <> ''",
	"CREATE INDEX entity_sku ON entity (sku) WHERE sku <> ''",
	"CREATE INDEX entity_deleted ON entity (deleted_ms) WHERE deleted_ms > 0",
	/* With a rowid: bodies in the pages of a key would make it deep and its pages few to a row. */
	"CREATE TABLE fact (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
	" part TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, is_set INTEGER NOT NULL,"
	" body TEXT NOT NULL) STRICT",
	"CREATE UNIQUE INDEX fact_key ON fact (store_id, kind, id, part)",
	"CREATE TABLE ref (store_id INTEGER NOT NULL, owner_kind INTEGER NOT NULL,"
	" owner_id TEXT NOT NULL, part TEXT NOT NULL, target_kind INTEGER NOT NULL,"
	" target_id TEXT NOT NULL, PRIMARY KEY (store_id, owner_kind, owner_id, part, target_kind,"
	" target_id)) STRICT, WITHOUT ROWID",
	"CREATE INDEX ref_target ON ref (store_id, target_kind, target_id, owner_kind, owner_id)",
	"CREATE TABLE due (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
	" due_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" message_id INTEGER NOT NULL, priority INTEGER NOT NULL, PRIMARY KEY (store_id, kind,"
	" id)) STRICT, WITHOUT ROWID",
	"CREATE INDEX due_time ON due (due_ms, store_id, kind, id)",
	"CREATE TABLE held (store_id INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (store_id, kind, id)) STRICT,"
	" WITHOUT ROWID",
	"CREATE INDEX held_since ON held (since_ms, store_id, kind, id)",
	"CREATE TABLE sent (account_id INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" external_id TEXT NOT NULL, store_id INTEGER NOT NULL, root_kind INTEGER NOT NULL,"
	" root_id TEXT NOT NULL, parent_external_id TEXT NOT NULL, accepted_parent TEXT NOT NULL,"
	" exists_there INTEGER NOT NULL, left_us INTEGER NOT NULL, wanted BLOB NOT NULL,"
	" wanted_deleted INTEGER NOT NULL, accepted BLOB NOT NULL, accepted_deleted INTEGER NOT NULL,"
	" newest_id INTEGER NOT NULL, PRIMARY KEY (account_id, kind, external_id)) STRICT, WITHOUT ROWID",
	"CREATE INDEX sent_root ON sent (store_id, root_kind, root_id)",
	"CREATE TABLE sweep (id INTEGER PRIMARY KEY AUTOINCREMENT, store_id INTEGER NOT NULL,"
	" target_kind INTEGER NOT NULL, target_id TEXT NOT NULL, after_kind INTEGER NOT NULL,"
	" after_id TEXT NOT NULL) STRICT",
	"CREATE TABLE purge (store_id INTEGER PRIMARY KEY) STRICT",

	"CREATE TABLE delivery (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
	" store_id INTEGER NOT NULL, kind INTEGER NOT NULL, op INTEGER NOT NULL,"
	" priority INTEGER NOT NULL, state INTEGER NOT NULL, external_id TEXT NOT NULL,"
	" parent_external_id TEXT NOT NULL, bytes INTEGER NOT NULL, hash BLOB NOT NULL,"
	" root_kind INTEGER NOT NULL, root_id TEXT NOT NULL, message_id INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,"
	" solo INTEGER NOT NULL, reason TEXT NOT NULL, batch_id INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL, blocked INTEGER NOT NULL) STRICT",
	/*
	 * state: 0 READY, 1 WAITING, 2 SENDING, 4 FAILED; kind: 2 VARIANT, 3 EVENT. A partial index must not
	 * compare a column with a constant by = when queries compare it with a parameter by =: SQLite would
	 * plan them anew at each use. Events are told once: nobody looks for another one of the same.
	 */
	"CREATE INDEX delivery_ready ON delivery (account_id, kind, op, priority, blocked, id)"
	" WHERE state = 0",
	"CREATE INDEX delivery_waiting ON delivery (account_id, kind, op, priority, blocked, due_ms, id)"
	" WHERE state = 1",
	"CREATE INDEX delivery_waiting_age ON delivery (account_id, kind, op, priority, id) WHERE state = 1",
	"CREATE INDEX delivery_entity ON delivery (account_id, kind, external_id, id)"
	" WHERE kind <> 3 AND state <= 2",
	"CREATE INDEX delivery_parent ON delivery (account_id, parent_external_id, id)"
	" WHERE kind < 3 AND parent_external_id <> '' AND state <= 2",
	"CREATE INDEX delivery_batch ON delivery (batch_id, id) WHERE batch_id <> 0",
	"CREATE INDEX delivery_failed ON delivery (id) WHERE state = 4",
	"CREATE TABLE body_kept (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
	"CREATE TABLE lane (account_id INTEGER NOT NULL, kind INTEGER NOT NULL, op INTEGER NOT NULL,"
	" priority INTEGER NOT NULL, n_ready INTEGER NOT NULL, n_blocked INTEGER NOT NULL,"
	" n_waiting INTEGER NOT NULL, n_sending INTEGER NOT NULL, PRIMARY KEY (account_id, kind, op,"
	" priority)) STRICT, WITHOUT ROWID",
	"CREATE TABLE batch (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" op INTEGER NOT NULL, priority INTEGER NOT NULL, endpoint TEXT NOT NULL, job_id TEXT NOT NULL,"
	" started_ms INTEGER NOT NULL) STRICT",
	"CREATE TABLE budget (account_id INTEGER NOT NULL, endpoint TEXT NOT NULL, blob BLOB NOT NULL,"
	" PRIMARY KEY (account_id, endpoint)) STRICT, WITHOUT ROWID",
	NULL,
};

/*
 * Orders, people and browsing. delivery_person: events that hold back younger ones of their person;
 * delivery_notice: notices that hold back younger ones of their store.
 * cursor: how far something outside was read. import: files of history and how far they were read;
 * import_reject: the first of their rows that could not be.
 *
 * erase       persons whose data goes, how far that is (sqlite_erase.c), the last message that counts.
 * erase_root  orders and visitors found to be theirs; both only while that is under way.
 * erased      digests of persons, and when they were erased, by the shop's time: for what comes late.
 * erase_file  bytes of somebody who was erased may still be in 1: the file and the log, 2: the log.
 */
static const char *const step_2[] = {
	"CREATE INDEX delivery_person ON delivery (account_id, parent_external_id, priority, id)"
	" WHERE kind > 2 AND kind < 4 AND state IN (1, 2)",
	"CREATE INDEX delivery_notice ON delivery (account_id, parent_external_id, priority, id)"
	" WHERE kind > 5 AND kind < 7 AND state IN (1, 2)",
	"CREATE INDEX held_visitor ON held (since_ms) WHERE kind = 11",
	"ALTER TABLE delivery RENAME COLUMN solo TO batch_max",
	"ALTER TABLE message_kept ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
	"DROP INDEX due_time",
	"CREATE INDEX due_time ON due (priority, due_ms, store_id, kind, id)",
	"CREATE TABLE cursor (account_id INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
	" PRIMARY KEY (account_id, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE erase (store_id INTEGER NOT NULL, id TEXT NOT NULL, until_id INTEGER NOT NULL,"
	" phase INTEGER NOT NULL, source INTEGER NOT NULL, day INTEGER NOT NULL, after_id INTEGER NOT NULL,"
	" after TEXT NOT NULL, PRIMARY KEY (store_id, id)) STRICT, WITHOUT ROWID",
	"CREATE TABLE erase_root (store_id INTEGER NOT NULL, person_id TEXT NOT NULL, kind INTEGER NOT NULL,"
	" id TEXT NOT NULL, PRIMARY KEY (store_id, person_id, kind, id)) STRICT, WITHOUT ROWID",
	"CREATE TABLE erased (store_id INTEGER NOT NULL, digest BLOB NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY (store_id, digest)) STRICT, WITHOUT ROWID",
	"CREATE TABLE import (id INTEGER PRIMARY KEY AUTOINCREMENT, store_id INTEGER NOT NULL,"
	" rank INTEGER NOT NULL, path TEXT NOT NULL, options TEXT NOT NULL, fingerprint BLOB NOT NULL,"
	" size INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL, per_minute INTEGER NOT NULL,"
	" position INTEGER NOT NULL DEFAULT 0, line INTEGER NOT NULL DEFAULT 0,"
	" lines_position INTEGER NOT NULL DEFAULT 0, lines_line INTEGER NOT NULL DEFAULT 0,"
	" used INTEGER NOT NULL DEFAULT 0, n_read INTEGER NOT NULL DEFAULT 0, n_new INTEGER NOT NULL DEFAULT "
	"0,"
	" n_duplicate INTEGER NOT NULL DEFAULT 0, n_mended INTEGER NOT NULL DEFAULT 0,"
	" n_rejected INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL)"
	" STRICT",
	"CREATE TABLE import_reject (id INTEGER PRIMARY KEY, import_id INTEGER NOT NULL, line INTEGER NOT "
	"NULL,"
	" in_lines INTEGER NOT NULL, name TEXT NOT NULL, why TEXT NOT NULL) STRICT",
	"CREATE INDEX import_reject_of ON import_reject (import_id, id)",
	"CREATE TABLE erase_file (wanted INTEGER NOT NULL) STRICT",
	"INSERT INTO erase_file VALUES (0)",
	NULL,
};

/* Users of the screens and the API, and what lets them in (store_user.h). */
static const char *const step_3[] = {
	"CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
	" name TEXT NOT NULL UNIQUE, role INTEGER NOT NULL, stores TEXT NOT NULL, password TEXT NOT NULL,"
	" totp_sealed BLOB NOT NULL, totp_step INTEGER NOT NULL, failed INTEGER NOT NULL,"
	" locked_until_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT",
	"CREATE TABLE grant_ (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	" user_id INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL,"
	" last4 TEXT NOT NULL, remote TEXT NOT NULL, created_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT",
	"CREATE INDEX grant_user ON grant_ (user_id, id)",
	"CREATE INDEX grant_expires ON grant_ (expires_ms) WHERE expires_ms > 0",
	NULL,
};

/* What was changed of the configuration, by whom; at most STORE_HISTORY_MAX rows: it may be scanned. */
static const char *const step_4[] = {
	"CREATE TABLE config_history (version INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, account_id INTEGER NOT NULL, store_id INTEGER NOT NULL,"
	" name TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, changed TEXT NOT NULL,"
	" added INTEGER NOT NULL) STRICT",
	NULL,
};

/* Imports that are pulled from the shop (store_rows.h, struct import_job). */
static const char *const step_5[] = {
	"ALTER TABLE import ADD COLUMN pull INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE import ADD COLUMN cursor TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE import ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE import ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
	NULL,
};

/*
 * Tasks (store_task.h), and what of Klaviyo's they found. found_alike: is another of its kind the same
 * thing?
 */
static const char *const step_6[] = {
	"CREATE TABLE task (id INTEGER PRIMARY KEY AUTOINCREMENT, store_id INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, state INTEGER NOT NULL, options TEXT NOT NULL, place TEXT NOT NULL,"
	" report TEXT NOT NULL, reason TEXT NOT NULL, since_id INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL) STRICT",
	"CREATE INDEX task_store ON task (store_id, kind, id)",
	"CREATE TABLE found (task_id INTEGER NOT NULL, kind INTEGER NOT NULL, external_id TEXT NOT NULL,"
	" parent_external_id TEXT NOT NULL, root_kind INTEGER NOT NULL, root_id TEXT NOT NULL,"
	" contents TEXT NOT NULL, alike BLOB NOT NULL, links INTEGER NOT NULL, verdict INTEGER NOT NULL,"
	" note TEXT NOT NULL, PRIMARY KEY (task_id, kind, external_id)) STRICT, WITHOUT ROWID",
	"CREATE INDEX found_alike ON found (task_id, kind, alike)",
	NULL,
};

/* Messages that are mapped again have a priority of their own; -1: that of the message. */
static const char *const step_7[] = {
	"ALTER TABLE message_again ADD COLUMN priority INTEGER NOT NULL DEFAULT -1",
	NULL,
};

/* Due roots are claimed in turn over the stores. */
static const char *const step_8[] = {
	"DROP INDEX due_time",
	"CREATE INDEX due_time ON due (priority, store_id, due_ms, kind, id)",
	NULL,
};

/* When the shop itself was heard last. */
static const char *const step_9[] = {
	"ALTER TABLE store_count ADD COLUMN last_shop_ms INTEGER NOT NULL DEFAULT 0",
	NULL,
};

/*
 * People by the shop's customer id, whatever their address. delivery_move: profiles that get another address;
 * what is told of these people meanwhile waits.
 */
static const char *const step_10[] = {
	"UPDATE entity SET sku = coalesce((SELECT f.body ->> '$.customer_id' FROM fact f WHERE"
	" f.store_id = entity.store_id AND f.kind = entity.kind AND f.id = entity.id AND f.part = 'customer'"
	" AND f.is_set = 1 AND json_valid(f.body)), '') WHERE kind = 10",
	"CREATE INDEX delivery_move ON delivery (account_id, external_id)"
	" WHERE kind > 3 AND kind < 5 AND parent_external_id <> '' AND state <= 2",
	NULL,
};

/*
 * Nobody asks which orders, persons or visitors name a product: only those of the catalog are in the index
 * (store_is_catalog_root).
 */
static const char *const step_11[] = {
	"DROP INDEX ref_target",
	"CREATE INDEX ref_target ON ref (store_id, target_kind, target_id, owner_kind, owner_id)"
	" WHERE owner_kind < 9",
	NULL,
};

/* What products and categories are searched by. */
static const char *const step_12[] = {
	"ALTER TABLE entity ADD COLUMN words TEXT NOT NULL DEFAULT ''",
	"UPDATE entity SET words = coalesce((SELECT pannier_words(f.kind, f.body) FROM fact f WHERE"
	" f.store_id = entity.store_id AND f.kind = entity.kind AND f.id = entity.id AND f.part = 'base'"
	" AND f.is_set = 1), '') WHERE kind IN (0, 1, 2)",
	NULL,
};

/* Settings that count for every account and store that says nothing else. */
static const char *const step_13[] = {
	"ALTER TABLE config ADD COLUMN defaults TEXT NOT NULL DEFAULT ''",
	NULL,
};

/* Bits of a slot in the filter of a run (seen_set.h). */
static const char *const step_14[] = {
	"ALTER TABLE seen_run ADD COLUMN n_hash INTEGER NOT NULL DEFAULT 6",
	NULL,
};

/*
 * Events that are told of somebody who has another address by now. moved_id: the delivery by which a profile
 * came from accepted_parent. sent_former: profiles by the address they had before; delivery_former: profiles
 * that are about to leave one. Few people move.
 */
static const char *const step_15[] = {
	"ALTER TABLE sent ADD COLUMN moved_id INTEGER NOT NULL DEFAULT 0",
	"CREATE INDEX sent_former ON sent (account_id, accepted_parent, moved_id)"
	" WHERE kind > 3 AND kind < 5 AND accepted_parent <> ''",
	"CREATE INDEX delivery_former ON delivery (account_id, parent_external_id, id)"
	" WHERE kind > 3 AND kind < 5 AND parent_external_id <> '' AND state <= 2",
	NULL,
};

/* Keys of messages are written to tables that an older program does not look into. */
static const char *const step_16[] = { NULL };

/*
 * Events that a replay tells again say which delivery they repeat. Of those that an older program made
 * nothing says so: they stay originals.
 */
static const char *const step_17[] = {
	"ALTER TABLE delivery ADD COLUMN copy_of INTEGER NOT NULL DEFAULT 0",
	NULL,
};

/* Format N+1 is format N after step N; a step is a list of texts that ends in NULL. */
static const char *const *const steps[] = { step_1,  step_2,  step_3,  step_4,	step_5,	 step_6,
					    step_7,  step_8,  step_9,  step_10, step_11, step_12,
					    step_13, step_14, step_15, step_16, step_17 };

/* What a step does to the tables of each day (%s) besides. A column with a default costs no row anything. */
static const struct {
	int64_t from;
	enum day_kind kind;
	const char *sql;
} day_steps[] = {
	{ 16, DAY_DELIVERY, "ALTER TABLE delivery_%s ADD COLUMN copy_of INTEGER NOT NULL DEFAULT 0" },
};

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

static void migrate_days(struct tx *tx, int64_t from)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(day_steps); i++) {
		size_t n = 0;
		const int64_t *day =
			day_steps[i].from == from ? day_list(tx, day_steps[i].kind, true, &arena, &n) : NULL;

		for (size_t k = 0; k < n; k++) {
			struct query alter = query_day_once(tx, day_steps[i].sql, day[k]);

			query_run(&alter);
		}
	}
	arena_release(&arena);
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
		migrate_days(&tx, from);
		(void)sqlite3_snprintf((int)sizeof(pragma), pragma, "PRAGMA user_version = %lld",
				       (long long)from + 1);
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
		return err_set(
			err, ERR_INVALID,
			"the database has format %lld, this program knows up to %lld: use a newer program",
			(long long)version, (long long)known);
	if (version < known && sqlite_words_function(sqlite->writer.handle) != SQLITE_OK)
		return err_set(err, ERR_FATAL, "database: cannot add what its steps need");
	for (; version < known; version++)
		if (!migrate_step(sqlite, version, err))
			return err_wrap(err, "bring the database to format %lld", (long long)version + 1);
	return true;
}
