/*
 * Answers that say no, in one form for all routes.
 *
 * Threads: as http_reply.
 */
#include "flow/reply.h"

#include "base/json.h"

#include <assert.h>
#include <stdio.h>

#define REPLY_BYTES_MAX 2048

void reply_error_with(struct http_exchange *exchange, int status, int retry_after_s, struct str text,
		      const struct http_header *more, size_t n_more)
{
	struct http_header header[REPLY_HEADERS_MAX + 2];
	char seconds[16];
	struct strbuf body;
	size_t n = 0;

	assert(n_more <= REPLY_HEADERS_MAX);
	header[n++] = (struct http_header){ STR("Content-Type"), STR("application/json") };
	(void)snprintf(seconds, sizeof(seconds), "%d", retry_after_s);
	if (retry_after_s > 0)
		header[n++] = (struct http_header){ STR("Retry-After"), str_from(seconds) };
	for (size_t i = 0; i < n_more; i++)
		header[n++] = more[i];
	strbuf_init(&body, REPLY_BYTES_MAX);
	strbuf_add_text(&body, "{\"error\":");
	json_write_text(text, &body);
	strbuf_add_text(&body, "}\n");
	http_reply(exchange, status, header, n,
		   body.overflow ? STR("{\"error\":\"refused\"}\n") : strbuf_str(&body));
	strbuf_release(&body);
}

void reply_error(struct http_exchange *exchange, int status, int retry_after_s, struct str text)
{
	reply_error_with(exchange, status, retry_after_s, text, NULL, 0);
}

bool reply_names_etag(struct str list, struct str etag)
{
	struct str one;

	while (str_split(&list, ',', &one)) {
		one = str_trim(one);
		if (str_starts(one, STR("W/")))
			one = str_skip(one, 2);
		if (str_eq(one, etag))
			return true;
	}
	return false;
}
