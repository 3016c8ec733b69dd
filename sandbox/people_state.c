/*
 * What the sandbox holds of people, as JSON for tests.
 *
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include "sandbox/event_render.h"
#include "sandbox/profile_render.h"
#include "sandbox/render.h"

#include <inttypes.h>
#include <stdio.h>

static void separate(struct strbuf *out)
{
	if (out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
		strbuf_add_char(out, ',');
}

static void add_counts(const struct people_counts *counts, struct strbuf *out)
{
#define ADD_COUNT(name, help) \
	separate(out); \
	strbuf_addf(out, "\"%s\":%" PRId64, #name, counts->name);
	PEOPLE_COUNTS(ADD_COUNT)
#undef ADD_COUNT
}

static void sum_counts(struct people_counts *sum, const struct people_counts *counts)
{
#define SUM_COUNT(name, help) sum->name += counts->name;
	PEOPLE_COUNTS(SUM_COUNT)
#undef SUM_COUNT
}

/* ---- metrics ---- */

static void add_real(const char *name, double value, struct strbuf *out)
{
	char text[40];

	(void)snprintf(text, sizeof(text), "%.15g", value);
	strbuf_addf(out, ",\"%s\":%s", name, text);
}

static void add_metric_numbers(const struct metric *metric, struct strbuf *out)
{
	strbuf_addf(out, "\"events\":%" PRId64 ",\"flow_starts\":%" PRId64 ",\"duplicates_dropped\":%" PRId64,
		    metric->n_events, metric->flow_starts, metric->duplicates_dropped);
	add_real("value", metric->value_sum, out);
}

static void add_metrics(const struct events *events, struct strbuf *out)
{
	strbuf_add_text(out, ",\"metrics\":[");
	for (size_t i = 0; i < events->n_metrics; i++) {
		const struct metric *metric = events->metric[i];

		separate(out);
		strbuf_addf(out, "{\"id\":\"%s\",\"name\":", metric->id);
		json_write_text(metric->name, out);
		strbuf_add_char(out, ',');
		add_metric_numbers(metric, out);
		strbuf_add_char(out, '}');
	}
	strbuf_add_char(out, ']');
}

/* ---- lists, consent, imports ---- */

static void add_lists(const struct profile_lists *lists, struct strbuf *out)
{
	strbuf_add_text(out, ",\"lists\":[");
	for (size_t i = 0; i < lists->n; i++) {
		const struct profile_list *list = lists->at[i];

		separate(out);
		strbuf_addf(out, "{\"id\":\"%s\",\"name\":", list->id);
		json_write_text(list->name, out);
		strbuf_addf(out, ",\"opt_in_process\":\"%s\",\"profiles\":%zu}",
			    list->double_opt_in ? "double_opt_in" : "single_opt_in", list->n);
	}
	strbuf_add_char(out, ']');
}

/* How many profiles are in which state, by channel. */
static void add_consent(const struct profiles *profiles, struct strbuf *out)
{
	int64_t state[CHANNEL_COUNT][CONSENT_UNSUBSCRIBED + 1] = { { 0 } };
	int64_t suppressed = 0, pending = 0;

	for (size_t i = 0; i < profiles->n_slots; i++) {
		const struct consent *consent = profiles->at[i] ? profiles->at[i]->consent : NULL;

		for (size_t k = 0; consent && k < CHANNEL_COUNT; k++)
			state[k][consent->channel[k].state]++;
		suppressed += consent_is_suppressed(consent);
		pending += consent && consent->pending;
	}
	strbuf_addf(out, ",\"consent\":{\"suppressed\":%" PRId64 ",\"pending\":%" PRId64, suppressed,
		    pending);
	for (int k = 0; k < CHANNEL_COUNT; k++) {
		const struct channel_row *row = channel_row((enum channel)k);

		strbuf_addf(out, ",\"%s_%s\":{\"SUBSCRIBED\":%" PRId64 ",\"UNSUBSCRIBED\":%" PRId64 "}",
			    row->group, row->name, state[k][CONSENT_SUBSCRIBED],
			    state[k][CONSENT_UNSUBSCRIBED]);
	}
	strbuf_add_char(out, '}');
}

static void add_imports(const struct sandbox *sandbox, const struct imports *imports, struct strbuf *out)
{
	strbuf_add_text(out, ",\"imports\":[");
	for (size_t i = 0; i < imports->n; i++) {
		const struct import_job *job = imports->at[i];

		separate(out);
		strbuf_addf(out,
			    "{\"id\":\"%s\",\"status\":\"%s\",\"rows\":%zu,\"failed_count\":%zu,\"request_"
			    "number\":%" PRId64 "}",
			    job->id, import_status(job, sandbox_time_ms(sandbox)), job->n_rows,
			    json_len(job->errors), job->request_number);
	}
	strbuf_add_char(out, ']');
}

void people_render(const struct sandbox *sandbox, const struct account *account, struct strbuf *out)
{
	const struct people *people = &account->people;

	strbuf_addf(out,
		    "{\"key_last4\":\"%s\",\"id\":\"%s\",\"events\":%" PRId64
		    ",\"profiles\":%zu,\"counts\":{",
		    account->last4, account->id, people->events.n, people->profiles.n);
	add_counts(&people->counts, out);
	strbuf_add_char(out, '}');
	add_metrics(&people->events, out);
	add_lists(&people->lists, out);
	add_consent(&people->profiles, out);
	add_imports(sandbox, &people->imports, out);
	strbuf_add_char(out, '}');
}

/* ---- totals ---- */

static void add_total_metrics(const struct sandbox *sandbox, struct strbuf *out)
{
	struct events totals = { 0 };

	for (size_t i = 0; i < sandbox->n_accounts; i++) {
		const struct events *events = &sandbox->account[i]->people.events;

		for (size_t k = 0; k < events->n_metrics; k++) {
			const struct metric *metric = events->metric[k];
			struct metric *total =
				metric_get_or_add(&totals, sandbox->rand, STR(""), metric->name, 0);

			total->n_events += metric->n_events;
			total->flow_starts += metric->flow_starts;
			total->duplicates_dropped += metric->duplicates_dropped;
			total->value_sum += metric->value_sum;
		}
	}
	strbuf_add_text(out, ",\"metrics\":{");
	for (size_t i = 0; i < totals.n_metrics; i++) {
		separate(out);
		json_write_text(totals.metric[i]->name, out);
		strbuf_add_text(out, ":{");
		add_metric_numbers(totals.metric[i], out);
		strbuf_add_char(out, '}');
	}
	strbuf_add_char(out, '}');
	events_release(&totals);
}

void people_render_totals(const struct sandbox *sandbox, struct strbuf *out)
{
	struct people_counts counts = { 0 };
	int64_t events = 0;
	size_t profiles = 0, lists = 0;

	for (size_t i = 0; i < sandbox->n_accounts; i++) {
		const struct people *people = &sandbox->account[i]->people;

		sum_counts(&counts, &people->counts);
		events += people->events.n;
		profiles += people->profiles.n;
		lists += people->lists.n;
	}
	strbuf_addf(out, "{\"events\":%" PRId64 ",\"profiles\":%zu,\"lists\":%zu", events, profiles, lists);
	add_counts(&counts, out);
	add_total_metrics(sandbox, out);
	strbuf_add_char(out, '}');
}

/* ---- one profile, one event ---- */

static void add_weak_keys(const struct profile *profile, enum identifier kind, struct strbuf *out)
{
	strbuf_addf(out, ",\"%s\":[", identifier_name(kind));
	for (const struct profile_key *key = profile->keys; key; key = key->next) {
		if (key->kind != kind)
			continue;
		separate(out);
		json_write_text(key->text, out);
	}
	strbuf_add_char(out, ']');
}

static void add_memberships(const struct account *account, const struct profile *profile, struct strbuf *out)
{
	const struct profile_lists *lists = &account->people.lists;

	strbuf_add_text(out, ",\"lists\":[");
	for (size_t i = 0; i < lists->n; i++) {
		if (!profile_list_member(lists->at[i], profile))
			continue;
		separate(out);
		strbuf_addf(out, "\"%s\"", lists->at[i]->id);
	}
	strbuf_add_char(out, ']');
}

void people_render_profile(const struct account *account, const struct profile *profile, struct strbuf *out)
{
	const struct consent *consent = profile->consent;
	int64_t n_events = 0;

	for (const struct event *event = profile->first_event; event; event = event->next_of_profile)
		n_events++;
	strbuf_addf(out, "{\"number\":%" PRId64 ",\"id\":\"%s\"", profile->number, profile->id);
	render_profile_attributes(profile, (struct str){ 0 }, true, NULL, out);
	add_weak_keys(profile, IDENTIFIER_ANONYMOUS_ID, out);
	add_weak_keys(profile, IDENTIFIER_KX, out);
	add_memberships(account, profile, out);
	strbuf_addf(out, ",\"events\":%" PRId64 ",\"pending\":%s,\"resubscribed\":%s", n_events,
		    consent && consent->pending ? "true" : "false",
		    consent && consent->resubscribed ? "true" : "false");
	render_time_or_null("opted_out_at", consent ? consent->opted_out_ms : 0, out);
	strbuf_add_char(out, '}');
}

void people_render_event(const struct event *event, struct strbuf *out)
{
	char id[EVENT_ID_BYTES];

	event_id(event->number, id);
	strbuf_addf(out, "{\"number\":%" PRId64 ",\"id\":\"%s\",\"metric\":", event->number, id);
	json_write_text(event->metric->name, out);
	strbuf_addf(out, ",\"profile_id\":\"%s\",\"email\":", event->profile->id);
	json_write_text(profile_key_text(event->profile, IDENTIFIER_EMAIL), out);
	strbuf_add_text(out, ",\"unique_id\":");
	json_write_text(str_from(event->unique_id), out);
	render_time("time", event->time_ms, out);
	if (event->has_value)
		add_real("value", event->value, out);
	if (event->currency[0])
		strbuf_addf(out, ",\"value_currency\":\"%s\"", event->currency);
	strbuf_addf(out,
		    ",\"backfill\":%s,\"starts_flow\":%s,\"request_number\":%" PRId64
		    ",\"taken_at_ms\":%" PRId64 ",\"properties\":%s}",
		    event->backfill ? "true" : "false", event->backfill ? "false" : "true",
		    event->request_number, event->taken_ms, event->properties ? event->properties : "null");
}

void people_render_held(const struct account *account, struct strbuf *out)
{
	const struct people *people = &account->people;
	int64_t first = people->events.last_number - STATE_EVENTS_MAX;

	strbuf_add_text(out, ",\"profiles\":[");
	for (size_t i = 0; i < people->profiles.n_slots && i < STATE_PROFILES_MAX; i++) {
		if (!people->profiles.at[i])
			continue;
		separate(out);
		people_render_profile(account, people->profiles.at[i], out);
	}
	strbuf_add_text(out, "],\"events\":[");
	for (int64_t number = first > 0 ? first + 1 : 1; number <= people->events.last_number; number++) {
		const struct event *event = event_at(&people->events, number);

		if (!event)
			continue;
		separate(out);
		people_render_event(event, out);
	}
	strbuf_add_char(out, ']');
}
