/*
 * What only the SQLite backend promises: what is there after closing and opening, several processes on one
 * database, full disks, and that no statement scans a table that grows.
 */
#include "contract/contract_sqlite.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A message mapped, another pending; a delivery accepted, one failed, one ready, one as a job. */
static void fill(struct contract *contract)
{
	struct outbox_batch batch;
	int64_t failed;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{\"sku\":\"s1\"}"));
	(void)contract_append(contract, contract->store_id, "{\"pending\":1}");
	(void)contract_accepted(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "accepted", "a"));
	failed = contract_publish_one(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "failed", "b"));
	batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(failed, DELIVERY_FAILED));
	(void)contract_publish_one(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "job", "c"));
	batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	CONTRACT_OK(db_outbox_job(contract->db, contract->now_ms, batch.id, STR("job-1"), &contract_err));
	(void)contract_publish_one(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "ready", "d"));
}

/* ---- plans ---- */

/* Tables that are small by nature, or that a person asks for all of. */
static bool may_be_scanned(const char *detail)
{
	static const char *const table[] = {
		"sequence",
		"config",
		"config_history",
		"account",
		"store",
		"lane",
		"batch",
		"budget",
		"cursor",
		"sweep",
		"purge",
		"seen_run",
		"account_count",
		"store_count",
		"day",
		"3 CONSTANT ROWS",
		"3-ROW VALUES CLAUSE", /* the same from SQLite 3.46 on */
		"message_failed",
		"message_again",
		"message_kept",
		"body_kept",
		"(",
		"import",
		"k",
		"p",
		"b",
		"LIST SUBQUERY",
		"json_each",
		"listed",
	};
	const char *name = strncmp(detail, "SCAN ", 5) == 0 ? detail + 5 : NULL;

	/* Everything of a store or an account is as bad. */
	if (strncmp(detail, "SEARCH ", 7) == 0 &&
	    (strstr(detail, "(store_id=?)") || strstr(detail, "(account_id=?)")))
		return false;
	if (!name)
		return true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = strlen(table[i]);

		if (strncmp(name, table[i], len) == 0 && (name[len] == '\0' || name[len] == ' ' || len == 1))
			return true;
	}
	return false;
}

/* What counts again, walks a backlog or removes a store reads all of it. */
static bool is_exempt(const char *sql)
{
	static const char *const part[] = {
		"count(*)", "EXCEPT", "NOT IN (SELECT id FROM batch)", "state <> 2", "FROM held WHERE ?1 = 0",
		"CREATE ", "id > 0 AND id < ?1", "DELETE FROM import_reject",
		/* of a removed store */
		"WHERE store_id = ?1 LIMIT 1", "FROM erase WHERE store_id = ?1)) LIMIT 1", "DELETE FROM sent",
		"DELETE FROM held WHERE store_id = ?1", "DELETE FROM due WHERE store_id = ?1",
		"FROM task WHERE store_id = ?1", "UNION ALL SELECT id FROM message_again"
	};

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (strstr(sql, part[i]))
			return true;
	return false;
}

static size_t check_plan(sqlite3 *handle, const char *sql)
{
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *stmt = NULL;
	size_t n_bad = 0;

	/* A day may be gone meanwhile. */
	if (sqlite3_prepare_v2(handle, explain, -1, &stmt, NULL) != SQLITE_OK)
		stmt = NULL;
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(stmt, 3);

		if (may_be_scanned(detail))
			continue;
		print_error("%s\n    %s\n", detail, sql);
		n_bad++;
	}
	(void)sqlite3_finalize(stmt);
	sqlite3_free(explain);
	return n_bad;
}

static size_t check_plans(struct connection *connection)
{
	sqlite3_stmt *stmt = NULL;
	char *sql[STATEMENTS_MAX];
	size_t n = 0, n_bad = 0;

	while ((stmt = sqlite3_next_stmt(connection->handle, stmt)) && n < STATEMENTS_MAX)
		if (!is_exempt(sqlite3_sql(stmt)))
			sql[n++] = mem_strdup(sqlite3_sql(stmt));
	for (size_t i = 0; i < n; i++) {
		n_bad += check_plan(connection->handle, sql[i]);
		mem_free(sql[i]);
	}
	assert_true(n > 0);
	return n_bad;
}

static size_t check_all_plans(struct contract *contract)
{
	struct sqlite *sqlite = sqlite_in(contract->db);
	size_t n_bad = check_plans(&sqlite->writer);

	for (int i = 0; i < READER_COUNT; i++)
		if (i != READER_CHECK) /* which is there to go through all rows */
			n_bad += check_plans(&sqlite->reader[i]);
	return n_bad;
}

static void ask_everything(struct contract *contract)
{
	struct failed_filter failed = { .max_n = 10 };
	struct failed_change change = { .action = FAILED_RETRY };
	struct catalog_match *match;
	struct failed_row *failed_row;
	struct held_row *held;
	struct budget_row *budget;
	struct outbox_batch *batch;
	bool more;
	size_t n;

	(void)contract_pending(contract, 10, &n);
	(void)contract_due(contract, 10, &n);
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 10, &more, &contract_err));
	CONTRACT_OK(db_catalog_find(contract->db, 0, STR("p1"), &contract->arena, &match, &n, &contract_err));
	CONTRACT_OK(db_failed_list(contract->db, &failed, &contract->arena, &failed_row, &n, &contract_err));
	CONTRACT_OK(db_held_list(contract->db, 0, 10, &contract->arena, &held, &n, &contract_err));
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &batch, &n,
				      &contract_err));
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &change, &n, &contract_err));
	(void)contract_summary(contract);
	contract_maintain(contract, (struct retention){ 5, 5, 5, 5 });
}

static void test_no_statement_scans_what_grows(void **state)
{
	struct contract *contract = *state;
	struct entity brand = contract_entity(ENTITY_BRAND, "b1");
	struct fact product = contract_set(ENTITY_PRODUCT, "p2", "base", 1, "{}");
	struct fact variant = contract_set(ENTITY_VARIANT, "v1", "base", 1, "{}");
	size_t n_bad;

	product.ref = &brand;
	product.n_ref = 1;
	variant.root_id = STR("p2");
	(void)CONTRACT_APPLY(
		contract, product, variant, contract_set(ENTITY_BRAND, "b1", "base", 1, "{}"),
		contract_delete(ENTITY_PRODUCT, "p3", 1),
		contract_set(ENTITY_PERSON, "a@shop.test", "customer", 1, "{\"customer_id\":\"77\"}"));
	(void)contract_publish_one(contract, "p2", contract_variant(DELIVERY_CREATE, "v1", "p2", "a"));
	(void)contract_claim(contract, KLAVIYO_CATEGORY, DELIVERY_DELETE, PRIORITY_REALTIME, 10);
	fill(contract);
	ask_everything(contract);
	n_bad = check_all_plans(contract);
	contract->now_ms += 10 * MS_PER_DAY;
	contract_maintain(contract, (struct retention){ 5, 5, 5, 5 });
	contract_remove_store(contract, contract->store_id);
	contract_maintain(contract, (struct retention){ 5, 5, 5, 5 });
	n_bad += check_all_plans(contract);
	assert_int_equal(n_bad, 0);
}

/* ---- a long audit ---- */

#define LONG_ROWS  40000
#define LONG_BATCH 4000

/* What nearly every row is, with one of each 10,000 that is something else. */
static void fill_audit(struct contract *contract)
{
	struct audit_row *row = ARENA_ARRAY(&contract->arena, LONG_BATCH, struct audit_row);

	for (int64_t done = 0; done < LONG_ROWS; done += LONG_BATCH) {
		for (int64_t i = 0; i < LONG_BATCH; i++) {
			int64_t number = done + i;

			row[i] = (struct audit_row){
				.at_ms = contract->now_ms + number,
				.code = number % 10000 == 5000 ? AUDIT_MESSAGE_FAILED : AUDIT_MESSAGE_MAPPED,
				.store_id = number == 7 ? 99 : contract->store_id,
				.account_id = contract->account_id,
				.message_id = 1 + number,
				.root = { ENTITY_ORDER,
					  arena_printf(&contract->arena, "o%lld", (long long)number / 4) },
			};
		}
		CONTRACT_OK(db_audit_append(contract->db, row, LONG_BATCH, &contract_err));
	}
}

/* Pages of the database that the reader looked at since the last call. */
static int pages_read(struct contract *contract, enum reader reader)
{
	sqlite3 *handle = sqlite_in(contract->db)->reader[reader].handle;
	int hit = 0, miss = 0, ignored;

	(void)sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_HIT, &hit, &ignored, 1);
	(void)sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_MISS, &miss, &ignored, 1);
	return hit + miss;
}

/* However long the audit is, a page of it costs a bounded look. */
static void test_a_page_of_a_long_audit_reads_little(void **state)
{
	struct contract *contract = *state;
	struct audit_look look = { .max = 2000 };
	const struct {
		const char *what;
		struct audit_filter filter;
		size_t n, looked_max;
		int pages_max;
	} rows[] = {
		{ "the newest", { .max_n = 100 }, 100, 100, 40 },
		{ "from the middle", { .max_n = 100, .until_ms = contract->now_ms + 20000 }, 100, 100, 40 },
		{ "a seldom code",
		  { .by_code = true, .code = AUDIT_MESSAGE_FAILED, .max_n = 100 },
		  4,
		  4,
		  40 },
		{ "a code of nearly all",
		  { .by_code = true, .code = AUDIT_MESSAGE_MAPPED, .max_n = 100 },
		  100,
		  101,
		  40 },
		{ "a code that nothing has",
		  { .by_code = true, .code = AUDIT_DELIVERY_JOB, .max_n = 100 },
		  0,
		  2000,
		  100 },
		{ "a store that hardly says anything", { .store_id = 99, .max_n = 100 }, 0, 2000, 100 },
		{ "a time before everything",
		  { .until_ms = contract->now_ms - 1000, .max_n = 100 },
		  0,
		  10,
		  20 },
		{ "since a moment ago",
		  { .since_ms = contract->now_ms + LONG_ROWS - 10, .max_n = 100 },
		  10,
		  10,
		  20 },
		{ "a message", { .message_id = 20001, .max_n = 100 }, 1, 1, 40 },
		{ "a thing", { .root = { ENTITY_ORDER, STR("o5000") }, .max_n = 100 }, 4, 4, 100 },
	};

	fill_audit(contract);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_filter filter = rows[i].filter;
		struct audit_row *row;
		int pages;
		size_t n;

		filter.look = &look;
		(void)pages_read(contract, READER_PEOPLE);
		CONTRACT_OK(db_audit_list(contract->db, &filter, &contract->arena, &row, &n, &contract_err));
		pages = pages_read(contract, READER_PEOPLE);
		print_message("%s: %zu rows of %zu looked at, %d pages\n", rows[i].what, n, look.n, pages);
		assert_int_equal(n, rows[i].n);
		assert_true(look.n <= rows[i].looked_max);
		assert_true(pages <= rows[i].pages_max);
	}
}

#define MANY_EVENTS 1000

/* However long the backlog is, what the deliver stage asks in every round reads counts alone. */
static void test_rounds_of_deliver_read_only_counts(void **state)
{
	struct contract *contract = *state;
	struct delivery_new *new = ARENA_ARRAY(&contract->arena, MANY_EVENTS, struct delivery_new);
	int64_t *id = ARENA_ARRAY(&contract->arena, MANY_EVENTS, int64_t);
	struct store_pressure *pressure;
	struct outbox_lane *lane;
	size_t n;

	for (int i = 0; i < MANY_EVENTS; i++)
		new[i] = contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE,
					   arena_printf(&contract->arena, "e%d", i).p, "{}");
	for (int i = 0; i < 20; i++) {
		contract_publish(contract, "p1", new, MANY_EVENTS, id);
		(void)contract_append(contract, contract->store_id, "{}");
	}
	CONTRACT_OK(
		db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n, &contract_err));
	(void)pages_read(contract, READER_STAGES);
	CONTRACT_OK(
		db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n, &contract_err));
	CONTRACT_OK(db_pressure(contract->db, &contract->arena, &pressure, &n, &contract_err));
	assert_int_equal(pressure[0].pending, 20);
	assert_in_range(pages_read(contract, READER_STAGES), 1, 12);
}

/* One of each kind on its whole road; name tells it from others. */
static void send_one_of_each(struct contract *contract, const char *name)
{
	static const struct {
		enum klaviyo_kind kind;
		enum delivery_op op;
	} row[] = {
		{ KLAVIYO_CATEGORY, DELIVERY_CREATE }, { KLAVIYO_ITEM, DELIVERY_CREATE },
		{ KLAVIYO_VARIANT, DELIVERY_CREATE },  { KLAVIYO_EVENT, DELIVERY_CREATE },
		{ KLAVIYO_PROFILE, DELIVERY_UPDATE },  { KLAVIYO_CONSENT, DELIVERY_CREATE },
	};
	struct outbox_batch batch;
	struct outbox_lane *lane;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, name, "base", 1, "{}"));
	contract->now_ms += MS_PER_MIN;
	contract_settle_down(contract);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct delivery_new new = contract_delivery(row[i].kind, row[i].op, name, name);

		new.parent_external_id = row[i].kind >= KLAVIYO_VARIANT ? STR("parent") : STR("");
		(void)contract_publish_one(contract, name, new);
		CONTRACT_OK(db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n,
					    &contract_err));
		batch = contract_claim_one(contract, row[i].kind, row[i].op);
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
	}
}

/* Statements that were planned anew since this was last asked. */
static size_t planned_anew(struct connection *connection, bool tell)
{
	sqlite3_stmt *stmt = NULL;
	size_t n = 0;

	while ((stmt = sqlite3_next_stmt(connection->handle, stmt))) {
		bool anew = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 1) > 0;

		if (anew && tell)
			print_error("planned anew: %s\n", sqlite3_sql(stmt));
		n += anew;
	}
	return n;
}

static void test_no_statement_is_planned_at_each_use(void **state)
{
	struct contract *contract = *state;
	struct sqlite *sqlite = sqlite_in(contract->db);

	/* The first time makes tables of the day, which the second notices. */
	send_one_of_each(contract, "first");
	send_one_of_each(contract, "second");
	(void)planned_anew(&sqlite->writer, false);
	(void)planned_anew(&sqlite->reader[READER_STAGES], false);
	send_one_of_each(contract, "third");
	assert_int_equal(planned_anew(&sqlite->writer, true), 0);
	assert_int_equal(planned_anew(&sqlite->reader[READER_STAGES], true), 0);
}

/* ---- what is there after opening again ---- */

static void test_all_is_there_after_opening_again(void **state)
{
	struct contract *contract = *state;
	struct catalog_match *match;
	struct inbox_message *message;
	struct outbox_batch *batch;
	struct summary before, after;
	size_t n;

	fill(contract);
	before = contract_summary(contract);
	contract_reopen(contract);
	after = contract_summary(contract);
	assert_int_equal(before.n_store, after.n_store);
	assert_memory_equal(before.store, after.store, before.n_store * sizeof(*before.store));
	assert_memory_equal(before.account, after.account, before.n_account * sizeof(*before.account));
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_str(message[0].body, "{\"pending\":1}");
	CONTRACT_OK(db_catalog_find(contract->db, 0, STR("s1"), &contract->arena, &match, &n, &contract_err));
	assert_int_equal(n, 1);
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &batch, &n,
				      &contract_err));
	assert_int_equal(n, 1);
	assert_str(batch[0].job_id, "job-1");
	assert_str(batch[0].delivery[0].body, "c");
	assert_str(contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE).delivery[0].body, "d");
}

static void test_duplicates_are_found_after_opening_again(void **state)
{
	struct contract *contract = *state;

	for (int i = 0; i < 20; i++)
		(void)contract_append(contract, contract->store_id, "{}");
	contract_reopen(contract);
	for (contract->n_appended = 0; contract->n_appended < 20;) {
		struct inbox_record record = { .store_id = contract->store_id,
					       .received_ms = contract->now_ms };
		struct inbox_receipt receipt;

		contract->n_appended++;
		memcpy(record.slot.byte, &contract->n_appended, sizeof(contract->n_appended));
		record.key = record.slot;
		CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
		assert_int_equal(receipt.kind, INBOX_DUPLICATE);
	}
}

/* ---- many keys ---- */

#define RUN_KEYS 31000 /* just enough for a run of their own: SEEN_RUN_MAX */

/* The keys 0..n: some all the way, and the last. */
static void assert_known(struct contract *contract, struct db *db, uint64_t n)
{
	for (uint64_t at = 0; at < n; at += 5000)
		assert_int_equal(append_keys(contract, db, at, 200), 200);
	assert_int_equal(append_keys(contract, db, n - 200, 200), 200);
}

static void test_keys_in_runs(void **state)
{
	struct contract *contract = *state;
	const struct retention month = { 30, 30, 30, 30 };

	assert_int_equal(append_keys(contract, contract->db, 0, RUN_KEYS), 0);
	contract_maintain(contract, month);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM seen_run"), 1);
	assert_known(contract, contract->db, RUN_KEYS);
	assert_int_equal(append_keys(contract, contract->db, RUN_KEYS, RUN_KEYS), 0);
	contract_maintain(contract, month);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM seen_run"), 2);
	contract_reopen(contract);
	assert_known(contract, contract->db, (uint64_t)2 * RUN_KEYS);
	contract->now_ms += 4 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_int_equal(append_keys(contract, contract->db, 1000, 100), 100);
	contract->now_ms += 2 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM seen_run"), 0);
	assert_int_equal(append_keys(contract, contract->db, 1000, 100), 0);
}

#define FEW_KEYS 20 /* in a run here */
#define FEW_RUNS 70

/* Runs of few keys: their filters are looked through together, in two words of a cell. */
static void append_runs(struct contract *contract, uint64_t first)
{
	for (uint64_t at = 0; at < (uint64_t)FEW_KEYS * FEW_RUNS; at += FEW_KEYS / 2)
		assert_int_equal(append_keys(contract, contract->db, first + at, FEW_KEYS / 2), 0);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
}

static void test_keys_in_many_runs(void **state)
{
	struct contract *contract = *state;
	const uint64_t half = (uint64_t)FEW_KEYS * FEW_RUNS, all = 2 * half;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);

	seen_run_max_set(sqlite_in(contract->db)->seen, FEW_KEYS);
	append_runs(contract, 0);
	contract->now_ms += 2 * MS_PER_DAY;
	append_runs(contract, half);
	assert_in_range(count_in(contract->db, "SELECT count(*) FROM seen_run"), 2 * FEW_RUNS - 2,
			2 * FEW_RUNS);
	assert_int_equal(append_keys(contract, contract->db, 0, all), all);
	assert_int_equal(append_keys(contract, other, 0, all), all);
	contract->now_ms += 4 * MS_PER_DAY;
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	for (int again = 0; again < 2; again++) {
		assert_int_equal(append_keys(contract, contract->db, half, half), half);
		assert_int_equal(append_keys(contract, other, half, half), half);
		contract_reopen(contract);
	}
	assert_int_equal(append_keys(contract, other, 0, half), 0);
	assert_int_equal(append_keys(contract, contract->db, 0, half), half);
	db_close(other);
}

/* Whoever appends how many at once, with db_maintain or without: what is alike lies side by side. */
static void test_runs_are_of_one_size(void **state)
{
	struct contract *contract = *state;

	assert_int_equal(append_keys(contract, contract->db, 0, 100000), 0);
	assert_true(count_in(contract->db, "SELECT count(*) FROM seen_run") > 1);
	contract_reopen(contract);
	assert_int_equal(append_keys(contract, contract->db, 100000, 30000), 0);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_int_equal(count_in(contract->db, "SELECT count(DISTINCT length(filter)) FROM seen_run"), 1);
	assert_known(contract, contract->db, 130000);
}

/* ---- two processes on one database ---- */

static void test_two_handles_see_each_other(void **state)
{
	struct contract *contract = *state;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct db *mine = contract->db;
	int64_t version = contract_version(contract), seen;
	int64_t store_id;
	size_t n;

	assert_int_equal(append_keys(contract, mine, 0, 10), 0);
	assert_int_equal(append_keys(contract, other, 5, 10), 5);
	assert_int_equal(append_keys(contract, mine, 0, 20), 15);
	contract->db = other;
	store_id = contract_store(contract, "second", contract->account_id);
	contract->db = mine;
	CONTRACT_OK(db_config_version(mine, &seen, &contract_err));
	assert_int_equal(seen, version + 1);
	(void)contract_append(contract, store_id, "{}");
	contract->db = other;
	contract_remove_store(contract, store_id);
	contract->db = mine;
	assert_int_equal(contract_store_summary(contract, store_id).discarded, 1);
	(void)contract_pending(contract, 100, &n);
	assert_int_equal(n, 20);
	db_close(other);
}

static void test_two_handles_and_runs_of_keys(void **state)
{
	struct contract *contract = *state;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct db *mine = contract->db;

	assert_int_equal(append_keys(contract, other, 0, 100), 0);
	assert_int_equal(append_keys(contract, mine, 100, RUN_KEYS), 0);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_known(contract, other, RUN_KEYS + 100);
	assert_known(contract, mine, RUN_KEYS + 100);
	db_close(other);
}

/* A day that one handle drops is not missed by the other. */
static void test_two_handles_and_a_day_that_is_dropped(void **state)
{
	struct contract *contract = *state;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct db *mine = contract->db;

	for (int day = 0; day < 12; day++) {
		assert_int_equal(append_keys(contract, other, (uint64_t)day * 10, 10), 0);
		contract_settle_down(contract);
		contract->now_ms += MS_PER_DAY;
		contract_maintain(contract, (struct retention){ 4, 4, 4, 4 });
		contract->db = other;
		contract_conserves(other);
		(void)contract_summary(contract);
		contract->db = mine;
	}
	db_close(other);
}

static void test_a_lock_held_elsewhere_is_busy(void **state)
{
	struct contract *contract = *state;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct inbox_record record = { .store_id = contract->store_id, .received_ms = contract->now_ms };
	struct inbox_receipt receipt;

	(void)sqlite3_busy_timeout(sqlite_in(contract->db)->writer.handle, 20);
	execute(sqlite_in(other)->writer.handle, "BEGIN IMMEDIATE");
	CONTRACT_FAILS(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err), ERR_BUSY);
	assert_true(contract_summary(contract).idle); /* readers do not wait */
	execute(sqlite_in(other)->writer.handle, "ROLLBACK");
	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	assert_int_equal(receipt.kind, INBOX_NEW);
	db_close(other);
}

/* ---- disks ---- */

/* 20 messages of 4 KB; their keys are numbers from n * 20 on. */
static bool append_big(struct contract *contract, int64_t n, struct err *err)
{
	struct inbox_record record[20];
	struct inbox_receipt receipt[20];

	for (int64_t i = 0; i < 20; i++) {
		int64_t number = n * 20 + i;

		record[i] = (struct inbox_record){
			.store_id = contract->store_id,
			.received_ms = contract->now_ms,
			.body = str_of(arena_zalloc(&contract->arena, 1, 4000), 4000),
		};
		memcpy(record[i].slot.byte, &number, sizeof(number));
		record[i].key = record[i].slot;
	}
	return db_inbox_append(contract->db, record, 20, receipt, err);
}

static void test_a_full_disk_is_an_answer(void **state)
{
	struct contract *contract = *state;
	sqlite3 *writer = sqlite_in(contract->db)->writer.handle;
	char pragma[64];
	struct err err = { 0 };
	int64_t n = 0;

	(void)snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count = %lld",
		       (long long)count_in(contract->db, "PRAGMA page_count") + 20);
	execute(writer, pragma);
	while (n < 1000 && append_big(contract, n, &err))
		n++;
	assert_int_equal(err.code, ERR_TOO_LARGE);
	contract_conserves(contract->db);
	assert_int_equal(contract_store_summary(contract, contract->store_id).received, n * 20);
	execute(writer, "PRAGMA max_page_count = 1000000");
	contract->n_appended = 1 << 20;
	(void)contract_append(contract, contract->store_id, "{}");
	assert_int_equal(append_keys(contract, contract->db, (uint64_t)n * 20, 1), 0); /* was not taken in */
	assert_int_equal(append_keys(contract, contract->db, (uint64_t)n * 20, 1), 1);
}

/* The check of all rows takes minutes where many are: nobody waits for it. No stage waits for people. */
static void test_nobody_waits_for_the_check(void **state)
{
	struct contract *contract = *state;
	struct sqlite *sqlite = sqlite_in(contract->db);
	struct store_pressure *pressure;
	size_t n;

	assert_int_equal(pthread_mutex_lock(&sqlite->reader[READER_CHECK].lock), 0);
	(void)contract_summary(contract);
	(void)contract_append(contract, contract->store_id, "{}");
	assert_int_equal(pthread_mutex_unlock(&sqlite->reader[READER_CHECK].lock), 0);
	assert_int_equal(pthread_mutex_lock(&sqlite->reader[READER_PEOPLE].lock), 0);
	CONTRACT_OK(db_pressure(contract->db, &contract->arena, &pressure, &n, &contract_err));
	assert_int_equal(pthread_mutex_lock(&sqlite->reader[READER_STAGES].lock), 0);
	contract_conserves(contract->db);
	assert_int_equal(pthread_mutex_unlock(&sqlite->reader[READER_STAGES].lock), 0);
	assert_int_equal(pthread_mutex_unlock(&sqlite->reader[READER_PEOPLE].lock), 0);
}

/* Called as a statement of the check begins. */
static int interrupt_where_messages_are_counted(unsigned event, void *arg, void *statement, void *sql)
{
	(void)event;
	(void)sql;
	if (strstr(sqlite3_sql(statement), "FROM message_2"))
		db_interrupt(arg);
	return 0;
}

static void test_the_check_is_interrupted_within_a_statement(void **state)
{
	struct contract *contract = *state;
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct conservation found;

	assert_int_equal(append_keys(contract, contract->db, 0, 1000), 0);
	assert_int_equal(sqlite3_trace_v2(sqlite_in(other)->reader[READER_CHECK].handle, SQLITE_TRACE_STMT,
					  interrupt_where_messages_are_counted, other),
			 SQLITE_OK);
	CONTRACT_FAILS(db_conserve(other, &contract->arena, &found, &contract_err), ERR_BUSY);
	assert_int_equal(append_keys(contract, other, 1000, 1), 0);
	db_close(other);
}

static void test_a_broken_disk_is_not_tried_again(void **state)
{
	struct contract *contract = *state;
	struct inbox_record record = { .store_id = contract->store_id, .received_ms = contract->now_ms };
	struct db *other = contract_open(&db_sqlite_ops, contract->folder, contract->now_ms);
	struct inbox_receipt receipt;

	/* A table that goes missing is as good as a page that cannot be read. */
	execute(sqlite_in(other)->writer.handle, "ALTER TABLE store_count RENAME TO elsewhere");
	CONTRACT_FAILS(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err), ERR_FATAL);
	execute(sqlite_in(other)->writer.handle, "ALTER TABLE elsewhere RENAME TO store_count");
	CONTRACT_FAILS(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err), ERR_FATAL);
	db_close(contract->db);
	contract->db = other;
	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	assert_int_equal(receipt.kind, INBOX_NEW);
}

static void test_files_are_private(void **state)
{
	struct contract *contract = *state;
	struct stat stat_of;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/pannier.db", contract->folder);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0077, 0);
}

/* ---- upkeep ---- */

static int64_t log_size(const struct contract *contract)
{
	struct stat stat_of;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/pannier.db-wal", contract->folder);
	return stat(path, &stat_of) == 0 ? (int64_t)stat_of.st_size : 0;
}

static void test_the_log_stays_small(void **state)
{
	struct contract *contract = *state;
	const struct retention month = { 30, 30, 30, 30 };
	char *body = arena_zalloc(&contract->arena, 1, 20001);
	bool more;

	memset(body, 'x', 20000);
	for (int i = 0; i < 2000; i++) {
		(void)contract_append(contract, contract->store_id, body);
		if (i % 50 == 0)
			CONTRACT_OK(
				db_maintain(contract->db, contract->now_ms, &month, &more, &contract_err));
	}
	assert_true(log_size(contract) < 12 << 20);
	contract_maintain(contract, month);
	contract->now_ms += 1000;
	contract_maintain(contract, month);
	assert_int_equal(log_size(contract), 0);
}

#define STEADY_RECORDS 64
#define STEADY_BYTES   ((size_t)150 << 20)

#define STEADY_PAUSE ((size_t)10 * STEADY_RECORDS * 20000)

struct steady {
	struct contract *contract;
	atomic_bool done;
	atomic_int rounds; /* of upkeep */
};

/* Writes without a pause, so that every checkpoint finds that there is more by its end. */
/* Of a thread that cmocka does not know. */
static void err_die(const struct err *err)
{
	print_error("%s\n", err->msg);
	abort();
}

static void *write_steadily(void *arg)
{
	struct steady *steady = arg;
	struct inbox_record record[STEADY_RECORDS];
	struct inbox_receipt receipt[STEADY_RECORDS];
	char *body = mem_zalloc(1, 20000);
	uint64_t number = 0;
	struct err err;

	for (size_t bytes = 0; bytes < STEADY_BYTES; bytes += STEADY_RECORDS * 20000) {
		/* Upkeep is not left behind, however the machine shares its time. */
		for (int seen = atomic_load(&steady->rounds); bytes % STEADY_PAUSE == 0;)
			if (atomic_load(&steady->rounds) != seen || sched_yield() != 0)
				break;
		for (size_t i = 0; i < STEADY_RECORDS; i++, number++) {
			record[i] = (struct inbox_record){ .store_id = steady->contract->store_id,
							   .received_ms = steady->contract->now_ms,
							   .topic = STR("t"),
							   .body = str_of(body, 20000) };
			memcpy(record[i].slot.byte, &number, sizeof(number));
			record[i].key = record[i].slot;
		}
		/* Upkeep comes without a pause here, which can keep the writer for long. */
		while (!db_inbox_append(steady->contract->db, record, STEADY_RECORDS, receipt, &err))
			if (err.code != ERR_BUSY)
				err_die(&err);
	}
	mem_free(body);
	atomic_store(&steady->done, true);
	return NULL;
}

/* Neither does it grow for ever, nor is its file cut, which would make every sync dear. */
static void test_a_log_written_steadily_begins_anew(void **state)
{
	struct contract *contract = *state;
	struct steady steady = { .contract = contract };
	int64_t largest = 0;
	pthread_t thread;
	bool more;

	assert_int_equal(pthread_create(&thread, NULL, write_steadily, &steady), 0);
	while (!atomic_load(&steady.done)) {
		int64_t size;

		CONTRACT_OK(db_maintain(contract->db, contract->now_ms, &(struct retention){ 30, 30, 30, 30 },
					&more, &contract_err));
		atomic_fetch_add(&steady.rounds, 1);
		size = log_size(contract);
		if (!atomic_load(&steady.done))
			assert_true(size >= largest);
		largest = size > largest ? size : largest;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(largest, 1, (int64_t)STEADY_BYTES * 2 / 3);
}

static void test_days_are_made_ahead(void **state)
{
	struct contract *contract = *state;

	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM day"), 8);
	assert_int_equal(
		count_in(contract->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'message_20260731'"),
		1);
}

static void test_the_catalog_of_a_removed_store_goes(void **state)
{
	struct contract *contract = *state;
	char id[8];

	for (int i = 0; i < 500; i++) {
		(void)snprintf(id, sizeof(id), "p%03d", i % 1000);
		(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, id, "base", 1, "{}"));
	}
	(void)contract_accepted(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "p1", "a"));
	contract_remove_store(contract, contract->store_id);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM fact"), 500);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM fact"), 0);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM entity"), 0);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM sent"), 0);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM purge"), 0);
}

/* ---- threads ---- */

#define THREAD_MESSAGES 400

static void *append_thread(void *arg)
{
	struct contract *contract = arg;
	struct err err;

	for (uint64_t i = 0; i < THREAD_MESSAGES; i++) {
		struct inbox_record record = { .store_id = contract->store_id,
					       .received_ms = contract->now_ms,
					       .body = STR("{}") };
		struct inbox_receipt receipt;

		memcpy(record.slot.byte, &i, sizeof(i));
		if (!db_inbox_append(contract->db, &record, 1, &receipt, &err))
			return contract;
	}
	return NULL;
}

static void *look_thread(void *arg)
{
	struct contract *contract = arg;
	struct arena arena;
	struct err err;
	void *failed = NULL;

	arena_init(&arena);
	for (int i = 0; i < 200 && !failed; i++) {
		struct audit_filter filter = { .max_n = 10 };
		struct conservation conservation;
		struct audit_row *row;
		struct summary summary;
		size_t n;

		if (!db_summary(contract->db, contract->now_ms, &arena, &summary, &err) ||
		    !db_conserve(contract->db, &arena, &conservation, &err) || conservation.error.len > 0 ||
		    !db_audit_list(contract->db, &filter, &arena, &row, &n, &err))
			failed = contract;
		arena_reset(&arena);
	}
	arena_release(&arena);
	return failed;
}

static void *upkeep_thread(void *arg)
{
	struct contract *contract = arg;
	const struct retention month = { 30, 30, 30, 30 };
	struct err err;
	bool more;

	for (int i = 0; i < 200; i++)
		if (!db_maintain(contract->db, contract->now_ms, &month, &more, &err))
			return contract;
	return NULL;
}

static void test_verbs_may_be_called_from_any_thread(void **state)
{
	struct contract *contract = *state;
	void *(*const run[])(void *) = { append_thread, append_thread, look_thread, upkeep_thread };
	pthread_t thread[4];
	size_t n, done = 0;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, run[i], contract), 0);
	while (done < THREAD_MESSAGES) {
		struct inbox_message *message = contract_pending(contract, 100, &n);

		for (size_t i = 0; i < n; i++) {
			struct inbox_result result = contract_result(contract, message[i].id, MESSAGE_MAPPED);

			contract_complete(contract, &result, 1);
		}
		done += n;
		arena_reset(&contract->arena);
	}
	for (size_t i = 0; i < 4; i++) {
		void *failed = contract;

		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(contract_store_summary(contract, contract->store_id).mapped, THREAD_MESSAGES);
	assert_int_equal(contract_store_summary(contract, contract->store_id).duplicate, THREAD_MESSAGES);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_no_statement_scans_what_grows),
	cmocka_unit_test(test_a_page_of_a_long_audit_reads_little),
	cmocka_unit_test(test_rounds_of_deliver_read_only_counts),
	cmocka_unit_test(test_no_statement_is_planned_at_each_use),
	cmocka_unit_test(test_all_is_there_after_opening_again),
	cmocka_unit_test(test_duplicates_are_found_after_opening_again),
	cmocka_unit_test(test_keys_in_runs),
	cmocka_unit_test(test_keys_in_many_runs),
	cmocka_unit_test(test_runs_are_of_one_size),
	cmocka_unit_test(test_two_handles_see_each_other),
	cmocka_unit_test(test_two_handles_and_runs_of_keys),
	cmocka_unit_test(test_two_handles_and_a_day_that_is_dropped),
	cmocka_unit_test(test_a_lock_held_elsewhere_is_busy),
	cmocka_unit_test(test_a_full_disk_is_an_answer),
	cmocka_unit_test(test_nobody_waits_for_the_check),
	cmocka_unit_test(test_the_check_is_interrupted_within_a_statement),
	cmocka_unit_test(test_a_broken_disk_is_not_tried_again),
	cmocka_unit_test(test_files_are_private),
	cmocka_unit_test(test_the_log_stays_small),
	cmocka_unit_test(test_a_log_written_steadily_begins_anew),
	cmocka_unit_test(test_days_are_made_ahead),
	cmocka_unit_test(test_the_catalog_of_a_removed_store_goes),
	cmocka_unit_test(test_verbs_may_be_called_from_any_thread),
};

int main(void)
{
	(void)setenv("CONTRACT_BACKEND", "sqlite", 1);
	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
