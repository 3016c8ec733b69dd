/* Contract of the store: what becomes of sent deliveries, and of what is wanted. */
#include "contract/contract.h"

#include "base/clock.h"

#define ITEM   KLAVIYO_ITEM
#define CREATE DELIVERY_CREATE
#define UPDATE DELIVERY_UPDATE
#define DELETE DELIVERY_DELETE

static int64_t item(struct contract *contract, enum delivery_op op, const char *content)
{
	return contract_publish_one(contract, "p1", contract_delivery(ITEM, op, "i1", content));
}

static struct root_sent sent(struct contract *contract)
{
	struct catalog_root root = contract_root(contract, ENTITY_PRODUCT, "p1");

	assert_int_equal(root.n_sent, 1);
	return root.sent[0];
}

/* Claims the item's delivery of op and settles it. */
static void settle(struct contract *contract, enum delivery_op op, enum delivery_state state)
{
	struct outbox_batch batch = contract_claim_one(contract, ITEM, op);
	struct delivery_settlement one = contract_settlement(batch.delivery[0].id, state);

	one.exists = op != DELETE;
	one.op = op;
	one.due_ms = contract->now_ms + 5000;
	one.reason = STR("because");
	contract_settle_one(contract, batch.id, one);
}

static struct audit_row newest_audit(struct contract *contract)
{
	size_t n;

	return contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n)[0];
}

static void test_accepted(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct account_summary account;

	settle(contract, CREATE, DELIVERY_ACCEPTED);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_ACCEPTED);
	assert_str(contract_get(contract, id).reason, "because");
	assert_str(contract_get(contract, id).body, "a");
	assert_true(sent(contract).exists);
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("a")));
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_ACCEPTED);
	assert_int_equal(newest_audit(contract).delivery_id, id);
	assert_str(newest_audit(contract).reason, "because (HTTP 200, 12 ms)");
	account = contract_account_summary(contract, contract->account_id);
	assert_int_equal(account.created, 1);
	assert_int_equal(account.accepted, 1);
	assert_int_equal(account.ready + account.waiting + account.sending + account.failed + account.skipped,
			 0);
	assert_int_equal(account.oldest_ms, 0);
}

#define EVENTS 4

/* So many events of one root, and the batch that max_n of them leave in. */
static struct outbox_batch send_events(struct contract *contract, size_t max_n, int64_t id[static EVENTS])
{
	static const char *const external_id[EVENTS] = { "Placed Order|1", "Ordered Product|1:1",
							 "Ordered Product|1:2", "Ordered Product|1:3" };
	struct delivery_new event[EVENTS];

	for (size_t i = 0; i < EVENTS; i++) {
		event[i] = contract_delivery(KLAVIYO_EVENT, CREATE, external_id[i], external_id[i]);
		/* Each of another person: none holds another back. */
		event[i].parent_external_id = event[i].external_id;
	}
	contract_publish(contract, "p1", event, EVENTS, id);
	return contract_claim(contract, KLAVIYO_EVENT, CREATE, PRIORITY_REALTIME, max_n);
}

static void accept_events(struct contract *contract, int64_t batch_id, const int64_t *id, size_t n)
{
	struct delivery_settlement settlement[EVENTS];

	for (size_t i = 0; i < n; i++) {
		settlement[i] = contract_settlement(id[i], DELIVERY_ACCEPTED);
		settlement[i].reason = STR("because");
	}
	contract_settle(contract, batch_id, settlement, n);
}

static void assert_accepted(struct contract *contract, int64_t id)
{
	struct audit_filter filter = { .delivery_id = id, .max_n = 10 };
	struct delivery delivery = contract_get(contract, id);
	struct audit_row *row;
	size_t n;

	assert_int_equal(delivery.state, DELIVERY_ACCEPTED);
	assert_str(delivery.reason, "because");
	assert_true(str_eq(delivery.body, delivery.external_id));
	row = contract_audit(contract, filter, &n);
	assert_int_equal(n, 3); /* created, sent, accepted */
	assert_int_equal(row[0].code, AUDIT_DELIVERY_ACCEPTED);
	assert_str(row[0].reason, "because (HTTP 200, 12 ms)");
}

static void test_events_are_accepted_together(void **state)
{
	struct contract *contract = *state;
	struct account_summary account;
	int64_t id[EVENTS];
	struct outbox_batch batch = send_events(contract, EVENTS, id);

	assert_int_equal(batch.n, EVENTS);
	for (size_t i = 0; i < EVENTS; i++)
		assert_true(str_eq(batch.delivery[i].body, batch.delivery[i].external_id));
	accept_events(contract, batch.id, id, EVENTS);
	for (size_t i = 0; i < EVENTS; i++)
		assert_accepted(contract, id[i]);
	account = contract_account_summary(contract, contract->account_id);
	assert_int_equal(account.accepted, EVENTS);
	assert_int_equal(account.ready + account.waiting + account.sending, 0);
	assert_int_equal(contract_lane(contract, KLAVIYO_EVENT, CREATE, 0).n_sending, 0);
	/* Once more is no news. */
	accept_events(contract, batch.id, id, EVENTS);
	assert_int_equal(contract_account_summary(contract, contract->account_id).accepted, EVENTS);
}

/* All of a batch, and only of it. */
static void test_events_of_another_batch_are_passed_over(void **state)
{
	struct contract *contract = *state;
	int64_t id[EVENTS];
	struct outbox_batch first = send_events(contract, 2, id);
	struct outbox_batch second = contract_claim(contract, KLAVIYO_EVENT, CREATE, PRIORITY_REALTIME, 2);

	assert_int_equal(first.n + second.n, EVENTS);
	accept_events(contract, first.id, &id[1], 2);
	assert_int_equal(contract_get(contract, id[0]).state, DELIVERY_SENDING);
	assert_accepted(contract, id[1]);
	assert_int_equal(contract_get(contract, id[2]).state, DELIVERY_SENDING);
	accept_events(contract, second.id, id, EVENTS);
	assert_int_equal(contract_get(contract, id[0]).state, DELIVERY_SENDING);
	assert_accepted(contract, id[3]);
	assert_int_equal(contract_lane(contract, KLAVIYO_EVENT, CREATE, 0).n_sending, 1);
}

static void test_an_accepted_delete(void **state)
{
	struct contract *contract = *state;

	(void)item(contract, CREATE, "a");
	settle(contract, CREATE, DELIVERY_ACCEPTED);
	(void)item(contract, DELETE, "");
	assert_true(sent(contract).wanted_deleted);
	assert_true(sent(contract).exists);
	settle(contract, DELETE, DELIVERY_ACCEPTED);
	assert_false(sent(contract).exists);
	assert_true(sent(contract).wanted_deleted);
	assert_true(digest16_is_zero(sent(contract).wanted));
}

/* Nobody knows what came of it: it counts as deleted no more. */
static void test_what_left_after_a_delete(void **state)
{
	struct contract *contract = *state;

	(void)item(contract, CREATE, "a");
	settle(contract, CREATE, DELIVERY_ACCEPTED);
	(void)item(contract, DELETE, "");
	settle(contract, DELETE, DELIVERY_ACCEPTED);
	assert_false(sent(contract).left);
	assert_true(sent(contract).wanted_deleted);
	(void)item(contract, CREATE, "b");
	settle(contract, CREATE, DELIVERY_FAILED);
	assert_true(sent(contract).left);
	assert_false(sent(contract).wanted_deleted);
}

static void test_to_be_sent_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	struct delivery_settlement later = contract_settlement(id, DELIVERY_WAITING);

	later.due_ms = contract->now_ms + 5000;
	later.count_attempt = true;
	later.reason = STR("timed out");
	contract_settle_one(contract, batch.id, later);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_WAITING);
	assert_int_equal(contract_get(contract, id).attempts, 1);
	assert_int_equal(contract_get(contract, id).due_ms, contract->now_ms + 5000);
	assert_str(contract_get(contract, id).reason, "timed out");
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_RETRY);
	assert_int_equal(contract_account_summary(contract, contract->account_id).waiting, 1);
	assert_int_equal(contract_account_summary(contract, contract->account_id).next_due_ms,
			 contract->now_ms + 5000);
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("a")));
	contract->now_ms += 5000;
	settle(contract, CREATE, DELIVERY_WAITING);
	assert_int_equal(contract_get(contract, id).attempts, 1);
}

static void test_no_answer_is_told_in_the_audit(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	struct delivery_settlement later = contract_settlement(id, DELIVERY_WAITING);
	struct outbox_settlement settlement = {
		.batch_id = batch.id,
		.delivery = &later,
		.n = 1,
		.latency_ms = 30000,
		.budget = { contract->account_id, STR("endpoint"), STR("silent") },
	};
	struct budget_row *budget;
	size_t n;

	CONTRACT_OK(db_outbox_settle(contract->db, contract->now_ms, &settlement, &contract_err));
	assert_str(newest_audit(contract).reason, "(no answer, 30000 ms)");
	CONTRACT_OK(db_budget_load(contract->db, &contract->arena, &budget, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_str(budget[0].blob, "silent");
}

static void test_failed(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");

	settle(contract, CREATE, DELIVERY_FAILED);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_FAILED);
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_FAILED);
	assert_int_equal(contract_account_summary(contract, contract->account_id).failed, 1);
	assert_int_equal(contract_lane(contract, ITEM, CREATE, 0).n_ready, 0);
	assert_true(contract_summary(contract).idle);
}

static void test_after_a_failure_what_was_accepted_is_wanted(void **state)
{
	struct contract *contract = *state;

	(void)item(contract, CREATE, "a");
	settle(contract, CREATE, DELIVERY_FAILED);
	assert_true(digest16_is_zero(sent(contract).wanted)); /* nothing was ever accepted */
	(void)item(contract, CREATE, "b");
	settle(contract, CREATE, DELIVERY_ACCEPTED);
	(void)item(contract, UPDATE, "c");
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("c")));
	settle(contract, UPDATE, DELIVERY_FAILED);
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("b")));
	(void)item(contract, DELETE, "");
	settle(contract, DELETE, DELIVERY_SKIPPED);
	assert_false(sent(contract).wanted_deleted);
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("b")));
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_SKIPPED);
	assert_str(newest_audit(contract).reason, "because");
}

static void test_a_failure_does_not_touch_what_is_newer(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	int64_t first, second;

	first = item(contract, CREATE, "a");
	batch = contract_claim_one(contract, ITEM, CREATE);
	second = item(contract, CREATE, "b");
	contract_settle_one(contract, batch.id, contract_settlement(first, DELIVERY_FAILED));
	assert_true(digest16_eq(sent(contract).wanted, contract_hash("b")));
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, second);
}

static void test_a_create_of_what_exists_becomes_an_update(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	struct delivery_settlement turn = contract_settlement(id, DELIVERY_READY);

	turn.op = UPDATE;
	contract_settle_one(contract, batch.id, turn);
	assert_true(sent(contract).exists);
	assert_int_equal(contract_get(contract, id).op, UPDATE);
	assert_int_equal(contract_get(contract, id).attempts, 0);
	batch = contract_claim_one(contract, ITEM, UPDATE);
	assert_int_equal(batch.delivery[0].id, id);
	turn.op = CREATE; /* and back: Klaviyo does not know it after all */
	contract_settle_one(contract, batch.id, turn);
	assert_false(sent(contract).exists);
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, id);
}

static void test_queued_ones_follow_what_exists(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	int64_t first, second, third;
	struct delivery_settlement gone;

	first = item(contract, CREATE, "a");
	batch = contract_claim_one(contract, ITEM, CREATE);
	second = item(contract, CREATE, "b");
	assert_int_equal(contract_get(contract, second).op, CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(first, DELIVERY_ACCEPTED));
	assert_int_equal(contract_get(contract, second).op, UPDATE);
	settle(contract, UPDATE, DELIVERY_ACCEPTED);

	first = item(contract, DELETE, "");
	batch = contract_claim_one(contract, ITEM, DELETE);
	third = item(contract, UPDATE, "c");
	assert_int_equal(contract_get(contract, third).op, CREATE); /* behind the delete */
	gone = contract_settlement(first, DELIVERY_ACCEPTED);
	gone.exists = false;
	contract_settle_one(contract, batch.id, gone);
	assert_int_equal(contract_get(contract, third).op, CREATE);
	assert_int_equal(contract_lane(contract, ITEM, CREATE, 0).n_ready, 1);
}

static void test_behind_a_failed_delete_it_is_an_update(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	int64_t deleting, next;

	(void)item(contract, CREATE, "a");
	settle(contract, CREATE, DELIVERY_ACCEPTED);
	deleting = item(contract, DELETE, "");
	batch = contract_claim_one(contract, ITEM, DELETE);
	next = item(contract, UPDATE, "b");
	contract_settle_one(contract, batch.id, contract_settlement(deleting, DELIVERY_FAILED));
	assert_int_equal(contract_get(contract, next).op, UPDATE);
	assert_int_equal(contract_lane(contract, ITEM, UPDATE, 0).n_ready, 1);
}

static void test_no_retry_when_something_newer_is_queued(void **state)
{
	struct contract *contract = *state;
	int64_t first = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	int64_t second = item(contract, CREATE, "b");
	struct delivery_settlement later = contract_settlement(first, DELIVERY_WAITING);

	later.due_ms = contract->now_ms + MS_PER_HOUR;
	contract_settle_one(contract, batch.id, later);
	assert_int_equal(contract_get(contract, first).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, second);
}

static void test_a_batch_may_be_settled_in_parts(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { contract_delivery(ITEM, CREATE, "i1", "a"),
				      contract_delivery(ITEM, CREATE, "i2", "a") };
	struct outbox_batch batch;
	struct outbox_batch *open;
	int64_t id[2];
	size_t n;

	contract_publish(contract, "p1", new, 2, id);
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_REALTIME, 10);
	CONTRACT_OK(db_outbox_job(contract->db, contract->now_ms, batch.id, STR("job"), &contract_err));
	contract_settle_one(contract, batch.id, contract_settlement(id[1], DELIVERY_ACCEPTED));
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(n, 1);
	assert_int_equal(open[0].n, 1);
	assert_int_equal(open[0].delivery[0].id, id[0]);
	contract_settle_one(contract, batch.id, contract_settlement(id[0], DELIVERY_ACCEPTED));
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(n, 0);
}

static void test_settling_again_changes_nothing(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	size_t n, again;

	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	(void)contract_audit(contract, (struct audit_filter){ 0 }, &n);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_FAILED));
	contract_settle_one(contract, batch.id + 1, contract_settlement(id, DELIVERY_FAILED));
	(void)contract_audit(contract, (struct audit_filter){ 0 }, &again);
	assert_int_equal(again, n);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_ACCEPTED);
}

static void test_another_batch_is_not_settled(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch old = contract_claim_one(contract, ITEM, CREATE);
	struct outbox_batch *open;
	size_t n;

	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	(void)contract_claim_one(contract, ITEM, CREATE);
	contract_settle_one(contract, old.id, contract_settlement(id, DELIVERY_FAILED));
	assert_int_equal(contract_get(contract, id).state, DELIVERY_SENDING);
}

/* ---- jobs and recovery ---- */

static void test_a_job_survives(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch batch = contract_claim_one(contract, ITEM, CREATE);
	struct outbox_batch *open;
	size_t n;

	CONTRACT_OK(db_outbox_job(contract->db, contract->now_ms, batch.id, STR("job-1"), &contract_err));
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_JOB);
	assert_int_equal(newest_audit(contract).delivery_id, id);
	assert_str(newest_audit(contract).reason, "job-1");
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(n, 1);
	assert_int_equal(open[0].id, batch.id);
	assert_int_equal(open[0].account_id, contract->account_id);
	assert_str(open[0].endpoint, "endpoint");
	assert_str(open[0].job_id, "job-1");
	assert_int_equal(open[0].started_ms, batch.started_ms);
	assert_int_equal(open[0].n, 1);
	assert_str(open[0].delivery[0].body, "a");
	assert_int_equal(open[0].delivery[0].state, DELIVERY_SENDING);
	CONTRACT_FAILS(db_outbox_job(contract->db, contract->now_ms, batch.id + 1, STR("x"), &contract_err),
		       ERR_NOT_FOUND);
}

static void test_without_a_job_the_answer_is_lost(void **state)
{
	struct contract *contract = *state;
	int64_t id = item(contract, CREATE, "a");
	struct outbox_batch *open;
	size_t n;

	(void)contract_claim_one(contract, ITEM, CREATE);
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(n, 0);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	assert_str(contract_get(contract, id).reason, "answer lost");
	assert_int_equal(contract_get(contract, id).attempts, 0);
	assert_int_equal(newest_audit(contract).code, AUDIT_DELIVERY_RETRY);
	assert_str(newest_audit(contract).reason, "answer lost");
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, id);
}

static void test_a_lost_answer_gives_way_to_what_is_newer(void **state)
{
	struct contract *contract = *state;
	int64_t first = item(contract, CREATE, "a");
	struct outbox_batch *open;
	int64_t second;
	size_t n;

	(void)contract_claim_one(contract, ITEM, CREATE);
	second = item(contract, CREATE, "b");
	CONTRACT_OK(db_outbox_recover(contract->db, contract->now_ms, &contract->arena, &open, &n,
				      &contract_err));
	assert_int_equal(contract_get(contract, first).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_claim_one(contract, ITEM, CREATE).delivery[0].id, second);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_accepted),
	cmocka_unit_test(test_an_accepted_delete),
	cmocka_unit_test(test_what_left_after_a_delete),
	cmocka_unit_test(test_events_are_accepted_together),
	cmocka_unit_test(test_events_of_another_batch_are_passed_over),
	cmocka_unit_test(test_to_be_sent_again),
	cmocka_unit_test(test_no_answer_is_told_in_the_audit),
	cmocka_unit_test(test_failed),
	cmocka_unit_test(test_after_a_failure_what_was_accepted_is_wanted),
	cmocka_unit_test(test_a_failure_does_not_touch_what_is_newer),
	cmocka_unit_test(test_a_create_of_what_exists_becomes_an_update),
	cmocka_unit_test(test_queued_ones_follow_what_exists),
	cmocka_unit_test(test_behind_a_failed_delete_it_is_an_update),
	cmocka_unit_test(test_no_retry_when_something_newer_is_queued),
	cmocka_unit_test(test_a_batch_may_be_settled_in_parts),
	cmocka_unit_test(test_settling_again_changes_nothing),
	cmocka_unit_test(test_another_batch_is_not_settled),
	cmocka_unit_test(test_a_job_survives),
	cmocka_unit_test(test_without_a_job_the_answer_is_lost),
	cmocka_unit_test(test_a_lost_answer_gives_way_to_what_is_newer),
};

CONTRACT_MAIN(tests)
