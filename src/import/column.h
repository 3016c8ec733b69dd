#ifndef PANNIER_IMPORT_COLUMN_H
#define PANNIER_IMPORT_COLUMN_H

#include "base/arena.h"
#include "base/err.h"
#include "import/import.h"

/*
 * Which column of a CSV file becomes which member of a message: kind, member (with dots), type, names. Names are compared as
 * column_name makes them; the first is the one that docs/import.md teaches, the others are those of shops' own exports. A column
 * that several rows name goes to the first that has none yet. Members of one object stand together. "lines." and "variants." are
 * members of each row's own element; "_" members are read by the code (row.c).
 *
 * Sources: the headers of the CSV exports of Shopify (orders, customers), WooCommerce (customers, products; Advanced Order Export),
 * Magento (grids, data transfer), Shopware 6 (default profiles), BigCommerce, OpenCart's tables, Mailchimp's audiences.
 */
#define COLUMNS(X) \
	X(IMPORT_CUSTOMERS, "customer_id", COLUMN_ID, "customer_id|id|user_id|entity_id|customer_number") \
	X(IMPORT_CUSTOMERS, "email", COLUMN_TEXT, "email|email_address|e_mail|user_email|billing_email") \
	X(IMPORT_CUSTOMERS, "phone", COLUMN_TEXT, \
	  "phone|phone_number|telephone|billing_phone|default_address_phone|billing_phone_number|billing_telephone|mobile") \
	X(IMPORT_CUSTOMERS, "first_name", COLUMN_TEXT, "first_name|firstname|billing_first_name|given_name") \
	X(IMPORT_CUSTOMERS, "last_name", COLUMN_TEXT, "last_name|lastname|billing_last_name|surname|family_name") \
	X(IMPORT_CUSTOMERS, "_name", COLUMN_TEXT, "name|full_name|customer_name|display_name") \
	X(IMPORT_CUSTOMERS, "title", COLUMN_TEXT, "title|salutation") \
	X(IMPORT_CUSTOMERS, "organization", COLUMN_TEXT, "organization|company|billing_company|default_address_company") \
	X(IMPORT_CUSTOMERS, "locale", COLUMN_TEXT, "locale|language") \
	X(IMPORT_CUSTOMERS, "birthday", COLUMN_DATE, "birthday|date_of_birth|dob|birthdate") \
	X(IMPORT_CUSTOMERS, "group", COLUMN_TEXT, "group|customer_group|customer_group_name|role") \
	X(IMPORT_CUSTOMERS, "tags", COLUMN_LIST, "tags") \
	X(IMPORT_CUSTOMERS, "created_at", COLUMN_TIME, \
	  "created_at|sign_up|date_added|date_registered|user_registered|registered|created|date_created|date_joined|customer_since") \
	X(IMPORT_CUSTOMERS, "_updated_at", COLUMN_TIME, "updated_at|date_modified|last_update|modified") \
	X(IMPORT_CUSTOMERS, "address.address1", COLUMN_TEXT, \
	  "address1|address_1|street|billing_address_1|default_address_address1") \
	X(IMPORT_CUSTOMERS, "address.address2", COLUMN_TEXT, "address2|address_2|billing_address_2|default_address_address2") \
	X(IMPORT_CUSTOMERS, "address.city", COLUMN_TEXT, "city|billing_city|default_address_city") \
	X(IMPORT_CUSTOMERS, "address.region", COLUMN_TEXT, "region|province|state|zone|state_province|billing_state") \
	X(IMPORT_CUSTOMERS, "address.region_code", COLUMN_TEXT, "region_code|province_code|state_code|default_address_province_code") \
	X(IMPORT_CUSTOMERS, "address.country", COLUMN_TEXT, "country|country_region|billing_country") \
	X(IMPORT_CUSTOMERS, "address.country_code", COLUMN_CODE, "country_code|default_address_country_code|iso_code_2") \
	X(IMPORT_CUSTOMERS, "address.zip", COLUMN_TEXT, \
	  "zip|postcode|postal_code|zip_code|zipcode|billing_postcode|billing_zipcode|default_address_zip") \
	X(IMPORT_CUSTOMERS, "_email_consent", COLUMN_TEXT, \
	  "email_consent|accepts_email_marketing|accepts_marketing|newsletter|email_marketing|subscribed|is_subscribed") \
	X(IMPORT_CUSTOMERS, "_sms_consent", COLUMN_TEXT, "sms_consent|accepts_sms_marketing|sms_marketing") \
	X(IMPORT_CUSTOMERS, "_consented_at", COLUMN_TIME, "consented_at|email_marketing_opted_in_at") \
	X(IMPORT_SUBSCRIBERS, "email", COLUMN_TEXT, "email|email_address|e_mail|subscriber_email") \
	X(IMPORT_SUBSCRIBERS, "phone", COLUMN_TEXT, "phone|phone_number|telephone|mobile|sms_phone_number") \
	X(IMPORT_SUBSCRIBERS, "customer_id", COLUMN_ID, "customer_id") \
	X(IMPORT_SUBSCRIBERS, "first_name", COLUMN_TEXT, "first_name|firstname|customer_first_name") \
	X(IMPORT_SUBSCRIBERS, "last_name", COLUMN_TEXT, "last_name|lastname|customer_last_name") \
	X(IMPORT_SUBSCRIBERS, "_name", COLUMN_TEXT, "name|full_name") \
	X(IMPORT_SUBSCRIBERS, "locale", COLUMN_TEXT, "locale|language") \
	X(IMPORT_SUBSCRIBERS, "_state", COLUMN_TEXT, \
	  "state|status|subscription_status|subscriber_status|email_consent|newsletter|subscribed|accepts_marketing") \
	X(IMPORT_SUBSCRIBERS, "channel", COLUMN_TEXT, "channel") \
	X(IMPORT_SUBSCRIBERS, "_consented_at", COLUMN_TIME, \
	  "consented_at|confirm_time|optin_time|opt_in_date|opt_in_time|subscribed_at|changed_at|change_status_at|date_added|" \
	  "created_at|date") \
	X(IMPORT_SUBSCRIBERS, "source", COLUMN_TEXT, "source") \
	X(IMPORT_SUBSCRIBERS, "evidence", COLUMN_TEXT, "evidence|consent_text") \
	X(IMPORT_SUBSCRIBERS, "ip", COLUMN_TEXT, "ip|confirm_ip|optin_ip|ip_address") \
	X(IMPORT_SUBSCRIBERS, "double_opt_in", COLUMN_BOOL, "double_opt_in|confirmed") \
	X(IMPORT_CATEGORIES, "id", COLUMN_ID, "id|category_id|term_id") \
	X(IMPORT_CATEGORIES, "title", COLUMN_TEXT, "title|name|category|category_name") \
	X(IMPORT_CATEGORIES, "parent_id", COLUMN_PARENT, "parent_id|parent") \
	X(IMPORT_CATEGORIES, "slug", COLUMN_TEXT, "slug|keyword|handle|url_key") \
	X(IMPORT_CATEGORIES, "published", COLUMN_BOOL, "published|status|active|enabled|is_active") \
	X(IMPORT_PRODUCTS, "id", COLUMN_ID, "id|product_id|handle|url_handle|entity_id|sku") \
	X(IMPORT_PRODUCTS, "_parent", COLUMN_ID, "parent_id|parent|parent_sku") \
	X(IMPORT_PRODUCTS, "_variations", COLUMN_TEXT, "configurable_variations") \
	X(IMPORT_PRODUCTS, "_store_view", COLUMN_TEXT, "store_view_code") \
	X(IMPORT_PRODUCTS, "_type", COLUMN_TEXT, "type|product_type") \
	X(IMPORT_PRODUCTS, "_option1", COLUMN_TEXT, "option1_name|attribute_1_name") \
	X(IMPORT_PRODUCTS, "_option1_value", COLUMN_TEXT, "attribute_1_value_s") \
	X(IMPORT_PRODUCTS, "_option2", COLUMN_TEXT, "option2_name|attribute_2_name") \
	X(IMPORT_PRODUCTS, "_option2_value", COLUMN_TEXT, "attribute_2_value_s") \
	X(IMPORT_PRODUCTS, "_option3", COLUMN_TEXT, "option3_name|attribute_3_name") \
	X(IMPORT_PRODUCTS, "_option3_value", COLUMN_TEXT, "attribute_3_value_s") \
	X(IMPORT_PRODUCTS, "title", COLUMN_TEXT, "title|name|product_name") \
	X(IMPORT_PRODUCTS, "html", COLUMN_TEXT, "html|description|body_html|product_description|short_description") \
	X(IMPORT_PRODUCTS, "slug", COLUMN_TEXT, "slug|keyword|url_key") \
	X(IMPORT_PRODUCTS, "url", COLUMN_TEXT, "url|product_url|permalink|link") \
	X(IMPORT_PRODUCTS, "image", COLUMN_TEXT, "image|image_url|image_src|image_link|product_image_url|base_image|cover_media_url") \
	X(IMPORT_PRODUCTS, "images", COLUMN_LIST, "images") \
	X(IMPORT_PRODUCTS, "sku", COLUMN_ID, "sku|model|item_number|product_number|product_code_sku") \
	X(IMPORT_PRODUCTS, "brand", COLUMN_TEXT, "brand|vendor|manufacturer|brands|brand_name|manufacturer_name") \
	X(IMPORT_PRODUCTS, "categories", COLUMN_LIST, "categories|category_ids|category|category_id") \
	X(IMPORT_PRODUCTS, "tags", COLUMN_LIST, "tags") \
	X(IMPORT_PRODUCTS, "_published", COLUMN_BOOL, \
	  "published|published_on_online_store|active|enabled|is_active|product_visible|product_online") \
	X(IMPORT_PRODUCTS, "_visibility", COLUMN_TEXT, "visibility|visibility_in_catalog") \
	X(IMPORT_PRODUCTS, "status", COLUMN_TEXT, "status") \
	X(IMPORT_PRODUCTS, "currency", COLUMN_CODE, "currency|currency_code") \
	X(IMPORT_PRODUCTS, "_price", COLUMN_AMOUNT, "price|price_gross|price_net") \
	X(IMPORT_PRODUCTS, "_compare_at_price", COLUMN_AMOUNT, "compare_at_price|list_price|retail_price") \
	X(IMPORT_PRODUCTS, "_regular_price", COLUMN_AMOUNT, "regular_price") \
	X(IMPORT_PRODUCTS, "_sale_price", COLUMN_AMOUNT, "sale_price|special_price") \
	X(IMPORT_PRODUCTS, "_sale_from", COLUMN_TIME, "sale_from|date_sale_price_starts|special_price_from_date|special_from_date") \
	X(IMPORT_PRODUCTS, "_sale_to", COLUMN_TIME, "sale_to|date_sale_price_ends|special_price_to_date|special_to_date") \
	X(IMPORT_PRODUCTS, "stock", COLUMN_INT, "stock|quantity|qty|stock_quantity|inventory_quantity|current_stock_level") \
	X(IMPORT_PRODUCTS, "_in_stock", COLUMN_BOOL, "in_stock|is_in_stock") \
	X(IMPORT_PRODUCTS, "_backorders", COLUMN_BOOL, "backorders|backorders_allowed") \
	X(IMPORT_PRODUCTS, "variants.id", COLUMN_ID, "variant_id") \
	X(IMPORT_PRODUCTS, "variants.sku", COLUMN_ID, "variant_sku") \
	X(IMPORT_PRODUCTS, "variants.title", COLUMN_TEXT, "variant_title|variant_name") \
	X(IMPORT_PRODUCTS, "variants._option1", COLUMN_TEXT, "option1_value") \
	X(IMPORT_PRODUCTS, "variants._option2", COLUMN_TEXT, "option2_value") \
	X(IMPORT_PRODUCTS, "variants._option3", COLUMN_TEXT, "option3_value") \
	X(IMPORT_PRODUCTS, "variants.barcode", COLUMN_TEXT, "variant_barcode") \
	X(IMPORT_PRODUCTS, "variants.image", COLUMN_TEXT, "variant_image") \
	X(IMPORT_PRODUCTS, "variants.price", COLUMN_AMOUNT, "variant_price") \
	X(IMPORT_PRODUCTS, "variants.compare_at_price", COLUMN_AMOUNT, "variant_compare_at_price") \
	X(IMPORT_PRODUCTS, "variants.stock", COLUMN_INT, "variant_stock|variant_inventory_qty") \
	X(IMPORT_PRODUCTS, "variants._tracker", COLUMN_TEXT, "variant_inventory_tracker|inventory_tracker") \
	X(IMPORT_PRODUCTS, "variants._policy", COLUMN_TEXT, "variant_inventory_policy|continue_selling_when_out_of_stock") \
	X(IMPORT_ORDERS, "order_id", COLUMN_ID, "order_id|id|order_key_id") \
	X(IMPORT_ORDERS, "order_number", COLUMN_ID, "order_number|name|order|number|increment_id|order_no") \
	X(IMPORT_ORDERS, "placed_at", COLUMN_TIME, \
	  "placed_at|created_at|order_date|order_date_time|date_added|date|date_created|purchase_date|ordered_at") \
	X(IMPORT_ORDERS, "currency", COLUMN_CODE, "currency|currency_code|order_currency|order_currency_code") \
	X(IMPORT_ORDERS, "total", COLUMN_AMOUNT, \
	  "total|order_total|order_total_amount|order_total_inc_tax|grand_total|grand_total_purchased|total_amount|amount_total") \
	X(IMPORT_ORDERS, "subtotal", COLUMN_AMOUNT, "subtotal|order_subtotal|order_subtotal_amount|subtotal_inc_tax|sub_total") \
	X(IMPORT_ORDERS, "tax_total", COLUMN_AMOUNT, "tax_total|taxes|order_total_tax_amount|total_tax|tax_amount") \
	X(IMPORT_ORDERS, "shipping_total", COLUMN_AMOUNT, \
	  "shipping_total|shipping|order_shipping_amount|shipping_amount|shipping_cost|shipping_cost_inc_tax|shipping_and_handling") \
	X(IMPORT_ORDERS, "discount_total", COLUMN_AMOUNT, "discount_total|discount_amount|cart_discount_amount|cart_discount") \
	X(IMPORT_ORDERS, "discount_codes", COLUMN_LIST, "discount_codes|discount_code|coupon_code|coupons|coupon_s|coupon") \
	X(IMPORT_ORDERS, "shipping_method", COLUMN_TEXT, "shipping_method|shipping_method_title") \
	X(IMPORT_ORDERS, "payment_method", COLUMN_TEXT, "payment_method|payment_method_title") \
	X(IMPORT_ORDERS, "order_url", COLUMN_TEXT, "order_url|url") \
	X(IMPORT_ORDERS, "channel", COLUMN_TEXT, "channel|source|store_name") \
	X(IMPORT_ORDERS, "locale", COLUMN_TEXT, "locale|customer_locale|language|language_code") \
	X(IMPORT_ORDERS, "test", COLUMN_BOOL, "test") \
	X(IMPORT_ORDERS, "customer.customer_id", COLUMN_ID, "customer_id|customer_user|user_id") \
	X(IMPORT_ORDERS, "customer.email", COLUMN_TEXT, "email|customer_email|email_billing|billing_email|email_address") \
	X(IMPORT_ORDERS, "customer.phone", COLUMN_TEXT, "phone|telephone|customer_phone|phone_billing|billing_phone") \
	X(IMPORT_ORDERS, "customer.first_name", COLUMN_TEXT, "first_name|firstname|customer_first_name|customer_firstname") \
	X(IMPORT_ORDERS, "customer.last_name", COLUMN_TEXT, "last_name|lastname|customer_last_name|customer_lastname") \
	X(IMPORT_ORDERS, "customer.accepts_marketing", COLUMN_BOOL, "accepts_marketing|buyer_accepts_marketing") \
	X(IMPORT_ORDERS, "_billing_name", COLUMN_TEXT, "billing_name|bill_to_name") \
	X(IMPORT_ORDERS, "billing.first_name", COLUMN_TEXT, "billing_first_name|first_name_billing|payment_firstname") \
	X(IMPORT_ORDERS, "billing.last_name", COLUMN_TEXT, "billing_last_name|last_name_billing|payment_lastname") \
	X(IMPORT_ORDERS, "billing.company", COLUMN_TEXT, "billing_company|company_billing|payment_company") \
	X(IMPORT_ORDERS, "billing.address1", COLUMN_TEXT, \
	  "billing_address1|billing_address_1|billing_street|billing_street_1|address_1_2_billing|address_1_billing|payment_address_1") \
	X(IMPORT_ORDERS, "billing.address2", COLUMN_TEXT, \
	  "billing_address2|billing_address_2|billing_street_2|address_2_billing|payment_address_2") \
	X(IMPORT_ORDERS, "billing.city", COLUMN_TEXT, "billing_city|billing_suburb|city_billing|payment_city") \
	X(IMPORT_ORDERS, "billing.region", COLUMN_TEXT, \
	  "billing_region|billing_province_name|billing_state|state_name_billing|payment_zone") \
	X(IMPORT_ORDERS, "billing.region_code", COLUMN_TEXT, "billing_region_code|billing_province|state_code_billing") \
	X(IMPORT_ORDERS, "billing.country", COLUMN_TEXT, "billing_country|country_name_billing|payment_country") \
	X(IMPORT_ORDERS, "billing.country_code", COLUMN_CODE, "billing_country_code|country_code_billing|payment_iso_code_2") \
	X(IMPORT_ORDERS, "billing.zip", COLUMN_TEXT, "billing_zip|billing_postcode|postcode_billing|payment_postcode") \
	X(IMPORT_ORDERS, "billing.phone", COLUMN_TEXT, "billing_phone|phone_billing") \
	X(IMPORT_ORDERS, "_shipping_name", COLUMN_TEXT, "shipping_name|ship_to_name") \
	X(IMPORT_ORDERS, "shipping.first_name", COLUMN_TEXT, "shipping_first_name|first_name_shipping|shipping_firstname") \
	X(IMPORT_ORDERS, "shipping.last_name", COLUMN_TEXT, "shipping_last_name|last_name_shipping|shipping_lastname") \
	X(IMPORT_ORDERS, "shipping.company", COLUMN_TEXT, "shipping_company|company_shipping") \
	X(IMPORT_ORDERS, "shipping.address1", COLUMN_TEXT, \
	  "shipping_address1|shipping_address_1|shipping_street|shipping_street_1|address_1_2_shipping|address_1_shipping") \
	X(IMPORT_ORDERS, "shipping.address2", COLUMN_TEXT, "shipping_address2|shipping_address_2|shipping_street_2|address_2_shipping") \
	X(IMPORT_ORDERS, "shipping.city", COLUMN_TEXT, "shipping_city|shipping_suburb|city_shipping") \
	X(IMPORT_ORDERS, "shipping.region", COLUMN_TEXT, \
	  "shipping_region|shipping_province_name|shipping_state|state_name_shipping|shipping_zone") \
	X(IMPORT_ORDERS, "shipping.region_code", COLUMN_TEXT, "shipping_region_code|shipping_province|state_code_shipping") \
	X(IMPORT_ORDERS, "shipping.country", COLUMN_TEXT, "shipping_country|country_name_shipping") \
	X(IMPORT_ORDERS, "shipping.country_code", COLUMN_CODE, "shipping_country_code|country_code_shipping|shipping_iso_code_2") \
	X(IMPORT_ORDERS, "shipping.zip", COLUMN_TEXT, "shipping_zip|shipping_postcode|postcode_shipping") \
	X(IMPORT_ORDERS, "shipping.phone", COLUMN_TEXT, "shipping_phone|phone_shipping") \
	X(IMPORT_ORDERS, "_status", COLUMN_TEXT, "status|order_status|financial_status|order_status_name") \
	X(IMPORT_ORDERS, "_fulfillment", COLUMN_TEXT, "fulfillment_status") \
	X(IMPORT_ORDERS, "_paid_at", COLUMN_TIME, "paid_at|date_paid|paid_date") \
	X(IMPORT_ORDERS, "_fulfilled_at", COLUMN_TIME, "fulfilled_at|shipped_at|date_completed|completed_date") \
	X(IMPORT_ORDERS, "_cancelled_at", COLUMN_TIME, "cancelled_at|canceled_at") \
	X(IMPORT_ORDERS, "_refunded_at", COLUMN_TIME, "refunded_at") \
	X(IMPORT_ORDERS, "_refunded", COLUMN_AMOUNT, "refunded_amount|order_refund_amount|total_refunded|refund_amount") \
	X(IMPORT_ORDERS, "_carrier", COLUMN_TEXT, "carrier|shipping_carrier") \
	X(IMPORT_ORDERS, "_tracking", COLUMN_TEXT, "tracking_number") \
	X(IMPORT_ORDERS, "lines.line_id", COLUMN_ID, "line_id|order_item_id|order_product_id") \
	X(IMPORT_ORDERS, "lines.product_id", COLUMN_ID, "line_product_id|product_id|lineitem_product_id") \
	X(IMPORT_ORDERS, "lines.variant_id", COLUMN_ID, "line_variant_id|variant_id|variation_id|lineitem_variant_id") \
	X(IMPORT_ORDERS, "lines.sku", COLUMN_TEXT, "line_sku|lineitem_sku|sku|item_sku|model") \
	X(IMPORT_ORDERS, "lines.name", COLUMN_TEXT, "line_name|lineitem_name|item_name|product_name") \
	X(IMPORT_ORDERS, "lines.variant_name", COLUMN_TEXT, "line_variant_name|variant_name|variant_title") \
	X(IMPORT_ORDERS, "lines.quantity", COLUMN_AMOUNT, "line_quantity|lineitem_quantity|quantity|qty") \
	X(IMPORT_ORDERS, "lines.unit_price", COLUMN_AMOUNT, "line_price|lineitem_price|item_cost|unit_price|price") \
	X(IMPORT_ORDERS, "lines.row_total", COLUMN_AMOUNT, "line_total|row_total|item_total|order_line_total") \
	X(IMPORT_ORDERS, "lines.discount", COLUMN_AMOUNT, "line_discount|lineitem_discount") \
	X(IMPORT_ORDERS, "lines.tax", COLUMN_AMOUNT, "line_tax|order_line_tax") \
	X(IMPORT_ORDERS, "lines.brand", COLUMN_TEXT, "line_brand|vendor|brand") \
	X(IMPORT_ORDERS, "lines.categories", COLUMN_LIST, "line_categories|category") \
	X(IMPORT_ORDERS, "lines.image_url", COLUMN_TEXT, "line_image_url|image_url") \
	X(IMPORT_ORDERS, "lines.product_url", COLUMN_TEXT, "line_product_url|product_url") \
	X(COLUMN_LINES, "order_id", COLUMN_ID, "order_id|order_number|order|parent_id") \
	X(COLUMN_LINES, "lines.line_id", COLUMN_ID, "line_id|order_product_id|order_item_id|item_id|id") \
	X(COLUMN_LINES, "lines.product_id", COLUMN_ID, "product_id|line_product_id") \
	X(COLUMN_LINES, "lines.variant_id", COLUMN_ID, "variant_id|variation_id|line_variant_id") \
	X(COLUMN_LINES, "lines.sku", COLUMN_TEXT, "sku|model|line_sku") \
	X(COLUMN_LINES, "lines.name", COLUMN_TEXT, "name|product_name|title|order_item_name|line_name") \
	X(COLUMN_LINES, "lines.variant_name", COLUMN_TEXT, "variant_name|line_variant_name") \
	X(COLUMN_LINES, "lines.quantity", COLUMN_AMOUNT, "quantity|qty|line_quantity") \
	X(COLUMN_LINES, "lines.unit_price", COLUMN_AMOUNT, "unit_price|price|line_price") \
	X(COLUMN_LINES, "lines.row_total", COLUMN_AMOUNT, "row_total|total|line_total") \
	X(COLUMN_LINES, "lines.discount", COLUMN_AMOUNT, "discount|line_discount") \
	X(COLUMN_LINES, "lines.tax", COLUMN_AMOUNT, "tax|line_tax") \
	X(COLUMN_LINES, "lines.brand", COLUMN_TEXT, "brand|vendor|manufacturer|line_brand") \
	X(COLUMN_LINES, "lines.categories", COLUMN_LIST, "categories|category|line_categories") \
	X(COLUMN_LINES, "lines.image_url", COLUMN_TEXT, "image_url|line_image_url") \
	X(COLUMN_LINES, "lines.product_url", COLUMN_TEXT, "product_url|url|line_product_url")

enum column_type {
	COLUMN_TEXT,
	COLUMN_ID,
	COLUMN_PARENT, /* an id; 0 is none */
	COLUMN_AMOUNT,
	COLUMN_INT,
	COLUMN_BOOL,
	COLUMN_TIME,
	COLUMN_DATE,   /* day of a birth, as text */
	COLUMN_CODE,   /* of a currency or country, as text */
	COLUMN_LIST    /* texts, separated by commas, semicolons or bars */
};

#define COLUMN_LINES IMPORT_KIND_COUNT /* the kind of rows of options.lines */
#define COLUMN_NAME_BYTES_MAX 100

struct column_row {
	int kind;                  /* enum import_kind, or COLUMN_LINES */
	const char *member;
	enum column_type type;
	const char *names;
};

/* One column of a file that something is made of. */
struct column {
	const struct column_row *row; /* NULL: a custom one */
	struct str custom;         /* its name there */
	size_t at;                 /* field */
	struct str header;         /* as in the file */
};

/* The columns of a file by the order of the table, custom ones last. */
struct columns {
	struct column *column;
	size_t n;
	struct str unused;         /* headers, with commas */
};

/* "Lineitem compare at price" -> "lineitem_compare_at_price": lower-case letters, digits, bytes past 0x7f and single _. */
struct str column_name(struct str header, struct arena *arena);
/* ERR_INVALID: a column of map is not in the header, or names no member. */
bool columns_find(int kind, const struct str *header, size_t n, struct str map, struct arena *arena, struct columns *out,
		  struct err *err) MUST_CHECK;
/* The kind whose columns the header has; IMPORT_KIND_COUNT if it is none's. */
enum import_kind columns_guess(const struct str *header, size_t n, struct arena *arena);
const struct column *columns_get(const struct columns *columns, const char *member); /* NULL: not there */
/* For docs/import.md: all rows, ended by a member of NULL. */
const struct column_row *columns_all(void);

#endif
