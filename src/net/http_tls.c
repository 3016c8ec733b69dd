/*
 * TLS of the HTTP server: which certificate it shows.
 *
 * Does:    read certificate and key, and read them again when asked; hand the newest to libmicrohttpd at
 *          every handshake.
 * Doesn't: look at the clock or at files by itself.
 * Keeps:   a certificate that is replaced lives until the next one is: handshakes that were begun with it
 *          take far less time than lies between two readings of the files.
 * Threads: any; the callback is on the server's.
 * Source:  GnuTLS 3.7, gnutls_certificate_set_retrieve_function2: what the callback gives stays ours.
 */
#include "net/http_tls_internal.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/clock.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define CHAIN_MAX      16
#define NAME_BYTES_MAX 256
#define NAMES_MAX      100

struct identity {
	struct identity *before; /* still of use to handshakes */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n_chain;
	gnutls_privkey_t key;
	gnutls_x509_crt_t own;
	struct digest16 mark; /* of both files */
};

struct http_tls {
	char *cert_file, *key_file;
	pthread_mutex_t lock;
	struct identity *identity; /* the newest */
};

/* The one of the process. */
static struct http_tls *serving;
static pthread_mutex_t serving_lock = PTHREAD_MUTEX_INITIALIZER;

static void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	identity_free(identity->before);
	for (unsigned i = 0; i < identity->n_chain; i++)
		gnutls_pcert_deinit(&identity->chain[i]);
	if (identity->key)
		gnutls_privkey_deinit(identity->key);
	if (identity->own)
		gnutls_x509_crt_deinit(identity->own);
	mem_free(identity);
}

/* ---- reading ---- */

static bool fail(struct err *err, const char *what, const char *file, int code)
{
	return err_set(err, ERR_INVALID, "%s '%s': %s", what, file, gnutls_strerror(code));
}

static gnutls_datum_t datum(struct str text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text.p, (unsigned)text.len };
}

/* Does the key belong to the certificate? */
static int match(const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t both;
	int code = gnutls_certificate_allocate_credentials(&both);

	if (code < 0)
		return code;
	code = gnutls_certificate_set_x509_key_mem(both, cert, key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(both);
	return code < 0 ? code : 0;
}

static int import_chain(struct identity *identity, const gnutls_datum_t *cert)
{
	unsigned n = CHAIN_MAX;
	int code = gnutls_pcert_list_import_x509_raw(identity->chain, &n, cert, GNUTLS_X509_FMT_PEM, 0);

	if (code < 0)
		return code;
	identity->n_chain = n;
	code = gnutls_x509_crt_init(&identity->own);
	return code < 0 ? code : gnutls_x509_crt_import(identity->own, cert, GNUTLS_X509_FMT_PEM);
}

static int import_key(struct identity *identity, const gnutls_datum_t *key)
{
	int code = gnutls_privkey_init(&identity->key);

	return code < 0 ? code
			: gnutls_privkey_import_x509_raw(identity->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static bool import(struct http_tls *tls, struct identity *identity, struct str cert, struct str key,
		   struct err *err)
{
	gnutls_datum_t cert_datum = datum(cert), key_datum = datum(key);
	int code = import_chain(identity, &cert_datum);

	if (code < 0)
		return fail(err, "the certificate", tls->cert_file, code);
	code = import_key(identity, &key_datum);
	if (code < 0)
		return fail(err, "the private key", tls->key_file, code);
	code = match(&cert_datum, &key_datum);
	return code == 0 || fail(err, "the private key does not fit the certificate", tls->cert_file, code);
}

static bool read_files(struct http_tls *tls, struct arena *arena, struct str *cert, struct str *key,
		       struct err *err)
{
	if (!file_read(tls->cert_file, FILE_BYTES_MAX, arena, cert, err))
		return err_wrap(err, "the certificate");
	if (!file_read(tls->key_file, FILE_BYTES_MAX, arena, key, err))
		return err_wrap(err, "the private key");
	return true;
}

/* The key leaves no trace behind in the arena. */
static bool take_files(struct http_tls *tls, struct arena *arena, struct identity **out, struct err *err)
{
	struct str part[2] = { { 0 }, { 0 } };
	struct identity *identity;
	bool ok;

	*out = NULL;
	if (!read_files(tls, arena, &part[0], &part[1], err))
		return false;
	identity = mem_zalloc(1, sizeof(*identity));
	identity->mark = digest16_of(part, 2);
	ok = import(tls, identity, part[0], part[1], err);
	explicit_bzero((void *)(uintptr_t)part[1].p, part[1].len);
	if (ok)
		*out = identity;
	else
		identity_free(identity);
	return ok;
}

bool http_tls_renew(struct http_tls *tls, bool *changed, struct err *err)
{
	struct identity *fresh = NULL, *old = NULL;
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = take_files(tls, &arena, &fresh, err);
	arena_release(&arena);
	(void)pthread_mutex_lock(&tls->lock);
	*changed = ok && (!tls->identity || !digest16_eq(fresh->mark, tls->identity->mark));
	if (*changed) {
		fresh->before = tls->identity;
		tls->identity = fresh;
		if (fresh->before) {
			old = fresh->before->before;
			fresh->before->before = NULL;
		}
		fresh = NULL;
	}
	(void)pthread_mutex_unlock(&tls->lock);
	identity_free(fresh);
	identity_free(old);
	return ok;
}

/* ---- life ---- */

static bool register_one(struct http_tls *tls)
{
	bool free_place;

	(void)pthread_mutex_lock(&serving_lock);
	free_place = !serving;
	if (free_place)
		serving = tls;
	(void)pthread_mutex_unlock(&serving_lock);
	return free_place;
}

bool http_tls_open(const char *cert_file, const char *key_file, struct http_tls **out, struct err *err)
{
	struct http_tls *tls = mem_zalloc(1, sizeof(*tls));
	bool changed, ok;

	tls->cert_file = mem_strdup(cert_file);
	tls->key_file = mem_strdup(key_file);
	(void)pthread_mutex_init(&tls->lock, NULL); /* cannot fail without attributes */
	ok = http_tls_renew(tls, &changed, err);
	if (ok && !register_one(tls))
		ok = err_set(err, ERR_CONFLICT, "there is a certificate already");
	if (ok)
		*out = tls;
	else
		http_tls_close(tls);
	return ok;
}

void http_tls_close(struct http_tls *tls)
{
	if (!tls)
		return;
	(void)pthread_mutex_lock(&serving_lock);
	if (serving == tls)
		serving = NULL;
	(void)pthread_mutex_unlock(&serving_lock);
	identity_free(tls->identity);
	(void)pthread_mutex_destroy(&tls->lock);
	mem_free(tls->cert_file);
	mem_free(tls->key_file);
	mem_free(tls);
}

int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *issuer, int n_issuer,
		      const gnutls_pk_algorithm_t *algorithm, int n_algorithm, gnutls_pcert_st **chain,
		      unsigned *n_chain, gnutls_privkey_t *key)
{
	int code = -1;

	(void)session;
	(void)issuer;
	(void)n_issuer;
	(void)algorithm;
	(void)n_algorithm;
	(void)pthread_mutex_lock(&serving_lock);
	if (serving) {
		(void)pthread_mutex_lock(&serving->lock);
		*chain = serving->identity->chain;
		*n_chain = serving->identity->n_chain;
		*key = serving->identity->key;
		(void)pthread_mutex_unlock(&serving->lock);
		code = 0;
	}
	(void)pthread_mutex_unlock(&serving_lock);
	return code;
}

/* ---- what it says ---- */

bool http_tls_is_for(struct http_tls *tls, struct str host)
{
	char name[NAME_BYTES_MAX];
	bool is_for;

	if (host.len == 0 || host.len >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
	(void)pthread_mutex_lock(&tls->lock);
	is_for = gnutls_x509_crt_check_hostname(tls->identity->own, name) != 0;
	(void)pthread_mutex_unlock(&tls->lock);
	return is_for;
}

struct str http_tls_name(struct http_tls *tls, struct arena *arena)
{
	struct str found = STR("");

	(void)pthread_mutex_lock(&tls->lock);
	for (unsigned i = 0; i < NAMES_MAX && found.len == 0; i++) {
		char name[NAME_BYTES_MAX];
		size_t len = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(tls->identity->own, i, name, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type == GNUTLS_SAN_DNSNAME && !memchr(name, '*', len))
			found = arena_dup(arena, str_of(name, len));
	}
	(void)pthread_mutex_unlock(&tls->lock);
	return found;
}

int64_t http_tls_ends_ms(struct http_tls *tls)
{
	int64_t ends_ms;

	(void)pthread_mutex_lock(&tls->lock);
	ends_ms = (int64_t)gnutls_x509_crt_get_expiration_time(tls->identity->own) * MS_PER_S;
	(void)pthread_mutex_unlock(&tls->lock);
	return ends_ms;
}
