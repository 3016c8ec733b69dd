/*
 * Settings, the writing side: what changes of accounts, of stores and of the defaults have in common.
 *
 * Does:    checks names, keys and values, says in the audit reason what changed from what to what, tries
 *          again with the fresh state if another process was faster.
 * Doesn't: know what an account or a store is made of (settings_account.c, settings_store.c), or who
 *          follows a default (settings_defaults.c).
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
#include <string.h>

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

void attempt_say_change(struct attempt *attempt, const char *key, struct str from, bool from_own,
			struct str to)
{
	struct json *note = json_new_object();

	attempt_say(attempt, "%s \"%.*s\" -> \"%.*s\"", key, STR_ARG(from), STR_ARG(to));
	json_set(note, "key", json_new_text(str_from(key)));
	json_set(note, "from", json_new_text(from));
	json_set(note, "to", json_new_text(to));
	json_set(note, "own", json_new_bool(from_own));
	json_append(attempt->noted, note);
}

void attempt_say_secret(struct attempt *attempt, const char *key, const char *what)
{
	struct json *note = json_new_object();

	attempt_say(attempt, "%s %s", key, what);
	json_set(note, "key", json_new_text(str_from(key)));
	json_append(attempt->noted, note);
}

static const char *of_what(enum setting_scope scope)
{
	return scope == SETTING_STORE	  ? "a store"
	       : scope == SETTING_ACCOUNT ? "an account"
					  : "the installation";
}

/* A setting of something else: says of what. */
static bool misplaced_setting(struct str key, enum setting_scope scope, struct err *err)
{
	enum setting other;

	if (!setting_find(key, SETTING_STORE, &other) && !setting_find(key, SETTING_ACCOUNT, &other))
		return false;
	if (scope == SETTING_INSTALLATION)
		(void)err_set(err, ERR_INVALID,
			      "'%.*s' is a setting of %s by itself: there is no default of it for all",
			      STR_ARG(key), of_what(setting_row(other)->scope));
	else
		(void)err_set(err, ERR_INVALID, "'%.*s' is a setting of %s, not of %s", STR_ARG(key),
			      of_what(setting_row(other)->scope), of_what(scope));
	return true;
}

static bool unknown_setting(struct str key, enum setting_scope scope, struct err *err)
{
	const char *keys[SETTING_COUNT], *near;
	enum setting found;

	if (misplaced_setting(key, scope, err))
		return false;
	for (int i = 0; i < SETTING_COUNT; i++) {
		keys[i] = setting_row((enum setting)i)->key;
		if (!setting_find(str_from(keys[i]), scope, &found))
			keys[i] = NULL;
	}
	near = nearest_text(key, keys, SETTING_COUNT);
	return err_set(err, ERR_INVALID, "%s has no setting '%.*s'%s%s%s", of_what(scope), STR_ARG(key),
		       near ? "; did you mean '" : "; see 'pannier help settings'", near ? near : "",
		       near ? "'?" : "");
}

/* Settings of one place while changes are applied to them. */
struct layer {
	enum setting_scope scope;
	struct str value[SETTING_COUNT];
	enum setting_source from[SETTING_COUNT];
	struct json *overrides;
};

static bool layer_read(const struct attempt *attempt, enum setting_scope scope, struct str before,
		       struct layer *out, struct err *err)
{
	struct settings_defaults defaults;

	out->scope = scope;
	out->overrides = NULL;
	if (scope != SETTING_INSTALLATION) {
		if (!values_read(before, scope, &attempt->defaults, attempt->arena, out->value, out->from,
				 err))
			return false;
	} else {
		if (!defaults_read(before, attempt->arena, &defaults, err))
			return false;
		memcpy(out->value, defaults.value, sizeof(out->value));
		memcpy(out->from, defaults.from, sizeof(out->from));
	}
	if (before.len > 0)
		return json_parse(before, &out->overrides, err);
	out->overrides = json_new_object();
	return true;
}

static bool is_own(const struct layer *layer, enum setting setting)
{
	return layer->from[setting] == setting_source_of(layer->scope);
}

static struct setting_state state_of(const struct attempt *attempt, const struct layer *layer,
				     enum setting setting)
{
	return (struct setting_state){
		.value = layer->value[setting],
		.below = layer->scope == SETTING_INSTALLATION ? str_from(setting_row(setting)->otherwise)
							      : attempt->defaults.value[setting],
		.own = is_own(layer, setting),
	};
}

static void put_value(struct attempt *attempt, struct layer *layer, enum setting setting, struct str after,
		      bool own)
{
	const struct setting_row *row = setting_row(setting);

	if (row->type == SETTING_SECRET) {
		attempt_say_secret(attempt, row->key, after.len > 0 ? "changed" : "removed");
		if (after.len > 0)
			after = value_seal(attempt->key, attempt->wish->name, setting, after, attempt->arena);
	} else {
		attempt_say_change(attempt, row->key, layer->value[setting], is_own(layer, setting), after);
	}
	attempt->change.sweep =
		attempt->change.sweep || (row->sweep && !str_eq(after, layer->value[setting]));
	layer->value[setting] = after;
	layer->from[setting] = own ? setting_source_of(layer->scope) : SETTING_FROM_TABLE;
	if (own)
		json_set(layer->overrides, row->key, json_new_text(after));
	else
		json_remove(layer->overrides, row->key);
}

/* One KEY=VALUE onto the values now in force and the JSON of what is kept here. */
static bool apply_one(struct attempt *attempt, struct layer *layer, size_t i, struct err *err)
{
	const struct wish *wish = attempt->wish;
	struct str key = wish->change[i].key;
	struct setting_state now, after;
	enum setting setting;

	if (!setting_find(key, layer->scope, &setting))
		return unknown_setting(key, layer->scope, err);
	now = state_of(attempt, layer, setting);
	if (!setting_wanted(setting, wish->change[i].value, &now, attempt->arena, &after, err))
		return false;
	after.own = after.own || (wish->keep && wish->keep[i]);
	if (!str_eq(after.value, now.value) || after.own != now.own)
		put_value(attempt, layer, setting, after.value, after.own);
	return true;
}

bool attempt_apply(struct attempt *attempt, enum setting_scope scope, struct str before, struct str *after,
		   struct err *err)
{
	struct layer layer;
	bool ok = layer_read(attempt, scope, before, &layer, err);

	for (size_t i = 0; ok && i < attempt->wish->n; i++)
		ok = apply_one(attempt, &layer, i, err);
	if (ok)
		*after = json_write_arena(layer.overrides, true, attempt->arena);
	json_free(layer.overrides);
	return ok;
}

void attempt_say_who(struct attempt *attempt, const char *what)
{
	struct str changes = arena_dup(attempt->arena, strbuf_str(&attempt->reason));

	if (!attempt->changed)
		return;
	strbuf_reset(&attempt->reason);
	attempt_say(attempt, "%s%s%.*s: %.*s", what, attempt->wish->name.len > 0 ? " " : "",
		    STR_ARG(attempt->wish->name), STR_ARG(changes));
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
	ok = db_config_load(settings->db, arena, &attempt.rows, err) &&
	     defaults_read(attempt.rows.defaults, arena, &attempt.defaults, err) && prepare(&attempt, err);
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
