#ifndef PANNIER_SETTINGS_DAEMON_CONFIG_H
#define PANNIER_SETTINGS_DAEMON_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

/*
 * The optional file of `pannier serve --config`: one KEY = VALUE per line, comments from ; or #, no sections.
 *   data       folder
 *   listen     ADDRESS:PORT
 *   log_level  error, warn, info or debug
 *   outbound   public or any: which addresses URLs among the settings of stores may lead to
 *   admin_url  how browsers reach /admin
 *   tls_cert, tls_key  PEM files
 *   klaviyo_client_id, klaviyo_client_secret_file  the app by which accounts are connected
 *   behind_proxy  addresses of the proxies that speak TLS for the daemon
 */
struct daemon_config {
	struct str data;       /* "" = the file does not say; so for all */
	struct str listen;
	struct str log_level;
	struct str outbound;
	struct str admin_url;
	struct str tls_cert;
	struct str tls_key;
	struct str behind_proxy;
	struct str klaviyo_client_id;
	struct str klaviyo_client_secret_file;
};

/* Texts live in the arena. ERR_NOT_FOUND: no such file; ERR_INVALID names the line. */
bool daemon_config_read(const char *path, struct arena *arena, struct daemon_config *out, struct err *err) MUST_CHECK;
/* "public" or "any". */
bool outbound_parse(struct str text, bool *public_only);
bool log_level_parse(struct str text, enum log_level *out);

#endif
