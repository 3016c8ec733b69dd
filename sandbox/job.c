/*
 * Bulk jobs: waiting, taking effect, being complete.
 *
 * Does:    applies the rows of a job through change.c when its time has come; row errors do not stop it.
 * Doesn't: answer requests (job_route.c). Nothing runs by itself: whoever is about to look calls
 *          jobs_advance.
 * Keeps:   due times of one kind never go back, so effects of one kind come in the order of submission.
 * Threads: the server's thread.
 */
#include "sandbox/job.h"

#include "base/alloc.h"
#include "sandbox/change.h"
#include "sandbox/ident.h"
#include "sandbox/trace.h"

#include <string.h>

#define JOB_MS_ITEMS 30000
#define JOB_MS_OTHERS 12000
#define JOB_MS_UNLIMITED 200

static void job_free(struct job *job)
{
	json_free(job->body);
	json_free(job->errors);
	json_free(job->done);
	mem_free(job);
}

static void list_append(struct job_list *list, struct job *job)
{
	if (list->n == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->job = mem_resize(list->job, list->capacity * sizeof(*list->job));
	}
	list->job[list->n++] = job;
}

void jobs_release(struct jobs *jobs)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		for (size_t o = 0; o < OP_COUNT; o++) {
			for (size_t i = 0; i < jobs->list[k][o].n; i++)
				job_free(jobs->list[k][o].job[i]);
			mem_free(jobs->list[k][o].job);
		}
	}
	mem_free(jobs->in_progress.job);
	table_release(&jobs->by_id);
	*jobs = (struct jobs){ 0 };
}

/* ---- rows ---- */

const struct json *job_rows(const struct json *body, enum kind kind)
{
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");

	return json_get(json_get(attributes, kind_row(kind)->plural), "data");
}

struct str row_external_id(const struct json *row)
{
	struct str external_id = json_get_text(json_get(row, "attributes"), "external_id");

	if (external_id.len == 0)
		(void)shape_catalog_id(json_get_text(row, "id"), &external_id);
	return external_id;
}

static void mark_rows(struct account *account, const struct job *job, int by)
{
	for (size_t i = 0; i < job->n_rows; i++)
		trace_get(&account->traces, job->kind, row_external_id(json_at(job->rows, i)))
			->jobs_in_progress += by;
}

/* ---- effect ---- */

static void add_error(struct sandbox *sandbox, struct job *job, const struct error_entry *refusal)
{
	char id[ERROR_ID_BYTES];
	struct json *error = json_new_object();
	struct json *source = json_new_object();

	error_id(sandbox->rand, id);
	json_set(error, "id", json_new_text(str_from(id)));
	json_set(error, "code", json_new_text(str_from(error_code(refusal->kind))));
	json_set(error, "title", json_new_text(str_from(error_title(refusal->kind))));
	json_set(error, "detail", json_new_text(refusal->detail));
	json_set(source, "pointer", json_new_text(STR("/data")));
	json_set(error, "source", source);
	json_append(job->errors, error);
	job->n_failed++;
}

static bool apply_row(struct sandbox *sandbox, struct account *account, struct job *job,
		      const struct json *row, struct arena *arena, struct error_entry *refusal)
{
	struct change change = {
		.sandbox = sandbox, .account = account, .kind = job->kind, .op = job->op, .row = row,
		.request_number = job->request_number, .by_job = true, .arena = arena,
	};
	struct str external_id = row_external_id(row);

	if (texts_has(&sandbox->knobs.job_fail_external_id, external_id))
		return error_refuse(
			refusal, ERROR_SERVER, STR("/data"),
			arena_printf(arena,
				     "%s with the id `$custom:::$default:::%.*s` could not be processed.",
				     kind_row(job->kind)->noun, STR_ARG(external_id)));
	if (change_apply(&change))
		return true;
	*refusal = change.refusal;
	return false;
}

static void apply(struct sandbox *sandbox, struct account *account, struct job *job)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < job->n_rows; i++) {
		const struct json *row = json_at(job->rows, i);
		struct error_entry refusal;

		if (apply_row(sandbox, account, job, row, &arena, &refusal))
			json_append(job->done, json_new_text(row_external_id(row)));
		else
			add_error(sandbox, job, &refusal);
		arena_reset(&arena);
	}
	arena_release(&arena);
	job->state = JOB_APPLIED;
}

static void complete(const struct sandbox *sandbox, struct account *account, struct job *job)
{
	struct job_list *list = &account->jobs.in_progress;
	size_t i = 0;

	mark_rows(account, job, -1);
	job->state = JOB_COMPLETE;
	job->completed_wall_ms = job->created_wall_ms +
				 (int64_t)((double)(job->visible_ms - job->created_ms) / sandbox->time_scale);
	json_free(job->body);
	job->body = NULL;
	job->rows = NULL;
	while (list->job[i] != job)
		i++;
	memmove(&list->job[i], &list->job[i + 1], (list->n - i - 1) * sizeof(*list->job));
	list->n--;
}

static int64_t job_next_ms(const struct job *job)
{
	return job->state == JOB_WAITING ? job->due_ms : job->visible_ms;
}

/* The job to which something happens next; of several at once the one submitted first. */
static struct job *next_job(const struct jobs *jobs)
{
	struct job *next = NULL;

	for (size_t i = 0; i < jobs->in_progress.n; i++) {
		struct job *job = jobs->in_progress.job[i];

		if (!next || job_next_ms(job) < job_next_ms(next))
			next = job;
	}
	return next;
}

/* Jobs that expired are forgotten; they are the first of their lists. */
static void forget_expired(struct jobs *jobs, int64_t now_ms)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		for (size_t o = 0; o < OP_COUNT; o++) {
			struct job_list *list = &jobs->list[k][o];
			size_t n = 0;

			while (n < list->n && list->job[n]->state == JOB_COMPLETE &&
			       list->job[n]->created_ms + JOB_KEEP_MS <= now_ms) {
				(void)table_remove(&jobs->by_id, str_from(list->job[n]->id));
				job_free(list->job[n++]);
			}
			if (n > 0)
				memmove(list->job, list->job + n, (list->n - n) * sizeof(*list->job));
			list->n -= n;
		}
	}
}

void jobs_advance(struct sandbox *sandbox, struct account *account)
{
	struct jobs *jobs = &account->jobs;
	int64_t now_ms = sandbox_time_ms(sandbox);
	struct job *job;

	forget_expired(jobs, now_ms);
	if (jobs->in_progress.n == 0 || now_ms < jobs->next_ms)
		return;
	while ((job = next_job(jobs)) != NULL && job_next_ms(job) <= now_ms) {
		if (job->state == JOB_WAITING)
			apply(sandbox, account, job);
		else
			complete(sandbox, account, job);
	}
	if (job)
		jobs->next_ms = job_next_ms(job);
}

const char *job_status(const struct job *job, int64_t now_ms)
{
	if (job->state == JOB_COMPLETE)
		return "complete";
	/* Some jobs are seen queued at first, others never. */
	if (job->number % 2 == 0 && now_ms < job->created_ms + (job->due_ms - job->created_ms) / 8)
		return "queued";
	return "processing";
}

/* ---- submission ---- */

static int64_t duration_ms(const struct sandbox *sandbox, enum kind kind)
{
	if (sandbox->knobs.job_ms >= 0)
		return sandbox->knobs.job_ms;
	if (!sandbox->knobs.limits)
		return JOB_MS_UNLIMITED;
	return kind == KIND_ITEM ? JOB_MS_ITEMS : JOB_MS_OTHERS;
}

static void set_times(struct sandbox *sandbox, struct jobs *jobs, struct job *job)
{
	job->created_wall_ms = sandbox_wall_ms(sandbox);
	job->created_ms = sandbox_time_ms(sandbox);
	job->due_ms = job->created_ms + duration_ms(sandbox, job->kind);
	if (job->due_ms < jobs->last_due_ms[job->kind])
		job->due_ms = jobs->last_due_ms[job->kind];
	jobs->last_due_ms[job->kind] = job->due_ms;
	job->visible_ms = job->due_ms + sandbox->knobs.job_status_lag_ms;
	if (jobs->in_progress.n == 0 || job->due_ms < jobs->next_ms)
		jobs->next_ms = job->due_ms;
}

static void check_rows(struct sandbox *sandbox, struct account *account, const struct job *job, bool lost)
{
	for (size_t i = 0; i < job->n_rows; i++) {
		struct str external_id = row_external_id(json_at(job->rows, i));
		struct trace *trace = trace_get(&account->traces, job->kind, external_id);

		change_check_overlap(sandbox, account, job->kind, external_id, job->request_number);
		trace->jobs_in_progress++;
		if (lost)
			trace->excuse_after = job->request_number;
	}
}

struct job *job_submit(struct sandbox *sandbox, struct account *account, enum kind kind, enum op op,
		       struct json *body, int64_t request_number, bool lost, int64_t *wait_ms)
{
	struct jobs *jobs = &account->jobs;
	struct job *job;

	if (jobs->in_progress.n >= JOBS_IN_PROGRESS_MAX) {
		*wait_ms = jobs->next_ms - sandbox_time_ms(sandbox);
		return NULL;
	}
	job = mem_zalloc(1, sizeof(*job));
	*job = (struct job){
		.number = ++jobs->last_number, .kind = kind, .op = op, .request_number = request_number,
		.body = body, .rows = job_rows(body, kind), .n_rows = json_len(job_rows(body, kind)),
		.errors = json_new_array(), .done = json_new_array(),
	};
	ident_long(sandbox->rand, sandbox_wall_ms(sandbox), job->id);
	set_times(sandbox, jobs, job);
	check_rows(sandbox, account, job, lost);
	list_append(&jobs->list[kind][op], job);
	list_append(&jobs->in_progress, job);
	table_put(&jobs->by_id, str_from(job->id), job);
	return job;
}
