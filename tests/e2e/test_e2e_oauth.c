/*
 * An account that is connected by OAuth, with the real programs: through Klaviyo's page and back, tokens
 * renewed before they end and when they are refused, and what a person is told when Klaviyo has ended it.
 */
#include "support/town.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define APP_ID	   "sandbox-app"
#define APP_SECRET "sandbox-app-secret"
#define OAUTH_KEY  "pk_oauth_sandbox_account" /* as the sandbox calls that account */
#define PASSWORD   "a-long-enough-password"
#define API	   "/admin/api/v1"
#define HEADERS	   4

struct session {
	struct str cookie, csrf;
};

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

	got->status = answer->ok ? answer->status : 0;
	got->body = arena_dup(arena, answer->body);
	got->cookie = arena_dup(arena, str_of(cookie.p, str_find_char(cookie, ';')));
	got->done = true;
}

static struct got ask_url(struct town *town, const char *method, const char *url,
			  const struct session *session, const char *body)
{
	struct http_header header[HEADERS] = { { STR("Content-Type"), STR("application/json") } };
	struct http_call call = { .method = method,
				  .url = str_from(url),
				  .header = header,
				  .n_header = 1,
				  .body = str_from(body ? body : ""),
				  .timeout_ms = TOWN_DEADLINE_MS };
	struct got got = { .town = town };

	if (session) {
		header[call.n_header++] = (struct http_header){ STR("Cookie"), session->cookie };
		header[call.n_header++] = (struct http_header){ STR("X-CSRF-Token"), session->csrf };
	}
	assert_true(http_client_start(town->client, &call, take_answer, &got, &town->err));
	while (!got.done)
		(void)http_client_run(town->client, 100);
	return got;
}

static struct got ask(struct town *town, const char *method, const char *path, const struct session *session,
		      const char *body)
{
	return ask_url(town, method, arena_printf(&town->place.arena, "%s" API "%s", town->url, path).p,
		       session, body);
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

static struct session sign_in(struct town *town)
{
	struct got got =
		ask(town, "POST", "/session", NULL, "{\"name\":\"ann\",\"password\":\"" PASSWORD "\"}");

	assert_int_equal(got.status, 200);
	return (struct session){ got.cookie, member(town, got.body, "csrf") };
}

static void start_daemon(struct town *town)
{
	const char *secret = place_file(&town->place, "app-secret", APP_SECRET "\n");
	struct running daemon = START(&town->place, PROGRAM_PANNIER, "listening", "serve", "--data",
				      town->data, "--listen", "127.0.0.1:0", "--outbound", "any",
				      "--klaviyo-client-id", APP_ID, "--klaviyo-client-secret-file", secret);

	town->daemon = daemon.pid;
	town->daemon_fd = daemon.out_fd;
	town->url = daemon.url;
}

static void open_town(struct town *town)
{
	struct ran ran;

	town_open_empty(town, NULL);
	ran = RUN(&town->place, "user", "add", "ann", "--role", "owner", "--password-file",
		  place_file(&town->place, "password", PASSWORD "\n"), "--data", town->data);
	assert_int_equal(ran.code, 0);
	start_daemon(town);
}

/* What a browser would be sent back with: "code" or "error", and the state. */
struct back {
	struct str code, state;
};

static struct str between(struct town *town, struct str text, const char *from, const char *ends)
{
	const char *at = strstr(arena_cstr(&town->place.arena, text), from);

	assert_non_null(at);
	at += strlen(from);
	return arena_dup(&town->place.arena, str_of(at, strcspn(at, ends)));
}

static struct back walk(struct town *town, const struct session *session, const char *wish)
{
	struct got got = ask(town, "POST", "/connection/start", session, wish);
	struct str url;

	if (got.status != 200)
		fail_msg("%d %.*s", got.status, STR_ARG(got.body));
	url = member(town, got.body, "url");
	assert_non_null(strstr(url.p, "code_challenge_method=S256"));
	got = ask_url(town, "GET", arena_cstr(&town->place.arena, url), NULL, NULL);
	assert_int_equal(got.status, 200);
	return (struct back){ between(town, got.body, "?code=", "&"),
			      between(town, got.body, "&amp;state=", "\"") };
}

static struct got finish(struct town *town, const struct session *session, const struct back *back)
{
	return ask(town, "POST", "/connection/finish", session,
		   arena_printf(&town->place.arena, "{\"state\":\"%.*s\",\"code\":\"%.*s\"}",
				STR_ARG(back->state), STR_ARG(back->code))
			   .p);
}

/* The account is connected; its name. */
static const char *connect_account(struct town *town, const struct session *session)
{
	struct back back = walk(
		town, session, arena_printf(&town->place.arena, "{\"api_url\":\"%s\"}", town->sandbox.url).p);
	struct got got = finish(town, session, &back);
	struct str name;

	if (got.status != 200)
		fail_msg("%d %.*s", got.status, STR_ARG(got.body));
	assert_non_null(strstr(got.body.p, "\"added\":true"));
	assert_non_null(strstr(got.body.p, "\"ok\":true"));
	name = member(town, got.body, "account");
	return arena_cstr(&town->place.arena, name);
}

static struct json *oauth_of(struct town *town)
{
	return town_sandbox(town, "/sandbox/oauth");
}

static int64_t tokens_given(struct town *town)
{
	struct json *json = oauth_of(town);
	int64_t n = 0;

	assert_true(json_get_int(json, "tokens", &n));
	json_free(json);
	return n;
}

static void post_sandbox(struct town *town, const char *path)
{
	const char *url = arena_printf(&town->place.arena, "%s%s", town->sandbox.url, path).p;

	assert_int_equal(ask_url(town, "POST", url, NULL, "{}").status, 200);
}

static void product(struct town *town, const char *id)
{
	town_generic(town, "shop", "product.updated",
		     arena_printf(&town->place.arena,
				  "{'id':'%s','title':'Mug','url':'https://shop.test/%s','price':'9.50',"
				  "'currency':'EUR','stock':1}",
				  id, id)
			     .p);
}

static void through_the_page_and_back(void **state)
{
	static struct town town;
	struct session session, other;
	struct back back;
	const char *name;

	(void)state;
	open_town(&town);
	session = sign_in(&town);
	other = sign_in(&town);
	name = connect_account(&town, &session);
	town_store(&town, "shop", "generic", name, NULL);
	product(&town, "p1");
	town_until(&town, OAUTH_KEY, "items", 1);
	/* A state counts once, and in the session that began with it. */
	back = walk(&town, &session, arena_printf(&town.place.arena, "{\"account\":\"%s\"}", name).p);
	assert_int_equal(finish(&town, &other, &back).status, 409);
	assert_int_equal(finish(&town, &session, &back).status, 200);
	assert_int_equal(finish(&town, &session, &back).status, 409);
	/* Somebody's code from elsewhere connects nothing. */
	back.state = STR("made-up");
	assert_int_equal(finish(&town, &session, &back).status, 409);
	town_close(&town);
}

static void nobody_sees_a_token(void **state)
{
	static struct town town;
	struct session session;
	struct json *json;
	struct got got;
	const char *name;

	(void)state;
	open_town(&town);
	session = sign_in(&town);
	name = connect_account(&town, &session);
	json = oauth_of(&town);
	got = ask(&town, "GET", arena_printf(&town.place.arena, "/accounts/%s", name).p, &session, NULL);
	assert_non_null(strstr(got.body.p, "\"oauth\":true"));
	for (size_t i = 0; i < 2; i++) {
		struct str token = json_get_text(json, i ? "access_token" : "refresh_token");
		const char *file = place_holds(&town.place, arena_cstr(&town.place.arena, token));

		assert_true(token.len > 20);
		if (file)
			fail_msg("a token stands in %s", file);
		assert_null(strstr(got.body.p, arena_cstr(&town.place.arena, token)));
	}
	json_free(json);
	town_close(&town);
}

static void await_tokens(struct town *town, int64_t n)
{
	struct town_wait wait = { 0 };

	while (tokens_given(town) < n)
		assert_true(town_wait(&wait));
}

static void tokens_are_renewed(void **state)
{
	static struct town town;
	struct session session;

	(void)state;
	open_town(&town);
	session = sign_in(&town);
	/* In time: before it ends. */
	town_knobs(&town, "{\"oauth_expires_s\":6}");
	town_store(&town, "shop", "generic", connect_account(&town, &session), NULL);
	await_tokens(&town, 3);
	product(&town, "p1");
	town_until(&town, OAUTH_KEY, "items", 1);
	assert_int_equal(town_violations(&town, NULL), 0);
	/* When it is refused long before; and the refresh token is another one each time. */
	town_knobs(&town, "{\"oauth_expires_s\":3600,\"oauth_rotate\":true}");
	await_tokens(&town, 4);
	for (int i = 0; i < 2; i++) {
		post_sandbox(&town, "/sandbox/oauth/expire");
		product(&town, i ? "p3" : "p2");
		town_until(&town, OAUTH_KEY, "items", (size_t)i + 2);
	}
	town_close(&town);
}

/* Until status says it; what it says. */
static const char *await_status(struct town *town, const char *text)
{
	struct town_wait wait = { 0 };
	struct ran ran;

	do
		ran = RUN(&town->place, "status", "--data", town->data);
	while (!strstr(ran.out, text) && town_wait(&wait));
	return ran.out;
}

static void what_klaviyo_has_ended_is_said_and_mended(void **state)
{
	static struct town town;
	struct session session;
	const char *name, *said;
	struct back back;
	struct got got;

	(void)state;
	open_town(&town);
	session = sign_in(&town);
	name = connect_account(&town, &session);
	town_store(&town, "shop", "generic", name, NULL);
	post_sandbox(&town, "/sandbox/oauth/uninstall");
	product(&town, "p1");
	said = await_status(&town, "its connection has ended");
	assert_non_null(strstr(said, "its connection has ended"));
	assert_non_null(strstr(said, "invalid_grant"));
	got = ask(&town, "GET", arena_printf(&town.place.arena, "/accounts/%s", name).p, &session, NULL);
	assert_non_null(strstr(got.body.p, "invalid_grant"));
	back = walk(&town, &session, arena_printf(&town.place.arena, "{\"account\":\"%s\"}", name).p);
	assert_int_equal(finish(&town, &session, &back).status, 200);
	town_until(&town, OAUTH_KEY, "items", 1);
	assert_null(strstr(RUN(&town.place, "status", "--data", town.data).out, "its connection has ended"));
	town_close(&town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_the_page_and_back),
		cmocka_unit_test(nobody_sees_a_token),
		cmocka_unit_test(tokens_are_renewed),
		cmocka_unit_test(what_klaviyo_has_ended_is_said_and_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
