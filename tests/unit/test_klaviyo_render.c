/*
 * Rendering: proves the bytes of resources and requests, what an update leaves out, and every ceiling.
 * Shapes against Klaviyo's specification: tests/schema. Whole products: tests/golden.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/utf8.h"
#include "klaviyo/render.h"
#include "net/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define API STR("https://a.klaviyo.com")

static struct arena arena;

static int open_arena(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void equal(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("\n   got: %.*s\n  want: %s", STR_ARG(got), want);
}

static struct str filled(char byte, size_t len)
{
	char *text = arena_alloc(&arena, len + 1);

	memset(text, byte, len);
	return str_of(text, len);
}

/* The parsed resource; free with json_free. */
static struct json *parsed(struct str text)
{
	struct json *json;
	struct err err = { 0 };

	if (!json_parse(text, &json, &err))
		fail_msg("%s", err.msg);
	return json;
}

#define CATEGORY \
	"{\"type\":\"catalog-category\",\"attributes\":{\"external_id\":\"c1\",\"integration_type\":\"$" \
	"custom\"," \
	"\"catalog_type\":\"$default\",\"name\":\"A > \\\"B\\\"\"}}"

static struct str category_body(void)
{
	struct catalog_category category = { .external_id = STR("c1"), .name = STR("A > \"B\"") };

	return klaviyo_render_category(&category, &arena);
}

static struct str item_body(struct str *mended)
{
	static const struct str image[] = { STR_INIT("https://s.test/1.jpg"),
					    STR_INIT("https://s.test/2.jpg") };
	static const struct str category[] = { STR_INIT("c1"), STR_INIT("c2") };
	static const struct meta meta[] = { { STR_INIT("sku"), STR_INIT("S-1") },
					    { STR_INIT("custom_x"), STR_INIT("a\n\"b\"\xe2\x82\xac") } };
	struct catalog_item item = {
		.external_id = STR("p1"),
		.title = STR("Mug"),
		.description = STR("A mug"),
		.url = STR("https://s.test/mug"),
		.image_url = image[0],
		.image = image,
		.n_image = 2,
		.has_price = true,
		.price = { 2990, "EUR" },
		.published = true,
		.category_external_id = category,
		.n_category = 2,
		.meta = meta,
		.n_meta = 2,
	};

	return klaviyo_render_item(&item, &arena, mended);
}

static struct str variant_body(struct str *mended)
{
	struct catalog_variant variant = {
		.external_id = STR("v1"),
		.item_external_id = STR("p1"),
		.title = STR("Mug"),
		.description = STR("A mug"),
		.sku = STR("S-1"),
		.url = STR("https://s.test/mug"),
		.price = { 1200, "JPY" },
		.quantity = 7,
		.policy = STOCK_HIDE_WHEN_OUT,
	};

	return klaviyo_render_variant(&variant, &arena, mended);
}

#define ITEM_ATTRIBUTES \
	"\"title\":\"Mug\",\"description\":\"A " \
	"mug\",\"url\":\"https://s.test/mug\",\"price\":29.90,\"image_full_url\":" \
	"\"https://s.test/1.jpg\",\"image_thumbnail_url\":\"https://s.test/1.jpg\",\"images\":[\"https://" \
	"s.test/1.jpg\"," \
	"\"https://s.test/" \
	"2.jpg\"],\"custom_metadata\":{\"sku\":\"S-1\",\"custom_x\":\"a\\n\\\"b\\\"\xe2\x82\xac\"}," \
	"\"published\":true}"
#define ITEM_RELATIONSHIPS \
	"\"relationships\":{\"categories\":{\"data\":[{\"type\":\"catalog-category\",\"id\":\"$custom:::$" \
	"default:::c1\"}," \
	"{\"type\":\"catalog-category\",\"id\":\"$custom:::$default:::c2\"}]}}}"
#define ITEM \
	"{\"type\":\"catalog-item\",\"attributes\":{\"external_id\":\"p1\",\"integration_type\":\"$" \
	"custom\"," \
	"\"catalog_type\":\"$default\"," ITEM_ATTRIBUTES "," ITEM_RELATIONSHIPS
#define VARIANT_ATTRIBUTES \
	"\"title\":\"Mug\",\"description\":\"A " \
	"mug\",\"sku\":\"S-1\",\"inventory_policy\":1,\"inventory_quantity\":7," \
	"\"price\":1200,\"url\":\"https://s.test/" \
	"mug\",\"image_full_url\":null,\"image_thumbnail_url\":null,\"images\":[]," \
	"\"custom_metadata\":{},\"published\":false}"
#define VARIANT \
	"{\"type\":\"catalog-variant\",\"attributes\":{\"external_id\":\"v1\",\"integration_type\":\"$" \
	"custom\"," \
	"\"catalog_type\":\"$default\"," VARIANT_ATTRIBUTES \
	",\"relationships\":{\"item\":{\"data\":{\"type\":" \
	"\"catalog-item\",\"id\":\"$custom:::$default:::p1\"}}}}"

static void resources(void **state)
{
	struct str mended;

	(void)state;
	equal(category_body(), CATEGORY);
	equal(item_body(&mended), ITEM);
	equal(mended, "");
	equal(variant_body(&mended), VARIANT);
	equal(mended, "");
}

static void an_item_without_price_and_images(void **state)
{
	struct catalog_item item = {
		.external_id = STR("p1"), .title = STR("T"), .description = STR("T"), .url = STR("/p1")
	};
	struct str mended;

	(void)state;
	equal(klaviyo_render_item(&item, &arena, &mended),
	      "{\"type\":\"catalog-item\",\"attributes\":{\"external_id\":\"p1\",\"integration_type\":\"$"
	      "custom\",\"catalog_type\":"
	      "\"$default\",\"title\":\"T\",\"description\":\"T\",\"url\":\"/"
	      "p1\",\"price\":null,\"image_full_url\":null,"
	      "\"image_thumbnail_url\":null,\"images\":[],\"custom_metadata\":{},\"published\":false},"
	      "\"relationships\":"
	      "{\"categories\":{\"data\":[]}}}");
}

#define ID(id) "\"id\":\"$custom:::$default:::" id "\""

static const struct {
	enum klaviyo_kind kind;
	enum delivery_op op;
	bool bulk;
	const char *method, *url, *body;
} request_row[] = {
	{ KLAVIYO_CATEGORY, DELIVERY_CREATE, false, "POST", "/api/catalog-categories",
	  "{\"data\":" CATEGORY "}" },
	{ KLAVIYO_CATEGORY, DELIVERY_UPDATE, false, "PATCH",
	  "/api/catalog-categories/$custom:::$default:::c1",
	  "{\"data\":{\"type\":\"catalog-category\"," ID(
		  "c1") ",\"attributes\":{\"name\":\"A > \\\"B\\\"\"}}}" },
	{ KLAVIYO_CATEGORY, DELIVERY_DELETE, false, "DELETE",
	  "/api/catalog-categories/$custom:::$default:::c1", "" },
	{ KLAVIYO_CATEGORY, DELIVERY_CREATE, true, "POST", "/api/catalog-category-bulk-create-jobs",
	  "{\"data\":{\"type\":\"catalog-category-bulk-create-job\",\"attributes\":{\"categories\":{\"data\":"
	  "[" CATEGORY "]}}}}" },
	{ KLAVIYO_CATEGORY, DELIVERY_DELETE, true, "POST", "/api/catalog-category-bulk-delete-jobs",
	  "{\"data\":{\"type\":\"catalog-category-bulk-delete-job\",\"attributes\":{\"categories\":{\"data\":"
	  "[{\"type\":"
	  "\"catalog-category\"," ID("c1") "}]}}}}" },
	{ KLAVIYO_ITEM, DELIVERY_CREATE, false, "POST", "/api/catalog-items", "{\"data\":" ITEM "}" },
	{ KLAVIYO_ITEM, DELIVERY_UPDATE, false, "PATCH", "/api/catalog-items/$custom:::$default:::p1",
	  "{\"data\":{\"type\":\"catalog-item\"," ID("p1") ",\"attributes\":{" ITEM_ATTRIBUTES
							   "," ITEM_RELATIONSHIPS "}" },
	{ KLAVIYO_ITEM, DELIVERY_UPDATE, true, "POST", "/api/catalog-item-bulk-update-jobs",
	  "{\"data\":{\"type\":\"catalog-item-bulk-update-job\",\"attributes\":{\"items\":{\"data\":[{"
	  "\"type\":\"catalog-item\"," ID("p1") ",\"attributes\":{" ITEM_ATTRIBUTES "," ITEM_RELATIONSHIPS
						"]}}}}" },
	{ KLAVIYO_VARIANT, DELIVERY_UPDATE, false, "PATCH", "/api/catalog-variants/$custom:::$default:::v1",
	  "{\"data\":{\"type\":\"catalog-variant\"," ID("v1") ",\"attributes\":{" VARIANT_ATTRIBUTES "}}" },
	{ KLAVIYO_VARIANT, DELIVERY_CREATE, true, "POST", "/api/catalog-variant-bulk-create-jobs",
	  "{\"data\":{\"type\":\"catalog-variant-bulk-create-job\",\"attributes\":{\"variants\":{\"data\":"
	  "[" VARIANT "]}}}}" },
	{ KLAVIYO_VARIANT, DELIVERY_DELETE, false, "DELETE", "/api/catalog-variants/$custom:::$default:::v1",
	  "" },
};

static struct delivery delivery_of(enum klaviyo_kind kind, enum delivery_op op)
{
	struct str mended;

	switch (kind) {
	case KLAVIYO_CATEGORY:
		return (struct delivery){
			.kind = kind, .op = op, .external_id = STR("c1"), .body = category_body()
		};
	case KLAVIYO_ITEM:
		return (struct delivery){
			.kind = kind, .op = op, .external_id = STR("p1"), .body = item_body(&mended)
		};
	case KLAVIYO_VARIANT:
	case KLAVIYO_EVENT:
	case KLAVIYO_PROFILE:
	case KLAVIYO_CONSENT:
	case KLAVIYO_NOTICE:
	case KLAVIYO_KIND_COUNT:
		break;
	}
	return (struct delivery){
		.kind = kind, .op = op, .external_id = STR("v1"), .body = variant_body(&mended)
	};
}

static void requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(request_row); i++) {
		struct delivery delivery = delivery_of(request_row[i].kind, request_row[i].op);
		struct klaviyo_request request;
		struct err err = { 0 };

		if (!klaviyo_render_request(STR("https://a.klaviyo.com/"), &delivery, 1, request_row[i].op,
					    request_row[i].bulk, 0, NULL, &arena, &request, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(request.endpoint,
				 endpoint_for(request_row[i].kind, request_row[i].op, request_row[i].bulk));
		assert_string_equal(request.method, request_row[i].method);
		equal(request.url, arena_printf(&arena, "https://a.klaviyo.com%s", request_row[i].url).p);
		equal(request.body, request_row[i].body);
	}
}

/* The op is that of the request, not what the delivery began as. */
static void a_create_may_be_sent_as_an_update(void **state)
{
	struct delivery delivery = delivery_of(KLAVIYO_ITEM, DELIVERY_CREATE);
	struct klaviyo_request request;

	(void)state;
	assert_true(klaviyo_render_request(API, &delivery, 1, DELIVERY_UPDATE, false, 0, NULL, &arena,
					   &request, NULL));
	assert_string_equal(request.method, "PATCH");
}

static void rows_keep_their_order(void **state)
{
	enum { N = 100 };
	struct delivery delivery[N];
	struct klaviyo_request request;
	struct json *body;
	const struct json *rows;

	(void)state;
	for (int i = 0; i < N; i++) {
		struct catalog_category category = { .external_id = arena_printf(&arena, "c%d", i),
						     .name = STR("N") };

		delivery[i] = (struct delivery){ .kind = KLAVIYO_CATEGORY,
						 .external_id = category.external_id,
						 .body = klaviyo_render_category(&category, &arena) };
	}
	for (int op = 0; op < DELIVERY_OP_COUNT; op++) {
		assert_true(klaviyo_render_request(API, delivery, N, (enum delivery_op)op, true, 0, NULL,
						   &arena, &request, NULL));
		body = parsed(request.body);
		rows = json_get(json_get(json_get(json_get(body, "data"), "attributes"), "categories"),
				"data");
		assert_int_equal(json_len(rows), N);
		for (size_t i = 0; i < N; i++) {
			struct str id = json_get_text(json_at(rows, i), "id");

			if (op == DELIVERY_CREATE)
				id = json_get_text(json_get(json_at(rows, i), "attributes"), "external_id");
			assert_true(str_ends(id, delivery[i].external_id));
		}
		json_free(body);
	}
}

static void ids_are_encoded_in_paths_and_escaped_in_bodies(void **state)
{
	struct delivery delivery = { .kind = KLAVIYO_ITEM, .external_id = STR("a/b?c#d \"e\"%\xc3\xa4~.") };
	struct klaviyo_request request;

	(void)state;
	assert_true(klaviyo_render_request(API, &delivery, 1, DELIVERY_DELETE, false, 0, NULL, &arena,
					   &request, NULL));
	equal(request.url, "https://a.klaviyo.com/api/catalog-items/"
			   "$custom:::$default:::a%2Fb%3Fc%23d%20%22e%22%25%C3%A4~.");
	assert_true(klaviyo_render_request(API, &delivery, 1, DELIVERY_DELETE, true, 0, NULL, &arena,
					   &request, NULL));
	json_free(parsed(request.body));
}

static void bodies_that_are_no_resource_are_refused(void **state)
{
	static const char *const body[] = { "",
					    "{",
					    "[]",
					    "\"catalog-item\"",
					    "{}",
					    "{\"type\":\"catalog-item\"}",
					    "{\"type\":\"catalog-variant\",\"attributes\":{}}",
					    "{\"attributes\":{}}",
					    "{\"type\":5,\"attributes\":{}}" };
	struct klaviyo_request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(body); i++) {
		struct delivery delivery = { .kind = KLAVIYO_ITEM,
					     .external_id = STR("p1"),
					     .body = str_from(body[i]) };

		for (int op = DELIVERY_CREATE; op <= DELIVERY_UPDATE; op++) {
			struct err err = { 0 };

			assert_false(klaviyo_render_request(API, &delivery, 1, (enum delivery_op)op, false, 0,
							    NULL, &arena, &request, &err));
			assert_int_equal(err.code, ERR_INVALID);
			assert_non_null(strstr(err.msg, "item 'p1'"));
		}
	}
}

static void too_much_is_refused(void **state)
{
	struct catalog_variant variant = { .external_id = STR("v"),
					   .item_external_id = STR("p"),
					   .title = STR("T"),
					   .sku = STR("S"),
					   .url = STR("/p"),
					   .description = filled('x', 100000) };
	struct delivery delivery[100];
	struct klaviyo_request request;
	struct err err = { 0 };
	struct str mended;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(delivery); i++)
		delivery[i] = (struct delivery){ .kind = KLAVIYO_VARIANT,
						 .external_id = STR("v"),
						 .body = klaviyo_render_variant(&variant, &arena, &mended) };
	assert_false(klaviyo_render_request(API, delivery, 100, DELIVERY_CREATE, true, 0, NULL, &arena,
					    &request, &err));
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_true(klaviyo_render_request(API, delivery, 40, DELIVERY_CREATE, true, 0, NULL, &arena,
					   &request, &err));
	assert_true(request.body.len <= KLAVIYO_BODY_BYTES_MAX);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	struct catalog_item item = { .external_id = STR("p"), .url = STR("/p") };
	struct str mended;
	struct json *json;
	const struct json *attributes;

	(void)state;
	item.title = arena_printf(&arena, "%.*s\xe2\x82\xac", STR_ARG(filled('t', 9998)));
	item.description = filled('d', 100001);
	json = parsed(klaviyo_render_item(&item, &arena, &mended));
	attributes = json_get(json, "attributes");
	assert_int_equal(json_get_text(attributes, "title").len, 9998);
	assert_int_equal(json_get_text(attributes, "description").len, 100000);
	equal(mended, "title cut at 10,000 bytes; description cut at 100,000 bytes");
	json_free(json);
}

static void metadata_is_dropped_from_the_end(void **state)
{
	struct meta meta[300];
	struct catalog_item item = { .external_id = STR("p"),
				     .title = STR("T"),
				     .description = STR("D"),
				     .url = STR("/p"),
				     .meta = meta };
	struct str mended;
	struct json *json;
	const struct json *metadata;
	struct strbuf text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(meta); i++) {
		meta[i].name = arena_printf(&arena, "name_%03zu", i);
		meta[i].value = i == 200 ? filled('"', 60000) : filled('v', 400);
	}
	item.n_meta = 200;
	json = parsed(klaviyo_render_item(&item, &arena, &mended));
	assert_int_equal(json_len(json_get(json_get(json, "attributes"), "custom_metadata")), 200);
	equal(mended, "");
	json_free(json);

	item.n_meta = ARRAY_LEN(meta);
	json = parsed(klaviyo_render_item(&item, &arena, &mended));
	metadata = json_get(json_get(json, "attributes"), "custom_metadata");
	assert_int_equal(json_len(metadata), 200);
	assert_true(str_starts(mended, STR("custom_metadata is full, left out: name_200, name_201")));
	assert_true(str_ends(mended, STR(" (100)")));
	assert_true(mended.len < 300);
	strbuf_init(&text, 1000000);
	json_write(metadata, false, &text);
	assert_true(text.len <= 100000);
	strbuf_release(&text);
	json_free(json);

	meta[0].value = filled('v', 200000);
	json = parsed(klaviyo_render_item(&item, &arena, &mended));
	assert_int_equal(json_len(json_get(json_get(json, "attributes"), "custom_metadata")), 0);
	json_free(json);
}

static void polls_and_account(void **state)
{
	struct klaviyo_request request;

	(void)state;
	request = klaviyo_render_poll(API, ENDPOINT_item_bulk_update, STR(""), &arena);
	assert_string_equal(request.method, "GET");
	equal(request.url, "https://a.klaviyo.com/api/catalog-item-bulk-update-jobs");
	request = klaviyo_render_poll(STR("http://127.0.0.1:1/x//"), ENDPOINT_item_bulk_update, STR("a/b=="),
				      &arena);
	equal(request.url, "http://127.0.0.1:1/x/api/catalog-item-bulk-update-jobs/a%2Fb%3D%3D");
	assert_int_equal(request.body.len, 0);
	request = klaviyo_render_account(API, &arena);
	assert_string_equal(request.method, "GET");
	equal(request.url, "https://a.klaviyo.com/api/accounts");
}

static void headers(void **state)
{
	const struct http_header *header;
	size_t n;

	(void)state;
	header = klaviyo_headers(STR("pk_test"), false, true, &arena, &n);
	assert_int_equal(n, 4);
	equal(header[0].name, "Authorization");
	equal(header[0].value, "Klaviyo-API-Key pk_test");
	equal(header[1].name, "revision");
	equal(header[1].value, "2026-07-15");
	equal(header[2].value, "application/vnd.api+json");
	equal(header[3].name, "Content-Type");
	(void)klaviyo_headers(STR("pk_test"), false, false, &arena, &n);
	assert_int_equal(n, 3);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resources),
		TEST(an_item_without_price_and_images),
		TEST(requests),
		TEST(a_create_may_be_sent_as_an_update),
		TEST(rows_keep_their_order),
		TEST(ids_are_encoded_in_paths_and_escaped_in_bodies),
		TEST(bodies_that_are_no_resource_are_refused),
		TEST(too_much_is_refused),
		TEST(long_texts_are_cut_at_a_character),
		TEST(metadata_is_dropped_from_the_end),
		TEST(polls_and_account),
		TEST(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
