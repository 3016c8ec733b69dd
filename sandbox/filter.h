#ifndef PANNIER_SANDBOX_FILTER_H
#define PANNIER_SANDBOX_FILTER_H

#include "base/arena.h"

/*
 * The filter parameter: op(field,value), several joined by commas or and(...). Strings in single or double quotes with
 * backslash escapes, other values bare, lists in brackets. Source: Klaviyo's guide to filtering.
 */
#define FILTER_TERMS_MAX 20
#define FILTER_VALUES_MAX 1000

struct filter_term {
	struct str op, field;
	struct str *value;  /* unescaped, in the arena */
	size_t n;
	bool list;          /* the value was a list */
};

struct filter {
	struct filter_term term[FILTER_TERMS_MAX];
	size_t n;
};

/* NULL, or what is wrong with the text. An empty text has no terms. */
const char *filter_parse(struct str text, struct arena *arena, struct filter *filter);

#endif
