/*
 * What stands in the rows of accounts and stores: settings as JSON over their defaults, and these as JSON
 * of the installation over those of the table; secrets sealed under a label.
 *
 * Threads: any; pure but for a warning in the log.
 */
#include "settings/settings_internal.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mutant.h"

struct str account_label(struct str name, struct arena *arena)
{
	return arena_printf(arena, "account/%.*s/key", STR_ARG(name));
}

struct str store_label(struct str name, struct arena *arena)
{
	return arena_printf(arena, "store/%.*s/secret", STR_ARG(name));
}

struct str secrets_write(const struct str *secret, size_t n, struct arena *arena)
{
	struct json *list = json_new_array();
	struct str text;

	for (size_t i = 0; i < n; i++)
		json_append(list, json_new_text(secret[i]));
	text = json_write_arena(list, false, arena);
	json_free(list);
	return text;
}

bool secrets_read(struct str text, struct arena *arena, struct str secret[static STORE_SECRETS_MAX],
		  size_t *n)
{
	struct json *list = NULL;
	struct err ignored; /* its text could quote the secret */

	if (!json_parse(text, &list, &ignored))
		return false;
	*n = json_len(list) < STORE_SECRETS_MAX ? json_len(list) : STORE_SECRETS_MAX;
	for (size_t i = 0; i < *n; i++)
		secret[i] = arena_dup(arena, json_text(json_at(list, i)));
	json_free(list);
	return *n > 0;
}

struct str token_write(const struct settings_token *token, struct arena *arena)
{
	struct json *json = json_new_object();
	struct str text;

	json_set_text(json, "access", token->access);
	json_set_text(json, "refresh", token->refresh);
	json_set(json, "since_ms", json_new_int(token->since_ms));
	json_set(json, "until_ms", json_new_int(token->until_ms));
	text = json_write_arena(json, false, arena);
	json_free(json);
	return text;
}

bool token_read(struct str text, struct arena *arena, struct settings_token *out)
{
	struct json *json = NULL;
	struct err ignored; /* its text could quote the token */
	bool ok;

	*out = (struct settings_token){ 0 };
	if (!str_starts(text, STR("{")) || !json_parse(text, &json, &ignored))
		return false;
	out->access = arena_dup(arena, json_get_text(json, "access"));
	out->refresh = arena_dup(arena, json_get_text(json, "refresh"));
	ok = json_get_int(json, "since_ms", &out->since_ms) &&
	     json_get_int(json, "until_ms", &out->until_ms) && out->access.len > 0;
	json_free(json);
	return ok;
}

/* What an object says over what is there. */
static void read_object(struct json *object, enum setting_scope scope, struct arena *arena,
			struct str value[static SETTING_COUNT],
			enum setting_source from[static SETTING_COUNT])
{
	for (void *it = json_first(object); it; it = json_next(object, it)) {
		enum setting setting;
		struct str stored = json_text(json_member_value(it));

		/*
		 * A key or value that this version does not know was written by another one: kept, not used.
		 */
		if (!setting_find(json_member_name(it), scope, &setting))
			continue;
		from[setting] = setting_source_of(scope);
		if (setting_row(setting)->type == SETTING_SECRET)
			value[setting] = arena_dup(arena, stored);
		else if (!setting_parse(setting, stored, arena, &value[setting], NULL))
			log_warn("settings", "stored value of %s is not one that this version knows",
				 setting_row(setting)->key);
	}
}

static bool read_over(struct str overrides, enum setting_scope scope, struct arena *arena,
		      struct str value[static SETTING_COUNT], enum setting_source from[static SETTING_COUNT],
		      struct err *err)
{
	struct json *object = NULL;

	if (overrides.len == 0)
		return true;
	if (!json_parse(overrides, &object, err))
		return err_wrap(err, "stored settings");
	read_object(object, scope, arena, value, from);
	json_free(object);
	return true;
}

bool defaults_read(struct str overrides, struct arena *arena, struct settings_defaults *out, struct err *err)
{
	*out = (struct settings_defaults){ .overrides = overrides };
	for (int i = 0; i < SETTING_COUNT; i++)
		out->value[i] = str_from(setting_row((enum setting)i)->otherwise);
	return read_over(overrides, SETTING_INSTALLATION, arena, out->value, out->from, err);
}

/* Planted bugs. */
static void spoil(enum setting_scope scope, const struct settings_defaults *defaults,
		  struct str value[static SETTING_COUNT])
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		if (row->scope != scope || defaults->from[i] != SETTING_FROM_INSTALLATION)
			continue;
		if (mutant_is(MUTANT_default_over_own) && scope == SETTING_STORE)
			value[i] = defaults->value[i];
		if (mutant_is(MUTANT_default_ignored) && scope == SETTING_ACCOUNT)
			value[i] = str_from(row->otherwise);
	}
}

bool values_read(struct str overrides, enum setting_scope scope, const struct settings_defaults *defaults,
		 struct arena *arena, struct str value[static SETTING_COUNT],
		 enum setting_source from[static SETTING_COUNT], struct err *err)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		bool here = setting_row((enum setting)i)->scope == scope;

		value[i] = here ? defaults->value[i] : STR("");
		from[i] = here ? defaults->from[i] : SETTING_FROM_TABLE;
	}
	if (!read_over(overrides, scope, arena, value, from, err))
		return false;
	spoil(scope, defaults, value);
	return true;
}

/* ---- secrets among the settings ---- */

static struct str value_label(struct str name, enum setting setting, struct arena *arena)
{
	const struct setting_row *row = setting_row(setting);

	return arena_printf(arena, "%s/%.*s/setting/%s", row->scope == SETTING_STORE ? "store" : "account",
			    STR_ARG(name), row->key);
}

struct str value_seal(const struct seal_key *key, struct str name, enum setting setting, struct str text,
		      struct arena *arena)
{
	struct str sealed = seal_text(key, value_label(name, setting, arena), text, arena);

	return base64_encode(arena, sealed.p, sealed.len);
}

bool values_open(const struct seal_key *key, struct str name, struct arena *arena,
		 struct str value[static SETTING_COUNT], struct err *err)
{
	bool ok = true;

	for (int i = 0; i < SETTING_COUNT; i++) {
		struct str stored = value[i], sealed;

		if (setting_row((enum setting)i)->type != SETTING_SECRET || stored.len == 0)
			continue;
		value[i] = STR("");
		if (!base64_decode(arena, stored, &sealed))
			ok = err_set(err, ERR_DENIED, "%s is not a sealed text",
				     setting_row((enum setting)i)->key);
		else if (!seal_open_text(key, value_label(name, (enum setting)i, arena), sealed, arena,
					 &value[i], err))
			ok = err_wrap(err, "%s", setting_row((enum setting)i)->key);
	}
	return ok;
}

void values_wipe(const struct str value[static SETTING_COUNT])
{
	for (int i = 0; i < SETTING_COUNT; i++)
		if (setting_row((enum setting)i)->type == SETTING_SECRET)
			seal_text_wipe(value[i]);
}
