#ifndef PANNIER_TESTS_SUPPORT_RIG_H
#define PANNIER_TESTS_SUPPORT_RIG_H

#include "base/arena.h"
#include "flow/flow.h"
#include "support/db_fault.h"
#include "support/fake_http.h"
#include "support/fake_klaviyo.h"

/*
 * The stages map, publish and deliver in one thread, over a real store, a clock that moves only here, and a fake Klaviyo.
 * Whatever should never fail is asserted inside.
 */
#define RIG_START_MS INT64_C(1785000000000)

struct rig {
	struct clock_manual clock;
	struct rand_seeded rand;
	struct db *db;
	struct settings *settings;
	struct fake_klaviyo *klaviyo;
	struct fake_http *http;
	struct deliver *deliver;
	struct flow_ctx ctx;
	struct arena arena;        /* texts of results; lives as long as the rig */
	struct err err;
	char folder[64];
	char key_file[96];
	unsigned n_message;
	enum priority priority;    /* of the messages to come */
	bool faulty;
	int64_t fault_at;          /* the verb, among those that the stages call, that fails with ERR_BUSY; 0 = none */
	enum db_fault_when fault_when;
	int64_t n_calls;           /* verbs that the stages called so far */
	size_t n_busy;             /* how often a stage gave up because the store was busy */
};

/* With account "main" (key "pk_main_0123456789") and generic store "shop" in it. */
struct rig *rig_new(const struct db_ops *ops);
/* The same over a store that can be told to fail. */
struct rig *rig_new_faulty(const struct db_ops *ops);
void rig_free(struct rig *rig);
/* changes: "key=value" texts, NULL-terminated; NULL = none */
void rig_account(struct rig *rig, const char *name, const char *key, const char *const *changes);
void rig_account_set(struct rig *rig, const char *name, const char *key, const char *const *changes);
void rig_store(struct rig *rig, const char *name, const char *platform, const char *account,
	       const char *const *changes);
void rig_store_set(struct rig *rig, const char *name, const char *const *changes);
/* Gives up what is under way, as a crash would, and opens deliver anew. */
void rig_crash(struct rig *rig);

/* A shop's request body, taken in as ingest would. How many messages were new. */
size_t rig_message(struct rig *rig, const char *store, struct str body);
/* {"id","type","data"} of the generic platform; data is JSON in which ' stands for " */
void rig_generic(struct rig *rig, const char *store, const char *type, const char *data);

/* The next `times` requests like this are answered so; ' stands for ". */
void rig_answer(struct rig *rig, const char *method, const char *path, int times, int status, const char *body);
/* Klaviyo has no people, lists or metrics yet and takes all it is told of them. */
void rig_answer_all(struct rig *rig);

void rig_advance(struct rig *rig, int64_t ms);
/* Every stage once, deliver as often as it ends something. True if anything was done. */
bool rig_step(struct rig *rig);
/* Time goes by in small steps, everything runs. */
void rig_run(struct rig *rig, int64_t ms);
/* Until the store is idle and nothing waits for a retry; asserts that it comes to that within max_ms. How long it took. */
int64_t rig_settle(struct rig *rig, int64_t max_ms);

/* Of the only account or of the one named. */
struct account_summary rig_account_summary(struct rig *rig, const char *account);
struct store_summary rig_store_summary(struct rig *rig, const char *store);
/* Asserts that the books balance. */
void rig_conserve(struct rig *rig);
/* How many audit rows have this code. */
size_t rig_audit_count(struct rig *rig, enum audit_code code);
/* The newest one's reason, "" if there is none. */
struct str rig_audit_reason(struct rig *rig, enum audit_code code);
int64_t rig_account_id(struct rig *rig, const char *name);
int64_t rig_store_id(struct rig *rig, const char *name);

#endif
