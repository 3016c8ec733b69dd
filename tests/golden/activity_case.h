#ifndef PANNIER_TESTS_GOLDEN_ACTIVITY_CASE_H
#define PANNIER_TESTS_GOLDEN_ACTIVITY_CASE_H

/*
 * The order of two books of Klaviyo's guide for platforms without an integration, as what activity.h knows:
 * a Placed Order that says exactly what the guide says, and for every metric an event that says all it can.
 */
#include "base/attr.h"
#include "klaviyo/render.h"

/* 2022-12-05T15:00:00Z */
#define CASE_TIME_MS INT64_C(1670252400000)
#define CASE_EUR(cents) \
	{ \
		(cents), "EUR" \
	}
#define CASE_KNOWN(cents) \
	{ \
		true, \
		{ \
			(cents), "EUR" \
		} \
	}

static inline const struct activity_line *case_lines(void)
{
	static const struct str pooh[] = { STR_INIT("Fiction"), STR_INIT("Children") };
	static const struct str tale[] = { STR_INIT("Fiction"), STR_INIT("Classics") };
	static const struct activity_line line[] = {
		{
			.line_id = STR_INIT("l1"),
			.product_id = STR_INIT("1111"),
			.sku = STR_INIT("WINNIEPOOH"),
			.name = STR_INIT("Winnie the Pooh"),
			.quantity = STR_INIT("1"),
			.has_price = true,
			.unit_price = CASE_EUR(999),
			.row_total = CASE_EUR(999),
			.brand = STR_INIT("Kids Books"),
			.category = pooh,
			.n_category = 2,
			.image_url = STR_INIT("http://www.example.com/path/to/product/image.png"),
			.product_url = STR_INIT("http://www.example.com/path/to/product"),
		},
		{
			.line_id = STR_INIT("l2"),
			.product_id = STR_INIT("1112"),
			.sku = STR_INIT("TALEOFTWO"),
			.name = STR_INIT("A Tale of Two Cities"),
			.quantity = STR_INIT("1"),
			.has_price = true,
			.unit_price = CASE_EUR(1999),
			.row_total = CASE_EUR(1999),
			.brand = STR_INIT("Harcourt Classics"),
			.category = tale,
			.n_category = 2,
			.image_url = STR_INIT("http://www.example.com/path/to/product/image2.png"),
			.product_url = STR_INIT("http://www.example.com/path/to/product2"),
		},
	};

	return line;
}

static inline struct address case_address(void)
{
	return (struct address){
		.first_name = STR("John"),
		.last_name = STR("Smith"),
		.address1 = STR("123 abc street"),
		.address2 = STR("apt 1"),
		.city = STR("Boston"),
		.region = STR("Massachusetts"),
		.region_code = STR("MA"),
		.country = STR("United States"),
		.country_code = STR("US"),
		.zip = STR("02110"),
		.phone = STR("5551234567"),
	};
}

/* What the guide's order says, and nothing else. */
static inline struct activity_order case_guide_order(void)
{
	static const struct str code[] = { STR_INIT("Free Shipping") };

	return (struct activity_order){
		.order_id = STR("1234567890"),
		.currency = STR("EUR"),
		.total = CASE_KNOWN(2998),
		.discount = CASE_KNOWN(500),
		.discount_code = code,
		.n_discount_code = 1,
		.has_billing = true,
		.billing = case_address(),
		.has_shipping = true,
		.shipping_address = case_address(),
		.line = case_lines(),
		.n_line = 2,
	};
}

static inline struct activity_order case_full_order(void)
{
	static const struct activity_property custom[] = { { STR_INIT("gift"), STR_INIT("yes") },
							   { STR_INIT("OrderId"), STR_INIT("taken") },
							   { STR_INIT("$mine"), STR_INIT("not ours") } };
	struct activity_order order = case_guide_order();

	order.order_number = STR("#1001");
	order.order_url = STR("https://shop.test/orders/1001");
	order.subtotal = (struct activity_amount)CASE_KNOWN(2498);
	order.tax = (struct activity_amount)CASE_KNOWN(196);
	order.shipping = (struct activity_amount)CASE_KNOWN(500);
	order.shipping_method = STR("Standard");
	order.payment_method = STR("Card");
	order.channel = STR("web");
	order.status = STR("open");
	order.custom = custom;
	order.n_custom = ARRAY_LEN(custom);
	return order;
}

static inline struct activity_profile case_profile(void)
{
	static const struct activity_property property[] = { { STR_INIT("customer_group"),
							       STR_INIT("VIP") } };

	return (struct activity_profile){
		.email = STR("john@shop.test"),
		.phone = STR("+15551234567"),
		.external_id = STR("c-7"),
		.exchange_id = STR("kx=="),
		.anonymous_id = STR("anon-1"),
		.first_name = STR("John"),
		.last_name = STR("Smith"),
		.organization = STR("Smith Ltd"),
		.title = STR("Dr"),
		.locale = STR("en-US"),
		.address = case_address(),
		.property = property,
		.n_property = 1,
	};
}

static inline struct activity_step case_step(enum metric metric)
{
	struct activity_step step = { .id = STR("s1") };

	if (metric == METRIC_CANCELLED_ORDER || metric == METRIC_REFUNDED_ORDER ||
	    metric == METRIC_PARTIALLY_REFUNDED_ORDER)
		step.reason = STR("No longer needed");
	if (metric == METRIC_PARTIALLY_PAID_ORDER || metric == METRIC_REFUNDED_ORDER)
		step.amount = (struct activity_amount)CASE_KNOWN(1000);
	if (metric == METRIC_FULFILLED_ORDER || metric == METRIC_PARTIALLY_FULFILLED_ORDER ||
	    metric == METRIC_SHIPPED_ORDER) {
		step.carrier = STR("UPS");
		step.method = STR("Express");
		step.tracking_number = STR("1Z999");
		step.tracking_url = STR("https://ups.test/1Z999");
	}
	if (metric == METRIC_PARTIALLY_FULFILLED_ORDER || metric == METRIC_PARTIALLY_REFUNDED_ORDER) {
		step.partial = true;
		step.line = case_lines() + 1;
		step.n_line = 1;
	}
	return step;
}

static inline struct activity_cart *case_cart(struct arena *arena)
{
	struct activity_cart *cart = ARENA_NEW(arena, struct activity_cart);
	struct activity_line *line = ARENA_ARRAY(arena, 2, struct activity_line);

	line[0] = case_lines()[0];
	line[1] = case_lines()[1];
	line[0].brand = line[1].brand = (struct str){ 0 };
	*cart = (struct activity_cart){
		.cart_id = STR("1000123"),
		.currency = STR("EUR"),
		.total = CASE_KNOWN(2998),
		.checkout_url = STR("http://www.example.com/path/to/checkout"),
		.line = line,
		.n_line = 2,
		.added = &line[1],
	};
	return cart;
}

/* What a visitor did. */
static inline void case_browse(struct activity_event *event, struct arena *arena)
{
	struct activity_line *line = ARENA_NEW(arena, struct activity_line);

	*line = case_lines()[0];
	line->variant_id = STR("1111-hard");
	line->variant_name = STR("Hardcover");
	line->has_compare_at_price = true;
	line->compare_at_price = (struct money)CASE_EUR(1299);
	event->line = line;
	event->page_url = STR("https://shop.test/page");
	event->category_id = STR("c9");
	event->category_name = STR("Classics");
	event->category_url = STR("https://shop.test/classics");
	event->category_image_url = STR("https://shop.test/classics.png");
	event->search_term = STR("poooh");
	event->search_corrected = STR("pooh");
	event->has_search_results = true;
	event->search_results = 3;
}

/* Everything that the metric can say. Lives in the arena. */
static inline struct activity_event *case_event(enum metric metric, struct arena *arena)
{
	struct activity_event *event = ARENA_NEW(arena, struct activity_event);
	struct activity_order *order = ARENA_NEW(arena, struct activity_order);
	struct activity_step *step = ARENA_NEW(arena, struct activity_step);

	*order = case_full_order();
	*step = case_step(metric);
	*event = (struct activity_event){
		.metric = metric,
		.unique_id = STR("1234567890"),
		.time_ms = CASE_TIME_MS,
		.profile = case_profile(),
	};
	if (metric == METRIC_STARTED_CHECKOUT || metric == METRIC_ADDED_TO_CART)
		event->cart = case_cart(arena);
	else if (metric < METRIC_STARTED_CHECKOUT)
		event->order = order;
	else
		case_browse(event, arena);
	if (metric == METRIC_ORDERED_PRODUCT)
		event->line = order->line;
	else if (event->order && metric != METRIC_PLACED_ORDER)
		event->step = step;
	return event;
}

#endif
