#ifndef PANNIER_TESTS_SUPPORT_FAKE_HTTP_H
#define PANNIER_TESTS_SUPPORT_FAKE_HTTP_H

#include "base/arena.h"
#include "net/http_client.h"

/*
 * An http_client without a network: requests are recorded, a function answers them inside http_client_run. Nothing waits
 * and no time passes.
 */
struct fake_request {
	struct str method;
	struct str url;
	struct str path;           /* of the URL, with its query */
	struct str body;
	struct str key;            /* value of Authorization */
	const struct http_header *header;
	size_t n_header;
};

struct fake_reply {
	bool no_answer;            /* the connection broke */
	int status;
	struct str body;
	struct str retry_after;    /* headers; "" = not there */
	struct str remaining;
	struct str reset;
	struct str link;
};

typedef void fake_answer_fn(void *arg, const struct fake_request *request, struct arena *arena,
			    struct fake_reply *reply);

/* "" if it was not there. */
struct str fake_request_header(const struct fake_request *request, const char *name);

struct fake_http;

struct fake_http *fake_http_new(fake_answer_fn *answer, void *arg);
struct http_client *fake_http_client(struct fake_http *fake);
/* Frees it with all that it recorded; calls under way are given up. */
void fake_http_free(struct fake_http *fake);
/* While held, calls whose path holds this text stay under way; NULL = none is held. */
void fake_http_hold(struct fake_http *fake, const char *path_part);
/* All requests so far, oldest first. */
size_t fake_http_count(const struct fake_http *fake);
const struct fake_request *fake_http_request(const struct fake_http *fake, size_t i);
/* Requests so far with this method and a path that holds this text. */
size_t fake_http_count_of(const struct fake_http *fake, const char *method, const char *path_part);
size_t fake_http_in_flight(const struct fake_http *fake);

#endif
