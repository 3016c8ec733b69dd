/* Model test of the store: ops of inbox and catalog. */
#include "contract/random_side.h"

#include "base/attr.h"
#include "store/store_rules.h"

#include "base/clock.h"

/* ---- ops: inbox ---- */

void op_append(struct side *side)
{
	size_t n = 1 + below(side, 6);
	struct inbox_record *record = ARENA_ARRAY(&side->arena, n, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&side->arena, n, struct inbox_receipt);
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++) {
		record[i] = (struct inbox_record){
			.store_id = choose_store(side),
			.received_ms = side->now_ms,
			.topic = str_from(numbered(side, "topic", 3)),
			.source_id = str_from(numbered(side, "source", 100)),
			.body = chance(side, 10) ? choose_person(side).id
						 : str_from(numbered(side, "body", 1000)),
			.priority = chance(side, 20) ? PRIORITY_BACKFILL : PRIORITY_REALTIME,
		};
		record[i].slot = choose_slot(side);
		record[i].key.byte[0] = (unsigned char)below(side, 3);
	}
	if (!say_result(side, db_inbox_append(side->db, record, n, receipt, &err), &err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, receipt[i].kind == INBOX_NEW ? "new" : "duplicate");
		say_id(side, receipt[i].id);
		pool_add(&side->message, receipt[i].id);
	}
}

static struct inbox_result choose_result(struct side *side, const struct inbox_message *message)
{
	static const enum message_state state[] = { MESSAGE_MAPPED, MESSAGE_MAPPED, MESSAGE_MAPPED,
						    MESSAGE_IGNORED, MESSAGE_FAILED };
	struct inbox_result result = {
		.message_id = message->id,
		.store_id = message->store_id,
		.state = state[below(side, 5)],
		.reason = str_from(numbered(side, "reason", 4)),
		.priority = message->priority,
		.as_of_ms = chance(side, 20) ? side->now_ms - (int64_t)below(side, 20000) : 0,
		.quiet_ms = 1000,
		.quiet_max_ms = 10000,
		.tombstone_ms = MS_PER_HOUR,
	};
	struct fact *fact = ARENA_ARRAY(&side->arena, 4, struct fact);

	if (result.state == MESSAGE_MAPPED)
		result.n_fact = below(side, 5);
	for (size_t i = 0; i < result.n_fact; i++)
		fact[i] = choose_fact(side);
	result.fact = fact;
	return result;
}

void op_map(struct side *side)
{
	struct inbox_message *message;
	struct inbox_result *result;
	size_t n, n_result;
	struct err err = { 0 };

	if (!say_result(side,
			db_inbox_claim(side->db, 1 + below(side, 12), 1 + below(side, 100), &side->arena,
				       &message, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "message");
		say_id(side, message[i].id);
		say_id(side, message[i].store_id);
		say_int(side, message[i].received_ms);
		say_text(side, message[i].topic);
		say_text(side, message[i].source_id);
		say_text(side, message[i].body);
		say_int(side, message[i].priority);
	}
	n_result = chance(side, 80) ? n : below(side, n + 1);
	result = ARENA_ARRAY(&side->arena, n_result + 1, struct inbox_result);
	for (size_t i = 0; i < n_result; i++)
		result[i] = choose_result(side, &message[i]);
	if (n_result > 1 && chance(side, 5))
		result[0] = result[n_result - 1]; /* out of order */
	if (n_result > 0)
		(void)say_result(side, db_inbox_complete(side->db, side->now_ms, result, n_result, &err),
				 &err);
}

void op_message_get(struct side *side)
{
	struct inbox_message message;
	struct err err = { 0 };

	if (!say_result(
		    side,
		    db_inbox_get(side->db, pool_choose(side, &side->message), &side->arena, &message, &err),
		    &err))
		return;
	say_id(side, message.id);
	say_id(side, message.store_id);
	say_text(side, message.topic);
	say_text(side, message.body);
	say_text(side, str_from(message_state_text(message.state)));
}

/* ---- ops: catalog ---- */

/* Events and notices have ids of their own; two persons share all of it. */
static struct delivery_new choose_told(struct side *side, struct entity root)
{
	static const struct {
		enum klaviyo_kind kind;
		enum delivery_op op;
	} row[] = {
		{ KLAVIYO_EVENT, DELIVERY_CREATE },   { KLAVIYO_EVENT, DELIVERY_CREATE },
		{ KLAVIYO_PROFILE, DELIVERY_UPDATE }, { KLAVIYO_PROFILE, DELIVERY_DELETE },
		{ KLAVIYO_CONSENT, DELIVERY_CREATE }, { KLAVIYO_CONSENT, DELIVERY_DELETE },
		{ KLAVIYO_NOTICE, DELIVERY_CREATE },  { KLAVIYO_PROFILE, DELIVERY_CREATE },
	};
	size_t at = below(side, ARRAY_LEN(row));
	struct delivery_new new = {
		.kind = row[at].kind,
		.op = row[at].op,
		.external_id = str_from(numbered(
			side, "told",
			row[at].kind == KLAVIYO_EVENT || row[at].kind == KLAVIYO_NOTICE ? 1000000 : 3)),
		.parent_external_id =
			chance(side, 50) ? choose_person(side).id : str_from(numbered(side, "told", 2)),
		.body = str_from(numbered(side, "content", 5)),
	};

	if (new.kind == KLAVIYO_PROFILE &&new.op == DELIVERY_UPDATE && chance(side, 70))
		new.parent_external_id = STR("");
	if (new.kind == KLAVIYO_PROFILE && chance(side, 30))
		new.external_id = root.id;
	if (new.kind == KLAVIYO_EVENT && chance(side, 20))
		new.copy_of = pool_choose(side, &side->delivery);
	new.hash = digest16_of(&new.body, 1);
	return new;
}

static struct delivery_new choose_delivery(struct side *side, struct entity root)
{
	struct delivery_new new = { .op = (enum delivery_op)below(side, 3) };

	if (!store_is_catalog_root(root.kind))
		return choose_told(side, root);
	new.kind = root.kind == ENTITY_CATEGORY ? KLAVIYO_CATEGORY
		   : chance(side, 50)		? KLAVIYO_ITEM
						: KLAVIYO_VARIANT;
	new.external_id = root.id;
	if (new.kind == KLAVIYO_VARIANT) {
		new.external_id = str_from(numbered(side, "v", 3));
		new.parent_external_id = str_from(numbered(side, "p", 3));
	}
	if (new.op != DELIVERY_DELETE) {
		new.body = str_from(numbered(side, "content", 5));
		new.hash = digest16_of(&new.body, 1);
	}
	return new;
}

static struct catalog_publication choose_publication(struct side *side, const struct catalog_root *root)
{
	struct delivery_new *delivery = ARENA_ARRAY(&side->arena, 4, struct delivery_new);
	struct config_rows rows = config(side);
	struct catalog_publication publication = {
		.store_id = root->store_id,
		.account_id = chance(side, 3) ? choose_account(side) : 0,
		.root = root->root,
		.due_seq = chance(side, 10) ? 0 : root->due_seq,
		.message_id = root->message_id,
		.delivery = delivery,
		.n_delivery = below(side, 4),
		.held = chance(side, 20) ? str_from(numbered(side, "held", 3)) : STR(""),
		.note = chance(side, 20) ? STR("mended") : STR(""),
		.touch_dependants = chance(side, 10),
	};
	struct str *forget = ARENA_ARRAY(&side->arena, 2, struct str);
	struct str *told = ARENA_ARRAY(&side->arena, 1, struct str);

	if (!store_is_catalog_root(root->root.kind)) {
		publication.again_ms = chance(side, 20) ? side->now_ms + (int64_t)below(side, 3000) : 0;
		publication.again_first_ms = chance(side, 30) ? side->now_ms : 0;
		publication.withdraw = told;
		publication.n_withdraw = chance(side, 30);
		publication.withdraw_reason = STR("left");
		told[0] = str_from(numbered(side, "told", 3));
		publication.forget = forget;
		publication.n_forget = chance(side, 30) ? 1 + below(side, 2) : 0;
		forget[0] = STR("base");
		forget[1] = STR("stock.");
	}

	for (size_t i = 0; i < rows.n_store; i++)
		if (publication.account_id == 0 && rows.store[i].id == root->store_id)
			publication.account_id = rows.store[i].account_id;
	for (size_t i = 0; i < publication.n_delivery; i++)
		delivery[i] = choose_delivery(side, root->root);
	return publication;
}

void op_publish(struct side *side)
{
	struct catalog_publication *publication;
	struct catalog_root *root;
	int64_t next_due_ms;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side,
			db_catalog_claim(side->db, side->now_ms, 1 + below(side, 4), &side->arena, &root, &n,
					 &next_due_ms, &err),
			&err))
		return;
	say_int(side, n == 0 ? next_due_ms : 0);
	publication = ARENA_ARRAY(&side->arena, n + 1, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		say_root(side, &root[i]);
		publication[i] = choose_publication(side, &root[i]);
	}
	if (n > 0 && chance(side, 10)) /* something comes in between */
		op_map(side);
	if (n > 0)
		(void)say_result(side, db_catalog_publish(side->db, side->now_ms, publication, n, &err),
				 &err);
	if (n > 0 && chance(side, 10)) /* the answer was lost */
		(void)say_result(side, db_catalog_publish(side->db, side->now_ms, publication, n, &err),
				 &err);
}

void op_root_get(struct side *side)
{
	struct catalog_root root;
	struct err err = { 0 };
	int64_t store_id = choose_store(side);

	if (say_result(side, db_catalog_get(side->db, store_id, choose_root(side), &side->arena, &root, &err),
		       &err))
		say_root(side, &root);
}

void op_sweep(struct side *side)
{
	struct err err = { 0 };
	bool more = false;

	(void)say_result(side, db_catalog_sweep(side->db, side->now_ms, 1 + below(side, 4), &more, &err),
			 &err);
	say_int(side, more);
}

void op_find(struct side *side)
{
	static const char *const prefix[] = { "p", "v", "c", "k", "s" };
	struct catalog_match *match;
	struct err err = { 0 };
	size_t n;
	const char *text = numbered(side, prefix[below(side, 5)], 5);

	if (!say_result(side,
			db_catalog_find(side->db, chance(side, 50) ? 0 : choose_store(side), str_from(text),
					&side->arena, &match, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "match");
		say_id(side, match[i].store_id);
		say_entity(side, match[i].root);
		say_entity(side, match[i].entity);
	}
}
