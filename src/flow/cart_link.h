#ifndef PANNIER_FLOW_CART_LINK_H
#define PANNIER_FLOW_CART_LINK_H

#include "base/arena.h"
#include "settings/settings.h"

/*
 * Signed cart links: GET /s/{store}/cart/{token} leads to the page where the shop restores that cart, until it expires. The
 * token holds the cart's id and says nothing else; nobody without the store's secret can make one.
 */

#define CART_ID_BYTES_MAX 100

/* The token, in the arena; expires_s is Unix time. */
struct str cart_link_token(struct str secret, struct str store, struct str cart_id, int64_t expires_s,
			   struct arena *arena);
enum cart_link_state { CART_LINK_GOOD, CART_LINK_EXPIRED, CART_LINK_BAD };
/* GOOD and EXPIRED: it is ours, *cart_id is set (in the arena). secret: any of the store's. */
enum cart_link_state cart_link_open(const struct str *secret, size_t n_secret, struct str store, struct str token,
				    int64_t now_s, struct arena *arena, struct str *cart_id);

/* The link to put into an event; "" where the store does not want such links. In the arena. */
struct str cart_link_url(const struct settings_store *store, struct str cart_id, int64_t now_ms, struct arena *arena);
/* Where the shop restores the cart: cart_url_template filled in. In the arena. */
struct str cart_link_target(const struct settings_store *store, struct str cart_id, struct arena *arena);
/* The shop's front page: origin of cart_url_template, else the first of storefront_origins; "" if neither is set. */
struct str cart_link_home(const struct settings_store *store, struct arena *arena);

#endif
