#ifndef PANNIER_NET_URL_H
#define PANNIER_NET_URL_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends text with every byte outside [A-Za-z0-9-._~] (and those in keep) as %XX. keep may be "". */
void url_encode(struct str text, const char *keep, struct strbuf *out);
/* %XX resolved, in the arena; false on a broken escape. '+' stays '+'. */
bool url_decode(struct str text, struct arena *arena, struct str *out);
/* Value of a query parameter, decoded ('+' is a space), in the arena; false if absent. */
bool url_query(struct str query, const char *name, struct arena *arena, struct str *out);

struct url {
	struct str scheme;  /* "https", as written */
	struct str host;    /* without brackets */
	int port;           /* explicit, or 80 / 443 */
	struct str path;    /* the rest: from '/' or '?', may be empty */
};
/*
 * Absolute http or https URL without user info; pieces are borrowed from text. ERR_INVALID says what is
 * wrong.
 */
bool url_parse(struct str text, struct url *out, struct err *err) MUST_CHECK;

/* "127.0.0.1:8080" or "[::1]:8080" into host (without brackets) and port 0..65535. */
bool listen_parse(struct str text, struct str *host, int *port, struct err *err) MUST_CHECK;

#endif
