/*
 * SQLite backend: which roots are to be looked at, and the sweeps that make many of them due little by
 * little.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

static void count_due(struct tx *tx, int64_t store_id, int64_t n)
{
	count_store(tx, &(struct store_change){ .store_id = store_id, .n_due = n });
}

void due_touch(struct tx *tx, const struct fact_cause *cause, struct entity root)
{
	struct query first =
		query(tx, "SELECT first_ms FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	int64_t first_ms;
	struct query write;

	/* Facts of one message mostly touch the same root. */
	if (tx->touched_by == cause->message_id && entity_eq(tx->touched, root))
		return;
	tx->touched_by = cause->message_id;
	tx->touched = root;
	put_entity(&first, 1, cause->store_id, root);
	first_ms = query_int(&first, INT64_MIN);
	if (first_ms == INT64_MIN) {
		first_ms = tx->now_ms;
		count_due(tx, cause->store_id, 1);
	}
	write = query(
		tx,
		"INSERT INTO due VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET due_ms ="
		" ?4,"
		" seq = ?6, message_id = ?7, priority = min(priority, ?8)");
	put_entity(&write, 1, cause->store_id, root);
	put_int(&write, 4,
		store_due_ms(tx->now_ms, first_ms, cause->result->quiet_ms, cause->result->quiet_max_ms));
	put_int(&write, 5, first_ms);
	put_int(&write, 6, cause->due_seq);
	put_int(&write, 7, cause->message_id);
	put_int(&write, 8, cause->result->priority);
	query_run(&write);
}

void due_now(struct tx *tx, int64_t store_id, struct entity root, int64_t seq)
{
	struct query update =
		query(tx, "UPDATE due SET seq = ?4 WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	struct query insert;

	put_entity(&update, 1, store_id, root);
	put_int(&update, 4, seq);
	query_run(&update);
	if (query_changes(&update) > 0)
		return;
	insert = query(tx, "INSERT INTO due VALUES (?1, ?2, ?3, ?4, ?4, ?5, 0, ?6)");
	put_entity(&insert, 1, store_id, root);
	put_int(&insert, 4, tx->now_ms);
	put_int(&insert, 5, seq);
	put_int(&insert, 6, PRIORITY_BACKFILL);
	query_run(&insert);
	count_due(tx, store_id, 1);
}

void due_again(struct tx *tx, int64_t store_id, struct entity root, int64_t seq, enum priority priority)
{
	struct query update;

	due_now(tx, store_id, root, seq);
	update = query(tx, "UPDATE due SET priority = min(priority, ?4), due_ms = min(due_ms, ?5)"
			   " WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	put_entity(&update, 1, store_id, root);
	put_int(&update, 4, priority);
	put_int(&update, 5, tx->now_ms);
	query_run(&update);
}

void due_remove(struct tx *tx, int64_t store_id, struct entity root, int64_t seq)
{
	struct query remove =
		query(tx, "DELETE FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND seq = ?4");

	put_entity(&remove, 1, store_id, root);
	put_int(&remove, 4, seq);
	query_run(&remove);
	count_due(tx, store_id, -query_changes(&remove));
}

/* ---- who depends on what ---- */

/* Where to go on: behind `after`, or from the beginning if it has no id. */
static void put_after(struct query *select, int at, struct entity after)
{
	put_int(select, at, after.id.len == 0 ? -1 : (int64_t)after.kind);
	put_text(select, at + 1, after.id);
}

/* Reads rows of (kind, id). */
static struct entity *read_entities(struct query *select, size_t max_n, struct arena *arena, size_t *n)
{
	struct entity *entity = NULL;

	for (*n = 0; query_row(select); (*n)++) {
		if (!entity)
			entity = ARENA_ARRAY(arena, max_n, struct entity);
		entity[*n] = (struct entity){ get_entity_kind(select, 0), get_text(select, 1, arena) };
	}
	return entity;
}

bool dependants(struct tx *tx, int64_t store_id, struct entity target, struct entity *after, size_t max_n,
		struct arena *arena, struct entity **root, size_t *n)
{
	struct query select =
		query(tx, "SELECT DISTINCT owner_kind, owner_id FROM ref WHERE store_id = ?1"
			  " AND target_kind = ?2 AND target_id = ?3 AND (owner_kind, owner_id) > (?4, ?5)"
			  " AND owner_kind < 9" /* see store_is_catalog_root */
			  " ORDER BY owner_kind, owner_id LIMIT ?6");
	struct entity *owner;
	size_t n_owner, n_root = 0;

	put_entity(&select, 1, store_id, target);
	put_after(&select, 4, *after);
	put_int(&select, 6, (int64_t)max_n);
	owner = read_entities(&select, max_n, arena, &n_owner);
	if (n_owner > 0)
		*after = owner[n_owner - 1];
	for (size_t i = 0; i < n_owner; i++) {
		struct entity of = root_of(tx, store_id, owner[i], arena);

		if (of.id.len > 0)
			owner[n_root++] = of;
	}
	*root = owner;
	*n = n_root;
	return n_owner == max_n;
}

/* ---- sweeps ---- */

void sweep_add(struct tx *tx, int64_t store_id, struct entity target, struct entity after)
{
	struct query remove =
		query(tx, "DELETE FROM sweep WHERE store_id = ?1 AND target_kind = ?2 AND target_id = ?3");
	struct query insert;

	put_entity(&remove, 1, store_id, target);
	query_run(&remove);
	insert = query(tx, "INSERT INTO sweep (store_id, target_kind, target_id, after_kind, after_id)"
			   " VALUES (?1, ?2, ?3, ?4, ?5)");
	put_entity(&insert, 1, store_id, target);
	put_int(&insert, 4, after.kind);
	put_text(&insert, 5, after.id);
	query_run(&insert);
}

struct sweep {
	int64_t id; /* 0 = none */
	int64_t store_id;
	struct entity target;
	struct entity after;
};

static struct sweep oldest_sweep(struct tx *tx, struct arena *arena)
{
	struct query select =
		query(tx, "SELECT id, store_id, target_kind, target_id, after_kind, after_id FROM sweep"
			  " ORDER BY id LIMIT 1");
	struct sweep sweep = { 0 };

	if (!query_row(&select))
		return sweep;
	sweep = (struct sweep){
		.id = get_int(&select, 0),
		.store_id = get_int(&select, 1),
		.target = { get_entity_kind(&select, 2), get_text(&select, 3, arena) },
		.after = { get_entity_kind(&select, 4), get_text(&select, 5, arena) },
	};
	query_end(&select);
	return sweep;
}

bool roots_after(struct tx *tx, int64_t store_id, struct entity *after, size_t max_n, struct arena *arena,
		 struct entity **root, size_t *n)
{
	struct query select =
		query(tx, "SELECT kind, id FROM entity WHERE store_id = ?1 AND (kind, id) > (?2, ?3)"
			  " AND kind IN (0, 2) ORDER BY kind, id LIMIT ?4"); /* products, categories */

	put_int(&select, 1, store_id);
	put_after(&select, 2, *after);
	put_int(&select, 4, (int64_t)max_n);
	*root = read_entities(&select, max_n, arena, n);
	if (*n > 0)
		*after = (*root)[*n - 1];
	return *n == max_n;
}

static void sweep_step(struct tx *tx, struct sweep *sweep, size_t max_n, struct arena *arena)
{
	struct query remove = query(tx, "DELETE FROM sweep WHERE id = ?1");
	struct entity *root;
	int64_t seq;
	bool more;
	size_t n;

	put_int(&remove, 1, sweep->id);
	query_run(&remove);
	more = sweep->target.id.len == 0
		       ? roots_after(tx, sweep->store_id, &sweep->after, max_n, arena, &root, &n)
		       : dependants(tx, sweep->store_id, sweep->target, &sweep->after, max_n, arena, &root,
				    &n);
	seq = tx_id(tx);
	for (size_t i = 0; i < n; i++)
		due_now(tx, sweep->store_id, root[i], seq);
	if (more)
		sweep_add(tx, sweep->store_id, sweep->target, sweep->after);
}

bool any_sweep(struct tx *tx)
{
	struct query select = query(tx, "SELECT 1 FROM sweep LIMIT 1");

	return query_int(&select, 0) == 1;
}

/* Asked often, seldom needed: no write transaction for nothing. */
static bool sweep_wanted(struct db *db, bool *any, struct err *err)
{
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	*any = any_sweep(&tx);
	return tx_commit(&tx, err);
}

bool sqlite_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	struct sweep sweep;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!sweep_wanted(db, more, err))
		return false;
	if (!*more)
		return true;
	if (!tx_begin_write(&tx, db, CRASH_catalog_sweep, now_ms, err))
		return false;
	arena_init(&arena);
	sweep = oldest_sweep(&tx, &arena);
	if (sweep.id != 0)
		sweep_step(&tx, &sweep, max_n, &arena);
	*more = any_sweep(&tx);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
