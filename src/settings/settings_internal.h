#ifndef PANNIER_SETTINGS_SETTINGS_INTERNAL_H
#define PANNIER_SETTINGS_SETTINGS_INTERNAL_H

#include "settings/seal.h"
#include "settings/settings.h"

#include <pthread.h>

/* Shared by settings.c and settings_change.c only. */

#define STORE_SECRETS_MAX 2

struct snapshot_box {
	struct snapshot snapshot;
	struct arena arena;        /* holds all of it */
	size_t n_taken;
	struct snapshot_box *next; /* older ones that are still taken */
};

struct settings {
	struct db *db;
	struct seal_key key;
	bool repair;
	pthread_mutex_t lock;      /* guards the list and the counts */
	struct snapshot_box *newest;
};

/* What a sealed text is bound to. */
struct str account_label(struct str name, struct arena *arena);
struct str store_label(struct str name, struct arena *arena);

/* The secrets of a store as the one text that is sealed, newest first. n: 1..STORE_SECRETS_MAX. */
struct str secrets_write(const struct str *secret, size_t n, struct arena *arena);
bool secrets_read(struct str text, struct arena *arena, struct str secret[static STORE_SECRETS_MAX], size_t *n);

/* The tokens of an account as the one text that is sealed in place of its key. False: it is a key. */
struct str token_write(const struct settings_token *token, struct arena *arena);
bool token_read(struct str text, struct arena *arena, struct settings_token *out);

/* The table's defaults with the JSON of the installation over them. */
bool defaults_read(struct str overrides, struct arena *arena, struct settings_defaults *out, struct err *err) MUST_CHECK;
/* Effective values of an account or a store: the defaults with the row's JSON over them. Values of SECRET settings stay sealed. */
bool values_read(struct str overrides, enum setting_scope scope, const struct settings_defaults *defaults, struct arena *arena,
		 struct str value[static SETTING_COUNT], enum setting_source from[static SETTING_COUNT],
		 struct err *err) MUST_CHECK;
/* A SECRET setting as it stands in the JSON, and back. name: of the account or store it belongs to. */
struct str value_seal(const struct seal_key *key, struct str name, enum setting setting, struct str text, struct arena *arena);
/* Opens what values_read left sealed. ERR_DENIED as seal_open_text; then none is left sealed either: they are "". */
bool values_open(const struct seal_key *key, struct str name, struct arena *arena, struct str value[static SETTING_COUNT],
		 struct err *err) MUST_CHECK;
void values_wipe(const struct str value[static SETTING_COUNT]);

#endif
