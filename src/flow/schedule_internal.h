#ifndef PANNIER_FLOW_SCHEDULE_INTERNAL_H
#define PANNIER_FLOW_SCHEDULE_INTERNAL_H

#include "flow/pull.h"
#include "flow/schedule.h"

#define SCHEDULE_IMPORTS_MAX 2 /* that one run begins */

/* How far a schedule of a store is; kept as JSON among the account's cursors. */
struct schedule_state {
	struct str when;           /* the schedule it is of */
	int64_t seen_ms;           /* when it was first seen */
	int64_t last_ms;           /* the newest run */
	int64_t began_ms;          /* the newest that began imports, or when the oldest of these began that went on */
	int64_t done_ms;           /* when the newest of those began that came to their end */
	int64_t import_id[SCHEDULE_IMPORTS_MAX]; /* of the newest run, until they are done */
	int64_t last_import_id;
};

bool schedule_state_read(struct db *db, const struct settings_store *store, enum schedule_kind kind, struct arena *arena,
			 struct schedule_state *out, struct err *err) MUST_CHECK;
bool schedule_state_write(struct flow_ctx *ctx, const struct settings_store *store, enum schedule_kind kind,
			  const struct schedule_state *state, struct arena *arena, struct err *err) MUST_CHECK;
/* Its times up to here are done. */
int64_t schedule_since_ms(const struct schedule_state *state);
/* What is asked of the shop for it; how many. */
size_t schedule_pulls(enum schedule_kind kind, enum pull_kind pull[static SCHEDULE_IMPORTS_MAX]);

#endif
