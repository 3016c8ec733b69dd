#ifndef PANNIER_PLATFORM_CONTACT_H
#define PANNIER_PLATFORM_CONTACT_H

#include "platform/mapping.h"

/* What adapters have in common about people. A contact is a CONTACT body of model/fact.h. */

/* The person that a contact is; id "" if it names none, which is noted where it tried to. */
struct entity contact_person(struct mapping *mapping, const struct json *contact);

/* A person's fact; takes body. */
void contact_add(struct mapping *mapping, struct entity person, struct str part, int64_t version, struct json *body);

/* The part consent.CHANNEL or field.CHANNEL; takes body, which may hold source, evidence, ip ... */
void contact_add_consent(struct mapping *mapping, struct entity person, struct str part, struct str state, int64_t version,
			 int64_t at_ms, struct json *body);

#endif
