/*
 * What this process lets others see of itself, and leaves to them.
 *
 * Threads: process_keep_secrets is called once, before there are others; the rest from any.
 */
#define _GNU_SOURCE /* gettid */
#include "base/process.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE_MAX 19

void process_keep_secrets(void)
{
	const struct rlimit none = { 0, 0 };

	if (getenv("PANNIER_DEBUGGABLE"))
		return;
	/* Both can only fail where they are not known; then there is nothing to be had. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Linux keeps the value by thread, although POSIX says by process. */
void process_thread_step_back(int steps)
{
	id_t self = (id_t)gettid();
	int nice = getpriority(PRIO_PROCESS, self) + steps;

	/* Less can always be asked for. */
	(void)setpriority(PRIO_PROCESS, self, nice < NICE_MAX ? nice : NICE_MAX);
}
