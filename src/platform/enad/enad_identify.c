/*
 * Enad's envelope, {"event_type": ..., "payload": {...}}: one message per request, without an id of its own.
 *
 * A retry repeats the same bytes, so event type and body are the message's identity. A value that changes and
 * changes back repeats old bytes too: so a message is only compared with the newest one about the same thing
 * (family and subject).
 *
 * Cost:    two scans and one digest of the body; no trees, no copies.
 */
#include "platform/enad/enad_internal.h"
#include "platform/receipt.h"

#define ENVELOPE_MEMBERS_MAX 32
#define EVENT_TYPE_BYTES_MAX 200

bool enad_accepts(struct str content_type)
{
	struct str type = receipt_media_type(content_type);

	return type.len == 0 || str_eq_nocase(type, STR("application/json")) ||
	       str_eq_nocase(type, STR("text/json"));
}

static struct str member_value(const struct json_member *member, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(member[i].name, name))
			return member[i].value;
	return STR("");
}

static bool read_event_type(struct str value, struct arena *arena, struct str *type, struct err *err)
{
	if (value.len == 0)
		return err_set(err, ERR_INVALID, "'event_type' is missing");
	if (!json_unquote(value, arena, type))
		return err_set(err, ERR_INVALID, "'event_type' is not a string");
	if (type->len == 0 || type->len > EVENT_TYPE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "'event_type' is not 1 to %d bytes long",
			       EVENT_TYPE_BYTES_MAX);
	return true;
}

static struct digest16 slot_of(const struct enad_event *event, struct str payload, struct digest16 key)
{
	struct str part[3];

	if (!event || !event->subject[0] || payload.len == 0 || payload.p[0] != '{')
		return key;
	part[0] = str_from(event->family);
	part[1] = payload_scanned_id(payload, event->subject[0]);
	part[2] = event->subject[1] ? payload_scanned_id(payload, event->subject[1]) : STR("");
	return part[1].len ? digest16_of(part, ARRAY_LEN(part)) : key;
}

bool enad_identify(const struct platform_store *store, const struct platform_request *request, size_t max_n,
		   struct arena *arena, struct platform_message **message, size_t *n, struct err *err)
{
	struct json_member member[ENVELOPE_MEMBERS_MAX];
	struct platform_message *found;
	size_t n_member = 0;
	struct str type = STR("");

	(void)store;
	if (max_n < 1)
		return err_set(err, ERR_TOO_LARGE, "no message is allowed");
	if (!json_scan(request->body, member, ENVELOPE_MEMBERS_MAX, &n_member, NULL, err))
		return err_wrap(err, "the body is not JSON");
	if (str_trim(request->body).p[0] != '{')
		return err_set(err, ERR_INVALID, "the body is not an object with 'event_type' and 'payload'");
	if (!read_event_type(member_value(member, n_member, STR("event_type")), arena, &type, err))
		return false;
	found = ARENA_NEW(arena, struct platform_message);
	found->topic = type;
	found->body = request->body;
	found->key = digest16_of((struct str[]){ type, request->body }, 2);
	found->slot =
		slot_of(enad_event_find(type), member_value(member, n_member, STR("payload")), found->key);
	*message = found;
	*n = 1;
	return true;
}
