/*
 * Defaults of the whole installation, and what follows from them.
 */
#include "sim/defaults.h"

#include "sim/node.h"
#include "sim/sim.h"

#include <stdio.h>

#define NUMBER_BYTES 16
#define DIVISORS     6
#define MULTIPLE     60 /* of all of them */
#define OWN_DIVISOR  10

static int taken; /* which default is in force */
static int asked; /* the newest that somebody wants */

static bool has_own(int number)
{
	return number % 2 == 1;
}

static int divisor_of(int which)
{
	return 1 + which % DIVISORS;
}

/* ---- setting ---- */

static struct setting_change change_to(const char *key, int64_t value, char text[static NUMBER_BYTES])
{
	(void)snprintf(text, NUMBER_BYTES, "%d", (int)value);
	return (struct setting_change){ str_from(key), str_from(text) };
}

bool defaults_begin(struct settings *settings, struct err *err)
{
	char text[2][NUMBER_BYTES];
	struct setting_change change[] = {
		change_to("price_divisor", divisor_of(1), text[0]),
		change_to("quota_percent", sim_option(OPTION_quota_percent), text[1]),
	};

	taken = asked = 1;
	return settings_defaults_set(settings, change, ARRAY_LEN(change), SIM_START_MS, err);
}

bool defaults_give_own(struct settings *settings, int number, const char *name, struct err *err)
{
	char text[NUMBER_BYTES];
	struct setting_change own = change_to("price_divisor", OWN_DIVISOR, text);

	return !has_own(number) ||
	       settings_store_set(settings, str_from(name), STR(""), STR(""), &own, 1, SIM_START_MS, err);
}

bool defaults_change(struct db *db, struct err *err)
{
	char text[NUMBER_BYTES];
	int which = ++asked;
	struct setting_change change = change_to("price_divisor", divisor_of(which), text);
	struct settings *settings;
	bool ok;

	if (!settings_open(db, node_key_file(), &settings, err))
		return false;
	ok = settings_defaults_set(settings, &change, 1, clock_wall_ms(&sim.clock), err);
	settings_close(settings);
	if (ok)
		taken = which;
	return ok;
}

/* ---- what follows ---- */

int64_t defaults_said_cents(int64_t cents)
{
	return sim_option(OPTION_defaults) > 0 ? cents * MULTIPLE : cents;
}

int64_t defaults_told_cents(int number, int64_t cents)
{
	int divisor = has_own(number) ? OWN_DIVISOR : divisor_of(taken);

	return sim_option(OPTION_defaults) > 0 ? cents * MULTIPLE / divisor : cents;
}
