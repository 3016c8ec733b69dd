#ifndef PANNIER_MODEL_MONEY_H
#define PANNIER_MODEL_MONEY_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

/*
 * An amount in minor units of its currency; never a binary fraction.
 * currency: ISO 4217 upper-case, or "" when unknown (two decimals are then assumed).
 */
struct money {
	int64_t minor;
	char currency[4];
};

/* Decimals of a currency's minor unit: 2, or 0 (JPY, KRW ...) or 3 (KWD, BHD ...). ISO 4217. */
int money_decimals(struct str currency);

/* "29.98", "30", "-5.5" in major units; more decimals than the currency has are rounded half away from zero.
 * False if it is not a plain decimal (no exponent, no grouping) or above 10^13 minor units. */
bool money_parse(struct str decimal, struct str currency, struct money *out);

/* divisor 1, 10, 100, 1000 ...: for sources that send minor units as whole numbers. divisor > 0. */
struct money money_divide(struct money amount, int64_t divisor);

/* "29.98": always the currency's number of decimals, in the arena. Also a valid JSON number. */
struct str money_text(struct money amount, struct arena *arena);

/* -1, 0, 1; both must be of one currency (asserted). */
int money_cmp(struct money a, struct money b);

#endif
