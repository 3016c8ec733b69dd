#ifndef PANNIER_CLI_COMMANDS_H
#define PANNIER_CLI_COMMANDS_H

#include "cli/command.h"

/* The table of commands (commands.c); handlers are in cmd_*.c. */
#define CLI_HANDLERS(X) \
	X(account_add) X(account_check) X(account_list) X(account_remove) X(account_set) X(audit) X(check) X(demo) X(doctor) \
	X(erase) X(export) X(failed_discard) X(failed_list) X(failed_retry) X(help) X(preview) X(serve) X(status) X(store_add) \
	X(store_list) X(store_remove) X(store_set) X(store_show) X(trace) X(version) X(wait)

#define CLI_HANDLER_DECLARE(name) bool cmd_##name(struct cli *cli, struct err *err);
CLI_HANDLERS(CLI_HANDLER_DECLARE)
#undef CLI_HANDLER_DECLARE

/* In the order of the help. */
extern const struct command commands[];
extern const size_t n_commands;

/* The command that the first one or two words name, and how many words that are; NULL if there is none. */
const struct command *command_find(const char *const *word, size_t n, size_t *n_used);
/* Is word the first of a command with two ("store")? */
bool command_is_group(const char *word);
/* ERR_INVALID with the nearest name. */
bool command_unknown(const char *const *word, size_t n, struct err *err) MUST_CHECK;

#endif
