/*
 * SQLite backend: dropping what is past its time. History leaves by whole days; what must outlive its day
 * is moved aside first, a few rows at a time. Old tombstones are forgotten a few at a time.
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/clock.h"

#define MOVE_MAX   200
#define FORGET_MAX 100

/* The first day that stays. */
static int64_t first_day(enum day_kind kind, int64_t today, const struct retention *retention)
{
	switch (kind) {
	case DAY_MESSAGE:
		return today - (retention->message_days > STORE_DUPLICATE_DAYS ? retention->message_days
									       : STORE_DUPLICATE_DAYS);
	case DAY_SEEN:
	case DAY_SEEN_BUCKET:
		return today - STORE_DUPLICATE_DAYS - 1;
	case DAY_BODY:
	case DAY_DELIVERY:
		return today - retention->delivery_days;
	case DAY_AUDIT:
		return today - retention->audit_days;
	case DAY_KIND_COUNT:
		break;
	}
	return INT64_MIN;
}

/* The oldest day before `first`; INT64_MAX if there is none. */
static int64_t old_day(struct tx *tx, enum day_kind kind, int64_t first)
{
	struct query select = query(tx, "SELECT min(day) FROM day WHERE kind = ?1 AND day < ?2");

	put_int(&select, 1, kind);
	put_int(&select, 2, first);
	return query_int(&select, INT64_MAX);
}

/* ---- messages that stay ---- */

static void put_range(struct query *query, int at, int64_t day)
{
	put_int(query, at, day_first_id(day));
	put_int(query, at + 1, day_first_id(day + 1));
}

/* A store with messages of the day behind its cursor; 0 if there is none. */
static int64_t store_behind(struct tx *tx, int64_t day, int64_t *cursor_id)
{
	struct query select =
		query_day(tx,
			  "SELECT store_id, cursor_id FROM store_count WHERE pending > 0 AND cursor_id < ?1"
			  " AND EXISTS (SELECT 1 FROM message_%s m WHERE m.store_id = store_count.store_id"
			  " AND m.id > cursor_id) LIMIT 1",
			  day);
	int64_t store_id = 0;

	put_int(&select, 1, day_first_id(day + 1));
	if (query_row(&select)) {
		store_id = get_int(&select, 0);
		*cursor_id = get_int(&select, 1);
		query_end(&select);
	}
	return store_id;
}

static void run_rows(struct query query, int64_t store_id, int64_t cursor_id)
{
	put_int(&query, 1, store_id);
	put_int(&query, 2, cursor_id);
	put_int(&query, 3, MOVE_MAX);
	query_run(&query);
}

#define BEHIND \
	"(SELECT id FROM message_%s WHERE store_id = ?1 AND id > ?2 ORDER BY id " \
	"LIMIT ?3)"

/*
 * The first pending messages of a store leave the day, and its cursor passes them; they are mapped like
 * those that a person retried. True if there were any.
 */
static bool keep_pending(struct tx *tx, int64_t day)
{
	int64_t cursor_id = 0;
	int64_t store_id = store_behind(tx, day, &cursor_id);

	if (store_id == 0)
		return false;
	run_rows(
		query_day(tx,
			  "INSERT INTO message_kept SELECT id, store_id, received_ms, topic, source_id, body,"
			  " NULL, priority"
			  " FROM message_%s WHERE id IN " BEHIND,
			  day),
		store_id, cursor_id);
	run_rows(query_day(tx,
			   "INSERT INTO message_again (store_id, id) SELECT store_id, id FROM message_%s "
			   "WHERE id IN " BEHIND,
			   day),
		 store_id, cursor_id);
	run_rows(query_day(tx,
			   "UPDATE store_count SET cursor_id = (SELECT max(id) FROM " BEHIND
			   ") WHERE store_id = ?1",
			   day),
		 store_id, cursor_id);
	run_rows(query_day(tx, "DELETE FROM message_%s WHERE id IN " BEHIND, day), store_id, cursor_id);
	return true;
}

static bool keep_failed(struct tx *tx, int64_t day)
{
	struct query keep = query_day(
		tx,
		"INSERT INTO message_kept SELECT id, store_id, received_ms, topic, source_id, body, NULL,"
		" priority"
		" FROM message_%s"
		" WHERE id IN (SELECT id FROM message_failed WHERE id >= ?1 AND id < ?2"
		" UNION ALL SELECT id FROM message_again WHERE id >= ?1 AND id < ?2)"
		" AND id NOT IN (SELECT id FROM message_kept) LIMIT ?3",
		day);

	put_range(&keep, 1, day);
	put_int(&keep, 3, MOVE_MAX);
	query_run(&keep);
	return query_changes(&keep) > 0;
}

/* ---- bodies that stay ---- */

static bool keep_bodies(struct tx *tx, int64_t day)
{
	struct query keep = query_day(
		tx,
		"INSERT INTO body_kept SELECT b.id, b.body FROM delivery d JOIN body_%s b ON b.id = d.id"
		" WHERE d.id >= ?1 AND d.id < ?2 AND d.id NOT IN (SELECT id FROM body_kept) LIMIT ?3",
		day);

	put_range(&keep, 1, day);
	put_int(&keep, 3, MOVE_MAX);
	query_run(&keep);
	return query_changes(&keep) > 0;
}

/* ---- what was kept and has ended ---- */

#define MESSAGES_ENDED \
	"SELECT id FROM message_kept WHERE id NOT IN (SELECT id FROM " \
	"message_failed)" \
	" AND id NOT IN (SELECT id FROM message_again)"
#define BODIES_ENDED "SELECT id FROM body_kept WHERE id NOT IN (SELECT id FROM delivery)"

static bool any(struct query select)
{
	return query_int(&select, 0) != 0;
}

static bool drop_kept(struct query remove)
{
	put_int(&remove, 1, MOVE_MAX);
	query_run(&remove);
	return query_changes(&remove) == MOVE_MAX;
}

/* ---- days ---- */

static bool holds_keys(enum day_kind kind)
{
	return kind == DAY_SEEN || kind == DAY_SEEN_BUCKET;
}

/* Keys get their table with the first run of a day. */
static bool is_made_ahead(enum day_kind kind)
{
	return !holds_keys(kind);
}

/* One slice of dropping a day; true if there is more to do for this kind. */
static bool drop_day(struct tx *tx, enum day_kind kind, int64_t day)
{
	if (kind == DAY_MESSAGE && (keep_pending(tx, day) || keep_failed(tx, day)))
		return true;
	if (kind == DAY_BODY && keep_bodies(tx, day))
		return true;
	if (holds_keys(kind) && !seen_drop_day(tx, day))
		return false;
	day_drop(tx, kind, day);
	return true;
}

static bool drop_some_day(struct tx *tx, const struct retention *retention)
{
	int64_t today = time_day(tx->now_ms);

	for (int i = 0; i < DAY_KIND_COUNT; i++) {
		enum day_kind kind = (enum day_kind)i;
		int64_t day = old_day(tx, kind, first_day(kind, today, retention));

		if (day != INT64_MAX && drop_day(tx, kind, day))
			return true;
	}
	return false;
}

static void make_days(struct tx *tx, int64_t today)
{
	for (int kind = 0; kind < DAY_KIND_COUNT; kind++)
		for (int64_t day = today; day <= today + 1 && is_made_ahead((enum day_kind)kind); day++)
			day_ensure(tx, (enum day_kind)kind, day);
}

/* ---- tombstones ---- */

static bool next_variant(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena,
			 struct entity *out)
{
	struct query select =
		query(tx, "SELECT id FROM entity WHERE store_id = ?1 AND root_id = ?2 AND root_id <> ''"
			  " LIMIT 1");

	put_int(&select, 1, store_id);
	put_text(&select, 2, root.id);
	if (!query_row(&select))
		return false;
	*out = (struct entity){ ENTITY_VARIANT, get_text(&select, 0, arena) };
	query_end(&select);
	return true;
}

static void run_entity(struct query *query, int64_t store_id, struct entity entity)
{
	put_entity(query, 1, store_id, entity);
	query_run(query);
}

/*
 * A root that was deleted long ago goes with its variants and with what was told of it, if Klaviyo has
 * nothing more.
 */
static void forget_root(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena)
{
	struct entity variant;
	struct query remove;

	while (root.kind == ENTITY_PRODUCT && next_variant(tx, store_id, root, arena, &variant))
		entity_remove(tx, store_id, variant);
	remove = query(tx, "DELETE FROM sent WHERE store_id = ?1 AND root_kind = ?2 AND root_id = ?3 AND NOT"
			   " exists_there AND NOT " SENT_IS_UNDONE);
	run_entity(&remove, store_id, root);
	remove = query(tx, "DELETE FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	run_entity(&remove, store_id, root);
	count_store(tx, &(struct store_change){ .store_id = store_id, .n_held = -query_changes(&remove) });
}

/* Tombstones of roots that are due wait until they are not. */
#define OLD_TOMBSTONES \
	" FROM entity WHERE deleted_ms > 0 AND deleted_ms < ?1 AND (n_set > 0 OR " \
	"kind NOT IN (0, 2, 9, 10, 11) OR NOT EXISTS" \
	" (SELECT 1 FROM due WHERE due.store_id = entity.store_id AND due.kind = " \
	"entity.kind AND due.id = entity.id))"

static void forget_entity(struct tx *tx, int64_t store_id, struct entity entity, bool alive,
			  struct arena *arena)
{
	struct query clear;

	if (alive) {
		clear = query(tx, "UPDATE entity SET deleted_ms = 0, deleted_version = 0, deleted_seq = 0"
				  " WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
		run_entity(&clear, store_id, entity);
		return;
	}
	entity_remove(tx, store_id, entity);
	if (store_is_root(entity.kind))
		forget_root(tx, store_id, entity, arena);
}

/* True if there may be more. */
static bool forget_tombstones(struct tx *tx, int64_t before_ms, struct arena *arena)
{
	struct query select = query(tx, "SELECT store_id, kind, id, n_set > 0" OLD_TOMBSTONES " LIMIT ?2");
	struct catalog_match old[FORGET_MAX];
	bool alive[FORGET_MAX];
	size_t n = 0;

	put_int(&select, 1, before_ms);
	put_int(&select, 2, FORGET_MAX);
	while (n < FORGET_MAX && query_row(&select)) {
		old[n].store_id = get_int(&select, 0);
		old[n].entity = (struct entity){ get_entity_kind(&select, 1), get_text(&select, 2, arena) };
		alive[n++] = get_bool(&select, 3);
	}
	query_end(&select);
	for (size_t i = 0; i < n; i++)
		forget_entity(tx, old[i].store_id, old[i].entity, alive[i], arena);
	return n == FORGET_MAX;
}

static int64_t tombstones_before_ms(int64_t now_ms, const struct retention *retention)
{
	return now_ms - retention->tombstone_days * MS_PER_DAY;
}

/* ---- visitors ---- */

/* Nobody has said who they are for so long. Those that are due wait until they are not. */
#define OLD_VISITORS \
	" FROM held INDEXED BY held_visitor WHERE kind = 11 AND since_ms < ?1 AND NOT EXISTS" \
	" (SELECT 1 FROM due WHERE due.store_id = held.store_id AND due.kind = 11 AND due.id = held.id)"

static int64_t visitors_before_ms(int64_t now_ms, const struct retention *retention)
{
	return retention->visitor_days > 0 ? now_ms - retention->visitor_days * MS_PER_DAY : INT64_MIN;
}

/* True if there may be more. */
static bool forget_visitors(struct tx *tx, int64_t before_ms, struct arena *arena)
{
	struct query select = query(tx, "SELECT store_id, id" OLD_VISITORS " LIMIT ?2");
	struct catalog_match old[FORGET_MAX];
	size_t n = 0;

	put_int(&select, 1, before_ms);
	put_int(&select, 2, FORGET_MAX);
	while (n < FORGET_MAX && query_row(&select)) {
		old[n].store_id = get_int(&select, 0);
		old[n++].entity = (struct entity){ ENTITY_VISITOR, get_text(&select, 1, arena) };
	}
	query_end(&select);
	for (size_t i = 0; i < n; i++) {
		entity_remove(tx, old[i].store_id, old[i].entity);
		forget_root(tx, old[i].store_id, old[i].entity, arena);
	}
	return n == FORGET_MAX;
}

/* ---- all of it ---- */

bool retain_wanted(struct tx *tx, int64_t now_ms, const struct retention *retention)
{
	int64_t today = time_day(now_ms);
	int64_t imports_before_ms = now_ms - retention->audit_days * MS_PER_DAY;
	struct query tombstone, visitor;

	for (int i = 0; i < DAY_KIND_COUNT; i++) {
		enum day_kind kind = (enum day_kind)i;

		if ((is_made_ahead(kind) && !day_exists(tx, kind, today + 1)) ||
		    old_day(tx, kind, first_day(kind, today, retention)) != INT64_MAX)
			return true;
	}
	tombstone = query(tx, "SELECT 1" OLD_TOMBSTONES " LIMIT 1");
	put_int(&tombstone, 1, tombstones_before_ms(now_ms, retention));
	visitor = query(tx, "SELECT 1" OLD_VISITORS " LIMIT 1");
	put_int(&visitor, 1, visitors_before_ms(now_ms, retention));
	return any(tombstone) || any(visitor) || imports_old(tx, imports_before_ms) ||
	       any(query(tx, MESSAGES_ENDED " LIMIT 1")) || any(query(tx, BODIES_ENDED " LIMIT 1"));
}

bool retain_step(struct tx *tx, const struct retention *retention)
{
	struct arena arena;
	bool more;

	arena_init(&arena);
	make_days(tx, time_day(tx->now_ms));
	more = drop_some_day(tx, retention);
	more = forget_tombstones(tx, tombstones_before_ms(tx->now_ms, retention), &arena) || more;
	more = forget_visitors(tx, visitors_before_ms(tx->now_ms, retention), &arena) || more;
	more = imports_drop(tx, tx->now_ms - retention->audit_days * MS_PER_DAY) || more;
	more = drop_kept(query(tx, "DELETE FROM message_kept WHERE id IN (" MESSAGES_ENDED " LIMIT ?1)")) ||
	       more;
	more = drop_kept(query(tx, "DELETE FROM body_kept WHERE id IN (" BODIES_ENDED " LIMIT ?1)")) || more;
	arena_release(&arena);
	return more;
}
