#ifndef PANNIER_FLOW_PULL_H
#define PANNIER_FLOW_PULL_H

#include "flow/flow.h"
#include "flow/telling.h"
#include "platform/platform.h"

/*
 * Pull: what shops hold, asked for page by page (platform/pull.h), into the inbox. A pull is an import (store/store_rows.h): its place is
 * the cursor, committed with the messages of the page; it is paused, resumed, throttled and cancelled as a file is, waits for room as
 * a file does, and goes on after whatever stopped it. Of a store one page is under way at a time, by kind; stores side by side.
 */
struct pull;

/* client: for URLs that come from outside (http_client_config.public_only). Borrows both; they must outlive it. */
struct pull *pull_open(struct flow_ctx *ctx, struct http_client *client);
/* Calls under way are given up; the next start asks again. NULL allowed. */
void pull_close(struct pull *pull);
/* Ends what was answered, starts what may start, waits in the client at most max_wait_ms. */
bool pull_run_once(struct pull *pull, int64_t max_wait_ms, struct flow_next *next, struct err *err) MUST_CHECK;

/* What is pulled. */
struct pull_wish {
	enum pull_kind kind;
	int64_t from_ms;           /* only what changed since, where the platform can say so; 0 = all */
	int64_t to_ms;             /* and before; 0 = all */
	/*
	 * What is new: it counts as if it had come by webhook just now, events that are not late start flows. Otherwise it is history, as
	 * in a file (import/import.h).
	 */
	bool live;
};

/*
 * A job for it. The same wish again, while it is not done, is the same job, which goes on. ERR_INVALID: the store is not set up for it, or
 * cannot be asked by date. Errors of db_import_put.
 */
bool pull_register(struct db *db, int64_t now_ms, const struct settings_store *store, const struct pull_wish *wish,
		   int64_t per_minute, int64_t *id, struct err *err) MUST_CHECK;
/* What pull_register wrote into the job's options. ERR_INVALID: it is not that. */
bool pull_wish_read(struct str options, struct pull_wish *out, struct err *err) MUST_CHECK;
/* Can the store be asked for this, as it is set up? ERR_INVALID says what is missing. *by_date (may be NULL): also by date. */
bool pull_offered(const struct settings_store *store, enum pull_kind kind, bool *by_date, struct err *err) MUST_CHECK;

/* What the first page says. */
struct pull_trial {
	struct str url;            /* that was asked last */
	int status;                /* of its answer */
	struct pull_page page;
	struct tellings told;      /* what Klaviyo would be told of the page */
};
/*
 * Asks for the first page, and takes nothing in. ERR_UNREACHABLE: there was no answer; ERR_INVALID: the settings make no request. client as
 * in pull_open. Everything in the arena.
 */
bool pull_try(struct flow_ctx *ctx, struct http_client *client, const struct settings_store *store, const struct pull_wish *wish,
	      struct arena *arena, struct pull_trial *out, struct err *err) MUST_CHECK;

#endif
