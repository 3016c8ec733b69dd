/*
 * Changes of settings: of an account, of a store, and of the defaults for all; and what a change would do.
 *
 * Keeps:   settings are changed only by whoever read them as they are (If-Match). Each change is one audited
 *          transaction with the name of who did it.
 * Threads: changes on the slow worker, one after the other; the rest on any.
 */
#include "admin/config_view.h"
#include "admin/order_status.h"
#include "settings/actor.h"

#define CHANGES_MAX 200

/* "" is a value where it is one by itself, and not the same as none. */
static struct str text_of(struct str key, const struct json *value)
{
	struct str text = json_text(value);
	enum setting setting;

	if (text.len > 0 || json_type(value) == JSON_NULL ||
	    (!setting_find(key, SETTING_STORE, &setting) && !setting_find(key, SETTING_ACCOUNT, &setting)))
		return text;
	return setting_row(setting)->otherwise[0] == '\0' ? STR(SETTING_EMPTY) : text;
}

bool config_read_changes(struct admin_call *call, const struct json *map, struct setting_change **change,
			 size_t *n, struct err *err)
{
	*n = 0;
	if (json_len(map) > CHANGES_MAX)
		return err_set(err, ERR_INVALID, "%d settings at once at most", CHANGES_MAX);
	*change = ARENA_ARRAY(call->look.arena, json_len(map) + 1, struct setting_change);
	for (void *it = json_first(map); it; it = json_next(map, it)) {
		struct str key = json_member_name(it);

		(*change)[(*n)++] = (struct setting_change){ key, text_of(key, json_member_value(it)) };
	}
	return true;
}

/* Which settings of a change alter what products look like. */
struct swept {
	bool is[SETTING_COUNT];
	bool any;
};

/* One change as it would be. ERR_INVALID: unknown, or not allowed. */
static bool line_of(struct admin_call *call, const struct config_target *target,
		    const struct setting_change *change, struct json *list, struct swept *swept,
		    struct err *err)
{
	struct setting_state now, after;
	enum setting setting;
	struct json *json;
	bool sweep;

	if (!setting_find(change->key, target->scope, &setting))
		return err_set(err, ERR_INVALID, "there is no setting '%.*s' here", STR_ARG(change->key));
	now = (struct setting_state){ target->value[setting], config_below(call, target, setting),
				      config_is_own(target, setting) };
	if (!setting_wanted(setting, change->value, &now, call->look.arena, &after, err))
		return err_wrap(err, "%s", setting_row(setting)->key);
	if (str_eq(after.value, now.value) && after.own == now.own)
		return true;
	sweep = setting_row(setting)->sweep && !str_eq(after.value, now.value);
	swept->is[setting] = sweep;
	swept->any = swept->any || sweep;
	json = json_new_object();
	json_put(json, "key", change->key);
	json_put(json, "before", setting_shown(setting, now.value));
	json_put(json, "after", setting_shown(setting, after.value));
	json_put_bool(json, "own", after.own);
	json_put_bool(json, "sweep", sweep);
	json_append(list, json);
	return true;
}

/* Stores that follow one of the defaults that a change sweeps, as far as the user sees them. */
static int64_t count_swept(const struct admin_call *call, const struct swept *swept)
{
	const struct snapshot *snapshot = call->look.snapshot;
	int64_t n = 0;

	for (size_t i = 0; i < snapshot->n_store; i++) {
		const struct settings_store *store = &snapshot->store[i];
		bool follows = false;

		for (int k = 0; k < SETTING_COUNT; k++) {
			bool of_account = setting_row((enum setting)k)->scope == SETTING_ACCOUNT;
			enum setting_source from = of_account ? store->account->from[k] : store->from[k];

			follows = follows || (swept->is[k] && from != SETTING_FROM_OWN);
		}
		n += follows && call_sees_store(call, store->id);
	}
	return n;
}

static bool post_settings_preview(struct admin_call *call, enum setting_scope scope, struct err *err)
{
	struct setting_change *change;
	struct config_target target;
	struct json *json, *list;
	struct swept swept = { .any = false };
	bool ok = true;
	size_t n;

	if (!config_target(call, scope, &target, err) ||
	    !config_read_changes(call, json_get(call->body, "changes"), &change, &n, err) ||
	    !order_status_check(target.platform, change, n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n && ok; i++)
		ok = line_of(call, &target, &change[i], list, &swept, err);
	if (!ok) {
		json_free(list);
		return false;
	}
	json = json_new_object();
	json_set(json, "changes", list);
	json_put_bool(json, "sweep", swept.any);
	if (scope == SETTING_INSTALLATION)
		json_put_int(json, "stores", count_swept(call, &swept));
	json_put_int(json, "version", call->look.snapshot->version);
	return call_answer(call, json);
}

bool post_account_settings_preview(struct admin_call *call, struct err *err)
{
	return post_settings_preview(call, SETTING_ACCOUNT, err);
}

bool post_store_settings_preview(struct admin_call *call, struct err *err)
{
	return post_settings_preview(call, SETTING_STORE, err);
}

bool post_defaults_preview(struct admin_call *call, struct err *err)
{
	return post_settings_preview(call, SETTING_INSTALLATION, err);
}

static bool answer_settings(struct admin_call *call, enum setting_scope scope, struct err *err)
{
	struct config_target target;

	return call_refresh(call, err) && config_target(call, scope, &target, err) &&
	       config_answer_settings(call, &target, err);
}

static bool set_settings(struct admin_call *call, const struct config_target *target,
			 struct setting_change *change, size_t n, struct err *err)
{
	struct settings *settings = call->look.settings;

	if (target->scope == SETTING_INSTALLATION)
		return settings_defaults_set(settings, change, n, call->now_ms, err);
	if (target->scope == SETTING_ACCOUNT)
		return settings_account_set(settings, target->name, STR(""), change, n, call->now_ms, err);
	if (store_guide_needs_key(snapshot_find_store(call->look.snapshot, target->name), change, n))
		store_guide_add_key(call->look.arena, &change, &n);
	return settings_store_set(settings, target->name, STR(""), STR(""), change, n, call->now_ms, err);
}

static bool patch_settings(struct admin_call *call, enum setting_scope scope, struct err *err)
{
	struct setting_change *change;
	struct config_target target;
	bool ok;
	size_t n;

	/* What another process changed a moment ago counts. */
	if (!call_refresh(call, err) || !config_target(call, scope, &target, err) ||
	    !config_read_changes(call, json_get(call->body, "changes"), &change, &n, err) ||
	    !order_status_check(target.platform, change, n, err))
		return false;
	if (!str_eq(call->header.if_match, config_etag(call, &target)))
		return call_problem(
			call, 412, "changed", "Someone else changed these settings",
			STR("Read them again, review the differences, and send the change with the new "
			    "ETag."));
	target.name = arena_dup(call->look.arena, target.name);
	settings_act_as(call_actor(call));
	ok = set_settings(call, &target, change, n, err);
	settings_act_as(STR(""));
	return ok && answer_settings(call, scope, err);
}

bool patch_account_settings(struct admin_call *call, struct err *err)
{
	return patch_settings(call, SETTING_ACCOUNT, err);
}

bool patch_store_settings(struct admin_call *call, struct err *err)
{
	return patch_settings(call, SETTING_STORE, err);
}

bool patch_defaults(struct admin_call *call, struct err *err)
{
	return patch_settings(call, SETTING_INSTALLATION, err);
}
