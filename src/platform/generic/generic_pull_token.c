/*
 * Pulling by settings: OAuth 2.0 tokens, from client credentials, an authorization code or a refresh token.
 *
 * Keeps:   what is kept of a token tells the settings it was got with: with others it counts no more. A
 *          refresh token that the server replaces is used from then on.
 * Source:  RFC 6749, 4.1.3, 4.4, 6.
 * Pure.
 */
#include "platform/generic/generic_pull.h"

#include "base/clock.h"
#include "net/oauth.h"

#define BODY_BYTES_MAX 16384
#define HEADERS	       3
/* Asked for anew so long before it runs out. */
#define EARLY_MS (60 * MS_PER_S)

bool generic_pull_needs_token(const struct platform_store *store)
{
	return generic_pull_setting(store, "pull_token_url").len > 0;
}

/* Digest of the settings that tokens are got with. */
static struct str settings_mark(const struct platform_store *store, struct arena *arena)
{
	const struct str part[] = {
		generic_pull_setting(store, "pull_token_url"),
		generic_pull_setting(store, "pull_client_id"),
		generic_pull_setting(store, "pull_client_secret"),
		generic_pull_setting(store, "pull_scope"),
		generic_pull_setting(store, "pull_refresh_token"),
		generic_pull_setting(store, "pull_code"),
	};
	struct digest16 digest = digest16_of(part, ARRAY_LEN(part));
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_dup(arena, str_from(hex));
}

/* A kept token, if it was got with these settings; to be freed. */
static struct json *parse_kept(const struct platform_store *store, struct str token, struct arena *arena)
{
	struct json *json = NULL;

	if (token.len == 0 || !json_parse(token, &json, NULL))
		return NULL;
	if (str_eq(json_get_text(json, "settings"), settings_mark(store, arena)))
		return json;
	json_free(json);
	return NULL;
}

struct str generic_pull_access_token(const struct platform_store *store, const struct pull_ask *ask,
				     struct arena *arena)
{
	struct json *kept = parse_kept(store, ask->token, arena);
	struct str token = STR("");
	int64_t until_ms = 0;

	if (kept && !ask->token_denied && json_get_int(kept, "until_ms", &until_ms) &&
	    until_ms - EARLY_MS > ask->now_ms)
		token = arena_dup(arena, json_get_text(kept, "access"));
	json_free(kept);
	return token;
}

/*
 * The newest refresh token: the server's, else the setting's; "" = there is none yet, or what we have are
 * client credentials, which need none.
 */
static struct str refresh_token(const struct platform_store *store, struct str token, struct arena *arena)
{
	struct json *kept = parse_kept(store, token, arena);
	struct str refresh = arena_dup(arena, json_get_text(kept, "refresh")),
		   first = generic_pull_setting(store, "pull_refresh_token");
	bool by_person = first.len > 0 || generic_pull_setting(store, "pull_code").len > 0;

	json_free(kept);
	return refresh.len > 0 && by_person ? refresh : first;
}

static void add_grant(struct strbuf *body, const struct platform_store *store, struct str refresh)
{
	struct str code = generic_pull_setting(store, "pull_code");

	if (refresh.len > 0) {
		oauth_add_field(body, "grant_type", STR("refresh_token"));
		oauth_add_field(body, "refresh_token", refresh);
	} else if (code.len > 0) {
		oauth_add_field(body, "grant_type", STR("authorization_code"));
		oauth_add_field(body, "code", code);
		oauth_add_field(body, "redirect_uri", generic_pull_setting(store, "pull_redirect_url"));
		return; /* the scope is the code's */
	} else {
		oauth_add_field(body, "grant_type", STR("client_credentials"));
	}
	oauth_add_field(body, "scope", generic_pull_setting(store, "pull_scope"));
}

bool generic_pull_ask_token(const struct platform_store *store, const struct pull_ask *ask,
			    struct arena *arena, struct pull_request *out, struct err *err)
{
	struct http_header *header = ARENA_ARRAY(arena, HEADERS, struct http_header);
	struct str refresh = refresh_token(store, ask->token, arena);
	struct str id = generic_pull_setting(store, "pull_client_id"),
		   secret = generic_pull_setting(store, "pull_client_secret");
	bool in_body = str_eq(generic_pull_setting(store, "pull_client_auth"), STR("body"));
	struct strbuf body;

	if (id.len == 0)
		return err_set(err, ERR_INVALID, "pull_token_url needs pull_client_id");
	strbuf_init(&body, BODY_BYTES_MAX);
	add_grant(&body, store, refresh);
	oauth_add_field(&body, "client_id", in_body ? id : STR(""));
	oauth_add_field(&body, "client_secret", in_body ? secret : STR(""));
	*out = (struct pull_request){ .method = "POST",
				      .url = generic_pull_setting(store, "pull_token_url"),
				      .header = header,
				      .n_header = in_body ? 2 : 3,
				      .body = arena_dup(arena, strbuf_str(&body)),
				      .for_token = true };
	strbuf_release(&body);
	header[0] = (struct http_header){ STR("Accept"), STR("application/json") };
	header[1] = (struct http_header){ STR("Content-Type"), STR("application/x-www-form-urlencoded") };
	if (!in_body)
		header[2] = (struct http_header){ STR("Authorization"), oauth_basic(id, secret, arena) };
	return true;
}

void generic_pull_read_token(const struct platform_store *store, const struct pull_ask *ask,
			     const struct pull_answer *answer, struct arena *arena, struct pull_page *out)
{
	struct json *kept = json_new_object();
	struct oauth_token token;
	struct err why;

	out->verdict = PULL_TOKEN;
	if (!oauth_read_token(answer->body, ask->now_ms, arena, &token, &why)) {
		out->verdict = PULL_REFUSED;
		out->reason = arena_dup(arena, str_from(why.msg));
	}
	json_set_text(kept, "settings", settings_mark(store, arena));
	json_set_text(kept, "access", token.access);
	json_set_text(kept, "refresh",
		      token.refresh.len ? token.refresh : refresh_token(store, ask->token, arena));
	/* At least long enough to be used once. */
	json_set(kept, "until_ms", json_new_int(token.until_ms + EARLY_MS));
	out->token = json_write_arena(kept, true, arena);
	json_free(kept);
}
