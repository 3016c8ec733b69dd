#ifndef PANNIER_KLAVIYO_OUTCOME_H
#define PANNIER_KLAVIYO_OUTCOME_H

#include "klaviyo/endpoint.h"
#include "net/http_client.h"

/*
 * What an answer of Klaviyo means. Pure. klaviyo/outcome.c and outcome_job.c are the only places that know.
 *
 *   2xx                      ACCEPTED (bulk: JOB with its id)
 *   409, 404                 the endpoint row's column
 *   400, 422 and other 4xx   REJECTED, for the rows that a pointer names; for all if the request had one row; SPLIT if nothing points
 *   400 on the phone number of an event or profile, 409 of a profile   MENDED: sent again without the number
 *   409 or 404 of a profile that was looked for   MENDED: sent again without its id
 *   200 to the question for a profile   AS_UPDATE, with its id in the body if there is one
 *   413                      SPLIT
 *   401, 400 and 403 about the key   BLOCKED: the account, not the delivery, is wrong
 *   403 JSON, 410            FORBIDDEN: its API family: a scope is missing, or the endpoint's revision is retired
 *   403 HTML, 5xx, timeout, broken answer   RETRY
 *   429                      RETRY_AT, not an attempt
 *   400 or 404 on a variant or item because its item or category is missing   RETRY ("item x is not there yet")
 *
 * Of a batch refused as a whole, rows that a pointer (or an id in the detail) names get their own outcome; the others get
 * RETRY_AT as rows: to be sent again now, without those, not an attempt. The verdict's own outcome is RETRY_AT only for a 429.
 * A 404 without a JSON body is the column only if the body is empty; a page in its place is RETRY (something in between answered).
 */
enum outcome {
	OUTCOME_ACCEPTED,
	OUTCOME_JOB,
	OUTCOME_DONE,          /* nothing to do any more: delete of what is not there */
	OUTCOME_AS_UPDATE,     /* exists already: send as update */
	OUTCOME_AS_CREATE,     /* does not exist: send as create */
	OUTCOME_RETRY_AT,      /* throttled */
	OUTCOME_RETRY,
	OUTCOME_MENDED,        /* send it again with the row's body in place of its own, at once; not an attempt */
	OUTCOME_SPLIT,         /* refused as a whole: send the rows alone or in halves */
	OUTCOME_REJECTED,
	OUTCOME_BLOCKED,
	OUTCOME_FORBIDDEN
};
const char *outcome_text(enum outcome outcome);

struct outcome_row {
	enum outcome outcome;
	struct str reason;         /* for people: Klaviyo's title and detail, at most 300 bytes, control bytes removed */
	struct str body;           /* MENDED, AS_UPDATE: the resource to store and to send, "" = as it is; the hash stays */
};

struct klaviyo_verdict {
	enum outcome outcome;      /* of the request as a whole */
	struct str reason;
	struct str job_id;         /* JOB */
	int64_t retry_after_ms;    /* RETRY_AT (seconds or a date); 1000 if the header is missing, at most 1 hour. RETRY: 0 if it is */
	const struct outcome_row *row; /* one per delivery of the batch, in its order */
	size_t n_row;
	int rate_remaining;        /* RateLimit-Remaining, -1 if not said; of the window whose limit is rate_limit */
	int rate_limit;            /* first number of RateLimit-Limit, -1 if not said */
	int rate_reset_s;
};

/*
 * delivery: what was sent, of kinds that are not the catalog's with their bodies (without them, MENDED is REJECTED and a refused batch
 * of events is SPLIT); answer: as received (ok false counts as RETRY). Texts live in the arena.
 */
void klaviyo_outcome(enum endpoint endpoint, const struct delivery *delivery, size_t n, const struct http_answer *answer,
		     struct arena *arena, struct klaviyo_verdict *out);

enum job_state { JOB_WORKING, JOB_COMPLETE, JOB_CANCELLED, JOB_UNKNOWN };

/*
 * What a poll says of one job. COMPLETE fills row: each delivery ACCEPTED, or by the error that names its id (in the detail or pointer)
 * AS_UPDATE, AS_CREATE, DONE, RETRY or REJECTED. When failed_count is greater than the errors that could be told apart, the rest are SPLIT:
 * so are all profiles of an import that failed for some, because the job itself does not name them.
 * list: the answer is a list of jobs; UNKNOWN: job_id is not in the answer, or it was a 404.
 */
void klaviyo_job_outcome(enum endpoint endpoint, const struct delivery *delivery, size_t n, struct str job_id, bool list,
			 const struct http_answer *answer, struct arena *arena, enum job_state *state,
			 struct klaviyo_verdict *out);

#endif
