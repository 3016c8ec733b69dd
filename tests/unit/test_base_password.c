/* Passwords and second factors against published vectors. */
#include "base/password.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 6238, appendix B (SHA-1), the last six of its eight digits. */
static void test_codes_are_those_of_the_rfc(void **state)
{
	static const struct {
		int64_t at_s;
		const char *code;
	} rows[] = { { 59, "287082" },	       { 1111111109, "081804" }, { 1111111111, "050471" },
		     { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	char code[TOTP_DIGITS + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		totp_code(STR("12345678901234567890"), rows[i].at_s / 30, code);
		assert_string_equal(code, rows[i].code);
	}
}

static void test_a_code_counts_once_and_for_a_while(void **state)
{
	struct str key = STR("12345678901234567890");
	int64_t step = 0;

	(void)state;
	assert_true(totp_verify(key, STR("287082"), 59000, 0, &step));
	assert_int_equal(step, 1);
	assert_false(totp_verify(key, STR("287082"), 59000, 1, &step)); /* used */
	assert_true(totp_verify(key, STR("287082"), 89000, 0, &step));	/* a step late */
	assert_false(totp_verify(key, STR("287082"), 120000, 0, &step));
	assert_false(totp_verify(key, STR("28708"), 59000, 0, &step));
	assert_false(totp_verify(key, STR(""), 59000, 0, &step));
}

/* RFC 4648, section 10. */
static void test_base32_both_ways(void **state)
{
	static const struct {
		const char *plain, *text;
	} rows[] = { { "", "" },
		     { "f", "MY" },
		     { "fo", "MZXQ" },
		     { "foo", "MZXW6" },
		     { "foob", "MZXW6YQ" },
		     { "fooba", "MZXW6YTB" },
		     { "foobar", "MZXW6YTBOI" } };
	struct arena arena;
	struct str out;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out = base32_encode(&arena, str_from(rows[i].plain));
		assert_true(str_eq(out, str_from(rows[i].text)));
		assert_true(base32_decode(&arena, out, &out));
		assert_true(str_eq(out, str_from(rows[i].plain)));
	}
	assert_true(base32_decode(&arena, STR("mzxw 6ytb-oi======"), &out));
	assert_true(str_eq(out, STR("foobar")));
	assert_false(base32_decode(&arena, STR("MZXW1"), &out));
	arena_release(&arena);
}

static void test_passwords_are_hashed_and_found_again(void **state)
{
	struct str hash, other, password = STR("correct horse battery");
	struct arena arena;
	struct err err;

	(void)state;
	arena_init(&arena);
	assert_true(password_hash(password, &arena, &hash, &err));
	assert_true(str_starts(hash, STR("$argon2id$v=19$m=65536,t=2,p=1$")));
	assert_true(password_verify(hash, password));
	assert_false(password_verify(hash, STR("correct horse batter")));
	assert_false(password_verify(STR(""), password));
	assert_false(password_verify(STR("$argon2id$nonsense"), password));
	assert_true(password_hash(password, &arena, &other, &err));
	assert_false(str_eq(hash, other));
	arena_release(&arena);
}

static void test_what_may_be_a_password(void **state)
{
	char text[PASSWORD_BYTES_MAX + 1];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'a';
	assert_false(password_check(str_of(text, PASSWORD_BYTES_MIN - 1), &err));
	assert_true(password_check(str_of(text, PASSWORD_BYTES_MIN), &err));
	assert_true(password_check(str_of(text, PASSWORD_BYTES_MAX), &err));
	assert_false(password_check(str_of(text, sizeof(text)), &err));
	assert_false(password_check(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_are_those_of_the_rfc),
		cmocka_unit_test(test_a_code_counts_once_and_for_a_while),
		cmocka_unit_test(test_base32_both_ways),
		cmocka_unit_test(test_passwords_are_hashed_and_found_again),
		cmocka_unit_test(test_what_may_be_a_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
