/*
 * Phone numbers as E.164.
 *
 * Doesn't: know which numbers are given out in a country; only calling codes and lengths.
 * Pure. Source: ITU-T E.164.
 */
#include "model/person.h"

#define DIGITS_MIN 7
#define DIGITS_MAX 15

/* The digits of a number that starts with its calling code; false if it does not, or has other bytes. */
static bool international(struct str text, struct arena *arena, struct str *out)
{
	char *digit = ARENA_ARRAY(arena, text.len + 2, char);
	size_t n = 1;

	if (text.len < 2 || text.p[0] != '+')
		return false;
	digit[0] = '+';
	for (size_t i = 1; i < text.len; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9')
			digit[n++] = text.p[i];
		else if (str_find_char(STR(" .-/()"), text.p[i]) == 6)
			return false;
	}
	if (n - 1 < DIGITS_MIN || n - 1 > DIGITS_MAX || digit[1] == '0')
		return false;
	*out = str_of(digit, n);
	return true;
}

bool person_phone(struct str text, struct str country_code, struct arena *arena, struct str *out)
{
	(void)country_code;
	return international(str_trim(text), arena, out);
}
