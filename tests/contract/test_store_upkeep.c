/* Contract of the store: retention, tombstones, clocks. Conservation is checked after every test. */
#include "contract/contract.h"

#include "base/clock.h"

static const struct retention month = { 30, 30, 30, 30 };

static bool message_is_there(struct contract *contract, int64_t id)
{
	struct inbox_message message;

	return db_inbox_get(contract->db, id, &contract->arena, &message, NULL);
}

static bool delivery_is_there(struct contract *contract, int64_t id)
{
	struct delivery delivery;

	return db_delivery_get(contract->db, id, &contract->arena, &delivery, NULL);
}

static void complete(struct contract *contract, int64_t id, enum message_state state)
{
	struct inbox_result result = contract_result(contract, id, state);

	contract_complete(contract, &result, 1);
}

static void test_visitors_whom_nobody_knows_are_forgotten(void **state)
{
	static const struct retention week = { 30, 30, 30, 30, 7 };
	struct contract *contract = *state;
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_VISITOR, "w1"),
		.held = STR("visitor is not known yet"),
	};
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_VISITOR, "w1", "event.1", 0, "{}"),
			     contract_set(ENTITY_ORDER, "o1", "base", 0, "{}"));
	contract_settle_down(contract);
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
	publication.root = contract_entity(ENTITY_ORDER, "o1");
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
	contract->now_ms += 7 * MS_PER_DAY;
	contract_maintain(contract, week);
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_int_equal(root.n_fact, 1);
	contract->now_ms += 1;
	contract_maintain(contract, month); /* for ever */
	assert_int_equal(contract_store_summary(contract, contract->store_id).held, 2);
	contract_maintain(contract, week);
	CONTRACT_FAILS(db_catalog_get(contract->db, contract->store_id, contract_entity(ENTITY_VISITOR, "w1"),
				      &contract->arena, &root, &contract_err),
		       ERR_NOT_FOUND);
	assert_int_equal(contract_store_summary(contract, contract->store_id).held, 1);
}

static void test_old_messages_go_but_not_pending_or_failed_ones(void **state)
{
	struct contract *contract = *state;
	int64_t mapped = contract_append(contract, contract->store_id, "{1}");
	int64_t ignored = contract_append(contract, contract->store_id, "{2}");
	int64_t failed = contract_append(contract, contract->store_id, "{3}");
	int64_t pending = contract_append(contract, contract->store_id, "{4}");
	struct inbox_message message;
	struct inbox_message *claimed;
	size_t n;

	complete(contract, mapped, MESSAGE_MAPPED);
	complete(contract, ignored, MESSAGE_IGNORED);
	complete(contract, failed, MESSAGE_FAILED);
	contract->now_ms += 30 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_true(message_is_there(contract, mapped));
	contract->now_ms += MS_PER_DAY;
	contract_maintain(contract, month);
	assert_false(message_is_there(contract, mapped));
	assert_false(message_is_there(contract, ignored));
	CONTRACT_OK(db_inbox_get(contract->db, failed, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_FAILED);
	assert_str(message.body, "{3}");
	CONTRACT_OK(db_inbox_get(contract->db, pending, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_PENDING);
	assert_str(message.topic, "product.updated");
	claimed = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_int_equal(claimed[0].id, pending);
	assert_str(claimed[0].body, "{4}");
	contract_conserves(contract->db);
	complete(contract, pending, MESSAGE_MAPPED);
	assert_int_equal(contract_store_summary(contract, contract->store_id).mapped, 2);
	contract_maintain(contract, month);
	assert_false(message_is_there(contract, pending));
}

static void test_a_kept_failed_message_can_be_retried(void **state)
{
	struct contract *contract = *state;
	int64_t failed = contract_append(contract, contract->store_id, "{3}");
	struct failed_change retry = { .action = FAILED_RETRY, .id = &failed, .n = 1 };
	struct inbox_message *claimed;
	size_t n;

	complete(contract, failed, MESSAGE_FAILED);
	contract->now_ms += 60 * MS_PER_DAY;
	contract_maintain(contract, month);
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &retry, &n, &contract_err));
	claimed = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_str(claimed[0].body, "{3}");
	complete(contract, failed, MESSAGE_MAPPED);
	assert_true(contract_summary(contract).idle);
}

static void test_a_kept_message_of_history_stays_history(void **state)
{
	struct contract *contract = *state;
	struct inbox_record record = { .store_id = contract->store_id,
				       .received_ms = contract->now_ms,
				       .topic = STR("order.created"),
				       .body = STR("{}"),
				       .priority = PRIORITY_BACKFILL };
	struct inbox_receipt receipt;
	struct inbox_message *claimed;
	size_t n;

	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	contract->now_ms += 60 * MS_PER_DAY;
	contract_maintain(contract, month);
	claimed = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_int_equal(claimed[0].priority, PRIORITY_BACKFILL);
}

static void test_pending_ones_of_old_and_new_days(void **state)
{
	struct contract *contract = *state;
	int64_t id[40];
	size_t n;

	for (int i = 0; i < 40; i++) {
		id[i] = contract_append(contract, contract->store_id, "{}");
		contract->now_ms += MS_PER_DAY;
	}
	contract_maintain(contract, (struct retention){ 5, 5, 5, 5 });
	for (int i = 0; i < 40; i++) {
		struct inbox_message *claimed = contract_pending(contract, 1, &n);

		assert_int_equal(n, 1);
		assert_int_equal(claimed[0].id, id[i]);
		complete(contract, id[i], MESSAGE_MAPPED);
	}
	assert_true(contract_store_summary(contract, contract->store_id).pending == 0);
}

static void test_old_deliveries_go_but_not_undone_or_failed_ones(void **state)
{
	struct contract *contract = *state;
	int64_t accepted =
		contract_accepted(contract, "a", contract_delivery(KLAVIYO_ITEM, 0, "a", "body a"));
	int64_t failed =
		contract_publish_one(contract, "b", contract_delivery(KLAVIYO_ITEM, 0, "b", "body b"));
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	int64_t ready;

	contract_settle_one(contract, batch.id, contract_settlement(failed, DELIVERY_FAILED));
	ready = contract_publish_one(contract, "c", contract_delivery(KLAVIYO_ITEM, 0, "c", "body c"));
	contract->now_ms += 30 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_str(contract_get(contract, accepted).body, "body a");
	contract->now_ms += MS_PER_DAY;
	contract_maintain(contract, month);
	assert_false(delivery_is_there(contract, accepted));
	assert_str(contract_get(contract, failed).body, "body b");
	assert_int_equal(contract_get(contract, failed).state, DELIVERY_FAILED);
	assert_str(contract_get(contract, ready).body, "body c");
	batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	assert_int_equal(batch.delivery[0].id, ready);
	assert_str(batch.delivery[0].body, "body c");
	contract_settle_one(contract, batch.id, contract_settlement(ready, DELIVERY_ACCEPTED));
	contract_maintain(contract, month);
	assert_int_equal(contract_get(contract, ready).state, DELIVERY_ACCEPTED);
	contract->now_ms += 31 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_false(delivery_is_there(contract, ready));
	assert_true(delivery_is_there(contract, failed));
}

static void test_old_audit_rows_go(void **state)
{
	struct contract *contract = *state;
	struct audit_row row = { .at_ms = contract->now_ms, .code = AUDIT_ROOT_HELD };
	size_t n;

	CONTRACT_OK(db_audit_append(contract->db, &row, 1, &contract_err));
	contract->now_ms += 30 * MS_PER_DAY;
	contract_maintain(contract, month);
	(void)contract_audit(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_ROOT_HELD }, &n);
	assert_int_equal(n, 1);
	contract->now_ms += MS_PER_DAY;
	row.at_ms = contract->now_ms;
	CONTRACT_OK(db_audit_append(contract->db, &row, 1, &contract_err));
	contract_maintain(contract, month);
	(void)contract_audit(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_ROOT_HELD }, &n);
	assert_int_equal(n, 1);
}

static bool root_is_known(struct contract *contract, const char *id)
{
	struct catalog_root root;

	return db_catalog_get(contract->db, contract->store_id, contract_entity(ENTITY_PRODUCT, id),
			      &contract->arena, &root, NULL);
}

static void test_old_tombstones_go_with_what_hung_on_them(void **state)
{
	struct contract *contract = *state;
	struct fact variant = contract_set(ENTITY_VARIANT, "v1", "base", 0, "{}");
	struct catalog_match *match;
	size_t n;

	variant.root_id = STR("p1");
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}"), variant,
			     contract_delete(ENTITY_PRODUCT, "p1", 0),
			     contract_set(ENTITY_PRODUCT, "p2", "base", 0, "{}"),
			     contract_delete(ENTITY_PRODUCT, "p3", 0));
	(void)contract_publish_one(contract, "p1",
				   contract_delivery(KLAVIYO_ITEM, DELIVERY_DELETE, "p1", ""));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_delete(ENTITY_PRODUCT, "p3", 0)); /* due: not yet */
	contract->now_ms += 31 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_false(root_is_known(contract, "p1"));
	assert_true(root_is_known(contract, "p2"));
	assert_true(root_is_known(contract, "p3"));
	CONTRACT_OK(db_catalog_find(contract->db, 0, STR("v1"), &contract->arena, &match, &n, &contract_err));
	assert_int_equal(n, 0);
	contract_settle_down(contract);
	contract_maintain(contract, month);
	assert_false(root_is_known(contract, "p3"));
}

static void test_a_revived_entity_outlives_its_tombstone(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_delete(ENTITY_PRODUCT, "p1", 5),
			     contract_set(ENTITY_PRODUCT, "p1", "base", 6, "{}"));
	contract_settle_down(contract);
	contract->now_ms += 31 * MS_PER_DAY;
	contract_maintain(contract, month);
	root = contract_root(contract, ENTITY_PRODUCT, "p1");
	assert_false(root.deleted);
	assert_int_equal(root.n_fact, 1);
}

static void test_what_is_still_at_klaviyo_is_not_forgotten(void **state)
{
	struct contract *contract = *state;

	(void)contract_accepted(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "p1", "a"));
	(void)CONTRACT_APPLY(contract, contract_delete(ENTITY_PRODUCT, "p1", 0));
	contract_settle_down(contract);
	contract->now_ms += 31 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_int_equal(contract_root(contract, ENTITY_PRODUCT, "p1").n_sent, 1);
}

static void test_the_clock_may_go_back(void **state)
{
	struct contract *contract = *state;
	int64_t future, past;
	struct audit_row *row;
	size_t n;

	contract->now_ms += 10 * MS_PER_DAY;
	future = contract_accepted(contract, "a", contract_delivery(KLAVIYO_ITEM, 0, "a", "body"));
	contract->now_ms -= 20 * MS_PER_DAY;
	contract_maintain(contract, month);
	past = contract_accepted(contract, "b", contract_delivery(KLAVIYO_ITEM, 0, "b", "body"));
	assert_true(past > future);
	assert_int_equal(contract_get(contract, past).created_ms, contract->now_ms);
	assert_str(contract_get(contract, past).body, "body");
	row = contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n);
	assert_int_equal(row[0].delivery_id, past);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "b", "base", 0, "{}"));
	contract->now_ms += 1000;
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
}

/* A body that was kept because its delivery had not ended goes with the delivery's end. */
static void test_a_day_stays_past_when_the_clock_goes_back(void **state)
{
	struct contract *contract = *state;
	int64_t id = contract_publish_one(contract, "a", contract_delivery(KLAVIYO_ITEM, 0, "a", "body"));
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);

	contract->now_ms += 31 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_str(contract_get(contract, id).body, "body");
	contract->now_ms -= 2 * MS_PER_DAY;
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	contract_maintain(contract, month);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_ACCEPTED);
	assert_str(contract_get(contract, id).body, "");
}

static void test_an_interrupted_check_ends_and_nothing_else_does(void **state)
{
	struct contract *contract = *state;
	struct db *mine = contract->db, *other;
	struct conservation found;
	char folder[64];
	size_t n;

	contract_folder_make(folder);
	other = contract->db = contract_open(mine->ops, folder, contract->now_ms);
	contract->store_id = contract_store(contract, "other", contract_account(contract, "other"));
	(void)contract_append(contract, contract->store_id, "{1}");
	contract_conserves(other);
	for (int time = 0; time < 2; time++) {
		db_interrupt(other);
		CONTRACT_FAILS(db_conserve(other, &contract->arena, &found, &contract_err), ERR_BUSY);
	}
	(void)contract_append(contract, contract->store_id, "{2}");
	contract_maintain(contract, month);
	(void)contract_pending(contract, 10, &n);
	assert_int_equal(n, 2);
	assert_int_equal(contract_summary(contract).n_store, 1);
	contract->db = mine;
	db_close(other);
	contract_folder_remove(folder);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_visitors_whom_nobody_knows_are_forgotten),
	cmocka_unit_test(test_old_messages_go_but_not_pending_or_failed_ones),
	cmocka_unit_test(test_a_kept_failed_message_can_be_retried),
	cmocka_unit_test(test_a_kept_message_of_history_stays_history),
	cmocka_unit_test(test_pending_ones_of_old_and_new_days),
	cmocka_unit_test(test_old_deliveries_go_but_not_undone_or_failed_ones),
	cmocka_unit_test(test_old_audit_rows_go),
	cmocka_unit_test(test_old_tombstones_go_with_what_hung_on_them),
	cmocka_unit_test(test_a_revived_entity_outlives_its_tombstone),
	cmocka_unit_test(test_what_is_still_at_klaviyo_is_not_forgotten),
	cmocka_unit_test(test_the_clock_may_go_back),
	cmocka_unit_test(test_a_day_stays_past_when_the_clock_goes_back),
	cmocka_unit_test(test_an_interrupted_check_ends_and_nothing_else_does),
};

CONTRACT_MAIN(tests)
