/*
 * Batches that Klaviyo refuses: of a thousand events with k bad ones, every one ends right, in order, and
 * with a bounded number of requests.
 */
#include "support/rig.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 1000
#define PERSONS	   40

static int n_events;

static int set_up(void **state)
{
	struct rig *rig = rig_new(&db_sqlite_ops);

	n_events = EVENTS_MAX;
	rig_account_set(rig, "main", "", (const char *const[]){ "cancelled_spelling=Cancelled", NULL });
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	rig_conserve(rig);
	rig_free(rig);
	return 0;
}

/* Event i, bad or not, of person i % PERSONS. */
static struct delivery_new event(struct rig *rig, int i, bool bad)
{
	struct str id = arena_printf(&rig->arena, "%s-%04d", bad ? "bad" : "good", i);
	struct str person = arena_printf(&rig->arena, "p%d@shop.test", i % PERSONS);
	struct delivery_new new = {
		.kind = KLAVIYO_EVENT,
		.op = DELIVERY_CREATE,
		.external_id = arena_printf(&rig->arena, "Viewed Product|%s", id.p),
		.parent_external_id = person,
		.body = arena_printf(
			&rig->arena,
			"{\"type\":\"event\",\"attributes\":{\"unique_id\":\"%s\",\"properties\":{},"
			"\"metric\":{\"data\":{\"type\":\"metric\",\"attributes\":{\"name\":\"Viewed "
			"Product\"}}},"
			"\"profile\":{\"data\":{\"type\":\"profile\",\"attributes\":{\"email\":\"%s\"}}}}}",
			id.p, person.p),
	};

	new.hash = digest16_of(&new.body, 1);
	return new;
}

/* n_events events are ready to leave; those at bad[k] are bad. */
static void publish_events(struct rig *rig, const int *bad, size_t n_bad)
{
	struct delivery_new *new = ARENA_ARRAY(&rig->arena, (size_t)n_events, struct delivery_new);
	struct catalog_publication publication = {
		.store_id = rig_store_id(rig, "shop"),
		.account_id = rig_account_id(rig, "main"),
		.root = { ENTITY_ORDER, STR("o1") },
		.delivery = new,
		.n_delivery = (size_t)n_events,
	};

	for (int i = 0; i < n_events; i++) {
		bool is_bad = false;

		for (size_t k = 0; k < n_bad; k++)
			is_bad |= bad[k] == i;
		new[i] = event(rig, i, is_bad);
	}
	assert_true(db_catalog_publish(rig->db, rig->clock.now_ms, &publication, 1, &rig->err));
}

/* The good events in the requests that were taken: each once, those of a person in order. */
static void assert_each_once_in_order(const struct rig *rig, size_t n_good)
{
	int last[PERSONS];
	bool seen[EVENTS_MAX] = { false };
	size_t n = 0;

	memset(last, -1, sizeof(last));
	for (size_t i = 0; i < fake_http_count(rig->http); i++) {
		const char *body = fake_http_request(rig->http, i)->body.p;

		if (strstr(body, "bad-"))
			continue;
		for (const char *at = strstr(body, "good-"); at; at = strstr(at + 1, "good-")) {
			int number = atoi(at + 5);

			assert_false(seen[number]);
			seen[number] = true;
			assert_true(number > last[number % PERSONS]);
			last[number % PERSONS] = number;
			n++;
		}
	}
	assert_int_equal(n, n_good);
}

struct refused_row {
	size_t n_bad;
	int bad[12];
	size_t requests_max;
};

static const struct refused_row silent[] = {
	{ 1, { 999 }, 40 },
	{ 10, { 0, 100, 200, 300, 400, 500, 600, 700, 800, 900 }, 300 },
};

static void refuse(struct rig *rig, const struct refused_row *row, enum fake_poison how)
{
	int64_t ms;

	fake_klaviyo_poison(rig->klaviyo, "bad-", how);
	publish_events(rig, row->bad, row->n_bad);
	ms = rig_settle(rig, 600000);
	assert_int_equal(rig_account_summary(rig, "main").failed, row->n_bad);
	assert_int_equal(rig_account_summary(rig, "main").accepted, (size_t)n_events - row->n_bad);
	print_message("%zu bad of %d: %zu requests, %lld ms\n", row->n_bad, n_events,
		      fake_http_count(rig->http), (long long)ms);
	assert_true(fake_http_count(rig->http) <= row->requests_max);
	assert_each_once_in_order(rig, (size_t)n_events - row->n_bad);
}

static void where_nothing_points_the_halves_go(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		if (i > 0)
			(void)(tear_down(state), set_up(state));
		refuse(*state, &silent[i], FAKE_POISON_SILENT);
	}
}

static void rows_that_are_pointed_at_fail_alone_and_the_innocent_leave_at_once(void **state)
{
	static const struct refused_row row = { 10, { 0, 1, 2, 100, 101, 500, 501, 502, 998, 999 }, 2 };

	refuse(*state, &row, FAKE_POISON_POINTS);
}

/* It is not answered whenever the bad one is in it: the others must not wait for hours. */
static void what_klaviyo_chokes_on_is_found(void **state)
{
	struct rig *rig = *state;
	int bad = 81;

	n_events = 200;
	fake_klaviyo_poison(rig->klaviyo, "bad-", FAKE_POISON_CHOKES);
	publish_events(rig, &bad, 1);
	for (int i = 0; i < 200; i++) {
		rig_advance(rig, 5000);
		(void)rig_step(rig);
	}
	/* it was tried five times: it holds its person back no longer */
	assert_int_equal(rig_account_summary(rig, "main").accepted, (size_t)n_events - 1);
	assert_int_equal(rig_account_summary(rig, "main").waiting, 1);
	assert_true(fake_http_count(rig->http) <= 60);
	assert_each_once_in_order(rig, (size_t)n_events - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(where_nothing_points_the_halves_go),
		TEST(rows_that_are_pointed_at_fail_alone_and_the_innocent_leave_at_once),
		TEST(what_klaviyo_chokes_on_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
