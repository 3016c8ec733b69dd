#ifndef PANNIER_KLAVIYO_BUDGET_H
#define PANNIER_KLAVIYO_BUDGET_H

#include "base/clock.h"
#include "klaviyo/endpoint.h"

/*
 * Budget of one endpoint of one account: how many requests may still start. Time is an argument: monotonic ms, which nobody moves.
 * What is kept beyond the process carries the moment of its saving; how much later it is read is at least moment_since, and what
 * is not sure to have passed has not: a stall of a minute at most, and of what is left of a Retry-After.
 *
 * Klaviyo counts in fixed windows of 1 s and 60 s whose phase we do not know. We count in sliding buckets (100 ms and 500 ms), so
 * that no window at any phase holds more than the share allows. What was taken is counted before the request starts; a crash
 * can only under-use. Spec of a share: floor(limit * percent / 100), at least 1.
 *
 * Private keys share the quota of their account. What Klaviyo says to be left, less what we know to have used ourselves, is what others
 * used: it is counted, and taken off Klaviyo's limit before ours is. After a 429 the limits fall to 70 % (once per second
 * at most, not below a tenth) and rise again by a half per cent a second: a minute to full.
 */
#define BUDGET_BURST_BUCKETS 11
#define BUDGET_STEADY_BUCKETS 121
#define BUDGET_FOREIGN_BUCKETS 7

struct budget {
	int burst_limit;
	int steady_limit;
	int64_t burst_at;          /* number of the newest 100 ms bucket */
	int64_t steady_at;         /* number of the newest 500 ms bucket */
	uint16_t burst[BUDGET_BURST_BUCKETS];
	uint16_t steady[BUDGET_STEADY_BUCKETS];
	int64_t frozen_until_ms;   /* Retry-After */
	int burst_full;            /* Klaviyo's own limits */
	int steady_full;
	int64_t factor_ppm;        /* of the limits, at factor_at_ms; 1,000,000 = all */
	int64_t factor_at_ms;
	int64_t foreign_at;        /* number of the newest bucket of 10 s */
	uint16_t foreign[BUDGET_FOREIGN_BUCKETS]; /* used by others; kept */
	int64_t foreign_second;    /* the second in which others were seen last, and how many at most; not kept */
	int foreign_in_second;
};

void budget_init(struct budget *budget, const struct endpoint_row *row, int quota_percent);
/* Budget of polls, GET on the jobs of a bulk endpoint: endpoint_poll_limits. One for one job and the list together. */
void budget_init_poll(struct budget *budget, enum endpoint endpoint, int quota_percent);
/* May a request start now? Otherwise *wait_ms says when to ask again (> 0). */
bool budget_allows(struct budget *budget, int64_t now_ms, int64_t *wait_ms);
void budget_take(struct budget *budget, int64_t now_ms);
/* A request that was taken then leaves only now: it counts now. */
void budget_leave(struct budget *budget, int64_t taken_ms, int64_t now_ms);
/* 429: nothing before now + retry_after. */
void budget_freeze(struct budget *budget, int64_t now_ms, int64_t retry_after_ms);
/* Another answer asked for so much silence: the limits stay what they are. */
void budget_silence(struct budget *budget, int64_t now_ms, int64_t retry_after_ms);
/*
 * What a success said: remaining of the window with this limit (-1: of the second), and when it starts anew. How many requests of
 * others this tells of that were not known yet.
 */
int budget_observe(struct budget *budget, int64_t now_ms, int limit, int remaining, int reset_s);
/* What others used within the last minute, as far as answers told. */
int64_t budget_foreign(struct budget *budget, int64_t now_ms);
/* What may be used of the limit per minute now, in requests. */
int64_t budget_steady_now(struct budget *budget, int64_t now_ms);
/*
 * At most 600 bytes of text, and back. What was taken in the last seconds before may have left as late as the process ended, so it counts
 * as taken at the load. An unreadable text counts the last minute as used up.
 */
struct str budget_save(const struct budget *budget, struct moment now, struct arena *arena);
void budget_load(struct budget *budget, struct str blob, struct moment now);
/* Of two states of one budget, loaded now: does a know of more than b, so that it is the newer one? */
bool budget_is_tighter(const struct budget *a, const struct budget *b, int64_t now_ms);

#endif
