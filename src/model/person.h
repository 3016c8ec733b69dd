#ifndef PANNIER_MODEL_PERSON_H
#define PANNIER_MODEL_PERSON_H

#include "base/arena.h"
#include "base/str.h"

/* Who a person is: the identifiers by which Klaviyo knows people, brought to one form. Pure. */

#define PERSON_EMAIL_BYTES_MAX 99 /* Klaviyo: shorter than 100 characters */

/*
 * An e-mail address trimmed and in lower case, in the arena. False: it is none (no @, no dot behind it, blanks, control bytes,
 * two dots together, longer than PERSON_EMAIL_BYTES_MAX).
 */
bool person_email(struct str text, struct arena *arena, struct str *out);

/*
 * A phone number as E.164 ("+4915112345678"), in the arena. Blanks, dots, dashes, slashes and brackets are dropped, "00" is "+"; a
 * national number gets the calling code of the country (ISO 3166 two letters, "" = not known) and loses its trunk prefix.
 * False: it cannot be made one.
 */
bool person_phone(struct str text, struct str country_code, struct arena *arena, struct str *out);

/*
 * The id of the ENTITY_PERSON that these identifiers belong to: the e-mail address in its form, else the phone number as
 * E.164, else "customer:" + customer_id; "" if nothing is left. In the arena.
 */
struct str person_id(struct str email, struct str phone, struct str country_code, struct str customer_id, struct arena *arena);

#endif
