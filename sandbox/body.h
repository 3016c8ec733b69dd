#ifndef PANNIER_SANDBOX_BODY_H
#define PANNIER_SANDBOX_BODY_H

#include "sandbox/shape.h"

/*
 * The shape of each request body about events, people and consent. Source: Klaviyo's OpenAPI specification,
 * revision 2026-07-15, operations create_event, bulk_create_events, create_or_update_profile, create_profile,
 * update_profile, bulk_import_profiles, create_list, bulk_subscribe_profiles, bulk_unsubscribe_profiles and
 * request_profile_deletion.
 */
#define EVENTS_PER_REQUEST_MAX 1000
#define IMPORT_ROWS_MAX 10000
#define SUBSCRIBE_ROWS_MAX 1000
#define UNSUBSCRIBE_ROWS_MAX 100
/* Of one profile alone or in an import, and of the profile within an event. */
#define PROFILE_BYTES_MAX 100000
#define EVENT_PROFILE_BYTES_MAX 95000

extern const struct shape body_event, body_event_bulk;
extern const struct shape body_profile_import, body_profile_create, body_profile_update, body_import_job;
extern const struct shape body_list_create, body_deletion;
extern const struct shape body_subscribe, body_unsubscribe;

/* Parts of several bodies. */
extern const struct shape profile_location_shape, profile_meta_shape;

#define PROFILE_IDENTIFIER_FIELDS \
	{ "email", SHAPE_EMAIL, SHAPE_NULLABLE }, { "phone_number", SHAPE_PHONE, SHAPE_NULLABLE }, \
	{ "external_id", SHAPE_TEXT, SHAPE_NULLABLE, .high = 255 }

#define PROFILE_VALUE_FIELDS \
	{ "first_name", SHAPE_TEXT, SHAPE_NULLABLE }, { "last_name", SHAPE_TEXT, SHAPE_NULLABLE }, \
	{ "organization", SHAPE_TEXT, SHAPE_NULLABLE }, { "locale", SHAPE_TEXT, SHAPE_NULLABLE }, \
	{ "title", SHAPE_TEXT, SHAPE_NULLABLE }, { "image", SHAPE_TEXT, SHAPE_NULLABLE }, \
	{ "location", SHAPE_OBJECT, 0, .shape = &profile_location_shape }, \
	{ "properties", SHAPE_TREE, SHAPE_NULLABLE }

#endif
