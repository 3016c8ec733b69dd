/*
 * SQLite backend: tasks, work that is done piece by piece.
 *
 * Keeps:   a task's place moves only together with what was done up to it.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

#define COLUMNS "id, store_id, kind, state, options, place, report, reason, since_id, created_ms, changed_ms"

static struct task_row read_task(const struct query *select, struct arena *arena)
{
	return (struct task_row){
		.id = get_int(select, 0),
		.store_id = get_int(select, 1),
		.kind = (enum task_kind)get_choice(select, 2, TASK_KIND_COUNT),
		.state = (enum import_state)get_choice(select, 3, IMPORT_CANCELLED + 1),
		.options = get_text(select, 4, arena),
		.place = get_text(select, 5, arena),
		.report = get_text(select, 6, arena),
		.reason = get_text(select, 7, arena),
		.since_id = get_int(select, 8),
		.created_ms = get_int(select, 9),
		.changed_ms = get_int(select, 10),
	};
}

static bool read_one(struct query *select, struct arena *arena, struct task_row *out)
{
	if (!query_row(select))
		return false;
	*out = read_task(select, arena);
	query_end(select);
	return true;
}

bool task_find(struct tx *tx, int64_t id, struct arena *arena, struct task_row *out)
{
	struct query select = query(tx, "SELECT " COLUMNS " FROM task WHERE id = ?1");

	put_int(&select, 1, id);
	return read_one(&select, arena, out);
}

static void audit_task(struct tx *tx, int64_t now_ms, const struct task_row *task, const char *what,
		       struct str reason, struct arena *arena)
{
	tx->now_ms = now_ms;
	audit_add(tx, &(struct audit_row){ .code = AUDIT_TASK_CHANGED,
					   .store_id = task->store_id,
					   .reason = store_text_task(arena, task->kind, what, reason) });
}

static void set_state(struct tx *tx, int64_t id, enum import_state state, struct str reason, int64_t now_ms)
{
	struct query update =
		query(tx, "UPDATE task SET state = ?2, reason = ?3, changed_ms = ?4 WHERE id = ?1");

	put_int(&update, 1, id);
	put_int(&update, 2, state);
	put_text(&update, 3, reason);
	put_int(&update, 4, now_ms);
	query_run(&update);
}

static bool refuse(struct tx *tx, enum err_code code, const char *why, int64_t id, struct err *err)
{
	if (tx->rc != SQLITE_OK)
		return tx_commit(tx, err);
	tx_abort(tx);
	return err_set(err, code, "task %" PRId64 " %s", id, why);
}

/* ---- put ---- */

static bool unfinished(struct tx *tx, const struct task_row *task, struct arena *arena, struct task_row *out)
{
	struct query select = query(tx, "SELECT " COLUMNS " FROM task WHERE store_id = ?1 AND kind = ?2"
					" AND state <= ?3 ORDER BY id LIMIT 1");

	put_int(&select, 1, task->store_id);
	put_int(&select, 2, task->kind);
	put_int(&select, 3, IMPORT_PAUSED);
	return read_one(&select, arena, out);
}

static void drop_old(struct tx *tx, const struct task_row *task)
{
	struct query remove = query(
		tx, "DELETE FROM task WHERE store_id = ?1 AND kind = ?2 AND state > ?3 AND id NOT IN"
		    " (SELECT id FROM task WHERE store_id = ?1 AND kind = ?2 AND state > ?3 ORDER BY id DESC"
		    " LIMIT ?4)");

	put_int(&remove, 1, task->store_id);
	put_int(&remove, 2, task->kind);
	put_int(&remove, 3, IMPORT_PAUSED);
	put_int(&remove, 4, STORE_TASKS_KEPT);
	query_run(&remove);
}

static int64_t insert(struct tx *tx, const struct task_row *task)
{
	struct query write = query(tx, "INSERT INTO task (store_id, kind, state, options, place, report,"
				       " reason, since_id, created_ms, changed_ms) VALUES"
				       " (?1, ?2, 0, ?3, '', '', '', ?4, ?5, ?5)");
	struct query last = query(tx, "SELECT seq FROM sqlite_sequence WHERE name = 'task'");

	put_int(&write, 1, task->store_id);
	put_int(&write, 2, task->kind);
	put_text(&write, 3, task->options);
	put_int(&write, 4, tx_last_id(tx));
	put_int(&write, 5, tx->now_ms);
	query_run(&write);
	return query_int(&last, 0);
}

bool sqlite_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err)
{
	struct task_row before;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_task_put, now_ms, err))
		return false;
	if (tx.rc == SQLITE_OK && account_of_store(&tx, task->store_id) == 0)
		return refuse(&tx, ERR_NOT_FOUND, "is for no store there is", 0, err);
	arena_init(&arena);
	if (!unfinished(&tx, task, &arena, &before)) {
		drop_old(&tx, task);
		*id = insert(&tx, task);
		audit_task(&tx, now_ms, task, "begins", task->reason, &arena);
		ok = tx_commit(&tx, err);
	} else if (str_eq(before.options, task->options)) {
		*id = before.id;
		set_state(&tx, before.id, IMPORT_OPEN, STR(""), now_ms);
		audit_task(&tx, now_ms, task, "goes on", task->reason, &arena);
		ok = tx_commit(&tx, err);
	} else {
		ok = refuse(&tx, ERR_CONFLICT, "of this store and kind is not done yet", before.id, err);
	}
	arena_release(&arena);
	return ok;
}

bool sqlite_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n,
		      struct err *err)
{
	struct query count, select;
	size_t max_n;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM task WHERE ?1 IN (0, store_id)");
	put_int(&count, 1, store_id);
	max_n = (size_t)query_int(&count, 0);
	*task = ARENA_ARRAY(arena, max_n, struct task_row);
	select = query(&tx,
		       "SELECT " COLUMNS " FROM task WHERE ?1 IN (0, store_id) ORDER BY store_id, kind, id");
	put_int(&select, 1, store_id);
	for (*n = 0; *n < max_n && query_row(&select); (*n)++)
		(*task)[*n] = read_task(&select, arena);
	query_end(&select);
	return tx_commit(&tx, err);
}

/* ---- step ---- */

static void move_task(struct tx *tx, const struct task_step *step, int64_t now_ms)
{
	struct query update =
		query(tx, "UPDATE task SET place = ?2, report = ?3, changed_ms = ?4 WHERE id = ?1");

	put_int(&update, 1, step->task_id);
	put_text(&update, 2, step->to);
	put_text(&update, 3, step->report);
	put_int(&update, 4, now_ms);
	query_run(&update);
}

/* Klaviyo has it, or not; nothing of it may be on its way. */
static void learn(struct tx *tx, int64_t account_id, const struct task_row *task,
		  const struct task_step *step, const struct found_learn *row, struct arena *arena)
{
	struct delivery key = { .account_id = account_id,
				.kind = row->key.kind,
				.external_id = row->key.external_id };
	struct delivery_row undone;
	struct sent_row sent;

	if (delivery_of_entity(tx, &key, 0, arena, &undone))
		return;
	if (sent_get(tx, account_id, row->key.kind, row->key.external_id, arena, &sent) &&
	    (sent.store_id == task->store_id ? store_learn_is_late(row, task, &sent.state)
					     : account_of_store(tx, sent.store_id) != 0))
		return;
	sent = sent_take(tx, account_id, row->key, task->store_id, row->root, arena);
	if (row->as_known)
		store_sent_forget(&sent.state);
	else
		store_sent_found(&sent.state, row->exists, row->parent_external_id);
	sent_put(tx, NULL, &sent);
	if (row->due)
		due_again(tx, task->store_id, row->root, tx_id(tx), step->priority);
}

static void take_step(struct tx *tx, int64_t now_ms, const struct task_row *task,
		      const struct task_step *step, size_t *n_forgotten, struct arena *arena)
{
	int64_t account_id = account_of_store(tx, task->store_id);

	for (size_t i = 0; i < step->n_found; i++)
		found_put(tx, step->task_id, &step->found[i]);
	for (size_t i = 0; i < step->n_link; i++)
		found_add_link(tx, step->task_id, &step->link[i]);
	for (size_t i = 0; i < step->n_learn; i++)
		learn(tx, account_id, task, step, &step->learn[i], arena);
	for (size_t i = 0; i < step->n_publication; i++)
		publish_now(tx, &step->publication[i], step->priority, arena);
	for (size_t i = 0; i < step->n_again; i++)
		message_replay(tx, task->store_id, step->again[i], step->priority, arena);
	*n_forgotten = found_forget(tx, task, step, arena);
	move_task(tx, step, now_ms);
	if (step->state == IMPORT_OPEN)
		return;
	set_state(tx, step->task_id, step->state, step->reason, now_ms);
	audit_task(tx, now_ms, task, import_state_text(step->state), step->reason, arena);
}

bool sqlite_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten,
		      struct err *err)
{
	struct task_row task;
	struct arena arena;
	struct tx tx;
	bool ok;

	*n_forgotten = 0;
	if (!tx_begin_write(&tx, db, CRASH_task_step, now_ms, err))
		return false;
	arena_init(&arena);
	if (task_find(&tx, step->task_id, &arena, &task) && store_task_fits(&task, step)) {
		take_step(&tx, now_ms, &task, step, n_forgotten, &arena);
		ok = tx_commit(&tx, err);
	} else {
		ok = refuse(&tx, ERR_CONFLICT, "is not open at this place", step->task_id, err);
	}
	arena_release(&arena);
	return ok;
}

/* ---- people ---- */

bool sqlite_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err)
{
	enum import_state after;
	struct task_row task;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_task_change, now_ms, err))
		return false;
	arena_init(&arena);
	if (!task_find(&tx, id, &arena, &task)) {
		ok = refuse(&tx, ERR_NOT_FOUND, "does not exist", id, err);
	} else if (!store_import_acts(task.state, action, &after)) {
		ok = refuse(&tx, ERR_CONFLICT, "has ended", id, err);
	} else {
		if (after != task.state) {
			set_state(&tx, id, after, STR(""), now_ms);
			audit_task(&tx, now_ms, &task, import_state_text(after), STR(""), &arena);
		}
		ok = tx_commit(&tx, err);
	}
	arena_release(&arena);
	return ok;
}

/* ---- for others ---- */

bool task_any_open(struct tx *tx)
{
	struct query select = query(tx, "SELECT 1 FROM task WHERE state = 0 LIMIT 1");

	return query_int(&select, 0) == 1;
}

void tasks_forget(struct tx *tx, int64_t store_id)
{
	struct query remove =
		query(tx, "DELETE FROM found WHERE task_id IN (SELECT id FROM task WHERE store_id = ?1)");

	put_int(&remove, 1, store_id);
	query_run(&remove);
	remove = query(tx, "DELETE FROM task WHERE store_id = ?1");
	put_int(&remove, 1, store_id);
	query_run(&remove);
}
