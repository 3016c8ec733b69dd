/*
 * Death in what a process does only once: the third format step that it takes, and the third slice of upkeep
 * (a daemon has one a day). Over db_sqlite_ops, in processes of their own.
 *
 * Keeps:   the test's own process never writes: the environment says only to its children where to die.
 */
#include "base/attr.h"
#include "base/clock.h"
#include "cli/program.h"
#include "store/store.h"

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
#include <sys/wait.h>
#include <unistd.h>

#define START_MS INT64_C(1785398400000) /* 2026-07-30T08:00:00Z */
#define DAYS	 3			/* with messages */
#define LATER	 60			/* days until all of them are past retention */
#define KILLED	 (128 + SIGKILL)

static const struct retention keep = {
	.message_days = 30,
	.delivery_days = 30,
	.audit_days = 40,
	.tombstone_days = 31,
};

static struct place place;

/* ---- what the children do; a failed verb ends them with 1 ---- */

static void must(bool ok, const struct err *err)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

static struct db *open_db(const char *folder)
{
	struct db_config config = { .location = folder, .owner_epoch = 1, .now_ms = START_MS };
	struct db *db = NULL;
	struct err err;

	must(db_open(&db_sqlite_ops, &config, &db, &err), &err);
	return db;
}

static void make_three(const char *folder)
{
	for (int i = 0; i < 3; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s-%d", folder, i);
		db_close(open_db(path));
	}
}

static void put(struct db *db, struct config_change change)
{
	struct err err;

	must(db_config_version(db, &change.expected_version, &err), &err);
	change.reason = STR("added");
	change.now_ms = START_MS;
	must(db_config_change(db, &change, &err), &err);
}

/* A message that makes a product or deletes it again. */
static void message(struct db *db, int64_t now_ms, struct arena *arena, enum fact_op op, unsigned char number)
{
	struct fact fact = { .op = op,
			     .entity = { ENTITY_PRODUCT, STR("p") },
			     .part = op == FACT_SET ? STR("base") : STR(""),
			     .body = op == FACT_SET ? STR("{\"title\":\"Hat\"}") : STR("") };
	struct inbox_record record = { .store_id = 1,
				       .received_ms = now_ms,
				       .topic = STR("product.updated"),
				       .body = STR("{}"),
				       .slot = { { number } },
				       .key = { { number } } };
	struct inbox_receipt receipt;
	struct inbox_message *claimed;
	struct inbox_result result;
	struct err err;
	size_t n;

	must(db_inbox_append(db, &record, 1, &receipt, &err), &err);
	must(db_inbox_claim(db, 1, 1 << 20, arena, &claimed, &n, &err), &err);
	result = (struct inbox_result){ .message_id = receipt.id,
					.store_id = 1,
					.state = MESSAGE_MAPPED,
					.fact = &fact,
					.n_fact = 1,
					.tombstone_ms = MS_PER_DAY };
	must(db_inbox_complete(db, now_ms, &result, 1, &err), &err);
}

static void fill(const char *folder)
{
	struct db *db = open_db(folder);
	struct arena arena;

	arena_init(&arena);
	put(db, (struct config_change){ .kind = CONFIG_ACCOUNT_PUT,
					.account = { .name = STR("main"), .settings = STR("{}") } });
	put(db, (struct config_change){ .kind = CONFIG_STORE_PUT,
					.store = { .account_id = 1,
						   .name = STR("shop"),
						   .platform = STR("generic"),
						   .settings = STR("{}") } });
	for (unsigned char day = 0; day < DAYS; day++)
		message(db, START_MS + day * MS_PER_DAY, &arena, day < DAYS - 1 ? FACT_SET : FACT_DELETE,
			(unsigned char)(day + 1));
	arena_release(&arena);
	db_close(db);
}

/* The day that upkeep has come to; shared with the children, so that time goes on after a death. */
static int *today;

/* A slice of upkeep a day, and more when there is more. */
static void grow_old(const char *folder)
{
	struct db *db = open_db(folder);
	struct err err;
	bool more;

	for (; *today <= LATER; ++*today)
		do {
			must(db_maintain(db, START_MS + *today * MS_PER_DAY, &keep, &more, &err), &err);
		} while (more);
	db_close(db);
}

static void balances(const char *folder)
{
	struct db *db = open_db(folder);
	struct conservation books;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	must(db_conserve(db, &arena, &books, &err), &err);
	if (books.error.len > 0) {
		(void)fprintf(stderr, "%.*s\n", STR_ARG(books.error));
		exit(1);
	}
	arena_release(&arena);
	db_close(db);
}

/* All are counted, and of the old messages nothing but that is left. */
static void is_old(const char *folder)
{
	struct db *db = open_db(folder);
	struct audit_filter filter = { .max_n = 100 };
	struct audit_row *row;
	struct summary summary;
	struct arena arena;
	struct err err;
	size_t n;

	balances(folder);
	arena_init(&arena);
	must(db_summary(db, START_MS + LATER * MS_PER_DAY, &arena, &summary, &err), &err);
	must(db_audit_list(db, &filter, &arena, &row, &n, &err), &err);
	if (summary.n_store != 1 || summary.store[0].received != DAYS || summary.store[0].mapped != DAYS ||
	    n != 0) {
		(void)fprintf(stderr, "%zu rows of audit are left\n", n);
		exit(1);
	}
	arena_release(&arena);
	db_close(db);
}

/* ---- the tests ---- */

/* In a process of its own; its exit code, or 128 + signal. */
static int apart(const char *crash_point, void (*work)(const char *folder), const char *folder)
{
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (crash_point && setenv("PANNIER_CRASH_POINT", crash_point, 1) != 0)
			_exit(126);
		work(folder);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void the_third_format_step(void **state)
{
	static const char *const instants[] = { "migrate.before:3", "migrate.after:3" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
		const char *folder = place_file(&place, instants[i], NULL);

		print_message("%s\n", instants[i]);
		assert_int_equal(apart(instants[i], make_three, folder), KILLED);
		assert_int_equal(apart(NULL, make_three, folder), 0);
		assert_int_equal(apart(NULL, balances, arena_printf(&place.arena, "%s-2", folder).p), 0);
		assert_int_equal(apart(NULL, fill, arena_printf(&place.arena, "%s-2", folder).p), 0);
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
		assert_int_equal(apart(NULL, fill, folder), 0);
		/* Each start does two or three slices, until too few are left. */
		for (; code == KILLED; visit++) {
			code = apart(arena_printf(&place.arena, "%s:3", instants[i]).p, grow_old, folder);
			assert_int_equal(apart(NULL, balances, folder), 0);
		}
		print_message("%s: %d starts\n", instants[i], visit - 1);
		assert_int_equal(code, 0);
		assert_in_range(visit, 4, 1000);
		assert_int_equal(apart(NULL, is_old, folder), 0);
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
