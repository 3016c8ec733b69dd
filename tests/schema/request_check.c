/*
 * Checking requests against the specification (see the header).
 */
#include "schema/request_check.h"

#include "base/file.h"
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SPECIFICATION_BYTES_MAX 50000000
#define BODY_BYTES_MAX		5000000
#define METADATA_BYTES_MAX	100000

struct openapi specification;

/* ---- a request ---- */

struct str request_path(struct str url, struct str *query)
{
	struct str path = str_skip(url, API_URL.len);
	size_t end = str_find_char(path, '?');

	assert_true(str_starts(url, API_URL));
	*query = str_skip(path, end + 1);
	return str_of(path.p, end);
}

/* custom_metadata: "flat JSON", "may not exceed 100kb"; the schema says only that it is an object. */
static void check_metadata(const struct json *value)
{
	const struct json *metadata = json_get(json_get(value, "attributes"), "custom_metadata");
	struct strbuf text;

	for (void *it = json_first(metadata); it; it = json_next(metadata, it))
		assert_int_equal(json_type(json_member_value(it)), JSON_STRING);
	strbuf_init(&text, 2 * METADATA_BYTES_MAX);
	json_write(metadata, false, &text);
	assert_true(text.len <= METADATA_BYTES_MAX);
	strbuf_release(&text);
}

static void check_rows(const struct json *body, size_t rows_max)
{
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");
	const struct json *list = attributes;

	check_metadata(json_get(body, "data"));
	for (void *it = json_first(attributes); it && rows_max > 1; it = json_next(attributes, it))
		if (json_get(json_member_value(it), "data"))
			list = json_get(json_member_value(it), "data");
	if (rows_max > 1)
		assert_true(json_len(list) >= 1 && json_len(list) <= rows_max);
	for (size_t i = 0; rows_max > 1 && i < json_len(list); i++)
		check_metadata(json_at(list, i));
}

static void check_body(const struct klaviyo_request *request, const struct json *operation, const char *what)
{
	const struct json *schema = openapi_body(&specification, operation);
	struct json *body = NULL;
	struct strbuf faults;
	struct err err = { 0 };

	assert_int_equal(request->body.len > 0, schema != NULL);
	if (request->body.len == 0)
		return;
	assert_true(request->body.len <= BODY_BYTES_MAX);
	if (!json_parse(request->body, &body, &err))
		fail_msg("%s: %s", what, err.msg);
	strbuf_init(&faults, 100000);
	if (!openapi_check(&specification, schema, body, &faults))
		fail_msg("%s\n%s", what, faults.p);
	check_rows(body, endpoint_row(request->endpoint)->rows_max);
	strbuf_release(&faults);
	json_free(body);
}

/* Every parameter is one that the operation has. */
static void check_query(const struct json *operation, struct str query, const char *what)
{
	struct str part, name;
	struct arena arena;

	arena_init(&arena);
	while (str_split(&query, '&', &part)) {
		assert_true(url_decode(str_of(part.p, str_find_char(part, '=')), &arena, &name));
		if (!openapi_has_parameter(operation, "query", name))
			fail_msg("%s: no parameter %.*s", what, STR_ARG(name));
	}
	arena_release(&arena);
}

const struct json *check_request(const struct klaviyo_request *request, const char *what)
{
	struct str query;
	const struct json *operation =
		openapi_operation(&specification, request->method, request_path(request->url, &query));

	if (!operation)
		fail_msg("%s: no operation %s %.*s", what, request->method, STR_ARG(request->url));
	check_query(operation, query, what);
	check_body(request, operation, what);
	return operation;
}

/* ---- what the specification says ---- */

void check_limits(const struct json *operation, int burst, int steady, const char *name)
{
	const struct json *limits = json_get(operation, "x-klaviyo-ratelimit");
	char want[2][32];

	(void)snprintf(want[0], sizeof(want[0]), "%d/s", burst);
	(void)snprintf(want[1], sizeof(want[1]), "%d/m", steady);
	if (!str_eq(json_get_text(limits, "burst"), str_from(want[0])) ||
	    !str_eq(json_get_text(limits, "steady"), str_from(want[1])))
		fail_msg("%s: %s, %s, the specification says %.*s, %.*s", name, want[0], want[1],
			 STR_ARG(json_get_text(limits, "burst")), STR_ARG(json_get_text(limits, "steady")));
}

bool specification_says(const struct json *operation, const char *text)
{
	struct str description = json_get_text(operation, "description");

	for (size_t i = 0; i + strlen(text) <= description.len; i++)
		if (memcmp(description.p + i, text, strlen(text)) == 0)
			return true;
	return false;
}

/* ---- the validator itself ---- */

bool request_is_valid(const struct json *schema, const struct json *body)
{
	struct strbuf faults;
	bool ok;

	strbuf_init(&faults, 100000);
	ok = openapi_check(&specification, schema, body, &faults);
	strbuf_release(&faults);
	return ok;
}

/* May hold anything. */
static bool is_free(struct str name)
{
	return str_eq(name, STR("custom_metadata")) || str_eq(name, STR("properties"));
}

size_t spoil_all(const struct json *schema, const struct json *root, struct json *value)
{
	size_t n = 0;

	if (json_type(value) == JSON_OBJECT) {
		json_set(value, "not_in_the_specification", json_new_int(1));
		assert_false(request_is_valid(schema, root));
		json_remove(value, "not_in_the_specification");
		n++;
	}
	for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value); i++)
		n += spoil_all(schema, root, json_at(value, i));
	for (void *it = json_first(value); it; it = json_next(value, it)) {
		struct str name = json_member_name(it);
		struct json *member = json_member_value(it);

		if (is_free(name))
			continue;
		n += spoil_all(schema, root, member);
	}
	return n;
}

size_t confuse_all(const struct json *schema, const struct json *root, struct json *value)
{
	size_t n = 0;

	for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value); i++)
		n += confuse_all(schema, root, json_at(value, i));
	for (void *it = json_first(value); it; it = json_next(value, it)) {
		struct str name = json_member_name(it);
		struct json *before = json_clone(json_member_value(it));
		bool is_list = json_type(before) == JSON_ARRAY;

		if (!is_free(name))
			n += confuse_all(schema, root, json_member_value(it));
		json_set_n(value, name, is_list ? json_new_object() : json_new_array());
		if (request_is_valid(schema, root))
			fail_msg("%.*s may be anything", STR_ARG(name));
		n++;
		json_set_n(value, name, before);
		it = json_first(value);
		while (!str_eq(json_member_name(it), name))
			it = json_next(value, it);
	}
	return n;
}

/* ---- the file ---- */

bool load_specification(struct err *err)
{
	const char *dir = getenv("PANNIER_SOURCE_DIR");
	const char *place = getenv("PANNIER_KLAVIYO_OPENAPI");
	struct str source = str_from(dir ? dir : ".");
	struct arena arena;
	struct str path, text;
	bool ok;

	arena_init(&arena);
	path = place ? str_from(place)
		     : arena_printf(&arena, "%.*s/../shared/klaviyo-openapi", STR_ARG(source));
	if (!str_ends(path, STR(".json")))
		path = arena_printf(&arena, "%.*s/stable.json", STR_ARG(path));
	ok = file_read(arena_cstr(&arena, path), SPECIFICATION_BYTES_MAX, &arena, &text, err) &&
	     json_parse(text, &specification.root, err);
	arena_release(&arena);
	return ok;
}
