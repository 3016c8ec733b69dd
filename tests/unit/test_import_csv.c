/*
 * CSV and the values of its cells: every form that shops and spreadsheets write, and what is none.
 */
#include "import/csv.h"
#include "import/value.h"

#include "base/attr.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* Fields joined by '/', rows by '!'; bad rows as "?WHY". */
static void read_all(struct str text, char delimiter, struct arena *arena, char *out)
{
	struct csv_row *row = ARENA_NEW(arena, struct csv_row);

	*out = '\0';
	for (;;) {
		enum csv_result result = csv_scan(text, true, delimiter, arena, row);

		if (result == CSV_END)
			return;
		if (result == CSV_BAD)
			(void)strcat(strcat(out, "?"), row->why);
		for (size_t i = 0; result == CSV_ROW && i < row->n; i++) {
			(void)strncat(out, row->field[i].p ? row->field[i].p : "", row->field[i].len);
			(void)strcat(out, "/");
		}
		(void)strcat(out, "!");
		assert_true(row->bytes > 0);
		text = str_skip(text, row->bytes);
	}
}

static void test_rows(void **state)
{
	static const struct {
		const char *text, *want;
		char delimiter;
	} row[] = {
		{ "a,b\n1,2\n", "a/b/!1/2/!", ',' },
		{ "a,b\r\n1,2", "a/b/!1/2/!", ',' },
		{ "a;b;\n", "a/b//!", ';' },
		{ "\n\na\n", "/!/!a/!", ',' },
		{ "\"a,b\",c\n", "a,b/c/!", ',' },
		{ "\"say \"\"hi\"\"\",c\n", "say \"hi\"/c/!", ',' },
		{ "\"two\nlines\",c\nd,e\n", "two\nlines/c/!d/e/!", ',' },
		{ "\"\",\"\"\n", "//!", ',' },
		{ "12\" pipe,c\n", "12\" pipe/c/!", ',' },
		{ "a\tb\n", "a/b/!", '\t' },
		{ "\"last\"", "last/!", ',' },
		{ "a,b,", "a/b//!", ',' },
		{ "\"x\"y,c\nd,e\n", "?there is text behind a closing quote!d/e/!", ',' },
		{ "\"never closed,c\nd,e\n", "?a quote is opened and not closed!d/e/!", ',' },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct arena arena;
		char got[256];

		arena_init(&arena);
		read_all(str_from(row[i].text), row[i].delimiter, &arena, got);
		assert_string_equal(got, row[i].want);
		arena_release(&arena);
	}
}

/* However much of a row is at hand: more is asked for, or the row is the whole text's. */
static void test_every_cut(void **state)
{
	struct str text = STR("\"a\"\"b\",\"c\r\nd\",e\r\nf,g,h\r\n");
	struct csv_row whole, row;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(csv_scan(text, true, ',', &arena, &whole), CSV_ROW);
	assert_int_equal(whole.lines, 2);
	for (size_t cut = 1; cut < text.len; cut++) {
		enum csv_result result = csv_scan(str_of(text.p, cut), false, ',', &arena, &row);

		if (cut < whole.bytes) {
			assert_int_equal(result, CSV_MORE);
			continue;
		}
		assert_int_equal(result, CSV_ROW);
		assert_int_equal(row.bytes, whole.bytes);
	}
	arena_release(&arena);
}

static void test_delimiter(void **state)
{
	(void)state;
	assert_int_equal(csv_delimiter(STR("a,b,c")), ',');
	assert_int_equal(csv_delimiter(STR("a;b,c;d")), ';');
	assert_int_equal(csv_delimiter(STR("\"a,b,c,d\"\te")), '\t');
	assert_int_equal(csv_delimiter(STR("alone")), ',');
}

static void test_windows_1252(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_string_equal(
		arena_cstr(&arena, csv_from_windows_1252(STR("\x80 M\xfcller \x93x\x94"), &arena)),
		"€ Müller “x”");
	arena_release(&arena);
}

static void test_amounts(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: none */
		bool comma;
	} row[] = {
		{ "12.50", "12.50", false },
		{ "12,50", "12.50", false },
		{ "12,5", "12.5", false },
		{ "1,234.56", "1234.56", false },
		{ "1.234,56", "1234.56", false },
		{ "1,234", "1234", false },
		{ "1,234", "1.234", true },
		{ "1.234", "1.234", false },
		{ "1,234,567", "1234567", false },
		{ "$1,234.50", "1234.50", false },
		{ "12,50 €", "12.50", false },
		{ "EUR 7", "7", false },
		{ "-3.5", "-3.5", false },
		{ "+3", "3", false },
		{ ".5", "0.5", false },
		{ "1'234.50", "1234.50", false },
		{ "1 234,50", "1234.50", false },
		{ "0.0000", "0.0000", false },
		{ "", NULL, false },
		{ "free", NULL, false },
		{ "1e3", NULL, false },
		{ "1-2", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct arena arena;
		struct str out;
		bool ok;

		arena_init(&arena);
		ok = value_amount(str_from(row[i].text), row[i].comma, &arena, &out);
		if (ok != (row[i].want != NULL) || (ok && !str_eq(out, str_from(row[i].want))))
			fail_msg("'%s': %.*s", row[i].text, STR_ARG(ok ? out : STR("none")));
		arena_release(&arena);
	}
}

#define DAY INT64_C(1672876800000) /* 2023-01-05 */

static void test_times(void **state)
{
	static const struct {
		const char *text;
		enum value_days days;
		int64_t want; /* -1: none */
	} row[] = {
		{ "2023-01-05T10:11:12Z", VALUE_DAYS_UNKNOWN, DAY + 36672000 },
		{ "2023-01-05 10:11:12 +0100", VALUE_DAYS_UNKNOWN, DAY + 36672000 - MS_PER_HOUR },
		{ "2023-01-05 10:11:12 UTC", VALUE_DAYS_UNKNOWN, DAY + 36672000 },
		{ "2023-01-05 10:11:12", VALUE_DAYS_UNKNOWN, DAY + 36672000 - 2 * MS_PER_HOUR },
		{ "2023-01-05 10:11", VALUE_DAYS_UNKNOWN, DAY + 36660000 - 2 * MS_PER_HOUR },
		{ "2023-01-05 10:11:12.5", VALUE_DAYS_UNKNOWN, DAY + 36672005 - 2 * MS_PER_HOUR },
		{ "2023-01-05", VALUE_DAYS_UNKNOWN, DAY - 2 * MS_PER_HOUR },
		{ "2023/01/05", VALUE_DAYS_UNKNOWN, DAY - 2 * MS_PER_HOUR },
		{ "5.1.2023 10:11", VALUE_DAYS_UNKNOWN, DAY + 36660000 - 2 * MS_PER_HOUR },
		{ "05.01.23", VALUE_DAYS_UNKNOWN, DAY - 2 * MS_PER_HOUR },
		{ "1/5/2023 10:11 am", VALUE_MONTH_FIRST, DAY + 36660000 - 2 * MS_PER_HOUR },
		{ "5/1/2023 10:11 PM", VALUE_DAY_FIRST, DAY + 36660000 + 10 * MS_PER_HOUR },
		{ "13/1/2023", VALUE_DAYS_UNKNOWN, DAY + 8 * MS_PER_DAY - 2 * MS_PER_HOUR },
		{ "1/13/2023", VALUE_DAYS_UNKNOWN, DAY + 8 * MS_PER_DAY - 2 * MS_PER_HOUR },
		{ "Jan 5, 2023 10:11:12 AM", VALUE_DAYS_UNKNOWN, DAY + 36672000 - 2 * MS_PER_HOUR },
		{ "January 05 2023", VALUE_DAYS_UNKNOWN, DAY - 2 * MS_PER_HOUR },
		{ "5 Jan 2023 10:11 PM", VALUE_DAYS_UNKNOWN, DAY + 36660000 + 10 * MS_PER_HOUR },
		{ "05-jan-2023", VALUE_DAYS_UNKNOWN, DAY - 2 * MS_PER_HOUR },
		{ "Thu, 05 Jan 2023 10:11:12 +0000", VALUE_DAYS_UNKNOWN, DAY + 36672000 },
		{ "1672876800", VALUE_DAYS_UNKNOWN, DAY },
		{ "1672876800000", VALUE_DAYS_UNKNOWN, DAY },
		{ "", VALUE_DAYS_UNKNOWN, 0 },
		{ "0000-00-00 00:00:00", VALUE_DAYS_UNKNOWN, 0 },
		{ "5/1/2023", VALUE_DAYS_UNKNOWN, -1 },
		{ "yesterday", VALUE_DAYS_UNKNOWN, -1 },
		{ "Jänner 5, 2023", VALUE_DAYS_UNKNOWN, -1 },
		{ "Marsch 5, 2023", VALUE_DAYS_UNKNOWN, -1 },
		{ "Jan 5", VALUE_DAYS_UNKNOWN, -1 },
		{ "Jan 5, 23", VALUE_DAYS_UNKNOWN, -1 },
		{ "Jan 35, 2023", VALUE_DAYS_UNKNOWN, -1 },
		{ "2023-13-05", VALUE_DAYS_UNKNOWN, -1 },
		{ "2023-01-05 25:00", VALUE_DAYS_UNKNOWN, -1 },
		{ "2023-01-05 10:11 Mars", VALUE_DAYS_UNKNOWN, -1 },
		{ "2023-01.05", VALUE_DAYS_UNKNOWN, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t got;
		bool ok = value_time(str_from(row[i].text), 2 * MS_PER_HOUR, row[i].days, &got);

		if (ok != (row[i].want >= 0) || (ok && got != row[i].want))
			fail_msg("'%s': %lld", row[i].text, ok ? (long long)got : -1LL);
	}
}

static void test_bools(void **state)
{
	bool value = false;

	(void)state;
	assert_true(value_bool(STR("Yes"), &value) && value);
	assert_true(value_bool(STR(" 1 "), &value) && value);
	assert_true(value_bool(STR("nein"), &value) && !value);
	assert_true(value_bool(STR(""), &value) && !value);
	assert_false(value_bool(STR("perhaps"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	  cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_delimiter), cmocka_unit_test(test_windows_1252),
		cmocka_unit_test(test_amounts),	  cmocka_unit_test(test_times),
		cmocka_unit_test(test_bools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
