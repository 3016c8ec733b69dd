/*
 * Model test of the store: the same random verbs go to the memory backend and to SQLite; every answer must be equal, and both
 * must balance after every verb. CONTRACT_SEED=N runs one seed, CONTRACT_STEPS=N so many verbs of it.
 *
 * An op draws its choices from a generator that is in the same state for both sides, and writes all it learns to side->out.
 * Ids are written as the order in which they were first seen, so that backends may give them as they like.
 */
#include "contract/contract.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/rand.h"
#include "base/strbuf.h"
#include "store/memory/memory_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS_MAX	 200000
#define POOL_MAX 4096

/* Ids met so far, to choose from; the same positions on both sides. */
struct pool {
	int64_t id[POOL_MAX];
	size_t n;
};

struct side {
	struct db *db;
	struct arena arena;
	struct strbuf out;
	struct rand_seeded rand;
	int64_t now_ms;
	int64_t *seen; /* ids by first appearance */
	size_t n_seen;
	struct pool message;
	struct pool delivery;
	struct pool batch;
	char folder[64];
};

static uint64_t below(struct side *side, uint64_t bound)
{
	return rand_below(&side->rand.rand, bound);
}

static bool chance(struct side *side, uint64_t percent)
{
	return below(side, 100) < percent;
}

/* ---- writing down ---- */

static size_t ordinal(struct side *side, int64_t id)
{
	for (size_t i = side->n_seen; i-- > 0;)
		if (side->seen[i] == id)
			return i;
	assert_true(side->n_seen < IDS_MAX);
	side->seen[side->n_seen] = id;
	return side->n_seen++;
}

static void say_id(struct side *side, int64_t id)
{
	if (id == 0)
		strbuf_add_text(&side->out, " -");
	else if (id < (INT64_C(1) << 40))
		strbuf_addf(&side->out, " %" PRId64, id); /* accounts and stores */
	else
		strbuf_addf(&side->out, " #%zu", ordinal(side, id));
}

static void say_int(struct side *side, int64_t value)
{
	strbuf_addf(&side->out, " %" PRId64, value);
}

/* Long numbers in texts are ids. */
static void say_text(struct side *side, struct str text)
{
	strbuf_add_text(&side->out, " '");
	for (size_t i = 0; i < text.len;) {
		size_t end = i;
		int64_t id;

		while (end < text.len && text.p[end] >= '0' && text.p[end] <= '9')
			end++;
		if (end - i >= 15 && str_to_int64(str_of(text.p + i, end - i), &id)) {
			strbuf_addf(&side->out, "#%zu", ordinal(side, id));
			i = end;
		} else {
			end = end > i ? end : i + 1;
			strbuf_add(&side->out, text.p + i, end - i);
			i = end;
		}
	}
	strbuf_add_char(&side->out, '\'');
}

static void say_entity(struct side *side, struct entity entity)
{
	strbuf_addf(&side->out, " %s:%.*s", entity.id.len ? entity_kind_text(entity.kind) : "",
		    STR_ARG(entity.id));
}

static void say_digest(struct side *side, struct digest16 digest)
{
	char hex[33];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	strbuf_addf(&side->out, " %.8s", hex);
}

static void say_line(struct side *side, const char *what)
{
	strbuf_addf(&side->out, "\n%s", what);
}

static bool say_result(struct side *side, bool ok, const struct err *err)
{
	if (!ok)
		strbuf_addf(&side->out, " %s", err_code_name(err->code));
	return ok;
}

static void say_delivery(struct side *side, const struct delivery *delivery)
{
	say_line(side, "delivery");
	say_id(side, delivery->id);
	say_id(side, delivery->account_id);
	say_id(side, delivery->store_id);
	say_text(side, str_from(delivery_op_text(delivery->op)));
	say_text(side, str_from(klaviyo_kind_text(delivery->kind)));
	say_text(side, delivery->external_id);
	say_text(side, delivery->parent_external_id);
	say_text(side, str_from(priority_text(delivery->priority)));
	say_text(side, str_from(delivery_state_text(delivery->state)));
	say_text(side, delivery->body);
	say_digest(side, delivery->hash);
	say_entity(side, delivery->root);
	say_id(side, delivery->message_id);
	say_int(side, delivery->created_ms);
	say_int(side, delivery->due_ms);
	say_int(side, delivery->attempts);
	say_int(side, delivery->solo);
	say_text(side, delivery->reason);
}

static void say_root(struct side *side, const struct catalog_root *root)
{
	say_line(side, "root");
	say_id(side, root->store_id);
	say_entity(side, root->root);
	say_int(side, root->due_seq != 0);
	say_int(side, root->due_first_ms);
	say_int(side, root->deleted);
	say_id(side, root->message_id);
	for (size_t i = 0; i < root->n_entity; i++) {
		say_line(side, "  entity");
		say_entity(side, root->entity[i].entity);
		say_int(side, root->entity[i].deleted);
	}
	for (size_t i = 0; i < root->n_fact; i++) {
		say_line(side, "  fact");
		say_entity(side, root->fact[i].entity);
		say_text(side, root->fact[i].part);
		say_int(side, root->fact[i].version);
		say_id(side, root->fact[i].seq);
		say_text(side, root->fact[i].body);
	}
	for (size_t i = 0; i < root->n_sent; i++) {
		say_line(side, "  sent");
		say_text(side, str_from(klaviyo_kind_text(root->sent[i].kind)));
		say_text(side, root->sent[i].external_id);
		say_text(side, root->sent[i].parent_external_id);
		say_int(side, root->sent[i].exists);
		say_int(side, root->sent[i].wanted_deleted);
		say_digest(side, root->sent[i].wanted);
	}
}

/* ---- choosing ---- */

static void pool_add(struct pool *pool, int64_t id)
{
	for (size_t i = 0; i < pool->n; i++)
		if (pool->id[i] == id)
			return;
	if (pool->n < POOL_MAX)
		pool->id[pool->n++] = id;
}

static int64_t pool_choose(struct side *side, const struct pool *pool)
{
	return pool->n > 0 ? pool->id[below(side, pool->n)] : 1;
}

static const char *numbered(struct side *side, const char *prefix, uint64_t bound)
{
	return arena_cstr(&side->arena, arena_printf(&side->arena, "%s%" PRIu64, prefix, below(side, bound)));
}

static struct config_rows config(struct side *side)
{
	struct config_rows rows;

	CONTRACT_OK(db_config_load(side->db, &side->arena, &rows, &contract_err));
	return rows;
}

/* Mostly one that is there; sometimes one that is gone. */
static int64_t choose_store(struct side *side)
{
	struct config_rows rows = config(side);

	if (rows.n_store == 0 || chance(side, 3))
		return 1 + (int64_t)below(side, 6);
	return rows.store[below(side, rows.n_store)].id;
}

static int64_t choose_account(struct side *side)
{
	struct config_rows rows = config(side);

	return rows.n_account ? rows.account[below(side, rows.n_account)].id : 1;
}

static struct entity choose_entity(struct side *side)
{
	static const struct {
		enum entity_kind kind;
		const char *prefix;
		uint64_t n;
	} row[] = {
		{ ENTITY_PRODUCT, "p", 4 },  { ENTITY_PRODUCT, "p", 4 },  { ENTITY_PRODUCT, "p", 4 },
		{ ENTITY_VARIANT, "v", 6 },  { ENTITY_VARIANT, "v", 6 },  { ENTITY_VARIANT, "v", 6 },
		{ ENTITY_CATEGORY, "c", 5 }, { ENTITY_CATEGORY, "c", 5 }, { ENTITY_SKU, "s", 3 },
		{ ENTITY_BRAND, "b", 2 },    { ENTITY_MARKET, "m", 2 },
	};
	size_t at = below(side, sizeof(row) / sizeof(row[0]));

	return contract_entity(row[at].kind, numbered(side, row[at].prefix, row[at].n));
}

static struct entity choose_root(struct side *side)
{
	bool product = chance(side, 70);

	return contract_entity(product ? ENTITY_PRODUCT : ENTITY_CATEGORY,
			       numbered(side, product ? "p" : "c", product ? 4 : 5));
}

static struct fact choose_fact(struct side *side)
{
	static const char *const part[] = { "base", "base", "price.", "stock.", "link.c1" };
	static const enum fact_op op[] = { FACT_SET, FACT_SET,	 FACT_SET,   FACT_SET,
					   FACT_SET, FACT_CLEAR, FACT_DELETE };
	struct entity *ref = ARENA_ARRAY(&side->arena, 3, struct entity);
	struct fact fact = {
		.entity = choose_entity(side),
		.part = str_from(part[below(side, sizeof(part) / sizeof(part[0]))]),
		.op = op[below(side, sizeof(op) / sizeof(op[0]))],
		.version = chance(side, 50) ? 0 : (int64_t)below(side, 8),
		.ref = ref,
	};

	if (fact.op == FACT_SET) {
		fact.body = arena_printf(&side->arena, "{\"sku\":\"%s\",\"n\":%" PRIu64 "}",
					 numbered(side, "k", 3), below(side, 1000));
		fact.n_ref = below(side, 4);
		for (size_t i = 0; i < fact.n_ref; i++) {
			ref[i] = contract_entity(ENTITY_CATEGORY, numbered(side, "c", 5));
			if (chance(side, 50))
				ref[i] = contract_entity(ENTITY_BRAND, numbered(side, "b", 2));
		}
	} else if (fact.op == FACT_DELETE) {
		fact.part = STR("");
	}
	if (fact.entity.kind == ENTITY_VARIANT && chance(side, 60))
		fact.root_id = str_from(numbered(side, "p", 4));
	return fact;
}

/* ---- ops: inbox ---- */

static void op_append(struct side *side)
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
			.body = str_from(numbered(side, "body", 1000)),
		};
		record[i].slot.byte[0] = (unsigned char)below(side, 40);
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

static void op_map(struct side *side)
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

static void op_message_get(struct side *side)
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

static struct delivery_new choose_delivery(struct side *side, struct entity root)
{
	struct delivery_new new = { .op = (enum delivery_op)below(side, 3) };

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

	for (size_t i = 0; i < rows.n_store; i++)
		if (publication.account_id == 0 && rows.store[i].id == root->store_id)
			publication.account_id = rows.store[i].account_id;
	for (size_t i = 0; i < publication.n_delivery; i++)
		delivery[i] = choose_delivery(side, root->root);
	return publication;
}

static void op_publish(struct side *side)
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

static void op_root_get(struct side *side)
{
	struct catalog_root root;
	struct err err = { 0 };
	int64_t store_id = choose_store(side);

	if (say_result(side, db_catalog_get(side->db, store_id, choose_root(side), &side->arena, &root, &err),
		       &err))
		say_root(side, &root);
}

static void op_sweep(struct side *side)
{
	struct err err = { 0 };
	bool more = false;

	(void)say_result(side, db_catalog_sweep(side->db, side->now_ms, 1 + below(side, 4), &more, &err),
			 &err);
	say_int(side, more);
}

static void op_find(struct side *side)
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

/* ---- ops: outbox ---- */

static void say_lane(struct side *side, const struct outbox_lane *lane)
{
	say_line(side, "lane");
	say_id(side, lane->account_id);
	say_int(side, lane->kind);
	say_int(side, lane->op);
	say_int(side, lane->priority);
	say_int(side, lane->n_ready);
	say_int(side, lane->n_blocked);
	say_int(side, lane->n_waiting);
	say_int(side, lane->n_sending);
	say_int(side, lane->next_due_ms);
	say_int(side, lane->oldest_ms);
}

static void say_batch(struct side *side, const struct outbox_batch *batch)
{
	say_line(side, "batch");
	say_id(side, batch->id);
	say_id(side, batch->account_id);
	say_text(side, batch->endpoint);
	say_text(side, batch->job_id);
	say_int(side, batch->started_ms);
	for (size_t i = 0; i < batch->n; i++) {
		say_delivery(side, &batch->delivery[i]);
		pool_add(&side->delivery, batch->delivery[i].id);
	}
	if (batch->n > 0)
		pool_add(&side->batch, batch->id);
}

static void op_send(struct side *side)
{
	struct outbox_lane *lane;
	struct outbox_claim claim;
	struct outbox_batch batch;
	struct err err = { 0 };
	size_t n, at;

	if (!say_result(side, db_outbox_lanes(side->db, side->now_ms, &side->arena, &lane, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++)
		say_lane(side, &lane[i]);
	if (n == 0)
		return;
	at = below(side, n);
	claim = (struct outbox_claim){
		.account_id = lane[at].account_id,
		.kind = lane[at].kind,
		.op = lane[at].op,
		.priority = lane[at].priority,
		.max_n = 1 + below(side, 4),
		.max_bytes = below(side, 40),
		.endpoint = str_from(numbered(side, "endpoint", 3)),
	};
	claim.budget =
		(struct budget_row){ claim.account_id, claim.endpoint, str_from(numbered(side, "b", 50)) };
	if (!say_result(side, db_outbox_claim(side->db, side->now_ms, &claim, &side->arena, &batch, &err),
			&err))
		return;
	say_batch(side, &batch);
	if (batch.n > 0 && chance(side, 30))
		(void)say_result(side,
				 db_outbox_job(side->db, side->now_ms, batch.id,
					       str_from(numbered(side, "job", 9)), &err),
				 &err);
}

static struct delivery_settlement choose_settlement(struct side *side, const struct delivery *delivery)
{
	static const enum delivery_state state[] = { DELIVERY_ACCEPTED, DELIVERY_ACCEPTED, DELIVERY_ACCEPTED,
						     DELIVERY_READY,	DELIVERY_WAITING,  DELIVERY_FAILED,
						     DELIVERY_SKIPPED };
	struct delivery_settlement settlement = {
		.delivery_id = delivery->id,
		.state = state[below(side, 7)],
		.due_ms = side->now_ms + (int64_t)below(side, 5000),
		.op = delivery->op,
		.count_attempt = chance(side, 50),
		.solo = chance(side, 15),
		.exists = delivery->op != DELIVERY_DELETE,
		.reason = str_from(numbered(side, "answer", 4)),
	};

	if (delivery->op != DELIVERY_DELETE && chance(side, 30))
		settlement.op = delivery->op == DELIVERY_CREATE ? DELIVERY_UPDATE : DELIVERY_CREATE;
	return settlement;
}

static void op_settle(struct side *side)
{
	int64_t batch_id = pool_choose(side, &side->batch);
	struct delivery_settlement *settlement =
		ARENA_ARRAY(&side->arena, side->delivery.n + 1, struct delivery_settlement);
	struct outbox_settlement settled = {
		.batch_id = batch_id,
		.delivery = settlement,
		.http_status = chance(side, 80) ? 200 : 0,
		.latency_ms = (int64_t)below(side, 300),
	};
	struct err err = { 0 };

	/* Any known delivery may be named: those that are not of this batch are passed over. */
	for (size_t i = 0; i < side->delivery.n; i++) {
		struct delivery delivery;

		if (!db_delivery_get(side->db, side->delivery.id[i], &side->arena, &delivery, NULL) ||
		    delivery.state != DELIVERY_SENDING || chance(side, 20))
			continue;
		settlement[settled.n++] = choose_settlement(side, &delivery);
	}
	(void)say_result(side, db_outbox_settle(side->db, side->now_ms, &settled, &err), &err);
}

static void op_recover(struct side *side)
{
	struct outbox_batch *batch;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side, db_outbox_recover(side->db, side->now_ms, &side->arena, &batch, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++)
		say_batch(side, &batch[i]);
}

static void op_budgets(struct side *side)
{
	struct budget_row *row;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side, db_budget_load(side->db, &side->arena, &row, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "budget");
		say_id(side, row[i].account_id);
		say_text(side, row[i].endpoint);
		say_text(side, row[i].blob);
	}
}

static void op_delivery_get(struct side *side)
{
	struct delivery delivery;
	struct err err = { 0 };

	if (say_result(side,
		       db_delivery_get(side->db, pool_choose(side, &side->delivery), &side->arena, &delivery,
				       &err),
		       &err))
		say_delivery(side, &delivery);
}

/* ---- ops: people ---- */

static struct failed_row *list_failed(struct side *side, size_t *n)
{
	struct failed_filter filter = { .store_id = chance(side, 50) ? 0 : choose_store(side),
					.max_n = 1 + below(side, 8) };
	struct failed_row *row = NULL;
	struct err err = { 0 };

	*n = 0;
	if (!say_result(side, db_failed_list(side->db, &filter, &side->arena, &row, n, &err), &err))
		return NULL;
	for (size_t i = 0; i < *n; i++) {
		say_line(side, row[i].is_message ? "failed message" : "failed delivery");
		say_id(side, row[i].id);
		say_id(side, row[i].store_id);
		say_int(side, row[i].failed_ms);
		say_text(side, row[i].what);
		say_text(side, row[i].reason);
	}
	return row;
}

static void op_failed(struct side *side)
{
	struct failed_change change = {
		.action = chance(side, 70) ? FAILED_RETRY : FAILED_DISCARD,
		.store_id = chance(side, 50) ? 0 : choose_store(side),
		.reason = STR("because"),
	};
	struct err err = { 0 };
	size_t n, n_changed = 0;
	struct failed_row *row = list_failed(side, &n);
	int64_t *id = ARENA_ARRAY(&side->arena, n + 1, int64_t);

	for (size_t i = 0; i < n; i++)
		if (chance(side, 50))
			id[change.n++] = row[i].id;
	if (chance(side, 5))
		id[change.n++] = pool_choose(side, &side->message);
	change.id = id;
	if (change.n == 0 && chance(side, 70))
		return;
	(void)say_result(side, db_failed_change(side->db, side->now_ms, &change, &n_changed, &err), &err);
	say_int(side, (int64_t)n_changed);
}

static void say_audit(struct side *side, const struct audit_row *row)
{
	say_line(side, audit_code_name(row->code));
	say_int(side, row->at_ms);
	say_id(side, row->store_id);
	say_id(side, row->account_id);
	say_id(side, row->message_id);
	say_id(side, row->delivery_id);
	say_entity(side, row->root);
	say_text(side, row->reason);
}

static void op_audit(struct side *side)
{
	struct audit_filter filter = { .max_n = 1 + below(side, 30) };
	struct audit_row *row;
	struct err err = { 0 };
	size_t n;

	if (chance(side, 30))
		filter.store_id = choose_store(side);
	if (chance(side, 20))
		filter.message_id = pool_choose(side, &side->message);
	if (chance(side, 20))
		filter.delivery_id = pool_choose(side, &side->delivery);
	if (chance(side, 30))
		filter.root = choose_root(side);
	if (chance(side, 20)) {
		filter.by_code = true;
		filter.code = (enum audit_code)below(side, AUDIT_CODE_COUNT);
	}
	if (chance(side, 20))
		filter.since_ms = side->now_ms - (int64_t)below(side, 3 * MS_PER_DAY);
	for (int page = 0; page < 3; page++) {
		if (!say_result(side, db_audit_list(side->db, &filter, &side->arena, &row, &n, &err), &err))
			return;
		for (size_t i = 0; i < n; i++)
			say_audit(side, &row[i]);
		if (n == 0)
			return;
		filter.before_id = row[n - 1].id;
	}
}

static void op_audit_append(struct side *side)
{
	struct audit_row row = { .at_ms = side->now_ms,
				 .code = AUDIT_MESSAGE_REFUSED,
				 .store_id = choose_store(side),
				 .reason = str_from(numbered(side, "refused", 5)) };
	struct err err = { 0 };

	(void)say_result(side, db_audit_append(side->db, &row, 1, &err), &err);
}

static void op_held(struct side *side)
{
	struct held_row *row;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side,
			db_held_list(side->db, chance(side, 50) ? 0 : choose_store(side), 1 + below(side, 9),
				     &side->arena, &row, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "held");
		say_id(side, row[i].store_id);
		say_entity(side, row[i].root);
		say_int(side, row[i].since_ms);
		say_text(side, row[i].reason);
	}
}

static void say_summary(struct side *side)
{
	struct summary summary;

	CONTRACT_OK(db_summary(side->db, side->now_ms, &side->arena, &summary, &contract_err));
	say_line(side, "summary");
	say_int(side, summary.idle);
	say_int(side, summary.sweeping);
	for (size_t i = 0; i < summary.n_store; i++) {
		const struct store_summary *store = &summary.store[i];

		strbuf_addf(&side->out,
			    "\nstore %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			    " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
			    store->store_id, store->received, store->pending, store->mapped, store->ignored,
			    store->duplicate, store->failed, store->discarded, store->due, store->held,
			    store->last_message_ms);
	}
	for (size_t i = 0; i < summary.n_account; i++) {
		const struct account_summary *account = &summary.account[i];

		strbuf_addf(&side->out,
			    "\naccount %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			    " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
			    account->account_id, account->created, account->ready, account->waiting,
			    account->sending, account->accepted, account->failed, account->skipped,
			    account->next_due_ms, account->oldest_ms);
	}
}

/* ---- ops: settings, upkeep ---- */

static struct config_change choose_change(struct side *side, const struct config_rows *rows)
{
	struct config_change change = {
		.expected_version = rows->version,
		.kind = (enum config_change_kind)below(side, 4),
		.sweep = chance(side, 50),
		.reason = STR("changed"),
		.now_ms = side->now_ms,
	};

	/* Removals are rare, and some account and store is always there. */
	if (change.kind == CONFIG_STORE_REMOVE && (rows->n_store < 2 || chance(side, 60)))
		change.kind = CONFIG_STORE_PUT;
	if (change.kind == CONFIG_ACCOUNT_REMOVE && chance(side, 50))
		change.kind = CONFIG_ACCOUNT_PUT;
	if (rows->n_account > 0 && chance(side, 70))
		change.account = rows->account[below(side, rows->n_account)];
	else
		change.account.name = str_from(numbered(side, "account", 4));
	if (rows->n_store > 0 && chance(side, 70))
		change.store = rows->store[below(side, rows->n_store)];
	else
		change.store.name = str_from(numbered(side, "store", 5));
	change.store.platform = STR("generic");
	change.store.account_id = 1 + (int64_t)below(side, 3);
	return change;
}

static void op_config(struct side *side)
{
	struct config_rows rows = config(side);
	struct config_change change = choose_change(side, &rows);
	struct err err = { 0 };
	int64_t version = 0;

	if (chance(side, 5))
		change.expected_version--;
	(void)say_result(side, db_config_change(side->db, &change, &err), &err);
	CONTRACT_OK(db_config_version(side->db, &version, &contract_err));
	say_int(side, version - rows.version);
	rows = config(side);
	for (size_t i = 0; i < rows.n_account; i++) {
		say_line(side, "account");
		say_id(side, rows.account[i].id);
		say_text(side, rows.account[i].name);
	}
	for (size_t i = 0; i < rows.n_store; i++) {
		say_line(side, "store");
		say_id(side, rows.store[i].id);
		say_id(side, rows.store[i].account_id);
		say_text(side, rows.store[i].name);
	}
}

static void op_maintain(struct side *side)
{
	struct retention retention = { 5, 5, 5, 5 };
	struct err err = { 0 };
	bool more = true;

	for (int i = 0; i < 1000 && more; i++)
		if (!say_result(side, db_maintain(side->db, side->now_ms, &retention, &more, &err), &err))
			return;
}

static void op_reopen(struct side *side)
{
	const struct db_ops *ops = side->db->ops;

	if (ops == &db_memory_ops) {
		((struct memory *)side->db)->turn_store_id = 0; /* whose turn it is, is not kept */
		return;
	}
	db_close(side->db);
	side->db = contract_open(ops, side->folder, side->now_ms);
}

static void op_time(struct side *side)
{
	uint64_t kind = below(side, 100);

	if (kind < 80)
		side->now_ms += (int64_t)below(side, 4000);
	else if (kind < 92)
		side->now_ms += (int64_t)below(side, 4 * MS_PER_HOUR);
	else if (kind < 97)
		side->now_ms += (int64_t)below(side, 3 * MS_PER_DAY);
	else
		side->now_ms -= (int64_t)below(side, MS_PER_DAY);
}

static const struct {
	const char *name;
	void (*run)(struct side *side);
	uint64_t weight;
} op[] = {
	{ "append", op_append, 20 },   { "map", op_map, 20 },	       { "message_get", op_message_get, 4 },
	{ "publish", op_publish, 25 }, { "root_get", op_root_get, 6 }, { "sweep", op_sweep, 4 },
	{ "find", op_find, 3 },	       { "send", op_send, 25 },	       { "settle", op_settle, 20 },
	{ "recover", op_recover, 1 },  { "budgets", op_budgets, 1 },   { "delivery_get", op_delivery_get, 6 },
	{ "failed", op_failed, 8 },    { "audit", op_audit, 6 },       { "audit_append", op_audit_append, 1 },
	{ "held", op_held, 2 },	       { "config", op_config, 3 },     { "maintain", op_maintain, 3 },
	{ "reopen", op_reopen, 1 },    { "time", op_time, 20 },
};

/* ---- the run ---- */

static void side_open(struct side *side, const struct db_ops *ops)
{
	memset(side, 0, sizeof(*side));
	arena_init(&side->arena);
	strbuf_init(&side->out, (size_t)64 << 20);
	side->seen = mem_zalloc(IDS_MAX, sizeof(*side->seen));
	side->now_ms = CONTRACT_START_MS;
	contract_folder_make(side->folder);
	side->db = contract_open(ops, side->folder, side->now_ms);
}

static void side_close(struct side *side)
{
	db_close(side->db);
	contract_folder_remove(side->folder);
	mem_free(side->seen);
	strbuf_release(&side->out);
	arena_release(&side->arena);
}

static size_t choose_op(struct rand *rand)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < sizeof(op) / sizeof(op[0]); i++)
		sum += op[i].weight;
	at = rand_below(rand, sum);
	for (size_t i = 0;; i++) {
		if (at < op[i].weight)
			return i;
		at -= op[i].weight;
	}
}

static void run_op(struct side *side, size_t at, uint64_t seed)
{
	rand_seeded_init(&side->rand, seed);
	strbuf_reset(&side->out);
	strbuf_add_text(&side->out, op[at].name);
	op[at].run(side);
	say_summary(side);
	contract_conserves(side->db);
	arena_reset(&side->arena);
}

/* The first line in which they differ, and what led to it. */
static void print_difference(const struct side *memory, const struct side *sqlite)
{
	struct str left = strbuf_str(&memory->out), right = strbuf_str(&sqlite->out);
	struct str left_line = STR(""), right_line = STR("");

	while (str_split(&left, '\n', &left_line) && str_split(&right, '\n', &right_line) &&
	       str_eq(left_line, right_line))
		print_error("        %.*s\n", STR_ARG(left_line));
	print_error("memory: %.*s\nsqlite: %.*s\n", STR_ARG(left_line), STR_ARG(right_line));
}

static void run_seed(uint64_t seed, uint64_t n_step)
{
	struct side *side = mem_zalloc(2, sizeof(*side));
	struct rand_seeded rand;

	rand_seeded_init(&rand, seed);
	side_open(&side[0], &db_memory_ops);
	side_open(&side[1], &db_sqlite_ops);
	for (uint64_t step = 0; step < n_step; step++) {
		size_t at = step == 0 ? 16 : choose_op(&rand.rand);
		uint64_t op_seed = rand_u64(&rand.rand);

		for (int i = 0; i < 2; i++)
			run_op(&side[i], at, op_seed);
		if (!str_eq(strbuf_str(&side[0].out), strbuf_str(&side[1].out))) {
			print_error("seed %" PRIu64 " step %" PRIu64 ", %s\n", seed, step, op[at].name);
			print_difference(&side[0], &side[1]);
			fail();
		}
	}
	side_close(&side[0]);
	side_close(&side[1]);
	mem_free(side);
}

static void test_both_backends_answer_alike(void **state)
{
	const char *one = getenv("CONTRACT_SEED");
	const char *steps = getenv("CONTRACT_STEPS");
	uint64_t n_step = steps ? strtoull(steps, NULL, 10) : 1200;

	(void)state;
	if (one) {
		run_seed(strtoull(one, NULL, 10), n_step);
		return;
	}
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_seed(seed, n_step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_backends_answer_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
