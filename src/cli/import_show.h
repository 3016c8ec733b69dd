#ifndef PANNIER_CLI_IMPORT_SHOW_H
#define PANNIER_CLI_IMPORT_SHOW_H

#include "cli/command.h"
#include "import/import.h"

/* What the commands about imports share. */

/* As JSON, as `import list`, `import show`, `import` and `status` print it; rate_per_minute < 0: not known. */
struct json *import_json(struct cli *cli, const struct import_job *job, double rate_per_minute);
/* The table of `import list` and `status`; nothing if n is 0. */
void import_print_table(struct cli *cli, const struct import_job *job, size_t n);
/* "'x' is no amount" with file, line and column, one line. */
void import_print_reject(struct cli *cli, struct str path, struct str lines, int64_t line, bool in_lines, struct str column,
			 struct str why, FILE *out);

/*
 * Shows how far the daemon is with these imports until they end or rest, then what came of them; --no-wait: at once. The exit code says
 * whether one failed.
 */
bool import_follow(struct cli *cli, const int64_t *id, size_t n, struct err *err) MUST_CHECK;

/* `import --check` and `--dry-run`: reads the files to their ends and imports nothing. */
bool import_check(struct cli *cli, const struct settings_store *store, const struct import_options *options, bool dry_run,
		  struct err *err) MUST_CHECK;

#endif
