/*
 * Klaviyo's own specification: proves that every request about events, profiles and consents, and every
 * lookup, is valid against it, with little, much and hostile content, unknown members refused.
 *
 * Skipped (exit 77) where the specification is not at hand.
 */
#include "golden/activity_case.h"
#include "schema/request_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum content { MINIMAL, FULL, EXTREME, CONTENT_COUNT };

#define DAY_MS INT64_C(86400000)
#define LINES  5000
#define CUSTOM 1000

static const char hostile[] = "\x01\x1f\"\\/</script>\xf0\x9f\x98\x80\xe2\x80\xa8\x7f{{ x }}";

static struct str repeated(const char *text, size_t bytes, struct arena *arena)
{
	size_t len = strlen(text), n = bytes / len;
	char *all = arena_alloc(arena, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	return str_of(all, n * len);
}

/* ---- contents ---- */

static struct activity_property *extreme_properties(size_t bytes, struct arena *arena)
{
	struct activity_property *property = ARENA_ARRAY(arena, CUSTOM, struct activity_property);

	for (size_t i = 0; i < CUSTOM; i++) {
		property[i].name = arena_printf(arena, "a \"name\" %zu", i);
		property[i].value = repeated(hostile, bytes, arena);
	}
	return property;
}

static struct activity_line *extreme_lines(struct arena *arena)
{
	struct activity_line *line = ARENA_ARRAY(arena, LINES, struct activity_line);
	struct str *category = ARENA_ARRAY(arena, LINES, struct str);

	for (size_t i = 0; i < LINES; i++)
		category[i] = arena_printf(arena, "%s %zu", hostile, i);
	for (size_t i = 0; i < LINES; i++) {
		line[i] = case_lines()[i % 2];
		line[i].name = repeated(hostile, i == 0 ? 150000 : 100, arena);
		line[i].quantity = STR("not a number");
		line[i].category = category;
		line[i].n_category = i == 0 ? LINES : 3;
		line[i].unit_price = line[i].row_total = (struct money){ INT64_C(9999999999999), "JPY" };
	}
	return line;
}

static struct address extreme_address(struct arena *arena)
{
	struct str text = repeated(hostile, 200000, arena);

	return (struct address){ text, text, text, text, text, text, text, text, text, text, text, text };
}

static struct activity_profile profile_of(enum content content, size_t i, struct arena *arena)
{
	struct activity_profile profile = { .email = STR("a@shop.test") };
	struct str text;

	if (content == MINIMAL)
		return profile;
	profile = case_profile();
	profile.email = arena_printf(arena, "john%zu@shop.test", i);
	if (content == FULL)
		return profile;
	text = repeated(hostile, 5000, arena);
	profile.external_id = profile.exchange_id = profile.anonymous_id = text;
	profile.first_name = profile.last_name = profile.organization = profile.title = text;
	profile.locale = text;
	profile.address = extreme_address(arena);
	profile.property = extreme_properties(1000, arena);
	profile.n_property = CUSTOM;
	return profile;
}

static void make_extreme(struct activity_event *event, struct arena *arena)
{
	struct activity_line *line = extreme_lines(arena);

	event->profile = profile_of(EXTREME, 0, arena);
	event->unique_id = repeated("\xc3\xa4", 1000, arena);
	event->time_ms = 1;
	event->search_term = event->category_name = event->page_url = repeated(hostile, 300000, arena);
	event->line = event->line ? line : NULL;
	if (event->cart) {
		struct activity_cart *cart = ARENA_NEW(arena, struct activity_cart);

		*cart = (struct activity_cart){ .line = line, .n_line = LINES, .added = line };
		event->cart = cart;
	}
	if (event->order) {
		struct activity_order *order = ARENA_NEW(arena, struct activity_order);

		*order = *event->order;
		order->line = line;
		order->n_line = LINES;
		order->discount_code = line[0].category;
		order->n_discount_code = LINES;
		order->billing = order->shipping_address = extreme_address(arena);
		order->custom = extreme_properties(3000, arena);
		order->n_custom = CUSTOM;
		event->order = order;
	}
}

static void make_minimal(struct activity_event *event, struct arena *arena)
{
	struct activity_order *order = ARENA_NEW(arena, struct activity_order);
	struct activity_line *line = ARENA_NEW(arena, struct activity_line);
	struct activity_cart *cart = ARENA_NEW(arena, struct activity_cart);
	enum metric metric = event->metric;
	bool has_order = event->order != NULL, has_cart = event->cart != NULL, has_line = event->line != NULL;

	*event = (struct activity_event){
		.metric = metric,
		.unique_id = STR("1"),
		.profile = profile_of(MINIMAL, 0, arena),
		.order = has_order ? order : NULL,
		.cart = has_cart ? cart : NULL,
		.line = has_line ? line : NULL,
	};
}

static struct delivery event_delivery(enum metric metric, enum content content, size_t i, struct arena *arena)
{
	struct activity_event *event = case_event(metric, arena);
	struct str mended;

	if (content == MINIMAL)
		make_minimal(event, arena);
	if (content == EXTREME)
		make_extreme(event, arena);
	if (content != EXTREME)
		event->unique_id = arena_printf(arena, "%zu", i);
	if (content == FULL)
		event->profile.email = arena_printf(arena, "john%zu@shop.test", i / 3);
	return (struct delivery){
		.kind = KLAVIYO_EVENT,
		.op = DELIVERY_CREATE,
		.external_id = klaviyo_event_external_id(event, arena),
		.parent_external_id = event->profile.email,
		.body = klaviyo_render_event(event, i % 2 == 1, arena, &mended),
	};
}

static struct delivery profile_delivery(enum content content, size_t i, struct arena *arena)
{
	struct activity_profile profile = profile_of(content, i, arena);
	struct str mended;

	return (struct delivery){
		.kind = KLAVIYO_PROFILE,
		.op = DELIVERY_UPDATE,
		.external_id = profile.email,
		.body = klaviyo_render_profile(&profile, arena, &mended),
	};
}

static struct delivery consent_delivery(enum content content, bool subscribed, size_t i, struct arena *arena)
{
	struct activity_consent consent = {
		.channel = i % 2 == 0 ? CONSENT_EMAIL : CONSENT_SMS,
		.address = i % 2 == 0 ? STR("john@shop.test") : STR("+15551234567"),
		.subscribed = subscribed,
		.at_ms = CASE_TIME_MS,
		.source = content == MINIMAL ? STR("")
			  : content == FULL  ? STR("a|b")
					     : repeated(hostile, 500, arena),
		.historical = content == FULL,
		.list_id = content == MINIMAL ? STR("") : STR("Y6nRLr"),
	};

	return (struct delivery){
		.kind = KLAVIYO_CONSENT,
		.op = subscribed ? DELIVERY_CREATE : DELIVERY_DELETE,
		.external_id = consent.address,
		.parent_external_id = klaviyo_consent_group(&consent, arena),
		.body = klaviyo_render_consent(&consent, arena),
	};
}

/* ---- every request ---- */

static void check_batch(const struct delivery *delivery, size_t n, bool bulk, int64_t now_ms,
			const char *what, struct arena *arena)
{
	struct klaviyo_request request;
	struct err err = { 0 };

	if (!klaviyo_render_request(API_URL, delivery, n, delivery->op, bulk, now_ms, NULL, arena, &request,
				    &err))
		fail_msg("%s: %s", what, err.msg);
	check_request(&request, what);
}

static void events_are_valid(void **state)
{
	(void)state;
	for (int content = 0; content < CONTENT_COUNT; content++) {
		for (int metric = 0; metric < METRIC_COUNT; metric++) {
			enum { N = 7 };
			size_t n = content == EXTREME ? 2 : N;
			struct delivery delivery[N];
			struct arena arena;

			arena_init(&arena);
			for (size_t i = 0; i < n; i++)
				delivery[i] =
					event_delivery((enum metric)metric, (enum content)content, i, &arena);
			assert_true(delivery[0].body.len <= 1000000);
			check_batch(delivery, 1, false, CASE_TIME_MS, metric_row((enum metric)metric)->name,
				    &arena);
			check_batch(delivery, 1, false, CASE_TIME_MS + DAY_MS * 2, "late", &arena);
			check_batch(delivery, n, true, CASE_TIME_MS + DAY_MS * 2, "many", &arena);
			arena_release(&arena);
		}
	}
}

static void profiles_are_valid(void **state)
{
	(void)state;
	for (int content = 0; content < CONTENT_COUNT; content++) {
		enum { N = 20 };
		struct delivery delivery[N], erasure = { .kind = KLAVIYO_PROFILE, .op = DELIVERY_DELETE };
		struct delivery question;
		struct arena arena;

		arena_init(&arena);
		for (size_t i = 0; i < N; i++) {
			delivery[i] = profile_delivery((enum content)content, i, &arena);
			assert_true(delivery[i].body.len <= 95000);
		}
		check_batch(delivery, 1, false, 0, "profile", &arena);
		check_batch(delivery, N, true, 0, "profiles", &arena);
		question = delivery[0];
		question.op = DELIVERY_CREATE;
		question.parent_external_id = STR("a \"b\"+c@shop.test");
		check_batch(&question, 1, false, 0, "question by e-mail", &arena);
		question.parent_external_id = STR("+15551234567");
		check_batch(&question, 1, true, 0, "question by phone", &arena);
		question = delivery[0];
		question.body = arena_printf(
			&arena, "{\"type\":\"profile\",\"id\":\"P1\"%.*s",
			STR_ARG(str_skip(delivery[0].body, sizeof("{\"type\":\"profile\"") - 1)));
		check_batch(&question, 1, false, 0, "profile that was found", &arena);
		check_batch(&question, 1, true, 0, "profiles that were found", &arena);
		erasure.external_id = STR("john@shop.test");
		check_batch(&erasure, 1, false, 0, "erasure by e-mail", &arena);
		erasure.external_id = STR("+15551234567");
		check_batch(&erasure, 1, true, 0, "erasure by phone", &arena);
		arena_release(&arena);
	}
}

static void consents_are_valid(void **state)
{
	(void)state;
	for (int content = 0; content < CONTENT_COUNT; content++) {
		for (int subscribed = 0; subscribed < 2; subscribed++) {
			struct delivery delivery[1000];
			size_t n = subscribed ? 1000 : 100;
			struct arena arena;

			arena_init(&arena);
			for (size_t i = 0; i < n; i++)
				delivery[i] = consent_delivery((enum content)content, subscribed, i, &arena);
			check_batch(delivery, 1, false, 0, "consent", &arena);
			check_batch(delivery, n, true, 0, "consents", &arena);
			arena_release(&arena);
		}
	}
}

static void lookups_are_valid(void **state)
{
	struct klaviyo_request request;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	request = klaviyo_render_lists(API_URL, STR("News & \"more\"\\"), STR(""), &arena);
	check_request(&request, "lists of a name");
	request = klaviyo_render_lists(API_URL, STR(""), STR(""), &arena);
	check_request(&request, "lists");
	request = klaviyo_render_lists(API_URL, STR("x"), STR("page%5Bcursor%5D=abc"), &arena);
	check_request(&request, "next page of lists");
	request = klaviyo_render_list_create(API_URL, STR("Shop \"newsletter\""), &arena);
	check_request(&request, "new list");
	request = klaviyo_render_metrics(API_URL, STR(""), &arena);
	check_request(&request, "metrics");
	request = klaviyo_render_optouts(API_URL, CASE_TIME_MS, STR(""), &arena);
	check_request(&request, "opt-outs");
	request = klaviyo_render_optouts(API_URL, 0, STR("page%5Bcursor%5D=abc"), &arena);
	check_request(&request, "next page of opt-outs");
	arena_release(&arena);
}

/* ---- the validator itself ---- */

static void spoil(const struct delivery *delivery, size_t n, bool bulk, struct arena *arena)
{
	struct klaviyo_request request;
	const struct json *schema;
	struct json *body;
	struct str query;

	assert_true(klaviyo_render_request(API_URL, delivery, n, delivery->op, bulk, CASE_TIME_MS, NULL,
					   arena, &request, NULL));
	schema = openapi_body(&specification, openapi_operation(&specification, request.method,
								request_path(request.url, &query)));
	assert_true(json_parse(request.body, &body, NULL));
	assert_true(spoil_all(schema, body, body) >= 4);
	assert_true(confuse_all(schema, body, body) >= 7);
	assert_true(request_is_valid(schema, body));
	json_free(body);
}

static void spoilt_requests_are_refused(void **state)
{
	struct delivery delivery[3], erasure = { .kind = KLAVIYO_PROFILE,
						 .op = DELIVERY_DELETE,
						 .external_id = STR("john@shop.test") };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(delivery); i++)
		delivery[i] = event_delivery(METRIC_PLACED_ORDER, FULL, i, &arena);
	spoil(delivery, 1, false, &arena);
	spoil(delivery, ARRAY_LEN(delivery), true, &arena);
	delivery[0] = profile_delivery(FULL, 0, &arena);
	spoil(delivery, 1, false, &arena);
	spoil(delivery, 1, true, &arena);
	spoil(&erasure, 1, false, &arena);
	for (int subscribed = 0; subscribed < 2; subscribed++) {
		delivery[0] = consent_delivery(FULL, subscribed, 0, &arena);
		spoil(delivery, 1, true, &arena);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_valid),
		cmocka_unit_test(profiles_are_valid),
		cmocka_unit_test(consents_are_valid),
		cmocka_unit_test(lookups_are_valid),
		cmocka_unit_test(spoilt_requests_are_refused),
	};
	struct err err = { 0 };
	int failed;

	if (!load_specification(&err)) {
		(void)fprintf(stderr, "skipped: klaviyo schema (%s)\n", err.msg);
		return err.code == ERR_NOT_FOUND ? 77 : 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(specification.root);
	return failed;
}
