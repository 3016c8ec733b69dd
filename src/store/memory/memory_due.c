/*
 * Memory backend: which roots are to be looked at, and the sweeps that make many of them due little by
 * little.
 */
#include "store/memory/memory_internal.h"

#include <stdlib.h>

struct memory_due *memory_due(struct memory *memory, int64_t store_id, struct entity root)
{
	for (size_t i = 0; i < memory->due.n; i++)
		if (memory->due.at[i].store_id == store_id && entity_eq(memory->due.at[i].root, root))
			return &memory->due.at[i];
	return NULL;
}

static struct memory_due *due_add(struct memory *memory, int64_t store_id, struct entity root, int64_t now_ms)
{
	struct memory_due *due = LIST_ADD(&memory->due);

	*due = (struct memory_due){
		.store_id = store_id,
		.root = memory_entity_key(memory, root),
		.due_ms = now_ms,
		.first_ms = now_ms,
	};
	return due;
}

void memory_due_touch(struct memory *memory, const struct fact_cause *cause, struct entity root)
{
	struct memory_due *due = memory_due(memory, cause->store_id, root);

	if (!due) {
		due = due_add(memory, cause->store_id, root, cause->now_ms);
		due->priority = cause->result->priority;
	}
	due->due_ms = store_due_ms(cause->now_ms, due->first_ms, cause->result->quiet_ms,
				   cause->result->quiet_max_ms);
	due->seq = cause->due_seq;
	due->message_id = cause->message_id;
	if (cause->result->priority < due->priority)
		due->priority = cause->result->priority;
}

void memory_due_now(struct memory *memory, int64_t store_id, struct entity root, int64_t now_ms, int64_t seq)
{
	struct memory_due *due = memory_due(memory, store_id, root);

	if (!due) {
		due = due_add(memory, store_id, root, now_ms);
		due->priority = PRIORITY_BACKFILL;
	}
	due->seq = seq;
}

void memory_due_again(struct memory *memory, int64_t store_id, struct entity root, int64_t now_ms,
		      int64_t seq, enum priority priority)
{
	struct memory_due *due;

	memory_due_now(memory, store_id, root, now_ms, seq);
	due = memory_due(memory, store_id, root);
	if (priority < due->priority)
		due->priority = priority;
	if (now_ms < due->due_ms)
		due->due_ms = now_ms;
}

/* ---- who depends on what ---- */

static int compare_entities(const void *a, const void *b)
{
	return entity_cmp(*(const struct entity *)a, *(const struct entity *)b);
}

bool memory_dependants(struct memory *memory, int64_t store_id, struct entity target, struct entity *after,
		       size_t max_n, struct arena *arena, struct entity **root, size_t *n)
{
	struct entity *owner = ARENA_ARRAY(arena, memory->ref.n, struct entity);
	size_t n_ref = 0, n_owner = 0;

	for (size_t i = 0; i < memory->ref.n; i++) {
		const struct memory_ref *ref = &memory->ref.at[i];

		if (ref->store_id == store_id && entity_eq(ref->target, target) &&
		    (!store_is_root(ref->owner.kind) || store_is_catalog_root(ref->owner.kind)) &&
		    (after->id.len == 0 || entity_cmp(ref->owner, *after) > 0))
			owner[n_ref++] = ref->owner;
	}
	qsort(owner, n_ref, sizeof(*owner), compare_entities);
	for (size_t i = 0; i < n_ref && n_owner < max_n; i++)
		if (n_owner == 0 || !entity_eq(owner[n_owner - 1], owner[i]))
			owner[n_owner++] = owner[i];
	if (n_owner > 0)
		*after = owner[n_owner - 1];
	*root = owner;
	*n = 0;
	for (size_t i = 0; i < n_owner; i++) {
		struct entity of = memory_root_of(memory, store_id, owner[i]);

		if (of.id.len > 0)
			owner[(*n)++] = of;
	}
	return n_owner == max_n;
}

/* ---- sweeps ---- */

void memory_sweep_add(struct memory *memory, int64_t store_id, struct entity target, struct entity after)
{
	struct memory_sweep *sweep;

	for (size_t i = memory->sweep.n; i-- > 0;)
		if (memory->sweep.at[i].store_id == store_id && entity_eq(memory->sweep.at[i].target, target))
			LIST_REMOVE(&memory->sweep, i);
	sweep = LIST_ADD(&memory->sweep);
	*sweep = (struct memory_sweep){
		.store_id = store_id,
		.target = memory_entity_key(memory, target),
		.after = memory_entity_key(memory, after),
	};
}

bool memory_roots_after(struct memory *memory, int64_t store_id, struct entity *after, size_t max_n,
			struct arena *arena, struct entity **root, size_t *n)
{
	*root = ARENA_ARRAY(arena, max_n, struct entity);
	*n = 0;
	for (size_t i = 0; i < memory->entity.n && *n < max_n; i++) {
		const struct memory_entity *row = &memory->entity.at[i];

		if (row->store_id == store_id && store_is_catalog_root(row->entity.kind) &&
		    (after->id.len == 0 || entity_cmp(row->entity, *after) > 0))
			(*root)[(*n)++] = row->entity;
	}
	if (*n > 0)
		*after = (*root)[*n - 1];
	return *n == max_n;
}

bool memory_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct memory_sweep sweep;
	struct entity *root;
	struct arena arena;
	int64_t seq;
	bool again;
	size_t n;

	(void)err;
	arena_init(&arena);
	*more = false;
	if (memory->sweep.n == 0)
		goto out;
	sweep = memory->sweep.at[0];
	LIST_REMOVE(&memory->sweep, 0);
	again = sweep.target.id.len == 0
			? memory_roots_after(memory, sweep.store_id, &sweep.after, max_n, &arena, &root, &n)
			: memory_dependants(memory, sweep.store_id, sweep.target, &sweep.after, max_n, &arena,
					    &root, &n);
	seq = memory_next_id(memory, now_ms);
	for (size_t i = 0; i < n; i++)
		memory_due_now(memory, sweep.store_id, root[i], now_ms, seq);
	if (again)
		memory_sweep_add(memory, sweep.store_id, sweep.target, sweep.after);
	*more = memory->sweep.n > 0;
out:
	arena_release(&arena);
	memory_unlock(memory);
	return true;
}

bool memory_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*n = 0;
	for (size_t i = 0; i < memory->due.n && *n < max_n; i++)
		*n += memory->due.at[i].store_id == store_id && memory->due.at[i].priority >= PRIORITY_REPLAY;
	memory_unlock(memory);
	return true;
}
