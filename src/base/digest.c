/*
 * Digests (OpenSSL's SHA-256) and their text forms (libsodium's hex and base64).
 *
 * Keeps:   SHA-256 is looked up in OpenSSL once per process: the lookup costs as much as hashing a kilobyte.
 *          HMAC is built from two digests here (RFC 2104), because OpenSSL 3's HMAC repeats that lookup on
 *          every call.
 * Threads: any.
 */
#include "base/digest.h"

#include "base/alloc.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define SHA256_BLOCK_BYTES 64

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256; /* never freed: lives as long as the process */

static void find_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(sha256); /* an OpenSSL without SHA-256 is no OpenSSL */
}

static EVP_MD_CTX *hash_new(void)
{
	EVP_MD_CTX *hash;

	(void)pthread_once(&once, find_sha256);
	hash = EVP_MD_CTX_new();
	assert(hash);
	return hash;
}

/* OpenSSL's digest calls fail only for want of memory or by wrong use, so these assert. */
static void hash_start(EVP_MD_CTX *hash)
{
	int done = EVP_DigestInit_ex(hash, sha256, NULL);

	assert(done == 1);
}

static void hash_add(EVP_MD_CTX *hash, const void *bytes, size_t len)
{
	int done = len == 0 || EVP_DigestUpdate(hash, bytes, len);

	assert(done == 1);
}

static void hash_end(EVP_MD_CTX *hash, unsigned char out[static SHA256_BYTES])
{
	int done = EVP_DigestFinal_ex(hash, out, NULL);

	assert(done == 1);
}

void digest_sha256(struct str data, unsigned char out[static SHA256_BYTES])
{
	EVP_MD_CTX *hash = hash_new();

	hash_start(hash);
	hash_add(hash, data.p, data.len);
	hash_end(hash, out);
	EVP_MD_CTX_free(hash);
}

static void add_pad(EVP_MD_CTX *hash, const unsigned char key[static SHA256_BLOCK_BYTES], unsigned char mask)
{
	unsigned char pad[SHA256_BLOCK_BYTES];

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = key[i] ^ mask;
	hash_add(hash, pad, sizeof(pad));
	sodium_memzero(pad, sizeof(pad));
}

struct digest_sum {
	EVP_MD_CTX *hash;
};

struct digest_sum *digest_sum_new(void)
{
	struct digest_sum *sum = mem_zalloc(1, sizeof(*sum));

	sum->hash = hash_new();
	hash_start(sum->hash);
	return sum;
}

void digest_sum_add(struct digest_sum *sum, struct str data)
{
	hash_add(sum->hash, data.p, data.len);
}

void digest_sum_end(struct digest_sum *sum, unsigned char out[static SHA256_BYTES])
{
	hash_end(sum->hash, out);
	hash_start(sum->hash);
}

void digest_sum_free(struct digest_sum *sum)
{
	if (!sum)
		return;
	EVP_MD_CTX_free(sum->hash);
	mem_free(sum);
}

void digest_hmac_sha256(struct str key, const struct str *part, size_t n,
			unsigned char out[static SHA256_BYTES])
{
	unsigned char block[SHA256_BLOCK_BYTES] = { 0 };
	unsigned char inner[SHA256_BYTES];
	EVP_MD_CTX *hash = hash_new();

	if (key.len > sizeof(block))
		digest_sha256(key, block);
	else if (key.len)
		memcpy(block, key.p, key.len);
	hash_start(hash);
	add_pad(hash, block, 0x36);
	for (size_t i = 0; i < n; i++)
		hash_add(hash, part[i].p, part[i].len);
	hash_end(hash, inner);
	hash_start(hash);
	add_pad(hash, block, 0x5c);
	hash_add(hash, inner, sizeof(inner));
	hash_end(hash, out);
	EVP_MD_CTX_free(hash);
	sodium_memzero(block, sizeof(block));
}

struct digest16 digest16_of(const struct str *part, size_t n)
{
	unsigned char whole[SHA256_BYTES];
	struct digest16 digest;
	EVP_MD_CTX *hash = hash_new();

	hash_start(hash);
	for (size_t i = 0; i < n; i++) {
		unsigned char len[8];

		for (size_t k = 0; k < sizeof(len); k++)
			len[k] = (unsigned char)((uint64_t)part[i].len >> (8 * k));
		hash_add(hash, len, sizeof(len));
		hash_add(hash, part[i].p, part[i].len);
	}
	hash_end(hash, whole);
	EVP_MD_CTX_free(hash);
	memcpy(digest.byte, whole, sizeof(digest.byte));
	return digest;
}

bool digest16_eq(struct digest16 a, struct digest16 b)
{
	return memcmp(a.byte, b.byte, sizeof(a.byte)) == 0;
}

bool digest16_is_zero(struct digest16 digest)
{
	return digest16_eq(digest, (struct digest16){ 0 });
}

bool secret_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || sodium_memcmp(a.p, b.p, a.len) == 0);
}

void hex_encode(const void *bytes, size_t len, char *out)
{
	(void)sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

bool hex_decode(struct str text, unsigned char *out, size_t out_len)
{
	size_t len = 0;

	if (text.len != 2 * out_len)
		return false;
	if (out_len == 0)
		return true;
	return sodium_hex2bin(out, out_len, text.p, text.len, NULL, &len, NULL) == 0 && len == out_len;
}

struct str base64_encode(struct arena *arena, const void *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL); /* with NUL */
	char *out = arena_alloc(arena, size);

	(void)sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	return str_of(out, size - 1);
}

bool base64_decode(struct arena *arena, struct str text, struct str *out)
{
	size_t padded_len = text.len, len = 0, size;
	unsigned char *bytes;

	while (text.len && text.p[text.len - 1] == '=')
		text.len--;
	if (padded_len != text.len && (padded_len % 4 != 0 || padded_len - text.len > 2))
		return false;
	size = text.len / 4 * 3 + 3;
	bytes = arena_alloc(arena, size);
	if (text.len && sodium_base642bin(bytes, size, text.p, text.len, NULL, &len, NULL,
					  sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return false;
	*out = str_of((const char *)bytes, len);
	return true;
}
