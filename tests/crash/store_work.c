/*
 * What the store does, as works of a process each: bringing an old database up to date, taking messages in,
 * mapping them, importing, delivering, checkpoints, retention, keys for duplicates. What is prepared for
 * them, and what must hold when they were done to their end, however often they were begun.
 */
#include "crash/store_work.h"

#include "base/clock.h"
#include "crash/store_child.h"
#include "store/sqlite/sqlite_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGES   STORE_WORK_MESSAGES
#define OLD_FORMAT "migrate.before:3" /* dies with format 2 */

/* Says on standard output that one more is durable. */
static void acknowledge(void)
{
	if (write(STDOUT_FILENO, ".", 1) == 1)
		return;
	(void)fprintf(stderr, "cannot say so\n");
	exit(1);
}

void store_must_be(bool holds, const char *what)
{
	struct err err;

	if (!holds)
		child_must(err_set(&err, ERR_INVALID, "%s", what), &err);
}

static void prepare_shop(const char *folder)
{
	struct db *db = child_open(folder);

	child_add_shop(db);
	db_close(db);
}

static void take_in(const char *folder)
{
	struct db *db = child_open(folder);

	for (unsigned char i = 1; i <= MESSAGES; i++) {
		(void)child_append(db, CHILD_START_MS, i);
		acknowledge();
	}
	db_close(db);
}

static void prepare_messages(const char *folder)
{
	struct db *db;

	prepare_shop(folder);
	db = child_open(folder);
	for (unsigned char i = 1; i <= MESSAGES; i++)
		(void)child_append(db, CHILD_START_MS, i);
	db_close(db);
}

static void map(const char *folder)
{
	struct db *db = child_open(folder);

	child_map(db, CHILD_START_MS, FACT_SET);
	db_close(db);
}

/* The second slice finds that nothing was written since the first, and empties the log. */
static void check_point(const char *folder)
{
	static const struct retention keep = {
		.message_days = 30, .delivery_days = 30, .audit_days = 40, .tombstone_days = 31
	};
	struct db *db = child_open(folder);
	struct err err;
	bool more;

	for (unsigned char i = 1; i <= MESSAGES; i++) {
		(void)child_append(db, CHILD_START_MS, i);
		acknowledge();
		for (int slice = 0; slice < 2; slice++)
			child_must(db_maintain(db, CHILD_START_MS + (2 * i + slice) * MS_PER_S, &keep, &more,
					       &err),
				   &err);
	}
	db_close(db);
}

/* Two messages' keys are a run, which is written in slices. */
static void write_keys(const char *folder)
{
	static const struct retention keep = {
		.message_days = 30, .delivery_days = 30, .audit_days = 40, .tombstone_days = 31
	};
	struct db *db = child_open(folder);
	struct err err;
	bool more;

	seen_run_max_set(sqlite_of(db)->seen, 2);
	for (unsigned char i = 1; i <= MESSAGES; i++) {
		(void)child_append(db, CHILD_START_MS, i);
		acknowledge();
		do
			child_must(db_maintain(db, CHILD_START_MS, &keep, &more, &err), &err);
		while (more);
	}
	db_close(db);
}

static void retain(const char *folder)
{
	int today = 0;

	child_grow_old(folder, &today);
}

static void make(const char *folder)
{
	db_close(child_open(folder));
}

/* A database of the second format, with a shop, and files of history that are under way. */
static void prepare_old(const char *folder)
{
	static const char *const rows =
		"INSERT INTO account VALUES (1, 'main', x'00', '1234', '{}', 1);"
		"INSERT INTO store VALUES (1, 1, 'shop', 'generic', x'00', '1234', '{}', 1);"
		"UPDATE config SET version = 3, last_account_id = 1, last_store_id = 1;"
		"INSERT INTO store_count (store_id) VALUES (1);"
		"INSERT INTO account_count VALUES (1, 0, 0, 0, 0);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
		"INSERT INTO import SELECT i, 1, 0, '/file/' || i, '{}', zeroblob(16), 10, 0, '', 0, 0, 0, "
		"0, 0, 0, 0, 0, "
		"0, 0, 0, 1, 1 FROM n;";
	char path[256];
	sqlite3 *handle = NULL;

	assert_int_equal(child_apart(OLD_FORMAT, make, folder), CHILD_KILLED_BY(SIGKILL));
	(void)snprintf(path, sizeof(path), "%s/pannier.db", folder);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, rows, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(handle));
	(void)sqlite3_close(handle);
}

/* A file of history, registered once; a message in each of its pieces. */
static struct import_job the_import(struct db *db, struct arena *arena)
{
	struct import_job *job,
		made = { .store_id = 1, .path = STR("/file"), .options = STR("{}"), .size = MESSAGES };
	struct err err;
	size_t n;

	child_must(db_import_list(db, 1, arena, &job, &n, &err), &err);
	if (n == 0) {
		child_must(db_import_put(db, CHILD_START_MS, &made, &made.id, &err), &err);
		child_must(db_import_list(db, 1, arena, &job, &n, &err), &err);
	}
	store_must_be(n == 1, "there is another file of history than the one");
	return job[0];
}

static void import(const char *folder)
{
	struct db *db = child_open(folder);
	struct arena arena;
	struct import_job job;
	struct err err;

	arena_init(&arena);
	job = the_import(db, &arena);
	for (int64_t at = job.at.position; at < MESSAGES; at++) {
		struct inbox_record record = { .store_id = 1,
					       .received_ms = CHILD_START_MS,
					       .body = STR("{}"),
					       .slot = { { (unsigned char)(at + 1) } },
					       .key = { { (unsigned char)(at + 1) } },
					       .priority = PRIORITY_BACKFILL };
		struct import_step step = { .job_id = job.id,
					    .from = { .position = at },
					    .to = { .position = at + 1 },
					    .record = &record,
					    .n = 1,
					    .n_read = 1,
					    .state = at + 1 < MESSAGES ? IMPORT_OPEN : IMPORT_DONE };
		struct inbox_receipt receipt;

		child_must(db_import_step(db, CHILD_START_MS, &step, &receipt, &err), &err);
		acknowledge();
	}
	arena_release(&arena);
	db_close(db);
}

/* What is told of the product anew each time: an item. */
static void publish(struct db *db, unsigned char version)
{
	struct delivery_new delivery = { .kind = KLAVIYO_ITEM,
					 .op = DELIVERY_CREATE,
					 .external_id = STR("p"),
					 .body = STR("{}"),
					 .hash = { { version } } };
	struct catalog_publication publication = { .store_id = 1,
						   .account_id = 1,
						   .root = { ENTITY_PRODUCT, STR("p") },
						   .delivery = &delivery,
						   .n_delivery = 1 };
	struct err err;

	child_must(db_catalog_publish(db, CHILD_START_MS, &publication, 1, &err), &err);
}

/* Sends what is ready to be done so, which Klaviyo accepts. */
static void send(struct db *db, enum delivery_op op, struct arena *arena)
{
	struct outbox_claim claim = { .account_id = 1,
				      .kind = KLAVIYO_ITEM,
				      .op = op,
				      .max_n = 10,
				      .max_bytes = 1 << 20,
				      .endpoint = STR("items") };
	struct delivery_settlement one = { .state = DELIVERY_ACCEPTED, .exists = true };
	struct outbox_settlement settlement = { .delivery = &one, .n = 1, .http_status = 201 };
	struct outbox_batch batch;
	struct err err;

	child_must(db_outbox_claim(db, CHILD_START_MS, &claim, arena, &batch, &err), &err);
	if (batch.n == 0)
		return;
	store_must_be(batch.n == 1, "one product is told twice at once");
	settlement.batch_id = batch.id;
	one.delivery_id = batch.delivery[0].id;
	child_must(db_outbox_settle(db, CHILD_START_MS, &settlement, &err), &err);
}

static void deliver(const char *folder)
{
	struct db *db = child_open(folder);
	struct outbox_batch *batch;
	struct arena arena;
	struct err err;
	size_t n;

	arena_init(&arena);
	child_must(db_outbox_recover(db, CHILD_START_MS, &arena, &batch, &n, &err), &err);
	for (unsigned char i = 1; i <= MESSAGES; i++) {
		publish(db, i);
		send(db, DELIVERY_CREATE, &arena);
		send(db, DELIVERY_UPDATE, &arena); /* what exists by now */
	}
	arena_release(&arena);
	db_close(db);
}

/* ---- what must hold after them ---- */

static struct summary summarize(struct db *db, struct arena *arena)
{
	struct summary summary;
	struct err err;

	child_must(db_summary(db, CHILD_START_MS, arena, &summary, &err), &err);
	store_must_be(summary.n_store == 1, "the shop is gone");
	return summary;
}

static void all_are_there(const char *folder)
{
	struct db *db = child_open(folder);
	struct summary summary;
	struct arena arena;

	arena_init(&arena);
	child_balance(db);
	summary = summarize(db, &arena);
	store_must_be(summary.store[0].received - summary.store[0].duplicate == MESSAGES,
		      "not every message is there once");
	arena_release(&arena);
	db_close(db);
}

static void all_are_mapped(const char *folder)
{
	struct db *db = child_open(folder);
	struct summary summary;
	struct arena arena;

	arena_init(&arena);
	child_balance(db);
	summary = summarize(db, &arena);
	store_must_be(summary.store[0].mapped == MESSAGES && summary.store[0].pending == 0,
		      "not every message is mapped");
	arena_release(&arena);
	db_close(db);
}

static void is_imported(const char *folder)
{
	struct db *db = child_open(folder);
	struct import_job job;
	struct arena arena;

	arena_init(&arena);
	child_balance(db);
	job = the_import(db, &arena);
	store_must_be(job.state == IMPORT_DONE && job.n_read == MESSAGES && job.n_new == MESSAGES,
		      "it is not imported once");
	arena_release(&arena);
	db_close(db);
}

static void is_delivered(const char *folder)
{
	struct db *db = child_open(folder);
	const struct account_summary *account;
	struct summary summary;
	struct arena arena;

	arena_init(&arena);
	child_balance(db);
	summary = summarize(db, &arena);
	store_must_be(summary.n_account == 1, "the account is gone");
	account = &summary.account[0];
	store_must_be(account->accepted >= 1 && account->accepted + account->skipped == account->created,
		      "something was not delivered");
	arena_release(&arena);
	db_close(db);
}

static void is_newest(const char *folder)
{
	struct db *db = child_open(folder);
	struct import_job *job;
	struct config_rows rows;
	struct arena arena;
	struct err err;
	size_t n;

	arena_init(&arena);
	child_balance(db);
	child_must(db_config_load(db, &arena, &rows, &err), &err);
	store_must_be(rows.n_account == 1 && rows.n_store == 1 && str_eq(rows.store[0].name, STR("shop")),
		      "the shop is gone");
	child_must(db_import_list(db, 0, &arena, &job, &n, &err), &err);
	store_must_be(n == 200 && str_eq(job[7].path, STR("/file/8")) && !job[7].pull && job[7].attempts == 0,
		      "the files of history are not what they were");
	store_must_be(!child_append(db, CHILD_START_MS, 1), "a new message is not new");
	child_balance(db);
	arena_release(&arena);
	db_close(db);
}

const struct store_work store_work[STORE_WORK_COUNT] = {
	[STORE_MIGRATION] = { "migration", prepare_old, make, is_newest, false },
	[STORE_INGEST] = { "ingest", prepare_shop, take_in, all_are_there, true },
	[STORE_MAP] = { "map", prepare_messages, map, all_are_mapped, false },
	[STORE_IMPORT] = { "import", prepare_shop, import, is_imported, false },
	[STORE_DELIVER] = { "deliver", prepare_messages, deliver, is_delivered, false },
	[STORE_CHECKPOINT] = { "checkpoint", prepare_shop, check_point, all_are_there, true },
	[STORE_RETENTION] = { "retention", child_fill, retain, child_is_old, false },
	[STORE_KEYS] = { "keys", prepare_shop, write_keys, all_are_there, true },
};
