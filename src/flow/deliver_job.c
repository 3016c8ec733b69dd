/*
 * Bulk jobs: Klaviyo took them and works on them; what came of each row is known only when a job is complete.
 *
 * Does:    keeps the open jobs and says when each is to be asked for: after 2 s, then whenever its age has
 *          doubled, at least once a minute; once it is known how long jobs of its kind take, first after that
 *          time.
 * Doesn't: ask (deliver_poll.c) or settle (deliver_settle.c).
 * Keeps:   a job's deliveries stay SENDING until it has ended here. A job that Klaviyo does not know, or that
 *          is not complete after half an hour, is given up: its deliveries are tried again.
 * Threads: the deliver role's; deliver_job_heed runs inside http_client_run.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/log.h"

#define POLL_FIRST_MS 2000
#define POLL_MAX_MS   (60 * MS_PER_S)

static int64_t between(int64_t low, int64_t value, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* How long jobs like these take: those of the same kind and op, else of the same kind; 0 = not known. */
static int64_t usual_ms(const struct deliver_account *account, enum klaviyo_kind kind, enum delivery_op op)
{
	int64_t usual_ms = account->jobs[kind][op].usual_ms;

	for (enum delivery_op other = 0; usual_ms == 0 && other < DELIVERY_OP_COUNT; other++)
		usual_ms = account->jobs[kind][other].usual_ms;
	return usual_ms;
}

static int64_t job_usual_ms(const struct deliver_job *job)
{
	return usual_ms(job->account, job->batch.delivery[0].kind, job->batch.delivery[0].op);
}

void deliver_job_defer(struct deliver_job *job, int64_t now_ms)
{
	int64_t wait_ms = now_ms - job->started_at_ms;

	/* Late already, so it will not take much longer. */
	if (job_usual_ms(job) > 0)
		wait_ms /= 4;
	job->poll_at_ms = now_ms + between(POLL_FIRST_MS, wait_ms, POLL_MAX_MS);
}

/*
 * A job is complete: how long do they take? It ended between the last two questions. If already the first
 * question found it complete it may have been asked too late, so the next one comes a little earlier.
 */
static void learn(struct deliver_jobs *jobs, const struct deliver_job *job, int64_t now_ms)
{
	int64_t age_ms = now_ms - job->started_at_ms;

	jobs->usual_ms = job->polls <= 1 ? age_ms - age_ms / 10 : age_ms;
}

void deliver_job_add(struct deliver *deliver, struct deliver_account *account,
		     const struct outbox_batch *batch, enum endpoint endpoint, int64_t started_wall_ms)
{
	struct deliver_jobs *jobs = &account->jobs[batch->delivery[0].kind][batch->delivery[0].op];
	struct deliver_job *job = mem_zalloc(1, sizeof(*job));
	struct deliver_job **at = &jobs->first;
	int64_t age_ms = deliver->now_wall_ms - started_wall_ms;

	arena_init(&job->arena);
	deliver_batch_copy(batch, &job->arena, &job->batch);
	job->account = account;
	job->endpoint = endpoint;
	job->started_at_ms = deliver->now_ms - (age_ms > 0 ? age_ms : 0);
	/* An old job, after a restart, is asked for at once. */
	job->poll_at_ms = deliver->now_ms;
	if (age_ms < POLL_FIRST_MS)
		job->poll_at_ms += between(POLL_FIRST_MS, job_usual_ms(job), POLL_MAX_MS);
	while (*at)
		at = &(*at)->next;
	*at = job;
	jobs->n++;
	account->n_jobs++;
}

void deliver_job_free(struct deliver_job *job)
{
	arena_release(&job->arena);
	mem_free(job);
}

void deliver_jobs_release(struct deliver_jobs *jobs)
{
	while (jobs->first) {
		struct deliver_job *job = jobs->first;

		jobs->first = job->next;
		deliver_job_free(job);
	}
	mem_free(jobs->page);
	mem_free(jobs->next_page);
	mem_free(jobs->first_page);
}

/* ---- how a job ends ---- */

void deliver_job_give_up(struct deliver_job *job, struct str reason)
{
	struct outcome_row *row = ARENA_ARRAY(&job->arena, job->batch.n, struct outcome_row);

	for (size_t i = 0; i < job->batch.n; i++)
		row[i] = (struct outcome_row){ .outcome = OUTCOME_RETRY, .reason = reason };
	job->verdict = (struct klaviyo_verdict){
		.outcome = OUTCOME_RETRY,
		.reason = reason,
		.row = row,
		.n_row = job->batch.n,
		.rate_remaining = -1,
	};
	job->ended = true;
	log_warn("deliver", "account=%s job=%.*s given up: %.*s", job->account->name,
		 STR_ARG(job->batch.job_id), STR_ARG(reason));
}

bool deliver_job_heed(struct deliver_jobs *jobs, struct deliver_job *job, bool list, int64_t now_ms,
		      const struct http_answer *answer)
{
	enum job_state state = JOB_WORKING;

	klaviyo_job_outcome(job->endpoint, job->batch.delivery, job->batch.n, job->batch.job_id, list, answer,
			    &job->arena, &state, &job->verdict);
	if (state == JOB_UNKNOWN && list)
		return false;
	job->http_status = answer->ok ? answer->status : 0;
	job->polls++;
	switch (state) {
	case JOB_WORKING:
		deliver_job_defer(job, now_ms);
		break;
	case JOB_COMPLETE:
		learn(jobs, job, now_ms);
		job->ended = true;
		break;
	case JOB_CANCELLED:
		deliver_job_give_up(job, STR("Klaviyo cancelled the job"));
		break;
	case JOB_UNKNOWN:
		deliver_job_give_up(job, STR("Klaviyo does not know the job"));
		break;
	}
	return true;
}
