/*
 * Memory backend: roots with all that belongs to them.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- which entities belong to a root ---- */

struct entity_set {
	struct entity *at;
	size_t n;
};

static bool set_has(const struct entity_set *set, struct entity entity)
{
	for (size_t i = 0; i < set->n; i++)
		if (entity_eq(set->at[i], entity))
			return true;
	return false;
}

/* Adds an entity that is known and not in the set yet. */
static bool set_add(struct entity_set *set, struct memory *memory, int64_t store_id, struct entity entity)
{
	if (!memory_entity(memory, store_id, entity) || set_has(set, entity))
		return false;
	set->at[set->n++] = entity;
	return true;
}

static void add_variants(struct entity_set *set, struct memory *memory, int64_t store_id, struct entity root)
{
	size_t n = 0;

	if (root.kind != ENTITY_PRODUCT)
		return;
	for (size_t i = 0; i < memory->entity.n && n < STORE_VARIANTS_MAX; i++) {
		const struct memory_entity *row = &memory->entity.at[i];

		if (row->store_id == store_id && row->entity.kind == ENTITY_VARIANT &&
		    str_eq(row->root_id, root.id) && set_add(set, memory, store_id, row->entity))
			n++;
	}
}

/* Adds what the entities from..set->n name; only_categories for the levels above a category. */
static void add_named(struct entity_set *set, size_t from, bool only_categories, struct memory *memory,
		      int64_t store_id)
{
	size_t to = set->n;

	for (size_t k = from; k < to; k++) {
		for (size_t i = 0; i < memory->ref.n; i++) {
			const struct memory_ref *ref = &memory->ref.at[i];

			if (ref->store_id != store_id || !entity_eq(ref->owner, set->at[k]))
				continue;
			if (only_categories &&
			    (ref->owner.kind != ENTITY_CATEGORY || ref->target.kind != ENTITY_CATEGORY))
				continue;
			(void)set_add(set, memory, store_id, ref->target);
		}
	}
}

/* The products of the variants in the set. */
static void add_products(struct entity_set *set, struct memory *memory, int64_t store_id)
{
	size_t n = set->n;

	for (size_t i = 0; i < n; i++)
		if (set->at[i].kind == ENTITY_VARIANT)
			(void)set_add(set, memory, store_id, memory_root_of(memory, store_id, set->at[i]));
}

static int compare_entities(const void *a, const void *b)
{
	return entity_cmp(*(const struct entity *)a, *(const struct entity *)b);
}

/*
 * The root first, then by kind and id: variants, what they all name, categories above, markets and store
 * groups.
 */
static void collect_entities(struct memory *memory, int64_t store_id, struct entity root,
			     struct entity_set *set)
{
	size_t level = 0;
	bool has_root;

	has_root = set_add(set, memory, store_id, root);
	add_variants(set, memory, store_id, root);
	add_named(set, 0, false, memory, store_id);
	if (store_shows_products(root.kind)) {
		add_products(set, memory, store_id);
		add_named(set, has_root, false, memory, store_id);
	}
	for (int i = 0; i < STORE_ANCESTORS_MAX && level < set->n; i++) {
		size_t next = set->n;

		add_named(set, level, true, memory, store_id);
		level = next;
	}
	for (size_t i = 0; root.kind != ENTITY_PERSON && i < memory->entity.n; i++) {
		const struct memory_entity *row = &memory->entity.at[i];

		if (row->store_id == store_id &&
		    (row->entity.kind == ENTITY_MARKET || row->entity.kind == ENTITY_STORE_GROUP))
			(void)set_add(set, memory, store_id, row->entity);
	}
	qsort(set->at + has_root, set->n - has_root, sizeof(*set->at), compare_entities);
}

/* ---- rows of a root ---- */

static bool is_deleted(struct memory *memory, int64_t store_id, struct entity entity)
{
	const struct memory_entity *row = memory_entity(memory, store_id, entity);

	return row && row->tombstone.deleted_ms != 0 && !memory_entity_alive(memory, store_id, entity);
}

static struct str variant_root(struct memory *memory, int64_t store_id, struct entity entity,
			       struct arena *arena)
{
	const struct memory_entity *row = memory_entity(memory, store_id, entity);

	return row && entity.kind == ENTITY_VARIANT ? arena_dup(arena, row->root_id) : STR("");
}

static void read_entities(struct memory *memory, const struct entity_set *set, struct arena *arena,
			  struct catalog_root *out)
{
	struct root_entity *entity = ARENA_ARRAY(arena, set->n, struct root_entity);

	for (size_t i = 0; i < set->n; i++)
		entity[i] = (struct root_entity){
			.entity = entity_dup(arena, set->at[i]),
			.deleted = is_deleted(memory, out->store_id, set->at[i]),
			.root_id = variant_root(memory, out->store_id, set->at[i], arena),
		};
	out->entity = entity;
	out->n_entity = set->n;
}

static void read_facts(struct memory *memory, struct arena *arena, struct catalog_root *out)
{
	struct root_fact *fact = ARENA_ARRAY(arena, memory->fact.n, struct root_fact);
	size_t n = 0;

	for (size_t k = 0; k < out->n_entity; k++) {
		for (size_t i = 0; i < memory->fact.n; i++) {
			const struct memory_fact *row = &memory->fact.at[i];

			if (row->store_id != out->store_id || !row->set ||
			    !entity_eq(row->entity, out->entity[k].entity))
				continue;
			fact[n++] = (struct root_fact){
				.entity = out->entity[k].entity,
				.part = arena_dup(arena, row->part),
				.version = row->version,
				.seq = row->seq,
				.body = arena_dup(arena, row->body),
			};
		}
	}
	out->fact = fact;
	out->n_fact = n;
}

static void read_sent(struct memory *memory, struct arena *arena, struct catalog_root *out)
{
	const struct store_row *store = memory_store(memory, out->store_id);
	struct root_sent *sent = ARENA_ARRAY(arena, memory->sent.n, struct root_sent);
	size_t n = 0;

	for (size_t i = 0; i < memory->sent.n; i++) {
		const struct memory_sent *row = &memory->sent.at[i];

		if (row->account_id != store->account_id || row->store_id != out->store_id ||
		    !entity_eq(row->root, out->root))
			continue;
		sent[n++] = (struct root_sent){
			.kind = row->kind,
			.external_id = arena_dup(arena, row->external_id),
			.parent_external_id = arena_dup(arena, row->state.parent_external_id),
			.exists = row->state.exists,
			.wanted_deleted = row->state.wanted_deleted,
			.wanted = row->state.wanted,
		};
	}
	out->sent = sent;
	out->n_sent = n;
}

/* The newest fact of the root and its variants. */
static int64_t newest_seq(const struct catalog_root *root)
{
	int64_t seq = 0;

	for (size_t i = 0; i < root->n_fact; i++) {
		const struct root_fact *fact = &root->fact[i];

		if ((entity_eq(fact->entity, root->root) || fact->entity.kind == ENTITY_VARIANT) &&
		    fact->seq > seq)
			seq = fact->seq;
	}
	return seq;
}

static void read_root(struct memory *memory, int64_t store_id, struct entity root, struct arena *arena,
		      struct catalog_root *out)
{
	const struct memory_due *due = memory_due(memory, store_id, root);
	struct entity_set set = { .at = ARENA_ARRAY(arena, memory->entity.n, struct entity) };

	*out = (struct catalog_root){ .store_id = store_id, .root = entity_dup(arena, root) };
	collect_entities(memory, store_id, root, &set);
	read_entities(memory, &set, arena, out);
	read_facts(memory, arena, out);
	read_sent(memory, arena, out);
	out->deleted = is_deleted(memory, store_id, root);
	if (due) {
		out->due_seq = due->seq;
		out->due_first_ms = due->first_ms;
		out->message_id = due->message_id;
	}
	if (out->message_id == 0)
		out->message_id = newest_seq(out);
}

/* ---- verbs ---- */

static int compare_due(const void *a, const void *b)
{
	const struct memory_due *left = a, *right = b;

	if (left->due_ms != right->due_ms)
		return left->due_ms < right->due_ms ? -1 : 1;
	if (left->store_id != right->store_id)
		return left->store_id < right->store_id ? -1 : 1;
	return entity_cmp(left->root, right->root);
}

static size_t fact_bytes(const struct catalog_root *root)
{
	size_t bytes = 0;

	for (size_t i = 0; i < root->n_fact; i++)
		bytes += root->fact[i].body.len;
	return bytes;
}

bool memory_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			  struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	struct memory *memory = memory_lock(db);
	size_t bytes = 0;

	(void)err;
	*root = ARENA_ARRAY(arena, max_n, struct catalog_root);
	*n = 0;
	if (memory->due.n > 0)
		qsort(memory->due.at, memory->due.n, sizeof(*memory->due.at), compare_due);
	for (size_t i = 0; i < memory->due.n && *n < max_n && bytes < STORE_CLAIM_BYTES; i++) {
		const struct memory_due *due = &memory->due.at[i];

		if (due->due_ms > now_ms)
			break;
		read_root(memory, due->store_id, due->root, arena, &(*root)[*n]);
		bytes += fact_bytes(&(*root)[(*n)++]);
	}
	*next_due_ms = memory->due.n > 0 ? memory->due.at[0].due_ms : INT64_MAX;
	memory_unlock(memory);
	return true;
}

static bool is_known(const struct catalog_root *root)
{
	if (root->n_sent > 0 || root->due_seq != 0)
		return true;
	for (size_t i = 0; i < root->n_entity; i++)
		if (entity_eq(root->entity[i].entity, root->root) ||
		    root->entity[i].entity.kind == ENTITY_VARIANT)
			return true;
	return false;
}

bool memory_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			struct catalog_root *out, struct err *err)
{
	struct memory *memory = memory_lock(db);
	bool ok = false;

	if (memory_store(memory, store_id)) {
		read_root(memory, store_id, root, arena, out);
		ok = is_known(out);
	}
	if (!ok)
		(void)err_set(err, ERR_NOT_FOUND, "nothing is known of %s '%.*s' of store %" PRId64,
			      entity_kind_text(root.kind), STR_ARG(root.id), store_id);
	memory_unlock(memory);
	return ok;
}

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
	if (matches->n == STORE_FIND_MAX)
		return;
	matches->at[matches->n++] = (struct catalog_match){
		.store_id = store_id,
		.root = entity_dup(matches->arena, root),
		.entity = entity_dup(matches->arena, entity),
	};
}

bool memory_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			 struct catalog_match **match, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct matches matches = { ARENA_ARRAY(arena, STORE_FIND_MAX, struct catalog_match), 0, arena };

	(void)err;
	for (int by_sku = 0; by_sku < 2 && text.len > 0; by_sku++) {
		for (size_t i = 0; i < memory->entity.n; i++) {
			const struct memory_entity *row = &memory->entity.at[i];

			if ((store_id == 0 || row->store_id == store_id) &&
			    str_eq(by_sku ? row->sku : row->entity.id, text))
				match_add(&matches, row->store_id,
					  memory_root_of(memory, row->store_id, row->entity), row->entity);
		}
	}
	for (size_t i = 0; i < memory->sent.n; i++) {
		const struct memory_sent *row = &memory->sent.at[i];

		if ((store_id == 0 || row->store_id == store_id) && memory_store(memory, row->store_id) &&
		    str_eq(row->external_id, text))
			match_add(&matches, row->store_id, row->root, row->root);
	}
	*match = matches.at;
	*n = matches.n;
	memory_unlock(memory);
	return true;
}
