/*
 * A store's settings as other folders see them: the rules of merging, and what a platform may ask of a store.
 *
 * Pure: everything is borrowed from the snapshot.
 */
#include "flow/feed.h"
#include "flow/flow_internal.h"

#include <assert.h>

static struct str setting_by_key(const void *from, const char *key)
{
	const struct settings_store *store = from;
	enum setting setting;

	if (!setting_find(str_from(key), SETTING_STORE, &setting))
		return (struct str){ 0 };
	return setting_text(store->value, setting);
}

struct platform_store flow_platform_store(const struct settings_store *store)
{
	return (struct platform_store){
		.store_id = store->id,
		.secret = store->secret,
		.n_secret = store->n_secret,
		.setting = setting_by_key,
		.from = store,
	};
}

static enum price_source price_source(struct str text)
{
	if (str_eq(text, STR("base")))
		return PRICE_BASE;
	if (str_eq(text, STR("reference")))
		return PRICE_REFERENCE;
	assert(str_eq(text, STR("sale"))); /* the setting is checked when it is made */
	return PRICE_SALE;
}

static struct catalog_rules catalog_rules(const struct settings_store *store)
{
	const struct str *value = store->value;

	return (struct catalog_rules){
		.id_prefix = setting_text(value, SETTING_KEY_id_prefix),
		.market = setting_text(value, SETTING_KEY_market),
		.store_group = setting_text(value, SETTING_KEY_store_group),
		.language = setting_text(value, SETTING_KEY_language),
		.url_template = setting_text(value, SETTING_KEY_url_template),
		.category_path = str_eq(setting_text(value, SETTING_KEY_category_name), STR("path")),
		.price_source = price_source(setting_text(value, SETTING_KEY_price_source)),
		.price_divisor = setting_int(value, SETTING_KEY_price_divisor),
		.delete_unpublished = str_eq(setting_text(value, SETTING_KEY_unpublished), STR("delete")),
		.hold_without_price = setting_bool(value, SETTING_KEY_hold_without_price),
		.stock_unknown = setting_int(value, SETTING_KEY_stock_unknown),
	};
}

/* ---- activity ---- */

/* "a=on,b=off" over what is switched so far. */
static void switch_metrics(struct str switches, bool on[METRIC_COUNT])
{
	struct str part;

	while (str_split(&switches, ',', &part)) {
		size_t at = str_find_char(part, '=');
		struct str key = str_trim(str_of(part.p, at));
		struct str value = str_trim(str_skip(part, at + 1));

		for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
			if (str_eq(key, str_from(metric_row(metric)->key)))
				on[metric] = str_eq(value, STR("on"));
	}
}

static struct activity_rules activity_rules(const struct settings_store *store,
					    const struct flow_account_facts *facts)
{
	const struct str *value = store->value;
	struct str source = setting_text(value, SETTING_KEY_consent_source);
	struct activity_rules rules = {
		.id_prefix = setting_text(value, SETTING_KEY_id_prefix),
		.order_number_identifies =
			str_eq(setting_text(value, SETTING_KEY_order_identifier), STR("number")),
		.send_profiles = setting_bool(value, SETTING_KEY_send_profiles),
		.send_consent = setting_bool(value, SETTING_KEY_send_consent),
		.tell_optouts = setting_text(value, SETTING_KEY_optout_webhook).len > 0,
		.profile_external_id = setting_bool(value, SETTING_KEY_profile_external_id),
		.list_id = facts->list_name, /* deliver puts its id there */
		.consent_source = source.len > 0 ? source : store->name,
		.profile_include = setting_text(value, SETTING_KEY_profile_include),
		.profile_exclude = setting_text(value, SETTING_KEY_profile_exclude),
		.profile_rename = setting_text(value, SETTING_KEY_profile_rename),
		.profile_set = setting_text(value, SETTING_KEY_profile_set),
		.product_wait_ms = setting_int(value, SETTING_KEY_product_wait_ms),
	};

	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		rules.metric_on[metric] = metric_row(metric)->on;
	switch_metrics(setting_text(store->account->value, SETTING_KEY_metrics), rules.metric_on);
	switch_metrics(setting_text(value, SETTING_KEY_store_metrics), rules.metric_on);
	return rules;
}

struct flow_rules flow_rules(const struct settings_store *store, const struct flow_account_facts *facts)
{
	return (struct flow_rules){
		.catalog = catalog_rules(store),
		.activity = activity_rules(store, facts),
		.canceled = facts->canceled,
		.feed = feed_is_wanted(store->account),
	};
}

/* ---- facts of an account ---- */

/* '|' separates what a group of consent is made of (klaviyo/render.h). */
static struct str list_name(const struct settings_store *store, struct arena *arena)
{
	struct str name = setting_text(store->value, SETTING_KEY_list);
	char *text;

	if (name.len == 0)
		return arena_printf(arena, "Newsletter (%.*s)", STR_ARG(store->name));
	text = arena_cstr(arena, name);
	for (size_t i = 0; i < name.len; i++)
		if (text[i] == '|')
			text[i] = '/';
	return str_of(text, name.len);
}

static bool spelling(struct flow_ctx *ctx, const struct settings_account *account, struct arena *arena,
		     bool *canceled, struct err *err)
{
	struct str text = setting_text(account->value, SETTING_KEY_cancelled_spelling);

	if (str_eq(text, STR("auto")) &&
	    !db_cursor_get(ctx->db, account->id, STR(FLOW_CURSOR_SPELLING), arena, &text, err))
		return err_wrap(err, "read the spelling of account '%.*s'", STR_ARG(account->name));
	*canceled = str_eq(text, STR("Canceled"));
	return true;
}

bool flow_account_facts(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
			struct flow_account_facts *out, struct err *err)
{
	*out = (struct flow_account_facts){ .list_name = list_name(store, arena) };
	return spelling(ctx, store->account, arena, &out->canceled, err);
}

/* ---- settings of the moment ---- */

const struct snapshot *flow_settings(struct flow_ctx *ctx, struct err *err)
{
	if (!settings_refresh(ctx->settings, NULL, err)) {
		(void)err_wrap(err, "read settings");
		return NULL;
	}
	return settings_take(ctx->settings);
}
