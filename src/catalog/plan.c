/*
 * Planning: what Klaviyo should hold against what it was last told.
 *
 * Keeps:   nothing is told twice (contents are compared by digest, against what is wanted, not what is
 *          accepted), and what is held back is left as it is.
 * Pure.
 */
#include "catalog/plan.h"

#include <assert.h>
#include <stdlib.h>

#define PASSES 6

/*
 * Where a change stands among the others of its root. Deletes come first: a variant that moves is deleted,
 * then made.
 */
static const struct {
	enum delivery_op op; /* of upserts: DELIVERY_UPDATE stands for both */
	enum klaviyo_kind kind;
} pass_row[PASSES] = {
	{ DELIVERY_DELETE, KLAVIYO_VARIANT },  { DELIVERY_DELETE, KLAVIYO_ITEM },
	{ DELIVERY_DELETE, KLAVIYO_CATEGORY }, { DELIVERY_UPDATE, KLAVIYO_CATEGORY },
	{ DELIVERY_UPDATE, KLAVIYO_ITEM },     { DELIVERY_UPDATE, KLAVIYO_VARIANT },
};

/* One entity of Klaviyo, and where it stands in its array. */
struct plan_key {
	enum klaviyo_kind kind;
	struct str external_id;
	size_t at;
};

struct plan_index {
	struct plan_key *key; /* sorted */
	size_t n;
};

struct plan {
	const struct catalog_root *root;
	const struct catalog_view *view;
	const struct plan_resource *resource;
	size_t n_resource;
	struct plan_index sent;
	struct plan_index wanted; /* resources */
	struct plan_index kept;
	struct delivery_new *delivery;
	size_t n;
};

/* ---- looking up ---- */

static int compare_key(const void *left, const void *right)
{
	const struct plan_key *a = left;
	const struct plan_key *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return str_cmp(a->external_id, b->external_id);
}

static struct plan_index index_open(struct arena *arena, size_t n)
{
	return (struct plan_index){ .key = ARENA_ARRAY(arena, n, struct plan_key) };
}

static void index_add(struct plan_index *index, enum klaviyo_kind kind, struct str external_id)
{
	index->key[index->n] = (struct plan_key){ kind, external_id, index->n };
	index->n++;
}

static void index_sort(struct plan_index *index)
{
	if (index->n > 1)
		qsort(index->key, index->n, sizeof(index->key[0]), compare_key);
}

static const struct plan_key *index_find(const struct plan_index *index, enum klaviyo_kind kind,
					 struct str external_id)
{
	struct plan_key wanted = { kind, external_id, 0 };

	if (index->n == 0)
		return NULL;
	return bsearch(&wanted, index->key, index->n, sizeof(wanted), compare_key);
}

static void index_all(struct plan *plan, struct arena *arena)
{
	const struct catalog_root *root = plan->root;
	const struct catalog_view *view = plan->view;

	plan->sent = index_open(arena, root->n_sent);
	for (size_t i = 0; i < root->n_sent; i++)
		index_add(&plan->sent, root->sent[i].kind, root->sent[i].external_id);
	plan->wanted = index_open(arena, plan->n_resource);
	for (size_t i = 0; i < plan->n_resource; i++)
		index_add(&plan->wanted, plan->resource[i].kind, plan->resource[i].external_id);
	plan->kept = index_open(arena, view->n_kept_variant);
	for (size_t i = 0; i < view->n_kept_variant; i++)
		index_add(&plan->kept, KLAVIYO_VARIANT, view->kept_variant[i]);
	index_sort(&plan->sent);
	index_sort(&plan->wanted);
	index_sort(&plan->kept);
}

static const struct root_sent *find_sent(const struct plan *plan, const struct plan_resource *resource)
{
	const struct plan_key *key = index_find(&plan->sent, resource->kind, resource->external_id);

	return key ? &plan->root->sent[key->at] : NULL;
}

static const struct plan_resource *find_resource(const struct plan *plan, const struct root_sent *sent)
{
	const struct plan_key *key = index_find(&plan->wanted, sent->kind, sent->external_id);

	return key ? &plan->resource[key->at] : NULL;
}

static bool is_kept(const struct plan *plan, const struct root_sent *sent)
{
	return index_find(&plan->kept, sent->kind, sent->external_id) != NULL;
}

/* ---- deciding ---- */

/* Klaviyo has it, will have it by what is on its way, or may have it by what ended without an answer. */
static bool is_there(const struct root_sent *sent)
{
	return !sent->wanted_deleted && (sent->exists || sent->left || !digest16_is_zero(sent->wanted));
}

/* A variant's item cannot be changed. */
static bool moves(const struct root_sent *sent, const struct plan_resource *resource)
{
	return sent->kind == KLAVIYO_VARIANT &&
	       !str_eq(sent->parent_external_id, resource->parent_external_id);
}

static void plan_delete(struct plan *plan, const struct root_sent *sent)
{
	const struct plan_resource *resource = find_resource(plan, sent);

	if (!is_there(sent) || is_kept(plan, sent) || (resource && !moves(sent, resource)))
		return;
	plan->delivery[plan->n++] = (struct delivery_new){
		.kind = sent->kind,
		.op = DELIVERY_DELETE,
		.external_id = sent->external_id,
		.parent_external_id = sent->parent_external_id,
	};
}

static void plan_upsert(struct plan *plan, const struct plan_resource *resource)
{
	const struct root_sent *sent = find_sent(plan, resource);
	struct digest16 hash = digest16_of(&resource->body, 1);
	bool moved = sent && moves(sent, resource);

	if (sent && !moved && !sent->wanted_deleted && digest16_eq(sent->wanted, hash))
		return;
	plan->delivery[plan->n++] = (struct delivery_new){
		.kind = resource->kind,
		.op = sent && sent->exists && !moved ? DELIVERY_UPDATE : DELIVERY_CREATE,
		.external_id = resource->external_id,
		.parent_external_id = resource->parent_external_id,
		.body = resource->body,
		.hash = hash,
	};
}

static void plan_deletes(struct plan *plan, enum klaviyo_kind kind)
{
	for (size_t i = 0; i < plan->root->n_sent; i++)
		if (plan->root->sent[i].kind == kind)
			plan_delete(plan, &plan->root->sent[i]);
}

static void plan_upserts(struct plan *plan, enum klaviyo_kind kind)
{
	for (size_t i = 0; i < plan->n_resource; i++)
		if (plan->resource[i].kind == kind)
			plan_upsert(plan, &plan->resource[i]);
}

/* Present, but nothing of it may be shown: held as a whole. */
static bool is_held(const struct catalog_view *view)
{
	return view->present && !view->has_item && !view->has_category;
}

void catalog_plan(const struct catalog_root *root, const struct catalog_view *view,
		  const struct plan_resource *resource, size_t n, struct arena *arena,
		  struct delivery_new **delivery, size_t *n_delivery)
{
	struct plan plan = { .root = root, .view = view, .resource = resource, .n_resource = n };

	assert(view->present || n == 0);
	index_all(&plan, arena);
	plan.delivery = ARENA_ARRAY(arena, root->n_sent + n, struct delivery_new);
	for (size_t i = 0; i < PASSES && !is_held(view); i++) {
		if (pass_row[i].op == DELIVERY_DELETE)
			plan_deletes(&plan, pass_row[i].kind);
		else
			plan_upserts(&plan, pass_row[i].kind);
	}
	*delivery = plan.delivery;
	*n_delivery = plan.n;
}
