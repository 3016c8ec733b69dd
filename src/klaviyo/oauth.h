#ifndef PANNIER_KLAVIYO_OAUTH_H
#define PANNIER_KLAVIYO_OAUTH_H

#include "base/arena.h"
#include "base/str.h"
#include "net/http_server.h"

/*
 * Connecting an account by OAuth 2.0 with PKCE: what to ask. Pure; texts in the arena.
 * Source: Klaviyo's guides to setting up OAuth and to handling an app's flow, 2026-07.
 */

/* All that Pannier can make use of; accounts:read says whose account it is. */
#define KLAVIYO_OAUTH_SCOPES \
	"accounts:read catalogs:read catalogs:write events:write metrics:read profiles:read profiles:write lists:read lists:write " \
	"subscriptions:write data-privacy:write"

/* The app that the operator has registered. */
struct klaviyo_app {
	struct str client_id;      /* "" = none */
	struct str client_secret;
};

/* Where a browser is sent to. Klaviyo's page is at www.klaviyo.com; what stands in for Klaviyo has it beside its API. */
struct str klaviyo_authorize_url(const struct klaviyo_app *app, struct str api_url, struct str redirect_url, struct str state,
				 struct str verifier, struct arena *arena);

struct klaviyo_token_request {
	struct str url;
	const struct http_header *header;
	size_t n_header;
	struct str body;
};
/* A code, once, for tokens; then the refresh token for newer ones. */
struct klaviyo_token_request klaviyo_token_for_code(const struct klaviyo_app *app, struct str api_url, struct str code,
						    struct str verifier, struct str redirect_url, struct arena *arena);
struct klaviyo_token_request klaviyo_token_for_refresh(const struct klaviyo_app *app, struct str api_url, struct str refresh,
						       struct arena *arena);

#endif
