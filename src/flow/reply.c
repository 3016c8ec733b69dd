/*
 * Answers that say no, in one form for all routes.
 *
 * Threads: as http_reply.
 */
#include "flow/reply.h"

#include "base/json.h"

#include <stdio.h>

#define REPLY_BYTES_MAX 2048

void reply_error(struct http_exchange *exchange, int status, int retry_after_s, struct str text)
{
	char seconds[16];
	struct strbuf body;
	struct http_header header[] = {
		{ STR("Content-Type"), STR("application/json") },
		{ STR("Retry-After"), { 0 } },
	};

	(void)snprintf(seconds, sizeof(seconds), "%d", retry_after_s);
	header[1].value = str_from(seconds);
	strbuf_init(&body, REPLY_BYTES_MAX);
	strbuf_add_text(&body, "{\"error\":");
	json_write_text(text, &body);
	strbuf_add_text(&body, "}\n");
	http_reply(exchange, status, header, retry_after_s > 0 ? 2 : 1,
		   body.overflow ? STR("{\"error\":\"refused\"}\n") : strbuf_str(&body));
	strbuf_release(&body);
}
