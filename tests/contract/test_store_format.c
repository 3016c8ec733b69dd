/*
 * Formats of the SQLite backend: what older programs wrote is understood, and what is newer, or none of
 * ours, is refused.
 */
#include "contract/contract_sqlite.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- databases of older programs ---- */

static sqlite3_stmt *prepared(sqlite3 *handle, struct str sql)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(handle, sql.p, (int)sql.len, &stmt, NULL), SQLITE_OK);
	return stmt;
}

/* Before format 17 deliveries did not say what they are copies of, nor did those that had ended. */
static void days_lose_copy_of(struct contract *contract)
{
	sqlite3 *writer = sqlite_in(contract->db)->writer.handle;
	sqlite3_stmt *select = prepared(
		writer,
		STR("SELECT coalesce(group_concat('ALTER TABLE ' || name || ' DROP COLUMN copy_of', ';'), '')"
		    " FROM sqlite_schema WHERE type = 'table' AND name GLOB 'delivery_2*'"));
	struct str sql;

	assert_int_equal(sqlite3_step(select), SQLITE_ROW);
	sql = arena_printf(&contract->arena, "%s", (const char *)sqlite3_column_text(select, 0));
	(void)sqlite3_finalize(select);
	execute(writer, sql.p);
}

/* Takes back the last steps of the format, as far as those that follow ask for what they made. */
static void as_version(struct contract *contract, int version)
{
	static const struct {
		int version; /* that the step leads to */
		const char *undo;
	} row[] = {
		{ 17, "ALTER TABLE delivery DROP COLUMN copy_of" },
		{ 15, "DROP INDEX delivery_former" },
		{ 15, "DROP INDEX sent_former" },
		{ 15, "ALTER TABLE sent DROP COLUMN moved_id" },
		{ 14, "ALTER TABLE seen_run DROP COLUMN n_hash" },
		{ 13, "ALTER TABLE config DROP COLUMN defaults" },
		{ 12, "ALTER TABLE entity DROP COLUMN words" },
		{ 10, "DROP INDEX delivery_move" },
	};
	sqlite3 *writer = sqlite_in(contract->db)->writer.handle;

	for (size_t i = 0; i < ARRAY_LEN(row) && row[i].version > version; i++)
		execute(writer, row[i].undo);
	if (version < 17)
		days_lose_copy_of(contract);
	execute(writer, arena_printf(&contract->arena, "PRAGMA user_version = %d", version).p);
	contract_reopen(contract);
}

#define ENTRY_BYTES 32 /* hash, message, key */

/* One bucket's keys. */
static void keys_unpack(sqlite3_stmt *insert, int64_t run, const char *bytes, int n_bytes)
{
	for (int at = 0; at < n_bytes; at += ENTRY_BYTES) {
		int64_t hash, id;

		memcpy(&hash, bytes + at, sizeof(hash));
		memcpy(&id, bytes + at + 8, sizeof(id));
		(void)sqlite3_bind_int64(insert, 1, run);
		(void)sqlite3_bind_int64(insert, 2, hash);
		(void)sqlite3_bind_blob(insert, 3, bytes + at + 16, 16, SQLITE_STATIC);
		(void)sqlite3_bind_int64(insert, 4, id);
		assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
		(void)sqlite3_reset(insert);
	}
}

/* Up to format 15 each key had a row, in tables of another name. */
static void keys_to_rows(struct contract *contract)
{
	struct arena *arena = &contract->arena;
	sqlite3 *writer = sqlite_in(contract->db)->writer.handle;
	sqlite3_stmt *select, *insert;
	char day[9];

	time_day_text(time_day(contract->now_ms), day);
	execute(writer, arena_printf(arena,
				     "BEGIN; CREATE TABLE seen_%s (run INTEGER NOT NULL,"
				     " hash INTEGER NOT NULL, key BLOB NOT NULL, message_id INTEGER NOT NULL,"
				     " PRIMARY KEY (run, hash)) STRICT, WITHOUT ROWID",
				     day)
				.p);
	select = prepared(writer, arena_printf(arena, "SELECT id / 1024, entries FROM seen_bucket_%s", day));
	insert = prepared(writer, arena_printf(arena, "INSERT INTO seen_%s VALUES (?1, ?2, ?3, ?4)", day));
	while (sqlite3_step(select) == SQLITE_ROW)
		keys_unpack(insert, sqlite3_column_int64(select, 0), sqlite3_column_blob(select, 1),
			    sqlite3_column_bytes(select, 1));
	(void)sqlite3_finalize(select);
	(void)sqlite3_finalize(insert);
	execute(writer, arena_printf(arena, "DROP TABLE seen_bucket_%s", day).p);
	execute(writer, arena_printf(arena, "UPDATE day SET kind = %d WHERE kind = %d; COMMIT", DAY_SEEN,
				     DAY_SEEN_BUCKET)
				.p);
}

static void test_keys_in_rows_are_found(void **state)
{
	struct contract *contract = *state;
	const struct retention month = { 30, 30, 30, 30 };

	assert_int_equal(append_keys(contract, contract->db, 0, 30000), 0);
	contract_maintain(contract, month);
	keys_to_rows(contract);
	as_version(contract, 15);
	assert_int_equal(append_keys(contract, contract->db, 0, 30000), 30000);
	assert_int_equal(append_keys(contract, contract->db, 30000, 30000), 0);
	contract_maintain(contract, month);
	contract_reopen(contract);
	assert_int_equal(append_keys(contract, contract->db, 0, 60000), 60000);
	contract->now_ms += 6 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_int_equal(
		count_in(contract->db,
			 "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name GLOB 'seen*_2*'"),
		0);
}

/* Before format 15 filters had six bits of a slot; those of nine have these, too. */
static void test_keys_in_old_filters_are_found(void **state)
{
	struct contract *contract = *state;

	assert_int_equal(append_keys(contract, contract->db, 0, 30000), 0);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	as_version(contract, 13);
	assert_int_equal(append_keys(contract, contract->db, 0, 30000), 30000);
	assert_int_equal(append_keys(contract, contract->db, 30000, 30000), 0);
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	contract_reopen(contract);
	assert_int_equal(append_keys(contract, contract->db, 0, 60000), 60000);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM seen_run WHERE n_hash = 6"), 1);
	assert_int_equal(count_in(contract->db, "SELECT count(*) FROM seen_run WHERE n_hash = 9"), 1);
}

/* Before format 11 nothing tied the addresses of a customer together. */
static void test_customers_of_an_old_format_get_their_ids(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(
		contract,
		contract_set(ENTITY_PERSON, "a@shop.test", "customer", 1, "{\"customer_id\":\"77\"}"),
		contract_set(ENTITY_PERSON, "b@shop.test", "customer", 2, "{\"customer_id\":\"77\"}"),
		contract_set(ENTITY_PERSON, "c@shop.test", "subscriber", 2, "{}"));
	execute(sqlite_in(contract->db)->writer.handle, "UPDATE entity SET sku = '' WHERE kind = 10");
	as_version(contract, 9);
	root = contract_root(contract, ENTITY_PERSON, "a@shop.test");
	assert_int_equal(root.n_entity, 2);
	assert_str(root.entity[1].entity.id, "b@shop.test");
}

/* Before format 12 nothing was kept to search by. */
static void test_a_catalog_of_an_old_format_can_be_searched(void **state)
{
	struct contract *contract = *state;
	struct str *id;
	size_t n;

	(void)CONTRACT_APPLY(contract,
			     contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{\"title\":\"GRÜNE Kanne\"}"),
			     contract_set(ENTITY_PRODUCT, "p2", "price.", 1, "{}"));
	as_version(contract, 11);
	CONTRACT_OK(db_catalog_search(contract->db, contract->store_id, ENTITY_PRODUCT, STR("grüne"), STR(""),
				      10, &contract->arena, &id, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_str(id[0], "p1");
}

/* Before format 14 there were no defaults of the installation. */
static void test_an_old_format_has_no_defaults(void **state)
{
	struct contract *contract = *state;
	struct config_rows rows;

	as_version(contract, 12);
	CONTRACT_OK(db_config_load(contract->db, &contract->arena, &rows, &contract_err));
	assert_str(rows.defaults, "");
	assert_int_equal(rows.version, contract_version(contract));
	assert_int_equal(rows.n_store, 1);
}

static int64_t accepted_event(struct contract *contract, const char *id, int64_t copy_of)
{
	struct delivery_new event = contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE, id, "1");

	event.copy_of = copy_of;
	return contract_accepted(contract, "o1", event);
}

/*
 * Before format 17 nothing said what is a copy: what was there then is an original, whether it has ended, on
 * any day, or not; and what is told again of it is a copy.
 */
static void test_deliveries_of_an_old_format_are_originals(void **state)
{
	struct contract *contract = *state;
	struct replay_query query = { .store_id = contract->store_id,
				      .states = 1u << DELIVERY_ACCEPTED,
				      .kinds = 1u << KLAVIYO_EVENT,
				      .max_n = 10 };
	int64_t event[2], waiting, copy;
	struct replay_row *row;
	size_t n;

	event[0] = accepted_event(contract, "paid", 0);
	contract->now_ms += MS_PER_DAY;
	event[1] = accepted_event(contract, "sent", 0);
	waiting = contract_publish_one(contract, "p1",
				       contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "p1", "1"));
	as_version(contract, 16);
	assert_int_equal(contract_get(contract, waiting).copy_of, 0);
	copy = accepted_event(contract, "sent", event[1]);
	assert_int_equal(contract_get(contract, copy).copy_of, event[1]);
	CONTRACT_OK(db_replay_list(contract->db, &query, &contract->arena, &row, &n, &query.day,
				   &query.after_id, &contract_err));
	assert_int_equal(n, 2);
	assert_int_equal(row[0].id, event[0]);
	assert_int_equal(row[1].id, event[1]);
	contract_conserves(contract->db);
}

static void test_a_newer_format_is_refused(void **state)
{
	struct contract *contract = *state;
	struct db_config config = { .location = contract->folder, .owner_epoch = 1 };
	struct db *db = NULL;

	execute(sqlite_in(contract->db)->writer.handle, "PRAGMA user_version = 1000");
	CONTRACT_FAILS(db_open(&db_sqlite_ops, &config, &db, &contract_err), ERR_INVALID);
	execute(sqlite_in(contract->db)->writer.handle, "PRAGMA user_version = 1");
}

static void test_what_is_no_database_is_refused(void **state)
{
	struct contract *contract = *state;
	char path[128];
	char folder[64];
	struct db_config config = { .location = folder, .owner_epoch = 1 };
	struct db *db = NULL;
	FILE *file;

	(void)contract;
	contract_folder_make(folder);
	(void)snprintf(path, sizeof(path), "%s/pannier.db", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is not a database, whatever its name says\n", file);
	(void)fclose(file);
	CONTRACT_FAILS(db_open(&db_sqlite_ops, &config, &db, &contract_err), ERR_FATAL);
	contract_folder_remove(folder);
}

/* What an earlier version wrote of a root stands in another part of the index. */
static void test_roots_of_an_older_audit_are_found(void **state)
{
	struct contract *contract = *state;
	struct audit_row row = { .at_ms = contract->now_ms,
				 .code = AUDIT_ROOT_PUBLISHED,
				 .store_id = contract->store_id,
				 .account_id = contract->account_id };
	struct audit_filter filter = { .max_n = 10 };
	char sql[120], day[9];
	size_t n;

	time_day_text(time_day(contract->now_ms), day);
	for (int i = 0; i < 50; i++) {
		row.root = (struct entity){ ENTITY_ORDER, arena_printf(&contract->arena, "o%d", i) };
		CONTRACT_OK(db_audit_append(contract->db, &row, 1, &contract_err));
		(void)snprintf(sql, sizeof(sql), "UPDATE audit_%s SET root_bucket = %d WHERE root_id = 'o%d'",
			       day, (int)audit_root_bucket_once(row.root.id), i);
		execute(sqlite_in(contract->db)->writer.handle, sql);
		CONTRACT_OK(db_audit_append(contract->db, &row, 1, &contract_err));
		filter.root = row.root;
		(void)contract_audit(contract, filter, &n);
		assert_int_equal(n, 2);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_keys_in_rows_are_found),
	cmocka_unit_test(test_keys_in_old_filters_are_found),
	cmocka_unit_test(test_customers_of_an_old_format_get_their_ids),
	cmocka_unit_test(test_a_catalog_of_an_old_format_can_be_searched),
	cmocka_unit_test(test_an_old_format_has_no_defaults),
	cmocka_unit_test(test_deliveries_of_an_old_format_are_originals),
	cmocka_unit_test(test_a_newer_format_is_refused),
	cmocka_unit_test(test_what_is_no_database_is_refused),
	cmocka_unit_test(test_roots_of_an_older_audit_are_found),
};

int main(void)
{
	(void)setenv("CONTRACT_BACKEND", "sqlite", 1);
	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
