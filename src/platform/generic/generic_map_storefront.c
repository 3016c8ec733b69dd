/*
 * storefront.*: what a visitor did in the shop, as a browser or the shop's server tells it.
 *
 * Keeps:   an event belongs to its browser; where a server tells it, to the person, else to the cart. Who
 *          the visitor is becomes a part of its own, so that what was done before is known to be theirs too.
 */
#include "platform/generic/generic_internal.h"

static const struct field identity_fields[] = {
	{ "email", FIELD_TRIMMED, "email|customer.email" },
	{ "phone", FIELD_TEXT, "phone|customer.phone" },
	{ "customer_id", FIELD_ID, "customer_id|customer.customer_id|customer.id" },
	{ "exchange_id", FIELD_TRIMMED, "exchange_token|exchange_id" },
};
static const struct field cart_fields[] = {
	{ "cart_id", FIELD_ID, "cart_id|id" },
	{ "currency", FIELD_CURRENCY, "currency" },
	{ "total", FIELD_AMOUNT, "total" },
	{ "url", FIELD_TEXT, "url|checkout_url|recover_url" },
};
static const struct field category_fields[] = {
	{ "id", FIELD_ID, "id|category_id" },
	{ "name", FIELD_TEXT, "name|title" },
	{ "url", FIELD_TEXT, "url" },
	{ "image_url", FIELD_TEXT, "image_url|image" },
};
static const struct field search_fields[] = {
	{ "term", FIELD_TEXT, "term|query" },
	{ "corrected", FIELD_TEXT, "corrected" },
	{ "results", FIELD_INT, "results" },
};

/* ---- what was done; each gives NULL, having failed the mapping, if the message does not say it ---- */

struct event {
	struct mapping *mapping;
	const struct generic_message *message;
	struct ref_list *refs;
};

/* The member of that name, else data itself, which may have the same members. */
static const struct json *object_of(const struct event *event, const char *name)
{
	const struct json *member = json_get(event->message->data, name);

	return json_type(member) == JSON_OBJECT ? member : event->message->data;
}

/* What amounts are in, where the product or cart does not say: data's, else the envelope's. */
static void put_currency(const struct event *event, struct json *body)
{
	static const struct field fields[] = { { "currency", FIELD_CURRENCY, "currency" } };

	if (!json_get(body, "currency"))
		field_copy(event->mapping, body, event->message->data, fields, ARRAY_LEN(fields));
	if (!json_get(body, "currency"))
		json_set_text(body, "currency",
			      payload_code(event->message->currency, 3, event->mapping->arena));
}

static struct json *product_of(const struct event *event)
{
	struct json *body = generic_viewed(event->mapping, object_of(event, "product"), event->refs);

	put_currency(event, body);
	if (!json_get(body, "product_id") && !json_get(body, "name"))
		mapping_fail(event->mapping, "data.product has neither product_id nor name");
	return body;
}

static struct json *cart_of(const struct event *event)
{
	const struct json *cart = object_of(event, "cart");
	struct mapping *mapping = event->mapping;
	struct json *body = json_new_object();

	field_copy(mapping, body, cart, cart_fields, ARRAY_LEN(cart_fields));
	put_currency(event, body);
	payload_put_filled(body, "lines",
			   generic_lines(mapping, payload_find(cart, "lines|items"), event->refs));
	json_set(body, "added", generic_added(mapping, payload_find(cart, "added"), event->refs));
	if (!json_get(body, "lines") && !json_get(body, "added") && !json_get(body, "cart_id"))
		mapping_fail(mapping, "data.cart has none of cart_id, lines and added");
	return body;
}

static struct json *category_of(const struct event *event)
{
	struct json *body = json_new_object();

	field_copy(event->mapping, body, object_of(event, "category"), category_fields,
		   ARRAY_LEN(category_fields));
	if (!json_get(body, "id") && !json_get(body, "name"))
		mapping_fail(event->mapping, "data.category has neither id nor name");
	return body;
}

static struct json *search_of(const struct event *event)
{
	struct json *body = json_new_object();

	field_copy(event->mapping, body, object_of(event, "search"), search_fields, ARRAY_LEN(search_fields));
	if (!json_get(body, "term"))
		mapping_fail(event->mapping, "data.search.term is missing");
	return body;
}

static const struct row {
	const char *type;   /* of the message, behind "storefront." */
	const char *member; /* of the event's body */
	struct json *(*read)(const struct event *event);
} rows[] = {
	{ "product_viewed", "product", product_of }, { "cart_changed", "cart", cart_of },
	{ "checkout_started", "cart", cart_of },     { "category_viewed", "category", category_of },
	{ "searched", "search", search_of },	     { "active", NULL, NULL },
};

/* NULL: it says only who the visitor is. */
static const struct row *row_of(struct str type)
{
	type = str_skip(type, str_find_char(type, '.') + 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(type, str_from(rows[i].type)))
			return &rows[i];
	return NULL;
}

/* ---- whose it is ---- */

/* prefix + id if there is an id and the two are short enough to be one. */
static struct str prefixed(struct mapping *mapping, const char *prefix, struct str id)
{
	struct str whole = id.len ? mapping_part(mapping, prefix, id) : STR("");

	return whole.len <= PAYLOAD_ID_BYTES_MAX ? whole : STR("");
}

static struct entity visitor_of(struct mapping *mapping, const struct json *data, const struct json *identity)
{
	struct entity visitor = { .kind = ENTITY_VISITOR };

	visitor.id = payload_id(data, "anonymous_id", mapping->arena);
	if (visitor.id.len == 0)
		visitor.id = prefixed(mapping, "person:", contact_person(mapping, identity).id);
	if (visitor.id.len == 0)
		visitor.id = prefixed(
			mapping, "cart:", payload_id(data, "cart_id|cart.cart_id|cart.id", mapping->arena));
	if (visitor.id.len == 0)
		mapping_fail(mapping, "data names no visitor: anonymous_id, email, phone, customer_id or "
				      "cart_id is needed");
	return visitor;
}

static void add_part(struct mapping *mapping, const struct generic_message *message, struct entity visitor,
		     struct str part, struct json *body, const struct ref_list *refs)
{
	mapping_add(mapping, (struct fact){
		.entity = visitor,
		.part = part,
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
		.ref = refs ? refs->ref : NULL,
		.n_ref = refs ? refs->n : 0,
	});
}

static void add_event(struct mapping *mapping, const struct generic_message *message, struct entity visitor,
		      const struct row *row, const struct json *identity)
{
	struct ref_list refs = { .arena = mapping->arena };
	struct event event = { .mapping = mapping, .message = message, .refs = &refs };
	static const struct field fields[] = { { "page_url", FIELD_TEXT, "page_url" } };
	struct json *body = json_new_object();

	json_set_text(body, "type", str_from(row->type));
	json_set_text(body, "at", field_time_text(mapping, message->at_ms));
	field_copy(mapping, body, message->data, fields, ARRAY_LEN(fields));
	payload_put_filled(body, "identity", json_clone(identity));
	if (row->read)
		json_set(body, row->member, row->read(&event));
	add_part(mapping, message, visitor, mapping_part(mapping, "event.", message->event_id), body, &refs);
}

void generic_map_storefront(struct mapping *mapping, const struct generic_message *message)
{
	const struct row *row = row_of(message->type);
	struct json *identity = json_new_object();
	struct entity visitor;

	field_copy(mapping, identity, message->data, identity_fields, ARRAY_LEN(identity_fields));
	if (str_eq(json_get_text(identity, "customer_id"), STR("0"))) /* a guest */
		json_remove(identity, "customer_id");
	visitor = visitor_of(mapping, message->data, identity);
	if (row)
		add_event(mapping, message, visitor, row, identity);
	else if (json_len(identity) == 0)
		mapping_fail(mapping,
			     "data names nobody: email, phone, customer_id or exchange_token is needed");
	if (json_len(identity))
		add_part(mapping, message, visitor, STR("identity"), identity, NULL);
	else
		json_free(identity);
}
