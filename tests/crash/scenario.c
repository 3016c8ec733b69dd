/*
 * The scenario, and what must hold after it.
 *
 * Keeps:   between two steps everything is settled, so that the outcome does not depend on when somebody
 *          died.
 */
#include "crash/scenario.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST	       30 /* products at once: enough for bulk jobs */
#define KEY	       "pk_crash0123456789"
#define BURST_BYTES    ((size_t)65536)
#define AUDIT_MAX      "10000"
#define ERASED	       "dan@crash-shop.de"
#define FORGET_MS      60000
#define JOB_REQUEST_MS 30000
#define JOB_SLOW_MS    "3000" /* asked for before it is complete */

static void set_up(struct run *run)
{
	struct place *place = &run->place;
	const char *key = place_file(place, "key.txt", KEY);
	const char *enad = place_file(place, "enad.txt", SHOP_ENAD_SECRET);
	const char *generic = place_file(place, "generic.txt", SHOP_GENERIC_SECRET);
	const char *url = arena_printf(&place->arena, "api_url=%s", run->sandbox.url).p;

	COMMAND(run, COMMAND_FIRST | COMMAND_CONFIG, "account", "add", "main", "--key-file", key, "--set",
		url);
	COMMAND(run, COMMAND_CONFIG, "store", "add", "bazaar", "--platform", "enad", "--account", "main",
		"--secret-file", enad, "--set", "quiet_ms=50", "--set",
		"url_template=https://bazaar.example/{slug}");
	COMMAND(run, COMMAND_CONFIG, "store", "add", "loom", "--platform", "generic", "--account", "main",
		"--secret-file", generic, "--set", "quiet_ms=50", "--set", "id_prefix=loom-", "--set",
		"url_template=https://loom.example/{id}");
}

static void generic(struct run *run, const char *id, const char *type, const char *data)
{
	shop_generic(run, id,
		     arena_printf(&run->place.arena, "{'id':'%s','type':'%s','data':%s}", id, type, data), 1);
}

/* One message at a time. */
static void trickle(struct run *run)
{
	generic(run, "t1", "category.created", "{'id':'wool','name':'Wool'}");
	generic(run, "t2", "product.created", "{'id':'hat','title':'Hat','currency':'EUR'}");
	generic(run, "t3", "variant.created", "{'product_id':'hat','variant_id':'hat-s','title':'Small'}");
	generic(run, "t4", "price.changed",
		"{'product_id':'hat','variant_id':'hat-s','price':'19.90','currency':'EUR'}");
	generic(run, "t5", "stock.changed", "{'product_id':'hat','variant_id':'hat-s','stock':7}");
	generic(run, "t6", "category.product_linked", "{'product_id':'hat','category_id':'wool'}");
	generic(run, "t7", "product.upserted",
		"{'id':'scarf','title':'Scarf','price':'9.50','currency':'EUR','categories':['wool']}");
	shop_refused(run, "enad/bazaar");
	shop_enad(run, "variant_prices.updated");
	shop_enad(run, "category.create");
	shop_enad(run, "product.created");
	shop_enad(run, "variant.created");
	shop_enad(run, "variant_stock.updated");
	shop_enad(run, "category_relationship.created");
	run_settle(run);
	generic(run, "t8", "product.updated", "{'id':'hat','title':'Warm hat','currency':'EUR'}");
	generic(run, "t9", "price.changed",
		"{'product_id':'hat','variant_id':'hat-s','price':'17.90','currency':'EUR'}");
	shop_enad(run, "category.update");
	run_settle(run);
}

/* Many products in one body. */
static void burst(struct run *run, const char *id, const char *title, const char *price)
{
	struct strbuf body;

	strbuf_init(&body, BURST_BYTES);
	for (int i = 1; i <= BURST; i++)
		strbuf_addf(&body,
			    "{'id':'%s-%d','type':'product.upserted','data':{'id':'p-%d','title':'%s %d',"
			    "'price':'%s','currency':'EUR','categories':['wool']}}\n",
			    id, i, i, title, i, price);
	shop_generic(run, id, strbuf_str(&body), BURST);
	strbuf_release(&body);
}

/* Requests of this method about bulk jobs. */
static int64_t job_requests(struct run *run, const char *method)
{
	struct json *counts = run_sandbox(run, "/sandbox/counts", NULL);
	const struct json *routes = json_get(counts, "routes");
	int64_t sum = 0, n;

	for (size_t i = 0; i < json_len(routes); i++) {
		const struct json *route = json_at(routes, i);
		const char *pattern = arena_cstr(&run->place.arena, json_get_text(route, "pattern"));

		if (str_eq(json_get_text(route, "method"), str_from(method)) && strstr(pattern, "-jobs") &&
		    json_get_int(route, "requests", &n))
			sum += n;
	}
	json_free(counts);
	return sum;
}

static void turn(struct run *run, const char *knobs)
{
	json_free(run_sandbox(run, "/sandbox/knobs", knobs));
}

/*
 * Products as a job; if it is the start that is looked at, the daemon is killed in the middle of it: as
 * soon as the sandbox has the job ("POST": its id is not known yet), or when it was asked for ("GET": it
 * is).
 */
static void burst_of_jobs(struct run *run, const char *id, const char *title, const char *price,
			  const char *kill_at)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + JOB_REQUEST_MS;
	int64_t before = job_requests(run, kill_at);

	if (run->instant.victim == VICTIM_START)
		turn(run, "{\"job_ms\":" JOB_SLOW_MS "}");
	burst(run, id, title, price);
	if (run->instant.victim == VICTIM_START) {
		while (job_requests(run, kill_at) == before)
			assert_true(clock_mono_ms(clock_system()) < end_ms);
		run_kill_daemon(run);
		turn(run, "{\"job_ms\":-1}");
	}
	run_settle(run);
}

/* A job of which one row fails, which a person then tries again. */
static void fail_in_job(struct run *run)
{
	turn(run, "{\"job_fail_external_id\":[\"loom-p-3\"]}");
	burst_of_jobs(run, "b1", "Blanket", "49.00", "GET");
	turn(run, "{\"job_fail_external_id\":[]}");
	COMMAND(run, COMMAND_FAILED, "failed", "retry", "--all");
	run_settle(run);
}

/*
 * Is it one of these commands that dies? Klaviyo hears nothing of what they do: others need not wait for
 * them.
 */
static bool is_about(const struct run *run, int commands)
{
	return (run->instant.commands & commands) != 0;
}

/* Each often enough for the long form. */
static void let_people_in(struct run *run)
{
	const char *password = place_file(&run->place, "password.txt", "correct horse battery");

	if (!is_about(run, COMMAND_USER | COMMAND_TOKEN))
		return;
	COMMAND(run, COMMAND_USER, "user", "add", "ann", "--role", "owner", "--password-file", password);
	COMMAND(run, COMMAND_USER, "user", "add", "bob", "--role", "viewer", "--password-file", password);
	COMMAND(run, COMMAND_USER, "user", "set", "bob", "--role", "operator");
	COMMAND(run, COMMAND_TOKEN, "token", "add", "bob", "a", "--scope", "activity:read");
	COMMAND(run, COMMAND_TOKEN, "token", "add", "bob", "b", "--scope", "activity:read");
	COMMAND(run, COMMAND_TOKEN, "token", "add", "bob", "c", "--scope", "activity:read");
}

static void change_settings(struct run *run)
{
	let_people_in(run);
	COMMAND(run, COMMAND_CONFIG, "store", "set", "loom", "category_name=path");
	run_settle(run);
	COMMAND(run, COMMAND_CONFIG, "store", "set", "bazaar",
		"url_template=https://bazaar.example/p/{slug}");
	run_settle(run);
}

/* What makes the scenario long. */
static void change_more(struct run *run)
{
	shop_refused(run, "generic/loom");
	COMMAND(run, COMMAND_CONFIG, "store", "set", "loom", "stock_unknown=50");
	run_settle(run);
	burst_of_jobs(run, "b2", "Soft blanket", "45.00", "POST");
}

/* One is given up, one is tried again. */
static void fail_alone(struct run *run)
{
	turn(run, "{\"reject_external_id\":[\"loom-p-1\",\"loom-p-2\"]}");
	generic(run, "f1", "product.updated", "{'id':'p-1','title':'Never seen'}");
	run_settle(run);
	COMMAND(run, COMMAND_FAILED, "failed", "discard", "--all");
	generic(run, "f2", "product.updated", "{'id':'p-2','title':'Seen late'}");
	run_settle(run);
	turn(run, "{\"reject_external_id\":[]}");
	COMMAND(run, COMMAND_FAILED, "failed", "retry", "--all");
	run_settle(run);
}

/*
 * An order that is paid, a subscriber, a browser that becomes known. What Klaviyo was asked before they
 * leave is kept, too.
 */
static void people(struct run *run)
{
	generic(run, "o1", "order.placed",
		"{'order_id':'1001','currency':'EUR','total':'19.90','placed_at':'2026-07-25T17:20:00Z',"
		"'customer':{'email':'ann@crash-shop.de'},'lines':[{'line_id':'1','product_id':'hat',"
		"'quantity':1,'unit_price':'19.90','row_total':'19.90'}]}");
	generic(run, "o2", "order.paid", "{'order_id':'1001','amount':'19.90'}");
	generic(run, "o3", "consent.changed",
		"{'email':'bob@crash-shop.de','state':'subscribed','consented_at':'2026-07-25T17:20:00Z'}");
	generic(run, "o4", "storefront.product_viewed",
		"{'anonymous_id':'v1','product':{'product_id':'hat','name':'Hat'}}");
	generic(run, "o5", "storefront.identified", "{'anonymous_id':'v1','email':'cid@crash-shop.de'}");
	run_settle(run);
}

/* Somebody who is known and then wants to be forgotten. */
static void forget(struct run *run)
{
	generic(run, "e1", "customer.upserted", "{'id':'4','email':'" ERASED "','first_name':'Danuta'}");
	run_settle(run);
	generic(run, "e2", "person.erased", "{'email':'" ERASED "'}");
	run_settle(run);
}

static bool is_forgotten(struct run *run)
{
	struct json *kept =
		run_read(run, (const char *const[]){ "export", ERASED, "--data", run->data, NULL });
	bool empty = json_len(json_get(kept, "stores")) == 0;

	json_free(kept);
	return empty;
}

/* Upkeep erases beside all else; whoever dies of it is revived. */
static void until_forgotten(struct run *run)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + FORGET_MS;

	while (!is_forgotten(run)) {
		assert_true(clock_mono_ms(clock_system()) < end_ms);
		run_settle(run);
	}
}

/* Files of history, which a daemon finds when it starts; as many pieces as files. */
static void history(struct run *run)
{
	struct place *place = &run->place;
	const char *people = place_file(
		place, "people.csv",
		"customer_id,email,first_name\n901,eva@crash-shop.de,Eva\n902,fay@crash-shop.de,Fay\n");
	const char *shelves =
		place_file(place, "shelves.csv", "category_id;parent_id;name\nold;0;Old things\n");
	const char *things = place_file(place, "things.ndjson",
					"{\"type\":\"product.upserted\",\"data\":{\"id\":\"relic\",\"title\":"
					"\"Relic\",\"price\":\"7.00\","
					"\"currency\":\"EUR\",\"categories\":[\"old\"]}}\n");

	COMMAND(run, COMMAND_IMPORT, "import", "loom", things, "--no-wait");
	COMMAND(run, COMMAND_IMPORT, "import", "loom", people, "--no-wait");
	COMMAND(run, COMMAND_IMPORT, "import", "loom", shelves, "--no-wait");
	if (is_about(run, COMMAND_DECIDE)) {
		COMMAND(run, COMMAND_DECIDE, "import", "pause", "1");
		COMMAND(run, COMMAND_DECIDE, "import", "throttle", "2", "--per-minute", "6000");
		COMMAND(run, COMMAND_DECIDE, "import", "resume", "1");
	}
	run->n_messages += 4;
	for (int i = 0; i < 3 && is_about(run, COMMAND_GIVE_UP); i++) {
		COMMAND(run, COMMAND_COMPARE, "reconcile", "loom", "--no-wait");
		COMMAND(run, COMMAND_GIVE_UP, "reconcile", "cancel", "loom");
	}
}

/* Klaviyo holds what the shops hold, whoever died: nothing is told again, and nothing deleted. */
static void compare(struct run *run)
{
	static const char *const store[] = { "loom", "bazaar", "loom" };

	for (size_t i = 0; i < sizeof(store) / sizeof(store[0]); i++) {
		COMMAND(run, COMMAND_COMPARE, "reconcile", store[i], "--fix", "--no-wait");
		run_settle(run);
	}
}

void scenario_play(struct run *run, enum scenario scenario)
{
	set_up(run);
	history(run);
	run_start_daemon(run);
	run_settle(run);
	trickle(run);
	people(run);
	forget(run);
	fail_in_job(run);
	change_settings(run);
	if (scenario == SCENARIO_LONG)
		change_more(run);
	fail_alone(run);
	shop_refused(run, "enad/bazaar");
	generic(run, "d1", "product.deleted", "{'id':'scarf'}");
	shop_enad(run, "category_relationship.deleted");
	shop_enad(run, "variant_stock_delta.updated");
	run_settle(run);
	compare(run);
	until_forgotten(run);
}

/* ---- what the sandbox holds ---- */

static int compare_texts(const void *a, const void *b)
{
	const struct str *left = a, *right = b;

	return str_cmp(*left, *right);
}

static void without_times(struct json *entity)
{
	json_remove(entity, "created");
	json_remove(entity, "updated");
}

static void add_sorted(struct run *run, struct json *account, const char *name, struct strbuf *out)
{
	struct json *list = json_get(account, name);
	size_t n = json_len(list);
	struct str *text = ARENA_ARRAY(&run->place.arena, n + 1, struct str);

	for (size_t i = 0; i < n; i++) {
		without_times(json_at(list, i));
		text[i] = json_write_arena(json_at(list, i), true, &run->place.arena);
	}
	qsort(text, n, sizeof(*text), compare_texts);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "%s %.*s\n", name, STR_ARG(text[i]));
}

struct str scenario_catalog(struct run *run)
{
	struct json *state = run_sandbox(run, "/sandbox/state", NULL);
	struct json *accounts = json_get(state, "accounts");
	struct strbuf out;
	struct str catalog;

	assert_int_equal(json_len(accounts), 1);
	strbuf_init(&out, (size_t)1 << 20);
	add_sorted(run, json_at(accounts, 0), "items", &out);
	add_sorted(run, json_at(accounts, 0), "variants", &out);
	add_sorted(run, json_at(accounts, 0), "categories", &out);
	assert_false(out.overflow);
	catalog = arena_dup(&run->place.arena, strbuf_str(&out));
	strbuf_release(&out);
	json_free(state);
	return catalog;
}

/* ---- what must hold ---- */

static int64_t number(const struct json *object, const char *name)
{
	int64_t value = 0;

	if (!json_get_int(object, name, &value))
		fail_msg("no number '%s'", name);
	return value;
}

/* Every message that got a 2xx is there, once, and understood. */
static void check_status(struct run *run)
{
	struct json *status =
		run_read(run, (const char *const[]){ "status", "--json", "--data", run->data, NULL });
	const struct json *stores = json_get(status, "stores"), *accounts = json_get(status, "accounts");
	const struct json *account = json_at(accounts, 0);
	int64_t received = 0, mapped = 0;

	for (size_t i = 0; i < json_len(stores); i++) {
		received += number(json_at(stores, i), "received");
		mapped += number(json_at(stores, i), "mapped");
	}
	assert_int_equal(mapped, run->n_messages);
	/* Duplicates are received too. */
	for (size_t i = 0; i < json_len(stores); i++)
		received -= number(json_at(stores, i), "duplicate");
	assert_int_equal(received, run->n_messages);
	assert_int_equal(number(account, "ready") + number(account, "waiting") + number(account, "sending"),
			 0);
	assert_int_equal(number(account, "failed"), 0);
	assert_int_equal(number(account, "created"),
			 number(account, "accepted") + number(account, "skipped"));
	json_free(status);
}

static bool seen_before(const struct json *rows, size_t n, const char *code, struct str message)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(json_get_text(json_at(rows, i), "code"), str_from(code)) &&
		    str_eq(json_get_text(json_at(rows, i), "message"), message))
			return true;
	return false;
}

static void check_audit(struct run *run)
{
	struct json *rows = run_read(run, (const char *const[]){ "audit", "--json", "--limit", AUDIT_MAX,
								 "--data", run->data, NULL });
	size_t n_mapped = 0;

	for (size_t i = 0; i < json_len(rows); i++) {
		struct str message = json_get_text(json_at(rows, i), "message");

		if (!str_eq(json_get_text(json_at(rows, i), "code"), STR("message_mapped")))
			continue;
		if (seen_before(rows, i, "message_mapped", message))
			fail_msg("%.*s is mapped twice", STR_ARG(message));
		n_mapped++;
	}
	assert_int_equal(n_mapped, run->n_messages);
	json_free(rows);
}

static int same_before(const struct json *list, size_t i)
{
	int n = 0;

	for (size_t j = 0; j < i; j++)
		n += str_eq(json_get_text(json_at(list, j), "kind"),
			    json_get_text(json_at(list, i), "kind")) &&
		     str_eq(json_get_text(json_at(list, j), "detail"),
			    json_get_text(json_at(list, i), "detail"));
	return n;
}

/* An answer that was lost excuses that an entity was sent once more; nothing excuses anything else. */
static void check_violations(struct run *run)
{
	struct json *answer = run_sandbox(run, "/sandbox/violations", NULL);
	const struct json *list = json_get(answer, "violations");

	for (size_t i = 0; i < json_len(list); i++) {
		struct str kind = json_get_text(json_at(list, i), "kind");
		bool repeat = str_eq(kind, STR("unchanged_content_sent")) ||
			      str_eq(kind, STR("overlapping_change"));

		if (!repeat || same_before(list, i) >= run->losses)
			fail_msg("%.*s: %.*s", STR_ARG(kind),
				 STR_ARG(json_get_text(json_at(list, i), "detail")));
	}
	if (json_len(list) > 0)
		print_message("%s:%d sent once more: %zu\n", run->instant.name, run->instant.visit,
			      json_len(list));
	json_free(answer);
}

/* Whatever died and whenever: each event is there once, and nobody is subscribed twice. */
static void check_people(struct run *run)
{
	static const char *const once[] = { "Placed Order", "Ordered Product", "Paid Order",
					    "Viewed Product" };
	struct json *answer = run_sandbox(run, "/sandbox/people", NULL);
	const struct json *metrics = json_get(json_get(answer, "total"), "metrics");

	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		assert_int_equal(number(json_get(metrics, once[i]), "events"), 1);
	assert_int_equal(number(json_get(answer, "total"), "resubscribed_against_opt_out"), 0);
	json_free(answer);
}

void scenario_check(struct run *run)
{
	check_people(run);
	run_check_books(run);
	check_status(run);
	check_audit(run);
	check_violations(run);
}
