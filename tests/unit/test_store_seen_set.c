/*
 * Filters of many runs side by side say the same as each alone; a table finds what was put into it.
 */
#include "store/sqlite/seen_set.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RUN_SLOTS 2000
#define RUNS	  64

static uint64_t hash_of(uint64_t run, uint64_t i)
{
	const struct str part = str_of((const char *)&i, sizeof(i));
	struct digest16 slot = digest16_of(&part, 1);

	return seen_hash((int64_t)run + 1, &slot);
}

static struct seen_group *group_of_run(uint64_t run)
{
	size_t n_block = seen_filter_blocks(RUN_SLOTS);
	uint64_t *word = mem_zalloc(n_block, SEEN_BLOCK_WORDS * sizeof(*word));
	struct seen_filter filter = { n_block, SEEN_HASHES, word };
	struct seen_group *group;

	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		seen_filter_add(word, n_block, hash_of(run, i));
	group = seen_group_new((int64_t)run + 100, (int64_t)run / 10, &filter);
	mem_free(word);
	return group;
}

/* Bit i: what the run alone says. */
static uint64_t expected(struct seen_group *const alone[RUNS], size_t first, size_t n, uint64_t hash)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++)
		mask |= seen_group_find(alone[first + i], hash) << i;
	return mask;
}

static void assert_agree(const struct seen_group *group, struct seen_group *const alone[RUNS], size_t first)
{
	for (uint64_t run = 0; run < RUNS; run++)
		for (uint64_t i = 0; i < 300; i++) {
			uint64_t hash = hash_of(run, i);

			assert_true(seen_group_find(group, hash) == expected(alone, first, group->n, hash));
		}
	for (size_t i = 0; i < group->n; i++) {
		assert_int_equal(group->run[i], first + i + 100);
		assert_int_equal(group->day[i], (first + i) / 10);
	}
}

static void groups_say_what_their_runs_say(void **state)
{
	struct seen_group *alone[RUNS], *eight[SEEN_MERGE], *all;

	(void)state;
	for (uint64_t run = 0; run < RUNS; run++)
		alone[run] = group_of_run(run);
	for (size_t i = 0; i < SEEN_MERGE; i++) {
		struct seen_group *part[SEEN_MERGE];

		for (size_t j = 0; j < SEEN_MERGE; j++)
			part[j] = group_of_run(i * SEEN_MERGE + j);
		assert_true(seen_groups_fit(part));
		eight[i] = seen_groups_merge(part);
		assert_agree(eight[i], alone, i * SEEN_MERGE);
	}
	eight[3]->alive &= ~UINT64_C(4);
	alone[26]->alive = 0;
	assert_true(seen_groups_fit(eight));
	all = seen_groups_merge(eight);
	assert_int_equal(all->n, RUNS);
	assert_agree(all, alone, 0);
	seen_group_free(all);
	for (uint64_t run = 0; run < RUNS; run++)
		seen_group_free(alone[run]);
}

/* What a run holds is never denied, and little else is not. */
static void a_filter_is_seldom_wrong(void **state)
{
	struct seen_group *group = group_of_run(1);
	int wrong = 0;

	(void)state;
	for (uint64_t i = 0; i < RUN_SLOTS; i++)
		assert_int_equal(seen_group_find(group, hash_of(1, i)), 1);
	for (uint64_t i = 0; i < 100000; i++)
		wrong += seen_group_find(group, hash_of(2, i)) != 0;
	assert_in_range(wrong, 0, 20);
	seen_group_free(group);
}

/* Filters of older programs have fewer bits of a slot: no more are asked for. */
static void as_many_bits_are_asked_for_as_there_are(void **state)
{
	struct seen_group *group = group_of_run(1);
	int wrong = 0;

	(void)state;
	group->n_hash = 1;
	for (uint64_t i = 0; i < 10000; i++)
		wrong += seen_group_find(group, hash_of(2, i)) != 0;
	assert_in_range(wrong, 1000, 5000); /* of all bits a third is set */
	seen_group_free(group);
}

static void only_groups_of_a_kind_fit(void **state)
{
	struct seen_group *group[SEEN_MERGE];
	uint64_t larger[SEEN_BLOCK_WORDS * 256] = { 0 };

	(void)state;
	for (size_t i = 0; i < SEEN_MERGE; i++)
		group[i] = group_of_run(i);
	seen_group_free(group[5]);
	group[5] = seen_group_new(105, 0, &(struct seen_filter){ 256, SEEN_HASHES, larger });
	assert_int_not_equal(group[0]->n_block, 256);
	assert_false(seen_groups_fit(group));
	seen_group_free(group[5]);
	group[5] = group_of_run(5);
	assert_true(seen_groups_fit(group));
	group[5]->n_hash = 6;
	assert_false(seen_groups_fit(group));
	for (size_t i = 0; i < SEEN_MERGE; i++)
		seen_group_free(group[i]);
}

static void a_table_finds_what_was_put_last(void **state)
{
	struct seen_table table = { 0 };

	(void)state;
	assert_null(seen_table_find(&table, 1, 1));
	for (int64_t i = 1; i <= 5000; i++) {
		seen_table_reserve(&table, 1);
		seen_table_put(&table, &(struct seen_entry){ .id = i,
							     .store_id = 1,
							     .hash = hash_of(0, (uint64_t)i % 3000) });
	}
	assert_int_equal(table.n, 3000);
	assert_true(table.capacity >= 2 * table.n);
	for (int64_t i = 2001; i <= 5000; i++)
		assert_int_equal(seen_table_find(&table, 1, hash_of(0, (uint64_t)i % 3000))->id, i);
	assert_null(seen_table_find(&table, 1, hash_of(0, 3000)));
	assert_null(seen_table_find(&table, 2, hash_of(0, 2000))); /* of another store, whatever its hash */
	seen_table_drop(&table);
	assert_int_equal(table.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_say_what_their_runs_say),
		cmocka_unit_test(a_filter_is_seldom_wrong),
		cmocka_unit_test(as_many_bits_are_asked_for_as_there_are),
		cmocka_unit_test(only_groups_of_a_kind_fit),
		cmocka_unit_test(a_table_finds_what_was_put_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
