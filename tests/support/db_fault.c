/*
 * The fault wrapper: counts verbs and fails the one that is asked for.
 */
#include "support/db_fault.h"

#include "base/alloc.h"

#include <stdatomic.h>

struct db_fault {
	struct db db;
	struct db *inner;
	atomic_int_fast64_t n_call;
	int64_t fail_at; /* the call that fails; 0 = none */
	enum db_fault_when when;
	enum err_code code;
	const char *_Atomic failed;
};

static const struct db_ops fault_ops;

static bool fails(struct db_fault *fault, int64_t call, enum db_fault_when when, const char *verb,
		  struct err *err)
{
	if (call != fault->fail_at || when != fault->when)
		return false;
	fault->failed = verb;
	(void)err_set(err, fault->code, "%s fails %s its effect, as asked for", verb,
		      when == DB_FAULT_BEFORE ? "before" : "after");
	return true;
}

#define VERB(verb, ...) \
	struct db_fault *fault = (struct db_fault *)db; \
	int64_t call = ++fault->n_call; \
	if (fails(fault, call, DB_FAULT_BEFORE, #verb, err)) \
		return false; \
	return db_##verb(__VA_ARGS__) && !fails(fault, call, DB_FAULT_AFTER, #verb, err)

static bool fault_config_version(struct db *db, int64_t *version, struct err *err)
{
	VERB(config_version, fault->inner, version, err);
}

static bool fault_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	VERB(config_load, fault->inner, arena, out, err);
}

static bool fault_config_change(struct db *db, const struct config_change *change, struct err *err)
{
	VERB(config_change, fault->inner, change, err);
}

static bool fault_config_history(struct db *db, const struct config_history_filter *filter,
				 struct arena *arena, struct config_history_row **row, size_t *n,
				 struct err *err)
{
	VERB(config_history, fault->inner, filter, arena, row, n, err);
}

static bool fault_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			       struct inbox_receipt *receipt, struct err *err)
{
	VERB(inbox_append, fault->inner, record, n, receipt, err);
}

static bool fault_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			      struct inbox_message **message, size_t *n, struct err *err)
{
	VERB(inbox_claim, fault->inner, max_n, max_bytes, arena, message, n, err);
}

static bool fault_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
				 struct err *err)
{
	VERB(inbox_complete, fault->inner, now_ms, result, n, err);
}

static bool fault_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
			    struct err *err)
{
	VERB(inbox_get, fault->inner, id, arena, out, err);
}

static bool fault_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id,
			     struct err *err)
{
	VERB(import_put, fault->inner, now_ms, job, id, err);
}

static bool fault_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job,
			      size_t *n, struct err *err)
{
	VERB(import_list, fault->inner, store_id, arena, job, n, err);
}

static bool fault_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			      struct inbox_receipt *receipt, struct err *err)
{
	VERB(import_step, fault->inner, now_ms, step, receipt, err);
}

static bool fault_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
				struct err *err)
{
	VERB(import_change, fault->inner, now_ms, id, change, err);
}

static bool fault_import_rejects(struct db *db, int64_t id, struct arena *arena,
				 struct import_reject **reject, size_t *n, struct err *err)
{
	VERB(import_rejects, fault->inner, id, arena, reject, n, err);
}

static bool fault_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id,
			   struct err *err)
{
	VERB(task_put, fault->inner, now_ms, task, id, err);
}

static bool fault_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task,
			    size_t *n, struct err *err)
{
	VERB(task_list, fault->inner, store_id, arena, task, n, err);
}

static bool fault_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten,
			    struct err *err)
{
	VERB(task_step, fault->inner, now_ms, step, n_forgotten, err);
}

static bool fault_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action,
			      struct err *err)
{
	VERB(task_change, fault->inner, now_ms, id, action, err);
}

static bool fault_replay_list(struct db *db, const struct replay_query *query, struct arena *arena,
			      struct replay_row **row, size_t *n, int64_t *day, int64_t *after_id,
			      struct err *err)
{
	VERB(replay_list, fault->inner, query, arena, row, n, day, after_id, err);
}

static bool fault_found_list(struct db *db, const struct found_query *query, struct arena *arena,
			     struct found **found, size_t *n, struct err *err)
{
	VERB(found_list, fault->inner, query, arena, found, n, err);
}

static bool fault_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n,
			       struct arena *arena, struct catalog_root **root, size_t *n, struct err *err)
{
	VERB(catalog_walk, fault->inner, store_id, after, max_n, arena, root, n, err);
}

static bool fault_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err)
{
	VERB(catalog_history, fault->inner, store_id, max_n, n, err);
}

static bool fault_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
				struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	VERB(catalog_claim, fault->inner, now_ms, max_n, arena, root, n, next_due_ms, err);
}

static bool fault_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			      struct catalog_root *out, struct err *err)
{
	VERB(catalog_get, fault->inner, store_id, root, arena, out, err);
}

static bool fault_catalog_publish(struct db *db, int64_t now_ms,
				  const struct catalog_publication *publication, size_t n, struct err *err)
{
	VERB(catalog_publish, fault->inner, now_ms, publication, n, err);
}

static bool fault_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	VERB(catalog_sweep, fault->inner, now_ms, max_n, more, err);
}

static bool fault_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
				 struct str after, size_t max_n, struct arena *arena, struct str **id,
				 size_t *n, struct err *err)
{
	VERB(catalog_search, fault->inner, store_id, kind, text, after, max_n, arena, id, n, err);
}

static bool fault_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			       struct catalog_match **match, size_t *n, struct err *err)
{
	VERB(catalog_find, fault->inner, store_id, text, arena, match, n, err);
}

static bool fault_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			       size_t *n, struct err *err)
{
	VERB(outbox_lanes, fault->inner, now_ms, arena, lane, n, err);
}

static bool fault_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim,
			       struct arena *arena, struct outbox_batch *batch, struct err *err)
{
	VERB(outbox_claim, fault->inner, now_ms, claim, arena, batch, err);
}

static bool fault_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id,
			     struct err *err)
{
	VERB(outbox_job, fault->inner, now_ms, batch_id, job_id, err);
}

static bool fault_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
				struct err *err)
{
	VERB(outbox_settle, fault->inner, now_ms, settlement, err);
}

static bool fault_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena,
				 struct outbox_batch **batch, size_t *n, struct err *err)
{
	VERB(outbox_recover, fault->inner, now_ms, arena, batch, n, err);
}

static bool fault_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
			     struct str *value, struct err *err)
{
	VERB(cursor_get, fault->inner, account_id, name, arena, value, err);
}

static bool fault_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			      size_t *n, struct err *err)
{
	VERB(cursor_list, fault->inner, prefix, arena, row, n, err);
}

static bool fault_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
				 struct err *err)
{
	VERB(cursor_put_all, fault->inner, now_ms, row, n, err);
}

static bool fault_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
			   struct err *err)
{
	VERB(pressure, fault->inner, arena, row, n, err);
}

static bool fault_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err)
{
	VERB(clock_note, fault->inner, now, back_ms, err);
}

static bool fault_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			      struct err *err)
{
	VERB(budget_load, fault->inner, arena, row, n, err);
}

static bool fault_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			      struct failed_row **row, size_t *n, struct err *err)
{
	VERB(failed_list, fault->inner, filter, arena, row, n, err);
}

static bool fault_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
				size_t *n_changed, struct err *err)
{
	VERB(failed_change, fault->inner, now_ms, change, n_changed, err);
}

static bool fault_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
			     struct audit_row **row, size_t *n, struct err *err)
{
	VERB(audit_list, fault->inner, filter, arena, row, n, err);
}

static bool fault_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err)
{
	VERB(audit_append, fault->inner, row, n, err);
}

static bool fault_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
			    struct held_row **row, size_t *n, struct err *err)
{
	VERB(held_list, fault->inner, store_id, max_n, arena, row, n, err);
}

static bool fault_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			       struct err *err)
{
	VERB(delivery_get, fault->inner, id, arena, out, err);
}

static bool fault_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			      struct person_page *page, struct err *err)
{
	VERB(person_find, fault->inner, search, max_n, arena, page, err);
}

static bool fault_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	VERB(person_purge, fault->inner, now_ms, max_n, more, err);
}

static bool fault_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out,
			  struct err *err)
{
	VERB(summary, fault->inner, now_ms, arena, out, err);
}

static bool fault_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n,
			    struct err *err)
{
	VERB(user_list, fault->inner, arena, row, n, err);
}

static bool fault_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id,
			      struct err *err)
{
	VERB(user_change, fault->inner, now_ms, change, id, err);
}

static bool fault_grant_find(struct db *db, struct digest16 digest, struct arena *arena,
			     struct grant_row *grant, struct user_row *user, struct err *err)
{
	VERB(grant_find, fault->inner, digest, arena, grant, user, err);
}

static bool fault_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row,
			     size_t *n, struct err *err)
{
	VERB(grant_list, fault->inner, user_id, arena, row, n, err);
}

static bool fault_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
			       struct err *err)
{
	VERB(grant_change, fault->inner, now_ms, change, id, err);
}

static bool fault_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err)
{
	VERB(conserve, fault->inner, arena, out, err);
}

static void fault_interrupt(struct db *db)
{
	db_interrupt(((struct db_fault *)db)->inner);
}

static bool fault_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
			   struct err *err)
{
	VERB(maintain, fault->inner, now_ms, retention, more, err);
}

static void fault_close(struct db *db)
{
	struct db_fault *fault = (struct db_fault *)db;

	db_close(fault->inner);
	mem_free(fault);
}

static const struct db_ops fault_ops = {
	.name = "fault",
	.close = fault_close,
	.config_version = fault_config_version,
	.config_load = fault_config_load,
	.config_change = fault_config_change,
	.config_history = fault_config_history,
	.inbox_append = fault_inbox_append,
	.inbox_claim = fault_inbox_claim,
	.inbox_complete = fault_inbox_complete,
	.inbox_get = fault_inbox_get,
	.import_put = fault_import_put,
	.import_list = fault_import_list,
	.import_step = fault_import_step,
	.import_change = fault_import_change,
	.import_rejects = fault_import_rejects,
	.task_put = fault_task_put,
	.task_list = fault_task_list,
	.task_step = fault_task_step,
	.task_change = fault_task_change,
	.found_list = fault_found_list,
	.replay_list = fault_replay_list,
	.catalog_walk = fault_catalog_walk,
	.catalog_history = fault_catalog_history,
	.catalog_claim = fault_catalog_claim,
	.catalog_get = fault_catalog_get,
	.catalog_publish = fault_catalog_publish,
	.catalog_sweep = fault_catalog_sweep,
	.catalog_find = fault_catalog_find,
	.catalog_search = fault_catalog_search,
	.outbox_lanes = fault_outbox_lanes,
	.outbox_claim = fault_outbox_claim,
	.outbox_job = fault_outbox_job,
	.outbox_settle = fault_outbox_settle,
	.outbox_recover = fault_outbox_recover,
	.budget_load = fault_budget_load,
	.cursor_get = fault_cursor_get,
	.cursor_list = fault_cursor_list,
	.cursor_put_all = fault_cursor_put_all,
	.pressure = fault_pressure,
	.clock_note = fault_clock_note,
	.failed_list = fault_failed_list,
	.failed_change = fault_failed_change,
	.audit_list = fault_audit_list,
	.audit_append = fault_audit_append,
	.held_list = fault_held_list,
	.delivery_get = fault_delivery_get,
	.person_find = fault_person_find,
	.summary = fault_summary,
	.user_list = fault_user_list,
	.user_change = fault_user_change,
	.grant_find = fault_grant_find,
	.grant_list = fault_grant_list,
	.grant_change = fault_grant_change,
	.conserve = fault_conserve,
	.interrupt = fault_interrupt,
	.maintain = fault_maintain,
	.person_purge = fault_person_purge,
};

void db_fault_wrap(struct db *db, struct db **out)
{
	struct db_fault *fault = mem_zalloc(1, sizeof(*fault));

	fault->db.ops = &fault_ops;
	fault->inner = db;
	fault->failed = "";
	*out = &fault->db;
}

int64_t db_fault_calls(struct db *db)
{
	return ((struct db_fault *)db)->n_call;
}

void db_fault_set(struct db *db, int64_t n, enum db_fault_when when, enum err_code code)
{
	struct db_fault *fault = (struct db_fault *)db;

	fault->fail_at = n > 0 ? fault->n_call + n : 0;
	fault->when = when;
	fault->code = code;
}

const char *db_fault_failed(struct db *db)
{
	return ((struct db_fault *)db)->failed;
}
