#ifndef PANNIER_SETTINGS_SETTINGS_H
#define PANNIER_SETTINGS_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "settings/setting_table.h"
#include "store/store.h"

/*
 * Accounts, stores and their settings. Readers take an immutable snapshot; writers go through the functions below in any
 * process; a change becomes visible to a running daemon at its next settings_refresh.
 */

/* Rows are of an account or a store. SETTING_INSTALLATION: the defaults of both, of rows that are shared. */
enum setting_scope { SETTING_ACCOUNT, SETTING_STORE, SETTING_INSTALLATION };
enum setting_type {
	SETTING_TEXT, SETTING_BOOL, SETTING_INT, SETTING_CHOICE, SETTING_URL, SETTING_TEMPLATE, SETTING_HEADER,
	SETTING_SWITCHES, SETTING_WINDOWS, SETTING_PAIRS, SETTING_SCHEDULES, SETTING_SECRET
};

enum setting {
#define SETTING_ENUM(key, scope, type, otherwise, min, max, choices, traits, help) SETTING_KEY_##key,
	SETTINGS(SETTING_ENUM)
#undef SETTING_ENUM
	SETTING_COUNT
};

struct setting_row {
	const char *key;
	enum setting_scope scope;
	enum setting_type type;
	const char *otherwise;     /* default, as text */
	int64_t min;               /* INT: smallest; SECRET: shortest in bytes */
	int64_t max;               /* INT: largest; TEXT, TEMPLATE, HEADER, SECRET: longest in bytes */
	const char *choices;       /* CHOICE: "a|b"; TEMPLATE: the placeholders it may hold */
	bool sweep;
	bool shared;               /* the installation can have a default of its own */
	const char *help;
};
const struct setting_row *setting_row(enum setting setting);
/* Row index by key, or false. SETTING_INSTALLATION: of the rows that are shared. */
bool setting_find(struct str key, enum setting_scope scope, enum setting *out);
/*
 * Checks and normalises a value ("on" -> "true"), result in the arena. ERR_INVALID says what is allowed and does not repeat the
 * value. An empty value is an error but for types whose default may be empty.
 */
bool setting_parse(enum setting setting, struct str value, struct arena *arena, struct str *out, struct err *err) MUST_CHECK;
/* What a row's values may be, for people: "1 to 100", "leaf or path". In the arena. */
struct str setting_allowed(enum setting setting, struct arena *arena);
const char *setting_type_text(enum setting_type type); /* "whole number" */
/* A value as anybody may see it: that of a SECRET is "(set)". */
struct str setting_shown(enum setting setting, struct str value);

/* Where a value comes from. */
enum setting_source { SETTING_FROM_TABLE, SETTING_FROM_INSTALLATION, SETTING_FROM_OWN };
const char *setting_source_text(enum setting_source from); /* "default", "installation", "own" */
/* Where a value comes from that is kept in this scope itself. */
enum setting_source setting_source_of(enum setting_scope scope);

/* What counts where neither an account nor a store says otherwise. */
struct settings_defaults {
	struct str value[SETTING_COUNT];
	enum setting_source from[SETTING_COUNT];
	struct str overrides;      /* JSON of what the installation says; "" = nothing */
};

/* Of an account that is connected by OAuth, in place of a private key. Times by the wall clock. */
struct settings_token {
	struct str access;
	struct str refresh;
	int64_t since_ms;          /* when it was got */
	int64_t until_ms;          /* when access ends */
};

struct settings_account {
	int64_t id;
	struct str name;
	struct str key;            /* decrypted; never leaves the process but to Klaviyo. The private key, or the access token */
	struct str key_last4;      /* "" of a token */
	bool oauth;                /* connected by OAuth: key is token.access */
	struct settings_token token;
	bool broken;               /* key could not be opened with our key file; only after settings_open_repair */
	struct str value[SETTING_COUNT];  /* effective, "" for rows of the other scope */
	enum setting_source from[SETTING_COUNT];
	struct str overrides;      /* JSON of what is its own */
	int64_t created_ms;
};

struct settings_store {
	int64_t id;
	const struct settings_account *account;
	struct str name;
	struct str platform;
	struct str secret[2];      /* the newest first; a second one only while it is being rotated */
	size_t n_secret;
	struct str secret_last4;   /* of the newest; fewer characters of short ones */
	bool broken;               /* as above; n_secret is then 0 */
	struct str value[SETTING_COUNT];
	enum setting_source from[SETTING_COUNT];
	struct str overrides;      /* JSON of what is its own; secrets in it are sealed */
	int64_t created_ms;
};

struct snapshot {
	int64_t version;
	struct settings_defaults defaults;
	const struct settings_account *account; /* sorted by name */
	size_t n_account;
	const struct settings_store *store;     /* sorted by name */
	size_t n_store;
	const struct settings_account *const *account_by_id; /* the same, sorted by id */
	const struct settings_store *const *store_by_id;
};

struct settings; /* the snapshot of the moment and how to renew it; one per process; thread-safe */

/*
 * Reads all; key_file is the 32-byte key that seals keys and secrets (settings/seal.h). ERR_DENIED: others may read the key file, or it
 * is not the one that sealed what the database holds.
 */
bool settings_open(struct db *db, const char *key_file, struct settings **out, struct err *err) MUST_CHECK;
/* The same for people who have to mend things: what does not open is marked broken instead of refused. */
bool settings_open_repair(struct db *db, const char *key_file, struct settings **out, struct err *err) MUST_CHECK;
void settings_close(struct settings *settings); /* NULL allowed; every snapshot taken must have been released */
/* Renews the snapshot if another version is in the database, else keeps the old one. Cheap. *changed may be NULL. */
bool settings_refresh(struct settings *settings, bool *changed, struct err *err) MUST_CHECK;
/* The current snapshot; it stays valid until settings_release, whatever happens meanwhile. */
const struct snapshot *settings_take(struct settings *settings);
void settings_release(struct settings *settings, const struct snapshot *snapshot);

/*
 * Other secrets (a second factor), sealed with the same key. label: what it belongs to, "user/7/totp". ERR_DENIED: another key or
 * label, or changed bytes.
 */
struct str settings_seal(struct settings *settings, struct str label, struct str text, struct arena *arena);
bool settings_unseal(struct settings *settings, struct str label, struct str sealed, struct arena *arena, struct str *out,
		     struct err *err) MUST_CHECK;

const struct settings_store *snapshot_find_store(const struct snapshot *snapshot, struct str name);
const struct settings_store *snapshot_store(const struct snapshot *snapshot, int64_t id);
const struct settings_account *snapshot_find_account(const struct snapshot *snapshot, struct str name);
const struct settings_account *snapshot_account(const struct snapshot *snapshot, int64_t id);

struct str setting_text(const struct str value[static SETTING_COUNT], enum setting setting);
int64_t setting_int(const struct str value[static SETTING_COUNT], enum setting setting);
bool setting_bool(const struct str value[static SETTING_COUNT], enum setting setting);

/*
 * ---- changes; each is one versioned, audited transaction; if another process was faster it is tried again with the fresh state ----
 *
 * ERR_INVALID: a name, key, secret or value that is not allowed, or an unknown setting (the nearest one is named). ERR_NOT_FOUND: no such
 * account or store. What changes nothing writes nothing. The snapshot is renewed before they return. Secrets are in no message.
 */

/* May this be the name of an account or a store: 1..63 of a-z 0-9 - _, the first a letter or digit. what: "account". */
bool settings_check_name(const char *what, struct str name, struct err *err) MUST_CHECK;

/*
 * "": as the default, whatever that becomes. SETTING_EMPTY: empty, also where the default is not. A value that is the default already is
 * not kept, unless it was kept before: what an account or a store has of its own stays its own when a default becomes the same.
 */
struct setting_change {
	struct str key;
	struct str value;
};
#define SETTING_EMPTY "(empty)"

/* A setting of an account, a store or the installation. */
struct setting_state {
	struct str value;          /* effective; of a SECRET only whether there is one matters */
	struct str below;          /* what counts where nothing is kept here */
	bool own;                  /* value is kept here */
};
/* What a change with this text would make of it; *after in the arena. ERR_INVALID as setting_parse. */
bool setting_wanted(enum setting setting, struct str text, const struct setting_state *now, struct arena *arena,
		    struct setting_state *after, struct err *err) MUST_CHECK;

/* key: the private key (pk_...), white space around it is dropped; 8..256 visible characters. ERR_CONFLICT: the name is taken. */
bool settings_account_add(struct settings *settings, struct str name, struct str key, const struct setting_change *change,
			  size_t n, int64_t now_ms, struct err *err) MUST_CHECK;
/* key "" = keep. */
bool settings_account_set(struct settings *settings, struct str name, struct str key, const struct setting_change *change,
			  size_t n, int64_t now_ms, struct err *err) MUST_CHECK;
/* The same with a token in place of a key; the account is new, or gets it in place of what it had. */
bool settings_account_add_token(struct settings *settings, struct str name, const struct settings_token *token,
				const struct setting_change *change, size_t n, int64_t now_ms, struct err *err) MUST_CHECK;
bool settings_account_set_token(struct settings *settings, struct str name, const struct settings_token *token, int64_t now_ms,
				struct err *err) MUST_CHECK;
/* A newer token of one that is connected so; neither audited nor kept among the changes. ERR_NOT_FOUND: it is not, any more. */
bool settings_account_renew(struct settings *settings, struct str name, const struct settings_token *token, int64_t now_ms,
			    struct err *err) MUST_CHECK;
/* ERR_CONFLICT: stores still use it (they are named). */
bool settings_account_remove(struct settings *settings, struct str name, int64_t now_ms, struct err *err) MUST_CHECK;
/* Platform and secret were checked by the caller with the platform's own check: this folder does not know platforms. */
struct settings_new_store {
	struct str name;
	struct str platform;
	struct str account;
	struct str secret;
	const struct setting_change *change;
	size_t n;
};
bool settings_store_add(struct settings *settings, const struct settings_new_store *store, int64_t now_ms,
			struct err *err) MUST_CHECK;
/* Defaults of the installation, for all accounts and stores that have no value of their own; "" takes one back. */
bool settings_defaults_set(struct settings *settings, const struct setting_change *change, size_t n, int64_t now_ms,
			   struct err *err) MUST_CHECK;
/* SHA256_BYTES that only who has the key file can make; another label gives others. */
void settings_derive(const struct settings *settings, struct str label, unsigned char out[static 32]);
/* secret "" = keep, otherwise it replaces all old ones; account "" = keep. An empty value puts a setting back to its default. */
bool settings_store_set(struct settings *settings, struct str name, struct str account, struct str secret,
			const struct setting_change *change, size_t n, int64_t now_ms, struct err *err) MUST_CHECK;
/* Rotation: secret becomes the newest one and the former newest stays valid beside it. secret "": only the newest stays valid. */
bool settings_store_rotate(struct settings *settings, struct str name, struct str secret, int64_t now_ms,
			   struct err *err) MUST_CHECK;
bool settings_store_remove(struct settings *settings, struct str name, int64_t now_ms, struct err *err) MUST_CHECK;

#endif
