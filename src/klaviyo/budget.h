#ifndef PANNIER_KLAVIYO_BUDGET_H
#define PANNIER_KLAVIYO_BUDGET_H

#include "klaviyo/endpoint.h"

/*
 * Budget of one endpoint of one account: how many requests may still start. Time is an argument (wall ms, so that it
 * survives a restart).
 *
 * Klaviyo counts in fixed windows of 1 s and 60 s whose phase we do not know. We count in sliding buckets (100 ms and 1 s), so
 * that no window at any phase holds more than the share allows. What was taken is counted before the request starts; a crash
 * can only under-use. Spec of a share: floor(limit * percent / 100), at least 1.
 */
#define BUDGET_BURST_BUCKETS 11
#define BUDGET_STEADY_BUCKETS 61

struct budget {
	int burst_limit;
	int steady_limit;
	int64_t burst_at;          /* number of the newest 100 ms bucket */
	int64_t steady_at;         /* number of the newest 1 s bucket */
	uint16_t burst[BUDGET_BURST_BUCKETS];
	uint16_t steady[BUDGET_STEADY_BUCKETS];
	int64_t frozen_until_ms;   /* Retry-After */
	int64_t foreign_until_ms;  /* Klaviyo said that others use the quota: slow until then */
};

void budget_init(struct budget *budget, const struct endpoint_row *row, int quota_percent);
/* Budget of polls, GET on the jobs of a bulk endpoint: endpoint_poll_limits. One for one job and the list together. */
void budget_init_poll(struct budget *budget, enum endpoint endpoint, int quota_percent);
/* May a request start now? Otherwise *wait_ms says when to ask again (> 0). */
bool budget_allows(struct budget *budget, int64_t now_ms, int64_t *wait_ms);
void budget_take(struct budget *budget, int64_t now_ms);
/* 429: nothing before now + retry_after. */
void budget_freeze(struct budget *budget, int64_t now_ms, int64_t retry_after_ms);
/* What a success said: remaining of the nearest window, and when it starts anew. Fewer left than we think: others use it too. */
void budget_observe(struct budget *budget, int64_t now_ms, int remaining, int reset_s);
/* At most 512 bytes of text, and back. Load of an unreadable text counts the last minute as used up. */
struct str budget_save(const struct budget *budget, struct arena *arena);
void budget_load(struct budget *budget, struct str blob, int64_t now_ms);

#endif
