#ifndef PANNIER_STORE_STORE_USER_H
#define PANNIER_STORE_STORE_USER_H

#include "base/digest.h"
#include "base/str.h"

/* Who may look at and change things through the screens and the API. Texts as in store_rows.h. */

enum user_role { USER_VIEWER, USER_OPERATOR, USER_OWNER, USER_ROLE_COUNT }; /* each may what those before it may */
const char *user_role_text(enum user_role role); /* "viewer" */
bool user_role_parse(struct str text, enum user_role *out);

struct user_row {
	int64_t id;                /* from 1, never again */
	int64_t version;           /* grows by one with each USER_PUT */
	struct str name;           /* unique: an e-mail address or another name, as settings/people check it */
	enum user_role role;
	struct str stores;         /* ids of the stores this user is limited to, with commas: "1,7"; "" = all */
	struct str password;       /* its hash; "" = none set yet */
	struct str totp_sealed;    /* the secret of the second factor, encrypted; "" = none */
	int64_t totp_step;         /* newest time step whose code was used: none counts twice */
	int64_t failed;            /* wrong passwords and codes since the last right ones */
	int64_t locked_until_ms;   /* 0 = not locked */
	int64_t created_ms;
	int64_t seen_ms;           /* last sign-in, 0 = never */
};

enum user_change_kind {
	USER_PUT,                  /* all but totp_step, failed, locked_until_ms, seen_ms and created_ms */
	USER_REMOVE,               /* with all grants */
	USER_SIGN_IN               /* only totp_step, failed, locked_until_ms and seen_ms */
};

struct user_change {
	enum user_change_kind kind;
	struct user_row row;       /* PUT: id 0 = new, else version is the one that was read; REMOVE, SIGN_IN: by id */
	bool first;                /* PUT of a new one: only while there are no users */
	bool end_grants;           /* PUT: sessions and tokens of the user end */
	struct str reason;         /* for the audit, no secrets; "" = no row (SIGN_IN only) */
	bool refused;              /* SIGN_IN: the audit row is AUDIT_SIGN_IN_REFUSED */
};

/* What lets somebody in: only its digest is kept. */
enum grant_kind { GRANT_SESSION, GRANT_TOKEN, GRANT_INVITATION, GRANT_KIND_COUNT };

struct grant_row {
	int64_t id;                /* from 1, never again */
	enum grant_kind kind;
	int64_t user_id;
	struct digest16 digest;
	struct str name;           /* session: what it was begun with; token: what it is for */
	struct str scopes;         /* token: "activity:read failed:write"; "" for others */
	struct str last4;          /* token: its last characters, to be told apart by */
	struct str remote;         /* address it was last used from */
	int64_t created_ms;
	int64_t expires_ms;        /* 0 = never (tokens only) */
	int64_t seen_ms;
};

enum grant_change_kind { GRANT_ADD, GRANT_SEEN, GRANT_REMOVE };

struct grant_change {
	enum grant_change_kind kind;
	struct grant_row row;      /* ADD: all but id; SEEN: id, remote, seen_ms, expires_ms; REMOVE: id, user_id */
	struct str reason;         /* for the audit; "" = no row */
};

#endif
