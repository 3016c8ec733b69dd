/*
 * SQLite backend: applying facts to the catalog, as store.h says at db_inbox_complete.
 */
#include "store/sqlite/sqlite_internal.h"

struct entity_row {
	bool known;
	struct str root_id;        /* variant: "" = not known */
	int64_t root_version;
	int64_t root_seq;
	struct tombstone tombstone;
};

static void put_entity(struct query *query, int at, int64_t store_id, struct entity entity)
{
	put_int(query, at, store_id);
	put_int(query, at + 1, entity.kind);
	put_text(query, at + 2, entity.id);
}

static struct entity_row entity_read(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena)
{
	struct query select = query(tx, "SELECT root_id, root_version, root_seq, deleted_ms, deleted_version, deleted_seq"
					" FROM entity WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	struct entity_row row = { .root_id = STR("") };

	put_entity(&select, 1, store_id, entity);
	if (!query_row(&select))
		return row;
	row = (struct entity_row){
		.known = true,
		.root_id = get_text(&select, 0, arena),
		.root_version = get_int(&select, 1),
		.root_seq = get_int(&select, 2),
		.tombstone = { get_int(&select, 3), get_int(&select, 4), get_int(&select, 5) },
	};
	query_end(&select);
	return row;
}

static void entity_make(struct tx *tx, int64_t store_id, struct entity entity)
{
	struct query insert = query(tx, "INSERT OR IGNORE INTO entity (store_id, kind, id) VALUES (?1, ?2, ?3)");

	put_entity(&insert, 1, store_id, entity);
	query_run(&insert);
}

bool entity_alive(struct tx *tx, int64_t store_id, struct entity entity)
{
	struct query select = query(tx, "SELECT 1 FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND is_set = 1"
					" LIMIT 1");

	put_entity(&select, 1, store_id, entity);
	return query_int(&select, 0) == 1;
}

struct entity root_of(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena)
{
	if (store_is_root(entity.kind))
		return entity;
	if (entity.kind == ENTITY_VARIANT)
		return (struct entity){ ENTITY_PRODUCT, entity_read(tx, store_id, entity, arena).root_id };
	return (struct entity){ ENTITY_PRODUCT, STR("") };
}

static void set_sku(struct tx *tx, int64_t store_id, struct entity entity, struct str sku)
{
	struct query update = query(tx, "UPDATE entity SET sku = ?4 WHERE store_id = ?1 AND kind = ?2 AND id = ?3"
					" AND sku <> ?4");

	put_entity(&update, 1, store_id, entity);
	put_text(&update, 4, sku);
	query_run(&update);
}

static void remove_refs(struct tx *tx, int64_t store_id, struct entity owner, struct str part)
{
	struct query remove = query(tx, "DELETE FROM ref WHERE store_id = ?1 AND owner_kind = ?2 AND owner_id = ?3 AND part = ?4");

	put_entity(&remove, 1, store_id, owner);
	put_text(&remove, 4, part);
	query_run(&remove);
}

static void add_refs(struct tx *tx, int64_t store_id, const struct fact *fact)
{
	for (size_t i = 0; i < fact->n_ref; i++) {
		struct query insert = query(tx, "INSERT OR IGNORE INTO ref VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

		put_entity(&insert, 1, store_id, fact->entity);
		put_text(&insert, 4, fact->part);
		put_int(&insert, 5, fact->ref[i].kind);
		put_text(&insert, 6, fact->ref[i].id);
		query_run(&insert);
	}
}

/* ---- one fact ---- */

enum verdict { VERDICT_APPLIED, VERDICT_STALE, VERDICT_STOPPED };

static void tombstone_set(struct tx *tx, const struct fact_cause *cause, const struct fact *fact)
{
	struct query update = query(tx, "UPDATE entity SET deleted_ms = ?4, deleted_version = ?5, deleted_seq = ?6"
					" WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_entity(&update, 1, cause->store_id, fact->entity);
	put_int(&update, 4, tx->now_ms);
	put_int(&update, 5, fact->version);
	put_int(&update, 6, cause->message_id);
	query_run(&update);
}

static void remove_part(struct tx *tx, int64_t store_id, struct entity entity, struct str part)
{
	struct query remove = query(tx, "DELETE FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND part = ?4");

	put_entity(&remove, 1, store_id, entity);
	put_text(&remove, 4, part);
	query_run(&remove);
	remove_refs(tx, store_id, entity, part);
	if (str_eq(part, STR("base")))
		set_sku(tx, store_id, entity, STR(""));
}

/* The next part behind *part that the deletion outdates; false at the end. */
static bool outdated_part(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena,
			  struct str *part, bool *was_set)
{
	struct query select = query(tx, "SELECT part, version, seq, is_set FROM fact WHERE store_id = ?1 AND kind = ?2"
					" AND id = ?3 AND part > ?4 ORDER BY part");
	bool found = false;

	put_entity(&select, 1, cause->store_id, fact->entity);
	put_text(&select, 4, *part);
	while (!found && query_row(&select)) {
		if (!fact_wins(fact->version, cause->message_id, get_int(&select, 1), get_int(&select, 2)))
			continue;
		*part = get_text(&select, 0, arena);
		*was_set = get_bool(&select, 3);
		found = true;
	}
	query_end(&select);
	return found;
}

/* Removes the parts that are older than the deletion; what is newer stays, and the entity with it. */
static enum verdict apply_delete(struct tx *tx, const struct fact_cause *cause, const struct fact *fact,
				 const struct tombstone *before, bool alive, struct arena *arena)
{
	struct str part = STR("");
	bool removed = false, was_set = false;

	if (before->deleted_ms != 0 && !fact_wins(fact->version, cause->message_id, before->version, before->seq))
		return VERDICT_STALE;
	tombstone_set(tx, cause, fact);
	while (outdated_part(tx, cause, fact, arena, &part, &was_set)) {
		removed = removed || was_set;
		remove_part(tx, cause->store_id, fact->entity, part);
	}
	return alive && !removed ? VERDICT_STALE : VERDICT_APPLIED;
}

static bool part_is_stale(struct tx *tx, const struct fact_cause *cause, const struct fact *fact)
{
	struct query select = query(tx, "SELECT version, seq FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3"
					" AND part = ?4");
	bool stale = false;

	put_entity(&select, 1, cause->store_id, fact->entity);
	put_text(&select, 4, fact->part);
	if (query_row(&select)) {
		stale = !fact_wins(fact->version, cause->message_id, get_int(&select, 0), get_int(&select, 1));
		query_end(&select);
	}
	return stale;
}

static enum verdict apply_part(struct tx *tx, const struct fact_cause *cause, const struct fact *fact,
			       struct arena *arena)
{
	bool set = fact->op == FACT_SET;
	struct query write;

	if (part_is_stale(tx, cause, fact))
		return VERDICT_STALE;
	write = query(tx, "INSERT OR REPLACE INTO fact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	put_entity(&write, 1, cause->store_id, fact->entity);
	put_text(&write, 4, fact->part);
	put_int(&write, 5, fact->version);
	put_int(&write, 6, cause->message_id);
	put_bool(&write, 7, set);
	put_text(&write, 8, set ? fact->body : STR(""));
	query_run(&write);
	if (str_eq(fact->part, STR("base")))
		set_sku(tx, cause->store_id, fact->entity, set ? store_fact_sku(fact, arena) : STR(""));
	remove_refs(tx, cause->store_id, fact->entity, fact->part);
	if (set)
		add_refs(tx, cause->store_id, fact);
	return VERDICT_APPLIED;
}

/* A variant learns its product from the newest fact that names one, even if that fact's part is not news. */
static bool learn_root(struct tx *tx, const struct fact_cause *cause, const struct fact *fact,
		       const struct entity_row *row)
{
	struct query update;

	if (fact->entity.kind != ENTITY_VARIANT || fact->root_id.len == 0)
		return false;
	if (row->root_id.len > 0 && !fact_wins(fact->version, cause->message_id, row->root_version, row->root_seq))
		return false;
	update = query(tx, "UPDATE entity SET root_id = ?4, root_version = ?5, root_seq = ?6"
			   " WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	put_entity(&update, 1, cause->store_id, fact->entity);
	put_text(&update, 4, fact->root_id);
	put_int(&update, 5, fact->version);
	put_int(&update, 6, cause->message_id);
	query_run(&update);
	return !str_eq(row->root_id, fact->root_id);
}

static void touch_dependants(struct tx *tx, const struct fact_cause *cause, struct entity target, struct arena *arena)
{
	struct entity none = { .id = STR("") };
	size_t n;
	const struct entity *root =
		dependants(tx, cause->store_id, target, none, STORE_DEPENDANTS_AT_ONCE, arena, &n);

	for (size_t i = 0; i < n; i++)
		due_touch(tx, cause, root[i]);
	if (n == STORE_DEPENDANTS_AT_ONCE)
		sweep_add(tx, cause->store_id, target, root[n - 1]);
}

static enum verdict apply(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena)
{
	struct entity_row row = entity_read(tx, cause->store_id, fact->entity, arena);
	bool alive = entity_alive(tx, cause->store_id, fact->entity);
	struct entity before = { ENTITY_PRODUCT, row.root_id }, root;
	enum verdict verdict;
	bool moved;

	if (fact->op != FACT_DELETE && row.known &&
	    store_tombstone_stops(&row.tombstone, alive, fact->version, cause->result->tombstone_ms, tx->now_ms))
		return VERDICT_STOPPED;
	if (!row.known)
		entity_make(tx, cause->store_id, fact->entity);
	moved = learn_root(tx, cause, fact, &row);
	verdict = fact->op == FACT_DELETE ? apply_delete(tx, cause, fact, &row.tombstone, alive, arena) :
					    apply_part(tx, cause, fact, arena);
	root = root_of(tx, cause->store_id, fact->entity, arena);
	if (moved && before.id.len > 0)
		due_touch(tx, cause, before);
	if ((verdict == VERDICT_APPLIED || moved) && root.id.len > 0)
		due_touch(tx, cause, root);
	if (verdict == VERDICT_APPLIED && (fact->entity.kind != ENTITY_CATEGORY ||
					   alive != entity_alive(tx, cause->store_id, fact->entity)))
		touch_dependants(tx, cause, fact->entity, arena);
	return verdict;
}

void fact_apply(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena,
		struct fact_count *count)
{
	switch (apply(tx, cause, fact, arena)) {
	case VERDICT_APPLIED:
		count->applied++;
		break;
	case VERDICT_STALE:
		count->stale++;
		break;
	case VERDICT_STOPPED:
		count->stopped++;
		break;
	}
}
