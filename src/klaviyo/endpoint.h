#ifndef PANNIER_KLAVIYO_ENDPOINT_H
#define PANNIER_KLAVIYO_ENDPOINT_H

#include "store/store_rows.h"

/*
 * Klaviyo's endpoints that Pannier uses, one row each. Limits per account: requests per second (burst) and per minute (steady), fixed
 * windows. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 *
 * What an answer that says "exists" (409) or "missing" (404) means is a column, not an `if` in delivery:
 *   DONE      the wish is fulfilled
 *   UPDATE    send it again as an update
 *   CREATE    send it again as a create
 *   MEND      send it again without Klaviyo's id if it has one, else without the phone number: they are another profile's
 *   REFUSE    a person must look
 *
 * What a success says of the rows is a column too:
 *   ALL       they are taken; there is nothing to ask for later
 *   JOB       they are queued: the answer has the id of a job, which is polled
 */
#define KLAVIYO_REVISION "2026-07-15"
/* When Klaviyo is expected to retire that revision (two years after its release). */
#define KLAVIYO_REVISION_RETIRES "2028-07-15"
#define KLAVIYO_BODY_BYTES_MAX 4500000u

enum endpoint_answer { ANSWER_REFUSE, ANSWER_DONE, ANSWER_UPDATE, ANSWER_CREATE, ANSWER_MEND };

/*
 * API families: what a key may do or not, and what Klaviyo serves or not, together. Name, scopes. Opt-outs and lists are read for
 * consent, which waits for them.
 */
#define KLAVIYO_FAMILIES(X) \
	X(account, "accounts:read") \
	X(catalog, "catalogs:write") \
	X(events, "events:write") \
	X(profiles, "profiles:write") \
	X(consent, "subscriptions:write, lists:write, lists:read and profiles:read") \
	X(erasures, "data-privacy:write") \
	X(metrics, "metrics:read")

enum api_family {
#define API_FAMILY_ENUM(name, scopes) API_FAMILY_##name,
	KLAVIYO_FAMILIES(API_FAMILY_ENUM)
#undef API_FAMILY_ENUM
	API_FAMILY_COUNT
};

struct api_family_row {
	const char *name;
	const char *scopes;
};
const struct api_family_row *api_family_row(enum api_family family);

/*    name, family, method, path ("{id}" = compound id), rows, success, burst/s, steady/min, on exists, on missing */
#define KLAVIYO_ENDPOINTS(X) \
	X(accounts_get, account, "GET", "/api/accounts", 1, ALL, 1, 15, REFUSE, REFUSE) \
	X(category_create, catalog, "POST", "/api/catalog-categories", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(category_update, catalog, "PATCH", "/api/catalog-categories/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(category_delete, catalog, "DELETE", "/api/catalog-categories/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(item_create, catalog, "POST", "/api/catalog-items", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(item_update, catalog, "PATCH", "/api/catalog-items/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(item_delete, catalog, "DELETE", "/api/catalog-items/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(variant_create, catalog, "POST", "/api/catalog-variants", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(variant_update, catalog, "PATCH", "/api/catalog-variants/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(variant_delete, catalog, "DELETE", "/api/catalog-variants/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(category_bulk_create, catalog, "POST", "/api/catalog-category-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(category_bulk_update, catalog, "POST", "/api/catalog-category-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(category_bulk_delete, catalog, "POST", "/api/catalog-category-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(item_bulk_create, catalog, "POST", "/api/catalog-item-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(item_bulk_update, catalog, "POST", "/api/catalog-item-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(item_bulk_delete, catalog, "POST", "/api/catalog-item-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(variant_bulk_create, catalog, "POST", "/api/catalog-variant-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(variant_bulk_update, catalog, "POST", "/api/catalog-variant-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(variant_bulk_delete, catalog, "POST", "/api/catalog-variant-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(event_create, events, "POST", "/api/events", 1, ALL, 350, 3500, REFUSE, REFUSE) \
	X(event_bulk_create, events, "POST", "/api/event-bulk-create-jobs", 1000, ALL, 10, 150, REFUSE, REFUSE) \
	X(profile_upsert, profiles, "POST", "/api/profile-import", 1, ALL, 75, 750, MEND, REFUSE) \
	X(profile_bulk_import, profiles, "POST", "/api/profile-bulk-import-jobs", 10000, JOB, 10, 150, MEND, REFUSE) \
	X(profile_erase, erasures, "POST", "/api/data-privacy-deletion-jobs", 1, ALL, 3, 60, REFUSE, DONE) \
	X(consent_subscribe, consent, "POST", "/api/profile-subscription-bulk-create-jobs", 1000, ALL, 75, 750, REFUSE, REFUSE) \
	X(consent_unsubscribe, consent, "POST", "/api/profile-subscription-bulk-delete-jobs", 100, ALL, 75, 750, REFUSE, REFUSE) \
	X(lists_get, consent, "GET", "/api/lists", 1, ALL, 75, 750, REFUSE, REFUSE) \
	X(list_create, consent, "POST", "/api/lists", 1, ALL, 10, 150, REFUSE, REFUSE) \
	X(metrics_get, metrics, "GET", "/api/metrics", 1, ALL, 10, 150, REFUSE, REFUSE) \
	X(profiles_get, consent, "GET", "/api/profiles", 1, ALL, 75, 750, REFUSE, REFUSE) \
	X(categories_get, catalog, "GET", "/api/catalog-categories", 1, ALL, 350, 3500, REFUSE, REFUSE) \
	X(items_get, catalog, "GET", "/api/catalog-items", 1, ALL, 350, 3500, REFUSE, REFUSE) \
	X(variants_get, catalog, "GET", "/api/catalog-variants", 1, ALL, 350, 3500, REFUSE, REFUSE) \
	X(links_get, catalog, "GET", "/api/catalog-categories/{id}/relationships/items", 1, ALL, 350, 3500, REFUSE, REFUSE)
/* list_create: 150 a day at most besides. */
/* Polls (GET on a job kind, one id or the list) have budgets of their own: see endpoint_poll_limits. */

enum endpoint {
#define KLAVIYO_ENDPOINT_ENUM(name, family, method, path, rows, success, burst, steady, exists, missing) \
	ENDPOINT_##name,
	KLAVIYO_ENDPOINTS(KLAVIYO_ENDPOINT_ENUM)
#undef KLAVIYO_ENDPOINT_ENUM
	ENDPOINT_COUNT
};

struct endpoint_row {
	const char *name;
	enum api_family family;
	const char *method;
	const char *path;
	size_t rows_max;
	bool has_job;
	int burst_per_s;
	int steady_per_min;
	enum endpoint_answer on_exists;
	enum endpoint_answer on_missing;
};

const struct endpoint_row *endpoint_row(enum endpoint endpoint);
/*
 * The single or the bulk endpoint for a kind and an op that the kind has (store_rows.h, enum klaviyo_kind). Consents have one
 * for both forms, and so have the erasure of a profile and the question for one (its "create").
 */
enum endpoint endpoint_for(enum klaviyo_kind kind, enum delivery_op op, bool bulk);
/* By name, for what was stored; false if this version does not know it. */
bool endpoint_find(struct str name, enum endpoint *out);
/* How many rows one request takes. */
size_t endpoint_rows_max(enum endpoint endpoint);
bool endpoint_takes_many(enum endpoint endpoint);
/* Answers with a job. Not all that take many rows do. */
bool endpoint_has_job(enum endpoint endpoint);

struct endpoint_limits {
	int burst_per_s;
	int steady_per_min;
};
/* Limits of GET on the jobs of an endpoint that has jobs, one job or the list. */
struct endpoint_limits endpoint_poll_limits(enum endpoint endpoint);

#endif
