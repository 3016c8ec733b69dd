/*
 * brands.*, series.*, tags.*. A brand message carries its series, which also come alone; both name
 * updated_at.
 */
#include "platform/enad/enad_internal.h"

static void add_named(struct mapping *mapping, const struct json *value, enum entity_kind kind, struct str id,
		      int64_t received_ms)
{
	struct json *body = json_new_object();

	payload_put_text(body, "title", value, "name");
	payload_put_text(body, "slug", value, "slug");
	payload_put_text(body, "description", value, "description");
	payload_put_text(body, "logo_url", value, "logo_url");
	mapping_add(mapping, (struct fact){
		.entity = { .kind = kind, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.version = payload_time(json_get(value, "updated_at"), received_ms),
		.body = mapping_body(mapping, body),
	});
}

void enad_map_brand(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	const struct json *series = json_get(payload, "series");

	add_named(mapping, payload, ENTITY_BRAND, enad_need_id(mapping, payload, "brand_id|id"), received_ms);
	for (size_t i = 0; json_type(series) == JSON_ARRAY && i < json_len(series); i++) {
		struct str id = payload_id(json_at(series, i), "series_id|id", mapping->arena);

		if (id.len)
			add_named(mapping, json_at(series, i), ENTITY_SERIES, id, received_ms);
		else
			mapping_note(mapping, "a series without an id was left out");
	}
}

void enad_map_brand_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_BRAND, "brand_id|id", STR(""));
}

void enad_map_series(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	add_named(mapping, payload, ENTITY_SERIES, enad_need_id(mapping, payload, "series_id|id"),
		  received_ms);
}

void enad_map_series_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_SERIES, "series_id|id", STR(""));
}

void enad_map_tag(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	struct str id = enad_need_id(mapping, payload, "tag_id|id");
	struct json *body = json_new_object(), *text = json_new_object();

	(void)received_ms;
	payload_put_text(body, "title", payload, "name");
	payload_put_text(body, "key", payload, "key");
	enad_put_translations(mapping, text, "title", json_get(json_get(payload, "translations"), "name"));
	payload_put_filled(body, "text", text);
	mapping_add(mapping, (struct fact){
		.entity = { .kind = ENTITY_TAG, .id = id },
		.part = STR("base"),
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
	});
}

void enad_map_tag_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms)
{
	(void)received_ms;
	enad_add_deleted(mapping, payload, ENTITY_TAG, "tag_id|id", STR(""));
}
