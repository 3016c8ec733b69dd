/* Contract of the store: finding and erasing what is kept of one person. */
#include "contract/contract.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define ANN   "ann@shop.test"
#define BOB   "bob@shop.test"
#define PHONE "+4915112345678"
#define ANN_IS \
	"{\"email\":\"Ann@Shop.test\",\"phone\":\"0151/12345678\",\"first_name\":\"Annegret\"," \
	"\"address\":{\"country_code\":\"DE\"}}"
#define BOB_IS	  "{\"email\":\"" BOB "\",\"first_name\":\"Robertson\",\"phone\":\"+4917098765432\"}"
#define ERASED	  "{\"at\":\"2026-07-30T08:00:00Z\"}"
#define FILE_MAX  ((size_t)64 << 20)
#define STEPS_MAX 10000

static int64_t say(struct contract *contract, const char *body, struct fact fact)
{
	int64_t id = contract_append(contract, contract->store_id, body);
	struct inbox_result result = contract_result(contract, id, MESSAGE_MAPPED);

	result.fact = &fact;
	result.n_fact = 1;
	contract_complete(contract, &result, 1);
	return id;
}

/* Publishes what is due of a root, with this delivery; its id. */
static int64_t tell(struct contract *contract, struct entity root, enum klaviyo_kind kind,
		    enum delivery_op op, const char *external_id, const char *parent)
{
	struct delivery_new new = contract_delivery(kind, op, external_id, "of Annegret");
	struct catalog_root at = contract_root(contract, root.kind, arena_cstr(&contract->arena, root.id));
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = root,
		.due_seq = at.due_seq,
		.message_id = at.message_id,
		.delivery = &new,
		.n_delivery = 1,
	};
	size_t n;

	new.parent_external_id = str_from(parent);
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
	return contract_audit(
		       contract,
		       (struct audit_filter){ .by_code = true, .code = AUDIT_DELIVERY_CREATED, .max_n = 1 },
		       &n)[0]
		.delivery_id;
}

static void settle_all(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 100);

	for (size_t i = 0; i < batch.n; i++)
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[i].id, DELIVERY_ACCEPTED));
}

static struct entity person(const char *id)
{
	return contract_entity(ENTITY_PERSON, id);
}

/* One slice after the other, until there is nothing to do now. */
static void purge(struct contract *contract, size_t max_n)
{
	bool more = true;

	for (int i = 0; more; i++) {
		assert_true(i < STEPS_MAX);
		CONTRACT_OK(db_person_purge(contract->db, contract->now_ms, max_n, &more, &contract_err));
		contract_conserves(contract->db);
	}
}

/* How many rows of each sort are kept of a person. */
struct kept {
	size_t n_message;
	size_t n_delivery;
	size_t n_audit;
	size_t n_root;
};

static struct kept find(struct contract *contract, const char *id, size_t max_n)
{
	struct person_search search = { .store_id = contract->store_id, .person_id = str_from(id) };
	struct kept kept = { 0 };

	for (int i = 0; search.source != PERSON_SOURCE_COUNT; i++) {
		struct person_page page;

		assert_true(i < STEPS_MAX);
		CONTRACT_OK(
			db_person_find(contract->db, &search, max_n, &contract->arena, &page, &contract_err));
		kept.n_message += page.n_message;
		kept.n_delivery += page.n_delivery;
		kept.n_audit += page.n_audit;
	}
	kept.n_root = search.n_root;
	return kept;
}

static struct inbox_message message(struct contract *contract, int64_t id)
{
	struct inbox_message message;

	CONTRACT_OK(db_inbox_get(contract->db, id, &contract->arena, &message, &contract_err));
	return message;
}

static bool is_known(struct contract *contract, struct entity root)
{
	struct catalog_root out;

	return db_catalog_get(contract->db, contract->store_id, root, &contract->arena, &out, NULL);
}

/* Ann and Bob: who they are, an order each, Ann's also shipped by a message that does not name her. */
struct town {
	int64_t ann, bob, order, shipped, other_order;
	int64_t profile, event, other_event, consent;
};

static void settle_town(struct contract *contract, struct town *town)
{
	struct entity order = contract_entity(ENTITY_ORDER, "o1"),
		      other = contract_entity(ENTITY_ORDER, "o2");

	town->ann = say(contract, ANN_IS, contract_set(ENTITY_PERSON, ANN, "customer", 0, ANN_IS));
	town->bob = say(contract, BOB_IS, contract_set(ENTITY_PERSON, BOB, "customer", 0, BOB_IS));
	town->order = say(contract, "{\"to\":\"ANN@shop.test\"}",
			  contract_set(ENTITY_ORDER, "o1", "base", 0, "{\"customer\":" ANN_IS "}"));
	town->shipped = say(contract, "{\"by\":\"a parcel for Annegret\"}",
			    contract_set(ENTITY_ORDER, "o1", "fulfilled", 0, "{\"at\":\"x\"}"));
	town->other_order = say(contract, "{\"to\":\"" BOB "\",\"phone\":\"0151/12345678\"}",
				contract_set(ENTITY_ORDER, "o2", "base", 0, "{\"customer\":" BOB_IS "}"));
	(void)say(contract, "{}", contract_set(ENTITY_VISITOR, "w1", "identity", 0, ANN_IS));
	town->profile = tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_UPDATE, ANN, "");
	(void)tell(contract, person(BOB), KLAVIYO_PROFILE, DELIVERY_UPDATE, BOB, "");
	town->event = tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|o1", ANN);
	town->other_event = tell(contract, other, KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|o2", BOB);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_UPDATE);
	settle_all(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	town->consent = tell(contract, person(ANN), KLAVIYO_CONSENT, DELIVERY_CREATE, "email:" ANN, "list");
	contract_settle_down(contract);
}

static int64_t erase(struct contract *contract, int64_t at_ms)
{
	return say(contract, "{\"erase\":\"" ANN "\"}",
		   contract_set(ENTITY_PERSON, ANN, "erased", at_ms, ERASED));
}

/* The erasure up to the answer of Klaviyo. */
static int64_t erase_there(struct contract *contract)
{
	int64_t id;

	(void)erase(contract, contract->now_ms);
	id = tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 2); /* nothing else of the person may leave behind it */
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	return id;
}

/* ---- tests ---- */

static void test_what_is_kept_is_found(void **state)
{
	static const size_t step[] = { 1, 3, 1000 };
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	for (size_t i = 0; i < 3; i++) {
		struct kept kept = find(contract, ANN, step[i]);

		assert_int_equal(kept.n_root, 3); /* Ann, the order, the browser */
		assert_int_equal(kept.n_delivery, 3);
		assert_true(kept.n_message >= 4);
		assert_true(kept.n_audit >= 6);
		assert_int_equal(find(contract, "nobody@shop.test", step[i]).n_message, 0);
	}
}

static void test_the_person_goes_and_others_stay(void **state)
{
	struct contract *contract = *state;
	struct kept kept;
	struct town town;
	int64_t deletion;

	settle_town(contract, &town);
	deletion = erase_there(contract);
	purge(contract, 3);
	kept = find(contract, ANN, 100);
	assert_int_equal(kept.n_message + kept.n_delivery + kept.n_audit, 0);
	assert_str(message(contract, town.ann).body, "{\"erased\":true}");
	assert_str(message(contract, town.order).body, "{\"erased\":true}");
	assert_str(message(contract, town.shipped).body, "{\"erased\":true}");
	assert_int_equal(message(contract, town.ann).state, MESSAGE_MAPPED);
	assert_str(message(contract, town.bob).body, BOB_IS);
	assert_int_equal(message(contract, town.other_order).body.p[2], 't');
	assert_false(is_known(contract, person(ANN)));
	assert_true(is_known(contract, person(BOB)));
	assert_false(is_known(contract, contract_entity(ENTITY_VISITOR, "w1")));
	assert_str(contract_get(contract, town.profile).body, "");
	assert_true(str_starts(contract_get(contract, town.profile).external_id, STR("erased:")));
	assert_true(str_starts(contract_get(contract, deletion).root.id, STR("erased:")));
	assert_str(contract_get(contract, town.event).parent_external_id, "");
	assert_str(contract_get(contract, town.event).external_id, "Placed Order|o1");
	assert_str(contract_get(contract, town.other_event).parent_external_id, BOB);
	assert_str(contract_get(contract, town.other_event).body, "of Annegret");
}

/* Whoever waits until nothing is to be done waits for an erasure, but not for Klaviyo's part of it. */
static void test_an_erasure_is_something_to_do(void **state)
{
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	settle_all(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);
	assert_true(contract_summary(contract).idle);
	(void)erase(contract, contract->now_ms);
	assert_false(contract_summary(contract).idle);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 2);
	{
		struct outbox_batch batch =
			contract_claim(contract, KLAVIYO_PROFILE, DELIVERY_DELETE, PRIORITY_REALTIME, 1);
		struct delivery_settlement later =
			contract_settlement(batch.delivery[0].id, DELIVERY_WAITING);

		later.due_ms = contract->now_ms + MS_PER_DAY;
		contract_settle_one(contract, batch.id, later);
		assert_true(contract_summary(contract).idle);
		contract->now_ms = later.due_ms;
	}
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	assert_false(contract_summary(contract).idle);
	purge(contract, 2);
	assert_true(contract_summary(contract).idle);
}

static void test_an_audit_row_with_a_digest_stays(void **state)
{
	struct contract *contract = *state;
	struct audit_row *row;
	struct town town;
	size_t n;

	settle_town(contract, &town);
	(void)erase_there(contract);
	purge(contract, 100);
	row = contract_audit(
		contract, (struct audit_filter){ .by_code = true, .code = AUDIT_PERSON_ERASED, .max_n = 10 },
		&n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].root.kind, ENTITY_PERSON);
	assert_true(str_starts(row[0].root.id, STR("erased:")));
	assert_str(row[0].reason, arena_cstr(&contract->arena, row[0].root.id));
	row = contract_audit(contract, (struct audit_filter){ .root = person(ANN), .max_n = 10 }, &n);
	assert_int_equal(n, 0);
}

static void test_what_is_queued_is_not_sent(void **state)
{
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	assert_int_equal(contract_get(contract, town.consent).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, town.consent).reason, "person erased");
	assert_true(is_known(contract, person(ANN))); /* it waits for Klaviyo */
	assert_str(message(contract, town.ann).body, ANN_IS);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_false(is_known(contract, person(ANN)));
}

/* What is being sent has to end first; what waits behind it, or comes back, does not leave meanwhile. */
static void test_what_is_being_sent_lets_nothing_pass(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o1");
	struct outbox_batch batch;
	struct town town;
	int64_t event, notice;

	settle_town(contract, &town);
	batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);
	event = tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Paid Order|o1", ANN);
	notice = tell(contract, person(ANN), KLAVIYO_NOTICE, DELIVERY_CREATE, "notice 1", "store:1");
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 2);
	assert_int_equal(contract_get(contract, event).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, notice).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, town.consent).state, DELIVERY_SENDING);
	contract_settle_one(contract, batch.id, contract_settlement(town.consent, DELIVERY_READY));
	purge(contract, 2);
	assert_int_equal(contract_get(contract, town.consent).state, DELIVERY_SKIPPED);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 2);
	assert_false(is_known(contract, person(ANN)));
}

/* An order of which nothing is known but what is being sent, by its person; the rest of it names nobody. */
static void test_an_order_known_by_what_is_being_sent_is_stopped(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o7");
	struct outbox_batch batch;
	int64_t sent, queued;

	(void)say(contract, ANN_IS, contract_set(ENTITY_PERSON, ANN, "customer", 0, ANN_IS));
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o7", "paid", 0, "{}"));
	queued = tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Paid Order|o7", "P7");
	sent = tell(contract, order, KLAVIYO_NOTICE, DELIVERY_CREATE, "notice 7", ANN);
	batch = contract_claim_one(contract, KLAVIYO_NOTICE, DELIVERY_CREATE);
	assert_int_equal(batch.delivery[0].id, sent);
	contract_settle_down(contract);
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	assert_int_equal(contract_get(contract, queued).state, DELIVERY_SKIPPED);
	contract_settle_one(contract, batch.id, contract_settlement(sent, DELIVERY_ACCEPTED));
	purge(contract, 100);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_false(is_known(contract, person(ANN)));
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o7").n_fact, 0);
}

/* What was found to be theirs when it was asked for the first time is theirs, whatever its facts say now. */
static void test_asked_for_twice_forgets_nothing(void **state)
{
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o5", "base", 0, "{\"customer\":" ANN_IS "}"));
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o5", "base", 0, "{\"customer\":{}}"));
	(void)erase(contract, contract->now_ms + 1);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_false(is_known(contract, person(ANN)));
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o5").n_fact, 0);
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o2").n_fact, 1);
}

static void test_who_is_due_again_is_erased_all_the_same(void **state)
{
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	(void)say(contract, "{\"new\":1}",
		  contract_set(ENTITY_PERSON, ANN, "subscriber", contract->now_ms + 60000, ANN_IS));
	assert_true(contract_is_due(contract, ENTITY_PERSON, ANN));
	purge(contract, 100);
	assert_str(message(contract, town.ann).body, "{\"erased\":true}");
	assert_int_equal(contract_root(contract, ENTITY_PERSON, ANN).n_fact, 1);
}

/* Many who wait for Klaviyo do not keep others from their end. */
static void test_those_who_wait_stop_nobody(void **state)
{
	struct contract *contract = *state;
	struct town town;
	char id[32];

	settle_town(contract, &town);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(id, sizeof(id), "p%d@shop.test", i);
		(void)say(contract, "{}",
			  contract_set(ENTITY_PERSON, id, "erased", contract->now_ms, ERASED));
		(void)tell(contract, person(id), KLAVIYO_PROFILE, DELIVERY_DELETE, id, "");
	}
	purge(contract, 1000);
	(void)erase(contract, contract->now_ms);
	contract_settle_down(contract);
	purge(contract, 1000);
	assert_false(is_known(contract, person(ANN)));
}

/* Behind the deletion nothing leaves that would bring the profile back. */
static void test_the_deletion_leaves_last(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct town town;
	int64_t deletion, event;

	settle_town(contract, &town);
	event = tell(contract, contract_entity(ENTITY_ORDER, "o1"), KLAVIYO_EVENT, DELIVERY_CREATE,
		     "Paid Order|o1", ANN);
	batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	(void)erase(contract, contract->now_ms);
	deletion = tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	assert_int_equal(contract_claim(contract, KLAVIYO_PROFILE, DELIVERY_DELETE, PRIORITY_REALTIME, 10).n,
			 0);
	purge(contract, 100);
	assert_int_equal(contract_get(contract, town.consent).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_claim(contract, KLAVIYO_PROFILE, DELIVERY_DELETE, PRIORITY_REALTIME, 10).n,
			 0);
	contract_settle_one(contract, batch.id, contract_settlement(event, DELIVERY_READY));
	assert_int_equal(contract_claim(contract, KLAVIYO_PROFILE, DELIVERY_DELETE, PRIORITY_REALTIME, 10).n,
			 0);
	purge(contract, 100);
	assert_int_equal(contract_get(contract, event).state, DELIVERY_SKIPPED);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	assert_int_equal(batch.delivery[0].id, deletion);
}

/* It was due when they were erased, and again for a newer message before anybody looked. */
static void test_an_order_that_is_due_anew_is_still_theirs(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o1");
	struct town town;
	int64_t event;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o1", "paid", 0, "{}"));
	event = tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Paid Order|o1", ANN);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	assert_int_equal(contract_get(contract, event).state, DELIVERY_SKIPPED);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_str(contract_get(contract, event).parent_external_id, "");
}

static size_t count_events(struct contract *contract)
{
	return contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REALTIME, 10).n;
}

/* The deletion at Klaviyo takes all it finds there. */
static void test_who_is_back_is_told_after_the_deletion(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o8");
	struct town town;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o8", "base", 0, "{\"customer\":" ANN_IS "}"));
	(void)tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|o8", ANN);
	assert_int_equal(count_events(contract), 0);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	assert_int_equal(count_events(contract), 0);
	purge(contract, 100);
	assert_int_equal(count_events(contract), 0);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	assert_int_equal(count_events(contract), 1);
}

/* Nor is it made anew meanwhile: of an order of theirs that was due, or heard of. */
static void test_nothing_is_told_of_who_is_being_erased(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o1"),
		      visit = contract_entity(ENTITY_VISITOR, "w1");
	struct town town;
	int64_t before;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o1", "paid", 0, "{}"));
	(void)say(contract, "{}", contract_set(ENTITY_VISITOR, "w1", "event.9", 0, "{}"));
	before = contract_account_summary(contract, contract->account_id).created;
	(void)tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Paid Order|o1", ANN);
	(void)tell(contract, visit, KLAVIYO_EVENT, DELIVERY_CREATE, "Active|9", ANN);
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, before);
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
	assert_true(contract_is_due(contract, ENTITY_VISITOR, "w1")); /* what they did since then */
	(void)tell(contract, visit, KLAVIYO_EVENT, DELIVERY_CREATE, "Active|9", ANN);
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, before + 1);
}

/* A replay brings what was told before, and asks for no root that is due. */
static void test_a_replay_tells_nothing_of_who_is_being_erased(void **state)
{
	struct contract *contract = *state;
	struct delivery_new again =
		contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE, "Placed Order|o1", "of Annegret");
	struct catalog_publication publication = { .store_id = contract->store_id,
						   .account_id = contract->account_id,
						   .root = contract_entity(ENTITY_ORDER, "o1"),
						   .delivery = &again,
						   .n_delivery = 1 };
	struct task_row task = {
		.store_id = contract->store_id, .kind = TASK_REPLAY, .options = STR("{}"), .place = STR("")
	};
	struct task_step step = { .from = STR(""),
				  .to = STR("1"),
				  .publication = &publication,
				  .n_publication = 1,
				  .priority = PRIORITY_REPLAY };
	struct town town;
	size_t n;

	settle_town(contract, &town);
	(void)erase_there(contract);
	again.parent_external_id = STR(ANN);
	CONTRACT_OK(db_task_put(contract->db, contract->now_ms, &task, &step.task_id, &contract_err));
	CONTRACT_OK(db_task_step(contract->db, contract->now_ms, &step, &n, &contract_err));
	assert_int_equal(contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REPLAY, 10).n, 0);
	purge(contract, 100);
	assert_int_equal(contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REPLAY, 10).n, 0);
}

static void test_a_refused_deletion_waits_for_somebody(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct failed_change retry = { .action = FAILED_DISCARD, .n = 1 };
	struct town town;
	int64_t id;
	size_t n;

	settle_town(contract, &town);
	(void)erase(contract, contract->now_ms);
	id = tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	purge(contract, 100);
	batch = contract_claim_one(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_FAILED));
	purge(contract, 100);
	assert_true(is_known(contract, person(ANN)));
	retry.id = &id;
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &retry, &n, &contract_err));
	purge(contract, 100);
	assert_false(is_known(contract, person(ANN)));
}

static void test_failed_rows_end(void **state)
{
	struct contract *contract = *state;
	struct inbox_result failed;
	struct outbox_batch batch;
	struct town town;
	int64_t id, event;

	settle_town(contract, &town);
	id = contract_append(contract, contract->store_id, "{\"of\":\"" ANN "\"");
	failed = contract_result(contract, id, MESSAGE_FAILED);
	failed.reason = STR("not JSON: " ANN);
	contract_complete(contract, &failed, 1);
	event = tell(contract, contract_entity(ENTITY_ORDER, "o1"), KLAVIYO_EVENT, DELIVERY_CREATE, "Paid|o1",
		     ANN);
	batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(event, DELIVERY_FAILED));
	(void)erase_there(contract);
	purge(contract, 2);
	assert_int_equal(message(contract, id).state, MESSAGE_DISCARDED);
	assert_str(message(contract, id).body, "{\"erased\":true}");
	assert_int_equal(contract_get(contract, event).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_account_summary(contract, contract->account_id).failed, 0);
	assert_int_equal(contract_store_summary(contract, contract->store_id).failed, 0);
}

static void test_what_is_on_its_way_is_waited_for(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct town town;

	settle_town(contract, &town);
	batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);
	(void)erase_there(contract);
	purge(contract, 100);
	assert_true(is_known(contract, person(ANN)));
	contract_settle_one(contract, batch.id, contract_settlement(town.consent, DELIVERY_ACCEPTED));
	purge(contract, 100);
	settle_all(contract, KLAVIYO_PROFILE, DELIVERY_DELETE);
	purge(contract, 100);
	assert_false(is_known(contract, person(ANN)));
	assert_int_equal(find(contract, ANN, 100).n_delivery, 0);
}

static void test_old_data_that_comes_late_is_stopped(void **state)
{
	struct contract *contract = *state;
	int64_t erased_ms = contract->now_ms;
	struct town town;

	settle_town(contract, &town);
	(void)erase_there(contract);
	purge(contract, 100);
	contract->now_ms += 60000;
	(void)say(contract, "{}", contract_set(ENTITY_PERSON, ANN, "customer", erased_ms - 1, ANN_IS));
	(void)say(contract, "{}", contract_set(ENTITY_PERSON, ANN, "consent.email", erased_ms, "{}"));
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o1", "paid", 0, "{}"));
	(void)say(contract, "{}",
		  contract_set(ENTITY_ORDER, "o3", "base", contract->now_ms,
			       "{\"placed_at\":\"2026-07-01T08:00:00Z\",\"customer\":" ANN_IS "}"));
	assert_false(is_known(contract, person(ANN)));
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o1"));
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o3").n_fact, 0);
	(void)say(contract, "{}", contract_set(ENTITY_PERSON, BOB, "consent.email", erased_ms - 1, "{}"));
	assert_true(contract_is_due(contract, ENTITY_PERSON, BOB));
}

/* Whose first message comes late: what else is told of it would wait for that one for good. */
static void test_an_order_that_is_stopped_is_nothing(void **state)
{
	static const char of_ann[] = "{\"placed_at\":\"2026-07-01T08:00:00Z\",\"customer\":" ANN_IS "}";
	struct contract *contract = *state;
	struct town town;

	settle_town(contract, &town);
	(void)erase_there(contract);
	purge(contract, 100);
	contract->now_ms += 60000;
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o9", "fulfilled", 0, "{}"));
	assert_true(contract_is_due(contract, ENTITY_ORDER, "o9"));
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o9", "base", 0, of_ann));
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o9", "paid", 0, "{}"));
	assert_false(contract_is_due(contract, ENTITY_ORDER, "o9"));
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o9").n_fact, 0);
	/* Somebody else's stays, whoever had it before. */
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o2", "base", 0, of_ann));
	assert_int_equal(contract_root(contract, ENTITY_ORDER, "o2").n_fact, 1);
	contract_conserves(contract->db);
}

/* A file that says no time is older than what the person said: that they are to be forgotten. */
static void test_history_without_a_time_is_stopped(void **state)
{
	struct contract *contract = *state;
	struct fact ann = contract_set(ENTITY_PERSON, ANN, "customer", 1, ANN_IS);
	struct fact bob = contract_set(ENTITY_PERSON, BOB, "customer", 1, "{\"first_name\":\"Bob\"}");
	struct inbox_result result;
	struct town town;

	settle_town(contract, &town);
	(void)erase_there(contract);
	purge(contract, 100);
	for (int i = 0; i < 2; i++) {
		result = contract_result(contract, contract_append(contract, contract->store_id, "{}"),
					 MESSAGE_MAPPED);
		result.fact = i == 0 ? &ann : &bob;
		result.n_fact = 1;
		result.priority = PRIORITY_BACKFILL;
		contract_complete(contract, &result, 1);
	}
	assert_false(is_known(contract, person(ANN)));
	assert_true(is_known(contract, person(BOB)));
	/* Live it is somebody who has come back. */
	(void)say(contract, "{}", ann);
	assert_true(is_known(contract, person(ANN)));
}

static void test_what_happens_later_begins_anew(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;
	struct town town;
	int64_t new, later;

	settle_town(contract, &town);
	(void)erase_there(contract);
	later = contract->now_ms + 60000;
	new = say(contract, "{\"new\":\"" ANN "\"}",
		  contract_set(ENTITY_PERSON, ANN, "subscriber", later, ANN_IS));
	contract_settle_down(contract);
	purge(contract, 100);
	root = contract_root(contract, ENTITY_PERSON, ANN);
	assert_int_equal(root.n_fact, 1);
	assert_non_null(contract_fact(&root, ENTITY_PERSON, ANN, "subscriber"));
	assert_int_equal(root.n_sent, 0); /* told anew */
	assert_true(contract_is_due(contract, ENTITY_PERSON, ANN));
	assert_str(message(contract, new).body, "{\"new\":\"" ANN "\"}");
	assert_str(message(contract, town.ann).body, "{\"erased\":true}");
}

/* What a part named that is gone is named no more, though the visitor goes on. */
static void test_what_parts_named_goes_with_them(void **state)
{
	struct contract *contract = *state;
	struct entity product[] = { contract_entity(ENTITY_PRODUCT, "p1"),
				    contract_entity(ENTITY_PRODUCT, "p2") };
	struct fact seen[] = { contract_set(ENTITY_VISITOR, "w1", "event.1", 0, "{}"),
			       contract_set(ENTITY_VISITOR, "w1", "event.2", 0, "{}") };
	struct catalog_root root;
	struct town town;

	settle_town(contract, &town);
	(void)say(contract, "{}", contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}"));
	(void)say(contract, "{}", contract_set(ENTITY_PRODUCT, "p2", "base", 0, "{}"));
	for (int i = 0; i < 2; i++) {
		seen[i].ref = &product[i];
		seen[i].n_ref = 1;
	}
	(void)say(contract, "{}", seen[0]);
	(void)erase_there(contract);
	(void)say(contract, "{}", seen[1]);
	purge(contract, 100);
	root = contract_root(contract, ENTITY_VISITOR, "w1");
	assert_null(contract_fact(&root, ENTITY_VISITOR, "w1", "event.1"));
	assert_non_null(contract_fact(&root, ENTITY_VISITOR, "w1", "event.2"));
	assert_null(contract_fact(&root, ENTITY_PRODUCT, "p1", "base"));
	assert_non_null(contract_fact(&root, ENTITY_PRODUCT, "p2", "base"));
}

/* The catalog of a store that is removed meanwhile stays for as long as somebody's is found by it. */
static void test_a_removed_store_keeps_what_they_are_found_by(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct town town;
	bool more = true;

	settle_town(contract, &town);
	batch = contract_claim_one(contract, KLAVIYO_CONSENT, DELIVERY_CREATE);
	(void)erase(contract, contract->now_ms);
	(void)tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, ANN, "");
	contract_remove_store(contract, contract->store_id);
	while (more)
		CONTRACT_OK(db_maintain(contract->db, contract->now_ms,
					&(struct retention){ 30, 30, 30, 30, 30 }, &more, &contract_err));
	purge(contract, 100);
	assert_str(message(contract, town.shipped).body, "{\"by\":\"a parcel for Annegret\"}");
	contract_settle_one(contract, batch.id, contract_settlement(town.consent, DELIVERY_ACCEPTED));
	purge(contract, 100);
	assert_str(message(contract, town.shipped).body, "{\"erased\":true}");
	assert_str(contract_get(contract, town.event).parent_external_id, "");
	assert_int_equal(find(contract, ANN, 100).n_delivery, 0);
}

/* An order that is found by what ended last is theirs in what ended before, too. */
static void test_what_ended_before_its_order_was_found_is_erased(void **state)
{
	struct contract *contract = *state;
	struct entity order = contract_entity(ENTITY_ORDER, "o7");
	struct outbox_batch batch;
	struct town town;
	int64_t first, second;

	settle_town(contract, &town);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o7", "paid", 0, "{}"));
	first = tell(contract, order, KLAVIYO_EVENT, DELIVERY_CREATE, "Paid Order|o7", "P7");
	settle_all(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	(void)say(contract, "{}", contract_set(ENTITY_ORDER, "o7", "paid", 0, "{\"again\":1}"));
	(void)erase_there(contract);
	second = tell(contract, order, KLAVIYO_NOTICE, DELIVERY_CREATE, "notice 7", ANN);
	batch = contract_claim_one(contract, KLAVIYO_NOTICE, DELIVERY_CREATE);
	contract_settle_one(contract, batch.id, contract_settlement(second, DELIVERY_ACCEPTED));
	purge(contract, 100);
	assert_str(contract_get(contract, second).body, "");
	assert_str(contract_get(contract, first).body, "");
}

static void test_events_are_not_told_again(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;
	struct town town;

	settle_town(contract, &town);
	(void)erase_there(contract);
	purge(contract, 100);
	root = contract_root(contract, ENTITY_ORDER, "o1");
	assert_int_equal(root.n_fact, 0);
	assert_non_null(contract_sent(&root, KLAVIYO_EVENT, "Placed Order|o1"));
	assert_str(contract_sent(&root, KLAVIYO_EVENT, "Placed Order|o1")->parent_external_id, "");
}

static void test_nobody_is_erased_unasked(void **state)
{
	struct contract *contract = *state;
	struct town town;
	bool more = true;

	settle_town(contract, &town);
	CONTRACT_OK(db_person_purge(contract->db, contract->now_ms, 10, &more, &contract_err));
	assert_false(more);
	assert_int_equal(find(contract, ANN, 100).n_delivery, 3);
}

static void test_a_start_goes_on_where_it_was(void **state)
{
	struct contract *contract = *state;
	struct town town;
	bool more = true;

	settle_town(contract, &town);
	(void)erase_there(contract);
	for (int i = 0; more && i < STEPS_MAX; i++) {
		CONTRACT_OK(db_person_purge(contract->db, contract->now_ms, 1, &more, &contract_err));
		if (contract_is_sqlite(contract))
			contract_reopen(contract);
	}
	assert_false(is_known(contract, person(ANN)));
	assert_int_equal(find(contract, ANN, 100).n_audit, 0);
}

/* ---- the files ---- */

static bool holds(struct str bytes, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= bytes.len; i++)
		if (memcmp(bytes.p + i, text, len) == 0)
			return true;
	return false;
}

/* Files of the folder that hold the text. */
static size_t count_files(struct contract *contract, const char *text)
{
	DIR *folder = opendir(contract->folder);
	size_t n = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		struct str bytes;
		struct err err;
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", contract->folder, entry->d_name);
		if (!file_read(path, FILE_MAX, &contract->arena, &bytes, &err))
			fail_msg("%s", err.msg);
		n += holds(bytes, text);
	}
	(void)closedir(folder);
	return n;
}

static void test_the_bytes_are_gone_from_the_files(void **state)
{
	static const char *const gone[] = {
		ANN,   "Ann@Shop.test", "ANN@shop.test", "0151/12345678\",\"first",
		PHONE, "for Annegret",	"Annegret\""
	};
	struct contract *contract = *state;
	struct town town;

	if (!contract_is_sqlite(contract))
		return;
	settle_town(contract, &town);
	assert_true(count_files(contract, ANN) > 0);
	assert_true(count_files(contract, "for Annegret") > 0);
	(void)erase_there(contract);
	purge(contract, 5);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (count_files(contract, gone[i]) > 0)
			fail_msg("'%s' is still there", gone[i]);
	assert_true(count_files(contract, BOB) > 0);
	assert_true(count_files(contract, "Robertson") > 0);
	assert_true(count_files(contract, "+4917098765432") > 0);
}

/* What ends only because the person goes is in the history then, and goes there, too. */
static void test_what_ends_by_it_is_erased_in_the_history(void **state)
{
	struct contract *contract = *state;
	struct fact known = contract_set(ENTITY_PERSON, ANN, "base", 1, ANN_IS);
	struct fact erased = contract_set(ENTITY_PERSON, ANN, "erased", 0, ERASED);
	int64_t id;

	(void)say(contract, "{}", known);
	id = tell(contract, person(ANN), KLAVIYO_PROFILE, DELIVERY_DELETE, BOB, ANN);
	contract->now_ms += MS_PER_MIN;
	contract_settle_down(contract);
	(void)say(contract, "{}", erased);
	contract->now_ms += MS_PER_MIN;
	contract_settle_down(contract);
	purge(contract, 100);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_SKIPPED);
	assert_true(str_starts(contract_get(contract, id).external_id, STR("erased:")));
	assert_str(contract_get(contract, id).parent_external_id, "");
	assert_str(contract_get(contract, id).body, "");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_what_is_kept_is_found),
	cmocka_unit_test(test_what_ends_by_it_is_erased_in_the_history),
	cmocka_unit_test(test_the_person_goes_and_others_stay),
	cmocka_unit_test(test_an_erasure_is_something_to_do),
	cmocka_unit_test(test_an_audit_row_with_a_digest_stays),
	cmocka_unit_test(test_what_is_queued_is_not_sent),
	cmocka_unit_test(test_what_is_being_sent_lets_nothing_pass),
	cmocka_unit_test(test_an_order_known_by_what_is_being_sent_is_stopped),
	cmocka_unit_test(test_asked_for_twice_forgets_nothing),
	cmocka_unit_test(test_who_is_due_again_is_erased_all_the_same),
	cmocka_unit_test(test_those_who_wait_stop_nobody),
	cmocka_unit_test(test_the_deletion_leaves_last),
	cmocka_unit_test(test_an_order_that_is_due_anew_is_still_theirs),
	cmocka_unit_test(test_who_is_back_is_told_after_the_deletion),
	cmocka_unit_test(test_nothing_is_told_of_who_is_being_erased),
	cmocka_unit_test(test_a_replay_tells_nothing_of_who_is_being_erased),
	cmocka_unit_test(test_a_refused_deletion_waits_for_somebody),
	cmocka_unit_test(test_failed_rows_end),
	cmocka_unit_test(test_what_is_on_its_way_is_waited_for),
	cmocka_unit_test(test_old_data_that_comes_late_is_stopped),
	cmocka_unit_test(test_an_order_that_is_stopped_is_nothing),
	cmocka_unit_test(test_history_without_a_time_is_stopped),
	cmocka_unit_test(test_what_happens_later_begins_anew),
	cmocka_unit_test(test_what_parts_named_goes_with_them),
	cmocka_unit_test(test_a_removed_store_keeps_what_they_are_found_by),
	cmocka_unit_test(test_what_ended_before_its_order_was_found_is_erased),
	cmocka_unit_test(test_events_are_not_told_again),
	cmocka_unit_test(test_nobody_is_erased_unasked),
	cmocka_unit_test(test_a_start_goes_on_where_it_was),
	cmocka_unit_test(test_the_bytes_are_gone_from_the_files),
};

CONTRACT_MAIN(tests)
