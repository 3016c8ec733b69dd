/*
 * help.
 */
#include "cli/commands.h"
#include "cli/help.h"

#include <string.h>

bool cmd_help(struct cli *cli, struct err *err)
{
	bool markdown = cli_flag(cli, "markdown");
	const struct command *command;
	size_t n_used;

	if (cli->n_arg == 0 && markdown) {
		help_markdown(cli->out);
		return true;
	}
	if (cli->n_arg == 0) {
		help_overview(cli->out);
		return true;
	}
	if (cli->n_arg == 1 && strcmp(cli->arg[0], "settings") == 0) {
		(markdown ? help_settings_markdown : help_settings)(&cli->arena, cli->out);
		return true;
	}
	if (strcmp(cli->arg[0], "columns") == 0) {
		(markdown ? help_columns_markdown : help_columns)(cli->out);
		return true;
	}
	command = command_find(cli->arg, cli->n_arg, &n_used);
	if (command && n_used == cli->n_arg)
		help_command(command, cli->out);
	else if (cli->n_arg == 1 && command_is_group(cli->arg[0]))
		help_group(cli->arg[0], cli->out);
	else
		return command_unknown(cli->arg, cli->n_arg, err);
	return true;
}
