#ifndef PANNIER_BASE_CLOCK_H
#define PANNIER_BASE_CLOCK_H

#include "base/str.h"
#include "base/strbuf.h"

/*
 * Time comes from outside: every role gets its clock through its ctx, so that tests and the simulation own
 * it. Wall time stamps records; monotonic time measures waits and paces requests.
 */
struct clock {
	int64_t (*wall_ms)(struct clock *clock); /* Unix milliseconds, UTC */
	int64_t (*mono_ms)(struct clock *clock); /* milliseconds from the machine's start, asleep or not; never backwards */
};

/* Both times at once. What is kept beyond a process is kept so: the wall clock may be moved, the machine started anew. */
struct moment {
	int64_t wall_ms;
	int64_t mono_ms;
};
struct moment clock_moment(struct clock *clock);
/*
 * How long it is since then, at least, whatever the wall clock did. Monotonic time that is less than then's began anew with the
 * machine, so at least it has passed itself.
 */
int64_t moment_since(struct moment then, struct moment now);

/* The machine's clock. Lives as long as the process. */
struct clock *clock_system(void);

/* A clock that moves only when told to; both times move together, the wall off by step_ms. For tests. */
struct clock_manual {
	struct clock clock;
	int64_t now_ms;
	int64_t step_ms;
};
void clock_manual_init(struct clock_manual *manual, int64_t now_ms);

int64_t clock_wall_ms(struct clock *clock);
int64_t clock_mono_ms(struct clock *clock);

#define MS_PER_S INT64_C(1000)
#define MS_PER_MIN INT64_C(60000)
#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_DAY INT64_C(86400000)

/*
 * Appends "2026-07-30T10:11:12.345Z" (always UTC, always milliseconds; years 1970 to 9999, else the nearest
 * end).
 */
void time_format_rfc3339(int64_t wall_ms, struct strbuf *out);
/*
 * RFC 3339 date-time with offset or Z, optional fraction (cut to ms), 'T', 't' or a space between; false for
 * anything else, *wall_ms then untouched. Years 1970 to 9999 in UTC.
 */
bool time_parse_rfc3339(struct str text, int64_t *wall_ms);
/* Day number since 1970-01-01 UTC, and its "20260730" form (9 bytes with NUL; years as above). */
int64_t time_day(int64_t wall_ms);
void time_day_text(int64_t day, char out[static 9]);

#endif
