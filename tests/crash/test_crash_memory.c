/*
 * Memory runs out: the real daemon's Nth allocation fails (PANNIER_ALLOC_FAILS, builds for tests only). It
 * ends at once and says why; the books balance, what it acknowledged is there, and the next start goes on as
 * if it had been killed. Argument: "long" for many places.
 */
#include "support/town.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSTS_AT_ONCE 40
#define LOG_MAX	      ((size_t)16 << 20)

/* From the start's first to what comes long after it. */
static const int short_at[] = { 1, 40, 400, 1500 };
static const int long_at[] = { 2,    5,	   10,	 20,   60,   80,   100,	 150,  200,  250,
			       300,  350,  450,	 500,  600,  700,  800,	 900,  1000, 1100,
			       1200, 1300, 1400, 1700, 2000, 2500, 3000, 4000, 5000 };

static bool is_long;

static int set_up(void **state)
{
	static struct town town;

	town_open_empty(&town, NULL);
	town_account(&town, "main", TOWN_KEY, town.sandbox.url);
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	town_close(*state);
	return 0;
}

static int post_category(struct town *town, int i)
{
	struct str body = arena_printf(
		&town->place.arena,
		"{\"id\":\"m%d\",\"type\":\"category.upserted\",\"data\":{\"id\":\"c%d\",\"name\":\"C\"}}", i,
		i);

	return town_post(town, (struct town_post){ .body = body }, NULL);
}

static size_t times_said(struct town *town, const char *what)
{
	struct str log = { 0 };
	size_t n = 0;

	assert_true(file_read(place_file(&town->place, "pannier.log", NULL), LOG_MAX, &town->place.arena,
			      &log, &town->err));
	for (const char *at = arena_cstr(&town->place.arena, log); (at = strstr(at, what));
	     at += strlen(what))
		n++;
	return n;
}

/* Posts until memory runs out. */
static void live(struct town *town, int at, int *n_category, int *n_acknowledged)
{
	struct town_wait wait = { 0 };
	int code = 128 + SIGABRT;
	bool started;

	assert_int_equal(setenv("PANNIER_ALLOC_FAILS", arena_printf(&town->place.arena, "%d", at).p, 1), 0);
	started = town_try_start(town);
	assert_int_equal(unsetenv("PANNIER_ALLOC_FAILS"), 0);
	while (started && !town_ended(town, &code)) {
		for (int i = 0; i < POSTS_AT_ONCE; i++)
			*n_acknowledged += post_category(town, (*n_category)++) == 202;
		assert_true(town_wait(&wait));
	}
	assert_int_equal(code, 128 + SIGABRT);
}

static void it_ends_and_goes_on(void **state)
{
	const int *at = is_long ? long_at : short_at;
	size_t n = is_long ? ARRAY_LEN(long_at) : ARRAY_LEN(short_at);
	int n_category = 0, n_acknowledged = 0;
	struct town *town = *state;
	int64_t received;

	for (size_t i = 0; i < n; i++) {
		print_message("allocation %d\n", at[i]);
		live(town, at[i], &n_category, &n_acknowledged);
		assert_int_equal(times_said(town, "out of memory"), i + 1);
		town_conserve(town);
	}
	print_message("%d of %d acknowledged\n", n_acknowledged, n_category);
	town_start(town);
	town_idle(town);
	received = town_number(town, "stores", "shop", "received");
	assert_in_range(received, n_acknowledged, n_category);
	town_until(town, TOWN_KEY, "categories", (size_t)received);
	for (int i = 0; i < n_category; i++)
		assert_int_equal(post_category(town, i), 202);
	town_until(town, TOWN_KEY, "categories", (size_t)n_category);
	town_idle(town);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_ends_and_goes_on, set_up, tear_down),
	};

	is_long = argc > 1 && strcmp(argv[1], "long") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
