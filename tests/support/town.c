/*
 * The real programs as a town. Only children started here are signalled, by their ids.
 */
#include "support/town.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/wake.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_STEP_MS   20
#define ARGUMENTS_MAX  32
#define GENERIC_SECRET "whsec_cGFubmllci10b3duLXBhbm5pZXItdG93bi0wMDAx"
#define LINE_BYTES_MAX 4096

bool town_wait(struct town_wait *wait)
{
	int64_t now_ms = clock_mono_ms(clock_system());
	struct wake *nobody;

	if (wait->end_ms == 0) {
		wait->end_ms = now_ms + TOWN_DEADLINE_MS;
		return true;
	}
	if (now_ms >= wait->end_ms)
		return false;
	nobody = wake_new();
	(void)wake_wait(nobody, WAIT_STEP_MS);
	wake_free(nobody);
	return true;
}

/* ---- the daemon ---- */

static void run_daemon(struct town *town, int out_fd)
{
	int log_fd = open(place_file(&town->place, "pannier.log", NULL), O_WRONLY | O_CREAT | O_APPEND, 0600);
	const char *const serve[] = { getenv("PANNIER_BIN"), "serve", "--data",	    town->data,
				      "--listen",	     "127.0.0.1:0", "--outbound", "any" };
	char *argv[ARGUMENTS_MAX + 1] = { NULL };
	size_t n = 0;

	for (size_t i = 0; town->wrapper && town->wrapper[i]; i++)
		argv[n++] = arena_cstr(&town->place.arena, str_from(town->wrapper[i]));
	for (size_t i = 0; i < ARRAY_LEN(serve); i++)
		argv[n++] = arena_cstr(&town->place.arena, str_from(serve[i]));
	/* A test that is given up leaves nobody behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* Its first line, or "" if it ended without one. */
static struct str first_line(struct town *town)
{
	char *text = arena_zalloc(&town->place.arena, 1, LINE_BYTES_MAX);
	size_t len = 0;

	while (!memchr(text, '\n', len)) {
		struct pollfd ready = { .fd = town->daemon_fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&ready, 1, TOWN_DEADLINE_MS), 1);
		n = read(town->daemon_fd, text + len, LINE_BYTES_MAX - 1 - len);
		if (n <= 0)
			return (struct str){ 0 };
		len += (size_t)n;
	}
	return str_trim(str_from(text));
}

static int wait_code(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void forget_daemon(struct town *town)
{
	(void)close(town->daemon_fd);
	town->daemon = 0;
}

bool town_try_start(struct town *town)
{
	struct str line;
	int ends[2];

	assert_int_equal(town->daemon, 0);
	assert_int_equal(pipe(ends), 0);
	town->daemon = fork();
	assert_true(town->daemon >= 0);
	if (town->daemon == 0) {
		(void)close(ends[0]);
		run_daemon(town, ends[1]);
	}
	(void)close(ends[1]);
	town->daemon_fd = ends[0];
	line = first_line(town);
	if (line.len == 0) {
		(void)wait_code(town->daemon);
		forget_daemon(town);
		return false;
	}
	assert_true(str_starts(line, STR("pannier listening on http://")));
	town->url = arena_cstr(&town->place.arena, str_skip(line, sizeof("pannier listening on ") - 1));
	return true;
}

void town_start(struct town *town)
{
	if (!town_try_start(town))
		fail_msg("the daemon did not start, see pannier.log in %s", town->place.folder);
}

/* The daemon itself: a wrapper that is signalled would leave it behind. */
static pid_t signalled_pid(struct town *town)
{
	const char *path = arena_printf(&town->place.arena, "/proc/%d/task/%d/children", (int)town->daemon,
					(int)town->daemon)
				   .p;
	struct str children = { 0 };
	int64_t pid;

	if (!town->wrapper)
		return town->daemon;
	assert_true(file_read(path, 4096, &town->place.arena, &children, &town->err));
	assert_true(str_to_int64(str_trim(children), &pid)); /* it has one child */
	return (pid_t)pid;
}

int town_stop(struct town *town, int signal_number)
{
	int code;

	assert_true(town->daemon > 0);
	assert_int_equal(kill(signalled_pid(town), signal_number), 0);
	code = wait_code(town->daemon);
	forget_daemon(town);
	return code;
}

bool town_ended(struct town *town, int *code)
{
	int status;

	if (waitpid(town->daemon, &status, WNOHANG) != town->daemon)
		return false;
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	forget_daemon(town);
	return true;
}

void town_open_empty(struct town *town, const char *const *sandbox_option)
{
	const char *argument[ARGUMENTS_MAX] = { "--listen", "127.0.0.1:0", "--limits", "off" };
	size_t n = 4;

	*town = (struct town){ 0 };
	place_init(&town->place);
	town->data = place_file(&town->place, "data", NULL);
	for (size_t i = 0; sandbox_option && sandbox_option[i]; i++)
		argument[n++] = sandbox_option[i];
	assert_true(http_client_new(&(struct http_client_config){ 0 }, &town->client, &town->err));
	town->sandbox = program_start(&town->place, PROGRAM_SANDBOX, "listening on", argument);
}

void town_open(struct town *town, const char *const *sandbox_option)
{
	town_open_empty(town, sandbox_option);
	town_account(town, "main", TOWN_KEY, town->sandbox.url);
	town_start(town);
}

void town_close(struct town *town)
{
	if (town->daemon > 0)
		assert_int_equal(town_stop(town, SIGTERM), 0);
	town_conserve(town);
	assert_int_equal(program_stop(&town->sandbox, SIGTERM), 0);
	http_client_free(town->client);
	place_release(&town->place);
}

/* ---- settings ---- */

static void run(struct town *town, const char *const *argument)
{
	struct ran ran = program_run(&town->place, argument, NULL);

	assert_int_equal(ran.code, 0);
}

void town_account(struct town *town, const char *name, const char *key, const char *api_url)
{
	const char *file = place_file(&town->place, "key", key);
	const char *set = arena_printf(&town->place.arena, "api_url=%s", api_url).p;

	run(town, (const char *const[]){ "account", "add", name, "--key-file", file, "--set", set, "--data",
					 town->data, NULL });
}

void town_store(struct town *town, const char *name, const char *platform, const char *account,
		const char *const *change)
{
	const char *secret = strcmp(platform, "generic") == 0 ? GENERIC_SECRET : TOWN_SECRET;
	const char *argument[ARGUMENTS_MAX] = {
		"store",       "add",		name,
		"--platform",  platform,	"--account",
		account,       "--secret-file", place_file(&town->place, "secret", secret),
		"--data",      town->data,	"--set",
		"quiet_ms=100"
	};
	size_t n = 13;

	for (size_t i = 0; change && change[i]; i++) {
		argument[n++] = "--set";
		argument[n++] = change[i];
	}
	run(town, argument);
}

void town_store_set(struct town *town, const char *name, const char *change)
{
	run(town, (const char *const[]){ "store", "set", name, change, "--data", town->data, NULL });
}

void town_account_set(struct town *town, const char *name, const char *change)
{
	run(town, (const char *const[]){ "account", "set", name, change, "--data", town->data, NULL });
}

/* ---- the shop ---- */

static struct str signature(struct town *town, struct str id, struct str timestamp, struct str body)
{
	struct str key, part[] = { id, STR("."), timestamp, STR("."), body };
	unsigned char mac[SHA256_BYTES];
	struct str encoded;

	assert_true(base64_decode(&town->place.arena, STR("cGFubmllci10b3duLXBhbm5pZXItdG93bi0wMDAx"), &key));
	digest_hmac_sha256(key, part, ARRAY_LEN(part), mac);
	encoded = base64_encode(&town->place.arena, mac, sizeof(mac));
	return arena_printf(&town->place.arena, "v1,%.*s", STR_ARG(encoded));
}

static size_t put_proof(struct town *town, const struct town_post *post, struct http_header *header)
{
	struct arena *arena = &town->place.arena;
	struct str id = arena_printf(arena, "msg_%u", town->n_message++);
	struct str now = arena_printf(arena, "%lld", (long long)(clock_wall_ms(clock_system()) / 1000));

	if (post->platform && strcmp(post->platform, "generic") != 0) {
		header[0] = (struct http_header){ STR("X-Api-Key"),
						  str_from(post->secret ? post->secret : TOWN_SECRET) };
		return 1;
	}
	header[0] = (struct http_header){ STR("webhook-id"), id };
	header[1] = (struct http_header){ STR("webhook-timestamp"), now };
	header[2] = (struct http_header){ STR("webhook-signature"),
					  post->secret ? str_from(post->secret)
						       : signature(town, id, now, post->body) };
	return 3;
}

int town_post(struct town *town, struct town_post post, struct str *answer)
{
	struct http_header header[4] = {
		{ STR("Content-Type"), str_from(post.content_type ? post.content_type : "application/json") },
	};
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(&town->place.arena, "%s/hooks/%s/%s", town->url,
				    post.platform ? post.platform : "generic",
				    post.store ? post.store : "shop"),
		.header = header,
		.body = post.body,
	};
	struct str ignored;
	int status = 0;

	call.n_header = 1 + put_proof(town, &post, header + 1);
	if (!http_client_fetch(town->client, &call, &town->place.arena, &status, answer ? answer : &ignored,
			       &town->err))
		return 0;
	return status;
}

static struct str quoted(struct town *town, const char *text)
{
	char *copy = arena_cstr(&town->place.arena, str_from(text));

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return str_from(copy);
}

void town_generic(struct town *town, const char *store, const char *type, const char *data)
{
	struct str body = quoted(town, data);

	body = arena_printf(&town->place.arena, "{\"id\":\"e%u\",\"type\":\"%s\",\"data\":%.*s}",
			    town->n_message, type, STR_ARG(body));
	assert_int_equal(town_post(town, (struct town_post){ .store = store, .body = body }, NULL), 202);
}

void town_products(struct town *town, const char *store, const char *prefix, int n, int price)
{
	struct town_post post = { .store = store, .content_type = "application/x-ndjson" };
	struct strbuf body;

	strbuf_init(&body, 1 << 20);
	for (int i = 0; i < n; i++) {
		strbuf_addf(&body, "{\"id\":\"p%u-%d\",\"type\":\"product.upserted\",\"data\":{",
			    town->n_message, i);
		strbuf_addf(&body, "\"id\":\"%s%d\",\"title\":\"P %d\",\"url\":\"https://shop.example/%d\",",
			    prefix, i, i, i);
		strbuf_addf(&body, "\"price\":\"%d.00\",\"currency\":\"EUR\"}}\n", price);
	}
	assert_false(body.overflow);
	post.body = arena_dup(&town->place.arena, strbuf_str(&body));
	strbuf_release(&body);
	assert_int_equal(town_post(town, post, NULL), 202);
}

struct str town_fixture(struct town *town, const char *name)
{
	const char *path =
		arena_printf(&town->place.arena, "%s/tests/fixtures/%s", getenv("PANNIER_SOURCE_DIR"), name)
			.p;
	struct str text = { 0 };

	if (!file_read(path, 1 << 20, &town->place.arena, &text, &town->err))
		fail_msg("%s", town->err.msg);
	return text;
}

int town_get(struct town *town, const char *url, struct str *body)
{
	struct http_call call = { .method = "GET",
				  .url = str_from(url),
				  .answer_bytes_max = (size_t)64 << 20 };
	int status = 0;

	if (!http_client_fetch(town->client, &call, &town->place.arena, &status, body, &town->err))
		return 0;
	return status;
}

/* ---- looking ---- */

void town_idle(struct town *town)
{
	run(town, (const char *const[]){ "wait", "--idle", "--timeout", "60", "--data", town->data, NULL });
}

struct json *town_sandbox(struct town *town, const char *path)
{
	struct str body;
	struct json *json = NULL;

	assert_int_equal(
		town_get(town, arena_printf(&town->place.arena, "%s%s", town->sandbox.url, path).p, &body),
		200);
	assert_true(json_parse(body, &json, &town->err));
	return json;
}

void town_knobs(struct town *town, const char *json)
{
	struct http_header header = { STR("Content-Type"), STR("application/json") };
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(&town->place.arena, "%s/sandbox/knobs", town->sandbox.url),
		.header = &header,
		.n_header = 1,
		.body = quoted(town, json),
	};
	struct str body;
	int status = 0;

	assert_true(http_client_fetch(town->client, &call, &town->place.arena, &status, &body, &town->err));
	assert_int_equal(status, 200);
}

static const struct json *things(const struct json *state, const char *key, const char *kind)
{
	const struct json *accounts = json_get(state, "accounts");

	for (size_t i = 0; i < json_len(accounts); i++)
		if (str_ends(str_from(key), json_get_text(json_at(accounts, i), "key_last4")))
			return json_get(json_at(accounts, i), kind);
	return NULL;
}

const struct json *town_thing(const struct json *state, const char *key, const char *kind,
			      const char *external_id)
{
	const struct json *list = things(state, key, kind);

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "external_id"), str_from(external_id)))
			return json_at(list, i);
	return NULL;
}

size_t town_count(struct town *town, const char *key, const char *kind)
{
	struct json *state = town_sandbox(town, "/sandbox/state");
	size_t n = json_len(things(state, key, kind));

	json_free(state);
	return n;
}

void town_until(struct town *town, const char *key, const char *kind, size_t n)
{
	struct town_wait wait = { 0 };
	size_t got = 0;

	while (town_wait(&wait))
		if ((got = town_count(town, key, kind)) == n)
			return;
	fail_msg("%zu %s, wanted %zu", got, kind, n);
}

void town_requests(struct town *town, int64_t n)
{
	struct town_wait wait = { 0 };

	while (town_wait(&wait)) {
		struct json *counts = town_sandbox(town, "/sandbox/counts");
		int64_t got = 0;

		(void)json_get_int(counts, "requests", &got);
		json_free(counts);
		if (got >= n)
			return;
	}
	fail_msg("the sandbox did not see %lld requests", (long long)n);
}

int64_t town_violations(struct town *town, const char *kind)
{
	struct json *violations = town_sandbox(town, "/sandbox/violations");
	int64_t n = -1;

	(void)(kind ? json_get_int(json_get(violations, "by_kind"), kind, &n)
		    : json_get_int(violations, "total", &n));
	if (n != 0) {
		struct str text =
			json_write_arena(json_get(violations, "by_kind"), false, &town->place.arena);

		print_message("%.*s\n", STR_ARG(text));
	}
	json_free(violations);
	return n;
}

static int compare_lines(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t add_lines(struct town *town, const struct json *account, const char *kind, struct str *line)
{
	const struct json *list = json_get(account, kind);
	size_t n = json_len(list);

	for (size_t i = 0; i < n; i++) {
		struct json *copy = json_clone(json_at(list, i));

		json_remove(copy, "created");
		json_remove(copy, "updated");
		line[i] = json_write_arena(copy, true, &town->place.arena);
		line[i] = arena_printf(&town->place.arena, "%.*s %s %.*s",
				       STR_ARG(json_get_text(account, "key_last4")), kind, STR_ARG(line[i]));
		json_free(copy);
	}
	return n;
}

struct str town_catalog(struct town *town)
{
	static const char *const kind[] = { "categories", "items", "variants" };
	struct json *state = town_sandbox(town, "/sandbox/state");
	const struct json *accounts = json_get(state, "accounts");
	struct str *line, text = { 0 };
	size_t n = 0, room = 1;

	for (size_t i = 0; i < json_len(accounts); i++)
		for (size_t j = 0; j < ARRAY_LEN(kind); j++)
			room += json_len(json_get(json_at(accounts, i), kind[j]));
	line = ARENA_ARRAY(&town->place.arena, room, struct str);
	for (size_t i = 0; i < json_len(accounts); i++)
		for (size_t j = 0; j < ARRAY_LEN(kind); j++)
			n += add_lines(town, json_at(accounts, i), kind[j], line + n);
	qsort(line, n, sizeof(*line), compare_lines);
	for (size_t i = 0; i < n; i++)
		text = arena_printf(&town->place.arena, "%.*s%.*s\n", STR_ARG(text), STR_ARG(line[i]));
	json_free(state);
	return text;
}

struct json *town_status(struct town *town)
{
	struct ran ran = RUN(&town->place, "status", "--json", "--data", town->data);
	struct json *json = NULL;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, &town->err));
	return json;
}

int64_t town_number(struct town *town, const char *list, const char *name, const char *member)
{
	struct json *status = town_status(town);
	const struct json *rows = json_get(status, list);
	const char *label = strcmp(list, "accounts") == 0 ? "account" : "store";
	int64_t number = 0;

	for (size_t i = 0; i < json_len(rows); i++)
		if (str_eq(json_get_text(json_at(rows, i), label), str_from(name)))
			(void)json_get_int(json_at(rows, i), member, &number);
	json_free(status);
	return number;
}

void town_conserve(struct town *town)
{
	struct db_config config = { .location = town->data,
				    .owner_epoch = 1,
				    .now_ms = clock_wall_ms(clock_system()) };
	struct conservation found;
	struct arena arena;
	struct db *db = NULL;

	arena_init(&arena);
	if (!db_open(&db_sqlite_ops, &config, &db, &town->err) ||
	    !db_conserve(db, &arena, &found, &town->err))
		fail_msg("%s", town->err.msg);
	if (found.error.len > 0)
		fail_msg("the books do not balance: %.*s", STR_ARG(found.error));
	db_close(db);
	arena_release(&arena);
}
