/*
 * Users, sessions and tokens, as they are.
 *
 * Keeps: hashes and digests stay here; of a token the last characters are told.
 */
#include "admin/user_view.h"

#include "admin/users.h"

struct json *user_json(struct admin_call *call, const struct user_row *user)
{
	bool locked = user->locked_until_ms > call->now_ms;
	struct json *json = json_new_object();

	json_put_int(json, "id", user->id);
	json_put_int(json, "version", user->version);
	json_put(json, "name", user->name);
	json_put(json, "role", str_from(user_role_text(user->role)));
	json_set(json, "stores", users_stores_json(&call->look, user->stores));
	json_put(json, "state",
		 locked			  ? STR("locked")
		 : user->password.len > 0 ? STR("active")
					  : STR("invited"));
	json_put_bool(json, "totp", user->totp_sealed.len > 0);
	json_put_time(json, "created_at", user->created_ms);
	json_put_time(json, "seen_at", user->seen_ms);
	json_put_time(json, "locked_until", locked ? user->locked_until_ms : 0);
	return json;
}

bool get_users(struct admin_call *call, struct err *err)
{
	struct user_row *row;
	struct json *list;
	size_t n;

	if (!db_user_list(call->look.db, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(list, user_json(call, &row[i]));
	return call_page(call, list, STR(""));
}

/* An owner of everything sees what lets anybody in; others their own. */
static int64_t whose(const struct admin_call *call)
{
	return call->user.role == USER_OWNER && !call->limited ? 0 : call->user.id;
}

static struct str user_name(const struct user_row *user, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (user[i].id == id)
			return user[i].name;
	return STR("");
}

static struct json *login_json(const struct admin_call *call, const struct grant_row *row, struct str name)
{
	struct json *json = json_new_object();

	json_put_int(json, "id", row->id);
	json_put(json, "user", name);
	json_put_bool(json, "current", row->id == call->grant.id);
	json_put(json, "browser", row->name);
	json_put(json, "address", row->remote);
	json_put_time(json, "created_at", row->created_ms);
	json_put_time(json, "seen_at", row->seen_ms);
	json_put_time(json, "expires_at", row->expires_ms);
	return json;
}

struct json *token_json(const struct grant_row *row, struct str name)
{
	struct json *json = json_new_object(), *scopes = json_new_array();
	struct str rest = row->scopes, one;

	while (str_split(&rest, ' ', &one))
		json_append(scopes, json_new_text(one));
	json_put_int(json, "id", row->id);
	json_put(json, "user", name);
	json_put(json, "name", row->name);
	json_put(json, "last4", row->last4);
	json_set(json, "scopes", scopes);
	json_put_time(json, "created_at", row->created_ms);
	json_put_time(json, "expires_at", row->expires_ms);
	json_put_time(json, "seen_at", row->seen_ms);
	return json;
}

static bool list_grants(struct admin_call *call, enum grant_kind kind, struct err *err)
{
	struct grant_row *row;
	struct user_row *user;
	size_t n, n_user;
	struct json *list;

	if (!db_user_list(call->look.db, call->look.arena, &user, &n_user, err) ||
	    !db_grant_list(call->look.db, whose(call), call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++) {
		struct str name = user_name(user, n_user, row[i].user_id);

		if (row[i].kind != kind || (row[i].expires_ms > 0 && row[i].expires_ms <= call->now_ms))
			continue;
		json_append(list, kind == GRANT_TOKEN ? token_json(&row[i], name)
						      : login_json(call, &row[i], name));
	}
	return call_page(call, list, STR(""));
}

bool get_sessions(struct admin_call *call, struct err *err)
{
	return list_grants(call, GRANT_SESSION, err);
}

bool get_tokens(struct admin_call *call, struct err *err)
{
	return list_grants(call, GRANT_TOKEN, err);
}
