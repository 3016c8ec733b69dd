/*
 * clock, rand, wake: time as text and back, the generators, and that no hint between threads is lost.
 */
#include "base/clock.h"
#include "base/rand.h"
#include "base/wake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1 = refused */
	} row[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-07-30T10:11:12.345Z", INT64_C(1785406272345) },
		{ "2026-07-30t10:11:12.345z", INT64_C(1785406272345) },
		{ "2026-07-30 10:11:12.345+00:00", INT64_C(1785406272345) },
		{ "2026-07-30T12:11:12.345+02:00", INT64_C(1785406272345) },
		{ "2026-07-30T06:41:12.345-03:30", INT64_C(1785406272345) },
		{ "2026-07-30T10:11:12.3456789Z", INT64_C(1785406272345) },
		{ "2026-07-30T10:11:12.3Z", INT64_C(1785406272300) },
		{ "2026-07-30T10:11:12Z", INT64_C(1785406272000) },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "2000-02-29T00:00:00Z", INT64_C(951782400000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000) },
		{ "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
		{ "9999-12-31T23:59:59.999-00:01", -1 },
		{ "1970-01-01T00:00:00+00:01", -1 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2023-02-29T00:00:00Z", -1 },
		{ "2100-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-04-31T00:00:00Z", -1 },
		{ "2026-07-30T24:00:00Z", -1 },
		{ "2026-07-30T10:60:00Z", -1 },
		{ "2026-07-30T10:11:61Z", -1 },
		{ "2026-07-30T10:11:12", -1 },
		{ "2026-07-30T10:11:12.Z", -1 },
		{ "2026-07-30T10:11:12,5Z", -1 },
		{ "2026-07-30T10:11:12+0200", -1 },
		{ "2026-07-30T10:11:12+24:00", -1 },
		{ "2026-07-30T10:11:12Z ", -1 },
		{ " 2026-07-30T10:11:12Z", -1 },
		{ "2026-7-30T10:11:12Z", -1 },
		{ "2026-07-30", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got = -1;

		(void)time_parse_rfc3339(str_from(row[i].text), &got);
		if (got != row[i].want)
			fail_msg("'%s': got %lld, want %lld", row[i].text, (long long)got,
				 (long long)row[i].want);
	}
	assert_false(time_parse_rfc3339(STR("2026-07-30T10:11\0:12Z"), &(int64_t){ 0 }));
}

/* Every day of the supported years against the C library. */
static void test_every_day(void **state)
{
	struct strbuf text;

	(void)state;
	strbuf_init(&text, 64);
	for (int64_t day = 0; day <= 2932896; day += 7) {
		int64_t wall_ms = day * MS_PER_DAY + (day * 7919) % MS_PER_DAY, back = -1;
		time_t seconds = (time_t)(wall_ms / 1000);
		struct tm tm;
		char want[64], compact[9], got[9];

		assert_non_null(gmtime_r(&seconds, &tm));
		(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		(void)strftime(compact, sizeof(compact), "%Y%m%d", &tm);
		strbuf_reset(&text);
		time_format_rfc3339(wall_ms, &text);
		assert_memory_equal(text.p, want, 19);
		assert_true(time_parse_rfc3339(strbuf_str(&text), &back));
		assert_int_equal(back, wall_ms);
		assert_int_equal(time_day(wall_ms), day);
		time_day_text(day, got);
		assert_string_equal(got, compact);
	}
	strbuf_release(&text);
}

static void test_ends(void **state)
{
	struct strbuf text;
	char day[9];

	(void)state;
	strbuf_init(&text, 64);
	time_format_rfc3339(-1, &text);
	assert_string_equal(text.p, "1970-01-01T00:00:00.000Z");
	strbuf_reset(&text);
	time_format_rfc3339(INT64_MAX, &text);
	assert_string_equal(text.p, "9999-12-31T23:59:59.999Z");
	strbuf_release(&text);
	assert_int_equal(time_day(-1), -1);
	assert_int_equal(time_day(-MS_PER_DAY), -1);
	assert_int_equal(time_day(MS_PER_DAY - 1), 0);
	time_day_text(-5, day);
	assert_string_equal(day, "19700101");
	time_day_text(INT64_MAX, day);
	assert_string_equal(day, "99991231");
}

static void test_clocks(void **state)
{
	struct clock_manual manual;
	struct clock *system = clock_system();
	int64_t mono = clock_mono_ms(system);

	(void)state;
	assert_true(clock_mono_ms(system) >= mono);
	assert_true(clock_wall_ms(system) > INT64_C(1700000000000));
	clock_manual_init(&manual, 5);
	assert_int_equal(clock_wall_ms(&manual.clock), 5);
	manual.now_ms += 10;
	assert_int_equal(clock_mono_ms(&manual.clock), 15);
	assert_int_equal(clock_wall_ms(&manual.clock), 15);
}

/* ---- rand ---- */

static void test_rand_seeded(void **state)
{
	struct rand_seeded a, b;
	unsigned char first[20], second[20];
	double sum = 0;

	(void)state;
	rand_seeded_init(&a, 1234567);
	assert_true(rand_u64(&a.rand) ==
		    UINT64_C(6457827717110365317)); /* published for splitmix64, seed 1234567 */
	assert_true(rand_u64(&a.rand) == UINT64_C(3203168211198807973));
	rand_seeded_init(&a, 7);
	rand_seeded_init(&b, 7);
	rand_fill(&a.rand, first, sizeof(first));
	rand_fill(&b.rand, second, sizeof(second));
	assert_memory_equal(first, second, sizeof(first));
	for (int i = 0; i < 10000; i++) {
		double unit = rand_unit(&a.rand);

		assert_true(unit >= 0 && unit < 1);
		sum += unit;
	}
	assert_true(sum > 4800 && sum < 5200);
}

static void test_rand_below(void **state)
{
	struct rand_seeded seeded;
	unsigned count[6] = { 0 };

	(void)state;
	rand_seeded_init(&seeded, 1);
	for (int i = 0; i < 60000; i++)
		count[rand_below(&seeded.rand, 6)]++;
	for (int i = 0; i < 6; i++)
		assert_in_range(count[i], 9500, 10500);
	assert_int_equal(rand_below(&seeded.rand, 1), 0);
	assert_true(rand_below(&seeded.rand, UINT64_MAX) < UINT64_MAX);
}

static void test_rand_system(void **state)
{
	unsigned char first[32], second[32];

	(void)state;
	rand_fill(rand_system(), first, sizeof(first));
	rand_fill(rand_system(), second, sizeof(second));
	assert_memory_not_equal(first, second, sizeof(first));
}

/* ---- wake ---- */

struct counting {
	struct wake *work, *back;
	int rounds;
};

static void *answer_hints(void *arg)
{
	struct counting *counting = arg;

	for (int i = 0; i < counting->rounds; i++) {
		while (!wake_wait(counting->work, 10000))
			;
		wake_send(counting->back);
	}
	return NULL;
}

static void test_wake_threads(void **state)
{
	struct counting counting = { wake_new(), wake_new(), 20000 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, answer_hints, &counting), 0);
	for (int i = 0; i < counting.rounds; i++) {
		wake_send(counting.work);
		assert_true(wake_wait(counting.back, 10000)); /* a hint that is lost shows here */
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	wake_free(counting.work);
	wake_free(counting.back);
}

static void test_wake_alone(void **state)
{
	struct wake *wake = wake_new();
	int64_t start_ms = clock_mono_ms(clock_system());

	(void)state;
	assert_false(wake_wait(wake, 0));
	assert_false(wake_wait(wake, 20));
	assert_true(clock_mono_ms(clock_system()) - start_ms >= 19);
	wake_send(wake);
	wake_send(wake);
	assert_true(wake_wait(wake, 0));
	assert_false(wake_wait(wake, -5)); /* hints collapse */
	wake_free(wake);
	wake_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	    cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_ends),	    cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_rand_seeded), cmocka_unit_test(test_rand_below),
		cmocka_unit_test(test_rand_system), cmocka_unit_test(test_wake_threads),
		cmocka_unit_test(test_wake_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
