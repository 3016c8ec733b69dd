/*
 * Replay, with the real programs: what it would do is said first; what goes through again is doubled in
 * nothing, starts no flow and subscribes nobody.
 */
#include "support/town.h"

#include "base/attr.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static int set_up(void **state)
{
	static struct town town;

	town_open(&town, (const char *const[]){ "--limits", "off", "--opt-in", "single", NULL });
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

/* Told again is not changed: that is what a replay is for. */
static int tear_down(void **state)
{
	struct town *town = *state;

	assert_int_equal(town_violations(town, NULL), town_violations(town, "unchanged_content_sent"));
	town_conserve(town);
	town_close(town);
	return 0;
}

static struct json *replay(struct town *town, const char *const *word, int want)
{
	const char *argument[16] = { "replay" };
	struct json *json = NULL;
	size_t n = 1;
	struct ran ran;

	for (; *word; word++)
		argument[n++] = *word;
	argument[n++] = "--data";
	argument[n++] = town->data;
	ran = program_run(&town->place, argument, NULL);
	if (ran.code != want)
		fail_msg("replay: exit %d instead of %d\n%s%s", ran.code, want, ran.out, ran.errors);
	if (ran.out[0] == '{')
		assert_true(json_parse(str_trim(str_from(ran.out)), &json, &town->err));
	return json;
}
#define REPLAY(town, want, ...) replay((town), (const char *const[]){ __VA_ARGS__, NULL }, (want))

static int64_t number(const struct json *json, const char *name)
{
	int64_t n = -1;

	(void)json_get_int(json, name, &n);
	return n;
}

/* A count of people and events: "events_stored". */
static int64_t people(struct town *town, const char *name)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	int64_t n = number(json_get(counts, "people"), name);

	json_free(counts);
	return n;
}

static int64_t all_requests(struct town *town)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	int64_t n = number(counts, "requests");

	json_free(counts);
	return n;
}

static int64_t subscriptions(struct town *town)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	const struct json *routes = json_get(counts, "routes");
	int64_t n = 0;

	for (size_t i = 0; i < json_len(routes); i++)
		if (str_eq(json_get_text(json_at(routes, i), "pattern"),
			   STR("/api/profile-subscription-bulk-create-jobs")))
			n += number(json_at(routes, i), "requests");
	json_free(counts);
	return n;
}

static void shop_lives(struct town *town)
{
	town_products(town, "shop", "p", 3, 5);
	for (int i = 0; i < 12; i++)
		town_generic(
			town, "shop", "order.placed",
			arena_printf(&town->place.arena,
				     "{'order_id':'%d','currency':'EUR','total':'5.00','customer':{'email':"
				     "'c%d@replay-shop.de'},'lines':[{'line_id':'1','product_id':'p1',"
				     "'quantity':1,'unit_price':'5.00','row_total':'5.00'}]}",
				     100 + i, i)
				.p);
	town_generic(
		town, "shop", "consent.changed",
		"{'email':'c1@replay-shop.de','state':'subscribed','consented_at':'2026-07-25T17:20:00Z'}");
	town_idle(town);
}

/* All events, so many. */
static void replay_events(struct town *town, int64_t n)
{
	struct json *json;

	json_free(REPLAY(town, 0, "shop", "--family", "events", "--yes"));
	town_idle(town);
	json = REPLAY(town, 0, "show", "shop", "--json");
	assert_true(str_eq(json_get_text(json, "state"), STR("done")));
	assert_int_equal(number(json, "again"), n);
	json_free(json);
}

static void events_again(void **state)
{
	struct town *town = *state;
	int64_t before, stored, flows, n;
	struct json *json;

	shop_lives(town);
	stored = people(town, "events_stored");
	flows = people(town, "flow_starts");
	before = all_requests(town);
	assert_true(flows > 0);
	json = REPLAY(town, 0, "shop", "--family", "events", "--json");
	n = number(json_at(json_get(json, "counts"), 0), "deliveries");
	assert_int_equal(n, stored);
	assert_int_equal(number(json, "requests"), 1);
	json_free(json);
	assert_int_equal(all_requests(town), before); /* it was only said */
	replay_events(town, n);
	assert_int_equal(people(town, "events_stored"), stored);
	assert_int_equal(people(town, "duplicates_dropped"), n);
	assert_int_equal(people(town, "flow_starts"), flows);
	assert_int_equal(all_requests(town), before + 1);
}

/* What a replay made is replayed by none, neither by itself nor by another. */
static void the_second_sends_as_much_as_the_first(void **state)
{
	struct town *town = *state;
	int64_t before, stored;
	struct json *json;

	shop_lives(town);
	stored = people(town, "events_stored");
	before = all_requests(town);
	for (int i = 1; i <= 2; i++) {
		replay_events(town, stored);
		assert_int_equal(people(town, "duplicates_dropped"), i * stored);
		assert_int_equal(all_requests(town), before + i);
	}
	json = REPLAY(town, 0, "shop", "--family", "events", "--json");
	assert_int_equal(number(json_at(json_get(json, "counts"), 0), "deliveries"), stored);
	json_free(json);
}

/* The first of these deliveries that is a copy. */
static const struct json *copy_among(const struct json *rows)
{
	for (size_t i = 0; i < json_len(rows); i++)
		if (json_get_text(json_at(rows, i), "copy_of").len > 0)
			return json_at(rows, i);
	fail_msg("none is a copy");
	return NULL;
}

static void assert_says(struct town *town, const char *command, const char *option, struct str id,
			struct str original)
{
	struct arena *arena = &town->place.arena;
	const char *text =
		arena_cstr(arena, arena_printf(arena, "a copy of %.*s, made by a replay", STR_ARG(original)));
	struct ran ran =
		option ? RUN(&town->place, command, option, arena_cstr(arena, id), "--data", town->data)
		       : RUN(&town->place, command, arena_cstr(arena, id), "--data", town->data);

	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, text));
}

/* The story of its order says which delivery is the copy, and of which. */
static void a_copy_says_that_it_is_one(void **state)
{
	struct town *town = *state;
	const struct json *copy;
	struct str id, original;
	struct json *json = NULL;
	bool is_there = false;
	struct ran ran;

	shop_lives(town);
	json_free(REPLAY(town, 0, "shop", "--family", "events", "--id", "103", "--yes"));
	town_idle(town);
	ran = RUN(&town->place, "trace", "103", "--store", "shop", "--json", "--data", town->data);
	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_trim(str_from(ran.out)), &json, &town->err));
	copy = copy_among(json_get(json, "deliveries"));
	id = arena_dup(&town->place.arena, json_get_text(copy, "id"));
	original = arena_dup(&town->place.arena, json_get_text(copy, "copy_of"));
	for (size_t i = 0; i < json_len(json_get(json, "deliveries")); i++) {
		const struct json *row = json_at(json_get(json, "deliveries"), i);

		is_there |= str_eq(json_get_text(row, "id"), original) &&
			    str_eq(json_get_text(row, "external_id"), json_get_text(copy, "external_id"));
	}
	json_free(json);
	assert_true(is_there);
	assert_says(town, "trace", NULL, id, original);
	assert_says(town, "audit", "--delivery", id, original);
}

static void one_order_and_one_product(void **state)
{
	struct town *town = *state;
	struct json *json;

	shop_lives(town);
	json = REPLAY(town, 0, "shop", "--id", "p1", "--json");
	assert_int_equal(json_len(json_get(json, "counts")), 2); /* item and variant */
	assert_int_equal(number(json, "requests"), 2);
	json_free(json);
	json_free(REPLAY(town, 0, "shop", "--id", "p1", "--yes"));
	town_idle(town);
	assert_int_equal(town_violations(town, "unchanged_content_sent"), 2);
	json = REPLAY(town, 0, "shop", "--id", "103", "--json");
	assert_int_equal(json_len(json_get(json, "counts")), 1);
	json_free(json);
	json = REPLAY(town, 0, "shop", "--since", "2020-01-01", "--until", "2020-01-02", "--json");
	assert_int_equal(json_len(json_get(json, "counts")), 0);
	json_free(json);
}

static void consent_only_if_named(void **state)
{
	struct town *town = *state;
	int64_t subscribed;
	struct json *json;

	shop_lives(town);
	subscribed = subscriptions(town);
	assert_int_equal(subscribed, 1);
	json_free(REPLAY(town, 0, "shop", "--yes"));
	town_idle(town);
	assert_int_equal(subscriptions(town), subscribed);
	json = REPLAY(town, 0, "shop", "--family", "consent", "--json");
	assert_int_equal(number(json, "requests"), 1);
	json_free(json);
	json_free(REPLAY(town, 0, "shop", "--family", "consent", "--yes"));
	town_idle(town);
	assert_int_equal(subscriptions(town), subscribed + 1);
}

static void messages_are_mapped_again(void **state)
{
	struct town *town = *state;
	int64_t before, mapped;
	struct json *json;

	shop_lives(town);
	before = all_requests(town);
	mapped = town_number(town, "stores", "shop", "mapped");
	json = REPLAY(town, 0, "shop", "--from", "inbox", "--topic", "order.", "--json");
	assert_int_equal(number(json, "messages"), 12);
	assert_true(json_type(json_get(json, "requests")) == JSON_NULL);
	json_free(json);
	json_free(REPLAY(town, 0, "shop", "--from", "inbox", "--yes"));
	town_idle(town);
	json = REPLAY(town, 0, "show", "shop", "--json");
	assert_int_equal(number(json, "again"), mapped);
	json_free(json);
	assert_int_equal(town_number(town, "stores", "shop", "mapped"), mapped);
	assert_int_equal(all_requests(town), before); /* nothing came out otherwise */
	/* Now it does. */
	town_store_set(town, "shop", "id_prefix=x-");
	town_idle(town);
	json_free(REPLAY(town, 0, "shop", "--from", "inbox", "--topic", "product.", "--yes"));
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 3);
}

/* What a file holds is not kept a second time: its events are made anew, its messages are told to be gone. */
static void history_is_made_anew(void **state)
{
	struct town *town = *state;
	const char *file =
		place_file(&town->place, "history.ndjson",
			   "{\"type\":\"order.placed\",\"data\":{\"order_id\":\"1\",\"placed_at\":\"2024-05-"
			   "01T10:00:00Z\","
			   "\"currency\":\"EUR\",\"total\":\"5.00\",\"customer\":{\"email\":\"old@replay-"
			   "shop.de\"},\"lines\":["
			   "{\"line_id\":\"1\",\"sku\":\"S\",\"name\":\"Mug\",\"quantity\":1,\"unit_price\":"
			   "\"5.00\"}]}}\n"
			   "{\"type\":\"customer.upserted\",\"timestamp\":\"2024-05-01T10:00:00Z\","
			   "\"data\":{\"email\":\"old@replay-shop.de\",\"first_name\":\"Otto\"}}\n");
	int64_t stored;
	struct json *json;
	struct ran ran;

	assert_int_equal(RUN(&town->place, "import", "shop", file, "--data", town->data).code, 0);
	town_idle(town);
	stored = people(town, "events_stored");
	assert_int_equal(stored, 2);
	json = REPLAY(town, 0, "shop", "--family", "events", "--family", "profiles", "--json");
	assert_int_equal(number(json, "gone"), 0);
	assert_int_equal(json_len(json_get(json, "counts")), 2);
	json_free(json);
	json_free(REPLAY(town, 0, "shop", "--family", "events", "--family", "profiles", "--yes"));
	town_idle(town);
	json = REPLAY(town, 0, "show", "shop", "--json");
	assert_int_equal(number(json, "again"), stored + 1);
	assert_int_equal(number(json, "gone"), 0);
	json_free(json);
	assert_int_equal(people(town, "events_stored"), stored);
	assert_int_equal(people(town, "duplicates_dropped"), stored);
	assert_int_equal(people(town, "old_flow_starts"), 0);
	ran = RUN(&town->place, "replay", "shop", "--from", "inbox", "--data", town->data);
	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, "0 messages are mapped again"));
	assert_non_null(strstr(ran.out, "2 more are passed over: they came by import"));
	assert_non_null(strstr(ran.out, "pannier import"));
}

static void what_makes_no_sense(void **state)
{
	struct town *town = *state;

	(void)REPLAY(town, 2, "shop", "--from", "elsewhere");
	(void)REPLAY(town, 2, "shop", "--family", "orders");
	(void)REPLAY(town, 2, "shop", "--outcome", "mapped");
	(void)REPLAY(town, 2, "shop", "--from", "inbox", "--family", "events");
	(void)REPLAY(town, 2, "shop", "--topic", "order.");
	(void)REPLAY(town, 2, "shop", "--yes", "--dry-run");
}

static void a_kill_doubles_nothing(void **state)
{
	struct town *town = *state;
	int64_t stored;
	struct json *json;

	shop_lives(town);
	for (int i = 0; i < 300; i++)
		town_generic(
			town, "shop", "order.placed",
			arena_printf(&town->place.arena,
				     "{'order_id':'k%d','currency':'EUR','total':'5.00','customer':{'email':"
				     "'k%d@replay-shop.de'},'lines':[]}",
				     i, i % 20)
				.p);
	town_idle(town);
	stored = people(town, "events_stored");
	assert_int_equal(town_stop(town, SIGTERM), 0);
	json_free(REPLAY(town, 0, "shop", "--family", "events", "--yes"));
	json_free(REPLAY(town, 0, "pause", "shop"));
	town_start(town);
	town_idle(town);
	json = REPLAY(town, 0, "show", "shop", "--json");
	assert_true(str_eq(json_get_text(json, "state"), STR("paused")));
	assert_int_equal(number(json, "seen"), 0);
	json_free(json);
	json_free(REPLAY(town, 0, "resume", "shop"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
		town_start(town);
	}
	town_idle(town);
	json = REPLAY(town, 0, "show", "shop", "--json");
	assert_true(str_eq(json_get_text(json, "state"), STR("done")));
	assert_int_equal(number(json, "again"), stored);
	json_free(json);
	assert_int_equal(people(town, "events_stored"), stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_second_sends_as_much_as_the_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_copy_says_that_it_is_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_order_and_one_product, set_up, tear_down),
		cmocka_unit_test_setup_teardown(consent_only_if_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(messages_are_mapped_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(history_is_made_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_makes_no_sense, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kill_doubles_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
