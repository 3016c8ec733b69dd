/*
 * SQLite backend: imports, files of history on their way into the inbox.
 *
 * Keeps:   a job's place moves only together with the messages that were read up to it.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

#define COLUMNS \
	"id, store_id, rank, path, options, fingerprint, size, state, reason, per_minute, position, line," \
	" lines_position, lines_line, used, n_read, n_new, n_duplicate, n_mended, n_rejected, created_ms, " \
	"changed_ms, pull, cursor, due_ms, attempts"

static struct import_job read_job(const struct query *select, struct arena *arena)
{
	return (struct import_job){
		.id = get_int(select, 0),
		.store_id = get_int(select, 1),
		.rank = (int)get_int(select, 2),
		.path = get_text(select, 3, arena),
		.options = get_text(select, 4, arena),
		.fingerprint = get_digest(select, 5),
		.size = get_int(select, 6),
		.state = (enum import_state)get_choice(select, 7, IMPORT_CANCELLED + 1),
		.reason = get_text(select, 8, arena),
		.per_minute = get_int(select, 9),
		.at = { get_int(select, 10), get_int(select, 11), get_int(select, 12), get_int(select, 13),
			get_int(select, 14), get_text(select, 23, arena) },
		.n_read = get_int(select, 15),
		.n_new = get_int(select, 16),
		.n_duplicate = get_int(select, 17),
		.n_mended = get_int(select, 18),
		.n_rejected = get_int(select, 19),
		.created_ms = get_int(select, 20),
		.changed_ms = get_int(select, 21),
		.pull = get_bool(select, 22),
		.due_ms = get_int(select, 24),
		.attempts = (int)get_int(select, 25),
	};
}

static bool find_job(struct tx *tx, int64_t id, struct arena *arena, struct import_job *out)
{
	struct query select = query(tx, "SELECT " COLUMNS " FROM import WHERE id = ?1");

	put_int(&select, 1, id);
	if (!query_row(&select))
		return false;
	*out = read_job(&select, arena);
	query_end(&select);
	return true;
}

static void audit_job(struct tx *tx, int64_t now_ms, const struct import_job *job, const char *what,
		      struct str reason, struct arena *arena)
{
	tx->now_ms = now_ms;
	audit_add(tx, &(struct audit_row){ .code = AUDIT_IMPORT_CHANGED,
					   .store_id = job->store_id,
					   .reason = store_text_import(arena, job->path, what, reason) });
}

static void set_state(struct tx *tx, int64_t id, enum import_state state, struct str reason, int64_t now_ms)
{
	struct query update = query(
		tx, "UPDATE import SET state = ?2, reason = ?3, changed_ms = ?4, due_ms = 0, attempts = 0"
		    " WHERE id = ?1");

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
	return err_set(err, code, "import %" PRId64 " %s", id, why);
}

/* ---- put ---- */

static int64_t unfinished(struct tx *tx, const struct import_job *job)
{
	struct query select =
		query(tx, "SELECT id FROM import WHERE store_id = ?1 AND fingerprint = ?2 AND state <= ?3"
			  " ORDER BY rank, id LIMIT 1");

	put_int(&select, 1, job->store_id);
	put_digest(&select, 2, &job->fingerprint);
	put_int(&select, 3, IMPORT_FAILED);
	return query_int(&select, 0);
}

static int64_t insert(struct tx *tx, const struct import_job *job)
{
	struct query write = query(
		tx, "INSERT INTO import (store_id, rank, path, options, fingerprint, size, state, reason,"
		    " per_minute, created_ms, changed_ms, pull)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '', ?7, ?8, ?8, ?9)");
	struct query last = query(tx, "SELECT seq FROM sqlite_sequence WHERE name = 'import'");

	put_int(&write, 1, job->store_id);
	put_int(&write, 2, job->rank);
	put_text(&write, 3, job->path);
	put_text(&write, 4, job->options);
	put_digest(&write, 5, &job->fingerprint);
	put_int(&write, 6, job->size);
	put_int(&write, 7, job->per_minute);
	put_int(&write, 8, tx->now_ms);
	put_bool(&write, 9, job->pull);
	query_run(&write);
	return query_int(&last, 0);
}

static void go_on(struct tx *tx, int64_t id, struct str path)
{
	struct query update = query(tx, "UPDATE import SET path = ?2 WHERE id = ?1");

	put_int(&update, 1, id);
	put_text(&update, 2, path);
	query_run(&update);
	set_state(tx, id, IMPORT_OPEN, STR(""), tx->now_ms);
}

bool sqlite_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id,
		       struct err *err)
{
	struct arena arena;
	int64_t before;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_import_put, now_ms, err))
		return false;
	if (tx.rc == SQLITE_OK && account_of_store(&tx, job->store_id) == 0)
		return refuse(&tx, ERR_NOT_FOUND, "is for no store there is", 0, err);
	arena_init(&arena);
	before = unfinished(&tx, job);
	if (before != 0)
		go_on(&tx, before, job->path);
	*id = before != 0 ? before : insert(&tx, job);
	audit_job(&tx, now_ms, job, before != 0 ? "goes on" : "begins", STR(""), &arena);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}

bool sqlite_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job,
			size_t *n, struct err *err)
{
	struct query count, select;
	size_t max_n;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM import WHERE ?1 IN (0, store_id)");
	put_int(&count, 1, store_id);
	max_n = (size_t)query_int(&count, 0);
	*job = ARENA_ARRAY(arena, max_n, struct import_job);
	select = query(&tx, "SELECT " COLUMNS
			    " FROM import WHERE ?1 IN (0, store_id) ORDER BY store_id, rank, id");
	put_int(&select, 1, store_id);
	for (*n = 0; *n < max_n && query_row(&select); (*n)++)
		(*job)[*n] = read_job(&select, arena);
	query_end(&select);
	return tx_commit(&tx, err);
}

/* ---- step ---- */

static void keep_rejects(struct tx *tx, const struct import_step *step)
{
	struct query count = query(tx, "SELECT count(*) FROM import_reject WHERE import_id = ?1");
	int64_t kept;

	put_int(&count, 1, step->job_id);
	kept = query_int(&count, 0);
	for (size_t i = 0; i < step->n_reject && kept < STORE_REJECTS_MAX; i++, kept++) {
		struct query write =
			query(tx, "INSERT INTO import_reject (import_id, line, in_lines, name, why)"
				  " VALUES (?1, ?2, ?3, ?4, ?5)");

		put_int(&write, 1, step->job_id);
		put_int(&write, 2, step->reject[i].line);
		put_bool(&write, 3, step->reject[i].in_lines);
		put_text(&write, 4, step->reject[i].column);
		put_text(&write, 5, step->reject[i].why);
		query_run(&write);
	}
}

static void move_job(struct tx *tx, const struct import_step *step, int64_t n_new, int64_t now_ms)
{
	struct query update = query(
		tx,
		"UPDATE import SET position = ?2, line = ?3, lines_position = ?4, lines_line = ?5, used = ?6,"
		" n_read = n_read + ?7, n_new = n_new + ?8, n_duplicate = n_duplicate + ?9,"
		" n_mended = n_mended + ?10, n_rejected = n_rejected + ?11, changed_ms = ?12, cursor = ?13,"
		" due_ms = ?14, attempts = ?15, reason = ?16, size = iif(?17 > 0, ?17, size) WHERE id = ?1");

	put_int(&update, 1, step->job_id);
	put_int(&update, 2, step->to.position);
	put_int(&update, 3, step->to.line);
	put_int(&update, 4, step->to.lines_position);
	put_int(&update, 5, step->to.lines_line);
	put_int(&update, 6, step->to.used);
	put_int(&update, 7, step->n_read);
	put_int(&update, 8, n_new);
	put_int(&update, 9, (int64_t)step->n - n_new);
	put_int(&update, 10, step->n_mended);
	put_int(&update, 11, (int64_t)step->n_reject);
	put_int(&update, 12, now_ms);
	put_text(&update, 13, step->to.cursor);
	put_int(&update, 14, step->due_ms);
	put_int(&update, 15, step->attempts);
	put_text(&update, 16, step->reason);
	put_int(&update, 17, step->size);
	query_run(&update);
}

static void take_step(struct tx *tx, int64_t now_ms, const struct import_job *job,
		      const struct import_step *step, struct inbox_receipt *receipt, struct arena *arena)
{
	int64_t n_new = 0;

	if (step->n > 0)
		append_records(tx, step->record, step->n, receipt);
	for (size_t i = 0; i < step->n && tx->rc == SQLITE_OK; i++)
		n_new += receipt[i].kind == INBOX_NEW;
	move_job(tx, step, n_new, now_ms);
	if (step->n_reject > 0)
		keep_rejects(tx, step);
	if (step->state == IMPORT_OPEN)
		return;
	set_state(tx, step->job_id, step->state, step->reason, now_ms);
	audit_job(tx, now_ms, job, import_state_text(step->state), step->reason, arena);
}

bool sqlite_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			struct inbox_receipt *receipt, struct err *err)
{
	struct import_job job;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_import_step, now_ms, err))
		return false;
	arena_init(&arena);
	if (find_job(&tx, step->job_id, &arena, &job) && store_import_fits(&job, step)) {
		take_step(&tx, now_ms, &job, step, receipt, &arena);
		ok = tx_commit(&tx, err);
	} else {
		ok = refuse(&tx, ERR_CONFLICT, "is not open at this place", step->job_id, err);
	}
	arena_release(&arena);
	return ok;
}

/* ---- people ---- */

static void throttle(struct tx *tx, int64_t id, int64_t per_minute)
{
	struct query update = query(tx, "UPDATE import SET per_minute = ?2 WHERE id = ?1");

	put_int(&update, 1, id);
	put_int(&update, 2, per_minute);
	query_run(&update);
}

bool sqlite_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
			  struct err *err)
{
	enum import_state after;
	struct import_job job;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_import_change, now_ms, err))
		return false;
	arena_init(&arena);
	if (!find_job(&tx, id, &arena, &job)) {
		ok = refuse(&tx, ERR_NOT_FOUND, "does not exist", id, err);
	} else if (!store_import_acts(job.state, change->action, &after)) {
		ok = refuse(&tx, ERR_CONFLICT, "has ended", id, err);
	} else {
		if (change->action == IMPORT_THROTTLE)
			throttle(&tx, id, change->per_minute);
		if (after != job.state) {
			set_state(&tx, id, after, STR(""), now_ms);
			audit_job(&tx, now_ms, &job, import_state_text(after), STR(""), &arena);
		}
		ok = tx_commit(&tx, err);
	}
	arena_release(&arena);
	return ok;
}

bool sqlite_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject,
			   size_t *n, struct err *err)
{
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*reject = ARENA_ARRAY(arena, STORE_REJECTS_MAX, struct import_reject);
	select = query(
		&tx, "SELECT line, in_lines, name, why FROM import_reject WHERE import_id = ?1 ORDER BY id");
	put_int(&select, 1, id);
	for (*n = 0; *n < STORE_REJECTS_MAX && query_row(&select); (*n)++)
		(*reject)[*n] =
			(struct import_reject){ get_int(&select, 0), get_bool(&select, 1),
						get_text(&select, 2, arena), get_text(&select, 3, arena) };
	query_end(&select);
	return tx_commit(&tx, err);
}

/* ---- for others ---- */

bool import_any_open(struct tx *tx)
{
	struct query select = query(tx, "SELECT 1 FROM import WHERE state = 0 LIMIT 1");

	return query_int(&select, 0) == 1;
}

static void drop_rejects(struct tx *tx)
{
	struct query remove =
		query(tx, "DELETE FROM import_reject WHERE import_id NOT IN (SELECT id FROM import)");

	query_run(&remove);
}

void imports_forget(struct tx *tx, int64_t store_id)
{
	struct query remove = query(tx, "DELETE FROM import WHERE store_id = ?1");

	put_int(&remove, 1, store_id);
	query_run(&remove);
	drop_rejects(tx);
}

bool imports_old(struct tx *tx, int64_t before_ms)
{
	struct query select = query(tx, "SELECT 1 FROM import WHERE state >= 3 AND changed_ms < ?1 LIMIT 1");

	put_int(&select, 1, before_ms);
	return query_int(&select, 0) == 1;
}

bool imports_drop(struct tx *tx, int64_t before_ms)
{
	struct query remove = query(tx, "DELETE FROM import WHERE state >= 3 AND changed_ms < ?1");

	if (!imports_old(tx, before_ms))
		return false;
	put_int(&remove, 1, before_ms);
	query_run(&remove);
	drop_rejects(tx);
	return false;
}
