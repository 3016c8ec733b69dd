#ifndef PANNIER_FLOW_CONNECT_H
#define PANNIER_FLOW_CONNECT_H

#include "flow/flow.h"
#include "klaviyo/oauth.h"

/*
 * Accounts that are connected by OAuth: getting tokens, and newer ones before they end (after five sixths of their life) and when
 * Klaviyo refuses them. What Klaviyo has ended (uninstalled, revoked, 90 days unused) stays so until a person connects it again.
 */
struct connect;

/* Borrows all; app may be without a client_id: then nothing is renewed, and advice says so. */
struct connect *connect_new(struct flow_ctx *ctx, struct http_client *client, const struct klaviyo_app *app);
void connect_free(struct connect *connect); /* NULL allowed */
/* Renews what is due, one after the other: Klaviyo gets no two at once of one account. */
bool connect_run_once(struct connect *connect, int64_t *wait_ms, struct err *err) MUST_CHECK;

/*
 * Asks for tokens and waits for the answer, 15 s at most. ERR_DENIED: refused for good, with Klaviyo's words; ERR_UNREACHABLE: no usable
 * answer, it may work later. Neither repeats a secret. token->refresh "" in the answer: that of the request stays.
 */
bool connect_ask(struct http_client *client, const struct klaviyo_token_request *request, int64_t now_ms, struct arena *arena,
		 struct settings_token *out, struct err *err) MUST_CHECK;

/* Why an account's token cannot be renewed, for people; "" = nothing is known against it. In the arena. */
bool connect_trouble(struct db *db, const struct settings_account *account, struct arena *arena, struct str *why,
		     struct err *err) MUST_CHECK;

#endif
