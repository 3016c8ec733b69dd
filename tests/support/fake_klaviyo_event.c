/*
 * Events in the fake Klaviyo: all are taken, but a request that holds a poisoned one.
 */
#include "support/fake_klaviyo_internal.h"

#include <string.h>

void fake_klaviyo_poison(struct fake_klaviyo *klaviyo, const char *mark, enum fake_poison how)
{
	klaviyo->poison = mark;
	klaviyo->poison_how = how;
}

static bool is_poisoned(const struct json *event, const char *mark)
{
	struct str id = json_get_text(json_get(event, "attributes"), "unique_id");

	return id.len > 0 && strstr(id.p, mark);
}

/* One error for each poisoned event of a bulk request, with a pointer as Klaviyo's. */
static void point_at_events(const struct json *body, const char *mark, struct arena *arena,
			    struct fake_reply *reply)
{
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");
	const struct json *entries = json_get(json_get(attributes, "events-bulk-create"), "data");
	struct strbuf out;

	strbuf_init(&out, (size_t)1 << 20);
	strbuf_add_text(&out, "{\"errors\":[");
	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json *events =
			json_get(json_get(json_get(json_at(entries, i), "attributes"), "events"), "data");

		for (size_t k = 0; k < json_len(events); k++)
			if (is_poisoned(json_at(events, k), mark))
				strbuf_addf(
					&out,
					"%s{\"code\":\"invalid\",\"title\":\"No.\",\"detail\":\"bad\","
					"\"source\":{\"pointer\":\"/data/attributes/events-bulk-create/data/"
					"%zu/attributes/events/data/%zu/attributes/value\"}}",
					str_ends(strbuf_str(&out), STR("[")) ? "" : ",", i, k);
	}
	strbuf_add_text(&out, "]}");
	reply->status = 400;
	reply->body = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
}

bool fake_event_answer(struct fake_klaviyo *klaviyo, const struct fake_request *request,
		       const struct json *body, struct arena *arena, struct fake_reply *reply)
{
	bool is_bulk = str_starts(request->path, STR("/api/event-bulk-create-jobs"));

	if (!is_bulk && !str_eq(request->path, STR("/api/events")))
		return false;
	reply->status = 202;
	if (!klaviyo->poison || !strstr(request->body.p, klaviyo->poison))
		return true;
	if (klaviyo->poison_how == FAKE_POISON_CHOKES)
		reply->no_answer = true;
	else if (is_bulk && klaviyo->poison_how == FAKE_POISON_POINTS)
		point_at_events(body, klaviyo->poison, arena, reply);
	else
		fake_error_reply(reply, arena, 400, STR("something is wrong"));
	return true;
}
