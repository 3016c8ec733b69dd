/*
 * The schemas of the generic platform's messages: that the files use only keywords we check and name only
 * types that are read, that every type has one, and that what is wrong is found and said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "platform/generic/generic_internal.h"
#include "platform/schema.h"
#include "unit/test_platform_support.h"

static bool is_keyword(struct str name)
{
	struct str rest = STR(SCHEMA_KEYWORDS), keyword;

	while (str_split(&rest, ' ', &keyword))
		if (str_eq(keyword, name))
			return true;
	return false;
}

static void check_schema(const struct schema_set *set, const struct json *file, const struct json *schema);

static void check_each(const struct schema_set *set, const struct json *file, const struct json *schemas)
{
	for (size_t i = 0; json_type(schemas) == JSON_ARRAY && i < json_len(schemas); i++)
		check_schema(set, file, json_at(schemas, i));
	for (void *it = json_first(schemas); it; it = json_next(schemas, it))
		check_schema(set, file, json_member_value(it));
}

/* Only keywords we check, every "$ref" leads somewhere, and what is expected can be said in words. */
static void check_schema(const struct schema_set *set, const struct json *file, const struct json *schema)
{
	static const char *const several[] = { "$defs", "properties", "allOf", "anyOf" };
	static const char *const one[] = { "items", "if", "then", "additionalProperties" };
	struct str ref = json_get_text(schema, "$ref");

	if (json_type(schema) == JSON_TRUE)
		return;
	assert_int_equal(json_type(schema), JSON_OBJECT);
	for (void *it = json_first(schema); it; it = json_next(schema, it))
		if (!is_keyword(json_member_name(it)))
			fail_msg("keyword '%.*s' is not checked", STR_ARG(json_member_name(it)));
	if (ref.len && !schema_find(set, file, ref).schema)
		fail_msg("'%.*s' leads nowhere", STR_ARG(ref));
	if ((json_type(json_get(schema, "type")) == JSON_ARRAY || json_get(schema, "enum") ||
	     json_get(schema, "anyOf") || json_get(schema, "pattern") || json_get(schema, "format")) &&
	    json_get_text(schema, "description").len == 0 && !json_get(schema, "properties"))
		assert_true(json_get(schema, "enum") && json_len(schema) == 1); /* a condition */
	for (size_t i = 0; i < ARRAY_LEN(several); i++)
		check_each(set, file, json_get(schema, several[i]));
	for (size_t i = 0; i < ARRAY_LEN(one); i++)
		if (json_get(schema, one[i]))
			check_schema(set, file, json_get(schema, one[i]));
}

static void test_files_are_ones_we_can_check(void **state)
{
	struct schema_set set;

	(void)state;
	schema_set_init(&set);
	assert_true(n_embedded_texts >= 15);
	for (size_t i = 0; i < n_embedded_texts; i++) {
		print_message("%s\n", embedded_texts[i].name);
		check_schema(&set, set.file[i], set.file[i]);
	}
	schema_set_release(&set);
}

/* The types that message.json has data schemas for. */
static bool is_described(const struct schema_set *set, struct str type)
{
	const struct json *all = json_get(schema_find(set, NULL, STR("message.json")).schema, "allOf");

	for (size_t i = 0; i < json_len(all); i++) {
		const struct json *of = json_get(json_get(json_at(all, i), "if"), "properties");
		const struct json *list = json_get(json_get(of, "type"), "enum");

		for (size_t k = 0; k < json_len(list); k++) {
			assert_non_null(generic_type_find(json_text(json_at(list, k))));
			if (str_eq(json_text(json_at(list, k)), type))
				return true;
		}
	}
	return false;
}

static void checked(const struct schema_set *set, struct str text, struct arena *arena,
		    struct schema_findings *findings)
{
	struct json *json;

	*findings = (struct schema_findings){ .arena = arena };
	assert_true(json_parse(text, &json, NULL));
	schema_check(set, "message", json, findings);
	json_free(json);
}

/* Every type that a fixture proves to be read has a schema. */
static void test_every_type_is_described(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	struct support_pairs none = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &none);
	struct schema_set set;
	struct arena arena;
	size_t n, n_done = 0;

	(void)state;
	arena_init(&arena);
	schema_set_init(&set);
	n = support_fixtures(&arena, "generic", fixture);
	for (size_t i = 0; i < n; i++) {
		struct json *json;
		struct str type;
		struct map_result result;

		if (!json_parse(fixture[i].body, &json, NULL))
			continue;
		type = arena_dup(&arena, json_get_text(json, "type"));
		json_free(json);
		platform_generic_ops.map(&store, type, fixture[i].body, SUPPORT_NOW_MS, &arena, &result);
		if (result.state != MAP_DONE || !generic_type_find(type))
			continue;
		n_done++;
		if (!is_described(&set, type))
			fail_msg("no schema for '%.*s'", STR_ARG(type));
	}
	assert_true(n_done > 60);
	schema_set_release(&set);
	arena_release(&arena);
}

/* The next block between a line "```json" and a line "```"; *rest moves behind it. */
static bool next_example(struct str *rest, struct str *example)
{
	struct str line;

	while (str_split(rest, '\n', &line)) {
		const char *start = rest->p;

		if (!str_eq(line, STR("```json")))
			continue;
		while (str_split(rest, '\n', &line) && !str_eq(line, STR("```")))
			continue;
		*example = str_of(start, (size_t)(line.p - start));
		return true;
	}
	return false;
}

/* Of one message, or one each line. */
static void assert_nothing_found(const struct schema_set *set, struct str example, struct arena *arena)
{
	bool one = json_scan(example, NULL, 0, NULL, NULL, NULL);
	struct schema_findings findings;
	struct str message;

	while (str_split(&example, one ? '\0' : '\n', &message)) {
		checked(set, message, arena, &findings);
		for (size_t i = 0; i < findings.n; i++)
			fail_msg("%.*s\n%.*s: %.*s", STR_ARG(message), STR_ARG(findings.finding[i].pointer),
				 STR_ARG(findings.finding[i].text));
	}
}

static void test_documented_examples_fit(void **state)
{
	struct str text, example;
	struct schema_set set;
	struct arena arena;
	size_t n = 0;

	(void)state;
	arena_init(&arena);
	schema_set_init(&set);
	assert_true(
		file_read(support_path(&arena, "docs/platforms/generic.md"), 1 << 20, &arena, &text, NULL));
	for (; next_example(&text, &example); n++)
		assert_nothing_found(&set, example, &arena);
	assert_true(n > 20);
	schema_set_release(&set);
	arena_release(&arena);
}

#define MESSAGE(type, data) "{\"type\":\"" type "\",\"data\":" data "}"
#define ORDER(more) \
	MESSAGE("order.placed", "{\"order_id\":1,\"total\":\"5\",\"email\":\"a@b.example\"," more "}")

static void test_findings(void **state)
{
	static const struct {
		const char *message, *pointer, *text; /* NULL: nothing is found */
		bool note;
	} rows[] = {
		{ ORDER("\"lines\":[]"), NULL, NULL, false },
		{ ORDER("\"lines\":[],\"number\":null,\"customer\":null"), NULL, NULL, false },
		{ ORDER("\"line_items\":[{\"id\":7,\"quantity\":1.5}]"), NULL, NULL, false },
		{ ORDER("\"lines\":{}"), "/data/lines", "expected a list of at most 1000 lines; found {}",
		  false },
		{ ORDER("\"lines\":[{},{\"quantity\":\"2,5\"}]"), "/data/lines/1/quantity", "found \"2,5\"",
		  false },
		{ ORDER("\"lines\":[],\"totl\":1"), "/data/totl", "\"totl\" is not known", true },
		{ ORDER("\"lines\":[],\"a/b~\\\"\":1"), "/data/a~1b~0\"", "is not known", true },
		{ ORDER("\"currency\":\"EUR\""), "/data", "missing: lines", false },
		{ ORDER("\"lines\":null"), "/data", "missing: lines", false },
		{ ORDER("\"lines\":[],\"placed_at\":\"2026-07-30\""), "/data/placed_at", "a time as RFC 3339",
		  false },
		{ ORDER("\"lines\":[],\"custom\":{\"a\":[]}"), "/data/custom/a", "a text, a number", false },
		{ MESSAGE("order.paid", "{\"order_id\":1.5}"), "/data/order_id", "expected an id", false },
		{ MESSAGE("order.paid", "{\"order_id\":1}"), NULL, NULL, false },
		{ MESSAGE("order.paid", "[]"), "/data", "expected an object", false },
		{ MESSAGE("consent.changed", "{\"email\":\"a@b.example\"}"), "/data", "'state' is missing",
		  false },
		{ MESSAGE("consent.changed", "{\"email\":\"a@b.example\",\"state\":\"yes\"}"), "/data/state",
		  "expected a state: subscribed", false },
		{ MESSAGE("consent.changed", "{\"email\":\"a\",\"state\":\"pending\"}"), "/data/email",
		  "an e-mail address", false },
		{ MESSAGE("price.changed", "{\"product_id\":1,\"price\":null}"), NULL, NULL, false },
		{ MESSAGE("coupon.exploded", "{\"what\":1}"), NULL, NULL, false },
		{ "{\"data\":{}}", "", "'type' is missing", false },
		{ "{\"type\":\"\",\"data\":{}}", "/type", "1 to 200 bytes", false },
		{ "{\"type\":\"stock.changed\"}", "", "missing: data", false },
		{ "[]", "", "expected", false },
		{ "null", "", "expected", false },
	};
	struct schema_findings findings;
	struct schema_set set;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	schema_set_init(&set);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].message);
		checked(&set, str_from(rows[i].message), &arena, &findings);
		for (size_t k = 0; k < findings.n; k++)
			print_message("  %.*s: %.*s\n", STR_ARG(findings.finding[k].pointer),
				      STR_ARG(findings.finding[k].text));
		assert_int_equal(findings.n, rows[i].text ? 1 : 0);
		if (!rows[i].text)
			continue;
		assert_true(str_eq(findings.finding[0].pointer, str_from(rows[i].pointer)));
		assert_non_null(strstr(arena_cstr(&arena, findings.finding[0].text), rows[i].text));
		assert_int_equal(findings.finding[0].note, rows[i].note);
	}
	schema_set_release(&set);
	arena_release(&arena);
}

static void test_findings_are_bounded(void **state)
{
	struct schema_findings findings;
	struct schema_set set;
	struct strbuf text;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	schema_set_init(&set);
	strbuf_init(&text, 1 << 20);
	strbuf_add_text(&text, "{\"type\":\"order.paid\",\"data\":{\"order_id\":1,\"lines\":[1");
	for (size_t i = 0; i < 1500; i++)
		strbuf_add_text(&text, ",1");
	strbuf_add_text(&text, "]}}");
	checked(&set, strbuf_str(&text), &arena, &findings);
	assert_int_equal(findings.n, SCHEMA_FINDINGS_MAX);
	assert_non_null(strstr(arena_cstr(&arena, findings.finding[0].text), "1501 elements; at most 1000"));
	strbuf_release(&text);
	schema_set_release(&set);
	arena_release(&arena);
}

static void test_places(void **state)
{
	static const char text[] = " {\"a\" : [1, {\"b/c\":\"x\"}], \"~\": 2}";
	static const struct {
		const char *pointer;
		char at;
		size_t want;
	} rows[] = {
		{ "", '{', 1 },	     { "/a", '[', 8 },	 { "/a/0", '1', 9 },
		{ "/a/1", '{', 12 }, { "/~0", '2', 31 }, { "/a/1/b~1c", '"', 19 },
		{ "/a/7", '[', 8 },  { "/x/y", '{', 1 }, { "/a/x", '[', 8 },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t got = schema_place(STR(text), str_from(rows[i].pointer), &arena);

		print_message("'%s': %zu\n", rows[i].pointer, got);
		assert_int_equal(text[got], rows[i].at);
		assert_int_equal(got, rows[i].want);
	}
	assert_int_equal(schema_place(STR(""), STR("/a"), &arena), 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_ones_we_can_check),
		cmocka_unit_test(test_every_type_is_described),
		cmocka_unit_test(test_documented_examples_fit),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_findings_are_bounded),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
