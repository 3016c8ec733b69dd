/*
 * Pull: what came of a request, into the store.
 *
 * Keeps:   the cursor moves together with the page's messages. A shop that fails for good ends its job and no
 *          other.
 * Threads: the pull role's.
 */
#include "flow/pull_internal.h"

#include "base/counter.h"
#include "base/log.h"
#include "base/mutant.h"

#define STEP_BYTES ((size_t)2 << 20)
/* 1 s, 2 s, 4 s ... : some two hours in all. */
#define ATTEMPTS_MAX   20
#define BACKOFF_MS     1000
#define BACKOFF_MAX_MS (10 * MS_PER_MIN)

/* Messages that go in with one step, from n_stepped on. */
static size_t step_size(const struct pull_call *call)
{
	size_t n = 0, bytes = 0;

	for (size_t i = call->n_stepped; i < call->n && n < PULL_STEP_MESSAGES && bytes < STEP_BYTES;
	     i++, n++)
		bytes += call->record[i].body.len;
	return n;
}

static bool step(struct pull_call *call, struct import_step *step, struct err *err)
{
	step->job_id = call->job_id;
	step->from = call->at;
	if (!db_import_step(call->pull->ctx->db, call->pull->now_wall_ms, step, call->pull->receipt, err))
		return false;
	call->at = step->to;
	call->n_stepped += step->n;
	counter_add(COUNTER_import_messages, step->n);
	counter_add(COUNTER_import_rejected, step->n_reject);
	return true;
}

/* A planted bug. */
static bool move_too_early(struct pull_call *call, struct err *err)
{
	struct import_step early = { .to = call->at };

	early.to.cursor = call->page.next;
	return step(call, &early, err);
}

/* With the last messages of a page the cursor moves. */
static void end_page(const struct pull_call *call, struct import_step *step)
{
	const struct pull_page *page = &call->page;

	step->to.cursor = page->end ? STR("") : call->fault.len ? call->at.cursor : page->next;
	step->to.line++;
	step->to.used += (int64_t)page->n_item;
	step->n_read = (int64_t)page->n_item;
	step->reject = call->reject;
	step->n_reject = call->n_reject;
	step->size = page->total;
	step->state = page->end ? IMPORT_DONE : call->fault.len ? IMPORT_FAILED : IMPORT_OPEN;
	step->reason = call->fault;
}

/* The page's messages, piece by piece. */
static bool write_page(struct pull_call *call, struct err *err)
{
	bool last;

	do {
		struct import_step one = { .to = call->at, .n = step_size(call) };

		last = call->n_stepped + one.n == call->n;
		one.record = call->record ? call->record + call->n_stepped : NULL;
		one.to.position += (int64_t)one.n;
		if (last)
			end_page(call, &one);
		if (!step(call, &one, err))
			return false;
	} while (!last);
	return true;
}

static bool settle_page(struct pull_call *call, struct err *err)
{
	const struct flow_ctx *ctx = call->pull->ctx;

	if (mutant_is(MUTANT_cursor_before_page) && !call->page.end && !move_too_early(call, err))
		return false;
	if (!write_page(call, err))
		return false;
	call->shop->denied = false;
	if (call->per_minute > 0)
		call->shop->next_at_ms =
			call->pull->now_ms + (int64_t)call->n * MS_PER_MIN / call->per_minute;
	if (call->n > 0 && ctx->wake && ctx->wake->map)
		wake_send(ctx->wake->map);
	return true;
}

static int64_t backoff_ms(struct pull_call *call)
{
	int64_t wait_ms = BACKOFF_MAX_MS;

	if (call->attempts < 16 && BACKOFF_MS << call->attempts < BACKOFF_MAX_MS)
		wait_ms = BACKOFF_MS << call->attempts;
	wait_ms -= (int64_t)((double)wait_ms * 0.2 * rand_unit(call->pull->ctx->rand));
	return wait_ms > call->page.wait_ms ? wait_ms : call->page.wait_ms;
}

/* Nothing was read: the job waits, or has failed. */
static bool settle_failure(struct pull_call *call, struct err *err)
{
	const struct pull_page *page = &call->page;
	struct import_step one = { .to = call->at, .reason = page->reason, .attempts = call->attempts };
	bool again = page->verdict == PULL_AGAIN;

	if (page->verdict == PULL_WAIT)
		one.due_ms = call->pull->now_wall_ms + page->wait_ms;
	else if (again && call->attempts + 1 < ATTEMPTS_MAX)
		one.due_ms = call->pull->now_wall_ms + backoff_ms(call);
	else
		one.state = IMPORT_FAILED;
	one.attempts += again;
	if (one.state == IMPORT_FAILED)
		log_warn("pull", "import=%lld failed: %.*s", (long long)call->job_id, STR_ARG(page->reason));
	return step(call, &one, err);
}

bool pull_call_settle(struct pull_call *call, const struct settings_store *store, struct err *err)
{
	struct pull *pull = call->pull;

	if (!call->read)
		pull_call_read(call, store);
	switch (call->page.verdict) {
	case PULL_PAGE:
		return settle_page(call, err);
	case PULL_TOKEN:
		call->shop->next_at_ms = pull->now_ms; /* a request for a token is no page */
		call->shop->stale = false;
		return pull_shop_keep_token(pull->ctx, store, call->page.token, err);
	case PULL_DENIED:
		call->shop->next_at_ms = pull->now_ms;
		call->shop->stale = call->shop->denied = true;
		return true;
	case PULL_WAIT:
	case PULL_AGAIN:
	case PULL_REFUSED:
		break;
	}
	return settle_failure(call, err);
}
