/*
 * The road from a message to Klaviyo's catalog: debounce, order, coalescing, holding back, deletes,
 * nothing sent twice.
 */
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

static int tear_down(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(fake_klaviyo_complaint(rig->klaviyo).len, 0);
	rig_conserve(rig);
	rig_free(rig);
	return 0;
}

#define MUG "{'id':'mug','title':'Mug','url':'https://shop.example/mug','price':'12.50','currency':'EUR'}"

static const char *text_of(const struct rig *rig, const char *kind, const char *id, const char *name)
{
	const struct json *attributes = fake_klaviyo_get(rig->klaviyo, kind, id);

	assert_non_null(attributes);
	return json_get_text(attributes, name).p;
}

static void a_change_arrives_after_a_second_of_quiet(void **state)
{
	struct rig *rig = *state;
	int64_t took_ms;

	rig_generic(rig, "shop", "product.upserted", MUG);
	rig_run(rig, 900);
	assert_int_equal(fake_http_count(rig->http), 0);
	took_ms = 900 + rig_settle(rig, 5000);
	assert_true(took_ms >= 1000 && took_ms < 2000);
	assert_string_equal(text_of(rig, "item", "mug", "title"), "Mug");
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 1);
	assert_int_equal(fake_http_count(rig->http), 2);
	/* the item before its variant */
	assert_true(str_ends(fake_http_request(rig->http, 0)->path, STR("/api/catalog-items")));
	assert_true(str_ends(fake_http_request(rig->http, 1)->path, STR("/api/catalog-variants")));
}

static void many_changes_leave_as_one(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	for (int i = 0; i < 20; i++) {
		struct str data =
			arena_printf(&rig->arena, "{'product_id':'mug','price':'%d.00','currency':'EUR'}", i);

		rig_generic(rig, "shop", "price.changed", data.p);
		rig_run(rig, 100);
	}
	assert_int_equal(fake_http_count(rig->http), 2);
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_http_count(rig->http), 4); /* one update of the item, one of its variant */
	assert_true(json_number(json_get(fake_klaviyo_get(rig->klaviyo, "item", "mug"), "price")) == 19.0);
}

static void never_later_than_the_longest_quiet(void **state)
{
	struct rig *rig = *state;
	int64_t started_ms = rig->clock.now_ms;

	/* a message every 500 ms: there is never a second of quiet */
	for (int i = 0; i < 40 && fake_http_count(rig->http) == 0; i++) {
		struct str data =
			arena_printf(&rig->arena,
				     "{'id':'mug','title':'Mug %d','url':'https://shop.example/mug',"
				     "'price':'1.00','currency':'EUR'}",
				     i);

		rig_generic(rig, "shop", "product.upserted", data.p);
		rig_run(rig, 500);
	}
	assert_true(rig->clock.now_ms - started_ms >= 10000);
	assert_true(rig->clock.now_ms - started_ms <= 11000);
	(void)rig_settle(rig, 5000);
}

static void what_is_equal_is_not_sent(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_int_equal(rig_audit_count(rig, AUDIT_ROOT_UNCHANGED), 1);
}

static void categories_then_items_then_variants(void **state)
{
	struct rig *rig = *state;
	size_t n;
	int last = 0;

	rig_generic(rig, "shop", "category.upserted", "{'id':'c1','name':'One'}");
	rig_generic(rig, "shop", "category.upserted", "{'id':'c2','name':'Two'}");
	rig_generic(
		rig, "shop", "product.upserted",
		"{'id':'mug','title':'Mug','url':'https://shop.example/mug','price':'1.00','currency':'EUR',"
		"'categories':['c1','c2'],'variants':[{'id':'r','title':'Red','price':'1.00','currency':'EUR'"
		"},"
		"{'id':'b','title':'Blue','price':'2.00','currency':'EUR'}]}");
	(void)rig_settle(rig, 10000);
	n = fake_http_count(rig->http);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		struct str path = fake_http_request(rig->http, i)->path;
		int rank = str_ends(path, STR("categories")) ? 1 : str_ends(path, STR("items")) ? 2 : 3;

		assert_true(rank >= last);
		last = rank;
	}
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
}

static void prices_before_products_are_held_back(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'9.00','currency':'EUR'}");
	(void)rig_settle(rig, 5000);
	rig_generic(rig, "shop", "product.upserted",
		    "{'id':'cup','title':'Cup','url':'https://shop.example/cup'}");
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_http_count(rig->http), 0);
	assert_true(rig_store_summary(rig, "shop").held >= 1);
	rig_generic(rig, "shop", "price.changed", "{'product_id':'cup','price':'3.00','currency':'EUR'}");
	rig_generic(rig, "shop", "product.upserted",
		    "{'id':'mug','title':'Mug','url':'https://shop.example/mug'}");
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 2);
	assert_int_equal(rig_store_summary(rig, "shop").held, 0);
	assert_true(rig_audit_count(rig, AUDIT_ROOT_RELEASED) >= 1);
}

static void a_delete_goes_the_other_way_round(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	rig_generic(rig, "shop", "product.deleted", "{'id':'mug'}");
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 0);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "variant"), 0);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	/* a late message does not bring it back */
	rig_generic(rig, "shop", "price.changed", "{'product_id':'mug','price':'9.00','currency':'EUR'}");
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 0);
}

/* While the first change is under way a second and a third come: the third replaces the second. */
static void what_waits_is_replaced(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	fake_http_hold(rig->http, "/api/catalog-items");
	for (int i = 0; i < 3; i++) {
		struct str data = arena_printf(
			&rig->arena, "{'product_id':'mug','price':'%d.00','currency':'EUR'}", i + 20);

		rig_generic(rig, "shop", "price.changed", data.p);
		rig_run(rig, 1500);
	}
	fake_http_hold(rig->http, NULL);
	(void)rig_settle(rig, 5000);
	assert_true(json_number(json_get(fake_klaviyo_get(rig->klaviyo, "item", "mug"), "price")) == 22.0);
	assert_int_equal(fake_http_count_of(rig->http, "PATCH", "/api/catalog-items"), 2);
	assert_int_equal(rig_account_summary(rig, "main").skipped, 1);
}

static void a_setting_sweeps_the_catalog(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	rig_store_set(rig, "shop", (const char *const[]){ "stock_unknown=5", NULL });
	(void)rig_settle(rig, 5000);
	assert_true(json_number(json_get(fake_klaviyo_get(rig->klaviyo, "variant", "mug"),
					 "inventory_quantity")) == 5.0);
}

static void a_renamed_category_renames_those_below(void **state)
{
	struct rig *rig = *state;

	rig_store_set(rig, "shop", (const char *const[]){ "category_name=path", NULL });
	rig_generic(rig, "shop", "category.upserted", "{'id':'a','name':'A'}");
	rig_generic(rig, "shop", "category.upserted", "{'id':'b','name':'B','parent_id':'a'}");
	rig_generic(rig, "shop", "category.upserted", "{'id':'c','name':'C','parent_id':'b'}");
	(void)rig_settle(rig, 5000);
	assert_string_equal(text_of(rig, "category", "c", "name"), "A > B > C");
	rig_generic(rig, "shop", "category.upserted", "{'id':'a','name':'Z'}");
	(void)rig_settle(rig, 10000);
	assert_string_equal(text_of(rig, "category", "a", "name"), "Z");
	assert_string_equal(text_of(rig, "category", "b", "name"), "Z > B");
	assert_string_equal(text_of(rig, "category", "c", "name"), "Z > B > C");
}

static void messages_of_a_store_that_goes_are_dropped(void **state)
{
	struct rig *rig = *state;

	rig_store(rig, "other", "generic", "main", (const char *const[]){ "id_prefix=o-", NULL });
	rig_generic(rig, "other", "product.upserted", MUG);
	assert_true(settings_store_remove(rig->settings, STR("other"), rig->clock.now_ms, &rig->err));
	rig_generic(rig, "shop", "product.upserted", MUG);
	(void)rig_settle(rig, 5000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "item"), 1);
}

static void what_is_not_understood_is_kept_and_named(void **state)
{
	struct rig *rig = *state;

	rig_generic(rig, "shop", "weather.changed", "{'sun':true}");
	rig_generic(rig, "shop", "product.upserted", "{'title':'no id'}");
	(void)rig_settle(rig, 5000);
	assert_int_equal(rig_store_summary(rig, "shop").ignored, 1);
	assert_int_equal(rig_store_summary(rig, "shop").failed, 1);
	assert_int_equal(fake_http_count(rig->http), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_arrives_after_a_second_of_quiet),
		TEST(many_changes_leave_as_one),
		TEST(never_later_than_the_longest_quiet),
		TEST(what_is_equal_is_not_sent),
		TEST(categories_then_items_then_variants),
		TEST(prices_before_products_are_held_back),
		TEST(a_delete_goes_the_other_way_round),
		TEST(what_waits_is_replaced),
		TEST(a_setting_sweeps_the_catalog),
		TEST(a_renamed_category_renames_those_below),
		TEST(messages_of_a_store_that_goes_are_dropped),
		TEST(what_is_not_understood_is_kept_and_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
