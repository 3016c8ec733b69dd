/*
 * The fake Klaviyo's bulk jobs. One thread.
 */
#include "support/fake_klaviyo_internal.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

void fake_job_start(struct change *change, const char *op, const struct json *body, struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = change->klaviyo;
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");
	struct job *job;

	klaviyo->job = mem_resize(klaviyo->job, (klaviyo->n_job + 1) * sizeof(*klaviyo->job));
	job = &klaviyo->job[klaviyo->n_job++];
	*job = (struct job){
		.key = fake_text_copy(change->key),
		.kind = change->kind,
		.rows = json_clone(
			json_get(json_get(attributes, fake_kind_row[change->kind].plural), "data")),
		.created_ms = clock_wall_ms(klaviyo->clock),
	};
	(void)snprintf(job->id, sizeof(job->id), "job%zu", klaviyo->n_job);
	(void)snprintf(job->op, sizeof(job->op), "%s", op);
	strbuf_init(&job->errors, 1 << 20);
	reply->status = 202;
	reply->body = arena_printf(change->arena, "{\"data\":{\"type\":\"job\",\"id\":\"%s\"}}", job->id);
}

static void complete_job(struct fake_klaviyo *klaviyo, struct job *job, struct arena *arena)
{
	struct change change = { klaviyo, str_from(job->key), job->kind, arena, 0 };

	if (job->complete || clock_wall_ms(klaviyo->clock) - job->created_ms < klaviyo->job_ms)
		return;
	job->complete = true;
	for (size_t i = 0; i < json_len(job->rows); i++) {
		struct str error = fake_row_apply(&change, job->op, json_at(job->rows, i));

		if (error.len == 0)
			continue;
		strbuf_add_text(&job->errors, job->n_failed++ > 0 ? "," : "");
		strbuf_add_str(&job->errors, fake_error_object(arena, change.status, error));
	}
}

static void write_job(const struct job *job, struct strbuf *out)
{
	size_t n = job->complete ? json_len(job->rows) : 0;

	strbuf_addf(out,
		    "{\"type\":\"job\",\"id\":\"%s\",\"attributes\":{\"status\":\"%s\",\"total_count\":%zu,"
		    "\"completed_count\":%zu,\"failed_count\":%zu,\"errors\":[",
		    job->id, job->complete ? "complete" : "processing", n, n - job->n_failed, job->n_failed);
	strbuf_add_str(out, strbuf_str(&job->errors));
	strbuf_add_text(out, "]}}");
}

static bool is_listed(const struct job *job, const struct change *change, const char *op, struct str id)
{
	return str_eq(str_from(job->key), change->key) && job->kind == change->kind &&
	       strcmp(job->op, op) == 0 && (id.len == 0 || str_eq(id, str_from(job->id)));
}

/* "?page=7": the jobs behind the 7th */
static size_t page_start(struct str query)
{
	int64_t start = 0;

	if (str_starts(query, STR("page=")))
		(void)str_to_int64(str_skip(query, 5), &start);
	return (size_t)start;
}

void fake_job_list(struct change *change, const char *op, struct str query, struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = change->klaviyo;
	struct strbuf out;
	size_t n = 0, at;

	strbuf_init(&out, 16 << 20);
	strbuf_add_text(&out, "{\"data\":[");
	for (at = page_start(query); at < klaviyo->n_job; at++) {
		struct job *job = &klaviyo->job[klaviyo->job_page ? at : klaviyo->n_job - 1 - at];

		if (!is_listed(job, change, op, (struct str){ 0 }))
			continue;
		if (klaviyo->job_page && n == klaviyo->job_page)
			break;
		complete_job(klaviyo, job, change->arena);
		strbuf_add_text(&out, n++ > 0 ? "," : "");
		write_job(job, &out);
	}
	strbuf_add_text(&out, "],\"links\":{\"next\":");
	if (at < klaviyo->n_job)
		strbuf_addf(&out, "\"https://a.klaviyo.example/x?page=%zu\"}}", at);
	else
		strbuf_add_text(&out, "null}}");
	reply->status = 200;
	reply->body = arena_dup(change->arena, strbuf_str(&out));
	strbuf_release(&out);
}

void fake_job_poll(struct change *change, const char *op, struct str id, struct fake_reply *reply)
{
	struct strbuf out;

	for (size_t i = 0; i < change->klaviyo->n_job; i++) {
		struct job *job = &change->klaviyo->job[i];

		if (!is_listed(job, change, op, id))
			continue;
		complete_job(change->klaviyo, job, change->arena);
		strbuf_init(&out, 16 << 20);
		strbuf_add_text(&out, "{\"data\":");
		write_job(job, &out);
		strbuf_add_char(&out, '}');
		reply->status = 200;
		reply->body = arena_dup(change->arena, strbuf_str(&out));
		strbuf_release(&out);
		return;
	}
	fake_error_reply(reply, change->arena, 404, STR("no such job"));
}
