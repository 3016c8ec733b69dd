/*
 * Connecting an account by OAuth: the address of Klaviyo's page, and requests for tokens.
 *
 * Pure.
 */
#include "klaviyo/oauth.h"

#include "base/strbuf.h"
#include "net/oauth.h"

#define API_HOST      "https://a.klaviyo.com"
#define AUTHORIZE_URL "https://www.klaviyo.com/oauth/authorize"
#define TEXT_MAX      ((size_t)16384)
#define HEADERS	      3

static struct str take(struct strbuf *text, struct arena *arena)
{
	struct str out = arena_dup(arena, strbuf_str(text));

	strbuf_release(text);
	return out;
}

struct str klaviyo_authorize_url(const struct klaviyo_app *app, struct str api_url, struct str redirect_url,
				 struct str state, struct str verifier, struct arena *arena)
{
	bool is_klaviyo = str_eq(api_url, STR(API_HOST));
	struct strbuf query;
	struct str fields;

	strbuf_init(&query, TEXT_MAX);
	oauth_add_field(&query, "response_type", STR("code"));
	oauth_add_field(&query, "client_id", app->client_id);
	oauth_add_field(&query, "redirect_uri", redirect_url);
	oauth_add_field(&query, "scope", STR(KLAVIYO_OAUTH_SCOPES));
	oauth_add_field(&query, "state", state);
	oauth_add_field(&query, "code_challenge_method", STR("S256"));
	oauth_add_field(&query, "code_challenge", oauth_challenge(verifier, arena));
	fields = take(&query, arena);
	if (is_klaviyo)
		return arena_printf(arena, AUTHORIZE_URL "?%.*s", STR_ARG(fields));
	return arena_printf(arena, "%.*s/oauth/authorize?%.*s", STR_ARG(api_url), STR_ARG(fields));
}

static struct klaviyo_token_request token_request(const struct klaviyo_app *app, struct str api_url,
						  struct strbuf *form, struct arena *arena)
{
	struct http_header *header = ARENA_ARRAY(arena, HEADERS, struct http_header);

	header[0] = (struct http_header){ STR("Authorization"),
					  oauth_basic(app->client_id, app->client_secret, arena) };
	header[1] = (struct http_header){ STR("Content-Type"), STR("application/x-www-form-urlencoded") };
	header[2] = (struct http_header){ STR("Accept"), STR("application/json") };
	return (struct klaviyo_token_request){
		.url = arena_printf(arena, "%.*s/oauth/token", STR_ARG(api_url)),
		.header = header,
		.n_header = HEADERS,
		.body = take(form, arena),
	};
}

struct klaviyo_token_request klaviyo_token_for_code(const struct klaviyo_app *app, struct str api_url,
						    struct str code, struct str verifier,
						    struct str redirect_url, struct arena *arena)
{
	struct strbuf form;

	strbuf_init(&form, TEXT_MAX);
	oauth_add_field(&form, "grant_type", STR("authorization_code"));
	oauth_add_field(&form, "code", code);
	oauth_add_field(&form, "code_verifier", verifier);
	oauth_add_field(&form, "redirect_uri", redirect_url);
	return token_request(app, api_url, &form, arena);
}

struct klaviyo_token_request klaviyo_token_for_refresh(const struct klaviyo_app *app, struct str api_url,
						       struct str refresh, struct arena *arena)
{
	struct strbuf form;

	strbuf_init(&form, TEXT_MAX);
	oauth_add_field(&form, "grant_type", STR("refresh_token"));
	oauth_add_field(&form, "refresh_token", refresh);
	return token_request(app, api_url, &form, arena);
}
