/*
 * JSON string escapes: what they stand for.
 *
 * Pure.
 */
#include "base/json_internal.h"

#include "base/json.h"
#include "base/utf8.h"

/* Value of four hexadecimal digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9' ? c - '0' :
			    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

int32_t json_unicode_escape(const char *p, const char *end, size_t *len)
{
	int32_t high = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;
	int32_t low;

	*len = 6;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return -1;
	low = hex4(p + 8, end);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*len = 12;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* The character of a two-byte escape, or NUL if there is no such escape. */
static char short_escape(char letter)
{
	switch (letter) {
	case '"': case '\\': case '/':
		return letter;
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return '\0';
	}
}

/*
 * Resolves the escape at *at, writes it to out and moves *at behind it; how many bytes were written, 0 =
 * broken.
 */
static size_t resolve_escape(const char **at, const char *end, char *out)
{
	size_t len;
	int32_t code;

	if (end - *at >= 2 && (*at)[1] != 'u') {
		*out = short_escape((*at)[1]);
		*at += 2;
		return *out != '\0';
	}
	code = json_unicode_escape(*at, end, &len);
	if (code <= 0)
		return 0;
	*at += len;
	return utf8_encode((uint32_t)code, out); /* never longer than the escape */
}

bool json_unquote(struct str value, struct arena *arena, struct str *out)
{
	const char *at, *end;
	char *text;
	size_t len = 0;

	if (value.len < 2 || value.p[0] != '"' || value.p[value.len - 1] != '"')
		return false;
	at = value.p + 1;
	end = value.p + value.len - 1;
	text = arena_alloc(arena, value.len);
	while (at < end) {
		size_t n = 1;

		if (*at == '\\')
			n = resolve_escape(&at, end, text + len);
		else
			text[len] = *at++;
		if (n == 0)
			return false;
		len += n;
	}
	text[len] = '\0';
	*out = str_of(text, len);
	return true;
}
