#ifndef PANNIER_CLI_WAIT_IDLE_H
#define PANNIER_CLI_WAIT_IDLE_H

#include "cli/command.h"

/* Asks the open database until nothing is left to do now, twice in a row; *idle false: not within the time, or stop said so. */
bool wait_idle(struct cli *cli, int64_t timeout_ms, bool (*stop)(void), bool *idle, struct err *err) MUST_CHECK;

#endif
