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

static void save_and_load(struct budget *budget, const struct endpoint_row *endpoint, int percent,
			  int64_t now_ms)
{
	struct arena arena;
	struct str blob;

	arena_init(&arena);
	blob = budget_save(budget, &arena);
	assert_true(blob.len > 0 && blob.len <= 512);
	budget_init(budget, endpoint, percent);
	budget_load(budget, blob, now_ms);
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
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
	budget_take(&budget, START_MS);
	budget_observe(&budget, START_MS + 200, 74, 0);
	assert_int_equal(room(budget, START_MS + 200), 66);
	budget_observe(&budget, START_MS + 200, 66, 0); /* what our share leaves: no sign of others */
	assert_int_equal(room(budget, START_MS + 200), 66);
	budget_observe(&budget, START_MS + 200, -1, 0);
	assert_int_equal(room(budget, START_MS + 200), 66);
	budget_observe(&budget, START_MS + 200, 30, 0);
	assert_int_equal(room(budget, START_MS + 200), 32);
	assert_int_equal(room(budget, START_MS + 5300), 67);
	budget_observe(&budget, START_MS + 6000, 0, 2);
	assert_int_equal(room(budget, START_MS + 7999), 0);
	assert_int_equal(room(budget, START_MS + 8000), 33);
}

static void a_text_that_cannot_be_read_counts_as_used_up(void **state)
{
	static const char *const blob[] = {
		"",
		"x",
		"2 1 1 0 0 0 0",
		"1 1 1 0 0",
		"1 1 1 0 0 0",
		"1 1 1 0 0 0 0 0",
		"1 1 1 0 0 g 0",
		"1 -1 1 0 0 0 0",
		"1 1 1 0 0 0,0,0,0,0,0,0,0,0,0,0,0 0",
		"1 1 1 0 0 , 0",
		"1 1 1 0 0 12345 0",
		"1  1 1 0 0 0",
	};
	int64_t wait_ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(blob); i++) {
		struct budget budget;

		budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
		budget_load(&budget, str_from(blob[i]), START_MS);
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
	budget.burst_at = budget.steady_at = budget.frozen_until_ms = budget.foreign_until_ms =
		INT64_C(99999999999999);
	memset(budget.burst, 0xff, sizeof(budget.burst));
	memset(budget.steady, 0xff, sizeof(budget.steady));
	arena_init(&arena);
	blob = budget_save(&budget, &arena);
	assert_true(blob.len <= 512);
	before = budget;
	budget_load(&budget, blob, budget.burst_at * 100);
	assert_memory_equal(budget.burst, before.burst, sizeof(before.burst));
	arena_release(&arena);
}

/* A clock that goes back: what was taken counts as fresh, and nothing freezes for ever. */
static void a_clock_that_jumps_back_is_no_excuse(void **state)
{
	struct budget budget;
	int64_t wait_ms;

	(void)state;
	budget_init(&budget, endpoint_row(ENDPOINT_item_create), 90);
	for (int i = 0; i < 67; i++)
		budget_take(&budget, START_MS);
	assert_false(budget_allows(&budget, START_MS - 3600000, &wait_ms));
	assert_true(wait_ms <= 1100);
	assert_true(budget_allows(&budget, START_MS - 3600000 + 1100, &wait_ms));
	budget_freeze(&budget, START_MS, 5000);
	assert_false(budget_allows(&budget, START_MS - 86400000, &wait_ms));
	assert_true(wait_ms <= 3600000);
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
		cmocka_unit_test(a_text_that_cannot_be_read_counts_as_used_up),
		cmocka_unit_test(a_full_budget_fits_its_text),
		cmocka_unit_test(a_clock_that_jumps_back_is_no_excuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
