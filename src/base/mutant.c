/*
 * Planted bugs: which one is on (builds for tests only).
 *
 * Threads: any may ask; selecting is for tests of one thread.
 */
#include "base/mutant.h"

#ifdef PANNIER_TEST_HOOKS

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const name_of[MUTANT_COUNT] = {
#define MUTANT_NAME(name, what) #name,
	MUTANTS(MUTANT_NAME)
#undef MUTANT_NAME
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum mutant selected = MUTANT_COUNT;

/* A name that is no row ends the process: a test of nothing would pass. */
static void read_environment(void)
{
	const char *name = getenv("PANNIER_MUTANT");

	if (!name || !*name)
		return;
	selected = mutant_find(name);
	if (selected != MUTANT_COUNT)
		return;
	(void)fprintf(stderr, "PANNIER_MUTANT: there is no '%s'\n", name);
	_exit(2);
}

bool mutant_is(enum mutant mutant)
{
	(void)pthread_once(&once, read_environment);
	return mutant == selected;
}

void mutant_select(enum mutant mutant)
{
	(void)pthread_once(&once, read_environment);
	selected = mutant;
}

enum mutant mutant_find(const char *name)
{
	for (int i = 0; i < MUTANT_COUNT; i++)
		if (strcmp(name, name_of[i]) == 0)
			return (enum mutant)i;
	return MUTANT_COUNT;
}

const char *mutant_name(enum mutant mutant)
{
	return name_of[mutant];
}

#endif
