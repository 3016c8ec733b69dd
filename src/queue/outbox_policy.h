#ifndef PANNIER_QUEUE_OUTBOX_POLICY_H
#define PANNIER_QUEUE_OUTBOX_POLICY_H

#include "store/store_rows.h"

/*
 * The only place that decides when a delivery is tried again. Pure: now and chance are arguments.
 *
 * realtime   5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, then every 10 h (7 times), then failed; each +-20 % (10 h: +-10 %)
 * zoey       collected for 10 min, one retry after 10 h, then failed
 */
enum retry_preset { RETRY_REALTIME, RETRY_ZOEY };

struct retry_decision {
	bool failed;               /* attempts are used up */
	int64_t due_ms;            /* otherwise: not before */
};

/* attempts: failed ones including the one just made, >= 1. chance: 0 <= x < 1. */
struct retry_decision outbox_policy_next(enum retry_preset preset, int attempts, int64_t now_ms, double chance);
/* How long new deliveries gather before they are sent: 0, or 10 min for zoey. */
int64_t outbox_policy_flush_ms(enum retry_preset preset);

#endif
