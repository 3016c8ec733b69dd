#ifndef PANNIER_CLI_AUDIT_TEXT_H
#define PANNIER_CLI_AUDIT_TEXT_H

#include "cli/command.h"

/* Audit rows for people and for programs; used by audit and trace. */

/* One line: time, store or account, ids, root, the sentence, the reason, and detail (safe; "" = none). */
void audit_print(struct cli *cli, const struct audit_row *row, struct str detail, struct arena *arena);
struct json *audit_json(struct cli *cli, const struct audit_row *row);
/*
 * The newest max_n rows that the filter lets through, oldest first, in the arena. after_id: only newer rows than that. filter->before_id
 * and max_n are not read.
 */
bool audit_read(struct db *db, const struct audit_filter *filter, int64_t after_id, size_t max_n, struct arena *arena,
		struct audit_row **row, size_t *n, struct err *err) MUST_CHECK;

#endif
