/*
 * Memory backend: publishing roots: what is wanted now, and the deliveries that bring it about.
 */
#include "store/memory/memory_internal.h"

#include <string.h>

static int sent_cmp(const struct memory_sent *sent, int64_t account_id, enum klaviyo_kind kind,
		    struct str external_id)
{
	if (sent->account_id != account_id)
		return sent->account_id < account_id ? -1 : 1;
	if (sent->kind != kind)
		return sent->kind < kind ? -1 : 1;
	return str_cmp(sent->external_id, external_id);
}

struct memory_sent *memory_sent(struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
				struct str external_id)
{
	for (size_t i = 0; i < memory->sent.n; i++)
		if (sent_cmp(&memory->sent.at[i], account_id, kind, external_id) == 0)
			return &memory->sent.at[i];
	return NULL;
}

static struct memory_sent *sent_make(struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
				     struct str external_id)
{
	struct memory_sent *sent = memory_sent(memory, account_id, kind, external_id);
	size_t i = 0;

	if (sent)
		return sent;
	while (i < memory->sent.n && sent_cmp(&memory->sent.at[i], account_id, kind, external_id) < 0)
		i++;
	(void)LIST_ADD(&memory->sent);
	sent = &memory->sent.at[i];
	memmove(sent + 1, sent, (memory->sent.n - 1 - i) * sizeof(*sent));
	*sent = (struct memory_sent){
		.account_id = account_id,
		.kind = kind,
		.external_id = memory_text(memory, external_id),
	};
	return sent;
}

struct memory_sent *memory_sent_take(struct memory *memory, int64_t account_id, struct found_key key,
				     int64_t store_id, struct entity root)
{
	struct memory_sent *sent = sent_make(memory, account_id, key.kind, key.external_id);

	if (sent->store_id != store_id && !memory_store(memory, sent->store_id))
		sent->state = (struct sent_state){ 0 };
	sent->store_id = store_id;
	sent->root = memory_entity_key(memory, root);
	return sent;
}

/*
 * Ends the queued deliveries of the entity that earlier publications made. A delete stays when the entity
 * has to be deleted before it can be created anew. Returns the most urgent priority among `priority` and
 * those replaced. *updates: some were, and none was a delete.
 */
static enum priority replace_queued(struct memory *memory, int64_t now_ms, struct delivery *by,
				    const struct sent_state *sent, int64_t first_id, bool *updates)
{
	enum priority priority = by->priority;
	bool deleted = false;
	bool keep_delete = by->op != DELIVERY_DELETE && store_sent_moves(sent, by->parent_external_id);
	struct arena arena;

	*updates = false;
	if (!store_kind_replaces(by->kind))
		return priority;
	arena_init(&arena);
	for (size_t i = 0; i < memory->delivery.n;) {
		const struct memory_delivery *old = &memory->delivery.at[i];
		bool queued = memory_delivery_queued(old) && memory_same_entity(&old->row, by);

		if (queued)
			store_inherit_former(by, &old->row);
		if (!queued || old->row.id >= first_id || (keep_delete && old->row.op == DELIVERY_DELETE) ||
		    memory_move_stays(memory, &old->row, by)) {
			i++;
			continue;
		}
		if (old->row.priority < priority)
			priority = old->row.priority;
		*updates = true;
		deleted |= old->row.op == DELIVERY_DELETE;
		memory_delivery_skip(memory, now_ms, old->row.id, AUDIT_DELIVERY_SKIPPED,
				     store_text_replaced(&arena, by->id));
	}
	*updates = *updates && !deleted;
	arena_release(&arena);
	return priority;
}

static bool has_undone(const struct memory *memory, const struct delivery *delivery)
{
	for (size_t i = 0; i < memory->delivery.n; i++)
		if (memory_delivery_undone(&memory->delivery.at[i]) &&
		    memory_same_entity(&memory->delivery.at[i].row, delivery))
			return true;
	return false;
}

static void deliver(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
		    const struct delivery_new *new, enum priority priority, int64_t first_id)
{
	struct memory_sent *sent = memory_sent_take(memory, publication->account_id,
						    (struct found_key){ new->kind, new->external_id },
						    publication->store_id, publication->root);
	struct delivery row = {
		.id = memory_next_id(memory, now_ms),
		.account_id = publication->account_id,
		.store_id = publication->store_id,
		.kind = new->kind,
		.op = new->op,
		.priority = priority,
		.state = DELIVERY_READY,
		.external_id = new->external_id,
		.parent_external_id = new->parent_external_id,
		.body = new->body,
		.hash = new->hash,
		.root = publication->root,
		.message_id = publication->message_id,
		.copy_of = new->copy_of,
		.created_ms = now_ms,
	};
	bool unheard_of, has_it;
	struct audit_row audit;

	row.priority = replace_queued(memory, now_ms, &row, &sent->state, first_id, &has_it);
	has_it = has_it && !has_undone(memory, &row) && store_sent_has(&sent->state, &row);
	unheard_of = klaviyo_kind_is_catalog(row.kind) && row.op == DELIVERY_DELETE && !sent->state.exists &&
		     !sent->state.left && !has_undone(memory, &row);
	if (klaviyo_kind_is_catalog(row.kind) && row.op != DELIVERY_DELETE)
		row.op = store_upsert_op(&sent->state, memory_delete_ahead(memory, &row));
	store_sent_want(&sent->state, row.id, row.op, row.hash, memory_text(memory, row.parent_external_id));
	memory_account_count(memory, row.account_id)->created++;
	LIST_ADD(&memory->delivery)->row = delivery_dup(&memory->arena, &row);
	memory_pull_ahead(memory, &row);
	audit = memory_delivery_audit(&row, AUDIT_DELIVERY_CREATED,
				      store_text_copy(&memory->arena, row.copy_of));
	memory_audit(memory, now_ms, &audit);
	if (unheard_of)
		memory_delivery_skip(memory, now_ms, row.id, AUDIT_DELIVERY_SKIPPED,
				     STR(STORE_TEXT_NEVER_REACHED));
	else if (has_it)
		memory_delivery_skip(memory, now_ms, row.id, AUDIT_DELIVERY_SKIPPED,
				     STR(STORE_TEXT_HAS_ALREADY));
}

/* ---- held ---- */

static struct held_row *find_held(struct memory *memory, int64_t store_id, struct entity root)
{
	for (size_t i = 0; i < memory->held.n; i++)
		if (memory->held.at[i].store_id == store_id && entity_eq(memory->held.at[i].root, root))
			return &memory->held.at[i];
	return NULL;
}

/* Holds or releases the root; true if that changed anything, with *code saying what. */
static bool hold(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
		 enum audit_code *code)
{
	struct held_row *held = find_held(memory, publication->store_id, publication->root);

	*code = AUDIT_ROOT_RELEASED;
	if (publication->held.len == 0) {
		if (held)
			LIST_REMOVE(&memory->held, (size_t)(held - memory->held.at));
		return held != NULL;
	}
	*code = AUDIT_ROOT_HELD;
	if (held && str_eq(held->reason, publication->held))
		return false;
	if (!held) {
		held = LIST_ADD(&memory->held);
		*held = (struct held_row){
			.store_id = publication->store_id,
			.root = memory_entity_key(memory, publication->root),
			.since_ms = now_ms,
		};
	}
	held->reason = memory_text(memory, publication->held);
	return true;
}

/* ---- one root ---- */

static void audit_root(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
		       enum audit_code code, struct str reason)
{
	memory_audit(memory, now_ms,
		     &(struct audit_row){ .code = code,
					  .store_id = publication->store_id,
					  .account_id = publication->account_id,
					  .message_id = publication->message_id,
					  .root = publication->root,
					  .reason = reason });
}

static void touch_dependants(struct memory *memory, int64_t now_ms,
			     const struct catalog_publication *publication)
{
	struct entity after = { .id = STR("") };
	struct entity *root;
	struct arena arena;
	int64_t seq = memory_next_id(memory, now_ms);
	bool more;
	size_t n;

	arena_init(&arena);
	more = memory_dependants(memory, publication->store_id, publication->root, &after,
				 STORE_DEPENDANTS_AT_ONCE, &arena, &root, &n);
	for (size_t i = 0; i < n; i++)
		memory_due_now(memory, publication->store_id, root[i], now_ms, seq);
	if (more)
		memory_sweep_add(memory, publication->store_id, publication->root, after);
	arena_release(&arena);
}

/* Subscriptions that must not leave any more. */
static void withdraw(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
		     struct str external_id)
{
	for (size_t i = 0; i < memory->delivery.n;) {
		const struct memory_delivery *delivery = &memory->delivery.at[i];

		if (delivery->row.account_id == publication->account_id &&
		    delivery->row.kind == KLAVIYO_CONSENT && delivery->row.op == DELIVERY_CREATE &&
		    str_eq(delivery->row.external_id, external_id) && memory_delivery_queued(delivery))
			memory_delivery_skip(memory, now_ms, delivery->row.id, AUDIT_DELIVERY_SKIPPED,
					     publication->withdraw_reason);
		else
			i++;
	}
}

/* Nothing came since it was claimed. */
static void end_due(struct memory *memory, const struct catalog_publication *publication,
		    struct memory_due *due)
{
	if (publication->again_ms <= 0) {
		LIST_REMOVE(&memory->due, (size_t)(due - memory->due.at));
		return;
	}
	due->due_ms = publication->again_ms;
	if (publication->again_first_ms > 0)
		due->first_ms = publication->again_first_ms;
}

static void publish_root(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
			 enum priority priority)
{
	struct memory_due *due;
	int64_t first_id = memory->last_id + 1;
	enum audit_code code;
	bool changed = hold(memory, now_ms, publication, &code);

	if (changed)
		audit_root(memory, now_ms, publication, code, publication->held);
	if (publication->n_delivery > 0)
		audit_root(memory, now_ms, publication, AUDIT_ROOT_PUBLISHED, publication->note);
	else if (!changed)
		audit_root(memory, now_ms, publication, AUDIT_ROOT_UNCHANGED, publication->note);
	for (size_t i = 0; i < publication->n_withdraw; i++)
		withdraw(memory, now_ms, publication, publication->withdraw[i]);
	for (size_t i = 0; i < publication->n_delivery; i++)
		deliver(memory, now_ms, publication, &publication->delivery[i], priority, first_id);
	due = memory_due(memory, publication->store_id, publication->root);
	if (publication->n_forget > 0 && (due ? due->seq : 0) == publication->due_seq)
		memory_parts_forget(memory, publication);
	if (due && due->seq == publication->due_seq)
		end_due(memory, publication, due);
	if (publication->touch_dependants)
		touch_dependants(memory, now_ms, publication);
}

/* Of somebody who is being erased nothing is told any more; what comes later is looked at afterwards. */
static void publish(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
		    enum priority priority)
{
	struct catalog_publication nothing = store_publish_nothing(publication);

	publish_root(memory, now_ms,
		     memory_erase_owns(memory, publication->store_id, publication->root) ? &nothing
											 : publication,
		     priority);
}

static enum priority due_priority(struct memory *memory, const struct catalog_publication *publication)
{
	const struct memory_due *due = memory_due(memory, publication->store_id, publication->root);

	return due ? due->priority : PRIORITY_REALTIME;
}

/* Not for an account that is no longer the store's (the root stays due), and not twice. */
static bool may_publish(struct memory *memory, const struct catalog_publication *publication)
{
	const struct store_row *store = memory_store(memory, publication->store_id);

	return store && store->account_id == publication->account_id &&
	       (publication->due_seq == 0 || memory_due(memory, publication->store_id, publication->root));
}

void memory_publish_now(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
			enum priority priority)
{
	if (may_publish(memory, publication))
		publish(memory, now_ms, publication, priority);
}

bool memory_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication,
			    size_t n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	for (size_t i = 0; i < n; i++)
		if (may_publish(memory, &publication[i]))
			publish(memory, now_ms, &publication[i], due_priority(memory, &publication[i]));
	memory_unlock(memory);
	return true;
}
