/*
 * Schedules: what their text means, and when they are due next: over both changes of clocks, in zones east
 *            and
 * west, behind the last change that the system's database lists.
 */
#include "model/schedule.h"

#include "base/attr.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct arena arena;
static struct err err;

static int64_t ms_of(const char *text)
{
	int64_t ms = 0;

	if (!time_parse_rfc3339(str_from(text), &ms))
		fail_msg("no time: %s", text);
	return ms;
}

static const char *text_of(int64_t ms)
{
	struct strbuf text;
	const char *out;

	strbuf_init(&text, 64);
	time_format_rfc3339(ms, &text);
	out = arena_cstr(&arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static struct schedule schedule_of(const char *when)
{
	struct schedules schedules;

	schedules_init(&schedules);
	if (!schedules_read(arena_printf(&arena, "products=%s", when), &arena, &schedules, &err))
		fail_msg("%s: %s", when, err.msg);
	return schedules.of[SCHEDULE_PRODUCTS];
}

static void test_next(void **state)
{
	static const struct {
		const char *when, *after, *next;
	} rows[] = {
		{ "every 5 min", "2026-07-30T10:11:12Z", "2026-07-30T10:15:00.000Z" },
		{ "every 5 min", "2026-07-30T10:15:00Z", "2026-07-30T10:20:00.000Z" },
		{ "03:00 UTC", "2026-07-30T10:00:00Z", "2026-07-31T03:00:00.000Z" },
		{ "03:00", "2026-07-30T02:59:59.999Z", "2026-07-30T03:00:00.000Z" },
		{ "03:00", "2026-07-30T03:00:00Z", "2026-07-31T03:00:00.000Z" },
		{ "23:30 +09:00", "2026-07-30T12:00:00Z", "2026-07-30T14:30:00.000Z" },
		{ "00:30 -11:00", "2026-07-30T12:00:00Z", "2026-07-31T11:30:00.000Z" },
		{ "Sun 05:00 UTC", "2026-07-30T12:00:00Z", "2026-08-02T05:00:00.000Z" },
		{ "Sun 05:00 UTC", "2026-08-02T05:00:00Z", "2026-08-09T05:00:00.000Z" },
		{ "Thu 23:30 Asia/Tokyo", "2026-07-30T12:00:00Z", "2026-07-30T14:30:00.000Z" },
		/* Spring, Vienna: 02:00 is 03:00 on 29 March 2026. */
		{ "03:30 Europe/Vienna", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00.000Z" },
		{ "03:30 Europe/Vienna", "2026-03-27T12:00:00Z", "2026-03-28T02:30:00.000Z" },
		{ "02:30 Europe/Vienna", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z" },
		{ "02:30 Europe/Vienna", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00.000Z" },
		/* Autumn: 03:00 is 02:00 again on 25 October 2026; once is enough. */
		{ "02:30 Europe/Vienna", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z" },
		{ "02:30 Europe/Vienna", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z" },
		{ "03:30 Europe/Vienna", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00.000Z" },
		/* West, New York: 8 March and 1 November 2026. */
		{ "02:30 America/New_York", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00.000Z" },
		{ "02:30 America/New_York", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00.000Z" },
		{ "01:30 America/New_York", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00.000Z" },
		{ "01:30 America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00.000Z" },
		/* South: summer over the new year, Sydney; half an hour of change on Lord Howe. */
		{ "02:30 Australia/Sydney", "2026-10-03T12:00:00Z", "2026-10-03T16:00:00.000Z" },
		{ "02:30 Australia/Sydney", "2026-04-04T12:00:00Z", "2026-04-04T15:30:00.000Z" },
		{ "02:15 Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00.000Z" },
		/* Winter time is the summer's exception in Dublin. */
		{ "01:30 Europe/Dublin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z" },
		/* Behind all that the database lists, by its rule. */
		{ "03:30 Europe/Vienna", "2060-07-01T12:00:00Z", "2060-07-02T01:30:00.000Z" },
		{ "02:30 Europe/Vienna", "2060-03-27T12:00:00Z", "2060-03-28T01:00:00.000Z" },
		{ "02:30 Australia/Sydney", "2060-12-31T12:00:00Z", "2060-12-31T15:30:00.000Z" },
		/* A day that was left out: Samoa, 30 December 2011. */
		{ "12:00 Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-30T10:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct schedule schedule = schedule_of(rows[i].when);
		const char *got = text_of(schedule_next_ms(&schedule, ms_of(rows[i].after)));

		if (!str_eq(str_from(got), str_from(rows[i].next)))
			fail_msg("%s after %s: %s, not %s", rows[i].when, rows[i].after, got, rows[i].next);
	}
}

/* From any moment the next one is later, and a year has as many as days, whatever clocks do. */
static void test_once_a_day(void **state)
{
	static const char *const when[] = { "00:00 Europe/Vienna",	 "02:30 Europe/Vienna",
					    "02:30 America/New_York",	 "01:30 America/New_York",
					    "02:15 Australia/Lord_Howe", "00:30 America/Santiago",
					    "23:59 Pacific/Auckland" };
	int64_t begin = ms_of("2026-01-01T12:00:00Z"), end = ms_of("2030-01-01T12:00:00Z");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(when); i++) {
		struct schedule schedule = schedule_of(when[i]);
		int64_t at = begin, n = 0;

		for (at = schedule_next_ms(&schedule, at); at <= end; n++) {
			int64_t next = schedule_next_ms(&schedule, at);

			assert_in_range(next - at, 22 * MS_PER_HOUR, 26 * MS_PER_HOUR);
			at = next;
		}
		assert_int_equal(n, 4 * 365 + 1);
	}
}

static void test_text(void **state)
{
	static const char *const good[] = { "realtime",	    "every 5 min",
					    "03:00 UTC",    "Sun 05:00 Europe/Vienna",
					    "23:59 +01:00", "every 10080 min" };
	static const char *const bad[] = {
		"products=3:00",
		"products=24:00",
		"products=03:00 Mars/Olympus",
		"products=every 0 min",
		"products=every day",
		"wishes=realtime",
		"products",
		"products=off",
		"reconcile=realtime",
		"products=03:00 ../etc",
		"products=03:00 /etc/x",
		"products=03:00 UTC UTC",
	};
	struct schedules schedules;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct schedule schedule = schedule_of(good[i]);

		assert_string_equal(schedule_text(&schedule, &arena).p, good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		schedules_init(&schedules);
		if (schedules_read(str_from(bad[i]), &arena, &schedules, &err))
			fail_msg("%s is read", bad[i]);
	}
}

/* Nothing said, a preset, and what stands behind it. */
static void test_presets(void **state)
{
	struct schedules schedules;

	(void)state;
	schedules_init(&schedules);
	assert_int_equal(schedules.of[SCHEDULE_EVENTS].mode, SCHEDULE_REALTIME);
	assert_int_equal(schedules.of[SCHEDULE_RECONCILE].mode, SCHEDULE_OFF);
	assert_true(schedule_next_ms(&schedules.of[SCHEDULE_RECONCILE], 0) == INT64_MAX);
	assert_true(schedules_read(STR("zoey, variants = every 30 min"), &arena, &schedules, &err));
	assert_string_equal(schedule_text(&schedules.of[SCHEDULE_EVENTS], &arena).p, "every 5 min");
	assert_string_equal(schedule_text(&schedules.of[SCHEDULE_SUBSCRIBERS], &arena).p, "00:00 UTC");
	assert_string_equal(schedule_text(&schedules.of[SCHEDULE_CATEGORIES], &arena).p, "02:00 UTC");
	assert_string_equal(schedule_text(&schedules.of[SCHEDULE_PRODUCTS], &arena).p, "03:00 UTC");
	assert_string_equal(schedule_text(&schedules.of[SCHEDULE_VARIANTS], &arena).p, "every 30 min");
	assert_true(schedules_read(STR("realtime"), &arena, &schedules, &err));
	assert_int_equal(schedules.of[SCHEDULE_VARIANTS].mode, SCHEDULE_REALTIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_once_a_day),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_presets),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
