#ifndef PANNIER_TESTS_CONTRACT_CONTRACT_H
#define PANNIER_TESTS_CONTRACT_CONTRACT_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * One set of tests over every backend. contract_main runs them on each in turn; every test gets an empty database with one
 * account and one store, and ends with the conservation check. The helpers fail the test when a verb fails.
 */
struct contract {
	struct db *db;
	struct arena arena; /* results; until the end of the test */
	int64_t now_ms;	    /* tests move it */
	int64_t account_id;
	int64_t store_id;
	int64_t n_appended;
	char folder[64];
};

int contract_main(const struct CMUnitTest *test, size_t n);
#define CONTRACT_MAIN(tests) \
	int main(void) \
	{ \
		return contract_main(tests, sizeof(tests) / sizeof((tests)[0])); \
	}

/* Start of every test: 2026-07-30T08:00:00Z. */
#define CONTRACT_START_MS INT64_C(1785398400000)

bool contract_is_sqlite(const struct contract *contract);
/* Closes and opens the database again; only for backends that persist. */
void contract_reopen(struct contract *contract);
/* An empty folder under the temporary one, and its removal with all in it. */
void contract_folder_make(char folder[static 64]);
void contract_folder_remove(const char *folder);
struct db *contract_open(const struct db_ops *ops, const char *folder, int64_t now_ms);

/* The verb must have failed with this code. */
void contract_fails(bool ok, const struct err *err, enum err_code code);
#define CONTRACT_OK(call) \
	do { \
		struct err contract_err = { ERR_NONE, "" }; \
		if (!(call)) \
			fail_msg("%s: %s", err_code_name(contract_err.code), contract_err.msg); \
	} while (0)
#define CONTRACT_FAILS(call, want) \
	do { \
		struct err contract_err = { ERR_NONE, "" }; \
		bool contract_ok = (call); \
		contract_fails(contract_ok, &contract_err, want); \
	} while (0)
#define assert_str(got, want) contract_assert_str((got), (want), __FILE__, __LINE__)
void contract_assert_str(struct str got, const char *want, const char *file, int line);

/* ---- settings ---- */
int64_t contract_version(struct contract *contract);
int64_t contract_account(struct contract *contract, const char *name);
int64_t contract_store(struct contract *contract, const char *name, int64_t account_id);
void contract_remove_store(struct contract *contract, int64_t store_id);
void contract_sweep_store(struct contract *contract, int64_t store_id, int64_t account_id);

/* ---- inbox ---- */
/* A message like no other; its id. */
int64_t contract_append(struct contract *contract, int64_t store_id, const char *body);
struct inbox_message *contract_pending(struct contract *contract, size_t max_n, size_t *n);
struct inbox_result contract_result(const struct contract *contract, int64_t message_id,
				    enum message_state state);
void contract_complete(struct contract *contract, const struct inbox_result *result, size_t n);
/* A message of the test's store that means these facts: appended, and completed at now_ms. Its id. */
int64_t contract_apply(struct contract *contract, const struct fact *fact, size_t n);
struct entity contract_entity(enum entity_kind kind, const char *id);
struct fact contract_set(enum entity_kind kind, const char *id, const char *part, int64_t version,
			 const char *body);
struct fact contract_clear(enum entity_kind kind, const char *id, const char *part, int64_t version);
struct fact contract_delete(enum entity_kind kind, const char *id, int64_t version);
#define CONTRACT_APPLY(contract, ...) \
	contract_apply((contract), (const struct fact[]){ __VA_ARGS__ }, \
		       sizeof((const struct fact[]){ __VA_ARGS__ }) / sizeof(struct fact))

/* ---- catalog ---- */
struct catalog_root *contract_due(struct contract *contract, size_t max_n, size_t *n);
/* Nothing is due any more: all that is due now is published without deliveries. */
void contract_settle_down(struct contract *contract);
struct catalog_root contract_root(struct contract *contract, enum entity_kind kind, const char *id);
bool contract_is_due(struct contract *contract, enum entity_kind kind, const char *id);
const struct root_fact *contract_fact(const struct catalog_root *root, enum entity_kind kind, const char *id,
				      const char *part); /* NULL: not there */
const struct root_sent *contract_sent(const struct catalog_root *root, enum klaviyo_kind kind,
				      const char *external_id);
/* Body of contract_delivery(kind, op, id, content) is content; its hash is content's. */
struct delivery_new contract_delivery(enum klaviyo_kind kind, enum delivery_op op, const char *external_id,
				      const char *content);
struct delivery_new contract_variant(enum delivery_op op, const char *external_id,
				     const char *item_external_id, const char *content);
struct digest16 contract_hash(const char *content);
/* Publishes deliveries of product `root` of the test's store, due or not; ids of the deliveries made, in order. */
void contract_publish(struct contract *contract, const char *root, const struct delivery_new *delivery,
		      size_t n, int64_t *id);
/* The same with one delivery; its id. */
int64_t contract_publish_one(struct contract *contract, const char *root, struct delivery_new delivery);
/* One delivery of a person; its id. */
int64_t contract_publish_person(struct contract *contract, const char *person, struct delivery_new delivery);

/* ---- outbox ---- */
struct outbox_batch contract_claim(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
				   enum priority priority, size_t max_n);
/* A realtime claim that must be of exactly one delivery. */
struct outbox_batch contract_claim_one(struct contract *contract, enum klaviyo_kind kind,
				       enum delivery_op op);
struct delivery_settlement contract_settlement(int64_t delivery_id, enum delivery_state state);
void contract_settle(struct contract *contract, int64_t batch_id, const struct delivery_settlement *one,
		     size_t n);
void contract_settle_one(struct contract *contract, int64_t batch_id, struct delivery_settlement one);
/* Publishes, sends and has it accepted. */
int64_t contract_accepted(struct contract *contract, const char *root, struct delivery_new delivery);
struct delivery contract_get(struct contract *contract, int64_t delivery_id);
struct outbox_lane contract_lane(struct contract *contract, enum klaviyo_kind kind, enum delivery_op op,
				 enum priority priority); /* zeroes if there is none */

/* ---- people ---- */
struct audit_row *contract_audit(struct contract *contract, struct audit_filter filter, size_t *n);
struct summary contract_summary(struct contract *contract);
struct store_summary contract_store_summary(struct contract *contract, int64_t store_id);
struct account_summary contract_account_summary(struct contract *contract, int64_t account_id);
void contract_maintain(struct contract *contract, struct retention retention);
void contract_conserves(struct db *db);

#endif
