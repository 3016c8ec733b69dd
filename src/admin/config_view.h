#ifndef PANNIER_ADMIN_CONFIG_VIEW_H
#define PANNIER_ADMIN_CONFIG_VIEW_H

#include "admin/admin_internal.h"
#include "admin/store_guide.h"

/* Accounts, stores and settings as JSON: what get_config.c and get_settings.c show, and post_config.c and
 * post_settings.c answer with. */
struct json *config_account_json(struct admin_call *call, const struct settings_account *account);
struct json *config_store_json(const struct settings_store *store, const struct summary *summary);
/* With the guide. */
bool config_store_whole(struct admin_call *call, const struct settings_store *store, struct json **out,
			struct err *err) MUST_CHECK;

/* Whose settings are shown or changed: an account's, a store's, or the defaults of the installation. */
struct config_target {
	enum setting_scope scope;
	struct str name;           /* "": the defaults */
	struct str platform;       /* "": only a store has one */
	const struct str *value;
	const enum setting_source *from;
	struct str overrides;
};
/* By the first segment of the path. */
bool config_target(struct admin_call *call, enum setting_scope scope, struct config_target *out, struct err *err) MUST_CHECK;
bool config_is_own(const struct config_target *target, enum setting setting);
/* What counts where nothing is set here. */
struct str config_below(const struct admin_call *call, const struct config_target *target, enum setting setting);
/* Of what is set there and of what counts where nothing is: the same while nobody changes it. */
struct str config_etag(struct admin_call *call, const struct config_target *target);
/* {"key": "value" or null} as changes; null puts back to the default. */
bool config_read_changes(struct admin_call *call, const struct json *map, struct setting_change **change, size_t *n,
			 struct err *err) MUST_CHECK;
bool config_answer_settings(struct admin_call *call, const struct config_target *target, struct err *err) MUST_CHECK;

#endif
