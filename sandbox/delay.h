#ifndef PANNIER_SANDBOX_DELAY_H
#define PANNIER_SANDBOX_DELAY_H

#include "base/clock.h"

/* Runs things later, thousands at once, on one thread of its own. */
struct delay;

struct delay *delay_new(struct clock *clock);
/* Runs run(arg) on the delay's thread when wait_ms have passed. From any thread. */
void delay_add(struct delay *delay, int64_t wait_ms, void (*run)(void *arg), void *arg);
/* Runs what is left at once, ends the thread and frees. Nobody may add meanwhile. NULL allowed. */
void delay_free(struct delay *delay);

#endif
