/*
 * Hash tables of keys by slot, and filters that say which slots are not in a run.
 *
 * A filter is made of blocks of 512 bits; a slot's hash names one block and six bits in it. With 16 bits
 * per slot about one answer in 500 is a wrong "maybe". Pure: no state of its own.
 */
#include "store/sqlite/seen_set.h"

#include "base/alloc.h"

#include <string.h>

#define CAPACITY_MIN	1024
#define FILTER_KEY_BITS 16
#define FILTER_HASHES	6

/* ---- hashes and filters ---- */

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

uint64_t seen_hash(int64_t store_id, const struct digest16 *slot)
{
	uint64_t half[2];

	memcpy(half, slot->byte, sizeof(half));
	return mix(mix((uint64_t)store_id ^ half[0]) ^ half[1]);
}

size_t seen_filter_blocks(size_t n)
{
	size_t n_block = 1;

	while (n_block * SEEN_BLOCK_WORDS * 64 < n * FILTER_KEY_BITS)
		n_block *= 2;
	return n_block;
}

void seen_filter_add(uint64_t *filter, size_t n_block, uint64_t hash)
{
	uint64_t *block = filter + (hash & (n_block - 1)) * SEEN_BLOCK_WORDS;
	uint64_t bits = mix(hash);

	for (int i = 0; i < FILTER_HASHES; i++, bits >>= 9)
		block[(bits & 511) / 64] |= UINT64_C(1) << (bits & 63);
}

bool seen_filter_has(const uint64_t *filter, size_t n_block, uint64_t hash)
{
	const uint64_t *block = filter + (hash & (n_block - 1)) * SEEN_BLOCK_WORDS;
	uint64_t bits = mix(hash);

	for (int i = 0; i < FILTER_HASHES; i++, bits >>= 9)
		if (!(block[(bits & 511) / 64] & (UINT64_C(1) << (bits & 63))))
			return false;
	return true;
}

/* ---- tables ---- */

static bool same_slot(const struct seen_entry *entry, int64_t store_id, const struct digest16 *slot)
{
	return entry->store_id == store_id && digest16_eq(entry->slot, *slot);
}

/* Where the slot is, or the free place where it belongs. */
size_t seen_table_position(const struct seen_table *table, int64_t store_id, const struct digest16 *slot)
{
	size_t at = seen_hash(store_id, slot) & (table->capacity - 1);

	while (table->at[at].id != 0 && !same_slot(&table->at[at], store_id, slot))
		at = (at + 1) & (table->capacity - 1);
	return at;
}

const struct seen_entry *seen_table_find(const struct seen_table *table, int64_t store_id,
					 const struct digest16 *slot)
{
	const struct seen_entry *entry;

	if (table->capacity == 0)
		return NULL;
	entry = &table->at[seen_table_position(table, store_id, slot)];
	return entry->id != 0 ? entry : NULL;
}

void seen_table_put(struct seen_table *table, const struct seen_entry *entry)
{
	size_t at = seen_table_position(table, entry->store_id, &entry->slot);

	table->n += table->at[at].id == 0;
	table->at[at] = *entry;
}

/* Room for n more entries, so that positions stay as they are until the transaction ends. */
void seen_table_reserve(struct seen_table *table, size_t n)
{
	struct seen_table old = *table;
	size_t capacity = old.capacity ? old.capacity : CAPACITY_MIN;

	while (capacity < 2 * (old.n + n))
		capacity *= 2;
	if (capacity == old.capacity)
		return;
	*table = (struct seen_table){ .at = mem_zalloc(capacity, sizeof(*table->at)), .capacity = capacity };
	for (size_t i = 0; i < old.capacity; i++)
		if (old.at[i].id != 0)
			seen_table_put(table, &old.at[i]);
	mem_free(old.at);
}

void seen_table_drop(struct seen_table *table)
{
	mem_free(table->at);
	*table = (struct seen_table){ 0 };
}
