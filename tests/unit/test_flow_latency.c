/*
 * What happens now reaches Klaviyo soon, whatever else is on its way: history, a budget that is used up.
 */
#include "support/rig.h"

#include "base/alloc.h"
#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* 4 % of Klaviyo's limits: 6 bulk requests of events a minute, one a second; 140 single ones a minute. */
#define QUOTA	       "quota_percent=4"
#define BULK_PER_MIN   6
#define SINGLE_PER_MIN 140
#define BULK	       "/api/event-bulk-create-jobs"

static int set_up(void **state)
{
	struct rig *rig = rig_new(&db_memory_ops);

	rig_account_set(rig, "main", "",
			(const char *const[]){ "cancelled_spelling=Cancelled", QUOTA, NULL });
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

static struct delivery_new event(struct rig *rig, const char *name, size_t i, const char *text)
{
	struct str id = arena_printf(&rig->arena, "%s-%zu", name, i);
	struct delivery_new new = {
		.kind = KLAVIYO_EVENT,
		.op = DELIVERY_CREATE,
		.external_id = arena_printf(&rig->arena, "Viewed Product|%s", id.p),
		.parent_external_id = arena_printf(&rig->arena, "%s@shop.test", id.p),
		.body = arena_printf(
			&rig->arena,
			"{\"type\":\"event\",\"attributes\":{\"unique_id\":\"%s\",\"properties\":{\"text\":"
			"\"%s\"},"
			"\"metric\":{\"data\":{\"type\":\"metric\",\"attributes\":{\"name\":\"Viewed "
			"Product\"}}},"
			"\"profile\":{\"data\":{\"type\":\"profile\",\"attributes\":{\"email\":\"%s@shop."
			"test\"}}}}}",
			id.p, text, id.p),
	};

	new.hash = digest16_of(&new.body, 1);
	return new;
}

/* n events are ready to leave. */
static void publish(struct rig *rig, const char *name, size_t n, const char *text)
{
	struct delivery_new *new = ARENA_ARRAY(&rig->arena, n, struct delivery_new);
	struct catalog_publication publication = {
		.store_id = rig_store_id(rig, "shop"),
		.account_id = rig_account_id(rig, "main"),
		.root = { ENTITY_ORDER, str_from(name) },
		.delivery = new,
		.n_delivery = n,
	};

	for (size_t i = 0; i < n; i++)
		new[i] = event(rig, name, i, text);
	assert_true(db_catalog_publish(rig->db, rig->clock.now_ms, &publication, 1, &rig->err));
}

static size_t count(const struct rig *rig, const char *path_part)
{
	return fake_http_count_of(rig->http, "POST", path_part);
}

/* An order of three lines: four events, of history or of now. */
static void order(struct rig *rig, int number, enum priority priority)
{
	struct str data =
		arena_printf(&rig->arena,
			     "{'order_id':'%d','placed_at':'2026-01-01T00:00:00Z','currency':'EUR','total':'"
			     "15.00','customer':{"
			     "'email':'ann%d@shop.example'},'lines':["
			     "{'line_id':'1','sku':'S','name':'Sock','quantity':1,'unit_price':'5.00'},"
			     "{'line_id':'2','sku':'T','name':'Tie','quantity':1,'unit_price':'5.00'},"
			     "{'line_id':'3','sku':'U','name':'Umbrella','quantity':1,'unit_price':'5.00'}]}",
			     number, number);

	rig->priority = priority;
	rig_generic(rig, "shop", "order.placed", data.p);
	rig->priority = PRIORITY_REALTIME;
}

/* History leaves one by one, so that whoever comes at whatever moment finds some budget left. */
static void history_takes_a_minutes_budget_evenly(void **state)
{
	struct rig *rig = *state;
	size_t n = 0;
	int64_t sent_ms = INT64_MIN / 2;

	order(rig, 1, PRIORITY_BACKFILL);
	order(rig, 2, PRIORITY_BACKFILL);
	for (int i = 0; i < 600 && n < 8; i++) {
		rig_run(rig, 50);
		if (count(rig, "/api/events") == n)
			continue;
		assert_int_equal(count(rig, "/api/events"), ++n);
		assert_true(rig->clock.now_ms - sent_ms >= 60000 / SINGLE_PER_MIN - 50);
		sent_ms = rig->clock.now_ms;
	}
	assert_int_equal(n, 8);
}

/* So many that they would leave as a bulk request, for which the minute's budget is gone. */
static void events_of_now_do_not_wait_for_a_bulk_request(void **state)
{
	static const char *const name[] = { "a", "b", "c", "d", "e", "f" };
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		publish(rig, name[i], 20, "");
		rig_run(rig, 2000);
	}
	assert_int_equal(count(rig, BULK), BULK_PER_MIN);
	publish(rig, "now", 20, "");
	rig_run(rig, 5000);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 7 * 20);
	assert_int_equal(count(rig, BULK), BULK_PER_MIN);
	/* History has no such hurry. */
	for (int i = 0; i < 3; i++)
		order(rig, i, PRIORITY_BACKFILL);
	rig_run(rig, 5000);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 7 * 20);
	(void)rig_settle(rig, 120000);
	assert_int_equal(count(rig, BULK), BULK_PER_MIN + 1);
}

/* However many accounts, however large their events: what waits for answers has a place in memory. */
static void bodies_under_way_are_bounded(void **state)
{
	struct rig *rig = *state;
	char *text = mem_alloc(40001);

	memset(text, 'x', 40000);
	text[40000] = '\0';
	rig_account_set(rig, "main", "", (const char *const[]){ "quota_percent=90", NULL });
	publish(rig, "large", 600, text);
	mem_free(text);
	fake_http_hold(rig->http, BULK);
	rig_run(rig, 5000);
	/* Of 4.3 MB each; four might be under way at once. */
	assert_int_equal(fake_http_in_flight(rig->http), 3);
	fake_http_hold(rig->http, NULL);
	(void)rig_settle(rig, 60000);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 600);
}

/* A second of quiet is for products; of an order, all that belongs together comes within a moment. */
static void orders_need_a_quarter_of_the_quiet(void **state)
{
	struct rig *rig = *state;

	order(rig, 1, PRIORITY_REALTIME);
	rig_run(rig, 200);
	assert_int_equal(fake_http_count(rig->http), 0);
	rig_run(rig, 100);
	assert_true(count(rig, "/api/events") > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(history_takes_a_minutes_budget_evenly),
		TEST(events_of_now_do_not_wait_for_a_bulk_request),
		TEST(bodies_under_way_are_bounded),
		TEST(orders_need_a_quarter_of_the_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
