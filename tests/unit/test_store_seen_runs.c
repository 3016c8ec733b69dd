/*
 * Runs of any kinds, added in any portions: those that may have a slot are given, newest first, and dropped
 * ones are not.
 */
#include "store/sqlite/seen_runs.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RUN_SLOTS 20
#define RUNS	  700
#define LARGE	  300 /* this and those before it are of several kinds, as older programs wrote them */

static uint64_t hash_of(uint64_t run, uint64_t i)
{
	const struct str part = str_of((const char *)&i, sizeof(i));
	struct digest16 slot = digest16_of(&part, 1);

	return seen_hash((int64_t)run + 1, &slot);
}

/* Each run has slots of its own, and one that every seventh has. Seven runs a day. */
static struct seen_run run_of(uint64_t number)
{
	size_t n_block = number <= LARGE && number % 5 == 0 ? 4 : number <= LARGE && number % 11 == 0 ? 2 : 1;
	uint64_t *word = mem_zalloc(n_block, SEEN_BLOCK_WORDS * sizeof(*word));

	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		seen_filter_add(word, n_block, hash_of(number, i));
	if (number % 7 == 0)
		seen_filter_add(word, n_block, hash_of(RUNS, 0));
	return (struct seen_run){ (int64_t)number, (int64_t)number / 7, { n_block, SEEN_HASHES, word } };
}

static int setup(void **state)
{
	struct seen_run *run = mem_zalloc(RUNS, sizeof(*run));

	for (uint64_t i = 0; i < RUNS; i++)
		run[i] = run_of(i);
	*state = run;
	return 0;
}

static int teardown(void **state)
{
	struct seen_run *run = *state;

	for (size_t i = 0; i < RUNS; i++)
		mem_free((void *)(uintptr_t)run[i].filter.word);
	mem_free(run);
	return 0;
}

/* How many of the runs from first on, with `every`, are given; all of them have to be in order. */
static size_t count_given(const struct seen_runs *runs, uint64_t hash, int64_t first, int64_t every)
{
	struct seen_search search = seen_search(runs, hash);
	int64_t run, day, before = INT64_MAX;
	size_t n = 0;

	while (seen_search_next(&search, &run, &day)) {
		assert_true(run < before && run >= first);
		assert_int_equal(day, run / 7);
		n += run % every == 0;
		before = run;
	}
	return n;
}

static bool is_given(const struct seen_runs *runs, uint64_t hash, int64_t wanted)
{
	struct seen_search search = seen_search(runs, hash);
	int64_t run, day;

	while (seen_search_next(&search, &run, &day))
		if (run == wanted)
			return true;
	return false;
}

static void assert_given(const struct seen_runs *runs, uint64_t n, int64_t first)
{
	for (uint64_t run = 0; run < n; run++)
		for (uint64_t i = 0; i < RUN_SLOTS; i += 7)
			assert_int_equal(is_given(runs, hash_of(run, i), (int64_t)run),
					 (int64_t)run >= first);
	assert_int_equal(count_given(runs, hash_of(RUNS, 0), first, 7),
			 (n + 6) / 7 - ((size_t)first + 6) / 7);
}

static void the_newest_come_first(void **state)
{
	const struct seen_run *run = *state;
	static const size_t at_once[] = { 1, 1, 40, 64, 1, 64, 3, 64, 64, 64, 1, 64, 64, 64, 64, 64 };
	struct seen_runs runs = { 0 };
	size_t n = 0;

	assert_int_equal(count_given(&runs, hash_of(0, 0), 0, 1), 0);
	for (size_t i = 0; i < sizeof(at_once) / sizeof(at_once[0]); i++) {
		seen_runs_add(&runs, &run[n], at_once[i], i % 2 ? RUNS - n - at_once[i] : 0);
		n += at_once[i];
		seen_runs_prepare(&runs);
	}
	assert_true(n > 600 && n <= RUNS && runs.n_group > 2);
	assert_given(&runs, n, 0);
	seen_runs_free(&runs);
}

static void runs_of_dropped_days_are_not_given(void **state)
{
	const struct seen_run *run = *state;
	struct seen_runs runs = { 0 };

	for (size_t i = 0; i < 600; i++)
		seen_runs_add(&runs, &run[i], 1, 0);
	for (int64_t day = 0; day < 80; day += 13) {
		seen_runs_drop(&runs, day);
		assert_given(&runs, 600, (day + 1) * 7);
	}
	seen_runs_add(&runs, &run[600], 64, 36);
	assert_given(&runs, 664, 79 * 7);
	seen_runs_drop(&runs, INT64_MAX);
	assert_int_equal(runs.n_group, 0);
	seen_runs_free(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_come_first),
		cmocka_unit_test(runs_of_dropped_days_are_not_given),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
