#ifndef PANNIER_FLOW_FEED_H
#define PANNIER_FLOW_FEED_H

#include "base/pack.h"
#include "flow/flow.h"

/*
 * The catalog as a custom feed, for accounts whose setting catalog_source is "feed": Klaviyo reads it from us (every six hours), and
 * nothing of the catalog is sent through the API.
 *
 * Form: Klaviyo's guide "Sync a custom catalog feed", and its examples (klaviyo-labs/api-examples, catalogs/custom-catalog-feed). JSON: an
 * array of flat objects; XML: <Products> with a <Product> each. One row per product, by the id that events call ProductID: id,
 * title, link, description, image_link are never blank; price, categories, inventory_quantity, inventory_policy (1: not recommended
 * when out of stock, 2: recommended all the same). What else is known of a product follows under names of its own. A file has at
 * most 100 MB.
 */
#define FEED_BYTES_MAX INT64_C(100000000)

enum feed_form { FEED_JSON, FEED_XML };
const char *feed_form_name(enum feed_form form); /* "catalog.json" */
const char *feed_form_type(enum feed_form form); /* of content */

/* Why nothing of a catalog that is read as a feed is sent: in notes, and in the audit of what was queued before. */
#define FLOW_READ_AS_FEED "read by Klaviyo as a feed, not sent (catalog_source)"
/* Does Klaviyo read this account's catalog as a feed? Then what was queued of it ends as skipped, and no more is. */
bool feed_is_wanted(const struct settings_account *account);
/* What stands in the feed's address, 32 hexadecimal digits, in the arena. Another feed_token_version gives another one. */
struct str feed_token(const struct settings *settings, const struct settings_store *store, struct arena *arena);

/*
 * Everything of the store into pack, in constant memory but for the names of categories. *n: products. ERR_TOO_LARGE: over bytes_max, with
 * what to do.
 */
bool feed_write(struct flow_ctx *ctx, const struct settings_store *store, enum feed_form form, int64_t bytes_max,
		struct pack *pack, size_t *n, struct err *err) MUST_CHECK;

#endif
