/*
 * SQLite backend: people whose profile gets another address: who somebody is now, what waits for that, and
 * what is left under a former address.
 *
 * Keeps:   few people move, and all is found by indexes that hold only those.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"

#include <limits.h>

/* ---- who somebody is now ---- */

#define MOVED \
	" FROM sent INDEXED BY sent_former WHERE account_id = ?1 AND kind > 3 AND kind < 5" \
	" AND accepted_parent <> ''"

bool sent_anybody_moved(struct tx *tx, int64_t account_id)
{
	struct query select = query(tx, "SELECT 1" MOVED " LIMIT 1");

	put_int(&select, 1, account_id);
	return query_int(&select, 0) == 1;
}

/* The address where a move leads and the id of that; false: there is none. */
static bool take_move(struct query *select, struct str *person, int64_t *id, struct arena *arena)
{
	if (!query_row(select))
		return false;
	*person = get_text(select, 0, arena);
	*id = get_int(select, 1);
	query_end(select);
	return true;
}

/* The first move away from that address after *id, told by a store there is; false: none. */
static bool next_address(struct tx *tx, int64_t account_id, struct str *person, int64_t *id,
			 struct arena *arena)
{
	struct query select = query(tx, "SELECT external_id, moved_id" MOVED " AND accepted_parent = ?2"
					" AND moved_id > ?3"
					" AND EXISTS (SELECT 1 FROM store WHERE store.id = sent.store_id)"
					" ORDER BY moved_id LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, *person);
	put_int(&select, 3, *id);
	return take_move(&select, person, id, arena);
}

struct str sent_person_now(struct tx *tx, const struct delivery *event, struct arena *arena)
{
	struct str person = event->parent_external_id;
	int64_t id = event->id;

	while (next_address(tx, event->account_id, &person, &id, arena)) {}
	return str_eq(person, event->parent_external_id) ? STR("") : person;
}

/* The first move to come from there, of those made after *id and before before_id; false: none. */
static bool next_to_come(struct tx *tx, int64_t account_id, struct str *person, int64_t *id,
			 int64_t before_id, struct arena *arena)
{
	struct query select =
		query(tx, "SELECT external_id, id FROM delivery INDEXED BY delivery_former WHERE"
			  " account_id = ?1 AND parent_external_id = ?2 AND id > ?3 AND id < ?4"
			  " AND kind > 3 AND kind < 5 AND parent_external_id <> '' AND state <= 2"
			  " ORDER BY id LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, *person);
	put_int(&select, 3, *id);
	put_int(&select, 4, before_id);
	return take_move(&select, person, id, arena);
}

struct str sent_person_to_be(struct tx *tx, const struct delivery *event, struct arena *arena)
{
	struct str person = event->parent_external_id;
	int64_t id = event->id;

	for (;;) {
		struct str accepted = person;
		int64_t accepted_id = id;
		bool moved = next_address(tx, event->account_id, &accepted, &accepted_id, arena);

		if (next_to_come(tx, event->account_id, &person, &id, moved ? accepted_id : INT64_MAX, arena))
			continue;
		if (!moved)
			break;
		person = accepted;
		id = accepted_id;
	}
	return str_eq(person, event->parent_external_id) ? STR("") : person;
}

/* ---- what waits ---- */

/* Is the profile that has that address to leave it, looked for by a delivery made after that one? */
static bool leaves(struct tx *tx, int64_t account_id, struct str person, int64_t after_id)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery INDEXED BY delivery_former WHERE account_id = ?1 AND"
			  " parent_external_id = ?2 AND id > ?3 AND kind > 3 AND kind < 5 AND"
			  " parent_external_id <> '' AND state <= 2 AND (state = 2 OR op = 1)"
			  " AND attempts < ?4 LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, person);
	put_int(&select, 3, after_id);
	put_int(&select, 4, STORE_HOLD_ATTEMPTS);
	return query_int(&select, 0) == 1;
}

/* Is a profile to get that address? Once it was tried attempts times it does not count. */
static bool arrives(struct tx *tx, int64_t account_id, struct str person, int attempts)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery INDEXED BY delivery_move WHERE account_id = ?1 AND"
			  " external_id = ?2 AND kind > 3 AND kind < 5 AND parent_external_id <> ''"
			  " AND state <= 2 AND attempts < ?3 LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, person);
	put_int(&select, 3, attempts);
	return query_int(&select, 0) == 1;
}

bool event_waits(struct tx *tx, const struct delivery *event)
{
	return event->person_now.len > 0 &&
	       (leaves(tx, event->account_id, event->person_now, event->id) ||
		arrives(tx, event->account_id, event->person_now, STORE_HOLD_ATTEMPTS));
}

static bool is_being_told(struct tx *tx, int64_t account_id, struct str person)
{
	struct query select =
		query(tx, "SELECT 1 FROM delivery INDEXED BY delivery_person WHERE account_id = ?1 AND"
			  " parent_external_id = ?2 AND kind > 2 AND kind < 4 AND state IN (1, 2)"
			  " AND state > 1 LIMIT 1");

	put_int(&select, 1, account_id);
	put_text(&select, 2, person);
	return query_int(&select, 0) == 1;
}

bool move_waits(struct tx *tx, const struct delivery *move, struct arena *arena)
{
	struct str person[STORE_ADDRESSES_MAX] = { move->parent_external_id };
	struct sent_row sent;
	size_t n = 1;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && is_being_told(tx, move->account_id, person[i]))
			return true;
		if (n < STORE_ADDRESSES_MAX &&
		    sent_get(tx, move->account_id, KLAVIYO_PROFILE, person[i], arena, &sent) &&
		    !store_is_listed(person, n, sent.state.accepted_parent))
			person[n++] = sent.state.accepted_parent;
	}
	return false;
}

/* ---- what is left under a former address ---- */

bool consent_has_moved(struct tx *tx, const struct delivery *consent, struct arena *arena)
{
	struct str person = store_consent_email(consent);
	struct sent_row sent;
	int64_t id = 0;

	return person.len > 0 && !mutant_is(MUTANT_consent_left) &&
	       sent_get(tx, consent->account_id, KLAVIYO_PROFILE, person, arena, &sent) &&
	       !sent.state.exists && next_address(tx, consent->account_id, &person, &id, arena);
}

void former_learn(struct tx *tx, const struct delivery *delivery,
		  const struct delivery_settlement *settlement, struct arena *arena)
{
	struct delivery whole = *delivery;
	struct sent_row row, before;
	bool known, exists;

	if (delivery->kind != KLAVIYO_PROFILE || delivery->parent_external_id.len == 0)
		return;
	whole.body = delivery_body_read(tx, delivery->id, arena);
	if (!store_learns_former(&whole, settlement, &exists))
		return;
	known = sent_get(tx, delivery->account_id, KLAVIYO_PROFILE, delivery->parent_external_id, arena,
			 &row);
	before = row;
	if (!known) {
		row.store_id = delivery->store_id;
		row.root = (struct entity){ ENTITY_PERSON, delivery->parent_external_id };
	}
	row.state.exists = exists;
	sent_put(tx, known ? &before : NULL, &row);
}

bool move_stays(struct tx *tx, const struct delivery *older, const struct delivery *newer,
		struct arena *arena)
{
	struct str person = older->external_id;
	int64_t id = older->id;

	if (older->kind != KLAVIYO_PROFILE || older->parent_external_id.len == 0 ||
	    older->op == DELIVERY_DELETE || newer->op == DELIVERY_DELETE)
		return false;
	return store_leads_on(older, newer) ||
	       next_to_come(tx, older->account_id, &person, &id, INT64_MAX, arena);
}

/* Not while somebody is about to have that address (again): what is told of it is theirs. */
void former_end(struct tx *tx, const struct delivery *move, struct arena *arena)
{
	struct delivery key = { .account_id = move->account_id, .kind = KLAVIYO_CONSENT };
	struct delivery_row row;

	if (move->kind != KLAVIYO_PROFILE || move->parent_external_id.len == 0 ||
	    arrives(tx, move->account_id, move->parent_external_id, INT_MAX))
		return;
	key.external_id = arena_printf(arena, "email:%.*s", STR_ARG(move->parent_external_id));
	for (int64_t after = 0; delivery_of_entity(tx, &key, after, arena, &row); after = row.delivery.id)
		if (delivery_queued(&row.delivery) && consent_has_moved(tx, &row.delivery, arena))
			delivery_skip(tx, &row, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_MOVED), arena);
}
