/*
 * Prices: proves which list, which row and which amount is shown, what it is compared to, and what counts
 * when.
 */
#include "unit/test_catalog_support.h"

/* A list of one market's rows. */
#define US \
	"{'market':'us','countries':['US','PR'],'currency':'USD','base':'99.99','sale':'79.99','reference':" \
	"'120','on_sale':true}"
#define CA "{'market':'ca','countries':['CA'],'currency':'CAD','base':'129.99','on_sale':false}"
#define SE "{'market':'se','currency':'sek','base':'1000','sale':'900','on_sale':false}"
#define MARKETS \
	"'markets':[{'id':'m-ca','slug':'ca','country':'CA'},{'id':'m-us','slug':'us','country':'US'}]"

static const struct {
	const char *what, *market, *group;
	enum price_source source;
	const char *base, *list_a, *list_b, *price, *compare;
} row[] = {
	{ "market set by slug", "us", "", PRICE_SALE, "{}", "[" CA "," US "]", "", "79.99 USD", "120.00" },
	{ "market set by country", "PR", "", PRICE_SALE, "{}", "[" CA "," US "]", "", "79.99 USD", "120.00" },
	{ "market set by id of the product's", "M-US", "", PRICE_SALE, "{" MARKETS "}", "[" CA "," US "]", "",
	  "79.99 USD", "120.00" },
	{ "first market of the product", "", "", PRICE_SALE, "{" MARKETS "}", "[" US "," CA "]", "",
	  "129.99 CAD", "" },
	{ "first active market of the product", "", "", PRICE_SALE,
	  "{'markets':[{'slug':'ca','active':false},{'slug':'us','active':true}]}", "[" CA "," US "]", "",
	  "79.99 USD", "120.00" },
	{ "no market known: first by name", "", "", PRICE_SALE, "{}", "[" US "," CA "]", "", "129.99 CAD",
	  "" },
	{ "only row, other market", "de", "", PRICE_SALE, "{}", "[" US "]", "", "79.99 USD", "120.00" },
	{ "market without a row", "de", "", PRICE_SALE, "{}", "[" US "," CA "]", "", "", "" },
	{ "base price", "us", "", PRICE_BASE, "{}", "[" CA "," US "]", "", "99.99 USD", "" },
	{ "reference price", "us", "", PRICE_REFERENCE, "{}", "[" CA "," US "]", "", "120.00 USD", "" },
	{ "no reference: base", "ca", "", PRICE_REFERENCE, "{}", "[" CA "," US "]", "", "129.99 CAD", "" },
	{ "not on sale", "se", "", PRICE_SALE, "{}", "[" SE "]", "", "1000.00 SEK", "" },
	{ "sale without base", "", "", PRICE_SALE, "{}", "[{'currency':'EUR','sale':'5','on_sale':true}]", "",
	  "5.00 EUR", "" },
	{ "sale dearer than base", "", "", PRICE_SALE, "{}",
	  "[{'currency':'EUR','base':'4','sale':'5','on_sale':true}]", "", "5.00 EUR", "" },
	{ "inactive row", "", "", PRICE_SALE, "{}", "[{'currency':'EUR','base':'4','active':false}]", "", "",
	  "" },
	{ "inactive row of our market", "us", "", PRICE_SALE, "{}",
	  "[{'market':'us','currency':'USD','base':'4','active':false}," CA "]", "", "", "" },
	{ "first list by name", "ca", "", PRICE_SALE, "{}", "[" CA "]",
	  "[{'market':'ca','currency':'CAD','base':'1'}]", "129.99 CAD", "" },
	{ "first list that is usable", "us", "", PRICE_SALE, "{}", "[" CA "," SE "]", "[" US "]", "79.99 USD",
	  "120.00" },
	{ "list set by id", "ca", "B", PRICE_SALE, "{}", "[" CA "]", "[{'currency':'CAD','base':'1'}]",
	  "1.00 CAD", "" },
	{ "list set by slug", "ca", "retail", PRICE_SALE, "{}", "[" CA "]", "[{'currency':'CAD','base':'1'}]",
	  "1.00 CAD", "" },
	{ "list set that is not there", "ca", "c", PRICE_SALE, "{}", "[" CA "]", "", "", "" },
	{ "price of the base", "", "", PRICE_SALE, "{'price':'5','compare_at_price':'7.5','currency':'EUR'}",
	  "", "", "5.00 EUR", "7.50" },
	{ "compare that is lower", "", "", PRICE_SALE,
	  "{'price':'5','compare_at_price':'4','currency':'EUR'}", "", "", "5.00 EUR", "" },
	{ "base of a reduced base", "", "", PRICE_BASE,
	  "{'price':'5','compare_at_price':'7.5','currency':'EUR'}", "", "", "7.50 EUR", "" },
	{ "currency of the market", "", "", PRICE_SALE,
	  "{'price':'5','markets':[{'slug':'x','currency':'CHF'}]}", "", "", "5.00 CHF", "" },
	{ "later list before base", "", "", PRICE_SALE, "{'price':'5','currency':'EUR'}",
	  "[{'currency':'EUR','base':'6'}]", "", "6.00 EUR", "" },
	{ "later list without our market: base", "de", "", PRICE_SALE, "{'price':'5','currency':'EUR'}",
	  "[" US "," CA "]", "", "5.00 EUR", "" },
	{ "free of charge is a price", "", "", PRICE_SALE, "{'price':'0','currency':'EUR'}", "", "",
	  "0.00 EUR", "" },
	{ "yen have no decimals", "", "", PRICE_SALE, "{'price':'1200','currency':'jpy'}", "", "", "1200 JPY",
	  "" },
	{ "a number is as good as text", "", "", PRICE_SALE, "{'price':12.5,'currency':'EUR'}", "", "",
	  "12.50 EUR", "" },
	{ "not a price", "", "", PRICE_SALE, "{'price':'cheap','currency':'EUR'}", "", "", "", "" },
	{ "negative", "", "", PRICE_SALE, "{'price':'-1','currency':'EUR'}", "", "", "", "" },
	{ "rows of no sense", "", "", PRICE_SALE, "{}", "[1,'x',null,{'base':{}},[]]", "", "", "" },
	{ "list of no sense", "", "", PRICE_SALE, "{}", "{'a':1}", "", "", "" },
};

static void add_list(struct support *support, const char *part, const char *group, const char *prices)
{
	if (prices[0])
		support_fact(support, ENTITY_PRODUCT, "p1", part,
			     arena_cstr(&support->arena,
					arena_printf(&support->arena, "{'group':'%s','prices':%s}", group,
						     prices)));
}

static void the_price_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;
		const struct catalog_view *view;
		struct str compare;

		support_open(&support, ENTITY_PRODUCT, "p1");
		support.rules.market = str_from(row[i].market);
		support.rules.store_group = str_from(row[i].group);
		support.rules.price_source = row[i].source;
		support_fact(&support, ENTITY_PRODUCT, "p1", "base", row[i].base);
		add_list(&support, "price.a", "wholesale", row[i].list_a);
		add_list(&support, "price.b", "retail", row[i].list_b);
		view = support_merge(&support);
		assert_int_equal(view->has_item, row[i].price[0] != '\0');
		if (!view->has_item) {
			assert_true(support_contains(view->held, "no price known yet"));
			support_close(&support);
			continue;
		}
		support_equal(support_price(&support, view->item.price), row[i].price, row[i].what);
		compare = support_meta(view->item.meta, view->item.n_meta, "compare_at_price");
		support_equal(compare, row[i].compare, row[i].what);
		support_equal(support_price(&support, view->variant[0].price), row[i].price, row[i].what);
		support_close(&support);
	}
}

static const struct {
	const char *what;
	int64_t base_version, base_seq, list_version, list_seq;
	const char *price;
} later[] = {
	{ "list later by message", 0, 1, 0, 2, "6.00 EUR" },
	{ "base later by message", 0, 2, 0, 1, "5.00 EUR" },
	{ "both from one message", 0, 1, 0, 1, "6.00 EUR" },
	{ "version before message: base", 9, 1, 8, 2, "5.00 EUR" },
	{ "version before message: list", 8, 2, 9, 1, "6.00 EUR" },
	{ "only one has a version", 9, 1, 0, 2, "6.00 EUR" },
};

static void the_later_price_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		struct support support;

		support_open(&support, ENTITY_PRODUCT, "p1");
		support_versioned(&support, ENTITY_PRODUCT, "p1", "base", later[i].base_version,
				  later[i].base_seq, "{'price':'5','currency':'EUR'}");
		support_versioned(&support, ENTITY_PRODUCT, "p1", "price.", later[i].list_version,
				  later[i].list_seq, "{'prices':[{'currency':'EUR','base':'6'}]}");
		support_merge(&support);
		support_equal(support_price(&support, support.view.item.price), later[i].price,
			      later[i].what);
		support_close(&support);
	}
}

static void a_price_withdrawn_is_none(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{'price':'5','currency':'EUR'}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "price.", "{'prices':[]}");
	assert_false(support_merge(&support)->has_item);
	support.fact[1].seq = 0;
	assert_true(support_merge(&support)->has_item);
	support_close(&support);
}

static void lists_and_markets_that_are_gone_do_not_count(void **state)
{
	struct support support;
	const char *lists = "{'prices':[{'market':'m1','currency':'EUR','base':'6'},{'market':'m2','currency'"
			    ":'EUR','base':'7'}]}";

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "price.g1", lists);
	support_merge(&support);
	support_equal(support_price(&support, support.view.item.price), "6.00 EUR", "both there");
	support_deleted(&support, ENTITY_MARKET, "m1");
	support_merge(&support);
	support_equal(support_price(&support, support.view.item.price), "7.00 EUR", "first market gone");
	support_deleted(&support, ENTITY_STORE_GROUP, "g1");
	assert_false(support_merge(&support)->has_item);
	support_close(&support);
}

static void a_store_group_is_known_by_its_own_slug(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support.rules.store_group = STR("b2b");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "price.1", "{'prices':[{'currency':'EUR','base':'6'}]}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "price.2", "{'prices':[{'currency':'EUR','base':'7'}]}");
	support_fact(&support, ENTITY_STORE_GROUP, "2", "base", "{'slug':'B2B'}");
	support_merge(&support);
	support_equal(support_price(&support, support.view.item.price), "7.00 EUR", "by slug");
	support_close(&support);
}

static void cents_are_divided(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support.rules.price_divisor = 100;
	support_fact(&support, ENTITY_PRODUCT, "p1", "base",
		     "{'price':'2998','compare_at_price':3500,'currency':'EUR'}");
	support_merge(&support);
	support_equal(support_price(&support, support.view.item.price), "29.98 EUR", "price");
	support_equal(support_meta(support.view.item.meta, support.view.item.n_meta, "compare_at_price"),
		      "35.00", "compare");
	support_close(&support);
}

static void the_item_costs_what_its_cheapest_variant_does(void **state)
{
	struct support support;
	const struct catalog_view *view;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base",
		     "{'price':'50','currency':'EUR','markets':[{'currency':'EUR'}]}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base",
		     "{'price':'20','compare_at_price':'25','currency':'EUR'}");
	support_fact(&support, ENTITY_VARIANT, "v2", "base", "{'price':'30'}");
	support_fact(&support, ENTITY_VARIANT, "v3", "base", "{'price':'10','published':false}");
	support_fact(&support, ENTITY_VARIANT, "v4", "base", "{'price':'1','currency':'SEK'}");
	support_fact(&support, ENTITY_VARIANT, "v5", "base", "{}");
	view = support_merge(&support);
	assert_int_equal(view->n_variant, 5);
	support_equal(support_price(&support, view->item.price), "20.00 EUR",
		      "item: cheapest that is published");
	support_equal(support_meta(view->item.meta, view->item.n_meta, "compare_at_price"), "25.00",
		      "its compare");
	support_equal(support_meta(view->item.meta, view->item.n_meta, "currency"), "EUR", "item's currency");
	support_equal(support_price(&support, view->variant[1].price), "30.00 EUR",
		      "currency of the product");
	support_equal(support_price(&support, view->variant[4].price), "50.00 EUR", "price of the product");
	support_equal(support_meta(view->variant[3].meta, view->variant[3].n_meta, "currency"), "SEK",
		      "own currency");
	assert_true(support_contains(view->note, "variant v4 is priced in SEK, the item in EUR"));
	support_equal(view->held, "", "nothing held");
	support_close(&support);
}

static void a_variant_without_price_waits_while_others_are_shown(void **state)
{
	struct support support;
	const struct catalog_view *view;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{}");
	support_fact(&support, ENTITY_VARIANT, "v2", "base", "{'price':'3','currency':'EUR'}");
	support_fact(&support, ENTITY_VARIANT, "v3", "base", "{'status':'draft'}");
	view = support_merge(&support);
	assert_true(view->has_item);
	assert_int_equal(view->n_variant, 1);
	support_equal(view->held, "variant v1: no price known yet", "held");
	assert_int_equal(view->n_kept_variant, 2);
	support_equal(view->kept_variant[0], "v1", "kept");
	support_close(&support);
}

static void without_any_price_the_product_is_held_or_bare(void **state)
{
	struct support support;
	const struct catalog_view *view;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{'title':'T'}");
	view = support_merge(&support);
	assert_true(view->present && !view->has_item && view->n_variant == 0);
	support_equal(view->held, "no price known yet", "held");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{}");
	view = support_merge(&support);
	assert_true(view->present && !view->has_item && view->n_variant == 0);
	support_equal(view->held, "no price known yet", "with a variant");
	support.rules.hold_without_price = false;
	view = support_merge(&support);
	assert_true(view->has_item && !view->item.has_price && view->n_variant == 0);
	support_equal(view->held, "", "not held");
	assert_int_equal(view->n_kept_variant, 1);
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_price_shown),
		cmocka_unit_test(the_later_price_counts),
		cmocka_unit_test(a_price_withdrawn_is_none),
		cmocka_unit_test(lists_and_markets_that_are_gone_do_not_count),
		cmocka_unit_test(a_store_group_is_known_by_its_own_slug),
		cmocka_unit_test(cents_are_divided),
		cmocka_unit_test(the_item_costs_what_its_cheapest_variant_does),
		cmocka_unit_test(a_variant_without_price_waits_while_others_are_shown),
		cmocka_unit_test(without_any_price_the_product_is_held_or_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
