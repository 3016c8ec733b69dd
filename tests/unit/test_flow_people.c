/*
 * The road of orders, carts and people: what leaves, in which order, once, and what holds consent back.
 */
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define METRICS	 "{'data':[{'type':'metric','id':'m1','attributes':{'name':'%s'}}],'links':{'next':null}}"
#define NO_LISTS "{'data':[],'links':{'next':null}}"
#define ONE_OPTOUT \
	"{'data':[{'type':'profile','id':'P1','attributes':{'email':'ann@shop.test','subscriptions':{'" \
	"email':" \
	"{'marketing':{'consent':'UNSUBSCRIBED','suppression':[{'reason':'UNSUBSCRIBE','timestamp':" \
	"'%s'}]}}}}}],'links':{'next':null}}"

#define ORDER \
	"{'order_id':'1001','currency':'EUR','total':'29.98','placed_at':'2026-07-25T17:20:00Z'," \
	"'customer':{'email':'ann@shop.test','first_name':'Ann'},'billing':{'country_code':'DE'}," \
	"'lines':[{'line_id':'1','product_id':'p1','sku':'S1','name':'Mug','quantity':2,'unit_price':'14." \
	"99'," \
	"'row_total':'29.98','brand':'B','categories':['Cups'],'image_url':'https://shop.test/i.jpg'," \
	"'product_url':'https://shop.test/p1'}]}"

static int set_up(void **state)
{
	*state = rig_new(&db_memory_ops);
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	rig_conserve(rig);
	rig_free(rig);
	return 0;
}

static bool has(struct str text, const char *part)
{
	struct str wanted = str_from(part);

	for (size_t i = 0; i + wanted.len <= text.len; i++)
		if (str_eq(str_of(text.p + i, wanted.len), wanted))
			return true;
	return false;
}

/* Requests with this path whose body holds this text. */
static size_t count_body(const struct rig *rig, const char *path, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(rig->http); i++) {
		const struct fake_request *request = fake_http_request(rig->http, i);

		n += has(request->path, path) && has(request->body, part);
	}
	return n;
}

/* Position of the first request with this method and path; SIZE_MAX: none. */
static size_t first_of(const struct rig *rig, const char *method, const char *path)
{
	for (size_t i = 0; i < fake_http_count(rig->http); i++) {
		const struct fake_request *request = fake_http_request(rig->http, i);

		if (str_eq(request->method, str_from(method)) && has(request->path, path))
			return i;
	}
	return SIZE_MAX;
}

/* ---- orders ---- */

static void an_order_becomes_its_events_and_a_profile(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/events", "\"Placed Order\""), 1);
	assert_int_equal(count_body(rig, "/api/events", "\"Ordered Product\""), 1);
	assert_int_equal(count_body(rig, "/api/events", "\"unique_id\":\"1001\""), 1);
	assert_int_equal(count_body(rig, "/api/events", "\"unique_id\":\"1001:1\""), 1);
	assert_int_equal(count_body(rig, "/api/events", "backfill\":true"), 0);
	assert_int_equal(count_body(rig, "/api/profile-import", "ann@shop.test"), 1);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), 1);
}

static void what_was_told_is_not_told_again(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 20000);
	rig_generic(rig, "shop", "order.updated", ORDER);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 20000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/event"), 2);
}

static void an_event_whose_answer_was_lost_goes_again_under_its_id(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/events", 1, (struct fake_reply){ .no_answer = true });
	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count_body(rig, "/api/event", "\"unique_id\":\"1001\""), 2);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void a_late_event_starts_no_flow(void **state)
{
	struct rig *rig = *state;

	rig_answer(rig, "POST", "/api/event", 1, 503, "");
	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed",
		    "{'order_id':'7','currency':'EUR','total':'1.00','placed_at':'2026-07-20T00:00:00Z',"
		    "'customer':{'email':'ann@shop.test'},'lines':[]}");
	(void)rig_settle(rig, 60000);
	assert_int_equal(count_body(rig, "/api/event", "\"backfill\":true") >= 1, 1);
}

/* Of the two events of an order one has a window of its own. */
static void a_window_is_the_accounts_own(void **state)
{
	static const char *const windows[] = { "flow_windows=placed_order=0", NULL };
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_account_set(rig, "main", NULL, windows);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count_body(rig, "/api/event", "\"unique_id\":\"1001\""), 1);
	assert_int_equal(count_body(rig, "/api/event", "\"backfill\":true"), 1);
	assert_int_equal(count_body(rig, "/api/event", "\"Ordered Product\""), 1);
}

static void the_spelling_follows_the_account(void **state)
{
	struct rig *rig = *state;

	rig_answer(rig, "GET", "/api/metrics", 1, 200,
		   arena_printf(&rig->arena, METRICS, "Canceled Order").p);
	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 20000);
	rig_generic(rig, "shop", "order.cancelled",
		    "{'order_id':'1001','cancelled_at':'2026-07-25T18:00:00Z','reason':'changed my mind'}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/event", "\"Canceled Order\""), 1);
	assert_int_equal(count_body(rig, "/api/event", "\"Cancelled Order\""), 0);
	rig_crash(rig); /* what was found out is kept; the fake forgets its requests */
	rig_generic(rig, "shop", "order.placed",
		    "{'order_id':'8','currency':'EUR','total':'1.00','customer':{'email':'bob@shop.test'},"
		    "'lines':[]}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), 0);
}

static void a_429_to_a_lookup_survives_a_crash(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "GET", "/api/metrics", 1,
			    (struct fake_reply){ .status = 429, .retry_after = STR("20") });
	rig_answer(rig, "GET", "/api/metrics", 9, 200,
		   arena_printf(&rig->arena, METRICS, "Canceled Order").p);
	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", ORDER);
	while (fake_http_count_of(rig->http, "GET", "/api/metrics") == 0)
		rig_run(rig, 50);
	rig_crash(rig);
	rig_generic(rig, "shop", "order.cancelled",
		    "{'order_id':'1001','cancelled_at':'2026-07-25T18:00:00Z','reason':'changed my mind'}");
	rig_run(rig, 19000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), 0);
	(void)rig_settle(rig, 20000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), 1);
}

#define BARE_ORDER \
	"{'order_id':'9','currency':'EUR','total':'5.00','customer':{'email':'ann@shop.test'}," \
	"'lines':[{'line_id':'1','product_id':'mug','quantity':1,'unit_price':'5.00','row_total':'5.00'}]}"

static void a_product_that_is_not_known_is_waited_for(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", BARE_ORDER);
	rig_run(rig, 8000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/event"), 0);
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/event", "\"Placed Order\""), 1);
}

static void an_order_takes_from_the_catalog_what_it_lacks(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed", BARE_ORDER);
	rig_run(rig, 3000);
	rig_generic(rig, "shop", "product.upserted",
		    "{'id':'mug','title':'Blue mug','url':'https://shop.test/mug','price':'5.00',"
		    "'currency':'EUR','image':'https://shop.test/mug.jpg','brand':'Potter'}");
	rig_run(rig, 5000);
	assert_int_equal(count_body(rig, "/api/event", "\"Blue mug\"") >= 1, 1);
	assert_int_equal(count_body(rig, "/api/event", "https://shop.test/mug.jpg") >= 1, 1);
	assert_int_equal(count_body(rig, "/api/event", "Potter") >= 1, 1);
	(void)rig_settle(rig, 20000);
}

static void an_order_of_nobody_is_held(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "order.placed",
		    "{'order_id':'9','currency':'EUR','total':'5.00','lines':[]}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(fake_http_count(rig->http), 0);
	assert_int_equal(rig_store_summary(rig, "shop").held, 1);
	assert_int_equal(rig_store_summary(rig, "shop").failed, 0);
}

static void metrics_can_be_switched_off(void **state)
{
	static const char *const off[] = { "metrics=ordered_product=off,placed_order=off", NULL };
	static const char *const on[] = { "store_metrics=placed_order=on", NULL };
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_account_set(rig, "main", NULL, off);
	rig_store_set(rig, "shop", on);
	rig_generic(rig, "shop", "order.placed", ORDER);
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/event", "\"Placed Order\""), 1);
	assert_int_equal(count_body(rig, "/api/event", "\"Ordered Product\""), 0);
}

static void many_orders_leave_in_bulk(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	for (int i = 0; i < 60; i++) {
		struct str data = arena_printf(&rig->arena,
					       "{'order_id':'%d','currency':'EUR','total':'1.00',"
					       "'customer':{'email':'a%d@shop.test'},'lines':[]}",
					       i, i);

		rig_generic(rig, "shop", "order.placed", data.p);
	}
	(void)rig_settle(rig, 30000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_true(fake_http_count_of(rig->http, "POST", "/api/event-bulk-create-jobs") >= 1);
	assert_true(fake_http_count_of(rig->http, "POST", "/api/event") <= 12);
}

/* ---- visitors ---- */

static void a_visitor_is_told_once_known(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "storefront.product_viewed",
		    "{'anonymous_id':'v1','product':{'product_id':'p1','name':'Mug','image_url':"
		    "'https://shop.test/i.jpg','product_url':'https://shop.test/p1','brand':'B',"
		    "'categories':['Cups']}}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(fake_http_count(rig->http), 0);
	rig_generic(rig, "shop", "storefront.identified", "{'anonymous_id':'v1','email':'ann@shop.test'}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/event", "\"Viewed Product\""), 1);
	rig_generic(rig, "shop", "storefront.product_viewed",
		    "{'anonymous_id':'v1','product':{'product_id':'p2','name':'Cup','image_url':"
		    "'https://shop.test/i.jpg','product_url':'https://shop.test/p2','brand':'B',"
		    "'categories':['Cups']}}");
	(void)rig_settle(rig, 20000);
	assert_int_equal(count_body(rig, "/api/event", "\"Viewed Product\""), 2);
}

#define VIEW(product) "{'anonymous_id':'v1','product':{'product_id':'" product "'}}"

/* The first waits for its product while the address changes; the second comes afterwards. */
static void a_visit_is_told_of_who_it_is_now(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "customer.upserted", "{'customer_id':'77','email':'old@shop.test'}");
	(void)rig_settle(rig, 20000);
	rig_generic(rig, "shop", "storefront.identified", "{'anonymous_id':'v1','email':'old@shop.test'}");
	rig_generic(rig, "shop", "storefront.product_viewed", VIEW("p1"));
	rig_run(rig, 3000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/event"), 0);
	rig_generic(rig, "shop", "customer.upserted", "{'customer_id':'77','email':'new@shop.test'}");
	(void)rig_settle(rig, 30000);
	rig_generic(rig, "shop", "storefront.product_viewed", VIEW("p2"));
	(void)rig_settle(rig, 30000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/event"), 2);
	assert_int_equal(count_body(rig, "/api/event", "\"new@shop.test\""), 2);
	assert_int_equal(count_body(rig, "/api/event", "\"old@shop.test\""), 0);
}

/* ---- consent ---- */

#define OPT_IN \
	"{'email':'ann@shop.test','state':'subscribed','consented_at':'2026-07-25T17:00:00Z','source':'" \
	"footer'}"

static void consent_waits_for_opt_outs_and_its_list(void **state)
{
	struct rig *rig = *state;
	size_t profiles, list, create, subscribe;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 30000);
	profiles = first_of(rig, "GET", "/api/profiles");
	list = first_of(rig, "GET", "/api/lists");
	create = first_of(rig, "POST", "/api/lists");
	subscribe = first_of(rig, "POST", "/api/profile-subscription-bulk-create-jobs");
	assert_true(profiles < list && list < create && create < subscribe && subscribe != SIZE_MAX);
	assert_int_equal(count_body(rig, "/api/profile-subscription-bulk-create-jobs", "\"NEWLST\""), 1);
	assert_int_equal(count_body(rig, "/api/profile-subscription-bulk-create-jobs", "\"SUBSCRIBED\""), 1);
	rig_generic(rig, "shop", "consent.changed", OPT_IN); /* no transition */
	(void)rig_settle(rig, 30000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription"), 1);
}

static void who_left_in_klaviyo_is_not_subscribed_again(void **state)
{
	struct rig *rig = *state;

	rig_answer(rig, "GET", "/api/profiles", 1000, 200,
		   arena_printf(&rig->arena, ONE_OPTOUT, "2026-07-25T17:10:00+00:00").p);
	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 30000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription"), 0);
	/* later and explicitly: a new decision */
	rig_generic(rig, "shop", "consent.changed",
		    "{'email':'ann@shop.test','state':'subscribed','consented_at':'2026-07-25T17:15:00Z'}");
	(void)rig_settle(rig, 30000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription-bulk-create"), 1);
}

/* However long a person is let rest after a change: what is known counts, not what was queued before. */
static void a_queued_subscription_waits_for_what_has_come_in(void **state)
{
	struct rig *rig = *state;
	struct str left = arena_printf(&rig->arena, ONE_OPTOUT, "2026-07-25T17:10:00+00:00");

	rig_store_set(rig, "shop", (const char *const[]){ "quiet_ms=20000", NULL });
	rig_answer(rig, "GET", "/api/profiles", 1000, 200, left.p);
	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 120000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription"), 0);
	assert_int_equal(rig_account_summary(rig, "main").skipped, 1);
}

/* They said no at the shop before the yes had left: a welcome would be one too many. */
static void a_queued_subscription_is_taken_back_by_the_shop(void **state)
{
	struct rig *rig = *state;

	rig_answer(rig, "GET", "/api/profiles", 1, 503, "down");
	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	rig_run(rig, 5000);
	rig_generic(rig, "shop", "consent.changed",
		    "{'email':'ann@shop.test','state':'unsubscribed','consented_at':'2026-07-25T17:20:00Z'}");
	(void)rig_settle(rig, 120000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription-bulk-create"), 0);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription-bulk-delete"), 1);
	assert_int_equal(rig_account_summary(rig, "main").skipped, 1);
}

static void leaving_is_told(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 30000);
	rig_generic(rig, "shop", "consent.changed",
		    "{'email':'ann@shop.test','state':'unsubscribed','consented_at':'2026-07-25T17:20:00Z'}");
	(void)rig_settle(rig, 30000);
	assert_int_equal(count_body(rig, "/api/profile-subscription-bulk-delete-jobs", "\"UNSUBSCRIBED\""),
			 1);
}

/* The answer is lost, and the person leaves before it is sent again: what Klaviyo says is read first. */
static void a_subscription_in_doubt_is_checked_before_it_goes_again(void **state)
{
	struct rig *rig = *state;
	struct str left = arena_printf(&rig->arena, ONE_OPTOUT, "2026-07-25T17:10:00+00:00");

	rig_answer(rig, "GET", "/api/profiles", 1, 200, NO_LISTS);
	rig_answer(rig, "GET", "/api/profiles", 1000, 200, left.p);
	fake_klaviyo_script(rig->klaviyo, "POST", "/api/profile-subscription", 1,
			    (struct fake_reply){ .no_answer = true });
	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription"), 1);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/profiles"), 2);
	assert_int_equal(rig_account_summary(rig, "main").skipped, 1);
}

/* The answer is lost and nobody has left: it goes again. */
static void a_subscription_in_doubt_goes_again(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/profile-subscription", 1,
			    (struct fake_reply){ .no_answer = true });
	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-subscription"), 2);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/profiles"), 2);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void opt_outs_are_asked_for_from_time_to_time(void **state)
{
	struct rig *rig = *state;

	rig_answer_all(rig);
	rig_generic(rig, "shop", "consent.changed", OPT_IN);
	(void)rig_settle(rig, 30000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/profiles"), 1);
	rig_run(rig, 320000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/profiles"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_order_becomes_its_events_and_a_profile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_told_is_not_told_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_event_whose_answer_was_lost_goes_again_under_its_id,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_late_event_starts_no_flow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_window_is_the_accounts_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_spelling_follows_the_account, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_429_to_a_lookup_survives_a_crash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_product_that_is_not_known_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_order_takes_from_the_catalog_what_it_lacks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_order_of_nobody_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(metrics_can_be_switched_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_orders_leave_in_bulk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_visitor_is_told_once_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_visit_is_told_of_who_it_is_now, set_up, tear_down),
		cmocka_unit_test_setup_teardown(consent_waits_for_opt_outs_and_its_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queued_subscription_waits_for_what_has_come_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_queued_subscription_is_taken_back_by_the_shop, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_left_in_klaviyo_is_not_subscribed_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(leaving_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_subscription_in_doubt_is_checked_before_it_goes_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_subscription_in_doubt_goes_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(opt_outs_are_asked_for_from_time_to_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
