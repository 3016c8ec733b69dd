/* Profiles: import, create, update, read, many at once, deletion; and lists. */
#include "people.h"

#include <string.h>

#define ANN   EMAIL("ann@shop.invalid")
#define BEN   EMAIL("ben@shop.invalid")
#define PHONE "\"phone_number\":\"+46701234567\""

static const char *kept(struct rig *rig, const char *path)
{
	return rig_printf(rig, "%.*s", STR_ARG(rig_text(rig, path)));
}

static const char *imported(struct rig *rig, const char *body, int status)
{
	rig_check_status(body, rig_send(rig, "POST", PROFILE_IMPORT, body), status);
	return kept(rig, "data.id");
}

static void test_import(void **state)
{
	struct rig *rig = rig_new();
	const char *id;

	(void)state;
	id = imported(rig,
		      PROFILE(ANN
			      "," PHONE
			      ",\"first_name\":\"Ann\",\"last_name\":\"A\",\"location\":{\"city\":\"Lund\","
			      "\"zip\":\"1\"},\"properties\":{\"a\":1,\"b\":2}"),
		      201);
	rig_wait(rig, 1000);
	assert_string_equal(
		id,
		imported(rig,
			 PROFILE(EMAIL("Ann@SHOP.invalid") ",\"first_name\":null,\"location\":{\"zip\":null},"
							   "\"properties\":{\"b\":3,\"c\":4}"),
			 200));
	rig_check_text(rig, "null clears", "data.attributes.first_name", "null");
	rig_check_text(rig, "left out stays", "data.attributes.last_name", "A");
	rig_check_text(rig, "left out stays", "data.attributes.phone_number", "+46701234567");
	rig_check_text(rig, "merged", "data.attributes.location", "{\"city\":\"Lund\"}");
	rig_check_text(rig, "merged", "data.attributes.properties", "{\"a\":1,\"b\":3,\"c\":4}");
	rig_check_text(rig, "times", "data.attributes.created", "2026-09-21T14:13:20.000Z");
	rig_check_text(rig, "times", "data.attributes.updated", "2026-09-21T14:13:21.000Z");
	assert_null(rig_at(rig, "data.attributes.subscriptions"));
	assert_string_equal(id, imported(rig, PROFILE(PHONE), 200));
	(void)imported(rig, PROFILE(ANN "," PHONE ",\"phone_number\":null"), 400); /* a name twice */
	(void)imported(rig, PROFILE(ANN ",\"phone_number\":null"), 200);
	rig_check_text(rig, "identifier cleared", "data.attributes.phone_number", "null");
	rig_free(rig);
}

static void test_patch_properties(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	(void)imported(rig, PROFILE(ANN ",\"properties\":{\"tags\":[\"a\",\"b\"],\"one\":\"x\",\"gone\":1}"),
		       201);
	(void)imported(rig,
		       "{\"data\":{\"type\":\"profile\",\"attributes\":{" ANN
		       "},\"meta\":{\"patch_properties\":"
		       "{\"append\":{\"tags\":[\"c\",\"a\"],\"one\":\"y\"},\"unappend\":{\"tags\":\"b\"},"
		       "\"unset\":[\"gone\"]}}}}",
		       200);
	rig_check_text(rig, "patched", "data.attributes.properties",
		       "{\"tags\":[\"c\",\"a\"],\"one\":[\"x\",\"y\"]}");
	rig_free(rig);
}

/* The e-mail address is one profile's, the phone number another's. */
static void test_conflicts(void **state)
{
	struct rig *rig = rig_new();
	const char *ann, *ben;

	(void)state;
	ann = imported(rig, PROFILE(ANN), 201);
	ben = imported(rig, PROFILE(BEN "," PHONE), 201);
	(void)imported(rig, PROFILE(ANN "," PHONE ",\"title\":\"x\""), 409);
	rig_check_text(rig, "import", "errors.0.code", "duplicate_profile");
	rig_check_text(rig, "import", "errors.0.source.pointer", "/data/attributes");
	rig_check_text(rig, "import", "errors.0.meta.duplicate_profile_id", ben);
	rig_check_status(
		"patch",
		rig_send(rig, "PATCH", rig_printf(rig, PROFILES "/%s", ann),
			 rig_printf(rig,
				    "{\"data\":{\"type\":\"profile\",\"id\":\"%s\",\"attributes\":{" PHONE
				    "}}}",
				    ann)),
		409);
	rig_check_status("create", rig_send(rig, "POST", PROFILES, PROFILE(ANN)), 409);
	rig_check_text(rig, "create", "errors.0.meta.duplicate_profile_id", ann);
	rig_check_status("nothing changed", rig_send(rig, "GET", rig_printf(rig, PROFILES "/%s", ann), NULL),
			 200);
	rig_check_text(rig, "nothing changed", "data.attributes.title", "null");
	rig_check_text(rig, "nothing changed", "data.attributes.phone_number", "null");
	rig_free(rig);
}

static void test_create_and_update(void **state)
{
	struct rig *rig = rig_new();
	const char *id, *path;

	(void)state;
	rig_check_status("create", rig_send(rig, "POST", PROFILES, PROFILE(ANN ",\"external_id\":\"c1\"")),
			 201);
	id = kept(rig, "data.id");
	path = rig_printf(rig, PROFILES "/%s", id);
	rig_check_status(
		"update",
		rig_send(rig, "PATCH", path,
			 rig_printf(rig,
				    "{\"data\":{\"type\":\"profile\",\"id\":\"%s\",\"attributes\":{" BEN
				    "}}}",
				    id)),
		200);
	rig_check_text(rig, "identifiers may change", "data.attributes.email", "ben@shop.invalid");
	rig_check_status("id of another",
			 rig_send(rig, "PATCH", path,
				  "{\"data\":{\"type\":\"profile\",\"id\":\"x\",\"attributes\":{}}}"),
			 400);
	rig_check_text(rig, "id of another", "errors.0.source.pointer", "/data/id");
	rig_check_status("unknown",
			 rig_send(rig, "PATCH", PROFILES "/x",
				  "{\"data\":{\"type\":\"profile\",\"id\":\"x\",\"attributes\":{}}}"),
			 404);
	rig_check_status("unknown", rig_send(rig, "GET", PROFILES "/x", NULL), 404);
	rig_check_status("with consent",
			 rig_send(rig, "GET",
				  rig_printf(rig, "%s?additional-fields[profile]=subscriptions", path), NULL),
			 200);
	rig_check_text(rig, "with consent", "data.attributes.subscriptions.email.marketing.consent",
		       "NEVER_SUBSCRIBED");
	rig_free(rig);
}

static const struct filter_row {
	const char *what, *query, *want;
} filter_rows[] = {
	{ "email", "filter=equals(email,'P03@shop.invalid')", "p03" },
	{ "emails", "filter=any(email,['p05@shop.invalid','none@shop.invalid','p01@shop.invalid'])",
	  "p01 p05" },
	{ "external id", "filter=any(external_id,[%22p07%22])", "p07" },
	{ "phone", "filter=equals(phone_number,'%2B467012345602')", "p02" },
	{ "none", "filter=equals(id,'x')", "" },
	{ "by email, newest first", "sort=-email&page[size]=3", "p24 p23 p22" },
	{ "a page has 20", "filter=greater-than(created,2020-01-01T00:00:00Z)",
	  "p00 p01 p02 p03 p04 p05 p06 p07 p08 p09 p10 p11 p12 p13 p14 p15 p16 p17 p18 p19" },
};

static const char *listed(struct rig *rig)
{
	const char *all = "";

	for (size_t i = 0; i < json_len(rig_at(rig, "data")); i++)
		all = rig_printf(
			rig, "%s%s%.*s", all, *all ? " " : "",
			STR_ARG(rig_text(rig, rig_printf(rig, "data.%zu.attributes.external_id", i))));
	return all;
}

static const char *next_of(struct rig *rig)
{
	return kept(rig, "links.next") + sizeof("http://sandbox.test:80") - 1;
}

static struct rig *rig_with_people(void)
{
	struct rig *rig = rig_new();

	for (int i = 0; i < 25; i++)
		(void)imported(
			rig,
			rig_printf(rig,
				   PROFILE("\"email\":\"p%02d@shop.invalid\",\"external_id\":\"p%02d\","
					   "\"phone_number\":\"+4670123456%02d\""),
				   i, i, i),
			201);
	return rig;
}

static void test_filters(void **state)
{
	struct rig *rig = rig_with_people();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filter_rows); i++) {
		const struct filter_row *row = &filter_rows[i];

		rig_check_status(row->what,
				 rig_send(rig, "GET", rig_printf(rig, PROFILES "?%s", row->query), NULL),
				 200);
		if (strcmp(listed(rig), row->want) != 0)
			fail_msg("%s: got '%s', want '%s'", row->what, listed(rig), row->want);
	}
	rig_check_status("next", rig_send(rig, "GET", next_of(rig), NULL), 200);
	assert_string_equal(listed(rig), "p20 p21 p22 p23 p24");
	rig_check_text(rig, "next", "links.next", "null");
	rig_check_status(
		"sparse",
		rig_send(rig, "GET", PROFILES "?fields[profile]=email,location.city&page[size]=1", NULL),
		200);
	rig_check_text(rig, "sparse", "data.0.attributes",
		       "{\"email\":\"p00@shop.invalid\",\"location\":{}}");
	rig_check_status("unknown op", rig_send(rig, "GET", PROFILES "?filter=contains(email,'x')", NULL),
			 400);
	rig_check_text(rig, "unknown op", "errors.0.source.parameter", "filter");
	rig_check_status("large page", rig_send(rig, "GET", PROFILES "?page[size]=101", NULL), 400);
	rig_free(rig);
}

/* ---- the import of many ---- */

#define ANN_ROW	 IMPORT_ROW(ANN ",\"first_name\":\"Ann\"")
#define BEN_ROW	 IMPORT_ROW(BEN ",\"first_name\":null,\"last_name\":\"B\"")
#define TORN_ROW IMPORT_ROW(ANN "," PHONE)
#define IN_LIST	 ",\"relationships\":{\"lists\":{\"data\":[{\"type\":\"list\",\"id\":\"%s\"}]}}"

static void test_bulk_import(void **state)
{
	struct rig *rig = rig_new();
	const char *list, *job, *body;

	(void)state;
	(void)imported(rig, PROFILE(BEN "," PHONE ",\"first_name\":\"Ben\""), 201);
	rig_check_status("list", rig_send(rig, "POST", LISTS, LIST("\"name\":\"All\"")), 201);
	list = kept(rig, "data.id");
	body = rig_printf(rig, IMPORT(ANN_ROW "," BEN_ROW "," TORN_ROW, IN_LIST), list);
	rig_check_status("submit", rig_send(rig, "POST", IMPORTS, body), 202);
	rig_check_text(rig, "submit", "data.type", "profile-bulk-import-job");
	rig_check_text(rig, "submit", "data.attributes.total_count", "0");
	rig_check_text(rig, "its link is encoded", "data.links.self", kept(rig, "links.self"));
	job = kept(rig, "data.links.self") + sizeof("http://sandbox.test:80") - 1;
	rig_check_status("poll", rig_send(rig, "GET", job, NULL), 200);
	rig_check_text(rig, "poll", "data.attributes.status", "queued");
	rig_wait(rig, 100);
	(void)rig_send(rig, "GET", job, NULL);
	rig_check_text(rig, "poll", "data.attributes.status", "processing");
	rig_wait(rig, 100);
	(void)rig_send(rig, "GET", job, NULL);
	rig_check_text(rig, "done", "data.attributes.status", "complete");
	rig_check_text(rig, "done", "data.attributes.total_count", "3");
	rig_check_text(rig, "done", "data.attributes.completed_count", "2");
	rig_check_text(rig, "done", "data.attributes.failed_count", "1");
	rig_check_status("errors", rig_send(rig, "GET", rig_printf(rig, "%s/import-errors", job), NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_text(rig, "errors", "data.0.attributes.code", "duplicate_profile");
	rig_check_text(rig, "errors", "data.0.attributes.source.pointer", "/data/attributes/profiles/data/2");
	rig_check_text(rig, "errors", "data.0.attributes.original_payload.attributes.email",
		       "ann@shop.invalid");
	(void)rig_send(rig, "GET", PROFILES, NULL);
	rig_check_text(rig, "null is ignored", "data.0.attributes.first_name", "Ben");
	rig_check_text(rig, "written", "data.0.attributes.last_name", "B");
	(void)rig_send(rig, "GET", rig_printf(rig, LISTS "/%s/profiles", list), NULL);
	assert_int_equal(json_len(rig_at(rig, "data")), 2);
	rig_check_status("jobs", rig_send(rig, "GET", IMPORTS "?filter=equals(status,'complete')", NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_status("jobs",
			 rig_send(rig, "GET", IMPORTS "?filter=any(status,['queued','processing'])", NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_check_status("unknown", rig_send(rig, "GET", IMPORTS "/eA%3D%3D", NULL), 404);
	rig_free(rig);
}

static void test_bulk_import_knobs(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"job_fail_identifier\":\"ann@shop.invalid\",\"unsupported_phone_prefix\":\"+86\","
		       "\"reject_identifier\":\"ben@shop.invalid\"}");
	rig_check_status("fails inside", rig_send(rig, "POST", IMPORTS, IMPORT(IMPORT_ROW(ANN), "")), 202);
	rig_check_status("one bad row",
			 rig_send(rig, "POST", IMPORTS, IMPORT(IMPORT_ROW(ANN) "," IMPORT_ROW(BEN), "")),
			 400);
	rig_check_text(rig, "one bad row", "errors.0.source.pointer",
		       "/data/attributes/profiles/data/1/attributes/email");
	rig_check_status(
		"region",
		rig_send(rig, "POST", IMPORTS,
			 IMPORT(IMPORT_ROW(EMAIL("c@shop.invalid") ",\"phone_number\":\"+8613012345678\""),
				"")),
		400);
	rig_check_text(rig, "region", "errors.0.source.pointer",
		       "/data/attributes/profiles/data/0/attributes/phone_number");
	rig_wait(rig, 200);
	(void)rig_send(rig, "GET", "/sandbox/people", NULL);
	rig_check_text(rig, "failed inside", "accounts.0.imports.0.failed_count", "1");
	rig_check_text(rig, "nobody", "accounts.0.profiles", "0");
	rig_free(rig);
}

/* ---- deletion ---- */

static void test_deletion(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_check_status("event",
			 rig_send(rig, "POST", EVENTS, EVENT("A", ANN, ",\"unique_id\":\"1\",\"value\":5")),
			 202);
	rig_check_status("event", rig_send(rig, "POST", EVENTS, EVENT("A", BEN, ",\"unique_id\":\"1\"")),
			 202);
	rig_check_status("unknown",
			 rig_send(rig, "POST", DELETION,
				  DELETE_PROFILE("\"attributes\":{" EMAIL("c@shop.invalid") "}")),
			 404);
	rig_check_status(
		"two", rig_send(rig, "POST", DELETION, DELETE_PROFILE("\"attributes\":{" ANN "," PHONE "}")),
		400);
	rig_check_status("none", rig_send(rig, "POST", DELETION, DELETE_PROFILE("\"attributes\":{}")), 400);
	rig_check_status("ann", rig_send(rig, "POST", DELETION, DELETE_PROFILE("\"attributes\":{" ANN "}")),
			 202);
	rig_check_status("again", rig_send(rig, "POST", DELETION, DELETE_PROFILE("\"attributes\":{" ANN "}")),
			 404);
	(void)rig_send(rig, "GET", "/sandbox/people", NULL);
	rig_check_text(rig, "gone", "accounts.0.profiles", "1");
	rig_check_text(rig, "gone", "accounts.0.events", "1");
	rig_check_text(rig, "counted", "accounts.0.counts.profiles_deleted", "1");
	rig_check_text(rig, "gone", "accounts.0.metrics.0.value", "0");
	rig_check_status("events", rig_send(rig, "GET", EVENTS "?sort=datetime", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_status("event", rig_send(rig, "POST", EVENTS, EVENT("A", ANN, ",\"unique_id\":\"1\"")),
			 202);
	(void)rig_send(rig, "GET", "/sandbox/people", NULL);
	rig_check_text(rig, "a new person", "accounts.0.events", "2");
	rig_check_text(rig, "of old", "accounts.0.counts.profiles_recreated", "1");
	rig_free(rig);
}

/* ---- lists ---- */

static void test_lists(void **state)
{
	struct rig *rig = rig_new();
	const char *id;

	(void)state;
	for (int i = 0; i < 12; i++)
		rig_check_status(
			"create",
			rig_send(rig, "POST", LISTS,
				 rig_printf(rig, LIST("\"name\":\"L%02d\",\"opt_in_process\":\"%s\""), i,
					    i % 2 ? "single_opt_in" : "double_opt_in")),
			201);
	rig_check_status("page", rig_send(rig, "GET", LISTS, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 10);
	rig_check_status("next", rig_send(rig, "GET", next_of(rig), NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 2);
	rig_check_status("name", rig_send(rig, "GET", LISTS "?filter=equals(name,%22L07%22)", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_text(rig, "name", "data.0.attributes.opt_in_process", "single_opt_in");
	id = kept(rig, "data.0.id");
	rig_check_status("names",
			 rig_send(rig, "GET", LISTS "?filter=any(name,['L01','L02','x'])&sort=-name", NULL),
			 200);
	rig_check_text(rig, "names", "data.0.attributes.name", "L02");
	rig_check_status("one",
			 rig_send(rig, "GET",
				  rig_printf(rig, LISTS "/%s?additional-fields[list]=profile_count", id),
				  NULL),
			 200);
	rig_check_text(rig, "one", "data.attributes.profile_count", "0");
	rig_check_status("large page", rig_send(rig, "GET", LISTS "?page[size]=11", NULL), 400);
	rig_check_status("unknown", rig_send(rig, "GET", LISTS "/x", NULL), 404);
	rig_check_status("unknown", rig_send(rig, "GET", LISTS "/x/profiles", NULL), 404);
	rig_free(rig);
}

static void test_lists_per_day(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_knobs(rig, "{\"limits\":\"real\"}");
	for (int i = 0; i < 150; i++) {
		rig_wait(rig, 1000);
		rig_check_status("create", rig_send(rig, "POST", LISTS, LIST("\"name\":\"L\"")), 201);
	}
	rig_wait(rig, 1000);
	rig_check_status("one too many", rig_send(rig, "POST", LISTS, LIST("\"name\":\"L\"")), 429);
	assert_non_null(rig_header(rig, "Retry-After"));
	rig_wait(rig, MS_PER_DAY);
	rig_check_status("the next day", rig_send(rig, "POST", LISTS, LIST("\"name\":\"L\"")), 201);
	rig_free(rig);
}

/* What people wrote is shown as text. */
static void test_page(void **state)
{
	struct rig *rig = rig_new();
	const char *event = EVENT("<b>A</b>", ANN ",\"first_name\":\"<i>x</i>\"", ",\"unique_id\":\"&1\"");
	const char *page;

	(void)state;
	rig_check_status("event", rig_send(rig, "POST", EVENTS, event), 202);
	rig_check_status("list", rig_send(rig, "POST", LISTS, LIST("\"name\":\"<u>L</u>\"")), 201);
	rig_check_status("page", rig_send(rig, "GET", "/", NULL), 200);
	page = arena_cstr(&rig->arena, rig->reply.body);
	assert_non_null(strstr(page, "&lt;b&gt;A&lt;/b&gt;"));
	assert_non_null(strstr(page, "&lt;i&gt;x&lt;/i&gt;"));
	assert_non_null(strstr(page, "&lt;u&gt;L&lt;/u&gt;"));
	assert_non_null(strstr(page, "&amp;1"));
	assert_non_null(strstr(page, "ann@shop.invalid"));
	assert_null(strstr(page, "<b>"));
	rig_check_status("state", rig_send(rig, "GET", "/sandbox/state", NULL), 200);
	rig_check_text(rig, "state", "accounts.0.events.0.metric", "<b>A</b>");
	rig_check_text(rig, "state", "accounts.0.profiles.0.email", "ann@shop.invalid");
	rig_check_text(rig, "state", "accounts.0.people.lists.0.name", "<u>L</u>");
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_patch_properties),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_create_and_update),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bulk_import),
		cmocka_unit_test(test_bulk_import_knobs),
		cmocka_unit_test(test_deletion),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_lists_per_day),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
