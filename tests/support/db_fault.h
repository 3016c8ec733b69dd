#ifndef PANNIER_TESTS_SUPPORT_DB_FAULT_H
#define PANNIER_TESTS_SUPPORT_DB_FAULT_H

#include "store/store.h"

/*
 * A store that fails one of its verbs on request, before or after the effect: the second is the commit whose answer got lost.
 * Wraps any backend; thread-safe as far as that is (set what fails before the threads start).
 */
enum db_fault_when { DB_FAULT_BEFORE, DB_FAULT_AFTER };

/* Wraps db, which then belongs to the wrapper: db_close of *out closes it. */
void db_fault_wrap(struct db *db, struct db **out);
/* Verbs called so far, db_close not counted. */
int64_t db_fault_calls(struct db *db);
/* The nth verb from now on (1 = the next) fails with the code; n 0 = none does. */
void db_fault_set(struct db *db, int64_t n, enum db_fault_when when, enum err_code code);
/* Name of the verb that failed, for messages; "" = none yet. */
const char *db_fault_failed(struct db *db);

#endif
