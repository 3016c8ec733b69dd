/*
 * SQLite backend: taking a person out of one row.
 *
 * Keeps:   every step may be repeated: what is erased already is found no more, or changes nothing.
 *          Counters stay true, because rows end by the verbs' own steps before they are written over.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_audit.h"

/* An id that is the person's, or tells the person, as its digest; any other stays. */
static struct str id_without(const struct person_scan *scan, enum entity_kind kind, struct str id)
{
	bool tells = kind == ENTITY_PERSON || person_is_named(&scan->terms, id);

	return id.len > 0 && tells && !person_is_alias(id) ? person_alias(id, scan->arena) : id;
}

static struct str reason_without(const struct person_scan *scan, struct str reason)
{
	return person_is_told(&scan->terms, reason) ? STR(STORE_TEXT_PERSON_ERASED) : reason;
}

/* ---- messages ---- */

/* A failed one would be mapped again by whoever retries it; nothing is left of it to be mapped. */
static void discard_failed(struct tx *tx, int64_t store_id, int64_t id)
{
	struct query change = query(tx, "DELETE FROM message_failed WHERE id = ?1");

	put_int(&change, 1, id);
	query_run(&change);
	if (query_changes(&change) == 0)
		return;
	message_end(tx, id, MESSAGE_DISCARDED);
	change = query(tx, "UPDATE store_count SET failed = failed - 1, discarded = discarded + 1"
			   " WHERE store_id = ?1");
	put_int(&change, 1, store_id);
	query_run(&change);
	audit_add(tx, &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
					   .store_id = store_id,
					   .message_id = id,
					   .reason = STR(STORE_TEXT_PERSON_ERASED) });
}

static struct str source_id_of(struct tx *tx, int64_t id, bool in_day, struct arena *arena)
{
	struct query select =
		in_day ? query_day(tx, "SELECT source_id FROM message_%s WHERE id = ?1", store_id_day(id))
		       : query(tx, "SELECT source_id FROM message_kept WHERE id = ?1");
	struct str source_id = STR("");

	put_int(&select, 1, id);
	if (query_row(&select)) {
		source_id = get_text(&select, 0, arena);
		query_end(&select);
	}
	return source_id;
}

static void erase_body(const struct person_scan *scan, int64_t id, bool in_day)
{
	struct tx *tx = scan->tx;
	struct str source_id = source_id_of(tx, id, in_day, scan->arena);
	struct query update =
		in_day ? query_day(tx, "UPDATE message_%s SET body = ?2, source_id = ?3 WHERE id = ?1",
				   store_id_day(id))
		       : query(tx, "UPDATE message_kept SET body = ?2, source_id = ?3 WHERE id = ?1");

	put_int(&update, 1, id);
	put_blob(&update, 2, STR(STORE_BODY_ERASED));
	put_text(&update, 3, id_without(scan, ENTITY_ORDER, source_id));
	query_run(&update);
}

static void erase_message(const struct person_scan *scan, int64_t id)
{
	discard_failed(scan->tx, scan->search->store_id, id);
	if (day_exists(scan->tx, DAY_MESSAGE, store_id_day(id)))
		erase_body(scan, id, true);
	erase_body(scan, id, false);
}

/* ---- deliveries ---- */

/* Undone or failed: it ends; PERSON_ENDED comes by its row in the history. */
static void erase_queued(const struct person_scan *scan, int64_t id)
{
	struct delivery_row row;

	if (delivery_find(scan->tx, id, scan->arena, &row) && row.delivery.state != DELIVERY_SENDING)
		delivery_skip(scan->tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_PERSON_ERASED),
			      scan->arena);
}

static void erase_ended(const struct person_scan *scan, int64_t id, int64_t day)
{
	struct delivery_row row;
	struct query select, update;
	bool personal;

	if (!day_exists(scan->tx, DAY_DELIVERY, day))
		return;
	select = query_day(scan->tx, "SELECT " DELIVERY_COLUMNS " FROM delivery_%s WHERE id = ?1", day);
	put_int(&select, 1, id);
	if (!delivery_read_one(&select, scan->arena, &row))
		return;
	personal = row.delivery.kind == KLAVIYO_PROFILE || row.delivery.kind == KLAVIYO_CONSENT;
	update = query_day(scan->tx,
			   "UPDATE delivery_%s SET external_id = ?2, parent_external_id = '', bytes = 0,"
			   " root_id = ?3, reason = ?4 WHERE id = ?1",
			   day);
	put_int(&update, 1, id);
	put_text(&update, 2,
		 id_without(scan, personal ? ENTITY_PERSON : ENTITY_ORDER, row.delivery.external_id));
	put_text(&update, 3, id_without(scan, row.delivery.root.kind, row.delivery.root.id));
	put_text(&update, 4, reason_without(scan, row.delivery.reason));
	query_run(&update);
	if (!mutant_is(MUTANT_bodies_spared))
		delivery_body_remove(scan->tx, id);
}

/* ---- what was sent ---- */

/* Whose it is; a visitor that the shop has no id for has the person's. */
static struct entity sent_root(const struct person_scan *scan, const struct person_hit *hit)
{
	struct query select =
		query(scan->tx, "SELECT root_kind, root_id FROM sent WHERE account_id = ?1 AND kind = ?2"
				" AND external_id = ?3");
	struct entity root = { ENTITY_ORDER, STR("") };

	put_int(&select, 1, hit->account_id);
	put_int(&select, 2, hit->kind);
	put_text(&select, 3, hit->external_id);
	if (query_row(&select)) {
		root = (struct entity){ get_entity_kind(&select, 0), get_text(&select, 1, scan->arena) };
		query_end(&select);
	}
	return root;
}

/* Events are told once, also to nobody: their rows stay. Profile and consent are no more. */
static void erase_sent(const struct person_scan *scan, const struct person_hit *hit)
{
	struct entity root = sent_root(scan, hit);
	struct query change =
		hit->kind == KLAVIYO_EVENT
			? query(scan->tx,
				"UPDATE OR REPLACE sent SET external_id = ?4, parent_external_id = '',"
				" accepted_parent = '', root_id = ?5 WHERE account_id = ?1 AND kind = ?2"
				" AND external_id = ?3")
			: query(scan->tx,
				"DELETE FROM sent WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3"
				" AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.account_id = ?1 AND "
				"d.kind = ?2"
				" AND d.external_id = ?3 AND d.kind <> 3 AND d.state <= 2)");

	put_int(&change, 1, hit->account_id);
	put_int(&change, 2, hit->kind);
	put_text(&change, 3, hit->external_id);
	if (hit->kind == KLAVIYO_EVENT) {
		put_text(&change, 4, id_without(scan, ENTITY_ORDER, hit->external_id));
		put_text(&change, 5, id_without(scan, root.kind, root.id));
	}
	query_run(&change);
}

/* ---- audit ---- */

/* The run with the hit's root replaced in its row; NULL entries: it is none. */
static void put_entries(struct query *update, int at, const struct person_scan *scan,
			const struct person_hit *hit, struct str root_id)
{
	struct query select =
		query_day(scan->tx, "SELECT " AUDIT_COLUMNS " FROM audit_%s WHERE id = ?1", hit->day);
	struct audit_row *row = NULL;
	size_t n = 0;

	put_int(&select, 1, hit->run_id);
	if (query_row(&select)) {
		row = audit_rows_read(&select, scan->arena, &n);
		query_end(&select);
	}
	if (n < 2) {
		put_null(update, at);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (row[i].id == hit->id)
			row[i].root.id = root_id;
	put_blob(update, at, audit_entries_write(row, n, scan->arena));
}

/* The columns of a run of a batch name no root. */
static void erase_audit(const struct person_scan *scan, const struct person_hit *hit)
{
	struct str root_id = id_without(scan, hit->audit.root.kind, hit->audit.root.id);
	struct query update;

	if (!day_exists(scan->tx, DAY_AUDIT, hit->day))
		return;
	update = query_day(scan->tx,
			   "UPDATE audit_%s SET root_id = iif(high_delivery = 0, ?2, ''), root_bucket ="
			   " iif(high_delivery = 0, ?3, NULL), reason = ?4, entries = ?5 WHERE id = ?1",
			   hit->day);
	put_int(&update, 1, hit->run_id);
	put_text(&update, 2, root_id);
	if (root_id.len > 0)
		put_int(&update, 3, audit_root_bucket(root_id));
	else
		put_null(&update, 3);
	put_text(&update, 4, reason_without(scan, hit->audit.reason));
	put_entries(&update, 5, scan, hit, root_id);
	query_run(&update);
}

void erase_row(const struct person_scan *scan, const struct person_hit *hit)
{
	switch (hit->source) {
	case PERSON_QUEUE:
		erase_queued(scan, hit->id);
		break;
	case PERSON_ENDED:
		erase_ended(scan, hit->id, hit->day);
		break;
	case PERSON_SENT:
		erase_sent(scan, hit);
		break;
	case PERSON_MESSAGES:
	case PERSON_KEPT:
		if (!mutant_is(MUTANT_messages_spared))
			erase_message(scan, hit->id);
		break;
	case PERSON_AUDIT:
		erase_audit(scan, hit);
		break;
	case PERSON_FACTS:
	case PERSON_SOURCE_COUNT:
		break;
	}
}

/* ---- roots ---- */

static void remove_waiting(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query remove = query(tx, "DELETE FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	struct store_change change = { .store_id = store_id };

	put_entity(&remove, 1, store_id, root);
	query_run(&remove);
	change.n_due = -query_changes(&remove);
	remove = query(tx, "DELETE FROM held WHERE store_id = ?1 AND kind = ?2 AND id = ?3");
	put_entity(&remove, 1, store_id, root);
	query_run(&remove);
	change.n_held = -query_changes(&remove);
	count_store(tx, &change);
}

static int64_t count_facts(struct tx *tx, int64_t store_id, struct entity root, bool set)
{
	struct query select = query(tx, "SELECT count(*) FROM fact WHERE store_id = ?1 AND kind = ?2"
					" AND id = ?3 AND (is_set = 1 OR ?4 = 0)");

	put_entity(&select, 1, store_id, root);
	put_bool(&select, 4, set);
	return query_int(&select, 0);
}

/* What parts that are gone named. */
static void refs_remove(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query remove =
		query(tx, "DELETE FROM ref WHERE store_id = ?1 AND owner_kind = ?2 AND owner_id = ?3"
			  " AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.store_id = ?1 AND"
			  " f.kind = ?2 AND f.id = ?3 AND f.part = ref.part)");

	put_entity(&remove, 1, store_id, root);
	query_run(&remove);
}

/* Its parts that came later stay, and are looked at anew. */
static void keep_newer(struct tx *tx, int64_t store_id, struct entity root, struct arena *arena)
{
	struct entity_row before = entity_read(tx, store_id, root, arena), after = before;
	struct query key = query(tx, "SELECT 1 FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3"
				     " AND part = 'customer' AND is_set = 1");

	put_entity(&key, 1, store_id, root);
	if (root.kind == ENTITY_PERSON && query_int(&key, 0) == 0)
		after.sku = STR("");
	refs_remove(tx, store_id, root);
	after.n_set = count_facts(tx, store_id, root, true);
	entity_write(tx, store_id, root, &before, &after);
	due_now(tx, store_id, root, tx_id(tx));
}

void erase_root(struct tx *tx, int64_t store_id, struct entity root, int64_t until_id, struct arena *arena)
{
	struct query remove =
		query(tx, "DELETE FROM fact WHERE store_id = ?1 AND kind = ?2 AND id = ?3 AND seq <= ?4");
	struct entity_row none = { .root_id = STR(""), .sku = STR(""), .words = STR("") }, stone = none;

	put_entity(&remove, 1, store_id, root);
	put_int(&remove, 4, root.kind == ENTITY_ORDER ? INT64_MAX : until_id);
	query_run(&remove);
	remove_waiting(tx, store_id, root);
	/* What is left of a store that was removed goes with it. */
	if (account_of_store(tx, store_id) != 0 && count_facts(tx, store_id, root, false) > 0) {
		keep_newer(tx, store_id, root, arena);
		return;
	}
	entity_remove(tx, store_id, root);
	if (root.kind != ENTITY_ORDER)
		return;
	stone.known = true;
	stone.tombstone = (struct tombstone){ .deleted_ms = tx->now_ms, .seq = until_id };
	entity_write(tx, store_id, root, &none, &stone);
}
