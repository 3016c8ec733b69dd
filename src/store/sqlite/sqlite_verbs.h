#ifndef PANNIER_STORE_SQLITE_SQLITE_VERBS_H
#define PANNIER_STORE_SQLITE_SQLITE_VERBS_H

#include "store/store.h"

#include <sqlite3.h>

/* The verbs of store.h, one function each; the table of them is in sqlite.c. */

bool sqlite_config_version(struct db *db, int64_t *version, struct err *err);
bool sqlite_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err);
bool sqlite_config_change(struct db *db, const struct config_change *change, struct err *err);
bool sqlite_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			   struct config_history_row **row, size_t *n, struct err *err);
bool sqlite_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err);
bool sqlite_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err);
bool sqlite_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			   struct err *err);
bool sqlite_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
		      struct err *err);
bool sqlite_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id, struct err *err);
bool sqlite_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job, size_t *n,
			struct err *err);
bool sqlite_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			struct inbox_receipt *receipt, struct err *err);
bool sqlite_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
			  struct err *err);
bool sqlite_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject,
			   size_t *n, struct err *err);
bool sqlite_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err);
bool sqlite_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n, struct err *err);
bool sqlite_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten, struct err *err);
bool sqlite_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err);
bool sqlite_replay_list(struct db *db, const struct replay_query *wanted, struct arena *arena, struct replay_row **row,
			size_t *n, int64_t *day, int64_t *after_id, struct err *err);
bool sqlite_found_list(struct db *db, const struct found_query *wanted, struct arena *arena, struct found **found, size_t *n,
		  struct err *err);
bool sqlite_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err);
bool sqlite_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n, struct arena *arena,
		    struct catalog_root **root, size_t *n, struct err *err);
bool sqlite_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			  struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err);
bool sqlite_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			struct catalog_root *out, struct err *err);
bool sqlite_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication,
			    size_t n, struct err *err);
bool sqlite_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);
bool sqlite_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			 struct catalog_match **match, size_t *n, struct err *err);
bool sqlite_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text, struct str after,
			   size_t max_n, struct arena *arena, struct str **id, size_t *n, struct err *err);
/* The SQL function that a step of the schema needs (sqlite_search.c). */
int sqlite_words_function(sqlite3 *handle);
bool sqlite_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
		     struct err *err);
bool sqlite_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			 size_t *n, struct err *err);
bool sqlite_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			 struct outbox_batch *batch, struct err *err);
bool sqlite_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err);
bool sqlite_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			  struct err *err);
bool sqlite_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
			   size_t *n, struct err *err);
bool sqlite_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			struct err *err);
bool sqlite_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
		       struct str *value, struct err *err);
bool sqlite_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			size_t *n, struct err *err);
bool sqlite_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
			   struct err *err);
bool sqlite_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err);
bool sqlite_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			struct failed_row **row, size_t *n, struct err *err);
bool sqlite_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
			  size_t *n_changed, struct err *err);
bool sqlite_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		       struct audit_row **row, size_t *n, struct err *err);
bool sqlite_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err);
bool sqlite_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
		      struct held_row **row, size_t *n, struct err *err);
bool sqlite_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			 struct err *err);
bool sqlite_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err);
bool sqlite_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id, struct err *err);
bool sqlite_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
			struct user_row *user, struct err *err);
bool sqlite_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n, struct err *err);
bool sqlite_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id, struct err *err);
bool sqlite_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err);
bool sqlite_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err);
void sqlite_interrupt(struct db *db);
bool sqlite_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		     struct err *err);
bool sqlite_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			struct person_page *page, struct err *err);
bool sqlite_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);

#endif
