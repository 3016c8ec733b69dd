/* Metrics: the names that Klaviyo's guide gives them, found again in either spelling. */
#include "model/metric.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *row = metric_row((enum metric)i);
		enum metric found = METRIC_COUNT;

		assert_true(metric_find(str_from(row->name), &found));
		assert_int_equal(found, i);
		assert_true(strlen(row->name) < 128);
		assert_true(row->window_h > 0);
		for (const char *c = row->key; *c; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
	}
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		bool want;
		enum metric metric;
	} row[] = {
		{ "Placed Order", true, METRIC_PLACED_ORDER },
		{ "Cancelled Order", true, METRIC_CANCELLED_ORDER },
		{ "Canceled Order", true, METRIC_CANCELLED_ORDER },
		{ "Active on Site", true, METRIC_ACTIVE_ON_SITE },
		{ "placed order", false, METRIC_COUNT },
		{ "placed_order", false, METRIC_COUNT },
		{ "", false, METRIC_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum metric got = METRIC_COUNT;

		if (metric_find(str_from(row[i].name), &got) != row[i].want || got != row[i].metric)
			fail_msg("%s: got %d, want %d", row[i].name, (int)got, (int)row[i].metric);
	}
}

static void test_switches(void **state)
{
	(void)state;
	assert_true(metric_row(METRIC_REFUNDED_ORDER)->on);
	assert_false(metric_row(METRIC_PARTIALLY_REFUNDED_ORDER)->on);
	assert_int_equal(metric_row(METRIC_PLACED_ORDER)->window_h, 24);
	assert_int_equal(metric_row(METRIC_STARTED_CHECKOUT)->window_h, 4);
	assert_string_equal(metric_row(METRIC_ADDED_TO_CART)->key, "added_to_cart");
}

static void test_windows(void **state)
{
	struct metric_windows windows;

	(void)state;
	assert_true(metric_windows_read(STR(""), &windows));
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		assert_int_equal(windows.hours[metric], metric_row(metric)->window_h);
	assert_true(metric_windows_read(STR(" started_checkout = 2,placed_order=0"), &windows));
	assert_int_equal(windows.hours[METRIC_STARTED_CHECKOUT], 2);
	assert_int_equal(windows.hours[METRIC_PLACED_ORDER], 0);
	assert_int_equal(windows.hours[METRIC_ADDED_TO_CART], 4);
	assert_false(metric_windows_read(STR("nothing=2"), &windows));
	assert_false(metric_windows_read(STR("placed_order=9000"), &windows));
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
