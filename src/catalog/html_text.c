/*
 * HTML to text: what a person would read of a product description.
 *
 * Does:    drops tags, comments, scripts and styles; turns blocks and <br> into line breaks; decodes
 *          character references; folds white space.
 * Doesn't: build a tree or mend nesting: descriptions are fragments of any quality, often hostile.
 * Keeps:   one pass, linear in the input whatever it is (see tag_end); never more than max_bytes out.
 * Pure.
 */
#include "catalog/merge.h"

#include "base/attr.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "catalog/html_internal.h"

#include <string.h>

#define TAG_NAME_MAX	15
#define ENTITY_NAME_MAX 16

enum gap { GAP_NONE, GAP_SPACE, GAP_BREAK };

struct html {
	struct str in;
	size_t at;
	struct strbuf out;
	enum gap gap; /* to be written before the next character */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_letter(char c)
{
	c = lower(c);
	return c >= 'a' && c <= 'z';
}

static bool is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static bool text_in(struct str text, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(text, str_from(*list)))
			return true;
	return false;
}

/* ---- out ---- */

static void put_gap(struct html *html, enum gap gap)
{
	if (html->gap < gap)
		html->gap = gap;
}

/* One character with the gap before it: both or none. */
static void put_char(struct html *html, const char *bytes, size_t len)
{
	char text[5];
	size_t n = 0;

	if (html->gap != GAP_NONE && html->out.len > 0)
		text[n++] = html->gap == GAP_BREAK ? '\n' : ' ';
	memcpy(text + n, bytes, len);
	strbuf_add(&html->out, text, n + len);
	html->gap = GAP_NONE;
}

static bool is_space(uint32_t code)
{
	return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xa0 || code == 0x85 ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x3000;
}

static void put_code(struct html *html, uint32_t code)
{
	char bytes[4];

	if (is_space(code))
		put_gap(html, GAP_SPACE);
	else if (code >= 0x20 && code != 0x7f && code != 0xfeff)
		put_char(html, bytes, utf8_encode(code, bytes));
}

/* ---- tags ---- */

static bool is_block(struct str name)
{
	static const char *const block[] = {
		"address", "article", "aside",	"blockquote", "br",	"caption",  "center",
		"dd",	   "details", "div",	"dl",	      "dt",	"fieldset", "figcaption",
		"figure",  "footer",  "form",	"h1",	      "h2",	"h3",	    "h4",
		"h5",	   "h6",      "header", "hr",	      "legend", "li",	    "main",
		"nav",	   "ol",      "option", "p",	      "pre",	"section",  "summary",
		"table",   "tbody",   "tfoot",	"thead",      "tr",	"ul",	    NULL
	};

	return text_in(name, block);
}

static bool is_dropped(struct str name)
{
	static const char *const dropped[] = { "script", "style", "template", "title", NULL };

	return text_in(name, dropped);
}

static bool is_cell(struct str name)
{
	return str_eq(name, STR("td")) || str_eq(name, STR("th"));
}

/* Position behind "-->", or the end. */
static size_t comment_end(struct str in, size_t at)
{
	for (; at + 3 <= in.len; at++)
		if (memcmp(in.p + at, "-->", 3) == 0)
			return at + 3;
	return in.len;
}

static size_t plain_tag_end(struct str in, size_t at)
{
	at += str_find_char(str_skip(in, at), '>');
	return at < in.len ? at + 1 : in.len;
}

/*
 * Position behind the '>' of a tag; one inside quotes does not count. When a quote never ends, quotes are
 * ignored for this tag, so that one stray quote does not swallow a description.
 *
 * Linear all the same: of three scans that are inside different quotes (or none) at one place, a run of
 * quotes leaves them different, so that one of them stands outside and ends at the next '>'. No byte is
 * read by more than three scans.
 */
static size_t tag_end(struct str in, size_t start)
{
	char quote = '\0';

	for (size_t at = start; at < in.len; at++) {
		char c = in.p[at];

		if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return at + 1;
	}
	return plain_tag_end(in, start);
}

/* Position of the next "</name", or the end. */
static size_t close_tag(struct str in, size_t at, struct str name)
{
	while (at < in.len) {
		struct str rest;

		at += str_find_char(str_skip(in, at), '<');
		rest = str_skip(in, at + 2);
		if (at + 1 < in.len && in.p[at + 1] == '/' && rest.len >= name.len &&
		    str_eq_nocase(str_of(rest.p, name.len), name))
			return at;
		at += at < in.len ? 1 : 0;
	}
	return in.len;
}

/* html->at stands at the '<' of "<name" or "</name". */
static void read_tag(struct html *html)
{
	bool closing = html->in.p[html->at + 1] == '/';
	size_t at = html->at + (closing ? 2 : 1);
	char text[TAG_NAME_MAX];
	struct str name = { text, 0 };

	for (; at < html->in.len && is_name(html->in.p[at]); at++)
		if (name.len < sizeof(text))
			text[name.len++] = lower(html->in.p[at]);
	html->at = tag_end(html->in, at);
	if (!closing && is_dropped(name))
		html->at = close_tag(html->in, html->at, name);
	else if (is_block(name))
		put_gap(html, GAP_BREAK);
	else if (is_cell(name))
		put_gap(html, GAP_SPACE);
}

/* Something that starts with '<'; a '<' that opens nothing is text. */
static void read_markup(struct html *html)
{
	struct str rest = str_skip(html->in, html->at);
	char next = rest.len > 1 ? rest.p[1] : '\0';

	if (is_letter(next) || (next == '/' && rest.len > 2 && is_letter(rest.p[2]))) {
		read_tag(html);
	} else if (str_starts(rest, STR("<!--"))) {
		html->at = comment_end(html->in, html->at + 4);
	} else if (next == '!' || next == '?' || next == '/') {
		html->at = plain_tag_end(html->in, html->at);
	} else {
		put_code(html, '<');
		html->at++;
	}
}

/* ---- character references ---- */

/* HTML standard, 13.2.5.80: numbers 0x80 to 0x9f mean Windows-1252. */
static uint32_t mend_number(uint32_t code)
{
	static const uint16_t windows[32] = { 0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
					      0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
					      0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
					      0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178 };

	if (code >= 0x80 && code <= 0x9f)
		return windows[code - 0x80];
	return code;
}

static int digit_of(char c, bool hex)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "#233;" or "#xe9;" at the start of text: how many bytes it has, 0 if it is none. */
static size_t read_number(struct str text, uint32_t *code)
{
	bool hex = text.len > 1 && lower(text.p[1]) == 'x';
	size_t first = hex ? 2 : 1;
	size_t at = first;

	*code = 0;
	for (; at < text.len && digit_of(text.p[at], hex) >= 0; at++)
		if (*code <= 0x10ffff)
			*code = *code * (hex ? 16 : 10) + (uint32_t)digit_of(text.p[at], hex);
	if (at == first)
		return 0;
	*code = mend_number(*code);
	return at < text.len && text.p[at] == ';' ? at + 1 : at;
}

/*
 * "eacute;" at the start of text, as above. Without its semicolon it must end there: "&copy=1" is part of a
 * link.
 */
static size_t read_name(struct str text, uint32_t *code)
{
	struct str name = { text.p, 0 };
	bool bare = false;

	while (name.len < text.len && name.len < ENTITY_NAME_MAX && is_name(text.p[name.len]))
		name.len++;
	*code = html_entity_find(name, &bare);
	if (*code == 0)
		return 0;
	if (name.len < text.len && text.p[name.len] == ';')
		return name.len + 1;
	return bare && (name.len == text.len || text.p[name.len] != '=') ? name.len : 0;
}

static void read_reference(struct html *html)
{
	struct str text = str_skip(html->in, html->at + 1);
	uint32_t code = '&';
	size_t len = 0;

	if (text.len > 0)
		len = text.p[0] == '#' ? read_number(text, &code) : read_name(text, &code);
	put_code(html, len > 0 ? code : '&');
	html->at += 1 + len;
}

/* ---- text ---- */

/* One character of text as it stands; bytes that are no UTF-8 are left out. */
static void read_char(struct html *html)
{
	const char *p = html->in.p + html->at;
	size_t len = utf8_char_len(p, html->in.len - html->at);

	if (len == 1)
		put_code(html, (unsigned char)*p);
	else if (len == 2 && memcmp(p, "\xc2\xa0", 2) == 0)
		put_gap(html, GAP_SPACE);
	else if (len > 1)
		put_char(html, p, len);
	html->at += len > 0 ? len : 1;
}

struct str catalog_html_text(struct str text, size_t max_bytes, struct arena *arena)
{
	struct html html = { .in = text };
	struct str result;

	strbuf_init(&html.out, max_bytes);
	while (html.at < text.len && !html.out.overflow) {
		char c = text.p[html.at];

		if (c == '<')
			read_markup(&html);
		else if (c == '&')
			read_reference(&html);
		else
			read_char(&html);
	}
	result = arena_dup(arena, strbuf_str(&html.out));
	strbuf_release(&html.out);
	return result;
}
