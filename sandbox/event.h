#ifndef PANNIER_SANDBOX_EVENT_H
#define PANNIER_SANDBOX_EVENT_H

#include "base/arena.h"
#include "sandbox/ident.h"
#include "sandbox/table.h"

/* Events and their metrics. Made for millions: an event is found and added in the same time however many there are. */

struct profile;

struct metric {
	int64_t number;            /* grows; its index in the account is number - 1 */
	char id[IDENT_SHORT_BYTES];
	struct str name, service;  /* service empty = the API itself */
	struct str key;            /* of both */
	int64_t created_ms, updated_ms;
	struct event *first, *last;
	int64_t n_events;          /* held */
	int64_t flow_starts, duplicates_dropped;
	double value_sum;
};

struct event {
	int64_t number;            /* grows from 1 */
	struct profile *profile;   /* NULL = deleted */
	struct metric *metric;
	struct event *next_of_profile, *next_of_metric;
	const char *unique_id;     /* in the arena of events */
	char *properties;          /* owned JSON; NULL = not kept */
	int64_t time_ms;
	int64_t taken_ms;          /* when its request came, by the wall clock */
	double value;
	int64_t request_number;
	uint32_t hash;             /* of profile, metric and unique_id */
	bool has_value, backfill;
	char currency[4];          /* empty = none */
};

struct events {
	struct event **chunk;      /* of EVENTS_PER_CHUNK each */
	int64_t last_number;
	int64_t n;                 /* held */
	uint32_t *slot;            /* numbers, by hash; 0 = free; may lead to deleted ones */
	size_t n_slots;            /* 0 or a power of two */
	size_t n_used;
	struct arena texts;
	struct metric **metric;
	size_t n_metrics;
	struct table metric_by_key, metric_by_id;
};

#define EVENTS_PER_CHUNK 4096

void events_release(struct events *events);
struct event *event_at(const struct events *events, int64_t number); /* NULL: none, or deleted */
struct event *event_find(const struct events *events, const struct profile *profile, const struct metric *metric,
			 struct str unique_id);
/* Copies what event points at but profile and metric; takes properties. */
struct event *event_add(struct events *events, const struct event *event);
/* Forgets those of the profile. */
void events_remove_of(struct events *events, struct profile *profile);
void events_move(struct events *events, struct profile *from, struct profile *into);

struct metric *metric_find(const struct events *events, struct str service, struct str name);
struct metric *metric_get_or_add(struct events *events, struct rand *rand, struct str service, struct str name,
				 int64_t now_ms);

#endif
