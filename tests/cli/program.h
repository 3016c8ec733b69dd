#ifndef PANNIER_TESTS_CLI_PROGRAM_H
#define PANNIER_TESTS_CLI_PROGRAM_H

#include "base/arena.h"

#include <sys/types.h>

/* Runs the real programs: PANNIER_BIN and KLAVIYO_SANDBOX_BIN. What should never fail is asserted inside. */

struct ran {
	int code;              /* exit code; 128 + signal if it was killed */
	char *out;
	char *errors;
};

/* A folder of its own for each test, removed at the end with all in it. */
struct place {
	char folder[64];
	struct arena arena;
};
void place_init(struct place *place);
void place_release(struct place *place);
/* Path of a file in the folder; with text, the file is written. */
const char *place_file(struct place *place, const char *name, const char *text);
/* Does any file of the folder and the folders below hold these bytes? Its path, or NULL. */
const char *place_holds(struct place *place, const char *bytes);

/* argument: NULL-terminated, without the program's name. input: standard input, NULL = empty. Texts live in the place. */
struct ran program_run(struct place *place, const char *const *argument, const char *input);
#define RUN(place, ...) program_run((place), (const char *const[]){ __VA_ARGS__, NULL }, NULL)

/* A program that goes on. */
struct running {
	pid_t pid;
	int out_fd;
	const char *said;      /* its standard output until it was ready */
	const char *url;       /* the first one in it */
};
enum program { PROGRAM_PANNIER, PROGRAM_SANDBOX };
/* Ready is when it has printed that text; the test fails if it never does. */
struct running program_start(struct place *place, enum program program, const char *ready, const char *const *argument);
#define START(place, program, ready, ...) \
	program_start((place), (program), (ready), (const char *const[]){ __VA_ARGS__, NULL })
/* Sends the signal and waits; its exit code as above. */
int program_stop(struct running *running, int signal_number);

#endif
