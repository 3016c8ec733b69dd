/* Every request about events, people and consent that Klaviyo refuses: status and place, one row per rule. */
#include "people.h"

#define ANN		EMAIL("ann@shop.invalid")
#define IN		"/data/attributes/profile/data/attributes/"
#define ENTRIES		"/data/attributes/events-bulk-create/data"
#define ROWS		"/data/attributes/profiles/data/0"
#define PAST		",\"consented_at\":\"2025-01-01T00:00:00Z\""
#define ROW(attributes) "{\"type\":\"profile\",\"attributes\":{" attributes "}}"
#define SMS		"\"subscriptions\":{\"sms\":{\"marketing\":{\"consent\":\"SUBSCRIBED\"}}}"
#define LIST_LINK(id)	",\"relationships\":{\"list\":{\"data\":{\"type\":\"list\",\"id\":\"" id "\"}}}"

static const struct row {
	const char *what, *path, *body;
	int status;
	const char *pointer; /* of the first error; NULL = not looked at */
} rows[] = {
	/* events: shape */
	{ "no properties", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{" METRIC("A") "," PROFILE_OF(ANN) "}}}", 400,
	  "/data/attributes/properties" },
	{ "no metric", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{}," PROFILE_OF(ANN) "}}}", 400,
	  "/data/attributes/metric" },
	{ "no profile", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{}," METRIC("A") "}}}", 400,
	  "/data/attributes/profile" },
	{ "unknown attribute", EVENTS, EVENT("A", ANN, ",\"timestamp\":1"), 400,
	  "/data/attributes/timestamp" },
	{ "unknown in profile", EVENTS, EVENT("A", ANN ",\"$email\":\"x\"", ""), 400, IN "$email" },
	{ "flat metric", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{},\"metric\":{\"name\":\"A\"}"
	  "," PROFILE_OF(ANN) "}}}",
	  400, "/data/attributes/metric/data" },
	{ "metric without name", EVENTS, EVENT("", ANN, ""), 400,
	  "/data/attributes/metric/data/attributes/name" },
	{ "properties a list", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":[]," METRIC("A") "," PROFILE_OF(
		  ANN) "}}}",
	  400, "/data/attributes/properties" },
	{ "value a string", EVENTS, EVENT("A", ANN, ",\"value\":\"1\""), 400, "/data/attributes/value" },
	{ "currency", EVENTS, EVENT("A", ANN, ",\"value_currency\":\"kr\""), 400,
	  "/data/attributes/value_currency" },
	{ "backfill a string", EVENTS, EVENT("A", ANN, ",\"backfill\":\"true\""), 400,
	  "/data/attributes/backfill" },
	{ "unique_id empty", EVENTS, EVENT("A", ANN, ",\"unique_id\":\"\""), 400,
	  "/data/attributes/unique_id" },
	{ "unique_id a number", EVENTS, EVENT("A", ANN, ",\"unique_id\":5"), 400,
	  "/data/attributes/unique_id" },
	/* events: time */
	{ "time a number", EVENTS, EVENT("A", ANN, ",\"time\":1790000000"), 400, "/data/attributes/time" },
	{ "time without offset", EVENTS, EVENT("A", ANN, ",\"time\":\"2026-07-15T12:00:00\""), 400,
	  "/data/attributes/time" },
	{ "time before 2000", EVENTS, EVENT("A", ANN, ",\"time\":\"1999-12-31T23:59:59Z\""), 400,
	  "/data/attributes/time" },
	{ "time in two years", EVENTS, EVENT("A", ANN, ",\"time\":\"2028-09-21T00:00:00Z\""), 400,
	  "/data/attributes/time" },
	/* events: whom */
	{ "nobody", EVENTS, EVENT("A", "", ""), 400, "/data/attributes/profile/data/attributes" },
	{ "nobody, with a name", EVENTS, EVENT("A", "\"first_name\":\"x\",\"email\":null", ""), 400,
	  "/data/attributes/profile/data/attributes" },
	{ "phone of a country", EVENTS, EVENT("A", ANN ",\"phone_number\":\"0701234567\"", ""), 400,
	  IN "phone_number" },
	{ "phone with spaces", EVENTS, EVENT("A", ANN ",\"phone_number\":\"+46 70 123 45 67\"", ""), 400,
	  IN "phone_number" },
	{ "phone too long", EVENTS, EVENT("A", ANN ",\"phone_number\":\"+4670123456789012\"", ""), 400,
	  IN "phone_number" },
	{ "e-mail without domain", EVENTS, EVENT("A", EMAIL("ann@"), ""), 400, IN "email" },
	{ "e-mail without dot", EVENTS, EVENT("A", EMAIL("ann@localhost"), ""), 400, IN "email" },
	{ "e-mail with a space", EVENTS, EVENT("A", EMAIL("ann b@shop.invalid"), ""), 400, IN "email" },
	{ "e-mail empty", EVENTS, EVENT("A", EMAIL(""), ""), 400, IN "email" },
	{ "meta beside attributes", EVENTS,
	  "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{}," METRIC(
		  "A") ",\"profile\":{\"data\":{\"type\":\"profile\",\"attributes\":{" ANN
		       "},\"meta\":{}}}}}}",
	  400, "/data/attributes/profile/data/meta" },
	/* events: many */
	{ "no entries", EVENTS_BULK, BULK(""), 400, ENTRIES },
	{ "no events", EVENTS_BULK, BULK(ENTRY(ANN, "")), 400, ENTRIES "/0/attributes/events/data" },
	{ "phone in an entry", EVENTS_BULK, BULK(ENTRY("\"phone_number\":\"1\"", ROW_EVENT("A", ""))), 400,
	  ENTRIES "/0/attributes/profile/data/attributes/phone_number" },
	{ "nobody in an entry", EVENTS_BULK, BULK(ENTRY("", ROW_EVENT("A", ""))), 400,
	  ENTRIES "/0/attributes/profile/data/attributes" },
	{ "time in an entry", EVENTS_BULK,
	  BULK(ENTRY(ANN, ROW_EVENT("A", ",\"time\":\"1990-01-01T00:00:00Z\""))), 400,
	  ENTRIES "/0/attributes/events/data/0/attributes/time" },
	{ "meta within attributes", EVENTS_BULK, BULK(ENTRY(ANN ",\"meta\":{}", ROW_EVENT("A", ""))), 400,
	  ENTRIES "/0/attributes/profile/data/attributes/meta" },
	{ "profile in an event of many", EVENTS_BULK, BULK(ENTRY(ANN, ROW_EVENT("A", "," PROFILE_OF(ANN)))),
	  400, ENTRIES "/0/attributes/events/data/0/attributes/profile" },
	/* profiles */
	{ "nobody", PROFILE_IMPORT, PROFILE("\"first_name\":\"x\""), 400, "/data/attributes" },
	{ "phone", PROFILE_IMPORT, PROFILE(ANN ",\"phone_number\":\"12\""), 400,
	  "/data/attributes/phone_number" },
	{ "consent is no attribute", PROFILE_IMPORT, PROFILE(ANN "," GIVEN("")), 400,
	  "/data/attributes/subscriptions" },
	{ "anonymous_id", PROFILE_IMPORT, PROFILE(ANN ",\"anonymous_id\":\"x\""), 400,
	  "/data/attributes/anonymous_id" },
	{ "_kx on create", PROFILES, PROFILE(ANN ",\"_kx\":\"x\""), 400, "/data/attributes/_kx" },
	{ "id on create", PROFILES, "{\"data\":{\"type\":\"profile\",\"id\":\"x\",\"attributes\":{" ANN "}}}",
	  400, "/data/id" },
	{ "unknown in location", PROFILE_IMPORT, PROFILE(ANN ",\"location\":{\"street\":\"x\"}"), 400,
	  "/data/attributes/location/street" },
	{ "latitude a flag", PROFILE_IMPORT, PROFILE(ANN ",\"location\":{\"latitude\":true}"), 400,
	  "/data/attributes/location/latitude" },
	{ "unset a number", PROFILE_IMPORT,
	  "{\"data\":{\"type\":\"profile\",\"attributes\":{" ANN
	  "},\"meta\":{\"patch_properties\":{\"unset\":[1]}}}}",
	  400, "/data/meta/patch_properties/unset" },
	{ "an id that leads nowhere", PROFILE_IMPORT,
	  "{\"data\":{\"type\":\"profile\",\"id\":\"x\",\"attributes\":{}}}", 404, "/data/" },
	/* imports */
	{ "no rows", IMPORTS, IMPORT("", ""), 400, "/data/attributes/profiles/data" },
	{ "nobody in a row", IMPORTS, IMPORT(IMPORT_ROW("\"title\":\"x\""), ""), 400, ROWS "/attributes" },
	{ "phone in a row", IMPORTS, IMPORT(IMPORT_ROW("\"phone_number\":\"x\""), ""), 400,
	  ROWS "/attributes/phone_number" },
	{ "unknown list", IMPORTS,
	  IMPORT(IMPORT_ROW(ANN),
		 ",\"relationships\":{\"lists\":{\"data\":[{\"type\":\"list\",\"id\":\"x\"}]}}"),
	  404, "/data/relationships/lists/data/0/id" },
	/* lists */
	{ "no name", LISTS, LIST(""), 400, "/data/attributes/name" },
	{ "opt-in", LISTS, LIST("\"name\":\"x\",\"opt_in_process\":\"none\""), 400,
	  "/data/attributes/opt_in_process" },
	/* consent */
	{ "no rows", SUBSCRIBE, SUBSCRIPTION("", "", ""), 400, "/data/attributes/profiles/data" },
	{ "no subscriptions", SUBSCRIBE, SUBSCRIPTION(ROW(ANN), "", ""), 400,
	  ROWS "/attributes/subscriptions" },
	{ "no channel", SUBSCRIBE, SUBSCRIPTION(ROW(ANN ",\"subscriptions\":{}"), "", ""), 400,
	  ROWS "/attributes/subscriptions" },
	{ "channels as a list", SUBSCRIBE,
	  SUBSCRIPTION(ROW(ANN ",\"subscriptions\":{\"email\":[\"MARKETING\"]}"), "", ""), 400,
	  ROWS "/attributes/subscriptions/email" },
	{ "e-mail without address", SUBSCRIBE,
	  SUBSCRIPTION(ROW("\"phone_number\":\"+46701234567\"," GIVEN("")), "", ""), 400,
	  ROWS "/attributes/email" },
	{ "SMS without number", SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," SMS), "", ""), 400,
	  ROWS "/attributes/phone_number" },
	{ "another word", SUBSCRIBE,
	  SUBSCRIPTION(
		  ROW(ANN ",\"subscriptions\":{\"email\":{\"marketing\":{\"consent\":\"UNSUBSCRIBED\"}}}"),
		  "", ""),
	  400, ROWS "/attributes/subscriptions/email/marketing/consent" },
	{ "consented_at without historical_import", SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN(PAST)), "", ""),
	  400, ROWS "/attributes/subscriptions/email/marketing/consented_at" },
	{ "historical_import without consented_at", SUBSCRIBE,
	  SUBSCRIPTION(ROW(ANN "," GIVEN("")), ",\"historical_import\":true", ""), 400,
	  ROWS "/attributes/subscriptions/email/marketing/consented_at" },
	{ "consented_at to come", SUBSCRIBE,
	  SUBSCRIPTION(ROW(ANN "," GIVEN(",\"consented_at\":\"2026-12-01T00:00:00Z\"")),
		       ",\"historical_import\":true", ""),
	  400, ROWS "/attributes/subscriptions/email/marketing/consented_at" },
	{ "first_name in a subscription", SUBSCRIBE,
	  SUBSCRIPTION(ROW(ANN ",\"first_name\":\"x\"," GIVEN("")), "", ""), 400,
	  ROWS "/attributes/first_name" },
	{ "unknown list", SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", LIST_LINK("x")), 404,
	  "/data/relationships/list/data/id" },
	{ "source in the end of one", UNSUBSCRIBE,
	  "{\"data\":{\"type\":\"profile-subscription-bulk-delete-job\",\"attributes\":{\"custom_source\":"
	  "\"x\","
	  "\"profiles\":{\"data\":[" ROW(ANN "," ENDED) "]}}}}",
	  400, "/data/attributes/custom_source" },
	{ "consented_at in the end of one", UNSUBSCRIBE,
	  UNSUBSCRIPTION(ROW(ANN
			     ",\"subscriptions\":{\"email\":{\"marketing\":{\"consent\":\"UNSUBSCRIBED\"" PAST
			     "}}}"),
			 ""),
	  400, ROWS "/attributes/subscriptions/email/marketing/consented_at" },
	/* deletion */
	{ "external id", DELETION, DELETE_PROFILE("\"attributes\":{\"external_id\":\"x\"}"), 400,
	  "/data/attributes/profile/data/attributes/external_id" },
};

static void check_row(struct rig *rig, const struct row *row)
{
	rig_check_status(row->what, rig_send(rig, "POST", row->path, row->body), row->status);
	if (row->pointer)
		rig_check_text(rig, row->what, "errors.0.source.pointer", row->pointer);
}

static void test_rows(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(rig, &rows[i]);
	(void)rig_send(rig, "GET", "/sandbox/people", NULL);
	rig_check_text(rig, "nothing is left behind", "accounts.0.profiles", "0");
	rig_check_text(rig, "nothing is left behind", "accounts.0.metrics", "[]");
	rig_check_text(rig, "nothing is left behind", "accounts.0.lists", "[]");
	rig_free(rig);
}

/* ---- limits of number and size ---- */

/* frame with the text in the place of its first '~'. */
static const char *filled(struct rig *rig, const char *frame, const char *text)
{
	size_t at = str_find_char(str_from(frame), '~');

	return rig_printf(rig, "%.*s%s%s", (int)at, frame, text, frame + at + 1);
}

/* So many elements, each with its number in the place of '~'. */
static const char *repeated(struct rig *rig, const char *element, int n)
{
	struct strbuf text;
	const char *list;

	strbuf_init(&text, SIZE_MAX / 4);
	for (int i = 0; i < n; i++) {
		strbuf_add_text(&text, i ? "," : "");
		strbuf_add_text(&text, filled(rig, element, rig_printf(rig, "%d", i)));
	}
	list = arena_cstr(&rig->arena, strbuf_str(&text));
	strbuf_release(&text);
	return list;
}

static void check_numbers(struct rig *rig, const char *what, const char *path, const char *frame,
			  const char *element, int max, int status)
{
	for (int n = max; n <= max + 1; n++)
		rig_check_status(rig_printf(rig, "%s: %d", what, n),
				 rig_send(rig, "POST", path, filled(rig, frame, repeated(rig, element, n))),
				 n == max ? status : 400);
}

static void test_numbers(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	check_numbers(rig, "subscriptions", SUBSCRIBE, SUBSCRIPTION("~", "", ""),
		      ROW("\"email\":\"a~@shop.invalid\"," GIVEN("")), 1000, 202);
	check_numbers(rig, "their ends", UNSUBSCRIBE, UNSUBSCRIPTION("~", ""),
		      ROW("\"email\":\"a~@shop.invalid\"," ENDED), 100, 202);
	check_numbers(rig, "imports", IMPORTS, IMPORT("~", ""), IMPORT_ROW("\"email\":\"a~@shop.invalid\""),
		      10000, 202);
	check_numbers(rig, "properties", EVENTS,
		      "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{~}," METRIC(
			      "A") "," PROFILE_OF(ANN) "}}}",
		      "\"p~\":1", 400, 202);
	check_numbers(rig, "elements", EVENTS,
		      "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{\"x\":[~]}," METRIC(
			      "A") "," PROFILE_OF(ANN) "}}}",
		      "~", 4000, 202);
	rig_free(rig);
}

static void check_sizes(struct rig *rig, const char *what, const char *path, const char *frame, int max,
			int at_most, int beyond)
{
	char *text = arena_zalloc(&rig->arena, (size_t)max + 2, 1);

	for (int i = 0; i <= max; i++)
		text[i] = 'x';
	rig_check_status(what, rig_send(rig, "POST", path, filled(rig, frame, text)), beyond);
	text[max] = '\0';
	rig_check_status(what, rig_send(rig, "POST", path, filled(rig, frame, text)), at_most);
}

static void test_sizes(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	check_sizes(rig, "unique_id", EVENTS, EVENT("A", ANN, ",\"unique_id\":\"~\""), 255, 202, 400);
	check_sizes(rig, "metric", EVENTS, EVENT("~", ANN, ""), 127, 202, 400);
	check_sizes(rig, "string", EVENTS,
		    "{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{\"x\":\"~\"}," METRIC(
			    "B") "," PROFILE_OF(ANN) "}}}",
		    100000, 202, 400);
	check_sizes(rig, "profile in an event", EVENTS,
		    EVENT("C", ANN ",\"properties\":{\"x\":\"~\"}", ",\"unique_id\":\"1\""),
		    95000 - (int)sizeof("{" ANN ",\"properties\":{\"x\":\"\"}}") + 1, 202, 400);
	check_sizes(rig, "profile", PROFILE_IMPORT, PROFILE(ANN ",\"properties\":{\"x\":\"~\"}"),
		    100000 - (int)sizeof(PROFILE(ANN ",\"properties\":{\"x\":\"\"}")) + 1, 200, 413);
	rig_free(rig);
}

/* ---- scopes, parameters ---- */

static void test_scopes(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"deny_scope\":\"subscriptions:write\"}");
	rig_check_status("denied",
			 rig_send(rig, "POST", SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", "")), 403);
	rig_check_status("allowed", rig_send(rig, "POST", PROFILE_IMPORT, PROFILE(ANN)), 201);
	rig_knobs(rig, "{\"deny_scope\":\"lists:write\"}");
	rig_check_status("denied", rig_send(rig, "POST", IMPORTS, IMPORT(IMPORT_ROW(ANN), "")), 403);
	rig_free(rig);
}

static const struct parameter_row {
	const char *what, *target;
	const char *parameter;
} parameter_rows[] = {
	{ "unknown", PROFILES "?x=1", "x" },
	{ "unknown field", PROFILES "?fields[profile]=mail", "fields[profile]" },
	{ "unknown additional field", PROFILES "?additional-fields[profile]=consent",
	  "additional-fields[profile]" },
	{ "additional field of lists", LISTS "?additional-fields[list]=profile_count",
	  "additional-fields[list]" },
	{ "unknown include", PROFILES "?include=lists", "include" },
	{ "unknown sort", LISTS "?sort=profiles", "sort" },
	{ "size of metrics", "/api/metrics?page[size]=10", "page[size]" },
	{ "filter of events", EVENTS "?filter=equals(datetime,2026-01-01T00:00:00Z)", "filter" },
};

static void test_parameters(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parameter_rows); i++) {
		rig_check_status(parameter_rows[i].what, rig_send(rig, "GET", parameter_rows[i].target, NULL),
				 400);
		rig_check_text(rig, parameter_rows[i].what, "errors.0.source.parameter",
			       parameter_rows[i].parameter);
	}
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),	   cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
