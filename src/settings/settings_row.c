/*
 * What stands in the rows of accounts and stores: settings as JSON over their defaults, secrets sealed
 * under a label.
 *
 * Threads: any; pure but for a warning in the log.
 */
#include "settings/settings_internal.h"

#include "base/log.h"

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

bool values_read(struct str overrides, enum setting_scope scope, struct arena *arena,
		 struct str value[static SETTING_COUNT], struct err *err)
{
	struct json *object = NULL;

	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		value[i] = row->scope == scope ? str_from(row->otherwise) : STR("");
	}
	if (overrides.len == 0)
		return true;
	if (!json_parse(overrides, &object, err))
		return err_wrap(err, "stored settings");
	for (void *it = json_first(object); it; it = json_next(object, it)) {
		enum setting setting;
		struct str stored = json_text(json_member_value(it));

		/*
		 * A key or value that this version does not know was written by another one: kept, not used.
		 */
		if (setting_find(json_member_name(it), scope, &setting) &&
		    !setting_parse(setting, stored, arena, &value[setting], NULL))
			log_warn("settings", "stored value of %s is not one that this version knows",
				 setting_row(setting)->key);
	}
	json_free(object);
	return true;
}
