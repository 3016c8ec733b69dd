/*
 * Budgets: how many requests of one endpoint may still start.
 *
 * Klaviyo's windows are fixed, but where they begin is not known. A window of 1 s touches at most 11
 * buckets of 100 ms, one of 60 s at most 121 buckets of 500 ms. As long as any 11 (121) buckets in a row
 * hold no more than the limit, no window does, wherever it begins. It costs a tenth of the burst and a 120th
 * of the steady rate.
 *
 * Keeps:   burst[0] and steady[0] are the buckets of now; [k] is k buckets ago. A text that is loaded can
 *          make what was counted look younger, never older.
 * Threads: a budget belongs to its account's deliver role.
 */
#include "klaviyo/budget.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

#define BURST_BUCKET_MS	  100
#define STEADY_BUCKET_MS  500
#define FREEZE_MAX_MS	  MS_PER_HOUR
#define FOREIGN_BUCKET_MS 10000
/* What Klaviyo counted in its second may have left our burst buckets when the answer is here. */
#define OURS_BUCKETS 6
#define FULL_PPM     INT64_C(1000000)
#define LEAST_PPM    (FULL_PPM / 10)
/* A half per cent a second, in parts per million a ms. */
#define RISE_PPM     5
#define FALL_MS	     1000
#define SAVE_VERSION '4'
/* Between the taking of a request and its leaving lie at most so many steady buckets: a round of deliver. */
#define ON_ITS_WAY_BUCKETS 10
/* Far from any overflow; some ten thousand years. */
#define TIME_MAX_MS INT64_C(400000000000000)

/* ---- buckets ---- */

/* Times of before the machine's start are negative. */
static int64_t bucket_of(int64_t at_ms, int64_t bucket_ms)
{
	return at_ms >= 0 ? at_ms / bucket_ms : -((bucket_ms - 1 - at_ms) / bucket_ms);
}

/* Moves the buckets so that [0] is that of now. */
static void advance(uint16_t *bucket, size_t n, int64_t *at, int64_t now)
{
	int64_t steps = now - *at;

	*at = now;
	if (steps <= 0)
		return;
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
	advance(budget->foreign, BUDGET_FOREIGN_BUCKETS, &budget->foreign_at,
		bucket_of(now_ms, FOREIGN_BUCKET_MS));
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
		.burst_full = limits.burst_per_s,
		.steady_full = limits.steady_per_min,
		.factor_ppm = FULL_PPM,
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

/* After a 429 less, and gradually more again. */
static int64_t factor_now(const struct budget *budget, int64_t now_ms)
{
	int64_t since_ms = now_ms - budget->factor_at_ms;
	int64_t factor = budget->factor_ppm + (since_ms > 0 ? since_ms * RISE_PPM : 0);

	return since_ms > FREEZE_MAX_MS || factor > FULL_PPM ? FULL_PPM : factor;
}

/* Our share, less after a 429, and never more than others leave of Klaviyo's limit. */
static int64_t limit_now(const struct budget *budget, int64_t limit, int64_t full, int64_t foreign,
			 int64_t now_ms)
{
	int64_t share = limit * factor_now(budget, now_ms) / FULL_PPM;
	int64_t left = full - foreign;

	/* More than Klaviyo allows is only for what stands in for it. */
	if (foreign > 0 && limit <= full && left < share)
		share = left;
	return share > 1 ? share : 1;
}

static int64_t burst_now(const struct budget *budget, int64_t now_ms)
{
	bool lately = now_ms / MS_PER_S - budget->foreign_second <= 1;

	return limit_now(budget, budget->burst_limit, budget->burst_full,
			 lately ? budget->foreign_in_second : 0, now_ms);
}

int64_t budget_foreign(struct budget *budget, int64_t now_ms)
{
	advance_all(budget, now_ms);
	return sum(budget->foreign, BUDGET_FOREIGN_BUCKETS);
}

int64_t budget_steady_now(struct budget *budget, int64_t now_ms)
{
	return limit_now(budget, budget->steady_limit, budget->steady_full, budget_foreign(budget, now_ms),
			 now_ms);
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
	wait = greater(wait, wait_for(budget->burst, BUDGET_BURST_BUCKETS, burst_now(budget, now_ms),
				      budget->burst_at, BURST_BUCKET_MS, now_ms));
	wait = greater(wait,
		       wait_for(budget->steady, BUDGET_STEADY_BUCKETS, budget_steady_now(budget, now_ms),
				budget->steady_at, STEADY_BUCKET_MS, now_ms));
	*wait_ms = wait;
	return wait == 0;
}

void budget_take(struct budget *budget, int64_t now_ms)
{
	advance_all(budget, now_ms);
	bucket_add(&budget->burst[0]);
	bucket_add(&budget->steady[0]);
}

/* In whichever bucket it was; what is older than all of them counts nowhere any more. */
static void bucket_move(uint16_t *bucket, size_t n, int64_t steps)
{
	if (steps <= 0)
		return;
	if ((uint64_t)steps < n && bucket[steps] > 0)
		bucket[steps]--;
	bucket_add(bucket);
}

void budget_leave(struct budget *budget, int64_t taken_ms, int64_t now_ms)
{
	advance_all(budget, now_ms);
	bucket_move(budget->burst, BUDGET_BURST_BUCKETS,
		    budget->burst_at - bucket_of(taken_ms, BURST_BUCKET_MS));
	bucket_move(budget->steady, BUDGET_STEADY_BUCKETS,
		    budget->steady_at - bucket_of(taken_ms, STEADY_BUCKET_MS));
}

static void freeze_until(struct budget *budget, int64_t at_ms)
{
	budget->frozen_until_ms = greater(budget->frozen_until_ms, at_ms);
}

void budget_silence(struct budget *budget, int64_t now_ms, int64_t retry_after_ms)
{
	if (retry_after_ms < 0)
		retry_after_ms = 0;
	freeze_until(budget, now_ms + (retry_after_ms < FREEZE_MAX_MS ? retry_after_ms : FREEZE_MAX_MS));
}

void budget_freeze(struct budget *budget, int64_t now_ms, int64_t retry_after_ms)
{
	advance_all(budget, now_ms);
	if (now_ms - budget->factor_at_ms >= FALL_MS || now_ms < budget->factor_at_ms) {
		int64_t factor = factor_now(budget, now_ms) * 7 / 10;

		budget->factor_ppm = factor > LEAST_PPM ? factor : LEAST_PPM;
		budget->factor_at_ms = now_ms;
	}
	budget_silence(budget, now_ms, retry_after_ms);
}

static int add_foreign(struct budget *budget, int64_t n)
{
	int64_t room = UINT16_MAX - budget->foreign[0];

	n = n < room ? n : room;
	if (n <= 0)
		return 0;
	budget->foreign[0] = (uint16_t)(budget->foreign[0] + n);
	return (int)n;
}

/* Of the second: what was seen before in it is counted already. */
static int observe_second(struct budget *budget, int64_t now_ms, int64_t foreign)
{
	int64_t second = now_ms / MS_PER_S, before = 0;

	if (second == budget->foreign_second)
		before = budget->foreign_in_second;
	if (foreign <= before)
		return 0;
	budget->foreign_second = second;
	budget->foreign_in_second = (int)foreign;
	return add_foreign(budget, foreign - before);
}

int budget_observe(struct budget *budget, int64_t now_ms, int limit, int remaining, int reset_s)
{
	int64_t reset_ms = (reset_s < 1 ? 1 : reset_s > 60 ? 60 : reset_s) * MS_PER_S;
	bool minute = limit >= 0 && limit == budget->steady_full && limit != budget->burst_full;

	if (remaining < 0)
		return 0;
	advance_all(budget, now_ms);
	if (remaining == 0)
		freeze_until(budget, now_ms + reset_ms);
	if (minute)
		return add_foreign(budget, budget->steady_full - remaining -
						   sum(budget->steady, BUDGET_STEADY_BUCKETS) -
						   sum(budget->foreign, BUDGET_FOREIGN_BUCKETS));
	if (limit >= 0 && limit != budget->burst_full)
		return 0; /* of a window that is not known */
	return observe_second(budget, now_ms,
			      budget->burst_full - remaining - sum(budget->steady, OURS_BUCKETS));
}

/* ---- text ---- */

/*
 * "4 WALL MONO BURST_AT STEADY_AT FROZEN FACTOR FACTOR_AT FOREIGN_AT b,b,b s,s,s f,f,f": times decimal,
 * counts hexadecimal, newest first.
 */
static void write_buckets(const uint16_t *bucket, size_t n, struct strbuf *out)
{
	while (n > 1 && bucket[n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "%s%x", i > 0 ? "," : " ", (unsigned)bucket[i]);
}

struct str budget_save(const struct budget *budget, struct moment now, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, 1024);
	strbuf_addf(&out, "%c %" PRId64 " %" PRId64, SAVE_VERSION, now.wall_ms, now.mono_ms);
	strbuf_addf(&out, " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
		    budget->burst_at, budget->steady_at, budget->frozen_until_ms, budget->factor_ppm,
		    budget->factor_at_ms, budget->foreign_at);
	write_buckets(budget->burst, BUDGET_BURST_BUCKETS, &out);
	write_buckets(budget->steady, BUDGET_STEADY_BUCKETS, &out);
	write_buckets(budget->foreign, BUDGET_FOREIGN_BUCKETS, &out);
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

	return str_split(rest, ' ', &text) && str_to_int64(text, out) && *out >= -TIME_MAX_MS &&
	       *out <= TIME_MAX_MS;
}

static bool read_saved(struct str blob, struct budget *out, struct moment *saved)
{
	struct str version;

	return str_split(&blob, ' ', &version) && version.len == 1 && version.p[0] == SAVE_VERSION &&
	       read_time(&blob, &saved->wall_ms) && read_time(&blob, &saved->mono_ms) &&
	       read_time(&blob, &out->burst_at) && read_time(&blob, &out->steady_at) &&
	       read_time(&blob, &out->frozen_until_ms) && read_time(&blob, &out->factor_ppm) &&
	       read_time(&blob, &out->factor_at_ms) && read_time(&blob, &out->foreign_at) &&
	       read_buckets(&blob, out->burst, BUDGET_BURST_BUCKETS) &&
	       read_buckets(&blob, out->steady, BUDGET_STEADY_BUCKETS) &&
	       read_buckets(&blob, out->foreign, BUDGET_FOREIGN_BUCKETS) && blob.len == 0 &&
	       out->factor_ppm >= LEAST_PPM && out->factor_ppm <= FULL_PPM;
}

/* Of both clocks the one that says less: the database may have come from another machine. */
static int64_t passed_ms(struct moment saved, struct moment now)
{
	int64_t wall_ms = now.wall_ms - saved.wall_ms, mono_ms = moment_since(saved, now);
	int64_t least = wall_ms < mono_ms ? wall_ms : mono_ms;

	return least > 0 ? least : 0;
}

/* Whole buckets only, so that nothing looks older than it is. */
static int64_t shifted_bucket(int64_t at, int64_t saved_ms, int64_t passed, int64_t now_ms, int64_t bucket_ms)
{
	int64_t behind = bucket_of(saved_ms, bucket_ms) - at;

	return bucket_of(now_ms, bucket_ms) - passed / bucket_ms - (behind > 0 ? behind : 0);
}

/* What was then is as long ago from now as it is sure to be. */
static void shift(struct budget *budget, struct moment saved, struct moment now)
{
	int64_t passed = passed_ms(saved, now), by_ms = now.mono_ms - passed - saved.mono_ms;

	budget->burst_at =
		shifted_bucket(budget->burst_at, saved.mono_ms, passed, now.mono_ms, BURST_BUCKET_MS);
	budget->steady_at =
		shifted_bucket(budget->steady_at, saved.mono_ms, passed, now.mono_ms, STEADY_BUCKET_MS);
	budget->foreign_at =
		shifted_bucket(budget->foreign_at, saved.mono_ms, passed, now.mono_ms, FOREIGN_BUCKET_MS);
	budget->frozen_until_ms += by_ms;
	budget->factor_at_ms += by_ms;
	if (budget->frozen_until_ms > now.mono_ms + FREEZE_MAX_MS)
		budget->frozen_until_ms = now.mono_ms + FREEZE_MAX_MS;
	if (budget->factor_at_ms > now.mono_ms)
		budget->factor_at_ms = now.mono_ms;
}

static void take_newest(uint16_t *bucket, size_t n, uint64_t *n_taken)
{
	for (size_t i = 0; i < n; i++) {
		*n_taken += bucket[i];
		bucket[i] = 0;
	}
}

static uint16_t at_most(uint64_t n)
{
	return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

/* What was on its way when it was saved may have left only when the process ended: now, at the latest. */
static void freshen(struct budget *budget, struct moment now)
{
	uint64_t n_burst = 0, n_steady = 0;

	take_newest(budget->burst, BUDGET_BURST_BUCKETS, &n_burst);
	take_newest(budget->steady, ON_ITS_WAY_BUCKETS, &n_steady);
	advance_all(budget, now.mono_ms);
	budget->burst[0] = at_most(budget->burst[0] + (n_burst > n_steady ? n_burst : n_steady));
	budget->steady[0] = at_most(budget->steady[0] + n_steady);
}

void budget_load(struct budget *budget, struct str blob, struct moment now)
{
	struct budget loaded = *budget;
	struct moment saved;

	if (read_saved(blob, &loaded, &saved)) {
		*budget = loaded;
		shift(budget, saved, now);
		freshen(budget, now);
		return;
	}
	advance_all(budget, now.mono_ms);
	budget->burst[0] = (uint16_t)budget->burst_limit;
	budget->steady[0] = (uint16_t)budget->steady_limit;
}

bool budget_is_tighter(const struct budget *a, const struct budget *b, int64_t now_ms)
{
	int64_t frozen_a = a->frozen_until_ms > now_ms ? a->frozen_until_ms : now_ms;
	int64_t frozen_b = b->frozen_until_ms > now_ms ? b->frozen_until_ms : now_ms;

	if (frozen_a != frozen_b)
		return frozen_a > frozen_b;
	return sum(a->steady, BUDGET_STEADY_BUCKETS) > sum(b->steady, BUDGET_STEADY_BUCKETS);
}
