/*
 * Defaults of the installation through the API: who may, what a change would do, where a value comes from,
 * and back.
 */
#include "unit/test_admin_support.h"

/* The row of a key among values; NULL: there is none. */
static const struct json *value_of(const struct json *settings, const char *key)
{
	const struct json *list = json_get(settings, "values");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "key"), str_from(key)))
			return json_at(list, i);
	return NULL;
}

/* A change by whoever is in, as they read it. */
static struct got change(struct rig *rig, const char *id, const char *path, const char *changes)
{
	struct got got = rig_ask(rig, "GET", path, NULL);

	rig->if_match = arena_cstr(&rig->arena, got.etag);
	return rig_call(rig, id, path, arena_printf(&rig->arena, "{\"changes\":%s}", changes).p);
}

static void a_store_follows_and_another_does_not(void **state)
{
	struct rig *rig = *state;
	struct got got;
	int64_t n;

	rig_owner(rig);
	(void)change(rig, "storeSettingsPatch", "/stores/shop-b/settings",
		     "{\"price_source\":\"reference\"}");
	got = rig_call(rig, "defaultsPreview", "/defaults/preview",
		       "{\"changes\":{\"price_source\":\"base\",\"quiet_ms\":\"1000\"}}");
	assert_int_equal(json_len(json_get(got.json, "changes")), 1);
	assert_true(json_is_true(json_get(got.json, "sweep")));
	assert_true(json_get_int(got.json, "stores", &n) && n == 1);
	got = change(rig, "defaultsPatch", "/defaults", "{\"price_source\":\"base\"}");
	assert_string_equal(rig_text(rig, got.json, "scope"), "defaults");
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "from"), "installation");
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "default"), "sale");
	assert_true(json_get_int(value_of(got.json, "price_source"), "overridden", &n) && n == 1);
	assert_null(value_of(got.json, "market"));
	assert_null(value_of(got.json, "pull_header"));
	assert_non_null(value_of(got.json, "quota_percent"));
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "value"), "base");
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "from"), "installation");
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-b/settings", NULL);
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "value"), "reference");
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "from"), "own");
	assert_string_equal(rig_text(rig, value_of(got.json, "price_source"), "default"), "base");
}

/* What was read before a default changed is not what is there now. */
static void a_default_changes_what_stores_answer(void **state)
{
	struct rig *rig = *state;
	const char *before;
	struct got got;

	rig_owner(rig);
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	before = arena_cstr(&rig->arena, got.etag);
	(void)change(rig, "defaultsPatch", "/defaults", "{\"quiet_ms\":\"500\"}");
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	assert_false(str_eq(got.etag, str_from(before)));
	rig->if_match = before;
	got = rig_ask(rig, "PATCH", "/stores/shop-a/settings", "{\"changes\":{\"quiet_ms\":\"7\"}}");
	assert_problem(&got, 412, "changed");
	got = rig_ask(rig, "PATCH", "/defaults", "{\"changes\":{\"quiet_ms\":\"7\"}}");
	assert_problem(&got, 412, "changed");
}

/* "" is a value where it can be one; null is none. */
static void empty_is_not_the_default(void **state)
{
	struct rig *rig = *state;
	const struct json *line;
	struct got got;

	rig_owner(rig);
	(void)change(rig, "defaultsPatch", "/defaults", "{\"profile_include\":\"size\"}");
	got = change(rig, "storeSettingsPatch", "/stores/shop-a/settings", "{\"profile_include\":\"\"}");
	assert_string_equal(rig_text(rig, value_of(got.json, "profile_include"), "value"), "");
	assert_string_equal(rig_text(rig, value_of(got.json, "profile_include"), "from"), "own");
	got = rig_call(rig, "storeSettingsPreview", "/stores/shop-a/settings/preview",
		       "{\"changes\":{\"profile_include\":null}}");
	line = json_at(json_get(got.json, "changes"), 0);
	assert_string_equal(rig_text(rig, line, "after"), "size");
	assert_false(json_is_true(json_get(line, "own")));
	got = change(rig, "storeSettingsPatch", "/stores/shop-a/settings", "{\"profile_include\":null}");
	assert_string_equal(rig_text(rig, value_of(got.json, "profile_include"), "from"), "installation");
}

static void what_has_no_default_for_all_is_refused(void **state)
{
	static const char *const keys[] = { "market", "pull_header", "api_url", "nonsense" };
	struct rig *rig = *state;
	struct got got;

	rig_owner(rig);
	got = rig_call(rig, "defaultsGet", "/defaults", NULL);
	rig->if_match = arena_cstr(&rig->arena, got.etag);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *body =
			arena_printf(&rig->arena, "{\"changes\":{\"%s\":\"pk_canary_1\"}}", keys[i]).p;

		got = rig_ask(rig, "PATCH", "/defaults", body);
		assert_problem(&got, 422, "invalid");
		assert_null(strstr(got.body.p, "canary"));
		got = rig_ask(rig, "POST", "/defaults/preview", body);
		assert_problem(&got, 422, "invalid");
	}
}

/* Owners who are not limited change them, others look; taking back is a change. */
static void only_owners_change_them(void **state)
{
	struct rig *rig = *state;
	const struct json *row;
	const char *undo;
	int64_t number;
	struct got got;

	rig_owner(rig);
	(void)change(rig, "defaultsPatch", "/defaults", "{\"quiet_ms\":\"500\"}");
	got = rig_call(rig, "settingsHistory", "/settings/history?scope=defaults", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 1);
	row = json_at(json_get(got.json, "items"), 0);
	assert_string_equal(rig_text(rig, row, "scope"), "defaults");
	assert_string_equal(rig_text(rig, row, "name"), "");
	assert_string_equal(rig_text(rig, row, "by"), "ada");
	assert_string_equal(rig_text(rig, row, "undo"), "possible");
	assert_true(json_get_int(row, "number", &number));
	undo = arena_printf(&rig->arena, "/settings/history/%lld/undo", (long long)number).p;
	rig_user(rig, "otto", USER_OPERATOR, "", "secret-o", NULL);
	rig_as(rig, "secret-o");
	(void)rig_call(rig, "defaultsGet", "/defaults", NULL);
	got = rig_ask(rig, "POST", undo, NULL);
	assert_problem(&got, 403, "role");
	rig_user(rig, "la", USER_OWNER, "2", "secret-la", NULL);
	rig_as(rig, "secret-la");
	got = rig_call(rig, "settingsHistory", "/settings/history?scope=defaults", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 0);
	got = rig_ask(rig, "POST", undo, NULL);
	assert_problem(&got, 404, "not_found");
	rig_as(rig, NULL);
	rig_user(rig, "ada", USER_OWNER, "", "token-s", "settings:read settings:write");
	rig->bearer = "token-s";
	got = rig_ask(rig, "POST", undo, NULL);
	assert_problem(&got, 403, "role");
	rig->bearer = NULL;
	rig_as(rig, "secret-a");
	got = rig_call(rig, "settingsUndo", undo, NULL);
	assert_string_equal(rig_text(rig, got.json, "scope"), "defaults");
	got = rig_call(rig, "defaultsGet", "/defaults", NULL);
	assert_string_equal(rig_text(rig, value_of(got.json, "quiet_ms"), "from"), "default");
}

/* How many have a value of their own is told of the stores that a user sees. */
static void a_limited_user_counts_what_they_see(void **state)
{
	struct rig *rig = *state;
	struct got got;
	int64_t n;

	rig_owner(rig);
	(void)change(rig, "storeSettingsPatch", "/stores/shop-a/settings", "{\"price_source\":\"base\"}");
	rig_user(rig, "lv", USER_VIEWER, "2", "secret-lv", NULL);
	rig_as(rig, "secret-lv");
	got = rig_call(rig, "defaultsGet", "/defaults", NULL);
	assert_true(json_get_int(value_of(got.json, "price_source"), "overridden", &n) && n == 0);
	got = rig_call(rig, "defaultsPreview", "/defaults/preview",
		       "{\"changes\":{\"unpublished\":\"delete\"}}");
	assert_true(json_get_int(got.json, "stores", &n) && n == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_store_follows_and_another_does_not, rig_up, rig_down),
		cmocka_unit_test_setup_teardown(a_default_changes_what_stores_answer, rig_up, rig_down),
		cmocka_unit_test_setup_teardown(empty_is_not_the_default, rig_up, rig_down),
		cmocka_unit_test_setup_teardown(what_has_no_default_for_all_is_refused, rig_up, rig_down),
		cmocka_unit_test_setup_teardown(only_owners_change_them, rig_up, rig_down),
		cmocka_unit_test_setup_teardown(a_limited_user_counts_what_they_see, rig_up, rig_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
