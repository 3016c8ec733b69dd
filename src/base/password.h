#ifndef PANNIER_BASE_PASSWORD_H
#define PANNIER_BASE_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"

/* Passwords (Argon2id, libsodium behind) and codes of a second factor (TOTP, RFC 6238). */

#define PASSWORD_BYTES_MIN 12
#define PASSWORD_BYTES_MAX 256

/* May it be a password? ERR_INVALID: too short, too long, or not UTF-8. */
bool password_check(struct str password, struct err *err) MUST_CHECK;
/* Its hash with salt and parameters, as text, in the arena. Takes 64 MiB and some 0.1 s. ERR_BUSY: no memory for it now. */
bool password_hash(struct str password, struct arena *arena, struct str *out, struct err *err) MUST_CHECK;
/* Is it the password of the hash? Takes as long as password_hash, also for the hash "" (then false). */
bool password_verify(struct str hash, struct str password);

/* Six digits for a step of 30 s (SHA-1, as every app reads them). */
#define TOTP_STEP_MS   INT64_C(30000)
#define TOTP_DIGITS    6
#define TOTP_KEY_BYTES 20
void totp_code(struct str key, int64_t step, char out[static TOTP_DIGITS + 1]);
/*
 * Is it the code of the step of now_ms, or of the one before or after it, and newer than the last one used? *step: which. Takes the same
 * time wherever the code is wrong.
 */
bool totp_verify(struct str key, struct str code, int64_t now_ms, int64_t last_step, int64_t *step);

/* Base32 (RFC 4648) without padding, in the arena. */
struct str base32_encode(struct arena *arena, struct str bytes);
/* Either case, spaces and padding are passed over; false for anything else. */
bool base32_decode(struct arena *arena, struct str text, struct str *out);

#endif
