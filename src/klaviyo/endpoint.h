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
 *   MEND      send it again without the phone number, which belongs to another profile
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

/*    name, method, path ("{id}" = compound id), rows, success, burst/s, steady/min, on exists, on missing */
#define KLAVIYO_ENDPOINTS(X) \
	X(accounts_get, "GET", "/api/accounts", 1, ALL, 1, 15, REFUSE, REFUSE) \
	X(category_create, "POST", "/api/catalog-categories", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(category_update, "PATCH", "/api/catalog-categories/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(category_delete, "DELETE", "/api/catalog-categories/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(item_create, "POST", "/api/catalog-items", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(item_update, "PATCH", "/api/catalog-items/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(item_delete, "DELETE", "/api/catalog-items/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(variant_create, "POST", "/api/catalog-variants", 1, ALL, 75, 750, UPDATE, REFUSE) \
	X(variant_update, "PATCH", "/api/catalog-variants/{id}", 1, ALL, 75, 750, REFUSE, CREATE) \
	X(variant_delete, "DELETE", "/api/catalog-variants/{id}", 1, ALL, 75, 750, REFUSE, DONE) \
	X(category_bulk_create, "POST", "/api/catalog-category-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(category_bulk_update, "POST", "/api/catalog-category-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(category_bulk_delete, "POST", "/api/catalog-category-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(item_bulk_create, "POST", "/api/catalog-item-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(item_bulk_update, "POST", "/api/catalog-item-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(item_bulk_delete, "POST", "/api/catalog-item-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(variant_bulk_create, "POST", "/api/catalog-variant-bulk-create-jobs", 100, JOB, 75, 750, UPDATE, REFUSE) \
	X(variant_bulk_update, "POST", "/api/catalog-variant-bulk-update-jobs", 100, JOB, 75, 750, REFUSE, CREATE) \
	X(variant_bulk_delete, "POST", "/api/catalog-variant-bulk-delete-jobs", 100, JOB, 75, 750, REFUSE, DONE) \
	X(event_create, "POST", "/api/events", 1, ALL, 350, 3500, REFUSE, REFUSE) \
	X(event_bulk_create, "POST", "/api/event-bulk-create-jobs", 1000, ALL, 10, 150, REFUSE, REFUSE) \
	X(profile_upsert, "POST", "/api/profile-import", 1, ALL, 75, 750, MEND, REFUSE) \
	X(profile_bulk_import, "POST", "/api/profile-bulk-import-jobs", 10000, JOB, 10, 150, MEND, REFUSE) \
	X(profile_erase, "POST", "/api/data-privacy-deletion-jobs", 1, ALL, 3, 60, REFUSE, DONE) \
	X(consent_subscribe, "POST", "/api/profile-subscription-bulk-create-jobs", 1000, ALL, 75, 750, REFUSE, REFUSE) \
	X(consent_unsubscribe, "POST", "/api/profile-subscription-bulk-delete-jobs", 100, ALL, 75, 750, REFUSE, REFUSE) \
	X(lists_get, "GET", "/api/lists", 1, ALL, 75, 750, REFUSE, REFUSE) \
	X(list_create, "POST", "/api/lists", 1, ALL, 10, 150, REFUSE, REFUSE) \
	X(metrics_get, "GET", "/api/metrics", 1, ALL, 10, 150, REFUSE, REFUSE) \
	X(profiles_get, "GET", "/api/profiles", 1, ALL, 75, 750, REFUSE, REFUSE)
/* list_create: 150 a day at most besides. */
/* Polls (GET on a job kind, one id or the list) have budgets of their own: see endpoint_poll_limits. */

enum endpoint {
#define KLAVIYO_ENDPOINT_ENUM(name, method, path, rows, success, burst, steady, exists, missing) \
	ENDPOINT_##name,
	KLAVIYO_ENDPOINTS(KLAVIYO_ENDPOINT_ENUM)
#undef KLAVIYO_ENDPOINT_ENUM
	ENDPOINT_COUNT
};

struct endpoint_row {
	const char *name;
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
 * for both forms, and so has the erasure of a profile.
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
