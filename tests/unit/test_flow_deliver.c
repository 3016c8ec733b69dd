/*
 * Deliver against every kind of answer: what is sent again, when, as what, and what a person gets to see.
 */
#include "flow/health.h"
#include "klaviyo/budget.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static int set_up(void **state)
{
	*state = rig_new(&db_memory_ops);
	return 0;
}

/* Hundreds of deliveries: the backend in memory looks through all of them each time. */
static int set_up_for_many(void **state)
{
	*state = rig_new(&db_sqlite_ops);
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(fake_klaviyo_complaint(rig->klaviyo).len, 0);
	rig_conserve(rig);
	rig_free(rig);
	return 0;
}

#define MUG "{'id':'mug','title':'Mug','url':'https://shop.example/mug','price':'12.50','currency':'EUR'}"

/* n products p0..pn-1 with one variant each, in one go */
static void products(struct rig *rig, const char *store, int n, int price)
{
	for (int i = 0; i < n; i++) {
		struct str data = arena_printf(&rig->arena,
					       "{'id':'p%d','title':'P %d','url':'https://shop.example/%d',"
					       "'price':'%d.00','currency':'EUR'}",
					       i, i, i, price);

		rig_generic(rig, store, "product.upserted", data.p);
	}
}

static size_t count(const struct rig *rig, const char *method, const char *path_part)
{
	return fake_http_count_of(rig->http, method, path_part);
}

static const struct fake_reply no_answer = { .no_answer = true };
static const struct fake_reply server_error = { .status = 503, .body = { "<html>", 6 } };
static const struct fake_reply html_403 = { .status = 403, .body = { "<html>", 6 } };

static struct fake_reply throttled(const char *seconds)
{
	return (struct fake_reply){ .status = 429, .retry_after = str_from(seconds) };
}

static struct fake_reply refused(int status, const char *errors)
{
	return (struct fake_reply){ .status = status, .body = str_from(errors) };
}

/* ---- the other op ---- */

static void a_create_that_exists_becomes_an_update(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_put(rig->klaviyo, "pk_main_0123456789", "item", "mug");
	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 3000);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 1);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 1);
	assert_string_equal(json_get_text(fake_klaviyo_get(rig->klaviyo, "item", "mug"), "title").p, "Mug");
	assert_int_equal(rig_account_summary(rig, "main").accepted, 2);
}

static void an_update_of_nothing_becomes_a_create(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 3000);
	fake_klaviyo_remove(rig->klaviyo, "item", "mug"); /* its variant goes too */
	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'1.00','currency':'EUR'}");
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 1);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 1);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void a_delete_of_nothing_is_done(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 3000);
	fake_klaviyo_remove(rig->klaviyo, "item", "mug");
	rig_generic(rig, "shop", "product.deleted", "{'id':'mug'}");
	(void)rig_settle(rig, 3000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 4);
}

/* Klaviyo contradicts itself for ever: that must come to an end. */
static void flips_are_bounded(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-items", 1000,
			    refused(409, "{\"errors\":[{\"code\":\"duplicate\",\"title\":\"t\",\"detail\":"
					 "\"An item with the external id `mug` already exists.\"}]}"));
	fake_klaviyo_script(rig->klaviyo, "PATCH", "/api/catalog-items", 1000,
			    refused(404,
				    "{\"errors\":[{\"code\":\"not_found\",\"title\":\"t\",\"detail\":"
				    "\"An item with the id `$custom:::$default:::mug` does not exist.\"}]}"));
	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 3000);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 2);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 2);
	rig_run(rig, 5000);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 3);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 2);
}

/* ---- throttled ---- */

static void a_429_silences_its_endpoint_only_and_costs_nothing(void **state)
{
	struct rig *rig = *state;
	struct str data = STR("{'id':'cat','name':'Cat'}");
	int64_t at_ms;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 3000);
	fake_klaviyo_script(rig->klaviyo, "PATCH", "/api/catalog-items", 1, throttled("7"));
	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'1.00','currency':'EUR'}");
	while (count(rig, "PATCH", "/api/catalog-items") == 0)
		rig_run(rig, 50);
	at_ms = rig->clock.now_ms;
	rig_generic(rig, "shop", "category.upserted", data.p);
	rig_run(rig, 6800);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 1);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-variants"), 1);
	assert_int_equal(count(rig, "POST", "/api/catalog-categories"), 1);
	(void)rig_settle(rig, 3000);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 2);
	assert_true(rig->clock.now_ms - at_ms >= 7000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void a_429_survives_a_crash(void **state)
{
	struct rig *rig = *state;
	int64_t at_ms;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-items", 1, throttled("20"));
	rig_generic(rig, "shop", "product.upserted", MUG);
	while (count(rig, "POST", "/api/catalog-items") == 0)
		rig_run(rig, 50);
	at_ms = rig->clock.now_ms;
	rig_crash(rig);
	rig_run(rig, 19000);
	assert_int_equal(fake_http_count(rig->http), 0);
	(void)rig_settle(rig, 3000);
	assert_true(rig->clock.now_ms - at_ms >= 20000);
}

/* Nothing of a question about a job is settled, but what its answer asks for is kept. */
static void a_429_to_a_poll_survives_a_crash(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "GET", "item-bulk-create-jobs", 1, throttled("20"));
	fake_klaviyo_job_ms(rig->klaviyo, 10000);
	products(rig, "shop", 120, 1);
	while (count(rig, "GET", "item-bulk-create-jobs") == 0)
		rig_run(rig, 50);
	rig_crash(rig);
	rig_run(rig, 19000);
	assert_int_equal(count(rig, "GET", "item-bulk-create-jobs"), 0);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 120);
}

/* Klaviyo is being mended and says for how long: what else would go there waits, too, also after a crash. */
static void a_503_with_retry_after_silences_its_endpoint(void **state)
{
	struct rig *rig = *state;
	int64_t at_ms;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-items", 1,
			    (struct fake_reply){ .status = 503, .retry_after = STR("20") });
	rig_generic(rig, "shop", "product.upserted", MUG);
	while (count(rig, "POST", "/api/catalog-items") == 0)
		rig_run(rig, 50);
	at_ms = rig->clock.now_ms;
	rig_generic(rig, "shop", "product.upserted",
		    "{'id':'cup','title':'Cup','price':'2.00','currency':'EUR'}");
	rig_run(rig, 6000);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 1);
	rig_crash(rig);
	rig_run(rig, 13000);
	assert_int_equal(fake_http_count(rig->http), 0);
	(void)rig_settle(rig, 60000);
	assert_true(rig->clock.now_ms - at_ms >= 20000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

/* ---- tried again ---- */

static void transport_errors_follow_the_table(void **state)
{
	static const int64_t wait_s[] = { 5,	 30,	120,   600,   1800,  3600,  7200,
					  36000, 36000, 36000, 36000, 36000, 36000, 36000 };
	struct rig *rig = *state;
	int64_t at_ms;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-items", 1000, server_error);
	rig_generic(rig, "shop", "product.upserted", MUG);
	while (fake_http_count(rig->http) == 0)
		rig_run(rig, 50);
	for (size_t i = 0; i < ARRAY_LEN(wait_s); i++) {
		int64_t reach_ms = wait_s[i] * (i < 7 ? 200 : 100), took_ms;

		at_ms = rig->clock.now_ms;
		while (fake_http_count(rig->http) == i + 1) {
			rig_advance(rig, wait_s[i] * 2);
			(void)rig_step(rig);
			assert_true(rig->clock.now_ms - at_ms < wait_s[i] * 2000);
		}
		took_ms = rig->clock.now_ms - at_ms;
		print_message("retry %zu after %lld ms\n", i + 1, (long long)took_ms);
		assert_true(took_ms >= wait_s[i] * 1000 - reach_ms);
		/* the breaker may hold a due one back a little longer */
		assert_true(took_ms <= wait_s[i] * 1000 + reach_ms + 300000);
	}
	rig_run(rig, 1000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 1);
	assert_true(str_starts(rig_audit_reason(rig, AUDIT_DELIVERY_FAILED), STR("503")));
}

static void an_answer_that_was_lost_is_asked_for_again(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script_after(rig->klaviyo, "POST", "/api/catalog-items", 1, no_answer);
	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 20000);
	/* the create had taken effect: the second becomes an update */
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 2);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 1);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void a_page_of_the_firewall_is_not_klaviyo(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-items", 1, html_403);
	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 20000);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_STOPPED), 0);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 2);
}

static void refused_for_good_is_for_a_person(void **state)
{
	struct rig *rig = *state;
	struct failed_filter filter = { .max_n = 10 };
	struct failed_row *row;
	size_t n;

	fake_klaviyo_script(
		rig->klaviyo, "POST", "/api/catalog-items", 1,
		refused(400, "{\"errors\":[{\"code\":\"invalid\",\"title\":\"Invalid input.\",\"detail\":"
			     "\"url is not valid\",\"source\":{\"pointer\":\"/data/attributes/url\"}}]}"));
	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 3000);
	assert_true(db_failed_list(rig->db, &filter, &rig->arena, &row, &n, &rig->err));
	assert_int_equal(n, 1);
	assert_true(str_starts(row[0].what, STR("create item mug")));
	assert_non_null(strstr(arena_cstr(&rig->arena, row[0].reason), "url is not valid"));
}

/* ---- bulk ---- */

static void many_leave_as_jobs_of_a_hundred(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_job_ms(rig->klaviyo, 3000);
	products(rig, "shop", 250, 1);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 250);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 250);
	assert_int_equal(count(rig, "POST", "/api/catalog-item-bulk-create-jobs"), 3);
	assert_int_equal(count(rig, "POST", "/api/catalog-variant-bulk-create-jobs"), 3);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 0);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 500);
	assert_true(count(rig, "GET", "-jobs") <= 8);
}

/* Klaviyo lists a page of jobs at a time, those of last week first. */
static void jobs_are_found_on_any_page(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_job_page(rig->klaviyo, 1);
	for (int round = 1; round <= 2; round++) {
		fake_klaviyo_job_ms(rig->klaviyo, 20000);
		products(rig, "shop", 210, round);
		(void)rig_settle(rig, 200000);
	}
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 210);
	assert_int_equal(count(rig, "POST", "-jobs"), 12);
	/* none was asked for alone, and later readings did not begin with the oldest jobs */
	assert_int_equal(count(rig, "GET", "-jobs/"), 0);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_true(count(rig, "GET", "-jobs") < 60);
}

static void a_lone_change_is_not_held_up_by_many(void **state)
{
	struct rig *rig = *state;
	int64_t at_ms;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 3000);
	fake_klaviyo_job_ms(rig->klaviyo, 30000);
	products(rig, "shop", 50, 1);
	rig_run(rig, 5000);
	at_ms = rig->clock.now_ms;
	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'1.00','currency':'EUR'}");
	while (count(rig, "PATCH", "/api/catalog-items") == 0)
		rig_run(rig, 50);
	assert_true(rig->clock.now_ms - at_ms < 2000);
	(void)rig_settle(rig, 300000);
}

static void one_bad_row_costs_that_row(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(
		rig->klaviyo, "POST", "item-bulk-create-jobs", 1,
		refused(400, "{\"errors\":[{\"code\":\"invalid\",\"title\":\"Invalid input.\",\"detail\":"
			     "\"bad url\",\"source\":{\"pointer\":"
			     "\"/data/attributes/items/data/3/attributes/url\"}}]}"));
	products(rig, "shop", 20, 1);
	rig_run(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 19);
	assert_int_equal(rig_account_summary(rig, "main").failed, 1);
}

static void refused_as_a_whole_goes_in_halves(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(
		rig->klaviyo, "POST", "item-bulk-create-jobs", 1,
		refused(413,
			"{\"errors\":[{\"code\":\"too_large\",\"title\":\"Too large.\",\"detail\":\"x\"}]}"));
	products(rig, "shop", 20, 1);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 20);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_int_equal(count(rig, "POST", "item-bulk-create-jobs"), 3);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 0);
}

static void rows_that_exist_are_found_in_the_job(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_put(rig->klaviyo, "pk_main_0123456789", "item", "p3");
	fake_klaviyo_put(rig->klaviyo, "pk_main_0123456789", "item", "p7");
	products(rig, "shop", 20, 1);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 20);
	assert_string_equal(json_get_text(fake_klaviyo_get(rig->klaviyo, "item", "p7"), "title").p, "P 7");
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void a_job_that_vanished_is_sent_again(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(
		rig->klaviyo, "GET", "item-bulk-create-jobs", 1,
		refused(404,
			"{\"errors\":[{\"code\":\"not_found\",\"title\":\"Not found.\",\"detail\":\"x\"}]}"));
	products(rig, "shop", 20, 1);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "POST", "item-bulk-create-jobs"), 2);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 20);
}

static void a_job_without_end_is_given_up(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_job_ms(rig->klaviyo, INT64_MAX / 2);
	products(rig, "shop", 20, 1);
	rig_run(rig, 10000);
	assert_int_equal(count(rig, "POST", "item-bulk-create-jobs"), 1);
	for (int i = 0; i < 60; i++) {
		rig_advance(rig, 31000);
		(void)rig_step(rig);
	}
	fake_klaviyo_job_ms(rig->klaviyo, 0);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "POST", "item-bulk-create-jobs"), 2);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 20);
}

static void jobs_survive_a_crash(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_job_ms(rig->klaviyo, 5000);
	products(rig, "shop", 120, 1);
	rig_run(rig, 3000);
	assert_true(count(rig, "POST", "item-bulk-create-jobs") >= 1);
	rig_crash(rig);
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 120);
	/* what was accepted as a job was not sent again */
	assert_int_equal(count(rig, "POST", "item-bulk-create-jobs"), 0);
	assert_int_equal(count(rig, "PATCH", "/api/catalog-items"), 0);
}

/* ---- crashes ---- */

static void a_crash_between_request_and_answer_sends_again(void **state)
{
	struct rig *rig = *state;

	fake_http_hold(rig->http, "/api/catalog-items");
	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 2000);
	assert_int_equal(fake_http_in_flight(rig->http), 1);
	rig_crash(rig);
	(void)rig_settle(rig, 3000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 1);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 2);
}

/* ---- the account ---- */

static void a_bad_key_stops_the_account_and_costs_nothing(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_only_key(rig->klaviyo, "the_right_key");
	for (int i = 0; i < 5; i++) {
		products(rig, "shop", 5, i);
		rig_run(rig, 2000);
	}
	assert_true(fake_http_count(rig->http) <= 4);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_STOPPED), 1);
	assert_non_null(
		strstr(arena_cstr(&rig->arena, rig_audit_reason(rig, AUDIT_ACCOUNT_STOPPED)), "ncorrect"));
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_int_equal(rig_account_summary(rig, "main").waiting, 0);
	rig_run(rig, 300000);
	assert_true(fake_http_count(rig->http) <= 9); /* a probe after 30, 60, 120 s */
	/* a new key is tried at once */
	rig_account_set(rig, "main", "pk_the_right_key", NULL);
	rig_run(rig, 2000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 5);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_RESUMED), 1);
	(void)rig_settle(rig, 10000);
}

/* A scope that the key lacks stops what needs it, and nothing else. */
static void a_missing_scope_stops_its_family_only(void **state)
{
	struct rig *rig = *state;
	struct health_stop *stop;
	size_t n;

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/profile-import", 1,
			    refused(403,
				    "{\"errors\":[{\"code\":\"permission_denied\",\"title\":\"T\",\"detail\":"
				    "\"You do not have permission.\"}]}"));
	rig_generic(rig, "shop", "customer.upserted",
		    "{'id':'c1','email':'ann@shop.test','first_name':'Ann'}");
	rig_run(rig, 3000);
	assert_int_equal(count(rig, "POST", "/api/profile-import"), 1);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_STOPPED), 1);
	assert_true(
		str_starts(rig_audit_reason(rig, AUDIT_ACCOUNT_STOPPED), STR("profiles: the key may not")));
	assert_true(health_get(rig->db, rig_account_id(rig, "main"), &rig->arena, &stop, &n, &rig->err));
	assert_int_equal(n, 1);
	assert_true(str_eq(stop[0].what, STR("profiles")));
	assert_int_equal(stop[0].state, BREAKER_BLOCKED);
	assert_true(stop[0].until_ms > rig->clock.now_ms);
	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 3000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 1);
	assert_int_equal(count(rig, "POST", "/api/profile-import"), 1);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_int_equal(rig_account_summary(rig, "main").ready, 1);
	/* a probe after 30 s finds it mended */
	fake_klaviyo_script(
		rig->klaviyo, "POST", "/api/profile-import", 1,
		(struct fake_reply){ .status = 200,
				     .body = STR("{\"data\":{\"type\":\"profile\",\"id\":\"P\"}}") });
	rig_run(rig, 31000);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_RESUMED), 1);
	assert_true(health_get(rig->db, rig_account_id(rig, "main"), &rig->arena, &stop, &n, &rig->err));
	assert_int_equal(n, 0);
	(void)rig_settle(rig, 3000);
}

/* Several accounts get no answer: one probe for all, and afterwards one account after the other. */
static void an_outage_is_probed_once_and_ends_slowly(void **state)
{
	struct rig *rig = *state;
	struct health_stop *stop;
	size_t n, before;

	for (int i = 0; i < 6; i++) {
		const char *name = arena_cstr(&rig->arena, arena_printf(&rig->arena, "a%d", i));

		rig_account(rig, name, arena_printf(&rig->arena, "pk_a%d_0123456789", i).p, NULL);
		rig_store(rig, arena_printf(&rig->arena, "s%d", i).p, "generic", name, NULL);
	}
	fake_klaviyo_script(rig->klaviyo, "POST", "", 1000000, no_answer);
	for (int i = 0; i < 6; i++)
		products(rig, arena_printf(&rig->arena, "s%d", i).p, 5, 1);
	rig_run(rig, 20000);
	assert_true(str_starts(rig_audit_reason(rig, AUDIT_ACCOUNT_STOPPED), STR("")));
	assert_true(health_get(rig->db, rig_account_id(rig, "a0"), &rig->arena, &stop, &n, &rig->err));
	assert_true(n >= 1);
	assert_true(str_eq(stop[0].what, STR("Klaviyo")));
	assert_int_equal(stop[0].state, BREAKER_OUTAGE);
	before = fake_http_count(rig->http);
	rig_run(rig, 90000);
	assert_true(fake_http_count(rig->http) - before <= 4); /* one each 30 s, of all accounts */
	assert_true(fake_http_count(rig->http) - before >= 2);
	fake_klaviyo_heal(rig->klaviyo);
	before = fake_http_count(rig->http);
	while (fake_http_count(rig->http) == before)
		rig_run(rig, 50);
	rig_run(rig, 900);
	assert_true(fake_klaviyo_count(rig->klaviyo, "item") <= 10); /* of the first account or two */
	(void)rig_settle(rig, 600000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 30);
	assert_true(health_get(rig->db, rig_account_id(rig, "a0"), &rig->arena, &stop, &n, &rig->err));
	assert_int_equal(n, 0);
}

static void a_dead_account_does_not_hold_up_another(void **state)
{
	struct rig *rig = *state;
	int64_t at_ms;

	rig_account(rig, "dead", "pk_dead_0123456789",
		    (const char *const[]){ "api_url=http://dead.example", NULL });
	rig_store(rig, "grave", "generic", "dead", NULL);
	fake_http_hold(rig->http, "/api/catalog-item"); /* paths of both; then only what hangs stays */
	products(rig, "grave", 40, 1);
	rig_run(rig, 5000);
	assert_true(fake_http_in_flight(rig->http) > 0 && fake_http_in_flight(rig->http) <= 8);
	fake_http_hold(rig->http, "http-never");
	fake_klaviyo_only_key(rig->klaviyo, "pk_main_0123456789");
	at_ms = rig->clock.now_ms;
	rig_generic(rig, "shop", "product.upserted", MUG);
	while (!fake_klaviyo_get(rig->klaviyo, "variant", "mug")) {
		rig_run(rig, 50);
		assert_true(rig->clock.now_ms - at_ms < 2000);
	}
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void three_failures_open_the_breaker(void **state)
{
	struct rig *rig = *state;
	size_t n;

	fake_klaviyo_script(rig->klaviyo, "POST", "", 1000000, no_answer);
	products(rig, "shop", 9, 1);
	rig_run(rig, 4000);
	n = fake_http_count(rig->http);
	assert_true(n >= 3 && n <= 4);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_STOPPED), 1);
	rig_run(rig, 60000);
	/* probes after 5, 10, 20, 40 s; each is one request */
	assert_true(fake_http_count(rig->http) <= n + 5);
}

static void an_outage_ends_by_itself(void **state)
{
	struct rig *rig = *state;

	fake_klaviyo_script(rig->klaviyo, "POST", "", 6, no_answer);
	products(rig, "shop", 9, 1);
	(void)rig_settle(rig, 600000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 9);
	assert_int_equal(rig_audit_count(rig, AUDIT_ACCOUNT_RESUMED), 1);
}

/* ---- presets and budgets ---- */

static void zoey_collects_for_ten_minutes(void **state)
{
	struct rig *rig = *state;

	rig_account_set(rig, "main", "", (const char *const[]){ "retry_preset=zoey", NULL });
	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 300000);
	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'7.00','currency':'EUR'}");
	rig_run(rig, 295000);
	assert_int_equal(fake_http_count(rig->http), 0);
	(void)rig_settle(rig, 1300000);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 1);
	assert_true(json_number(json_get(fake_klaviyo_get(rig->klaviyo, "item", "mug"), "price")) == 7.0);
}

/* Whatever window of a second or a minute one looks through, it holds no more than the share of the limit. */
static void budgets_are_kept(void **state)
{
	struct rig *rig = *state;

	rig_account_set(rig, "main", "",
			(const char *const[]){ "quota_percent=4", NULL }); /* 3 per s, 30 per min */
	for (int i = 0; i < 60; i++) {
		struct str data = arena_printf(&rig->arena, "{'id':'c%d','name':'C %d'}", i, i);

		rig_generic(rig, "shop", "category.upserted", data.p);
		rig_run(rig, 400);
	}
	assert_true(count(rig, "POST", "/api/catalog-categories") <= 30);
	(void)rig_settle(rig, 300000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "category"), 60);
}

/* How many requests of this endpoint the next process would know of. */
static int64_t kept(struct rig *rig, enum endpoint endpoint)
{
	struct budget_row *row;
	struct budget budget;
	int64_t sum = 0;
	size_t n;

	assert_true(db_budget_load(rig->db, &rig->arena, &row, &n, &rig->err));
	budget_init(&budget, endpoint_row(endpoint), 90);
	for (size_t i = 0; i < n; i++)
		if (str_eq(row[i].endpoint, str_from(endpoint_row(endpoint)->name)))
			budget_load(&budget, row[i].blob, clock_moment(&rig->clock.clock));
	for (size_t i = 0; i < BUDGET_STEADY_BUCKETS; i++)
		sum += budget.steady[i];
	return sum;
}

/*
 * Where only one of many may leave, a call replaces the bulk request: it is the call that counts, before it
 * leaves.
 */
static void calls_that_replace_a_bulk_request_are_kept(void **state)
{
	struct fake_reply too_large = refused(
		413, "{\"errors\":[{\"code\":\"too_large\",\"title\":\"Too large.\",\"detail\":\"x\"}]}");
	struct rig *rig = *state;

	rig_account_set(rig, "main", "", (const char *const[]){ "quota_percent=90", NULL });
	fake_klaviyo_script(rig->klaviyo, "POST", "item-bulk-create-jobs", 1000, too_large);
	products(rig, "shop", 16, 1);
	fake_http_hold(rig->http, "/api/catalog-items");
	for (int i = 0; i < 400 && count(rig, "POST", "/api/catalog-items") == 0; i++)
		rig_run(rig, 50);
	/* Under way, and not answered: whoever dies now has sent it. */
	assert_true(count(rig, "POST", "/api/catalog-items") > 0);
	assert_int_equal(kept(rig, ENDPOINT_item_create), count(rig, "POST", "/api/catalog-items"));
	fake_http_hold(rig->http, NULL);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "POST", "/api/catalog-items"), 16);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 16);
}

static void category(struct rig *rig, char prefix, int i)
{
	struct str data = arena_printf(&rig->arena, "{'id':'%c%d','name':'C %d'}", prefix, i, i);

	rig_generic(rig, "shop", "category.upserted", data.p);
}

/* Live changes use up the whole budget: history leaves all the same, one in sixteen. */
static void realtime_comes_first_and_history_is_never_starved(void **state)
{
	struct rig *rig = *state;
	int n_live = 0, n_sent = 0;
	int64_t started_ms;

	rig_account_set(rig, "main", "", (const char *const[]){ "quota_percent=4", NULL }); /* 30 per min */
	rig->priority = PRIORITY_BACKFILL;
	for (int i = 0; i < 4; i++)
		category(rig, 'h', i);
	rig->priority = PRIORITY_REALTIME;
	started_ms = rig->clock.now_ms;
	while (n_sent < 120) {
		n_sent = (int)count(rig, "POST", "/api/catalog-categories");
		for (; n_live < n_sent + 8; n_live++)
			category(rig, 'l', n_live);
		rig_run(rig, 500);
		if (n_sent < 12)
			assert_null(fake_klaviyo_get(rig->klaviyo, "category", "h0"));
	}
	assert_true(rig->clock.now_ms - started_ms >= 170000);
	for (int i = 0; i < 4; i++)
		assert_non_null(
			fake_klaviyo_get(rig->klaviyo, "category",
					 arena_cstr(&rig->arena, arena_printf(&rig->arena, "h%d", i))));
}

/* ---- a slow store ---- */

/* Whoever asks for the time has waited for the store. */
struct slow_clock {
	struct clock clock;
	struct rig *rig;
};

static int64_t slow_mono_ms(struct clock *clock)
{
	struct rig *rig = ((struct slow_clock *)clock)->rig;

	rig->clock.now_ms += 20;
	return rig->clock.now_ms;
}

static int64_t slow_wall_ms(struct clock *clock)
{
	return ((struct slow_clock *)clock)->rig->clock.now_ms;
}

#define ACCOUNTS 40
#define LOOKUPS	 32 /* at once */

static void add_accounts(struct rig *rig)
{
	for (int i = 0; i < ACCOUNTS; i++) {
		const char *name = arena_printf(&rig->arena, "n%d", i).p;

		rig_account(rig, name, arena_printf(&rig->arena, "pk_other_01234567%d", 10 + i).p, NULL);
		rig_store(rig, name, "generic", name, NULL);
		rig_generic(
			rig, name, "order.placed",
			"{'order_id':'1','currency':'EUR','total':'1.00','placed_at':'2026-07-25T17:20:00Z',"
			"'customer':{'email':'ann@shop.test'},'lines':[]}");
	}
}

static void publish_orders(struct rig *rig)
{
	struct flow_next next;

	rig_answer_all(rig);
	add_accounts(rig);
	do
		assert_true(map_run_once(&rig->ctx, &next, &rig->err));
	while (next.n_done > 0);
	rig_advance(rig, 3000);
	do
		assert_true(publish_run_once(&rig->ctx, &next, &rig->err));
	while (next.n_done > 0);
}

static void all_orders_are_told(struct rig *rig)
{
	(void)rig_settle(rig, 60000);
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), ACCOUNTS);
	for (int i = 0; i < ACCOUNTS; i++)
		assert_int_equal(rig_account_summary(rig, arena_printf(&rig->arena, "n%d", i).p).failed, 0);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/events"), ACCOUNTS);
}

/* How many accounts the first n requests with this method are of. */
static size_t accounts_of(const struct rig *rig, const char *method, size_t n)
{
	const struct fake_request *seen[ACCOUNTS];
	size_t n_seen = 0;

	for (size_t i = 0; i < fake_http_count(rig->http) && n > 0; i++) {
		const struct fake_request *request = fake_http_request(rig->http, i);
		size_t k = 0;

		if (!str_eq(request->method, str_from(method)))
			continue;
		n--;
		while (k < n_seen && !str_eq(seen[k]->key, request->key))
			k++;
		if (k == n_seen)
			seen[n_seen++] = request;
	}
	return n_seen;
}

/* What was started leaves before everything that could be was; who found no room comes first next time. */
static void a_round_behind_a_slow_store_ends(void **state)
{
	struct rig *rig = *state;
	struct slow_clock slow = { { slow_wall_ms, slow_mono_ms }, rig };
	struct flow_next next;

	publish_orders(rig);
	rig->ctx.clock = &slow.clock;
	assert_true(deliver_run_once(rig->deliver, 0, &next, &rig->err));
	assert_in_range(fake_http_count_of(rig->http, "POST", "/api/"), 1, ACCOUNTS / 4);
	for (int i = 0; i < ACCOUNTS && fake_http_count_of(rig->http, "POST", "/api/") < ACCOUNTS; i++)
		assert_true(deliver_run_once(rig->deliver, 0, &next, &rig->err));
	rig->ctx.clock = &rig->clock.clock;
	assert_int_equal(accounts_of(rig, "POST", ACCOUNTS), ACCOUNTS);
	all_orders_are_told(rig);
}

/* Lookups of many accounts keep nothing else from leaving, and are noted in the store together. */
static void lookups_of_many_accounts_leave_beside_the_rest(void **state)
{
	struct rig *rig = rig_new_faulty(&db_memory_ops);
	struct flow_next next;
	int64_t n_calls;

	(void)state;
	publish_orders(rig);
	n_calls = db_fault_calls(rig->db);
	assert_true(deliver_run_once(rig->deliver, 0, &next, &rig->err));
	assert_int_equal(fake_http_count_of(rig->http, "GET", "/api/metrics"), LOOKUPS);
	assert_int_equal(fake_http_count_of(rig->http, "POST", "/api/profile-import"), ACCOUNTS);
	/* Two cursors read of each account, a claim and a settlement; what is left notes all lookups. */
	assert_in_range(db_fault_calls(rig->db) - n_calls, 1, ACCOUNTS * 4 + 16);
	all_orders_are_told(rig);
	rig_free(rig);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_MANY(name) cmocka_unit_test_setup_teardown(name, set_up_for_many, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_create_that_exists_becomes_an_update),
		TEST(an_update_of_nothing_becomes_a_create),
		TEST(a_delete_of_nothing_is_done),
		TEST(flips_are_bounded),
		TEST(a_429_silences_its_endpoint_only_and_costs_nothing),
		TEST(a_429_survives_a_crash),
		TEST(a_429_to_a_poll_survives_a_crash),
		TEST(a_503_with_retry_after_silences_its_endpoint),
		TEST(transport_errors_follow_the_table),
		TEST(an_answer_that_was_lost_is_asked_for_again),
		TEST(a_page_of_the_firewall_is_not_klaviyo),
		TEST(refused_for_good_is_for_a_person),
		TEST_MANY(many_leave_as_jobs_of_a_hundred),
		TEST_MANY(jobs_are_found_on_any_page),
		TEST(a_lone_change_is_not_held_up_by_many),
		TEST(one_bad_row_costs_that_row),
		TEST(refused_as_a_whole_goes_in_halves),
		TEST(rows_that_exist_are_found_in_the_job),
		TEST(a_job_that_vanished_is_sent_again),
		TEST(a_job_without_end_is_given_up),
		TEST(jobs_survive_a_crash),
		TEST(a_crash_between_request_and_answer_sends_again),
		TEST(a_bad_key_stops_the_account_and_costs_nothing),
		TEST(a_missing_scope_stops_its_family_only),
		TEST(an_outage_is_probed_once_and_ends_slowly),
		TEST(a_dead_account_does_not_hold_up_another),
		TEST(a_round_behind_a_slow_store_ends),
		TEST(lookups_of_many_accounts_leave_beside_the_rest),
		TEST(three_failures_open_the_breaker),
		TEST(an_outage_ends_by_itself),
		TEST(zoey_collects_for_ten_minutes),
		TEST(budgets_are_kept),
		TEST(calls_that_replace_a_bulk_request_are_kept),
		TEST(realtime_comes_first_and_history_is_never_starved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
