/*
 * The real program from end to end: exit codes, JSON, the documents made from its help, secrets that are
 * nowhere in clear, a daemon beside commands, doctor and account check against the sandbox, and the demo.
 */
#include "cli/program.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "net/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY    "pk_canary0123456789"
#define SECRET "canary-secret-0123456789"
#define END_MS 30000

static int set_up(void **state)
{
	static struct place place;

	place_init(&place);
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	place_release(*state);
	return 0;
}

static struct json *parsed(const char *text)
{
	struct json *json;
	struct err err;

	if (!json_parse(str_from(text), &json, &err))
		fail_msg("not JSON: %s\n%s", err.msg, text);
	return json;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void the_documents_are_those_of_the_help(void **state)
{
	static const struct {
		const char *file;
		const char *topic;
	} rows[] = { { "docs/cli.md", NULL },
		     { "docs/settings.md", "settings" },
		     { "docs/import-columns.md", "columns" } };
	const char *source = getenv("PANNIER_SOURCE_DIR");
	struct place *place = *state;

	assert_non_null(source);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *path = arena_printf(&place->arena, "%s/%s", source, rows[i].file).p;
		struct ran ran = RUN(place, "help", "--markdown", rows[i].topic);
		struct str committed;
		struct err err;

		assert_int_equal(ran.code, 0);
		assert_true(file_read(path, 1 << 20, &place->arena, &committed, &err));
		if (!str_eq(committed, str_from(ran.out)))
			fail_msg("%s is not what 'pannier help%s%s --markdown' prints", rows[i].file,
				 rows[i].topic ? " " : "", rows[i].topic ? rows[i].topic : "");
	}
}

static void exit_codes_tell(void **state)
{
	struct place *place = *state;
	const char *data = place_file(place, "data", NULL);
	const char *key = place_file(place, "key.txt", KEY), *missing = place_file(place, "missing", NULL);

	assert_int_equal(RUN(place, "help").code, 0);
	assert_int_equal(program_run(place, (const char *const[]){ NULL }, NULL).code, 2);
	assert_int_equal(RUN(place, "nonsense").code, 2);
	assert_int_equal(RUN(place, "status", "--data", missing).code, 3);
	assert_int_equal(access(missing, F_OK), -1); /* looking creates nothing */
	assert_int_equal(RUN(place, "account", "add", "a", "--key-file", key, "--data", data).code, 0);
	assert_int_equal(RUN(place, "account", "add", "a", "--key-file", key, "--data", data).code, 4);
	assert_int_equal(RUN(place, "account", "set", "b", "quota_percent=5", "--data", data).code, 3);
	assert_int_equal(RUN(place, "account", "set", "a", "quota_percent=x", "--data", data).code, 2);
	assert_int_equal(RUN(place, "account", "set", "a", "api_url=http://127.0.0.1:1", "--data", data).code,
			 0);
	assert_int_equal(RUN(place, "account", "check", "a", "--data", data).code, 5);
	assert_int_equal(RUN(place, "wait", "--idle", "--timeout", "5", "--data", data).code, 0);
	assert_int_equal(RUN(place, "doctor", "--data", data).code, 1);
	/* The environment stands in for --data. */
	assert_int_equal(setenv("PANNIER_DATA", data, 1), 0);
	assert_true(has(RUN(place, "account", "list").out, "127.0.0.1:1"));
	assert_int_equal(unsetenv("PANNIER_DATA"), 0);
}

static void check_says_where_and_what(void **state)
{
	static const char good[] = "{\"type\":\"stock.changed\",\"data\":{\"sku\":\"a\",\"stock\":1}}";
	struct place *place = *state;
	const char *one = place_file(place, "one.json", good);
	const char *lines = place_file(place, "lines.ndjson",
				       arena_printf(&place->arena, "%s\n\n%s\n{\"type\":1}\n{broken\n", good,
						    "{\"type\":\"coupon.exploded\",\"data\":{}}")
					       .p);
	const char *array = place_file(place, "array.json",
				       "[\n {\"type\":\"order.paid\",\n  \"data\":{\"order_id\":\"1\","
				       "\"amount\":\"5,00\",\"amnt\":1}}\n]");
	struct ran ran = RUN(place, "check", one);
	struct json *json;

	assert_int_equal(ran.code, 0);
	assert_true(has(ran.out, "one.json: 1 message, 0 problems, 0 notes\n"));
	ran = RUN(place, "check", lines);
	assert_int_equal(ran.code, 1);
	assert_true(has(ran.out, "lines.ndjson:3:1: note: is ignored: unknown type 'coupon.exploded'\n"));
	assert_true(has(ran.out, "lines.ndjson:4:9: /type: expected a type of message"));
	assert_true(has(ran.out, "lines.ndjson:5:2: it is not JSON"));
	assert_true(has(ran.out, "lines.ndjson: 4 messages, 3 problems, 1 note\n"));
	ran = RUN(place, "check", array, "--json");
	assert_int_equal(ran.code, 1);
	json = parsed(ran.out);
	assert_int_equal(json_number(json_get(json, "problems")), 1);
	json_free(json);
	assert_true(
		has(ran.out, "\"line\":3,\"column\":35,\"pointer\":\"/data/amount\",\"level\":\"problem\""));
	assert_true(has(ran.out, "\"pointer\":\"/data/amnt\",\"level\":\"note\""));
	assert_int_equal(RUN(place, "check", place_file(place, "empty.json", " ")).code, 2);
	assert_true(has(RUN(place, "check", "--schema", "consent").out, "\"$id\": \"consent.json\""));
}

static void secrets_are_nowhere_in_clear(void **state)
{
	struct place *place = *state;
	const char *data = place_file(place, "data", NULL);
	const char *const add_account[] = {
		"account", "add", "main", "--key-file", "-", "--data", data, NULL
	};
	const char *const add_store[] = { "store", "add",	    "shop", "--platform", "enad", "--account",
					  "main",  "--secret-file", "-",    "--data",	  data,	  NULL };
	static const char *const looks[][3] = {
		{ "account", "list" }, { "account", "list", "--json" },
		{ "store", "list" },   { "store", "list", "--json" },
		{ "status" },	       { "status", "--json" },
		{ "audit" },	       { "audit", "--json" },
		{ "doctor" },	       { "doctor", "--json" },
	};
	struct ran ran;
	struct stat there;

	ran = program_run(place, add_account, "  " KEY "\n");
	assert_int_equal(ran.code, 0);
	assert_true(has(ran.out, "...6789"));
	ran = program_run(place, add_store, SECRET "\n");
	assert_int_equal(ran.code, 0);
	assert_true(has(ran.out, "/hooks/enad/shop"));
	assert_int_equal(
		RUN(place, "account", "set", "main", "api_url=http://127.0.0.1:1", "--data", data).code, 0);
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		const char *argument[6] = { NULL };
		size_t n = 0;

		for (; n < 3 && looks[i][n]; n++)
			argument[n] = looks[i][n];
		argument[n++] = "--data";
		argument[n] = data;
		ran = program_run(place, argument, NULL);
		assert_false(has(ran.out, "canary"));
		assert_false(has(ran.errors, "canary"));
		if (strcmp(argument[n - 2], "--json") == 0)
			json_free(parsed(ran.out));
	}
	assert_null(place_holds(place, "canary"));
	assert_int_equal(stat(place_file(place, "data/secret.key", NULL), &there), 0);
	assert_int_equal(there.st_mode & 0777, 0600);
	assert_int_equal(stat(data, &there), 0);
	assert_int_equal(there.st_mode & 0777, 0700);
}

static struct json *check_named(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "check"), str_from(name)))
			return json_at(list, i);
	return NULL;
}

static void doctor_and_check_ask_klaviyo(void **state)
{
	static const char *const probes[] = {
		"clock",  "key",	   "read",    "write",	 "metrics", "events",	"profiles",
		"profile", "lists", "consent", "erasure", "database", "disk", "revision"
	};
	struct place *place = *state;
	const char *data = place_file(place, "data", NULL), *key = place_file(place, "key.txt", KEY);
	const char *other = place_file(place, "other.txt", "pk_other0123456789");
	struct running sandbox = START(place, PROGRAM_SANDBOX, "\n", "--listen", "127.0.0.1:0", "--key", KEY);
	const char *url = arena_printf(&place->arena, "api_url=%s", sandbox.url).p;
	struct ran ran;
	struct json *json;

	assert_int_equal(
		RUN(place, "account", "add", "good", "--key-file", key, "--set", url, "--data", data).code,
		0);
	ran = RUN(place, "doctor", "--json", "--data", data);
	assert_int_equal(ran.code, 0);
	json = parsed(ran.out);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		const struct json *check = check_named(json, probes[i]);

		print_message("%s\n", probes[i]);
		assert_non_null(check);
		assert_true(str_eq(json_get_text(check, "level"), STR("ok")));
	}
	json_free(json);
	/* The same endpoint within a second: the limit is one, so this waits for its turn. */
	ran = RUN(place, "account", "check", "good", "--json", "--data", data);
	assert_int_equal(ran.code, 0);
	json = parsed(ran.out);
	assert_true(json_get_bool(json, "ok", false));
	assert_true(json_get_text(json, "organization").len > 0);
	assert_true(json_get_text(json, "timezone").len > 0);
	json_free(json);
	assert_int_equal(
		RUN(place, "account", "add", "bad", "--key-file", other, "--set", url, "--data", data).code,
		0);
	ran = RUN(place, "account", "check", "bad", "--data", data);
	assert_int_equal(ran.code, 4);
	assert_true(has(ran.errors, "does not accept the key"));
	assert_true(has(ran.errors, "pannier account set bad --key-file"));
	ran = RUN(place, "doctor", "--data", data);
	assert_int_equal(ran.code, 1);
	assert_true(has(ran.out, "fail key"));
	assert_int_equal(program_stop(&sandbox, SIGTERM), 0);
	ran = RUN(place, "account", "check", "good", "--data", data);
	assert_int_equal(ran.code, 5);
	assert_true(has(ran.errors, "cannot be reached"));
}

/* Status of a GET, 0 if nobody answers. */
static int get(struct place *place, const char *url, const char *path)
{
	struct http_client_config config = { 0 };
	struct http_client *client;
	struct http_call call = { .method = "GET", .url = arena_printf(&place->arena, "%s%s", url, path) };
	struct str body;
	struct err err;
	int status = 0;

	assert_true(http_client_new(&config, &client, &err));
	if (!http_client_fetch(client, &call, &place->arena, &status, &body, &err))
		status = 0;
	http_client_free(client);
	return status;
}

static void a_daemon_runs_beside_commands(void **state)
{
	struct place *place = *state;
	const char *data = place_file(place, "data", NULL), *key = place_file(place, "key.txt", KEY);
	const char *secret = place_file(place, "secret.txt", SECRET);
	const char *config = place_file(
		place, "pannier.ini",
		arena_printf(&place->arena, "data = %s\nlisten = 127.0.0.1:1\nlog_level = warn\n", data).p);
	struct running daemon =
		START(place, PROGRAM_PANNIER, "\n", "serve", "--config", config, "--listen", "127.0.0.1:0");
	struct ran ran;

	assert_int_equal(get(place, daemon.url, "/health/ready"), 200);
	assert_int_equal(RUN(place, "account", "add", "main", "--key-file", key, "--data", data).code, 0);
	assert_int_equal(RUN(place, "store", "add", "shop", "--platform", "enad", "--account", "main",
			     "--secret-file", secret, "--data", data)
				 .code,
			 0);
	assert_true(has(RUN(place, "status", "--data", data).out, "daemon running"));
	ran = RUN(place, "serve", "--data", data, "--listen", "127.0.0.1:0");
	assert_int_equal(ran.code, 1); /* the folder is taken */
	assert_int_equal(program_stop(&daemon, SIGTERM), 0);
	assert_true(has(RUN(place, "status", "--data", data).out, "daemon not running"));
	assert_true(has(RUN(place, "store", "list", "--data", data).out, "shop"));
}

static void the_demo_fills_the_catalog(void **state)
{
	struct place *place = *state;
	const char *data = place->folder, *demo = place_file(place, "demo", NULL);
	static const char *const parts[] = {
		"Premium Coffee Maker",	  "74.99", "es, us", "Coffee mug", "97", "401", "202",
		"All is as it should be."
	};
	struct ran ran;

	ran = RUN(place, "demo", "--data", data, "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0",
		  "--shop-listen", "127.0.0.1:0",
		  "--exit");
	if (ran.code != 0)
		print_message("%s", ran.out);
	assert_int_equal(ran.code, 0);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_true(has(ran.out, parts[i]));
	/* Both programs have ended. */
	for (const char *at = ran.out; (at = strstr(at, "http://127.0.0.1:")) != NULL; at++)
		assert_int_equal(get(place, arena_cstr(&place->arena, str_of(at, strcspn(at, " \n"))), "/"),
				 0);
	ran = RUN(place, "trace", "PCM-2024", "--json", "--data", demo);
	assert_int_equal(ran.code, 0);
	json_free(parsed(ran.out));
	assert_true(has(RUN(place, "status", "--data", demo).out, "demo-enad"));
	/* Once more in the same folder: fresh. */
	ran = RUN(place, "demo", "--data", data, "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0",
		  "--shop-listen", "127.0.0.1:0",
		  "--exit");
	assert_int_equal(ran.code, 0);
}

static void the_demo_leaves_foreign_folders_alone(void **state)
{
	struct place *place = *state;
	const char *file;
	struct ran ran;

	assert_int_equal(mkdir(place_file(place, "demo", NULL), 0700), 0);
	file = place_file(place, "demo/thesis.txt", "ten years of work");
	ran = RUN(place, "demo", "--data", place->folder, "--exit");
	assert_int_equal(ran.code, 4);
	assert_true(has(ran.errors, "was not made by a demo"));
	assert_int_equal(access(file, F_OK), 0);
}

static void the_demo_says_what_stands_in_its_way(void **state)
{
	struct place *place = *state;
	struct running sandbox = START(place, PROGRAM_SANDBOX, "\n", "--listen", "127.0.0.1:0");
	const char *taken = sandbox.url + sizeof("http://") - 1;
	struct ran ran;

	ran = RUN(place, "demo", "--data", place->folder, "--listen", "127.0.0.1:0", "--sandbox-listen",
		  taken, "--exit");
	assert_int_equal(ran.code, 1);
	assert_true(has(ran.errors, "klaviyo-sandbox did not start"));
	ran = RUN(place, "demo", "--data", place->folder, "--sandbox-listen", "127.0.0.1:0",
		  "--shop-listen", "127.0.0.1:0", "--listen",
		  taken, "--exit");
	assert_int_equal(ran.code, 1);
	assert_true(has(ran.errors, "pannier serve did not start"));
	assert_int_equal(program_stop(&sandbox, SIGTERM), 0);
}

static void the_demo_ends_with_ctrl_c(void **state)
{
	struct place *place = *state;
	struct running demo =
		START(place, PROGRAM_PANNIER, "Running until Ctrl-C.", "demo", "--data", place->folder,
		      "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0");
	const char *daemon = strstr(demo.said, "pannier serve");
	int code;

	assert_non_null(daemon);
	daemon = strstr(daemon, "http://");
	daemon = arena_cstr(&place->arena, str_of(daemon, strcspn(daemon, " \n")));
	assert_int_equal(get(place, demo.url, "/"), 200);
	assert_int_equal(get(place, daemon, "/health/ready"), 200);
	assert_true(has(demo.said, "trace PCM-2024"));
	code = program_stop(&demo, SIGINT);
	if (code != 0)
		print_error("%s\n", demo.said);
	assert_int_equal(code, 0);
	assert_int_equal(get(place, demo.url, "/"), 0);
	assert_int_equal(get(place, daemon, "/health/ready"), 0);
}

/* Waits until the daemon of that folder has ended: its lock ends with it. */
static void daemon_has_ended(struct place *place, const char *lock)
{
	int fd = open(place_file(place, lock, NULL), O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	(void)close(fd);
}

/* Not even a demo that is killed leaves its programs behind. */
static void a_killed_demo_takes_its_programs_along(void **state)
{
	struct place *place = *state;
	struct running demo =
		START(place, PROGRAM_PANNIER, "Running until Ctrl-C.", "demo", "--data", place->folder,
		      "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0");
	int64_t end_ms = clock_mono_ms(clock_system()) + END_MS;

	assert_int_equal(program_stop(&demo, SIGKILL), 128 + SIGKILL);
	daemon_has_ended(place, "demo/pannier.lock");
	while (get(place, demo.url, "/") != 0)
		assert_true(clock_mono_ms(clock_system()) < end_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_documents_are_those_of_the_help, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exit_codes_tell, set_up, tear_down),
		cmocka_unit_test_setup_teardown(check_says_where_and_what, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_are_nowhere_in_clear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(doctor_and_check_ask_klaviyo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_daemon_runs_beside_commands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_demo_fills_the_catalog, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_demo_leaves_foreign_folders_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_demo_says_what_stands_in_its_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_demo_ends_with_ctrl_c, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_demo_takes_its_programs_along, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
