/*
 * Every verb fails once, before or after its effect, in a small scenario whose driver only tries again: the
 * end must be the same as without a fault. So each verb can be repeated after a lost answer.
 */
#include "contract/contract.h"

#include "support/db_fault.h"

#include <string.h>

#define PRODUCTS   3
#define ROUNDS_MAX 40

/* A shop that sends again until it is told that the message arrived. */
static bool shop_sends(struct contract *contract, unsigned char product)
{
	struct inbox_record record = {
		.store_id = contract->store_id,
		.received_ms = contract->now_ms,
		.body = STR("{}"),
		.slot = { { product } },
		.key = { { 1 } },
	};
	struct inbox_receipt receipt;

	return db_inbox_append(contract->db, &record, 1, &receipt, NULL);
}

static const char *product_id(size_t at)
{
	static const char *const id[PRODUCTS] = { "p0", "p1", "p2" };

	return id[at % PRODUCTS];
}

static void map_once(struct contract *contract)
{
	struct inbox_message *message;
	struct inbox_result result[10];
	struct fact fact[10];
	size_t n;

	if (!db_inbox_claim(contract->db, 10, 1 << 20, &contract->arena, &message, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		/* The last digit of the time names the product. */
		fact[i] = contract_set(ENTITY_PRODUCT, product_id((size_t)(message[i].received_ms % 10)),
				       "base", 0, "{}");
		result[i] = contract_result(contract, message[i].id, MESSAGE_MAPPED);
		result[i].fact = &fact[i];
		result[i].n_fact = 1;
		result[i].quiet_ms = 0;
	}
	if (n > 0 && !db_inbox_complete(contract->db, contract->now_ms, result, n, NULL))
		return; /* the next round tries again */
}

static void publish_once(struct contract *contract)
{
	struct catalog_publication publication[10];
	struct delivery_new delivery[10];
	struct catalog_root *root;
	int64_t next_due_ms;
	size_t n;

	if (!db_catalog_claim(contract->db, contract->now_ms, 10, &contract->arena, &root, &n, &next_due_ms,
			      NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *id = arena_cstr(&contract->arena, root[i].root.id);
		const struct root_sent *sent = contract_sent(&root[i], KLAVIYO_ITEM, id);

		delivery[i] = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, id, id);
		publication[i] = (struct catalog_publication){
			.store_id = contract->store_id,
			.account_id = contract->account_id,
			.root = root[i].root,
			.due_seq = root[i].due_seq,
			.delivery = &delivery[i],
			.n_delivery = !sent || !digest16_eq(sent->wanted, delivery[i].hash),
		};
	}
	if (n > 0 && !db_catalog_publish(contract->db, contract->now_ms, publication, n, NULL))
		return; /* the next round tries again */
}

static void send_once(struct contract *contract)
{
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = KLAVIYO_ITEM,
		.max_n = 10,
		.max_bytes = 1 << 20,
		.endpoint = STR("e"),
	};
	struct delivery_settlement settlement[10];
	struct outbox_settlement settled = { .delivery = settlement, .http_status = 200 };
	struct outbox_batch batch;
	struct outbox_batch *open;
	size_t n;

	if (!db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch, NULL)) {
		/* Perhaps something is under way that nobody knows of: as after a start. */
		for (int i = 0; i < 2; i++)
			if (db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
					      NULL))
				return;
	}
	if (batch.n == 0)
		return;
	for (int i = 0; i < 2; i++)
		if (db_outbox_job(contract->db, contract->now_ms, batch.id, STR("job"), NULL))
			break;
	settled.batch_id = batch.id;
	settled.n = batch.n;
	for (size_t i = 0; i < batch.n; i++)
		settlement[i] = contract_settlement(batch.delivery[i].id, DELIVERY_ACCEPTED);
	for (int i = 0; i < 2; i++)
		if (db_outbox_settle(contract->db, contract->now_ms, &settled, NULL))
			break;
}

static void drive(struct contract *contract)
{
	for (unsigned char i = 0; i < PRODUCTS; i++, contract->now_ms++)
		while (!shop_sends(contract, i))
			;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct summary summary;

		map_once(contract);
		publish_once(contract);
		send_once(contract);
		if (db_summary(contract->db, contract->now_ms, &contract->arena, &summary, NULL) &&
		    summary.idle)
			return;
	}
	fail_msg("not idle after %d rounds", ROUNDS_MAX);
}

static void check(struct contract *contract)
{
	struct store_summary store = contract_store_summary(contract, contract->store_id);
	struct account_summary account = contract_account_summary(contract, contract->account_id);

	contract_conserves(contract->db);
	assert_int_equal(store.mapped, PRODUCTS);
	assert_int_equal(store.received - store.duplicate, PRODUCTS);
	assert_int_equal(account.accepted, PRODUCTS);
	assert_int_equal(account.created, account.accepted + account.skipped);
	for (size_t i = 0; i < PRODUCTS; i++) {
		struct catalog_root root = contract_root(contract, ENTITY_PRODUCT, product_id(i));

		assert_int_equal(root.n_sent, 1);
		assert_true(root.sent[0].exists);
		assert_true(digest16_eq(root.sent[0].wanted, contract_hash(product_id(i))));
	}
}

/* The scenario in a store of its own, with the nth verb failing; true if there were so many verbs. */
static bool run(struct contract *contract, const char *name, int64_t n, enum db_fault_when when)
{
	int64_t calls = db_fault_calls(contract->db);

	contract->now_ms = contract->now_ms / 10 * 10 + 10; /* its last digit names the product */
	contract->account_id = contract_account(contract, name);
	contract->store_id = contract_store(contract, name, contract->account_id);
	calls = db_fault_calls(contract->db);
	db_fault_set(contract->db, n, when, ERR_BUSY);
	drive(contract);
	calls = db_fault_calls(contract->db) - calls;
	db_fault_set(contract->db, 0, when, ERR_BUSY);
	check(contract);
	arena_reset(&contract->arena);
	return n <= calls;
}

static void test_every_verb_fails_once(void **state)
{
	struct contract *contract = *state;
	int64_t n_run = 0;

	db_fault_wrap(contract->db, &contract->db);
	for (int when = DB_FAULT_BEFORE; when <= DB_FAULT_AFTER; when++) {
		char name[] = "fault-b-000";
		bool more = true;

		name[6] = when == DB_FAULT_BEFORE ? 'b' : 'a';
		for (int64_t n = 1; more; n++, n_run++) {
			for (int64_t digit = 10, rest = n; digit >= 8; digit--, rest /= 10)
				name[digit] = (char)('0' + rest % 10);
			more = run(contract, name, n, (enum db_fault_when)when);
		}
	}
	assert_true(n_run > 20);
}

static void test_a_fault_before_has_no_effect(void **state)
{
	struct contract *contract = *state;

	db_fault_wrap(contract->db, &contract->db);
	db_fault_set(contract->db, 1, DB_FAULT_BEFORE, ERR_BUSY);
	assert_false(shop_sends(contract, 1));
	assert_string_equal(db_fault_failed(contract->db), "inbox_append");
	assert_int_equal(contract_store_summary(contract, contract->store_id).received, 0);
}

static void test_a_fault_after_has(void **state)
{
	struct contract *contract = *state;
	struct err err = { 0 };
	int64_t version;

	db_fault_wrap(contract->db, &contract->db);
	db_fault_set(contract->db, 1, DB_FAULT_AFTER, ERR_UNREACHABLE);
	assert_false(shop_sends(contract, 1));
	assert_int_equal(contract_store_summary(contract, contract->store_id).received, 1);
	db_fault_set(contract->db, 2, DB_FAULT_AFTER, ERR_UNREACHABLE);
	assert_true(db_config_version(contract->db, &version, &err));
	assert_false(db_config_version(contract->db, &version, &err));
	assert_int_equal(err.code, ERR_UNREACHABLE);
	assert_true(db_config_version(contract->db, &version, &err));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_every_verb_fails_once),
	cmocka_unit_test(test_a_fault_before_has_no_effect),
	cmocka_unit_test(test_a_fault_after_has),
};

CONTRACT_MAIN(tests)
