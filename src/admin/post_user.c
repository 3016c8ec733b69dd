/*
 * Changes of users and of what lets them in.
 *
 * Keeps: nobody changes an own second factor or password without the password; what was made is told once.
 */
#include "admin/grants.h"
#include "admin/qr.h"
#include "admin/user_view.h"
#include "base/password.h"
#include "net/url.h"

#define LABEL_BYTES_MAX 200
#define NAMES_MAX	1000
#define ISSUER		"Pannier"

/* "stores" of the body: null or missing = all. */
static bool read_stores(struct admin_call *call, struct str *out, struct err *err)
{
	const struct json *list = json_get(call->body, "stores");
	struct str *name;

	*out = STR("");
	if (!list || json_type(list) == JSON_NULL)
		return true;
	name = ARENA_ARRAY(call->look.arena, json_len(list) + 1, struct str);
	for (size_t i = 0; i < json_len(list); i++)
		name[i] = json_text(json_at(list, i));
	return users_stores_parse(&call->look, name, json_len(list), out, err);
}

static bool named_user(struct admin_call *call, struct user_row *user, struct err *err)
{
	int64_t id;

	if (!str_to_int64(call_segment(call, 0), &id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	return users_get(&call->look, id, user, err);
}

static bool answer_invitation(struct admin_call *call, const struct user_row *user, struct err *err)
{
	struct grant_row grant;
	struct json *json;
	struct str secret;

	if (!invitation_add(&call->look, call->admin->ctx.rand, user, call_actor(call), &grant, &secret, err))
		return false;
	json = json_new_object();
	json_set(json, "user", user_json(call, user));
	json_put(json, "token", secret);
	json_put_time(json, "expires_at", grant.expires_ms);
	return call_answer(call, json);
}

bool post_user(struct admin_call *call, struct err *err)
{
	struct users_new new = { .name = json_get_text(call->body, "name"), .actor = call_actor(call) };
	struct user_row user;

	return user_role_parse(json_get_text(call->body, "role"), &new.role) &&
	       read_stores(call, &new.stores, err) && users_add(&call->look, &new, &user, err) &&
	       answer_invitation(call, &user, err);
}

bool post_user_invitation(struct admin_call *call, struct err *err)
{
	struct user_row user;

	if (!named_user(call, &user, err))
		return false;
	if (user.password.len > 0)
		return err_set(err, ERR_CONFLICT, "this user has a password already");
	return answer_invitation(call, &user, err);
}

static struct str user_etag(const struct user_row *user, struct arena *arena)
{
	return arena_printf(arena, "\"%lld\"", (long long)user->version);
}

bool patch_user(struct admin_call *call, struct err *err)
{
	struct str name = json_get_text(call->body, "name"), role = json_get_text(call->body, "role");
	struct user_row user, changed;

	if (!named_user(call, &user, err))
		return false;
	if (!str_eq(call->header.if_match, user_etag(&user, call->look.arena)))
		return call_problem(call, 412, "changed", "Someone else changed this user",
				    STR("Read it again."));
	if (name.len > 0)
		user.name = name;
	if (role.len > 0 && !user_role_parse(role, &user.role))
		return err_set(err, ERR_INVALID, "'role' is not a role");
	if (json_get(call->body, "stores") && !read_stores(call, &user.stores, err))
		return false;
	return users_change(&call->look, &user, call_actor(call), &changed, err) &&
	       call_answer(call, user_json(call, &changed));
}

bool delete_user(struct admin_call *call, struct err *err)
{
	struct user_row user;

	return named_user(call, &user, err) && users_remove(&call->look, &user, call_actor(call), err) &&
	       call_nothing(call);
}

/* ---- an invitation is taken ---- */

bool post_invitation_accept(struct admin_call *call, struct err *err)
{
	static const struct rate rate = { .burst = 10, .per_minute = 10 };
	struct str token = json_get_text(call->body, "token");
	struct err problem = { ERR_NONE, "" };
	struct grant_row grant;
	struct user_row user;

	if (!gate_take(call->admin, "invitation", gate_remote(call), rate))
		return call_problem_later(call, "too_fast", "Too many attempts", 60);
	if (!db_grant_find(call->look.db, grant_digest(token), call->look.arena, &grant, &user, &problem) &&
	    problem.code != ERR_NOT_FOUND)
		return err_set(err, problem.code, "%s", problem.msg);
	if (problem.code == ERR_NOT_FOUND || grant.kind != GRANT_INVITATION ||
	    grant.expires_ms <= call->now_ms)
		return call_problem(call, 403, "invitation", "This invitation is no longer valid",
				    STR("Ask for a new one."));
	if (!users_set_password(&call->look, &user, json_get_text(call->body, "password"), false, user.name,
				err))
		return false;
	return call_nothing(call);
}

/* ---- one's own ---- */

/* Is it the password of whoever asks? True with *good false: the answer is set. */
static bool confirm(struct admin_call *call, const char *member, bool *good)
{
	static const struct rate rate = { .burst = 10, .per_minute = 10 };

	*good = false;
	if (!gate_take(call->admin, "confirm", call->user.name, rate))
		return call_problem_later(call, "too_fast", "Too many attempts", 60);
	*good = password_verify(call->user.password, json_get_text(call->body, member));
	return *good || call_problem(call, 403, "wrong_password", "Wrong password", STR(""));
}

bool post_password(struct admin_call *call, struct err *err)
{
	bool good;

	if (!confirm(call, "old", &good) || !good)
		return true;
	if (!users_set_password(&call->look, &call->user, json_get_text(call->body, "new"), false,
				call->user.name, err))
		return false;
	session_cookie(call, STR(""), 0); /* all sessions ended, this one too */
	return call_nothing(call);
}

/* What the app calls it; a name that is too long for a code that a phone can read is left out. */
static struct str totp_url(struct admin_call *call, struct str secret)
{
	struct strbuf label;
	struct str url;

	strbuf_init(&label, LABEL_BYTES_MAX);
	url_encode(call->user.name, "", &label);
	url = arena_printf(call->look.arena,
			   "otpauth://totp/" ISSUER "%s%.*s?secret=%.*s&issuer=" ISSUER
			   "&algorithm=SHA1&digits=6&period=30",
			   label.overflow ? "" : ":", label.overflow ? 0 : (int)label.len, label.p,
			   STR_ARG(secret));
	strbuf_release(&label);
	return url;
}

bool post_totp(struct admin_call *call, struct err *err)
{
	char key[TOTP_KEY_BYTES];
	struct str secret, url;
	struct json *json, *qr;

	rand_fill(call->admin->ctx.rand, key, sizeof(key));
	secret = base32_encode(call->look.arena, str_of(key, sizeof(key)));
	url = totp_url(call, secret);
	if (!qr_rows(url, &qr, err))
		return false;
	json = json_new_object();
	json_put(json, "secret", secret);
	json_put(json, "url", url);
	json_set(json, "qr", qr);
	return call_answer(call, json);
}

static bool put_totp_sealed(struct admin_call *call, struct str sealed, const char *what, struct err *err)
{
	struct user_change change = { .kind = USER_PUT, .row = call->user };
	int64_t id;

	change.row.totp_sealed = sealed;
	change.reason =
		arena_printf(call->look.arena, "%.*s: second factor %s", STR_ARG(call->user.name), what);
	return db_user_change(call->look.db, call->now_ms, &change, &id, err) && call_nothing(call);
}

bool put_totp(struct admin_call *call, struct err *err)
{
	struct str key;
	int64_t step;
	bool good;

	if (!confirm(call, "password", &good) || !good)
		return true;
	if (!base32_decode(call->look.arena, json_get_text(call->body, "secret"), &key) ||
	    key.len < TOTP_KEY_BYTES)
		return err_set(err, ERR_INVALID, "'secret' is not one that was given");
	if (!totp_verify(key, json_get_text(call->body, "code"), call->now_ms, 0, &step))
		return call_problem(call, 403, "wrong_code", "Wrong code",
				    STR("Check that your phone's clock is right."));
	return put_totp_sealed(call,
			       settings_seal(call->look.settings,
					     users_totp_label(call->user.id, call->look.arena), key,
					     call->look.arena),
			       "set up", err);
}

bool post_totp_remove(struct admin_call *call, struct err *err)
{
	bool good;

	if (!confirm(call, "password", &good) || !good)
		return true;
	return put_totp_sealed(call, STR(""), "removed", err);
}

/* ---- sessions and tokens ---- */

static bool end_grant(struct admin_call *call, enum grant_kind kind, struct err *err)
{
	bool all = call->user.role == USER_OWNER && !call->limited;
	struct grant_row grant;
	int64_t id;

	if (!str_to_int64(call_segment(call, 0), &id))
		return err_set(err, ERR_NOT_FOUND, "there is no such thing");
	if (!grant_get(&call->look, kind, id, &grant, err))
		return false;
	if (!all && grant.user_id != call->user.id)
		return err_set(err, ERR_NOT_FOUND, "there is no such thing");
	return grant_remove(&call->look, &grant, call_actor(call), err) && call_nothing(call);
}

bool delete_login(struct admin_call *call, struct err *err)
{
	return end_grant(call, GRANT_SESSION, err);
}

bool delete_token(struct admin_call *call, struct err *err)
{
	return end_grant(call, GRANT_TOKEN, err);
}

bool post_token(struct admin_call *call, struct err *err)
{
	const struct json *scopes = json_get(call->body, "scopes");
	struct token_new new = { .name = json_get_text(call->body, "name"),
				 .n_scope = json_len(scopes),
				 .days = TOKEN_DAYS_USUAL,
				 .actor = call_actor(call) };
	struct str *scope = ARENA_ARRAY(call->look.arena, new.n_scope + 1, struct str), secret;
	struct grant_row grant;
	struct json *json;

	(void)json_get_int(call->body, "expires_days", &new.days);
	if (new.days < 1)
		return err_set(err, ERR_INVALID, "'expires_days' is 1 to %d", TOKEN_DAYS_MAX);
	for (size_t i = 0; i < new.n_scope; i++)
		scope[i] = json_text(json_at(scopes, i));
	new.scope = scope;
	if (!token_add(&call->look, call->admin->ctx.rand, &call->user, &new, &grant, &secret, err))
		return false;
	json = json_new_object();
	json_set(json, "token", token_json(&grant, call->user.name));
	json_put(json, "secret", secret);
	return call_answer(call, json);
}
