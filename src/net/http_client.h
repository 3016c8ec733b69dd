#ifndef PANNIER_NET_HTTP_CLIENT_H
#define PANNIER_NET_HTTP_CLIENT_H

#include "base/err.h"
#include "base/str.h"
#include "net/http_server.h"

/*
 * HTTP client behind a small ops struct: libcurl multi in the program, a simulated network in tests. One
 * thread owns a client. Calls run side by side; connections are kept and reused; redirects are never
 * followed.
 */
struct http_call {
	const char *method;           /* "GET", "POST", "PATCH", "DELETE" */
	struct str url;               /* absolute http or https */
	const struct http_header *header;
	size_t n_header;
	struct str body;              /* empty = none; copied by start */
	int64_t connect_timeout_ms;   /* 0 = 5000 */
	int64_t timeout_ms;           /* whole call, waiting for a connection included; 0 = 30000 */
	size_t answer_bytes_max;      /* 0 = 1 MiB; a longer answer is an error */
};

struct http_answer {
	bool ok;                      /* an HTTP answer arrived whole; otherwise error says why */
	bool sent;                    /* the request may have reached the other side */
	int status;
	struct str body;
	const struct http_header *header;
	size_t n_header;
	int64_t latency_ms;
	char error[256];              /* what went wrong, for people; names the host, never a header */
};

/* Runs inside http_client_run; answer is borrowed for the call. */
typedef void http_done_fn(void *arg, const struct http_answer *answer);

struct http_client;
struct http_client_ops {
	bool (*start)(struct http_client *client, const struct http_call *call, http_done_fn *done, void *arg,
		      struct err *err);
	size_t (*run)(struct http_client *client, int64_t max_wait_ms);
	void (*wakeup)(struct http_client *client);
	void (*free)(struct http_client *client);
};
struct http_client {
	const struct http_client_ops *ops;
};

struct http_client_config {
	size_t connections_per_host;  /* 0 = 8 */
	const char *user_agent;       /* "pannier/0.1.0" */
	const char *ca_file;          /* NULL = the system's */
	/*
	 * For URLs that come from outside: https only, and only to public addresses (net/address.h). The address is judged when the
	 * socket is opened, so that neither a name that resolves to something else by then nor an odd spelling gets through. No proxy
	 * of the environment is used, for it would hide the address.
	 */
	bool public_only;
};

/* libcurl behind. Caller owns *out. */
bool http_client_new(const struct http_client_config *config, struct http_client **out,
		     struct err *err) MUST_CHECK;
/* Gives up every call (their done is not called) and frees. NULL allowed. */
void http_client_free(struct http_client *client);
/*
 * Starts a call; done is called later from http_client_run, exactly once. False: not started, done is not
 * called.
 */
bool http_client_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
		       void *arg, struct err *err) MUST_CHECK;
/*
 * Moves all calls, waits at most max_wait_ms for one to finish or for a wakeup; how many are still under way.
 */
size_t http_client_run(struct http_client *client, int64_t max_wait_ms);
/* Ends a waiting http_client_run; the only function callable from another thread. */
void http_client_wakeup(struct http_client *client);
/* One call, waited for. False with ERR_UNREACHABLE; otherwise *status and body (in the arena). */
bool http_client_fetch(struct http_client *client, const struct http_call *call, struct arena *arena,
		       int *status, struct str *body, struct err *err) MUST_CHECK;

/* First header of that name in an answer, or the empty string. */
struct str http_answer_header(const struct http_answer *answer, const char *name);

#endif
