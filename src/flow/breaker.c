/*
 * Breaker: see the drawing in the header.
 *
 * Keeps:   answers to requests that were under way when it opened do not count as probes: they lengthen
 *          nothing.
 * Pure.
 */
#include "flow/breaker.h"

#include "base/clock.h"

#define FAILURES_MAX 3
/* Of a wait so much more, at most: a quarter. */
#define JITTER_PART 4

struct span {
	int64_t first_ms;
	int64_t max_ms;
};

static const struct span open_span = { 5 * MS_PER_S, 5 * MS_PER_MIN };
static const struct span blocked_span = { 30 * MS_PER_S, 10 * MS_PER_MIN };
static const struct span outage_span = { 30 * MS_PER_S, 30 * MS_PER_S };

enum breaker_pass breaker_pass(const struct breaker *breaker, int64_t now_ms)
{
	if (breaker->state == BREAKER_CLOSED)
		return BREAKER_PASS_ALL;
	return now_ms < breaker->until_ms ? BREAKER_PASS_NONE : BREAKER_PASS_PROBE;
}

static int64_t with_jitter(int64_t wait_ms, struct rand *rand)
{
	return wait_ms + (int64_t)rand_below(rand, (uint64_t)(wait_ms / JITTER_PART) + 1);
}

static void enter(struct breaker *breaker, enum breaker_state state, struct span span, int64_t now_ms,
		  struct rand *rand)
{
	breaker->state = state;
	breaker->wait_ms = span.first_ms;
	breaker->until_ms = now_ms + with_jitter(breaker->wait_ms, rand);
}

static void lengthen(struct breaker *breaker, struct span span, int64_t now_ms, struct rand *rand)
{
	if (now_ms < breaker->until_ms)
		return;
	breaker->wait_ms = breaker->wait_ms * 2 < span.max_ms ? breaker->wait_ms * 2 : span.max_ms;
	breaker->until_ms = now_ms + with_jitter(breaker->wait_ms, rand);
}

bool breaker_failed(struct breaker *breaker, int64_t now_ms, struct rand *rand)
{
	switch (breaker->state) {
	case BREAKER_CLOSED:
		if (++breaker->failures < FAILURES_MAX)
			return false;
		enter(breaker, BREAKER_OPEN, open_span, now_ms, rand);
		return true;
	case BREAKER_OPEN:
		lengthen(breaker, open_span, now_ms, rand);
		return false;
	case BREAKER_BLOCKED:
		lengthen(breaker, blocked_span, now_ms, rand);
		return false;
	case BREAKER_OUTAGE:
		lengthen(breaker, outage_span, now_ms, rand);
		return false;
	}
	return false;
}

bool breaker_blocked(struct breaker *breaker, int64_t now_ms, struct rand *rand)
{
	if (breaker->state == BREAKER_BLOCKED) {
		lengthen(breaker, blocked_span, now_ms, rand);
		return false;
	}
	enter(breaker, BREAKER_BLOCKED, blocked_span, now_ms, rand);
	return true;
}

bool breaker_outage(struct breaker *breaker, int64_t now_ms, struct rand *rand)
{
	if (breaker->state == BREAKER_OUTAGE)
		return false;
	enter(breaker, BREAKER_OUTAGE, outage_span, now_ms, rand);
	return true;
}

const char *breaker_state_text(enum breaker_state state)
{
	static const char *const text[] = {
		[BREAKER_CLOSED] = "closed",
		[BREAKER_OPEN] = "open",
		[BREAKER_BLOCKED] = "blocked",
		[BREAKER_OUTAGE] = "outage",
	};

	return text[state];
}

bool breaker_succeeded(struct breaker *breaker)
{
	bool was_closed = breaker->state == BREAKER_CLOSED;

	*breaker = (struct breaker){ 0 };
	return !was_closed;
}

void breaker_probe_at(struct breaker *breaker, int64_t at_ms)
{
	if (breaker->state != BREAKER_CLOSED)
		breaker->until_ms = at_ms;
}
