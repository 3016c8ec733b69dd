#ifndef PANNIER_TESTS_SIM_ERASURE_H
#define PANNIER_TESTS_SIM_ERASURE_H

#include "store/store.h"

/*
 * People who are erased (OPTION_erased): by a merchant, as `pannier erase` does it, or by their shop's message. Some shops forget them,
 * others go on telling old things; some people come back. At the end Klaviyo, the database and the disk have nothing left of what was.
 */
void erasure_open(void);
/* As a merchant; the shop's truth changes with it. */
bool erasure_ask(struct db *db, int shop, int person, struct err *err) MUST_CHECK;
/* Of whom a message tells, by the address or an order of theirs; -1 = of nobody. */
int erasure_person(struct str body);
/* A record that is in the database for good. */
void erasure_saw(const struct inbox_record *record, int64_t id);
bool erasure_was(int person); /* ever; -1 allowed */
/* All that a store holds back are orders of people who were erased: of those only more will never be known. */
bool erasure_explains_held(struct db *db, int64_t store_id);
void erasure_check(struct db *db);

#endif
