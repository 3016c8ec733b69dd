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
 *   REFUSE    a person must look
 */
#define KLAVIYO_REVISION "2026-07-15"
/* When Klaviyo is expected to retire that revision (two years after its release). */
#define KLAVIYO_REVISION_RETIRES "2028-07-15"
#define KLAVIYO_BODY_BYTES_MAX 4500000u

enum endpoint_answer { ANSWER_REFUSE, ANSWER_DONE, ANSWER_UPDATE, ANSWER_CREATE };

/*    name, method, path ("{id}" = compound id), rows, burst/s, steady/min, on exists, on missing */
#define KLAVIYO_ENDPOINTS(X) \
	X(accounts_get, "GET", "/api/accounts", 1, 1, 15, REFUSE, REFUSE) \
	X(category_create, "POST", "/api/catalog-categories", 1, 75, 750, UPDATE, REFUSE) \
	X(category_update, "PATCH", "/api/catalog-categories/{id}", 1, 75, 750, REFUSE, CREATE) \
	X(category_delete, "DELETE", "/api/catalog-categories/{id}", 1, 75, 750, REFUSE, DONE) \
	X(item_create, "POST", "/api/catalog-items", 1, 75, 750, UPDATE, REFUSE) \
	X(item_update, "PATCH", "/api/catalog-items/{id}", 1, 75, 750, REFUSE, CREATE) \
	X(item_delete, "DELETE", "/api/catalog-items/{id}", 1, 75, 750, REFUSE, DONE) \
	X(variant_create, "POST", "/api/catalog-variants", 1, 75, 750, UPDATE, REFUSE) \
	X(variant_update, "PATCH", "/api/catalog-variants/{id}", 1, 75, 750, REFUSE, CREATE) \
	X(variant_delete, "DELETE", "/api/catalog-variants/{id}", 1, 75, 750, REFUSE, DONE) \
	X(category_bulk_create, "POST", "/api/catalog-category-bulk-create-jobs", 100, 75, 750, UPDATE, REFUSE) \
	X(category_bulk_update, "POST", "/api/catalog-category-bulk-update-jobs", 100, 75, 750, REFUSE, CREATE) \
	X(category_bulk_delete, "POST", "/api/catalog-category-bulk-delete-jobs", 100, 75, 750, REFUSE, DONE) \
	X(item_bulk_create, "POST", "/api/catalog-item-bulk-create-jobs", 100, 75, 750, UPDATE, REFUSE) \
	X(item_bulk_update, "POST", "/api/catalog-item-bulk-update-jobs", 100, 75, 750, REFUSE, CREATE) \
	X(item_bulk_delete, "POST", "/api/catalog-item-bulk-delete-jobs", 100, 75, 750, REFUSE, DONE) \
	X(variant_bulk_create, "POST", "/api/catalog-variant-bulk-create-jobs", 100, 75, 750, UPDATE, REFUSE) \
	X(variant_bulk_update, "POST", "/api/catalog-variant-bulk-update-jobs", 100, 75, 750, REFUSE, CREATE) \
	X(variant_bulk_delete, "POST", "/api/catalog-variant-bulk-delete-jobs", 100, 75, 750, REFUSE, DONE)
/* Polls (GET on a job kind, one id or the list) have budgets of their own: see endpoint_poll_limits. */

enum endpoint {
#define KLAVIYO_ENDPOINT_ENUM(name, method, path, rows, burst, steady, exists, missing) ENDPOINT_##name,
	KLAVIYO_ENDPOINTS(KLAVIYO_ENDPOINT_ENUM)
#undef KLAVIYO_ENDPOINT_ENUM
	ENDPOINT_COUNT
};

struct endpoint_row {
	const char *name;
	const char *method;
	const char *path;
	size_t rows_max;
	int burst_per_s;
	int steady_per_min;
	enum endpoint_answer on_exists;
	enum endpoint_answer on_missing;
};

const struct endpoint_row *endpoint_row(enum endpoint endpoint);
/* The single or the bulk endpoint for a kind and an op. */
enum endpoint endpoint_for(enum klaviyo_kind kind, enum delivery_op op, bool bulk);
/* By name, for what was stored; false if this version does not know it. */
bool endpoint_find(struct str name, enum endpoint *out);
/* Takes many rows and answers with a job. */
bool endpoint_is_bulk(enum endpoint endpoint);

struct endpoint_limits {
	int burst_per_s;
	int steady_per_min;
};
/* Limits of GET on the jobs of a bulk endpoint, one job or the list. */
struct endpoint_limits endpoint_poll_limits(enum endpoint endpoint);

#endif
