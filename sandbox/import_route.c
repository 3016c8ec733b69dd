/*
 * The endpoints of bulk imports: submit, list, get, and the rows that failed.
 *
 * Threads: the server's thread.
 */
#include "sandbox/body.h"
#include "sandbox/profile_change.h"
#include "sandbox/profile_render.h"
#include "sandbox/render.h"
#include "sandbox/sort_page.h"

#include "net/url.h"

#define JOB_KEPT_MS (7 * MS_PER_DAY)

static void add_url(struct call *call, const struct import_job *job, const char *tail, struct strbuf *out)
{
	struct str base = query_base(call);
	struct strbuf url;

	strbuf_init(&url, 2000);
	strbuf_addf(&url, "%.*s/api/profile-bulk-import-jobs/", STR_ARG(base));
	url_encode(str_from(job->id), "", &url);
	strbuf_add_text(&url, tail);
	json_write_text(strbuf_str(&url), out);
	strbuf_release(&url);
}

/* Counts stay 0 until the status is complete, but for the total. */
static void add_attributes(struct call *call, const struct import_job *job, struct strbuf *out)
{
	bool complete = job->state == IMPORT_COMPLETE;
	size_t failed = complete ? json_len(job->errors) : 0;
	const char *status = import_status(job, sandbox_time_ms(call->sandbox));
	bool started = !str_eq(str_from(status), STR("queued"));

	strbuf_addf(out, "\"status\":\"%s\"", status);
	render_time("created_at", job->created_wall_ms, out);
	strbuf_addf(out, ",\"total_count\":%zu,\"completed_count\":%zu,\"failed_count\":%zu",
		    complete ? job->n_rows : 0, complete ? job->n_rows - failed : 0, failed);
	render_time_or_null("completed_at", complete ? job->completed_wall_ms : 0, out);
	render_time("expires_at", job->created_wall_ms + JOB_KEPT_MS, out);
	render_time_or_null("started_at", started ? job->created_wall_ms : 0, out);
}

static void add_lists(struct call *call, const struct import_job *job, struct strbuf *out)
{
	strbuf_add_text(out, "\"lists\":{\"data\":[");
	for (size_t i = 0; i < json_len(job->lists); i++)
		strbuf_addf(out, "%s{\"type\":\"list\",\"id\":\"%.*s\"}", i ? "," : "",
			    STR_ARG(json_text(json_at(job->lists, i))));
	strbuf_add_text(out, "],\"links\":{\"self\":");
	add_url(call, job, "/relationships/lists", out);
	strbuf_add_text(out, ",\"related\":");
	add_url(call, job, "/lists", out);
	strbuf_add_text(out, "}}");
}

static void render_import(struct call *call, const struct import_job *job, struct strbuf *out)
{
	strbuf_addf(out, "{\"type\":\"profile-bulk-import-job\",\"id\":\"%s\",\"attributes\":{", job->id);
	add_attributes(call, job, out);
	strbuf_add_text(out, "},\"relationships\":{");
	add_lists(call, job, out);
	strbuf_add_text(out, ",\"profiles\":{\"links\":{\"self\":");
	add_url(call, job, "/relationships/profiles", out);
	strbuf_add_text(out, ",\"related\":");
	add_url(call, job, "/profiles", out);
	strbuf_add_text(out, "}},\"import-errors\":{\"links\":{\"related\":");
	add_url(call, job, "/import-errors", out);
	strbuf_add_text(out, "}}},\"links\":{\"self\":");
	add_url(call, job, "", out);
	strbuf_add_text(out, "}}");
}

static void add_included(struct call *call, const struct import_job *job, const struct query *query,
			 struct strbuf *out)
{
	const struct profile_lists *lists = &call->account->people.lists;

	strbuf_add_text(out, ",\"included\":[");
	for (size_t i = 0; i < json_len(job->lists); i++) {
		strbuf_add_text(out, i ? "," : "");
		render_list(call, profile_list_find(lists, json_text(json_at(job->lists, i))), query, out);
	}
	strbuf_add_char(out, ']');
}

static void reply_import(struct call *call, int status, const struct import_job *job,
			 const struct query *query)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_import(call, job, &out);
	if (query->include)
		add_included(call, job, query, &out);
	strbuf_add_text(&out, ",\"links\":{\"self\":");
	add_url(call, job, "", &out);
	strbuf_add_text(&out, "}}");
	reply_take(call, status, &out);
}

/* ---- submit ---- */

static void check_row(struct call *call, const struct json *data, size_t i)
{
	struct profile_row row = profile_row_read(data);
	struct str pointer = arena_printf(call->arena, "/data/attributes/profiles/data/%zu", i);

	(void)profile_row_check(call->sandbox, &row, pointer, PROFILE_BYTES_MAX, &call->errors);
	if (!profile_row_names(&row))
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/attributes", STR_ARG(pointer)),
			  "One or more of the identifiers id, email, phone_number, external_id is required.");
}

static void check_lists(struct call *call, const struct json *links)
{
	for (size_t i = 0; i < json_len(links); i++) {
		struct str id = json_get_text(json_at(links, i), "id");

		if (!profile_list_find(&call->account->people.lists, id))
			error_add(&call->errors, ERROR_NOT_FOUND,
				  arena_printf(call->arena, "/data/relationships/lists/data/%zu/id", i),
				  "A list with the id `%.*s` does not exist.", STR_ARG(id));
	}
}

void import_create(struct call *call)
{
	const struct json *data = json_get(call->body, "data");
	const struct json *rows = json_get(json_get(json_get(data, "attributes"), "profiles"), "data");
	const struct json *lists = json_get(json_get(json_get(data, "relationships"), "lists"), "data");
	struct import_job *job;
	struct query query;

	if (!query_read(call, &query))
		return;
	call->rows = json_len(rows);
	for (size_t i = 0; i < call->rows && call->errors.n < ERROR_ENTRIES_MAX; i++)
		check_row(call, json_at(rows, i), i);
	check_lists(call, lists);
	if (call->errors.n > 0)
		return;
	job = import_submit(call->sandbox, call->account, call->body, call->number);
	call->body = NULL;
	reply_import(call, 202, job, &query);
}

/* ---- get, list ---- */

static const struct import_job *call_import(struct call *call)
{
	const struct import_job *job = table_find(&call->account->people.imports.by_id, call->id);

	if (!job)
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "A job with the id `%.*s` does not exist.", STR_ARG(call->id));
	return job;
}

void import_get(struct call *call)
{
	const struct import_job *job;
	struct query query;

	if (!query_read(call, &query))
		return;
	job = call_import(call);
	if (job)
		reply_import(call, 200, job, &query);
}

static bool status_matches(const struct filter *filter, struct str status)
{
	for (size_t i = 0; i < filter->n; i++) {
		bool found = false;

		for (size_t k = 0; k < filter->term[i].n; k++)
			found = found || str_eq(filter->term[i].value[k], status);
		if (!found)
			return false;
	}
	return true;
}

static bool check_filter(struct call *call, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];

		if (!str_eq(term->field, STR("status")) ||
		    !str_eq(term->op, term->list ? STR("any") : STR("equals")))
			error_add_parameter(&call->errors, STR("filter"),
					    "'%.*s' is not a valid filter on '%.*s'.", STR_ARG(term->op),
					    STR_ARG(term->field));
	}
	return call->errors.n == 0;
}

void import_list(struct call *call)
{
	const struct imports *imports = &call->account->people.imports;
	struct sort_item *item;
	struct query query;
	struct strbuf out;
	size_t n = 0;
	bool more;

	if (!query_read(call, &query) || !check_filter(call, &query.filter))
		return;
	item = arena_alloc(call->arena, (imports->n + 1) * sizeof(*item));
	for (size_t i = 0; i < imports->n; i++) {
		struct import_job *job = imports->at[i];

		if (status_matches(&query.filter,
				   str_from(import_status(job, sandbox_time_ms(call->sandbox)))))
			item[n++] = (struct sort_item){ .number = job->number, .thing = job };
	}
	n = sort_page(item, n, &query, &more);
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_text(&out, i ? "," : "");
		render_import(call, item[i].thing, &out);
	}
	strbuf_add_text(&out, "],\"links\":");
	sort_page_links(call, &query, item, n, more, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}

/* ---- errors ---- */

static void render_import_error(const struct json *error, struct strbuf *out)
{
	struct str id = json_get_text(error, "id");
	bool first = true;

	strbuf_addf(out, "{\"type\":\"import-error\",\"id\":\"%.*s\",\"attributes\":{", STR_ARG(id));
	for (void *it = json_first(error); it; it = json_next(error, it)) {
		if (str_eq(json_member_name(it), STR("id")))
			continue;
		strbuf_addf(out, "%s\"%.*s\":", first ? "" : ",", STR_ARG(json_member_name(it)));
		json_write(json_member_value(it), false, out);
		first = false;
	}
	strbuf_add_text(out, "}}");
}

void import_error_list(struct call *call)
{
	const struct import_job *job;
	struct query query;
	struct strbuf out;
	size_t i, n = 0, all;

	if (!query_read(call, &query))
		return;
	job = call_import(call);
	if (!job)
		return;
	all = job->state == IMPORT_COMPLETE ? json_len(job->errors) : 0;
	i = query.has_cursor && query.cursor > 0 ? (size_t)query.cursor : 0;
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (; i < all && n < query.size; i++) {
		strbuf_add_text(&out, n++ ? "," : "");
		render_import_error(json_at(job->errors, i), &out);
	}
	strbuf_add_text(&out, "],\"links\":");
	query_render_links(call, &query, i < all, (int64_t)i, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}
