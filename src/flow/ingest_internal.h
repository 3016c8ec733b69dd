#ifndef PANNIER_FLOW_INGEST_INTERNAL_H
#define PANNIER_FLOW_INGEST_INTERNAL_H

#include "flow/backlog.h"
#include "flow/ingest.h"
#include "flow/refusal.h"

/* What ingest.c and beacon.c share: both take requests in, from shops and from their visitors' browsers. */

#define RETRY_AFTER_BACKLOG_S 30
#define RETRY_AFTER_BUSY_S 2
#define RETRY_AFTER_FULL_S 60

struct ingest {
	struct flow_ctx *ctx;
	struct inbox *inbox;
	struct backlog *backlog;
	struct refusals *refusals;
	int64_t renewed_at_ms; /* monotonic; of the HTTP thread alone */
};

/* Gives the old snapshot back, takes the newest, with changes by other processes, looked for now and then. HTTP thread only. */
const struct snapshot *ingest_renew_settings(struct ingest *ingest, const struct snapshot *old);
/* What a 503 says when the commit could not be. */
int ingest_retry_after_s(const struct err *err);
struct str ingest_unavailable_text(const struct err *err);

#endif
