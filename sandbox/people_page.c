/*
 * The part of the page for people that is about people: profiles, lists, metrics, events.
 *
 * Keeps:   every text that came from outside is escaped; long lists are cut with a note.
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include <inttypes.h>

#define ROWS_MAX 100

static void add_number(int64_t number, struct strbuf *out)
{
	strbuf_addf(out, "<td>%" PRId64 "</td>", number);
}

static void add_time(int64_t wall_ms, struct strbuf *out)
{
	strbuf_add_text(out, "<td>");
	if (wall_ms)
		time_format_rfc3339(wall_ms, out);
	strbuf_add_text(out, "</td>");
}

static void add_metrics(const struct events *events, struct strbuf *out)
{
	static const char *const head[] = { "metric", "events", "would start flows", "duplicates dropped",
					    "value" };

	strbuf_addf(out, "<h3>Metrics (%zu)</h3>\n", events->n_metrics);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = 0; i < events->n_metrics && i < ROWS_MAX; i++) {
		const struct metric *metric = events->metric[i];

		strbuf_add_text(out, "<tr>");
		page_cell(metric->name, out);
		add_number(metric->n_events, out);
		add_number(metric->flow_starts, out);
		add_number(metric->duplicates_dropped, out);
		strbuf_addf(out, "<td>%.2f</td></tr>\n", metric->value_sum);
	}
	strbuf_add_text(out, "</table>\n");
}

static void add_event(const struct event *event, struct strbuf *out)
{
	strbuf_add_text(out, "<tr>");
	add_time(event->time_ms, out);
	page_cell(event->metric->name, out);
	page_cell(profile_key_text(event->profile, IDENTIFIER_EMAIL), out);
	page_cell(str_from(event->unique_id), out);
	if (event->has_value)
		strbuf_addf(out, "<td>%.2f %s</td>", event->value, event->currency);
	else
		strbuf_add_text(out, "<td></td>");
	page_cell(event->backfill ? STR("backfill") : STR(""), out);
	page_cell(str_from(event->properties), out);
	strbuf_add_text(out, "</tr>\n");
}

static void add_events(const struct events *events, struct strbuf *out)
{
	static const char *const head[] = {
		"time", "metric", "e-mail", "unique_id", "value", "", "properties"
	};
	size_t shown = 0;

	strbuf_addf(out, "<h3>Events (%" PRId64 "), newest first</h3>\n", events->n);
	page_head(head, ARRAY_LEN(head), out);
	for (int64_t number = events->last_number; number > 0 && shown < ROWS_MAX; number--) {
		const struct event *event = event_at(events, number);

		if (!event)
			continue;
		shown++;
		add_event(event, out);
	}
	strbuf_add_text(out, "</table>\n");
}

static void add_profile(const struct profile *profile, struct strbuf *out)
{
	const struct consent *consent = profile->consent;
	enum consent_state email = consent ? consent->channel[CHANNEL_EMAIL_MARKETING].state : CONSENT_NEVER;
	enum consent_state sms = consent ? consent->channel[CHANNEL_SMS_MARKETING].state : CONSENT_NEVER;

	strbuf_add_text(out, "<tr>");
	page_cell(str_from(profile->id), out);
	for (int kind = 0; kind < IDENTIFIER_STRONG_COUNT; kind++)
		page_cell(profile_key_text(profile, (enum identifier)kind), out);
	page_cell(json_get_text(profile->values, "first_name"), out);
	page_cell(json_get_text(profile->values, "last_name"), out);
	strbuf_addf(out, "<td>%s%s%s</td><td>%s</td>", consent_state_text(email),
		    consent_is_suppressed(consent) ? ", suppressed" : "",
		    consent && consent->pending ? ", to be confirmed" : "", consent_state_text(sms));
	add_time(profile->last_event_ms, out);
	strbuf_add_text(out, "</tr>\n");
}

static void add_profiles(const struct profiles *profiles, struct strbuf *out)
{
	static const char *const head[] = { "id",	  "e-mail",    "phone",		 "external id",
					    "first name", "last name", "e-mail consent", "SMS consent",
					    "last event" };
	size_t shown = 0;

	strbuf_addf(out, "<h3>Profiles (%zu), newest first</h3>\n", profiles->n);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = profiles->n_slots; i-- > 0 && shown < ROWS_MAX;) {
		if (!profiles->at[i])
			continue;
		shown++;
		add_profile(profiles->at[i], out);
	}
	strbuf_add_text(out, "</table>\n");
}

static void add_lists(const struct profile_lists *lists, struct strbuf *out)
{
	static const char *const head[] = { "id", "name", "opt-in", "profiles" };

	strbuf_addf(out, "<h3>Lists (%zu)</h3>\n", lists->n);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = 0; i < lists->n && i < ROWS_MAX; i++) {
		const struct profile_list *list = lists->at[i];

		strbuf_add_text(out, "<tr>");
		page_cell(str_from(list->id), out);
		page_cell(list->name, out);
		page_cell(list->double_opt_in ? STR("double") : STR("single"), out);
		add_number((int64_t)list->n, out);
		strbuf_add_text(out, "</tr>\n");
	}
	strbuf_add_text(out, "</table>\n");
}

static void add_counts(const struct people_counts *counts, struct strbuf *out)
{
	static const char *const head[] = { "count", "", "meaning" };

	strbuf_add_text(out, "<h3>What became of people</h3>\n");
	page_head(head, ARRAY_LEN(head), out);
#define ADD_COUNT(name, help) \
	if (counts->name) \
		strbuf_addf(out, "<tr><td>%s</td><td>%" PRId64 "</td><td>%s</td></tr>\n", #name, \
			    counts->name, help);
	PEOPLE_COUNTS(ADD_COUNT)
#undef ADD_COUNT
	strbuf_add_text(out, "</table>\n");
}

void people_page(const struct account *account, struct strbuf *out)
{
	const struct people *people = &account->people;

	if (people->profiles.n_slots == 0 && people->lists.n == 0 && people->counts.events_accepted == 0)
		return;
	add_metrics(&people->events, out);
	add_events(&people->events, out);
	add_profiles(&people->profiles, out);
	add_lists(&people->lists, out);
	add_counts(&people->counts, out);
	strbuf_add_text(out,
			"<p>All are in <a href=\"/sandbox/people\">people</a>, <a href=\"/sandbox/profiles\">"
			"profiles</a> and <a href=\"/sandbox/events\">events</a>.</p>\n");
}
