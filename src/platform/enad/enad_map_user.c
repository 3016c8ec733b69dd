/*
 * user.create, user.update and user.verify_email_success: all three carry the whole user.
 *
 * Keeps:   a preference that is absent is not a "no". What a profile's field says is told as such (field.*),
 *          not as a consent that somebody gave.
 * Source:  docs.enad.io/docs/events, read 2026-11; how a user names an organisation is not documented there.
 */
#include "platform/contact.h"
#include "platform/enad/enad_internal.h"
#include "platform/field.h"

static const struct field user_fields[] = {
	{ "email", FIELD_TRIMMED, "email" },
	{ "phone", FIELD_TEXT, "phone_number|phone" },
	{ "customer_id", FIELD_ID, "user_id|id" },
	{ "first_name", FIELD_TEXT, "first_name" },
	{ "last_name", FIELD_TEXT, "last_name" },
	{ "locale", FIELD_TEXT, "language" },
	{ "organization", FIELD_TEXT,
	  "organisation.company_name|organisation.name|organisations.name|company_name|additions.company_"
	  "name" },
	{ "group", FIELD_TEXT, "additions.account_type" },
	{ "created_at", FIELD_TIME, "created_at" },
};
static const struct field address_fields[] = {
	{ "address1", FIELD_TEXT, "street|street_address" },	   { "city", FIELD_TEXT, "city" },
	{ "region", FIELD_TEXT, "state|state_province" },	   { "country", FIELD_TEXT, "country" },
	{ "country_code", FIELD_COUNTRY, "country_code|country" }, { "zip", FIELD_TEXT, "postal_code" },
};
static const struct field custom_fields[] = {
	{ "market", FIELD_TEXT, "market" },
	{ "store_group", FIELD_TEXT, "store_group" },
	{ "status", FIELD_TEXT, "status" },
};

/* What is a member of its own, or a preference. */
static const char *const told_elsewhere[] = { "newsletter_subscription", "account_type", "company_name" };

static struct json *custom_of(struct mapping *mapping, const struct json *payload)
{
	struct json *custom = field_flat(mapping, json_get(payload, "additions"));

	for (size_t i = 0; i < ARRAY_LEN(told_elsewhere); i++)
		json_remove(custom, told_elsewhere[i]);
	field_copy(mapping, custom, payload, custom_fields, ARRAY_LEN(custom_fields));
	return custom;
}

static struct json *user_body(struct mapping *mapping, const struct json *payload)
{
	struct json *body = json_new_object(), *address = json_new_object();

	field_copy(mapping, body, payload, user_fields, ARRAY_LEN(user_fields));
	field_copy(mapping, address, json_get(payload, "address"), address_fields, ARRAY_LEN(address_fields));
	payload_put_filled(body, "address", address);
	payload_put_filled(body, "custom", custom_of(mapping, payload));
	return body;
}

/* ---- preferences ---- */

enum answer { ANSWER_NONE, ANSWER_NO, ANSWER_YES };

/* true and false, also as text: that is how Enad writes the ones in additions. */
static enum answer answer_of(const struct json *value)
{
	struct str text = str_trim(json_text(value));

	if (json_is_true(value) || str_eq_nocase(text, STR("true")))
		return ANSWER_YES;
	if (json_type(value) == JSON_FALSE || str_eq_nocase(text, STR("false")))
		return ANSWER_NO;
	return ANSWER_NONE;
}

static void add_preference(struct mapping *mapping, struct entity person, const char *part,
			   enum answer answer, int64_t version, int64_t at_ms, bool verified)
{
	struct json *body;

	if (answer == ANSWER_NONE)
		return;
	body = json_new_object();
	if (answer == ANSWER_YES && verified)
		json_set(body, "double_opt_in", json_new_bool(true));
	contact_add_consent(mapping, person, str_from(part),
			    answer == ANSWER_YES ? STR("subscribed") : STR("unsubscribed"), version, at_ms,
			    body);
}

void enad_map_user(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	int64_t version = payload_time(json_get(payload, "updated_at"), received_ms);
	int64_t at_ms = version ? version : received_ms;
	const struct json *preferences = json_get(payload, "communication_preferences");
	enum answer email = answer_of(json_get(preferences, "email_marketing"));
	struct json *body;
	struct entity person;

	if (enad_need_id(mapping, payload, "user_id|id").len == 0)
		return;
	body = user_body(mapping, payload);
	person = contact_person(mapping, body);
	if (person.id.len == 0) {
		mapping_fail(mapping, "the user has neither an e-mail address nor an id that can be used");
		json_free(body);
		return;
	}
	contact_add(mapping, person, STR("customer"), version, body);
	if (email == ANSWER_NONE)
		email = answer_of(payload_find(payload, "additions.newsletter_subscription"));
	add_preference(mapping, person, "field.email", email, version, at_ms,
		       json_is_true(json_get(payload, "email_verified")));
	add_preference(mapping, person, "field.sms", answer_of(json_get(preferences, "sms_marketing")),
		       version, at_ms, false);
}
