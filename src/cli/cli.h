#ifndef PANNIER_CLI_CLI_H
#define PANNIER_CLI_CLI_H

#include "base/clock.h"

#include <stdio.h>

struct db;

/* The command line: picks the command, parses its options, runs it, says what went wrong. Returns the exit code (cli/command.h). */
int cli_main(int argc, char **argv);

/* What a run is given from outside; for tests. */
struct cli_env {
	FILE *out;
	FILE *errors;
	struct clock *clock;
	struct db *db;             /* NULL: the data folder's own is opened; otherwise used and left open */
};
int cli_run(const struct cli_env *env, int argc, char *const *argv);

#endif
