#ifndef PANNIER_PLATFORM_FIELD_H
#define PANNIER_PLATFORM_FIELD_H

#include "platform/mapping.h"
#include "platform/payload.h"

/*
 * Tables that say which members of a message become which members of a fact's body. What is there but does not fit is left
 * out and noted; what is absent, null or an empty text is silently not there.
 */

#define FIELD_TEXT_BYTES_MAX 10000 /* longer ones are cut, and noted */

enum field_kind {
	FIELD_TEXT,    /* text, or a whole number as text */
	FIELD_TRIMMED, /* the same without blanks at both ends */
	FIELD_ID,      /* payload_id */
	FIELD_AMOUNT,  /* payload_decimal */
	FIELD_BOOL,
	FIELD_INT,
	FIELD_TIME,    /* RFC 3339, becomes UTC */
	FIELD_COUNTRY, /* two letters */
	FIELD_CURRENCY /* three letters */
};

struct field {
	const char *name;      /* in the body */
	enum field_kind kind;
	const char *names;     /* in the message, see payload.h; only the first one, not fitting, is worth a note */
};

void field_copy(struct mapping *mapping, struct json *to, const struct json *from, const struct field *field, size_t n);

/* A text cut to FIELD_TEXT_BYTES_MAX at a character; name is for the note. */
struct str field_cut(struct mapping *mapping, const char *name, struct str text);

/* payload_flat, with texts cut and names over PAYLOAD_ID_BYTES_MAX left out. */
struct json *field_flat(struct mapping *mapping, const struct json *object);

/* Texts of a list: texts, or the member of objects that is called member; one text alone is a list of one. */
struct json *field_texts(struct mapping *mapping, const char *name, const struct json *list, const char *member);

/* RFC 3339, UTC, in the arena. */
struct str field_time_text(struct mapping *mapping, int64_t at_ms);

#endif
