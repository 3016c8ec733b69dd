/*
 * What the generic platform's types share: ids, texts in languages, images and the other members of a base.
 */
#include "platform/generic/generic_internal.h"

struct str generic_need_id(struct mapping *mapping, const struct generic_message *message, const char *names,
			   bool with_subject)
{
	struct str id = payload_id(message->data, names, mapping->arena);
	struct str name = str_of(names, str_find_char(str_from(names), '|'));

	if (id.len == 0 && with_subject)
		id = message->subject;
	if (id.len == 0)
		mapping_fail(mapping, "data.%.*s is missing or no id (text or whole number, 1 to %d bytes)",
			     STR_ARG(name), PAYLOAD_ID_BYTES_MAX);
	return id;
}

void generic_add_deleted(struct mapping *mapping, const struct generic_message *message,
			 enum entity_kind kind, const char *names, struct str root_id)
{
	mapping_add(mapping,
		    (struct fact){
			    .entity = { .kind = kind, .id = generic_need_id(mapping, message, names, true) },
			    .root_id = root_id,
			    .op = FACT_DELETE,
			    .version = message->version,
		    });
}

int64_t generic_time(struct mapping *mapping, const struct generic_message *message, const struct json *from,
		     const char *names, int64_t otherwise)
{
	const struct json *value = payload_find(from, names);
	int64_t at_ms = payload_time(value, message->received_ms);

	if (at_ms == 0 && value && !(json_type(value) == JSON_STRING && json_text(value).len == 0))
		mapping_note(mapping, "'%.*s' is no RFC 3339 time up to now and was left out",
			     (int)str_find_char(str_from(names), '|'), names);
	return at_ms ? at_ms : otherwise;
}

/* ---- texts ---- */

/* {LANGUAGE: text} of one member into text.LANGUAGE.member; gives the one that is also the plain text. */
static struct str put_languages(struct mapping *mapping, struct json *text, const char *member,
				const struct json *by_language, struct str preferred)
{
	struct str plain = STR("");
	bool settled = false;

	for (void *it = json_first(by_language); it; it = json_next(by_language, it)) {
		struct str language = payload_language(json_member_name(it), mapping->arena);
		struct str value = json_text(json_member_value(it));

		if (language.len == 0 || value.len == 0)
			continue;
		json_set_text(payload_member_object(text, language.p), member, value);
		if (plain.len == 0 || (!settled && str_eq(language, preferred)))
			plain = value;
		settled |= str_eq(language, preferred);
	}
	return plain;
}

void generic_put_texts(struct mapping *mapping, struct json *body, const struct json *data)
{
	generic_put_texts_in(mapping, body, data, json_get_text(data, "language"));
}

void generic_put_texts_in(struct mapping *mapping, struct json *body, const struct json *data,
			  struct str language)
{
	static const struct {
		const char *member, *names;
	} texts[] = {
		{ "title", "title|name" },	     { "description", "description" },
		{ "html", "html|description_html" }, { "slug", "slug" },
		{ "meta_title", "meta_title" },	     { "meta_description", "meta_description" },
	};
	struct str preferred = payload_language(language, mapping->arena);
	struct json *text = json_new_object();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct json *value = payload_find(data, texts[i].names);

		if (json_type(value) == JSON_OBJECT)
			json_set_text(body, texts[i].member,
				      put_languages(mapping, text, texts[i].member, value, preferred));
		else
			json_set_text(body, texts[i].member, json_text(value));
	}
	payload_put_filled(body, "text", text);
}

/* ---- lists ---- */

/* An address alone, or an object with url; nothing else. */
static void add_image(struct json *list, const struct json *image)
{
	struct str url = json_type(image) == JSON_STRING ? json_text(image) : json_get_text(image, "url");
	struct json *body;

	if (url.len == 0)
		return;
	body = json_new_object();
	json_set_text(body, "url", url);
	payload_put_text(body, "alt", image, "alt");
	payload_put_text(body, "title", image, "title");
	json_append(list, body);
}

static struct json *images(const struct json *data)
{
	const struct json *several = json_get(data, "images");
	struct json *list = json_new_array();

	add_image(list, payload_find(data, "image|image_url"));
	for (size_t i = 0; json_type(several) == JSON_ARRAY && i < json_len(several); i++)
		add_image(list, json_at(several, i));
	return list;
}

static struct json *tags(struct mapping *mapping, const struct json *data)
{
	const struct json *several = json_get(data, "tags");
	struct json *list = json_new_array();

	for (size_t i = 0; json_type(several) == JSON_ARRAY && i < json_len(several); i++) {
		struct str tag = payload_value_id(json_at(several, i), mapping->arena);

		if (tag.len)
			json_append(list, json_new_text(tag));
	}
	return list;
}

void generic_put_common(struct mapping *mapping, struct json *body, const struct json *data)
{
	struct str sku = payload_id(data, "sku", mapping->arena);

	json_set_text(body, "sku", sku);
	generic_put_texts(mapping, body, data);
	payload_put_text(body, "url", data, "url");
	payload_put_bool(body, "published", data, "published");
	payload_put_text(body, "status", data, "status");
	payload_put_bool(body, "track_stock", data, "track_stock");
	payload_put_filled(body, "images", images(data));
	payload_put_filled(body, "tags", tags(mapping, data));
	payload_put_filled(body, "custom", payload_flat(json_get(data, "custom"), mapping->arena));
}
