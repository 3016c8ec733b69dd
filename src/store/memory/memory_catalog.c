/*
 * Memory backend: roots with all that belongs to them.
 */
#include "store/memory/memory_internal.h"
#include "store/store_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* The persons of that customer id but one. */
static size_t add_kin(struct entity_set *set, struct memory *memory, int64_t store_id, struct str customer_id,
		      struct entity but)
{
	struct entity kin[STORE_KIN_MAX];
	size_t n = memory_kin(memory, store_id, customer_id, but, STORE_KIN_MAX, kin);

	for (size_t i = 0; i < n; i++)
		(void)set_add(set, memory, store_id, kin[i]);
	return n;
}

/* A customer's persons, if the shop has known them under several addresses. */
static void add_addresses(struct entity_set *set, struct memory *memory, int64_t store_id,
			  struct str customer_id)
{
	struct entity nobody = { ENTITY_PERSON, STR("") }, kin[STORE_KIN_MAX];

	if (memory_kin(memory, store_id, customer_id, nobody, STORE_KIN_MAX, kin) > 1)
		(void)add_kin(set, memory, store_id, customer_id, nobody);
}

/* Who an order's customer was and is. */
static void add_customer(struct entity_set *set, struct memory *memory, int64_t store_id, struct entity order)
{
	struct str customer_id = STR("");
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < memory->fact.n; i++) {
		const struct memory_fact *row = &memory->fact.at[i];

		if (row->store_id == store_id && row->set && entity_eq(row->entity, order) &&
		    str_eq(row->part, STR("base")))
			customer_id = store_order_customer(row->body, &arena);
	}
	add_addresses(set, memory, store_id, customer_id);
	arena_release(&arena);
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
	if (root.kind == ENTITY_PERSON && has_root)
		(void)add_kin(set, memory, store_id, memory_entity(memory, store_id, root)->sku, root);
	if (root.kind == ENTITY_ORDER)
		add_customer(set, memory, store_id, root);
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

	for (size_t i = 0; i < set->n; i++) {
		const struct memory_due *due = memory_due(memory, out->store_id, set->at[i]);
		bool is_other = set->at[i].kind == ENTITY_PERSON && out->root.kind != ENTITY_PERSON;

		entity[i] = (struct root_entity){
			.entity = entity_dup(arena, set->at[i]),
			.deleted = is_deleted(memory, out->store_id, set->at[i]),
			.root_id = variant_root(memory, out->store_id, set->at[i], arena),
			.due_ms = is_other && due ? due->due_ms : 0,
		};
	}
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

/* Adds the rows of a root to sent. */
static void read_sent(struct memory *memory, const struct catalog_root *of, struct entity root,
		      struct arena *arena, struct root_sent *sent, size_t *n)
{
	const struct store_row *store = memory_store(memory, of->store_id);

	for (size_t i = 0; i < memory->sent.n; i++) {
		const struct memory_sent *row = &memory->sent.at[i];

		if (row->account_id != store->account_id || row->store_id != of->store_id ||
		    !entity_eq(row->root, root))
			continue;
		sent[(*n)++] = (struct root_sent){
			.kind = row->kind,
			.external_id = arena_dup(arena, row->external_id),
			.parent_external_id = arena_dup(arena, row->state.parent_external_id),
			.exists = row->state.exists,
			.left = row->state.left,
			.wanted_deleted = row->state.wanted_deleted,
			.wanted = row->state.wanted,
			.newest_id = row->state.newest_id,
		};
	}
}

static void read_all_sent(struct memory *memory, struct arena *arena, struct catalog_root *out)
{
	struct root_sent *own = ARENA_ARRAY(arena, memory->sent.n, struct root_sent);
	struct root_sent *kin = ARENA_ARRAY(arena, memory->sent.n, struct root_sent);

	read_sent(memory, out, out->root, arena, own, &out->n_sent);
	for (size_t i = 0; i < out->n_entity; i++) {
		struct entity entity = out->entity[i].entity;

		if (out->root.kind == ENTITY_PERSON && entity.kind == ENTITY_PERSON &&
		    !entity_eq(entity, out->root))
			read_sent(memory, out, entity, arena, kin, &out->n_kin_sent);
	}
	out->sent = own;
	out->kin_sent = kin;
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

/* Who a visitor was and is. True: somebody was added. */
static bool add_visitor(struct entity_set *set, struct memory *memory, const struct catalog_root *visit,
			struct arena *arena)
{
	struct str person[STORE_KIN_MAX];
	size_t n = store_visit_persons(visit, arena, person), before = set->n, first;

	for (size_t i = 0; i < n; i++) {
		const struct memory_entity *row =
			memory_entity(memory, visit->store_id, (struct entity){ ENTITY_PERSON, person[i] });

		if (row)
			add_addresses(set, memory, visit->store_id, row->sku);
	}
	first = set->n > 0 && entity_eq(set->at[0], visit->root);
	if (set->n > before)
		qsort(set->at + first, set->n - first, sizeof(*set->at), compare_entities);
	return set->n > before;
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
	if (root.kind == ENTITY_VISITOR && add_visitor(&set, memory, out, arena)) {
		read_entities(memory, &set, arena, out);
		read_facts(memory, arena, out);
	}
	read_all_sent(memory, arena, out);
	out->deleted = is_deleted(memory, store_id, root);
	if (due) {
		out->due_seq = due->seq;
		out->due_first_ms = due->first_ms;
		out->message_id = due->message_id;
		out->priority = due->priority;
	}
	if (out->message_id == 0)
		out->message_id = newest_seq(out);
}

/* ---- verbs ---- */

static size_t fact_bytes(const struct catalog_root *root)
{
	size_t bytes = 0;

	for (size_t i = 0; i < root->n_fact; i++)
		bytes += root->fact[i].body.len;
	return bytes;
}

/* What a claim is made of: what happens now, what is told again, history. */
enum claim_part { PART_LIVE, PART_REPLAY, PART_HISTORY, PART_COUNT };

static void take_parts(const struct memory *memory, struct memory_due_claim part[PART_COUNT], size_t max_n,
		       struct arena *arena)
{
	size_t share, n;

	part[PART_LIVE].max_n = max_n;
	memory_due_take(memory, &part[PART_LIVE], arena);
	share = store_history_share(max_n, part[PART_LIVE].n);
	part[PART_REPLAY].max_n = share - share / 2;
	memory_due_take(memory, &part[PART_REPLAY], arena);
	part[PART_HISTORY].max_n = share - part[PART_REPLAY].n;
	memory_due_take(memory, &part[PART_HISTORY], arena);
	n = part[PART_REPLAY].n + part[PART_HISTORY].n;
	if (part[PART_LIVE].n > max_n - n)
		part[PART_LIVE].n = max_n - n;
}

bool memory_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			  struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct memory_due_claim part[PART_COUNT] = {
		[PART_LIVE] = { .now_ms = now_ms, .priority = PRIORITY_REALTIME },
		[PART_REPLAY] = { .now_ms = now_ms, .priority = PRIORITY_REPLAY },
		[PART_HISTORY] = { .now_ms = now_ms, .priority = PRIORITY_BACKFILL },
	};
	size_t bytes = 0;

	(void)err;
	*root = ARENA_ARRAY(arena, max_n, struct catalog_root);
	memory_due_sort(memory);
	take_parts(memory, part, max_n, arena);
	*n = 0;
	for (size_t i = 0; i < PART_COUNT; i++) {
		size_t k;

		for (k = 0; k < part[i].n && bytes < STORE_CLAIM_BYTES; k++, (*n)++) {
			read_root(memory, part[i].due[k]->store_id, part[i].due[k]->root, arena,
				  &(*root)[*n]);
			bytes += fact_bytes(&(*root)[*n]);
		}
		memory_due_end_turn(memory, &part[i], k);
	}
	*next_due_ms = memory->due.n > 0 ? memory->due.at[0].due_ms : INT64_MAX;
	memory_unlock(memory);
	return true;
}

bool memory_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n,
			 struct arena *arena, struct catalog_root **root, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct entity *key = NULL;
	size_t n_key = 0, bytes = 0;

	(void)err;
	*n = 0;
	*root = ARENA_ARRAY(arena, max_n, struct catalog_root);
	if (memory_store(memory, store_id))
		(void)memory_roots_after(memory, store_id, &after, max_n, arena, &key, &n_key);
	for (; *n < n_key && bytes < STORE_CLAIM_BYTES; (*n)++) {
		read_root(memory, store_id, key[*n], arena, &(*root)[*n]);
		bytes += fact_bytes(&(*root)[*n]);
	}
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

/* ---- searching ---- */

static bool holds(struct str text, struct str part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (memcmp(text.p + i, part.p, part.len) == 0)
			return true;
	return false;
}

/* Whose row matches: "" = none of this kind. */
static struct str searched(struct memory *memory, const struct memory_entity *row, enum entity_kind kind,
			   struct str words, struct str text)
{
	struct entity product = { ENTITY_PRODUCT, row->root_id };

	if (!holds(row->words, words) && !holds(row->entity.id, text))
		return STR("");
	if (row->entity.kind == kind)
		return row->entity.id;
	return kind == ENTITY_PRODUCT && row->entity.kind == ENTITY_VARIANT &&
			       !is_deleted(memory, row->store_id, product)
		       ? row->root_id
		       : STR("");
}

static bool listed(const struct str *id, size_t n, struct str one)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(id[i], one))
			return true;
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool memory_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
			   struct str after, size_t max_n, struct arena *arena, struct str **id, size_t *n,
			   struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct str *all = ARENA_ARRAY(arena, memory->entity.n + 1, struct str),
		   words = store_fold(text, arena);
	size_t n_all = 0;

	(void)err;
	for (size_t i = 0; i < memory->entity.n; i++) {
		const struct memory_entity *row = &memory->entity.at[i];
		struct str one =
			row->store_id == store_id ? searched(memory, row, kind, words, text) : STR("");

		if (one.len > 0 && str_cmp(one, after) > 0 && !listed(all, n_all, one))
			all[n_all++] = arena_dup(arena, one);
	}
	qsort(all, n_all, sizeof(*all), compare_ids);
	*id = all;
	*n = n_all < max_n ? n_all : max_n;
	memory_unlock(memory);
	return true;
}
