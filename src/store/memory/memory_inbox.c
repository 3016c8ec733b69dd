/*
 * Memory backend: the inbox.
 */
#include "store/memory/memory_internal.h"

#include "base/clock.h"

#include <inttypes.h>

struct memory_message *memory_message(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->message.n; i++)
		if (memory->message.at[i].row.id == id)
			return &memory->message.at[i];
	return NULL;
}

/* ---- append ---- */

/* The newest message of the slot that is still remembered when `day` is today. */
static const struct memory_message *find_slot(const struct memory *memory, const struct inbox_record *record,
					      int64_t day)
{
	for (size_t i = memory->message.n; i-- > 0;) {
		const struct memory_message *message = &memory->message.at[i];

		if (store_id_day(message->row.id) < day - STORE_DUPLICATE_DAYS)
			return NULL;
		if (message->row.store_id == record->store_id && digest16_eq(message->slot, record->slot))
			return message;
	}
	return NULL;
}

static struct inbox_receipt append_new(struct memory *memory, const struct inbox_record *record, bool pending)
{
	int64_t id = memory_next_id(memory, record->received_ms);
	struct memory_message *message = LIST_ADD(&memory->message);

	*message = (struct memory_message){
		.row = {
			.id = id,
			.store_id = record->store_id,
			.received_ms = record->received_ms,
			.topic = memory_text(memory, record->topic),
			.source_id = memory_text(memory, record->source_id),
			.body = memory_text(memory, record->body),
			.priority = record->priority,
			.state = pending ? MESSAGE_PENDING : MESSAGE_DISCARDED,
		},
		.slot = record->slot,
		.key = record->key,
	};
	if (!pending)
		memory_audit(memory, record->received_ms,
			     &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
						  .store_id = record->store_id,
						  .message_id = id,
						  .reason = STR(STORE_TEXT_STORE_REMOVED) });
	return (struct inbox_receipt){ INBOX_NEW, id };
}

struct inbox_receipt memory_append(struct memory *memory, const struct inbox_record *record)
{
	struct store_summary *count = memory_store_count(memory, record->store_id);
	bool pending = memory_store(memory, record->store_id) != NULL;
	int64_t day = store_id_day(store_id_next(memory->last_id, record->received_ms));
	const struct memory_message *before = find_slot(memory, record, day);

	count->received++;
	count->last_message_ms = record->received_ms;
	if (store_from_shop(record))
		count->last_shop_ms = record->received_ms;
	if (!before || !digest16_eq(before->key, record->key)) {
		count->pending += pending;
		count->discarded += !pending;
		return append_new(memory, record, pending);
	}
	count->duplicate++;
	memory_audit(memory, record->received_ms,
		     &(struct audit_row){ .code = AUDIT_MESSAGE_DUPLICATE,
					  .store_id = record->store_id,
					  .message_id = before->row.id,
					  .reason = record->topic });
	return (struct inbox_receipt){ INBOX_DUPLICATE, before->row.id };
}

bool memory_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	for (size_t i = 0; i < n; i++)
		receipt[i] = memory_append(memory, &record[i]);
	memory_unlock(memory);
	return true;
}

/* ---- claim ---- */

struct claim {
	struct arena *arena;
	struct inbox_message *message;
	size_t n;
	size_t max_n;
	size_t bytes;
	size_t max_bytes;
};

static bool claim_full(const struct claim *claim)
{
	return claim->n > 0 && (claim->n >= claim->max_n || claim->bytes >= claim->max_bytes);
}

/* Takes from one store, behind *after_id, until its share is used. */
static void claim_store(const struct memory *memory, int64_t store_id, size_t share_n, size_t share_bytes,
			int64_t *after_id, struct claim *claim)
{
	size_t n = 0, bytes = 0;

	for (size_t i = 0; i < memory->message.n; i++) {
		const struct inbox_message *row = &memory->message.at[i].row;

		if (row->store_id != store_id || row->state != MESSAGE_PENDING || row->id <= *after_id)
			continue;
		if (claim_full(claim) || (n > 0 && (n >= share_n || bytes >= share_bytes)))
			return;
		claim->message[claim->n] = *row;
		if (memory->message.at[i].replayed)
			claim->message[claim->n].priority = memory->message.at[i].replay_priority;
		claim->message[claim->n].topic = arena_dup(claim->arena, row->topic);
		claim->message[claim->n].source_id = arena_dup(claim->arena, row->source_id);
		claim->message[claim->n].body = arena_dup(claim->arena, row->body);
		claim->n++;
		claim->bytes += row->body.len;
		n++;
		bytes += row->body.len;
		*after_id = row->id;
	}
}

/* Stores with something pending, in turn from the one after the last served. */
static size_t stores_in_turn(const struct memory *memory, struct arena *arena, int64_t **store_id)
{
	size_t n = 0;

	*store_id = ARENA_ARRAY(arena, memory->store_count.n, int64_t);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < memory->store_count.n && n < STORE_TURN_SEEN; i++) {
			const struct store_summary *count = &memory->store_count.at[i].row;
			bool later = count->store_id > memory->turn_store_id;

			if (count->pending > 0 && later == (round == 0))
				(*store_id)[n++] = count->store_id;
		}
	}
	return n;
}

bool memory_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct claim claim = { .arena = arena, .max_n = max_n, .max_bytes = max_bytes };
	int64_t *store_id;
	size_t n_store = stores_in_turn(memory, arena, &store_id), share = store_turn_rows(n_store);
	int64_t *after_id = ARENA_ARRAY(arena, n_store, int64_t);

	(void)err;
	claim.message = ARENA_ARRAY(arena, max_n, struct inbox_message);
	for (size_t i = 0; i < n_store && !claim_full(&claim); i++) {
		claim_store(memory, store_id[i], share, store_turn_bytes(share, max_n, max_bytes),
			    &after_id[i], &claim);
		memory->turn_store_id = store_id[i];
	}
	for (size_t i = 0; i < n_store && !claim_full(&claim); i++)
		claim_store(memory, store_id[i], max_n, max_bytes, &after_id[i], &claim);
	*message = claim.message;
	*n = claim.n;
	memory_unlock(memory);
	return true;
}

/* ---- complete ---- */

/*
 * Is result[i] the next of its store, given the results before it? Messages that a person retried may come
 * any time.
 */
static bool is_next(struct memory *memory, const struct inbox_result *result, size_t i)
{
	const struct memory_message *message = memory_message(memory, result[i].message_id);
	size_t before = 0;

	if (!message || message->row.store_id != result[i].store_id || message->row.state != MESSAGE_PENDING)
		return false;
	for (size_t k = 0; k < i; k++) {
		if (result[k].message_id == result[i].message_id)
			return false;
		if (result[k].store_id == result[i].store_id &&
		    !memory_message(memory, result[k].message_id)->again)
			before++;
	}
	if (message->again)
		return true;
	for (size_t k = 0; k < memory->message.n; k++) {
		const struct memory_message *other = &memory->message.at[k];

		if (other->row.store_id != result[i].store_id || other->row.state != MESSAGE_PENDING ||
		    other->again)
			continue;
		if (before-- == 0)
			return other == message;
	}
	return false;
}

static void count_result(struct store_summary *count, enum message_state state)
{
	count->pending--;
	count->mapped += state == MESSAGE_MAPPED;
	count->ignored += state == MESSAGE_IGNORED;
	count->failed += state == MESSAGE_FAILED;
}

static enum audit_code result_code(enum message_state state)
{
	if (state == MESSAGE_MAPPED)
		return AUDIT_MESSAGE_MAPPED;
	return state == MESSAGE_FAILED ? AUDIT_MESSAGE_FAILED : AUDIT_MESSAGE_IGNORED;
}

static void complete_one(struct memory *memory, int64_t now_ms, int64_t due_seq,
			 const struct inbox_result *result)
{
	struct memory_message *message = memory_message(memory, result->message_id);
	struct fact_cause cause = {
		.store_id = result->store_id,
		.message_id = result->message_id,
		.now_ms = now_ms,
		.due_seq = due_seq,
		.result = result,
	};
	struct audit_row audit = { .code = result_code(result->state),
				   .store_id = result->store_id,
				   .message_id = result->message_id,
				   .reason = result->reason };
	struct fact_count count = { 0 };
	struct arena arena;

	arena_init(&arena);
	message->row.state = result->state;
	message->again = message->replayed = false;
	message->failed_ms = now_ms;
	message->reason = memory_text(memory, result->reason);
	count_result(memory_store_count(memory, result->store_id), result->state);
	if (result->state == MESSAGE_MAPPED) {
		for (size_t i = 0; i < result->n_fact; i++)
			memory_fact_apply(memory, &cause, &result->fact[i], &count);
		for (size_t i = 0; i < result->n_fact && audit.root.id.len == 0; i++)
			audit.root = memory_root_of(memory, result->store_id, result->fact[i].entity);
		audit.reason = store_text_mapped(&arena, &count, result->reason);
	}
	if (store_message_gives_up_body(result))
		message->row.body = STR("");
	memory_audit(memory, now_ms, &audit);
	arena_release(&arena);
}

bool memory_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			   struct err *err)
{
	struct memory *memory = memory_lock(db);
	int64_t due_seq;
	bool ok = false;

	for (size_t i = 0; i < n; i++) {
		if (!is_next(memory, result, i)) {
			(void)err_set(err, ERR_CONFLICT, "message %" PRId64 " is not the next of its store",
				      result[i].message_id);
			goto out;
		}
	}
	due_seq = memory_next_id(memory, now_ms);
	for (size_t i = 0; i < n; i++)
		complete_one(memory, now_ms, due_seq, &result[i]);
	ok = true;
out:
	memory_unlock(memory);
	return ok;
}

bool memory_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
		      struct err *err)
{
	struct memory *memory = memory_lock(db);
	const struct memory_message *message = memory_message(memory, id);

	if (message) {
		*out = message->row;
		out->topic = arena_dup(arena, out->topic);
		out->source_id = arena_dup(arena, out->source_id);
		out->body = arena_dup(arena, out->body);
	} else {
		(void)err_set(err, ERR_NOT_FOUND, "no message %" PRId64, id);
	}
	memory_unlock(memory);
	return message != NULL;
}
