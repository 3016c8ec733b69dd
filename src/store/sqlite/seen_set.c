/*
 * Hash tables of keys by slot, and filters that say which slots are not in a run.
 *
 * A filter is made of blocks of 512 bits; a slot's hash names one block and nine bits in it. With 24 bits
 * per slot about one answer in 25000 is a wrong "maybe". Pure: no state of its own.
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

	while (n_block * SEEN_BLOCK_WORDS * 64 < n * FILTER_KEY_BITS)
		n_block *= 2;
	return n_block;
}

/* The bits of the place that follows those of place i. */
static uint64_t next_place(uint64_t bits, size_t i, uint64_t hash)
{
	return i % POSITIONS == POSITIONS - 1 ? mix(~hash) : bits >> POSITION_BITS;
}

void seen_filter_add(uint64_t *word, size_t n_block, uint64_t hash)
{
	uint64_t *block = word + (hash & (n_block - 1)) * SEEN_BLOCK_WORDS;
	uint64_t bits = mix(hash);

	for (size_t i = 0; i < SEEN_HASHES; bits = next_place(bits, i++, hash))
		block[(bits & POSITION_MASK) / 64] |= UINT64_C(1) << (bits & 63);
}

/* ---- groups of filters ---- */

#define BLOCK_BITS ((size_t)SEEN_BLOCK_WORDS * 64)

struct seen_group *seen_group_new(int64_t run, int64_t day, const struct seen_filter *filter)
{
	struct seen_group *group = mem_zalloc(1, sizeof(*group));
	size_t bytes = filter->n_block * SEEN_BLOCK_WORDS * sizeof(*filter->word);

	group->n = 1;
	group->n_block = filter->n_block;
	group->n_hash = filter->n_hash;
	group->alive = 1;
	group->run[0] = run;
	group->day[0] = day;
	group->cell = mem_alloc(bytes);
	memcpy(group->cell, filter->word, bytes);
	return group;
}

void seen_group_free(struct seen_group *group)
{
	if (!group)
		return;
	mem_free(group->cell);
	mem_free(group);
}

static uint64_t cell_of(const struct seen_group *group, size_t i)
{
	if (group->n == 64)
		return ((const uint64_t *)group->cell)[i];
	if (group->n == 8)
		return ((const uint8_t *)group->cell)[i];
	return ((const uint64_t *)group->cell)[i / 64] >> (i % 64) & 1;
}

uint64_t seen_group_find(const struct seen_group *group, uint64_t hash)
{
	size_t block = (hash & (group->n_block - 1)) * BLOCK_BITS;
	uint64_t bits = mix(hash), found = group->alive;

	for (size_t i = 0; i < group->n_hash && found; bits = next_place(bits, i++, hash))
		found &= cell_of(group, block + (bits & POSITION_MASK));
	return found;
}

bool seen_groups_fit(struct seen_group *const group[SEEN_MERGE])
{
	for (size_t i = 0; i < SEEN_MERGE; i++)
		if (group[i]->n != group[0]->n || group[i]->n_block != group[0]->n_block ||
		    group[i]->n_hash != group[0]->n_hash)
			return false;
	return group[0]->n * SEEN_MERGE <= SEEN_GROUP_MAX;
}

/* Bit i of each filter becomes a bit of byte i. */
static void *merge_bits(struct seen_group *const group[SEEN_MERGE])
{
	size_t n_cell = group[0]->n_block * BLOCK_BITS;
	uint8_t *cell = mem_zalloc(n_cell, 1);

	for (unsigned j = 0; j < SEEN_MERGE; j++)
		for (size_t i = 0; i < n_cell; i += 64) {
			uint64_t word = ((const uint64_t *)group[j]->cell)[i / 64];

			for (; word; word &= word - 1)
				cell[i + (size_t)__builtin_ctzll(word)] |= (uint8_t)(1U << j);
		}
	return cell;
}

static void *merge_bytes(struct seen_group *const group[SEEN_MERGE])
{
	size_t n_cell = group[0]->n_block * BLOCK_BITS;
	uint64_t *cell = mem_zalloc(n_cell, sizeof(*cell));

	for (unsigned j = 0; j < SEEN_MERGE; j++)
		for (size_t i = 0; i < n_cell; i++)
			cell[i] |= (uint64_t)((const uint8_t *)group[j]->cell)[i] << (8 * j);
	return cell;
}

struct seen_group *seen_groups_merge(struct seen_group *const group[SEEN_MERGE])
{
	struct seen_group *merged = mem_zalloc(1, sizeof(*merged));
	size_t n = group[0]->n;

	merged->n = n * SEEN_MERGE;
	merged->n_block = group[0]->n_block;
	merged->n_hash = group[0]->n_hash;
	merged->cell = n == 1 ? merge_bits(group) : merge_bytes(group);
	for (size_t i = 0; i < SEEN_MERGE; i++) {
		merged->alive |= group[i]->alive << (i * n);
		memcpy(&merged->run[i * n], group[i]->run, n * sizeof(*merged->run));
		memcpy(&merged->day[i * n], group[i]->day, n * sizeof(*merged->day));
		seen_group_free(group[i]);
	}
	return merged;
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
