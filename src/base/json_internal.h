#ifndef PANNIER_BASE_JSON_INTERNAL_H
#define PANNIER_BASE_JSON_INTERNAL_H

#include "base/json.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Code point of the \uXXXX, or pair of them, at p (which points at the backslash), and its bytes in *len;
 * -1 if it is none or half of a surrogate pair.
 */
int32_t json_unicode_escape(const char *p, const char *end, size_t *len);

/* The first byte that is no plain text of a string (a quote, a backslash, a control byte or not ASCII), or end. */
const char *json_skip_plain(const char *at, const char *end);

/* The tree of a text that json_scan accepts; NULL when json_parse has to look closer (json_build.c). */
struct json *json_build(struct str text);

#endif
