/*
 * SQLite backend: rows of entities and of what their parts name.
 */
#include "store/sqlite/sqlite_rows.h"

void put_entity(struct query *query, int at, int64_t store_id, struct entity entity)
{
	put_int(query, at, store_id);
	put_int(query, at + 1, entity.kind);
	put_text(query, at + 2, entity.id);
}

struct entity_row entity_read(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena)
{
	struct query select = query(
		tx, "SELECT n_set, root_id, root_version, root_seq, deleted_ms, deleted_version,"
		    " deleted_seq, sku, words FROM entity WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	struct entity_row row = { .root_id = STR(""), .sku = STR(""), .words = STR("") };

	put_entity(&select, 1, store_id, entity);
	if (!query_row(&select))
		return row;
	row = (struct entity_row){
		.known = true,
		.n_set = get_int(&select, 0),
		.root_id = get_text(&select, 1, arena),
		.root_version = get_int(&select, 2),
		.root_seq = get_int(&select, 3),
		.tombstone = { get_int(&select, 4), get_int(&select, 5), get_int(&select, 6) },
		.sku = get_text(&select, 7, arena),
		.words = get_text(&select, 8, arena),
	};
	query_end(&select);
	return row;
}

static bool same_row(const struct entity_row *a, const struct entity_row *b)
{
	return a->known == b->known && a->n_set == b->n_set && str_eq(a->root_id, b->root_id) &&
	       a->root_version == b->root_version && a->root_seq == b->root_seq &&
	       a->tombstone.deleted_ms == b->tombstone.deleted_ms &&
	       a->tombstone.version == b->tombstone.version && a->tombstone.seq == b->tombstone.seq &&
	       str_eq(a->sku, b->sku) && str_eq(a->words, b->words);
}

void entity_write(struct tx *tx, int64_t store_id, struct entity entity, const struct entity_row *before,
		  const struct entity_row *after)
{
	struct query write;

	if (same_row(before, after))
		return;
	write = query(
		tx,
		"INSERT INTO entity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO"
		" UPDATE"
		" SET n_set = ?4, root_id = ?5, root_version = ?6, root_seq = ?7, deleted_ms = ?8,"
		" deleted_version = ?9, deleted_seq = ?10, sku = ?11, words = ?12");
	put_entity(&write, 1, store_id, entity);
	put_int(&write, 4, after->n_set);
	put_text(&write, 5, after->root_id);
	put_int(&write, 6, after->root_version);
	put_int(&write, 7, after->root_seq);
	put_int(&write, 8, after->tombstone.deleted_ms);
	put_int(&write, 9, after->tombstone.version);
	put_int(&write, 10, after->tombstone.seq);
	put_text(&write, 11, after->sku);
	put_text(&write, 12, after->words);
	query_run(&write);
}

void entity_remove(struct tx *tx, int64_t store_id, struct entity entity)
{
	struct query remove = query(tx, "DELETE FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_entity(&remove, 1, store_id, entity);
	query_run(&remove);
	remove = query(tx, "DELETE FROM ref WHERE store_id = ?1 AND owner_kind = ?2 AND owner_id = ?3");
	put_entity(&remove, 1, store_id, entity);
	query_run(&remove);
	remove = query(tx, "DELETE FROM entity WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	put_entity(&remove, 1, store_id, entity);
	query_run(&remove);
}

struct entity root_of(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena)
{
	if (store_is_root(entity.kind))
		return entity;
	if (entity.kind == ENTITY_VARIANT)
		return (struct entity){ ENTITY_PRODUCT, entity_read(tx, store_id, entity, arena).root_id };
	return (struct entity){ ENTITY_PRODUCT, STR("") };
}

/* ---- kin ---- */

size_t kin_read(struct tx *tx, int64_t store_id, struct str customer_id, struct entity but, size_t max_n,
		struct arena *arena, struct entity **kin)
{
	struct store_kin all[STORE_KIN_LOOK_MAX];
	struct query select;
	size_t n = 0;

	*kin = NULL;
	if (customer_id.len == 0)
		return 0;
	select = query(tx, "SELECT id, (SELECT f.seq FROM fact f WHERE f.store_id = ?2 AND f.kind = 10"
			   " AND f.id = entity.id AND f.part = 'customer') FROM entity"
			   " WHERE sku = ?1 AND sku <> '' AND store_id = ?2 AND kind = 10 AND id <> ?3"
			   " ORDER BY id LIMIT ?4");
	put_text(&select, 1, customer_id);
	put_int(&select, 2, store_id);
	put_text(&select, 3, but.id);
	put_int(&select, 4, STORE_KIN_LOOK_MAX);
	while (query_row(&select))
		all[n++] = (struct store_kin){ { ENTITY_PERSON, get_text(&select, 0, arena) },
					       get_int(&select, 1) };
	n = store_kin_choose(all, n, max_n);
	*kin = n > 0 ? ARENA_ARRAY(arena, n, struct entity) : NULL;
	for (size_t i = 0; i < n; i++)
		(*kin)[i] = all[i].person;
	return n;
}

/* ---- refs ---- */

static bool names(const struct entity *target, size_t n, struct entity entity)
{
	for (size_t i = 0; i < n; i++)
		if (entity_eq(target[i], entity))
			return true;
	return false;
}

static void ref_remove(struct tx *tx, int64_t store_id, struct entity owner, struct str part,
		       struct entity target)
{
	struct query remove =
		query(tx, "DELETE FROM ref WHERE store_id = ?1 AND owner_kind = ?2 AND owner_id = ?3"
			  " AND part = ?4 AND target_kind = ?5 AND target_id = ?6");

	put_entity(&remove, 1, store_id, owner);
	put_text(&remove, 4, part);
	put_int(&remove, 5, target.kind);
	put_text(&remove, 6, target.id);
	query_run(&remove);
}

static void ref_insert(struct tx *tx, int64_t store_id, struct entity owner, struct str part,
		       struct entity target)
{
	struct query insert = query(tx, "INSERT OR IGNORE INTO ref VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	put_entity(&insert, 1, store_id, owner);
	put_text(&insert, 4, part);
	put_int(&insert, 5, target.kind);
	put_text(&insert, 6, target.id);
	query_run(&insert);
}

/* A target that the part names, in a list. */
struct named {
	struct entity target;
	struct named *next;
};

static struct named *refs_read(struct tx *tx, int64_t store_id, struct entity owner, struct str part,
			       struct arena *arena)
{
	struct query select =
		query(tx, "SELECT target_kind, target_id FROM ref WHERE store_id = ?1 AND owner_kind = ?2"
			  " AND owner_id = ?3 AND part = ?4");
	struct named *first = NULL;

	put_entity(&select, 1, store_id, owner);
	put_text(&select, 4, part);
	while (query_row(&select)) {
		struct named *named = ARENA_NEW(arena, struct named);

		named->target = (struct entity){ get_entity_kind(&select, 0), get_text(&select, 1, arena) };
		named->next = first;
		first = named;
	}
	return first;
}

static bool is_named(const struct named *named, struct entity entity)
{
	while (named && !entity_eq(named->target, entity))
		named = named->next;
	return named != NULL;
}

void refs_write(struct tx *tx, int64_t store_id, struct entity owner, struct str part,
		const struct entity *target, size_t n, struct arena *arena)
{
	const struct named *before = refs_read(tx, store_id, owner, part, arena);

	for (const struct named *named = before; named; named = named->next)
		if (!names(target, n, named->target))
			ref_remove(tx, store_id, owner, part, named->target);
	for (size_t i = 0; i < n; i++)
		if (!is_named(before, target[i]))
			ref_insert(tx, store_id, owner, part, target[i]);
}
