/*
 * Bulk imports of profiles: waiting, taking effect, being complete.
 *
 * Does:    writes the rows when the time has come; a row that fails becomes an import error.
 * Doesn't: answer requests (import_route.c). Nothing runs by itself: whoever is about to look calls
 *          imports_advance.
 * Keeps:   due times never go back, so imports take effect in the order of submission. Imports are kept
 *          until a reset: they outlive their expires_at.
 * Threads: the server's thread.
 */
#include "sandbox/import.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "sandbox/profile_change.h"

#include <inttypes.h>
#include <string.h>

#define IMPORT_MS	    12000
#define IMPORT_MS_UNLIMITED 200

void imports_release(struct imports *imports)
{
	for (size_t i = 0; i < imports->n; i++) {
		json_free(imports->at[i]->body);
		json_free(imports->at[i]->errors);
		json_free(imports->at[i]->lists);
		mem_free(imports->at[i]);
	}
	mem_free(imports->at);
	table_release(&imports->by_id);
	*imports = (struct imports){ 0 };
}

/* ---- effect ---- */

static void add_error(struct sandbox *sandbox, struct import_job *job, size_t row_index,
		      const struct json *row, const struct error_entry *refusal)
{
	char text[ERROR_ID_BYTES + 64];
	struct json *error = json_new_object();
	struct json *source = json_new_object();
	struct strbuf pointer;

	error_id(sandbox->rand, text);
	json_set(error, "id", json_new_text(str_from(text)));
	json_set(error, "code", json_new_text(str_from(error_code(refusal->kind))));
	json_set(error, "title", json_new_text(str_from(error_title(refusal->kind))));
	json_set(error, "detail", json_new_text(refusal->detail));
	strbuf_init(&pointer, 200);
	strbuf_addf(&pointer, "/data/attributes/profiles/data/%zu", row_index);
	json_set(source, "pointer", json_new_text(strbuf_str(&pointer)));
	strbuf_release(&pointer);
	json_set(error, "source", source);
	json_set(error, "original_payload", json_clone(row));
	json_append(job->errors, error);
}

static bool fails_by_knob(const struct sandbox *sandbox, const struct profile_row *row)
{
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++) {
		struct str text = profile_row_text(row, (enum identifier)kind);

		if (text.len > 0 && texts_has(&sandbox->knobs.job_fail_identifier, text))
			return true;
	}
	return false;
}

static void join_lists(struct sandbox *sandbox, struct people *people, const struct import_job *job,
		       struct profile *profile)
{
	for (size_t i = 0; i < json_len(job->lists); i++) {
		struct profile_list *list =
			profile_list_find(&people->lists, json_text(json_at(job->lists, i)));

		if (list)
			profile_list_join(list, profile, sandbox_wall_ms(sandbox));
	}
}

static bool apply_row(struct sandbox *sandbox, struct people *people, const struct import_job *job,
		      const struct profile_row *row, struct error_entry *refusal)
{
	struct resolution who = profile_resolve(people, row);
	struct str none = { 0 };

	if (fails_by_knob(sandbox, row))
		return error_refuse(refusal, ERROR_SERVER, none, STR("The profile could not be processed."));
	if (who.id_unknown)
		return error_refuse(refusal, ERROR_NOT_FOUND, none,
				    STR("A profile with this id does not exist."));
	if (who.other)
		return error_refuse(refusal, ERROR_DUPLICATE_PROFILE, none,
				    STR("A profile already exists with one of these identifiers."));
	join_lists(sandbox, people, job,
		   profile_write(sandbox, people, who.profile, row, PROFILE_NULL_IGNORED));
	return true;
}

static const struct json *rows_of(const struct json *body)
{
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");

	return json_get(json_get(attributes, "profiles"), "data");
}

static void apply(struct sandbox *sandbox, struct account *account, struct import_job *job)
{
	const struct json *rows = rows_of(job->body);

	for (size_t i = 0; i < job->n_rows; i++) {
		struct profile_row row = profile_row_read(json_at(rows, i));
		struct error_entry refusal;

		if (!apply_row(sandbox, &account->people, job, &row, &refusal))
			add_error(sandbox, job, i, json_at(rows, i), &refusal);
	}
	json_free(job->body);
	job->body = NULL;
	job->state = IMPORT_APPLIED;
}

void imports_advance(struct sandbox *sandbox, struct account *account)
{
	struct imports *imports = &account->people.imports;
	int64_t now_ms = sandbox_time_ms(sandbox);

	for (size_t i = imports->n_done; i < imports->n; i++) {
		struct import_job *job = imports->at[i];

		if (job->state == IMPORT_WAITING && job->due_ms <= now_ms)
			apply(sandbox, account, job);
		if (job->state != IMPORT_APPLIED || job->visible_ms > now_ms)
			continue;
		job->state = IMPORT_COMPLETE;
		job->completed_wall_ms =
			job->created_wall_ms +
			(int64_t)((double)(job->visible_ms - job->created_ms) / sandbox->time_scale);
	}
	while (imports->n_done < imports->n && imports->at[imports->n_done]->state == IMPORT_COMPLETE)
		imports->n_done++;
}

const char *import_status(const struct import_job *job, int64_t now_ms)
{
	if (job->state == IMPORT_COMPLETE)
		return "complete";
	return now_ms < job->created_ms + (job->due_ms - job->created_ms) / 8 ? "queued" : "processing";
}

/* ---- submission ---- */

static void make_id(struct sandbox *sandbox, const struct account *account, struct import_job *job)
{
	char stamp[IDENT_LONG_BYTES];
	struct arena arena;
	struct str text;

	arena_init(&arena);
	ident_long(sandbox->rand, sandbox_wall_ms(sandbox), stamp);
	text = arena_printf(&arena, "%s:import:%s", account->id, stamp);
	text = base64_encode(&arena, text.p, text.len);
	memcpy(job->id, text.p, text.len < IMPORT_ID_BYTES ? text.len : IMPORT_ID_BYTES - 1);
	arena_release(&arena);
}

static void set_times(struct sandbox *sandbox, struct imports *imports, struct import_job *job)
{
	int64_t wait_ms = sandbox->knobs.job_ms;

	if (wait_ms < 0)
		wait_ms = sandbox->knobs.limits ? IMPORT_MS : IMPORT_MS_UNLIMITED;
	job->created_wall_ms = sandbox_wall_ms(sandbox);
	job->created_ms = sandbox_time_ms(sandbox);
	job->due_ms = job->created_ms + wait_ms;
	if (job->due_ms < imports->last_due_ms)
		job->due_ms = imports->last_due_ms;
	imports->last_due_ms = job->due_ms;
	job->visible_ms = job->due_ms + sandbox->knobs.job_status_lag_ms;
}

static struct json *list_ids(const struct json *body)
{
	const struct json *relation = json_get(json_get(json_get(body, "data"), "relationships"), "lists");
	struct json *ids = json_new_array();

	for (size_t i = 0; i < json_len(json_get(relation, "data")); i++)
		json_append(ids, json_new_text(json_get_text(json_at(json_get(relation, "data"), i), "id")));
	return ids;
}

struct import_job *import_submit(struct sandbox *sandbox, struct account *account, struct json *body,
				 int64_t request_number)
{
	struct imports *imports = &account->people.imports;
	struct import_job *job = mem_zalloc(1, sizeof(*job));

	*job = (struct import_job){
		.number = (int64_t)imports->n + 1,
		.request_number = request_number,
		.body = body,
		.n_rows = json_len(rows_of(body)),
		.errors = json_new_array(),
		.lists = list_ids(body),
	};
	make_id(sandbox, account, job);
	set_times(sandbox, imports, job);
	imports->at = mem_resize(imports->at, (imports->n + 1) * sizeof(struct import_job *));
	imports->at[imports->n++] = job;
	table_put(&imports->by_id, str_from(job->id), job);
	return job;
}
