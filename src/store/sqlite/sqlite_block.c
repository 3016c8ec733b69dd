/*
 * SQLite backend: lane counters, and which deliveries may not leave before
 * another has ended (store.h, db_outbox_claim).
 *
 * Keeps:   delivery.blocked is true for a queued row exactly when is_blocked
 * would say so; a claim then finds what may leave by index, however much waits.
 * What a change can block or free is near: its entity, its item, its variants.
 */
#include "store/sqlite/sqlite_rows.h"

static bool older_undone(struct tx *tx, const struct delivery *delivery)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3"
			  " AND id < ?4 AND kind <> 3 AND state <= 2 LIMIT 1");

	put_int(&select, 1, delivery->account_id);
	put_int(&select, 2, delivery->kind);
	put_text(&select, 3, delivery->external_id);
	put_int(&select, 4, delivery->id);
	return query_int(&select, 0) == 1;
}

static bool item_create_undone(struct tx *tx, const struct delivery *variant)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = 1 AND external_id = ?2"
			  " AND op = 0 AND kind <> 3 AND state <= 2 LIMIT 1");

	put_int(&select, 1, variant->account_id);
	put_text(&select, 2, variant->parent_external_id);
	return query_int(&select, 0) == 1;
}

static bool variant_undone(struct tx *tx, const struct delivery *item)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND parent_external_id = ?2"
			  " AND parent_external_id <> '' AND kind = 2 AND kind < 3 AND state <= 2 LIMIT 1");

	put_int(&select, 1, item->account_id);
	put_text(&select, 2, item->external_id);
	return query_int(&select, 0) == 1;
}

bool is_blocked(struct tx *tx, const struct delivery *delivery)
{
	/* Events are told once: there is no older one of the same. What holds them back the claim sees. */
	if (delivery->kind == KLAVIYO_EVENT)
		return false;
	if (older_undone(tx, delivery))
		return true;
	if (delivery->kind == KLAVIYO_VARIANT && delivery->op == DELIVERY_CREATE)
		return item_create_undone(tx, delivery);
	return delivery->kind == KLAVIYO_ITEM && delivery->op == DELIVERY_DELETE &&
	       variant_undone(tx, delivery);
}

/* ---- order beats priority ---- */

static void make_urgent(struct tx *tx, const struct delivery_row *row, enum priority priority,
			struct arena *arena)
{
	struct delivery_row after = *row;

	if (!delivery_queued(&row->delivery) || row->delivery.priority <= priority)
		return;
	after.delivery.priority = priority;
	delivery_update(tx, row, &after, arena);
	pull_ahead(tx, &after, arena);
}

/* The next undone delivery behind after_id that is about the item itself, or about its variants. */
static bool next_of_item(struct tx *tx, int64_t account_id, struct str item, bool variants, int64_t after_id,
			 struct arena *arena, struct delivery_row *out)
{
	struct query select =
		variants ? query(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE account_id = ?1"
				     " AND parent_external_id = ?2 AND parent_external_id <> '' AND kind = 2"
				     " AND kind < 3 AND state <= 2 AND id > ?3 ORDER BY id LIMIT 1")
			 : query(tx,
				 "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE account_id = ?1"
				 " AND external_id = ?2 AND kind = 1 AND kind <> 3 AND state <= 2 AND op = 0"
				 " AND id > ?3"
				 " ORDER BY id LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, item);
	put_int(&select, 3, after_id);
	return delivery_read_one(&select, arena, out);
}

void pull_ahead(struct tx *tx, const struct delivery_row *row, struct arena *arena)
{
	const struct delivery *delivery = &row->delivery;
	bool creates_variant = delivery->kind == KLAVIYO_VARIANT && delivery->op == DELIVERY_CREATE;
	bool deletes_item = delivery->kind == KLAVIYO_ITEM && delivery->op == DELIVERY_DELETE;
	struct str item = deletes_item ? delivery->external_id : delivery->parent_external_id;
	struct delivery_row before;

	if (!row->blocked)
		return;
	for (int64_t after = 0;
	     delivery_of_entity(tx, delivery, after, arena, &before) && before.delivery.id < delivery->id;
	     after = before.delivery.id)
		make_urgent(tx, &before, delivery->priority, arena);
	if (!creates_variant && !deletes_item)
		return;
	for (int64_t after = 0;
	     next_of_item(tx, delivery->account_id, item, deletes_item, after, arena, &before);
	     after = before.delivery.id)
		make_urgent(tx, &before, delivery->priority, arena);
}

/* ---- lanes ---- */

void lane_add(struct tx *tx, const struct delivery_row *row, int n)
{
	const struct delivery *delivery = &row->delivery;
	bool ready = delivery->state == DELIVERY_READY;

	if (!delivery_undone(delivery))
		return;
	count_lane(tx, &(struct lane_change){ .account_id = delivery->account_id,
					      .kind = delivery->kind,
					      .op = delivery->op,
					      .priority = delivery->priority,
					      .n_ready = ready && !row->blocked ? n : 0,
					      .n_blocked = ready && row->blocked ? n : 0,
					      .n_waiting = delivery->state == DELIVERY_WAITING ? n : 0,
					      .n_sending = delivery->state == DELIVERY_SENDING ? n : 0 });
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

/* The next queued create of one of the item's variants behind after_id. */
static bool next_variant_create(struct tx *tx, const struct delivery *item, int64_t after_id,
				struct arena *arena, struct delivery_row *out)
{
	struct query select =
		query(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE account_id = ?1"
			  " AND parent_external_id = ?2 AND parent_external_id <> '' AND kind = 2 AND op = 0"
			  " AND kind < 3 AND state <= 1 AND state <= 2 AND id > ?3 ORDER BY id LIMIT 1");

	put_int(&select, 1, item->account_id);
	put_text(&select, 2, item->external_id);
	put_int(&select, 3, after_id);
	return delivery_read_one(&select, arena, out);
}

/* The next queued delete of the variant's item behind after_id. */
static bool next_item_delete(struct tx *tx, const struct delivery *variant, int64_t after_id,
			     struct arena *arena, struct delivery_row *out)
{
	struct query select = query(
		tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE account_id = ?1 AND kind = 1"
		    " AND external_id = ?2 AND op = 2 AND kind <> 3 AND state <= 1 AND state <= 2 AND id > ?3"
		    " ORDER BY id LIMIT 1");

	put_int(&select, 1, variant->account_id);
	put_text(&select, 2, variant->parent_external_id);
	put_int(&select, 3, after_id);
	return delivery_read_one(&select, arena, out);
}

void blocked_renew(struct tx *tx, const struct delivery *delivery, struct arena *arena)
{
	struct delivery_row row;

	if (delivery->kind == KLAVIYO_EVENT)
		return;
	/* Of its own entity only what is younger waits for it. */
	for (int64_t after = delivery->id; delivery_of_entity(tx, delivery, after, arena, &row);
	     after = row.delivery.id)
		renew_row(tx, &row);
	if (delivery->kind == KLAVIYO_ITEM)
		for (int64_t after = 0; next_variant_create(tx, delivery, after, arena, &row);
		     after = row.delivery.id)
			renew_row(tx, &row);
	if (delivery->kind == KLAVIYO_VARIANT)
		for (int64_t after = 0; next_item_delete(tx, delivery, after, arena, &row);
		     after = row.delivery.id)
			renew_row(tx, &row);
}
