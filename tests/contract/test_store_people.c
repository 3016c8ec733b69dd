/* Contract of the store: what a person looks at and decides. */
#include "contract/contract.h"

#include "base/clock.h"

#define ITEM   KLAVIYO_ITEM
#define CREATE DELIVERY_CREATE

static int64_t failed_message(struct contract *contract)
{
	int64_t id = contract_append(contract, contract->store_id, "{}");
	struct inbox_result result = contract_result(contract, id, MESSAGE_FAILED);

	contract_complete(contract, &result, 1);
	return id;
}

static int64_t failed_delivery(struct contract *contract, const char *external_id, const char *content)
{
	int64_t id = contract_publish_one(contract, external_id,
					  contract_delivery(ITEM, CREATE, external_id, content));
	struct outbox_batch batch = contract_claim_one(contract, ITEM, contract_get(contract, id).op);
	struct delivery_settlement failed = contract_settlement(id, DELIVERY_FAILED);

	failed.count_attempt = true;
	failed.reason = STR("title is empty");
	contract_settle_one(contract, batch.id, failed);
	return id;
}

static struct failed_row *failed(struct contract *contract, struct failed_filter filter, size_t *n)
{
	struct failed_row *row;

	if (filter.max_n == 0)
		filter.max_n = 100;
	CONTRACT_OK(db_failed_list(contract->db, &filter, &contract->arena, &row, n, &contract_err));
	return row;
}

static size_t change(struct contract *contract, enum failed_action action, const int64_t *id, size_t n)
{
	struct failed_change change = { .action = action, .id = id, .n = n, .reason = STR("I say so") };
	size_t n_changed;

	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &change, &n_changed, &contract_err));
	return n_changed;
}

static struct audit_row newest_audit(struct contract *contract)
{
	size_t n;

	return contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n)[0];
}

/* ---- failed ---- */

static void test_failed_ones_are_listed_together(void **state)
{
	struct contract *contract = *state;
	int64_t message = failed_message(contract);
	int64_t delivery, other;
	struct failed_row *row;
	size_t n;

	contract->now_ms += 500;
	delivery = failed_delivery(contract, "i1", "a");
	other = failed_message(contract);
	row = failed(contract, (struct failed_filter){ 0 }, &n);
	assert_int_equal(n, 3);
	assert_true(row[0].is_message);
	assert_int_equal(row[0].id, message);
	assert_int_equal(row[0].store_id, contract->store_id);
	assert_int_equal(row[0].failed_ms, contract->now_ms - 500);
	assert_str(row[0].what, "product.updated");
	assert_str(row[0].reason, "no idea");
	assert_false(row[1].is_message);
	assert_int_equal(row[1].id, delivery);
	assert_int_equal(row[1].failed_ms, contract->now_ms);
	assert_str(row[1].what, "create item i1");
	assert_str(row[1].reason, "title is empty");
	assert_int_equal(row[2].id, other);
}

static void test_failed_ones_come_in_pages(void **state)
{
	struct contract *contract = *state;
	int64_t id[5], after_id = 0;
	size_t n;

	for (int i = 0; i < 5; i++)
		id[i] = i % 2 ? failed_delivery(contract, (const char *[]){ "a", "b", "c", "d", "e" }[i], "x")
			      : failed_message(contract);
	for (int i = 0; i < 5; i += 2) {
		struct failed_row *row =
			failed(contract, (struct failed_filter){ .after_id = after_id, .max_n = 2 }, &n);

		assert_int_equal(n, i < 4 ? 2 : 1);
		assert_int_equal(row[0].id, id[i]);
		after_id = row[n - 1].id;
	}
	(void)failed(contract, (struct failed_filter){ .after_id = after_id }, &n);
	assert_int_equal(n, 0);
}

static void test_failed_ones_of_one_store(void **state)
{
	struct contract *contract = *state;
	int64_t first = contract->store_id;
	int64_t mine;
	struct failed_row *row;
	size_t n;

	(void)failed_message(contract);
	contract->store_id = contract_store(contract, "other", contract->account_id);
	mine = failed_message(contract);
	(void)failed_delivery(contract, "i1", "a");
	row = failed(contract, (struct failed_filter){ .store_id = contract->store_id }, &n);
	assert_int_equal(n, 2);
	assert_int_equal(row[0].id, mine);
	(void)failed(contract, (struct failed_filter){ .store_id = first }, &n);
	assert_int_equal(n, 1);
}

static void test_a_failed_message_is_mapped_again(void **state)
{
	struct contract *contract = *state;
	int64_t first = failed_message(contract);
	int64_t second = failed_message(contract);
	int64_t fresh = contract_append(contract, contract->store_id, "{}");
	int64_t both[] = { second, first };
	struct inbox_message *message;
	struct inbox_result result[2];
	size_t n;

	assert_int_equal(change(contract, FAILED_RETRY, both, 2), 2);
	assert_int_equal(newest_audit(contract).code, AUDIT_PERSON_RETRIED);
	assert_int_equal(newest_audit(contract).message_id, first);
	assert_str(newest_audit(contract).reason, "I say so");
	assert_int_equal(contract_store_summary(contract, contract->store_id).pending, 3);
	assert_int_equal(contract_store_summary(contract, contract->store_id).failed, 0);
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 3);
	assert_int_equal(message[0].id, first);
	assert_int_equal(message[1].id, second);
	assert_int_equal(message[2].id, fresh);
	result[0] = contract_result(contract, second, MESSAGE_MAPPED); /* in any order */
	result[1] = contract_result(contract, first, MESSAGE_FAILED);
	contract_complete(contract, result, 2);
	assert_int_equal(contract_store_summary(contract, contract->store_id).mapped, 1);
	assert_int_equal(contract_store_summary(contract, contract->store_id).failed, 1);
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_int_equal(message[0].id, fresh);
	CONTRACT_FAILS(db_inbox_complete(contract->db, contract->now_ms, result, 1, &contract_err),
		       ERR_CONFLICT);
}

static void test_a_failed_message_is_discarded(void **state)
{
	struct contract *contract = *state;
	int64_t id = failed_message(contract);
	struct inbox_message message;
	size_t n;

	assert_int_equal(change(contract, FAILED_DISCARD, &id, 1), 1);
	CONTRACT_OK(db_inbox_get(contract->db, id, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_DISCARDED);
	assert_int_equal(contract_store_summary(contract, contract->store_id).discarded, 1);
	assert_int_equal(newest_audit(contract).code, AUDIT_PERSON_DISCARDED);
	(void)failed(contract, (struct failed_filter){ 0 }, &n);
	assert_int_equal(n, 0);
}

static void test_a_failed_delivery_is_sent_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = failed_delivery(contract, "i1", "a");
	struct catalog_root root;
	struct outbox_batch batch;

	assert_int_equal(contract_get(contract, id).attempts, 1);
	assert_int_equal(change(contract, FAILED_RETRY, &id, 1), 1);
	assert_int_equal(newest_audit(contract).code, AUDIT_PERSON_RETRIED);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_READY);
	assert_int_equal(contract_get(contract, id).priority, PRIORITY_RETRY);
	assert_int_equal(contract_get(contract, id).attempts, 0);
	root = contract_root(contract, ENTITY_PRODUCT, "i1");
	assert_true(digest16_eq(root.sent[0].wanted, contract_hash("a")));
	batch = contract_claim(contract, ITEM, CREATE, PRIORITY_RETRY, 10);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.delivery[0].id, id);
	assert_str(batch.delivery[0].body, "a");
	contract_settle_one(contract, batch.id, contract_settlement(id, DELIVERY_ACCEPTED));
	assert_int_equal(contract_account_summary(contract, contract->account_id).failed, 0);
	assert_int_equal(contract_account_summary(contract, contract->account_id).accepted, 1);
}

static void test_a_retried_item_create_blocks_its_variants_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = failed_delivery(contract, "i1", "a");

	(void)contract_publish_one(contract, "i1", contract_variant(CREATE, "v1", "i1", "a"));
	assert_int_equal(contract_lane(contract, KLAVIYO_VARIANT, CREATE, 0).n_ready, 1);
	(void)change(contract, FAILED_RETRY, &id, 1);
	assert_int_equal(contract_lane(contract, KLAVIYO_VARIANT, CREATE, 0).n_ready, 0);
	assert_int_equal(contract_lane(contract, KLAVIYO_VARIANT, CREATE, 0).n_blocked, 1);
}

static void test_a_failed_delivery_gives_way_to_a_newer_one(void **state)
{
	struct contract *contract = *state;
	int64_t old = failed_delivery(contract, "i1", "a");

	(void)contract_accepted(contract, "i1", contract_delivery(ITEM, CREATE, "i1", "b"));
	assert_int_equal(change(contract, FAILED_RETRY, &old, 1), 1);
	assert_int_equal(contract_get(contract, old).state, DELIVERY_SKIPPED);
	assert_true(str_starts(contract_get(contract, old).reason, STR("replaced by ")));
	assert_true(digest16_eq(contract_root(contract, ENTITY_PRODUCT, "i1").sent[0].wanted,
				contract_hash("b")));
}

static void test_a_retried_create_of_what_exists_is_an_update(void **state)
{
	struct contract *contract = *state;
	int64_t id;

	(void)contract_accepted(contract, "i1", contract_delivery(ITEM, CREATE, "i1", "a"));
	id = failed_delivery(contract, "i1", "b");
	(void)change(contract, FAILED_RETRY, &id, 1);
	assert_int_equal(contract_claim(contract, ITEM, DELIVERY_UPDATE, PRIORITY_RETRY, 10).n, 1);
}

static void test_a_failed_delivery_is_discarded(void **state)
{
	struct contract *contract = *state;
	int64_t id = failed_delivery(contract, "i1", "a");

	assert_int_equal(change(contract, FAILED_DISCARD, &id, 1), 1);
	assert_int_equal(contract_get(contract, id).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, id).reason, "I say so");
	assert_int_equal(newest_audit(contract).code, AUDIT_PERSON_DISCARDED);
	assert_int_equal(newest_audit(contract).delivery_id, id);
	assert_int_equal(contract_account_summary(contract, contract->account_id).skipped, 1);
	assert_int_equal(contract_account_summary(contract, contract->account_id).failed, 0);
}

static void test_unknown_ids_change_nothing(void **state)
{
	struct contract *contract = *state;
	int64_t id[2] = { failed_message(contract), contract_append(contract, contract->store_id, "{}") };
	struct failed_change retry = { .action = FAILED_RETRY, .id = id, .n = 2 };
	size_t n;

	CONTRACT_FAILS(db_failed_change(contract->db, contract->now_ms, &retry, &n, &contract_err),
		       ERR_NOT_FOUND);
	assert_int_equal(contract_store_summary(contract, contract->store_id).failed, 1);
}

static void test_all_of_a_store_or_all(void **state)
{
	struct contract *contract = *state;
	struct failed_change discard = { .action = FAILED_DISCARD, .store_id = contract->store_id };
	size_t n;

	(void)failed_message(contract);
	(void)failed_delivery(contract, "i1", "a");
	contract->store_id = contract_store(contract, "other", contract->account_id);
	(void)failed_message(contract);
	CONTRACT_OK(db_failed_change(contract->db, contract->now_ms, &discard, &n, &contract_err));
	assert_int_equal(n, 2);
	(void)failed(contract, (struct failed_filter){ 0 }, &n);
	assert_int_equal(n, 1);
	assert_int_equal(change(contract, FAILED_RETRY, NULL, 0), 1);
	assert_int_equal(change(contract, FAILED_RETRY, NULL, 0), 0);
}

/* ---- audit ---- */

static void test_audit_filters(void **state)
{
	struct contract *contract = *state;
	struct entity p1 = contract_entity(ENTITY_PRODUCT, "p1");
	int64_t other = contract_store(contract, "other", contract->account_id);
	int64_t start_ms = contract->now_ms + 1000;
	struct audit_row given[] = {
		{ .at_ms = start_ms,
		  .code = AUDIT_MESSAGE_REFUSED,
		  .store_id = other,
		  .reason = STR("bad secret") },
		{ .at_ms = start_ms + 1,
		  .code = AUDIT_ROOT_HELD,
		  .store_id = contract->store_id,
		  .root = p1 },
		{ .at_ms = start_ms + 2,
		  .code = AUDIT_ROOT_PUBLISHED,
		  .store_id = contract->store_id,
		  .account_id = contract->account_id,
		  .message_id = 7,
		  .delivery_id = 8,
		  .root = p1 },
		{ .at_ms = start_ms + 3, .code = AUDIT_ROOT_HELD, .store_id = other, .root = p1 },
	};
	const struct {
		struct audit_filter filter;
		size_t want;
	} row[] = {
		{ { .since_ms = start_ms }, 4 },
		{ { .since_ms = start_ms + 2 }, 2 },
		{ { .since_ms = start_ms, .store_id = other }, 2 },
		{ { .since_ms = start_ms, .account_id = contract->account_id }, 1 },
		{ { .message_id = 7 }, 1 },
		{ { .delivery_id = 8 }, 1 },
		{ { .delivery_id = 7 }, 0 },
		{ { .root = p1 }, 3 },
		{ { .root = p1, .store_id = contract->store_id }, 2 },
		{ { .root = { ENTITY_CATEGORY, STR("p1") } }, 0 },
		{ { .since_ms = start_ms, .by_code = true, .code = AUDIT_ROOT_HELD }, 2 },
		{ { .since_ms = start_ms, .by_code = true, .code = AUDIT_MESSAGE_DUPLICATE }, 0 },
		{ { .root = p1, .by_code = true, .code = AUDIT_ROOT_HELD, .store_id = other }, 1 },
		{ { .since_ms = start_ms, .max_n = 3 }, 3 },
	};

	CONTRACT_OK(db_audit_append(contract->db, given, 4, &contract_err));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t n;
		struct audit_row *got = contract_audit(contract, row[i].filter, &n);

		if (n != row[i].want)
			fail_msg("row %zu: got %zu, want %zu", i, n, row[i].want);
		for (size_t k = 1; k < n; k++)
			assert_true(got[k].id < got[k - 1].id);
	}
}

static void test_audit_rows_come_back_as_given(void **state)
{
	struct contract *contract = *state;
	struct audit_row given = {
		.at_ms = contract->now_ms + 77,
		.code = AUDIT_ROOT_PUBLISHED,
		.store_id = 1,
		.account_id = 2,
		.message_id = 3,
		.delivery_id = 4,
		.root = contract_entity(ENTITY_CATEGORY, "c'1"),
		.reason = STR("because \"x\""),
	};
	struct audit_row got;

	CONTRACT_OK(db_audit_append(contract->db, &given, 1, &contract_err));
	got = newest_audit(contract);
	assert_true(got.id > 0);
	assert_int_equal(got.at_ms, given.at_ms);
	assert_int_equal(got.code, given.code);
	assert_int_equal(got.store_id, 1);
	assert_int_equal(got.account_id, 2);
	assert_int_equal(got.message_id, 3);
	assert_int_equal(got.delivery_id, 4);
	assert_int_equal(got.root.kind, ENTITY_CATEGORY);
	assert_str(got.root.id, "c'1");
	assert_str(got.reason, "because \"x\"");
}

static void test_audit_pages_over_days(void **state)
{
	struct contract *contract = *state;
	int64_t before_id = 0, seen = 0;
	size_t n;

	for (int i = 0; i < 10; i++) {
		struct audit_row row = { .at_ms = contract->now_ms,
					 .code = AUDIT_ROOT_HELD,
					 .message_id = i };

		CONTRACT_OK(db_audit_append(contract->db, &row, 1, &contract_err));
		contract->now_ms += MS_PER_DAY / 3;
	}
	do {
		struct audit_row *row = contract_audit(contract,
						       (struct audit_filter){ .before_id = before_id,
									      .by_code = true,
									      .code = AUDIT_ROOT_HELD,
									      .max_n = 3 },
						       &n);

		for (size_t i = 0; i < n; i++)
			assert_int_equal(row[i].message_id, 9 - seen++);
		if (n > 0)
			before_id = row[n - 1].id;
	} while (n > 0);
	assert_int_equal(seen, 10);
}

/* ---- held, deliveries, summary ---- */

static void test_held_ones_oldest_first(void **state)
{
	struct contract *contract = *state;
	struct held_row *row;
	size_t n;

	for (int i = 0; i < 4; i++) {
		struct catalog_publication publication = {
			.store_id = contract->store_id,
			.account_id = contract->account_id,
			.root = contract_entity(ENTITY_PRODUCT, (const char *[]){ "d", "c", "b", "a" }[i]),
			.held = STR("no price"),
		};

		if (i == 3)
			publication.store_id = contract_store(contract, "other", contract->account_id);
		CONTRACT_OK(
			db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
		contract->now_ms += i == 1 ? 0 : 10; /* c and b at once: then by id */
	}
	CONTRACT_OK(db_held_list(contract->db, 0, 10, &contract->arena, &row, &n, &contract_err));
	assert_int_equal(n, 4);
	assert_str(row[0].root.id, "d");
	assert_str(row[1].root.id, "b");
	assert_str(row[2].root.id, "c");
	assert_str(row[3].root.id, "a");
	CONTRACT_OK(
		db_held_list(contract->db, contract->store_id, 2, &contract->arena, &row, &n, &contract_err));
	assert_int_equal(n, 2);
	assert_str(row[1].root.id, "b");
}

static void test_no_such_delivery(void **state)
{
	struct contract *contract = *state;
	struct delivery delivery;
	int64_t message = contract_append(contract, contract->store_id, "{}");

	CONTRACT_FAILS(db_delivery_get(contract->db, 1, &contract->arena, &delivery, &contract_err),
		       ERR_NOT_FOUND);
	CONTRACT_FAILS(db_delivery_get(contract->db, message, &contract->arena, &delivery, &contract_err),
		       ERR_NOT_FOUND);
}

static void test_the_summary_follows_a_change_through(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new = contract_delivery(ITEM, CREATE, "p1", "a");
	struct catalog_publication publication;
	struct catalog_root *root;
	struct outbox_batch batch;
	size_t n;
	int64_t id;

	assert_true(contract_summary(contract).idle);
	id = contract_append(contract, contract->store_id, "{}");
	assert_false(contract_summary(contract).idle);
	assert_int_equal(contract_store_summary(contract, contract->store_id).pending, 1);
	{
		struct fact base = contract_set(ENTITY_PRODUCT, "p1", "base", 0, "{}");
		struct inbox_result result = contract_result(contract, id, MESSAGE_MAPPED);

		result.fact = &base;
		result.n_fact = 1;
		contract_complete(contract, &result, 1);
	}
	assert_int_equal(contract_store_summary(contract, contract->store_id).due, 1);
	assert_false(contract_summary(contract).idle);
	contract->now_ms += 1000;
	root = contract_due(contract, 1, &n);
	publication = (struct catalog_publication){
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = root[0].root,
		.due_seq = root[0].due_seq,
		.delivery = &new,
		.n_delivery = 1,
	};
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
	assert_int_equal(contract_store_summary(contract, contract->store_id).due, 0);
	assert_int_equal(contract_account_summary(contract, contract->account_id).ready, 1);
	assert_int_equal(contract_account_summary(contract, contract->account_id).oldest_ms,
			 contract->now_ms);
	assert_false(contract_summary(contract).idle);
	batch = contract_claim_one(contract, ITEM, CREATE);
	assert_int_equal(contract_account_summary(contract, contract->account_id).sending, 1);
	assert_false(contract_summary(contract).idle);
	contract_settle_one(contract, batch.id, contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
	assert_true(contract_summary(contract).idle);
	assert_false(contract_summary(contract).sweeping);
	if (contract_is_sqlite(contract))
		assert_true(contract_summary(contract).bytes > 0);
}

/* What db_pressure says of the contract's store; all 0 if nothing. */
static struct store_pressure pressure(struct contract *contract)
{
	struct store_pressure *row, found = { 0 };
	size_t n;

	CONTRACT_OK(db_pressure(contract->db, &contract->arena, &row, &n, &contract_err));
	for (size_t i = 0; i < n; i++) {
		assert_true(row[i].pending + row[i].due > 0);
		assert_true(i == 0 || row[i].store_id > row[i - 1].store_id);
		if (row[i].store_id == contract->store_id)
			found = row[i];
	}
	return found;
}

static void test_what_is_on_its_way(void **state)
{
	struct contract *contract = *state;
	int64_t other = contract_store(contract, "other", contract->account_id);
	struct store_pressure *row;
	struct inbox_result result;
	size_t n;

	assert_int_equal(pressure(contract).store_id, 0);
	(void)contract_append(contract, other, "{}");
	result = contract_result(contract, contract_append(contract, contract->store_id, "{}"),
				 MESSAGE_IGNORED);
	assert_int_equal(pressure(contract).pending, 1);
	contract_complete(contract, &result, 1);
	assert_int_equal(pressure(contract).store_id, 0);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{}"),
			     contract_set(ENTITY_PRODUCT, "p2", "base", 1, "{}"));
	assert_int_equal(pressure(contract).pending, 0);
	assert_int_equal(pressure(contract).due, 2);
	CONTRACT_OK(db_pressure(contract->db, &contract->arena, &row, &n, &contract_err));
	assert_int_equal(n, 2);
	assert_int_equal(row[1].store_id, other);
	contract_settle_down(contract);
	assert_int_equal(pressure(contract).store_id, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_failed_ones_are_listed_together),
	cmocka_unit_test(test_failed_ones_come_in_pages),
	cmocka_unit_test(test_failed_ones_of_one_store),
	cmocka_unit_test(test_a_failed_message_is_mapped_again),
	cmocka_unit_test(test_a_failed_message_is_discarded),
	cmocka_unit_test(test_a_failed_delivery_is_sent_again),
	cmocka_unit_test(test_a_retried_item_create_blocks_its_variants_again),
	cmocka_unit_test(test_a_failed_delivery_gives_way_to_a_newer_one),
	cmocka_unit_test(test_a_retried_create_of_what_exists_is_an_update),
	cmocka_unit_test(test_a_failed_delivery_is_discarded),
	cmocka_unit_test(test_unknown_ids_change_nothing),
	cmocka_unit_test(test_all_of_a_store_or_all),
	cmocka_unit_test(test_audit_filters),
	cmocka_unit_test(test_audit_rows_come_back_as_given),
	cmocka_unit_test(test_audit_pages_over_days),
	cmocka_unit_test(test_held_ones_oldest_first),
	cmocka_unit_test(test_no_such_delivery),
	cmocka_unit_test(test_the_summary_follows_a_change_through),
	cmocka_unit_test(test_what_is_on_its_way),
};

CONTRACT_MAIN(tests)
