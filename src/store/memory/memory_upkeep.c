/*
 * Memory backend: the summary, the conservation check, and forgetting what is old.
 */
#include "store/memory/memory_internal.h"

#include "base/clock.h"

#include <inttypes.h>

/* ---- summary ---- */

static void add_lane(struct account_summary *account, const struct outbox_lane *lane)
{
	account->ready += lane->n_ready + lane->n_blocked;
	account->waiting += lane->n_waiting;
	account->sending += lane->n_sending;
	if (lane->next_due_ms < account->next_due_ms)
		account->next_due_ms = lane->next_due_ms;
}

static int64_t oldest_ms(const struct memory *memory, int64_t account_id)
{
	for (size_t i = 0; i < memory->delivery.n; i++) /* by id */
		if (memory->delivery.at[i].row.account_id == account_id &&
		    memory_delivery_undone(&memory->delivery.at[i]))
			return memory->delivery.at[i].row.created_ms;
	return 0;
}

static struct account_summary *read_accounts(const struct memory *memory, const struct outbox_lane *lane,
					     size_t n_lane, struct arena *arena)
{
	struct account_summary *account = ARENA_ARRAY(arena, memory->account_count.n, struct account_summary);

	for (size_t i = 0; i < memory->account_count.n; i++) {
		const struct memory_account_count *count = &memory->account_count.at[i];

		account[i] = (struct account_summary){
			.account_id = count->account_id,
			.created = count->created,
			.accepted = count->accepted,
			.failed = count->failed,
			.skipped = count->skipped,
			.next_due_ms = INT64_MAX,
			.oldest_ms = oldest_ms(memory, count->account_id),
		};
		for (size_t k = 0; k < n_lane; k++)
			if (lane[k].account_id == count->account_id)
				add_lane(&account[i], &lane[k]);
	}
	return account;
}

static struct store_summary *read_stores(const struct memory *memory, struct arena *arena)
{
	struct store_summary *store = ARENA_ARRAY(arena, memory->store_count.n, struct store_summary);

	for (size_t i = 0; i < memory->store_count.n; i++) {
		store[i] = memory->store_count.at[i].row;
		for (size_t k = 0; k < memory->due.n; k++)
			store[i].due += memory->due.at[k].store_id == store[i].store_id;
		for (size_t k = 0; k < memory->held.n; k++)
			store[i].held += memory->held.at[k].store_id == store[i].store_id;
	}
	return store;
}

bool memory_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct outbox_lane *lane;
	size_t n_lane;

	(void)err;
	memory_lanes(memory, now_ms, arena, &lane, &n_lane);
	*out = (struct summary){
		.store = read_stores(memory, arena),
		.n_store = memory->store_count.n,
		.account = read_accounts(memory, lane, n_lane, arena),
		.n_account = memory->account_count.n,
		.sweeping = memory->sweep.n > 0,
	};
	out->idle = !out->sweeping && !memory_import_any_open(memory) && !memory_task_any_open(memory) &&
		    !memory_erase_any_due(memory);
	for (size_t i = 0; i < out->n_store; i++)
		out->idle = out->idle && out->store[i].pending == 0 && out->store[i].due == 0;
	for (size_t i = 0; i < n_lane; i++)
		out->idle = out->idle && lane[i].n_ready == 0 && lane[i].n_sending == 0;
	memory_unlock(memory);
	return true;
}

/* ---- pressure ---- */

bool memory_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
		     struct err *err)
{
	struct memory *memory = memory_lock(db);
	const struct store_summary *store = read_stores(memory, arena);

	(void)err;
	*row = ARENA_ARRAY(arena, memory->store_count.n, struct store_pressure);
	*n = 0;
	for (size_t i = 0; i < memory->store_count.n; i++)
		if (store[i].pending + store[i].due > 0)
			(*row)[(*n)++] =
				(struct store_pressure){ store[i].store_id, store[i].pending, store[i].due };
	memory_unlock(memory);
	return true;
}

/* ---- conserve ---- */

static struct str check_store(const struct memory *memory, const struct store_summary *count,
			      struct arena *arena)
{
	int64_t pending = 0, failed = 0;
	int64_t sum;

	for (size_t i = 0; i < memory->message.n; i++) {
		const struct inbox_message *row = &memory->message.at[i].row;

		pending += row->store_id == count->store_id && row->state == MESSAGE_PENDING;
		failed += row->store_id == count->store_id && row->state == MESSAGE_FAILED;
	}
	sum = pending + count->mapped + count->ignored + count->duplicate + failed + count->discarded;
	if (count->received == sum && count->pending == pending && count->failed == failed)
		return STR("");
	return arena_printf(
		arena,
		"store %" PRId64 ": received %" PRId64 ", but %" PRId64 " pending (counted %" PRId64
		") and %" PRId64 " failed (counted %" PRId64 ") make %" PRId64,
		count->store_id, count->received, pending, count->pending, failed, count->failed, sum);
}

static struct str check_account(const struct memory *memory, const struct memory_account_count *count,
				struct arena *arena)
{
	int64_t pending = 0, failed = 0;
	int64_t sum;

	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];

		if (delivery->row.account_id != count->account_id)
			continue;
		pending += memory_delivery_undone(delivery);
		failed += delivery->row.state == DELIVERY_FAILED;
	}
	sum = pending + count->accepted + failed + count->skipped;
	if (count->created == sum && count->failed == failed)
		return STR("");
	return arena_printf(arena,
			    "account %" PRId64 ": created %" PRId64 ", but %" PRId64 " pending and %" PRId64
			    " failed (counted %" PRId64 ") make %" PRId64,
			    count->account_id, count->created, pending, failed, count->failed, sum);
}

static struct str check_batches(const struct memory *memory, struct arena *arena)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];
		bool open = false;

		for (size_t k = 0; k < memory->batch.n; k++)
			open = open || memory->batch.at[k].row.id == delivery->batch_id;
		if (delivery->row.state == DELIVERY_SENDING && !open)
			return arena_printf(arena, "delivery %" PRId64 " is sending in no batch",
					    delivery->row.id);
	}
	return STR("");
}

static bool goes_on(const struct memory *memory, const struct conservation *found)
{
	return found->error.len == 0 && !memory->interrupted;
}

bool memory_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err)
{
	struct memory *memory = memory_lock(db);

	out->error = check_batches(memory, arena);
	for (size_t i = 0; i < memory->store_count.n && goes_on(memory, out); i++)
		out->error = check_store(memory, &memory->store_count.at[i].row, arena);
	for (size_t i = 0; i < memory->account_count.n && goes_on(memory, out); i++)
		out->error = check_account(memory, &memory->account_count.at[i], arena);
	memory_unlock(memory);
	return !memory->interrupted || err_set(err, ERR_BUSY, "the check of the books was interrupted");
}

/* Who calls waits for nobody, least of all for the check. */
void memory_interrupt(struct db *db)
{
	((struct memory *)db)->interrupted = true;
}

/* ---- maintain ---- */

/* Raw messages leave by days; what is pending or failed stays. */
static void drop_messages(struct memory *memory, int64_t first_day)
{
	for (size_t i = memory->message.n; i-- > 0;) {
		struct memory_message *message = &memory->message.at[i];

		if (store_id_day(message->row.id) >= first_day)
			continue;
		if (message->row.state == MESSAGE_PENDING)
			message->again = true;
		else if (message->row.state != MESSAGE_FAILED)
			LIST_REMOVE(&memory->message, i);
	}
}

/*
 * Ended deliveries leave by the day they ended; their bodies by the day they were made, though the clock goes
 * back later.
 */
static void drop_deliveries(struct memory *memory, int64_t first_day)
{
	for (size_t i = 0; i < memory->delivery.n; i++)
		memory->delivery.at[i].outlived |= store_id_day(memory->delivery.at[i].row.id) < first_day;
	for (size_t i = memory->ended.n; i-- > 0;) {
		struct memory_delivery *ended = &memory->ended.at[i];

		if (ended->outlived || store_id_day(ended->row.id) < first_day)
			ended->row.body = STR("");
		if (time_day(ended->ended_ms) < first_day)
			LIST_REMOVE(&memory->ended, i);
	}
}

static void drop_audit(struct memory *memory, int64_t first_day)
{
	while (memory->audit.n > 0 && store_id_day(memory->audit.at[0].id) < first_day)
		LIST_REMOVE(&memory->audit, 0);
}

static bool is_undone(const struct memory *memory, const struct memory_sent *sent)
{
	struct delivery key = { .account_id = sent->account_id,
				.kind = sent->kind,
				.external_id = sent->external_id };

	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory_delivery_undone(&memory->delivery.at[i]) &&
		    memory_same_entity(&memory->delivery.at[i].row, &key))
			return true;
	return false;
}

/*
 * A root that was deleted long ago goes with its variants and with what was told of it, if Klaviyo has
 * nothing more.
 */
static void forget_root(struct memory *memory, int64_t store_id, struct entity root)
{
	for (size_t i = memory->entity.n; i-- > 0;) {
		const struct memory_entity *row = &memory->entity.at[i];

		if (root.kind == ENTITY_PRODUCT && row->store_id == store_id &&
		    row->entity.kind == ENTITY_VARIANT && str_eq(row->root_id, root.id))
			memory_entity_remove(memory, store_id, row->entity);
	}
	for (size_t i = memory->sent.n; i-- > 0;) {
		const struct memory_sent *sent = &memory->sent.at[i];

		if (sent->store_id == store_id && entity_eq(sent->root, root) && !sent->state.exists &&
		    !is_undone(memory, sent))
			LIST_REMOVE(&memory->sent, i);
	}
	for (size_t i = memory->held.n; i-- > 0;)
		if (memory->held.at[i].store_id == store_id && entity_eq(memory->held.at[i].root, root))
			LIST_REMOVE(&memory->held, i);
}

static void forget_entity(struct memory *memory, struct memory_entity *row)
{
	int64_t store_id = row->store_id;
	struct entity entity = row->entity;

	if (memory_entity_alive(memory, store_id, entity)) {
		row->tombstone = (struct tombstone){ 0 };
		return;
	}
	if (store_is_root(entity.kind) && memory_due(memory, store_id, entity))
		return;
	memory_entity_remove(memory, store_id, entity);
	if (store_is_root(entity.kind))
		forget_root(memory, store_id, entity);
}

static void forget_tombstones(struct memory *memory, int64_t before_ms)
{
	struct arena arena;
	struct memory_entity *old;
	size_t n = 0;

	arena_init(&arena);
	old = ARENA_ARRAY(&arena, memory->entity.n, struct memory_entity);
	for (size_t i = 0; i < memory->entity.n; i++)
		if (memory->entity.at[i].tombstone.deleted_ms != 0 &&
		    memory->entity.at[i].tombstone.deleted_ms < before_ms)
			old[n++] = memory->entity.at[i];
	for (size_t i = 0; i < n; i++) {
		struct memory_entity *row = memory_entity(memory, old[i].store_id, old[i].entity);

		if (row)
			forget_entity(memory, row);
	}
	arena_release(&arena);
}

/* Nobody has said who they are for so long. */
static void forget_visitors(struct memory *memory, int64_t before_ms)
{
	for (size_t i = memory->held.n; i-- > 0;) {
		struct held_row held = memory->held.at[i];

		if (held.root.kind != ENTITY_VISITOR || held.since_ms >= before_ms ||
		    memory_due(memory, held.store_id, held.root))
			continue;
		memory_entity_remove(memory, held.store_id, held.root);
		forget_root(memory, held.store_id, held.root);
	}
}

bool memory_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		     struct err *err)
{
	struct memory *memory = memory_lock(db);
	int64_t today = time_day(now_ms);

	(void)err;
	drop_messages(memory,
		      today - (retention->message_days > STORE_DUPLICATE_DAYS ? retention->message_days
									      : STORE_DUPLICATE_DAYS));
	drop_deliveries(memory, today - retention->delivery_days);
	drop_audit(memory, today - retention->audit_days);
	memory_imports_drop(memory, now_ms - retention->audit_days * MS_PER_DAY);
	forget_tombstones(memory, now_ms - retention->tombstone_days * MS_PER_DAY);
	if (retention->visitor_days > 0)
		forget_visitors(memory, now_ms - retention->visitor_days * MS_PER_DAY);
	*more = false;
	memory_unlock(memory);
	return true;
}
