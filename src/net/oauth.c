/*
 * OAuth 2.0: forms, answers, challenges.
 *
 * Keeps:   what a server says of a token's life is believed within a month.
 * Source:  RFC 6749 (2.3.1, 4.1.3, 5, 6), RFC 7636 (4.1, 4.2).
 * Pure.
 */
#include "net/oauth.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "net/url.h"

#define PAIR_BYTES_MAX ((size_t)16384)
/* Where the server does not say how long a token lasts. */
#define LIFE_DEFAULT_S 3600
#define LIFE_MAX_S     (30 * 86400)
#define ERROR_MAX      300

struct str oauth_basic(struct str id, struct str secret, struct arena *arena)
{
	struct strbuf pair;
	struct str out;

	strbuf_init(&pair, PAIR_BYTES_MAX);
	url_encode(id, "", &pair);
	strbuf_add_char(&pair, ':');
	url_encode(secret, "", &pair);
	out = base64_encode(arena, pair.p, pair.len);
	strbuf_release(&pair);
	return arena_printf(arena, "Basic %.*s", STR_ARG(out));
}

void oauth_add_field(struct strbuf *form, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	strbuf_addf(form, "%s%s=", form->len ? "&" : "", name);
	url_encode(value, "", form);
}

static int64_t life_s(const struct json *answer)
{
	const struct json *value = json_get(answer, "expires_in");
	int64_t seconds = LIFE_DEFAULT_S;

	if (json_type(value) == JSON_STRING)
		(void)str_to_int64(json_text(value), &seconds);
	else if (json_type(value) == JSON_INTEGER || json_type(value) == JSON_REAL)
		seconds = json_number(value) < LIFE_MAX_S ? (int64_t)json_number(value) : LIFE_MAX_S;
	return seconds > 0 && seconds < LIFE_MAX_S ? seconds : LIFE_DEFAULT_S;
}

bool oauth_read_token(struct str answer, int64_t now_ms, struct arena *arena, struct oauth_token *out,
		      struct err *err)
{
	struct json *json = NULL;
	bool ok = json_parse(answer, &json, NULL);

	*out = (struct oauth_token){ .access = arena_dup(arena, json_get_text(json, "access_token")),
				     .refresh = arena_dup(arena, json_get_text(json, "refresh_token")),
				     .until_ms = now_ms + life_s(json) * MS_PER_S };
	json_free(json);
	return (ok && out->access.len > 0) ||
	       err_set(err, ERR_INVALID, "the answer to the request for a token holds no access_token");
}

struct str oauth_read_error(struct str answer, struct arena *arena)
{
	struct json *json = NULL;
	struct str text = STR(""), code, why;

	if (!json_parse(answer, &json, NULL))
		return text;
	code = json_get_text(json, "error");
	why = json_get_text(json, "error_description");
	if (code.len > 0)
		text = arena_printf(arena, "%.*s%s%.*s", (int)(code.len < ERROR_MAX ? code.len : ERROR_MAX),
				    code.p, why.len > 0 ? ": " : "",
				    (int)(why.len < ERROR_MAX ? why.len : ERROR_MAX), why.p);
	json_free(json);
	return text;
}

struct str oauth_base64url(const void *bytes, size_t len, struct arena *arena)
{
	struct str text = base64_encode(arena, bytes, len);
	char *at = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (; n < text.len && text.p[n] != '='; n++)
		at[n] = text.p[n] == '+' ? '-' : text.p[n] == '/' ? '_' : text.p[n];
	at[n] = '\0';
	return str_of(at, n);
}

struct str oauth_challenge(struct str verifier, struct arena *arena)
{
	unsigned char digest[SHA256_BYTES];

	digest_sha256(verifier, digest);
	return oauth_base64url(digest, sizeof(digest), arena);
}
