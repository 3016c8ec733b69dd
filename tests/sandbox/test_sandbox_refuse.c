/* Every request that Klaviyo refuses: one row per rule, with the status and the place the error points at. */
#include "rig.h"

#include <string.h>

#define ITEMS "/api/catalog-items"
#define ITEM ITEMS "/" RIG_ID "i1"
#define VARIANTS "/api/catalog-variants"
#define CATEGORIES "/api/catalog-categories"
#define JOBS "/api/catalog-item-bulk-create-jobs"

/* "data" of an item around the attributes given. */
#define NEW_ITEM(attributes) "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{" attributes "}}}"
#define FULL "\"external_id\":\"n\",\"title\":\"t\",\"description\":\"d\",\"url\":\"u\""
#define PATCH_ITEM(attributes) \
	"{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\",\"attributes\":{" attributes "}}}"
#define JOB(rows) \
	"{\"data\":{\"type\":\"catalog-item-bulk-create-job\",\"attributes\":{\"items\":{\"data\":[" rows \
	"]}}}}"
#define ROW "{\"type\":\"catalog-item\",\"attributes\":{" FULL "}}"
#define VARIANT(attributes, relations) \
	"{\"data\":{\"type\":\"catalog-variant\",\"attributes\":{" attributes "}" relations "}}"
#define FULL_VARIANT FULL ",\"sku\":\"s\",\"inventory_quantity\":1,\"price\":2"
#define OF_ITEM(id) ",\"relationships\":{\"item\":{\"data\":{\"type\":\"catalog-item\",\"id\":\"" id "\"}}}"
#define IN_CATEGORY(type, id) \
	"{\"data\":{\"type\":\"catalog-item\",\"attributes\":{" FULL \
	"},\"relationships\":{\"categories\":{\"data\":" \
	"[{\"type\":\"" type "\",\"id\":\"" id "\"}]}}}}"

static const struct row {
	const char *what, *method, *path, *body;
	int status;
	const char *code, *pointer, *parameter; /* of the first error; NULL = not looked at */
} rows[] = {
	/* JSON */
	{ "no body", "POST", ITEMS, NULL, 400, "parse_error" },
	{ "not JSON", "POST", ITEMS, "{\"data\":", 400, "parse_error" },
	{ "twice the same member", "POST", ITEMS, "{\"data\":{},\"data\":{}}", 400, "parse_error" },
	{ "not an object", "POST", ITEMS, "[]", 400, "invalid" },
	{ "data missing", "POST", ITEMS, "{}", 400, "invalid", "/data" },
	{ "data null", "POST", ITEMS, "{\"data\":null}", 400, "invalid", "/data" },
	{ "data of the wrong type", "POST", ITEMS, "{\"data\":[]}", 400, "invalid", "/data" },
	/* unknown members, at every depth */
	{ "unknown beside data", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{" FULL "}},\"x\":1}", 400, "invalid", "/x" },
	{ "unknown in data", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-item\",\"meta\":{},\"attributes\":{" FULL "}}}", 400, "invalid",
	  "/data/meta" },
	{ "id on create", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "n\",\"attributes\":{" FULL "}}}", 400,
	  "invalid", "/data/id" },
	{ "unknown attribute", "POST", ITEMS, NEW_ITEM(FULL ",\"brand\":\"b\""), 400, "invalid",
	  "/data/attributes/brand" },
	{ "name with a slash is escaped", "POST", ITEMS, NEW_ITEM(FULL ",\"a/b~c\":1"), 400, "invalid",
	  "/data/attributes/a~1b~0c" },
	{ "attribute of another kind", "POST", ITEMS, NEW_ITEM(FULL ",\"sku\":\"s\""), 400, "invalid",
	  "/data/attributes/sku" },
	{ "read-only attribute", "POST", ITEMS, NEW_ITEM(FULL ",\"created\":\"2026-01-01T00:00:00Z\""), 400,
	  "invalid", "/data/attributes/created" },
	{ "unknown relation", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{" FULL
	  "},\"relationships\":{\"variants\":{}}}}",
	  400, "invalid", "/data/relationships/variants" },
	{ "external_id on update", "PATCH", ITEM, PATCH_ITEM("\"external_id\":\"i1\""), 400, "invalid",
	  "/data/attributes/external_id" },
	{ "integration_type on update", "PATCH", ITEM, PATCH_ITEM("\"integration_type\":\"$custom\""), 400,
	  "invalid", "/data/attributes/integration_type" },
	{ "relation on update of a variant", "PATCH", VARIANTS "/" RIG_ID "v1",
	  "{\"data\":{\"type\":\"catalog-variant\",\"id\":\"" RIG_ID
	  "v1\",\"attributes\":{}" OF_ITEM(RIG_ID "i1") "}}",
	  400, "invalid", "/data/relationships" },
	/* required members */
	{ "attributes missing", "POST", ITEMS, "{\"data\":{\"type\":\"catalog-item\"}}", 400, "invalid",
	  "/data/attributes" },
	{ "type missing", "POST", ITEMS, "{\"data\":{\"attributes\":{" FULL "}}}", 400, "invalid",
	  "/data/type" },
	{ "external_id missing", "POST", ITEMS,
	  NEW_ITEM("\"title\":\"t\",\"description\":\"d\",\"url\":\"u\""), 400, "invalid",
	  "/data/attributes/external_id" },
	{ "title missing", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"n\",\"description\":\"d\",\"url\":\"u\""), 400, "invalid",
	  "/data/attributes/title" },
	{ "description missing", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"n\",\"title\":\"t\",\"url\":\"u\""), 400, "invalid",
	  "/data/attributes/description" },
	{ "url missing", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"n\",\"title\":\"t\",\"description\":\"d\""), 400, "invalid",
	  "/data/attributes/url" },
	{ "id missing on update", "PATCH", ITEM, "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{}}}",
	  400, "invalid", "/data/id" },
	{ "attributes missing on update", "PATCH", ITEM,
	  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\"}}", 400, "invalid",
	  "/data/attributes" },
	{ "sku missing", "POST", VARIANTS,
	  VARIANT(FULL ",\"inventory_quantity\":1,\"price\":2", OF_ITEM(RIG_ID "i1")), 400, "invalid",
	  "/data/attributes/sku" },
	{ "price of a variant missing", "POST", VARIANTS,
	  VARIANT(FULL ",\"sku\":\"s\",\"inventory_quantity\":1", OF_ITEM(RIG_ID "i1")), 400, "invalid",
	  "/data/attributes/price" },
	{ "quantity missing", "POST", VARIANTS,
	  VARIANT(FULL ",\"sku\":\"s\",\"price\":1", OF_ITEM(RIG_ID "i1")), 400, "invalid",
	  "/data/attributes/inventory_quantity" },
	{ "item of a variant missing", "POST", VARIANTS, VARIANT(FULL_VARIANT, ""), 400, "invalid",
	  "/data/relationships" },
	{ "item relation empty", "POST", VARIANTS, VARIANT(FULL_VARIANT, ",\"relationships\":{\"item\":{}}"),
	  400, "invalid", "/data/relationships/item/data" },
	{ "name of a category missing", "POST", CATEGORIES,
	  "{\"data\":{\"type\":\"catalog-category\",\"attributes\":{\"external_id\":\"n\"}}}", 400, "invalid",
	  "/data/attributes/name" },
	/* types, null, allowed values */
	{ "type of another resource", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-items\",\"attributes\":{" FULL "}}}", 400, "invalid", "/data/type" },
	{ "title a number", "PATCH", ITEM, PATCH_ITEM("\"title\":5"), 400, "invalid",
	  "/data/attributes/title" },
	{ "title null on create", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"n\",\"title\":null,\"description\":\"d\",\"url\":\"u\""), 400,
	  "invalid", "/data/attributes/title" },
	{ "description null on create", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"n\",\"title\":\"t\",\"description\":null,\"url\":\"u\""), 400,
	  "invalid", "/data/attributes/description" },
	{ "price of a variant null", "POST", VARIANTS,
	  VARIANT(FULL ",\"sku\":\"s\",\"inventory_quantity\":1,\"price\":null", OF_ITEM(RIG_ID "i1")), 400,
	  "invalid", "/data/attributes/price" },
	{ "external_id empty", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"\",\"title\":\"t\",\"description\":\"d\",\"url\":\"u\""), 400,
	  "invalid", "/data/attributes/external_id" },
	{ "price a string", "PATCH", ITEM, PATCH_ITEM("\"price\":\"5\""), 400, "invalid",
	  "/data/attributes/price" },
	{ "published a string", "PATCH", ITEM, PATCH_ITEM("\"published\":\"yes\""), 400, "invalid",
	  "/data/attributes/published" },
	{ "images a string", "PATCH", ITEM, PATCH_ITEM("\"images\":\"x\""), 400, "invalid",
	  "/data/attributes/images" },
	{ "images of numbers", "PATCH", ITEM, PATCH_ITEM("\"images\":[\"a\",1]"), 400, "invalid",
	  "/data/attributes/images/1" },
	{ "metadata not flat", "PATCH", ITEM, PATCH_ITEM("\"custom_metadata\":{\"a\":{}}"), 400, "invalid",
	  "/data/attributes/custom_metadata" },
	{ "metadata with a list", "PATCH", ITEM, PATCH_ITEM("\"custom_metadata\":{\"a\":[1]}"), 400,
	  "invalid", "/data/attributes/custom_metadata" },
	{ "metadata a list", "PATCH", ITEM, PATCH_ITEM("\"custom_metadata\":[]"), 400, "invalid",
	  "/data/attributes/custom_metadata" },
	{ "another integration", "POST", ITEMS, NEW_ITEM(FULL ",\"integration_type\":\"$shopify\""), 400,
	  "invalid", "/data/attributes/integration_type" },
	{ "another catalog", "POST", ITEMS, NEW_ITEM(FULL ",\"catalog_type\":\"de\""), 400, "invalid",
	  "/data/attributes/catalog_type" },
	{ "policy out of range", "POST", VARIANTS,
	  VARIANT(FULL_VARIANT ",\"inventory_policy\":3", OF_ITEM(RIG_ID "i1")), 400, "invalid",
	  "/data/attributes/inventory_policy" },
	{ "policy not an integer", "POST", VARIANTS,
	  VARIANT(FULL_VARIANT ",\"inventory_policy\":1.5", OF_ITEM(RIG_ID "i1")), 400, "invalid",
	  "/data/attributes/inventory_policy" },
	{ "relationships null", "POST", ITEMS,
	  "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{" FULL "},\"relationships\":null}}", 400,
	  "invalid", "/data/relationships" },
	/* ids */
	{ "id of the body is not that of the path", "PATCH", ITEM,
	  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i2\",\"attributes\":{}}}", 400, "invalid",
	  "/data/id" },
	{ "id without its prefix", "PATCH", ITEM,
	  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"i1\",\"attributes\":{}}}", 400, "invalid",
	  "/data/id" },
	{ "bare id in the path", "GET", ITEMS "/i1", NULL, 400, "invalid" },
	{ "link of another type", "POST", ITEMS, IN_CATEGORY("catalog-item", RIG_ID "c1"), 400, "invalid",
	  "/data/relationships/categories/data/0/type" },
	{ "link without the prefix", "POST", ITEMS, IN_CATEGORY("catalog-category", "c1"), 400, "invalid",
	  "/data/relationships/categories/data/0/id" },
	{ "links of a relationship body not a list", "POST", ITEM "/relationships/categories",
	  "{\"data\":{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c1\"}}", 400, "invalid", "/data" },
	/* what must exist, what must not */
	{ "item exists", "POST", ITEMS,
	  NEW_ITEM("\"external_id\":\"i1\",\"title\":\"t\",\"description\":\"d\",\"url\":\"u\""), 409,
	  "duplicate_item" },
	{ "no such item to get", "GET", ITEMS "/" RIG_ID "none", NULL, 404, "not_found", "/data/" },
	{ "no such item to update", "PATCH", ITEMS "/" RIG_ID "none",
	  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "none\",\"attributes\":{}}}", 404,
	  "not_found", "/data/" },
	{ "no such item to delete", "DELETE", ITEMS "/" RIG_ID "none", NULL, 404, "not_found", "/data/" },
	{ "category of an item does not exist", "POST", ITEMS, IN_CATEGORY("catalog-category", RIG_ID "none"),
	  404, "not_found", "/data/relationships/categories/data" },
	{ "item of a variant does not exist", "POST", VARIANTS, VARIANT(FULL_VARIANT, OF_ITEM(RIG_ID "none")),
	  404, "not_found", "/data/relationships/item/data" },
	{ "link exists", "POST", ITEM "/relationships/categories",
	  "{\"data\":[{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c1\"}]}", 409, "duplicate_relation",
	  "/data/id" },
	/* jobs */
	{ "job without rows", "POST", JOBS, JOB(""), 400, "invalid", "/data/attributes/items/data" },
	{ "job of another type", "POST", JOBS,
	  "{\"data\":{\"type\":\"catalog-item-bulk-update-job\",\"attributes\":{\"items\":{\"data\":[" ROW
	  "]}}}}",
	  400, "invalid", "/data/type" },
	{ "job with rows of another name", "POST", JOBS,
	  "{\"data\":{\"type\":\"catalog-item-bulk-create-job\",\"attributes\":{\"variants\":{\"data\":[]}}}"
	  "}",
	  400, "invalid", "/data/attributes/items" },
	{ "one bad row in a job", "POST", JOBS,
	  JOB(ROW "," ROW ",{\"type\":\"catalog-item\",\"attributes\":{}}"), 400, "invalid",
	  "/data/attributes/items/data/2/attributes/external_id" },
	{ "row null", "POST", JOBS, JOB("null"), 400, "invalid", "/data/attributes/items/data/0" },
	{ "row of an update job without id", "POST", "/api/catalog-item-bulk-update-jobs",
	  "{\"data\":{\"type\":\"catalog-item-bulk-update-job\",\"attributes\":{\"items\":{\"data\":"
	  "[{\"type\":\"catalog-item\",\"attributes\":{}}]}}}}",
	  400, "invalid", "/data/attributes/items/data/0/id" },
	{ "row of a delete job with attributes", "POST", "/api/catalog-item-bulk-delete-jobs",
	  "{\"data\":{\"type\":\"catalog-item-bulk-delete-job\",\"attributes\":{\"items\":{\"data\":"
	  "[{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\",\"attributes\":{}}]}}}}",
	  400, "invalid", "/data/attributes/items/data/0/attributes" },
	{ "no such job", "GET", JOBS "/01ABC", NULL, 404, "not_found" },
	/* parameters */
	{ "unknown parameter", "GET", ITEMS "?limit=5", NULL, 400, "invalid", NULL, "limit" },
	{ "page size zero", "GET", ITEMS "?page%5Bsize%5D=0", NULL, 400, "invalid", NULL, "page[size]" },
	{ "page size over 100", "GET", ITEMS "?page[size]=101", NULL, 400, "invalid", NULL, "page[size]" },
	{ "page size of jobs", "GET", JOBS "?page[size]=10", NULL, 400, "invalid", NULL, "page[size]" },
	{ "broken cursor", "GET", ITEMS "?page[cursor]=xyz", NULL, 400, "invalid", NULL, "page[cursor]" },
	{ "unknown sort", "GET", ITEMS "?sort=title", NULL, 400, "invalid", NULL, "sort" },
	{ "unknown include", "GET", ITEMS "?include=categories", NULL, 400, "invalid", NULL, "include" },
	{ "include where there is none", "GET", VARIANTS "?include=item", NULL, 400, "invalid", NULL,
	  "include" },
	{ "unknown sparse field", "GET", ITEMS "?fields[catalog-item]=title,brand", NULL, 400, "invalid",
	  NULL, "fields[catalog-item]" },
	{ "filter not closed", "GET", ITEMS "?filter=any(ids,[%27a%27)", NULL, 400, "invalid", NULL,
	  "filter" },
	{ "filter with a tail", "GET", ITEMS "?filter=equals(published,true)x", NULL, 400, "invalid", NULL,
	  "filter" },
	{ "filter on an unknown field", "GET", ITEMS "?filter=equals(price,5)", NULL, 400, "invalid", NULL,
	  "filter" },
	{ "filter with the wrong operator", "GET", ITEMS "?filter=equals(ids,%27a%27)", NULL, 400, "invalid",
	  NULL, "filter" },
	/* paths */
	{ "unknown path", "GET", "/api/catalog-products", NULL, 404, "not_found" },
	{ "method not allowed", "PUT", ITEM, NULL, 405, "method_not_allowed" },
	{ "variants of an item cannot be linked", "POST", ITEM "/relationships/variants", "{\"data\":[]}",
	  405, "method_not_allowed" },
};

static struct rig *filled_rig(void)
{
	struct rig *rig = rig_new();

	rig_add(rig, CATEGORIES, rig_category(rig, "c1"));
	rig_add(rig, ITEMS, rig_item(rig, "i1", ""));
	rig_add(rig, VARIANTS, rig_variant(rig, "v1", "i1", ""));
	rig_check_status("link",
			 rig_send(rig, "POST", ITEM "/relationships/categories",
				  "{\"data\":[{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c1\"}]}"),
			 204);
	return rig;
}

/* What the sandbox holds, without times. */
static const char *fingerprint(struct rig *rig)
{
	rig_check_status("state", rig_send(rig, "GET", "/sandbox/state", NULL), 200);
	return arena_cstr(&rig->arena, rig->reply.body);
}

static void test_refused(void **state)
{
	struct rig *rig = filled_rig();
	const char *before = fingerprint(rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];

		rig_check_status(row->what, rig_send(rig, row->method, row->path, row->body), row->status);
		rig_check_text(rig, row->what, "errors.0.code", row->code);
		if (row->pointer)
			rig_check_text(rig, row->what, "errors.0.source.pointer", row->pointer);
		if (row->parameter)
			rig_check_text(rig, row->what, "errors.0.source.parameter", row->parameter);
		rig_wait(rig, 1000);
		if (strcmp(fingerprint(rig), before) != 0)
			fail_msg("%s: the refused request changed something", row->what);
	}
	rig_free(rig);
}

/* The refusals that recordings of the live API show word for word. */
static void test_recorded_texts(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	(void)rig_send(rig, "GET", ITEMS "/" RIG_ID "x", NULL);
	rig_check_text(rig, "404", "errors.0.detail", "An item with the id `" RIG_ID "x` does not exist.");
	rig_check_text(rig, "404", "errors.0.title", "Not found.");
	rig_check_text(rig, "404", "errors.0.status", "404");
	(void)rig_send(rig, "POST", ITEM "/relationships/categories",
		       "{\"data\":[{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c1\"}]}");
	rig_check_text(rig, "409", "errors.0.detail",
		       "One or more of the relations specified for the item with id `" RIG_ID
		       "i1` already exists.");
	(void)rig_send(rig, "POST", CATEGORIES,
		       "{\"data\":{\"type\":\"catalog-category\",\"attributes\":{\"name\":\"n\"}}}");
	rig_check_text(rig, "400", "errors.0.detail",
		       "'external_id' is a required field for the resource 'catalog-category'.");
	rig_check_text(rig, "400", "errors.0.title", "Invalid input.");
	rig_free(rig);
}

static void test_all_faults_at_once(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	rig_check_status("many",
			 rig_send(rig, "POST", ITEMS, NEW_ITEM("\"title\":1,\"price\":\"x\",\"y\":2")), 400);
	/* three required ones are missing, two have the wrong type, one is unknown */
	assert_int_equal(json_len(rig_at(rig, "errors")), 6);
	rig_free(rig);
}

static void test_row_maximum(void **state)
{
	struct rig *rig = filled_rig();
	struct strbuf body;

	(void)state;
	for (int n = 100; n <= 101; n++) {
		strbuf_init(&body, 1000000);
		strbuf_add_text(&body, "{\"data\":{\"type\":\"catalog-item-bulk-create-job\",\"attributes\":{"
				       "\"items\":{\"data\":[");
		for (int i = 0; i < n; i++)
			strbuf_addf(&body, "%s" ROW, i ? "," : "");
		strbuf_add_text(&body, "]}}}}");
		rig_check_status("rows", rig_send(rig, "POST", JOBS, body.p), n == 100 ? 202 : 400);
		strbuf_release(&body);
	}
	rig_check_text(rig, "101 rows", "errors.0.source.pointer", "/data/attributes/items/data");
	rig_free(rig);
}

/* 100 KB of metadata pass, a little more does not. */
static void test_metadata_maximum(void **state)
{
	struct rig *rig = filled_rig();
	char *text = arena_alloc(&rig->arena, SHAPE_FLAT_BYTES_MAX + 1);
	const size_t around = strlen("{\"a\":\"\"}");

	(void)state;
	memset(text, 'x', SHAPE_FLAT_BYTES_MAX);
	for (size_t over = 0; over <= 1; over++) {
		text[SHAPE_FLAT_BYTES_MAX - around + over] = '\0';
		rig_check_status("metadata", rig_send(rig, "PATCH", ITEM, rig_printf(rig,
				 PATCH_ITEM("\"custom_metadata\":{\"a\":\"%s\"}"), text)), over ? 400 : 200);
		text[SHAPE_FLAT_BYTES_MAX - around + over] = 'x';
	}
	rig_check_text(rig, "metadata", "errors.0.source.pointer", "/data/attributes/custom_metadata");
	rig_free(rig);
}

/* Key, revision, content type: each in turn is wrong, the rest is right. */
static void test_headers(void **state)
{
	static const struct header_row {
		const char *what, *key, *revision, *type;
		int status;
		const char *code;
	} header_rows[] = {
		{ "all right", RIG_KEY, "2026-07-15", JSON_API_TYPE, 201, "" },
		{ "no key", NULL, "2026-07-15", JSON_API_TYPE, 401, "not_authenticated" },
		{ "key without prefix", "abcdef123456", "2026-07-15", JSON_API_TYPE, 401,
		  "authentication_failed" },
		{ "key too short", "pk_abc", "2026-07-15", JSON_API_TYPE, 401, "authentication_failed" },
		{ "key with a space", "pk_abc def123", "2026-07-15", JSON_API_TYPE, 401,
		  "authentication_failed" },
		{ "no revision", RIG_KEY, NULL, JSON_API_TYPE, 400, "invalid" },
		{ "never published", RIG_KEY, "2026-07-16", JSON_API_TYPE, 400, "invalid" },
		{ "beta", RIG_KEY, "2026-07-15.pre", JSON_API_TYPE, 400, "invalid" },
		{ "older revision", RIG_KEY, "2025-10-15", JSON_API_TYPE, 201, "" },
		{ "no content type", RIG_KEY, "2026-07-15", NULL, 415, "unsupported_media_type" },
		{ "text", RIG_KEY, "2026-07-15", "text/plain", 415, "unsupported_media_type" },
		{ "plain JSON", RIG_KEY, "2026-07-15", "application/json; charset=utf-8", 201, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		struct rig *rig = rig_new();

		rig->key = row->key;
		rig->revision = row->revision;
		rig->content_type = row->type;
		rig_check_status(row->what, rig_send(rig, "POST", ITEMS, rig_item(rig, "i1", "")),
				 row->status);
		rig_check_text(rig, row->what, "errors.0.code", row->code);
		rig_free(rig);
	}
}

static void test_retired_revision(void **state)
{
	struct rig *rig = rig_new();
	struct request request = {
		.method = STR("GET"), .path = STR(ITEMS), .authorization = STR("Klaviyo-API-Key " RIG_KEY),
		.revision = STR("2024-02-15"),
	};

	(void)state;
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	rig_check_status("falls forward", rig->reply.status, 200);
	request.fall_forward_opt_out = STR("1");
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	rig_check_status("opted out", rig->reply.status, 410);
	request.revision = STR("2024-07-15");
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	rig_check_status("two years old to the day", rig->reply.status, 200);
	rig_free(rig);
}

static void test_body_too_large(void **state)
{
	struct rig *rig = rig_new();
	struct request request = {
		.method = STR("POST"), .path = STR(ITEMS), .authorization = STR("Klaviyo-API-Key " RIG_KEY),
		.revision = STR("2026-07-15"), .content_type = STR(JSON_API_TYPE), .body_too_large = true,
	};

	(void)state;
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	rig_check_status("too large", rig->reply.status, 413);
	request.body_too_large = false;
	request.body = STR("{}");
	request.content_encoding = STR("gzip");
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	rig_check_status("gzip", rig->reply.status, 415);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_recorded_texts),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_row_maximum),
		cmocka_unit_test(test_metadata_maximum),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_retired_revision),
		cmocka_unit_test(test_body_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
