/*
 * Properties of events: for every metric the names of Klaviyo's guide, which its flows, templates and
 * benchmarks look for, and a few more beside them.
 *
 * Custom properties of a shop come last but Items, which fill what room is left. Names that are taken, and
 * those with '$', which are Klaviyo's own, are left out.
 * Pure. Source: Klaviyo's guide for platforms without an integration; the guide for API-based website
 * activity (Viewed Category, Searched Site).
 */
#include "base/attr.h"
#include "klaviyo/render_internal.h"

#define NAME_BYTES_MAX 255

/* ---- orders ---- */

static void put_amount(struct render_object *object, const char *name, const struct activity_amount *amount)
{
	if (amount->known)
		render_money(object, name, amount->amount);
}

static void put_address(struct render_object *object, const char *name, const struct address *address)
{
	const struct {
		const char *name;
		struct str text;
	} member[] = {
		{ "FirstName", address->first_name },
		{ "LastName", address->last_name },
		{ "Company", address->company },
		{ "Address1", address->address1 },
		{ "Address2", address->address2 },
		{ "City", address->city },
		{ "Region", address->region },
		{ "RegionCode", address->region_code },
		{ "Country", address->country },
		{ "CountryCode", address->country_code },
		{ "Zip", address->zip },
		{ "Phone", address->phone },
	};
	size_t before = object->out->len;
	struct render_object nested;

	if (!render_open_member(object, name, &nested))
		return;
	for (size_t i = 0; i < ARRAY_LEN(member); i++)
		render_text(&nested, member[i].name, member[i].text);
	render_close_member(object, &nested, before);
}

/* "A, B" */
static struct str joined(const struct str *text, size_t n, struct arena *arena)
{
	struct strbuf out;

	if (n == 1)
		return text[0];
	strbuf_init(&out, 2 * RENDER_TEXT_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_text(&out, i > 0 ? ", " : "");
		strbuf_add_str(&out, text[i]);
	}
	return render_take(&out, arena);
}

static bool is_fixed_name(struct str name)
{
	static const char *const fixed[] = {
		"OrderId",	 "OrderNumber",	   "OrderURL",	    "Categories",      "ItemNames",
		"Brands",	 "DiscountCode",   "DiscountValue", "Subtotal",	       "ShippingValue",
		"TaxValue",	 "TrackingNumber", "TrackingURL",   "TrackingCompany", "ShippingMethod",
		"PaymentMethod", "Source",	   "Reason",	    "BillingAddress",  "ShippingAddress",
		"Items",
	};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (str_eq(name, str_from(fixed[i])))
			return true;
	return false;
}

static bool is_taken(const struct activity_property *custom, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(custom[k].name, custom[i].name))
			return true;
	return is_fixed_name(custom[i].name);
}

static void put_custom(struct render_object *object, const struct activity_property *custom, size_t n)
{
	size_t n_max = n < RENDER_PROPERTIES_MAX ? n : RENDER_PROPERTIES_MAX;

	object->cuts->n_property += n - n_max;
	for (size_t i = 0; i < n_max; i++) {
		struct str name = custom[i].name;

		if (name.len == 0 || name.len > NAME_BYTES_MAX || name.p[0] == '$' || is_taken(custom, i))
			object->cuts->n_property++;
		else
			render_named_text(object, name, custom[i].value);
	}
}

/* What the step adds; its method is one of shipping or of payment. */
static void put_step(struct render_object *object, enum metric metric, const struct activity_order *order,
		     const struct activity_step *step)
{
	bool ships = metric == METRIC_FULFILLED_ORDER || metric == METRIC_PARTIALLY_FULFILLED_ORDER ||
		     metric == METRIC_SHIPPED_ORDER;
	bool has_method = step->method.len > 0;

	render_text(object, "Reason", step->reason);
	render_text(object, "TrackingNumber", step->tracking_number);
	render_text(object, "TrackingURL", step->tracking_url);
	render_text(object, "TrackingCompany", step->carrier);
	render_text(object, "ShippingMethod", ships && has_method ? step->method : order->shipping_method);
	render_text(object, "PaymentMethod", !ships && has_method ? step->method : order->payment_method);
}

static void put_totals(struct render_object *object, const struct activity_order *order)
{
	render_text(object, "DiscountCode",
		    order->n_discount_code > 0
			    ? joined(order->discount_code, order->n_discount_code, object->arena)
			    : STR(""));
	put_amount(object, "DiscountValue", &order->discount);
	put_amount(object, "Subtotal", &order->subtotal);
	put_amount(object, "ShippingValue", &order->shipping);
	put_amount(object, "TaxValue", &order->tax);
}

static void put_number_and_source(struct render_object *object, const struct activity_order *order)
{
	render_text(object, "OrderId", order->order_id);
	render_text(object, "OrderNumber", order->order_number);
	render_text(object, "OrderURL", order->order_url);
	render_text(object, "Source", order->channel);
}

/* Opens the door for Items: one property more, and the rest of the bytes. */
static void put_items(struct render_object *object, const struct activity_line *line, size_t n, bool cart)
{
	object->n_max++;
	object->bytes_max = RENDER_EVENT_BYTES_MAX - 4;
	render_items(object, line, n, cart);
}

static void put_order(struct render_object *object, const struct activity_event *event)
{
	static const struct activity_step no_step = { .partial = false };
	const struct activity_order *order = event->order;
	const struct activity_step *step = event->step ? event->step : &no_step;
	const struct activity_line *line = step->n_line > 0 ? step->line : order->line;
	size_t n_line = step->n_line > 0 ? step->n_line : order->n_line;

	put_number_and_source(object, order);
	put_step(object, event->metric, order, step);
	render_categories(object, "Categories", NULL, line, n_line);
	render_item_names(object, line, n_line);
	render_brands(object, line, n_line);
	put_totals(object, order);
	if (order->has_billing)
		put_address(object, "BillingAddress", &order->billing);
	if (order->has_shipping)
		put_address(object, "ShippingAddress", &order->shipping_address);
	put_custom(object, order->custom, order->n_custom);
	put_items(object, line, n_line, false);
}

static void put_ordered_product(struct render_object *object, const struct activity_event *event)
{
	const struct activity_line *line = event->line;

	if (event->order)
		put_number_and_source(object, event->order);
	render_text(object, "ProductID", line->product_id);
	render_text(object, "VariantID", line->variant_id);
	render_text(object, "SKU", line->sku);
	render_text(object, "ProductName", line->name);
	render_text(object, "VariantName", line->variant_name);
	render_number(object, "Quantity", line->quantity);
	render_text(object, "ProductURL", line->product_url);
	render_text(object, "ImageURL", line->image_url);
	render_categories(object, "Categories", NULL, line, 1);
	render_text(object, "ProductBrand", line->brand);
}

/* ---- carts ---- */

static void put_added(struct render_object *object, const struct activity_cart *cart)
{
	const struct activity_line *added = cart->added;

	render_text(object, "AddedItemProductName", added->name);
	render_text(object, "AddedItemProductID", added->product_id);
	render_text(object, "AddedItemSKU", added->sku);
	/* The guide: of all that is in the cart. */
	render_categories(object, "AddedItemCategories", added, cart->line, cart->n_line);
	render_text(object, "AddedItemImageURL", added->image_url);
	render_text(object, "AddedItemURL", added->product_url);
	if (added->has_price)
		render_money(object, "AddedItemPrice", added->unit_price);
	render_number(object, "AddedItemQuantity", added->quantity);
}

static void put_cart(struct render_object *object, const struct activity_event *event)
{
	const struct activity_cart *cart = event->cart;

	if (event->metric == METRIC_ADDED_TO_CART && cart->added)
		put_added(object, cart);
	else
		render_categories(object, "Categories", NULL, cart->line, cart->n_line);
	render_item_names(object, cart->line, cart->n_line);
	render_text(object, "CheckoutURL", cart->checkout_url);
	put_items(object, cart->line, cart->n_line, true);
}

/* ---- browsing ---- */

static void put_viewed_product(struct render_object *object, const struct activity_event *event)
{
	const struct activity_line *line = event->line;

	render_text(object, "ProductName", line->name);
	render_text(object, "ProductID", line->product_id);
	render_text(object, "VariantID", line->variant_id);
	render_text(object, "VariantName", line->variant_name);
	render_text(object, "SKU", line->sku);
	render_categories(object, "Categories", NULL, line, 1);
	render_text(object, "ImageURL", line->image_url);
	render_text(object, "URL", line->product_url.len > 0 ? line->product_url : event->page_url);
	render_text(object, "Brand", line->brand);
	if (line->has_price)
		render_money(object, "Price", line->unit_price);
	if (line->has_compare_at_price)
		render_money(object, "CompareAtPrice", line->compare_at_price);
}

static void put_viewed_category(struct render_object *object, const struct activity_event *event)
{
	render_text(object, "CategoryName", event->category_name);
	render_text(object, "CategoryID", event->category_id);
	render_text(object, "ImageURL", event->category_image_url);
	render_text(object, "URL", event->category_url.len > 0 ? event->category_url : event->page_url);
}

static void put_searched_site(struct render_object *object, const struct activity_event *event)
{
	render_text(object, "SearchTerm", event->search_term);
	render_text(object, "SearchTerm (autocorrected)", event->search_corrected);
	if (event->has_search_results)
		render_int(object, "ReturnedResults", event->search_results);
}

/* ---- by metric ---- */

static void put_all(struct render_object *object, const struct activity_event *event)
{
	switch (event->metric) {
	case METRIC_PLACED_ORDER:
	case METRIC_PAID_ORDER:
	case METRIC_PARTIALLY_PAID_ORDER:
	case METRIC_FULFILLED_ORDER:
	case METRIC_PARTIALLY_FULFILLED_ORDER:
	case METRIC_SHIPPED_ORDER:
	case METRIC_CANCELLED_ORDER:
	case METRIC_REFUNDED_ORDER:
	case METRIC_PARTIALLY_REFUNDED_ORDER:
		put_order(object, event);
		break;
	case METRIC_ORDERED_PRODUCT:
		put_ordered_product(object, event);
		break;
	case METRIC_STARTED_CHECKOUT:
	case METRIC_ADDED_TO_CART:
		put_cart(object, event);
		break;
	case METRIC_VIEWED_PRODUCT:
		put_viewed_product(object, event);
		break;
	case METRIC_VIEWED_CATEGORY:
		put_viewed_category(object, event);
		break;
	case METRIC_SEARCHED_SITE:
		put_searched_site(object, event);
		break;
	case METRIC_ACTIVE_ON_SITE:
		render_text(object, "URL", event->page_url);
		break;
	case METRIC_COUNT:
		break;
	}
}

void render_properties(struct render_object *attributes, const struct activity_event *event)
{
	struct render_object properties;

	if (!render_open_member(attributes, "properties", &properties))
		return;
	properties.n_max = RENDER_PROPERTIES_MAX - 1;
	properties.bytes_max = RENDER_HEAD_BYTES_MAX;
	put_all(&properties, event);
	render_close(&properties);
}
