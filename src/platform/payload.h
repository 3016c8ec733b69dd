#ifndef PANNIER_PLATFORM_PAYLOAD_H
#define PANNIER_PLATFORM_PAYLOAD_H

#include "base/arena.h"
#include "base/json.h"

/*
 * Reading what a shop sent: every member may be absent or of another type, and then simply is not there.
 *
 * names    alternatives separated by '|', each a member or a path of members with dots: "product_id|product.id". The
 *          first that fits counts.
 */

#define PAYLOAD_ID_BYTES_MAX 200    /* model/fact.h, struct entity */
#define PAYLOAD_DECIMAL_BYTES_MAX 32

/* What stands at one member or path; NULL if a step of it is absent. */
struct json *payload_at(const struct json *object, struct str path);
/* The first of these members that is there and not null, or NULL. */
struct json *payload_find(const struct json *object, const char *names);

/*
 * An id: text, or a whole number as text, of 1..PAYLOAD_ID_BYTES_MAX bytes, in the arena; "" if none of the members is
 * one.
 */
struct str payload_id(const struct json *object, const char *names, struct arena *arena);
/* The same for a value that stands alone (an element of a list of ids). */
struct str payload_value_id(const struct json *value, struct arena *arena);
/* The same in a text that was only scanned (json_scan): not copied, escapes as written; for telling messages apart. */
struct str payload_scanned_id(struct str object, const char *names);

/*
 * An amount as a plain decimal ("99.99"), in the arena: from text that is one, or from a number with at most 15 digits that
 * count, so that 99.99 stays 99.99. "" if there is none, or it is 10^15 or more.
 */
struct str payload_decimal(const struct json *value, struct arena *arena);

/* Whole number: an integer, a real without fraction, or text of one. */
bool payload_int(const struct json *value, int64_t *out);

/* RFC 3339 time as Unix ms; 0 if there is none or it lies more than a day after received_ms (a clock that is wrong would
 * stop all later changes). */
int64_t payload_time(const struct json *value, int64_t received_ms);

/* Language key: lower-case, '-' for '_', 1..16 bytes of [a-z0-9-], in the arena; else "". */
struct str payload_language(struct str text, struct arena *arena);

/* Three upper-case letters of a currency, or of two of a country: len says how many; "" if it is not that. In the arena. */
struct str payload_code(struct str text, size_t len, struct arena *arena);

/* ---- copying members into a fact's body; what is not there is not set ---- */

void payload_put_text(struct json *to, const char *name, const struct json *from, const char *names);
void payload_put_bool(struct json *to, const char *name, const struct json *from, const char *names);
void payload_put_int(struct json *to, const char *name, const struct json *from, const char *names);
void payload_put_decimal(struct json *to, const char *name, const struct json *from, const char *names,
			 struct arena *arena);
/* Object or array, set only if it has something in it; takes value. */
void payload_put_filled(struct json *to, const char *name, struct json *value);
/* The member object called name, made if it is not there. */
struct json *payload_member_object(struct json *object, const char *name);
/* A flat map of texts: texts as they are, numbers and booleans as text, all else left out. NULL gives an empty object. */
struct json *payload_flat(const struct json *object, struct arena *arena);

#endif
