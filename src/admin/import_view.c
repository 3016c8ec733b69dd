/*
 * Imports as JSON.
 */
#include "admin/import_view.h"

#include "admin/import_left.h"
#include "base/json.h"

int import_percent(const struct import_job *job)
{
	if (job->state == IMPORT_DONE)
		return 100;
	if (job->size <= 0)
		return job->pull ? -1 : 0;
	return job->at.used < job->size ? (int)(job->at.used * 100 / job->size) : 100;
}

struct str import_option(const struct import_job *job, const char *name, struct arena *arena)
{
	struct json *json = NULL;
	struct str text;

	if (!json_parse(job->options, &json, NULL))
		return STR("");
	text = arena_dup(arena, json_get_text(json, name));
	json_free(json);
	return text;
}

struct json *import_view(struct look *look, const struct import_job *job)
{
	struct json *json = json_new_object();
	int percent = import_percent(job);
	int64_t now_ms = clock_wall_ms(look->clock), left_ms = import_left(look, now_ms, job);

	json_set(json, "id", json_new_int(job->id));
	json_put(json, "store", look_store_name(look, job->store_id));
	json_put(json, "source", job->pull ? STR("shop") : STR("file"));
	json_put(json, "file", job->pull ? STR("") : job->path);
	json_put(json, "kind", import_option(job, "kind", look->arena));
	json_put(json, "state", str_from(import_state_text(job->state)));
	json_put(json, "reason", job->reason);
	json_set(json, "percent", percent < 0 ? json_new_null() : json_new_int(percent));
	json_set(json, "bytes", json_new_int(job->pull ? 0 : job->size));
	json_set(json, "pages", json_new_int(job->pull ? job->at.line : 0));
	json_set(json, "read", json_new_int(job->n_read));
	json_set(json, "new", json_new_int(job->n_new));
	json_set(json, "duplicate", json_new_int(job->n_duplicate));
	json_set(json, "mended", json_new_int(job->n_mended));
	json_set(json, "rejected", json_new_int(job->n_rejected));
	json_set(json, "per_minute", json_new_int(job->per_minute));
	json_set(json, "left_s", left_ms < 0 ? json_new_null() : json_new_int(left_ms / MS_PER_S));
	json_put_time(json, "ends_at", left_ms < 0 ? 0 : now_ms + left_ms);
	json_put_time(json, "waits_until", job->due_ms);
	json_put_time(json, "created_at", job->created_ms);
	json_put_time(json, "changed_at", job->changed_ms);
	return json;
}

struct json *import_view_rejects(struct look *look, const struct import_job *job,
				 const struct import_reject *reject, size_t n)
{
	struct json *json = import_view(look, job), *list = json_new_array();
	struct str lines = import_option(job, "lines", look->arena);

	for (size_t i = 0; i < n; i++) {
		struct json *row = json_new_object();

		json_put(row, "file", job->pull ? STR("") : reject[i].in_lines ? lines : job->path);
		json_set(row, "line", json_new_int(reject[i].line));
		json_put(row, "column", reject[i].column);
		json_put(row, "why", reject[i].why);
		json_append(list, row);
	}
	json_set(json, "rejects", list);
	return json;
}

bool import_find(struct db *db, int64_t id, struct arena *arena, struct import_job *out, struct err *err)
{
	struct import_job *job;
	size_t n;

	if (!db_import_list(db, 0, arena, &job, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (job[i].id == id) {
			*out = job[i];
			return true;
		}
	return err_set(err, ERR_NOT_FOUND, "there is no import %lld", (long long)id);
}
