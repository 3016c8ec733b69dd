/*
 * One kept message of Enad -> facts: finds its row and hands it the payload.
 *
 * Keeps:   every message ends as facts or with a reason; nothing here fails otherwise.
 */
#include "platform/enad/enad_internal.h"

static void map_payload(struct mapping *mapping, const struct enad_event *event, struct str body,
			int64_t received_ms)
{
	struct err err = { 0 };
	struct json *tree;
	const struct json *payload;

	if (!json_parse(body, &tree, &err)) {
		mapping_fail(mapping, "the body is not JSON: %s", err.msg);
		return;
	}
	payload = json_get(tree, "payload");
	if (json_type(payload) == JSON_OBJECT)
		event->map(mapping, payload, received_ms);
	else
		mapping_fail(mapping, "'payload' is missing or not an object");
	json_free(tree);
}

void enad_map(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
	      struct arena *arena, struct map_result *out)
{
	const struct enad_event *event = enad_event_find(topic);
	struct mapping mapping;

	(void)store;
	mapping_init(&mapping, arena);
	if (!event)
		mapping_ignore(&mapping, "unknown event type '%.*s'", STR_ARG(topic));
	else if (!event->map)
		mapping_ignore(&mapping, "%s", event->ignored);
	else
		map_payload(&mapping, event, body, received_ms);
	mapping_end(&mapping, out);
}
