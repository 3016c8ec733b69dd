/*
 * Facts applied to one root in memory.
 *
 * Doesn't: know when and at which version something was deleted (a claimed root does not say), so a fact
 *          without a version of its own is taken as stopped by a deletion.
 * Pure.
 */
#include "flow/preview_apply.h"

#include <string.h>

static void add_rows(struct preview_root *preview, const struct catalog_root *root)
{
	if (root->n_fact > 0)
		memcpy(&preview->fact[preview->root.n_fact], root->fact, root->n_fact * sizeof(*root->fact));
	if (root->n_entity > 0)
		memcpy(&preview->entity[preview->root.n_entity], root->entity,
		       root->n_entity * sizeof(*root->entity));
	preview->root.n_fact += root->n_fact;
	preview->root.n_entity += root->n_entity;
}

void preview_root_init(struct preview_root *preview, const struct catalog_root *root,
		       const struct catalog_root *other, size_t n_other, size_t room, struct arena *arena)
{
	size_t n_fact = root->n_fact + room + 1, n_entity = root->n_entity + room + 1;

	for (size_t i = 0; i < n_other; i++) {
		n_fact += other[i].n_fact;
		n_entity += other[i].n_entity;
	}
	*preview = (struct preview_root){ .root = *root };
	preview->fact = ARENA_ARRAY(arena, n_fact, struct root_fact);
	preview->entity = ARENA_ARRAY(arena, n_entity, struct root_entity);
	preview->root.fact = preview->fact;
	preview->root.entity = preview->entity;
	preview->root.n_fact = preview->root.n_entity = 0;
	add_rows(preview, root);
	for (size_t i = 0; i < n_other; i++)
		add_rows(preview, &other[i]);
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
