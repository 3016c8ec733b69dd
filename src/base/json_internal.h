#ifndef PANNIER_BASE_JSON_INTERNAL_H
#define PANNIER_BASE_JSON_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Code point of the \uXXXX, or pair of them, at p (which points at the backslash), and its bytes in *len;
 * -1 if it is none or half of a surrogate pair.
 */
int32_t json_unicode_escape(const char *p, const char *end, size_t *len);

#endif
