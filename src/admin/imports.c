/*
 * Imports: how far they are, what a person decides about them, and asking a shop for what it holds.
 */
#include "admin/admin_internal.h"
#include "admin/import_view.h"
#include "flow/pull.h"

#define PER_MINUTE_MAX 100000000

bool get_imports(struct admin_call *call, struct err *err)
{
	struct json *list;
	struct import_job *job;
	int64_t store_id;
	size_t n;

	if (!call_store_query(call, &store_id, err) ||
	    !db_import_list(call->look.db, store_id, call->look.arena, &job, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		if (call_sees_store(call, job[i].store_id))
			json_append(list, import_view(&call->look, &job[i]));
	return call_page(call, list, STR(""));
}

/* The import that the path names, if the user may see it. */
static bool named(struct admin_call *call, struct import_job *out, struct err *err)
{
	struct str text = call_segment(call, 0);
	int64_t id = 0;

	if (!str_to_int64(text, &id) || !import_find(call->look.db, id, call->look.arena, out, err) ||
	    !call_sees_store(call, out->store_id))
		return err_set(err, ERR_NOT_FOUND, "there is no import '%.*s'", STR_ARG(text));
	return true;
}

bool get_import(struct admin_call *call, struct err *err)
{
	struct import_reject *reject;
	struct import_job job;
	size_t n;

	return named(call, &job, err) &&
	       db_import_rejects(call->look.db, job.id, call->look.arena, &reject, &n, err) &&
	       call_answer(call, import_view_rejects(&call->look, &job, reject, n));
}

static bool change(struct admin_call *call, struct import_change wanted, struct err *err)
{
	struct import_job job;

	return named(call, &job, err) &&
	       db_import_change(call->look.db, call->now_ms, job.id, &wanted, err) &&
	       import_find(call->look.db, job.id, call->look.arena, &job, err) &&
	       call_answer(call, import_view(&call->look, &job));
}

bool post_import_pause(struct admin_call *call, struct err *err)
{
	return change(call, (struct import_change){ .action = IMPORT_PAUSE }, err);
}

bool post_import_resume(struct admin_call *call, struct err *err)
{
	return change(call, (struct import_change){ .action = IMPORT_RESUME }, err);
}

bool post_import_cancel(struct admin_call *call, struct err *err)
{
	return change(call, (struct import_change){ .action = IMPORT_CANCEL }, err);
}

/* A rate of the request; 0: as fast as Klaviyo takes it. */
static bool per_minute_of(struct admin_call *call, int64_t *out, struct err *err)
{
	*out = 0;
	(void)json_get_int(call->body, "per_minute", out);
	if (*out >= 0 && *out <= PER_MINUTE_MAX)
		return true;
	return err_set(err, ERR_INVALID, "'per_minute' is 0 to %d", PER_MINUTE_MAX);
}

bool post_import_throttle(struct admin_call *call, struct err *err)
{
	struct import_change wanted = { .action = IMPORT_THROTTLE };

	return per_minute_of(call, &wanted.per_minute, err) && change(call, wanted, err);
}

/* ---- asking the shop ---- */

static bool read_time(struct admin_call *call, const char *name, int64_t *out, struct err *err)
{
	struct str text = json_get_text(call->body, name);

	if (text.len == 0 || time_parse_rfc3339(text, out))
		return true;
	return err_set(err, ERR_INVALID, "'%s' is not an RFC 3339 time", name);
}

/* All kinds are looked at before the first is begun. */
static bool read_kinds(struct admin_call *call, const struct settings_store *store, const struct json *kinds,
		       enum pull_kind kind[static PULL_KIND_COUNT], size_t *n, struct err *err)
{
	*n = json_len(kinds);
	if (*n < 1 || *n > PULL_KIND_COUNT)
		return err_set(err, ERR_INVALID, "'kinds' has 1 to %d members", PULL_KIND_COUNT);
	for (size_t i = 0; i < *n; i++) {
		if (!pull_kind_parse(json_text(json_at(kinds, i)), &kind[i]))
			return err_set(err, ERR_INVALID, "'kinds' holds something that is no kind");
		if (!pull_offered(store, kind[i], NULL, err))
			return false;
	}
	(void)call;
	return true;
}

static bool begin(struct admin_call *call, const struct settings_store *store, struct pull_wish wish,
		  int64_t per_minute, struct json *list, struct err *err)
{
	struct import_job job;
	int64_t id;

	if (!pull_register(call->look.db, call->now_ms, store, &wish, per_minute, &id, err) ||
	    !import_find(call->look.db, id, call->look.arena, &job, err))
		return false;
	json_append(list, import_view(&call->look, &job));
	return true;
}

bool sync_read(struct admin_call *call, const struct settings_store *store, struct pull_wish *wish,
	       enum pull_kind kind[static PULL_KIND_COUNT], size_t *n, struct err *err)
{
	return read_time(call, "from", &wish->from_ms, err) && read_time(call, "to", &wish->to_ms, err) &&
	       read_kinds(call, store, json_get(call->body, "kinds"), kind, n, err);
}

bool post_store_sync(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	enum pull_kind kind[PULL_KIND_COUNT];
	struct pull_wish wish = { 0 };
	struct json *list;
	int64_t per_minute;
	bool ok;
	size_t n;

	if (!call_store(call, call_segment(call, 0), &store, err) || !per_minute_of(call, &per_minute, err) ||
	    !sync_read(call, store, &wish, kind, &n, err))
		return false;
	list = json_new_array();
	ok = true;
	for (size_t i = 0; ok && i < n; i++) {
		wish.kind = kind[i];
		ok = begin(call, store, wish, per_minute, list, err);
	}
	if (ok)
		return call_page(call, list, STR(""));
	json_free(list);
	return false;
}
