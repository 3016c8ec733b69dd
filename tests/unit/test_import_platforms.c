/*
 * Orders and customers as Magento, BigCommerce and Shopware export them, with the columns that are said to be
 * read. Those of Shopify, WooCommerce and OpenCart are in test_import_reader.c, products in
 * test_import_products.c.
 */
#include "test_import_support.h"

/* The grid's export: times with names of months, no lines; what has happened by the word of the status. */
static const char magento_orders[] =
	"ID,'Purchase Point','Purchase Date','Bill-to Name','Ship-to Name','Grand Total (Base)',"
	"'Grand Total (Purchased)',Status,'Billing Address','Customer Email','Customer Group',Subtotal,"
	"'Shipping and Handling','Customer Name','Payment Method','Total Refunded'\n"
	"000000001,'Main','Jan 5, 2023 10:11:12 AM','Ann Berg','Ann Berg',36.39,36.39,processing,'6146 "
	"Street',"
	"ann@shop.test,General,29.00,5.00,'Ann Berg',checkmo,\n"
	"000000002,'Main','Jan 6, 2023 01:00:00 PM','Bo Ek','Bo Ek',39.64,39.64,closed,'6146 Street',"
	"bo@shop.test,General,32.00,5.00,'Bo Ek',checkmo,39.64\n"
	"000000003,'Main','Jan 7, 2023 01:00:00 PM','Bo Ek','Bo Ek',1.00,1.00,payment_review,,bo@shop.test,"
	"General,1.00,0,'Bo Ek',checkmo,\n";

static const struct sample magento[] = {
	{ "orders", magento_orders,
	  "{'type':'order.placed','timestamp':'2023-01-05T10:11:12.000Z',"
	  "'data':{'order_id':'000000001','placed_at':'2023-01-05T10:11:12.000Z','total':'36.39',"
	  "'subtotal':'29.00','shipping_total':'5.00','payment_method':'checkmo',"
	  "'customer':{'email':'ann@shop.test'},'billing':{'first_name':'Ann','last_name':'Berg'},"
	  "'shipping':{'first_name':'Ann','last_name':'Berg'},'currency':'EUR',"
	  "'status_raw':'processing','historical':true}}\n"
	  "{'type':'order.paid','timestamp':'2023-01-05T10:11:12.000Z',"
	  "'data':{'order_id':'000000001','paid_at':'2023-01-05T10:11:12.000Z','historical':true}}\n"
	  "{'type':'order.placed','timestamp':'2023-01-06T13:00:00.000Z',"
	  "'data':{'order_id':'000000002','placed_at':'2023-01-06T13:00:00.000Z','total':'39.64',"
	  "'subtotal':'32.00','shipping_total':'5.00','payment_method':'checkmo',"
	  "'customer':{'email':'bo@shop.test'},'billing':{'first_name':'Bo','last_name':'Ek'},"
	  "'shipping':{'first_name':'Bo','last_name':'Ek'},'currency':'EUR','status_raw':'closed',"
	  "'historical':true}}\n"
	  "{'type':'order.fulfilled','timestamp':'2023-01-06T13:00:00.000Z',"
	  "'data':{'order_id':'000000002','fulfilled_at':'2023-01-06T13:00:00.000Z',"
	  "'historical':true}}\n"
	  "{'type':'order.refunded','timestamp':'2023-01-06T13:00:00.000Z',"
	  "'data':{'order_id':'000000002','refunded_at':'2023-01-06T13:00:00.000Z',"
	  "'historical':true,'amount':'39.64'}}\n"
	  "{'type':'order.updated','timestamp':'2023-01-07T13:00:00.000Z',"
	  "'data':{'order_id':'000000003','placed_at':'2023-01-07T13:00:00.000Z','total':'1.00',"
	  "'subtotal':'1.00','shipping_total':'0','payment_method':'checkmo',"
	  "'customer':{'email':'bo@shop.test'},'billing':{'first_name':'Bo','last_name':'Ek'},"
	  "'shipping':{'first_name':'Bo','last_name':'Ek'},'currency':'EUR',"
	  "'status_raw':'payment_review','historical':true,'state':'pending'}}\n" },
	{ "customers, grid",
	  "ID,Name,Email,Group,Phone,ZIP,Country,State/Province,'Customer Since','Web Site','Confirmed "
	  "email',"
	  "'Account Created in','Date of Birth','Tax VAT Number',Gender\n"
	  "1,'Veronica Costello',vc@shop.test,General,555-229-3326,49628,'United States',Michigan,"
	  "'Mar 2, 2021 08:00:00 AM','Main Website','Confirmation Not Required','Default Store "
	  "View',1973-12-15,,"
	  "Female\n",
	  "{'type':'customer.upserted','timestamp':'2021-03-02T08:00:00.000Z',"
	  "'data':{'customer_id':'1','email':'vc@shop.test','phone':'555-229-3326',"
	  "'first_name':'Veronica','last_name':'Costello','birthday':'1973-12-15',"
	  "'group':'General','created_at':'2021-03-02T08:00:00.000Z',"
	  "'address':{'region':'Michigan','country':'United States','zip':'49628'}}}\n" },
	{ "customers, data transfer",
	  "email,_website,_store,confirmation,created_at,created_in,disable_auto_group_change,dob,firstname,"
	  "gender,"
	  "group_id,lastname,middlename,password_hash,prefix,store_id\n"
	  "vc@shop.test,base,default,,'2021-03-02 08:00:00',Default,0,'1973-12-15 "
	  "00:00:00',Veronica,Female,1,"
	  "Costello,,abc:def,,1\n",
	  "{'type':'customer.upserted','timestamp':'2021-03-02T08:00:00.000Z',"
	  "'data':{'email':'vc@shop.test','first_name':'Veronica','last_name':'Costello',"
	  "'birthday':'1973-12-15','created_at':'2021-03-02T08:00:00.000Z'}}\n" },
};

static void test_magento(void **state)
{
	check_samples(*state, magento, ARRAY_LEN(magento));
}

static const struct sample bigcommerce[] = {
	{ "orders",
	  "'Order ID','Customer ID','Customer Name','Customer Email','Customer Phone','Order Date','Order "
	  "Status',"
	  "'Subtotal (inc tax)','Subtotal (ex tax)','Shipping Cost (inc tax)','Order Total (inc tax)',"
	  "'Order Currency Code','Billing First Name','Billing Last Name','Billing Street 1','Billing "
	  "Suburb',"
	  "'Billing Zip','Billing Country','Refund Amount'\n"
	  "100,11,'Ann Berg',ann@shop.test,070-1,2023-01-05,'Awaiting "
	  "Fulfillment',29.00,27.00,5.00,34.00,USD,Ann,"
	  "Berg,'Street 1',Austin,78701,'United States',0.00\n"
	  "101,0,'Bo Ek',bo@shop.test,,2023-01-06,Incomplete,5.00,5.00,0.00,5.00,USD,Bo,Ek,,,,,0.00\n",
	  "{'type':'order.placed','timestamp':'2023-01-05T00:00:00.000Z','data':{'order_id':'100',"
	  "'placed_at':'2023-01-05T00:00:00.000Z','currency':'USD','total':'34.00',"
	  "'subtotal':'29.00','shipping_total':'5.00','customer':{'customer_id':'11',"
	  "'email':'ann@shop.test','phone':'070-1'},'billing':{'first_name':'Ann',"
	  "'last_name':'Berg','address1':'Street 1','city':'Austin','country':'United States',"
	  "'zip':'78701'},'status_raw':'Awaiting Fulfillment','historical':true}}\n"
	  "{'type':'order.paid','timestamp':'2023-01-05T00:00:00.000Z','data':{'order_id':'100',"
	  "'paid_at':'2023-01-05T00:00:00.000Z','historical':true}}\n"
	  "{'type':'order.updated','timestamp':'2023-01-06T00:00:00.000Z','data':{'order_id':'101',"
	  "'placed_at':'2023-01-06T00:00:00.000Z','currency':'USD','total':'5.00',"
	  "'subtotal':'5.00','shipping_total':'0.00','customer':{'customer_id':'0',"
	  "'email':'bo@shop.test'},'billing':{'first_name':'Bo','last_name':'Ek'},"
	  "'status_raw':'Incomplete','historical':true,'state':'pending'}}\n" },
	{ "customers",
	  "'Customer ID','First Name','Last Name',Company,Email,Phone,Notes,'Store Credit','Customer Group',"
	  "'Date Joined',Addresses\n"
	  "11,Ann,Berg,Acme,ann@shop.test,070-1,,0.00,VIP,2021-03-02,\n",
	  "{'type':'customer.upserted','timestamp':'2021-03-02T00:00:00.000Z',"
	  "'data':{'customer_id':'11','email':'ann@shop.test','phone':'070-1','first_name':'Ann',"
	  "'last_name':'Berg','organization':'Acme','group':'VIP',"
	  "'created_at':'2021-03-02T00:00:00.000Z'}}\n" },
};

static void test_bigcommerce(void **state)
{
	check_samples(*state, bigcommerce, ARRAY_LEN(bigcommerce));
}

static const struct sample shopware[] = {
	{ "customers",
	  "id;account_type;salutation;customer_number;first_name;last_name;email;active;guest;customer_group;"
	  "language;"
	  "sales_channel;billing_company;billing_zipcode;billing_city;billing_country;billing_phone_number\n"
	  "a1;private;mr;10000;Max;Muster;max@shop.test;1;0;Standard;Deutsch;Storefront;;48624;Berlin;DE;030 "
	  "1\n",
	  "{'type':'customer.upserted','sequence':1,'data':{'customer_id':'a1',"
	  "'email':'max@shop.test','phone':'030 1','first_name':'Max','last_name':'Muster',"
	  "'title':'mr','locale':'Deutsch','group':'Standard','address':{'city':'Berlin',"
	  "'country':'DE','zip':'48624'}}}\n" },
	{ "orders",
	  "id;order_number;order_date_time;customer_first_name;customer_last_name;customer_email;amount_"
	  "total;"
	  "shipping_total\n"
	  "o1;10001;'2023-01-05T10:11:12.000+00:00';Max;Muster;max@shop.test;36,39;5\n",
	  "{'type':'order.placed','timestamp':'2023-01-05T10:11:12.000Z','data':{'order_id':'o1',"
	  "'order_number':'10001','placed_at':'2023-01-05T10:11:12.000Z','total':'36.39',"
	  "'shipping_total':'5','customer':{'email':'max@shop.test','first_name':'Max',"
	  "'last_name':'Muster'},'currency':'EUR','historical':true}}\n" },
};

static void test_shopware(void **state)
{
	check_samples(*state, shopware, ARRAY_LEN(shopware));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_magento),
		TEST(test_bigcommerce),
		TEST(test_shopware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
