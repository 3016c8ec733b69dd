#ifndef PANNIER_SANDBOX_QUERY_H
#define PANNIER_SANDBOX_QUERY_H

#include "sandbox/filter.h"
#include "sandbox/route.h"

/* The query parameters of a request, checked against those its route knows. */

#define PAGE_SIZE_MAX 100

/* Resources beside the catalog's kinds whose fields a query may pick. */
enum fields { FIELDS_PROFILE, FIELDS_EVENT, FIELDS_METRIC, FIELDS_LIST, FIELDS_IMPORT, FIELDS_IMPORT_ERROR, FIELDS_COUNT };

struct query {
	struct filter filter;
	size_t size;                /* of a page */
	bool has_cursor;
	int64_t cursor;             /* number of the last thing on the page before */
	struct str cursor_key;      /* what that was sorted by, where it is not its number */
	struct str sort;            /* what is sorted by, as the route names it; empty = not given */
	bool descending;
	bool include;
	struct str included;        /* what is included, comma separated */
	bool subscriptions, profile_count; /* additional fields */
	struct str fields_of[FIELDS_COUNT];
	struct str fields[KIND_COUNT]; /* sparse fields of a kind, comma separated; p NULL = all */
	struct str fields_job;
	struct str rest;            /* all parameters but the cursor, as they came: for the links of pages */
};

/* False: errors of the call say what is wrong. */
bool query_read(struct call *call, struct query *query) MUST_CHECK;
/* Is the attribute, or a part of it, wanted? */
bool fields_want(struct str fields, const char *name);

/* "http://host": what links of answers start with. */
struct str query_base(struct call *call);
bool query_includes(const struct query *query, const char *name);
/* Appends {"self":...,"next":...,"prev":null}; more: there is a page behind the thing with number last. */
void query_render_links(struct call *call, const struct query *query, bool more, int64_t last, struct strbuf *out);
/* The same in an order other than that of numbers: key is what the last thing was sorted by. */
void query_render_links_keyed(struct call *call, const struct query *query, bool more, int64_t last,
			      struct str key, struct strbuf *out);

#endif
