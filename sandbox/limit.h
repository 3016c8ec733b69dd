#ifndef PANNIER_SANDBOX_LIMIT_H
#define PANNIER_SANDBOX_LIMIT_H

#include "base/rand.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Klaviyo's rate limits: per account and endpoint a fixed window of one second and one of a minute, whose edges the
 * client does not know. Source: Klaviyo's guide to rate limits; the rates are in each operation of the specification,
 * revision 2026-07-15.
 */
#define TIERS(X) \
	X(XS, 1, 15) \
	X(S, 3, 60) \
	X(M, 10, 150) \
	X(L, 75, 750) \
	X(XL, 350, 3500)

enum tier {
#define TIER_ENUM(name, burst, steady) TIER_##name,
	TIERS(TIER_ENUM)
#undef TIER_ENUM
	TIER_COUNT
};

#define LIMIT_BURST_MS 1000
#define LIMIT_STEADY_MS 60000

int tier_burst(enum tier tier);   /* requests per second */
int tier_steady(enum tier tier);  /* requests per minute */

struct limit_window {
	int64_t phase_ms;
	int64_t number;          /* of the window that used counts in */
	int used;                /* our requests let through */
};

/* The two windows of one endpoint of one account; zeroed = never asked. */
struct limit {
	bool primed;
	struct limit_window burst, steady;
	int64_t silent_from_ms;  /* a Retry-After asked for silence between these two, in real time */
	int64_t silent_until_ms;
};

struct limit_verdict {
	bool allowed;
	int64_t retry_after_ms;  /* when refused: until the refused window ends, at least 1 */
	bool by_us;              /* when refused: our own requests alone fill the window */
	int remaining;           /* when allowed: of the window of a second */
	int64_t reset_ms;
};

/*
 * Asks for one request at now_ms (never backwards) and counts it when it is allowed. foreign_per_s requests of others
 * go through each second, spread evenly, as far as the windows let them. Phases are drawn at the first call.
 */
struct limit_verdict limit_take(struct limit *limit, enum tier tier, int64_t now_ms, int foreign_per_s,
				struct rand *rand);

#endif
