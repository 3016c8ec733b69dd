/*
 * What a request to the API must pass before its handler: route, key, revision, rate limit, scope, body.
 *
 * Keeps:   a request with a bad key or revision uses up no quota; one refused for its content does.
 * Threads: the server's thread.
 */
#include "sandbox/gate.h"

#include "net/url.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A 429 reaches its client so much later at most; what was under way by then broke no promise. */
#define SILENCE_GRACE_MS 100

static void report(struct call *call, enum violation kind, const char *detail)
{
	struct journal_violation entry = {
		.kind = kind,
		.request_number = call->number,
		.at_ms = sandbox_real_ms(call->sandbox),
	};

	memcpy(entry.key_last4, call->account->last4, sizeof(entry.key_last4));
	journal_violation_add(&call->sandbox->journal, &entry, "%s %s: %s", call->route->method,
			      call->route->pattern, detail);
}

/* ---- silence: what a Retry-After asks for ---- */

static struct limit *limit_of(struct call *call)
{
	return call->account && call->route ? &call->account->limit[route_index(call->route)] : NULL;
}

static void check_silence(struct call *call)
{
	const struct limit *limit = limit_of(call);
	int64_t now_ms = sandbox_real_ms(call->sandbox);

	if (limit && now_ms >= limit->silent_from_ms && now_ms < limit->silent_until_ms)
		report(call, VIOLATION_RETRY_AFTER, "Retry-After had not passed");
}

void gate_ask_silence(struct call *call, int64_t wait_s)
{
	struct limit *limit = limit_of(call);
	int64_t now_ms = sandbox_real_ms(call->sandbox);

	call->reply->n_headers = 0;
	reply_header(call->reply, "Retry-After", arena_printf(call->arena, "%" PRId64, wait_s));
	if (!limit)
		return;
	limit->silent_from_ms = now_ms + call->sandbox->knobs.latency_ms + SILENCE_GRACE_MS;
	limit->silent_until_ms = now_ms + wait_s * 1000;
}

/* ---- route, key, revision ---- */

static struct str key_of(const struct request *request)
{
	struct str scheme = STR("Klaviyo-API-Key ");

	if (!str_starts(request->authorization, scheme))
		return STR("");
	return str_trim(str_skip(request->authorization, scheme.len));
}

static struct str token_of(const struct request *request)
{
	struct str scheme = STR("Bearer ");

	return str_starts(request->authorization, scheme)
		       ? str_trim(str_skip(request->authorization, scheme.len))
		       : STR("");
}

void gate_identify(struct call *call)
{
	struct str key = key_of(call->request);

	call->route = route_find(call->request->method, call->request->path, &call->id, &call->path_known);
	if (sandbox_accepts_key(call->sandbox, key))
		call->account = sandbox_account(call->sandbox, key);
	else if (oauth_accepts(call->sandbox, token_of(call->request)))
		call->account = sandbox_account(call->sandbox, STR(OAUTH_KEY));
	check_silence(call);
}

bool gate_route(struct call *call)
{
	const struct request *request = call->request;

	if (!call->route && call->path_known)
		error_add(&call->errors, ERROR_METHOD, (struct str){ 0 }, "Method '%.*s' not allowed.",
			  STR_ARG(request->method));
	else if (!call->route)
		error_add(&call->errors, ERROR_NOT_FOUND, (struct str){ 0 },
			  "The path '%.*s' does not exist.", STR_ARG(request->path));
	else if (!url_decode(call->id, call->arena, &call->id))
		error_add(&call->errors, ERROR_INVALID, (struct str){ 0 },
			  "The path is not percent-encoded correctly.");
	return call->errors.n == 0;
}

bool gate_key(struct call *call)
{
	if (call->account)
		return true;
	if (call->request->authorization.len == 0)
		error_add(&call->errors, ERROR_NOT_AUTHENTICATED, STR("/data/"),
			  "Missing or invalid private key.");
	else
		error_add(&call->errors, ERROR_AUTHENTICATION_FAILED, STR("/data/"),
			  "Incorrect authentication credentials.");
	return false;
}

bool gate_revision(struct call *call)
{
	struct str revision = call->request->revision;
	const char *newest = call->sandbox->revision;

	if (revision.len == 0) {
		error_add(&call->errors, ERROR_INVALID, (struct str){ 0 },
			  "The revision header is required, for example 'revision: %s'.", newest);
		return false;
	}
	if (!revision_known(revision, newest)) {
		error_add(&call->errors, ERROR_INVALID, (struct str){ 0 }, "'%.*s' is not a valid revision.",
			  STR_ARG(revision));
		return false;
	}
	if (revision_retired(revision, newest) && str_eq(call->request->fall_forward_opt_out, STR("1"))) {
		error_add(&call->errors, ERROR_GONE, (struct str){ 0 },
			  "The revision '%.*s' has been retired.", STR_ARG(revision));
		return false;
	}
	return true;
}

/* ---- limits ---- */

static void refuse_for_limit(struct call *call, const struct limit_verdict *verdict)
{
	struct sandbox *sandbox = call->sandbox;
	double real_ms = (double)verdict->retry_after_ms / sandbox->time_scale;
	int64_t wait_s = (int64_t)ceil(real_ms / 1000);

	sandbox->journal.throttled++;
	if (verdict->by_us) {
		sandbox->journal.throttled_by_us++;
		report(call, VIOLATION_OVER_WINDOW, "the window is full");
	}
	gate_ask_silence(call, wait_s);
	error_add(&call->errors, ERROR_THROTTLED, STR("/data"),
		  "Request was throttled. Expected available in %" PRId64 " second%s.", wait_s,
		  wait_s == 1 ? "" : "s");
}

static void add_rate_headers(struct call *call, const struct limit_verdict *verdict)
{
	int burst = tier_burst(call->route->tier);
	int steady = tier_steady(call->route->tier);

	reply_header(call->reply, "RateLimit-Limit",
		     arena_printf(call->arena, "%d, %d;w=1, %d;w=60", burst, burst, steady));
	reply_header(call->reply, "RateLimit-Remaining", arena_printf(call->arena, "%d", verdict->remaining));
	reply_header(call->reply, "RateLimit-Reset",
		     arena_printf(call->arena, "%" PRId64, verdict->reset_ms / 1000));
}

bool gate_limit(struct call *call)
{
	struct sandbox *sandbox = call->sandbox;
	struct limit_verdict verdict;

	if (!sandbox->knobs.limits)
		return true;
	verdict = limit_take(limit_of(call), call->route->tier, sandbox_time_ms(sandbox),
			     (int)sandbox->knobs.foreign_rps, sandbox->rand);
	if (!verdict.allowed) {
		refuse_for_limit(call, &verdict);
		return false;
	}
	add_rate_headers(call, &verdict);
	return true;
}

bool gate_scope(struct call *call)
{
	struct str scopes = str_from(call->route->scope), scope;
	bool denied = false;

	while (str_split(&scopes, ' ', &scope))
		denied = denied || texts_has(&call->sandbox->knobs.deny_scope, scope);
	if (!denied)
		return true;
	error_add(&call->errors, ERROR_DENIED, STR("/data/"),
		  "You do not have permission to perform this action.");
	return false;
}

/* ---- body ---- */

static bool media_type_ok(const struct request *request)
{
	struct str type =
		str_trim(str_of(request->content_type.p, str_find_char(request->content_type, ';')));
	struct str coding = str_trim(request->content_encoding);

	return (str_eq_nocase(type, STR(JSON_API_TYPE)) || str_eq_nocase(type, STR("application/json"))) &&
	       (coding.len == 0 || str_eq_nocase(coding, STR("identity")));
}

static bool parse(struct call *call)
{
	const struct request *request = call->request;
	struct err err = { 0 };

	if (request->body_too_large)
		error_add(&call->errors, ERROR_TOO_LARGE, (struct str){ 0 },
			  "The payload may not exceed 5 MB.");
	else if (!media_type_ok(request))
		error_add(&call->errors, ERROR_MEDIA_TYPE, (struct str){ 0 },
			  "Unsupported media type '%.*s' in request.", STR_ARG(request->content_type));
	else if (request->body_broken)
		error_add(&call->errors, ERROR_MALFORMED, (struct str){ 0 },
			  "The body did not arrive whole.");
	else if (request->body.len == 0)
		error_add(&call->errors, ERROR_MALFORMED, STR("/data"), "A body is required.");
	else if (!json_parse(request->body, &call->body, &err))
		error_add(&call->errors, ERROR_MALFORMED, STR("/data"), "JSON parse error - %s", err.msg);
	return call->errors.n == 0;
}

static void reject(struct call *call, const struct json *row, const char *place)
{
	bool create = json_get(json_get(row, "attributes"), "external_id") != NULL;
	struct str external_id = row_external_id(row);

	if (texts_has(&call->sandbox->knobs.reject_external_id, external_id))
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%s/%s", place, create ? "attributes/external_id" : "id"),
			  "Invalid input. The row '%.*s' is refused.", STR_ARG(external_id));
}

/* Counts the rows, and refuses those that a knob names. */
static void check_rows(struct call *call)
{
	const struct json *data = json_get(call->body, "data");
	const struct json *rows = data;

	if (call->route->body == BODY_JOB)
		rows = job_rows(call->body, call->route->kind);
	if (call->route->body == BODY_RESOURCE) {
		call->rows = 1;
		reject(call, data, "/data");
		return;
	}
	call->rows = json_len(rows);
	for (size_t i = 0; call->route->body == BODY_JOB && i < call->rows; i++)
		reject(call, json_at(rows, i),
		       arena_printf(call->arena, "/data/attributes/%s/data/%zu",
				    kind_row(call->route->kind)->plural, i)
			       .p);
}

bool gate_body(struct call *call)
{
	const struct shape *shape = route_shape(call->route);

	if (!shape)
		return true;
	if (!parse(call))
		return false;
	(void)shape_check(shape, call->body, &call->errors);
	if (!call->route->shape)
		check_rows(call);
	return call->errors.n == 0;
}
