/*
 * Agreement, with the real programs: drift of each sort is planted behind Pannier's back, found, and mended
 * with as few requests as it takes.
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

	town_open(&town, (const char *const[]){ "--limits", "off", NULL });
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int set_up_limited(void **state)
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

	assert_int_equal(town_violations(town, NULL), 0);
	town_conserve(town);
	town_close(town);
	return 0;
}

/* ---- behind Pannier's back ---- */

#define COMPOUND "$custom:::$default:::"

static void klaviyo(struct town *town, const char *method, const char *path, const char *body, int want)
{
	static const struct http_header header[] = {
		{ STR_INIT("Authorization"), STR_INIT("Klaviyo-API-Key " TOWN_KEY) },
		{ STR_INIT("revision"), STR_INIT("2026-07-15") },
		{ STR_INIT("Content-Type"), STR_INIT("application/vnd.api+json") },
	};
	char *text = arena_cstr(&town->place.arena, str_from(body));
	struct http_call call = {
		.method = method,
		.url = arena_printf(&town->place.arena, "%s%s", town->sandbox.url, path),
		.header = header,
		.n_header = body[0] ? 3 : 2,
	};
	struct str answer;
	int status = 0;

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	call.body = str_from(text);
	assert_true(http_client_fetch(town->client, &call, &town->place.arena, &status, &answer, &town->err));
	if (status != want)
		fail_msg("%s %s: %d %.*s", method, path, status, STR_ARG(answer));
}

static void delete_item(struct town *town, const char *id)
{
	klaviyo(town, "DELETE", arena_printf(&town->place.arena, "/api/catalog-items/" COMPOUND "%s", id).p,
		"", 204);
}

static void change_item(struct town *town, const char *id, const char *attributes)
{
	klaviyo(town, "PATCH", arena_printf(&town->place.arena, "/api/catalog-items/" COMPOUND "%s", id).p,
		arena_printf(&town->place.arena,
			     "{'data':{'type':'catalog-item','id':'" COMPOUND "%s','attributes':%s}}", id,
			     attributes)
			.p,
		200);
}

static void add_item(struct town *town, const char *id, const char *url)
{
	klaviyo(town, "POST", "/api/catalog-items",
		arena_printf(&town->place.arena,
			     "{'data':{'type':'catalog-item','attributes':{'external_id':'%s','title':'T %s',"
			     "'description':'','url':'%s'}}}",
			     id, id, url)
			.p,
		201);
}

static void add_variant(struct town *town, const char *id, const char *item, const char *sku)
{
	klaviyo(town, "POST", "/api/catalog-variants",
		arena_printf(&town->place.arena,
			     "{'data':{'type':'catalog-variant','attributes':{'external_id':'%s','title':'V',"
			     "'description':'','sku':'%s','inventory_quantity':1,'price':1,'url':"
			     "'https://shop.example/v'},'relationships':{'item':{'data':{'type':"
			     "'catalog-item','id':'" COMPOUND "%s'}}}}}",
			     id, sku, item)
			.p,
		201);
}

/* ---- asking ---- */

static struct json *reconcile(struct town *town, const char *const *option, int want)
{
	const char *argument[12] = { "reconcile", "shop", "--json", "--data", town->data };
	struct json *json = NULL;
	size_t n = 5;
	struct ran ran;

	for (; option && *option; option++)
		argument[n++] = *option;
	ran = program_run(&town->place, argument, NULL);
	if (ran.code != want)
		fail_msg("reconcile: exit %d instead of %d\n%s%s", ran.code, want, ran.out, ran.errors);
	assert_true(json_parse(str_trim(str_from(ran.out)), &json, &town->err));
	return json;
}
#define RECONCILE(town, want, ...) reconcile((town), (const char *const[]){ __VA_ARGS__ NULL }, (want))

static int64_t number(const struct json *json, const char *name)
{
	int64_t n = -1;

	(void)json_get_int(json, name, &n);
	return n;
}

static const struct json *counts_of(const struct json *report, const char *kind)
{
	const struct json *list = json_get(report, "counts");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "kind"), str_from(kind)))
			return json_at(list, i);
	fail_msg("nothing said of %s", kind);
	return NULL;
}

/* "item": "same 3, stale 1" */
static void assert_counts(const struct json *report, const char *kind, int64_t same, int64_t stale,
			  int64_t missing, int64_t orphaned, int64_t duplicated)
{
	const struct json *counts = counts_of(report, kind);

	print_message("%s: %lld same, %lld stale, %lld missing, %lld orphaned, %lld duplicated\n", kind,
		      (long long)number(counts, "same"), (long long)number(counts, "stale"),
		      (long long)number(counts, "missing"), (long long)number(counts, "orphaned"),
		      (long long)number(counts, "duplicated"));
	assert_int_equal(number(counts, "same"), same);
	assert_int_equal(number(counts, "stale"), stale);
	assert_int_equal(number(counts, "missing"), missing);
	assert_int_equal(number(counts, "orphaned"), orphaned);
	assert_int_equal(number(counts, "duplicated"), duplicated);
}

static const struct json *example(const struct json *report, const char *kind, const char *id)
{
	const struct json *list = json_get(report, "examples");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "kind"), str_from(kind)) &&
		    str_eq(json_get_text(json_at(list, i), "external_id"), str_from(id)))
			return json_at(list, i);
	fail_msg("%s '%s' is not said to differ", kind, id);
	return NULL;
}

static void assert_example(const struct json *report, const char *kind, const char *id, const char *verdict,
			   const char *differs)
{
	const struct json *row = example(report, kind, id);

	if (!str_eq(json_get_text(row, "verdict"), str_from(verdict)) ||
	    !str_eq(json_get_text(row, "differs"), str_from(differs)))
		fail_msg("%s '%s' is %.*s in '%.*s'", kind, id, STR_ARG(json_get_text(row, "verdict")),
			 STR_ARG(json_get_text(row, "differs")));
}

/* Requests so far with this method, or all that change something (NULL). */
static int64_t requests(struct town *town, const char *method)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	const struct json *list = json_get(counts, "routes");
	int64_t n = 0;

	for (size_t i = 0; i < json_len(list); i++) {
		struct str of = json_get_text(json_at(list, i), "method");

		if (method ? str_eq(of, str_from(method)) : !str_eq(of, STR("GET")))
			n += number(json_at(list, i), "requests");
	}
	json_free(counts);
	return n;
}

static void assert_agrees(struct town *town)
{
	struct json *report;

	town_idle(town);
	report = RECONCILE(town, 0, );
	assert_true(json_get_bool(report, "agrees", false));
	json_free(report);
}

/* ---- the tests ---- */

static void drift_of_each_sort_is_found_and_mended(void **state)
{
	struct town *town = *state;
	int64_t before;
	struct json *report;

	town_generic(town, "shop", "category.upserted", "{'id':'c1','name':'Mugs'}");
	town_products(town, "shop", "p", 12, 5);
	assert_agrees(town);
	delete_item(town, "p0"); /* and its variant with it */
	change_item(town, "p1", "{'price':7.5}");
	add_item(town, "ghost", "https://shop.example/ghost");
	add_variant(town, "ghost-v", "ghost", "");
	add_item(town, "copy", "https://shop.example/3");
	klaviyo(town, "POST", "/api/catalog-items/" COMPOUND "p4/relationships/categories",
		"{'data':[{'type':'catalog-category','id':'" COMPOUND "c1'}]}", 204);
	change_item(town, "p5", "{'title':'Another'}");
	before = requests(town, NULL);

	report = RECONCILE(town, 1, );
	assert_int_equal(number(report, "requests"), 4); /* a page of each kind, and of one category */
	assert_int_equal(requests(town, NULL), before);
	assert_counts(report, "category", 1, 0, 0, 0, 0);
	assert_counts(report, "item", 8, 3, 1, 1, 1);
	assert_counts(report, "variant", 11, 0, 1, 1, 0);
	assert_example(report, "item", "p0", "missing", "");
	assert_example(report, "item", "p1", "stale", "price");
	assert_example(report, "item", "p4", "stale", "categories");
	assert_example(report, "item", "p5", "stale", "title");
	assert_example(report, "item", "ghost", "orphaned", "");
	assert_example(report, "item", "copy", "duplicated", "");
	assert_example(report, "variant", "ghost-v", "orphaned", "");
	json_free(report);

	report = RECONCILE(town, 0, "--fix", );
	assert_int_equal(number(report, "told"), 5);
	assert_int_equal(number(report, "deleted"), 3);
	json_free(report);
	town_idle(town);
	assert_int_equal(requests(town, NULL) - before, 8); /* one for each: none of it is many */
	assert_agrees(town);
}

/* A Klaviyo that keeps the same in other words is not stale for ever; what was mended stays so. */
static void what_is_kept_in_other_words(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_knobs(town, "{\"normalise\":true}");
	town_generic(town, "shop", "category.upserted", "{'id':'c1','name':' Mugs  and cups '}");
	town_generic(
		town, "shop", "product.upserted",
		"{'id':'m','title':' A  mug ','description':'One\\r\\n\\r\\ntwo "
		"','html':'<p>One</p>\\r\\n<p>two &amp; "
		"three</p> ','url':'https://shop.example/m ','price':'5.10','currency':'EUR','sku':'007',"
		"'slug':'','stock':3,'custom':{'weight':'1.50','fits':'','since':'2026-07-30T10:00:00Z',"
		"'new':'true','code':'007'},'variants':[{'id':'r','title':' Red','price':'5.10','currency':"
		"'EUR','sku':' 007-r','stock':2}]}");
	assert_agrees(town);
	change_item(town, "m", "{'title':'Another','price':7.5}");
	report = RECONCILE(town, 1, );
	assert_counts(report, "item", 0, 1, 0, 0, 0);
	assert_example(report, "item", "m", "stale", "title, price");
	json_free(report);
	json_free(RECONCILE(town, 0, "--fix", ));
	assert_agrees(town);
	assert_agrees(town);
}

static void only_some_kinds(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_products(town, "shop", "p", 3, 5);
	town_idle(town);
	delete_item(town, "p0");
	report = RECONCILE(town, 1, "--kind", "items", );
	assert_int_equal(number(report, "requests"), 1);
	assert_int_equal(json_len(json_get(report, "counts")), 1);
	assert_counts(report, "item", 2, 0, 1, 0, 0);
	json_free(report);
}

static void much_is_deleted_only_when_confirmed(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_products(town, "shop", "p", 3, 5);
	town_idle(town);
	add_item(town, "x1", "https://shop.example/x1");
	add_item(town, "x2", "https://shop.example/x2"); /* 2 of 8 */
	report = RECONCILE(town, 1, "--fix", );
	assert_int_equal(number(report, "withheld"), 2);
	assert_int_equal(number(report, "deleted"), 0);
	json_free(report);
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 5);
	report = RECONCILE(town, 0, "--fix", "--confirm", );
	assert_int_equal(number(report, "deleted"), 2);
	json_free(report);
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 3);
	assert_agrees(town);
}

static void what_others_told_is_left_alone(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_store(town, "other", "generic", "main", (const char *const[]){ "id_prefix=b-", NULL });
	town_products(town, "shop", "p", 2, 5);
	town_products(town, "other", "q", 10, 5);
	town_idle(town);
	add_item(town, "b-ghost", "https://shop.example/b");
	report = RECONCILE(town, 0, "--fix", "--confirm", );
	assert_counts(report, "item", 2, 0, 0, 0, 0);
	assert_int_equal(number(counts_of(report, "item"), "foreign"), 11);
	json_free(report);
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 13);
	/* With the prefix of another store nobody can say whose a thing is that nobody told. */
	town_store_set(town, "other", "id_prefix=");
	town_idle(town);
	add_item(town, "ghost", "https://shop.example/g");
	report = RECONCILE(town, 0, "--fix", "--confirm", );
	assert_true(json_get_bool(report, "ambiguous", false));
	json_free(report);
	town_idle(town);
	report = town_sandbox(town, "/sandbox/state");
	assert_non_null(town_thing(report, TOWN_KEY, "items", "ghost"));
	json_free(report);
}

static void without_a_daemon_the_command_does_it(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_products(town, "shop", "p", 120, 5);
	town_idle(town);
	delete_item(town, "p7");
	assert_int_equal(town_stop(town, SIGTERM), 0);
	report = RECONCILE(town, 0, "--fix", );
	assert_int_equal(number(report, "requests"), 5); /* no category; 119 items and variants */
	assert_counts(report, "item", 119, 0, 1, 0, 0);
	json_free(report);
	town_start(town);
	assert_agrees(town);
	assert_int_equal(town_count(town, TOWN_KEY, "variants"), 120);
}

static void a_feed_is_not_compared(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_products(town, "shop", "p", 2, 5);
	town_idle(town);
	town_account_set(town, "main", "catalog_source=feed");
	town_idle(town);
	report = RECONCILE(town, 1, "--fix", "--confirm", );
	assert_true(str_eq(json_get_text(report, "state"), STR("failed")));
	assert_int_equal(number(report, "requests"), 0);
	json_free(report);
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 2);
}

static struct json *last(struct town *town)
{
	struct ran ran = RUN(&town->place, "reconcile", "show", "shop", "--json", "--data", town->data);
	struct json *json = NULL;

	assert_true(json_parse(str_trim(str_from(ran.out)), &json, &town->err));
	return json;
}

/* Waits until n requests were made for the comparison. */
static void until_requests(struct town *town, int64_t n)
{
	struct town_wait wait = { 0 };
	bool there;

	do {
		struct json *report = last(town);

		there = number(report, "requests") >= n;
		json_free(report);
	} while (!there && town_wait(&wait));
	assert_true(there);
}

static void a_kill_costs_nothing(void **state)
{
	struct town *town = *state;
	struct json *report;

	town_products(town, "shop", "p", 450, 5);
	town_idle(town);
	delete_item(town, "p449");
	add_item(town, "ghost", "https://shop.example/ghost");
	town_knobs(town, "{\"latency_ms\":300}");
	report = RECONCILE(town, 0, "--fix", "--no-wait", );
	json_free(report);
	for (int64_t n = 2; n <= 6; n += 2) {
		until_requests(town, n);
		assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
		town_start(town);
	}
	town_knobs(town, "{\"latency_ms\":0}");
	town_idle(town);
	report = last(town);
	assert_counts(report, "item", 449, 0, 1, 1, 0);
	assert_counts(report, "variant", 449, 0, 1, 0, 0);
	assert_int_equal(number(report, "requests"), 1 + 5 + 5);
	json_free(report);
	assert_agrees(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 450);
}

static void what_is_missing_in_masses_leaves_as_jobs(void **state)
{
	struct town *town = *state;
	int64_t before;
	struct json *report;

	town_products(town, "shop", "p", 250, 5);
	town_idle(town);
	for (int i = 0; i < 200; i++)
		delete_item(town, arena_printf(&town->place.arena, "p%d", i).p);
	before = requests(town, NULL);
	report = RECONCILE(town, 0, "--fix", );
	assert_counts(report, "item", 50, 0, 200, 0, 0);
	json_free(report);
	town_idle(town);
	print_message("%lld requests for 400 rows\n", (long long)(requests(town, NULL) - before));
	assert_int_equal(requests(town, NULL) - before, 4); /* jobs of 100 */
	assert_agrees(town);
}

/* Klaviyo's limits are kept, and live messages go first. */
static void within_the_limits(void **state)
{
	struct town *town = *state;
	struct json *counts, *report;

	town_products(town, "shop", "p", 100, 5);
	for (int i = 0; i < 30; i++)
		town_generic(town, "shop", "category.upserted",
			     arena_printf(&town->place.arena, "{'id':'c%d','name':'C %d'}", i, i).p);
	town_idle(town);
	report = RECONCILE(town, 0, );
	assert_int_equal(number(report, "requests"), 3 + 30);
	json_free(report);
	counts = town_sandbox(town, "/sandbox/counts");
	assert_int_equal(number(json_get(counts, "throttled"), "total"), 0);
	json_free(counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(drift_of_each_sort_is_found_and_mended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_kept_in_other_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_some_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(much_is_deleted_only_when_confirmed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_others_told_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_daemon_the_command_does_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_feed_is_not_compared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kill_costs_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_missing_in_masses_leaves_as_jobs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(within_the_limits, set_up_limited, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
