/*
 * SQLite backend: ending mapped messages. A store's cursor moves; its messages stay where they are.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

/* A store's cursor and counts while results are gone through. */
struct progress {
	int64_t store_id;
	int64_t cursor_id;
	int64_t n[MESSAGE_DISCARDED + 1];
	struct progress *next;
};

struct completion {
	struct tx *tx;
	struct arena *arena;
	struct progress *progress; /* newest first */
	const int64_t *day;	   /* days that have messages, oldest first */
	size_t n_day;
	int64_t due_seq;
};

static struct progress *progress_of(struct completion *completion, int64_t store_id)
{
	struct progress *progress = completion->progress;
	struct query select;

	while (progress && progress->store_id != store_id)
		progress = progress->next;
	if (progress)
		return progress;
	progress = ARENA_NEW(completion->arena, struct progress);
	select = query(completion->tx, "SELECT cursor_id FROM store_count WHERE store_id = ?1");
	put_int(&select, 1, store_id);
	progress->store_id = store_id;
	progress->cursor_id = query_int(&select, INT64_MAX);
	progress->next = completion->progress;
	completion->progress = progress;
	return progress;
}

/* Takes the message out of those to be mapped again; false if it is none. */
static bool pass_again(struct tx *tx, const struct inbox_result *result)
{
	struct query remove = query(tx, "DELETE FROM message_again WHERE store_id = ?1 AND id = ?2");

	put_int(&remove, 1, result->store_id);
	put_int(&remove, 2, result->message_id);
	query_run(&remove);
	return query_changes(&remove) == 1;
}

/* The first message of the store behind its cursor; 0 if there is none. */
static int64_t next_message(struct completion *completion, const struct progress *progress)
{
	for (size_t i = 0; i < completion->n_day; i++) {
		struct query select;
		int64_t id;

		if (completion->day[i] < store_id_day(progress->cursor_id))
			continue;
		select = query_day(completion->tx,
				   "SELECT id FROM message_%s WHERE store_id = ?1 AND id > ?2"
				   " ORDER BY id LIMIT 1",
				   completion->day[i]);
		put_int(&select, 1, progress->store_id);
		put_int(&select, 2, progress->cursor_id);
		id = query_int(&select, 0);
		if (id != 0)
			return id;
	}
	return 0;
}

/* Takes the message out of what is pending; false if it is not its turn. */
static bool pass(struct completion *completion, const struct inbox_result *result)
{
	struct progress *progress = progress_of(completion, result->store_id);

	if (result->message_id > progress->cursor_id) {
		if (next_message(completion, progress) != result->message_id)
			return false;
		progress->cursor_id = result->message_id;
	} else if (!pass_again(completion->tx, result)) {
		return false;
	}
	progress->n[result->state]++;
	return true;
}

static void progress_write(struct tx *tx, const struct progress *progress)
{
	int64_t mapped = progress->n[MESSAGE_MAPPED], ignored = progress->n[MESSAGE_IGNORED];
	int64_t failed = progress->n[MESSAGE_FAILED];
	struct query update = query(
		tx, "UPDATE store_count SET cursor_id = ?2, pending = pending - ?3, mapped = mapped + ?4,"
		    " ignored = ignored + ?5, failed = failed + ?6 WHERE store_id = ?1");

	put_int(&update, 1, progress->store_id);
	put_int(&update, 2, progress->cursor_id);
	put_int(&update, 3, mapped + ignored + failed);
	put_int(&update, 4, mapped);
	put_int(&update, 5, ignored);
	put_int(&update, 6, failed);
	query_run(&update);
}

/* ---- one message ---- */

void message_end(struct tx *tx, int64_t id, enum message_state state)
{
	int64_t day = store_id_day(id);
	struct query write =
		day_exists(tx, DAY_MESSAGE, day)
			? query_day(tx, "INSERT OR REPLACE INTO message_end_%s VALUES (?1, ?2)", day)
			: query(tx, "UPDATE message_kept SET state = ?2 WHERE id = ?1");

	put_int(&write, 1, id);
	put_int(&write, 2, state);
	query_run(&write);
}

static void message_fail(struct tx *tx, const struct inbox_result *result)
{
	int64_t day = store_id_day(result->message_id);
	struct query insert =
		day_exists(tx, DAY_MESSAGE, day)
			? query_day(tx,
				    "INSERT INTO message_failed SELECT id, store_id, ?2, topic, ?3 FROM"
				    " message_%s WHERE id = ?1",
				    day)
			: query(tx, "INSERT INTO message_failed SELECT id, store_id, ?2, topic, ?3 FROM"
				    " message_kept WHERE id = ?1");

	put_int(&insert, 1, result->message_id);
	put_int(&insert, 2, tx->now_ms);
	put_text(&insert, 3, result->reason);
	query_run(&insert);
}

static enum audit_code result_code(enum message_state state)
{
	if (state == MESSAGE_MAPPED)
		return AUDIT_MESSAGE_MAPPED;
	return state == MESSAGE_FAILED ? AUDIT_MESSAGE_FAILED : AUDIT_MESSAGE_IGNORED;
}

static void apply_facts(struct completion *completion, const struct inbox_result *result,
			struct audit_row *audit)
{
	struct fact_cause cause = {
		.store_id = result->store_id,
		.message_id = result->message_id,
		.due_seq = completion->due_seq,
		.result = result,
	};
	struct fact_count count = { 0 };

	for (size_t i = 0; i < result->n_fact; i++)
		fact_apply(completion->tx, &cause, &result->fact[i], completion->arena, &count);
	for (size_t i = 0; i < result->n_fact && audit->root.id.len == 0; i++)
		audit->root =
			root_of(completion->tx, result->store_id, result->fact[i].entity, completion->arena);
	audit->reason = store_text_mapped(completion->arena, &count, result->reason);
}

/*
 * Of what a file holds nothing is kept twice. The row is taken out and put in anew: one that only shrinks
 * leaves its page as empty as it is, and pages are what the disk has.
 */
static void message_give_up_body(struct tx *tx, int64_t id, struct arena *arena)
{
	int64_t day = store_id_day(id);
	struct query select, remove;
	struct inbox_record record;

	if (!day_exists(tx, DAY_MESSAGE, day)) {
		struct query update = query(tx, "UPDATE message_kept SET body = x'' WHERE id = ?1");

		put_int(&update, 1, id);
		query_run(&update);
		return;
	}
	select = query_day(tx,
			   "SELECT store_id, received_ms, slot, key, topic, source_id, priority"
			   " FROM message_%s WHERE id = ?1",
			   day);
	put_int(&select, 1, id);
	if (!query_row(&select))
		return;
	record = (struct inbox_record){
		.store_id = get_int(&select, 0),
		.received_ms = get_int(&select, 1),
		.slot = get_digest(&select, 2),
		.key = get_digest(&select, 3),
		.topic = get_text(&select, 4, arena),
		.source_id = get_text(&select, 5, arena),
		.priority = get_priority(&select, 6),
		.body = STR(""),
	};
	query_end(&select);
	remove = query_day(tx, "DELETE FROM message_%s WHERE id = ?1", day);
	put_int(&remove, 1, id);
	query_run(&remove);
	message_insert(tx, &record, id);
}

static void complete_one(struct completion *completion, const struct inbox_result *result)
{
	struct audit_row audit = { .code = result_code(result->state),
				   .store_id = result->store_id,
				   .message_id = result->message_id,
				   .reason = result->reason };

	if (result->state == MESSAGE_MAPPED)
		apply_facts(completion, result, &audit);
	else if (result->state == MESSAGE_FAILED)
		message_fail(completion->tx, result);
	else
		message_end(completion->tx, result->message_id, result->state);
	if (store_message_gives_up_body(result))
		message_give_up_body(completion->tx, result->message_id, completion->arena);
	audit_add(completion->tx, &audit);
}

bool sqlite_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			   struct err *err)
{
	struct tx tx;
	struct arena arena;
	struct completion completion = { .tx = &tx, .arena = &arena };
	bool ok = false;

	if (!tx_begin_write(&tx, db, CRASH_inbox_complete, now_ms, err))
		return false;
	arena_init(&arena);
	completion.day = day_list(&tx, DAY_MESSAGE, true, &arena, &completion.n_day);
	for (size_t i = 0; i < n; i++) {
		if (pass(&completion, &result[i]) || tx.rc != SQLITE_OK)
			continue;
		tx_abort(&tx);
		(void)err_set(err, ERR_CONFLICT, "message %" PRId64 " is not the next of its store",
			      result[i].message_id);
		goto out;
	}
	completion.due_seq = tx_id(&tx);
	for (size_t i = 0; i < n && tx.rc == SQLITE_OK; i++)
		complete_one(&completion, &result[i]);
	for (const struct progress *progress = completion.progress; progress; progress = progress->next)
		progress_write(&tx, progress);
	ok = tx_commit(&tx, err);
out:
	arena_release(&arena);
	return ok;
}
