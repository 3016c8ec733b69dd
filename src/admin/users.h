#ifndef PANNIER_ADMIN_USERS_H
#define PANNIER_ADMIN_USERS_H

#include "admin/look.h"

/*
 * Users and what lets them in, for the command line and the API alike. Each change is one audited transaction; actor: who does it,
 * for the audit. Errors as those of db_user_change and db_grant_change.
 */

/* By name. *found false: there is none. */
bool users_find(struct look *look, struct str name, struct user_row **out, bool *found, struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND. */
bool users_get(struct look *look, int64_t id, struct user_row *out, struct err *err) MUST_CHECK;
/* 1 to 200 bytes of visible text. */
bool users_check_name(struct str name, struct err *err) MUST_CHECK;
struct str users_totp_label(int64_t user_id, struct arena *arena);
/* Names of the stores "1,7" stands for, those that are gone left out; null for "". */
struct json *users_stores_json(struct look *look, struct str stores);
/* The other way: names to "1,7". ERR_NOT_FOUND names the one that is not there. n 0: ERR_INVALID. */
bool users_stores_parse(struct look *look, const struct str *name, size_t n, struct str *out, struct err *err) MUST_CHECK;

struct users_new {
	struct str name;
	enum user_role role;
	struct str stores;         /* "1,7"; "" = all */
	struct str password;       /* "" = invited: cannot sign in yet */
	bool first;                /* only while there are no users */
	struct str actor;
};
/* ERR_INVALID: a name or password that is not allowed. ERR_CONFLICT: the name is taken, in whatever case. */
bool users_add(struct look *look, const struct users_new *new, struct user_row *out, struct err *err) MUST_CHECK;
/* ERR_CONFLICT also if it was changed since `user` was read. */
bool users_change(struct look *look, const struct user_row *user, struct str actor, struct user_row *out,
		  struct err *err) MUST_CHECK;
/* Another password; sessions and tokens of the user end, the lock too. drop_totp: the second factor goes. */
bool users_set_password(struct look *look, const struct user_row *user, struct str password, bool drop_totp,
			struct str actor, struct err *err) MUST_CHECK;
bool users_remove(struct look *look, const struct user_row *user, struct str actor, struct err *err) MUST_CHECK;

#endif
