/*
 * Klaviyo's own guide for shops without an integration: the order of its examples, two books, as facts.
 * Proves that what we tell has the ids, names, amounts and addresses of the guide.
 */
#include "unit/test_activity_support.h"

#define ADDRESS \
	"{'first_name':'John','last_name':'Smith','company':'','address1':'123 abc street'," \
	"'address2':'apt 1','city':'Boston','region':'Massachusetts','region_code':'MA'," \
	"'country':'United States','country_code':'US','zip':'02110','phone':'5551234567'}"
#define SHOWN "[John|Smith||123 abc street|apt 1|Boston|Massachusetts|MA|United States|US|02110|+15551234567]"
#define WINNIE \
	"{1|1111||WINNIEPOOH|Winnie the Pooh||1 x 9.99 = 9.99|Kids Books|Fiction,Children|" \
	"http://www.example.com/path/to/product/image.png|http://www.example.com/path/to/product}"
#define TALE \
	"{2|1112||TALEOFTWO|A Tale of Two Cities||1 x 19.99 = 19.99|Harcourt Classics|Fiction,Classics|" \
	"http://www.example.com/path/to/product/image2.png|http://www.example.com/path/to/product2}"

static const char base[] =
	"{'number':'1234567890','currency':'USD','placed_at':'2022-12-05T15:00:00Z','total':'29.98',"
	"'discount_codes':['Free Shipping'],'discount_total':'5',"
	"'customer':{'email':'john.smith@example.net','phone':'5551234567','first_name':'John',"
	"'last_name':'Smith'},'billing':" ADDRESS ",'shipping':" ADDRESS ",'lines':["
	"{'line_id':'1','product_id':'1111','sku':'WINNIEPOOH','name':'Winnie the Pooh','quantity':1,"
	"'unit_price':'9.99','row_total':'9.99','brand':'Kids Books','categories':['Fiction','Children'],"
	"'product_url':'http://www.example.com/path/to/product',"
	"'image_url':'http://www.example.com/path/to/product/image.png'},"
	"{'line_id':'2','product_id':'1112','sku':'TALEOFTWO','name':'A Tale of Two Cities','quantity':1,"
	"'unit_price':'19.99','row_total':'19.99','brand':'Harcourt Classics',"
	"'categories':['Fiction','Classics'],'product_url':'http://www.example.com/path/to/product2',"
	"'image_url':'http://www.example.com/path/to/product/image2.png'}]}";

static void the_order_of_the_guide(void **state)
{
	struct support support;
	const struct activity_event *event;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1234567890");
	support_fact(&support, "base", base);
	support_fact(&support, "placed", "{'at':'2022-12-05T15:00:00Z'}");
	support_fact(&support, "fulfilled",
		     "{'at':'2022-12-06T15:00:00Z','carrier':'UPS','tracking_number':'1Z'}");
	support_fact(&support, "cancelled", "{'at':'2022-12-07T15:00:00Z','reason':'No longer needed'}");
	support_fact(&support, "refunded", "{'at':'2022-12-08T15:00:00Z','reason':'No longer needed'}");
	support_merge(&support);
	support_equal(
		support_events(&support),
		"Placed Order 1234567890; Ordered Product 1234567890:1; Ordered Product 1234567890:2"
		"; Fulfilled Order 1234567890; Cancelled Order 1234567890; Refunded Order 1234567890 29.98",
		"events");
	event = support.view.event;
	support_equal(support_profile(&support, &event[0].profile),
		      "<john.smith@example.net|+15551234567|||John Smith||||" SHOWN ">", "profile");
	support_equal(support_line(&support, &event[0].order->line[0]), WINNIE, "first book");
	support_equal(support_line(&support, event[2].line), TALE, "second book");
	support_equal(support_amount(&support, event[0].order->discount), "5.00", "discount");
	support_equal(event[0].order->discount_code[0], "Free Shipping", "code");
	assert_int_equal(event[0].time_ms, INT64_C(1670252400000));
	support_equal(event[3].step->carrier, "UPS", "carrier");
	support_equal(event[5].step->reason, "No longer needed", "reason");
	support_equal(support.view.note, "", "lines that say all wait for nothing");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(the_order_of_the_guide),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
