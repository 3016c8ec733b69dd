/*
 * OAuth 2.0: the page that asks, codes, tokens.
 *
 * Keeps:   strict where Klaviyo is: an app that is not registered, a redirect URL that is not its own, a
 *          challenge that is not S256, a verifier that does not fit, a code a second time, are all refused.
 * Threads: the server's thread.
 * Source:  Klaviyo's guides to OAuth, 2026-07; RFC 6749 (4.1, 5.2, 6), RFC 7009, RFC 7636.
 */
#include "sandbox/oauth.h"

#include "base/digest.h"
#include "net/oauth.h"
#include "net/url.h"
#include "sandbox/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CODE_MS	     300000
#define CHANCE_BYTES 32
#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

static void answer_json(struct call *call, int status, struct str body)
{
	call->reply->status = status;
	call->reply->body = body;
	call->reply->content_type = "application/json";
	reply_header(call->reply, "Cache-Control", STR("no-store"));
}

static void refuse(struct call *call, int status, const char *error, const char *why)
{
	answer_json(
		call, status,
		arena_printf(call->arena, "{\"error\":\"%s\",\"error_description\":\"%s\"}\n", error, why));
}

static void make_text(struct call *call, const char *prefix, char out[static OAUTH_TEXT_BYTES])
{
	unsigned char bytes[CHANCE_BYTES];

	rand_fill(call->sandbox->rand, bytes, sizeof(bytes));
	(void)snprintf(out, OAUTH_TEXT_BYTES, "%s%.*s", prefix,
		       STR_ARG(oauth_base64url(bytes, sizeof(bytes), call->arena)));
}

/* ---- the page ---- */

struct wish {
	struct str type, client, redirect, scope, state, method, challenge;
};

static struct str query(struct call *call, const char *name)
{
	struct str value;

	return url_query(call->request->query, name, call->arena, &value) ? value : STR("");
}

static bool redirect_known(const struct call *call, struct str redirect)
{
	const struct texts *known = &call->sandbox->knobs.oauth_redirect;

	return redirect.len > 0 && redirect.len < OAUTH_URL_BYTES &&
	       (known->n == 0 || texts_has(known, redirect));
}

/* What must be right before anybody is sent anywhere; NULL = all is. */
static const char *wrong(const struct call *call, const struct wish *wish)
{
	if (!str_eq(wish->client, STR(OAUTH_CLIENT_ID)))
		return "no app has this client_id";
	if (!redirect_known(call, wish->redirect))
		return "the redirect_uri is none that the app has registered";
	if (!str_eq(wish->type, STR("code")))
		return "response_type must be code";
	if (!str_eq(wish->method, STR("S256")) || wish->challenge.len != VERIFIER_MIN)
		return "code_challenge_method must be S256, with its code_challenge";
	if (wish->state.len == 0)
		return "state is missing";
	return strstr(arena_cstr(call->arena, wish->scope), "accounts:read")
		       ? NULL
		       : "the scope lacks accounts:read";
}

static struct str back(struct call *call, const struct wish *wish, const char *name, struct str value)
{
	struct strbuf url;
	struct str out;

	strbuf_init(&url, (size_t)8 << 10);
	strbuf_add_str(&url, wish->redirect);
	strbuf_addf(&url, "%s%s=", str_find_char(wish->redirect, '?') < wish->redirect.len ? "&amp;" : "?",
		    name);
	url_encode(value, "", &url);
	strbuf_add_text(&url, "&amp;state=");
	url_encode(wish->state, "", &url);
	out = arena_dup(call->arena, strbuf_str(&url));
	strbuf_release(&url);
	return out;
}

static struct oauth_code *new_code(struct call *call, const struct wish *wish)
{
	struct oauth_state *state = &call->sandbox->oauth;
	struct oauth_code *code = &state->code[state->n_code++ % OAUTH_CODES_MAX];

	make_text(call, "code_", code->code);
	(void)snprintf(code->challenge, sizeof(code->challenge), "%.*s", STR_ARG(wish->challenge));
	(void)snprintf(code->redirect, sizeof(code->redirect), "%.*s", STR_ARG(wish->redirect));
	code->until_ms = sandbox_real_ms(call->sandbox) + CODE_MS;
	return code;
}

static bool is_plain(struct str url)
{
	for (size_t i = 0; i < url.len; i++)
		if (strchr("\"<>&'", url.p[i]))
			return false;
	return true;
}

static void get_authorize(struct call *call)
{
	struct wish wish = { query(call, "response_type"), query(call, "client_id"),
			     query(call, "redirect_uri"),  query(call, "scope"),
			     query(call, "state"),	   query(call, "code_challenge_method"),
			     query(call, "code_challenge") };
	const char *why = wrong(call, &wish);
	struct str allow, deny;

	if (!why && !is_plain(wish.redirect))
		why = "the redirect_uri is none that the app has registered";
	if (why) {
		refuse(call, 400, "invalid_request", why);
		return;
	}
	allow = back(call, &wish, "code", str_from(new_code(call, &wish)->code));
	deny = back(call, &wish, "error", STR("access_denied"));
	call->reply->status = 200;
	call->reply->content_type = "text/html; charset=utf-8";
	call->reply->body =
		arena_printf(call->arena,
			     "<!DOCTYPE html><html lang=\"en\"><head><title>Klaviyo's stand-in</title></head>"
			     "<body><h1>Connect an app?</h1><p>An app asks for access to this account.</p>"
			     "<p><a id=\"allow\" href=\"%.*s\">Allow</a> <a id=\"deny\" href=\"%.*s\">Deny"
			     "</a></p></body></html>\n",
			     STR_ARG(allow), STR_ARG(deny));
}

/* ---- tokens ---- */

static struct str field(struct call *call, const char *name)
{
	struct str value;

	return url_query(call->request->body, name, call->arena, &value) ? value : STR("");
}

static bool is_the_app(struct call *call)
{
	struct str wanted = oauth_basic(STR(OAUTH_CLIENT_ID), STR(OAUTH_CLIENT_SECRET), call->arena);

	if (secret_eq(call->request->authorization, wanted))
		return true;
	refuse(call, 401, "invalid_client", "Client authentication failed.");
	return false;
}

static void answer_tokens(struct call *call)
{
	struct oauth_state *state = &call->sandbox->oauth;
	struct oauth_access *access = &state->access[state->n_access++ % OAUTH_TOKENS_MAX];
	int64_t life_s = call->sandbox->knobs.oauth_expires_s;

	make_text(call, "access_", access->token);
	access->until_ms = sandbox_real_ms(call->sandbox) + life_s * 1000;
	if (state->refresh[0] == '\0' || call->sandbox->knobs.oauth_rotate)
		make_text(call, "refresh_", state->refresh);
	answer_json(
		call, 200,
		arena_printf(call->arena,
			     "{\"access_token\":\"%s\",\"refresh_token\":\"%s\",\"token_type\":\"bearer\","
			     "\"expires_in\":%" PRId64 "}\n",
			     access->token, state->refresh, life_s));
}

/* Taken out whatever comes of it: a code counts once. */
static bool take_code(struct call *call, struct oauth_code *out)
{
	struct str code = field(call, "code");

	for (size_t i = 0; i < OAUTH_CODES_MAX; i++) {
		struct oauth_code *one = &call->sandbox->oauth.code[i];

		if (one->code[0] == '\0' || !secret_eq(code, str_from(one->code)))
			continue;
		*out = *one;
		*one = (struct oauth_code){ 0 };
		return out->until_ms > sandbox_real_ms(call->sandbox);
	}
	return false;
}

static void token_for_code(struct call *call)
{
	struct str verifier = field(call, "code_verifier");
	struct oauth_code code;

	if (!take_code(call, &code))
		refuse(call, 400, "invalid_grant", "The code is unknown, used or has ended.");
	else if (!str_eq(field(call, "redirect_uri"), str_from(code.redirect)))
		refuse(call, 400, "invalid_grant", "The redirect_uri is not the one of the code.");
	else if (verifier.len < VERIFIER_MIN || verifier.len > VERIFIER_MAX ||
		 !str_eq(oauth_challenge(verifier, call->arena), str_from(code.challenge)))
		refuse(call, 400, "invalid_grant", "The code_verifier does not fit the code_challenge.");
	else
		answer_tokens(call);
}

static bool refresh_counts(struct call *call, struct str token)
{
	const char *refresh = call->sandbox->oauth.refresh;

	return refresh[0] && secret_eq(token, str_from(refresh));
}

static void post_token(struct call *call)
{
	struct str grant = field(call, "grant_type");

	if (!str_starts(call->request->content_type, STR("application/x-www-form-urlencoded")))
		refuse(call, 400, "invalid_request", "The body must be a form.");
	else if (!is_the_app(call))
		return;
	else if (str_eq(grant, STR("authorization_code")))
		token_for_code(call);
	else if (!str_eq(grant, STR("refresh_token")))
		refuse(call, 400, "unsupported_grant_type",
		       "There are authorization_code and refresh_token.");
	else if (!refresh_counts(call, field(call, "refresh_token")))
		refuse(call, 400, "invalid_grant", "The refresh token is unknown or was revoked.");
	else
		answer_tokens(call);
}

/* The app is taken out of the account, too: none of its tokens counts any more. */
static void post_revoke(struct call *call)
{
	if (!is_the_app(call))
		return;
	if (refresh_counts(call, field(call, "token")))
		call->sandbox->oauth = (struct oauth_state){ 0 };
	answer_json(call, 200, STR("{}\n"));
}

bool oauth_accepts(struct sandbox *sandbox, struct str token)
{
	int64_t now_ms = sandbox_real_ms(sandbox);

	for (size_t i = 0; i < OAUTH_TOKENS_MAX; i++) {
		const struct oauth_access *one = &sandbox->oauth.access[i];

		if (one->token[0] && one->until_ms > now_ms && secret_eq(token, str_from(one->token)))
			return true;
	}
	return false;
}

/* ---- for tests: what a person, or time, does at Klaviyo ---- */

static void get_sandbox(struct call *call)
{
	const struct oauth_state *state = &call->sandbox->oauth;
	const char *newest =
		state->n_access ? state->access[(state->n_access - 1) % OAUTH_TOKENS_MAX].token : "";

	answer_json(
		call, 200,
		arena_printf(
			call->arena,
			"{\"codes\":%zu,\"tokens\":%zu,\"access_token\":\"%s\",\"refresh_token\":\"%s\"}\n",
			state->n_code, state->n_access, newest, state->refresh));
}

static void post_expire(struct call *call)
{
	for (size_t i = 0; i < OAUTH_TOKENS_MAX; i++)
		call->sandbox->oauth.access[i].until_ms = 0;
	get_sandbox(call);
}

static void post_uninstall(struct call *call)
{
	post_expire(call);
	call->sandbox->oauth.refresh[0] = '\0';
}

static const struct {
	const char *method;
	const char *path;
	void (*handle)(struct call *call);
} rows[] = {
	{ "GET", "/oauth/authorize", get_authorize },
	{ "POST", "/oauth/token", post_token },
	{ "POST", "/oauth/revoke", post_revoke },
	{ "GET", "/sandbox/oauth", get_sandbox },
	{ "POST", "/sandbox/oauth/expire", post_expire },
	{ "POST", "/sandbox/oauth/uninstall", post_uninstall },
};

bool oauth_handle(struct call *call)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!str_eq(call->request->path, str_from(rows[i].path)))
			continue;
		if (str_eq(call->request->method, str_from(rows[i].method)))
			rows[i].handle(call);
		else
			refuse(call, 405, "invalid_request", "Another method is wanted.");
		return true;
	}
	return false;
}
