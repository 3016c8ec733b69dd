#ifndef PANNIER_STORE_STORE_WORDS_H
#define PANNIER_STORE_STORE_WORDS_H

#include "base/arena.h"
#include "model/fact.h"

/* What products and categories are searched by (db_catalog_search), alike in every backend. Any thread; results in the arena. */

#define STORE_WORDS_BYTES 2000 /* of one entity, as the shop wrote them */

/* Does this part of such an entity say them? */
bool store_part_has_words(enum entity_kind kind, struct str part);
/* Of such a part: SKU and title, in every language, a line each, folded. "" if there are none. */
struct str store_fact_words(const struct fact *fact, struct arena *arena);
/* In lower case, by Unicode's simple mapping, so that case does not count. */
struct str store_fold(struct str text, struct arena *arena);

#endif
