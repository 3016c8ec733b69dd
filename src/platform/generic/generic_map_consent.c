/*
 * consent.changed: somebody said yes or no to one channel.
 *
 * Keeps:   what is not clear is not guessed: a state or channel that is not known fails the message.
 */
#include "platform/generic/generic_internal.h"

static const struct {
	const char *name, *state;
} states[] = {
	{ "subscribed", "subscribed" },	   { "subscribe", "subscribed" },
	{ "opted_in", "subscribed" },	   { "unsubscribed", "unsubscribed" },
	{ "unsubscribe", "unsubscribed" }, { "opted_out", "unsubscribed" },
	{ "pending", "pending" },
};

static const struct field consent_fields[] = {
	{ "source", FIELD_TEXT, "source|source_text|consent_source" },
	{ "evidence", FIELD_TEXT, "evidence" },
	{ "ip", FIELD_TEXT, "ip" },
	{ "double_opt_in", FIELD_BOOL, "double_opt_in" },
	{ "historical", FIELD_BOOL, "historical" },
};

/* "": not known, the mapping has failed. */
static struct str state_of(struct mapping *mapping, const struct json *data)
{
	struct str text = str_trim(json_get_text(data, "state"));

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_eq_nocase(text, str_from(states[i].name)))
			return str_from(states[i].state);
	if (text.len)
		mapping_fail(mapping, "data.state '%.*s' is none of subscribed, unsubscribed and pending",
			     STR_ARG(text));
	else
		mapping_fail(mapping, "data.state is missing: subscribed, unsubscribed or pending is needed");
	return STR("");
}

/* Of consent without a channel it is the one that the message has an address for. */
static struct str channel_of(struct mapping *mapping, const struct json *data, const struct json *contact)
{
	struct str text = str_trim(json_get_text(data, "channel"));
	bool phone_only = !json_get(contact, "email") && json_get(contact, "phone");

	if (text.len == 0)
		return phone_only ? STR("sms") : STR("email");
	if (str_eq_nocase(text, STR("email")))
		return STR("email");
	if (str_eq_nocase(text, STR("sms")))
		return STR("sms");
	mapping_fail(mapping, "data.channel '%.*s' is neither email nor sms", STR_ARG(text));
	return STR("");
}

/*
 * What a form knew of the person beside the address that the person is known by anyway: names, or the phone
 * number that consent for text messages is about.
 */
static void add_subscriber(struct mapping *mapping, struct entity person, int64_t at_ms, struct json *contact)
{
	if (json_len(contact) > 1)
		contact_add(mapping, person, STR("subscriber"), at_ms, contact);
	else
		json_free(contact);
}

void generic_map_consent(struct mapping *mapping, const struct generic_message *message)
{
	const struct json *data = message->data;
	struct json *contact = generic_contact(mapping, data), *body;
	struct entity person = contact_person(mapping, contact);
	struct str state = state_of(mapping, data), channel = channel_of(mapping, data, contact);
	int64_t at_ms = generic_time(mapping, message, data, "consented_at|occurred_at", message->at_ms);

	if (person.id.len == 0)
		mapping_fail(mapping,
			     "data names nobody: email, phone (with a country) or customer_id is needed");
	if (mapping->state != MAP_DONE) {
		json_free(contact);
		return;
	}
	body = json_new_object();
	field_copy(mapping, body, data, consent_fields, ARRAY_LEN(consent_fields));
	contact_add_consent(mapping, person, mapping_part(mapping, "consent.", channel), state, at_ms, at_ms,
			    body);
	add_subscriber(mapping, person, at_ms, contact);
}
