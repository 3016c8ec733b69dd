/*
 * CONTACT and ADDRESS bodies of the generic platform.
 *
 * Keeps:   contacts stay as the shop wrote them. A guest's customer id "0" is none, or all guests would be
 *          one person.
 */
#include "platform/generic/generic_internal.h"

static const struct field address_fields[] = {
	{ "first_name", FIELD_TEXT, "first_name" },
	{ "last_name", FIELD_TEXT, "last_name" },
	{ "company", FIELD_TEXT, "company|organization" },
	{ "address1", FIELD_TEXT, "address1|street|street_address" },
	{ "address2", FIELD_TEXT, "address2" },
	{ "city", FIELD_TEXT, "city" },
	{ "region", FIELD_TEXT, "region|state|province" },
	{ "region_code", FIELD_TEXT, "region_code|state_code|province_code" },
	{ "country", FIELD_TEXT, "country" },
	{ "country_code", FIELD_COUNTRY, "country_code|country" },
	{ "zip", FIELD_TEXT, "zip|postal_code|postcode" },
	{ "phone", FIELD_TEXT, "phone" },
};

static const struct field contact_fields[] = {
	{ "email", FIELD_TRIMMED, "email" },
	{ "phone", FIELD_TEXT, "phone|phone_number|telephone" },
	{ "customer_id", FIELD_ID, "customer_id" },
	{ "first_name", FIELD_TEXT, "first_name" },
	{ "last_name", FIELD_TEXT, "last_name" },
	{ "title", FIELD_TEXT, "title" },
	{ "organization", FIELD_TEXT, "organization|company" },
	{ "locale", FIELD_TEXT, "locale|language" },
};

/* Of an order: what its customer says, else the order, else the address it is billed to. */
static const struct field order_contact_fields[] = {
	{ "email", FIELD_TRIMMED, "customer.email|email|billing.email|billing_address.email" },
	{ "phone", FIELD_TEXT, "customer.phone|phone|billing.phone|billing_address.phone|shipping.phone" },
	{ "customer_id", FIELD_ID, "customer.customer_id|customer.id|customer_id" },
	{ "first_name", FIELD_TEXT, "customer.first_name|billing.first_name|billing_address.first_name" },
	{ "last_name", FIELD_TEXT, "customer.last_name|billing.last_name|billing_address.last_name" },
	{ "title", FIELD_TEXT, "customer.title" },
	{ "organization", FIELD_TEXT,
	  "customer.organization|customer.company|billing.company|billing_address.company" },
	{ "locale", FIELD_TEXT, "customer.locale|locale" },
};

struct json *generic_address(struct mapping *mapping, const struct json *address)
{
	struct json *body = json_new_object();

	field_copy(mapping, body, address, address_fields, ARRAY_LEN(address_fields));
	return body;
}

static void drop_guest(struct json *contact)
{
	if (str_eq(json_get_text(contact, "customer_id"), STR("0")))
		json_remove(contact, "customer_id");
}

struct json *generic_contact(struct mapping *mapping, const struct json *data)
{
	struct json *contact = json_new_object();

	field_copy(mapping, contact, data, contact_fields, ARRAY_LEN(contact_fields));
	drop_guest(contact);
	payload_put_filled(contact, "address", generic_address(mapping, json_get(data, "address")));
	return contact;
}

struct json *generic_order_contact(struct mapping *mapping, const struct json *data)
{
	static const char *const places[] = { "customer.address", "billing|billing_address",
					      "shipping|shipping_address" };
	struct json *contact = json_new_object();

	field_copy(mapping, contact, data, order_contact_fields, ARRAY_LEN(order_contact_fields));
	drop_guest(contact);
	for (size_t i = 0; i < ARRAY_LEN(places) && !json_get(contact, "address"); i++)
		payload_put_filled(contact, "address",
				   generic_address(mapping, payload_find(data, places[i])));
	return contact;
}
