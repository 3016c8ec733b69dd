/*
 * Processes that work on a database and may die of it.
 */
#include "crash/store_child.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void child_must(bool ok, const struct err *err)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

struct db *child_open(const char *folder)
{
	struct db_config config = { .location = folder, .owner_epoch = 1, .now_ms = CHILD_START_MS };
	struct db *db = NULL;
	struct err err;

	child_must(db_open(&db_sqlite_ops, &config, &db, &err), &err);
	return db;
}

static void put(struct db *db, struct config_change change)
{
	struct err err;

	child_must(db_config_version(db, &change.expected_version, &err), &err);
	change.reason = STR("added");
	change.now_ms = CHILD_START_MS;
	child_must(db_config_change(db, &change, &err), &err);
}

void child_add_shop(struct db *db)
{
	put(db, (struct config_change){ .kind = CONFIG_ACCOUNT_PUT,
					.account = { .name = STR("main"), .settings = STR("{}") } });
	put(db, (struct config_change){ .kind = CONFIG_STORE_PUT,
					.store = { .account_id = 1,
						   .name = STR("shop"),
						   .platform = STR("generic"),
						   .settings = STR("{}") } });
}

bool child_append(struct db *db, int64_t now_ms, unsigned char number)
{
	struct inbox_record record = { .store_id = 1,
				       .received_ms = now_ms,
				       .topic = STR("product.updated"),
				       .body = STR("{}"),
				       .slot = { { number } },
				       .key = { { number } } };
	struct inbox_receipt receipt;
	struct err err;

	child_must(db_inbox_append(db, &record, 1, &receipt, &err), &err);
	return receipt.kind == INBOX_DUPLICATE;
}

static void map_one(struct db *db, int64_t now_ms, const struct inbox_message *message, enum fact_op op)
{
	struct fact fact = { .op = op,
			     .entity = { ENTITY_PRODUCT, STR("p") },
			     .part = op == FACT_SET ? STR("base") : STR(""),
			     .body = op == FACT_SET ? STR("{\"title\":\"Hat\"}") : STR("") };
	struct inbox_result result = { .message_id = message->id,
				       .store_id = 1,
				       .state = MESSAGE_MAPPED,
				       .fact = &fact,
				       .n_fact = 1,
				       .tombstone_ms = MS_PER_DAY };
	struct err err;

	child_must(db_inbox_complete(db, now_ms, &result, 1, &err), &err);
}

void child_map(struct db *db, int64_t now_ms, enum fact_op op)
{
	struct inbox_message *claimed;
	struct arena arena;
	struct err err;
	size_t n;

	arena_init(&arena);
	do {
		child_must(db_inbox_claim(db, 1, 1 << 20, &arena, &claimed, &n, &err), &err);
		if (n > 0)
			map_one(db, now_ms, claimed, op);
	} while (n > 0);
	arena_release(&arena);
}

void child_balance(struct db *db)
{
	struct conservation books;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	child_must(db_conserve(db, &arena, &books, &err), &err);
	if (books.error.len > 0) {
		(void)fprintf(stderr, "%.*s\n", STR_ARG(books.error));
		exit(1);
	}
	arena_release(&arena);
}

/* ---- days ---- */

#define DAYS  3	 /* with messages */
#define LATER 10 /* days until all of them are past retention */

/*
 * Not longer than it takes for each kind to go on a day of its own: every day that only passes is as many
 * calls again, and each of them a death.
 */
static const struct retention keep = {
	.message_days = 4,
	.delivery_days = 4,
	.audit_days = 6,
	.tombstone_days = 5,
};

void child_fill(const char *folder)
{
	struct db *db = child_open(folder);

	child_add_shop(db);
	for (unsigned char day = 0; day < DAYS; day++) {
		(void)child_append(db, CHILD_START_MS + day * MS_PER_DAY, (unsigned char)(day + 1));
		child_map(db, CHILD_START_MS + day * MS_PER_DAY, day < DAYS - 1 ? FACT_SET : FACT_DELETE);
	}
	db_close(db);
}

void child_grow_old(const char *folder, int *today)
{
	struct db *db = child_open(folder);
	struct err err;
	bool more;

	for (; *today <= LATER; ++*today)
		do {
			child_must(db_maintain(db, CHILD_START_MS + *today * MS_PER_DAY, &keep, &more, &err),
				   &err);
		} while (more);
	db_close(db);
}

void child_is_old(const char *folder)
{
	struct db *db = child_open(folder);
	struct audit_filter filter = { .max_n = 100 };
	struct audit_row *row;
	struct summary summary;
	struct arena arena;
	struct err err;
	size_t n;

	child_balance(db);
	arena_init(&arena);
	child_must(db_summary(db, CHILD_START_MS + LATER * MS_PER_DAY, &arena, &summary, &err), &err);
	child_must(db_audit_list(db, &filter, &arena, &row, &n, &err), &err);
	if (summary.n_store != 1 || summary.store[0].received != DAYS || summary.store[0].mapped != DAYS ||
	    n != 0) {
		(void)fprintf(stderr, "%zu rows of audit are left\n", n);
		exit(1);
	}
	arena_release(&arena);
	db_close(db);
}

int child_apart(const char *crash_point, void (*work)(const char *folder), const char *folder)
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
