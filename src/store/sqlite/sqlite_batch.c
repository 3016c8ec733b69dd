/*
 * SQLite backend: all deliveries of a batch at once. Of events up to 1,000 leave together and mostly are
 * accepted together; a statement for each would open the table and its indexes as often.
 *
 * Keeps:   what comes out is what the same for one delivery after the other would leave
 *          (delivery_update, sqlite_settle.c).
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/clock.h"

/* ---- lists of ids ---- */

#define ID_BYTES_MAX 20

static char *id_write(char *end, int64_t id)
{
	for (uint64_t rest = (uint64_t)id; rest > 0; rest /= 10)
		*--end = (char)('0' + rest % 10);
	return end;
}

/* "[id,id]", for json_each. */
static struct str id_list(const struct delivery_row *row, size_t n, struct arena *arena)
{
	char *text = arena_alloc(arena, n * (ID_BYTES_MAX + 1) + 2), *at = text;

	*at++ = '[';
	for (size_t i = 0; i < n; i++) {
		char digits[ID_BYTES_MAX];
		char *from = id_write(digits + sizeof(digits), row[i].delivery.id);

		if (i > 0)
			*at++ = ',';
		while (from < digits + sizeof(digits))
			*at++ = *from++;
	}
	*at++ = ']';
	return str_of(text, (size_t)(at - text));
}

/* ---- leaving ---- */

void batch_take(struct tx *tx, struct delivery_row *row, size_t n, int64_t batch_id, struct arena *arena)
{
	struct query update =
		query(tx, "UPDATE delivery SET state = 2, due_ms = 0, reason = '', batch_id = ?1"
			  " WHERE id IN (SELECT value FROM json_each(?2))");

	put_int(&update, 1, batch_id);
	put_text(&update, 2, id_list(row, n, arena));
	query_run(&update);
	for (size_t i = 0; i < n; i++) {
		lane_add(tx, &row[i], -1);
		row[i].delivery.state = DELIVERY_SENDING;
		row[i].delivery.due_ms = 0;
		row[i].delivery.reason = STR("");
		row[i].batch_id = batch_id;
		lane_add(tx, &row[i], 1);
	}
}

static bool same_day(const struct delivery_row *row, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (store_id_day(row[i].delivery.id) != store_id_day(row[0].delivery.id))
			return false;
	return true;
}

void batch_bodies_read(struct tx *tx, struct delivery_row *row, size_t n, struct arena *arena)
{
	int64_t day = store_id_day(row[0].delivery.id);
	struct query select;

	if (n == 1 || !same_day(row, n) || !day_exists(tx, DAY_BODY, day)) {
		for (size_t i = 0; i < n; i++)
			row[i].delivery.body = delivery_body_read(tx, row[i].delivery.id, arena);
		return;
	}
	select = query_day(tx,
			   "SELECT listed.key, b.body FROM json_each(?1) AS listed"
			   " LEFT JOIN body_%s AS b ON b.id = listed.value",
			   day);
	put_text(&select, 1, id_list(row, n, arena));
	while (query_row(&select))
		row[get_int(&select, 0)].delivery.body = get_text(&select, 1, arena);
}

/* ---- all accepted ---- */

#define OF_BATCH " FROM delivery WHERE batch_id = ?1 AND batch_id <> 0 AND state = 2"

static bool all_accepted(const struct outbox_settlement *settlement)
{
	for (size_t i = 0; i < settlement->n; i++)
		if (settlement->delivery[i].state != DELIVERY_ACCEPTED ||
		    !str_eq(settlement->delivery[i].reason, settlement->delivery[0].reason))
			return false;
	return settlement->n > 1;
}

/* The batch's deliveries, if they are events and those that are settled, in the same order. */
static struct delivery_row *settled_rows(struct tx *tx, const struct outbox_settlement *settlement,
					 struct arena *arena)
{
	struct delivery_row *row = ARENA_ARRAY(arena, settlement->n, struct delivery_row);
	struct query select = query(tx, "SELECT " DELIVERY_COLUMNS OF_BATCH " ORDER BY id");
	size_t n = 0;

	put_int(&select, 1, settlement->batch_id);
	while (query_row(&select)) {
		if (n < settlement->n)
			delivery_read(&select, arena, &row[n]);
		if (n == settlement->n || row[n].delivery.id != settlement->delivery[n].delivery_id ||
		    row[n].delivery.kind != KLAVIYO_EVENT) {
			query_end(&select);
			return NULL;
		}
		n++;
	}
	return n == settlement->n ? row : NULL;
}

bool batch_accept(struct tx *tx, const struct outbox_settlement *settlement, struct str audit_reason,
		  struct arena *arena)
{
	struct delivery_row *row = all_accepted(settlement) ? settled_rows(tx, settlement, arena) : NULL;
	struct query remove;

	if (!row)
		return false;
	delivery_history_insert(tx, DELIVERY_HISTORY OF_BATCH " ORDER BY id", settlement->batch_id,
				DELIVERY_ACCEPTED, settlement->delivery[0].reason);
	remove = query(tx, "DELETE" OF_BATCH);
	put_int(&remove, 1, settlement->batch_id);
	query_run(&remove);
	for (size_t i = 0; i < settlement->n; i++) {
		struct audit_row audit =
			delivery_audit(&row[i].delivery, AUDIT_DELIVERY_ACCEPTED, audit_reason);

		count_account(tx, &(struct account_change){ .account_id = row[i].delivery.account_id,
							    .accepted = 1 });
		lane_add(tx, &row[i], -1);
		if (store_delivery_gives_up_body(&row[i].delivery))
			delivery_body_remove(tx, row[i].delivery.id);
		audit_add(tx, &audit);
	}
	return true;
}
