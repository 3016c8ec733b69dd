/*
 * What an account's catalog holds: entities and the links between them.
 *
 * Doesn't: know rules (change.c) or JSON:API (render.c).
 * Keeps:   slots are in rising order of number; both ends of a link know it; an entity's links go with it.
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/catalog.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

static void entity_free(struct entity *entity)
{
	json_free(entity->attributes);
	mem_free(entity);
}

void catalog_release(struct catalog *catalog)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		struct collection *collection = &catalog->collection[k];

		for (size_t i = 0; i < collection->n; i++) {
			struct entity *entity = collection->slot[i].entity;

			if (!entity)
				continue;
			for (int r = 0; r < RELATION_COUNT; r++)
				while (entity->links[r].first)
					link_remove((enum relation)r, entity->links[r].first);
			entity_free(entity);
		}
		mem_free(collection->slot);
		table_release(&collection->by_id);
	}
	*catalog = (struct catalog){ 0 };
}

struct entity *catalog_find(const struct catalog *catalog, enum kind kind, struct str external_id)
{
	return table_find(&catalog->collection[kind].by_id, external_id);
}

static void append_slot(struct collection *collection, struct entity *entity)
{
	if (collection->n == collection->capacity) {
		collection->capacity = collection->capacity ? collection->capacity * 2 : 64;
		collection->slot =
			mem_resize(collection->slot, collection->capacity * sizeof(*collection->slot));
	}
	collection->slot[collection->n++] =
		(struct entity_slot){ .number = entity->number, .entity = entity };
}

struct entity *catalog_add(struct catalog *catalog, enum kind kind, struct str external_id,
			   struct json *attributes, int64_t now_ms)
{
	struct collection *collection = &catalog->collection[kind];
	struct entity *entity = mem_zalloc(1, sizeof(*entity) + external_id.len + 1);
	char *id = (char *)(entity + 1);

	memcpy(id, external_id.p, external_id.len);
	*entity = (struct entity){
		.kind = kind, .number = ++catalog->last_number, .external_id = str_of(id, external_id.len),
		.attributes = attributes, .created_ms = now_ms, .updated_ms = now_ms,
	};
	assert(!table_find(&collection->by_id, external_id));
	table_put(&collection->by_id, entity->external_id, entity);
	append_slot(collection, entity);
	return entity;
}

size_t slot_seek(const struct entity_slot *slot, size_t n, int64_t number)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (slot[middle].number > number)
			n = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void drop_holes(struct collection *collection)
{
	size_t kept = 0;

	for (size_t i = 0; i < collection->n; i++)
		if (collection->slot[i].entity)
			collection->slot[kept++] = collection->slot[i];
	collection->n = kept;
	collection->holes = 0;
}

void catalog_remove(struct catalog *catalog, struct entity *entity)
{
	struct collection *collection = &catalog->collection[entity->kind];
	size_t at = slot_seek(collection->slot, collection->n, entity->number) - 1;

	assert(collection->slot[at].entity == entity);
	for (int r = 0; r < RELATION_COUNT; r++)
		while (entity->links[r].first)
			link_remove((enum relation)r, entity->links[r].first);
	collection->slot[at].entity = NULL;
	collection->holes++;
	if (collection->holes > 64 && collection->holes > collection->n / 2)
		drop_holes(collection);
	(void)table_remove(&collection->by_id, entity->external_id);
	entity_free(entity);
}

int link_side(const struct entity *entity)
{
	return entity->kind == KIND_ITEM ? 0 : 1;
}

/*
 * Walks the list of the other end, which is the shorter one: an item has few categories, a variant one
 * item.
 */
struct link *link_find(const struct entity *item, enum relation relation, const struct entity *other)
{
	int side = relation == RELATION_VARIANTS ? 1 : 0;
	const struct entity *walked = side ? other : item;

	for (struct link *link = walked->links[relation].first; link; link = link->next[side])
		if (link->end[0] == item && link->end[1] == other)
			return link;
	return NULL;
}

void link_add(struct catalog *catalog, enum relation relation, struct entity *item, struct entity *other)
{
	struct link *link = mem_zalloc(1, sizeof(*link));

	*link = (struct link){ .number = ++catalog->last_number, .end = { item, other } };
	for (int side = 0; side < 2; side++) {
		struct link_list *list = &link->end[side]->links[relation];

		link->prev[side] = list->last;
		if (list->last)
			list->last->next[side] = link;
		else
			list->first = link;
		list->last = link;
		list->n++;
	}
}

void link_remove(enum relation relation, struct link *link)
{
	for (int side = 0; side < 2; side++) {
		struct link_list *list = &link->end[side]->links[relation];

		if (link->prev[side])
			link->prev[side]->next[side] = link->next[side];
		else
			list->first = link->next[side];
		if (link->next[side])
			link->next[side]->prev[side] = link->prev[side];
		else
			list->last = link->prev[side];
		list->n--;
	}
	mem_free(link);
}

struct entity *variant_item(const struct entity *variant)
{
	return variant->links[RELATION_VARIANTS].first->end[0];
}
