/*
 * Budgets: proves that no window of one second or one minute holds more than its share, wherever it begins,
 * whatever the requests' times are and however often the budget is saved and loaded; and that at least nine
 * tenths of the share are there to be used.
 */
#include "base/rand.h"
#include "klaviyo/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_MS  INT64_C(1785500000123)
#define TAKEN_MAX 60000

struct taken {
	int64_t at_ms[TAKEN_MAX];
	size_t n;
};

static void take(struct taken *taken, struct budget *budget, int64_t now_ms)
{
	assert_true(taken->n < TAKEN_MAX);
	taken->at_ms[taken->n++] = now_ms;
	budget_take(budget, now_ms);
}

/* Most requests in any window of that length: one that begins with a request is as full as can be. */
static int most_in_window(const struct taken *taken, int64_t window_ms)
{
	size_t first = 0;
	int most = 0;

	for (size_t i = 0; i < taken->n; i++) {
		while (taken->at_ms[i] - taken->at_ms[first] >= window_ms)
			first++;
		if ((int)(i - first + 1) > most)
			most = (int)(i - first + 1);
	}
	return most;
}

static struct moment at(int64_t now_ms)
{
	return (struct moment){ .wall_ms = now_ms, .mono_ms = now_ms };
}

static void save_and_load(struct budget *budget, const struct endpoint_row *endpoint, int percent,
			  int64_t now_ms)
{
	struct arena arena;
	struct str blob;

	arena_init(&arena);
	blob = budget_save(budget, at(now_ms), &arena);
	assert_true(blob.len > 0 && blob.len <= 1000);
	budget_init(budget, endpoint, percent);
	budget_load(budget, blob, at(now_ms));
	arena_release(&arena);
}

/* Times of all kinds: rushes, single ones, pauses. */
static int64_t next_gap_ms(struct rand *rand)
{
	switch (rand_below(rand, 6)) {
	case 0:
		return 0;
	case 1:
		return (int64_t)rand_below(rand, 5);
	case 2:
		return (int64_t)rand_below(rand, 120);
	case 3:
		return (int64_t)rand_below(rand, 1100);
	case 4:
		return (int64_t)rand_below(rand, 4) * 100;
	default:
		return rand_below(rand, 50) == 0 ? (int64_t)rand_below(rand, 130000) : 1;
	}
}

static void never_more_than_the_share_in_any_window(void **state)
{
	static const enum endpoint endpoint[] = { ENDPOINT_accounts_get, ENDPOINT_item_create,
						  ENDPOINT_variant_bulk_update };
	static const int percent[] = { 1, 30, 90, 100 };
	static struct taken taken;
	struct rand_seeded seeded;

	(void)state;
	rand_seeded_init(&seeded, 5);
	for (size_t round = 0; round < ARRAY_LEN(endpoint) * ARRAY_LEN(percent) * 4; round++) {
		const struct endpoint_row *row = endpoint_row(endpoint[round % ARRAY_LEN(endpoint)]);
		int share = percent[round / ARRAY_LEN(endpoint) % ARRAY_LEN(percent)];
		int64_t now_ms = START_MS + (int64_t)rand_below(&seeded.rand, 60000), wait_ms;
		struct budget budget;

		taken.n = 0;
		budget_init(&budget, row, share);
		for (int i = 0; i < 6000; i++) {
			now_ms += next_gap_ms(&seeded.rand);
			if (rand_below(&seeded.rand, 40) == 0)
				save_and_load(&budget, row, share, now_ms);
			if (budget_allows(&budget, now_ms, &wait_ms))
				take(&taken, &budget, now_ms);
			else
				assert_true(wait_ms > 0 && wait_ms <= 61000);
		}
		assert_true(most_in_window(&taken, 1000) <= budget.burst_limit);
		assert_true(most_in_window(&taken, 60000) <= budget.steady_limit);
		assert_true(budget.burst_limit <= row->burst_per_s &&
			    budget.steady_limit <= row->steady_per_min);
	}
}

/* As many as are allowed, one after the other, for ten minutes. */
static void nine_tenths_can_be_used(void **state)
{
	static const enum endpoint endpoint[] = { ENDPOINT_accounts_get, ENDPOINT_item_create };
	static struct taken taken;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(endpoint); i++) {
		const struct endpoint_row *row = endpoint_row(endpoint[i]);
		struct budget budget;
		int64_t now_ms = START_MS, wait_ms;

		taken.n = 0;
		budget_init(&budget, row, 100);
		while (now_ms < START_MS + 600000) {
			if (budget_allows(&budget, now_ms, &wait_ms))
				take(&taken, &budget, now_ms);
			else
				now_ms += wait_ms;
		}
		assert_true((int)taken.n * 10 >= 9 * 10 * row->steady_per_min);
		assert_true(most_in_window(&taken, 60000) <= row->steady_per_min);
		assert_true(most_in_window(&taken, 1000) * 10 >= 9 * row->burst_per_s);
	}
}

static const struct {
	enum endpoint endpoint;
	int percent, burst, steady;
} share_row[] = {
	{ ENDPOINT_item_create, 100, 75, 750 }, { ENDPOINT_item_create, 90, 67, 675 },
	{ ENDPOINT_item_create, 1, 1, 7 },	{ ENDPOINT_accounts_get, 90, 1, 13 },
	{ ENDPOINT_accounts_get, 1, 1, 1 },
};

static void shares_are_cut_but_never_nothing(void **state)
{
	struct budget budget;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(share_row); i++) {
		budget_init(&budget, endpoint_row(share_row[i].endpoint), share_row[i].percent);
		assert_int_equal(budget.burst_limit, share_row[i].burst);
		assert_int_equal(budget.steady_limit, share_row[i].steady);
	}
	budget_init_poll(&budget, ENDPOINT_item_bulk_create, 100);
	assert_int_equal(budget.steady_limit, 750);
	budget_init_poll(&budget, ENDPOINT_category_bulk_create, 100);
	assert_int_equal(budget.steady_limit, 3500);
	assert_int_equal(budget.burst_limit, 350);
}

static void asking_again_after_the_wait_is_enough(void **state)
{
	struct rand_seeded seeded;
	struct budget budget;
	int64_t now_ms = START_MS, wait_ms;

	(void)state;
	rand_seeded_init(&seeded, 9);
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 40);
	for (int i = 0; i < 5000; i++) {
		if (!budget_allows(&budget, now_ms, &wait_ms)) {
			struct budget early = budget;
			int64_t more_ms;

			assert_false(budget_allows(&early, now_ms + wait_ms - 1, &more_ms));
			now_ms += wait_ms;
			assert_true(budget_allows(&budget, now_ms, &wait_ms));
		}
		budget_take(&budget, now_ms);
		now_ms += (int64_t)rand_below(&seeded.rand, 20);
	}
}

static void nothing_before_retry_after(void **state)
{
	struct budget budget;
	int64_t wait_ms;

	(void)state;
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
	budget_freeze(&budget, START_MS, 7000);
	budget_freeze(&budget, START_MS, 3000);
	assert_false(budget_allows(&budget, START_MS + 6999, &wait_ms));
	assert_int_equal(wait_ms, 1);
	save_and_load(&budget, endpoint_row(ENDPOINT_item_create), 90, START_MS + 1);
	assert_false(budget_allows(&budget, START_MS + 1, &wait_ms));
	assert_int_equal(wait_ms, 6999);
	assert_true(budget_allows(&budget, START_MS + 7000, &wait_ms));
	budget_freeze(&budget, START_MS, INT64_MAX);
	assert_true(budget_allows(&budget, START_MS + 3600000, &wait_ms));
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
	budget_silence(&budget, START_MS, 7000);
	budget_silence(&budget, START_MS, -1);
	assert_false(budget_allows(&budget, START_MS + 6999, &wait_ms));
	assert_true(budget_allows(&budget, START_MS + 7000, &wait_ms));
}

/* How many may start at once. */
static int room(struct budget budget, int64_t now_ms)
{
	int64_t wait_ms;
	int n = 0;

	for (; budget_allows(&budget, now_ms, &wait_ms); n++)
		budget_take(&budget, now_ms);
	return n;
}

static void others_use_it_too(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90); /* 67 of 75 per s, 675 of 750 per min */
	budget_take(&budget, START_MS);
	assert_int_equal(budget_observe(&budget, START_MS + 200, 75, 74, 0), 0);
	assert_int_equal(room(budget, START_MS + 200), 66);
	assert_int_equal(budget_observe(&budget, START_MS + 200, -1, -1, 0), 0);
	assert_int_equal(budget_observe(&budget, START_MS + 200, 99, 5, 0),
			 0); /* not a window that we know */
	assert_int_equal(budget_observe(&budget, START_MS + 700, 75, 30, 0), 44);
	assert_int_equal(budget_observe(&budget, START_MS + 750, 75, 28, 0), 2); /* of the same second */
	assert_int_equal(budget_foreign(&budget, START_MS + 750), 46);
	assert_int_equal(room(budget, START_MS + 750), 28); /* what they leave of 75, less ours */
	assert_int_equal(room(budget, START_MS + 5300), 67);
	assert_int_equal(budget_steady_now(&budget, START_MS + 5300), 675);
	assert_int_equal(budget_observe(&budget, START_MS + 6000, 750, 103, 40), 600);
	assert_int_equal(budget_steady_now(&budget, START_MS + 6000), 104);
	save_and_load(&budget, endpoint_row(ENDPOINT_item_create), 90, START_MS + 6100);
	assert_int_equal(budget_foreign(&budget, START_MS + 6100), 646);
	assert_int_equal(budget_steady_now(&budget, START_MS + 80000), 675);
}

static void nothing_left_is_silence_until_the_reset(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
	(void)budget_observe(&budget, START_MS, 75, 0, 2);
	assert_int_equal(room(budget, START_MS + 1999), 0);
	assert_int_equal(room(budget, START_MS + 2000), 67);
}

/* Down at once, once a second; up again within a minute, never at a jump. */
static void a_429_makes_it_slower_for_a_minute(void **state)
{
	struct budget budget;
	int before = 0;

	(void)state;
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 100);
	budget_freeze(&budget, START_MS, 0);
	budget_freeze(&budget, START_MS + 10, 0); /* of the same rush */
	assert_int_equal(room(budget, START_MS + 20), 52);
	budget_freeze(&budget, START_MS + 2000, 0);
	assert_int_equal(room(budget, START_MS + 2001), 37);
	save_and_load(&budget, endpoint_row(ENDPOINT_item_create), 100, START_MS + 2002);
	for (int s = 3; s <= 110; s++) {
		int now = room(budget, START_MS + s * 1000);

		assert_true(now >= before && now <= (before ? before + 1 : 75));
		before = now;
	}
	assert_int_equal(before, 75);
	for (int i = 0; i < 20; i++)
		budget_freeze(&budget, START_MS + 200000 + i * 2000, 0);
	assert_int_equal(room(budget, START_MS + 238001), 7);
}

static void a_text_that_cannot_be_read_counts_as_used_up(void **state)
{
	static const char *const blob[] = {
		"",
		"x",
		"3 1 1 1 1 0 1000000 0 0 0 0 0", /* of an earlier version */
		"4 1 1 1 1 0 1000000 0 0",
		"4 1 1 1 1 0 1000000 0 0 0 0",
		"4 1 1 1 1 0 1000000 0 0 0 0 0 0",
		"4 1 1 1 1 0 1000000 0 0 g 0 0",
		"4 1 1 999999999999999999 1 0 1000000 0 0 0 0 0",
		"4 1 -999999999999999999 1 1 0 1000000 0 0 0 0 0",
		"4 1 1 1 1 0 1000000 0 0 0,0,0,0,0,0,0,0,0,0,0,0 0 0",
		"4 1 1 1 1 0 1000000 0 0 , 0 0",
		"4 1 1 1 1 0 1000000 0 0 12345 0 0",
		"4 1 1  1 1 0 1000000 0 0 0 0",
		"4 1 1 1 1 0 1000001 0 0 0 0 0",
		"4 1 1 1 1 0 0 0 0 0 0 0",
	};
	int64_t wait_ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(blob); i++) {
		struct budget budget;

		budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
		budget_load(&budget, str_from(blob[i]), at(START_MS));
		assert_false(budget_allows(&budget, START_MS + 59000, &wait_ms));
		assert_true(budget_allows(&budget, START_MS + 61000, &wait_ms));
	}
}

static void a_full_budget_fits_its_text(void **state)
{
	struct budget budget, before;
	struct arena arena;
	struct str blob;

	(void)state;
	budget_init_poll(&budget, ENDPOINT_category_bulk_create, 100);
	budget.burst_at = budget.steady_at = budget.frozen_until_ms = budget.foreign_at =
		budget.factor_at_ms = INT64_C(99999999999999);
	budget.burst_at /= 100;
	budget.steady_at /= 500;
	budget.foreign_at /= 10000;
	memset(budget.burst, 0xff, sizeof(budget.burst));
	memset(budget.steady, 0xff, sizeof(budget.steady));
	memset(budget.foreign, 0xff, sizeof(budget.foreign));
	arena_init(&arena);
	blob = budget_save(&budget, at(INT64_C(99999999999999)), &arena);
	assert_true(blob.len <= 1000);
	before = budget;
	budget_load(&budget, blob, at(INT64_C(99999999999999)));
	assert_memory_equal(budget.steady + 10, before.steady + 10,
			    sizeof(before.steady) - 10 * sizeof(before.steady[0]));
	assert_memory_equal(budget.foreign, before.foreign, sizeof(before.foreign));
	assert_int_equal(budget.burst[0], 0xffff);
	assert_int_equal(budget.steady[0], 0xffff);
	arena_release(&arena);
}

/* Saved when 7 requests a minute are used up, at wall 1,000,000 s and 1,000 s after the machine's start. */
#define WALL_S	   1000000
#define MONO_S	   1000
#define RETRY_IN_S 20

static const struct {
	const char *what;
	int64_t wall_s, mono_s; /* of the load */
	int64_t passed_s;
} restart_row[] = {
	{ "at once", WALL_S, MONO_S, 0 },
	{ "half a minute later", WALL_S + 30, MONO_S + 30, 30 },
	{ "the clock leapt a year ahead", WALL_S + 31536000, MONO_S + 10, 10 },
	{ "the clock went an hour back", WALL_S - 3600, MONO_S + 10, 0 },
	{ "the machine was started anew", WALL_S + 90, 25, 25 },
	{ "it was started anew, and its clock had lost a year", WALL_S - 31536000, 25, 0 },
	{ "started anew, and up for long", WALL_S + 7200, 5000, 4000 },
	{ "the database was brought to another machine", WALL_S + 5, 86400, 5 },
};

/* What is not sure to have passed has not. */
static void a_start_believes_neither_clock_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(restart_row); i++) {
		struct moment saved = { WALL_S * MS_PER_S, MONO_S * MS_PER_S };
		struct moment now = { restart_row[i].wall_s * MS_PER_S, restart_row[i].mono_s * MS_PER_S };
		int64_t left_s = 60 - restart_row[i].passed_s,
			frozen_s = RETRY_IN_S - restart_row[i].passed_s;
		struct budget budget;
		struct arena arena;
		int64_t wait_ms;

		budget_init(&budget, endpoint_row(ENDPOINT_item_create), 1);
		for (int k = 0; k < 7; k++)
			budget_take(&budget, saved.mono_ms - (26 - k) * MS_PER_S);
		budget_take(&budget, saved.mono_ms);
		budget_freeze(&budget, saved.mono_ms, RETRY_IN_S * MS_PER_S);
		arena_init(&arena);
		budget_load(&budget, budget_save(&budget, saved, &arena), now);
		arena_release(&arena);
		if (budget_allows(&budget, now.mono_ms, &wait_ms)
			    ? left_s > 0
			    : wait_ms > 62000 || wait_ms < frozen_s * 1000)
			fail_msg("%s: wait %lld ms", restart_row[i].what, (long long)wait_ms);
		if (left_s > 41 && budget_allows(&budget, now.mono_ms + (left_s - 41) * MS_PER_S, &wait_ms))
			fail_msg("%s: what was used is forgotten", restart_row[i].what);
		assert_true(budget_allows(&budget, now.mono_ms + 62 * MS_PER_S, &wait_ms));
	}
}

/* Rounds: some are taken at once and leave together, later; then there is a crash, or not. */
/* Kept twice, by who claims and by who looks something up: the later one knows of all. */
static void the_tighter_of_two_is_the_newer(void **state)
{
	struct budget a, b;

	(void)state;
	budget_init(&a, endpoint_row(ENDPOINT_profiles_get), 90);
	b = a;
	assert_false(budget_is_tighter(&a, &b, START_MS));
	budget_take(&a, START_MS);
	assert_true(budget_is_tighter(&a, &b, START_MS));
	assert_false(budget_is_tighter(&b, &a, START_MS));
	budget_freeze(&b, START_MS, 7000);
	assert_true(budget_is_tighter(&b, &a, START_MS));
	assert_false(budget_is_tighter(&a, &b, START_MS));
}

static void what_leaves_late_counts_late(void **state)
{
	static struct taken taken;
	const struct endpoint_row *row = endpoint_row(ENDPOINT_item_create);
	struct rand_seeded seeded;
	struct budget budget;
	int64_t now_ms = START_MS, wait_ms;

	(void)state;
	rand_seeded_init(&seeded, 3);
	taken.n = 0;
	budget_init(&budget, row, 10);
	for (int round = 0; round < 6000; round++) {
		int64_t left_ms = now_ms + (int64_t)rand_below(&seeded.rand, 2000);
		struct budget saved;
		size_t n = 0;

		for (; n < 5 && budget_allows(&budget, now_ms, &wait_ms); n++)
			budget_take(&budget, now_ms);
		saved = budget;
		for (size_t i = 0; i < n; i++) {
			budget_leave(&budget, now_ms, left_ms);
			taken.at_ms[taken.n++] = left_ms;
		}
		if (rand_below(&seeded.rand, 10) == 0) {
			struct arena arena;
			struct str blob;

			arena_init(&arena);
			blob = budget_save(&saved, at(now_ms), &arena);
			budget_init(&budget, row, 10);
			budget_load(&budget, blob, at(left_ms));
			arena_release(&arena);
		}
		now_ms = left_ms + (int64_t)rand_below(&seeded.rand, 50);
	}
	assert_true(most_in_window(&taken, 1000) <= budget.burst_limit);
	assert_true(most_in_window(&taken, 60000) <= budget.steady_limit);
	assert_true(taken.n > 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_more_than_the_share_in_any_window),
		cmocka_unit_test(nine_tenths_can_be_used),
		cmocka_unit_test(shares_are_cut_but_never_nothing),
		cmocka_unit_test(asking_again_after_the_wait_is_enough),
		cmocka_unit_test(nothing_before_retry_after),
		cmocka_unit_test(others_use_it_too),
		cmocka_unit_test(nothing_left_is_silence_until_the_reset),
		cmocka_unit_test(a_429_makes_it_slower_for_a_minute),
		cmocka_unit_test(a_text_that_cannot_be_read_counts_as_used_up),
		cmocka_unit_test(a_full_budget_fits_its_text),
		cmocka_unit_test(a_start_believes_neither_clock_alone),
		cmocka_unit_test(the_tighter_of_two_is_the_newer),
		cmocka_unit_test(what_leaves_late_counts_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
