/*
 * Child processes of the crash tests. Only children started here are signalled, by their ids; they do not
 * outlive the test.
 */
#include "crash/child.h"

#include "base/clock.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32
#define START_MS      30000
#define SAID_MAX      4096

static void become(const char *path, char *const *argv, const char *crash_point, int out_fd, int log_fd)
{
	int in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in_fd < 0 || dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
	    dup2(log_fd, STDERR_FILENO) < 0)
		_exit(126);
	if (crash_point && setenv("PANNIER_CRASH_POINT", crash_point, 1) != 0)
		_exit(126);
	(void)execv(path, argv);
	_exit(127);
}

static void launch(struct place *place, enum program program, const char *crash_point,
		   const char *const *argument, struct child *out)
{
	const char *path = getenv(program == PROGRAM_PANNIER ? "PANNIER_BIN" : "KLAVIYO_SANDBOX_BIN");
	const char *log = place_file(place, "program.log", NULL);
	char *argv[ARGUMENTS_MAX + 2] = { NULL };
	int ends[2], log_fd;

	assert_non_null(path);
	argv[0] = arena_cstr(&place->arena, str_from(path));
	for (size_t i = 0; argument[i]; i++) {
		assert_true(i < ARGUMENTS_MAX);
		argv[i + 1] = arena_cstr(&place->arena, str_from(argument[i]));
	}
	log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(log_fd >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
	out->pid = fork();
	if (out->pid == 0)
		become(path, argv, crash_point, ends[1], log_fd);
	assert_true(out->pid > 0);
	out->out_fd = ends[0];
	(void)close(ends[1]);
	(void)close(log_fd);
}

static bool readable(int fd, int max_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, max_ms) == 1;
}

bool child_start(struct place *place, enum program program, const char *crash_point, const char *ready,
		 const char *const *argument, struct child *out)
{
	char *said = arena_zalloc(&place->arena, 1, SAID_MAX);
	size_t len = 0;
	char *url;

	*out = (struct child){ 0 };
	launch(place, program, crash_point, argument, out);
	while (ready && !strstr(said, ready)) {
		ssize_t n;

		assert_true(readable(out->out_fd, START_MS));
		n = read(out->out_fd, said + len, SAID_MAX - 1 - len);
		if (n <= 0) {
			int code = child_end(out);

			if (code != CHILD_KILLED)
				fail_msg("ended with %d before it said '%s': %s", code, ready, said);
			return false;
		}
		len += (size_t)n;
	}
	url = strstr(said, "http://");
	if (url)
		out->url = arena_cstr(&place->arena, str_of(url, strcspn(url, " \n")));
	return true;
}

/* What it prints is of no interest here. */
static bool at_end(int fd)
{
	char bytes[SAID_MAX];

	return read(fd, bytes, sizeof(bytes)) <= 0;
}

static struct child *dead_one(struct child *a, struct child *b, int max_ms)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + max_ms, left_ms;

	while ((left_ms = end_ms - clock_mono_ms(clock_system())) > 0) {
		struct pollfd ready[] = { { .fd = a->out_fd, .events = POLLIN },
					  { .fd = b ? b->out_fd : -1, .events = POLLIN } };

		if (poll(ready, 2, (int)left_ms) <= 0)
			continue;
		if (ready[0].revents && at_end(a->out_fd))
			return a;
		if (ready[1].revents && at_end(b->out_fd))
			return b;
	}
	return NULL;
}

struct child *child_first_dead(struct child *a, struct child *b, int max_ms)
{
	struct child *dead = dead_one(a, b, max_ms);

	if (!dead)
		fail_msg("nothing ended within %d ms", max_ms);
	return dead;
}

bool child_dies_within(struct child *child, int max_ms)
{
	return dead_one(child, NULL, max_ms) != NULL;
}

int child_end(struct child *child)
{
	int status;

	while (!at_end(child->out_fd))
		;
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	(void)close(child->out_fd);
	*child = (struct child){ 0 };
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_kill(struct child *child)
{
	if (child->pid == 0)
		return;
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	(void)close(child->out_fd);
	*child = (struct child){ 0 };
}
