/*
 * Signing requests of our own: pulls from a shop, notices to its webhook, the demo's messages.
 *
 * Doesn't: check signatures (generic/generic_verify.c).
 * Pure.
 */
#include "platform/webhook_sign.h"

#include "base/clock.h"
#include "base/digest.h"

#include <inttypes.h>

static const struct str prefix = { "whsec_", 6 };

bool webhook_sign_key(struct str secret, struct arena *arena, struct str *key)
{
	*key = secret;
	return !str_starts(secret, prefix) || base64_decode(arena, str_skip(secret, prefix.len), key);
}

static struct str signature(struct str secret, const struct str *part, size_t n, struct arena *arena)
{
	unsigned char sum[SHA256_BYTES];
	struct str key;

	if (!webhook_sign_key(secret, arena, &key))
		key = secret;
	digest_hmac_sha256(key, part, n, sum);
	return base64_encode(arena, sum, sizeof(sum));
}

void webhook_sign(const struct str *secret, size_t n_secret, struct str id, struct str body, int64_t now_ms,
		  struct arena *arena, struct http_header header[static WEBHOOK_SIGN_HEADERS])
{
	struct str at = arena_printf(arena, "%" PRId64, now_ms / MS_PER_S), list = STR("");
	const struct str part[] = { id, STR("."), at, STR("."), body };

	for (size_t i = 0; i < n_secret; i++)
		list = arena_printf(arena, "%.*s%sv1,%.*s", STR_ARG(list), i ? " " : "",
				    STR_ARG(signature(secret[i], part, ARRAY_LEN(part), arena)));
	header[0] = (struct http_header){ STR("webhook-id"), id };
	header[1] = (struct http_header){ STR("webhook-timestamp"), at };
	header[2] = (struct http_header){ STR("webhook-signature"), list };
}
