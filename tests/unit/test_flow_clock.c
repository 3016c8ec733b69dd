/*
 * The wall clock is moved while the stages run, and between two processes: nothing stalls, no budget is
 * over-run, nothing is dropped as old.
 */
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define HOUR MS_PER_HOUR
#define YEAR (365 * MS_PER_DAY)

static const int64_t step_row[] = { -HOUR, -YEAR, HOUR, YEAR, -5000, 5000 };

static int set_up(void **state)
{
	*state = rig_new(&db_sqlite_ops);
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	rig_conserve(rig);
	rig_free(rig);
	return 0;
}

static size_t count(const struct rig *rig, const char *method, const char *path_part)
{
	return fake_http_count_of(rig->http, method, path_part);
}

static void category(struct rig *rig, int i)
{
	struct str data = arena_printf(&rig->arena, "{'id':'c%d','name':'C %d'}", i, i);

	rig_generic(rig, "shop", "category.upserted", data.p);
}

/*
 * A first attempt fails, the clock is moved, and the second comes after the 5 s of the table, or at once if
 * it leapt ahead.
 */
static void check_retry(struct rig *rig, int i, int64_t step_ms, bool restart)
{
	static const struct fake_reply server_error = { .status = 503, .body = { "<html>", 6 } };
	size_t before = count(rig, "POST", "/api/catalog-categories");

	fake_klaviyo_script(rig->klaviyo, "POST", "/api/catalog-categories", 1, server_error);
	category(rig, i);
	for (int k = 0; k < 200 && count(rig, "POST", "/api/catalog-categories") == before; k++)
		rig_run(rig, 50);
	rig->clock.step_ms += step_ms;
	if (restart)
		rig_crash(rig);
	rig_run(rig, 20000);
	if (count(rig, "POST", "/api/catalog-categories") != (restart ? 1 : before + 2))
		fail_msg("a step of %lld ms%s: %zu requests", (long long)step_ms,
			 restart ? " and a start" : "",
			 count(rig, "POST", "/api/catalog-categories") - before);
	rig->clock.step_ms = 0;
	rig_run(rig, 10000);
}

static void a_retry_is_not_put_off(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(step_row); i++)
		check_retry(rig, (int)i, step_row[i], false);
}

static void nor_by_a_process_that_starts_meanwhile(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(step_row); i++) {
		struct rig *rig = *state;

		check_retry(rig, (int)i, step_row[i], true);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* 3 a second, 30 a minute. The clock leaps all the time. */
static void a_budget_is_not_forgotten(void **state)
{
	struct rig *rig = *state;

	rig_account_set(rig, "main", "", (const char *const[]){ "quota_percent=4", NULL });
	for (int i = 0; i < 60; i++) {
		category(rig, i);
		rig->clock.step_ms = step_row[(size_t)i % ARRAY_LEN(step_row)];
		rig_run(rig, 400);
		if (i % 20 == 19)
			rig_crash(rig);
	}
	assert_true(count(rig, "POST", "/api/catalog-categories") <= 30);
	rig->clock.step_ms = 0;
	for (int i = 0; i < 600 && fake_klaviyo_count(rig->klaviyo, "category") < 60; i++)
		rig_run(rig, 1000);
	assert_int_equal(fake_klaviyo_count(rig->klaviyo, "category"), 60);
}

static void retain_for(struct rig *rig, struct retain *retain, int64_t ms)
{
	struct flow_next next;

	for (int64_t gone_ms = 0; gone_ms < ms; gone_ms += HOUR) {
		rig->clock.now_ms += HOUR;
		do
			assert_true(retain_run_once(&rig->ctx, retain, &next, &rig->err));
		while (next.wait_ms == 0);
	}
}

static int64_t only_message(struct rig *rig)
{
	struct arena *arena = &rig->arena;
	struct audit_filter filter = { .max_n = 1, .by_code = true, .code = AUDIT_MESSAGE_MAPPED };
	struct audit_row *row;
	size_t n;

	assert_true(db_audit_list(rig->db, &filter, arena, &row, &n, &rig->err) && n == 1);
	return row[0].message_id;
}
static void history_outlives_a_leap(void **state)
{
	struct rig *rig = *state;
	struct retain retain = { 0 };
	struct inbox_message message;
	int64_t id;

	category(rig, 1);
	rig_run(rig, 5000);
	id = only_message(rig);
	retain_for(rig, &retain, 2 * HOUR);
	rig->clock.step_ms = YEAR;
	retain_for(rig, &retain, 20 * HOUR);
	assert_true(db_inbox_get(rig->db, id, &rig->arena, &message, &rig->err));
	retain_for(rig, &retain, 10 * HOUR);
	assert_false(db_inbox_get(rig->db, id, &rig->arena, &message, &rig->err));
}

/* Whoever starts during a leap knows what was believed before. */
static void history_outlives_a_start_in_a_leap(void **state)
{
	struct rig *rig = *state;
	struct retain retain = { 0 };
	struct inbox_message message;
	int64_t id;

	category(rig, 1);
	rig_run(rig, 5000);
	id = only_message(rig);
	retain_for(rig, &retain, 2 * HOUR);
	rig->clock.step_ms = YEAR;
	for (int start = 0; start < 3; start++) {
		retain = (struct retain){ 0 };
		retain_for(rig, &retain, 20 * HOUR);
		assert_true(db_inbox_get(rig->db, id, &rig->arena, &message, &rig->err));
	}
	retain_for(rig, &retain, 10 * HOUR);
	assert_false(db_inbox_get(rig->db, id, &rig->arena, &message, &rig->err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_retry_is_not_put_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nor_by_a_process_that_starts_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_budget_is_not_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(history_outlives_a_leap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(history_outlives_a_start_in_a_leap, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
