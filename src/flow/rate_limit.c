/*
 * Rate limits for strangers: token buckets in a table of fixed size.
 *
 * Keeps:   a look costs one digest and WAYS rows. In a full set the row that was quiet longest is taken over.
 * Threads: one.
 */
#include "flow/rate_limit.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <string.h>

#define WAYS	  8
#define SALT_LEN  16
#define PARTS_MAX 4

struct bucket {
	struct digest16 who; /* zero: free */
	int64_t at_ms;
	int64_t milli; /* thousandths of what may still be taken */
};

struct rate_limit {
	char salt[SALT_LEN];
	size_t n_set; /* a power of two */
	struct bucket *bucket;
};

struct rate_limit *rate_limit_new(size_t n_rows, struct rand *rand)
{
	struct rate_limit *limit = mem_zalloc(1, sizeof(*limit));

	rand_fill(rand, limit->salt, SALT_LEN);
	limit->n_set = 1;
	while (limit->n_set * WAYS < n_rows)
		limit->n_set *= 2;
	limit->bucket = mem_zalloc(limit->n_set * WAYS, sizeof(*limit->bucket));
	return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
	if (!limit)
		return;
	mem_free(limit->bucket);
	mem_free(limit);
}

/* The row of that digest: its own, else the one that was quiet longest, as a full bucket. */
static struct bucket *find_bucket(struct rate_limit *limit, struct digest16 who, int64_t burst,
				  int64_t mono_ms)
{
	struct bucket *set, *oldest;
	size_t at;

	memcpy(&at, who.byte, sizeof(at));
	set = &limit->bucket[(at & (limit->n_set - 1)) * WAYS];
	oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (digest16_eq(set[i].who, who))
			return &set[i];
		if (digest16_is_zero(set[i].who)) {
			oldest = &set[i];
			break;
		}
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .who = who, .at_ms = mono_ms, .milli = burst * 1000 };
	return oldest;
}

static void refill(struct bucket *bucket, struct rate rate, int64_t mono_ms)
{
	int64_t gone_ms = mono_ms - bucket->at_ms, full = rate.burst * 1000;

	bucket->at_ms = mono_ms;
	if (gone_ms >= MS_PER_HOUR) {
		bucket->milli = full;
		return;
	}
	/* A minute has 60 000 ms and brings per_minute * 1000 thousandths. */
	bucket->milli += gone_ms * rate.per_minute / 60;
	if (bucket->milli > full)
		bucket->milli = full;
}

bool rate_limit_take(struct rate_limit *limit, const char *kind, int64_t store_id, struct str who,
		     struct rate rate, int64_t n, int64_t mono_ms)
{
	struct str part[PARTS_MAX] = {
		str_of(limit->salt, SALT_LEN),
		str_from(kind),
		str_of((const char *)&store_id, sizeof(store_id)),
		who,
	};
	struct bucket *bucket = find_bucket(limit, digest16_of(part, PARTS_MAX), rate.burst, mono_ms);

	refill(bucket, rate, mono_ms);
	if (bucket->milli < n * 1000)
		return false;
	bucket->milli -= n * 1000;
	return true;
}
