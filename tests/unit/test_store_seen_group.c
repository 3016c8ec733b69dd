/*
 * Filters of many runs side by side say the same as each alone, however many were added at once and whichever
 * were dropped.
 */
#include "store/sqlite/seen_group.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RUN_SLOTS 300
#define RUNS	  520 /* more than a group takes */
#define ASKED	  12  /* slots of each run */

static uint64_t hash_of(uint64_t run, uint64_t i)
{
	const struct str part = str_of((const char *)&i, sizeof(i));
	struct digest16 slot = digest16_of(&part, 1);

	return seen_hash((int64_t)run + 1, &slot);
}

/* Ten runs a day. Its filter is owned. */
static struct seen_run run_of(uint64_t number, size_t n_block)
{
	uint64_t *word = mem_zalloc(n_block, SEEN_BLOCK_WORDS * sizeof(*word));

	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		seen_filter_add(word, n_block, hash_of(number, i));
	return (struct seen_run){ (int64_t)number + 100,
				  (int64_t)number / 10,
				  { n_block, SEEN_HASHES, word } };
}

static size_t blocks(void)
{
	return seen_filter_blocks(RUN_SLOTS);
}

struct runs {
	struct seen_run run[RUNS];
	struct seen_group *alone[RUNS];
};

static int setup(void **state)
{
	struct runs *runs = mem_zalloc(1, sizeof(*runs));

	for (uint64_t i = 0; i < RUNS; i++) {
		runs->run[i] = run_of(i, blocks());
		runs->alone[i] = seen_group_new(&runs->run[i].filter, 1);
		seen_group_add(runs->alone[i], &runs->run[i], 1);
	}
	*state = runs;
	return 0;
}

static void run_drop(struct seen_run *run)
{
	mem_free((void *)(uintptr_t)run->filter.word);
}

static int teardown(void **state)
{
	struct runs *runs = *state;

	for (uint64_t i = 0; i < RUNS; i++) {
		run_drop(&runs->run[i]);
		seen_group_free(runs->alone[i]);
	}
	mem_free(runs);
	return 0;
}

static bool is_maybe(const struct seen_group *group, uint64_t hash, uint64_t maybe[SEEN_GROUP_WORDS])
{
	struct seen_places places = seen_places(hash);

	return seen_group_find(group, &places, maybe);
}

static bool says(const struct seen_group *group, uint64_t hash)
{
	uint64_t maybe[SEEN_GROUP_WORDS];

	return is_maybe(group, hash, maybe);
}

/* What the group says of one slot: of its runs, first to last, those that say it alone and count. */
static void assert_agree(const struct runs *runs, const struct seen_group *group, size_t first,
			 int64_t dropped, uint64_t hash)
{
	uint64_t maybe[SEEN_GROUP_WORDS] = { 0 };
	bool any = is_maybe(group, hash, maybe), expected_any = false;

	for (size_t i = 0; i < SEEN_GROUP_MAX; i++) {
		bool expected = i < group->n && runs->run[first + i].day > dropped &&
				says(runs->alone[first + i], hash);

		assert_int_equal(any && (maybe[i / 64] >> (i % 64) & 1), expected);
		expected_any = expected_any || expected;
	}
	assert_int_equal(any, expected_any);
}

static void assert_group(const struct runs *runs, const struct seen_group *group, size_t first,
			 int64_t dropped)
{
	for (size_t i = 0; i < group->n; i++) {
		assert_int_equal(group->run[i], runs->run[first + i].number);
		assert_int_equal(group->day[i], runs->run[first + i].day);
	}
	for (uint64_t run = 0; run < RUNS; run += 1 + run / 20)
		for (uint64_t i = 0; i < ASKED; i++)
			assert_agree(runs, group, first, dropped, hash_of(run, i));
}

/* Every width that cells have, one run after the other. */
static void groups_say_what_their_runs_say(void **state)
{
	const struct runs *runs = *state;
	struct seen_group *group = seen_group_new(&runs->run[0].filter, 1);
	static const size_t checked[] = { 1, 2, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 200, 512 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(checked) / sizeof(checked[0]); i++) {
		for (; n < checked[i]; n++) {
			assert_true(seen_group_room(group, &runs->run[n].filter) > 0);
			seen_group_add(group, &runs->run[n], 1);
		}
		assert_group(runs, group, 0, -1);
	}
	assert_int_equal(group->n, SEEN_GROUP_MAX);
	assert_int_equal(seen_group_room(group, &runs->run[n].filter), 0);
	seen_group_free(group);
}

/* In portions: what is done before the run comes changes nothing of what is said. */
static void a_group_is_prepared_for_the_next_run(void **state)
{
	const size_t n_block = 2048; /* 32 chunks */
	struct seen_run run = run_of(0, n_block), next = run_of(1, n_block);
	struct seen_group *group = seen_group_new(&run.filter, 1);
	uint64_t maybe[SEEN_GROUP_WORDS];
	size_t n_wide = 0;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		seen_group_add(group, &run, 1);
	seen_group_prepare(group);
	for (size_t i = 0; i < n_block / SEEN_CHUNK_BLOCKS; i++)
		n_wide += group->chunk[i].cell_bytes == 2;
	assert_int_equal(n_wide, 8);
	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		assert_true(is_maybe(group, hash_of(0, i), maybe) && maybe[0] == 0xff);
	for (size_t i = 0; i < 10; i++)
		seen_group_prepare(group);
	seen_group_add(group, &next, 1);
	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		assert_true(is_maybe(group, hash_of(0, i), maybe) && (maybe[0] & 0xff) == 0xff);
	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		assert_true(is_maybe(group, hash_of(1, i), maybe) && maybe[0] >> 8 == 1);
	seen_group_free(group);
	run_drop(&run);
	run_drop(&next);
}

/* As at a start: as many as there is room for, and it is known how many will come, or not. */
static void runs_are_added_together(void **state)
{
	const struct runs *runs = *state;
	static const size_t at_once[] = { 3, 61, 64, 1, 63, 7 };

	for (size_t known = 1; known <= RUNS; known += RUNS - 1) {
		struct seen_group *group = seen_group_new(&runs->run[0].filter, known);

		for (size_t i = 0; i < sizeof(at_once) / sizeof(at_once[0]); i++) {
			assert_true(at_once[i] <= seen_group_room(group, &runs->run[group->n].filter));
			seen_group_add(group, &runs->run[group->n], at_once[i]);
		}
		assert_int_equal(group->n, 199);
		assert_group(runs, group, 0, -1);
		seen_group_free(group);
	}
}

/* What runs took that count no more is given back, and the group goes on. */
static void dropped_runs_say_nothing(void **state)
{
	const struct runs *runs = *state;
	struct seen_group *group = seen_group_new(&runs->run[0].filter, 1);
	size_t first = 0;

	for (size_t i = 0; i < 150; i++)
		seen_group_add(group, &runs->run[i], 1);
	assert_true(seen_group_drop(group, 4)); /* 50 runs */
	assert_int_equal(group->n, 150);
	assert_group(runs, group, first, 4);
	assert_true(seen_group_drop(group, 12)); /* 130: two words */
	first = 128;
	assert_int_equal(group->n, 22);
	assert_int_equal(group->chunk[0].cell_bytes, 8);
	assert_group(runs, group, first, 12);
	for (size_t i = 150; i < 300; i++)
		seen_group_add(group, &runs->run[i], 1);
	assert_group(runs, group, first, 12);
	assert_true(seen_group_drop(group, 28));
	assert_false(seen_group_drop(group, 29));
	seen_group_free(group);
}

/* A filter of fewer blocks says the same in a group of more; one of more, or of other bits, does not fit. */
static void filters_of_another_kind(void **state)
{
	const struct runs *runs = *state;
	struct seen_run larger = run_of(RUNS, 2 * blocks());
	struct seen_group *group = seen_group_new(&larger.filter, 1);
	struct seen_filter older = runs->run[0].filter;

	seen_group_add(group, &larger, 1);
	for (size_t i = 0; i < 63; i++) {
		assert_int_equal(seen_group_room(group, &runs->run[i].filter), 63 - i);
		seen_group_add(group, &runs->run[i], 1);
	}
	for (uint64_t run = 0; run < 63; run++)
		for (uint64_t i = 0; i < RUN_SLOTS; i++) {
			uint64_t maybe[SEEN_GROUP_WORDS];

			assert_true(is_maybe(group, hash_of(run, i), maybe));
			assert_true(maybe[0] >> (run + 1) & 1);
		}
	assert_int_equal(seen_group_room(group, &runs->run[63].filter), 0); /* enough of them */
	assert_int_equal(seen_group_room(group, &larger.filter), 64);
	assert_int_equal(seen_group_room(runs->alone[0], &larger.filter), 0);
	older.n_hash = 6;
	assert_int_equal(seen_group_room(runs->alone[0], &older), 0);
	assert_int_equal(seen_group_room(runs->alone[0], &runs->run[1].filter), 63);
	seen_group_free(group);
	run_drop(&larger);
}

/* What a run holds is never denied, and little else is not. */
static void a_filter_is_seldom_wrong(void **state)
{
	const struct runs *runs = *state;
	int wrong = 0;

	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		assert_true(says(runs->alone[1], hash_of(1, i)));
	for (uint64_t i = 0; i < 100000; i++)
		wrong += says(runs->alone[1], hash_of(2, i));
	assert_in_range(wrong, 0, 20);
}

/* Filters of older programs have fewer bits of a slot: no more are asked for. */
static void as_many_bits_are_asked_for_as_there_are(void **state)
{
	const struct runs *runs = *state;
	struct seen_filter older = runs->run[1].filter;
	struct seen_group *group;
	int wrong = 0;

	older.n_hash = 1;
	group = seen_group_new(&older, 1);
	seen_group_add(group, &(struct seen_run){ 1, 1, older }, 1);
	for (uint64_t i = 0; i < 10000; i++)
		wrong += says(group, hash_of(2, i));
	assert_in_range(wrong, 1000, 5000); /* of all bits a third is set */
	seen_group_free(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_say_what_their_runs_say),
		cmocka_unit_test(a_group_is_prepared_for_the_next_run),
		cmocka_unit_test(runs_are_added_together),
		cmocka_unit_test(dropped_runs_say_nothing),
		cmocka_unit_test(filters_of_another_kind),
		cmocka_unit_test(a_filter_is_seldom_wrong),
		cmocka_unit_test(as_many_bits_are_asked_for_as_there_are),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
