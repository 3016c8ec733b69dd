/*
 * Schedules: their text, and when they are due next.
 *
 * Pure, but for reading the system's time zones.
 */
#include "model/schedule.h"

#include "base/attr.h"
#include "base/clock.h"

#define MINUTES_MAX 10080 /* a week */
#define DAY_S	    86400

/* Zoey's, as its documentation has it. */
#define ZOEY \
	"events=every 5 min, subscribers=00:00 UTC, categories=02:00 UTC, products=03:00 UTC, " \
	"variants=04:00 UTC"
#define REALTIME \
	"events=realtime, subscribers=realtime, categories=realtime, products=realtime, variants=realtime"

static const struct {
	const char *name;
	const char *text;
} presets[] = { { "zoey", ZOEY }, { "realtime", REALTIME } };

static const struct {
	const char *text;
	enum schedule_mode otherwise;
} kinds[SCHEDULE_KIND_COUNT] = {
#define SCHEDULE_KIND_ROW(name, text, otherwise) [name] = { text, otherwise },
	SCHEDULE_KINDS(SCHEDULE_KIND_ROW)
#undef SCHEDULE_KIND_ROW
};

static const char *const weekdays[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

const char *schedule_kind_text(enum schedule_kind kind)
{
	return kinds[kind].text;
}

void schedules_init(struct schedules *out)
{
	*out = (struct schedules){ 0 };
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		out->of[kind].mode = kinds[kind].otherwise;
}

/* ---- text ---- */

static bool kind_of(struct str name, enum schedule_kind *out)
{
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		if (str_eq(name, str_from(kinds[kind].text))) {
			*out = kind;
			return true;
		}
	return false;
}

/* "every 5 min" */
static bool read_every(struct str text, struct schedule *out)
{
	int64_t minutes;
	struct str number;

	if (!str_starts(text, STR("every ")))
		return false;
	number = str_trim(str_skip(text, 6));
	if (str_ends(number, STR("min")))
		number = str_trim(str_of(number.p, number.len - 3));
	if (!str_to_int64(number, &minutes) || minutes < 1 || minutes > MINUTES_MAX)
		return false;
	*out = (struct schedule){ .mode = SCHEDULE_EVERY, .every_ms = minutes * MS_PER_MIN };
	return true;
}

static int weekday_of(struct str text)
{
	for (size_t i = 0; i < ARRAY_LEN(weekdays); i++)
		if (str_starts(text, str_from(weekdays[i])))
			return (int)i;
	return -1;
}

/* "HH:MM" */
static bool read_clock(struct str text, int *minute)
{
	int64_t hours, minutes;

	if (text.len != 5 || text.p[2] != ':' || !str_to_int64(str_of(text.p, 2), &hours) ||
	    !str_to_int64(str_skip(text, 3), &minutes) || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return false;
	*minute = (int)(hours * 60 + minutes);
	return true;
}

static bool read_daily(struct str text, struct arena *arena, struct schedule *out, struct err *err)
{
	struct str zone;
	size_t blank;

	*out = (struct schedule){ .mode = SCHEDULE_DAILY, .weekday = weekday_of(text) };
	if (out->weekday >= 0)
		text = str_trim(str_skip(text, 3));
	blank = str_find_char(text, ' ');
	if (!read_clock(str_of(text.p, blank), &out->minute))
		return false;
	zone = str_trim(str_skip(text, blank));
	out->zone_name = arena_dup(arena, zone.len ? zone : STR("UTC"));
	return zone_load(out->zone_name, arena, &out->zone, err);
}

static bool read_when(struct str text, struct arena *arena, struct schedule *out, struct err *err)
{
	struct err why = { 0 };

	*out = (struct schedule){ .mode = SCHEDULE_REALTIME };
	if (str_eq(text, STR("realtime")))
		return true;
	out->mode = SCHEDULE_OFF;
	if (str_eq(text, STR("off")))
		return true;
	if (read_every(text, out) || read_daily(text, arena, out, &why))
		return true;
	if (why.code != ERR_NONE)
		return err_set(err, why.code, "%s", why.msg);
	return err_set(err, ERR_INVALID,
		       "'%.*s' is none of realtime, off, every N min (1 to %d), HH:MM ZONE, Sun HH:MM ZONE",
		       STR_ARG(text), MINUTES_MAX);
}

static bool read_pair(struct str pair, struct arena *arena, struct schedules *schedules, struct err *err)
{
	size_t at = str_find_char(pair, '=');
	enum schedule_kind kind;

	if (at == pair.len || !kind_of(str_trim(str_of(pair.p, at)), &kind))
		return err_set(
			err, ERR_INVALID,
			"'%.*s' is neither a preset (zoey, realtime) nor KIND=WHEN with a kind of events, "
			"subscribers, categories, products, variants, reconcile",
			STR_ARG(pair));
	if (!read_when(str_trim(str_skip(pair, at + 1)), arena, &schedules->of[kind], err))
		return false;
	if (kind == SCHEDULE_RECONCILE && schedules->of[kind].mode == SCHEDULE_REALTIME)
		return err_set(err, ERR_INVALID, "reconcile cannot be realtime");
	return kind == SCHEDULE_RECONCILE || schedules->of[kind].mode != SCHEDULE_OFF ||
	       err_set(err, ERR_INVALID,
		       "%s cannot be off: send_profiles, send_consent and metrics say what is sent",
		       kinds[kind].text);
}

bool schedules_read(struct str text, struct arena *arena, struct schedules *schedules, struct err *err)
{
	struct str part;

	while (str_split(&text, ',', &part)) {
		const char *preset = NULL;

		part = str_trim(part);
		for (size_t i = 0; i < ARRAY_LEN(presets); i++)
			if (str_eq(part, str_from(presets[i].name)))
				preset = presets[i].text;
		if (preset ? !schedules_read(str_from(preset), arena, schedules, err)
			   : !read_pair(part, arena, schedules, err))
			return false;
	}
	return true;
}

struct str schedule_text(const struct schedule *schedule, struct arena *arena)
{
	switch (schedule->mode) {
	case SCHEDULE_REALTIME:
		return STR("realtime");
	case SCHEDULE_OFF:
		return STR("off");
	case SCHEDULE_EVERY:
		return arena_printf(arena, "every %lld min", (long long)(schedule->every_ms / MS_PER_MIN));
	case SCHEDULE_DAILY:
		break;
	}
	return arena_printf(arena, "%s%s%02d:%02d %.*s",
			    schedule->weekday >= 0 ? weekdays[schedule->weekday] : "",
			    schedule->weekday >= 0 ? " " : "", schedule->minute / 60, schedule->minute % 60,
			    STR_ARG(schedule->zone_name));
}

/* ---- when ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t next_daily_ms(const struct schedule *schedule, int64_t at_ms)
{
	int64_t at_s = floor_div(at_ms, MS_PER_S);
	int64_t day = floor_div(at_s + zone_offset_s(&schedule->zone, at_s), DAY_S) - 1;

	for (;; day++) {
		int64_t moment_s, weekday = (day % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */

		if (schedule->weekday >= 0 && weekday != schedule->weekday)
			continue;
		moment_s = zone_moment_s(&schedule->zone, day * DAY_S + schedule->minute * 60);
		if (moment_s * MS_PER_S > at_ms)
			return moment_s * MS_PER_S;
	}
}

int64_t schedule_next_ms(const struct schedule *schedule, int64_t at_ms)
{
	if (schedule->mode == SCHEDULE_EVERY)
		return (floor_div(at_ms, schedule->every_ms) + 1) * schedule->every_ms;
	if (schedule->mode == SCHEDULE_DAILY)
		return next_daily_ms(schedule, at_ms);
	return INT64_MAX;
}
