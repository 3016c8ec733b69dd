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

static void tell(const struct step *step, size_t n)
{
	struct breaker breaker = { 0 };

	for (size_t i = 0; i < n; i++) {
		bool changed = false;

		switch (step[i].event) {
		case FAIL:
			changed = breaker_failed(&breaker, step[i].at_ms);
			break;
		case BLOCK:
			changed = breaker_blocked(&breaker, step[i].at_ms);
			break;
		case WELL:
			changed = breaker_succeeded(&breaker);
			break;
		case MEND:
			breaker_probe_now(&breaker, step[i].at_ms);
			break;
		case LOOK:
			break;
		}
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
	int64_t now_ms = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		now_ms += 3600000;
		(void)breaker_failed(&open, now_ms);
		(void)breaker_blocked(&blocked, now_ms);
	}
	assert_int_equal(open.until_ms - now_ms, 300000);
	assert_int_equal(blocked.until_ms - now_ms, 600000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_failures_open_it),
		cmocka_unit_test(blocked_at_once_and_longer),
		cmocka_unit_test(open_becomes_blocked),
		cmocka_unit_test(waits_have_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
