/*
 * The store's front: each verb goes to the backend behind the handle; texts of the enums.
 *
 * Does not: check arguments beyond what would be our own mistake (asserted), retry, or log.
 * Threads: as the backends, any thread.
 */
#include "store/store_rules.h"

#include "base/attr.h"

#include <assert.h>

#define TEXT_OF(table, value) ((size_t)(value) < ARRAY_LEN(table) ? (table)[value] : "unknown")

/* ---- texts ---- */

const char *klaviyo_kind_text(enum klaviyo_kind kind)
{
	static const char *const text[] = {
		[KLAVIYO_CATEGORY] = "category", [KLAVIYO_ITEM] = "item",	[KLAVIYO_VARIANT] = "variant",
		[KLAVIYO_EVENT] = "event",	 [KLAVIYO_PROFILE] = "profile", [KLAVIYO_CONSENT] = "consent",
		[KLAVIYO_NOTICE] = "notice",
	};
	return TEXT_OF(text, kind);
}

bool klaviyo_kind_is_catalog(enum klaviyo_kind kind)
{
	return kind <= KLAVIYO_VARIANT;
}

const char *delivery_op_text(enum delivery_op op)
{
	static const char *const text[] = {
		[DELIVERY_CREATE] = "create",
		[DELIVERY_UPDATE] = "update",
		[DELIVERY_DELETE] = "delete",
	};
	return TEXT_OF(text, op);
}

const char *priority_text(enum priority priority)
{
	static const char *const text[] = {
		[PRIORITY_REALTIME] = "realtime",
		[PRIORITY_RETRY] = "retry",
		[PRIORITY_REPLAY] = "replay",
		[PRIORITY_BACKFILL] = "backfill",
	};
	return TEXT_OF(text, priority);
}

const char *delivery_state_text(enum delivery_state state)
{
	static const char *const text[] = {
		[DELIVERY_READY] = "ready",	[DELIVERY_WAITING] = "waiting",
		[DELIVERY_SENDING] = "sending", [DELIVERY_ACCEPTED] = "accepted",
		[DELIVERY_FAILED] = "failed",	[DELIVERY_SKIPPED] = "skipped",
	};
	return TEXT_OF(text, state);
}

static const char *const role_text[] = {
	[USER_VIEWER] = "viewer",
	[USER_OPERATOR] = "operator",
	[USER_OWNER] = "owner",
};

const char *user_role_text(enum user_role role)
{
	return TEXT_OF(role_text, role);
}

bool user_role_parse(struct str text, enum user_role *out)
{
	for (size_t i = 0; i < ARRAY_LEN(role_text); i++) {
		if (!str_eq(text, str_from(role_text[i])))
			continue;
		*out = (enum user_role)i;
		return true;
	}
	return false;
}

const char *message_state_text(enum message_state state)
{
	static const char *const text[] = {
		[MESSAGE_PENDING] = "pending",	   [MESSAGE_MAPPED] = "mapped",
		[MESSAGE_IGNORED] = "ignored",	   [MESSAGE_FAILED] = "failed",
		[MESSAGE_DISCARDED] = "discarded",
	};
	return TEXT_OF(text, state);
}

const char *task_kind_text(enum task_kind kind)
{
	static const char *const text[TASK_KIND_COUNT] = { "reconcile", "replay" };

	return text[kind];
}

const char *found_verdict_text(enum found_verdict verdict)
{
	static const char *const text[FOUND_VERDICT_COUNT] = {
		[FOUND_READ] = "read",	     [FOUND_SAME] = "same",	  [FOUND_KEPT] = "kept",
		[FOUND_MOVING] = "moving",   [FOUND_FOREIGN] = "foreign", [FOUND_STALE] = "stale",
		[FOUND_MISSING] = "missing", [FOUND_ORPHAN] = "orphaned", [FOUND_DUPLICATE] = "duplicated",
	};

	return text[verdict];
}

const char *import_state_text(enum import_state state)
{
	static const char *const text[] = {
		[IMPORT_OPEN] = "open", [IMPORT_PAUSED] = "paused",	  [IMPORT_FAILED] = "failed",
		[IMPORT_DONE] = "done", [IMPORT_CANCELLED] = "cancelled",
	};
	return TEXT_OF(text, state);
}

static const char *const code_text[AUDIT_CODE_COUNT] = {
#define AUDIT_CODE_TEXT(code, name, text) [code] = text,
	AUDIT_CODES(AUDIT_CODE_TEXT)
#undef AUDIT_CODE_TEXT
};

static const char *const code_name[AUDIT_CODE_COUNT] = {
#define AUDIT_CODE_NAME(code, name, text) [code] = name,
	AUDIT_CODES(AUDIT_CODE_NAME)
#undef AUDIT_CODE_NAME
};

const char *audit_code_text(enum audit_code code)
{
	return TEXT_OF(code_text, code);
}

const char *audit_code_name(enum audit_code code)
{
	return TEXT_OF(code_name, code);
}

bool audit_code_parse(struct str name, enum audit_code *out)
{
	for (size_t i = 0; i < ARRAY_LEN(code_name); i++) {
		if (str_eq(name, str_from(code_name[i]))) {
			*out = (enum audit_code)i;
			return true;
		}
	}
	return false;
}

/* ---- verbs ---- */

bool db_open(const struct db_ops *ops, const struct db_config *config, struct db **out, struct err *err)
{
	return ops->open(config, out, err);
}

void db_close(struct db *db)
{
	if (db)
		db->ops->close(db);
}

bool db_config_version(struct db *db, int64_t *version, struct err *err)
{
	return db->ops->config_version(db, version, err);
}

bool db_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	return db->ops->config_load(db, arena, out, err);
}

bool db_config_change(struct db *db, const struct config_change *change, struct err *err)
{
	return db->ops->config_change(db, change, err);
}

bool db_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
		       struct config_history_row **row, size_t *n, struct err *err)
{
	assert(filter->max_n >= 1 && filter->max_n <= 1000);
	return db->ops->config_history(db, filter, arena, row, n, err);
}

bool db_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
		     struct inbox_receipt *receipt, struct err *err)
{
	assert(n >= 1 && n <= STORE_APPEND_MAX);
	return db->ops->inbox_append(db, record, n, receipt, err);
}

bool db_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
		    struct inbox_message **message, size_t *n, struct err *err)
{
	return db->ops->inbox_claim(db, max_n, max_bytes, arena, message, n, err);
}

bool db_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
		       struct err *err)
{
	return db->ops->inbox_complete(db, now_ms, result, n, err);
}

bool db_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err)
{
	return db->ops->inbox_get(db, id, arena, out, err);
}

bool db_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id, struct err *err)
{
	return db->ops->import_put(db, now_ms, job, id, err);
}

bool db_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job, size_t *n,
		    struct err *err)
{
	return db->ops->import_list(db, store_id, arena, job, n, err);
}

bool db_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
		    struct inbox_receipt *receipt, struct err *err)
{
	assert(step->n <= STORE_APPEND_MAX);
	return db->ops->import_step(db, now_ms, step, receipt, err);
}

bool db_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
		      struct err *err)
{
	return db->ops->import_change(db, now_ms, id, change, err);
}

bool db_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject,
		       size_t *n, struct err *err)
{
	return db->ops->import_rejects(db, id, arena, reject, n, err);
}

bool db_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err)
{
	assert(task->options.len <= STORE_TASK_TEXT_MAX);
	return db->ops->task_put(db, now_ms, task, id, err);
}

bool db_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n,
		  struct err *err)
{
	return db->ops->task_list(db, store_id, arena, task, n, err);
}

bool db_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten,
		  struct err *err)
{
	assert(step->to.len <= STORE_TASK_TEXT_MAX && step->report.len <= STORE_TASK_TEXT_MAX);
	return db->ops->task_step(db, now_ms, step, n_forgotten, err);
}

bool db_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err)
{
	return db->ops->task_change(db, now_ms, id, action, err);
}

bool db_replay_list(struct db *db, const struct replay_query *query, struct arena *arena,
		    struct replay_row **row, size_t *n, int64_t *day, int64_t *after_id, struct err *err)
{
	assert(query->max_n >= 1 && query->max_n <= 1000);
	return db->ops->replay_list(db, query, arena, row, n, day, after_id, err);
}

bool db_found_list(struct db *db, const struct found_query *query, struct arena *arena, struct found **found,
		   size_t *n, struct err *err)
{
	assert(query->n_key > 0 || (query->max_n >= 1 && query->max_n <= 1000));
	return db->ops->found_list(db, query, arena, found, n, err);
}

bool db_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n, struct arena *arena,
		     struct catalog_root **root, size_t *n, struct err *err)
{
	assert(max_n >= 1);
	return db->ops->catalog_walk(db, store_id, after, max_n, arena, root, n, err);
}

bool db_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err)
{
	return db->ops->catalog_history(db, store_id, max_n, n, err);
}

bool db_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
		      struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err)
{
	return db->ops->catalog_claim(db, now_ms, max_n, arena, root, n, next_due_ms, err);
}

bool db_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
		    struct catalog_root *out, struct err *err)
{
	return db->ops->catalog_get(db, store_id, root, arena, out, err);
}

bool db_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication,
			size_t n, struct err *err)
{
	return db->ops->catalog_publish(db, now_ms, publication, n, err);
}

bool db_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	return db->ops->catalog_sweep(db, now_ms, max_n, more, err);
}

bool db_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
		       struct str after, size_t max_n, struct arena *arena, struct str **id, size_t *n,
		       struct err *err)
{
	assert(max_n >= 1 && text.len >= 1 && (kind == ENTITY_PRODUCT || kind == ENTITY_CATEGORY));
	return db->ops->catalog_search(db, store_id, kind, text, after, max_n, arena, id, n, err);
}

bool db_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
		     struct catalog_match **match, size_t *n, struct err *err)
{
	return db->ops->catalog_find(db, store_id, text, arena, match, n, err);
}

bool db_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n, struct err *err)
{
	return db->ops->pressure(db, arena, row, n, err);
}

bool db_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n,
		     struct err *err)
{
	return db->ops->outbox_lanes(db, now_ms, arena, lane, n, err);
}

bool db_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
		     struct outbox_batch *batch, struct err *err)
{
	return db->ops->outbox_claim(db, now_ms, claim, arena, batch, err);
}

bool db_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err)
{
	return db->ops->outbox_job(db, now_ms, batch_id, job_id, err);
}

bool db_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
		      struct err *err)
{
	return db->ops->outbox_settle(db, now_ms, settlement, err);
}

bool db_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
		       size_t *n, struct err *err)
{
	return db->ops->outbox_recover(db, now_ms, arena, batch, n, err);
}

bool db_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena, struct str *value,
		   struct err *err)
{
	return db->ops->cursor_get(db, account_id, name, arena, value, err);
}

bool db_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row, size_t *n,
		    struct err *err)
{
	return db->ops->cursor_list(db, prefix, arena, row, n, err);
}

bool db_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n, struct err *err)
{
	return n == 0 || db->ops->cursor_put_all(db, now_ms, row, n, err);
}

bool db_cursor_put(struct db *db, int64_t now_ms, int64_t account_id, struct str name, struct str value,
		   struct err *err)
{
	return db_cursor_put_all(db, now_ms, &(struct cursor_row){ account_id, name, value }, 1, err);
}

bool db_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err)
{
	return db->ops->clock_note(db, now, back_ms, err);
}

bool db_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err)
{
	return db->ops->budget_load(db, arena, row, n, err);
}

bool db_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
		    struct failed_row **row, size_t *n, struct err *err)
{
	return db->ops->failed_list(db, filter, arena, row, n, err);
}

bool db_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change, size_t *n_changed,
		      struct err *err)
{
	return db->ops->failed_change(db, now_ms, change, n_changed, err);
}

bool db_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		   struct audit_row **row, size_t *n, struct err *err)
{
	if (!db->ops->audit_list(db, filter, arena, row, n, err))
		return false;
	if (filter->look)
		filter->look->reached_ms = store_id_ms(filter->look->next_id);
	return true;
}

bool db_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err)
{
	return db->ops->audit_append(db, row, n, err);
}

bool db_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena, struct held_row **row,
		  size_t *n, struct err *err)
{
	return db->ops->held_list(db, store_id, max_n, arena, row, n, err);
}

bool db_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out, struct err *err)
{
	return db->ops->delivery_get(db, id, arena, out, err);
}

bool db_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
		    struct person_page *page, struct err *err)
{
	assert(max_n >= 1);
	return db->ops->person_find(db, search, max_n, arena, page, err);
}

bool db_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err)
{
	return db->ops->summary(db, now_ms, arena, out, err);
}

bool db_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err)
{
	return db->ops->user_list(db, arena, row, n, err);
}

bool db_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id,
		    struct err *err)
{
	assert(change->row.name.len > 0 || change->kind != USER_PUT);
	return db->ops->user_change(db, now_ms, change, id, err);
}

bool db_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
		   struct user_row *user, struct err *err)
{
	return db->ops->grant_find(db, digest, arena, grant, user, err);
}

bool db_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n,
		   struct err *err)
{
	return db->ops->grant_list(db, user_id, arena, row, n, err);
}

bool db_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
		     struct err *err)
{
	return db->ops->grant_change(db, now_ms, change, id, err);
}

bool db_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err)
{
	return db->ops->conserve(db, arena, out, err);
}

void db_interrupt(struct db *db)
{
	db->ops->interrupt(db);
}

bool db_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		 struct err *err)
{
	return db->ops->maintain(db, now_ms, retention, more, err);
}

bool db_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	assert(max_n >= 1);
	return db->ops->person_purge(db, now_ms, max_n, more, err);
}
