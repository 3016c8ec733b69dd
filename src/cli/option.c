/*
 * Options of the command line: a small table per command instead of getopt, because errors must say what
 * was meant and must not repeat values.
 */
#include "cli/option.h"

#include "base/file.h"
#include "settings/nearest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_FILE_BYTES_MAX 4096
#define OPTIONS_MAX	      32

const struct option_row common_options[] = {
	{ .name = "data",
	  .value = "DIR",
	  .env = "PANNIER_DATA",
	  .otherwise = "./var",
	  .help = "folder of the database and the key file" },
	{ .name = "help", .help = "what the command does and its options" },
};
const size_t n_common_options = ARRAY_LEN(common_options);

/* All rows of this run, the command's first; how many. */
static size_t all_rows(const struct cli *cli, const struct option_row *row[static OPTIONS_MAX])
{
	size_t n = 0, own = cli->command ? cli->command->n_option : 0;

	assert(own + n_common_options <= OPTIONS_MAX);
	for (size_t i = 0; i < own; i++)
		row[n++] = &cli->command->option[i];
	for (size_t i = 0; i < n_common_options; i++)
		row[n++] = &common_options[i];
	return n;
}

static const struct option_row *find_row(const struct cli *cli, struct str name)
{
	const struct option_row *row[OPTIONS_MAX];
	size_t n = all_rows(cli, row);

	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_from(row[i]->name)))
			return row[i];
	return NULL;
}

static bool unknown_option(const struct cli *cli, struct str name, struct err *err)
{
	const struct option_row *row[OPTIONS_MAX];
	const char *names[OPTIONS_MAX], *near;
	size_t n = all_rows(cli, row);

	for (size_t i = 0; i < n; i++)
		names[i] = row[i]->name;
	near = nearest_text(name, names, n);
	if (str_eq(name, STR("key")) || str_eq(name, STR("secret")))
		return err_set(
			err, ERR_INVALID,
			"keys and secrets are read from a file or standard input (--%.*s-file FILE or -)",
			STR_ARG(name));
	return err_set(err, ERR_INVALID, "unknown option '--%.*s'%s%s%s", STR_ARG(name),
		       near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
}

static bool take_option(struct cli *cli, const char *word, const char *next, size_t *n_words, struct err *err)
{
	const char *long_word = strcmp(word, "-h") == 0 ? "--help" : word;
	struct str text = str_from(long_word + 2), name = str_of(text.p, str_find_char(text, '='));
	const struct option_row *row = find_row(cli, name);
	const char *value = name.len < text.len ? text.p + name.len + 1 : NULL;

	*n_words = 1;
	if (long_word[1] != '-')
		return err_set(err, ERR_INVALID, "unknown option '-%c'", word[1]);
	if (!row)
		return unknown_option(cli, name, err);
	if (!row->value && value)
		return err_set(err, ERR_INVALID, "option '--%s' takes no value", row->name);
	if (row->value && !value) {
		if (!next)
			return err_set(err, ERR_INVALID, "option '--%s' needs a value: --%s %s", row->name,
				       row->name, row->value);
		value = next;
		*n_words = 2;
	}
	cli->given[cli->n_given++] = (struct option_given){ .row = row, .value = value };
	return true;
}

bool options_parse(struct cli *cli, char *const *word, size_t n, bool stop_at_argument, size_t *n_used,
		   struct err *err)
{
	struct option_given *given = ARENA_ARRAY(&cli->arena, cli->n_given + n, struct option_given);
	bool options = true;
	size_t i = 0, n_words;

	if (cli->n_given)
		memcpy(given, cli->given, cli->n_given * sizeof(*given));
	cli->given = given;
	cli->arg = ARENA_ARRAY(&cli->arena, n, const char *);
	cli->n_arg = 0;
	for (; i < n; i += n_words) {
		bool is_option = options && word[i][0] == '-' && word[i][1] != '\0';

		n_words = 1;
		if (is_option && strcmp(word[i], "--") == 0)
			options = false;
		else if (is_option &&
			 !take_option(cli, word[i], i + 1 < n ? word[i + 1] : NULL, &n_words, err))
			return false;
		else if (!is_option && stop_at_argument)
			break;
		else if (!is_option)
			cli->arg[cli->n_arg++] = word[i];
	}
	*n_used = i;
	return true;
}

bool options_complete(struct cli *cli, struct err *err)
{
	const struct command *command = cli->command;

	for (size_t i = 0; i < command->n_option; i++)
		if (command->option[i].required && !cli_option(cli, command->option[i].name))
			return err_set(err, ERR_INVALID, "'%s' needs --%s %s", command->name,
				       command->option[i].name, command->option[i].value);
	if (cli->n_arg < command->args_min)
		return err_set(err, ERR_INVALID, "'%s' needs more: pannier %s %s", command->name,
			       command->name, command->usage);
	if (cli->n_arg > command->args_max)
		return err_set(err, ERR_INVALID, "too many arguments: pannier %s %s", command->name,
			       command->usage);
	return true;
}

const char *cli_option_given(const struct cli *cli, const char *name)
{
	const struct option_row *row = find_row(cli, str_from(name));
	const char *from_env;

	assert(row);
	for (size_t i = cli->n_given; i > 0; i--)
		if (strcmp(cli->given[i - 1].row->name, name) == 0)
			return cli->given[i - 1].value ? cli->given[i - 1].value : "";
	from_env = row->env ? getenv(row->env) : NULL;
	return from_env && from_env[0] ? from_env : NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
	const char *given = cli_option_given(cli, name);

	return given ? given : find_row(cli, str_from(name))->otherwise;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_option_given(cli, name) != NULL;
}

const char **cli_option_all(struct cli *cli, const char *name, size_t *n)
{
	const char **all = ARENA_ARRAY(&cli->arena, cli->n_given, const char *);

	*n = 0;
	for (size_t i = 0; i < cli->n_given; i++)
		if (strcmp(cli->given[i].row->name, name) == 0)
			all[(*n)++] = cli->given[i].value;
	return all;
}

bool cli_option_int(const struct cli *cli, const char *name, int64_t min, int64_t max, int64_t *out,
		    struct err *err)
{
	const char *text = cli_option(cli, name);

	if (!text || !str_to_int64(str_from(text), out) || *out < min || *out > max)
		return err_set(err, ERR_INVALID, "--%s must be a whole number from %lld to %lld", name,
			       (long long)min, (long long)max);
	return true;
}

bool cli_changes(struct cli *cli, const char *const *text, size_t n, struct setting_change **change,
		 struct err *err)
{
	*change = ARENA_ARRAY(&cli->arena, n, struct setting_change);
	for (size_t i = 0; i < n; i++) {
		struct str whole = str_from(text[i]);
		size_t at = str_find_char(whole, '=');

		if (at == whole.len || at == 0)
			return err_set(err, ERR_INVALID, "a setting is given as KEY=VALUE");
		(*change)[i].key = str_of(whole.p, at);
		(*change)[i].value = str_skip(whole, at + 1);
	}
	return true;
}

/* A secret stands in a file, not on the command line, where others could see it. */
static bool read_secrets(struct cli *cli, struct setting_change *change, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_cstr(&cli->arena, str_trim(change[i].value));
		enum setting setting;

		if ((!setting_find(change[i].key, SETTING_STORE, &setting) &&
		     !setting_find(change[i].key, SETTING_ACCOUNT, &setting)) ||
		    setting_row(setting)->type != SETTING_SECRET || path[0] == '\0')
			continue;
		if (!file_read(path, SECRET_FILE_BYTES_MAX, &cli->arena, &change[i].value, err))
			return err_wrap(err, "%.*s=FILE", STR_ARG(change[i].key));
	}
	return true;
}

bool cli_all_changes(struct cli *cli, size_t first, struct setting_change **change, size_t *n,
		     struct err *err)
{
	size_t n_set;
	const char **set = cli_option_all(cli, "set", &n_set);
	size_t n_arg = cli->n_arg > first ? cli->n_arg - first : 0;
	const char **text = ARENA_ARRAY(&cli->arena, n_set + n_arg, const char *);

	for (size_t i = 0; i < n_set; i++)
		text[i] = set[i];
	for (size_t i = 0; i < n_arg; i++)
		text[n_set + i] = cli->arg[first + i];
	*n = n_set + n_arg;
	return cli_changes(cli, text, *n, change, err) && read_secrets(cli, *change, *n, err);
}

/* Reads it from the keyboard without showing it. */
static bool read_typed(struct cli *cli, struct str *out, struct err *err)
{
	struct termios before, silent;
	bool is_silent, ok;

	(void)fprintf(cli->errors, "pannier: paste it here (it is not shown), then Enter and Ctrl-D\n");
	is_silent = tcgetattr(STDIN_FILENO, &before) == 0;
	if (is_silent) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		is_silent = tcsetattr(STDIN_FILENO, TCSADRAIN, &silent) == 0;
	}
	ok = file_read("-", SECRET_FILE_BYTES_MAX, &cli->arena, out, err);
	if (is_silent)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	return ok;
}

bool cli_secret_file(struct cli *cli, const char *option, struct str *out, struct err *err)
{
	const char *path = cli_option(cli, option);
	bool typed = strcmp(path, "-") == 0 && isatty(STDIN_FILENO);

	if (!(typed ? read_typed(cli, out, err)
		    : file_read(path, SECRET_FILE_BYTES_MAX, &cli->arena, out, err)))
		return err_wrap(err, "--%s", option);
	*out = str_trim(*out);
	if (out->len == 0)
		return err_set(err, ERR_INVALID, "--%s: the file is empty", option);
	return true;
}
