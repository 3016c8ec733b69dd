/*
 * Connecting accounts by OAuth with PKCE, where the operator has registered an app.
 *
 * Does:    the address of Klaviyo's page; what comes back from it, as tokens of a new account or of one that
 *          there is.
 * Keeps:   a state counts once, for ten minutes, and in the session that began with it: who is sent here with
 *          somebody else's code connects nothing. Verifier and state are in memory alone. Tokens go straight
 *          to the sealed row.
 * Threads: the slow worker.
 */
#include "admin/config_view.h"
#include "admin/connecting.h"
#include "admin/key_check.h"
#include "flow/connect.h"
#include "net/oauth.h"
#include "settings/actor.h"

#include <stdio.h>
#include <string.h>

#define LIFE_MS	      (10 * MS_PER_MIN)
#define CALLBACK      "/admin/connected"
#define NAME_MAX_TEXT 40
#define NAMES_MAX     100
#define USER_AGENT    "pannier"

/* ---- what is under way ---- */

static struct connecting *oldest(struct admin *admin)
{
	struct connecting *found = &admin->connecting[0];

	for (size_t i = 1; i < CONNECTING_MAX; i++)
		if (admin->connecting[i].until_ms < found->until_ms)
			found = &admin->connecting[i];
	return found;
}

static struct str random_text(struct admin_call *call)
{
	unsigned char bytes[CONNECTING_BYTES];

	rand_fill(call->admin->ctx.rand, bytes, sizeof(bytes));
	return oauth_base64url(bytes, sizeof(bytes), call->look.arena);
}

/* Takes it out: it counts once. */
static bool take(struct admin_call *call, struct str state, struct connecting *out)
{
	int64_t now_ms = clock_mono_ms(call->admin->ctx.clock);

	for (size_t i = 0; i < CONNECTING_MAX; i++) {
		struct connecting *one = &call->admin->connecting[i];

		if (one->until_ms <= now_ms || one->grant_id != call->grant.id ||
		    !secret_eq(state, str_from(one->state)))
			continue;
		*out = *one;
		*one = (struct connecting){ 0 };
		return true;
	}
	return false;
}

static bool has_app(const struct admin_call *call)
{
	return call->admin->config.klaviyo && call->admin->config.klaviyo->client_id.len > 0;
}

static struct str redirect_url(struct admin_call *call)
{
	struct str base = call->admin->config.url;

	if (base.len > 0)
		return arena_printf(call->look.arena, "%.*s" CALLBACK, STR_ARG(base));
	return arena_printf(call->look.arena, "%s://%.*s" CALLBACK, call->request->secure ? "https" : "http",
			    STR_ARG(call->header.host));
}

bool get_connection(struct admin_call *call, struct err *err)
{
	struct json *json = json_new_object();

	(void)err;
	json_put_bool(json, "available", has_app(call));
	json_put(json, "redirect_url", redirect_url(call));
	return call_answer(call, json);
}

/* ---- begin ---- */

static bool fits(struct admin_call *call, struct str *api_url, struct err *err)
{
	const struct settings_account *account;
	struct str name = json_get_text(call->body, "account");

	if (!has_app(call))
		return err_set(err, ERR_CONFLICT,
			       "no Klaviyo app is set: register one, then serve with --klaviyo-client-id and "
			       "--klaviyo-client-secret-file");
	if (name.len > 0) {
		if (!call_account(call, name, &account, err))
			return false;
		*api_url = setting_text(account->value, SETTING_KEY_api_url);
		return true;
	}
	*api_url = str_trim(json_get_text(call->body, "api_url"));
	if (api_url->len == 0)
		*api_url = str_from(setting_row(SETTING_KEY_api_url)->otherwise);
	return (setting_parse(SETTING_KEY_api_url, *api_url, call->look.arena, api_url, err) &&
		api_url->len < CONNECTING_URL_BYTES) ||
	       err_wrap(err, "'api_url'");
}

bool post_connection_start(struct admin_call *call, struct err *err)
{
	struct str api_url, redirect = redirect_url(call), state = random_text(call),
			    verifier = random_text(call);
	struct connecting *one = oldest(call->admin);
	struct json *json;

	if (!fits(call, &api_url, err))
		return false;
	if (redirect.len >= CONNECTING_URL_BYTES)
		return err_set(err, ERR_INVALID, "the address of these screens is too long");
	*one = (struct connecting){ .until_ms = clock_mono_ms(call->admin->ctx.clock) + LIFE_MS,
				    .grant_id = call->grant.id };
	(void)snprintf(one->state, sizeof(one->state), "%.*s", STR_ARG(state));
	(void)snprintf(one->verifier, sizeof(one->verifier), "%.*s", STR_ARG(verifier));
	(void)snprintf(one->api_url, sizeof(one->api_url), "%.*s", STR_ARG(api_url));
	(void)snprintf(one->redirect_url, sizeof(one->redirect_url), "%.*s", STR_ARG(redirect));
	(void)snprintf(one->account, sizeof(one->account), "%.*s",
		       STR_ARG(json_get_text(call->body, "account")));
	json = json_new_object();
	json_put(json, "url",
		 klaviyo_authorize_url(call->admin->config.klaviyo, api_url, redirect, state, verifier,
				       call->look.arena));
	return call_answer(call, json);
}

/* ---- end ---- */

static bool ask_tokens(struct admin_call *call, const struct connecting *one, struct settings_token *token,
		       struct err *err)
{
	struct http_client_config config = { .user_agent = USER_AGENT };
	struct klaviyo_token_request request = klaviyo_token_for_code(
		call->admin->config.klaviyo, str_from(one->api_url), json_get_text(call->body, "code"),
		str_from(one->verifier), str_from(one->redirect_url), call->look.arena);
	struct http_client *client = NULL;
	bool ok;

	if (!http_client_new(&config, &client, err))
		return false;
	ok = connect_ask(client, &request, call->now_ms, call->look.arena, token, err);
	http_client_free(client);
	return ok && (token->refresh.len > 0 ||
		      err_set(err, ERR_UNREACHABLE, "Klaviyo's answer holds no refresh token"));
}

/* "Müller & Co" -> "m-ller-co"; "klaviyo" where nothing is left. */
static struct str name_from(struct str text, struct arena *arena)
{
	char *name = arena_alloc(arena, NAME_MAX_TEXT + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < NAME_MAX_TEXT; i++) {
		char at = text.p[i];

		if (at >= 'A' && at <= 'Z')
			at = (char)(at - 'A' + 'a');
		if ((at >= 'a' && at <= 'z') || (at >= '0' && at <= '9'))
			name[n++] = at;
		else if (n > 0 && name[n - 1] != '-')
			name[n++] = '-';
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	return n > 0 ? str_of(name, n) : STR("klaviyo");
}

static struct str free_name(struct admin_call *call, struct str wanted)
{
	struct str name = wanted;

	for (int i = 2; i < NAMES_MAX && snapshot_find_account(call->look.snapshot, name); i++)
		name = arena_printf(call->look.arena, "%.*s-%d", STR_ARG(wanted), i);
	return name;
}

/* Whose account it is, and what may be done there; *check is to be freed. */
static bool look_into(struct admin_call *call, const struct connecting *one,
		      const struct settings_token *token, struct json **check, struct err *err)
{
	struct settings_account account = { .name = STR("new"), .key = token->access, .oauth = true };

	for (int i = 0; i < SETTING_COUNT; i++)
		if (setting_row((enum setting)i)->scope == SETTING_ACCOUNT)
			account.value[i] = call->look.snapshot->defaults.value[i];
	account.value[SETTING_KEY_api_url] = str_from(one->api_url);
	return key_check(&call->look, &account, check, err);
}

static bool keep(struct admin_call *call, const struct connecting *one, const struct settings_token *token,
		 const struct json *check, struct str *name, struct err *err)
{
	struct setting_change change[2] = { { STR("api_url"), str_from(one->api_url) },
					    { STR("public_key"), json_get_text(check, "public_key") } };
	bool ok;

	settings_act_as(call_actor(call));
	if (one->account[0]) {
		*name = arena_dup(call->look.arena, str_from(one->account));
		ok = settings_account_set_token(call->look.settings, *name, token, call->now_ms, err);
	} else {
		*name = free_name(call, name_from(json_get_text(check, "organization"), call->look.arena));
		ok = settings_account_add_token(call->look.settings, *name, token, change,
						change[1].value.len > 0 ? 2 : 1, call->now_ms, err);
	}
	settings_act_as(STR(""));
	return ok;
}

static bool finish(struct admin_call *call, const struct connecting *one, struct err *err)
{
	struct settings_token token;
	struct json *check = NULL, *json;
	struct str name;

	if (!ask_tokens(call, one, &token, err) || !look_into(call, one, &token, &check, err))
		return false;
	if (!keep(call, one, &token, check, &name, err)) {
		json_free(check);
		return false;
	}
	json = json_new_object();
	json_put(json, "account", name);
	json_put_bool(json, "added", one->account[0] == '\0');
	json_set(json, "check", check);
	return call_answer(call, json);
}

bool post_connection_finish(struct admin_call *call, struct err *err)
{
	struct str code = json_get_text(call->body, "code"), refused = json_get_text(call->body, "error");
	struct connecting one;
	bool ok;

	if (!take(call, json_get_text(call->body, "state"), &one))
		return call_problem(call, 409, "connection", "This connection attempt is not valid",
				    STR("It was started in another session or more than ten minutes ago, or "
					"is already complete. Start again."));
	if (code.len == 0)
		return call_problem(call, 409, "connection_refused", "Klaviyo was not allowed to connect",
				    refused.len > 0 ? refused : STR("The response contains no code."));
	ok = finish(call, &one, err);
	explicit_bzero(&one, sizeof(one));
	return ok;
}
