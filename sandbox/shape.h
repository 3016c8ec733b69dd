#ifndef PANNIER_SANDBOX_SHAPE_H
#define PANNIER_SANDBOX_SHAPE_H

#include "base/attr.h"
#include "base/json.h"
#include "sandbox/error.h"

/*
 * What a request body may look like, as const tables: one shape per object, one row per member. A body is refused for
 * every member that is missing, unknown, of the wrong type, or null where it may not be; all faults are reported.
 */
enum shape_type {
	SHAPE_TEXT,     /* at most high bytes (0 = no maximum) */
	SHAPE_NAME,     /* text, not empty */
	SHAPE_ID,       /* "$custom:::$default:::x" */
	SHAPE_NUMBER,
	SHAPE_INTEGER,  /* between low and high */
	SHAPE_BOOL,
	SHAPE_TEXTS,    /* array of texts */
	SHAPE_FLAT,     /* object without objects or arrays inside, at most SHAPE_FLAT_BYTES_MAX */
	SHAPE_TREE,     /* object of any members, at most high of them (0 = no maximum) */
	SHAPE_TEXT_OR_NUMBER,
	SHAPE_TEXT_OR_TEXTS,
	SHAPE_TIME,     /* RFC 3339 */
	SHAPE_DATE,
	SHAPE_EMAIL,
	SHAPE_PHONE,    /* E.164 */
	SHAPE_CURRENCY, /* ISO 4217 */
	SHAPE_OBJECT,   /* of shape */
	SHAPE_LIST,     /* array of objects of shape, low to high elements (high 0 = no maximum) */
};

#define SHAPE_REQUIRED 1u
#define SHAPE_NULLABLE 2u

/* 100 KB of custom metadata; the smaller reading of KB, so that what passes here passes there. */
#define SHAPE_FLAT_BYTES_MAX 100000

/* Of free objects and e-mail addresses. */
#define SHAPE_TREE_DEPTH_MAX 10
#define SHAPE_TEXT_BYTES_MAX 100000
#define SHAPE_ELEMENTS_MAX 4000
#define SHAPE_EMAIL_BYTES_MAX 100

struct shape;

struct shape_field {
	const char *name;
	enum shape_type type;
	unsigned flags;
	const char *only;           /* the texts allowed, '|' between them; NULL = any */
	const struct shape *shape;
	int64_t low, high;
};

struct shape {
	const char *resource;       /* as error details name it */
	const struct shape_field *field;
	size_t n;
};

#define SHAPE(resource_, field_) { .resource = (resource_), .field = (field_), .n = ARRAY_LEN(field_) }

/* The external id of a compound catalog id; false if text is none. */
bool shape_catalog_id(struct str text, struct str *external_id);

/* What is wrong with a value that no shape is needed for, or NULL. */
const char *shape_value_fault(const struct shape_field *field, const struct json *value, struct arena *arena);

/* Adds every fault of the body to errors; true if there is none. */
bool shape_check(const struct shape *shape, const struct json *body, struct error_list *errors);

#endif
