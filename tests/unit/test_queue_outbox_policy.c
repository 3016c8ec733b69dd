/* The table of retries: waits, spread, when a delivery is given up, for both presets. */
#include "queue/outbox_policy.h"

#include "base/attr.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1785000000000)

struct row {
	enum retry_preset preset;
	int attempts;
	double chance;
	bool want_failed;
	int64_t want_wait_ms;
};

static const struct row table[] = {
	/* the middle of the spread is the wait itself */
	{ RETRY_REALTIME, 1, 0.5, false, 5 * MS_PER_S },
	{ RETRY_REALTIME, 2, 0.5, false, 30 * MS_PER_S },
	{ RETRY_REALTIME, 3, 0.5, false, 2 * MS_PER_MIN },
	{ RETRY_REALTIME, 4, 0.5, false, 10 * MS_PER_MIN },
	{ RETRY_REALTIME, 5, 0.5, false, 30 * MS_PER_MIN },
	{ RETRY_REALTIME, 6, 0.5, false, 1 * MS_PER_HOUR },
	{ RETRY_REALTIME, 7, 0.5, false, 2 * MS_PER_HOUR },
	{ RETRY_REALTIME, 8, 0.5, false, 10 * MS_PER_HOUR },
	{ RETRY_REALTIME, 14, 0.5, false, 10 * MS_PER_HOUR },
	{ RETRY_REALTIME, 15, 0.5, true, 0 },
	{ RETRY_REALTIME, 1000, 0.5, true, 0 },
	/* its ends: 20 % for the fast steps, 10 % for the slow ones */
	{ RETRY_REALTIME, 1, 0.0, false, 4 * MS_PER_S },
	{ RETRY_REALTIME, 1, 1.0, false, 6 * MS_PER_S },
	{ RETRY_REALTIME, 8, 0.0, false, 9 * MS_PER_HOUR },
	{ RETRY_REALTIME, 8, 1.0, false, 11 * MS_PER_HOUR },
	{ RETRY_ZOEY, 1, 0.5, false, 10 * MS_PER_HOUR },
	{ RETRY_ZOEY, 1, 0.0, false, 9 * MS_PER_HOUR },
	{ RETRY_ZOEY, 2, 0.5, true, 0 },
};

static void waits_by_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct row *row = &table[i];
		struct retry_decision got =
			outbox_policy_next(row->preset, row->attempts, NOW_MS, row->chance);

		print_message("preset %d, attempt %d, chance %.1f\n", row->preset, row->attempts,
			      row->chance);
		assert_int_equal(got.failed, row->want_failed);
		assert_int_equal(got.due_ms - NOW_MS, row->want_wait_ms);
	}
}

static void flush_by_preset(void **state)
{
	(void)state;
	assert_int_equal(outbox_policy_flush_ms(RETRY_REALTIME), 0);
	assert_int_equal(outbox_policy_flush_ms(RETRY_ZOEY), 10 * MS_PER_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_by_table),
		cmocka_unit_test(flush_by_preset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
