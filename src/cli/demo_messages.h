#ifndef PANNIER_CLI_DEMO_MESSAGES_H
#define PANNIER_CLI_DEMO_MESSAGES_H

#include "base/attr.h"
#include "cli/demo_seed.h"

#include <stddef.h>

/*
 * The recorded messages of the demo's two shops, in the order in which they are sent, and what Klaviyo's catalog must hold
 * afterwards. Between two phases everything sent before has reached Klaviyo.
 */
enum demo_shop { DEMO_ENAD, DEMO_GENERIC };
enum demo_proof { PROOF_RIGHT, PROOF_WRONG, PROOF_NONE };

struct demo_message {
	int phase;
	enum demo_shop shop;
	enum demo_proof proof;
	int want_status;
	const char *what;
	const char *id;            /* generic: webhook-id */
	const char *content_type;
	const char *body;
};

#define DEMO_JSON "application/json"
#define COFFEE_MAKER "123e4567-e89b-12d3-a456-426614174000"
#define COFFEE_MAKER_BLUE "123e4567-e89b-12d3-a456-426614174011"
#define CATEGORY_COFFEE "123e4567-e89b-12d3-a456-426614174090"
#define SECOND_COPY "223e4567-e89b-12d3-a456-426614174000"
#define SECOND_COPY_VARIANT "223e4567-e89b-12d3-a456-426614174011"

#define DEMO_PRICE(variant, product, sale) \
	"{\"event_type\":\"variant_prices.updated\",\"payload\":{\"variant_id\":\"" variant "\",\"product_id\":\"" product \
	"\",\"store_group_id\":\"123e4567-e89b-12d3-a456-426614174060\",\"store_group_slug\":\"main-store\"," \
	"\"variant_number\":\"PCM-2024-BL\",\"markets\":[{\"id\":\"123e4567-e89b-12d3-a456-426614174073\"," \
	"\"market_id\":\"123e4567-e89b-12d3-a456-426614174002\",\"market_slug\":\"us\",\"country_codes\":[\"US\"]," \
	"\"base_price_amount\":99.99,\"sale_price_amount\":" sale ",\"reference_price_amount\":99.99," \
	"\"currency\":\"USD\",\"on_sale\":true,\"status\":\"active\"}]}}"

#define DEMO_VARIANT(variant, product, number) \
	"{\"event_type\":\"variant.created\",\"payload\":{\"id\":\"" variant "\",\"product_id\":\"" product \
	"\",\"product_number\":\"PCM-2024\",\"product_slug\":\"premium-coffee-maker\"," \
	"\"variant_name\":\"Premium Coffee Maker, blue\",\"variant_number\":\"" number "\",\"validate_stock\":true," \
	"\"status\":\"active\",\"is_active\":true,\"is_archive\":false," \
	"\"image_url\":\"https://example.com/images/coffee-maker-blue.jpg\"," \
	"\"translations\":{\"variant_name\":[{\"country_code\":\"us\",\"value\":\"Premium Coffee Maker, blue\"}," \
	"{\"country_code\":\"es\",\"value\":\"Cafetera Premium, azul\"}]}," \
	"\"attributes\":[{\"id\":\"123e4567-e89b-12d3-a456-426614174030\",\"name\":\"Color\",\"key\":\"color\"," \
	"\"values\":{\"color\":[{\"id\":\"123e4567-e89b-12d3-a456-426614174031\",\"key\":\"blue\",\"type\":\"color\"," \
	"\"value\":\"Blue\",\"translations\":{\"value\":[{\"country_code\":\"es\",\"value\":\"Azul\"}]}}]}}]}}"

#define DEMO_MUG \
	"{\"id\":\"evt-mug-1\",\"type\":\"product.upserted\",\"timestamp\":\"2026-07-30T10:11:12Z\",\"data\":{" \
	"\"id\":\"mug-1\",\"sku\":\"MUG\",\"title\":{\"en\":\"Coffee mug\",\"de\":\"Kaffeebecher\"},\"language\":\"en\"," \
	"\"description\":{\"en\":\"Holds coffee.\",\"de\":\"F\303\274r Kaffee.\"},\"url\":\"https://mugs.example/coffee-mug\"," \
	"\"image\":\"https://mugs.example/mug.jpg\",\"brand\":\"Acme\",\"price\":\"12.50\",\"currency\":\"EUR\"," \
	"\"categories\":[\"kitchen\"],\"variants\":[" \
	"{\"id\":\"mug-1-red\",\"sku\":\"MUG-R\",\"title\":\"Red\",\"stock\":25,\"options\":{\"color\":\"red\"}}," \
	"{\"id\":\"mug-1-blue\",\"sku\":\"MUG-B\",\"title\":\"Blue\",\"stock\":0,\"price\":\"13.00\",\"currency\":\"EUR\"," \
	"\"options\":{\"color\":\"blue\"}}]}}"

#define DEMO_LINES \
	"{\"id\":\"evt-kitchen\",\"type\":\"category.upserted\",\"data\":{\"id\":\"kitchen\",\"name\":\"Kitchen\"}}\n" \
	"{\"id\":\"evt-filter\",\"type\":\"product.upserted\",\"data\":{\"id\":\"filter-100\",\"sku\":\"FIL\"," \
	"\"title\":\"Paper filters, 100\",\"url\":\"https://mugs.example/filters\",\"price\":\"3.20\"," \
	"\"currency\":\"EUR\",\"stock\":400,\"categories\":[\"kitchen\"]}}\n" \
	"{\"id\":\"evt-stock\",\"type\":\"stock.changed\",\"data\":{\"product_id\":\"mug-1\"," \
	"\"variant_id\":\"mug-1-blue\",\"stock\":12}}\n"

/* The lines say only what was bought: the rest comes from the catalog. */
#define DEMO_ORDER \
	"{\"id\":\"evt-order-1\",\"type\":\"order.placed\",\"data\":{\"order_id\":\"A-1001\",\"currency\":\"EUR\"," \
	"\"total\":\"41.20\",\"subtotal\":\"38.20\",\"shipping_total\":\"3.00\",\"customer\":{" \
	"\"email\":\"Ada.Lind@mugs-demo.net\",\"first_name\":\"Ada\",\"last_name\":\"Lind\",\"phone\":\"030 123456\"}," \
	"\"billing\":{\"first_name\":\"Ada\",\"last_name\":\"Lind\",\"address1\":\"Hauptstr. 1\",\"city\":\"Berlin\"," \
	"\"zip\":\"10115\",\"country_code\":\"DE\"},\"lines\":[" \
	"{\"line_id\":\"1\",\"product_id\":\"mug-1\",\"variant_id\":\"mug-1-red\",\"quantity\":2," \
	"\"unit_price\":\"12.50\",\"row_total\":\"25.00\"}," \
	"{\"line_id\":\"2\",\"product_id\":\"mug-1\",\"variant_id\":\"mug-1-blue\",\"quantity\":1," \
	"\"unit_price\":\"13.20\",\"row_total\":\"13.20\"}]}}"

static const struct demo_message demo_messages[] = {
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "a price, before anything is known of its product", "", DEMO_JSON,
	  DEMO_PRICE(COFFEE_MAKER_BLUE, COFFEE_MAKER, "79.99") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "the coffee maker (Enad's documentation, word for word)", "", DEMO_JSON,
	  DEMO_SEED_PRODUCT("product.created", COFFEE_MAKER, "PCM-2024") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "the same message once more: a duplicate", "", DEMO_JSON,
	  DEMO_SEED_PRODUCT("product.created", COFFEE_MAKER, "PCM-2024") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "its variant in blue", "", DEMO_JSON,
	  DEMO_VARIANT(COFFEE_MAKER_BLUE, COFFEE_MAKER, "PCM-2024-BL") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "its stock: 100", "", DEMO_JSON,
	  "{\"event_type\":\"variant_stock.updated\",\"payload\":{\"inventory_id\":\"INV-123\",\"product_parent_id\":"
	  "\"" COFFEE_MAKER "\",\"product_variant_id\":\"" COFFEE_MAKER_BLUE "\",\"product_variant_number\":"
	  "\"PCM-2024-BL\",\"quantity\":100,\"inventory_date\":\"2024-02-12T12:00:00Z\",\"update_source\":\"manual\","
	  "\"available_online\":true,\"stock_updated\":true}}" },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "that it is in a category nobody has told of yet", "", DEMO_JSON,
	  "{\"event_type\":\"category_relationship.created\",\"payload\":{\"product_id\":\"" COFFEE_MAKER
	  "\",\"category_id\":\"" CATEGORY_COFFEE "\"}}" },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "the category", "", DEMO_JSON,
	  "{\"event_type\":\"category.create\",\"payload\":{\"id\":\"" CATEGORY_COFFEE "\",\"name\":\"Coffee\","
	  "\"slug\":\"coffee\",\"full_uri\":\"coffee\",\"parent_id\":null,\"status\":\"active\",\"translations\":{"
	  "\"name\":[{\"country_code\":\"us\",\"value\":\"Coffee\"},{\"country_code\":\"es\",\"value\":\"Caf\303\251\"}]}}}" },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "another copy of the product", "", DEMO_JSON,
	  DEMO_SEED_PRODUCT("product.created", SECOND_COPY, "PCM-2024-B") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "the copy's price", "", DEMO_JSON,
	  DEMO_PRICE(SECOND_COPY_VARIANT, SECOND_COPY, "89.99") },
	{ 1, DEMO_ENAD, PROOF_RIGHT, 200, "the copy's variant", "", DEMO_JSON,
	  DEMO_VARIANT(SECOND_COPY_VARIANT, SECOND_COPY, "PCM-2024-B-BL") },
	{ 1, DEMO_ENAD, PROOF_WRONG, 401, "a message with a wrong secret: refused", "", DEMO_JSON,
	  "{\"event_type\":\"product.deleted\",\"payload\":{\"product_id\":\"" COFFEE_MAKER "\"}}" },
	{ 1, DEMO_GENERIC, PROOF_RIGHT, 202, "a whole product with two variants, signed", "msg_mug_1", DEMO_JSON, DEMO_MUG },
	{ 1, DEMO_GENERIC, PROOF_RIGHT, 202, "three messages in one request (NDJSON), signed", "msg_lines_1",
	  "application/x-ndjson", DEMO_LINES },
	{ 1, DEMO_GENERIC, PROOF_RIGHT, 202, "the product again, sent twice by a careful shop: a duplicate", "msg_mug_1",
	  DEMO_JSON, DEMO_MUG },
	{ 1, DEMO_GENERIC, PROOF_NONE, 401, "a message without a signature: refused", "msg_mug_2", DEMO_JSON, DEMO_MUG },

	{ 2, DEMO_ENAD, PROOF_RIGHT, 200, "the coffee maker as an update (word for word): nothing new in it", "", DEMO_JSON,
	  DEMO_SEED_PRODUCT("product.updated", COFFEE_MAKER, "PCM-2024") },
	{ 2, DEMO_ENAD, PROOF_RIGHT, 200, "a lower price", "", DEMO_JSON,
	  DEMO_PRICE(COFFEE_MAKER_BLUE, COFFEE_MAKER, "74.99") },
	{ 2, DEMO_ENAD, PROOF_RIGHT, 200, "three were sold: 97 left", "", DEMO_JSON,
	  "{\"event_type\":\"variant_stock_delta.updated\",\"payload\":{\"inventory_id\":\"INV-123\","
	  "\"product_variant_number\":\"PCM-2024-BL\",\"quantity\":97,\"delta\":-3,\"available_online\":true}}" },
	{ 2, DEMO_ENAD, PROOF_RIGHT, 200, "the copy is deleted", "", DEMO_JSON,
	  "{\"event_type\":\"product.deleted\",\"payload\":{\"product_id\":\"" SECOND_COPY
	  "\",\"product_number\":\"PCM-2024-B\"}}" },
	{ 2, DEMO_ENAD, PROOF_RIGHT, 200, "a late update of the copy: stays deleted", "", DEMO_JSON,
	  DEMO_SEED_PRODUCT("product.updated", SECOND_COPY, "PCM-2024-B") },
	{ 2, DEMO_GENERIC, PROOF_RIGHT, 202, "that an order was paid, before anything is known of it", "msg_paid_1", DEMO_JSON,
	  "{\"id\":\"evt-paid-1\",\"type\":\"order.paid\",\"data\":{\"order_id\":\"A-1001\",\"amount\":\"41.20\"}}" },
	{ 2, DEMO_GENERIC, PROOF_RIGHT, 202, "the order, two lines, a phone number as people write it", "msg_order_1", DEMO_JSON,
	  DEMO_ORDER },
	{ 2, DEMO_GENERIC, PROOF_RIGHT, 202, "the order once more: a duplicate", "msg_order_1", DEMO_JSON, DEMO_ORDER },
	{ 2, DEMO_GENERIC, PROOF_RIGHT, 202, "a newsletter subscription", "msg_consent_1", DEMO_JSON,
	  "{\"id\":\"evt-consent-1\",\"type\":\"consent.changed\",\"data\":{\"email\":\"bo.ek@mugs-demo.net\"," \
	  "\"state\":\"subscribed\",\"source\":\"footer form\"}}" },

	{ 3, DEMO_GENERIC, PROOF_RIGHT, 202, "one mug came broken: 5 EUR back", "msg_refund_1", DEMO_JSON,
	  "{\"id\":\"evt-refund-1\",\"type\":\"order.partially_refunded\",\"data\":{\"order_id\":\"A-1001\"," \
	  "\"refund\":{\"id\":\"r1\",\"amount\":\"5.00\",\"reason\":\"broken\"}}}" },
	{ 3, DEMO_GENERIC, PROOF_RIGHT, 202, "the order is fulfilled", "msg_fulfilled_1", DEMO_JSON,
	  "{\"id\":\"evt-fulfilled-1\",\"type\":\"order.fulfilled\",\"data\":{\"order_id\":\"A-1001\"," \
	  "\"tracking\":{\"carrier\":\"DHL\",\"number\":\"00340\"}}}" },
};
#define N_DEMO_MESSAGES ARRAY_LEN(demo_messages)

/* What must be in the catalog at the end. member: "custom_metadata.NAME" looks inside; value NULL: the entity must not be there. */
struct demo_want {
	const char *list;          /* "items", "variants", "categories" */
	const char *external_id;
	const char *member;
	const char *value;
};

#define DEMO_PREFIX "mugs-" /* id_prefix of the generic shop */

static const struct demo_want demo_wants[] = {
	{ "items", COFFEE_MAKER, "title", "Premium Coffee Maker" },
	{ "items", COFFEE_MAKER, "description", "High-end coffee maker with temperature control" },
	{ "items", COFFEE_MAKER, "url", "https://shop.example/us/premium-coffee-maker" },
	{ "items", COFFEE_MAKER, "image_full_url", "https://example.com/images/coffee-maker.jpg" },
	{ "items", COFFEE_MAKER, "price", "74.99" },
	{ "items", COFFEE_MAKER, "published", "true" },
	{ "items", COFFEE_MAKER, "custom_metadata.title_es", "Cafetera Premium" },
	{ "items", COFFEE_MAKER, "custom_metadata.description_es", "Cafetera de alta gama con control de temperatura" },
	{ "items", COFFEE_MAKER, "categories", "[\"" CATEGORY_COFFEE "\"]" },
	{ "variants", COFFEE_MAKER_BLUE, "item", COFFEE_MAKER },
	{ "variants", COFFEE_MAKER_BLUE, "sku", "PCM-2024-BL" },
	{ "variants", COFFEE_MAKER_BLUE, "price", "74.99" },
	{ "variants", COFFEE_MAKER_BLUE, "inventory_quantity", "97" },
	{ "categories", CATEGORY_COFFEE, "name", "Coffee" },
	{ "items", SECOND_COPY, NULL, NULL },
	{ "variants", SECOND_COPY_VARIANT, NULL, NULL },
	{ "items", DEMO_PREFIX "mug-1", "title", "Coffee mug" },
	{ "items", DEMO_PREFIX "mug-1", "custom_metadata.title_de", "Kaffeebecher" },
	{ "variants", DEMO_PREFIX "mug-1-red", "price", "12.5" },
	{ "variants", DEMO_PREFIX "mug-1-blue", "inventory_quantity", "12" },
	{ "items", DEMO_PREFIX "filter-100", "price", "3.2" },
	{ "categories", DEMO_PREFIX "kitchen", "name", "Kitchen" },
};
#define N_DEMO_WANTS ARRAY_LEN(demo_wants)

/* An event that must be there exactly once, and what one of its members must be. */
struct demo_event {
	const char *metric;
	const char *unique_id;
	const char *value;         /* as JSON */
};

static const struct demo_event demo_events[] = {
	{ "Placed Order", DEMO_PREFIX "A-1001", "41.2" },
	{ "Ordered Product", DEMO_PREFIX "A-1001:1", "25" },
	{ "Ordered Product", DEMO_PREFIX "A-1001:2", "13.2" },
	{ "Paid Order", DEMO_PREFIX "A-1001", "41.2" },
	{ "Refunded Order", DEMO_PREFIX "A-1001", "5" },
	{ "Fulfilled Order", DEMO_PREFIX "A-1001", "41.2" },
};
#define N_DEMO_EVENTS ARRAY_LEN(demo_events)

#endif
