/*
 * Budgets: how many requests of one endpoint may still start.
 *
 * Klaviyo's windows are fixed, but where they begin is not known. A window of 1 s touches at most 11
 * buckets of 100 ms, one of 60 s at most 61 buckets of 1 s. As long as any 11 (61) buckets in a row hold no
 * more than the limit, no window does, wherever it begins. It costs a tenth of the burst and a sixtieth of
 * the steady rate.
 *
 * Keeps:   burst[0] and steady[0] are the buckets of now; [k] is k buckets ago. Time that jumps back makes
 *          what was counted look younger, never older.
 * Threads: a budget belongs to its account's deliver role.
 */
#include "klaviyo/budget.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

#define BURST_BUCKET_MS	 100
#define STEADY_BUCKET_MS 1000
#define FREEZE_MAX_MS	 MS_PER_HOUR
/* Others use the quota: half of ours is used for so long. */
#define FOREIGN_MS 5000
/* What Klaviyo counted in its window may have left our burst buckets when the answer is here. */
#define FOREIGN_BUCKETS 3
#define SAVE_VERSION	'1'

/* ---- buckets ---- */

static int64_t bucket_of(int64_t now_ms, int64_t bucket_ms)
{
	return now_ms >= 0 ? now_ms / bucket_ms : 0;
}

/* Moves the buckets so that [0] is that of now. */
static void advance(uint16_t *bucket, size_t n, int64_t *at, int64_t now)
{
	int64_t steps = now - *at;

	*at = now;
	if (steps <= 0)
		return; /* the same bucket, or the clock went back: what was counted counts as fresh */
	if ((uint64_t)steps >= n) {
		memset(bucket, 0, n * sizeof(*bucket));
		return;
	}
	memmove(bucket + steps, bucket, (n - (size_t)steps) * sizeof(*bucket));
	memset(bucket, 0, (size_t)steps * sizeof(*bucket));
}

static void advance_all(struct budget *budget, int64_t now_ms)
{
	advance(budget->burst, BUDGET_BURST_BUCKETS, &budget->burst_at, bucket_of(now_ms, BURST_BUCKET_MS));
	advance(budget->steady, BUDGET_STEADY_BUCKETS, &budget->steady_at,
		bucket_of(now_ms, STEADY_BUCKET_MS));
	/* A clock that went back must not freeze for longer than was asked for. */
	if (budget->frozen_until_ms > now_ms + FREEZE_MAX_MS)
		budget->frozen_until_ms = now_ms + FREEZE_MAX_MS;
	if (budget->foreign_until_ms > now_ms + FREEZE_MAX_MS)
		budget->foreign_until_ms = now_ms + FREEZE_MAX_MS;
}

static int64_t sum(const uint16_t *bucket, size_t n)
{
	int64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += bucket[i];
	return total;
}

/* How long until the newest n buckets hold less than limit; 0 = they do now. */
static int64_t wait_for(const uint16_t *bucket, size_t n, int64_t limit, int64_t at, int64_t bucket_ms,
			int64_t now_ms)
{
	int64_t total = sum(bucket, n);
	int64_t steps = 0;

	while (total >= limit && (size_t)steps < n) {
		steps++;
		total -= bucket[n - (size_t)steps];
	}
	return steps > 0 ? (at + steps) * bucket_ms - now_ms : 0;
}

static void bucket_add(uint16_t *bucket)
{
	if (*bucket < UINT16_MAX)
		(*bucket)++;
}

/* ---- limits ---- */

static int share_of(int limit, int percent)
{
	int share = limit * percent / 100;

	return share > 1 ? share : 1;
}

static void init_limits(struct budget *budget, struct endpoint_limits limits, int quota_percent)
{
	*budget = (struct budget){
		.burst_limit = share_of(limits.burst_per_s, quota_percent),
		.steady_limit = share_of(limits.steady_per_min, quota_percent),
	};
}

void budget_init(struct budget *budget, const struct endpoint_row *row, int quota_percent)
{
	init_limits(budget, (struct endpoint_limits){ row->burst_per_s, row->steady_per_min }, quota_percent);
}

void budget_init_poll(struct budget *budget, enum endpoint endpoint, int quota_percent)
{
	init_limits(budget, endpoint_poll_limits(endpoint), quota_percent);
}

static int64_t limit_now(int limit, const struct budget *budget, int64_t now_ms)
{
	if (now_ms < budget->foreign_until_ms && limit > 1)
		return limit / 2;
	return limit;
}

/* ---- asking and taking ---- */

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool budget_allows(struct budget *budget, int64_t now_ms, int64_t *wait_ms)
{
	int64_t wait;

	advance_all(budget, now_ms);
	wait = budget->frozen_until_ms > now_ms ? budget->frozen_until_ms - now_ms : 0;
	wait = greater(wait, wait_for(budget->burst, BUDGET_BURST_BUCKETS,
				      limit_now(budget->burst_limit, budget, now_ms), budget->burst_at,
				      BURST_BUCKET_MS, now_ms));
	wait = greater(wait, wait_for(budget->steady, BUDGET_STEADY_BUCKETS,
				      limit_now(budget->steady_limit, budget, now_ms), budget->steady_at,
				      STEADY_BUCKET_MS, now_ms));
	*wait_ms = wait;
	return wait == 0;
}

void budget_take(struct budget *budget, int64_t now_ms)
{
	advance_all(budget, now_ms);
	bucket_add(&budget->burst[0]);
	bucket_add(&budget->steady[0]);
}

static void freeze_until(struct budget *budget, int64_t at_ms)
{
	budget->frozen_until_ms = greater(budget->frozen_until_ms, at_ms);
}

void budget_freeze(struct budget *budget, int64_t now_ms, int64_t retry_after_ms)
{
	advance_all(budget, now_ms);
	if (retry_after_ms < 0)
		retry_after_ms = 0;
	freeze_until(budget, now_ms + (retry_after_ms < FREEZE_MAX_MS ? retry_after_ms : FREEZE_MAX_MS));
}

void budget_observe(struct budget *budget, int64_t now_ms, int remaining, int reset_s)
{
	int64_t reset_ms = (reset_s < 1 ? 1 : reset_s > 60 ? 60 : reset_s) * MS_PER_S;

	if (remaining < 0)
		return;
	advance_all(budget, now_ms);
	if (remaining == 0)
		freeze_until(budget, now_ms + reset_ms);
	/* Our limits are at most Klaviyo's, so what we used explains at most this. */
	if (remaining < budget->burst_limit - sum(budget->steady, FOREIGN_BUCKETS))
		budget->foreign_until_ms = greater(budget->foreign_until_ms, now_ms + FOREIGN_MS);
}

/* ---- text ---- */

/* "1 BURST_AT STEADY_AT FROZEN FOREIGN b,b,b s,s,s": times decimal, counts hexadecimal, newest first. */
static void write_buckets(const uint16_t *bucket, size_t n, struct strbuf *out)
{
	while (n > 1 && bucket[n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "%s%x", i > 0 ? "," : " ", (unsigned)bucket[i]);
}

struct str budget_save(const struct budget *budget, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, 512);
	strbuf_addf(&out, "%c %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, SAVE_VERSION, budget->burst_at,
		    budget->steady_at, budget->frozen_until_ms, budget->foreign_until_ms);
	write_buckets(budget->burst, BUDGET_BURST_BUCKETS, &out);
	write_buckets(budget->steady, BUDGET_STEADY_BUCKETS, &out);
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_count(struct str text, uint16_t *out)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_value(text.p[i]);

		if (digit < 0)
			return false;
		value = value * 16 + (unsigned)digit;
	}
	*out = (uint16_t)value;
	return true;
}

static bool read_buckets(struct str *rest, uint16_t *bucket, size_t n)
{
	struct str list, count;
	size_t i = 0;

	if (!str_split(rest, ' ', &list))
		return false;
	memset(bucket, 0, n * sizeof(*bucket));
	while (str_split(&list, ',', &count))
		if (i == n || !read_count(count, &bucket[i++]))
			return false;
	return i > 0;
}

static bool read_time(struct str *rest, int64_t *out)
{
	struct str text;

	return str_split(rest, ' ', &text) && str_to_int64(text, out) && *out >= 0;
}

static bool read_saved(struct str blob, struct budget *out)
{
	struct str version;

	return str_split(&blob, ' ', &version) && version.len == 1 && version.p[0] == SAVE_VERSION &&
	       read_time(&blob, &out->burst_at) && read_time(&blob, &out->steady_at) &&
	       read_time(&blob, &out->frozen_until_ms) && read_time(&blob, &out->foreign_until_ms) &&
	       read_buckets(&blob, out->burst, BUDGET_BURST_BUCKETS) &&
	       read_buckets(&blob, out->steady, BUDGET_STEADY_BUCKETS) && blob.len == 0;
}

void budget_load(struct budget *budget, struct str blob, int64_t now_ms)
{
	struct budget loaded = *budget;

	if (read_saved(blob, &loaded)) {
		*budget = loaded;
		advance_all(budget, now_ms);
		return;
	}
	advance_all(budget, now_ms);
	budget->burst[0] = (uint16_t)budget->burst_limit;
	budget->steady[0] = (uint16_t)budget->steady_limit;
}
