/* Klaviyo's fixed windows, to the millisecond; what a client hears of them; which promises it breaks. */
#include "rig.h"

#include "sandbox/route.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS "/api/catalog-items"

/* A limit whose windows begin with the test. */
static struct limit aligned_limit(void)
{
	return (struct limit){ .primed = true };
}

static int take_many(struct limit *limit, enum tier tier, int64_t now_ms, int n, int foreign)
{
	int allowed = 0;

	for (int i = 0; i < n; i++)
		allowed += limit_take(limit, tier, now_ms, foreign, rand_system()).allowed;
	return allowed;
}

static const struct tier_test {
	enum tier tier;
	int burst, steady;
} tier_tests[] = {
	{ TIER_XS, 1, 15 },  { TIER_S, 3, 60 },	     { TIER_M, 10, 150 },
	{ TIER_L, 75, 750 }, { TIER_XL, 350, 3500 },
};

static void test_each_tier(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tier_tests); i++) {
		const struct tier_test *test = &tier_tests[i];
		struct limit limit = aligned_limit();
		int allowed = 0;

		assert_int_equal(take_many(&limit, test->tier, 0, test->burst + 5, 0), test->burst);
		assert_int_equal(take_many(&limit, test->tier, 999, 1, 0), 0);
		assert_int_equal(take_many(&limit, test->tier, 1000, test->burst + 5, 0), test->burst);
		limit = aligned_limit();
		for (int64_t now_ms = 0; now_ms < 60000; now_ms += 1000)
			allowed += take_many(&limit, test->tier, now_ms, test->burst, 0);
		assert_int_equal(allowed, test->steady);
		assert_int_equal(take_many(&limit, test->tier, 60000, test->burst, 0), test->burst);
	}
}

/*
 * Fixed windows let twice the burst through around an edge: that is Klaviyo's, and a client must not rely
 * on it.
 */
static void test_edge(void **state)
{
	struct limit limit = aligned_limit();

	(void)state;
	assert_int_equal(take_many(&limit, TIER_L, 999, 80, 0), 75);
	assert_int_equal(take_many(&limit, TIER_L, 1000, 80, 0), 75);
}

static const struct verdict_row {
	const char *what;
	int64_t now_ms;
	int before_burst, before_steady;
	bool allowed;
	int64_t retry_after_ms;
} verdict_rows[] = {
	{ "fresh", 250, 0, 0, true, 0 },
	{ "burst full", 250, 75, 75, false, 750 },
	{ "burst full, last millisecond", 999, 75, 75, false, 1 },
	{ "minute full", 250, 0, 750, false, 59750 },
	{ "minute full at its end", 59999, 0, 750, false, 1 },
	{ "both full: the longer wait", 30250, 75, 750, false, 29750 },
};

static void test_retry_after(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verdict_rows); i++) {
		const struct verdict_row *row = &verdict_rows[i];
		struct limit limit = {
			.primed = true,
			.burst = { .number = row->now_ms / 1000, .used = row->before_burst },
			.steady = { .number = row->now_ms / 60000, .used = row->before_steady },
		};
		struct limit_verdict got = limit_take(&limit, TIER_L, row->now_ms, 0, rand_system());

		if (got.allowed != row->allowed || got.retry_after_ms != row->retry_after_ms)
			fail_msg("%s: got %d, %lld ms, want %d, %lld ms", row->what, got.allowed,
				 (long long)got.retry_after_ms, row->allowed, (long long)row->retry_after_ms);
		if (!row->allowed && !got.by_us)
			fail_msg("%s: nobody else is there", row->what);
	}
}

static void test_phases_differ(void **state)
{
	struct rand_seeded rand;
	struct limit a = { 0 }, b = { 0 };

	(void)state;
	rand_seeded_init(&rand, 3);
	(void)limit_take(&a, TIER_L, 0, 0, &rand.rand);
	(void)limit_take(&b, TIER_L, 0, 0, &rand.rand);
	assert_in_range(a.burst.phase_ms, 0, 999);
	assert_in_range(a.steady.phase_ms, 0, 59999);
	assert_int_not_equal(a.burst.phase_ms, b.burst.phase_ms);
	assert_int_not_equal(a.steady.phase_ms, b.steady.phase_ms);
}

/* At every phase a client that sends evenly at the steady rate is never refused. */
static void test_even_client_passes_at_every_phase(void **state)
{
	(void)state;
	for (int64_t phase_ms = 0; phase_ms < 60000; phase_ms += 977) {
		struct limit limit = {
			.primed = true,
			.burst.phase_ms = phase_ms % 1000,
			.steady.phase_ms = phase_ms,
		};

		for (int64_t i = 0; i < 1500; i++)
			if (!limit_take(&limit, TIER_L, i * 80, 0, rand_system()).allowed)
				fail_msg("refused request %d at phase %d", (int)i, (int)phase_ms);
	}
}

static void test_foreign_traffic(void **state)
{
	struct limit limit = aligned_limit();
	struct limit_verdict verdict;

	(void)state;
	/* 50 a second of others: after half a second 25 are gone */
	assert_int_equal(take_many(&limit, TIER_L, 500, 80, 50), 50);
	verdict = limit_take(&limit, TIER_L, 500, 50, rand_system());
	assert_false(verdict.allowed);
	assert_false(verdict.by_us);
	/* more than there is: we get nothing, they no more than all */
	assert_int_equal(take_many(&limit, TIER_L, 1999, 5, 1000), 0);
}

/* ---- through the API ---- */

static int get_items(struct rig *rig)
{
	return rig_send(rig, "GET", "/api/metrics", NULL); /* M: 10 and 150 */
}

/* Moves to the begin of a burst window of the endpoint, early in its minute. */
static void align(struct rig *rig)
{
	struct limit *limit;
	struct str id;
	bool known;

	(void)get_items(rig);
	limit = &rig->sandbox->account[0]
			 ->limit[route_index(route_find(STR("GET"), STR("/api/metrics"), &id, &known))];
	rig_wait(rig, 60000 - limit->steady.phase_ms % 60000);
	limit->burst.phase_ms = limit->steady.phase_ms % 1000;
	rig_wait(rig, 60000);
}

static void test_answers(void **state)
{
	struct rig *rig = rig_new_scaled(1);

	(void)state;
	align(rig);
	for (int i = 0; i < 10; i++) {
		rig_check_status("allowed", get_items(rig), 200);
		assert_string_equal(rig_header(rig, "RateLimit-Limit"), "10, 10;w=1, 150;w=60");
		assert_string_equal(rig_header(rig, "RateLimit-Remaining"), rig_printf(rig, "%d", 9 - i));
		assert_string_equal(rig_header(rig, "RateLimit-Reset"), i ? "0" : "1");
		rig_wait(rig, 1);
	}
	rig_check_status("refused", get_items(rig), 429);
	rig_check_text(rig, "refused", "errors.0.code", "throttled");
	rig_check_text(rig, "refused", "errors.0.detail",
		       "Request was throttled. Expected available in 1 second.");
	rig_check_text(rig, "refused", "errors.0.source.pointer", "/data");
	assert_string_equal(rig_header(rig, "Retry-After"), "1");
	assert_null(rig_header(rig, "RateLimit-Limit"));
	assert_null(rig_header(rig, "RateLimit-Remaining"));
	assert_null(rig_header(rig, "RateLimit-Reset"));
	rig_wait(rig, 990);
	rig_check_status("next window", get_items(rig), 200);
	rig_free(rig);
}

static void test_retry_after_of_the_minute(void **state)
{
	struct rig *rig = rig_new_scaled(1);

	(void)state;
	align(rig);
	for (int i = 0; i < 150; i++) {
		rig_check_status("allowed", get_items(rig), 200);
		rig_wait(rig, 100);
	}
	rig_check_status("refused", get_items(rig), 429);
	assert_string_equal(rig_header(rig, "Retry-After"), "45");
	rig_check_text(rig, "refused", "errors.0.detail",
		       "Request was throttled. Expected available in 45 seconds.");
	rig_wait(rig, 44999);
	rig_check_status("still", get_items(rig), 429);
	rig_wait(rig, 1);
	rig_check_status("over", get_items(rig), 200);
	rig_free(rig);
}

/* Ten times as fast: six seconds are one minute of the sandbox; Retry-After stays true in real time. */
static void test_scaled(void **state)
{
	struct rig *rig = rig_new_scaled(10);
	int allowed = 0;

	(void)state;
	for (int i = 0; i < 12000; i++) {
		if (get_items(rig) == 200)
			allowed++;
		else
			assert_in_range(strtol(rig_header(rig, "Retry-After"), NULL, 10), 1, 6);
		rig_wait(rig, 1);
		arena_reset(&rig->arena);
	}
	assert_in_range(allowed, 2 * 150, 3 * 150); /* 12 s touch two windows of a minute, or three */
	rig_free(rig);
}

/* Endpoints and accounts have windows of their own. */
static void test_separate_windows(void **state)
{
	struct rig *rig = rig_new_scaled(1);

	(void)state;
	align(rig);
	for (int i = 0; i < 10; i++)
		rig_check_status("allowed", get_items(rig), 200);
	rig_check_status("refused", get_items(rig), 429);
	rig_check_status("another endpoint", rig_send(rig, "GET", "/api/metrics/ABCDEF", NULL), 404);
	rig->key = "pk_another_account1";
	rig_check_status("another account", get_items(rig), 200);
	rig_free(rig);
}

/* What counts: refused content does, bad keys and revisions do not. XS: one a second. */
static void test_what_counts(void **state)
{
	static const struct count_row {
		const char *what, *target, *key, *revision;
		int status, next;
	} count_rows[] = {
		{ "an accepted one", "/api/accounts", RIG_KEY, "2026-07-15", 200, 429 },
		{ "refused for its parameters", "/api/accounts?x=1", RIG_KEY, "2026-07-15", 400, 429 },
		{ "bad key", "/api/accounts", "pk_x", "2026-07-15", 401, 200 },
		{ "bad revision", "/api/accounts", RIG_KEY, "2020-01-01", 400, 200 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(count_rows); i++) {
		struct rig *rig = rig_new_scaled(1);

		rig->key = count_rows[i].key;
		rig->revision = count_rows[i].revision;
		rig_check_status(count_rows[i].what, rig_send(rig, "GET", count_rows[i].target, NULL),
				 count_rows[i].status);
		rig->key = RIG_KEY;
		rig->revision = "2026-07-15";
		rig_check_status(count_rows[i].what, rig_send(rig, "GET", "/api/accounts", NULL),
				 count_rows[i].next);
		rig_free(rig);
	}
}

static void check_violations(struct rig *rig, const char *kind, const char *want)
{
	rig_check_status("violations", rig_send(rig, "GET", "/sandbox/violations", NULL), 200);
	rig_check_text(rig, "violations", rig_printf(rig, "by_kind.%s", kind), want);
}

static void test_violations(void **state)
{
	struct rig *rig = rig_new_scaled(1);

	(void)state;
	align(rig);
	for (int i = 0; i < 10; i++)
		rig_check_status("allowed", get_items(rig), 200);
	check_violations(rig, "requests_over_window", "0");
	rig_check_status("refused", get_items(rig), 429);
	check_violations(rig, "requests_over_window", "1");
	rig_check_text(rig, "violations", "violations.0.detail", "GET /api/metrics: the window is full");
	rig_check_text(rig, "violations", "violations.0.key_last4", "3456");
	rig_wait(rig, 50); /* was under way already */
	rig_check_status("in flight", get_items(rig), 429);
	check_violations(rig, "request_before_retry_after", "0");
	rig_wait(rig, 500);
	rig_check_status("too early", get_items(rig), 429);
	check_violations(rig, "request_before_retry_after", "1");
	rig_wait(rig, 1000);
	rig_check_status("patient", get_items(rig), 200);
	check_violations(rig, "request_before_retry_after", "1");
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, "counts", "throttled.total", "3");
	rig_check_text(rig, "counts", "throttled.caused_by_us", "3");
	rig_free(rig);
}

/* A client that others pushed over the limit broke nothing. */
static void test_foreign_is_no_violation(void **state)
{
	struct rig *rig = rig_new_scaled(1);

	(void)state;
	align(rig);
	rig_knobs(rig, "{\"foreign_rps\":1000}");
	rig_wait(rig, 500);
	rig_check_status("refused", get_items(rig), 429);
	check_violations(rig, "requests_over_window", "0");
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, "counts", "throttled.total", "1");
	rig_check_text(rig, "counts", "throttled.caused_by_us", "0");
	rig_free(rig);
}

static void test_limits_off(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	for (int i = 0; i < 500; i++)
		rig_check_status("allowed", rig_send(rig, "GET", "/api/accounts", NULL), 200);
	rig_free(rig);
}

/* Tiers of the specification: of what is not the catalog, the first row that matches counts. */
static const struct tier_of {
	const char *method, *pattern; /* of its start; NULL = any */
	enum tier tier;
} tiers[] = {
	{ NULL, "/api/accounts", TIER_XS },
	{ NULL, "/api/data-privacy-deletion-jobs", TIER_S },
	{ NULL, "/api/metrics", TIER_M },
	{ NULL, "/api/event-bulk-create-jobs", TIER_M },
	{ NULL, "/api/profile-bulk-import-jobs", TIER_M },
	{ NULL, "/api/events/{id}", TIER_M },
	{ "POST", "/api/lists", TIER_M },
	{ NULL, "/api/lists", TIER_L },
	{ NULL, "/api/profile", TIER_L }, /* profiles, profile-import, profile-subscription-... */
	{ NULL, "/api/events", TIER_XL },
};

static enum tier tier_wanted(const struct route *route)
{
	bool read = strcmp(route->method, "GET") == 0;
	bool slow_poll = strstr(route->pattern, "item-bulk-create") ||
			 strstr(route->pattern, "item-bulk-update") ||
			 strstr(route->pattern, "variant-bulk-create") ||
			 strstr(route->pattern, "variant-bulk-update");

	for (size_t i = 0; i < ARRAY_LEN(tiers); i++)
		if ((!tiers[i].method || strcmp(tiers[i].method, route->method) == 0) &&
		    strncmp(route->pattern, tiers[i].pattern, strlen(tiers[i].pattern)) == 0)
			return tiers[i].tier;
	return read && !slow_poll ? TIER_XL : TIER_L;
}

static void test_tiers_of_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count(); i++) {
		const struct route *route = route_at(i);

		if (route->tier != tier_wanted(route))
			fail_msg("%s %s: got tier %d, want %d", route->method, route->pattern, route->tier,
				 tier_wanted(route));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_tier),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_phases_differ),
		cmocka_unit_test(test_even_client_passes_at_every_phase),
		cmocka_unit_test(test_foreign_traffic),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_retry_after_of_the_minute),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_separate_windows),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_foreign_is_no_violation),
		cmocka_unit_test(test_limits_off),
		cmocka_unit_test(test_tiers_of_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
