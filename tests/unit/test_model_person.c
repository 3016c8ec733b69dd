/* Persons: e-mail addresses and phone numbers in one form, and the id made of them. */
#include "model/person.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(bool is, struct str got, const char *want, const char *what)
{
	if (is != (want != NULL) || (is && !str_eq(got, str_from(want))))
		fail_msg("%s: got %.*s, want %s", what, is ? (int)got.len : 4, is ? got.p : "none",
			 want ? want : "none");
}

static void test_email(void **state)
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "ann@shop.example", "ann@shop.example" },
		{ " Ann.Lee+x@Shop.Example\n", "ann.lee+x@shop.example" },
		{ "\xc3\xa4nn@shop.example", "\xc3\xa4nn@shop.example" },
		{ "o'neil@a-b.co.uk", "o'neil@a-b.co.uk" },
		{ "", NULL },
		{ "ann", NULL },
		{ "ann@", NULL },
		{ "@shop.example", NULL },
		{ "ann@shop", NULL },
		{ "ann@.example", NULL },
		{ "ann@shop.", NULL },
		{ ".ann@shop.example", NULL },
		{ "ann..lee@shop.example", NULL },
		{ "ann@lee@shop.example", NULL },
		{ "ann lee@shop.example", NULL },
		{ "Ann <ann@shop.example>", NULL },
		{ "a@b.example,c@d.example", NULL },
		{ "ann@shop.exam\x01ple", NULL },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str got = { 0 };
		bool is = person_email(str_from(row[i].text), &arena, &got);

		check(is, got, row[i].want, row[i].text);
	}
	arena_release(&arena);
}

static void test_email_length(void **state)
{
	char text[120];
	struct arena arena;
	struct str got;

	(void)state;
	arena_init(&arena);
	memset(text, 'a', sizeof(text));
	memcpy(text + PERSON_EMAIL_BYTES_MAX - 5, "@b.de", 5);
	assert_true(person_email(str_of(text, PERSON_EMAIL_BYTES_MAX), &arena, &got));
	memcpy(text + PERSON_EMAIL_BYTES_MAX - 5, "a@b.de", 6);
	assert_false(person_email(str_of(text, PERSON_EMAIL_BYTES_MAX + 1), &arena, &got));
	arena_release(&arena);
}

static void test_phone(void **state)
{
	static const struct {
		const char *text, *country, *want;
	} row[] = {
		{ "+49 151 1234567", "", "+491511234567" },
		{ "+49 (0) 151/123-45.67", "US", "+491511234567" },
		{ "+49\xc2\xa0"
		  "151\xe2\x80\x91"
		  "1234567",
		  "", "+491511234567" },
		{ "0049 151 1234567", "", "+491511234567" },
		{ "0151 1234567", "DE", "+491511234567" },
		{ "0151 1234567", "de", "+491511234567" },
		{ "1511234567", "DE", "+491511234567" },
		{ "4915112345678", "DE", "+4915112345678" },
		{ "0151 1234567", "", NULL },
		{ "0151 1234567", "XX", NULL },
		{ "020 7946 0958", "GB", "+442079460958" },
		{ "06 12 34 56 78", "FR", "+33612345678" },
		{ "070-123 45 67", "SE", "+46701234567" },
		{ "06 698 1234", "IT", "+39066981234" },
		{ "+39 (0)6 6981234", "", "+39066981234" },
		{ "333 1234567", "IT", "+393331234567" },
		{ "612 345 678", "ES", "+34612345678" },
		{ "34612345678", "ES", "+34612345678" },
		{ "06 20 123 4567", "HU", "+36201234567" },
		{ "8 (912) 345-67-89", "RU", "+79123456789" },
		{ "812 345-67-89", "RU", "+78123456789" },
		{ "79123456789", "RU", "+79123456789" },
		{ "8 612 34567", "LT", "+37061234567" },
		{ "0 612 34567", "LT", "+37061234567" },
		{ "8 029 123-45-67", "BY", "+375291234567" },
		{ "(55) 99123-4567", "BR", "+5555991234567" },
		{ "5551234567", "US", "+15551234567" },
		{ "1-555-123-4567", "CA", "+15551234567" },
		{ "5551234", "US", NULL },
		{ "555-1234", "BS", "+12425551234" },
		{ "242 555 1234", "BS", "+12425551234" },
		{ "+1 555 123", "", NULL },
		{ "04 123 4567", "AE", "+97141234567" },
		{ "20 12 34 56", "DK", "+4520123456" },
		{ "9123 4567", "SG", "+6591234567" },
		{ "090-1234-5678", "JP", "+819012345678" },
		{ "", "DE", NULL },
		{ "+", "DE", NULL },
		{ "0", "DE", NULL },
		{ "00", "DE", NULL },
		{ "+0151123456", "DE", NULL },
		{ "+49 12", "DE", NULL },
		{ "call me", "DE", NULL },
		{ "0151 1234567 ext 3", "DE", NULL },
		{ "+1234567890123456", "", NULL },
		{ "+49 151 1234567 1234567890123456789", "", NULL },
		{ "012345678901234567890123", "DE", NULL },
		{ "0151\xe2\x80", "DE", NULL },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str got = { 0 };
		bool is = person_phone(str_from(row[i].text), str_from(row[i].country), &arena, &got);

		check(is, got, row[i].want, row[i].text);
	}
	arena_release(&arena);
}

/* What came out once comes out again, with any country. */
static void test_phone_is_stable(void **state)
{
	static const char *const country[] = { "", "DE", "US", "IT", "RU" };
	struct str got, again;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_true(person_phone(STR("06 698 1234"), STR("IT"), &arena, &got));
	for (size_t i = 0; i < ARRAY_LEN(country); i++) {
		assert_true(person_phone(got, str_from(country[i]), &arena, &again));
		assert_true(str_eq(got, again));
	}
	arena_release(&arena);
}

static void test_id(void **state)
{
	static const struct {
		const char *email, *phone, *country, *customer, *want;
	} row[] = {
		{ "A@B.example", "0151 1234567", "DE", "7", "a@b.example" },
		{ "none", "0151 1234567", "DE", "7", "+491511234567" },
		{ "", "none", "DE", "7", "customer:7" },
		{ "", "", "", "", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		check(true,
		      person_id(str_from(row[i].email), str_from(row[i].phone), str_from(row[i].country),
				str_from(row[i].customer), &arena),
		      row[i].want, row[i].want);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_email), cmocka_unit_test(test_email_length),
		cmocka_unit_test(test_phone), cmocka_unit_test(test_phone_is_stable),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
