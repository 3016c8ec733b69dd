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
 */
struct daemon_config {
	struct str data;       /* "" = the file does not say; so for all */
	struct str listen;
	struct str log_level;
};

/* Texts live in the arena. ERR_NOT_FOUND: no such file; ERR_INVALID names the line. */
bool daemon_config_read(const char *path, struct arena *arena, struct daemon_config *out, struct err *err) MUST_CHECK;
bool log_level_parse(struct str text, enum log_level *out);

#endif
