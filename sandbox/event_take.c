/*
 * Events that come in: one, or many in a request.
 *
 * Does:    checks what the shape does not say (whom, when, how many, repeated in one request), then takes
 *          each or drops it without a word, as Klaviyo does; all that is dropped is counted.
 * Doesn't: wait: an event is there when the answer is.
 * Keeps:   a request that is refused changes nothing. Profile, metric and unique_id lead to one event: the
 *          first.
 * Threads: the server's thread.
 *
 * Where the sources are silent: null in the profile of an event is as if it were left out; an event that
 * is dropped writes nothing to its profile; an entry's backfill counts where an event of it says nothing.
 */
#include "sandbox/body.h"
#include "sandbox/profile_change.h"
#include "sandbox/query.h"

#include "base/alloc.h"

#include <inttypes.h>

/* 2000-01-01; Klaviyo's overview of the Events API. */
#define TIME_MIN_MS	  INT64_C(946684800000)
#define TIME_AHEAD_MAX_MS (365 * MS_PER_DAY)

/* One event on its way in. */
struct taken {
	const struct json *attributes;
	struct profile_row row;
	bool backfill;
};

/* ---- checks ---- */

static void check_profile(struct call *call, const struct profile_row *row, struct str pointer)
{
	(void)profile_row_check(call->sandbox, row, pointer, EVENT_PROFILE_BYTES_MAX, &call->errors);
	if (!profile_row_names(row))
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/attributes", STR_ARG(pointer)),
			  "One or more of the identifiers id, email, phone_number, external_id, "
			  "anonymous_id, _kx "
			  "is required.");
}

static void check_event(struct call *call, const struct json *attributes, struct str pointer)
{
	struct str unique_id = json_get_text(attributes, "unique_id");
	int64_t now_ms = sandbox_wall_ms(call->sandbox);
	int64_t time_ms = now_ms;

	(void)time_parse_rfc3339(json_get_text(attributes, "time"), &time_ms);
	if (time_ms < TIME_MIN_MS || time_ms > now_ms + TIME_AHEAD_MAX_MS)
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/time", STR_ARG(pointer)),
			  "Invalid input. The time must be between the year 2000 and a year from now.");
	if (unique_id.len > 0 && texts_has(&call->sandbox->knobs.reject_identifier, unique_id))
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/unique_id", STR_ARG(pointer)),
			  "Invalid input. The event '%.*s' is refused.", STR_ARG(unique_id));
}

/* ---- taking ---- */

static bool is_test_address(struct str email)
{
	struct str domain = str_skip(email, str_find_char(email, '@') + 1);

	return str_eq_nocase(domain, STR("example.com")) || str_eq_nocase(domain, STR("test.com"));
}

static struct metric *metric_of(struct call *call, const struct json *attributes)
{
	const struct json *metric = json_get(json_get(json_get(attributes, "metric"), "data"), "attributes");
	struct str service = json_get_text(metric, "service");

	if (str_eq(service, STR("api")))
		service = STR("");
	return metric_get_or_add(&call->account->people.events, call->sandbox->rand, service,
				 json_get_text(metric, "name"), sandbox_wall_ms(call->sandbox));
}

/* Without one: the time to the second, so that a second has one event of a kind. */
static struct str unique_id_of(struct call *call, const struct json *attributes, int64_t time_ms)
{
	struct str unique_id = json_get_text(attributes, "unique_id");

	return unique_id.len > 0 ? unique_id : arena_printf(call->arena, "%" PRId64, time_ms / MS_PER_S);
}

static char *properties_of(struct call *call, const struct json *attributes)
{
	struct strbuf text;
	char *copy;

	if (call->sandbox->knobs.forget_properties)
		return NULL;
	strbuf_init(&text, SIZE_MAX / 2);
	json_write(json_get(attributes, "properties"), false, &text);
	copy = mem_strdup(text.p);
	strbuf_release(&text);
	return copy;
}

static void keep(struct call *call, const struct taken *taken, struct event *event)
{
	struct people *people = &call->account->people;
	const struct json *value = json_get(taken->attributes, "value");
	struct str currency = json_get_text(taken->attributes, "value_currency");
	struct metric *metric = event->metric;

	event->has_value = json_type(value) == JSON_INTEGER || json_type(value) == JSON_REAL;
	event->value = json_number(value);
	for (size_t i = 0; i < currency.len && i < 3; i++)
		event->currency[i] = currency.p[i];
	event->backfill = taken->backfill;
	event->properties = properties_of(call, taken->attributes);
	event->request_number = call->number;
	event->taken_ms = sandbox_wall_ms(call->sandbox);
	(void)event_add(&people->events, event);
	people->counts.events_stored++;
	metric->n_events++;
	metric->value_sum += event->has_value ? event->value : 0;
	if (!event->backfill) {
		people->counts.flow_starts++;
		people->counts.old_flow_starts +=
			sandbox_wall_ms(call->sandbox) - event->time_ms > MS_PER_DAY;
		metric->flow_starts++;
	}
	if (event->time_ms > event->profile->last_event_ms)
		event->profile->last_event_ms = event->time_ms;
}

static void take(struct call *call, const struct taken *taken)
{
	struct people *people = &call->account->people;
	struct resolution who = profile_resolve(people, &taken->row);
	int64_t time_ms = sandbox_wall_ms(call->sandbox);
	struct event event = { .profile = who.profile };
	struct str unique_id;

	people->counts.events_accepted++;
	if (is_test_address(profile_row_text(&taken->row, IDENTIFIER_EMAIL))) {
		people->counts.test_addresses_dropped++;
		return;
	}
	if (who.id_unknown || (taken->row.id.len > 0 && who.other)) {
		people->counts.unresolved_dropped++;
		return;
	}
	(void)time_parse_rfc3339(json_get_text(taken->attributes, "time"), &time_ms);
	event.time_ms = time_ms - time_ms % MS_PER_S;
	event.metric = metric_of(call, taken->attributes);
	unique_id = unique_id_of(call, taken->attributes, event.time_ms);
	event.unique_id = arena_cstr(call->arena, unique_id);
	if (who.profile)
		profile_absorb(people, who.profile, &taken->row);
	if (who.profile && event_find(&people->events, who.profile, event.metric, unique_id)) {
		people->counts.duplicates_dropped++;
		event.metric->duplicates_dropped++;
		return;
	}
	event.profile = profile_write(call->sandbox, people, who.profile, &taken->row, PROFILE_NULL_IGNORED);
	keep(call, taken, &event);
}

/* ---- one ---- */

void event_create(struct call *call)
{
	const struct json *attributes = json_get(json_get(call->body, "data"), "attributes");
	struct taken taken = {
		.attributes = attributes,
		.row = profile_row_read(json_get(json_get(attributes, "profile"), "data")),
		.backfill = json_get_bool(attributes, "backfill", false),
	};
	struct query query;

	if (!query_read(call, &query))
		return;
	call->rows = 1;
	check_profile(call, &taken.row, STR("/data/attributes/profile/data"));
	check_event(call, attributes, STR("/data/attributes"));
	if (call->errors.n > 0)
		return;
	take(call, &taken);
	reply_empty(call, 202);
}

/* ---- many ---- */

#define ROWS_POINTER "/data/attributes/events-bulk-create"

static const struct json *entries_of(const struct call *call)
{
	const struct json *attributes = json_get(json_get(call->body, "data"), "attributes");

	return json_get(json_get(attributes, "events-bulk-create"), "data");
}

static const struct json *events_of(const struct json *entry)
{
	return json_get(json_get(json_get(entry, "attributes"), "events"), "data");
}

static struct profile_row row_of(const struct json *entry)
{
	return profile_row_read(json_get(json_get(json_get(entry, "attributes"), "profile"), "data"));
}

/* Names the person as the request does: who this is may come out only when it is processed. */
static struct str person_text(struct call *call, const struct profile_row *row)
{
	if (row->id.len > 0)
		return row->id;
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++) {
		struct str text = profile_row_text(row, (enum identifier)kind);

		if (text.len > 0)
			return arena_printf(call->arena, "%d:%.*s", kind, STR_ARG(text));
	}
	return STR("");
}

/* Seen once already in this request? */
static void check_repeated(struct call *call, struct table *seen, struct str person,
			   const struct json *attributes, struct str pointer)
{
	const struct json *metric = json_get(json_get(json_get(attributes, "metric"), "data"), "attributes");
	struct str unique_id = json_get_text(attributes, "unique_id");
	struct str key = arena_printf(call->arena, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(person),
				      STR_ARG(json_get_text(metric, "service")),
				      STR_ARG(json_get_text(metric, "name")), STR_ARG(unique_id));

	if (unique_id.len == 0)
		return;
	if (table_find(seen, key))
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/unique_id", STR_ARG(pointer)),
			  "Invalid input. The unique_id '%.*s' is repeated for the same profile and metric.",
			  STR_ARG(unique_id));
	table_put(seen, key, call);
}

static void check_entry(struct call *call, const struct json *entry, size_t i, struct table *seen)
{
	struct profile_row row = row_of(entry);
	struct str person = person_text(call, &row);
	const struct json *events = events_of(entry);

	check_profile(call, &row,
		      arena_printf(call->arena, ROWS_POINTER "/data/%zu/attributes/profile/data", i));
	for (size_t k = 0; k < json_len(events) && call->errors.n < ERROR_ENTRIES_MAX; k++) {
		const struct json *attributes = json_get(json_at(events, k), "attributes");
		struct str pointer = arena_printf(
			call->arena, ROWS_POINTER "/data/%zu/attributes/events/data/%zu/attributes", i, k);

		check_event(call, attributes, pointer);
		check_repeated(call, seen, person, attributes, pointer);
	}
}

static bool check_entries(struct call *call, const struct json *entries)
{
	struct table seen = { 0 };

	for (size_t i = 0; i < json_len(entries); i++)
		call->rows += json_len(events_of(json_at(entries, i)));
	if (call->rows > EVENTS_PER_REQUEST_MAX)
		error_add(&call->errors, ERROR_INVALID, STR(ROWS_POINTER),
			  "Invalid input. At most %d events are allowed in a request, got %zu.",
			  EVENTS_PER_REQUEST_MAX, call->rows);
	for (size_t i = 0; i < json_len(entries) && call->errors.n < ERROR_ENTRIES_MAX; i++)
		check_entry(call, json_at(entries, i), i, &seen);
	table_release(&seen);
	return call->errors.n == 0;
}

void event_bulk_create(struct call *call)
{
	const struct json *entries = entries_of(call);
	struct query query;

	if (!query_read(call, &query) || !check_entries(call, entries))
		return;
	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json *entry = json_at(entries, i);
		bool backfill = json_get_bool(json_get(entry, "attributes"), "backfill", false);

		for (size_t k = 0; k < json_len(events_of(entry)); k++) {
			struct taken taken = { .row = row_of(entry) };

			taken.attributes = json_get(json_at(events_of(entry), k), "attributes");
			taken.backfill = json_get_bool(taken.attributes, "backfill", backfill);
			take(call, &taken);
		}
	}
	reply_empty(call, 202);
}
