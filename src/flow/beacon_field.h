#ifndef PANNIER_FLOW_BEACON_FIELD_H
#define PANNIER_FLOW_BEACON_FIELD_H

#include "base/json.h"
#include "settings/settings.h"

/* The lists by which beacon_read.c copies what a browser sent; one row per member. */

enum field_kind {
	FIELD_TEXT,                /* a string, cut at max bytes */
	FIELD_ID,                  /* a string or whole number of at most max bytes */
	FIELD_TOKEN,               /* visible ASCII of at most max bytes */
	FIELD_EMAIL,
	FIELD_AMOUNT,              /* a number or string: a decimal that is not negative, kept as a string */
	FIELD_COUNT,               /* the same, kept as a whole number where it is one */
	FIELD_URL,                 /* http or https */
	FIELD_OWN_URL,             /* the same, at one of the store's origins */
	FIELD_TEXTS                /* strings, at most BEACON_TEXTS_MAX of them */
};
#define BEACON_TEXTS_MAX 20

struct field {
	const char *name;          /* as the browser calls it */
	const char *as;            /* as it is kept; NULL = the same */
	enum field_kind kind;
	size_t max;
};

struct field_list {
	const struct field *field;
	size_t n;
};
/* Ends with false and err (naming the member) where one is of the wrong type; what has no use is left out. */
bool beacon_copy(const struct field_list *list, const struct settings_store *store, const struct json *from,
		 struct arena *arena, struct json *to, struct err *err) MUST_CHECK;

extern const struct field_list beacon_visitor_fields;
extern const struct field_list beacon_product_fields;
extern const struct field_list beacon_line_fields;
extern const struct field_list beacon_cart_fields;
extern const struct field_list beacon_category_fields;
extern const struct field_list beacon_search_fields;

#endif
