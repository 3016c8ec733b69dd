/*
 * What Klaviyo itself says of people (deliver_optout.c brings it into the inbox) as facts.
 *
 * Pure.
 */
#include "flow/flow_internal.h"

#include "base/json.h"
#include "model/person.h"

static struct str optout_body(const struct json *data, int64_t at_ms, struct arena *arena)
{
	struct str reason = json_get_text(data, "reason");
	struct json *body = json_new_object();
	struct strbuf text, at;
	struct str out;

	json_set_text(body, "state",
		      str_eq(reason, STR("UNSUBSCRIBE")) ? STR("unsubscribed") : STR("suppressed"));
	strbuf_init(&at, 64);
	time_format_rfc3339(at_ms, &at);
	json_set_text(body, "at", strbuf_str(&at));
	strbuf_release(&at);
	json_set_text(body, "reason", reason);
	strbuf_init(&text, 4096);
	json_write(body, true, &text);
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	json_free(body);
	return out;
}

static void map_optout(const struct json *data, struct arena *arena, struct map_result *out)
{
	struct fact *fact = ARENA_NEW(arena, struct fact);
	int64_t at_ms = 0;
	struct str email;

	if (!json_get_int(data, "at_ms", &at_ms) ||
	    !person_email(json_get_text(data, "email"), arena, &email)) {
		*out = (struct map_result){ .state = MAP_FAILED, .reason = STR("no e-mail address or time") };
		return;
	}
	*fact = (struct fact){
		.entity = { ENTITY_PERSON, email },
		.part = STR("klaviyo.email"),
		.op = FACT_SET,
		.version = at_ms,
		.body = optout_body(data, at_ms, arena),
	};
	*out = (struct map_result){ .state = MAP_DONE, .fact = fact, .n_fact = 1 };
}

void flow_map_klaviyo(struct str topic, struct str body, struct arena *arena, struct map_result *out)
{
	struct json *json = NULL;

	if (!str_eq(topic, STR("klaviyo.opted_out"))) {
		*out = (struct map_result){ .state = MAP_IGNORED, .reason = STR("not known") };
		return;
	}
	if (!json_parse(body, &json, NULL)) {
		*out = (struct map_result){ .state = MAP_FAILED, .reason = STR("not JSON") };
		return;
	}
	map_optout(json_get(json, "data"), arena, out);
	json_free(json);
}
