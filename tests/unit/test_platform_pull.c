/*
 * Pulling by settings, pure: which request is made for which place, what an answer means, what its items
 * become.
 */
#include "platform/platform.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1785406272000) /* 2026-07-30T10:11:12Z */

/* Settings of the store: "key=value", those not named have their default. */
struct shop {
	const char *const *setting;
};

static const char *const defaults[] = { "pull_paging=page",
					"pull_page_size=100",
					"pull_first_page=1",
					"pull_next=/next",
					"pull_time=rfc3339",
					"pull_client_auth=basic",
					NULL };

static struct arena arena;
static struct err err;

static struct str find(const char *const *setting, const char *key)
{
	for (; setting && *setting; setting++)
		if (strncmp(*setting, key, strlen(key)) == 0 && (*setting)[strlen(key)] == '=')
			return str_from(*setting + strlen(key) + 1);
	return STR("");
}

static struct str setting(const void *from, const char *key)
{
	const struct shop *shop = from;
	struct str own = find(shop->setting, key);

	return own.len ? own : find(defaults, key);
}

static struct platform_store view(const struct shop *shop)
{
	return (struct platform_store){ .store_id = 7, .setting = setting, .from = shop };
}

static const struct platform_pull *generic(void)
{
	return platform_pull_of(platform_find(STR("generic")));
}

static struct pull_request request_for(const char *const *settings, struct pull_ask ask)
{
	struct shop shop = { settings };
	struct platform_store store = view(&shop);
	struct pull_request request;

	ask.now_ms = NOW_MS;
	if (!generic()->fetch_page(&store, &ask, &arena, &request, &err))
		fail_msg("%s", err.msg);
	return request;
}

static struct pull_page page_with(const char *const *settings, struct pull_ask ask, struct pull_answer answer)
{
	struct shop shop = { settings };
	struct platform_store store = view(&shop);
	struct pull_request request = request_for(settings, ask);
	struct pull_page page;

	ask.now_ms = NOW_MS;
	if (pull_judge(&ask, &request, &answer, &arena, &page))
		generic()->read_page(&store, &ask, &request, &answer, &arena, &page);
	return page;
}

#define PAGE(settings, kind_, cursor_, text) \
	page_with((settings), (struct pull_ask){ .kind = (kind_), .cursor = STR(cursor_) }, \
		  (struct pull_answer){ .status = 200, .body = STR(text) })

static void assert_text(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got  %.*s\nwant %s", STR_ARG(got), want);
}

/* ---- requests ---- */

static void test_urls(void **state)
{
	static const struct {
		const char *setting[5];
		const char *cursor;
		int64_t from_ms;
		const char *url;
	} rows[] = {
		{ { "pull_orders_url=https://s.test/o?p={page}&n={limit}" },
		  "",
		  0,
		  "https://s.test/o?p=1&n=100" },
		{ { "pull_orders_url=https://s.test/o?p={page}", "pull_first_page=0" },
		  "",
		  0,
		  "https://s.test/o?p=0" },
		{ { "pull_orders_url=https://s.test/o?p={page}" }, "7 00ff", 0, "https://s.test/o?p=7" },
		{ { "pull_orders_url=https://s.test/o?at={offset}", "pull_paging=offset" },
		  "",
		  0,
		  "https://s.test/o?at=0" },
		{ { "pull_orders_url=https://s.test/o?at={offset}", "pull_paging=offset" },
		  "300 aa",
		  0,
		  "https://s.test/o?at=300" },
		{ { "pull_orders_url=https://s.test/o?c={cursor}", "pull_paging=cursor" },
		  "",
		  0,
		  "https://s.test/o?c=" },
		{ { "pull_orders_url=https://s.test/o?c={cursor}", "pull_paging=cursor" },
		  "a&b c",
		  0,
		  "https://s.test/o?c=a%26b%20c" },
		{ { "pull_orders_url=https://s.test/o", "pull_paging=link" },
		  "https://s.test/o?page=2",
		  0,
		  "https://s.test/o?page=2" },
		{ { "pull_orders_url=https://s.test/{market}/{language}/o", "market=se", "language=sv/../x" },
		  "",
		  0,
		  "https://s.test/se/sv%2F..%2Fx/o" },
		{ { "pull_orders_url=https://s.test/o?f={from}&t={to}" },
		  "",
		  0,
		  "https://s.test/o?f=1970-01-01T00%3A00%3A00Z&t=2026-07-30T10%3A11%3A12Z" },
		{ { "pull_orders_url=https://s.test/o?f={from}", "pull_time=sql" },
		  "",
		  NOW_MS,
		  "https://s.test/o?f=2026-07-30%2010%3A11%3A12" },
		{ { "pull_orders_url=https://s.test/o?f={from}", "pull_time=date" },
		  "",
		  NOW_MS,
		  "https://s.test/o?f=2026-07-30" },
		{ { "pull_orders_url=https://s.test/o?f={from}", "pull_time=seconds" },
		  "",
		  NOW_MS,
		  "https://s.test/o?f=1785406272" },
		{ { "pull_orders_url=https://s.test/o?f={from}", "pull_time=milliseconds" },
		  "",
		  NOW_MS,
		  "https://s.test/o?f=1785406272000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_text(
			request_for(rows[i].setting, (struct pull_ask){ .kind = PULL_ORDERS,
									.cursor = str_from(rows[i].cursor),
									.from_ms = rows[i].from_ms })
				.url,
			rows[i].url);
}

static struct str header_of(const struct pull_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_header; i++)
		if (str_eq_nocase(request->header[i].name, str_from(name)))
			return request->header[i].value;
	return STR("");
}

static void test_headers(void **state)
{
	static const char *const settings[] = { "pull_orders_url=https://s.test/o",
						"pull_header= X-Key :  a:b ", NULL };
	static const char *const broken[] = { "pull_orders_url=https://s.test/o", "pull_header=X-Key", NULL };
	struct shop shop = { broken };
	struct platform_store store = view(&shop);
	struct pull_ask ask = { .kind = PULL_ORDERS };
	struct pull_request request = request_for(settings, ask);

	(void)state;
	assert_string_equal(request.method, "GET");
	assert_text(header_of(&request, "X-Key"), "a:b");
	assert_text(header_of(&request, "Accept"), "application/json");
	assert_text(header_of(&request, "Authorization"), "");
	assert_false(generic()->fetch_page(&store, &ask, &arena, &request, &err));
	assert_string_equal(err.msg, "pull_header is not of the form NAME: VALUE");
}

/* ---- tokens ---- */

#define TOKENS "pull_orders_url=https://s.test/o", "pull_token_url=https://s.test/t", "pull_client_id=i d"
static const char *const by_credentials[] = { TOKENS, "pull_client_secret=s:1", "pull_scope=read all", NULL };
static const char *const in_body[] = { TOKENS, "pull_client_secret=s:1", "pull_scope=read all",
				       "pull_client_auth=body", NULL };
static const char *const by_refresh[] = { TOKENS, "pull_refresh_token=r0", NULL };

static const char *const by_code[] = { TOKENS, "pull_code=c/1", "pull_redirect_url=https://me.test/back",
				       NULL };

static struct str token_from(const char *const *settings, struct str before, const char *answer)
{
	struct pull_page page = page_with(
		settings, (struct pull_ask){ .kind = PULL_ORDERS, .token = before, .token_denied = true },
		(struct pull_answer){ .status = 200, .body = str_from(answer) });

	assert_int_equal(page.verdict, PULL_TOKEN);
	return page.token;
}

static void test_token_requests(void **state)
{
	struct pull_request request = request_for(by_credentials, (struct pull_ask){ .kind = PULL_ORDERS });

	(void)state;
	assert_true(request.for_token);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://s.test/t");
	assert_text(request.body, "grant_type=client_credentials&scope=read%20all");
	assert_text(header_of(&request, "Authorization"), "Basic aSUyMGQ6cyUzQTE="); /* "i%20d:s%3A1" */
	request = request_for(in_body, (struct pull_ask){ .kind = PULL_ORDERS });
	assert_text(request.body,
		    "grant_type=client_credentials&scope=read%20all&client_id=i%20d&client_secret=s%3A1");
	assert_text(header_of(&request, "Authorization"), "");
	request = request_for(by_refresh, (struct pull_ask){ .kind = PULL_ORDERS });
	assert_text(request.body, "grant_type=refresh_token&refresh_token=r0");
	request = request_for(by_code, (struct pull_ask){ .kind = PULL_ORDERS });
	assert_text(request.body,
		    "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fme.test%2Fback");
}

static bool wants_token(const char *const *settings, struct str token, int64_t later_ms)
{
	struct shop shop = { settings };
	struct platform_store store = view(&shop);
	struct pull_ask ask = { .kind = PULL_ORDERS, .token = token, .now_ms = NOW_MS + later_ms };
	struct pull_request request;

	assert_true(generic()->fetch_page(&store, &ask, &arena, &request, &err));
	return request.for_token;
}

static void test_tokens_are_used_and_renewed(void **state)
{
	struct str token =
		token_from(by_credentials, STR(""), "{\"access_token\":\"a1\",\"expires_in\":600}");
	struct pull_request request =
		request_for(by_credentials, (struct pull_ask){ .kind = PULL_ORDERS, .token = token });

	(void)state;
	assert_text(header_of(&request, "Authorization"), "Bearer a1");
	assert_false(wants_token(by_credentials, token, 599 * MS_PER_S));
	assert_true(wants_token(by_credentials, token, 600 * MS_PER_S));
	assert_true(wants_token(in_body, token, 0) == false); /* the same secret, told another way */
	assert_true(wants_token(by_refresh, token, 0));	      /* got with other settings */
	assert_true(wants_token(by_credentials, STR("{broken"), 0));
	/* The server's refresh token goes on, also where an answer has none. */
	token = token_from(by_refresh, STR(""), "{\"access_token\":\"a1\",\"refresh_token\":\"r1\"}");
	token = token_from(by_refresh, token, "{\"access_token\":\"a2\",\"expires_in\":\"60\"}");
	request = request_for(by_refresh,
			      (struct pull_ask){ .kind = PULL_ORDERS, .token = token, .token_denied = true });
	assert_text(request.body, "grant_type=refresh_token&refresh_token=r1");
	/* A code is used once: from then on it is the refresh token. */
	token = token_from(by_code, STR(""), "{\"access_token\":\"a1\",\"refresh_token\":\"r1\"}");
	request = request_for(by_code, (struct pull_ask){ .kind = PULL_ORDERS, .token = token });
	assert_text(header_of(&request, "Authorization"), "Bearer a1");
	request = request_for(by_code,
			      (struct pull_ask){ .kind = PULL_ORDERS, .token = token, .token_denied = true });
	assert_text(request.body, "grant_type=refresh_token&refresh_token=r1");
	assert_int_equal(page_with(by_refresh, (struct pull_ask){ .kind = PULL_ORDERS },
				   (struct pull_answer){ .status = 200, .body = STR("{\"error\":\"x\"}") })
				 .verdict,
			 PULL_REFUSED);
}

/* ---- answers ---- */

static const char *const plain[] = { "pull_orders_url=https://s.test/a/o?p={page}", "pull_items=/d", NULL };

static void test_verdicts(void **state)
{
	static const struct {
		int status;
		const char *retry_after, *body;
		enum pull_verdict verdict;
		int64_t wait_ms;
	} rows[] = {
		{ 200, "", "{\"d\":[]}", PULL_PAGE, 0 },
		{ 200, "", "<html>", PULL_AGAIN, 0 },
		{ 200, "", "", PULL_AGAIN, 0 },
		{ 200, "", "{\"d\":{}}", PULL_REFUSED, 0 },
		{ 200, "", "{}", PULL_REFUSED, 0 },
		{ 301, "", "", PULL_REFUSED, 0 },
		{ 401, "", "", PULL_REFUSED, 0 },
		{ 403, "", "", PULL_REFUSED, 0 },
		{ 404, "", "", PULL_REFUSED, 0 },
		{ 408, "", "", PULL_AGAIN, 0 },
		{ 429, "", "", PULL_WAIT, 30000 },
		{ 429, "5", "", PULL_WAIT, 5000 },
		{ 429, "-5", "", PULL_WAIT, 30000 },
		{ 429, "99999999999999", "", PULL_WAIT, MS_PER_DAY },
		{ 429, "Thu, 30 Jul 2026 10:11:32 GMT", "", PULL_WAIT, 20000 },
		{ 500, "", "", PULL_AGAIN, 0 },
		{ 503, "", "", PULL_AGAIN, 0 },
		{ 503, "120", "", PULL_WAIT, 120000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_header header = { STR("retry-after"), str_from(rows[i].retry_after) };
		struct pull_page page =
			page_with(plain, (struct pull_ask){ .kind = PULL_ORDERS },
				  (struct pull_answer){ rows[i].status, str_from(rows[i].body), &header, 1 });

		if (page.verdict != rows[i].verdict || page.wait_ms != rows[i].wait_ms)
			fail_msg("row %zu: verdict %d, wait %lld", i, (int)page.verdict,
				 (long long)page.wait_ms);
		assert_true((page.reason.len > 0) == (page.verdict != PULL_PAGE));
	}
}

/* Where the next page is, by what the page and its header say. */
static void test_next_pages(void **state)
{
	static const struct {
		const char *setting[3], *link, *body, *next; /* next NULL: the end; "!": refused */
	} rows[] = {
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"abc\"}", "abc" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":17}", "17" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":null}", NULL },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"\"}", NULL },
		{ { "pull_paging=cursor" }, "", "{\"d\":[]}", NULL },
		{ { "pull_paging=cursor", "pull_next=/a~1b/0" }, "", "{\"d\":[],\"a/b\":[\"x\"]}", "x" },
		{ { "pull_paging=cursor" },
		  "",
		  "{\"d\":[],\"next\":\"https://s.test/a/o?p=9\"}",
		  "https://s.test/a/o?p=9" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"/b?p=9\"}", "https://s.test/b?p=9" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"?p=9\"}", "https://s.test/a/o?p=9" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"https://s.test:444/a\"}", "!" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"http://s.test/a\"}", "!" },
		{ { "pull_paging=cursor" }, "", "{\"d\":[],\"next\":\"https://s.test@evil.test/a\"}", "!" },
		{ { "pull_paging=cursor" },
		  "",
		  "{\"d\":[],\"next\":\"//evil.test/a\"}",
		  "https://s.test//evil.test/a" },
		{ { "pull_paging=link" },
		  "<https://s.test/o?p=2>; rel=\"next\"",
		  "{\"d\":[]}",
		  "https://s.test/o?p=2" },
		{ { "pull_paging=link" },
		  "</o?p=1>; rel=prev, </o?p=3>; rel=next",
		  "{\"d\":[]}",
		  "https://s.test/o?p=3" },
		{ { "pull_paging=link" }, "</o?p=1>; rel=\"first\"", "{\"d\":[]}", NULL },
		{ { "pull_paging=link" }, "", "{\"d\":[]}", NULL },
		{ { "pull_paging=link" }, "<<<>>>;", "{\"d\":[]}", NULL },
		{ { "pull_paging=none" }, "", "{\"d\":[{},{}]}", NULL },
		{ { "pull_paging=page" }, "", "{\"d\":[]}", NULL },
		{ { "pull_paging=page", "pull_last_page=/n" }, "", "{\"d\":[{}],\"n\":1}", NULL },
		{ { "pull_paging=page", "pull_last_page=/n" }, "", "{\"d\":[],\"n\":1}", NULL },
		{ { "pull_paging=page", "pull_last_page=/n" }, "", "{\"d\":[]}", NULL },
		/* Nothing of it is for us; what is behind it may be. */
		{ { "pull_paging=page", "pull_last_page=/n" },
		  "",
		  "{\"d\":[],\"n\":2}",
		  "2 ef3d7163ebe935281a84ad538362c3f1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *settings[] = { plain[0], plain[1], rows[i].setting[0], rows[i].setting[1], NULL };
		struct http_header header = { STR("Link"), str_from(rows[i].link) };
		struct pull_page page =
			page_with(settings, (struct pull_ask){ .kind = PULL_ORDERS },
				  (struct pull_answer){ 200, str_from(rows[i].body), &header, 1 });

		if (rows[i].next && strcmp(rows[i].next, "!") == 0) {
			assert_int_equal(page.verdict, PULL_REFUSED);
			continue;
		}
		if (page.verdict != PULL_PAGE || page.end != (rows[i].next == NULL))
			fail_msg("row %zu: %.*s", i, STR_ARG(page.reason));
		if (rows[i].next)
			assert_text(page.next, rows[i].next);
	}
}

/* By number: until a page is empty, or the one before once more. */
static void test_numbers(void **state)
{
	const char *const offset[] = { plain[0], "pull_items=/d", "pull_paging=offset", NULL };
	struct pull_page first = PAGE(plain, PULL_ORDERS, "", "{\"d\":[{\"a\":1},{\"a\":2}]}"), again;

	(void)state;
	assert_false(first.end);
	assert_true(str_starts(first.next, STR("2 ")));
	assert_int_equal(first.n_message, 2);
	again = page_with(
		plain, (struct pull_ask){ .kind = PULL_ORDERS, .cursor = first.next },
		(struct pull_answer){ .status = 200, .body = STR("{\"d\":[{\"a\":1},{\"a\":2}],\"t\":7}") });
	assert_true(again.end);
	assert_int_equal(again.n_item, 0);
	assert_int_equal(again.n_message, 0);
	again = PAGE(offset, PULL_ORDERS, "40 xx", "{\"d\":[{\"a\":1},{\"a\":2}]}");
	assert_true(str_starts(again.next, STR("42 ")));
	assert_false(again.end);
}

/* ---- items ---- */

static struct str message_of(const char *const *settings, enum pull_kind kind, const char *item)
{
	struct pull_page page =
		page_with(settings, (struct pull_ask){ .kind = kind },
			  (struct pull_answer){ .status = 200, .body = arena_printf(&arena, "[%s]", item) });

	assert_int_equal(page.verdict, PULL_PAGE);
	assert_int_equal(page.n_item, 1);
	if (page.n_reject)
		return page.reject[0].why;
	return page.n_message ? page.message[0] : STR("nothing");
}

static void test_items(void **state)
{
	static const struct {
		enum pull_kind kind;
		const char *map, *item, *message;
	} rows[] = {
		{ PULL_PRODUCTS, "", "{\"product_id\":1}",
		  "{\"data\":{\"product_id\":1},\"type\":\"product.upserted\"}" },
		{ PULL_PRODUCTS, "", "{\"type\":\"product.deleted\",\"data\":{\"product_id\":\"1\"}}",
		  "{\"type\":\"product.deleted\",\"data\":{\"product_id\":\"1\"}}" },
		{ PULL_PRODUCTS, "", "{\"product_id\":1,\"updated_at\":\"2026-07-01T00:00:00Z\"}",
		  "{\"data\":{\"product_id\":1,\"updated_at\":\"2026-07-01T00:00:00Z\"},\"timestamp\":\"2026-"
		  "07-01T00:00:00Z\","
		  "\"type\":\"product.upserted\"}" },
		{ PULL_PRODUCTS, "", "17", "it is no JSON object" },
		{ PULL_ORDERS, "", "{\"order_id\":\"1\"}",
		  "{\"data\":{\"order_id\":\"1\"},\"type\":\"order.placed\"}" },
		{ PULL_ORDERS, "", "{\"order_id\":\"1\",\"status\":\"paid\"}",
		  "{\"data\":{\"order_id\":\"1\",\"status\":\"paid\"},\"type\":\"order.updated\"}" },
		{ PULL_CUSTOMERS, "", "{\"email\":\"a\"}",
		  "{\"data\":{\"email\":\"a\"},\"type\":\"customer.upserted\"}" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\"}",
		  "{\"data\":{\"email\":\"a\",\"state\":\"subscribed\"},\"type\":\"consent.changed\"}" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\",\"state\":\"unsubscribed\"}",
		  "{\"data\":{\"email\":\"a\",\"state\":\"unsubscribed\"},\"type\":\"consent.changed\"}" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\",\"state\":false}", "nothing" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\",\"state\":0}", "nothing" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\",\"state\":\"0\"}", "nothing" },
		{ PULL_SUBSCRIBERS, "", "{\"email\":\"a\",\"state\":1}",
		  "{\"data\":{\"email\":\"a\",\"state\":\"subscribed\"},\"type\":\"consent.changed\"}" },
		{ PULL_CATEGORIES, "category_id=/id,name=/t/0/v", "{\"id\":5,\"t\":[{\"v\":\"Mugs\"}]}",
		  "{\"data\":{\"category_id\":5,\"name\":\"Mugs\"},\"type\":\"category.upserted\"}" },
		{ PULL_CATEGORIES, "category_id=/id, name=/none, parent_id=/null", "{\"id\":5,\"null\":null}",
		  "{\"data\":{\"category_id\":5},\"type\":\"category.upserted\"}" },
		{ PULL_PRODUCTS,
		  "product_id=/id, currency=EUR, variants=/v, variants.sku=/code, variants.price=/p/amount",
		  "{\"id\":1,\"v\":[{\"code\":\"A\",\"p\":{\"amount\":\"1.50\"}},{\"code\":\"B\",\"p\":{"
		  "\"amount\":2.25}}]}",
		  "{\"data\":{\"currency\":\"EUR\",\"product_id\":1,\"variants\":[{\"price\":\"1.50\","
		  "\"sku\":\"A\"},"
		  "{\"price\":2.25,\"sku\":\"B\"}]},\"type\":\"product.upserted\"}" },
		{ PULL_ORDERS,
		  "order_id=/id, placed_at=/at, updated_at=/ch, timestamp=/ch, customer=/c, "
		  "customer.email=/m, state=/s",
		  "{\"id\":1,\"at\":\"2020-01-02 "
		  "03:04:05\",\"ch\":1577934245,\"c\":{\"m\":\"x\"},\"s\":\"paid\"}",
		  "{\"data\":{\"customer\":{\"email\":\"x\"},\"order_id\":1,\"placed_at\":\"2020-01-02T03:04:"
		  "05.000Z\",\"state\":\"paid\","
		  "\"updated_at\":\"2020-01-02T03:04:05.000Z\"},\"timestamp\":\"2020-01-02T03:04:05.000Z\","
		  "\"type\":\"order.updated\"}" },
		{ PULL_ORDERS, "order_id=/id, placed_at=/at", "{\"id\":1,\"at\":\"2020-01-02\"}",
		  "{\"data\":{\"order_id\":1,\"placed_at\":\"2020-01-02T00:00:00.000Z\"},\"type\":\"order."
		  "placed\"}" },
		{ PULL_ORDERS, "order_id=/id, placed_at=/at", "{\"id\":1,\"at\":\"1577934245000\"}",
		  "{\"data\":{\"order_id\":1,\"placed_at\":\"2020-01-02T03:04:05.000Z\"},\"type\":\"order."
		  "placed\"}" },
		{ PULL_ORDERS, "order_id=/id, placed_at=/at", "{\"id\":1,\"at\":\"soon\"}",
		  "{\"data\":{\"order_id\":1,\"placed_at\":\"soon\"},\"type\":\"order.placed\"}" },
		{ PULL_ORDERS, "order_id=/a~1b, sequence=/n", "{\"a/b\":\"1\",\"n\":4}",
		  "{\"data\":{\"order_id\":\"1\"},\"sequence\":4,\"type\":\"order.placed\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *kind = pull_kind_text(rows[i].kind);
		const char *settings[] = { arena_printf(&arena, "pull_%s_url=https://s.test", kind).p,
					   arena_printf(&arena, "pull_map_%s=%s", kind, rows[i].map).p,
					   NULL };

		assert_text(message_of(settings, rows[i].kind, rows[i].item), rows[i].message);
	}
}

/* One that cannot be read costs itself. */
static void test_bad_items(void **state)
{
	struct pull_page page = PAGE(plain, PULL_ORDERS, "",
				     "{\"d\":[{\"order_id\":1},7,{\"a\":1,\"a\":2},{\"order_id\":2}]}");

	(void)state;
	assert_int_equal(page.n_item, 4);
	assert_int_equal(page.n_message, 2);
	assert_int_equal(page.n_reject, 2);
	assert_int_equal(page.reject[0].item, 2);
	assert_int_equal(page.reject[1].item, 3);
}

static void test_lists_by_kind(void **state)
{
	static const char *const settings[] = { "pull_orders_url=https://s.test",
						"pull_products_url=https://s.test",
						"pull_items=orders=/o, products=/p/0", NULL };

	(void)state;
	assert_int_equal(PAGE(settings, PULL_ORDERS, "", "{\"o\":[{},{}],\"p\":[[{}]]}").n_item, 2);
	assert_int_equal(PAGE(settings, PULL_PRODUCTS, "", "{\"o\":[{},{}],\"p\":[[{}]]}").n_item, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),	       cmocka_unit_test(test_headers),
		cmocka_unit_test(test_token_requests), cmocka_unit_test(test_tokens_are_used_and_renewed),
		cmocka_unit_test(test_verdicts),       cmocka_unit_test(test_next_pages),
		cmocka_unit_test(test_numbers),	       cmocka_unit_test(test_items),
		cmocka_unit_test(test_bad_items),      cmocka_unit_test(test_lists_by_kind),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
