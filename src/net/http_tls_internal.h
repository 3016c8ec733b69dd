#ifndef PANNIER_NET_HTTP_TLS_INTERNAL_H
#define PANNIER_NET_HTTP_TLS_INTERNAL_H

#include "net/http_tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/* Of libmicrohttpd's MHD_OPTION_HTTPS_CERT_CALLBACK. */
int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *issuer, int n_issuer, const gnutls_pk_algorithm_t *algorithm,
		      int n_algorithm, gnutls_pcert_st **chain, unsigned *n_chain, gnutls_privkey_t *key);

#endif
