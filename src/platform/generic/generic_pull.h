#ifndef PANNIER_PLATFORM_GENERIC_GENERIC_PULL_H
#define PANNIER_PLATFORM_GENERIC_GENERIC_PULL_H

#include "base/json.h"
#include "platform/platform.h"

/* Pulling by settings alone (pull_...): included only inside platform/generic/. */

extern const struct platform_pull generic_pull;

/* A store's setting; for a kind "pull_" + kind + end, or start + kind. */
struct str generic_pull_setting(const struct platform_store *store, const char *key);
struct str generic_pull_setting_of(const struct platform_store *store, const char *start, enum pull_kind kind, const char *end);
int64_t generic_pull_int(const struct platform_store *store, const char *key);

/* ---- tokens (generic_pull_token.c): OAuth 2.0, RFC 6749 ---- */

/* Is one needed, and which is there? "": none is needed, or the one there is does not fit the settings or has run out. */
bool generic_pull_needs_token(const struct platform_store *store);
struct str generic_pull_access_token(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena);
bool generic_pull_ask_token(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena,
			    struct pull_request *out, struct err *err);
void generic_pull_read_token(const struct platform_store *store, const struct pull_ask *ask,
			     const struct pull_answer *answer, struct arena *arena, struct pull_page *out);

/* ---- items (generic_pull_item.c) ---- */

/* An item of a page, JSON, as a canonical message. ERR_INVALID; *nothing: it says nothing that could be told. */
bool generic_pull_message(const struct platform_store *store, enum pull_kind kind, struct str item, struct arena *arena,
			  struct str *message, bool *nothing, struct err *err);

/* ---- pages (generic_pull_page.c) ---- */

/* The place that a cursor names. */
struct generic_pull_place {
	int64_t number;              /* page, or items before it */
	struct str same;             /* digest of the items of the page before, "" = none */
	struct str cursor;           /* of the shop */
	struct str url;              /* of the page, where the shop says it whole */
};
struct generic_pull_place generic_pull_place(const struct platform_store *store, struct str cursor);
/* Cursor of what comes after this page, or its end. items: the text of the list. */
void generic_pull_next(const struct platform_store *store, const struct pull_ask *ask, const struct pull_request *request,
		       const struct pull_answer *answer, struct str items, size_t n, struct arena *arena,
		       struct pull_page *out);

#endif
