/*
 * Ids as text, both ways. Pure.
 */
#include "model/id_text.h"

#include <string.h>

#define DIGITS_MAX 13 /* 63 bits, 5 a digit */

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char prefixes[] = { [ID_MESSAGE] = 'm', [ID_DELIVERY] = 'd' };

void id_text(enum id_kind kind, int64_t id, char out[static ID_TEXT_BYTES])
{
	char reversed[DIGITS_MAX];
	size_t n = 0;

	do {
		reversed[n++] = digits[id & 31];
		id >>= 5;
	} while (id > 0 && n < DIGITS_MAX);
	out[0] = prefixes[kind];
	for (size_t i = 0; i < n; i++)
		out[1 + i] = reversed[n - 1 - i];
	out[1 + n] = '\0';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool digit_value(char c, int64_t *value)
{
	const char *found;

	c = lower(c);
	c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
	found = c ? strchr(digits, c) : NULL;
	if (found)
		*value = found - digits;
	return found != NULL;
}

bool id_parse(struct str text, enum id_kind *kind, int64_t *id)
{
	int64_t sum = 0, value;

	if (text.len < 2 || text.len > 1 + DIGITS_MAX)
		return false;
	if (lower(text.p[0]) != prefixes[ID_MESSAGE] && lower(text.p[0]) != prefixes[ID_DELIVERY])
		return false;
	for (size_t i = 1; i < text.len; i++) {
		if (!digit_value(text.p[i], &value) || sum > INT64_MAX >> 5)
			return false;
		sum = sum << 5 | value;
	}
	*kind = lower(text.p[0]) == prefixes[ID_MESSAGE] ? ID_MESSAGE : ID_DELIVERY;
	*id = sum;
	return true;
}
