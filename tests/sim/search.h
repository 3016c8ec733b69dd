#ifndef PANNIER_TESTS_SIM_SEARCH_H
#define PANNIER_TESTS_SIM_SEARCH_H

#include "store/store.h"

/*
 * At the end of a run: what the shops have is found by its title and SKU, by no other one it had, and in its own store; what is deleted
 * is not. A store in memory that is told the same facts finds the same.
 */
void search_check(struct db *db);

#endif
