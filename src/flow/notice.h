#ifndef PANNIER_FLOW_NOTICE_H
#define PANNIER_FLOW_NOTICE_H

#include "base/arena.h"
#include "model/activity.h"
#include "net/http_server.h"

/*
 * What the shop is told of opt-outs made in Klaviyo: messages as Standard Webhooks 1.0.0 describes them. Pure; results in the arena.
 */

/* "optout_" and 32 hex digits: the same for the same opt-out, whenever and however often it is told. */
struct str notice_id(int64_t store_id, const struct activity_optout *optout, struct arena *arena);
/* {"type":"klaviyo.opted_out","timestamp":"2026-07-30T10:00:00Z","data":{"at","channel","email" or "phone","reason","state"}} */
struct str notice_body(const struct activity_optout *optout, struct arena *arena);
/* Content-Type, webhook-id, webhook-timestamp, webhook-signature. secret: whsec_ and base64 of the key, or the key itself. */
struct http_header *notice_headers(struct str secret, struct str id, struct str body, int64_t now_ms, struct arena *arena,
				   size_t *n);

#endif
