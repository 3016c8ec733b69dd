#ifndef PANNIER_CLI_HELP_H
#define PANNIER_CLI_HELP_H

#include "cli/command.h"

/* Help, made from the tables of commands, options, exit codes and settings. */
void help_overview(FILE *out);
/* The commands of a group ("store"). */
void help_group(const char *group, FILE *out);
void help_command(const struct command *command, FILE *out);
void help_settings(struct arena *arena, FILE *out);
/* docs/cli.md and docs/settings.md. */
void help_markdown(FILE *out);
void help_settings_markdown(struct arena *arena, FILE *out);
/* Columns of files of history; docs/import-columns.md. */
void help_columns(FILE *out);
void help_columns_markdown(FILE *out);

#endif
