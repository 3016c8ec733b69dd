#ifndef PANNIER_SANDBOX_JOURNAL_H
#define PANNIER_SANDBOX_JOURNAL_H

#include "base/attr.h"
#include "base/strbuf.h"

/* What came in, and which promises a good client makes were broken. */

#define JOURNAL_REQUESTS_MAX 10000
#define JOURNAL_VIOLATIONS_MAX 1000
#define JOURNAL_STATUS_MAX 600

/* A broken promise. One row: name, what it means. */
#define VIOLATIONS(X) \
	X(RETRY_AFTER, "request_before_retry_after", \
	  "a request to an endpoint before the Retry-After of its last 429 had passed") \
	X(OVER_WINDOW, "requests_over_window", "more requests than a window of the endpoint allows") \
	X(UNCHANGED, "unchanged_content_sent", "a create or update whose content the entity has already") \
	X(OVERLAP, "overlapping_change", \
	  "a change of an entity while a job with the same entity was in progress: their order is not defined") \
	X(TOO_MANY_JOBS, "too_many_jobs", "more bulk jobs in progress than allowed") \
	X(RESUBSCRIBED, "resubscribed_against_opt_out", \
	  "a historical subscription, agreed to before the person opted out in Klaviyo itself")

enum violation {
#define VIOLATION_ENUM(name, text, help) VIOLATION_##name,
	VIOLATIONS(VIOLATION_ENUM)
#undef VIOLATION_ENUM
	VIOLATION_COUNT
};

struct journal_request {
	int64_t number;            /* from 1 */
	int64_t at_ms;             /* since the start */
	const char *pattern;       /* of the route; NULL = none matched */
	struct str method, path;   /* path with query; owned by the journal once added */
	int status;                /* decided; the client saw it unless dropped is set */
	const char *dropped;       /* "before", "after" or NULL */
	char key_last4[5];
	size_t rows;
	int64_t retry_after_s;     /* sent; 0 = none */
};

struct journal_violation {
	enum violation kind;
	int64_t request_number;
	int64_t at_ms;
	char key_last4[5];
	char *detail;
};

/* Counts of one route. */
struct journal_route {
	int64_t requests, rows;
	int64_t status[JOURNAL_STATUS_MAX];
};

struct journal {
	struct journal_request *ring;   /* JOURNAL_REQUESTS_MAX, number n at index n % max */
	int64_t last_number;
	struct journal_violation *violation;
	size_t n_violations;            /* kept */
	int64_t violations[VIOLATION_COUNT];
	struct journal_route *route;    /* one per route, and one more for what matched none */
	size_t n_routes;
	int64_t throttled, throttled_by_us;
	int64_t effect[3][3];           /* [kind][op]: created, updated, deleted */
};

void journal_init(struct journal *journal, size_t n_routes);
void journal_release(struct journal *journal);
/* Files the request; method and path are copied. route is its index, n_routes = none. */
void journal_add(struct journal *journal, const struct journal_request *request, size_t route);
/* detail is copied. The first JOURNAL_VIOLATIONS_MAX are kept, all are counted. */
void journal_violation_add(struct journal *journal, const struct journal_violation *violation, const char *format,
			   ...) PRINTF_LIKE(3, 4);

/* Append JSON: requests with a number above after; broken promises; counts ("pattern" of each route from the caller). */
void journal_render_requests(const struct journal *journal, int64_t after, struct strbuf *out);
void journal_render_violations(const struct journal *journal, struct strbuf *out);
void journal_render_route(const struct journal_route *route, const char *method, const char *pattern,
			  struct strbuf *out);
/* {"200":3,...} summed over all routes or of one. */
void journal_render_status(const struct journal_route *route, size_t n, struct strbuf *out);

#endif
