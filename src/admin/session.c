/*
 * Session: signing in and out, and the first owner.
 *
 * Keeps:   only digests of session secrets are stored. A wrong name takes as long as a wrong password and is
 *          answered alike. After LOCK_AFTER wrong ones in a row a user is locked, each time for twice as
 *          long; sessions that are open go on.
 * Threads: the slow worker (passwords); get_session in the quick one.
 */
#include "admin/admin_internal.h"
#include "admin/grants.h"
#include "base/password.h"

#include <string.h>

#define COOKIE_SECURE	"__Host-pannier"
#define COOKIE_PLAIN	"pannier_session"
#define SESSION_MS	(12 * MS_PER_HOUR)
#define COOKIE_AGE_S	(14 * MS_PER_DAY / MS_PER_S)
#define LOCK_AFTER	5
#define LOCK_FIRST_MS	MS_PER_MIN
#define LOCK_MAX_MS	MS_PER_HOUR
#define AGENT_BYTES_MAX 200

static const struct rate address_rate = { .burst = 20, .per_minute = 20 };
static const struct rate name_rate = { .burst = 10, .per_minute = 10 };

struct str session_csrf(struct str secret, struct arena *arena)
{
	struct str part = STR("pannier csrf");
	unsigned char mac[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	digest_hmac_sha256(secret, &part, 1, mac);
	hex_encode(mac, sizeof(mac), hex);
	return arena_dup(arena, str_of(hex, 2 * SHA256_BYTES));
}

static const char *cookie_name(const struct admin *admin)
{
	return gate_is_secure(admin) ? COOKIE_SECURE : COOKIE_PLAIN;
}

struct str session_cookie_value(const struct admin *admin, struct str cookies)
{
	struct str name = str_from(cookie_name(admin)), one;

	while (str_split(&cookies, ';', &one)) {
		one = str_trim(one);
		if (str_starts(one, name) && one.len > name.len && one.p[name.len] == '=')
			return str_skip(one, name.len + 1);
	}
	return STR("");
}

void session_cookie(struct admin_call *call, struct str secret, int64_t max_age_s)
{
	call_header(call, STR("Set-Cookie"),
		    arena_printf(call->look.arena,
				 "%s=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
				 cookie_name(call->admin), STR_ARG(secret), (long long)max_age_s,
				 gate_is_secure(call->admin) ? "; Secure" : ""));
}

/* ---- the state of the session ---- */

static struct json *scopes_json(const struct admin_call *call)
{
	struct json *list = json_new_array();
	struct str rest = call->grant.scopes, one;

	if (call->by_token)
		while (str_split(&rest, ' ', &one))
			json_append(list, json_new_text(one));
	else
		for (int i = 0; i < SCOPE_COUNT; i++)
			if (call->user.role >= scope_role((enum admin_scope)i))
				json_append(list, json_new_text(str_from(scope_text((enum admin_scope)i))));
	return list;
}

static struct json *self_json(struct admin_call *call)
{
	struct json *json = json_new_object();

	json_put_int(json, "id", call->user.id);
	json_put(json, "name", call->user.name);
	json_put(json, "role", str_from(user_role_text(call->user.role)));
	json_set(json, "stores", users_stores_json(&call->look, call->user.stores));
	json_put_bool(json, "totp", call->user.totp_sealed.len > 0);
	json_set(json, "scopes", scopes_json(call));
	return json;
}

static bool answer_session(struct admin_call *call, bool setup)
{
	struct json *json = json_new_object();
	bool in = call->signed_in;

	json_put_bool(json, "signed_in", in);
	json_put_bool(json, "setup", setup);
	json_set(json, "user", in ? self_json(call) : json_new_null());
	json_put_or_null(json, "csrf",
			 in && !call->by_token ? session_csrf(call->secret, call->look.arena) : STR(""));
	json_put(json, "version", str_from(call->admin->config.version));
	json_put_time(json, "expires_at", in ? call->grant.expires_ms : 0);
	return call_answer(call, json);
}

bool get_session(struct admin_call *call, struct err *err)
{
	struct user_row *user;
	size_t n = 1;

	if (!call->signed_in && !db_user_list(call->look.db, call->look.arena, &user, &n, err))
		return false;
	return answer_session(call, n == 0);
}

/* ---- signing in ---- */

static bool begin(struct admin_call *call, const struct user_row *user, struct err *err)
{
	struct grant_change change = { .kind = GRANT_ADD };
	struct str agent = call->header.user_agent;
	int64_t id;

	call->secret = grant_secret(call->admin->ctx.rand, "", call->look.arena);
	change.row = (struct grant_row){
		.kind = GRANT_SESSION,
		.user_id = user->id,
		.digest = grant_digest(call->secret),
		.name = str_of(agent.p, agent.len < AGENT_BYTES_MAX ? agent.len : AGENT_BYTES_MAX),
		.remote = gate_remote(call),
		.created_ms = call->now_ms,
		.expires_ms = call->now_ms + SESSION_MS,
		.seen_ms = call->now_ms,
	};
	if (!db_grant_change(call->look.db, call->now_ms, &change, &id, err))
		return false;
	call->user = *user;
	call->grant = change.row;
	call->grant.id = id;
	call->signed_in = true;
	session_cookie(call, call->secret, COOKIE_AGE_S);
	return true;
}

static int64_t lock_ms(int64_t failed)
{
	int64_t ms = LOCK_FIRST_MS;

	for (int64_t i = LOCK_AFTER; i < failed && ms < LOCK_MAX_MS; i++)
		ms *= 2;
	return ms < LOCK_MAX_MS ? ms : LOCK_MAX_MS;
}

static bool note(struct admin_call *call, struct user_row *user, bool good, struct err *err)
{
	struct user_change change = { .kind = USER_SIGN_IN, .refused = !good };
	int64_t id;

	user->failed = good ? 0 : user->failed + 1;
	user->locked_until_ms =
		!good && user->failed >= LOCK_AFTER ? call->now_ms + lock_ms(user->failed) : 0;
	if (good)
		user->seen_ms = call->now_ms;
	change.row = *user;
	change.reason = arena_printf(call->look.arena, "%.*s from %.*s%s", STR_ARG(user->name),
				     STR_ARG(gate_remote(call)),
				     user->locked_until_ms > 0 ? ", locked for a while" : "");
	return db_user_change(call->look.db, call->now_ms, &change, &id, err);
}

static bool refuse(struct admin_call *call)
{
	return call_problem(call, 401, "wrong_credentials", "Wrong name or password", STR(""));
}

/* The second factor: *good; *missing: it was not given. */
static bool check_code(struct admin_call *call, struct user_row *user, bool *good, bool *missing,
		       struct err *err)
{
	struct str code = json_get_text(call->body, "code"), key;

	*missing = user->totp_sealed.len > 0 && code.len == 0;
	*good = user->totp_sealed.len == 0;
	if (*good || *missing)
		return true;
	if (!settings_unseal(call->look.settings, users_totp_label(user->id, call->look.arena),
			     user->totp_sealed, call->look.arena, &key, err))
		return err_wrap(err, "the second factor");
	*good = totp_verify(key, str_trim(code), call->now_ms, user->totp_step, &user->totp_step);
	return true;
}

static bool try_user(struct admin_call *call, struct user_row *user, struct err *err)
{
	bool good = password_verify(user->password, json_get_text(call->body, "password")), missing = false;

	if (good && !check_code(call, user, &good, &missing, err))
		return false;
	if (missing)
		return call_problem(call, 401, "second_factor", "The two-factor code is required", STR(""));
	if (!note(call, user, good, err))
		return false;
	if (!good)
		return refuse(call);
	return begin(call, user, err) && answer_session(call, false);
}

bool post_session(struct admin_call *call, struct err *err)
{
	struct str name = json_get_text(call->body, "name");
	struct user_row *user;
	bool found;

	if (!gate_take(call->admin, "sign-in address", gate_remote(call), address_rate) ||
	    !gate_take(call->admin, "sign-in name", name, name_rate))
		return call_problem_later(call, "too_fast", "Too many attempts", 60);
	if (!users_find(&call->look, name, &user, &found, err))
		return false;
	if (!found) {
		(void)password_verify(STR(""), json_get_text(call->body, "password"));
		return refuse(call);
	}
	if (user->locked_until_ms > call->now_ms)
		return call_problem_later(call, "locked", "Locked after too many attempts",
					  (user->locked_until_ms - call->now_ms) / MS_PER_S + 1);
	return try_user(call, user, err);
}

bool delete_session(struct admin_call *call, struct err *err)
{
	struct grant_change change = { .kind = GRANT_REMOVE, .row = call->grant };
	int64_t id;

	if (!db_grant_change(call->look.db, call->now_ms, &change, &id, err))
		return false;
	session_cookie(call, STR(""), 0);
	return call_nothing(call);
}

/* ---- the first owner ---- */

struct str admin_setup_code(struct admin *admin)
{
	struct user_row *user;
	struct arena arena;
	size_t n = 1;
	struct err err;

	arena_init(&arena);
	if (!db_user_list(admin->ctx.db, &arena, &user, &n, &err))
		n = 1;
	arena_release(&arena);
	return n == 0 ? str_from(admin->setup_code) : STR("");
}

bool post_setup(struct admin_call *call, struct err *err)
{
	struct users_new new = {
		.name = json_get_text(call->body, "name"),
		.role = USER_OWNER,
		.password = json_get_text(call->body, "password"),
		.first = true,
		.actor = STR("first start"),
	};
	struct user_row user;

	if (!gate_take(call->admin, "setup", STR("all"), name_rate))
		return call_problem_later(call, "too_fast", "Too many attempts", 60);
	if (!secret_eq(json_get_text(call->body, "code"), str_from(call->admin->setup_code)))
		return call_problem(
			call, 403, "setup_code", "Wrong setup code",
			STR("Open the link that the daemon printed when it started, or use: pannier "
			    "user add"));
	return users_add(&call->look, &new, &user, err) && begin(call, &user, err) &&
	       answer_session(call, false);
}
