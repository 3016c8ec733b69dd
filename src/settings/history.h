#ifndef PANNIER_SETTINGS_HISTORY_H
#define PANNIER_SETTINGS_HISTORY_H

#include "settings/settings.h"

/*
 * What was changed of the settings, from what to what, and taking it back. A change has the number of the version it led to
 * (db_config_history). Keys, secrets and secret settings are there by their name alone: what they were is nowhere.
 */
struct settings_changed {
	struct str key;            /* of the table of settings; or "account", "key", "secret" */
	struct str from;           /* effective values, as texts */
	struct str to;
	bool secret;               /* from and to are "" */
	bool from_own;             /* from was its own value; false: it followed a default, or that is not known (older changes) */
	bool from_default;         /* from followed a default */
};

/* What a row of the history changed, in the arena. Nothing if an account or store was added or removed with its defaults. */
void settings_changed_read(const struct config_history_row *row, struct arena *arena, struct settings_changed **changed,
			   size_t *n);
/* One change. ERR_NOT_FOUND: it is not kept, or never was. */
bool settings_history_get(struct db *db, int64_t version, struct arena *arena, struct config_history_row *out,
			  struct err *err) MUST_CHECK;
/* What it is a change of. */
enum setting_scope settings_change_scope(enum config_change_kind kind);
/* Is one of the settings as it was before the change? now, from: its value, and where that comes from. scope: of the change. */
bool settings_is_back(const struct settings_changed *changed, struct str now, enum setting_source from, enum setting_scope scope);
/* May it be taken back at all? "" or why not: a store that was added, a key. What is there now is not looked at. */
struct str settings_undo_problem(const struct config_history_row *row, const struct settings_changed *changed, size_t n);
/*
 * Takes a change back: all it changed is as before it, but for secrets, which stay. A change as any other. ERR_CONFLICT: one of the values
 * is not what the change made of it: which and what it is now is said, and nothing is changed. ERR_NOT_FOUND: no such change, or what it
 * changed is gone. ERR_INVALID: settings_undo_problem.
 */
bool settings_undo(struct settings *settings, int64_t version, int64_t now_ms, struct err *err) MUST_CHECK;

#endif
