/*
 * The rules of consent.
 *
 * Doesn't: read requests (consent_route.c, consent_control.c).
 * Threads: the server's thread.
 *
 * Source: bulk_subscribe_profiles and bulk_unsubscribe_profiles of the specification: a subscription
 * removes the suppressions UNSUBSCRIBE, SPAM_COMPLAINT and USER_SUPPRESSED, and no others; a list with
 * double opt-in, or else the account, asks for a confirmation unless the import is historical; an
 * unsubscription that names a list whose member the profile is not is one from everything.
 *
 * Where the sources are silent: open tracking needs no confirmation; a confirmation removes suppressions,
 * the message that asks for it does not.
 */
#include "sandbox/consent_rule.h"

#include "base/alloc.h"
#include "sandbox/people.h"

static struct consent *consent_of(struct profile *profile)
{
	if (!profile->consent)
		profile->consent = mem_zalloc(1, sizeof(*profile->consent));
	return profile->consent;
}

/* ---- the truth about resurrection ---- */

static void note_resubscribed(const struct subscription *subscription, struct consent *consent)
{
	struct people_counts *counts = &subscription->account->people.counts;
	struct journal_violation entry = {
		.kind = VIOLATION_RESUBSCRIBED,
		.request_number = subscription->request_number,
		.at_ms = sandbox_real_ms(subscription->sandbox),
	};

	if (consent->opted_out_ms == 0)
		return;
	counts->resubscribed_after_opt_out++;
	consent->resubscribed = true;
	if (subscription->historical && subscription->at_ms < consent->opted_out_ms) {
		counts->resubscribed_against_opt_out++;
		for (size_t i = 0; i < sizeof(entry.key_last4); i++)
			entry.key_last4[i] = subscription->account->last4[i];
		journal_violation_add(&subscription->sandbox->journal, &entry, "profile %s, %s",
				      subscription->profile->id, channel_row(subscription->channel)->group);
	}
	consent->opted_out_ms = 0;
}

/* ---- subscribing ---- */

static void lift_suppressions(struct consent *consent, struct profile_list *list)
{
	consent->suppressed_ms[SUPPRESSION_UNSUBSCRIBE] = 0;
	consent->suppressed_ms[SUPPRESSION_SPAM_COMPLAINT] = 0;
	consent->suppressed_ms[SUPPRESSION_USER_SUPPRESSED] = 0;
	if (list)
		consent_suppress_list(consent, list, 0);
}

static void set_subscribed(struct profile *profile, struct profile_list *list, enum channel channel,
			   int64_t at_ms, int64_t now_ms)
{
	struct consent *consent = consent_of(profile);

	consent->pending &= ~(1u << channel);
	consent_set(&consent->channel[channel], CONSENT_SUBSCRIBED, at_ms, now_ms);
	if (channel == CHANNEL_EMAIL_MARKETING)
		lift_suppressions(consent, list);
	if (list && channel != CHANNEL_EMAIL_OPEN_TRACKING)
		profile_list_join(list, profile, now_ms);
	profile->updated_ms = now_ms;
}

static bool asks_for_confirmation(const struct subscription *subscription)
{
	bool marketing = subscription->channel == CHANNEL_EMAIL_MARKETING ||
			 subscription->channel == CHANNEL_SMS_MARKETING;

	if (subscription->historical || !marketing)
		return false;
	if (subscription->list)
		return subscription->list->double_opt_in;
	return subscription->sandbox->knobs.opt_in == OPT_IN_DOUBLE;
}

void consent_subscribe_one(const struct subscription *subscription)
{
	struct consent *consent = consent_of(subscription->profile);
	struct channel_state *state = &consent->channel[subscription->channel];
	struct people_counts *counts = &subscription->account->people.counts;
	const struct profile_list *list = subscription->list;
	bool member = !list || profile_list_member(list, subscription->profile);

	if (state->state == CONSENT_SUBSCRIBED && member && !consent_is_suppressed(consent))
		return; /* no error, and nothing to confirm */
	note_resubscribed(subscription, consent);
	consent_set_source(state, subscription->source);
	if (asks_for_confirmation(subscription)) {
		counts->confirmations_asked++;
		consent->pending |= 1u << subscription->channel;
		consent->pending_list = subscription->list;
		return;
	}
	counts->subscribed++;
	state->historical = subscription->historical;
	set_subscribed(subscription->profile, subscription->list, subscription->channel, subscription->at_ms,
		       sandbox_wall_ms(subscription->sandbox));
}

bool consent_confirm(struct account *account, struct profile *profile, int64_t now_ms)
{
	struct consent *consent = profile->consent;

	if (!consent || !consent->pending)
		return false;
	for (int channel = 0; channel < CHANNEL_COUNT; channel++) {
		if (!(consent->pending & (1u << channel)))
			continue;
		account->people.counts.subscribed++;
		set_subscribed(profile, consent->pending_list, (enum channel)channel, now_ms, now_ms);
	}
	consent->pending_list = NULL;
	return true;
}

void consent_opt_in(struct account *account, struct profile *profile, enum channel channel,
		    struct profile_list *list, int64_t at_ms)
{
	(void)account;
	set_subscribed(profile, list, channel, at_ms, at_ms);
	profile->consent->opted_out_ms = 0;
}

/* ---- leaving ---- */

/* Things that happen in Klaviyo may be dated back by whoever plays them. */
static void touch(struct profile *profile, int64_t at_ms)
{
	if (at_ms > profile->updated_ms)
		profile->updated_ms = at_ms;
}

static void leave_list(struct profile *profile, struct profile_list *list, int64_t at_ms)
{
	profile_list_leave(list, profile);
	consent_suppress_list(consent_of(profile), list, at_ms);
	touch(profile, at_ms);
}

static void leave_all(struct account *account, struct profile *profile, enum channel channel,
		      enum suppression reason, int64_t at_ms)
{
	struct consent *consent = consent_of(profile);

	consent->pending &= ~(1u << channel);
	if (reason == SUPPRESSION_UNSUBSCRIBE || reason == SUPPRESSION_SPAM_COMPLAINT)
		consent_set(&consent->channel[channel], CONSENT_UNSUBSCRIBED, at_ms, at_ms);
	if (channel == CHANNEL_EMAIL_MARKETING) {
		consent->suppressed_ms[reason] = at_ms;
		for (size_t i = 0; reason == SUPPRESSION_UNSUBSCRIBE && i < account->people.lists.n; i++)
			profile_list_leave(account->people.lists.at[i], profile);
	}
	touch(profile, at_ms);
}

void consent_unsubscribe_one(const struct subscription *subscription)
{
	struct people_counts *counts = &subscription->account->people.counts;
	struct profile_list *list = subscription->list;
	int64_t now_ms = sandbox_wall_ms(subscription->sandbox);

	counts->unsubscribed++;
	if (list && profile_list_member(list, subscription->profile)) {
		leave_list(subscription->profile, list, now_ms);
		return;
	}
	if (list)
		counts->unsubscribed_globally++;
	leave_all(subscription->account, subscription->profile, subscription->channel,
		  SUPPRESSION_UNSUBSCRIBE, now_ms);
}

void consent_opt_out(struct account *account, struct profile *profile, enum channel channel,
		     enum suppression reason, struct profile_list *list, int64_t at_ms)
{
	struct consent *consent = consent_of(profile);

	if (reason != SUPPRESSION_HARD_BOUNCE && reason != SUPPRESSION_INVALID_EMAIL) {
		account->people.counts.opted_out++;
		consent->opted_out_ms = at_ms;
		consent->resubscribed = false;
	}
	if (list)
		leave_list(profile, list, at_ms);
	else
		leave_all(account, profile, channel, reason, at_ms);
}
