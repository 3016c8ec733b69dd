/*
 * SQLite backend: what a removed store leaves behind.
 *
 * Does:    at once what must not happen any more: mapping, publishing and
 * sending. Its catalog goes little by little in db_maintain; until then nobody
 * sees it, because the store is not there.
 */
#include "store/sqlite/sqlite_rows.h"

#define PURGE_MAX 200

/* ---- at once ---- */

/* Failed messages and those to be mapped again are named one by one; they are few. */
static void discard_named(struct tx *tx, int64_t store_id)
{
	struct query next = query(tx, "SELECT id FROM message_failed WHERE store_id = ?1"
				      " UNION ALL SELECT id FROM message_again WHERE store_id = ?1 LIMIT 1");
	int64_t id;

	for (;;) {
		struct query remove;

		put_int(&next, 1, store_id);
		id = query_int(&next, 0);
		if (id == 0)
			return;
		message_end(tx, id, MESSAGE_DISCARDED);
		remove = query(tx, "DELETE FROM message_failed WHERE id = ?1");
		put_int(&remove, 1, id);
		query_run(&remove);
		remove = query(tx, "DELETE FROM message_again WHERE store_id = ?1 AND id = ?2");
		put_int(&remove, 1, store_id);
		put_int(&remove, 2, id);
		query_run(&remove);
	}
}

/* The rest by moving the cursor to the end. */
static int64_t discard_messages(struct tx *tx, int64_t store_id)
{
	struct query count = query(tx, "SELECT pending + failed FROM store_count WHERE store_id = ?1");
	struct query update;
	int64_t n;

	put_int(&count, 1, store_id);
	n = query_int(&count, 0);
	discard_named(tx, store_id);
	update = query(
		tx,
		"UPDATE store_count SET discarded = discarded + pending + failed, pending = 0, failed = 0,"
		" discarded_from_id = min(discarded_from_id, cursor_id), cursor_id = ?2 WHERE store_id = ?1");
	put_int(&update, 1, store_id);
	put_int(&update, 2, INT64_MAX);
	query_run(&update);
	return n;
}

static bool next_delivery(struct tx *tx, int64_t store_id, int64_t after_id, struct arena *arena,
			  struct delivery_row *out)
{
	struct query select =
		query(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id > ?2 AND store_id = ?1"
			  " AND state <> 2 ORDER BY id LIMIT 1");

	put_int(&select, 1, store_id);
	put_int(&select, 2, after_id);
	return delivery_read_one(&select, arena, out);
}

static void discard_deliveries(struct tx *tx, int64_t store_id, struct arena *arena)
{
	struct delivery_row row;

	for (int64_t after = 0; next_delivery(tx, store_id, after, arena, &row); after = row.delivery.id)
		delivery_skip(tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_STORE_REMOVED), arena);
}

/* What is sent stays until it is purged: another store of the account may take it over. */
static void forget_due(struct tx *tx, int64_t store_id)
{
	static const char *const statement[] = {
		"DELETE FROM due WHERE store_id = ?1",
		"DELETE FROM held WHERE store_id = ?1",
		"DELETE FROM sweep WHERE store_id = ?1",
		"UPDATE store_count SET n_due = 0, n_held = 0 WHERE store_id = ?1",
		"INSERT INTO purge VALUES (?1)",
	};

	for (size_t i = 0; i < ARRAY_LEN(statement); i++) {
		struct query run = query(tx, statement[i]);

		put_int(&run, 1, store_id);
		query_run(&run);
	}
}

void store_forget(struct tx *tx, int64_t store_id, struct arena *arena)
{
	int64_t n = discard_messages(tx, store_id);

	if (n > 0)
		audit_add(tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
						   .store_id = store_id,
						   .reason = store_text_discarded(arena, n) });
	discard_deliveries(tx, store_id, arena);
	imports_forget(tx, store_id);
	tasks_forget(tx, store_id);
	forget_due(tx, store_id);
}

/* ---- little by little ---- */

static int64_t purge_store(struct tx *tx)
{
	struct query select = query(tx, "SELECT store_id FROM purge LIMIT 1");

	return query_int(&select, 0);
}

bool purge_wanted(struct tx *tx)
{
	return purge_store(tx) != 0;
}

/* Orders, persons and visitors stay for as long as an erasure needs them to find what is somebody's. */
static bool next_entity(struct tx *tx, int64_t store_id, struct arena *arena, struct entity *out)
{
	struct query select = query(tx, "SELECT kind, id FROM entity WHERE store_id = ?1 AND (kind < 9 OR NOT"
					" EXISTS (SELECT 1 FROM erase WHERE store_id = ?1)) LIMIT 1");

	put_int(&select, 1, store_id);
	if (!query_row(&select))
		return false;
	*out = (struct entity){ get_entity_kind(&select, 0), get_text(&select, 1, arena) };
	query_end(&select);
	return true;
}

/* Not what is being sent at this moment. */
static int purge_sent(struct tx *tx, int64_t store_id)
{
	struct query remove = query(
		tx, "DELETE FROM sent WHERE (account_id, kind, external_id) IN (SELECT account_id, kind,"
		    " external_id"
		    " FROM sent WHERE store_id = ?1 AND NOT " SENT_IS_UNDONE " LIMIT ?2)");

	put_int(&remove, 1, store_id);
	put_int(&remove, 2, PURGE_MAX);
	query_run(&remove);
	return query_changes(&remove);
}

static bool has_rows(struct tx *tx, int64_t store_id)
{
	struct query select =
		query(tx, "SELECT 1 FROM sent WHERE store_id = ?1 UNION ALL SELECT 1 FROM entity"
			  " WHERE store_id = ?1 LIMIT 1");

	put_int(&select, 1, store_id);
	return query_int(&select, 0) == 1;
}

bool purge_step(struct tx *tx, struct arena *arena)
{
	int64_t store_id = purge_store(tx);
	struct entity entity;
	struct query remove;
	int n = 0;

	if (store_id == 0)
		return false;
	while (n < PURGE_MAX && next_entity(tx, store_id, arena, &entity)) {
		entity_remove(tx, store_id, entity);
		n++;
	}
	if (n > 0 || purge_sent(tx, store_id) > 0)
		return true;
	if (has_rows(tx, store_id))
		return false; /* being sent, or somebody's who is being erased: the next time */
	remove = query(tx, "DELETE FROM purge WHERE store_id = ?1");
	put_int(&remove, 1, store_id);
	query_run(&remove);
	return purge_wanted(tx);
}
