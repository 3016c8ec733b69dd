/*
 * From a request to an answer.
 *
 * Does:    finds the route, lets the request through the gates, calls the handler, files what happened;
 *          plays the faults that the knobs ask for.
 * Doesn't: speak HTTP (listen.c).
 * Threads: the server's thread, or a test's; never two at once.
 */
#include "sandbox/gate.h"

#include "sandbox/control.h"

#include <string.h>

/* ---- faults ---- */

static void reply_text(struct call *call, int status, const char *type, const char *text)
{
	call->reply->status = status;
	call->reply->body = arena_dup(call->arena, str_from(text));
	call->reply->content_type = type;
}

static void add_retry_after(struct call *call, int status)
{
	int64_t wait_s = call->sandbox->knobs.retry_after_s;

	if (wait_s == 0 && status == 429)
		wait_s = 1;
	if (wait_s > 0 && (status == 429 || status == 503))
		gate_ask_silence(call, wait_s);
}

/* A status without a row of its own comes from something in front of the API, which speaks HTML. */
static void fail(struct call *call, int status)
{
	add_retry_after(call, status);
	for (int i = 0; i < ERROR_KIND_COUNT; i++) {
		enum error_kind kind = (enum error_kind)i;

		if (error_status(kind) == status) {
			error_add(&call->errors, kind, STR("/data"), "%s", error_title(kind));
			return;
		}
	}
	reply_text(call, status, "text/html", "<html><body><h1>The request failed</h1></body></html>\n");
}

/* Does a knob want this request to fail? Then it has. */
static bool failed(struct call *call)
{
	struct knobs *knobs = &call->sandbox->knobs;
	int64_t every = knobs->fail_every;

	if (knobs->down) {
		fail(call, 503);
		return true;
	}
	if (knobs->fail_html && every == 0)
		every = 1;
	if (every == 0 || ++call->sandbox->n_failable % every != 0)
		return false;
	if (knobs->fail_html) {
		reply_header(call->reply, "cf-mitigated", STR("challenge"));
		reply_text(call, 403, "text/html; charset=UTF-8",
			   "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
			   "<h1>Checking your browser before accessing</h1></body></html>\n");
		return true;
	}
	fail(call, (int)knobs->fail_status);
	return true;
}

static void drop(struct call *call)
{
	int64_t how = call->sandbox->knobs.drop_how;

	if (how == DROP_HOW_502) {
		call->reply->n_headers = 0;
		reply_text(call, 502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>\n");
	} else {
		call->reply->drop = how == DROP_HOW_HANG ? DROP_HANG : DROP_CLOSE;
	}
}

static bool is_write(const struct call *call)
{
	return !str_eq(call->request->method, STR("GET"));
}

static bool use_up(int64_t *knob)
{
	if (*knob <= 0)
		return false;
	(*knob)--;
	return true;
}

/* ---- the API ---- */

static void answer(struct call *call)
{
	if (!gate_route(call) || !gate_key(call) || !gate_revision(call))
		return;
	jobs_advance(call->sandbox, call->account);
	imports_advance(call->sandbox, call->account);
	if (gate_limit(call) && gate_scope(call) && gate_body(call))
		call->route->handle(call);
}

static void render_errors(struct call *call)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	error_render(&call->errors, call->sandbox->rand, &out);
	reply_take(call, error_status(call->errors.entry[0].kind), &out);
}

static int64_t retry_after_of(const struct reply *reply)
{
	int64_t wait_s = 0;

	for (size_t i = 0; i < reply->n_headers; i++)
		if (strcmp(reply->header[i].name, "Retry-After") == 0)
			(void)str_to_int64(reply->header[i].value, &wait_s);
	return wait_s;
}

static void file(const struct call *call, const char *dropped)
{
	const struct request *request = call->request;
	struct journal_request entry = {
		.number = call->number,
		.at_ms = sandbox_real_ms(call->sandbox),
		.method = request->method,
		.path = request->path,
		.status = call->reply->status,
		.rows = call->rows,
		.dropped = dropped,
		.pattern = call->route ? call->route->pattern : NULL,
		.retry_after_s = retry_after_of(call->reply),
	};

	if (request->query.len > 0)
		entry.path = arena_printf(call->arena, "%.*s?%.*s", STR_ARG(request->path),
					  STR_ARG(request->query));
	if (call->account)
		memcpy(entry.key_last4, call->account->last4, sizeof(entry.key_last4));
	journal_add(&call->sandbox->journal, &entry, route_index(call->route));
}

static void api_handle(struct call *call)
{
	const char *dropped = NULL;

	call->number = ++call->sandbox->n_requests;
	gate_identify(call);
	call->reply->delay_ms = call->sandbox->knobs.latency_ms;
	if (is_write(call) && use_up(&call->sandbox->knobs.drop_before)) {
		dropped = "before";
	} else {
		call->lost = is_write(call) && use_up(&call->sandbox->knobs.drop_after);
		dropped = call->lost ? "after" : NULL;
		if (!failed(call))
			answer(call);
		if (call->errors.n > 0)
			render_errors(call);
	}
	file(call, dropped);
	if (dropped)
		drop(call);
}

void sandbox_handle(struct sandbox *sandbox, const struct request *request, struct arena *arena,
		    struct reply *reply)
{
	struct call call = {
		.sandbox = sandbox,
		.request = request,
		.reply = reply,
		.arena = arena,
		.errors.arena = arena,
	};

	*reply = (struct reply){ 0 };
	if (str_starts(request->path, STR("/api/")) || str_starts(request->path, STR("/client/")))
		api_handle(&call);
	else if (!oauth_handle(&call))
		control_handle(&call);
	json_free(call.body);
}
