#ifndef PANNIER_STORE_SQLITE_SEEN_RUNS_H
#define PANNIER_STORE_SQLITE_SEEN_RUNS_H

#include "store/sqlite/seen_group.h"

/* All runs there are, by their filters, for sqlite_seen.c. A zeroed one is empty. */
struct seen_runs {
	struct seen_group **group; /* oldest first; owned */
	size_t n_group;
};

/* Adds n runs, newer than all others; n_more is how many are going to follow, as far as that is known. Filters are copied. */
void seen_runs_add(struct seen_runs *runs, const struct seen_run *run, size_t n, size_t n_more);
/* Does some of what adding the next run has to do. */
void seen_runs_prepare(struct seen_runs *runs);
/* Forgets the runs up to this day. */
void seen_runs_drop(struct seen_runs *runs, int64_t last_day);
void seen_runs_free(struct seen_runs *runs); /* what it owns; empty then */

/* The runs that may have a slot, newest first. */
struct seen_search {
	const struct seen_runs *runs;
	struct seen_places places;
	size_t n_group;            /* still to be asked */
	uint64_t maybe[SEEN_GROUP_WORDS]; /* of the one that was asked last */
};

struct seen_search seen_search(const struct seen_runs *runs, uint64_t hash);
/* False: there are no more. */
bool seen_search_next(struct seen_search *search, int64_t *run, int64_t *day);

#endif
