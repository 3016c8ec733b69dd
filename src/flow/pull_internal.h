#ifndef PANNIER_FLOW_PULL_INTERNAL_H
#define PANNIER_FLOW_PULL_INTERNAL_H

#include "flow/history.h"
#include "flow/pull.h"

/* What is remembered of a store between its pages; a start begins anew (pull_shop.c). */
struct pull_shop {
	struct pull_shop *next;
	int64_t store_id;
	bool busy;                 /* a call is under way, or answered and not in the store yet */
	int64_t next_at_ms;        /* monotonic: the next page not sooner */
	bool stale;                /* another token is needed */
	bool denied;               /* a token was refused since the last page */
	int64_t job_id;            /* of the cursors that are watched */
	struct digest16 mark;
	int64_t n_page;
	int64_t mark_at;
};

struct pull_shop *pull_shop_find(struct pull_shop **first, int64_t store_id);
void pull_shop_free_all(struct pull_shop *first);

/* The token of a store, as it was last kept; "" = none. In the arena. */
bool pull_shop_token(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena, struct str *token,
		     struct err *err) MUST_CHECK;
/* Keeps another one, sealed. */
bool pull_shop_keep_token(struct flow_ctx *ctx, const struct settings_store *store, struct str token, struct err *err)
	MUST_CHECK;

/* With deadlines and ceilings; borrows request. (pull.c) */
struct http_call pull_http_call(const struct pull_request *request);

/*
 * A shop that leads in a circle is noticed, however long it is, within three rounds (Brent): true: this cursor was seen before in
 * this job.
 */
bool pull_shop_circles(struct pull_shop *shop, int64_t job_id, struct str cursor);

#endif
