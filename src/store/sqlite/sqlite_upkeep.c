/*
 * SQLite backend: upkeep. Checkpoints on a connection of their own, so that a commit never waits for one; history leaves by whole days; old
 * tombstones are forgotten a few at a time.
 */
#include "store/sqlite/sqlite_internal.h"

#include "base/clock.h"

#include <sys/stat.h>

#define CHECKPOINT_BYTES ((int64_t)4 << 20)
#define TRUNCATE_BYTES ((int64_t)64 << 20)
#define FORGET_MAX 200

/* ---- checkpoint ---- */

static int64_t log_bytes(const struct sqlite *sqlite)
{
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(sqlite->upkeep.handle, "main"));
	struct stat stat_of;

	return stat(path, &stat_of) == 0 ? (int64_t)stat_of.st_size : 0;
}

/* Moves the log into the database. A reader or writer in the way only means that less is moved. */
static bool checkpoint(struct sqlite *sqlite, struct err *err)
{
	int64_t bytes = log_bytes(sqlite);
	int mode = bytes > TRUNCATE_BYTES ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
	int rc = SQLITE_OK;

	if (bytes < CHECKPOINT_BYTES)
		return true;
	(void)pthread_mutex_lock(&sqlite->upkeep.lock);
	rc = sqlite3_wal_checkpoint_v2(sqlite->upkeep.handle, "main", mode, NULL, NULL);
	(void)pthread_mutex_unlock(&sqlite->upkeep.lock);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || sqlite_err(err, rc, "checkpoint");
}

/* ---- days ---- */

/* The oldest day of a kind before first_day; INT64_MAX if there is none. */
static int64_t old_day(struct tx *tx, enum day_kind kind, int64_t first_day)
{
	struct query select = query(tx, "SELECT min(day) FROM day WHERE kind = ?1 AND day < ?2");

	put_int(&select, 1, kind);
	put_int(&select, 2, first_day);
	return query_int(&select, INT64_MAX);
}

/* Ids of the messages of a day are in [low, high). */
static bool day_has_work(struct tx *tx, int64_t day)
{
	int64_t low = (day * MS_PER_DAY) << STORE_ID_SHIFT, high = ((day + 1) * MS_PER_DAY) << STORE_ID_SHIFT;
	struct query marked = query(tx, "SELECT 1 FROM message_mark WHERE state IN (0, 3) AND id >= ?1 AND id < ?2 LIMIT 1");
	struct query behind;

	put_int(&marked, 1, low);
	put_int(&marked, 2, high);
	if (query_int(&marked, 0) == 1)
		return true;
	behind = query(tx, "SELECT 1 FROM store_count WHERE pending > 0 AND cursor_id < ?1 LIMIT 1");
	put_int(&behind, 1, high);
	return query_int(&behind, 0) == 1;
}

static void drop_marks(struct tx *tx, int64_t day)
{
	struct query remove = query(tx, "DELETE FROM message_mark WHERE id >= ?1 AND id < ?2");

	put_int(&remove, 1, (day * MS_PER_DAY) << STORE_ID_SHIFT);
	put_int(&remove, 2, ((day + 1) * MS_PER_DAY) << STORE_ID_SHIFT);
	query_run(&remove);
}

/* Drops one day that is past its time; true if there was one. A day with pending or failed messages stays whole. */
static bool drop_one_day(struct tx *tx, const struct retention *retention, int64_t today)
{
	const int64_t first_day[DAY_KIND_COUNT] = {
		[DAY_MESSAGE] = today - retention->message_days,
		[DAY_SEEN] = today - STORE_DUPLICATE_DAYS,
		[DAY_DELIVERY] = today - retention->delivery_days,
		[DAY_AUDIT] = today - retention->audit_days,
	};

	for (int kind = 0; kind < DAY_KIND_COUNT; kind++) {
		int64_t day = old_day(tx, (enum day_kind)kind, first_day[kind]);

		if (day == INT64_MAX || (kind == DAY_MESSAGE && day_has_work(tx, day)))
			continue;
		day_drop(tx, (enum day_kind)kind, day);
		if (kind == DAY_MESSAGE)
			drop_marks(tx, day);
		return true;
	}
	return false;
}

static void make_days(struct tx *tx, int64_t today)
{
	for (int kind = 0; kind < DAY_KIND_COUNT; kind++)
		for (int64_t day = today; day <= today + 1; day++)
			day_ensure(tx, (enum day_kind)kind, day);
}

/* ---- tombstones ---- */

static void run_keyed(struct tx *tx, const char *sql, int64_t store_id, struct entity entity)
{
	struct query statement = query(tx, sql);

	put_int(&statement, 1, store_id);
	put_int(&statement, 2, entity.kind);
	put_text(&statement, 3, entity.id);
	query_run(&statement);
}

static void entity_remove(struct tx *tx, int64_t store_id, struct entity entity)
{
	run_keyed(tx, "DELETE FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3", store_id, entity);
	run_keyed(tx, "DELETE FROM ref WHERE store_id = ?1 AND owner_kind = ?2 AND owner_id = ?3", store_id, entity);
	run_keyed(tx, "DELETE FROM entity WHERE store_id = ?1 AND kind = ?2 AND id = ?3", store_id, entity);
}

static bool next_variant(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena, struct entity *out)
{
	struct query select = query(tx, "SELECT id FROM entity WHERE store_id = ?1 AND root_id = ?2 AND root_id <> '' LIMIT 1");

	put_int(&select, 1, store_id);
	put_text(&select, 2, root.id);
	if (!query_row(&select))
		return false;
	*out = (struct entity){ ENTITY_VARIANT, get_text(&select, 0, arena) };
	query_end(&select);
	return true;
}

/* A root that was deleted long ago goes with its variants and with what was told of it, if Klaviyo has nothing more. */
static void forget_root(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena)
{
	struct entity variant;

	while (root.kind == ENTITY_PRODUCT && next_variant(tx, store_id, root, arena, &variant))
		entity_remove(tx, store_id, variant);
	run_keyed(tx, "DELETE FROM sent WHERE store_id = ?1 AND root_kind = ?2 AND root_id = ?3 AND NOT exists_there AND NOT EXISTS"
		      " (SELECT 1 FROM delivery d WHERE d.account_id = sent.account_id AND d.kind = sent.kind"
		      " AND d.external_id = sent.external_id AND d.state <= 2)", store_id, root);
	run_keyed(tx, "DELETE FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3", store_id, root);
}

static bool is_due(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query select = query(tx, "SELECT 1 FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_int(&select, 1, store_id);
	put_int(&select, 2, root.kind);
	put_text(&select, 3, root.id);
	return query_int(&select, 0) == 1;
}

static void forget_entity(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena)
{
	if (entity_alive(tx, store_id, entity)) {
		run_keyed(tx, "UPDATE entity SET deleted_ms = 0, deleted_version = 0, deleted_seq = 0 WHERE store_id = ?1"
			      " AND kind = ?2 AND id = ?3", store_id, entity);
		return;
	}
	if (store_is_root(entity.kind) && is_due(tx, store_id, entity))
		return;
	entity_remove(tx, store_id, entity);
	if (store_is_root(entity.kind))
		forget_root(tx, store_id, entity, arena);
}

/* At most FORGET_MAX at a time; true if there may be more. */
static bool forget_tombstones(struct tx *tx, int64_t before_ms, struct arena *arena)
{
	struct query select = query(tx, "SELECT store_id, kind, id FROM entity WHERE deleted_ms > 0 AND deleted_ms < ?1"
					" ORDER BY deleted_ms LIMIT ?2");
	struct catalog_match old[FORGET_MAX];
	size_t n = 0;

	put_int(&select, 1, before_ms);
	put_int(&select, 2, FORGET_MAX);
	while (n < FORGET_MAX && query_row(&select))
		old[n++] = (struct catalog_match){
			.store_id = get_int(&select, 0),
			.entity = { (enum entity_kind)get_int(&select, 1), get_text(&select, 2, arena) },
		};
	query_end(&select);
	for (size_t i = 0; i < n; i++)
		forget_entity(tx, old[i].store_id, old[i].entity, arena);
	return n == FORGET_MAX;
}

/* ---- the verb ---- */

static bool has_upkeep(struct db *db, int64_t now_ms, const struct retention *retention, bool *any, struct err *err)
{
	int64_t today = time_day(now_ms);
	struct query forget;
	struct tx tx;

	if (!tx_begin_read(&tx, db, err))
		return false;
	forget = query(&tx, "SELECT 1 FROM entity WHERE deleted_ms > 0 AND deleted_ms < ?1 LIMIT 1");
	put_int(&forget, 1, now_ms - retention->tombstone_days * MS_PER_DAY);
	*any = query_int(&forget, 0) == 1 || !day_exists(&tx, DAY_AUDIT, today + 1) ||
	       old_day(&tx, DAY_MESSAGE, today - retention->message_days) != INT64_MAX ||
	       old_day(&tx, DAY_SEEN, today - STORE_DUPLICATE_DAYS) != INT64_MAX ||
	       old_day(&tx, DAY_DELIVERY, today - retention->delivery_days) != INT64_MAX ||
	       old_day(&tx, DAY_AUDIT, today - retention->audit_days) != INT64_MAX;
	return tx_commit(&tx, err);
}

bool sqlite_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more, struct err *err)
{
	struct arena arena;
	struct tx tx;
	bool any, dropped, ok;

	*more = false;
	if (!checkpoint(sqlite_of(db), err) || !has_upkeep(db, now_ms, retention, &any, err))
		return false;
	if (!any)
		return true;
	if (!tx_begin_write(&tx, db, CRASH_retain, now_ms, err))
		return false;
	arena_init(&arena);
	make_days(&tx, time_day(now_ms));
	dropped = drop_one_day(&tx, retention, time_day(now_ms));
	*more = forget_tombstones(&tx, now_ms - retention->tombstone_days * MS_PER_DAY, &arena) || dropped;
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
