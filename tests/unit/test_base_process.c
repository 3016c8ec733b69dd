/*
 * What belongs to the process as a whole: log, counters, files, crash points, its threads' places.
 */
#define _GNU_SOURCE /* gettid */
#include "base/clock.h"
#include "base/counter.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_internal.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of this run's own; removed at the end. */
static char folder[] = "/tmp/pannier-test-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* ---- log ---- */

static int real_stderr = -1;

static void log_start(struct clock_manual *manual)
{
	int fd = open(in_folder("log"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	real_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	clock_manual_init(manual, INT64_C(1785406272345));
	log_set_clock(&manual->clock);
}

/* Ends the catching and compares everything that was logged. */
static void assert_logged(const char *want)
{
	char got[8192] = { 0 };
	FILE *file;

	log_set_clock(NULL);
	assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	(void)close(real_stderr);
	file = fopen(in_folder("log"), "r");
	assert_non_null(file);
	assert_true(fread(got, 1, sizeof(got) - 1, file) > 0);
	(void)fclose(file);
	assert_string_equal(got, want);
}

static void test_log_lines(void **state)
{
	struct clock_manual manual;

	(void)state;
	log_start(&manual);
	log_error("store", "cannot open '%s'", "a\nb\x1b[31m\xc2\x9b\x7f\t");
	log_warn("http", "x=%d", 1);
	log_debug("http", "not shown");
	log_set_level(LOG_DEBUG);
	log_debug("http", "\xc3\xa4");
	log_set_level(LOG_ERROR);
	log_info("http", "not shown");
	log_set_level(LOG_INFO);
	manual.now_ms += 1000;
	log_info("app", "last");
	assert_logged("2026-07-30T10:11:12.345Z error store cannot open 'a\\nb\\x1b[31m\\xc2\x9b\\x7f\\t'\n"
		      "2026-07-30T10:11:12.345Z warn http x=1\n"
		      "2026-07-30T10:11:12.345Z debug http \xc3\xa4\n"
		      "2026-07-30T10:11:13.345Z info app last\n");
}

static void test_log_repeats(void **state)
{
	static const char format[] = "try %d"; /* repeats are known by the address */
	struct clock_manual manual;

	(void)state;
	log_start(&manual);
	for (int i = 0; i < 9; i++)
		log_warn("deliver", format, i);
	log_warn("deliver", "other");
	manual.now_ms += 9999;
	log_flush(false);
	log_warn("deliver", format, 100);
	manual.now_ms += 1;
	log_flush(false);
	log_flush(true);
	log_flush(true);
	log_set_clock(&manual.clock); /* forget */
	for (int i = 0; i < 7; i++)
		log_info("deliver", "again %d", i);
	log_flush(true);
	assert_logged("2026-07-30T10:11:12.345Z warn deliver try 0\n"
		      "2026-07-30T10:11:12.345Z warn deliver try 1\n"
		      "2026-07-30T10:11:12.345Z warn deliver try 2\n"
		      "2026-07-30T10:11:12.345Z warn deliver try 3\n"
		      "2026-07-30T10:11:12.345Z warn deliver try 4\n"
		      "2026-07-30T10:11:12.345Z warn deliver other\n"
		      "2026-07-30T10:11:22.345Z warn deliver 5 more lines like: try %d\n"
		      "2026-07-30T10:11:22.345Z info deliver again 0\n"
		      "2026-07-30T10:11:22.345Z info deliver again 1\n"
		      "2026-07-30T10:11:22.345Z info deliver again 2\n"
		      "2026-07-30T10:11:22.345Z info deliver again 3\n"
		      "2026-07-30T10:11:22.345Z info deliver again 4\n"
		      "2026-07-30T10:11:22.345Z info deliver 2 more lines like: again %d\n");
}

static void *log_some(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info(arg, "from a thread %d", i);
	return NULL;
}

/* For the sanitizers; and that each thread's area is limited on its own. */
static void test_log_threads(void **state)
{
	static const char *const area[] = { "one", "two", "three" };
	struct clock_manual manual;
	pthread_t thread[3];
	struct stat size;

	(void)state;
	log_start(&manual);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, log_some, (void *)(uintptr_t)area[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(stat(in_folder("log"), &size), 0);
	assert_int_equal(size.st_size, 15 * 47 + 5 * (3 + 3 + 5));
	log_set_clock(NULL);
	assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	(void)close(real_stderr);
}

/* ---- counters ---- */

static void *count_some(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10000; i++)
		counter_add(COUNTER_commits, 1);
	return NULL;
}

static void test_counters(void **state)
{
	uint64_t before = counter_get(COUNTER_commits);
	pthread_t thread[2];
	struct strbuf text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_some, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(counter_get(COUNTER_commits), before + 20000);
	counter_add(COUNTER_http_requests, 3);
	strbuf_init(&text, 1 << 16);
	counter_write_prometheus(&text);
	assert_non_null(strstr(text.p, "# HELP pannier_http_requests_total HTTP requests answered\n"
				       "# TYPE pannier_http_requests_total counter\n"
				       "pannier_http_requests_total 3\n"));
	strbuf_release(&text);
}

/* ---- files ---- */

static void assert_fails(bool ok, const struct err *err, enum err_code want)
{
	assert_false(ok);
	if (err->code != want)
		fail_msg("got %s (%s), want %s", err_code_name(err->code), err->msg, err_code_name(want));
}

static void test_file_create_and_read(void **state)
{
	const char *path = in_folder("key");
	struct arena arena;
	struct stat stats;
	struct err err;
	struct str text;

	(void)state;
	arena_init(&arena);
	assert_true(file_create_private(path, STR("secret"), &err));
	assert_int_equal(stat(path, &stats), 0);
	assert_int_equal(stats.st_mode & 0777, 0600);
	assert_fails(file_create_private(path, STR("other"), &err), &err, ERR_CONFLICT);
	assert_true(file_read(path, 6, &arena, &text, &err));
	assert_true(str_eq(text, STR("secret")));
	assert_int_equal(text.p[6], '\0');
	assert_fails(file_read(path, 5, &arena, &text, &err), &err, ERR_TOO_LARGE);
	assert_fails(file_read(in_folder("none"), 5, &arena, &text, &err), &err, ERR_NOT_FOUND);
	assert_fails(file_read(folder, 5, &arena, &text, &err), &err, ERR_INVALID);
	assert_fails(file_create_private(in_folder("none/key"), STR("x"), &err), &err, ERR_INVALID);
	arena_release(&arena);
}

static void test_file_standard_input(void **state)
{
	int end[2], saved = dup(STDIN_FILENO);
	struct arena arena;
	struct str text;
	struct err err;

	(void)state;
	arena_init(&arena);
	assert_int_equal(pipe(end), 0);
	assert_int_equal(write(end[1], "piped", 5), 5);
	(void)close(end[1]);
	assert_int_equal(dup2(end[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(end[0]);
	assert_true(file_read("-", 100, &arena, &text, &err));
	assert_true(str_eq(text, STR("piped")));
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	arena_release(&arena);
}

static void test_file_make_dir(void **state)
{
	struct stat stats;
	struct err err;

	(void)state;
	assert_true(file_make_dir(in_folder("a//b/c/"), &err));
	assert_true(file_make_dir(in_folder("a/b/c"), &err));
	assert_int_equal(stat(in_folder("a/b/c"), &stats), 0);
	assert_int_equal(stats.st_mode & 0777, 0700);
	assert_true(file_create_private(in_folder("a/file"), STR(""), &err));
	assert_fails(file_make_dir(in_folder("a/file"), &err), &err, ERR_INVALID);
	assert_fails(file_make_dir(in_folder("a/file/b"), &err), &err, ERR_INVALID);
	assert_fails(file_make_dir("", &err), &err, ERR_INVALID);
}

static void test_file_lock(void **state)
{
	struct arena arena;
	struct str note;
	struct err err;
	int first, second;

	(void)state;
	assert_true(file_lock(in_folder("lock"), &first, &err));
	assert_fails(file_lock(in_folder("lock"), &second, &err), &err, ERR_BUSY);
	(void)close(first);
	assert_true(file_lock(in_folder("lock"), &second, &err));
	arena_init(&arena);
	assert_true(file_lock_note(second, STR("a longer note"), &err));
	assert_true(file_lock_note(second, STR("a note"), &err));
	assert_true(file_read(in_folder("lock"), 64, &arena, &note, &err));
	assert_true(str_eq(note, STR("a note")));
	arena_release(&arena);
	(void)close(second);
	assert_fails(file_lock(in_folder("none/lock"), &second, &err), &err, ERR_INVALID);
}

static void test_file_disk_space(void **state)
{
	int64_t free_bytes = 0, total_bytes = 0;
	struct err err;

	(void)state;
	assert_true(file_disk_space(folder, &free_bytes, &total_bytes, &err));
	assert_true(free_bytes > 0 && free_bytes <= total_bytes);
	assert_fails(file_disk_space(in_folder("none"), &free_bytes, &total_bytes, &err), &err,
		     ERR_NOT_FOUND);
}

static void test_file_disk_is_full(void **state)
{
	(void)state;
	assert_true(file_disk_is_full(ENOSPC));
	assert_true(file_disk_is_full(EDQUOT));
	assert_false(file_disk_is_full(EFBIG));
	assert_false(file_disk_is_full(EIO));
	assert_false(file_disk_is_full(0));
}

/* ---- crash points ---- */

#ifdef PANNIER_TEST_HOOKS
/* A child that passes inbox_append three times; its wait status. */
static int run_child(const char *point)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		(void)setenv("PANNIER_CRASH_POINT", point, 1);
		(void)close(STDERR_FILENO);
		(void)close(STDOUT_FILENO);
		for (int i = 0; i < 3; i++) {
			crash_point_before(CRASH_inbox_append);
			crash_point_after(CRASH_inbox_append);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_crash_points(void **state)
{
	static const struct {
		const char *point;
		int signal, exit; /* signal 0 = exit */
	} row[] = {
		{ "inbox_append.before", SIGKILL, 0 },
		{ "inbox_append.after", SIGKILL, 0 },
		{ "inbox_append.after:3", SIGKILL, 0 },
		{ "inbox_append.after:4", 0, 0 },
		{ "migrate.before", 0, 0 },
		{ "", 0, 0 },
		{ "list", 0, 0 },
		{ "inbox_append", 0, 2 },
		{ "inbox_appen.before", 0, 2 },
		{ "inbox_append.before:x", 0, 2 },
		{ "inbox_append.before:0", 0, 2 },
		{ "inbox_append.beforehand", 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int status = run_child(row[i].point);

		if (row[i].signal)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == row[i].signal);
		else if (!WIFEXITED(status) || WEXITSTATUS(status) != row[i].exit)
			fail_msg("'%s': status %x", row[i].point, (unsigned)status);
	}
}
#else
static void test_crash_points(void **state)
{
	(void)state;
	crash_point_before(CRASH_migrate); /* compiled to nothing */
	crash_point_after(CRASH_migrate);
	skip();
}
#endif

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void test_secrets_are_kept(void **state)
{
	pid_t child;
	int status;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit core;

		(void)unsetenv("PANNIER_DEBUGGABLE");
		process_keep_secrets();
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
				      core.rlim_cur == 0 && core.rlim_max == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- threads ---- */

static int own_nice(void)
{
	return getpriority(PRIO_PROCESS, (id_t)gettid());
}

/* out: the thread's value before, after three steps, and after more than there are. */
static void *step_back(void *out)
{
	int *nice = out;

	nice[0] = own_nice();
	process_thread_step_back(3);
	nice[1] = own_nice();
	process_thread_step_back(19);
	nice[2] = own_nice();
	return NULL;
}

static void test_one_thread_steps_back(void **state)
{
	int nice[3], before = own_nice();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, step_back, nice), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(nice[0], before);
	assert_int_equal(nice[1], before + 3 < 19 ? before + 3 : 19);
	assert_int_equal(nice[2], 19);
	assert_int_equal(own_nice(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_points), /* first: the environment is read once */
		cmocka_unit_test(test_secrets_are_kept),
		cmocka_unit_test(test_one_thread_steps_back),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_log_repeats),
		cmocka_unit_test(test_log_threads),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_file_create_and_read),
		cmocka_unit_test(test_file_standard_input),
		cmocka_unit_test(test_file_make_dir),
		cmocka_unit_test(test_file_lock),
		cmocka_unit_test(test_file_disk_is_full),
		cmocka_unit_test(test_file_disk_space),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
