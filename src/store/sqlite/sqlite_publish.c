/*
 * SQLite backend: publishing roots: what is wanted now, and the deliveries that bring it about.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

/* ---- deliveries ---- */

struct publishing {
	struct tx *tx;
	struct arena *arena;
	const struct catalog_publication *publication;
	enum priority priority;
	int64_t first_id; /* deliveries from here on are of this publication */
};

/* Undone deliveries of the entity that a new one finds. */
struct replaced {
	bool any;     /* is left undone */
	bool updates; /* were replaced, and nothing else */
	bool delete_ahead;
	enum priority priority; /* the most urgent of those replaced */
};

/*
 * Ends the queued deliveries of the entity that earlier publications made. A delete stays when the entity
 * has to be deleted before it can be created anew.
 */
static struct replaced replace_queued(const struct publishing *publishing, struct delivery *by,
				      const struct sent_state *sent)
{
	bool keep_delete = by->op != DELIVERY_DELETE && store_sent_moves(sent, by->parent_external_id);
	struct replaced found = { .priority = by->priority };
	struct delivery_row old;
	bool deleted = false;

	if (!store_kind_replaces(by->kind))
		return found;
	for (int64_t after = 0; delivery_of_entity(publishing->tx, by, after, publishing->arena, &old);
	     after = old.delivery.id) {
		bool deletes = old.delivery.op == DELIVERY_DELETE;
		bool queued = delivery_queued(&old.delivery) || mutant_is(MUTANT_coalesced_in_flight);

		if (queued)
			store_inherit_former(by, &old.delivery);
		if (!queued || old.delivery.id >= publishing->first_id || (keep_delete && deletes) ||
		    move_stays(publishing->tx, &old.delivery, by, publishing->arena)) {
			found.any = true;
			found.delete_ahead = found.delete_ahead || deletes;
			continue;
		}
		if (old.delivery.priority < found.priority)
			found.priority = old.delivery.priority;
		found.updates = true;
		deleted = deleted || deletes;
		delivery_skip(publishing->tx, &old, AUDIT_DELIVERY_SKIPPED,
			      store_text_replaced(publishing->arena, by->id), publishing->arena);
	}
	found.updates = found.updates && !deleted;
	return found;
}

static struct delivery_row new_row(const struct publishing *publishing, const struct delivery_new *new)
{
	const struct catalog_publication *publication = publishing->publication;

	return (struct delivery_row){ .delivery = {
					      .id = tx_id(publishing->tx),
					      .account_id = publication->account_id,
					      .store_id = publication->store_id,
					      .kind = new->kind,
					      .op = new->op,
					      .priority = publishing->priority,
					      .state = DELIVERY_READY,
					      .external_id = new->external_id,
					      .parent_external_id = new->parent_external_id,
					      .body = new->body,
					      .hash = new->hash,
					      .root = publication->root,
					      .message_id = publication->message_id,
					      .copy_of = new->copy_of,
					      .created_ms = publishing->tx->now_ms,
				      } };
}

static void deliver(const struct publishing *publishing, const struct delivery_new *new)
{
	struct tx *tx = publishing->tx;
	struct delivery_row row = new_row(publishing, new);
	struct delivery *delivery = &row.delivery;
	struct sent_row sent =
		sent_take(tx, delivery->account_id, (struct found_key){ new->kind, new->external_id },
			  delivery->store_id, delivery->root, publishing->arena);
	struct replaced found = replace_queued(publishing, delivery, &sent.state);
	struct audit_row audit;
	bool unheard_of, has_it;

	delivery->priority = found.priority;
	has_it = found.updates && !found.any && store_sent_has(&sent.state, delivery);
	unheard_of = klaviyo_kind_is_catalog(delivery->kind) && delivery->op == DELIVERY_DELETE &&
		     !sent.state.exists && !sent.state.left && !found.any;
	if (klaviyo_kind_is_catalog(delivery->kind) && delivery->op != DELIVERY_DELETE)
		delivery->op = store_upsert_op(&sent.state, found.delete_ahead);
	/* What replacing wrote of it is written over: this is newer. */
	store_sent_want(&sent.state, delivery->id, delivery->op, delivery->hash,
			delivery->parent_external_id);
	sent_put(tx, NULL, &sent);
	count_account(tx, &(struct account_change){ .account_id = delivery->account_id, .created = 1 });
	delivery_insert(tx, &row, publishing->arena);
	pull_ahead(tx, &row, publishing->arena);
	audit = delivery_audit(delivery, AUDIT_DELIVERY_CREATED,
			       store_text_copy(publishing->arena, delivery->copy_of));
	audit_add(tx, &audit);
	if (unheard_of)
		delivery_skip(tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_NEVER_REACHED),
			      publishing->arena);
	else if (has_it)
		delivery_skip(tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_HAS_ALREADY),
			      publishing->arena);
}

/* ---- held ---- */

static bool held_read(struct tx *tx, const struct catalog_publication *publication, struct arena *arena,
		      struct str *reason)
{
	struct query select =
		query(tx, "SELECT reason FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_entity(&select, 1, publication->store_id, publication->root);
	if (!query_row(&select))
		return false;
	*reason = get_text(&select, 0, arena);
	query_end(&select);
	return true;
}

static void held_remove(struct tx *tx, const struct catalog_publication *publication)
{
	struct query remove = query(tx, "DELETE FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_entity(&remove, 1, publication->store_id, publication->root);
	query_run(&remove);
	count_store(tx, &(struct store_change){ .store_id = publication->store_id, .n_held = -1 });
}

static void held_write(struct tx *tx, const struct catalog_publication *publication, bool was_held)
{
	struct query write = query(
		tx, "INSERT INTO held VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET reason = ?5");

	put_entity(&write, 1, publication->store_id, publication->root);
	put_int(&write, 4, tx->now_ms);
	put_text(&write, 5, publication->held);
	query_run(&write);
	count_store(tx, &(struct store_change){ .store_id = publication->store_id, .n_held = !was_held });
}

/* Holds or releases the root; true if that changed anything, with *code saying what. */
static bool hold(struct tx *tx, const struct catalog_publication *publication, struct arena *arena,
		 enum audit_code *code)
{
	struct str reason = STR("");
	bool was_held = held_read(tx, publication, arena, &reason);

	*code = publication->held.len > 0 ? AUDIT_ROOT_HELD : AUDIT_ROOT_RELEASED;
	if (!was_held && publication->held.len == 0)
		return false;
	if (was_held && publication->held.len > 0 && str_eq(reason, publication->held))
		return false;
	if (publication->held.len > 0)
		held_write(tx, publication, was_held);
	else
		held_remove(tx, publication);
	return true;
}

/* ---- one root ---- */

static void audit_root(struct tx *tx, const struct catalog_publication *publication, enum audit_code code,
		       struct str reason)
{
	audit_add(tx, &(struct audit_row){ .code = code,
					   .store_id = publication->store_id,
					   .account_id = publication->account_id,
					   .message_id = publication->message_id,
					   .root = publication->root,
					   .reason = reason });
}

/* Its seq, or 0 if it is not due; *priority stays as it is then. */
static int64_t due_read(struct tx *tx, const struct catalog_publication *publication, enum priority *priority)
{
	struct query select =
		query(tx, "SELECT seq, priority FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	int64_t seq = 0;

	put_entity(&select, 1, publication->store_id, publication->root);
	if (query_row(&select)) {
		seq = get_int(&select, 0);
		*priority = get_priority(&select, 1);
		query_end(&select);
	}
	return seq;
}

static void touch_dependants(const struct publishing *publishing)
{
	const struct catalog_publication *publication = publishing->publication;
	struct entity after = { .id = STR("") };
	int64_t seq = tx_id(publishing->tx);
	struct entity *root;
	size_t n;
	bool more = dependants(publishing->tx, publication->store_id, publication->root, &after,
			       STORE_DEPENDANTS_AT_ONCE, publishing->arena, &root, &n);

	for (size_t i = 0; i < n; i++)
		due_now(publishing->tx, publication->store_id, root[i], seq);
	if (more)
		sweep_add(publishing->tx, publication->store_id, publication->root, after);
}

/* Subscriptions that must not leave any more. */
static void withdraw(const struct publishing *publishing, struct str external_id)
{
	const struct catalog_publication *publication = publishing->publication;
	struct delivery key = { .account_id = publication->account_id,
				.kind = KLAVIYO_CONSENT,
				.external_id = external_id };
	struct delivery_row row;

	for (int64_t after = 0; delivery_of_entity(publishing->tx, &key, after, publishing->arena, &row);
	     after = row.delivery.id)
		if (delivery_queued(&row.delivery) && row.delivery.op == DELIVERY_CREATE &&
		    row.delivery.id < publishing->first_id)
			delivery_skip(publishing->tx, &row, AUDIT_DELIVERY_SKIPPED,
				      publication->withdraw_reason, publishing->arena);
}

/* It stays due, for another look at that time, unless facts came meanwhile. */
static void look_again(struct tx *tx, const struct catalog_publication *publication)
{
	struct query update = query(tx, "UPDATE due SET due_ms = ?5, first_ms = iif(?6 > 0, ?6, first_ms)"
					" WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND seq = ?4");

	put_entity(&update, 1, publication->store_id, publication->root);
	put_int(&update, 4, publication->due_seq);
	put_int(&update, 5, publication->again_ms);
	put_int(&update, 6, publication->again_first_ms);
	query_run(&update);
}

static void publish_root(struct tx *tx, const struct catalog_publication *publication, enum priority priority,
			 struct arena *arena)
{
	struct publishing publishing = { tx, arena, publication, .priority = priority };
	enum audit_code code;
	bool changed;

	publishing.first_id = tx_last_id(tx) + 1;
	changed = hold(tx, publication, arena, &code);
	if (changed)
		audit_root(tx, publication, code, publication->held);
	if (publication->n_delivery > 0)
		audit_root(tx, publication, AUDIT_ROOT_PUBLISHED, publication->note);
	else if (!changed)
		audit_root(tx, publication, AUDIT_ROOT_UNCHANGED, publication->note);
	for (size_t i = 0; i < publication->n_withdraw; i++)
		withdraw(&publishing, publication->withdraw[i]);
	for (size_t i = 0; i < publication->n_delivery; i++)
		deliver(&publishing, &publication->delivery[i]);
	if (publication->n_forget > 0 &&
	    due_read(tx, publication, &(enum priority){ 0 }) == publication->due_seq)
		parts_forget(tx, publication, arena);
	if (publication->again_ms > 0)
		look_again(tx, publication);
	else
		due_remove(tx, publication->store_id, publication->root, publication->due_seq);
	if (publication->touch_dependants)
		touch_dependants(&publishing);
}

/* Of somebody who is being erased nothing is told any more; what comes later is looked at afterwards. */
static void publish(struct tx *tx, const struct catalog_publication *publication, enum priority priority,
		    struct arena *arena)
{
	struct catalog_publication nothing = store_publish_nothing(publication);
	bool erased = erase_owns(tx, publication->store_id, publication->root);

	publish_root(tx, erased ? &nothing : publication, priority, arena);
}

/* The account of the store that was asked for last: roots of a store mostly come together. */
struct store_known {
	int64_t store_id; /* 0 = none yet */
	int64_t account_id;
};

/*
 * Not for an account that is no longer the store's (the root stays due), and not twice. *priority: of what
 * made it due.
 */
static bool may_publish(struct tx *tx, const struct catalog_publication *publication,
			struct store_known *known, enum priority *priority)
{
	if (known->store_id != publication->store_id)
		*known = (struct store_known){ publication->store_id,
					       account_of_store(tx, publication->store_id) };
	*priority = PRIORITY_REALTIME;
	return known->account_id == publication->account_id &&
	       (due_read(tx, publication, priority) != 0 || publication->due_seq == 0);
}

void publish_now(struct tx *tx, const struct catalog_publication *publication, enum priority priority,
		 struct arena *arena)
{
	if (account_of_store(tx, publication->store_id) == publication->account_id)
		publish(tx, publication, priority, arena);
}

bool sqlite_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication,
			    size_t n, struct err *err)
{
	struct store_known known = { 0 };
	enum priority priority;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_catalog_publish, now_ms, err))
		return false;
	arena_init(&arena);
	for (size_t i = 0; i < n && tx.rc == SQLITE_OK; i++)
		if (may_publish(&tx, &publication[i], &known, &priority))
			publish(&tx, &publication[i], priority, &arena);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
