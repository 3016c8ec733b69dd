/*
 * A file of history sent over HTTP while the daemon is killed, with the real programs: it goes on from where
 * it was, becomes one import, and its file goes when that is done.
 */
#include "support/town.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define MIB	  ((size_t)1 << 20)
#define CUSTOMERS 400
#define PADDING	  8000 /* so that few customers are a file of some MB */
#define HEADERS	  4

struct got {
	int status;
	struct str body, cookie;
	bool done;
	struct town *town;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct got *got = arg;
	struct arena *arena = &got->town->place.arena;
	struct str cookie = http_answer_header(answer, "Set-Cookie");

	got->status = answer->status;
	got->body = arena_dup(arena, answer->body);
	got->cookie = arena_dup(arena, str_of(cookie.p, str_find_char(cookie, ';')));
	got->done = true;
}

static struct got ask(struct town *town, const char *method, const char *path,
		      const struct http_header *header, size_t n, struct str body)
{
	struct http_call call = { .method = method,
				  .url = arena_printf(&town->place.arena, "%s%s", town->url, path),
				  .header = header,
				  .n_header = n,
				  .body = body,
				  .answer_bytes_max = MIB };
	struct got got = { .town = town };

	assert_true(http_client_start(town->client, &call, take_answer, &got, &town->err));
	while (!got.done)
		(void)http_client_run(town->client, 100);
	return got;
}

static struct str member(struct town *town, struct str text, const char *name)
{
	struct json *json = NULL;
	struct str value;

	if (!json_parse(text, &json, &town->err))
		fail_msg("%.*s", STR_ARG(text));
	value = arena_dup(&town->place.arena, json_get_text(json, name));
	json_free(json);
	return value;
}

/* As a person does it in the screens. */
static struct str make_token(struct town *town)
{
	const char *password = place_file(&town->place, "password", "a-long-enough-password\n");
	struct ran ran = RUN(&town->place, "user", "add", "ann", "--role", "operator", "--password-file",
			     password, "--data", town->data);
	struct http_header header[HEADERS] = { { STR("Content-Type"), STR("application/json") } };
	struct got got;

	if (ran.code != 0)
		fail_msg("%s", ran.errors);
	got = ask(town, "POST", "/admin/api/v1/session", header, 1,
		  STR("{\"name\":\"ann\",\"password\":\"a-long-enough-password\"}"));
	assert_int_equal(got.status, 200);
	header[1] = (struct http_header){ STR("Cookie"), got.cookie };
	header[2] = (struct http_header){ STR("X-CSRF-Token"), member(town, got.body, "csrf") };
	got = ask(town, "POST", "/admin/api/v1/tokens", header, 3,
		  STR("{\"name\":\"script\",\"scopes\":[\"imports:write\"]}"));
	assert_int_equal(got.status, 201);
	return arena_printf(&town->place.arena, "Bearer %.*s", STR_ARG(member(town, got.body, "secret")));
}

static struct str file_text(struct town *town)
{
	struct strbuf text;
	struct str file;

	strbuf_init(&text, 8 * MIB);
	for (int i = 0; i < CUSTOMERS; i++)
		strbuf_addf(&text,
			    "{\"type\":\"customer.updated\",\"data\":{\"customer_id\":\"%d\",\"email\":\"c%d@"
			    "upload.test."
			    "example.org\",\"note\":\"%0*d\"}}\n",
			    i, i, PADDING, i);
	file = arena_dup(&town->place.arena, strbuf_str(&text));
	strbuf_release(&text);
	return file;
}

static int64_t received(struct town *town, struct str token)
{
	const struct http_header header = { STR("Authorization"), token };
	struct got got = ask(town, "GET", "/v1/stores/shop/import", &header, 1, STR(""));
	struct json *json = NULL;
	int64_t value = -1;

	assert_int_equal(got.status, 200);
	assert_true(json_parse(got.body, &json, &town->err));
	(void)json_get_int(json_at(json_get(json, "items"), 0), "received", &value);
	json_free(json);
	return value;
}

/* Two and a half MiB of it; then the daemon dies. */
static void send_some(struct town *town, struct str token, struct str file)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct str head =
		arena_printf(&town->place.arena,
			     "POST /v1/stores/shop/import?name=people.ndjson HTTP/1.1\r\nHost: x\r\n"
			     "Authorization: %.*s\r\nContent-Length: %zu\r\n\r\n",
			     STR_ARG(token), file.len);
	struct str rest = str_of(file.p, 2 * MIB + MIB / 2);
	struct town_wait wait = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(strrchr(town->url, ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, head.p, head.len, MSG_NOSIGNAL), head.len);
	while (rest.len > 0) {
		ssize_t n = send(fd, rest.p, rest.len, MSG_NOSIGNAL);

		assert_true(n > 0);
		rest = str_skip(rest, (size_t)n);
	}
	while (received(town, token) < (int64_t)(2 * MIB))
		assert_true(town_wait(&wait));
	assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
	(void)close(fd);
	town_start(town);
}

static size_t n_files(struct town *town)
{
	DIR *dir = opendir(arena_printf(&town->place.arena, "%s/imports/1", town->data).p);
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static void a_file_goes_on_after_a_kill(void **state)
{
	static struct town town;
	struct town_wait wait = { 0 };
	struct http_header header[HEADERS] = { { STR("Authorization"), STR("") } };
	struct str file, token;
	struct json *counts;
	struct got got;
	int64_t at, profiles = 0;

	(void)state;
	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	token = make_token(&town);
	file = file_text(&town);
	assert_true(file.len > 3 * MIB);
	header[0].value = token;
	/* A change of settings is taken up within a second. */
	while (ask(&town, "GET", "/v1/stores/shop/import", header, 1, STR("")).status == 404)
		assert_true(town_wait(&wait));
	wait = (struct town_wait){ 0 };
	send_some(&town, token, file);
	at = received(&town, token);
	assert_int_equal(at, 2 * MIB);
	header[1] = (struct http_header){ STR("Content-Range"),
					  arena_printf(&town.place.arena, "bytes %lld-%zu/%zu", (long long)at,
						       file.len - 1, file.len) };
	got = ask(&town, "POST", "/v1/stores/shop/import?name=people.ndjson", header, 2,
		  str_skip(file, (size_t)at));
	if (got.status != 200)
		fail_msg("%d %.*s", got.status, STR_ARG(got.body));
	/* It is removed when the import is done, within some seconds. */
	while (n_files(&town) > 0)
		assert_true(town_wait(&wait));
	town_idle(&town);
	counts = town_sandbox(&town, "/sandbox/counts");
	(void)json_get_int(json_get(counts, "people"), "profiles", &profiles);
	json_free(counts);
	assert_int_equal(profiles, CUSTOMERS);
	assert_int_equal(town_violations(&town, NULL), 0);
	town_close(&town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_goes_on_after_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
