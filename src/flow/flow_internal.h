#ifndef PANNIER_FLOW_FLOW_INTERNAL_H
#define PANNIER_FLOW_FLOW_INTERNAL_H

#include "activity/merge.h"
#include "catalog/merge.h"
#include "flow/flow.h"
#include "platform/platform.h"

/* What the stages share; included only inside flow/. */

/* Nobody waits longer than this without asking the database: changes by other processes ring no wake. */
#define FLOW_POLL_MS 250

/* Units to take now, and what their number says of the next time. least..most, both at least 1. */
size_t flow_batch_size(const struct flow_batch *batch, size_t least);
void flow_batch_heed(struct flow_ctx *ctx, struct flow_batch *batch, size_t least, size_t most, size_t n);

/* A store as its platform sees it. Borrows store. */
struct platform_store flow_platform_store(const struct settings_store *store);

/* In front of the topic of a message in our own form, where the shop speaks another one. */
#define FLOW_TOPIC_GENERIC "generic:"

/* What Klaviyo itself says of people, messages with topics "klaviyo.*" -> facts. Pure. */
void flow_map_klaviyo(struct str topic, struct str body, struct arena *arena, struct map_result *out);

/* What the rules need besides settings: what Klaviyo told of the account (deliver_lookup.c finds it out), names made up. */
struct flow_account_facts {
	bool canceled;             /* the account's metric is spelt "Canceled Order" */
	struct str list_name;      /* of the store's list in Klaviyo */
};
bool flow_account_facts(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
			struct flow_account_facts *out, struct err *err) MUST_CHECK;
/* Names of cursors (db_cursor_get): facts of an account. */
#define FLOW_CURSOR_SPELLING "metric cancelled" /* "Cancelled" or "Canceled" */
#define FLOW_CURSOR_BELIEVED "time believed"    /* of account 0: Unix ms, what retention took for the time (retain.c) */
#define FLOW_CURSOR_OPTOUTS  "opt-outs"         /* Unix ms up to which they were read */

#define FLOW_CURSOR_BUDGET   "budget "   /* and the endpoint: what was used of it (klaviyo/budget.h); of those that claim nothing */

/* The share of Klaviyo's limits that is ours. (deliver_account.c) */
int flow_quota_percent(const struct settings_account *settings);

/* The rules by which a store's facts are merged. Borrows store and what facts holds. */
struct flow_rules {
	struct catalog_rules catalog;
	struct activity_rules activity;
	bool canceled;
	bool feed;                 /* Klaviyo reads the catalog as a feed: nothing of it is told */
};
struct flow_rules flow_rules(const struct settings_store *store, const struct flow_account_facts *facts);
/* The current settings, renewed; release with settings_release. NULL with err: they could not be read. */
const struct snapshot *flow_settings(struct flow_ctx *ctx, struct err *err);

/* A settlement that failed: may the same be tried again? Otherwise the store does not know the batch any more, and there is nothing to
 * settle. (deliver_settle.c) */
bool flow_worth_retrying(const struct err *err);

/*
 * A root as Klaviyo should hold it, and what to tell Klaviyo to get there: merge, render, plan. Pure. note gathers what was mended on
 * the way. All in the arena.
 */
struct flow_plan {
	struct delivery_new *delivery;
	size_t n_delivery;
	struct str held;
	struct str note;
	int64_t again_ms;          /* see catalog_publication */
	int64_t again_first_ms;
	struct str *withdraw;
	size_t n_withdraw;
	struct str *forget;
	size_t n_forget;
};
void flow_plan_root(const struct flow_rules *rules, const struct catalog_root *root, int64_t now_ms, struct arena *arena,
		    struct flow_plan *out);
/* The two halves of it. */
void flow_plan_catalog(const struct flow_rules *rules, const struct catalog_root *root, struct arena *arena,
		       struct flow_plan *out);
void flow_plan_activity(const struct flow_rules *rules, const struct catalog_root *root, int64_t now_ms, struct arena *arena,
			struct flow_plan *out);
/* "NOTE; WHAT: MENDED" */
void flow_add_note(struct str *note, struct str what, struct str mended, struct arena *arena);

#endif
