/*
 * Fields: copying members of a message into the body of a fact, by table.
 *
 * Doesn't: know which fields there are (the adapters' tables) or what they mean (model/fact.h).
 * Keeps:   a body holds no text over FIELD_TEXT_BYTES_MAX; nothing is dropped or cut without a note.
 */
#include "platform/field.h"

#include "base/clock.h"

#include <stdio.h>

struct str field_cut(struct mapping *mapping, const char *name, struct str text)
{
	size_t len = FIELD_TEXT_BYTES_MAX;

	if (text.len <= len)
		return text;
	while (len && ((unsigned char)text.p[len] & 0xc0) == 0x80) /* continuation byte of UTF-8 */
		len--;
	mapping_note(mapping, "'%s' is longer than %d bytes and was cut", name, FIELD_TEXT_BYTES_MAX);
	return str_of(text.p, len);
}

struct str field_time_text(struct mapping *mapping, int64_t at_ms)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	out = arena_dup(mapping->arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static struct str value_text(struct mapping *mapping, const struct field *field, const struct json *value)
{
	struct str text = json_text(value);

	if (json_type(value) == JSON_INTEGER)
		text = json_write_arena(value, false, mapping->arena);
	if (field->kind == FIELD_TRIMMED)
		text = str_trim(text);
	return field_cut(mapping, field->name, text);
}

static struct str value_time(struct mapping *mapping, const struct json *value)
{
	int64_t at_ms = payload_time(value, 0);

	return at_ms ? field_time_text(mapping, at_ms) : STR("");
}

/* The value as it goes into the body; NULL: it does not fit. */
static struct json *converted(struct mapping *mapping, const struct field *field, const struct json *value)
{
	struct str text = STR("");
	int64_t whole;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_TRIMMED:
		text = value_text(mapping, field, value);
		break;
	case FIELD_ID:
		text = payload_value_id(value, mapping->arena);
		break;
	case FIELD_AMOUNT:
		text = payload_decimal(value, mapping->arena);
		break;
	case FIELD_TIME:
		text = value_time(mapping, value);
		break;
	case FIELD_COUNTRY:
		text = payload_code(json_text(value), 2, mapping->arena);
		break;
	case FIELD_CURRENCY:
		text = payload_code(json_text(value), 3, mapping->arena);
		break;
	case FIELD_INT:
		return payload_int(value, &whole) ? json_new_int(whole) : NULL;
	case FIELD_BOOL:
		if (json_type(value) != JSON_TRUE && json_type(value) != JSON_FALSE)
			return NULL;
		return json_new_bool(json_is_true(value));
	}
	return text.len ? json_new_text(text) : NULL;
}

static const char *kind_text(enum field_kind kind)
{
	switch (kind) {
	case FIELD_TEXT:
	case FIELD_TRIMMED:
		return "text";
	case FIELD_ID:
		return "id";
	case FIELD_AMOUNT:
		return "decimal amount";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INT:
		return "whole number";
	case FIELD_TIME:
		return "RFC 3339 time";
	case FIELD_COUNTRY:
		return "country code of two letters";
	case FIELD_CURRENCY:
		return "currency code of three letters";
	}
	return "value";
}

static bool says_nothing(const struct json *value)
{
	return json_type(value) == JSON_NULL ||
	       (json_type(value) == JSON_STRING && str_trim(json_text(value)).len == 0);
}

static void copy_one(struct mapping *mapping, struct json *to, const struct json *from,
		     const struct field *field)
{
	struct str rest = str_from(field->names), path;
	bool wrong = false;

	for (size_t i = 0; str_split(&rest, '|', &path); i++) {
		const struct json *value = payload_at(from, path);
		struct json *fits = says_nothing(value) ? NULL : converted(mapping, field, value);

		if (fits) {
			json_set(to, field->name, fits);
			return;
		}
		wrong |= i == 0 && !says_nothing(value);
	}
	if (wrong)
		mapping_note(mapping, "'%s' is no %s and was left out", field->name, kind_text(field->kind));
}

void field_copy(struct mapping *mapping, struct json *to, const struct json *from, const struct field *field,
		size_t n)
{
	for (size_t i = 0; i < n; i++)
		copy_one(mapping, to, from, &field[i]);
}

struct json *field_flat(struct mapping *mapping, const struct json *object)
{
	struct json *flat = payload_flat(object, mapping->arena), *out = json_new_object();

	for (void *it = json_first(flat); it; it = json_next(flat, it)) {
		struct str text = json_text(json_member_value(it));

		if (json_member_name(it).len > PAYLOAD_ID_BYTES_MAX)
			mapping_note(mapping, "a custom member with a name over %d bytes was left out",
				     PAYLOAD_ID_BYTES_MAX);
		else
			json_set_n(out, json_member_name(it),
				   json_new_text(field_cut(mapping, "custom", text)));
	}
	json_free(flat);
	return out;
}

struct json *field_texts(struct mapping *mapping, const char *name, const struct json *list,
			 const char *member)
{
	struct json *out = json_new_array();
	size_t n = json_type(list) == JSON_ARRAY ? json_len(list) : json_type(list) != JSON_NULL;

	for (size_t i = 0; i < n; i++) {
		const struct json *item = json_type(list) == JSON_ARRAY ? json_at(list, i) : list;
		struct str text = json_type(item) == JSON_OBJECT ? json_text(payload_find(item, member))
								 : json_text(item);

		if (text.len)
			json_append(out, json_new_text(field_cut(mapping, name, text)));
	}
	return out;
}
