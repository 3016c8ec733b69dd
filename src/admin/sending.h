#ifndef PANNIER_ADMIN_SENDING_H
#define PANNIER_ADMIN_SENDING_H

#include "admin/story.h"
#include "flow/preview.h"

/* A delivery on its way: each time it left, with whom, what came back, the request itself, and why it still waits. */

#define SENDING_MEMBERS_MAX 1000

struct sending {
	const struct audit_row *sent;       /* of this delivery; its reason is the endpoint's name */
	const struct audit_row *member;     /* the same rows of all that left in that request, in its order; this one too */
	size_t n_member;
	bool more;                          /* there were more than SENDING_MEMBERS_MAX */
	const struct audit_row **answer;    /* what came back: job, accepted, to be sent again, failed, skipped */
	size_t n_answer;
};

/* Every time the delivery left, oldest first, from the story's rows; in the arena. */
bool sendings_of(const struct story *story, const struct delivery *delivery, struct sending **out, size_t *n,
		 struct err *err) MUST_CHECK;
/* "... (HTTP 202, 38 ms)" -> 202; 0: there was no answer. */
int sending_status(struct str reason);

struct sending_request {
	struct preview_request request;
	size_t n_row;                       /* deliveries in it */
	bool complete;                      /* false: what some of them said is no longer kept */
};

/*
 * The request as it left last, or as it would leave now; without keys and headers. whole: with all that left in it; otherwise as if this
 * delivery had been alone in it. Bodies are as they are kept now: what Klaviyo refused a part of has been mended since.
 * ERR_NOT_FOUND: the body is no longer kept, or it is no request to Klaviyo.
 */
bool sending_request(const struct story *story, const struct delivery *delivery, bool whole, struct sending_request *out,
		     struct err *err) MUST_CHECK;

/* Why it has not left yet, as a sentence; "" if it has. */
bool sending_waits(const struct story *story, const struct delivery *delivery, struct str *out, struct err *err) MUST_CHECK;

#endif
