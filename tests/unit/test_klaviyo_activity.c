/*
 * Events, profiles and consents: proves what is cut and said of it, when an event leaves as backfill, how a
 * batch is nested, and what groups of consents become.
 * Payloads byte for byte: tests/golden. Shapes against Klaviyo's specification: tests/schema.
 */
#include "base/json.h"
#include "golden/activity_case.h"
#include "klaviyo/render_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define API	STR("https://a.klaviyo.com")
#define HOUR_MS INT64_C(3600000)

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

static bool contains(struct str text, const char *part)
{
	for (size_t i = 0; i + strlen(part) <= text.len; i++)
		if (memcmp(text.p + i, part, strlen(part)) == 0)
			return true;
	return false;
}

static struct json *parsed(struct str text)
{
	struct json *json;
	struct err err = { 0 };

	if (!json_parse(text, &json, &err))
		fail_msg("%s", err.msg);
	return json;
}

static struct str filled(char byte, size_t len)
{
	char *text = arena_alloc(&arena, len + 1);

	memset(text, byte, len);
	return str_of(text, len);
}

static const struct json *properties_of(const struct json *resource)
{
	return json_get(json_get(resource, "attributes"), "properties");
}

/* ---- what is cut ---- */

static void long_texts_are_cut(void **state)
{
	struct activity_event *event = case_event(METRIC_SEARCHED_SITE, &arena);
	struct str mended;
	struct json *json;

	(void)state;
	event->search_term = filled('x', 100001);
	event->search_corrected = filled('y', 100001);
	json = parsed(klaviyo_render_event(event, false, &arena, &mended));
	assert_int_equal(json_get_text(properties_of(json), "SearchTerm").len, 100000);
	equal(mended, "SearchTerm cut at 100000 bytes, and 1 more");
	json_free(json);
}

static void lists_and_items_are_cut_at_4000(void **state)
{
	struct activity_event *event = case_event(METRIC_STARTED_CHECKOUT, &arena);
	struct activity_cart cart = *event->cart;
	struct activity_line *line = ARENA_ARRAY(&arena, 4010, struct activity_line);
	struct str mended;
	struct json *json;

	(void)state;
	for (size_t i = 0; i < 4010; i++)
		line[i] = (struct activity_line){ .name = arena_printf(&arena, "n%zu", i / 2) };
	for (size_t i = 0; i < 4010; i++)
		line[i].sku = i < 4005 ? arena_printf(&arena, "s%zu", i) : STR("s");
	cart.line = line;
	cart.n_line = 4010;
	event->cart = &cart;
	json = parsed(klaviyo_render_event(event, false, &arena, &mended));
	assert_int_equal(json_len(json_get(properties_of(json), "Items")), 4000);
	assert_int_equal(json_len(json_get(properties_of(json), "ItemNames")), 2005);
	equal(mended, "10 of the Items left out");
	json_free(json);

	for (size_t i = 0; i < 4010; i++)
		line[i].name = arena_printf(&arena, "n%zu", i);
	json = parsed(klaviyo_render_event(event, false, &arena, &mended));
	assert_int_equal(json_len(json_get(properties_of(json), "ItemNames")), 4000);
	equal(mended, "10 elements of lists left out; 10 of the Items left out");
	json_free(json);
}

/* Whatever a shop sends, the event is small enough, and what matters most is in it. */
static void an_event_is_at_most_a_megabyte(void **state)
{
	struct activity_event *event = case_event(METRIC_PLACED_ORDER, &arena);
	struct activity_order order = *event->order;
	struct activity_line *line = ARENA_ARRAY(&arena, 100, struct activity_line);
	struct activity_property *custom = ARENA_ARRAY(&arena, 400, struct activity_property);
	struct str mended, body;
	struct json *json;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		line[i] = case_lines()[0];
		line[i].product_url = filled('u', 30000);
	}
	order.line = line;
	order.n_line = 100;
	event->order = &order;
	body = klaviyo_render_event(event, false, &arena, &mended);
	assert_true(body.len <= 1000000 && body.len > 960000);
	json = parsed(body);
	assert_int_equal(json_len(json_get(properties_of(json), "Items")), 33);
	equal(mended, "2 properties left out; 67 of the Items left out");
	json_free(json);

	for (size_t i = 0; i < 400; i++)
		custom[i] = (struct activity_property){ arena_printf(&arena, "c%zu", i), filled('"', 50000) };
	order.custom = custom;
	order.n_custom = 400;
	body = klaviyo_render_event(event, false, &arena, &mended);
	assert_true(body.len <= 1000000);
	json = parsed(body);
	assert_non_null(json_get(properties_of(json), "c4"));
	assert_true(json_len(json_get(properties_of(json), "Items")) > 10);
	json_free(json);
}

static void at_most_300_properties(void **state)
{
	struct activity_event *event = case_event(METRIC_PLACED_ORDER, &arena);
	struct activity_order order = *event->order;
	struct activity_property *custom = ARENA_ARRAY(&arena, 1000, struct activity_property);
	struct str mended;
	struct json *json;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		custom[i] = (struct activity_property){ arena_printf(&arena, "c%zu", i), STR("v") };
	order.custom = custom;
	order.n_custom = 1000;
	event->order = &order;
	json = parsed(klaviyo_render_event(event, false, &arena, &mended));
	assert_int_equal(json_len(properties_of(json)), 300);
	assert_non_null(json_get(properties_of(json), "Items"));
	assert_true(str_ends(mended, STR(" properties left out")));
	json_free(json);
}

static void custom_properties_do_not_displace_ours(void **state)
{
	static const struct activity_property custom[] = {
		{ STR_INIT("OrderId"), STR_INIT("x") }, { STR_INIT("Items"), STR_INIT("x") },
		{ STR_INIT("$value"), STR_INIT("x") },	{ STR_INIT(""), STR_INIT("x") },
		{ STR_INIT("gift"), STR_INIT("1") },	{ STR_INIT("gift"), STR_INIT("2") },
	};
	struct activity_event *event = case_event(METRIC_PLACED_ORDER, &arena);
	struct activity_order order = *event->order;
	struct str mended;
	struct json *json;

	(void)state;
	order.custom = custom;
	order.n_custom = ARRAY_LEN(custom);
	event->order = &order;
	json = parsed(klaviyo_render_event(event, false, &arena, &mended));
	equal(json_get_text(properties_of(json), "OrderId"), "1234567890");
	equal(json_get_text(properties_of(json), "gift"), "1");
	assert_null(json_get(properties_of(json), "$value"));
	equal(mended, "5 properties left out");
	json_free(json);
}

static void profiles_are_kept_small(void **state)
{
	struct activity_profile profile = case_profile();
	struct activity_property *property = ARENA_ARRAY(&arena, 400, struct activity_property);
	struct str mended, body;
	struct json *json;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		property[i] = (struct activity_property){ arena_printf(&arena, "p%zu", i), filled('"', 300) };
	profile.property = property;
	profile.n_property = 400;
	profile.email = filled('e', 100);
	profile.first_name = filled('f', 501);
	body = klaviyo_render_profile(&profile, &arena, &mended);
	assert_true(body.len < 95000);
	json = parsed(body);
	assert_null(json_get(json_get(json, "attributes"), "email"));
	assert_true(json_len(properties_of(json)) > 100);
	assert_true(
		str_starts(mended, STR("e-mail address left out: too long; first_name cut at 500 bytes; ")));
	json_free(json);
}

/* ---- values ---- */

static struct json *event_attributes(const struct activity_event *event, const struct json **attributes)
{
	struct str mended;
	struct json *json = parsed(klaviyo_render_event(event, false, &arena, &mended));

	*attributes = json_get(json, "attributes");
	return json;
}

static void values(void **state)
{
	struct activity_event *event = case_event(METRIC_PARTIALLY_REFUNDED_ORDER, &arena);
	struct activity_step step;
	struct activity_line line[2] = { case_lines()[0], case_lines()[1] };
	const struct json *attributes;
	struct json *json;

	(void)state;
	/* The money of a partial refund is the value of Refunded Order, once. */
	json = event_attributes(event, &attributes);
	assert_null(json_get(attributes, "value"));
	json_free(json);
	event = case_event(METRIC_PARTIALLY_FULFILLED_ORDER, &arena);
	step = *event->step;
	event->step = &step;
	step.line = line;
	step.n_line = 2;
	json = event_attributes(event, &attributes);
	assert_true(json_number(json_get(attributes, "value")) == 29.98);
	json_free(json);
	/* Not known of one line: not known at all, and the order's total would be wrong. */
	line[1].has_price = false;
	json = event_attributes(event, &attributes);
	assert_null(json_get(attributes, "value"));
	assert_null(json_get(attributes, "value_currency"));
	json_free(json);
	step.amount = (struct activity_amount){ true, { 1250, "JPY" } };
	json = event_attributes(event, &attributes);
	assert_int_equal(json_type(json_get(attributes, "value")), JSON_INTEGER);
	equal(json_get_text(attributes, "value_currency"), "JPY");
	json_free(json);
}

static const struct {
	const char *quantity, *want;
} quantity_row[] = {
	{ "1", "\"Quantity\":1," },	     { "0.5", "\"Quantity\":0.5," },
	{ "-2", "\"Quantity\":-2," },	     { "01", "\"Quantity\":\"01\"," },
	{ "1.", "\"Quantity\":\"1.\"," },    { "1e3", "\"Quantity\":\"1e3\"," },
	{ "-", "\"Quantity\":\"-\"," },	     { ".5", "\"Quantity\":\".5\"," },
	{ "1 kg", "\"Quantity\":\"1 kg\"" }, { "1.5.2", "\"Quantity\":\"1.5.2\"," },
};

static void quantities(void **state)
{
	struct activity_event *event = case_event(METRIC_ORDERED_PRODUCT, &arena);
	struct activity_line line = *event->line;
	struct str mended;

	(void)state;
	event->line = &line;
	for (size_t i = 0; i < ARRAY_LEN(quantity_row); i++) {
		line.quantity = str_from(quantity_row[i].quantity);
		if (!contains(klaviyo_render_event(event, false, &arena, &mended), quantity_row[i].want))
			fail_msg("%s", quantity_row[i].want);
	}
}

static void spelling_and_id(void **state)
{
	struct activity_event *event = case_event(METRIC_CANCELLED_ORDER, &arena);
	struct str mended;

	(void)state;
	assert_true(contains(klaviyo_render_event(event, true, &arena, &mended), "\"Canceled Order\""));
	assert_true(contains(klaviyo_render_event(event, false, &arena, &mended), "\"Cancelled Order\""));
	equal(klaviyo_event_external_id(event, &arena), "Cancelled Order|1234567890");
	event->time_ms = 1;
	assert_true(contains(klaviyo_render_event(event, true, &arena, &mended),
			     "\"time\":\"2000-01-01T00:00:00.000Z\""));
	equal(mended, "time moved to 2000-01-01; 2 properties left out");
}

/* ---- too late for flows ---- */

static struct delivery delivery_of(const struct activity_event *event)
{
	struct str mended;

	return (struct delivery){
		.kind = KLAVIYO_EVENT,
		.external_id = klaviyo_event_external_id(event, &arena),
		.parent_external_id = event->profile.email,
		.body = klaviyo_render_event(event, true, &arena, &mended),
	};
}

static struct str request_within(const struct delivery *delivery, size_t n, bool bulk, int64_t now_ms,
				 const struct metric_windows *window)
{
	struct klaviyo_request request;
	struct err err = { 0 };

	if (!klaviyo_render_request(API, delivery, n, DELIVERY_CREATE, bulk, now_ms, window, &arena, &request,
				    &err))
		fail_msg("%s", err.msg);
	json_free(parsed(request.body));
	return request.body;
}

static struct str request_of(const struct delivery *delivery, size_t n, bool bulk, int64_t now_ms)
{
	return request_within(delivery, n, bulk, now_ms, NULL);
}

#define BACKFILL "\"backfill\":true"

static const struct {
	const char *what;
	enum metric metric;
	bool history;
	int64_t age_ms;
	bool want;
	const char *windows; /* the setting; NULL = none is asked */
} late_row[] = {
	{ "at once", METRIC_PLACED_ORDER, false, 0, false, NULL },
	{ "from tomorrow", METRIC_PLACED_ORDER, false, -24 * HOUR_MS, false, NULL },
	{ "at the end of its window", METRIC_PLACED_ORDER, false, 24 * HOUR_MS, false, NULL },
	{ "past its window", METRIC_PLACED_ORDER, false, 24 * HOUR_MS + 1, true, NULL },
	{ "the other spelling", METRIC_CANCELLED_ORDER, false, 24 * HOUR_MS + 1, true, NULL },
	{ "a cart within its window", METRIC_STARTED_CHECKOUT, false, 4 * HOUR_MS, false, NULL },
	{ "a cart past its window", METRIC_STARTED_CHECKOUT, false, 4 * HOUR_MS + 1, true, NULL },
	{ "history at once", METRIC_PLACED_ORDER, true, 0, true, NULL },
	{ "history late", METRIC_PLACED_ORDER, true, 100 * HOUR_MS, true, NULL },
	{ "nothing set", METRIC_STARTED_CHECKOUT, false, 4 * HOUR_MS + 1, true, "" },
	{ "a shorter window", METRIC_STARTED_CHECKOUT, false, HOUR_MS + 1, true, "started_checkout=1" },
	{ "within the shorter one", METRIC_STARTED_CHECKOUT, false, HOUR_MS, false, "started_checkout=1" },
	{ "a longer window", METRIC_PLACED_ORDER, false, 48 * HOUR_MS, false, "placed_order=48" },
	{ "past the longer one", METRIC_PLACED_ORDER, false, 48 * HOUR_MS + 1, true, "placed_order=48" },
	{ "another's window", METRIC_PLACED_ORDER, false, 24 * HOUR_MS + 1, true, "paid_order=48" },
	{ "no window at all", METRIC_PLACED_ORDER, false, 1, true, "placed_order=0" },
	{ "the other spelling's", METRIC_CANCELLED_ORDER, false, 25 * HOUR_MS, false, "cancelled_order=25" },
};

static void late_events_start_no_flows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(late_row); i++) {
		struct activity_event *event = case_event(late_row[i].metric, &arena);
		struct metric_windows windows;
		struct delivery delivery;

		assert_true(metric_windows_read(str_from(late_row[i].windows ? late_row[i].windows : ""),
						&windows));
		event->history = late_row[i].history;
		delivery = delivery_of(event);
		for (int bulk = 0; bulk < 2; bulk++) {
			int64_t now_ms = CASE_TIME_MS + late_row[i].age_ms;
			struct str body = request_within(&delivery, 1, bulk, now_ms,
							 late_row[i].windows ? &windows : NULL);

			if (contains(body, "backfill") != late_row[i].want ||
			    contains(body, BACKFILL) != late_row[i].want)
				fail_msg("%s: %.*s", late_row[i].what, STR_ARG(body));
		}
	}
}

/* ---- nesting ---- */

static struct delivery event_of(const char *id, const char *email)
{
	struct activity_event *event = case_event(METRIC_ACTIVE_ON_SITE, &arena);

	event->unique_id = str_from(id);
	event->profile = (struct activity_profile){ .email = str_from(email) };
	return delivery_of(event);
}

static void events_of_one_profile_share_an_entry(void **state)
{
	const struct delivery delivery[] = {
		event_of("1", "a@x.test"), event_of("2", "a@x.test"), event_of("3", "b@x.test"),
		event_of("2", "a@x.test"), event_of("3", "a@x.test"), event_of("4", "b@x.test"),
		event_of("3", "b@x.test"),
	};
	static const struct {
		size_t entry, at;
		bool repeated;
	} want[] = {
		{ 0, 0, 0 }, { 0, 1, 0 }, { 1, 0, 0 }, { 0, 1, 1 }, { 2, 0, 0 }, { 3, 0, 0 }, { 1, 0, 1 }
	};
	struct event_row *row;
	struct json *body;
	const struct json *entry;

	(void)state;
	assert_true(event_rows_read(delivery, ARRAY_LEN(delivery), &arena, &row, NULL));
	for (size_t i = 0; i < ARRAY_LEN(delivery); i++) {
		assert_int_equal(row[i].entry, want[i].entry);
		assert_int_equal(row[i].at, want[i].at);
		assert_int_equal(row[i].repeated, want[i].repeated);
	}
	body = parsed(request_of(delivery, ARRAY_LEN(delivery), true, CASE_TIME_MS));
	entry = json_get(json_get(json_get(json_get(body, "data"), "attributes"), "events-bulk-create"),
			 "data");
	assert_int_equal(json_len(entry), 4);
	entry = json_get(json_at(entry, 0), "attributes");
	assert_int_equal(json_len(json_get(json_get(entry, "events"), "data")), 2);
	assert_null(json_get(json_get(json_at(json_get(json_get(entry, "events"), "data"), 0), "attributes"),
			     "profile"));
	assert_non_null(json_get(entry, "profile"));
	json_free(body);
}

/* ---- who has another address by now ---- */

static const struct {
	const char *what;
	const char *email, *phone, *now;
	const char *want; /* attributes of the profile */
} moved_row[] = {
	{ "another e-mail address", "a@x.test", "", "b@x.test",
	  "\"attributes\":{\"email\":\"b@x.test\",\"external_id\":\"77\"}" },
	{ "the number stays", "a@x.test", "+491", "b@x.test",
	  "\"attributes\":{\"email\":\"b@x.test\",\"phone_number\":\"+491\",\"external_id\":\"77\"}" },
	{ "another number", "", "+491", "+492",
	  "\"attributes\":{\"phone_number\":\"+492\",\"external_id\":\"77\"}" },
	{ "an address for a number", "", "+491", "b@x.test",
	  "\"attributes\":{\"email\":\"b@x.test\",\"external_id\":\"77\"}" },
	{ "a number for an address", "a@x.test", "+491", "+492",
	  "\"attributes\":{\"phone_number\":\"+492\",\"external_id\":\"77\"}" },
	{ "nobody else", "a@x.test", "+491", "",
	  "\"attributes\":{\"email\":\"a@x.test\",\"phone_number\":\"+491\",\"external_id\":\"77\"}" },
};

static struct delivery event_of_moved(size_t i)
{
	struct activity_event *event = case_event(METRIC_ACTIVE_ON_SITE, &arena);
	struct delivery delivery;

	event->profile = (struct activity_profile){ .email = str_from(moved_row[i].email),
						    .phone = str_from(moved_row[i].phone),
						    .external_id = STR("77") };
	delivery = delivery_of(event);
	if (delivery.parent_external_id.len == 0)
		delivery.parent_external_id = event->profile.phone;
	delivery.person_now = str_from(moved_row[i].now);
	return delivery;
}

static void events_are_told_of_who_it_is_now(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moved_row); i++) {
		struct delivery delivery = event_of_moved(i);

		for (int bulk = 0; bulk < 2; bulk++) {
			struct str body = request_of(&delivery, 1, bulk, CASE_TIME_MS);

			if (!contains(body, moved_row[i].want))
				fail_msg("%s: %.*s", moved_row[i].what, STR_ARG(body));
		}
	}
}

/* They are one person's: what one of them repeats of the other is said once. */
static void events_of_both_addresses_share_an_entry(void **state)
{
	struct delivery delivery[] = { event_of("1", "b@x.test"), event_of("2", "a@x.test"),
				       event_of("1", "a@x.test") };
	struct event_row *row;

	(void)state;
	delivery[1].person_now = delivery[2].person_now = STR("b@x.test");
	assert_true(event_rows_read(delivery, ARRAY_LEN(delivery), &arena, &row, NULL));
	assert_int_equal(row[1].entry, 0);
	assert_int_equal(row[1].at, 1);
	assert_true(row[2].repeated);
}

static void a_whole_batch(void **state)
{
	enum { N = 1000 };
	struct delivery *delivery = ARENA_ARRAY(&arena, N, struct delivery);

	(void)state;
	for (size_t i = 0; i < N; i++)
		delivery[i] = event_of(arena_printf(&arena, "%zu", i).p,
				       arena_printf(&arena, "p%zu@x.test", i / 3).p);
	assert_true(request_of(delivery, N, true, CASE_TIME_MS).len > 100000);
}

static void bodies_that_are_no_event_are_refused(void **state)
{
	static const char *const body[] = {
		"",
		"{}",
		"{\"type\":\"event\",\"attributes\":{}}",
		"{\"type\":\"event\",\"attributes\":[]}",
		"{\"type\":\"profile\",\"attributes\":{\"profile\":{}}}",
		"{\"type\":\"event\",\"attributes\":{\"profile\":{},\"time\":\"yesterday\"}}",
	};
	struct klaviyo_request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(body); i++) {
		struct delivery delivery = { .kind = KLAVIYO_EVENT,
					     .external_id = STR("Placed Order|1"),
					     .body = str_from(body[i]) };
		struct err err = { 0 };

		assert_false(klaviyo_render_request(API, &delivery, 1, DELIVERY_CREATE, i % 2 == 1, 0, NULL,
						    &arena, &request, &err));
		assert_int_equal(err.code, ERR_INVALID);
	}
}

/* ---- profiles and consents ---- */

static void erasure_names_one_identifier(void **state)
{
	struct delivery delivery = { .kind = KLAVIYO_PROFILE, .external_id = STR("a@x.test") };
	struct klaviyo_request request;
	struct err err = { 0 };

	(void)state;
	assert_true(klaviyo_render_request(API, &delivery, 1, DELIVERY_DELETE, false, 0, NULL, &arena,
					   &request, NULL));
	assert_string_equal(request.method, "POST");
	equal(request.url, "https://a.klaviyo.com/api/data-privacy-deletion-jobs");
	equal(request.body, "{\"data\":{\"type\":\"data-privacy-deletion-job\",\"attributes\":{\"profile\":"
			    "{\"data\":{\"type\":\"profile\",\"attributes\":{\"email\":\"a@x.test\"}}}}}}");
	delivery.external_id = STR("+4915112345678");
	assert_true(klaviyo_render_request(API, &delivery, 1, DELIVERY_DELETE, false, 0, NULL, &arena,
					   &request, NULL));
	assert_true(contains(request.body, "{\"phone_number\":\"+4915112345678\"}"));
	delivery.external_id = STR("customer:7");
	assert_false(klaviyo_render_request(API, &delivery, 1, DELIVERY_DELETE, false, 0, NULL, &arena,
					    &request, &err));
	assert_int_equal(err.code, ERR_INVALID);
}

static struct delivery consent_of(const struct activity_consent *consent)
{
	return (struct delivery){
		.kind = KLAVIYO_CONSENT,
		.op = consent->subscribed ? DELIVERY_CREATE : DELIVERY_DELETE,
		.parent_external_id = klaviyo_consent_group(consent, &arena),
		.body = klaviyo_render_consent(consent, &arena),
	};
}

static const struct {
	struct activity_consent consent;
	const char *group, *part, *not_part;
} consent_row[] = {
	{ { .address = STR_INIT("a@x.test"), .subscribed = true },
	  "|n|",
	  "\"consent\":\"SUBSCRIBED\"}",
	  "relationships" },
	{ { .address = STR_INIT("a@x.test"), .subscribed = true, .source = STR_INIT("a|b \"c\"") },
	  "|n|a|b \"c\"",
	  ",\"custom_source\":\"a|b \\\"c\\\"\"}",
	  "historical" },
	{ { .address = STR_INIT("a@x.test"),
	    .subscribed = true,
	    .historical = true,
	    .at_ms = CASE_TIME_MS,
	    .list_id = STR_INIT("L1") },
	  "L1|h|",
	  ",\"historical_import\":true},\"relationships\":{\"list\":{\"data\":{\"type\":\"list\",\"id\":"
	  "\"L1\"}}}}",
	  "custom_source" },
	{ { .address = STR_INIT("a@x.test"), .subscribed = true, .at_ms = CASE_TIME_MS },
	  "|n|",
	  "email",
	  "consented_at" },
	{ { .channel = CONSENT_SMS,
	    .address = STR_INIT("+491511234"),
	    .historical = true,
	    .source = STR_INIT("s"),
	    .list_id = STR_INIT("L1") },
	  "L1|n|",
	  "{\"sms\":{\"marketing\":{\"consent\":\"UNSUBSCRIBED\"}}}",
	  "custom_source" },
};

static void consents(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(consent_row); i++) {
		struct delivery delivery = consent_of(&consent_row[i].consent);
		struct klaviyo_request request;

		equal(delivery.parent_external_id, consent_row[i].group);
		assert_true(klaviyo_render_request(API, &delivery, 1, delivery.op, true, 0, NULL, &arena,
						   &request, NULL));
		json_free(parsed(request.body));
		if (!contains(request.body, consent_row[i].part) ||
		    contains(request.body, consent_row[i].not_part))
			fail_msg("%zu: %.*s", i, STR_ARG(request.body));
	}
}

static void consents_of_two_groups_do_not_share_a_request(void **state)
{
	struct delivery delivery[2] = { consent_of(&consent_row[0].consent),
					consent_of(&consent_row[1].consent) };
	struct klaviyo_request request;
	struct err err = { 0 };

	(void)state;
	assert_false(klaviyo_render_request(API, delivery, 2, DELIVERY_CREATE, true, 0, NULL, &arena,
					    &request, &err));
	assert_int_equal(err.code, ERR_INVALID);
	delivery[0].parent_external_id = STR("L1");
	assert_false(klaviyo_render_request(API, delivery, 1, DELIVERY_CREATE, true, 0, NULL, &arena,
					    &request, &err));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(long_texts_are_cut),
		TEST(lists_and_items_are_cut_at_4000),
		TEST(an_event_is_at_most_a_megabyte),
		TEST(at_most_300_properties),
		TEST(custom_properties_do_not_displace_ours),
		TEST(profiles_are_kept_small),
		TEST(values),
		TEST(quantities),
		TEST(spelling_and_id),
		TEST(late_events_start_no_flows),
		TEST(events_of_one_profile_share_an_entry),
		TEST(events_are_told_of_who_it_is_now),
		TEST(events_of_both_addresses_share_an_entry),
		TEST(a_whole_batch),
		TEST(bodies_that_are_no_event_are_refused),
		TEST(erasure_names_one_identifier),
		TEST(consents),
		TEST(consents_of_two_groups_do_not_share_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
