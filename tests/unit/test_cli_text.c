/*
 * Text for terminals: what is hostile is escaped, columns stand under each other, times, sizes and ids
 * read well.
 */
#include "model/id_text.h"
#include "admin/text.h"
#include "cli/text_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1785406272345) /* 2026-07-30T10:11:12.345Z */

static void hostile_bytes_are_escaped(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "Cafetera \xc3\xb1", "Cafetera \xc3\xb1" },
		{ "\xe5\x92\x96\xe5\x95\xa1", "\xe5\x92\x96\xe5\x95\xa1" },
		{ "a\nb\r\tc", "a\\nb\\r\\tc" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "\x07\x7f", "\\x07\\x7f" },
		{ "\xc2\x9b"
		  "2J",
		  "\\u009b2J" }, /* CSI in one character */
		{ "\xe2\x80\xae"
		  "abc",
		  "\\u202e"
		  "abc" }, /* right to left from here */
		{ "a\xe2\x80\x8b"
		  "b",
		  "a\\u200b"
		  "b" }, /* no width */
		{ "\xef\xbb\xbfx", "\\ufeffx" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong */
		{ "back\\slash", "back\\slash" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str got = text_safe(str_from(rows[i].text), &arena);

		print_message("%zu: got '%.*s', want '%s'\n", i, STR_ARG(got), rows[i].want);
		assert_true(str_eq(got, str_from(rows[i].want)));
	}
	arena_release(&arena);
}

static void widths_are_those_of_a_terminal(void **state)
{
	static const struct {
		const char *text;
		size_t want;
		size_t cut_at;
		const char *cut;
	} rows[] = {
		{ "abc", 3, 10, "abc" },
		{ "abcdef", 6, 5, "ab..." },
		{ "\xc3\xa9t\xc3\xa9", 3, 10, "\xc3\xa9t\xc3\xa9" },
		{ "e\xcc\x81", 1, 10, "e\xcc\x81" }, /* e and an accent on it */
		{ "\xe5\x92\x96\xe5\x95\xa1\xe6\x9c\xba", 6, 5, "\xe5\x92\x96..." }, /* three wide ones */
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str text = str_from(rows[i].text);

		assert_int_equal(text_width(text), rows[i].want);
		assert_string_equal(arena_cstr(&arena, text_cut(text, rows[i].cut_at, &arena)), rows[i].cut);
	}
	arena_release(&arena);
}

static void times_and_sizes_read_well(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} durations[] = {
		{ -5, "0 ms" },	       { 0, "0 ms" },		{ 999, "999 ms" },	{ 1000, "1 s" },
		{ 119999, "119 s" },   { 120000, "2 min" },	{ 7199999, "119 min" }, { 7200000, "2 h" },
		{ 172799999, "47 h" }, { 172800000, "2 days" },
	};
	static const struct {
		int64_t bytes;
		const char *want;
	} sizes[] = {
		{ 0, "0 B" },	     { 1023, "1023 B" },     { 1024, "1.0 KiB" },
		{ 10240, "10 KiB" }, { 1048576, "1.0 MiB" }, { INT64_C(5368709120), "5.0 GiB" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(durations); i++)
		assert_string_equal(arena_cstr(&arena, text_duration(durations[i].ms, &arena)),
				    durations[i].want);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_string_equal(arena_cstr(&arena, text_bytes(sizes[i].bytes, &arena)), sizes[i].want);
	assert_string_equal(arena_cstr(&arena, text_time(NOW_MS, &arena)), "2026-07-30 10:11:12");
	assert_string_equal(arena_cstr(&arena, text_time_ms(NOW_MS, &arena)), "2026-07-30 10:11:12.345");
	assert_string_equal(arena_cstr(&arena, text_time(0, &arena)), "never");
	arena_release(&arena);
}

static void since_is_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1 = refused */
	} rows[] = {
		{ "30s", NOW_MS - 30000 },
		{ "15m", NOW_MS - 900000 },
		{ "2h", NOW_MS - 7200000 },
		{ "3d", NOW_MS - 259200000 },
		{ "0s", NOW_MS },
		{ "2026-07-30", INT64_C(1785369600000) },
		{ "2026-07-30T10:11:12Z", INT64_C(1785406272000) },
		{ "2026-07-30T12:11:12+02:00", INT64_C(1785406272000) },
		{ "", -1 },
		{ "s", -1 },
		{ "-3d", -1 },
		{ "99999999999d", -1 },
		{ "3 d", -1 },
		{ "yesterday", -1 },
		{ "2026-13-01", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t got = -1;
		bool ok = text_parse_since(str_from(rows[i].text), NOW_MS, &got);

		print_message("%s: got %lld\n", rows[i].text, ok ? (long long)got : -1LL);
		assert_int_equal(ok, rows[i].want >= 0);
		if (ok)
			assert_int_equal(got, rows[i].want);
	}
}

static void columns_stand_under_each_other(void **state)
{
	static const char *const header[] = { "NAME", ">N", "NOTE" };
	static const char want[] = "  NAME     N  NOTE\n"
				   "  caf\xc3\xa9     1  fine\n"
				   "  \xe5\x92\x96\xe5\x95\xa1  1234\n"
				   "  x\\n         \\x1b[2J\n";
	struct text_table table;
	struct arena arena;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	arena_init(&arena);
	text_table_init(&table, &arena, header, ARRAY_LEN(header));
	text_table_print(&table, 2, out); /* nothing */
	text_table_add(&table, STR("caf\xc3\xa9"));
	text_table_addf(&table, "%d", 1);
	text_table_add(&table, STR("fine"));
	text_table_add(&table, STR("\xe5\x92\x96\xe5\x95\xa1"));
	text_table_addf(&table, "%d", 1234);
	text_table_add(&table, STR(""));
	text_table_add(&table, STR("x\n"));
	text_table_add(&table, STR(""));
	text_table_add(&table, STR("\x1b[2J"));
	text_table_print(&table, 2, out);
	assert_int_equal(fclose(out), 0);
	print_message("%s", text);
	assert_string_equal(text, want);
	free(text);
	arena_release(&arena);
}

static void a_table_grows(void **state)
{
	static const char *const header[] = { ">N" };
	struct text_table table;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	text_table_init(&table, &arena, header, 1);
	for (int i = 0; i < 1000; i++)
		text_table_addf(&table, "%d", i);
	assert_int_equal(table.n_cell, 1000);
	assert_true(str_eq(table.cell[0], STR("0")));
	assert_true(str_eq(table.cell[999], STR("999")));
	arena_release(&arena);
}

static void ids_go_both_ways(void **state)
{
	static const struct {
		enum id_kind kind;
		int64_t id;
		const char *text;
	} rows[] = {
		{ ID_MESSAGE, 0, "m0" },	   { ID_MESSAGE, 1, "m1" },
		{ ID_DELIVERY, 31, "dz" },	   { ID_DELIVERY, 32, "d10" },
		{ ID_MESSAGE, 1234567, "m15nm7" }, { ID_DELIVERY, INT64_MAX, "d7zzzzzzzzzzzz" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[ID_TEXT_BYTES];
		enum id_kind kind;
		int64_t id;

		id_text(rows[i].kind, rows[i].id, text);
		print_message("%lld: got %s, want %s\n", (long long)rows[i].id, text, rows[i].text);
		assert_string_equal(text, rows[i].text);
		assert_true(id_parse(str_from(text), &kind, &id));
		assert_int_equal(kind, rows[i].kind);
		assert_int_equal(id, rows[i].id);
	}
}

static void ids_are_read_tolerantly(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} rows[] = {
		{ "M15NM7", true, 1234567 },
		{ "m015nm7", true, 1234567 },
		{ "mi", true, 1 },
		{ "mL0o", true, 1024 },
		{ "m", false, 0 },
		{ "", false, 0 },
		{ "x1", false, 0 },
		{ "m1u", false, 0 },
		{ "m-1", false, 0 },
		{ "m8zzzzzzzzzzzz", false, 0 },
		{ "mzzzzzzzzzzzzzz", false, 0 },
		{ "123", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum id_kind kind;
		int64_t id = -1;
		bool ok = id_parse(str_from(rows[i].text), &kind, &id);

		print_message("%s: %d %lld\n", rows[i].text, ok, (long long)id);
		assert_int_equal(ok, rows[i].ok);
		if (ok)
			assert_int_equal(id, rows[i].want);
	}
	assert_false(id_parse(str_of("m1\0z", 4), &(enum id_kind){ 0 }, &(int64_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_bytes_are_escaped),
		cmocka_unit_test(widths_are_those_of_a_terminal),
		cmocka_unit_test(times_and_sizes_read_well),
		cmocka_unit_test(since_is_understood),
		cmocka_unit_test(columns_stand_under_each_other),
		cmocka_unit_test(a_table_grows),
		cmocka_unit_test(ids_go_both_ways),
		cmocka_unit_test(ids_are_read_tolerantly),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
