/* Model test of the store: choosing at random and writing down what comes back. */
#include "contract/random_side.h"

#include "base/attr.h"
#include "store/store_rules.h"

#include "base/digest.h"
#include "model/id_text.h"
#include "store/sqlite/sqlite_rows.h"

#include <inttypes.h>

#define RUN_KEYS 5

void side_connect(struct side *side, const struct db_ops *ops)
{
	side->db = contract_open(ops, side->folder, side->now_ms);
	if (ops == &db_sqlite_ops)
		seen_run_max_set(sqlite_of(side->db)->seen, RUN_KEYS);
}

uint64_t below(struct side *side, uint64_t bound)
{
	return rand_below(&side->rand.rand, bound);
}

bool chance(struct side *side, uint64_t percent)
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

void say_id(struct side *side, int64_t id)
{
	if (id == 0)
		strbuf_add_text(&side->out, " -");
	else if (id < (INT64_C(1) << 40))
		strbuf_addf(&side->out, " %" PRId64, id); /* accounts and stores */
	else
		strbuf_addf(&side->out, " #%zu", ordinal(side, id));
}

void say_int(struct side *side, int64_t value)
{
	strbuf_addf(&side->out, " %" PRId64, value);
}

/* The end of the run of letters and digits at i. */
static size_t word_end(struct str text, size_t i)
{
	while (i < text.len &&
	       ((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'z')))
		i++;
	return i;
}

/* Words that are ids as people see them are written as ids. */
void say_text(struct side *side, struct str text)
{
	strbuf_add_text(&side->out, " '");
	for (size_t i = 0, end; i < text.len; i = end) {
		struct str word;
		enum id_kind kind;
		int64_t id;

		end = word_end(text, i);
		word = str_of(text.p + i, end - i);
		if (word.len > 10 && id_parse(word, &kind, &id)) {
			strbuf_addf(&side->out, "#%zu", ordinal(side, id));
			continue;
		}
		end = end > i ? end : i + 1;
		strbuf_add(&side->out, text.p + i, end - i);
	}
	strbuf_add_char(&side->out, '\'');
}

void say_entity(struct side *side, struct entity entity)
{
	strbuf_addf(&side->out, " %s:%.*s", entity.id.len ? entity_kind_text(entity.kind) : "",
		    STR_ARG(entity.id));
}

void say_digest(struct side *side, struct digest16 digest)
{
	char hex[33];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	strbuf_addf(&side->out, " %.8s", hex);
}

void say_line(struct side *side, const char *what)
{
	strbuf_addf(&side->out, "\n%s", what);
}

bool say_result(struct side *side, bool ok, const struct err *err)
{
	if (!ok)
		strbuf_addf(&side->out, " %s", err_code_name(err->code));
	return ok;
}

void say_delivery(struct side *side, const struct delivery *delivery)
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
	say_id(side, delivery->copy_of);
	say_int(side, delivery->created_ms);
	say_int(side, delivery->due_ms);
	say_int(side, delivery->attempts);
	say_int(side, delivery->batch_max);
	say_text(side, delivery->reason);
	say_text(side, delivery->person_now);
}

static void say_sent(struct side *side, const char *what, const struct root_sent *sent)
{
	say_line(side, what);
	say_text(side, str_from(klaviyo_kind_text(sent->kind)));
	say_text(side, sent->external_id);
	say_text(side, sent->parent_external_id);
	say_int(side, sent->exists);
	say_int(side, sent->left);
	say_int(side, sent->wanted_deleted);
	say_digest(side, sent->wanted);
	say_id(side, sent->newest_id);
}

void say_root(struct side *side, const struct catalog_root *root)
{
	say_line(side, "root");
	say_id(side, root->store_id);
	say_entity(side, root->root);
	say_int(side, root->due_seq != 0);
	say_int(side, root->due_first_ms);
	say_int(side, root->due_seq != 0 ? (int64_t)root->priority : -1);
	say_int(side, root->deleted);
	say_id(side, root->message_id);
	for (size_t i = 0; i < root->n_entity; i++) {
		say_line(side, "  entity");
		say_entity(side, root->entity[i].entity);
		say_int(side, root->entity[i].deleted);
		say_text(side, root->entity[i].root_id);
	}
	for (size_t i = 0; i < root->n_fact; i++) {
		say_line(side, "  fact");
		say_entity(side, root->fact[i].entity);
		say_text(side, root->fact[i].part);
		say_int(side, root->fact[i].version);
		say_id(side, root->fact[i].seq);
		say_text(side, root->fact[i].body);
	}
	for (size_t i = 0; i < root->n_sent; i++)
		say_sent(side, "  sent", &root->sent[i]);
	for (size_t i = 0; i < root->n_kin_sent; i++)
		say_sent(side, "  sent of kin", &root->kin_sent[i]);
}

static void say_pressure(struct side *side)
{
	struct store_pressure *row;
	size_t n;

	CONTRACT_OK(db_pressure(side->db, &side->arena, &row, &n, &contract_err));
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&side->out, "\non its way %" PRId64 ": %" PRId64 " %" PRId64, row[i].store_id,
			    row[i].pending, row[i].due);
}

void say_summary(struct side *side)
{
	struct summary summary;

	CONTRACT_OK(db_summary(side->db, side->now_ms, &side->arena, &summary, &contract_err));
	say_line(side, "history");
	for (int64_t store = 1; store < 4; store++) {
		size_t n;

		CONTRACT_OK(db_catalog_history(side->db, store, 5, &n, &contract_err));
		say_int(side, (int64_t)n);
	}
	say_line(side, "summary");
	say_int(side, summary.idle);
	say_int(side, summary.sweeping);
	for (size_t i = 0; i < summary.n_store; i++) {
		const struct store_summary *store = &summary.store[i];

		strbuf_addf(&side->out,
			    "\nstore %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			    " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
			    store->store_id, store->received, store->pending, store->mapped, store->ignored,
			    store->duplicate, store->failed, store->discarded, store->due, store->held,
			    store->last_message_ms, store->last_shop_ms);
	}
	say_pressure(side);
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

/* ---- choosing ---- */

void pool_add(struct pool *pool, int64_t id)
{
	for (size_t i = 0; i < pool->n; i++)
		if (pool->id[i] == id)
			return;
	if (pool->n < POOL_MAX)
		pool->id[pool->n++] = id;
}

int64_t pool_choose(struct side *side, const struct pool *pool)
{
	return pool->n > 0 ? pool->id[below(side, pool->n)] : 1;
}

const char *numbered(struct side *side, const char *prefix, uint64_t bound)
{
	return arena_cstr(&side->arena, arena_printf(&side->arena, "%s%" PRIu64, prefix, below(side, bound)));
}

/* A digest, not any bytes: what it is found by relies on that. */
struct digest16 choose_slot(struct side *side)
{
	const struct str text = str_from(numbered(side, "slot", 40));

	return digest16_of(&text, 1);
}

struct config_rows config(struct side *side)
{
	struct config_rows rows;

	CONTRACT_OK(db_config_load(side->db, &side->arena, &rows, &contract_err));
	return rows;
}

/* Mostly one that is there; sometimes one that is gone. */
int64_t choose_store(struct side *side)
{
	struct config_rows rows = config(side);

	if (rows.n_store == 0 || chance(side, 3))
		return 1 + (int64_t)below(side, 6);
	return rows.store[below(side, rows.n_store)].id;
}

int64_t choose_account(struct side *side)
{
	struct config_rows rows = config(side);

	return rows.n_account ? rows.account[below(side, rows.n_account)].id : 1;
}

struct entity choose_person(struct side *side)
{
	return contract_entity(ENTITY_PERSON, arena_cstr(&side->arena, arena_printf(&side->arena, "n%d@s.x",
										    (int)below(side, 3))));
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
		{ ENTITY_BRAND, "b", 2 },    { ENTITY_MARKET, "m", 2 },	  { ENTITY_ORDER, "o", 4 },
		{ ENTITY_ORDER, "o", 4 },    { ENTITY_PERSON, "n", 3 },	  { ENTITY_VISITOR, "w", 2 },
	};
	size_t at = below(side, sizeof(row) / sizeof(row[0]));

	if (row[at].kind == ENTITY_PERSON)
		return choose_person(side);
	return contract_entity(row[at].kind, numbered(side, row[at].prefix, row[at].n));
}

struct entity choose_root(struct side *side)
{
	bool product = chance(side, 70);

	if (chance(side, 10))
		return choose_person(side);
	if (chance(side, 30))
		return contract_entity(ENTITY_ORDER, numbered(side, "o", 4));
	return contract_entity(product ? ENTITY_PRODUCT : ENTITY_CATEGORY,
			       numbered(side, product ? "p" : "c", product ? 4 : 5));
}

struct fact choose_fact(struct side *side)
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
		if (fact.entity.kind == ENTITY_PERSON && chance(side, 60)) {
			fact.part = STR("customer");
			fact.body = arena_printf(&side->arena, "{\"customer_id\":\"%s\"}",
						 chance(side, 80) ? numbered(side, "id", 2) : "");
		}
		if (fact.entity.kind == ENTITY_ORDER && chance(side, 60))
			fact.body = arena_printf(&side->arena,
						 "{\"customer\":{\"customer_id\":\"%s\",\"email\":\"%.*s\"}}",
						 numbered(side, "id", 3), STR_ARG(choose_person(side).id));
		fact.n_ref = below(side, 4);
		for (size_t i = 0; i < fact.n_ref; i++) {
			ref[i] = contract_entity(ENTITY_CATEGORY, numbered(side, "c", 5));
			if (chance(side, 50))
				ref[i] = contract_entity(ENTITY_BRAND, numbered(side, "b", 2));
			if (store_shows_products(fact.entity.kind))
				ref[i] = chance(side, 50)
						 ? contract_entity(ENTITY_PRODUCT, numbered(side, "p", 4))
						 : contract_entity(ENTITY_VARIANT, numbered(side, "v", 6));
		}
	} else if (fact.op == FACT_DELETE) {
		fact.part = STR("");
	}
	if (fact.entity.kind == ENTITY_VARIANT && chance(side, 60))
		fact.root_id = str_from(numbered(side, "p", 4));
	return fact;
}
