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
#define SEEN_BLOCK_BITS ((size_t)SEEN_BLOCK_WORDS * 64)
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

/* The bits of a slot: in block hash & (n_block - 1) these. */
struct seen_places {
	uint64_t hash;
	uint16_t at[SEEN_HASHES];  /* 0 to SEEN_BLOCK_BITS - 1 */
};

struct seen_places seen_places(uint64_t hash);

#endif
