#ifndef PANNIER_MODEL_METRIC_H
#define PANNIER_MODEL_METRIC_H

#include "base/str.h"

#include <stdint.h>

/*
 * Klaviyo's word for a kind of event, one row each: name, key of its switch (setting metric_KEY), its name in Klaviyo (case
 * counts), switched on by default, flow window in hours: an event that leaves later than this after it happened starts no
 * flows (backfill). Names: Klaviyo's guide for platforms without an integration; the partial forms are ours.
 */
#define METRICS(X) \
	X(METRIC_PLACED_ORDER, placed_order, "Placed Order", true, 24) \
	X(METRIC_ORDERED_PRODUCT, ordered_product, "Ordered Product", true, 24) \
	X(METRIC_PAID_ORDER, paid_order, "Paid Order", true, 24) \
	X(METRIC_PARTIALLY_PAID_ORDER, partially_paid_order, "Partially Paid Order", true, 24) \
	X(METRIC_FULFILLED_ORDER, fulfilled_order, "Fulfilled Order", true, 24) \
	X(METRIC_PARTIALLY_FULFILLED_ORDER, partially_fulfilled_order, "Partially Fulfilled Order", true, 24) \
	X(METRIC_SHIPPED_ORDER, shipped_order, "Shipped Order", true, 24) \
	X(METRIC_CANCELLED_ORDER, cancelled_order, "Cancelled Order", true, 24) \
	X(METRIC_REFUNDED_ORDER, refunded_order, "Refunded Order", true, 24) \
	X(METRIC_PARTIALLY_REFUNDED_ORDER, partially_refunded_order, "Partially Refunded Order", false, 24) \
	X(METRIC_STARTED_CHECKOUT, started_checkout, "Started Checkout", true, 4) \
	X(METRIC_ADDED_TO_CART, added_to_cart, "Added to Cart", true, 4) \
	X(METRIC_VIEWED_PRODUCT, viewed_product, "Viewed Product", true, 4) \
	X(METRIC_ACTIVE_ON_SITE, active_on_site, "Active on Site", true, 4) \
	X(METRIC_VIEWED_CATEGORY, viewed_category, "Viewed Category", true, 4) \
	X(METRIC_SEARCHED_SITE, searched_site, "Searched Site", true, 4)

enum metric {
#define METRIC_ENUM(code, key, name, on, window_h) code,
	METRICS(METRIC_ENUM)
#undef METRIC_ENUM
	METRIC_COUNT
};

struct metric_row {
	const char *key;           /* "placed_order" */
	const char *name;          /* "Placed Order" */
	bool on;
	int window_h;
};

const struct metric_row *metric_row(enum metric metric);
/* Flow windows of all metrics, in hours; 0 = it never starts flows. */
#define METRIC_WINDOW_H_MAX 8760
struct metric_windows {
	int hours[METRIC_COUNT];
};
/* Those of the table, then what text says otherwise: "KEY=HOURS, ...". False: a key that is none, or hours out of range. */
bool metric_windows_read(struct str text, struct metric_windows *out);

/* By Klaviyo's name; "Canceled Order" and "Cancelled Order" are both METRIC_CANCELLED_ORDER. */
bool metric_find(struct str name, enum metric *out);

#endif
