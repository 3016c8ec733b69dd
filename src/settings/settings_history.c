/*
 * Settings: what was changed, and taking it back.
 *
 * Keeps:   a change is taken back only where nobody changed the same values since; then it is a change as any
 *          other, versioned and audited.
 * Threads: any.
 */
#include "settings/history.h"

#include "settings/change_internal.h"

#include <inttypes.h>

void settings_changed_read(const struct config_history_row *row, struct arena *arena,
			   struct settings_changed **changed, size_t *n)
{
	struct json *list = NULL;
	struct err ignored;

	*n = 0;
	*changed = NULL;
	if (row->values.len == 0 || !json_parse(row->values, &list, &ignored))
		return;
	*changed = ARENA_ARRAY(arena, json_len(list) + 1, struct settings_changed);
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *one = json_at(list, i);

		(*changed)[(*n)++] = (struct settings_changed){
			.key = arena_dup(arena, json_get_text(one, "key")),
			.from = arena_dup(arena, json_get_text(one, "from")),
			.to = arena_dup(arena, json_get_text(one, "to")),
			.secret = json_get(one, "to") == NULL,
		};
	}
	json_free(list);
}

bool settings_history_get(struct db *db, int64_t version, struct arena *arena, struct config_history_row *out,
			  struct err *err)
{
	struct config_history_filter filter = { .max_n = 1 };
	struct config_history_row *row;
	size_t n = 0;

	filter.before_version = version < INT64_MAX ? version + 1 : INT64_MAX;
	if (version > 0 && !db_config_history(db, &filter, arena, &row, &n, err))
		return false;
	if (n == 0 || row[0].version != version)
		return err_set(err, ERR_NOT_FOUND, "there is no change %" PRId64 " of the settings", version);
	*out = row[0];
	return true;
}

struct str settings_undo_problem(const struct config_history_row *row, const struct settings_changed *changed,
				 size_t n)
{
	if (row->kind == CONFIG_ACCOUNT_REMOVE || row->kind == CONFIG_STORE_REMOVE)
		return STR("what was removed has to be added anew: its secrets are not kept");
	if (row->added)
		return STR("it was added: remove it, if it is not wanted");
	for (size_t i = 0; i < n; i++)
		if (!changed[i].secret)
			return STR("");
	return STR("keys and secrets of before are not kept: give the one that is to be valid anew");
}

/* What of an account or store is now, by the key as the history has it. */
static struct str value_now(const struct attempt *attempt, const struct str value[static SETTING_COUNT],
			    enum setting_scope scope, struct str key, int64_t account_id)
{
	const struct account_row *account = attempt_account_by_id(attempt, account_id);
	enum setting setting;

	if (setting_find(key, scope, &setting))
		return value[setting];
	return account && str_eq(key, STR("account")) ? account->name : STR("");
}

/* Is all as the change left it? What is as before it already is no conflict, unless that is all. */
static bool check_untouched(const struct attempt *attempt, enum setting_scope scope, struct str overrides,
			    int64_t account_id, struct err *err)
{
	struct str value[SETTING_COUNT];
	size_t n_left = 0;

	if (!values_read(overrides, scope, attempt->arena, value, err))
		return false;
	for (size_t i = 0; i < attempt->wish->n_undo; i++) {
		const struct settings_changed *one = &attempt->wish->undo[i];
		struct str now = value_now(attempt, value, scope, one->key, account_id);

		n_left += !str_eq(now, one->from);
		if (!str_eq(now, one->from) && !str_eq(now, one->to))
			return err_set(err, ERR_CONFLICT,
				       "%.*s was changed again since: it is \"%.*s\" now, not \"%.*s\"",
				       STR_ARG(one->key), STR_ARG(now), STR_ARG(one->to));
	}
	return n_left > 0 || err_set(err, ERR_CONFLICT, "all is as it was before change %" PRId64 " already",
				     attempt->wish->undoes);
}

static bool prepare_account_undo(struct attempt *attempt, struct err *err)
{
	const struct account_row *old = attempt_account(attempt, attempt->wish->name);

	if (!old)
		return attempt_no_account(attempt, attempt->wish->name, err);
	return check_untouched(attempt, SETTING_ACCOUNT, old->settings, 0, err) &&
	       change_account_set(attempt, err);
}

static bool prepare_store_undo(struct attempt *attempt, struct err *err)
{
	const struct store_row *old = attempt_store(attempt, attempt->wish->name);

	if (!old)
		return attempt_no_store(attempt, attempt->wish->name, err);
	return check_untouched(attempt, SETTING_STORE, old->settings, old->account_id, err) &&
	       change_store_set(attempt, err);
}

/* What puts everything back; a default is put back as the default. */
static void wish_back(struct wish *wish, const struct settings_changed *changed, size_t n,
		      enum setting_scope scope, struct arena *arena)
{
	struct setting_change *change = ARENA_ARRAY(arena, n + 1, struct setting_change);
	struct settings_changed *undo = ARENA_ARRAY(arena, n + 1, struct settings_changed);
	enum setting setting;

	for (size_t i = 0; i < n; i++) {
		if (changed[i].secret)
			continue;
		undo[wish->n_undo++] = changed[i];
		if (setting_find(changed[i].key, scope, &setting))
			change[wish->n++] = (struct setting_change){ changed[i].key, changed[i].from };
		else if (str_eq(changed[i].key, STR("account")))
			wish->account = changed[i].from;
	}
	wish->change = change;
	wish->undo = undo;
}

bool settings_undo(struct settings *settings, int64_t version, int64_t now_ms, struct err *err)
{
	struct config_history_row row;
	struct settings_changed *changed;
	struct str problem;
	struct arena arena;
	bool ok = false;
	size_t n;

	arena_init(&arena);
	if (settings_history_get(settings->db, version, &arena, &row, err)) {
		bool store = row.kind == CONFIG_STORE_PUT || row.kind == CONFIG_STORE_REMOVE;
		struct wish wish = { .name = row.name, .now_ms = now_ms, .undoes = version };

		settings_changed_read(&row, &arena, &changed, &n);
		problem = settings_undo_problem(&row, changed, n);
		wish_back(&wish, changed, n, store ? SETTING_STORE : SETTING_ACCOUNT, &arena);
		ok = problem.len > 0
			     ? err_set(err, ERR_INVALID, "%.*s", STR_ARG(problem))
			     : attempt_run(settings, store ? prepare_store_undo : prepare_account_undo, &wish,
					   err);
	}
	arena_release(&arena);
	return ok;
}
