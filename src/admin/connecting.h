#ifndef PANNIER_ADMIN_CONNECTING_H
#define PANNIER_ADMIN_CONNECTING_H

#include <stdint.h>

/* Accounts that somebody is about to connect: between our sending a browser to Klaviyo and its coming back. */
#define CONNECTING_MAX 32
#define CONNECTING_BYTES 48            /* of chance, in state and verifier: 64 characters (RFC 7636 wants 43 to 128) */
#define CONNECTING_TEXT_BYTES 72
#define CONNECTING_URL_BYTES 512
#define CONNECTING_NAME_BYTES 64

struct connecting {
	int64_t until_ms;          /* monotonic; 0 = free */
	int64_t grant_id;          /* of the session that began it */
	char state[CONNECTING_TEXT_BYTES];
	char verifier[CONNECTING_TEXT_BYTES];
	char api_url[CONNECTING_URL_BYTES];
	char redirect_url[CONNECTING_URL_BYTES];
	char account[CONNECTING_NAME_BYTES]; /* "" = a new one */
};

#endif
