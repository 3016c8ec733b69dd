/*
 * Events and metrics of an account.
 *
 * Does:    finds an event by profile, metric and unique_id through a table of numbers; chains those of a
 *          profile and of a metric in the order they came.
 * Doesn't: know when an event is taken (event_take.c).
 * Keeps:   events do not move in memory; numbers are never used again; at most half of the table is used.
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/event.h"

#include "base/alloc.h"
#include "sandbox/profile.h"

#include <assert.h>
#include <string.h>

#define FIRST_SLOTS 1024

void events_release(struct events *events)
{
	for (int64_t number = 1; number <= events->last_number; number++)
		mem_free(events->chunk[(number - 1) / EVENTS_PER_CHUNK][(number - 1) % EVENTS_PER_CHUNK]
				 .properties);
	for (int64_t i = 0; i * EVENTS_PER_CHUNK < events->last_number; i++)
		mem_free(events->chunk[i]);
	mem_free(events->chunk);
	mem_free(events->slot);
	mem_free(events->metric);
	table_release(&events->metric_by_key);
	table_release(&events->metric_by_id);
	arena_release(&events->texts);
	*events = (struct events){ 0 };
}

static struct event *event_of(const struct events *events, int64_t number)
{
	return &events->chunk[(number - 1) / EVENTS_PER_CHUNK][(number - 1) % EVENTS_PER_CHUNK];
}

struct event *event_at(const struct events *events, int64_t number)
{
	struct event *event;

	if (number < 1 || number > events->last_number)
		return NULL;
	event = event_of(events, number);
	return event->profile ? event : NULL;
}

/* ---- the table ---- */

static uint32_t hash_of(const struct profile *profile, const struct metric *metric, struct str unique_id)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	hash = (hash ^ (uint64_t)profile->number) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ (hash >> 29) ^ (uint64_t)metric->number) * UINT64_C(0xbf58476d1ce4e5b9);
	for (size_t i = 0; i < unique_id.len; i++)
		hash = (hash ^ (unsigned char)unique_id.p[i]) * UINT64_C(1099511628211);
	return (uint32_t)(hash ^ (hash >> 32));
}

static void put_slot(struct events *events, const struct event *event)
{
	size_t i = event->hash & (events->n_slots - 1);

	while (events->slot[i])
		i = (i + 1) & (events->n_slots - 1);
	events->slot[i] = (uint32_t)event->number;
	events->n_used++;
}

/* Built anew, from what is held. */
static void grow(struct events *events)
{
	mem_free(events->slot);
	events->n_slots = events->n_slots ? events->n_slots * 2 : FIRST_SLOTS;
	events->slot = mem_zalloc(events->n_slots, sizeof(*events->slot));
	events->n_used = 0;
	for (int64_t number = 1; number <= events->last_number; number++)
		if (event_at(events, number))
			put_slot(events, event_of(events, number));
}

static void index_event(struct events *events, struct event *event)
{
	event->hash = hash_of(event->profile, event->metric, str_from(event->unique_id));
	if ((events->n_used + 1) * 2 > events->n_slots)
		grow(events); /* with this one, which is held by now */
	else
		put_slot(events, event);
}

struct event *event_find(const struct events *events, const struct profile *profile,
			 const struct metric *metric, struct str unique_id)
{
	uint32_t hash = hash_of(profile, metric, unique_id);
	size_t i = hash & (events->n_slots - 1);

	for (; events->n_slots && events->slot[i]; i = (i + 1) & (events->n_slots - 1)) {
		struct event *event = event_of(events, events->slot[i]);

		if (event->hash == hash && event->profile == profile && event->metric == metric &&
		    str_eq(str_from(event->unique_id), unique_id))
			return event;
	}
	return NULL;
}

/* ---- adding, moving, removing ---- */

static void chain_to_profile(struct event *event, struct profile *profile)
{
	event->profile = profile;
	event->next_of_profile = NULL;
	if (profile->last_event)
		profile->last_event->next_of_profile = event;
	else
		profile->first_event = event;
	profile->last_event = event;
}

static void chain_to_metric(struct event *event)
{
	struct metric *metric = event->metric;

	event->next_of_metric = NULL;
	if (metric->last)
		metric->last->next_of_metric = event;
	else
		metric->first = event;
	metric->last = event;
}

struct event *event_add(struct events *events, const struct event *event)
{
	int64_t index = events->last_number;
	struct event *added;

	assert(index < UINT32_MAX);
	if (index % EVENTS_PER_CHUNK == 0) {
		events->chunk = mem_resize(events->chunk,
					   (size_t)(index / EVENTS_PER_CHUNK + 1) * sizeof(struct event *));
		events->chunk[index / EVENTS_PER_CHUNK] =
			mem_zalloc(EVENTS_PER_CHUNK, sizeof(**events->chunk));
	}
	events->last_number++;
	events->n++;
	added = event_of(events, events->last_number);
	*added = *event;
	added->number = events->last_number;
	added->unique_id = arena_cstr(&events->texts, str_from(event->unique_id));
	chain_to_profile(added, event->profile);
	chain_to_metric(added);
	index_event(events, added);
	return added;
}

static void forget(struct events *events, struct event *event)
{
	mem_free(event->properties);
	event->properties = NULL;
	event->profile = NULL;
	event->metric->n_events--;
	if (event->has_value)
		event->metric->value_sum -= event->value;
	events->n--;
}

void events_remove_of(struct events *events, struct profile *profile)
{
	for (struct event *event = profile->first_event; event; event = event->next_of_profile)
		forget(events, event);
	profile->first_event = profile->last_event = NULL;
}

/* One that the other profile has already is dropped, as if it had come twice. */
void events_move(struct events *events, struct profile *from, struct profile *into)
{
	for (struct event *event = from->first_event, *next; event; event = next) {
		next = event->next_of_profile;
		if (event_find(events, into, event->metric, str_from(event->unique_id))) {
			forget(events, event);
			continue;
		}
		chain_to_profile(event, into);
		index_event(events, event);
	}
	from->first_event = from->last_event = NULL;
}

/* ---- metrics ---- */

static struct str write_key(struct str service, struct str name, struct strbuf *key)
{
	strbuf_init(key, service.len + name.len + 2);
	strbuf_add_str(key, service);
	strbuf_add_char(key, '\n');
	strbuf_add_str(key, name);
	return strbuf_str(key);
}

struct metric *metric_find(const struct events *events, struct str service, struct str name)
{
	struct strbuf key;
	struct metric *metric = table_find(&events->metric_by_key, write_key(service, name, &key));

	strbuf_release(&key);
	return metric;
}

struct metric *metric_get_or_add(struct events *events, struct rand *rand, struct str service,
				 struct str name, int64_t now_ms)
{
	struct metric *metric = metric_find(events, service, name);
	struct strbuf key;

	if (metric)
		return metric;
	metric = ARENA_NEW(&events->texts, struct metric);
	metric->key = arena_dup(&events->texts, write_key(service, name, &key));
	strbuf_release(&key);
	metric->service = str_of(metric->key.p, service.len);
	metric->name = str_skip(metric->key, service.len + 1);
	metric->number = (int64_t)events->n_metrics + 1;
	metric->created_ms = metric->updated_ms = now_ms;
	do {
		ident_short(rand, metric->id);
	} while (table_find(&events->metric_by_id, str_from(metric->id)));
	events->metric = mem_resize(events->metric, (events->n_metrics + 1) * sizeof(struct metric *));
	events->metric[events->n_metrics++] = metric;
	table_put(&events->metric_by_key, metric->key, metric);
	table_put(&events->metric_by_id, str_from(metric->id), metric);
	return metric;
}
