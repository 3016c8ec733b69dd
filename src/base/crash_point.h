#ifndef PANNIER_BASE_CRASH_POINT_H
#define PANNIER_BASE_CRASH_POINT_H

/*
 * Named instants at which the process may die, one row each, so that the crash tests can visit them all. A
 * row says which transaction it belongs to; every store verb that writes has one row. Each row gives two
 * instants, ".before" and ".after" the commit. What must hold after a crash is the same everywhere: what was
 * acknowledged is there, the conservation check balances, and going on leads to the same final state.
 *
 * PANNIER_CRASH_POINT=name.before or name.after, with an optional ":N" for the Nth visit (default 1), makes
 * the process kill itself there with SIGKILL. Only builds with -DPANNIER_TEST_HOOKS contain the check; `list`
 * prints all rows.
 */
#define CRASH_POINTS(X) \
	X(migrate) \
	X(config_change) \
	X(inbox_append) \
	X(inbox_complete) \
	X(import_put) \
	X(import_step) \
	X(import_change) \
	X(task_put) \
	X(task_step) \
	X(task_change) \
	X(catalog_publish) \
	X(catalog_sweep) \
	X(outbox_claim) \
	X(outbox_job) \
	X(outbox_settle) \
	X(outbox_recover) \
	X(failed_change) \
	X(audit_append) \
	X(cursor_put) \
	X(clock_note) \
	X(user_change) \
	X(grant_change) \
	X(retain) \
	X(person_purge)

enum crash_point {
#define CRASH_POINT_ENUM(name) CRASH_##name,
	CRASH_POINTS(CRASH_POINT_ENUM)
#undef CRASH_POINT_ENUM
	CRASH_POINT_COUNT
};

#ifdef PANNIER_TEST_HOOKS
void crash_point_before(enum crash_point point);
void crash_point_after(enum crash_point point);
#else
#define crash_point_before(point) ((void)(point))
#define crash_point_after(point) ((void)(point))
#endif

#endif
