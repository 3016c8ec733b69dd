#ifndef PANNIER_CLI_AUDIT_TEXT_H
#define PANNIER_CLI_AUDIT_TEXT_H

#include "cli/command.h"

/* Audit rows for people; used by audit and trace. */

/* One line: time, store or account, ids, root, the sentence, the reason, and detail (safe; "" = none). */
void audit_print(struct cli *cli, const struct audit_row *row, struct str detail, struct arena *arena);

#endif
