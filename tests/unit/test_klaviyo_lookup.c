/*
 * Lookups: proves the addresses of the questions, and what is read of their answers.
 */
#include "base/attr.h"
#include "klaviyo/lookup.h"
#include "klaviyo/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define API STR("https://a.klaviyo.com/")

static struct arena arena;

static int open_arena(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void equal(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("\n   got: %.*s\n  want: %s", STR_ARG(got), want);
}

/* ' for " */
static struct http_answer answer_of(int status, const char *body)
{
	char *copy = arena_cstr(&arena, str_from(body));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return (struct http_answer){ .ok = true, .status = status, .body = str_from(copy) };
}

#define NEXT ",'links':{'next':'https://a.klaviyo.com/api/x?page%5Bcursor%5D=abc'}"

static void questions(void **state)
{
	struct klaviyo_request request;

	(void)state;
	request = klaviyo_render_lists(API, STR("News \"x\"\\"), STR(""), &arena);
	assert_string_equal(request.method, "GET");
	equal(request.url, "https://a.klaviyo.com/api/lists?fields%5Blist%5D=name&filter="
			   "equals%28name%2C%22News%20%5C%22x%5C%22%5C%5C%22%29");
	request = klaviyo_render_lists(API, STR("x"), STR("page%5Bcursor%5D=abc"), &arena);
	equal(request.url, "https://a.klaviyo.com/api/lists?page%5Bcursor%5D=abc");
	request = klaviyo_render_list_create(API, STR("A \"B\""), &arena);
	assert_string_equal(request.method, "POST");
	equal(request.body, "{\"data\":{\"type\":\"list\",\"attributes\":{\"name\":\"A \\\"B\\\"\"}}}");
	request = klaviyo_render_metrics(API, STR(""), &arena);
	equal(request.url, "https://a.klaviyo.com/api/metrics?fields%5Bmetric%5D=name");
	request = klaviyo_render_optouts(API, 1000, STR(""), &arena);
	equal(request.url,
	      "https://a.klaviyo.com/api/profiles?filter=greater-than%28subscriptions.email.marketing."
	      "suppression.timestamp%2C1970-01-01T00%3A00%3A01.000Z%29&additional-fields%5Bprofile%5D="
	      "subscriptions&sort=subscriptions.email.marketing.suppression.timestamp&page%5Bsize%5D=100");
	assert_int_equal(request.body.len, 0);
}

static void lists(void **state)
{
	struct http_answer answer =
		answer_of(200, "{'data':[{'type':'list','id':'L1','attributes':{'name':'A'}},"
			       "{'id':'L2','attributes':{'name':'B'}}]" NEXT "}");
	struct klaviyo_list *list, made;
	struct str next;
	size_t n;

	(void)state;
	assert_true(klaviyo_read_lists(&answer, &arena, &list, &n, &next, NULL));
	assert_int_equal(n, 2);
	equal(list[1].id, "L2");
	equal(list[1].name, "B");
	equal(next, "page%5Bcursor%5D=abc");
	answer = answer_of(200, "{'data':[{'type':'list','attributes':{'name':'A'}},7,{'id':'L4'}]}");
	assert_true(klaviyo_read_lists(&answer, &arena, &list, &n, &next, NULL));
	assert_int_equal(n, 1); /* what has no id is none */
	equal(list[0].id, "L4");
	answer = answer_of(200, "{'data':[]}");
	assert_true(klaviyo_read_lists(&answer, &arena, &list, &n, &next, NULL));
	assert_int_equal(n, 0);
	equal(next, "");
	answer = answer_of(201, "{'data':{'type':'list','id':'L3','attributes':{'name':'C'}}}");
	assert_true(klaviyo_read_list(&answer, &arena, &made, NULL));
	equal(made.id, "L3");
	answer = answer_of(201, "{'data':{}}");
	assert_false(klaviyo_read_list(&answer, &arena, &made, NULL));
}

static void metrics(void **state)
{
	struct http_answer answer =
		answer_of(200, "{'data':[{'id':'M1','attributes':{'name':'Canceled Order'}}]"
			       ",'links':{'next':null}}");
	struct str *name, next;
	size_t n;

	(void)state;
	assert_true(klaviyo_read_metrics(&answer, &arena, &name, &n, &next, NULL));
	assert_int_equal(n, 1);
	equal(name[0], "Canceled Order");
	equal(next, "");
}

#define PROFILE(email, suppression) \
	"{'type':'profile','id':'P','attributes':{'email':" email \
	",'subscriptions':{'email':{'marketing':{'consent':'UNSUBSCRIBED','suppression':" suppression \
	"}}}}}"
#define UNSUBSCRIBED "{'reason':'UNSUBSCRIBE','timestamp':'2023-02-21T20:07:38+00:00'}"
#define BOUNCED	     "{'reason':'HARD_BOUNCE','timestamp':'2023-02-21T20:07:39+00:00'}"
#define SOME_DAY     "{'reason':'USER_SUPPRESSED','timestamp':'some day'}"

static const char profiles[] = "{'data':[" PROFILE("'a@x.test'", "[" UNSUBSCRIBED "]") "," PROFILE(
	"null", "[" UNSUBSCRIBED
		"]") "," PROFILE("'b@x.test'", "null") "," PROFILE("'c@x.test'", "[" BOUNCED "," UNSUBSCRIBED
										 "," SOME_DAY "]") "]" NEXT
												   "}";

static void optouts(void **state)
{
	struct http_answer answer = answer_of(200, profiles);
	struct klaviyo_optout *optout;
	struct str next;
	size_t n;

	(void)state;
	assert_true(klaviyo_read_optouts(&answer, &arena, &optout, &n, &next, NULL));
	assert_int_equal(n, 2);
	equal(optout[0].email, "a@x.test");
	equal(optout[0].reason, "UNSUBSCRIBE");
	assert_true(optout[0].at_ms == INT64_C(1677010058000));
	equal(optout[1].email, "c@x.test");
	equal(optout[1].reason, "HARD_BOUNCE");
	assert_true(optout[1].at_ms == INT64_C(1677010059000));
	equal(next, "page%5Bcursor%5D=abc");
}

static void account(void **state)
{
	struct http_answer answer = answer_of(
		200, "{'data':[{'type':'account','id':'AbC123','attributes':{'public_api_key':'AbC123'}}]}");
	struct str key;

	(void)state;
	assert_true(klaviyo_read_public_key(&answer, &arena, &key, NULL));
	equal(key, "AbC123");
	answer = answer_of(200, "{'data':[]}");
	assert_false(klaviyo_read_public_key(&answer, &arena, &key, NULL));
}

static const struct {
	int status; /* 0 = no answer */
	const char *body;
	enum err_code want;
} failure_row[] = {
	{ 0, "", ERR_UNREACHABLE },
	{ 200, "<html>", ERR_UNREACHABLE },
	{ 200, "{}", ERR_UNREACHABLE },
	{ 500, "", ERR_UNREACHABLE },
	{ 401, "{}", ERR_DENIED },
	{ 403, "{'errors':[{'code':'permission_denied'}]}", ERR_DENIED },
	{ 429, "", ERR_BUSY },
	{ 200, "{'data':{'type':'metric','id':'m1'}}", ERR_UNREACHABLE }, /* no list is no empty list */
	{ 400, "{'errors':[{'code':'invalid','title':'Invalid input.'}]}", ERR_INVALID },
};

static void failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(failure_row); i++) {
		struct http_answer answer = answer_of(failure_row[i].status, failure_row[i].body);
		struct err err = { 0 };
		struct str *name, next;
		size_t n;

		answer.ok = failure_row[i].status != 0;
		assert_false(klaviyo_read_metrics(&answer, &arena, &name, &n, &next, &err));
		if (err.code != failure_row[i].want)
			fail_msg("%d: %s: %s", failure_row[i].status, err_code_name(err.code), err.msg);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions), TEST(lists), TEST(metrics), TEST(optouts), TEST(account), TEST(failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
