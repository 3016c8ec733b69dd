#ifndef PANNIER_FLOW_BREAKER_H
#define PANNIER_FLOW_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The breaker of one account: when Klaviyo cannot be reached or does not let us in, nothing is sent but a probe now and
 * then. Pure: time (monotonic) is an argument.
 *
 *   CLOSED  --3 failures in a row--> OPEN 5 s, doubling with each failed probe to 5 min
 *   CLOSED  --blocked (key, scope, revision)--> BLOCKED 30 s, doubling with each failed probe to 10 min
 *   OPEN, BLOCKED  --a probe succeeds--> CLOSED
 */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_BLOCKED };

struct breaker { /* zeroed = closed */
	enum breaker_state state;
	int failures;
	int64_t wait_ms;
	int64_t until_ms;          /* no probe before */
};

enum breaker_pass { BREAKER_PASS_ALL, BREAKER_PASS_PROBE, BREAKER_PASS_NONE };

enum breaker_pass breaker_pass(const struct breaker *breaker, int64_t now_ms);
/* Each tells whether the state changed. */
bool breaker_failed(struct breaker *breaker, int64_t now_ms);
bool breaker_blocked(struct breaker *breaker, int64_t now_ms);
bool breaker_succeeded(struct breaker *breaker);
/* Whatever was wrong may have been mended: probe at once. */
void breaker_probe_now(struct breaker *breaker, int64_t now_ms);

#endif
