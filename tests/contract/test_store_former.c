/* Contract of the store: what waits of people whose profile gets another address. */
#include "contract/contract.h"

#define OLD   "old@shop.test"
#define NEW   "new@shop.test"
#define NEWER "newer@shop.test"
#define FOUND "{\"id\":\"P1\"}"

static int64_t publish(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
		       const char *root, const char *id, const char *parent)
{
	struct delivery_new delivery = contract_delivery(kind, op, id, "content");

	delivery.parent_external_id = str_from(parent);
	return contract_publish_person(contract, root, delivery);
}

static int64_t publish_move(struct contract *contract, const char *from, const char *to)
{
	return publish(contract, KLAVIYO_PROFILE, DELIVERY_CREATE, to, to, from);
}

static int64_t publish_consent(struct contract *contract, enum delivery_op op, const char *person)
{
	return publish(contract, KLAVIYO_CONSENT, op, person,
		       arena_printf(&contract->arena, "email:%s", person).p, "list|n|");
}

static int64_t publish_event(struct contract *contract, const char *id, const char *person)
{
	return publish(contract, KLAVIYO_EVENT, DELIVERY_CREATE, person, id, person);
}

static size_t n_claimable(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 10);

	for (size_t i = 0; i < batch.n; i++)
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[i].id, DELIVERY_READY));
	return batch.n;
}

/* Klaviyo answers the question for the profile of the former address: with one, or "" with none. */
static void answer(struct contract *contract, const char *body)
{
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	struct delivery_settlement settlement = contract_settlement(batch.delivery[0].id, DELIVERY_READY);

	settlement.op = DELIVERY_UPDATE;
	settlement.body = str_from(body);
	contract_settle_one(contract, batch.id, settlement);
}

static void accept_update(struct contract *contract)
{
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	struct delivery_settlement settlement = contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED);

	settlement.exists = true;
	contract_settle_one(contract, batch.id, settlement);
}

static void move(struct contract *contract, const char *from, const char *to)
{
	(void)publish_move(contract, from, to);
	answer(contract, FOUND);
	accept_update(contract);
}

static void assert_dropped(struct contract *contract, int64_t id)
{
	assert_int_equal(contract_get(contract, id).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, id).reason, "has another address now, and is told of by that");
}

/* ---- consent ---- */

/* It may leave before the profile is looked for; then it waits, and ends: the new address is told. */
static void test_consent_that_waits_ends_with_the_move(void **state)
{
	struct contract *contract = *state;
	int64_t yes = publish_consent(contract, DELIVERY_CREATE, OLD), no;

	(void)publish_move(contract, OLD, NEW);
	no = publish_consent(contract, DELIVERY_DELETE, OLD);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 1);
	answer(contract, FOUND);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 0);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_DELETE), 0);
	accept_update(contract);
	assert_dropped(contract, yes);
	assert_dropped(contract, no);
	contract_conserves(contract->db);
}

static void test_consent_ends_where_nobody_was_found(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_consent(contract, DELIVERY_DELETE, OLD);

	(void)publish_move(contract, OLD, NEW);
	answer(contract, "");
	accept_update(contract);
	assert_dropped(contract, id);
}

/* Klaviyo had somebody with the new address already: the profile stays, and who left has left there. */
static void test_consent_leaves_where_the_profile_stays(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_consent(contract, DELIVERY_DELETE, OLD);
	struct delivery_settlement mended = { .state = DELIVERY_READY,
					      .op = DELIVERY_UPDATE,
					      .body = STR("{}") };
	struct outbox_batch batch;

	(void)publish_move(contract, OLD, NEW);
	answer(contract, FOUND);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	mended.delivery_id = batch.delivery[0].id;
	contract_settle_one(contract, batch.id, mended);
	accept_update(contract);
	batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_DELETE);
	assert_int_equal(batch.delivery[0].id, id);
}

static void test_the_move_waits_for_consent_that_is_being_sent(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_consent(contract, DELIVERY_CREATE, OLD);
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);

	(void)publish_move(contract, OLD, NEW);
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 0);
	contract_settle_one(contract, batch.id,
			    contract_settlement(id, DELIVERY_READY)); /* the answer was lost */
	answer(contract, FOUND);
	accept_update(contract);
	assert_dropped(contract, id);
}

static void test_consent_that_failed_is_not_tried_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_consent(contract, DELIVERY_CREATE, OLD);
	struct failed_change retry = { .action = FAILED_RETRY, .id = &id, .n = 1, .reason = STR("mended") };
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);
	size_t n;

	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_FAILED));
	move(contract, OLD, NEW);
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &retry, &n, &contract_err));
	assert_dropped(contract, id);
}

/* Who comes back to an address has it, and what is told of it. */
static void test_consent_stays_for_who_comes_back(void **state)
{
	struct contract *contract = *state;
	int64_t id;

	(void)publish_move(contract, OLD, NEW);
	(void)publish_move(contract, NEW, OLD);
	id = publish_consent(contract, DELIVERY_CREATE, OLD);
	answer(contract, FOUND);
	accept_update(contract);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 0);
	answer(contract, FOUND);
	accept_update(contract);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 1);
}

/* ---- several moves ---- */

/* The second leads on from where the first leads to: a third to that place does not replace it. */
static void test_moves_in_a_row_all_leave(void **state)
{
	struct contract *contract = *state;
	int64_t id[3] = { publish_move(contract, NEW, OLD), publish_move(contract, OLD, NEWER), 0 };

	id[2] = publish_move(contract, NEWER, OLD);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(contract_get(contract, id[i]).state, DELIVERY_READY);
		answer(contract, FOUND);
		accept_update(contract);
		assert_int_equal(contract_get(contract, id[i]).state, DELIVERY_ACCEPTED);
	}
}

/* The one that is being sent is not found by a newer one that looks for nobody. */
static void test_a_move_that_was_not_heard_of_goes_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_move(contract, OLD, NEW);
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);

	(void)publish(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE, NEW, NEW, "");
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_READY));
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	answer(contract, FOUND);
	accept_update(contract);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_ACCEPTED);
}

/* An event of NEW that is told of OLD crosses no move from there. */
static void test_moves_wait_for_who_an_event_is_told_of(void **state)
{
	struct contract *contract = *state;
	int64_t first = publish_event(contract, "Placed Order|1", NEW);
	struct outbox_batch batch;

	move(contract, NEW, OLD);
	batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	assert_str(batch.delivery[0].person_now, OLD);
	(void)publish_move(contract, OLD, NEWER);
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 0);
	contract_settle_one(contract, batch.id, contract_settlement(first, DELIVERY_WAITING));
	answer(contract, FOUND);
	contract->now_ms += 1000;
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 0);
	accept_update(contract);
	batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	assert_str(batch.delivery[0].person_now, NEWER);
}

/* ---- telling again ---- */

/* Whom it is of by then, and will be. */
static void test_an_event_of_long_ago_says_who_it_is_now(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_event(contract, "Placed Order|1", OLD);
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);

	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	assert_str(contract_get(contract, id).person_now, "");
	(void)publish_move(contract, OLD, NEW);
	assert_str(contract_get(contract, id).person_now, NEW);
	answer(contract, FOUND);
	accept_update(contract);
	(void)publish_move(contract, NEW, NEWER);
	assert_str(contract_get(contract, id).person_now, NEWER);
	answer(contract, FOUND);
	accept_update(contract);
	assert_str(contract_get(contract, id).person_now, NEWER);
	move(contract, NEWER, OLD);
	assert_str(contract_get(contract, id).person_now, "");
}

/* ---- orders ---- */

/* An order of a customer with several addresses says when who it is now is looked at. */
static void test_an_order_knows_when_its_person_is_due(void **state)
{
	struct contract *contract = *state;
	struct fact fact[] = { contract_set(ENTITY_ORDER, "1", "base", 1, "{}"),
			       contract_set(ENTITY_PERSON, OLD, "customer", 1, "{}"),
			       contract_set(ENTITY_PERSON, NEW, "customer", 2, "{}") };
	struct catalog_root root;
	size_t n = 0;

	fact[0].body = STR("{\"customer\":{\"email\":\"" NEW "\",\"customer_id\":\"77\"}}");
	fact[1].body = fact[2].body = STR("{\"customer_id\":\"77\"}");
	(void)CONTRACT_APPLY(contract, fact[0], fact[1], fact[2]);
	root = contract_root(contract, ENTITY_ORDER, "1");
	for (size_t i = 0; i < root.n_entity; i++)
		n += root.entity[i].entity.kind == ENTITY_PERSON && root.entity[i].due_ms >= contract->now_ms;
	assert_int_equal(n, 2);
	contract_settle_down(contract);
	root = contract_root(contract, ENTITY_ORDER, "1");
	for (size_t i = 0; i < root.n_entity; i++)
		assert_int_equal(root.entity[i].due_ms, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_consent_that_waits_ends_with_the_move),
		cmocka_unit_test(test_consent_ends_where_nobody_was_found),
		cmocka_unit_test(test_consent_leaves_where_the_profile_stays),
		cmocka_unit_test(test_the_move_waits_for_consent_that_is_being_sent),
		cmocka_unit_test(test_consent_that_failed_is_not_tried_again),
		cmocka_unit_test(test_consent_stays_for_who_comes_back),
		cmocka_unit_test(test_moves_in_a_row_all_leave),
		cmocka_unit_test(test_a_move_that_was_not_heard_of_goes_again),
		cmocka_unit_test(test_moves_wait_for_who_an_event_is_told_of),
		cmocka_unit_test(test_an_event_of_long_ago_says_who_it_is_now),
		cmocka_unit_test(test_an_order_knows_when_its_person_is_due),
	};

	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
