/*
 * What a table holds is seen by its header: exports of shops as they come, and files that people make.
 * Headers are those that the shops' documents and tables show; of each the columns by which rows are known
 * have to be found.
 */
#include "base/attr.h"
#include "import/column.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COLUMNS_MAX 120
#define NONE	    IMPORT_KIND_COUNT

static const struct {
	const char *what;
	enum import_kind kind;
	const char *header;
	const char *members; /* that are found */
} row[] = {
	/* people */
	{ "Shopify, customers", IMPORT_CUSTOMERS,
	  "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
	  "Default Address Address1,Default Address City,Default Address Country Code,Default Address Zip,"
	  "Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags",
	  "customer_id email _email_consent _sms_consent" },
	{ "Shopify, customers, as it was", IMPORT_CUSTOMERS,
	  "First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,"
	  "Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt",
	  "email _email_consent address.city" },
	{ "names and one field", IMPORT_CUSTOMERS, "First Name,Last Name,Email,Accepts Marketing",
	  "email _email_consent" },
	{ "an address and one field", IMPORT_CUSTOMERS, "Email,Newsletter", "email _email_consent" },
	{ "when they came", IMPORT_CUSTOMERS, "email,created_at", "email created_at" },
	{ "WooCommerce, customers", IMPORT_CUSTOMERS,
	  "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,"
	  "Postal Code",
	  "_name email created_at address.country" },
	{ "WordPress, users", IMPORT_CUSTOMERS,
	  "ID,user_login,user_email,user_registered,display_name,first_name,last_name,role", "email" },
	{ "Magento, customers, grid", IMPORT_CUSTOMERS,
	  "ID,Name,Email,Group,Phone,ZIP,Country,State/Province,Customer Since,Web Site,Confirmed email,"
	  "Account Created in,Date of Birth,Tax VAT Number,Gender",
	  "customer_id email group address.zip created_at birthday" },
	{ "Magento, customers, data transfer", IMPORT_CUSTOMERS,
	  "email,_website,_store,confirmation,created_at,created_in,disable_auto_group_change,dob,firstname,"
	  "gender,group_id,lastname,middlename,password_hash,prefix,store_id,suffix,taxvat,website_id",
	  "email first_name last_name birthday created_at" },
	{ "Magento, newsletter subscribers", IMPORT_SUBSCRIBERS,
	  "ID,Email,Type,Customer First Name,Customer Last Name,Status,Web Site,Store,Store View",
	  "email first_name _state" },
	{ "Shopware, customers", IMPORT_CUSTOMERS,
	  "id,account_type,salutation,customer_number,first_name,last_name,email,active,guest,"
	  "customer_group,language,sales_channel,payment_method,billing_company,billing_zipcode,"
	  "billing_city,billing_country,billing_phone_number",
	  "customer_id email group address.zip" },
	{ "Shopware, newsletter recipients", IMPORT_SUBSCRIBERS,
	  "id,email,title,salutation,first_name,last_name,zip_code,city,street,status,hash,sales_channel",
	  "email first_name _state" },
	{ "OpenCart, customers", IMPORT_CUSTOMERS,
	  "customer_id,customer_group_id,store_id,language_id,firstname,lastname,email,telephone,newsletter,"
	  "ip,status,safe,date_added",
	  "customer_id email phone _email_consent created_at" },
	{ "BigCommerce, customers", IMPORT_CUSTOMERS,
	  "Customer ID,First Name,Last Name,Company,Email,Phone,Notes,Store Credit,Customer Group,"
	  "Date Joined,Addresses",
	  "customer_id email group created_at" },
	{ "Zoey, customers", IMPORT_CUSTOMERS,
	  "Customer ID,Email,First Name,Last Name,Customer Group,Telephone,Billing Company,Is Subscribed",
	  "customer_id email group _email_consent" },
	{ "Mailchimp, audience", IMPORT_SUBSCRIBERS,
	  "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,"
	  "OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,LAST_CHANGED,TAGS",
	  "email first_name _consented_at ip" },
	{ "a list of ours", IMPORT_SUBSCRIBERS, "email,state,consented_at,source",
	  "email _state _consented_at" },
	{ "an address and when", IMPORT_SUBSCRIBERS, "email,consented_at", "email _consented_at" },
	{ "an address and a state", IMPORT_SUBSCRIBERS, "E-Mail,Status", "email _state" },
	{ "an American address", IMPORT_CUSTOMERS, "email,first_name,last_name,city,state,zip",
	  "email address.region" },
	/* things */
	{ "Shopify, products", IMPORT_PRODUCTS,
	  "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,"
	  "Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,"
	  "Variant Image,Status",
	  "id title html variants.sku variants.price" },
	{ "Shopify, products, as it is now", IMPORT_PRODUCTS,
	  "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online "
	  "store,Status,SKU,"
	  "Barcode,Option1 name,Option1 value,Option1 Linked To,Price,Compare-at price,Cost per item,"
	  "Inventory tracker,Inventory quantity,Product image URL,Image position,Variant image URL,Gift card",
	  "id title html image _published variants.sku variants.barcode variants.price "
	  "variants.compare_at_price "
	  "variants.stock variants.image variants._option1" },
	{ "WooCommerce, products", IMPORT_PRODUCTS,
	  "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,Description,"
	  "Tax status,In stock?,Stock,Sale price,Regular price,Categories,Tags,Images,Parent,Attribute 1 "
	  "name,Attribute 1 value(s)",
	  "id title html _regular_price _sale_price stock _parent _option1 _option1_value" },
	{ "Magento, products, data transfer", IMPORT_PRODUCTS,
	  "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,"
	  "short_description,weight,product_online,visibility,price,special_price,url_key,base_image,qty,"
	  "configurable_variations",
	  "id title html _price _sale_price categories _variations _store_view _type" },
	{ "Shopware, products", IMPORT_PRODUCTS,
	  "id,parent_id,product_number,active,stock,name,description,price_net,price_gross,tax_rate,"
	  "cover_media_url,manufacturer_name,categories",
	  "id title html _price stock brand _parent" },
	{ "BigCommerce, products", IMPORT_PRODUCTS,
	  "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Product Description,"
	  "Price,Cost Price,Retail Price,Sale Price,Current Stock Level,Product Visible?,Category",
	  "id title html _price sku brand" },
	{ "OpenCart, categories", IMPORT_CATEGORIES, "category_id,parent_id,name,status", "id title" },
	/* orders */
	{ "Shopify, orders", IMPORT_ORDERS,
	  "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,"
	  "Discount Code,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id",
	  "order_id order_number total customer.email placed_at" },
	{ "Magento, orders, grid", IMPORT_ORDERS,
	  "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),"
	  "Grand Total (Purchased),Status,Customer Email,Customer Group,Subtotal,Shipping and Handling,"
	  "Customer Name,Payment Method,Total Refunded",
	  "order_id total customer.email placed_at _status" },
	{ "Shopware, orders", IMPORT_ORDERS,
	  "id,order_number,order_date_time,customer_first_name,customer_last_name,customer_email,"
	  "amount_total,shipping_total",
	  "order_id order_number total customer.email placed_at" },
	{ "BigCommerce, orders", IMPORT_ORDERS,
	  "Order ID,Customer ID,Customer Name,Customer Email,Customer Phone,Order Date,Order Status,"
	  "Subtotal (inc tax),Subtotal (ex tax),Shipping Cost (inc tax),Order Total (inc tax),"
	  "Order Currency Code,Billing First Name,Billing Last Name,Billing Street 1,Billing Suburb,"
	  "Billing Zip,Billing Country,Refund Amount",
	  "order_id total customer.email customer.customer_id placed_at _status billing.city" },
	{ "OpenCart, orders", IMPORT_ORDERS,
	  "order_id,store_name,customer_id,firstname,lastname,email,telephone,payment_firstname,total,"
	  "order_status_id,currency_code,date_added",
	  "order_id total customer.email placed_at" },
	{ "nothing of ours", NONE, "a,b,c", NULL },
};

static size_t split(struct str header, struct str *out)
{
	size_t n = 0;

	while (n < COLUMNS_MAX && str_split(&header, ',', &out[n]))
		n++;
	return n;
}

static void check_members(size_t i, const struct str *header, size_t n, struct arena *arena)
{
	struct str rest = str_from(row[i].members), member;
	struct columns columns;
	struct err err;

	if (!columns_find((int)row[i].kind, header, n, STR(""), arena, &columns, &err))
		fail_msg("%s: %s", row[i].what, err.msg);
	while (str_split(&rest, ' ', &member))
		if (!columns_get(&columns, arena_cstr(arena, member)))
			fail_msg("%s: no column is known as %.*s", row[i].what, STR_ARG(member));
}

static void the_kind_is_seen_by_the_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str header[COLUMNS_MAX];
		struct arena arena;
		enum import_kind kind;
		size_t n;

		arena_init(&arena);
		n = split(str_from(row[i].header), header);
		kind = columns_guess(header, n, &arena);
		if (kind != row[i].kind)
			fail_msg("%s: taken for %s", row[i].what, import_kind_text(kind));
		if (row[i].members)
			check_members(i, header, n, &arena);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(the_kind_is_seen_by_the_header),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
