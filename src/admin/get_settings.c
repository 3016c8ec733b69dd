/*
 * Settings as they are, of an account, of a store, and the defaults for all: what counts, and where it comes
 * from.
 *
 * Keeps:   a limited user learns nothing of stores that are not theirs, not even how many there are.
 * Threads: any.
 */
#include "admin/config_history.h"
#include "admin/config_view.h"

bool config_target(struct admin_call *call, enum setting_scope scope, struct config_target *out,
		   struct err *err)
{
	const struct settings_defaults *defaults = &call->look.snapshot->defaults;
	const struct settings_account *account;
	const struct settings_store *store;

	*out = (struct config_target){ scope,		STR(""),	STR(""),
				       defaults->value, defaults->from, defaults->overrides };
	if (scope == SETTING_ACCOUNT) {
		if (!call_account(call, call_segment(call, 0), &account, err))
			return false;
		*out = (struct config_target){ scope,	       account->name, STR(""),
					       account->value, account->from, account->overrides };
	}
	if (scope == SETTING_STORE) {
		if (!call_store(call, call_segment(call, 0), &store, err))
			return false;
		*out = (struct config_target){ scope,	     store->name, store->platform,
					       store->value, store->from, store->overrides };
	}
	return true;
}

bool config_is_own(const struct config_target *target, enum setting setting)
{
	return target->from[setting] == setting_source_of(target->scope);
}

struct str config_below(const struct admin_call *call, const struct config_target *target,
			enum setting setting)
{
	return target->scope == SETTING_INSTALLATION ? str_from(setting_row(setting)->otherwise)
						     : call->look.snapshot->defaults.value[setting];
}

struct str config_etag(struct admin_call *call, const struct config_target *target)
{
	const struct str part[] = { target->overrides, call->look.snapshot->defaults.overrides };
	struct digest16 digest = digest16_of(part, ARRAY_LEN(part));
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(call->look.arena, "\"%s\"", hex);
}

/* Accounts or stores with a value of their own, as far as the user sees them. */
static int64_t count_own(const struct admin_call *call, enum setting setting)
{
	const struct snapshot *snapshot = call->look.snapshot;
	int64_t n = 0;

	if (setting_row(setting)->scope == SETTING_ACCOUNT)
		for (size_t i = 0; i < snapshot->n_account; i++)
			n += snapshot->account[i].from[setting] == SETTING_FROM_OWN &&
			     call_sees_account(call, &snapshot->account[i]);
	else
		for (size_t i = 0; i < snapshot->n_store; i++)
			n += snapshot->store[i].from[setting] == SETTING_FROM_OWN &&
			     call_sees_store(call, snapshot->store[i].id);
	return n;
}

static struct json *value_json(struct admin_call *call, const struct config_target *target,
			       enum setting setting)
{
	struct json *json = json_new_object();

	json_put(json, "key", str_from(setting_row(setting)->key));
	json_put(json, "value", setting_shown(setting, target->value[setting]));
	json_put(json, "default", config_below(call, target, setting));
	json_put(json, "from", str_from(setting_source_text(target->from[setting])));
	if (target->scope == SETTING_INSTALLATION)
		json_put_int(json, "overridden", count_own(call, setting));
	return json;
}

bool config_answer_settings(struct admin_call *call, const struct config_target *target, struct err *err)
{
	struct json *json = json_new_object(), *list = json_new_array();
	enum setting setting;

	(void)err;
	for (int i = 0; i < SETTING_COUNT; i++)
		if (setting_find(str_from(setting_row((enum setting)i)->key), target->scope, &setting))
			json_append(list, value_json(call, target, setting));
	json_put(json, "scope", str_from(change_scope_text(target->scope)));
	json_put(json, "name", target->name);
	json_put_int(json, "version", call->look.snapshot->version);
	json_set(json, "values", list);
	json_put(json, "etag", config_etag(call, target));
	call_header(call, STR("ETag"), config_etag(call, target));
	return call_answer(call, json);
}

static bool get_settings(struct admin_call *call, enum setting_scope scope, struct err *err)
{
	struct config_target target;

	return config_target(call, scope, &target, err) && config_answer_settings(call, &target, err);
}

bool get_account_settings(struct admin_call *call, struct err *err)
{
	return get_settings(call, SETTING_ACCOUNT, err);
}

bool get_store_settings(struct admin_call *call, struct err *err)
{
	return get_settings(call, SETTING_STORE, err);
}

bool get_defaults(struct admin_call *call, struct err *err)
{
	return get_settings(call, SETTING_INSTALLATION, err);
}
