/*
 * Standard error goes into memory while a seed runs.
 */
#define _GNU_SOURCE /* memfd_create */
#include "sim/log_catch.h"

#include "base/alloc.h"
#include "base/attr.h"
#include "base/log.h"
#include "sim/node.h"
#include "sim/sim.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES 4000

/* Where the sanitizers are linked in they write to the old standard error. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* A world allocates much and frees it at once: a large quarantine costs more than all the rest. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

static int old_error = -1;
static int caught = -1;
static uint64_t running;
static int n_open;

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;

	if (!folder)
		return 0;
	while (readdir(folder))
		n++;
	(void)closedir(folder);
	return n;
}

/* Only what is safe inside a signal handler. */
static void show_tail(int signal_number)
{
	char text[TAIL_BYTES];
	off_t size = lseek(caught, 0, SEEK_END);
	ssize_t n;
	int len = snprintf(text, sizeof(text), "seed %llu aborts; the end of its log:\n",
			   (unsigned long long)running);

	n = write(old_error, text, (size_t)len);
	n = pread(caught, text, sizeof(text), size > TAIL_BYTES ? size - TAIL_BYTES : 0);
	if (n > 0)
		n = write(old_error, text, (size_t)n);
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

void log_catch_open(void)
{
	old_error = dup(STDERR_FILENO);
	caught = memfd_create("log", 0);
	(void)dup2(caught, STDERR_FILENO);
	(void)signal(SIGABRT, show_tail);
	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(intptr_t)old_error);
}

void log_catch_close(void)
{
	(void)dup2(old_error, STDERR_FILENO);
	(void)close(old_error);
	(void)close(caught);
}

void log_catch_begin(uint64_t seed)
{
	running = seed;
	if (ftruncate(caught, 0) != 0)
		sim_fail("log", "the log cannot be emptied");
	(void)lseek(caught, 0, SEEK_SET);
	n_open = count_descriptors();
}

static void look_for_secrets(const char *log, size_t len)
{
	static const char *const never[] = { NODE_KEY_PREFIX, NODE_TOKEN_PREFIX, NODE_REFRESH_PREFIX,
					     NODE_APP_SECRET, NODE_SECRET,	 "@canary.example",
					     "\"data\":{",    "Canary-of-",	 "+49151" };

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (memmem(log, len, never[i], strlen(never[i])))
			sim_fail("secret", "'%s' is in the log", never[i]);
}

void log_catch_end(void)
{
	struct stat about;
	char *log;
	ssize_t n;

	log_flush(true);
	if (count_descriptors() != n_open)
		sim_fail("leak", "%d descriptors are open, there were %d", count_descriptors(), n_open);
	if (fstat(caught, &about) != 0 || about.st_size == 0)
		return;
	log = mem_alloc((size_t)about.st_size);
	n = pread(caught, log, (size_t)about.st_size, 0);
	if (n > 0)
		look_for_secrets(log, (size_t)n);
	mem_free(log);
}
