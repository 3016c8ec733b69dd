#ifndef PANNIER_NET_HTTP_SERVER_INTERNAL_H
#define PANNIER_NET_HTTP_SERVER_INTERNAL_H

#include "base/arena.h"
#include "net/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/*
 * Shared by http_server.c (life of a server, its thread), http_exchange.c (life of an exchange),
 * http_connection.c, http_body.c, http_listen.c.
 */

/*
 * Who may touch an exchange, and what happens next.
 *
 *      +----- READ_ON (a body in pieces) <--+
 *      v                    http_read_on    |
 *   READING --> PENDING --> REPLIED --> (answer sent, back to the free list)
 *                  |  http_reply  ^
 *                  | stop         | http_reply
 *                  +--> STOPPED --+
 *                  |       | 503 is sent
 *                  |       v
 *                  +--> GONE (http_reply frees what is left)
 *                   peer is gone
 *
 * READING belongs to the server's thread. PENDING belongs to the handler and whoever it gave the exchange to.
 * Every move out of PENDING or STOPPED is one atomic operation; its winner does what the move asks for.
 */
enum exchange_state {
	EXCHANGE_READING,
	EXCHANGE_PENDING,
	EXCHANGE_READ_ON,
	EXCHANGE_REPLIED,
	EXCHANGE_STOPPED,
	EXCHANGE_GONE
};

/* What is known of a connection; MHD carries it along as its socket context. */
struct http_connection {
	struct http_connection *older, *newer; /* among all */
	char remote[INET6_ADDRSTRLEN];
	int fd;
	int64_t waits_since_ms;  /* for the next stage of a request, monotonic; INT64_MAX: it is our turn */
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_exchange *older, *newer; /* among the open ones; the unused use older only */
	struct http_exchange *next_replied;
	struct arena arena;
	struct http_request request;
	char remote[INET6_ADDRSTRLEN];
	bool begun;              /* the headers were looked at */
	bool early;              /* a body nobody wants is not read before the answer; the connection is closed then */
	bool streamed;           /* the body is read in pieces ... */
	bool reading;            /* ... its handler has asked for them ... */
	bool open_body;          /* ... and MHD was told to go on behind the headers */
	struct http_stream stream;
	bool polled;             /* MHD asks for its answer every round ... */
	unsigned asked;          /* ... and has done so this often */
	bool suspended;          /* MHD does not ask */
	bool taken;              /* the reply is back on the server's thread */
	bool stopped;            /* it has been STOPPED */
	bool closed;             /* MHD is done with it, the reply is still on its way */
	char *body;              /* in the arena */
	size_t body_bytes, body_capacity;
	size_t body_ceiling;
	size_t body_expected;    /* Content-Length, if it is within the ceiling */
	size_t discarded_bytes;  /* of a body that is too large */
	_Atomic(enum exchange_state) state;
	struct MHD_Response *response; /* set by whoever moved it to REPLIED */
	unsigned status;
	bool dropped;                  /* REPLIED by http_drop */
};

struct http_server {
	struct http_server_config config;
	int port;
	pthread_t thread;
	pthread_t self;                 /* the same, set by the thread itself before the first exchange */
	struct MHD_Daemon *daemon;      /* this and what follows: server's thread */
	int epoll_fd;                   /* MHD's */
	struct http_connection *connection; /* newest first */
	int64_t looked_at_ms;           /* when connections were last looked at for slow ones */
	struct http_exchange *unused;
	struct http_exchange *open;     /* newest first */
	struct http_exchange *handling; /* whose handler is being called now */
	size_t n_pending;               /* with handlers, or their reply is on its way */
	size_t n_polled;                /* of these, those that are polled */
	bool active;                    /* something happened in this round */
	bool draining;                  /* new requests are answered 503 */
	int wake_fd;                    /* eventfd that ends a wait */
	pthread_mutex_t lock;           /* of what follows */
	struct http_exchange *replied;  /* from other threads; to be taken back */
	bool asleep;                    /* the server's thread waits, or is about to */
	bool stopping;
};

/* ---- http_server.c ---- */

/*
 * Hands an exchange that is REPLIED to the server's thread. From any thread; the server may end afterwards.
 */
void server_take_reply(struct http_exchange *exchange);

/*
 * ---- http_exchange.c; all on the server's thread; the first four are MHD's callbacks (arg is the server)
 * ----
 */

/* The request line has arrived: takes an exchange, which MHD carries along as the context of the request. */
void *exchange_open(void *arg, const char *uri, struct MHD_Connection *connection);
/* Headers, each piece of the body, the end of it, and after a resume: MHD's access handler. */
enum MHD_Result exchange_advance(void *server, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_bytes, void **context);
/* The answer is sent or the connection lost. */
void exchange_close(void *arg, struct MHD_Connection *connection, void **context,
		    enum MHD_RequestTerminationCode reason);
/* What is known of the connection of an exchange; never NULL. */
struct http_connection *exchange_connection(const struct http_exchange *exchange);

/* Its reply is back: lets MHD go on with it. */
void exchange_take_back(struct http_exchange *exchange);
/* Takes a pending exchange from whoever has it, so that 503 is answered. */
void exchange_stop(struct http_exchange *exchange);
void exchange_free(struct http_exchange *exchange);

/* ---- http_connection.c; server's thread ---- */

/* A connection begins or ends: MHD's callback (arg is the server). */
void connection_notify(void *arg, struct MHD_Connection *connection, void **context,
		       enum MHD_ConnectionNotificationCode code);
/* Closes those whose peers take too long over a request. Milliseconds until it should be called again. */
int connections_look(struct http_server *server);

/* ---- http_body.c; server's thread ---- */

/* What is known with the headers; exchange->early says whether the body is not worth waiting for. */
void exchange_begin(struct http_exchange *exchange, const char *method);
/* What MHD has of a body that is read in pieces; *full: it is time to hand it on. */
enum MHD_Result exchange_gather(struct http_exchange *exchange, const char *data, size_t bytes, bool *full);
/* One piece of the body; MHD_NO ends the connection without an answer. */
enum MHD_Result exchange_take_body(struct http_exchange *exchange, const char *data, size_t bytes);

/* ---- http_forwarded.c; server's thread ---- */

/* Who asks, and whether by TLS: request.remote, .secure, .by_proxy. */
void exchange_find_peer(struct http_exchange *exchange);

/* ---- http_listen.c ---- */

/* A listening socket for "address:port"; *port is the one it got. */
bool http_listen(const char *listen, int *fd, int *port, struct err *err) MUST_CHECK;
/* Address of a peer as text, IPv4 in IPv6 as IPv4; "" if unknown. */
void http_peer_text(const struct sockaddr *address, char out[static INET6_ADDRSTRLEN]);

#endif
