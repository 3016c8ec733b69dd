/*
 * JSON text from a tree.
 *
 * Keeps:   what is written can be read again by json_parse; the same tree gives the same bytes.
 *          Recursion is as deep as the tree: JSON_DEPTH_MAX for parsed ones, fixed by code for built ones.
 * Threads: as the tree.
 */
#include "base/json_jansson.h"

#include "base/alloc.h"
#include "base/json_internal.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_value(const struct json *json, bool sorted, struct strbuf *out);

/* Bytes from i that can be written as they are. */
static size_t plain_len(struct str text, size_t i)
{
	size_t start = i;

	while (i < text.len) {
		size_t len;

		i = (size_t)(json_skip_plain(text.p + i, text.p + text.len) - text.p);
		if (i == text.len || (unsigned char)text.p[i] < 0x80)
			break;
		len = utf8_char_len(text.p + i, text.len - i);
		if (len == 0)
			break;
		i += len;
	}
	return i - start;
}

static void write_special(unsigned char byte, struct strbuf *out)
{
	static const char letter[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };

	if (byte == '"' || byte == '\\')
		strbuf_addf(out, "\\%c", byte);
	else if (byte < sizeof(letter) && letter[byte])
		strbuf_addf(out, "\\%c", letter[byte]);
	else if (byte > 0 && byte < 0x20)
		strbuf_addf(out, "\\u%04x", byte);
	else
		strbuf_add_text(out, UTF8_REPLACEMENT); /* NUL, which json_parse refuses, or not UTF-8 */
}

void json_write_text(struct str text, struct strbuf *out)
{
	strbuf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		size_t len = plain_len(text, i);

		strbuf_add(out, text.p + i, len);
		i += len;
		if (i < text.len)
			write_special((unsigned char)text.p[i], out);
	}
	strbuf_add_char(out, '"');
}

/*
 * The fewest digits that give the same double again; the C locale's point, because nothing here sets another.
 */
static void write_real(double value, struct strbuf *out)
{
	char text[32];
	int digits = 15;

	do
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
	while (digits++ < 17 && strtod(text, NULL) != value);
	strbuf_add_text(out, text);
	if (!strpbrk(text, ".e"))
		strbuf_add_text(out, ".0");
}

static void write_array(const struct json *array, bool sorted, struct strbuf *out)
{
	strbuf_add_char(out, '[');
	for (size_t i = 0; i < json_len(array); i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		write_value(json_at(array, i), sorted, out);
	}
	strbuf_add_char(out, ']');
}

static int compare_members(const void *a, const void *b)
{
	return str_cmp(json_member_name(*(void *const *)a), json_member_name(*(void *const *)b));
}

static void write_member(void *member, bool first, bool sorted, struct strbuf *out)
{
	if (!first)
		strbuf_add_char(out, ',');
	json_write_text(json_member_name(member), out);
	strbuf_add_char(out, ':');
	write_value(json_member_value(member), sorted, out);
}

static void write_sorted(const struct json *object, struct strbuf *out)
{
	size_t n = 0, len = json_len(object);
	void **member = mem_alloc(len * sizeof(*member));

	for (void *it = json_first(object); it; it = json_next(object, it))
		member[n++] = it;
	if (n > 1)
		qsort(member, n, sizeof(*member), compare_members);
	for (size_t i = 0; i < n; i++)
		write_member(member[i], i == 0, true, out);
	mem_free(member);
}

static void write_object(const struct json *object, bool sorted, struct strbuf *out)
{
	void *first = json_first(object);

	strbuf_add_char(out, '{');
	if (sorted)
		write_sorted(object, out);
	else
		for (void *it = first; it; it = json_next(object, it))
			write_member(it, it == first, false, out);
	strbuf_add_char(out, '}');
}

static void write_value(const struct json *json, bool sorted, struct strbuf *out)
{
	switch (json_type(json)) {
	case JSON_NULL:
		strbuf_add_text(out, "null");
		break;
	case JSON_FALSE:
		strbuf_add_text(out, "false");
		break;
	case JSON_TRUE:
		strbuf_add_text(out, "true");
		break;
	case JSON_INTEGER:
		strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json_theirs(json)));
		break;
	case JSON_REAL:
		write_real(json_number(json), out);
		break;
	case JSON_STRING:
		json_write_text(json_text(json), out);
		break;
	case JSON_ARRAY:
		write_array(json, sorted, out);
		break;
	case JSON_OBJECT:
		write_object(json, sorted, out);
		break;
	}
}

void json_write(const struct json *json, bool sorted, struct strbuf *out)
{
	write_value(json, sorted, out);
}

struct str json_write_arena(const struct json *json, bool sorted, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, SIZE_MAX / 4); /* the tree was bounded when it was built */
	write_value(json, sorted, &out);
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}
