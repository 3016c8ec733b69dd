/*
 * Consents: a row of a subscription or its end, and the text that says what a request must say for all its
 * rows together (list, history, source), so that rows which agree on it can share a request.
 *
 * The end of a subscription has neither source nor history in Klaviyo: those rows agree on the list alone.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "klaviyo/render.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "klaviyo/render_internal.h"

#define SOURCE_BYTES_MAX 250

struct str klaviyo_consent_group(const struct activity_consent *consent, struct arena *arena)
{
	struct str source = utf8_cut(consent->source, SOURCE_BYTES_MAX);

	if (!consent->subscribed)
		return arena_printf(arena, "%.*s|n|", STR_ARG(consent->list_id));
	return arena_printf(arena, "%.*s|%c|%.*s", STR_ARG(consent->list_id), consent->historical ? 'h' : 'n',
			    STR_ARG(source));
}

bool render_group_read(struct str group, struct render_group *out)
{
	size_t end = str_find_char(group, '|');
	struct str rest = str_skip(group, end + 1);

	if (end >= group.len || rest.len < 2 || (rest.p[0] != 'h' && rest.p[0] != 'n') || rest.p[1] != '|')
		return false;
	*out = (struct render_group){
		.list_id = str_of(group.p, end),
		.historical = rest.p[0] == 'h',
		.source = str_skip(rest, 2),
	};
	return true;
}

static const char *address_name(enum consent_channel channel)
{
	return channel == CONSENT_SMS ? "phone_number" : "email";
}

struct str klaviyo_render_consent(const struct activity_consent *consent, struct arena *arena)
{
	struct strbuf out;

	strbuf_init(&out, RENDER_OUT_BYTES_MAX);
	strbuf_addf(&out, "{\"type\":\"profile\",\"attributes\":{\"%s\":", address_name(consent->channel));
	json_write_text(consent->address, &out);
	strbuf_addf(&out, ",\"subscriptions\":{\"%s\":{\"marketing\":{\"consent\":\"%s\"",
		    consent_channel_text(consent->channel),
		    consent->subscribed ? "SUBSCRIBED" : "UNSUBSCRIBED");
	/* Klaviyo takes the time of consents of the past only. */
	if (consent->subscribed && consent->historical) {
		strbuf_add_text(&out, ",\"consented_at\":\"");
		time_format_rfc3339(consent->at_ms, &out);
		strbuf_add_char(&out, '"');
	}
	strbuf_add_text(&out, "}}}}}");
	return render_take(&out, arena);
}
