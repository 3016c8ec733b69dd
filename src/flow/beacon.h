#ifndef PANNIER_FLOW_BEACON_H
#define PANNIER_FLOW_BEACON_H

#include "flow/ingest.h"

/*
 * Beacons: POST /s/{store}/events, from the browsers of a shop's visitors. They prove nothing, so all of it is taken with
 * tongs: only from the store's origins, only with its publishable key, only so many, only what is on a list (beacon_read.h).
 *
 *   204  committed and synced, or a duplicate, or from a robot and dropped. Of several events those that are wrong are left
 *        out; 400 if none is left
 *   403 origin, 401 key, 404 no such store or its mode takes none, 413 over 32 KiB or 20 events, 415 type, 429 and 503 with
 *   Retry-After
 * What the settings at hand deny (origin, key, mode) is tried once more with those that are stored; a store's are read for that
 * once a second at most, in the long run. OPTIONS answers the browser's question beforehand. What is kept is told like a message
 * of the generic platform, whatever the store's platform is: topics "storefront.*".
 */
struct beacon;

/* Borrows ingest, whose backlog and audit of refusals it shares. */
struct beacon *beacon_new(struct ingest *ingest);
/* Before ingest_free. NULL allowed. */
void beacon_free(struct beacon *beacon);
size_t beacon_body_max(void);
/* HTTP thread only; store is the path's segment. */
void beacon_post(struct beacon *beacon, struct http_exchange *exchange, struct str store);
void beacon_options(struct beacon *beacon, struct http_exchange *exchange, struct str store);

#endif
