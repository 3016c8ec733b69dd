#ifndef PANNIER_SANDBOX_TABLE_H
#define PANNIER_SANDBOX_TABLE_H

#include "base/str.h"

/*
 * Hash table from a text to a pointer. Keys are borrowed: they live inside the value they lead to, for as long as it
 * is in the table. A zeroed struct is an empty table.
 */
struct table_slot {
	uint64_t hash;
	struct str key;
	void *value; /* NULL = free */
};

struct table {
	struct table_slot *slot;
	size_t capacity; /* 0 or a power of two */
	size_t n;
};

void table_release(struct table *table); /* not the values; the table may be used again */
void *table_find(const struct table *table, struct str key); /* NULL if absent */
void table_put(struct table *table, struct str key, void *value); /* replaces; value not NULL */
void *table_remove(struct table *table, struct str key); /* what was there, or NULL */
/* Walks in no order: start with *at = 0; NULL at the end. No change to the table in between. */
void *table_next(const struct table *table, size_t *at);

#endif
