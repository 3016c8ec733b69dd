#ifndef PANNIER_FLOW_SCHEDULE_H
#define PANNIER_FLOW_SCHEDULE_H

#include "flow/flow.h"
#include "model/schedule.h"
#include "platform/pull.h"

/*
 * Schedules: what is not told at once, and what is asked of shops by the clock.
 *
 * What a shop sends of a kind whose schedule is not realtime is told at its times (publish.c), merged to what is true then; history goes
 * its own way, and who leaves is told at once. Where the shop can be asked, it is asked at these times for what is new (pull.h).
 * Times that passed while nothing ran are caught up once.
 */

/* A store's own schedules over those of its account. Everything in the arena. */
void flow_schedules(const struct settings_store *store, struct arena *arena, struct schedules *out);
/* Is any of what the shop sends told later than at once? */
bool flow_schedules_hold(const struct schedules *schedules);
/* The schedule of a kind of delivery; SCHEDULE_KIND_COUNT: there is none. */
enum schedule_kind flow_schedule_of(enum klaviyo_kind kind, enum delivery_op op);

/* ---- what is done by the clock ---- */

struct schedule_run; /* one per process */
struct schedule_run *schedule_new(struct flow_ctx *ctx); /* borrowed */
void schedule_free(struct schedule_run *run); /* NULL allowed */
bool schedule_run_once(struct schedule_run *run, struct flow_next *next, struct err *err) MUST_CHECK;

/* One schedule of a store, for people. */
struct schedule_view {
	enum schedule_kind kind;
	struct str when;           /* "every 5 min" */
	bool asks;                 /* the shop is asked for it by the clock */
	int64_t last_ms;           /* when it was last done; 0 = not yet, or it is realtime */
	int64_t next_ms;           /* 0 = not by the clock */
	int64_t import_id;         /* of the newest run that asked the shop; 0 = none */
	bool running;
};
bool schedule_read(struct db *db, const struct settings_store *store, int64_t now_ms, struct arena *arena,
		   struct schedule_view out[static SCHEDULE_KIND_COUNT], struct err *err) MUST_CHECK;

#endif
