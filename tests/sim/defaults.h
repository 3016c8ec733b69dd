#ifndef PANNIER_TESTS_SIM_DEFAULTS_H
#define PANNIER_TESTS_SIM_DEFAULTS_H

#include "settings/settings.h"

/*
 * Defaults of the whole installation (OPTION_defaults), as `pannier defaults` sets them: the quota, which accounts have from nowhere else,
 * and what prices are divided by, which somebody changes now and then. Every other shop has a divisor of its own, which stays.
 */
/* Before there are accounts and stores. */
bool defaults_begin(struct settings *settings, struct err *err) MUST_CHECK;
bool defaults_give_own(struct settings *settings, int shop, const char *name, struct err *err) MUST_CHECK;
/* Another one, by a process of its own. */
bool defaults_change(struct db *db, struct err *err) MUST_CHECK;
/* A shop says so much instead of a price, so that it can be divided by any of the divisors. */
int64_t defaults_said_cents(int64_t cents);
/* What Klaviyo is to hold of it. */
int64_t defaults_told_cents(int shop, int64_t cents);

#endif
