/* Events: what is kept, what is dropped without a word, what is counted; metrics; reading them. */
#include "people.h"

#include <string.h>

#define ANN EMAIL("ann@shop.invalid")
#define BEN EMAIL("ben@shop.invalid")

static void send_ok(struct rig *rig, const char *path, const char *body)
{
	rig_check_status(body, rig_send(rig, "POST", path, body), 202);
	assert_int_equal(rig->reply.body.len, 0);
	assert_null(rig->reply.content_type);
}

static void check_count(struct rig *rig, const char *name, const char *want)
{
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, name, rig_printf(rig, "people.%s", name), want);
}

static void test_one(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	send_ok(rig, EVENTS,
		EVENT("Placed Order", ANN ",\"first_name\":\"Ann\"",
		      ",\"unique_id\":\"o1\",\"value\":29.98,\"value_currency\":\"SEK\",\"time\":"
		      "\"2026-07-15T12:30:00.900+02:00\""));
	rig_check_status("state", rig_send(rig, "GET", "/sandbox/events?metric=Placed%20Order", NULL), 200);
	rig_check_text(rig, "one", "events.0.unique_id", "o1");
	rig_check_text(rig, "one", "events.0.email", "ann@shop.invalid");
	rig_check_text(rig, "cut to the second", "events.0.time", "2026-07-15T10:30:00.000Z");
	rig_check_text(rig, "one", "events.0.value", "29.98");
	rig_check_text(rig, "one", "events.0.value_currency", "SEK");
	rig_check_text(rig, "one", "events.0.backfill", "false");
	rig_check_text(rig, "one", "events.0.starts_flow", "true");
	rig_check_text(rig, "one", "events.0.properties", "{\"a\":1}");
	rig_check_status("the profile too", rig_send(rig, "GET", PROFILES, NULL), 200);
	rig_check_text(rig, "the profile too", "data.0.attributes.first_name", "Ann");
	rig_check_text(rig, "last event", "data.0.attributes.last_event_date", "2026-07-15T10:30:00.000Z");
	rig_free(rig);
}

/* The first of the same profile, metric and unique_id wins; the key has all three parts. */
static void test_duplicates(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"unique_id\":\"o1\",\"value\":1"));
	send_ok(rig, EVENTS,
		EVENT("Placed Order", ANN ",\"first_name\":\"X\"", ",\"unique_id\":\"o1\",\"value\":2"));
	send_ok(rig, EVENTS, EVENT("Placed Order", EMAIL("ANN@Shop.invalid"), ",\"unique_id\":\"o1\""));
	check_count(rig, "events", "1");
	check_count(rig, "duplicates_dropped", "2");
	check_count(rig, "metrics.Placed Order.value", "1");
	check_count(rig, "metrics.Placed Order.duplicates_dropped", "2");
	(void)rig_send(rig, "GET", PROFILES, NULL);
	rig_check_text(rig, "a dropped event writes nothing", "data.0.attributes.first_name", "null");

	send_ok(rig, EVENTS, EVENT("Fulfilled Order", ANN, ",\"unique_id\":\"o1\""));
	send_ok(rig, EVENTS, EVENT("Placed Order", BEN, ",\"unique_id\":\"o1\""));
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"unique_id\":\"o2\""));
	check_count(rig, "events", "4");
	check_count(rig, "events_accepted", "6");
	check_count(rig, "metrics.Placed Order.events", "3");
	rig_free(rig);
}

/* Without a unique_id it is the time to the second. */
static void test_default_unique_id(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	send_ok(rig, EVENTS, EVENT("Viewed Product", ANN, ""));
	rig_wait(rig, 900);
	send_ok(rig, EVENTS, EVENT("Viewed Product", ANN, ""));
	check_count(rig, "events", "1");
	rig_wait(rig, 200);
	send_ok(rig, EVENTS, EVENT("Viewed Product", ANN, ""));
	check_count(rig, "events", "2");
	rig_free(rig);
}

/* The entry's backfill counts where an event says nothing. */
#define BACKFILL_ENTRY(events) \
	"{\"type\":\"event-bulk-create\",\"attributes\":{\"backfill\":true," PROFILE_OF( \
		ANN) ",\"events\":{\"data\":[" events "]}}}"
#define PLACED(more) ROW_EVENT("Placed Order", more)

static void test_flow_starts(void **state)
{
	struct rig *rig = rig_new();
	const char *entry = BULK(BACKFILL_ENTRY(
		PLACED(",\"unique_id\":\"4\"") "," PLACED(",\"unique_id\":\"5\",\"backfill\":false")));

	(void)state;
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"unique_id\":\"1\""));
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"unique_id\":\"2\",\"backfill\":true"));
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"unique_id\":\"3\",\"backfill\":null"));
	send_ok(rig, EVENTS_BULK, entry);
	check_count(rig, "events", "5");
	check_count(rig, "flow_starts", "3");
	check_count(rig, "metrics.Placed Order.flow_starts", "3");
	check_count(rig, "old_flow_starts", "0");
	send_ok(rig, EVENTS, EVENT("Placed Order", ANN, ",\"time\":\"2026-09-20T14:13:19Z\""));
	check_count(rig, "old_flow_starts", "1");
	send_ok(rig, EVENTS,
		EVENT("Placed Order", ANN, ",\"time\":\"2026-01-01T00:00:00Z\",\"backfill\":true"));
	check_count(rig, "old_flow_starts", "1");
	rig_free(rig);
}

static void test_test_addresses(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	send_ok(rig, EVENTS, EVENT("Placed Order", EMAIL("a@example.com"), ""));
	send_ok(rig, EVENTS, EVENT("Placed Order", EMAIL("a@Test.com"), ""));
	check_count(rig, "test_addresses_dropped", "2");
	check_count(rig, "events", "0");
	check_count(rig, "profiles", "0");
	rig_free(rig);
}

#define FIRST ",\"unique_id\":\"1\""

static void test_many(void **state)
{
	struct rig *rig = rig_new();
	const char *both = BULK(ENTRY(ANN, PLACED(FIRST) "," ROW_EVENT("Ordered Product", FIRST)) "," ENTRY(
		BEN, PLACED(FIRST)));

	(void)state;
	send_ok(rig, EVENTS_BULK, both);
	check_count(rig, "events", "3");
	check_count(rig, "profiles", "2");
	send_ok(rig, EVENTS_BULK, BULK(ENTRY(BEN, PLACED(FIRST))));
	check_count(rig, "duplicates_dropped", "1");
	(void)rig_send(rig, "GET", "/sandbox/requests", NULL);
	rig_check_text(rig, "rows are counted", "requests.0.rows", "3");
	rig_free(rig);
}

/* A repeated unique_id within a request refuses all of it. */
static void test_repeated_in_request(void **state)
{
	struct rig *rig = rig_new();
	const char *twice = BULK(ENTRY(BEN, PLACED(FIRST)) "," ENTRY(ANN, PLACED(FIRST) "," PLACED(FIRST)));

	(void)state;
	rig_check_status("twice", rig_send(rig, "POST", EVENTS_BULK, twice), 400);
	rig_check_text(
		rig, "twice", "errors.0.source.pointer",
		"/data/attributes/events-bulk-create/data/1/attributes/events/data/1/attributes/unique_id");
	check_count(rig, "events", "0");
	check_count(rig, "profiles", "0");
	rig_free(rig);
}

static const char *rows(struct rig *rig, int n)
{
	struct strbuf text;
	const char *body;

	strbuf_init(&text, SIZE_MAX / 4);
	for (int i = 0; i < n; i++)
		strbuf_addf(&text, "%s" ROW_EVENT("Viewed Product", ",\"unique_id\":\"u%d\""), i ? "," : "",
			    i);
	body = rig_printf(rig, BULK(ENTRY(ANN, "%s")), text.p);
	strbuf_release(&text);
	return body;
}

static void test_row_limit(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_check_status("1001", rig_send(rig, "POST", EVENTS_BULK, rows(rig, 1001)), 400);
	check_count(rig, "events", "0");
	send_ok(rig, EVENTS_BULK, rows(rig, 1000));
	check_count(rig, "events", "1000");
	send_ok(rig, EVENTS_BULK, rows(rig, 1000));
	check_count(rig, "duplicates_dropped", "1000");
	rig_free(rig);
}

/* Whom an event is about: the answer is 202 whatever comes of it. */
static void test_identity(void **state)
{
	struct rig *rig = rig_new();
	const char *ann;

	(void)state;
	send_ok(rig, EVENTS, EVENT("Active on Site", "\"anonymous_id\":\"v1\"", ",\"unique_id\":\"1\""));
	send_ok(rig, EVENTS, EVENT("Viewed Product", ANN ",\"anonymous_id\":\"v1\"", ",\"unique_id\":\"2\""));
	check_count(rig, "profiles", "1");
	send_ok(rig, EVENTS, EVENT("Active on Site", "\"anonymous_id\":\"v2\"", ",\"unique_id\":\"1\""));
	check_count(rig, "profiles", "2");
	send_ok(rig, EVENTS, EVENT("Viewed Product", ANN ",\"anonymous_id\":\"v2\"", ",\"unique_id\":\"3\""));
	check_count(rig, "profiles_merged", "1");
	check_count(rig, "profiles", "1");
	check_count(rig, "events", "3"); /* the two of "1" are the same by now */
	send_ok(rig, EVENTS, EVENT("Viewed Product", BEN ",\"anonymous_id\":\"v2\"", ",\"unique_id\":\"3\""));
	check_count(rig, "identifiers_ignored", "1");
	check_count(rig, "profiles", "2");

	(void)rig_send(rig, "GET", PROFILES "?filter=equals(email,'ann@shop.invalid')", NULL);
	ann = rig_printf(rig, "%.*s", STR_ARG(rig_text(rig, "data.0.id")));
	send_ok(rig, EVENTS,
		rig_printf(rig,
			   "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{}," METRIC(
				   "Clicked") ",\"profile\":{\"data\":{\"type\":\"profile\",\"id\":\"%s\","
					      "\"attributes\":{" BEN "}}}}}}",
			   ann));
	check_count(rig, "unresolved_dropped", "1");
	rig_free(rig);
}

static void test_metrics(void **state)
{
	struct rig *rig = rig_new();
	const char *id;

	(void)state;
	for (int i = 0; i < 201; i++)
		send_ok(rig, EVENTS, rig_printf(rig, EVENT("M%d", ANN, ""), i));
	rig_check_status("page",
			 rig_send(rig, "GET", "/api/metrics?filter=equals(integration.name,%22API%22)", NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 200);
	rig_check_text(rig, "page", "data.0.attributes.name", "M0");
	rig_check_text(rig, "page", "data.0.attributes.integration.name", "API");
	id = rig_printf(rig, "/api/metrics/%.*s", STR_ARG(rig_text(rig, "data.7.id")));
	rig_check_status("next",
			 rig_send(rig, "GET",
				  rig_printf(rig, "%.*s",
					     STR_ARG(str_skip(rig_text(rig, "links.next"),
							      sizeof("http://sandbox.test:80") - 1))),
				  NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_text(rig, "next", "data.0.attributes.name", "M200");
	rig_check_text(rig, "next", "links.next", "null");
	rig_check_status("one", rig_send(rig, "GET", id, NULL), 200);
	rig_check_text(rig, "one", "data.attributes.name", "M7");
	rig_check_status("none", rig_send(rig, "GET", "/api/metrics/AAAAA0", NULL), 404);
	rig_check_status("filter", rig_send(rig, "GET", "/api/metrics?filter=equals(name,%22M1%22)", NULL),
			 400);
	rig_free(rig);
}

static const char *listed(struct rig *rig)
{
	const char *all = "";

	for (size_t i = 0; i < json_len(rig_at(rig, "data")); i++)
		all = rig_printf(
			rig, "%s%s%.*s", all, *all ? " " : "",
			STR_ARG(rig_text(
				rig, rig_printf(rig, "data.%zu.attributes.event_properties.$event_id", i))));
	return all;
}

static void check_list(struct rig *rig, const char *target, const char *want)
{
	rig_check_status(target, rig_send(rig, "GET", target, NULL), 200);
	if (strcmp(listed(rig), want) != 0)
		fail_msg("%s: got '%s', want '%s'", target, listed(rig), want);
}

static void test_reading(void **state)
{
	struct rig *rig = rig_new();
	const char *metric, *profile, *event;

	(void)state;
	send_ok(rig, EVENTS,
		EVENT("A", ANN, ",\"unique_id\":\"1\",\"time\":\"2026-03-01T00:00:00Z\",\"value\":2.5"));
	send_ok(rig, EVENTS, EVENT("B", ANN, ",\"unique_id\":\"2\",\"time\":\"2026-01-01T00:00:00Z\""));
	send_ok(rig, EVENTS, EVENT("A", BEN, ",\"unique_id\":\"3\",\"time\":\"2026-02-01T00:00:00Z\""));
	check_list(rig, EVENTS, "1 2 3");
	rig_check_text(rig, "value", "data.0.attributes.event_properties.$value", "2.5");
	rig_check_text(rig, "timestamp", "data.1.attributes.timestamp", "1767225600");
	metric = rig_printf(rig, "%.*s", STR_ARG(rig_text(rig, "data.0.relationships.metric.data.id")));
	profile = rig_printf(rig, "%.*s", STR_ARG(rig_text(rig, "data.0.relationships.profile.data.id")));
	event = rig_printf(rig, EVENTS "/%.*s", STR_ARG(rig_text(rig, "data.0.id")));
	check_list(rig, EVENTS "?sort=datetime", "2 3 1");
	check_list(rig, EVENTS "?sort=-timestamp&page[size]=2", "1 3");
	check_list(rig,
		   rig_printf(rig, "%.*s",
			      STR_ARG(str_skip(rig_text(rig, "links.next"),
					       sizeof("http://sandbox.test:80") - 1))),
		   "2");
	check_list(rig, EVENTS "?page[size]=2", "1 2");
	check_list(rig,
		   rig_printf(rig, "%.*s",
			      STR_ARG(str_skip(rig_text(rig, "links.next"),
					       sizeof("http://sandbox.test:80") - 1))),
		   "3");
	check_list(rig, rig_printf(rig, EVENTS "?filter=equals(metric_id,%%22%s%%22)", metric), "1 3");
	check_list(rig, rig_printf(rig, EVENTS "?filter=equals(profile_id,%%22%s%%22)", profile), "1 2");
	check_list(
		rig,
		rig_printf(rig,
			   EVENTS
			   "?filter=and(equals(profile_id,'%s'),greater-than(datetime,2026-02-01T00:00:00Z))",
			   profile),
		"1");
	check_list(rig, EVENTS "?filter=less-or-equal(datetime,2026-02-01T00:00:00Z)", "2 3");
	rig_check_status("include", rig_send(rig, "GET", EVENTS "?include=metric,profile", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "included")), 4);
	rig_check_status("one", rig_send(rig, "GET", event, NULL), 200);
	rig_check_status("malformed", rig_send(rig, "GET", EVENTS "/x", NULL), 400);
	rig_check_status("too large a page", rig_send(rig, "GET", EVENTS "?page[size]=1001", NULL), 400);
	rig_check_status("unknown sort", rig_send(rig, "GET", EVENTS "?sort=created", NULL), 400);
	rig_free(rig);
}

static void test_forget_properties(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"forget_properties\":true}");
	send_ok(rig, EVENTS, EVENT("A", ANN ",\"properties\":{\"x\":1}", ",\"unique_id\":\"1\""));
	(void)rig_send(rig, "GET", "/sandbox/events", NULL);
	rig_check_text(rig, "forgotten", "events.0.properties", "null");
	(void)rig_send(rig, "GET", EVENTS, NULL);
	rig_check_text(rig, "kept", "data.0.attributes.event_properties", "{\"$event_id\":\"1\"}");
	(void)rig_send(rig, "GET", PROFILES, NULL);
	rig_check_text(rig, "forgotten", "data.0.attributes.properties", "{}");
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_default_unique_id),
		cmocka_unit_test(test_flow_starts),
		cmocka_unit_test(test_test_addresses),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_repeated_in_request),
		cmocka_unit_test(test_row_limit),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_forget_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
