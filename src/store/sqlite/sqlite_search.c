/*
 * SQLite backend: products and categories by what they are called.
 *
 * Keeps:   a search goes once through the entities of a store and kind, in the order of their key, and looks
 *          at words that lie in their rows: nothing else is kept or written for it.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"
#include "store/store_words.h"

/* ---- words of what was there before they were kept ---- */

/* pannier_words(kind, body): as store_fact_words. */
static void words_of(sqlite3_context *context, int n, sqlite3_value **value)
{
	struct fact fact = { .entity.kind = (enum entity_kind)sqlite3_value_int(value[0]) };
	struct arena arena;
	struct str words;

	(void)n;
	fact.body = str_of((const char *)sqlite3_value_text(value[1]), (size_t)sqlite3_value_bytes(value[1]));
	arena_init(&arena);
	words = store_fact_words(&fact, &arena);
	sqlite3_result_text(context, words.len > 0 ? words.p : "", (int)words.len, SQLITE_TRANSIENT);
	arena_release(&arena);
}

int sqlite_words_function(sqlite3 *handle)
{
	return sqlite3_create_function(handle, "pannier_words", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				       words_of, NULL, NULL);
}

/* ---- the verb ---- */

static struct query search(struct tx *tx, enum entity_kind kind)
{
	if (kind == ENTITY_PRODUCT)
		return query(tx, "SELECT id FROM entity WHERE store_id = ?1 AND kind = 0 AND id > ?2"
				 " AND (instr(words, ?3) > 0 OR instr(id, ?4) > 0)"
				 " UNION SELECT root_id FROM entity v WHERE store_id = ?1 AND kind = 1"
				 " AND root_id > ?2 AND (instr(words, ?3) > 0 OR instr(id, ?4) > 0)"
				 " AND NOT EXISTS (SELECT 1 FROM entity p WHERE p.store_id = ?1"
				 " AND p.kind = 0 AND p.id = v.root_id AND p.deleted_ms > 0 AND p.n_set = 0)"
				 " ORDER BY 1 LIMIT ?5");
	return query(tx, "SELECT id FROM entity WHERE store_id = ?1 AND kind = 2 AND id > ?2"
			 " AND (instr(words, ?3) > 0 OR instr(id, ?4) > 0) ORDER BY id LIMIT ?5");
}

bool sqlite_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
			   struct str after, size_t max_n, struct arena *arena, struct str **id, size_t *n,
			   struct err *err)
{
	struct query select;
	struct tx tx;

	*n = 0;
	*id = ARENA_ARRAY(arena, max_n, struct str);
	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	select = search(&tx, kind);
	put_int(&select, 1, store_id);
	put_text(&select, 2, after);
	put_text(&select, 3, store_fold(text, arena));
	put_text(&select, 4, text);
	put_int(&select, 5, (int64_t)max_n);
	while (query_row(&select))
		(*id)[(*n)++] = get_text(&select, 0, arena);
	return tx_commit(&tx, err);
}
