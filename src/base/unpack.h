#ifndef PANNIER_BASE_UNPACK_H
#define PANNIER_BASE_UNPACK_H

#include "base/digest.h"
#include "base/err.h"

#include <stdint.h>

/*
 * A file read from its beginning to its end in constant memory, unpacked on the way: gzip (RFC 1952, also several members one
 * after the other), Zstandard (RFC 8878, several frames), or bytes as they are. Its first bytes say which, not its name.
 */
struct unpack;

/* Caller owns *out: unpack_close. ERR_NOT_FOUND; ERR_DENIED: no permission; ERR_INVALID: no ordinary file. */
bool unpack_open(const char *path, struct unpack **out, struct err *err) MUST_CHECK;
void unpack_close(struct unpack *unpack); /* NULL allowed */
/* The next bytes, at most max; *n 0 = the end. ERR_INVALID: what is packed is broken or cut off. */
bool unpack_read(struct unpack *unpack, void *to, size_t max, size_t *n, struct err *err) MUST_CHECK;
/* Passes over n unpacked bytes: at once in an ordinary file, by unpacking in others. ERR_INVALID: there are fewer. */
bool unpack_skip(struct unpack *unpack, int64_t n, struct err *err) MUST_CHECK;
/* Bytes of the file, and how many of them were read: for telling how far it is. */
int64_t unpack_size(const struct unpack *unpack);
int64_t unpack_used(const struct unpack *unpack);

/*
 * What tells a file's contents from others': its size and all of it up to 16 MiB; of a larger one 256 pieces of 64 KiB, the first and
 * the last bytes among them, so that it takes no longer. A file that grew or was written anew has another one; copying or touching
 * it changes nothing.
 */
bool unpack_fingerprint(const char *path, struct digest16 *digest, int64_t *size, struct err *err) MUST_CHECK;

#endif
