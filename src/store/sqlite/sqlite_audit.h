#ifndef PANNIER_STORE_SQLITE_SQLITE_AUDIT_H
#define PANNIER_STORE_SQLITE_SQLITE_AUDIT_H

#include "store/sqlite/sqlite_rows.h"

/* Rows of audit_D as they lie there: one row of the audit, or a run of them (sqlite_schema.c says which). */

#define AUDIT_COLUMNS \
	"id, at_ms, code, store_id, account_id, message_id, delivery_id, root_kind, root_id, reason, entries"

/*
 * Codes that few rows have. They have an index; of the others, which are written with every message and delivery, a page is never far.
 * A condition with numbers, because the index has it as a text (sqlite_audit.c asserts that they are right). Not as a list: SQLite
 * would make a table of it for each row that is written. AUDIT_SELDOM_ONCE: that of days which were written before.
 */
#define AUDIT_SELDOM \
	"code <> 2 AND code <> 6 AND code <> 7 AND code <> 10 AND code <> 11 AND code <> 12 AND code <> 13"
#define AUDIT_SELDOM_ONCE "code NOT IN (2, 6, 7, 10, 11, 12, 13)"
bool audit_is_seldom(enum audit_code code);

/*
 * The audit rows that one row of the table (its columns AUDIT_COLUMNS) stands for, by id: at least one. In the arena.
 */
struct audit_row *audit_rows_read(const struct query *select, struct arena *arena, size_t *n);

/* Column `entries` of a run: of what the rows do not share. In the arena. */
struct str audit_entries_write(const struct audit_row *row, size_t n, struct arena *arena);
/* And back: what they share is first's. Texts are borrowed from entries. n is 0 only if that is damaged. */
struct audit_row *audit_entries_read(const struct audit_row *first, struct str entries, struct arena *arena, size_t *n);

#endif
