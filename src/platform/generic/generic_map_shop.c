/*
 * shop.updated: what a shop says of itself. So far the statuses that it gives to orders, by the ids and names
 * that its orders bring, so that people can say what each means.
 */
#include "platform/generic/generic_internal.h"

/* NULL: it has no id. */
static struct json *status_of(struct mapping *mapping, const struct json *entry, struct str language)
{
	struct str id = payload_id(entry, "id", mapping->arena);
	struct json *status;

	if (id.len == 0)
		return NULL;
	status = json_new_object();
	generic_put_texts_in(mapping, status, entry, language);
	json_set_text(status, "id", id);
	payload_put_text(status, "state", entry, "state");
	payload_put_bool(status, "complete", entry, "complete");
	return status;
}

static struct json *statuses_of(struct mapping *mapping, const struct json *list, struct str language)
{
	struct json *statuses = json_new_array();

	for (size_t i = 0; i < json_len(list) && i < GENERIC_STATUSES_MAX; i++) {
		struct json *status = status_of(mapping, json_at(list, i), language);

		if (status)
			json_append(statuses, status);
		else
			mapping_note(mapping, "a status without an id was left out");
	}
	if (json_len(list) > GENERIC_STATUSES_MAX)
		mapping_note(mapping, "more than %d order statuses: later ones were left out",
			     GENERIC_STATUSES_MAX);
	return statuses;
}

void generic_map_shop(struct mapping *mapping, const struct generic_message *message)
{
	const struct json *list = json_get(message->data, "order_statuses");
	struct json *body;

	if (json_type(list) != JSON_ARRAY) {
		mapping_fail(mapping, "data.order_statuses is missing or no list");
		return;
	}
	body = json_new_object();
	json_set(body, "statuses", statuses_of(mapping, list, json_get_text(message->data, "language")));
	mapping_add(mapping, (struct fact){
				     .entity = { ENTITY_SHOP, STR(FACT_SHOP_ID) },
				     .part = STR("order_statuses"),
				     .root_id = STR(""),
				     .op = FACT_SET,
				     .version = message->version,
				     .body = mapping_body(mapping, body),
			     });
}
