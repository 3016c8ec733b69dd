#ifndef PANNIER_SETTINGS_SEAL_H
#define PANNIER_SETTINGS_SEAL_H

#include "base/arena.h"
#include "base/err.h"

/*
 * Secrets at rest: XChaCha20-Poly1305 (libsodium) under a 32-byte key in a file of its own, mode 0600.
 * Sealed form: byte 1 (version), 24 bytes nonce, ciphertext with tag. The label (for example "account/main/key") is
 * authenticated, so that a sealed text cannot be moved to another row.
 */
#define SEAL_KEY_BYTES 32

struct seal_key {
	unsigned char byte[SEAL_KEY_BYTES];
};

/*
 * Reads the key file, creating it with a fresh key if it is not there; its folder must exist. Safe if two processes start at once.
 * ERR_DENIED: others may read it. ERR_INVALID: not a key file, or it cannot be read or created.
 */
bool seal_key_open(const char *path, struct seal_key *out, struct err *err) MUST_CHECK;
void seal_key_wipe(struct seal_key *key);
/* Overwrites a text that held a secret; for arenas that are released soon after. */
void seal_text_wipe(struct str text);
struct str seal_text(const struct seal_key *key, struct str label, struct str text, struct arena *arena);
/* ERR_DENIED: another key, another label, or changed bytes. */
bool seal_open_text(const struct seal_key *key, struct str label, struct str sealed, struct arena *arena, struct str *out,
		    struct err *err) MUST_CHECK;

#endif
