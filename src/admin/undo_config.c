/*
 * Routes of the history of settings: who changed what, and back.
 *
 * Keeps: a limited user sees changes of the stores that are theirs, and of the accounts these feed.
 */
#include "admin/admin_internal.h"
#include "admin/config_history.h"
#include "settings/actor.h"

static bool sees_change(const struct admin_call *call, const struct config_history_row *row)
{
	const struct settings_account *account = snapshot_account(call->look.snapshot, row->account_id);

	if (!call->limited)
		return true;
	if (row->kind == CONFIG_DEFAULTS_PUT)
		return false;
	if (row->store_id != 0)
		return call_sees_store(call, row->store_id);
	return account && call_sees_account(call, account);
}

static bool history_filter(struct admin_call *call, struct config_history_filter *out, struct err *err)
{
	struct str name = call_query(call, "account");
	const struct settings_account *account;

	*out = (struct config_history_filter){ 0 };
	if (!call_store_query(call, &out->store_id, err) || !call_cursor(call, &out->before_version, err) ||
	    !call_limit(call, &out->max_n, err))
		return false;
	if (name.len > 0 && !call_account(call, name, &account, err))
		return false;
	out->account_id = name.len > 0 ? account->id : 0;
	out->defaults = call_query(call, "scope").len > 0;
	return true;
}

static struct json *shown(struct admin_call *call, const struct config_history_row *row)
{
	struct change_view view;

	change_view_make(&call->look, row, &view);
	return change_view_json(&view);
}

bool get_settings_history(struct admin_call *call, struct err *err)
{
	struct config_history_filter filter;
	struct config_history_row *row;
	struct str next = STR("");
	struct json *list;
	size_t n;

	if (!history_filter(call, &filter, err) ||
	    !db_config_history(call->look.db, &filter, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		if (sees_change(call, &row[i]))
			json_append(list, shown(call, &row[i]));
	if (n == filter.max_n)
		next = arena_printf(call->look.arena, "%lld", (long long)row[n - 1].version);
	return call_page(call, list, next);
}

/*
 * As the routes that change the same: accounts are for unlimited users, defaults and moving a store for
 * owners.
 */
static bool may_undo(const struct admin_call *call, const struct config_history_row *row,
		     const struct change_view *view)
{
	bool of_owners = row->kind == CONFIG_DEFAULTS_PUT;

	for (size_t i = 0; i < view->n; i++)
		of_owners = of_owners || str_eq(view->line[i].changed.key, STR("account"));
	if (of_owners)
		return !call->limited && call_may(call, SCOPE_ACCOUNTS_WRITE);
	return !call->limited || row->store_id != 0;
}

bool post_settings_undo(struct admin_call *call, struct err *err)
{
	struct config_history_filter newest = { .max_n = 1 };
	struct config_history_row row, *made;
	struct change_view view;
	struct err why;
	int64_t number;
	bool ok;
	size_t n;

	if (!str_to_int64(call_segment(call, 0), &number))
		return err_set(err, ERR_NOT_FOUND, "a change has a number");
	if (!call_refresh(call, err) ||
	    !settings_history_get(call->look.db, number, call->look.arena, &row, err))
		return false;
	if (!sees_change(call, &row))
		return err_set(err, ERR_NOT_FOUND, "there is no such change");
	change_view_make(&call->look, &row, &view);
	if (!may_undo(call, &row, &view))
		return call_problem(call, 403, "role", "Not allowed",
				    STR("This requires a user who may change accounts."));
	settings_act_as(call_actor(call));
	ok = settings_undo(call->look.settings, number, call->now_ms, &why);
	settings_act_as(STR(""));
	if (!ok && why.code == ERR_CONFLICT)
		return call_problem(call, 409, "changed", "Someone else changed this first",
				    arena_dup(call->look.arena, str_from(why.msg)));
	if (!ok)
		return err_set(err, why.code, "%s", why.msg);
	newest.store_id = row.store_id;
	newest.account_id = row.store_id ? 0 : row.account_id;
	newest.defaults = row.kind == CONFIG_DEFAULTS_PUT;
	return call_refresh(call, err) &&
	       db_config_history(call->look.db, &newest, call->look.arena, &made, &n, err) && n > 0 &&
	       call_answer(call, shown(call, &made[0]));
}
