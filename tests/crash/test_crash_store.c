/*
 * Death and errors at every system call of the store: bringing an old database up to date, taking messages
 * in, mapping them, importing, delivering, checkpoints, retention. Each is done by this program itself in a
 * process of its own, under strace, which kills it as it is about to make its Nth call of a kind, or answers
 * that call with an error.
 *
 * What must hold: it ends by itself with a message or as if nothing had been, never by a signal that was not
 * sent; the books balance; what it said to be durable is there; done once more, it ends where it should.
 * Arguments: "long" for all calls, with all errors, otherwise some of them, and a pattern of the tests' names
 * ("*mapped"). "work NAME FOLDER" is for itself.
 * Skipped where strace may not be used.
 */
#include "base/attr.h"
#include "base/file.h"
#include "cli/program.h"
#include "crash/store_child.h"
#include "crash/store_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK	  "/the-work-begins"
#define TRACE_MAX ((size_t)16 << 20)
/* Places of each call in the long form. */
#define ALL	 1000000
#define DEATHS	 60
#define MISTAKES 6

static struct place place;
static const char *self;
static bool is_long;

static void begin(void)
{
	(void)access(MARK, F_OK);
}

/* ---- one run ---- */

/* Those that change something come first; the short form is about these. */
static const char *const calls =
	"pwrite64,fdatasync,fsync,ftruncate,openat,unlink,fcntl,mkdir,fallocate,write,pread64,"
	"read,newfstatat,fstat,lseek,access";
static const char *const changing[] = { "pwrite64", "fdatasync", "ftruncate", "openat", "unlink", "fcntl" };

struct result {
	int code;
	int acknowledged;
	struct str errors;
};

static void become(char *const *argv, const char *out, const char *errors)
{
	int out_fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int errors_fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (out_fd < 0 || errors_fd < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
	    dup2(errors_fd, STDERR_FILENO) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* The work under strace, with what it is to do besides tracing; NULL = nothing. */
static struct result run(const struct store_work *work, const char *folder, const char *trace,
			 const char *inject)
{
	const char *out = place_file(&place, "said", NULL), *errors = place_file(&place, "errors", NULL);
	const char *argv[] = { "strace",   "-qq",
			       "-o",	   trace,
			       "-e",	   arena_printf(&place.arena, "trace=%s", calls).p,
			       "-e",	   inject ? inject : "signal=none",
			       self,	   "work",
			       work->name, folder,
			       NULL };
	struct result result = { 0 };
	struct str said = { 0 };
	struct err err;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		become((char *const *)(uintptr_t)argv, out, errors);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	assert_true(file_read(out, STORE_WORK_MESSAGES + 1, &place.arena, &said, &err));
	assert_true(file_read(errors, TRACE_MAX, &place.arena, &result.errors, &err));
	result.acknowledged = (int)said.len;
	return result;
}

static void copy(const char *from, const char *to)
{
	const char *command = arena_printf(&place.arena, "rm -rf '%s' && cp -a '%s' '%s'", to, from, to).p;

	assert_int_equal(system(command), 0);
}

/* What was acknowledged in the run before; the checks, processes of their own, inherit it. */
static int n_acknowledged;

static void acknowledged_is_there(const char *folder)
{
	struct db *db = child_open(folder);

	child_balance(db);
	for (int i = 1; i <= n_acknowledged; i++)
		store_must_be(child_append(db, CHILD_START_MS, (unsigned char)i),
			      "an acknowledged message is gone");
	db_close(db);
}

static void check_after(const struct store_work *work, const char *folder, const char *inject,
			const struct result *result)
{
	n_acknowledged = work->acknowledges ? result->acknowledged : 0;
	if (child_apart(NULL, acknowledged_is_there, folder) != 0 ||
	    child_apart(NULL, work->work, folder) != 0 || child_apart(NULL, work->check, folder) != 0)
		fail_msg("%s, %s: after %d with '%.*s' not all is right", work->name, inject, result->code,
			 STR_ARG(result->errors));
}

/* ---- where ---- */

struct call {
	char name[32];
	int before, all; /* how often: before the work begins, and to its end */
};

#define CALLS_MAX 32

static struct call *find_call(struct call *call, size_t *n, struct str name)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(str_from(call[i].name), name))
			return &call[i];
	assert_true(*n < CALLS_MAX && name.len < sizeof(call->name));
	call[*n] = (struct call){ 0 };
	memcpy(call[*n].name, name.p, name.len);
	return &call[(*n)++];
}

/* What an undisturbed run calls. Its rest is left in folder. */
static size_t count_calls(const struct store_work *work, const char *folder, struct call *call)
{
	const char *trace = place_file(&place, "trace", NULL);
	struct result result = run(work, folder, trace, NULL);
	bool begun = false;
	struct str text, line;
	struct err err;
	size_t n = 0;

	if (result.code != 0)
		fail_msg("%s ends with %d: %.*s", work->name, result.code, STR_ARG(result.errors));
	assert_true(file_read(trace, TRACE_MAX, &place.arena, &text, &err));
	while (str_split(&text, '\n', &line)) {
		struct call *one = find_call(call, &n, str_of(line.p, str_find_char(line, '(')));

		begun = begun || (str_eq(str_from(one->name), STR("access")) &&
				  strstr(arena_cstr(&place.arena, line), MARK));
		one->all++;
		one->before += !begun;
	}
	assert_true(begun);
	check_after(work, folder, "undisturbed", &result);
	return n;
}

/* ---- the tests ---- */

static const char *const errors[] = { "EIO", "ENOSPC", "EMFILE", "EAGAIN", "EINTR" };

static int n_run, n_ended;

/* error NULL: killed. */
static void one_instant(const struct store_work *work, const char *prepared, const struct call *call, int at,
			const char *error)
{
	const char *folder = place_file(&place, "data", NULL);
	const char *inject =
		error ? arena_printf(&place.arena, "inject=%s:error=%s:when=%d", call->name, error, at).p
		      : arena_printf(&place.arena, "inject=%s:signal=KILL:when=%d", call->name, at).p;
	struct result result;

	copy(prepared, folder);
	result = run(work, folder, "/dev/null", inject);
	n_run++;
	n_ended += result.code != 0;
	if (!error && result.code != CHILD_KILLED_BY(SIGKILL) && result.code != 0)
		fail_msg("%s, %s: ends with %d", work->name, inject, result.code);
	if (error && result.code != 0 && (result.code != 1 || result.errors.len == 0))
		fail_msg("%s, %s: ends with %d and '%.*s'", work->name, inject, result.code,
			 STR_ARG(result.errors));
	check_after(work, folder, inject, &result);
}

/* All places from..to, or about so many of them, the last one too. */
static int next_place(int at, int from, int to, int wanted)
{
	int step = (to - from) / wanted;

	if (at == to)
		return to + 1;
	at += step > 1 ? step : 1;
	return at < to ? at : to;
}

static void sweep_call(const struct store_work *work, const char *prepared, const struct call *call,
		       int deaths, int mistakes)
{
	int from = call->before + 1, to = call->all;

	for (int at = from; at <= to; at = next_place(at, from, to, deaths))
		one_instant(work, prepared, call, at, NULL);
	for (int at = from; at <= to; at = next_place(at, from, to, mistakes))
		for (size_t e = 0; e < ARRAY_LEN(errors); e++)
			one_instant(work, prepared, call, at, errors[e]);
}

/* In the middle: a death for every other call, an error for the others. */
static void sample_call(const struct store_work *work, const char *prepared, const struct call *call)
{
	static size_t n;
	bool changes = false;

	for (size_t i = 0; i < ARRAY_LEN(changing); i++)
		changes = changes || strcmp(changing[i], call->name) == 0;
	if (!changes || call->all == call->before)
		return;
	n++;
	one_instant(work, prepared, call, (call->before + 1 + call->all) / 2,
		    n % 2 ? NULL : errors[n / 2 % ARRAY_LEN(errors)]);
}

static void sweep(const struct store_work *work, int deaths)
{
	const char *prepared = place_file(&place, "prepared", NULL),
		   *folder = place_file(&place, "data", NULL);
	struct call call[CALLS_MAX];
	size_t n;

	assert_int_equal(system(arena_printf(&place.arena, "rm -rf '%s'", prepared).p), 0);
	assert_int_equal(child_apart(NULL, work->prepare, prepared), 0);
	copy(prepared, folder);
	n = count_calls(work, folder, call);
	n_run = n_ended = 0;
	for (size_t i = 0; i < n; i++) {
		if (is_long)
			sweep_call(work, prepared, &call[i], deaths, MISTAKES);
		else
			sample_call(work, prepared, &call[i]);
	}
	print_message("%s: %d runs, %d of them ended early\n", work->name, n_run, n_ended);
	assert_true(n_ended > 0);
}

static void an_old_database_is_brought_up_to_date(void **state)
{
	(void)state;
	sweep(&store_work[STORE_MIGRATION], ALL);
}

static void messages_are_taken_in(void **state)
{
	(void)state;
	sweep(&store_work[STORE_INGEST], DEATHS);
}

static void messages_are_mapped(void **state)
{
	(void)state;
	sweep(&store_work[STORE_MAP], DEATHS);
}

static void a_file_is_imported(void **state)
{
	(void)state;
	sweep(&store_work[STORE_IMPORT], DEATHS);
}

static void a_product_is_delivered(void **state)
{
	(void)state;
	sweep(&store_work[STORE_DELIVER], DEATHS);
}

static void the_log_is_moved_into_the_database(void **state)
{
	(void)state;
	sweep(&store_work[STORE_CHECKPOINT], DEATHS);
}

static void days_pass_their_retention(void **state)
{
	(void)state;
	sweep(&store_work[STORE_RETENTION], ALL);
}

static void keys_are_written_as_runs(void **state)
{
	(void)state;
	sweep(&store_work[STORE_KEYS], DEATHS);
}

static int set_up(void **state)
{
	(void)state;
	place_init(&place);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_release(&place);
	return 0;
}

static int work_alone(const char *name, const char *folder)
{
	for (size_t i = 0; i < STORE_WORK_COUNT; i++) {
		if (strcmp(store_work[i].name, name) != 0)
			continue;
		begin();
		store_work[i].work(folder);
		return 0;
	}
	return 2;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_database_is_brought_up_to_date),
		cmocka_unit_test(messages_are_taken_in),
		cmocka_unit_test(messages_are_mapped),
		cmocka_unit_test(a_file_is_imported),
		cmocka_unit_test(a_product_is_delivered),
		cmocka_unit_test(the_log_is_moved_into_the_database),
		cmocka_unit_test(days_pass_their_retention),
		cmocka_unit_test(keys_are_written_as_runs),
	};

	if (argc == 4 && strcmp(argv[1], "work") == 0)
		return work_alone(argv[2], argv[3]);
	if (system("strace -qq -e trace=none true 2>/dev/null") != 0) {
		print_message("skipped: strace cannot be used here\n");
		return 77;
	}
	self = argv[0];
	is_long = argc > 1 && strcmp(argv[1], "long") == 0;
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
