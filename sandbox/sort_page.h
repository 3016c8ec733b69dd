#ifndef PANNIER_SANDBOX_SORT_PAGE_H
#define PANNIER_SANDBOX_SORT_PAGE_H

#include "sandbox/query.h"

/* One page of things in the order a query asks for. */

struct sort_item {
	int64_t number;    /* of the thing, from 1; decides between equal keys */
	int64_t key;       /* what is sorted by, unless text is set */
	struct str text;   /* p not NULL: sorted by this; all items of a page have it, or none */
	void *thing;
};

/*
 * Sorts what lies behind the query's cursor to the front of item and returns how many there are, at most a page;
 * *more: there are others behind them.
 */
size_t sort_page(struct sort_item *item, size_t n, const struct query *query, bool *more);
/* Appends "links" of that page. */
void sort_page_links(struct call *call, const struct query *query, const struct sort_item *item, size_t n, bool more,
		     struct strbuf *out);

#endif
