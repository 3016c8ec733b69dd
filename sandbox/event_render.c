/*
 * Events and metrics as JSON:API.
 *
 * Threads: the server's thread.
 */
#include "sandbox/event_render.h"

#include "sandbox/render.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS 9

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void event_id(int64_t number, char id[static EVENT_ID_BYTES])
{
	uint64_t rest = (uint64_t)number;

	id[0] = '4';
	id[1] = 'v';
	for (size_t i = ID_DIGITS; i-- > 0; rest /= 32)
		id[2 + i] = alphabet[rest % 32];
	id[2 + ID_DIGITS] = '\0';
}

bool event_id_read(struct str text, int64_t *number)
{
	*number = 0;
	if (text.len != 2 + ID_DIGITS || text.p[0] != '4' || text.p[1] != 'v')
		return false;
	for (size_t i = 2; i < text.len; i++) {
		const char *at = strchr(alphabet, text.p[i]);

		if (!at || text.p[i] == '\0')
			return false;
		*number = *number * 32 + (at - alphabet);
	}
	return true;
}

static void separate(struct strbuf *out)
{
	if (out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
		strbuf_add_char(out, ',');
}

static void add_number(double value, struct strbuf *out)
{
	char text[40];

	(void)snprintf(text, sizeof(text), "%.15g", value);
	strbuf_add_text(out, text);
}

void render_event_properties(const struct event *event, struct strbuf *out)
{
	if (event->properties)
		strbuf_add_str(
			out, str_of(event->properties, strlen(event->properties) - 1)); /* but for its '}' */
	else
		strbuf_add_char(out, '{');
	separate(out);
	strbuf_add_text(out, "\"$event_id\":");
	json_write_text(str_from(event->unique_id), out);
	if (event->has_value) {
		strbuf_add_text(out, ",\"$value\":");
		add_number(event->value, out);
	}
	if (event->currency[0])
		strbuf_addf(out, ",\"$value_currency\":\"%s\"", event->currency);
	strbuf_add_char(out, '}');
}

static void add_attributes(const struct event *event, struct str fields, struct strbuf *out)
{
	if (fields_want(fields, "timestamp"))
		strbuf_addf(out, "\"timestamp\":%" PRId64, event->time_ms / MS_PER_S);
	if (fields_want(fields, "event_properties")) {
		separate(out);
		strbuf_add_text(out, "\"event_properties\":");
		render_event_properties(event, out);
	}
	if (fields_want(fields, "datetime"))
		render_time("datetime", event->time_ms, out);
	if (fields_want(fields, "uuid")) {
		separate(out);
		strbuf_addf(out, "\"uuid\":\"%08" PRIx64 "-0000-1000-8000-%012" PRIx64 "\"",
			    (uint64_t)(event->time_ms / MS_PER_S), (uint64_t)event->number);
	}
}

void render_event(struct call *call, const struct event *event, const struct query *query, struct strbuf *out)
{
	struct str base = query_base(call);
	char id[EVENT_ID_BYTES];

	event_id(event->number, id);
	strbuf_addf(out, "{\"type\":\"event\",\"id\":\"%s\",\"attributes\":{", id);
	add_attributes(event, query->fields_of[FIELDS_EVENT], out);
	strbuf_addf(
		out,
		"},\"relationships\":{\"profile\":{\"data\":{\"type\":\"profile\",\"id\":\"%s\"},\"links\":"
		"{\"self\":\"%.*s/api/events/%s/relationships/profile\",\"related\":\"%.*s/api/events/%s/"
		"profile\"}},",
		event->profile->id, STR_ARG(base), id, STR_ARG(base), id);
	strbuf_addf(out,
		    "\"metric\":{\"data\":{\"type\":\"metric\",\"id\":\"%s\"},\"links\":"
		    "{\"self\":\"%.*s/api/events/%s/relationships/metric\",\"related\":\"%.*s/api/events/%s/"
		    "metric\"}},"
		    "\"attributions\":{\"data\":[]}},\"links\":{\"self\":\"%.*s/api/events/%s\"}}",
		    event->metric->id, STR_ARG(base), id, STR_ARG(base), id, STR_ARG(base), id);
}

static void add_integration(const struct metric *metric, struct strbuf *out)
{
	struct str name = metric->service.len > 0 ? metric->service : STR("API");

	separate(out);
	strbuf_add_text(
		out,
		"\"integration\":{\"object\":\"integration\",\"id\":\"0eMvjm\",\"key\":\"api\",\"name\":");
	json_write_text(name, out);
	strbuf_add_text(out, ",\"category\":\"API\"}");
}

void render_metric(struct call *call, const struct metric *metric, const struct query *query,
		   struct strbuf *out)
{
	struct str fields = query->fields_of[FIELDS_METRIC];
	struct str base = query_base(call);

	strbuf_addf(out, "{\"type\":\"metric\",\"id\":\"%s\",\"attributes\":{", metric->id);
	if (fields_want(fields, "name")) {
		strbuf_add_text(out, "\"name\":");
		json_write_text(metric->name, out);
	}
	if (fields_want(fields, "created"))
		render_time("created", metric->created_ms, out);
	if (fields_want(fields, "updated"))
		render_time("updated", metric->updated_ms, out);
	if (fields_want(fields, "integration"))
		add_integration(metric, out);
	strbuf_addf(out,
		    "},\"relationships\":{\"flow-triggers\":{\"links\":{\"self\":"
		    "\"%.*s/api/metrics/%s/relationships/flow-triggers\",\"related\":"
		    "\"%.*s/api/metrics/%s/flow-triggers\"}}},\"links\":{\"self\":\"%.*s/api/metrics/%s\"}}",
		    STR_ARG(base), metric->id, STR_ARG(base), metric->id, STR_ARG(base), metric->id);
}
