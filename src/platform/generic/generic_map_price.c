/*
 * price.changed and stock.changed, and the price and stock that a product or variant carries.
 *
 * Both become parts of their own wherever they come from, so that the newest message about a price counts, be
 * it a whole product or a price alone.
 */
#include "model/money.h"
#include "platform/generic/generic_internal.h"

/* ---- prices ---- */

/* Is `high` above `low`? False if either is no amount. */
static bool is_above(struct str high, struct str low, struct str currency)
{
	struct money a, b;

	return money_parse(high, currency, &a) && money_parse(low, currency, &b) && money_cmp(a, b) > 0;
}

/*
 * A price before a reduction is what the shop calls compare_at_price: then that is the base and the price is
 * a sale.
 */
static struct json *price_row(struct mapping *mapping, const struct json *data, struct str currency)
{
	struct arena *arena = mapping->arena;
	struct str price = payload_decimal(json_get(data, "price"), arena);
	struct str before = payload_decimal(json_get(data, "compare_at_price"), arena);
	const struct json *countries = json_get(data, "countries");
	struct json *row, *codes;
	bool sale;

	if (json_get_text(data, "currency").len)
		currency = json_get_text(data, "currency");
	currency = payload_code(currency, 3, arena);
	if (price.len == 0 || currency.len == 0) {
		mapping_note(mapping, "a price without %s was left out",
			     price.len ? "a currency" : "a decimal amount");
		return NULL;
	}
	sale = is_above(before, price, currency);
	row = json_new_object();
	codes = json_new_array();
	for (size_t i = 0; json_type(countries) == JSON_ARRAY && i < json_len(countries); i++)
		json_append(codes, json_new_text(payload_code(json_text(json_at(countries, i)), 2, arena)));
	json_set_text(row, "market", payload_id(data, "market", arena));
	payload_put_filled(row, "countries", codes);
	json_set_text(row, "currency", currency);
	json_set_text(row, "base", sale ? before : price);
	if (sale)
		json_set_text(row, "sale", price);
	payload_put_decimal(row, "reference", data, "reference_price", arena);
	json_set(row, "on_sale", json_new_bool(sale));
	payload_put_bool(row, "active", data, "active");
	return row;
}

/* NULL: data says nothing usable of prices. An empty list or a price of null withdraws them. */
static struct json *price_rows(struct mapping *mapping, const struct json *data, struct str currency)
{
	const struct json *several = json_get(data, "prices"), *price = json_get(data, "price");
	struct json *rows = json_new_array();
	bool withdrawn;

	if (json_type(several) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(several); i++)
			json_append(rows, price_row(mapping, json_at(several, i), currency));
		withdrawn = json_len(several) == 0;
	} else {
		withdrawn = price && json_type(price) == JSON_NULL;
		if (price && !withdrawn)
			json_append(rows, price_row(mapping, data, currency));
	}
	if (json_len(rows) || withdrawn)
		return rows;
	json_free(rows);
	return NULL;
}

void generic_add_price(struct mapping *mapping, const struct generic_message *message,
		       const struct json *data, struct entity entity, struct str root_id)
{
	struct str currency = json_get_text(data, "currency");
	struct str list = payload_id(data, "price_list", mapping->arena);
	struct json *rows = price_rows(mapping, data, currency.len ? currency : message->currency);
	struct json *body;

	if (!rows)
		return;
	body = json_new_object();
	json_set_text(body, "group", list);
	json_set(body, "prices", rows);
	mapping_add(mapping, (struct fact){
		.entity = entity,
		.part = mapping_part(mapping, "price.", list),
		.root_id = root_id,
		.op = FACT_SET,
		.version = message->version,
		.body = mapping_body(mapping, body),
	});
}

/* Variant if it is named, else product; false: neither is, the mapping has failed. */
static bool find_entity(struct mapping *mapping, const struct json *data, struct entity *entity,
			struct str *root_id)
{
	struct str product_id = payload_id(data, "product_id", mapping->arena);

	entity->kind = ENTITY_VARIANT;
	entity->id = payload_id(data, "variant_id", mapping->arena);
	*root_id = entity->id.len ? product_id : STR("");
	if (entity->id.len == 0)
		*entity = (struct entity){ .kind = ENTITY_PRODUCT, .id = product_id };
	return entity->id.len > 0;
}

void generic_map_price(struct mapping *mapping, const struct generic_message *message)
{
	struct entity entity;
	struct str root_id;

	if (!find_entity(mapping, message->data, &entity, &root_id)) {
		mapping_fail(mapping, "data.variant_id and data.product_id are missing");
		return;
	}
	generic_add_price(mapping, message, message->data, entity, root_id);
	if (mapping->n_fact == 0)
		mapping_fail(mapping, "data.price is missing, no decimal, or has no currency");
}

/* ---- stock ---- */

void generic_add_stock(struct mapping *mapping, const struct generic_message *message,
		       const struct json *data, struct entity entity, struct str root_id)
{
	struct str inventory = payload_id(data, "inventory", mapping->arena);
	const struct json *stock = json_get(data, "stock");
	struct fact fact = {
		.entity = entity,
		.part = mapping_part(mapping, "stock.", inventory),
		.root_id = root_id,
		.op = FACT_CLEAR, /* null: not known any more */
		.version = message->version,
	};
	struct json *body;
	int64_t quantity;

	if (!stock)
		return;
	if (json_type(stock) != JSON_NULL) {
		if (!payload_int(stock, &quantity)) {
			mapping_note(mapping, "a stock that is not a whole number was left out");
			return;
		}
		body = json_new_object();
		json_set(body, "quantity", json_new_int(quantity));
		payload_put_bool(body, "available", data, "available");
		fact.op = FACT_SET;
		fact.body = mapping_body(mapping, body);
	}
	mapping_add(mapping, fact);
}

void generic_map_stock(struct mapping *mapping, const struct generic_message *message)
{
	struct str sku = payload_id(message->data, "sku", mapping->arena);
	struct entity entity;
	struct str root_id = STR("");

	if (sku.len && payload_id(message->data, "variant_id", mapping->arena).len == 0)
		entity = (struct entity){ .kind = ENTITY_SKU, .id = sku };
	else if (!find_entity(mapping, message->data, &entity, &root_id))
		mapping_fail(mapping, "data.variant_id, data.sku and data.product_id are missing");
	if (mapping->state != MAP_DONE)
		return;
	generic_add_stock(mapping, message, message->data, entity, root_id);
	if (mapping->n_fact == 0)
		mapping_fail(mapping, "data.stock is missing or not a whole number");
}
