/*
 * A customer's e-mail address changes in the shop: with the real programs, Klaviyo's profile, its events and
 * what may be sent to whom stay those of one person.
 */
#include "support/town.h"

#include "base/attr.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define OLD "ann.old@shop.test.example.org"
#define NEW "ann.new@shop.test.example.org"

static int set_up(void **state)
{
	static struct town town;

	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	struct town *town = *state;

	town_idle(town);
	town_conserve(town);
	assert_int_equal(town_violations(town, NULL), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
	town_close(town);
	return 0;
}

/* ---- the shop ---- */

static void customer(struct town *town, const char *email, const char *more)
{
	town_generic(town, "shop", "customer.upserted",
		     arena_printf(&town->place.arena,
				  "{'customer_id':'77','email':'%s','first_name':'Ann'%s}", email, more)
			     .p);
	town_idle(town);
}

static void customer_at(struct town *town, const char *email, const char *timestamp)
{
	struct str body =
		arena_printf(&town->place.arena,
			     "{\"id\":\"at-%s\",\"timestamp\":\"%s\",\"type\":\"customer.upserted\","
			     "\"data\":{\"customer_id\":\"77\",\"email\":\"%s\"}}",
			     timestamp, timestamp, email);

	assert_int_equal(town_post(town, (struct town_post){ .body = body }, NULL), 202);
	town_idle(town);
}

static void consent(struct town *town, const char *email, const char *state, const char *at)
{
	town_generic(town, "shop", "consent.changed",
		     arena_printf(&town->place.arena, "{'email':'%s','state':'%s'%s}", email, state, at).p);
	town_idle(town);
}

/* As the person does by the link of the message that asks. */
static void confirm(struct town *town, const char *email)
{
	struct arena *arena = &town->place.arena;
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(arena, "%s/sandbox/consent", town->sandbox.url),
		.body = arena_printf(arena, "{\"email\":\"%s\",\"action\":\"confirm\"}", email),
	};
	struct str answer;
	int status;

	assert_true(http_client_fetch(town->client, &call, arena, &status, &answer, &town->err));
	assert_int_equal(status, 200);
}

static void order(struct town *town, const char *type, const char *id, const char *customer)
{
	town_generic(town, "shop", type,
		     arena_printf(&town->place.arena,
				  "{'order_id':'%s','currency':'EUR','total':'5.00','customer':{%s},'lines':["
				  "{'line_id':'1','sku':'S','name':'Mug','quantity':1,'unit_price':'5.00'}]}",
				  id, customer)
			     .p);
	town_idle(town);
}

/* ---- Klaviyo ---- */

/* All profiles that the sandbox holds; to be freed. */
static struct json *profiles(struct town *town)
{
	return town_sandbox(town, "/sandbox/profiles");
}

static size_t n_profiles(struct town *town)
{
	struct json *answer = profiles(town);
	size_t n = json_len(json_get(answer, "profiles"));

	json_free(answer);
	return n;
}

/* A text of the profile with that address, "" if there is none: "id", "consent". */
static const char *of_profile(struct town *town, const char *email, const char *name)
{
	struct json *answer = profiles(town);
	const struct json *list = json_get(answer, "profiles");
	const char *text = "";

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "email"), str_from(email)))
			text = arena_cstr(&town->place.arena, json_get_text(json_at(list, i), name));
	json_free(answer);
	return text;
}

/* May Klaviyo write to that address? Asked for by the list of the store. */
static bool is_subscribed(struct town *town, const char *email)
{
	struct json *answer = profiles(town);
	const struct json *list = json_get(answer, "profiles");
	bool yes = false;

	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *one = json_at(list, i);

		if (str_eq(json_get_text(one, "email"), str_from(email)))
			yes = json_len(json_get(one, "lists")) > 0;
	}
	json_free(answer);
	return yes;
}

static size_t n_events(struct town *town, const char *email)
{
	struct json *answer =
		town_sandbox(town, arena_printf(&town->place.arena, "/sandbox/events?email=%s", email).p);
	size_t n = json_len(json_type(answer) == JSON_ARRAY ? answer : json_get(answer, "events"));

	json_free(answer);
	return n;
}

static void one_person_goes_on(void **state)
{
	struct town *town = *state;
	const char *id;

	customer(town, OLD, "");
	order(town, "order.placed", "1", "'email':'" OLD "','customer_id':'77'");
	id = of_profile(town, OLD, "id");
	customer(town, NEW, "");
	assert_int_equal(n_profiles(town), 1);
	assert_string_equal(of_profile(town, NEW, "id"), id);
	/* the order still names the address of its day */
	order(town, "order.fulfilled", "1", "'email':'" OLD "','customer_id':'77'");
	order(town, "order.placed", "2", "'email':'" NEW "','customer_id':'77'");
	assert_int_equal(n_profiles(town), 1);
	assert_int_equal(n_events(town, NEW), 5);
	/* and back */
	customer(town, OLD, "");
	assert_int_equal(n_profiles(town), 1);
	assert_string_equal(of_profile(town, OLD, "id"), id);
}

static bool is_queued(struct town *town)
{
	return town_number(town, "accounts", "main", "ready") > 0;
}

/* What waits when the address changes is told of who it is by then, and makes nobody of the former one. */
static void events_that_wait_go_along(void **state)
{
	struct town *town = *state;
	struct town_wait queued = { 0 }, moved = { 0 }, told = { 0 };
	const char *id;

	customer(town, OLD, "");
	id = of_profile(town, OLD, "id");
	town_knobs(town, "{'deny_scope':['events:write']}");
	town_generic(town, "shop", "order.placed",
		     "{'order_id':'1','currency':'EUR','total':'5.00','customer':{'email':'" OLD
		     "','customer_id':'77'},'lines':[]}");
	while (!is_queued(town))
		assert_true(town_wait(&queued));
	town_generic(town, "shop", "customer.upserted", "{'customer_id':'77','email':'" NEW "'}");
	while (!*of_profile(town, NEW, "id"))
		assert_true(town_wait(&moved));
	assert_string_equal(of_profile(town, NEW, "id"), id);
	assert_int_equal(n_events(town, NEW), 0);
	town_knobs(town, "{'deny_scope':[]}");
	/* One that starts does not wait half a minute until it tries again. */
	assert_int_equal(town_stop(town, SIGTERM), 0);
	town_start(town);
	while (n_events(town, NEW) + n_events(town, OLD) == 0)
		assert_true(town_wait(&told));
	town_idle(town);
	assert_int_equal(n_profiles(town), 1);
	assert_int_equal(n_events(town, NEW), 1);
}

/* Klaviyo knows an event by its id at the profile that has it: that is where it is told again. */
static void events_that_are_told_again_are_known(void **state)
{
	struct town *town = *state;
	struct ran ran;

	customer(town, OLD, "");
	order(town, "order.placed", "1", "'email':'" OLD "','customer_id':'77'");
	customer(town, NEW, "");
	assert_int_equal(n_events(town, NEW), 2);
	ran = RUN(&town->place, "replay", "shop", "--family", "events", "--yes", "--data", town->data);
	assert_int_equal(ran.code, 0);
	town_idle(town);
	assert_int_equal(n_profiles(town), 1);
	assert_int_equal(n_events(town, NEW), 2);
}

/* What an address agreed to does not hold for another one. */
static void an_opt_in_stays_behind(void **state)
{
	struct town *town = *state;

	customer(town, OLD, "");
	consent(town, OLD, "subscribed", "");
	confirm(town, OLD);
	customer(town, NEW, "");
	assert_int_equal(n_profiles(town), 1);
	assert_false(is_subscribed(town, NEW));
	consent(town, NEW, "subscribed", "");
	confirm(town, NEW);
	assert_true(is_subscribed(town, NEW));
	assert_int_equal(n_profiles(town), 1);
}

/* Said of the former address when the profile has gone: it counts for the new one alone. */
static void an_opt_out_that_comes_late(void **state)
{
	struct town *town = *state;

	customer(town, OLD, "");
	consent(town, OLD, "subscribed", "");
	confirm(town, OLD);
	customer(town, NEW, ",'email_marketing':true");
	assert_true(is_subscribed(town, NEW));
	consent(town, OLD, "unsubscribed", "");
	assert_false(is_subscribed(town, NEW));
	assert_int_equal(n_profiles(town), 1);
}

static void an_opt_in_that_the_shop_takes_along(void **state)
{
	struct town *town = *state;

	customer(town, OLD, ",'email_marketing':true");
	confirm(town, OLD);
	customer(town, NEW, ",'email_marketing':true");
	assert_int_equal(n_profiles(town), 1);
	assert_true(is_subscribed(town, NEW));
}

static void an_opt_out_stays(void **state)
{
	struct town *town = *state;

	customer(town, OLD, "");
	consent(town, OLD, "subscribed", ",'consented_at':'2026-01-01T00:00:00Z'");
	consent(town, OLD, "unsubscribed", ",'consented_at':'2026-02-01T00:00:00Z'");
	customer(town, NEW, "");
	assert_int_equal(n_profiles(town), 1);
	assert_false(is_subscribed(town, NEW));
	consent(town, NEW, "subscribed", ",'consented_at':'2026-01-15T00:00:00Z'");
	assert_false(is_subscribed(town, NEW));
	consent(town, NEW, "subscribed", "");
	confirm(town, NEW);
	assert_true(is_subscribed(town, NEW));
	assert_int_equal(n_profiles(town), 1);
}

/* The new address bought something as a guest before: Klaviyo keeps two, and the newer is told. */
static void the_new_address_is_known_already(void **state)
{
	struct town *town = *state;
	const char *id;

	order(town, "order.placed", "1", "'email':'" NEW "'");
	id = of_profile(town, NEW, "id");
	customer(town, OLD, "");
	customer(town, NEW, ",'group':'VIP'");
	assert_int_equal(n_profiles(town), 2);
	assert_string_equal(of_profile(town, NEW, "id"), id);
	order(town, "order.placed", "2", "'email':'" OLD "','customer_id':'77'");
	assert_int_equal(n_events(town, OLD), 0);
	assert_int_equal(n_events(town, NEW), 4);
}

/* Both addresses before anything is told, the newer one first. */
static void the_change_comes_first(void **state)
{
	struct town *town = *state;

	customer_at(town, NEW, "2026-03-02T00:00:00Z");
	customer_at(town, OLD, "2026-03-01T00:00:00Z");
	order(town, "order.placed", "1", "'email':'" OLD "','customer_id':'77'");
	assert_int_equal(n_profiles(town), 1);
	assert_int_equal(n_events(town, NEW), 2);
}

/* Byte for byte: in no file of the daemon. */
static void until_nowhere(struct town *town, const char *text)
{
	struct town_wait wait = { 0 };

	while (place_holds(&town->place, text)) {
		if (!town_wait(&wait))
			fail_msg("%s holds '%s'", place_holds(&town->place, text), text);
		town_idle(town);
	}
}

static void who_is_erased_is_so_under_all_addresses(void **state)
{
	struct town *town = *state;

	customer(town, OLD, "");
	customer(town, NEW, "");
	town_generic(town, "shop", "person.erased", "{'email':'" NEW "'}");
	town_idle(town);
	assert_int_equal(n_profiles(town), 0);
	until_nowhere(town, OLD);
	until_nowhere(town, NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_person_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_that_wait_go_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_that_are_told_again_are_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_opt_in_stays_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_opt_out_that_comes_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_opt_in_that_the_shop_takes_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_opt_out_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_new_address_is_known_already, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_change_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_erased_is_so_under_all_addresses, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
