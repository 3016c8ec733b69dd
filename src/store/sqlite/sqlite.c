/*
 * SQLite backend: opening, closing and the table of verbs.
 *
 * Write-ahead log, synchronous=FULL: a commit is on disk when it returns. One
 * writer connection; two readers that never wait for it, one for the stages of
 * the road and one for people; one connection for checkpoints, which happen
 * only in db_maintain. Other processes may have the file open at the same time,
 * so nothing that matters is remembered between transactions (what
 * sqlite_seen.c remembers it checks in each).
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/turn.h"
#include "base/mutant.h"

#include <stdio.h>
#include <string.h>

#define FILE_NAME	"pannier.db"
#define BUSY_TIMEOUT_MS 5000

/* journal_size_limit: what a checkpoint leaves of the log. */
static const char *const pragmas =
	"PRAGMA page_size = 16384;PRAGMA journal_mode = WAL;PRAGMA synchronous = FULL;PRAGMA"
	" wal_autocheckpoint = 0;PRAGMA journal_size_limit = 134217728;PRAGMA temp_store = MEMORY;PRAGMA"
	" mmap_size = 0;PRAGMA trusted_schema = OFF;PRAGMA foreign_keys = OFF;";

/* What the connection may keep of the database in memory. */
#define CACHE_WRITER "PRAGMA cache_size = -12288"
#define CACHE_READER "PRAGMA cache_size = -2048"

/* So often the check of the books asks whether it is to end: in steps of SQLite's machine, some a row. */
#define INTERRUPT_STEPS 1000

static bool connection_open(struct connection *connection, const char *path, const char *cache,
			    struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &connection->handle, flags, NULL);

	if (rc != SQLITE_OK)
		return err_set(err, ERR_INVALID, "cannot open database '%s': %s", path,
			       connection->handle ? sqlite3_errmsg(connection->handle) : sqlite3_errstr(rc));
	(void)sqlite3_busy_timeout(connection->handle, BUSY_TIMEOUT_MS);
	rc = sqlite3_exec(connection->handle, pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(connection->handle, cache, NULL, NULL, NULL);
	if (mutant_is(MUTANT_skipped_sync))
		rc = sqlite3_exec(connection->handle, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_err(NULL, err, rc, sqlite3_errmsg(connection->handle));
	(void)sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return true;
}

static void connection_close(struct connection *connection)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(connection->statement[i].stmt);
	(void)sqlite3_close(connection->handle);
	(void)pthread_mutex_destroy(&connection->lock);
}

static void sqlite_close(struct db *db)
{
	struct sqlite *sqlite = sqlite_of(db);

	for (int i = 0; i < READER_COUNT; i++)
		connection_close(&sqlite->reader[i]);
	connection_close(&sqlite->upkeep);
	connection_close(&sqlite->writer);
	seen_free(sqlite->seen);
	turn_free(sqlite->turn);
	mem_free(sqlite->path);
	mem_free(sqlite);
}

static char *database_path(const char *folder)
{
	size_t size = strlen(folder) + sizeof("/" FILE_NAME);
	char *path = mem_alloc(size);

	(void)snprintf(path, size, "%s/" FILE_NAME, folder);
	return path;
}

static struct sqlite *sqlite_new(const char *folder)
{
	struct sqlite *sqlite = mem_zalloc(1, sizeof(*sqlite));

	sqlite->db.ops = &db_sqlite_ops;
	sqlite->path = database_path(folder);
	sqlite->seen = seen_new();
	(void)pthread_mutex_init(&sqlite->writer.lock, NULL);
	sqlite->turn = turn_new();
	(void)pthread_mutex_init(&sqlite->upkeep.lock, NULL);
	for (int i = 0; i < READER_COUNT; i++)
		(void)pthread_mutex_init(&sqlite->reader[i].lock, NULL);
	return sqlite;
}

/* Asked by SQLite in the midst of a statement: ends one that has begun, and one that is about to. */
static int is_interrupted(void *arg)
{
	const struct sqlite *sqlite = arg;

	return sqlite->interrupted;
}

void sqlite_interrupt(struct db *db)
{
	sqlite_of(db)->interrupted = true;
}

static bool readers_open(struct sqlite *sqlite, struct err *err)
{
	for (int i = 0; i < READER_COUNT; i++)
		if (!connection_open(&sqlite->reader[i], sqlite->path, CACHE_READER, err))
			return false;
	sqlite3_progress_handler(sqlite->reader[READER_CHECK].handle, INTERRUPT_STEPS, is_interrupted,
				 sqlite);
	return connection_open(&sqlite->upkeep, sqlite->path, CACHE_READER, err);
}

/* Called after each commit of the writer. */
static int log_grew(void *arg, sqlite3 *handle, const char *name, int n_frame)
{
	struct sqlite *sqlite = arg;

	(void)handle;
	(void)name;
	sqlite->log_frames = n_frame;
	sqlite->n_commit++;
	return SQLITE_OK;
}

/* Nobody else reads it; the files that SQLite puts beside it get the same mode. */
static bool file_make(const char *path, struct err *err)
{
	struct err reason = { ERR_NONE, "" };

	if (file_create_private(path, STR(""), &reason) || reason.code == ERR_CONFLICT)
		return true;
	return err_set(err, reason.code, "%s", reason.msg);
}

/* Nobody asks SQLite how much memory it has; counting that takes a lock with each allocation. */
static void library_configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool sqlite_open(const struct db_config *config, struct db **out, struct err *err)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	struct sqlite *sqlite;

	(void)pthread_once(&configured, library_configure);
	if (!file_make_dir(config->location, err))
		return false;
	sqlite = sqlite_new(config->location);
	if (!file_make(sqlite->path, err) ||
	    !connection_open(&sqlite->writer, sqlite->path, CACHE_WRITER, err) ||
	    !sqlite_migrate(sqlite, err) || !readers_open(sqlite, err)) {
		sqlite_close(&sqlite->db);
		return err_wrap(err, "open the database in '%s'", config->location);
	}
	(void)sqlite3_wal_hook(sqlite->writer.handle, log_grew, sqlite);
	*out = &sqlite->db;
	return true;
}

const struct db_ops db_sqlite_ops = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.config_version = sqlite_config_version,
	.config_load = sqlite_config_load,
	.config_change = sqlite_config_change,
	.config_history = sqlite_config_history,
	.inbox_append = sqlite_inbox_append,
	.inbox_claim = sqlite_inbox_claim,
	.inbox_complete = sqlite_inbox_complete,
	.inbox_get = sqlite_inbox_get,
	.import_put = sqlite_import_put,
	.import_list = sqlite_import_list,
	.import_step = sqlite_import_step,
	.import_change = sqlite_import_change,
	.import_rejects = sqlite_import_rejects,
	.task_put = sqlite_task_put,
	.task_list = sqlite_task_list,
	.task_step = sqlite_task_step,
	.task_change = sqlite_task_change,
	.found_list = sqlite_found_list,
	.replay_list = sqlite_replay_list,
	.catalog_walk = sqlite_catalog_walk,
	.catalog_history = sqlite_catalog_history,
	.catalog_claim = sqlite_catalog_claim,
	.catalog_get = sqlite_catalog_get,
	.catalog_publish = sqlite_catalog_publish,
	.catalog_sweep = sqlite_catalog_sweep,
	.catalog_find = sqlite_catalog_find,
	.catalog_search = sqlite_catalog_search,
	.pressure = sqlite_pressure,
	.outbox_lanes = sqlite_outbox_lanes,
	.outbox_claim = sqlite_outbox_claim,
	.outbox_job = sqlite_outbox_job,
	.outbox_settle = sqlite_outbox_settle,
	.outbox_recover = sqlite_outbox_recover,
	.budget_load = sqlite_budget_load,
	.cursor_get = sqlite_cursor_get,
	.cursor_list = sqlite_cursor_list,
	.cursor_put_all = sqlite_cursor_put_all,
	.clock_note = sqlite_clock_note,
	.failed_list = sqlite_failed_list,
	.failed_change = sqlite_failed_change,
	.audit_list = sqlite_audit_list,
	.audit_append = sqlite_audit_append,
	.held_list = sqlite_held_list,
	.delivery_get = sqlite_delivery_get,
	.person_find = sqlite_person_find,
	.summary = sqlite_summary,
	.user_list = sqlite_user_list,
	.user_change = sqlite_user_change,
	.grant_find = sqlite_grant_find,
	.grant_list = sqlite_grant_list,
	.grant_change = sqlite_grant_change,
	.conserve = sqlite_conserve,
	.interrupt = sqlite_interrupt,
	.maintain = sqlite_maintain,
	.person_purge = sqlite_person_purge,
};
