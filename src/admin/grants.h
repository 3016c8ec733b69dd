#ifndef PANNIER_ADMIN_GRANTS_H
#define PANNIER_ADMIN_GRANTS_H

#include "admin/users.h"
#include "base/rand.h"

/* What lets somebody in, for the command line and the API alike. Secrets are told once and kept as digests. */

#define INVITATION_MS (7 * MS_PER_DAY)
#define TOKEN_DAYS_MAX 3650
#define TOKEN_DAYS_USUAL 90

struct digest16 grant_digest(struct str secret);
/* prefix and 64 hex digits, in the arena. */
struct str grant_secret(struct rand *rand, const char *prefix, struct arena *arena);

/* ERR_INVALID: no scope, one that does not exist, or a name that is not 1 to 100 bytes of visible text; days not 0..TOKEN_DAYS_MAX
 * (0 = never expires). */
struct token_new {
	struct str name;
	const struct str *scope;
	size_t n_scope;
	int64_t days;
	struct str actor;
};
bool token_add(struct look *look, struct rand *rand, const struct user_row *user, const struct token_new *new,
	       struct grant_row *out, struct str *secret, struct err *err) MUST_CHECK;
/* An invitation; earlier ones of the user end. */
bool invitation_add(struct look *look, struct rand *rand, const struct user_row *user, struct str actor,
		    struct grant_row *out, struct str *secret, struct err *err) MUST_CHECK;
/* The grant of that id; kind must fit. ERR_NOT_FOUND. */
bool grant_get(struct look *look, enum grant_kind kind, int64_t id, struct grant_row *out, struct err *err) MUST_CHECK;
bool grant_remove(struct look *look, const struct grant_row *grant, struct str actor, struct err *err) MUST_CHECK;

#endif
