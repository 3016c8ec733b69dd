#ifndef PANNIER_SANDBOX_IDENT_H
#define PANNIER_SANDBOX_IDENT_H

#include "base/rand.h"

/* Ids as Klaviyo makes them, NUL-terminated. */

#define IDENT_LONG_BYTES 27
#define IDENT_SHORT_BYTES 7

/* 26 letters and digits, as a ULID: 10 of the time, 16 of chance. Of profiles and catalog jobs. */
void ident_long(struct rand *rand, int64_t wall_ms, char id[static IDENT_LONG_BYTES]);
/* 6 letters and digits of chance. Of lists and metrics. */
void ident_short(struct rand *rand, char id[static IDENT_SHORT_BYTES]);

#endif
