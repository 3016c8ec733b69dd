/*
 * What becomes of each delivery of a batch that was answered, or of a job that ended.
 *
 * Does:    one settlement per batch, in one transaction; a job's id is saved before anything else.
 * Doesn't: read answers (klaviyo/outcome did) or know the table of retries (queue/outbox_policy).
 * Keeps:   what could not be written stays here and is written in a later round. Throttling, a blocked
 *          account and a changed op are not attempts.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include "base/counter.h"
#include "base/mutant.h"

/* ---- one delivery ---- */

/* How often this delivery was turned from create to update or back, this time included. */
static int count_flip(struct deliver *deliver, int64_t delivery_id)
{
	for (size_t i = 0; i < DELIVER_FLIPS_REMEMBERED; i++)
		if (deliver->flip[i].delivery_id == delivery_id)
			return ++deliver->flip[i].n;
	deliver->flip[deliver->flip_next] = (struct deliver_flip){ delivery_id, 1 };
	deliver->flip_next = (deliver->flip_next + 1) % DELIVER_FLIPS_REMEMBERED;
	return 1;
}

/* Of a batch that was answered. */
struct answered {
	struct deliver_account *account;
	const struct outbox_batch *batch;
	const struct klaviyo_verdict *verdict;
	int http_status;
	int64_t latency_ms;
	struct budget_row budget;
	double chance; /* one for all rows: what failed together is tried again together */
};

static void settle_retry(struct deliver *deliver, const struct answered *answered,
			 const struct delivery *delivery, struct delivery_settlement *out)
{
	struct retry_decision decision = outbox_policy_next(answered->account->preset, delivery->attempts + 1,
							    deliver->now_wall_ms, answered->chance);

	out->state = decision.failed ? DELIVERY_FAILED : DELIVERY_WAITING;
	out->due_ms = decision.due_ms;
	out->count_attempt = true;
}

/* Nothing says which row is to blame: the halves go again, at once. */
static void settle_split(const struct answered *answered, struct delivery_settlement *out)
{
	out->batch_max = (int)(answered->batch->n + 1) / 2;
}

/* The same rows failed together again and again: it may be one of them that Klaviyo chokes on. */
static bool is_suspect(const struct answered *answered, const struct delivery *delivery)
{
	return answered->verdict->outcome == OUTCOME_RETRY && answered->batch->n > 1 &&
	       delivery->attempts + 1 >= DELIVER_TOGETHER_MAX;
}

static void settle_flip(struct deliver *deliver, const struct answered *answered,
			const struct delivery *delivery, enum delivery_op op, struct delivery_settlement *out)
{
	if (count_flip(deliver, delivery->id) > DELIVER_FLIPS_MAX) {
		settle_retry(deliver, answered, delivery, out);
		return;
	}
	out->state = DELIVERY_READY;
	out->op = op;
	out->exists = op == DELIVERY_UPDATE;
}

static void settle_delivery(struct deliver *deliver, const struct answered *answered,
			    const struct delivery *delivery, const struct outcome_row *row,
			    struct delivery_settlement *out)
{
	*out = (struct delivery_settlement){
		.delivery_id = delivery->id,
		.state = DELIVERY_READY,
		.op = delivery->op,
		.batch_max = delivery->batch_max,
		.reason = row->reason.len > 0 ? row->reason : str_from(outcome_text(row->outcome)),
	};
	switch (row->outcome) {
	case OUTCOME_ACCEPTED:
	case OUTCOME_DONE:
		out->state = DELIVERY_ACCEPTED;
		out->exists = delivery->op != DELIVERY_DELETE;
		break;
	case OUTCOME_AS_UPDATE:
		settle_flip(deliver, answered, delivery, DELIVERY_UPDATE, out);
		out->body = row->body;
		break;
	case OUTCOME_AS_CREATE:
		settle_flip(deliver, answered, delivery, DELIVERY_CREATE, out);
		break;
	case OUTCOME_RETRY_AT:
		if (mutant_is(MUTANT_attempt_on_429))
			settle_retry(deliver, answered, delivery, out);
		break;
	case OUTCOME_BLOCKED:
	case OUTCOME_FORBIDDEN:
		/* Said of a row only: nothing was stopped, so it would come back at once. */
		if (answered->verdict->outcome != row->outcome)
			settle_retry(deliver, answered, delivery, out);
		break;
	case OUTCOME_JOB: /* a job without an id cannot be asked for */
	case OUTCOME_RETRY:
		if (is_suspect(answered, delivery))
			settle_split(answered, out);
		else
			settle_retry(deliver, answered, delivery, out);
		break;
	case OUTCOME_MENDED:
		out->body = row->body;
		break;
	case OUTCOME_SPLIT:
		settle_split(answered, out);
		if (mutant_is(MUTANT_dropped_on_split) && delivery->id % 2 == 0)
			out->state = DELIVERY_ACCEPTED;
		if (answered->batch->n == 1)
			out->state = DELIVERY_FAILED;
		break;
	case OUTCOME_REJECTED:
		out->state = DELIVERY_FAILED;
		break;
	}
}

static void count_settlements(const struct delivery_settlement *settlement, size_t n)
{
	size_t count[DELIVERY_SKIPPED + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[settlement[i].state]++;
	counter_add(COUNTER_deliveries_accepted, count[DELIVERY_ACCEPTED]);
	counter_add(COUNTER_deliveries_failed, count[DELIVERY_FAILED]);
	counter_add(COUNTER_deliveries_retried, count[DELIVERY_READY] + count[DELIVERY_WAITING]);
}

/* ---- one batch ---- */

static bool settle_batch(struct deliver *deliver, struct answered *answered, struct err *err)
{
	const struct outbox_batch *batch = answered->batch;
	struct arena arena;
	struct delivery_settlement *row;
	struct outbox_settlement settlement = {
		.batch_id = batch->id,
		.n = batch->n,
		.http_status = answered->http_status,
		.latency_ms = answered->latency_ms,
		.budget = answered->budget,
	};
	bool ok;

	arena_init(&arena);
	answered->chance = rand_unit(deliver->ctx->rand);
	row = ARENA_ARRAY(&arena, batch->n, struct delivery_settlement);
	for (size_t i = 0; i < batch->n; i++) {
		struct outcome_row whole = { .outcome = answered->verdict->outcome,
					     .reason = answered->verdict->reason };

		settle_delivery(deliver, answered, &batch->delivery[i],
				i < answered->verdict->n_row ? &answered->verdict->row[i] : &whole, &row[i]);
	}
	settlement.delivery = row;
	ok = db_outbox_settle(deliver->ctx->db, deliver->now_wall_ms, &settlement, err);
	if (ok)
		count_settlements(row, batch->n);
	arena_release(&arena);
	deliver_lanes_unblock(answered->account);
	deliver->lanes_stale = true;
	return ok ? ok : err_wrap(err, "settle batch %lld", (long long)batch->id);
}

bool flow_worth_retrying(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_FATAL || err->code == ERR_TOO_LARGE ||
	       err->code == ERR_UNREACHABLE;
}

static bool settle_send(struct deliver *deliver, struct deliver_send *send, struct err *err)
{
	struct answered answered = {
		.account = send->account,
		.batch = &send->batch,
		.verdict = &send->verdict,
		.http_status = send->http_status,
		.latency_ms = send->latency_ms,
	};

	if (send->verdict.outcome == OUTCOME_JOB && send->verdict.job_id.len > 0) {
		if (!db_outbox_job(deliver->ctx->db, deliver->now_wall_ms, send->batch.id,
				   send->verdict.job_id, err))
			return err_wrap(err, "save the job of batch %lld", (long long)send->batch.id);
		counter_add(COUNTER_klaviyo_jobs, 1);
		send->batch.job_id = send->verdict.job_id;
		deliver_job_add(deliver, send->account, &send->batch, send->endpoint, deliver->now_wall_ms);
		return true;
	}
	if (send->verdict.outcome == OUTCOME_RETRY && send->kind == KLAVIYO_CONSENT &&
	    send->op == DELIVERY_CREATE)
		deliver_lookups_doubt(send->account);
	if (send->verdict.retry_after_ms > 0)
		answered.budget =
			deliver_budget_row(send->deliver, send->account, send->endpoint, false, &send->arena);
	return settle_batch(deliver, &answered, err);
}

static bool settle_sends(struct deliver *deliver, size_t *n_done, struct err *err)
{
	if (!deliver_lookups_keep(deliver, err) || !deliver_silences_keep(deliver, err))
		return false;
	while (deliver->ended) {
		struct deliver_send *send = deliver->ended;
		bool ok = send->lookup != LOOKUP_NONE ? deliver_lookups_settle(deliver, send, err)
						      : settle_send(deliver, send, err);

		if (!ok && flow_worth_retrying(err))
			return false;
		deliver->ended = send->next;
		deliver_send_free(send);
		(*n_done)++;
		if (!ok)
			return false;
	}
	return true;
}

/* ---- jobs ---- */

static bool settle_job(struct deliver *deliver, struct deliver_job *job, struct err *err)
{
	struct answered answered = {
		.account = job->account,
		.batch = &job->batch,
		.verdict = &job->verdict,
		.http_status = job->http_status,
	};

	return settle_batch(deliver, &answered, err);
}

static bool settle_jobs(struct deliver *deliver, struct deliver_account *account, struct deliver_jobs *jobs,
			size_t *n_done, struct err *err)
{
	struct deliver_job **at = &jobs->first;

	while (*at) {
		struct deliver_job *job = *at;
		bool ok;

		if (!job->ended) {
			at = &job->next;
			continue;
		}
		ok = settle_job(deliver, job, err);
		if (!ok && flow_worth_retrying(err))
			return false;
		*at = job->next;
		jobs->n--;
		account->n_jobs--;
		deliver_job_free(job);
		(*n_done)++;
		if (!ok)
			return false;
	}
	return true;
}

bool deliver_settle_all(struct deliver *deliver, size_t *n_done, struct err *err)
{
	if (!settle_sends(deliver, n_done, err))
		return false;
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		for (enum klaviyo_kind kind = 0; account->n_jobs > 0 && kind < KLAVIYO_KIND_COUNT; kind++)
			for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
				if (!settle_jobs(deliver, account, &account->jobs[kind][op], n_done, err))
					return false;
	}
	return true;
}
