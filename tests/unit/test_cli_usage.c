/*
 * The command line's grammar: help for every command, what wrong usage answers, and that secrets given in
 * the wrong place are not repeated. No database is touched.
 */
#define _GNU_SOURCE
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 16
#define NOWHERE	  "/tmp/pannier-there-is-no-such-folder"

struct result {
	int code;
	char *out;
	char *errors;
};

/* line: words between single spaces. */
static struct result run(const char *line)
{
	struct cli_env env = { .clock = clock_system() };
	struct result result = { 0 };
	char *copy = strdup(line), *argv[WORDS_MAX] = { 0 };
	size_t out_len, errors_len;
	int argc = 0;

	for (char *word = strtok(copy, " "); word && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	env.out = open_memstream(&result.out, &out_len);
	env.errors = open_memstream(&result.errors, &errors_len);
	result.code = cli_run(&env, argc, argv);
	assert_int_equal(fclose(env.out), 0);
	assert_int_equal(fclose(env.errors), 0);
	free(copy);
	return result;
}

/* Help goes to out, unbuffered: a write that fails is long past at the end. */
static struct result run_into(FILE *out)
{
	char pannier[] = "pannier", help[] = "help", *argv[] = { pannier, help, NULL };
	struct cli_env env = { .out = out, .clock = clock_system() };
	struct result result = { 0 };
	size_t errors_len;

	assert_non_null(out);
	assert_int_equal(setvbuf(out, NULL, _IONBF, 0), 0);
	env.errors = open_memstream(&result.errors, &errors_len);
	result.code = cli_run(&env, 2, argv);
	(void)fclose(out);
	assert_int_equal(fclose(env.errors), 0);
	return result;
}

static void done(struct result *result)
{
	free(result->out);
	free(result->errors);
}

static void every_command_explains_itself(void **state)
{
	char line[200], usage[200];

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];
		struct result asked, told;

		print_message("%s\n", command->name);
		assert_non_null(command->run);
		assert_true(strlen(command->summary) > 5);
		assert_true(command->summary[strlen(command->summary) - 1] != '.');
		(void)snprintf(line, sizeof(line), "pannier %s --help", command->name);
		asked = run(line);
		assert_int_equal(asked.code, CLI_OK);
		assert_string_equal(asked.errors, "");
		(void)snprintf(usage, sizeof(usage), "Usage: pannier %s", command->name);
		assert_int_equal(strncmp(asked.out, usage, strlen(usage)), 0);
		assert_non_null(strstr(asked.out, command->summary));
		for (size_t j = 0; j < command->n_option; j++) {
			(void)snprintf(line, sizeof(line), "--%s", command->option[j].name);
			assert_non_null(strstr(asked.out, line));
			assert_true(!command->option[j].required || strstr(command->usage, line));
		}
		for (size_t j = 0; j < n_common_options; j++) {
			(void)snprintf(line, sizeof(line), "--%s", common_options[j].name);
			assert_non_null(strstr(asked.out, line));
		}
		(void)snprintf(line, sizeof(line), "pannier help %s", command->name);
		told = run(line);
		assert_int_equal(told.code, CLI_OK);
		assert_string_equal(told.out, asked.out);
		done(&asked);
		done(&told);
	}
}

/* Commands that list or show have --json; two words mean a group that has help too. */
static void rows_are_sound(void **state)
{
	static const char *const with_json[] = { "account list",  "account check",  "store list",
						 "store show",	  "store add",	    "account add",
						 "status",	  "audit",	    "trace",
						 "failed list",	  "preview",	    "doctor",
						 "failed groups", "user list",	    "version",
						 "check",	  "erase",	    "import",
						 "import list",	  "import show",    "settings history",
						 "catalog",	  "sync",	    "reconcile",
						 "defaults show", "reconcile show", "replay",
						 "replay show" };

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		bool json = false, wanted = false;
		char group[64];

		for (size_t j = 0; j < commands[i].n_option; j++)
			json |= strcmp(commands[i].option[j].name, "json") == 0;
		for (size_t j = 0; j < ARRAY_LEN(with_json); j++)
			wanted |= strcmp(commands[i].name, with_json[j]) == 0;
		assert_int_equal(json, wanted);
		(void)snprintf(group, sizeof(group), "%s", commands[i].name);
		if (strchr(group, ' ')) {
			*strchr(group, ' ') = '\0';
			assert_true(command_is_group(group));
		}
	}
}

static void usage_is_judged(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *out;    /* part of it */
		const char *errors; /* part of it */
	} rows[] = {
		{ "pannier", CLI_USAGE, "", "Usage: pannier COMMAND" },
		{ "pannier --help", CLI_OK, "Exit codes:", "" },
		{ "pannier -h", CLI_OK, "Exit codes:", "" },
		{ "pannier help", CLI_OK, "Exit codes:", "" },
		{ "pannier --version", CLI_OK, "pannier 0.", "" },
		{ "pannier -V", CLI_OK, "pannier 0.", "" },
		{ "pannier version", CLI_OK, "Klaviyo API revision 20", "" },
		{ "pannier version --json", CLI_OK, "{\"version\":", "" },
		{ "pannier help settings", CLI_OK, "url_template = (empty)", "" },
		{ "pannier store", CLI_USAGE, "", "store add" },
		{ "pannier store --help", CLI_OK, "store add", "" },
		{ "pannier help store", CLI_OK, "store add", "" },
		{ "pannier --data " NOWHERE " store --help", CLI_OK, "store add", "" },
		{ "pannier stroe", CLI_USAGE, "", "unknown command 'stroe'; did you mean 'store'?" },
		{ "pannier store ad", CLI_USAGE, "",
		  "unknown command 'store ad'; did you mean 'store add'?" },
		{ "pannier help stauts", CLI_USAGE, "", "did you mean 'status'?" },
		{ "pannier status extra", CLI_USAGE, "", "too many arguments: pannier status" },
		{ "pannier status --jsn", CLI_USAGE, "", "unknown option '--jsn'; did you mean '--json'?" },
		{ "pannier status --json=yes", CLI_USAGE, "", "option '--json' takes no value" },
		{ "pannier status -x", CLI_USAGE, "", "unknown option '-x'" },
		{ "pannier status -data", CLI_USAGE, "", "unknown option '-d'" },
		{ "pannier status --data", CLI_USAGE, "", "option '--data' needs a value: --data DIR" },
		{ "pannier check", CLI_USAGE, "", "name a file of messages" },
		{ "pannier check --schema order", CLI_OK, "\"$id\": \"order.json\"", "" },
		{ "pannier check --schema ordr", CLI_NOT_FOUND, "", "did you mean 'order'?" },
		{ "pannier check " NOWHERE "/m.json", CLI_NOT_FOUND, "", "cannot open" },
		{ "pannier trace", CLI_USAGE, "", "'trace' needs more: pannier trace ID" },
		{ "pannier store add x --platform enad", CLI_USAGE, "",
		  "'store add' needs --account ACCOUNT" },
		{ "pannier store add x --platform shopfy --account a --secret-file /dev/null", CLI_USAGE, "",
		  "no platform 'shopfy'; there are: enad, generic" },
		{ "pannier account add Main --key-file /dev/null", CLI_USAGE, "", "name of the account" },
		{ "pannier account add main --key-file /dev/null", CLI_USAGE, "",
		  "--key-file: the file is empty" },
		{ "pannier account add main --key-file " NOWHERE "/key", CLI_NOT_FOUND, "",
		  "--key-file: cannot open" },
		{ "pannier account set main", CLI_USAGE, "", "nothing to change" },
		{ "pannier store set shop", CLI_USAGE, "", "nothing to change" },
		{ "pannier failed retry", CLI_USAGE, "", "name ids, or say --all" },
		{ "pannier failed discard m1 --all", CLI_USAGE, "", "name ids, or say --all" },
		{ "pannier failed retry zzz", CLI_USAGE, "", "'zzz' is not an id" },
		{ "pannier audit --code nonsense", CLI_USAGE, "", "--code is one of: message_duplicate" },
		{ "pannier audit --since soon", CLI_USAGE, "", "--since is 30s" },
		{ "pannier audit --limit 0", CLI_USAGE, "", "--limit must be a whole number from 1" },
		{ "pannier audit --message d1", CLI_USAGE, "", "is not the id of a message" },
		{ "pannier audit --product 1 --category 2", CLI_USAGE, "", "only one of" },
		{ "pannier wait", CLI_USAGE, "", "--idle" },
		{ "pannier wait --idle --timeout -1", CLI_USAGE, "", "--timeout must be" },
		{ "pannier serve --log-level loud", CLI_USAGE, "", "--log-level must be" },
		{ "pannier serve --config " NOWHERE "/x.ini", CLI_NOT_FOUND, "", "cannot open" },
		{ "pannier status --data " NOWHERE, CLI_NOT_FOUND, "",
		  "there is nothing in '" NOWHERE "' yet" },
		{ "pannier account list --data " NOWHERE, CLI_NOT_FOUND, "", "account add" },
		{ "pannier store show x --data=" NOWHERE, CLI_NOT_FOUND, "", "there is nothing" },
		{ "pannier status -- --json", CLI_USAGE, "", "too many arguments" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct result got = run(rows[i].line);

		print_message("%s: %d (want %d) %s", rows[i].line, got.code, rows[i].code,
			      got.errors[0] ? got.errors : "\n");
		assert_int_equal(got.code, rows[i].code);
		assert_non_null(strstr(got.out, rows[i].out));
		assert_non_null(strstr(got.errors, rows[i].errors));
		if (!rows[i].errors[0])
			assert_string_equal(got.errors, "");
		if (!rows[i].out[0])
			assert_string_equal(got.out, "");
		done(&got);
	}
}

/* What a person may type by mistake must not end in a terminal's history of errors, a log or a bug report. */
static void secrets_in_wrong_places_are_not_repeated(void **state)
{
	static const char *const lines[] = {
		"pannier account add main pk_canary --key-file /dev/null",
		"pannier account add main --key pk_canary",
		"pannier account add main --key=pk_canary",
		"pannier account add pk_canary --key-file /dev/null",
		"pannier account add main --keyfile=pk_canary",
		"pannier store add x --platform enad --account a --secret canary",
		"pannier store add x --platform enad --account a --secret=canary",
		"pannier store add whsec_canary --platform enad --account a --secret-file /dev/null",
		"pannier store set shop canary",
		"pannier store set shop =canary",
		"pannier account set main --set pk_canary",
		"pannier status --json=canary",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct result got = run(lines[i]);

		print_message("%s: %s", lines[i], got.errors);
		assert_int_equal(got.code, CLI_USAGE);
		assert_null(strstr(got.errors, "canary"));
		assert_null(strstr(got.out, "canary"));
		done(&got);
	}
}

static void output_that_cannot_be_written_is_told(void **state)
{
	struct result full = run_into(fopen("/dev/full", "w"));

	(void)state;
	assert_int_equal(full.code, CLI_FAILED);
	assert_string_equal(full.errors, "pannier: cannot write the output: No space left on device\n");
	done(&full);
}

/* A device that had no room for the first piece, and then had; what it last said is not what was wrong. */
static ssize_t write_later(void *refused, const char *bytes, size_t n)
{
	bool first = !*(bool *)refused;

	(void)bytes;
	*(bool *)refused = true;
	errno = first ? ENOSPC : EAGAIN;
	return first ? 0 : (ssize_t)n;
}

static void output_with_a_gap_is_told(void **state)
{
	bool refused = false;
	struct result gap =
		run_into(fopencookie(&refused, "w", (cookie_io_functions_t){ .write = write_later }));

	(void)state;
	assert_int_equal(gap.code, CLI_FAILED);
	assert_string_equal(gap.errors, "pannier: cannot write the output: a part is missing\n");
	done(&gap);
}

/* As with `| head`: who does not read on knows. */
static void a_reader_that_left_is_no_trouble(void **state)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	struct result result;
	int end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	assert_int_equal(close(end[0]), 0);
	result = run_into(fdopen(end[1], "w"));
	assert_string_equal(result.errors, "");
	assert_int_equal(result.code, CLI_FAILED);
	done(&result);
	(void)signal(SIGPIPE, before);
}

static void hostile_words_are_escaped(void **state)
{
	struct result got = run("pannier \x1b[31mstatus");

	(void)state;
	assert_int_equal(got.code, CLI_USAGE);
	assert_null(strchr(got.errors, 0x1b));
	assert_non_null(strstr(got.errors, "\\x1b[31mstatus"));
	done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_explains_itself),
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(usage_is_judged),
		cmocka_unit_test(secrets_in_wrong_places_are_not_repeated),
		cmocka_unit_test(hostile_words_are_escaped),
		cmocka_unit_test(output_that_cannot_be_written_is_told),
		cmocka_unit_test(output_with_a_gap_is_told),
		cmocka_unit_test(a_reader_that_left_is_no_trouble),
	};

	(void)unsetenv("PANNIER_DATA");
	(void)unsetenv("PANNIER_LISTEN");
	(void)unsetenv("PANNIER_URL");
	(void)unsetenv("PANNIER_CONFIG");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
