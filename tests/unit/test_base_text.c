/*
 * err, alloc, str, strbuf, arena, utf8: what their headers promise.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

/* ---- err ---- */

static void test_err(void **state)
{
	struct err err = { 0 };
	char longest[2 * ERR_MSG_BYTES_MAX];

	(void)state;
	assert_false(err_set(NULL, ERR_BUSY, "x"));
	assert_false(err_wrap(NULL, "x"));
	assert_false(err_set(&err, ERR_BUSY, "row %d of '%s'", 3, "table"));
	assert_int_equal(err.code, ERR_BUSY);
	assert_string_equal(err.msg, "row 3 of 'table'");
	assert_false(err_wrap(&err, "claim %s", "outbox"));
	assert_int_equal(err.code, ERR_BUSY);
	assert_string_equal(err.msg, "claim outbox: row 3 of 'table'");
	assert_false(err_set(&err, ERR_FATAL, "again: %s", err.msg));
	assert_string_equal(err.msg, "again: claim outbox: row 3 of 'table'");

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(err_set(&err, ERR_INVALID, "%s", longest));
	assert_int_equal(strlen(err.msg), ERR_MSG_BYTES_MAX - 1);
	assert_false(err_wrap(&err, "front"));
	assert_int_equal(strlen(err.msg), ERR_MSG_BYTES_MAX - 1);
	assert_memory_equal(err.msg, "front: xxx", 10);
	assert_false(err_wrap(&err, "%s", longest));
	assert_int_equal(strlen(err.msg), ERR_MSG_BYTES_MAX - 1);
}

static void test_err_names(void **state)
{
	(void)state;
#define CHECK_NAME(name, meaning) assert_string_equal(err_code_name(name), #name);
	ERR_CODES(CHECK_NAME)
#undef CHECK_NAME
	assert_non_null(err_code_name((enum err_code)999));
}

/* ---- alloc ---- */

static void test_alloc(void **state)
{
	char *memory = mem_zalloc(4, 8), *text = mem_strdup("abc");
	void *none = mem_alloc(0), *zero = mem_zalloc(0, 8);

	(void)state;
	for (int i = 0; i < 32; i++)
		assert_int_equal(memory[i], 0);
	memory = mem_resize(memory, 64);
	assert_string_equal(text, "abc");
	assert_non_null(none);
	assert_non_null(zero);
	assert_ptr_not_equal(none, zero);
	mem_free(memory);
	mem_free(text);
	mem_free(none);
	mem_free(zero);
	mem_free(NULL);
}

/* ---- str ---- */

static void test_str_compare(void **state)
{
	static const struct {
		struct str a, b;
		int order;
		bool same_nocase;
	} row[] = {
		{ STR_INIT(""), STR_INIT(""), 0, true },
		{ { NULL, 0 }, STR_INIT(""), 0, true },
		{ STR_INIT("a"), STR_INIT("A"), 1, true },
		{ STR_INIT("a"), STR_INIT("ab"), -1, false },
		{ STR_INIT("b"), STR_INIT("ab"), 1, false },
		{ STR_INIT("\xff"), STR_INIT("a"), 1, false },
		{ STR_INIT("a\0b"), STR_INIT("a\0c"), -1, false },
		{ STR_INIT("["), STR_INIT("{"), -1, false },
		{ STR_INIT("\xc3\xa4"), STR_INIT("\xc3\x84"), 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int got = str_cmp(row[i].a, row[i].b);

		assert_int_equal((got > 0) - (got < 0), row[i].order);
		assert_int_equal(str_eq(row[i].a, row[i].b), row[i].order == 0);
		assert_int_equal(str_eq_nocase(row[i].a, row[i].b), row[i].same_nocase);
	}
}

static void test_str_parts(void **state)
{
	struct str rest = STR("a,,b"), part;

	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("abc"), STR("abcd")) || str_starts(STR("abc"), STR("b")));
	assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(STR("abc"), STR("abc")));
	assert_false(str_ends(STR("abc"), STR("ab")) || str_ends(STR("c"), STR("bc")));
	assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
	assert_str(str_trim(STR("  ")), "");
	assert_str(str_trim((struct str){ 0 }), "");
	assert_str(str_skip(STR("abc"), 1), "bc");
	assert_str(str_skip(STR("abc"), 9), "");
	assert_str(str_skip((struct str){ 0 }, 1), "");
	assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
	assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
	assert_int_equal(str_find_char((struct str){ 0 }, 'x'), 0);
	assert_int_equal(str_from(NULL).len, 0);
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_split(&rest, ',', &part));
}

static void test_str_to_int64(void **state)
{
	static const struct {
		struct str text;
		bool ok;
		int64_t value;
	} row[] = {
		{ STR_INIT("0"), true, 0 },
		{ STR_INIT("-0"), true, 0 },
		{ STR_INIT("007"), true, 7 },
		{ STR_INIT("9223372036854775807"), true, INT64_MAX },
		{ STR_INIT("9223372036854775808"), false, 0 },
		{ STR_INIT("-9223372036854775808"), true, INT64_MIN },
		{ STR_INIT("-9223372036854775809"), false, 0 },
		{ STR_INIT("99999999999999999999"), false, 0 },
		{ STR_INIT(""), false, 0 },
		{ STR_INIT("-"), false, 0 },
		{ STR_INIT("+1"), false, 0 },
		{ STR_INIT(" 1"), false, 0 },
		{ STR_INIT("1 "), false, 0 },
		{ STR_INIT("1.0"), false, 0 },
		{ STR_INIT("0x1"), false, 0 },
		{ STR_INIT("--1"), false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got = 0;

		if (str_to_int64(row[i].text, &got) != row[i].ok || got != row[i].value)
			fail_msg("'%.*s': got %lld", STR_ARG(row[i].text), (long long)got);
	}
}

/* ---- strbuf ---- */

static void test_strbuf(void **state)
{
	struct strbuf buf, zero = { 0 };

	(void)state;
	strbuf_release(&zero);
	strbuf_init(&buf, 1000);
	assert_string_equal(buf.p, "");
	strbuf_reset(&buf);
	strbuf_add_text(&buf, "ab");
	strbuf_add_char(&buf, 'c');
	strbuf_add(&buf, NULL, 0);
	strbuf_addf(&buf, "%d-%s", 12, "x");
	strbuf_add_str(&buf, STR("!"));
	assert_string_equal(buf.p, "abc12-x!");
	assert_int_equal(buf.len, 8);
	assert_str(strbuf_str(&buf), "abc12-x!");
	strbuf_reset(&buf);
	strbuf_addf(&buf, "%0600d", 7); /* longer than what is formatted on the stack */
	assert_int_equal(buf.len, 600);
	assert_int_equal(buf.p[599], '7');
	strbuf_release(&buf);
	assert_string_equal(buf.p, "");
}

static void test_strbuf_ceiling(void **state)
{
	struct strbuf buf;

	(void)state;
	strbuf_init(&buf, 5);
	strbuf_add_text(&buf, "12345");
	assert_false(buf.overflow);
	strbuf_add_text(&buf, "");
	assert_false(buf.overflow);
	strbuf_add_char(&buf, '6');
	assert_true(buf.overflow);
	assert_string_equal(buf.p, "12345");
	strbuf_reset(&buf);
	assert_false(buf.overflow);
	strbuf_addf(&buf, "%s", "123456");
	assert_true(buf.overflow);
	assert_string_equal(buf.p, "");
	strbuf_add_char(&buf, 'a'); /* would fit, but the overflow stays */
	assert_string_equal(buf.p, "");
	strbuf_release(&buf);

	strbuf_init(&buf, 100000);
	for (int i = 0; i < 100000; i++)
		strbuf_add_char(&buf, 'x');
	assert_false(buf.overflow);
	assert_int_equal(strlen(buf.p), 100000);
	assert_true(buf.capacity <= 100001);
	strbuf_release(&buf);
}

/* ---- arena ---- */

static void test_arena(void **state)
{
	struct arena arena, zero = { 0 };
	unsigned char *byte[200];
	uint64_t *number;

	(void)state;
	arena_release(&zero);
	arena_init(&arena);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(byte); i++) {
			byte[i] = arena_alloc(&arena, i * 7);
			memset(byte[i], (int)i, i * 7);
			assert_int_equal((uintptr_t)byte[i] % _Alignof(max_align_t), 0);
		}
		for (size_t i = 0; i < ARRAY_LEN(byte); i++)
			for (size_t k = 0; k < i * 7; k++)
				assert_int_equal(byte[i][k], i);
		assert_int_equal(arena.used_bytes, 7 * 199 * 200 / 2);
		number = ARENA_ARRAY(&arena, 100, uint64_t);
		for (int i = 0; i < 100; i++)
			assert_int_equal(number[i], 0);
		memset(arena_alloc(&arena, 1 << 20), 1, 1 << 20);
		arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
		assert_non_null(arena.block); /* kept for the next round */
	}
	arena_release(&arena);
	assert_null(arena.block);
}

static void test_arena_text(void **state)
{
	struct arena arena;
	struct str copy;

	(void)state;
	arena_init(&arena);
	copy = arena_dup(&arena, STR("abc"));
	assert_str(copy, "abc");
	assert_int_equal(copy.p[3], 0);
	assert_str(arena_dup(&arena, (struct str){ 0 }), "");
	assert_string_equal(arena_cstr(&arena, STR("xy")), "xy");
	assert_str(arena_printf(&arena, "%s-%d", "a", 5), "a-5");
	assert_int_equal(arena_printf(&arena, "%05000d", 1).len, 5000);
	assert_non_null(ARENA_NEW(&arena, struct err));
	arena_release(&arena);
}

/* ---- utf8 ---- */

/* Every code point there is, and what surrounds them. */
static void test_utf8_all(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x110800; code++) {
		bool none = code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
		char text[4];
		size_t len = utf8_encode(code, text);

		if (none) {
			assert_str(str_of(text, len), UTF8_REPLACEMENT);
			continue;
		}
		assert_int_equal(len, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
		if (utf8_char_len(text, len) != len || utf8_char_len(text, len - 1) != 0)
			fail_msg("U+%04X", code);
	}
}

/* Reference: the table of RFC 3629 with nested ranges, for all sequences of three bytes. */
static size_t reference_len(const unsigned char *b)
{
	if (b[0] < 0x80)
		return 1;
	if (b[0] >= 0xc2 && b[0] <= 0xdf)
		return b[1] >= 0x80 && b[1] <= 0xbf ? 2 : 0;
	if (b[0] < 0xe0 || b[0] > 0xef || b[2] < 0x80 || b[2] > 0xbf || b[1] < 0x80 || b[1] > 0xbf)
		return 0;
	return (b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ? 0 : 3;
}

static void test_utf8_three_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1u << 24; i += 1 + i % 3) {
		unsigned char byte[3] = { (unsigned char)(i >> 16), (unsigned char)(i >> 8),
					  (unsigned char)i };

		if (byte[0] < 0xf0 && utf8_char_len((const char *)byte, 3) != reference_len(byte))
			fail_msg("%02x %02x %02x", byte[0], byte[1], byte[2]);
	}
}

static void test_utf8_texts(void **state)
{
	struct str text = STR("a\xc3\xa4\xf0\x9f\x98\x80z");
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 3, 7, 8, 8 };

	(void)state;
	assert_true(utf8_valid(text) && utf8_valid((struct str){ 0 }));
	assert_false(utf8_valid(STR("a\xc3")) || utf8_valid(STR("\xf4\x90\x80\x80")) ||
		     utf8_valid(STR("\x80")));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(utf8_cut(text, i).len, want[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err),	   cmocka_unit_test(test_err_names),
		cmocka_unit_test(test_alloc),	   cmocka_unit_test(test_str_compare),
		cmocka_unit_test(test_str_parts),  cmocka_unit_test(test_str_to_int64),
		cmocka_unit_test(test_strbuf),	   cmocka_unit_test(test_strbuf_ceiling),
		cmocka_unit_test(test_arena),	   cmocka_unit_test(test_arena_text),
		cmocka_unit_test(test_utf8_all),   cmocka_unit_test(test_utf8_three_bytes),
		cmocka_unit_test(test_utf8_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
