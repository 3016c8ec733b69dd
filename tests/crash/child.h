#ifndef PANNIER_TESTS_CRASH_CHILD_H
#define PANNIER_TESTS_CRASH_CHILD_H

#include "cli/program.h"

/* One of the real programs, which may die at any time. What should never fail is asserted inside. */
struct child {
	pid_t pid;             /* 0 = none */
	int out_fd;            /* its standard output; at its end the program is dead */
	const char *url;       /* the first one it printed */
};

#define CHILD_KILLED (128 + 9) /* exit code of what SIGKILL ended */

/*
 * Starts it, with PANNIER_CRASH_POINT if crash_point is not NULL, and waits until it has printed that text
 * (NULL: does not wait). False: it died by SIGKILL before. argument: NULL-terminated, without its name.
 */
bool child_start(struct place *place, enum program program, const char *crash_point, const char *ready,
		 const char *const *argument, struct child *out);
/* Waits until one of the two has died (b may be NULL); the test fails after max_ms. */
struct child *child_first_dead(struct child *a, struct child *b, int max_ms);
/* The same for one, without failing. */
bool child_dies_within(struct child *child, int max_ms);
/* Reads what is left of its output, waits for its end; exit code, or 128 + signal. */
int child_end(struct child *child);
/* At the end of a test, however it ended: kills what still runs. */
void child_kill(struct child *child);

#endif
