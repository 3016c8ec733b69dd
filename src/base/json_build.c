/*
 * JSON trees out of a text that json_scan has accepted.
 *
 * Does:    what jansson's own reader would, with a third of its instructions: that takes a text byte by byte.
 * Doesn't: check anything again. What is out of the ordinary (a repeated name, a number that is long) gives
 *          NULL, and the caller lets jansson judge, which knows the place, too.
 * Keeps:   recursion is as deep as the text, JSON_DEPTH_MAX.
 * Threads: a builder belongs to its caller.
 */
#include "base/json_jansson.h"

#include "base/json_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INTEGER_BYTES_MAX 18 /* whatever they are, they fit */
#define REAL_BYTES_MAX	  63

struct builder {
	const char *at;
	const char *end;
	struct arena arena; /* texts with escapes */
};

static json_t *build_value(struct builder *builder);

static void skip_space(struct builder *builder)
{
	while (builder->at < builder->end && (unsigned char)*builder->at <= ' ')
		builder->at++;
}

/* The string that begins here; its text is borrowed from the document or the builder. */
static struct str take_text(struct builder *builder)
{
	const char *start = builder->at + 1;
	const char *end = memchr(start, '"', (size_t)(builder->end - start));
	struct str text = str_of(start, (size_t)(end - start));

	if (!memchr(start, '\\', text.len)) {
		builder->at = end + 1;
		return text;
	}
	for (end = start; *end != '"'; end++)
		end += *end == '\\';
	builder->at = end + 1;
	(void)json_unquote(str_of(start - 1, (size_t)(end - start) + 2), &builder->arena, &text);
	return text;
}

static json_t *build_text(struct builder *builder)
{
	struct str text = take_text(builder);

	return json_stringn_nocheck(text.p, text.len);
}

/* ---- numbers ---- */

static json_t *build_integer(struct str digits)
{
	bool negative = digits.p[0] == '-';
	json_int_t value = 0;

	if (digits.len > INTEGER_BYTES_MAX)
		return NULL;
	for (size_t i = negative; i < digits.len; i++)
		value = value * 10 + (digits.p[i] - '0');
	return json_integer(negative ? -value : value);
}

/* The C locale's point, because nothing here sets another. */
static json_t *build_real(struct str number)
{
	char text[REAL_BYTES_MAX + 1];
	double value;

	if (number.len > REAL_BYTES_MAX)
		return NULL;
	memcpy(text, number.p, number.len);
	text[number.len] = '\0';
	value = strtod(text, NULL);
	return isinf(value) ? NULL : json_real(value);
}

static json_t *build_number(struct builder *builder)
{
	const char *start = builder->at;
	bool real = false;

	for (; builder->at < builder->end; builder->at++) {
		char c = *builder->at;

		if (c == '.' || c == 'e' || c == 'E')
			real = true;
		else if ((c < '0' || c > '9') && c != '-' && c != '+')
			break;
	}
	return real ? build_real(str_of(start, (size_t)(builder->at - start)))
		    : build_integer(str_of(start, (size_t)(builder->at - start)));
}

static json_t *build_word(struct builder *builder, size_t len, json_t *value)
{
	builder->at += len;
	return value;
}

/* ---- what holds others ---- */

/* Behind an opening bracket, or behind a value and what separates it: is that the end? */
static bool is_closed(struct builder *builder, char bracket)
{
	bool closed;

	skip_space(builder);
	closed = *builder->at == bracket;
	builder->at += closed;
	return closed;
}

static void skip_separator(struct builder *builder)
{
	builder->at++;
	skip_space(builder);
}

static json_t *build_object(struct builder *builder)
{
	json_t *object = json_object();
	size_t n = 0;

	builder->at++;
	while (!is_closed(builder, '}')) {
		struct str name;
		json_t *value;

		if (n > 0)
			skip_separator(builder);
		name = take_text(builder);
		skip_space(builder);
		skip_separator(builder);
		value = build_value(builder);
		if (!value || json_object_setn_new_nocheck(object, name.p, name.len, value) != 0 ||
		    json_object_size(object) != ++n) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *build_array(struct builder *builder)
{
	json_t *array = json_array();
	size_t n = 0;

	builder->at++;
	while (!is_closed(builder, ']')) {
		json_t *value;

		if (n++ > 0)
			skip_separator(builder);
		value = build_value(builder);
		if (!value || json_array_append_new(array, value) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *build_value(struct builder *builder)
{
	switch (*builder->at) {
	case '{':
		return build_object(builder);
	case '[':
		return build_array(builder);
	case '"':
		return build_text(builder);
	case 't':
		return build_word(builder, sizeof("true") - 1, json_true());
	case 'f':
		return build_word(builder, sizeof("false") - 1, json_false());
	case 'n':
		return build_word(builder, sizeof("null") - 1, json_null());
	default:
		return build_number(builder);
	}
}

struct json *json_build(struct str text)
{
	struct builder builder = { .at = text.p, .end = text.p + text.len };
	json_t *value;

	arena_init(&builder.arena);
	skip_space(&builder);
	value = build_value(&builder);
	arena_release(&builder.arena);
	return json_ours(value);
}
