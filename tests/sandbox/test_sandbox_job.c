/* Bulk jobs: when they take effect, in which order, and what they say about rows that fail. */
#include "rig.h"

#define ITEM_JOBS "/api/catalog-item-bulk-create-jobs"

static const char *plural(const char *kind)
{
	return kind[0] == 'c' ? "categories" : kind[0] == 'v' ? "variants" : "items";
}

/* Submits a job of rows; its path, by which it can be polled. */
static const char *submit(struct rig *rig, const char *kind, const char *op, const char *rows)
{
	const char *path = rig_printf(rig, "/api/catalog-%s-bulk-%s-jobs", kind, op);
	const char *body = rig_printf(
		rig,
		"{\"data\":{\"type\":\"catalog-%s-bulk-%s-job\",\"attributes\":{\"%s\":{\"data\":[%s]}}}}",
		kind, op, plural(kind), rows);

	rig_check_status(body, rig_send(rig, "POST", path, body), 202);
	return rig_printf(rig, "%s/%.*s", path, STR_ARG(rig_text(rig, "data.id")));
}

/* The row of a single call's body. */
static const char *row(struct rig *rig, const char *body)
{
	struct str text = str_from(body);

	return rig_printf(rig, "%.*s", (int)(text.len - sizeof("{\"data\":}") + 1),
			  text.p + sizeof("{\"data\":") - 1);
}

static const char *item(struct rig *rig, const char *id)
{
	return row(rig, rig_item(rig, id, ""));
}

static const char *item_update(struct rig *rig, const char *id, const char *attributes)
{
	return rig_printf(rig, "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "%s\",\"attributes\":{%s}}", id,
			  attributes);
}

static const char *item_delete(struct rig *rig, const char *id)
{
	return rig_printf(rig, "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "%s\"}", id);
}

static void check_job(struct rig *rig, const char *what, const char *path, const char *status, int total,
		      int failed)
{
	rig_check_status(what, rig_send(rig, "GET", path, NULL), 200);
	rig_check_text(rig, what, "data.attributes.status", status);
	rig_check_text(rig, what, "data.attributes.total_count", rig_printf(rig, "%d", total));
	rig_check_text(rig, what, "data.attributes.failed_count", rig_printf(rig, "%d", failed));
	rig_check_text(rig, what, "data.attributes.completed_count", rig_printf(rig, "%d", total - failed));
	assert_int_equal(json_len(rig_at(rig, "data.attributes.errors")), (size_t)failed);
}

static void test_nothing_before_its_time(void **state)
{
	struct rig *rig = rig_new();
	const char *path = submit(rig, "item", "create", item(rig, "a"));

	(void)state;
	rig_check_text(rig, "202", "data.attributes.status", "processing");
	rig_check_text(rig, "202", "data.attributes.total_count", "0");
	rig_check_text(rig, "202", "data.attributes.completed_at", "null");
	rig_check_text(rig, "202", "data.attributes.created_at", "2026-09-21T14:13:20.000Z");
	rig_check_text(rig, "202", "data.attributes.expires_at", "2026-09-28T14:13:20.000Z");
	rig_wait(rig, 199);
	check_job(rig, "199 ms", path, "processing", 0, 0);
	rig_check_status("199 ms", rig_send(rig, "GET", "/api/catalog-items/" RIG_ID "a", NULL), 404);
	rig_wait(rig, 1);
	check_job(rig, "200 ms", path, "complete", 1, 0);
	rig_check_text(rig, "200 ms", "data.attributes.completed_at", "2026-09-21T14:13:20.200Z");
	rig_check_text(rig, "200 ms", "data.relationships.items.data.0.id", RIG_ID "a");
	rig_check_status("200 ms", rig_send(rig, "GET", "/api/catalog-items/" RIG_ID "a", NULL), 200);
	rig_check_status("include", rig_send(rig, "GET", rig_printf(rig, "%s?include=items", path), NULL),
			 200);
	rig_check_text(rig, "include", "included.0.attributes.title", "Title a");
	rig_free(rig);
}

static void test_queued_at_first(void **state)
{
	struct rig *rig = rig_new();
	const char *path;

	(void)state;
	(void)submit(rig, "item", "create", item(rig, "a"));
	path = submit(rig, "item", "create", item(rig, "b"));
	check_job(rig, "the second", path, "queued", 0, 0);
	rig_wait(rig, 100);
	check_job(rig, "the second", path, "processing", 0, 0);
	rig_free(rig);
}

static void test_status_may_lag(void **state)
{
	struct rig *rig = rig_new();
	const char *path;

	(void)state;
	rig_knobs(rig, "{\"job_ms\":1000,\"job_status_lag_ms\":60000}");
	path = submit(rig, "item", "create", item(rig, "a"));
	rig_wait(rig, 1000);
	rig_check_status("effect", rig_send(rig, "GET", "/api/catalog-items/" RIG_ID "a", NULL), 200);
	rig_wait(rig, 59999);
	check_job(rig, "not yet", path, "processing", 0, 0);
	rig_wait(rig, 1);
	check_job(rig, "now", path, "complete", 1, 0);
	rig_free(rig);
}

/* With real limits jobs take as long as recorded: items 30 s, others 12 s. */
static void test_real_durations(void **state)
{
	struct rig *rig = rig_new_scaled(1);
	const char *items = submit(rig, "item", "create", item(rig, "a"));
	const char *categories = submit(rig, "category", "create", row(rig, rig_category(rig, "c")));

	(void)state;
	rig_wait(rig, 12000);
	check_job(rig, "categories", categories, "complete", 1, 0);
	check_job(rig, "items", items, "processing", 0, 0);
	rig_wait(rig, 18000);
	check_job(rig, "items", items, "complete", 1, 0);
	rig_free(rig);
}

static void test_time_scale(void **state)
{
	struct rig *rig = rig_new_scaled(10);
	const char *path = submit(rig, "item", "create", item(rig, "a"));

	(void)state;
	rig_wait(rig, 2999);
	check_job(rig, "not yet", path, "processing", 0, 0);
	rig_wait(rig, 1);
	check_job(rig, "ten times as fast", path, "complete", 1, 0);
	rig_check_text(rig, "ten times as fast", "data.attributes.completed_at", "2026-09-21T14:13:23.000Z");
	rig_free(rig);
}

/* One row per way a row fails; beside it stands one that succeeds. */
static const struct error_row {
	const char *what, *kind, *op, *bad, *good, *code, *detail;
} error_rows[] = {
	{ "create of what exists", "item", "create", NULL, NULL, "duplicate_item",
	  "An item with the external id `i1` already exists." },
	{ "update of nothing", "item", "update",
	  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "x\",\"attributes\":{\"price\":1}}",
	  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\",\"attributes\":{\"price\":1}}", "not_found",
	  "An item with the id `" RIG_ID "x` does not exist." },
	{ "delete of nothing", "item", "delete", "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "x\"}",
	  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\"}", "not_found",
	  "An item with the id `" RIG_ID "x` does not exist." },
	{ "category of an item missing", "item", "update",
	  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID
	  "i1\",\"attributes\":{\"price\":7},\"relationships\":{\"categories\":"
	  "{\"data\":[{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "x\"}]}}}",
	  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "i1\",\"attributes\":{\"price\":1}}", "not_found",
	  "A category with the id `" RIG_ID "x` does not exist." },
	{ "category deleted twice", "category", "delete",
	  "{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "x\"}",
	  "{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c1\"}", "not_found",
	  "A category with the id `" RIG_ID "x` does not exist." },
	{ "variant of nothing", "variant", "update",
	  "{\"type\":\"catalog-variant\",\"id\":\"" RIG_ID "x\",\"attributes\":{\"price\":1}}",
	  "{\"type\":\"catalog-variant\",\"id\":\"" RIG_ID "v1\",\"attributes\":{\"price\":1}}", "not_found",
	  "A variant with the id `" RIG_ID "x` does not exist." },
};

static void test_row_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(error_rows); i++) {
		const struct error_row *test = &error_rows[i];
		struct rig *rig = rig_new();
		const char *path;

		rig_add(rig, "/api/catalog-categories", rig_category(rig, "c1"));
		rig_add(rig, "/api/catalog-items", rig_item(rig, "i1", ""));
		rig_add(rig, "/api/catalog-variants", rig_variant(rig, "v1", "i1", ""));
		path = submit(rig, test->kind, test->op,
			      rig_printf(rig, "%s,%s", test->bad ? test->bad : item(rig, "i1"),
					 test->good ? test->good : item(rig, "i2")));
		rig_wait(rig, 200);
		check_job(rig, test->what, path, "complete", 2, 1);
		rig_check_text(rig, test->what, "data.attributes.errors.0.code", test->code);
		rig_check_text(rig, test->what, "data.attributes.errors.0.detail", test->detail);
		rig_check_text(rig, test->what, "data.attributes.errors.0.source.pointer", "/data");
		assert_null(rig_at(rig, "data.attributes.errors.0.status"));
		rig_free(rig);
	}
}

/* A variant job that overtakes the job of its items finds none. */
static void test_dependent_job_too_early(void **state)
{
	struct rig *rig = rig_new_scaled(1);
	const char *path;

	(void)state;
	(void)submit(rig, "item", "create", item(rig, "a"));
	path = submit(rig, "variant", "create", row(rig, rig_variant(rig, "v", "a", "")));
	rig_wait(rig, 30000);
	check_job(rig, "variant", path, "complete", 1, 1);
	rig_check_text(rig, "variant", "data.attributes.errors.0.detail",
		       "An item with the id `" RIG_ID "a` does not exist.");
	rig_free(rig);
}

/*
 * Create, update, delete, create again: the effects come in the order of submission, even if the later
 * would be done sooner.
 */
static void test_order(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"job_ms\":5000}");
	(void)submit(rig, "item", "create", item(rig, "a"));
	rig_knobs(rig, "{\"job_ms\":10}");
	(void)submit(rig, "item", "update", item_update(rig, "a", "\"price\":1"));
	(void)submit(rig, "item", "delete", item_delete(rig, "a"));
	(void)submit(rig, "item", "create", item(rig, "a"));
	(void)submit(rig, "item", "update", item_update(rig, "a", "\"price\":2"));
	rig_wait(rig, 5000);
	rig_check_status("at last", rig_send(rig, "GET", "/api/catalog-items/" RIG_ID "a", NULL), 200);
	rig_check_text(rig, "at last", "data.attributes.price", "2");
	rig_check_status("history", rig_send(rig, "GET", "/sandbox/history?kind=item&id=a", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "history")), 5);
	rig_check_text(rig, "history", "history.0.op", "create");
	rig_check_text(rig, "history", "history.1.attributes.price", "1");
	rig_check_text(rig, "history", "history.2.op", "delete");
	rig_check_text(rig, "history", "history.2.attributes", "null");
	rig_check_text(rig, "history", "history.4.attributes.price", "2");
	rig_check_text(rig, "history", "history.4.by_job", "true");
	rig_free(rig);
}

static void test_list(void **state)
{
	struct rig *rig = rig_new();
	struct str next;

	(void)state;
	for (int i = 0; i < 130; i++)
		(void)submit(rig, "item", "create", item(rig, rig_printf(rig, "n%d", i)));
	rig_wait(rig, 200);
	for (int i = 0; i < 3; i++)
		(void)submit(rig, "item", "create", item(rig, rig_printf(rig, "m%d", i)));
	rig_check_status("first page", rig_send(rig, "GET", ITEM_JOBS, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 100);
	next = str_skip(rig_text(rig, "links.next"), sizeof("http://sandbox.test:80") - 1);
	rig_check_status("second page", rig_send(rig, "GET", rig_printf(rig, "%.*s", STR_ARG(next)), NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 33);
	rig_check_text(rig, "second page", "links.next", "null");
	rig_wait(rig, 100); /* all those not complete are processing */
	rig_check_status("filter",
			 rig_send(rig, "GET", ITEM_JOBS "?filter=equals(status,'processing')", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 3);
	rig_check_status("other kind", rig_send(rig, "GET", "/api/catalog-item-bulk-update-jobs", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_free(rig);
}

static void test_job_of_another_kind_is_unknown(void **state)
{
	struct rig *rig = rig_new();
	const char *path = submit(rig, "item", "create", item(rig, "a"));
	struct str id = str_skip(str_from(path), sizeof(ITEM_JOBS));

	(void)state;
	rig_check_status("own", rig_send(rig, "GET", path, NULL), 200);
	rig_check_status("update",
			 rig_send(rig, "GET",
				  rig_printf(rig, "/api/catalog-item-bulk-update-jobs/%.*s", STR_ARG(id)),
				  NULL),
			 404);
	rig->key = "pk_another_account1";
	rig_check_status("other account", rig_send(rig, "GET", path, NULL), 404);
	rig_free(rig);
}

static void test_expires(void **state)
{
	struct rig *rig = rig_new();
	const char *path = submit(rig, "item", "create", item(rig, "a"));

	(void)state;
	rig_wait(rig, JOB_KEEP_MS - 1);
	rig_check_status("kept", rig_send(rig, "GET", path, NULL), 200);
	rig_wait(rig, 1);
	rig_check_status("expired", rig_send(rig, "GET", path, NULL), 404);
	rig_free(rig);
}

static void test_jobs_in_progress_maximum(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"job_ms\":2500}");
	for (int i = 0; i < JOBS_IN_PROGRESS_MAX; i++)
		(void)submit(rig, i % 2 ? "item" : "category", "delete",
			     rig_printf(rig, "{\"type\":\"catalog-%s\",\"id\":\"" RIG_ID "n%d\"}",
					i % 2 ? "item" : "category", i));
	rig_knobs(rig, "{\"limits\":\"real\"}");
	rig_check_status("one more",
			 rig_send(rig, "POST", "/api/catalog-item-bulk-delete-jobs",
				  "{\"data\":{\"type\":\"catalog-item-bulk-delete-job\",\"attributes\":{"
				  "\"items\":{\"data\":"
				  "[{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "x\"}]}}}}"),
			 429);
	rig_check_text(rig, "one more", "errors.0.code", "throttled");
	assert_string_equal(rig_header(rig, "Retry-After"), "3");
	assert_null(rig_header(rig, "RateLimit-Limit"));
	rig_wait(rig, 2500);
	(void)submit(rig, "item", "delete", item_delete(rig, "x"));
	rig_check_status("violations", rig_send(rig, "GET", "/sandbox/violations", NULL), 200);
	rig_check_text(rig, "violations", "by_kind.too_many_jobs", "1");
	rig_free(rig);
}

static void test_knob_fails_a_row(void **state)
{
	struct rig *rig = rig_new();
	const char *path;

	(void)state;
	rig_knobs(rig, "{\"job_fail_external_id\":[\"b\"]}");
	path = submit(rig, "item", "create",
		      rig_printf(rig, "%s,%s,%s", item(rig, "a"), item(rig, "b"), item(rig, "c")));
	rig_wait(rig, 200);
	check_job(rig, "knob", path, "complete", 3, 1);
	rig_check_text(rig, "knob", "data.attributes.errors.0.detail",
		       "An item with the id `" RIG_ID "b` could not be processed.");
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_before_its_time),
		cmocka_unit_test(test_queued_at_first),
		cmocka_unit_test(test_status_may_lag),
		cmocka_unit_test(test_real_durations),
		cmocka_unit_test(test_time_scale),
		cmocka_unit_test(test_row_errors),
		cmocka_unit_test(test_dependent_job_too_early),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_job_of_another_kind_is_unknown),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_jobs_in_progress_maximum),
		cmocka_unit_test(test_knob_fails_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
