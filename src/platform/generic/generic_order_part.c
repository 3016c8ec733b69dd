/*
 * What happened to an order: the parts placed, paid, fulfilled, cancelled, refunded (each once, the earliest
 * time counts) and payment.I, shipment.I, refund.I (one of several).
 *
 * Keeps:   one of several always has the same I, whichever message speaks of it and however often.
 */
#include "platform/generic/generic_internal.h"

/* Past what fact_version_earliest can tell apart (year 2286); only a wrong clock of ours gets there. */
#define AT_MS_MAX INT64_C(9999999999999)

#define TRACKING_BYTES_MAX 100 /* in a made id */

static const struct field paid_fields[] = {
	{ "amount", FIELD_AMOUNT, "amount|payment.amount" },
};
static const struct field cancelled_fields[] = {
	{ "reason", FIELD_TEXT, "reason|cancel_reason|cancellation_reason" },
};
static const struct field refunded_fields[] = {
	{ "amount", FIELD_AMOUNT, "amount|refund.amount|refunded_total" },
	{ "reason", FIELD_TEXT, "reason|refund.reason|refund_reason" },
};
static const struct field refund_fields[] = {
	{ "amount", FIELD_AMOUNT, "amount|total" },
	{ "reason", FIELD_TEXT, "reason|refund_reason" },
};
static const struct field payment_fields[] = { { "amount", FIELD_AMOUNT, "amount" } };
/* Of a shipment, and of an order that has one: there "number" and "url" are the order's. */
static const struct field shipment_fields[] = {
	{ "carrier", FIELD_TEXT, "carrier|tracking.carrier" },
	{ "tracking_number", FIELD_TEXT, "tracking_number|number|tracking.number" },
	{ "tracking_url", FIELD_TEXT, "tracking_url|url|tracking.url" },
	{ "method", FIELD_TEXT, "method|shipping_method" },
};
static const struct field shipped_fields[] = {
	{ "carrier", FIELD_TEXT, "carrier" },
	{ "tracking_number", FIELD_TEXT, "tracking_number" },
	{ "tracking_url", FIELD_TEXT, "tracking_url" },
	{ "method", FIELD_TEXT, "shipping_method" },
};

#define FIELDS(table) (table), ARRAY_LEN(table)

static void add_part(struct mapping *mapping, struct entity order, struct str part, int64_t at_ms,
		     struct json *body)
{
	json_set_text(body, "at", field_time_text(mapping, at_ms));
	mapping_add(mapping, (struct fact){
		.entity = order,
		.part = part,
		.op = FACT_SET,
		.version = fact_version_earliest(at_ms < AT_MS_MAX ? at_ms : AT_MS_MAX),
		.body = mapping_body(mapping, body),
	});
}

/* ---- the whole order ---- */

static void put_shipping(struct mapping *mapping, struct json *body, const struct json *data)
{
	static const char *const lists = "shipments|fulfillments|tracking";
	const struct json *shipment = payload_find(data, "shipment|fulfillment");

	if (!shipment)
		shipment = json_at(payload_find(data, lists), 0);
	if (json_type(shipment) == JSON_OBJECT)
		field_copy(mapping, body, shipment, FIELDS(shipment_fields));
	else
		field_copy(mapping, body, data, FIELDS(shipped_fields));
}

static const struct reached {
	enum generic_state state;
	const char *part;
	const char *time;
	const struct field *field;
	size_t n_field;
} reached[] = {
	{ GENERIC_STATE_PLACED, "placed", "placed_at|created_at", NULL, 0 },
	{ GENERIC_STATE_PAID, "paid", "paid_at|payment.at|payment.paid_at|at|updated_at",
	  FIELDS(paid_fields) },
	{ GENERIC_STATE_FULFILLED, "fulfilled",
	  "fulfilled_at|shipped_at|shipment.shipped_at|shipment.at|fulfillment.created_at|at|updated_at",
	  NULL, 0 },
	{ GENERIC_STATE_CANCELLED, "cancelled", "cancelled_at|canceled_at|at|updated_at",
	  FIELDS(cancelled_fields) },
	{ GENERIC_STATE_REFUNDED, "refunded", "refunded_at|refund.at|refund.created_at|at|updated_at",
	  FIELDS(refunded_fields) },
};

void generic_add_reached(struct mapping *mapping, const struct generic_message *message, struct entity order,
			 enum generic_state state)
{
	for (size_t i = 0; i < ARRAY_LEN(reached); i++) {
		const struct reached *row = &reached[i];
		struct json *body;

		if (row->state != state)
			continue;
		body = json_new_object();
		field_copy(mapping, body, message->data, row->field, row->n_field);
		if (state == GENERIC_STATE_FULFILLED)
			put_shipping(mapping, body, message->data);
		add_part(mapping, order, str_from(row->part),
			 generic_time(mapping, message, message->data, row->time, message->at_ms), body);
	}
}

/* ---- one of several ---- */

static const struct partial {
	enum generic_state state;
	const char *prefix;
	const char *list; /* of a snapshot */
	const char *one;  /* of a message about one; without it the message's own members */
	const char *id;
	const char *time;
	const struct field *field;
	size_t n_field;
	bool priced; /* means nothing without an amount */
} partials[] = {
	{ GENERIC_STATE_PARTIALLY_PAID, "payment.", "payments", "payment", "payment_id|transaction_id",
	  "at|paid_at|created_at", FIELDS(payment_fields), true },
	{ GENERIC_STATE_PARTIALLY_FULFILLED, "shipment.", "shipments|fulfillments", "shipment|fulfillment",
	  "shipment_id|fulfillment_id", "at|shipped_at|fulfilled_at|created_at", FIELDS(shipment_fields),
	  false },
	{ GENERIC_STATE_PARTIALLY_REFUNDED, "refund.", "refunds", "refund", "refund_id",
	  "at|refunded_at|created_at", FIELDS(refund_fields), true },
};

static const struct partial *partial_of(enum generic_state state)
{
	for (size_t i = 0; i < ARRAY_LEN(partials); i++)
		if (partials[i].state == state)
			return &partials[i];
	return NULL;
}

/*
 * Without an id it is told by its time and amount; in a list without times by its place, because the time of
 * the snapshot is another one each time.
 */
static struct str made_id(struct mapping *mapping, const struct json *body, int64_t at_ms, size_t place)
{
	struct str what = json_get_text(body, "amount");

	if (what.len == 0 && json_get_text(body, "tracking_number").len <= TRACKING_BYTES_MAX)
		what = json_get_text(body, "tracking_number");
	if (place)
		return arena_printf(mapping->arena, "nr-%zu-%.*s", place, STR_ARG(what));
	return arena_printf(mapping->arena, "at-%lld-%.*s", (long long)at_ms, STR_ARG(what));
}

/* place: of the element in its list, from 1; 0 = a message of its own. False: it does not say enough. */
static bool add_partial(struct mapping *mapping, const struct generic_message *message, struct entity order,
			const struct partial *row, const struct json *from, struct str id, size_t place)
{
	int64_t own_ms = generic_time(mapping, message, from, row->time, 0);
	int64_t at_ms = own_ms ? own_ms : message->at_ms;
	struct json *body = json_new_object();

	field_copy(mapping, body, from, row->field, row->n_field);
	if (row->priced && !json_get(body, "amount")) {
		json_free(body);
		return false;
	}
	if (!row->priced || row->state == GENERIC_STATE_PARTIALLY_REFUNDED)
		payload_put_filled(body, "lines",
				   generic_line_quantities(mapping, payload_find(from, "lines|line_items")));
	if (id.len == 0)
		id = made_id(mapping, body, at_ms, own_ms ? 0 : place);
	add_part(mapping, order, mapping_part(mapping, row->prefix, id), at_ms, body);
	return true;
}

void generic_add_partial(struct mapping *mapping, const struct generic_message *message, struct entity order,
			 enum generic_state state)
{
	const struct partial *row = partial_of(state);
	const struct json *one = row ? payload_find(message->data, row->one) : NULL;
	struct str id;

	if (!row)
		return;
	if (json_type(one) != JSON_OBJECT)
		one = message->data;
	id = payload_id(one, one == message->data ? row->id : "id", mapping->arena);
	if (id.len == 0)
		id = payload_id(message->data, row->id, mapping->arena);
	if (!add_partial(mapping, message, order, row, one, id, 0))
		mapping_fail(mapping, "data.%s.amount is missing or no decimal amount", row->one);
}

static void add_list(struct mapping *mapping, const struct generic_message *message, struct entity order,
		     const struct partial *row)
{
	const struct json *list = payload_find(message->data, row->list);
	size_t n = json_type(list) == JSON_ARRAY ? json_len(list) : 0;
	const char *name = row->prefix;

	if (n > GENERIC_LINES_MAX) {
		mapping_note(mapping, "%zu %ss: those after the first %d were left out", n, row->one,
			     GENERIC_LINES_MAX);
		n = GENERIC_LINES_MAX;
	}
	for (size_t i = 0; i < n; i++) {
		const struct json *from = json_at(list, i);
		struct str id = payload_id(from, "id", mapping->arena);

		if (id.len == 0)
			id = payload_id(from, row->id, mapping->arena);
		if (json_type(from) != JSON_OBJECT ||
		    !add_partial(mapping, message, order, row, from, id, i + 1))
			mapping_note(mapping, "%.*s %zu %s and was left out",
				     (int)str_find_char(str_from(name), '.'), name, i + 1,
				     json_type(from) == JSON_OBJECT ? "has no decimal amount"
								    : "is no object");
	}
}

void generic_add_partials(struct mapping *mapping, const struct generic_message *message, struct entity order,
			  enum generic_state state)
{
	const struct partial *named = partial_of(state);

	for (size_t i = 0; i < ARRAY_LEN(partials); i++)
		add_list(mapping, message, order, &partials[i]);
	if (named && json_len(payload_find(message->data, named->list)) == 0)
		mapping_note(mapping, "its state says that there is a %.*s, but none is listed",
			     (int)str_find_char(str_from(named->prefix), '.'), named->prefix);
}
