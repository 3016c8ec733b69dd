/*
 * Every transaction dies once before and once after its commit. A story of a small catalog is told to the
 * real programs with PANNIER_CRASH_POINT set; whoever dies is started again without it, and what got no
 * answer is asked for again, as a shop does. In the end Klaviyo holds what it holds after an undisturbed
 * telling, the books balance, and nothing is left over.
 */
#include "support/town.h"

#include "base/attr.h"
#include "base/crash_point.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLED	     (128 + SIGKILL)
#define STORE_SECRET "whsec_cGFubmllci10b3duLXBhbm5pZXItdG93bi0wMDAx"

struct telling {
	struct town town;
	const char *point; /* "outbox_claim.after:2"; NULL = undisturbed */
	bool died;
};

/* ---- dying and going on ---- */

static void arm(const struct telling *telling)
{
	if (telling->point && !telling->died)
		assert_int_equal(setenv("PANNIER_CRASH_POINT", telling->point, 1), 0);
}

static void disarm(void)
{
	assert_int_equal(unsetenv("PANNIER_CRASH_POINT"), 0);
}

/* A command; if it dies it is given again. What it had already done is then a conflict, and that is fine. */
static void command(struct telling *telling, const char *const *argument)
{
	struct ran ran;

	arm(telling);
	ran = program_run(&telling->town.place, argument, NULL);
	disarm();
	if (ran.code == KILLED) {
		telling->died = true;
		ran = program_run(&telling->town.place, argument, NULL);
		assert_true(ran.code == 0 || ran.code == 4 || ran.code == 3);
		return;
	}
	assert_int_equal(ran.code, 0);
}

#define COMMAND(telling, ...) command((telling), (const char *const[]){ __VA_ARGS__, NULL })

static void start_daemon(struct telling *telling)
{
	bool up;

	arm(telling);
	up = town_try_start(&telling->town);
	disarm();
	if (up)
		return;
	telling->died = true;
	town_start(&telling->town);
}

static void keep_daemon(struct telling *telling)
{
	int code;

	if (telling->town.daemon > 0 && !town_ended(&telling->town, &code))
		return;
	if (telling->town.daemon == 0) {
		assert_int_equal(code, KILLED);
		telling->died = true;
	}
	town_start(&telling->town);
}

static void post(struct telling *telling, const char *line)
{
	struct str body = str_from(line);
	struct town_wait wait = { 0 };
	char *copy = arena_cstr(&telling->town.place.arena, body);

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	body = str_from(copy);
	while (town_wait(&wait)) {
		int status;

		keep_daemon(telling);
		status = town_post(&telling->town,
				   (struct town_post){ .body = body, .content_type = "application/x-ndjson" },
				   NULL);
		if (status == 202)
			return;
		assert_true(status == 0 || status == 503);
	}
	fail_msg("no answer to %s", line);
}

static void until_idle(struct telling *telling)
{
	struct town_wait wait = { 0 };

	while (town_wait(&wait)) {
		struct ran ran;

		keep_daemon(telling);
		ran = RUN(&telling->town.place, "wait", "--idle", "--timeout", "1", "--data",
			  telling->town.data);
		if (ran.code == 0 && town_number(&telling->town, "accounts", "main", "waiting") == 0)
			return;
	}
	fail_msg("never idle");
}

/*
 * A request with a wrong secret leaves a row in the audit, or is lost with the process: nothing hangs on
 * it.
 */
static void knock_without_secret(struct telling *telling)
{
	struct town_post wrong = { .secret = "v1,AAAA", .body = STR("{}") };
	struct town_wait wait = { 0 };
	int status = town_post(&telling->town, wrong, NULL);

	assert_true(status == 401 || status == 0);
	while (town_wait(&wait)) {
		struct ran ran;

		keep_daemon(telling);
		ran = RUN(&telling->town.place, "audit", "--json", "--data", telling->town.data);
		if (telling->died || strstr(ran.out, "message_refused"))
			return;
	}
	fail_msg("the refusal was never audited");
}

/* ---- the story ---- */

static void tell(struct telling *telling)
{
	struct town *town = &telling->town;
	const char *data = town->data;
	const char *key = place_file(&town->place, "key", TOWN_KEY);
	const char *secret = place_file(&town->place, "secret", STORE_SECRET);
	const char *url = arena_printf(&town->place.arena, "api_url=%s", town->sandbox.url).p;

	COMMAND(telling, "account", "add", "main", "--key-file", key, "--set", url, "--data", data);
	COMMAND(telling, "store", "add", "shop", "--platform", "generic", "--account", "main",
		"--secret-file", secret, "--set", "quiet_ms=50", "--data", data);
	start_daemon(telling);
	post(telling,
	     "{'id':'1','type':'category.upserted','data':{'id':'c','name':'Cups'}}\n"
	     "{'id':'2','type':'product.upserted','data':{'id':'a','title':'A','url':'https://s.example/a',"
	     "'price':'1.00','currency':'EUR','categories':['c']}}\n"
	     "{'id':'3','type':'product.upserted','data':{'id':'b','title':'B','url':'https://s.example/b',"
	     "'price':'2.00','currency':'EUR','categories':['c']}}\n");
	until_idle(telling);
	knock_without_secret(telling);
	for (int i = 0; i < 2; i++)
		post(telling,
		     arena_printf(
			     &town->place.arena,
			     "{'id':'p%d','type':'price.changed','data':{'product_id':'a','price':'%d.50',"
			     "'currency':'EUR'}}\n",
			     i, i)
			     .p);
	post(telling, "{'id':'d','type':'product.deleted','data':{'id':'b'}}\n");
	until_idle(telling);
	/* a change of settings looks at the whole catalog again */
	COMMAND(telling, "store", "set", "shop", "stock_unknown=7", "--data", data);
	until_idle(telling);
	/* refused by Klaviyo, and retried by a person */
	town_knobs(town, "{'reject_external_id':['e']}");
	post(telling,
	     "{'id':'5','type':'product.upserted','data':{'id':'e','title':'E','url':'https://s.example/e',"
	     "'price':'3.00','currency':'EUR'}}\n");
	until_idle(telling);
	town_knobs(town, "{'reject_external_id':[]}");
	COMMAND(telling, "failed", "retry", "--all", "--data", data);
	until_idle(telling);
}

/* Twelve products in one request leave as a job. */
static void tell_job(struct telling *telling)
{
	struct strbuf body;

	strbuf_init(&body, 1 << 16);
	for (int i = 0; i < 12; i++)
		strbuf_addf(&body,
			    "{'id':'j%d','type':'product.upserted','data':{'id':'j%d','title':'J','url':"
			    "'https://s.example/j','price':'4.00','currency':'EUR'}}\n",
			    i, i);
	post(telling, body.p);
	strbuf_release(&body);
	until_idle(telling);
	/* a start recovers what is under way; here is nothing, but the point is passed */
	if (telling->town.daemon > 0)
		assert_int_equal(town_stop(&telling->town, SIGKILL), KILLED);
	start_daemon(telling);
	until_idle(telling);
}

static struct str tell_all(struct telling *telling, struct arena *arena)
{
	struct str catalog;

	town_open_empty(&telling->town, NULL);
	tell(telling);
	tell_job(telling);
	assert_int_equal(town_number(&telling->town, "accounts", "main", "failed"), 0);
	assert_int_equal(town_number(&telling->town, "stores", "shop", "pending"), 0);
	assert_int_equal(town_number(&telling->town, "stores", "shop", "held"), 0);
	assert_int_equal(town_violations(&telling->town, "request_before_retry_after"), 0);
	assert_int_equal(town_violations(&telling->town, "requests_over_window"), 0);
	catalog = arena_dup(arena, town_catalog(&telling->town));
	town_close(&telling->town);
	return catalog;
}

/* ---- one test for each point ---- */

static struct arena texts;
static struct str wanted;

static void dies_and_goes_on(void **state)
{
	struct telling telling = { .point = *state };
	struct str got = tell_all(&telling, &texts);

	if (!telling.died)
		fail_msg("nobody came by '%s'", telling.point);
	if (!str_eq(got, wanted))
		fail_msg("want:\n%.*s\ngot:\n%.*s", STR_ARG(wanted), STR_ARG(got));
}

static int tell_undisturbed(void **state)
{
	struct telling telling = { 0 };

	(void)state;
	arena_init(&texts);
	wanted = tell_all(&telling, &texts);
	return wanted.len == 0;
}

static int forget(void **state)
{
	(void)state;
	arena_release(&texts);
	return 0;
}

#define BOTH(name) #name ".before", #name ".after",

int main(int argc, char **argv)
{
	static const char *const every[] = { CRASH_POINTS(BOTH) };
	/* later visits find more under way than the first */
	static const char *const later[] = {
		"inbox_append.after:2",	    "inbox_complete.after:3", "catalog_publish.after:2",
		"catalog_publish.before:3", "outbox_claim.after:2",   "outbox_claim.after:4",
		"outbox_settle.before:2",   "outbox_settle.after:5",
	};
	struct CMUnitTest test[ARRAY_LEN(every) + ARRAY_LEN(later)] = { { 0 } };
	size_t n = 0;

	if (argc > 1) /* one alone: its name is the argument */
		cmocka_set_test_filter(argv[1]);
	for (size_t i = 0; i < ARRAY_LEN(every); i++)
		test[n++] = (struct CMUnitTest){ every[i], dies_and_goes_on, NULL, NULL,
						 (void *)(uintptr_t)every[i] };
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		test[n++] = (struct CMUnitTest){ later[i], dies_and_goes_on, NULL, NULL,
						 (void *)(uintptr_t)later[i] };
	return _cmocka_run_group_tests("crash points", test, n, tell_undisturbed, forget);
}
