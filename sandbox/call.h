#ifndef PANNIER_SANDBOX_CALL_H
#define PANNIER_SANDBOX_CALL_H

#include "sandbox/state.h"

/* One request and its answer, free of any HTTP library, so that a test can call the simulator directly. */

struct request {
	struct str method;
	struct str path;           /* without query, percent-decoding not applied */
	struct str query;
	struct str body;
	bool body_too_large;
	bool body_broken;
	struct str authorization, revision, content_type, content_encoding, host; /* headers; empty = absent */
	struct str fall_forward_opt_out; /* X-Klaviyo-Revision-Fall-Forward-Opt-Out */
};

#define REPLY_HEADERS_MAX 8

struct reply_header {
	const char *name;
	struct str value;
};

enum drop { DROP_NONE, DROP_CLOSE, DROP_HANG };

struct reply {
	int status;
	struct str body;           /* in the arena of the call */
	const char *content_type;  /* NULL = none */
	struct reply_header header[REPLY_HEADERS_MAX];
	size_t n_headers;
	enum drop drop;            /* the client gets no answer */
	int64_t delay_ms;
};

struct route;

/* What a handler of the API works on. It answers with one of the reply functions, or leaves errors. */
struct call {
	struct sandbox *sandbox;
	const struct request *request;
	struct reply *reply;
	struct arena *arena;       /* lives until the answer has left */
	const struct route *route; /* NULL: none matches */
	bool path_known;           /* with another method */
	struct account *account;   /* NULL: no key, or a bad one */
	struct str id;             /* the {id} of the path, decoded once the route is accepted */
	struct json *body;         /* owned; a handler that keeps it sets it to NULL */
	struct error_list errors;  /* not empty after the handler: they are the answer */
	int64_t number;            /* of the request */
	size_t rows;
	bool lost;                 /* the answer will not reach the client */
};

#define JSON_API_TYPE "application/vnd.api+json"

/* Answers the request, which belongs to the API or to the control paths. Never fails. */
void sandbox_handle(struct sandbox *sandbox, const struct request *request, struct arena *arena,
		    struct reply *reply);

/* Ceiling of any answer: the whole state of a large catalog. */
#define REPLY_BYTES_MAX ((size_t)1 << 30)

/* The text becomes the body; the buffer is released. */
void reply_take(struct call *call, int status, struct strbuf *body);
void reply_empty(struct call *call, int status);
void reply_header(struct reply *reply, const char *name, struct str value);

#endif
