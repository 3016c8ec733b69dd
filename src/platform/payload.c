/*
 * Payload: tolerant reading of JSON that somebody else shaped.
 *
 * Keeps:   nothing here fails: what does not fit is not there. Amounts never become binary fractions in what
 *          is given back.
 * Threads: any; pure.
 */
#include "platform/payload.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Most members of an object looked at while scanning. */
#define SCANNED_MEMBERS_MAX 96

/* ---- finding members ---- */

struct json *payload_at(const struct json *object, struct str path)
{
	struct json *value = NULL;
	struct str name;

	while (str_split(&path, '.', &name)) {
		value = json_get_n(object, name);
		object = value;
	}
	return value;
}

struct json *payload_find(const struct json *object, const char *names)
{
	struct str rest = str_from(names), path;

	while (str_split(&rest, '|', &path)) {
		struct json *value = payload_at(object, path);

		if (json_type(value) != JSON_NULL)
			return value;
	}
	return NULL;
}

struct str payload_value_id(const struct json *value, struct arena *arena)
{
	struct str text = STR("");

	if (json_type(value) == JSON_STRING)
		text = json_text(value);
	else if (json_type(value) == JSON_INTEGER)
		return json_write_arena(value, false, arena);
	if (text.len == 0 || text.len > PAYLOAD_ID_BYTES_MAX)
		return STR("");
	return arena_dup(arena, text);
}

struct str payload_id(const struct json *object, const char *names, struct arena *arena)
{
	struct str rest = str_from(names), path;

	while (str_split(&rest, '|', &path)) {
		struct str id = payload_value_id(payload_at(object, path), arena);

		if (id.len)
			return id;
	}
	return STR("");
}

/* ---- the same on text that was only scanned ---- */

static struct str scanned_member(const struct json_member *member, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(member[i].name, name))
			return member[i].value;
	return STR("");
}

static struct str scanned_id_text(struct str value)
{
	if (value.len >= 2 && value.p[0] == '"')
		value = str_of(value.p + 1, value.len - 2);
	else if (value.len == 0 || !strchr("-0123456789", value.p[0]))
		return STR("");
	return value.len <= PAYLOAD_ID_BYTES_MAX ? value : STR("");
}

struct scanned {
	struct json_member member[SCANNED_MEMBERS_MAX];
	size_t n;
};

/* The id at one path; objects within are scanned as the path comes to them. */
static struct str scanned_id_at(const struct scanned *scanned, struct str path)
{
	size_t dot = str_find_char(path, '.');
	struct str value = scanned_member(scanned->member, scanned->n, str_of(path.p, dot));
	struct scanned inner;

	if (dot == path.len)
		return scanned_id_text(value);
	if (!str_starts(value, STR("{")) ||
	    !json_scan(value, inner.member, SCANNED_MEMBERS_MAX, &inner.n, NULL, NULL))
		return STR("");
	return scanned_id_at(&inner, str_skip(path, dot + 1));
}

struct str payload_scanned_id(struct str object, const char *names)
{
	struct str rest = str_from(names), path, id = STR("");
	struct scanned scanned;

	if (!json_scan(object, scanned.member, SCANNED_MEMBERS_MAX, &scanned.n, NULL, NULL))
		return id;
	while (id.len == 0 && str_split(&rest, '|', &path))
		id = scanned_id_at(&scanned, path);
	return id;
}

/* ---- values ---- */

static size_t digits_len(struct str text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

/* [-]digits[.digits] */
static bool is_decimal(struct str text)
{
	size_t n;

	if (text.len > PAYLOAD_DECIMAL_BYTES_MAX)
		return false;
	if (text.len && text.p[0] == '-')
		text = str_skip(text, 1);
	n = digits_len(text);
	if (n == 0 || n > 15)
		return false;
	if (n == text.len)
		return true;
	if (text.p[n] != '.')
		return false;
	text = str_skip(text, n + 1);
	return text.len && digits_len(text) == text.len;
}

/* 15 digits give every decimal of 15 digits back as it was written, whatever the double behind it. */
static struct str real_decimal(double value, struct arena *arena)
{
	char text[64];

	if (!(fabs(value) < 1e15))
		return STR("");
	(void)snprintf(text, sizeof(text), "%.15g", value);
	if (strchr(text, 'e')) /* below 0.0001: less than any currency has */
		return STR("0");
	return arena_dup(arena, str_from(text));
}

struct str payload_decimal(const struct json *value, struct arena *arena)
{
	struct str text;

	if (json_type(value) == JSON_REAL)
		return real_decimal(json_number(value), arena);
	if (json_type(value) == JSON_INTEGER)
		text = json_write_arena(value, false, arena);
	else
		text = str_trim(json_text(value));
	return is_decimal(text) ? arena_dup(arena, text) : STR("");
}

bool payload_int(const struct json *value, int64_t *out)
{
	double real;

	switch (json_type(value)) {
	case JSON_INTEGER:
	case JSON_REAL:
		real = json_number(value);
		if (!(fabs(real) < 9e15) || (double)(int64_t)real != real)
			return false;
		*out = (int64_t)real;
		return true;
	case JSON_STRING:
		return str_to_int64(str_trim(json_text(value)), out);
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return false;
	}
	return false;
}

int64_t payload_time(const struct json *value, int64_t received_ms)
{
	int64_t ms;

	if (!time_parse_rfc3339(str_trim(json_text(value)), &ms))
		return 0;
	return received_ms > 0 && ms > received_ms + MS_PER_DAY ? 0 : ms;
}

struct str payload_language(struct str text, struct arena *arena)
{
	char key[16];

	text = str_trim(text);
	if (text.len == 0 || text.len > sizeof(key))
		return STR("");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		else if (c == '_')
			c = '-';
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return STR("");
		key[i] = c;
	}
	return arena_dup(arena, str_of(key, text.len));
}

struct str payload_code(struct str text, size_t len, struct arena *arena)
{
	char code[4] = "";

	text = str_trim(text);
	if (text.len != len || len >= sizeof(code))
		return STR("");
	for (size_t i = 0; i < len; i++) {
		char c = text.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - ('a' - 'A'));
		if (c < 'A' || c > 'Z')
			return STR("");
		code[i] = c;
	}
	return arena_dup(arena, str_of(code, len));
}

/* ---- copying ---- */

void payload_put_text(struct json *to, const char *name, const struct json *from, const char *names)
{
	struct str rest = str_from(names), path;

	while (str_split(&rest, '|', &path)) {
		struct str text = json_text(payload_at(from, path));

		if (text.len) {
			json_set_text(to, name, text);
			return;
		}
	}
}

void payload_put_bool(struct json *to, const char *name, const struct json *from, const char *names)
{
	enum json_type type = json_type(payload_find(from, names));

	if (type == JSON_TRUE || type == JSON_FALSE)
		json_set(to, name, json_new_bool(type == JSON_TRUE));
}

void payload_put_int(struct json *to, const char *name, const struct json *from, const char *names)
{
	int64_t value;

	if (payload_int(payload_find(from, names), &value))
		json_set(to, name, json_new_int(value));
}

void payload_put_decimal(struct json *to, const char *name, const struct json *from, const char *names,
			 struct arena *arena)
{
	json_set_text(to, name, payload_decimal(payload_find(from, names), arena));
}

void payload_put_filled(struct json *to, const char *name, struct json *value)
{
	if (json_len(value))
		json_set(to, name, value);
	else
		json_free(value);
}

struct json *payload_member_object(struct json *object, const char *name)
{
	struct json *member = json_get(object, name);

	if (!member) {
		json_set(object, name, json_new_object());
		member = json_get(object, name);
	}
	return member;
}

static struct str flat_text(const struct json *value, struct arena *arena)
{
	switch (json_type(value)) {
	case JSON_STRING:
		return json_text(value);
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
		return json_write_arena(value, false, arena);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return STR("");
	}
	return STR("");
}

struct json *payload_flat(const struct json *object, struct arena *arena)
{
	struct json *flat = json_new_object();

	if (json_type(object) != JSON_OBJECT)
		return flat;
	for (void *it = json_first(object); it; it = json_next(object, it)) {
		struct str text = flat_text(json_member_value(it), arena);

		if (text.len && json_member_name(it).len)
			json_set_n(flat, json_member_name(it), json_new_text(text));
	}
	return flat;
}
