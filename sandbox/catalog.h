#ifndef PANNIER_SANDBOX_CATALOG_H
#define PANNIER_SANDBOX_CATALOG_H

#include "base/json.h"
#include "sandbox/kind.h"
#include "sandbox/table.h"

/* The two relations of an item: to its categories, and to its variants. */
enum relation { RELATION_CATEGORIES, RELATION_VARIANTS, RELATION_COUNT };

struct entity;

/* One item and one category or variant; in the list of both, in the order of creation. */
struct link {
	int64_t number;            /* grows; the order of lists and the cursor into them */
	struct entity *end[2];     /* 0 the item, 1 the other */
	struct link *next[2], *prev[2]; /* in the list of that end */
};

struct link_list {
	struct link *first, *last;
	size_t n;
};

/* An item, a variant or a category as it stands. */
struct entity {
	enum kind kind;
	int64_t number;            /* grows; the order of lists and the cursor into them */
	struct str external_id;    /* owned */
	struct json *attributes;   /* owned; every readable attribute but created and updated */
	int64_t created_ms, updated_ms;
	struct link_list links[RELATION_COUNT];
};

/* Entities by number; a slot whose entity is NULL was deleted. */
struct entity_slot {
	int64_t number;
	struct entity *entity;
};

struct collection {
	struct table by_id;
	struct entity_slot *slot;
	size_t n, capacity, holes;
};

/* What one account's catalog holds. A zeroed struct is an empty catalog. */
struct catalog {
	struct collection collection[KIND_COUNT];
	int64_t last_number;
};

void catalog_release(struct catalog *catalog);
struct entity *catalog_find(const struct catalog *catalog, enum kind kind, struct str external_id);
/* Takes attributes; the external id must be free. */
struct entity *catalog_add(struct catalog *catalog, enum kind kind, struct str external_id, struct json *attributes,
			   int64_t now_ms);
/* Removes it with its links; an item's variants must be gone. */
void catalog_remove(struct catalog *catalog, struct entity *entity);
/* Index of the first slot whose number is above the given one. */
size_t slot_seek(const struct entity_slot *slot, size_t n, int64_t number);

/* NULL if there is none. */
struct link *link_find(const struct entity *item, enum relation relation, const struct entity *other);
void link_add(struct catalog *catalog, enum relation relation, struct entity *item, struct entity *other);
void link_remove(enum relation relation, struct link *link);
/* The item of a variant. */
struct entity *variant_item(const struct entity *variant);
/* Which end of its links an entity is; and the next link of its list. */
int link_side(const struct entity *entity);

#endif
