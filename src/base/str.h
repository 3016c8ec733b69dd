#ifndef PANNIER_BASE_STR_H
#define PANNIER_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes: not NUL-terminated, never owned. {NULL, 0} is the empty string. */
struct str {
	const char *p;
	size_t len;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
/* The same as initialiser of static tables, where STR is no constant expression. */
#define STR_INIT(literal) { (literal), sizeof(literal) - 1 }
/* For printf: "%.*s" with STR_ARG(text). */
#define STR_ARG(text) (int)(text).len, (text).p ? (text).p : ""

struct str str_from(const char *text); /* NULL gives the empty string */
struct str str_of(const char *p, size_t len);
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
int str_cmp(struct str a, struct str b);        /* byte order */
bool str_starts(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);
struct str str_trim(struct str text); /* ASCII white space at both ends */
struct str str_skip(struct str text, size_t n);
/* Position of the first byte c, or text.len. */
size_t str_find_char(struct str text, char c);
/* Takes the part before the next separator and moves *rest behind it; false when *rest is empty. */
bool str_split(struct str *rest, char separator, struct str *part);
/* Decimal integer, whole text, with optional '-'; false if it is anything else or out of range. */
bool str_to_int64(struct str text, int64_t *out);

#endif
