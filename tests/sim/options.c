/*
 * The options of a seed.
 */
#include "sim/sim.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct option_row {
	const char *name;
	int64_t seeds;
	int64_t low;
	int64_t high;
	int64_t otherwise;
};

static const struct option_row option_row[OPTION_COUNT] = {
#define OPTION_ROW(name, seeds, low, high, otherwise, what) { #name, seeds, low, high, otherwise },
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

static int64_t total_hit[OPTION_COUNT];
static int64_t total_try[OPTION_COUNT];
static bool was_drawn[OPTION_COUNT];
static bool is_forced[OPTION_COUNT];
static int64_t forced[OPTION_COUNT];

const char *option_name(enum option option)
{
	return option_row[option].name;
}

bool option_force(const char *text)
{
	struct str rest = str_from(text), name;

	if (!str_split(&rest, '=', &name))
		return false;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (str_eq(name, str_from(option_row[i].name)))
			return is_forced[i] = str_to_int64(rest, &forced[i]);
	return false;
}

bool options_only(const char *text)
{
	struct str rest = str_from(text), word;
	bool ok = true;

	for (int i = 0; i < OPTION_COUNT; i++) {
		is_forced[i] = rest.len > 0;
		forced[i] = option_row[i].otherwise;
	}
	while (ok && str_split(&rest, ' ', &word)) {
		char one[64];

		(void)snprintf(one, sizeof(one), "%.*s", STR_ARG(word));
		ok = word.len == 0 || option_force(one);
	}
	return ok;
}

/* Every eighth seed has no faults: what fails there is not about faults. */
void options_draw(void)
{
	struct rand_seeded chance;
	bool calm = sim.seed % 8 == 0;

	rand_seeded_init(&chance, sim.seed * UINT64_C(0x2545f4914f6cdd1d) + 1);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_row[i];
		uint64_t range = (uint64_t)(row->high - row->low) + 1;
		int64_t value = row->low + (int64_t)rand_below(&chance.rand, range);
		bool drawn = (int64_t)rand_below(&chance.rand, 1000) < row->seeds;

		/* What is 0 elsewhere is a fault. */
		if (!drawn || (calm && row->otherwise == 0))
			value = row->otherwise;
		sim.option[i] = is_forced[i] ? forced[i] : value;
		was_drawn[i] = was_drawn[i] || sim.option[i] != row->otherwise;
	}
}

void options_print(void)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (sim.option[i] != option_row[i].otherwise)
			(void)printf(" %s=%" PRId64, option_row[i].name, sim.option[i]);
	(void)printf("\n");
}

void options_gather(void)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		total_hit[i] += sim.n_hit[i];
		total_try[i] += sim.n_try[i];
		sim.n_hit[i] = sim.n_try[i] = 0;
	}
}

int options_unused(void)
{
	int n = 0;

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_row[i].otherwise != 0 || !was_drawn[i] || total_hit[i] > 0)
			continue;
		(void)printf("option %s was drawn and never used%s\n", option_row[i].name,
			     total_try[i] > 0 ? ", by chance" : "");
		n += total_try[i] == 0;
	}
	return n;
}
