/*
 * customer.upserted and person.erased.
 *
 * Keeps:   a member that is absent is not a "no": only true and false say something of consent.
 */
#include "platform/generic/generic_internal.h"

static const struct field customer_fields[] = {
	{ "birthday", FIELD_TEXT, "birthday" },
	{ "group", FIELD_TEXT, "group|group.name" },
	{ "created_at", FIELD_TIME, "created_at" },
};

static struct json *customer_body(struct mapping *mapping, const struct generic_message *message)
{
	const struct json *data = message->data;
	struct json *body = generic_contact(mapping, data);

	if (!json_get(body, "customer_id")) {
		struct str id = payload_id(data, "id", mapping->arena);

		id = id.len ? id : message->subject;
		json_set_text(body, "customer_id", str_eq(id, STR("0")) ? STR("") : id);
	}
	field_copy(mapping, body, data, customer_fields, ARRAY_LEN(customer_fields));
	payload_put_filled(body, "tags", field_texts(mapping, "tags", json_get(data, "tags"), "name"));
	payload_put_filled(body, "custom", field_flat(mapping, json_get(data, "custom")));
	return body;
}

/* What a field of the customer's profile says; not the same as a consent somebody gave. */
static void add_field(struct mapping *mapping, const struct generic_message *message, struct entity person,
		      const char *names, const char *part)
{
	const struct json *value = payload_find(message->data, names);
	bool yes = json_is_true(value);

	if (yes || json_type(value) == JSON_FALSE)
		contact_add_consent(mapping, person, str_from(part),
				    yes ? STR("subscribed") : STR("unsubscribed"), message->version,
				    message->at_ms, json_new_object());
	else if (value)
		mapping_note(mapping, "'%.*s' is neither true nor false and was left out",
			     (int)str_find_char(str_from(names), '|'), names);
}

static bool is_nobody(struct mapping *mapping, struct entity person)
{
	if (person.id.len == 0)
		mapping_fail(mapping,
			     "data names nobody: email, phone (with a country) or customer_id is needed");
	return person.id.len == 0;
}

void generic_map_customer(struct mapping *mapping, const struct generic_message *message)
{
	struct json *body = customer_body(mapping, message);
	struct entity person = contact_person(mapping, body);

	if (is_nobody(mapping, person)) {
		json_free(body);
		return;
	}
	/* A number that grows says nothing beside the time of an order. */
	if (message->version > 0 && message->version != message->at_ms)
		json_set_text(body, "at", field_time_text(mapping, message->at_ms));
	contact_add(mapping, person, STR("customer"), message->version, body);
	add_field(mapping, message, person, "email_marketing|accepts_marketing", "field.email");
	add_field(mapping, message, person, "sms_marketing", "field.sms");
}

void generic_map_erased(struct mapping *mapping, const struct generic_message *message)
{
	struct json *contact = generic_contact(mapping, message->data), *body;
	struct entity person = contact_person(mapping, contact);
	int64_t at_ms = generic_time(mapping, message, message->data, "erased_at|at", message->at_ms);

	json_free(contact);
	if (is_nobody(mapping, person))
		return;
	body = json_new_object();
	json_set_text(body, "at", field_time_text(mapping, at_ms));
	contact_add(mapping, person, STR("erased"), at_ms, body);
}
