/*
 * A store's settings as other folders see them: the rules of merging, and what a platform may ask of a store.
 *
 * Pure: everything is borrowed from the snapshot.
 */
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

struct catalog_rules flow_catalog_rules(const struct settings_store *store)
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

const struct snapshot *flow_settings(struct flow_ctx *ctx, struct err *err)
{
	if (!settings_refresh(ctx->settings, NULL, err)) {
		(void)err_wrap(err, "read settings");
		return NULL;
	}
	return settings_take(ctx->settings);
}
