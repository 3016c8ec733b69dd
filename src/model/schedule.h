#ifndef PANNIER_MODEL_SCHEDULE_H
#define PANNIER_MODEL_SCHEDULE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/zone.h"

/*
 * When things are done, per kind: at once, every so many minutes, or at a time of day in a zone. As text:
 *
 *   "zoey"                                               a preset
 *   "events=every 5 min, products=03:00 Europe/Vienna"   kinds; those not named are as before
 *   "zoey, reconcile=Sun 05:00 UTC"                      one after the other
 *
 * WHEN is realtime, off, "every N min", or "[DAY ]HH:MM[ ZONE]" (zone.h; UTC if none is named).
 */

/* name, its word, what it is when nothing is said */
#define SCHEDULE_KINDS(X) \
	X(SCHEDULE_EVENTS, "events", SCHEDULE_REALTIME) \
	X(SCHEDULE_SUBSCRIBERS, "subscribers", SCHEDULE_REALTIME) \
	X(SCHEDULE_CATEGORIES, "categories", SCHEDULE_REALTIME) \
	X(SCHEDULE_PRODUCTS, "products", SCHEDULE_REALTIME) \
	X(SCHEDULE_VARIANTS, "variants", SCHEDULE_REALTIME) \
	X(SCHEDULE_RECONCILE, "reconcile", SCHEDULE_OFF)

enum schedule_kind {
#define SCHEDULE_KIND_ENUM(name, text, otherwise) name,
	SCHEDULE_KINDS(SCHEDULE_KIND_ENUM)
#undef SCHEDULE_KIND_ENUM
	SCHEDULE_KIND_COUNT
};
const char *schedule_kind_text(enum schedule_kind kind);

enum schedule_mode { SCHEDULE_REALTIME, SCHEDULE_OFF, SCHEDULE_EVERY, SCHEDULE_DAILY };

struct schedule {
	enum schedule_mode mode;
	int64_t every_ms;          /* EVERY; counted from 1970, so that all nodes agree */
	int minute;                /* DAILY: of the local day */
	int weekday;               /* DAILY: 0 = Sunday, -1 = each day */
	struct zone zone;
	struct str zone_name;      /* as it was written */
};

struct schedules {
	struct schedule of[SCHEDULE_KIND_COUNT];
};

/* What nothing says otherwise. */
void schedules_init(struct schedules *out);
/* What the text says, over what is there. ERR_INVALID says what is wrong. Everything in the arena. */
bool schedules_read(struct str text, struct arena *arena, struct schedules *schedules, struct err *err) MUST_CHECK;

/*
 * The first time after at_ms that it is due; INT64_MAX: never by the clock (realtime, off). A time of day that a change of clocks
 * leaps over is at the leap; one that comes twice counts once.
 */
int64_t schedule_next_ms(const struct schedule *schedule, int64_t at_ms);
/* "every 5 min", "Sun 05:00 Europe/Vienna": what schedules_read reads as the same. In the arena. */
struct str schedule_text(const struct schedule *schedule, struct arena *arena);

#endif
