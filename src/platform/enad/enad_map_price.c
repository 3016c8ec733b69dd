/*
 * variant_prices.updated: all prices of one variant in one store group, every market at once. An empty list
 * withdraws them.
 */
#include "platform/enad/enad_internal.h"

static void put_amount(struct mapping *mapping, struct json *row, const char *name, const struct json *value)
{
	struct str amount = payload_decimal(value, mapping->arena);

	if (amount.len == 0 && json_type(value) != JSON_NULL)
		mapping_note(mapping, "an amount that is no decimal was left out");
	json_set_text(row, name, amount);
}

/* Countries and amounts of one market; without an amount it is empty: there is no price there. */
static struct json *price_row(struct mapping *mapping, const struct json *market, struct str currency)
{
	struct json *row = json_new_object();
	struct str status = json_get_text(market, "status");

	put_amount(mapping, row, "base", json_get(market, "base_price_amount"));
	put_amount(mapping, row, "sale", json_get(market, "sale_price_amount"));
	put_amount(mapping, row, "reference", json_get(market, "reference_price_amount"));
	if (json_len(row) == 0)
		return row;
	json_set_text(row, "market", payload_id(market, "market_slug|market_id", mapping->arena));
	payload_put_filled(row, "countries",
			   enad_countries(mapping, json_get(market, "country_codes"),
					  json_get_text(market, "country_code")));
	json_set_text(row, "currency", currency);
	payload_put_bool(row, "on_sale", market, "on_sale");
	if (status.len)
		json_set(row, "active", json_new_bool(str_eq_nocase(status, STR("active"))));
	return row;
}

static struct json *price_rows(struct mapping *mapping, const struct json *markets)
{
	struct json *rows = json_new_array();
	bool understood = json_len(markets) == 0;

	for (size_t i = 0; i < json_len(markets); i++) {
		struct str currency =
			payload_code(json_get_text(json_at(markets, i), "currency"), 3, mapping->arena);
		struct json *row;

		if (currency.len == 0) {
			mapping_note(mapping, "a price without a currency was left out");
			continue;
		}
		understood = true;
		row = price_row(mapping, json_at(markets, i), currency);
		if (json_len(row))
			json_append(rows, row);
		else
			json_free(row);
	}
	if (!understood)
		mapping_fail(mapping, "no element of payload.markets has a currency");
	return rows;
}

void enad_map_prices(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "variant_id|product_variant_id");
	struct str group = payload_id(payload, "store_group_id|store_group_slug", mapping->arena);
	struct str number = payload_id(payload, "variant_number|product_variant_number", mapping->arena);
	const struct json *markets = json_get(payload, "markets");
	struct ref_list refs = { .arena = mapping->arena };
	struct json *body;

	(void)received_ms;
	if (json_type(markets) != JSON_ARRAY)
		mapping_fail(mapping, "payload.markets is missing or not a list");
	if (mapping->state != MAP_DONE)
		return;
	body = json_new_object();
	payload_put_text(body, "group", payload, "store_group_slug|store_group_id");
	json_set_text(body, "sku", number);
	json_set(body, "prices", price_rows(mapping, markets));
	/* Stock hangs on the number; the variant's own message may never come. */
	ref_list_add(&refs, ENTITY_SKU, number);
	/* Prices of a store group that was deleted no longer count. */
	ref_list_add(&refs, ENTITY_STORE_GROUP, payload_id(payload, "store_group_id", mapping->arena));
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_VARIANT, .id = id },
		.part = mapping_part(mapping, "price.", group),
		.root_id = payload_id(payload, "product_id|product_parent_id", mapping->arena),
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
		.ref = refs.ref,
		.n_ref = refs.n,
	});
}
