#ifndef PANNIER_CLI_OPTION_H
#define PANNIER_CLI_OPTION_H

#include "cli/command.h"

/* Options every command has besides its own. */
extern const struct option_row common_options[];
extern const size_t n_common_options;

/*
 * Sorts words into options (of cli->command, or only common ones while there is none) and arguments, into cli->given and cli->arg.
 * "--name value", "--name=value", "-h" for --help; "--" ends options; "-" is an argument. stop_at_argument: *n_used tells how many
 * words were read before the first argument. ERR_INVALID names the option, never its value.
 */
bool options_parse(struct cli *cli, char *const *word, size_t n, bool stop_at_argument, size_t *n_used,
		   struct err *err) MUST_CHECK;
/* Are the required ones there, and as many arguments as the command wants? */
bool options_complete(struct cli *cli, struct err *err) MUST_CHECK;

#endif
