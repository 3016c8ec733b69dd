#ifndef PANNIER_TESTS_SIM_TOKEN_H
#define PANNIER_TESTS_SIM_TOKEN_H

#include "flow/connect.h"

/*
 * Accounts that are connected by OAuth (OPTION_oauth): Klaviyo gives tokens that end after some minutes, sooner than it has said or not,
 * and a refresh token that stays; newer answers leave it out or not.
 */
bool tokens_are_wanted(void);
void tokens_open(void);
/* The first token of an account; texts in the arena. */
struct settings_token token_first(int account, struct arena *arena);
const struct klaviyo_app *token_app(void);
/* For connect: whoever runs it waits for the answer, and time passes. */
struct http_client *token_client_new(void);

/* Whose access token it is; -1 = it is none. */
int token_account(struct str access);
bool token_has_ended(struct str access);

#endif
