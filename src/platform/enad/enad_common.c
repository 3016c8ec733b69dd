/*
 * What Enad's families share: ids, translations, images, status, tags, countries.
 */
#include "platform/enad/enad_internal.h"

#include <stdlib.h>

struct str enad_need_id(struct mapping *mapping, const struct json *payload, const char *names)
{
	struct str id = payload_id(payload, names, mapping->arena);
	struct str name = str_of(names, str_find_char(str_from(names), '|'));

	if (id.len == 0)
		mapping_fail(mapping,
			     "payload.%.*s is missing or no id (text or whole number, 1 to %d bytes)",
			     STR_ARG(name), PAYLOAD_ID_BYTES_MAX);
	return id;
}

void enad_put_translations(struct mapping *mapping, struct json *text, const char *member,
			   const struct json *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *item = json_at(list, i);
		struct str language = payload_language(json_get_text(item, "country_code"), mapping->arena);
		struct str value = json_get_text(item, "value");

		if (language.len && value.len)
			json_set_text(payload_member_object(text, language.p), member, value);
	}
}

/* ---- images ---- */

struct placed_image {
	const struct json *image;
	int64_t sort;
	size_t at; /* place in the payload: keeps the order of equal sorts */
};

static int compare_images(const void *a, const void *b)
{
	const struct placed_image *left = a, *right = b;

	if (left->sort != right->sort)
		return left->sort < right->sort ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static bool is_active(struct str status)
{
	return status.len == 0 || str_eq_nocase(status, STR("active"));
}

static struct json *image_body(struct str url, const struct json *image)
{
	struct json *body = json_new_object();

	json_set_text(body, "url", url);
	payload_put_text(body, "alt", image, "alt");
	payload_put_text(body, "title", image, "title");
	return body;
}

struct json *enad_images(struct mapping *mapping, const struct json *images, struct str first)
{
	size_t n = 0, len = json_type(images) == JSON_ARRAY ? json_len(images) : 0;
	struct placed_image *placed = ARENA_ARRAY(mapping->arena, len + 1, struct placed_image);
	struct json *body = json_new_array();

	for (size_t i = 0; i < len; i++) {
		const struct json *image = json_at(images, i);
		struct placed_image *next = &placed[n];

		if (json_get_text(image, "url").len == 0 || !is_active(json_get_text(image, "status")))
			continue;
		*next = (struct placed_image){ .image = image, .sort = INT64_MAX, .at = i };
		(void)payload_int(json_get(image, "sort"), &next->sort); /* without one it comes last */
		if (str_eq(json_get_text(image, "url"), first))
			next->sort = INT64_MIN;
		n++;
	}
	qsort(placed, n, sizeof(*placed), compare_images);
	if (first.len && (n == 0 || placed[0].sort != INT64_MIN))
		json_append(body, image_body(first, NULL));
	for (size_t i = 0; i < n; i++)
		json_append(body, image_body(json_get_text(placed[i].image, "url"), placed[i].image));
	return body;
}

/* ---- status ---- */

bool enad_published(const struct json *payload, bool *published)
{
	struct str status = json_get_text(payload, "status");
	enum json_type active = json_type(json_get(payload, "is_active"));
	enum json_type archive = json_type(json_get(payload, "is_archive"));

	if (status.len == 0 && active != JSON_TRUE && active != JSON_FALSE)
		return false;
	*published = is_active(status) && active != JSON_FALSE && archive != JSON_TRUE;
	return true;
}

void enad_add_status(struct mapping *mapping, const struct json *payload, struct entity entity,
		     struct str root_id)
{
	struct json *body;
	bool published;

	if (!enad_published(payload, &published))
		return;
	body = json_new_object();
	json_set(body, "published", json_new_bool(published));
	payload_put_text(body, "status", payload, "status");
	mapping_add(mapping, (struct fact){
		.entity = entity,
		.part = STR("status"),
		.root_id = root_id,
		.op = FACT_SET,
		.body = mapping_body(mapping, body),
	});
}

/* ---- brand, series, tags, countries ---- */

struct json *enad_named(struct mapping *mapping, const struct json *value, enum entity_kind kind,
			struct ref_list *refs)
{
	struct str id = payload_id(value, "id", mapping->arena);
	struct json *body;

	if (id.len == 0 && json_get_text(value, "name").len == 0)
		return NULL;
	body = json_new_object();
	json_set_text(body, "id", id);
	payload_put_text(body, "name", value, "name");
	ref_list_add(refs, kind, id);
	return body;
}

struct json *enad_tags(struct mapping *mapping, const struct json *tags, struct ref_list *refs)
{
	struct json *body = json_new_array();

	for (size_t i = 0; json_type(tags) == JSON_ARRAY && i < json_len(tags); i++) {
		const struct json *tag = json_at(tags, i);
		bool whole = json_type(tag) == JSON_OBJECT;
		struct str id =
			whole ? payload_id(tag, "id", mapping->arena) : payload_value_id(tag, mapping->arena);
		struct str text = id.len ? id : json_text(payload_find(tag, "key|name"));

		if (text.len == 0)
			continue;
		json_append(body, json_new_text(text));
		ref_list_add(refs, ENTITY_TAG, id);
	}
	return body;
}

struct json *enad_countries(struct mapping *mapping, const struct json *list, struct str one)
{
	struct json *body = json_new_array();

	for (size_t i = 0; json_type(list) == JSON_ARRAY && i < json_len(list); i++) {
		struct str code = payload_code(json_text(json_at(list, i)), 2, mapping->arena);

		if (code.len)
			json_append(body, json_new_text(code));
	}
	one = payload_code(one, 2, mapping->arena);
	if (json_len(body) == 0 && one.len)
		json_append(body, json_new_text(one));
	return body;
}

void enad_add_deleted(struct mapping *mapping, const struct json *payload, enum entity_kind kind,
		      const char *names, struct str root_id)
{
	mapping_add(mapping, (struct fact){
		.entity = { .kind = kind, .id = enad_need_id(mapping, payload, names) },
		.root_id = root_id,
		.op = FACT_DELETE,
	});
}
