/*
 * Hash tables of keys by slot, and filters that say which slots are not in a run.
 *
 * A filter is made of blocks of 512 bits; a slot's hash names one block and nine bits in it. With 24 bits
 * per slot about one answer in 25000 is a wrong "maybe", with 36 one in 200000. Pure: no state of its own.
 */
#include "store/sqlite/seen_set.h"

#include "base/alloc.h"

#include <string.h>

#define CAPACITY_MIN	1024
#define FILTER_KEY_BITS 24
#define POSITION_BITS	9 /* of a place in a block */
#define POSITION_MASK	((1U << POSITION_BITS) - 1)
#define POSITIONS	7 /* that one hash gives */

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

	while (n_block * SEEN_BLOCK_BITS < n * FILTER_KEY_BITS)
		n_block *= 2;
	return n_block;
}

struct seen_places seen_places(uint64_t hash)
{
	struct seen_places places = { .hash = hash };
	uint64_t bits = mix(hash);

	for (size_t i = 0; i < SEEN_HASHES; i++) {
		places.at[i] = bits & POSITION_MASK;
		bits = i % POSITIONS == POSITIONS - 1 ? mix(~hash) : bits >> POSITION_BITS;
	}
	return places;
}

void seen_filter_add(uint64_t *word, size_t n_block, uint64_t hash)
{
	uint64_t *block = word + (hash & (n_block - 1)) * SEEN_BLOCK_WORDS;
	struct seen_places places = seen_places(hash);

	for (size_t i = 0; i < SEEN_HASHES; i++)
		block[places.at[i] / 64] |= UINT64_C(1) << (places.at[i] % 64);
}

/* ---- tables ---- */

/* Where the slot is, or the free place where it belongs. */
size_t seen_table_position(const struct seen_table *table, int64_t store_id, uint64_t hash)
{
	size_t at = hash & (table->capacity - 1);

	while (table->at[at].id != 0 && (table->at[at].hash != hash || table->at[at].store_id != store_id))
		at = (at + 1) & (table->capacity - 1);
	return at;
}

const struct seen_entry *seen_table_find(const struct seen_table *table, int64_t store_id, uint64_t hash)
{
	const struct seen_entry *entry;

	if (table->capacity == 0)
		return NULL;
	entry = &table->at[seen_table_position(table, store_id, hash)];
	return entry->id != 0 ? entry : NULL;
}

void seen_table_put(struct seen_table *table, const struct seen_entry *entry)
{
	size_t at = seen_table_position(table, entry->store_id, entry->hash);

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
