/*
 * Child processes of the command line's tests. Only children started here are signalled, by their ids.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cli/program.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX	 32
#define FILE_BYTES_MAX	 ((size_t)64 << 20)
#define START_MS	 30000
#define OUTPUT_BYTES_MAX ((size_t)65536)

/* ---- the place ---- */

void place_init(struct place *place)
{
	strcpy(place->folder, "/tmp/pannier-cli-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	arena_init(&place->arena);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

void place_release(struct place *place)
{
	assert_int_equal(nftw(place->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	arena_release(&place->arena);
}

const char *place_file(struct place *place, const char *name, const char *text)
{
	const char *path = arena_printf(&place->arena, "%s/%s", place->folder, name).p;
	FILE *file;

	if (!text)
		return path;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* nftw has no argument for its caller. */
static struct {
	struct arena *arena;
	struct str wanted;
	const char *found;
} search;

static bool holds(struct str text, struct str wanted)
{
	for (size_t i = 0; i + wanted.len <= text.len; i++)
		if (memcmp(text.p + i, wanted.p, wanted.len) == 0)
			return true;
	return false;
}

static int search_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	struct str text;
	struct err err;

	(void)where;
	if (kind != FTW_F || !S_ISREG(status->st_mode))
		return 0;
	assert_true(file_read(path, FILE_BYTES_MAX, search.arena, &text, &err));
	if (holds(text, search.wanted))
		search.found = arena_cstr(search.arena, str_from(path));
	return 0;
}

const char *place_holds(struct place *place, const char *bytes)
{
	search.arena = &place->arena;
	search.wanted = str_from(bytes);
	search.found = NULL;
	assert_int_equal(nftw(place->folder, search_one, 16, FTW_PHYS), 0);
	return search.found;
}

/* ---- running ---- */

static const char *program_path(enum program program)
{
	const char *path = getenv(program == PROGRAM_PANNIER ? "PANNIER_BIN" : "KLAVIYO_SANDBOX_BIN");

	if (!path) {
		(void)fprintf(stderr, "PANNIER_BIN and KLAVIYO_SANDBOX_BIN say where the programs are\n");
		exit(77);
	}
	return path;
}

static pid_t launch(struct place *place, enum program program, const char *const *argument, int in_fd,
		    int out_fd, int error_fd)
{
	char *argv[ARGUMENTS_MAX + 2] = { NULL };
	size_t n = 0;
	pid_t pid;

	argv[0] = arena_cstr(&place->arena, str_from(program_path(program)));
	for (; argument[n]; n++) {
		assert_true(n < ARGUMENTS_MAX);
		argv[n + 1] = arena_cstr(&place->arena, str_from(argument[n]));
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
	    dup2(error_fd, STDERR_FILENO) < 0)
		_exit(126);
	(void)execv(argv[0], argv);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *read_back(struct place *place, FILE *file)
{
	struct str text = STR("");
	struct err err;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	assert_true(file_read(path, FILE_BYTES_MAX, &place->arena, &text, &err));
	assert_int_equal(fclose(file), 0);
	return arena_cstr(&place->arena, text);
}

struct ran program_run(struct place *place, const char *const *argument, const char *input)
{
	FILE *in = tmpfile(), *out = tmpfile(), *errors = tmpfile();
	struct ran ran;
	pid_t pid;

	assert_true(in && out && errors);
	assert_true(fputs(input ? input : "", in) >= 0);
	rewind(in);
	pid = launch(place, PROGRAM_PANNIER, argument, fileno(in), fileno(out), fileno(errors));
	ran.code = wait_for(pid);
	ran.out = read_back(place, out);
	ran.errors = read_back(place, errors);
	assert_int_equal(fclose(in), 0);
	print_message("$ pannier %s %s -> %d\n%s", argument[0], argument[0] && argument[1] ? argument[1] : "",
		      ran.code, ran.errors);
	return ran;
}

/* What it prints until the text comes; the test fails if its output ends or stops before. */
static char *read_until(struct place *place, int fd, const char *wanted)
{
	char *text = arena_zalloc(&place->arena, 1, OUTPUT_BYTES_MAX);
	size_t len = 0;

	while (!strstr(text, wanted)) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&ready, 1, START_MS), 1);
		n = read(fd, text + len, OUTPUT_BYTES_MAX - 1 - len);
		if (n <= 0)
			fail_msg("ended before '%s': %s", wanted, text);
		len += (size_t)n;
	}
	return text;
}

struct running program_start(struct place *place, enum program program, const char *ready,
			     const char *const *argument)
{
	int ends[2], log_fd, in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct running running;
	const char *url;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
	log_fd =
		open(place_file(place, "program.log", NULL), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(log_fd >= 0 && in_fd >= 0);
	running.pid = launch(place, program, argument, in_fd, ends[1], log_fd);
	(void)close(ends[1]);
	(void)close(log_fd);
	(void)close(in_fd);
	running.out_fd = ends[0];
	running.said = read_until(place, ends[0], ready);
	url = strstr(running.said, "http://");
	url = url ? url : strstr(running.said, "https://");
	assert_non_null(url);
	running.url = arena_cstr(&place->arena, str_of(url, strcspn(url, " \n")));
	return running;
}

int program_stop(struct running *running, int signal_number)
{
	int code;

	assert_int_equal(kill(running->pid, signal_number), 0);
	code = wait_for(running->pid);
	(void)close(running->out_fd);
	running->pid = 0;
	return code;
}
