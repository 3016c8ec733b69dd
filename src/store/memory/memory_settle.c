/*
 * Memory backend: what became of a batch, and of deliveries in general.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>
#include <string.h>

struct audit_row memory_delivery_audit(const struct delivery *delivery, enum audit_code code,
				       struct str reason)
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

bool memory_delete_ahead(const struct memory *memory, const struct delivery *delivery)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *other = &memory->delivery.at[i];

		if (memory_delivery_undone(other) && memory_same_entity(&other->row, delivery) &&
		    other->row.id < delivery->id && other->row.op == DELIVERY_DELETE)
			return true;
	}
	return false;
}

void memory_ops_renew(struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
		      struct str external_id)
{
	const struct memory_sent *sent = memory_sent(memory, account_id, kind, external_id);
	struct delivery key = { .account_id = account_id, .kind = kind, .external_id = external_id };

	if (!klaviyo_kind_is_catalog(kind))
		return;
	for (size_t i = 0; i < memory->delivery.n; i++) {
		struct memory_delivery *delivery = &memory->delivery.at[i];

		if (memory_delivery_queued(delivery) && memory_same_entity(&delivery->row, &key) &&
		    delivery->row.op != DELIVERY_DELETE)
			delivery->row.op =
				store_upsert_op(&sent->state, memory_delete_ahead(memory, &delivery->row));
	}
}

/* Moves an undone or failed delivery to the history. */
static void end(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
		enum delivery_state state, struct str reason)
{
	struct memory_account_count *count = memory_account_count(memory, delivery->row.account_id);
	int64_t ended_ms = store_id_ms(store_id_next(memory->last_id, now_ms));
	struct memory_delivery *ended;
	size_t i = 0;

	count->failed -= delivery->row.state == DELIVERY_FAILED;
	count->accepted += state == DELIVERY_ACCEPTED;
	count->skipped += state == DELIVERY_SKIPPED;
	(void)LIST_ADD(&memory->ended);
	while (i < memory->ended.n - 1 && memory->ended.at[i].row.id < delivery->row.id)
		i++;
	ended = &memory->ended.at[i];
	memmove(ended + 1, ended, (memory->ended.n - 1 - i) * sizeof(*ended));
	*ended = *delivery;
	ended->row.state = state;
	ended->row.due_ms = 0;
	ended->row.reason = memory_text(memory, reason);
	if (store_delivery_gives_up_body(&ended->row))
		ended->row.body = STR("");
	ended->ended_ms = ended_ms;
	LIST_REMOVE(&memory->delivery, (size_t)(delivery - memory->delivery.at));
}

void memory_delivery_skip(struct memory *memory, int64_t now_ms, int64_t id, enum audit_code code,
			  struct str reason)
{
	struct memory_delivery *delivery = memory_delivery(memory, id);
	struct memory_sent *sent =
		memory_sent(memory, delivery->row.account_id, delivery->row.kind, delivery->row.external_id);
	struct audit_row audit = memory_delivery_audit(&delivery->row, code, reason);

	if (sent)
		store_sent_revert(&sent->state, delivery->row.kind, id);
	end(memory, now_ms, delivery, DELIVERY_SKIPPED, reason);
	memory_audit(memory, now_ms, &audit);
}

static struct memory_batch *find_batch(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->batch.n; i++)
		if (memory->batch.at[i].row.id == id)
			return &memory->batch.at[i];
	return NULL;
}

bool memory_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct memory_batch *batch = find_batch(memory, batch_id);

	if (batch)
		batch->row.job_id = memory_text(memory, job_id);
	else
		(void)err_set(err, ERR_NOT_FOUND, "no open batch %" PRId64, batch_id);
	for (size_t i = 0; batch && i < memory->delivery.n; i++) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];
		struct audit_row audit = memory_delivery_audit(&delivery->row, AUDIT_DELIVERY_JOB, job_id);

		if (delivery->row.state == DELIVERY_SENDING && delivery->batch_id == batch_id)
			memory_audit(memory, now_ms, &audit);
	}
	memory_unlock(memory);
	return batch != NULL;
}

/* ---- settle ---- */

/* The oldest newer queued delivery of the entity that makes `row` pointless; 0 = none. */
static int64_t replacement(const struct memory *memory, const struct delivery *row,
			   const struct sent_state *sent)
{
	if (!store_kind_replaces(row->kind))
		return 0;
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *newer = &memory->delivery.at[i];

		if (!memory_delivery_queued(newer) || !memory_same_entity(&newer->row, row) ||
		    newer->row.id <= row->id || memory_move_stays(memory, row, &newer->row))
			continue;
		if (row->op == DELIVERY_DELETE && newer->row.op != DELIVERY_DELETE &&
		    store_sent_moves(sent, newer->row.parent_external_id))
			return 0;
		return newer->row.id;
	}
	return 0;
}

/* Back into the queue, or out of it when there is no more use for it. */
static void requeue(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
		    const struct delivery_settlement *settlement, struct str audit_reason)
{
	struct delivery *row = &delivery->row;
	struct memory_sent *sent = memory_sent(memory, row->account_id, row->kind, row->external_id);
	int64_t by = replacement(memory, row, &sent->state);
	struct audit_row audit;
	struct arena arena;

	arena_init(&arena);
	if (!memory_store(memory, row->store_id)) {
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED,
				     STR(STORE_TEXT_STORE_REMOVED));
	} else if (memory_consent_has_moved(memory, row)) {
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_MOVED));
	} else if (by != 0) {
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED,
				     store_text_replaced(&arena, by));
	} else {
		row->state = store_back(row->kind, settlement, &row->due_ms);
		if (settlement->state == DELIVERY_READY)
			row->op = settlement->op;
		row->attempts += settlement->count_attempt;
		row->batch_max = settlement->batch_max;
		if (settlement->body.len > 0)
			row->body = memory_text(memory, settlement->body);
		row->reason = memory_text(memory, settlement->reason);
		delivery->batch_id = 0;
		audit = memory_delivery_audit(row, AUDIT_DELIVERY_RETRY, audit_reason);
		memory_audit(memory, now_ms, &audit);
	}
	arena_release(&arena);
}

static void accept(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
		   struct sent_state *sent, const struct delivery_settlement *settlement,
		   struct str audit_reason)
{
	struct audit_row audit = memory_delivery_audit(&delivery->row, AUDIT_DELIVERY_ACCEPTED, audit_reason);

	if (delivery->row.kind != KLAVIYO_EVENT)
		store_sent_accept(sent, &delivery->row, settlement->exists);
	end(memory, now_ms, delivery, DELIVERY_ACCEPTED, settlement->reason);
	memory_audit(memory, now_ms, &audit);
}

static void fail(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
		 struct sent_state *sent, const struct delivery_settlement *settlement,
		 struct str audit_reason)
{
	struct audit_row audit = memory_delivery_audit(&delivery->row, AUDIT_DELIVERY_FAILED, audit_reason);

	if (!memory_store(memory, delivery->row.store_id)) {
		memory_delivery_skip(memory, now_ms, delivery->row.id, AUDIT_DELIVERY_SKIPPED,
				     STR(STORE_TEXT_STORE_REMOVED));
		return;
	}
	if (delivery->row.kind != KLAVIYO_EVENT)
		store_sent_revert(sent, delivery->row.kind, delivery->row.id);
	delivery->row.state = DELIVERY_FAILED;
	delivery->row.attempts += settlement->count_attempt;
	delivery->row.reason = memory_text(memory, settlement->reason);
	delivery->batch_id = 0;
	delivery->ended_ms = now_ms;
	memory_account_count(memory, delivery->row.account_id)->failed++;
	memory_audit(memory, now_ms, &audit);
}

static void settle_one(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
		       const struct delivery_settlement *settlement, struct str audit_reason)
{
	struct delivery *row = &delivery->row;
	struct delivery key = *row;
	struct memory_sent *sent = memory_sent(memory, row->account_id, row->kind, row->external_id);

	/* An event is told once, whatever becomes of it: nothing is learnt. */
	if (settlement->state != DELIVERY_ACCEPTED && row->kind != KLAVIYO_EVENT)
		sent->state.left = true;
	memory_former_learn(memory, row, settlement);
	sent = memory_sent(memory, row->account_id, row->kind, row->external_id);
	switch (settlement->state) {
	case DELIVERY_READY:
		if (settlement->op != row->op && row->kind != KLAVIYO_EVENT)
			store_sent_learn(&sent->state, settlement->op == DELIVERY_UPDATE);
		requeue(memory, now_ms, delivery, settlement, audit_reason);
		break;
	case DELIVERY_WAITING:
		requeue(memory, now_ms, delivery, settlement, audit_reason);
		break;
	case DELIVERY_ACCEPTED:
		accept(memory, now_ms, delivery, &sent->state, settlement, audit_reason);
		break;
	case DELIVERY_FAILED:
		fail(memory, now_ms, delivery, &sent->state, settlement, audit_reason);
		break;
	case DELIVERY_SKIPPED:
	case DELIVERY_SENDING:
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED, settlement->reason);
		break;
	}
	if (settlement->state == DELIVERY_ACCEPTED)
		memory_former_end(memory, now_ms, &key);
	memory_ops_renew(memory, key.account_id, key.kind, key.external_id);
}

static void close_batch(struct memory *memory, int64_t batch_id)
{
	struct memory_batch *batch = find_batch(memory, batch_id);

	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory->delivery.at[i].row.state == DELIVERY_SENDING &&
		    memory->delivery.at[i].batch_id == batch_id)
			return;
	if (batch)
		LIST_REMOVE(&memory->batch, (size_t)(batch - memory->batch.at));
}

bool memory_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			  struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct arena arena;

	(void)err;
	arena_init(&arena);
	for (size_t i = 0; i < settlement->n; i++) {
		const struct delivery_settlement *one = &settlement->delivery[i];
		struct memory_delivery *delivery = memory_delivery(memory, one->delivery_id);

		if (delivery && delivery->row.state == DELIVERY_SENDING &&
		    delivery->batch_id == settlement->batch_id)
			settle_one(memory, now_ms, delivery, one,
				   store_text_settled(&arena, one->reason, settlement->http_status,
						      settlement->latency_ms));
	}
	close_batch(memory, settlement->batch_id);
	memory_budget_save(memory, &settlement->budget);
	arena_release(&arena);
	memory_unlock(memory);
	return true;
}

/* ---- recover ---- */

static void give_back(struct memory *memory, int64_t now_ms, int64_t batch_id)
{
	struct arena arena;
	int64_t *id = NULL;
	size_t n = 0;

	arena_init(&arena);
	id = ARENA_ARRAY(&arena, memory->delivery.n, int64_t);
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory->delivery.at[i].row.state == DELIVERY_SENDING &&
		    memory->delivery.at[i].batch_id == batch_id)
			id[n++] = memory->delivery.at[i].row.id;
	for (size_t i = 0; i < n; i++) {
		struct memory_delivery *delivery = memory_delivery(memory, id[i]);
		struct delivery_settlement lost = {
			.state = DELIVERY_READY,
			.op = delivery->row.op,
			.batch_max = delivery->row.batch_max,
			.reason = STR(STORE_TEXT_ANSWER_LOST),
		};

		settle_one(memory, now_ms, delivery, &lost, lost.reason);
	}
	close_batch(memory, batch_id);
	arena_release(&arena);
}

static void read_batch(const struct memory *memory, const struct memory_batch *batch, struct arena *arena,
		       struct outbox_batch *out)
{
	struct delivery *delivery = ARENA_ARRAY(arena, memory->delivery.n, struct delivery);

	*out = batch->row;
	out->endpoint = arena_dup(arena, batch->row.endpoint);
	out->job_id = arena_dup(arena, batch->row.job_id);
	out->delivery = delivery;
	out->n = 0;
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory->delivery.at[i].row.state == DELIVERY_SENDING &&
		    memory->delivery.at[i].batch_id == batch->row.id)
			delivery[out->n++] = delivery_dup(arena, &memory->delivery.at[i].row);
}

bool memory_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
			   size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	for (size_t i = 0; i < memory->batch.n;) {
		if (memory->batch.at[i].row.job_id.len == 0)
			give_back(memory, now_ms, memory->batch.at[i].row.id);
		else
			i++;
	}
	*n = memory->batch.n;
	*batch = ARENA_ARRAY(arena, *n, struct outbox_batch);
	for (size_t i = 0; i < *n; i++)
		read_batch(memory, &memory->batch.at[i], arena, &(*batch)[i]);
	memory_unlock(memory);
	return true;
}
