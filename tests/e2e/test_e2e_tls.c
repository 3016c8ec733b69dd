/*
 * TLS, with the real programs: the daemon's own certificate, renewed while it runs; a proxy that speaks for
 * it; and that nothing is listened for in the clear where others could hear it.
 */
#include "support/town.h"

#include "base/wake.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NAME	 "pannier.test"
#define PASSWORD "a-long-enough-password"
#define HEADERS	 5
#define LARGE	 ((size_t)6 << 20)
#define LINE	 ((size_t)64 << 10)

struct scene {
	struct place place;
	const char *data, *cert, *key;
	struct running daemon;
	struct http_client *client;
	struct err err;
};

struct got {
	int status;
	struct str body, cookie, strict, error;
	bool done;
	struct scene *scene;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct got *got = arg;
	struct arena *arena = &got->scene->place.arena;

	got->status = answer->ok ? answer->status : 0;
	got->body = arena_dup(arena, answer->body);
	got->cookie = arena_dup(arena, http_answer_header(answer, "Set-Cookie"));
	got->strict = arena_dup(arena, http_answer_header(answer, "Strict-Transport-Security"));
	got->error = arena_dup(arena, str_from(answer->error));
	got->done = true;
}

/* header: name, value ... NULL. A JSON body makes it a POST. */
static struct got ask(struct scene *scene, const char *path, const char *const *header, const char *body)
{
	struct http_header row[HEADERS] = { { STR("Content-Type"), STR("application/json") } };
	struct http_call call = { .method = body ? "POST" : "GET",
				  .url = arena_printf(&scene->place.arena, "%s%s", scene->daemon.url, path),
				  .header = row,
				  .n_header = 1,
				  .body = str_from(body ? body : ""),
				  .timeout_ms = TOWN_DEADLINE_MS,
				  .answer_bytes_max = 1 << 20 };
	struct got got = { .scene = scene };

	for (size_t i = 0; header && header[i]; i += 2)
		row[call.n_header++] = (struct http_header){ str_from(header[i]), str_from(header[i + 1]) };
	assert_true(http_client_start(scene->client, &call, take_answer, &got, &scene->err));
	while (!got.done)
		(void)http_client_run(scene->client, 100);
	return got;
}
#define ASK(scene, path, body, ...) ask(scene, path, (const char *const[]){ __VA_ARGS__, NULL }, body)

static void run_openssl(struct scene *scene, const char *command)
{
	assert_int_equal(system(arena_printf(&scene->place.arena, "%s >/dev/null 2>&1", command).p),
			 0); // NOLINT(cert-env33-c)
}

/* A certificate for this machine and NAME, good for so many days, where the daemon looks for it. */
static void make_certificate(struct scene *scene, int days)
{
	run_openssl(
		scene,
		arena_printf(
			&scene->place.arena,
			"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days %d -subj "
			"/CN=%s -addext subjectAltName=DNS:%s,IP:127.0.0.1 -keyout %s -out %s",
			days, NAME, NAME, scene->key, scene->cert)
			.p);
}

/* Only what the daemon's certificate file says is believed. */
static void new_client(struct scene *scene)
{
	struct http_client_config config = { .ca_file = scene->cert };

	http_client_free(scene->client);
	assert_true(http_client_new(&config, &scene->client, &scene->err));
}

static void scene_open(struct scene *scene)
{
	struct ran ran;

	*scene = (struct scene){ 0 };
	place_init(&scene->place);
	scene->data = place_file(&scene->place, "data", NULL);
	scene->cert = place_file(&scene->place, "cert.pem", NULL);
	scene->key = place_file(&scene->place, "key.pem", NULL);
	make_certificate(scene, 90);
	new_client(scene);
	ran = RUN(&scene->place, "user", "add", "ann", "--role", "owner", "--password-file",
		  place_file(&scene->place, "password", PASSWORD "\n"), "--data", scene->data);
	assert_int_equal(ran.code, 0);
}

static void scene_close(struct scene *scene)
{
	if (scene->daemon.pid > 0)
		assert_int_equal(program_stop(&scene->daemon, SIGTERM), 0);
	http_client_free(scene->client);
	place_release(&scene->place);
}

static struct str sign_in_body(void)
{
	return STR("{\"name\":\"ann\",\"password\":\"" PASSWORD "\"}");
}

static const char *cookie_of(struct scene *scene, const struct got *got)
{
	return arena_printf(&scene->place.arena, "%.*s", (int)str_find_char(got->cookie, ';'), got->cookie.p)
		.p;
}

static bool has(struct str text, const char *part)
{
	struct arena arena;
	bool found;

	arena_init(&arena);
	found = strstr(arena_cstr(&arena, text), part) != NULL;
	arena_release(&arena);
	return found;
}

/* ---- where it does not listen ---- */

static void nothing_in_the_clear(void **state)
{
	struct scene scene;
	struct ran ran;

	(void)state;
	scene_open(&scene);
	ran = RUN(&scene.place, "serve", "--data", scene.data, "--listen", "0.0.0.0:0");
	assert_int_equal(ran.code, 2);
	assert_non_null(strstr(ran.errors, "--tls-cert"));
	assert_non_null(strstr(ran.errors, "--behind-proxy"));
	assert_non_null(strstr(ran.errors, "--insecure"));
	ran = RUN(&scene.place, "serve", "--data", scene.data, "--listen", "[::]:0", "--tls-cert",
		  scene.cert);
	assert_int_equal(ran.code, 2);
	assert_non_null(strstr(ran.errors, "needs both"));
	ran = RUN(&scene.place, "serve", "--data", scene.data, "--tls-cert", scene.cert, "--tls-key",
		  place_file(&scene.place, "other", "no key\n"));
	assert_int_equal(ran.code, 2);
	assert_non_null(strstr(ran.errors, "key"));
	ran = RUN(&scene.place, "serve", "--data", scene.data, "--behind-proxy", "10.0.0.300");
	assert_int_equal(ran.code, 2);
	assert_non_null(strstr(ran.errors, "10.0.0.300"));
	/* Asked for in so many words. */
	scene.daemon = START(&scene.place, PROGRAM_PANNIER, "listening", "serve", "--data", scene.data,
			     "--listen", "0.0.0.0:0", "--insecure");
	scene_close(&scene);
}

/* ---- its own certificate ---- */

static void start_with_tls(struct scene *scene)
{
	scene->daemon = START(&scene->place, PROGRAM_PANNIER, "listening", "serve", "--data", scene->data,
			      "--listen", "127.0.0.1:0", "--tls-cert", scene->cert, "--tls-key", scene->key);
	assert_true(strncmp(scene->daemon.url, "https://127.0.0.1:", 18) == 0);
}

static void signing_in_over_tls(void **state)
{
	struct scene scene;
	struct got got;

	(void)state;
	scene_open(&scene);
	start_with_tls(&scene);
	got = ASK(&scene, "/admin/api/v1/session", sign_in_body().p, "Host", NAME);
	assert_int_equal(got.status, 200);
	assert_true(str_starts(got.cookie, STR("__Host-pannier=")));
	assert_true(has(got.cookie, "; Secure"));
	assert_true(has(got.cookie, "SameSite=Strict"));
	assert_true(has(got.strict, "max-age="));
	got = ASK(&scene, "/admin/api/v1/stores", NULL, "Host", NAME, "Cookie", cookie_of(&scene, &got));
	assert_int_equal(got.status, 200);
	/* This machine's own names are other programs', too. */
	got = ASK(&scene, "/admin", NULL, "Accept", "*/*");
	assert_int_equal(got.status, 200);
	assert_int_equal(got.strict.len, 0);
	got = ASK(&scene, "/admin", NULL, "Host", NAME);
	assert_true(got.strict.len > 0);
	/* The certificate is not for it: somebody made the name point here. */
	got = ASK(&scene, "/admin", NULL, "Host", "evil.test");
	assert_int_equal(got.status, 421);
	scene_close(&scene);
}

static void only_newer_versions(void **state)
{
	static const struct {
		const char *version;
		bool good;
	} row[] = { { "-tls1_3", true }, { "-tls1_2", true }, { "-tls1_1", false }, { "-tls1", false } };
	struct scene scene;

	(void)state;
	scene_open(&scene);
	start_with_tls(&scene);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const char *command =
			arena_printf(&scene.place.arena,
				     "openssl s_client -connect %s %s -cipher DEFAULT@SECLEVEL=0 "
				     "</dev/null >/dev/null 2>&1",
				     scene.daemon.url + strlen("https://"), row[i].version)
				.p;

		assert_int_equal(system(command) == 0, row[i].good); // NOLINT(cert-env33-c)
	}
	scene_close(&scene);
}

static struct str member(struct scene *scene, struct str text, const char *name)
{
	struct json *json = NULL;
	struct str value;

	assert_true(json_parse(text, &json, &scene->err));
	value = arena_dup(&scene->place.arena, json_get_text(json, name));
	json_free(json);
	return value;
}

/* A body that rests between its pieces, while the records behind them are in TLS's own buffers. */
static void a_large_file_over_tls(void **state)
{
	char *body = calloc(1, LARGE + 1);
	struct scene scene;
	struct got got;
	struct ran ran;

	(void)state;
	assert_non_null(body);
	memset(body, ' ', LARGE);
	for (size_t i = 0; i < LARGE; i += LINE) {
		memcpy(body + i, "{}", 2); /* no message: the file is read, its rows are refused */
		body[i + LINE - 1] = '\n';
	}
	scene_open(&scene);
	ran = RUN(&scene.place, "account", "add", "main", "--key-file",
		  place_file(&scene.place, "klaviyo", TOWN_KEY "\n"), "--data", scene.data);
	assert_int_equal(ran.code, 0);
	ran = RUN(&scene.place, "store", "add", "shop", "--platform", "generic", "--account", "main",
		  "--secret-file", place_file(&scene.place, "secret", TOWN_SECRET "\n"), "--data",
		  scene.data);
	assert_int_equal(ran.code, 0);
	start_with_tls(&scene);
	got = ASK(&scene, "/admin/api/v1/session", sign_in_body().p, "Host", NAME);
	got = ASK(&scene, "/admin/api/v1/stores/shop/import?name=all.ndjson", body, "Host", NAME, "Cookie",
		  cookie_of(&scene, &got), "X-CSRF-Token",
		  arena_cstr(&scene.place.arena, member(&scene, got.body, "csrf")));
	if (got.status != 200)
		fail_msg("%d %.*s", got.status, STR_ARG(got.body));
	free(body);
	scene_close(&scene);
}

/* Until the daemon shows the certificate that lies there now. */
static void await_certificate(struct scene *scene)
{
	struct wake *nobody = wake_new();
	struct got got = { 0 };

	assert_int_equal(kill(scene->daemon.pid, SIGHUP), 0);
	for (int i = 0; i < TOWN_DEADLINE_MS / 20 && got.status != 200; i++) {
		new_client(scene);
		got = ask(scene, "/health/live", NULL, NULL);
		if (got.status != 200)
			(void)wake_wait(nobody, 20);
	}
	wake_free(nobody);
	assert_int_equal(got.status, 200);
}

static void a_certificate_is_renewed(void **state)
{
	struct scene scene;
	struct ran ran;

	(void)state;
	scene_open(&scene);
	start_with_tls(&scene);
	assert_int_equal(ask(&scene, "/health/live", NULL, NULL).status, 200);
	ran = RUN(&scene.place, "doctor", "--data", scene.data);
	assert_non_null(strstr(ran.out, "ok   tls"));
	make_certificate(&scene, 5);
	await_certificate(&scene);
	ran = RUN(&scene.place, "doctor", "--data", scene.data);
	assert_non_null(strstr(ran.out, "warn tls"));
	assert_non_null(strstr(ran.out, "ends on"));
	make_certificate(&scene, 1);
	await_certificate(&scene);
	ran = RUN(&scene.place, "status", "--data", scene.data);
	assert_non_null(strstr(ran.out, "the certificate"));
	ran = RUN(&scene.place, "doctor", "--data", scene.data);
	assert_non_null(strstr(ran.out, "fail tls"));
	scene_close(&scene);
}

static void what_cannot_be_used_is_not(void **state)
{
	struct wake *nobody = wake_new();
	struct scene scene;
	struct ran ran = { 0 };

	(void)state;
	scene_open(&scene);
	start_with_tls(&scene);
	(void)place_file(&scene.place, "key.pem", "half of a key\n");
	assert_int_equal(kill(scene.daemon.pid, SIGHUP), 0);
	for (int i = 0; i < TOWN_DEADLINE_MS / 100; i++) {
		ran = RUN(&scene.place, "doctor", "--data", scene.data);
		if (strstr(ran.out, "cannot be read again"))
			break;
		(void)wake_wait(nobody, 20);
	}
	wake_free(nobody);
	assert_non_null(strstr(ran.out, "warn tls"));
	assert_null(strstr(ran.out, "half of a key"));
	new_client(&scene);
	assert_int_equal(ask(&scene, "/health/live", NULL, NULL).status, 200);
	scene_close(&scene);
}

/* ---- a proxy ---- */

/* How the sessions screen names where the newest session came from. */
static struct str address_of_session(struct scene *scene, const char *cookie)
{
	struct got got = ASK(scene, "/admin/api/v1/sessions", NULL, "Host", NAME, "Cookie", cookie,
			     "X-Forwarded-Proto", "https");
	struct json *json = NULL;
	struct str address;

	assert_int_equal(got.status, 200);
	assert_true(json_parse(got.body, &json, &scene->err));
	address =
		arena_dup(&scene->place.arena, json_get_text(json_at(json_get(json, "items"), 0), "address"));
	json_free(json);
	return address;
}

static void behind(struct scene *scene, const char *proxies)
{
	scene->daemon =
		START(&scene->place, PROGRAM_PANNIER, "listening", "serve", "--data", scene->data, "--listen",
		      "127.0.0.1:0", "--admin-url", "https://" NAME, "--behind-proxy", proxies);
}

static void a_proxy_is_believed_if_it_was_named(void **state)
{
	static const char forwarded[] = "203.0.113.66, 198.51.100.7, 10.1.2.3";
	struct scene scene;
	struct got got;

	(void)state;
	scene_open(&scene);
	behind(&scene, "127.0.0.1, 10.0.0.0/8");
	got = ASK(&scene, "/admin/api/v1/session", sign_in_body().p, "Host", NAME, "X-Forwarded-Proto",
		  "https", "X-Forwarded-For", forwarded);
	assert_int_equal(got.status, 200);
	assert_true(str_starts(got.cookie, STR("__Host-pannier=")));
	assert_true(str_eq(address_of_session(&scene, cookie_of(&scene, &got)), STR("198.51.100.7")));
	got = ASK(&scene, "/admin", NULL, "Host", NAME, "X-Forwarded-Proto", "http");
	assert_int_equal(got.status, 403);
	assert_true(has(got.body, "\"plain\""));
	assert_int_equal(program_stop(&scene.daemon, SIGTERM), 0);
	/* Anybody can write such a header. */
	behind(&scene, "192.0.2.1");
	got = ASK(&scene, "/admin/api/v1/session", sign_in_body().p, "Host", NAME, "X-Forwarded-Proto",
		  "https", "X-Forwarded-For", forwarded);
	assert_int_equal(got.status, 200);
	assert_true(str_eq(address_of_session(&scene, cookie_of(&scene, &got)), STR("127.0.0.1")));
	assert_int_equal(got.strict.len, 0);
	scene_close(&scene);
}

/* An address of this machine that is not its loopback; NULL = it has none. */
static const char *other_address(struct scene *scene)
{
	const char *found = NULL;
	struct ifaddrs *all = NULL;

	assert_int_equal(getifaddrs(&all), 0);
	for (struct ifaddrs *at = all; at && !found; at = at->ifa_next) {
		char text[INET_ADDRSTRLEN] = "";

		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET)
			continue;
		(void)inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr, text,
				sizeof(text));
		if (strncmp(text, "127.", 4) != 0)
			found = arena_dup(&scene->place.arena, str_from(text)).p;
	}
	freeifaddrs(all);
	return found;
}

static void others_come_through_the_proxy(void **state)
{
	struct scene scene;
	const char *own;
	struct str listen;

	(void)state;
	scene_open(&scene);
	own = other_address(&scene);
	if (!own) {
		scene_close(&scene);
		skip();
	}
	listen = arena_printf(&scene.place.arena, "%s:0", own);
	scene.daemon = START(&scene.place, PROGRAM_PANNIER, "listening", "serve", "--data", scene.data,
			     "--listen", listen.p, "--behind-proxy", "192.0.2.1");
	assert_int_equal(ask(&scene, "/health/live", NULL, NULL).status, 200);
	assert_int_equal(ask(&scene, "/hooks/generic/shop", NULL, "{}").status, 403);
	assert_int_equal(program_stop(&scene.daemon, SIGTERM), 0);
	scene.daemon = START(&scene.place, PROGRAM_PANNIER, "listening", "serve", "--data", scene.data,
			     "--listen", listen.p, "--behind-proxy", own);
	assert_int_equal(ask(&scene, "/hooks/generic/shop", NULL, "{}").status, 404); /* no such store */
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_the_clear),
		cmocka_unit_test(signing_in_over_tls),
		cmocka_unit_test(only_newer_versions),
		cmocka_unit_test(a_large_file_over_tls),
		cmocka_unit_test(a_certificate_is_renewed),
		cmocka_unit_test(what_cannot_be_used_is_not),
		cmocka_unit_test(a_proxy_is_believed_if_it_was_named),
		cmocka_unit_test(others_come_through_the_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
