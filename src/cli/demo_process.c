/*
 * Child processes of the demo.
 *
 * Keeps: a child is ended by its own id, never by name; it gets a process group of its own, so that Ctrl-C
 *        reaches the demo alone, and ends when the demo dies.
 */
#include "cli/demo_process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS       20000
#define END_MS	       10000
#define POLL_MS	       20
#define LINE_BYTES_MAX 512
#define LOG_BYTES_MAX  1048576

static const char listening[] = " listening on ";

/* In the child: only what is safe after a fork. */
static void become(char *const *argv, pid_t parent, int out_fd, int log_fd)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || dup2(out_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(127);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* Reads the line that tells where it listens; false at the end of output, or of the time. */
static bool read_url(struct demo_process *process, struct arena *arena)
{
	struct clock *clock = clock_system();
	int64_t end_ms = clock_mono_ms(clock) + START_MS, left_ms;
	char line[LINE_BYTES_MAX];
	size_t len = 0;

	while (len < sizeof(line) && (left_ms = end_ms - clock_mono_ms(clock)) > 0) {
		struct pollfd ready = { .fd = process->out_fd, .events = POLLIN };
		ssize_t n;

		if (poll(&ready, 1, (int)left_ms) <= 0)
			continue;
		n = read(process->out_fd, line + len, sizeof(line) - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		if (line[len - 1] == '\n')
			break;
	}
	for (size_t i = 0; i + sizeof(listening) - 1 <= len; i++) {
		if (memcmp(line + i, listening, sizeof(listening) - 1) != 0)
			continue;
		i += sizeof(listening) - 1;
		process->url = arena_dup(arena, str_trim(str_of(line + i, len - i)));
		return true;
	}
	return false;
}

static struct str last_line(const char *path, struct arena *arena)
{
	struct str text, line, last = STR("it said nothing");
	struct err ignored;

	if (!file_read(path, LOG_BYTES_MAX, arena, &text, &ignored))
		return last;
	while (str_split(&text, '\n', &line))
		if (str_trim(line).len)
			last = str_trim(line);
	return last;
}

/* Copies, because execv may not promise to leave them alone. */
static char **copy_words(const char *const *argv, struct arena *arena)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = ARENA_ARRAY(arena, n + 1, char *);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_cstr(arena, str_from(argv[i]));
	return copy;
}

static bool launch(struct demo_process *process, const char *const *argv, struct arena *arena,
		   struct err *err)
{
	char **words = copy_words(argv, arena);
	pid_t parent = getpid();
	int ends[2] = { -1, -1 }, log_fd;

	log_fd = open(process->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log_fd < 0)
		return err_set(err, ERR_INVALID, "cannot write '%s': %s", process->log, strerror(errno));
	if (pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
	    fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
		process->pid = fork();
	else
		process->pid = -1;
	if (process->pid == 0)
		become(words, parent, ends[1], log_fd);
	if (process->pid < 0)
		(void)err_set(err, ERR_BUSY, "cannot start %s: %s", process->name, strerror(errno));
	(void)close(log_fd);
	if (ends[1] >= 0)
		(void)close(ends[1]);
	process->out_fd = ends[0];
	return process->pid > 0;
}

bool demo_process_start(struct demo_process *process, const char *name, const char *const *argv,
			const char *log, struct arena *arena, struct err *err)
{
	*process = (struct demo_process){ .name = name, .out_fd = -1, .log = log };
	if (access(argv[0], X_OK) != 0)
		return err_set(err, ERR_NOT_FOUND, "there is no %s at '%s'; build it with 'make'", name,
			       argv[0]);
	if (!launch(process, argv, arena, err)) {
		process->pid = 0;
		return false;
	}
	if (read_url(process, arena))
		return true;
	demo_process_end(process);
	return err_set(err, ERR_BUSY, "%s did not start: %.*s", name, STR_ARG(last_line(log, arena)));
}

static bool reap(struct demo_process *process)
{
	if (process->pid == 0 || waitpid(process->pid, NULL, WNOHANG) == 0)
		return false;
	process->pid = 0;
	return true;
}

bool demo_process_ended(struct demo_process *process)
{
	return reap(process);
}

void demo_process_end(struct demo_process *process)
{
	struct clock *clock = clock_system();
	int64_t end_ms = clock_mono_ms(clock) + END_MS;
	struct wake *nobody;

	if (process->out_fd >= 0)
		(void)close(process->out_fd);
	process->out_fd = -1;
	if (process->pid == 0)
		return;
	nobody = wake_new(); /* nobody rings: it is only slept on */
	(void)kill(process->pid, SIGTERM);
	while (!reap(process) && clock_mono_ms(clock) < end_ms)
		(void)wake_wait(nobody, POLL_MS);
	if (process->pid != 0) {
		(void)kill(process->pid, SIGKILL);
		(void)waitpid(process->pid, NULL, 0);
		process->pid = 0;
	}
	wake_free(nobody);
}
