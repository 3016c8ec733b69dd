#ifndef PANNIER_KLAVIYO_CONTENTS_H
#define PANNIER_KLAVIYO_CONTENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "net/http_client.h"
#include "store/store_rows.h"

/*
 * What Klaviyo holds of the catalog, against what we would tell it. Pure; results in the arena.
 *
 * Contents are a text that has a digest of each attribute, so that two of them can be compared and say what differs without being
 * kept whole. Numbers and times are compared by value, texts by their words, whatever is between them; null, "", [], {} and what
 * Klaviyo takes by default are as if left out. In custom_metadata a text may stand for a number or a boolean.
 */
#define KLAVIYO_CONTENTS_BYTES 256 /* at most */

struct klaviyo_thing {
	struct str external_id;    /* "" = not of the catalog that Pannier writes ($custom:::$default) */
	struct str parent_external_id; /* variant: its item; "" = not said */
	struct str contents;
	struct digest16 alike;     /* what it is the same thing by: variant: SKU, item: URL or title, category: name; zero = nothing */
	int64_t links;             /* item: sum of klaviyo_link_sum over the categories it names; 0 in answers, which do not say them */
};

/* A resource as stored with a delivery (render.h). ERR_INVALID: it is none. */
bool klaviyo_thing_told(enum klaviyo_kind kind, struct str body, struct arena *arena, struct klaviyo_thing *out,
			struct err *err) MUST_CHECK;
/* Names of the attributes that differ, "price, title"; "" = none. Where only one of them says a variant's item, that is not compared. */
struct str klaviyo_contents_differ(struct str told, struct str held, struct arena *arena);
/* Of one link to a category; sums of up to a million of them fit. */
int64_t klaviyo_link_sum(struct str category_external_id);

/* One page of a list of the catalog; *next as in lookup.h, and its errors. */
bool klaviyo_read_things(enum klaviyo_kind kind, const struct http_answer *answer, struct arena *arena,
			 struct klaviyo_thing **thing, size_t *n, struct str *next, struct err *err) MUST_CHECK;
/* One page of the items of a category: their external ids, "" as above. */
bool klaviyo_read_links(const struct http_answer *answer, struct arena *arena, struct str **item, size_t *n, struct str *next,
			struct err *err) MUST_CHECK;

#endif
