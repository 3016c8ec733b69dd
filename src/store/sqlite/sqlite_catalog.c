/*
 * SQLite backend: roots with all that belongs to them.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- which entities belong to a root ---- */

struct entity_set {
	struct root_entity *at;
	size_t n;
	size_t capacity;
	struct arena *arena;
};

static bool set_has(const struct entity_set *set, struct entity entity)
{
	for (size_t i = 0; i < set->n; i++)
		if (entity_eq(set->at[i].entity, entity))
			return true;
	return false;
}

static void set_grow(struct entity_set *set)
{
	struct root_entity *at;

	if (set->n < set->capacity)
		return;
	set->capacity = set->capacity ? 2 * set->capacity : 16;
	at = ARENA_ARRAY(set->arena, set->capacity, struct root_entity);
	if (set->n > 0)
		memcpy(at, set->at, set->n * sizeof(*at));
	set->at = at;
}

/* Adds an entity that is known; one that is there already is left out. */
static void set_add(struct entity_set *set, struct root_entity entity)
{
	if (set_has(set, entity.entity))
		return;
	set_grow(set);
	set->at[set->n++] = entity;
}

/* Adds rows of (kind, id, is deleted, root id). */
static void set_add_rows(struct entity_set *set, struct query *select)
{
	while (query_row(select))
		set_add(set,
			(struct root_entity){
				.entity = { get_entity_kind(select, 0), get_text(select, 1, set->arena) },
				.deleted = get_bool(select, 2),
				.root_id = get_text(select, 3, set->arena),
			});
}

static void add_root(struct entity_set *set, struct tx *tx, int64_t store_id, struct entity root)
{
	struct query select = query(tx, "SELECT kind, id, deleted_ms > 0 AND n_set = 0, root_id FROM entity "
					"WHERE store_id = ?1 AND kind = ?2"
					" AND id = ?3");

	put_int(&select, 1, store_id);
	put_int(&select, 2, root.kind);
	put_text(&select, 3, root.id);
	set_add_rows(set, &select);
}

static void add_variants(struct entity_set *set, struct tx *tx, int64_t store_id, struct entity root)
{
	struct query select;

	if (root.kind != ENTITY_PRODUCT)
		return;
	select = query(tx, "SELECT kind, id, deleted_ms > 0 AND n_set = 0, root_id FROM entity WHERE "
			   "store_id = ?1 AND root_id ="
			   " ?2 AND root_id <> ''"
			   " ORDER BY id LIMIT ?3");
	put_int(&select, 1, store_id);
	put_text(&select, 2, root.id);
	put_int(&select, 3, STORE_VARIANTS_MAX);
	set_add_rows(set, &select);
}

/* Adds what the entities from..set->n name; only_categories for the levels above a category. */
static void add_named(struct entity_set *set, size_t from, bool only_categories, struct tx *tx,
		      int64_t store_id)
{
	size_t to = set->n;

	for (size_t i = from; i < to; i++) {
		struct entity owner = set->at[i].entity;
		struct query select;

		if (only_categories && owner.kind != ENTITY_CATEGORY)
			continue;
		select = query(
			tx, "SELECT e.kind, e.id, e.deleted_ms > 0 AND e.n_set = 0, e.root_id FROM ref r "
			    "JOIN entity e ON"
			    " e.store_id = r.store_id"
			    " AND e.kind = r.target_kind AND e.id = r.target_id WHERE r.store_id = ?1"
			    " AND r.owner_kind = ?2 AND r.owner_id = ?3 AND (?4 = 0 OR r.target_kind = 2)");
		put_int(&select, 1, store_id);
		put_int(&select, 2, owner.kind);
		put_text(&select, 3, owner.id);
		put_bool(&select, 4, only_categories);
		set_add_rows(set, &select);
	}
}

/* The products of the variants in the set. */
static void add_products(struct entity_set *set, struct tx *tx, int64_t store_id)
{
	size_t n = set->n;

	for (size_t i = 0; i < n; i++) {
		struct entity product;

		if (set->at[i].entity.kind != ENTITY_VARIANT)
			continue;
		product = root_of(tx, store_id, set->at[i].entity, set->arena);
		if (product.id.len > 0)
			add_root(set, tx, store_id, product);
	}
}

static void add_markets(struct entity_set *set, struct tx *tx, int64_t store_id)
{
	struct query select = query(tx, "SELECT kind, id, deleted_ms > 0 AND n_set = 0, root_id FROM entity "
					"WHERE store_id = ?1 AND kind BETWEEN 7 AND 8");

	put_int(&select, 1, store_id);
	set_add_rows(set, &select);
}

/* The others that the shop knows, or knew, by the same customer id as this person. */
static void add_kin(struct entity_set *set, struct tx *tx, int64_t store_id, struct str customer_id,
		    struct entity person)
{
	struct entity *kin;
	size_t n = kin_read(tx, store_id, customer_id, person, STORE_KIN_MAX, set->arena, &kin);

	for (size_t i = 0; i < n; i++)
		add_root(set, tx, store_id, kin[i]);
}

static int compare_entities(const void *a, const void *b)
{
	const struct root_entity *left = a, *right = b;

	if (left->entity.kind != right->entity.kind)
		return left->entity.kind < right->entity.kind ? -1 : 1;
	return str_cmp(left->entity.id, right->entity.id);
}

/*
 * The root first, then by kind and id: variants, what they all name, categories above, markets and store
 * groups.
 */
static void collect_entities(struct tx *tx, int64_t store_id, struct entity root, struct entity_set *set)
{
	size_t level = 0, first;

	add_root(set, tx, store_id, root);
	first = set->n;
	add_variants(set, tx, store_id, root);
	add_named(set, 0, false, tx, store_id);
	if (store_shows_products(root.kind)) {
		add_products(set, tx, store_id);
		add_named(set, first, false, tx, store_id);
	}
	for (int i = 0; i < STORE_ANCESTORS_MAX && level < set->n; i++) {
		size_t next = set->n;

		add_named(set, level, true, tx, store_id);
		level = next;
	}
	if (root.kind == ENTITY_PERSON)
		add_kin(set, tx, store_id, entity_read(tx, store_id, root, set->arena).sku, root);
	else
		add_markets(set, tx, store_id);
	if (set->n > first)
		qsort(set->at + first, set->n - first, sizeof(*set->at), compare_entities);
}

/* ---- rows of a root ---- */

struct fact_list {
	struct root_fact *at;
	size_t n;
	size_t capacity;
};

static struct root_fact *fact_list_add(struct fact_list *list, struct arena *arena)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 32;
		struct root_fact *at = ARENA_ARRAY(arena, capacity, struct root_fact);

		if (list->n > 0)
			memcpy(at, list->at, list->n * sizeof(*at));
		list->at = at;
		list->capacity = capacity;
	}
	return &list->at[list->n++];
}

/* Facts that are set, by entity and part. */
static void read_facts(struct tx *tx, struct entity_set *set, struct arena *arena, struct catalog_root *out)
{
	struct fact_list list = { 0 };

	for (size_t i = 0; i < set->n; i++) {
		const struct root_entity *of = &set->at[i];
		struct query select = query(
			tx, "SELECT part, version, seq, body FROM fact WHERE store_id = ?1 AND kind = ?2"
			    " AND id = ?3 AND is_set = 1 ORDER BY part");

		put_int(&select, 1, out->store_id);
		put_int(&select, 2, of->entity.kind);
		put_text(&select, 3, of->entity.id);
		while (query_row(&select))
			*fact_list_add(&list, arena) = (struct root_fact){
				.entity = of->entity,
				.part = get_text(&select, 0, arena),
				.version = get_int(&select, 1),
				.seq = get_int(&select, 2),
				.body = get_text(&select, 3, arena),
			};
	}
	out->entity = set->at;
	out->n_entity = set->n;
	out->fact = list.at;
	out->n_fact = list.n;
}

static size_t count_sent(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query count = query(
		tx, "SELECT count(*) FROM sent WHERE store_id = ?1 AND root_kind = ?2 AND root_id = ?3");

	put_entity(&count, 1, store_id, root);
	return (size_t)query_int(&count, 0);
}

/* Adds the rows of a root to sent. */
static void read_sent(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena,
		      struct root_sent *sent, size_t *n)
{
	struct query select = query(
		tx, "SELECT sent.kind, external_id, parent_external_id, exists_there, wanted_deleted, wanted,"
		    " newest_id, left_us FROM sent"
		    " JOIN store ON store.id = sent.store_id AND store.account_id = sent.account_id"
		    " WHERE sent.store_id = ?1 AND root_kind = ?2 AND root_id = ?3 ORDER BY sent.kind,"
		    " external_id");

	put_entity(&select, 1, store_id, root);
	while (query_row(&select))
		sent[(*n)++] = (struct root_sent){
			.kind = get_klaviyo_kind(&select, 0),
			.external_id = get_text(&select, 1, arena),
			.parent_external_id = get_text(&select, 2, arena),
			.exists = get_bool(&select, 3),
			.wanted_deleted = get_bool(&select, 4),
			.wanted = get_digest(&select, 5),
			.newest_id = get_int(&select, 6),
			.left = get_bool(&select, 7),
		};
}

static void read_own_sent(struct tx *tx, struct arena *arena, struct catalog_root *out)
{
	struct root_sent *sent =
		ARENA_ARRAY(arena, count_sent(tx, out->store_id, out->root), struct root_sent);

	read_sent(tx, out->store_id, out->root, arena, sent, &out->n_sent);
	out->sent = sent;
}

static bool is_kin(const struct catalog_root *root, struct entity entity)
{
	return root->root.kind == ENTITY_PERSON && entity.kind == ENTITY_PERSON &&
	       !entity_eq(entity, root->root);
}

static void read_kin_sent(struct tx *tx, struct arena *arena, struct catalog_root *out)
{
	struct root_sent *sent;
	size_t n = 0;

	for (size_t i = 0; i < out->n_entity; i++)
		if (is_kin(out, out->entity[i].entity))
			n += count_sent(tx, out->store_id, out->entity[i].entity);
	if (n == 0)
		return;
	sent = ARENA_ARRAY(arena, n, struct root_sent);
	for (size_t i = 0; i < out->n_entity; i++)
		if (is_kin(out, out->entity[i].entity))
			read_sent(tx, out->store_id, out->entity[i].entity, arena, sent, &out->n_kin_sent);
	out->kin_sent = sent;
}

static void read_due(struct tx *tx, struct catalog_root *out)
{
	struct query select = query(tx, "SELECT seq, first_ms, message_id, priority FROM due"
					" WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_int(&select, 1, out->store_id);
	put_int(&select, 2, out->root.kind);
	put_text(&select, 3, out->root.id);
	if (!query_row(&select))
		return;
	out->due_seq = get_int(&select, 0);
	out->due_first_ms = get_int(&select, 1);
	out->message_id = get_int(&select, 2);
	out->priority = get_priority(&select, 3);
	query_end(&select);
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

static struct str order_body(const struct catalog_root *order)
{
	for (size_t i = 0; i < order->n_fact; i++)
		if (entity_eq(order->fact[i].entity, order->root) && str_eq(order->fact[i].part, STR("base")))
			return order->fact[i].body;
	return STR("");
}

/* A customer's persons, if the shop has known them under several addresses. */
static void add_addresses(struct tx *tx, struct entity_set *set, struct str customer_id,
			  const struct catalog_root *of)
{
	struct entity nobody = { ENTITY_PERSON, STR("") }, *kin;
	size_t n = kin_read(tx, of->store_id, customer_id, nobody, STORE_KIN_MAX, set->arena, &kin);

	for (size_t i = 0; n > 1 && i < n; i++)
		add_root(set, tx, of->store_id, kin[i]);
}

static void add_visitor(struct tx *tx, struct entity_set *set, const struct catalog_root *of)
{
	struct str person[STORE_KIN_MAX];
	size_t n = store_visit_persons(of, set->arena, person);

	for (size_t i = 0; i < n; i++)
		add_addresses(
			tx, set,
			entity_read(tx, of->store_id, (struct entity){ ENTITY_PERSON, person[i] }, set->arena)
				.sku,
			of);
}

static void read_due_people(struct tx *tx, int64_t store_id, struct entity_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct query select =
			query(tx, "SELECT due_ms FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

		if (set->at[i].entity.kind != ENTITY_PERSON)
			continue;
		put_entity(&select, 1, store_id, set->at[i].entity);
		set->at[i].due_ms = query_int(&select, 0);
	}
}

/* Who an order's customer, or a visitor, was and is. */
static void add_people(struct tx *tx, struct entity_set *set, struct arena *arena, struct catalog_root *out)
{
	size_t before = set->n, first;

	if (out->root.kind == ENTITY_ORDER)
		add_addresses(tx, set, store_order_customer(order_body(out), arena), out);
	if (out->root.kind == ENTITY_VISITOR)
		add_visitor(tx, set, out);
	if (set->n == before)
		return;
	read_due_people(tx, out->store_id, set);
	first = entity_eq(set->at[0].entity, out->root);
	qsort(set->at + first, set->n - first, sizeof(*set->at), compare_entities);
	read_facts(tx, set, arena, out);
}

static void read_root(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena,
		      struct catalog_root *out)
{
	struct entity_set set = { .arena = arena };

	*out = (struct catalog_root){ .store_id = store_id,
				      .root = { root.kind, arena_dup(arena, root.id) } };
	collect_entities(tx, store_id, root, &set);
	read_facts(tx, &set, arena, out);
	add_people(tx, &set, arena, out);
	read_own_sent(tx, arena, out);
	read_kin_sent(tx, arena, out);
	read_due(tx, out);
	out->deleted = set.n > 0 && entity_eq(set.at[0].entity, root) && set.at[0].deleted;
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

static size_t take_part(struct tx *tx, struct due_claim *part, size_t max_n, struct arena *arena,
			struct catalog_root *root, int64_t *next_due_ms)
{
	part->max_n = max_n;
	part->n = due_in_turn(tx, part, arena, root, next_due_ms);
	return part->n;
}

/* Keys of the roots to claim, at most max_n. */
static size_t take_parts(struct tx *tx, struct due_claim part[PART_COUNT], size_t max_n, struct arena *arena,
			 struct catalog_root *root, int64_t *next_due_ms)
{
	size_t n_live = take_part(tx, &part[PART_LIVE], max_n, arena, root, next_due_ms);
	size_t share = store_history_share(max_n, n_live);
	size_t n = take_part(tx, &part[PART_REPLAY], share - share / 2, arena, root + n_live, next_due_ms);

	n += take_part(tx, &part[PART_HISTORY], share - n, arena, root + n_live + n, next_due_ms);
	if (n_live + n > max_n) {
		memmove(root + max_n - n, root + n_live, n * sizeof(*root));
		part[PART_LIVE].n = n_live = max_n - n;
	}
	return n_live + n;
}

bool sqlite_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			  struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	struct due_claim part[PART_COUNT] = {
		[PART_LIVE] = { .now_ms = now_ms, .priority = PRIORITY_REALTIME },
		[PART_REPLAY] = { .now_ms = now_ms, .priority = PRIORITY_REPLAY },
		[PART_HISTORY] = { .now_ms = now_ms, .priority = PRIORITY_BACKFILL },
	};
	size_t n_due, bytes = 0, at = 0;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	*next_due_ms = INT64_MAX;
	*root = ARENA_ARRAY(arena, 2 * max_n, struct catalog_root);
	n_due = take_parts(&tx, part, max_n, arena, *root, next_due_ms);
	for (*n = 0; *n < n_due && bytes < STORE_CLAIM_BYTES; (*n)++) {
		struct catalog_root *one = &(*root)[*n];

		read_root(&tx, one->store_id, one->root, arena, one);
		bytes += fact_bytes(one);
	}
	for (size_t i = 0; i < PART_COUNT && at < *n; at += part[i++].n)
		due_turn_end(&tx, &part[i], *root + at, *n - at);
	return tx_commit(&tx, err);
}

bool sqlite_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n,
			 struct arena *arena, struct catalog_root **root, size_t *n, struct err *err)
{
	struct entity *key = NULL;
	size_t n_key = 0, bytes = 0;
	struct tx tx;

	*n = 0;
	*root = ARENA_ARRAY(arena, max_n, struct catalog_root);
	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	if (account_of_store(&tx, store_id) != 0)
		(void)roots_after(&tx, store_id, &after, max_n, arena, &key, &n_key);
	for (; *n < n_key && bytes < STORE_CLAIM_BYTES; (*n)++) {
		read_root(&tx, store_id, key[*n], arena, &(*root)[*n]);
		bytes += fact_bytes(&(*root)[*n]);
	}
	return tx_commit(&tx, err);
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

bool sqlite_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			struct catalog_root *out, struct err *err)
{
	bool found = false;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	if (account_of_store(&tx, store_id) != 0) {
		read_root(&tx, store_id, root, arena, out);
		found = is_known(out);
	}
	if (!tx_commit(&tx, err))
		return false;
	return found || err_set(err, ERR_NOT_FOUND, "nothing is known of %s '%.*s' of store %" PRId64,
				entity_kind_text(root.kind), STR_ARG(root.id), store_id);
}
