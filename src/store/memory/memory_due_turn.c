/*
 * Memory backend: which due roots come next, in turn over the stores.
 */
#include "store/memory/memory_internal.h"

#include <stdlib.h>

static int compare_due(const void *a, const void *b)
{
	const struct memory_due *left = a, *right = b;

	if (left->due_ms != right->due_ms)
		return left->due_ms < right->due_ms ? -1 : 1;
	if (left->store_id != right->store_id)
		return left->store_id < right->store_id ? -1 : 1;
	return entity_cmp(left->root, right->root);
}

void memory_due_sort(struct memory *memory)
{
	if (memory->due.n > 0)
		qsort(memory->due.at, memory->due.n, sizeof(*memory->due.at), compare_due);
}

static bool is_due(const struct memory_due_claim *claim, const struct memory_due *due)
{
	return due->due_ms <= claim->now_ms && due->priority == claim->priority;
}

static bool has_due(const struct memory *memory, const struct memory_due_claim *claim, int64_t store_id)
{
	for (size_t i = 0; i < memory->due.n; i++)
		if (memory->due.at[i].store_id == store_id && is_due(claim, &memory->due.at[i]))
			return true;
	return false;
}

/* Some stores with something due, in turn from the one after the last served. */
static size_t stores_in_turn(const struct memory *memory, const struct memory_due_claim *claim,
			     struct arena *arena, int64_t **store_id)
{
	int64_t from_id = memory->due_turn[claim->priority];
	size_t n = 0;

	*store_id = ARENA_ARRAY(arena, memory->store_count.n, int64_t);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < memory->store_count.n && n < STORE_TURN_SEEN; i++) {
			int64_t id = memory->store_count.at[i].row.store_id;

			if ((id > from_id) == (round == 0) && has_due(memory, claim, id))
				(*store_id)[n++] = id;
		}
	return n;
}

/* At most max_n of a store's, behind the first n_before; the list is sorted. */
static void add_due(const struct memory *memory, struct memory_due_claim *claim, int64_t store_id,
		    size_t max_n, size_t n_before)
{
	size_t end = claim->n + max_n;

	for (size_t i = 0; i < memory->due.n && claim->n < end && claim->n < claim->max_n; i++) {
		const struct memory_due *due = &memory->due.at[i];

		if (due->store_id != store_id || !is_due(claim, due))
			continue;
		if (n_before > 0)
			n_before--;
		else
			claim->due[claim->n++] = due;
	}
}

void memory_due_take(const struct memory *memory, struct memory_due_claim *claim, struct arena *arena)
{
	int64_t *store_id;
	size_t n_store = stores_in_turn(memory, claim, arena, &store_id);
	size_t share = store_turn_rows(n_store);

	claim->due = ARENA_ARRAY(arena, claim->max_n, const struct memory_due *);
	for (size_t i = 0; i < n_store && claim->n < claim->max_n; i++)
		add_due(memory, claim, store_id[i], share, 0);
	claim->n_first = claim->n;
	for (size_t i = 0; i < n_store && claim->n < claim->max_n; i++)
		add_due(memory, claim, store_id[i], claim->max_n - claim->n, share);
}

void memory_due_end_turn(struct memory *memory, const struct memory_due_claim *claim, size_t n)
{
	size_t n_first = n < claim->n_first ? n : claim->n_first;

	if (n_first > 0)
		memory->due_turn[claim->priority] = claim->due[n_first - 1]->store_id;
}
