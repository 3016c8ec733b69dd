#ifndef PANNIER_TESTS_CONTRACT_CONTRACT_SQLITE_H
#define PANNIER_TESTS_CONTRACT_CONTRACT_SQLITE_H

#include "contract/contract.h"
#include "store/sqlite/sqlite_rows.h"

/* What tests of the SQLite backend alone do behind its verbs. Whatever goes wrong fails the test. */

struct sqlite *sqlite_in(struct db *db);
/* SQL without a result. */
void execute(sqlite3 *handle, const char *sql);
/* The number that a SELECT begins with. */
int64_t count_in(struct db *db, const char *sql);
/* n messages of the contract's store into db; their keys are the numbers from first on. How many were duplicates. */
size_t append_keys(struct contract *contract, struct db *db, uint64_t first, uint64_t n);

#endif
