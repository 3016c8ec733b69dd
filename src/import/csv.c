/*
 * CSV: one row out of a text.
 *
 * Keeps:   a quote that is never closed costs its own line, not the rest of the file.
 * Pure.
 * Source:  RFC 4180; the table of Windows-1252 is that of the WHATWG Encoding Standard.
 */
#include "import/csv.h"

#include "base/attr.h"
#include "base/utf8.h"

#include <string.h>

/* Sentinel of scan_*: the text ended before the field did. */
static const char *const more = NULL;

struct scan {
	const char *at, *end;
	bool last;
	char delimiter;
	struct arena *arena;
	struct csv_row *row;
};

/* "" within quotes is one quote. */
static struct str without_doubles(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		out[n++] = text.p[i];
		if (text.p[i] == '"')
			i++;
	}
	return str_of(out, n);
}

/* Where the quoted field that begins behind `from` ends (its closing quote); more if it does not. */
static const char *closing_quote(const struct scan *scan, const char *from, bool *doubles)
{
	for (const char *at = from;; at += 2) {
		at = memchr(at, '"', (size_t)(scan->end - at));
		if (!at)
			return more;
		if (at + 1 == scan->end)
			return scan->last ? at : more;
		if (at[1] != '"')
			return at;
		*doubles = true;
	}
}

static bool ends_field(const struct scan *scan, const char *at)
{
	return at == scan->end || *at == scan->delimiter || *at == '\n' ||
	       (*at == '\r' && at + 1 < scan->end && at[1] == '\n');
}

static enum csv_result fail(struct scan *scan, const char *why)
{
	scan->row->why = why;
	scan->row->bad_column = scan->row->n + 1;
	return CSV_BAD;
}

static enum csv_result scan_quoted(struct scan *scan, struct str *out)
{
	bool doubles = false;
	const char *from = scan->at + 1, *close = closing_quote(scan, from, &doubles);

	if (!close)
		return scan->last || (size_t)(scan->end - scan->at) > CSV_ROW_BYTES_MAX
			       ? fail(scan, "a quote is opened and not closed")
			       : CSV_MORE;
	*out = str_of(from, (size_t)(close - from));
	if (doubles)
		*out = without_doubles(*out, scan->arena);
	scan->at = close + 1;
	if (scan->at == scan->end && !scan->last)
		return CSV_MORE;
	if (!ends_field(scan, scan->at) && *scan->at != '\r')
		return fail(scan, "there is text behind a closing quote");
	return CSV_ROW;
}

static enum csv_result scan_plain(struct scan *scan, struct str *out)
{
	const char *from = scan->at;

	while (scan->at < scan->end && *scan->at != scan->delimiter && *scan->at != '\n')
		scan->at++;
	if (scan->at == scan->end && !scan->last)
		return CSV_MORE;
	*out = str_of(from, (size_t)(scan->at - from));
	if (out->len && out->p[out->len - 1] == '\r' && (scan->at == scan->end || *scan->at == '\n'))
		out->len--;
	return CSV_ROW;
}

static enum csv_result scan_row(struct scan *scan)
{
	for (;;) {
		struct str field;
		enum csv_result result = scan->at < scan->end && *scan->at == '"' ? scan_quoted(scan, &field)
										  : scan_plain(scan, &field);

		if (result != CSV_ROW)
			return result;
		if (scan->row->n == CSV_FIELDS_MAX)
			return fail(scan, "the row has too many fields");
		scan->row->field[scan->row->n++] = field;
		if (scan->at < scan->end && *scan->at == '\r')
			scan->at++;
		if (scan->at == scan->end || *scan->at++ == '\n')
			return CSV_ROW;
	}
}

static size_t count_lines(const char *from, const char *end)
{
	size_t n = 0;

	while (from < end && (from = memchr(from, '\n', (size_t)(end - from))) != NULL) {
		n++;
		from++;
	}
	return n;
}

enum csv_result csv_scan(struct str text, bool last, char delimiter, struct arena *arena, struct csv_row *row)
{
	struct scan scan = { text.p, text.p + text.len, last, delimiter, arena, row };
	enum csv_result result;

	row->n = 0;
	row->why = NULL;
	if (text.len == 0)
		return last ? CSV_END : CSV_MORE;
	result = scan_row(&scan);
	if (result == CSV_MORE && text.len > CSV_ROW_BYTES_MAX)
		result = fail(&scan, "the row is longer than 1 MiB");
	if (result == CSV_BAD) {
		scan.at = memchr(text.p, '\n', text.len);
		scan.at = scan.at ? scan.at + 1 : scan.end;
	}
	row->bytes = (size_t)(scan.at - text.p);
	row->lines = count_lines(text.p, scan.at);
	return result;
}

char csv_delimiter(struct str header)
{
	static const char candidates[] = { ',', ';', '\t', '|' };
	size_t n[ARRAY_LEN(candidates)] = { 0 }, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < header.len; i++) {
		quoted ^= header.p[i] == '"';
		for (size_t c = 0; !quoted && c < ARRAY_LEN(candidates); c++)
			n[c] += header.p[i] == candidates[c];
	}
	for (size_t c = 1; c < ARRAY_LEN(candidates); c++)
		if (n[c] > n[best])
			best = c;
	return candidates[best];
}

struct str csv_from_windows_1252(struct str text, struct arena *arena)
{
	static const uint16_t high[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
		0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
		0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};
	char *out = arena_alloc(arena, text.len * 3 + 4);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.p[i];

		n += utf8_encode(byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte, out + n);
	}
	return str_of(out, n);
}
