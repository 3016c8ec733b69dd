/*
 * Money: decimal texts to minor units and back, without ever passing through a binary fraction.
 *
 * Does not: convert between currencies, or know how many decimals a source leaves out (the platforms do).
 * Pure: no state; any thread.
 */
#include "model/money.h"

#include "base/attr.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define CODE_LEN	3			/* of a currency */
#define MONEY_MINOR_MAX INT64_C(10000000000000) /* 10^13: exact in a double, and no price */

/* ISO 4217, list one of 2024-06-25: the currencies whose minor unit is not 1/100. */
static const struct {
	char currency[4];
	int decimals;
} decimals_row[] = {
	{ "BHD", 3 }, { "BIF", 0 }, { "CLF", 4 }, { "CLP", 0 }, { "DJF", 0 }, { "GNF", 0 }, { "IQD", 3 },
	{ "ISK", 0 }, { "JOD", 3 }, { "JPY", 0 }, { "KMF", 0 }, { "KRW", 0 }, { "KWD", 3 }, { "LYD", 3 },
	{ "OMR", 3 }, { "PYG", 0 }, { "RWF", 0 }, { "TND", 3 }, { "UGX", 0 }, { "UYI", 0 }, { "UYW", 4 },
	{ "VND", 0 }, { "VUV", 0 }, { "XAF", 0 }, { "XOF", 0 }, { "XPF", 0 },
};

int money_decimals(struct str currency)
{
	for (size_t i = 0; currency.len == CODE_LEN && i < ARRAY_LEN(decimals_row); i++)
		if (memcmp(currency.p, decimals_row[i].currency, CODE_LEN) == 0)
			return decimals_row[i].decimals;
	return 2;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Three upper-case letters, or "" for anything else. */
static void currency_set(struct str currency, char out[static 4])
{
	out[0] = '\0';
	if (currency.len != 3)
		return;
	for (size_t i = 0; i < 3; i++)
		if (currency.p[i] < 'A' || currency.p[i] > 'Z')
			return;
	for (size_t i = 0; i < 3; i++)
		out[i] = currency.p[i];
	out[3] = '\0';
}

/* Appends a decimal digit; false when the sum passes the ceiling. */
static bool push_digit(int64_t *minor, int digit)
{
	*minor = *minor * 10 + digit;
	return *minor <= MONEY_MINOR_MAX;
}

/* The digits behind the point: exactly `decimals` of them are kept, the next one rounds. */
static bool parse_fraction(struct str digits, int decimals, int64_t *minor)
{
	size_t keep = (size_t)decimals;

	for (size_t i = 0; i < digits.len; i++)
		if (!is_digit(digits.p[i]))
			return false;
	for (size_t i = 0; i < keep; i++)
		if (!push_digit(minor, i < digits.len ? digits.p[i] - '0' : 0))
			return false;
	if (digits.len > keep && digits.p[keep] >= '5')
		*minor += 1;
	return *minor <= MONEY_MINOR_MAX;
}

bool money_parse(struct str decimal, struct str currency, struct money *out)
{
	bool negative = decimal.len > 0 && decimal.p[0] == '-';
	struct str digits = str_skip(decimal, negative ? 1 : 0);
	size_t point = str_find_char(digits, '.');
	struct str fraction = str_skip(digits, point + 1);
	struct money money = { 0 };

	if (point == 0 || (point < digits.len && fraction.len == 0))
		return false;
	currency_set(currency, money.currency);
	for (size_t i = 0; i < point; i++)
		if (!is_digit(digits.p[i]) || !push_digit(&money.minor, digits.p[i] - '0'))
			return false;
	if (!parse_fraction(fraction, money_decimals(str_from(money.currency)), &money.minor))
		return false;
	if (negative)
		money.minor = -money.minor;
	*out = money;
	return true;
}

struct money money_divide(struct money amount, int64_t divisor)
{
	int64_t rest;

	assert(divisor > 0);
	rest = amount.minor % divisor;
	amount.minor /= divisor;
	if (rest >= divisor - rest && rest > 0)
		amount.minor += 1;
	if (-rest >= divisor + rest && rest < 0)
		amount.minor -= 1;
	return amount;
}

struct str money_text(struct money amount, struct arena *arena)
{
	int decimals = money_decimals(str_from(amount.currency));
	uint64_t size = amount.minor < 0 ? 0 - (uint64_t)amount.minor : (uint64_t)amount.minor;
	const char *sign = amount.minor < 0 ? "-" : "";
	uint64_t unit = 1;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	if (decimals == 0)
		return arena_printf(arena, "%s%" PRIu64, sign, size);
	return arena_printf(arena, "%s%" PRIu64 ".%0*" PRIu64, sign, size / unit, decimals, size % unit);
}

int money_cmp(struct money a, struct money b)
{
	assert(str_eq(str_from(a.currency), str_from(b.currency)));
	return a.minor < b.minor ? -1 : a.minor > b.minor;
}
