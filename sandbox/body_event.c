/*
 * The shape of bodies about events, one and many.
 *
 * Doesn't: know how many events a request may have in all, when they may have happened, or whom they are
 *          about (event_take.c).
 * Threads: const data.
 *
 * "meta" of a profile stands within its attributes in a single event, and beside them in a request of many.
 */
#include "sandbox/body.h"

#define MUST	SHAPE_REQUIRED
#define NULL_OK SHAPE_NULLABLE

#define METRIC_NAME_BYTES_MAX 127
#define UNIQUE_ID_BYTES_MAX   255
#define PROPERTIES_MAX	      400

/* ---- the metric ---- */

static const struct shape_field metric_attribute_field[] = {
	{ "name", SHAPE_NAME, MUST, .high = METRIC_NAME_BYTES_MAX },
	{ "service", SHAPE_TEXT, NULL_OK },
};
static const struct shape metric_attributes = SHAPE("metric", metric_attribute_field);
static const struct shape_field metric_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "metric" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &metric_attributes },
};
static const struct shape metric = SHAPE("metric", metric_field);
static const struct shape_field metric_data_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &metric },
};
static const struct shape metric_data = SHAPE("metric", metric_data_field);

/* ---- the profile ---- */

#define EVENT_PROFILE_FIELDS \
	PROFILE_IDENTIFIER_FIELDS, { "anonymous_id", SHAPE_TEXT, NULL_OK }, { "_kx", SHAPE_TEXT, NULL_OK }, \
		PROFILE_VALUE_FIELDS

static const struct shape_field profile_attribute_field[] = {
	EVENT_PROFILE_FIELDS,
	{ "meta", SHAPE_OBJECT, 0, .shape = &profile_meta_shape },
};
static const struct shape profile_attributes = SHAPE("profile", profile_attribute_field);
static const struct shape_field profile_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, NULL_OK },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &profile_attributes },
};
static const struct shape profile = SHAPE("profile", profile_field);
static const struct shape_field profile_data_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &profile },
};
static const struct shape profile_data = SHAPE("profile", profile_data_field);

static const struct shape_field bulk_profile_attribute_field[] = { EVENT_PROFILE_FIELDS };
static const struct shape bulk_profile_attributes = SHAPE("profile", bulk_profile_attribute_field);
static const struct shape_field bulk_profile_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, NULL_OK },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &bulk_profile_attributes },
	{ "meta", SHAPE_OBJECT, 0, .shape = &profile_meta_shape },
};
static const struct shape bulk_profile = SHAPE("profile", bulk_profile_field);
static const struct shape_field bulk_profile_data_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &bulk_profile },
};
static const struct shape bulk_profile_data = SHAPE("profile", bulk_profile_data_field);

/* ---- the event ---- */

#define EVENT_FIELDS \
	{ "properties", SHAPE_TREE, MUST, .high = PROPERTIES_MAX }, { "time", SHAPE_TIME, NULL_OK }, \
		{ "value", SHAPE_NUMBER, NULL_OK }, { "value_currency", SHAPE_CURRENCY, NULL_OK }, \
		{ "unique_id", SHAPE_NAME, NULL_OK, .high = UNIQUE_ID_BYTES_MAX }, \
		{ "backfill", SHAPE_BOOL, NULL_OK }, \
	{ \
		"metric", SHAPE_OBJECT, MUST, .shape = &metric_data \
	}

static const struct shape_field event_attribute_field[] = {
	EVENT_FIELDS,
	{ "profile", SHAPE_OBJECT, MUST, .shape = &profile_data },
};
static const struct shape event_attributes = SHAPE("event", event_attribute_field);
static const struct shape_field event_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "event" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &event_attributes },
};
static const struct shape event = SHAPE("event", event_field);
static const struct shape_field event_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &event },
};
const struct shape body_event = SHAPE("event", event_body_field);

/* ---- many ---- */

static const struct shape_field row_attribute_field[] = { EVENT_FIELDS };
static const struct shape row_attributes = SHAPE("event", row_attribute_field);
static const struct shape_field row_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "event" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &row_attributes },
};
static const struct shape row = SHAPE("event", row_field);
static const struct shape_field rows_field[] = {
	{ "data", SHAPE_LIST, MUST, .shape = &row, .low = 1 },
};
static const struct shape rows = SHAPE("event-bulk-create", rows_field);
static const struct shape_field entry_attribute_field[] = {
	{ "backfill", SHAPE_BOOL, NULL_OK },
	{ "profile", SHAPE_OBJECT, MUST, .shape = &bulk_profile_data },
	{ "events", SHAPE_OBJECT, MUST, .shape = &rows },
};
static const struct shape entry_attributes = SHAPE("event-bulk-create", entry_attribute_field);
static const struct shape_field entry_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "event-bulk-create" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &entry_attributes },
};
static const struct shape entry = SHAPE("event-bulk-create", entry_field);
static const struct shape_field entries_field[] = {
	{ "data", SHAPE_LIST, MUST, .shape = &entry, .low = 1 },
};
static const struct shape entries = SHAPE("event-bulk-create-job", entries_field);
static const struct shape_field job_attribute_field[] = {
	{ "events-bulk-create", SHAPE_OBJECT, MUST, .shape = &entries },
};
static const struct shape job_attributes = SHAPE("event-bulk-create-job", job_attribute_field);
static const struct shape_field job_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "event-bulk-create-job" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &job_attributes },
};
static const struct shape job = SHAPE("event-bulk-create-job", job_field);
static const struct shape_field job_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &job },
};
const struct shape body_event_bulk = SHAPE("event-bulk-create-job", job_body_field);
