#ifndef PANNIER_NET_HTTP_SERVER_H
#define PANNIER_NET_HTTP_SERVER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "net/address_list.h"
#include "net/http_tls.h"

/*
 * HTTP/1.1 server (libmicrohttpd on one epoll thread). Knows nothing about commerce.
 *
 * A handler gets a whole request and answers it now or later: http_reply may be called from any thread, once
 * per exchange; until then the connection waits and costs no thread. A stop answers every open exchange with
 * 503.
 *
 * A body of any size can be read in pieces (http_read_on): the connection rests while a piece is with its handler, so that
 * no more than one piece of it is in memory.
 */
struct http_server;
struct http_exchange;

/* Texts live until http_reply, whatever becomes of the connection. */
struct http_request {
	struct str method;       /* "POST" */
	struct str path;         /* "/hooks/enad/shop1", percent-decoding not applied, no query */
	struct str query;        /* behind '?', may be empty */
	struct str body;
	struct str remote;       /* address of who asks, as text, without port: the peer, or whom a proxy of ours names (X-Forwarded-For) */
	bool secure;             /* it came by TLS: to us, or to a proxy of ours that says so (X-Forwarded-Proto) */
	bool by_proxy;           /* the peer is a proxy of ours */
	int64_t body_length;     /* as announced; -1 = not */
	bool body_more;          /* there may be more of the body: http_read_on */
	bool body_too_large;     /* the body passed the ceiling; body is empty */
	bool body_broken;        /* its length is ambiguous; body is empty, a status below 400 becomes 400 */
	bool body_encoded;       /* Content-Encoding says that it is compressed or the like: it is never unpacked */
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
	int64_t request_timeout_ms;  /* a request must be whole within this time of its first line, and the first line within it of
				      * the connection's begin or last answer, however busy the peer is; 0 = 60,000 */
	size_t connections_per_address; /* more of one peer address are closed at once; 0 = 256 of a public address that is no proxy
					 * of ours, any of others */
	struct http_tls *tls;        /* speaks TLS with this certificate, and nothing else; NULL = plain HTTP */
	const struct address_list *proxies; /* whose X-Forwarded-For and -Proto are believed; NULL = nobody's */
	void *ctx;                   /* handed to the callbacks */
	/* Ceiling for this method and path, asked once before the body is read; NULL = body_bytes_max. */
	size_t (*body_max)(void *ctx, struct str method, struct str path);
	/* Is the body of this method and path read in pieces? Then body_max is not asked, and the handler gets the exchange with its
	 * headers alone. NULL = none is. */
	bool (*streams)(void *ctx, struct str method, struct str path);
	/* Runs on the server's thread; must not block. Borrowed values live until http_reply returns. */
	void (*handle)(void *ctx, struct http_exchange *exchange);
	/* After each round of the server's thread, on it: what was ready has been handled. idle: nothing was, the thread is about to
	 * wait. For what is better done once for many requests; NULL allowed. */
	void (*round)(void *ctx, bool idle);
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

/* The same with a file as the body: bytes of it from its beginning, in constant memory. Takes fd over, whatever becomes of it. */
void http_reply_file(struct http_exchange *exchange, int status, const struct http_header *header, size_t n, int fd, int64_t bytes);

/*
 * Between these, what the calling thread replies is kept back and handed to its servers together, which costs them one wake: for who
 * has answers to many exchanges at once. Not nested.
 */
void http_replies_hold(void);
void http_replies_release(void);

/* Where the pieces of a body go to; both run on the server's thread and must not block. */
struct http_stream {
	/* The next piece is request.body, until http_read_on or http_reply, either from any thread. The last one may be empty. */
	void (*piece)(void *ctx, struct http_exchange *exchange);
	/* The peer has left, or the server stops, between two pieces: the exchange is gone. */
	void (*lost)(void *ctx);
	void *ctx;
};
/*
 * Instead of http_reply, while request.body_more: asks for the next piece. False: the peer has left or the server stops, and the
 * exchange is gone. Who answers before the body is whole closes the connection by it.
 */
bool http_read_on(struct http_exchange *exchange, const struct http_stream *stream) MUST_CHECK;

/*
 * Instead of http_reply: closes the connection without an answer. For simulators that play a broken peer.
 * Same threads and same life of the exchange as http_reply.
 */
void http_drop(struct http_exchange *exchange);

#endif
