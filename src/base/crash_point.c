/*
 * Crash points: the process kills itself at a named instant, if the environment says so (builds for tests
 * only).
 *
 * A name that is no row ends the process with a message: a crash test that never crashes would prove nothing.
 * Threads: any; the environment is read once.
 */
#include "base/crash_point.h"

#ifdef PANNIER_TEST_HOOKS

#include "base/attr.h"
#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const point_name[CRASH_POINT_COUNT] = {
#define CRASH_POINT_NAME(name) #name,
	CRASH_POINTS(CRASH_POINT_NAME)
#undef CRASH_POINT_NAME
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int wanted = -1;                /* 2 * point, plus 1 for ".after"; -1 = none */
static atomic_int_least64_t left = 1;  /* visits until the end */

NO_RETURN static void print_list(void)
{
	for (int i = 0; i < CRASH_POINT_COUNT; i++)
		(void)printf("%s.before\n%s.after\n", point_name[i], point_name[i]);
	(void)fflush(stdout);
	_exit(0);
}

/* "name.before" or "name.after" as an instant; -1 if there is no such row. */
static int find_instant(struct str name)
{
	for (int i = 0; i < 2 * CRASH_POINT_COUNT; i++) {
		struct str row = str_from(point_name[i / 2]);
		struct str suffix = i % 2 ? STR(".after") : STR(".before");

		if (str_starts(name, row) && str_eq(str_skip(name, row.len), suffix))
			return i;
	}
	return -1;
}

static void read_environment(void)
{
	const char *text = getenv("PANNIER_CRASH_POINT");
	struct str rest = str_from(text), name = { 0 };
	int64_t visits = 1;

	if (!str_split(&rest, ':', &name))
		return;
	if (str_eq(name, STR("list")))
		print_list();
	wanted = find_instant(name);
	if (wanted < 0 || (rest.len && (!str_to_int64(rest, &visits) || visits < 1))) {
		(void)fprintf(stderr, "PANNIER_CRASH_POINT: there is no '%s'; 'list' shows all\n", text);
		_exit(2);
	}
	atomic_store(&left, visits);
}

static void visit(int instant)
{
	(void)pthread_once(&once, read_environment);
	if (instant != wanted || atomic_fetch_sub(&left, 1) != 1)
		return;
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

void crash_point_before(enum crash_point point)
{
	visit(2 * (int)point);
}

void crash_point_after(enum crash_point point)
{
	visit(2 * (int)point + 1);
}

#endif
