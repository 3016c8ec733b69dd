/*
 * Schedules of shops: drawn. When something is due is counted from the minutes that were drawn, not as the
 * product does it.
 */
#include "sim/timetable.h"

#include "model/schedule.h"
#include "sim/shop.h"
#include "sim/sim.h"

#define DAY_MIN 1440
#define DAY_MS	(DAY_MIN * MS_PER_MIN)

enum { ZOEY = 1, TOLD, ASKED, ASKED_BY_DATE = 5 };

/* every_ms > 0: every so often; minute >= 0: each day at that minute, UTC; else at once. */
struct plan {
	int64_t every_ms;
	int minute;
	const char *zone;
	int zone_min; /* before UTC, that summer */
};

static const struct {
	const char *name;
	int before_min;
} zones[] = { { "UTC", 0 },
	      { "Europe/Vienna", 120 },
	      { "+01:00", 60 },
	      { "America/New_York", -240 },
	      { "Asia/Kolkata", 330 } };

static struct plan plan[SHOPS_MAX][SCHEDULE_KIND_COUNT];

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(OPTION_scheduled, low, high);
}

bool timetable_asks(void)
{
	return sim_option(OPTION_scheduled) >= ASKED;
}

bool timetable_by_date(void)
{
	return sim_option(OPTION_scheduled) >= ASKED_BY_DATE;
}

/* ---- drawing ---- */

static struct plan draw_daily(void)
{
	size_t zone = (size_t)draw(0, (int64_t)ARRAY_LEN(zones) - 1);
	int64_t begin_min = SIM_START_MS / MS_PER_MIN % DAY_MIN;

	/* As often while the shops are busy as later. */
	return (struct plan){
		.minute = (int)((begin_min + (draw(0, 1) ? draw(1, 4) : draw(5, 300))) % DAY_MIN),
		.zone = zones[zone].name,
		.zone_min = zones[zone].before_min,
	};
}

static struct plan draw_every(void)
{
	return (struct plan){ .minute = -1, .every_ms = draw(1, 3) * MS_PER_MIN };
}

static void draw_shop(struct plan *of, bool daily)
{
	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		/* Who is asked every minute for a day is asked too much. */
		if (!timetable_asks())
			daily = draw(0, 1);
		of[kind] = daily ? draw_daily() : draw_every();
		if (draw(0, 3) == 0 || (kind == SCHEDULE_RECONCILE && !timetable_asks()))
			of[kind] = (struct plan){ .minute = -1 };
	}
}

static void draw_zoey(struct plan *of)
{
	static const int hour[] = { -1, 0, 2, 3, 4, -1 };

	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		of[kind] = (struct plan){ .minute = hour[kind] * 60 };
	of[SCHEDULE_EVENTS].every_ms = 5 * MS_PER_MIN;
	of[SCHEDULE_EVENTS].minute = of[SCHEDULE_RECONCILE].minute = -1;
}

void timetable_open(void)
{
	bool daily = draw(0, 1);

	for (int i = 0; i < SHOPS_MAX; i++) {
		for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
			plan[i][kind] = (struct plan){ .minute = -1 };
		if (sim_option(OPTION_scheduled) == ZOEY)
			draw_zoey(plan[i]);
		else if (sim_option(OPTION_scheduled) > ZOEY)
			draw_shop(plan[i], daily);
	}
}

struct str timetable_of_accounts(void)
{
	return sim_option(OPTION_scheduled) == ZOEY ? STR("zoey") : STR("");
}

static bool is_planned(const struct plan *one)
{
	return one->every_ms > 0 || one->minute >= 0;
}

static struct str when_text(const struct plan *one, struct arena *arena)
{
	int minute = (one->minute + one->zone_min + DAY_MIN) % DAY_MIN;

	if (one->every_ms > 0)
		return arena_printf(arena, "every %d min", (int)(one->every_ms / MS_PER_MIN));
	return arena_printf(arena, "%02d:%02d %s", minute / 60, minute % 60, one->zone);
}

struct str timetable_of_shop(int number, struct arena *arena)
{
	struct str out = STR("");

	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		if (sim_option(OPTION_scheduled) <= ZOEY || !is_planned(&plan[number][kind]))
			continue;
		out = arena_printf(arena, "%.*s%s%s=%.*s", STR_ARG(out), out.len > 0 ? ", " : "",
				   schedule_kind_text((enum schedule_kind)kind),
				   STR_ARG(when_text(&plan[number][kind], arena)));
	}
	return out;
}

/* ---- times ---- */

/* The last time of it until then. */
static int64_t slot_until(const struct plan *one, int64_t ms)
{
	int64_t slot_ms;

	if (one->every_ms > 0)
		return ms / one->every_ms * one->every_ms;
	slot_ms = ms / DAY_MS * DAY_MS + one->minute * MS_PER_MIN;
	return slot_ms <= ms ? slot_ms : slot_ms - DAY_MS;
}

bool timetable_is_planned(int number, enum schedule_kind kind)
{
	return is_planned(&plan[number][kind]);
}

int64_t timetable_slot(int number, enum schedule_kind kind, int64_t ms)
{
	return slot_until(&plan[number][kind], ms);
}

int64_t timetable_next_daily(int64_t ms)
{
	int64_t next_ms = INT64_MAX;

	for (int i = 0; i < sim_option(OPTION_shops); i++)
		for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
			int64_t slot_ms;

			if (plan[i][kind].every_ms > 0 || plan[i][kind].minute < 0)
				continue;
			slot_ms = slot_until(&plan[i][kind], ms) + DAY_MS;
			next_ms = slot_ms < next_ms ? slot_ms : next_ms;
		}
	return next_ms;
}
