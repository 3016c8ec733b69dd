/*
 * Files of history as messages: shops' own exports, each packing and encoding, what is wrong in a row, and
 * going on from every place.
 */
#include "test_import_support.h"

#include <zlib.h>
#include <zstd.h>

/* ---- exports ---- */

/* Shopify: a row per line, the order's own cells in the first; two columns of state. */
static const char shopify[] = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts "
			      "Marketing,Currency,Subtotal,"
			      "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created "
			      "at,Lineitem quantity,Lineitem name,"
			      "Lineitem price,Lineitem sku,Billing Name,Billing Street,Billing City,Billing "
			      "Zip,Billing Country,Id\n"
			      "#1001,anna@example.com,paid,2023-01-05 10:00:00 +0100,fulfilled,2023-01-06 "
			      "09:00:00 +0100,yes,EUR,20.00,5.00,"
			      "3.99,25.00,WELCOME,0.00,Standard,2023-01-05 09:59:00 +0100,2,Mug - "
			      "Red,10.00,MUG-R,Anna Maria Muster,Ring 1,"
			      "Wien,'1010,AT,450789469\n"
			      "#1001,anna@example.com,,,,,,,,,,,,,,,1,\"Spoon, small\",0.00,SPOON,,,,,,\n"
			      "#1002,bob@example.com,pending,,unfulfilled,,no,EUR,1.00,0,0,1.00,,,,2023-01-"
			      "07 09:00:00 +0100,1,Pen,1.00,PEN,,,,,,"
			      "450789470\n";

static void test_shopify_orders(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	assert_string_equal(
		read_text(place, &options, shopify),
		quoted(place,
		       "{'type':'order.placed','timestamp':'2023-01-05T08:59:00.000Z','data':{'order_id':'"
		       "450789469',"
		       "'order_number':'#1001','placed_at':'2023-01-05T08:59:00.000Z','currency':'EUR','"
		       "total':'25.00',"
		       "'subtotal':'20.00','tax_total':'3.99','shipping_total':'5.00','discount_total':'0.00'"
		       ","
		       "'discount_codes':['WELCOME'],'shipping_method':'Standard','customer':{'email':'anna@"
		       "example.com',"
		       "'accepts_marketing':true},'billing':{'first_name':'Anna Maria','last_name':'Muster',"
		       "'address1':'Ring 1','city':'Wien','country':'AT','zip':'1010'},'status_raw':'paid',"
		       "'historical':true,'lines':[{'sku':'MUG-R','name':'Mug - "
		       "Red','quantity':'2','unit_price':'10.00'},"
		       "{'sku':'SPOON','name':'Spoon, small','quantity':'1','unit_price':'0.00'}]}}\n"
		       "{'type':'order.paid','timestamp':'2023-01-05T09:00:00.000Z','data':{'order_id':'"
		       "450789469',"
		       "'paid_at':'2023-01-05T09:00:00.000Z','historical':true}}\n"
		       "{'type':'order.fulfilled','timestamp':'2023-01-06T08:00:00.000Z','data':{'order_id':'"
		       "450789469',"
		       "'fulfilled_at':'2023-01-06T08:00:00.000Z','historical':true}}\n"
		       "{'type':'order.placed','timestamp':'2023-01-07T08:00:00.000Z','data':{'order_id':'"
		       "450789470',"
		       "'order_number':'#1002','placed_at':'2023-01-07T08:00:00.000Z','currency':'EUR','"
		       "total':'1.00',"
		       "'subtotal':'1.00','tax_total':'0','shipping_total':'0','customer':{'email':'bob@"
		       "example.com',"
		       "'accepts_marketing':false},'status_raw':'pending','historical':true,"
		       "'lines':[{'sku':'PEN','name':'Pen','quantity':'1','unit_price':'1.00'}]}}\n"));
}

/* WooCommerce with semicolons; times and amounts as in a German shop; states by word and by setting. */
static void test_woocommerce_orders(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	options.zone = STR("+01:00");
	options.currency = STR("EUR");
	options.order_states = STR("Versendet=fulfilled, Neu=placed");
	assert_string_equal(
		read_text(place, &options,
			  "Order Number;Order Status;Order Date;First Name (Billing);Email (Billing);"
			  "Order Total Amount;Order Refund Amount;SKU;Item Name;Quantity;Item Cost\n"
			  "7;Completed;05.01.2023 10:00;Eva;eva@example.com;1.234,50;0;A-1;Sofa;1;1.234,50\n"
			  "8;wc-cancelled;06.01.2023 10:00;Eva;eva@example.com;5,00;;B;Pen;1;5\n"
			  "9;Versendet;07.01.2023;Eva;eva@example.com;5,00;2,00;B;Pen;1;5\n"
			  "10;Sonderbar;07.01.2023;Eva;eva@example.com;5,00;;B;Pen;1;5\n"),
		quoted(place,
		       "{'type':'order.placed','timestamp':'2023-01-05T09:00:00.000Z','data':{'order_id':'7',"
		       "'order_number':'7','placed_at':'2023-01-05T09:00:00.000Z','total':'1234.50',"
		       "'customer':{'email':'eva@example.com'},'billing':{'first_name':'Eva'},'currency':'"
		       "EUR',"
		       "'status_raw':'Completed','historical':true,'lines':[{'sku':'A-1','name':'Sofa','"
		       "quantity':'1',"
		       "'unit_price':'1234.50'}]}}\n"
		       "{'type':'order.fulfilled','timestamp':'2023-01-05T09:00:00.000Z','data':{'order_id':'"
		       "7',"
		       "'fulfilled_at':'2023-01-05T09:00:00.000Z','historical':true}}\n"
		       "{'type':'order.placed','timestamp':'2023-01-06T09:00:00.000Z','data':{'order_id':'8',"
		       "'order_number':'8','placed_at':'2023-01-06T09:00:00.000Z','total':'5.00',"
		       "'customer':{'email':'eva@example.com'},'billing':{'first_name':'Eva'},'currency':'"
		       "EUR',"
		       "'status_raw':'wc-cancelled','historical':true,'lines':[{'sku':'B','name':'Pen','"
		       "quantity':'1',"
		       "'unit_price':'5'}]}}\n"
		       "{'type':'order.cancelled','timestamp':'2023-01-06T09:00:00.000Z','data':{'order_id':'"
		       "8',"
		       "'cancelled_at':'2023-01-06T09:00:00.000Z','historical':true}}\n"
		       "{'type':'order.placed','timestamp':'2023-01-06T23:00:00.000Z','data':{'order_id':'9',"
		       "'order_number':'9','placed_at':'2023-01-06T23:00:00.000Z','total':'5.00',"
		       "'customer':{'email':'eva@example.com'},'billing':{'first_name':'Eva'},'currency':'"
		       "EUR',"
		       "'status_raw':'Versendet','historical':true,'lines':[{'sku':'B','name':'Pen','"
		       "quantity':'1',"
		       "'unit_price':'5'}]}}\n"
		       "{'type':'order.fulfilled','timestamp':'2023-01-06T23:00:00.000Z','data':{'order_id':'"
		       "9',"
		       "'fulfilled_at':'2023-01-06T23:00:00.000Z','historical':true}}\n"
		       "{'type':'order.partially_refunded','timestamp':'2023-01-06T23:00:00.000Z','data':{'"
		       "order_id':'9',"
		       "'refunded_at':'2023-01-06T23:00:00.000Z','historical':true,'refund':{'id':'import',"
		       "'amount':'2.00'}}}\n"
		       "!5 status: 'Sonderbar' is no known status: name it in the store's setting "
		       "order_states\n"));
}

/* OpenCart's tables: orders, and their lines in a file of their own; some without an order. */
static void test_opencart_lines(void **state)
{
	static const char lines[] = "order_product_id,order_id,product_id,name,model,quantity,price,total\n"
				    "1,8,50,Gone,G,1,1.0000,1.0000\n"
				    "2,9,42,Cinema,P15,1,100.0000,100.0000\n"
				    "3,9,43,MacBook,P16,2,500.0000,1000.0000\n"
				    "4,11,43,MacBook,P16,1,500.0000,500.0000\n"
				    "5,12,43,Late,P16,1,500.0000,500.0000\n";
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	write_file(place->lines, lines, strlen(lines));
	options.lines = str_from(place->lines);
	assert_string_equal(
		read_text(place, &options,
			  "order_id,customer_id,firstname,email,payment_iso_code_2,total,order_status,"
			  "currency_code,date_added\n"
			  "9,1,Ida,ida@example.com,DE,1100.0000,Complete,USD,2020-02-29 12:00:00\n"
			  "10,1,Ida,ida@example.com,DE,0.0000,Pending,USD,2020-03-01 12:00:00\n"
			  "11,1,Ida,ida@example.com,DE,500.0000,Processing,USD,2020-03-02 12:00:00\n"),
		quoted(place,
		       "!lines 2 order_id: its order is not among the orders, or the files are not sorted by "
		       "order id\n"
		       "{'type':'order.placed','timestamp':'2020-02-29T12:00:00.000Z','data':{'order_id':'9',"
		       "'placed_at':'2020-02-29T12:00:00.000Z','currency':'USD','total':'1100.0000',"
		       "'customer':{'customer_id':'1','email':'ida@example.com','first_name':'Ida'},"
		       "'billing':{'country_code':'DE'},'status_raw':'Complete','historical':true,'lines':["
		       "{'line_id':'2','product_id':'42','sku':'P15','name':'Cinema','quantity':'1','unit_"
		       "price':'100.0000',"
		       "'row_total':'100.0000'},{'line_id':'3','product_id':'43','sku':'P16','name':'MacBook'"
		       ",'quantity':'2',"
		       "'unit_price':'500.0000','row_total':'1000.0000'}]}}\n"
		       "{'type':'order.fulfilled','timestamp':'2020-02-29T12:00:00.000Z','data':{'order_id':'"
		       "9',"
		       "'fulfilled_at':'2020-02-29T12:00:00.000Z','historical':true}}\n"
		       "{'type':'order.updated','timestamp':'2020-03-01T12:00:00.000Z','data':{'order_id':'"
		       "10',"
		       "'placed_at':'2020-03-01T12:00:00.000Z','currency':'USD','total':'0.0000',"
		       "'customer':{'customer_id':'1','email':'ida@example.com','first_name':'Ida'},"
		       "'billing':{'country_code':'DE'},'status_raw':'Pending','historical':true,'state':'"
		       "pending'}}\n"
		       "{'type':'order.placed','timestamp':'2020-03-02T12:00:00.000Z','data':{'order_id':'11'"
		       ","
		       "'placed_at':'2020-03-02T12:00:00.000Z','currency':'USD','total':'500.0000',"
		       "'customer':{'customer_id':'1','email':'ida@example.com','first_name':'Ida'},"
		       "'billing':{'country_code':'DE'},'status_raw':'Processing','historical':true,'lines':["
		       "{'line_id':'4','product_id':'43','sku':'P16','name':'MacBook','quantity':'1','unit_"
		       "price':'500.0000',"
		       "'row_total':'500.0000'}]}}\n"
		       "{'type':'order.paid','timestamp':'2020-03-02T12:00:00.000Z','data':{'order_id':'11',"
		       "'paid_at':'2020-03-02T12:00:00.000Z','historical':true}}\n"
		       "!lines 6 order_id: its order is not among the orders, or the files are not sorted by "
		       "order id\n"));
}

/* Consent has its time; whoever has none is rejected, unless somebody says one; no is not an unsubscribe. */
static void test_shopify_customers(void **state)
{
	static const char text[] =
		"Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
		"Default Address Address1,Default Address City,Default Address Country Code,Default Address "
		"Zip,Phone,"
		"Accepts SMS Marketing,Total Spent,Tags\n"
		"'77,Anna,Muster,anna@example.com,yes,,Ring 1,Wien,AT,'1010,'+436641234567,no,12.00,\"vip, "
		"coffee\"\n"
		"'78,Bob,,bob@example.com,no,,,,,,,no,0,\n"
		"'79,,,,,,,,,,,,,\n"
		",,,,,,,,,,,,,\n";
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	assert_non_null(strstr(read_text(place, &options, text), "!2 consented_at: it is not said when"));
	options.consented_at = STR("2022-01-01T00:00:00Z");
	assert_string_equal(
		read_text(place, &options, text),
		quoted(place,
		       "{'type':'customer.upserted','sequence':1,'data':{'customer_id':'77','email':'anna@"
		       "example.com',"
		       "'phone':'+436641234567','first_name':'Anna','last_name':'Muster','tags':['vip','"
		       "coffee'],"
		       "'address':{'address1':'Ring 1','city':'Wien','country_code':'AT','zip':'1010'}}}\n"
		       "{'type':'consent.changed','timestamp':'2022-01-01T00:00:00.000Z','data':{'email':'"
		       "anna@example.com',"
		       "'phone':'+436641234567','channel':'email','state':'subscribed','historical':true}}\n"
		       "{'type':'customer.upserted','sequence':1,'data':{'customer_id':'78','email':'bob@"
		       "example.com',"
		       "'first_name':'Bob'}}\n"
		       "{'type':'customer.upserted','sequence':1,'data':{'customer_id':'79'}}\n"
		       "!5 : neither e-mail address, phone nor customer id\n"));
}

static void test_subscribers(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	assert_string_equal(
		read_text(place, &options,
			  "Email Address,First Name,OPTIN_TIME,CONFIRM_TIME,CONFIRM_IP,status\n"
			  "a@example.com,A,2021-05-06 07:08:09,2021-05-06 07:09:00,203.0.113.1,subscribed\n"
			  "b@example.com,B,2021-05-06 07:08:09,,,unsubscribed\n"
			  "c@example.com,C,2021-05-06 07:08:09,2021-05-06 07:09:00,,never subscribed\n"
			  "d@example.com,D,,2021-05-06 07:09:00,,who knows\n"),
		quoted(place, "{'type':'consent.changed','timestamp':'2021-05-06T07:09:00.000Z','data':{'"
			      "email':'a@example.com',"
			      "'first_name':'A','ip':'203.0.113.1','state':'subscribed','consented_at':'2021-"
			      "05-06T07:09:00.000Z',"
			      "'historical':true}}\n"
			      "!3 consented_at: it is not said when they consented: map a column to "
			      "consented_at, or say "
			      "--consented-at\n"
			      "!5 state: 'who knows' is no known state of consent\n"));
}

static void test_products_and_categories(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	options.currency = STR("EUR");
	options.map = STR("Material=custom.material, Ignore me=");
	assert_string_equal(read_text(place, &options,
				      "id,title,price,compare_at_price,stock,published,categories,variant_id,"
				      "variant_title,variant_price,"
				      "Material,Ignore me\n"
				      "mug,Mug,12.50,15,30,yes,kitchen|gifts,mug-r,Red,12.50,clay,x\n"
				      "mug,,,,,,,mug-b,Blue,13.00,,x\n"
				      "pen,Pen,1,,five,yes,,,,,,x\n"),
			    quoted(place,
				   "{'type':'product.upserted','sequence':1,'data':{'id':'mug','title':'Mug',"
				   "'categories':['kitchen','gifts'],'stock':30,'custom':{'material':'clay'},"
				   "'published':true,'price':'12.50','compare_at_price':'15','currency':'EUR'"
				   ",'variants':[{'id':'mug-r','"
				   "title':'Red','price':'12.50'},"
				   "{'id':'mug-b','title':'Blue','price':'13.00'}]}}\n"
				   "!4 stock: 'five' is no whole number\n"));
	assert_string_equal(
		read_text(place, &(struct import_options){ .kind = IMPORT_KIND_COUNT, .now_ms = NOW_MS },
			  "category_id;parent_id;name;status\n20;0;Desktops;1\n26;20;PC;0\n"),
		quoted(place, "{'type':'category.upserted','sequence':1,'data':{'id':'20','title':'Desktops',"
			      "'published':true}}\n"
			      "{'type':'category.upserted','sequence':1,'data':{'id':'26','title':'PC',"
			      "'parent_id':'20','published':false}}\n"));
}

/* ---- messages ---- */

static void test_messages(void **state)
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "{'type':'order.placed','data':{'order_id':'1','placed_at':'2020-01-01T00:00:00Z'}}",
		  "{'sequence':1,'type':'order.placed','data':{'historical':true,'order_id':'1',"
		  "'placed_at':'2020-01-01T00:00:00Z'}}\n" },
		{ "{'type':'order.placed','timestamp':'2020-01-01T00:00:00Z','data':{'order_id':'1','"
		  "historical':false}}",
		  "{'type':'order.placed','timestamp':'2020-01-01T00:00:00Z','data':{'order_id':'1','"
		  "historical':true}}\n" },
		{ "  {'type':'customer.upserted','sequence':7,'data':{}}  ",
		  "{'type':'customer.upserted','sequence':7,'data':{}}\n" },
		{ "{'type':'consent.changed','timestamp':'2020-01-01T00:00:00Z','data':{}}",
		  "{'type':'consent.changed','timestamp':'2020-01-01T00:00:00Z','data':{'historical':true}}"
		  "\n" },
		{ "\n{'type':'stock.changed','data':{'sku':'A'}}",
		  "{'sequence':1,'type':'stock.changed','data':{'sku':'A'}}\n" },
		{ "{'type':'order.placed','data':{'order_id':'1'}}",
		  "!1 : it does not say when that was: history needs its own times\n" },
		{ "{'type':'consent.changed','data':{'state':'subscribed'}}",
		  "!1 : it does not say when that was: history needs its own times\n" },
		{ "{'type':'storefront.active','data':{'anonymous_id':'b'}}",
		  "!1 : it does not say when that was: history needs its own times\n" },
		{ "{'type':'person.erased','data':{}}",
		  "!1 : 'person.erased' is no type that can be history\n" },
		{ "{'type':'order.placed','timestamp':'2036-01-01T00:00:00Z','data':{}}",
		  "!1 : its time has not come yet\n" },
		{ "{'type':'order.placed','timestamp':'soon','data':{}}",
		  "!1 : its time is not as RFC 3339 has it\n" },
		{ "{'data':{}}", "!1 : 'type' is missing or no text of 1 to 200 bytes\n" },
		{ "{'type':'order.placed','data':[]}", "!1 : 'data' is missing or no object\n" },
	};
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_MESSAGES);

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_string_equal(read_text(place, &options, quoted(place, row[i].text)),
				    quoted(place, row[i].want));
	assert_non_null(strstr(read_text(place, &options, "{\"type\":\n{}\n"), "!1 "));
}

/* ---- packing, encoding, places ---- */

static void write_packed(const char *path, const char *text, int packing)
{
	size_t n = strlen(text), half = n / 2;
	static char out[65536];
	size_t used = 0;

	if (packing == 0) {
		write_file(path, text, n);
		return;
	}
	/* Two members, two frames: what `cat a.gz b.gz` gives. */
	for (int part = 0; part < 2; part++) {
		const char *from = part ? text + half : text;
		size_t len = part ? n - half : half;

		if (packing == 2) {
			used += ZSTD_compress(out + used, sizeof(out) - used, from, len, 3);
			continue;
		}
		z_stream gzip = { .next_in = (Bytef *)(uintptr_t)from,
				  .avail_in = (uInt)len,
				  .next_out = (Bytef *)out + used,
				  .avail_out = (uInt)(sizeof(out) - used) };

		assert_int_equal(deflateInit2(&gzip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
		assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
		used = sizeof(out) - gzip.avail_out;
		assert_int_equal(deflateEnd(&gzip), Z_OK);
	}
	write_file(path, out, used);
}

/* The same items, whatever the file is packed with; and from behind every item on, in a reader of its own. */
static void test_every_place(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	for (int packing = 0; packing < 3; packing++) {
		struct import_place none = { 0 }, next;
		struct str whole;
		size_t items = 0;

		write_packed(place->path, shopify, packing);
		whole = read_from(place, &options, &none, SIZE_MAX, &next);
		assert_true(whole.len > 0);
		do {
			struct str first = read_from(place, &options, &none, ++items, &next);
			struct str rest =
				read_from(place, &options, &next, SIZE_MAX, &(struct import_place){ 0 });

			assert_true(
				str_eq(arena_printf(&place->arena, "%.*s%.*s", STR_ARG(first), STR_ARG(rest)),
				       whole));
		} while (items < 2);
	}
}

static void test_cut_off(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_KIND_COUNT);
	struct import_place none = { 0 };

	for (int packing = 1; packing < 3; packing++) {
		struct import_reader *reader = NULL;
		struct import_item item;
		struct err err = { 0 };
		bool at_end = false, ok = true;
		FILE *file;
		long size;

		write_packed(place->path, shopify, packing);
		file = fopen(place->path, "rb");
		assert_int_equal(fseek(file, 0, SEEK_END), 0);
		size = ftell(file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(truncate(place->path, size - 9), 0);
		if (import_open(place->path, &options, &none, &reader, &err)) {
			while (ok && !at_end)
				ok = import_next(reader, &place->arena, &item, &at_end, &err);
			assert_false(ok);
		}
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.msg, "cut off"));
		import_close(reader);
	}
}

static void test_encodings(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_CATEGORIES);
	static const char utf16[] = "\xff\xfei\0d\0\n\0";

	assert_string_equal(
		read_text(place, &options, "\xef\xbb\xbfid,name\n1,Küche\n"),
		quoted(place,
		       "{'type':'category.upserted','sequence':1,'data':{'id':'1','title':'Küche'}}\n"));
	assert_string_equal(
		read_text(place, &options,
			  "id;name\r\n1;K\xfc"
			  "che\r\n"),
		quoted(place,
		       "{'type':'category.upserted','sequence':1,'data':{'id':'1','title':'Küche'}}\n"));
	assert_string_equal(
		read_text(place, &options, "sep=;\r\nid;name\r\n1;Rock, Pop\r\n"),
		quoted(place,
		       "{'type':'category.upserted','sequence':1,'data':{'id':'1','title':'Rock, Pop'}}\n"));
	{
		struct import_reader *reader = NULL;
		struct err err = { 0 };

		write_file(place->path, utf16, sizeof(utf16) - 1);
		assert_false(import_open(place->path, &options, &(struct import_place){ 0 }, &reader, &err));
		assert_int_equal(err.code, ERR_INVALID);
	}
}

/* A row that is wrong costs itself: rows behind it are read. */
static void test_bad_rows(void **state)
{
	struct place *place = *state;
	struct import_options options = options_of(IMPORT_CATEGORIES);

	assert_string_equal(
		read_text(place, &options, "id,name\n1,\"open\n2,B\n\"3\"x,C\n4,D,surplus\n\n,no id\n5,E\n"),
		quoted(place, "!2 2: there is text behind a closing quote\n"
			      "{'type':'category.upserted','sequence':1,'data':{'id':'2','title':'B'}}\n"
			      "!4 1: there is text behind a closing quote\n"
			      "!5 : the row has 3 fields, the header 2\n"
			      "!7 id: it has no id\n"
			      "{'type':'category.upserted','sequence':1,'data':{'id':'5','title':'E'}}\n"));
}

static void test_refused_files(void **state)
{
	static const struct {
		const char *text, *map, *why;
		enum import_kind kind;
	} row[] = {
		{ "", "", "the file is empty", IMPORT_KIND_COUNT },
		{ "a,b\n1,2\n", "", "say --kind", IMPORT_KIND_COUNT },
		{ "a,b\n1,2\n", "", "no column is known as id", IMPORT_PRODUCTS },
		{ "a,b\n1,2\n", "c=id", "map: the file has no column 'c'", IMPORT_PRODUCTS },
		{ "a,b\n1,2\n", "a=colour", "map: there is no column 'colour' of ours", IMPORT_PRODUCTS },
		{ "a,b\n1,2\n", "a", "is not COLUMN=OUR_COLUMN", IMPORT_PRODUCTS },
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct import_options options = options_of(row[i].kind);
		struct import_reader *reader = NULL;
		struct err err = { 0 };

		options.map = str_from(row[i].map);
		write_file(place->path, row[i].text, strlen(row[i].text));
		assert_false(import_open(place->path, &options, &(struct import_place){ 0 }, &reader, &err));
		assert_int_equal(err.code, ERR_INVALID);
		if (!strstr(err.msg, row[i].why))
			fail_msg("%s", err.msg);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shopify_orders), TEST(test_woocommerce_orders),
		TEST(test_opencart_lines), TEST(test_shopify_customers),
		TEST(test_subscribers),	   TEST(test_products_and_categories),
		TEST(test_subscribers),	   TEST(test_messages),
		TEST(test_every_place),	   TEST(test_cut_off),
		TEST(test_encodings),	   TEST(test_bad_rows),
		TEST(test_refused_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
