/*
 * Side information: proves every name and text of custom_metadata for the item and for variants, their
 * order, and that a shop's order does not matter.
 */
#include "unit/test_catalog_support.h"

struct pair {
	const char *name, *value;
};

/* Names and texts, in this order and no others. */
static void check(const struct meta *meta, size_t n, const struct pair *want)
{
	size_t i;

	for (i = 0; i < n && want[i].name; i++) {
		support_equal(meta[i].name, want[i].name, "name");
		support_equal(meta[i].value, want[i].value, want[i].name);
	}
	if (i < n)
		fail_msg("not expected: %.*s = %.*s", STR_ARG(meta[i].name), STR_ARG(meta[i].value));
	if (want[i].name)
		fail_msg("missing: %s", want[i].name);
}

static void everything_an_item_may_say(void **state)
{
	static const struct pair want[] = {
		{ "sku", "S-1" },
		{ "brand", "Brand now" },
		{ "series", "Series as the product says" },
		{ "status", "active" },
		{ "currency", "EUR" },
		{ "compare_at_price", "7.00" },
		{ "markets", "at, de" },
		{ "language", "de-at" },
		{ "slug", "haferl" },
		{ "tags", "blue, key-of-3, neu, plain" },
		{ "meta_title", "MT de" },
		{ "meta_description", "MD" },
		{ "custom_Energy_rating", "A+" },
		{ "custom_a_b", "2" },
		{ "custom_a_b_2", "1" },
		{ "custom_flag", "true" },
		{ "custom_number", "2.5" },
		{ "title_de_at", "Häferl" },
		{ "title_en", "Mug" },
		{ "slug_de_at", "haferl" },
		{ "slug_en", "mug" },
		{ "url_de_at", "https://t.test/de-at/haferl" },
		{ "url_en", "https://t.test/en/mug" },
		{ "image_alt", "Front" },
		{ "image_title", "The front" },
		{ "image_2_alt", "Back" },
		{ "meta_title_de_at", "MT de" },
		{ "meta_description_en", "MD en" },
		{ "link_1_type", "manual" },
		{ "link_1_title", "User Manual" },
		{ "link_1_url", "https://s.test/m.pdf" },
		{ "link_2_url", "https://s.test/n.pdf" },
		{ "file_1_title", "Sheet" },
		{ "file_1_url", "https://s.test/s.pdf" },
		{ "market_de", "Deutschland, DE, de-DE, EUR" },
		{ "market_at", "AT" },
		{ "market_ch", "CH" },
		{ "description_de_at", "Ein Häferl" },
		{ "description_en", "A mug" },
		{ NULL, NULL },
	};
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support.rules.market = STR("AT");
	support.rules.language = STR("de");
	support.rules.url_template = STR("https://t.test/{language}/{slug}");
	support_fact(&support, ENTITY_BRAND, "b1", "base", "{'title':'Brand before'}");
	support_fact(&support, ENTITY_SERIES, "s1", "base", "{'title':'Series before'}");
	support_fact(&support, ENTITY_TAG, "t1", "base", "{'title':'new','text':{'de-at':{'title':'neu'}}}");
	support_fact(&support, ENTITY_TAG, "t3", "base", "{'key':'key-of-3'}");
	support_deleted(&support, ENTITY_TAG, "t9");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base",
		     "{'price':'5','compare_at_price':'7','currency':'EUR','sku':'S-1','status':'active','"
		     "meta_description':'MD',"
		     "'brand':{'id':'b1','name':'Brand of the product'},'series':{'id':'s1','name':'Series "
		     "as the product says'},"
		     "'tags':['t1','t9','plain','t3',''],'custom':{'number':2.5,'a-b':'1','a+b':'2','Energy "
		     "rating':'A+','flag':true,"
		     "'empty':'','list':[1],'null':null},"
		     "'text':{'en':{'title':'Mug','slug':'mug','description':'A mug','meta_description':'MD "
		     "en'},'de-at':{'title':"
		     "'Häferl','slug':'haferl','html':'<p>Ein Häferl</p>','meta_title':'MT de'}},"
		     "'images':[{'url':'https://s.test/1.jpg','alt':'Front','title':'The "
		     "front'},{'url':'https://s.test/2.jpg','alt':"
		     "'Back'}],'links':[{'type':'manual','title':'User "
		     "Manual','url':'https://s.test/m.pdf'},{'url':"
		     "'https://s.test/n.pdf'}],'files':[{'title':'Sheet','url':'https://s.test/s.pdf'}],"
		     "'markets':[{'slug':'de','name':'Deutschland','country':'DE','locale':'de-DE','currency'"
		     ":'EUR'},"
		     "{'slug':'at','country':'AT'},{'slug':'ch','country':'CH','active':false}]}");
	support_fact(&support, ENTITY_BRAND, "b1", "base", "{'title':'Brand now'}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{'tags':['blue','plain']}");
	support_merge(&support);
	check(support.view.item.meta, support.view.item.n_meta, want);
	support_close(&support);
}

static void everything_a_variant_may_say(void **state)
{
	static const struct pair want[] = {
		{ "option_Color", "Blue" },	 { "option_Size", "L" },
		{ "barcode", "4006381333931" },	 { "currency", "EUR" },
		{ "compare_at_price", "7.00" },	 { "tags", "a, b" },
		{ "custom_group", "Blue ones" }, { "title_en", "Blue mug" },
		{ "title_es", "Taza azul" },	 { "slug_en", "blue-mug" },
		{ "image_alt", "Front" },	 { "image_2_title", "Side" },
		{ "description_es", "Azul" },	 { NULL, NULL },
	};
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{'title':'Mug','custom':{'of':'product'}}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base",
		     "{'price':'5','compare_at_price':'7','currency':'EUR','options':{'Size':'L','Color':'"
		     "Blue'},'barcode':"
		     "'4006381333931','tags':['b','a'],'custom':{'group':'Blue "
		     "ones'},'text':{'es':{'title':'Taza azul','description':"
		     "'Azul'},'en':{'title':'Blue "
		     "mug','slug':'blue-mug'}},'images':[{'url':'https://s.test/1','alt':'Front'},{'url':"
		     "'https://s.test/2','title':'Side'}]}");
	support_merge(&support);
	check(support.view.variant[0].meta, support.view.variant[0].n_meta, want);
	support_close(&support);
}

static void names_of_markets_and_brands_that_are_not_told(void **state)
{
	static const struct pair want[] = {
		{ "brand", "Only the message" },
		{ "currency", "EUR" },
		{ NULL, NULL },
	};
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_BRAND, "b1", "base", "{'title':'Only the message'}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base",
		     "{'price':'5','currency':'eur','brand':{'id':'b1'},'series':{'id':'s1'},'tags':{},'"
		     "markets':{},'custom':[]}");
	support_merge(&support);
	check(support.view.item.meta, support.view.item.n_meta, want);
	support_close(&support);
}

static void too_many_names_are_left_out_and_noted(void **state)
{
	struct support support;
	struct strbuf body;

	(void)state;
	strbuf_init(&body, 1000000);
	strbuf_add_text(&body, "{'price':'5','currency':'EUR','custom':{");
	for (int i = 0; i < 3000; i++)
		strbuf_addf(&body, "%s'%s%d':'x'", i ? "," : "", i % 2 ? "a" : "\xc3\xa4", i);
	strbuf_add_text(&body, "}}");
	support_open(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", body.p);
	support_merge(&support);
	assert_true(support.view.item.n_meta <= 1000);
	assert_true(support_contains(support.view.note, "too many custom attributes"));
	for (size_t i = 0; i < support.view.item.n_meta; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(support.view.item.meta[i].name, support.view.item.meta[k].name));
	support_close(&support);
	strbuf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_an_item_may_say),
		cmocka_unit_test(everything_a_variant_may_say),
		cmocka_unit_test(names_of_markets_and_brands_that_are_not_told),
		cmocka_unit_test(too_many_names_are_left_out_and_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
