/*
 * Erasing with the real programs, for a shop of another platform than generic: the command while no daemon runs and
 * while one does; Klaviyo (its stand-in) knows nobody of the kind, which is as good.
 */
#include "base/clock.h"
#include "base/json.h"
#include "cli/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

#define KEY    "pk_canary0123456789"
#define END_MS 60000

static struct place place;
static const char *data;

static int set_up(void **state)
{
	(void)state;
	place_init(&place);
	data = place_file(&place, "data", NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_release(&place);
	return 0;
}

static size_t stores_that_keep(const char *email)
{
	struct ran ran = RUN(&place, "export", email, "--data", data);
	struct json *json;
	size_t n;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, NULL));
	n = json_len(json_get(json, "stores"));
	json_free(json);
	return n;
}

static void until_forgotten(const char *email)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + END_MS;

	while (stores_that_keep(email) > 0)
		assert_true(clock_mono_ms(clock_system()) < end_ms);
}

/* Each start of a command is a wait of its own. */
static void until_nowhere(const char *email)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + END_MS;

	while (place_holds(&place, email)) {
		assert_true(clock_mono_ms(clock_system()) < end_ms);
		assert_int_equal(RUN(&place, "wait", "--idle", "--data", data).code, 0);
	}
}

static void connect(const struct running *sandbox)
{
	const char *key = place_file(&place, "key.txt", KEY);
	const char *secret = place_file(&place, "secret.txt", "canary-secret-0123456789");
	const char *url = arena_printf(&place.arena, "api_url=%s", sandbox->url).p;

	assert_int_equal(
		RUN(&place, "account", "add", "main", "--key-file", key, "--set", url, "--data", data).code,
		0);
	assert_int_equal(RUN(&place, "store", "add", "shop", "--platform", "enad", "--account", "main",
			     "--secret-file", secret, "--data", data)
				 .code,
			 0);
}

static void erasing_works_with_a_daemon_and_without(void **state)
{
	static const char down[] = "down@canary-shop.de", up[] = "up@canary-shop.de";
	struct running sandbox =
		START(&place, PROGRAM_SANDBOX, "\n", "--listen", "127.0.0.1:0", "--key", KEY);
	struct running daemon;
	struct ran ran;

	(void)state;
	connect(&sandbox);
	ran = RUN(&place, "erase", down, "--store", "shop", "--data", data);
	assert_int_equal(ran.code, 2); /* nobody there to be asked */
	assert_non_null(strstr(ran.errors, "--yes"));
	assert_int_equal(stores_that_keep(down), 0);
	ran = RUN(&place, "erase", down, "--store", "shop", "--yes", "--data", data);
	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, "when the daemon runs"));
	assert_int_equal(stores_that_keep(down), 1); /* the message that asks for it */
	assert_non_null(place_holds(&place, down));
	daemon = START(&place, PROGRAM_PANNIER, "\n", "serve", "--listen", "127.0.0.1:0", "--data", data);
	until_forgotten(down);
	ran = RUN(&place, "erase", up, "--store", "shop", "--yes", "--json", "--data", data);
	assert_int_equal(ran.code, 0);
	until_forgotten(up);
	until_nowhere(up);
	until_nowhere(down);
	assert_int_equal(program_stop(&daemon, SIGTERM), 0);
	assert_null(place_holds(&place, up));
	assert_int_equal(program_stop(&sandbox, SIGTERM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(erasing_works_with_a_daemon_and_without, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
