/*
 * When a delivery is tried again: one table per preset.
 *
 * Pure: now and chance are arguments, so that every decision can be tested and replayed.
 */
#include "queue/outbox_policy.h"

#include "base/attr.h"
#include "base/clock.h"

#include <assert.h>

/* One wait, used so many times in a row; spread by +- percent, so that retries do not march in step. */
struct retry_step {
	int64_t wait_ms;
	int times;
	int spread_percent;
};

static const struct retry_step realtime_step[] = {
	{ 5 * MS_PER_S, 1, 20 },    { 30 * MS_PER_S, 1, 20 },	 { 2 * MS_PER_MIN, 1, 20 },
	{ 10 * MS_PER_MIN, 1, 20 }, { 30 * MS_PER_MIN, 1, 20 },	 { 1 * MS_PER_HOUR, 1, 20 },
	{ 2 * MS_PER_HOUR, 1, 20 }, { 10 * MS_PER_HOUR, 7, 10 },
};

static const struct retry_step zoey_step[] = {
	{ 10 * MS_PER_HOUR, 1, 10 },
};

struct retry_plan {
	const struct retry_step *step;
	size_t n;
	int64_t flush_ms;
};

static struct retry_plan plan_of(enum retry_preset preset)
{
	switch (preset) {
	case RETRY_REALTIME:
		return (struct retry_plan){ realtime_step, ARRAY_LEN(realtime_step), 0 };
	case RETRY_ZOEY:
		return (struct retry_plan){ zoey_step, ARRAY_LEN(zoey_step), 10 * MS_PER_MIN };
	}
	assert(0 && "a preset without a plan");
	return (struct retry_plan){ 0 };
}

/* wait +- spread percent of it; chance 0 is the shortest. */
static int64_t spread(const struct retry_step *step, double chance)
{
	int64_t reach = step->wait_ms * step->spread_percent / 100;

	return step->wait_ms - reach + (int64_t)(chance * 2.0 * (double)reach);
}

struct retry_decision outbox_policy_next(enum retry_preset preset, int attempts, int64_t now_ms,
					 double chance)
{
	struct retry_plan plan = plan_of(preset);

	assert(attempts >= 1);
	for (size_t i = 0; i < plan.n; i++) {
		if (attempts <= plan.step[i].times)
			return (struct retry_decision){ .due_ms = now_ms + spread(&plan.step[i], chance) };
		attempts -= plan.step[i].times;
	}
	return (struct retry_decision){ .failed = true, .due_ms = now_ms };
}

int64_t outbox_policy_flush_ms(enum retry_preset preset)
{
	return plan_of(preset).flush_ms;
}
