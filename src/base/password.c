/*
 * Passwords and second factors.
 *
 * Source: RFC 4226 (HOTP), RFC 6238 (TOTP), RFC 4648 (base32). Argon2id with libsodium's "interactive"
 *         limits: two passes over 64 MiB, OWASP's advice of 2023 being two over 19 MiB.
 * Threads: any.
 */
#include "base/password.h"

#include "base/digest.h"
#include "base/password_internal.h"
#include "base/utf8.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HASH_OPS   crypto_pwhash_OPSLIMIT_INTERACTIVE
#define SHA1_BYTES 20

static size_t hash_bytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;

void password_set_memory(size_t bytes)
{
	hash_bytes = bytes;
}

bool password_check(struct str password, struct err *err)
{
	if (password.len < PASSWORD_BYTES_MIN)
		return err_set(err, ERR_INVALID, "a password has %d bytes or more", PASSWORD_BYTES_MIN);
	if (password.len > PASSWORD_BYTES_MAX)
		return err_set(err, ERR_INVALID, "a password has %d bytes at most", PASSWORD_BYTES_MAX);
	if (!utf8_valid(password))
		return err_set(err, ERR_INVALID, "a password is UTF-8");
	return true;
}

static void start_sodium(void)
{
	int started = sodium_init();

	assert(started >= 0);
	(void)started;
}

bool password_hash(struct str password, struct arena *arena, struct str *out, struct err *err)
{
	char hash[crypto_pwhash_STRBYTES];

	start_sodium();
	if (crypto_pwhash_str_alg(hash, password.p, password.len, HASH_OPS, hash_bytes,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(err, ERR_BUSY, "not enough memory to hash a password");
	*out = arena_dup(arena, str_from(hash));
	return true;
}

/* The work of a hash for nothing, so that an unknown name takes as long as a known one. */
static void hash_in_vain(struct str password)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES] = { 0 };
	unsigned char out[32];

	if (crypto_pwhash(out, sizeof(out), password.p ? password.p : "", password.len, salt, HASH_OPS,
			  hash_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0)
		sodium_memzero(out, sizeof(out));
}

bool password_verify(struct str hash, struct str password)
{
	char text[crypto_pwhash_STRBYTES] = { 0 };

	start_sodium();
	if (hash.len == 0 || hash.len >= sizeof(text)) {
		hash_in_vain(password);
		return false;
	}
	memcpy(text, hash.p, hash.len);
	return crypto_pwhash_str_verify(text, password.p ? password.p : "", password.len) == 0;
}

/* ---- second factor ---- */

void totp_code(struct str key, int64_t step, char out[static TOTP_DIGITS + 1])
{
	unsigned char counter[8], mac[SHA1_BYTES];
	unsigned mac_len = sizeof(mac), at;
	const unsigned char *made;
	uint32_t number;

	for (int i = 0; i < 8; i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	made = HMAC(EVP_sha1(), key.p, (int)key.len, counter, sizeof(counter), mac, &mac_len);
	assert(made); /* fails only for want of memory */
	(void)made;
	at = mac[SHA1_BYTES - 1] & 0x0fu;
	number = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 |
		 mac[at + 3];
	(void)snprintf(out, TOTP_DIGITS + 1, "%06u", (unsigned)(number % 1000000));
}

bool totp_verify(struct str key, struct str code, int64_t now_ms, int64_t last_step, int64_t *step)
{
	int64_t now = now_ms / TOTP_STEP_MS;
	bool good = false;

	for (int64_t at = now - 1; at <= now + 1; at++) {
		char want[TOTP_DIGITS + 1];

		totp_code(key, at, want);
		if (!secret_eq(code, str_of(want, TOTP_DIGITS)) || at <= last_step || good)
			continue;
		good = true;
		*step = at;
	}
	return good;
}

/* ---- base32 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

struct str base32_encode(struct arena *arena, struct str bytes)
{
	char *text = arena_alloc(arena, bytes.len * 8 / 5 + 2);
	uint32_t bits = 0;
	size_t n = 0;
	int n_bits = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = (bits << 8 | (unsigned char)bytes.p[i]) & 0xfff;
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			text[n++] = alphabet[bits >> (n_bits - 5) & 31];
	}
	if (n_bits > 0)
		text[n++] = alphabet[bits << (5 - n_bits) & 31];
	text[n] = '\0';
	return str_of(text, n);
}

bool base32_decode(struct arena *arena, struct str text, struct str *out)
{
	char *bytes = arena_alloc(arena, text.len * 5 / 8 + 1);
	uint32_t bits = 0;
	size_t n = 0;
	int n_bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		const char *at;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c == ' ' || c == '=' || c == '-')
			continue;
		at = c ? strchr(alphabet, c) : NULL;
		if (!at)
			return false;
		bits = (bits << 5 | (uint32_t)(at - alphabet)) & 0xfff;
		n_bits += 5;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		bytes[n++] = (char)(bits >> n_bits & 0xff);
	}
	*out = str_of(bytes, n);
	return true;
}
