/*
 * Keys of a run, packed: a thousand rows of some forty keys cost a fraction of forty thousand rows.
 */
#include "store/sqlite/seen_bucket.h"

#include "base/alloc.h"

#include <string.h>

#define BUCKET_BITS 10

_Static_assert(SEEN_BUCKETS == 1 << BUCKET_BITS, "a bucket is the first bits of a hash");

struct stored_entry {
	uint64_t hash;
	int64_t id;
	struct digest16 key;
};

_Static_assert(sizeof(struct stored_entry) == 32, "nothing between what is stored");

struct seen_order {
	const struct seen_table *table;
	uint32_t start[SEEN_BUCKETS + 1]; /* of each bucket in at */
	uint32_t *at;			  /* places of the table, by bucket */
	struct stored_entry *packed;
};

size_t seen_bucket_of(uint64_t hash)
{
	return (size_t)(hash >> (64 - BUCKET_BITS));
}

/* How many are in each bucket becomes where each begins; the most that one has. */
static uint32_t starts_sum(uint32_t start[static SEEN_BUCKETS + 1])
{
	uint32_t most = 0;

	for (size_t i = 1; i <= SEEN_BUCKETS; i++) {
		most = start[i] > most ? start[i] : most;
		start[i] += start[i - 1];
	}
	return most;
}

struct seen_order *seen_order_new(const struct seen_table *table)
{
	struct seen_order *order = mem_zalloc(1, sizeof(*order));
	uint32_t next[SEEN_BUCKETS];

	order->table = table;
	order->at = mem_alloc(table->n * sizeof(*order->at));
	for (size_t i = 0; i < table->capacity; i++)
		if (table->at[i].id != 0)
			order->start[seen_bucket_of(table->at[i].hash) + 1]++;
	order->packed = mem_alloc(starts_sum(order->start) * sizeof(*order->packed));
	memcpy(next, order->start, sizeof(next));
	for (size_t i = 0; i < table->capacity; i++)
		if (table->at[i].id != 0)
			order->at[next[seen_bucket_of(table->at[i].hash)]++] = (uint32_t)i;
	return order;
}

void seen_order_free(struct seen_order *order)
{
	if (!order)
		return;
	mem_free(order->at);
	mem_free(order->packed);
	mem_free(order);
}

struct str seen_order_pack(struct seen_order *order, size_t bucket)
{
	size_t n = order->start[bucket + 1] - order->start[bucket];

	for (size_t i = 0; i < n; i++) {
		const struct seen_entry *entry = &order->table->at[order->at[order->start[bucket] + i]];

		order->packed[i] = (struct stored_entry){ entry->hash, entry->id, entry->key };
	}
	return str_of((const char *)order->packed, n * sizeof(*order->packed));
}

enum seen_answer seen_bucket_find(struct str bytes, uint64_t hash, struct digest16 *key, int64_t *id)
{
	struct stored_entry entry;

	if (bytes.len % sizeof(entry) != 0)
		return SEEN_BROKEN;
	for (size_t at = 0; at < bytes.len; at += sizeof(entry)) {
		memcpy(&entry.hash, bytes.p + at, sizeof(entry.hash));
		if (entry.hash != hash)
			continue;
		memcpy(&entry, bytes.p + at, sizeof(entry));
		*key = entry.key;
		*id = entry.id;
		return SEEN_HERE;
	}
	return SEEN_NOT;
}
