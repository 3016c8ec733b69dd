/* Contract of the store: raw messages, duplicates, claiming in turn, ending messages. */
#include "contract/contract.h"

#include "base/clock.h"
#include "store/store_rules.h"

#include <string.h>

static struct inbox_record record_of(const struct contract *contract, unsigned char slot, unsigned char key)
{
	return (struct inbox_record){
		.store_id = contract->store_id,
		.received_ms = contract->now_ms,
		.topic = STR("stock.changed"),
		.source_id = STR("evt_1"),
		.body = STR("{\"a\":1}"),
		.slot = { { slot, 0xff } },
		.key = { { key, 0xee } },
	};
}

static struct inbox_receipt append(struct contract *contract, unsigned char slot, unsigned char key)
{
	struct inbox_record record = record_of(contract, slot, key);
	struct inbox_receipt receipt;

	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	return receipt;
}

static enum message_state state_of(struct contract *contract, int64_t id)
{
	struct inbox_message message;

	CONTRACT_OK(db_inbox_get(contract->db, id, &contract->arena, &message, &contract_err));
	return message.state;
}

/* ---- append ---- */

static void test_a_message_comes_back_as_received(void **state)
{
	struct contract *contract = *state;
	struct inbox_record record = record_of(contract, 1, 1);
	struct inbox_receipt receipt;
	struct inbox_message message;

	record.body = str_of("\xff\0binary", 8);
	record.priority = PRIORITY_BACKFILL;
	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	assert_int_equal(receipt.kind, INBOX_NEW);
	CONTRACT_OK(db_inbox_get(contract->db, receipt.id, &contract->arena, &message, &contract_err));
	assert_int_equal(message.id, receipt.id);
	assert_int_equal(message.store_id, contract->store_id);
	assert_int_equal(message.received_ms, contract->now_ms);
	assert_str(message.topic, "stock.changed");
	assert_str(message.source_id, "evt_1");
	assert_true(str_eq(message.body, record.body));
	assert_int_equal(message.state, MESSAGE_PENDING);
	assert_int_equal(message.priority, PRIORITY_BACKFILL);
	CONTRACT_FAILS(db_inbox_get(contract->db, receipt.id + 1, &contract->arena, &message, &contract_err),
		       ERR_NOT_FOUND);
}

static void test_ids_grow_even_when_the_clock_goes_back(void **state)
{
	struct contract *contract = *state;
	int64_t last = 0;

	for (int i = 0; i < 5; i++) {
		int64_t id = contract_append(contract, contract->store_id, "{}");

		assert_true(id > last);
		last = id;
		contract->now_ms -= MS_PER_DAY;
	}
}

static void test_the_same_key_again_is_a_duplicate(void **state)
{
	struct contract *contract = *state;
	struct inbox_receipt first = append(contract, 1, 1);
	struct inbox_receipt again = append(contract, 1, 1);
	struct store_summary count;

	assert_int_equal(first.kind, INBOX_NEW);
	assert_int_equal(again.kind, INBOX_DUPLICATE);
	assert_int_equal(again.id, first.id);
	assert_int_equal(append(contract, 2, 1).kind, INBOX_NEW);
	count = contract_store_summary(contract, contract->store_id);
	assert_int_equal(count.received, 3);
	assert_int_equal(count.duplicate, 1);
	assert_int_equal(count.pending, 2);
	assert_int_equal(count.last_message_ms, contract->now_ms);
}

/* History, browsers and Klaviyo are not the shop. */
static void test_when_the_shop_was_heard(void **state)
{
	static const struct {
		const char *topic;
		enum priority priority;
		bool heard;
	} rows[] = {
		{ "order.placed", PRIORITY_BACKFILL, false },
		{ "storefront.active_on_site", PRIORITY_REALTIME, false },
		{ "generic:storefront.active_on_site", PRIORITY_REALTIME, false },
		{ "klaviyo.opted_out", PRIORITY_REALTIME, false },
		{ "order.placed", PRIORITY_REALTIME, true },
		{ "", PRIORITY_REALTIME, true },
		{ "klaviyo.opted_out", PRIORITY_REALTIME, false },
	};
	struct contract *contract = *state;
	int64_t heard_ms = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inbox_record record = { .store_id = contract->store_id,
					       .received_ms = contract->now_ms += 1000,
					       .topic = str_from(rows[i].topic),
					       .body = STR("{}"),
					       .slot.byte = { 7, (unsigned char)i },
					       .key.byte = { 7, (unsigned char)i },
					       .priority = rows[i].priority };
		struct inbox_receipt receipt;

		CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
		heard_ms = rows[i].heard ? contract->now_ms : heard_ms;
		assert_int_equal(contract_store_summary(contract, contract->store_id).last_shop_ms, heard_ms);
	}
	assert_int_equal(contract_store_summary(contract, contract->store_id).last_message_ms,
			 contract->now_ms);
}

static void test_only_the_newest_of_a_slot_counts(void **state)
{
	struct contract *contract = *state;

	assert_int_equal(append(contract, 1, 1).kind, INBOX_NEW);
	assert_int_equal(append(contract, 1, 2).kind, INBOX_NEW);
	assert_int_equal(append(contract, 1, 2).kind, INBOX_DUPLICATE);
	assert_int_equal(append(contract, 1, 1).kind, INBOX_NEW); /* back to what it was: news */
	assert_int_equal(append(contract, 1, 1).kind, INBOX_DUPLICATE);
}

static void test_duplicates_within_one_call(void **state)
{
	struct contract *contract = *state;
	struct inbox_record record[4] = { record_of(contract, 1, 1), record_of(contract, 1, 1),
					  record_of(contract, 2, 1), record_of(contract, 1, 1) };
	struct inbox_receipt receipt[4];
	size_t n;

	CONTRACT_OK(db_inbox_append(contract->db, record, 4, receipt, &contract_err));
	assert_int_equal(receipt[0].kind, INBOX_NEW);
	assert_int_equal(receipt[1].kind, INBOX_DUPLICATE);
	assert_int_equal(receipt[1].id, receipt[0].id);
	assert_int_equal(receipt[2].kind, INBOX_NEW);
	assert_true(receipt[2].id > receipt[0].id);
	assert_int_equal(receipt[3].kind, INBOX_DUPLICATE);
	assert_int_equal(receipt[3].id, receipt[0].id);
	(void)contract_pending(contract, 10, &n);
	assert_int_equal(n, 2);
}

static void test_slots_of_stores_are_apart(void **state)
{
	struct contract *contract = *state;

	assert_int_equal(append(contract, 1, 1).kind, INBOX_NEW);
	contract->store_id = contract_store(contract, "other", contract->account_id);
	assert_int_equal(append(contract, 1, 1).kind, INBOX_NEW);
}

static void test_duplicates_are_remembered_for_four_days(void **state)
{
	struct contract *contract = *state;
	struct inbox_receipt first = append(contract, 1, 1);

	contract->now_ms += 4 * MS_PER_DAY;
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_int_equal(append(contract, 1, 1).kind, INBOX_DUPLICATE);
	assert_int_equal(append(contract, 1, 1).id, first.id);
	contract->now_ms += 2 * MS_PER_DAY;
	contract_maintain(contract, (struct retention){ 30, 30, 30, 30 });
	assert_int_equal(append(contract, 1, 1).kind, INBOX_NEW);
}

static void test_a_duplicate_is_audited(void **state)
{
	struct contract *contract = *state;
	struct inbox_receipt first = append(contract, 1, 1);
	struct audit_row *row;
	size_t n;

	contract->now_ms += 70;
	(void)append(contract, 1, 1);
	row = contract_audit(contract, (struct audit_filter){ .message_id = first.id }, &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].code, AUDIT_MESSAGE_DUPLICATE);
	assert_int_equal(row[0].store_id, contract->store_id);
	assert_int_equal(row[0].at_ms, contract->now_ms);
}

static void test_a_message_of_no_store_is_kept_and_dropped(void **state)
{
	struct contract *contract = *state;
	size_t n;
	int64_t id;

	contract_remove_store(contract, contract->store_id);
	id = append(contract, 1, 1).id;
	assert_int_equal(append(contract, 1, 1).kind, INBOX_DUPLICATE);
	(void)contract_pending(contract, 10, &n);
	assert_int_equal(n, 0);
	assert_int_equal(state_of(contract, id), MESSAGE_DISCARDED);
	assert_int_equal(contract_store_summary(contract, contract->store_id).discarded, 1);
	(void)contract_audit(contract,
			     (struct audit_filter){ .by_code = true, .code = AUDIT_MESSAGE_DISCARDED }, &n);
	assert_int_equal(n, 1);
}

static void test_many_records_in_one_call(void **state)
{
	struct contract *contract = *state;
	struct inbox_record *record = ARENA_ARRAY(&contract->arena, STORE_APPEND_MAX, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&contract->arena, STORE_APPEND_MAX, struct inbox_receipt);

	for (size_t i = 0; i < STORE_APPEND_MAX; i++) {
		record[i] = record_of(contract, 0, 0);
		memcpy(record[i].slot.byte, &i, sizeof(i));
	}
	CONTRACT_OK(db_inbox_append(contract->db, record, STORE_APPEND_MAX, receipt, &contract_err));
	for (size_t i = 1; i < STORE_APPEND_MAX; i++)
		assert_true(receipt[i].id > receipt[i - 1].id);
	assert_int_equal(contract_store_summary(contract, contract->store_id).pending, STORE_APPEND_MAX);
}

/* ---- claim ---- */

static void test_claims_come_in_order_and_again_until_completed(void **state)
{
	struct contract *contract = *state;
	int64_t id[3];
	size_t n;

	for (int i = 0; i < 3; i++)
		id[i] = contract_append(contract, contract->store_id, "{}");
	for (int repeat = 0; repeat < 2; repeat++) {
		struct inbox_message *message = contract_pending(contract, 2, &n);

		assert_int_equal(n, 2);
		assert_int_equal(message[0].id, id[0]);
		assert_int_equal(message[1].id, id[1]);
		assert_int_equal(message[0].state, MESSAGE_PENDING);
		assert_str(message[0].topic, "product.updated");
		assert_str(message[0].body, "{}");
	}
}

static void test_a_claim_is_bounded_by_bytes(void **state)
{
	struct contract *contract = *state;
	struct inbox_message *message;
	size_t n;

	for (int i = 0; i < 5; i++)
		(void)contract_append(contract, contract->store_id, "{\"twenty\":\"bytes bo\"}");
	CONTRACT_OK(db_inbox_claim(contract->db, 10, 1, &contract->arena, &message, &n, &contract_err));
	assert_int_equal(n, 1);
	CONTRACT_OK(db_inbox_claim(contract->db, 10, 50, &contract->arena, &message, &n, &contract_err));
	assert_int_equal(n, 3);
}

static size_t count_of(const struct inbox_message *message, size_t n, int64_t store_id)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += message[i].store_id == store_id;
	return count;
}

static void test_a_flooding_store_leaves_room_for_others(void **state)
{
	struct contract *contract = *state;
	int64_t quiet = contract_store(contract, "quiet", contract->account_id);
	struct inbox_message *message;
	size_t n;

	for (int i = 0; i < 100; i++)
		(void)contract_append(contract, contract->store_id, "{}");
	for (int i = 0; i < 3; i++)
		(void)contract_append(contract, quiet, "{}");
	message = contract_pending(contract, 80, &n);
	assert_int_equal(n, 80);
	assert_int_equal(count_of(message, n, quiet), 3);
	assert_int_equal(count_of(message, n, contract->store_id), 77);
	assert_int_equal(message[store_turn_rows(2)].store_id, quiet);
}

static void test_more_stores_than_fit_take_turns(void **state)
{
	struct contract *contract = *state;
	size_t served[5] = { 0 };
	int64_t store_id[5];
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		char name[] = "store0";

		name[5] = (char)('0' + i);
		store_id[i] = contract_store(contract, name, contract->account_id);
		for (int k = 0; k < 4; k++)
			(void)contract_append(contract, store_id[i], "{}");
	}
	for (int round = 0; round < 5; round++) {
		struct inbox_message *message = contract_pending(contract, 2, &n);

		assert_int_equal(n, 2);
		for (size_t i = 0; i < 5; i++)
			served[i] += count_of(message, n, store_id[i]);
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(served[i], 2);
}

static int64_t numbered_store(struct contract *contract, size_t i)
{
	struct str name = arena_printf(&contract->arena, "store%zu", i);

	return contract_store(contract, arena_cstr(&contract->arena, name), contract->account_id);
}

/* Stores with three rows more than their turn gives; claims of two turns. Counts what each was served. */
static void claim_turns(struct contract *contract, size_t n_store, size_t n_round, size_t *served)
{
	int64_t *store_id = ARENA_ARRAY(&contract->arena, n_store, int64_t);
	size_t n, rows = store_turn_rows(n_store);

	for (size_t i = 0; i < n_store; i++) {
		store_id[i] = numbered_store(contract, i);
		for (size_t k = 0; k < rows + 3; k++)
			(void)contract_append(contract, store_id[i], "{}");
	}
	for (size_t round = 0; round < n_round; round++) {
		struct inbox_message *message = contract_pending(contract, 2 * rows, &n);

		assert_int_equal(n, 2 * rows);
		for (size_t i = 0; i < n_store; i++)
			served[i] += count_of(message, n, store_id[i]);
	}
}

/* Some rows of each of two, side by side, and the next claim is the others'. */
static void test_of_several_stores_two_share_a_claim(void **state)
{
	size_t served[8] = { 0 };

	claim_turns(*state, 8, 4, served);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(served[i], 64);
}

/* Where more wait each gets less, so that all come again soon. */
static void test_of_many_stores_each_gets_less(void **state)
{
	size_t served[20] = { 0 };

	claim_turns(*state, 20, 10, served);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(served[i], 25);
}

/* Stores that have little do not make a claim small. */
static void test_a_claim_is_filled_from_many_stores(void **state)
{
	struct contract *contract = *state;
	size_t n;

	for (size_t i = 0; i < 12; i++) {
		int64_t store_id = numbered_store(contract, i);

		for (int k = 0; k < 8; k++)
			(void)contract_append(contract, store_id, "{}");
	}
	(void)contract_pending(contract, 90, &n);
	assert_int_equal(n, 90);
}

/* ---- complete ---- */

static void test_messages_end_as_told(void **state)
{
	struct contract *contract = *state;
	struct inbox_result result[3];
	struct store_summary count;
	struct audit_row *row;
	int64_t id[3];
	size_t n;

	for (int i = 0; i < 3; i++)
		id[i] = contract_append(contract, contract->store_id, "{}");
	result[0] = contract_result(contract, id[0], MESSAGE_MAPPED);
	result[1] = contract_result(contract, id[1], MESSAGE_IGNORED);
	result[2] = contract_result(contract, id[2], MESSAGE_FAILED);
	result[1].reason = STR("not for us");
	contract_complete(contract, result, 3);
	assert_int_equal(state_of(contract, id[0]), MESSAGE_MAPPED);
	assert_int_equal(state_of(contract, id[1]), MESSAGE_IGNORED);
	assert_int_equal(state_of(contract, id[2]), MESSAGE_FAILED);
	count = contract_store_summary(contract, contract->store_id);
	assert_int_equal(count.pending, 0);
	assert_int_equal(count.mapped, 1);
	assert_int_equal(count.ignored, 1);
	assert_int_equal(count.failed, 1);
	row = contract_audit(contract, (struct audit_filter){ .max_n = 3 }, &n);
	assert_int_equal(row[0].code, AUDIT_MESSAGE_FAILED);
	assert_str(row[0].reason, "no idea");
	assert_int_equal(row[1].code, AUDIT_MESSAGE_IGNORED);
	assert_str(row[1].reason, "not for us");
	assert_int_equal(row[2].code, AUDIT_MESSAGE_MAPPED);
	assert_int_equal(row[2].message_id, id[0]);
	assert_str(row[2].reason, "0 facts applied");
	(void)contract_pending(contract, 10, &n);
	assert_int_equal(n, 0);
}

static void test_results_out_of_order_are_refused(void **state)
{
	struct contract *contract = *state;
	int64_t first = contract_append(contract, contract->store_id, "{}");
	int64_t second = contract_append(contract, contract->store_id, "{}");
	int64_t third = contract_append(contract, contract->store_id, "{}");
	struct inbox_result one = contract_result(contract, first, MESSAGE_MAPPED);
	struct inbox_result two = contract_result(contract, second, MESSAGE_MAPPED);
	struct inbox_result three = contract_result(contract, third, MESSAGE_MAPPED);
	struct inbox_result wrong_store = one;
	const struct inbox_result bad[][2] = { { two, three }, { two, one }, { one, three }, { one, one } };
	size_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CONTRACT_FAILS(db_inbox_complete(contract->db, contract->now_ms, bad[i], 2, &contract_err),
			       ERR_CONFLICT);
	wrong_store.store_id = contract_store(contract, "other", contract->account_id);
	CONTRACT_FAILS(db_inbox_complete(contract->db, contract->now_ms, &wrong_store, 1, &contract_err),
		       ERR_CONFLICT);
	(void)contract_pending(contract, 10, &n);
	assert_int_equal(n, 3);
	contract_complete(contract, (struct inbox_result[]){ one, two }, 2);
	CONTRACT_FAILS(db_inbox_complete(contract->db, contract->now_ms, &two, 1, &contract_err),
		       ERR_CONFLICT);
	contract_complete(contract, &three, 1);
}

static void test_results_of_several_stores_in_one_call(void **state)
{
	struct contract *contract = *state;
	int64_t other = contract_store(contract, "other", contract->account_id);
	int64_t a1 = contract_append(contract, contract->store_id, "{}");
	int64_t b1 = contract_append(contract, other, "{}");
	int64_t a2 = contract_append(contract, contract->store_id, "{}");
	struct inbox_result result[3] = { contract_result(contract, b1, MESSAGE_MAPPED),
					  contract_result(contract, a1, MESSAGE_MAPPED),
					  contract_result(contract, a2, MESSAGE_MAPPED) };

	result[0].store_id = other;
	contract_complete(contract, result, 3);
	assert_int_equal(contract_store_summary(contract, other).mapped, 1);
	assert_int_equal(contract_store_summary(contract, contract->store_id).mapped, 2);
}

static void test_pending_messages_of_several_days(void **state)
{
	struct contract *contract = *state;
	int64_t id[6];
	size_t n;

	for (int i = 0; i < 6; i++) {
		id[i] = contract_append(contract, contract->store_id, "{}");
		contract->now_ms += MS_PER_DAY;
	}
	for (int i = 0; i < 6; i += 2) {
		struct inbox_message *message = contract_pending(contract, 2, &n);
		struct inbox_result result[2];

		assert_int_equal(n, 2);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(message[k].id, id[i + k]);
			result[k] = contract_result(contract, message[k].id, MESSAGE_MAPPED);
		}
		contract_complete(contract, result, 2);
	}
	(void)contract_pending(contract, 2, &n);
	assert_int_equal(n, 0);
	(void)contract_append(contract, contract->store_id, "{}");
	(void)contract_pending(contract, 2, &n);
	assert_int_equal(n, 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_message_comes_back_as_received),
	cmocka_unit_test(test_ids_grow_even_when_the_clock_goes_back),
	cmocka_unit_test(test_the_same_key_again_is_a_duplicate),
	cmocka_unit_test(test_when_the_shop_was_heard),
	cmocka_unit_test(test_only_the_newest_of_a_slot_counts),
	cmocka_unit_test(test_duplicates_within_one_call),
	cmocka_unit_test(test_slots_of_stores_are_apart),
	cmocka_unit_test(test_duplicates_are_remembered_for_four_days),
	cmocka_unit_test(test_a_duplicate_is_audited),
	cmocka_unit_test(test_a_message_of_no_store_is_kept_and_dropped),
	cmocka_unit_test(test_many_records_in_one_call),
	cmocka_unit_test(test_claims_come_in_order_and_again_until_completed),
	cmocka_unit_test(test_a_claim_is_bounded_by_bytes),
	cmocka_unit_test(test_a_flooding_store_leaves_room_for_others),
	cmocka_unit_test(test_more_stores_than_fit_take_turns),
	cmocka_unit_test(test_of_several_stores_two_share_a_claim),
	cmocka_unit_test(test_of_many_stores_each_gets_less),
	cmocka_unit_test(test_a_claim_is_filled_from_many_stores),
	cmocka_unit_test(test_messages_end_as_told),
	cmocka_unit_test(test_results_out_of_order_are_refused),
	cmocka_unit_test(test_results_of_several_stores_in_one_call),
	cmocka_unit_test(test_pending_messages_of_several_days),
};

CONTRACT_MAIN(tests)
