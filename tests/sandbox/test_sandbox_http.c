/*
 * The sandbox over sockets: what HTTP adds (headers, dropped connections, held back answers, large bodies),
 * and the program itself.
 */
#include "rig.h"

#include "net/http_client.h"
#include "sandbox/listen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEMS "/api/catalog-items"
#define N_AT_ONCE 300
#define DEADLINE_MS 20000

struct net {
	struct rig *rig;             /* its sandbox, under the machine's clock */
	struct listener *listener;
	struct http_client *client;
	/* of the last answer */
	bool over, ok;
	int status;
	struct str body;
	struct str retry_after, rate_limit, type;
};

static struct net *net_new(void)
{
	const struct http_client_config client_config = { .connections_per_host = N_AT_ONCE };
	const struct sandbox_config config = { .clock = clock_system(), .rand = rand_system() };
	struct net *net = test_calloc(1, sizeof(*net));
	struct err err = { 0 };

	net->rig = rig_new();
	sandbox_free(net->rig->sandbox);
	net->rig->sandbox = sandbox_new(&config);
	if (!listener_start(net->rig->sandbox, "127.0.0.1:0", &net->listener, &err) ||
	    !http_client_new(&client_config, &net->client, &err))
		fail_msg("%s", err.msg);
	return net;
}

static void net_free(struct net *net)
{
	http_client_free(net->client);
	listener_stop(net->listener);
	rig_free(net->rig);
	test_free(net);
}

static void keep_answer(void *arg, const struct http_answer *answer)
{
	struct net *net = arg;
	struct arena *arena = &net->rig->arena;

	net->over = true;
	net->ok = answer->ok;
	net->status = answer->status;
	net->body = arena_dup(arena, answer->body);
	net->retry_after = arena_dup(arena, http_answer_header(answer, "Retry-After"));
	net->rate_limit = arena_dup(arena, http_answer_header(answer, "RateLimit-Limit"));
	net->type = arena_dup(arena, http_answer_header(answer, "Content-Type"));
}

static void start(struct net *net, const char *method, const char *target, struct str body,
		  http_done_fn *done, void *arg)
{
	const struct http_header header[] = {
		{ STR("Authorization"), STR("Klaviyo-API-Key " RIG_KEY) },
		{ STR("revision"), STR("2026-07-15") },
		{ STR("Content-Type"), STR(JSON_API_TYPE) },
	};
	struct str url =
		arena_printf(&net->rig->arena, "http://127.0.0.1:%d%s", listener_port(net->listener), target);
	const struct http_call call = {
		.method = method, .url = url, .header = header, .n_header = ARRAY_LEN(header), .body = body,
		.timeout_ms = DEADLINE_MS,
	};
	struct err err = { 0 };

	if (!http_client_start(net->client, &call, done, arg, &err))
		fail_msg("%s", err.msg);
}

static int send_text(struct net *net, const char *method, const char *target, struct str body)
{
	net->over = false;
	start(net, method, target, body, keep_answer, net);
	while (!net->over) /* ends by the call's own deadline */
		(void)http_client_run(net->client, 1000);
	return net->status;
}

static int send_and_wait(struct net *net, const char *method, const char *target, const char *body)
{
	return send_text(net, method, target, str_from(body));
}

static void test_answers_over_http(void **state)
{
	struct net *net = net_new();

	(void)state;
	rig_check_status("create", send_and_wait(net, "POST", ITEMS, rig_item(net->rig, "a", "")), 201);
	assert_true(str_eq(net->type, STR(JSON_API_TYPE)));
	assert_true(str_eq(net->rate_limit, STR("75, 75;w=1, 750;w=60")));
	rig_check_status(
		"get", send_and_wait(net, "GET", ITEMS "/%24custom%3A%3A%3A%24default%3A%3A%3Aa", NULL), 200);
	rig_check_status("delete", send_and_wait(net, "DELETE", ITEMS "/" RIG_ID "a", NULL), 204);
	assert_int_equal(net->body.len, 0);
	rig_check_status("page", send_and_wait(net, "GET", "/", NULL), 200);
	assert_true(str_starts(net->body, STR("<!DOCTYPE html>")));
	net_free(net);
}

static void test_throttled_over_http(void **state)
{
	struct net *net = net_new();
	int refused = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		refused += send_and_wait(net, "GET", "/api/accounts", NULL) == 429;
	assert_in_range(refused, 1, 2); /* an edge of the window may lie between them */
	rig_check_status("counts", send_and_wait(net, "GET", "/sandbox/violations", NULL), 200);
	net_free(net);
}

static void test_large_body(void **state)
{
	struct net *net = net_new();
	const size_t around = sizeof("{\"data\":\"\"}") - 1, max = 5000000;
	char *body = test_malloc(max + 2);

	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		memset(body, 'x', max + over);
		memcpy(body, "{\"data\":\"", around - 2);
		memcpy(body + max + over - 2, "\"}", 2);
		rig_check_status("5 MB", send_text(net, "POST", ITEMS, str_of(body, max + over)),
				 over ? 413 : 400);
	}
	test_free(body);
	net_free(net);
}

/* libcurl itself repeats a request once when a kept connection closes under it, hence two drops for one
 * failure. */
static void test_drops(void **state)
{
	struct net *net = net_new();

	(void)state;
	rig_check_status("knob", send_and_wait(net, "POST", "/sandbox/knobs", "{\"drop_before\":2}"), 200);
	(void)send_and_wait(net, "POST", ITEMS, rig_item(net->rig, "a", ""));
	assert_false(net->ok);
	rig_check_status("no effect", send_and_wait(net, "GET", ITEMS "/" RIG_ID "a", NULL), 404);
	rig_check_status("knob",
			 send_and_wait(net, "POST", "/sandbox/knobs", "{\"drop_after\":2,\"latency_ms\":5}"),
			 200);
	(void)send_and_wait(net, "POST", ITEMS, rig_item(net->rig, "a", ""));
	assert_false(net->ok);
	rig_check_status("effect", send_and_wait(net, "GET", ITEMS "/" RIG_ID "a", NULL), 200);
	net_free(net);
}

static void count_ok(void *arg, const struct http_answer *answer)
{
	int *n = arg;

	*n += answer->ok && answer->status == 200;
}

/* Held back answers wait side by side: one after the other they would take minutes. */
static void test_latency_side_by_side(void **state)
{
	struct net *net = net_new();
	int64_t started_ms = clock_mono_ms(clock_system()), took_ms;
	int n = 0;

	(void)state;
	rig_check_status("knob", send_and_wait(net, "POST", "/sandbox/knobs", "{\"latency_ms\":700}"), 200);
	for (int i = 0; i < N_AT_ONCE; i++)
		start(net, "GET", ITEMS, STR(""), count_ok, &n);
	while (http_client_run(net->client, DEADLINE_MS) > 0)
		continue;
	took_ms = clock_mono_ms(clock_system()) - started_ms;
	assert_int_equal(n, N_AT_ONCE);
	assert_in_range(took_ms, 700, DEADLINE_MS);
	net_free(net);
}

static void ignore(void *arg, const struct http_answer *answer)
{
	(void)arg;
	(void)answer;
}

/* A stop does not wait for answers that are held back, and frees them. */
static void test_stop_with_answers_waiting(void **state)
{
	struct net *net = net_new();

	(void)state;
	rig_check_status("knob",
			 send_and_wait(net, "POST", "/sandbox/knobs",
				       "{\"latency_ms\":600000,\"drop_how\":\"hang\",\"drop_before\":5}"),
			 200);
	for (int i = 0; i < 10; i++)
		start(net, i % 2 ? "GET" : "DELETE", ITEMS "/" RIG_ID "a", STR(""), ignore, NULL);
	do {
		rig_check_status("counts", send_and_wait(net, "GET", "/sandbox/counts", NULL), 200);
	} while (!str_starts(net->body, STR("{\"requests\":10,")));
	net_free(net);
}

/* ---- the program ---- */

struct program {
	pid_t pid;
	int out;
};

static struct program program_start(const char *const *argv)
{
	struct program program = { 0 };
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	program.pid = fork();
	assert_true(program.pid >= 0);
	if (program.pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)dup2(fd[1], STDERR_FILENO);
		(void)close(fd[0]);
		(void)close(fd[1]);
		(void)execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(fd[1]);
	program.out = fd[0];
	return program;
}

/* All that it prints up to the first line end, or to its end. */
static void program_read(const struct program *program, bool line, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(program->out, out + n, 1) == 1)
		if (out[n++] == '\n' && line)
			break;
	out[n] = '\0';
}

static int program_end(struct program *program)
{
	int status = 0;

	(void)close(program->out);
	(void)waitpid(program->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *program_path(void)
{
	const char *path = getenv("KLAVIYO_SANDBOX_BIN");

	if (!path || access(path, X_OK) != 0)
		skip();
	return path;
}

static void test_program(void **state)
{
	const int stops[] = { SIGTERM, SIGINT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
		const char *const argv[] = { program_path(), "--listen", "127.0.0.1:0",
					     "--limits=off", "--down",	 NULL };
		struct program program = program_start(argv);
		char line[200], rest[200], url[200];
		int port = 0;

		program_read(&program, true, line, sizeof(line));
		(void)snprintf(url, sizeof(url), "klaviyo-sandbox listening on http://127.0.0.1:");
		assert_memory_equal(line, url, strlen(url));
		port = (int)strtol(line + strlen(url), NULL, 10);
		(void)snprintf(url, sizeof(url), "klaviyo-sandbox listening on http://127.0.0.1:%d\n", port);
		assert_string_equal(line, url);
		(void)kill(program.pid, stops[i]);
		program_read(&program, false, rest, sizeof(rest));
		assert_string_equal(rest, "");
		assert_int_equal(program_end(&program), 0);
	}
}

static const struct option_row {
	const char *what, *first, *second;
	int status;
	const char *says;
} option_rows[] = {
	{ "help", "--help", NULL, 0, "--latency-ms" },
	{ "unknown option", "--speed", "5", 2, "no option '--speed'" },
	{ "value missing", "--listen", NULL, 2, "needs a value" },
	{ "no option at all", "now", NULL, 2, "'now' is no option" },
	{ "port out of range", "--listen", "127.0.0.1:70000", 2, "klaviyo-sandbox: " },
	{ "word unknown", "--limits", "some", 2, "off|real" },
	{ "number out of range", "--latency-ms", "-5", 2, "from 0 to 600000" },
	{ "not a number", "--job-ms", "soon", 2, "takes an integer" },
	{ "key too short", "--key", "pk_1", 2, "'pk_'" },
	{ "revision never published", "--revision", "2026-07-16", 2, "no published revision" },
	{ "scale", "--time-scale", "0", 2, "from 0.01" },
	{ "address not ours", "--listen", "192.0.2.1:0", 1, "klaviyo-sandbox: " },
};

static void test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
		const struct option_row *row = &option_rows[i];
		const char *const argv[] = { program_path(), row->first, row->second, NULL };
		struct program program = program_start(argv);
		char text[8000];
		int status;

		program_read(&program, false, text, sizeof(text));
		status = program_end(&program);
		if (status != row->status || !strstr(text, row->says))
			fail_msg("%s: got exit %d and '%s', want %d and '%s'", row->what, status, text,
				 row->status, row->says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_over_http),
		cmocka_unit_test(test_throttled_over_http),
		cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_latency_side_by_side),
		cmocka_unit_test(test_stop_with_answers_waiting),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
