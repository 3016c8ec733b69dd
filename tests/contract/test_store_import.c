/* Contract of the store: imports. Messages and a job's place move together or not at all. */
#include "contract/contract.h"

#include "base/attr.h"
#include "base/clock.h"
#include "model/fact.h"

#include <string.h>

static int64_t put(struct contract *contract, int rank, const char *path)
{
	struct import_job job = {
		.store_id = contract->store_id,
		.rank = rank,
		.path = str_from(path),
		.options = STR("{\"kind\":\"orders\"}"),
		.fingerprint = digest16_of((struct str[]){ str_from(path) }, 1),
		.size = 1000,
	};
	int64_t id = 0;

	CONTRACT_OK(db_import_put(contract->db, contract->now_ms, &job, &id, &contract_err));
	return id;
}

static struct import_job job_of(struct contract *contract, int64_t id)
{
	struct import_job *job;
	size_t n;

	CONTRACT_OK(db_import_list(contract->db, 0, &contract->arena, &job, &n, &contract_err));
	for (size_t i = 0; i < n; i++)
		if (job[i].id == id)
			return job[i];
	fail_msg("no job %lld", (long long)id);
	return (struct import_job){ 0 };
}

static struct inbox_record record(struct contract *contract, const char *body)
{
	struct str text = str_from(body);
	struct digest16 key = digest16_of(&text, 1);

	return (struct inbox_record){
		contract->store_id, contract->now_ms, STR("order.placed"), STR("f:1"), text, key, key,
		PRIORITY_BACKFILL
	};
}

static bool step(struct contract *contract, int64_t id, int64_t from, int64_t to,
		 const struct inbox_record *row, size_t n, enum import_state state, struct err *err)
{
	struct inbox_receipt receipt[4];
	struct import_step one = {
		.job_id = id,
		.from = { .position = from, .line = from / 10 },
		.to = { .position = to, .line = to / 10, .used = to / 2 },
		.record = row,
		.n = n,
		.n_read = (to - from) / 10,
		.state = state,
	};

	return db_import_step(contract->db, contract->now_ms, &one, receipt, err);
}

static void test_place_and_messages_move_together(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, 1, "/a");
	struct inbox_record row[] = { record(contract, "{1}"), record(contract, "{2}"),
				      record(contract, "{1}") };
	struct inbox_message *message;
	struct import_job job;
	size_t n;

	CONTRACT_OK(step(contract, id, 0, 30, row, 3, IMPORT_OPEN, &contract_err));
	/* A repeat, or another who read the same. */
	CONTRACT_FAILS(step(contract, id, 0, 30, row, 3, IMPORT_OPEN, &contract_err), ERR_CONFLICT);
	contract->now_ms += 5;
	CONTRACT_OK(step(contract, id, 30, 40, row, 0, IMPORT_DONE, &contract_err));
	CONTRACT_FAILS(step(contract, id, 40, 50, row, 1, IMPORT_OPEN, &contract_err), ERR_CONFLICT);
	CONTRACT_FAILS(step(contract, 99, 0, 10, row, 1, IMPORT_OPEN, &contract_err), ERR_CONFLICT);
	job = job_of(contract, id);
	assert_int_equal(job.state, IMPORT_DONE);
	assert_int_equal(job.at.position, 40);
	assert_int_equal(job.at.line, 4);
	assert_int_equal(job.at.used, 20);
	assert_int_equal(job.n_read, 4);
	assert_int_equal(job.n_new, 2);
	assert_int_equal(job.n_duplicate, 1);
	assert_int_equal(job.changed_ms, contract->now_ms);
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 2);
	assert_int_equal(message[0].priority, PRIORITY_BACKFILL);
	assert_int_equal(contract_store_summary(contract, contract->store_id).received, 3);
}

/* A pull: its place is a cursor; what it waits for is kept until its state changes. */
static void test_pull(void **state)
{
	struct contract *contract = *state;
	struct import_job job = { .store_id = contract->store_id, .pull = true, .path = STR("orders") };
	struct inbox_record row = record(contract, "{1}");
	struct inbox_receipt receipt;
	struct import_step first = { .to = { .position = 1, .line = 1, .used = 2, .cursor = STR("c2") },
				     .record = &row,
				     .n = 1,
				     .size = 40 };
	struct import_step wait = { .from = first.to,
				    .to = first.to,
				    .reason = STR("the shop answered 502"),
				    .due_ms = 4711,
				    .attempts = 3 };
	struct import_step elsewhere = wait;
	struct import_change pause = { .action = IMPORT_PAUSE };
	int64_t id = 0;

	CONTRACT_OK(db_import_put(contract->db, contract->now_ms, &job, &id, &contract_err));
	assert_true(job_of(contract, id).pull);
	assert_str(job_of(contract, id).at.cursor, "");
	first.job_id = wait.job_id = elsewhere.job_id = id;
	elsewhere.from.cursor = STR("c1");
	CONTRACT_OK(db_import_step(contract->db, contract->now_ms, &first, &receipt, &contract_err));
	CONTRACT_FAILS(db_import_step(contract->db, contract->now_ms, &elsewhere, NULL, &contract_err),
		       ERR_CONFLICT);
	CONTRACT_OK(db_import_step(contract->db, contract->now_ms, &wait, NULL, &contract_err));
	job = job_of(contract, id);
	assert_str(job.at.cursor, "c2");
	assert_int_equal(job.size, 40);
	assert_int_equal(job.state, IMPORT_OPEN);
	assert_str(job.reason, "the shop answered 502");
	assert_int_equal(job.due_ms, 4711);
	assert_int_equal(job.attempts, 3);
	CONTRACT_OK(db_import_change(contract->db, contract->now_ms, id, &pause, &contract_err));
	job = job_of(contract, id);
	assert_str(job.reason, "");
	assert_int_equal(job.due_ms, 0);
	assert_int_equal(job.attempts, 0);
	assert_str(job.at.cursor, "c2");
	assert_false(job_of(contract, put(contract, 1, "/file")).pull);
}

/* What is understood is not kept a second time; what is not stays, to be looked at and tried again. */
static void test_understood_history_gives_up_its_body(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, 1, "/a");
	struct inbox_record row[] = { record(contract, "{1}"), record(contract, "{2}") };
	struct inbox_message *message, after;
	struct inbox_result result[2];
	size_t n;

	CONTRACT_OK(step(contract, id, 0, 20, row, 2, IMPORT_DONE, &contract_err));
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		result[i] = contract_result(contract, message[i].id, i ? MESSAGE_FAILED : MESSAGE_MAPPED);
		result[i].priority = message[i].priority;
	}
	contract_complete(contract, result, n);
	CONTRACT_OK(db_inbox_get(contract->db, message[0].id, &contract->arena, &after, &contract_err));
	assert_int_equal(after.state, MESSAGE_MAPPED);
	assert_str(after.body, "");
	CONTRACT_OK(db_inbox_get(contract->db, message[1].id, &contract->arena, &after, &contract_err));
	assert_int_equal(after.state, MESSAGE_FAILED);
	assert_str(after.body, "{2}");
}

/* So the disk does not grow with the file: pages of what was understood are used again. */
static void test_a_long_file_takes_little_disk(void **state)
{
	enum { ROUNDS = 150, EACH = 20, BYTES = 20000 };
	struct contract *contract = *state;
	int64_t id = put(contract, 1, "/a");
	char body[BYTES + 1];

	memset(body, 'x', BYTES);
	body[BYTES] = '\0';
	for (int round = 0; round < ROUNDS; round++) {
		struct inbox_record row[EACH];
		struct inbox_receipt receipt[EACH];
		struct inbox_result result[EACH];
		struct import_step one = { .job_id = id,
					   .from = { .position = round },
					   .to = { .position = round + 1 },
					   .record = row,
					   .n = EACH };

		for (int i = 0; i < EACH; i++) {
			row[i] = record(contract, body);
			row[i].slot.byte[0] = row[i].key.byte[0] = (unsigned char)round;
			row[i].slot.byte[1] = row[i].key.byte[1] = (unsigned char)i;
		}
		CONTRACT_OK(db_import_step(contract->db, contract->now_ms, &one, receipt, &contract_err));
		for (int i = 0; i < EACH; i++) {
			assert_int_equal(receipt[i].kind, INBOX_NEW);
			result[i] = contract_result(contract, receipt[i].id, MESSAGE_MAPPED);
			result[i].priority = PRIORITY_BACKFILL;
		}
		contract_complete(contract, result, EACH);
		contract_maintain(contract, (struct retention){ 30, 30, 30, 30, 0 });
	}
	if (contract_is_sqlite(contract))
		assert_true(contract_summary(contract).bytes < (int64_t)ROUNDS * EACH * BYTES / 4);
}

static void test_order_of_jobs(void **state)
{
	struct contract *contract = *state;
	int64_t orders = put(contract, 4, "/orders"), people = put(contract, 0, "/people"),
		more = put(contract, 4, "/more");
	int64_t other = contract_store(contract, "other", contract->account_id);
	struct import_job *job;
	size_t n;

	CONTRACT_OK(
		db_import_list(contract->db, contract->store_id, &contract->arena, &job, &n, &contract_err));
	assert_int_equal(n, 3);
	assert_int_equal(job[0].id, people);
	assert_int_equal(job[1].id, orders);
	assert_int_equal(job[2].id, more);
	assert_str(job[0].path, "/people");
	assert_str(job[0].options, "{\"kind\":\"orders\"}");
	assert_int_equal(job[0].size, 1000);
	CONTRACT_OK(db_import_list(contract->db, other, &contract->arena, &job, &n, &contract_err));
	assert_int_equal(n, 0);
}

/* The same file again goes on where it was; a finished one begins anew. */
static void test_put_again(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, 1, "/a");
	struct import_change pause = { .action = IMPORT_PAUSE };
	struct import_job nowhere = { .store_id = 77, .path = STR("/a") };
	int64_t none;

	CONTRACT_OK(step(contract, id, 0, 10, NULL, 0, IMPORT_OPEN, &contract_err));
	CONTRACT_OK(db_import_change(contract->db, contract->now_ms, id, &pause, &contract_err));
	assert_int_equal(put(contract, 1, "/a"), id);
	assert_int_equal(job_of(contract, id).state, IMPORT_OPEN);
	assert_int_equal(job_of(contract, id).at.position, 10);
	CONTRACT_OK(step(contract, id, 10, 20, NULL, 0, IMPORT_FAILED, &contract_err));
	assert_int_equal(put(contract, 1, "/a"), id);
	CONTRACT_OK(step(contract, id, 20, 30, NULL, 0, IMPORT_DONE, &contract_err));
	assert_int_not_equal(put(contract, 1, "/a"), id);
	CONTRACT_FAILS(db_import_put(contract->db, contract->now_ms, &nowhere, &none, &contract_err),
		       ERR_NOT_FOUND);
}

static void test_pause_resume_cancel_throttle(void **state)
{
	static const struct {
		enum import_state before;
		enum import_action action;
		enum import_state after; /* IMPORT_CANCELLED + 1: refused */
	} row[] = {
		{ IMPORT_OPEN, IMPORT_PAUSE, IMPORT_PAUSED },
		{ IMPORT_PAUSED, IMPORT_PAUSE, IMPORT_PAUSED },
		{ IMPORT_PAUSED, IMPORT_RESUME, IMPORT_OPEN },
		{ IMPORT_FAILED, IMPORT_RESUME, IMPORT_OPEN },
		{ IMPORT_FAILED, IMPORT_PAUSE, IMPORT_FAILED },
		{ IMPORT_OPEN, IMPORT_CANCEL, IMPORT_CANCELLED },
		{ IMPORT_CANCELLED, IMPORT_CANCEL, IMPORT_CANCELLED },
		{ IMPORT_PAUSED, IMPORT_THROTTLE, IMPORT_PAUSED },
		{ IMPORT_DONE, IMPORT_RESUME, IMPORT_CANCELLED + 1 },
		{ IMPORT_DONE, IMPORT_CANCEL, IMPORT_CANCELLED + 1 },
		{ IMPORT_CANCELLED, IMPORT_RESUME, IMPORT_CANCELLED + 1 },
	};
	struct contract *contract = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct import_change change = { row[i].action, 600 };
		int64_t id = put(contract, 1, arena_printf(&contract->arena, "/%zu", i).p);
		struct import_change first = { row[i].before == IMPORT_PAUSED ? IMPORT_PAUSE : IMPORT_CANCEL,
					       0 };

		if (row[i].before == IMPORT_PAUSED || row[i].before == IMPORT_CANCELLED)
			CONTRACT_OK(
				db_import_change(contract->db, contract->now_ms, id, &first, &contract_err));
		else
			CONTRACT_OK(step(contract, id, 0, 10, NULL, 0, row[i].before, &contract_err));
		if (row[i].after > IMPORT_CANCELLED) {
			CONTRACT_FAILS(
				db_import_change(contract->db, contract->now_ms, id, &change, &contract_err),
				ERR_CONFLICT);
			continue;
		}
		CONTRACT_OK(db_import_change(contract->db, contract->now_ms, id, &change, &contract_err));
		assert_int_equal(job_of(contract, id).state, row[i].after);
		assert_int_equal(job_of(contract, id).per_minute, row[i].action == IMPORT_THROTTLE ? 600 : 0);
	}
	CONTRACT_FAILS(db_import_change(contract->db, contract->now_ms, 4711,
					&(struct import_change){ .action = IMPORT_PAUSE }, &contract_err),
		       ERR_NOT_FOUND);
}

static void test_rejects(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, 1, "/a"), other = put(contract, 1, "/b");
	struct import_reject *bad =
		ARENA_ARRAY(&contract->arena, STORE_REJECTS_MAX + 5, struct import_reject);
	struct import_step one = { .job_id = id, .reject = bad, .n_reject = STORE_REJECTS_MAX - 1 };
	struct import_reject *reject;
	size_t n;

	for (size_t i = 0; i < STORE_REJECTS_MAX + 5; i++)
		bad[i] = (struct import_reject){ (int64_t)i + 2, i == 1, STR("total"),
						 STR("'x' is no amount") };
	CONTRACT_OK(db_import_step(contract->db, contract->now_ms, &one, NULL, &contract_err));
	one.n_reject = 5;
	CONTRACT_OK(db_import_step(contract->db, contract->now_ms, &one, NULL, &contract_err));
	assert_int_equal(job_of(contract, id).n_rejected, STORE_REJECTS_MAX + 4);
	CONTRACT_OK(db_import_rejects(contract->db, id, &contract->arena, &reject, &n, &contract_err));
	assert_int_equal(n, STORE_REJECTS_MAX);
	assert_int_equal(reject[1].line, 3);
	assert_true(reject[1].in_lines && !reject[0].in_lines);
	assert_str(reject[0].column, "total");
	assert_str(reject[0].why, "'x' is no amount");
	CONTRACT_OK(db_import_rejects(contract->db, other, &contract->arena, &reject, &n, &contract_err));
	assert_int_equal(n, 0);
}

static void test_idle_audit_and_the_end(void **state)
{
	static const struct retention month = { 30, 30, 30, 30 };
	struct contract *contract = *state;
	int64_t id;
	struct audit_row *audit;
	struct import_job *job;
	size_t n;

	contract_settle_down(contract);
	assert_true(contract_summary(contract).idle);
	id = put(contract, 1, "/a");
	assert_false(contract_summary(contract).idle);
	CONTRACT_OK(step(contract, id, 0, 10, NULL, 0, IMPORT_DONE, &contract_err));
	assert_true(contract_summary(contract).idle);
	audit = contract_audit(contract,
			       (struct audit_filter){ .by_code = true, .code = AUDIT_IMPORT_CHANGED }, &n);
	assert_int_equal(n, 2);
	assert_str(audit[0].reason, "/a: done");
	assert_str(audit[1].reason, "/a: begins");
	contract->now_ms += 30 * MS_PER_DAY;
	contract_maintain(contract, month);
	assert_int_equal(job_of(contract, id).id, id);
	contract->now_ms += 1;
	contract_maintain(contract, month);
	CONTRACT_OK(db_import_list(contract->db, 0, &contract->arena, &job, &n, &contract_err));
	assert_int_equal(n, 0);
	assert_true(put(contract, 1, "/a") > id);
}

static void test_removed_store(void **state)
{
	struct contract *contract = *state;
	struct import_job *job;
	size_t n;

	(void)put(contract, 1, "/a");
	contract_remove_store(contract, contract->store_id);
	CONTRACT_OK(db_import_list(contract->db, 0, &contract->arena, &job, &n, &contract_err));
	assert_int_equal(n, 0);
}

static struct str title_of(struct contract *contract, int64_t version, enum priority priority,
			   const char *body)
{
	struct fact fact = contract_set(ENTITY_PRODUCT, "p", "base", version, body);
	struct inbox_result result = contract_result(
		contract, contract_append(contract, contract->store_id, "{}"), MESSAGE_MAPPED);
	struct catalog_root root;

	result.fact = &fact;
	result.n_fact = 1;
	result.priority = priority;
	contract_complete(contract, &result, 1);
	root = contract_root(contract, ENTITY_PRODUCT, "p");
	return contract_fact(&root, ENTITY_PRODUCT, "p", "base")->body;
}

static const char *told(struct contract *contract, int64_t version, enum priority priority, int64_t as_of_ms,
			const char *body)
{
	struct fact fact = contract_set(ENTITY_PRODUCT, "q", "base", version, body);
	struct inbox_result result = contract_result(
		contract, contract_append(contract, contract->store_id, "{}"), MESSAGE_MAPPED);
	struct catalog_root root;

	result.fact = &fact;
	result.n_fact = 1;
	result.priority = priority;
	result.as_of_ms = as_of_ms;
	contract_complete(contract, &result, 1);
	root = contract_root(contract, ENTITY_PRODUCT, "q");
	return arena_cstr(&contract->arena, contract_fact(&root, ENTITY_PRODUCT, "q", "base")->body);
}

/*
 * What is pulled tells what was so when it was asked for: it replaces what came before, not what came
 * since.
 */
static void test_as_of(void **state)
{
	struct contract *contract = *state;
	int64_t asked_ms;

	assert_string_equal(told(contract, 0, PRIORITY_REALTIME, 0, "{\"t\":1}"), "{\"t\":1}");
	asked_ms = contract->now_ms += 1000;
	contract->now_ms += 1000;
	assert_string_equal(told(contract, 0, PRIORITY_REPLAY, asked_ms, "{\"t\":2}"), "{\"t\":2}");
	assert_string_equal(told(contract, 0, PRIORITY_REALTIME, 0, "{\"t\":3}"), "{\"t\":3}");
	contract->now_ms += 1000;
	assert_string_equal(told(contract, 0, PRIORITY_REPLAY, asked_ms, "{\"t\":4}"), "{\"t\":3}");
	assert_string_equal(told(contract, 7, PRIORITY_REPLAY, asked_ms, "{\"t\":5}"), "{\"t\":3}");
	assert_string_equal(told(contract, 8, PRIORITY_REALTIME, 0, "{\"t\":6}"), "{\"t\":6}");
	/* Where both have versions, these count. */
	contract->now_ms += 1000;
	assert_string_equal(told(contract, 9, PRIORITY_REPLAY, asked_ms, "{\"t\":7}"), "{\"t\":7}");
	assert_string_equal(told(contract, 7, PRIORITY_REPLAY, contract->now_ms, "{\"t\":8}"), "{\"t\":7}");
}

static size_t history(struct contract *contract, size_t max_n)
{
	size_t n = 99;

	CONTRACT_OK(db_catalog_history(contract->db, contract->store_id, max_n, &n, &contract_err));
	return n;
}

/* A root says what made it due; live goes before history. */
static void test_roots_know_what_made_them_due(void **state)
{
	struct contract *contract = *state;

	assert_int_equal(history(contract, 5), 0);
	(void)title_of(contract, 1, PRIORITY_BACKFILL, "{\"title\":\"h1\"}");
	(void)told(contract, 0, PRIORITY_REPLAY, 1, "{\"t\":1}");
	assert_int_equal(history(contract, 5), 2);
	assert_int_equal(history(contract, 1), 1);
	assert_int_equal(contract_root(contract, ENTITY_PRODUCT, "p").priority, PRIORITY_BACKFILL);
	(void)title_of(contract, 0, PRIORITY_REALTIME, "{\"title\":\"l1\"}");
	assert_int_equal(contract_root(contract, ENTITY_PRODUCT, "p").priority, PRIORITY_REALTIME);
	assert_int_equal(history(contract, 5), 1);
	(void)title_of(contract, 1, PRIORITY_BACKFILL, "{\"title\":\"h2\"}");
	assert_int_equal(contract_root(contract, ENTITY_PRODUCT, "p").priority, PRIORITY_REALTIME);
}

/* What is live and has no version is newer than any history; what is live and newer stays. */
static void test_history_replaces_nothing_newer(void **state)
{
	struct contract *contract = *state;

	assert_str(title_of(contract, 1, PRIORITY_BACKFILL, "{\"title\":\"h1\"}"), "{\"title\":\"h1\"}");
	assert_str(title_of(contract, 1, PRIORITY_BACKFILL, "{\"title\":\"h2\"}"), "{\"title\":\"h2\"}");
	assert_str(title_of(contract, 0, PRIORITY_REALTIME, "{\"title\":\"l1\"}"), "{\"title\":\"l1\"}");
	assert_str(title_of(contract, 1, PRIORITY_BACKFILL, "{\"title\":\"h3\"}"), "{\"title\":\"l1\"}");
	assert_str(title_of(contract, 900, PRIORITY_BACKFILL, "{\"title\":\"h4\"}"), "{\"title\":\"l1\"}");
	assert_str(title_of(contract, 500, PRIORITY_REALTIME, "{\"title\":\"l2\"}"), "{\"title\":\"l2\"}");
	assert_str(title_of(contract, 400, PRIORITY_BACKFILL, "{\"title\":\"h5\"}"), "{\"title\":\"l2\"}");
	assert_str(title_of(contract, 600, PRIORITY_BACKFILL, "{\"title\":\"h6\"}"), "{\"title\":\"h6\"}");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_place_and_messages_move_together),
	cmocka_unit_test(test_pull),
	cmocka_unit_test(test_understood_history_gives_up_its_body),
	cmocka_unit_test(test_a_long_file_takes_little_disk),
	cmocka_unit_test(test_order_of_jobs),
	cmocka_unit_test(test_put_again),
	cmocka_unit_test(test_pause_resume_cancel_throttle),
	cmocka_unit_test(test_rejects),
	cmocka_unit_test(test_idle_audit_and_the_end),
	cmocka_unit_test(test_removed_store),
	cmocka_unit_test(test_as_of),
	cmocka_unit_test(test_roots_know_what_made_them_due),
	cmocka_unit_test(test_history_replaces_nothing_newer),
};

CONTRACT_MAIN(tests)
