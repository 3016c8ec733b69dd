/*
 * Memory backend: applying facts to the catalog.
 */
#include "store/memory/memory_internal.h"

#include "store/store_words.h"

#include <string.h>

static int key_cmp(int64_t a_store_id, struct entity a, int64_t b_store_id, struct entity b)
{
	if (a_store_id != b_store_id)
		return a_store_id < b_store_id ? -1 : 1;
	return entity_cmp(a, b);
}

/* Position of the entity, or where it belongs. */
static size_t entity_position(const struct memory *memory, int64_t store_id, struct entity entity)
{
	size_t low = 0, high = memory->entity.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct memory_entity *at = &memory->entity.at[middle];

		if (key_cmp(at->store_id, at->entity, store_id, entity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct memory_entity *memory_entity(struct memory *memory, int64_t store_id, struct entity entity)
{
	size_t i = entity_position(memory, store_id, entity);

	if (i < memory->entity.n &&
	    key_cmp(memory->entity.at[i].store_id, memory->entity.at[i].entity, store_id, entity) == 0)
		return &memory->entity.at[i];
	return NULL;
}

struct memory_entity *memory_entity_make(struct memory *memory, int64_t store_id, struct entity entity)
{
	struct memory_entity *row = memory_entity(memory, store_id, entity);
	size_t i = entity_position(memory, store_id, entity);

	if (row)
		return row;
	(void)LIST_ADD(&memory->entity);
	row = &memory->entity.at[i];
	memmove(row + 1, row, (memory->entity.n - 1 - i) * sizeof(*row));
	*row = (struct memory_entity){ .store_id = store_id, .entity = memory_entity_key(memory, entity) };
	return row;
}

/* Position of the part, or where it belongs. */
static size_t fact_position(const struct memory *memory, int64_t store_id, struct entity entity,
			    struct str part)
{
	size_t low = 0, high = memory->fact.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct memory_fact *at = &memory->fact.at[middle];
		int order = key_cmp(at->store_id, at->entity, store_id, entity);

		if (order < 0 || (order == 0 && str_cmp(at->part, part) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_fact_of(const struct memory *memory, size_t i, int64_t store_id, struct entity entity)
{
	return i < memory->fact.n && memory->fact.at[i].store_id == store_id &&
	       entity_eq(memory->fact.at[i].entity, entity);
}

static struct memory_fact *find_fact(struct memory *memory, int64_t store_id, struct entity entity,
				     struct str part)
{
	size_t i = fact_position(memory, store_id, entity, part);

	return is_fact_of(memory, i, store_id, entity) && str_eq(memory->fact.at[i].part, part)
		       ? &memory->fact.at[i]
		       : NULL;
}

static struct memory_fact *fact_make(struct memory *memory, int64_t store_id, struct entity entity,
				     struct str part)
{
	struct memory_fact *row = find_fact(memory, store_id, entity, part);
	size_t i = fact_position(memory, store_id, entity, part);

	if (row)
		return row;
	(void)LIST_ADD(&memory->fact);
	row = &memory->fact.at[i];
	memmove(row + 1, row, (memory->fact.n - 1 - i) * sizeof(*row));
	*row = (struct memory_fact){
		.store_id = store_id,
		.entity = memory_entity_key(memory, entity),
		.part = memory_text(memory, part),
	};
	return row;
}

bool memory_entity_alive(const struct memory *memory, int64_t store_id, struct entity entity)
{
	for (size_t i = fact_position(memory, store_id, entity, STR(""));
	     is_fact_of(memory, i, store_id, entity); i++)
		if (memory->fact.at[i].set)
			return true;
	return false;
}

void memory_refs_remove(struct memory *memory, int64_t store_id, struct entity owner, struct str part)
{
	for (size_t i = memory->ref.n; i-- > 0;) {
		const struct memory_ref *ref = &memory->ref.at[i];

		if (ref->store_id == store_id && entity_eq(ref->owner, owner) &&
		    (part.len == 0 || str_eq(ref->part, part)))
			LIST_REMOVE(&memory->ref, i);
	}
}

static void add_refs(struct memory *memory, int64_t store_id, const struct fact *fact)
{
	for (size_t i = 0; i < fact->n_ref; i++) {
		struct memory_ref *ref = LIST_ADD(&memory->ref);

		*ref = (struct memory_ref){
			.store_id = store_id,
			.owner = memory_entity_key(memory, fact->entity),
			.part = memory_text(memory, fact->part),
			.target = memory_entity_key(memory, fact->ref[i]),
		};
	}
}

void memory_entity_remove(struct memory *memory, int64_t store_id, struct entity entity)
{
	size_t i = fact_position(memory, store_id, entity, STR(""));
	struct memory_entity *row = memory_entity(memory, store_id, entity);

	while (is_fact_of(memory, i, store_id, entity))
		LIST_REMOVE(&memory->fact, i);
	memory_refs_remove(memory, store_id, entity, STR(""));
	if (row)
		LIST_REMOVE(&memory->entity, (size_t)(row - memory->entity.at));
}

struct entity memory_root_of(struct memory *memory, int64_t store_id, struct entity entity)
{
	const struct memory_entity *row = memory_entity(memory, store_id, entity);

	if (store_is_root(entity.kind))
		return entity;
	if (entity.kind == ENTITY_VARIANT && row)
		return (struct entity){ ENTITY_PRODUCT, row->root_id };
	return (struct entity){ ENTITY_PRODUCT, STR("") };
}

void memory_parts_forget(struct memory *memory, const struct catalog_publication *publication)
{
	int64_t store_id = publication->store_id;
	struct entity root = publication->root;
	const struct memory_entity *row;

	for (size_t i = 0; i < publication->n_forget; i++) {
		struct str part = publication->forget[i];
		size_t at = fact_position(memory, store_id, root, part);

		if (!is_fact_of(memory, at, store_id, root) || !str_eq(memory->fact.at[at].part, part))
			continue;
		memory_refs_remove(memory, store_id, root, part);
		LIST_REMOVE(&memory->fact, at);
	}
	row = memory_entity(memory, store_id, root);
	if (row && row->tombstone.deleted_ms == 0 && !memory_entity_alive(memory, store_id, root))
		memory_entity_remove(memory, store_id, root);
}

/* ---- one fact ---- */

enum verdict { VERDICT_APPLIED, VERDICT_STALE, VERDICT_STOPPED };

/* Removes the parts that are older than the deletion; what is newer stays, and the entity with it. */
static enum verdict apply_delete(struct memory *memory, const struct fact_cause *cause,
				 const struct fact *fact)
{
	struct memory_entity *row = memory_entity_make(memory, cause->store_id, fact->entity);
	bool alive = memory_entity_alive(memory, cause->store_id, fact->entity);
	size_t i = fact_position(memory, cause->store_id, fact->entity, STR(""));
	bool removed = false;

	if (row->tombstone.deleted_ms != 0 &&
	    !store_fact_wins(cause->result, fact->version, cause->message_id, row->tombstone.version,
			     row->tombstone.seq))
		return VERDICT_STALE;
	row->tombstone = (struct tombstone){ cause->now_ms, fact->version, cause->message_id };
	while (is_fact_of(memory, i, cause->store_id, fact->entity)) {
		const struct memory_fact *old = &memory->fact.at[i];

		if (!store_fact_wins(cause->result, fact->version, cause->message_id, old->version,
				     old->seq)) {
			i++;
			continue;
		}
		removed = removed || old->set;
		if (store_part_has_key(fact->entity.kind, old->part))
			row->sku = STR("");
		if (store_part_has_words(fact->entity.kind, old->part))
			row->words = STR("");
		memory_refs_remove(memory, cause->store_id, fact->entity, old->part);
		LIST_REMOVE(&memory->fact, i);
	}
	return alive && !removed ? VERDICT_STALE : VERDICT_APPLIED;
}

static enum verdict apply_part(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
			       struct arena *arena)
{
	struct memory_fact *row = find_fact(memory, cause->store_id, fact->entity, fact->part);
	bool set = fact->op == FACT_SET;

	if (row && !store_fact_wins(cause->result, fact->version, cause->message_id, row->version, row->seq))
		return VERDICT_STALE;
	row = fact_make(memory, cause->store_id, fact->entity, fact->part);
	row->version = fact->version;
	row->seq = cause->message_id;
	row->set = set;
	row->body = set ? memory_text(memory, fact->body) : STR("");
	if (store_part_has_key(fact->entity.kind, fact->part))
		memory_entity(memory, cause->store_id, fact->entity)->sku =
			set ? memory_text(memory, store_fact_key(fact, arena)) : STR("");
	if (store_part_has_words(fact->entity.kind, fact->part))
		memory_entity(memory, cause->store_id, fact->entity)->words =
			set ? memory_text(memory, store_fact_words(fact, arena)) : STR("");
	memory_refs_remove(memory, cause->store_id, fact->entity, fact->part);
	if (set)
		add_refs(memory, cause->store_id, fact);
	return VERDICT_APPLIED;
}

/* A variant learns its product from the newest fact that names one, even if that fact's part is not news. */
static bool learn_root(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
		       struct entity *before)
{
	struct memory_entity *row = memory_entity(memory, cause->store_id, fact->entity);

	*before = (struct entity){ ENTITY_PRODUCT, row->root_id };
	if (fact->entity.kind != ENTITY_VARIANT || fact->root_id.len == 0)
		return false;
	if (row->root_id.len > 0 && !store_fact_wins(cause->result, fact->version, cause->message_id,
						     row->root_version, row->root_seq))
		return false;
	row->root_version = fact->version;
	row->root_seq = cause->message_id;
	if (str_eq(row->root_id, fact->root_id))
		return false;
	row->root_id = memory_text(memory, fact->root_id);
	return true;
}

size_t memory_kin(struct memory *memory, int64_t store_id, struct str customer_id, struct entity but,
		  size_t max_n, struct entity *kin)
{
	struct store_kin all[STORE_KIN_LOOK_MAX];
	size_t n = 0;

	for (size_t i = 0; customer_id.len > 0 && i < memory->entity.n && n < STORE_KIN_LOOK_MAX; i++) {
		const struct memory_entity *row = &memory->entity.at[i];
		const struct memory_fact *customer;

		if (row->store_id != store_id || row->entity.kind != ENTITY_PERSON ||
		    !str_eq(row->sku, customer_id) || entity_eq(row->entity, but))
			continue;
		customer = find_fact(memory, store_id, row->entity, STR("customer"));
		all[n++] = (struct store_kin){ row->entity, customer ? customer->seq : 0 };
	}
	n = store_kin_choose(all, n, max_n);
	for (size_t i = 0; i < n; i++)
		kin[i] = all[i].person;
	return n;
}

/* Others that the shop knows, or knew, by the same customer id are looked at as well. */
static void touch_kin(struct memory *memory, const struct fact_cause *cause, struct entity person,
		      struct str customer_id)
{
	struct entity kin[STORE_KIN_MAX];
	size_t n = memory_kin(memory, cause->store_id, customer_id, person, STORE_KIN_MAX, kin);

	for (size_t i = 0; i < n; i++)
		memory_due_touch(memory, cause, kin[i]);
}

static void touch_dependants(struct memory *memory, const struct fact_cause *cause, struct entity target)
{
	struct entity after = { .id = STR("") };
	struct entity *root;
	struct arena arena;
	bool more;
	size_t n;

	arena_init(&arena);
	more = memory_dependants(memory, cause->store_id, target, &after, STORE_DEPENDANTS_AT_ONCE, &arena,
				 &root, &n);
	for (size_t i = 0; i < n; i++)
		memory_due_touch(memory, cause, root[i]);
	if (more)
		memory_sweep_add(memory, cause->store_id, target, after);
	arena_release(&arena);
}

static bool is_stopped(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
		       bool alive)
{
	const struct memory_entity *row = memory_entity(memory, cause->store_id, fact->entity);

	return fact->op != FACT_DELETE && row &&
	       store_tombstone_stops(&row->tombstone, alive, fact->version, cause->result->tombstone_ms,
				     cause->now_ms);
}

static enum verdict apply(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
			  struct arena *arena)
{
	bool alive = memory_entity_alive(memory, cause->store_id, fact->entity);
	struct entity before, root;
	struct str key_before;
	enum verdict verdict;
	bool moved;

	if (is_stopped(memory, cause, fact, alive))
		return VERDICT_STOPPED;
	if (memory_erase_stops(memory, cause->store_id, fact, cause->result->priority)) {
		memory_erase_late(memory, cause, fact);
		return VERDICT_STOPPED;
	}
	key_before = memory_entity_make(memory, cause->store_id, fact->entity)->sku;
	moved = learn_root(memory, cause, fact, &before);
	verdict = fact->op == FACT_DELETE ? apply_delete(memory, cause, fact)
					  : apply_part(memory, cause, fact, arena);
	root = memory_root_of(memory, cause->store_id, fact->entity);
	if (moved && before.id.len > 0)
		memory_due_touch(memory, cause, before);
	if ((verdict == VERDICT_APPLIED || moved) && root.id.len > 0)
		memory_due_touch(memory, cause, root);
	if (verdict == VERDICT_APPLIED && fact->entity.kind == ENTITY_PERSON) {
		struct str key = memory_entity(memory, cause->store_id, fact->entity)->sku;

		if (!str_eq(key, key_before))
			touch_kin(memory, cause, fact->entity, key_before);
		touch_kin(memory, cause, fact->entity, key);
	}
	if (verdict == VERDICT_APPLIED &&
	    (fact->entity.kind != ENTITY_CATEGORY ||
	     alive != memory_entity_alive(memory, cause->store_id, fact->entity)))
		touch_dependants(memory, cause, fact->entity);
	if (verdict == VERDICT_APPLIED && person_fact_erases(fact))
		memory_erase_begin(memory, cause, fact);
	return verdict;
}

static void apply_counted(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
			  struct fact_count *count)
{
	struct arena arena;

	arena_init(&arena);
	switch (apply(memory, cause, fact, &arena)) {
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
	arena_release(&arena);
}

/* Who is to be erased is under all addresses that the shop has known them by. */
static void erase_kin(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
		      struct fact_count *count)
{
	const struct memory_entity *row = memory_entity(memory, cause->store_id, fact->entity);
	struct entity kin[STORE_KIN_LOOK_MAX];
	size_t n = row ? memory_kin(memory, cause->store_id, row->sku, fact->entity, STORE_KIN_LOOK_MAX, kin)
		       : 0;

	for (size_t i = 0; i < n; i++) {
		struct fact erased = *fact;

		erased.entity = kin[i];
		apply_counted(memory, cause, &erased, count);
	}
}

void memory_fact_apply(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
		       struct fact_count *count)
{
	if (person_fact_erases(fact))
		erase_kin(memory, cause, fact, count);
	apply_counted(memory, cause, fact, count);
}
