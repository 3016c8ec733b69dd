/*
 * serve: where the daemon's configuration comes from. Running it is src/app's.
 */
#include "app/serve.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "settings/daemon_config.h"

#define SECRET_BYTES_MAX ((size_t)4096)
#define LISTEN_DEFAULT	 "127.0.0.1:8080"

/* The option or its environment variable, else the file, else the default. */
static const char *first_of(struct cli *cli, const char *option, struct str from_file, const char *otherwise)
{
	const char *given = cli_option_given(cli, option);

	if (given)
		return given;
	return from_file.len ? arena_cstr(&cli->arena, from_file) : otherwise;
}

/* Both or neither. The secret is in a file, as all secrets are. */
static bool read_app(struct cli *cli, const struct daemon_config *config, struct klaviyo_app *out,
		     struct err *err)
{
	const char *id = first_of(cli, "klaviyo-client-id", config->klaviyo_client_id, "");
	const char *file =
		first_of(cli, "klaviyo-client-secret-file", config->klaviyo_client_secret_file, "");

	*out = (struct klaviyo_app){ .client_id = str_from(id), .client_secret = STR("") };
	if (!id[0] != !file[0])
		return err_set(err, ERR_INVALID,
			       "an app of Klaviyo needs both: --klaviyo-client-id and "
			       "--klaviyo-client-secret-file");
	if (!file[0])
		return true;
	if (!file_read(file, SECRET_BYTES_MAX, &cli->arena, &out->client_secret, err))
		return err_wrap(err, "the app's secret");
	out->client_secret = str_trim(out->client_secret);
	return out->client_secret.len > 0 || err_set(err, ERR_INVALID, "'%s' is empty", file);
}

bool cmd_serve(struct cli *cli, struct err *err)
{
	const char *file = cli_option(cli, "config");
	struct daemon_config config = { 0 };
	struct serve_config serve = { 0 };
	enum log_level level;

	if (file && !daemon_config_read(file, &cli->arena, &config, err))
		return false;
	if (!log_level_parse(str_from(first_of(cli, "log-level", config.log_level, "info")), &level))
		return err_set(err, ERR_INVALID, "--log-level must be error, warn, info or debug");
	if (!outbound_parse(str_from(first_of(cli, "outbound", config.outbound, "public")),
			    &serve.public_only))
		return err_set(err, ERR_INVALID, "--outbound must be public or any");
	if (!read_app(cli, &config, &serve.klaviyo, err))
		return false;
	log_set_level(level);
	serve.data = first_of(cli, "data", config.data, cli_option(cli, "data"));
	serve.admin_url = first_of(cli, "admin-url", config.admin_url, "");
	serve.tls_cert = first_of(cli, "tls-cert", config.tls_cert, "");
	serve.tls_key = first_of(cli, "tls-key", config.tls_key, "");
	serve.behind_proxy = first_of(cli, "behind-proxy", config.behind_proxy, "");
	serve.insecure = cli_flag(cli, "insecure");
	serve.listen = first_of(cli, "listen", config.listen, LISTEN_DEFAULT);
	return serve_run(&serve, err);
}
