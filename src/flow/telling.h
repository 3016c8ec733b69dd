#ifndef PANNIER_FLOW_TELLING_H
#define PANNIER_FLOW_TELLING_H

#include "klaviyo/endpoint.h"
#include "model/fact.h"
#include "settings/settings.h"

/*
 * What messages come to, before they are taken in: how much Klaviyo would be told, in how many requests, and how long that takes at
 * Klaviyo's pace. At most so much: what Klaviyo was told already, and which persons are one, is not looked at. Pure.
 */

/* One row each: the endpoint it goes to, and the one that a few of it go to. */
#define TELLINGS(X) \
	X(events, event_bulk_create, event_create) \
	X(profiles, profile_bulk_import, profile_upsert) \
	X(consents, consent_subscribe, consent_subscribe) \
	X(categories, category_bulk_create, category_create) \
	X(items, item_bulk_create, item_create) \
	X(variants, variant_bulk_create, variant_create)

enum telling {
#define TELLING_ENUM(name, endpoint, single) TELLING_##name,
	TELLINGS(TELLING_ENUM)
#undef TELLING_ENUM
		TELLING_COUNT
};
const char *telling_text(enum telling telling); /* "events" */

struct tellings {
	int64_t n[TELLING_COUNT];
};

/* All facts of one message, and its body. A product that comes without variants counts one: it is shown with one of its own. */
void tellings_add(struct tellings *tellings, const struct fact *fact, size_t n, struct str body);

/* How many of one kind, as delivery does it: full requests of history, and what is left of a few rows one by one. */
int64_t tellings_requests(const struct tellings *tellings, enum telling telling);

struct tellings_estimate {
	int64_t requests[TELLING_COUNT];
	int64_t all;
	int64_t ms;                /* of the endpoint that takes longest; each has its own budget, of which the account's share counts */
};
struct tellings_estimate tellings_estimate(const struct settings_account *account, const struct tellings *tellings);

#endif
