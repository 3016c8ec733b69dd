/*
 * The table of endpoints: looking rows up.
 *
 * Pure.
 */
#include "klaviyo/endpoint.h"

#include "base/attr.h"

#include <assert.h>

static const struct endpoint_row endpoint_table[ENDPOINT_COUNT] = {
#define SUCCESS_ALL false
#define SUCCESS_JOB true
#define ENDPOINT_ROW(name, family, method, path, rows, success, burst, steady, exists, missing) \
	[ENDPOINT_##name] = { \
		#name,	API_FAMILY_##family, method,	      path, rows, SUCCESS_##success, burst, \
		steady, ANSWER_##exists,     ANSWER_##missing \
	},
	KLAVIYO_ENDPOINTS(ENDPOINT_ROW)
#undef ENDPOINT_ROW
#undef SUCCESS_JOB
#undef SUCCESS_ALL
};

/* Row 0 is no endpoint for deliveries: it stands where a kind does not have the op. */
static const enum endpoint endpoint_single[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT] = {
	[KLAVIYO_CATEGORY] = { ENDPOINT_category_create, ENDPOINT_category_update, ENDPOINT_category_delete },
	[KLAVIYO_ITEM] = { ENDPOINT_item_create, ENDPOINT_item_update, ENDPOINT_item_delete },
	[KLAVIYO_VARIANT] = { ENDPOINT_variant_create, ENDPOINT_variant_update, ENDPOINT_variant_delete },
	[KLAVIYO_EVENT] = { [DELIVERY_CREATE] = ENDPOINT_event_create },
	[KLAVIYO_PROFILE] = { [DELIVERY_CREATE] = ENDPOINT_profiles_get,
			      [DELIVERY_UPDATE] = ENDPOINT_profile_upsert,
			      [DELIVERY_DELETE] = ENDPOINT_profile_erase },
	[KLAVIYO_CONSENT] = { [DELIVERY_CREATE] = ENDPOINT_consent_subscribe,
			      [DELIVERY_DELETE] = ENDPOINT_consent_unsubscribe },
};

static const enum endpoint endpoint_bulk[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT] = {
	[KLAVIYO_CATEGORY] = { ENDPOINT_category_bulk_create, ENDPOINT_category_bulk_update,
			       ENDPOINT_category_bulk_delete },
	[KLAVIYO_ITEM] = { ENDPOINT_item_bulk_create, ENDPOINT_item_bulk_update, ENDPOINT_item_bulk_delete },
	[KLAVIYO_VARIANT] = { ENDPOINT_variant_bulk_create, ENDPOINT_variant_bulk_update,
			      ENDPOINT_variant_bulk_delete },
	[KLAVIYO_EVENT] = { [DELIVERY_CREATE] = ENDPOINT_event_bulk_create },
	[KLAVIYO_PROFILE] = { [DELIVERY_CREATE] = ENDPOINT_profiles_get,
			      [DELIVERY_UPDATE] = ENDPOINT_profile_bulk_import,
			      [DELIVERY_DELETE] = ENDPOINT_profile_erase },
	[KLAVIYO_CONSENT] = { [DELIVERY_CREATE] = ENDPOINT_consent_subscribe,
			      [DELIVERY_DELETE] = ENDPOINT_consent_unsubscribe },
};

const struct api_family_row *api_family_row(enum api_family family)
{
	static const struct api_family_row row[API_FAMILY_COUNT] = {
#define FAMILY_ROW(name, scopes) [API_FAMILY_##name] = { #name, scopes },
		KLAVIYO_FAMILIES(FAMILY_ROW)
#undef FAMILY_ROW
	};

	assert((size_t)family < API_FAMILY_COUNT);
	return &row[family];
}

const struct endpoint_row *endpoint_row(enum endpoint endpoint)
{
	assert((size_t)endpoint < ENDPOINT_COUNT);
	return &endpoint_table[endpoint];
}

enum endpoint endpoint_for(enum klaviyo_kind kind, enum delivery_op op, bool bulk)
{
	enum endpoint endpoint;

	assert((size_t)kind < KLAVIYO_KIND_COUNT && (size_t)op < DELIVERY_OP_COUNT);
	endpoint = bulk ? endpoint_bulk[kind][op] : endpoint_single[kind][op];
	assert(endpoint != ENDPOINT_accounts_get);
	return endpoint;
}

bool endpoint_find(struct str name, enum endpoint *out)
{
	for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
		if (str_eq(name, str_from(endpoint_table[i].name))) {
			*out = (enum endpoint)i;
			return true;
		}
	}
	return false;
}

size_t endpoint_rows_max(enum endpoint endpoint)
{
	return endpoint_row(endpoint)->rows_max;
}

bool endpoint_takes_many(enum endpoint endpoint)
{
	return endpoint_row(endpoint)->rows_max > 1;
}

bool endpoint_has_job(enum endpoint endpoint)
{
	return endpoint_row(endpoint)->has_job;
}

/* Source: x-klaviyo-ratelimit of the GET operations; most of the catalog's are of the next larger class. */
struct endpoint_limits endpoint_poll_limits(enum endpoint endpoint)
{
	bool large = endpoint == ENDPOINT_item_bulk_create || endpoint == ENDPOINT_item_bulk_update ||
		     endpoint == ENDPOINT_variant_bulk_create || endpoint == ENDPOINT_variant_bulk_update;

	if (endpoint == ENDPOINT_profile_bulk_import)
		return (struct endpoint_limits){ 10, 150 };
	return large ? (struct endpoint_limits){ 75, 750 } : (struct endpoint_limits){ 350, 3500 };
}
