/*
 * Runs the real programs through deaths and restarts.
 *
 * Keeps:   nobody dies but where and as often as the instant says; after each death the books balance.
 */
#include "crash/run.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_S      "60"
#define SETTLE_MS     90000
#define DEATH_MS      10000
#define VISIT_MS      10000 /* upkeep comes by once a second */
#define LOG_BYTES_MAX ((size_t)1 << 20)
#define CONFLICT      4 /* exit code: the account or store is there already */

void run_init(struct run *run, const struct instant *instant)
{
	struct http_client_config config = { 0 };
	struct err err;

	*run = (struct run){ .instant = *instant };
	place_init(&run->place);
	run->data = place_file(&run->place, "data", NULL);
	run->deaths_left = instant->victim == VICTIM_NONE ? 0 : 1;
	if (instant->victim == VICTIM_DAEMON)
		run->crash_point = arena_printf(&run->place.arena, "%s:%d", instant->name, instant->visit).p;
	assert_true(http_client_new(&config, &run->client, &err));
	assert_true(child_start(&run->place, PROGRAM_SANDBOX, NULL, "\n",
				(const char *const[]){ "--listen", "127.0.0.1:0", "--limits", "off", NULL },
				&run->sandbox));
}

static void show_log(struct run *run)
{
	struct str log;
	struct err err;

	if (file_read(place_file(&run->place, "program.log", NULL), LOG_BYTES_MAX, &run->place.arena, &log,
		      &err))
		print_message("%s:%d\n%.*s", run->instant.name, run->instant.visit, STR_ARG(log));
}

void run_release(struct run *run)
{
	if (!run->good)
		show_log(run);
	child_kill(&run->daemon);
	child_kill(&run->sandbox);
	http_client_free(run->client);
	place_release(&run->place);
}

/* ---- deaths ---- */

void run_check_books(struct run *run)
{
	struct db_config config = { .location = run->data,
				    .owner_epoch = 1,
				    .now_ms = clock_wall_ms(clock_system()) };
	struct conservation books = { 0 };
	struct db *db;
	struct err err;

	if (!db_open(&db_sqlite_ops, &config, &db, &err))
		fail_msg("%s: %s", run->instant.name, err.msg);
	if (!db_conserve(db, &run->place.arena, &books, &err))
		fail_msg("%s: %s", run->instant.name, err.msg);
	db_close(db);
	if (books.error.len > 0)
		fail_msg("%s: the books do not balance: %.*s", run->instant.name, STR_ARG(books.error));
}

static void note_death(struct run *run)
{
	if (run->deaths_left == 0)
		fail_msg("%s: somebody died who should not", run->instant.name);
	run->deaths++;
	/* Who dies while it recovers has sent nothing yet. */
	run->losses += run->instant.victim == VICTIM_DAEMON;
	if (--run->deaths_left == 0)
		run->crash_point = NULL;
	run_check_books(run);
}

void run_start_daemon(struct run *run)
{
	const char *const argument[] = { "serve",	"--data",      run->data, "--listen",
					 "127.0.0.1:0", "--log-level", "warn",	  NULL };

	while (!child_start(&run->place, PROGRAM_PANNIER, run->crash_point, "\n", argument, &run->daemon))
		note_death(run);
}

static void revive(struct run *run)
{
	assert_int_equal(child_end(&run->daemon), CHILD_KILLED);
	note_death(run);
	run_start_daemon(run);
}

void run_kill_daemon(struct run *run)
{
	assert_int_equal(kill(run->daemon.pid, SIGKILL), 0);
	assert_int_equal(child_end(&run->daemon), CHILD_KILLED);
	run->losses++;
	run_check_books(run);
	if (run->instant.victim == VICTIM_START && run->deaths == 0) {
		run->crash_point = run->instant.name;
		run->deaths_left = run->instant.visit;
	}
	run_start_daemon(run);
}

void run_daemon_lost(struct run *run)
{
	(void)child_first_dead(&run->daemon, NULL, DEATH_MS);
	revive(run);
}

void run_settle(struct run *run)
{
	const char *const argument[] = { "wait", "--idle", "--timeout", SETTLE_S, "--data", run->data, NULL };
	struct child waiting;

	assert_true(child_start(&run->place, PROGRAM_PANNIER, NULL, NULL, argument, &waiting));
	while (child_first_dead(&run->daemon, &waiting, SETTLE_MS) == &run->daemon)
		revive(run);
	assert_int_equal(child_end(&waiting), 0);
}

void run_end(struct run *run)
{
	if (run->deaths_left > 0 && run->instant.victim == VICTIM_DAEMON &&
	    child_dies_within(&run->daemon, VISIT_MS))
		revive(run);
	if (run->deaths_left > 0)
		fail_msg("the scenario never comes by %s for the %d. time", run->instant.name,
			 run->instant.visit);
	run_settle(run);
	assert_int_equal(kill(run->daemon.pid, SIGTERM), 0);
	assert_int_equal(child_end(&run->daemon), 0);
}

/* ---- commands ---- */

static int command_once(struct run *run, const char *crash_point, const char *const *argument)
{
	struct child child;

	assert_true(child_start(&run->place, PROGRAM_PANNIER, crash_point, NULL, argument, &child));
	return child_end(&child);
}

void run_command(struct run *run, enum command command, const char *const *argument)
{
	const char *crash_point = NULL;
	int code;

	if (run->instant.victim == VICTIM_COMMAND && (run->instant.commands & (int)command) &&
	    ++run->n_commands == run->instant.visit)
		crash_point = run->instant.name;
	code = command_once(run, crash_point, argument);
	if (code == CHILD_KILLED && crash_point) {
		note_death(run);
		code = command_once(run, NULL, argument);
		if (code == CONFLICT && strcmp(argument[1], "add") == 0)
			code = 0;
	}
	if (code != 0)
		fail_msg("%s: %s %s ends with %d", run->instant.name, argument[0], argument[1], code);
}

struct json *run_read(struct run *run, const char *const *argument)
{
	struct ran ran = program_run(&run->place, argument, NULL);
	struct json *json;
	struct err err;

	assert_int_equal(ran.code, 0);
	if (!json_parse(str_from(ran.out), &json, &err))
		fail_msg("not JSON: %s", err.msg);
	return json;
}

struct json *run_sandbox(struct run *run, const char *path, const char *body)
{
	struct http_header type = { STR("Content-Type"), STR("application/json") };
	struct http_call call = { .method = body ? "POST" : "GET",
				  .url = arena_printf(&run->place.arena, "%s%s", run->sandbox.url, path),
				  .header = &type,
				  .n_header = 1,
				  .body = str_from(body),
				  .answer_bytes_max = (size_t)16 << 20 };
	struct json *json;
	struct str answer;
	struct err err;
	int status;

	if (!http_client_fetch(run->client, &call, &run->place.arena, &status, &answer, &err))
		fail_msg("the sandbox does not answer: %s", err.msg);
	assert_int_equal(status, 200);
	assert_true(json_parse(answer, &json, &err));
	return json;
}
