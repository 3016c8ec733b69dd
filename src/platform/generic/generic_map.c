/*
 * One kept envelope -> facts: reads what is around the data, finds the row of its type and hands both over.
 */
#include "base/digest.h"
#include "platform/generic/generic_internal.h"

#define TIME_NAMES "occurred_at|timestamp|time"

/*
 * data, or what data_base64 holds (*decoded: to be freed), or an empty object where a subject can say it all;
 * NULL: failed.
 */
static const struct json *data_of(struct mapping *mapping, const struct json *envelope, struct json **decoded)
{
	const struct json *data = json_get(envelope, "data");
	struct str encoded = json_get_text(envelope, "data_base64"), text;
	struct err err = { 0 };

	if (json_type(data) != JSON_NULL || encoded.len == 0) {
		if (json_type(data) == JSON_OBJECT)
			return data;
		if (json_type(data) == JSON_NULL)
			return *decoded = json_new_object();
		mapping_fail(mapping, "'data' is not an object");
		return NULL;
	}
	if (!base64_decode(mapping->arena, encoded, &text))
		mapping_fail(mapping, "'data_base64' is not base64");
	else if (!json_parse(text, decoded, &err))
		mapping_fail(mapping, "'data_base64' does not hold JSON: %s", err.msg);
	else if (json_type(*decoded) != JSON_OBJECT)
		mapping_fail(mapping, "'data_base64' does not hold an object");
	return mapping->state == MAP_DONE ? *decoded : NULL;
}

static int64_t version_of(struct mapping *mapping, const struct json *envelope, int64_t received_ms)
{
	const struct json *time = payload_find(envelope, TIME_NAMES);
	int64_t version;

	if (payload_int(json_get(envelope, "sequence"), &version) && version > 0)
		return version;
	version = payload_time(time, received_ms);
	if (time && version == 0)
		mapping_note(mapping,
			     "its time is no RFC 3339 time up to now, so it counts in order of receipt");
	return version;
}

/* The envelope's id; a message without one is known by its bytes. */
static struct str event_id_of(struct mapping *mapping, const struct json *envelope, struct str body)
{
	struct str id = payload_id(envelope, "id", mapping->arena);
	struct digest16 digest;
	char text[2 * sizeof(digest.byte) + 1];

	if (id.len)
		return id;
	digest = digest16_of(&body, 1);
	hex_encode(digest.byte, sizeof(digest.byte), text);
	return arena_dup(mapping->arena, str_from(text));
}

static void map_envelope(struct mapping *mapping, const struct platform_store *store,
			 const struct generic_type *type, struct str body, int64_t received_ms)
{
	struct json *envelope = NULL, *decoded = NULL;
	struct generic_message message;
	struct err err = { 0 };
	int64_t at_ms;

	if (!json_parse(body, &envelope, &err)) {
		mapping_fail(mapping, "the body is not JSON: %s", err.msg);
		return;
	}
	at_ms = payload_time(payload_find(envelope, TIME_NAMES), received_ms);
	message = (struct generic_message){
		.data = data_of(mapping, envelope, &decoded),
		.subject = payload_id(envelope, "subject", mapping->arena),
		.currency = json_get_text(envelope, "currency"),
		.version = version_of(mapping, envelope, received_ms),
		.type = str_from(type->name),
		.event_id = event_id_of(mapping, envelope, body),
		.at_ms = at_ms ? at_ms : received_ms,
		.received_ms = received_ms,
		.order_states = store->setting(store->from, "order_states"),
	};
	if (json_is_true(json_get(envelope, "impersonated")) && str_starts(message.type, STR("storefront.")))
		mapping_ignore(mapping, "somebody of the shop acted as the customer");
	if (message.data)
		type->map(mapping, &message);
	json_free(decoded);
	json_free(envelope);
}

void generic_map(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
		 struct arena *arena, struct map_result *out)
{
	const struct generic_type *type = generic_type_find(topic);
	struct mapping mapping;

	mapping_init(&mapping, arena);
	if (!type)
		mapping_ignore(&mapping, "unknown type '%.*s'", STR_ARG(topic));
	else if (!type->map)
		mapping_ignore(&mapping, "%s", type->ignored);
	else
		map_envelope(&mapping, store, type, body, received_ms);
	mapping_end(&mapping, out);
}
