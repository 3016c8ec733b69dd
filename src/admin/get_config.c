/*
 * Accounts, stores, platforms and the table of settings, as they are.
 *
 * Doesn't: show what is set (get_settings.c).
 * Keeps: of keys and secrets no more than the last characters.
 */
#include "admin/admin_internal.h"
#include "admin/config_view.h"
#include "admin/order_status.h"
#include "flow/connect.h"
#include "flow/feed.h"
#include "model/metric.h"
#include "platform/platform.h"

static struct json *settings_json(const struct str value[static SETTING_COUNT], enum setting_scope scope)
{
	struct json *json = json_new_object();

	for (int i = 0; i < SETTING_COUNT; i++)
		if (setting_row((enum setting)i)->scope == scope)
			json_put(json, setting_row((enum setting)i)->key,
				 setting_shown((enum setting)i, value[i]));
	return json;
}

/* ---- accounts ---- */

/* Of an account that is connected so; what the database does not say is said by the overview. */
static struct str connection_problem(struct admin_call *call, const struct settings_account *account)
{
	struct str why;
	struct err ignored;

	return connect_trouble(call->look.db, account, call->look.arena, &why, &ignored) ? why : STR("");
}

struct json *config_account_json(struct admin_call *call, const struct settings_account *account)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct json *json = json_new_object(), *stores = json_new_array();

	for (size_t i = 0; i < snapshot->n_store; i++)
		if (snapshot->store[i].account == account && call_sees_store(call, snapshot->store[i].id))
			json_append(stores, json_new_text(snapshot->store[i].name));
	json_put(json, "name", account->name);
	json_put(json, "key_last4", account->key_last4);
	json_put_bool(json, "oauth", account->oauth);
	json_put_or_null(json, "connection_problem", connection_problem(call, account));
	json_put_bool(json, "key_opens", !account->broken);
	json_set(json, "stores", stores);
	json_set(json, "settings", settings_json(account->value, SETTING_ACCOUNT));
	json_put_time(json, "created_at", account->created_ms);
	return json;
}

bool get_accounts(struct admin_call *call, struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct json *list = json_new_array();

	(void)err;
	for (size_t i = 0; i < snapshot->n_account; i++)
		if (call_sees_account(call, &snapshot->account[i]))
			json_append(list, config_account_json(call, &snapshot->account[i]));
	return call_page(call, list, STR(""));
}

bool get_account(struct admin_call *call, struct err *err)
{
	const struct settings_account *account;

	return call_account(call, call_segment(call, 0), &account, err) &&
	       call_answer(call, config_account_json(call, account));
}

/* ---- stores ---- */

static int64_t last_message_ms(const struct summary *summary, int64_t store_id)
{
	for (size_t i = 0; i < summary->n_store; i++)
		if (summary->store[i].store_id == store_id)
			return summary->store[i].last_message_ms;
	return 0;
}

struct json *config_store_json(const struct settings_store *store, const struct summary *summary)
{
	struct json *json = json_new_object();

	json_put(json, "name", store->name);
	json_put(json, "platform", store->platform);
	json_put(json, "account", store->account->name);
	json_put(json, "secret_last4", store->secret_last4);
	json_put_bool(json, "secret_opens", !store->broken);
	json_put_int(json, "secrets", (int64_t)store->n_secret);
	json_set(json, "settings", settings_json(store->value, SETTING_STORE));
	json_put_time(json, "created_at", store->created_ms);
	json_put_time(json, "last_message_at", last_message_ms(summary, store->id));
	return json;
}

bool get_stores(struct admin_call *call, struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct summary summary;
	struct json *list;

	if (!db_summary(call->look.db, call->now_ms, call->look.arena, &summary, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < snapshot->n_store; i++)
		if (call_sees_store(call, snapshot->store[i].id))
			json_append(list, config_store_json(&snapshot->store[i], &summary));
	return call_page(call, list, STR(""));
}

/* How shops reach this daemon: as it was told, else as the browser did. */
static struct str shop_base(struct admin_call *call)
{
	const struct admin_config *config = &call->admin->config;

	if (config->shop_url.len > 0)
		return config->shop_url;
	if (config->url.len > 0)
		return config->url;
	return arena_printf(call->look.arena, "%s://%.*s", call->request->secure ? "https" : "http",
			    STR_ARG(call->header.host));
}

static bool put_order_statuses(struct admin_call *call, const struct settings_store *store, struct json *json,
			       struct err *err)
{
	struct order_status_list statuses;

	if (!order_status_read(&call->look, store, &statuses, err))
		return false;
	json_set(json, "order_statuses", order_status_json(&statuses));
	json_put_bool(json, "order_statuses_told", statuses.told);
	order_status_list_free(&statuses);
	return true;
}

/* For those who may change settings: whoever has the address can read the catalog. */
static struct json *feed_json(struct admin_call *call, const struct settings_store *store)
{
	struct str base = shop_base(call), token;
	struct json *json;

	if (!feed_is_wanted(store->account) || !call_may(call, SCOPE_SETTINGS_WRITE))
		return json_new_null();
	token = feed_token(call->look.settings, store, call->look.arena);
	json = json_new_object();
	for (enum feed_form form = FEED_JSON; form <= FEED_XML; form++)
		json_put(json, form == FEED_JSON ? "json_url" : "xml_url",
			 arena_printf(call->look.arena, "%.*s/feeds/%.*s/%.*s/%s", STR_ARG(base),
				      STR_ARG(store->name), STR_ARG(token), feed_form_name(form)));
	return json;
}

bool config_store_whole(struct admin_call *call, const struct settings_store *store, struct json **out,
			struct err *err)
{
	const struct platform_ops *platform = platform_find(store->platform);
	struct store_guide guide;
	struct summary summary;
	struct json *json;

	if (!store_guide_make(&call->look, store, shop_base(call), &guide, err) ||
	    !db_summary(call->look.db, call->now_ms, call->look.arena, &summary, err))
		return false;
	json = json_new_object();
	json_put(json, "webhook_url", guide.webhook_url);
	json_put_or_null(json, "header", guide.header);
	json_put(json, "configure", guide.configure);
	json_put(json, "script_tag", guide.script_tag);
	json_put(json, "secret_is", str_from(platform->guide.secret_is));
	*out = config_store_json(store, &summary);
	json_set(*out, "guide", json);
	json_set(*out, "feed", feed_json(call, store));
	return put_order_statuses(call, store, *out, err);
}

bool get_store(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct json *json;

	return call_store(call, call_segment(call, 0), &store, err) &&
	       config_store_whole(call, store, &json, err) && call_answer(call, json);
}

static struct json *order_states(const struct platform_ops *platform)
{
	struct str rest = str_from(platform_order_states(platform)), one;
	struct json *list = json_new_array();

	while (str_split(&rest, '|', &one))
		json_append(list, json_new_text(one));
	return list;
}

bool get_platforms(struct admin_call *call, struct err *err)
{
	const struct platform_ops *const *all = platform_all();
	struct json *list = json_new_array();

	(void)err;
	for (size_t i = 0; all[i]; i++) {
		struct json *json = json_new_object();

		json_put(json, "name", str_from(all[i]->name));
		json_put(json, "label", str_from(all[i]->label));
		json_put(json, "secret_is", str_from(all[i]->guide.secret_is));
		json_set(json, "order_states", order_states(all[i]));
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}

/* ---- the table of settings ---- */

static const char *type_name(enum setting_type type)
{
	static const char *const names[] = {
		[SETTING_TEXT] = "text",     [SETTING_BOOL] = "bool",	      [SETTING_INT] = "int",
		[SETTING_CHOICE] = "choice", [SETTING_URL] = "url",	      [SETTING_TEMPLATE] = "template",
		[SETTING_HEADER] = "header", [SETTING_SWITCHES] = "switches", [SETTING_PAIRS] = "pairs",
		[SETTING_WINDOWS] = "pairs", [SETTING_SCHEDULES] = "text",    [SETTING_SECRET] = "secret",
	};

	return names[type];
}

static struct json *choices_json(const struct setting_row *row)
{
	struct json *list = json_new_array();
	struct str rest = str_from(row->choices), part;

	while (str_split(&rest, '|', &part))
		json_append(list, json_new_text(part));
	if (row->type == SETTING_SWITCHES)
		for (int i = 0; i < METRIC_COUNT; i++)
			json_append(list, json_new_text(str_from(metric_row((enum metric)i)->key)));
	return list;
}

/* Switches that are on where nothing says otherwise. */
static struct json *on_json(const struct setting_row *row)
{
	struct json *list = json_new_array();

	for (int i = 0; row->type == SETTING_SWITCHES && i < METRIC_COUNT; i++)
		if (metric_row((enum metric)i)->on)
			json_append(list, json_new_text(str_from(metric_row((enum metric)i)->key)));
	return list;
}

static struct json *setting_json(struct admin_call *call, enum setting setting)
{
	const struct setting_row *row = setting_row(setting);
	bool has_max = row->type == SETTING_INT || row->max > 0;
	struct json *json = json_new_object();

	json_put(json, "key", str_from(row->key));
	json_put(json, "scope", row->scope == SETTING_ACCOUNT ? STR("account") : STR("store"));
	json_put(json, "type", str_from(type_name(row->type)));
	json_put(json, "default", str_from(row->otherwise));
	json_set(json, "min", row->type == SETTING_INT ? json_new_int(row->min) : json_new_null());
	json_set(json, "max", has_max ? json_new_int(row->max) : json_new_null());
	json_set(json, "choices", choices_json(row));
	json_set(json, "on", on_json(row));
	json_put(json, "allowed", setting_allowed(setting, call->look.arena));
	json_put(json, "help", str_from(row->help));
	json_put_bool(json, "sweep", row->sweep);
	json_put_bool(json, "shared", row->shared);
	return json;
}

bool get_settings_table(struct admin_call *call, struct err *err)
{
	struct json *list = json_new_array();

	(void)err;
	for (int i = 0; i < SETTING_COUNT; i++)
		json_append(list, setting_json(call, (enum setting)i));
	return call_page(call, list, STR(""));
}
