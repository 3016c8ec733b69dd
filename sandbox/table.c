/*
 * Hash table from a text to a pointer: open addressing with linear probing, at most two thirds full.
 *
 * Doesn't: own keys or values.
 * Keeps:   no holes inside a probe run (removal moves later entries back), so a search ends at the first
 *          free slot.
 * Threads: a table belongs to its owner.
 */
#include "sandbox/table.h"

#include "base/alloc.h"

#define FIRST_CAPACITY 16

static uint64_t hash_of(struct str key)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char)key.p[i]) * UINT64_C(1099511628211);
	return hash ^ (hash >> 32);
}

void table_release(struct table *table)
{
	mem_free(table->slot);
	*table = (struct table){ 0 };
}

/* The slot of the key, or the free one where it would go. */
static size_t probe(const struct table *table, uint64_t hash, struct str key)
{
	size_t mask = table->capacity - 1;
	size_t i = (size_t)hash & mask;

	while (table->slot[i].value &&
	       !(table->slot[i].hash == hash && str_eq(table->slot[i].key, key)))
		i = (i + 1) & mask;
	return i;
}

void *table_find(const struct table *table, struct str key)
{
	if (table->n == 0)
		return NULL;
	return table->slot[probe(table, hash_of(key), key)].value;
}

static void grow(struct table *table)
{
	struct table old = *table;

	table->capacity = old.capacity ? old.capacity * 2 : FIRST_CAPACITY;
	table->slot = mem_zalloc(table->capacity, sizeof(*table->slot));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slot[i].value)
			table->slot[probe(table, old.slot[i].hash, old.slot[i].key)] = old.slot[i];
	mem_free(old.slot);
}

void table_put(struct table *table, struct str key, void *value)
{
	uint64_t hash = hash_of(key);
	size_t i;

	if ((table->n + 1) * 3 > table->capacity * 2)
		grow(table);
	i = probe(table, hash, key);
	if (!table->slot[i].value)
		table->n++;
	table->slot[i] = (struct table_slot){ .hash = hash, .key = key, .value = value };
}

/* Moves entries behind the freed slot back, as long as their probe run passes it. */
static void close_gap(struct table *table, size_t gap)
{
	size_t mask = table->capacity - 1;
	size_t i = gap;

	for (;;) {
		size_t home;

		i = (i + 1) & mask;
		if (!table->slot[i].value)
			break;
		home = (size_t)table->slot[i].hash & mask;
		if (((i - home) & mask) >= ((i - gap) & mask)) {
			table->slot[gap] = table->slot[i];
			gap = i;
		}
	}
	table->slot[gap] = (struct table_slot){ 0 };
}

void *table_remove(struct table *table, struct str key)
{
	size_t i;
	void *value;

	if (table->n == 0)
		return NULL;
	i = probe(table, hash_of(key), key);
	value = table->slot[i].value;
	if (value) {
		table->n--;
		close_gap(table, i);
	}
	return value;
}

void *table_next(const struct table *table, size_t *at)
{
	while (*at < table->capacity) {
		void *value = table->slot[(*at)++].value;

		if (value)
			return value;
	}
	return NULL;
}
