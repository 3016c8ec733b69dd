/* What the API says of imports, and asking a shop through it: those who may, only of their stores. */
#include "unit/test_admin_support.h"

static void offer(struct rig *rig, const char *store)
{
	struct setting_change change[] = {
		{ STR("pull_orders_url"), STR("https://shop.test/orders?page={page}&since={from}") },
		{ STR("pull_customers_url"), STR("https://shop.test/customers?page={page}") },
	};

	OK(settings_store_set(rig->settings, str_from(store), (struct str){ 0 }, (struct str){ 0 }, change, 2,
			      START_MS, &err));
}

static void an_import_from_beginning_to_end(void **state)
{
	static const struct {
		const char *id, *path, *body, *state;
	} rows[] = {
		{ "importPause", "/imports/1/pause", NULL, "paused" },
		{ "importThrottle", "/imports/1/throttle", "{\"per_minute\":600}", "paused" },
		{ "importResume", "/imports/1/resume", NULL, "open" },
		{ "importCancel", "/imports/1/cancel", NULL, "cancelled" },
	};
	struct rig *rig = *state;
	const struct json *row;
	struct got got;

	offer(rig, "shop-a");
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
	got = rig_call(rig, "storeSync", "/stores/shop-a/sync",
		       "{\"kinds\":[\"orders\"],\"from\":\"2026-07-01T00:00:00Z\",\"per_minute\":60}");
	row = json_at(json_get(got.json, "items"), 0);
	assert_string_equal(json_get_text(row, "kind").p, "orders");
	assert_string_equal(json_get_text(row, "source").p, "shop");
	assert_string_equal(json_get_text(row, "state").p, "open");
	assert_int_equal(json_type(json_get(row, "percent")), JSON_NULL);
	assert_int_equal(json_number(json_get(row, "per_minute")), 60);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		got = rig_call(rig, rows[i].id, rows[i].path, rows[i].body);
		assert_string_equal(json_get_text(got.json, "state").p, rows[i].state);
	}
	got = rig_call(rig, "importGet", "/imports/1", NULL);
	assert_int_equal(json_number(json_get(got.json, "per_minute")), 600);
	assert_int_equal(json_len(json_get(got.json, "rejects")), 0);
	got = rig_ask(rig, "POST", "/imports/1/resume", NULL);
	assert_problem(&got, 409, "conflict");
	got = rig_call(rig, "importList", "/imports?store=shop-b", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 0);
}

static void what_cannot_be_asked(void **state)
{
	static const char *const bodies[] = {
		"{\"kinds\":[]}",
		"{\"kinds\":[\"orders\",\"products\"]}",
		"{\"kinds\":[\"wishes\"]}",
		"{\"kinds\":[\"customers\"],\"from\":\"2026-07-01T00:00:00Z\"}",
		"{\"kinds\":[\"orders\"],\"from\":\"yesterday\"}",
		"{\"kinds\":[\"orders\"],\"per_minute\":-1}",
	};
	struct rig *rig = *state;
	struct got got;

	offer(rig, "shop-a");
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		got = rig_ask(rig, "POST", "/stores/shop-a/sync", bodies[i]);
		assert_problem(&got, 422, "invalid");
	}
	got = rig_call(rig, "importList", "/imports", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 0);
}

/* A user of shop-b neither sees nor stops what is shop-a's. */
static void only_of_the_own_stores(void **state)
{
	struct rig *rig = *state;
	struct got got;

	offer(rig, "shop-a");
	offer(rig, "shop-b");
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
	(void)rig_call(rig, "storeSync", "/stores/shop-a/sync", "{\"kinds\":[\"orders\"]}");
	(void)rig_call(rig, "storeSync", "/stores/shop-b/sync", "{\"kinds\":[\"orders\"]}");
	rig_user(rig, "bo", USER_OPERATOR, "2", "secret-b", NULL);
	rig_as(rig, "secret-b");
	got = rig_call(rig, "importList", "/imports", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 1);
	got = rig_ask(rig, "POST", "/imports/1/cancel", NULL);
	assert_problem(&got, 404, "not_found");
	got = rig_ask(rig, "POST", "/stores/shop-a/sync", "{\"kinds\":[\"orders\"]}");
	assert_problem(&got, 404, "not_found");
	got = rig_call(rig, "importCancel", "/imports/2/cancel", NULL);
	assert_string_equal(json_get_text(got.json, "state").p, "cancelled");
}

static bool warns(struct rig *rig, const char *code)
{
	struct got got = rig_call(rig, "overviewGet", "/overview", NULL);
	const struct json *list = json_get(got.json, "warnings");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "code"), str_from(code)))
			return true;
	return false;
}

/* Whoever looks is told of a shop that does not answer, and of what has failed. */
static void trouble_is_seen(void **state)
{
	struct import_step step = { .job_id = 1, .reason = STR("the shop answered 502"), .due_ms = 1 };
	struct rig *rig = *state;

	offer(rig, "shop-a");
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
	(void)rig_call(rig, "storeSync", "/stores/shop-a/sync", "{\"kinds\":[\"orders\"]}");
	step.attempts = 3;
	OK(db_import_step(rig->db, START_MS, &step, NULL, &err));
	assert_false(warns(rig, "import_waits"));
	step.attempts = 9;
	OK(db_import_step(rig->db, START_MS, &step, NULL, &err));
	assert_true(warns(rig, "import_waits"));
	step.state = IMPORT_FAILED;
	OK(db_import_step(rig->db, START_MS, &step, NULL, &err));
	assert_true(warns(rig, "import_failed"));
	(void)rig_call(rig, "importCancel", "/imports/1/cancel", NULL);
	assert_false(warns(rig, "import_failed"));
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(an_import_from_beginning_to_end),
		WITH_RIG(what_cannot_be_asked),
		WITH_RIG(only_of_the_own_stores),
		WITH_RIG(trouble_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
