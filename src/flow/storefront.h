#ifndef PANNIER_FLOW_STOREFRONT_H
#define PANNIER_FLOW_STOREFRONT_H

#include "flow/flow.h"
#include "net/http_server.h"

/* What a shop's pages and its visitors fetch: the script and the signed cart links. HTTP thread only; no database is asked. */

/*
 * GET /s/{store}.js: the script with the store's configuration in it. ETag is a digest of all of it; 304 where the browser has
 * it. A store whose mode is off gets a script that does nothing, so that switching it off breaks no page. file: "shop.js".
 */
void storefront_script(struct flow_ctx *ctx, struct http_exchange *exchange, struct str file);
/* GET /s/{store}/cart/{token}: 302 to where the shop restores the cart; expired or not ours: to its front page, else 404. */
void storefront_cart(struct flow_ctx *ctx, struct http_exchange *exchange, struct str store, struct str token);

/* The script's text and its ETag (with the quotes), in the arena. */
struct str storefront_text(const struct settings_store *store, struct arena *arena, struct str *etag);

#endif
