/*
 * The history of settings as people see it: from what to what, what counts now, and whether it can be taken
 * back.
 *
 * Keeps: of keys and secrets only that they were changed.
 */
#include "admin/config_history.h"

const char *undo_state_text(enum undo_state state)
{
	static const char *const text[] = {
		[UNDO_POSSIBLE] = "possible",
		[UNDO_CHANGED] = "changed",
		[UNDO_DONE] = "done",
		[UNDO_NEVER] = "never",
	};

	return text[state];
}

const char *change_what(const struct config_history_row *row)
{
	if (row->kind == CONFIG_ACCOUNT_REMOVE || row->kind == CONFIG_STORE_REMOVE)
		return "removed";
	return row->added ? "added" : "changed";
}

const char *change_scope_text(enum setting_scope scope)
{
	static const char *const text[] = {
		[SETTING_ACCOUNT] = "account",
		[SETTING_STORE] = "store",
		[SETTING_INSTALLATION] = "defaults",
	};

	return text[scope];
}

/* What the changed account or store is now, or the defaults; values NULL: it is gone. */
struct now {
	const struct str *value;
	const enum setting_source *from;
	struct str account;
};

static struct now now_of(const struct look *look, const struct change_view *view)
{
	const struct settings_account *account = snapshot_account(look->snapshot, view->row.account_id);
	const struct settings_store *store = snapshot_store(look->snapshot, view->row.store_id);

	if (view->scope == SETTING_INSTALLATION)
		return (struct now){ .value = look->snapshot->defaults.value,
				     .from = look->snapshot->defaults.from };
	if (view->scope == SETTING_ACCOUNT && account)
		return (struct now){ .value = account->value, .from = account->from };
	if (view->scope == SETTING_STORE && store)
		return (struct now){ .value = store->value,
				     .from = store->from,
				     .account = store->account->name };
	return (struct now){ .account = STR("") };
}

static void fill_line(struct change_line *line, const struct now *now, enum setting_scope scope)
{
	enum setting setting;

	line->sweep = str_eq(line->changed.key, STR("account"));
	if (line->sweep)
		line->now = now->account;
	line->back = str_eq(line->now, line->changed.from);
	if (!setting_find(line->changed.key, scope, &setting))
		return;
	line->sweep = setting_row(setting)->sweep && !str_eq(line->changed.from, line->changed.to);
	if (!now->value)
		return;
	line->now = setting_shown(setting, now->value[setting]);
	line->back = settings_is_back(&line->changed, line->now, now->from[setting], scope);
}

static enum undo_state undo_of(const struct change_view *view)
{
	bool all_before = true;

	for (size_t i = 0; i < view->n; i++) {
		const struct change_line *line = &view->line[i];

		if (line->changed.secret)
			continue;
		if (!str_eq(line->now, line->changed.from) && !str_eq(line->now, line->changed.to))
			return UNDO_CHANGED;
		all_before = all_before && line->back;
	}
	return all_before ? UNDO_DONE : UNDO_POSSIBLE;
}

void change_view_make(struct look *look, const struct config_history_row *row, struct change_view *out)
{
	struct settings_changed *changed;
	struct now now;

	*out = (struct change_view){ .row = *row };
	out->scope = settings_change_scope(row->kind);
	settings_changed_read(row, look->arena, &changed, &out->n);
	out->line = ARENA_ARRAY(look->arena, out->n + 1, struct change_line);
	now = now_of(look, out);
	for (size_t i = 0; i < out->n; i++) {
		out->line[i] = (struct change_line){ .changed = changed[i] };
		fill_line(&out->line[i], &now, out->scope);
	}
	out->note = settings_undo_problem(row, changed, out->n);
	if (out->note.len == 0 && !now.value)
		out->note = STR("what it changed no longer exists");
	out->undo = out->note.len > 0 ? UNDO_NEVER : undo_of(out);
	if (out->undo == UNDO_CHANGED)
		out->note = STR("it was changed again since");
}

static struct json *line_json(const struct change_line *line)
{
	struct json *json = json_new_object();

	json_put(json, "key", line->changed.key);
	json_put(json, "from", line->changed.from);
	json_put(json, "to", line->changed.to);
	json_put(json, "now", line->now);
	json_set(json, "secret", json_new_bool(line->changed.secret));
	json_set(json, "sweep", json_new_bool(line->sweep));
	return json;
}

struct json *change_view_json(const struct change_view *view)
{
	struct json *json = json_new_object(), *lines = json_new_array();

	for (size_t i = 0; i < view->n; i++)
		json_append(lines, line_json(&view->line[i]));
	json_set(json, "number", json_new_int(view->row.version));
	json_put_time(json, "at", view->row.at_ms);
	json_put(json, "by", view->row.actor);
	json_put(json, "scope", str_from(change_scope_text(view->scope)));
	json_put(json, "name", view->row.name);
	json_put(json, "what", str_from(change_what(&view->row)));
	json_set(json, "changes", lines);
	json_put(json, "reason", view->row.reason);
	json_put(json, "undo", str_from(undo_state_text(view->undo)));
	json_put(json, "note", view->note);
	return json;
}
