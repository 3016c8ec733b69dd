/*
 * Stock: proves which report counts for an inventory, how inventories are summed, and what stands for the
 * unknown.
 */
#include "unit/test_catalog_support.h"

struct report {
	bool of_sku;
	const char *part;
	int64_t version, seq;
	const char *body;
};

static const struct {
	const char *what, *base;
	struct report report[4];
	int64_t quantity;
	enum stock_policy policy;
} row[] = {
	{ "nothing known", "{'sku':'S'}", { { 0 } }, 9999, STOCK_SHOW_ALWAYS },
	{ "nothing known but tracked",
	  "{'sku':'S','track_stock':true}",
	  { { 0 } },
	  9999,
	  STOCK_HIDE_WHEN_OUT },
	{ "of the SKU",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "of the variant",
	  "{'sku':'S'}",
	  { { false, "stock.a", 0, 2, "{'quantity':5}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "of another SKU",
	  "{'sku':'T'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" } },
	  9999,
	  STOCK_SHOW_ALWAYS },
	{ "not tracked",
	  "{'sku':'S','track_stock':false}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" } },
	  9999,
	  STOCK_SHOW_ALWAYS },
	{ "inventories are summed",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" },
	    { false, "stock.b", 0, 2, "{'quantity':7,'available':true}" },
	    { true, "stock.c", 0, 2, "{'quantity':100,'available':false}" } },
	  12,
	  STOCK_HIDE_WHEN_OUT },
	{ "SKU later than variant",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 3, "{'quantity':5}" }, { false, "stock.a", 0, 2, "{'quantity':7}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "variant later than SKU",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" }, { false, "stock.a", 0, 3, "{'quantity':7}" } },
	  7,
	  STOCK_HIDE_WHEN_OUT },
	{ "version before message",
	  "{'sku':'S'}",
	  { { true, "stock.a", 9, 2, "{'quantity':5}" }, { false, "stock.a", 8, 3, "{'quantity':7}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "both from one message: the variant's",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5}" }, { false, "stock.a", 0, 2, "{'quantity':7}" } },
	  7,
	  STOCK_HIDE_WHEN_OUT },
	{ "all not available",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':5,'available':false}" } },
	  0,
	  STOCK_HIDE_WHEN_OUT },
	{ "negative",
	  "{'sku':'S'}",
	  { { true, "stock.", 0, 2, "{'quantity':-3}" } },
	  0,
	  STOCK_HIDE_WHEN_OUT },
	{ "negative in one inventory",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':-3}" }, { true, "stock.b", 0, 2, "{'quantity':5}" } },
	  2,
	  STOCK_HIDE_WHEN_OUT },
	{ "more than there can be",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':9223372036854775807}" },
	    { true, "stock.b", 0, 2, "{'quantity':9223372036854775807}" } },
	  1000000000000,
	  STOCK_HIDE_WHEN_OUT },
	{ "in the base", "{'sku':'S','stock':4}", { { 0 } }, 4, STOCK_HIDE_WHEN_OUT },
	{ "base before a report",
	  "{'sku':'S','stock':4}",
	  { { true, "stock.", 0, 2, "{'quantity':5}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "base after a report",
	  "{'sku':'S','stock':4}",
	  { { true, "stock.", 0, 0, "{'quantity':5}" } },
	  4,
	  STOCK_HIDE_WHEN_OUT },
	{ "report from the base's message",
	  "{'sku':'S','stock':4}",
	  { { true, "stock.", 0, 1, "{'quantity':5}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "text and fraction",
	  "{'sku':'S'}",
	  { { true, "stock.a", 0, 2, "{'quantity':'5'}" }, { true, "stock.b", 0, 2, "{'quantity':2.9}" } },
	  7,
	  STOCK_HIDE_WHEN_OUT },
	{ "no sense",
	  "{'sku':'S','stock':[]}",
	  { { true, "stock.a", 0, 2, "{'quantity':'many'}" },
	    { true, "stock.b", 0, 2, "{'quantity':1e300}" } },
	  9999,
	  STOCK_SHOW_ALWAYS },
	{ "part without inventory",
	  "{'sku':'S'}",
	  { { true, "stock", 0, 2, "{'quantity':5}" } },
	  5,
	  STOCK_HIDE_WHEN_OUT },
	{ "another part",
	  "{'sku':'S'}",
	  { { true, "stocking", 0, 2, "{'quantity':5}" } },
	  9999,
	  STOCK_SHOW_ALWAYS },
};

static void add_reports(struct support *support, const struct report *report, enum entity_kind own,
			const char *own_id)
{
	for (size_t i = 0; i < 4 && report[i].part; i++)
		support_versioned(support, report[i].of_sku ? ENTITY_SKU : own,
				  report[i].of_sku ? "S" : own_id, report[i].part, report[i].version,
				  report[i].seq, report[i].body);
}

static void check(const struct support *support, size_t i)
{
	const struct catalog_variant *variant = &support->view.variant[0];

	assert_int_equal(support->view.n_variant, 1);
	if (variant->quantity != row[i].quantity || variant->policy != row[i].policy)
		fail_msg("%s: got %lld, policy %d, want %lld, policy %d", row[i].what,
			 (long long)variant->quantity, (int)variant->policy, (long long)row[i].quantity,
			 (int)row[i].policy);
}

static void stock_of_a_variant(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_open(&support, ENTITY_PRODUCT, "p1");
		support_versioned(&support, ENTITY_PRODUCT, "p1", "base", 0, 1,
				  "{'price':'1','currency':'EUR'}");
		support_versioned(&support, ENTITY_VARIANT, "v1", "base", 0, 1, row[i].base);
		add_reports(&support, row[i].report, ENTITY_VARIANT, "v1");
		support_merge(&support);
		check(&support, i);
		support_close(&support);
	}
}

static void stock_of_a_product_is_that_of_its_only_variant(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_open(&support, ENTITY_PRODUCT, "p1");
		support_versioned(&support, ENTITY_PRODUCT, "p1", "base", 0, 1, row[i].base);
		support_versioned(&support, ENTITY_PRODUCT, "p1", "price.", 0, 1,
				  "{'prices':[{'currency':'EUR','base':'1'}]}");
		add_reports(&support, row[i].report, ENTITY_PRODUCT, "p1");
		support_merge(&support);
		check(&support, i);
		support_close(&support);
	}
}

static void stock_of_a_product_is_not_that_of_its_variants(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base",
		     "{'price':'1','currency':'EUR','stock':3,'track_stock':true}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{}");
	support_merge(&support);
	assert_int_equal(support.view.variant[0].quantity, 9999);
	assert_int_equal(support.view.variant[0].policy, STOCK_HIDE_WHEN_OUT);
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_of_a_variant),
		cmocka_unit_test(stock_of_a_product_is_that_of_its_only_variant),
		cmocka_unit_test(stock_of_a_product_is_not_that_of_its_variants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
