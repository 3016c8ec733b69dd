/*
 * What a person agreed to and refused: names and states.
 *
 * Doesn't: know when a state changes (consent_rule.c).
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/consent.h"

#include "base/alloc.h"

#include <string.h>

const struct channel_row *channel_row(enum channel channel)
{
	static const struct channel_row row[CHANNEL_COUNT] = {
		[CHANNEL_EMAIL_MARKETING] = { "email", "marketing", "can_receive_email_marketing" },
		[CHANNEL_EMAIL_OPEN_TRACKING] = { "email", "open_tracking", "can_receive" },
		[CHANNEL_SMS_MARKETING] = { "sms", "marketing", "can_receive_sms_marketing" },
		[CHANNEL_SMS_TRANSACTIONAL] = { "sms", "transactional", "can_receive_sms_transactional" },
		[CHANNEL_WHATSAPP_MARKETING] = { "whatsapp", "marketing", "can_receive" },
		[CHANNEL_WHATSAPP_TRANSACTIONAL] = { "whatsapp", "transactional", "can_receive" },
		[CHANNEL_WHATSAPP_CONVERSATIONAL] = { "whatsapp", "conversational", "can_receive" },
		[CHANNEL_PUSH_MARKETING] = { "push", "marketing", "can_receive_push_marketing" },
	};

	return &row[channel];
}

const char *consent_state_text(enum consent_state state)
{
	static const char *const text[] = { "NEVER_SUBSCRIBED", "SUBSCRIBED", "UNSUBSCRIBED" };

	return text[state];
}

const char *suppression_text(enum suppression reason)
{
	static const char *const text[SUPPRESSION_COUNT] = { "HARD_BOUNCE", "INVALID_EMAIL", "SPAM_COMPLAINT",
							     "UNSUBSCRIBE", "USER_SUPPRESSED" };

	return text[reason];
}

bool suppression_find(struct str text, enum suppression *reason)
{
	for (int i = 0; i < SUPPRESSION_COUNT; i++) {
		*reason = (enum suppression)i;
		if (str_eq(text, str_from(suppression_text(*reason))))
			return true;
	}
	return false;
}

void consent_free(struct consent *consent)
{
	if (!consent)
		return;
	for (size_t i = 0; i < CHANNEL_COUNT; i++)
		mem_free(consent->channel[i].source);
	mem_free(consent->list);
	mem_free(consent);
}

bool consent_is_suppressed(const struct consent *consent)
{
	for (size_t i = 0; consent && i < SUPPRESSION_COUNT; i++)
		if (consent->suppressed_ms[i])
			return true;
	return false;
}

void consent_set(struct channel_state *state, enum consent_state to, int64_t at_ms, int64_t now_ms)
{
	state->state = to;
	state->at_ms = at_ms;
	state->updated_ms = now_ms;
}

void consent_set_source(struct channel_state *state, struct str source)
{
	mem_free(state->source);
	state->source = NULL;
	if (source.len == 0)
		return;
	state->source = mem_alloc(source.len + 1);
	memcpy(state->source, source.p, source.len);
	state->source[source.len] = '\0';
}

void consent_suppress_list(struct consent *consent, struct profile_list *list, int64_t at_ms)
{
	size_t i = 0;

	while (i < consent->n_lists && consent->list[i].list != list)
		i++;
	if (at_ms == 0) {
		if (i < consent->n_lists)
			consent->list[i] = consent->list[--consent->n_lists];
		return;
	}
	if (i == consent->n_lists)
		consent->list = mem_resize(consent->list, ++consent->n_lists * sizeof(*consent->list));
	consent->list[i] = (struct list_suppression){ .list = list, .at_ms = at_ms };
}
