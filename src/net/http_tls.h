#ifndef PANNIER_NET_HTTP_TLS_H
#define PANNIER_NET_HTTP_TLS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/*
 * The certificate that an HTTP server shows (GnuTLS, TLS 1.2 and 1.3). One per process: libmicrohttpd asks for it without saying which
 * server asks. Thread-safe.
 */
struct http_tls;

/*
 * PEM files: the certificate with those that lead to its root behind it, and its private key without a password. ERR_NOT_FOUND: no
 * such file; ERR_INVALID: not PEM, or the key is another certificate's; ERR_CONFLICT: there is one already. Neither file's contents are
 * in a message.
 */
bool http_tls_open(const char *cert_file, const char *key_file, struct http_tls **out, struct err *err) MUST_CHECK;
/*
 * Reads the files again. New connections get what they hold now; if they cannot be used, what was used before stays and err says why.
 * *changed: they hold something else.
 */
bool http_tls_renew(struct http_tls *tls, bool *changed, struct err *err) MUST_CHECK;
/* After the server that uses it was stopped. NULL allowed. */
void http_tls_close(struct http_tls *tls);

/* Is the certificate for this name or address (RFC 6125)? host: without port, an IPv6 address without brackets. */
bool http_tls_is_for(struct http_tls *tls, struct str host);
/* A name to reach it by: the first DNS name without "*" in it; "" = none. In the arena. */
struct str http_tls_name(struct http_tls *tls, struct arena *arena);
/* When the certificate ends, wall clock. */
int64_t http_tls_ends_ms(struct http_tls *tls);

#endif
