/*
 * SQLite backend: which due roots come next, in turn over the stores.
 *
 * Does:    stores that have something due, from the one after the last served on; some rows of each, oldest
 *          first, until the claim is full; what is left of it goes to those who have more.
 * Keeps:   a store's place in turn does not depend on how much it has waiting. The place is not durable.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <string.h>

/* The first store behind after_id with roots of this priority and its oldest's time; 0: there is none. */
static int64_t next_store(struct tx *tx, enum priority priority, int64_t after_id, int64_t *due_ms)
{
	struct query select =
		query(tx, "SELECT store_id, due_ms FROM due WHERE priority = ?1 AND store_id > ?2"
			  " ORDER BY store_id, due_ms LIMIT 1");
	int64_t store_id;

	put_int(&select, 1, priority);
	put_int(&select, 2, after_id);
	if (!query_row(&select))
		return 0;
	store_id = get_int(&select, 0);
	*due_ms = get_int(&select, 1);
	query_end(&select);
	return store_id;
}

/* Some stores with something due. next_ms: lowered to when those passed over have something. */
static size_t stores_in_turn(struct tx *tx, const struct due_claim *claim, struct arena *arena,
			     int64_t **store_id, int64_t *next_ms)
{
	int64_t from_id = tx->sqlite->due_turn[claim->priority], at = from_id, due_ms = 0;
	size_t n = 0;

	*store_id = ARENA_ARRAY(arena, STORE_TURN_SEEN, int64_t);
	for (int round = 0; round < 2; round++, at = 0)
		while (n < STORE_TURN_SEEN && (at = next_store(tx, claim->priority, at, &due_ms)) != 0 &&
		       (round == 0 || at <= from_id)) {
			if (due_ms <= claim->now_ms)
				(*store_id)[n++] = at;
			else if (due_ms < *next_ms)
				*next_ms = due_ms;
		}
	return n;
}

/* Adds at most max_n keys of a store's due roots, oldest first, behind the first n_before of them. */
static size_t add_keys(struct tx *tx, const struct due_claim *claim, int64_t store_id, size_t max_n,
		       size_t n_before, struct arena *arena, struct catalog_root *root)
{
	struct query select =
		query(tx, "SELECT kind, id FROM due WHERE priority = ?1 AND store_id = ?2 AND due_ms <= ?3"
			  " ORDER BY due_ms, kind, id LIMIT ?4 OFFSET ?5");
	size_t n;

	put_int(&select, 1, claim->priority);
	put_int(&select, 2, store_id);
	put_int(&select, 3, claim->now_ms);
	put_int(&select, 4, (int64_t)max_n);
	put_int(&select, 5, (int64_t)n_before);
	for (n = 0; query_row(&select); n++) {
		root[n] = (struct catalog_root){
			.store_id = store_id,
			.root = { get_entity_kind(&select, 0), get_text(&select, 1, arena) },
		};
		if (!store_is_root(root[n].root.kind))
			tx_fail(tx, SQLITE_CORRUPT);
	}
	return n;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

size_t due_in_turn(struct tx *tx, struct due_claim *claim, struct arena *arena, struct catalog_root *root,
		   int64_t *next_ms)
{
	int64_t *store_id;
	size_t n_store = stores_in_turn(tx, claim, arena, &store_id, next_ms), n = 0;
	size_t share = store_turn_rows(n_store);

	for (size_t i = 0; i < n_store && n < claim->max_n; i++)
		n += add_keys(tx, claim, store_id[i], at_most(share, claim->max_n - n), 0, arena, root + n);
	claim->n_first = n;
	for (size_t i = 0; i < n_store && n < claim->max_n; i++)
		n += add_keys(tx, claim, store_id[i], claim->max_n - n, share, arena, root + n);
	return n;
}

void due_turn_end(struct tx *tx, const struct due_claim *claim, const struct catalog_root *root, size_t n)
{
	size_t n_served = n < claim->n ? n : claim->n;
	size_t n_first = n_served < claim->n_first ? n_served : claim->n_first;

	if (n_first > 0)
		tx->sqlite->due_turn[claim->priority] = root[n_first - 1].store_id;
}

bool sqlite_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err)
{
	struct tx tx;

	*n = 0;
	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	for (enum priority priority = PRIORITY_REPLAY; priority <= PRIORITY_BACKFILL && *n < max_n;
	     priority++) {
		struct query count = query(&tx, "SELECT count(*) FROM (SELECT 1 FROM due WHERE priority = ?1"
						" AND store_id = ?2 LIMIT ?3)");

		put_int(&count, 1, priority);
		put_int(&count, 2, store_id);
		put_int(&count, 3, (int64_t)(max_n - *n));
		*n += (size_t)query_int(&count, 0);
	}
	return tx_commit(&tx, err);
}
