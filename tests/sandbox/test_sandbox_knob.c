/*
 * Faults on request, and what the sandbox tells about itself: state, history, requests, counts, broken
 * promises.
 */
#include "rig.h"

#include <string.h>

#define ITEMS "/api/catalog-items"
#define ITEM ITEMS "/" RIG_ID "a"

static const char *price(struct rig *rig, int value)
{
	return rig_printf(rig,
			  "{\"data\":{\"type\":\"catalog-item\",\"id\":\"" RIG_ID
			  "a\",\"attributes\":{\"price\":%d}}}",
			  value);
}

static void check_violations(struct rig *rig, const char *what, const char *kind, const char *want)
{
	rig_check_status(what, rig_send(rig, "GET", "/sandbox/violations", NULL), 200);
	rig_check_text(rig, what, rig_printf(rig, "by_kind.%s", kind), want);
}

/* ---- the knobs themselves ---- */

static void test_wrong_knobs_change_nothing(void **state)
{
	static const char *const wrong[] = {
		"",
		"5",
		"{\"latency_ms\":-1}",
		"{\"latency_ms\":\"5\"}",
		"{\"latency_ms\":1.5}",
		"{\"nothing\":1}",
		"{\"limits\":\"maybe\"}",
		"{\"down\":1}",
		"{\"fail_status\":200}",
		"{\"reject_external_id\":[1]}",
		"{\"latency_ms\":7,\"drop_how\":\"softly\"}",
	};
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		rig_check_status(wrong[i], rig_send(rig, "POST", "/sandbox/knobs", wrong[i]), 400);
		assert_true(rig_text(rig, "error").len > 0);
		rig_check_status("get", rig_send(rig, "GET", "/sandbox/knobs", NULL), 200);
		rig_check_text(rig, wrong[i], "latency_ms", "0");
	}
	rig_free(rig);
}

static void test_knobs_are_shown(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"latency_ms\":5,\"limits\":\"real\",\"down\":true,\"drop_how\":\"502\","
		       "\"deny_scope\":\"catalogs:write\"}");
	rig_check_text(rig, "answer", "latency_ms", "5");
	rig_check_text(rig, "answer", "limits", "real");
	rig_check_text(rig, "answer", "down", "true");
	rig_check_text(rig, "answer", "drop_how", "502");
	rig_check_text(rig, "answer", "deny_scope.0", "catalogs:write");
	rig_knobs(rig, "{\"deny_scope\":null,\"down\":false}");
	assert_int_equal(json_len(rig_at(rig, "deny_scope")), 0);
	rig_check_text(rig, "others stay", "latency_ms", "5");
	rig_free(rig);
}

/* ---- faults ---- */

static void test_down_and_latency(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"down\":true,\"retry_after_s\":7,\"latency_ms\":250}");
	rig_check_status("down", rig_send(rig, "GET", ITEMS, NULL), 503);
	rig_check_text(rig, "down", "errors.0.code", "service_unavailable");
	assert_string_equal(rig_header(rig, "Retry-After"), "7");
	assert_int_equal(rig->reply.delay_ms, 250);
	rig_check_status("control", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	assert_int_equal(rig->reply.delay_ms, 0);
	rig_free(rig);
}

static const struct fail_row {
	const char *what, *knobs, *type, *retry_after;
	int want[4];
} fail_rows[] = {
	{ "every third", "{\"fail_every\":3}", JSON_API_TYPE, NULL, { 200, 200, 500, 200 } },
	{ "gateway", "{\"fail_every\":2,\"fail_status\":502}", "text/html", NULL, { 200, 502, 200, 502 } },
	{ "throttled",
	  "{\"fail_every\":1,\"fail_status\":429,\"retry_after_s\":9}",
	  JSON_API_TYPE,
	  "9",
	  { 429, 429, 429, 429 } },
	{ "throttled, default wait",
	  "{\"fail_every\":1,\"fail_status\":429}",
	  JSON_API_TYPE,
	  "1",
	  { 429, 429, 429, 429 } },
	{ "challenge",
	  "{\"fail_every\":2,\"fail_html\":true}",
	  "text/html; charset=UTF-8",
	  NULL,
	  { 200, 403, 200, 403 } },
	{ "challenge for all",
	  "{\"fail_html\":true}",
	  "text/html; charset=UTF-8",
	  NULL,
	  { 403, 403, 403, 403 } },
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fail_rows); i++) {
		const struct fail_row *row = &fail_rows[i];
		struct rig *rig = rig_new();

		rig_knobs(rig, row->knobs);
		for (size_t n = 0; n < ARRAY_LEN(row->want); n++) {
			const char *retry_after;

			rig_check_status(row->what, rig_send(rig, "GET", ITEMS, NULL), row->want[n]);
			if (row->want[n] == 200)
				continue;
			assert_string_equal(rig->reply.content_type, row->type);
			retry_after = rig_header(rig, "Retry-After");
			if (!row->retry_after != !retry_after ||
			    (retry_after && strcmp(retry_after, row->retry_after) != 0))
				fail_msg("%s: got Retry-After %s", row->what,
					 retry_after ? retry_after : "none");
		}
		rig_free(rig);
	}
}

/* A Retry-After is to be kept whoever sent it, also with limits off. */
static void test_silence_after_a_failure(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"fail_every\":1,\"fail_status\":503,\"retry_after_s\":5}");
	rig_check_status("fails", rig_send(rig, "GET", ITEMS, NULL), 503);
	rig_knobs(rig, "{\"fail_every\":0}");
	rig_wait(rig, 4999);
	rig_check_status("another endpoint", rig_send(rig, "GET", "/api/metrics", NULL), 200);
	check_violations(rig, "another endpoint", "request_before_retry_after", "0");
	rig_check_status("too early", rig_send(rig, "GET", ITEMS, NULL), 200);
	check_violations(rig, "too early", "request_before_retry_after", "1");
	rig_wait(rig, 1);
	rig_check_status("in time", rig_send(rig, "GET", ITEMS, NULL), 200);
	check_violations(rig, "in time", "request_before_retry_after", "1");
	rig_free(rig);
}

static void test_dropped_before(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"drop_before\":1}");
	rig_check_status("a read is not dropped", rig_send(rig, "GET", ITEMS, NULL), 200);
	(void)rig_send(rig, "POST", ITEMS, rig_item(rig, "a", ""));
	assert_int_equal(rig->reply.drop, DROP_CLOSE);
	rig_check_status("no effect", rig_send(rig, "GET", ITEM, NULL), 404);
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	rig_check_status("requests", rig_send(rig, "GET", "/sandbox/requests?after=1", NULL), 200);
	rig_check_text(rig, "requests", "requests.0.dropped", "before");
	rig_free(rig);
}

static void test_dropped_after(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"drop_after\":1,\"drop_how\":\"502\"}");
	rig_check_status("a read is not dropped", rig_send(rig, "GET", ITEMS, NULL), 200);
	rig_check_status("502", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", "")), 502);
	assert_int_equal(rig->reply.drop, DROP_NONE);
	rig_check_status("effect", rig_send(rig, "GET", ITEM, NULL), 200);
	rig_check_status("again", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", "")), 409);
	check_violations(rig, "the sender could not know", "unchanged_content_sent", "0");
	rig_check_status("requests", rig_send(rig, "GET", "/sandbox/requests", NULL), 200);
	rig_check_text(rig, "requests", "requests.1.dropped", "after");
	rig_check_text(rig, "requests", "requests.1.status", "201");
	rig_free(rig);
}

static void test_rejected_row(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"reject_external_id\":[\"x\",\"a\"]}");
	rig_check_status("single", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", "")), 400);
	rig_check_text(rig, "single", "errors.0.source.pointer", "/data/attributes/external_id");
	rig_add(rig, ITEMS, rig_item(rig, "b", ""));
	rig_check_status("update", rig_send(rig, "PATCH", ITEM, price(rig, 1)), 400);
	rig_check_text(rig, "update", "errors.0.source.pointer", "/data/id");
	rig_check_status("job",
			 rig_send(rig, "POST", "/api/catalog-item-bulk-delete-jobs",
				  "{\"data\":{\"type\":\"catalog-item-bulk-delete-job\",\"attributes\":{"
				  "\"items\":{\"data\":["
				  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID
				  "b\"},{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "x\"}]}}}}"),
			 400);
	rig_check_text(rig, "job", "errors.0.source.pointer", "/data/attributes/items/data/1/id");
	rig_free(rig);
}

static void test_denied_scope(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"deny_scope\":\"catalogs:write\"}");
	rig_check_status("write", rig_send(rig, "POST", ITEMS, "{}"), 403); /* before the body is looked at */
	rig_check_text(rig, "write", "errors.0.code", "permission_denied");
	rig_check_status("read", rig_send(rig, "GET", ITEMS, NULL), 200);
	rig_free(rig);
}

/* ---- broken promises about content ---- */

static void test_unchanged_content(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "a", ",\"price\":5"));
	rig_check_status("same price", rig_send(rig, "PATCH", ITEM, price(rig, 5)), 200);
	check_violations(rig, "same price", "unchanged_content_sent", "1");
	rig_check_text(rig, "same price", "violations.0.detail", "item a");
	rig_check_status("new price", rig_send(rig, "PATCH", ITEM, price(rig, 6)), 200);
	check_violations(rig, "new price", "unchanged_content_sent", "1");
	rig_check_status("created before, otherwise", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", "")),
			 409);
	check_violations(rig, "created before, otherwise", "unchanged_content_sent", "1");
	rig_check_status("what a 409 leads to", rig_send(rig, "PATCH", ITEM, price(rig, 6)), 200);
	check_violations(rig, "what a 409 leads to", "unchanged_content_sent", "1");
	rig_check_status("once more", rig_send(rig, "PATCH", ITEM, price(rig, 6)), 200);
	check_violations(rig, "once more", "unchanged_content_sent", "2");
	rig_check_status("same create", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", ",\"price\":6")),
			 409);
	check_violations(rig, "same create", "unchanged_content_sent", "3");
	rig_free(rig);
}

static void test_overlapping_change(void **state)
{
	static const char job[] =
		"{\"data\":{\"type\":\"catalog-item-bulk-update-job\",\"attributes\":{\"items\":{\"data\":["
		"{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "a\",\"attributes\":{\"price\":1}}]}}}}";
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	rig_add(rig, ITEMS, rig_item(rig, "b", ""));
	rig_check_status("job", rig_send(rig, "POST", "/api/catalog-item-bulk-update-jobs", job), 202);
	rig_check_status("another", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "b", NULL), 204);
	check_violations(rig, "another", "overlapping_change", "0");
	rig_check_status("the same", rig_send(rig, "PATCH", ITEM, price(rig, 2)), 200);
	check_violations(rig, "the same", "overlapping_change", "1");
	rig_wait(rig, 200);
	rig_check_status("after it", rig_send(rig, "PATCH", ITEM, price(rig, 3)), 200);
	check_violations(rig, "after it", "overlapping_change", "1");
	rig_knobs(rig, "{\"drop_after\":1}");
	(void)rig_send(rig, "POST", "/api/catalog-item-bulk-update-jobs", job);
	rig_check_status("lost, sent again", rig_send(rig, "POST", "/api/catalog-item-bulk-update-jobs", job),
			 202);
	check_violations(rig, "lost, sent again", "overlapping_change", "1");
	rig_wait(rig, 200);
	check_violations(rig, "lost, sent again", "unchanged_content_sent", "0");
	rig_free(rig);
}

/* ---- what it tells ---- */

static void test_state(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, "/api/catalog-categories", rig_category(rig, "c"));
	rig_add(rig, ITEMS, rig_item(rig, "a", ",\"custom_metadata\":{\"brand\":\"B\",\"n\":1}"));
	rig_add(rig, "/api/catalog-variants", rig_variant(rig, "v", "a", ",\"inventory_policy\":1"));
	rig_check_status("link", rig_send(rig, "POST", ITEM "/relationships/categories",
			 "{\"data\":[{\"type\":\"catalog-category\",\"id\":\"" RIG_ID "c\"}]}"), 204);
	rig->key = "pk_another_account1";
	rig_add(rig, ITEMS, rig_item(rig, "other", ""));
	rig_check_status("state", rig_send(rig, "GET", "/sandbox/state?key_last4=3456", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "accounts")), 1);
	rig_check_text(rig, "state", "accounts.0.key_last4", "3456");
	rig_check_text(rig, "item", "accounts.0.items.0.external_id", "a");
	rig_check_text(rig, "item", "accounts.0.items.0.custom_metadata", "{\"brand\":\"B\",\"n\":1}");
	rig_check_text(rig, "item", "accounts.0.items.0.categories", "[\"c\"]");
	rig_check_text(rig, "item", "accounts.0.items.0.variants", "[\"v\"]");
	rig_check_text(rig, "variant", "accounts.0.variants.0.item", "a");
	rig_check_text(rig, "variant", "accounts.0.variants.0.inventory_policy", "1");
	rig_check_text(rig, "category", "accounts.0.categories.0.name", "Name c");
	rig_check_text(rig, "category", "accounts.0.categories.0.items", "[\"a\"]");
	rig_check_text(rig, "jobs", "accounts.0.jobs", "[]");
	rig_check_status("all", rig_send(rig, "GET", "/sandbox/state", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "accounts")), 2);
	rig_free(rig);
}

/* The key itself is shown nowhere. */
static void test_keys_stay_secret(void **state)
{
	static const char *const paths[] = { "/",
					     "/sandbox/state",
					     "/sandbox/requests",
					     "/sandbox/violations",
					     "/sandbox/counts",
					     "/sandbox/history?kind=item&id=a" };
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		rig_check_status(paths[i], rig_send(rig, "GET", paths[i], NULL), 200);
		assert_null(strstr(arena_cstr(&rig->arena, rig->reply.body), RIG_KEY));
	}
	rig_free(rig);
}

static void test_history(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_check_status("nothing", rig_send(rig, "GET", "/sandbox/history?kind=item&id=a", NULL), 404);
	rig_check_status("no kind", rig_send(rig, "GET", "/sandbox/history?id=a", NULL), 400);
	rig_add(rig, ITEMS, rig_item(rig, "a", ",\"price\":1"));
	rig_add(rig, "/api/catalog-variants", rig_variant(rig, "v", "a", ""));
	rig_check_status("refused", rig_send(rig, "PATCH", ITEM, "{}"), 400);
	rig_check_status("update", rig_send(rig, "PATCH", ITEM, price(rig, 2)), 200);
	rig_check_status("delete", rig_send(rig, "DELETE", ITEM, NULL), 204);
	rig_check_status("item", rig_send(rig, "GET", "/sandbox/history?kind=item&id=" RIG_ID "a", NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "history")), 3);
	rig_check_text(rig, "create", "history.0.attributes.title", "Title a");
	rig_check_text(rig, "update", "history.1.op", "update");
	rig_check_text(rig, "update", "history.1.request_number", "4");
	rig_check_text(rig, "update", "history.1.attributes", "{\"price\":2}");
	rig_check_text(rig, "delete", "history.2.op", "delete");
	rig_check_status("variant", rig_send(rig, "GET", "/sandbox/history?kind=variant&id=v", NULL), 200);
	rig_check_text(rig, "variant", "history.1.op", "delete_with_item");
	rig_free(rig);
}

static void test_counts_and_requests(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	rig_check_status("409", rig_send(rig, "POST", ITEMS, rig_item(rig, "a", "")), 409);
	rig_check_status("job",
			 rig_send(rig, "POST", "/api/catalog-item-bulk-delete-jobs",
				  "{\"data\":{\"type\":\"catalog-item-bulk-delete-job\",\"attributes\":{"
				  "\"items\":{\"data\":["
				  "{\"type\":\"catalog-item\",\"id\":\"" RIG_ID
				  "a\"},{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "b\"}]}}}}"),
			 202);
	rig_check_status("unknown", rig_send(rig, "GET", "/api/nothing?x=1", NULL), 404);
	rig_wait(rig, 200);
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, "counts", "requests", "4");
	rig_check_text(rig, "counts", "rows", "4");
	rig_check_text(rig, "counts", "by_status", "{\"201\":1,\"202\":1,\"404\":1,\"409\":1}");
	rig_check_text(rig, "counts", "effects.items", "{\"created\":1,\"updated\":0,\"deleted\":1}");
	rig_check_text(rig, "counts", "routes.0",
		       "{\"method\":\"POST\",\"pattern\":\"/api/catalog-items\",\"requests\":2,"
		       "\"rows\":2,\"by_status\":{\"201\":1,\"409\":1}}");
	rig_check_status("requests", rig_send(rig, "GET", "/sandbox/requests?after=2", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "requests")), 2);
	rig_check_text(rig, "requests", "requests.0.number", "3");
	rig_check_text(rig, "requests", "requests.0.rows", "2");
	rig_check_text(rig, "requests", "requests.1.path", "/api/nothing?x=1");
	rig_check_status("none", rig_send(rig, "GET", "/sandbox/requests?after=99", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "requests")), 0);
	rig_free(rig);
}

/* The log is a ring. */
static void test_last_requests(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"down\":true}");
	for (int i = 0; i < JOURNAL_REQUESTS_MAX + 5; i++) {
		(void)rig_send(rig, "GET", "/api/metrics", NULL);
		arena_reset(&rig->arena);
	}
	rig_check_status("requests", rig_send(rig, "GET", "/sandbox/requests", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "requests")), JOURNAL_REQUESTS_MAX);
	rig_check_text(rig, "requests", "requests.0.number", "6");
	rig_free(rig);
}

static void test_reset(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"latency_ms\":9}");
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	rig_check_status("reset", rig_send(rig, "POST", "/sandbox/reset", NULL), 200);
	rig_check_status("state", rig_send(rig, "GET", "/sandbox/state", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "accounts")), 0);
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, "counts", "requests", "0");
	rig_check_status("knobs", rig_send(rig, "GET", "/sandbox/knobs", NULL), 200);
	rig_check_text(rig, "knobs stay", "latency_ms", "9");
	rig_add(rig, ITEMS, rig_item(rig, "a", ""));
	rig_free(rig);
}

/* Texts from outside stay text. */
static void test_page_escapes(void **state)
{
	struct rig *rig = rig_new();
	const char *page;

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "<script>alert('x')</script>", ""));
	rig_add(rig, "/api/catalog-variants", rig_variant(rig, "v&", "<script>alert('x')</script>", ""));
	rig_check_status("page", rig_send(rig, "GET", "/", NULL), 200);
	page = arena_cstr(&rig->arena, rig->reply.body);
	assert_non_null(strstr(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
	assert_non_null(strstr(page, "v&amp;"));
	assert_null(strstr(page, "<script"));
	assert_string_equal(rig->reply.content_type, "text/html; charset=utf-8");
	rig_free(rig);
}

static void test_control_paths(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig->key = NULL; /* none is needed */
	rig_check_status("unknown", rig_send(rig, "GET", "/sandbox/nothing", NULL), 404);
	rig_check_status("method", rig_send(rig, "GET", "/sandbox/reset", NULL), 405);
	rig_check_status("number", rig_send(rig, "GET", "/sandbox/requests?after=x", NULL), 400);
	rig_check_status("page", rig_send(rig, "GET", "/", NULL), 200);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_knobs_change_nothing),
		cmocka_unit_test(test_knobs_are_shown),
		cmocka_unit_test(test_down_and_latency),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_silence_after_a_failure),
		cmocka_unit_test(test_dropped_before),
		cmocka_unit_test(test_dropped_after),
		cmocka_unit_test(test_rejected_row),
		cmocka_unit_test(test_denied_scope),
		cmocka_unit_test(test_unchanged_content),
		cmocka_unit_test(test_overlapping_change),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_keys_stay_secret),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_counts_and_requests),
		cmocka_unit_test(test_last_requests),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_page_escapes),
		cmocka_unit_test(test_control_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
