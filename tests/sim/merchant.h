#ifndef PANNIER_TESTS_SIM_MERCHANT_H
#define PANNIER_TESTS_SIM_MERCHANT_H

#include "store/store.h"

/*
 * What merchants ask for, beside what their shops do: that a shop is asked for all it holds, that what was received or sent is
 * replayed, that Klaviyo is compared with the shop and mended. Whoever finds the process down asks again.
 */
void merchant_begin(int64_t until_ms);
/* The end of the first phase: shops that do not tell are asked. */
void merchant_asks_all(void);
/* Once everything is drained: all is replayed, an old file is read, a default changes. False: nothing of this. */
bool merchant_has_last_wishes(void);
/*
 * And last, by itself, as what changes here while it is compared is not judged: somebody changes things in Klaviyo, and it is mended.
 * False: nobody does.
 */
bool merchant_has_to_mend(void);
/* The comparison alone. */
void merchant_mends_again(void);
/* Whatever was asked for is done. */
bool merchant_is_done(struct db *db);

#endif
