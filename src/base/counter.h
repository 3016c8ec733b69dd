#ifndef PANNIER_BASE_COUNTER_H
#define PANNIER_BASE_COUNTER_H

#include "base/strbuf.h"

#include <stdint.h>

/*
 * Process-wide counters, one row each: name, help. They only grow (Prometheus counters) and restart at 0 with
 * the process; what must survive is kept by the store. Thread-safe, relaxed.
 */
#define COUNTERS(X) \
	X(http_requests, "HTTP requests answered") \
	X(http_refused_auth, "webhooks refused: bad or missing secret") \
	X(http_refused_input, "webhooks refused: not JSON, too large, wrong type") \
	X(http_refused_busy, "webhooks refused for now: queue or store full") \
	X(messages_received, "messages committed") \
	X(messages_duplicate, "messages that repeat one already committed") \
	X(import_messages, "messages read from files of history and from shops that are pulled") \
	X(import_rejected, "rows of these that could not be read") \
	X(pull_requests, "requests to shops that are pulled") \
	X(beacon_events, "events taken in from browsers") \
	X(beacon_refused, "beacons refused: origin, key, size, rate or contents") \
	X(beacon_bots, "beacons of robots, answered and dropped") \
	X(commits, "group commits of the inbox") \
	X(messages_mapped, "messages translated into facts") \
	X(messages_ignored, "messages with nothing in them for Klaviyo") \
	X(messages_failed, "messages that could not be understood") \
	X(roots_published, "products and categories compared with what was last sent") \
	X(roots_held, "products and categories held back as incomplete") \
	X(deliveries_created, "deliveries created") \
	X(deliveries_accepted, "deliveries accepted by Klaviyo") \
	X(deliveries_failed, "deliveries that a person must look at") \
	X(deliveries_retried, "deliveries put back to be tried again") \
	X(notices_sent, "notices sent to webhooks of shops") \
	X(klaviyo_requests, "requests sent to Klaviyo") \
	X(klaviyo_throttled, "429 answers from Klaviyo") \
	X(klaviyo_foreign, "requests of others that Klaviyo counted against the quota of an account") \
	X(klaviyo_outages, "outages of Klaviyo: several accounts got no usable answer") \
	X(klaviyo_errors, "requests to Klaviyo without a usable answer") \
	X(klaviyo_jobs, "bulk jobs submitted to Klaviyo") \
	X(klaviyo_polls, "bulk job polls")

enum counter {
#define COUNTER_ENUM(name, help) COUNTER_##name,
	COUNTERS(COUNTER_ENUM)
#undef COUNTER_ENUM
	COUNTER_COUNT
};

void counter_add(enum counter counter, uint64_t n);
uint64_t counter_get(enum counter counter);
/* Appends all rows in the Prometheus text format, names prefixed "pannier_" and suffixed "_total". */
void counter_write_prometheus(struct strbuf *out);

#endif
