/*
 * JSON trees: reading, building, and above all the exact bytes that are written.
 */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct json *parsed(const char *text)
{
	struct json *json = NULL;
	struct err err;

	if (!json_parse(str_from(text), &json, &err))
		fail_msg("'%s': %s", text, err.msg);
	return json;
}

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

/* Writes, compares, and frees the tree. */
static void assert_written(struct json *json, bool sorted, const char *want)
{
	struct strbuf out;

	strbuf_init(&out, 1 << 20);
	json_write(json, sorted, &out);
	json_free(json);
	assert_string_equal(out.p, want);
	strbuf_release(&out);
}

/* ---- reading ---- */

static void test_read(void **state)
{
	struct json *json = parsed(
		"{\"text\":\"\\u00e4\",\"int\":-7,\"real\":1.5,\"yes\":true,\"no\":false,\"none\":null,"
		"\"list\":[1,\"two\",[3]],\"object\":{\"a\":1}}");
	int64_t number = 0;

	(void)state;
	assert_int_equal(json_type(json), JSON_OBJECT);
	assert_int_equal(json_len(json), 8);
	assert_str(json_get_text(json, "text"), "\xc3\xa4");
	assert_true(json_get_int(json, "int", &number));
	assert_int_equal(number, -7);
	assert_false(json_get_int(json, "real", &number) || json_get_int(json, "text", &number));
	assert_true(json_number(json_get(json, "real")) > 1.49 && json_number(json_get(json, "int")) < -6.9);
	assert_true(json_is_true(json_get(json, "yes")));
	assert_true(json_get_bool(json, "yes", false) && json_get_bool(json, "none", true));
	assert_false(json_get_bool(json, "no", true) || json_get_bool(json, "text", false));
	assert_int_equal(json_type(json_get(json, "no")), JSON_FALSE);
	assert_int_equal(json_type(json_get(json, "none")), JSON_NULL);
	assert_int_equal(json_len(json_get(json, "list")), 3);
	assert_str(json_text(json_at(json_get(json, "list"), 1)), "two");
	assert_int_equal(json_type(json_at(json_get(json, "list"), 2)), JSON_ARRAY);
	assert_int_equal(json_type(json_get(json_get(json, "object"), "a")), JSON_INTEGER);
	json_free(json);
}

static void test_not_there(void **state)
{
	struct json *text = parsed("\"x\"");
	int64_t number = 5;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct json *json = i ? text : NULL;

		assert_null(json_get(json, "a"));
		assert_null(json_at(json, 0));
		assert_int_equal(json_len(json), 0);
		assert_int_equal(json_get_text(json, "a").len, 0);
		assert_false(json_get_int(json, "a", &number));
		assert_true(json_get_bool(json, "a", true));
		assert_true(json_number(json) == 0);
		assert_null(json_first(json));
		assert_false(json_is_true(json));
	}
	assert_int_equal(json_type(NULL), JSON_NULL);
	assert_null(json_clone(NULL));
	json_free(text);
	json_free(NULL);
}

static void test_members_in_order(void **state)
{
	static const char *const want[] = { "z", "a", "m", "" };
	struct json *json = parsed("{\"z\":0,\"a\":1,\"m\":2,\"\":3}");
	size_t i = 0;

	(void)state;
	for (void *it = json_first(json); it; it = json_next(json, it), i++) {
		assert_str(json_member_name(it), want[i]);
		assert_int_equal(json_number(json_member_value(it)), i);
	}
	assert_int_equal(i, 4);
	json_free(json);
}

/* Whatever is between the values, and however they are written. */
static void test_read_as_written(void **state)
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ " {} ", "{}" },
		{ "\t[\n]\r", "[]" },
		{ "\"\"", "\"\"" },
		{ "null", "null" },
		{ "7", "7" },
		{ "[ true , false,null ]", "[true,false,null]" },
		{ "{ \"a\" : [ { } , [ ] ] , \"b\" : \"c\" }", "{\"a\":[{},[]],\"b\":\"c\"}" },
		{ "[-0,0,-1,100000000000000000,-99999999999999999]",
		  "[0,0,-1,100000000000000000,-99999999999999999]" },
		{ "[999999999999999999,9223372036854775807,-9223372036854775808]",
		  "[999999999999999999,9223372036854775807,-9223372036854775808]" },
		{ "[1.5,-2.25E2,1e-3,0.1e+1]", "[1.5,-225.0,0.001,1.0]" },
		{ "[0.100000000000000000000000000000000000000000000000000000000000000000001]", "[0.1]" },
		{ "[\"\\\"\",\"\\\\\",\"a\\\\\\\"b\",\"\\u00e4\\ud83d\\ude00\\/\"]",
		  "[\"\\\"\",\"\\\\\",\"a\\\\\\\"b\",\"\xc3\xa4\xf0\x9f\x98\x80/\"]" },
		{ "{\"\\n\":1,\"n\":2,\"\":3,\"\xc3\xa4\":4}", "{\"\\n\":1,\"n\":2,\"\":3,\"\xc3\xa4\":4}" },
		{ "[\"]\",\"}\",\",\",\":\",{\"}\":\"{\"}]", "[\"]\",\"}\",\",\",\":\",{\"}\":\"{\"}]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_written(parsed(row[i].text), false, row[i].want);
}

/* What json_scan lets through and json_parse does not; and that no message quotes the document. */
static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "{\"secret\":1,\n\"secret\":2}", "line 2, column 8: a member name is repeated" },
		{ "[1e999]", "a number is out of range" },
		{ "9223372036854775808", "a number is out of range" },
		{ "{\"ab\":1,\"\\u0061b\":2}", "a member name is repeated" },
		{ "[{},[{\"a\":{\"b\":-1e999}}]]", "a number is out of range" },
		{ "{\"a\":tru}", "line 1, column 6: a value is missing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct json *json = NULL;
		struct err err = { 0 };

		assert_false(json_parse(str_from(row[i].text), &json, &err));
		assert_int_equal(err.code, ERR_INVALID);
		if (!strstr(err.msg, row[i].want) || strstr(err.msg, "secret"))
			fail_msg("row %zu: got '%s', want '%s'", i, err.msg, row[i].want);
	}
}

/* ---- writing ---- */

static void test_decimals(void **state)
{
	static const struct {
		const char *text, *want; /* NULL = refused */
	} row[] = {
		{ "29.98", "29.98" },
		{ "0.1", "0.1" },
		{ "19.99", "19.99" },
		{ "1234567.89", "1234567.89" },
		{ "-0.01", "-0.01" },
		{ "0.3", "0.3" },
		{ "99999999999.99", "99999999999.99" },
		{ "4.35", "4.35" },
		{ "30", "30" },
		{ "0", "0" },
		{ "-5", "-5" },
		{ "30.00", "30.0" },
		{ "30.0", "30.0" },
		{ "0.00", "0.0" },
		{ "30.50", "30.5" },
		{ "1e2", "100.0" },
		{ "1.5e300", "1.5e+300" },
		{ "123456789012.345", "123456789012.345" },
		{ "0.000001", "1e-06" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "1e23", "1e+23" },
		{ "", NULL },
		{ "abc", NULL },
		{ "1,5", NULL },
		{ "29.", NULL },
		{ "01", NULL },
		{ "1e999", NULL },
		{ "NaN", NULL },
		{ "\"1\"", NULL },
		{ "true", NULL },
		{ " 1", NULL },
		{ "[1]", NULL },
		{ "1 2", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct json *json = json_new_decimal(str_from(row[i].text));

		if (!row[i].want)
			assert_null(json);
		else
			assert_written(json, false, row[i].want);
	}
}

/* Every price from 0.00 to 9999.99, and each of them times many: text in, the same text out. */
static void test_every_price(void **state)
{
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 64);
	for (int cents = 1; cents < 1000000; cents += 7) {
		char text[32];
		struct json *json;

		(void)snprintf(text, sizeof(text), "%d%d.%02d", cents % 9 ? 1234567 : 0, cents / 100,
			       cents % 100);
		if (text[0] == '0' && text[1] != '.')
			memmove(text, text + 1, strlen(text));
		if (text[strlen(text) - 1] == '0')
			continue; /* trailing zeros are not kept */
		json = json_new_decimal(str_from(text));
		strbuf_reset(&out);
		json_write(json, false, &out);
		json_free(json);
		assert_string_equal(out.p, text);
	}
	strbuf_release(&out);
}

static void test_texts(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} row[] = {
		{ STR_INIT(""), "\"\"" },
		{ { NULL, 0 }, "\"\"" },
		{ STR_INIT("a/b"), "\"a/b\"" },
		{ STR_INIT("\"\\\b\f\n\r\t\x01\x1f\x7f"), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"" },
		{ STR_INIT("\xc3\xa4\xf0\x9f\x98\x80"), "\"\xc3\xa4\xf0\x9f\x98\x80\"" },
		{ STR_INIT("a\xff"
			   "b\xc3"),
		  "\"a\xef\xbf\xbd"
		  "b\xef\xbf\xbd\"" },
		{ STR_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ STR_INIT("a\0b"), "\"a\xef\xbf\xbd"
				    "b\"" },
		{ STR_INIT("\0"), "\"\xef\xbf\xbd\"" },
	};
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct json *object = json_new_object();
		struct json_position position;
		char want[200];

		strbuf_reset(&out);
		json_write_text(row[i].text, &out);
		assert_string_equal(out.p, row[i].want);
		assert_true(json_scan(strbuf_str(&out), NULL, 0, NULL, &position, NULL));
		assert_written(json_new_text(row[i].text), false, row[i].want);
		json_set_n(object, row[i].text, json_new_bool(true));
		(void)snprintf(want, sizeof(want), "{%s:true}", row[i].want);
		assert_written(object, false, want);
	}
	strbuf_release(&out);
}

static void test_build(void **state)
{
	struct json *object = json_new_object(), *list = json_new_array();

	(void)state;
	json_append(list, json_new_int(INT64_MIN));
	json_append(list, json_new_null());
	json_append(list, NULL);
	json_append(list, json_new_bool(false));
	json_append(list, json_new_object());
	json_append(list, json_new_array());
	json_set(object, "z", list);
	json_set_text(object, "b", STR("x"));
	json_set_text(object, "empty", STR(""));
	json_set(object, "ignored", NULL);
	json_set(object, "B", json_new_text(STR("")));
	json_set(object, "gone", json_new_int(1));
	json_remove(object, "gone");
	json_remove(object, "never");
	json_set(object, "a", json_new_int(1));
	json_set(object, "a", json_new_int(2));
	assert_written(json_clone(object), false,
		       "{\"z\":[-9223372036854775808,null,false,{},[]],\"b\":\"x\",\"B\":\"\",\"a\":2}");
	assert_written(object, true,
		       "{\"B\":\"\",\"a\":2,\"b\":\"x\",\"z\":[-9223372036854775808,null,false,{},[]]}");
	assert_written(NULL, false, "null");
}

static void test_round(void **state)
{
	static const char text[] =
		"{\"b\":[1,2.5,{\"y\":null,\"x\":[]}],\"a\":\"\xc3\xa4\\n\",\"c\":{\"e\":true,\"d\":-0.0}}";

	(void)state;
	assert_written(parsed(text), false, text);
	assert_written(
		parsed(text), true,
		"{\"a\":\"\xc3\xa4\\n\",\"b\":[1,2.5,{\"x\":[],\"y\":null}],\"c\":{\"d\":-0.0,\"e\":true}}");
}

static void test_same(void **state)
{
	struct json *a = parsed("{\"a\":1,\"b\":[1,2]}"), *b = parsed("{\"b\":[1,2],\"a\":1}"),
		    *c = parsed("{\"a\":1.0}");
	struct json *copy = json_clone(a);

	(void)state;
	assert_true(json_same(a, b) && json_same(a, copy));
	assert_false(json_same(a, c) || json_same(a, NULL));
	json_set(copy, "a", json_new_int(2)); /* deep: a stays */
	assert_false(json_same(a, copy));
	assert_true(json_same(a, b));
	json_free(a);
	json_free(b);
	json_free(c);
	json_free(copy);
}

static void test_write_arena_and_ceiling(void **state)
{
	struct json *json = parsed("[1,2,3]");
	struct arena arena;
	struct strbuf out;

	(void)state;
	arena_init(&arena);
	assert_str(json_write_arena(json, false, &arena), "[1,2,3]");
	strbuf_init(&out, 3);
	json_write(json, false, &out);
	assert_true(out.overflow);
	strbuf_release(&out);
	arena_release(&arena);
	json_free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_members_in_order),
		cmocka_unit_test(test_read_as_written),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_every_price),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_write_arena_and_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
