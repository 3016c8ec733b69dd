#ifndef PANNIER_TESTS_SIM_WATCH_H
#define PANNIER_TESTS_SIM_WATCH_H

#include "store/store.h"

/*
 * A store around the real one that sees every verb: it writes the trace, lets some fail as busy before or after their effect, and
 * tells the checkers what was promised. The inner one belongs to it.
 */
void watch_wrap(struct db *inner, struct db **out);
struct db *watch_inner(struct db *db);
void watch_reset(void);

#endif
