#ifndef PANNIER_SANDBOX_CONSENT_RULE_H
#define PANNIER_SANDBOX_CONSENT_RULE_H

#include "sandbox/state.h"

/* When a person is subscribed, unsubscribed, suppressed: by the API, or in Klaviyo itself. */

struct subscription {
	struct sandbox *sandbox;
	struct account *account;
	struct profile *profile;
	struct profile_list *list;     /* NULL = none named */
	enum channel channel;
	bool historical;
	int64_t at_ms;                 /* when it was agreed; now unless historical */
	struct str source;
	int64_t request_number;
};

/* By the API. Counts a person who opted out in Klaviyo and is subscribed now. */
void consent_subscribe_one(const struct subscription *subscription);
/* By the API: out of the list, or of everything when the profile is not in it or none is named. */
void consent_unsubscribe_one(const struct subscription *subscription);

/* In Klaviyo itself, at a time. list NULL = everywhere. */
void consent_opt_out(struct account *account, struct profile *profile, enum channel channel,
		     enum suppression reason, struct profile_list *list, int64_t at_ms);
void consent_opt_in(struct account *account, struct profile *profile, enum channel channel,
		    struct profile_list *list, int64_t at_ms);
/* The person follows the link of the double opt-in message; false if none waits. */
bool consent_confirm(struct account *account, struct profile *profile, int64_t now_ms);

#endif
