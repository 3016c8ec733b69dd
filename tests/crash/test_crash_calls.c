/*
 * Death at system calls: the real daemon is killed by strace as it is about to make its Nth write, sync, send
 * or read, started again on what is left, and killed again, also while it recovers. What was acknowledged is
 * there in the end, what was not the shop sends again, and Klaviyo holds each order's events once. Argument:
 * "long" for many places of each call. Skipped where strace may not be used.
 */
#include "support/town.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSTS_PER_LIFE	 6
#define EVENTS_PER_ORDER 2

struct place_to_die {
	const char *call;
	int at;
};

static const struct place_to_die short_row[] = {
	{ "fdatasync", 3 }, { "pwrite64", 12 }, { "sendto", 2 }, { "pwrite64", 2 }, { "recvfrom", 9 },
};

/*
 * Calls of a life, each at these places, up to where every life comes: strace counts those of each thread
 * apart. A sendto is made for each request to Klaviyo, an ftruncate now and then.
 */
static const struct place_to_die long_call[] = {
	{ "pwrite64", 200 }, { "fdatasync", 200 }, { "sendto", 200 },
	{ "recvfrom", 200 }, { "ftruncate", 3 },   { "epoll_wait", 200 },
};
static const int long_at[] = { 1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 113, 150, 200 };

static bool is_long;

static int set_up(void **state)
{
	static struct town town;

	town_open_empty(&town, NULL);
	town_account(&town, "main", TOWN_KEY, town.sandbox.url);
	town_store(&town, "shop", "generic", "main", NULL);
	town_account_set(&town, "main", "rate_limits=false"); /* so that it sends often */
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	town_close(*state);
	return 0;
}

/* Order i, the same bytes each time: what the shop sends until it is taken. */
static int post_order(struct town *town, int i)
{
	struct str body = arena_printf(
		&town->place.arena,
		"{\"id\":\"call-%d\",\"type\":\"order.placed\",\"data\":{\"order_id\":\"o%d\",\"placed_at\":"
		"\"2026-07-01T10:00:00Z\",\"currency\":\"EUR\",\"total\":\"5.00\",\"customer\":{\"email\":"
		"\"ann%d@calls.test.example.org\"},\"lines\":[{\"line_id\":\"1\",\"product_id\":\"p\","
		"\"sku\":\"s\","
		"\"name\":\"Cup\",\"quantity\":1,\"unit_price\":\"5.00\",\"row_total\":\"5.00\",\"brand\":"
		"\"B\","
		"\"categories\":[\"C\"],\"image_url\":\"https://s.example/i\",\"product_url\":\"https://"
		"s.example/p\"}]}}",
		i, i, i);

	return town_post(town, (struct town_post){ .body = body }, NULL);
}

/* Orders until it dies: at once as many as would do for the HTTP thread, then one by one. */
static bool dies(struct town *town, int at, int *n_order)
{
	struct town_wait wait = { 0 };
	int code = 0;

	for (int i = 0; !town_ended(town, &code); i++) {
		if (i >= POSTS_PER_LIFE + at && !town_wait(&wait))
			return false;
		(void)post_order(town, (*n_order)++);
	}
	return code != 0;
}

/* One life of the daemon. It may end while it starts. */
static void live(struct town *town, const struct place_to_die *where, int *n_order)
{
	struct arena *arena = &town->place.arena;
	const char *const wrapper[] = {
		"strace",
		"-f",
		"-qq",
		"-o",
		"/dev/null",
		"-e",
		arena_printf(arena, "trace=%s", where->call).p,
		"-e",
		arena_printf(arena, "inject=%s:signal=KILL:when=%d", where->call, where->at).p,
		NULL
	};

	town->wrapper = wrapper;
	if (town_try_start(town) && !dies(town, where->at, n_order))
		fail_msg("no thread makes its %d. %s", where->at, where->call);
	town->wrapper = NULL;
}

static int64_t stored_events(struct town *town)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	int64_t n = 0;

	(void)json_get_int(json_get(counts, "people"), "events_stored", &n);
	json_free(counts);
	return n;
}

static size_t choose_places(struct place_to_die *row)
{
	size_t n = 0;

	for (size_t i = 0; !is_long && i < ARRAY_LEN(short_row); i++)
		row[n++] = short_row[i];
	for (size_t i = 0; is_long && i < ARRAY_LEN(long_call); i++)
		for (size_t j = 0; j < ARRAY_LEN(long_at) && long_at[j] <= long_call[i].at; j++)
			row[n++] = (struct place_to_die){ long_call[i].call, long_at[j] };
	return n;
}

static void whoever_dies_goes_on(void **state)
{
	struct place_to_die row[ARRAY_LEN(long_call) * ARRAY_LEN(long_at)];
	struct town *town = *state;
	size_t n = choose_places(row);
	int n_order = 0;

	for (size_t i = 0; i < n; i++) {
		live(town, &row[i], &n_order);
		town_conserve(town);
	}
	print_message("%zu lives ended in the middle, %d orders\n", n, n_order);
	town_start(town);
	for (int i = 0; i < n_order; i++) /* the shop sends again whatever it is not sure of */
		assert_int_equal(post_order(town, i), 202);
	town_idle(town);
	assert_int_equal(town_number(town, "stores", "shop", "failed"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
	assert_int_equal(stored_events(town), (int64_t)n_order * EVENTS_PER_ORDER);
	assert_int_equal(town_violations(town, NULL), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whoever_dies_goes_on, set_up, tear_down),
	};

	if (system("strace -qq -e trace=none true 2>/dev/null") != 0) {
		print_message("strace cannot be used here\n");
		return 77;
	}
	is_long = argc > 1 && strcmp(argv[1], "long") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
