/*
 * Planning: which deliveries of an order, person or visitor are missing.
 *
 * Keeps:   an event is told once, whatever became of it; a person who left is asked to stay by nothing but a
 *          new key. Of two resources with one id the first counts.
 * Pure.
 */
#include "activity/plan.h"

#include <stdlib.h>

struct plan_row {
	enum klaviyo_kind kind;
	struct str external_id;
	size_t at;
};

static int compare_name(const struct plan_row *a, const struct plan_row *b)
{
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : str_cmp(a->external_id, b->external_id);
}

static int compare_row(const void *left, const void *right)
{
	const struct plan_row *a = left;
	const struct plan_row *b = right;
	int order = compare_name(a, b);

	return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

/* The first row of that name, or NULL. rows are sorted. */
static const struct plan_row *find(const struct plan_row *row, size_t n, const struct plan_row *wanted)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_name(&row[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && compare_name(&row[low], wanted) == 0 ? &row[low] : NULL;
}

static struct plan_row *index_sent(const struct catalog_root *root, struct arena *arena)
{
	struct plan_row *row = ARENA_ARRAY(arena, root->n_sent, struct plan_row);

	for (size_t i = 0; i < root->n_sent; i++)
		row[i] = (struct plan_row){ root->sent[i].kind, root->sent[i].external_id, i };
	if (root->n_sent > 1)
		qsort(row, root->n_sent, sizeof(row[0]), compare_row);
	return row;
}

static struct plan_row *index_resources(const struct activity_resource *resource, size_t n,
					struct arena *arena)
{
	struct plan_row *row = ARENA_ARRAY(arena, n, struct plan_row);

	for (size_t i = 0; i < n; i++)
		row[i] = (struct plan_row){ resource[i].kind, resource[i].external_id, i };
	if (n > 1)
		qsort(row, n, sizeof(row[0]), compare_row);
	return row;
}

static struct digest16 hash_of(const struct activity_resource *resource)
{
	if (resource->kind == KLAVIYO_PROFILE || digest16_is_zero(resource->key))
		return digest16_of(&resource->body, 1);
	return resource->key;
}

/* Does the profile come from another address? It brings along what it agreed to there. */
static bool profile_moves(const struct activity_resource *resource, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (resource[i].kind == KLAVIYO_PROFILE && resource[i].op == DELIVERY_CREATE)
			return true;
	return false;
}

static bool is_missing(const struct activity_resource *resource, const struct root_sent *sent,
		       struct digest16 hash, bool moves)
{
	if (!sent || (resource->kind == KLAVIYO_PROFILE && resource->op == DELIVERY_CREATE))
		return true;
	if (resource->kind == KLAVIYO_EVENT || resource->kind == KLAVIYO_NOTICE)
		return false;
	if (resource->op == DELIVERY_DELETE)
		return !sent->wanted_deleted || (resource->kind == KLAVIYO_CONSENT && moves);
	return sent->wanted_deleted || !digest16_eq(sent->wanted, hash);
}

void activity_plan(const struct catalog_root *root, const struct activity_resource *resource, size_t n,
		   struct arena *arena, struct delivery_new **delivery, size_t *n_delivery)
{
	const struct plan_row *sent = index_sent(root, arena);
	const struct plan_row *all = index_resources(resource, n, arena);
	bool moves = profile_moves(resource, n);

	*delivery = ARENA_ARRAY(arena, n, struct delivery_new);
	*n_delivery = 0;
	for (size_t i = 0; i < n; i++) {
		struct plan_row wanted = { resource[i].kind, resource[i].external_id, i };
		const struct plan_row *told = find(sent, root->n_sent, &wanted);
		struct digest16 hash = hash_of(&resource[i]);

		if (find(all, n, &wanted)->at != i ||
		    !is_missing(&resource[i], told ? &root->sent[told->at] : NULL, hash, moves))
			continue;
		(*delivery)[(*n_delivery)++] = (struct delivery_new){
			.kind = resource[i].kind,
			.op = resource[i].op,
			.external_id = resource[i].external_id,
			.parent_external_id = resource[i].parent_external_id,
			.body = resource[i].body,
			.hash = hash,
		};
	}
}
