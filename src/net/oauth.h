#ifndef PANNIER_NET_OAUTH_H
#define PANNIER_NET_OAUTH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strbuf.h"

#include <stdint.h>

/* OAuth 2.0 as its clients speak it: what is the same towards every server (RFC 6749, RFC 7636). Pure; texts in the arena. */

struct oauth_token {
	struct str access;
	struct str refresh;        /* "" = the answer has none: the one before stays */
	int64_t until_ms;          /* when the access token ends, wall clock; an hour from now where the server does not say */
};

/* "Basic ...": both are encoded as form fields are first (RFC 6749, 2.3.1). */
struct str oauth_basic(struct str id, struct str secret, struct arena *arena);
/* Appends "&name=value" of a form; nothing for an empty value. */
void oauth_add_field(struct strbuf *form, const char *name, struct str value);
/* The answer of a token endpoint. ERR_INVALID: it holds no access token; the message quotes nothing of it. */
bool oauth_read_token(struct str answer, int64_t now_ms, struct arena *arena, struct oauth_token *out, struct err *err) MUST_CHECK;
/* "invalid_grant: The token was revoked.", from an answer that is an error; "" = it is none. */
struct str oauth_read_error(struct str answer, struct arena *arena);
/* The code challenge S256 of a verifier (RFC 7636, 4.2). */
struct str oauth_challenge(struct str verifier, struct arena *arena);
/* base64 without padding whose 62nd and 63rd characters are - and _ (RFC 4648, 5). */
struct str oauth_base64url(const void *bytes, size_t len, struct arena *arena);

#endif
