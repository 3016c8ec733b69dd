/*
 * Links between items and categories as bodies name them.
 *
 * Keeps:   a link exists once, whatever a body repeats.
 * Threads: the server's thread.
 */
#include "sandbox/target.h"

struct str missing_text(struct arena *arena, enum kind kind, struct str external_id)
{
	return arena_printf(arena, "%s with the id `$custom:::$default:::%.*s` does not exist.",
			    kind_row(kind)->noun, STR_ARG(external_id));
}

static struct entity *find_one(const struct account *account, enum kind kind, const struct json *one,
			       struct arena *arena, struct str pointer, struct error_entry *refusal)
{
	struct str external_id = { 0 };
	struct entity *entity;

	(void)shape_catalog_id(json_get_text(one, "id"), &external_id);
	entity = catalog_find(&account->catalog, kind, external_id);
	if (!entity)
		(void)error_refuse(refusal, ERROR_NOT_FOUND, pointer, missing_text(arena, kind, external_id));
	return entity;
}

bool targets_find(const struct account *account, enum kind kind, const struct json *data, const char *pointer,
		  struct arena *arena, struct targets *targets, struct error_entry *refusal)
{
	bool list = json_type(data) == JSON_ARRAY;
	size_t n = list ? json_len(data) : data != NULL;

	*targets = (struct targets){ .entity = ARENA_ARRAY(arena, n + 1, struct entity *),
				     .named = data != NULL };
	for (size_t i = 0; i < n; i++) {
		const struct json *one = list ? json_at(data, i) : data;
		struct entity *entity = find_one(account, kind, one, arena, str_from(pointer), refusal);

		if (!entity)
			return false;
		targets->entity[targets->n++] = entity;
	}
	return true;
}

static struct entity *item_end(struct entity *one, struct entity *other)
{
	return one->kind == KIND_ITEM ? one : other;
}

static struct entity *category_end(struct entity *one, struct entity *other)
{
	return one->kind == KIND_ITEM ? other : one;
}

struct link *category_link_find(struct entity *one, struct entity *other)
{
	return link_find(item_end(one, other), RELATION_CATEGORIES, category_end(one, other));
}

bool category_links_add(struct catalog *catalog, struct entity *entity, const struct targets *targets)
{
	bool changed = false;

	for (size_t i = 0; i < targets->n; i++) {
		struct entity *other = targets->entity[i];

		if (category_link_find(entity, other))
			continue;
		link_add(catalog, RELATION_CATEGORIES, item_end(entity, other), category_end(entity, other));
		changed = true;
	}
	return changed;
}

static bool is_target(const struct targets *targets, const struct entity *entity)
{
	for (size_t i = 0; i < targets->n; i++)
		if (targets->entity[i] == entity)
			return true;
	return false;
}

bool category_links_replace(struct catalog *catalog, struct entity *entity, const struct targets *targets)
{
	int side = link_side(entity);
	bool changed = false;

	for (struct link *link = entity->links[RELATION_CATEGORIES].first, *next; link; link = next) {
		next = link->next[side];
		if (is_target(targets, link->end[!side]))
			continue;
		link_remove(RELATION_CATEGORIES, link);
		changed = true;
	}
	return category_links_add(catalog, entity, targets) || changed;
}
