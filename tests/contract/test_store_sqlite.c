/*
 * What only the SQLite backend promises: what is there after closing and opening, several processes on one database,
 * full disks, old and new formats, and that no statement scans a table that grows.
 */
#include "contract/contract.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "store/sqlite/sqlite_tx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sqlite *sqlite_in(struct db *db)
{
	assert_ptr_equal(db->ops, &db_sqlite_ops);
	return (struct sqlite *)db;
}

__attribute__((unused)) static void execute(sqlite3 *handle, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(handle, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

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
		"sequence", "config",  "account",	 "store",	  "lane",	   "batch",
		"budget",   "sweep",   "purge",		 "seen_run",	  "account_count", "store_count",
		"day",	    "3 CONSTANT ROWS", "message_failed", "message_again", "message_kept",  "body_kept",
		"(",	    "k",       "p",		 "b",		  "LIST SUBQUERY",
	};
	const char *name = strncmp(detail, "SCAN ", 5) == 0 ? detail + 5 : NULL;

	/* Everything of a store or an account is as bad. */
	if (strncmp(detail, "SEARCH ", 7) == 0 && (strstr(detail, "(store_id=?)") || strstr(detail, "(account_id=?)")))
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
	static const char *const part[] = { "count(*)", "EXCEPT", "NOT IN (SELECT id FROM batch)", "state <> 2",
					    "FROM held WHERE ?1 = 0", "CREATE ", "id > 0 AND id < ?1" };

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
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &batch, &n, &contract_err));
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
	(void)CONTRACT_APPLY(contract, product, variant, contract_set(ENTITY_BRAND, "b1", "base", 1, "{}"),
			     contract_delete(ENTITY_PRODUCT, "p3", 1));
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

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_no_statement_scans_what_grows),
};

int main(void)
{
	(void)setenv("CONTRACT_BACKEND", "sqlite", 1);
	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
