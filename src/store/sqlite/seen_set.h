#ifndef PANNIER_STORE_SQLITE_SEEN_SET_H
#define PANNIER_STORE_SQLITE_SEEN_SET_H

#include "base/digest.h"

/* Keys of messages by slot, in memory; for sqlite_seen.c. */

struct seen_entry {
	int64_t id;                /* 0 = free */
	int64_t store_id;
	struct digest16 slot;
	struct digest16 key;
};

/* An open hash table; a zeroed one is empty. */
struct seen_table {
	struct seen_entry *at;
	size_t n;
	size_t capacity;           /* power of two, at least twice n */
};

uint64_t seen_hash(int64_t store_id, const struct digest16 *slot);

/* Room for n more entries: until they are used up, positions stay as they are. */
void seen_table_reserve(struct seen_table *table, size_t n);
void seen_table_drop(struct seen_table *table); /* frees it; empty then */
/* Where the slot is, or the free place where it belongs. The table has been reserved. */
size_t seen_table_position(const struct seen_table *table, int64_t store_id, const struct digest16 *slot);
const struct seen_entry *seen_table_find(const struct seen_table *table, int64_t store_id, const struct digest16 *slot);
void seen_table_put(struct seen_table *table, const struct seen_entry *entry); /* replaces that of the same slot */

#define SEEN_BLOCK_WORDS 8

/* Blocks of a filter for n slots: a power of two. */
size_t seen_filter_blocks(size_t n);
void seen_filter_add(uint64_t *filter, size_t n_block, uint64_t hash);
bool seen_filter_has(const uint64_t *filter, size_t n_block, uint64_t hash); /* false: certainly not in it */

#endif
