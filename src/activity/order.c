/*
 * An order: what is known of it, and whether it may be told.
 *
 * Doesn't: know which events come of it (order_event.c) or what became of it (order_step.c).
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/mutant.h"

static struct str order_id(struct fold *fold, const struct json *base)
{
	struct str number = fold_text(fold, base, "number");

	if (!fold->rules->order_number_identifies)
		return fold->root->root.id;
	if (number.len == 0)
		fold_note(fold, "the order has no number: its id stands for it");
	return number.len > 0 ? number : fold->root->root.id;
}

static void read_amounts(struct fold *fold, const struct json *base, struct activity_order *order)
{
	struct str currency = fold_currency(fold, base);

	order->currency = currency;
	order->total = fold_amount(fold, base, "total", currency);
	order->subtotal = fold_amount(fold, base, "subtotal", currency);
	order->tax = fold_amount(fold, base, "tax_total", currency);
	order->shipping = fold_amount(fold, base, "shipping_total", currency);
	order->discount = fold_amount(fold, base, "discount_total", currency);
	order->line = lines_read(fold, json_get(base, "lines"), currency, true, &order->n_line);
}

static void read_texts(struct fold *fold, const struct json *base, struct activity_order *order)
{
	order->order_id = order_id(fold, base);
	order->order_number = fold_text(fold, base, "number");
	order->order_url = fold_text(fold, base, "order_url");
	order->discount_code = fold_texts(fold, json_get(base, "discount_codes"), &order->n_discount_code);
	order->shipping_method = fold_text(fold, base, "shipping_method");
	order->payment_method = fold_text(fold, base, "payment_method");
	order->channel = fold_text(fold, base, "channel");
	order->status = fold_text(fold, base, "status");
	order->custom = property_all(fold, json_get(base, "custom"), &order->n_custom);
}

/* The country of an order where an address or contact names none. */
static struct str order_country(const struct fold *fold, const struct json *base)
{
	struct str country = address_country(fold, json_get(base, "billing"));

	if (country.len == 0)
		country = address_country(fold, json_get(base, "shipping"));
	return country.len > 0 ? country
			       : address_country(fold, json_get(json_get(base, "customer"), "address"));
}

/* Names on a delivery may be another person's; those on the bill are the customer's. */
static void fill_names(struct activity_profile *profile, const struct activity_order *order)
{
	if (!order->has_billing || profile->first_name.len + profile->last_name.len > 0)
		return;
	profile->first_name = order->billing.first_name;
	profile->last_name = order->billing.last_name;
}

static struct activity_profile customer_profile(struct fold *fold, const struct contact *contact,
						const struct activity_order *order)
{
	struct activity_profile profile = {
		.email = contact->email,
		.phone = contact->phone,
		.first_name = contact->first_name,
		.last_name = contact->last_name,
		.organization = contact->organization,
		.title = contact->title,
		.locale = contact->locale,
		.address = contact->address,
	};

	if (order->has_billing)
		profile.address = order->billing;
	else if (order->has_shipping)
		profile.address = order->shipping_address;
	fill_names(&profile, order);
	property_customer_id(fold, &profile, contact->customer_id);
	return profile;
}

/* Old orders tell nothing of how their customer is now. */
static struct activity_profile identifiers(const struct activity_profile *profile)
{
	return (struct activity_profile){ .email = profile->email, .phone = profile->phone };
}

static void read_people(struct fold *fold, const struct json *base, struct order *order)
{
	struct str country = order_country(fold, base);
	struct activity_order *of = order->order;
	struct contact contact;
	struct str now;

	of->has_billing = address_read(fold, json_get(base, "billing"), country, &of->billing);
	of->has_shipping = address_read(fold, json_get(base, "shipping"), country, &of->shipping_address);
	contact = contact_read(fold, json_get(base, "customer"), country);
	if (contact.locale.len == 0)
		contact.locale = locale_read(fold, base);
	now = fold_kin_now(fold);
	if (fold_is_kin(fold, contact.email) && str_find_char(now, '@') < now.len)
		contact.email = arena_dup(fold->arena, now);
	order->profile = customer_profile(fold, &contact, of);
	order->history = json_get_bool(base, "historical", false) && !mutant_is(MUTANT_history_as_news);
	order->history_until_ms = INT64_MAX;
	(void)fold_time(fold, base, "imported_at", &order->history_until_ms);
	if (order->history)
		order->profile = identifiers(&order->profile);
}

static void read_order(struct fold *fold, const struct json *base, struct order *order)
{
	struct str id;

	*order = (struct order){ .order = ARENA_NEW(fold->arena, struct activity_order) };
	read_texts(fold, base, order->order);
	read_amounts(fold, base, order->order);
	read_people(fold, base, order);
	id = order->order->order_id;
	order->key = arena_printf(fold->arena, "%.*s%.*s", STR_ARG(fold->rules->id_prefix), STR_ARG(id));
}

/* Of a customer with several addresses. */
static bool person_moves(struct fold *fold, struct str email)
{
	struct str now = fold_kin_now(fold);

	return now.len > 0 && str_eq(now, email) && fold_moves(fold, now);
}

void order_merge(struct fold *fold)
{
	const struct fold_fact *base = fold_part(fold, "base");
	struct order order;

	if (!base) {
		if (!fold->root->deleted)
			fold_hold(fold, "order is not known yet");
		return;
	}
	if (json_get_bool(base->body, "test", false)) {
		fold_hold(fold, "test order");
		return;
	}
	read_order(fold, base->body, &order);
	order_steps_read(fold, &order);
	if (order.placed_ms == 0)
		return;
	if (order.profile.email.len + order.profile.phone.len == 0)
		fold_hold(fold, "no e-mail address and no phone number");
	else if (!person_moves(fold, order.profile.email) && !fold_waits(fold))
		order_events(fold, &order);
}
