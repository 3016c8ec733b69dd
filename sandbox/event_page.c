/*
 * Reading events: one, or pages of them.
 *
 * Does:    follows the chain of the profile or the metric that a filter names. Without a sort the order is
 *          that in which they came, and a page costs no more the further it is.
 * Threads: the server's thread.
 *
 * An id of the wrong form is 400, one that leads nowhere 404, as recorded.
 */
#include "sandbox/event_render.h"
#include "sandbox/profile_render.h"
#include "sandbox/sort_page.h"

#include "base/clock.h"

#include <string.h>

/* ---- filter ---- */

static bool parse_when(const struct filter_term *term, int64_t *time_ms)
{
	if (str_eq(term->field, STR("datetime")))
		return time_parse_rfc3339(term->value[0], time_ms);
	if (!str_to_int64(term->value[0], time_ms))
		return false;
	*time_ms *= MS_PER_S;
	return true;
}

static bool term_ok(const struct filter_term *term)
{
	int64_t time_ms;

	if (term->list)
		return false;
	if (str_eq(term->field, STR("metric_id")) || str_eq(term->field, STR("profile_id")))
		return str_eq(term->op, STR("equals"));
	return (str_eq(term->field, STR("datetime")) || str_eq(term->field, STR("timestamp"))) &&
	       (str_starts(term->op, STR("greater-")) || str_starts(term->op, STR("less-"))) &&
	       parse_when(term, &time_ms);
}

static bool check_filter(struct call *call, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!term_ok(&filter->term[i]))
			error_add_parameter(
				&call->errors, STR("filter"),
				"'%.*s' is not a valid filter on '%.*s' for the resource 'event'.",
				STR_ARG(filter->term[i].op), STR_ARG(filter->term[i].field));
	return call->errors.n == 0;
}

static bool term_matches(const struct event *event, const struct filter_term *term)
{
	int64_t wanted_ms = 0;

	if (str_eq(term->field, STR("metric_id")))
		return str_eq(term->value[0], str_from(event->metric->id));
	if (str_eq(term->field, STR("profile_id")))
		return str_eq(term->value[0], str_from(event->profile->id));
	(void)parse_when(term, &wanted_ms);
	if (str_eq(term->op, STR("greater-than")))
		return event->time_ms > wanted_ms;
	if (str_eq(term->op, STR("greater-or-equal")))
		return event->time_ms >= wanted_ms;
	return str_eq(term->op, STR("less-than")) ? event->time_ms < wanted_ms : event->time_ms <= wanted_ms;
}

static bool matches(const struct event *event, const struct filter *filter)
{
	if (!event->profile) /* deleted */
		return false;
	for (size_t i = 0; i < filter->n; i++)
		if (!term_matches(event, &filter->term[i]))
			return false;
	return true;
}

/* ---- which are candidates ---- */

enum chain { CHAIN_ALL, CHAIN_PROFILE, CHAIN_METRIC };

struct walk {
	const struct events *events;
	enum chain chain;
	struct event *next;
};

static struct event *next_held(const struct events *events, int64_t number)
{
	while (++number <= events->last_number)
		if (event_at(events, number))
			return event_at(events, number);
	return NULL;
}

static void walk_start(struct call *call, const struct query *query, struct walk *walk)
{
	const struct people *people = &call->account->people;

	*walk = (struct walk){ .events = &people->events };
	for (size_t i = 0; i < query->filter.n; i++) {
		const struct filter_term *term = &query->filter.term[i];
		const struct profile *profile = NULL;
		const struct metric *metric = NULL;

		if (str_eq(term->field, STR("profile_id"))) {
			profile = profile_find(&people->profiles, term->value[0]);
			*walk = (struct walk){ &people->events, CHAIN_PROFILE,
					       profile ? profile->first_event : NULL };
			return;
		}
		if (str_eq(term->field, STR("metric_id"))) {
			metric = table_find(&people->events.metric_by_id, term->value[0]);
			*walk = (struct walk){ &people->events, CHAIN_METRIC, metric ? metric->first : NULL };
		}
	}
	if (walk->chain == CHAIN_ALL)
		walk->next =
			next_held(&people->events, query->has_cursor && !query->sort.len ? query->cursor : 0);
}

static struct event *walk_on(struct walk *walk)
{
	struct event *event = walk->next;

	if (event && walk->chain == CHAIN_PROFILE)
		walk->next = event->next_of_profile;
	else if (event && walk->chain == CHAIN_METRIC)
		walk->next = event->next_of_metric;
	else if (event)
		walk->next = next_held(walk->events, event->number);
	return event;
}

/* As many as a page needs when the order is that of numbers, else all that match. */
static size_t gather(struct call *call, const struct query *query, struct sort_item **item)
{
	bool sorted = query->sort.len > 0;
	size_t max = sorted ? (size_t)call->account->people.events.n : query->size + 1, n = 0;
	struct event *event;
	struct walk walk;

	*item = arena_alloc(call->arena, (max + 1) * sizeof(**item));
	walk_start(call, query, &walk);
	while (n < max && (event = walk_on(&walk)) != NULL) {
		if (!matches(event, &query->filter) ||
		    (!sorted && query->has_cursor && event->number <= query->cursor))
			continue;
		(*item)[n++] = (struct sort_item){
			.number = event->number,
			.key = sorted ? event->time_ms : 0,
			.thing = event,
		};
	}
	return n;
}

/* ---- answers ---- */

static bool seen_before(const struct sort_item *item, size_t n, const void *profile, const void *metric)
{
	for (size_t i = 0; i < n; i++) {
		const struct event *event = item[i].thing;

		if (event->profile == profile || event->metric == metric)
			return true;
	}
	return false;
}

static void add_included(struct call *call, const struct query *query, const struct sort_item *item, size_t n,
			 struct strbuf *out)
{
	bool first = true;

	strbuf_add_text(out, ",\"included\":[");
	for (size_t i = 0; i < n; i++) {
		const struct event *event = item[i].thing;

		if (query_includes(query, "metric") && !seen_before(item, i, NULL, event->metric)) {
			strbuf_add_text(out, first ? "" : ",");
			first = false;
			render_metric(call, event->metric, query, out);
		}
		if (query_includes(query, "profile") && !seen_before(item, i, event->profile, NULL)) {
			strbuf_add_text(out, first ? "" : ",");
			first = false;
			render_profile(call, event->profile, query, NULL, out);
		}
	}
	strbuf_add_char(out, ']');
}

void event_list(struct call *call)
{
	struct sort_item *item;
	struct query query;
	struct strbuf out;
	size_t n;
	bool more;

	if (!query_read(call, &query) || !check_filter(call, &query.filter))
		return;
	n = gather(call, &query, &item);
	n = sort_page(item, n, &query, &more);
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_text(&out, i ? "," : "");
		render_event(call, item[i].thing, &query, &out);
	}
	strbuf_add_char(&out, ']');
	if (query.include)
		add_included(call, &query, item, n, &out);
	strbuf_add_text(&out, ",\"links\":");
	sort_page_links(call, &query, item, n, more, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}

void event_get(struct call *call)
{
	struct sort_item item = { 0 };
	struct str base = query_base(call);
	struct query query;
	struct strbuf out;
	int64_t number;

	if (!query_read(call, &query))
		return;
	if (!event_id_read(call->id, &number)) {
		error_add(&call->errors, ERROR_INVALID, STR("/data/id"), "'%.*s' is not a valid event id.",
			  STR_ARG(call->id));
		return;
	}
	item.thing = event_at(&call->account->people.events, number);
	if (!item.thing) {
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "An event with the id `%.*s` does not exist.", STR_ARG(call->id));
		return;
	}
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_event(call, item.thing, &query, &out);
	if (query.include)
		add_included(call, &query, &item, 1, &out);
	strbuf_addf(&out, ",\"links\":{\"self\":\"%.*s/api/events/%.*s\"}}", STR_ARG(base),
		    STR_ARG(call->id));
	reply_take(call, 200, &out);
}
