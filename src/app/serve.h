#ifndef PANNIER_APP_SERVE_H
#define PANNIER_APP_SERVE_H

#include "base/err.h"
#include "klaviyo/oauth.h"

#include <stdbool.h>

/*
 * The daemon: opens the data folder, starts the roles (deliver, notify, publish, map, commit, retain, report, admin; http last), runs
 * until SIGTERM or SIGINT, stops in the opposite order. A crash skips the stop and that is fine: a start does the same
 * work either way. When the disk fails while it runs, the process ends at once with exit code 70.
 */
struct serve_config {
	const char *data;          /* folder, created if missing */
	const char *listen;        /* "127.0.0.1:8080" */
	const char *admin_url;     /* how browsers reach /admin; "" = from this machine, and by the certificate's names */
	const char *tls_cert;      /* PEM files; "" = plain HTTP */
	const char *tls_key;
	const char *behind_proxy;  /* addresses of proxies that speak TLS for it, address_list.h; "" = none */
	bool insecure;             /* in the clear on any address */
	struct klaviyo_app klaviyo; /* the app that the operator has registered; without a client_id accounts have keys alone */
	bool quiet;                /* no line about listening */
	bool public_only;          /* URLs among the settings of stores lead to public addresses only (http_client_config) */
};

/* Returns when stopped. ERR_BUSY: another daemon holds the folder. ERR_FATAL: the disk failed during the start. */
bool serve_run(const struct serve_config *config, struct err *err) MUST_CHECK;

#ifndef PANNIER_VERSION /* the build says it */
#define PANNIER_VERSION "0.1.0"
#endif
/* Files of a data folder. */
#define PANNIER_KEY_FILE "secret.key"
#define PANNIER_LOCK_FILE "pannier.lock"

#endif
