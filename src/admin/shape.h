#ifndef PANNIER_ADMIN_SHAPE_H
#define PANNIER_ADMIN_SHAPE_H

#include "base/err.h"
#include "base/json.h"

/*
 * Shapes: the JSON objects of the API, one table (shape_table.c). Requests are checked by it, the OpenAPI document is made from it, and
 * the tests hold every answer against that document.
 */
enum shape_type {
	SHAPE_TEXT,
	SHAPE_SECRET,              /* a text that is only ever written */
	SHAPE_TIME,                /* RFC 3339, UTC */
	SHAPE_INT,
	SHAPE_NUMBER,
	SHAPE_BOOL,
	SHAPE_ENUM,                /* of: "a|b|c" */
	SHAPE_REF,                 /* of: the name of a shape */
	SHAPE_TEXTS,               /* lists */
	SHAPE_INTS,
	SHAPE_REFS,
	SHAPE_MAP,                 /* an object of texts, null allowed: "take it away" */
	SHAPE_ANY                  /* any JSON */
};

#define SHAPE_OPTIONAL 1u          /* may be left out */
#define SHAPE_NULL     2u          /* may be null */

#define SHAPE_TEXT_BYTES_MAX 1000  /* of a text in a request, unless its row says otherwise */
#define SHAPE_LIST_MAX	     1000  /* elements of a list in a request */

struct shape_field {
	const char *name;
	enum shape_type type;
	const char *of;
	unsigned flags;
	size_t max;                /* TEXT in a request: bytes; 0 = SHAPE_TEXT_BYTES_MAX */
	const char *help;
};

struct shape {
	const char *name;
	const char *help;
	const struct shape_field *field;
	size_t n;
};

const struct shape *shape_all(size_t *n);
/* NULL: there is none of that name. */
const struct shape *shape_find(const char *name);
/* JSON Schema (draft 2020-12) of a shape and of one field; the caller owns it. */
struct json *shape_schema(const struct shape *shape);
struct json *shape_field_schema(const struct shape_field *field);
/* Is one of "a|b|c"? */
bool shape_is_choice(const char *choices, struct str text);
/* Is the object a request of this shape? ERR_INVALID names the member, never its value. Unknown members are refused. */
bool shape_check(const struct shape *shape, const struct json *json, struct err *err) MUST_CHECK;

#endif
