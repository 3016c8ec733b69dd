/*
 * The table of endpoints: looking rows up.
 *
 * Pure.
 */
#include "klaviyo/endpoint.h"

#include "base/attr.h"

#include <assert.h>

static const struct endpoint_row endpoint_table[ENDPOINT_COUNT] = {
#define ENDPOINT_ROW(name, method, path, rows, burst, steady, exists, missing) \
	[ENDPOINT_##name] = { #name, method, path, rows, burst, steady, ANSWER_##exists, ANSWER_##missing },
	KLAVIYO_ENDPOINTS(ENDPOINT_ROW)
#undef ENDPOINT_ROW
};

static const enum endpoint endpoint_single[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT] = {
	[KLAVIYO_CATEGORY] = { ENDPOINT_category_create, ENDPOINT_category_update, ENDPOINT_category_delete },
	[KLAVIYO_ITEM] = { ENDPOINT_item_create, ENDPOINT_item_update, ENDPOINT_item_delete },
	[KLAVIYO_VARIANT] = { ENDPOINT_variant_create, ENDPOINT_variant_update, ENDPOINT_variant_delete },
};

static const enum endpoint endpoint_bulk[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT] = {
	[KLAVIYO_CATEGORY] = { ENDPOINT_category_bulk_create, ENDPOINT_category_bulk_update,
			       ENDPOINT_category_bulk_delete },
	[KLAVIYO_ITEM] = { ENDPOINT_item_bulk_create, ENDPOINT_item_bulk_update, ENDPOINT_item_bulk_delete },
	[KLAVIYO_VARIANT] = { ENDPOINT_variant_bulk_create, ENDPOINT_variant_bulk_update,
			      ENDPOINT_variant_bulk_delete },
};

const struct endpoint_row *endpoint_row(enum endpoint endpoint)
{
	assert((size_t)endpoint < ENDPOINT_COUNT);
	return &endpoint_table[endpoint];
}

enum endpoint endpoint_for(enum klaviyo_kind kind, enum delivery_op op, bool bulk)
{
	assert((size_t)kind < KLAVIYO_KIND_COUNT && (size_t)op < DELIVERY_OP_COUNT);
	return bulk ? endpoint_bulk[kind][op] : endpoint_single[kind][op];
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

bool endpoint_is_bulk(enum endpoint endpoint)
{
	return endpoint_row(endpoint)->rows_max > 1;
}

/* Source: x-klaviyo-ratelimit of the GET operations; most are of the next larger class. */
struct endpoint_limits endpoint_poll_limits(enum endpoint endpoint)
{
	bool large = endpoint == ENDPOINT_item_bulk_create || endpoint == ENDPOINT_item_bulk_update ||
		     endpoint == ENDPOINT_variant_bulk_create || endpoint == ENDPOINT_variant_bulk_update;

	return large ? (struct endpoint_limits){ 75, 750 } : (struct endpoint_limits){ 350, 3500 };
}
