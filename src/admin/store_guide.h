#ifndef PANNIER_ADMIN_STORE_GUIDE_H
#define PANNIER_ADMIN_STORE_GUIDE_H

#include "admin/look.h"
#include "platform/platform.h"

/* What a person has to enter in the shop for a store. Texts live in the run's arena. */
struct store_guide {
	struct str webhook_url;
	struct str header;         /* the one that carries the secret; "" if the platform has its own way */
	struct str configure;      /* paragraphs */
	struct str script_tag;     /* for the pages of the shop */
};

/* base: how shops reach the daemon, without a slash at its end. ERR_INVALID: the platform is not one this version knows. */
bool store_guide_make(struct look *look, const struct settings_store *store, struct str base, struct store_guide *out,
		      struct err *err) MUST_CHECK;
/* The platform of that name; ERR_INVALID lists those there are. */
bool store_guide_platform(struct str name, const struct platform_ops **out, struct err *err) MUST_CHECK;

/* The changes with a fresh storefront_key behind them, unless one is among them. */
void store_guide_add_key(struct arena *arena, struct setting_change **change, size_t *n);
/* Will the store need a publishable key and have none, after these changes? */
bool store_guide_needs_key(const struct settings_store *store, const struct setting_change *change, size_t n);

#endif
