#ifndef PANNIER_ADMIN_ADMIN_H
#define PANNIER_ADMIN_ADMIN_H

#include "flow/flow.h"
#include "klaviyo/oauth.h"
#include "net/http_server.h"

/*
 * The screens and the API behind them: /admin and /admin/api/v1.
 *
 * One table (route_table.c) routes, authorises and describes. The HTTP thread only looks a request up and queues it; three workers
 * answer: one for what the database answers at once, one for what takes its time (password hashing, questions to Klaviyo, exports),
 * one for files that are sent to us.
 * Either queue is bounded; past that the answer is 503.
 */
struct admin;

struct admin_config {
	const struct flow_ctx *ctx;
	bool loopback;             /* the daemon listens on a loopback address only */
	struct str url;            /* how browsers reach it, "https://host[:port]"; "" = from this machine, and by the names of tls */
	struct http_tls *tls;      /* the daemon speaks TLS itself, with this certificate; NULL = plain HTTP */
	const struct klaviyo_app *klaviyo; /* by which accounts are connected; NULL, or without client_id = by keys alone */
	struct str shop_url;       /* how shops reach the daemon, for guides; "" = the address of the request */
	bool public_only;          /* shops are asked at public addresses only (http_client_config) */
	const char *version;
	struct wake *wake;         /* of the quick worker */
	struct wake *wake_slow;
	struct wake *wake_upload;
	const char *data;          /* folder for files that are sent to us; NULL = none are taken */
};

enum admin_lane { ADMIN_QUICK, ADMIN_SLOW, ADMIN_UPLOAD, ADMIN_LANE_COUNT };

/* ERR_INVALID: url is not https (http is allowed for a loopback host). */
bool admin_check_url(struct str url, struct err *err) MUST_CHECK;
struct admin *admin_new(const struct admin_config *config);
/* Questions not answered yet are answered with 503. NULL allowed. */
void admin_free(struct admin *admin);
/* For the link to the screens while there are no users; "" = there are. Only for the terminal the daemon was started on. */
struct str admin_setup_code(struct admin *admin);
/* Is the path one of ours? */
bool admin_owns(struct str path);
size_t admin_body_max(struct str method, struct str path);
/* Is its body read in pieces? */
bool admin_streams(struct str method, struct str path);
/* On the HTTP thread. */
void admin_handle(struct admin *admin, struct http_exchange *exchange);
/* Answers what waits in a lane. ERR_FATAL: the disk failed. *wait_ms: when to call again at the latest. */
bool admin_run_once(struct admin *admin, enum admin_lane lane, int64_t *wait_ms, struct err *err) MUST_CHECK;

#endif
