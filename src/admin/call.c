/*
 * Call: what every handler needs of its request and for its answer.
 *
 * Keeps:   what a user must not see is not found, never forbidden: nobody learns that it exists.
 * Threads: the worker that answers the call.
 */
#include "admin/admin_internal.h"

#include "net/url.h"

struct str call_query(struct admin_call *call, const char *name)
{
	struct str value;

	return url_query(call->request->query, name, call->look.arena, &value) ? value : STR("");
}

struct str call_segment(struct admin_call *call, size_t i)
{
	struct str text;

	return url_decode(call->segment[i], call->look.arena, &text) ? text : STR("");
}

static bool whole_number(struct admin_call *call, const char *name, int64_t min, int64_t max, int64_t *out,
			 struct err *err)
{
	struct str text = call_query(call, name);

	if (text.len == 0)
		return true;
	if (str_to_int64(text, out) && *out >= min && *out <= max)
		return true;
	return err_set(err, ERR_INVALID, "'%s' must be a whole number from %lld to %lld", name,
		       (long long)min, (long long)max);
}

bool call_limit(struct admin_call *call, size_t *limit, struct err *err)
{
	int64_t number = ADMIN_PAGE_USUAL;

	if (!whole_number(call, "limit", 1, ADMIN_PAGE_MAX, &number, err))
		return false;
	*limit = (size_t)number;
	return true;
}

bool call_cursor(struct admin_call *call, int64_t *cursor, struct err *err)
{
	*cursor = 0;
	return whole_number(call, "cursor", 1, INT64_MAX, cursor, err);
}

/* ---- who sees what ---- */

bool call_sees_store(const struct admin_call *call, int64_t store_id)
{
	if (!call->limited)
		return true;
	for (size_t i = 0; i < call->n_store; i++)
		if (call->store[i] == store_id)
			return true;
	return false;
}

bool call_sees_account(const struct admin_call *call, const struct settings_account *account)
{
	const struct snapshot *snapshot = call->look.snapshot;

	if (!call->limited)
		return true;
	for (size_t i = 0; i < snapshot->n_store; i++)
		if (snapshot->store[i].account == account && call_sees_store(call, snapshot->store[i].id))
			return true;
	return false;
}

bool call_store(struct admin_call *call, struct str name, const struct settings_store **out, struct err *err)
{
	*out = snapshot_find_store(call->look.snapshot, name);
	if (*out && call_sees_store(call, (*out)->id))
		return true;
	return err_set(err, ERR_NOT_FOUND, "there is no store with that name");
}

bool call_account(struct admin_call *call, struct str name, const struct settings_account **out,
		  struct err *err)
{
	*out = snapshot_find_account(call->look.snapshot, name);
	if (*out && call_sees_account(call, *out))
		return true;
	return err_set(err, ERR_NOT_FOUND, "there is no account with that name");
}

bool call_store_query(struct admin_call *call, int64_t *store_id, struct err *err)
{
	struct str name = call_query(call, "store");
	const struct settings_store *store;

	*store_id = 0;
	if (name.len == 0)
		return true;
	if (!call_store(call, name, &store, err))
		return false;
	*store_id = store->id;
	return true;
}

bool call_refresh(struct admin_call *call, struct err *err)
{
	struct settings *settings = call->look.settings;

	if (!settings_refresh(settings, NULL, err))
		return false;
	settings_release(settings, call->look.snapshot);
	call->look.snapshot = settings_take(settings);
	return true;
}

struct str call_actor(struct admin_call *call)
{
	if (call->by_token)
		return arena_printf(call->look.arena, "token %.*s of %.*s", STR_ARG(call->grant.name),
				    STR_ARG(call->user.name));
	return call->user.name;
}

/* ---- the answer ---- */

void call_header(struct admin_call *call, struct str name, struct str value)
{
	if (call->n_out < ADMIN_HEADERS_MAX)
		call->out[call->n_out++] = (struct http_header){ name, value };
}

static struct json *problem_json(int status, const char *code, const char *title, struct str detail)
{
	struct json *json = json_new_object();
	char type[96] = "urn:pannier:problem:";
	size_t len = sizeof("urn:pannier:problem:") - 1;

	for (size_t i = 0; code[i] && len < sizeof(type) - 1; i++)
		type[len++] = code[i];
	json_set(json, "type", json_new_text(str_of(type, len)));
	json_set(json, "title", json_new_text(str_from(title)));
	json_set(json, "status", json_new_int(status));
	json_set(json, "code", json_new_text(str_from(code)));
	json_set_text(json, "detail", detail);
	return json;
}

bool call_problem(struct admin_call *call, int status, const char *code, const char *title, struct str detail)
{
	json_free(call->answer);
	call->has_text = false;
	call->status = status;
	call->answer = problem_json(status, code, title, detail);
	return true;
}

bool call_problem_later(struct admin_call *call, const char *code, const char *title, int64_t retry_after_s)
{
	(void)call_problem(call, 429, code, title,
			   arena_printf(call->look.arena, "Try again in %lld s.", (long long)retry_after_s));
	json_set(call->answer, "retry_after_s", json_new_int(retry_after_s));
	call_header(call, STR("Retry-After"),
		    arena_printf(call->look.arena, "%lld", (long long)retry_after_s));
	return true;
}

bool call_answer(struct admin_call *call, struct json *json)
{
	json_free(call->answer);
	call->answer = json;
	call->status = call->route->status;
	return true;
}

bool call_nothing(struct admin_call *call)
{
	call->status = 204;
	return true;
}

bool call_page(struct admin_call *call, struct json *items, struct str next)
{
	struct json *page = json_new_object();

	json_set(page, "items", items);
	json_put_or_null(page, "next", next);
	return call_answer(call, page);
}

void json_put_or_null(struct json *object, const char *name, struct str text)
{
	json_set(object, name, text.len ? json_new_text(text) : json_new_null());
}

void json_put_int(struct json *object, const char *name, int64_t value)
{
	json_set(object, name, json_new_int(value));
}

void json_put_bool(struct json *object, const char *name, bool value)
{
	json_set(object, name, json_new_bool(value));
}
