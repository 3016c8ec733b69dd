/*
 * Answers: what handlers use to give one.
 *
 * Threads: the server's thread.
 */
#include "sandbox/call.h"

#include <assert.h>

void reply_take(struct call *call, int status, struct strbuf *body)
{
	assert(!body->overflow);
	call->reply->status = status;
	call->reply->body = arena_dup(call->arena, strbuf_str(body));
	call->reply->content_type = JSON_API_TYPE;
	strbuf_release(body);
}

void reply_empty(struct call *call, int status)
{
	call->reply->status = status;
	call->reply->body = (struct str){ 0 };
	call->reply->content_type = NULL;
}

void reply_header(struct reply *reply, const char *name, struct str value)
{
	assert(reply->n_headers < REPLY_HEADERS_MAX);
	reply->header[reply->n_headers++] = (struct reply_header){ .name = name, .value = value };
}
