/*
 * SQLite backend: rows of the outbox. Every change of a row goes through here, so that lane counters and
 * what is blocked stay true.
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/clock.h"

bool delivery_undone(const struct delivery *delivery)
{
	return delivery_queued(delivery) || delivery->state == DELIVERY_SENDING;
}

bool delivery_queued(const struct delivery *delivery)
{
	return delivery->state == DELIVERY_READY || delivery->state == DELIVERY_WAITING;
}

struct audit_row delivery_audit(const struct delivery *delivery, enum audit_code code, struct str reason)
{
	return (struct audit_row){
		.code = code,
		.store_id = delivery->store_id,
		.account_id = delivery->account_id,
		.message_id = delivery->message_id,
		.delivery_id = delivery->id,
		.root = delivery->root,
		.reason = reason,
	};
}

/* ---- reading ---- */

void delivery_read(const struct query *query, struct arena *arena, struct delivery_row *out)
{
	*out = (struct delivery_row){
		/* clang-format off */
		.delivery = {
			.id = get_int(query, 0),
			.account_id = get_int(query, 1),
			.store_id = get_int(query, 2),
			.kind = get_klaviyo_kind(query, 3),
			.op = get_delivery_op(query, 4),
			.priority = get_priority(query, 5),
			.state = get_delivery_state(query, 6),
			.external_id = get_text(query, 7, arena),
			.parent_external_id = get_text(query, 8, arena),
			.hash = get_digest(query, 10),
			.root = { get_entity_kind(query, 11), get_text(query, 12, arena) },
			.message_id = get_int(query, 13),
			.copy_of = get_int(query, 22),
			.created_ms = get_int(query, 14),
			.due_ms = get_int(query, 15),
			.attempts = (int)get_int(query, 16),
			.batch_max = (int)get_int(query, 17),
			.reason = get_text(query, 18, arena),
		},
		/* clang-format on */
		.bytes = get_int(query, 9),
		.batch_id = get_int(query, 19),
		.ended_ms = get_int(query, 20),
		.blocked = get_bool(query, 21),
	};
}

bool delivery_read_one(struct query *query, struct arena *arena, struct delivery_row *out)
{
	if (!query_row(query))
		return false;
	delivery_read(query, arena, out);
	query_end(query);
	return true;
}

bool delivery_find(struct tx *tx, int64_t id, struct arena *arena, struct delivery_row *out)
{
	struct query select = query(tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id = ?1");

	put_int(&select, 1, id);
	return delivery_read_one(&select, arena, out);
}

struct str delivery_body_read(struct tx *tx, int64_t id, struct arena *arena)
{
	int64_t day = store_id_day(id);
	struct query select = day_exists(tx, DAY_BODY, day)
				      ? query_day(tx, "SELECT body FROM body_%s WHERE id = ?1", day)
				      : query(tx, "SELECT body FROM body_kept WHERE id = ?1");
	struct str body = STR("");

	put_int(&select, 1, id);
	if (query_row(&select)) {
		body = get_text(&select, 0, arena);
		query_end(&select);
	}
	return body;
}

static void put_key(struct query *query, const struct delivery *entity, int64_t id)
{
	put_int(query, 1, entity->account_id);
	put_int(query, 2, entity->kind);
	put_text(query, 3, entity->external_id);
	put_int(query, 4, id);
}

bool delivery_of_entity(struct tx *tx, const struct delivery *entity, int64_t after_id, struct arena *arena,
			struct delivery_row *out)
{
	struct query select = query(
		tx, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE account_id = ?1 AND kind = ?2"
		    " AND external_id = ?3 AND id > ?4 AND kind <> 3 AND state <= 2 ORDER BY id LIMIT 1");

	put_key(&select, entity, after_id);
	return delivery_read_one(&select, arena, out);
}

bool delete_ahead(struct tx *tx, const struct delivery *delivery)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3"
			  " AND id < ?4 AND op = 2 AND kind <> 3 AND state <= 2 LIMIT 1");

	put_key(&select, delivery, delivery->id);
	return query_int(&select, 0) == 1;
}

/* ---- writing ---- */

static void body_insert(struct tx *tx, int64_t id, struct str body)
{
	int64_t day = store_id_day(id);
	struct query insert;

	if (body.len == 0)
		return;
	day_ensure(tx, DAY_BODY, day);
	insert = query_day(tx, "INSERT INTO body_%s VALUES (?1, ?2)", day);
	put_int(&insert, 1, id);
	put_blob(&insert, 2, body);
	query_run(&insert);
}

int64_t delivery_body_write(struct tx *tx, int64_t id, struct str body)
{
	int64_t day = store_id_day(id);
	struct query update = day_exists(tx, DAY_BODY, day)
				      ? query_day(tx, "UPDATE body_%s SET body = ?2 WHERE id = ?1", day)
				      : query(tx, "UPDATE body_kept SET body = ?2 WHERE id = ?1");

	put_int(&update, 1, id);
	put_blob(&update, 2, body);
	query_run(&update);
	return (int64_t)body.len;
}

void delivery_body_remove(struct tx *tx, int64_t id)
{
	struct query remove = query(tx, "DELETE FROM body_kept WHERE id = ?1");

	put_int(&remove, 1, id);
	query_run(&remove);
	if (!day_exists(tx, DAY_BODY, store_id_day(id)))
		return;
	remove = query_day(tx, "DELETE FROM body_%s WHERE id = ?1", store_id_day(id));
	put_int(&remove, 1, id);
	query_run(&remove);
}

static void row_insert(struct tx *tx, const struct delivery_row *row)
{
	const struct delivery *delivery = &row->delivery;
	struct query insert = query(
		tx, "INSERT INTO delivery VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
		    " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)");

	put_int(&insert, 1, delivery->id);
	put_int(&insert, 2, delivery->account_id);
	put_int(&insert, 3, delivery->store_id);
	put_int(&insert, 4, delivery->kind);
	put_int(&insert, 5, delivery->op);
	put_int(&insert, 6, delivery->priority);
	put_int(&insert, 7, delivery->state);
	put_text(&insert, 8, delivery->external_id);
	put_text(&insert, 9, delivery->parent_external_id);
	put_int(&insert, 10, row->bytes);
	put_digest(&insert, 11, &delivery->hash);
	put_int(&insert, 12, delivery->root.kind);
	put_text(&insert, 13, delivery->root.id);
	put_int(&insert, 14, delivery->message_id);
	put_int(&insert, 15, delivery->created_ms);
	put_int(&insert, 16, delivery->due_ms);
	put_int(&insert, 17, delivery->attempts);
	put_int(&insert, 18, delivery->batch_max);
	put_text(&insert, 19, delivery->reason);
	put_int(&insert, 20, row->batch_id);
	put_int(&insert, 21, row->ended_ms);
	put_bool(&insert, 22, row->blocked);
	put_int(&insert, 23, delivery->copy_of);
	query_run(&insert);
}

void delivery_insert(struct tx *tx, struct delivery_row *row, struct arena *arena)
{
	row->bytes = (int64_t)row->delivery.body.len;
	row->blocked = is_blocked(tx, &row->delivery);
	row_insert(tx, row);
	body_insert(tx, row->delivery.id, row->delivery.body);
	lane_add(tx, row, 1);
	blocked_renew(tx, &row->delivery, arena);
}

static void write_changes(struct tx *tx, const struct delivery_row *row)
{
	const struct delivery *delivery = &row->delivery;
	struct query update = query(
		tx, "UPDATE delivery SET op = ?2, priority = ?3, state = ?4, due_ms = ?5, attempts = ?6,"
		    " batch_max = ?7, reason = ?8, batch_id = ?9, ended_ms = ?10, blocked = ?11, bytes = ?12 "
		    "WHERE id = ?1");

	put_int(&update, 1, delivery->id);
	put_int(&update, 2, delivery->op);
	put_int(&update, 3, delivery->priority);
	put_int(&update, 4, delivery->state);
	put_int(&update, 5, delivery->due_ms);
	put_int(&update, 6, delivery->attempts);
	put_int(&update, 7, delivery->batch_max);
	put_text(&update, 8, delivery->reason);
	put_int(&update, 9, row->batch_id);
	put_int(&update, 10, row->ended_ms);
	put_bool(&update, 11, row->blocked);
	put_int(&update, 12, row->bytes);
	query_run(&update);
}

void delivery_update(struct tx *tx, const struct delivery_row *before, struct delivery_row *after,
		     struct arena *arena)
{
	bool concerns_others = before->delivery.op != after->delivery.op ||
			       delivery_undone(&before->delivery) != delivery_undone(&after->delivery);

	lane_add(tx, before, -1);
	after->blocked = delivery_queued(&after->delivery) && is_blocked(tx, &after->delivery);
	write_changes(tx, after);
	lane_add(tx, after, 1);
	if (concerns_others)
		blocked_renew(tx, &after->delivery, arena);
}

void delivery_history_insert(struct tx *tx, const char *sql, int64_t id, enum delivery_state state,
			     struct str reason)
{
	int64_t ended_ms = tx_sequence_ms(tx);
	struct query insert;

	day_ensure(tx, DAY_DELIVERY, time_day(ended_ms));
	insert = query_day(tx, sql, time_day(ended_ms));
	put_int(&insert, 1, id);
	put_int(&insert, 2, state);
	put_text(&insert, 3, reason);
	put_int(&insert, 4, ended_ms);
	query_run(&insert);
}

void delivery_finish(struct tx *tx, const struct delivery_row *row, enum delivery_state state,
		     struct str reason, struct arena *arena)
{
	struct query remove;

	count_account(tx, &(struct account_change){ .account_id = row->delivery.account_id,
						    .accepted = state == DELIVERY_ACCEPTED,
						    .failed = row->delivery.state == DELIVERY_FAILED ? -1 : 0,
						    .skipped = state == DELIVERY_SKIPPED });
	delivery_history_insert(tx, DELIVERY_HISTORY " FROM delivery WHERE id = ?1", row->delivery.id, state,
				reason);
	lane_add(tx, row, -1);
	remove = query(tx, "DELETE FROM delivery WHERE id = ?1");
	put_int(&remove, 1, row->delivery.id);
	query_run(&remove);
	if (store_delivery_gives_up_body(&row->delivery))
		delivery_body_remove(tx, row->delivery.id);
	if (delivery_undone(&row->delivery))
		blocked_renew(tx, &row->delivery, arena);
}

void delivery_skip(struct tx *tx, const struct delivery_row *row, enum audit_code code, struct str reason,
		   struct arena *arena)
{
	const struct delivery *delivery = &row->delivery;
	struct audit_row audit = delivery_audit(delivery, code, reason);
	struct sent_row sent, before;

	if (sent_get(tx, delivery->account_id, delivery->kind, delivery->external_id, arena, &sent)) {
		before = sent;
		store_sent_revert(&sent.state, delivery->kind, delivery->id);
		sent_put(tx, &before, &sent);
	}
	delivery_finish(tx, row, DELIVERY_SKIPPED, reason, arena);
	audit_add(tx, &audit);
}
