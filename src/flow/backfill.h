#ifndef PANNIER_FLOW_BACKFILL_H
#define PANNIER_FLOW_BACKFILL_H

#include "flow/flow.h"
#include "import/import.h"

/*
 * Backfill: files of history into the inbox, at the rate at which Klaviyo takes what becomes of them: while enough of it is on its
 * way nothing more is read, so that a few batches at most lie on our disk. A store's files are read one after the other, by kind;
 * stores in turn.
 */
struct backfill;

struct backfill *backfill_new(struct flow_ctx *ctx); /* borrowed */
void backfill_free(struct backfill *backfill); /* NULL allowed */
bool backfill_run_once(struct backfill *backfill, struct flow_next *next, struct err *err) MUST_CHECK;

/*
 * A job for the file: opened to see that it can be read, and kept with how to read it (options->now_ms, order_states: not kept). The
 * same unfinished file again is the same job. *kind: what it turned out to be. Errors of import_open and db_import_put.
 */
bool backfill_register(struct db *db, int64_t now_ms, int64_t store_id, const char *path, const struct import_options *options,
		       int64_t per_minute, int64_t *id, enum import_kind *kind, struct err *err) MUST_CHECK;

/* What tells a job's file, with how it is read, from all others; lines "" = no second file. *size: packed bytes of the first. */
bool backfill_fingerprint(struct str path, struct str lines, struct str options, struct digest16 *digest, int64_t *size,
			  struct err *err) MUST_CHECK;
/* How a job's file is read; texts in the arena. ERR_INVALID: not what backfill_register wrote. */
bool backfill_options(struct str text, struct arena *arena, struct import_options *out, struct err *err) MUST_CHECK;

#endif
