/*
 * Memory backend: what is a person's, row by row, and the walk through it in one step.
 */
#include "store/memory/memory_internal.h"

static bool is_root(const struct memory_person *person, struct entity root)
{
	for (size_t i = 0; i < person->n_root; i++)
		if (entity_eq(person->root[i], root))
			return true;
	return false;
}

static void add_root(struct memory_person *person, struct entity root)
{
	if (root.id.len > 0 && !is_root(person, root))
		person->root[person->n_root++] = entity_dup(person->arena, root);
}

static bool fact_is_theirs(const struct memory_person *person, const struct memory_fact *fact)
{
	if (fact->store_id != person->store_id || fact->seq > person->until_id)
		return false;
	if (fact->entity.kind == ENTITY_PERSON)
		return person_is_key(&person->terms, fact->entity.id);
	return person_may_own(fact->entity.kind) && person_is_named(&person->terms, fact->body);
}

static bool is_theirs(const struct memory_person *person, struct entity root, struct str external_id,
		      struct str parent_external_id)
{
	return is_root(person, root) || person_is_key(&person->terms, parent_external_id) ||
	       person_is_named(&person->terms, external_id);
}

/* What came of a newer message, as of a product in it, is of the old order all the same. */
bool memory_person_delivery(const struct memory_person *person, const struct delivery *row)
{
	bool erases = row->kind == KLAVIYO_PROFILE && row->op == DELIVERY_DELETE;
	bool old = row->message_id <= person->until_id ||
		   (row->root.kind == ENTITY_ORDER && is_root(person, row->root));

	return row->store_id == person->store_id && (erases || old) &&
	       is_theirs(person, row->root, row->external_id, row->parent_external_id);
}

bool memory_person_sent(const struct memory_person *person, const struct memory_sent *sent)
{
	return sent->store_id == person->store_id &&
	       is_theirs(person, sent->root, sent->external_id, sent->state.parent_external_id);
}

bool memory_person_audit(const struct memory_person *person, const struct audit_row *row)
{
	return row->store_id == person->store_id && row->message_id <= person->until_id &&
	       (is_root(person, row->root) || person_is_named(&person->terms, row->reason));
}

bool memory_person_message(const struct memory_person *person, const struct inbox_message *message)
{
	const struct memory *memory = person->memory;

	if (message->store_id != person->store_id || message->id > person->until_id)
		return false;
	if (person_is_named(&person->terms, message->body) ||
	    person_is_named(&person->terms, message->source_id))
		return true;
	for (size_t i = 0; i < memory->audit.n; i++)
		if (memory->audit.at[i].message_id == message->id &&
		    is_root(person, memory->audit.at[i].root))
			return true;
	return false;
}

void memory_person_order(struct memory_person *person, struct entity root)
{
	if (root.kind == ENTITY_ORDER)
		add_root(person, root);
}

static void add_orders(struct memory_person *person, const struct memory_delivery *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memory_person_delivery(person, &row[i].row))
			memory_person_order(person, row[i].row.root);
}

void memory_person_orders_ended(struct memory_person *person)
{
	add_orders(person, person->memory->ended.at, person->memory->ended.n);
}

void memory_person_begin(struct memory_person *person, struct str person_id, const struct entity *known,
			 size_t n_known)
{
	const struct memory *memory = person->memory;
	struct entity self = { ENTITY_PERSON, person_id };

	person_terms_init(&person->terms, arena_dup(person->arena, person_id));
	person->root = ARENA_ARRAY(person->arena,
				   1 + n_known + memory->fact.n + memory->delivery.n + memory->ended.n,
				   struct entity);
	add_root(person, self);
	for (size_t i = 0; i < n_known; i++)
		add_root(person, known[i]);
	for (size_t i = 0; i < memory->fact.n; i++) {
		const struct memory_fact *fact = &memory->fact.at[i];

		if (fact->store_id == person->store_id && fact->set && entity_eq(fact->entity, self))
			person_terms_add(&person->terms, fact->body, person->arena);
	}
}

void memory_person_facts(struct memory_person *person)
{
	const struct memory *memory = person->memory;

	for (size_t i = 0; i < memory->fact.n; i++)
		if (fact_is_theirs(person, &memory->fact.at[i]))
			add_root(person, memory->fact.at[i].entity);
}

/* ---- the verb ---- */

static void find_deliveries(const struct memory_person *person, const struct memory_delivery *row, size_t n,
			    int64_t *id, size_t *n_id)
{
	for (size_t i = 0; i < n; i++)
		if (memory_person_delivery(person, &row[i].row))
			id[(*n_id)++] = row[i].row.id;
}

static void find_all(const struct memory_person *person, struct person_page *page)
{
	const struct memory *memory = person->memory;
	int64_t *message = ARENA_ARRAY(person->arena, memory->message.n, int64_t);
	int64_t *delivery = ARENA_ARRAY(person->arena, memory->delivery.n + memory->ended.n, int64_t);
	struct audit_row *audit = ARENA_ARRAY(person->arena, memory->audit.n, struct audit_row);

	*page = (struct person_page){ .message = message, .delivery = delivery, .audit = audit };
	find_deliveries(person, memory->delivery.at, memory->delivery.n, delivery, &page->n_delivery);
	find_deliveries(person, memory->ended.at, memory->ended.n, delivery, &page->n_delivery);
	for (size_t i = 0; i < memory->message.n; i++)
		if (memory_person_message(person, &memory->message.at[i].row))
			message[page->n_message++] = memory->message.at[i].row.id;
	for (size_t i = 0; i < memory->audit.n; i++) {
		if (!memory_person_audit(person, &memory->audit.at[i]))
			continue;
		audit[page->n_audit] = memory->audit.at[i];
		audit[page->n_audit].root = entity_dup(person->arena, memory->audit.at[i].root);
		audit[page->n_audit].reason = arena_dup(person->arena, memory->audit.at[i].reason);
		page->n_audit++;
	}
}

bool memory_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			struct person_page *page, struct err *err)
{
	struct memory_person person = {
		.memory = memory_lock(db), .arena = arena, .store_id = search->store_id, .until_id = INT64_MAX
	};

	(void)max_n;
	(void)err;
	*page = (struct person_page){ .n_message = 0 };
	if (search->source != PERSON_SOURCE_COUNT) {
		memory_person_begin(&person, search->person_id, NULL, 0);
		memory_person_facts(&person);
		add_orders(&person, person.memory->delivery.at, person.memory->delivery.n);
		memory_person_orders_ended(&person);
		find_all(&person, page);
		search->root = person.root;
		search->n_root = person.n_root;
		search->source = PERSON_SOURCE_COUNT;
	}
	memory_unlock(person.memory);
	return true;
}
