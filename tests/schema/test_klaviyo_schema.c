/*
 * Klaviyo's own specification: proves that every request the renderer can make is valid against it, unknown
 * members refused, and that the table of endpoints has its paths and limits.
 *
 * PANNIER_KLAVIYO_OPENAPI names stable.json or the folder it is in; without it the test is skipped (exit
 * 77). The validator is itself tested: each valid body, spoilt in one place after the other, must be
 * refused.
 */
#include "base/rand.h"
#include "golden/catalog_case_names.h"
#include "klaviyo/endpoint.h"
#include "net/http_client.h"
#include "schema/request_check.h"

/* ---- what is rendered ---- */

enum content { MINIMAL, FULL, EXTREME, CONTENT_COUNT };

static struct str repeated(const char *text, size_t bytes, struct arena *arena)
{
	size_t len = strlen(text), n = bytes / len;
	char *all = arena_alloc(arena, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	return str_of(all, n * len);
}

static const char hostile[] = "\x01\x1f\"\\/</script>\xf0\x9f\x98\x80\xe2\x80\xa8\x7f{{ x }}";

static const struct meta *metadata_of(enum content content, size_t *n, struct arena *arena)
{
	struct meta *meta;

	*n = content == MINIMAL ? 0 : content == FULL ? 40 : 1000;
	meta = ARENA_ARRAY(arena, *n, struct meta);
	for (size_t i = 0; i < *n; i++) {
		meta[i].name = arena_printf(arena, "custom_name_%zu", i);
		meta[i].value = content == FULL ? STR("a text") : repeated(hostile, 2000, arena);
	}
	return meta;
}

static const struct str *images_of(enum content content, size_t *n, struct arena *arena)
{
	struct str *image;

	*n = content == MINIMAL ? 0 : content == FULL ? 3 : 100;
	image = ARENA_ARRAY(arena, *n, struct str);
	for (size_t i = 0; i < *n; i++)
		image[i] = arena_printf(arena, "https://shop.test/%zu.jpg?\"<>\xc3\xa4", i);
	return image;
}

static struct str text_of(enum content content, size_t bytes, struct arena *arena)
{
	return content == MINIMAL ? STR("x")
	       : content == FULL  ? STR("Premium Coffee Maker")
				  : repeated(hostile, bytes, arena);
}

static struct str id_of(enum content content, size_t i, struct arena *arena)
{
	struct str id = arena_printf(arena, "%zu", i);

	if (content == EXTREME)
		id = arena_printf(arena, "%.*s%zu", STR_ARG(repeated("/\xc3\xa4~", 150, arena)), i);
	return catalog_external_id(content == FULL ? STR("se-") : STR(""), id, arena);
}

static const struct money price_of[CONTENT_COUNT] = { { 0, "" },
						      { 2998, "EUR" },
						      { INT64_C(9999999999999), "JPY" } };

static struct str item_body(enum content content, size_t i, struct arena *arena)
{
	struct catalog_item item = {
		.external_id = id_of(content, i, arena),
		.title = text_of(content, 20000, arena),
		.description = text_of(content, 300000, arena),
		.url = content == MINIMAL ? STR("/") : STR("https://shop.test/mug"),
		.has_price = content != MINIMAL,
		.price = price_of[content],
		.published = content == FULL,
	};
	struct str *category = ARENA_ARRAY(arena, 300, struct str);
	struct str mended;

	item.n_category = content == MINIMAL ? 0 : content == FULL ? 2 : 300;
	for (size_t k = 0; k < item.n_category; k++)
		category[k] = id_of(content, k, arena);
	item.category_external_id = category;
	item.meta = metadata_of(content, &item.n_meta, arena);
	item.image = images_of(content, &item.n_image, arena);
	if (item.n_image > 0)
		item.image_url = item.image[0];
	return klaviyo_render_item(&item, arena, &mended);
}

static struct str variant_body(enum content content, size_t i, struct arena *arena)
{
	struct catalog_variant variant = {
		.external_id = id_of(content, i, arena),
		.item_external_id = id_of(content, i / 3, arena),
		.title = text_of(content, 20000, arena),
		.description = text_of(content, 300000, arena),
		.sku = text_of(content, 1000, arena),
		.url = content == MINIMAL ? STR("/") : STR("https://shop.test/mug"),
		.price = price_of[content],
		.quantity = content == EXTREME ? INT64_C(1000000000000) : 0,
		.policy = content == FULL ? STOCK_HIDE_WHEN_OUT : STOCK_SHOW_ALWAYS,
		.published = content == FULL,
	};
	struct str mended;

	variant.meta = metadata_of(content, &variant.n_meta, arena);
	variant.image = images_of(content, &variant.n_image, arena);
	if (variant.n_image > 0)
		variant.image_url = variant.image[0];
	return klaviyo_render_variant(&variant, arena, &mended);
}

static struct str category_body(enum content content, size_t i, struct arena *arena)
{
	struct catalog_category category = { id_of(content, i, arena), text_of(content, 20000, arena) };

	return klaviyo_render_category(&category, arena);
}

static struct delivery delivery_of(enum klaviyo_kind kind, enum content content, size_t i,
				   struct arena *arena)
{
	struct delivery delivery = { .kind = kind, .external_id = id_of(content, i, arena) };

	switch (kind) {
	case KLAVIYO_CATEGORY:
		delivery.body = category_body(content, i, arena);
		break;
	case KLAVIYO_ITEM:
		delivery.body = item_body(content, i, arena);
		break;
	case KLAVIYO_VARIANT:
		delivery.body = variant_body(content, i, arena);
		break;
	case KLAVIYO_EVENT:
	case KLAVIYO_PROFILE:
	case KLAVIYO_CONSENT:
	case KLAVIYO_NOTICE:
	case KLAVIYO_KIND_COUNT:
		break;
	}
	return delivery;
}

static void every_request_is_valid(void **state)
{
	(void)state;
	for (int content = 0; content < CONTENT_COUNT; content++) {
		for (int kind = 0; kind <= KLAVIYO_VARIANT; kind++) {
			struct delivery delivery[100];
			struct arena arena;

			arena_init(&arena);
			for (size_t i = 0; i < ARRAY_LEN(delivery); i++)
				delivery[i] = delivery_of((enum klaviyo_kind)kind, (enum content)content, i,
							  &arena);
			for (int op = 0; op < DELIVERY_OP_COUNT; op++) {
				struct klaviyo_request request;
				size_t n = content == MINIMAL ? 1 : content == FULL ? 100 : 10;
				char what[100];

				(void)snprintf(what, sizeof(what), "content %d of %s %s", content,
					       delivery_op_text((enum delivery_op)op),
					       klaviyo_kind_text((enum klaviyo_kind)kind));
				assert_true(klaviyo_render_request(API_URL, delivery, 1, (enum delivery_op)op,
								   false, 0, NULL, &arena, &request, NULL));
				check_request(&request, what);
				assert_true(klaviyo_render_request(API_URL, delivery, n, (enum delivery_op)op,
								   true, 0, NULL, &arena, &request, NULL));
				check_request(&request, what);
			}
			arena_release(&arena);
		}
	}
}

static void every_golden_request_is_valid(void **state)
{
	struct arena arena;
	const char **name;
	size_t n;

	(void)state;
	arena_init(&arena);
	name = case_names(&arena, &n);
	for (size_t i = 0; i < n; i++) {
		struct catalog_case one;

		case_open(&one, name[i]);
		case_run(&one);
		for (size_t k = 0; k < 2 * one.n_delivery; k++) {
			const struct delivery_new *from = &one.delivery[k / 2];
			struct delivery delivery = { .kind = from->kind,
						     .external_id = from->external_id,
						     .body = from->body };
			struct klaviyo_request request;

			assert_true(klaviyo_render_request(API_URL, &delivery, 1, from->op, k % 2 == 1, 0,
							   NULL, &one.run, &request, NULL));
			check_request(&request, name[i]);
		}
		case_close(&one);
	}
	arena_release(&arena);
}

static void polls_and_account_are_valid(void **state)
{
	struct arena arena;
	struct klaviyo_request request;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < ENDPOINT_COUNT; i++) {
		if (!endpoint_has_job((enum endpoint)i))
			continue;
		request = klaviyo_render_poll(API_URL, (enum endpoint)i, STR(""), &arena);
		check_request(&request, endpoint_row((enum endpoint)i)->name);
		request = klaviyo_render_poll(API_URL, (enum endpoint)i, STR("01GSQPBF74KQ5YTDEPP41T1BZH"),
					      &arena);
		check_request(&request, endpoint_row((enum endpoint)i)->name);
	}
	request = klaviyo_render_account(API_URL, &arena);
	check_request(&request, "account");
	for (enum klaviyo_kind kind = KLAVIYO_CATEGORY; kind <= KLAVIYO_VARIANT; kind++) {
		request = klaviyo_render_things(API_URL, kind, STR(""), &arena);
		check_request(&request, klaviyo_kind_text(kind));
	}
	request = klaviyo_render_links(API_URL, STR("a b"), STR(""), &arena);
	check_request(&request, "links");
	arena_release(&arena);
}

static void the_headers_are_known(void **state)
{
	const struct json *operation = openapi_operation(&specification, "POST", STR("/api/catalog-items"));
	const struct http_header *header;
	struct arena arena;
	size_t n;

	(void)state;
	arena_init(&arena);
	header = klaviyo_headers(STR("pk_x"), false, true, &arena, &n);
	assert_true(openapi_has_parameter(operation, "header", STR("revision")));
	for (size_t i = 0; i < n; i++) {
		if (str_eq(header[i].name, STR("revision")))
			assert_true(str_eq(header[i].value,
					   json_get_text(json_get(specification.root, "info"), "version")));
		if (str_eq(header[i].name, STR("Content-Type")))
			assert_non_null(openapi_body(&specification, operation));
	}
	arena_release(&arena);
}

/* ---- the table ---- */

/* How many rows a request takes is said in words only, for people. */
static void check_rows_max(const struct json *operation, const struct endpoint_row *row)
{
	static const struct {
		size_t rows_max;
		const char *words[2];
	} said[] = {
		{ 100, { "100 catalog", "Maximum number of profiles per call: 100" } },
		{ 1000, { "Accepts up to 1,000 events", "submitted for subscription: 1000" } },
		{ 10000, { "Accepts up to 10,000 profiles", "10,000" } },
	};
	bool ok = row->rows_max == 1;

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (row->rows_max == said[i].rows_max)
			ok = specification_says(operation, said[i].words[0]) ||
			     specification_says(operation, said[i].words[1]);
	if (!ok)
		fail_msg("%s: not %zu rows", row->name, row->rows_max);
}

static void the_table_agrees_with_the_specification(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < ENDPOINT_COUNT; i++) {
		const struct endpoint_row *row = endpoint_row((enum endpoint)i);
		const struct json *operation =
			openapi_operation(&specification, row->method, str_from(row->path));
		struct endpoint_limits poll = endpoint_poll_limits((enum endpoint)i);
		struct str one = arena_printf(&arena, "%s/x", row->path);

		if (!operation)
			fail_msg("no operation %s %s", row->method, row->path);
		check_limits(operation, row->burst_per_s, row->steady_per_min, row->name);
		check_rows_max(operation, row);
		if (!row->has_job)
			continue;
		check_limits(openapi_operation(&specification, "GET", str_from(row->path)), poll.burst_per_s,
			     poll.steady_per_min, row->name);
		check_limits(openapi_operation(&specification, "GET", one), poll.burst_per_s,
			     poll.steady_per_min, row->name);
	}
	arena_release(&arena);
}

/* ---- the validator itself ---- */

static void spoilt_requests_are_refused(void **state)
{
	(void)state;
	for (int kind = 0; kind <= KLAVIYO_VARIANT; kind++) {
		for (int op = 0; op < DELIVERY_OP_COUNT; op++) {
			struct arena arena;
			struct delivery delivery;
			struct klaviyo_request request;
			struct json *body;
			struct str query;
			const struct json *schema;

			arena_init(&arena);
			delivery = delivery_of((enum klaviyo_kind)kind, FULL, 1, &arena);
			assert_true(klaviyo_render_request(API_URL, &delivery, 1, (enum delivery_op)op, true,
							   0, NULL, &arena, &request, NULL));
			schema = openapi_body(&specification,
					      openapi_operation(&specification, request.method,
								request_path(request.url, &query)));
			assert_true(json_parse(request.body, &body, NULL));
			assert_true(spoil_all(schema, body, body) >= 5);
			assert_true(confuse_all(schema, body, body) >= 7);
			assert_true(request_is_valid(schema, body));
			json_free(body);
			arena_release(&arena);
		}
	}
}

static const struct {
	const char *what, *method, *path, *body;
} broken[] = {
	{ "no data", "POST", "/api/catalog-items", "{}" },
	{ "no attributes", "POST", "/api/catalog-items", "{'data':{'type':'catalog-item'}}" },
	{ "wrong type", "POST", "/api/catalog-items",
	  "{'data':{'type':'catalog-items','attributes':{'external_id':'1','title':'T','description':'D','"
	  "url':'/'}}}" },
	{ "no url", "POST", "/api/catalog-items",
	  "{'data':{'type':'catalog-item','attributes':{'external_id':'1','title':'T','description':'D'}}}" },
	{ "title is null", "POST", "/api/catalog-items",
	  "{'data':{'type':'catalog-item','attributes':{'external_id':'1','title':null,'description':'D','"
	  "url':'/'}}}" },
	{ "price is text", "POST", "/api/catalog-items",
	  "{'data':{'type':'catalog-item','attributes':{'external_id':'1','title':'T','description':'D','url'"
	  ":'/','price':'5'}}}" },
	{ "policy not in the enum", "PATCH", "/api/catalog-variants/x",
	  "{'data':{'type':'catalog-variant','id':'x','attributes':{'inventory_policy':3}}}" },
	{ "policy is a fraction", "PATCH", "/api/catalog-variants/x",
	  "{'data':{'type':'catalog-variant','id':'x','attributes':{'inventory_policy':1.5}}}" },
	{ "external_id in an update", "PATCH", "/api/catalog-items/x",
	  "{'data':{'type':'catalog-item','id':'x','attributes':{'external_id':'x'}}}" },
	{ "item in a variant's update", "PATCH", "/api/catalog-variants/x",
	  "{'data':{'type':'catalog-variant','id':'x','attributes':{},'relationships':{}}}" },
	{ "no id in an update", "PATCH", "/api/catalog-items/x",
	  "{'data':{'type':'catalog-item','attributes':{}}}" },
	{ "id in a create", "POST", "/api/catalog-categories",
	  "{'data':{'type':'catalog-category','id':'x','attributes':{'external_id':'x','name':'N'}}}" },
	{ "variant without item", "POST", "/api/catalog-variants",
	  "{'data':{'type':'catalog-variant','attributes':{'external_id':'1','title':'T','description':'D','"
	  "sku':'S',"
	  "'inventory_quantity':1,'price':1,'url':'/'}}}" },
	{ "rows not in data", "POST", "/api/catalog-item-bulk-delete-jobs",
	  "{'data':{'type':'catalog-item-bulk-delete-job','attributes':{'items':[{'type':'catalog-item','id':"
	  "'x'}]}}}" },
	{ "attributes in a delete", "POST", "/api/catalog-item-bulk-delete-jobs",
	  "{'data':{'type':'catalog-item-bulk-delete-job','attributes':{'items':{'data':[{'type':'catalog-"
	  "item','id':'x',"
	  "'attributes':{}}]}}}}" },
};

static void broken_requests_are_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		const struct json *operation =
			openapi_operation(&specification, broken[i].method, str_from(broken[i].path));
		char *text = arena_cstr(&arena, str_from(broken[i].body));
		struct json *body;

		for (char *at = text; *at; at++)
			if (*at == '\'')
				*at = '"';
		assert_true(json_parse(str_from(text), &body, NULL));
		assert_non_null(operation);
		if (request_is_valid(openapi_body(&specification, operation), body))
			fail_msg("accepted: %s", broken[i].what);
		json_free(body);
	}
	assert_null(openapi_operation(&specification, "PUT", STR("/api/catalog-items")));
	assert_null(openapi_operation(&specification, "GET", STR("/api/catalog-itemz")));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_valid),
		cmocka_unit_test(every_golden_request_is_valid),
		cmocka_unit_test(polls_and_account_are_valid),
		cmocka_unit_test(the_headers_are_known),
		cmocka_unit_test(the_table_agrees_with_the_specification),
		cmocka_unit_test(spoilt_requests_are_refused),
		cmocka_unit_test(broken_requests_are_refused),
	};
	struct err err = { 0 };
	int failed;

	if (!load_specification(&err)) {
		(void)fprintf(stderr, "skipped: klaviyo schema (%s)\n", err.msg);
		return err.code == ERR_NOT_FOUND ? 77 : 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(specification.root);
	return failed;
}
