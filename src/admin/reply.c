/*
 * Reply: answers as they leave.
 *
 * Does:    JSON, problems (RFC 9457), ETags of reads, headers that keep browsers strict.
 * Keeps:   nothing of the API is ever cached without asking again; no answer can be sniffed, framed or read
 *          by another origin.
 * Threads: as http_reply.
 */
#include "admin/admin_internal.h"

#include "flow/reply.h"

#define ANSWER_BYTES_MAX  ((size_t)64 << 20)
#define PROBLEM_BYTES_MAX 4096

#define STRICT_HEADERS \
	{ STR("Cache-Control"), STR("no-store") }, { STR("X-Content-Type-Options"), STR("nosniff") }, \
		{ STR("Cross-Origin-Resource-Policy"), STR("same-origin") }, \
		{ STR("Content-Security-Policy"), \
		  STR("default-src 'none'; frame-ancestors 'none'; sandbox") }, \
	{ \
		STR("Referrer-Policy"), STR("no-referrer") \
	}
#define N_STRICT 5

void reply_problem(struct http_exchange *exchange, int status, const char *code, const char *title,
		   struct str detail, int64_t retry_after_s)
{
	struct arena *arena = http_exchange_arena(exchange);
	struct http_header header[] = {
		STRICT_HEADERS,
		{ STR("Content-Type"), STR("application/problem+json") },
		{ STR("Retry-After"), arena_printf(arena, "%lld", (long long)retry_after_s) },
	};
	struct strbuf body;

	strbuf_init(&body, PROBLEM_BYTES_MAX);
	strbuf_addf(&body,
		    "{\"type\":\"urn:pannier:problem:%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"",
		    code, title, status, code);
	strbuf_add_text(&body, ",\"detail\":");
	json_write_text(detail, &body);
	if (retry_after_s > 0)
		strbuf_addf(&body, ",\"retry_after_s\":%lld", (long long)retry_after_s);
	strbuf_add_text(&body, "}");
	http_reply(exchange, status, header, ARRAY_LEN(header) - (retry_after_s > 0 ? 0 : 1),
		   strbuf_str(&body));
	strbuf_release(&body);
}

static struct str etag_of(struct str text, struct arena *arena)
{
	struct digest16 digest = digest16_of(&text, 1);
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(arena, "\"%s\"", hex);
}

static bool has_header(const struct admin_call *call, struct str name)
{
	for (size_t i = 0; i < call->n_out; i++)
		if (str_eq_nocase(call->out[i].name, name))
			return true;
	return false;
}

static struct str header_of(const struct admin_call *call, struct str name)
{
	for (size_t i = 0; i < call->n_out; i++)
		if (str_eq_nocase(call->out[i].name, name))
			return call->out[i].value;
	return STR("");
}

static void send_text(struct admin_call *call, struct str type, struct str text)
{
	static const struct http_header https_only = GATE_STRICT_HEADER;
	struct http_header header[ADMIN_HEADERS_MAX + N_STRICT + 3] = { STRICT_HEADERS };
	size_t n = N_STRICT;
	int status = call->status;
	struct str etag = header_of(call, STR("ETag"));

	if (!has_header(call, STR("Content-Type")) && status != 204)
		header[n++] = (struct http_header){ STR("Content-Type"), type };
	if (status == 200 && etag.len == 0 && str_eq(call->request->method, STR("GET"))) {
		etag = etag_of(text, call->look.arena);
		header[n++] = (struct http_header){ STR("ETag"), etag };
	}
	for (size_t i = 0; i < call->n_out; i++)
		header[n++] = call->out[i];
	if (gate_is_strict(call->exchange, call->header.host))
		header[n++] = https_only;
	if (status == 200 && etag.len > 0 && str_eq(call->request->method, STR("GET")) &&
	    reply_names_etag(call->header.if_none_match, etag)) {
		status = 304;
		text = STR("");
	}
	http_reply(call->exchange, status, header, n, text);
}

void reply_call(struct admin_call *call)
{
	struct strbuf body;

	if (call->has_text) {
		send_text(call, STR("application/json"), call->text);
		return;
	}
	strbuf_init(&body, ANSWER_BYTES_MAX);
	if (call->answer)
		json_write(call->answer, false, &body);
	json_free(call->answer);
	/* The call is gone with the answer. */
	if (body.overflow)
		reply_problem(call->exchange, 500, "too_large", "The answer is too large", STR(""), 0);
	else
		send_text(call,
			  call->status >= 400 ? STR("application/problem+json") : STR("application/json"),
			  strbuf_str(&body));
	strbuf_release(&body);
}

/* What a code of ours is over HTTP. */
static const struct {
	enum err_code code;
	int status;
	const char *name;
	const char *title;
} rows[] = {
	{ ERR_INVALID, 422, "invalid", "The request is not valid" },
	{ ERR_NOT_FOUND, 404, "not_found", "Not found" },
	{ ERR_CONFLICT, 409, "conflict", "Someone else changed this first" },
	{ ERR_DENIED, 403, "denied", "Not allowed" },
	{ ERR_TOO_LARGE, 413, "too_large", "Too large" },
	{ ERR_BUSY, 503, "busy", "Busy" },
	{ ERR_UNREACHABLE, 502, "unreachable", "No usable response" },
	{ ERR_FATAL, 500, "fatal", "The daemon cannot go on" },
};

void reply_err(struct admin_call *call, const struct err *err)
{
	size_t at = 0;

	while (at < ARRAY_LEN(rows) - 1 && rows[at].code != err->code)
		at++;
	(void)call_problem(call, rows[at].status, rows[at].name, rows[at].title, str_from(err->msg));
	if (rows[at].status == 503)
		call_header(call, STR("Retry-After"), STR("1"));
	reply_call(call);
}
