/*
 * import --check and --dry-run with the real program: what is wrong with which row, the rest read, and
 * nothing imported, neither as a job nor as a message.
 */
#include "base/json.h"
#include "cli/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define KEY "pk_canary0123456789"

/* Line 3 is wrong; the others become orders of one line and of two. */
static const char orders[] = "order_id,placed_at,currency,total,email,line_sku,line_quantity\n"
			     "1,2023-01-05,EUR,12.50,ann@canary-shop.de,MUG,1\n"
			     "2,2023-01-06,EUR,abc,bo@canary-shop.de,PEN,1\n"
			     "3,2023-01-07,EUR,30,cy@canary-shop.de,MUG,1\n"
			     ",,,,,PEN,2\n";
static const char products[] = "id,title,price,currency\nmug,Mug,12.50,EUR\npen,Pen,2,EUR\n";

struct shop {
	struct place place;
	const char *data, *orders, *products;
};

static struct shop shop;

static int set_up(void **state)
{
	struct place *place = &shop.place;
	const char *key, *secret;

	(void)state;
	place_init(place);
	key = place_file(place, "key.txt", KEY);
	secret = place_file(place, "secret.txt", "canary-secret-0123456789");
	shop.data = place_file(place, "data", NULL);
	shop.orders = place_file(place, "orders.csv", orders);
	shop.products = place_file(place, "products.csv", products);
	assert_int_equal(RUN(place, "account", "add", "main", "--key-file", key, "--data", shop.data).code,
			 0);
	assert_int_equal(RUN(place, "store", "add", "shop", "--platform", "generic", "--account", "main",
			     "--secret-file", secret, "--data", shop.data)
				 .code,
			 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_release(&shop.place);
	return 0;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void must_be_nothing_imported(void)
{
	struct ran ran = RUN(&shop.place, "import", "list", "--json", "--data", shop.data);
	struct json *json;
	struct err err;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, &err));
	assert_int_equal(json_len(json), 0);
	json_free(json);
	ran = RUN(&shop.place, "export", "ann@canary-shop.de", "--data", shop.data);
	assert_false(has(ran.out, "MUG"));
}

static void a_bad_row_is_told_and_the_rest_is_read(void **state)
{
	const char *wrong =
		arena_printf(&shop.place.arena, "%s:3: total: 'abc' is no amount\n", shop.orders).p;
	struct ran ran = RUN(&shop.place, "import", "shop", shop.orders, shop.products, "--check", "--data",
			     shop.data);

	(void)state;
	assert_int_equal(ran.code, 1);
	if (!has(ran.errors, wrong))
		fail_msg("'%s' is not said, but: %s", wrong, ran.errors);
	if (!has(ran.out, "6 rows read: 4 messages, 0 rows mended, 1 rejected."))
		fail_msg("%s", ran.out);
	assert_false(has(ran.out, "requests"));
	must_be_nothing_imported();
}

static void programs_are_told_the_same(void **state)
{
	struct ran ran =
		RUN(&shop.place, "import", "shop", shop.orders, "--check", "--json", "--data", shop.data);
	const struct json *row;
	struct json *json;
	struct err err;
	int64_t n = 0;

	(void)state;
	assert_int_equal(ran.code, 1);
	assert_true(json_parse(str_from(ran.out), &json, &err));
	row = json_at(json_get(json, "rejects"), 0);
	assert_int_equal(json_len(json_get(json, "rejects")), 1);
	assert_true(str_eq(json_get_text(row, "file"), str_from(shop.orders)));
	assert_true(json_get_int(row, "line", &n) && n == 3);
	assert_true(str_eq(json_get_text(row, "column"), STR("total")));
	assert_true(str_eq(json_get_text(row, "why"), STR("'abc' is no amount")));
	assert_true(json_get_int(json, "messages", &n) && n == 2);
	assert_true(json_get_int(json, "rejected", &n) && n == 1);
	json_free(json);
}

/* Products without variants are an item and a variant each. */
static void a_dry_run_says_what_it_takes(void **state)
{
	struct ran ran = RUN(&shop.place, "import", "shop", shop.products, "--dry-run", "--data", shop.data);

	(void)state;
	assert_int_equal(ran.code, 0);
	if (!has(ran.out, "items                  2 in 2 requests\n") ||
	    !has(ran.out, "variants               2 in 2 requests\n") || !has(ran.out, "At most 4 requests;"))
		fail_msg("%s", ran.out);
	must_be_nothing_imported();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bad_row_is_told_and_the_rest_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(programs_are_told_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dry_run_says_what_it_takes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
