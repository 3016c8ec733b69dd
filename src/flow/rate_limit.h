#ifndef PANNIER_FLOW_RATE_LIMIT_H
#define PANNIER_FLOW_RATE_LIMIT_H

#include "base/digest.h"
#include "base/rand.h"

/*
 * Token buckets by whoever asks, in a table of fixed size: no matter how many ask, memory does not grow. Who is pushed out
 * by others begins anew with a full bucket. One thread.
 */
struct rate_limit;

struct rate {
	int64_t burst;             /* so many at once */
	int64_t per_minute;        /* so many in the long run */
};

/* n_rows: how many are remembered, rounded up to a power of two. The seed keeps strangers from choosing their row. */
struct rate_limit *rate_limit_new(size_t n_rows, struct rand *rand);
void rate_limit_free(struct rate_limit *limit); /* NULL allowed */
/* May what is called so (kind "address", of store, who) do n more? If so they are taken. mono_ms never goes back. */
bool rate_limit_take(struct rate_limit *limit, const char *kind, int64_t store_id, struct str who, struct rate rate,
		     int64_t n, int64_t mono_ms);

#endif
