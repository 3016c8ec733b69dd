#ifndef PANNIER_SANDBOX_PEOPLE_H
#define PANNIER_SANDBOX_PEOPLE_H

#include "sandbox/event.h"
#include "sandbox/import.h"
#include "sandbox/profile.h"
#include "sandbox/profile_list.h"

/* What one account knows of people: profiles, lists, events, consent. A zeroed struct is empty. */

/* What happened, so that a test can ask. One row: member and name, meaning. */
#define PEOPLE_COUNTS(X) \
	X(events_accepted, "events in requests that were answered with 202") \
	X(events_stored, "of these, those that were kept") \
	X(flow_starts, "events kept without backfill: each would start the flows of its metric") \
	X(old_flow_starts, "of these, events that were older than a day when they came") \
	X(duplicates_dropped, "events dropped because profile, metric and unique_id were known") \
	X(test_addresses_dropped, "events dropped because they were about @example.com or @test.com") \
	X(unresolved_dropped, "events dropped because their profile id is unknown or is another person's") \
	X(profiles_created, "profiles made by any request") \
	X(profiles_updated, "writes to a profile that was there") \
	X(profiles_merged, "anonymous profiles that became a part of a known one") \
	X(profiles_deleted, "profiles that a privacy request deleted") \
	X(profiles_recreated, "profiles made with an e-mail address or phone number that was deleted before") \
	X(identifiers_ignored, "identifiers of an event that belong to another profile") \
	X(subscribed, "profile and channel pairs that the API subscribed") \
	X(unsubscribed, "profile and channel pairs that the API unsubscribed") \
	X(unsubscribed_globally, "of these, those that named a list the profile was not in") \
	X(confirmations_asked, "double opt-in messages that would have left") \
	X(subscribes_ignored, "rows about nobody known, without list and historical_import: nothing happens") \
	X(opted_out, "people who were unsubscribed or suppressed in Klaviyo itself, by a control path") \
	X(resubscribed_after_opt_out, "people who had opted out in Klaviyo and whom the API subscribed later") \
	X(resubscribed_against_opt_out, "of these, those whose consented_at is older than the opt-out")

struct people_counts {
#define PEOPLE_COUNT(name, help) int64_t name;
	PEOPLE_COUNTS(PEOPLE_COUNT)
#undef PEOPLE_COUNT
};

struct people {
	struct profiles profiles;
	struct profile_lists lists;
	struct events events;
	struct imports imports;
	struct people_counts counts;
	struct table deleted;      /* e-mail addresses and phone numbers whose profiles were deleted */
	struct arena deleted_texts;
};

void people_release(struct people *people);
/* The profile goes, with its events and memberships, for a privacy request. */
void people_delete(struct people *people, struct profile *profile);
/* All of the anonymous one becomes a part of the other; it is gone then. */
void people_merge(struct people *people, struct profile *from, struct profile *into);

#endif
