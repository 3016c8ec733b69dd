/*
 * Memory backend: tasks, and what they found.
 */
#include "store/memory/memory_internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

static struct task_row *find_task(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->task.n; i++)
		if (memory->task.at[i].id == id)
			return &memory->task.at[i];
	return NULL;
}

bool memory_task_any_open(const struct memory *memory)
{
	for (size_t i = 0; i < memory->task.n; i++)
		if (memory->task.at[i].state == IMPORT_OPEN)
			return true;
	return false;
}

static struct task_row task_dup(struct arena *arena, const struct task_row *task)
{
	struct task_row copy = *task;

	copy.options = arena_dup(arena, task->options);
	copy.place = arena_dup(arena, task->place);
	copy.report = arena_dup(arena, task->report);
	copy.reason = arena_dup(arena, task->reason);
	return copy;
}

static void audit_task(struct memory *memory, int64_t now_ms, const struct task_row *task, const char *what,
		       struct str reason)
{
	struct arena arena;

	arena_init(&arena);
	memory_audit(memory, now_ms,
		     &(struct audit_row){ .code = AUDIT_TASK_CHANGED,
					  .store_id = task->store_id,
					  .reason = store_text_task(&arena, task->kind, what, reason) });
	arena_release(&arena);
}

static void set_state(struct memory *memory, struct task_row *task, enum import_state state,
		      struct str reason, int64_t now_ms)
{
	task->state = state;
	task->reason = memory_text(memory, reason);
	task->changed_ms = now_ms;
}

/* ---- put ---- */

static bool same_kind(const struct task_row *a, const struct task_row *b)
{
	return a->store_id == b->store_id && a->kind == b->kind;
}

static struct task_row *unfinished(struct memory *memory, const struct task_row *task)
{
	for (size_t i = 0; i < memory->task.n; i++)
		if (same_kind(&memory->task.at[i], task) && memory->task.at[i].state <= IMPORT_PAUSED)
			return &memory->task.at[i];
	return NULL;
}

static void drop_old(struct memory *memory, const struct task_row *task)
{
	size_t kept = 0;

	for (size_t i = memory->task.n; i-- > 0;)
		if (same_kind(&memory->task.at[i], task) && ++kept > STORE_TASKS_KEPT)
			LIST_REMOVE(&memory->task, i);
}

static bool comes_before(const struct task_row *a, const struct task_row *b)
{
	if (a->store_id != b->store_id)
		return a->store_id < b->store_id;
	return a->kind != b->kind ? a->kind < b->kind : a->id < b->id;
}

static int64_t insert(struct memory *memory, int64_t now_ms, const struct task_row *task)
{
	struct task_row new = {
		.id = ++memory->last_task_id,
		.store_id = task->store_id,
		.kind = task->kind,
		.options = memory_text(memory, task->options),
		.since_id = memory->last_id,
		.created_ms = now_ms,
		.changed_ms = now_ms,
	};
	size_t i = memory->task.n;

	(void)LIST_ADD(&memory->task);
	for (; i > 0 && comes_before(&new, &memory->task.at[i - 1]); i--)
		memory->task.at[i] = memory->task.at[i - 1];
	memory->task.at[i] = new;
	return new.id;
}

bool memory_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct task_row *before = unfinished(memory, task);
	bool ok = true;

	if (!memory_store(memory, task->store_id)) {
		ok = err_set(err, ERR_NOT_FOUND, "no store %" PRId64, task->store_id);
	} else if (!before) {
		drop_old(memory, task);
		*id = insert(memory, now_ms, task);
		audit_task(memory, now_ms, task, "begins", task->reason);
	} else if (str_eq(before->options, task->options)) {
		*id = before->id;
		set_state(memory, before, IMPORT_OPEN, STR(""), now_ms);
		audit_task(memory, now_ms, task, "goes on", task->reason);
	} else {
		ok = err_set(err, ERR_CONFLICT, "task %" PRId64 " of this store and kind is not done yet",
			     before->id);
	}
	memory_unlock(memory);
	return ok;
}

bool memory_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n,
		      struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*task = ARENA_ARRAY(arena, memory->task.n, struct task_row);
	*n = 0;
	for (size_t i = 0; i < memory->task.n; i++)
		if (store_id == 0 || memory->task.at[i].store_id == store_id)
			(*task)[(*n)++] = task_dup(arena, &memory->task.at[i]);
	memory_unlock(memory);
	return true;
}

/* ---- what was found ---- */

static int found_cmp(const struct memory_found *found, int64_t task_id, const struct found_key *key)
{
	if (found->task_id != task_id)
		return found->task_id < task_id ? -1 : 1;
	if (found->row.key.kind != key->kind)
		return found->row.key.kind < key->kind ? -1 : 1;
	return str_cmp(found->row.key.external_id, key->external_id);
}

static struct memory_found *find_found(struct memory *memory, int64_t task_id, const struct found_key *key)
{
	for (size_t i = 0; i < memory->found.n; i++)
		if (found_cmp(&memory->found.at[i], task_id, key) == 0)
			return &memory->found.at[i];
	return NULL;
}

static void put_found(struct memory *memory, int64_t task_id, const struct found_row *row)
{
	struct memory_found *found = find_found(memory, task_id, &row->key);
	size_t i = 0;

	if (!found) {
		while (i < memory->found.n && found_cmp(&memory->found.at[i], task_id, &row->key) < 0)
			i++;
		(void)LIST_ADD(&memory->found);
		found = &memory->found.at[i];
		memmove(found + 1, found, (memory->found.n - 1 - i) * sizeof(*found));
	}
	*found = (struct memory_found){ task_id, *row };
	found->row.key.external_id = memory_text(memory, row->key.external_id);
	found->row.parent_external_id = memory_text(memory, row->parent_external_id);
	found->row.root = memory_entity_key(memory, row->root);
	found->row.contents = memory_text(memory, row->contents);
	found->row.note = memory_text(memory, row->note);
}

/* Is the row to be forgotten? Those of tasks that are gone, too. */
static bool is_forgotten(struct memory *memory, const struct memory_found *found, const struct task_row *task,
			 enum task_forget forget)
{
	const struct task_row *of = find_task(memory, found->task_id);

	if (forget == TASK_FORGET_OTHERS)
		return found->task_id != task->id && (!of || of->store_id == task->store_id);
	return found->task_id == task->id && found->row.verdict < FOUND_STALE;
}

static size_t forget_found(struct memory *memory, const struct task_row *task, const struct task_step *step)
{
	size_t n = 0;

	if (step->forget == TASK_FORGET_NONE)
		return 0;
	for (size_t i = 0; i < memory->found.n && n < step->forget_max;) {
		if (is_forgotten(memory, &memory->found.at[i], task, step->forget)) {
			LIST_REMOVE(&memory->found, i);
			n++;
		} else {
			i++;
		}
	}
	return n;
}

static bool repeats(const struct memory *memory, int64_t task_id, const struct found_row *row)
{
	if (digest16_is_zero(row->alike))
		return false;
	for (size_t i = 0; i < memory->found.n; i++) {
		const struct memory_found *other = &memory->found.at[i];

		if (other->task_id == task_id && other->row.key.kind == row->key.kind &&
		    digest16_eq(other->row.alike, row->alike) &&
		    !str_eq(other->row.key.external_id, row->key.external_id) &&
		    (other->row.verdict == FOUND_SAME || other->row.verdict == FOUND_KEPT ||
		     other->row.verdict == FOUND_MOVING || other->row.verdict == FOUND_STALE))
			return true;
	}
	return false;
}

static bool any_undone(const struct memory *memory, int64_t account_id, const struct found_key *key)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];

		if (memory_delivery_undone(delivery) && delivery->row.account_id == account_id &&
		    delivery->row.kind == key->kind && str_eq(delivery->row.external_id, key->external_id))
			return true;
	}
	return false;
}

static int64_t ended_ms(const struct memory *memory, int64_t delivery_id)
{
	for (size_t i = 0; i < memory->ended.n; i++)
		if (memory->ended.at[i].row.id == delivery_id)
			return memory->ended.at[i].ended_ms;
	return 0;
}

static void read_sent(struct memory *memory, const struct task_row *task, struct arena *arena,
		      struct found *out)
{
	int64_t account_id = memory_store(memory, task->store_id)->account_id;
	const struct memory_sent *sent =
		memory_sent(memory, account_id, out->row.key.kind, out->row.key.external_id);

	if (!sent || !memory_store(memory, sent->store_id))
		return;
	out->store_id = sent->store_id;
	out->root = entity_dup(arena, sent->root);
	out->exists = sent->state.exists;
	out->wanted_deleted = sent->state.wanted_deleted;
	out->due = memory_due(memory, sent->store_id, sent->root) != NULL;
	out->moving = any_undone(memory, account_id, &out->row.key) ||
		      store_sent_moving(&sent->state, task, ended_ms(memory, sent->state.newest_id));
}

static void copy_found(struct memory *memory, const struct memory_found *row, struct arena *arena,
		       struct found *out)
{
	out->is_there = true;
	out->row = row->row;
	out->row.key.external_id = arena_dup(arena, row->row.key.external_id);
	out->row.parent_external_id = arena_dup(arena, row->row.parent_external_id);
	out->row.root = entity_dup(arena, row->row.root);
	out->row.contents = arena_dup(arena, row->row.contents);
	out->row.note = arena_dup(arena, row->row.note);
	out->repeats = repeats(memory, row->task_id, &row->row);
}

static void read_named(struct memory *memory, const struct found_query *query, struct arena *arena,
		       struct found *out)
{
	for (size_t i = 0; i < query->n_key; i++) {
		const struct memory_found *row = find_found(memory, query->task_id, &query->key[i]);

		out[i] = (struct found){ .row.key = { query->key[i].kind,
						      arena_dup(arena, query->key[i].external_id) } };
		if (row)
			copy_found(memory, row, arena, &out[i]);
	}
}

static size_t walk(struct memory *memory, const struct found_query *query, struct arena *arena,
		   struct found *out)
{
	bool from_start = query->after.external_id.len == 0 && !query->by_kind;
	size_t n = 0;

	for (size_t i = 0; i < memory->found.n && n < query->max_n; i++) {
		const struct memory_found *row = &memory->found.at[i];

		if (row->task_id != query->task_id || !(1u << row->row.verdict & query->verdicts) ||
		    (query->by_kind && row->row.key.kind != query->after.kind) ||
		    (!from_start && found_cmp(row, query->task_id, &query->after) <= 0))
			continue;
		out[n] = (struct found){ 0 };
		copy_found(memory, row, arena, &out[n++]);
	}
	return n;
}

bool memory_found_list(struct db *db, const struct found_query *query, struct arena *arena,
		       struct found **found, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);
	const struct task_row *task = find_task(memory, query->task_id);

	*n = 0;
	if (task) {
		*found = ARENA_ARRAY(arena, query->n_key > 0 ? query->n_key : query->max_n, struct found);
		if (query->n_key > 0)
			read_named(memory, query, arena, *found);
		*n = query->n_key > 0 ? query->n_key : walk(memory, query, arena, *found);
		for (size_t i = 0; i < *n; i++)
			read_sent(memory, task, arena, &(*found)[i]);
	} else {
		(void)err_set(err, ERR_NOT_FOUND, "no task %" PRId64, query->task_id);
	}
	memory_unlock(memory);
	return task != NULL;
}

/* ---- step ---- */

static void learn(struct memory *memory, int64_t now_ms, const struct task_row *task,
		  const struct task_step *step, const struct found_learn *row)
{
	int64_t account_id = memory_store(memory, task->store_id)->account_id;
	struct memory_sent *sent;

	sent = memory_sent(memory, account_id, row->key.kind, row->key.external_id);
	if (any_undone(memory, account_id, &row->key) ||
	    (sent && (sent->store_id == task->store_id ? store_learn_is_late(row, task, &sent->state)
						       : memory_store(memory, sent->store_id) != NULL)))
		return;
	sent = memory_sent_take(memory, account_id, row->key, task->store_id, row->root);
	if (row->as_known)
		store_sent_forget(&sent->state);
	else
		store_sent_found(&sent->state, row->exists, memory_text(memory, row->parent_external_id));
	if (row->due)
		memory_due_again(memory, task->store_id, row->root, now_ms, memory_next_id(memory, now_ms),
				 step->priority);
}

static size_t take_step(struct memory *memory, int64_t now_ms, struct task_row *task,
			const struct task_step *step)
{
	size_t n_forgotten;

	for (size_t i = 0; i < step->n_found; i++)
		put_found(memory, task->id, &step->found[i]);
	for (size_t i = 0; i < step->n_link; i++) {
		struct memory_found *found = find_found(memory, task->id, &step->link[i].key);

		if (found)
			found->row.links += step->link[i].add;
	}
	for (size_t i = 0; i < step->n_learn; i++)
		learn(memory, now_ms, task, step, &step->learn[i]);
	for (size_t i = 0; i < step->n_publication; i++)
		memory_publish_now(memory, now_ms, &step->publication[i], step->priority);
	for (size_t i = 0; i < step->n_again; i++)
		memory_message_replay(memory, now_ms, task->store_id, step->again[i], step->priority);
	n_forgotten = forget_found(memory, task, step);
	task->place = memory_text(memory, step->to);
	task->report = memory_text(memory, step->report);
	task->changed_ms = now_ms;
	if (step->state != IMPORT_OPEN) {
		set_state(memory, task, step->state, step->reason, now_ms);
		audit_task(memory, now_ms, task, import_state_text(step->state), step->reason);
	}
	return n_forgotten;
}

bool memory_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten,
		      struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct task_row *task = find_task(memory, step->task_id);
	bool ok = task && store_task_fits(task, step);

	*n_forgotten = 0;
	if (ok)
		*n_forgotten = take_step(memory, now_ms, task, step);
	else
		(void)err_set(err, ERR_CONFLICT, "task %" PRId64 " is not open at this place", step->task_id);
	memory_unlock(memory);
	return ok;
}

/* ---- people ---- */

bool memory_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct task_row *task = find_task(memory, id);
	enum import_state after;
	bool ok = true;

	if (!task) {
		ok = err_set(err, ERR_NOT_FOUND, "no task %" PRId64, id);
	} else if (!store_import_acts(task->state, action, &after)) {
		ok = err_set(err, ERR_CONFLICT, "task %" PRId64 " has ended", id);
	} else if (after != task->state) {
		set_state(memory, task, after, STR(""), now_ms);
		audit_task(memory, now_ms, task, import_state_text(after), STR(""));
	}
	memory_unlock(memory);
	return ok;
}

void memory_tasks_forget(struct memory *memory, int64_t store_id)
{
	for (size_t i = memory->found.n; i-- > 0;) {
		const struct task_row *of = find_task(memory, memory->found.at[i].task_id);

		if (of && of->store_id == store_id)
			LIST_REMOVE(&memory->found, i);
	}
	for (size_t i = memory->task.n; i-- > 0;)
		if (memory->task.at[i].store_id == store_id)
			LIST_REMOVE(&memory->task, i);
}
