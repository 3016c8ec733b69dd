/*
 * Child processes, temporary files and /proc figures of the benchmarks.
 *
 * Does:    start, pin, wait for, measure and end processes; one temporary folder per program.
 * Doesn't: measure anything from inside a server; figures come from the kernel.
 * Keeps:   only processes started here are signalled, by id; they die with the program (PR_SET_PDEATHSIG).
 */
#define _GNU_SOURCE
#include "bench_proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)

static char folder[256];

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	if (folder[0])
		fprintf(stderr, "bench: the logs are in %s\n", folder);
	exit(1);
}

const char *bench_folder(void)
{
	const char *parent = getenv("TMPDIR");

	if (folder[0])
		return folder;
	snprintf(folder, sizeof(folder), "%s/pannier-bench-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		bench_die("cannot make a folder '%s': %s", folder, strerror(errno));
	/* nginx as root drops to another user and must still get in. */
	chmod(folder, 0755);
	return folder;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info;
	(void)kind;
	(void)walk;
	return remove(path);
}

void bench_folder_remove(void)
{
	if (folder[0])
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	folder[0] = '\0';
}

int bench_free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		bench_die("cannot find a free port: %s", strerror(errno));
	close(fd);
	return ntohs(address.sin_port);
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fprintf(stderr, "bench: cannot pin to processor %d: %s\n", cpu, strerror(errno));
}

static pid_t spawn(const char *name, int cpu, const char *const argv[])
{
	char log[512];
	pid_t pid;

	snprintf(log, sizeof(log), "%s/%s.log", bench_folder(), name);
	pid = fork();
	if (pid < 0)
		bench_die("cannot start '%s': %s", argv[0], strerror(errno));
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bench_pin(cpu);
		if (fd >= 0) {
			dup2(fd, 1);
			dup2(fd, 2);
		}
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		fprintf(stderr, "cannot run '%s': %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return pid;
}

struct bench_child bench_spawn(const char *name, int cpu, const char *const argv[])
{
	pid_t pid = spawn(name, cpu, argv);

	return (struct bench_child){ .name = name, .pid = pid, .worker = pid };
}

bool bench_run(const char *name, const char *const argv[])
{
	pid_t pid = spawn(name, -1, argv);
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool port_open(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool open = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return open;
}

void bench_wait_port(const struct bench_child *child, int64_t timeout_ms)
{
	int64_t end_us = bench_now_us() + timeout_ms * 1000;

	while (!port_open(child->port)) {
		if (waitpid(child->pid, NULL, WNOHANG) == child->pid)
			bench_die("'%s' ended at once; see %s.log", child->name, child->name);
		if (bench_now_us() > end_us)
			bench_die("'%s' does not listen on port %d", child->name, child->port);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

void bench_stop(struct bench_child *child)
{
	int64_t end_us = bench_now_us() + 10000000;

	if (child->pid <= 0)
		return;
	kill(child->pid, SIGTERM);
	while (waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (bench_now_us() > end_us) {
			fprintf(stderr, "bench: '%s' did not stop within 10 s\n", child->name);
			kill(child->pid, SIGKILL);
			waitpid(child->pid, NULL, 0);
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	child->pid = 0;
}

double bench_cpu_ms(const struct bench_child *child)
{
	unsigned long user = 0;
	unsigned long system = 0;
	char path[64];
	char *text;
	char *fields;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child->worker);
	text = bench_read_file(path);
	fields = text ? strrchr(text, ')') : NULL;
	/* Behind the name: state, then 10 numbers, then utime and stime (proc(5)). */
	if (!fields ||
	    sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		bench_die("cannot read the processor time of '%s'", child->name);
	free(text);
	return (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

double bench_peak_rss_mb(const struct bench_child *child)
{
	char path[64];
	char *text;
	char *line;
	double mb = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)child->worker);
	text = bench_read_file(path);
	line = text ? strstr(text, "VmHWM:") : NULL;
	if (line)
		mb = strtod(line + 6, NULL) / 1024.0;
	free(text);
	return mb;
}

void bench_find_worker(struct bench_child *child)
{
	int64_t end_us = bench_now_us() + 5000000;
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)child->pid, (int)child->pid);
	while (child->worker == child->pid) {
		char *text = bench_read_file(path);

		if (text && strtol(text, NULL, 10) > 0)
			child->worker = (pid_t)strtol(text, NULL, 10);
		free(text);
		if (bench_now_us() > end_us)
			bench_die("'%s' started no worker", child->name);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

int64_t bench_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t bench_own_cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

int64_t bench_own_written(void)
{
	char *text = bench_read_file("/proc/self/io");
	const char *line = text ? strstr(text, "wchar:") : NULL;
	int64_t bytes = line ? strtoll(line + strlen("wchar:"), NULL, 10) : 0;

	free(text);
	return bytes;
}

char *bench_read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t capacity = 16384;
	size_t len = 0;
	char *text;

	if (!file)
		return NULL;
	text = malloc(capacity);
	while (text) {
		len += fread(text + len, 1, capacity - len - 1, file);
		if (len < capacity - 1 || capacity > FILE_BYTES_MAX)
			break;
		capacity *= 2;
		text = realloc(text, capacity);
	}
	fclose(file);
	if (text)
		text[len] = '\0';
	return text;
}

void bench_write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	if (!file || fputs(text, file) < 0 || fclose(file))
		bench_die("cannot write '%s': %s", path, strerror(errno));
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *value, int n)
{
	qsort(value, (size_t)n, sizeof(*value), compare_double);
	return n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}
