/*
 * Klaviyo in trouble, the daemon killed: in the end the catalog is what it should be, nothing is lost,
 * nothing is sent before it may be.
 */
#include "support/town.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

static int set_up(void **state)
{
	static struct town town;

	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	struct town *town = *state;

	assert_int_equal(town_violations(town, "request_before_retry_after"), 0);
	assert_int_equal(town_violations(town, "requests_over_window"), 0);
	town_close(town);
	return 0;
}

/* Nothing is under way and nothing waits for its next try. */
static void wait_for_rest(struct town *town)
{
	struct town_wait wait = { 0 };

	while (town_wait(&wait)) {
		town_idle(town);
		if (town_number(town, "accounts", "main", "waiting") == 0)
			break;
	}
	assert_int_equal(town_number(town, "accounts", "main", "waiting"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
}

/* Where no answer was lost nothing is sent twice, and no change overtakes another. */
static void assert_no_violations(struct town *town)
{
	assert_int_equal(town_violations(town, NULL), 0);
}

static void klaviyo_down_for_a_while(void **state)
{
	struct town *town = *state;
	struct town_wait wait = { 0 };

	town_knobs(town, "{'down':true}");
	town_products(town, "shop", "p", 3, 5);
	while (town_wait(&wait) && town_number(town, "accounts", "main", "waiting") < 1)
		;
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 0);
	town_knobs(town, "{'down':false}");
	town_until(town, TOWN_KEY, "variants", 3);
	wait_for_rest(town);
	assert_no_violations(town);
}

static void throttled_again_and_again(void **state)
{
	struct town *town = *state;

	town_knobs(town, "{'fail_every':3,'fail_status':429,'retry_after_s':1}");
	town_products(town, "shop", "p", 4, 5);
	town_products(town, "shop", "q", 40, 5);
	town_until(town, TOWN_KEY, "variants", 44);
	wait_for_rest(town);
	assert_no_violations(town);
}

static void every_fourth_request_fails(void **state)
{
	struct town *town = *state;

	town_knobs(town, "{'fail_every':4,'fail_status':503}");
	town_products(town, "shop", "p", 4, 5);
	town_until(town, TOWN_KEY, "variants", 4);
	town_knobs(town, "{'fail_every':0}");
	wait_for_rest(town);
	assert_no_violations(town);
}

static void answers_get_lost(void **state)
{
	struct town *town = *state;

	town_knobs(town, "{'drop_after':2,'drop_how':'502'}");
	town_products(town, "shop", "p", 3, 5);
	town_until(town, TOWN_KEY, "variants", 3);
	wait_for_rest(town);
	assert_no_violations(town);
}

static void killed_in_the_middle(void **state)
{
	struct town *town = *state;
	struct str before;

	town_knobs(town, "{'job_ms':1500}");
	for (int i = 0; i < 3; i++)
		town_products(town, "shop", arena_printf(&town->place.arena, "p%d-", i).p, 100, 5);
	for (int i = 0; i < 3; i++) {
		town_requests(town, 1 + 2 * i);
		assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
		town_conserve(town);
		town_start(town);
	}
	wait_for_rest(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 300);
	assert_int_equal(town_count(town, TOWN_KEY, "variants"), 300);
	/* the same again changes nothing and sends nothing */
	before = town_catalog(town);
	for (int i = 0; i < 3; i++)
		town_products(town, "shop", arena_printf(&town->place.arena, "p%d-", i).p, 100, 5);
	wait_for_rest(town);
	assert_true(str_eq(before, town_catalog(town)));
}

static void what_was_accepted_is_there_after_a_kill(void **state)
{
	struct town *town = *state;

	for (int i = 0; i < 20; i++) {
		town_products(town, "shop", arena_printf(&town->place.arena, "p%d-", i).p, 1, 5);
		if (i % 5 == 4) {
			/* the 200 was given: killed at once, nothing may be missing */
			assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
			town_start(town);
		}
	}
	wait_for_rest(town);
	assert_int_equal(town_number(town, "stores", "shop", "received"), 20);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 20);
}

/* One account's Klaviyo takes requests and never answers. */
static void a_dead_account_beside_a_living_one(void **state)
{
	struct town *town = *state;
	struct running dead = START(&town->place, PROGRAM_SANDBOX, "listening on", "--listen", "127.0.0.1:0",
				    "--limits", "off", "--latency-ms", "600000");
	int64_t started_ms;

	town_account(town, "dead", "pk_dead0123456789", dead.url);
	town_store(town, "grave", "generic", "dead", NULL);
	town_products(town, "grave", "g", 100, 5);
	town_products(town, "grave", "h", 5, 5);
	started_ms = clock_mono_ms(clock_system());
	town_products(town, "shop", "p", 2, 5);
	town_until(town, TOWN_KEY, "variants", 2);
	assert_true(clock_mono_ms(clock_system()) - started_ms < 2000);
	assert_int_equal(kill(dead.pid, SIGKILL), 0);
	assert_int_equal(program_stop(&dead, SIGKILL), 128 + SIGKILL);
}

static int64_t used_by_others(struct town *town)
{
	struct json *status = town_status(town);
	const struct json *budgets = json_get(status, "budgets");
	int64_t sum = 0, one;

	for (size_t i = 0; i < json_len(budgets); i++) {
		one = 0;
		(void)json_get_int(json_at(budgets, i), "used_by_others_in_minute", &one);
		sum += one;
	}
	json_free(status);
	return sum;
}

/*
 * Another integration takes most of the account's quota: it is noticed and said, given way to, and all gets
 * there.
 */
static void others_use_the_quota(void **state)
{
	struct town *town = *state;
	struct json *counts;
	int64_t by_others = 0, requests = 0, throttled = 0;

	town_knobs(town, "{'foreign_rps':30}");
	for (size_t round = 0; round < 5; round++) {
		/* Few enough to leave as single calls. */
		town_products(town, "shop", arena_printf(&town->place.arena, "p%zu-", round).p, 8, 5);
		town_until(town, TOWN_KEY, "variants", 8 * (round + 1));
		by_others += used_by_others(town);
		if (round == 2)
			town_knobs(town, "{'foreign_rps':60}");
	}
	assert_true(by_others > 0);
	wait_for_rest(town);
	counts = town_sandbox(town, "/sandbox/counts");
	(void)json_get_int(counts, "requests", &requests);
	(void)json_get_int(json_get(counts, "throttled"), "total", &throttled);
	assert_true(requests >= 80);
	assert_true(throttled * 10 <= requests);
	json_free(counts);
	assert_no_violations(town);
}

static bool says(struct town *town, const char *command, const char *text)
{
	return strstr(RUN(&town->place, command, "--json", "--data", town->data).out, text) != NULL;
}

/* What needs the scope stops and says so everywhere; whatever does not goes on. */
static void a_missing_scope_stops_what_needs_it(void **state)
{
	struct town *town = *state;

	town_knobs(town, "{'deny_scope':['catalogs:write']}");
	town_products(town, "shop", "p", 2, 5);
	town_requests(town, 1);
	for (struct town_wait wait = { 0 }; town_wait(&wait) && !says(town, "audit", "account_stopped");)
		;
	assert_true(says(town, "audit", "account_stopped"));
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "ready"), 4);
	assert_true(says(town, "status", "catalogs:write"));
	assert_true(says(town, "doctor", "catalogs:write"));
	town_generic(
		town, "shop", "order.placed",
		"{'order_id':'1','currency':'EUR','total':'5.00','customer':{'email':'ann@shop.example'},"
		"'lines':[]}");
	for (struct town_wait wait = { 0 };
	     town_wait(&wait) && town_number(town, "accounts", "main", "accepted") < 2;)
		;
	assert_int_equal(town_number(town, "accounts", "main", "accepted"), 2); /* the event and its person */
	assert_int_equal(town_number(town, "accounts", "main", "ready"), 4);
	town_knobs(town, "{'deny_scope':[]}");
	town_until(town, TOWN_KEY, "variants", 2);
	wait_for_rest(town);
	assert_no_violations(town);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(klaviyo_down_for_a_while),
		TEST(throttled_again_and_again),
		TEST(every_fourth_request_fails),
		TEST(answers_get_lost),
		TEST(killed_in_the_middle),
		TEST(what_was_accepted_is_there_after_a_kill),
		TEST(a_dead_account_beside_a_living_one),
		TEST(others_use_the_quota),
		TEST(a_missing_scope_stops_what_needs_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
