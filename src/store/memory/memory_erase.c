/*
 * Memory backend: erasing persons, by the same phases as the other backend (sqlite_erase.c), of which each is
 * one step here.
 */
#include "store/memory/memory_internal.h"

#include <stdlib.h>

/* ---- beginning, and what comes late ---- */

static struct memory_erase *erase_find(struct memory *memory, int64_t store_id, struct str person_id)
{
	for (size_t i = 0; i < memory->erase.n; i++)
		if (memory->erase.at[i].store_id == store_id &&
		    str_eq(memory->erase.at[i].person_id, person_id))
			return &memory->erase.at[i];
	return NULL;
}

static struct memory_erased *erased_find(struct memory *memory, int64_t store_id, struct str person_id)
{
	struct digest16 digest = person_digest(person_id);

	for (size_t i = 0; i < memory->erased.n; i++)
		if (memory->erased.at[i].store_id == store_id &&
		    digest16_eq(memory->erased.at[i].digest, digest))
			return &memory->erased.at[i];
	return NULL;
}

void memory_erase_begin(struct memory *memory, const struct fact_cause *cause, const struct fact *fact)
{
	struct memory_erase *erase = erase_find(memory, cause->store_id, fact->entity.id);
	struct memory_erased *erased = erased_find(memory, cause->store_id, fact->entity.id);
	int64_t at_ms = fact->version > 0 ? fact->version : cause->now_ms;

	if (!erase) {
		erase = LIST_ADD(&memory->erase);
		*erase = (struct memory_erase){ .store_id = cause->store_id,
						.person_id = memory_text(memory, fact->entity.id) };
	}
	/* All begins anew, but what was theirs stays theirs. */
	erase->until_id = cause->message_id;
	erase->phase = ERASE_NEW;
	erase->sending = false;
	if (!erased) {
		erased = LIST_ADD(&memory->erased);
		*erased = (struct memory_erased){ .store_id = cause->store_id,
						  .digest = person_digest(fact->entity.id) };
	}
	if (at_ms > erased->at_ms)
		erased->at_ms = at_ms;
}

void memory_entities_forget(struct memory *memory, int64_t store_id)
{
	bool needed = false;

	for (size_t i = 0; i < memory->erase.n; i++)
		needed |= memory->erase.at[i].store_id == store_id;
	for (size_t i = memory->entity.n; i-- > 0;) {
		const struct memory_entity *row = &memory->entity.at[i];

		if (row->store_id == store_id && (!needed || row->entity.kind < ENTITY_ORDER))
			memory_entity_remove(memory, store_id, row->entity);
	}
}

bool memory_erase_is(struct memory *memory, int64_t store_id, struct str person_id)
{
	return erase_find(memory, store_id, person_id) != NULL;
}

bool memory_erase_runs(struct memory *memory, int64_t store_id, struct str person_id)
{
	const struct memory_erase *erase = erase_find(memory, store_id, person_id);

	return erase && erase->phase < ERASE_WAIT;
}

bool memory_erase_owns(struct memory *memory, int64_t store_id, struct entity root)
{
	if (root.kind == ENTITY_PERSON && erase_find(memory, store_id, root.id))
		return false;
	for (size_t i = 0; i < memory->erase.n; i++) {
		const struct memory_erase *erase = &memory->erase.at[i];

		for (size_t k = 0; erase->store_id == store_id && k < erase->n_root; k++)
			if (entity_eq(erase->root[k], root))
				return true;
	}
	return false;
}

bool memory_erase_stops(struct memory *memory, int64_t store_id, const struct fact *fact,
			enum priority priority)
{
	const struct memory_erased *erased;
	struct str person_id;
	struct arena arena;
	int64_t at_ms = 0;
	bool stops = false;

	if (fact->entity.kind < ENTITY_ORDER || fact->op != FACT_SET || person_fact_erases(fact))
		return false;
	arena_init(&arena);
	if (person_of_fact(fact, &arena, &person_id, &at_ms)) {
		erased = erased_find(memory, store_id, person_id);
		stops = erased && person_is_before(at_ms, priority, erased->at_ms);
	}
	arena_release(&arena);
	return stops;
}

/* ---- one person ---- */

static struct str id_without(const struct memory_person *person, enum entity_kind kind, struct str id)
{
	bool tells = kind == ENTITY_PERSON || person_is_named(&person->terms, id);

	return id.len > 0 && tells && !person_is_alias(id)
		       ? memory_text(person->memory, person_alias(id, person->arena))
		       : id;
}

static struct str reason_without(const struct memory_person *person, struct str reason)
{
	return person_is_told(&person->terms, reason) ? STR(STORE_TEXT_PERSON_ERASED) : reason;
}

/* Is it being sent, so that it has to end first? Profiles may have their time while the queue is stopped. */
static bool is_in_the_way(const struct delivery *row, bool profiles)
{
	return row->state == DELIVERY_SENDING && (profiles || row->kind != KLAVIYO_PROFILE);
}

static void skip(struct memory *memory, int64_t now_ms, int64_t id)
{
	memory_delivery_skip(memory, now_ms, id, AUDIT_DELIVERY_SKIPPED, STR(STORE_TEXT_PERSON_ERASED));
}

/* Ends what has not left, but profiles, in the order of the queue. True: an order was found to be theirs. */
static bool stop_pass(struct memory_person *person, int64_t now_ms)
{
	struct memory *memory = person->memory;
	size_t before = person->n_root;

	for (size_t i = 0; i < memory->delivery.n;) {
		const struct delivery *row = &memory->delivery.at[i].row;
		bool theirs = memory_person_delivery(person, row);

		if (theirs)
			memory_person_order(person, row->root);
		if (theirs && row->state != DELIVERY_SENDING && row->kind != KLAVIYO_PROFILE)
			skip(memory, now_ms, row->id);
		else
			i++;
	}
	return person->n_root > before;
}

/* What is known by an order that was found last is stopped in the next pass. */
static void stop_queued(struct memory_person *person, int64_t now_ms)
{
	while (stop_pass(person, now_ms)) {}
}

/* Ends all that is left in the queue. False: something is being sent and has to end first. */
static bool empty_queue(struct memory_person *person, struct memory_erase *erase, int64_t now_ms)
{
	struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->delivery.n;) {
		const struct delivery *row = &memory->delivery.at[i].row;
		int64_t id = row->id;
		bool theirs = id > erase->after_id && memory_person_delivery(person, row);

		if (theirs)
			memory_person_order(person, row->root);
		if (theirs && row->state == DELIVERY_SENDING)
			return false;
		if (id > erase->after_id)
			erase->after_id = id;
		if (theirs)
			skip(memory, now_ms, id);
		else
			i++;
	}
	return true;
}

static void erase_ended(const struct memory_person *person)
{
	struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->ended.n; i++) {
		struct delivery *row = &memory->ended.at[i].row;
		bool personal = row->kind == KLAVIYO_PROFILE || row->kind == KLAVIYO_CONSENT;

		if (!memory_person_delivery(person, row))
			continue;
		row->external_id =
			id_without(person, personal ? ENTITY_PERSON : ENTITY_ORDER, row->external_id);
		row->parent_external_id = STR("");
		row->root.id = id_without(person, row->root.kind, row->root.id);
		row->reason = reason_without(person, row->reason);
		row->body = STR("");
	}
}

/* What came of a newer message is on its way: it begins anew. */
static bool is_undone(const struct memory *memory, const struct memory_sent *sent)
{
	for (size_t i = 0; i < memory->delivery.n; i++) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (memory_delivery_undone(&memory->delivery.at[i]) && row->account_id == sent->account_id &&
		    row->kind == sent->kind && str_eq(row->external_id, sent->external_id))
			return true;
	}
	return false;
}

static void erase_sent(const struct memory_person *person)
{
	struct memory *memory = person->memory;

	for (size_t i = memory->sent.n; i-- > 0;) {
		struct memory_sent *sent = &memory->sent.at[i];

		if (!memory_person_sent(person, sent))
			continue;
		if (sent->kind != KLAVIYO_EVENT) {
			if (!is_undone(memory, sent))
				LIST_REMOVE(&memory->sent, i);
			continue;
		}
		sent->external_id = id_without(person, ENTITY_ORDER, sent->external_id);
		sent->root.id = id_without(person, sent->root.kind, sent->root.id);
		sent->state.parent_external_id = STR("");
		sent->state.accepted_parent = STR("");
	}
}

static void erase_messages(const struct memory_person *person, int64_t now_ms)
{
	struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->message.n; i++) {
		struct memory_message *message = &memory->message.at[i];

		if (!memory_person_message(person, &message->row))
			continue;
		message->row.body = STR(STORE_BODY_ERASED);
		message->row.source_id = id_without(person, ENTITY_ORDER, message->row.source_id);
		if (message->row.state != MESSAGE_FAILED)
			continue;
		message->row.state = MESSAGE_DISCARDED;
		memory_store_count(memory, person->store_id)->failed--;
		memory_store_count(memory, person->store_id)->discarded++;
		memory_audit(memory, now_ms,
			     &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
						  .store_id = person->store_id,
						  .message_id = message->row.id,
						  .reason = STR(STORE_TEXT_PERSON_ERASED) });
	}
}

static void erase_audit(const struct memory_person *person)
{
	struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->audit.n; i++) {
		struct audit_row *row = &memory->audit.at[i];

		if (!memory_person_audit(person, row))
			continue;
		row->root.id = id_without(person, row->root.kind, row->root.id);
		row->reason = reason_without(person, row->reason);
	}
}

/* ---- roots ---- */

static void remove_waiting(struct memory *memory, int64_t store_id, struct entity root)
{
	struct memory_due *due = memory_due(memory, store_id, root);

	if (due)
		LIST_REMOVE(&memory->due, (size_t)(due - memory->due.at));
	for (size_t i = memory->held.n; i-- > 0;)
		if (memory->held.at[i].store_id == store_id && entity_eq(memory->held.at[i].root, root))
			LIST_REMOVE(&memory->held, i);
}

static size_t remove_facts(struct memory *memory, int64_t store_id, struct entity root, int64_t until_id)
{
	size_t left = 0;

	for (size_t i = memory->fact.n; i-- > 0;) {
		const struct memory_fact *fact = &memory->fact.at[i];

		if (fact->store_id != store_id || !entity_eq(fact->entity, root))
			continue;
		if (fact->seq <= until_id) {
			if (store_part_has_key(root.kind, fact->part))
				memory_entity(memory, store_id, root)->sku = STR("");
			memory_refs_remove(memory, store_id, root, fact->part);
			LIST_REMOVE(&memory->fact, i);
		} else {
			left++;
		}
	}
	return left;
}

static void erase_order(struct memory *memory, int64_t store_id, struct entity order, int64_t until_id,
			int64_t now_ms)
{
	(void)remove_facts(memory, store_id, order, INT64_MAX);
	remove_waiting(memory, store_id, order);
	memory_entity_remove(memory, store_id, order);
	memory_entity_make(memory, store_id, order)->tombstone =
		(struct tombstone){ .deleted_ms = now_ms, .seq = until_id };
}

static bool is_known(const struct memory *memory, int64_t store_id, const struct fact *fact)
{
	for (size_t i = 0; i < memory->fact.n; i++) {
		const struct memory_fact *row = &memory->fact.at[i];

		if (row->store_id == store_id && entity_eq(row->entity, fact->entity) &&
		    str_eq(row->part, fact->part))
			return row->set;
	}
	return false;
}

void memory_erase_late(struct memory *memory, const struct fact_cause *cause, const struct fact *fact)
{
	if (fact->entity.kind == ENTITY_ORDER && !is_known(memory, cause->store_id, fact))
		erase_order(memory, cause->store_id, fact->entity, cause->message_id, cause->now_ms);
}

static void erase_root(const struct memory_person *person, struct entity root, int64_t now_ms)
{
	struct memory *memory = person->memory;
	size_t left;

	if (root.kind == ENTITY_ORDER) {
		erase_order(memory, person->store_id, root, person->until_id, now_ms);
		return;
	}
	left = remove_facts(memory, person->store_id, root, person->until_id);
	remove_waiting(memory, person->store_id, root);
	/* What is left of a store that was removed goes with it. */
	if (left > 0 && memory_store(memory, person->store_id)) {
		memory_due_now(memory, person->store_id, root, now_ms, memory_next_id(memory, now_ms));
		return;
	}
	memory_entity_remove(memory, person->store_id, root);
}

/* ---- the verb ---- */

/* A profile of the person is on its way in the store's account, or was refused. */
static bool has_profile(const struct memory *memory, const struct memory_erase *erase)
{
	const struct store_row *store = memory_store(memory, erase->store_id);

	for (size_t i = 0; store && i < memory->delivery.n; i++) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (row->account_id == store->account_id && row->kind == KLAVIYO_PROFILE &&
		    str_eq(row->external_id, erase->person_id))
			return true;
	}
	return false;
}

static bool is_sending(const struct memory_person *person, bool profiles)
{
	const struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->delivery.n; i++)
		if (is_in_the_way(&memory->delivery.at[i].row, profiles) &&
		    memory_person_delivery(person, &memory->delivery.at[i].row))
			return true;
	return false;
}

static bool has_message_again(const struct memory *memory, const struct memory_erase *erase)
{
	for (size_t i = 0; i < memory->message.n; i++) {
		const struct inbox_message *row = &memory->message.at[i].row;

		if (row->store_id == erase->store_id && row->state == MESSAGE_PENDING &&
		    row->id <= erase->until_id)
			return true;
	}
	return false;
}

bool memory_erase_any_due(const struct memory *memory)
{
	for (size_t i = 0; i < memory->erase.n; i++) {
		const struct memory_erase *erase = &memory->erase.at[i];

		if (erase->phase != ERASE_WAIT ||
		    (!has_message_again(memory, erase) && !has_profile(memory, erase)))
			return true;
	}
	return false;
}

static void erase_all(struct memory_person *person, int64_t now_ms)
{
	struct memory *memory = person->memory;
	struct str alias = person_alias(person->root[0].id, person->arena);

	memory_person_orders_ended(person);
	erase_messages(person, now_ms); /* before the audit, by which some are found */
	erase_ended(person);
	erase_sent(person);
	erase_audit(person);
	for (size_t i = person->n_root; i-- > 0;)
		erase_root(person, person->root[i], now_ms);
	memory_audit(memory, now_ms,
		     &(struct audit_row){ .code = AUDIT_PERSON_ERASED,
					  .store_id = person->store_id,
					  .root = { ENTITY_PERSON, alias },
					  .reason = alias });
}

/* What was theirs once in the course of it stays theirs, though its facts changed meanwhile. */
static void remember_roots(struct memory *memory, const struct memory_person *person,
			   struct memory_erase *erase)
{
	erase->root = ARENA_ARRAY(&memory->arena, person->n_root, struct entity);
	erase->n_root = person->n_root;
	for (size_t i = 0; i < person->n_root; i++)
		erase->root[i] = entity_dup(&memory->arena, person->root[i]);
}

/* The deletion at Klaviyo is a delivery once what was just heard of the person is published. */
static bool step_new(struct memory *memory, struct memory_erase *erase)
{
	struct entity person = { ENTITY_PERSON, erase->person_id };

	if (memory_store(memory, erase->store_id) && memory_due(memory, erase->store_id, person))
		return false;
	erase->phase = ERASE_STOP;
	return true;
}

static bool step_stop(struct memory_person *person, struct memory_erase *erase, int64_t now_ms)
{
	if (erase->sending && is_sending(person, false))
		return false;
	if (!erase->sending) {
		memory_person_facts(person);
		stop_queued(person, now_ms);
		memory_person_orders_ended(person);
	}
	stop_queued(person, now_ms);
	remember_roots(person->memory, person, erase);
	erase->sending = is_sending(person, false);
	if (!erase->sending)
		erase->phase = ERASE_WAIT;
	return !erase->sending;
}

static bool step_wait(struct memory_person *person, struct memory_erase *erase)
{
	const struct memory *memory = person->memory;

	if (has_message_again(memory, erase) || has_profile(memory, erase) || is_sending(person, true))
		return false;
	memory_person_facts(person);
	remember_roots(person->memory, person, erase);
	erase->phase = ERASE_SCAN;
	erase->after_id = 0;
	return true;
}

/* A person who is gone is no more in the list. */
static bool step_scan(struct memory_person *person, struct memory_erase *erase, int64_t now_ms)
{
	struct memory *memory = person->memory;
	int64_t before_id = erase->after_id;

	if (!empty_queue(person, erase, now_ms)) {
		if (erase->after_id > before_id)
			remember_roots(memory, person, erase);
		return false;
	}
	erase_all(person, now_ms);
	LIST_REMOVE(&memory->erase, (size_t)(erase - memory->erase.at));
	if (!memory_store(memory, person->store_id))
		memory_entities_forget(memory, person->store_id);
	return true;
}

/* False: it has to wait for something. */
static bool step(struct memory *memory, struct memory_erase *erase, int64_t now_ms, struct arena *arena)
{
	struct memory_person person = {
		.memory = memory, .arena = arena, .store_id = erase->store_id, .until_id = erase->until_id
	};

	if (erase->phase == ERASE_NEW)
		return step_new(memory, erase);
	memory_person_begin(&person, erase->person_id, erase->root, erase->n_root);
	if (erase->phase == ERASE_STOP)
		return step_stop(&person, erase, now_ms);
	return erase->phase == ERASE_WAIT ? step_wait(&person, erase) : step_scan(&person, erase, now_ms);
}

/* Those first that are nearest to their end. */
static int compare_erases(const void *a, const void *b)
{
	const struct memory_erase *left = a, *right = b;

	if (left->phase != right->phase)
		return left->phase > right->phase ? -1 : 1;
	if (left->until_id != right->until_id)
		return left->until_id < right->until_id ? -1 : 1;
	if (left->store_id != right->store_id)
		return left->store_id < right->store_id ? -1 : 1;
	return str_cmp(left->person_id, right->person_id);
}

/* One step of the first who need not wait. */
static bool step_any(struct memory *memory, int64_t now_ms, struct arena *arena)
{
	if (memory->erase.n > 1)
		qsort(memory->erase.at, memory->erase.n, sizeof(*memory->erase.at), compare_erases);
	for (size_t i = 0; i < memory->erase.n; i++)
		if (step(memory, &memory->erase.at[i], now_ms, arena))
			return true;
	return false;
}

bool memory_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct arena arena;

	(void)max_n;
	(void)err;
	arena_init(&arena);
	while (step_any(memory, now_ms, &arena)) {}
	arena_release(&arena);
	*more = false;
	memory_unlock(memory);
	return true;
}
