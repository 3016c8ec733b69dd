#ifndef PANNIER_FLOW_FEEDS_H
#define PANNIER_FLOW_FEEDS_H

#include "flow/feed.h"
#include "net/http_server.h"

/*
 * Feeds over HTTP: GET /feeds/{store}/{token}/catalog.json and .xml. A feed is written into the data folder when it is asked for and
 * something has changed since, and served from there, whole: ETag (304), gzip for who takes it.
 */
struct feeds;

/* wake: of the role that calls feeds_run_once. All borrowed. */
struct feeds *feeds_new(struct flow_ctx *ctx, const char *data, struct wake *wake);
/* Questions not answered yet are answered with 503. NULL allowed. */
void feeds_free(struct feeds *feeds);
/* On the HTTP thread: 404 unless the token is the store's, 409 where the account uses the API; the rest is the role's. */
void feeds_ask(struct feeds *feeds, struct http_exchange *exchange, struct str store, struct str token, struct str file);
bool feeds_run_once(struct feeds *feeds, int64_t *wait_ms, struct err *err) MUST_CHECK;

#endif
