#ifndef PANNIER_KLAVIYO_LOOKUP_H
#define PANNIER_KLAVIYO_LOOKUP_H

#include "base/arena.h"
#include "base/err.h"
#include "net/http_client.h"

#include <stdint.h>

/*
 * Reading answers to the lookups of render.h. Pure; results in the arena.
 *
 * *next: query of the next page, "" = this was the last (page.h). False: the answer holds nothing; ERR_DENIED: the key or its rights are
 * wrong, ERR_BUSY: throttled, ERR_UNREACHABLE: no answer, or none of Klaviyo's, ERR_INVALID: it refuses the question.
 */
/* The whole body of a list, its members under "data"; the caller frees it. */
struct json;
bool klaviyo_read_list_body(const struct http_answer *answer, struct arena *arena, struct json **body, struct err *err) MUST_CHECK;

struct klaviyo_list {
	struct str id;
	struct str name;
};
bool klaviyo_read_lists(const struct http_answer *answer, struct arena *arena, struct klaviyo_list **list, size_t *n,
			struct str *next, struct err *err) MUST_CHECK;
/* The list that was made. */
bool klaviyo_read_list(const struct http_answer *answer, struct arena *arena, struct klaviyo_list *list, struct err *err) MUST_CHECK;
/* Names of metrics; one name may come more than once, from other integrations. */
bool klaviyo_read_metrics(const struct http_answer *answer, struct arena *arena, struct str **name, size_t *n, struct str *next,
			  struct err *err) MUST_CHECK;

/* An e-mail address that Klaviyo does not write to any more. */
struct klaviyo_optout {
	struct str email;
	int64_t at_ms;             /* of its newest suppression */
	struct str reason;         /* UNSUBSCRIBE, SPAM_COMPLAINT, HARD_BOUNCE, INVALID_EMAIL, USER_SUPPRESSED */
};
/* Profiles without an address or a suppression are left out. */
bool klaviyo_read_optouts(const struct http_answer *answer, struct arena *arena, struct klaviyo_optout **optout, size_t *n,
			  struct str *next, struct err *err) MUST_CHECK;
/* The account's public key, six characters (of klaviyo_render_account). */
bool klaviyo_read_public_key(const struct http_answer *answer, struct arena *arena, struct str *key, struct err *err) MUST_CHECK;

#endif
