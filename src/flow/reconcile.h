#ifndef PANNIER_FLOW_RECONCILE_H
#define PANNIER_FLOW_RECONCILE_H

#include "flow/flow.h"

/*
 * Reconcile: does Klaviyo hold of the catalog exactly what the shop holds? A task of the store (store_task.h): what Klaviyo has is read
 * page by page, within the account's limits and beside all that is sent; then compared with what Pannier knows of the shop. With `fix`
 * what is missing or stale is told again, and what is orphaned is deleted, by the road that everything takes: publish, deliver.
 *
 * Of each kind: categories, items, variants. Never touched is what other stores of the account told, what has the id_prefix of
 * another store, and what is not in the catalog that Pannier writes. What changed since the task began is left out.
 */
#define RECONCILE_KINDS KLAVIYO_EVENT /* kinds before this one */

struct reconcile_options {
	unsigned kinds;            /* bits 1 << enum klaviyo_kind; 0 = all */
	bool fix;
	bool confirmed;            /* delete however much it is; otherwise at most RECONCILE_DELETE_PERCENT of what Klaviyo holds */
};
#define RECONCILE_DELETE_PERCENT 20

/*
 * Begins a task; the same again goes on with it. by: who asked, for the audit ("by ann", "by its schedule"). ERR_NOT_FOUND: no such store;
 * ERR_CONFLICT: another one of the store is not done yet.
 */
bool reconcile_start(struct db *db, int64_t now_ms, int64_t store_id, const struct reconcile_options *options, struct str by,
		     int64_t *id, struct err *err) MUST_CHECK;

/* What a task found so far. */
struct reconcile_report {
	int64_t n[RECONCILE_KINDS][FOUND_VERDICT_COUNT];
	int64_t n_there;           /* of the store, at Klaviyo */
	int64_t n_request;
	int64_t n_told;            /* again: missing and stale ones */
	int64_t n_deleted;         /* on their way to be */
	int64_t n_withheld;        /* that would have been deleted, but are too many */
	bool ambiguous;            /* another store of the account has the same id_prefix: nothing is an orphan */
};
/* Of the kinds together. */
int64_t reconcile_count(const struct reconcile_report *report, enum found_verdict verdict);
/* Of missing, stale, orphaned and duplicated ones. */
int64_t reconcile_differ(const struct reconcile_report *report);

struct reconcile_view {
	struct reconcile_options options;
	const char *stage;         /* "read items" */
	struct reconcile_report report;
};
/* A TASK_RECONCILE as people see it. */
void reconcile_read(const struct task_row *task, struct reconcile_view *out);
/* The newest task of a store; id 0 = none. */
bool reconcile_last(struct db *db, int64_t store_id, struct arena *arena, struct task_row *out, struct err *err) MUST_CHECK;

struct reconcile;

/* Borrows both; the client belongs to it. */
struct reconcile *reconcile_open(struct flow_ctx *ctx, struct http_client *client);
void reconcile_close(struct reconcile *reconcile); /* NULL allowed; a call under way is given up, and made again */
/* A piece of one task; while a request is under way it waits in the client, at most max_wait_ms. */
bool reconcile_run_once(struct reconcile *reconcile, int64_t max_wait_ms, struct flow_next *next, struct err *err) MUST_CHECK;

#endif
