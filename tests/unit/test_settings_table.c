/*
 * The table of settings: what each type accepts, what it is normalised to, and that every row is sound.
 */
#include "settings/nearest.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define REFUSED NULL

static void values_are_checked_and_normalised(void **state)
{
	static const struct {
		enum setting setting;
		const char *value;
		const char *want; /* REFUSED, or as stored */
	} rows[] = {
		{ SETTING_KEY_quota_percent, "50", "50" },
		{ SETTING_KEY_quota_percent, " 50 ", "50" },
		{ SETTING_KEY_quota_percent, "1", "1" },
		{ SETTING_KEY_quota_percent, "100", "100" },
		{ SETTING_KEY_quota_percent, "0", REFUSED },
		{ SETTING_KEY_quota_percent, "101", REFUSED },
		{ SETTING_KEY_quota_percent, "5e1", REFUSED },
		{ SETTING_KEY_quota_percent, "99999999999999999999", REFUSED },
		{ SETTING_KEY_quota_percent, "", REFUSED },
		{ SETTING_KEY_flow_windows, "", "" },
		{ SETTING_KEY_flow_windows, "started_checkout=2, placed_order=48",
		  "started_checkout=2, placed_order=48" },
		{ SETTING_KEY_flow_windows, "placed_order=0", "placed_order=0" },
		{ SETTING_KEY_flow_windows, "placed_order=8760", "placed_order=8760" },
		{ SETTING_KEY_flow_windows, "placed_order=8761", REFUSED },
		{ SETTING_KEY_flow_windows, "placed_order=-1", REFUSED },
		{ SETTING_KEY_flow_windows, "placed_order=1h", REFUSED },
		{ SETTING_KEY_flow_windows, "Placed Order=1", REFUSED },
		{ SETTING_KEY_flow_windows, "placed", REFUSED },
		{ SETTING_KEY_hold_without_price, "true", "true" },
		{ SETTING_KEY_hold_without_price, "ON", "true" },
		{ SETTING_KEY_hold_without_price, "Yes", "true" },
		{ SETTING_KEY_hold_without_price, "1", "true" },
		{ SETTING_KEY_hold_without_price, "off", "false" },
		{ SETTING_KEY_hold_without_price, "no", "false" },
		{ SETTING_KEY_hold_without_price, "0", "false" },
		{ SETTING_KEY_hold_without_price, "2", REFUSED },
		{ SETTING_KEY_hold_without_price, "", REFUSED },
		{ SETTING_KEY_category_name, "path", "path" },
		{ SETTING_KEY_category_name, "Path", REFUSED },
		{ SETTING_KEY_category_name, "leaf|path", REFUSED },
		{ SETTING_KEY_category_name, "", REFUSED },
		{ SETTING_KEY_api_url, "https://a.klaviyo.com", "https://a.klaviyo.com" },
		{ SETTING_KEY_api_url, "http://127.0.0.1:8081/", "http://127.0.0.1:8081" },
		{ SETTING_KEY_api_url, "http://proxy.example/klaviyo//", "http://proxy.example/klaviyo" },
		{ SETTING_KEY_api_url, "a.klaviyo.com", REFUSED },
		{ SETTING_KEY_api_url, "ftp://a.klaviyo.com", REFUSED },
		{ SETTING_KEY_api_url, "https://user:word@a.klaviyo.com", REFUSED },
		{ SETTING_KEY_api_url, "https://a.klaviyo.com?x=1", REFUSED },
		{ SETTING_KEY_api_url, "https://a.klaviyo.com#x", REFUSED },
		{ SETTING_KEY_api_url, "", REFUSED },
		{ SETTING_KEY_url_template, "https://shop.example/{market}/{slug}",
		  "https://shop.example/{market}/{slug}" },
		{ SETTING_KEY_url_template, "https://shop.example/p?id={id}&l={language}",
		  "https://shop.example/p?id={id}&l={language}" },
		{ SETTING_KEY_url_template, "", "" },
		{ SETTING_KEY_url_template, "shop.example/{slug}", REFUSED },
		{ SETTING_KEY_url_template, "https://shop.example/{slgu}", REFUSED },
		{ SETTING_KEY_url_template, "https://shop.example/{slug", REFUSED },
		{ SETTING_KEY_url_template, "https://shop.example/slug}", REFUSED },
		{ SETTING_KEY_url_template, "https://shop.example/{}", REFUSED },
		{ SETTING_KEY_secret_header, "X-Api-Key", "X-Api-Key" },
		{ SETTING_KEY_secret_header, "X-Api-Key:", REFUSED },
		{ SETTING_KEY_secret_header, "X Api Key", REFUSED },
		{ SETTING_KEY_market, "us", "us" },
		{ SETTING_KEY_market, "", "" },
		{ SETTING_KEY_market, "a\nb", REFUSED },
		{ SETTING_KEY_market, "\xff\xfe", REFUSED },
		{ SETTING_KEY_market, "1234567890123456789012345678901234567890123456789012345678901234",
		  "1234567890"
		  "123456789012345678901234567890123456789012345678901234" },
		{ SETTING_KEY_market, "12345678901234567890123456789012345678901234567890123456789012345",
		  REFUSED },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { .code = ERR_NONE };
		struct str got = STR("");
		bool ok = setting_parse(rows[i].setting, str_from(rows[i].value), &arena, &got, &err);

		print_message("%s=%s\n", setting_row(rows[i].setting)->key, rows[i].value);
		assert_int_equal(ok, rows[i].want != REFUSED);
		if (ok) {
			assert_string_equal(arena_cstr(&arena, got), rows[i].want);
			continue;
		}
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.msg, setting_row(rows[i].setting)->key));
		/* A person may have pasted a secret: it is not repeated. */
		if (strlen(rows[i].value) > 8)
			assert_null(strstr(err.msg, rows[i].value));
	}
	arena_release(&arena);
}

static void a_refusal_says_what_is_allowed(void **state)
{
	static const struct {
		enum setting setting;
		const char *want;
	} rows[] = {
		{ SETTING_KEY_quota_percent, "quota_percent must be a whole number from 1 to 100" },
		{ SETTING_KEY_flow_windows,
		  "flow_windows must be a list like started_checkout=2, placed_order=48 with keys of metrics "
		  "and hours from 0 to 8760" },
		{ SETTING_KEY_price_source, "price_source must be sale, base or reference" },
		{ SETTING_KEY_category_name, "category_name must be leaf or path" },
		{ SETTING_KEY_api_url, "api_url must be an http or https URL" },
		{ SETTING_KEY_url_template,
		  "url_template must be an http or https URL with {slug}, {id}, {sku}, {market} "
		  "or {language}" },
		{ SETTING_KEY_storefront_url, "storefront_url must be an http or https URL" },
		{ SETTING_KEY_cart_url_template,
		  "cart_url_template must be an http or https URL with {cart_id}" },
		{ SETTING_KEY_secret_header, "secret_header must be the name of an HTTP header" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		struct str got;

		assert_false(setting_parse(rows[i].setting, STR("no such: value"), &arena, &got, &err));
		assert_string_equal(err.msg, rows[i].want);
	}
	arena_release(&arena);
}

/* Every default passes its own check and is written in its normal form; every row has help. */
static void rows_are_sound(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);
		enum setting found;
		struct str value;
		struct err err;

		print_message("%s\n", row->key);
		assert_true(setting_parse((enum setting)i, str_from(row->otherwise), &arena, &value, &err));
		assert_string_equal(arena_cstr(&arena, value), row->otherwise);
		assert_true(setting_find(str_from(row->key), row->scope, &found));
		assert_int_equal(found, i);
		assert_true(strlen(row->help) > 10);
		assert_true(setting_allowed((enum setting)i, &arena).len > 0);
		assert_true(strlen(setting_type_text(row->type)) > 0);
	}
	arena_release(&arena);
}

static void a_key_belongs_to_one_scope(void **state)
{
	enum setting found;

	(void)state;
	assert_false(setting_find(STR("market"), SETTING_ACCOUNT, &found));
	assert_false(setting_find(STR("api_url"), SETTING_STORE, &found));
	assert_false(setting_find(STR("Market"), SETTING_STORE, &found));
	assert_false(setting_find(STR(""), SETTING_STORE, &found));
}

static void the_nearest_word_is_found(void **state)
{
	static const char *const words[] = { "account", "store",	 NULL,
					     "status",	"quota_percent", "url_template" };
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "acount", "account" },
		{ "accuont", "account" },
		{ "stor", "store" },
		{ "sta", NULL },
		{ "stat", "status" },
		{ "quotapercent", "quota_percent" },
		{ "urltemplate", "url_template" },
		{ "xyz", NULL },
		{ "", NULL },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = nearest_text(str_from(rows[i].text), words, ARRAY_LEN(words));

		print_message("'%s': got %s, want %s\n", rows[i].text, got ? got : "-",
			      rows[i].want ? rows[i].want : "-");
		assert_int_equal(got == NULL, rows[i].want == NULL);
		if (got)
			assert_string_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_checked_and_normalised),
		cmocka_unit_test(a_refusal_says_what_is_allowed),
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(a_key_belongs_to_one_scope),
		cmocka_unit_test(the_nearest_word_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
