/*
 * OAuth: what the page asks for and refuses, codes that count once and with their verifier alone, tokens that
 * end.
 */
#include "rig.h"

#include "sandbox/oauth.h"

#include <stdio.h>
#include <string.h>

/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define BACK	  "http%3A%2F%2F127.0.0.1%2Fback"
#define AUTHORIZE "/oauth/authorize?response_type=code&client_id=" OAUTH_CLIENT_ID "&redirect_uri=" BACK
#define REST	  "&state=s1&code_challenge_method=S256&code_challenge=" CHALLENGE
#define APP	  "Basic c2FuZGJveC1hcHA6c2FuZGJveC1hcHAtc2VjcmV0"
#define FORM	  "application/x-www-form-urlencoded"

static const char *code_of(struct rig *rig)
{
	const char *body, *at;

	rig_check_status("page", rig_send(rig, "GET", AUTHORIZE "&scope=accounts%3Aread" REST, NULL), 200);
	body = arena_cstr(&rig->arena, rig->reply.body);
	at = strstr(body, "?code=");
	assert_non_null(at);
	at += strlen("?code=");
	return arena_cstr(&rig->arena, str_of(at, strcspn(at, "&")));
}

static int ask(struct rig *rig, const char *authorization, const char *form)
{
	int status;

	rig->authorization = authorization;
	rig->content_type = FORM;
	status = rig_send(rig, "POST", "/oauth/token", form);
	rig->authorization = NULL;
	rig->content_type = "application/vnd.api+json";
	return status;
}

static const char *form(struct rig *rig, const char *code, const char *verifier, const char *redirect)
{
	return rig_printf(rig, "grant_type=authorization_code&code=%s&code_verifier=%s&redirect_uri=%s", code,
			  verifier, redirect);
}

static void the_page_is_strict(void **state)
{
	static const char *const wrong[] = {
		"/oauth/authorize",
		"/oauth/authorize?response_type=code&client_id=other&redirect_uri=" BACK
		"&scope=accounts%3Aread" REST,
		"/oauth/authorize?response_type=token&client_id=" OAUTH_CLIENT_ID "&redirect_uri=" BACK
		"&scope=accounts%3Aread" REST,
		AUTHORIZE "&scope=events%3Awrite" REST,
		AUTHORIZE "&scope=accounts%3Aread&code_challenge_method=S256&code_challenge=" CHALLENGE,
		AUTHORIZE
		"&scope=accounts%3Aread&state=s1&code_challenge_method=plain&code_challenge=" CHALLENGE,
		AUTHORIZE "&scope=accounts%3Aread&state=s1&code_challenge_method=S256&code_challenge=short",
	};
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		rig_check_status(wrong[i], rig_send(rig, "GET", wrong[i], NULL), 400);
	(void)code_of(rig);
	rig_knobs(rig, "{\"oauth_redirect\":[\"http://127.0.0.1/other\"]}");
	rig_check_status("not registered",
			 rig_send(rig, "GET", AUTHORIZE "&scope=accounts%3Aread" REST, NULL), 400);
	rig_free(rig);
}

static void a_code_counts_once_and_with_its_verifier(void **state)
{
	struct rig *rig = rig_new();
	const char *code = code_of(rig);

	(void)state;
	rig_check_status("no app", ask(rig, NULL, form(rig, code, VERIFIER, BACK)), 401);
	rig_check_status("good", ask(rig, APP, form(rig, code, VERIFIER, BACK)), 200);
	assert_true(rig_text(rig, "access_token").len > 20);
	assert_true(rig_text(rig, "refresh_token").len > 20);
	rig_check_text(rig, "life", "expires_in", "3600");
	rig_check_status("again", ask(rig, APP, form(rig, code, VERIFIER, BACK)), 400);
	rig_check_text(rig, "again", "error", "invalid_grant");
	code = code_of(rig);
	rig_check_status("verifier",
			 ask(rig, APP, form(rig, code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXx", BACK)),
			 400);
	rig_check_status("used up by it", ask(rig, APP, form(rig, code, VERIFIER, BACK)), 400);
	code = code_of(rig);
	rig_check_status("redirect", ask(rig, APP, form(rig, code, VERIFIER, "http%3A%2F%2F127.0.0.1%2Fx")),
			 400);
	code = code_of(rig);
	rig_wait(rig, 301000);
	rig_check_status("late", ask(rig, APP, form(rig, code, VERIFIER, BACK)), 400);
	rig_free(rig);
}

static int api(struct rig *rig, struct str access)
{
	int status;

	rig->authorization = rig_printf(rig, "Bearer %.*s", STR_ARG(access));
	status = rig_send(rig, "GET", "/api/accounts", NULL);
	rig->authorization = NULL;
	return status;
}

static void tokens_end(void **state)
{
	struct rig *rig = rig_new();
	struct str access, refresh;
	const char *again;

	(void)state;
	rig_check_status("tokens", ask(rig, APP, form(rig, code_of(rig), VERIFIER, BACK)), 200);
	access = arena_dup(&rig->arena, rig_text(rig, "access_token"));
	refresh = arena_dup(&rig->arena, rig_text(rig, "refresh_token"));
	rig_check_status("counts", api(rig, access), 200);
	rig_check_status("another", api(rig, STR("access_none")), 401);
	rig_wait(rig, 3601000);
	rig_check_status("ended", api(rig, access), 401);
	again = rig_printf(rig, "grant_type=refresh_token&refresh_token=%.*s", STR_ARG(refresh));
	rig_check_status("renewed", ask(rig, APP, again), 200);
	rig_check_status("counts", api(rig, arena_dup(&rig->arena, rig_text(rig, "access_token"))), 200);
	rig_check_status("uninstalled", rig_send(rig, "POST", "/sandbox/oauth/uninstall", NULL), 200);
	rig_check_status("not any more", ask(rig, APP, again), 400);
	rig_check_text(rig, "not any more", "error", "invalid_grant");
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_strict),
		cmocka_unit_test(a_code_counts_once_and_with_its_verifier),
		cmocka_unit_test(tokens_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
