/*
 * Notices: what the shop's webhook is told, and how that is signed.
 *
 * Doesn't: send anything (notify.c).
 * Pure.
 */
#include "flow/notice.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "platform/webhook_sign.h"

#include <inttypes.h>

#define HEADERS (WEBHOOK_SIGN_HEADERS + 1)

struct str notice_id(int64_t store_id, const struct activity_optout *optout, struct arena *arena)
{
	const struct str part[] = {
		arena_printf(arena, "%" PRId64, store_id),
		str_from(consent_channel_text(optout->channel)),
		optout->address,
		arena_printf(arena, "%" PRId64, optout->at_ms),
		optout->reason,
	};
	struct digest16 digest = digest16_of(part, ARRAY_LEN(part));
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(arena, "optout_%s", hex);
}

static struct str time_text(int64_t at_ms, struct arena *arena)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

struct str notice_body(const struct activity_optout *optout, struct arena *arena)
{
	struct json *body = json_new_object(), *data = json_new_object();
	struct str at = time_text(optout->at_ms, arena), text;

	json_set_text(data, "channel", str_from(consent_channel_text(optout->channel)));
	json_set_text(data, optout->channel == CONSENT_EMAIL ? "email" : "phone", optout->address);
	json_set_text(data, "state", optout->state);
	json_set_text(data, "reason", optout->reason);
	json_set_text(data, "at", at);
	json_set_text(body, "type", STR("klaviyo.opted_out"));
	json_set_text(body, "timestamp", at);
	json_set(body, "data", data);
	text = json_write_arena(body, true, arena);
	json_free(body);
	return text;
}

struct http_header *notice_headers(struct str secret, struct str id, struct str body, int64_t now_ms,
				   struct arena *arena, size_t *n)
{
	struct http_header *header = ARENA_ARRAY(arena, HEADERS, struct http_header);

	webhook_sign(&secret, 1, id, body, now_ms, arena, header);
	header[WEBHOOK_SIGN_HEADERS] = (struct http_header){ STR("Content-Type"), STR("application/json") };
	*n = HEADERS;
	return header;
}
