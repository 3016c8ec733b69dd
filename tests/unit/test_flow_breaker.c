/* The breaker's states as a story in rows: what happens at a time, and what may pass afterwards. */
#include "flow/breaker.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum event { FAIL, BLOCK, WELL, LOOK, MEND };

struct step {
	int64_t at_ms;
	enum event event;
	bool want_changed;
	enum breaker_pass want;
};

/* The rows say the least that is waited. */
static void without_jitter(struct breaker *breaker, int64_t at_ms)
{
	assert_in_range(breaker->until_ms - at_ms, breaker->wait_ms, breaker->wait_ms * 5 / 4);
	breaker->until_ms = at_ms + breaker->wait_ms;
}

static void tell(const struct step *step, size_t n)
{
	struct breaker breaker = { 0 };
	struct rand_seeded seeded;

	rand_seeded_init(&seeded, 1);
	for (size_t i = 0; i < n; i++) {
		int64_t until_ms = breaker.until_ms;
		bool changed = false;

		switch (step[i].event) {
		case FAIL:
			changed = breaker_failed(&breaker, step[i].at_ms, &seeded.rand);
			break;
		case BLOCK:
			changed = breaker_blocked(&breaker, step[i].at_ms, &seeded.rand);
			break;
		case WELL:
			changed = breaker_succeeded(&breaker);
			break;
		case MEND:
			breaker_probe_at(&breaker, step[i].at_ms);
			break;
		case LOOK:
			break;
		}
		if (breaker.until_ms != until_ms && step[i].event != MEND && breaker.state != BREAKER_CLOSED)
			without_jitter(&breaker, step[i].at_ms);
		print_message("step %zu at %lld\n", i, (long long)step[i].at_ms);
		assert_int_equal(changed, step[i].want_changed);
		assert_int_equal(breaker_pass(&breaker, step[i].at_ms), step[i].want);
	}
}

static void three_failures_open_it(void **state)
{
	static const struct step story[] = {
		{ 0, FAIL, false, BREAKER_PASS_ALL },	   { 1, FAIL, false, BREAKER_PASS_ALL },
		{ 2, WELL, false, BREAKER_PASS_ALL },	   { 3, FAIL, false, BREAKER_PASS_ALL },
		{ 4, FAIL, false, BREAKER_PASS_ALL },	   { 5, FAIL, true, BREAKER_PASS_NONE },
		{ 6, FAIL, false, BREAKER_PASS_NONE }, /* was under way: lengthens nothing */
		{ 5004, LOOK, false, BREAKER_PASS_NONE },  { 5005, LOOK, false, BREAKER_PASS_PROBE },
		{ 5010, FAIL, false, BREAKER_PASS_NONE }, /* 10 s now */
		{ 15009, LOOK, false, BREAKER_PASS_NONE }, { 15010, LOOK, false, BREAKER_PASS_PROBE },
		{ 15020, WELL, true, BREAKER_PASS_ALL },   { 15021, FAIL, false, BREAKER_PASS_ALL },
	};

	(void)state;
	tell(story, ARRAY_LEN(story));
}

static void blocked_at_once_and_longer(void **state)
{
	static const struct step story[] = {
		{ 0, BLOCK, true, BREAKER_PASS_NONE },	    { 1, BLOCK, false, BREAKER_PASS_NONE },
		{ 29999, LOOK, false, BREAKER_PASS_NONE },  { 30000, LOOK, false, BREAKER_PASS_PROBE },
		{ 30000, BLOCK, false, BREAKER_PASS_NONE }, { 89999, LOOK, false, BREAKER_PASS_NONE },
		{ 90000, FAIL, false, BREAKER_PASS_NONE },  { 209999, LOOK, false, BREAKER_PASS_NONE },
		{ 210000, WELL, true, BREAKER_PASS_ALL },
	};

	(void)state;
	tell(story, ARRAY_LEN(story));
}

static void open_becomes_blocked(void **state)
{
	static const struct step story[] = {
		{ 0, FAIL, false, BREAKER_PASS_ALL },	   { 0, FAIL, false, BREAKER_PASS_ALL },
		{ 0, FAIL, true, BREAKER_PASS_NONE },	   { 5000, BLOCK, true, BREAKER_PASS_NONE },
		{ 5001, MEND, false, BREAKER_PASS_PROBE }, { 5002, WELL, true, BREAKER_PASS_ALL },
	};

	(void)state;
	tell(story, ARRAY_LEN(story));
}

/* The waits have a ceiling: 5 min when open, 10 min when blocked. */
static void waits_have_a_ceiling(void **state)
{
	struct breaker open = { 0 }, blocked = { 0 };
	struct rand_seeded seeded;
	int64_t now_ms = 0;

	(void)state;
	rand_seeded_init(&seeded, 1);
	for (int i = 0; i < 20; i++) {
		now_ms += 3600000;
		(void)breaker_failed(&open, now_ms, &seeded.rand);
		(void)breaker_blocked(&blocked, now_ms, &seeded.rand);
	}
	assert_in_range(open.until_ms - now_ms, 300000, 375000);
	assert_in_range(blocked.until_ms - now_ms, 600000, 750000);
}

/*
 * A thousand that were stopped together: no probe comes early, none later than a quarter more, no tenth of
 * the time has many.
 */
static void probes_are_spread(void **state)
{
	enum { N = 1000, TENTHS = 10 };
	static const struct {
		bool (*stop)(struct breaker *breaker, int64_t now_ms, struct rand *rand);
		int times;
		int64_t wait_ms;
	} row[] = { { breaker_failed, 3, 5000 },
		    { breaker_blocked, 1, 30000 },
		    { breaker_outage, 1, 30000 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int in_tenth[TENTHS] = { 0 };

		for (int k = 0; k < N; k++) {
			struct breaker breaker = { 0 };
			struct rand_seeded seeded;
			int64_t late_ms;

			rand_seeded_init(&seeded, (uint64_t)k);
			for (int t = 0; t < row[i].times; t++)
				(void)row[i].stop(&breaker, 1000, &seeded.rand);
			late_ms = breaker.until_ms - 1000 - row[i].wait_ms;
			assert_in_range(late_ms, 0, row[i].wait_ms / 4);
			in_tenth[late_ms * TENTHS / (row[i].wait_ms / 4 + 1)]++;
		}
		for (int k = 0; k < TENTHS; k++)
			assert_in_range(in_tenth[k], N / TENTHS / 2, N / TENTHS * 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_failures_open_it), cmocka_unit_test(blocked_at_once_and_longer),
		cmocka_unit_test(open_becomes_blocked),	  cmocka_unit_test(waits_have_a_ceiling),
		cmocka_unit_test(probes_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
