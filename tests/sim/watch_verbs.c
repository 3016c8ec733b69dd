/*
 * The store's verbs, each passed on; what is done with them is watch.c's. One function a verb, as a backend
 * has them.
 */
#include "sim/watch_internal.h"

#include "base/alloc.h"
#include "flow/flow_internal.h"
#include "sim/check.h"
#include "sim/timetable.h"

struct watch {
	struct db db;
	struct db *inner;
};

static const struct db_ops watch_ops;

#define VERB_THEN(verb, then, ...) \
	struct watch *watch = (struct watch *)db; \
	if (watch_is_busy(#verb, err) || !db_##verb(__VA_ARGS__)) \
		return false; \
	then; \
	return !watch_is_lost(#verb, err)

#define VERB(verb, ...) VERB_THEN(verb, (void)0, __VA_ARGS__)

static bool watch_config_version(struct db *db, int64_t *version, struct err *err)
{
	VERB(config_version, watch->inner, version, err);
}

static bool watch_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	VERB(config_load, watch->inner, arena, out, err);
}

static bool watch_config_change(struct db *db, const struct config_change *change, struct err *err)
{
	VERB(config_change, watch->inner, change, err);
}

static bool watch_config_history(struct db *db, const struct config_history_filter *filter,
				 struct arena *arena, struct config_history_row **row, size_t *n,
				 struct err *err)
{
	VERB(config_history, watch->inner, filter, arena, row, n, err);
}

static bool watch_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			       struct inbox_receipt *receipt, struct err *err)
{
	VERB_THEN(inbox_append, watch_saw_append(record, receipt, n), watch->inner, record, n, receipt, err);
}

static bool watch_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			      struct inbox_message **message, size_t *n, struct err *err)
{
	VERB(inbox_claim, watch->inner, max_n, max_bytes, arena, message, n, err);
}

static bool watch_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
				 struct err *err)
{
	VERB_THEN(inbox_complete, watch_saw_complete(now_ms, result, n), watch->inner, now_ms, result, n,
		  err);
}

static bool watch_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
			    struct err *err)
{
	VERB(inbox_get, watch->inner, id, arena, out, err);
}

static bool watch_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id,
			     struct err *err)
{
	timetable_before_pull(watch_inner(db), job);
	VERB_THEN(import_put, watch_saw_import(now_ms, job), watch->inner, now_ms, job, id, err);
}

static bool watch_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job,
			      size_t *n, struct err *err)
{
	VERB(import_list, watch->inner, store_id, arena, job, n, err);
}

static bool watch_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			      struct inbox_receipt *receipt, struct err *err)
{
	VERB_THEN(import_step, watch_saw_step(step, receipt), watch->inner, now_ms, step, receipt, err);
}

static bool watch_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
				struct err *err)
{
	VERB_THEN(import_change, timetable_saw_resume(now_ms, watch->inner, id), watch->inner, now_ms, id,
		  change, err);
}

static bool watch_import_rejects(struct db *db, int64_t id, struct arena *arena,
				 struct import_reject **reject, size_t *n, struct err *err)
{
	VERB(import_rejects, watch->inner, id, arena, reject, n, err);
}

static bool watch_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id,
			   struct err *err)
{
	timetable_before_task(watch_inner(db), task);
	VERB_THEN(task_put, watch_saw_task(now_ms, task), watch->inner, now_ms, task, id, err);
}

static bool watch_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task,
			    size_t *n, struct err *err)
{
	VERB(task_list, watch->inner, store_id, arena, task, n, err);
}

static bool watch_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten,
			    struct err *err)
{
	VERB_THEN(task_step, watch_saw_work("task_step", 1), watch->inner, now_ms, step, n_forgotten, err);
}

static bool watch_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action,
			      struct err *err)
{
	VERB(task_change, watch->inner, now_ms, id, action, err);
}

static bool watch_replay_list(struct db *db, const struct replay_query *query, struct arena *arena,
			      struct replay_row **row, size_t *n, int64_t *day, int64_t *after_id,
			      struct err *err)
{
	VERB(replay_list, watch->inner, query, arena, row, n, day, after_id, err);
}

static bool watch_found_list(struct db *db, const struct found_query *query, struct arena *arena,
			     struct found **found, size_t *n, struct err *err)
{
	VERB(found_list, watch->inner, query, arena, found, n, err);
}

static bool watch_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n,
			       struct arena *arena, struct catalog_root **root, size_t *n, struct err *err)
{
	VERB(catalog_walk, watch->inner, store_id, after, max_n, arena, root, n, err);
}

static bool watch_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
				struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	VERB_THEN(catalog_claim, timetable_saw_claim(*root, *n), watch->inner, now_ms, max_n, arena, root, n,
		  next_due_ms, err);
}

static bool watch_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			      struct catalog_root *out, struct err *err)
{
	VERB(catalog_get, watch->inner, store_id, root, arena, out, err);
}

static bool watch_catalog_publish(struct db *db, int64_t now_ms,
				  const struct catalog_publication *publication, size_t n, struct err *err)
{
	VERB_THEN(catalog_publish, watch_saw_publish(now_ms, publication, n), watch->inner, now_ms,
		  publication, n, err);
}

static bool watch_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err)
{
	VERB(catalog_history, watch->inner, store_id, max_n, n, err);
}

static bool watch_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	VERB(catalog_sweep, watch->inner, now_ms, max_n, more, err);
}

static bool watch_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
				 struct str after, size_t max_n, struct arena *arena, struct str **id,
				 size_t *n, struct err *err)
{
	VERB(catalog_search, watch->inner, store_id, kind, text, after, max_n, arena, id, n, err);
}

static bool watch_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			       struct catalog_match **match, size_t *n, struct err *err)
{
	VERB(catalog_find, watch->inner, store_id, text, arena, match, n, err);
}

static bool watch_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			       size_t *n, struct err *err)
{
	VERB(outbox_lanes, watch->inner, now_ms, arena, lane, n, err);
}

static bool watch_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim,
			       struct arena *arena, struct outbox_batch *batch, struct err *err)
{
	VERB_THEN(outbox_claim, watch_saw_claim(batch), watch->inner, now_ms, claim, arena, batch, err);
}

static bool watch_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id,
			     struct err *err)
{
	VERB_THEN(outbox_job, watch_saw_job(batch_id), watch->inner, now_ms, batch_id, job_id, err);
}

static bool watch_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
				struct err *err)
{
	VERB_THEN(outbox_settle, watch_saw_settle(settlement), watch->inner, now_ms, settlement, err);
}

static bool watch_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena,
				 struct outbox_batch **batch, size_t *n, struct err *err)
{
	VERB(outbox_recover, watch->inner, now_ms, arena, batch, n, err);
}

static bool watch_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
			     struct str *value, struct err *err)
{
	VERB(cursor_get, watch->inner, account_id, name, arena, value, err);
}

static bool watch_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			      size_t *n, struct err *err)
{
	VERB(cursor_list, watch->inner, prefix, arena, row, n, err);
}

static void saw_cursors(int64_t now_ms, const struct cursor_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		timetable_saw_state(now_ms, row[i].name);
		if (str_starts(row[i].name, STR(FLOW_CURSOR_BUDGET)))
			watch_saw_freeze(row[i].account_id,
					 str_skip(row[i].name, sizeof(FLOW_CURSOR_BUDGET) - 1));
	}
}

static bool watch_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
				 struct err *err)
{
	VERB_THEN(cursor_put_all, saw_cursors(now_ms, row, n), watch->inner, now_ms, row, n, err);
}

static bool watch_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
			   struct err *err)
{
	VERB(pressure, watch->inner, arena, row, n, err);
}

static bool watch_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err)
{
	VERB_THEN(clock_note, check_clock_back(*back_ms), watch->inner, now, back_ms, err);
}

static bool watch_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			      struct err *err)
{
	VERB(budget_load, watch->inner, arena, row, n, err);
}

static bool watch_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			      struct failed_row **row, size_t *n, struct err *err)
{
	VERB(failed_list, watch->inner, filter, arena, row, n, err);
}

static bool watch_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
				size_t *n_changed, struct err *err)
{
	VERB(failed_change, watch->inner, now_ms, change, n_changed, err);
}

static bool watch_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
			     struct audit_row **row, size_t *n, struct err *err)
{
	VERB(audit_list, watch->inner, filter, arena, row, n, err);
}

static bool watch_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err)
{
	VERB(audit_append, watch->inner, row, n, err);
}

static bool watch_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
			    struct held_row **row, size_t *n, struct err *err)
{
	VERB(held_list, watch->inner, store_id, max_n, arena, row, n, err);
}

static bool watch_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			       struct err *err)
{
	VERB(delivery_get, watch->inner, id, arena, out, err);
}

static bool watch_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			      struct person_page *page, struct err *err)
{
	VERB(person_find, watch->inner, search, max_n, arena, page, err);
}

static bool watch_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	VERB(person_purge, watch->inner, now_ms, max_n, more, err);
}

static bool watch_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out,
			  struct err *err)
{
	VERB(summary, watch->inner, now_ms, arena, out, err);
}

static bool watch_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err)
{
	VERB(conserve, watch->inner, arena, out, err);
}

static void watch_interrupt(struct db *db)
{
	db_interrupt(((struct watch *)db)->inner);
}

static bool watch_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
			   struct err *err)
{
	VERB(maintain, watch->inner, now_ms, retention, more, err);
}

static void watch_close(struct db *db)
{
	struct watch *watch = (struct watch *)db;

	db_close(watch->inner);
	mem_free(watch);
}

static const struct db_ops watch_ops = {
	.name = "watch",
	.close = watch_close,
	.config_version = watch_config_version,
	.config_load = watch_config_load,
	.config_change = watch_config_change,
	.config_history = watch_config_history,
	.inbox_append = watch_inbox_append,
	.inbox_claim = watch_inbox_claim,
	.inbox_complete = watch_inbox_complete,
	.inbox_get = watch_inbox_get,
	.import_put = watch_import_put,
	.import_list = watch_import_list,
	.import_step = watch_import_step,
	.import_change = watch_import_change,
	.import_rejects = watch_import_rejects,
	.task_put = watch_task_put,
	.task_list = watch_task_list,
	.task_step = watch_task_step,
	.task_change = watch_task_change,
	.replay_list = watch_replay_list,
	.found_list = watch_found_list,
	.catalog_walk = watch_catalog_walk,
	.catalog_claim = watch_catalog_claim,
	.catalog_get = watch_catalog_get,
	.catalog_publish = watch_catalog_publish,
	.catalog_history = watch_catalog_history,
	.catalog_sweep = watch_catalog_sweep,
	.catalog_find = watch_catalog_find,
	.catalog_search = watch_catalog_search,
	.outbox_lanes = watch_outbox_lanes,
	.outbox_claim = watch_outbox_claim,
	.outbox_job = watch_outbox_job,
	.outbox_settle = watch_outbox_settle,
	.outbox_recover = watch_outbox_recover,
	.budget_load = watch_budget_load,
	.cursor_get = watch_cursor_get,
	.cursor_list = watch_cursor_list,
	.cursor_put_all = watch_cursor_put_all,
	.pressure = watch_pressure,
	.clock_note = watch_clock_note,
	.failed_list = watch_failed_list,
	.failed_change = watch_failed_change,
	.audit_list = watch_audit_list,
	.audit_append = watch_audit_append,
	.held_list = watch_held_list,
	.delivery_get = watch_delivery_get,
	.person_find = watch_person_find,
	.summary = watch_summary,
	.conserve = watch_conserve,
	.interrupt = watch_interrupt,
	.maintain = watch_maintain,
	.person_purge = watch_person_purge,
};

void watch_wrap(struct db *inner, struct db **out)
{
	struct watch *watch = mem_zalloc(1, sizeof(*watch));

	watch->db.ops = &watch_ops;
	watch->inner = inner;
	*out = &watch->db;
}

struct db *watch_inner(struct db *db)
{
	return ((struct watch *)db)->inner;
}
