#ifndef PANNIER_FLOW_FLOW_H
#define PANNIER_FLOW_FLOW_H

#include "base/clock.h"
#include "base/rand.h"
#include "base/wake.h"
#include "net/http_client.h"
#include "queue/inbox.h"
#include "settings/settings.h"
#include "store/store.h"

/*
 * THE PRODUCT: ingest -> map -> publish -> deliver, with notify and retain beside. Each stage is `<stage>_run_once(ctx)`: takes one unit of
 * work, ends it in the store, says whether there is more. Stages never call each other; they meet in the store and ring each
 * other's wake as a hint. Everything that is not deterministic comes in by the ctx, so that all of it runs in one thread under a
 * simulation.
 *
 * Errors: ERR_FATAL means stop the process; after anything else the caller waits a little and calls again.
 */
struct flow_wakes {
	struct wake *commit;
	struct wake *map;
	struct wake *publish;
	struct wake *retain;
	struct http_client *deliver; /* the deliver role waits in its client: http_client_wakeup */
};

/* How many units of work a stage takes at once (batch.c); starts zeroed. */
struct flow_batch {
	size_t size;
};

struct flow_ctx {
	struct db *db;
	struct settings *settings;
	struct clock *clock;
	struct rand *rand;
	const struct flow_wakes *wake; /* NULL, or with NULL members: nobody to wake */
	struct inbox *inbox;           /* who waits in it goes first; NULL: nobody waits */
	struct flow_batch map;
	struct flow_batch publish;
};

/* When to call again at the latest if no hint comes. 0 = at once, there is more. */
struct flow_next {
	int64_t wait_ms;
	size_t n_done;             /* units of work ended by this call */
};

/* ---- map: pending messages -> facts ---- */
bool map_run_once(struct flow_ctx *ctx, struct flow_next *next, struct err *err) MUST_CHECK;

/* ---- publish: due roots -> deliveries ---- */
bool publish_run_once(struct flow_ctx *ctx, struct flow_next *next, struct err *err) MUST_CHECK;

/* ---- deliver: deliveries -> Klaviyo ---- */
struct deliver; /* lanes in flight, budgets, breakers, jobs to poll */
/* Recovers what a crash left: open jobs are polled on, lost answers are sent again, budgets count what was saved. Borrows ctx
 * and client, which must outlive it. */
bool deliver_open(struct flow_ctx *ctx, struct http_client *client, struct deliver **out, struct err *err) MUST_CHECK;
/* Calls under way are given up; the next start settles them. The client must not be run afterwards. NULL allowed. */
void deliver_close(struct deliver *deliver);
/* Ends what was answered, starts what may start, waits in the client at most max_wait_ms. */
bool deliver_run_once(struct deliver *deliver, int64_t max_wait_ms, struct flow_next *next, struct err *err) MUST_CHECK;

/* ---- notify: notices -> the shop's webhook ---- */
struct notify; /* calls in flight */
/* client: for URLs that come from outside (http_client_config.public_only). Borrows both; they must outlive it. Open deliver first: it
 * recovers what a crash left. */
struct notify *notify_open(struct flow_ctx *ctx, struct http_client *client);
/* Calls under way are given up; the next start sends them again, under the same id. NULL allowed. */
void notify_close(struct notify *notify);
/* As deliver_run_once. */
bool notify_run_once(struct notify *notify, int64_t max_wait_ms, struct flow_next *next, struct err *err) MUST_CHECK;

/* ---- retain: upkeep of the store ---- */
struct retain {
	int64_t conserve_at_ms;    /* monotonic; 0 = at once */
	int64_t silence_at_ms;     /* so too */
	struct moment believed;    /* the last time on which both clocks agreed */
	bool doubts;
	bool knows_before;         /* what an earlier process believed was read */
	int64_t kept_wall_ms;      /* what a later one would read */
};
/* A slice of upkeep; now and then the conservation check. retain starts zeroed. */
bool retain_run_once(struct flow_ctx *ctx, struct retain *retain, struct flow_next *next, struct err *err) MUST_CHECK;
/* What the newest conservation check of this process found: 0 balanced, 1 not, -1 not checked yet. Any thread. */
int retain_conservation(void);

#endif
