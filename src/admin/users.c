/*
 * Users: what both the command line and the API do with them.
 */
#include "admin/users.h"

#include "admin/text.h"
#include "base/password.h"

#define NAME_BYTES_MAX 200

bool users_find(struct look *look, struct str name, struct user_row **out, bool *found, struct err *err)
{
	struct user_row *row;
	size_t n;

	*found = false;
	if (!db_user_list(look->db, look->arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n && !*found; i++) {
		if (!str_eq_nocase(row[i].name, str_trim(name)))
			continue;
		*found = true;
		*out = &row[i];
	}
	return true;
}

bool users_get(struct look *look, int64_t id, struct user_row *out, struct err *err)
{
	struct user_row *row;
	size_t n;

	if (!db_user_list(look->db, look->arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (row[i].id != id)
			continue;
		*out = row[i];
		return true;
	}
	return err_set(err, ERR_NOT_FOUND, "there is no such user");
}

bool users_check_name(struct str name, struct err *err)
{
	struct arena arena;
	bool good;

	arena_init(&arena);
	good = name.len > 0 && name.len <= NAME_BYTES_MAX && str_eq(str_trim(name), name) &&
	       str_eq(text_safe(name, &arena), name);
	arena_release(&arena);
	return good || err_set(err, ERR_INVALID,
			       "a user name is 1 to %d bytes of visible text, ideally an email address",
			       NAME_BYTES_MAX);
}

struct str users_totp_label(int64_t user_id, struct arena *arena)
{
	return arena_printf(arena, "user/%lld/totp", (long long)user_id);
}

/* ---- limits ---- */

struct json *users_stores_json(struct look *look, struct str stores)
{
	struct json *list;
	struct str one;
	int64_t id;

	if (stores.len == 0)
		return json_new_null();
	list = json_new_array();
	while (str_split(&stores, ',', &one)) {
		const struct settings_store *store =
			str_to_int64(one, &id) ? snapshot_store(look->snapshot, id) : NULL;

		if (store)
			json_append(list, json_new_text(store->name));
	}
	return list;
}

bool users_stores_parse(struct look *look, const struct str *name, size_t n, struct str *out, struct err *err)
{
	struct str text = STR("");

	if (n == 0)
		return err_set(err, ERR_INVALID, "name a store, or none to see all");
	for (size_t i = 0; i < n; i++) {
		const struct settings_store *store = snapshot_find_store(look->snapshot, name[i]);

		if (!store)
			return err_set(err, ERR_NOT_FOUND, "no store '%.*s'", STR_ARG(name[i]));
		text = arena_printf(look->arena, "%.*s%s%lld", STR_ARG(text), i ? "," : "",
				    (long long)store->id);
	}
	*out = text;
	return true;
}

/* ---- changes ---- */

static bool put(struct look *look, struct user_change *change, struct user_row *out, struct err *err)
{
	int64_t id;

	return db_user_change(look->db, clock_wall_ms(look->clock), change, &id, err) &&
	       users_get(look, id, out, err);
}

static bool name_free(struct look *look, struct str name, int64_t id, struct err *err)
{
	struct user_row *row;
	bool found;

	if (!users_check_name(name, err) || !users_find(look, name, &row, &found, err))
		return false;
	return !found || row->id == id ||
	       err_set(err, ERR_CONFLICT, "there is already a user '%.*s'", STR_ARG(row->name));
}

bool users_add(struct look *look, const struct users_new *new, struct user_row *out, struct err *err)
{
	struct user_change change = { .kind = USER_PUT, .first = new->first };

	change.row = (struct user_row){ .name = new->name, .role = new->role, .stores = new->stores };
	if (!name_free(look, new->name, 0, err))
		return false;
	if (new->password.len > 0 && (!password_check(new->password, err) ||
				      !password_hash(new->password, look->arena, &change.row.password, err)))
		return false;
	change.reason = arena_printf(look->arena, "%.*s added as %s%s (by %.*s)", STR_ARG(new->name),
				     user_role_text(new->role),
				     new->stores.len ? ", limited to some stores" : "", STR_ARG(new->actor));
	return put(look, &change, out, err);
}

bool users_change(struct look *look, const struct user_row *user, struct str actor, struct user_row *out,
		  struct err *err)
{
	struct user_change change = { .kind = USER_PUT, .row = *user };

	if (!name_free(look, user->name, user->id, err))
		return false;
	change.reason = arena_printf(look->arena, "%.*s changed: %s%s (by %.*s)", STR_ARG(user->name),
				     user_role_text(user->role),
				     user->stores.len ? ", limited to some stores" : "", STR_ARG(actor));
	return put(look, &change, out, err);
}

static bool unlock(struct look *look, const struct user_row *user, struct err *err)
{
	struct user_change change = { .kind = USER_SIGN_IN, .row = *user };
	int64_t id;

	change.row.failed = 0;
	change.row.locked_until_ms = 0;
	return db_user_change(look->db, clock_wall_ms(look->clock), &change, &id, err);
}

bool users_set_password(struct look *look, const struct user_row *user, struct str password, bool drop_totp,
			struct str actor, struct err *err)
{
	struct user_change change = { .kind = USER_PUT, .row = *user, .end_grants = true };
	struct user_row changed;

	if (!password_check(password, err) ||
	    !password_hash(password, look->arena, &change.row.password, err))
		return false;
	if (drop_totp)
		change.row.totp_sealed = STR("");
	change.reason = arena_printf(look->arena, "%.*s: password changed%s (by %.*s)", STR_ARG(user->name),
				     drop_totp && user->totp_sealed.len ? ", second factor removed" : "",
				     STR_ARG(actor));
	return put(look, &change, &changed, err) && unlock(look, &changed, err);
}

bool users_remove(struct look *look, const struct user_row *user, struct str actor, struct err *err)
{
	struct user_change change = { .kind = USER_REMOVE, .row = *user };
	int64_t id;

	change.reason =
		arena_printf(look->arena, "%.*s removed (by %.*s)", STR_ARG(user->name), STR_ARG(actor));
	return db_user_change(look->db, clock_wall_ms(look->clock), &change, &id, err);
}
