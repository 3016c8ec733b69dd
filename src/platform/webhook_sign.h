#ifndef PANNIER_PLATFORM_WEBHOOK_SIGN_H
#define PANNIER_PLATFORM_WEBHOOK_SIGN_H

#include "base/arena.h"
#include "net/http_server.h"

/* Requests of our own, signed as Standard Webhooks 1.0.0 says (standard-webhooks/spec, 2026-08-17). Pure; results in the arena. */

#define WEBHOOK_SIGN_HEADERS 3

/* The key that a secret stands for: what whsec_ and base64 give, or the secret as it is. False: what follows whsec_ is no base64. */
bool webhook_sign_key(struct str secret, struct arena *arena, struct str *key);

/*
 * webhook-id, webhook-timestamp, webhook-signature over "id.timestamp.body": "v1,<base64 of HMAC-SHA256>" for each secret, with a
 * space between them, so that it fits while a secret is being changed. A secret that stands for no key is the key itself. id: without dots.
 */
void webhook_sign(const struct str *secret, size_t n_secret, struct str id, struct str body, int64_t now_ms, struct arena *arena,
		  struct http_header header[static WEBHOOK_SIGN_HEADERS]);

#endif
