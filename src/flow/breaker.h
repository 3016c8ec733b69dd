#ifndef PANNIER_FLOW_BREAKER_H
#define PANNIER_FLOW_BREAKER_H

#include "base/rand.h"

#include <stdbool.h>

/*
 * A breaker, of an API family of an account, of an account, or of Klaviyo: when Klaviyo cannot be reached or does not let us in,
 * nothing is sent but a probe now and then. Pure: time (monotonic) and chance are arguments.
 *
 *   CLOSED  --3 failures in a row--> OPEN 5 s, doubling with each failed probe to 5 min
 *   CLOSED  --blocked (key, scope, revision)--> BLOCKED 30 s, doubling with each failed probe to 10 min
 *   CLOSED  --several accounts are OPEN--> OUTAGE, a probe every 30 s
 *   OPEN, BLOCKED, OUTAGE  --a probe succeeds--> CLOSED
 *
 * Each wait is longer by up to a quarter, by chance: accounts, and daemons, that were stopped together do not probe together.
 */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_BLOCKED, BREAKER_OUTAGE };
const char *breaker_state_text(enum breaker_state state); /* "open" */

struct breaker { /* zeroed = closed */
	enum breaker_state state;
	int failures;
	int64_t wait_ms;
	int64_t until_ms;          /* no probe before */
};

enum breaker_pass { BREAKER_PASS_ALL, BREAKER_PASS_PROBE, BREAKER_PASS_NONE };

enum breaker_pass breaker_pass(const struct breaker *breaker, int64_t now_ms);
/* Each tells whether the state changed. */
bool breaker_failed(struct breaker *breaker, int64_t now_ms, struct rand *rand);
bool breaker_blocked(struct breaker *breaker, int64_t now_ms, struct rand *rand);
bool breaker_outage(struct breaker *breaker, int64_t now_ms, struct rand *rand);
bool breaker_succeeded(struct breaker *breaker);
/* Whatever was wrong may have been mended: probe at that time. */
void breaker_probe_at(struct breaker *breaker, int64_t at_ms);

#endif
