/*
 * Daemon configuration file (libinih behind). What belongs to accounts and stores is not here but in the
 * database.
 *
 * Threads: any; pure but for reading the file.
 */
#include "settings/daemon_config.h"

#include "base/file.h"

#include <ini.h>

#define CONFIG_BYTES_MAX 65536

struct reader {
	struct arena *arena;
	struct daemon_config *config;
	struct err *err;
	bool failed; /* err says why */
};

bool log_level_parse(struct str text, enum log_level *out)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(text, str_from(names[i]))) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool outbound_parse(struct str text, bool *public_only)
{
	*public_only = str_eq(text, STR("public"));
	return *public_only || str_eq(text, STR("any"));
}

/* Is what stands there now a value it may have? */
static bool fits(struct reader *reader)
{
	enum log_level level;
	bool public_only;

	if (reader->config->log_level.len > 0 && !log_level_parse(reader->config->log_level, &level))
		return err_set(reader->err, ERR_INVALID, "log_level must be error, warn, info or debug");
	if (reader->config->outbound.len > 0 && !outbound_parse(reader->config->outbound, &public_only))
		return err_set(reader->err, ERR_INVALID, "outbound must be public or any");
	return true;
}

/* libinih's callback: 0 refuses the line. */
static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;
	struct {
		const char *name;
		struct str *to;
	} rows[] = { { "data", &reader->config->data },
		     { "listen", &reader->config->listen },
		     { "log_level", &reader->config->log_level },
		     { "outbound", &reader->config->outbound },
		     { "admin_url", &reader->config->admin_url },
		     { "tls_cert", &reader->config->tls_cert },
		     { "tls_key", &reader->config->tls_key },
		     { "behind_proxy", &reader->config->behind_proxy },
		     { "klaviyo_client_id", &reader->config->klaviyo_client_id },
		     { "klaviyo_client_secret_file", &reader->config->klaviyo_client_secret_file } };

	if (reader->failed)
		return 0; /* the first error is the one told */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (section[0] || !str_eq(str_from(name), str_from(rows[i].name)))
			continue;
		*rows[i].to = arena_dup(reader->arena, str_from(value));
		reader->failed = !fits(reader);
		return reader->failed ? 0 : 1;
	}
	reader->failed = true;
	(void)err_set(reader->err, ERR_INVALID,
		      "unknown key '%s%s%s'; known: data, listen, log_level, outbound, admin_url, "
		      "tls_cert, tls_key, behind_proxy, klaviyo_client_id, klaviyo_client_secret_file",
		      section, section[0] ? "." : "", name);
	return 0;
}

bool daemon_config_read(const char *path, struct arena *arena, struct daemon_config *out, struct err *err)
{
	struct reader reader = { .arena = arena, .config = out, .err = err };
	struct str text;
	int line;

	*out = (struct daemon_config){ 0 };
	if (!file_read(path, CONFIG_BYTES_MAX, arena, &text, err))
		return false;
	line = ini_parse_string(text.len ? text.p : "", take_line, &reader);
	if (line == 0)
		return true;
	if (!reader.failed)
		return err_set(err, ERR_INVALID, "%s:%d: not KEY = VALUE", path, line);
	return err_wrap(err, "%s:%d", path, line);
}
