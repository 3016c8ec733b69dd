#ifndef PANNIER_CLI_COMMAND_H
#define PANNIER_CLI_COMMAND_H

#include "admin/look.h"
#include "cli/cli.h"

/* What every command is made of and what its handler is given. */

#define CLI_EXITS(X) \
	X(CLI_OK, 0, "done") \
	X(CLI_FAILED, 1, "failed; a check found something wrong") \
	X(CLI_USAGE, 2, "wrong usage, or a value that is not allowed") \
	X(CLI_NOT_FOUND, 3, "what was named does not exist") \
	X(CLI_DENIED, 4, "denied, or in conflict with what is there") \
	X(CLI_UNREACHABLE, 5, "the other side gave no usable answer") \
	X(CLI_TIMEOUT, 6, "not so far within the time given (wait)") \
	X(CLI_FATAL, 70, "the disk or the database can no longer be trusted")

enum cli_exit {
#define CLI_EXIT_ENUM(name, number, meaning) name = number,
	CLI_EXITS(CLI_EXIT_ENUM)
#undef CLI_EXIT_ENUM
};

enum cli_exit cli_exit_of(enum err_code code);

struct option_row {
	const char *name;          /* "key-file" */
	const char *value;         /* what --help calls its value; NULL = a flag */
	const char *env;           /* environment variable that stands in, or NULL */
	const char *otherwise;     /* default, or NULL */
	const char *help;
	bool required;
	bool repeats;
};

struct cli;

struct command {
	const char *name;          /* "store add" */
	const char *usage;         /* "NAME KEY=VALUE..." : arguments and required options */
	const char *summary;       /* one line */
	const char *help;          /* paragraphs behind it, may be "" */
	const struct option_row *option;
	size_t n_option;
	size_t args_min;
	size_t args_max;
	/* False: err says why. True with cli->exit set: it ran, and that is the exit code. */
	bool (*run)(struct cli *cli, struct err *err);
};

struct option_given {
	const struct option_row *row;
	const char *value;         /* NULL for a flag */
};

struct cli {
	const struct cli_env *env;
	const struct command *command;
	FILE *out;
	FILE *errors;
	struct clock *clock;
	struct arena arena;        /* lives as long as the run */
	struct option_given *given;
	size_t n_given;
	const char **arg;
	size_t n_arg;
	enum cli_exit exit;
	/* Opened by session_open, closed at the end of the run. */
	const char *data;
	struct db *db;
	struct settings *settings;
	const struct snapshot *snapshot;
	struct look look;          /* the same, for what is shared with the API */
};

/* ---- options of this run (option.c) ---- */

/* The value given, else the environment's, else the default, else NULL. Of a repeated option the last. */
const char *cli_option(const struct cli *cli, const char *name);
/* Given on the command line or by the environment; otherwise NULL. */
const char *cli_option_given(const struct cli *cli, const char *name);
bool cli_flag(const struct cli *cli, const char *name);
/* All values of an option that repeats, in the arena. */
const char **cli_option_all(struct cli *cli, const char *name, size_t *n);
/* A whole number min..max. ERR_INVALID otherwise. */
bool cli_option_int(const struct cli *cli, const char *name, int64_t min, int64_t max, int64_t *out,
		    struct err *err) MUST_CHECK;
/* KEY=VALUE texts into changes; a text without '=' is refused without being repeated (it may be a secret). */
bool cli_changes(struct cli *cli, const char *const *text, size_t n, struct setting_change **change,
		 struct err *err) MUST_CHECK;
/* The changes of --set and of the arguments from position first on; of a SECRET setting what stands in the file its value names. */
bool cli_all_changes(struct cli *cli, size_t first, struct setting_change **change, size_t *n,
		     struct err *err) MUST_CHECK;
/* What stands in the file named by the option, or on standard input ("-"), trimmed. */
bool cli_secret_file(struct cli *cli, const char *option, struct str *out, struct err *err) MUST_CHECK;

/* ---- what is open (session.c) ---- */

enum session_mode { SESSION_EXISTING, SESSION_CREATE };

/*
 * Opens database, settings and a snapshot in the data folder. EXISTING: ERR_NOT_FOUND if nothing was ever there. Works while a
 * daemon runs and while none does.
 */
bool session_open(struct cli *cli, enum session_mode mode, struct err *err) MUST_CHECK;
void session_close(struct cli *cli);
/* The snapshot after this process changed settings. */
bool session_refresh(struct cli *cli, struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND with the nearest name. */
bool session_store(struct cli *cli, const char *name, const struct settings_store **out, struct err *err) MUST_CHECK;
bool session_account(struct cli *cli, const char *name, const struct settings_account **out,
		     struct err *err) MUST_CHECK;
/* Id of the store that --store names, 0 if the option is not given. */
bool session_store_option(struct cli *cli, int64_t *id, struct err *err) MUST_CHECK;
/* Names by id; "store 17" for one that was removed. */
struct str session_store_name(struct cli *cli, int64_t id);
struct str session_account_name(struct cli *cli, int64_t id);
/* What --url-base says, else where the daemon listens that runs; without a slash at its end. ERR_INVALID: not a URL. */
bool session_url_base(struct cli *cli, struct str *out, struct err *err) MUST_CHECK;
/* The first argument as an e-mail address in its form. ERR_INVALID: it is none. */
bool session_person(struct cli *cli, struct str *email, struct err *err) MUST_CHECK;
/* Is a daemon at work on this data folder? */
bool session_daemon_runs(struct cli *cli);

/* ---- output ---- */

/* One line of JSON to standard output; takes json over. */
void cli_print_json(struct cli *cli, struct json *json);
enum paint { PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINT_BOLD };
/* The text, coloured if out is a terminal and NO_COLOR is not set. In the arena. */
const char *cli_paint(struct cli *cli, enum paint paint, const char *text);

#endif
