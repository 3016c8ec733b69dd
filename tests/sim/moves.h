#ifndef PANNIER_TESTS_SIM_MOVES_H
#define PANNIER_TESTS_SIM_MOVES_H

#include "sim/shop.h"

/*
 * Customers whose address changes (OPTION_moves; not where people are erased): to a new one, or back to one they had. A shop tells a
 * customer's new address until it is taken in, and the customer does nothing there before that. Orders keep the address of their day.
 * At the end Klaviyo has one profile of each, under the address of now, with all their events.
 */
bool moves_happen(void);
/* Plans them, until that time. */
void moves_begin(int64_t until_ms);
/* The newest address that the shop has told for sure. */
const char *moves_known_email(const struct person *person);
/* When they said yes for that address; false: it is not theirs, and never was. */
bool moves_yes_ms(const struct person *person, const char *email, int64_t *yes_ms);
/* When they left last by another address of theirs; 0 = never, or they have come back to that. */
int64_t moves_left_ms(const struct person *person);
/* All events of the order are at the profile of that address. */
void moves_check_order(int shop, const char *email, const char *order_id);
/* There is nobody under a former address; nobody is subscribed for one that never was. */
void moves_check_person(int shop, int person, bool is_subscribed);

#endif
