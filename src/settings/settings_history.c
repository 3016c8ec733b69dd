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
			.from_own = json_get_bool(one, "own", false),
			.from_default = !json_get_bool(one, "own", true),
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

/* What is changed, as it is now. */
struct now {
	enum setting_scope scope;
	int64_t account_id; /* that a store feeds; 0 = none */
	struct settings_defaults at;
};

static bool now_read(const struct attempt *attempt, enum setting_scope scope, struct str overrides,
		     int64_t account_id, struct now *out, struct err *err)
{
	*out = (struct now){ .scope = scope, .account_id = account_id };
	if (scope == SETTING_INSTALLATION)
		return defaults_read(overrides, attempt->arena, &out->at, err);
	return values_read(overrides, scope, &attempt->defaults, attempt->arena, out->at.value, out->at.from,
			   err);
}

/* By the key as the history has it. */
static struct str value_now(const struct attempt *attempt, const struct now *now, struct str key)
{
	const struct account_row *account = attempt_account_by_id(attempt, now->account_id);
	enum setting setting;

	if (setting_find(key, now->scope, &setting))
		return now->at.value[setting];
	return account && str_eq(key, STR("account")) ? account->name : STR("");
}

bool settings_is_back(const struct settings_changed *changed, struct str now, enum setting_source from,
		      enum setting_scope scope)
{
	return str_eq(now, changed->from) && (from == setting_source_of(scope) || !changed->from_own);
}

static bool is_back(const struct now *now, const struct settings_changed *one, struct str value)
{
	enum setting setting;

	if (!setting_find(one->key, now->scope, &setting))
		return str_eq(value, one->from);
	return settings_is_back(one, value, now->at.from[setting], now->scope);
}

/* Is all as the change left it? What is as before it already is no conflict, unless that is all. */
static bool check_untouched(const struct attempt *attempt, enum setting_scope scope, struct str overrides,
			    int64_t account_id, struct err *err)
{
	struct now here;
	size_t n_left = 0;

	if (!now_read(attempt, scope, overrides, account_id, &here, err))
		return false;
	for (size_t i = 0; i < attempt->wish->n_undo; i++) {
		const struct settings_changed *one = &attempt->wish->undo[i];
		struct str now = value_now(attempt, &here, one->key);

		n_left += !is_back(&here, one, now);
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

static bool prepare_defaults_undo(struct attempt *attempt, struct err *err)
{
	return check_untouched(attempt, SETTING_INSTALLATION, attempt->rows.defaults, 0, err) &&
	       change_defaults_set(attempt, err);
}

static struct str value_back(const struct settings_changed *changed)
{
	if (changed->from_default)
		return STR("");
	return changed->from_own && changed->from.len == 0 ? STR(SETTING_EMPTY) : changed->from;
}

/* What puts everything back; what followed a default does so again. */
static void wish_back(struct wish *wish, const struct settings_changed *changed, size_t n,
		      enum setting_scope scope, struct arena *arena)
{
	struct setting_change *change = ARENA_ARRAY(arena, n + 1, struct setting_change);
	struct settings_changed *undo = ARENA_ARRAY(arena, n + 1, struct settings_changed);
	bool *keep = ARENA_ARRAY(arena, n + 1, bool);
	enum setting setting;

	for (size_t i = 0; i < n; i++) {
		if (changed[i].secret)
			continue;
		undo[wish->n_undo++] = changed[i];
		if (setting_find(changed[i].key, scope, &setting)) {
			keep[wish->n] = changed[i].from_own;
			change[wish->n++] =
				(struct setting_change){ changed[i].key, value_back(&changed[i]) };
		} else if (str_eq(changed[i].key, STR("account")))
			wish->account = changed[i].from;
	}
	wish->change = change;
	wish->keep = keep;
	wish->undo = undo;
}

enum setting_scope settings_change_scope(enum config_change_kind kind)
{
	if (kind == CONFIG_DEFAULTS_PUT)
		return SETTING_INSTALLATION;
	return kind == CONFIG_STORE_PUT || kind == CONFIG_STORE_REMOVE ? SETTING_STORE : SETTING_ACCOUNT;
}

bool settings_undo(struct settings *settings, int64_t version, int64_t now_ms, struct err *err)
{
	static prepare_fn *const prepare[] = {
		[SETTING_ACCOUNT] = prepare_account_undo,
		[SETTING_STORE] = prepare_store_undo,
		[SETTING_INSTALLATION] = prepare_defaults_undo,
	};
	struct config_history_row row;
	struct settings_changed *changed;
	struct str problem;
	struct arena arena;
	bool ok = false;
	size_t n;

	arena_init(&arena);
	if (settings_history_get(settings->db, version, &arena, &row, err)) {
		enum setting_scope scope = settings_change_scope(row.kind);
		struct wish wish = { .name = row.name, .now_ms = now_ms, .undoes = version };

		settings_changed_read(&row, &arena, &changed, &n);
		problem = settings_undo_problem(&row, changed, n);
		wish_back(&wish, changed, n, scope, &arena);
		ok = problem.len > 0 ? err_set(err, ERR_INVALID, "%.*s", STR_ARG(problem))
				     : attempt_run(settings, prepare[scope], &wish, err);
	}
	arena_release(&arena);
	return ok;
}
