/*
 * The endpoints of metrics. They are made by their first event, and never go.
 *
 * Threads: the server's thread.
 */
#include "sandbox/event_render.h"

#define METRIC_PAGE 200

/* Which integration: "API" unless the event named a service; all are of the category "API". */
static bool term_matches(const struct metric *metric, const struct filter_term *term)
{
	struct str own = metric->service.len > 0 ? metric->service : STR("API");

	return str_eq_nocase(term->value[0], str_eq(term->field, STR("integration.name")) ? own : STR("API"));
}

static bool check_filter(struct call *call, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];

		if (!str_eq(term->op, STR("equals")) || term->list ||
		    (!str_eq(term->field, STR("integration.name")) &&
		     !str_eq(term->field, STR("integration.category"))))
			error_add_parameter(
				&call->errors, STR("filter"),
				"'%.*s' is not a valid filter on '%.*s' for the resource 'metric'.",
				STR_ARG(term->op), STR_ARG(term->field));
	}
	return call->errors.n == 0;
}

static bool matches(const struct metric *metric, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!term_matches(metric, &filter->term[i]))
			return false;
	return true;
}

void metric_list(struct call *call)
{
	const struct events *events = &call->account->people.events;
	struct query query;
	struct strbuf out;
	size_t i, n = 0;

	if (!query_read(call, &query) || !check_filter(call, &query.filter))
		return;
	i = query.has_cursor && query.cursor > 0 ? (size_t)query.cursor : 0;
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (; i < events->n_metrics && n < METRIC_PAGE; i++) {
		if (!matches(events->metric[i], &query.filter))
			continue;
		strbuf_add_text(&out, n++ ? "," : "");
		render_metric(call, events->metric[i], &query, &out);
	}
	strbuf_add_text(&out, query.include ? "],\"included\":[],\"links\":" : "],\"links\":");
	query_render_links(call, &query, i < events->n_metrics, (int64_t)i, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}

void metric_get(struct call *call)
{
	const struct metric *metric = table_find(&call->account->people.events.metric_by_id, call->id);
	struct str base = query_base(call);
	struct query query;
	struct strbuf out;

	if (!query_read(call, &query))
		return;
	if (!metric) {
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "A metric with the id `%.*s` does not exist.", STR_ARG(call->id));
		return;
	}
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_metric(call, metric, &query, &out);
	strbuf_addf(&out, ",\"links\":{\"self\":\"%.*s/api/metrics/%s\"}}", STR_ARG(base), metric->id);
	reply_take(call, 200, &out);
}
