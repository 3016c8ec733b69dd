#ifndef PANNIER_FLOW_SILENCE_H
#define PANNIER_FLOW_SILENCE_H

#include "flow/flow.h"

/*
 * Silence: a store that usually sends at this time of the week, and does not. Learned: for each hour of the week (UTC; an hour more
 * or less in summer matters little) how likely the shop sends anything in it, from the last weeks. Judged: how unlikely it is that
 * all the hours since its last message passed without one. So shops that sleep at night raise nothing at night, and nothing is
 * raised before SILENCE_LEARN_MS were watched. Time in which nobody watched neither counts nor teaches.
 *
 * What counts is what the shop itself sends live: not history, not browsers, not what Klaviyo told.
 */
#define SILENCE_LEARN_MS (14 * MS_PER_DAY)
#define SILENCE_HOURS	 168

/* What is known of one store; in the store as a text of at most 1,000 bytes. */
struct silence {
	int64_t from_ms;           /* learning began; 0 = not yet */
	int64_t hour;              /* watched last: hours since 1970 */
	int64_t heard_hour;        /* the newest in which something came; 0 = none yet */
	int64_t watched_ms;        /* watched without a gap since */
	int64_t quiet_ms;          /* found to be quiet, since that time; 0 = it is not */
	unsigned char level[SILENCE_HOURS]; /* 0..63 = never..always, from Monday 00:00 UTC */
};

/* Pure. now_ms: wall, ever a minute or so. last_ms: the newest message of the shop, 0 = none yet. True: quiet_ms changed. */
bool silence_step(struct silence *silence, int64_t now_ms, int64_t last_ms);
struct str silence_text(const struct silence *silence, struct arena *arena);
/* Anything else than such a text begins anew. */
struct silence silence_parse(struct str text);

/* Since when a store is found to be quiet; 0 = it is not. */
bool silence_since(struct db *db, int64_t account_id, int64_t store_id, int64_t *since_ms, struct err *err) MUST_CHECK;
/* Looks at all stores; what begins and ends is audited. Call it about once a minute. */
bool silence_run_once(struct flow_ctx *ctx, struct err *err) MUST_CHECK;

#endif
