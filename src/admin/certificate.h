#ifndef PANNIER_ADMIN_CERTIFICATE_H
#define PANNIER_ADMIN_CERTIFICATE_H

#include "admin/look.h"

/*
 * The certificate of the daemon, as it tells advice, status and doctor of it: kept in the store (a cursor of no account), because those may
 * be other processes. It is what the daemon knew last.
 */
enum certificate_level {
	CERTIFICATE_NONE,          /* it speaks no TLS */
	CERTIFICATE_GOOD,
	CERTIFICATE_ENDS_SOON,     /* within 14 days, or what lies in its place cannot be read */
	CERTIFICATE_ENDS           /* within 3 days, or it has ended */
};

struct certificate {
	enum certificate_level level;
	struct str file;
	struct str trouble;        /* why the files could not be read again, "" = they could */
	int64_t ends_ms;
	int64_t days;              /* until then; negative afterwards */
};

/* file "" = it speaks no TLS. Writes only what is new. */
bool certificate_note(struct db *db, int64_t now_ms, const char *file, int64_t ends_ms, const char *trouble, struct err *err) MUST_CHECK;
/* Texts in the arena of look. */
bool certificate_state(struct look *look, struct certificate *out, struct err *err) MUST_CHECK;
/* What it is like, and what to do about it ("" = nothing), for people. */
struct str certificate_text(const struct certificate *certificate, struct arena *arena);
struct str certificate_remedy(const struct certificate *certificate);

#endif
