/*
 * Klaviyo's fixed windows.
 *
 * Keeps:   a refused request uses up nothing; what is allowed counts in both windows.
 * Doesn't: know the clock; time is an argument.
 * Threads: a limit belongs to its owner.
 */
#include "sandbox/limit.h"

static const struct tier_row {
	int burst, steady;
} tier_row[TIER_COUNT] = {
#define TIER_ROW(name, burst, steady) { burst, steady },
	TIERS(TIER_ROW)
#undef TIER_ROW
};

int tier_burst(enum tier tier)
{
	return tier_row[tier].burst;
}

int tier_steady(enum tier tier)
{
	return tier_row[tier].steady;
}

/* Where now lies in the window, which is begun anew if the last one is over. */
static int64_t enter(struct limit_window *window, int64_t length_ms, int64_t now_ms)
{
	int64_t since_ms = now_ms + window->phase_ms;
	int64_t number = since_ms / length_ms;

	if (number != window->number) {
		window->number = number;
		window->used = 0;
	}
	return since_ms % length_ms;
}

/* What others have taken of the window so far: they cannot take what we took. */
static int foreign_used(const struct limit_window *window, int limit, int64_t elapsed_ms, int foreign_per_s)
{
	int64_t taken = elapsed_ms * foreign_per_s / 1000;
	int64_t left = limit - window->used;

	return (int)(taken < left ? taken : left);
}

static void refuse(struct limit_verdict *verdict, int64_t wait_ms, bool by_us)
{
	verdict->allowed = false;
	verdict->by_us = verdict->by_us || by_us;
	if (wait_ms > verdict->retry_after_ms)
		verdict->retry_after_ms = wait_ms;
}

struct limit_verdict limit_take(struct limit *limit, enum tier tier, int64_t now_ms, int foreign_per_s,
				struct rand *rand)
{
	struct limit_verdict verdict = { .allowed = true };
	int burst = tier_row[tier].burst;
	int steady = tier_row[tier].steady;
	int64_t burst_at_ms, steady_at_ms;
	int burst_left, steady_left;

	if (!limit->primed) {
		limit->primed = true;
		limit->burst.phase_ms = (int64_t)rand_below(rand, LIMIT_BURST_MS);
		limit->steady.phase_ms = (int64_t)rand_below(rand, LIMIT_STEADY_MS);
	}
	burst_at_ms = enter(&limit->burst, LIMIT_BURST_MS, now_ms);
	steady_at_ms = enter(&limit->steady, LIMIT_STEADY_MS, now_ms);
	burst_left =
		burst - limit->burst.used - foreign_used(&limit->burst, burst, burst_at_ms, foreign_per_s);
	steady_left = steady - limit->steady.used -
		      foreign_used(&limit->steady, steady, steady_at_ms, foreign_per_s);
	if (burst_left <= 0)
		refuse(&verdict, LIMIT_BURST_MS - burst_at_ms, limit->burst.used >= burst);
	if (steady_left <= 0)
		refuse(&verdict, LIMIT_STEADY_MS - steady_at_ms, limit->steady.used >= steady);
	if (verdict.allowed) {
		limit->burst.used++;
		limit->steady.used++;
		verdict.remaining = burst_left - 1;
		verdict.reset_ms = LIMIT_BURST_MS - burst_at_ms;
	}
	return verdict;
}
