/*
 * serve: where the daemon's configuration comes from. Running it is src/app's.
 */
#include "app/serve.h"
#include "base/log.h"
#include "cli/commands.h"
#include "settings/daemon_config.h"

#define LISTEN_DEFAULT "127.0.0.1:8080"

/* The option or its environment variable, else the file, else the default. */
static const char *first_of(struct cli *cli, const char *option, struct str from_file, const char *otherwise)
{
	const char *given = cli_option_given(cli, option);

	if (given)
		return given;
	return from_file.len ? arena_cstr(&cli->arena, from_file) : otherwise;
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
	log_set_level(level);
	serve.data = first_of(cli, "data", config.data, cli_option(cli, "data"));
	serve.listen = first_of(cli, "listen", config.listen, LISTEN_DEFAULT);
	return serve_run(&serve, err);
}
