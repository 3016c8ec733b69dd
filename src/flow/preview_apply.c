/*
 * Facts applied to one root in memory.
 *
 * Doesn't: know when and at which version something was deleted (a claimed root does not say), so a fact
 *          without a version of its own is taken as stopped by a deletion.
 * Pure.
 */
#include "flow/preview_apply.h"

#include <string.h>

static bool entity_eq(struct entity a, struct entity b)
{
	return a.kind == b.kind && str_eq(a.id, b.id);
}

void preview_root_init(struct preview_root *preview, const struct catalog_root *root, size_t room,
		       struct arena *arena)
{
	*preview = (struct preview_root){ .root = *root };
	preview->fact = ARENA_ARRAY(arena, root->n_fact + room + 1, struct root_fact);
	preview->entity = ARENA_ARRAY(arena, root->n_entity + room + 1, struct root_entity);
	if (root->n_fact > 0)
		memcpy(preview->fact, root->fact, root->n_fact * sizeof(*root->fact));
	if (root->n_entity > 0)
		memcpy(preview->entity, root->entity, root->n_entity * sizeof(*root->entity));
	preview->root.fact = preview->fact;
	preview->root.entity = preview->entity;
}

static struct root_entity *find_entity(struct preview_root *preview, struct entity entity)
{
	for (size_t i = 0; i < preview->root.n_entity; i++)
		if (entity_eq(preview->entity[i].entity, entity))
			return &preview->entity[i];
	return NULL;
}

static void set_deleted(struct preview_root *preview, struct entity entity, bool deleted)
{
	struct root_entity *row = find_entity(preview, entity);

	if (!row)
		row = &preview->entity[preview->root.n_entity++];
	*row = (struct root_entity){ entity, deleted };
	if (entity_eq(preview->root.root, entity))
		preview->root.deleted = deleted;
}

static struct root_fact *find_fact(struct preview_root *preview, const struct fact *fact)
{
	for (size_t i = 0; i < preview->root.n_fact; i++)
		if (entity_eq(preview->fact[i].entity, fact->entity) &&
		    str_eq(preview->fact[i].part, fact->part))
			return &preview->fact[i];
	return NULL;
}

static void remove_entity_facts(struct preview_root *preview, struct entity entity)
{
	size_t kept = 0;

	for (size_t i = 0; i < preview->root.n_fact; i++)
		if (!entity_eq(preview->fact[i].entity, entity))
			preview->fact[kept++] = preview->fact[i];
	preview->root.n_fact = kept;
}

static void remove_fact(struct preview_root *preview, struct root_fact *row)
{
	*row = preview->fact[--preview->root.n_fact];
}

static void put_fact(struct preview_root *preview, struct root_fact *row, const struct fact *fact)
{
	if (!row)
		row = &preview->fact[preview->root.n_fact++];
	*row = (struct root_fact){
		.entity = fact->entity,
		.part = fact->part,
		.version = fact->version,
		.seq = INT64_MAX,
		.body = fact->body,
	};
	set_deleted(preview, fact->entity, false);
}

void preview_root_apply(struct preview_root *preview, const struct fact *fact)
{
	const struct root_entity *entity = find_entity(preview, fact->entity);
	struct root_fact *row = find_fact(preview, fact);

	if (fact->op == FACT_DELETE) {
		remove_entity_facts(preview, fact->entity);
		set_deleted(preview, fact->entity, true);
		return;
	}
	if (entity && entity->deleted && fact->version == 0) {
		preview->stopped++;
		return;
	}
	if (row && !fact_wins(fact->version, INT64_MAX, row->version, row->seq))
		return;
	if (fact->op == FACT_SET)
		put_fact(preview, row, fact);
	else if (row)
		remove_fact(preview, row);
}
