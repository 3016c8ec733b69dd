/* Contract of the store: the wall clock is moved, and nothing waits for longer than it was meant to. */
#include "contract/contract.h"

#include "base/clock.h"

#define HOUR  MS_PER_HOUR
#define UP_MS 500000 /* the machine is up for so long at the start of a test */

static int64_t note(struct contract *contract, int64_t mono_ms)
{
	struct moment now = { .wall_ms = contract->now_ms, .mono_ms = mono_ms };
	int64_t back_ms = -1;

	CONTRACT_OK(db_clock_note(contract->db, now, &back_ms, &contract_err));
	return back_ms;
}

/* A delivery that waits for ten minutes. */
static int64_t waiting(struct contract *contract)
{
	int64_t id = contract_publish_one(contract, "p1",
					  contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "i1", "a"));
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	struct delivery_settlement later = contract_settlement(id, DELIVERY_WAITING);

	later.due_ms = contract->now_ms + 10 * MS_PER_MIN;
	contract_settle_one(contract, batch.id, later);
	return id;
}

static void test_nothing_changes_while_clocks_agree(void **state)
{
	struct contract *contract = *state;
	int64_t id = waiting(contract), due_ms = contract_get(contract, id).due_ms;

	assert_int_equal(note(contract, UP_MS), 0);
	contract->now_ms += 5000;
	assert_int_equal(note(contract, UP_MS + 5000), 0);
	contract->now_ms += 5000 - 999; /* slewed */
	assert_int_equal(note(contract, UP_MS + 10000), 0);
	contract->now_ms += 365 * 24 * HOUR; /* leapt ahead */
	assert_int_equal(note(contract, UP_MS + 11000), 0);
	assert_int_equal(contract_get(contract, id).due_ms, due_ms);
}

static void test_back_makes_it_due_as_much_earlier(void **state)
{
	struct contract *contract = *state;
	int64_t id, due_ms;

	assert_int_equal(note(contract, UP_MS), 0);
	id = waiting(contract);
	due_ms = contract_get(contract, id).due_ms;
	contract->now_ms += 2000 - HOUR;
	if (contract_is_sqlite(contract))
		contract_reopen(contract);
	assert_int_equal(note(contract, UP_MS + 2000), HOUR);
	assert_int_equal(contract_get(contract, id).due_ms, due_ms - HOUR);
	assert_int_equal(note(contract, UP_MS + 2000), 0); /* once */
	assert_int_equal(contract_get(contract, id).due_ms, due_ms - HOUR);
}

/* Roots, too, and how long they may be put off. */
static void test_roots_are_due_earlier(void **state)
{
	struct contract *contract = *state;
	size_t n;

	assert_int_equal(note(contract, UP_MS), 0);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "x"));
	contract->now_ms -= 24 * HOUR;
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 0);
	assert_int_equal(note(contract, UP_MS), 24 * HOUR);
	contract->now_ms += MS_PER_MIN;
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
}

/* Off for an unknown time: sure is what the machine has been up since. */
static void test_a_machine_that_was_off(void **state)
{
	struct contract *contract = *state;
	int64_t id, due_ms;

	assert_int_equal(note(contract, UP_MS), 0);
	id = waiting(contract);
	due_ms = contract_get(contract, id).due_ms;
	contract->now_ms += 8 * HOUR;
	assert_int_equal(note(contract, 20000), 0);
	contract->now_ms -= 100 * 24 * HOUR;
	assert_int_equal(note(contract, 20000 - 5000), 100 * 24 * HOUR + 15000);
	assert_int_equal(contract_get(contract, id).due_ms, due_ms - 100 * 24 * HOUR - 15000);
}

/* Only what waits has a time that means something. */
static void test_ready_and_ended_ones_are_left_alone(void **state)
{
	struct contract *contract = *state;
	int64_t id = contract_accepted(contract, "p2",
				       contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "i2", "b"));
	int64_t ready = contract_publish_one(contract, "p3",
					     contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "i3", "c"));

	assert_int_equal(note(contract, UP_MS), 0);
	contract->now_ms -= HOUR;
	assert_int_equal(note(contract, UP_MS), HOUR);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_ACCEPTED);
	assert_int_equal(contract_get(contract, ready).due_ms, 0);
	assert_int_equal(contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE).delivery[0].id, ready);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_nothing_changes_while_clocks_agree),
	cmocka_unit_test(test_back_makes_it_due_as_much_earlier),
	cmocka_unit_test(test_roots_are_due_earlier),
	cmocka_unit_test(test_a_machine_that_was_off),
	cmocka_unit_test(test_ready_and_ended_ones_are_left_alone),
};

CONTRACT_MAIN(tests)
