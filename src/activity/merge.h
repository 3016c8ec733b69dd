#ifndef PANNIER_ACTIVITY_MERGE_H
#define PANNIER_ACTIVITY_MERGE_H

#include "base/arena.h"
#include "model/activity.h"
#include "store/store_rows.h"

/*
 * Merging: all facts of one order, person or visitor -> the events, profile and consent that Klaviyo should have. Pure; the order
 * of root->fact does not matter, only version and seq do. Rules come from the settings of the store and its account.
 */

struct activity_rules {
	struct str id_prefix;      /* before order and line ids in unique_id, as before ids in the catalog */
	bool metric_on[METRIC_COUNT];
	bool order_number_identifies; /* OrderId and unique_id are the order's number, else its id */
	bool send_profiles;
	bool send_consent;
	bool tell_optouts;         /* opt-outs made in Klaviyo are told to the shop */
	bool profile_external_id;  /* the shop's customer id is sent as external_id, else as a property */
	struct str list_id;        /* for newsletter consent: whatever the caller knows the list by; "" = none */
	struct str consent_source; /* custom_source where a message names none */
	/* Custom fields of profiles: lists of names with commas; "" = no rule. rename: "old=new,...", set: "name=value,...". */
	struct str profile_include;
	struct str profile_exclude;
	struct str profile_rename;
	struct str profile_set;
	int64_t product_wait_ms;   /* how long an event waits for facts of a product it names */
};

/*
 * What the catalog knows of one product and all its variants, ready for a line (external ids, brand, categories, image_url,
 * product_url, name, sku, prices). variant: by the platform's variant id; NULL at the end is not needed, n counts.
 */
struct activity_product {
	struct str product_id;     /* the platform's */
	struct activity_line item; /* of the product itself */
	const struct str *variant_id; /* the platform's, parallel to variant */
	const struct activity_line *variant;
	size_t n_variant;
};

struct activity_view {
	const struct activity_event *event; /* all that ever came of it, in the order they should be told; sent or not */
	const struct digest16 *event_key;   /* parallel: what tells it from another under the same unique_id (which refund) */
	const struct str *event_part;       /* parallel: part of a visitor it came from, "" else */
	size_t n_event;
	const struct str *idle_part;  /* parts of a visitor that no event comes of (switched off, not readable): may be forgotten */
	size_t n_idle_part;
	bool has_profile;
	struct activity_profile profile; /* of a person: email and phone are set even if it is not told, also when `erase` */
	struct str former;         /* with has_profile: who the person was when Klaviyo was told last, "" = nobody else */
	const struct activity_consent *consent; /* what the ledger says now, at most one per channel; only what may be told */
	const struct digest16 *consent_key; /* parallel: of state and of the opt-out in Klaviyo that it overrides */
	size_t n_consent;
	const struct activity_optout *optout; /* to be told to the shop, at most one per channel */
	size_t n_optout;
	bool erase;                /* the person is to be deleted at Klaviyo; nothing else is told */
	struct str held;           /* why nothing (or something) is not told, "" = complete */
	int64_t again_ms;          /* look at it again at this wall time though nothing changes; 0 = no need */
	struct str note;           /* what was mended or left out */
};

/*
 * Never fails: facts that make no sense are left out and noted. product: of those that lines name and that are known.
 *
 * Orders. An order that was paid, fulfilled, cancelled or refunded, even in part, was placed too. unique_id = prefix + order (id or
 * number):
 *   Placed, Paid, Fulfilled, Cancelled Order   <order>
 *   Ordered Product                            <order>:<line_id>; a line without an id: its variant, product or SKU
 *   Partially Paid Order                       <order>:payment:<id>; a payment of all is not told, "paid" tells of it
 *   Shipped Order, Partially Fulfilled Order   <order>:ship:<id>; partially if lines are named and they are not all
 *   Refunded Order                             the first refund <order>, later ones <order>:refund:<id>; value = its own amount.
 *                                              First is the one that root->sent says went out as <order>, else the earliest.
 *                                              In full after partial ones: <order>:refund, what is left of the total, if more
 *                                              than nothing. Parts that turn up after that was told are left out
 *   Partially Refunded Order                   <order>:refund:<id>, step without amount: it has no value, not even that of its lines
 * A unique_id over 255 bytes is cut and ends in its digest. An order with neither e-mail nor phone is held ("no e-mail address
 * and no phone number"); one with a product that is not known, in a line that lacks name, brand, categories, image_url or
 * product_url, is held until due_first_ms + product_wait_ms (again_ms); one without a base until it comes. A test order
 * (base.test) is held for good. Only what is switched on is in the view.
 *
 * Persons. A profile's fields: the newest non-empty one of the parts customer, subscriber and order (by version, then seq); an
 * e-mail address or phone number that is the root's id counts before all. Properties: CustomerId (unless it is the external_id),
 * Birthday, CustomerGroup, CustomerTags, CustomerSince and custom; profile_include is about custom, the other rules about all.
 * Of persons whom the shop has known by one customer id (root->fact and kin_sent of the others) the one whose customer part is newest is
 * who it is now. The others have no profile and are not subscribed; the events of orders and visits under their address are told of who it
 * is now.
 * Opt-outs of one count for all; an opt-in only for its own address: what Klaviyo was told for a former one is taken back, unless the new
 * one has an opt-in of its own.
 * Consent: the newest of consent.CHANNEL, field.CHANNEL (implied: read off a profile's field) and klaviyo.CHANNEL by its `at`;
 * Klaviyo's wins a tie, then consent. Pending is not consent. Against an opt-out made in Klaviyo an implied "subscribed" does not
 * count, nor an explicit one dated more than five minutes after now_ms. An implied "unsubscribed" is told only if root->sent
 * says that we told something; it hides an older "subscribed" in any case. What Klaviyo itself said is not told to Klaviyo; an opt-out
 * that counts is told to the shop, unless the newest that the shop said was an opt-out as well.
 *
 * Visitors. Events without a person (e-mail, phone or exchange_id, of the event or of the visitor) are held: "visitor is not known
 * yet". Unknown products as for orders. Started Checkout: <cart_id>_<unix seconds>; Added to Cart: <cart_id>_<event id>; others:
 * the event's id. A visitor's id is never an anonymous_id: two people may share a browser.
 */
void activity_merge(const struct activity_rules *rules, const struct catalog_root *root,
		    const struct activity_product *product, size_t n_product, int64_t now_ms, struct arena *arena,
		    struct activity_view *out);

#endif
