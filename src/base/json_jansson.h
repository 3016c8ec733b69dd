#ifndef PANNIER_BASE_JSON_JANSSON_H
#define PANNIER_BASE_JSON_JANSSON_H

/*
 * jansson beside base/json.h in one file. Both have JSON_OBJECT and json_type; jansson's are called
 * JANSSON_OBJECT and jansson_type here, so its json_is_* macros must not be used (they would see our values).
 */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#define json_type jansson_type
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_type
#undef json_is_true

#include "base/json.h"

#include <stdint.h>

/* Our values are jansson's under another name. */
static inline struct json *json_ours(json_t *value)
{
	return (struct json *)value;
}

/* jansson counts references inside the values, so its functions want them writable even to look at them. */
static inline json_t *json_theirs(const struct json *value)
{
	return (json_t *)(uintptr_t)value;
}

#endif
