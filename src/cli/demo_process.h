#ifndef PANNIER_CLI_DEMO_PROCESS_H
#define PANNIER_CLI_DEMO_PROCESS_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

/* A program that the demo runs beside itself and that says "... listening on URL" on its standard output. */
struct demo_process {
	const char *name;          /* for messages: "klaviyo-sandbox" */
	pid_t pid;                 /* 0 = not running */
	int out_fd;                /* its standard output */
	const char *log;           /* file that takes its standard error */
	struct str url;            /* where it listens */
};

/*
 * Starts argv (argv[0] is a path, NULL ends it) and waits until it listens, 20 s at most. It dies with this process. Texts live in the
 * arena.
 * ERR_NOT_FOUND: no such program; ERR_BUSY: it ended before it listened, with the last line of its log.
 */
bool demo_process_start(struct demo_process *process, const char *name, const char *const *argv, const char *log,
			struct arena *arena, struct err *err) MUST_CHECK;
/* Asks it to end, and after 10 s makes it. Fine if it is not running. */
void demo_process_end(struct demo_process *process);
/* Has it ended by itself? It is then no longer running. */
bool demo_process_ended(struct demo_process *process);

#endif
