/* Contract of the store: users, and what lets them in. */
#include "contract/contract.h"

static struct user_row user_of(const char *name, enum user_role role)
{
	return (struct user_row){ .name = str_from(name), .role = role, .password = STR("hash") };
}

static int64_t put(struct contract *contract, struct user_row row)
{
	struct user_change change = { .kind = USER_PUT, .row = row, .reason = STR("by test") };
	int64_t id = 0;

	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	return id;
}

static struct user_row *list(struct contract *contract, size_t *n)
{
	struct user_row *row = NULL;

	CONTRACT_OK(db_user_list(contract->db, &contract->arena, &row, n, &contract_err));
	return row;
}

static struct digest16 digest_of(const char *text)
{
	struct str part = str_from(text);

	return digest16_of(&part, 1);
}

static int64_t grant(struct contract *contract, int64_t user_id, const char *secret, int64_t expires_ms)
{
	struct grant_change change = { .kind = GRANT_ADD,
				       .row = { .kind = GRANT_TOKEN,
						.user_id = user_id,
						.digest = digest_of(secret),
						.name = STR("ci"),
						.scopes = STR("activity:read"),
						.last4 = STR("abcd"),
						.remote = STR("::1"),
						.created_ms = contract->now_ms,
						.expires_ms = expires_ms,
						.seen_ms = contract->now_ms } };
	int64_t id = 0;

	CONTRACT_OK(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	return id;
}

static bool is_granted(struct contract *contract, const char *secret)
{
	struct grant_row row;
	struct user_row user;
	struct err err;

	return db_grant_find(contract->db, digest_of(secret), &contract->arena, &row, &user, &err);
}

static void test_users_are_listed_by_name(void **state)
{
	struct contract *contract = *state;
	struct user_row row = user_of("zoe@shop.example", USER_VIEWER);
	int64_t zoe, ada;
	size_t n;

	assert_null(list(contract, &n)->name.p);
	assert_int_equal(n, 0);
	row.stores = STR("1,7");
	row.totp_sealed = STR("\x01sealed");
	zoe = put(contract, row);
	ada = put(contract, user_of("ada@shop.example", USER_OWNER));
	assert_true(ada > zoe && zoe == 1);
	row = list(contract, &n)[1];
	assert_int_equal(n, 2);
	assert_str(list(contract, &n)[0].name, "ada@shop.example");
	assert_str(row.stores, "1,7");
	assert_str(row.totp_sealed, "\x01sealed");
	assert_int_equal(row.role, USER_VIEWER);
	assert_int_equal(row.version, 1);
	assert_int_equal(row.created_ms, contract->now_ms);
}

static void test_a_change_needs_the_version_that_was_read(void **state)
{
	struct contract *contract = *state;
	struct user_change change = { .kind = USER_PUT, .row = user_of("ada", USER_OWNER) };
	int64_t id = put(contract, change.row);

	change.row.id = id;
	change.row.version = 1;
	change.row.name = STR("lovelace");
	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_CONFLICT);
	change.row.id = 99;
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_NOT_FOUND);
	change.row = user_of("lovelace", USER_VIEWER);
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_INVALID);
}

static void test_the_first_user_is_made_once(void **state)
{
	struct contract *contract = *state;
	struct user_change change = { .kind = USER_PUT, .first = true, .row = user_of("ada", USER_OWNER) };
	int64_t id;

	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	change.row.name = STR("eve");
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_CONFLICT);
}

static void test_the_last_owner_stays(void **state)
{
	struct contract *contract = *state;
	struct user_change change = { .kind = USER_PUT, .row = user_of("ada", USER_OWNER) };
	int64_t ada = put(contract, change.row), ignored;
	struct user_row limited = user_of("bob", USER_OWNER), invited = user_of("cyd", USER_OWNER);

	limited.stores = STR("1");
	invited.password = STR("");
	(void)put(contract, limited);
	(void)put(contract, invited);
	change.row.id = ada;
	change.row.version = 1;
	change.row.role = USER_OPERATOR;
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &ignored, &contract_err),
		       ERR_CONFLICT);
	change.kind = USER_REMOVE;
	CONTRACT_FAILS(db_user_change(contract->db, contract->now_ms, &change, &ignored, &contract_err),
		       ERR_CONFLICT);
	(void)put(contract, user_of("dan", USER_OWNER));
	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &ignored, &contract_err));
}

static void test_a_sign_in_is_noted_without_a_new_version(void **state)
{
	struct contract *contract = *state;
	struct user_change change = { .kind = USER_SIGN_IN, .refused = true, .reason = STR("ada") };
	struct audit_row *row;
	size_t n;

	change.row = (struct user_row){ .id = put(contract, user_of("ada", USER_OWNER)),
					.totp_step = 4,
					.failed = 3,
					.locked_until_ms = 9,
					.seen_ms = 8 };
	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &change.row.id, &contract_err));
	change.row = list(contract, &n)[0];
	assert_int_equal(change.row.failed, 3);
	assert_int_equal(change.row.totp_step, 4);
	assert_int_equal(change.row.locked_until_ms, 9);
	assert_int_equal(change.row.seen_ms, 8);
	assert_int_equal(change.row.version, 1);
	assert_str(change.row.password, "hash");
	row = contract_audit(contract, (struct audit_filter){ 0 }, &n);
	assert_int_equal(row[0].code, AUDIT_SIGN_IN_REFUSED);
	assert_str(row[0].reason, "ada");
	assert_int_equal(row[1].code, AUDIT_USER_CHANGED);
}

static void test_a_grant_is_found_by_its_digest_with_its_user(void **state)
{
	struct contract *contract = *state;
	int64_t user_id = put(contract, user_of("ada", USER_OWNER)), id;
	struct grant_row row = { 0 };
	struct user_row user = { 0 };

	id = grant(contract, user_id, "secret", 0);
	CONTRACT_OK(db_grant_find(contract->db, digest_of("secret"), &contract->arena, &row, &user,
				  &contract_err));
	assert_int_equal(row.id, id);
	assert_int_equal(row.kind, GRANT_TOKEN);
	assert_str(row.name, "ci");
	assert_str(row.scopes, "activity:read");
	assert_str(row.last4, "abcd");
	assert_str(row.remote, "::1");
	assert_str(user.name, "ada");
	assert_int_equal(user.id, user_id);
	CONTRACT_FAILS(
		db_grant_find(contract->db, digest_of("other"), &contract->arena, &row, &user, &contract_err),
		ERR_NOT_FOUND);
}

static void test_a_grant_is_used_listed_and_removed(void **state)
{
	struct contract *contract = *state;
	int64_t ada = put(contract, user_of("ada", USER_OWNER));
	int64_t bob = put(contract, user_of("bob", USER_VIEWER)), id = grant(contract, ada, "one", 0);
	struct grant_change change = { .kind = GRANT_SEEN,
				       .row = { .id = id,
						.user_id = ada,
						.remote = STR("10.0.0.1"),
						.seen_ms = 77,
						.expires_ms = 88 } };
	struct grant_row *row;
	size_t n;

	(void)grant(contract, bob, "two", 0);
	CONTRACT_OK(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	CONTRACT_OK(db_grant_list(contract->db, ada, &contract->arena, &row, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_int_equal(row[0].seen_ms, 77);
	assert_int_equal(row[0].expires_ms, 88);
	assert_str(row[0].remote, "10.0.0.1");
	CONTRACT_OK(db_grant_list(contract->db, 0, &contract->arena, &row, &n, &contract_err));
	assert_int_equal(n, 2);
	assert_int_equal(row[0].user_id, bob);
	change.kind = GRANT_REMOVE;
	change.row.user_id = bob; /* another's */
	CONTRACT_FAILS(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_NOT_FOUND);
	change.row.user_id = ada;
	CONTRACT_OK(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	assert_false(is_granted(contract, "one"));
	assert_true(is_granted(contract, "two"));
}

static void test_expired_grants_are_forgotten_by_the_next_one(void **state)
{
	struct contract *contract = *state;
	int64_t ada = put(contract, user_of("ada", USER_OWNER)), first, second;

	first = grant(contract, ada, "one", contract->now_ms + 10);
	contract->now_ms += 10;
	second = grant(contract, ada, "two", contract->now_ms + 10);
	assert_true(second > first);
	assert_false(is_granted(contract, "one"));
	assert_true(is_granted(contract, "two"));
}

static void test_a_grant_that_is_refused_changes_nothing(void **state)
{
	struct contract *contract = *state;
	struct grant_change change = { .kind = GRANT_ADD };
	int64_t ada = put(contract, user_of("ada", USER_OWNER)), id;

	(void)grant(contract, ada, "expires", contract->now_ms + 10);
	(void)grant(contract, ada, "stays", 0);
	contract->now_ms += 10;
	change.row = (struct grant_row){ .user_id = ada, .digest = digest_of("stays") };
	CONTRACT_FAILS(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_INVALID);
	assert_true(is_granted(contract, "expires"));
	(void)grant(contract, ada, "expires", 0);
	assert_true(is_granted(contract, "expires"));
}

static void test_grants_end_with_their_user_or_password(void **state)
{
	struct contract *contract = *state;
	struct user_change change = { .kind = USER_PUT, .end_grants = true };
	struct user_row bob = user_of("bob", USER_VIEWER);
	int64_t id;

	(void)put(contract, user_of("ada", USER_OWNER));
	bob.id = put(contract, bob);
	bob.version = 1;
	(void)grant(contract, bob.id, "one", 0);
	change.row = bob;
	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	assert_false(is_granted(contract, "one"));
	(void)grant(contract, bob.id, "two", 0);
	change.kind = USER_REMOVE;
	CONTRACT_OK(db_user_change(contract->db, contract->now_ms, &change, &id, &contract_err));
	assert_false(is_granted(contract, "two"));
}

static void test_a_grant_needs_a_user_and_a_digest_of_its_own(void **state)
{
	struct contract *contract = *state;
	struct grant_change change = { .kind = GRANT_ADD, .row = { .user_id = 99 } };
	int64_t ada = put(contract, user_of("ada", USER_OWNER)), id;

	CONTRACT_FAILS(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_NOT_FOUND);
	(void)grant(contract, ada, "one", 0);
	change.row.user_id = ada;
	change.row.digest = digest_of("one");
	CONTRACT_FAILS(db_grant_change(contract->db, contract->now_ms, &change, &id, &contract_err),
		       ERR_INVALID);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_users_are_listed_by_name),
	cmocka_unit_test(test_a_change_needs_the_version_that_was_read),
	cmocka_unit_test(test_the_first_user_is_made_once),
	cmocka_unit_test(test_the_last_owner_stays),
	cmocka_unit_test(test_a_sign_in_is_noted_without_a_new_version),
	cmocka_unit_test(test_a_grant_is_found_by_its_digest_with_its_user),
	cmocka_unit_test(test_a_grant_is_used_listed_and_removed),
	cmocka_unit_test(test_expired_grants_are_forgotten_by_the_next_one),
	cmocka_unit_test(test_a_grant_that_is_refused_changes_nothing),
	cmocka_unit_test(test_grants_end_with_their_user_or_password),
	cmocka_unit_test(test_a_grant_needs_a_user_and_a_digest_of_its_own),
};

CONTRACT_MAIN(tests)
