/*
 * The shape of bodies that subscribe and unsubscribe.
 *
 * Doesn't: know which of its addresses a row needs, nor the rules of consented_at (consent_route.c).
 * Threads: const data.
 */
#include "sandbox/body.h"

#define MUST	SHAPE_REQUIRED
#define NULL_OK SHAPE_NULLABLE

#define OBJECT(name, shape_) \
	{ \
		name, SHAPE_OBJECT, NULL_OK, .shape = &(shape_) \
	}

/* ---- what is agreed to ---- */

static const struct shape_field given_field[] = {
	{ "consent", SHAPE_TEXT, MUST, .only = "SUBSCRIBED" },
	{ "consented_at", SHAPE_TIME, NULL_OK },
};
static const struct shape given = SHAPE("profile", given_field);
static const struct shape_field tracking_given_field[] = {
	{ "consent", SHAPE_TEXT, MUST, .only = "SUBSCRIBED" },
};
static const struct shape tracking_given = SHAPE("profile", tracking_given_field);
static const struct shape_field ended_field[] = {
	{ "consent", SHAPE_TEXT, MUST, .only = "UNSUBSCRIBED" },
};
static const struct shape ended = SHAPE("profile", ended_field);

/* ---- tokens of devices ---- */

static const struct shape_field device_field[] = {
	{ "device_id", SHAPE_TEXT, NULL_OK },	 { "klaviyo_sdk", SHAPE_TEXT, NULL_OK },
	{ "sdk_version", SHAPE_TEXT, NULL_OK },	 { "device_model", SHAPE_TEXT, NULL_OK },
	{ "os_name", SHAPE_TEXT, NULL_OK },	 { "os_version", SHAPE_TEXT, NULL_OK },
	{ "manufacturer", SHAPE_TEXT, NULL_OK }, { "app_name", SHAPE_TEXT, NULL_OK },
	{ "app_version", SHAPE_TEXT, NULL_OK },	 { "app_build", SHAPE_TEXT, NULL_OK },
	{ "app_id", SHAPE_TEXT, NULL_OK },	 { "environment", SHAPE_TEXT, NULL_OK },
};
static const struct shape device = SHAPE("profile", device_field);
static const struct shape_field token_field[] = {
	{ "token", SHAPE_NAME, MUST },
	{ "platform", SHAPE_TEXT, MUST, .only = "android|ios" },
	{ "vendor", SHAPE_TEXT, MUST, .only = "apns|fcm" },
	{ "enablement_status", SHAPE_TEXT, NULL_OK },
	{ "background", SHAPE_TEXT, NULL_OK },
	OBJECT("device_metadata", device),
};
static const struct shape token = SHAPE("profile", token_field);

/* ---- subscribe ---- */

static const struct shape_field email_given_field[] = {
	OBJECT("marketing", given),
	OBJECT("open_tracking", tracking_given),
};
static const struct shape email_given = SHAPE("profile", email_given_field);
static const struct shape_field phone_given_field[] = {
	OBJECT("marketing", given),
	OBJECT("transactional", given),
};
static const struct shape phone_given = SHAPE("profile", phone_given_field);
static const struct shape_field push_given_field[] = {
	{ "marketing", SHAPE_OBJECT, MUST, .shape = &given },
	{ "tokens", SHAPE_LIST, NULL_OK, .shape = &token },
	{ "anonymous_id", SHAPE_TEXT, NULL_OK },
};
static const struct shape push_given = SHAPE("profile", push_given_field);
static const struct shape_field channel_given_field[] = {
	OBJECT("email", email_given),
	OBJECT("sms", phone_given),
	OBJECT("whatsapp", phone_given),
	OBJECT("push", push_given),
};
static const struct shape channel_given = SHAPE("profile", channel_given_field);
static const struct shape_field subscribed_attribute_field[] = {
	{ "email", SHAPE_EMAIL, NULL_OK },
	{ "phone_number", SHAPE_PHONE, NULL_OK },
	{ "subscriptions", SHAPE_OBJECT, MUST, .shape = &channel_given },
	{ "age_gated_date_of_birth", SHAPE_DATE, NULL_OK },
};
static const struct shape subscribed_attributes = SHAPE("profile", subscribed_attribute_field);
static const struct shape_field subscribed_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, NULL_OK },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &subscribed_attributes },
};
static const struct shape subscribed = SHAPE("profile", subscribed_field);
static const struct shape_field subscribed_rows_field[] = {
	{ "data", SHAPE_LIST, MUST, .shape = &subscribed, .low = 1, .high = SUBSCRIBE_ROWS_MAX },
};
static const struct shape subscribed_rows = SHAPE("profile", subscribed_rows_field);
static const struct shape_field subscribe_attribute_field[] = {
	{ "custom_source", SHAPE_TEXT, NULL_OK },
	{ "profiles", SHAPE_OBJECT, MUST, .shape = &subscribed_rows },
	{ "historical_import", SHAPE_BOOL, NULL_OK },
};
static const struct shape subscribe_attributes =
	SHAPE("profile-subscription-bulk-create-job", subscribe_attribute_field);

/* ---- unsubscribe ---- */

static const struct shape_field email_ended_field[] = {
	OBJECT("marketing", ended),
	OBJECT("open_tracking", ended),
};
static const struct shape email_ended = SHAPE("profile", email_ended_field);
static const struct shape_field sms_ended_field[] = {
	OBJECT("marketing", ended),
	OBJECT("transactional", ended),
};
static const struct shape sms_ended = SHAPE("profile", sms_ended_field);
static const struct shape_field whatsapp_ended_field[] = {
	OBJECT("marketing", ended),
	OBJECT("transactional", ended),
	OBJECT("conversational", ended),
};
static const struct shape whatsapp_ended = SHAPE("profile", whatsapp_ended_field);
static const struct shape_field push_ended_field[] = {
	{ "marketing", SHAPE_OBJECT, MUST, .shape = &ended },
	{ "tokens", SHAPE_LIST, MUST, .shape = &token },
};
static const struct shape push_ended = SHAPE("profile", push_ended_field);
static const struct shape_field channel_ended_field[] = {
	OBJECT("email", email_ended),
	OBJECT("sms", sms_ended),
	OBJECT("whatsapp", whatsapp_ended),
	OBJECT("push", push_ended),
};
static const struct shape channel_ended = SHAPE("profile", channel_ended_field);
static const struct shape_field ended_attribute_field[] = {
	{ "email", SHAPE_EMAIL, NULL_OK },
	{ "phone_number", SHAPE_PHONE, NULL_OK },
	{ "subscriptions", SHAPE_OBJECT, MUST, .shape = &channel_ended },
};
static const struct shape ended_attributes = SHAPE("profile", ended_attribute_field);
static const struct shape_field unsubscribed_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &ended_attributes },
};
static const struct shape unsubscribed = SHAPE("profile", unsubscribed_field);
static const struct shape_field unsubscribed_rows_field[] = {
	{ "data", SHAPE_LIST, MUST, .shape = &unsubscribed, .low = 1, .high = UNSUBSCRIBE_ROWS_MAX },
};
static const struct shape unsubscribed_rows = SHAPE("profile", unsubscribed_rows_field);
static const struct shape_field unsubscribe_attribute_field[] = {
	{ "profiles", SHAPE_OBJECT, MUST, .shape = &unsubscribed_rows },
};
static const struct shape unsubscribe_attributes =
	SHAPE("profile-subscription-bulk-delete-job", unsubscribe_attribute_field);

/* ---- whole bodies ---- */

static const struct shape_field list_link_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "list" },
	{ "id", SHAPE_NAME, MUST },
};
static const struct shape list_link = SHAPE("list", list_link_field);
static const struct shape_field list_data_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &list_link },
};
static const struct shape list_data = SHAPE("list", list_data_field);
static const struct shape_field relation_field[] = {
	{ "list", SHAPE_OBJECT, 0, .shape = &list_data },
};
static const struct shape relation = SHAPE("list", relation_field);

#define JOB_BODY(name, job_type) \
	static const struct shape_field name##_field[] = { \
		{ "type", SHAPE_TEXT, MUST, .only = job_type }, \
		{ "attributes", SHAPE_OBJECT, MUST, .shape = &name##_attributes }, \
		{ "relationships", SHAPE_OBJECT, 0, .shape = &relation }, \
	}; \
	static const struct shape name = SHAPE(job_type, name##_field); \
	static const struct shape_field name##_body_field[] = { \
		{ "data", SHAPE_OBJECT, MUST, .shape = &name }, \
	}; \
	const struct shape body_##name = SHAPE(job_type, name##_body_field)

JOB_BODY(subscribe, "profile-subscription-bulk-create-job");
JOB_BODY(unsubscribe, "profile-subscription-bulk-delete-job");
