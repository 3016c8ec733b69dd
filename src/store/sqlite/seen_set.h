#ifndef PANNIER_STORE_SQLITE_SEEN_SET_H
#define PANNIER_STORE_SQLITE_SEEN_SET_H

#include "base/digest.h"

/* Keys of messages by the hash of their slot, in memory; for sqlite_seen.c. */

struct seen_entry {
	int64_t id;                /* 0 = free */
	int64_t store_id;
	uint64_t hash;             /* of the slot and the store */
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
size_t seen_table_position(const struct seen_table *table, int64_t store_id, uint64_t hash);
const struct seen_entry *seen_table_find(const struct seen_table *table, int64_t store_id, uint64_t hash);
void seen_table_put(struct seen_table *table, const struct seen_entry *entry); /* replaces that of the same slot */

/* ---- filters: which slots are certainly not in a run ---- */

#define SEEN_BLOCK_WORDS 8
#define SEEN_HASHES 9 /* bits of a slot; 6 in filters of databases up to format 14 */

struct seen_filter {
	size_t n_block;            /* a power of two */
	size_t n_hash;             /* bits of a slot, 1 to SEEN_HASHES */
	const uint64_t *word;      /* SEEN_BLOCK_WORDS of each block */
};

/* Blocks of a filter for n slots. */
size_t seen_filter_blocks(size_t n);
/* word: of n_block blocks */
void seen_filter_add(uint64_t *word, size_t n_block, uint64_t hash);

#define SEEN_GROUP_MAX 64

/*
 * The filters of 1, 8 or 64 runs, all of n_block blocks and n_hash bits a slot, side by side: cell i holds bit i of each, the
 * oldest run lowest. A lookup that goes through many runs is a walk over memory; this way it has as many stops as a lookup in
 * one run.
 */
struct seen_group {
	size_t n;
	size_t n_block;
	size_t n_hash;
	void *cell;                /* n bits each; owned */
	uint64_t alive;            /* runs that count */
	int64_t run[SEEN_GROUP_MAX];
	int64_t day[SEEN_GROUP_MAX];
};

/* Of one run; filter is copied. Freed by seen_group_free. */
struct seen_group *seen_group_new(int64_t run, int64_t day, const struct seen_filter *filter);
void seen_group_free(struct seen_group *group);
/* The runs that may have the slot: a bit each. */
uint64_t seen_group_find(const struct seen_group *group, uint64_t hash);
/* May these, oldest first, become one? They are alike and small enough. */
#define SEEN_MERGE 8
bool seen_groups_fit(struct seen_group *const group[SEEN_MERGE]);
/* One for all of them, which are freed. */
struct seen_group *seen_groups_merge(struct seen_group *const group[SEEN_MERGE]);

#endif
