/*
 * The generic platform: Standard Webhooks signatures, content types, what a message is told apart by, type
 * names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "platform/generic/generic_internal.h"
#include "unit/test_platform_support.h"

static const struct platform_ops *generic = &platform_generic_ops;

/* The vector of the Standard Webhooks libraries' tests. */
#define VECTOR_ID	 "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define VECTOR_TIMESTAMP "1614265330"
#define VECTOR_BODY	 "{\"test\": 2432232314}"
#define VECTOR_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define VECTOR_MS	 INT64_C(1614265330000)
#define OTHER_SECRET	 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void test_published_vector(void **state)
{
	static const struct {
		const char *what, *id, *timestamp, *signature, *body;
		int64_t now_ms;
		const char *denied; /* part of the message, NULL: let in */
	} rows[] = {
		{ "as published", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  NULL },
		{ "no padding", VECTOR_ID, VECTOR_TIMESTAMP, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
		  VECTOR_BODY, VECTOR_MS, NULL },
		{ "several", VECTOR_ID, VECTOR_TIMESTAMP,
		  "v1a,AAAA v1,AAAA v2,zzz " VECTOR_SIGNATURE
		  " v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
		  VECTOR_BODY, VECTOR_MS, NULL },
		{ "300 s early", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY,
		  VECTOR_MS - 300000, NULL },
		{ "300 s late", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY,
		  VECTOR_MS + 300999, NULL },
		{ "301 s early", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY,
		  VECTOR_MS - 301000, "300 s away" },
		{ "301 s late", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY,
		  VECTOR_MS + 301000, "300 s away" },
		{ "other id", "msg_other", VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "no signature fits" },
		{ "other time", VECTOR_ID, "1614265331", VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "no signature fits" },
		{ "other body", VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_SIGNATURE, "{\"test\": 2432232315}",
		  VECTOR_MS, "no signature fits" },
		{ "moved dot", VECTOR_ID "." VECTOR_TIMESTAMP, VECTOR_TIMESTAMP, VECTOR_SIGNATURE,
		  VECTOR_BODY, VECTOR_MS, "webhook-id has a dot" },
		{ "only unknown versions", VECTOR_ID, VECTOR_TIMESTAMP, "v1a,g0hM9SsE v2,g0hM9SsE",
		  VECTOR_BODY, VECTOR_MS, "kind v1" },
		{ "no base64", VECTOR_ID, VECTOR_TIMESTAMP, "v1,***", VECTOR_BODY, VECTOR_MS, "kind v1" },
		{ "half a signature", VECTOR_ID, VECTOR_TIMESTAMP, "v1,g0hM9SsE", VECTOR_BODY, VECTOR_MS,
		  "no signature fits" },
		{ "no id", "", VECTOR_TIMESTAMP, VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "webhook-id is missing" },
		{ "no timestamp", VECTOR_ID, "", VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "webhook-timestamp is missing" },
		{ "no signature", VECTOR_ID, VECTOR_TIMESTAMP, "", VECTOR_BODY, VECTOR_MS,
		  "webhook-signature is missing" },
		{ "time in words", VECTOR_ID, "now", VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "not a number" },
		{ "negative time", VECTOR_ID, "-1", VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "not a number" },
		{ "endless time", VECTOR_ID, "9223372036854775807", VECTOR_SIGNATURE, VECTOR_BODY, VECTOR_MS,
		  "s away" },
	};
	struct str secret[] = { STR(OTHER_SECRET), STR(SUPPORT_SECRET) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
		struct platform_store store = support_store(secret, ARRAY_LEN(secret), &settings);
		struct platform_request request = support_request(STR(""), str_from(rows[i].body), &headers);
		struct err err = { 0 };

		print_message("%s\n", rows[i].what);
		request.now_ms = rows[i].now_ms;
		support_put(&headers, STR("Webhook-Id"), str_from(rows[i].id));
		support_put(&headers, STR("WEBHOOK-TIMESTAMP"), str_from(rows[i].timestamp));
		support_put(&headers, STR("webhook-signature"), str_from(rows[i].signature));
		assert_int_equal(generic->verify(&store, &request, &err), rows[i].denied == NULL);
		assert_int_equal(err.code, rows[i].denied ? ERR_DENIED : ERR_NONE);
		if (rows[i].denied)
			assert_non_null(strstr(err.msg, rows[i].denied));
		assert_null(strstr(err.msg, "MfKQ9r"));
	}
}

static void test_secrets_that_do_not_fit(void **state)
{
	struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
	struct str wrong = STR(OTHER_SECRET), broken = STR("whsec_***"), empty = STR("");
	struct str *const secrets[] = { &wrong, &broken, &empty };
	struct platform_request request = support_request(STR(""), STR(VECTOR_BODY), &headers);

	(void)state;
	request.now_ms = VECTOR_MS;
	support_put(&headers, STR("webhook-id"), STR(VECTOR_ID));
	support_put(&headers, STR("webhook-timestamp"), STR(VECTOR_TIMESTAMP));
	support_put(&headers, STR("webhook-signature"), STR(VECTOR_SIGNATURE));
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		struct platform_store store = support_store(secrets[i], 1, &settings);

		assert_false(generic->verify(&store, &request, NULL));
	}
}

static void test_raw_secret_and_tolerance_setting(void **state)
{
	struct support_pairs headers = { .n = 0 }, settings = { .n = 0 };
	struct str secret = STR("correct horse battery");
	struct platform_store store = support_store(&secret, 1, &settings);
	struct platform_request request = support_request(STR(""), STR("[]"), &headers);
	struct arena arena;

	(void)state;
	arena_init(&arena);
	request.now_ms = INT64_C(1000000) * 1000;
	support_put(&headers, STR("webhook-id"), STR("m1"));
	support_put(&headers, STR("webhook-timestamp"), STR("996400"));
	support_put(&headers, STR("webhook-signature"),
		    support_signature(&arena, secret, STR("m1"), STR("996400"), STR("[]")));
	assert_false(generic->verify(&store, &request, NULL));
	support_put(&settings, STR("signature_tolerance_s"), STR("3600"));
	assert_true(generic->verify(&store, &request, NULL));
	support_put(&settings, STR("signature_tolerance_s"), STR("3599"));
	assert_false(generic->verify(&store, &request, NULL));
	arena_release(&arena);
}

static void test_check_secret(void **state)
{
	static const struct {
		const char *secret;
		bool ok;
	} rows[] = {
		{ SUPPORT_SECRET, true },
		{ OTHER_SECRET, true },
		{ "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true },
		{ "sixteen bytes ok", true },
		{ "fifteen bytes..", false },
		{ "", false },
		{ "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", false }, /* 22 bytes */
		{ "whsec_"
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  false },
		{ "whsec_not base64 at all!", false },
		{ "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false },
		{ "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false },
		{ "trailing newline.\n", false },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		err.code = ERR_NONE;
		print_message("'%s'\n", rows[i].secret);
		assert_int_equal(generic->check_secret(str_from(rows[i].secret), &err), rows[i].ok);
		assert_int_equal(err.code, rows[i].ok ? ERR_NONE : ERR_INVALID);
	}
}

static void test_accepts(void **state)
{
	static const struct {
		const char *type;
		bool ok;
	} rows[] = {
		{ "application/json", true },
		{ "application/json;charset=UTF-8", true },
		{ "application/x-ndjson", true },
		{ "application/ndjson", true },
		{ "application/jsonl", true },
		{ "application/cloudevents+json; charset=utf-8", true },
		{ "application/cloudevents-batch+json", true },
		{ "", false },
		{ "text/plain", false },
		{ "application/x-www-form-urlencoded", false },
		{ "application/cloudevents+avro", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].type);
		assert_int_equal(generic->accepts(str_from(rows[i].type)), rows[i].ok);
	}
}

static void test_inner_type(void **state)
{
	static const struct {
		const char *type, *want;
	} rows[] = {
		{ "product.upserted", "product.upserted" },
		{ "com.example.product.upserted", "product.upserted" },
		{ "com.example.product.upserted.v1", "product.upserted" },
		{ "product.upserted.v12", "product.upserted" },
		{ "com.example.category.product_linked", "category.product_linked" },
		{ "com.example.order.placed.v1", "order.placed" },
		{ "com.example.coupon.exploded.v1", "com.example.coupon.exploded.v1" },
		{ "upserted", "upserted" },
		{ "xproduct.upserted", "xproduct.upserted" },
		{ ".v1", ".v1" },
		{ "v1", "v1" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str got = generic_type_inner(str_from(rows[i].type));

		print_message("%s: %.*s\n", rows[i].type, STR_ARG(got));
		assert_true(str_eq(got, str_from(rows[i].want)));
	}
}

static size_t identified(struct arena *arena, const char *webhook_id, const char *type, const char *body,
			 struct platform_message **message)
{
	struct support_pairs headers = { .n = 0 }, none = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &none);
	struct platform_request request = support_request(str_from(type), str_from(body), &headers);
	struct err err;
	size_t n = 0;

	support_put(&headers, STR("webhook-id"), str_from(webhook_id));
	if (!generic->identify(&store, &request, 4, arena, message, &n, &err))
		fail_msg("%s: %s", body, err.msg);
	return n;
}

#define JSON  "application/json"
#define EVENT "application/cloudevents+json"
#define STOCK "\"type\":\"stock.changed\",\"data\":{}}"

static void test_what_a_message_is_told_apart_by(void **state)
{
	static const struct {
		const char *what, *id_a, *a, *id_b, *b, *type;
		bool same;
	} rows[] = {
		{ "own id, sent in another request", "m1", "{\"id\":\"e1\"," STOCK, "m2",
		  "{\"id\":\"e1\"," STOCK, JSON, true },
		{ "own id as a number", "m1", "{\"id\":5," STOCK, "m2", "{\"id\":5, " STOCK, JSON, true },
		{ "other own id", "m1", "{\"id\":\"e1\"," STOCK, "m1", "{\"id\":\"e2\"," STOCK, JSON, false },
		{ "no own id, request sent again", "m1", "{" STOCK, "m1", "{" STOCK, JSON, true },
		{ "no own id, another request", "m1", "{" STOCK, "m2", "{" STOCK, JSON, false },
		{ "own id equal to a request's id", "m1", "{" STOCK, "m2", "{\"id\":\"m1\"," STOCK, JSON,
		  false },
		{ "one id, two sources", "m1",
		  "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\"," STOCK, "m2",
		  "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"b\"," STOCK, EVENT, false },
		{ "one id, one source", "m1", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\"," STOCK,
		  "m2", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\"," STOCK, EVENT, true },
	};
	struct platform_message *a, *b;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(identified(&arena, rows[i].id_a, rows[i].type, rows[i].a, &a), 1);
		assert_int_equal(identified(&arena, rows[i].id_b, rows[i].type, rows[i].b, &b), 1);
		assert_int_equal(digest16_eq(a->key, b->key), rows[i].same);
		assert_true(digest16_eq(a->key, a->slot));
		assert_ptr_equal(a->body.p, rows[i].a); /* not copied */
	}
	arena_release(&arena);
}

static void test_several_in_one_request(void **state)
{
	const char *array = "[{" STOCK ",{\"id\":\"own\"," STOCK ",{" STOCK "]";
	const char *lines = "{" STOCK "\n\r\n{\"id\":\"own\"," STOCK "\r\n{" STOCK;
	const char *const source_id[] = { "m1:1", "own", "m1:3" };
	struct platform_message *a, *b;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(identified(&arena, "m1", JSON, array, &a), 3);
	assert_int_equal(identified(&arena, "m1", "application/x-ndjson", lines, &b), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(str_eq(a[i].source_id, str_from(source_id[i])));
		assert_true(str_eq(b[i].source_id, a[i].source_id));
		assert_true(digest16_eq(a[i].key, b[i].key));
		assert_true(str_eq(a[i].body, b[i].body));
	}
	arena_release(&arena);
}

/* ---- docs/platforms/generic.md ---- */

/* The next block between a line "```json" and a line "```"; *rest moves behind it. */
static bool next_example(struct str *rest, struct str *example)
{
	struct str line;

	while (str_split(rest, '\n', &line)) {
		const char *start = rest->p;

		if (!str_eq(line, STR("```json")))
			continue;
		while (str_split(rest, '\n', &line) && !str_eq(line, STR("```")))
			continue;
		*example = str_of(start, (size_t)(line.p - start));
		return true;
	}
	return false;
}

/* Written over several lines it is one message, otherwise one each line. */
static size_t identified_example(struct arena *arena, struct str example, struct platform_message **message)
{
	bool one = json_scan(example, NULL, 0, NULL, NULL, NULL);

	return identified(arena, "msg_docs", one ? JSON : "application/x-ndjson", arena_cstr(arena, example),
			  message);
}

static void test_documented_examples_are_understood(void **state)
{
	struct support_pairs settings = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &settings);
	struct str text, example;
	struct arena arena;
	size_t n_example = 0;

	(void)state;
	arena_init(&arena);
	assert_true(
		file_read(support_path(&arena, "docs/platforms/generic.md"), 1 << 20, &arena, &text, NULL));
	for (; next_example(&text, &example); n_example++) {
		struct platform_message *message;
		size_t n = identified_example(&arena, example, &message);

		for (size_t i = 0; i < n; i++) {
			struct map_result result;

			generic->map(&store, message[i].topic, message[i].body, SUPPORT_NOW_MS, &arena,
				     &result);
			print_message("%.*s: %.*s\n", STR_ARG(message[i].topic), STR_ARG(result.reason));
			assert_null(support_result_problem(&result, &arena));
			assert_int_equal(result.state, MAP_DONE);
			assert_int_equal(result.reason.len, 0);
		}
	}
	assert_in_range(n_example, 8, 20);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vector),
		cmocka_unit_test(test_secrets_that_do_not_fit),
		cmocka_unit_test(test_raw_secret_and_tolerance_setting),
		cmocka_unit_test(test_check_secret),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_inner_type),
		cmocka_unit_test(test_what_a_message_is_told_apart_by),
		cmocka_unit_test(test_several_in_one_request),
		cmocka_unit_test(test_documented_examples_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
