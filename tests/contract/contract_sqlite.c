/*
 * Into the database behind the verbs.
 */
#include "contract/contract_sqlite.h"

#include <string.h>

struct sqlite *sqlite_in(struct db *db)
{
	assert_ptr_equal(db->ops, &db_sqlite_ops);
	return (struct sqlite *)db;
}

void execute(sqlite3 *handle, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(handle, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

int64_t count_in(struct db *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(sqlite_in(db)->reader[0].handle, sql, -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return value;
}

size_t append_keys(struct contract *contract, struct db *db, uint64_t first, uint64_t n)
{
	struct inbox_record *record = ARENA_ARRAY(&contract->arena, STORE_APPEND_MAX, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&contract->arena, STORE_APPEND_MAX, struct inbox_receipt);
	size_t n_duplicate = 0;

	for (uint64_t done = 0; done < n;) {
		size_t size = n - done < STORE_APPEND_MAX ? (size_t)(n - done) : STORE_APPEND_MAX;

		for (size_t i = 0; i < size; i++) {
			uint64_t number = first + done + i;

			record[i] = (struct inbox_record){ .store_id = contract->store_id,
							   .received_ms = contract->now_ms };
			memcpy(record[i].slot.byte, &number, sizeof(number));
			record[i].key = record[i].slot;
		}
		CONTRACT_OK(db_inbox_append(db, record, size, receipt, &contract_err));
		for (size_t i = 0; i < size; i++)
			n_duplicate += receipt[i].kind == INBOX_DUPLICATE;
		done += size;
	}
	return n_duplicate;
}
