/*
 * SQLite backend: which roots are to be looked at, and the sweeps that make many of them due little by little.
 */
#include "store/sqlite/sqlite_internal.h"

void due_touch(struct tx *tx, const struct fact_cause *cause, struct entity root)
{
	struct query first = query(tx, "SELECT first_ms FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	struct query write;
	int64_t first_ms;

	put_int(&first, 1, cause->store_id);
	put_int(&first, 2, root.kind);
	put_text(&first, 3, root.id);
	first_ms = query_int(&first, tx->now_ms);
	write = query(tx, "INSERT OR REPLACE INTO due VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	put_int(&write, 1, cause->store_id);
	put_int(&write, 2, root.kind);
	put_text(&write, 3, root.id);
	put_int(&write, 4, store_due_ms(tx->now_ms, first_ms, cause->result->quiet_ms, cause->result->quiet_max_ms));
	put_int(&write, 5, first_ms);
	put_int(&write, 6, cause->due_seq);
	put_int(&write, 7, cause->message_id);
	put_int(&write, 8, PRIORITY_REALTIME);
	query_run(&write);
}

void due_now(struct tx *tx, int64_t store_id, struct entity root, int64_t seq)
{
	struct query write = query(tx, "INSERT INTO due VALUES (?1, ?2, ?3, ?4, ?4, ?5, 0, ?6)"
				       " ON CONFLICT DO UPDATE SET seq = ?5");

	put_int(&write, 1, store_id);
	put_int(&write, 2, root.kind);
	put_text(&write, 3, root.id);
	put_int(&write, 4, tx->now_ms);
	put_int(&write, 5, seq);
	put_int(&write, 6, PRIORITY_BACKFILL);
	query_run(&write);
}

/* Reads rows of (kind, id). */
static struct entity *read_roots(struct query *select, size_t max_n, struct arena *arena, size_t *n)
{
	struct entity *root = ARENA_ARRAY(arena, max_n, struct entity);

	for (*n = 0; query_row(select); (*n)++)
		root[*n] = (struct entity){ (enum entity_kind)get_int(select, 0), get_text(select, 1, arena) };
	return root;
}

/* Where to go on: behind `after`, or from the beginning if it has no id. */
static void put_after(struct query *select, int at, struct entity after)
{
	put_int(select, at, after.id.len == 0 ? -1 : (int64_t)after.kind);
	put_text(select, at + 1, after.id);
}

struct entity *dependants(struct tx *tx, int64_t store_id, struct entity target, struct entity after, size_t max_n,
			  struct arena *arena, size_t *n)
{
	/* kinds: 0 product, 1 variant, 2 category */
	struct query select = query(tx,
		"SELECT kind, id FROM ("
		"SELECT owner_kind AS kind, owner_id AS id FROM ref WHERE store_id = ?1 AND target_kind = ?2"
		" AND target_id = ?3 AND owner_kind IN (0, 2)"
		" UNION SELECT 0, entity.root_id FROM ref JOIN entity ON entity.store_id = ref.store_id AND entity.kind = 1"
		" AND entity.id = ref.owner_id WHERE ref.store_id = ?1 AND ref.target_kind = ?2 AND ref.target_id = ?3"
		" AND ref.owner_kind = 1 AND entity.root_id <> '')"
		" WHERE (kind, id) > (?4, ?5) ORDER BY kind, id LIMIT ?6");

	put_int(&select, 1, store_id);
	put_int(&select, 2, target.kind);
	put_text(&select, 3, target.id);
	put_after(&select, 4, after);
	put_int(&select, 6, (int64_t)max_n);
	return read_roots(&select, max_n, arena, n);
}

/* ---- sweeps ---- */

void sweep_add(struct tx *tx, int64_t store_id, struct entity target, struct entity after)
{
	struct query remove = query(tx, "DELETE FROM sweep WHERE store_id = ?1 AND target_kind = ?2 AND target_id = ?3");
	struct query insert;

	put_int(&remove, 1, store_id);
	put_int(&remove, 2, target.kind);
	put_text(&remove, 3, target.id);
	query_run(&remove);
	insert = query(tx, "INSERT INTO sweep (store_id, target_kind, target_id, after_kind, after_id)"
			   " VALUES (?1, ?2, ?3, ?4, ?5)");
	put_int(&insert, 1, store_id);
	put_int(&insert, 2, target.kind);
	put_text(&insert, 3, target.id);
	put_int(&insert, 4, after.kind);
	put_text(&insert, 5, after.id);
	query_run(&insert);
}

struct sweep {
	int64_t id;                /* 0 = none */
	int64_t store_id;
	struct entity target;
	struct entity after;
};

static struct sweep oldest_sweep(struct tx *tx, struct arena *arena)
{
	struct query select = query(tx, "SELECT id, store_id, target_kind, target_id, after_kind, after_id FROM sweep"
					" ORDER BY id LIMIT 1");
	struct sweep sweep = { 0 };

	if (!query_row(&select))
		return sweep;
	sweep = (struct sweep){
		.id = get_int(&select, 0),
		.store_id = get_int(&select, 1),
		.target = { (enum entity_kind)get_int(&select, 2), get_text(&select, 3, arena) },
		.after = { (enum entity_kind)get_int(&select, 4), get_text(&select, 5, arena) },
	};
	query_end(&select);
	return sweep;
}

/* The next roots of a store that are known, in order. */
static struct entity *roots_after(struct tx *tx, int64_t store_id, struct entity after, size_t max_n,
				  struct arena *arena, size_t *n)
{
	struct query select = query(tx, "SELECT kind, id FROM entity WHERE store_id = ?1 AND kind IN (0, 2)"
					" AND (kind, id) > (?2, ?3) ORDER BY kind, id LIMIT ?4");

	put_int(&select, 1, store_id);
	put_after(&select, 2, after);
	put_int(&select, 4, (int64_t)max_n);
	return read_roots(&select, max_n, arena, n);
}

static void sweep_step(struct tx *tx, const struct sweep *sweep, size_t max_n, struct arena *arena)
{
	struct query remove = query(tx, "DELETE FROM sweep WHERE id = ?1");
	const struct entity *root;
	int64_t seq;
	size_t n;

	put_int(&remove, 1, sweep->id);
	query_run(&remove);
	root = sweep->target.id.len == 0 ?
		       roots_after(tx, sweep->store_id, sweep->after, max_n, arena, &n) :
		       dependants(tx, sweep->store_id, sweep->target, sweep->after, max_n, arena, &n);
	seq = tx_id(tx);
	for (size_t i = 0; i < n; i++)
		due_now(tx, sweep->store_id, root[i], seq);
	if (n == max_n)
		sweep_add(tx, sweep->store_id, sweep->target, root[n - 1]);
}

static bool any_sweep(struct db *db, bool *any, struct err *err)
{
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, err))
		return false;
	select = query(&tx, "SELECT 1 FROM sweep LIMIT 1");
	*any = query_int(&select, 0) == 1;
	return tx_commit(&tx, err);
}

bool sqlite_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	struct query select;
	struct sweep sweep;
	struct arena arena;
	struct tx tx;
	bool any, ok;

	/* Asked often, seldom needed: no write transaction for nothing. */
	*more = false;
	if (!any_sweep(db, &any, err))
		return false;
	if (!any)
		return true;
	if (!tx_begin_write(&tx, db, CRASH_catalog_sweep, now_ms, err))
		return false;
	arena_init(&arena);
	sweep = oldest_sweep(&tx, &arena);
	if (sweep.id != 0)
		sweep_step(&tx, &sweep, max_n, &arena);
	select = query(&tx, "SELECT 1 FROM sweep LIMIT 1");
	*more = query_int(&select, 0) == 1;
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
