#ifndef PANNIER_FLOW_INGEST_H
#define PANNIER_FLOW_INGEST_H

#include "flow/flow.h"
#include "net/http_server.h"

/*
 * Ingest: POST /hooks/{platform}/{store}. Verify, identify, hand to the group commit; the answer is given when the commit has told.
 *
 *   the platform's accept_status   committed and synced, or a duplicate of something that is
 *   400 not JSON (line and column), 401 bad or missing secret, 404 unknown store, 405, 413 too large, 415 wrong type,
 *   429 / 503 with Retry-After when the store's backlog or the database cannot take more
 * Error bodies are JSON: {"error": "..."} and never repeat a secret or a body.
 */
struct ingest {
	struct flow_ctx *ctx;
	struct inbox *inbox;
};

/* Largest body for this path, from the store's setting. */
size_t ingest_body_max(struct ingest *ingest, struct str path);
/* Answers now or later; platform and store are the path's segments. */
void ingest_webhook(struct ingest *ingest, struct http_exchange *exchange, struct str platform, struct str store);

#endif
