/*
 * json_scan: proves that it accepts and refuses what jansson accepts and refuses (a table, and thousands of
 *            mutated
 * documents), that positions are right, and that members and elements are pointed at exactly.
 */
#include "base/json.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool scan(struct str text, struct json_position *position)
{
	struct json_member member[4];
	struct err err = { 0 };
	size_t n;
	bool ok = json_scan(text, member, 4, &n, position, &err);

	assert_int_equal(err.code, ok ? ERR_NONE : ERR_INVALID);
	return ok;
}

static bool parse(struct str text, struct err *err)
{
	struct json *json;

	if (!json_parse(text, &json, err))
		return false;
	json_free(json);
	return true;
}

static const struct str good[] = {
	STR_INIT("{}"),
	STR_INIT("[]"),
	STR_INIT("null"),
	STR_INIT("true"),
	STR_INIT("false"),
	STR_INIT("\"\""),
	STR_INIT("0"),
	STR_INIT("-0"),
	STR_INIT("-0.0"),
	STR_INIT(" \t\r\n{ } \n"),
	STR_INIT("[ ]"),
	STR_INIT("[1,2 , 3]"),
	STR_INIT("[[],{},[{}]]"),
	STR_INIT("{\"a\":1,\"b\":[true,null]}"),
	STR_INIT("1.5"),
	STR_INIT("1e5"),
	STR_INIT("1E+5"),
	STR_INIT("1e-5"),
	STR_INIT("-1.25e0"),
	STR_INIT("9223372036854775807"),
	STR_INIT("-9223372036854775808"),
	STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	STR_INIT("\"\\u0041\\u00e4\\u20AC\""),
	STR_INIT("\"\\ud83d\\ude00\""),
	STR_INIT("\"\xc3\xa4\""),
	STR_INIT("\"\xe2\x82\xac\""),
	STR_INIT("\"\xf0\x9f\x98\x80\""),
	STR_INIT("\"\xf4\x8f\xbf\xbf\""),
	STR_INIT("\"\xed\x9f\xbf\xee\x80\x80\""),
	STR_INIT("\"\xe0\xa0\x80\xf0\x90\x80\x80\""),
	STR_INIT("\"\x7f\""),
	STR_INIT("{\"\":\"\"}"),
	STR_INIT("\"a long text that is read eight bytes at a time, then byte by byte\""),
	STR_INIT("\"1234567\\n1234567\xc3\xa4 1234567\""),
	STR_INIT("{\"\\u0061\":0}"),
	STR_INIT("[1.0,0.1e-7]"),
};

static const struct {
	struct str text;
	size_t offset;
} bad[] = {
	{ STR_INIT(""), 0 },
	{ STR_INIT(" "), 1 },
	{ STR_INIT("{"), 1 },
	{ STR_INIT("}"), 0 },
	{ STR_INIT("["), 1 },
	{ STR_INIT("]"), 0 },
	{ STR_INIT("[1"), 2 },
	{ STR_INIT("[1,"), 3 },
	{ STR_INIT("[1,]"), 3 },
	{ STR_INIT("[,1]"), 1 },
	{ STR_INIT("[1 2]"), 3 },
	{ STR_INIT("[}"), 1 },
	{ STR_INIT("{]"), 1 },
	{ STR_INIT("[1}"), 2 },
	{ STR_INIT("{\"a\":1]"), 6 },
	{ STR_INIT("{\"a\"}"), 4 },
	{ STR_INIT("{\"a\":}"), 5 },
	{ STR_INIT("{\"a\" 1}"), 5 },
	{ STR_INIT("{\"a\":1,}"), 7 },
	{ STR_INIT("{,}"), 1 },
	{ STR_INIT("{a:1}"), 1 },
	{ STR_INIT("{1:1}"), 1 },
	{ STR_INIT("{\"a\":1 \"b\":2}"), 7 },
	{ STR_INIT("{\"a\":1,,\"b\":2}"), 7 },
	{ STR_INIT("{'a':1}"), 1 },
	{ STR_INIT("nul"), 0 },
	{ STR_INIT("nulL"), 0 },
	{ STR_INIT("True"), 0 },
	{ STR_INIT("truex"), 4 },
	{ STR_INIT("NaN"), 0 },
	{ STR_INIT("Infinity"), 0 },
	{ STR_INIT("-Infinity"), 1 },
	{ STR_INIT("01"), 1 },
	{ STR_INIT("-01"), 2 },
	{ STR_INIT("-"), 1 },
	{ STR_INIT("+1"), 0 },
	{ STR_INIT("1."), 2 },
	{ STR_INIT(".5"), 0 },
	{ STR_INIT("1.e5"), 2 },
	{ STR_INIT("1e"), 2 },
	{ STR_INIT("1e+"), 3 },
	{ STR_INIT("0x10"), 1 },
	{ STR_INIT("1_000"), 1 },
	{ STR_INIT("--1"), 1 },
	{ STR_INIT("1 1"), 2 },
	{ STR_INIT("{} {}"), 3 },
	{ STR_INIT("[]x"), 2 },
	{ STR_INIT("\""), 1 },
	{ STR_INIT("\"abc"), 4 },
	{ STR_INIT("\"a\\"), 3 },
	{ STR_INIT("\"\\"), 2 },
	{ STR_INIT("\"\\x41\""), 1 },
	{ STR_INIT("\"\\U0041\""), 1 },
	{ STR_INIT("\"\\u004\""), 1 },
	{ STR_INIT("\"\\u00g1\""), 1 },
	{ STR_INIT("\"\\u0000\""), 1 },
	{ STR_INIT("\"\\ud83d\""), 1 },
	{ STR_INIT("\"\\ude00\""), 1 },
	{ STR_INIT("\"\\ud83d\\u0041\""), 1 },
	{ STR_INIT("\"\\ud83dx\""), 1 },
	{ STR_INIT("\"\\ud83d\\ud83d\""), 1 },
	{ STR_INIT("\"\x01\""), 1 },
	{ STR_INIT("\"\x1f\""), 1 },
	{ STR_INIT("\"a\nb\""), 2 },
	{ STR_INIT("\"tab\there\""), 4 },
	{ STR_INIT("\"\0\""), 1 },
	{ STR_INIT("\"12345678901234\0\""), 15 },
	{ STR_INIT("\"\x80\""), 1 },
	{ STR_INIT("\"\xc3\""), 1 },
	{ STR_INIT("\"\xc0\xaf\""), 1 },
	{ STR_INIT("\"\xc1\xbf\""), 1 },
	{ STR_INIT("\"\xe0\x9f\xbf\""), 1 },
	{ STR_INIT("\"\xf0\x8f\xbf\xbf\""), 1 },
	{ STR_INIT("\"\xed\xa0\x80\""), 1 },
	{ STR_INIT("\"\xed\xbf\xbf\""), 1 },
	{ STR_INIT("\"\xf4\x90\x80\x80\""), 1 },
	{ STR_INIT("\"\xf5\x80\x80\x80\""), 1 },
	{ STR_INIT("\"\xff\""), 1 },
	{ STR_INIT("\"\xe2\x82\""), 1 },
	{ STR_INIT("\"\xf0\x9f\x98\""), 1 },
	{ STR_INIT("\"ab\xe2\x28\xa1\""), 3 },
	{ STR_INIT("\xef\xbb\xbf{}"), 0 },
	{ STR_INIT("\v{}"), 0 },
	{ STR_INIT("\f1"), 0 },
	{ STR_INIT("\0"), 0 },
	{ STR_INIT("1\0"), 1 },
	{ STR_INIT("\xc2\xa0"
		   "1"),
	  0 },
	{ STR_INIT("// c\n1"), 0 },
	{ STR_INIT("[1]/**/"), 3 },
	{ STR_INIT("[\"a\" : 1]"), 5 },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct json_position position;

		if (!scan(good[i], &position))
			fail_msg("row %zu '%.*s': refused at %zu", i, STR_ARG(good[i]), position.offset);
		if (!parse(good[i], NULL))
			fail_msg("row %zu '%.*s': jansson refuses", i, STR_ARG(good[i]));
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct json_position position = { 0 };

		if (scan(bad[i].text, &position))
			fail_msg("row %zu '%.*s': accepted", i, STR_ARG(bad[i].text));
		if (position.offset != bad[i].offset)
			fail_msg("row %zu '%.*s': got offset %zu, want %zu", i, STR_ARG(bad[i].text),
				 position.offset, bad[i].offset);
	}
}

static void test_position(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
	} row[] = {
		{ "x", 1, 1 },	    { "[1,\n2,\n  x]", 3, 3 },	   { "{\r\n\"a\": tru}", 2, 6 },
		{ "\n\n\n", 4, 1 }, { "[\"\xc3\xa4\", x]", 1, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct json_position position;
		struct err err;
		char want[64];

		assert_false(json_scan(str_from(row[i].text), NULL, 0, NULL, &position, &err));
		assert_int_equal(position.line, row[i].line);
		assert_int_equal(position.column, row[i].column);
		(void)snprintf(want, sizeof(want), "line %zu, column %zu: ", row[i].line, row[i].column);
		assert_memory_equal(err.msg, want, strlen(want));
	}
	assert_false(json_scan((struct str){ 0 }, NULL, 0, NULL, NULL, NULL));
}

/* depth brackets, mixed; closed when closed is set */
static struct str nested(char *text, size_t depth, bool objects)
{
	size_t len = 0;

	for (size_t i = 0; i < depth; i++)
		len += (size_t)sprintf(text + len, "%s", objects ? "{\"a\":" : "[");
	text[len++] = '0';
	for (size_t i = 0; i < depth; i++)
		text[len++] = objects ? '}' : ']';
	return str_of(text, len);
}

static void test_depth(void **state)
{
	char text[1024];

	(void)state;
	for (int objects = 0; objects < 2; objects++) {
		struct json_position position;
		struct err err = { 0 };

		assert_true(scan(nested(text, JSON_DEPTH_MAX, objects), &position));
		assert_true(parse(nested(text, JSON_DEPTH_MAX, objects), NULL));
		assert_false(scan(nested(text, JSON_DEPTH_MAX + 1, objects), &position));
		assert_int_equal(position.offset, JSON_DEPTH_MAX * (objects ? 5 : 1));
		assert_false(parse(nested(text, JSON_DEPTH_MAX + 1, objects), &err));
		assert_int_equal(err.code, ERR_INVALID);
	}
}

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

static void test_members(void **state)
{
	struct str text = STR(" { \"a\" : 1 , \"b\\n\":\"x\\\"y\",\"c\":{\"d\":[ 1 ]} , \"e\": null } ");
	struct json_member member[4] = { 0 };
	size_t n;

	(void)state;
	assert_true(json_scan(text, member, 4, &n, NULL, NULL));
	assert_int_equal(n, 4);
	assert_str(member[0].name, "a");
	assert_str(member[0].value, "1");
	assert_str(member[1].name, "b\\n");
	assert_str(member[1].value, "\"x\\\"y\"");
	assert_str(member[2].name, "c");
	assert_str(member[2].value, "{\"d\":[ 1 ]}");
	assert_str(member[3].name, "e");
	assert_str(member[3].value, "null");
	assert_true(json_scan(text, member, 2, &n, NULL, NULL));
	assert_int_equal(n, 2);
	assert_true(json_scan(STR("{}"), member, 4, &n, NULL, NULL));
	assert_int_equal(n, 0);
	assert_true(json_scan(STR("[{\"a\":1}]"), member, 4, &n, NULL, NULL));
	assert_int_equal(n, 0);
}

static void test_array(void **state)
{
	struct json_position position;
	struct err err = { 0 };
	struct str *element;
	struct arena arena;
	size_t n;

	(void)state;
	arena_init(&arena);
	assert_true(json_scan_array(STR(" [ 1 , {\"a\":[2]},\"x\" ] "), 3, &arena, &element, &n, NULL, NULL));
	assert_int_equal(n, 3);
	assert_str(element[0], "1");
	assert_str(element[1], "{\"a\":[2]}");
	assert_str(element[2], "\"x\"");
	assert_true(json_scan_array(STR("[]"), 0, &arena, &element, &n, NULL, NULL));
	assert_int_equal(n, 0);
	assert_false(json_scan_array(STR("[1,2,3]"), 2, &arena, &element, &n, &position, &err));
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_int_equal(position.offset, 5);
	assert_false(json_scan_array(STR("{}"), 2, &arena, &element, &n, &position, &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_false(json_scan_array(STR("[1,]"), 9, &arena, &element, &n, &position, &err));
	assert_int_equal(position.offset, 3);
	assert_false(json_scan_array(STR("[1] 2"), 9, &arena, &element, &n, &position, &err));
	assert_int_equal(position.offset, 4);
	arena_release(&arena);
}

static void test_many_elements(void **state)
{
	struct str *element;
	struct arena arena;
	struct strbuf text;
	size_t n;

	(void)state;
	arena_init(&arena);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&text, "%c%d", i ? ',' : '[', i);
	strbuf_add_char(&text, ']');
	assert_true(json_scan_array(strbuf_str(&text), 1000, &arena, &element, &n, NULL, NULL));
	assert_int_equal(n, 1000);
	for (int i = 0; i < 1000; i++) {
		int64_t value;

		assert_true(str_to_int64(element[i], &value));
		assert_int_equal(value, i);
	}
	strbuf_release(&text);
	arena_release(&arena);
}

static void test_unquote(void **state)
{
	static const struct {
		struct str value;
		const char *want; /* NULL = false */
	} row[] = {
		{ STR_INIT("\"\""), "" },
		{ STR_INIT("\"abc\""), "abc" },
		{ STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\/\b\f\n\r\t" },
		{ STR_INIT("\"\\u00e4\\u20ac\\ud83d\\ude00\\u007F\""),
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f" },
		{ STR_INIT("1"), NULL },
		{ STR_INIT("null"), NULL },
		{ STR_INIT(""), NULL },
		{ STR_INIT("\""), NULL },
		{ STR_INIT("{}"), NULL },
		{ STR_INIT("\"\\\""), NULL },
		{ STR_INIT("\"\\u12\""), NULL },
		{ STR_INIT("\"\\ud83d\""), NULL },
		{ STR_INIT("\"\\x\""), NULL },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str got = STR("untouched");

		if (json_unquote(row[i].value, &arena, &got) != (row[i].want != NULL))
			fail_msg("row %zu: '%.*s'", i, STR_ARG(row[i].value));
		assert_str(got, row[i].want ? row[i].want : "untouched");
	}
	assert_false(json_unquote((struct str){ 0 }, &arena, &(struct str){ 0 }));
	arena_release(&arena);
}

static const char seed_document[] =
	"{\"specversion\": \"1.0\", "
	"\"type\":\"product.updated\",\r\n\t\"id\":-12.50e+2,\"data\":{\"name\":{\"de\":"
	"\"Gr\xc3\xbc\xc3\x9f e "
	"\\u00e4\\n\\ud83d\\ude00\",\"ja\":\"\xe6\x97\xa5\xe6\x9c\xac\"},\"flags\":[true,false,"
	"null,[],{}, 0,-0,1e5,0.25],\"emoji\":\"\xf0\x9f\x98\x80\"},\"last\":\"a plain and rather longer "
	"text\"}";

/* One to three small changes: a byte replaced, removed, doubled, or the end cut. */
static size_t mutate(struct rand *rand, char *text, size_t len)
{
	static const char pick[] =
		"{}[]\",:\\/u0123456789abcdefDd.eE+- \n\t\x01\x7f\x80\xbf\xc0\xc3\xe0\xed\xf0\xf4\xff";

	for (uint64_t changes = 1 + rand_below(rand, 3); changes > 0 && len > 1; changes--) {
		size_t at = rand_below(rand, len);

		switch (rand_below(rand, 5)) {
		case 0:
			text[at] = (char)rand_below(rand, 256);
			break;
		case 1:
			memmove(text + at, text + at + 1, len - at - 1);
			len--;
			break;
		case 2:
			memmove(text + at + 1, text + at, len - at);
			len++;
			break;
		case 3:
			text[at] = pick[rand_below(rand, sizeof(pick))];
			break;
		default:
			if (rand_below(rand, 8) == 0)
				len = at + 1;
		}
	}
	return len;
}

/* What json_parse alone refuses. */
static bool only_parse_refuses(const struct err *err)
{
	return strstr(err->msg, "repeated") || strstr(err->msg, "out of range");
}

static void test_mutations(void **state)
{
	struct rand_seeded rand;
	size_t accepted = 0;

	(void)state;
	rand_seeded_init(&rand, 20260801);
	for (int i = 0; i < 50000; i++) {
		char text[sizeof(seed_document) + 8];
		size_t len = sizeof(seed_document) - 1;
		struct json_position position = { 0 };
		struct err err = { 0 };
		bool scanned, parsed;
		char *exact;

		memcpy(text, seed_document, len);
		len = mutate(&rand.rand, text, len);
		exact = memcpy(test_malloc(len), text, len); /* so that a byte read too far is found */
		scanned = scan(str_of(exact, len), &position);
		parsed = parse(str_of(exact, len), &err);
		if (scanned != parsed && !(scanned && only_parse_refuses(&err)))
			fail_msg("round %d: scan %d (at %zu), parse %d (%s): %.*s", i, scanned,
				 position.offset, parsed, err.msg, (int)len, text);
		if (!scanned)
			assert_in_range(position.offset, 0, len);
		accepted += scanned;
		test_free(exact);
	}
	assert_in_range(accepted, 5000, 45000); /* else the mutations prove nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	      cmocka_unit_test(test_bad),
		cmocka_unit_test(test_position),      cmocka_unit_test(test_depth),
		cmocka_unit_test(test_members),	      cmocka_unit_test(test_array),
		cmocka_unit_test(test_many_elements), cmocka_unit_test(test_unquote),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
