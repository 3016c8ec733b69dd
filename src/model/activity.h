#ifndef PANNIER_MODEL_ACTIVITY_H
#define PANNIER_MODEL_ACTIVITY_H

#include "model/metric.h"
#include "model/money.h"

#include <stddef.h>

/*
 * What Klaviyo is to be told of orders, carts, browsing and people: the canonical result of merging their facts (src/activity),
 * which klaviyo/ renders. Borrowed texts; "" = not known; times Unix ms, 0 = not known.
 */

struct address {
	struct str first_name;
	struct str last_name;
	struct str company;
	struct str address1;
	struct str address2;
	struct str city;
	struct str region;
	struct str region_code;
	struct str country;
	struct str country_code;
	struct str zip;
	struct str phone;
};

struct activity_property {
	struct str name;
	struct str value;
};

/* A profile, as known now. email in the form of person_email, phone E.164. */
struct activity_profile {
	struct str email;
	struct str phone;
	struct str external_id;    /* the shop's customer id; only where that is safe (setting profile_external_id) */
	struct str exchange_id;    /* _kx */
	struct str anonymous_id;   /* of a browser; never alone */
	struct str first_name;
	struct str last_name;
	struct str organization;
	struct str title;
	struct str locale;         /* "de-DE" */
	struct address address;    /* becomes location */
	const struct activity_property *property;
	size_t n_property;
};

/* One line of an order or cart. ids are those of Klaviyo's catalog (external ids). Amounts in the order's currency. */
struct activity_line {
	struct str line_id;
	struct str product_id;     /* of the ITEM: what recommendations need */
	struct str variant_id;
	struct str sku;
	struct str name;
	struct str variant_name;
	struct str quantity;       /* decimal, "1" */
	bool has_price;
	struct money unit_price;
	struct money row_total;
	bool has_compare_at_price;
	struct money compare_at_price;
	bool has_discount;
	struct money discount;
	bool has_tax;
	struct money tax;
	struct str brand;
	const struct str *category; /* names */
	size_t n_category;
	struct str image_url;
	struct str product_url;
};

struct activity_amount {
	bool known;
	struct money amount;
};

struct activity_order {
	struct str order_id;       /* as the setting order_identifier says: id or number */
	struct str order_number;
	struct str order_url;
	struct str currency;
	struct activity_amount total;
	struct activity_amount subtotal;
	struct activity_amount tax;
	struct activity_amount shipping;
	struct activity_amount discount;
	const struct str *discount_code;
	size_t n_discount_code;
	bool has_billing;
	struct address billing;
	bool has_shipping;
	struct address shipping_address;
	struct str shipping_method;
	struct str payment_method;
	struct str channel;
	struct str status;         /* the shop's */
	const struct activity_line *line;
	size_t n_line;
	const struct activity_property *custom;
	size_t n_custom;
};

/* What a payment, shipment, refund or cancellation adds to its order. */
struct activity_step {
	struct str id;             /* "" = of the whole order */
	struct activity_amount amount;
	struct str reason;
	struct str carrier;
	struct str method;
	struct str tracking_number;
	struct str tracking_url;
	bool partial;
	const struct activity_line *line; /* lines concerned, with the quantity of this step; none = all */
	size_t n_line;
};

struct activity_cart {
	struct str cart_id;
	struct str currency;
	struct activity_amount total;
	struct str checkout_url;
	const struct activity_line *line;
	size_t n_line;
	const struct activity_line *added; /* NULL = not said */
};

/* One event. Which of the members is set follows from the metric. */
struct activity_event {
	enum metric metric;
	struct str unique_id;      /* 1..255 bytes */
	int64_t time_ms;
	bool history;              /* never starts a flow, whenever it leaves */
	struct activity_profile profile;
	const struct activity_order *order;
	const struct activity_step *step;
	const struct activity_line *line; /* ordered product, viewed product */
	const struct activity_cart *cart;
	struct str page_url;
	struct str category_id;
	struct str category_name;
	struct str category_url;
	struct str category_image_url;
	struct str search_term;
	struct str search_corrected;
	bool has_search_results;
	int64_t search_results;
};

enum consent_channel { CONSENT_EMAIL, CONSENT_SMS, CONSENT_CHANNEL_COUNT };
const char *consent_channel_text(enum consent_channel channel); /* "email" */

/* A transition to be told to Klaviyo. */
struct activity_consent {
	enum consent_channel channel;
	struct str address;        /* e-mail or phone, in its form */
	bool subscribed;           /* false: unsubscribed */
	int64_t at_ms;
	struct str source;         /* custom_source, at most 250 bytes */
	bool historical;
	struct str list_id;        /* "" = none: Klaviyo's default */
};

/* Somebody who has left in Klaviyo, and whose shop does not know it yet. */
struct activity_optout {
	enum consent_channel channel;
	struct str address;
	struct str state;          /* "unsubscribed", "suppressed" */
	struct str reason;         /* Klaviyo's: "UNSUBSCRIBE", "HARD_BOUNCE", "USER_SUPPRESSED", ... */
	int64_t at_ms;
};

#endif
