/* Contract of the store: orders, persons, visitors as roots; events, profiles, consent as deliveries. */
#include "contract/contract.h"

#define EVENT	KLAVIYO_EVENT
#define PROFILE KLAVIYO_PROFILE
#define CONSENT KLAVIYO_CONSENT

static struct delivery_new told(enum klaviyo_kind kind, enum delivery_op op, const char *id,
				const char *parent)
{
	struct delivery_new new = contract_delivery(kind, op, id, "content");

	new.parent_external_id = str_from(parent);
	return new;
}

static struct catalog_publication publication_of(const struct contract *contract,
						 const struct catalog_root *root)
{
	return (struct catalog_publication){
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = root->root,
		.due_seq = root->due_seq,
		.message_id = root->message_id,
	};
}

static void publish(struct contract *contract, const struct catalog_publication *publication)
{
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, publication, 1, &contract_err));
}

static struct outbox_batch claim(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
				 size_t max_n)
{
	return contract_claim(contract, kind, op, PRIORITY_REALTIME, max_n);
}

/* ---- roots ---- */

static void test_an_order_is_a_root(void **state)
{
	struct contract *contract = *state;
	struct fact base = contract_set(ENTITY_ORDER, "o1", "base", 0, "{}");
	struct entity named[] = { contract_entity(ENTITY_VARIANT, "v1"),
				  contract_entity(ENTITY_PRODUCT, "p2") };
	struct fact variant = contract_set(ENTITY_VARIANT, "v1", "base", 0, "{}");
	struct fact product = contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}");
	struct entity brand = contract_entity(ENTITY_BRAND, "b1");
	struct catalog_root root;

	base.ref = named;
	base.n_ref = 2;
	variant.root_id = STR("p1");
	product.ref = &brand;
	product.n_ref = 1;
	(void)CONTRACT_APPLY(contract, variant, product,
			     contract_set(ENTITY_BRAND, "b1", "base", 0, "{\"title\":\"B\"}"),
			     contract_set(ENTITY_PRODUCT, "p2", "base", 0, "{}"),
			     contract_set(ENTITY_PRODUCT, "p3", "base", 0, "{}"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, base);
	assert_true(contract_is_due(contract, ENTITY_ORDER, "o1"));
	root = contract_root(contract, ENTITY_ORDER, "o1");
	assert_non_null(contract_fact(&root, ENTITY_ORDER, "o1", "base"));
	assert_non_null(contract_fact(&root, ENTITY_VARIANT, "v1", "base"));
	assert_non_null(contract_fact(&root, ENTITY_PRODUCT, "p1", "base"));
	assert_non_null(contract_fact(&root, ENTITY_PRODUCT, "p2", "base"));
	assert_non_null(contract_fact(&root, ENTITY_BRAND, "b1", "base"));
	assert_null(contract_fact(&root, ENTITY_PRODUCT, "p3", "base"));
}

static void test_a_changed_product_leaves_its_orders_alone(void **state)
{
	struct contract *contract = *state;
	struct fact base = contract_set(ENTITY_ORDER, "o1", "base", 0, "{}");
	struct entity named = contract_entity(ENTITY_PRODUCT, "p1");

	base.ref = &named;
	base.n_ref = 1;
	(void)CONTRACT_APPLY(contract, base);
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}"));
	assert_true(contract_is_due(contract, ENTITY_PRODUCT, "p1"));
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
}

static void test_a_sweep_leaves_orders_alone(void **state)
{
	struct contract *contract = *state;
	bool more = true;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_ORDER, "o1", "base", 0, "{}"),
			     contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}"));
	contract_settle_down(contract);
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	while (more)
		CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 10, &more, &contract_err));
	assert_true(contract_is_due(contract, ENTITY_PRODUCT, "p1"));
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
}

static void test_a_root_is_looked_at_again(void **state)
{
	struct contract *contract = *state;
	struct catalog_publication publication;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_ORDER, "o1", "base", 0, "{}"));
	root = contract_root(contract, ENTITY_ORDER, "o1");
	publication = publication_of(contract, &root);
	publication.held = STR("waits for a product");
	publication.again_ms = contract->now_ms + 60000;
	publish(contract, &publication);
	assert_true(contract_is_due(contract, ENTITY_ORDER, "o1"));
	contract->now_ms += 59999;
	{
		size_t n;

		(void)contract_due(contract, 10, &n);
		assert_int_equal(n, 0);
		contract->now_ms++;
		assert_int_equal(contract_due(contract, 10, &n)[0].due_first_ms, root.due_first_ms);
		assert_int_equal(n, 1);
		publication.again_ms = publication.again_first_ms = contract->now_ms;
		publish(contract, &publication);
		assert_int_equal(contract_due(contract, 10, &n)[0].due_first_ms, contract->now_ms);
	}
	publication.held = STR("");
	publication.again_ms = 0;
	publish(contract, &publication);
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
}

static void test_parts_that_are_done_with_go(void **state)
{
	struct contract *contract = *state;
	struct catalog_publication publication;
	struct str forget[] = { STR("event.1"), STR("event.none") };
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_VISITOR, "w1", "event.1", 0, "{}"),
			     contract_set(ENTITY_VISITOR, "w1", "event.2", 0, "{}"));
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	publication = publication_of(contract, &root);
	publication.forget = forget;
	publication.n_forget = 2;
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_VISITOR, "w1", "event.3", 0, "{}"));
	publish(contract, &publication); /* something came in between: nothing goes */
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_int_equal(root.n_fact, 3);
	publication.due_seq = root.due_seq;
	publish(contract, &publication);
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_int_equal(root.n_fact, 2);
	forget[0] = STR("event.2");
	forget[1] = STR("event.3");
	publication.due_seq = 0;
	publish(contract, &publication);
	CONTRACT_FAILS(db_catalog_get(contract->db, contract->store_id, contract_entity(ENTITY_VISITOR, "w1"),
				      &contract->arena, &root, &contract_err),
		       ERR_NOT_FOUND);
}

/* ---- events ---- */

static void test_events_of_a_person_leave_together_and_in_order(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { told(EVENT, DELIVERY_CREATE, "placed|1", "ann"),
				      told(EVENT, DELIVERY_CREATE, "ordered|1:1", "ann"),
				      told(EVENT, DELIVERY_CREATE, "placed|2", "bob") };
	struct outbox_batch first, second;
	int64_t id[3];

	contract_publish(contract, "o1", new, 3, id);
	first = claim(contract, EVENT, DELIVERY_CREATE, 1);
	assert_int_equal(first.n, 1);
	assert_int_equal(first.delivery[0].id, id[0]);
	second = claim(contract, EVENT, DELIVERY_CREATE, 10); /* ann's second waits for her first */
	assert_int_equal(second.n, 1);
	assert_int_equal(second.delivery[0].id, id[2]);
	contract_settle_one(contract, first.id, contract_settlement(id[0], DELIVERY_ACCEPTED));
	second = claim(contract, EVENT, DELIVERY_CREATE, 10);
	assert_int_equal(second.n, 1);
	assert_int_equal(second.delivery[0].id, id[1]);
}

static void test_an_event_that_waits_holds_back_its_person(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { told(EVENT, DELIVERY_CREATE, "placed|1", "ann"),
				      told(EVENT, DELIVERY_CREATE, "paid|1", "ann") };
	struct delivery_settlement later = contract_settlement(0, DELIVERY_WAITING);
	struct outbox_batch batch;
	int64_t id[2];

	contract_publish(contract, "o1", new, 2, id);
	batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
	later.delivery_id = id[0];
	later.due_ms = contract->now_ms + 5000;
	contract_settle_one(contract, batch.id, later);
	assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 10).n, 0);
	contract->now_ms += 5000;
	batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
	assert_int_equal(batch.delivery[0].id, id[0]);
	contract_settle_one(contract, batch.id, contract_settlement(id[0], DELIVERY_FAILED));
	assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 10).delivery[0].id, id[1]);
}

/* Events 1, 2 and 3 of one person; 1 was sent and settled so. */
static void three_events(struct contract *contract, int64_t id[3], struct delivery_settlement first)
{
	const struct delivery_new new[] = { told(EVENT, DELIVERY_CREATE, "placed|1", "ann"),
					    told(EVENT, DELIVERY_CREATE, "placed|2", "ann"),
					    told(EVENT, DELIVERY_CREATE, "placed|3", "ann") };
	struct outbox_batch batch;

	contract_publish(contract, "p1", new, 3, id);
	batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
	first.delivery_id = id[0];
	contract_settle_one(contract, batch.id, first);
}

static void test_an_event_that_goes_again_at_once_stays_ahead(void **state)
{
	struct contract *contract = *state;
	struct delivery_settlement later = contract_settlement(0, DELIVERY_WAITING);
	struct outbox_batch batch;
	int64_t id[3];

	later.due_ms = contract->now_ms + 1000;
	three_events(contract, id, later);
	contract->now_ms += 2000;
	batch = claim(contract, EVENT, DELIVERY_CREATE, 2);
	assert_int_equal(batch.n, 2); /* what is due does not hold back what leaves with it */
	assert_int_equal(batch.delivery[0].id, id[0]);
	assert_int_equal(batch.delivery[1].id, id[1]);
	later.delivery_id = id[1];
	contract_settle_one(contract, batch.id, later);
	contract_settle_one(contract, batch.id, contract_settlement(id[0], DELIVERY_READY));
	batch = claim(contract, EVENT, DELIVERY_CREATE, 10);
	assert_int_equal(batch.n, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(batch.delivery[i].id, id[i]);
}

static void test_what_ends_a_batch_ends_it_for_those_behind(void **state)
{
	struct contract *contract = *state;
	const struct delivery_new new[] = { told(EVENT, DELIVERY_CREATE, "placed|1", "bob"),
					    told(EVENT, DELIVERY_CREATE, "placed|2", "ann"),
					    told(EVENT, DELIVERY_CREATE, "placed|3", "ann") };
	struct delivery_settlement back[2];
	struct outbox_batch batch;
	int64_t id[3];

	contract_publish(contract, "p1", new, 3, id);
	batch = claim(contract, EVENT, DELIVERY_CREATE, 2);
	back[0] = contract_settlement(id[0], DELIVERY_READY);
	back[1] = contract_settlement(id[1], DELIVERY_READY);
	back[1].batch_max = 2;
	contract_settle(contract, batch.id, back, 2);
	batch = claim(contract, EVENT, DELIVERY_CREATE, 10);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.delivery[0].id, id[0]);
	/* Ann's second, which is suspect, leaves by itself, and before her third. */
	assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 10).delivery[0].id, id[1]);
}

static void test_an_event_that_failed_often_holds_nobody_back(void **state)
{
	struct contract *contract = *state;
	struct delivery_settlement later = contract_settlement(0, DELIVERY_WAITING);
	int64_t id[3];

	later.due_ms = contract->now_ms + 1000;
	later.count_attempt = true;
	three_events(contract, id, later);
	for (int i = 1; i < STORE_HOLD_ATTEMPTS; i++) {
		struct outbox_batch batch;

		assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 1).n, 0);
		contract->now_ms += 1000;
		later.delivery_id = id[0];
		later.due_ms = contract->now_ms + 1000;
		batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
		assert_int_equal(batch.delivery[0].id, id[0]);
		contract_settle_one(contract, batch.id, later);
	}
	assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 10).n, 2);
}

static void test_an_event_that_waits_long_holds_nobody_back(void **state)
{
	struct contract *contract = *state;
	struct delivery_settlement later = contract_settlement(0, DELIVERY_WAITING);
	int64_t id[3];

	later.due_ms = contract->now_ms + STORE_HOLD_MS + 1;
	three_events(contract, id, later);
	assert_int_equal(claim(contract, EVENT, DELIVERY_CREATE, 10).n, 2);
}

static void test_an_event_is_remembered_whatever_became_of_it(void **state)
{
	static const enum delivery_state end[] = { DELIVERY_ACCEPTED, DELIVERY_FAILED };
	struct contract *contract = *state;

	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "accepted" : "failed";
		int64_t id = contract_publish_one(contract, name, told(EVENT, DELIVERY_CREATE, name, "ann"));
		struct outbox_batch batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
		struct catalog_root root;
		const struct root_sent *sent;

		contract_settle_one(contract, batch.id, contract_settlement(id, end[i]));
		root = contract_root(contract, ENTITY_PRODUCT, name);
		sent = contract_sent(&root, EVENT, name);
		assert_non_null(sent);
		assert_true(digest16_eq(sent->wanted, contract_hash("content")));
	}
}

static void test_a_mended_body_replaces_the_old_one(void **state)
{
	struct contract *contract = *state;
	int64_t id = contract_publish_one(contract, "o1", told(EVENT, DELIVERY_CREATE, "placed|1", "ann"));
	struct outbox_batch batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
	struct delivery_settlement mended = contract_settlement(id, DELIVERY_READY);

	mended.body = STR("without the phone");
	contract_settle_one(contract, batch.id, mended);
	batch = claim(contract, EVENT, DELIVERY_CREATE, 1);
	assert_str(batch.delivery[0].body, "without the phone");
}

static void test_notices_of_a_store_leave_one_after_the_other(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { told(KLAVIYO_NOTICE, DELIVERY_CREATE, "n1", "store:1"),
				      told(KLAVIYO_NOTICE, DELIVERY_CREATE, "n2", "store:1"),
				      told(KLAVIYO_NOTICE, DELIVERY_CREATE, "n3", "store:2") };
	struct delivery_settlement later = contract_settlement(0, DELIVERY_WAITING);
	struct outbox_batch first, other;
	int64_t id[3];

	contract_publish(contract, "ann", new, 3, id);
	first = claim(contract, KLAVIYO_NOTICE, DELIVERY_CREATE, 1);
	assert_int_equal(first.delivery[0].id, id[0]);
	other = claim(contract, KLAVIYO_NOTICE, DELIVERY_CREATE, 10);
	assert_int_equal(other.n, 1);
	assert_int_equal(other.delivery[0].id, id[2]);
	later.delivery_id = id[0];
	later.due_ms = contract->now_ms + 5000;
	contract_settle_one(contract, first.id, later);
	assert_int_equal(claim(contract, KLAVIYO_NOTICE, DELIVERY_CREATE, 10).n, 0);
	contract->now_ms += 5000;
	first = claim(contract, KLAVIYO_NOTICE, DELIVERY_CREATE, 1);
	assert_int_equal(first.delivery[0].id, id[0]);
	contract_settle_one(contract, first.id, contract_settlement(id[0], DELIVERY_FAILED));
	assert_int_equal(claim(contract, KLAVIYO_NOTICE, DELIVERY_CREATE, 1).delivery[0].id, id[1]);
}

/* ---- profiles and consent ---- */

static void test_a_newer_profile_replaces_the_queued_one(void **state)
{
	struct contract *contract = *state;
	int64_t old = contract_publish_one(contract, "n1", told(PROFILE, DELIVERY_UPDATE, "ann", ""));
	int64_t new = contract_publish_one(contract, "n1", told(PROFILE, DELIVERY_UPDATE, "ann", ""));

	assert_int_equal(contract_get(contract, old).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, new).op, DELIVERY_UPDATE);
	assert_int_equal(claim(contract, PROFILE, DELIVERY_UPDATE, 10).n, 1);
}

/* ---- a profile that becomes what it was ---- */

static struct delivery_new says(const char *body)
{
	struct delivery_new new = told(PROFILE, DELIVERY_UPDATE, "ann", "");

	new.body = str_from(body);
	new.hash = digest16_of(&new.body, 1);
	return new;
}

/* Claims the profile's only delivery and settles it. */
static void leave(struct contract *contract, int64_t id, enum delivery_state state)
{
	struct outbox_batch batch = claim(contract, PROFILE, DELIVERY_UPDATE, 10);
	struct delivery_settlement settlement = contract_settlement(id, state);

	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.delivery[0].id, id);
	settlement.exists = true;
	settlement.due_ms = contract->now_ms;
	contract_settle_one(contract, batch.id, settlement);
}

static void test_a_change_taken_back_before_it_left_costs_nothing(void **state)
{
	struct contract *contract = *state;
	int64_t first, second, third;
	struct catalog_root root;

	first = contract_publish_one(contract, "n1", says("A"));
	leave(contract, first, DELIVERY_ACCEPTED);
	second = contract_publish_one(contract, "n1", says("B"));
	third = contract_publish_one(contract, "n1", says("A"));
	assert_int_equal(contract_get(contract, second).state, DELIVERY_SKIPPED);
	assert_true(str_starts(contract_get(contract, second).reason, STR("replaced by")));
	assert_int_equal(contract_get(contract, third).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, third).reason, "Klaviyo has it already");
	assert_int_equal(claim(contract, PROFILE, DELIVERY_UPDATE, 10).n, 0);
	root = contract_root(contract, ENTITY_PRODUCT, "n1");
	assert_true(digest16_eq(contract_sent(&root, PROFILE, "ann")->wanted, says("A").hash));
	/* What is told next is told. */
	second = contract_publish_one(contract, "n1", says("B"));
	leave(contract, second, DELIVERY_ACCEPTED);
	assert_int_equal(contract_get(contract, second).state, DELIVERY_ACCEPTED);
}

/* How B may have been when A comes again; all but the first may have reached Klaviyo. */
static void test_what_may_have_left_is_taken_back_there(void **state)
{
	static const enum delivery_state became[] = { DELIVERY_SENDING, DELIVERY_READY, DELIVERY_WAITING };
	struct contract *contract = *state;

	for (size_t i = 0; i < sizeof(became) / sizeof(became[0]); i++) {
		int64_t first = contract_publish_one(contract, "n1", says("A")), second, third;
		struct outbox_batch batch = { 0 };

		leave(contract, first, DELIVERY_ACCEPTED);
		second = contract_publish_one(contract, "n1", says("B"));
		if (became[i] == DELIVERY_SENDING)
			batch = claim(contract, PROFILE, DELIVERY_UPDATE, 10);
		else
			leave(contract, second, became[i]);
		third = contract_publish_one(contract, "n1", says("A"));
		assert_int_equal(contract_get(contract, third).state, DELIVERY_READY);
		if (batch.n > 0)
			contract_settle_one(contract, batch.id,
					    contract_settlement(second, DELIVERY_ACCEPTED));
		/* Another one between, which never left itself, knows no more. */
		second = contract_publish_one(contract, "n1", says("C"));
		third = contract_publish_one(contract, "n1", says("A"));
		assert_int_equal(contract_get(contract, third).state, DELIVERY_READY);
		leave(contract, third, DELIVERY_ACCEPTED);
	}
	/* Now it is known again. */
	(void)contract_publish_one(contract, "n1", says("B"));
	assert_int_equal(contract_get(contract, contract_publish_one(contract, "n1", says("A"))).state,
			 DELIVERY_SKIPPED);
}

static void test_other_changes_are_told(void **state)
{
	struct contract *contract = *state;
	struct delivery_new moves = told(PROFILE, DELIVERY_CREATE, "ann", "old");
	int64_t id;

	/* Klaviyo has nothing yet. */
	(void)contract_publish_one(contract, "n1", says("A"));
	(void)contract_publish_one(contract, "n1", says("B"));
	id = contract_publish_one(contract, "n1", says("A"));
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	leave(contract, id, DELIVERY_ACCEPTED);
	/* A queued deletion, or another address, is no change that could be taken back. */
	(void)contract_publish_one(contract, "n1", told(PROFILE, DELIVERY_DELETE, "ann", ""));
	id = contract_publish_one(contract, "n1", says("A"));
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	leave(contract, id, DELIVERY_ACCEPTED);
	(void)contract_publish_one(contract, "n1", moves);
	id = contract_publish_one(contract, "n1", says("A"));
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	assert_int_equal(contract_get(contract, id).op, DELIVERY_CREATE);
}

static void test_an_erasure_of_what_never_left_is_sent(void **state)
{
	struct contract *contract = *state;
	int64_t id = contract_publish_one(contract, "n1", told(PROFILE, DELIVERY_DELETE, "ann", ""));

	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
}

static void test_consent_is_never_replaced_and_keeps_its_order(void **state)
{
	struct contract *contract = *state;
	int64_t in = contract_publish_one(contract, "n1", told(CONSENT, DELIVERY_CREATE, "email:ann", "l"));
	int64_t out = contract_publish_one(contract, "n1", told(CONSENT, DELIVERY_DELETE, "email:ann", "l"));
	struct outbox_batch batch;

	assert_int_equal(contract_get(contract, in).state, DELIVERY_READY);
	assert_int_equal(claim(contract, CONSENT, DELIVERY_DELETE, 10).n, 0);
	batch = contract_claim_one(contract, CONSENT, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(in, DELIVERY_READY));
	assert_int_equal(contract_get(contract, in).state, DELIVERY_READY);
	batch = contract_claim_one(contract, CONSENT, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(in, DELIVERY_ACCEPTED));
	batch = contract_claim_one(contract, CONSENT, DELIVERY_DELETE);
	assert_int_equal(batch.delivery[0].id, out);
}

static void test_a_subscription_is_withdrawn(void **state)
{
	struct contract *contract = *state;
	struct str left[] = { STR("email:ann") };
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_PERSON, "ann"),
		.withdraw = left,
		.n_withdraw = 1,
		.withdraw_reason = STR("left in Klaviyo"),
	};
	int64_t in = contract_publish_one(contract, "n1", told(CONSENT, DELIVERY_CREATE, "email:ann", "l"));
	int64_t other =
		contract_publish_one(contract, "n1", told(CONSENT, DELIVERY_CREATE, "email:bob", "l"));
	int64_t out = contract_publish_one(contract, "n1", told(CONSENT, DELIVERY_DELETE, "email:ann", "l"));

	publish(contract, &publication);
	assert_int_equal(contract_get(contract, in).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, in).reason, "left in Klaviyo");
	assert_int_equal(contract_get(contract, other).state, DELIVERY_READY);
	assert_int_equal(contract_get(contract, out).state, DELIVERY_READY);
}

/* Somebody who is about to be looked at may have left. Who leaves need not wait. */
static void test_a_subscription_waits_while_its_person_is_due(void **state)
{
	struct contract *contract = *state;
	struct delivery_new in = told(CONSENT, DELIVERY_CREATE, "email:ann", "l");
	struct delivery_new out = told(CONSENT, DELIVERY_DELETE, "email:bob", "l");
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_PERSON, "ann"),
		.delivery = &in,
		.n_delivery = 1,
	};

	publish(contract, &publication);
	publication.delivery = &out;
	publish(contract, &publication);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PERSON, "ann", "base", 1, "{}"));
	assert_true(contract_is_due(contract, ENTITY_PERSON, "ann"));
	assert_int_equal(claim(contract, CONSENT, DELIVERY_CREATE, 10).n, 0);
	assert_int_equal(claim(contract, CONSENT, DELIVERY_DELETE, 10).n, 1);
	contract->now_ms += MS_PER_HOUR;
	contract_settle_down(contract);
	assert_int_equal(claim(contract, CONSENT, DELIVERY_CREATE, 10).n, 1);
}

/* Looked at, and waiting for the time of something else: no doubt is left. */
static void test_a_subscription_does_not_wait_for_a_schedule(void **state)
{
	struct contract *contract = *state;
	struct delivery_new in = told(CONSENT, DELIVERY_CREATE, "email:ann", "l");
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_PERSON, "ann"),
		.delivery = &in,
		.n_delivery = 1,
		.again_ms = contract->now_ms + 8 * MS_PER_HOUR,
	};

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PERSON, "ann", "base", 1, "{}"));
	publication.due_seq = contract_root(contract, ENTITY_PERSON, "ann").due_seq;
	publish(contract, &publication);
	assert_true(contract_is_due(contract, ENTITY_PERSON, "ann"));
	assert_int_equal(claim(contract, CONSENT, DELIVERY_CREATE, 10).n, 1);
}

static void test_a_batch_of_consent_is_for_one_list(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { told(CONSENT, DELIVERY_CREATE, "email:ann", "list1"),
				      told(CONSENT, DELIVERY_CREATE, "email:bob", "list1"),
				      told(CONSENT, DELIVERY_CREATE, "email:cid", "list2") };
	int64_t id[3];

	contract_publish(contract, "n1", new, 3, id);
	assert_int_equal(claim(contract, CONSENT, DELIVERY_CREATE, 10).n, 2);
	assert_int_equal(claim(contract, CONSENT, DELIVERY_CREATE, 10).n, 1);
}

/* ---- cursors ---- */

static void test_a_cursor_is_kept(void **state)
{
	struct contract *contract = *state;
	struct str value;

	CONTRACT_OK(db_cursor_get(contract->db, 1, STR("optouts"), &contract->arena, &value, &contract_err));
	assert_str(value, "");
	CONTRACT_OK(
		db_cursor_put(contract->db, contract->now_ms, 1, STR("optouts"), STR("a"), &contract_err));
	CONTRACT_OK(
		db_cursor_put(contract->db, contract->now_ms, 1, STR("optouts"), STR("b"), &contract_err));
	CONTRACT_OK(
		db_cursor_put(contract->db, contract->now_ms, 2, STR("optouts"), STR("c"), &contract_err));
	if (contract_is_sqlite(contract))
		contract_reopen(contract);
	CONTRACT_OK(db_cursor_get(contract->db, 1, STR("optouts"), &contract->arena, &value, &contract_err));
	assert_str(value, "b");
}

static void test_many_cursors_are_put_and_found_together(void **state)
{
	struct contract *contract = *state;
	const struct cursor_row row[] = {
		{ 2, STR("budget a"), STR("2a") },  { 1, STR("budget b"), STR("1b") },
		{ 1, STR("budget"), STR("no") },    { 1, STR("budget a"), STR("1a") },
		{ 1, STR("a budget "), STR("no") }, { 1, STR("budget b"), STR("last") },
	};
	struct cursor_row *found;
	size_t n;

	CONTRACT_OK(db_cursor_put_all(contract->db, contract->now_ms, row, 0, &contract_err));
	CONTRACT_OK(db_cursor_list(contract->db, STR(""), &contract->arena, &found, &n, &contract_err));
	assert_int_equal(n, 0);
	CONTRACT_OK(db_cursor_put_all(contract->db, contract->now_ms, row, ARRAY_LEN(row), &contract_err));
	CONTRACT_OK(
		db_cursor_list(contract->db, STR("budget "), &contract->arena, &found, &n, &contract_err));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(found[i].account_id, i < 2 ? 1 : 2);
	assert_str(found[0].name, "budget a");
	assert_str(found[0].value, "1a");
	assert_str(found[1].name, "budget b");
	assert_str(found[1].value, "last");
	assert_str(found[2].value, "2a");
	CONTRACT_OK(db_cursor_list(contract->db, STR(""), &contract->arena, &found, &n, &contract_err));
	assert_int_equal(n, 5);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_an_order_is_a_root),
	cmocka_unit_test(test_a_changed_product_leaves_its_orders_alone),
	cmocka_unit_test(test_a_sweep_leaves_orders_alone),
	cmocka_unit_test(test_a_root_is_looked_at_again),
	cmocka_unit_test(test_parts_that_are_done_with_go),
	cmocka_unit_test(test_events_of_a_person_leave_together_and_in_order),
	cmocka_unit_test(test_an_event_that_waits_holds_back_its_person),
	cmocka_unit_test(test_an_event_that_goes_again_at_once_stays_ahead),
	cmocka_unit_test(test_what_ends_a_batch_ends_it_for_those_behind),
	cmocka_unit_test(test_an_event_that_failed_often_holds_nobody_back),
	cmocka_unit_test(test_an_event_that_waits_long_holds_nobody_back),
	cmocka_unit_test(test_an_event_is_remembered_whatever_became_of_it),
	cmocka_unit_test(test_a_mended_body_replaces_the_old_one),
	cmocka_unit_test(test_notices_of_a_store_leave_one_after_the_other),
	cmocka_unit_test(test_a_newer_profile_replaces_the_queued_one),
	cmocka_unit_test(test_a_change_taken_back_before_it_left_costs_nothing),
	cmocka_unit_test(test_what_may_have_left_is_taken_back_there),
	cmocka_unit_test(test_other_changes_are_told),
	cmocka_unit_test(test_an_erasure_of_what_never_left_is_sent),
	cmocka_unit_test(test_consent_is_never_replaced_and_keeps_its_order),
	cmocka_unit_test(test_a_subscription_is_withdrawn),
	cmocka_unit_test(test_a_subscription_waits_while_its_person_is_due),
	cmocka_unit_test(test_a_subscription_does_not_wait_for_a_schedule),
	cmocka_unit_test(test_a_batch_of_consent_is_for_one_list),
	cmocka_unit_test(test_a_cursor_is_kept),
	cmocka_unit_test(test_many_cursors_are_put_and_found_together),
};

CONTRACT_MAIN(tests)
