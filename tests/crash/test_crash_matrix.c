/*
 * Death at every instant of base/crash_point.h, in the real programs: whoever dies there and is started again
 * ends where an undisturbed run ends. Arguments: at which visit (1 or 3), how the names of those to look at
 * end (.before, .after or nothing: all), how they start, and N: only every Nth of them, from the Nth on.
 *
 * The runs mostly wait, so several go side by side, each group in a process of its own.
 */
#include "base/attr.h"
#include "base/file.h"
#include "crash/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS	 14
#define ROWS_MAX 128
#define TEXT_MAX ((size_t)1 << 20)

/* Points that are not the running daemon's; all others are. */
static const struct {
	const char *point;
	enum victim victim;
	int commands;
	bool once; /* a process comes by only once: test_crash_upkeep.c has the third visit */
} special[] = {
	{ "migrate", VICTIM_COMMAND, COMMAND_FIRST, true },
	{ "cursor_put", VICTIM_DAEMON, 0, true }, /* what an account is asked only once */
	{ "config_change", VICTIM_COMMAND, COMMAND_CONFIG, false },
	{ "import_put", VICTIM_COMMAND, COMMAND_IMPORT, false },
	{ "import_change", VICTIM_COMMAND, COMMAND_DECIDE, false },
	{ "task_put", VICTIM_COMMAND, COMMAND_COMPARE, false },
	{ "task_change", VICTIM_COMMAND, COMMAND_GIVE_UP, false },
	{ "failed_change", VICTIM_COMMAND, COMMAND_FAILED, false },
	{ "user_change", VICTIM_COMMAND, COMMAND_USER, false },
	{ "grant_change", VICTIM_COMMAND, COMMAND_TOKEN, false },
	{ "outbox_recover", VICTIM_START, 0, false },
	{ "retain", VICTIM_DAEMON, 0, true },
};

static struct {
	struct place place; /* of the matrix: catalogs and output of the workers */
	struct instant instant[ROWS_MAX];
	const char *title[ROWS_MAX];
	size_t n;
	enum scenario scenario;
} matrix;

/* ---- the rows ---- */

static void add_row(struct str name, int visit)
{
	struct instant *instant = &matrix.instant[matrix.n];

	assert_true(matrix.n < ROWS_MAX);
	*instant = (struct instant){ .name = arena_cstr(&matrix.place.arena, name),
				     .visit = visit,
				     .victim = name.len ? VICTIM_DAEMON : VICTIM_NONE };
	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		size_t len = strlen(special[i].point);

		if (!str_starts(name, str_from(special[i].point)) || name.p[len] != '.')
			continue;
		if (special[i].once && visit > 1)
			return;
		instant->victim = special[i].victim;
		instant->commands = special[i].commands;
	}
	matrix.title[matrix.n++] =
		name.len ? arena_printf(&matrix.place.arena, "%.*s:%d", STR_ARG(name), visit).p
			 : "undisturbed";
}

/* suffix, prefix: of the names; NULL = all. False: this build has no crash points. */
static bool read_rows(int visit, const char *suffix, const char *prefix, int every)
{
	struct ran ran;
	struct str rest, name;
	int n = 0;

	assert_int_equal(setenv("PANNIER_CRASH_POINT", "list", 1), 0);
	ran = RUN(&matrix.place, "account", "add", "main", "--key-file",
		  place_file(&matrix.place, "key.txt", "pk_crash0123456789"), "--data",
		  place_file(&matrix.place, "list", NULL));
	assert_int_equal(unsetenv("PANNIER_CRASH_POINT"), 0);
	rest = str_from(ran.out);
	if (!str_starts(rest, STR("migrate.before")))
		return false;
	add_row(STR(""), 0);
	while (str_split(&rest, '\n', &name))
		if (name.len && (!suffix || str_ends(name, str_from(suffix))) &&
		    (!prefix || str_starts(name, str_from(prefix))) && ++n % every == 0)
			add_row(name, visit);
	return true;
}

/* ---- one run ---- */

static const char *catalog_file(size_t row, const char *text)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "catalog-%zu", row);
	return place_file(&matrix.place, name, text);
}

static int set_up(void **state)
{
	static struct run run;

	run_init(&run, *state);
	*state = &run;
	return 0;
}

static int tear_down(void **state)
{
	run_release(*state);
	return 0;
}

static size_t row_of(const struct run *run)
{
	size_t row = 0;

	while (strcmp(matrix.instant[row].name, run->instant.name) != 0)
		row++;
	return row;
}

static void goes_on(void **state)
{
	struct run *run = *state;

	scenario_play(run, matrix.scenario);
	run_end(run);
	scenario_check(run);
	(void)catalog_file(row_of(run), scenario_catalog(run).p);
	run->good = true;
}

static int work(size_t worker)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	memset(tests, 0, sizeof(tests));
	for (size_t i = worker; i < matrix.n; i += WORKERS)
		tests[n++] = (struct CMUnitTest){ .name = matrix.title[i],
						  .test_func = goes_on,
						  .setup_func = set_up,
						  .teardown_func = tear_down,
						  .initial_state = &matrix.instant[i] };
	return _cmocka_run_group_tests("crash points", tests, n, NULL, NULL);
}

/* ---- all runs ---- */

static const char *output_file(size_t worker, const char *text)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "output-%zu", worker);
	return place_file(&matrix.place, name, text);
}

static pid_t start_worker(size_t worker)
{
	const char *output = output_file(worker, "");
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(output, "a", stdout) || dup2(fileno(stdout), STDERR_FILENO) < 0)
		_exit(126);
	exit(work(worker) == 0 ? 0 : 1);
}

static bool worker_succeeds(size_t worker, pid_t pid)
{
	struct str output;
	struct err err;
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (file_read(output_file(worker, NULL), TEXT_MAX, &matrix.place.arena, &output, &err))
		(void)printf("%.*s\n", STR_ARG(output));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static struct str catalog(size_t row)
{
	struct str text;
	struct err err;

	if (!file_read(catalog_file(row, NULL), TEXT_MAX, &matrix.place.arena, &text, &err))
		return STR("");
	return text;
}

static size_t count_lines(struct str text, struct str start)
{
	struct str line;
	size_t n = 0;

	while (str_split(&text, '\n', &line))
		n += str_starts(line, start);
	return n;
}

/* The line that is in one and not in the other. */
static void show_difference(struct str got, struct str want)
{
	struct str a, b;

	while (str_split(&got, '\n', &a) && str_split(&want, '\n', &b))
		if (!str_eq(a, b)) {
			(void)printf("  got  %.*s\n  want %.*s\n", STR_ARG(a), STR_ARG(b));
			return;
		}
}

static bool all_the_same(void)
{
	struct str want = catalog(0);
	bool same = true;

	if (count_lines(want, STR("items")) != SCENARIO_ITEMS ||
	    count_lines(want, STR("categories")) != SCENARIO_CATEGORIES) {
		(void)printf("not the catalog that the scenario makes:\n%.*s\n", STR_ARG(want));
		return false;
	}
	for (size_t i = 1; i < matrix.n; i++) {
		struct str got = catalog(i);

		if (str_eq(got, want))
			continue;
		(void)printf("%s: another catalog than that of the undisturbed run\n", matrix.title[i]);
		show_difference(got, want);
		same = false;
	}
	return same;
}

int main(int argc, char **argv)
{
	int visit = argc > 1 ? atoi(argv[1]) : 1;
	pid_t pid[WORKERS];
	bool ok = true;

	matrix.scenario = visit > 1 ? SCENARIO_LONG : SCENARIO_SHORT;
	place_init(&matrix.place);
	if (!read_rows(visit, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL,
		       argc > 4 ? atoi(argv[4]) : 1)) {
		(void)printf("this build has no crash points (-Dtest_hooks=true)\n");
		place_release(&matrix.place);
		return 77;
	}
	for (size_t i = 0; i < WORKERS; i++)
		pid[i] = start_worker(i);
	for (size_t i = 0; i < WORKERS; i++)
		ok = pid[i] > 0 && worker_succeeds(i, pid[i]) && ok;
	ok = all_the_same() && ok;
	(void)printf("%zu runs\n", matrix.n);
	place_release(&matrix.place);
	return ok ? 0 : 1;
}
