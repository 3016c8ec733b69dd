/*
 * The command line: picks the command, parses, runs, reports, and turns errors into exit codes.
 *
 * Keeps: standard output carries only what was asked for; errors go to standard error, made safe for a
 *        terminal.
 */
#include "cli/cli.h"

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/option.h"
#include "admin/text.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum cli_exit cli_exit_of(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return CLI_OK;
	case ERR_INVALID:
		return CLI_USAGE;
	case ERR_NOT_FOUND:
		return CLI_NOT_FOUND;
	case ERR_CONFLICT:
	case ERR_DENIED:
		return CLI_DENIED;
	case ERR_TOO_LARGE:
	case ERR_BUSY:
		return CLI_FAILED;
	case ERR_UNREACHABLE:
		return CLI_UNREACHABLE;
	case ERR_FATAL:
		return CLI_FATAL;
	}
	return CLI_FAILED;
}

static enum cli_exit complain(struct cli *cli, const struct err *err)
{
	(void)fflush(cli->out);
	(void)fprintf(cli->errors, "pannier: %.*s\n", STR_ARG(text_safe(str_from(err->msg), &cli->arena)));
	return cli_exit_of(err->code);
}

/* As complain, with a hint where to read on. */
static enum cli_exit complain_usage(struct cli *cli, const struct err *err)
{
	enum cli_exit code = complain(cli, err);

	(void)fprintf(cli->errors, "pannier: see 'pannier %s%s--help'\n",
		      cli->command ? cli->command->name : "", cli->command ? " " : "");
	return code;
}

/* Nothing, --help or --version alone, or a group without its command. */
static enum cli_exit without_command(struct cli *cli, const char *group)
{
	bool asked = cli_flag(cli, "help");
	FILE *out = asked ? cli->out : cli->errors;

	if (group)
		help_group(group, out);
	else
		help_overview(out);
	return asked ? CLI_OK : CLI_USAGE;
}

static enum cli_exit run_command(struct cli *cli, char *const *word, size_t n)
{
	struct err err;
	size_t n_used;

	if (!options_parse(cli, word, n, false, &n_used, &err))
		return complain_usage(cli, &err);
	if (cli_flag(cli, "help")) {
		help_command(cli->command, cli->out);
		return CLI_OK;
	}
	if (!options_complete(cli, &err))
		return complain_usage(cli, &err);
	if (!cli->command->run(cli, &err))
		return complain(cli, &err);
	return cli->exit;
}

static enum cli_exit pick(struct cli *cli, char *const *word, size_t n)
{
	const char *name[2] = { NULL, NULL };
	size_t n_options, n_name = 0, n_used;
	struct err err;

	if (n == 1 && (strcmp(word[0], "--version") == 0 || strcmp(word[0], "-V") == 0))
		return cmd_version(cli, &err) ? CLI_OK : CLI_FAILED;
	if (!options_parse(cli, word, n, true, &n_options, &err))
		return complain_usage(cli, &err);
	for (; n_name < 2 && n_options + n_name < n; n_name++)
		name[n_name] = word[n_options + n_name];
	if (n_name == 0)
		return without_command(cli, NULL);
	cli->command = command_find(name, n_name, &n_used);
	if (cli->command)
		return run_command(cli, word + n_options + n_used, n - n_options - n_used);
	if (!command_is_group(name[0]))
		return command_unknown(name, n_name, &err) ? CLI_OK : complain_usage(cli, &err);
	if (!name[1] || name[1][0] != '-')
		return name[1] && !command_unknown(name, n_name, &err) ? complain_usage(cli, &err)
								       : without_command(cli, name[0]);
	if (!options_parse(cli, word + n_options + 1, n - n_options - 1, false, &n_used, &err))
		return complain_usage(cli, &err);
	return without_command(cli, name[0]);
}

/*
 * Writes what is left. When it was earlier that something could not be written, its errno is long gone: one
 * more line fails in the same way.
 */
static bool output_written(FILE *out)
{
	if (fflush(out) != 0)
		return false;
	if (!ferror(out))
		return true;
	clearerr(out);
	if (fputc('\n', out) != EOF && fflush(out) == 0)
		errno = 0;
	return false;
}

int cli_run(const struct cli_env *env, int argc, char *const *argv)
{
	struct cli cli = { .env = env, .out = env->out, .errors = env->errors, .clock = env->clock };
	enum cli_exit code;

	arena_init(&cli.arena);
	code = pick(&cli, argv + (argc > 0), argc > 0 ? (size_t)argc - 1 : 0);
	session_close(&cli);
	if (!output_written(cli.out)) {
		if (errno != EPIPE)
			(void)fprintf(cli.errors, "pannier: cannot write the output: %s\n",
				      errno != 0 ? strerror(errno) : "a part is missing");
		code = code == CLI_OK ? CLI_FAILED : code;
	}
	arena_release(&cli.arena);
	return (int)code;
}

int cli_main(int argc, char **argv)
{
	struct cli_env env = { .out = stdout, .errors = stderr, .clock = clock_system() };

	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* widths of characters; messages are not translated */
	(void)signal(SIGPIPE, SIG_IGN);	      /* a closed pipe or connection is an error value, not an end */
	return cli_run(&env, argc, argv);
}

/* ---- output that commands share ---- */

void cli_print_json(struct cli *cli, struct json *json)
{
	struct arena arena;
	struct str text;

	arena_init(&arena);
	text = json_write_arena(json, false, &arena);
	(void)fwrite(text.p, 1, text.len, cli->out);
	(void)fputc('\n', cli->out);
	arena_release(&arena);
	json_free(json);
}

const char *cli_paint(struct cli *cli, enum paint paint, const char *text)
{
	static const char *const codes[] = {
		[PAINT_GOOD] = "32", [PAINT_WARN] = "33", [PAINT_BAD] = "31", [PAINT_BOLD] = "1"
	};
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && no_color[0]) || !isatty(fileno(cli->out)))
		return text;
	return arena_printf(&cli->arena, "\x1b[%sm%s\x1b[0m", codes[paint], text).p;
}
