/*
 * Coalescing: changes of the catalog and of profiles become one while they wait to leave, and only then;
 * events and consent each leave; what Klaviyo has already is not told again.
 */
#define _GNU_SOURCE /* memmem */
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* New deliveries wait for up to ten minutes. */
#define COLLECTS ((const char *const[]){ "retry_preset=zoey", NULL })

static int set_up(void **state)
{
	struct rig *rig = rig_new(&db_memory_ops);

	rig_answer_all(rig);
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

static bool has(struct str text, const char *part)
{
	return memmem(text.p ? text.p : "", text.len, part, strlen(part)) != NULL;
}

/* Requests but GETs with this in their path and this in their body. */
static size_t count(const struct rig *rig, const char *path, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(rig->http); i++) {
		const struct fake_request *request = fake_http_request(rig->http, i);

		n += !str_eq(request->method, STR("GET")) && has(request->path, path) &&
		     has(request->body, part);
	}
	return n;
}

static void product(struct rig *rig, const char *title)
{
	rig_generic(rig, "shop", "product.upserted",
		    arena_printf(&rig->arena,
				 "{'id':'mug','title':'%s','url':'https://shop.test/mug','price':'5.00',"
				 "'currency':'EUR'}",
				 title)
			    .p);
}

static void category(struct rig *rig, const char *name)
{
	rig_generic(rig, "shop", "category.upserted",
		    arena_printf(&rig->arena, "{'id':'cups','name':'%s'}", name).p);
}

static void person(struct rig *rig, const char *name)
{
	rig_generic(
		rig, "shop", "customer.upserted",
		arena_printf(&rig->arena, "{'id':'7','email':'ann@shop.test','first_name':'%s'}", name).p);
}

static void order(struct rig *rig, int number)
{
	rig_generic(rig, "shop", "order.placed",
		    arena_printf(&rig->arena,
				 "{'order_id':'%d','currency':'EUR','total':'1.00',"
				 "'customer':{'email':'bob@shop.test'},'lines':[]}",
				 number)
			    .p);
}

static void consent(struct rig *rig, bool yes, int minute)
{
	rig_generic(rig, "shop", "consent.changed",
		    arena_printf(&rig->arena,
				 "{'channel':'email','email':'cat@shop.test','state':'%s',"
				 "'changed_at':'2026-07-25T17:%02d:00Z'}",
				 yes ? "subscribed" : "unsubscribed", minute)
			    .p);
}

/* ---- queued ---- */

static void what_waits_becomes_one(void **state)
{
	static const char *const name[] = { "one", "two", "three", "four" };
	struct rig *rig = *state;

	rig_account_set(rig, "main", "", COLLECTS);
	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		product(rig, name[i]);
		category(rig, name[i]);
		person(rig, name[i]);
		rig_run(rig, 60000);
		assert_int_equal(count(rig, "", ""), 0);
	}
	(void)rig_settle(rig, 1200000);
	assert_int_equal(count(rig, "/api/catalog-items", ""), 1);
	assert_int_equal(count(rig, "/api/catalog-items", "\"four\""), 1);
	assert_int_equal(count(rig, "/api/catalog-categories", ""), 1);
	assert_int_equal(count(rig, "/api/catalog-categories", "\"four\""), 1);
	assert_int_equal(count(rig, "/api/profile-import", ""), 1);
	assert_int_equal(count(rig, "/api/profile-import", "\"four\""), 1);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void events_and_consent_each_leave(void **state)
{
	struct rig *rig = *state;

	rig_account_set(rig, "main", "", COLLECTS);
	for (int i = 0; i < 4; i++) {
		order(rig, 100 + i);
		consent(rig, i % 2 == 0, 20 + i);
		rig_run(rig, 60000);
		assert_int_equal(count(rig, "/api/event", ""), 0);
	}
	(void)rig_settle(rig, 1200000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(count(rig, "/api/event",
				       arena_printf(&rig->arena, "\"unique_id\":\"%d\"", 100 + i).p),
				 1);
	/* A subscription is taken back by who leaves, which is another matter. */
	assert_false(str_starts(rig_audit_reason(rig, AUDIT_DELIVERY_SKIPPED), STR("replaced")));
	assert_int_equal(count(rig, "/api/profile-subscription-bulk-create-jobs", "cat@shop.test"), 0);
	assert_int_equal(count(rig, "/api/profile-subscription-bulk-delete-jobs", "cat@shop.test"), 2);
}

/* ---- under way ---- */

static void what_is_under_way_is_left_alone(void **state)
{
	struct rig *rig = *state;

	fake_http_hold(rig->http, "/api/");
	product(rig, "one");
	person(rig, "one");
	rig_run(rig, 5000);
	assert_int_equal(count(rig, "/api/catalog-items", "\"one\""), 1);
	assert_int_equal(count(rig, "/api/profile-import", "\"one\""), 1);
	product(rig, "two");
	person(rig, "two");
	rig_run(rig, 5000);
	product(rig, "three");
	person(rig, "three");
	rig_run(rig, 5000);
	assert_int_equal(count(rig, "/api/catalog-items", ""), 1);
	assert_int_equal(count(rig, "/api/profile-import", ""), 1);
	fake_http_hold(rig->http, NULL);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "/api/catalog-items", ""), 2);
	assert_int_equal(count(rig, "/api/catalog-items", "\"three\""), 1);
	assert_int_equal(count(rig, "/api/profile-import", ""), 2);
	assert_int_equal(count(rig, "/api/profile-import", "\"three\""), 1);
	assert_true(has(json_get_text(fake_klaviyo_get(rig->klaviyo, "item", "mug"), "title"), "three"));
}

/* ---- unchanged ---- */

static void what_klaviyo_has_is_not_told_again(void **state)
{
	struct rig *rig = *state;
	size_t before;

	product(rig, "one");
	category(rig, "one");
	person(rig, "one");
	(void)rig_settle(rig, 60000);
	before = count(rig, "", "");
	assert_true(before >= 4);
	product(rig, "one");
	category(rig, "one");
	person(rig, "one");
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "", ""), before);
}

/* While it waits to leave; what is under way may have arrived. */
static void a_profile_that_is_again_what_it_was_is_not_told(void **state)
{
	struct rig *rig = *state;

	person(rig, "one");
	(void)rig_settle(rig, 60000);
	rig_account_set(rig, "main", "", COLLECTS);
	person(rig, "two");
	rig_run(rig, 5000);
	person(rig, "one");
	rig_run(rig, 5000);
	assert_string_equal(rig_audit_reason(rig, AUDIT_DELIVERY_SKIPPED).p, "Klaviyo has it already");
	(void)rig_settle(rig, 1200000);
	assert_int_equal(count(rig, "/api/profile-import", ""), 1);
	rig_account_set(rig, "main", "", (const char *const[]){ "retry_preset=realtime", NULL });
	fake_http_hold(rig->http, "/api/");
	person(rig, "two");
	rig_run(rig, 5000);
	person(rig, "one");
	rig_run(rig, 5000);
	fake_http_hold(rig->http, NULL);
	(void)rig_settle(rig, 60000);
	assert_int_equal(count(rig, "/api/profile-import", "\"two\""), 1);
	assert_int_equal(count(rig, "/api/profile-import", "\"one\""), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_waits_becomes_one),
		TEST(events_and_consent_each_leave),
		TEST(what_is_under_way_is_left_alone),
		TEST(what_klaviyo_has_is_not_told_again),
		TEST(a_profile_that_is_again_what_it_was_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
