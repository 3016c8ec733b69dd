/* Contract of the store: lanes, and what may leave when. */
#include "contract/contract.h"

#include "base/clock.h"

#define CATEGORY KLAVIYO_CATEGORY
#define ITEM	 KLAVIYO_ITEM
#define VARIANT	 KLAVIYO_VARIANT
#define CREATE	 DELIVERY_CREATE
#define UPDATE	 DELIVERY_UPDATE
#define DELETE	 DELIVERY_DELETE

static int64_t item(struct contract *contract, enum delivery_op op, const char *id)
{
	return contract_publish_one(contract, "p1", contract_delivery(ITEM, op, id, id));
}

static int64_t category(struct contract *contract, enum delivery_op op, const char *id)
{
	return contract_publish_one(contract, "p1", contract_delivery(CATEGORY, op, id, id));
}

static int64_t variant(struct contract *contract, enum delivery_op op, const char *id, const char *item_id)
{
	return contract_publish_one(contract, "p1", contract_variant(op, id, item_id, id));
}

static size_t claimable(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 100);
	struct delivery_settlement back[100];

	for (size_t i = 0; i < batch.n; i++) {
		back[i] = contract_settlement(batch.delivery[i].id, DELIVERY_READY);
		back[i].op = batch.delivery[i].op;
	}
	if (batch.n > 0)
		contract_settle(contract, batch.id, back, batch.n);
	return batch.n;
}

/* Sends one and leaves it WAITING for an hour. */
static void put_off(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 1);
	struct delivery_settlement later;

	assert_int_equal(batch.n, 1);
	later = contract_settlement(batch.delivery[0].id, DELIVERY_WAITING);
	later.due_ms = contract->now_ms + MS_PER_HOUR;
	contract_settle_one(contract, batch.id, later);
}

static void accept_all(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 100);
	struct delivery_settlement accepted[100];

	assert_true(batch.n > 0);
	for (size_t i = 0; i < batch.n; i++) {
		accepted[i] = contract_settlement(batch.delivery[i].id, DELIVERY_ACCEPTED);
		accepted[i].exists = op != DELETE;
	}
	contract_settle(contract, batch.id, accepted, batch.n);
}

/* ---- claims ---- */

static void test_a_claim_takes_in_order(void **state)
{
	struct contract *contract = *state;
	int64_t first = item(contract, CREATE, "z");
	int64_t second = item(contract, CREATE, "a");
	int64_t third = item(contract, CREATE, "m");
	struct outbox_batch batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 2);
	struct audit_row *row;
	size_t n;

	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.delivery[0].id, first);
	assert_int_equal(batch.delivery[1].id, second);
	assert_true(batch.id > third);
	assert_int_equal(batch.account_id, contract->account_id);
	assert_str(batch.endpoint, "endpoint");
	assert_str(batch.job_id, "");
	assert_int_equal(batch.started_ms, contract->now_ms);
	assert_int_equal(batch.delivery[0].state, DELIVERY_SENDING);
	assert_str(batch.delivery[0].body, "z");
	assert_true(digest16_eq(batch.delivery[0].hash, contract_hash("z")));
	assert_int_equal(contract_get(contract, first).state, DELIVERY_SENDING);
	assert_int_equal(contract_get(contract, third).state, DELIVERY_READY);
	row = contract_audit(contract, (struct audit_filter){ .delivery_id = first }, &n);
	assert_int_equal(row[0].code, AUDIT_DELIVERY_SENT);
	assert_str(row[0].reason, "endpoint");
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, third);
}

/* It was never sent, says the audit; and what waited for it may go on. */
static void test_what_nobody_wants_ends_instead(void **state)
{
	struct contract *contract = *state;
	int64_t first = item(contract, CREATE, "i1");
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = ITEM,
		.op = CREATE,
		.max_n = 1,
		.max_bytes = 1000,
		.endpoint = STR("e"),
		.budget = { contract->account_id, STR("e"), STR("used") },
		.unwanted = STR("nobody reads it"),
	};
	struct outbox_batch batch;
	struct budget_row *budget;
	struct audit_row *row;
	size_t n;

	(void)item(contract, CREATE, "i2");
	(void)variant(contract, CREATE, "v1", "i1");
	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	assert_int_equal(batch.n, 0);
	assert_int_equal(batch.n_skipped, 1);
	assert_int_equal(contract_get(contract, first).state, DELIVERY_SKIPPED);
	row = contract_audit(contract, (struct audit_filter){ .delivery_id = first }, &n);
	assert_int_equal(n, 2);
	assert_int_equal(row[0].code, AUDIT_DELIVERY_SKIPPED);
	assert_str(row[0].reason, "nobody reads it");
	assert_int_equal(row[1].code, AUDIT_DELIVERY_CREATED);
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 0);
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
	assert_int_equal(claimable(contract, ITEM, CREATE), 1);
	contract_conserves(contract->db);
}

static void test_an_empty_claim_leaves_nothing_behind(void **state)
{
	struct contract *contract = *state;
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = ITEM,
		.max_n = 10,
		.max_bytes = 1000,
		.endpoint = STR("e"),
		.budget = { contract->account_id, STR("e"), STR("used") },
	};
	struct outbox_batch batch;
	struct outbox_batch *open;
	struct budget_row *budget;
	size_t n;

	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	assert_int_equal(batch.n, 0);
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 0);
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(n, 0);
}

static void test_a_claim_saves_the_budget(void **state)
{
	struct contract *contract = *state;
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = ITEM,
		.max_n = 1,
		.max_bytes = 1000,
		.endpoint = STR("e"),
		.budget = { contract->account_id, STR("e"), { "a\0b", 3 } },
	};
	struct outbox_batch batch;
	struct budget_row *budget;
	size_t n;

	(void)item(contract, CREATE, "a");
	(void)item(contract, CREATE, "b");
	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_int_equal(budget[0].account_id, contract->account_id);
	assert_str(budget[0].endpoint, "e");
	assert_true(str_eq(budget[0].blob, claim.budget.blob));
	claim.budget.blob = STR("more");
	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_str(budget[0].blob, "more");
}

/* What one delivery alone leaves by is known to its batch, and counted instead. */
static void test_one_delivery_may_leave_by_another_endpoint(void **state)
{
	struct contract *contract = *state;
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = ITEM,
		.max_n = 2,
		.max_bytes = 1000,
		.endpoint = STR("many"),
		.budget = { contract->account_id, STR("many"), STR("m") },
		.alone = { contract->account_id, STR("one"), STR("o") },
	};
	struct outbox_batch batch;
	struct budget_row *budget;
	struct audit_row *row;
	size_t n;

	for (int i = 0; i < 3; i++)
		(void)item(contract, CREATE, (const char *[]){ "a", "b", "c" }[i]);
	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	assert_int_equal(batch.n, 2);
	assert_str(batch.endpoint, "many");
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_str(budget[0].endpoint, "many");
	claim.budget.blob = STR("not saved");
	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	assert_int_equal(batch.n, 1);
	assert_str(batch.endpoint, "one");
	row = contract_audit(contract, (struct audit_filter){ .delivery_id = batch.delivery[0].id }, &n);
	assert_str(row[0].reason, "one");
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 2);
	assert_str(budget[0].blob, "m");
	assert_str(budget[1].endpoint, "one");
	assert_str(budget[1].blob, "o");
}

static void test_a_claim_is_bounded_by_bytes(void **state)
{
	static const struct {
		size_t max_bytes;
		size_t want;
	} row[] = { { 0, 1 }, { 2, 1 }, { 3, 2 }, { 5, 2 }, { 6, 3 }, { 100, 3 } };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct contract *contract = *state;
		struct outbox_claim claim = {
			.kind = ITEM,
			.max_n = 10,
			.max_bytes = row[i].max_bytes,
			.endpoint = STR("e"),
		};
		struct outbox_batch batch;
		char name[] = "account0";

		name[7] = (char)('0' + i);
		contract->account_id = contract_account(contract, name);
		contract->store_id = contract_store(contract, name, contract->account_id);
		claim.account_id = contract->account_id;
		(void)item(contract, CREATE, "1");
		(void)item(contract, CREATE, "22");
		(void)item(contract, CREATE, "333");
		CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
					    &contract_err));
		assert_int_equal(batch.n, row[i].want);
	}
}

static void test_lanes_are_apart(void **state)
{
	struct contract *contract = *state;
	struct outbox_lane *lane;
	size_t n;

	(void)item(contract, CREATE, "a");
	contract->now_ms += 50;
	(void)category(contract, CREATE, "c");
	(void)category(contract, CREATE, "d");
	CONTRACT_OK(
		db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n, &contract_err));
	assert_int_equal(n, 2);
	assert_int_equal(lane[0].kind, CATEGORY);
	assert_int_equal(lane[0].op, CREATE);
	assert_int_equal(lane[0].priority, PRIORITY_REALTIME);
	assert_int_equal(lane[0].account_id, contract->account_id);
	assert_int_equal(lane[0].n_ready, 2);
	assert_int_equal(lane[0].n_sending, 0);
	assert_true(lane[0].next_due_ms == INT64_MAX);
	assert_int_equal(lane[1].kind, ITEM);
	accept_all(contract, CATEGORY, CREATE);
	CONTRACT_OK(
		db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n, &contract_err));
	assert_int_equal(n, 1);
}

static void test_what_waits_leaves_when_it_is_due(void **state)
{
	struct contract *contract = *state;
	int64_t waits = item(contract, CREATE, "a");
	int64_t due_ms = contract->now_ms + MS_PER_HOUR;
	struct outbox_lane lane;
	struct outbox_batch batch;
	int64_t later;

	put_off(contract, ITEM, CREATE);
	lane = contract_lane(contract, ITEM, CREATE, 0);
	assert_int_equal(lane.n_ready, 0);
	assert_int_equal(lane.n_waiting, 1);
	assert_int_equal(lane.next_due_ms, due_ms);
	assert_int_equal(contract_get(contract, waits).due_ms, due_ms);
	contract->now_ms = due_ms - 1;
	assert_int_equal(claimable(contract, ITEM, CREATE), 0);
	contract->now_ms = due_ms;
	later = item(contract, CREATE, "b");
	lane = contract_lane(contract, ITEM, CREATE, 0);
	assert_int_equal(lane.n_ready, 2);
	assert_int_equal(lane.n_waiting, 0);
	assert_true(lane.next_due_ms == INT64_MAX);
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.delivery[0].id, waits);
	assert_int_equal(batch.delivery[1].id, later);
}

static void test_waiting_ones_by_the_time_they_are_due(void **state)
{
	struct contract *contract = *state;
	int64_t id[3] = { item(contract, CREATE, "a"), item(contract, CREATE, "b"),
			  item(contract, CREATE, "c") };
	int64_t wait_ms[3] = { 300, 100, 200 };
	struct outbox_batch batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 3);

	for (int i = 0; i < 3; i++) {
		struct delivery_settlement later = contract_settlement(id[i], DELIVERY_WAITING);

		later.due_ms = contract->now_ms + wait_ms[i];
		contract_settle_one(contract, batch.id, later);
	}
	assert_int_equal(contract_lane(contract, ITEM, CREATE, 0).next_due_ms, contract->now_ms + 100);
	contract->now_ms += 250;
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.delivery[0].id, id[1]);
	assert_int_equal(batch.delivery[1].id, id[2]);
}

static void test_what_was_refused_together_leaves_in_its_halves(void **state)
{
	struct contract *contract = *state;
	int64_t id[5];
	struct delivery_settlement back[5];
	struct outbox_batch batch;

	for (int i = 0; i < 5; i++)
		id[i] = item(contract, CREATE, (const char *[]){ "a", "b", "c", "d", "e" }[i]);
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 5);
	for (int i = 0; i < 5; i++) {
		back[i] = contract_settlement(id[i], DELIVERY_READY);
		back[i].batch_max = 3;
	}
	contract_settle(contract, batch.id, back, 5);
	(void)item(contract, CREATE, "new");
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 3);
	assert_int_equal(batch.delivery[0].id, id[0]);
	assert_int_equal(batch.delivery[0].batch_max, 3);
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 2); /* without the new one, which nobody suspects */
	assert_int_equal(batch.delivery[1].id, id[4]);
	assert_int_equal(contract_get(contract, id[4]).batch_max, 3);
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].batch_max, 0);
}

/* ---- order ---- */

static void test_of_one_entity_only_the_oldest_leaves(void **state)
{
	struct contract *contract = *state;
	int64_t newer;

	(void)item(contract, CREATE, "a");
	(void)contract_claim_one(contract, ITEM, CREATE);
	newer = item(contract, DELETE, "a");
	assert_int_equal(claimable(contract, ITEM, DELETE), 0);
	assert_int_equal(contract_lane(contract, ITEM, DELETE, 0).n_blocked, 1);
	assert_int_equal(contract_lane(contract, ITEM, DELETE, 0).n_ready, 0);
	assert_int_equal(contract_get(contract, newer).state, DELIVERY_READY);
	assert_false(contract_summary(contract).idle);
}

static void test_a_variant_create_waits_for_its_item(void **state)
{
	struct contract *contract = *state;

	(void)variant(contract, CREATE, "v1", "i1");
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
	(void)item(contract, CREATE, "i1"); /* made later, yet it has to go first */
	(void)variant(contract, CREATE, "v2", "i1");
	(void)variant(contract, CREATE, "v3", "other");
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
	assert_int_equal(contract_lane(contract, VARIANT, CREATE, 0).n_blocked, 2);
	put_off(contract, ITEM, CREATE); /* WAITING is undone, too */
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
	contract->now_ms += MS_PER_HOUR;
	accept_all(contract, ITEM, CREATE);
	assert_int_equal(contract_lane(contract, VARIANT, CREATE, 0).n_blocked, 0);
	assert_int_equal(claimable(contract, VARIANT, CREATE), 3);
}

static void test_a_variant_create_does_not_wait_for_an_update(void **state)
{
	struct contract *contract = *state;

	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "i1", "a"));
	(void)item(contract, UPDATE, "i1");
	(void)variant(contract, CREATE, "v1", "i1");
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
}

static void test_an_item_create_that_turns_update_frees_its_variants(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct delivery_settlement turn;

	(void)item(contract, CREATE, "i1");
	(void)variant(contract, CREATE, "v1", "i1");
	batch = contract_claim_one(contract, ITEM, CREATE);
	turn = contract_settlement(batch.delivery[0].id, DELIVERY_READY);
	turn.op = UPDATE;
	contract_settle_one(contract, batch.id, turn);
	assert_int_equal(claimable(contract, VARIANT, CREATE), 1);
}

static void test_items_wait_for_category_creates(void **state)
{
	struct contract *contract = *state;

	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "i0", "a"));
	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "gone", "a"));
	(void)item(contract, UPDATE, "i0");
	(void)item(contract, CREATE, "i1");
	(void)item(contract, DELETE, "gone");
	(void)category(contract, CREATE, "c1");
	assert_int_equal(claimable(contract, ITEM, CREATE), 0);
	assert_int_equal(claimable(contract, ITEM, UPDATE), 0);
	assert_int_equal(claimable(contract, ITEM, DELETE), 1);
	put_off(contract, CATEGORY,
		CREATE); /* only READY and SENDING count: a retry does not hold all items up */
	assert_int_equal(claimable(contract, ITEM, CREATE), 1);
	assert_int_equal(claimable(contract, ITEM, UPDATE), 1);
	(void)category(contract, CREATE, "c2");
	(void)contract_claim_one(contract, CATEGORY, CREATE);
	assert_int_equal(claimable(contract, ITEM, CREATE), 0);
}

static void test_items_of_another_account_do_not_wait(void **state)
{
	struct contract *contract = *state;

	(void)category(contract, CREATE, "c1");
	contract->account_id = contract_account(contract, "second");
	contract->store_id = contract_store(contract, "second", contract->account_id);
	(void)item(contract, CREATE, "i1");
	assert_int_equal(claimable(contract, ITEM, CREATE), 1);
}

static void test_an_item_delete_waits_for_its_variants(void **state)
{
	struct contract *contract = *state;

	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "i1", "a"));
	(void)contract_accepted(contract, "p1", contract_variant(CREATE, "v1", "i1", "a"));
	(void)item(contract, DELETE, "i1");
	assert_int_equal(claimable(contract, ITEM, DELETE), 1);
	(void)variant(contract, DELETE, "v1", "i1");
	assert_int_equal(claimable(contract, ITEM, DELETE), 0);
	put_off(contract, VARIANT, DELETE);
	assert_int_equal(claimable(contract, ITEM, DELETE), 0);
	contract->now_ms += MS_PER_HOUR;
	accept_all(contract, VARIANT, DELETE);
	assert_int_equal(claimable(contract, ITEM, DELETE), 1);
}

static void test_a_category_delete_waits_for_older_item_updates(void **state)
{
	struct contract *contract = *state;

	(void)contract_accepted(contract, "p1", contract_delivery(CATEGORY, CREATE, "c1", "a"));
	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "i1", "a"));
	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, CREATE, "i2", "a"));
	(void)item(contract, UPDATE, "i1");
	(void)category(contract, DELETE, "c1");
	(void)item(contract, UPDATE, "i2"); /* newer: not waited for */
	assert_int_equal(claimable(contract, CATEGORY, DELETE), 0);
	put_off(contract, ITEM, UPDATE);
	assert_int_equal(claimable(contract, CATEGORY, DELETE), 1);
	contract->now_ms += MS_PER_HOUR;
	(void)contract_claim(contract, ITEM, UPDATE, PRIORITY_REALTIME, 1);
	assert_int_equal(claimable(contract, CATEGORY, DELETE), 0);
}

static void test_many_blocked_ones_do_not_hide_a_free_one(void **state)
{
	struct contract *contract = *state;

	(void)item(contract, CREATE, "i1");
	put_off(contract, ITEM, CREATE);
	for (int i = 0; i < 50; i++)
		(void)variant(contract, CREATE,
			      arena_cstr(&contract->arena, arena_printf(&contract->arena, "v%d", i)), "i1");
	(void)variant(contract, CREATE, "free", "i2");
	assert_int_equal(contract_claim(contract, VARIANT, CREATE, 0, 1).n, 1);
	assert_int_equal(contract_lane(contract, VARIANT, CREATE, 0).n_blocked, 50);
}

static void test_behind_a_retry_the_store_is_idle(void **state)
{
	struct contract *contract = *state;

	(void)item(contract, CREATE, "i1");
	(void)variant(contract, CREATE, "v1", "i1");
	assert_false(contract_summary(contract).idle);
	put_off(contract, ITEM, CREATE);
	assert_true(contract_summary(contract).idle);
	contract->now_ms += MS_PER_HOUR;
	assert_false(contract_summary(contract).idle);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_claim_takes_in_order),
	cmocka_unit_test(test_what_nobody_wants_ends_instead),
	cmocka_unit_test(test_an_empty_claim_leaves_nothing_behind),
	cmocka_unit_test(test_a_claim_saves_the_budget),
	cmocka_unit_test(test_one_delivery_may_leave_by_another_endpoint),
	cmocka_unit_test(test_a_claim_is_bounded_by_bytes),
	cmocka_unit_test(test_lanes_are_apart),
	cmocka_unit_test(test_what_waits_leaves_when_it_is_due),
	cmocka_unit_test(test_waiting_ones_by_the_time_they_are_due),
	cmocka_unit_test(test_what_was_refused_together_leaves_in_its_halves),
	cmocka_unit_test(test_of_one_entity_only_the_oldest_leaves),
	cmocka_unit_test(test_a_variant_create_waits_for_its_item),
	cmocka_unit_test(test_a_variant_create_does_not_wait_for_an_update),
	cmocka_unit_test(test_an_item_create_that_turns_update_frees_its_variants),
	cmocka_unit_test(test_items_wait_for_category_creates),
	cmocka_unit_test(test_items_of_another_account_do_not_wait),
	cmocka_unit_test(test_an_item_delete_waits_for_its_variants),
	cmocka_unit_test(test_a_category_delete_waits_for_older_item_updates),
	cmocka_unit_test(test_many_blocked_ones_do_not_hide_a_free_one),
	cmocka_unit_test(test_behind_a_retry_the_store_is_idle),
};

CONTRACT_MAIN(tests)
