/*
 * Attributes in the forms that a catalog may keep them in, so that clients are tested against one that does
 * not give back byte for byte what it was given.
 *
 * The sources are silent about which of these Klaviyo does.
 * Pure.
 */
#include "sandbox/keep.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <stdio.h>

#define TEXT_BYTES_MAX ((size_t)8 << 20)

static bool put_time(struct str text, struct strbuf *out)
{
	int64_t at_ms;

	if (str_find_char(text, 'T') != 10 || !time_parse_rfc3339(text, &at_ms))
		return false;
	time_format_rfc3339(at_ms, out);
	out->len -= str_ends(strbuf_str(out), STR("Z"));
	strbuf_add_text(out, "+00:00");
	return true;
}

static struct json *kept_text(struct str text)
{
	struct json *json;
	struct strbuf out;

	text = str_trim(text);
	if (text.len == 0)
		return json_new_null();
	strbuf_init(&out, TEXT_BYTES_MAX);
	if (!put_time(text, &out))
		for (size_t i = 0; i < text.len; i++)
			if (text.p[i] != '\r')
				strbuf_add_char(&out, text.p[i]);
	json = json_new_text(strbuf_str(&out));
	strbuf_release(&out);
	return json;
}

static struct json *kept_number(const struct json *value)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.10g", json_number(value));
	return json_new_text(str_from(text));
}

static struct json *kept(const struct json *value, bool meta);

static struct json *kept_object(const struct json *object, bool meta)
{
	struct json *out = json_new_object();

	for (void *it = json_first(object); it; it = json_next(object, it)) {
		struct str name = json_member_name(it);
		bool inner = meta || str_eq(name, STR("custom_metadata"));

		json_set_n(out, name, kept(json_member_value(it), inner));
	}
	return out;
}

static struct json *kept(const struct json *value, bool meta)
{
	switch (json_type(value)) {
	case JSON_STRING:
		return kept_text(json_text(value));
	case JSON_OBJECT:
		return kept_object(value, meta);
	case JSON_INTEGER:
	case JSON_REAL:
		return meta ? kept_number(value) : json_clone(value);
	case JSON_TRUE:
	case JSON_FALSE:
		return meta ? json_new_text(json_is_true(value) ? STR("true") : STR("false"))
			    : json_clone(value);
	case JSON_NULL:
	case JSON_ARRAY:
		break;
	}
	return json_clone(value);
}

struct json *keep_attributes(const struct json *attributes)
{
	return kept_object(attributes, false);
}
