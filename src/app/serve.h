#ifndef PANNIER_APP_SERVE_H
#define PANNIER_APP_SERVE_H

#include "base/err.h"

#include <stdbool.h>

/*
 * The daemon: opens the data folder, starts the roles (deliver, publish, map, commit, retain, report; http last), runs
 * until SIGTERM or SIGINT, stops in the opposite order. A crash skips the stop and that is fine: a start does the same
 * work either way. When the disk fails while it runs, the process ends at once with exit code 70.
 */
struct serve_config {
	const char *data;          /* folder, created if missing */
	const char *listen;        /* "127.0.0.1:8080" */
	bool quiet;                /* no line about listening */
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
