/*
 * Memory backend: what a person looks at and decides.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- failed ---- */

static int compare_failed(const void *a, const void *b)
{
	const struct failed_row *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* Everything failed of a store (0 = any) behind after_id, by id. */
static struct failed_row *failed_rows(const struct memory *memory, int64_t store_id, int64_t after_id,
				      struct arena *arena, size_t *n)
{
	struct failed_row *row =
		ARENA_ARRAY(arena, memory->message.n + memory->delivery.n, struct failed_row);

	*n = 0;
	for (size_t i = 0; i < memory->message.n; i++) {
		const struct memory_message *message = &memory->message.at[i];

		if (message->row.state == MESSAGE_FAILED && message->row.id > after_id &&
		    (store_id == 0 || message->row.store_id == store_id))
			row[(*n)++] = (struct failed_row){
				.is_message = true,
				.id = message->row.id,
				.store_id = message->row.store_id,
				.failed_ms = message->failed_ms,
				.what = arena_dup(arena, message->row.topic),
				.reason = arena_dup(arena, message->reason),
			};
	}
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *delivery = &memory->delivery.at[i].row;

		if (delivery->state == DELIVERY_FAILED && delivery->id > after_id &&
		    (store_id == 0 || delivery->store_id == store_id))
			row[(*n)++] = (struct failed_row){
				.id = delivery->id,
				.store_id = delivery->store_id,
				.failed_ms = memory->delivery.at[i].ended_ms,
				.what = store_text_delivery(arena, delivery->op, delivery->kind,
							    delivery->external_id),
				.reason = arena_dup(arena, delivery->reason),
			};
	}
	qsort(row, *n, sizeof(*row), compare_failed);
	return row;
}

bool memory_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			struct failed_row **row, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = failed_rows(memory, filter->store_id, filter->after_id, arena, n);
	if (*n > filter->max_n)
		*n = filter->max_n;
	memory_unlock(memory);
	return true;
}

static void change_message(struct memory *memory, int64_t now_ms, int64_t id,
			   const struct failed_change *change)
{
	struct memory_message *message = memory_message(memory, id);
	struct store_summary *count = memory_store_count(memory, message->row.store_id);
	bool retry = change->action == FAILED_RETRY;

	message->row.state = retry ? MESSAGE_PENDING : MESSAGE_DISCARDED;
	message->again = retry;
	count->failed--;
	count->pending += retry;
	count->discarded += !retry;
	memory_audit(memory, now_ms,
		     &(struct audit_row){ .code = retry ? AUDIT_PERSON_RETRIED : AUDIT_PERSON_DISCARDED,
					  .store_id = message->row.store_id,
					  .message_id = id,
					  .reason = change->reason });
}

/* A newer delivery of the entity makes the failed one pointless. */
static void retry_delivery(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery,
			   struct str reason)
{
	struct delivery *row = &delivery->row;
	struct memory_sent *sent = memory_sent(memory, row->account_id, row->kind, row->external_id);
	struct audit_row audit = memory_delivery_audit(row, AUDIT_PERSON_RETRIED, reason);
	struct arena arena;

	arena_init(&arena);
	if (!sent || sent->state.newest_id != row->id) {
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED,
				     store_text_replaced(&arena, sent ? sent->state.newest_id : 0));
		goto out;
	}
	if (memory_consent_has_moved(memory, row)) {
		memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_MOVED));
		goto out;
	}
	memory_account_count(memory, row->account_id)->failed--;
	row->state = DELIVERY_READY;
	if (row->priority != PRIORITY_REPLAY)
		row->priority = PRIORITY_RETRY;
	row->attempts = 0;
	row->reason = memory_text(memory, reason);
	store_sent_want(&sent->state, row->id, row->op, row->hash, row->parent_external_id);
	memory_audit(memory, now_ms, &audit);
	memory_ops_renew(memory, row->account_id, row->kind, row->external_id);
out:
	arena_release(&arena);
}

static void change_delivery(struct memory *memory, int64_t now_ms, int64_t id,
			    const struct failed_change *change)
{
	if (change->action == FAILED_RETRY)
		retry_delivery(memory, now_ms, memory_delivery(memory, id), change->reason);
	else
		memory_delivery_skip(memory, now_ms, id, AUDIT_PERSON_DISCARDED, change->reason);
}

static bool is_failed(struct memory *memory, int64_t id)
{
	const struct memory_message *message = memory_message(memory, id);
	const struct memory_delivery *delivery = memory_delivery(memory, id);

	return (message && message->row.state == MESSAGE_FAILED) ||
	       (delivery && delivery->row.state == DELIVERY_FAILED);
}

bool memory_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
			  size_t *n_changed, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct failed_row *all = NULL;
	size_t n = change->n;
	struct arena arena;
	bool ok = false;

	arena_init(&arena);
	for (size_t i = 0; i < change->n; i++) {
		if (!is_failed(memory, change->id[i])) {
			(void)err_set(err, ERR_NOT_FOUND, "%" PRId64 " is not a failed message or delivery",
				      change->id[i]);
			goto out;
		}
	}
	if (change->n == 0)
		all = failed_rows(memory, change->store_id, 0, &arena, &n);
	if (change->n == 0 && n > STORE_FAILED_CHANGE_MAX)
		n = STORE_FAILED_CHANGE_MAX;
	*n_changed = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t id = all ? all[i].id : change->id[i];

		if (!is_failed(memory, id))
			continue;
		if (memory_message(memory, id))
			change_message(memory, now_ms, id, change);
		else
			change_delivery(memory, now_ms, id, change);
		*n_changed += 1;
	}
	ok = true;
out:
	arena_release(&arena);
	memory_unlock(memory);
	return ok;
}

/* ---- audit ---- */

static bool audit_matches(const struct audit_row *row, const struct audit_filter *filter)
{
	return row->at_ms >= filter->since_ms &&
	       (filter->store_id == 0 || row->store_id == filter->store_id) &&
	       (filter->account_id == 0 || row->account_id == filter->account_id) &&
	       (filter->message_id == 0 || row->message_id == filter->message_id) &&
	       (filter->delivery_id == 0 || row->delivery_id == filter->delivery_id) &&
	       (filter->root.id.len == 0 || entity_eq(row->root, filter->root)) &&
	       (!filter->by_code || row->code == filter->code);
}

/* Is the row newer than what is asked for? */
static bool audit_is_behind(const struct audit_row *row, const struct audit_filter *filter)
{
	return (filter->before_id != 0 && row->id >= filter->before_id) ||
	       (filter->until_ms != 0 && store_id_ms(row->id) > filter->until_ms);
}

bool memory_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		       struct audit_row **row, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct audit_look none = { .max = SIZE_MAX }, *look = filter->look ? filter->look : &none;

	(void)err;
	*row = ARENA_ARRAY(arena, filter->max_n, struct audit_row);
	*n = look->n = 0;
	look->next_id = 0;
	for (size_t i = memory->audit.n; i-- > 0 && look->next_id == 0;) {
		const struct audit_row *kept = &memory->audit.at[i];

		if (audit_is_behind(kept, filter))
			continue;
		look->n++;
		if (look->n >= look->max || (audit_matches(kept, filter) && *n + 1 == filter->max_n))
			look->next_id = kept->id;
		if (!audit_matches(kept, filter))
			continue;
		(*row)[*n] = *kept;
		(*row)[*n].root = entity_dup(arena, kept->root);
		(*row)[*n].reason = arena_dup(arena, kept->reason);
		*n += 1;
	}
	memory_unlock(memory);
	return true;
}

bool memory_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	for (size_t i = 0; i < n; i++)
		memory_audit(memory, row[i].at_ms, &row[i]);
	memory_unlock(memory);
	return true;
}

/* ---- held ---- */

static int compare_held(const void *a, const void *b)
{
	const struct held_row *left = a, *right = b;

	if (left->since_ms != right->since_ms)
		return left->since_ms < right->since_ms ? -1 : 1;
	if (left->store_id != right->store_id)
		return left->store_id < right->store_id ? -1 : 1;
	return entity_cmp(left->root, right->root);
}

bool memory_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
		      struct held_row **row, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = ARENA_ARRAY(arena, memory->held.n, struct held_row);
	*n = 0;
	for (size_t i = 0; i < memory->held.n; i++) {
		const struct held_row *held = &memory->held.at[i];

		if (store_id == 0 || held->store_id == store_id)
			(*row)[(*n)++] = (struct held_row){
				.store_id = held->store_id,
				.root = entity_dup(arena, held->root),
				.since_ms = held->since_ms,
				.reason = arena_dup(arena, held->reason),
			};
	}
	qsort(*row, *n, sizeof(**row), compare_held);
	if (*n > max_n)
		*n = max_n;
	memory_unlock(memory);
	return true;
}

/* ---- deliveries ---- */

bool memory_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			 struct err *err)
{
	struct memory *memory = memory_lock(db);
	const struct memory_delivery *delivery = memory_delivery(memory, id);

	for (size_t i = 0; i < memory->ended.n && !delivery; i++)
		if (memory->ended.at[i].row.id == id)
			delivery = &memory->ended.at[i];
	if (delivery) {
		*out = delivery_dup(arena, &delivery->row);
		out->person_now = arena_dup(arena, memory_person_to_be(memory, &delivery->row));
	} else {
		(void)err_set(err, ERR_NOT_FOUND, "no delivery %" PRId64, id);
	}
	memory_unlock(memory);
	return delivery != NULL;
}
