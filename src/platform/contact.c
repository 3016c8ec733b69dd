/*
 * Contacts: the person that one names, and that person's facts.
 *
 * Doesn't: read a platform's messages (the adapters do).
 * Keeps:   a contact stays as the shop wrote it; only the person's id is brought to one form
 *          (model/person.h).
 */
#include "platform/contact.h"

#include "model/person.h"
#include "platform/field.h"

struct entity contact_person(struct mapping *mapping, const struct json *contact)
{
	struct str email = json_get_text(contact, "email"), form;
	struct str phone = json_get_text(contact, "phone");
	struct str id = person_id(email, phone, json_get_text(json_get(contact, "address"), "country_code"),
				  json_get_text(contact, "customer_id"), mapping->arena);

	if (email.len && !person_email(email, mapping->arena, &form))
		mapping_note(mapping, "'email' is no e-mail address");
	else if (phone.len && id.len == 0)
		mapping_note(mapping, "'phone' is no phone number with a country, so nobody is known by it");
	if (id.len > PAYLOAD_ID_BYTES_MAX) {
		mapping_note(mapping, "'customer_id' is too long to know somebody by it alone");
		id = STR("");
	}
	return (struct entity){ .kind = ENTITY_PERSON, .id = id };
}

void contact_add(struct mapping *mapping, struct entity person, struct str part, int64_t version,
		 struct json *body)
{
	mapping_add(mapping, (struct fact){
		.entity = person,
		.part = part,
		.op = FACT_SET,
		.version = version,
		.body = mapping_body(mapping, body),
	});
}

void contact_add_consent(struct mapping *mapping, struct entity person, struct str part, struct str state,
			 int64_t version, int64_t at_ms, struct json *body)
{
	json_set_text(body, "state", state);
	json_set_text(body, "at", field_time_text(mapping, at_ms));
	contact_add(mapping, person, part, version, body);
}
