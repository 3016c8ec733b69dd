/*
 * SQLite backend: applying facts to the catalog, as store.h says at db_inbox_complete.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/store_words.h"

enum verdict { VERDICT_APPLIED, VERDICT_STALE, VERDICT_STOPPED };

/* One fact on its way in: its entity as it was and as it will be. */
struct application {
	struct tx *tx;
	struct arena *arena;
	const struct fact_cause *cause;
	const struct fact *fact;
	struct entity_row before;
	struct entity_row after;
};

/* ---- deletes ---- */

static void fact_remove(struct tx *tx, int64_t store_id, struct entity entity, struct str part,
			struct arena *arena)
{
	struct query remove =
		query(tx, "DELETE FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND part = ?4");

	put_entity(&remove, 1, store_id, entity);
	put_text(&remove, 4, part);
	query_run(&remove);
	refs_write(tx, store_id, entity, part, NULL, 0, arena);
}

static void remove_part(struct application *application, struct str part)
{
	fact_remove(application->tx, application->cause->store_id, application->fact->entity, part,
		    application->arena);
	if (store_part_has_key(application->fact->entity.kind, part))
		application->after.sku = STR("");
	if (store_part_has_words(application->fact->entity.kind, part))
		application->after.words = STR("");
}

/* The next part behind *part that the deletion outdates; false at the end. */
static bool outdated_part(const struct application *application, struct str *part, bool *was_set)
{
	const struct fact *fact = application->fact;
	struct query select =
		query(application->tx, "SELECT part, version, seq, is_set FROM fact WHERE store_id = ?1"
				       " AND kind = ?2 AND id = ?3 AND part > ?4 ORDER BY part");

	put_entity(&select, 1, application->cause->store_id, fact->entity);
	put_text(&select, 4, *part);
	while (query_row(&select)) {
		if (!store_fact_wins(application->cause->result, fact->version,
				     application->cause->message_id, get_int(&select, 1),
				     get_int(&select, 2)))
			continue;
		*part = get_text(&select, 0, application->arena);
		*was_set = get_bool(&select, 3);
		query_end(&select);
		return true;
	}
	return false;
}

/* Removes the parts that are older than the deletion; what is newer stays, and the entity with it. */
static enum verdict apply_delete(struct application *application)
{
	const struct fact *fact = application->fact;
	const struct tombstone *old = &application->before.tombstone;
	int64_t seq = application->cause->message_id;
	struct str part = STR("");
	bool was_set = false;

	if (old->deleted_ms != 0 &&
	    !store_fact_wins(application->cause->result, fact->version, seq, old->version, old->seq))
		return VERDICT_STALE;
	application->after.tombstone = (struct tombstone){ application->tx->now_ms, fact->version, seq };
	while (outdated_part(application, &part, &was_set)) {
		application->after.n_set -= was_set;
		remove_part(application, part);
	}
	if (application->before.n_set > 0 && application->after.n_set == application->before.n_set)
		return VERDICT_STALE;
	return VERDICT_APPLIED;
}

static int64_t count_set(struct tx *tx, int64_t store_id, struct entity entity)
{
	struct query select =
		query(tx, "SELECT count(*) FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3"
			  " AND is_set = 1");

	put_entity(&select, 1, store_id, entity);
	return query_int(&select, 0);
}

void parts_forget(struct tx *tx, const struct catalog_publication *publication, struct arena *arena)
{
	int64_t store_id = publication->store_id;
	struct entity root = publication->root;
	struct entity_row before = entity_read(tx, store_id, root, arena), after = before;

	for (size_t i = 0; i < publication->n_forget; i++)
		fact_remove(tx, store_id, root, publication->forget[i], arena);
	after.n_set = count_set(tx, store_id, root);
	if (after.n_set == 0 && after.tombstone.deleted_ms == 0)
		entity_remove(tx, store_id, root);
	else
		entity_write(tx, store_id, root, &before, &after);
}

/* ---- parts ---- */

struct part_row {
	int64_t rowid; /* 0 = none */
	int64_t version;
	int64_t seq;
	bool set;
};

static struct part_row part_read(const struct application *application)
{
	struct query select =
		query(application->tx, "SELECT rowid, version, seq, is_set FROM fact WHERE store_id = ?1"
				       " AND kind = ?2 AND id = ?3 AND part = ?4");
	struct part_row row = { 0 };

	put_entity(&select, 1, application->cause->store_id, application->fact->entity);
	put_text(&select, 4, application->fact->part);
	if (query_row(&select)) {
		row = (struct part_row){ get_int(&select, 0), get_int(&select, 1), get_int(&select, 2),
					 get_bool(&select, 3) };
		query_end(&select);
	}
	return row;
}

static void part_insert(const struct application *application, bool set)
{
	const struct fact *fact = application->fact;
	struct query insert =
		query(application->tx, "INSERT INTO fact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

	put_entity(&insert, 1, application->cause->store_id, fact->entity);
	put_text(&insert, 4, fact->part);
	put_int(&insert, 5, fact->version);
	put_int(&insert, 6, application->cause->message_id);
	put_bool(&insert, 7, set);
	put_text(&insert, 8, set ? fact->body : STR(""));
	query_run(&insert);
}

static void part_update(const struct application *application, int64_t rowid, bool set)
{
	const struct fact *fact = application->fact;
	struct query update =
		query(application->tx, "UPDATE fact SET version = ?2, seq = ?3, is_set = ?4, body = ?5"
				       " WHERE rowid = ?1");

	put_int(&update, 1, rowid);
	put_int(&update, 2, fact->version);
	put_int(&update, 3, application->cause->message_id);
	put_bool(&update, 4, set);
	put_text(&update, 5, set ? fact->body : STR(""));
	query_run(&update);
}

static enum verdict apply_part(struct application *application)
{
	const struct fact *fact = application->fact;
	struct part_row old = part_read(application);
	bool set = fact->op == FACT_SET;

	if (old.rowid != 0 && !store_fact_wins(application->cause->result, fact->version,
					       application->cause->message_id, old.version, old.seq))
		return VERDICT_STALE;
	if (old.rowid != 0)
		part_update(application, old.rowid, set);
	else
		part_insert(application, set);
	application->after.n_set += set - old.set;
	if (store_part_has_key(fact->entity.kind, fact->part))
		application->after.sku = set ? store_fact_key(fact, application->arena) : STR("");
	if (store_part_has_words(fact->entity.kind, fact->part) &&
	    (old.rowid == 0 || !mutant_is(MUTANT_words_kept)))
		application->after.words = set ? store_fact_words(fact, application->arena) : STR("");
	if (old.rowid != 0 || (set && fact->n_ref > 0))
		refs_write(application->tx, application->cause->store_id, fact->entity, fact->part, fact->ref,
			   set ? fact->n_ref : 0, application->arena);
	return VERDICT_APPLIED;
}

/* ---- what follows ---- */

/* A variant learns its product from the newest fact that names one, even if that fact's part is not news. */
static bool learn_root(struct application *application)
{
	const struct fact *fact = application->fact;
	const struct entity_row *before = &application->before;
	int64_t seq = application->cause->message_id;

	if (fact->entity.kind != ENTITY_VARIANT || fact->root_id.len == 0)
		return false;
	if (before->root_id.len > 0 && !store_fact_wins(application->cause->result, fact->version, seq,
							before->root_version, before->root_seq))
		return false;
	application->after.root_id = fact->root_id;
	application->after.root_version = fact->version;
	application->after.root_seq = seq;
	return !str_eq(before->root_id, fact->root_id);
}

static void touch_dependants(const struct application *application)
{
	const struct fact_cause *cause = application->cause;
	struct entity target = application->fact->entity, after = { .id = STR("") };
	struct entity *root;
	size_t n;
	bool more = dependants(application->tx, cause->store_id, target, &after, STORE_DEPENDANTS_AT_ONCE,
			       application->arena, &root, &n);

	for (size_t i = 0; i < n; i++)
		due_touch(application->tx, cause, root[i]);
	if (more)
		sweep_add(application->tx, cause->store_id, target, after);
}

static void touch(const struct application *application, struct str root_id)
{
	if (root_id.len > 0)
		due_touch(application->tx, application->cause, (struct entity){ ENTITY_PRODUCT, root_id });
}

/* Others that the shop knows, or knew, by the same customer id are looked at as well. */
static void touch_kin(const struct application *application)
{
	const struct fact_cause *cause = application->cause;
	const struct entity_row *row[] = { &application->before, &application->after };
	bool same = str_eq(row[0]->sku, row[1]->sku);

	for (size_t i = same; i < ARRAY_LEN(row); i++) {
		struct entity *kin;
		size_t n = kin_read(application->tx, cause->store_id, row[i]->sku, application->fact->entity,
				    STORE_KIN_MAX, application->arena, &kin);

		for (size_t k = 0; k < n; k++)
			due_touch(application->tx, cause, kin[k]);
	}
}

static void make_due(const struct application *application, enum verdict verdict, bool moved)
{
	struct entity entity = application->fact->entity;
	bool came_or_went = (application->before.n_set > 0) != (application->after.n_set > 0);

	if (moved)
		touch(application, application->before.root_id);
	if (moved || (verdict == VERDICT_APPLIED && entity.kind == ENTITY_VARIANT))
		touch(application, application->after.root_id);
	if (verdict != VERDICT_APPLIED)
		return;
	if (store_is_root(entity.kind))
		due_touch(application->tx, application->cause, entity);
	if (entity.kind == ENTITY_PERSON)
		touch_kin(application);
	/* Nobody names an order, a person or a visitor. */
	if (store_is_root(entity.kind) && !store_is_catalog_root(entity.kind))
		return;
	if (entity.kind != ENTITY_CATEGORY || came_or_went)
		touch_dependants(application);
}

/* Of an order that nobody knew and nobody may: what else came of it would be held back for good. */
static void forget_late(const struct application *application)
{
	struct entity entity = application->fact->entity;
	const struct fact_cause *cause = application->cause;

	if (entity.kind == ENTITY_ORDER && !part_read(application).set)
		erase_root(application->tx, cause->store_id, entity, cause->message_id, application->arena);
}

static enum verdict apply(struct application *application)
{
	const struct fact_cause *cause = application->cause;
	const struct fact *fact = application->fact;
	enum verdict verdict;
	bool moved;

	application->before = entity_read(application->tx, cause->store_id, fact->entity, application->arena);
	if (fact->op != FACT_DELETE &&
	    store_tombstone_stops(&application->before.tombstone, application->before.n_set > 0,
				  fact->version, cause->result->tombstone_ms, application->tx->now_ms))
		return VERDICT_STOPPED;
	if (erase_stops(application->tx, cause->store_id, fact, cause->result->priority,
			application->arena)) {
		forget_late(application);
		return VERDICT_STOPPED;
	}
	application->after = application->before;
	application->after.known = true;
	moved = learn_root(application);
	verdict = fact->op == FACT_DELETE ? apply_delete(application) : apply_part(application);
	entity_write(application->tx, cause->store_id, fact->entity, &application->before,
		     &application->after);
	make_due(application, verdict, moved);
	if (verdict == VERDICT_APPLIED && person_fact_erases(fact))
		erase_begin(application->tx, cause, fact);
	return verdict;
}

static void apply_counted(struct tx *tx, const struct fact_cause *cause, const struct fact *fact,
			  struct arena *arena, struct fact_count *count)
{
	struct application application = { .tx = tx, .arena = arena, .cause = cause, .fact = fact };

	switch (apply(&application)) {
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

/* Who is to be erased is under all addresses that the shop has known them by. */
static void erase_kin(struct tx *tx, const struct fact_cause *cause, const struct fact *fact,
		      struct arena *arena, struct fact_count *count)
{
	struct str customer_id = entity_read(tx, cause->store_id, fact->entity, arena).sku;
	struct entity *kin;
	size_t n = kin_read(tx, cause->store_id, customer_id, fact->entity, STORE_KIN_LOOK_MAX, arena, &kin);

	for (size_t i = 0; i < n; i++) {
		struct fact erased = *fact;

		erased.entity = kin[i];
		apply_counted(tx, cause, &erased, arena, count);
	}
}

void fact_apply(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena,
		struct fact_count *count)
{
	if (person_fact_erases(fact))
		erase_kin(tx, cause, fact, arena, count);
	apply_counted(tx, cause, fact, arena, count);
}
