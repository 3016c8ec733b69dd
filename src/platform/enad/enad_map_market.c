/*
 * market.* and store_group.*. Both come on creation too, as updates.
 */
#include "platform/enad/enad_internal.h"

void enad_map_market(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "market_id|id");
	struct json *body = json_new_object();

	payload_put_text(body, "title", payload, "name");
	payload_put_text(body, "slug", payload, "slug");
	payload_put_filled(body, "countries",
			   enad_countries(mapping, json_get(payload, "country_codes"),
					  json_get_text(payload, "country_code")));
	payload_put_text(body, "locale", payload, "locale");
	json_set_text(body, "currency",
		      payload_code(json_get_text(payload, "currency_code"), 3, mapping->arena));
	payload_put_bool(body, "active", payload, "active");
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_MARKET, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.version = payload_time(json_get(payload, "updated_at"), received_ms),
		.body = mapping_body(mapping, body),
	});
}

void enad_map_market_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_MARKET, "market_id|id", STR(""));
}

void enad_map_store_group(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "store_group_id|id");
	const struct json *markets = json_get(payload, "markets");
	struct json *body = json_new_object(), *codes = json_new_array();

	(void)received_ms;
	for (size_t i = 0; json_type(markets) == JSON_ARRAY && i < json_len(markets); i++) {
		struct str code =
			payload_code(json_get_text(json_at(markets, i), "country_code"), 2, mapping->arena);

		if (code.len)
			json_append(codes, json_new_text(code));
	}
	payload_put_text(body, "title", payload, "name");
	payload_put_text(body, "slug", payload, "slug");
	payload_put_filled(body, "markets", codes);
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_STORE_GROUP, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
	});
}

void enad_map_store_group_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_STORE_GROUP, "store_group_id|id", STR(""));
}
