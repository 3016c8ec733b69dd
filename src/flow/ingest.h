#ifndef PANNIER_FLOW_INGEST_H
#define PANNIER_FLOW_INGEST_H

#include "flow/flow.h"
#include "net/http_server.h"

/*
 * Ingest: POST /hooks/{platform}/{store}. Verify, identify, hand to the group commit; the answer is given when the
 * commit has told.
 *
 *   the platform's accept_status   committed and synced, or a duplicate of something that is
 *   400 not JSON (line and column), 401 bad or missing secret, 404 unknown store, 413 too large, 415 wrong type,
 *   429 with Retry-After: too many of the store's messages wait; 503 with Retry-After: the database cannot take more
 * Error bodies are JSON: {"error": "..."} and never repeat a secret or a body.
 */
struct ingest;

/* Borrows ctx and inbox, which must outlive it. */
struct ingest *ingest_new(struct flow_ctx *ctx, struct inbox *inbox);
/* After the HTTP server has stopped and the inbox is freed. NULL allowed. */
void ingest_free(struct ingest *ingest);

/* Largest body for this path, from the store's setting. HTTP thread only. */
size_t ingest_body_max(struct ingest *ingest, struct str path);
/* Answers now or later; platform and store are the path's segments. HTTP thread only. */
void ingest_webhook(struct ingest *ingest, struct http_exchange *exchange, struct str platform, struct str store);
/* What need not be done while a shop waits: audit of refused requests, counts of what is pending. One other thread. */
bool ingest_upkeep_run_once(struct ingest *ingest, struct flow_next *next, struct err *err) MUST_CHECK;

#endif
