#ifndef PANNIER_TESTS_CRASH_STORE_CHILD_H
#define PANNIER_TESTS_CRASH_STORE_CHILD_H

#include "store/store.h"

/*
 * What processes of their own do to a database, so that they may die of it. A verb that fails ends the process: with 1 and its
 * message on standard error.
 */
#define CHILD_START_MS INT64_C(1785398400000) /* 2026-07-30T08:00:00Z */
#define CHILD_KILLED_BY(signal) (128 + (signal))

void child_must(bool ok, const struct err *err);
/* Made, and brought to the newest format, where it has to be. */
struct db *child_open(const char *folder);
/* One account and one store of the generic platform, both with the id 1. */
void child_add_shop(struct db *db);
/* A message about a product, known by its number; true: it was there already. */
bool child_append(struct db *db, int64_t now_ms, unsigned char number);
/* What is pending becomes a fact of the product. */
void child_map(struct db *db, int64_t now_ms, enum fact_op op);
/* The books, or the process ends with 1. */
void child_balance(struct db *db);

/* ---- days of a shop, and what upkeep makes of them ---- */

/* A product that is changed for days and deleted on the last. */
void child_fill(const char *folder);
/* A slice of upkeep a day from *today on, and more when there is more, until all is past its retention. */
void child_grow_old(const char *folder, int *today);
/* The books balance, all messages are counted, and nothing else is left of them; or the process ends with 1. */
void child_is_old(const char *folder);

/*
 * Runs work in a process of its own, which dies at crash_point if that is not NULL; its exit code, or CHILD_KILLED_BY its
 * signal.
 */
int child_apart(const char *crash_point, void (*work)(const char *folder), const char *folder);

#endif
