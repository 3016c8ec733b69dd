/*
 * Memory backend: what can be replayed, and messages that are mapped again.
 */
#include "store/memory/memory_internal.h"

#include "base/clock.h"

static bool in_time(const struct replay_query *wanted, int64_t id)
{
	int64_t at_ms = store_id_ms(id);

	return at_ms >= wanted->since_ms && (wanted->until_ms == 0 || at_ms <= wanted->until_ms);
}

static bool message_wanted(const struct replay_query *wanted, const struct inbox_message *message)
{
	return message->store_id == wanted->store_id && in_time(wanted, message->id) &&
	       str_starts(message->topic, wanted->topic) && (1u << message->state & wanted->states);
}

/* In one order: these have no days of their own. */
static void list_messages(const struct memory *memory, const struct replay_query *wanted, struct arena *arena,
			  struct replay_row *row, size_t *n)
{
	for (size_t i = 0; i < memory->message.n && *n <= wanted->max_n; i++) {
		const struct inbox_message *message = &memory->message.at[i].row;

		if (message->id <= wanted->after_id || !message_wanted(wanted, message))
			continue;
		row[(*n)++] = (struct replay_row){
			.id = message->id,
			.state = (int)message->state,
			.topic = arena_dup(arena, message->topic),
			.gone = message->body.len == 0,
		};
	}
}

static bool delivery_wanted(const struct replay_query *wanted, const struct delivery *delivery)
{
	return delivery->copy_of == 0 && delivery->store_id == wanted->store_id &&
	       in_time(wanted, delivery->id) && (1u << delivery->kind & wanted->kinds) &&
	       (1u << delivery->state & wanted->states) &&
	       (wanted->id.len == 0 || str_eq(delivery->external_id, wanted->id) ||
		str_eq(delivery->root.id, wanted->id));
}

/* The next one behind (day, after_id); NULL: none. */
static const struct memory_delivery *next_delivery(const struct memory *memory,
						   const struct replay_query *wanted, int64_t day,
						   int64_t after_id)
{
	const struct memory_delivery *next = NULL;

	for (size_t i = 0; i < memory->ended.n; i++) {
		const struct memory_delivery *row = &memory->ended.at[i];
		int64_t of = row->ended_ms / MS_PER_DAY;

		if (!delivery_wanted(wanted, &row->row) || of < day || (of == day && row->row.id <= after_id))
			continue;
		if (!next || of < next->ended_ms / MS_PER_DAY ||
		    (of == next->ended_ms / MS_PER_DAY && row->row.id < next->row.id))
			next = row;
	}
	return next;
}

static void list_deliveries(const struct memory *memory, const struct replay_query *wanted,
			    struct arena *arena, struct replay_row *row, size_t *n)
{
	int64_t day = wanted->day, after_id = wanted->after_id;
	const struct memory_delivery *next;

	while (*n <= wanted->max_n && (next = next_delivery(memory, wanted, day, after_id))) {
		day = next->ended_ms / MS_PER_DAY;
		after_id = next->row.id;
		row[(*n)++] = (struct replay_row){
			.id = next->row.id,
			.state = (int)next->row.state,
			.gone = store_replay_gone(&next->row, next->row.body.len > 0),
			.kind = next->row.kind,
			.op = next->row.op,
			.external_id = arena_dup(arena, next->row.external_id),
			.root = entity_dup(arena, next->row.root),
		};
	}
}

static int64_t day_of(const struct memory *memory, const struct replay_query *wanted, int64_t id)
{
	if (wanted->messages)
		return store_id_day(id);
	for (size_t i = 0; i < memory->ended.n; i++)
		if (memory->ended.at[i].row.id == id)
			return memory->ended.at[i].ended_ms / MS_PER_DAY;
	return 0;
}

bool memory_replay_list(struct db *db, const struct replay_query *wanted, struct arena *arena,
			struct replay_row **row, size_t *n, int64_t *day, int64_t *after_id, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = ARENA_ARRAY(arena, wanted->max_n + 1,
			   struct replay_row); /* one more tells that there is more */
	*n = 0;
	if (wanted->messages)
		list_messages(memory, wanted, arena, *row, n);
	else
		list_deliveries(memory, wanted, arena, *row, n);
	*day = -1;
	*after_id = 0;
	if (*n > wanted->max_n) {
		*n = wanted->max_n;
		*after_id = (*row)[*n - 1].id;
		*day = day_of(memory, wanted, *after_id);
	}
	memory_unlock(memory);
	return true;
}

void memory_message_replay(struct memory *memory, int64_t now_ms, int64_t store_id, int64_t id,
			   enum priority priority)
{
	struct memory_message *message = memory_message(memory, id);
	struct store_summary *count = memory_store_count(memory, store_id);

	if (!message || message->row.store_id != store_id || message->row.body.len == 0 ||
	    str_eq(message->row.body, STR(STORE_BODY_ERASED)) || message->row.state == MESSAGE_PENDING ||
	    message->row.state == MESSAGE_DISCARDED)
		return;
	count->mapped -= message->row.state == MESSAGE_MAPPED;
	count->ignored -= message->row.state == MESSAGE_IGNORED;
	count->failed -= message->row.state == MESSAGE_FAILED;
	count->pending++;
	message->row.state = MESSAGE_PENDING;
	message->again = message->replayed = true;
	message->replay_priority = priority;
	memory_audit(memory, now_ms,
		     &(struct audit_row){ .code = AUDIT_PERSON_RETRIED,
					  .store_id = store_id,
					  .message_id = id,
					  .reason = STR(STORE_TEXT_REPLAYED) });
}
