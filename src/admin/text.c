/*
 * Text for people: escaping what is hostile, width on a terminal, times and sizes.
 *
 * Threads: any; pure. Width asks the C library's tables through the locale that cli_main sets (C.UTF-8).
 */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "admin/text.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <stdio.h>
#include <wchar.h>

#define SAFE_BYTES_MAX ((size_t)1 << 24)

/* Code of the character of n bytes at p; well-formed. */
static uint32_t char_code(const char *p, size_t n)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	return code;
}

/* Controls, direction marks, invisible characters, separators of lines, byte order mark, tags. */
static bool is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = { { 0x00, 0x1f },	   { 0x7f, 0x9f },     { 0xad, 0xad },	    { 0x61c, 0x61c },
		       { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },  { 0x2060, 0x206f },
		       { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

static void add_escape(uint32_t code, struct strbuf *out)
{
	if (code == '\n')
		strbuf_add_text(out, "\\n");
	else if (code == '\r')
		strbuf_add_text(out, "\\r");
	else if (code == '\t')
		strbuf_add_text(out, "\\t");
	else
		strbuf_addf(out, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
}

struct str text_safe(struct str text, struct arena *arena)
{
	struct strbuf out;
	struct str safe;

	strbuf_init(&out, SAFE_BYTES_MAX);
	for (size_t i = 0; i < text.len && !out.overflow;) {
		size_t n = utf8_char_len(text.p + i, text.len - i);
		uint32_t code = n ? char_code(text.p + i, n) : 0;

		if (n == 0)
			strbuf_addf(&out, "\\x%02x", (unsigned char)text.p[i]);
		else if (is_hidden(code))
			add_escape(code, &out);
		else
			strbuf_add(&out, text.p + i, n);
		i += n ? n : 1;
	}
	safe = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return safe;
}

static size_t char_width(uint32_t code)
{
	int width = wcwidth((wchar_t)code);

	return width < 0 ? 1 : (size_t)width;
}

/* Columns of the longest front part that is at most max_columns wide, and its bytes. */
static size_t measure(struct str text, size_t max_columns, size_t *bytes)
{
	size_t columns = 0, i = 0;

	while (i < text.len) {
		size_t n = utf8_char_len(text.p + i, text.len - i);
		size_t width = n ? char_width(char_code(text.p + i, n)) : 1;

		if (columns + width > max_columns)
			break;
		columns += width;
		i += n ? n : 1;
	}
	*bytes = i;
	return columns;
}

size_t text_width(struct str text)
{
	size_t bytes;

	return measure(text, SIZE_MAX / 2, &bytes);
}

struct str text_cut(struct str text, size_t columns, struct arena *arena)
{
	size_t bytes;

	if (text_width(text) <= columns || columns < 3)
		return text;
	(void)measure(text, columns - 3, &bytes);
	return arena_printf(arena, "%.*s...", (int)bytes, text.p);
}

static struct str time_text(int64_t at_ms, size_t len, struct arena *arena)
{
	struct strbuf out;
	char *text;

	if (at_ms == 0)
		return STR("never");
	strbuf_init(&out, 64);
	time_format_rfc3339(at_ms, &out);
	text = arena_cstr(arena, str_of(out.p, len));
	text[10] = ' ';
	strbuf_release(&out);
	return str_from(text);
}

struct str text_time(int64_t at_ms, struct arena *arena)
{
	return time_text(at_ms, sizeof("2026-07-30T10:11:12") - 1, arena);
}

struct str text_time_ms(int64_t at_ms, struct arena *arena)
{
	return time_text(at_ms, sizeof("2026-07-30T10:11:12.123") - 1, arena);
}

struct str text_duration(int64_t ms, struct arena *arena)
{
	static const struct {
		int64_t from_ms, unit_ms;
		const char *unit;
	} rows[] = { { 2 * MS_PER_DAY, MS_PER_DAY, "days" },
		     { 2 * MS_PER_HOUR, MS_PER_HOUR, "h" },
		     { 2 * MS_PER_MIN, MS_PER_MIN, "min" },
		     { MS_PER_S, MS_PER_S, "s" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (ms >= rows[i].from_ms)
			return arena_printf(arena, "%lld %s", (long long)(ms / rows[i].unit_ms),
					    rows[i].unit);
	return arena_printf(arena, "%lld ms", (long long)(ms > 0 ? ms : 0));
}

struct str text_bytes(int64_t bytes, struct arena *arena)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024)
		return arena_printf(arena, "%lld B", (long long)bytes);
	for (value /= 1024; value >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
		value /= 1024;
	return arena_printf(arena, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

bool text_parse_since(struct str text, int64_t now_ms, int64_t *at_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', MS_PER_S }, { 'm', MS_PER_MIN }, { 'h', MS_PER_HOUR }, { 'd', MS_PER_DAY } };
	char date[32];
	int64_t n;

	for (size_t i = 0; text.len > 1 && i < ARRAY_LEN(units); i++) {
		if (text.p[text.len - 1] != units[i].unit || !str_to_int64(str_of(text.p, text.len - 1), &n))
			continue;
		if (n < 0 || n > now_ms / units[i].ms)
			return false;
		*at_ms = now_ms - n * units[i].ms;
		return true;
	}
	if (time_parse_rfc3339(text, at_ms))
		return true;
	if (text.len != sizeof("2026-07-30") - 1)
		return false;
	(void)snprintf(date, sizeof(date), "%.*sT00:00:00Z", STR_ARG(text));
	return time_parse_rfc3339(str_from(date), at_ms);
}
