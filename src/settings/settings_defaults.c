/*
 * Settings, the writing side: defaults of the whole installation.
 *
 * Does:    finds the stores that a change reaches: those that follow a default of it, themselves or through
 *          their account.
 * Keeps:   a value that an account or store has of its own is not touched, also where it is the same.
 * Threads: any.
 */
#include "base/mutant.h"
#include "settings/change_internal.h"

/* A setting whose default changes what products look like. */
struct moved {
	bool is[SETTING_COUNT];
	bool any;
};

static bool read_moved(struct attempt *attempt, struct moved *out, struct err *err)
{
	struct settings_defaults after;

	*out = (struct moved){ .any = false };
	if (!defaults_read(attempt->change.defaults, attempt->arena, &after, err))
		return false;
	for (int i = 0; i < SETTING_COUNT; i++) {
		out->is[i] = setting_row((enum setting)i)->sweep &&
			     !str_eq(after.value[i], attempt->defaults.value[i]);
		out->any = out->any || out->is[i];
	}
	return true;
}

/* Does an account or store with this JSON follow one of them? */
static bool follows(const struct attempt *attempt, const struct moved *moved, enum setting_scope scope,
		    struct str overrides, bool *out, struct err *err)
{
	struct str value[SETTING_COUNT];
	enum setting_source from[SETTING_COUNT];

	if (!values_read(overrides, scope, &attempt->defaults, attempt->arena, value, from, err))
		return false;
	for (int i = 0; i < SETTING_COUNT; i++)
		*out = *out || (moved->is[i] && setting_row((enum setting)i)->scope == scope &&
				from[i] != SETTING_FROM_OWN);
	return true;
}

static bool find_swept(struct attempt *attempt, const struct moved *moved, struct err *err)
{
	int64_t *id = ARENA_ARRAY(attempt->arena, attempt->rows.n_store, int64_t);
	size_t n = 0;

	for (size_t i = 0; i < attempt->rows.n_store; i++) {
		const struct store_row *store = &attempt->rows.store[i];
		const struct account_row *account = attempt_account_by_id(attempt, store->account_id);
		bool swept = false;

		if (!follows(attempt, moved, SETTING_STORE, store->settings, &swept, err) ||
		    (account && !follows(attempt, moved, SETTING_ACCOUNT, account->settings, &swept, err)))
			return false;
		if (swept)
			id[n++] = store->id;
	}
	attempt->change.sweep_store = id;
	attempt->change.n_sweep_store = n;
	attempt->change.sweep = n > 0;
	return true;
}

bool change_defaults_set(struct attempt *attempt, struct err *err)
{
	struct moved moved;

	attempt->change.kind = CONFIG_DEFAULTS_PUT;
	if (!attempt_apply(attempt, SETTING_INSTALLATION, attempt->rows.defaults, &attempt->change.defaults,
			   err) ||
	    !read_moved(attempt, &moved, err) ||
	    (moved.any && !mutant_is(MUTANT_default_unswept) && !find_swept(attempt, &moved, err)))
		return false;
	attempt_say_who(attempt, "defaults");
	return true;
}

bool settings_defaults_set(struct settings *settings, const struct setting_change *change, size_t n,
			   int64_t now_ms, struct err *err)
{
	struct wish wish = { .change = change, .n = n, .now_ms = now_ms };

	return attempt_run(settings, change_defaults_set, &wish, err);
}
