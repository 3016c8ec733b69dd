#ifndef PANNIER_FLOW_FLOW_INTERNAL_H
#define PANNIER_FLOW_FLOW_INTERNAL_H

#include "catalog/merge.h"
#include "flow/flow.h"
#include "platform/platform.h"

/* What the stages share; included only inside flow/. */

/* Nobody waits longer than this without asking the database: changes by other processes ring no wake. */
#define FLOW_POLL_MS 250

/* A store as its platform sees it. Borrows store. */
struct platform_store flow_platform_store(const struct settings_store *store);
/* The rules by which a store's facts are merged. Borrows store. */
struct catalog_rules flow_catalog_rules(const struct settings_store *store);
/* The current settings, renewed; release with settings_release. NULL with err: they could not be read. */
const struct snapshot *flow_settings(struct flow_ctx *ctx, struct err *err);

/*
 * A root as Klaviyo should hold it, and what to tell Klaviyo to get there: merge, render, plan. Pure. view->note gathers what was
 * mended on the way. All in the arena.
 */
struct flow_plan {
	struct catalog_view view;
	struct delivery_new *delivery;
	size_t n_delivery;
};
void flow_plan_root(const struct catalog_rules *rules, const struct catalog_root *root, struct arena *arena,
		    struct flow_plan *out);

#endif
