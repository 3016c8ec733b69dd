#ifndef PANNIER_BASE_DIGEST_H
#define PANNIER_BASE_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

/* Digests and their text forms (OpenSSL behind). */

#define SHA256_BYTES 32

/* The first 16 bytes of a SHA-256: identity of contents, not a secret. All zero means "none". */
struct digest16 {
	unsigned char byte[16];
};

void digest_sha256(struct str data, unsigned char out[static SHA256_BYTES]);
/* The same of what comes piece by piece. */
struct digest_sum;
struct digest_sum *digest_sum_new(void);
void digest_sum_add(struct digest_sum *sum, struct str data);
void digest_sum_end(struct digest_sum *sum, unsigned char out[static SHA256_BYTES]); /* it begins anew */
void digest_sum_free(struct digest_sum *sum); /* NULL allowed */
/* HMAC-SHA256 over the parts one after the other, as if they were one text. */
void digest_hmac_sha256(struct str key, const struct str *part, size_t n,
			unsigned char out[static SHA256_BYTES]);
/* Digest of the parts; each is preceded by its length, so that ("ab","c") and ("a","bc") differ. */
struct digest16 digest16_of(const struct str *part, size_t n);
bool digest16_eq(struct digest16 a, struct digest16 b);
bool digest16_is_zero(struct digest16 digest);

/* Equal? Takes the same time wherever they differ; different lengths are unequal. */
bool secret_eq(struct str a, struct str b);

/* Lower-case hex, NUL-terminated; out has 2 * len + 1 bytes. */
void hex_encode(const void *bytes, size_t len, char *out);
bool hex_decode(struct str text, unsigned char *out, size_t out_len); /* exactly out_len bytes */
/* Standard base64 with padding, in the arena. */
struct str base64_encode(struct arena *arena, const void *bytes, size_t len);
/* Accepts missing padding; refuses anything else that is not base64. Result in the arena. */
bool base64_decode(struct arena *arena, struct str text, struct str *out);

#endif
