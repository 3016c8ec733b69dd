#ifndef PANNIER_TESTS_SIM_ERRANDS_H
#define PANNIER_TESTS_SIM_ERRANDS_H

#include "flow/flow.h"

/*
 * The roles of the process that work off what somebody asked for: pulls, replays, comparisons. As app/roles.c turns them, in one
 * piece; opened only where some option asks for something.
 */
struct errands;

bool errands_are_wanted(void);
/* Shops are asked for what they hold. */
bool errands_ask_shops(void);
/* Borrows ctx. ring: called when an answer has come in. */
struct errands *errands_open(struct flow_ctx *ctx, void (*ring)(void));
void errands_close(struct errands *errands); /* NULL allowed */
/* *wait_ms: when to call again. */
bool errands_run_once(struct errands *errands, int64_t max_wait_ms, int64_t *wait_ms, struct err *err) MUST_CHECK;

#endif
