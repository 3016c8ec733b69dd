#ifndef PANNIER_SETTINGS_SETTING_TABLE_H
#define PANNIER_SETTINGS_SETTING_TABLE_H

/*
 * Every setting of an account or a store, one row: key, scope, type, default, min, max, choices, traits, help.
 * type    TEXT (max = longest in bytes), BOOL ("true"/"false", also on/off, yes/no, 1/0 on input), INT (min..max),
 *         CHOICE (choices = "a|b|c"), URL (http or https), TEMPLATE (a URL with the placeholders of choices), HEADER (a header's name),
 *         SWITCHES ("name=on,other=off": names of metrics, model/metric.h), WINDOWS ("name=hours": the same; max as TEXT),
 *         PAIRS ("a=b, c=d"; max as TEXT),
 *         SCHEDULES (model/schedule.h; max as TEXT),
 *         SECRET (of at least min bytes, at most max; sealed at rest, shown to nobody; on the command line the name of a file)
 * traits  SETTING_SWEEP: a change alters what products look like in Klaviyo, so all of the store are looked at again
 *         SETTING_ALONE: belongs to one account or shop, so there is no default for all of the installation; secrets and
 *         addresses (URL, TEMPLATE) are so by their type. So is what a store says over its account: as a default it would
 *         win over what an account has of its own
 * Generates: parser, checks, CLI help, docs/settings.md, lookup.
 */
enum setting_trait { SETTING_SWEEP = 1, SETTING_ALONE = 2 };

#define PULL_PLACES "page|limit|offset|cursor|from|to|market|language"
#define PULL_HELP "{page}, {offset} or {cursor}, {limit}, {from} and {to}, {market} and {language} are filled in"

#define SETTINGS(X) \
	X(api_url, ACCOUNT, URL, "https://a.klaviyo.com", 0, 0, "", 0, \
	  "address of Klaviyo's API; another server can stand in for it") \
	X(quota_percent, ACCOUNT, INT, "90", 1, 100, "", 0, \
	  "share of Klaviyo's published rate limits that Pannier may use; other private-key integrations use them too") \
	X(rate_limits, ACCOUNT, BOOL, "true", 0, 0, "", SETTING_ALONE, "turn off only for a server that stands in for Klaviyo") \
	X(timeout_ms, ACCOUNT, INT, "30000", 1000, 120000, "", 0, "how long to wait for a response from Klaviyo") \
	X(retry_preset, ACCOUNT, CHOICE, "realtime", 0, 0, "realtime|zoey", 0, \
	  "realtime: send at once, retry quickly, then every 10 h; zoey: send every 10 min, retry once after 10 h") \
	X(metrics, ACCOUNT, SWITCHES, "", 0, 1000, "", 0, \
	  "events turned on or off, if different from the default: active_on_site=off,shipped_order=on") \
	X(flow_windows, ACCOUNT, WINDOWS, "", 0, 1000, "", 0, \
	  "an event sent later than this many hours after it happened starts no flows (backfill); default 24 for orders, 4 for carts " \
	  "and browsing: started_checkout=2, placed_order=48; 0: never starts flows") \
	X(catalog_source, ACCOUNT, CHOICE, "api", 0, 0, "api|feed", SETTING_SWEEP, \
	  "api: products are sent as they change; feed: Klaviyo reads the catalog from Pannier every six hours, nothing is sent") \
	X(cancelled_spelling, ACCOUNT, CHOICE, "auto", 0, 0, "auto|Cancelled|Canceled", 0, \
	  "name of the metric for cancelled orders; auto: the one the account already has, else Cancelled") \
	X(optout_poll_s, ACCOUNT, INT, "300", 1, 86400, "", 0, \
	  "how often Pannier asks Klaviyo who has unsubscribed, in seconds") \
	X(schedules, ACCOUNT, SCHEDULES, "", 0, 1000, "", 0, \
	  "when changes are sent and shops are asked for new data: zoey, or \"events=every 5 min, products=03:00 Europe/Vienna\"; " \
	  "empty: at once (docs/schedules.md)") \
	X(public_key, ACCOUNT, TEXT, "", 0, 6, "", SETTING_ALONE, \
	  "public API key (site ID, six characters) for klaviyo.js in the shop") \
	X(max_body_bytes, STORE, INT, "1048576", 1024, 16777216, "", 0, "largest request body that is accepted") \
	X(feed_token_version, STORE, INT, "1", 1, 1000000, "", SETTING_ALONE, \
	  "a new number gives the catalog feed a new address; the old one stops working at once") \
	X(import_max_mb, STORE, INT, "10240", 1, 1048576, "", 0, "largest history file accepted over HTTP, in MB") \
	X(max_pending, STORE, INT, "1000000", 1, 100000000, "", 0, \
	  "messages that may wait to be processed before the shop is told to try again later (429)") \
	X(secret_header, STORE, HEADER, "", 0, 128, "", 0, \
	  "Enad: name of the header that carries the secret; empty: Authorization, X-Api-Key or Api-Key") \
	X(signature_tolerance_s, STORE, INT, "300", 10, 86400, "", 0, \
	  "generic, opencart: how far webhook-timestamp may be from this server's clock") \
	X(id_prefix, STORE, TEXT, "", 0, 32, "", SETTING_SWEEP | SETTING_ALONE, \
	  "added before every ID in Klaviyo's catalog; required when several stores share one account") \
	X(market, STORE, TEXT, "", 0, 64, "", SETTING_SWEEP | SETTING_ALONE, \
	  "market (slug or country code) whose prices and URLs are sent; empty: the first active one") \
	X(store_group, STORE, TEXT, "", 0, 64, "", SETTING_SWEEP | SETTING_ALONE, \
	  "price list (Enad store group, slug or ID) whose prices are sent; empty: the first by name") \
	X(language, STORE, TEXT, "", 0, 16, "", SETTING_SWEEP | SETTING_ALONE, \
	  "language of titles and descriptions; empty: the market's language, else the shop's default") \
	X(url_template, STORE, TEMPLATE, "", 0, 500, "slug|id|sku|market|language", SETTING_SWEEP, \
	  "product URL where the shop sends none; available: {slug} {id} {sku} {market} {language}") \
	X(category_name, STORE, CHOICE, "leaf", 0, 0, "leaf|path", SETTING_SWEEP, \
	  "show a category by its own name or as \"A > B > C\"") \
	X(price_source, STORE, CHOICE, "sale", 0, 0, "sale|base|reference", SETTING_SWEEP, \
	  "sale: the sale price while on sale, else the base price") \
	X(price_divisor, STORE, INT, "1", 1, 1000000, "", SETTING_SWEEP, "100 if the shop sends prices in cents") \
	X(unpublished, STORE, CHOICE, "hide", 0, 0, "hide|delete", SETTING_SWEEP, \
	  "inactive products: keep them in Klaviyo with published=false, or delete them there") \
	X(hold_without_price, STORE, BOOL, "true", 0, 0, "", SETTING_SWEEP, "hold a product back until its price is known") \
	X(stock_unknown, STORE, INT, "9999", 0, 1000000000, "", SETTING_SWEEP, \
	  "inventory_quantity of a variant whose stock is unknown or not tracked") \
	X(store_metrics, STORE, SWITCHES, "", 0, 1000, "", SETTING_ALONE, \
	  "events turned on or off for this store, if different from the account") \
	X(order_identifier, STORE, CHOICE, "id", 0, 0, "id|number", SETTING_ALONE, \
	  "what identifies an order in Klaviyo (OrderId, unique_id); do not change it once orders were sent") \
	X(order_states, STORE, PAIRS, "", 0, 2000, "", SETTING_ALONE, \
	  "what the shop's order statuses mean: \"status=state, ...\"; states: pending, placed, paid, partially_paid, " \
	  "partially_fulfilled, fulfilled, cancelled, refunded, partially_refunded") \
	X(product_wait_ms, STORE, INT, "10000", 0, 600000, "", 0, \
	  "how long an event waits for details of its products before it is sent without them") \
	X(send_profiles, STORE, BOOL, "true", 0, 0, "", 0, "customers become profiles in Klaviyo") \
	X(send_consent, STORE, BOOL, "true", 0, 0, "", 0, "newsletter consent, and its withdrawal, is sent to Klaviyo") \
	X(list, STORE, TEXT, "", 0, 200, "", SETTING_ALONE, \
	  "name of the Klaviyo list for newsletter subscribers, created if it does not exist; empty: Newsletter (STORE)") \
	X(consent_source, STORE, TEXT, "", 0, 200, "", 0, \
	  "where consent was given, if a message does not say; empty: the store's name") \
	X(profile_external_id, STORE, BOOL, "false", 0, 0, "", 0, \
	  "use the shop's customer ID as external_id in Klaviyo; only if nobody ever has two") \
	X(profile_include, STORE, TEXT, "", 0, 2000, "", 0, \
	  "custom customer fields to send, separated by commas; empty: all") \
	X(profile_exclude, STORE, TEXT, "", 0, 2000, "", 0, "custom customer fields not to send, separated by commas") \
	X(profile_rename, STORE, PAIRS, "", 0, 2000, "", 0, \
	  "custom fields to send under another name: \"shop_name=Klaviyo name, ...\"") \
	X(profile_set, STORE, PAIRS, "", 0, 2000, "", 0, "custom fields to set on every profile: \"name=value, ...\"") \
	X(quiet_ms, STORE, INT, "1000", 0, 600000, "", 0, \
	  "how long to wait for further changes before sending one; a quarter of it for orders and people") \
	X(quiet_max_ms, STORE, INT, "10000", 0, 3600000, "", 0, "longest wait after the first change") \
	X(tombstone_hours, STORE, INT, "24", 1, 720, "", 0, \
	  "how long a late message cannot restore something that was deleted") \
	X(storefront_mode, STORE, CHOICE, "off", 0, 0, "off|onsite|server|both", SETTING_ALONE, \
	  "the shop's script: off; onsite: through klaviyo.js; server: beacons to Pannier; both: klaviyo.js for forms, beacons for " \
	  "events") \
	X(storefront_origins, STORE, TEXT, "", 0, 1000, "", SETTING_ALONE, \
	  "origins of the shop whose pages may send events, separated by commas: https://shop.example") \
	X(storefront_key, STORE, TEXT, "", 0, 64, "", SETTING_ALONE, \
	  "publishable key in the shop's script; not a secret; created with the store or when its script is turned on") \
	X(storefront_consent, STORE, CHOICE, "wait", 0, 0, "wait|assume", 0, \
	  "the shop's script: wait until the page reports consent, or assume it until the page withdraws it") \
	X(storefront_url, STORE, TEMPLATE, "", 0, 300, "", 0, \
	  "how browsers reach this daemon, for signed cart links: https://pannier.shop.example") \
	X(cart_url_template, STORE, TEMPLATE, "", 0, 500, "cart_id", 0, \
	  "where the shop restores a cart: https://shop.example/cart?restore={cart_id}; if set, CheckoutURL is a signed link") \
	X(cart_link_hours, STORE, INT, "720", 1, 8760, "", 0, "how long a signed cart link works") \
	X(store_schedules, STORE, SCHEDULES, "", 0, 1000, "", SETTING_ALONE, \
	  "like the account's schedules, for this store only: \"products=realtime, reconcile=Sun 05:00 UTC\"") \
	X(reconcile_fix, STORE, BOOL, "false", 0, 0, "", 0, \
	  "scheduled comparisons also fix differences; they never delete more than a fifth of what Klaviyo has") \
	X(pull_customers_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, "where to fetch a page of customers: " PULL_HELP) \
	X(pull_subscribers_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, \
	  "where to fetch a page of newsletter subscribers") \
	X(pull_categories_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, "where to fetch a page of categories") \
	X(pull_products_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, \
	  "where to fetch a page of products with their variants") \
	X(pull_variants_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, \
	  "where to fetch a page of variants, if products come without them") \
	X(pull_orders_url, STORE, TEMPLATE, "", 0, 1000, PULL_PLACES, 0, \
	  "where to fetch a page of orders, oldest first") \
	X(pull_map_customers, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, \
	  "maps the shop's own format: \"our member=JSON pointer or text, ...\" (docs/sync.md); empty: the shop uses ours") \
	X(pull_map_subscribers, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, "the same for subscribers") \
	X(pull_map_categories, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, "the same for categories") \
	X(pull_map_products, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, \
	  "the same for products; variants.sku=/code is a member of each variant") \
	X(pull_map_variants, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, "the same for variants") \
	X(pull_map_orders, STORE, PAIRS, "", 0, 4000, "", SETTING_ALONE, "the same for orders; lines.sku=/code is a member of each line") \
	X(pull_items, STORE, TEXT, "", 0, 500, "", SETTING_ALONE, \
	  "JSON pointer to the items of a page, for all types or \"products=/data, orders=/orders\"; empty: the page is the list") \
	X(pull_paging, STORE, CHOICE, "page", 0, 0, "page|offset|cursor|link|none", SETTING_ALONE, \
	  "how to ask for the next page: by number, by offset, by what the page says (pull_next), by its Link header") \
	X(pull_page_size, STORE, INT, "100", 1, 5000, "", SETTING_ALONE, "items per page: {limit}") \
	X(pull_first_page, STORE, INT, "1", 0, 1, "", SETTING_ALONE, "number of the first page") \
	X(pull_next, STORE, TEXT, "/next", 0, 200, "", SETTING_ALONE, \
	  "pull_paging=cursor: JSON pointer to the next {cursor}, or to the next page's URL") \
	X(pull_last_page, STORE, TEXT, "", 0, 200, "", SETTING_ALONE, \
	  "pull_paging=page: JSON pointer to the number of pages; empty: until a page is empty or repeats the previous one") \
	X(pull_total, STORE, TEXT, "", 0, 200, "", SETTING_ALONE, "JSON pointer to the total number of items, for the progress bar") \
	X(pull_time, STORE, CHOICE, "rfc3339", 0, 0, "rfc3339|sql|date|seconds|milliseconds", SETTING_ALONE, \
	  "format of {from} and {to}: 2026-07-30T10:11:12Z, 2026-07-30 10:11:12, 2026-07-30, or since 1970") \
	X(pull_header, STORE, SECRET, "", 3, 2000, "", 0, \
	  "header sent with every request to the shop: \"X-Api-Key: value\"") \
	X(pull_token_url, STORE, TEMPLATE, "", 0, 500, "", 0, "OAuth 2.0: where to get tokens; empty: no tokens needed") \
	X(pull_client_id, STORE, TEXT, "", 0, 500, "", SETTING_ALONE, "OAuth 2.0: client ID") \
	X(pull_client_secret, STORE, SECRET, "", 1, 2000, "", 0, "OAuth 2.0: client secret") \
	X(pull_client_auth, STORE, CHOICE, "basic", 0, 0, "basic|body", SETTING_ALONE, \
	  "OAuth 2.0: how client ID and secret are sent to pull_token_url") \
	X(pull_scope, STORE, TEXT, "", 0, 500, "", SETTING_ALONE, "OAuth 2.0: scope to request") \
	X(pull_refresh_token, STORE, SECRET, "", 1, 4000, "", 0, \
	  "OAuth 2.0: a refresh token from a person's consent; empty: client credentials. Renewed ones are saved by themselves") \
	X(pull_code, STORE, SECRET, "", 1, 4000, "", 0, \
	  "OAuth 2.0: instead, an authorization code that is exchanged for the first refresh token; used once") \
	X(pull_redirect_url, STORE, TEMPLATE, "", 0, 500, "", 0, \
	  "OAuth 2.0: the redirect URL the code was requested with") \
	X(pull_url, STORE, TEMPLATE, "", 0, 1000, "", 0, \
	  "OpenCart: the address shown under Pull in the extension's settings; all types are fetched from there") \
	X(pull_pages_per_minute, STORE, INT, "120", 1, 60000, "", SETTING_ALONE, \
	  "most pages fetched from the shop per minute (pannier sync)") \
	X(optout_webhook, STORE, TEMPLATE, "", 0, 500, "", 0, \
	  "URL of the shop to notify when someone opts out in Klaviyo; requires optout_webhook_secret") \
	X(optout_webhook_secret, STORE, SECRET, "", 16, 512, "", 0, \
	  "signs requests to optout_webhook as in Standard Webhooks: whsec_ and base64 of 24 to 64 bytes, or plain text")

#endif
