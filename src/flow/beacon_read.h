#ifndef PANNIER_FLOW_BEACON_READ_H
#define PANNIER_FLOW_BEACON_READ_H

#include "base/arena.h"
#include "base/err.h"
#include "settings/settings.h"

/*
 * What a browser sent, as the envelopes that are kept. Nothing in it is trusted: members are copied by a list per type, what
 * is not on the list is dropped, texts are cut, addresses must lead to the shop itself. A browser may say which e-mail
 * address or exchange token it belongs to; consent, customer ids and profile fields are on no list.
 *
 *   {"key": KEY, "sent_at": MS, "events": [EVENT]}, or one EVENT with "key", or a list of those
 *   EVENT = {"id", "type": "product_viewed" (also with "storefront." before), "at": MS, "data": {...}}
 */
#define BEACON_EVENTS_MAX 20
#define BEACON_BYTES_MAX ((size_t)32 << 10)

struct beacon_event {
	struct str id;             /* the browser's, for telling repeats */
	struct str topic;          /* "storefront.product_viewed" */
	struct str visitor;        /* data.anonymous_id */
	struct str body;           /* {"id","type","occurred_at","data"} */
};

struct beacon_batch {
	struct str key;
	struct beacon_event *event; /* those that are as they should be */
	size_t n;
	size_t n_refused;          /* left out of them */
	struct err why;            /* the first one that was left out */
};

/* ERR_INVALID: not JSON, no key, no events; ERR_TOO_LARGE: too many of them. All in the arena. Pure. */
bool beacon_read(const struct settings_store *store, struct str body, int64_t now_ms, struct arena *arena,
		 struct beacon_batch *out, struct err *err) MUST_CHECK;

/* Is the origin of this URL (or this origin) in the list? */
bool beacon_origin_allowed(struct str list, struct str url);
/* A robot by its User-Agent, or none at all. */
bool beacon_is_bot(struct str user_agent);

#endif
