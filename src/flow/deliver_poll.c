/*
 * Asking for bulk jobs: one by its id while few are open, else the list, which serves them all.
 *
 * Does:    reads the list page by page until all open jobs were seen. Klaviyo does not say in which order
 *          it lists, and it keeps jobs for a week: a reading begins on the page where the oldest open job
 *          was seen the last time. What the list does not show is asked for by its id.
 * Keeps:   one question at a time for each account, kind and op.
 * Threads: the deliver role's; deliver_poll_heed runs inside http_client_run.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "klaviyo/page.h"

#define LIST_FROM     3
#define LIST_APART_MS 2000
#define PAGES_MAX     20
#define GIVE_UP_MS    (30 * MS_PER_MIN)

/* ---- asking ---- */

/* The job whose turn it is, or NULL; *listed: how many the list could serve. */
static struct deliver_job *due_job(struct deliver *deliver, struct deliver_jobs *jobs, size_t *listed)
{
	struct deliver_job *due = NULL;

	*listed = 0;
	for (struct deliver_job *job = jobs->first; job; job = job->next) {
		if (job->ended)
			continue;
		if (deliver->now_ms - job->started_at_ms >= GIVE_UP_MS && !jobs->polling) {
			deliver_job_give_up(job, STR("the job was not complete after 30 minutes"));
			deliver_wake_at(deliver, deliver->now_ms);
			continue;
		}
		*listed += !job->alone;
		if (!due || job->poll_at_ms < due->poll_at_ms)
			due = job;
	}
	return due;
}

static char *copy_or_null(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

/* The page to read now: the next one of this reading, or where a new reading begins. */
static struct str turn_page(struct deliver_jobs *jobs)
{
	mem_free(jobs->page);
	if (jobs->next_page) {
		jobs->page = jobs->next_page;
		jobs->next_page = NULL;
	} else {
		jobs->page = copy_or_null(jobs->first_page);
		jobs->whole = !jobs->first_page;
		jobs->reading++;
		jobs->pages = 0;
	}
	jobs->pages++;
	return str_from(jobs->page);
}

/* False: what is used could not be kept. */
static bool take_budget(struct deliver *deliver, struct deliver_account *account, enum endpoint endpoint)
{
	struct cursor_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena);
	budget_take(deliver_budget(account, endpoint, true), deliver->now_ms);
	row = deliver_budget_cursor(deliver, account, endpoint, true, &arena);
	ok = deliver_budgets_keep(deliver, &row, 1);
	arena_release(&arena);
	return ok;
}

static void ask(struct deliver *deliver, struct deliver_account *account, struct deliver_jobs *jobs,
		const struct deliver_job *due, bool list)
{
	struct deliver_question question = {
		.account = account,
		.endpoint = due->endpoint,
		.kind = due->batch.delivery[0].kind,
		.op = due->batch.delivery[0].op,
		.job_id = list ? (struct str){ 0 } : due->batch.job_id,
		.page = list ? turn_page(jobs) : (struct str){ 0 },
	};

	jobs->polled_at_ms = deliver->now_ms;
	jobs->polling = take_budget(deliver, account, due->endpoint);
	if (jobs->polling)
		deliver_send_poll(deliver, &question);
}

static void poll_jobs(struct deliver *deliver, struct deliver_account *account, struct deliver_jobs *jobs)
{
	size_t listed;
	const struct deliver_job *due = due_job(deliver, jobs, &listed);
	bool list, probe;
	int64_t at_ms;

	if (!due || jobs->polling)
		return;
	list = jobs->next_page || (!due->alone && listed >= LIST_FROM);
	at_ms = jobs->next_page ? deliver->now_ms : due->poll_at_ms;
	if (list && !jobs->next_page && jobs->pages > 0 && at_ms < jobs->polled_at_ms + LIST_APART_MS)
		at_ms = jobs->polled_at_ms + LIST_APART_MS;
	if (deliver->now_ms < at_ms) {
		deliver_wake_at(deliver, at_ms);
		return;
	}
	if (deliver_gate_passes(deliver, account, endpoint_row(due->endpoint)->family, &probe) &&
	    deliver_budget_allows(deliver, account, due->endpoint, true))
		ask(deliver, account, jobs, due, list);
}

void deliver_poll(struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];

		for (enum klaviyo_kind kind = 0; account->n_jobs > 0 && kind < KLAVIYO_KIND_COUNT; kind++)
			for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
				poll_jobs(deliver, account, &account->jobs[kind][op]);
	}
}

/* ---- the answer ---- */

/* Is it an answer about jobs? Otherwise it says something of the account or the connection only. */
static bool is_about_jobs(const struct http_answer *answer)
{
	return answer->ok && ((answer->status >= 200 && answer->status < 300) || answer->status == 404);
}

/* The list could not be read: later, and from its beginning. */
static void heed_failure(struct deliver_jobs *jobs, int64_t now_ms)
{
	mem_free(jobs->next_page);
	mem_free(jobs->first_page);
	jobs->next_page = jobs->first_page = NULL;
	for (struct deliver_job *job = jobs->first; job; job = job->next)
		if (!job->ended && job->poll_at_ms <= now_ms)
			deliver_job_defer(job, now_ms);
}

static void heed_one(struct deliver_jobs *jobs, struct str job_id, int64_t now_ms,
		     const struct http_answer *answer)
{
	for (struct deliver_job *job = jobs->first; job; job = job->next)
		if (!job->ended && str_eq(job->batch.job_id, job_id))
			(void)deliver_job_heed(jobs, job, false, now_ms, answer);
}

/* The page shows an open job that no page before it showed: the next reading begins here. */
static void note_first_page(struct deliver_jobs *jobs)
{
	mem_free(jobs->first_page);
	jobs->first_page = copy_or_null(jobs->page);
}

/* Reads one page; how many open jobs were not seen on it or those before. */
static size_t heed_page(struct deliver_jobs *jobs, int64_t now_ms, const struct http_answer *answer)
{
	size_t unseen = 0;
	bool first = true;

	for (struct deliver_job *job = jobs->first; job; job = job->next) {
		if (job->ended || job->alone || job->listed == jobs->reading) {
			first &= job->ended || job->alone;
			continue;
		}
		if (!deliver_job_heed(jobs, job, true, now_ms, answer)) {
			unseen++;
			continue;
		}
		job->listed = jobs->reading;
		if (first && !job->ended)
			note_first_page(jobs);
		first &= job->ended;
	}
	return unseen;
}

/* The reading is over: what it did not show is asked for by its id. */
static void end_reading(struct deliver_jobs *jobs, int64_t now_ms)
{
	for (struct deliver_job *job = jobs->first; job; job = job->next) {
		if (job->ended || job->alone || job->listed == jobs->reading)
			continue;
		if (jobs->whole)
			job->alone = true;
		else
			deliver_job_defer(job, now_ms);
	}
	if (jobs->whole)
		return;
	/* It may have begun too far behind. */
	mem_free(jobs->first_page);
	jobs->first_page = NULL;
}

static void heed_list(struct deliver_jobs *jobs, int64_t now_ms, const struct http_answer *answer,
		      struct arena *arena)
{
	struct str next;

	if (heed_page(jobs, now_ms, answer) == 0)
		return;
	next = klaviyo_page_next(answer, arena);
	if (next.len > 0 && jobs->pages < PAGES_MAX)
		jobs->next_page = mem_strdup(next.p);
	else
		end_reading(jobs, now_ms);
}

void deliver_poll_heed(struct deliver_send *send, const struct http_answer *answer)
{
	struct deliver_jobs *jobs = &send->account->jobs[send->kind][send->op];
	int64_t now_ms = clock_mono_ms(send->deliver->ctx->clock);

	jobs->polling = false;
	/* A poll is a request without rows: what it says of key, limits and health is read as of any. */
	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, &send->arena, &send->verdict);
	if (answer->ok && answer->status == 404)
		send->verdict.outcome = OUTCOME_ACCEPTED;
	deliver_account_heed(send, &send->verdict);
	if (!is_about_jobs(answer))
		heed_failure(jobs, now_ms);
	else if (send->job_id.len > 0)
		heed_one(jobs, send->job_id, now_ms, answer);
	else
		heed_list(jobs, now_ms, answer, &send->arena);
}
