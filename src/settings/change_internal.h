#ifndef PANNIER_SETTINGS_CHANGE_INTERNAL_H
#define PANNIER_SETTINGS_CHANGE_INTERNAL_H

#include "base/strbuf.h"
#include "settings/history.h"
#include "settings/settings_internal.h"

/* Shared by settings_change.c, settings_account.c, settings_store.c, settings_defaults.c and settings_history.c only. */

/* What a person wants, from the arguments of the public functions. */
struct wish {
	struct str name;
	struct str platform;
	struct str account;
	struct str secret;         /* key of an account, secret of a store */
	const struct settings_token *token; /* instead of a key; NULL = none */
	const struct setting_change *change;
	const bool *keep;          /* one for each of change: kept also where it is the default; NULL = none */
	size_t n;
	int64_t now_ms;
	int64_t undoes;            /* number of the change that is taken back; 0 = none */
	const struct settings_changed *undo; /* what it changed; one for each of change, and perhaps the account */
	size_t n_undo;
};

/* One try at it, against the rows as they are now. */
struct attempt {
	const struct seal_key *key;
	const struct wish *wish;
	struct arena *arena;
	struct config_rows rows;
	struct settings_defaults defaults;
	bool changed;              /* otherwise nothing is written */
	struct strbuf reason;
	struct json *noted;        /* for the history: [{"key", "from", "to"}] */
	struct config_change change;
};

/* Fills attempt->change from the wish and the rows. */
typedef bool prepare_fn(struct attempt *attempt, struct err *err);
/* Loads, prepares, writes; again while another process was faster, five times at most. Renews the snapshot. */
bool attempt_run(struct settings *settings, prepare_fn *prepare, const struct wish *wish, struct err *err) MUST_CHECK;

const struct account_row *attempt_account(const struct attempt *attempt, struct str name);
const struct account_row *attempt_account_by_id(const struct attempt *attempt, int64_t id);
const struct store_row *attempt_store(const struct attempt *attempt, struct str name);
/* ERR_NOT_FOUND with the nearest name; always false. */
bool attempt_no_account(const struct attempt *attempt, struct str name, struct err *err) MUST_CHECK;
bool attempt_no_store(const struct attempt *attempt, struct str name, struct err *err) MUST_CHECK;

/* Adds to the reason: something changes. */
void attempt_say(struct attempt *attempt, const char *format, ...) PRINTF_LIKE(2, 3);
/* from_own: from was its own, not what a default made it. */
void attempt_say_change(struct attempt *attempt, const char *key, struct str from, bool from_own, struct str to);
/* The same for a secret, whose value is nowhere: says "key changed". */
void attempt_say_secret(struct attempt *attempt, const char *key, const char *what);
/* Puts "account NAME: " before what changed, if anything did; without a name, "defaults: ". */
void attempt_say_who(struct attempt *attempt, const char *what);

/* The wish's KEY=VALUEs over the stored JSON before; *after is what is to be stored. */
bool attempt_apply(struct attempt *attempt, enum setting_scope scope, struct str before, struct str *after,
		   struct err *err) MUST_CHECK;

/* An account, a store as it is, with the wish's changes. */
prepare_fn change_account_set, change_store_set;
/* The defaults, with the wish's changes. */
prepare_fn change_defaults_set;

bool change_check_key(struct str key, struct err *err) MUST_CHECK;
bool change_check_secret(struct str secret, struct err *err) MUST_CHECK;
/* The last four characters, and at most a third of a short text. */
struct str secret_last4(struct str text);

#endif
