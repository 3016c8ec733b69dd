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

#define PULL_STEP_MESSAGES 512 /* messages of one step: the database's writer is held for some 10 ms */

/* A request under way, or what came of it and is not in the store yet. */
struct pull_call {
	struct pull_call *next;
	struct pull *pull;
	struct pull_shop *shop;
	struct arena arena;
	int64_t job_id;
	int64_t per_minute;
	int attempts;
	struct import_at at;
	struct pull_wish wish;
	struct pull_ask ask;
	struct pull_request request;

	bool answered;
	struct pull_answer answer;
	struct str error;

	bool read; /* the members below are valid */
	struct pull_page page;
	struct inbox_record *record;
	size_t n;
	size_t n_stepped;
	struct import_reject *reject;
	size_t n_reject;
	struct str fault; /* the page is read, but what is behind it cannot be; "" = all is well */
};

struct pull {
	struct flow_ctx *ctx;
	struct http_client *client;
	struct pull_shop *shops;
	struct pull_call *in_flight;
	struct pull_call *ended;
	size_t n_in_flight;
	int64_t now_ms; /* of the round, monotonic */
	int64_t now_wall_ms;
	int64_t look_at_ms;
	struct inbox_receipt receipt[PULL_STEP_MESSAGES];
};

/* What a call's answer says: its page, as records and rejects. (pull_page.c) */
void pull_call_read(struct pull_call *call, const struct settings_store *store);
/* Read already: the shop cannot be asked. */
void pull_call_refuse(struct pull_call *call, struct str why);
/* Writes what came of a call; false: nothing of the last step was, and it can be settled again. (pull_settle.c) */
bool pull_call_settle(struct pull_call *call, const struct settings_store *store, struct err *err) MUST_CHECK;

/* With deadlines and ceilings; borrows request. (pull.c) */
struct http_call pull_http_call(const struct pull_request *request);

/*
 * A shop that leads in a circle is noticed, however long it is, within three rounds (Brent): true: this cursor was seen before in
 * this job.
 */
bool pull_shop_circles(struct pull_shop *shop, int64_t job_id, struct str cursor);

#endif
