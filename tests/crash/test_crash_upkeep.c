/*
 * Death in what a process does only once: the third format step that it takes, and the third slice of upkeep
 * (a daemon has one a day). Over db_sqlite_ops, in processes of their own.
 *
 * Keeps:   the test's own process never writes: the environment says only to its children where to die.
 */
#include "base/attr.h"
#include "base/clock.h"
#include "cli/program.h"
#include "crash/store_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KILLED CHILD_KILLED_BY(SIGKILL)

static struct place place;

/* ---- what the children do ---- */

static void make_three(const char *folder)
{
	for (int i = 0; i < 3; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s-%d", folder, i);
		db_close(child_open(path));
	}
}

/* The day that upkeep has come to; shared with the children, so that time goes on after a death. */
static int *today;

static void grow_old(const char *folder)
{
	child_grow_old(folder, today);
}

static void balances(const char *folder)
{
	struct db *db = child_open(folder);

	child_balance(db);
	db_close(db);
}

/* ---- the tests ---- */

static void the_third_format_step(void **state)
{
	static const char *const instants[] = { "migrate.before:3", "migrate.after:3" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
		const char *folder = place_file(&place, instants[i], NULL);

		print_message("%s\n", instants[i]);
		assert_int_equal(child_apart(instants[i], make_three, folder), KILLED);
		assert_int_equal(child_apart(NULL, make_three, folder), 0);
		assert_int_equal(child_apart(NULL, balances, arena_printf(&place.arena, "%s-2", folder).p),
				 0);
		assert_int_equal(child_apart(NULL, child_fill, arena_printf(&place.arena, "%s-2", folder).p),
				 0);
	}
}

static void slices_of_upkeep(void **state)
{
	static const char *const instants[] = { "retain.before", "retain.after" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
		const char *folder = place_file(&place, instants[i], NULL);
		int visit = 1, code = KILLED;

		*today = 0;
		assert_int_equal(child_apart(NULL, child_fill, folder), 0);
		/* Each start does two or three slices, until too few are left. */
		for (; code == KILLED; visit++) {
			code = child_apart(arena_printf(&place.arena, "%s:3", instants[i]).p, grow_old,
					   folder);
			assert_int_equal(child_apart(NULL, balances, folder), 0);
		}
		print_message("%s: %d starts\n", instants[i], visit - 1);
		assert_int_equal(code, 0);
		assert_in_range(visit, 4, 1000);
		assert_int_equal(child_apart(NULL, child_is_old, folder), 0);
	}
}

static int set_up(void **state)
{
	(void)state;
	place_init(&place);
	today = mmap(NULL, sizeof(*today), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(today, MAP_FAILED);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	place_release(&place);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_third_format_step),
		cmocka_unit_test(slices_of_upkeep),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
