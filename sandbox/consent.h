#ifndef PANNIER_SANDBOX_CONSENT_H
#define PANNIER_SANDBOX_CONSENT_H

#include "base/strbuf.h"

/* What a person agreed to and refused, by channel. */
enum channel {
	CHANNEL_EMAIL_MARKETING,
	CHANNEL_EMAIL_OPEN_TRACKING,
	CHANNEL_SMS_MARKETING,
	CHANNEL_SMS_TRANSACTIONAL,
	CHANNEL_WHATSAPP_MARKETING,
	CHANNEL_WHATSAPP_TRANSACTIONAL,
	CHANNEL_WHATSAPP_CONVERSATIONAL,
	CHANNEL_PUSH_MARKETING,
	CHANNEL_COUNT
};

/* Where a channel stands under "subscriptions": "email", "marketing". */
struct channel_row {
	const char *group, *name;
	const char *can_receive;   /* what Klaviyo calls the permission */
};
const struct channel_row *channel_row(enum channel channel);

enum consent_state { CONSENT_NEVER, CONSENT_SUBSCRIBED, CONSENT_UNSUBSCRIBED };
const char *consent_state_text(enum consent_state state);

/* Why no e-mail may be sent. */
enum suppression {
	SUPPRESSION_HARD_BOUNCE,
	SUPPRESSION_INVALID_EMAIL,
	SUPPRESSION_SPAM_COMPLAINT,
	SUPPRESSION_UNSUBSCRIBE,
	SUPPRESSION_USER_SUPPRESSED,
	SUPPRESSION_COUNT
};
const char *suppression_text(enum suppression reason);
bool suppression_find(struct str text, enum suppression *reason);

struct profile_list;

struct list_suppression {
	struct profile_list *list;
	int64_t at_ms;
};

struct channel_state {
	enum consent_state state;
	int64_t at_ms, updated_ms; /* 0 = never */
	bool historical;
	char *source;              /* owned; NULL = none */
};

struct consent {
	struct channel_state channel[CHANNEL_COUNT];
	int64_t suppressed_ms[SUPPRESSION_COUNT]; /* 0 = not */
	struct list_suppression *list; /* owned */
	size_t n_lists;
	unsigned pending;          /* channels (bits) that wait for the confirmation of a double opt-in */
	struct profile_list *pending_list;
	int64_t opted_out_ms;      /* in Klaviyo itself; 0 = never, or agreed again there */
	bool resubscribed;         /* by the API, after that */
};

void consent_free(struct consent *consent); /* NULL allowed */
bool consent_is_suppressed(const struct consent *consent); /* NULL allowed */
void consent_set(struct channel_state *state, enum consent_state to, int64_t at_ms, int64_t now_ms);
void consent_set_source(struct channel_state *state, struct str source);
/* The list is off limits for the person from at_ms on; at_ms 0: no longer. */
void consent_suppress_list(struct consent *consent, struct profile_list *list, int64_t at_ms);

#endif
