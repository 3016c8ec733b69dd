#ifndef PANNIER_MODEL_FACT_H
#define PANNIER_MODEL_FACT_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A fact is one part of what is known of one entity. Platforms turn messages into facts; the store keeps the newest
 * fact of each (entity, part); the catalog merges all facts of a product or category into what Klaviyo is told.
 *
 * Products, categories, orders, persons and visitors are *roots*: the units that are merged and published. A variant belongs
 * to a product (its root). SKU, brand, series, tag, market and store group have no root of their own: a product or category
 * that needs them names them in its refs and is looked at again when their facts change. An order or visitor names products
 * and variants only to be shown with them: it is not looked at again when they change.
 *
 * An order becomes events, once each; a person a profile and consent; a visitor the events of one browser (or of one cart
 * that a server reports).
 *
 * The shop itself (ENTITY_SHOP, always of the id FACT_SHOP_ID) is no root and concerns none: what it says is for people to look at.
 */
#define FACT_SHOP_ID "shop"
#define ENTITY_KINDS(X) \
	X(ENTITY_PRODUCT, "product") \
	X(ENTITY_VARIANT, "variant") \
	X(ENTITY_CATEGORY, "category") \
	X(ENTITY_SKU, "sku") \
	X(ENTITY_BRAND, "brand") \
	X(ENTITY_SERIES, "series") \
	X(ENTITY_TAG, "tag") \
	X(ENTITY_MARKET, "market") \
	X(ENTITY_STORE_GROUP, "store_group") \
	X(ENTITY_ORDER, "order") \
	X(ENTITY_PERSON, "person") \
	X(ENTITY_VISITOR, "visitor") \
	X(ENTITY_SHOP, "shop")

enum entity_kind {
#define ENTITY_KIND_ENUM(name, text) name,
	ENTITY_KINDS(ENTITY_KIND_ENUM)
#undef ENTITY_KIND_ENUM
	ENTITY_KIND_COUNT
};

const char *entity_kind_text(enum entity_kind kind);
bool entity_kind_parse(struct str text, enum entity_kind *out);

struct entity {
	enum entity_kind kind;
	struct str id; /* the platform's id, 1..200 bytes, as text */
};

bool entity_eq(struct entity a, struct entity b);

enum fact_op {
	FACT_SET,     /* the part is now this */
	FACT_CLEAR,   /* the part is gone (a category link removed) */
	FACT_DELETE   /* the entity is gone: all its parts go, and a tombstone stays */
};

/*
 * Parts and their bodies (canonical JSON objects; every member optional unless marked *; texts UTF-8, entities decoded;
 * amounts decimal strings in major units; language = the platform's own key, lower-case: "us", "en", "de-at").
 *
 * product  base            {sku, title, description (plain), html, slug, url (absolute), published: bool, status,
 *                           text: {LANGUAGE: {title, description, html, slug, meta_title, meta_description}},
 *                           meta_title, meta_description, images: [{url*, alt, title}] in order,
 *                           brand: {id, name}, series: {id, name}, tags: [id or text],
 *                           markets: [{id, name, slug, country, locale, currency, active: bool}],
 *                           custom: {NAME: string}, links: [{type, title, url}], files: [{title, url}],
 *                           price, compare_at_price, currency, stock: int, track_stock: bool}
 * variant  base            {sku, title, description, html, slug, url, published, status, text, images, price,
 *                           compare_at_price, currency, stock, track_stock: bool, options: {NAME: value},
 *                           custom, tags, barcode}
 * product, variant status  {published: bool*, status}
 * product, variant price.G {group, sku, prices: [{market, countries: [..], currency*, base, sale, reference,
 *                           on_sale: bool, active: bool}]}           G = price list (store group), "" if there is one
 * product, variant, sku stock.I {quantity*: int, available: bool}    I = inventory, "" if there is one
 * product  link.C          {removed: bool}                           C = category id
 * product  links           {ids*: [category id]}                     the whole set; of links and link.C the newer one (version,
 *                                                                    then seq) says whether the product is in C
 * product  variants        {ids*: [variant id]}                      the whole set; a variant that is not in it is shown only
 *                                                                    if its own base is newer
 * category base            {title, slug, path, text: {LANGUAGE: {title, slug}}, parent_id, published, status}
 * brand, series base       {title, slug, description, logo_url}
 * tag      base            {title, key, text}
 * market   base            {title, slug, countries: [..], locale, currency, active}
 * store_group base         {title, slug, markets: [..]}
 *
 * Times are RFC 3339 texts in UTC. CONTACT is {email, phone, customer_id, first_name, last_name, title, organization, locale,
 * address: ADDRESS}; as the shop wrote them, e-mail trimmed. ADDRESS is {first_name, last_name, company, address1, address2,
 * city, region, region_code, country, country_code, zip, phone}. LINE is {line_id*, product_id, variant_id, sku, name,
 * variant_name, quantity*: int or decimal, unit_price, row_total, discount, tax, brand, categories: [name], image_url, product_url}.
 *
 * order    base            {number, status (the shop's), currency, placed_at, total, subtotal, tax_total, shipping_total,
 *                           discount_total, discount_codes: [text], customer: CONTACT, billing: ADDRESS, shipping: ADDRESS,
 *                           shipping_method, payment_method, order_url, channel, locale, test: bool, lines: [LINE],
 *                           historical: bool, imported_at (with historical), custom: {NAME: text}}
 * order    placed          {at*}                                     these five: the order has reached that state; the earliest
 * order    paid            {at*, amount}                             time is kept (fact_version_earliest)
 * order    fulfilled       {at*, SHIPPING}                           SHIPPING: carrier, tracking_number, tracking_url, method
 * order    cancelled       {at*, reason}
 * order    refunded        {at*, amount, reason}                     in full
 * order    payment.I       {at*, amount*}                            one of several payments
 * order    shipment.I      {at*, SHIPPING, lines: [{line_id*, quantity}]}
 * order    refund.I        {at*, amount*, reason, lines: [{line_id*, quantity}]}
 * person   customer        CONTACT and {birthday, group, tags: [text], created_at, custom: {NAME: text}, at}   at: when it was so, where
 *                                                                    the version is a number of the shop's own
 * person   order           CONTACT                                   from the newest order; version = when it was placed
 * person   subscriber      CONTACT                                   from a newsletter form; version = when
 * person   consent.CHANNEL {state*: subscribed | unsubscribed | pending, at*, source, evidence, ip, double_opt_in: bool,
 *                           historical: bool}                         CHANNEL: email, sms; version = at in ms
 * person   field.CHANNEL   {state*, at*}                            the same, read off a field of the customer's profile
 * person   klaviyo.CHANNEL {state*: unsubscribed | suppressed, at*, reason}   what Klaviyo itself says
 * person   erased          {at*}
 * visitor  identity        {email, phone, customer_id, exchange_id}  newest wins
 * visitor  event.I         {type*: product_viewed | cart_changed | checkout_started | active | category_viewed | searched,
 *                           at*, page_url, identity of this event: {..}, product: LINE with price, compare_at_price, currency,
 *                           cart: {cart_id, currency, total, url, lines: [LINE], added: LINE},
 *                           category: {id, name, url, image_url}, search: {term, corrected, results: int}}
 * shop     order_statuses  {statuses*: [{id*, title, text: {LANGUAGE: {title}}, state, complete: bool}]}
 *                           the whole list; state: what the shop says it means; complete: the shop counts it as complete
 */
struct fact {
	struct entity entity;
	struct str part;         /* as above; "" for FACT_DELETE */
	struct str root_id;      /* variant: its product, "" if this message does not say; others: "" */
	enum fact_op op;
	int64_t version;         /* order at the source, greater is newer (a sequence, or Unix ms); 0 = the source has none */
	struct str body;         /* JSON object for FACT_SET, else "" */
	const struct entity *ref; /* what the root now depends on because of this part; replaces what this part named before */
	size_t n_ref;
};

/*
 * Which of two facts of one part is kept: the one with the greater version; when either has none or they are equal, the
 * one received later (seq is the message's id, which grows). True if the new one is kept.
 */
bool fact_wins(int64_t new_version, int64_t new_seq, int64_t old_version, int64_t old_seq);

/* The version of a fact of which the earliest is to be kept: the earlier at_ms (Unix ms, 0 <= at_ms < 10^13), the greater. */
int64_t fact_version_earliest(int64_t at_ms);

/*
 * Does a tombstone (version, set at deleted_ms) stop a fact that arrives now? Yes within hold_ms of the deletion, unless
 * both have a version and the fact's is greater; after hold_ms nothing is stopped.
 */
bool tombstone_stops(int64_t fact_version, int64_t tombstone_version, int64_t deleted_ms, int64_t hold_ms,
		     int64_t now_ms);

#endif
