/*
 * Products as shops export them: what they cost, whether they are shown, which rows are variants of which.
 */
#include "test_import_support.h"

struct sample {
	const char *what, *text, *want;
};

static void check_samples(struct place *place, const struct sample *sample, size_t n)
{
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	options.currency = STR("EUR");
	for (size_t i = 0; i < n; i++) {
		const char *want = quoted(place, sample[i].want);
		const char *got = read_text(place, &options, quoted(place, sample[i].text));

		if (strcmp(got, want) != 0)
			fail_msg("%s:\ngot  %s\nwant %s", sample[i].what, got, want);
	}
}

#define PRODUCT(members) \
	"{'type':'product.upserted','sequence':1,'data':{'id':'1','title':'Cap'," members "}}\n"

/* What it costs now, and before: by the columns of each shop, and the days on which a reduction counts. */
static void test_prices(void **state)
{
	static const struct sample sample[] = {
		{ "WooCommerce, no reduction", "ID,Name,Sale price,Regular price\n1,Cap,,20\n",
		  PRODUCT("'price':'20','currency':'EUR'") },
		{ "WooCommerce, reduced", "ID,Name,Sale price,Regular price\n1,Cap,18,20\n",
		  PRODUCT("'price':'18','compare_at_price':'20','currency':'EUR'") },
		{ "WooCommerce, as a German shop", "ID;Name;Sale price;Regular price\n1;Cap;17,50;20,00\n",
		  PRODUCT("'price':'17.50','compare_at_price':'20.00','currency':'EUR'") },
		{ "reduced up to today",
		  "ID,Name,Date sale price starts,Date sale price ends,Sale price,Regular price\n"
		  "1,Cap,2026-07-01,2026-07-25,18,20\n",
		  PRODUCT("'price':'18','compare_at_price':'20','currency':'EUR'") },
		{ "reduced up to yesterday",
		  "ID,Name,Date sale price starts,Date sale price ends,Sale price,Regular price\n"
		  "1,Cap,,2026-07-24,18,20\n",
		  PRODUCT("'price':'20','currency':'EUR'") },
		{ "not yet reduced",
		  "ID,Name,Date sale price starts,Date sale price ends,Sale price,Regular price\n"
		  "1,Cap,2026-07-26,,18,20\n",
		  PRODUCT("'price':'20','currency':'EUR'") },
		{ "Magento", "sku,name,price,special_price\n1,Cap,20.0000,18.0000\n",
		  PRODUCT("'price':'18.0000','compare_at_price':'20.0000','currency':'EUR'") },
		{ "Magento, over",
		  "sku,name,price,special_price,special_price_from_date,special_price_to_date\n"
		  "1,Cap,20.0000,18.0000,'8/27/13, 12:00 AM','8/28/13, 12:00 AM'\n",
		  PRODUCT("'price':'20.0000','currency':'EUR'") },
		{ "Magento, a date that may be two",
		  "sku,name,price,special_price,special_price_to_date\n1,Cap,20.0000,18.0000,7/8/13\n",
		  "!2 sale_to: '7/8/13' is no time, or one of two: say --dates dmy or mdy\n" },
		{ "the date of no reduction is not read",
		  "sku,name,price,special_price,special_price_to_date\n1,Cap,20.0000,,7/8/13\n",
		  PRODUCT("'price':'20.0000','currency':'EUR'") },
		{ "BigCommerce, a reduction to 0 is none",
		  "Product ID,Product Name,Price,Retail Price,Sale Price\n1,Cap,20.00,25.00,0.00\n",
		  PRODUCT("'price':'20.00','compare_at_price':'25.00','currency':'EUR'") },
		{ "Shopware", "id;name;price_net;price_gross\n1;Cap;16.81;20\n",
		  PRODUCT("'price':'20','currency':'EUR'") },
		{ "no amount", "ID,Name,Sale price,Regular price\n1,Cap,cheap,20\n",
		  "!2 Sale price: 'cheap' is no amount\n" },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

/* Drafts, what waits for review, what is hidden from the shop's pages. */
static void test_shown(void **state)
{
	static const struct sample sample[] = {
		{ "WooCommerce",
		  "ID,Name,Published,Visibility in catalog,Stock,Regular price\n1,Cap,1,visible,5,20\n"
		  "1,Cap,-1,visible,,20\n1,Cap,2,visible,,20\n1,Cap,1,hidden,,20\n1,Cap,perhaps,visible,,"
		  "20\n",
		  PRODUCT("'stock':5,'published':true,'price':'20','currency':'EUR'") PRODUCT(
			  "'published':false,'price':'20','currency':'EUR'")
			  PRODUCT("'published':false,'price':'20','currency':'EUR'") PRODUCT(
				  "'published':false,'price':'20','currency':'EUR'") "!6 published: "
										     "'perhaps' is neither "
										     "yes nor no\n" },
		{ "Magento",
		  "sku,name,product_online,visibility,price\n1,Cap,1,'Catalog, "
		  "Search',20\n1,Cap,2,Catalog,20\n"
		  "1,Cap,1,Not Visible Individually,20\n",
		  PRODUCT("'published':true,'price':'20','currency':'EUR'")
			  PRODUCT("'published':false,'price':'20','currency':'EUR'")
				  PRODUCT("'published':false,'price':'20','currency':'EUR'") },
		{ "Shopify", "Handle,Title,Published,Status,Price\n1,Cap,true,draft,20\n",
		  PRODUCT("'status':'draft','published':false,'price':'20','currency':'EUR'") },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prices),
		TEST(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
