#ifndef PANNIER_BASE_TURN_H
#define PANNIER_BASE_TURN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A lock that goes to whoever waits longest. A mutex goes to whoever runs: threads that take it again and again can keep it from one
 * that sleeps for it. Thread-safe.
 */
struct turn;

struct turn *turn_new(void);
void turn_free(struct turn *turn); /* nobody has it or waits for it */
/* False: it did not come within max_ms. */
bool turn_take(struct turn *turn, int64_t max_ms);
void turn_pass(struct turn *turn); /* by who has it */

#endif
