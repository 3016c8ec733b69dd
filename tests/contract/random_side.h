#ifndef PANNIER_TESTS_CONTRACT_RANDOM_SIDE_H
#define PANNIER_TESTS_CONTRACT_RANDOM_SIDE_H

#include "contract/contract.h"

#include "base/rand.h"
#include "base/strbuf.h"

/*
 * For the model test: one of two databases that get the same random verbs. An op draws its choices from a generator that is in the
 * same state for both sides, and writes all it learns to side->out. Ids are written as the order in which they were first seen,
 * so that backends may give them as they like.
 */

#define IDS_MAX	 200000
#define POOL_MAX 4096

/* Ids met so far, to choose from; the same positions on both sides. */
struct pool {
	int64_t id[POOL_MAX];
	size_t n;
};

struct side {
	struct db *db;
	struct arena arena;
	struct strbuf out;
	struct rand_seeded rand;
	int64_t now_ms;
	int64_t *seen; /* ids by first appearance */
	size_t n_seen;
	struct pool message;
	struct pool delivery;
	struct pool batch;
	char folder[64];
};

/* random_side.c: choosing and writing down */
/* Opens the side's database; few keys make a run of keys. */
void side_connect(struct side *side, const struct db_ops *ops);
uint64_t below(struct side *side, uint64_t bound);
bool chance(struct side *side, uint64_t percent);
const char *numbered(struct side *side, const char *prefix, uint64_t bound);
void pool_add(struct pool *pool, int64_t id);
int64_t pool_choose(struct side *side, const struct pool *pool);
struct config_rows config(struct side *side);
int64_t choose_store(struct side *side);
int64_t choose_account(struct side *side);
struct digest16 choose_slot(struct side *side);
struct entity choose_root(struct side *side);
struct entity choose_person(struct side *side);
struct fact choose_fact(struct side *side);
void say_id(struct side *side, int64_t id);
void say_int(struct side *side, int64_t value);
void say_text(struct side *side, struct str text);
void say_entity(struct side *side, struct entity entity);
void say_digest(struct side *side, struct digest16 digest);
void say_line(struct side *side, const char *what);
bool say_result(struct side *side, bool ok, const struct err *err);
void say_delivery(struct side *side, const struct delivery *delivery);
void say_root(struct side *side, const struct catalog_root *root);
void say_summary(struct side *side);

/* random_catalog.c, random_outbox.c, random_people.c, random_user.c, random_task.c,
 * random_import.c: the ops */
void op_append(struct side *side);
void op_map(struct side *side);
void op_message_get(struct side *side);
void op_publish(struct side *side);
void op_root_get(struct side *side);
void op_sweep(struct side *side);
void op_find(struct side *side);
void op_send(struct side *side);
void op_clock(struct side *side);
void op_settle(struct side *side);
void op_recover(struct side *side);
void op_budgets(struct side *side);
void op_delivery_get(struct side *side);
void op_failed(struct side *side);
void op_audit(struct side *side);
void op_audit_append(struct side *side);
void op_held(struct side *side);
void op_config(struct side *side);
void op_maintain(struct side *side);
void op_reopen(struct side *side);
void op_erased(struct side *side);
void op_purge(struct side *side);
void op_time(struct side *side);
void op_users(struct side *side);
void op_grants(struct side *side);
void op_tasks(struct side *side);
void op_walk(struct side *side);
void op_imports(struct side *side);

#endif
