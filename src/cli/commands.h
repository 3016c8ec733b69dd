#ifndef PANNIER_CLI_COMMANDS_H
#define PANNIER_CLI_COMMANDS_H

#include "cli/command.h"

/* The table of commands (commands.c); handlers are in cmd_*.c. */
#define CLI_HANDLERS(X) \
	X(account_add) X(account_check) X(account_list) X(account_remove) X(account_set) X(audit) X(catalog) X(check) \
	X(defaults_set) X(defaults_show) X(demo) X(doctor) X(erase) X(export) X(failed_discard) X(failed_list) \
	X(failed_retry) X(help) X(import) X(import_cancel) X(import_list) \
	X(import_pause) X(import_resume) X(import_show) X(import_throttle) X(preview) X(send) X(serve) X(status) X(store_add) \
	X(reconcile) X(reconcile_cancel) X(reconcile_show) X(replay) X(replay_cancel) X(replay_pause) X(replay_resume) \
	X(replay_show) \
	X(failed_groups) X(store_list) X(store_remove) X(store_set) X(store_show) X(sync) \
	X(session_list) X(session_remove) X(settings_history) X(settings_undo) X(token_add) X(token_list) \
	X(token_remove) X(trace) X(user_add) X(user_list) X(user_password) X(user_remove) X(user_set) X(version) X(wait)

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
