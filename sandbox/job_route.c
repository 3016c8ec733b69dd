/*
 * The endpoints of bulk jobs: submit, list, get; nine kinds, each a row of the route table.
 *
 * Threads: the server's thread.
 */
#include "sandbox/gate.h"
#include "sandbox/render.h"


static void add_url(struct call *call, const struct job *job, const char *tail, struct strbuf *out)
{
	struct str base = query_base(call);

	strbuf_addf(out, "\"%.*s/api/%ss/%s%s\"", STR_ARG(base), kind_row(job->kind)->job_type[job->op],
		    job->id, tail);
}

static void add_counts(const struct job *job, bool complete, struct strbuf *out)
{
	size_t done = complete ? job->n_rows - job->n_failed : 0;

	strbuf_addf(out, "\"total_count\":%zu,\"completed_count\":%zu,\"failed_count\":%zu",
		    complete ? job->n_rows : 0, done, complete ? job->n_failed : 0);
}

/* Counts stay 0 and errors empty until the status is complete. */
static void add_attributes(const struct job *job, int64_t now_ms, struct strbuf *out)
{
	bool complete = job->state == JOB_COMPLETE;

	strbuf_addf(out, "\"status\":\"%s\"", job_status(job, now_ms));
	render_time("created_at", job->created_wall_ms, out);
	strbuf_add_char(out, ',');
	add_counts(job, complete, out);
	if (complete)
		render_time("completed_at", job->completed_wall_ms, out);
	else
		strbuf_add_text(out, ",\"completed_at\":null");
	render_time("expires_at", job->created_wall_ms + JOB_KEEP_MS, out);
	strbuf_add_text(out, ",\"errors\":");
	if (complete)
		json_write(job->errors, false, out);
	else
		strbuf_add_text(out, "[]");
}

static void add_done(const struct job *job, struct strbuf *out)
{
	strbuf_add_char(out, '[');
	for (size_t i = 0; job->state == JOB_COMPLETE && i < json_len(job->done); i++) {
		struct strbuf id;

		strbuf_init(&id, SIZE_MAX / 4);
		strbuf_add_text(&id, "$custom:::$default:::");
		strbuf_add_str(&id, json_text(json_at(job->done, i)));
		strbuf_addf(out, "%s{\"type\":\"%s\",\"id\":", i ? "," : "", kind_row(job->kind)->type);
		json_write_text(strbuf_str(&id), out);
		strbuf_add_char(out, '}');
		strbuf_release(&id);
	}
	strbuf_add_char(out, ']');
}

static void render_job(struct call *call, const struct job *job, struct strbuf *out)
{
	const struct kind_row *kind = kind_row(job->kind);
	struct str self = arena_printf(call->arena, "/relationships/%s", kind->plural);
	struct str related = arena_printf(call->arena, "/%s", kind->plural);

	strbuf_addf(out, "{\"type\":\"%s\",\"id\":\"%s\",\"attributes\":{", kind->job_type[job->op], job->id);
	add_attributes(job, sandbox_time_ms(call->sandbox), out);
	strbuf_addf(out, "},\"relationships\":{\"%s\":{\"data\":", kind->plural);
	add_done(job, out);
	strbuf_add_text(out, ",\"links\":{\"self\":");
	add_url(call, job, self.p, out);
	strbuf_add_text(out, ",\"related\":");
	add_url(call, job, related.p, out);
	strbuf_add_text(out, "}}},\"links\":{\"self\":");
	add_url(call, job, "", out);
	strbuf_add_text(out, "}}");
}

static void render_job_included(struct call *call, const struct job *job, const struct query *query,
				struct strbuf *out)
{
	bool first = true;

	strbuf_add_text(out, ",\"included\":[");
	for (size_t i = 0; job->state == JOB_COMPLETE && i < json_len(job->done); i++) {
		struct str external_id = json_text(json_at(job->done, i));
		struct entity *entity = catalog_find(&call->account->catalog, job->kind, external_id);

		if (!entity)
			continue;
		if (!first)
			strbuf_add_char(out, ',');
		first = false;
		render_entity(call, entity, query, out);
	}
	strbuf_add_char(out, ']');
}

static void reply_job(struct call *call, int status, const struct job *job, const struct query *query)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_job(call, job, &out);
	if (query->include) {
		struct query plain = *query;

		plain.include = false; /* of the job, not of its resources */
		render_job_included(call, job, &plain, &out);
	}
	strbuf_add_text(&out, ",\"links\":{\"self\":");
	add_url(call, job, "", &out);
	strbuf_add_text(&out, "}}");
	reply_take(call, status, &out);
}

static void refuse_job(struct call *call, int64_t wait_ms)
{
	struct journal_violation entry = {
		.kind = VIOLATION_TOO_MANY_JOBS, .request_number = call->number,
		.at_ms = sandbox_real_ms(call->sandbox),
	};
	int64_t wait_s = wait_ms < 1000 ? 1 : (wait_ms + 999) / 1000;

	for (size_t i = 0; i < sizeof(entry.key_last4); i++)
		entry.key_last4[i] = call->account->last4[i];
	journal_violation_add(&call->sandbox->journal, &entry, "%d jobs in progress", JOBS_IN_PROGRESS_MAX);
	gate_ask_silence(call, wait_s);
	error_add(&call->errors, ERROR_THROTTLED, STR("/data"),
		  "Request was throttled. At most %d jobs may be in progress.", JOBS_IN_PROGRESS_MAX);
}

void job_create(struct call *call)
{
	struct query query;
	struct job *job;
	int64_t wait_ms = 0;

	if (!query_read(call, &query))
		return;
	job = job_submit(call->sandbox, call->account, call->route->kind, call->route->op, call->body,
			 call->number, call->lost, &wait_ms);
	if (!job) {
		refuse_job(call, wait_ms);
		return;
	}
	call->body = NULL;
	reply_job(call, 202, job, &query);
}

void job_get(struct call *call)
{
	const struct job *job = table_find(&call->account->jobs.by_id, call->id);
	struct query query;

	if (!query_read(call, &query))
		return;
	if (!job || job->kind != call->route->kind || job->op != call->route->op) {
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "A job with the id `%.*s` does not exist.", STR_ARG(call->id));
		return;
	}
	reply_job(call, 200, job, &query);
}

static bool status_filter(struct call *call, const struct query *query, struct str *status)
{
	*status = (struct str){ 0 };
	for (size_t i = 0; i < query->filter.n; i++) {
		const struct filter_term *term = &query->filter.term[i];

		if (str_eq(term->op, STR("equals")) && str_eq(term->field, STR("status")) && !term->list)
			*status = term->value[0];
		else
			error_add_parameter(&call->errors, STR("filter"),
					    "'%.*s' is not a valid filter on '%.*s'.", STR_ARG(term->op),
					    STR_ARG(term->field));
	}
	return call->errors.n == 0;
}

/*
 * Writes at most a page of jobs behind the cursor; true if there are more, *last is the number of the last.
 */
static bool render_jobs(struct call *call, const struct query *query, struct str status, int64_t *last,
			struct strbuf *out)
{
	const struct job_list *list = &call->account->jobs.list[call->route->kind][call->route->op];
	int64_t now_ms = sandbox_time_ms(call->sandbox);
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct job *job = list->job[i];

		if ((query->has_cursor && job->number <= query->cursor) ||
		    (status.p && !str_eq(status, str_from(job_status(job, now_ms)))))
			continue;
		if (n == JOB_PAGE)
			return true;
		if (n++ > 0)
			strbuf_add_char(out, ',');
		render_job(call, job, out);
		*last = job->number;
	}
	return false;
}

void job_list(struct call *call)
{
	struct query query;
	struct str status;
	struct strbuf out;
	int64_t last = 0;
	bool more;

	if (!query_read(call, &query) || !status_filter(call, &query, &status))
		return;
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	more = render_jobs(call, &query, status, &last, &out);
	strbuf_add_text(&out, "],\"links\":");
	query_render_links(call, &query, more, last, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}
