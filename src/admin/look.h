#ifndef PANNIER_ADMIN_LOOK_H
#define PANNIER_ADMIN_LOOK_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "settings/settings.h"

/* What whoever looks works with, on the command line or through the API: all borrowed; results live in the arena. */
struct look {
	struct db *db;
	struct settings *settings;
	const struct snapshot *snapshot;
	struct clock *clock;
	struct arena *arena;
};

/* Names by id, "" for 0; "removed store 17" for one that is gone. */
struct str look_store_name(struct look *look, int64_t id);
struct str look_account_name(struct look *look, int64_t id);

/* As json_set_text, but an empty text is set too. */
void json_put(struct json *object, const char *name, struct str text);
/* RFC 3339; 0 is null. */
void json_put_time(struct json *object, const char *name, int64_t at_ms);

#endif
