#ifndef PANNIER_TESTS_CRASH_SCENARIO_H
#define PANNIER_TESTS_CRASH_SCENARIO_H

#include "crash/run.h"

/*
 * A day of two shops that comes by every crash point of a running Pannier, in its long form at least three
 * times (what only the first start does: once).
 */
enum scenario { SCENARIO_SHORT, SCENARIO_LONG };
void scenario_play(struct run *run, enum scenario scenario);

/* What the sandbox holds afterwards: items, variants and categories without their times, in a fixed order. */
struct str scenario_catalog(struct run *run);

/* All that must hold at the end of a run, but that its catalog is that of all others. */
void scenario_check(struct run *run);

#define SCENARIO_ITEMS	    33
#define SCENARIO_CATEGORIES 3

#endif
