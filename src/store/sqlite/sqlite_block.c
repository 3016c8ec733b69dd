/*
 * SQLite backend: lane counters, and which deliveries may not leave before another has ended (store.h, db_outbox_claim).
 *
 * Keeps:   delivery.blocked is true for a queued row exactly when is_blocked would say so; a claim then finds what may leave by index,
 *          however much waits. What a change can block or free is near: its entity, its item, its variants.
 */
#include "store/sqlite/sqlite_internal.h"

static bool older_undone(struct tx *tx, const struct delivery *delivery)
{
	struct query select = query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3"
					" AND id < ?4 AND state <= 2 LIMIT 1");

	put_int(&select, 1, delivery->account_id);
	put_int(&select, 2, delivery->kind);
	put_text(&select, 3, delivery->external_id);
	put_int(&select, 4, delivery->id);
	return query_int(&select, 0) == 1;
}

static bool item_create_undone(struct tx *tx, const struct delivery *variant)
{
	struct query select = query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = 1 AND external_id = ?2"
					" AND op = 0 AND state <= 2 LIMIT 1");

	put_int(&select, 1, variant->account_id);
	put_text(&select, 2, variant->parent_external_id);
	return query_int(&select, 0) == 1;
}

static bool variant_undone(struct tx *tx, const struct delivery *item)
{
	struct query select = query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND parent_external_id = ?2"
					" AND parent_external_id <> '' AND kind = 2 AND state <= 2 LIMIT 1");

	put_int(&select, 1, item->account_id);
	put_text(&select, 2, item->external_id);
	return query_int(&select, 0) == 1;
}

bool is_blocked(struct tx *tx, const struct delivery *delivery)
{
	if (older_undone(tx, delivery))
		return true;
	if (delivery->kind == KLAVIYO_VARIANT && delivery->op == DELIVERY_CREATE)
		return item_create_undone(tx, delivery);
	return delivery->kind == KLAVIYO_ITEM && delivery->op == DELIVERY_DELETE && variant_undone(tx, delivery);
}

/* ---- lanes ---- */

void lane_add(struct tx *tx, const struct delivery_row *row, int n)
{
	const struct delivery *delivery = &row->delivery;
	bool ready = delivery->state == DELIVERY_READY;
	struct query update;

	if (!delivery_undone(delivery))
		return;
	update = query(tx, "INSERT INTO lane VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET"
			   " n_ready = n_ready + ?5, n_blocked = n_blocked + ?6, n_waiting = n_waiting + ?7,"
			   " n_sending = n_sending + ?8");
	put_int(&update, 1, delivery->account_id);
	put_int(&update, 2, delivery->kind);
	put_int(&update, 3, delivery->op);
	put_int(&update, 4, delivery->priority);
	put_int(&update, 5, ready && !row->blocked ? n : 0);
	put_int(&update, 6, ready && row->blocked ? n : 0);
	put_int(&update, 7, delivery->state == DELIVERY_WAITING ? n : 0);
	put_int(&update, 8, delivery->state == DELIVERY_SENDING ? n : 0);
	query_run(&update);
}

/* ---- renewal ---- */

static void renew_row(struct tx *tx, const struct delivery_row *row)
{
	struct delivery_row after = *row;
	struct query update;

	if (!delivery_queued(&row->delivery))
		return;
	after.blocked = is_blocked(tx, &row->delivery);
	if (after.blocked == row->blocked)
		return;
	lane_add(tx, row, -1);
	update = query(tx, "UPDATE delivery SET blocked = ?2 WHERE id = ?1");
	put_int(&update, 1, row->delivery.id);
	put_bool(&update, 2, after.blocked);
	query_run(&update);
	lane_add(tx, &after, 1);
}

static void renew_entity(struct tx *tx, const struct delivery *entity, struct arena *arena)
{
	struct delivery_row row;

	for (int64_t after = 0; delivery_of_entity(tx, entity, after, arena, &row); after = row.delivery.id)
		renew_row(tx, &row);
}

/* The next queued create of one of the item's variants behind after_id. */
static bool next_variant_create(struct tx *tx, const struct delivery *item, int64_t after_id, struct arena *arena,
				struct delivery_row *out)
{
	struct query select = query(tx, "SELECT " DELIVERY_COLUMNS_NO_BODY " FROM delivery WHERE account_id = ?1"
					" AND parent_external_id = ?2 AND parent_external_id <> '' AND kind = 2 AND op = 0"
					" AND state <= 1 AND id > ?3 ORDER BY id LIMIT 1");

	put_int(&select, 1, item->account_id);
	put_text(&select, 2, item->external_id);
	put_int(&select, 3, after_id);
	return delivery_read_one(&select, arena, out);
}

void blocked_renew(struct tx *tx, const struct delivery *delivery, struct arena *arena)
{
	struct delivery item = *delivery;
	struct delivery_row row;

	renew_entity(tx, delivery, arena);
	if (delivery->kind == KLAVIYO_ITEM)
		for (int64_t after = 0; next_variant_create(tx, delivery, after, arena, &row); after = row.delivery.id)
			renew_row(tx, &row);
	if (delivery->kind == KLAVIYO_VARIANT) {
		item.kind = KLAVIYO_ITEM;
		item.external_id = delivery->parent_external_id;
		renew_entity(tx, &item, arena);
	}
}
