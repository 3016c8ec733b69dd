/*
 * SQLite backend: what can be replayed, and messages that are mapped again.
 */
#include "base/clock.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#define SCAN_MAX 2000 /* rows looked at in one call */
#define DAY_KEPT 0    /* stands for messages that outlived their day: before all others */

/* ---- looking ---- */

struct scan {
	struct tx *tx;
	const struct replay_query *wanted;
	struct arena *arena;
	struct replay_row *row;
	size_t n;
	size_t n_scanned;
	int64_t day;
	int64_t after_id;
};

static bool in_time(const struct replay_query *wanted, int64_t id)
{
	int64_t at_ms = store_id_ms(id);

	return at_ms >= wanted->since_ms && (wanted->until_ms == 0 || at_ms <= wanted->until_ms);
}

static bool has_room(const struct scan *scan)
{
	return scan->n < scan->wanted->max_n && scan->n_scanned < SCAN_MAX;
}

/* Reads on behind after_id; true: the day is done. */
static bool scan_messages(struct scan *scan)
{
	struct query select =
		scan->day == DAY_KEPT
			? query(scan->tx,
				"SELECT id, topic, length(body) FROM message_kept WHERE store_id = ?1"
				" AND id > ?2 ORDER BY id")
			: query_day_once(scan->tx,
					 "SELECT id, topic, length(body) FROM message_%s WHERE store_id = ?1"
					 " AND id > ?2 ORDER BY id",
					 scan->day);

	put_int(&select, 1, scan->wanted->store_id);
	put_int(&select, 2, scan->after_id);
	while (query_row(&select)) {
		struct inbox_message message = { .id = get_int(&select, 0),
						 .store_id = scan->wanted->store_id };
		struct replay_row *row = &scan->row[scan->n];

		if (!has_room(scan)) {
			query_end(&select);
			return false;
		}
		scan->n_scanned++;
		scan->after_id = message.id;
		if (!in_time(scan->wanted, message.id) ||
		    !str_starts(peek_text(&select, 1), scan->wanted->topic))
			continue;
		*row = (struct replay_row){
			.id = message.id,
			.state = (int)message_state_of(scan->tx, &message),
			.topic = get_text(&select, 1, scan->arena),
			.gone = get_int(&select, 2) == 0,
		};
		scan->n += (1u << row->state & scan->wanted->states) != 0;
	}
	return true;
}

static bool is_wanted(const struct replay_query *wanted, const struct delivery *delivery)
{
	return delivery->copy_of == 0 && delivery->store_id == wanted->store_id &&
	       in_time(wanted, delivery->id) && (1u << delivery->kind & wanted->kinds) &&
	       (1u << delivery->state & wanted->states) &&
	       (wanted->id.len == 0 || str_eq(delivery->external_id, wanted->id) ||
		str_eq(delivery->root.id, wanted->id));
}

static bool scan_deliveries(struct scan *scan)
{
	struct query select = query_day_once(
		scan->tx, "SELECT " DELIVERY_COLUMNS " FROM delivery_%s WHERE id > ?1 ORDER BY id",
		scan->day);

	put_int(&select, 1, scan->after_id);
	while (query_row(&select)) {
		struct delivery_row row;

		if (!has_room(scan)) {
			query_end(&select);
			return false;
		}
		delivery_read(&select, scan->arena, &row);
		scan->n_scanned++;
		scan->after_id = row.delivery.id;
		if (is_wanted(scan->wanted, &row.delivery))
			scan->row[scan->n++] = (struct replay_row){
				.id = row.delivery.id,
				.state = (int)row.delivery.state,
				.gone = store_replay_gone(&row.delivery, row.bytes > 0),
				.kind = row.delivery.kind,
				.op = row.delivery.op,
				.external_id = row.delivery.external_id,
				.root = row.delivery.root,
			};
	}
	return true;
}

bool sqlite_replay_list(struct db *db, const struct replay_query *wanted, struct arena *arena,
			struct replay_row **row, size_t *n, int64_t *day, int64_t *after_id, struct err *err)
{
	enum day_kind kind = wanted->messages ? DAY_MESSAGE : DAY_DELIVERY;
	struct scan scan = { .wanted = wanted, .arena = arena };
	const int64_t *list;
	size_t n_day;
	bool done = true;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	scan.tx = &tx;
	scan.row = ARENA_ARRAY(arena, wanted->max_n, struct replay_row);
	list = day_list(&tx, kind, true, arena, &n_day);
	if (wanted->messages && wanted->day == DAY_KEPT) {
		scan.after_id = wanted->after_id;
		done = scan_messages(&scan);
	}
	for (size_t i = 0; i < n_day && done; i++) {
		if (list[i] < wanted->day || list[i] < wanted->since_ms / MS_PER_DAY)
			continue;
		scan.day = list[i];
		scan.after_id = list[i] == wanted->day ? wanted->after_id : 0;
		done = wanted->messages ? scan_messages(&scan) : scan_deliveries(&scan);
	}
	*row = scan.row;
	*n = scan.n;
	*day = done ? -1 : scan.day;
	*after_id = scan.after_id;
	return tx_commit(&tx, err);
}

/* ---- mapping again ---- */

static void take_back(struct tx *tx, const struct inbox_message *message, enum message_state state)
{
	int64_t day = store_id_day(message->id);
	struct query remove;

	if (state == MESSAGE_FAILED)
		remove = query(tx, "DELETE FROM message_failed WHERE id = ?1");
	else
		remove = day_exists(tx, DAY_MESSAGE, day)
				 ? query_day(tx, "DELETE FROM message_end_%s WHERE id = ?1", day)
				 : query(tx, "UPDATE message_kept SET state = NULL WHERE id = ?1");
	put_int(&remove, 1, message->id);
	query_run(&remove);
}

static void count_back(struct tx *tx, int64_t store_id, enum message_state state)
{
	struct query update = query(tx, "UPDATE store_count SET pending = pending + 1, mapped = mapped - ?2,"
					" ignored = ignored - ?3, failed = failed - ?4 WHERE store_id = ?1");

	put_int(&update, 1, store_id);
	put_bool(&update, 2, state == MESSAGE_MAPPED);
	put_bool(&update, 3, state == MESSAGE_IGNORED);
	put_bool(&update, 4, state == MESSAGE_FAILED);
	query_run(&update);
}

void message_replay(struct tx *tx, int64_t store_id, int64_t id, enum priority priority, struct arena *arena)
{
	struct inbox_message message;
	enum message_state state;
	struct query insert;

	if (!message_find(tx, id, arena, &message) || message.store_id != store_id || message.body.len == 0 ||
	    str_eq(message.body, STR(STORE_BODY_ERASED)))
		return;
	state = message_state_of(tx, &message);
	if (state == MESSAGE_PENDING || state == MESSAGE_DISCARDED)
		return;
	if (state != MESSAGE_MAPPED)
		take_back(tx, &message, state);
	count_back(tx, store_id, state);
	insert = query(tx, "INSERT INTO message_again (store_id, id, priority) VALUES (?1, ?2, ?3)");
	put_int(&insert, 1, store_id);
	put_int(&insert, 2, id);
	put_int(&insert, 3, priority);
	query_run(&insert);
	audit_add(tx, &(struct audit_row){ .code = AUDIT_PERSON_RETRIED,
					   .store_id = store_id,
					   .message_id = id,
					   .reason = STR(STORE_TEXT_REPLAYED) });
}
