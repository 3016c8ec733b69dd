/*
 * A Klaviyo catalog in memory: its life, what is scripted, requests and answers. One thread.
 */
#include "support/fake_klaviyo_internal.h"

#include "base/alloc.h"
#include "base/attr.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct fake_klaviyo *fake_klaviyo_new(struct clock *clock)
{
	struct fake_klaviyo *klaviyo = mem_zalloc(1, sizeof(*klaviyo));

	klaviyo->clock = clock;
	return klaviyo;
}

void fake_klaviyo_free(struct fake_klaviyo *klaviyo)
{
	if (!klaviyo)
		return;
	for (size_t i = 0; i < klaviyo->n_thing; i++)
		fake_thing_free(&klaviyo->thing[i]);
	for (size_t i = 0; i < klaviyo->n_job; i++) {
		mem_free(klaviyo->job[i].key);
		json_free(klaviyo->job[i].rows);
		strbuf_release(&klaviyo->job[i].errors);
	}
	mem_free(klaviyo->thing);
	mem_free(klaviyo->job);
	mem_free(klaviyo);
}

void fake_klaviyo_job_ms(struct fake_klaviyo *klaviyo, int64_t ms)
{
	klaviyo->job_ms = ms;
}

void fake_klaviyo_job_page(struct fake_klaviyo *klaviyo, size_t n)
{
	klaviyo->job_page = n;
}

static void add_script(struct fake_klaviyo *klaviyo, struct script script)
{
	assert(klaviyo->n_script < SCRIPTS_MAX);
	klaviyo->script[klaviyo->n_script++] = script;
}

void fake_klaviyo_script(struct fake_klaviyo *klaviyo, const char *method, const char *path_part, int times,
			 struct fake_reply reply)
{
	add_script(klaviyo, (struct script){ method, path_part, times, false, reply });
}

void fake_klaviyo_script_after(struct fake_klaviyo *klaviyo, const char *method, const char *path_part,
			       int times, struct fake_reply reply)
{
	add_script(klaviyo, (struct script){ method, path_part, times, true, reply });
}

void fake_klaviyo_heal(struct fake_klaviyo *klaviyo)
{
	klaviyo->n_script = 0;
}

void fake_klaviyo_only_key(struct fake_klaviyo *klaviyo, const char *key_end)
{
	klaviyo->only_key = key_end;
}

/* ---- answers ---- */

struct str fake_error_object(struct arena *arena, int status, struct str detail)
{
	const char *code = status == 404 ? "not_found" : status == 409 ? "duplicate_result" : "invalid";

	return arena_printf(
		arena,
		"{\"id\":\"e\",\"status\":%d,\"code\":\"%s\",\"title\":\"No.\",\"detail\":\"%.*s\","
		"\"source\":{\"pointer\":\"/data/\"}}",
		status, code, STR_ARG(detail));
}

void fake_error_reply(struct fake_reply *reply, struct arena *arena, int status, struct str detail)
{
	struct str object = fake_error_object(arena, status, detail);

	reply->status = status;
	reply->body = arena_printf(arena, "{\"errors\":[%.*s]}", STR_ARG(object));
}

static void complain(struct fake_klaviyo *klaviyo, const struct fake_request *request, const char *why)
{
	(void)snprintf(klaviyo->complaint, sizeof(klaviyo->complaint), "%.*s %.*s: %s",
		       STR_ARG(request->method), STR_ARG(request->path), why);
}

static void answer_single(struct change *change, const struct fake_request *request, struct str id,
			  const struct json *body, struct fake_reply *reply)
{
	const char *op = str_eq(request->method, STR("POST"))	 ? "create"
			 : str_eq(request->method, STR("PATCH")) ? "update"
								 : "delete";
	struct json *row = json_new_object();
	struct str error;

	if (strcmp(op, "delete") == 0) {
		json_set_text(row, "id", id);
		error = fake_row_apply(change, op, row);
	} else {
		error = fake_row_apply(change, op, json_get(body, "data"));
	}
	json_free(row);
	reply->status = strcmp(op, "create") == 0 ? 201 : strcmp(op, "update") == 0 ? 200 : 204;
	reply->body = strcmp(op, "delete") == 0 ? (struct str){ 0 } : STR("{\"data\":{\"id\":\"x\"}}");
	if (error.len > 0)
		fake_error_reply(reply, change->arena, change->status, error);
}

/* ---- routes ---- */

static bool route_bulk(struct change *change, const struct fake_request *request, struct str rest,
		       const struct json *body, struct fake_reply *reply)
{
	static const char *const op[] = { "create", "update", "delete" };

	for (size_t i = 0; i < ARRAY_LEN(op); i++) {
		struct str prefix = arena_printf(change->arena, "-bulk-%s-jobs", op[i]);
		struct str id = str_skip(rest, prefix.len + 1);

		if (!str_starts(rest, prefix))
			continue;
		if (str_eq(request->method, STR("POST")))
			fake_job_start(change, op[i], body, reply);
		else if (rest.len == prefix.len || rest.p[prefix.len] == '?')
			fake_job_list(change, op[i], id, reply);
		else
			fake_job_poll(change, op[i], id, reply);
		return true;
	}
	return false;
}

static void route(struct fake_klaviyo *klaviyo, const struct fake_request *request, const struct json *body,
		  struct arena *arena, struct fake_reply *reply)
{
	if (fake_event_answer(klaviyo, request, body, arena, reply))
		return;
	for (size_t kind = 0; kind < ARRAY_LEN(fake_kind_row); kind++) {
		struct change change = { klaviyo, request->key, kind, arena, 0 };
		struct str single = arena_printf(arena, "/api/catalog-%s", fake_kind_row[kind].plural);
		struct str bulk = arena_printf(arena, "/api/catalog-%s", fake_kind_row[kind].word);

		if (str_starts(request->path, single)) {
			answer_single(&change, request, str_skip(request->path, single.len + 1), body, reply);
			return;
		}
		if (str_starts(request->path, bulk) &&
		    route_bulk(&change, request, str_skip(request->path, bulk.len), body, reply))
			return;
	}
	complain(klaviyo, request, "there is nothing there");
	fake_error_reply(reply, arena, 404, STR("nothing there"));
}

static struct script *find_script(struct fake_klaviyo *klaviyo, const struct fake_request *request)
{
	for (size_t i = 0; i < klaviyo->n_script; i++) {
		struct script *script = &klaviyo->script[i];

		if (script->times > 0 && str_eq(request->method, str_from(script->method)) &&
		    strstr(request->path.p, script->path_part))
			return script;
	}
	return NULL;
}

void fake_klaviyo_answer(void *arg, const struct fake_request *request, struct arena *arena,
			 struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = arg;
	struct script *script = find_script(klaviyo, request);
	struct json *body = NULL;

	if (klaviyo->only_key && !str_ends(request->key, str_from(klaviyo->only_key))) {
		reply->status = 401;
		reply->body =
			STR("{\"errors\":[{\"id\":\"e\",\"status\":401,\"code\":\"authentication_failed\","
			    "\"title\":\"Authentication failed.\",\"detail\":\"Incorrect credentials.\"}]}");
		return;
	}
	if (script && script->times-- > 0 && !script->after) {
		*reply = script->reply;
		return;
	}
	if (request->body.len > 0 && !json_parse(request->body, &body, NULL))
		complain(klaviyo, request, "the body is not JSON");
	route(klaviyo, request, body, arena, reply);
	json_free(body);
	if (script)
		*reply = script->reply;
}
