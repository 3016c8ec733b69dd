#ifndef PANNIER_BASE_PACK_H
#define PANNIER_BASE_PACK_H

#include "base/digest.h"
#include "base/err.h"

#include <stdint.h>

/*
 * A new file written twice in constant memory: as it is (path), and as gzip beside it (path + ".gz"). Both get their names when they
 * are whole; until then what was there before stays.
 */
struct pack;

/* Caller owns *out: pack_end or pack_drop. */
bool pack_open(const char *path, struct pack **out, struct err *err) MUST_CHECK;
/* Here and below ERR_BUSY: the disk is full. */
bool pack_add(struct pack *pack, struct str text, struct err *err) MUST_CHECK;
int64_t pack_bytes(const struct pack *pack); /* unpacked, so far */
/* digest: of the unpacked bytes. Frees, also when false. */
bool pack_end(struct pack *pack, struct digest16 *digest, struct err *err) MUST_CHECK;
/* Nothing of it stays. NULL allowed. */
void pack_drop(struct pack *pack);

#endif
