/*
 * The rig of the store's contract tests: backends, and short ways to put a database into a state.
 */
#define _GNU_SOURCE /* nftw */
#include "contract/contract.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/digest.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct db_ops *const backend[] = {
	&db_memory_ops,
	&db_sqlite_ops,
};

static const struct db_ops *current;

/* ---- running ---- */

void contract_folder_make(char folder[static 64])
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(folder, 64, "%s/contract-XXXXXX", parent && strlen(parent) < 40 ? parent : "/tmp");
	assert_non_null(mkdtemp(folder));
}

static int remove_entry(const char *path, const struct stat *entry, int kind, struct FTW *walk)
{
	(void)entry;
	(void)kind;
	(void)walk;
	return remove(path);
}

void contract_folder_remove(const char *folder)
{
	(void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

struct db *contract_open(const struct db_ops *ops, const char *folder, int64_t now_ms)
{
	struct db_config config = { .location = folder, .owner_epoch = 1, .now_ms = now_ms };
	struct db *db = NULL;

	CONTRACT_OK(db_open(ops, &config, &db, &contract_err));
	return db;
}

static int test_setup(void **state)
{
	struct contract *contract = mem_zalloc(1, sizeof(*contract));

	contract->now_ms = CONTRACT_START_MS;
	arena_init(&contract->arena);
	contract_folder_make(contract->folder);
	contract->db = contract_open(current, contract->folder, contract->now_ms);
	contract->account_id = contract_account(contract, "main");
	contract->store_id = contract_store(contract, "shop", contract->account_id);
	*state = contract;
	return 0;
}

static int test_teardown(void **state)
{
	struct contract *contract = *state;

	contract_conserves(contract->db);
	db_close(contract->db);
	contract_folder_remove(contract->folder);
	arena_release(&contract->arena);
	mem_free(contract);
	return 0;
}

int contract_main(const struct CMUnitTest *test, size_t n)
{
	const char *only = getenv("CONTRACT_BACKEND");
	int failed = 0;

	for (size_t i = 0; i < sizeof(backend) / sizeof(backend[0]); i++) {
		struct CMUnitTest *wrapped;

		current = backend[i];
		if (only && strcmp(only, current->name) != 0)
			continue;
		wrapped = mem_zalloc(n, sizeof(*wrapped));
		for (size_t k = 0; k < n; k++) {
			wrapped[k] = test[k];
			wrapped[k].setup_func = test_setup;
			wrapped[k].teardown_func = test_teardown;
		}
		failed += _cmocka_run_group_tests(current->name, wrapped, n, NULL, NULL);
		mem_free(wrapped);
	}
	return failed;
}

bool contract_is_sqlite(const struct contract *contract)
{
	return contract->db->ops == &db_sqlite_ops;
}

void contract_reopen(struct contract *contract)
{
	const struct db_ops *ops = contract->db->ops;

	db_close(contract->db);
	contract->db = contract_open(ops, contract->folder, contract->now_ms);
}

void contract_fails(bool ok, const struct err *err, enum err_code code)
{
	if (ok)
		fail_msg("succeeded, want %s", err_code_name(code));
	if (err->code != code)
		fail_msg("%s: %s, want %s", err_code_name(err->code), err->msg, err_code_name(code));
	if (err->msg[0] == '\0')
		fail_msg("%s without a message", err_code_name(code));
}

void contract_assert_str(struct str got, const char *want, const char *file, int line)
{
	if (str_eq(got, str_from(want)))
		return;
	print_error("%s:%d: got \"%.*s\", want \"%s\"\n", file, line, STR_ARG(got), want);
	fail();
}

/* ---- settings ---- */

int64_t contract_version(struct contract *contract)
{
	int64_t version = -1;

	CONTRACT_OK(db_config_version(contract->db, &version, &contract_err));
	return version;
}

int64_t contract_account(struct contract *contract, const char *name)
{
	struct config_change change = {
		.kind = CONFIG_ACCOUNT_PUT,
		.expected_version = contract_version(contract),
		.account = { .name = str_from(name),
			     .key_sealed = STR("sealed"),
			     .key_last4 = STR("1234"),
			     .settings = STR("{}") },
		.reason = STR("added"),
		.now_ms = contract->now_ms,
	};
	struct config_rows rows;

	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	CONTRACT_OK(db_config_load(contract->db, &contract->arena, &rows, &contract_err));
	for (size_t i = 0; i < rows.n_account; i++)
		if (str_eq(rows.account[i].name, change.account.name))
			return rows.account[i].id;
	fail_msg("account %s is not there", name);
	return 0;
}

int64_t contract_store(struct contract *contract, const char *name, int64_t account_id)
{
	struct config_change change = {
		.kind = CONFIG_STORE_PUT,
		.expected_version = contract_version(contract),
		.store = { .account_id = account_id,
			   .name = str_from(name),
			   .platform = STR("generic"),
			   .secret_sealed = STR("sealed"),
			   .secret_last4 = STR("5678"),
			   .settings = STR("{}") },
		.reason = STR("added"),
		.now_ms = contract->now_ms,
	};
	struct config_rows rows;

	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
	CONTRACT_OK(db_config_load(contract->db, &contract->arena, &rows, &contract_err));
	for (size_t i = 0; i < rows.n_store; i++)
		if (str_eq(rows.store[i].name, change.store.name))
			return rows.store[i].id;
	fail_msg("store %s is not there", name);
	return 0;
}

void contract_remove_store(struct contract *contract, int64_t store_id)
{
	struct config_change change = {
		.kind = CONFIG_STORE_REMOVE,
		.expected_version = contract_version(contract),
		.store = { .id = store_id },
		.reason = STR("removed"),
		.now_ms = contract->now_ms,
	};

	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
}

void contract_sweep_store(struct contract *contract, int64_t store_id, int64_t account_id)
{
	struct config_change change = {
		.kind = CONFIG_STORE_PUT,
		.expected_version = contract_version(contract),
		.sweep = true,
		.reason = STR("changed"),
		.now_ms = contract->now_ms,
	};
	struct config_rows rows;

	CONTRACT_OK(db_config_load(contract->db, &contract->arena, &rows, &contract_err));
	for (size_t i = 0; i < rows.n_store; i++)
		if (rows.store[i].id == store_id)
			change.store = rows.store[i];
	change.store.account_id = account_id;
	CONTRACT_OK(db_config_change(contract->db, &change, &contract_err));
}

/* ---- inbox ---- */

int64_t contract_append(struct contract *contract, int64_t store_id, const char *body)
{
	struct inbox_record record = {
		.store_id = store_id,
		.received_ms = contract->now_ms,
		.topic = STR("product.updated"),
		.body = str_from(body),
	};
	struct inbox_receipt receipt;

	contract->n_appended++;
	memcpy(record.slot.byte, &contract->n_appended, sizeof(contract->n_appended));
	record.key = record.slot;
	CONTRACT_OK(db_inbox_append(contract->db, &record, 1, &receipt, &contract_err));
	assert_int_equal(receipt.kind, INBOX_NEW);
	return receipt.id;
}

struct inbox_message *contract_pending(struct contract *contract, size_t max_n, size_t *n)
{
	struct inbox_message *message = NULL;

	CONTRACT_OK(db_inbox_claim(contract->db, max_n, (size_t)1 << 30, &contract->arena, &message, n,
				   &contract_err));
	return message;
}

struct inbox_result contract_result(const struct contract *contract, int64_t message_id,
				    enum message_state state)
{
	return (struct inbox_result){
		.message_id = message_id,
		.store_id = contract->store_id,
		.state = state,
		.reason = state == MESSAGE_FAILED ? STR("no idea") : STR(""),
		.quiet_ms = 1000,
		.quiet_max_ms = 10000,
		.tombstone_ms = MS_PER_HOUR,
	};
}

void contract_complete(struct contract *contract, const struct inbox_result *result, size_t n)
{
	CONTRACT_OK(db_inbox_complete(contract->db, contract->now_ms, result, n, &contract_err));
}

int64_t contract_apply(struct contract *contract, const struct fact *fact, size_t n)
{
	int64_t id = contract_append(contract, contract->store_id, "{}");
	struct inbox_result result = contract_result(contract, id, MESSAGE_MAPPED);

	result.fact = fact;
	result.n_fact = n;
	contract_complete(contract, &result, 1);
	return id;
}

struct entity contract_entity(enum entity_kind kind, const char *id)
{
	return (struct entity){ kind, str_from(id) };
}

struct fact contract_set(enum entity_kind kind, const char *id, const char *part, int64_t version,
			 const char *body)
{
	return (struct fact){
		.entity = contract_entity(kind, id),
		.part = str_from(part),
		.op = FACT_SET,
		.version = version,
		.body = str_from(body),
	};
}

struct fact contract_clear(enum entity_kind kind, const char *id, const char *part, int64_t version)
{
	return (struct fact){
		.entity = contract_entity(kind, id),
		.part = str_from(part),
		.op = FACT_CLEAR,
		.version = version,
	};
}

struct fact contract_delete(enum entity_kind kind, const char *id, int64_t version)
{
	return (struct fact){ .entity = contract_entity(kind, id), .op = FACT_DELETE, .version = version };
}

/* ---- catalog ---- */

struct catalog_root *contract_due(struct contract *contract, size_t max_n, size_t *n)
{
	struct catalog_root *root = NULL;
	int64_t next_due_ms;

	CONTRACT_OK(db_catalog_claim(contract->db, contract->now_ms, max_n, &contract->arena, &root, n,
				     &next_due_ms, &contract_err));
	return root;
}

void contract_settle_down(struct contract *contract)
{
	int64_t now_ms = contract->now_ms;
	size_t n;

	contract->now_ms += MS_PER_DAY;
	do {
		struct catalog_root *root = contract_due(contract, 100, &n);

		for (size_t i = 0; i < n; i++) {
			struct catalog_publication publication = {
				.store_id = root[i].store_id,
				.account_id = contract->account_id,
				.root = root[i].root,
				.due_seq = root[i].due_seq,
			};

			CONTRACT_OK(db_catalog_publish(contract->db, now_ms, &publication, 1, &contract_err));
		}
	} while (n > 0);
	contract->now_ms = now_ms;
}

struct catalog_root contract_root(struct contract *contract, enum entity_kind kind, const char *id)
{
	struct catalog_root root;

	CONTRACT_OK(db_catalog_get(contract->db, contract->store_id, contract_entity(kind, id),
				   &contract->arena, &root, &contract_err));
	return root;
}

bool contract_is_due(struct contract *contract, enum entity_kind kind, const char *id)
{
	return contract_root(contract, kind, id).due_seq != 0;
}

const struct root_fact *contract_fact(const struct catalog_root *root, enum entity_kind kind, const char *id,
				      const char *part)
{
	for (size_t i = 0; i < root->n_fact; i++)
		if (root->fact[i].entity.kind == kind && str_eq(root->fact[i].entity.id, str_from(id)) &&
		    str_eq(root->fact[i].part, str_from(part)))
			return &root->fact[i];
	return NULL;
}

const struct root_sent *contract_sent(const struct catalog_root *root, enum klaviyo_kind kind,
				      const char *external_id)
{
	for (size_t i = 0; i < root->n_sent; i++)
		if (root->sent[i].kind == kind && str_eq(root->sent[i].external_id, str_from(external_id)))
			return &root->sent[i];
	return NULL;
}

struct digest16 contract_hash(const char *content)
{
	struct str part = str_from(content);

	return digest16_of(&part, 1);
}

struct delivery_new contract_delivery(enum klaviyo_kind kind, enum delivery_op op, const char *external_id,
				      const char *content)
{
	return (struct delivery_new){
		.kind = kind,
		.op = op,
		.external_id = str_from(external_id),
		.body = op == DELIVERY_DELETE ? STR("") : str_from(content),
		.hash = op == DELIVERY_DELETE ? (struct digest16){ { 0 } } : contract_hash(content),
	};
}

struct delivery_new contract_variant(enum delivery_op op, const char *external_id,
				     const char *item_external_id, const char *content)
{
	struct delivery_new delivery = contract_delivery(KLAVIYO_VARIANT, op, external_id, content);

	delivery.parent_external_id = str_from(item_external_id);
	return delivery;
}

static void publish(struct contract *contract, const struct catalog_publication *publication, int64_t *id)
{
	size_t n = publication->n_delivery, n_audit;
	struct audit_row *audit;

	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, publication, 1, &contract_err));
	audit = contract_audit(
		contract,
		(struct audit_filter){ .by_code = true, .code = AUDIT_DELIVERY_CREATED, .max_n = n },
		&n_audit);
	assert_int_equal(n_audit, n);
	for (size_t i = 0; i < n; i++)
		id[i] = audit[n - 1 - i].delivery_id;
}

void contract_publish(struct contract *contract, const char *root, const struct delivery_new *delivery,
		      size_t n, int64_t *id)
{
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_PRODUCT, root),
		.delivery = delivery,
		.n_delivery = n,
	};

	publish(contract, &publication, id);
}

int64_t contract_publish_one(struct contract *contract, const char *root, struct delivery_new delivery)
{
	int64_t id;

	contract_publish(contract, root, &delivery, 1, &id);
	return id;
}

int64_t contract_publish_person(struct contract *contract, const char *person, struct delivery_new delivery)
{
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = contract_entity(ENTITY_PERSON, person),
		.delivery = &delivery,
		.n_delivery = 1,
	};
	int64_t id;

	publish(contract, &publication, &id);
	return id;
}

/* ---- outbox ---- */

struct outbox_batch contract_claim(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
				   enum priority priority, size_t max_n)
{
	struct outbox_claim claim = {
		.account_id = contract->account_id,
		.kind = kind,
		.op = op,
		.priority = priority,
		.max_n = max_n,
		.max_bytes = 1 << 20,
		.endpoint = STR("endpoint"),
	};
	struct outbox_batch batch;

	CONTRACT_OK(db_outbox_claim(contract->db, contract->now_ms, &claim, &contract->arena, &batch,
				    &contract_err));
	return batch;
}

struct outbox_batch contract_claim_one(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op)
{
	struct outbox_batch batch = contract_claim(contract, kind, op, PRIORITY_REALTIME, 100);

	assert_int_equal(batch.n, 1);
	return batch;
}

struct delivery_settlement contract_settlement(int64_t delivery_id, enum delivery_state state)
{
	return (struct delivery_settlement){ .delivery_id = delivery_id, .state = state, .exists = true };
}

void contract_settle(struct contract *contract, int64_t batch_id, const struct delivery_settlement *one,
		     size_t n)
{
	struct outbox_settlement settlement = {
		.batch_id = batch_id,
		.delivery = one,
		.n = n,
		.http_status = 200,
		.latency_ms = 12,
	};

	CONTRACT_OK(db_outbox_settle(contract->db, contract->now_ms, &settlement, &contract_err));
}

void contract_settle_one(struct contract *contract, int64_t batch_id, struct delivery_settlement one)
{
	contract_settle(contract, batch_id, &one, 1);
}

int64_t contract_accepted(struct contract *contract, const char *root, struct delivery_new delivery)
{
	int64_t id = contract_publish_one(contract, root, delivery);
	struct outbox_batch batch =
		contract_claim_one(contract, delivery.kind, contract_get(contract, id).op);
	struct delivery_settlement accepted = contract_settlement(id, DELIVERY_ACCEPTED);

	assert_int_equal(batch.delivery[0].id, id);
	accepted.exists = delivery.op != DELIVERY_DELETE;
	contract_settle_one(contract, batch.id, accepted);
	return id;
}

struct delivery contract_get(struct contract *contract, int64_t delivery_id)
{
	struct delivery delivery;

	CONTRACT_OK(db_delivery_get(contract->db, delivery_id, &contract->arena, &delivery, &contract_err));
	return delivery;
}

struct outbox_lane contract_lane(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
				 enum priority priority)
{
	struct outbox_lane *lane = NULL;
	size_t n = 0;

	CONTRACT_OK(
		db_outbox_lanes(contract->db, contract->now_ms, &contract->arena, &lane, &n, &contract_err));
	for (size_t i = 0; i < n; i++)
		if (lane[i].account_id == contract->account_id && lane[i].kind == kind && lane[i].op == op &&
		    lane[i].priority == priority)
			return lane[i];
	return (struct outbox_lane){ 0 };
}

/* ---- people ---- */

struct audit_row *contract_audit(struct contract *contract, struct audit_filter filter, size_t *n)
{
	struct audit_row *row = NULL;

	if (filter.max_n == 0)
		filter.max_n = 1000;
	CONTRACT_OK(db_audit_list(contract->db, &filter, &contract->arena, &row, n, &contract_err));
	return row;
}

struct summary contract_summary(struct contract *contract)
{
	struct summary summary;

	CONTRACT_OK(db_summary(contract->db, contract->now_ms, &contract->arena, &summary, &contract_err));
	return summary;
}

struct store_summary contract_store_summary(struct contract *contract, int64_t store_id)
{
	struct summary summary = contract_summary(contract);

	for (size_t i = 0; i < summary.n_store; i++)
		if (summary.store[i].store_id == store_id)
			return summary.store[i];
	fail_msg("store %lld is not in the summary", (long long)store_id);
	return (struct store_summary){ 0 };
}

struct account_summary contract_account_summary(struct contract *contract, int64_t account_id)
{
	struct summary summary = contract_summary(contract);

	for (size_t i = 0; i < summary.n_account; i++)
		if (summary.account[i].account_id == account_id)
			return summary.account[i];
	fail_msg("account %lld is not in the summary", (long long)account_id);
	return (struct account_summary){ 0 };
}

void contract_maintain(struct contract *contract, struct retention retention)
{
	bool more = true;

	for (int i = 0; i < 10000 && more; i++)
		CONTRACT_OK(db_maintain(contract->db, contract->now_ms, &retention, &more, &contract_err));
	assert_false(more);
}

void contract_conserves(struct db *db)
{
	struct conservation conservation;
	struct arena arena;

	arena_init(&arena);
	CONTRACT_OK(db_conserve(db, &arena, &conservation, &contract_err));
	if (conservation.error.len > 0)
		fail_msg("conserve: %.*s", STR_ARG(conservation.error));
	arena_release(&arena);
}
