#ifndef PANNIER_BASE_ZONE_H
#define PANNIER_BASE_ZONE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/*
 * Time zones: from the system's database (TZif files, RFC 9636), "UTC", or a fixed offset "+01:00". Seconds are Unix seconds; local
 * seconds are those that a clock there would show, as if it were UTC.
 */

/* When an offset begins, in a year (the footer of a TZif file). */
struct zone_day {
	char form;                 /* 'M' week of a month, 'J' day without 29 February, 'N' day with it */
	int month, week, day;      /* M; of J and N only day */
	int32_t time_s;            /* of the local clock before */
};

struct zone {
	const int64_t *at_s;       /* changes, oldest first */
	const int32_t *offset_s;   /* from then on, east of Greenwich */
	size_t n;
	int32_t first_offset_s;    /* before the first change */
	bool has_rule;             /* behind the last change: */
	bool has_summer;
	int32_t standard_s, summer_s;
	struct zone_day begins, ends; /* of summer */
};

/* Everything in the arena. ERR_INVALID: there is no such zone here. */
bool zone_load(struct str name, struct arena *arena, struct zone *out, struct err *err) MUST_CHECK;
int32_t zone_offset_s(const struct zone *zone, int64_t at_s);
/*
 * When clocks there show this: the first time, if they show it twice; if they leap over it, the moment of the leap.
 */
int64_t zone_moment_s(const struct zone *zone, int64_t local_s);

#endif
