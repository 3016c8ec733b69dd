/*
 * order.*: what an order is (base), what happened to it (generic_order_part.c), and who bought.
 *
 * Keeps:   a message that only says what happened never replaces the contents that another one gave: base
 *          comes from order.placed, order.updated, and from others if they have lines and a total.
 */
#include "platform/generic/generic_internal.h"

static const struct row {
	const char *type;
	enum generic_state state;
	bool whole;
} rows[] = {
	{ "order.placed", GENERIC_STATE_PLACED, true },
	{ "order.created", GENERIC_STATE_PLACED, true },
	{ "order.updated", GENERIC_STATE_NONE, true },
	{ "order.paid", GENERIC_STATE_PAID, false },
	{ "order.partially_paid", GENERIC_STATE_PARTIALLY_PAID, false },
	{ "order.fulfilled", GENERIC_STATE_FULFILLED, false },
	{ "order.partially_fulfilled", GENERIC_STATE_PARTIALLY_FULFILLED, false },
	{ "order.cancelled", GENERIC_STATE_CANCELLED, false },
	{ "order.canceled", GENERIC_STATE_CANCELLED, false },
	{ "order.refunded", GENERIC_STATE_REFUNDED, false },
	{ "order.partially_refunded", GENERIC_STATE_PARTIALLY_REFUNDED, false },
};

static const struct field base_fields[] = {
	{ "number", FIELD_ID, "order_number|number" },
	{ "status", FIELD_TEXT, "status_raw|status|state" },
	{ "currency", FIELD_CURRENCY, "currency" },
	{ "total", FIELD_AMOUNT, "total" },
	{ "subtotal", FIELD_AMOUNT, "subtotal" },
	{ "tax_total", FIELD_AMOUNT, "tax_total" },
	{ "shipping_total", FIELD_AMOUNT, "shipping_total" },
	{ "discount_total", FIELD_AMOUNT, "discount_total" },
	{ "shipping_method", FIELD_TEXT, "shipping_method|shipping_method.name" },
	{ "payment_method", FIELD_TEXT, "payment_method|payment_method.name" },
	{ "order_url", FIELD_TEXT, "order_url|url" },
	{ "channel", FIELD_TEXT, "channel|store" },
	{ "locale", FIELD_TEXT, "locale" },
	{ "test", FIELD_BOOL, "test" },
	{ "historical", FIELD_BOOL, "historical" },
};

static const struct row *row_of(struct str type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(type, str_from(rows[i].type)))
			return &rows[i];
	return &rows[0]; /* generic_type.c has no other types */
}

static const struct json *lines_of(const struct json *data)
{
	return payload_find(data, "lines|line_items|items");
}

static bool has_contents(const struct json *data)
{
	return json_len(lines_of(data)) > 0 && payload_find(data, "total");
}

/* ---- base ---- */

static void put_lists(struct mapping *mapping, struct json *body, const struct json *data)
{
	payload_put_filled(body, "discount_codes",
			   field_texts(mapping, "discount_codes",
				       payload_find(data, "discount_codes|discount_code"), "code"));
	payload_put_filled(body, "billing",
			   generic_address(mapping, payload_find(data, "billing|billing_address")));
	payload_put_filled(body, "shipping",
			   generic_address(mapping, payload_find(data, "shipping|shipping_address")));
	payload_put_filled(body, "custom", field_flat(mapping, json_get(data, "custom")));
}

static void add_base(struct mapping *mapping, const struct generic_message *message, struct entity order,
		     int64_t placed_ms, const struct json *contact)
{
	const struct json *data = message->data;
	struct ref_list refs = { .arena = mapping->arena };
	struct json *body = json_new_object();

	field_copy(mapping, body, data, base_fields, ARRAY_LEN(base_fields));
	if (!json_get(body, "currency"))
		json_set_text(body, "currency", payload_code(message->currency, 3, mapping->arena));
	if (placed_ms)
		json_set_text(body, "placed_at", field_time_text(mapping, placed_ms));
	if (json_get_bool(body, "historical", false))
		json_set_text(body, "imported_at", field_time_text(mapping, message->received_ms));
	put_lists(mapping, body, data);
	payload_put_filled(body, "customer", json_clone(contact));
	payload_put_filled(body, "lines", generic_lines(mapping, lines_of(data), &refs));
	if (!json_get(body, "currency") && json_get(body, "total"))
		mapping_note(mapping, "its amounts have no currency");
	mapping_add(mapping, (struct fact){
		.entity = order,
		.part = STR("base"),
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}

/* ---- who bought ---- */

/*
 * A box that was ticked at the checkout. One that was not says nothing: nobody is unsubscribed by it. Without
 * the time of that checkout it says nothing either: it could be older than an opt-out that is known.
 */
static void add_opt_in(struct mapping *mapping, const struct json *data, struct entity person,
		       int64_t placed_ms)
{
	static const struct field fields[] = {
		{ "source", FIELD_TEXT, "customer.consent_source|consent_source" },
		{ "historical", FIELD_BOOL, "historical" },
	};
	struct json *body;

	if (!json_is_true(payload_find(data, "customer.accepts_marketing|accepts_marketing")))
		return;
	if (placed_ms == 0) {
		mapping_note(mapping,
			     "'accepts_marketing' without placed_at does not say when and was left out");
		return;
	}
	body = json_new_object();
	field_copy(mapping, body, data, fields, ARRAY_LEN(fields));
	contact_add_consent(mapping, person, STR("consent.email"), STR("subscribed"), placed_ms, placed_ms,
			    body);
}

/*
 * A message that does not say when the order was placed is older than any that does: it fills in where
 * nothing is known and replaces nothing.
 */
static void add_person(struct mapping *mapping, const struct json *data, int64_t placed_ms,
		       struct json *contact)
{
	struct entity person = contact_person(mapping, contact);

	if (person.id.len == 0) {
		json_free(contact);
		return;
	}
	contact_add(mapping, person, STR("order"), placed_ms ? placed_ms : 1, contact);
	add_opt_in(mapping, data, person, placed_ms);
}

void generic_map_order(struct mapping *mapping, const struct generic_message *message)
{
	const struct row *row = row_of(message->type);
	struct entity order = {
		.kind = ENTITY_ORDER,
		.id = generic_need_id(mapping, message, "order_id|id", true),
	};
	bool placed = row->state == GENERIC_STATE_PLACED;
	enum generic_state state = row->state;
	struct json *contact;
	int64_t placed_ms;

	if (mapping->state != MAP_DONE)
		return;
	if (state == GENERIC_STATE_NONE)
		state = generic_order_state(mapping, message->data, message->order_states);
	placed_ms = generic_time(mapping, message, message->data, "placed_at|created_at",
				 placed ? message->at_ms : 0);
	contact = generic_order_contact(mapping, message->data);
	if (row->whole || has_contents(message->data))
		add_base(mapping, message, order, placed_ms, contact);
	generic_add_reached(mapping, message, order, state);
	if (row->state == GENERIC_STATE_NONE)
		generic_add_partials(mapping, message, order, state);
	else
		generic_add_partial(mapping, message, order, state);
	add_person(mapping, message->data, placed_ms, contact);
}
