/*
 * Memory backend: people whose profile gets another address: who somebody is now, what waits for that, and
 * what is left under a former address.
 */
#include "store/memory/memory_internal.h"

#include <limits.h>

/* ---- who somebody is now ---- */

/* The first move of a profile away from that address after *id, told by a store there is; false: none. */
static bool next_address(const struct memory *memory, int64_t account_id, struct str *person, int64_t *id)
{
	const struct memory_sent *next = NULL;

	for (size_t i = 0; i < memory->sent.n; i++) {
		const struct memory_sent *sent = &memory->sent.at[i];

		if (sent->account_id == account_id && sent->state.moved_id > *id &&
		    str_eq(sent->state.accepted_parent, *person) && memory_store(memory, sent->store_id) &&
		    (!next || sent->state.moved_id < next->state.moved_id))
			next = sent;
	}
	if (!next)
		return false;
	*person = next->external_id;
	*id = next->state.moved_id;
	return true;
}

struct str memory_person_now(const struct memory *memory, const struct delivery *event)
{
	struct str person = event->parent_external_id;
	int64_t id = event->id;

	if (event->kind != KLAVIYO_EVENT)
		return STR("");
	while (next_address(memory, event->account_id, &person, &id)) {}
	return str_eq(person, event->parent_external_id) ? STR("") : person;
}

/* The first move to come from there, of those made after *id and before before_id; false: none. */
static bool next_to_come(const struct memory *memory, int64_t account_id, struct str *person, int64_t *id,
			 int64_t before_id)
{
	const struct delivery *next = NULL;

	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (row->account_id == account_id && row->kind == KLAVIYO_PROFILE && row->id > *id &&
		    row->id < before_id && memory_delivery_undone(&memory->delivery.at[i]) &&
		    person->len > 0 && str_eq(row->parent_external_id, *person) &&
		    (!next || row->id < next->id))
			next = row;
	}
	if (!next)
		return false;
	*person = next->external_id;
	*id = next->id;
	return true;
}

struct str memory_person_to_be(const struct memory *memory, const struct delivery *event)
{
	struct str person = event->parent_external_id;
	int64_t id = event->id;

	if (event->kind != KLAVIYO_EVENT)
		return STR("");
	for (;;) {
		struct str accepted = person;
		int64_t accepted_id = id;
		bool moved = next_address(memory, event->account_id, &accepted, &accepted_id);

		if (next_to_come(memory, event->account_id, &person, &id, moved ? accepted_id : INT64_MAX))
			continue;
		if (!moved)
			break;
		person = accepted;
		id = accepted_id;
	}
	return str_eq(person, event->parent_external_id) ? STR("") : person;
}

/* ---- what waits ---- */

/* Is a profile to get that address? Once it was tried attempts times it does not count. */
static bool arrives(const struct memory *memory, int64_t account_id, struct str person, int attempts)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *other = &memory->delivery.at[i].row;

		if (other->account_id == account_id && other->kind == KLAVIYO_PROFILE &&
		    memory_delivery_undone(&memory->delivery.at[i]) && other->attempts < attempts &&
		    str_eq(other->external_id, person) && other->parent_external_id.len > 0)
			return true;
	}
	return false;
}

/* Is anything told of the profile under its former address undone, of what is older than the move? */
static bool former_is_undone(const struct memory *memory, const struct delivery *move)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *other = &memory->delivery.at[i].row;

		if (other->account_id == move->account_id && other->kind == KLAVIYO_PROFILE &&
		    memory_delivery_undone(&memory->delivery.at[i]) && other->id < move->id &&
		    other->attempts < STORE_HOLD_ATTEMPTS &&
		    str_eq(other->external_id, move->parent_external_id))
			return true;
	}
	return false;
}

/* Is the profile of that person leaving the address, by a delivery made after that one? */
static bool leaves(const struct memory *memory, int64_t account_id, struct str person, int64_t after_id)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *other = &memory->delivery.at[i].row;

		if (other->account_id == account_id && other->kind == KLAVIYO_PROFILE &&
		    memory_delivery_undone(&memory->delivery.at[i]) && other->id > after_id &&
		    other->attempts < STORE_HOLD_ATTEMPTS && other->parent_external_id.len > 0 &&
		    (other->state == DELIVERY_SENDING || other->op == DELIVERY_UPDATE) &&
		    str_eq(other->parent_external_id, person))
			return true;
	}
	return false;
}

static bool is_being_told(const struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
			  struct str person)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (row->account_id == account_id && row->kind == kind && row->state == DELIVERY_SENDING &&
		    str_eq(kind == KLAVIYO_EVENT ? row->parent_external_id : store_consent_email(row),
			   person))
			return true;
	}
	return false;
}

static bool event_waits(const struct memory *memory, const struct delivery *event, struct str person)
{
	return person.len > 0 && (leaves(memory, event->account_id, person, event->id) ||
				  arrives(memory, event->account_id, person, STORE_HOLD_ATTEMPTS));
}

/* For what is being sent under the former address, and for events that name one before that. */
static bool move_waits(struct memory *memory, const struct delivery *move)
{
	struct str person[STORE_ADDRESSES_MAX] = { move->parent_external_id };
	size_t n = 1;

	if (is_being_told(memory, move->account_id, KLAVIYO_CONSENT, person[0]))
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct memory_sent *sent =
			memory_sent(memory, move->account_id, KLAVIYO_PROFILE, person[i]);

		if (is_being_told(memory, move->account_id, KLAVIYO_EVENT, person[i]))
			return true;
		if (n < STORE_ADDRESSES_MAX && sent &&
		    !store_is_listed(person, n, sent->state.accepted_parent))
			person[n++] = sent->state.accepted_parent;
	}
	return false;
}

/*
 * Of somebody whose profile is about to get another address: told under that one before, there would be
 * two. So there would with what is told of the former one and arrives after it was looked for: events and
 * consents that are on their way then end first, those that wait go behind: events under the new one
 * (person_now), consents never (memory_former_end).
 * The profile itself waits for what was told under the former one.
 */
bool memory_is_moving(struct memory *memory, const struct delivery *row)
{
	if (row->kind == KLAVIYO_EVENT)
		return event_waits(memory, row, row->parent_external_id) ||
		       event_waits(memory, row, memory_person_now(memory, row));
	if (row->kind == KLAVIYO_CONSENT)
		return arrives(memory, row->account_id, row->root.id, STORE_HOLD_ATTEMPTS) ||
		       leaves(memory, row->account_id, store_consent_email(row), 0);
	if (row->kind != KLAVIYO_PROFILE || row->parent_external_id.len == 0)
		return false;
	return (row->op == DELIVERY_CREATE && former_is_undone(memory, row)) || move_waits(memory, row);
}

/* ---- what is left under a former address ---- */

bool memory_consent_has_moved(struct memory *memory, const struct delivery *consent)
{
	struct str person = store_consent_email(consent);
	const struct memory_sent *sent = memory_sent(memory, consent->account_id, KLAVIYO_PROFILE, person);
	int64_t id = 0;

	return person.len > 0 && sent && !sent->state.exists &&
	       next_address(memory, consent->account_id, &person, &id);
}

void memory_former_learn(struct memory *memory, const struct delivery *delivery,
			 const struct delivery_settlement *settlement)
{
	struct found_key key = { KLAVIYO_PROFILE, delivery->parent_external_id };
	struct entity person = { ENTITY_PERSON, key.external_id };
	struct memory_sent *sent;
	bool exists;

	if (!store_learns_former(delivery, settlement, &exists))
		return;
	sent = memory_sent(memory, delivery->account_id, key.kind, key.external_id);
	if (!sent)
		sent = memory_sent_take(memory, delivery->account_id, key, delivery->store_id, person);
	sent->state.exists = exists;
}

/* Not while somebody is about to have that address (again): what is told of it is theirs. */
void memory_former_end(struct memory *memory, int64_t now_ms, const struct delivery *move)
{
	struct str person = move->parent_external_id;

	if (move->kind != KLAVIYO_PROFILE || person.len == 0 ||
	    arrives(memory, move->account_id, person, INT_MAX))
		return;
	for (size_t i = 0; i < memory->delivery.n;) {
		const struct memory_delivery *one = &memory->delivery.at[i];

		if (one->row.account_id == move->account_id && memory_delivery_queued(one) &&
		    str_eq(store_consent_email(&one->row), person) &&
		    memory_consent_has_moved(memory, &one->row))
			memory_delivery_skip(memory, now_ms, one->row.id, AUDIT_DELIVERY_SKIPPED,
					     STR(STORE_TEXT_MOVED));
		else
			i++;
	}
}

bool memory_move_stays(const struct memory *memory, const struct delivery *older,
		       const struct delivery *newer)
{
	struct str person = older->external_id;
	int64_t id = older->id;

	if (older->kind != KLAVIYO_PROFILE || older->parent_external_id.len == 0 ||
	    older->op == DELIVERY_DELETE || newer->op == DELIVERY_DELETE)
		return false;
	return store_leads_on(older, newer) ||
	       next_to_come(memory, older->account_id, &person, &id, INT64_MAX);
}
