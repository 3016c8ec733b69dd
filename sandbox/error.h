#ifndef PANNIER_SANDBOX_ERROR_H
#define PANNIER_SANDBOX_ERROR_H

#include "base/arena.h"
#include "base/rand.h"
#include "base/strbuf.h"

/*
 * Errors as Klaviyo answers them (JSON:API). One row per kind: HTTP status, code, title.
 * Sources: Klaviyo's guide to rate limits and error handling, and recordings of the live API at revision 2026-07-15.
 * Codes of catalog conflicts are in no source; they follow "duplicate_profile".
 */
#define ERROR_KINDS(X) \
	X(INVALID, 400, "invalid", "Invalid input.") \
	X(MALFORMED, 400, "parse_error", "Malformed request.") \
	X(NOT_AUTHENTICATED, 401, "not_authenticated", "Authentication credentials were not provided.") \
	X(AUTHENTICATION_FAILED, 401, "authentication_failed", "Incorrect authentication credentials.") \
	X(DENIED, 403, "permission_denied", "You do not have permission to perform this action.") \
	X(NOT_FOUND, 404, "not_found", "Not found.") \
	X(METHOD, 405, "method_not_allowed", "Method not allowed.") \
	X(DUPLICATE_ITEM, 409, "duplicate_item", "Conflict.") \
	X(DUPLICATE_VARIANT, 409, "duplicate_variant", "Conflict.") \
	X(DUPLICATE_CATEGORY, 409, "duplicate_category", "Conflict.") \
	X(DUPLICATE_RELATION, 409, "duplicate_relation", "Conflict.") \
	X(DUPLICATE_PROFILE, 409, "duplicate_profile", "Conflict.") \
	X(GONE, 410, "gone", "Gone.") \
	X(TOO_LARGE, 413, "payload_too_large", "Payload too large.") \
	X(MEDIA_TYPE, 415, "unsupported_media_type", "Unsupported media type.") \
	X(THROTTLED, 429, "throttled", "Request was throttled.") \
	X(SERVER, 500, "error", "Server error.") \
	X(UNAVAILABLE, 503, "service_unavailable", "Service unavailable.")

enum error_kind {
#define ERROR_KIND(name, status, code, title) ERROR_##name,
	ERROR_KINDS(ERROR_KIND)
#undef ERROR_KIND
	ERROR_KIND_COUNT
};

int error_status(enum error_kind kind);
const char *error_code(enum error_kind kind);
const char *error_title(enum error_kind kind);

/* Where in the request: a JSON pointer into the body, or else a query parameter; both empty = neither. */
struct error_entry {
	enum error_kind kind;
	struct str detail;
	struct str pointer;
	struct str parameter;
	struct str duplicate_profile_id; /* meta: who has the identifier already; empty = none */
};

/* Fills the entry (pointer and detail are borrowed) and returns false. */
bool error_refuse(struct error_entry *entry, enum error_kind kind, struct str pointer, struct str detail);

#define ERROR_ENTRIES_MAX 100

/* The errors of one request, texts in the arena; those past the maximum are dropped. */
struct error_list {
	struct arena *arena;
	struct error_entry *entry;
	size_t n;
};

/* pointer is copied; may be empty. */
void error_add(struct error_list *list, enum error_kind kind, struct str pointer, const char *format, ...)
	PRINTF_LIKE(4, 5);
void error_add_parameter(struct error_list *list, struct str parameter, const char *format, ...) PRINTF_LIKE(3, 4);

/* The newest error says which profile is in the way. */
void error_set_duplicate(struct error_list *list, const char *profile_id);

/* Random and shaped like a UUID, NUL-terminated. */
#define ERROR_ID_BYTES 37
void error_id(struct rand *rand, char out[static ERROR_ID_BYTES]);
/* Appends one error object; ids differ. with_status is false inside jobs, whose errors carry none. */
void error_render_entry(const struct error_entry *entry, bool with_status, struct rand *rand, struct strbuf *out);
/* Appends the whole body. */
void error_render(const struct error_list *list, struct rand *rand, struct strbuf *out);

#endif
