/*
 * Memory backend: lanes, and taking deliveries out of one.
 */
#include "store/memory/memory_internal.h"

#include <stdlib.h>

bool memory_delivery_queued(const struct memory_delivery *delivery)
{
	return delivery->row.state == DELIVERY_READY || delivery->row.state == DELIVERY_WAITING;
}

bool memory_delivery_undone(const struct memory_delivery *delivery)
{
	return memory_delivery_queued(delivery) || delivery->row.state == DELIVERY_SENDING;
}

bool memory_same_entity(const struct delivery *a, const struct delivery *b)
{
	return a->account_id == b->account_id && a->kind == b->kind && str_eq(a->external_id, b->external_id);
}

struct memory_delivery *memory_delivery(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory->delivery.at[i].row.id == id)
			return &memory->delivery.at[i];
	return NULL;
}

struct delivery delivery_dup(struct arena *arena, const struct delivery *delivery)
{
	struct delivery copy = *delivery;

	copy.external_id = arena_dup(arena, delivery->external_id);
	copy.parent_external_id = arena_dup(arena, delivery->parent_external_id);
	copy.body = arena_dup(arena, delivery->body);
	copy.root = entity_dup(arena, delivery->root);
	copy.reason = arena_dup(arena, delivery->reason);
	return copy;
}

/* ---- what may not leave before another has ended ---- */

static bool is_item_of(const struct delivery *item, const struct delivery *variant)
{
	return item->account_id == variant->account_id && item->kind == KLAVIYO_ITEM &&
	       variant->kind == KLAVIYO_VARIANT && str_eq(item->external_id, variant->parent_external_id);
}

static bool waits_for(const struct delivery *row, const struct delivery *other)
{
	if (memory_same_entity(row, other))
		return other->id < row->id;
	if (row->op == DELIVERY_CREATE && is_item_of(other, row))
		return other->op == DELIVERY_CREATE;
	return row->op == DELIVERY_DELETE && is_item_of(row, other);
}

static bool is_blocked(const struct memory *memory, const struct delivery *row)
{
	if (row->kind == KLAVIYO_EVENT)
		return false;
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory_delivery_undone(&memory->delivery.at[i]) &&
		    waits_for(row, &memory->delivery.at[i].row))
			return true;
	return false;
}

void memory_pull_ahead(struct memory *memory, const struct delivery *row)
{
	for (size_t i = 0; i < memory->delivery.n && row->kind != KLAVIYO_EVENT; i++) {
		struct memory_delivery *before = &memory->delivery.at[i];

		if (!memory_delivery_queued(before) || !waits_for(row, &before->row) ||
		    before->row.priority <= row->priority)
			continue;
		before->row.priority = row->priority;
		memory_pull_ahead(memory, &before->row);
	}
}

/*
 * What the whole account has to finish first: is there an undone delivery, READY or SENDING, of kind and op
 * before id?
 */
static bool has_active(const struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
		       enum delivery_op op, int64_t before_id)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (row->account_id == account_id && row->kind == kind && row->op == op &&
		    row->id < before_id && (row->state == DELIVERY_READY || row->state == DELIVERY_SENDING))
			return true;
	}
	return false;
}

static bool account_waits(const struct memory *memory, const struct delivery *row)
{
	if (row->kind == KLAVIYO_ITEM && row->op != DELIVERY_DELETE)
		return has_active(memory, row->account_id, KLAVIYO_CATEGORY, DELIVERY_CREATE, INT64_MAX);
	if (row->kind == KLAVIYO_CATEGORY && row->op == DELIVERY_DELETE)
		return has_active(memory, row->account_id, KLAVIYO_ITEM, DELIVERY_UPDATE, row->id);
	return false;
}

/* Does an older one of the person hold back an event (store.h)? */
static bool event_holds(const struct delivery *older, const struct delivery *row, int64_t now_ms)
{
	int64_t from_ms = row->state == DELIVERY_WAITING ? row->due_ms : now_ms;

	return older->attempts < STORE_HOLD_ATTEMPTS && older->due_ms <= now_ms + STORE_HOLD_MS &&
	       (older->state == DELIVERY_SENDING || older->due_ms > from_ms);
}

/* An older one of its person or store, and priority, is under way or waits for its next try. */
static bool held_back(const struct memory *memory, const struct delivery *row, int64_t now_ms)
{
	bool in_order = row->kind == KLAVIYO_EVENT || row->kind == KLAVIYO_NOTICE;

	for (size_t i = 0; in_order && i < memory->delivery.n; i++) {
		const struct delivery *other = &memory->delivery.at[i].row;

		if (other->kind == row->kind && other->account_id == row->account_id &&
		    str_eq(other->parent_external_id, row->parent_external_id) &&
		    other->priority == row->priority && other->id < row->id &&
		    (other->state == DELIVERY_WAITING || other->state == DELIVERY_SENDING) &&
		    (row->kind == KLAVIYO_NOTICE || event_holds(other, row, now_ms)))
			return true;
	}
	return false;
}

/* ---- lanes ---- */

static bool is_due(const struct delivery *row, int64_t now_ms)
{
	return row->state == DELIVERY_READY || (row->state == DELIVERY_WAITING && row->due_ms <= now_ms);
}

static struct outbox_lane *find_lane(struct outbox_lane *lane, size_t *n, const struct delivery *row)
{
	for (size_t i = 0; i < *n; i++)
		if (lane[i].account_id == row->account_id && lane[i].kind == row->kind &&
		    lane[i].op == row->op && lane[i].priority == row->priority)
			return &lane[i];
	lane[*n] = (struct outbox_lane){
		.account_id = row->account_id,
		.kind = row->kind,
		.op = row->op,
		.priority = row->priority,
		.next_due_ms = INT64_MAX,
	};
	return &lane[(*n)++];
}

static int compare_lanes(const void *a, const void *b)
{
	const struct outbox_lane *left = a, *right = b;

	if (left->account_id != right->account_id)
		return left->account_id < right->account_id ? -1 : 1;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->op != right->op)
		return left->op < right->op ? -1 : 1;
	return (left->priority > right->priority) - (left->priority < right->priority);
}

static void lane_count(const struct memory *memory, struct outbox_lane *lane, const struct delivery *row,
		       int64_t now_ms)
{
	if (row->state == DELIVERY_SENDING)
		lane->n_sending++;
	else if (!is_due(row, now_ms))
		lane->n_waiting++;
	else if (is_blocked(memory, row))
		lane->n_blocked++;
	else
		lane->n_ready++;
	if (row->state == DELIVERY_WAITING && !is_due(row, now_ms) && row->due_ms < lane->next_due_ms)
		lane->next_due_ms = row->due_ms;
}

void memory_lanes(struct memory *memory, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
		  size_t *n)
{
	*lane = ARENA_ARRAY(arena, memory->delivery.n, struct outbox_lane);
	*n = 0;
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];

		if (memory_delivery_undone(delivery))
			lane_count(memory, find_lane(*lane, n, &delivery->row), &delivery->row, now_ms);
	}
	qsort(*lane, *n, sizeof(**lane), compare_lanes);
}

bool memory_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			 size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	memory_lanes(memory, now_ms, arena, lane, n);
	memory_unlock(memory);
	return true;
}

/* ---- claim ---- */

static int compare_candidates(const void *a, const void *b)
{
	const struct delivery *left = &(*(struct memory_delivery *const *)a)->row;
	const struct delivery *right = &(*(struct memory_delivery *const *)b)->row;

	if (left->state != right->state)
		return left->state == DELIVERY_WAITING ? -1 : 1;
	if (left->due_ms != right->due_ms)
		return left->due_ms < right->due_ms ? -1 : 1;
	return left->id < right->id ? -1 : 1;
}

/*
 * Of somebody who is about to be looked at: perhaps they have just left. Who only waits for a time was
 * looked at.
 */
static bool in_doubt(struct memory *memory, const struct delivery *row, int64_t now_ms)
{
	const struct memory_due *due;

	if (row->kind != KLAVIYO_CONSENT || row->op != DELIVERY_CREATE)
		return false;
	due = memory_due(memory, row->store_id, row->root);
	return due && due->due_ms <= now_ms + STORE_HOLD_MS;
}

/* A deletion of somebody of whom other things could still leave behind it, and bring the profile back. */
static bool is_too_early(struct memory *memory, const struct delivery *row)
{
	return row->kind == KLAVIYO_PROFILE && row->op == DELIVERY_DELETE &&
	       memory_erase_runs(memory, row->store_id, row->root.id);
}

/* An event of who is back before their deletion would go with it; a refused one holds nothing. */
static bool is_deleted_yet(struct memory *memory, const struct delivery *row)
{
	struct str person = row->parent_external_id;

	if (row->kind != KLAVIYO_EVENT || !memory_erase_is(memory, row->store_id, person))
		return true;
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *other = &memory->delivery.at[i].row;

		if (other->account_id == row->account_id && other->kind == KLAVIYO_PROFILE &&
		    memory_delivery_undone(&memory->delivery.at[i]) && str_eq(other->external_id, person))
			return false;
	}
	return !memory_erase_runs(memory, row->store_id, person);
}

/* What may leave now, in order: first what waited, by the time it was due, then by id. */
static struct memory_delivery **candidates(struct memory *memory, int64_t now_ms,
					   const struct outbox_claim *claim, struct arena *arena, size_t *n)
{
	struct memory_delivery **candidate = ARENA_ARRAY(arena, memory->delivery.n, struct memory_delivery *);

	*n = 0;
	for (size_t i = 0; i < memory->delivery.n; i++) {
		struct memory_delivery *delivery = &memory->delivery.at[i];
		const struct delivery *row = &delivery->row;

		if (row->account_id == claim->account_id && row->kind == claim->kind &&
		    row->op == claim->op && row->priority == claim->priority &&
		    memory_delivery_queued(delivery) && is_due(row, now_ms) && !is_blocked(memory, row) &&
		    !held_back(memory, row, now_ms) && !account_waits(memory, row) &&
		    !in_doubt(memory, row, now_ms) && !memory_is_moving(memory, row) &&
		    !is_too_early(memory, row) && is_deleted_yet(memory, row))
			candidate[(*n)++] = delivery;
	}
	qsort(candidate, *n, sizeof(struct memory_delivery *), compare_candidates);
	return candidate;
}

/* How many of the candidates fit into the batch: at least one if there is any. */
static size_t batch_size(struct memory_delivery *const *candidate, size_t n_candidate,
			 const struct outbox_claim *claim)
{
	size_t n = 0, bytes = 0;

	while (n < n_candidate && n < claim->max_n) {
		const struct delivery *row = &candidate[n]->row;

		if (n > 0 && !store_may_share(&candidate[0]->row, n, row))
			break;
		bytes += row->body.len;
		if (n > 0 && bytes > claim->max_bytes)
			break;
		n++;
	}
	return n;
}

static void send(struct memory *memory, int64_t now_ms, struct memory_delivery *delivery, int64_t batch_id,
		 struct str endpoint)
{
	struct delivery *row = &delivery->row;
	struct audit_row audit = memory_delivery_audit(row, AUDIT_DELIVERY_SENT, endpoint);

	row->state = DELIVERY_SENDING;
	row->due_ms = 0;
	row->reason = STR("");
	delivery->batch_id = batch_id;
	memory_audit(memory, now_ms, &audit);
}

/* By id: what is skipped leaves the list. */
static void skip_all(struct memory *memory, int64_t now_ms, struct memory_delivery *const *candidate,
		     size_t n, struct str reason)
{
	struct arena arena;
	struct delivery *row;

	arena_init(&arena);
	row = ARENA_ARRAY(&arena, n, struct delivery);
	for (size_t i = 0; i < n; i++)
		row[i] = candidate[i]->row;
	for (size_t i = 0; i < n; i++) {
		memory_delivery_skip(memory, now_ms, row[i].id, AUDIT_DELIVERY_SKIPPED, reason);
		memory_ops_renew(memory, row[i].account_id, row[i].kind, row[i].external_id);
	}
	arena_release(&arena);
}

bool memory_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			 struct outbox_batch *batch, struct err *err)
{
	struct memory *memory = memory_lock(db);
	size_t n_candidate;
	struct memory_delivery **candidate = candidates(memory, now_ms, claim, arena, &n_candidate);
	size_t n = batch_size(candidate, n_candidate, claim);
	struct delivery *delivery = ARENA_ARRAY(arena, n, struct delivery);
	bool alone = n == 1 && claim->alone.endpoint.len > 0;
	struct str endpoint = alone ? claim->alone.endpoint : claim->endpoint;

	(void)err;
	*batch = (struct outbox_batch){ .delivery = delivery };
	if (claim->unwanted.len > 0) {
		skip_all(memory, now_ms, candidate, n, claim->unwanted);
		batch->n_skipped = n;
		goto out;
	}
	if (n == 0)
		goto out;
	*batch = (struct outbox_batch){
		.id = memory_next_id(memory, now_ms),
		.account_id = claim->account_id,
		.endpoint = arena_dup(arena, endpoint),
		.started_ms = now_ms,
		.delivery = delivery,
		.n = n,
	};
	*LIST_ADD(&memory->batch) = (struct memory_batch){ .row = *batch };
	memory->batch.at[memory->batch.n - 1].row.endpoint = memory_text(memory, endpoint);
	for (size_t i = 0; i < n; i++) {
		send(memory, now_ms, candidate[i], batch->id, endpoint);
		delivery[i] = delivery_dup(arena, &candidate[i]->row);
		delivery[i].person_now = arena_dup(arena, memory_person_now(memory, &delivery[i]));
	}
	memory_budget_save(memory, alone ? &claim->alone : &claim->budget);
out:
	memory_unlock(memory);
	return true;
}

/* ---- budgets ---- */

static int compare_budgets(const void *a, const void *b)
{
	const struct budget_row *left = a, *right = b;

	if (left->account_id != right->account_id)
		return left->account_id < right->account_id ? -1 : 1;
	return str_cmp(left->endpoint, right->endpoint);
}

void memory_budget_save(struct memory *memory, const struct budget_row *budget)
{
	struct budget_row *row = NULL;

	if (budget->endpoint.len == 0)
		return;
	for (size_t i = 0; i < memory->budget.n; i++)
		if (compare_budgets(&memory->budget.at[i], budget) == 0)
			row = &memory->budget.at[i];
	if (!row) {
		row = LIST_ADD(&memory->budget);
		row->account_id = budget->account_id;
		row->endpoint = memory_text(memory, budget->endpoint);
	}
	row->blob = memory_text(memory, budget->blob);
	qsort(memory->budget.at, memory->budget.n, sizeof(*memory->budget.at), compare_budgets);
}

bool memory_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*n = memory->budget.n;
	*row = ARENA_ARRAY(arena, *n, struct budget_row);
	for (size_t i = 0; i < *n; i++) {
		const struct budget_row *kept = &memory->budget.at[i];

		(*row)[i] = (struct budget_row){
			.account_id = kept->account_id,
			.endpoint = arena_dup(arena, kept->endpoint),
			.blob = arena_dup(arena, kept->blob),
		};
	}
	memory_unlock(memory);
	return true;
}

/* ---- cursors ---- */

static struct memory_cursor *find_cursor(struct memory *memory, int64_t account_id, struct str name)
{
	for (size_t i = 0; i < memory->cursor.n; i++)
		if (memory->cursor.at[i].account_id == account_id && str_eq(memory->cursor.at[i].name, name))
			return &memory->cursor.at[i];
	return NULL;
}

bool memory_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
		       struct str *value, struct err *err)
{
	struct memory *memory = memory_lock(db);
	const struct memory_cursor *cursor = find_cursor(memory, account_id, name);

	(void)err;
	*value = cursor ? arena_dup(arena, cursor->value) : STR("");
	memory_unlock(memory);
	return true;
}

static int compare_cursors(const void *a, const void *b)
{
	const struct cursor_row *left = a, *right = b;

	if (left->account_id != right->account_id)
		return left->account_id < right->account_id ? -1 : 1;
	return str_cmp(left->name, right->name);
}

bool memory_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = ARENA_ARRAY(arena, memory->cursor.n, struct cursor_row);
	*n = 0;
	for (size_t i = 0; i < memory->cursor.n; i++) {
		const struct memory_cursor *cursor = &memory->cursor.at[i];

		if (str_starts(cursor->name, prefix))
			(*row)[(*n)++] =
				(struct cursor_row){ cursor->account_id, arena_dup(arena, cursor->name),
						     arena_dup(arena, cursor->value) };
	}
	memory_unlock(memory);
	qsort(*row, *n, sizeof(**row), compare_cursors);
	return true;
}

static void put_cursor(struct memory *memory, const struct cursor_row *row)
{
	struct memory_cursor *cursor = find_cursor(memory, row->account_id, row->name);

	if (!cursor) {
		cursor = LIST_ADD(&memory->cursor);
		cursor->account_id = row->account_id;
		cursor->name = memory_text(memory, row->name);
	}
	cursor->value = memory_text(memory, row->value);
}

bool memory_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
			   struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)now_ms;
	(void)err;
	for (size_t i = 0; i < n; i++)
		put_cursor(memory, &row[i]);
	memory_unlock(memory);
	return true;
}

/* ---- the clock ---- */

static void set_earlier(int64_t *at_ms, int64_t back_ms)
{
	*at_ms = *at_ms - back_ms > 1 ? *at_ms - back_ms : 1;
}

static void set_all_earlier(struct memory *memory, int64_t back_ms)
{
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory->delivery.at[i].row.state == DELIVERY_WAITING)
			set_earlier(&memory->delivery.at[i].row.due_ms, back_ms);
	for (size_t i = 0; i < memory->due.n; i++) {
		set_earlier(&memory->due.at[i].due_ms, back_ms);
		set_earlier(&memory->due.at[i].first_ms, back_ms);
	}
	for (size_t i = 0; i < memory->batch.n; i++)
		set_earlier(&memory->batch.at[i].row.started_ms, back_ms);
}

bool memory_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct moment noted = memory->noted;

	(void)err;
	*back_ms = noted.wall_ms != 0 ? store_clock_back_ms(noted, now) : 0;
	if (*back_ms > 0)
		set_all_earlier(memory, *back_ms);
	memory->noted = now;
	memory_unlock(memory);
	return true;
}
