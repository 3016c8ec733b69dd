/* Money: decimal texts, minor units, and back. */
#include "model/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_decimals(void **state)
{
	static const struct {
		const char *currency;
		int want;
	} row[] = {
		{ "SEK", 2 }, { "USD", 2 }, { "JPY", 0 }, { "KRW", 0 }, { "KWD", 3 }, { "BHD", 3 },
		{ "CLF", 4 }, { "", 2 },    { "sek", 2 }, { "XYZ", 2 }, { "jpy", 2 }, { "JPYX", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (money_decimals(str_from(row[i].currency)) != row[i].want)
			fail_msg("%s: got %d, want %d", row[i].currency,
				 money_decimals(str_from(row[i].currency)), row[i].want);
}

static void test_parse(void **state)
{
	static const struct {
		const char *decimal;
		const char *currency;
		int64_t want;
	} row[] = {
		{ "29.98", "SEK", 2998 },
		{ "30", "SEK", 3000 },
		{ "-5.5", "SEK", -550 },
		{ "0", "SEK", 0 },
		{ "-0", "SEK", 0 },
		{ "0.01", "", 1 },
		{ "007.50", "EUR", 750 },
		{ "1.004", "EUR", 100 },
		{ "1.005", "EUR", 101 },
		{ "-1.005", "EUR", -101 },
		{ "0.995", "EUR", 100 },
		{ "1.00499999999999999999", "EUR", 100 },
		{ "1499", "JPY", 1499 },
		{ "1499.5", "JPY", 1500 },
		{ "1499.49", "JPY", 1499 },
		{ "1.2345", "KWD", 1235 },
		{ "1.2", "KWD", 1200 },
		{ "99999999999.99", "EUR", INT64_C(9999999999999) },
		{ "100000000000", "EUR", INT64_C(10000000000000) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct money got = { .minor = -77 };

		if (!money_parse(str_from(row[i].decimal), str_from(row[i].currency), &got) ||
		    got.minor != row[i].want)
			fail_msg("%s %s: got %lld, want %lld", row[i].decimal, row[i].currency,
				 (long long)got.minor, (long long)row[i].want);
		assert_string_equal(got.currency, row[i].currency);
	}
}

static void test_what_is_no_amount(void **state)
{
	static const char *const text[] = {
		"",
		"-",
		".",
		".5",
		"5.",
		"+5",
		"1,5",
		"1 000",
		"1e3",
		"0x10",
		"NaN",
		"1.2.3",
		"--1",
		"1.-2",
		"1.2x",
		" 1",
		"1 ",
		"1.x",
		"x.1",
		"12-",
		"1.5-",
		"100000000000.01",
		"100000000000.005",
		"99999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct money money = { .minor = 7 };

		if (money_parse(str_from(text[i]), STR("EUR"), &money))
			fail_msg("\"%s\" was taken as %lld", text[i], (long long)money.minor);
		assert_int_equal(money.minor, 7);
	}
}

static void test_text(void **state)
{
	static const struct {
		struct money money;
		const char *want;
	} row[] = {
		{ { 2998, "SEK" }, "29.98" },	{ { 3000, "SEK" }, "30.00" }, { { 5, "SEK" }, "0.05" },
		{ { 0, "SEK" }, "0.00" },	{ { -550, "SEK" }, "-5.50" }, { { -5, "" }, "-0.05" },
		{ { 1499, "JPY" }, "1499" },	{ { -3, "JPY" }, "-3" },      { { 1235, "KWD" }, "1.235" },
		{ { 12345, "CLF" }, "1.2345" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct str got = money_text(row[i].money, &arena);

		if (!str_eq(got, str_from(row[i].want)))
			fail_msg("got %.*s, want %s", STR_ARG(got), row[i].want);
	}
	arena_release(&arena);
}

static void test_text_and_parse_are_inverse(void **state)
{
	static const char *const currency[] = { "SEK", "JPY", "KWD", "CLF", "" };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(currency) / sizeof(currency[0]); i++) {
		for (int64_t minor = -100000; minor <= 100000; minor += 37) {
			struct money money = { .minor = minor }, back;

			if (currency[i][0])
				(void)__builtin_memcpy(money.currency, currency[i], 4);
			assert_true(money_parse(money_text(money, &arena), str_from(currency[i]), &back));
			assert_int_equal(back.minor, minor);
			arena_reset(&arena);
		}
	}
	arena_release(&arena);
}

static void test_divide(void **state)
{
	static const struct {
		int64_t minor;
		int64_t divisor;
		int64_t want;
	} row[] = {
		{ 299800, 100, 2998 }, { 149, 100, 1 }, { 150, 100, 2 }, { -149, 100, -1 }, { -150, 100, -2 },
		{ 7, 1, 7 },	       { -7, 1, -7 },	{ 0, 1000, 0 },	 { 499, 1000, 0 },  { 500, 1000, 1 },
		{ 5, 3, 2 },	       { 4, 3, 1 },	{ -5, 3, -2 },	 { -4, 3, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct money got = money_divide((struct money){ row[i].minor, "EUR" }, row[i].divisor);

		if (got.minor != row[i].want)
			fail_msg("%lld / %lld: got %lld, want %lld", (long long)row[i].minor,
				 (long long)row[i].divisor, (long long)got.minor, (long long)row[i].want);
		assert_string_equal(got.currency, "EUR");
	}
}

static void test_cmp(void **state)
{
	(void)state;
	assert_int_equal(money_cmp((struct money){ 1, "EUR" }, (struct money){ 2, "EUR" }), -1);
	assert_int_equal(money_cmp((struct money){ 2, "EUR" }, (struct money){ 2, "EUR" }), 0);
	assert_int_equal(money_cmp((struct money){ 3, "EUR" }, (struct money){ -2, "EUR" }), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_what_is_no_amount),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_and_parse_are_inverse),
		cmocka_unit_test(test_divide),
		cmocka_unit_test(test_cmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
