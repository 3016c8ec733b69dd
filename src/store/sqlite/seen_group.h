#ifndef PANNIER_STORE_SQLITE_SEEN_GROUP_H
#define PANNIER_STORE_SQLITE_SEEN_GROUP_H

#include "store/sqlite/seen_set.h"

/*
 * The filters of up to SEEN_GROUP_MAX runs side by side, for sqlite_seen.c: cell i holds bit i of each, the oldest run lowest. A
 * lookup that goes through many runs is a walk over memory; this way it has little more stops than a lookup in one run.
 */

#define SEEN_GROUP_WORDS 8
#define SEEN_GROUP_MAX (SEEN_GROUP_WORDS * 64)
#define SEEN_ADD_MAX 64
#define SEEN_CHUNK_BLOCKS 64

struct seen_run {
	int64_t number;
	int64_t day;
	struct seen_filter filter;
};

struct seen_chunk {
	size_t cell_bytes;         /* 1, 2, 4 or a multiple of 8: room for eight runs each */
	char *cell;                /* where a line of memory begins */
	void *memory;              /* that it lies in; owned */
};

struct seen_group {
	size_t n;
	size_t n_block;
	size_t n_hash;
	struct seen_chunk *chunk;  /* of SEEN_CHUNK_BLOCKS blocks each; owned */
	uint64_t alive[SEEN_GROUP_WORDS]; /* runs that count */
	int64_t run[SEEN_GROUP_MAX];
	int64_t day[SEEN_GROUP_MAX];
};

/* An empty one for filters like this, and n runs to begin with. Freed by seen_group_free. */
struct seen_group *seen_group_new(const struct seen_filter *like, size_t n);
void seen_group_free(struct seen_group *group); /* NULL allowed */
/* How many runs with such filters may be added at once: 0 if it is full or they are of another kind; at most SEEN_ADD_MAX. */
size_t seen_group_room(const struct seen_group *group, const struct seen_filter *filter);
/* Adds n runs, 1 to the room there is for each, newer than all in it. Their filters are copied. */
void seen_group_add(struct seen_group *group, const struct seen_run *run, size_t n);
/* Does some of what adding the next run has to do, which then takes less time at once. */
void seen_group_prepare(struct seen_group *group);
/* The runs that may have the slot: a bit each. False: none. */
bool seen_group_find(const struct seen_group *group, const struct seen_places *places, uint64_t maybe[SEEN_GROUP_WORDS]);
/* Runs up to this day count no more; most of what they took is freed. False: no run is left. */
bool seen_group_drop(struct seen_group *group, int64_t last_day);

#endif
