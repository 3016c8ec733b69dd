/*
 * SQLite backend: finding entities by what a person types.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

struct matches {
	struct catalog_match *at;
	size_t n;
	struct arena *arena;
};

static void match_add(struct matches *matches, int64_t store_id, struct entity root, struct entity entity)
{
	for (size_t i = 0; i < matches->n; i++) {
		const struct catalog_match *at = &matches->at[i];

		if (at->store_id == store_id && entity_eq(at->entity, entity) && entity_eq(at->root, root))
			return;
	}
	if (matches->n < STORE_FIND_MAX)
		matches->at[matches->n++] = (struct catalog_match){ store_id, root, entity };
}

/* Rows of (store_id, kind, id). */
static void match_entities(struct query *select, int64_t store_id, struct str text, struct matches *matches)
{
	struct catalog_match found[STORE_FIND_MAX];
	struct tx *tx = select->tx;
	size_t n = 0;

	put_int(select, 1, store_id);
	put_text(select, 2, text);
	put_int(select, 3, STORE_FIND_MAX);
	while (n < STORE_FIND_MAX && query_row(select))
		found[n++] = (struct catalog_match){
			.store_id = get_int(select, 0),
			.entity = { get_entity_kind(select, 1), get_text(select, 2, matches->arena) },
		};
	query_end(select);
	for (size_t i = 0; i < n; i++)
		match_add(matches, found[i].store_id,
			  root_of(tx, found[i].store_id, found[i].entity, matches->arena), found[i].entity);
}

static void match_sent(struct tx *tx, int64_t store_id, struct str text, struct matches *matches)
{
	/* One look per account and kind (0 category, 1 item, 2 variant) instead of an
   * index that every delivery would pay. */
	struct query select =
		query(tx, "SELECT sent.store_id, root_kind, root_id FROM account_count"
			  " CROSS JOIN (VALUES (0), (1), (2)) AS k CROSS JOIN sent"
			  " ON sent.account_id = account_count.account_id AND sent.kind = k.column1"
			  " AND external_id = ?2 JOIN store ON store.id = sent.store_id"
			  " WHERE ?1 = 0 OR sent.store_id = ?1 ORDER BY sent.account_id, sent.kind");

	put_int(&select, 1, store_id);
	put_text(&select, 2, text);
	while (query_row(&select)) {
		struct entity root = { get_entity_kind(&select, 1), get_text(&select, 2, matches->arena) };

		match_add(matches, get_int(&select, 0), root, root);
	}
}

bool sqlite_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			 struct catalog_match **match, size_t *n, struct err *err)
{
	struct matches matches = { ARENA_ARRAY(arena, STORE_FIND_MAX, struct catalog_match), 0, arena };
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	if (text.len > 0) {
		select = query(
			&tx, "SELECT e.store_id, e.kind, e.id FROM store CROSS JOIN entity e ON e.store_id ="
			     " store.id"
			     " AND e.kind IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND e.id = ?2"
			     " WHERE ?1 = 0 OR store.id = ?1 ORDER BY e.store_id, e.kind LIMIT ?3");
		match_entities(&select, store_id, text, &matches);
		select = query(&tx, "SELECT store_id, kind, id FROM entity WHERE sku = ?2 AND sku <> ''"
				    " AND store_id IN (SELECT id FROM store) AND (?1 = 0 OR store_id = ?1)"
				    " ORDER BY store_id, kind, id LIMIT ?3");
		match_entities(&select, store_id, text, &matches);
		match_sent(&tx, store_id, text, &matches);
	}
	*match = matches.at;
	*n = matches.n;
	return tx_commit(&tx, err);
}
