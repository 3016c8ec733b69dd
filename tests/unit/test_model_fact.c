/* Facts: which of two is kept, what a tombstone stops, names of kinds. */
#include "model/fact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_kinds_and_their_texts(void **state)
{
	(void)state;
	for (int i = 0; i < ENTITY_KIND_COUNT; i++) {
		enum entity_kind kind = ENTITY_KIND_COUNT;

		assert_true(entity_kind_parse(str_from(entity_kind_text((enum entity_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
	assert_string_equal(entity_kind_text(ENTITY_STORE_GROUP), "store_group");
}

static void test_what_is_no_kind(void **state)
{
	static const char *const text[] = { "", "Product", "products", "produc", "store group", "0" };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		enum entity_kind kind = ENTITY_TAG;

		assert_false(entity_kind_parse(str_from(text[i]), &kind));
		assert_int_equal(kind, ENTITY_TAG);
	}
}

static void test_which_fact_wins(void **state)
{
	static const struct {
		int64_t new_version, new_seq, old_version, old_seq;
		bool want;
	} row[] = {
		{ 2, 1, 1, 9, true }, /* newer version, though received earlier */
		{ 1, 9, 2, 1, false }, { 5, 9, 5, 1, true },  { 5, 1, 5, 9, false },
		{ 0, 9, 5, 1, true },  { 0, 1, 5, 9, false }, /* no version: order of receipt */
		{ 5, 9, 0, 1, true },  { 5, 1, 0, 9, false }, { 0, 9, 0, 1, true },
		/* one message that says it twice: the later word */
		{ 0, 1, 0, 9, false }, { 5, 7, 5, 7, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (fact_wins(row[i].new_version, row[i].new_seq, row[i].old_version, row[i].old_seq) !=
		    row[i].want)
			fail_msg("row %zu: want %d", i, row[i].want);
}

static void test_tombstones(void **state)
{
	static const struct {
		int64_t fact_version, tombstone_version, age_ms;
		bool want;
	} row[] = {
		{ 0, 0, 0, true },     { 0, 0, 999, true }, { 0, 0, 1000, false }, { 0, 5, 10, true },
		{ 5, 0, 10, true },    { 4, 5, 10, true },  { 5, 5, 10, true },	   { 6, 5, 10, false },
		{ 4, 5, 1000, false }, { 4, 5, -50, true }, /* the clock went back */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (tombstone_stops(row[i].fact_version, row[i].tombstone_version, 100000, 1000,
				    100000 + row[i].age_ms) != row[i].want)
			fail_msg("row %zu: want %d", i, row[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_and_their_texts),
		cmocka_unit_test(test_what_is_no_kind),
		cmocka_unit_test(test_which_fact_wins),
		cmocka_unit_test(test_tombstones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
