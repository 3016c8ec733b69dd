/* Contract of the store: accounts, stores and their settings. */
#include "contract/contract.h"

static struct config_rows load(struct contract *contract)
{
	struct config_rows rows;

	CONTRACT_OK(db_config_load(contract->db, &contract->arena, &rows, &contract_err));
	return rows;
}

static struct config_change change_of(struct contract *contract, enum config_change_kind kind)
{
	return (struct config_change){
		.kind = kind,
		.expected_version = contract_version(contract),
		.reason = STR("a reason"),
		.now_ms = contract->now_ms,
	};
}

static void test_version_grows_with_each_change(void **state)
{
	struct contract *contract = *state;
	int64_t version = contract_version(contract);

	(void)contract_account(contract, "second");
	assert_int_equal(contract_version(contract), version + 1);
	assert_int_equal(load(contract).version, version + 1);
	(void)contract_append(contract, contract->store_id, "{}");
	assert_int_equal(contract_version(contract), version + 1);
}

static void test_rows_come_back_as_put(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_STORE_PUT);
	struct config_rows rows;

	change.store = (struct store_row){
		.account_id = contract->account_id,
		.name = STR("second"),
		.platform = STR("enad"),
		.secret_sealed = { "a\0b", 3 },
		.secret_last4 = STR("wxyz"),
		.settings = STR("{\"market\":\"se\"}"),
	};
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	rows = load(contract);
	assert_int_equal(rows.n_account, 1);
	assert_int_equal(rows.account[0].id, contract->account_id);
	assert_str(rows.account[0].name, "main");
	assert_str(rows.account[0].key_sealed, "sealed");
	assert_str(rows.account[0].key_last4, "1234");
	assert_str(rows.account[0].settings, "{}");
	assert_int_equal(rows.account[0].created_ms, CONTRACT_START_MS);
	assert_int_equal(rows.n_store, 2);
	assert_int_equal(rows.store[1].account_id, contract->account_id);
	assert_true(rows.store[1].id > rows.store[0].id);
	assert_str(rows.store[1].name, "second");
	assert_str(rows.store[1].platform, "enad");
	assert_true(str_eq(rows.store[1].secret_sealed, change.store.secret_sealed));
	assert_str(rows.store[1].secret_last4, "wxyz");
	assert_str(rows.store[1].settings, "{\"market\":\"se\"}");
}

static void test_put_of_an_id_replaces_the_row(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_ACCOUNT_PUT);
	struct config_rows rows;

	contract->now_ms += 5000;
	change.now_ms = contract->now_ms;
	change.account = (struct account_row){ .id = contract->account_id,
					       .name = STR("renamed"),
					       .key_sealed = STR("new"),
					       .key_last4 = STR("9999"),
					       .settings = STR("{\"a\":\"b\"}") };
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	rows = load(contract);
	assert_int_equal(rows.n_account, 1);
	assert_str(rows.account[0].name, "renamed");
	assert_str(rows.account[0].key_sealed, "new");
	assert_int_equal(rows.account[0].created_ms, CONTRACT_START_MS);
}

static void test_refusals_change_nothing(void **state)
{
	struct contract *contract = *state;
	struct config_change late = change_of(contract, CONFIG_ACCOUNT_PUT);
	struct config_change taken = change_of(contract, CONFIG_ACCOUNT_PUT);
	struct config_change taken_store = change_of(contract, CONFIG_STORE_PUT);
	struct config_change unknown = change_of(contract, CONFIG_ACCOUNT_PUT);
	struct config_change orphan = change_of(contract, CONFIG_STORE_PUT);
	struct config_change in_use = change_of(contract, CONFIG_ACCOUNT_REMOVE);
	struct config_change absent = change_of(contract, CONFIG_STORE_REMOVE);
	int64_t version = contract_version(contract);

	late.expected_version--;
	late.account.name = STR("late");
	CONTRACT_FAILS(db_config_change(contract->db, &late, &contract_err), ERR_CONFLICT);
	taken.account.name = STR("main");
	CONTRACT_FAILS(db_config_change(contract->db, &taken, &contract_err), ERR_INVALID);
	taken_store.store = (struct store_row){ .account_id = contract->account_id, .name = STR("shop") };
	CONTRACT_FAILS(db_config_change(contract->db, &taken_store, &contract_err), ERR_INVALID);
	unknown.account = (struct account_row){ .id = 77, .name = STR("unknown") };
	CONTRACT_FAILS(db_config_change(contract->db, &unknown, &contract_err), ERR_NOT_FOUND);
	orphan.store = (struct store_row){ .account_id = 77, .name = STR("orphan") };
	CONTRACT_FAILS(db_config_change(contract->db, &orphan, &contract_err), ERR_INVALID);
	in_use.account.id = contract->account_id;
	CONTRACT_FAILS(db_config_change(contract->db, &in_use, &contract_err), ERR_INVALID);
	absent.store.id = 77;
	CONTRACT_FAILS(db_config_change(contract->db, &absent, &contract_err), ERR_NOT_FOUND);

	assert_int_equal(contract_version(contract), version);
	assert_int_equal(load(contract).n_account, 1);
	assert_int_equal(load(contract).n_store, 1);
}

static void test_a_change_is_audited(void **state)
{
	struct contract *contract = *state;
	size_t n;
	struct audit_row *row;

	contract_remove_store(contract, contract_store(contract, "second", contract->account_id));
	row = contract_audit(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_CONFIG_CHANGED },
			     &n);
	assert_int_equal(n, 4); /* account, store, second, its removal */
	assert_str(row[0].reason, "removed");
	assert_int_equal(row[0].at_ms, contract->now_ms);
	assert_int_equal(row[0].store_id, row[1].store_id);
	assert_int_equal(row[1].account_id, contract->account_id);
	assert_int_equal(row[3].account_id, contract->account_id);
	assert_int_equal(row[3].store_id, 0);
}

static void test_an_account_without_stores_can_go(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_ACCOUNT_REMOVE);

	contract_remove_store(contract, contract->store_id);
	change.expected_version = contract_version(contract);
	change.account.id = contract->account_id;
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_int_equal(load(contract).n_account, 0);
}

static void test_ids_are_not_given_again(void **state)
{
	struct contract *contract = *state;
	int64_t second = contract_store(contract, "second", contract->account_id);

	contract_remove_store(contract, second);
	assert_true(contract_store(contract, "second", contract->account_id) > second);
}

static void test_removing_a_store_drops_its_messages(void **state)
{
	struct contract *contract = *state;
	int64_t other = contract_store(contract, "other", contract->account_id);
	int64_t mapped = contract_append(contract, contract->store_id, "{\"n\":1}");
	int64_t failed = contract_append(contract, contract->store_id, "{\"n\":2}");
	int64_t pending = contract_append(contract, contract->store_id, "{\"n\":3}");
	int64_t others = contract_append(contract, other, "{\"n\":4}");
	struct inbox_result result[2] = { contract_result(contract, mapped, MESSAGE_MAPPED),
					  contract_result(contract, failed, MESSAGE_FAILED) };
	struct inbox_message message;
	struct inbox_message *claimed;
	size_t n;

	contract_complete(contract, result, 2);
	contract_remove_store(contract, contract->store_id);
	claimed = contract_pending(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_int_equal(claimed[0].id, others);
	CONTRACT_OK(db_inbox_get(contract->db, pending, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_DISCARDED);
	CONTRACT_OK(db_inbox_get(contract->db, failed, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_DISCARDED);
	CONTRACT_OK(db_inbox_get(contract->db, mapped, &contract->arena, &message, &contract_err));
	assert_int_equal(message.state, MESSAGE_MAPPED);
	assert_int_equal(contract_store_summary(contract, contract->store_id).discarded, 2);
	assert_int_equal(contract_store_summary(contract, contract->store_id).pending, 0);
	assert_int_equal(contract_store_summary(contract, contract->store_id).failed, 0);
	CONTRACT_FAILS(db_inbox_complete(
			       contract->db, contract->now_ms,
			       (struct inbox_result[]){ contract_result(contract, pending, MESSAGE_MAPPED) },
			       1, &contract_err),
		       ERR_CONFLICT);
}

static void test_removing_a_store_says_how_many_messages(void **state)
{
	struct contract *contract = *state;
	size_t n;
	struct audit_row *row;

	(void)contract_append(contract, contract->store_id, "{\"n\":1}");
	(void)contract_append(contract, contract->store_id, "{\"n\":2}");
	contract_remove_store(contract, contract->store_id);
	row = contract_audit(contract,
			     (struct audit_filter){ .by_code = true, .code = AUDIT_MESSAGE_DISCARDED }, &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].store_id, contract->store_id);
	assert_str(row[0].reason, "store removed: 2 messages dropped");
}

static void test_removing_a_store_skips_its_deliveries(void **state)
{
	struct contract *contract = *state;
	int64_t sending = contract_publish_one(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "p1", "a"));
	struct outbox_batch batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	int64_t ready = contract_publish_one(contract, "p2", contract_delivery(KLAVIYO_ITEM, 0, "p2", "a"));
	struct delivery_settlement later = contract_settlement(sending, DELIVERY_WAITING);

	contract_remove_store(contract, contract->store_id);
	assert_int_equal(contract_get(contract, ready).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, ready).reason, "store removed");
	assert_int_equal(contract_get(contract, sending).state, DELIVERY_SENDING);
	later.due_ms = contract->now_ms + 1000;
	contract_settle_one(contract, batch.id, later);
	assert_int_equal(contract_get(contract, sending).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_account_summary(contract, contract->account_id).skipped, 2);
}

static void test_removing_a_store_forgets_its_catalog(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;
	struct catalog_match *match;
	struct summary summary;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{\"sku\":\"s1\"}"));
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	contract_remove_store(contract, contract->store_id);
	contract->now_ms += 100000;
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 0);
	CONTRACT_FAILS(db_catalog_get(contract->db, contract->store_id, contract_entity(ENTITY_PRODUCT, "p1"),
				      &contract->arena, &root, &contract_err),
		       ERR_NOT_FOUND);
	CONTRACT_OK(db_catalog_find(contract->db, 0, STR("p1"), &contract->arena, &match, &n, &contract_err));
	assert_int_equal(n, 0);
	CONTRACT_OK(db_catalog_find(contract->db, 0, STR("s1"), &contract->arena, &match, &n, &contract_err));
	assert_int_equal(n, 0);
	summary = contract_summary(contract);
	assert_true(summary.idle);
	assert_false(summary.sweeping);
}

static void test_a_new_store_does_not_inherit_what_was_sent(void **state)
{
	struct contract *contract = *state;
	struct delivery_new item = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "p1", "a");

	(void)contract_accepted(contract, "p1", item);
	contract_remove_store(contract, contract->store_id);
	contract->store_id = contract_store(contract, "shop", contract->account_id);
	assert_int_equal(contract_get(contract, contract_publish_one(contract, "p1", item)).op,
			 DELIVERY_CREATE);
}

static void test_a_sweep_of_an_account_makes_all_its_stores_due(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_ACCOUNT_PUT);
	bool more = true;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{}"),
			     contract_set(ENTITY_CATEGORY, "c1", "base", 1, "{}"));
	contract_settle_down(contract);
	change.sweep = true;
	change.account = load(contract).account[0];
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_true(contract_summary(contract).sweeping);
	assert_false(contract_summary(contract).idle);
	for (int i = 0; i < 10 && more; i++)
		CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 1, &more, &contract_err));
	assert_false(more);
	assert_false(contract_summary(contract).sweeping);
	assert_true(contract_is_due(contract, ENTITY_PRODUCT, "p1"));
	assert_true(contract_is_due(contract, ENTITY_CATEGORY, "c1"));
}

static void test_defaults_come_back_as_put(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_DEFAULTS_PUT);
	int64_t version = contract_version(contract);

	assert_str(load(contract).defaults, "");
	change.defaults = STR("{\"quiet_ms\":\"5\"}");
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_str(load(contract).defaults, "{\"quiet_ms\":\"5\"}");
	assert_int_equal(contract_version(contract), version + 1);
	change.defaults = STR("{}");
	CONTRACT_FAILS(db_config_change(contract->db, &change, &contract_err), ERR_CONFLICT);
	assert_str(load(contract).defaults, "{\"quiet_ms\":\"5\"}");
	assert_str(load(contract).account[0].settings, "{}");
}

/* Those that are named, and no others: the caller knows which follow the defaults. */
static void test_a_sweep_of_the_defaults_makes_named_stores_due(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_DEFAULTS_PUT);
	int64_t gone = 77;
	bool more = true;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "p1", "base", 1, "{}"));
	contract_settle_down(contract);
	change.sweep = true;
	change.sweep_store = &gone;
	change.n_sweep_store = 1;
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_false(contract_summary(contract).sweeping);
	change.expected_version++;
	change.sweep_store = &contract->store_id;
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_true(contract_summary(contract).sweeping);
	for (int i = 0; i < 10 && more; i++)
		CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 1, &more, &contract_err));
	assert_true(contract_is_due(contract, ENTITY_PRODUCT, "p1"));
}

static struct config_history_row *history(struct contract *contract, struct config_history_filter filter,
					  size_t *n)
{
	struct config_history_row *row;

	filter.max_n = filter.max_n ? filter.max_n : 100;
	CONTRACT_OK(db_config_history(contract->db, &filter, &contract->arena, &row, n, &contract_err));
	return row;
}

static void test_history_has_each_change_newest_first(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_STORE_PUT);
	struct config_history_row *row;
	size_t n;

	contract->now_ms += 7000;
	change.now_ms = contract->now_ms;
	change.store = load(contract).store[0];
	change.actor = STR("ada");
	change.values = STR("[1]");
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	row = history(contract, (struct config_history_filter){ 0 }, &n);
	assert_int_equal(n, 3); /* the account, the store, and this */
	assert_int_equal(row[0].version, contract_version(contract));
	assert_int_equal(row[0].at_ms, contract->now_ms);
	assert_int_equal(row[0].kind, CONFIG_STORE_PUT);
	assert_int_equal(row[0].store_id, contract->store_id);
	assert_str(row[0].name, change.store.name.p);
	assert_str(row[0].actor, "ada");
	assert_str(row[0].reason, "a reason");
	assert_str(row[0].values, "[1]");
	assert_int_equal(row[2].kind, CONFIG_ACCOUNT_PUT);
	assert_true(row[2].added);
	assert_false(row[0].added);
	assert_int_equal(row[2].store_id, 0);
	row = history(contract, (struct config_history_filter){ .account_id = contract->account_id }, &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].kind, CONFIG_ACCOUNT_PUT);
	row = history(contract,
		      (struct config_history_filter){ .store_id = contract->store_id,
						      .before_version = contract_version(contract),
						      .max_n = 1 },
		      &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].version, contract_version(contract) - 1);
}

static void test_history_has_the_defaults_apart(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_DEFAULTS_PUT);
	struct config_history_row *row;
	size_t n;

	change.actor = STR("ada");
	change.values = STR("[1]");
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	row = history(contract, (struct config_history_filter){ .defaults = true }, &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].kind, CONFIG_DEFAULTS_PUT);
	assert_int_equal(row[0].version, contract_version(contract));
	assert_int_equal(row[0].account_id, 0);
	assert_int_equal(row[0].store_id, 0);
	assert_false(row[0].added);
	assert_str(row[0].name, "");
	assert_str(row[0].actor, "ada");
	assert_str(row[0].values, "[1]");
	(void)history(contract, (struct config_history_filter){ 0 }, &n);
	assert_int_equal(n, 3);
	(void)history(contract, (struct config_history_filter){ .store_id = contract->store_id }, &n);
	assert_int_equal(n, 1);
}

/* A token that was renewed: the version tells everybody, and nobody is told who did it. */
static void test_a_silent_change_is_in_no_history(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_ACCOUNT_PUT);
	int64_t version = contract_version(contract);
	struct audit_filter filter = { .max_n = 100 };
	struct audit_row *audit;
	size_t n, n_audit, n_before;

	CONTRACT_OK(db_audit_list(contract->db, &filter, &contract->arena, &audit, &n_before, &contract_err));
	change.silent = true;
	change.account = load(contract).account[0];
	change.account.key_sealed = STR("another");
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	assert_int_equal(contract_version(contract), version + 1);
	assert_str(load(contract).account[0].key_sealed, "another");
	(void)history(contract, (struct config_history_filter){ .account_id = contract->account_id }, &n);
	assert_int_equal(n, 1); /* that it was added */
	CONTRACT_OK(db_audit_list(contract->db, &filter, &contract->arena, &audit, &n_audit, &contract_err));
	assert_int_equal(n_audit, n_before);
}

static void test_history_outlives_what_it_is_about(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_STORE_REMOVE);
	struct config_history_row *row;
	size_t n;

	change.store = load(contract).store[0];
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	row = history(contract, (struct config_history_filter){ .store_id = contract->store_id }, &n);
	assert_int_equal(n, 2);
	assert_int_equal(row[0].kind, CONFIG_STORE_REMOVE);
	assert_str(row[0].name, change.store.name.p);
}

static void test_a_refused_change_leaves_no_history(void **state)
{
	struct contract *contract = *state;
	struct config_change change = change_of(contract, CONFIG_STORE_PUT);
	size_t before, after;

	(void)history(contract, (struct config_history_filter){ 0 }, &before);
	change.store = load(contract).store[0];
	change.expected_version--;
	CONTRACT_FAILS(db_config_change(contract->db, &change, &contract_err), ERR_CONFLICT);
	(void)history(contract, (struct config_history_filter){ 0 }, &after);
	assert_int_equal(before, after);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_history_has_each_change_newest_first),
	cmocka_unit_test(test_history_has_the_defaults_apart),
	cmocka_unit_test(test_defaults_come_back_as_put),
	cmocka_unit_test(test_a_sweep_of_the_defaults_makes_named_stores_due),
	cmocka_unit_test(test_a_silent_change_is_in_no_history),
	cmocka_unit_test(test_history_outlives_what_it_is_about),
	cmocka_unit_test(test_a_refused_change_leaves_no_history),
	cmocka_unit_test(test_version_grows_with_each_change),
	cmocka_unit_test(test_rows_come_back_as_put),
	cmocka_unit_test(test_put_of_an_id_replaces_the_row),
	cmocka_unit_test(test_refusals_change_nothing),
	cmocka_unit_test(test_a_change_is_audited),
	cmocka_unit_test(test_an_account_without_stores_can_go),
	cmocka_unit_test(test_ids_are_not_given_again),
	cmocka_unit_test(test_removing_a_store_drops_its_messages),
	cmocka_unit_test(test_removing_a_store_says_how_many_messages),
	cmocka_unit_test(test_removing_a_store_skips_its_deliveries),
	cmocka_unit_test(test_removing_a_store_forgets_its_catalog),
	cmocka_unit_test(test_a_new_store_does_not_inherit_what_was_sent),
	cmocka_unit_test(test_a_sweep_of_an_account_makes_all_its_stores_due),
};

CONTRACT_MAIN(tests)
