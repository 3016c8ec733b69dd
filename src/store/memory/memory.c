/*
 * The memory backend: what each verb means, in the plainest form. The other backends are held to it by the
 * contract tests.
 *
 * Does:    everything store.h says, under one lock, by linear scans.
 * Doesn't: persist, or give back memory of texts before close: for tests and the simulation only.
 * Keeps:   a verb checks all it has to refuse before it changes anything.
 */
#include "store/memory/memory_internal.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

struct memory *memory_lock(struct db *db)
{
	struct memory *memory = (struct memory *)db;

	assert(db->ops == &db_memory_ops);
	(void)pthread_mutex_lock(&memory->lock);
	return memory;
}

void memory_unlock(struct memory *memory)
{
	(void)pthread_mutex_unlock(&memory->lock);
}

void *memory_list_grow(void *at, size_t n, size_t *capacity, size_t size)
{
	if (n == *capacity) {
		*capacity = n ? 2 * n : 16;
		at = mem_resize(at, *capacity * size);
	}
	memset((char *)at + n * size, 0, size);
	return at;
}

void memory_list_remove(void *at, size_t *n, size_t i, size_t size)
{
	char *item = (char *)at + i * size;

	memmove(item, item + size, (*n - i - 1) * size);
	*n -= 1;
}

int64_t memory_next_id(struct memory *memory, int64_t now_ms)
{
	memory->last_id = store_id_next(memory->last_id, now_ms);
	return memory->last_id;
}

struct str memory_text(struct memory *memory, struct str text)
{
	return arena_dup(&memory->arena, text);
}

struct entity entity_dup(struct arena *arena, struct entity entity)
{
	return (struct entity){ entity.kind, arena_dup(arena, entity.id) };
}

struct entity memory_entity_key(struct memory *memory, struct entity entity)
{
	return entity_dup(&memory->arena, entity);
}

void memory_audit(struct memory *memory, int64_t now_ms, const struct audit_row *row)
{
	int64_t id = memory_next_id(memory, now_ms);
	struct audit_row *kept = LIST_ADD(&memory->audit);

	*kept = *row;
	kept->id = id;
	kept->at_ms = now_ms;
	kept->root = memory_entity_key(memory, row->root);
	kept->reason = memory_text(memory, row->reason);
}

const struct store_row *memory_store(const struct memory *memory, int64_t store_id)
{
	for (size_t i = 0; i < memory->store.n; i++)
		if (memory->store.at[i].id == store_id)
			return &memory->store.at[i];
	return NULL;
}

struct store_summary *memory_store_count(struct memory *memory, int64_t store_id)
{
	struct memory_store_count *count;
	size_t i = 0;

	while (i < memory->store_count.n && memory->store_count.at[i].row.store_id < store_id)
		i++;
	if (i < memory->store_count.n && memory->store_count.at[i].row.store_id == store_id)
		return &memory->store_count.at[i].row;
	(void)LIST_ADD(&memory->store_count);
	count = &memory->store_count.at[i];
	memmove(count + 1, count, (memory->store_count.n - 1 - i) * sizeof(*count));
	*count = (struct memory_store_count){ .row = { .store_id = store_id } };
	return &count->row;
}

struct memory_account_count *memory_account_count(struct memory *memory, int64_t account_id)
{
	struct memory_account_count *count;
	size_t i = 0;

	while (i < memory->account_count.n && memory->account_count.at[i].account_id < account_id)
		i++;
	if (i < memory->account_count.n && memory->account_count.at[i].account_id == account_id)
		return &memory->account_count.at[i];
	(void)LIST_ADD(&memory->account_count);
	count = &memory->account_count.at[i];
	memmove(count + 1, count, (memory->account_count.n - 1 - i) * sizeof(*count));
	*count = (struct memory_account_count){ .account_id = account_id };
	return count;
}

static bool memory_open(const struct db_config *config, struct db **out, struct err *err)
{
	struct memory *memory = mem_zalloc(1, sizeof(*memory));

	(void)config;
	(void)err;
	memory->db.ops = &db_memory_ops;
	(void)pthread_mutex_init(&memory->lock, NULL);
	arena_init(&memory->arena);
	*out = &memory->db;
	return true;
}

static void memory_close(struct db *db)
{
	struct memory *memory = memory_lock(db);
	void *list[] = {
		memory->account.at,  memory->store.at,	memory->store_count.at, memory->account_count.at,
		memory->message.at,  memory->entity.at, memory->fact.at,	memory->ref.at,
		memory->due.at,	     memory->held.at,	memory->sent.at,	memory->sweep.at,
		memory->delivery.at, memory->ended.at,	memory->batch.at,	memory->budget.at,
		memory->cursor.at,   memory->audit.at,	memory->erase.at,	memory->erased.at,
		memory->user.at,     memory->grant.at,	memory->import.at,	memory->reject.at,
		memory->history.at,  memory->task.at,	memory->found.at,
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		mem_free(list[i]);
	arena_release(&memory->arena);
	memory_unlock(memory);
	(void)pthread_mutex_destroy(&memory->lock);
	mem_free(memory);
}

const struct db_ops db_memory_ops = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.config_version = memory_config_version,
	.config_load = memory_config_load,
	.config_change = memory_config_change,
	.config_history = memory_config_history,
	.inbox_append = memory_inbox_append,
	.inbox_claim = memory_inbox_claim,
	.inbox_complete = memory_inbox_complete,
	.inbox_get = memory_inbox_get,
	.import_put = memory_import_put,
	.import_list = memory_import_list,
	.import_step = memory_import_step,
	.import_change = memory_import_change,
	.import_rejects = memory_import_rejects,
	.task_put = memory_task_put,
	.task_list = memory_task_list,
	.task_step = memory_task_step,
	.task_change = memory_task_change,
	.found_list = memory_found_list,
	.replay_list = memory_replay_list,
	.catalog_walk = memory_catalog_walk,
	.catalog_history = memory_catalog_history,
	.catalog_claim = memory_catalog_claim,
	.catalog_get = memory_catalog_get,
	.catalog_publish = memory_catalog_publish,
	.catalog_sweep = memory_catalog_sweep,
	.catalog_find = memory_catalog_find,
	.catalog_search = memory_catalog_search,
	.pressure = memory_pressure,
	.outbox_lanes = memory_outbox_lanes,
	.outbox_claim = memory_outbox_claim,
	.outbox_job = memory_outbox_job,
	.outbox_settle = memory_outbox_settle,
	.outbox_recover = memory_outbox_recover,
	.budget_load = memory_budget_load,
	.cursor_get = memory_cursor_get,
	.cursor_list = memory_cursor_list,
	.cursor_put_all = memory_cursor_put_all,
	.clock_note = memory_clock_note,
	.failed_list = memory_failed_list,
	.failed_change = memory_failed_change,
	.audit_list = memory_audit_list,
	.audit_append = memory_audit_append,
	.held_list = memory_held_list,
	.delivery_get = memory_delivery_get,
	.person_find = memory_person_find,
	.summary = memory_summary,
	.user_list = memory_user_list,
	.user_change = memory_user_change,
	.grant_find = memory_grant_find,
	.grant_list = memory_grant_list,
	.grant_change = memory_grant_change,
	.conserve = memory_conserve,
	.interrupt = memory_interrupt,
	.maintain = memory_maintain,
	.person_purge = memory_person_purge,
};
