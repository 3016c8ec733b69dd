#ifndef PANNIER_SANDBOX_OAUTH_H
#define PANNIER_SANDBOX_OAUTH_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * OAuth 2.0 with PKCE, as Klaviyo's guides to setting it up and to an app's flow say: a page that asks a person, codes that count
 * once for five minutes, access tokens that end, refresh tokens that last until they are revoked. One app is registered, and one
 * account says yes.
 */
#define OAUTH_CLIENT_ID "sandbox-app"
#define OAUTH_CLIENT_SECRET "sandbox-app-secret"
#define OAUTH_KEY "pk_oauth_sandbox_account" /* whose account it is; no key that anybody has */

#define OAUTH_CODES_MAX 64
#define OAUTH_TOKENS_MAX 256
#define OAUTH_TEXT_BYTES 72
#define OAUTH_URL_BYTES 512

struct oauth_code {
	char code[OAUTH_TEXT_BYTES]; /* "" = free */
	char challenge[OAUTH_TEXT_BYTES];
	char redirect[OAUTH_URL_BYTES];
	int64_t until_ms;
};

struct oauth_access {
	char token[OAUTH_TEXT_BYTES];
	int64_t until_ms;
};

struct oauth_state {
	struct oauth_code code[OAUTH_CODES_MAX];
	size_t n_code;             /* ever given; the oldest give way */
	struct oauth_access access[OAUTH_TOKENS_MAX];
	size_t n_access;           /* ever given */
	char refresh[OAUTH_TEXT_BYTES]; /* "" = none yet */
};

struct call;
struct sandbox;
/*
 * GET /oauth/authorize, POST /oauth/token, POST /oauth/revoke; GET /sandbox/oauth, POST /sandbox/oauth/expire and /uninstall. True: it was
 * one of these.
 */
bool oauth_handle(struct call *call);
/* Is it an access token that counts now? */
bool oauth_accepts(struct sandbox *sandbox, struct str token);

#endif
