/*
 * Memory backend: imports.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>

static struct import_job *find_job(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->import.n; i++)
		if (memory->import.at[i].id == id)
			return &memory->import.at[i];
	return NULL;
}

bool memory_import_any_open(const struct memory *memory)
{
	for (size_t i = 0; i < memory->import.n; i++)
		if (memory->import.at[i].state == IMPORT_OPEN)
			return true;
	return false;
}

static struct import_job job_dup(struct arena *arena, const struct import_job *job)
{
	struct import_job copy = *job;

	copy.path = arena_dup(arena, job->path);
	copy.options = arena_dup(arena, job->options);
	copy.reason = arena_dup(arena, job->reason);
	copy.at.cursor = arena_dup(arena, job->at.cursor);
	return copy;
}

static void audit_job(struct memory *memory, int64_t now_ms, const struct import_job *job, const char *what)
{
	struct arena arena;

	arena_init(&arena);
	memory_audit(
		memory, now_ms,
		&(struct audit_row){ .code = AUDIT_IMPORT_CHANGED,
				     .store_id = job->store_id,
				     .reason = store_text_import(&arena, job->path, what, job->reason) });
	arena_release(&arena);
}

static void set_state(struct import_job *job, enum import_state state, int64_t now_ms)
{
	job->state = state;
	job->reason = STR("");
	job->changed_ms = now_ms;
	job->due_ms = 0;
	job->attempts = 0;
}

/* ---- put ---- */

static struct import_job *unfinished(struct memory *memory, const struct import_job *job)
{
	for (size_t i = 0; i < memory->import.n; i++) {
		struct import_job *row = &memory->import.at[i];

		if (row->store_id == job->store_id && digest16_eq(row->fingerprint, job->fingerprint) &&
		    !store_import_ended(row->state))
			return row;
	}
	return NULL;
}

static bool comes_before(const struct import_job *a, const struct import_job *b)
{
	if (a->store_id != b->store_id)
		return a->store_id < b->store_id;
	return a->rank != b->rank ? a->rank < b->rank : a->id < b->id;
}

static struct import_job *insert(struct memory *memory, const struct import_job *job)
{
	size_t i = memory->import.n;

	(void)LIST_ADD(&memory->import);
	for (; i > 0 && comes_before(job, &memory->import.at[i - 1]); i--)
		memory->import.at[i] = memory->import.at[i - 1];
	memory->import.at[i] = *job;
	return &memory->import.at[i];
}

bool memory_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id,
		       struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct import_job *row = unfinished(memory, job);
	bool ok = memory_store(memory, job->store_id) != NULL;

	if (!ok) {
		(void)err_set(err, ERR_NOT_FOUND, "no store %" PRId64, job->store_id);
	} else if (row) {
		row->path = memory_text(memory, job->path);
		set_state(row, IMPORT_OPEN, now_ms);
		*id = row->id;
		audit_job(memory, now_ms, row, "goes on");
	} else {
		struct import_job new = {
			.id = ++memory->last_import_id,
			.store_id = job->store_id,
			.rank = job->rank,
			.pull = job->pull,
			.path = memory_text(memory, job->path),
			.options = memory_text(memory, job->options),
			.fingerprint = job->fingerprint,
			.size = job->size,
			.per_minute = job->per_minute,
			.created_ms = now_ms,
			.changed_ms = now_ms,
		};

		*id = new.id;
		audit_job(memory, now_ms, insert(memory, &new), "begins");
	}
	memory_unlock(memory);
	return ok;
}

bool memory_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job,
			size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*job = ARENA_ARRAY(arena, memory->import.n, struct import_job);
	*n = 0;
	for (size_t i = 0; i < memory->import.n; i++)
		if (store_id == 0 || memory->import.at[i].store_id == store_id)
			(*job)[(*n)++] = job_dup(arena, &memory->import.at[i]);
	memory_unlock(memory);
	return true;
}

/* ---- step ---- */

static size_t count_rejects(const struct memory *memory, int64_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->reject.n; i++)
		n += memory->reject.at[i].import_id == id;
	return n;
}

static void keep_rejects(struct memory *memory, const struct import_step *step)
{
	size_t kept = count_rejects(memory, step->job_id);

	for (size_t i = 0; i < step->n_reject && kept < STORE_REJECTS_MAX; i++, kept++) {
		struct memory_reject *reject = LIST_ADD(&memory->reject);

		*reject = (struct memory_reject){ step->job_id, step->reject[i] };
		reject->row.column = memory_text(memory, reject->row.column);
		reject->row.why = memory_text(memory, reject->row.why);
	}
}

static void take_step(struct memory *memory, int64_t now_ms, struct import_job *job,
		      const struct import_step *step, struct inbox_receipt *receipt)
{
	for (size_t i = 0; i < step->n; i++) {
		receipt[i] = memory_append(memory, &step->record[i]);
		job->n_new += receipt[i].kind == INBOX_NEW;
		job->n_duplicate += receipt[i].kind == INBOX_DUPLICATE;
	}
	job->at = step->to;
	job->at.cursor = memory_text(memory, step->to.cursor);
	job->size = step->size > 0 ? step->size : job->size;
	job->reason = memory_text(memory, step->reason);
	job->n_read += step->n_read;
	job->n_mended += step->n_mended;
	job->n_rejected += (int64_t)step->n_reject;
	job->changed_ms = now_ms;
	keep_rejects(memory, step);
	job->due_ms = step->due_ms;
	job->attempts = step->attempts;
	if (step->state == IMPORT_OPEN)
		return;
	set_state(job, step->state, now_ms);
	job->reason = memory_text(memory, step->reason);
	audit_job(memory, now_ms, job, import_state_text(step->state));
}

bool memory_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			struct inbox_receipt *receipt, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct import_job *job = find_job(memory, step->job_id);
	bool ok = job && store_import_fits(job, step);

	if (ok)
		take_step(memory, now_ms, job, step, receipt);
	else
		(void)err_set(err, ERR_CONFLICT, "import %" PRId64 " is not open at this place",
			      step->job_id);
	memory_unlock(memory);
	return ok;
}

/* ---- people ---- */

bool memory_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
			  struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct import_job *job = find_job(memory, id);
	enum import_state after;
	bool ok = false;

	if (!job) {
		(void)err_set(err, ERR_NOT_FOUND, "import %" PRId64 " does not exist", id);
	} else if (!store_import_acts(job->state, change->action, &after)) {
		(void)err_set(err, ERR_CONFLICT, "import %" PRId64 " has ended", id);
	} else {
		ok = true;
		if (change->action == IMPORT_THROTTLE)
			job->per_minute = change->per_minute;
		if (after != job->state) {
			set_state(job, after, now_ms);
			audit_job(memory, now_ms, job, import_state_text(after));
		}
	}
	memory_unlock(memory);
	return ok;
}

bool memory_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject,
			   size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*reject = ARENA_ARRAY(arena, memory->reject.n, struct import_reject);
	*n = 0;
	for (size_t i = 0; i < memory->reject.n; i++) {
		struct import_reject row = memory->reject.at[i].row;

		if (memory->reject.at[i].import_id != id)
			continue;
		row.column = arena_dup(arena, row.column);
		row.why = arena_dup(arena, row.why);
		(*reject)[(*n)++] = row;
	}
	memory_unlock(memory);
	return true;
}

/* ---- forgetting ---- */

static void remove_job(struct memory *memory, size_t at)
{
	int64_t id = memory->import.at[at].id;

	LIST_REMOVE(&memory->import, at);
	for (size_t i = memory->reject.n; i-- > 0;)
		if (memory->reject.at[i].import_id == id)
			LIST_REMOVE(&memory->reject, i);
}

void memory_imports_forget(struct memory *memory, int64_t store_id)
{
	for (size_t i = memory->import.n; i-- > 0;)
		if (memory->import.at[i].store_id == store_id)
			remove_job(memory, i);
}

void memory_imports_drop(struct memory *memory, int64_t before_ms)
{
	for (size_t i = memory->import.n; i-- > 0;)
		if (store_import_ended(memory->import.at[i].state) &&
		    memory->import.at[i].changed_ms < before_ms)
			remove_job(memory, i);
}
