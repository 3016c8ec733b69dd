#ifndef PANNIER_ADMIN_CONFIG_VIEW_H
#define PANNIER_ADMIN_CONFIG_VIEW_H

#include "admin/admin_internal.h"
#include "admin/store_guide.h"

/* Accounts, stores and settings as JSON: what get_config.c shows and post_config.c answers with. */
struct json *config_account_json(struct admin_call *call, const struct settings_account *account);
struct json *config_store_json(const struct settings_store *store, const struct summary *summary);
/* With the guide. */
bool config_store_whole(struct admin_call *call, const struct settings_store *store, struct json **out,
			struct err *err) MUST_CHECK;
/* Of what is set of an account or a store: the same while nobody changes it. */
struct str config_etag(struct str overrides, struct arena *arena);
bool config_answer_settings(struct admin_call *call, enum setting_scope scope, struct str name,
			    const struct str value[static SETTING_COUNT], struct str overrides, struct err *err) MUST_CHECK;

#endif
