#ifndef PANNIER_MODEL_ID_TEXT_H
#define PANNIER_MODEL_ID_TEXT_H

#include "base/str.h"

/*
 * Ids as people see them: "m" (message) or "d" (delivery) and the id in Crockford's base32, lower-case, without leading zeros:
 * m1, d7k3p. Read back in either case, with o for 0 and i or l for 1.
 */
#define ID_TEXT_BYTES 16

enum id_kind { ID_MESSAGE, ID_DELIVERY };

/* id >= 0; out is NUL-terminated. */
void id_text(enum id_kind kind, int64_t id, char out[static ID_TEXT_BYTES]);
/* False if the text is not such an id, or above 63 bits. */
bool id_parse(struct str text, enum id_kind *kind, int64_t *id);

#endif
