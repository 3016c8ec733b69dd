#ifndef PANNIER_FLOW_REPLY_H
#define PANNIER_FLOW_REPLY_H

#include "net/http_server.h"

/* Answers with {"error": "..."}; retry_after_s 0 = no Retry-After. text must hold no secret and no part of a body. */
void reply_error(struct http_exchange *exchange, int status, int retry_after_s, struct str text);

/* Does If-None-Match name this ETag (with its quotes)? It may name several, or be weak. */
bool reply_names_etag(struct str list, struct str etag);

/* The same with headers of the caller's, at most REPLY_HEADERS_MAX. */
#define REPLY_HEADERS_MAX 6
void reply_error_with(struct http_exchange *exchange, int status, int retry_after_s, struct str text,
		      const struct http_header *more, size_t n_more);

#endif
