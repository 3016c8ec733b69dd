/*
 * Lines: proves what a line takes from the catalog and what it does not, and when an order waits for it.
 */
#include "unit/test_activity_support.h"

#define PLACED "{'at':'2026-07-30T09:00:00Z'}"

static const struct str category[] = { { "Shoes", 5 }, { "Summer", 6 } };
static const struct str variant_id[] = { { "v1", 2 }, { "v2", 2 } };
static const struct activity_line variant[] = {
	{ .product_id = { "P1", 2 },
	  .variant_id = { "V1", 2 },
	  .sku = { "SAND-39", 7 },
	  .variant_name = { "39", 2 },
	  .image_url = { "https://i/39", 12 } },
	{ .product_id = { "P1", 2 },
	  .variant_id = { "V2", 2 },
	  .sku = { "SAND-40", 7 },
	  .has_price = true,
	  .unit_price = { 1500, "EUR" },
	  .has_compare_at_price = true,
	  .compare_at_price = { 1800, "EUR" } },
};

static struct activity_product sandal(void)
{
	return (struct activity_product){
		.product_id = STR("p1"),
		.item = { .product_id = STR("P1"),
			  .sku = STR("SAND"),
			  .name = STR("Sandal"),
			  .brand = STR("X"),
			  .category = category,
			  .n_category = 2,
			  .image_url = STR("https://i/p"),
			  .product_url = STR("https://s/p"),
			  .has_price = true,
			  .unit_price = { 1000, "EUR" } },
		.variant_id = variant_id,
		.variant = variant,
		.n_variant = 2,
	};
}

static const struct {
	const char *what, *line, *want;
} line_row[] = {
	{ "the line's own words win; ids are Klaviyo's",
	  "{'product_id':'p1','variant_id':'v1','sku':'mine','name':'My sandal','quantity':'2.50',"
	  "'unit_price':'4','brand':'B','categories':['C'],'image_url':'i','product_url':'u'}",
	  "{l|P1|V1|mine|My sandal|39|2.5 x 4.00 = 10.00|B|C|i|u}" },
	{ "what is missing comes from variant, then product", "{'product_id':'p1','variant_id':'v1'}",
	  "{l|P1|V1|SAND-39|Sandal|39|1 x 10.00 = 10.00|X|Shoes,Summer|https://i/39|https://s/p}" },
	{ "a price of the variant", "{'product_id':'p1','variant_id':'v2','quantity':3}",
	  "{l|P1|V2|SAND-40|Sandal||3 x 15.00 = 45.00 was 18.00|X|Shoes,Summer|https://i/p|https://s/p}" },
	{ "only the variant is named", "{'variant_id':'v2','row_total':'10.01','quantity':3}",
	  "{l|P1|V2|SAND-40|Sandal||3 x 3.34 = 10.01 was 18.00|X|Shoes,Summer|https://i/p|https://s/p}" },
	{ "only the SKU is named", "{'sku':'SAND-40','unit_price':'9','row_total':'8'}",
	  "{l|P1|V2|SAND-40|Sandal||1 x 9.00 = 8.00 was 18.00|X|Shoes,Summer|https://i/p|https://s/p}" },
	{ "the SKU of the product", "{'sku':'SAND','unit_price':'9'}",
	  "{l|P1||SAND|Sandal||1 x 9.00 = 9.00|X|Shoes,Summer|https://i/p|https://s/p}" },
	{ "a variant that its product does not have",
	  "{'product_id':'p1','variant_id':'v9','unit_price':'9'}",
	  "{l|P1|eu-v9|SAND|Sandal||1 x 9.00 = 9.00|X|Shoes,Summer|https://i/p|https://s/p}" },
	{ "a product that is not known", "{'product_id':'p2','variant_id':'v1','name':'N','quantity':'x'}",
	  "{l|eu-p2|eu-v1||N||1 x - = -||||}" },
	{ "nothing named", "{'name':'Gift wrap','unit_price':'x'}", "{l||||Gift wrap||1 x - = -||||}" },
};

static void open_order(struct support *support, const char *line)
{
	char body[1000];

	support_open(support, ENTITY_ORDER, "1");
	support->rules.id_prefix = STR("eu-");
	snprintf(body, sizeof(body),
		 "{'currency':'EUR','customer':{'email':'a@b.example'},'lines':[{'line_id':'l',%s]}",
		 line + 1);
	support_fact(support, "base", body);
	support_fact(support, "placed", PLACED);
	support_product(support, sandal());
}

static void lines_are_filled_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line_row); i++) {
		struct support support;

		open_order(&support, line_row[i].line);
		support_merge(&support);
		assert_int_equal(support.view.n_event, 2);
		support_equal(support_line(&support, support.view.event[1].line), line_row[i].want,
			      line_row[i].what);
		support_close(&support);
	}
}

static void a_sku_of_two_products_says_nothing(void **state)
{
	struct support support;
	struct activity_product other = sandal();

	(void)state;
	open_order(&support, "{'sku':'SAND'}");
	other.product_id = STR("p0");
	other.item.product_id = STR("P0");
	other.n_variant = 0;
	support_product(&support, other);
	support_merge(&support);
	support_equal(support_line(&support, support.view.event[1].line), "{l|||SAND|||1 x - = -||||}",
		      "SKU");
	support_close(&support);
}

static void a_price_in_another_currency_is_none(void **state)
{
	struct support support;

	(void)state;
	open_order(&support, "{'product_id':'p1'}");
	support.fact[0].body = support_json(&support, "{'currency':'SEK','customer':{'email':'a@b.example'},"
						      "'lines':[{'line_id':'l','product_id':'p1'}]}");
	support_merge(&support);
	assert_false(support.view.event[1].line->has_price);
	support_close(&support);
}

static void an_unknown_product_is_waited_for_and_then_not(void **state)
{
	struct support support;

	(void)state;
	open_order(&support, "{'product_id':'p2'}");
	support.rules.product_wait_ms = 10000;
	support.root.due_first_ms = SUPPORT_NOW - 9999;
	support_merge(&support);
	assert_int_equal(support.view.n_event, 0);
	assert_int_equal(support.view.again_ms, SUPPORT_NOW + 1);
	support_equal(support.view.held, "waits for product \"p2\"", "held");
	support.now_ms = SUPPORT_NOW + 1;
	support_merge(&support);
	support_equal(support_events(&support), "Placed Order eu-1; Ordered Product eu-1:l", "leaves");
	support_equal(support.view.held, "", "not held");
	assert_int_equal(support.view.again_ms, 0);
	assert_true(support_contains(support.view.note, "product \"p2\" is not known"));
	support.now_ms = SUPPORT_NOW;
	support.product[0].product_id = STR("p2");
	support_merge(&support);
	assert_int_equal(support.view.n_event, 2);
	support_close(&support);
}

static void a_line_that_says_all_itself_waits_for_nothing(void **state)
{
	struct support support;

	(void)state;
	open_order(&support, "{'product_id':'p2','name':'N','brand':'B','categories':['C'],"
			     "'image_url':'i','product_url':'u'}");
	support.rules.product_wait_ms = 10000;
	support.root.due_first_ms = SUPPORT_NOW;
	support_merge(&support);
	assert_int_equal(support.view.n_event, 2);
	support_equal(support.view.held, "", "not held");
	support_equal(support.view.note, "", "nothing left out");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(lines_are_filled_up),
		cmocka_unit_test(a_sku_of_two_products_says_nothing),
		cmocka_unit_test(a_price_in_another_currency_is_none),
		cmocka_unit_test(an_unknown_product_is_waited_for_and_then_not),
		cmocka_unit_test(a_line_that_says_all_itself_waits_for_nothing),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
