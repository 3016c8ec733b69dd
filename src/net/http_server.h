#ifndef PANNIER_NET_HTTP_SERVER_H
#define PANNIER_NET_HTTP_SERVER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * HTTP/1.1 server (libmicrohttpd on one epoll thread). Knows nothing about commerce.
 *
 * A handler gets a whole request and answers it now or later: http_reply may be called from any thread, once
 * per exchange; until then the connection waits and costs no thread. A stop answers every open exchange with
 * 503.
 */
struct http_server;
struct http_exchange;

/* Texts live until http_reply, whatever becomes of the connection. */
struct http_request {
	struct str method;       /* "POST" */
	struct str path;         /* "/hooks/enad/shop1", percent-decoding not applied, no query */
	struct str query;        /* behind '?', may be empty */
	struct str body;
	struct str remote;       /* peer address as text, without port */
	bool body_too_large;     /* the body passed the ceiling; body is empty */
	bool body_broken;        /* its length is ambiguous; body is empty, a status below 400 becomes 400 */
};

struct http_header {
	struct str name;
	struct str value;
};

struct http_server_config {
	const char *listen;          /* "127.0.0.1:8080", "[::1]:8080"; port 0 picks a free one */
	size_t body_bytes_max;       /* ceiling of any body; a route's own is asked through body_max */
	size_t connections_max;      /* 0 = 4096 */
	int64_t idle_timeout_s;      /* a connection silent for so long is closed; 0 = 30 */
	void *ctx;                   /* handed to the callbacks */
	/* Ceiling for this method and path, asked once before the body is read; NULL = body_bytes_max. */
	size_t (*body_max)(void *ctx, struct str method, struct str path);
	/* Runs on the server's thread; must not block. Borrowed values live until http_reply returns. */
	void (*handle)(void *ctx, struct http_exchange *exchange);
};

bool http_server_start(const struct http_server_config *config, struct http_server **out,
		       struct err *err) MUST_CHECK;
int http_server_port(const struct http_server *server);
/* Stops accepting, answers what is open with 503, joins the thread, frees. NULL allowed. */
void http_server_stop(struct http_server *server);

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/*
 * First header of that name (case-insensitive), or the empty string. Only while `handle` runs, on the
 * server's thread; what is needed later goes into the arena.
 */
struct str http_exchange_header(const struct http_exchange *exchange, const char *name);
/* Lives as long as the exchange: for what a handler needs until it replies. */
struct arena *http_exchange_arena(struct http_exchange *exchange);

/*
 * Answers: status 200 to 599, the headers as given (one with a line break in it is left out), Date and
 * Content-Length. Copies body and headers; a body is text/plain unless Content-Type is among the headers. The
 * exchange is gone afterwards. It must be called even after http_server_stop, and then only frees the
 * exchange.
 */
void http_reply(struct http_exchange *exchange, int status, const struct http_header *header, size_t n,
		struct str body);

/*
 * Instead of http_reply: closes the connection without an answer. For simulators that play a broken peer.
 * Same threads and same life of the exchange as http_reply.
 */
void http_drop(struct http_exchange *exchange);

#endif
