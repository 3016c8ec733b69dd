#ifndef PANNIER_ADMIN_CONFIG_HISTORY_H
#define PANNIER_ADMIN_CONFIG_HISTORY_H

#include "admin/look.h"
#include "settings/history.h"

/* Whether a change of settings can be taken back now. */
enum undo_state {
	UNDO_POSSIBLE,
	UNDO_CHANGED,              /* one of the values was changed again since */
	UNDO_DONE,                 /* all is as before it */
	UNDO_NEVER                 /* settings_undo_problem, or what it changed is gone */
};
const char *undo_state_text(enum undo_state state); /* "possible" */

struct change_line {
	struct settings_changed changed;
	struct str now;            /* what counts now; "" where nothing is known */
	bool back;                 /* it is as before the change */
	bool sweep;                /* taking it back looks at all products of the store again */
};

/* A change as whoever looks sees it; all in the arena. */
struct change_view {
	struct config_history_row row;
	enum setting_scope scope;  /* what it is a change of */
	struct change_line *line;
	size_t n;
	enum undo_state undo;
	struct str note;           /* NEVER, CHANGED: why */
};

void change_view_make(struct look *look, const struct config_history_row *row, struct change_view *out);
/* "account", "store", "defaults" */
const char *change_scope_text(enum setting_scope scope);
/* "added", "changed", "removed" */
const char *change_what(const struct config_history_row *row);
/* The same on the command line and through the API. */
struct json *change_view_json(const struct change_view *view);

#endif
