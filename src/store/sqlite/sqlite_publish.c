/*
 * SQLite backend: publishing roots: what is wanted now, and the deliveries that bring it about.
 */
#include "store/sqlite/sqlite_internal.h"

/* ---- deliveries ---- */

struct publishing {
	struct tx *tx;
	struct arena *arena;
	const struct catalog_publication *publication;
	enum priority priority;
	int64_t first_id;          /* deliveries from here on are of this publication */
};

/* The row of an entity, now of this root. What a store that is gone knew of it is forgotten. */
static struct sent_row sent_take(const struct publishing *publishing, const struct delivery_new *new)
{
	const struct catalog_publication *publication = publishing->publication;
	struct sent_row sent;

	if (sent_get(publishing->tx, publication->account_id, new->kind, new->external_id, publishing->arena, &sent) &&
	    sent.store_id != publication->store_id && account_of_store(publishing->tx, sent.store_id) == 0)
		sent.state = (struct sent_state){ 0 };
	sent.store_id = publication->store_id;
	sent.root = publication->root;
	return sent;
}

/*
 * Ends the queued deliveries of the entity that earlier publications made. A delete stays when the entity has to be deleted
 * before it can be created anew. Gives the most urgent priority among the new one's and those replaced.
 */
static enum priority replace_queued(const struct publishing *publishing, const struct delivery *by,
				    const struct sent_state *sent)
{
	bool keep_delete = by->op != DELIVERY_DELETE && store_sent_moves(sent, by->parent_external_id);
	enum priority priority = by->priority;
	struct delivery_row old;

	for (int64_t after = 0; delivery_of_entity(publishing->tx, by, after, publishing->arena, &old);
	     after = old.delivery.id) {
		if (!delivery_queued(&old.delivery) || old.delivery.id >= publishing->first_id ||
		    (keep_delete && old.delivery.op == DELIVERY_DELETE))
			continue;
		if (old.delivery.priority < priority)
			priority = old.delivery.priority;
		delivery_skip(publishing->tx, &old, AUDIT_DELIVERY_SKIPPED,
			      store_text_replaced(publishing->arena, by->id), publishing->arena);
	}
	return priority;
}

static bool has_undone(struct tx *tx, const struct delivery *delivery)
{
	struct query select = query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3"
					" AND state <= 2 LIMIT 1");

	put_int(&select, 1, delivery->account_id);
	put_int(&select, 2, delivery->kind);
	put_text(&select, 3, delivery->external_id);
	return query_int(&select, 0) == 1;
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
		.created_ms = publishing->tx->now_ms,
	} };
}

static void deliver(const struct publishing *publishing, const struct delivery_new *new)
{
	struct tx *tx = publishing->tx;
	struct sent_row sent = sent_take(publishing, new);
	struct delivery_row row = new_row(publishing, new);
	struct delivery *delivery = &row.delivery;
	struct audit_row audit;
	bool unheard_of;

	/* Written first: replacing older deliveries reads and reverts it. */
	sent_put(tx, &sent);
	delivery->priority = replace_queued(publishing, delivery, &sent.state);
	(void)sent_get(tx, sent.account_id, sent.kind, sent.external_id, publishing->arena, &sent);
	unheard_of = delivery->op == DELIVERY_DELETE && !sent.state.exists && !sent.state.left && !has_undone(tx, delivery);
	if (delivery->op != DELIVERY_DELETE)
		delivery->op = store_upsert_op(&sent.state, delete_ahead(tx, delivery));
	store_sent_want(&sent.state, delivery->id, delivery->op, delivery->hash, delivery->parent_external_id);
	sent_put(tx, &sent);
	account_count_add(tx, delivery->account_id, 1, 0, 0, 0);
	delivery_insert(tx, &row, publishing->arena);
	audit = delivery_audit(delivery, AUDIT_DELIVERY_CREATED, STR(""));
	audit_add(tx, &audit);
	if (unheard_of)
		delivery_skip(tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_NEVER_REACHED), publishing->arena);
}

/* ---- held ---- */

static bool held_read(struct tx *tx, const struct catalog_publication *publication, struct arena *arena,
		      struct str *reason)
{
	struct query select = query(tx, "SELECT reason FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_int(&select, 1, publication->store_id);
	put_int(&select, 2, publication->root.kind);
	put_text(&select, 3, publication->root.id);
	if (!query_row(&select))
		return false;
	*reason = get_text(&select, 0, arena);
	query_end(&select);
	return true;
}

static void held_write(struct tx *tx, const struct catalog_publication *publication)
{
	struct query write = query(tx, publication->held.len == 0 ?
		"DELETE FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3" :
		"INSERT INTO held VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET reason = ?5");

	put_int(&write, 1, publication->store_id);
	put_int(&write, 2, publication->root.kind);
	put_text(&write, 3, publication->root.id);
	if (publication->held.len > 0) {
		put_int(&write, 4, tx->now_ms);
		put_text(&write, 5, publication->held);
	}
	query_run(&write);
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
	held_write(tx, publication);
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
	struct query select = query(tx, "SELECT seq, priority FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	int64_t seq = 0;

	put_int(&select, 1, publication->store_id);
	put_int(&select, 2, publication->root.kind);
	put_text(&select, 3, publication->root.id);
	if (query_row(&select)) {
		seq = get_int(&select, 0);
		*priority = (enum priority)get_int(&select, 1);
		query_end(&select);
	}
	return seq;
}

static void due_remove(struct tx *tx, const struct catalog_publication *publication)
{
	struct query remove = query(tx, "DELETE FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND seq = ?4");

	put_int(&remove, 1, publication->store_id);
	put_int(&remove, 2, publication->root.kind);
	put_text(&remove, 3, publication->root.id);
	put_int(&remove, 4, publication->due_seq);
	query_run(&remove);
}

static void touch_dependants(const struct publishing *publishing)
{
	const struct catalog_publication *publication = publishing->publication;
	int64_t seq = tx_id(publishing->tx);
	size_t n;
	const struct entity *root = dependants(publishing->tx, publication->store_id, publication->root,
					       (struct entity){ .id = STR("") }, STORE_DEPENDANTS_AT_ONCE,
					       publishing->arena, &n);

	for (size_t i = 0; i < n; i++)
		due_now(publishing->tx, publication->store_id, root[i], seq);
	if (n == STORE_DEPENDANTS_AT_ONCE)
		sweep_add(publishing->tx, publication->store_id, publication->root, root[n - 1]);
}

static int64_t last_id(struct tx *tx)
{
	if (tx->last_id == 0) {
		struct query select = query(tx, "SELECT value FROM meta WHERE name = 'last_id'");

		tx->last_id = query_int(&select, 0);
	}
	return tx->last_id;
}

static void publish_root(struct tx *tx, const struct catalog_publication *publication, struct arena *arena)
{
	struct publishing publishing = { .tx = tx, .arena = arena, .publication = publication };
	enum audit_code code;
	bool changed;

	publishing.priority = PRIORITY_REALTIME;
	(void)due_read(tx, publication, &publishing.priority);
	publishing.first_id = last_id(tx) + 1;
	changed = hold(tx, publication, arena, &code);
	if (changed)
		audit_root(tx, publication, code, publication->held);
	if (publication->n_delivery > 0)
		audit_root(tx, publication, AUDIT_ROOT_PUBLISHED, publication->note);
	else if (!changed)
		audit_root(tx, publication, AUDIT_ROOT_UNCHANGED, publication->note);
	for (size_t i = 0; i < publication->n_delivery; i++)
		deliver(&publishing, &publication->delivery[i]);
	due_remove(tx, publication);
	if (publication->touch_dependants)
		touch_dependants(&publishing);
}

/* Not for an account that is no longer the store's (the root stays due), and not twice. */
static bool may_publish(struct tx *tx, const struct catalog_publication *publication)
{
	enum priority priority;

	return account_of_store(tx, publication->store_id) == publication->account_id &&
	       (publication->due_seq == 0 || due_read(tx, publication, &priority) != 0);
}

bool sqlite_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication, size_t n,
			    struct err *err)
{
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_catalog_publish, now_ms, err))
		return false;
	arena_init(&arena);
	for (size_t i = 0; i < n && tx.rc == SQLITE_OK; i++)
		if (may_publish(&tx, &publication[i]))
			publish_root(&tx, &publication[i], &arena);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
