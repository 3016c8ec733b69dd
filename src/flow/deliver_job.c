/*
 * Bulk jobs: Klaviyo took them and works on them; what came of each row is known only when a job is complete.
 *
 * Does:    asks after 2 s, then when a job's age has grown by half, at least once a minute; when more than
 *          two jobs
 *          of a kind are open one question for the newest hundred serves them all.
 * Keeps:   a job's deliveries stay SENDING until it has ended here. A job that Klaviyo does not know, or
 *          that is not
 *          complete after half an hour, is given up: its deliveries are tried again.
 * Threads: the deliver role's; deliver_jobs_heed runs inside http_client_run.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/log.h"

#define POLL_FIRST_MS	   2000
#define POLL_MAX_MS	   (60 * MS_PER_S)
#define POLL_LIST_APART_MS 5000
#define LIST_FROM	   3
#define GIVE_UP_MS	   (30 * MS_PER_MIN)

static int64_t next_poll_ms(const struct deliver_job *job, int64_t now_ms)
{
	int64_t wait_ms = (now_ms - job->started_at_ms) / 2;

	if (wait_ms < POLL_FIRST_MS)
		wait_ms = POLL_FIRST_MS;
	return now_ms + (wait_ms < POLL_MAX_MS ? wait_ms : POLL_MAX_MS);
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
	job->poll_at_ms = age_ms > POLL_FIRST_MS ? deliver->now_ms : deliver->now_ms + POLL_FIRST_MS;
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

/* ---- the answer ---- */

/* Ended without a result: every row is to be tried again. */
static void give_up(struct deliver_job *job, struct str reason)
{
	struct outcome_row *row = ARENA_ARRAY(&job->arena, job->batch.n, struct outcome_row);

	for (size_t i = 0; i < job->batch.n; i++)
		row[i] = (struct outcome_row){ OUTCOME_RETRY, reason };
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

static void heed_job(struct deliver_job *job, bool list, int64_t now_ms, const struct http_answer *answer)
{
	enum job_state state = JOB_WORKING;

	klaviyo_job_outcome(job->endpoint, job->batch.delivery, job->batch.n, job->batch.job_id, list, answer,
			    &job->arena, &state, &job->verdict);
	job->http_status = answer->ok ? answer->status : 0;
	job->poll_at_ms = next_poll_ms(job, now_ms);
	switch (state) {
	case JOB_WORKING:
		break;
	case JOB_COMPLETE:
		job->ended = true;
		break;
	case JOB_CANCELLED:
		give_up(job, STR("Klaviyo cancelled the job"));
		break;
	case JOB_UNKNOWN:
		/* The list holds only the newest. */
		job->alone = list;
		job->poll_at_ms = now_ms;
		if (!list)
			give_up(job, STR("Klaviyo does not know the job"));
		break;
	}
}

/* Is it an answer about jobs? Otherwise it says something of the account or the connection only. */
static bool is_about_jobs(const struct http_answer *answer)
{
	return answer->ok && ((answer->status >= 200 && answer->status < 300) || answer->status == 404);
}

void deliver_jobs_heed(struct deliver_send *send, const struct http_answer *answer)
{
	struct deliver_jobs *jobs = &send->account->jobs[send->kind][send->op];
	bool list = send->job_id.len == 0;
	int64_t now_ms = clock_mono_ms(send->deliver->ctx->clock);

	jobs->polling = false;
	/* A poll is a request without rows: what it says of key, limits and health is read as of any. */
	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, &send->arena, &send->verdict);
	if (answer->ok && answer->status == 404)
		send->verdict.outcome = OUTCOME_ACCEPTED;
	deliver_account_heed(send, &send->verdict);
	for (struct deliver_job *job = jobs->first; job; job = job->next) {
		if (job->ended || (list ? job->alone : !str_eq(job->batch.job_id, send->job_id)))
			continue;
		if (is_about_jobs(answer))
			heed_job(job, list, now_ms, answer);
		else
			job->poll_at_ms = next_poll_ms(job, now_ms);
	}
}

/* ---- asking ---- */

static bool poll_budget_is_there(struct deliver *deliver, struct deliver_account *account,
				 enum endpoint endpoint)
{
	int64_t wait_ms = 0;

	if (budget_allows(&account->poll_budget[endpoint], deliver->now_wall_ms, &wait_ms))
		return true;
	deliver_wake_at(deliver, deliver->now_ms + wait_ms);
	return false;
}

/* The job whose turn it is, or NULL; *listed: how many the list could serve. */
static struct deliver_job *due_job(struct deliver *deliver, struct deliver_jobs *jobs, size_t *listed)
{
	struct deliver_job *due = NULL;

	*listed = 0;
	for (struct deliver_job *job = jobs->first; job; job = job->next) {
		if (job->ended)
			continue;
		*listed += !job->alone;
		if (deliver->now_ms - job->started_at_ms >= GIVE_UP_MS && !jobs->polling) {
			give_up(job, STR("the job was not complete after 30 minutes"));
			deliver_wake_at(deliver, deliver->now_ms);
			continue;
		}
		if (!due || job->poll_at_ms < due->poll_at_ms)
			due = job;
	}
	return due;
}

static void poll_jobs(struct deliver *deliver, struct deliver_account *account, enum klaviyo_kind kind,
		      enum delivery_op op)
{
	struct deliver_jobs *jobs = &account->jobs[kind][op];
	size_t listed;
	struct deliver_job *due = due_job(deliver, jobs, &listed);
	int64_t at_ms;
	bool list, probe;

	if (!due || jobs->polling)
		return;
	list = !due->alone && listed >= LIST_FROM;
	at_ms = due->poll_at_ms;
	if (list && jobs->polled_at_ms + POLL_LIST_APART_MS > at_ms && jobs->polled_at_ms > 0)
		at_ms = jobs->polled_at_ms + POLL_LIST_APART_MS;
	deliver_wake_at(deliver, at_ms);
	if (deliver->now_ms < at_ms || !deliver_account_allows(deliver, account, &probe) ||
	    !poll_budget_is_there(deliver, account, due->endpoint))
		return;
	jobs->polling = true;
	jobs->polled_at_ms = deliver->now_ms;
	deliver_send_poll(deliver, account, due->endpoint, kind, op,
			  list ? (struct str){ 0 } : due->batch.job_id);
}

void deliver_jobs_poll(struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		if (account->n_jobs == 0 || !account->known)
			continue;
		for (enum klaviyo_kind kind = 0; kind < KLAVIYO_KIND_COUNT; kind++)
			for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
				poll_jobs(deliver, account, kind, op);
	}
}
