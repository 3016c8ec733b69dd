/*
 * Products as shops export them: what they cost, whether they are shown, which rows are variants of which.
 */
#include "test_import_support.h"

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
		{ "Magento, on the last day",
		  "sku,name,price,special_price,special_price_to_date\n1,Cap,20.0000,18.0000,'7/25/26, 12:00 "
		  "AM'\n",
		  PRODUCT("'price':'18.0000','compare_at_price':'20.0000','currency':'EUR'") },
		{ "an hour is an hour",
		  "sku,name,price,special_price,special_price_to_date\n1,Cap,20.0000,18.0000,2026-07-25 "
		  "08:00\n",
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

/* ---- variants on rows of their own ---- */

/* As WooCommerce exports products: variations name their product by id or SKU, anywhere in the file. */
static const char woocommerce[] =
	"ID,Type,SKU,Name,Published,'Is featured?','Visibility in catalog','Short description',Description,"
	"'In stock?',Stock,'Sale price','Regular price',Tags,Images,Parent,Position,'Attribute 1 name',"
	"'Attribute 1 value(s)','Attribute 2 name','Attribute 2 value(s)'\n"
	"76,variation,vneck-red,'V-Neck - Red',1,0,visible,,,1,5,18,20,,https://s.example/r.png,vneck,0,"
	"Color,Red,Size,\n"
	"44,variable,vneck,V-Neck,1,1,visible,Short,Long,1,,,,'new, cotton',"
	"'https://s.example/1.png, https://s.example/2.png',,0,Color,'Blue, Red',Size,'L, M'\n"
	"77,variation,,'V-Neck - Blue',1,0,visible,,,1,parent,,15,,,id:44,1,Color,'Blue\\, dark',Size,M\n"
	"48,'simple, virtual',beanie,Beanie,1,0,visible,,,1,3,,20,,,,2,Color,Red,,\n"
	"90,variation,lost,Lost,1,0,visible,,,1,,,15,,,gone,1,Color,Blue,,\n"
	"91,variation,lost,Lost,1,0,visible,,,1,,,15,,,,1,Color,Blue,,\n";

static const struct sample woocommerce_sample = {
	"WooCommerce",
	woocommerce,
	"{'type':'variant.upserted','sequence':1,'data':{'id':'76','title':'V-Neck - Red',"
	"'images':['https://s.example/r.png'],'sku':'vneck-red','stock':5,'product_id':'44',"
	"'options':{'Color':'Red'},'published':true,'price':'18','compare_at_price':'20','currency':'EUR'}}\n"
	"{'type':'product.upserted','sequence':1,'data':{'id':'44','title':'V-Neck','html':'Long',"
	"'images':['https://s.example/1.png','https://s.example/"
	"2.png'],'sku':'vneck','tags':['new','cotton'],"
	"'published':true,'currency':'EUR'}}\n"
	"{'type':'variant.upserted','sequence':1,'data':{'id':'77','title':'V-Neck - Blue','product_id':'44',"
	"'options':{'Color':'Blue, dark','Size':'M'},'published':true,'price':'15','currency':'EUR'}}\n"
	"{'type':'product.upserted','sequence':1,'data':{'id':'48','title':'Beanie','sku':'beanie','stock':3,"
	"'published':true,'price':'20','currency':'EUR'}}\n"
	"!6 Parent: no product of the file has the SKU 'gone'\n"
	"!7 parent_id: it is a variation, and of which product is not said\n",
};

static void test_woocommerce(void **state)
{
	check_samples(*state, &woocommerce_sample, 1);
}

/* In a reader of its own, from behind every row on, variations find their products as well. */
static void test_woocommerce_from_every_place(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);
	struct import_place none = { 0 }, next, after;
	const char *text = quoted(place, woocommerce);
	struct str whole;

	options.currency = STR("EUR");

	write_file(place->path, text, strlen(text));
	whole = read_from(place, &options, &none, SIZE_MAX, &after);
	for (size_t items = 1; items <= 6; items++) {
		struct str first = read_from(place, &options, &none, items, &next);
		struct str rest = read_from(place, &options, &next, SIZE_MAX, &after);

		assert_true(str_eq(arena_printf(&place->arena, "%.*s%.*s", STR_ARG(first), STR_ARG(rest)),
				   whole));
	}
}

static void test_other_shops(void **state)
{
	static const struct sample sample[] = {
		{ "WooCommerce, exported without ids",
		  "Type,SKU,Name,Regular price,Parent\nvariable,vneck,V-Neck,,\nvariation,red,Red,20,vneck\n",
		  "{'type':'product.upserted','sequence':1,'data':{'id':'vneck','title':'V-Neck','currency':'"
		  "EUR'}}\n"
		  "{'type':'variant.upserted','sequence':1,'data':{'id':'red','title':'Red','product_id':'"
		  "vneck',"
		  "'price':'20','currency':'EUR'}}\n" },
		{ "Shopware 6, what variants leave out is their product's",
		  "id;parent_id;product_number;active;stock;name;description;price_net;price_gross;tax_id;"
		  "tax_rate;"
		  "cover_media_url;manufacturer_name;categories;sales_channel\n"
		  "a1;;SW1;1;10;Tasse;<p>Ton</p>;16,81;20;t;19;https://s.example/t.png;Acme;c1|c2;\n"
		  "b1;a1;SW1.1;;4;;;;;t;19;;;;\nb2;a1;SW1.2;0;6;;;18,49;22;t;19;;;;\n",
		  "{'type':'product.upserted','sequence':1,'data':{'id':'a1','title':'Tasse','html':'<p>Ton</"
		  "p>',"
		  "'image':'https://s.example/"
		  "t.png','sku':'SW1','brand':'Acme','categories':['c1','c2'],'stock':10,"
		  "'published':true,'price':'20','currency':'EUR'}}\n"
		  "{'type':'variant.upserted','sequence':1,'data':{'id':'b1','sku':'SW1.1','stock':4,'"
		  "product_id':'a1',"
		  "'currency':'EUR'}}\n"
		  "{'type':'variant.upserted','sequence':1,'data':{'id':'b2','sku':'SW1.2','stock':6,'"
		  "product_id':'a1',"
		  "'published':false,'price':'22','currency':'EUR'}}\n" },
		{ "Magento 2, products name their variants, languages are passed over",
		  "sku,store_view_code,product_type,name,product_online,visibility,price,special_price,url_"
		  "key,"
		  "base_image,qty,configurable_variations\n"
		  "hood-xs,,simple,Hood XS,1,Not Visible "
		  "Individually,52.0000,45.0000,hood-xs,/h/x.jpg,10.0000,\n"
		  "hood-s,,simple,Hood S,2,Not Visible Individually,52.0000,,hood-s,,0.0000,\n"
		  "hood,,configurable,Hood,1,'Catalog, Search',,,hood,/h/h.jpg,0.0000,"
		  "'sku=hood-xs,size=XS,color=Black|sku=hood-s,size=S,color=Black'\n"
		  "hood,german,,Kapuze,,,,,,,,\n"
		  "bag,,simple,Bag,1,'Catalog, Search',34.0000,,bag,,100.0000,\n",
		  "{'type':'variant.upserted','sequence':1,'data':{'id':'hood-xs','title':'Hood "
		  "XS','slug':'hood-xs',"
		  "'image':'/h/x.jpg','stock':10,'product_id':'hood','options':{'size':'XS','color':'Black'},"
		  "'published':true,'price':'45.0000','compare_at_price':'52.0000','currency':'EUR'}}\n"
		  "{'type':'variant.upserted','sequence':1,'data':{'id':'hood-s','title':'Hood "
		  "S','slug':'hood-s',"
		  "'stock':0,'product_id':'hood','options':{'size':'S','color':'Black'},'published':false,"
		  "'price':'52.0000','currency':'EUR'}}\n"
		  "{'type':'product.upserted','sequence':1,'data':{'id':'hood','title':'Hood','slug':'hood',"
		  "'image':'/h/h.jpg','stock':0,'published':true,'currency':'EUR'}}\n"
		  "{'type':'product.upserted','sequence':1,'data':{'id':'bag','title':'Bag','slug':'bag','"
		  "stock':100,"
		  "'published':true,'price':'34.0000','currency':'EUR'}}\n" },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

/* ---- Shopify ---- */

#define SHOPIFY_WANT \
	"{'type':'product.upserted','sequence':1,'data':{'id':'tee','title':'Tee','html':'<p>Soft</p>'," \
	"'image':'https://s.example/" \
	"1.png','brand':'Acme','status':'active','published':true,'currency':'EUR'," \
	"'images':['https://s.example/2.png','https://s.example/3.png']," \
	"'variants':[{'sku':'T-R-L','barcode':'401','image':'https://s.example/r.png','price':'12.50'," \
	"'compare_at_price':'15.00','stock':3,'title':'Red / " \
	"L','options':{'Color':'Red','Size':'L'},'id':'T-R-L'}," \
	"{'price':'13.00','stock':-1,'title':'Red / M','options':{'Color':'Red','Size':'M'},'id':'tee-Red " \
	"/ M'}]}}\n" \
	"{'type':'product.upserted','sequence':1,'data':{'id':'pen','title':'Pen','status':'draft'," \
	"'published':false,'currency':'EUR','variants':[{'price':'2.00','id':'pen'}]}}\n"

/* A handle, SKUs where the shop has some, rows of further pictures, no ids; column names of then and now. */
static void test_shopify(void **state)
{
	static const struct sample sample[] = {
		{ "as it was",
		  "Handle,Title,Body (HTML),Vendor,Product Category,Type,Published,Option1 Name,Option1 "
		  "Value,"
		  "Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,"
		  "Variant Compare At Price,Variant Barcode,Image Src,Variant Image,Status\n"
		  "tee,Tee,<p>Soft</p>,Acme,Apparel > "
		  "Shirts,Shirt,true,Color,Red,Size,L,T-R-L,3,12.50,15.00,401,"
		  "https://s.example/1.png,https://s.example/r.png,active\n"
		  "tee,,,,,,,,Red,,M,,-1,13.00,,,https://s.example/2.png,,\n"
		  "tee,,,,,,,,,,,,,,,,https://s.example/3.png,,\n"
		  "pen,Pen,,,,,true,Title,Default Title,,,,,2.00,,,,,draft\n",
		  SHOPIFY_WANT },
		{ "as it is",
		  "Title,URL handle,Description,Vendor,Type,Published on online "
		  "store,Status,SKU,Barcode,Option1 name,"
		  "Option1 value,Option2 name,Option2 value,Price,Compare-at price,Inventory quantity,"
		  "Product image URL,Variant image URL\n"
		  "Tee,tee,<p>Soft</p>,Acme,Shirt,TRUE,active,T-R-L,401,Color,Red,Size,L,12.50,15.00,3,"
		  "https://s.example/1.png,https://s.example/r.png\n"
		  ",tee,,,,,,,,,Red,,M,13.00,,-1,https://s.example/2.png,\n"
		  ",tee,,,,,,,,,,,,,,,https://s.example/3.png,\n"
		  "Pen,pen,,,,TRUE,draft,,,Title,Default Title,,,2.00,,,,\n",
		  SHOPIFY_WANT },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

/* ---- categories by their names ---- */

/* Each category is told of once, its parents first; ids stay ids. */
static void test_categories(void **state)
{
	static const struct sample sample[] = {
		{ "WooCommerce",
		  "ID,Type,Name,Description,Regular price,Categories\n"
		  "1,simple,Cap,'one\\ntwo',20,'Clothing > Hats, Music\\, live'\n"
		  "1,'simple, virtual',Cap,,20,'Clothing > Hats, Clothing'\n",
		  "{'type':'category.upserted','sequence':1,'data':{'id':'Clothing','title':'Clothing'}}\n"
		  "{'type':'category.upserted','sequence':1,'data':{'id':'Clothing > Hats','title':'Hats',"
		  "'parent_id':'Clothing'}}\n"
		  "{'type':'category.upserted','sequence':1,'data':{'id':'Music, live','title':'Music, "
		  "live'}}\n" PRODUCT("'html':'one\\ntwo','price':'20','currency':'EUR',"
				      "'categories':['Clothing > Hats','Music, live']")
			  PRODUCT("'price':'20','currency':'EUR','categories':['Clothing > "
				  "Hats','Clothing']") },
		{ "Magento",
		  "sku,product_type,name,price,categories\n"
		  "1,simple,Cap,20,'Default Category,Default Category/Gear/A\\/C|Default Category/Gear'\n",
		  "{'type':'category.upserted','sequence':1,'data':{'id':'Gear','title':'Gear'}}\n"
		  "{'type':'category.upserted','sequence':1,'data':{'id':'Gear > A/C','title':'A/C',"
		  "'parent_id':'Gear'}}\n" PRODUCT(
			  "'price':'20','currency':'EUR','categories':['Gear > A/C','Gear']") },
		{ "WooCommerce, without types", "ID,Name,Regular price,Categories\n1,Cap,20,A > B\n",
		  "{'type':'category.upserted','sequence':1,'data':{'id':'A','title':'A'}}\n"
		  "{'type':'category.upserted','sequence':1,'data':{'id':'A > "
		  "B','title':'B','parent_id':'A'}}\n" PRODUCT(
			  "'price':'20','currency':'EUR','categories':['A > B']") },
		{ "ids", "ID,Type,Name,Price,Categories\n1,Shirt,Cap,20,a|b\n",
		  PRODUCT("'categories':['a','b'],'price':'20','currency':'EUR'") },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

/* More than one row can tell of: what is left out comes with the next product in it. */
static void test_many_categories(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);
	struct strbuf text;
	size_t n = 0;

	options.currency = STR("EUR");
	strbuf_init(&text, 1 << 16);
	strbuf_add_text(&text, "ID,Type,Name,Regular price,Categories\n");
	for (int row = 1; row <= 3; row++) {
		strbuf_addf(&text, "%d,simple,Cap,20,\"", row);
		for (int i = 0; i < 100; i++)
			strbuf_addf(&text, "%sC%d", i ? ", " : "", i);
		strbuf_add_text(&text, "\"\n");
	}
	for (const char *at = read_text(place, &options, text.p); (at = strstr(at, "category.upserted"));
	     at++)
		n++;
	assert_int_equal(n, 100);
	strbuf_release(&text);
}

/* What is not counted is not 0; what is said to be out of stock is. */
static void test_stock(void **state)
{
	static const struct sample sample[] = {
		{ "WooCommerce",
		  "ID,Name,In stock?,Stock,Backorders allowed?,Regular price\n1,Cap,1,,0,20\n1,Cap,0,,0,20\n"
		  "1,Cap,0,-2,0,20\n1,Cap,backorder,,notify,20\n",
		  PRODUCT("'price':'20','currency':'EUR'") PRODUCT("'stock':0,'price':'20','currency':'EUR'")
			  PRODUCT("'stock':-2,'price':'20','currency':'EUR'")
				  PRODUCT("'track_stock':false,'price':'20','currency':'EUR'") },
		{ "Shopify",
		  "Handle,Title,Option1 Value,Variant Inventory Tracker,Variant Inventory Qty,"
		  "Variant Inventory Policy,Variant Price\n"
		  "1,Cap,Red,shopify,0,deny,20\n1,,Blue,,0,deny,20\n1,,Green,shopify,-3,continue,20\n",
		  PRODUCT("'currency':'EUR','variants':[{'price':'20','stock':0,'title':'Red','id':'1-Red'},"
			  "{'price':'20','title':'Blue','id':'1-Blue'},"
			  "{'price':'20','stock':-3,'title':'Green','track_stock':false,'id':'1-Green'}]") },
	};

	check_samples(*state, sample, ARRAY_LEN(sample));
}

/* A price of no currency would be none, and nobody would notice. */
static void test_currency(void **state)
{
	static const struct {
		const char *text, *currency, *want;
	} row[] = {
		{ "id,title,price\n1,Cap,20\n", "",
		  "!2 currency: a price of no currency: say --currency, or map a column to currency\n" },
		{ "id,title,variant_id,variant_price\n1,Cap,2,20\n", "",
		  "!2 currency: a price of no currency: say --currency, or map a column to currency\n" },
		{ "id,title,price,currency\n1,Cap,20,SEK\n", "EUR",
		  "{'type':'product.upserted','sequence':1,'data':{'id':'1','title':'Cap','currency':'SEK',"
		  "'price':'20'}}\n" },
		{ "id,title,price\n1,Cap,\n", "",
		  "{'type':'product.upserted','sequence':1,'data':{'id':'1','title':'Cap'}}\n" },
		{ "id,title,price\n1,Cap,20\n", "SEK", PRODUCT("'price':'20','currency':'SEK'") },
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct import_options options = options_of(IMPORT_PRODUCTS);

		options.currency = str_from(row[i].currency);
		assert_string_equal(read_text(place, &options, row[i].text), quoted(place, row[i].want));
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prices),	    TEST(test_shown),	    TEST(test_stock),
		TEST(test_currency),	    TEST(test_woocommerce), TEST(test_woocommerce_from_every_place),
		TEST(test_other_shops),	    TEST(test_shopify),	    TEST(test_categories),
		TEST(test_many_categories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
