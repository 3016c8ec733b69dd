/*
 * Settings, the writing side: what changes of accounts and of stores have in common.
 *
 * Does:    checks names, keys and values, says in the audit reason what changed from what to what, tries
 *          again with the fresh state if another process was faster.
 * Doesn't: know what an account or a store is made of (settings_account.c, settings_store.c).
 * Keeps:   one change is one transaction against the version it was computed from; no secret in a message
 *          or reason.
 * Threads: any.
 */
#include "settings/actor.h"
#include "settings/change_internal.h"

#include "base/log.h"
#include "settings/nearest.h"

#include <inttypes.h>
#include <stdarg.h>

#define NAME_BYTES_MAX	 63
#define KEY_BYTES_MIN	 8
#define KEY_BYTES_MAX	 256
#define PUBLIC_KEY_BYTES 6
#define SECRET_BYTES_MAX 512
#define REASON_BYTES_MAX 16384 /* holds every setting changed at once, from longest to longest */
#define ATTEMPTS_MAX	 5

/* ---- checks ---- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool settings_check_name(const char *what, struct str name, struct err *err)
{
	if (str_starts(name, STR("pk_")) || str_starts(name, STR("whsec_")))
		return err_set(
			err, ERR_INVALID,
			"that looks like a key, not like the name of the %s; keys are read from a file",
			what);
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_char(name.p[i]) && (i == 0 || (name.p[i] != '-' && name.p[i] != '_')))
			name.len = 0;
	if (name.len == 0 || name.len > NAME_BYTES_MAX)
		return err_set(err, ERR_INVALID,
			       "name of the %s: 1 to %d of a-z 0-9 - _, the first a letter or digit", what,
			       NAME_BYTES_MAX);
	return true;
}

static bool all_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= 0x20 || text.p[i] >= 0x7f)
			return false;
	return true;
}

bool change_check_key(struct str key, struct err *err)
{
	if (key.len == 0)
		return err_set(err, ERR_INVALID, "the key is empty");
	if (!all_visible(key))
		return err_set(err, ERR_INVALID, "the key must be one word, alone in the file");
	if (key.len == PUBLIC_KEY_BYTES && !str_starts(key, STR("pk_")))
		return err_set(
			err, ERR_INVALID,
			"that is a public key (site id); needed is a private one, which begins with pk_");
	if (key.len < KEY_BYTES_MIN || key.len > KEY_BYTES_MAX)
		return err_set(err, ERR_INVALID, "the key must have %d to %d characters", KEY_BYTES_MIN,
			       KEY_BYTES_MAX);
	return true;
}

bool change_check_secret(struct str secret, struct err *err)
{
	if (secret.len == 0 || secret.len > SECRET_BYTES_MAX)
		return err_set(err, ERR_INVALID, "the secret must have 1 to %d bytes", SECRET_BYTES_MAX);
	return true;
}

struct str secret_last4(struct str text)
{
	size_t n = text.len / 3 < 4 ? text.len / 3 : 4;

	return str_skip(text, text.len - n);
}

static _Thread_local struct str acting;

void settings_act_as(struct str actor)
{
	acting = actor;
}

/* ---- one attempt ---- */

const struct account_row *attempt_account(const struct attempt *attempt, struct str name)
{
	for (size_t i = 0; i < attempt->rows.n_account; i++)
		if (str_eq(attempt->rows.account[i].name, name))
			return &attempt->rows.account[i];
	return NULL;
}

const struct account_row *attempt_account_by_id(const struct attempt *attempt, int64_t id)
{
	for (size_t i = 0; i < attempt->rows.n_account; i++)
		if (attempt->rows.account[i].id == id)
			return &attempt->rows.account[i];
	return NULL;
}

const struct store_row *attempt_store(const struct attempt *attempt, struct str name)
{
	for (size_t i = 0; i < attempt->rows.n_store; i++)
		if (str_eq(attempt->rows.store[i].name, name))
			return &attempt->rows.store[i];
	return NULL;
}

bool attempt_no_account(const struct attempt *attempt, struct str name, struct err *err)
{
	const char **names = ARENA_ARRAY(attempt->arena, attempt->rows.n_account, const char *);
	const char *near;

	for (size_t i = 0; i < attempt->rows.n_account; i++)
		names[i] = arena_cstr(attempt->arena, attempt->rows.account[i].name);
	near = nearest_text(name, names, attempt->rows.n_account);
	return err_set(err, ERR_NOT_FOUND, "no account '%.*s'%s%s%s", STR_ARG(name),
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

bool attempt_no_store(const struct attempt *attempt, struct str name, struct err *err)
{
	const char **names = ARENA_ARRAY(attempt->arena, attempt->rows.n_store, const char *);
	const char *near;

	for (size_t i = 0; i < attempt->rows.n_store; i++)
		names[i] = arena_cstr(attempt->arena, attempt->rows.store[i].name);
	near = nearest_text(name, names, attempt->rows.n_store);
	return err_set(err, ERR_NOT_FOUND, "no store '%.*s'%s%s%s", STR_ARG(name),
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

void attempt_say(struct attempt *attempt, const char *format, ...)
{
	va_list args;

	if (attempt->reason.len > 0)
		strbuf_add_text(&attempt->reason, "; ");
	va_start(args, format);
	strbuf_vaddf(&attempt->reason, format, args);
	va_end(args);
	attempt->changed = true;
}

void attempt_say_change(struct attempt *attempt, const char *key, struct str from, struct str to)
{
	struct json *note = json_new_object();

	attempt_say(attempt, "%s \"%.*s\" -> \"%.*s\"", key, STR_ARG(from), STR_ARG(to));
	json_set(note, "key", json_new_text(str_from(key)));
	json_set(note, "from", json_new_text(from));
	json_set(note, "to", json_new_text(to));
	json_append(attempt->noted, note);
}

void attempt_say_secret(struct attempt *attempt, const char *key, const char *what)
{
	struct json *note = json_new_object();

	attempt_say(attempt, "%s %s", key, what);
	json_set(note, "key", json_new_text(str_from(key)));
	json_append(attempt->noted, note);
}

static bool unknown_setting(struct str key, enum setting_scope scope, struct err *err)
{
	const char *of = scope == SETTING_STORE ? "a store" : "an account";
	const char *keys[SETTING_COUNT], *near;
	enum setting other;

	if (setting_find(key, scope == SETTING_STORE ? SETTING_ACCOUNT : SETTING_STORE, &other))
		return err_set(err, ERR_INVALID, "'%.*s' is a setting of %s, not of %s", STR_ARG(key),
			       scope == SETTING_STORE ? "an account" : "a store", of);
	for (int i = 0; i < SETTING_COUNT; i++)
		keys[i] = setting_row((enum setting)i)->scope == scope ? setting_row((enum setting)i)->key
								       : NULL;
	near = nearest_text(key, keys, SETTING_COUNT);
	return err_set(err, ERR_INVALID, "%s has no setting '%.*s'%s%s%s", of, STR_ARG(key),
		       near ? "; did you mean '" : "; see 'pannier help settings'", near ? near : "",
		       near ? "'?" : "");
}

/* One KEY=VALUE onto the values now in force and the JSON of what differs from the defaults. */
static bool apply_one(struct attempt *attempt, enum setting_scope scope, const struct setting_change *change,
		      struct str value[static SETTING_COUNT], struct json *overrides, struct err *err)
{
	struct str after, trimmed = str_trim(change->value);
	const struct setting_row *row;
	enum setting setting;

	if (!setting_find(change->key, scope, &setting))
		return unknown_setting(change->key, scope, err);
	row = setting_row(setting);
	after = str_from(row->otherwise);
	if (trimmed.len > 0 && !setting_parse(setting, trimmed, attempt->arena, &after, err))
		return false;
	if (str_eq(after, value[setting]))
		return true;
	if (row->type == SETTING_SECRET) {
		attempt_say_secret(attempt, row->key, after.len > 0 ? "changed" : "removed");
		after = after.len > 0 ? value_seal(attempt->key, attempt->wish->name, setting, after,
						   attempt->arena)
				      : after;
	} else {
		attempt_say_change(attempt, row->key, value[setting], after);
	}
	attempt->change.sweep = attempt->change.sweep || row->sweep;
	value[setting] = after;
	if (str_eq(after, str_from(row->otherwise)))
		json_remove(overrides, row->key);
	else
		json_set(overrides, row->key, json_new_text(after));
	return true;
}

bool attempt_apply(struct attempt *attempt, enum setting_scope scope, struct str before, struct str *after,
		   struct err *err)
{
	struct str value[SETTING_COUNT];
	struct json *overrides = NULL;
	bool ok = false;

	if (!values_read(before, scope, attempt->arena, value, err))
		return false;
	if (before.len == 0)
		overrides = json_new_object();
	else if (!json_parse(before, &overrides, err))
		return false;
	for (size_t i = 0; i < attempt->wish->n; i++)
		if (!apply_one(attempt, scope, &attempt->wish->change[i], value, overrides, err))
			goto out;
	*after = json_write_arena(overrides, true, attempt->arena);
	ok = true;
out:
	json_free(overrides);
	return ok;
}

void attempt_say_who(struct attempt *attempt, const char *what)
{
	struct str changes = arena_dup(attempt->arena, strbuf_str(&attempt->reason));

	if (!attempt->changed)
		return;
	strbuf_reset(&attempt->reason);
	attempt_say(attempt, "%s %.*s: %.*s", what, STR_ARG(attempt->wish->name), STR_ARG(changes));
}

/* Once. *raced: nothing was wrong but that another process was faster. */
static bool try_once(struct settings *settings, prepare_fn *prepare, const struct wish *wish,
		     struct arena *arena, bool *raced, struct err *err)
{
	struct attempt attempt = {
		.key = &settings->key, .wish = wish, .arena = arena, .noted = json_new_array()
	};
	struct err why;
	bool ok;

	*raced = false;
	strbuf_init(&attempt.reason, REASON_BYTES_MAX);
	ok = db_config_load(settings->db, arena, &attempt.rows, err) && prepare(&attempt, err);
	if (ok && attempt.changed) {
		attempt.change.expected_version = attempt.rows.version;
		if (wish->undoes)
			strbuf_addf(&attempt.reason, " (undoes change %" PRId64 ")", wish->undoes);
		if (acting.len > 0)
			strbuf_addf(&attempt.reason, " (by %.*s)", STR_ARG(acting));
		attempt.change.reason = strbuf_str(&attempt.reason);
		attempt.change.now_ms = wish->now_ms;
		attempt.change.actor = acting;
		attempt.change.values = json_write_arena(attempt.noted, false, arena);
		ok = db_config_change(settings->db, &attempt.change, &why);
		*raced = !ok && why.code == ERR_CONFLICT;
		if (!ok && err)
			*err = why;
	}
	json_free(attempt.noted);
	strbuf_release(&attempt.reason);
	return ok;
}

bool attempt_run(struct settings *settings, prepare_fn *prepare, const struct wish *wish, struct err *err)
{
	struct arena arena;
	struct err why;
	bool ok = false, raced = true;

	arena_init(&arena);
	for (int i = 0; i < ATTEMPTS_MAX && raced; i++) {
		arena_reset(&arena);
		ok = try_once(settings, prepare, wish, &arena, &raced, err);
	}
	arena_release(&arena);
	/* The change is made whatever this says, and the next refresh makes up for it. */
	if (ok && !settings_refresh(settings, NULL, &why))
		log_warn("settings", "changed, but not read again: %s", why.msg);
	return ok;
}
