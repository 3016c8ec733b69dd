/*
 * Borrowed runs of bytes: comparing, trimming, splitting, numbers.
 *
 * Pure. A run with len 0 may have a NULL pointer, which the C library's mem* functions must not be given.
 */
#include "base/str.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_from(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

struct str str_of(const char *p, size_t len)
{
	return (struct str){ p, len };
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.p, b.p, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str text, struct str prefix)
{
	return text.len >= prefix.len && str_eq(str_of(text.p, prefix.len), prefix);
}

bool str_ends(struct str text, struct str suffix)
{
	return text.len >= suffix.len && str_eq(str_skip(text, text.len - suffix.len), suffix);
}

struct str str_trim(struct str text)
{
	while (text.len && is_space(text.p[0]))
		text = str_skip(text, 1);
	while (text.len && is_space(text.p[text.len - 1]))
		text.len--;
	return text;
}

struct str str_skip(struct str text, size_t n)
{
	if (n >= text.len)
		return str_of(text.p ? text.p + text.len : NULL, 0);
	return str_of(text.p + n, text.len - n);
}

size_t str_find_char(struct str text, char c)
{
	const char *at = text.len ? memchr(text.p, c, text.len) : NULL;

	return at ? (size_t)(at - text.p) : text.len;
}

bool str_split(struct str *rest, char separator, struct str *part)
{
	size_t len;

	if (rest->len == 0)
		return false;
	len = str_find_char(*rest, separator);
	*part = str_of(rest->p, len);
	*rest = str_skip(*rest, len + 1);
	return true;
}

bool str_to_int64(struct str text, int64_t *out)
{
	bool negative = text.len && text.p[0] == '-';
	int64_t value = 0;

	if (negative)
		text = str_skip(text, 1);
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = text.p[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		/* Negative values are built downwards: INT64_MIN has no positive twin. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*out = value;
	return true;
}
