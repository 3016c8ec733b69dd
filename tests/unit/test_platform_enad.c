/*
 * Enad: who may send, which messages repeat which, and that what comes last about a variant's stock counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "platform/enad/enad_internal.h"
#include "unit/test_platform_support.h"

static const struct platform_ops *enad = &platform_enad_ops;

static void test_verify(void **state)
{
	static const struct {
		const char *what, *secret_header, *header, *value;
		bool ok;
		const char *message; /* part of it */
	} rows[] = {
		{ "usual header", "", "Authorization", "xqwerty12345", true, "" },
		{ "bearer", "", "Authorization", "Bearer xqwerty12345", true, "" },
		{ "bearer in lower case", "", "authorization", "bearer xqwerty12345", true, "" },
		{ "x-api-key", "", "x-api-key", "xqwerty12345", true, "" },
		{ "api-key", "", "API-KEY", "xqwerty12345", true, "" },
		{ "second secret", "", "X-Api-Key", "the-older-secret", true, "" },
		{ "spaces around", "", "X-Api-Key", " xqwerty12345 ", true, "" },
		{ "own header", "X-Shop", "x-shop", "xqwerty12345", true, "" },
		{ "own header, bearer", "X-Shop", "X-Shop", "Bearer xqwerty12345", true, "" },
		{ "wrong", "", "Authorization", "Bearer wrong", false, "does not carry" },
		{ "prefix of it", "", "Authorization", "xqwerty1234", false, "does not carry" },
		{ "more than it", "", "Authorization", "xqwerty123456", false, "does not carry" },
		{ "other case", "", "Authorization", "XQWERTY12345", false, "does not carry" },
		{ "empty", "", "Authorization", "", false, "no Authorization, X-Api-Key or Api-Key" },
		{ "bearer of nothing", "", "Authorization", "Bearer ", false, "does not carry" },
		{ "other header", "", "X-Other", "xqwerty12345", false, "no Authorization" },
		{ "usual header, own set", "X-Shop", "Authorization", "xqwerty12345", false,
		  "no X-Shop header" },
		{ "own header, wrong", "X-Shop", "X-Shop", "wrong", false, "does not carry" },
	};
	struct str secret[] = { STR("xqwerty12345"), STR("the-older-secret"), STR("") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
		struct platform_store store = support_store(secret, ARRAY_LEN(secret), &settings);
		struct platform_request request = support_request(STR(""), STR("{}"), &headers);
		struct err err = { 0 };

		print_message("%s\n", rows[i].what);
		support_put(&headers, str_from(rows[i].header), str_from(rows[i].value));
		support_put(&settings, STR("secret_header"), str_from(rows[i].secret_header));
		assert_int_equal(enad->verify(&store, &request, &err), rows[i].ok);
		assert_int_equal(err.code, rows[i].ok ? ERR_NONE : ERR_DENIED);
		assert_non_null(strstr(err.msg, rows[i].message));
		assert_null(strstr(err.msg, "xqwerty"));
	}
}

static void test_no_secret_lets_nobody_in(void **state)
{
	struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
	struct str empty = STR("");
	struct platform_store store = support_store(&empty, 1, &settings);
	struct platform_request request = support_request(STR(""), STR("{}"), &headers);

	(void)state;
	assert_false(enad->verify(&store, &request, NULL));
	support_put(&headers, STR("Authorization"), STR("Bearer x"));
	assert_false(enad->verify(&store, &request, NULL));
	store.n_secret = 0;
	assert_false(enad->verify(&store, &request, NULL));
}

static void test_check_secret(void **state)
{
	static const struct {
		const char *secret;
		bool ok;
	} rows[] = {
		{ "12345678", true },
		{ "with spaces inside", true },
		{ "~!@#$%^&*()_+", true },
		{ "1234567", false },
		{ "", false },
		{ " 12345678", false },
		{ "12345678 ", false },
		{ "1234567\n8", false },
		{ "passw\xc3\xb6rter", false },
		{ "tab\tinside1", false },
		{ "del\x7finside1", false },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		err.code = ERR_NONE;
		print_message("'%s'\n", rows[i].secret);
		assert_int_equal(enad->check_secret(str_from(rows[i].secret), &err), rows[i].ok);
		assert_int_equal(err.code, rows[i].ok ? ERR_NONE : ERR_INVALID);
	}
}

static void test_accepts(void **state)
{
	(void)state;
	assert_true(enad->accepts(STR("")));
	assert_true(enad->accepts(STR("application/json")));
	assert_true(enad->accepts(STR("Application/JSON; charset=utf-8")));
	assert_true(enad->accepts(STR("text/json")));
	assert_false(enad->accepts(STR("application/x-www-form-urlencoded")));
	assert_false(enad->accepts(STR("application/jsonp")));
	assert_false(enad->accepts(STR("text/plain")));
}

static struct platform_message identified(struct arena *arena, const char *body)
{
	struct support_pairs none = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &none);
	struct platform_request request = support_request(STR("application/json"), str_from(body), &none);
	struct platform_message *message;
	struct err err;
	size_t n;

	if (!enad->identify(&store, &request, 1, arena, &message, &n, &err))
		fail_msg("%s: %s", body, err.msg);
	assert_int_equal(n, 1);
	return *message;
}

/* slot: 's' the same subject, 'o' others, 'k' the message stands for itself alone. */
static void test_what_is_compared_with_what(void **state)
{
#define MESSAGE(type, payload) "{\"event_type\":\"" type "\",\"payload\":{" payload "}}"
	static const struct {
		const char *a, *b;
		char slot;
	} rows[] = {
		{ MESSAGE("product.created", "\"product_id\":\"1\",\"slug\":\"a\""),
		  MESSAGE("product.updated", "\"slug\":\"b\",\"product_id\":\"1\""), 's' },
		{ MESSAGE("product.updated", "\"product_id\":\"1\""),
		  MESSAGE("product.deleted", "\"product_id\":\"1\""), 's' },
		{ MESSAGE("product.updated", "\"product_id\":\"1\""),
		  MESSAGE("product_status.changed", "\"product_id\":\"1\""), 's' },
		{ MESSAGE("product.updated", "\"product_id\":\"1\""),
		  MESSAGE("product.updated", "\"product_id\":\"2\""), 'o' },
		{ MESSAGE("product.updated", "\"product_id\":1"),
		  MESSAGE("product.updated", "\"product_id\":\"1\""), 's' },
		{ MESSAGE("product.deleted", "\"product_id\":\"1\""),
		  MESSAGE("variant.deleted", "\"id\":\"1\""), 'o' },
		{ MESSAGE("variant.updated", "\"id\":\"1\",\"product_id\":\"p\""),
		  MESSAGE("product_variant_status.changed", "\"product_variant_id\":\"1\""), 's' },
		{ MESSAGE("variant_prices.updated", "\"variant_id\":\"1\",\"store_group_id\":\"g\""),
		  MESSAGE("variant_prices.updated", "\"variant_id\":\"1\",\"store_group_id\":\"h\""), 'o' },
		{ MESSAGE("variant_prices.updated", "\"variant_id\":\"1\",\"store_group_id\":\"g\""),
		  MESSAGE("variant_prices.updated", "\"store_group_id\":\"g\",\"variant_id\":\"1\""), 's' },
		{ MESSAGE("variant_stock.updated", "\"product_variant_id\":\"1\",\"product_variant_number\":"
						   "\"N\",\"inventory_id\":\"i\""),
		  MESSAGE("variant_stock_delta.updated",
			  "\"product_variant_number\":\"N\",\"inventory_id\":\"i\""),
		  's' },
		{ MESSAGE("variant_stock.updated", "\"product_variant_number\":\"N\",\"inventory_id\":\"i\""),
		  MESSAGE("variant_stock.updated", "\"product_variant_number\":\"N\",\"inventory_id\":\"j\""),
		  'o' },
		{ MESSAGE("category_relationship.created", "\"product_id\":\"p\",\"category_id\":\"c\""),
		  MESSAGE("category_relationship.deleted",
			  "\"product\":{\"id\":\"p\"},\"category\":{\"id\":\"c\"}"),
		  's' },
		{ MESSAGE("user.create", "\"id\":\"1\""), MESSAGE("user.update", "\"id\":\"1\""), 's' },
		{ MESSAGE("product.updated", "\"x\":1"), MESSAGE("product.updated", "\"x\":2"), 'k' },
		{ MESSAGE("coupon.exploded", "\"id\":\"1\""),
		  MESSAGE("coupon.exploded", "\"id\":\"1\",\"x\":1"), 'k' },
		{ "{\"event_type\":\"product.deleted\"}",
		  "{\"event_type\":\"product.deleted\",\"payload\":[]}", 'k' },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct platform_message a = identified(&arena, rows[i].a), b = identified(&arena, rows[i].b);
		struct platform_message again = identified(&arena, rows[i].a);

		print_message("%s\n%s\n", rows[i].a, rows[i].b);
		assert_true(digest16_eq(a.key, again.key));
		assert_true(digest16_eq(a.slot, again.slot));
		assert_false(digest16_eq(a.key, b.key));
		assert_int_equal(digest16_eq(a.slot, b.slot), rows[i].slot == 's');
		assert_int_equal(digest16_eq(a.slot, a.key), rows[i].slot == 'k');
		assert_ptr_equal(a.body.p, rows[i].a); /* not copied */
	}
	arena_release(&arena);
}

static void test_every_documented_event_has_a_fixture(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	struct arena arena;
	size_t n, known = 0;

	(void)state;
	arena_init(&arena);
	n = support_fixtures(&arena, "enad", fixture);
	for (size_t i = 0; i < n; i++) {
		struct str name = str_of(fixture[i].name.p, fixture[i].name.len - strlen(".json"));

		known += enad_event_find(name) != NULL;
	}
	assert_int_equal(known, 39); /* rows of enad_event.c */
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_no_secret_lets_nobody_in),
		cmocka_unit_test(test_check_secret),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_what_is_compared_with_what),
		cmocka_unit_test(test_every_documented_event_has_a_fixture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
