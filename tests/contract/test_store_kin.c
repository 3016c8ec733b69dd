/* Contract of the store: one customer under several addresses. */
#include "contract/contract.h"

#define OLD "old@shop.test"
#define NEW "new@shop.test"

static struct fact customer(const char *email, int64_t version, const char *customer_id)
{
	struct fact fact = contract_set(ENTITY_PERSON, email, "customer", version, "{}");

	if (str_eq(str_from(customer_id), STR("77")))
		fact.body = STR("{\"customer_id\":\"77\"}");
	return fact;
}

static struct delivery_new told(enum klaviyo_kind kind, enum delivery_op op, const char *id,
				const char *parent)
{
	struct delivery_new new = contract_delivery(kind, op, id, "content");

	new.parent_external_id = str_from(parent);
	return new;
}

static size_t n_claimable(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 10);

	for (size_t i = 0; i < batch.n; i++)
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[i].id, DELIVERY_READY));
	return batch.n;
}

static void settle(struct contract *contract, const struct outbox_batch *batch, enum delivery_op op,
		   const char *body)
{
	struct delivery_settlement settlement = contract_settlement(batch->delivery[0].id, DELIVERY_READY);

	settlement.op = op;
	settlement.body = str_from(body);
	contract_settle_one(contract, batch->id, settlement);
}

/* ---- who belongs together ---- */

static void test_a_claim_brings_the_other_addresses(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, customer(OLD, 1, "77"), customer("aunt@shop.test", 1, ""),
			     contract_set(ENTITY_PERSON, OLD, "consent.email", 1, "{}"),
			     customer(NEW, 2, "77"));
	(void)contract_publish_person(contract, OLD, told(KLAVIYO_PROFILE, DELIVERY_UPDATE, OLD, ""));
	root = contract_root(contract, ENTITY_PERSON, NEW);
	assert_non_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer"));
	assert_non_null(contract_fact(&root, ENTITY_PERSON, OLD, "consent.email"));
	assert_null(contract_fact(&root, ENTITY_PERSON, "aunt@shop.test", "customer"));
	assert_int_equal(root.n_sent, 0);
	assert_int_equal(root.n_kin_sent, 1);
	assert_str(root.kin_sent[0].external_id, OLD);
	assert_true(root.kin_sent[0].newest_id > 0);
	root = contract_root(contract, ENTITY_PERSON, "aunt@shop.test");
	assert_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer"));
}

static void test_another_address_makes_the_others_due(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, customer(OLD, 1, "77"), customer("aunt@shop.test", 1, ""));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, customer(NEW, 2, "77"));
	assert_true(contract_is_due(contract, ENTITY_PERSON, OLD));
	assert_false(contract_is_due(contract, ENTITY_PERSON, "aunt@shop.test"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PERSON, OLD, "klaviyo.email", 1, "{}"));
	assert_true(contract_is_due(contract, ENTITY_PERSON, NEW));
	contract_settle_down(contract);
	/* the old address is another customer's from now on */
	(void)CONTRACT_APPLY(contract, customer(OLD, 3, ""));
	assert_true(contract_is_due(contract, ENTITY_PERSON, NEW));
	assert_int_equal(contract_root(contract, ENTITY_PERSON, NEW).n_entity, 1);
}

static void test_an_order_knows_who_its_customer_is_now(void **state)
{
	struct contract *contract = *state;
	struct fact order = contract_set(ENTITY_ORDER, "1", "base", 1, "{}");
	struct catalog_root root;

	order.body = STR("{\"customer\":{\"email\":\"" OLD "\",\"customer_id\":\"77\"}}");
	(void)CONTRACT_APPLY(contract, order, customer(OLD, 1, "77"));
	root = contract_root(contract, ENTITY_ORDER, "1");
	assert_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer")); /* there is only one */
	(void)CONTRACT_APPLY(contract, customer(NEW, 2, "77"));
	root = contract_root(contract, ENTITY_ORDER, "1");
	assert_non_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer"));
	assert_non_null(contract_fact(&root, ENTITY_PERSON, NEW, "customer"));
}

static struct fact visit(const char *part, const char *body)
{
	struct fact fact = contract_set(ENTITY_VISITOR, "w1", part, 0, "{}");

	fact.body = str_from(body);
	return fact;
}

static void test_a_visit_knows_who_its_visitors_are_now(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, visit("identity", "{\"email\":\"Old@Shop.test\"}"),
			     customer(OLD, 1, "77"), customer("+4930123", 1, ""),
			     customer("aunt@shop.test", 1, ""));
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer")); /* there is only one */
	(void)CONTRACT_APPLY(contract, customer(NEW, 2, "77"));
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_non_null(contract_fact(&root, ENTITY_PERSON, OLD, "customer"));
	assert_non_null(contract_fact(&root, ENTITY_PERSON, NEW, "customer"));
	assert_null(contract_fact(&root, ENTITY_PERSON, "aunt@shop.test", "customer"));
	/* An event may be another's: of one who is known by a number alone. */
	(void)CONTRACT_APPLY(contract, visit("identity", "{\"email\":\"aunt@shop.test\"}"),
			     visit("event.1", "{\"identity\":{\"phone\":\"+4930123\"}}"));
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_null(contract_fact(&root, ENTITY_PERSON, NEW, "customer"));
	(void)CONTRACT_APPLY(contract, customer("+4930123", 2, "77"));
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_non_null(contract_fact(&root, ENTITY_PERSON, NEW, "customer"));
	assert_null(contract_fact(&root, ENTITY_PERSON, "aunt@shop.test", "customer"));
}

#define N_ADDRESSES (2 * STORE_KIN_MAX)

static const char *address(struct contract *contract, int i)
{
	return arena_printf(&contract->arena, "%c%d@shop.test", i % 2 ? 'a' : 'z', i).p;
}

/* One customer after the other under each of them. */
static void many_addresses(struct contract *contract)
{
	for (int i = 0; i < N_ADDRESSES; i++)
		(void)CONTRACT_APPLY(contract, customer(address(contract, i), i + 1, "77"));
}

/* Whatever the addresses are called: who it is now, and was before, come along. */
static void test_of_many_addresses_the_last_ones_count(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	many_addresses(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_ORDER, "o1", "base", 1,
						    "{\"customer\":{\"customer_id\":\"77\"}}"));
	root = contract_root(contract, ENTITY_ORDER, "o1");
	assert_non_null(contract_fact(&root, ENTITY_PERSON, "a31@shop.test", "customer"));
	assert_non_null(contract_fact(&root, ENTITY_PERSON, "z30@shop.test", "customer"));
	assert_null(contract_fact(&root, ENTITY_PERSON, "a1@shop.test", "customer"));
	root = contract_root(contract, ENTITY_PERSON, "a1@shop.test");
	assert_non_null(contract_fact(&root, ENTITY_PERSON, "z30@shop.test", "customer"));
	assert_null(contract_fact(&root, ENTITY_PERSON, "z0@shop.test", "customer"));
	assert_int_equal(root.n_entity, 1 + STORE_KIN_MAX);
}

static void test_who_is_erased_is_so_under_many_addresses(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	many_addresses(contract);
	(void)CONTRACT_APPLY(contract,
			     contract_set(ENTITY_PERSON, "a31@shop.test", "erased", contract->now_ms, "{}"));
	for (int i = 0; i < N_ADDRESSES; i++) {
		root = contract_root(contract, ENTITY_PERSON, address(contract, i));
		assert_non_null(contract_fact(&root, ENTITY_PERSON, address(contract, i), "erased"));
	}
}

static void test_erasing_one_erases_all(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, customer(OLD, 1, "77"), customer(NEW, 2, "77"));
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PERSON, NEW, "erased", contract->now_ms, "{}"));
	for (int i = 0; i < 2; i++) {
		struct catalog_root root = contract_root(contract, ENTITY_PERSON, i == 0 ? OLD : NEW);

		assert_non_null(contract_fact(&root, ENTITY_PERSON, i == 0 ? OLD : NEW, "erased"));
	}
}

/* Who begins anew after that is no customer of before. */
static void test_who_was_erased_is_nobodys_kin(void **state)
{
	struct contract *contract = *state;
	bool more = true;

	(void)CONTRACT_APPLY(contract, customer(NEW, 2, "77"));
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PERSON, NEW, "erased", contract->now_ms, "{}"));
	contract->now_ms += 1000;
	(void)CONTRACT_APPLY(contract,
			     contract_set(ENTITY_PERSON, NEW, "subscriber", contract->now_ms, "{}"));
	contract_settle_down(contract);
	while (more)
		CONTRACT_OK(db_person_purge(contract->db, contract->now_ms, 10, &more, &contract_err));
	contract->now_ms += 1000;
	(void)CONTRACT_APPLY(contract, customer(OLD, contract->now_ms, "77"));
	assert_int_equal(contract_root(contract, ENTITY_PERSON, OLD).n_entity, 1);
	assert_int_equal(contract_root(contract, ENTITY_PERSON, NEW).n_entity, 1);
}

/* ---- a profile that gets another address ---- */

static void test_what_is_told_meanwhile_waits(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	int64_t id;

	(void)CONTRACT_APPLY(contract, customer(OLD, 1, "77"), customer(NEW, 2, "77"));
	contract_settle_down(contract);
	id = contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	(void)contract_publish_person(contract, NEW,
				      told(KLAVIYO_CONSENT, DELIVERY_CREATE, "email:" NEW, "group"));
	(void)contract_publish_person(contract, NEW,
				      told(KLAVIYO_CONSENT, DELIVERY_DELETE, "sms:+1", "group"));
	(void)contract_publish_person(contract, NEW,
				      told(KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|1", NEW));
	(void)contract_publish_person(contract, NEW,
				      told(KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|2", "aunt"));
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 0);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_DELETE), 0);
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 1);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 1);
	settle(contract, &batch, DELIVERY_UPDATE, "{\"id\":\"P1\"}");
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 0);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	assert_int_equal(batch.delivery[0].id, id);
	assert_str(batch.delivery[0].body, "{\"id\":\"P1\"}");
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_CREATE), 1);
	assert_int_equal(n_claimable(contract, KLAVIYO_CONSENT, DELIVERY_DELETE), 1);
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 2);
}

static void test_the_former_profile_is_told_first(void **state)
{
	struct contract *contract = *state;
	int64_t id = contract_publish_person(contract, OLD, told(KLAVIYO_PROFILE, DELIVERY_UPDATE, OLD, ""));
	struct outbox_batch batch;

	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 0);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 0);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 1);
}

/* There and back before anything left: neither waits for the other for ever. */
static void test_there_and_back(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;

	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	(void)contract_publish_person(contract, OLD, told(KLAVIYO_PROFILE, DELIVERY_CREATE, OLD, NEW));
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	assert_str(batch.delivery[0].external_id, NEW);
}

static void test_what_replaces_it_has_to_find_it_too(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;

	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_UPDATE, NEW, ""));
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE), 0);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	assert_str(batch.delivery[0].parent_external_id, OLD);
}

/* ---- what already waits under a former address ---- */

#define NEWER "newer@shop.test"

static int64_t publish_event(struct contract *contract, const char *id, const char *person)
{
	return contract_publish_person(contract, person, told(KLAVIYO_EVENT, DELIVERY_CREATE, id, person));
}

/* The profile of `from` is asked for, and gets the address `to`. */
static void move(struct contract *contract, const char *from, const char *to)
{
	int64_t id = contract_publish_person(contract, to, told(KLAVIYO_PROFILE, DELIVERY_CREATE, to, from));
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);

	assert_int_equal(batch.delivery[0].id, id);
	settle(contract, &batch, DELIVERY_UPDATE, "{\"id\":\"P1\"}");
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
}

/* Claims the only event there is, which must be of `person`, and have it leave as of `now`; its batch. */
static int64_t claim_event(struct contract *contract, const char *person, const char *now)
{
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);

	assert_str(batch.delivery[0].parent_external_id, person);
	assert_str(batch.delivery[0].person_now, now);
	return batch.id;
}

static void test_an_event_that_waits_leaves_after_the_move(void **state)
{
	struct contract *contract = *state;
	int64_t before = publish_event(contract, "Placed Order|1", OLD), id, batch_id;
	struct outbox_batch batch;

	id = contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 1);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 0);
	settle(contract, &batch, DELIVERY_UPDATE, "{\"id\":\"P1\"}");
	assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 0);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	batch_id = claim_event(contract, OLD, NEW);
	contract_settle_one(contract, batch_id, contract_settlement(before, DELIVERY_ACCEPTED));
	/* somebody else has the address now */
	(void)publish_event(contract, "Placed Order|2", OLD);
	(void)claim_event(contract, OLD, "");
}

static void test_the_move_waits_for_what_is_being_sent(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_event(contract, "Placed Order|1", OLD);
	int64_t batch_id = claim_event(contract, OLD, "");
	struct outbox_batch batch;

	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	assert_int_equal(n_claimable(contract, KLAVIYO_PROFILE, DELIVERY_CREATE), 0);
	contract_settle_one(contract, batch_id, contract_settlement(id, DELIVERY_WAITING));
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(batch.delivery[0].id, DELIVERY_FAILED));
	contract->now_ms += 1000;
	(void)claim_event(contract, OLD, ""); /* nothing has moved */
}

/* One that failed, and is tried again by a person long after. */
static void test_events_follow_a_profile_wherever_it_goes(void **state)
{
	struct contract *contract = *state;
	int64_t id = publish_event(contract, "Placed Order|1", OLD);
	struct failed_change retry = { .action = FAILED_RETRY, .id = &id, .n = 1, .reason = STR("mended") };
	int64_t batch_id = claim_event(contract, OLD, "");
	struct outbox_batch batch;
	size_t n;

	contract_settle_one(contract, batch_id, contract_settlement(id, DELIVERY_FAILED));
	move(contract, OLD, NEW);
	move(contract, NEW, NEWER);
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &retry, &n, &contract_err));
	batch = contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_RETRY, 10);
	assert_int_equal(batch.n, 1);
	assert_str(batch.delivery[0].person_now, NEWER);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_READY));
	move(contract, NEWER, OLD);
	batch = contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_RETRY, 10);
	assert_int_equal(batch.n, 1);
	assert_str(batch.delivery[0].person_now, "");
}

/* There and back: the first move is told, then the second, and what waited leaves behind both. */
static void test_events_hold_up_no_move(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;

	(void)publish_event(contract, "Placed Order|1", OLD);
	(void)contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	(void)publish_event(contract, "Placed Order|2", NEW);
	(void)contract_publish_person(contract, OLD, told(KLAVIYO_PROFILE, DELIVERY_CREATE, OLD, NEW));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), i); /* the second */
		batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_CREATE);
		assert_str(batch.delivery[0].external_id, i == 0 ? NEW : OLD);
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
	}
	batch = contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REALTIME, 10);
	assert_int_equal(batch.n, 2);
	assert_str(batch.delivery[0].parent_external_id, NEW); /* it waited */
	assert_str(batch.delivery[0].person_now, OLD);
	assert_str(batch.delivery[1].person_now, "");
}

/* A profile that is refused again and again holds up nothing for ever. */
static void test_a_move_that_is_tried_often_holds_nothing_back(void **state)
{
	struct contract *contract = *state;
	struct delivery_settlement again = { .state = DELIVERY_READY,
					     .op = DELIVERY_UPDATE,
					     .count_attempt = true };

	(void)publish_event(contract, "Placed Order|1", OLD);
	again.delivery_id =
		contract_publish_person(contract, NEW, told(KLAVIYO_PROFILE, DELIVERY_CREATE, NEW, OLD));
	for (int i = 0; i < STORE_HOLD_ATTEMPTS; i++) {
		struct outbox_batch batch;

		batch = contract_claim_one(contract, KLAVIYO_PROFILE,
					   i == 0 ? DELIVERY_CREATE : DELIVERY_UPDATE);
		assert_int_equal(n_claimable(contract, KLAVIYO_EVENT, DELIVERY_CREATE), 0);
		contract_settle_one(contract, batch.id, again);
	}
	(void)claim_event(contract, OLD, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_claim_brings_the_other_addresses),
		cmocka_unit_test(test_another_address_makes_the_others_due),
		cmocka_unit_test(test_an_order_knows_who_its_customer_is_now),
		cmocka_unit_test(test_a_visit_knows_who_its_visitors_are_now),
		cmocka_unit_test(test_of_many_addresses_the_last_ones_count),
		cmocka_unit_test(test_who_is_erased_is_so_under_many_addresses),
		cmocka_unit_test(test_erasing_one_erases_all),
		cmocka_unit_test(test_who_was_erased_is_nobodys_kin),
		cmocka_unit_test(test_what_is_told_meanwhile_waits),
		cmocka_unit_test(test_the_former_profile_is_told_first),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_replaces_it_has_to_find_it_too),
		cmocka_unit_test(test_an_event_that_waits_leaves_after_the_move),
		cmocka_unit_test(test_the_move_waits_for_what_is_being_sent),
		cmocka_unit_test(test_events_follow_a_profile_wherever_it_goes),
		cmocka_unit_test(test_events_hold_up_no_move),
		cmocka_unit_test(test_a_move_that_is_tried_often_holds_nothing_back),
	};

	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
