#ifndef PANNIER_BASE_JSON_H
#define PANNIER_BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strbuf.h"

/*
 * JSON in two strengths.
 *
 * json_scan checks syntax in one pass without building anything (about 1 us per KB) and points at top-level
 * members: what the ingest path can afford. json_parse builds a tree (jansson behind this header; strict
 * UTF-8, duplicate keys refused, depth at most JSON_DEPTH_MAX). Nothing outside this module includes jansson,
 * and no name here may be one that libjansson exports (json_equal, json_copy, json_string_value ...): the
 * linker would mix them up.
 */

#define JSON_DEPTH_MAX 64

/* ---- checking ---- */

/* One member of the outermost object, as it stands in the text. */
struct json_member {
	struct str name;   /* between the quotes, escapes not resolved */
	struct str value;  /* the value's text, quotes included for a string */
};

/* Where and why a text is not JSON. */
struct json_position {
	size_t offset;     /* bytes from the start */
	size_t line;       /* from 1 */
	size_t column;     /* bytes from 1 */
};

/*
 * Checks that text is exactly one JSON value (RFC 8259 with strict UTF-8, depth at most JSON_DEPTH_MAX; an
 * escaped NUL or half of a surrogate pair is refused). When it is an object, up to max members are written to
 * member and *n is their count (members past max are checked, not listed; repeated names are not noticed);
 * otherwise *n is 0. False with ERR_INVALID, a message with line and column, and *position (may be NULL) set.
 */
bool json_scan(struct str text, struct json_member *member, size_t max, size_t *n,
	       struct json_position *position, struct err *err) MUST_CHECK;

/*
 * Splits a JSON array into the texts of its elements (each checked), in the arena; false if text is not an
 * array (ERR_INVALID) or has more than max elements (ERR_TOO_LARGE). *position (may be NULL) as above.
 */
bool json_scan_array(struct str text, size_t max, struct arena *arena, struct str **element, size_t *n,
		     struct json_position *position, struct err *err) MUST_CHECK;

/*
 * The string a json_member value holds, escapes resolved, in the arena; false if the value is not a string.
 */
bool json_unquote(struct str value, struct arena *arena, struct str *out);

/*
 * The text of the value that a JSON pointer (RFC 6901; "" = all of it) names in a text that json_scan accepts; false if there is none.
 * Only the first 512 members of an object are looked through.
 */
bool json_scan_pointer(struct str text, struct str pointer, struct arena *arena, struct str *out);
/* Empty, or beginning with '/'. */
bool json_pointer_valid(struct str pointer);

/* ---- trees ---- */

struct json; /* one value; borrowed from its document */

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_INTEGER,
	JSON_REAL,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/*
 * Parses one value. Caller owns *out: json_free. ERR_INVALID names line and column. Refuses all that
 * json_scan refuses, and also repeated names in an object, integers beyond 64 bits and reals beyond double.
 */
bool json_parse(struct str text, struct json **out, struct err *err) MUST_CHECK;
/* NULL allowed; only for values from json_parse and json_new_* not yet put in a parent. */
void json_free(struct json *json);

/*
 * Every accessor takes NULL and the wrong type and answers "not there", so paths can be walked without
 * checks.
 */
enum json_type json_type(const struct json *json);              /* NULL counts as JSON_NULL */
struct json *json_get(const struct json *object, const char *name); /* NULL if absent */
struct json *json_get_n(const struct json *object, struct str name);
struct json *json_at(const struct json *array, size_t i);
size_t json_len(const struct json *array);                      /* elements or members; 0 for others */
struct str json_text(const struct json *string);                /* empty if not a string */
struct str json_get_text(const struct json *object, const char *name);
bool json_is_true(const struct json *json);
bool json_get_bool(const struct json *object, const char *name, bool otherwise);
bool json_get_int(const struct json *object, const char *name, int64_t *out); /* integers only */
double json_number(const struct json *json);                    /* 0 if not a number */

/* The value a JSON pointer names, borrowed from root's document, or NULL; the arena is for its steps. */
const struct json *json_pointer(const struct json *root, struct str pointer, struct arena *arena);

/*
 * Iteration over members in the order they were written: for (it = json_first(o); it; it = json_next(o, it)).
 */
void *json_first(const struct json *object);
void *json_next(const struct json *object, void *it);
struct str json_member_name(void *it);
struct json *json_member_value(void *it);

/*
 * Builders. Setting or appending takes ownership of value; a NULL value is ignored. Text must be UTF-8 (else
 * it is repaired).
 */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_text(struct str text);
struct json *json_new_int(int64_t value);
struct json *json_new_bool(bool value);
struct json *json_new_null(void);
/*
 * A decimal number from its text, written as that number: "29.98" stays 29.98, "30" stays 30, "30.00" becomes
 * 30.0. Exact up to 15 significant digits. NULL if text is not a JSON number or out of range.
 */
struct json *json_new_decimal(struct str text);
struct json *json_clone(const struct json *json); /* deep */
void json_set(struct json *object, const char *name, struct json *value);
void json_set_n(struct json *object, struct str name, struct json *value);
void json_set_text(struct json *object, const char *name, struct str text); /* an empty text is not set */
void json_remove(struct json *object, const char *name);
void json_append(struct json *array, struct json *value);
bool json_same(const struct json *a, const struct json *b); /* member order does not count, 1 and 1.0 differ */

/*
 * Compact text, members in insertion order; sorted = by name (bytes), for hashing and golden files. Reals are
 * written with the fewest digits that give the same double again (15 to 17) and always with a point or
 * exponent.
 */
void json_write(const struct json *json, bool sorted, struct strbuf *out);
struct str json_write_arena(const struct json *json, bool sorted, struct arena *arena);
/* Appends text as a quoted and escaped JSON string (invalid UTF-8 becomes U+FFFD). */
void json_write_text(struct str text, struct strbuf *out);

#endif
