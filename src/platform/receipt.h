#ifndef PANNIER_PLATFORM_RECEIPT_H
#define PANNIER_PLATFORM_RECEIPT_H

#include "base/arena.h"
#include "base/err.h"

/* What adapters have in common around a request: content types, secrets as text, the answer. */

/* The type without parameters ("application/json; charset=utf-8" is "application/json"). */
struct str receipt_media_type(struct str content_type);

/* {"accepted":n,"duplicates":m} */
struct str receipt_body(size_t n_accepted, size_t n_duplicate, struct arena *arena);

/* Printable ASCII of len_min..256 bytes, no space at either end; else ERR_INVALID says what is wrong. */
bool receipt_check_secret(struct str secret, size_t len_min, struct err *err);

/* A member of a store's settings as a C string; false if it is unknown, empty or does not fit. */
bool receipt_copy(struct str text, char *out, size_t size);

#endif
