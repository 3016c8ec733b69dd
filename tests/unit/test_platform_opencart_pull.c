/*
 * Pulling from OpenCart: the request of each page is one that the shop lets in, whatever is being changed;
 * the answers are those that a real shop gave (tests/fixtures/opencart_pull), and each message of them is
 * one that the platform maps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "platform/webhook_sign.h"
#include "unit/test_platform_support.h"

#define URL   "https://shop.example/index.php?route=extension/pannier/pannier.pull"
#define OTHER "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static const struct str secrets[] = { { SUPPORT_SECRET, sizeof(SUPPORT_SECRET) - 1 },
				      { OTHER, sizeof(OTHER) - 1 } };

struct world {
	struct arena arena;
	struct support_pairs settings;
	struct platform_store store;
	const struct platform_pull *pull;
};

static void begin(struct world *world, size_t n_secret)
{
	*world = (struct world){ .pull = platform_pull_of(&platform_opencart_ops) };
	arena_init(&world->arena);
	support_put(&world->settings, STR("pull_url"), STR(URL));
	support_put(&world->settings, STR("pull_page_size"), STR("100"));
	world->store = support_store(secrets, n_secret, &world->settings);
}

static struct pull_request request_of(struct world *world, enum pull_kind kind, const char *cursor)
{
	struct pull_ask ask = { .kind = kind,
				.cursor = str_from(cursor),
				.now_ms = SUPPORT_NOW_MS,
				.nonce = { { 0xab, 0xcd } } };
	struct pull_request request;
	struct err err = { 0 };

	if (!world->pull->fetch_page(&world->store, &ask, &world->arena, &request, &err))
		fail_msg("%s", err.msg);
	return request;
}

/* ---- requests ---- */

static void test_each_page_is_asked_for_by_its_place(void **state)
{
	static const struct {
		enum pull_kind kind;
		const char *cursor, *size, *body;
	} rows[] = {
		{ PULL_PRODUCTS, "", "100", "{\"kind\":\"products\",\"after\":0,\"limit\":100}" },
		{ PULL_ORDERS, "100050", "25", "{\"kind\":\"orders\",\"after\":100050,\"limit\":25}" },
		{ PULL_SUBSCRIBERS, "7", "5000", "{\"kind\":\"subscribers\",\"after\":7,\"limit\":500}" },
	};
	struct world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pull_request request;

		begin(&world, 1);
		support_put(&world.settings, STR("pull_page_size"), str_from(rows[i].size));
		request = request_of(&world, rows[i].kind, rows[i].cursor);
		assert_string_equal(request.method, "POST");
		assert_true(str_eq(request.url, STR(URL)));
		assert_string_equal(arena_cstr(&world.arena, request.body), rows[i].body);
		arena_release(&world.arena);
	}
}

/* Whoever holds either secret lets it in, as it lets in what is sent to us. */
static void test_requests_are_signed_with_every_secret(void **state)
{
	struct world world;
	struct pull_request asked;
	struct support_pairs headers = { .n = 0 };

	(void)state;
	begin(&world, 2);
	asked = request_of(&world, PULL_PRODUCTS, "");
	for (size_t i = 0; i < asked.n_header; i++)
		support_put(&headers, asked.header[i].name, asked.header[i].value);
	assert_true(str_eq(support_find(&headers, "Content-Type"), STR("application/json")));
	support_put(&world.settings, STR("signature_tolerance_s"), STR("300"));
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		struct platform_store shop = support_store(&secrets[i], 1, &world.settings);
		struct platform_request request =
			support_request(STR("application/json"), asked.body, &headers);
		struct err err = { 0 };

		if (!platform_opencart_ops.verify(&shop, &request, &err))
			fail_msg("secret %zu: %s", i, err.msg);
		request.body = STR("{}");
		assert_false(platform_opencart_ops.verify(&shop, &request, &err));
	}
	arena_release(&world.arena);
}

/* The vector of the specification. */
static void test_signature(void **state)
{
	struct http_header header[WEBHOOK_SIGN_HEADERS];
	struct arena arena;

	(void)state;
	arena_init(&arena);
	webhook_sign(secrets, 1, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), STR("{\"test\": 2432232314}"),
		     INT64_C(1614265330000), &arena, header);
	assert_string_equal(arena_cstr(&arena, header[1].value), "1614265330");
	assert_string_equal(arena_cstr(&arena, header[2].value),
			    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	arena_release(&arena);
}

static void test_what_cannot_be_pulled_is_said(void **state)
{
	struct world world;
	struct err err = { 0 };
	bool by_date = true;

	(void)state;
	begin(&world, 1);
	assert_true(world.pull->offers(&world.store, PULL_ORDERS, &by_date, &err));
	assert_false(by_date);
	assert_false(world.pull->offers(&world.store, PULL_VARIANTS, NULL, &err));
	assert_non_null(strstr(err.msg, "come with their products"));
	support_put(&world.settings, STR("pull_url"), STR(""));
	assert_false(world.pull->offers(&world.store, PULL_ORDERS, NULL, &err));
	assert_non_null(strstr(err.msg, "set pull_url"));
	arena_release(&world.arena);
}

/* ---- answers ---- */

static struct pull_page read_page(struct world *world, enum pull_kind kind, int status, struct str body)
{
	struct pull_ask ask = { .kind = kind, .now_ms = SUPPORT_NOW_MS };
	struct pull_request request = request_of(world, kind, "");
	struct pull_answer answer = { .status = status, .body = body };
	struct pull_page page;

	if (pull_judge(&ask, &request, &answer, &world->arena, &page))
		world->pull->read_page(&world->store, &ask, &request, &answer, &world->arena, &page);
	return page;
}

static struct str recorded(struct world *world, const char *kind)
{
	struct err err = { 0 };
	char *path;
	struct str text;

	path = arena_cstr(&world->arena,
			  arena_printf(&world->arena, "%s/tests/fixtures/opencart_pull/%s.json",
				       getenv("PANNIER_SOURCE_DIR"), kind));
	if (!file_read(path, (size_t)1 << 20, &world->arena, &text, &err))
		fail_msg("%s", err.msg);
	return text;
}

/* Message by message: identified with its number, and mapped to at least one fact. */
static void check_message(struct world *world, struct str message)
{
	struct support_pairs headers = { .n = 0 };
	struct platform_request request = support_request(STR("application/json"), message, &headers);
	struct platform_message *found;
	struct map_result result;
	const char *problem;
	struct err err = { 0 };
	size_t n;

	support_put(&headers, STR("webhook-id"), STR("page"));
	if (!platform_opencart_ops.identify(&world->store, &request, 1, &world->arena, &found, &n, &err))
		fail_msg("%s: %.*s", err.msg, STR_ARG(message));
	assert_int_equal(n, 1);
	platform_opencart_ops.map(&world->store, found->topic, found->body, SUPPORT_NOW_MS, &world->arena,
				  &result);
	problem = support_result_problem(&result, &world->arena);
	if (problem)
		fail_msg("%s: %.*s", problem, STR_ARG(message));
	assert_int_equal(result.state, MAP_DONE);
	assert_true(result.n_fact > 0);
}

static void test_pages_of_a_real_shop(void **state)
{
	static const struct {
		enum pull_kind kind;
		size_t n_message, n_item;
		int64_t total;
		const char *next;
	} rows[] = {
		{ PULL_CATEGORIES, 2, 2, 38, "18" }, { PULL_PRODUCTS, 2, 2, 19, "29" },
		{ PULL_CUSTOMERS, 3, 3, 3, "" },     { PULL_SUBSCRIBERS, 3, 4, 4, "" },
		{ PULL_ORDERS, 1, 1, 1, "" },
	};
	struct world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *kind = pull_kind_text(rows[i].kind);
		struct pull_page page;

		begin(&world, 1);
		page = read_page(&world, rows[i].kind, 200, recorded(&world, kind));
		if (page.verdict != PULL_PAGE || page.n_message != rows[i].n_message ||
		    page.n_item != rows[i].n_item || page.total != rows[i].total ||
		    page.end != (rows[i].next[0] == '\0') || !str_eq(page.next, str_from(rows[i].next)))
			fail_msg("%s: verdict %d, %zu messages of %zu, total %lld, next '%.*s'", kind,
				 page.verdict, page.n_message, page.n_item, (long long)page.total,
				 STR_ARG(page.next));
		for (size_t j = 0; j < page.n_message; j++)
			check_message(&world, page.message[j]);
		arena_release(&world.arena);
	}
}

static void test_other_answers(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum pull_verdict verdict;
	} rows[] = {
		{ 401, "{\"error\":\"the signature does not fit\"}", PULL_REFUSED },
		{ 200, "{\"error\":\"kind is none of categories\"}", PULL_REFUSED },
		{ 200, "{\"messages\":7,\"next\":null}", PULL_REFUSED },
		{ 200, "<html>maintenance</html>", PULL_AGAIN },
		{ 503, "", PULL_AGAIN },
		{ 200, "{\"messages\":[],\"next\":null}", PULL_PAGE },
	};
	struct world world;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pull_page page;

		begin(&world, 1);
		page = read_page(&world, PULL_PRODUCTS, rows[i].status, str_from(rows[i].body));
		if (page.verdict != rows[i].verdict)
			fail_msg("%d %s: got %d, want %d", rows[i].status, rows[i].body, page.verdict,
				 rows[i].verdict);
		assert_true(page.verdict == PULL_PAGE || page.reason.len > 0);
		arena_release(&world.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_page_is_asked_for_by_its_place),
		cmocka_unit_test(test_requests_are_signed_with_every_secret),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_what_cannot_be_pulled_is_said),
		cmocka_unit_test(test_pages_of_a_real_shop),
		cmocka_unit_test(test_other_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
