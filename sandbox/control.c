/*
 * The control paths: what the sandbox holds, what came in, and the knobs.
 *
 *   GET  /                                     a page for people
 *   GET  /sandbox/state[?key_last4=]           everything it holds
 *   GET  /sandbox/history?kind=item&id=X[&key_last4=]
 *   GET  /sandbox/people[?key_last4=]          counts, metrics, lists, consent
 *   GET  /sandbox/profiles, /sandbox/events    who and what it holds, page by page (people_control.c)
 *   POST /sandbox/consent                      a person opts out, or in, in Klaviyo itself
 *   GET  /sandbox/requests[?after=N]           the last 10,000
 *   GET  /sandbox/counts, /sandbox/violations, /sandbox/knobs
 *   POST /sandbox/knobs                        a JSON object of those to change
 *   POST /sandbox/reset                        forget everything but the knobs
 *
 * Doesn't: ask for a key; the program listens where it is told, loopback by default.
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include "net/url.h"
#include "sandbox/route.h"
#include "sandbox/trace.h"

#include <inttypes.h>

void control_reply(struct call *call, int status, struct strbuf *out)
{
	strbuf_add_char(out, '\n');
	reply_take(call, status, out);
	call->reply->content_type = "application/json";
}

void control_refuse(struct call *call, int status, const char *text)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"error\":");
	json_write_text(str_from(text), &out);
	strbuf_add_char(&out, '}');
	control_reply(call, status, &out);
}

/* True if the account is asked for, or none in particular. */
bool control_wants(struct call *call, const struct account *account)
{
	struct str last4;

	return !url_query(call->request->query, "key_last4", call->arena, &last4) ||
	       str_eq(last4, str_from(account->last4));
}

static void get_state(struct call *call)
{
	const struct sandbox *sandbox = call->sandbox;
	bool first = true;
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"accounts\":[");
	for (size_t i = 0; i < sandbox->n_accounts; i++) {
		if (!control_wants(call, sandbox->account[i]))
			continue;
		if (!first)
			strbuf_add_char(&out, ',');
		first = false;
		state_render_account(sandbox, sandbox->account[i], &out);
	}
	strbuf_add_text(&out, "]}");
	control_reply(call, 200, &out);
}

static void get_history(struct call *call)
{
	const struct sandbox *sandbox = call->sandbox;
	struct str name, id;
	enum kind kind;
	struct strbuf out;

	if (!url_query(call->request->query, "kind", call->arena, &name) || !kind_find(name, &kind) ||
	    !url_query(call->request->query, "id", call->arena, &id)) {
		control_refuse(call, 400, "kind=item|variant|category and id=EXTERNAL_ID are needed");
		return;
	}
	(void)shape_catalog_id(id, &id); /* a whole id is as good as an external one */
	for (size_t i = 0; i < sandbox->n_accounts; i++) {
		const struct trace *trace = trace_find(&sandbox->account[i]->traces, kind, id);

		if (!trace || !control_wants(call, sandbox->account[i]))
			continue;
		strbuf_init(&out, REPLY_BYTES_MAX);
		trace_render(trace, &out);
		control_reply(call, 200, &out);
		return;
	}
	control_refuse(call, 404, "nothing was ever accepted for it");
}

static void get_requests(struct call *call)
{
	struct str text;
	int64_t after = 0;
	struct strbuf out;

	if (url_query(call->request->query, "after", call->arena, &text) && !str_to_int64(text, &after)) {
		control_refuse(call, 400, "after is a number");
		return;
	}
	strbuf_init(&out, REPLY_BYTES_MAX);
	journal_render_requests(&call->sandbox->journal, after, &out);
	control_reply(call, 200, &out);
}

static void get_counts(struct call *call)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	state_render_counts(call->sandbox, &out);
	control_reply(call, 200, &out);
}

static void get_violations(struct call *call)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	journal_render_violations(&call->sandbox->journal, &out);
	control_reply(call, 200, &out);
}

static void get_knobs(struct call *call)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	knobs_render(&call->sandbox->knobs, &out);
	control_reply(call, 200, &out);
}

static void post_knobs(struct call *call)
{
	struct err err = { 0 };

	if (!json_parse(call->request->body, &call->body, &err) ||
	    !knobs_change(&call->sandbox->knobs, call->body, &err))
		control_refuse(call, 400, err.msg);
	else
		get_knobs(call);
}

static void post_reset(struct call *call)
{
	struct strbuf out;

	sandbox_reset(call->sandbox);
	strbuf_init(&out, 100);
	strbuf_add_text(&out, "{}");
	control_reply(call, 200, &out);
}

static void get_page(struct call *call)
{
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	page_render(call->sandbox, &out);
	reply_take(call, 200, &out);
	call->reply->content_type = "text/html; charset=utf-8";
	reply_header(call->reply, "Content-Security-Policy",
		     STR("default-src 'none'; style-src 'unsafe-inline'"));
}

static const struct control_row {
	const char *method, *path;
	void (*handle)(struct call *call);
} rows[] = {
	{ "GET", "/", get_page },
	{ "GET", "/sandbox/state", get_state },
	{ "GET", "/sandbox/history", get_history },
	{ "GET", "/sandbox/people", people_get_all },
	{ "GET", "/sandbox/profiles", people_get_profiles },
	{ "GET", "/sandbox/events", people_get_events },
	{ "POST", "/sandbox/consent", people_post_consent },
	{ "GET", "/sandbox/requests", get_requests },
	{ "GET", "/sandbox/counts", get_counts },
	{ "GET", "/sandbox/violations", get_violations },
	{ "GET", "/sandbox/knobs", get_knobs },
	{ "POST", "/sandbox/knobs", post_knobs },
	{ "POST", "/sandbox/reset", post_reset },
};

void control_handle(struct call *call)
{
	const struct request *request = call->request;
	bool path_known = false;

	for (size_t i = 0; i < call->sandbox->n_accounts; i++) {
		jobs_advance(call->sandbox, call->sandbox->account[i]);
		imports_advance(call->sandbox, call->sandbox->account[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!str_eq(request->path, str_from(rows[i].path)))
			continue;
		path_known = true;
		if (str_eq(request->method, str_from(rows[i].method))) {
			rows[i].handle(call);
			return;
		}
	}
	control_refuse(call, path_known ? 405 : 404,
		       path_known ? "another method is needed" : "no such path");
}
